"""How often was the truth inside, how far off were the estimates, what was claimed? Records of worlds as verdicts.

A record is one estimator's answer on one estimand in one made-up company. A cell gathers the records of one estimator,
estimand and hazard; its measures are held against limits that follow from the number of worlds. Nothing is rounded
away: a cell that misses a limit says `missed`. How the records come about is left to `worlds`, how they are shown to
`page` and `picture`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.runner.proving.hazards import HAZARDS, Hazard

Floats = NDArray[np.float64]

DEFAULT = "default"
RECORD = (
    "hazard",
    "seed",
    "customers",
    "estimator",
    "estimand",
    "truth",
    "value",
    "low",
    "high",
    "se",
    "grade",
    "n_treated",
)
"""Columns of a record; `se` is of the logarithm for a ratio; empty `value` where the study refused."""
GATE = ("hazard", "seed", "outcome", "gate", "verdict", "p_value", "value")
HIDDEN = ("hazard", "seed", "share_contacted", "share_comparison", "growth", "formula_log", "bound_log", "found_log")
ROAD = ("hazard", "seed", "default_log", "default_se", "poisson_log", "poisson_se", "bootstrap_se")

LEVEL = 0.95
ERROR_OF_ALL = 0.01
"""Chance that a proof of sound estimators misses any coverage by chance alone."""
BIAS_ALLOWED = 0.2
"""Bias in standard errors, beyond two Monte Carlo errors."""
REFERENCE_WIDTH, REFERENCE_CUSTOMERS = 0.093, 40_000
"""Grades are judged from that size on: in smaller companies the gates see too little to be passed."""
WIDTH_ALLOWED = 1.25
SHARE_B, SHARE_B_BROKEN, FOUND = 0.85, 0.10, 0.95
FOUND_IN = "effect"
"""The company whose effect, at full size, must nearly always be found."""

ERRORS_APART = 0.05
"""How far the bootstrap's standard error may lie from ours, as a share."""
ROADS_APART = 0.5
"""How far the Poisson regression's effect may lie from ours in any company, in standard errors."""

MEASURES = ("coverage", "bias", "width", "grade", "claims", "found")
"""What is judged, by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One estimator on one estimand in the companies of one hazard.

    Parameters
    ----------
    hazard, estimand, estimator : str
    n, refused : int
        Companies with an estimate, and without.
    first_seed, last_seed : int
    truth, value : float
        Means over companies, of the truth and of the estimate.
    se : float
        Mean standard error (of the logarithm, for a ratio).
    bias, bias_error, bias_in_se : float
        Mean of estimate less truth (of logarithms, for a ratio), its Monte Carlo error, and the bias in mean standard
        errors.
    spread_low, spread_high : float
        2.5 and 97.5 % of estimate over truth (less truth, for a difference).
    middle : float
        Mean of the same, on the scale on which it is estimated.
    coverage, accept_low, accept_high : float
    width, width_allowed : float
        Median width of the interval (of logarithms, for a ratio); NaN where no reference exists.
    share_b : float
        Share of all companies, refused ones among them, in which the claim is graded A or B.
    up, down, claims_allowed : float
        Shares claiming more than no effect, and less; the largest share that chance explains where there is none.
    verdicts : mapping of measure to bool
        What was judged, and whether it held.
    """

    hazard: str
    estimand: str
    estimator: str
    n: int
    refused: int
    first_seed: int
    last_seed: int
    customers: int
    truth: float
    value: float
    se: float
    bias: float
    bias_error: float
    bias_in_se: float
    middle: float
    spread_low: float
    spread_high: float
    coverage: float
    accept_low: float
    accept_high: float
    width: float
    width_allowed: float
    share_b: float
    up: float
    down: float
    claims_allowed: float
    verdicts: Mapping[str, bool]

    def __post_init__(self) -> None:
        object.__setattr__(self, "verdicts", MappingProxyType(dict(self.verdicts)))

    @property
    def ratio(self) -> bool:
        return not self.estimand.endswith("_difference")

    @property
    def bias_error_in_se(self) -> float:
        """The Monte Carlo error of the bias, in mean standard errors."""
        return self.bias_error / self.se if self.se > 0 else math.nan

    @property
    def bias_allowed(self) -> float:
        """The largest bias that passes, to either side."""
        return BIAS_ALLOWED * self.se + 2 * self.bias_error

    @property
    def held(self) -> bool | None:
        """Whether everything judged held; None where nothing is judged."""
        return all(self.verdicts.values()) if self.verdicts else None

    @property
    def missed(self) -> tuple[str, ...]:
        return tuple(name for name, held in self.verdicts.items() if not held)


