"""Which one effect answers the study's question, and how is it said?

Chosen by fixed rules, never by its size: the comparison named first in `QUESTIONS`, on the outcome named first in
`OUTCOMES`. Saying it in words is left to `analysis.reporting.wording`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.reporting.changes import step_rows
from analysis.reporting.rows import Row, effect_rows, main_scale
from analysis.reporting.settled import settled
from analysis.reporting.wording import Words, evidence_in_words

QUESTIONS = (
    "channel_effect", "service_effect", "experiment_effect_anytime", "experiment_effect", "complier_effect",
    "adoption_effect", "user_effect", "total_effect",
)  # fmt: skip
"""What is answered, in this order; other estimands stand beside one of these, on their own page."""
OUTCOMES = ("orders", "revenue", "margin", "repurchased", "issues", "support_cost", "spend", "conversion", "visit")
ANYTIME = "experiment_effect_anytime"


def headline(results: Mapping[str, Any]) -> Row | None:
    """The one effect that answers the study's question: all customers, by the order of questions and outcomes.

    The first effect that is claimed stands above one that was refused, whatever it says; `answer_in_words` opens with
    the refusal.
    """
    return min(
        answering(results),
        key=lambda row: (row["value"] is None, QUESTIONS.index(row["estimand"]), *place_of_effect(row)),
        default=None,
    )


def answer_in_words(results: Mapping[str, Any], say: Words) -> str:
    """The answer in a sentence; where what was asked first is refused, the refusal opens it.

    Examples
    --------
    >>> from analysis.reporting.wording import words
    >>> answer_in_words({"effects": []}, words())
    'No comparison was made; this report counts and claims no effect.'
    """
    head = headline(results)
    if head is None and step_rows(results):
        return "No customers were compared; what figures did after our own changes stands below."
    if head is None:
        return "No comparison was made; this report counts and claims no effect."
    first = min(answering(results), key=lambda row: (QUESTIONS.index(row["estimand"]), *place_of_effect(row)))
    opening = f"{say.finding(first)} " if first["value"] is None and head["value"] is not None else ""
    return f"{opening}{say.finding(head)}"


def answering(results: Mapping[str, Any]) -> list[Row]:
    """Effects on all customers; an estimator of one's own answers beside the study's, never first."""
    return [row for row in settled(asked_effects(results)) if not row["segment"] and row.get("declared", True)]


def asked_effects(results: Mapping[str, Any]) -> list[Row]:
    """Effects that answer a question; where a test was looked at early, those that allow for it, and no others."""
    rows = [row for row in effect_rows(results) if row["estimand"] in QUESTIONS]
    looked = {_arm_of(row) for row in rows if row["estimand"] == ANYTIME and row["value"] is not None}

    def stands(row: Row) -> bool:
        if row["estimand"] == ANYTIME:
            return row["value"] is not None
        return row["estimand"] != "experiment_effect" or _arm_of(row) not in looked

    return [row for row in rows if stands(row)]


def _arm_of(row: Row) -> tuple[Any, ...]:
    names = ("treated", "comparison", "outcome")
    return (*(row[name] for name in names), tuple(sorted(row["segment"].items())))


def outcomes_in_order(results: Mapping[str, Any]) -> tuple[str, ...]:
    """The outcomes in the order in which the parameters name them, where they do."""
    named = (results.get("coverage") or {}).get("outcomes")
    return tuple(map(str, named)) if isinstance(named, Sequence) and not isinstance(named, str) and named else OUTCOMES


def tested_beside(head: Row | None, whole: Sequence[Row], outcomes: Sequence[str], say: Words) -> str:
    """What a randomised test found, where something less certain is the answer."""
    if head is None or head["grade"] == "A":
        return ""
    tested = [row for row in whole if row["grade"] == "A" and row["value"] is not None]
    best = min(
        tested, key=lambda row: (QUESTIONS.index(row["estimand"]), *place_of_effect(row, outcomes)), default=None
    )
    return "" if best is None else f"{say.finding(best)} {evidence_in_words(best, say)}"


def place_of_effect(row: Row, outcomes: Sequence[str] = OUTCOMES) -> tuple[int, str, int, str]:
    """The place of an effect among those of its question: by its outcome, its scale, its arm."""
    known = outcomes.index(row["outcome"]) if row["outcome"] in outcomes else len(outcomes)
    return known, str(row["outcome"]), int(row["scale"] != main_scale(row)), str(row["treated"])
