"""How do the chosen figures run, and where do their targets lie? One small chart a figure, area by area.

A closed month is solid, a provisional one hollow; the target is a dashed line that is named; what happened is numbered
and listed below. Which figures are on the scorecard was decided by the ledger's scorecard.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.errors import DesignError
from analysis.reporting.charts.events import (
    Event,
    changes_of,
    draw_events,
    events,
    events_height,
    events_in_words,
    list_events,
)
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import nice_ticks, quiet, tick_label
from analysis.reporting.formats import plain
from analysis.reporting.months import months_of
from analysis.reporting.naming import basis_in_words, humanised
from analysis.reporting.rows import Row
from analysis.reporting.tables.cells import value_cell
from analysis.reporting.tables.scorecard import met_in_words, score_rows, shown_month, target_in_words
from analysis.reporting.theme import COLOURS, INK, PAPER, SIZES, SOFT, points
from analysis.reporting.wording import Words, words

_LINE = COLOURS["neutral"]
_PLOT, _HEADING, _GAP, _LEFT = 86.0, 34.0, 20.0, 46.0
_HEADS, _FOOT = {False: 64.0, True: 80.0}, {False: 74.0, True: 88.0}
_SCALES = ((172_800.0, 86_400.0, "in days"), (7_200.0, 3_600.0, "in hours"), (120.0, 60.0, "in minutes"))


@dataclass(frozen=True)
class _Panel:
    """One figure: its row, its months with a value, and how its axis is said."""

    row: Row
    values: dict[int, float]
    states: dict[int, str]
    divisor: float
    unit: str
    said: str


def score_trends(found: Any, *, locale: str | None = None) -> Figure:
    """How do the figures of the scorecard run, beside their targets?

    Parameters
    ----------
    found : what was counted, Scorecard, results or rows of the scorecard

    Raises
    ------
    NothingToDraw
        If the scorecard holds no figure with a month that has a value.
    """
    say = words(locale)
    try:
        scores = score_rows(found)
    except DesignError as error:
        raise NothingToDraw(f"The chart of the scorecard has nothing to draw. {error}") from error
    order = months_of(point["period"] for row in scores for point in row["trend"])
    panels = [panel for row in scores if (panel := _panel(row, order[0]))]
    if not panels:
        raise NothingToDraw("The chart of the scorecard needs a figure with a value in some month; there is none.")
    drawn = sorted({month for panel in panels for month in panel.values})
    months = months_between(order[0].numbered(drawn[0]), order[0].numbered(drawn[-1]))
    log = changes_of(found) or [mark for row in scores for mark in row["marks"]]
    marked = events(log, None, months, say)
    blocks = {area: [panel for panel in panels if panel.row["area"] == area] for area in _areas(panels)}
    title = _title(scores, say)
    frame = _frame(panels)
    story = Story(
        title=title,
        measure="Figures of the scorecard by month (dashed: target)",
        unit="in the unit of each figure",
        population="what each figure counts (solid: closed, hollow: provisional)"
        + ("; numbers: what happened, listed below" if marked else ""),
        period=say.months(str(months[0]), str(months[-1])),
        source="tables of the study and the closed-month record",
        rows=f"{len(panels)} figures",
        counts="Shows",
        method="each figure as its definition says, each month as it was closed or last counted",
        alt=f"Small line charts of {len(panels)} figures by month. {title}. "
        + " ".join(_said(row, say) for row in scores if row["target"] is not None)
        + " " + events_in_words(marked, say),
    )  # fmt: skip

    def columns(narrow: bool) -> int:
        return 2 if narrow else 3

    def paint(body: Body) -> None:
        across = columns(body.narrow)
        width = (body.width - _GAP * (across - 1)) / across
        top = 0.0
        for area, block in blocks.items():
            body.text(0, top + 12, humanised(area), bold=True)
            body.line([0, body.width], top + 24, color=INK, linewidth=points(1))
            top += _HEADING
            for place, panel in enumerate(block):
                x, y = (place % across) * (width + _GAP), top + (place // across) * _panel_height(body.narrow)
                _draw(body, panel, x, y, width, months, marked, say)
            top += -(-len(block) // across) * _panel_height(body.narrow)
        list_events(body, top - 8, marked, say)

    def height(narrow: bool) -> float:
        across = columns(narrow)
        rows = sum(-(-len(block) // across) * _panel_height(narrow) + _HEADING for block in blocks.values())
        return rows - 8 + events_height(marked, narrow, say)

    return Figure(story, frame, paint, height)


def _draw(
    body: Body, panel: _Panel, x: float, y: float, width: float, months: Sequence[Month],
    marked: Sequence[tuple[int, Event]], say: Words,
) -> None:  # fmt: skip
    row = panel.row
    names = body.figure.wrapped(plain(row["label"], 80), width, "note", bold=True, lines=2)
    under = ", ".join(filter(None, (panel.said, basis_in_words(row["basis"]))))
    lines = [*names, *body.figure.wrapped(under, width, "note", lines=2)]
    for place, line in enumerate(lines):
        body.text(x, y + 10 + 14 * place, line, "note", INK if place < len(names) else SOFT, bold=place < len(names))
    axes = body.axes(x + _LEFT, y + _HEADS[body.narrow], width - _LEFT - 8, _PLOT)
    quiet(axes, grid="y")
    places = {month: month - months[0].number for month in panel.values}
    target = None if row["target"] is None else row["target"] / panel.divisor
    _axis(axes, panel, target, say)
    axes.set_xlim(-0.5, len(months) - 0.5)
    ends = [0, len(months) - 1] if len(months) > 1 else [0]
    axes.set_xticks(ends, [_month(say, months[place]).replace(" ", "\n") for place in ends])
    if target is not None:
        axes.axhline(target, color=INK, linewidth=points(1.8), linestyle=(0, (4, 2)), zorder=2).set_gid("target")
    _line(axes, panel, places)
    draw_events(axes, months, marked)
    last = max(panel.values)
    value = value_cell(say, panel.values[last] * panel.divisor, row["unit"])
    when = "" if last == months[-1].number else f" ({_month(say, months[0].numbered(last))})"
    foot = y + _HEADS[body.narrow] + _PLOT + 40
    body.text(x, foot, value + when, "note", INK, bold=True)
    if row["target"] is not None:
        aim = f"target {target_in_words(say, row)}: {met_in_words(row)}"
        for place, line in enumerate(body.figure.wrapped(aim, width, "note", lines=2 if body.narrow else 1)):
            body.text(x, foot + 16 + 14 * place, line, "note", INK)


def _panel_height(narrow: bool) -> float:
    return _HEADS[narrow] + _PLOT + _FOOT[narrow]


def _line(axes: Axes, panel: _Panel, places: dict[int, int]) -> None:
    """The figure by month; a month without a value breaks the line."""
    run: list[int] = []
    for month in [*sorted(places), None]:
        if run and (month is None or month != run[-1] + 1):
            axes.plot([places[one] for one in run], [panel.values[one] for one in run], color=_LINE,
                      linewidth=points(1.8), zorder=3, gid="line")  # fmt: skip
            run = []
        if month is not None:
            run.append(month)
    for month, place in places.items():
        hollow = panel.states[month] == "provisional"
        axes.plot([place], [panel.values[month]], marker="o", markersize=points(4.5), color=_LINE, linestyle="none",
                  markerfacecolor=PAPER if hollow else _LINE, markeredgewidth=points(1.3), zorder=4, clip_on=False,
                  gid="provisional" if hollow else "closed")  # fmt: skip


def _axis(axes: Axes, panel: _Panel, target: float | None, say: Words) -> None:
    values = [*panel.values.values(), *([target] if target is not None else [])]
    low, high = min(values), max(values)
    room = 0.12 * (high - low) or abs(high) * 0.1 or 1.0
    bottom = max(low - room, 0.0) if low >= 0 else low - room
    ticks = nice_ticks(bottom, high + room if panel.unit != "share" else min(high + room, max(1.0, high)), 2)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [tick_label(tick, ticks, say, panel.unit) for tick in ticks])
    axes.tick_params(labelsize=points(SIZES["foot"]))


def _panel(row: Row, one: Month) -> _Panel | None:
    points_ = {one.named(point["period"]).number: point for point in row["trend"] if point["value"] is not None}
    if not points_:
        return None
    highest = max(abs(point["value"]) for point in points_.values())
    divisor, said = 1.0, ""
    if row["unit"] == "seconds":
        divisor, said = next(((scale, text) for least, scale, text in _SCALES if highest >= least), (1.0, "in seconds"))
    elif row["unit"] == "money":
        said = "in the tables' currency"
    return _Panel(
        row=row,
        values={month: point["value"] / divisor for month, point in points_.items()},
        states={month: point["state"] for month, point in points_.items()},
        divisor=divisor,
        unit="share" if row["unit"] == "share" else "count",
        said=said,
    )


def _areas(panels: Sequence[_Panel]) -> list[str]:
    return list(dict.fromkeys(panel.row["area"] for panel in panels))


def _title(scores: Sequence[Row], say: Words) -> str:
    aimed = [row for row in scores if row["met"] is not None]
    month = say.month(shown_month(scores))
    if not aimed:
        return f"{len(scores)} figures; none has a target to meet"
    met = sum(bool(row["met"]) for row in aimed)
    return f"{met} of {len(aimed)} target{'s' if len(aimed) > 1 else ''} met in {month}"


def _said(row: Row, say: Words) -> str:
    value = value_cell(say, row["value"], row["unit"])
    return f"{plain(row['label'], 60)}: {value}, target {target_in_words(say, row)}, {met_in_words(row)}."


def _month(say: Words, month: Month) -> str:
    return say.month(str(month), short=True)


def _frame(panels: Sequence[_Panel]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {"figure": panel.row["label"], "basis": panel.row["basis"], "month": point["period"],
             "value": point["value"], "state": point["state"], "target": panel.row["target"],
             "unit": panel.row["unit"]}
            for panel in panels
            for point in panel.row["trend"]
            if point["value"] is not None
        ]
    )  # fmt: skip
