"""How did the headline stand in each report of this line? One row a report, the oldest first.

Reads `previous.line` and the report itself. How the line is drawn is left to `charts.quarters`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pandas as pd

from analysis.reporting.difference.line import apart, effects_in, figures_in, line_of
from analysis.reporting.formats import plain
from analysis.reporting.naming import in_plain_words, metric_in_words, outcome_in_words
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import NONE, period_in_words, value_cell
from analysis.reporting.tables.table import Table
from analysis.reporting.wording import Words, words

BREAK = "*"


def quarters(results: Mapping[str, Any], *, locale: str | None = None) -> Table | None:
    """The reports of a line, at most eight, each with what it said then: the effect with interval and grade, figures.

    None where there is no last report.
    """
    line = line_of(results)
    if len(line) < 2:
        return None
    say = words(locale)
    effects, figures = effects_in(line), figures_in(line)
    head = next((row for row in reversed(effects) if row is not None), None)
    records = []
    for place, entry in enumerate(line):
        record = {"Report": in_plain_words(plain(entry["study"], 60)), "To": last_day_in_words(entry, say)}
        if head is not None:
            record[effect_label(head)] = _effect(effects[place], say)
        for name, rows in figures.items():
            record[metric_in_words(name)] = _figure(rows, place, say)
        records.append(record)
    notes = [_what(line, figures, say)]
    if any(_is_break(rows, place) for rows in figures.values() for place in range(len(line))):
        notes.append(f"{BREAK} Counted by another definition than in the report before: the two cannot be compared.")
    if any(row is None and line[place]["effect"] is not None for place, row in enumerate(effects)):
        notes.append("A report whose answer was to another question shows no effect here.")
    frame = pd.DataFrame([_values(line, place, effects, figures) for place in range(len(line))])
    return Table("The line of reports, each as it said itself", pd.DataFrame(records), frame, notes=tuple(notes))


def effect_label(head: Row) -> str:
    """What the effect of a line is called."""
    return f"Effect on {outcome_in_words(head['outcome']).measure}"


def last_day_in_words(entry: Mapping[str, Any], say: Words, *, short: bool = False) -> str:
    """Until when a report counts: its last month, or the day where it ends within one.

    Examples
    --------
    >>> last_day_in_words({"period": {"start": "2025-10-01", "end": "2026-01-01"}}, words("en_GB"))
    'December 2025'
    """
    period = entry["period"]
    if not period:
        return NONE
    try:
        last = date.fromisoformat(period["end"]) - timedelta(days=1)
    except ValueError:
        return plain(period["end"], 20)
    whole = (last + timedelta(days=1)).day == 1
    return say.month(f"{last:%Y-%m}", short=short) if whole else say.day(last)


def _values(
    line: list[dict[str, Any]], place: int, effects: list[Row | None], figures: Mapping[str, list[Row | None]]
) -> dict[str, Any]:
    """The values behind one row, unrounded."""
    effect = effects[place] or {}
    row = {"study": line[place]["study"], **{f"effect_{key}": effect.get(key) for key in _ENDS}}
    return {**row, **{name: (rows[place] or {}).get("value") for name, rows in figures.items()}}


_ENDS = ("value", "low", "high", "level", "grade")


def _effect(effect: Row | None, say: Words) -> str:
    if effect is None:
        return NONE
    grade = f", grade {plain(effect['grade'], 10)}" if effect.get("grade") else ""
    return f"{say.effect_in_short(effect)}{grade}"


def _figure(rows: list[Row | None], place: int, say: Words) -> str:
    row = rows[place]
    if row is None:
        return NONE
    said = value_cell(say, row["value"], row.get("unit") or "")
    return said + BREAK * _is_break(rows, place) + " (p)" * (row.get("state") == "provisional")


def _is_break(rows: list[Row | None], place: int) -> bool:
    """Whether a figure is counted by another definition than in the report before that holds it."""
    row = rows[place]
    before = next((one for one in reversed(rows[:place]) if one is not None), None)
    return row is not None and before is not None and row.get("version") != before.get("version")


def _what(line: list[dict[str, Any]], figures: Mapping[str, list[Row | None]], say: Words) -> str:
    told = "Nothing is counted anew: every report stands as it said then."
    if any(row is not None and row.get("state") == "provisional" for rows in figures.values() for row in rows):
        told += " (p) provisional at that time."
    if apart(line):
        return f"Figures of each report's whole period. {told}"
    months = next(
        ([row["period"] for row in rows if row is not None] for rows in figures.values() if rows[-1] is not None), []
    )
    last = f", as {period_in_words(say, str(months[-1]))} in the last" if months else ""
    return f"The reports cover days in common, so each figure is of its report's last month{last}. {told}"
