"""Did the parts of a ratio change, or their mix? In executives' words, each column of parts by itself.

Reads what `results.json` holds under `previous.ratios`. How a change is split was decided by
`analysis.reporting.difference`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words, metric_in_words
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import period_in_words, signed, value_cell
from analysis.reporting.tables.table import Table, sentences_alone
from analysis.reporting.wording import Words, words

CAPTION = "Why ratios moved: their parts, or the mix of them"
_FIRST = ("response_rate", "resolved_by_us_share", "sla_attainment", "resolution_rate", "complaints_per_positive")
"""The ratios a director asks for first; the others follow by name."""
_LEAST = 0.005
_SAID, _MOST_REVERSED, _MOST_ROWS = ("response_rate", "resolution_rate"), 2, 24
_MANY = {"channel": "channels", "product": "products", "platform": "platforms"}


def mix_and_rate(results: Mapping[str, Any], *, locale: str | None = None) -> Table | None:
    """Each ratio that moved since the last report, and how much of it came from the parts and from their mix.

    None where there is no last report. Ratios counted on both bases are shown by the month in which the customer wrote.
    """
    previous = results.get("previous")
    if not previous or not isinstance(previous.get("ratios"), Mapping):
        return None
    say = words(locale)
    ratios = previous["ratios"]
    rows = shown_ratios(ratios)
    if not rows:
        return sentences_alone(CAPTION, _why_none(ratios))
    some_alone = any(row["new"] or row["gone"] for row in rows)
    cells = [_cells(row, say, alone=some_alone) for row in rows[:_MOST_ROWS]]
    notes = [
        f"{_months_said(rows[0], say)} Each line splits the whole change by itself: the lines of one figure are views "
        "of the same change and are never added.",
        "“The parts themselves” is what the figure would have moved had each part kept its share; “their mix” what it "
        "would have moved had each part kept its own figure. Together they are the change, to the last digit.",
    ]
    if any(row["held_otherwise"] for row in rows):
        notes.append(
            "Counted from the tables as they were known at each report. Where a month was closed with other numbers, "
            "the closed figure stands elsewhere in the report."
        )
    if rest := len(rows[_MOST_ROWS:]):
        notes.append(f"{say.number(rest)} further lines: touchstone diff lists them all.")
    notes += [_left_out_said(one) for one in ratios.get("left_out", ())[:3]]
    numbers = tuple(name for name in cells[0] if name not in ("Figure", "Split by"))
    return Table(CAPTION, pd.DataFrame(cells), pd.DataFrame(rows), numbers=numbers, notes=tuple(notes))


def shown_ratios(ratios: Mapping[str, Any]) -> list[Row]:
    """The splits shown: of each ratio those on one basis, the ratios a director asks for first."""
    rows = list(ratios.get("rows") or ())
    last = {row["metric"]: max(other["basis"] for other in rows if other["metric"] == row["metric"]) for row in rows}
    kept = [row for row in rows if row["basis"] == last[row["metric"]]]
    return sorted(kept, key=lambda row: _FIRST.index(row["metric"]) if row["metric"] in _FIRST else len(_FIRST))


def mix_in_words(ratios: Mapping[str, Any], say: Words) -> Iterator[str]:
    """Where the parts went one way and the whole the other; and the first ratios, split, where they moved visibly."""
    rows = shown_ratios(ratios)
    turned = [row for row in rows if row["reversed"] and _is_seen(row, say)]
    for row in turned[:_MOST_REVERSED]:
        rose = row["change"] > 0
        before, after = (_value(say, row[side]["value"], row["unit"]) for side in ("before", "after"))
        yield (
            f"{metric_in_words(row['metric'])}: every {_one(row)} {'fell' if rose else 'rose'} or stayed, and all "
            f"together {'rose' if rose else 'fell'}, from {before} to {after}. The mix of {_many(row)} changed: more "
            f"came from where the figure is {'higher' if rose else 'lower'}."
        )
    told = {row["metric"] for row in turned[:_MOST_REVERSED]}
    for name in _SAID:
        mine = [one for one in rows if one["metric"] == name and name not in told and _is_seen(one, say)]
        if not mine:
            continue
        row = max(mine, key=lambda one: abs(one["mix"] + one["new"] + one["gone"]))  # the column that tells most
        before, after = (_value(say, row[side]["value"], row["unit"]) for side in ("before", "after"))
        new = row["new"] + row["gone"]
        terms = [f"{_change(say, row['rate'], row['unit'])} from the {_many(row)} themselves",
                 f"{_change(say, row['mix'], row['unit'])} from their mix"]  # fmt: skip
        if new:
            terms.append(f"{_change(say, new, row['unit'])} from {_many(row)} that only one report has")
        yield (
            f"{metric_in_words(name)} went from {before} ({_span(row, 'before', say)}) to {after} "
            f"({_span(row, 'after', say)}): {', '.join(terms[:-1])} and {terms[-1]}."
        )


def _cells(row: Row, say: Words, *, alone: bool) -> dict[str, str]:
    unit = row["unit"]
    found = {
        "Figure": metric_in_words(row["metric"]) + (" (each part and the whole went opposite ways)" * row["reversed"]),
        "Split by": humanised(plain(row["by"], 40)),
        "Last report": _value(say, row["before"]["value"], unit),
        "This report": _value(say, row["after"]["value"], unit),
        "Change": _change(say, row["change"], unit),
        "The parts themselves": _change(say, row["rate"], unit),
        "Their mix": _change(say, row["mix"], unit),
    }
    return {**found, "New and lost parts": _change(say, row["new"] + row["gone"], unit)} if alone else found


def _value(say: Words, value: float, unit: str) -> str:
    return value_cell(say, value, unit)


def _change(say: Words, change: float, unit: str) -> str:
    """A change in the figure's unit; of a share in percentage points. What rounds to nothing has no sign."""
    if unit != "share":
        said = value_cell(say, change, unit)
        return said if not re.search(r"[1-9]", said) else signed(say, change, unit)
    points = say.number(100 * change, 2 if abs(change) < 0.0095 else 1)
    if not re.search(r"[1-9]", points):
        return f"{say.number(0.0, 2)} points"
    return f"{'+' if change > 0 else ''}{points} points"


