"""Which six to eight figures does a director remember? Effects first, then money, then what was counted.

Each has its range or its month, and how far it can be believed. Which effect is the answer is left to `answer`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.reporting.beside import outcome_of
from analysis.reporting.naming import grade_in_words, group_in_words, metric_in_words
from analysis.reporting.rows import Row, metric_rows, monthly
from analysis.reporting.summary.answer import QUESTIONS, place_of_effect
from analysis.reporting.wording import Words

METRICS = ("response_rate", "first_response_time_median", "mentions", "complaints_per_positive", "issues_raised")
MOST_FIGURES = 8
MOST_OUTCOMES = 3
MOST_EFFECTS = 6
"""Figures of effects where there is no case in money; each of the first outcomes has one before any has two."""


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number a director remembers: its name, the number, its range or period, and the evidence in words.

    `grade` is the letter behind `evidence`, where the number has one.
    """

    label: str
    value: str
    range: str
    evidence: str = ""
    grade: str = ""


def key_figures(
    results: Mapping[str, Any], whole: Sequence[Row], outcomes: Sequence[str], say: Words
) -> Iterator[KeyFigure]:
    """The figures in their order, more than fit; the first `MOST_FIGURES` are shown.

    Parameters
    ----------
    results : mapping
    whole : sequence of rows
        Effects on all customers.
    outcomes : sequence of str
        The outcomes in the order in which they are told.
    say : Words
    """
    roi = results.get("roi")
    for row in _chosen(whole, outcomes, MOST_OUTCOMES if roi else MOST_EFFECTS):
        arm = f", {group_in_words(row['treated'])}" if row["design"] == "ab_randomised" else ""
        low = "no limit" if row["low"] is None else say.effect_signed(row, row["low"])
        high = "no limit" if row["high"] is None else say.effect_signed(row, row["high"])
        yield KeyFigure(
            outcome_of(row) + arm,
            say.effect_signed(row),
            f"{say.level(row)}: {low} to {high}",
            grade_in_words(row["grade"]),
            row["grade"],
        )
    if roi:
        about = matching_of(results)
        yield from _money(roi, say, matched_only=bool(about) and about["claims"] == "matched")
    rows = [row for row in monthly(metric_rows(results)) if not row["segment"] and row["value"] is not None]
    for name in METRICS:
        last = next((row for row in reversed(rows) if row["id"] == name), None)
        if last is not None:
            unit = "" if last["unit"] in ("mentions", "issues", "orders") else last["unit"]
            value = say.number(last["value"]) if not unit else say.amount(last["value"], unit)
            state = "provisional" if last["state"] == "provisional" else ""
            yield KeyFigure(metric_in_words(name), value, f"in {say.month(last['period'])}", state)


def _chosen(whole: Sequence[Row], outcomes: Sequence[str], most: int) -> list[Row]:
    """One effect a question, outcome and arm, in order; the first outcomes of each question before further arms."""

    def place(row: Row) -> tuple[Any, ...]:
        return (QUESTIONS.index(row["estimand"]), *place_of_effect(row, outcomes))

    rows = sorted((row for row in whole if row["value"] is not None), key=place)
    arms = {(row["estimand"], row["outcome"], row["treated"]): row for row in reversed(rows)}
    first: dict[tuple[str, str], Row] = {}
    others = []
    for row in sorted(arms.values(), key=place):
        asked = [name for question, name in first if question == row["estimand"]]
        if row["outcome"] in asked:
            others.append(row)
        elif len(asked) < MOST_OUTCOMES:
            first[row["estimand"], row["outcome"]] = row
    return sorted([*first.values(), *others][:most], key=place)


def matching_of(results: Mapping[str, Any]) -> Mapping[str, Any]:
    """How many social contacts have a customer, as the results have it; empty where nobody looked."""
    return (results.get("coverage") or {}).get("matching") or {}


def _money(roi: Mapping[str, Any], say: Words, *, matched_only: bool) -> Iterator[KeyFigure]:
    shares = roi.get("npv_share_by_grade") or {}
    grade = max(sorted(shares), key=lambda name: shares[name], default=None)
    mostly = "" if grade is None or shares[grade] > 1 - 1e-9 else "mostly "
    evidence = f"rests {mostly}on: {grade_in_words(grade)}" if grade is not None and shares[grade] > 0 else ""
    if (roi.get("evidence") or {}).get("past_cap"):
        evidence = "; ".join(filter(None, (evidence, "more of it assumed than is allowed")))
    if matched_only:
        evidence = "; ".join(filter(None, (evidence, "for matched customers only")))
    low, middle, high = (roi["npv"][name] for name in ("p5", "p50", "p95"))
    if None not in (low, middle, high):
        cases = f"low case {say.about(low, roi['currency'])}, high case {say.about(high, roi['currency'])}"
        yield KeyFigure(f"Net present value, {roi['years']} years", say.about(middle, roi["currency"]), cases, evidence)
    chance = roi.get("probability_npv_positive")
    if chance is not None:
        yield KeyFigure("Chance of a gain", say.chance(chance), "share of simulated outcomes above zero", evidence)
    low, middle, high = ((roi.get("payback_months") or {}).get(name) for name in ("p5", "p50", "p95"))
    value = "not within the years" if middle is None else f"{say.number(middle, 1)} months"
    ends = ["not within the years" if end is None else f"{say.number(end, 1)} months" for end in (high, low)]
    yield KeyFigure("Paid back after", value, f"low case {ends[0]}, high case {ends[1]}", evidence)
