"""In what shape, and in which words, is an exploration of who benefits handed on?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.inference.estimate import Estimate
from analysis.studies.plain_rows import plain_rows
from analysis.studies.result import Check

if TYPE_CHECKING:
    import pandas as pd

EXPLORED = "found_by_looking"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uplift:
    """What a ranking of customers by their predicted benefit is worth among customers it has not seen.

    Parameters
    ----------
    experiment, outcome, treated, comparison : str
        The experiment is empty where customers were given as a frame.
    coefficient : Estimate
        Qini coefficient: area between the curve and treating as many at random, per customer of those judged.
    total : Estimate
        Effect of treating all of them.
    curve : DataFrame
        `share`, `gain`, `low`, `high` (pointwise), `at_random`; per customer of those judged.
    fifths : DataFrame
        `part` (1 is ranked first), `customers`, `n_treated`, `n_comparison`, `predicted`, `value`, `low`, `high`: the
        effect in each fifth of the ranking.
    traits : tuple of str
        What customers were ranked by.
    learned_from, judged_on : int
        Customers in the two halves.
    check : Check
        Why nothing is claimed.
    claim : str
    notes : tuple of str
    """

    outcome: str
    treated: str
    comparison: str
    coefficient: Estimate
    total: Estimate
    curve: pd.DataFrame
    fifths: pd.DataFrame
    traits: tuple[str, ...]
    learned_from: int
    judged_on: int
    check: Check
    claim: str
    notes: tuple[str, ...]
    experiment: str = ""

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: no effect, since nothing is claimed."""
        told = {
            "experiment_id": self.experiment or None, "outcome": self.outcome, "treated": self.treated,
            "comparison": self.comparison, "grade": "C",
            "unit": self.coefficient.unit, "level": self.coefficient.level,
            "coefficient": _numbers(self.coefficient), "total": _numbers(self.total),
            "curve": plain_rows(self.curve), "fifths": plain_rows(self.fifths), "traits": list(self.traits),
            "learned_from": self.learned_from, "judged_on": self.judged_on, "check": self.check.to_dict(),
            "claim": self.claim, "notes": list(self.notes),
        }  # fmt: skip
        return {"coverage": {"uplift": [told]}}

    def to_frame(self) -> pd.DataFrame:
        """One row a fifth of the ranking."""
        return self.fifths.copy()

    def _repr_html_(self) -> str:
        return str(self.fifths.to_html(index=False, escape=True))


def explored() -> Check:
    """The cap on what was found by looking."""
    detail = (
        "Who benefits was found by looking. The ranking was judged on customers kept apart, but it was not named "
        "beforehand: name it and test it before relying on it."
    )
    return Check(name=EXPLORED, verdict="not_run", detail=detail, gate=True)


def claim_of_uplift(coefficient: Estimate, total: Estimate, fifths: pd.DataFrame, treated: str, unit: str) -> str:
    """What was seen among the customers kept apart, and that it is no more than that."""
    points = unit.partition(" ")[0] == "share"
    times, words = (100.0, "percentage points") if points else (1.0, unit)

    def said(value: float, low: float, high: float) -> str:
        return f"{value * times:.3g} ({low * times:.3g} to {high * times:.3g})"

    size = f"{said(coefficient.value, coefficient.low, coefficient.high)} {words}"
    first, last = (said(row["value"], row["low"], row["high"]) for _, row in fifths.iloc[[0, -1]].iterrows())
    if coefficient.low > 0:
        found = f"ranking customers by what {treated} should do for them beats choosing at random by {size}."
    elif coefficient.high < 0:
        found = f"the ranking is worse than choosing at random, by {size}: what was learned does not hold."
    else:
        found = f"no ranking of customers was found that clearly beats choosing at random: {size}."
    return (
        f"Explored: {found} The fifth ranked first shows an effect of {first}, the fifth ranked last {last}, all "
        f"customers {said(total.value, total.low, total.high)} {words}; in brackets {coefficient.level * 100:g} % "
        f"intervals. {explored().detail}"
    )


def _numbers(estimate: Estimate) -> dict[str, float]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high, "se": estimate.se}
