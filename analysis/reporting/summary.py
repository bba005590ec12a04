"""What does a director need to know, on one page, and how far may it be believed?

Reads nothing but `results.json`, so that the summary of a report can be made again from its file. The answer is chosen
by fixed rules, never by its size: the comparison named first in `QUESTIONS`, on the outcome named first in `OUTCOMES`.
Saying it in words is left to `analysis.reporting.wording`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, effect_rows, metric_rows, monthly
from analysis.reporting.wording import (
    Words,
    check_in_words,
    evidence_in_words,
    grade_in_words,
    group_in_words,
    humanised,
    in_plain_words,
    metric_in_words,
    outcome_in_words,
    verdict_in_words,
    words,
)

QUESTIONS = ("channel_effect", "service_effect", "experiment_effect", "complier_effect", "adoption_effect")
OUTCOMES = ("orders", "revenue", "margin", "repurchased", "issues", "support_cost", "spend", "conversion", "visit")
METRICS = ("response_rate", "first_response_time_median", "mentions", "complaints_per_positive", "issues_raised")
MOST_FIGURES = 8


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One number a director remembers: its name, the number, its range or period, and the evidence in words."""

    label: str
    value: str
    range: str
    evidence: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """The answer, the key figures, and everything that limits them."""

    answer: str
    evidence: str
    figures: tuple[KeyFigure, ...]
    provisional: tuple[str, ...]
    doubts: tuple[str, ...]
    missing: tuple[str, ...]

    def sections(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """The lists under the figures, each with its heading; an empty one says so."""
        yield "What could be wrong", self.doubts or ("No check failed or was left out.",)
        yield "What is provisional", self.provisional or ("Nothing: all figures are closed.",)
        yield "What is missing", self.missing or ("Nothing that was asked for.",)

    def __str__(self) -> str:
        lines = [self.answer, self.evidence, ""]
        lines += [f"{figure.label}: {figure.value} ({figure.range})" for figure in self.figures]
        for title, items in self.sections():
            lines += ["", title, *(f"- {item}" for item in items)]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        figures = "".join(
            f'<div class="ts-figure"><dt>{_text(figure.label)}</dt><dd class="ts-value">{_text(figure.value)}</dd>'
            f'<dd class="ts-range">{_text(figure.range)}</dd>'
            + (f'<dd class="ts-evidence">{_text(figure.evidence)}</dd>' if figure.evidence else "")
            + "</div>"
            for figure in self.figures
        )
        sections = "".join(
            f'<h3>{title}</h3><ul class="ts-list">{"".join(f"<li>{_text(item)}</li>" for item in items)}</ul>'
            for title, items in self.sections()
        )
        return (
            f'<div class="ts-summary"><p class="ts-answer">{_text(self.answer)}</p>'
            f'<p class="ts-evidence">{_text(self.evidence)}</p><dl class="ts-figures">{figures}</dl>{sections}</div>'
        )


def summary(results: Mapping[str, Any], *, locale: str = "en_GB") -> Summary:
    """The answer in one sentence, the key figures, what is provisional, what could be wrong and what is missing.

    Parameters
    ----------
    results : mapping
        What `results.json` holds.

    Examples
    --------
    >>> print(summary({"effects": [], "metrics": [], "roi": None}).answer)
    No comparison was made; this report counts and claims no effect.
    """
    say = words(locale)
    effects = [row for row in effect_rows(results) if row["estimand"] in QUESTIONS]
    whole = [row for row in effects if not row["segment"]]
    head = headline(results)
    answer = "No comparison was made; this report counts and claims no effect." if head is None else say.finding(head)
    return Summary(
        answer=answer,
        evidence=evidence_in_words(head),
        figures=tuple(_figures(results, whole, say))[:MOST_FIGURES],
        provisional=tuple(_provisional(results, effects, say)),
        doubts=tuple(_doubts(results, whole, effects)),
        missing=tuple(_missing(results, effects, say)),
    )


def headline(results: Mapping[str, Any]) -> Row | None:
    """The one effect that answers the study's question: all customers, by the order of questions and outcomes.

    The first effect that is claimed stands above one that was refused, whatever it says.
    """
    whole = [row for row in effect_rows(results) if row["estimand"] in QUESTIONS and not row["segment"]]
    return min(
        whole,
        key=lambda row: (row["value"] is None, QUESTIONS.index(row["estimand"]), *_place(row)),
        default=None,
    )


def _place(row: Row) -> tuple[int, str, int, str]:
    known = OUTCOMES.index(row["outcome"]) if row["outcome"] in OUTCOMES else len(OUTCOMES)
    return known, str(row["outcome"]), int(row["scale"] != "ratio"), str(row["treated"])


def _figures(results: Mapping[str, Any], whole: Sequence[Row], say: Words) -> Iterator[KeyFigure]:
    rows = sorted(
        (row for row in whole if row["value"] is not None),
        key=lambda row: (QUESTIONS.index(row["estimand"]), *_place(row)),
    )
    main = {(row["estimand"], row["outcome"], row["treated"]): row for row in reversed(rows)}
    chosen = sorted(main.values(), key=lambda row: (QUESTIONS.index(row["estimand"]), *_place(row)))
    roi = results.get("roi")
    for row in chosen[: 3 if roi else 4]:
        arm = f", {group_in_words(row['treated'])}" if row["estimand"] == "experiment_effect" else ""
        low = "no limit" if row["low"] is None else say.effect_signed(row, row["low"])
        high = "no limit" if row["high"] is None else say.effect_signed(row, row["high"])
        yield KeyFigure(
            outcome_in_words(row["outcome"]).label + arm,
            say.effect_signed(row),
            f"{say.level(row)}: {low} to {high}",
            grade_in_words(row["grade"]),
        )
    if roi:
        yield from _money(roi, say)
    rows = [row for row in monthly(metric_rows(results)) if not row["segment"] and row["value"] is not None]
    for name in METRICS:
        last = next((row for row in reversed(rows) if row["id"] == name), None)
        if last is not None:
            unit = "" if last["unit"] in ("mentions", "issues", "orders") else last["unit"]
            value = say.number(last["value"]) if not unit else say.amount(last["value"], unit)
            state = "provisional" if last["state"] == "provisional" else ""
            yield KeyFigure(metric_in_words(name), value, f"in {say.month(last['period'])}", state)


def _money(roi: Mapping[str, Any], say: Words) -> Iterator[KeyFigure]:
    shares = roi.get("npv_share_by_grade") or {}
    grade = max(sorted(shares), key=lambda name: shares[name], default=None)
    evidence = f"rests on: {grade_in_words(grade)}" if grade is not None and shares[grade] > 0 else ""
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


def _provisional(results: Mapping[str, Any], effects: Sequence[Row], say: Words) -> Iterator[str]:
    months = sorted({row["period"] for row in monthly(metric_rows(results)) if row["state"] == "provisional"})
    if months:
        every = {row["period"] for row in monthly(metric_rows(results))}
        which = "all months" if len(months) == len(every) else ", ".join(say.month(month) for month in months)
        yield f"Counted figures of {which}: the months are not closed and may still change."
    interim = sorted({outcome_in_words(row["outcome"]).label for row in effects if row["maturity"] == "interim"})
    if interim:
        yield f"Effects on {', '.join(interim)}: the time after the contact is not over for all customers."


def _doubts(results: Mapping[str, Any], whole: Sequence[Row], effects: Sequence[Row]) -> Iterator[str]:
    for verdict in ("failed", "not_run"):
        found: dict[tuple[str, str], list[str]] = {}
        for row in sorted(whole, key=_place):
            for check in row["checks"]:
                if check["verdict"] == verdict:
                    outcomes = found.setdefault((check["name"], check["detail"]), [])
                    label = outcome_in_words(row["outcome"]).label
                    outcomes += [label] if label not in outcomes else []
        for (name, detail), outcomes in found.items():
            yield (
                f"“{check_in_words(name)}” {verdict_in_words(verdict)} ({', '.join(outcomes)}). "
                f"{in_plain_words(plain(detail))}"
            )
    if any(row["grade"] == "B" and row["value"] is not None for row in whole):
        yield "A cause that nobody recorded could explain a comparison, even one that passed its checks."
    late = sum(not row.get("declared", True) for row in effects)
    notes = (results.get("coverage") or {}).get("notes") or {}
    yield from dict.fromkeys(in_plain_words(plain(note)) for step in sorted(notes) for note in notes[step])
    if late:
        yield f"{late} {'effect was' if late == 1 else 'effects were'} not named before the data were looked at."


def _missing(results: Mapping[str, Any], effects: Sequence[Row], say: Words) -> Iterator[str]:
    refused = [say.finding(row) for row in effects if row["value"] is None]
    yield from _counted(refused, "effects")
    empty: dict[str, str] = {}
    for row in metric_rows(results):
        if row["value"] is None:
            empty.setdefault(metric_in_words(row["id"]), plain(row.get("reason") or "no reason was recorded"))
    yield from _counted([f"{name}: {why}." for name, why in sorted(empty.items())], "figures")
    coverage = results.get("coverage") or {}
    for row in coverage.get("skipped") or ():
        if isinstance(row, Mapping):
            step = humanised(row.get("step") or row.get("name") or "A step")
            yield f"{step}: {in_plain_words(plain(row.get('reason') or 'left out'))}".rstrip(".") + "."
    lacking = coverage.get("metrics_missing") or {}
    yield from _counted(
        [f"{metric_in_words(name)}: needs {plain(why)}." for name, why in sorted(lacking.items())], "figures"
    )
    for text in coverage.get("without_effect") or ():
        yield f"Set, but without effect in this version: {in_plain_words(plain(text))}."
    if results.get("roi") is None:
        yield "The case in money was not made."


def _counted(items: Sequence[str], what: str, most: int = 5) -> Iterable[str]:
    unique = list(dict.fromkeys(items))
    rest = len(unique) - most
    return unique if rest <= 1 else [*unique[:most], f"… and {rest} further {what}."]


def _text(text: str) -> str:
    return escape(text, quote=False)
