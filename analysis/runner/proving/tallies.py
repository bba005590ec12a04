"""How often was the truth inside, how far off were the estimates, what was claimed? Records of worlds as verdicts.

A record is one estimator's answer on one estimand in one made-up company. A cell gathers the records of one estimator,
estimand and hazard; its measures are held against the limits of its design. Nothing is rounded away: a cell that misses
a limit says `missed`. How the records come about is left to the rooms of the designs, what is asked to `limits`, how
cells are shown to `page` and `picture`; gates, planted causes and second roads to `tallies_beside`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.runner.proving.hazards import CHANCE, HAZARDS, Hazard
from analysis.runner.proving.limits import (
    BIAS_ALLOWED,
    LEVEL,
    MEASURES,
    bonferroni_z,
    coverage_asked,
    shares_z,
    verdicts,
    width_asked,
)
from analysis.runner.proving.records import DEFAULT, RECORD, is_ratio

Floats = NDArray[np.float64]


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
        return is_ratio(self.estimand)

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
    records: pd.DataFrame,
    hazards: Mapping[str, Hazard] = HAZARDS,
    judge: Sequence[str] = MEASURES,
    beside: int = 0,
) -> tuple[Cell, ...]:
    """All cells of the records, in the order of the hazards.

    Parameters
    ----------
    records : DataFrame
        With the columns of `RECORD`.
    hazards : mapping of str to Hazard
    judge : sequence of str
        Which of `MEASURES` are judged; few companies say little of a share.
    beside : int
        Cells elsewhere, told on the same page, over which the error of all is spread as well.

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
    judged = sum(spreads(hazards[hazard], estimand, estimator) for (hazard, estimand, estimator) in groups)
    z = bonferroni_z(max(judged + beside, 1))
    place = {name: position for position, name in enumerate(hazards)}
    designs = list(dict.fromkeys(hazard.design for hazard in hazards.values()))

    def key_of(key: tuple[str, str, str]) -> tuple[object, ...]:
        hazard, estimand, estimator = key
        design = designs.index(hazards[hazard].design)
        return (design, _estimand_place(estimand), estimator != DEFAULT, place[hazard], estimator)

    order = sorted(groups, key=key_of)
    return tuple(_cell(groups[key], hazards[key[0]], key[1], key[2], z, judge) for key in order)


def spreads(hazard: Hazard, estimand: str, estimator: str) -> bool:
    """Whether a cell is one of those over which the error of all is spread.

    Examples
    --------
    >>> spreads(HAZARDS["none"], "orders_ratio", DEFAULT), spreads(HAZARDS["none"], "orders_ratio", "low_band")
    (True, False)
    """
    return estimator == DEFAULT and shares_z(hazard) and not estimand.startswith(CHANCE)


def _estimand_place(estimand: str) -> tuple[int, str]:
    known = ("orders_ratio", "orders_difference", "issues_ratio", "retained_difference")
    return (known.index(estimand), "") if estimand in known else (len(known), estimand)


def _cell(records: pd.DataFrame, hazard: Hazard, estimand: str, estimator: str, z: float, judge: Sequence[str]) -> Cell:
    found = records[records["value"].notna()]
    ratio = is_ratio(estimand)
    truth, value, low, high = (found[name].to_numpy(float) for name in ("truth", "value", "low", "high"))
    errors, width = _errors(truth, value, low, high, ratio)
    n, se = len(found), found["se"].to_numpy(float)
    told = bool(np.isfinite(se).any())  # whether there is an interval at all
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
        "coverage": float(((low <= truth) & (truth <= high)).mean()) if told else math.nan,
        "width": float(np.median(width)) if told else math.nan,
        "share_b": float(records["grade"].isin(["A", "B"]).mean()),
        "up": float((low > nothing).mean()) if told else math.nan,
        "down": float((high < nothing).mean()) if told else math.nan,
    }
    accept = coverage_asked(hazard, n, z)
    allowed = upper + z * math.sqrt(upper * (1 - upper) / n) if n else math.nan
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
        width_allowed=width_asked(hazard, estimand, int(measures["customers"])),
        claims_allowed=allowed,
        verdicts={},
        **measures,  # type: ignore[arg-type]
    )
    if estimator != DEFAULT or (not n and hazard.design != "ab_randomised"):
        return cell  # of an experiment, that nothing is told can be what is asked
    return replace(cell, verdicts={name: held for name, held in verdicts(cell, hazard).items() if name in judge})


def _errors(truth: Floats, value: Floats, low: Floats, high: Floats, ratio: bool) -> tuple[Floats, Floats]:
    if ratio:
        return np.log(value) - np.log(truth), np.log(high) - np.log(low)
    return value - truth, high - low
