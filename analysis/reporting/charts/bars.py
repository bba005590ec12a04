"""How do level bars stand beside their names and amounts, on a page and on a phone?

Names of two lines and what tells them apart on the left, the amount on the right, the axis with its unit below; on a
phone the name stands above its bar. What the bars show is left to the charts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes

from analysis.reporting.charts.figure import Body
from analysis.reporting.charts.marks import nice_ticks, quiet, tick_label
from analysis.reporting.formats import plain
from analysis.reporting.theme import COLOURS, COST_INK, INK, PAPER, RULE, SOFT, points
from analysis.reporting.wording import Words

_LINE, _SPARE, _NARROW = 16.0, 18.0, 46.0
_LONG = 36  # letters that stand in one line beside a bar
_LONG_NARROW, _LONG_NARROW_BOLD = 44, 38  # letters of name and amount together in one line above a bar
_NAMES, _SAID = 0.34, 0.24  # of the width at most
_EDGE = 22.0
_BELOW = 46.0
BAR = 16.0
"""Height of a bar in CSS pixels."""


@dataclass(frozen=True, slots=True)
class BarRow:
    """A bar's name, what tells it from others of that name, and how its amount and its range are said."""

    label: str
    said: str = ""
    under: str = ""
    range: str = ""
    bold: bool = False
    rule: bool = False
    """Whether a line parts it from the row above."""


def bars_height(rows: Sequence[BarRow], narrow: bool, notes: int = 0) -> float:
    """How much space the rows take, with their axis and so many lines of notes."""
    return sum(_height(row, narrow) for row in rows) + _BELOW + 15 * notes


def _height(row: BarRow, narrow: bool) -> float:
    if narrow:
        return _NARROW + (15.0 if row.under or row.range else 0.0) + _LINE * (_lines_narrow(row) - 1)
    return _SPARE + _LINE * max(_lines(row) + bool(row.under), 2 if row.range else 1)


def _lines(row: BarRow) -> int:
    return 2 if len(plain(row.label, 200)) > _LONG else 1


def _lines_narrow(row: BarRow) -> int:
    """How many lines a name takes above its bar, beside its amount."""
    beside = len(plain(row.label, 200)) + len(row.said)
    return 2 if beside > (_LONG_NARROW_BOLD if row.bold else _LONG_NARROW) else 1


def draw_bars(
    body: Body,
    rows: Sequence[BarRow],
    ends: Sequence[float],
    words: Words,
    currency: str,
    axis: str,
    *,
    lines: Sequence[tuple[float, str]] = ((0.0, "-"),),
    beside: float = 0.0,
) -> tuple[Axes, list[float]]:
    """The axis, the names and the amounts; returns the axes and where the middle of each row's bar lies.

    Parameters
    ----------
    body : Body
    rows : sequence of BarRow
        From top to bottom.
    ends : sequence of float
        What the axis has to hold.
    words : Words
    currency : str
        Of the axis.
    axis : str
        What it measures.
    lines : sequence of (float, str)
        Upright lines behind the bars, as (value, style).
    beside : float
        Room to either side of the axis, for words at the ends of bars.
    """
    narrow = body.narrow
    left = max(_EDGE, beside) if narrow else _NAMES * body.width + beside
    said = max((max(_width(body, row)) for row in rows), default=0.0)
    right = max(_EDGE, beside) if narrow else beside + max(_EDGE, min(said + 14, _SAID * body.width) if said else 0.0)
    heights = [_height(row, narrow) for row in rows]
    axes = body.axes(left, 0, body.width - left - right, sum(heights))
    quiet(axes, grid="x")
    ticks = nice_ticks(min(ends), max(ends), 3 if narrow else 5)
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_xticks(ticks, [tick_label(tick, ticks, words, currency) for tick in ticks])
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks([])
    axes.grid(visible=not narrow, axis="x")
    for value, style in lines if not narrow else ():
        axes.axvline(value, **_line(style))
    middles, y = [], 0.0
    for row, height in zip(rows, heights, strict=True):
        if row.rule:
            body.line((0, body.width), y, color=RULE, linewidth=points(1))
        bar = height - 14 if narrow else height / 2
        if narrow:
            ends_of_line = (
                y + bar - BAR * 0.6,
                y + bar + BAR * 0.6,
            )  # behind the bar only, so that none crosses a name
            axes.vlines(ticks, *ends_of_line, color=RULE, linewidth=points(1), zorder=1)
            for value, style in lines:
                axes.plot([value, value], ends_of_line, **_line(style))
        middles.append(y + bar)
        _name(body, row, y, height, _NAMES * body.width - 12)
        at = y + (13 if narrow else bar - (8 if row.range else 0))
        step = _LINE * _lines_narrow(row) if narrow else _LINE
        for text, size, colour, below in ((row.said, "label", INK, 0.0), (row.range, "note", SOFT, step)):
            if text:
                body.text(body.width, at + below, text, size, colour, ha="right", bold=row.bold and size == "label")
        y += height
    body.text(left + (body.width - left - right) / 2, y + 34, axis, "note", SOFT, ha="center")
    return axes, middles