def cells_of(
    records: pd.DataFrame, hazards: Mapping[str, Hazard] = HAZARDS, judge: Sequence[str] = MEASURES
) -> tuple[Cell, ...]:
    """All cells of the records, in the order of the hazards.

    Parameters
    ----------
    records : DataFrame
        With the columns of `RECORD`.
    hazards : mapping of str to Hazard
    judge : sequence of str
        Which of `MEASURES` are judged; few companies say little of a share.

    Raises
    ------
    ValueError
        If a column or a hazard is missing, or a cell holds a company twice or companies of different sizes.
    """
    lacking = [name for name in RECORD if name not in records.columns]
    unknown = sorted(set(records.get("hazard", ())) - set(hazards))
    if lacking or unknown:
        raise ValueError(
            f"Records need the columns {', '.join(RECORD)}; lacking: {lacking}, unknown hazards: {unknown}."
        )
    groups = dict(list(records.groupby(["hazard", "estimand", "estimator"], sort=False)))
    for (hazard, estimand, estimator), part in groups.items():
        if part["customers"].nunique() > 1 or part["seed"].duplicated().any():
            raise ValueError(
                f"Records of `{estimator}` on `{estimand}` in `{hazard}` hold companies of different sizes, or one "
                "company twice; a share of them would mean nothing."
            )
    judged = sum(1 for (hazard, _, estimator) in groups if estimator == DEFAULT and hazards[hazard].kind == "sound")
    z = bonferroni_z(max(judged, 1))
    place = {name: position for position, name in enumerate(hazards)}
    order = sorted(groups, key=lambda key: (_estimand_place(key[1]), key[2] != DEFAULT, place[key[0]], key[2]))
    return tuple(_cell(groups[key], hazards[key[0]], key[1], key[2], z, judge) for key in order)


def bonferroni_z(cells: int) -> float:
    """How many standard errors a share may lie off, so that of so many none does in 99 of 100 proofs.

    Examples
    --------
    >>> round(bonferroni_z(1), 3), round(bonferroni_z(50), 3)
    (2.576, 3.719)
    """
    return float(special.ndtri(1 - ERROR_OF_ALL / (2 * cells)))


def coverage_accepted(n: int, z: float) -> tuple[float, float]:
    """Between which shares may the coverage of 95 % intervals lie in n companies?

    Examples
    --------
    >>> low, high = coverage_accepted(1000, 3.0)
    >>> round(low, 4), round(high, 4)
    (0.9293, 0.9707)
    """
    half = z * math.sqrt(LEVEL * (1 - LEVEL) / n) if n else math.inf
    return max(LEVEL - half, 0.0), min(LEVEL + half, 1.0)


def width_allowed(customers: int) -> float:
    """The largest median width of the interval, on the log scale, for a company of that size.

    Examples
    --------
    >>> round(width_allowed(40_000), 5), round(width_allowed(10_000), 4)
    (0.11625, 0.2325)
    """
    return WIDTH_ALLOWED * REFERENCE_WIDTH * math.sqrt(REFERENCE_CUSTOMERS / customers)


def _estimand_place(estimand: str) -> tuple[int, str]:
    known = ("orders_ratio", "orders_difference", "issues_ratio", "retained_difference")
    return (known.index(estimand), "") if estimand in known else (len(known), estimand)


