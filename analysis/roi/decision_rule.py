"""What do we recommend: extend, keep, test first, or stop? One written rule, from evidence, range and guardrails.

The rule is the table `RULE`, read from the top: the first line that fits holds. docs/decision_rule.md prints the same
table for those who want to know why; a test holds the two together. Nobody's judgement enters: who disagrees with a
recommendation disagrees with a line of the table, and can say which.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from analysis.studies.result import Grade

Evidence = Literal["A or B", "C", "D or E"]
Money = Literal["gain", "more likely a gain", "more likely a loss", "loss"]
Guards = Literal["kept", "not known", "broken"]
Recommendation = Literal["extend", "keep", "test first", "stop"]
ANY: Literal["any"] = "any"


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One line of the rule; `any` fits everything."""

    evidence: Evidence | Literal["any"]
    money: Money | Literal["any"]
    guardrails: Guards | Literal["any"]
    recommendation: Recommendation
    because: str

    def fits(self, evidence: Evidence, money: Money, guardrails: Guards) -> bool:
        """Whether the line speaks of this case."""
        pairs = ((self.evidence, evidence), (self.money, money), (self.guardrails, guardrails))
        return all(asked in (ANY, found) for asked, found in pairs)


RULE: tuple[RuleLine, ...] = (
    RuleLine("D or E", ANY, ANY, "test first", "Too much rests on raw differences and assumptions to decide on."),
    RuleLine(ANY, "loss", ANY, "stop", "Even the high case is a loss."),
    RuleLine(ANY, "more likely a loss", "broken", "stop", "More likely a loss, and something it must not harm is."),
    RuleLine(ANY, "more likely a loss", ANY, "test first", "More likely a loss, yet a gain is not ruled out."),
    RuleLine("A or B", "gain", "kept", "extend", "Even the low case is a gain, and nothing it must not harm is."),
    RuleLine("A or B", "gain", "not known", "keep", "A gain even in the low case, but not all guardrails are known."),
    RuleLine("A or B", "gain", "broken", "keep", "A gain even in the low case; mend the harm before it grows."),
    RuleLine("C", "gain", "kept", "keep", "A gain even in the low case, on evidence that leaves questions open."),
    RuleLine("C", "gain", ANY, "test first", "Open questions, and guardrails that are broken or not known."),
    RuleLine("A or B", "more likely a gain", "kept", "keep", "More likely a gain; a loss is not ruled out."),
    RuleLine(
        ANY,
        "more likely a gain",
        ANY,
        "test first",
        "A loss is not ruled out, and evidence or guardrails leave questions open.",
    ),
)
"""Read from the top; the first line that fits holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """Something the programme must not harm, or the case must not get wrong: kept, broken (False), or not known."""

    name: str
    kept: bool | None
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The guardrail as results write it."""
        return {"name": self.name, "kept": self.kept, "detail": self.detail}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommended:
    """What the rule says, the three things it was asked about, and the line (from 1) that answered."""

    recommendation: Recommendation
    because: str
    evidence: Evidence
    money: Money
    guardrails: Guards
    grade: Grade
    line: int

    def to_dict(self) -> dict[str, Any]:
        """The recommendation as results write it."""
        return {
            "recommendation": self.recommendation,
            "because": self.because,
            "evidence": self.evidence,
            "money": self.money,
            "guardrails": self.guardrails,
            "grade": self.grade,
            "line": self.line,
        }


def recommended(
    *,
    shares: Mapping[Grade, float],
    cap: float,
    low: float,
    middle: float,
    high: float,
    guardrails: Iterable[Guardrail] = (),
) -> Recommended:
    """What the rule recommends.

    Parameters
    ----------
    shares : mapping of grade to float
        Share of the counted benefits that rests on each grade.
    cap : float
        The most that weak evidence may carry: see `case_grade`.
    low, middle, high : float
        5th, 50th and 95th percentile of the net present value.
    guardrails : iterable of Guardrail
        Without any, whether harm was done is not known.

    Raises
    ------
    ValueError
        If the cases are not finite or not in order.

    Examples
    --------
    >>> recommended(shares={"B": 1.0}, cap=0.3, low=10.0, middle=50.0, high=90.0,
    ...             guardrails=[Guardrail(name="issues", kept=True, detail="No more issues.")]).recommendation
    'extend'
    """
    if not all(map(math.isfinite, (low, middle, high))) or not low <= middle <= high:
        raise ValueError(f"The low, middle and high case are in order and finite, not {low}, {middle}, {high}.")
    grade = case_grade(shares, cap)
    evidence: Evidence = "A or B" if grade in ("A", "B") else "C" if grade == "C" else "D or E"
    money = money_is(low, middle, high)
    guards = guards_are(guardrails)
    place, line = next((place, one) for place, one in enumerate(RULE, start=1) if one.fits(evidence, money, guards))
    return Recommended(
        recommendation=line.recommendation,
        because=line.because,
        evidence=evidence,
        money=money,
        guardrails=guards,
        grade=grade,
        line=place,
    )


MOST_WEAK = 0.5


def case_grade(shares: Mapping[Grade, float], cap: float) -> Grade:
    """The weakest grade that, with all weaker ones, carries more of the benefits than the cap; E where none is counted.

    A policy that caps nothing still cannot call a case better than what most of it rests on: above one half the cap is
    taken as one half.

    Examples
    --------
    >>> case_grade({"A": 0.5, "B": 0.3, "C": 0.1, "E": 0.1}, cap=0.3), case_grade({"B": 0.6, "E": 0.4}, cap=0.3)
    ('B', 'E')
    """
    if not math.fsum(shares.values()) > 0:
        return "E"
    carried = 0.0
    for grade in reversed(get_args(Grade)):
        carried += shares.get(grade, 0.0)
        if carried > min(cap, MOST_WEAK) + 1e-12:
            found: Grade = grade
            return found
    raise ValueError(f"Shares by grade add up to 1, not {carried:.3g}.")


def money_is(low: float, middle: float, high: float) -> Money:
    """Whether the range lies above nothing, below it, or over it with its middle on one side.

    Examples
    --------
    >>> money_is(1, 2, 3), money_is(-1, 2, 3), money_is(-1, 0, 3), money_is(-3, -2, 0)
    ('gain', 'more likely a gain', 'more likely a loss', 'loss')
    """
    if low > 0:
        return "gain"
    if high <= 0:
        return "loss"
    return "more likely a gain" if middle > 0 else "more likely a loss"


def guards_are(guardrails: Iterable[Guardrail]) -> Guards:
    """All kept, one broken, or not known: one that is not known is not kept.

    Examples
    --------
    >>> guards_are([]), guards_are([Guardrail(name="issues", kept=False, detail="More of them.")])
    ('not known', 'broken')
    """
    found = [one.kept for one in guardrails]
    if False in found:
        return "broken"
    return "kept" if found and None not in found else "not known"
