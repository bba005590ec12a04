"""How are the few shapes drawn that our charts are made of: intervals, lines with their names, months?

Every interval has caps and its level is written by the chart; lines carry their names at their ends instead of in a
key; an interval without an end is drawn as an arrow. What they show is left to the charts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.axes import Axes

from analysis.foundation.calendar import Month
from analysis.reporting.charts.figure import Body
from analysis.reporting.formats import plain
from analysis.reporting.theme import COLOURS, INK, PAPER, RULE, SHADE, SIZES, SOFT, faces, points, type_of
from analysis.reporting.wording import Words

ROW, ROW_NARROW, HEADING = 34.0, 50.0, 30.0
_UNDER = 32  # letters that stand in one line under a name
_LABELS, _VALUES = 0.30, 0.33  # of the width at most, beside a row of intervals
_EDGE = 20.0  # beside a narrow row, so that the outermost tick has room
_BELOW = 46.0  # under a row of intervals: ticks and what the axis measures


@dataclass(frozen=True, slots=True)
class IntervalRow:
    """One row of a chart of intervals: what it is, the number and its interval (None: open), and how to say it.

    A row without a value is a refused one: `said` gives the reason. `meaning` is a colour of the theme. `raw` is a raw
    figure with its interval, drawn hollow under the number; `under_it` is the colour of another figure drawn there.
    """

    label: str
    value: float | None
    low: float | None
    high: float | None
    said: str
    meaning: str = "contacted"
    bold: bool = False
    under: str = ""
    heading: bool = field(default=False, kw_only=True)
    raw: tuple[float, float, float] | None = field(default=None, kw_only=True)
    under_it: str = field(default="naive", kw_only=True)


def heading(label: str) -> IntervalRow:
    """A row that only names the rows below it."""
    return IntervalRow(label, None, None, None, "", heading=True)


def quiet(axes: Axes, *, grid: Literal["x", "y"]) -> None:
    """No frame, light lines across the measured direction, small grey type."""
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.tick_params(
        length=0, pad=points(6), labelsize=points(SIZES["tick"]), labelcolor=SOFT, labelfontfamily=list(faces())
    )
    axes.grid(visible=True, axis=grid, color=RULE, linewidth=points(1))
    axes.set_axisbelow(True)


def baseline(axes: Axes, *, at: float = 0.0, upright: bool = False) -> None:
    """The line that means nothing: zero, or no effect."""
    draw = axes.axvline if upright else axes.axhline
    draw(at, color=INK, linewidth=points(1.2), zorder=2).set_gid("baseline")


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers from at or below `low` to at or above `high`, no more than `most` steps."""
    span = (high - low) or abs(high) or 1.0
    rough = span / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(size * power for size in (1, 2, 2.5, 5, 10, 20) if size * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(place * step, 12) for place in range(first, last + 1)]


def value_axis(axes: Axes, low: float, high: float, words: Words, unit: str, *, most: int = 5) -> None:
    """The upright axis: round numbers that enclose all values, with their unit."""
    ticks = nice_ticks(low, high, most)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [tick_label(tick, ticks, words, unit) for tick in ticks])


def tick_label(tick: float, ticks: Sequence[float], words: Words, unit: str) -> str:
    """A tick as short as it can be said; all ticks of an axis have the same decimals."""
    step = abs(ticks[1] - ticks[0]) if len(ticks) > 1 else abs(tick) or 1.0
    if unit == "share":
        return words.share(tick, _decimals(100 * step))
    if unit == "percent change":
        return ("+" if tick > 0 else "") + words.share(tick, _decimals(100 * step))
    if unit.endswith(" signed"):
        text = tick_label(tick, ticks, words, unit.removesuffix(" signed"))
        return f"+{text}" if tick > 0 else text
    if unit == "count":
        return words.number(tick, _decimals(step))
    return words.money(tick, unit, None if abs(tick) >= 1000 else 2 if _decimals(step) else 0)


def _decimals(step: float) -> int:
    return next(digits for digits in range(7) if abs(round(step, digits) - step) < 1e-9 * max(step, 1) or digits == 6)


def month_axis(axes: Axes, months: Sequence[Month], words: Words, *, most: int) -> None:
    """Months under the chart: short names, the year below the first of each year shown; fiscal ones by their number."""
    step = max(1, math.ceil(len(months) / most))
    shown = list(range(len(months) - 1, -1, -step))[::-1]
    labels, year = [], None
    for place in shown:
        of, name = str(months[place]).split("-")
        if months[place].calendar is None:
            name = words.month_name(months[place].first_day)
        labels.append(f"{name}\n{of}" if of != year else name)
        year = of
    axes.set_xlim(-0.5, len(months) - 0.5)
    axes.set_xticks(shown, labels)