def _cell(records: pd.DataFrame, hazard: Hazard, estimand: str, estimator: str, z: float, judge: Sequence[str]) -> Cell:
    found = records[records["value"].notna()]
    ratio = not estimand.endswith("_difference")
    truth, value, low, high = (found[name].to_numpy(float) for name in ("truth", "value", "low", "high"))
    errors, width = _errors(truth, value, low, high, ratio)
    n, se = len(found), found["se"].to_numpy(float)
    bias, bias_error, middle, spread = math.nan, math.nan, math.nan, [math.nan, math.nan]
    if n:
        bias, middle = float(errors.mean()), float(np.exp(errors.mean()) if ratio else errors.mean())
        bias_error = float(errors.std(ddof=1) / math.sqrt(n)) if n > 1 else math.nan
        ends = np.quantile(errors, [0.025, 0.975])
        spread = [float(end) for end in (np.exp(ends) if ratio else ends)]
    nothing = 1.0 if ratio else 0.0
    upper = (1 - LEVEL) / 2
    measures = {
        "n": n,
        "refused": len(records) - n,
        "customers": int(records["customers"].iloc[0]),
        "truth": float(truth.mean()) if n else math.nan,
        "value": float(value.mean()) if n else math.nan,
        "se": float(se.mean()) if n else math.nan,
        "bias": bias,
        "bias_error": bias_error,
        "bias_in_se": bias / float(se.mean()) if n and se.mean() > 0 else math.nan,
        "coverage": float(((low <= truth) & (truth <= high)).mean()) if n else math.nan,
        "width": float(np.median(width)) if n else math.nan,
        "share_b": float(records["grade"].isin(["A", "B"]).mean()),
        "up": float((low > nothing).mean()) if n else math.nan,
        "down": float((high < nothing).mean()) if n else math.nan,
    }
    accept = coverage_accepted(n, z)
    allowed = upper + z * math.sqrt(upper * (1 - upper) / n) if n else math.nan
    judged_width = estimand == "orders_ratio" and not hazard.firm
    cell = Cell(
        hazard=hazard.name,
        estimand=estimand,
        estimator=estimator,
        first_seed=int(records["seed"].min()),
        last_seed=int(records["seed"].max()),
        middle=middle,
        spread_low=spread[0],
        spread_high=spread[1],
        accept_low=accept[0],
        accept_high=accept[1],
        width_allowed=width_allowed(int(measures["customers"])) if judged_width else math.nan,
        claims_allowed=allowed,
        verdicts={},
        **measures,  # type: ignore[arg-type]
    )
    if estimator != DEFAULT or not n:
        return cell
    verdicts = {name: held for name, held in _verdicts(cell, hazard).items() if name in judge}
    return Cell(**{name: getattr(cell, name) for name in Cell.__slots__ if name != "verdicts"}, verdicts=verdicts)


def _errors(truth: Floats, value: Floats, low: Floats, high: Floats, ratio: bool) -> tuple[Floats, Floats]:
    if ratio:
        return np.log(value) - np.log(truth), np.log(high) - np.log(low)
    return value - truth, high - low


def _verdicts(cell: Cell, hazard: Hazard) -> dict[str, bool]:
    """What is judged of the default study in a company of this kind, and whether it held."""
    main = cell.estimand == "orders_ratio"
    full_size = main and cell.customers >= REFERENCE_CUSTOMERS
    if hazard.kind in ("strong_hidden", "broken"):
        return {"grade": cell.share_b <= SHARE_B_BROKEN} if full_size else {}
    if hazard.kind == "weak_hidden":
        return {}
    verdicts = {"coverage": cell.accept_low <= cell.coverage <= cell.accept_high}
    if cell.n > 1:
        verdicts["bias"] = abs(cell.bias) <= cell.bias_allowed
    if not math.isnan(cell.width_allowed):
        verdicts["width"] = cell.width <= cell.width_allowed
    if full_size:
        verdicts["grade"] = cell.share_b >= SHARE_B
    if hazard.null:
        verdicts["claims"] = max(cell.up, cell.down) <= cell.claims_allowed
    if full_size and hazard.name == FOUND_IN:
        verdicts["found"] = cell.up >= FOUND
    return verdicts


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCell:
    """How often a gate failed, and could not be run, in the companies of one hazard."""

    hazard: str
    outcome: str
    gate: str
    n: int
    failed: float
    not_run: float


