"""In what shape does a study say what it found, so that a page, a chart and `results.json` say the same?

`Check` is one test of a design, `Effect` one row of the contract's `effects`. What a study found besides
(the tables behind its charts) stays with the study's own result.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from analysis.inference.estimate import NO_EFFECT, Estimate, Scale

if TYPE_CHECKING:
    import pandas as pd

Verdict = Literal["passed", "failed", "not_run", "not_applicable"]
Grade = Literal["A", "B", "C", "D", "E"]
Maturity = Literal["mature", "interim"]

GRADE_WORDS: Mapping[Grade, str] = MappingProxyType(
    {
        "A": "randomised test",
        "B": "comparison that passed its checks",
        "C": "comparison with open questions",
        "D": "raw difference",
        "E": "assumption",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One test of a design: its name, its verdict, one sentence of detail, and whether it can cap the grade.

    Where the test came out at a number, that stands beside the sentence: `value` with its 95 % interval from `low` to
    `high`, and the p-value that was judged.

    Raises
    ------
    ValueError
        If one of the numbers is not a number.

    Examples
    --------
    >>> Check(name="overlap", verdict="passed", detail="All have somebody like them.", gate=True).to_dict()
    {'name': 'overlap', 'verdict': 'passed', 'detail': 'All have somebody like them.', 'gate': True}
    >>> Check(name="pre_trend", verdict="passed", detail="No drift.", gate=True, value=1.01).to_dict()["value"]
    1.01
    """

    name: str
    verdict: Verdict
    detail: str
    gate: bool = False
    value: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None

    def __post_init__(self) -> None:
        for label, number in self._numbers().items():
            if number is not None and math.isnan(number):
                raise ValueError(f"{self.name}: `{label}` is not a number.")

    def _numbers(self) -> dict[str, float | None]:
        return {"value": self.value, "low": self.low, "high": self.high, "p_value": self.p_value}

    def to_dict(self) -> dict[str, Any]:
        """The check as the contract writes it; numbers only where there are any."""
        numbers = {label: number for label, number in self._numbers().items() if number is not None}
        finite = {label: number for label, number in numbers.items() if _finite(number) is not None}
        return {"name": self.name, "verdict": self.verdict, "detail": self.detail, "gate": self.gate, **finite}


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One effect, or one refusal of an effect, with everything a reader needs to judge it.

    Exactly one of `estimate` and `reason` is given: a refused design keeps its row, with grade D and its reason.

    Parameters
    ----------
    design, estimand, treated, comparison, outcome : str
        As the contract lists them.
    segment : mapping of str to str
        Empty for all customers.
    scale : {"ratio", "difference"}
    estimate : Estimate, optional
    reason : str, optional
        Why nothing is claimed.
    index_from, index_to : str, optional
        First and last month ("2025-07") in which a treated customer entered.
    before_months, after_months : int, optional
        Length of the windows.
    maturity : {"mature", "interim"}
    declared : bool
        Whether the parameters named this outcome and segment before the data were looked at.
    grade : {"A", "B", "C", "D", "E"}
    checks : tuple of Check
    claim : str
        What may be said, no more than the grade allows.
    """

    design: str
    estimand: str
    treated: str
    comparison: str
    outcome: str
    scale: Scale
    grade: Grade
    claim: str
    segment: Mapping[str, str] = field(default_factory=dict)
    estimate: Estimate | None = None
    reason: str | None = None
    n_treated: int = 0
    n_comparison: int = 0
    index_from: str | None = None
    index_to: str | None = None
    before_months: int | None = None
    after_months: int | None = None
    maturity: Maturity = "mature"
    declared: bool = True
    checks: tuple[Check, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "segment", MappingProxyType(dict(sorted(self.segment.items()))))
        if (self.estimate is None) == (self.reason is None):
            raise ValueError(f"{self.outcome}: an effect has either an estimate or a reason why there is none.")
        if self.estimate is None and self.grade != "D":
            raise ValueError(f"{self.outcome}: a refused effect is graded D, not {self.grade}.")
        if self.estimate is not None and self.estimate.scale != self.scale:
            raise ValueError(f"{self.outcome}: the estimate is a {self.estimate.scale}, the effect a {self.scale}.")

    @property
    def naive(self) -> bool:
        """Whether this is a raw figure that is printed only beside the adjusted one."""
        return self.estimand.startswith("naive_")

    def to_dict(self) -> dict[str, Any]:
        """The row as the contract writes it: plain values, `None` where there is nothing."""
        estimate = self.estimate
        row: dict[str, Any] = {
            "design": self.design,
            "estimand": self.estimand,
            "treated": self.treated,
            "comparison": self.comparison,
            "outcome": self.outcome,
            "segment": dict(self.segment),
            "scale": self.scale,
            "value": None if estimate is None else estimate.value,
            "low": None if estimate is None else _finite(estimate.low),
            "high": None if estimate is None else _finite(estimate.high),
            "level": None if estimate is None else estimate.level,
            "se": None if estimate is None else _finite(estimate.se),
            "se_log": None if estimate is None else estimate.se_log,
            "bounded": None if estimate is None else estimate.bounded,
            "unit": None if estimate is None else estimate.unit,
            "n_treated": self.n_treated if estimate is None else estimate.n_treated,
            "n_comparison": self.n_comparison if estimate is None else estimate.n_comparison,
            "index_from": self.index_from,
            "index_to": self.index_to,
            "before_months": self.before_months,
            "after_months": self.after_months,
            "maturity": self.maturity,
            "method": None if estimate is None else estimate.method,
            "declared": self.declared,
            "grade": self.grade,
            "checks": [check.to_dict() for check in self.checks],
            "claim": self.claim,
        }
        if self.reason is not None:
            row["reason"] = self.reason
        return row

    @property
    def no_effect(self) -> float:
        """The value that means "no effect" on this scale."""
        return NO_EFFECT[self.scale]


def effects_frame(effects: tuple[Effect, ...]) -> pd.DataFrame:
    """Effects as a frame, one row each, columns as in the contract (checks left out)."""
    import pandas as pd

    return pd.DataFrame([{k: v for k, v in effect.to_dict().items() if k != "checks"} for effect in effects])


def _finite(number: float) -> float | None:
    return number if abs(number) != float("inf") else None
