"""How are months around an event drawn: an interval each, before and after told apart, what is not tested shaded?

Months count from the event, negative before it. What the figures are is left to the charts that draw them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes

from analysis.reporting.charts.figure import Body
from analysis.reporting.charts.marks import baseline, nice_ticks, quiet, tick_label
from analysis.reporting.formats import MINUS
from analysis.reporting.theme import COLOURS, PAPER, SHADE, SIZES, SOFT, points
from analysis.reporting.wording import Words

UNTESTED = ("dip", "index")
_LEFT, _TOP, _BELOW, _LINE = 60.0, 26.0, 56.0, 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class AroundMonth:
    """One month: how far it lies from the event, its figure with an interval, and its part of the story.

    `wide` is an interval that holds for all months at once; `part` is lead, dip, index, after, or reference: the month
    that all others are measured from.
    """

    month: int
    value: float
    low: float
    high: float
    part: str
    wide: tuple[float, float] | None = None


def draw_around(body: Body, rows: Sequence[AroundMonth], say: Words, unit: str, event: str, note: str) -> Axes:
    """The months in a frame of their own, with names over their parts and a note below.

    Parameters
    ----------
    body : Body
    rows : sequence of AroundMonth
        In their order.
    say : Words
    unit : str
        How ticks are said, as for `tick_label`.
    event : str
        What months count from: "issue".
    note : str
    """
    below = _BELOW + note_room(body, note)
    axes = body.axes(_LEFT, _TOP, body.width - _LEFT - 8, body.height - _TOP - below)
    quiet(axes, grid="y")
    _scale(axes, rows, say, unit, narrow=body.narrow)
    for row in rows:
        _month(axes, row)
    _named(axes, rows, event)
    draw_note(body, note, left=_LEFT, right=8)
    return axes


def draw_note(body: Body, note: str, *, left: float = 0.0, right: float = 0.0, below: float = 0.0) -> None:
    """A note at the lower end of the body, less `below`: under the axes, or across the body where it is narrow.

    It has two lines at most, on a phone three, for the third of which `note_room` tells the space. A line too wide to
    stand in the middle of the axes is moved as far as it has to be to end inside the body.
    """
    middle = body.width / 2 if body.narrow else left + (body.width - left - right) / 2
    lines = _note_lines(body, note)
    for number, line in enumerate(lines):
        half = body.figure.text_width(line, "note") / 2
        x = min(max(middle, half), body.width - half)
        body.text(x, body.height - below - 8 - _LINE * (len(lines) - 1 - number), line, "note", SOFT, ha="center")


def note_room(body: Body, note: str) -> float:
    """How much more space a note takes than the two lines that every chart of this kind has."""
    return _LINE * max(0, len(_note_lines(body, note)) - 2)


def _note_lines(body: Body, note: str) -> list[str]:
    return body.figure.wrapped(note, body.width, "note", lines=3 if body.narrow else 2)


def relative_month(month: int) -> str:
    """A month counted from that of the issue: "−3", "0", "+6"."""
    return f"+{month}" if month > 0 else f"{MINUS}{-month}" if month else "0"


def _scale(axes: Axes, rows: Sequence[AroundMonth], say: Words, unit: str, *, narrow: bool) -> None:
    first, last = min(row.month for row in rows), max(row.month for row in rows)
    axes.set_xlim(first - 0.6, last + 0.6)
    ends = [end for row in rows for end in (row.low, row.high, *(row.wide or ()))]
    ticks = nice_ticks(min(0.0, *ends), max(0.0, *ends), 5)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [tick_label(tick, ticks, say, unit) for tick in ticks])
    step = 1 if last - first <= (8 if narrow else 16) else 2 if last - first <= 24 else 3
    shown = [month for month in range(first, last + 1) if month % step == 0]
    axes.set_xticks(shown, [relative_month(month) for month in shown])
    baseline(axes)


def _month(axes: Axes, row: AroundMonth) -> None:
    """A month's interval and its figure: square before, round after, hollow where nothing is tested."""
    untested, reference = row.part in UNTESTED, row.part == "reference"
    before = row.part in ("lead", "reference")
    colour = SOFT if untested or reference else COLOURS["before" if before else "contacted"]
    if row.wide is not None and not reference:
        axes.plot([row.month] * 2, row.wide, color=colour, linewidth=points(1), zorder=2, gid="wide interval")
    if not reference:
        axes.plot(
            [row.month] * 2, [row.low, row.high], color=colour, linewidth=points(2.2), zorder=3,
            solid_capstyle="butt", gid="interval", marker="_", markersize=points(8), markeredgewidth=points(2.2),
            linestyle=(0, (2, 2)) if untested else "-",
        )  # fmt: skip
    axes.plot(
        [row.month], [row.value], color=colour, marker="s" if before else "o", markersize=points(8),
        markerfacecolor=PAPER if untested or reference else colour, markeredgecolor=colour,
        markeredgewidth=points(2), linestyle="none", gid=row.part, zorder=4,
    )  # fmt: skip


def _named(axes: Axes, rows: Sequence[AroundMonth], event: str) -> None:
    untested = [row.month for row in rows if row.part in UNTESTED]
    places = [("before", [row.month for row in rows if row.part in ("lead", "reference")]),
              ("after", [row.month for row in rows if row.part == "after"]), (event, untested)]  # fmt: skip
    if untested:
        axes.axvspan(min(untested) - 0.5, max(untested) + 0.5, color=SHADE, zorder=0).set_gid("issue")
    for name, months in places:
        if months:
            axes.text(
                sum(months) / len(months), 1.02, name, transform=axes.get_xaxis_transform(), ha="center", va="bottom",
                color=SOFT, fontsize=points(SIZES["note"]), parse_math=False,
            )  # fmt: skip
