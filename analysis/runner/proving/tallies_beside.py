"""How often did gates fail, did the formula foretell the planted bias, do second roads agree? What stands beside cells.

Records of gates, planted causes and second roads, gathered by hazard and held against limits of their own. The answers
of estimators are left to `tallies`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.runner.proving.hazards import HAZARDS, Hazard
from analysis.runner.proving.limits import BIAS_ALLOWED, gate_asked
from analysis.runner.proving.records import DEFAULT, HIDDEN
from analysis.runner.proving.tallies import Cell

ERRORS_APART = 0.05
"""How far the bootstrap's standard error may lie from ours, as a share."""
ROADS_APART = 0.5
"""How far the Poisson regression's effect may lie from ours in any company, in standard errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateCell:
    """How often a gate failed, and could not be run, in the companies of one hazard.

    `asked` are the shares between which it must fail; None where nothing is asked of it.
    """

    hazard: str
    outcome: str
    gate: str
    n: int
    failed: float
    not_run: float
    asked: tuple[float, float] | None = None

    @property
    def held(self) -> bool | None:
        """Whether it failed as often as asked; None where nothing is asked."""
        return None if self.asked is None else self.asked[0] <= self.failed <= self.asked[1]


def gate_cells(gates: pd.DataFrame, hazards: Mapping[str, Hazard] = HAZARDS) -> tuple[GateCell, ...]:
    """Size and power of each gate: its share of failures among all companies, by hazard and outcome.

    A check that is a gate in some companies only, one customer who carries too much, has not failed in the others.

    Examples
    --------
    >>> from analysis.runner.proving.records import GATE
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
            asked=gate_asked(hazards[str(hazard)], str(gate), n),
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
