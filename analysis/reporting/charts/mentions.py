"""How often were we spoken to or about, and of what kind? Counts of mentions, drawn.

Counts are drawn as they are, from zero; months that may still change are hollow. Definitions are those of the metrics
catalogue.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from analysis.metrics.catalogue import definition
from analysis.reporting.charts.events import (
    changes_of,
    draw_events,
    events,
    events_height,
    events_in_words,
    happened_in,
    incidents_of,
    list_events,
)
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, month_axis, quiet, value_axis
from analysis.reporting.charts.measure import fitting
from analysis.reporting.charts.months import monthly_frame, monthly_rows, provisional_in_words
from analysis.reporting.formats import GAP, plain
from analysis.reporting.months import months_of
from analysis.reporting.naming import humanised
from analysis.reporting.theme import COLOURS, INK, PAPER, RULE, SOFT, points
from analysis.reporting.wording import Words, words

_LINE = COLOURS["neutral"]
_MOST_MARKERS = 18
_KINDS = ("inquiry", "complaint", "positive", "other", "unknown")
_PLURALS = {
    "inquiry": "Inquiries",
    "complaint": "Complaints",
    "positive": "Positive mentions",
    "other": "Other mentions",
    "unknown": "Kind unknown",
}


def mention_trend(
    metrics: Any, *, changes: Iterable[Any] | None = None, incidents: Any = None, locale: str | None = None
) -> Figure:
    """How often were we spoken to or about, month by month, and what happened in these months?

    Parameters
    ----------
    metrics : what was counted, MetricsResult, results or rows of metrics
        With the metric `mentions`.
    changes : iterable of Change or rows, optional
        Entries of the change log to be marked; default those that `metrics` brings along, and an empty one for none.
    incidents : IncidentsResult, results or rows of incidents, optional
        To be marked; default those that `metrics` brings along, and an empty one for none.

    Raises
    ------
    NothingToDraw
        If it is not there.
    """
    say = words(locale)
    rows = monthly_rows(metrics, "mentions", "mentions by month")
    frame = monthly_frame(rows)
    first, last = frame.iloc[0], frame.iloc[-1]
    top = frame.loc[frame["value"].idxmax()]
    if len(frame) == 1:
        title = f"{say.number(last['value'])} mentions in {say.month(last['month'])}"
    elif top["value"] > 0 and top["value"] >= 1.3 * frame["value"].median():
        title = f"Mentions peaked at {say.number(top['value'])} in {say.month(top['month'])}"
    elif first["value"] and abs(last["value"] / first["value"] - 1) >= 0.05:
        rose = "rose" if last["value"] > first["value"] else "fell"
        change = say.share(abs(last["value"] / first["value"] - 1), 0)
        title = f"Mentions {rose} {change} between {say.month(first['month'])} and {say.month(last['month'])}"
    else:
        title = f"Mentions held steady near {say.number(round(frame['value'].mean()))} a month"
    months = months_of(frame["month"])
    entries = changes_of(metrics) if changes is None else changes
    marked = events(entries, incidents_of(metrics) if incidents is None else incidents, months, say)
    story = Story(
        title=title,
        measure="Mentions posted in each month",
        unit="count",
        population="all mentions in the data"
        + provisional_in_words(frame)
        + ("; numbers: what happened, listed below" if marked else ""),
        period=say.months(first["month"], last["month"]),
        source="table of mentions",
        rows=f"{say.number(frame['value'].sum())} mentions",
        method=definition("mentions").formula,
        alt=f"Line chart of mentions by month. {title}. From {say.number(first['value'])} in "
        f"{say.month(first['month'])} to {say.number(last['value'])} in {say.month(last['month'])}; "
        f"highest {say.number(top['value'])}, lowest {say.number(frame['value'].min())}."
        + (f" {events_in_words(marked, say)}" if marked else ""),
    )
    if marked:
        frame["happened"] = happened_in(frame["month"], marked)

    def paint(body: Body) -> None:
        head = 20 if marked else 6
        height = body.height - events_height(marked, body.narrow, say)
        axes = body.axes(44, head, body.width - 44 - 62, height - 46 - head)
        quiet(axes, grid="y")
        month_axis(axes, months, say, most=5 if body.narrow else 12)
        value_axis(axes, 0, max(1.08 * frame["value"].max(), 1), say, "count")
        _line(axes, frame, _LINE)
        end_labels(body, axes, [(len(frame) - 1, last["value"], say.number(last["value"]), _LINE)])
        if top["month"] != last["month"]:
            _note(axes, int(frame.index[frame["month"] == top["month"]][0]), top["value"], say.number(top["value"]))
        draw_events(axes, months, marked)
        list_events(body, height, marked, say)

    return Figure(story, frame, paint, lambda narrow: (250 if narrow else 300) + events_height(marked, narrow, say))


def mention_kinds(metrics: Any, *, locale: str | None = None) -> Figure:
    """What were the mentions, month by month: inquiries, complaints, praise, or something else?

    Raises
    ------
    NothingToDraw
        If `mentions_by_kind` is not there.
    """
    say = words(locale)
    frame = monthly_frame(monthly_rows(metrics, "mentions_by_kind", "mentions by kind", "kind"), "kind")
    wide = frame.pivot_table(index="month", columns="kind", values="value", aggfunc="sum").fillna(0).sort_index()
    totals = wide.sum()
    kinds = [kind for kind in _KINDS if totals.get(kind)]
    kinds += sorted(kind for kind in totals.index if kind not in _KINDS and totals[kind])
    if not kinds:
        raise NothingToDraw("The chart of mentions by kind needs at least one mention in the months shown.")
    title = _kinds_title(totals, say)
    shares = ", ".join(f"{_plural(kind).lower()} {say.share(totals[kind] / totals.sum(), 0)}" for kind in kinds)
    story = Story(
        title=title,
        measure="Mentions of each kind posted in each month",
        unit="count",
        population="all mentions in the data" + provisional_in_words(frame),
        period=say.months(str(wide.index[0]), str(wide.index[-1])),
        source="table of mentions",
        rows=f"{say.number(totals.sum())} mentions",
        method=definition("mentions_by_kind").formula,
        alt=f"Line charts of mentions by month, one for each kind. {title}. Of all mentions: {plain(shares, 300)}.",
    )

    def paint(body: Body) -> None:
        columns = 2 if body.narrow else min(len(kinds), 5)
        lines = -(-len(kinds) // columns)
        left, gap = 44.0, 22.0
        width = (body.width - left - gap * (columns - 1)) / columns
        height = body.height / lines
        months = months_of(str(month) for month in wide.index)
        for place, kind in enumerate(kinds):
            column, line = place % columns, place // columns
            x = left + column * (width + gap)
            name = fitting((_plural(kind), humanised(kind, 40)), width, "label", bold=True)
            body.text(x, line * height + 8, name, bold=True)
            body.text(x, line * height + 26, say.number(totals[kind]) + " in all", "note", SOFT)
            axes = body.axes(x, line * height + 42, width, height - 42 - 50)
            quiet(axes, grid="y")
            month_axis(axes, months, say, most=2 if body.narrow or columns > 4 else 3)
            value_axis(axes, 0, max(wide[kinds].to_numpy().max(), 1), say, "count", most=4)
            if column:
                axes.tick_params(labelleft=False)
            for other in kinds:
                axes.plot(range(len(wide)), wide[other], color=RULE, linewidth=points(1.4), zorder=2)
            marker = "o" if len(wide) == 1 else ""
            axes.plot(
                range(len(wide)), wide[kind], color=_LINE, linewidth=points(2.6), marker=marker, gid=kind, zorder=3
            )

    def height(narrow: bool) -> float:
        return (-(-len(kinds) // 2) * 215.0) if narrow else -(-len(kinds) // 5) * 270.0

    return Figure(story, frame, paint, height)


def _line(axes: Any, frame: pd.DataFrame, colour: str) -> None:
    places = range(len(frame))
    axes.plot(places, frame["value"], color=colour, linewidth=points(2.6), zorder=3, gid="line")
    provisional = frame["state"] == "provisional"
    hollow = provisional & ~provisional.all()
    for place in places:
        if hollow.iloc[place] or place == len(frame) - 1 or len(frame) <= _MOST_MARKERS:
            axes.plot(
                [place], [frame["value"].iloc[place]], marker="o", markersize=points(7), color=colour, linestyle="none",
                markerfacecolor=PAPER if hollow.iloc[place] else colour, markeredgewidth=points(2), zorder=4,
                clip_on=False,
            )  # fmt: skip


def _note(axes: Any, x: float, y: float, text: str) -> None:
    axes.annotate(
        text, (x, y), xytext=(0, points(10)), textcoords="offset points", ha="center", va="bottom",
        fontsize=points(13), color=INK, annotation_clip=False, parse_math=False,
    )  # fmt: skip


def _kinds_title(totals: pd.Series, say: Words) -> str:
    complaints, praise = totals.get("complaint", 0), totals.get("positive", 0)
    if complaints and praise:
        if complaints >= praise:
            return f"{say.number(complaints / praise, 1)} complaints for each positive mention"
        return f"More praise than complaints: {say.number(praise / complaints, 1)}{GAP}to{GAP}1"
    largest = totals.idxmax()
    return f"Most frequent: {_short(_plural(largest))}, {say.share(totals[largest] / totals.sum(), 0)} of mentions"


def _plural(kind: str) -> str:
    return _PLURALS.get(kind) or humanised(kind, 40)


def _short(name: str) -> str:
    """A name as one word of a title."""
    return plain(name, 28).replace(" ", GAP)
