"""What is provisional in a report, and what is missing from it, with the reason of each gap?

Steps that were left out come before single figures. Which months are closed is left to `analysis.reporting.standing`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words, metric_in_words, outcome_in_words
from analysis.reporting.rows import Row, metric_rows, monthly
from analysis.reporting.settled import is_interim
from analysis.reporting.standing import still_open
from analysis.reporting.tables.cells import readable
from analysis.reporting.wording import Words

STEPS = {
    "metrics": "What was counted",
    "month_close": "The closed months",
    "before_after": "Before and after",
    "service_effect": "Answered in time",
    "adoption": "Taking up social care",
    "change_log": "What changed, and what figures did then",
    "ab_segments": "Users against others",
    "effort": "Effort and loyalty",
    "design_sheet": "A test that is being planned",
    "loyalty_hypotheses": "What was believed, and what the figures say",
    "roi_case": "The case in money",
}
"""What the steps that can be left out are called."""


def provisional(results: Mapping[str, Any], effects: Sequence[Row], say: Words) -> Iterator[str]:
    """Which months and effects may still change."""
    yield from still_open(results, say)
    early = {outcome_in_words(row["outcome"]).label: row for row in effects if is_interim(row)}
    if early:
        over = {_what(row) for row in effects if not is_interim(row)}
        alone = sorted(name for name, row in early.items() if _what(row) not in over)
        beside = sorted(set(early) - set(alone))
        if alone:
            yield f"Effects on {', '.join(alone)}: the time after the contact is not over for all customers."
        if beside:
            yield f"Interim figures of the latest contacts, beside those whose time is over ({', '.join(beside)})."


def missing(results: Mapping[str, Any], effects: Sequence[Row], say: Words) -> Iterator[str]:
    """What was asked for and is not there, each with its reason: steps, then effects, then figures."""
    coverage = results.get("coverage") or {}
    for row in coverage.get("skipped") or ():
        if isinstance(row, Mapping):
            name = row.get("step") or row.get("name") or "A step"
            step = STEPS.get(name) or humanised(name)
            yield f"{step}: {readable(say, row.get('reason') or 'left out', 300)}".rstrip(".") + "."
    if results.get("roi") is None:
        yield "The case in money was not made."
    by_periods = ((results.get("period") or {}).get("calendar") or {}).get("note")
    if by_periods:
        yield readable(say, by_periods, 300)
    for told in coverage.get("without_effect") or ():
        yield f"Set, but without effect in this version: {in_plain_words(plain(told))}."
    yield from dict.fromkeys(say.finding(row) for row in effects if row["value"] is None)
    lacking = coverage.get("metrics_missing") or {}
    for name, why in sorted(lacking.items()):
        yield f"{metric_in_words(name)}: needs {readable(say, why, 300)}."
    empty: dict[str, list[Row]] = {}
    for row in metric_rows(results):
        if row["value"] is None:
            empty.setdefault(metric_in_words(row["id"]), []).append(row)
    yield from (_why_empty(name, rows, say) for name, rows in sorted(empty.items()))


def _what(row: Row) -> tuple[Any, ...]:
    return tuple(row.get(name) for name in ("design", "estimand", "treated", "comparison", "outcome"))


def _why_empty(name: str, rows: Sequence[Row], say: Words) -> str:
    """Why a figure has no value: in the whole period, else in its last month, and in how many months besides."""
    rows = [row for row in rows if not row["segment"]] or rows
    single = monthly(rows)
    wholes = [row for row in rows if row not in single]
    shown = wholes[-1] if wholes else single[-1]
    months = len({row["period"] for row in single} - {shown["period"]})
    first, _, last = str(shown["period"]).partition("/")
    which = "too in {} of its months" if wholes else "in {} earlier months" if months > 1 else "in {} earlier month"
    more = f"; so {which.format(months)}" if months else ""
    why = readable(say, shown.get("reason") or "no reason was recorded", 300)
    return f"{name}, {say.months(first, last or first)}: {why}{more}."