def gate_cells(gates: pd.DataFrame, hazards: Mapping[str, Hazard] = HAZARDS) -> tuple[GateCell, ...]:
    """Size and power of each gate: its share of failures among all companies, by hazard and outcome.

    A check that is a gate in some companies only, one customer who carries too much, has not failed in the others.

    Examples
    --------
    >>> rows = [("none", seed, "orders", "placebo_date", ("passed", "failed")[seed], 0.5, 1.0) for seed in (0, 1)]
    >>> gate_cells(pd.DataFrame(rows, columns=list(GATE)))[0].failed
    0.5
    """
    place = {name: position for position, name in enumerate(hazards)}
    found = []
    companies = gates.groupby(["hazard", "outcome"])["seed"].nunique()
    for (hazard, outcome, gate), part in gates.groupby(["hazard", "outcome", "gate"], sort=False):
        n = int(companies.loc[(hazard, outcome)])
        shares = {verdict: (part["verdict"] == verdict).sum() / n for verdict in ("failed", "not_run")}
        cell = GateCell(
            hazard=str(hazard),
            outcome=str(outcome),
            gate=str(gate),
            n=n,
            **{k: float(v) for k, v in shares.items()},
        )
        found.append(cell)
    return tuple(sorted(found, key=lambda cell: (cell.outcome, place[cell.hazard], cell.gate)))


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenCell:
    """The bias that a planted hidden cause made, beside what the formula says of it. All on the log scale, means.

    `error` is the Monte Carlo error of `found` less `formula`; `allowed` how far the two may lie apart, a fifth of a
    standard error and two Monte Carlo errors; `held` says that they do not, and that the mean found lies no further
    beyond the bound.
    """

    hazard: str
    n: int
    share_contacted: float
    share_comparison: float
    growth: float
    formula: float
    bound: float
    found: float
    error: float
    allowed: float
    held: bool


def hidden_cells(hidden: pd.DataFrame, cells: Sequence[Cell]) -> tuple[HiddenCell, ...]:
    """One for each hazard with a planted cause."""
    found = []
    for hazard, part in hidden.groupby("hazard", sort=False):
        main = next(c for c in cells if (c.hazard, c.estimand, c.estimator) == (hazard, "orders_ratio", DEFAULT))
        gap = (part["found_log"] - part["formula_log"]).to_numpy(float)
        error = float(gap.std(ddof=1) / math.sqrt(len(gap))) if len(gap) > 1 else math.nan
        means = {name: float(part[name].mean()) for name in HIDDEN[2:]}
        allowed = BIAS_ALLOWED * main.se + 2 * error
        agrees = abs(float(gap.mean())) <= allowed
        found.append(
            HiddenCell(
                hazard=str(hazard),
                n=len(part),
                share_contacted=means["share_contacted"],
                share_comparison=means["share_comparison"],
                growth=means["growth"],
                formula=means["formula_log"],
                bound=means["bound_log"],
                found=means["found_log"],
                error=error,
                allowed=allowed,
                held=agrees and abs(means["found_log"]) <= means["bound_log"] + allowed,
            )
        )
    place = {name: position for position, name in enumerate(HAZARDS)}
    return tuple(sorted(found, key=lambda cell: place[cell.hazard]))


@dataclass(frozen=True, slots=True, kw_only=True)
class RoadCell:
    """How far the second roads lie from the default estimator, in the companies of one hazard.

    `apart`, `most_apart` are the mean and the largest distance of the Poisson regression's effect in standard errors;
    `poisson_error` and `bootstrap_error` the mean of their standard errors over ours; `bootstrap_noise` the Monte Carlo
    error of the latter, `bootstrap_allowed` how far that ratio may lie from 1.
    """

    hazard: str
    n: int
    apart: float
    most_apart: float
    poisson_error: float
    bootstrap_error: float
    bootstrap_noise: float
    bootstrap_allowed: float
    held: bool


def road_cells(roads: pd.DataFrame) -> tuple[RoadCell, ...]:
    """One for each hazard in which the second roads were tried."""
    found = []
    place = {name: position for position, name in enumerate(HAZARDS)}
    for hazard, part in roads.groupby("hazard", sort=False):
        se = part["default_se"]
        apart = (part["poisson_log"] - part["default_log"]) / se
        errors = part["bootstrap_se"] / se
        noise = float(errors.std(ddof=1) / math.sqrt(len(part))) if len(part) > 1 else math.nan
        off = abs(float(errors.mean()) - 1)
        allowed = ERRORS_APART + (0.0 if math.isnan(noise) else 2 * noise)
        found.append(
            RoadCell(
                hazard=str(hazard),
                n=len(part),
                apart=float(apart.mean()),
                most_apart=float(apart.abs().max()),
                poisson_error=float((part["poisson_se"] / se).mean()),
                bootstrap_error=float(errors.mean()),
                bootstrap_noise=noise,
                bootstrap_allowed=allowed,
                held=off <= allowed and float(apart.abs().max()) <= ROADS_APART,
            )
        )
    return tuple(sorted(found, key=lambda cell: place[cell.hazard]))
