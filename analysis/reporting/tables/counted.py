"""What was counted? Tables of figures: of all by month, of one by its parts, and of the notes they bear.

What could not be counted is left to `coverage`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.naming import basis_in_words, humanised, metric_in_words
from analysis.reporting.rows import Row, metric_rows, monthly
from analysis.reporting.tables.cells import (
    AREA_NAMES,
    CLOSED,
    NONE,
    area_of,
    counts_otherwise,
    figure_name,
    gathered,
    period_in_words,
    place_of,
    readable,
    segment_cell,
    state_mark,
    state_notes,
    value_cell,
)
from analysis.reporting.tables.coverage import lacking
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

_MOST_MONTHS = 6
_WHOLE = "Whole period"
_AREA = "Area"


def metrics(result: Any, *, months: int = _MOST_MONTHS, locale: str | None = None) -> Table:
    """The counted figures of the whole period and of its last months, by area; months that may still change are marked.

    A figure counted on both bases has a row for each. A month bears the state that most of its figures have; a figure
    in another state bears its own.
    """
    say = words(locale)
    every = [row for row in metric_rows(result) if not row["segment"]]
    rows = monthly(every)
    by_month = {(_key(row), row["period"]) for row in rows}
    whole = {_key(row): row for row in every if (_key(row), row["period"]) not in by_month}
    if not rows:
        raise DesignError("There is no figure by month to show in a table.")
    shown = sorted({row["period"] for row in rows})[-months:]
    rows = [row for row in rows if row["period"] in shown]
    usual = _usual_states(rows)
    heads = {month: _head(say, month, usual) for month in shown}
    keys = sorted({_key(row) for row in rows} | set(whole), key=lambda key: (*place_of(key[0]), key))
    areas = [area_of(name) for name, _ in keys]
    at = {(_key(row), row["period"]): row for row in rows}
    records = [
        ({_AREA: area} if len(set(areas)) > 1 else {})
        | {"Figure": _label(key, keys, rows)}
        | ({_WHOLE: _cell(say, whole.get(key))} if whole else {})
        | {heads[month]: _cell(say, at.get((key, month)), usual[month]) for month in shown}
        for area, key in sorted(zip(areas, keys, strict=True), key=lambda pair: AREA_NAMES.index(pair[0]))
    ]
    notes = _why_empty([[row for row in rows if _key(row) == key and row["value"] is None] for key in keys], say)
    notes += gathered(say, [*whole.values(), *rows])
    return Table(
        caption=f"Figures of the whole period and by month, {say.months(shown[0], shown[-1])}"
        if whole
        else f"Figures by month, {say.months(shown[0], shown[-1])}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([*whole.values(), *rows]),
        numbers=(*((_WHOLE,) if whole else ()), *heads.values()),
        groups=_AREA if len(set(areas)) > 1 else None,
        notes=(*notes, *_state_notes(rows, usual)),
    )


def by_segment(
    result: Any, metric: str, *, basis: str | None = None, months: int = _MOST_MONTHS, locale: str | None = None
) -> Table:
    """One figure broken down (by channel, product, platform, who replied), in the whole period and its last months.

    Parameters
    ----------
    result : a result, results or rows of metrics
    metric : str
    basis : str, optional
        Only this one, of a metric counted on both.
    months : int

    Raises
    ------
    DesignError
        If the result neither holds the metric by segment nor says what it lacks.
    """
    say = words(locale)
    every = [row for row in metric_rows(result) if row["id"] == metric and basis in (None, row["basis"])]
    every = [row for row in every if "programme" not in row["segment"]]  # before and after have a table of their own
    name = metric_in_words(metric)
    if not any(row["segment"] for row in every):
        if lack := lacking(result).get(metric):
            return sentences_alone(name, f"{name} could not be counted: {plain(lack)} is missing.")
        raise DesignError(f"There is no figure `{metric}` by segment to show in a table.")
    rows = monthly(every)
    shown = sorted({row["period"] for row in rows})[-months:]
    rows = [row for row in rows if row["period"] in shown]
    whole = {_part(row): row for row in every if len(row["period"]) != 7}
    usual = _usual_states(rows)
    heads = {month: _head(say, month, usual) for month in shown}
    parts = sorted({_part(row) for row in [*whole.values(), *rows]}, key=lambda part: (part[0], len(part[1]), part[1]))
    at = {(_part(row), row["period"]): row for row in rows}
    by = sorted({key for row in every for key in row["segment"]})
    said = " and ".join(humanised(key).lower() for key in by)
    bases = {basis for basis, _ in parts}
    records = [
        ({"Basis": humanised(basis_in_words(part[0]))} if len(bases) > 1 else {})
        | {humanised(said): segment_cell(dict(part[1])) or "All"}
        | ({_WHOLE: _cell(say, whole.get(part))} if whole else {})
        | {heads[month]: _cell(say, at.get((part, month)), usual[month]) for month in shown}
        for part in parts
    ]
    empty = [[row for row in rows if _part(row) == part and row["value"] is None] for part in parts]
    return Table(
        caption=name if name.lower().endswith(f" by {said}") else f"{name} by {said}",
        cells=pd.DataFrame(records),
        frame=pd.DataFrame([*whole.values(), *rows]),
        numbers=(*((_WHOLE,) if whole else ()), *heads.values()),
        groups="Basis" if len(bases) > 1 else None,
        notes=(*_why_empty(empty, say), *gathered(say, [*whole.values(), *rows]), *_state_notes(rows, usual)),
    )


def figure_notes(result: Any, *, months: int = _MOST_MONTHS, locale: str | None = None) -> Table:
    """What should be known of single figures: every note of the whole period and of the last months."""
    say = words(locale)
    every = metric_rows(result)
    shown = sorted({row["period"] for row in monthly(every)})[-months:]
    rows = [row for row in every if row.get("note") and (row["period"] in shown or len(row["period"]) != 7)]
    if not rows:
        return sentences_alone("Notes on figures", "There is no note on any figure.")
    rows.sort(key=lambda row: (*place_of(row["id"]), row["basis"], _part(row), len(row["period"]), row["period"]))
    records = [
        {
            "Figure": figure_name(row, with_basis=True),
            "Month": period_in_words(say, row["period"]),
            "What should be known": readable(say, row["note"]),
        }
        for row in rows
    ]
    return Table("Notes on figures", pd.DataFrame(records), pd.DataFrame(rows), sentences=True)


def _key(row: Row) -> tuple[str, str]:
    return row["id"], row["basis"]


def _part(row: Row) -> tuple[str, tuple[tuple[str, str], ...]]:
    return row["basis"], tuple(sorted(row["segment"].items()))


def _label(key: tuple[str, str], keys: Sequence[tuple[str, str]], rows: Sequence[Row]) -> str:
    """The figure's name, with its basis where it is counted on both; money of no known currency says so."""
    name, basis = key
    money = any(row["id"] == name and row["unit"] == "money" for row in rows)
    both = sum(other == name for other, _ in keys) > 1
    return (
        metric_in_words(name)
        + (f" ({basis_in_words(basis)})" if both else "")
        + (", in the tables' currency" if money else "")
    )