def spread(places: Sequence[float], gap: float) -> list[float]:
    """The places moved as little as needed to lie `gap` apart, in their order.

    Examples
    --------
    >>> spread([1.0, 1.2, 5.0], gap=1.0)
    [0.6, 1.6, 5.0]
    """
    order = sorted(range(len(places)), key=lambda place: places[place])
    blocks: list[list[float]] = []  # mean place, number of labels
    for place in order:
        blocks.append([places[place], 1])
        while len(blocks) > 1 and blocks[-1][0] - blocks[-2][0] < gap * (blocks[-1][1] + blocks[-2][1]) / 2:
            mean, count = blocks.pop()
            before, number = blocks.pop()
            blocks.append([(before * number + mean * count) / (number + count), number + count])
    moved = [mean + gap * (place - (count - 1) / 2) for mean, count in blocks for place in range(int(count))]
    result = [0.0] * len(places)
    for place, position in zip(order, moved, strict=True):
        result[place] = round(position, 9)
    return result


def end_labels(
    body: Body, axes: Axes, ends: Sequence[tuple[float, float, str, str]], gap: float = 16.0, beside: float = 9.0
) -> None:
    """Names at the ends of lines: (x, y, text, colour) each, moved apart where they would touch."""
    low, high = axes.get_ylim()
    pixels = axes.get_position().height * body.figure.css_height
    scale = (high - low) / pixels
    places = spread([end[1] / scale for end in ends], gap)
    for (x, _, text, colour), place in zip(ends, places, strict=True):
        axes.annotate(
            text,
            (x, place * scale),
            xytext=(points(beside), 0),
            textcoords="offset points",
            fontsize=points(SIZES["label"]),
            fontweight="bold",
            color=type_of(colour),
            va="center",
            annotation_clip=False,
            parse_math=False,
        ).set_gid("end label")


def interval_height(rows: Sequence[IntervalRow], narrow: bool) -> float:
    """How much space rows of intervals take, axis included."""
    return sum(_height(row, narrow) for row in rows) + _BELOW


def _height(row: IntervalRow, narrow: bool) -> float:
    if row.heading:
        return HEADING
    return ROW_NARROW if narrow else ROW + (12.0 if row.under else 0.0) + 15.0 * (_under_lines(row) - 1)


def _under_lines(row: IntervalRow) -> int:
    """How many lines what stands under a name takes on a page."""
    return 2 if len(plain(row.under, 200)) > _UNDER else 1


def draw_intervals(
    body: Body,
    rows: Sequence[IntervalRow],
    words: Words,
    unit: str,
    axis: str,
    *,
    top: float = 0.0,
    line: float = 0.0,
    pooled: tuple[float, float] | None = None,
) -> Axes:
    """Rows of intervals around a line that means no effect, names left and numbers right of them.

    Parameters
    ----------
    body : Body
    rows : sequence of IntervalRow
        From top to bottom; values on the scale of the axis.
    words : Words
    unit : str
        How ticks are said: "percent change", "share signed", "count signed", or a currency and " signed".
    axis : str
        What the axis measures.
    top : float
        Where to begin, in CSS pixels from the top of the body.
    line : float
        No effect.
    pooled : (float, float), optional
        The interval of all together, shaded behind the rows.
    """
    narrow = body.narrow
    left = _EDGE if narrow else _room(body, [text for row in rows for text in (row.label, row.under)], _LABELS)
    right = _EDGE if narrow else _room(body, [row.said for row in rows], _VALUES)
    heights = [_height(row, narrow) for row in rows]
    axes = body.axes(left, top, body.width - left - right, sum(heights))
    quiet(axes, grid="x")
    every = [end for row in rows for end in (row.value, row.low, row.high, *(row.raw or ()))] + [*(pooled or ())]
    ends = [end for end in every if end is not None and math.isfinite(end)]
    ticks = nice_ticks(min([line, *ends]), max([line, *ends]), 4 if narrow else 5)
    axes.set_xlim(ticks[0], ticks[-1])
    axes.set_xticks(ticks, [tick_label(tick, ticks, words, unit) for tick in ticks])
    axes.set_ylim(sum(heights), 0)
    axes.set_yticks([])
    if pooled is not None:
        axes.axvspan(*pooled, color=SHADE, zorder=0).set_gid("pooled")
    if not narrow:
        baseline(axes, at=line, upright=True)
    axes.grid(visible=not narrow, axis="x")
    y = 0.0
    for row, height in zip(rows, heights, strict=True):
        if narrow and row.value is not None:  # lines behind the interval only, so that they do not cross its name
            axes.vlines(ticks, y + 24, y + height, color=RULE, linewidth=points(1), zorder=1)
            axes.vlines([line], y + 24, y + height, color=INK, linewidth=points(1.2), zorder=2).set_gid("baseline")
        if row.value is not None:
            middle = y + (36.0 if narrow else height / 2)
            if row.raw is not None:
                draw_interval(axes, IntervalRow("", *row.raw, "", row.under_it), middle + 7)
            draw_interval(axes, row, middle if row.raw is None else middle - 5)
        _name(body, row, top + y, height, left)
        _said(body, row, top + y, height, right)
        y += height
    body.text(left + (body.width - left - right) / 2, top + y + 34, axis, "note", SOFT, ha="center")
    return axes


