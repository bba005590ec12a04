"""How many mentions came, how many did we resolve, and what is left standing? Month by month.

Mentions by the month they were posted, solutions by the month they came. Not every mention deserves an answer, so the
two are not expected to meet; what is left standing is the number of issues open at each month's end, of all channels.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.metrics.catalogue import definition
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, month_axis, quiet, value_axis
from analysis.reporting.charts.months import monthly_frame, monthly_rows, provisional_in_words
from analysis.reporting.formats import GAP
from analysis.reporting.months import months_of
from analysis.reporting.theme import COLOURS, INK, PAPER, SHADE, SOFT, points
from analysis.reporting.wording import Words, words

_MENTIONS, _RESOLVED, _OPEN = SOFT, COLOURS["neutral"], COLOURS["neutral"]
_LEFT, _RIGHT, _RIGHT_NARROW, _LINE = 52.0, 130.0, 96.0, 15.0
_STANDING = "Issues open at the end of each month, all channels"


def mentions_and_resolved(metrics: Any, *, locale: str | None = None) -> Figure:
    """How many mentions came and how many did we resolve, and how many issues stand open?

    Parameters
    ----------
    metrics : what was counted, MetricsResult, results or rows of metrics
        With `mentions` and `resolved_by_us`; with `backlog`, what is left standing is drawn below.

    Raises
    ------
    NothingToDraw
        If mentions or what was resolved are not there.
    """
    say = words(locale)
    frame, standing = _frame(metrics)
    first, last = frame.iloc[0], frame.iloc[-1]
    mentions, resolved = frame["mentions"].sum(), frame["resolved"].sum()
    if not mentions:
        raise NothingToDraw("The chart of mentions and solutions needs at least one mention in the months shown.")
    share = say.share(resolved / mentions, 0)
    title = f"{say.number(resolved)} mentions resolved: {share} as many as came"
    opened = frame["open"].dropna()
    beside = ""
    if standing and len(opened) > 1:
        rose = "rose" if opened.iloc[-1] > opened.iloc[0] else "fell" if opened.iloc[-1] < opened.iloc[0] else "stayed"
        ends = f"from {say.number(opened.iloc[0])} to {say.number(opened.iloc[-1])}"
        beside = f" Open issues {rose} {ends} at the month’s end."
    story = Story(
        title=title,
        measure="Mentions posted and mentions we resolved in each month" + ("; below: open issues" if standing else ""),
        unit="count",
        population="all mentions in the data" + provisional_in_words(frame) + ("; issues of all channels" * standing),
        period=say.months(first["month"], last["month"]),
        source="tables of mentions and issues" if standing else "table of mentions",
        rows=f"{say.number(mentions)} mentions, {say.number(resolved)} resolved",
        method=f"{definition('resolved_by_us').formula}; not every mention asks for a solution"
        + (f"; open: {definition('backlog').formula}" if standing else f"; {_why_not(metrics)}"),
        alt=f"Line chart of mentions and of mentions resolved by month. {title}. {say.month(last['month'])}: "
        f"{say.number(last['mentions'])} posted, {say.number(last['resolved'])} resolved.{beside}",
    )
    months = months_of(frame["month"])

    def paint(body: Body) -> None:
        right = _RIGHT_NARROW if body.narrow else _RIGHT
        lower = 120.0 if standing else 0.0
        over = body.figure.wrapped(_STANDING, body.width, "note", bold=True) if standing else []
        head = _LINE * max(0, len(over) - 1)
        upper = body.height - lower - head - 46 - (40 if standing else 6)
        axes = body.axes(_LEFT, 6, body.width - _LEFT - right, upper)
        quiet(axes, grid="y")
        month_axis(axes, months, say, most=4 if body.narrow else 10)
        value_axis(axes, 0, max(1.05 * frame[["mentions", "resolved"]].max().max(), 1), say, "count")
        axes.fill_between(range(len(frame)), frame["resolved"], frame["mentions"], color=SHADE, linewidth=0, zorder=1)
        _line(axes, frame, "mentions", _MENTIONS, dashed=True)
        _line(axes, frame, "resolved", _RESOLVED)
        at = len(frame) - 1
        ends = [(at, last["mentions"], _named(body, "Posted", last["mentions"], say), SOFT)]
        ends.append((at, last["resolved"], _named(body, "Resolved", last["resolved"], say), _RESOLVED))
        end_labels(body, axes, ends, beside=12)
        if standing:
            axes.tick_params(labelbottom=False)
            for place, line in enumerate(over):
                body.text(0, upper + 34 + _LINE * place, line, "note", INK, bold=True)
            below = body.axes(_LEFT, upper + 50 + head, body.width - _LEFT - right, lower)
            quiet(below, grid="y")
            month_axis(below, months, say, most=4 if body.narrow else 10)
            value_axis(below, 0, max(1.05 * opened.max(), 1), say, "count", most=3)
            below.fill_between(range(len(frame)), 0, frame["open"], color=SHADE, linewidth=0, zorder=1)
            _line(below, frame, "open", _OPEN)
            place = int(opened.index[-1])
            end_labels(body, below, [(place, opened.iloc[-1], _named(body, "Open", opened.iloc[-1], say), _OPEN)],
                       beside=12)  # fmt: skip

    return Figure(story, frame, paint, lambda narrow: (240 if narrow else 280) + (170 if standing else 0))


def _frame(metrics: Any) -> tuple[pd.DataFrame, bool]:
    """One row a month: mentions, resolved and open, and whether anything is known of what is open."""
    said = "mentions and solutions"
    posted = monthly_frame(monthly_rows(metrics, "mentions", said))
    solved = monthly_frame(monthly_rows(metrics, "resolved_by_us", said)).set_index("month")
    try:
        left = monthly_frame(monthly_rows(metrics, "backlog", said)).set_index("month")["value"]
    except NothingToDraw:
        left = pd.Series(dtype=float)
    frame = posted[["month", "value", "state"]].rename(columns={"value": "mentions"})
    frame["resolved"] = solved["value"].reindex(frame["month"]).to_numpy()
    frame["open"] = left.reindex(frame["month"]).to_numpy(dtype=float)
    frame = frame[frame["mentions"].notna() & frame["resolved"].notna()].reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw(
            "The chart of mentions and solutions needs months with `mentions` and with `resolved_by_us`; there is none."
        )
    return frame, bool(frame["open"].notna().any())


def _why_not(metrics: Any) -> str:
    lack = getattr(metrics, "missing", {}).get("backlog")
    return "open issues are not shown: " + (f"{lack.replace('`', '')} is missing" if lack else "they were not counted")


def _named(body: Body, name: str, value: float, say: Words) -> str:
    return f"{name}:{GAP}{say.number(value)}" if body.narrow else f"{name}: {say.number(value)}"


def _line(axes: Any, frame: pd.DataFrame, column: str, colour: str, *, dashed: bool = False) -> None:
    style = (0, (5, 2)) if dashed else "-"
    axes.plot(range(len(frame)), frame[column], color=colour, linewidth=points(2.4), linestyle=style, zorder=3,
              gid=column)  # fmt: skip
    provisional = (frame["state"] == "provisional") & ~(frame["state"] == "provisional").all()
    for place in range(len(frame)):
        if provisional.iloc[place] or place == len(frame) - 1:
            axes.plot([place], [frame[column].iloc[place]], marker="s" if dashed else "o", markersize=points(7),
                      color=colour, linestyle="none", markeredgewidth=points(2), zorder=4, clip_on=False,
                      markerfacecolor=PAPER if provisional.iloc[place] else colour)  # fmt: skip
