"""How long do those who write wait for a first answer? The share still without one, after a minute, an hour, a day.

The curve falls as answers come; where it stays level, nobody answers any more. Beside it the promised time, below it
how many were still followed. Platforms are lines of their own. How the curve is found is left to the metrics.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, quiet
from analysis.reporting.formats import GAP
from analysis.reporting.naming import humanised
from analysis.reporting.rows import Row
from analysis.reporting.theme import APART, INK, PAPER, RULE, SOFT, points
from analysis.reporting.wording import Words, words

_MOST = 4
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_TICKS = (_MINUTE, 10 * _MINUTE, _HOUR, 6 * _HOUR, _DAY, 7 * _DAY)


def first_answers(found: Any, by: str | None = None, *, locale: str | None = None) -> Figure:
    """Which share of those who wrote is still without a first answer after each time?

    Parameters
    ----------
    found : what was counted, FirstAnswers, or results
    by : {None, "platform"}
        All together with the interval as a band, or a line for each of the platforms with the most mentions.

    Raises
    ------
    NothingToDraw
        If the curve is not there, or no platforms are told apart.
    """
    say = words(locale)
    part = _part(found)
    if part is None or part.get("reason") or not part.get("groups"):
        why = f"; {str(part['reason']).replace('`', '')} is missing" if part and part.get("reason") else ""
        raise NothingToDraw(f"The chart of waiting needs the times to first answers{why or '; they are not here'}.")
    groups = [group for group in part["groups"] if bool(group["segment"]) == (by is not None) and group["curve"]]
    groups = groups[:_MOST]
    if by not in (None, "platform") or not groups:
        raise NothingToDraw("The chart of waiting by platform needs the times of two platforms or more.")
    frame = _frame(groups)
    level, promised = f"{say.share(part['level'], 0)} interval", part["promised_seconds"]
    interval = f"{say.share(part['level'], 0)} intervals"
    title = _title_of_all(groups[0], say) if by is None else _title_of_platforms(groups, promised, say)
    mentions, answered, closed, waits = (
        sum(group[name] for group in groups) for name in ("mentions", "answered", "closed", "open")
    )
    story = Story(
        title=title,
        measure=f"Still without a first answer, by time since the mention, with {interval}",
        unit="share of opening mentions",
        population="mentions that open a conversation" + (", by platform" if by else ""),
        period=say.months(*part["months"]),
        source="table of mentions",
        counts="Mentions",
        rows=f"{say.number(mentions)}; {say.number(answered)} answered, {say.number(waits)} open, "
        f"{say.number(closed)} closed without an answer",
        method=f"those still open count as waiting; those closed without an answer never get one; {level} on the "
        "log-log scale; nights and weekends count",
        alt=f"Falling curve of mentions still without a first answer. {title}. "
        + " ".join(_told(group, promised, level, say) for group in groups),
    )

    def paint(body: Body) -> None:
        names = [_end(group, say, narrow=body.narrow) for group in groups]
        room = max(body.figure.text_width(name, "label", bold=True) for name in names) + 16
        left, right = 46.0 if body.narrow else 54.0, min(max(room, 60.0), 0.4 * body.width)
        below = 56.0 + 17.0 * (1 + len(groups))
        axes = body.axes(left, 22, body.width - left - right, body.height - 22 - below)
        quiet(axes, grid="y")
        axes.set_xscale("log")
        last = max(frame["seconds"])
        axes.set_xlim(min(frame["seconds"]), max(last, 1.0001 * min(frame["seconds"])))
        axes.set_ylim(0, 1)
        axes.set_yticks([0, 0.25, 0.5, 0.75, 1], [say.share(tick, 0) for tick in (0, 0.25, 0.5, 0.75, 1)])
        axes.minorticks_off()
        shown = [at for at in _TICKS if at <= last][:: 2 if body.narrow else 1]
        axes.set_xticks(shown, [_time(at, say) for at in shown])
        if axes.get_xlim()[0] < promised < axes.get_xlim()[1]:
            axes.axvline(promised, color=INK, linewidth=points(1.2), linestyle=(0, (4, 3)), zorder=2).set_gid(
                "promised"
            )
            axes.annotate(f"promised: {_time(promised, say)}", (promised, 1.0), xytext=(0, points(5)), ha="center",
                          textcoords="offset points", fontsize=points(12), color=INK, annotation_clip=False,
                          parse_math=False)  # fmt: skip
        ends = []
        for place, group in enumerate(groups):
            colour, stroke, mark = APART[place]
            rows = frame[frame["group"] == _name(group)]
            axes.fill_between(rows["seconds"], rows["low"], rows["high"], color=colour, alpha=0.16, linewidth=0,
                              zorder=1).set_gid("band")  # fmt: skip
            axes.plot(rows["seconds"], rows["share"], color=colour, linewidth=points(2.4), linestyle=stroke, zorder=3,
                      marker=mark, markersize=points(5), markevery=3, markerfacecolor=PAPER, gid="line")  # fmt: skip
            end = rows.iloc[-1]
            label = body.figure.wrapped(names[place], right - 12, "label", bold=True, lines=1)[0]
            ends.append((float(end["seconds"]), float(end["share"]), label, colour))
        end_labels(body, axes, ends)
        _followed(body, axes, groups, frame, shown, below, say)

    def height(narrow: bool) -> float:
        return (270 if narrow else 300) + 17.0 * (1 + len(groups))

    return Figure(story, frame, paint, height)


def _part(found: Any) -> Row | None:
    """What `results.json` holds of the waiting."""
    if hasattr(found, "first_answers"):
        found = found.first_answers
    if hasattr(found, "groups") and hasattr(found, "to_dict"):
        part: Row = found.to_dict()
        return part
    return (found.get("coverage") or {}).get("first_answers") if isinstance(found, dict) else None


def _frame(groups: list[Row]) -> pd.DataFrame:
    return pd.DataFrame([{"group": _name(group), **point} for group in groups for point in group["curve"]])


def _name(group: Row) -> str:
    return humanised(group["segment"]["platform"], 40) if group["segment"] else "All"


def _end(group: Row, say: Words, *, narrow: bool) -> str:
    """What stands at the end of a line."""
    share = say.share(group["curve"][-1]["share"], 0)
    if group["segment"]:
        return f"{_name(group)}: {share}"
    return share if narrow else f"{share} still wait"


def _title_of_all(group: Row, say: Words) -> str:
    last = group["curve"][-1]
    waiting = f"{say.share(last['share'], 0)} still waiting after {_time(last['seconds'], say)}"
    if group["median"] is None:
        return f"Fewer than half answered; {waiting}"
    return f"Half answered within {_rounded(group['median'], say)}; {waiting}"


def _title_of_platforms(groups: list[Row], promised: int, say: Words) -> str:
    """Whether the platform that waits most can be told from the one that waits least, at the promised time."""
    at = [(point, _name(group)) for group in groups for point in group["curve"] if point["seconds"] == promised]
    if len(at) < 2:
        return f"Waiting on {len(groups)} platforms"
    (least, _), (most, slow) = min(at, key=lambda one: one[0]["share"]), max(at, key=lambda one: one[0]["share"])
    after = f"After {_time(promised, say)}"
    if most["low"] > least["high"]:
        shares = f"{say.share(most['share'], 0)} against {say.share(least['share'], 0)}"
        return f"{after}, {slow.replace(' ', GAP)} waits most: {shares}"
    return f"{after}, no platform clearly waits longer"


def _told(group: Row, promised: int, level: str, say: Words) -> str:
    at = next((point for point in group["curve"] if point["seconds"] == promised), None)
    parts = []
    if group["median"] is not None:
        high = "no limit" if group["median_high"] is None else say.duration(group["median_high"])
        low, median = say.duration(group["median_low"]), say.duration(group["median"])
        parts.append(f"half answered within {median} ({level} {low} to {high})")
    if at is not None:
        parts.append(
            f"after the promised {_time(promised, say)} {say.share(at['share'])} were without an answer "
            f"({say.share(at['low'])} to {say.share(at['high'])})"
        )
    last = group["curve"][-1]
    parts.append(f"after {_time(last['seconds'], say)} {say.share(last['share'])} were")
    return f"{_name(group)}: {', '.join(parts)}."


def _time(seconds: int, say: Words) -> str:
    """A round time: "10 min", "1 h", "7 days"; any other in its two largest units."""
    for size, unit in ((_DAY, "day"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds % size == 0:
            n = seconds // size
            return f"{say.number(n)}{GAP}{unit}{'s' if unit == 'day' and n > 1 else ''}"
    return say.duration(seconds).replace(" ", GAP)


def _rounded(seconds: float, say: Words) -> str:
    """A time as a title says it, in one unit where that is near enough."""
    if seconds < _MINUTE:
        return say.duration(seconds)
    if seconds < 1.5 * _HOUR:
        return f"{say.number(seconds / _MINUTE, 0)}{GAP}min"
    if seconds < 2 * _DAY:
        return f"{say.number(seconds / _HOUR, 1)}{GAP}h"
    return f"{say.number(seconds / _DAY, 1)}{GAP}days"


def _followed(
    body: Body, axes: Any, groups: list[Row], frame: pd.DataFrame, shown: list[int], below: float, say: Words
) -> None:
    """Under the axis: how many of each group are still without an answer and followed at each time."""
    top = body.height - below + 40
    body.text(0, top, "Still followed without an answer", "note", SOFT)
    body.line((0, body.width), top + 10, color=RULE, linewidth=points(1))
    first, last = axes.get_xlim()
    box = axes.get_position()
    across = body.figure.css_width
    for line, group in enumerate(groups):
        y = top + 20 + 17 * line
        rows = frame[frame["group"] == _name(group)].set_index("seconds")["waiting"]
        colour = APART[line][0]
        ends = body.width - (box.x1 * across - body.left)
        name = body.figure.wrapped(_name(group), ends - 30, "note", lines=1)[0]
        body.text(body.width, y, name, "note", colour, ha="right", bold=True)
        for at in shown:
            if at in rows.index:
                place = (math.log(at) - math.log(first)) / (math.log(last) - math.log(first))
                x = (box.x0 + place * box.width) * across - body.left
                body.text(x, y, say.number(rows[at]), "note", SOFT, ha="center")