def _is_seen(row: Row, say: Words) -> bool:
    """Whether the change is worth a sentence: both sides read differently, by half a point or half a percent."""
    before, after = row["before"]["value"], row["after"]["value"]
    least = _LEAST if row["unit"] == "share" else _LEAST * abs(before)
    return abs(after - before) >= least and _value(say, before, row["unit"]) != _value(say, after, row["unit"])


def _one(row: Row) -> str:
    return plain(row["by"], 40).replace("_", " ")


def _many(row: Row) -> str:
    return _MANY.get(row["by"], f"parts by {_one(row)}")


def _span(row: Row, side: str, say: Words) -> str:
    months: Sequence[str] = row[side]["months"]
    return period_in_words(say, months[0] if len(months) == 1 else f"{months[0]}/{months[-1]}")


def _months_said(row: Row, say: Words) -> str:
    return f"Last report: {_span(row, 'before', say)}. This report: {_span(row, 'after', say)}."


def _left_out_said(one: Row) -> str:
    why = in_plain_words(plain(one["reason"], 160)).rstrip(".")
    return f"Not split: {metric_in_words(one['metric'])} by {plain(one['by'], 40)}: {why}."


def _why_none(ratios: Mapping[str, Any]) -> str:
    held = ratios.get("held") or {}
    if not held.get("before"):
        return "The last report does not say what its ratios are made of, so that their changes cannot be split."
    if not held.get("after"):
        return "This report holds no ratio in parts, so that no change can be split."
    return "No ratio that both reports hold in parts has moved."