def _room(body: Body, texts: Sequence[str], most: float) -> float:
    """Space for names beside the rows: what the longest takes, but no more than a share of the width."""
    longest = max((body.figure.text_width(plain(text, 200), "label", bold=True) for text in texts if text), default=0.0)
    return min(longest + 18, most * body.width)


def _said(body: Body, row: IntervalRow, y: float, height: float, right: float) -> None:
    room = 0.6 * body.width if body.narrow else right - 14
    most = 3 if body.narrow and row.value is None else 2  # no interval stands under a reason
    parts = body.figure.wrapped(row.said, room, "note", lines=most) if row.said else []
    start = y + 13 if body.narrow else y + height / 2 - 7.5 * (len(parts) - 1)
    for number, part in enumerate(parts):
        colour = SOFT if row.value is None else INK
        body.text(body.width, start + 15 * number, part, "note", colour, ha="right", bold=row.bold)


def _name(body: Body, row: IntervalRow, y: float, height: float, left: float) -> None:
    if body.narrow:
        said = body.figure.text_width(plain(row.said, 200), "note", bold=row.bold) if row.said else 0.0
        room = body.width - min(said + 14, 0.6 * body.width + 14)
        name = body.figure.wrapped(row.label, room, "label", bold=row.bold or row.heading, lines=1)[0]
        body.text(0, y + (18 if row.heading else 13), name, "label", bold=row.bold or row.heading)
        return
    room = body.width if row.heading else left - 16
    names = body.figure.wrapped(row.label, room, "label", bold=row.bold or row.heading, lines=1 if row.under else 2)
    under = body.figure.wrapped(row.under, left - 16, "note", lines=_under_lines(row)) if row.under else []
    start = y + height / 2 - 8 * (len(names) + len(under) - 1) + (4 if row.heading else 0)
    for number, part in enumerate([*names, *under]):
        style = "label" if number < len(names) else "note"
        body.text(0, start + 16 * number, part, style, INK if number < len(names) else SOFT,
                  bold=(row.bold or row.heading) and number < len(names))  # fmt: skip


def draw_interval(axes: Axes, row: IntervalRow, y: float, *, upright: bool = False) -> None:
    """A number and its interval; hollow if it is a raw figure, an arrow where the interval has no end."""
    if row.value is None:
        raise ValueError("A row without a value has no interval to draw.")
    colour = COLOURS[row.meaning]
    first, last = axes.get_ylim() if upright else axes.get_xlim()
    low, high = (first if row.low is None else row.low), (last if row.high is None else row.high)
    width = points(3.2 if row.bold else 2.2)

    def put(a: Sequence[float], b: Sequence[float], **style: object) -> None:
        axes.plot(*((b, a) if upright else (a, b)), color=colour, clip_on=False, **style)  # type: ignore[arg-type]

    put([low, high], [y, y], linewidth=width, solid_capstyle="butt", gid="interval", zorder=3)
    for end, given, arrow in ((low, row.low, "<v"[upright]), (high, row.high, ">^"[upright])):
        cap = "_|"[not upright] if given is not None else arrow
        put([end], [y], marker=cap, markersize=points(9), markeredgewidth=width if given is not None else 0, zorder=3)
    hollow = row.meaning == "naive"
    put(
        [row.value], [y], marker="D" if row.bold else "o", markersize=points(10 if row.bold else 9),
        markerfacecolor=PAPER if hollow else colour, markeredgecolor=colour, markeredgewidth=points(2),
        linestyle="none", gid="estimate", zorder=4,
    )  # fmt: skip