def _why_empty(by_figure: Sequence[Sequence[Row]], say: Words) -> list[str]:
    """Why figures have no value, each by its latest month; figures with one reason share a sentence."""
    said: dict[tuple[str, str, int], list[str]] = {}
    for rows in by_figure:
        if rows:
            last = rows[-1]
            key = (last["period"], readable(say, last["reason"]), len(rows) - 1)
            names = said.setdefault(key, [])
            name = metric_in_words(last["id"])
            name += f", {segment_cell(last['segment'])}" if last["segment"] else ""
            if name not in names:
                names.append(name)
    notes = []
    for (month, reason, others), names in said.items():
        more = f"; so in {others} earlier month{'s' if others > 1 else ''}" if others else ""
        notes.append(f"{'; '.join(names)}, {say.month(month)}: {reason}{more}.")
    return notes


def _cell(say: Words, row: Row | None, usual: str | None = None) -> str:
    """A figure, with its state where that is not the usual one of its month, and a star where it counts otherwise."""
    if row is None or row["value"] is None:
        return NONE
    mark = "" if usual is None or row["state"] == usual else state_mark(row["state"])
    return value_cell(say, row["value"], row["unit"]) + mark + ("\xa0*" if counts_otherwise(row) else "")


def _usual_states(rows: Sequence[Row]) -> dict[str, str]:
    """The state of a month: that of most of its figures, where one that was closed and changed later is closed too."""
    counts: dict[str, Counter[str]] = {}
    for row in rows:
        state = "locked" if row["state"] in CLOSED else str(row["state"])
        counts.setdefault(row["period"], Counter())[state] += 1
    return {month: min(states, key=lambda state: (-states[state], state)) for month, states in counts.items()}


def _head(say: Words, month: str, usual: Mapping[str, str]) -> str:
    return say.month(month, short=True) + ("" if usual[month] == "locked" else state_mark(usual[month]))


def _state_notes(rows: Sequence[Row], usual: Mapping[str, str]) -> list[str]:
    """What the marks at months and figures mean."""
    marked = {usual[row["period"]] for row in rows} - {"locked"}
    marked |= {row["state"] for row in rows if row["value"] is not None and row["state"] != usual[row["period"]]}
    return state_notes(marked)