def _width(body: Body, row: BarRow) -> tuple[float, float]:
    """How wide the amount of a row and its range are."""
    said = body.figure.text_width(row.said, "label", bold=row.bold) if row.said else 0.0
    return said, body.figure.text_width(row.range, "note") if row.range else 0.0


def _line(style: str) -> dict[str, Any]:
    solid = style == "-"
    return {
        "color": INK if solid else COST_INK,
        "linewidth": points(1.2 if solid else 1.4),
        "linestyle": style,
        "zorder": 2,
        "gid": "baseline" if solid else "nothing",
    }


def _name(body: Body, row: BarRow, y: float, height: float, room: float) -> None:
    narrow = body.narrow
    if narrow:
        said, told = _width(body, row)
        room, beside_range = body.width - said - 12, body.width - told - 12
    else:
        beside_range = room
    names = body.figure.wrapped(row.label, room, "label", bold=row.bold, lines=_lines_narrow(row) if narrow else 2)
    under = body.figure.wrapped(row.under, beside_range, "note", lines=1) if row.under else []
    start = y + 13 if narrow else y + height / 2 - _LINE / 2 * (len(names) + len(under) - 1)
    for place, part in enumerate((*names, *under)):
        named = place < len(names)
        body.text(0, start + _LINE * place, part, "label" if named else "note", INK if named else SOFT,
                  bold=row.bold and named)  # fmt: skip


def draw_range(axes: Axes, low: float, high: float, y: float) -> None:
    """How far the end of a bar may lie off: a line with caps."""
    style: dict[str, Any] = {"color": INK, "zorder": 4, "clip_on": False}
    axes.plot([low, high], [y, y], linewidth=points(2), solid_capstyle="butt", gid="interval", **style)
    axes.plot(
        [low, high], [y, y], marker="|", markersize=points(10), markeredgewidth=points(2), linestyle="none", **style
    )


def draw_bar(axes: Axes, start: float, end: float, y: float, meaning: str) -> None:
    """A bar in the colour of what it means; money that goes out is hatched, with an outline."""
    if meaning == "cost":
        axes.barh(
            y, end - start, BAR, start, color=COLOURS["cost"], edgecolor=PAPER, hatch="////", linewidth=0, zorder=2
        )
        axes.barh(y, end - start, BAR, start, facecolor="none", edgecolor=COST_INK, linewidth=points(1), zorder=2)
    else:
        axes.barh(y, end - start, BAR, start, color=COLOURS[meaning], alpha=0.6, linewidth=points(1), zorder=3)


def draw_notes(body: Body, notes: Sequence[str]) -> None:
    """Lines of notes at the foot of the body."""
    for place, line in enumerate(notes):
        body.text(0, body.height - 15 * (len(notes) - place) + 8, line, "note", SOFT)
