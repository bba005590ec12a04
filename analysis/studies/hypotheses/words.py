"""What may be said of a judged hypothesis? One finding in words, no stronger than its verdict and its grade.

Figures are written plainly here (English, decimal point); pages restate them by locale.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from analysis.inference.equivalence import region
from analysis.studies.claim import LIMITS, LIMITS_UNSEEN
from analysis.studies.hypotheses.hypothesis import Hypothesis, Row
from analysis.studies.hypotheses.verdict import Chances, Needed, Verdict, is_anytime, reading_of
from analysis.studies.result import GRADE_WORDS, Grade

VERDICT_WORDS: Mapping[Verdict, str] = MappingProxyType(
    {
        "supported": "Supported",
        "not_supported": "Not supported",
        "no_meaningful_effect": "No effect that matters",
        "undecided": "Undecided",
    }
)
_NOT_DECLARED = "It was not written down beforehand, so it is a finding to be tested anew."
_NO_MORE: Mapping[Grade, str] = MappingProxyType(
    {
        "A": "Customers were assigned at random, so this is the effect of the assignment.",
        "B": "The comparison passed its checks; an effect that matters is there only if an unrecorded cause hides it.",
        "C": "The comparison leaves questions open, so other causes may hide an effect that matters.",
    }
)


def finding_in_words(
    hypothesis: Hypothesis, verdict: Verdict, row: Row, raw: Chances, family: Chances, needed: Needed | None
) -> str:
    """The verdict, the figure behind it, how sure it is, and what the grade allows one to conclude.

    Parameters
    ----------
    hypothesis : Hypothesis
    verdict : str
    row : mapping
        The row of `effects` that was judged.
    raw, family : Chances
        p-values before and after Holm's adjustment.
    needed : Needed, optional
        What would decide it.

    Examples
    --------
    >>> asked = Hypothesis(name="a", statement="More visits.", design="ab_randomised", outcome="visit",
    ...                    scale="difference", direction="higher", smallest_effect=0.01)
    >>> row = {"value": 0.0766, "low": 0.07, "high": 0.0832, "level": 0.95, "unit": "share", "scale": "difference",
    ...        "grade": "A"}
    >>> print(finding_in_words(asked, "supported", row, Chances(effect=1e-9), Chances(effect=1e-9), None))
    Supported: `visit` is 7.66 percentage points higher (95 % interval: 7 percentage points higher to 8.32 percentage
    points higher; adjusted p < 0.001). Customers were assigned at random, so the difference is an effect of the
    assignment. Grade A: randomised test.
    """
    low, high = (None if row[end] is None else size(row, row[end]) for end in ("low", "high"))
    interval = f"{row['level'] * 100:g} % interval: {low or 'without limit'} to {high or 'without limit'}"
    figure = f"`{hypothesis.outcome}` is {size(row, row['value'])} ({interval}; {_chance(verdict, family)})"
    grade: Grade = row["grade"]
    sentences = [f"{VERDICT_WORDS[verdict]}: {figure}.", *_because(hypothesis, verdict, row, family)]
    if verdict == "undecided":
        sentences.append(_what_it_would_take(hypothesis, row, needed))
        sentences.append(LIMITS_UNSEEN[grade])
    else:
        sentences.append(LIMITS[grade] if verdict == "supported" else _NO_MORE[grade])
    if not hypothesis.declared:
        sentences.append(_NOT_DECLARED)
    return " ".join([*sentences, f"Grade {grade}: {GRADE_WORDS[grade]}."])


def refusal_in_words(reason: str) -> str:
    """What is said where nothing can be judged.

    Examples
    --------
    >>> refusal_in_words("The results hold no effect of effort.")
    'Undecided, since nothing can be judged: The results hold no effect of effort.'
    """
    return f"{VERDICT_WORDS['undecided']}, since nothing can be judged: {reason}"


def size(row: Mapping[str, Any], number: float) -> str:
    """How far a number lies from no effect, and on which side.

    Examples
    --------
    >>> size({"scale": "ratio", "unit": "ratio"}, 0.92)
    '8.0 % lower'
    >>> size({"scale": "difference", "unit": "orders per customer"}, 0.0954)
    '0.0954 orders per customer higher'
    """
    if row["scale"] == "ratio":
        return f"{abs(number - 1) * 100:.1f} % {'higher' if number >= 1 else 'lower'}"
    side = "higher" if number >= 0 else "lower"
    unit = str(row["unit"])
    if unit.partition(" ")[0] == "share":
        return f"{abs(number) * 100:.3g} percentage points {side}"
    return f"{abs(number):,.3g} {unit} {side}"


def smallest_in_words(hypothesis: Hypothesis, unit: str) -> str:
    """The smallest effect that matters.

    Examples
    --------
    >>> asked = Hypothesis(name="a", statement="b", design="before_after", outcome="orders", scale="ratio",
    ...                    smallest_effect=0.05)
    >>> smallest_in_words(asked, "ratio")
    '5 %'
    """
    smallest = hypothesis.smallest_effect or 0.0
    if hypothesis.scale == "ratio":
        return f"{smallest * 100:g} %"
    if unit.partition(" ")[0] == "share":
        return "1 percentage point" if smallest == 0.01 else f"{smallest * 100:g} percentage points"
    return f"{smallest:g} {unit}"


def _because(hypothesis: Hypothesis, verdict: Verdict, row: Row, family: Chances) -> list[str]:
    """What the verdict rests on, where the figure alone does not say it."""
    if verdict in ("supported", "undecided"):
        return []
    if hypothesis.smallest_effect is None:
        return ["It lies clearly on the other side."]
    smallest = smallest_in_words(hypothesis, str(row["unit"]))
    narrower = _narrower(hypothesis, verdict, row)
    if verdict == "no_meaningful_effect":
        there = family.effect < 1 - row["level"]
        clear = "There is an effect in the direction believed, but it" if there else "Whatever effect there is, it"
        return [f"{clear} is smaller than what was to matter ({smallest} in either direction).", *narrower]
    return [f"An effect of {smallest} or more in the direction believed is excluded.", *narrower]


def _narrower(hypothesis: Hypothesis, verdict: Verdict, row: Row) -> list[str]:
    """The interval that a one-sided test stands for, where the one shown reaches as far as what would matter.

    A limit is ruled out by the end of an interval with that much beyond each end: of a test at 5 %, the 90 % interval.
    """
    found = reading_of(row)
    if isinstance(found, str) or hypothesis.smallest_effect is None or is_anytime(row):
        return []
    low, high = region(hypothesis.smallest_effect, hypothesis.scale)
    shown, level = found.interval(row["level"]), 2 * row["level"] - 1
    sides = {"higher": shown[1] >= high, "lower": shown[0] <= low}
    beyond = sides.get(hypothesis.direction) if verdict == "not_supported" else any(sides.values())
    if not beyond:
        return []
    ends = found.interval(level)
    if row["scale"] == "ratio":
        ends = (math.exp(ends[0]), math.exp(ends[1]))
    said = " to ".join(size(row, end) for end in ends)
    return [f"What is excluded is judged to one side: by the {level * 100:g} % interval, {said}."]


def _chance(verdict: Verdict, family: Chances) -> str:
    if verdict == "no_meaningful_effect" and family.equivalent <= family.effect:
        return f"equivalence test: adjusted p {_p(family.equivalent)}"
    if verdict == "no_meaningful_effect":
        return f"adjusted p {_p(max(family.effect, family.against))}"
    return f"adjusted p {_p(family.against if verdict == 'not_supported' else family.effect)}"


def _what_it_would_take(hypothesis: Hypothesis, row: Row, needed: Needed | None) -> str:
    if hypothesis.smallest_effect is None:
        return "Without a smallest effect that matters it cannot be shown that there is none, nor how many would do."
    smallest = smallest_in_words(hypothesis, str(row["unit"]))
    if row["low"] is None or row["high"] is None:
        return "The interval has no end on one side; more customers of the same kind need not give it one."
    if needed is None:
        return f"The data are exact enough: the effect seems to lie at the edge of what matters ({smallest})."
    return (
        f"About {needed.times:.3g} times as many customers ({needed.n_treated:,} against {needed.n_comparison:,}) "
        f"would probably decide whether there is an effect of {smallest}."
    )


def _p(p_value: float) -> str:
    return "< 0.001" if p_value < 0.001 else f"= {p_value:.2g}"
