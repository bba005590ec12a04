"""What is asked of each made-up company, and in what shape is it set down what was found there beside what is true?

A record is one estimator's answer on one estimand in one company; beside records stand the verdicts of gates, planted
causes and second roads. All designs write the same columns, so that one set of tallies serves them. What happens in a
company is left to the room of its design (`worlds`, `service_worlds`, `adoption_worlds`, `series_worlds`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import pandas as pd

from analysis.inference.estimate import Estimate
from analysis.runner.proving.hazards import Hazard

if TYPE_CHECKING:
    from analysis.studies.result import Check

DEFAULT = "default"
"""The name of what the study itself says, of whatever design."""
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
"""Columns of a record; `se` is of the logarithm for a ratio; empty `value` where the study refused, and empty ends
where it gave no interval."""
GATE = ("hazard", "seed", "outcome", "gate", "verdict", "p_value", "value")
HIDDEN = ("hazard", "seed", "share_contacted", "share_comparison", "growth", "formula_log", "bound_log", "found_log")
ROAD = ("hazard", "seed", "default_log", "default_se", "poisson_log", "poisson_se", "bootstrap_se")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of each company.

    Parameters
    ----------
    customers : int
    roads : int
        In how many companies of a hazard, from its first seed on, the second roads are tried.
    gaps : int
        In how many the whole company is made for the raw gap of users and others.
    forbidden : bool
        Whether the raw and forbidden estimators are run.
    light : bool
        Whether the estimates alone are wanted: no grades, no gates.
    files : bool
        Whether companies go through tables and the query engine instead of arrays.
    """

    customers: int = 40_000
    roads: int = 0
    gaps: int = 0
    forbidden: bool = True
    light: bool = False
    files: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """What was found in companies, as frames: one row an answer, a gate, a planted cause, a second road."""

    NAMES: ClassVar[tuple[str, ...]] = ("effects", "gates", "hidden", "roads")
    COLUMNS: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType(
        {"effects": RECORD, "gates": GATE, "hidden": HIDDEN, "roads": ROAD}
    )

    effects: pd.DataFrame
    gates: pd.DataFrame
    hidden: pd.DataFrame
    roads: pd.DataFrame

    @classmethod
    def of(cls, parts: Iterable[Mapping[str, pd.DataFrame]]) -> Records:
        """The frames of many companies put together."""
        frames: dict[str, list[pd.DataFrame]] = {name: [] for name in cls.NAMES}
        for part in parts:
            for name, frame in part.items():
                frames[name].append(frame)
        joined = {}
        for name, found in frames.items():
            filled = [frame for frame in found if len(frame)] or [pd.DataFrame(columns=list(cls.COLUMNS[name]))]
            joined[name] = pd.concat(filled, ignore_index=True)
        return cls(**joined)


class Told:
    """Records of one company, as they come."""

    def __init__(self, hazard: Hazard, seed: int, customers: int, truth: Mapping[str, float]) -> None:
        self.hazard, self.seed, self.customers, self.truth = hazard, seed, customers, truth
        self.lists: dict[str, list[tuple[Any, ...]]] = {name: [] for name in Records.NAMES}

    def where(self, estimator: str, estimand: str) -> tuple[Any, ...]:
        """The first columns of a record."""
        return (self.hazard.name, self.seed, self.customers, estimator, estimand, self.truth[estimand])

    def effect(self, estimator: str, estimand: str, estimate: Estimate | None, grade: str = "D") -> None:
        """An answer, or that there is none; of what is judged only."""
        if estimand in self.truth:
            self.lists["effects"].append(record_of(self.where(estimator, estimand), estimate, grade))

    def gates(self, outcome: str, checks: Sequence[Check]) -> None:
        """The verdicts of the gates among the checks of one outcome."""
        for check in checks:
            if check.gate:
                numbers = [math.nan if number is None else float(number) for number in (check.p_value, check.value)]
                self.lists["gates"].append((self.hazard.name, self.seed, outcome, check.name, check.verdict, *numbers))

    def frames(self) -> dict[str, pd.DataFrame]:
        """By name of the kind of record."""
        return {name: pd.DataFrame(rows, columns=list(Records.COLUMNS[name])) for name, rows in self.lists.items()}


def record_of(where: tuple[Any, ...], estimate: Estimate | None, grade: str = "D") -> tuple[Any, ...]:
    """A record from what is known of the company (the first columns of `RECORD`) and the answer, if there is one."""
    if estimate is None:
        return (*where, *(math.nan,) * 4, grade, 0)
    se = estimate.se_log if estimate.scale == "ratio" and estimate.se_log is not None else estimate.se
    return (*where, estimate.value, estimate.low, estimate.high, se, grade, estimate.n_treated)


def is_ratio(estimand: str) -> bool:
    """Whether an estimand is judged on the log scale.

    Examples
    --------
    >>> is_ratio("orders_ratio:region=north"), is_ratio("slope_difference:rho=0.3")
    (True, False)
    """
    return estimand.partition(":")[0].endswith("_ratio")


def each(
    lived: Callable[[Hazard, int, Asked], Mapping[str, pd.DataFrame]],
    hazard: Hazard,
    seeds: Iterable[int],
    asked: Asked,
) -> Records:
    """The records of some companies of one hazard, lived one after the other."""
    return Records.of(lived(hazard, seed, asked) for seed in seeds)
