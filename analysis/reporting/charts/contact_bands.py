"""What goes with more contacts, drawn: among customers alike (filled) and raw (hollow), against those without.

The title says what is seen and the foot that it is no effect. The contacts were counted before the purchases began.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, draw_intervals, interval_height
from analysis.reporting.formats import is_currency, plain
from analysis.reporting.naming import outcome_in_words, unit_in_words
from analysis.reporting.rows import effect_rows, level_of
from analysis.reporting.wording import words

_AGAINST = {"contacts": "no contact", "mix": "one other channel"}


def contact_bands(dose: Any, outcome: str = "orders", *, by: str = "contacts", locale: str | None = None) -> Figure:
    """The difference that goes with each number of contacts, or with each mix.

    Parameters
    ----------
    dose : DoseResult
        With `bands`.
    outcome : str
    by : {"contacts", "mix"}

    Raises
    ------
    NothingToDraw
        If nothing was told of that outcome.
    """
    say = words(locale)
    every: pd.DataFrame | None = getattr(dose, "bands", None)
    if every is None:
        raise NothingToDraw("The chart of contacts needs what goes with each number of them (`bands`).")
    frame = every[(every["outcome"] == outcome) & (every["by"] == by) & every["alike"].notna()].reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw(f"Nothing is told of {outcome_in_words(outcome).label.lower()} by {plain(by, 40)}.")
    level = level_of(effect_rows(dose))
    unit = str(frame["unit"].iloc[0])
    clear = sum(not row["alike_low"] <= 0 <= row["alike_high"] for row in frame.to_dict("records"))
    label = outcome_in_words(outcome).label
    what = "numbers of contacts" if by == "contacts" else "mixes of channels"
    title = f"{label}: {clear} of {len(frame)} {what} stand out"
    drawn = []
    for row in frame.to_dict("records"):
        value, low, high = (float(row[name]) for name in ("alike", "alike_low", "alike_high"))
        raw = (float(row["raw"]), float(row["raw_low"]), float(row["raw_high"]))
        said = say.effect_in_short({**row, "scale": "difference", "value": value, "low": low, "high": high})
        name, count = plain(row["band"], 60), f"{say.number(int(row['customers']))} customers"
        name = name[:1].upper() + name[1:]
        drawn.append(IntervalRow(name, value, low, high, said, "neutral", under=count, raw=raw))
    story = Story(
        title=title,
        measure=f"{label} against {_AGAINST[by]} (filled: among customers alike; hollow: raw), with "
        + ("intervals" if level is None else f"{say.level({'level': level})}s"),
        unit=unit_in_words(unit),
        population=f"customers by the {'number of their contacts' if by == 'contacts' else 'channels they used'}",
        period="contacts counted before, purchases after fixed dates",
        source="contacts and orders",
        rows=f"{say.number(int(frame['customers'].sum()))} with a contact",
        counts="Customers",
        method="compared with customers alike in what was known before; goes together, is no effect (grade C or D)",
        alt=f"Chart of intervals. {title}. " + " ".join(f"{row.label}: {row.said}." for row in drawn),
    )
    first = unit.partition(" ")[0]
    axis = f"{first if first == 'share' or is_currency(first) else 'count'} signed"

    def paint(body: Body) -> None:
        draw_intervals(body, drawn, say, axis, f"difference, {unit_in_words(unit)}")

    return Figure(story, frame, paint, lambda narrow: interval_height(drawn, narrow))
