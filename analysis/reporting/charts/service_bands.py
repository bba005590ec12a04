"""What did customers do later who were answered within minutes, within hours, or never?

Means with their intervals: raw (hollow), and as if every band had the same mix of customers. They say who was answered
when and what followed, not what the answer did, and the chart says so. The effect is left to the estimate.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, draw_intervals, interval_height
from analysis.reporting.charts.service_figures import (
    NO_EFFECT,
    amount,
    label_of,
    level_in,
    of_outcome,
    period_of,
    tick_unit,
)
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import measured_in, unit_in_words
from analysis.reporting.rows import Row
from analysis.reporting.wording import Words, words

_COLUMNS = ("outcome", "band", "n", "mean", "low", "high", "adjusted", "adjusted_low", "adjusted_high", "unit")


def service_bands(service: Any, outcome: str = "orders", *, locale: str | None = None) -> Figure:
    """An outcome by how long customers waited for an answer: raw, and with the same mix of customers in every band.

    Parameters
    ----------
    service : ServiceResult
        With `bands` (outcome, band, n, mean, low, high, adjusted, adjusted_low, adjusted_high, unit) and `effects`.
    outcome : str

    Raises
    ------
    NothingToDraw
        If the result has no such bands, none of them is large enough to be shown, or its intervals have no level.
    """
    say = words(locale)
    every = of_outcome(service, "bands", _COLUMNS, outcome, "by reply time")
    frame = every[every["n"] > 0].reset_index(drop=True)
    level = level_in(service, "by reply time")
    shown = frame[frame["adjusted"].notna() | frame["mean"].notna()].to_dict("records")
    if not shown:
        raise NothingToDraw(f"No band of reply times holds customers enough to show their {label_of(outcome).lower()}.")
    label, unit = label_of(outcome), str(frame["unit"].iloc[0])
    told = [row for row in shown if _known(row, "adjusted")] or shown
    names = ("adjusted", "adjusted_low", "adjusted_high") if _known(told[0], "adjusted") else ("mean", "low", "high")
    middle = sum(row["n"] * row[names[0]] for row in told) / sum(row["n"] for row in told)
    title = _bands_title(say, label, unit, told, names, middle)
    drawn = [_band(say, row, unit) for row in frame.to_dict("records")]
    story = Story(
        title=title,
        measure=f"{label} after the contact by how long the first answer took, with {say.level({'level': level})}s",
        unit=unit_in_words(unit),
        population="customers by the wait (filled: as if all bands had the same mix of customers; hollow: raw)",
        period=period_of(say, service),
        source="contacts and orders" if outcome != "issues" else "contacts",
        rows=f"{say.number(int(frame['n'].sum()))} customers at their first social contact",
        method=f"means of each band, no effect; grade D, raw difference. {NO_EFFECT.rstrip('.')}",
        alt=f"Chart of intervals by reply time. {title}. "
        + " ".join(f"{row.label}: {row.said}." for row in drawn)
        + f" {NO_EFFECT}",
    )

    def paint(body: Body) -> None:
        axis = f"{measured_in(label, unit)}; line: all of them"
        draw_intervals(body, drawn, say, tick_unit(unit), axis, line=middle)

    return Figure(story, frame, paint, lambda narrow: interval_height(drawn, narrow))


def _known(row: Row, name: str) -> bool:
    return row[name] is not None and math.isfinite(row[name])


def _said(say: Words, row: Row, names: Sequence[str], unit: str) -> str:
    value, low, high = (amount(say, row[name], unit) for name in names)
    return f"{value} ({low} to {high})"


def _first(name: str) -> str:
    return name[:1].upper() + name[1:]


def _band(say: Words, row: Row, unit: str) -> IntervalRow:
    """A band: its mean with the common mix of customers, the raw one under it."""
    name, n = _first(plain(row["band"], 60)), f"{say.number(int(row['n']))} customers"
    raw = (float(row["mean"]), float(row["low"]), float(row["high"])) if _known(row, "mean") else None
    if not _known(row, "adjusted"):
        said = "too few to show" if raw is None else f"raw {_said(say, row, ('mean', 'low', 'high'), unit)}"
        if raw is None:
            return IntervalRow(name, None, None, None, said, under=n)
        return IntervalRow(name, *raw, said, meaning="naive", under=n)
    ends = ("adjusted", "adjusted_low", "adjusted_high")
    value, low, high = (float(row[end]) for end in ends)
    return IntervalRow(name, value, low, high, _said(say, row, ends, unit), under=n, raw=raw)


def _bands_title(say: Words, label: str, unit: str, rows: Sequence[Row], names: Sequence[str], middle: float) -> str:
    """The lowest and the highest band where one lies clearly off all of them together, else that none does."""
    value, low, high = names
    apart = [row for row in rows if not row[low] <= middle <= row[high]]
    if not apart or len(rows) < 2:
        return f"{label}: no reply time clearly stands out"
    ends = sorted(rows, key=lambda row: row[value])
    said = [f"{amount(say, row[value], unit)} {_short(row['band'])}" for row in (ends[-1], ends[0])]
    return f"{label}: {said[0]}, but {said[1]}"


def _short(band: str) -> str:
    """A band as one word of a title."""
    return f"({plain(band, 40).split(',')[0]})".replace(" ", GAP)
