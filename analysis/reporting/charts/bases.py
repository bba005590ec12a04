"""How do the report by the month of the action and the one by the month it began differ, month by month?

Counts as they are, and for posts that still grow what is expected to come: hatched, with its interval, and said to be
an estimate. The two bases are never compared as if they were one count. How both are counted is left to the metrics.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.patches import Rectangle

from analysis.foundation.errors import DesignError
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, month_axis, quiet, value_axis
from analysis.reporting.formats import plain
from analysis.reporting.months import months_of
from analysis.reporting.naming import action_in_words, metric_in_words
from analysis.reporting.rows import metric_rows, monthly, of_metric
from analysis.reporting.theme import COLOURS, PAPER, SOFT, points
from analysis.reporting.wording import Words, words

_ACTION, _POST = COLOURS["neutral"], SOFT
_MONTHS = 13
_COLUMNS = ["month", "action", "post", "expected", "low", "high", "state"]
_UNITS = ("share", "ratio", "seconds")


def both_bases(found: Any, kind: str, *, months: int = _MONTHS, locale: str | None = None) -> Figure:
    """What was done in each month, beside what the posts of each month gathered and are still expected to gather.

    Parameters
    ----------
    found : MonthClose, Activity, or a result with figures
        A close also tells what posts are still expected to gather.
    kind : str
        A kind of action ("click"); of a result with figures a metric that is counted on both bases ("link_clicks").
    months : int
        How many of the last months.

    Raises
    ------
    NothingToDraw
        If the result does not hold the kind on both bases.
    """
    say = words(locale)
    frame, name, level = _series(found, kind)
    frame = frame.tail(months).reset_index(drop=True)
    if frame.empty or frame["action"].isna().all() or frame["post"].isna().all():
        raise NothingToDraw(f"The chart of both bases needs `{plain(kind, 40)}` on both; this result does not hold it.")
    growing = frame[_to_come(frame)]
    last = frame.iloc[-1]
    if not growing.empty:
        expected = say.number(growing["expected"].sum(), 0)
        title = f"Still expected on the posts shown: {expected} more {_short(_lower(name))}"
    else:
        title = f"{_short(name)}: {say.number(last['action'])} done, {say.number(last['post'])} on the month's posts"
    interval = f" with {say.share(level, 0)} interval" if level else ""
    story = Story(
        title=title,
        measure=f"{name} by the month they were done, and by the month of their post"
        + (f"; hatched: still expected (estimated){interval}" if not growing.empty else ""),
        unit="count",
        population="all that is known of posts" + _provisional(frame),
        period=say.months(frame["month"].iloc[0], last["month"]),
        source="tables of posts and of what people did with them",
        rows=f"{say.number(frame['action'].sum())} done in these months",
        method="two counts of one record, by two dates; "
        + ("what is to come from how older posts grew with age" if not growing.empty else "neither is an estimate"),
        alt=f"Line chart of {_lower(name)} by month on two bases. {title}. {say.month(last['month'])}: "
        f"{say.number(last['action'])} by the month they were done, {say.number(last['post'])} by that of the post. "
        + " ".join(_growing_in_words(row, say) for row in growing.to_dict("records")[-3:]),
    )

    def paint(body: Body) -> None:
        right = 104 if body.narrow else 130
        axes = body.axes(48, 6, body.width - 48 - right, body.height - 52)
        quiet(axes, grid="y")
        month_axis(axes, months_of(frame["month"]), say, most=4 if body.narrow else 10)
        tops = [frame["action"].max(), frame["post"].max(), *(_top(row) for row in growing.to_dict("records"))]
        value_axis(axes, 0, max(1.06 * max(tops), 1), say, "count")
        for place, row in growing.iterrows():
            box = Rectangle((float(place) - 0.3, row["post"]), 0.6, row["expected"], facecolor=PAPER, edgecolor=_POST,
                            hatch="////", linewidth=points(1), zorder=2)  # fmt: skip
            box.set_gid("expected")
            axes.add_patch(box)
            low = row["post"] + row["low"]
            high = min(row["post"] + row["high"], axes.get_ylim()[1])
            axes.plot([place, place], [low, high], color=_POST, linewidth=points(1.8), zorder=4, gid="interval",
                      solid_capstyle="butt")  # fmt: skip
            open_end = math.isinf(row["high"])
            for end, cap, width in ((low, "_", 1.8), (high, "^" if open_end else "_", 0 if open_end else 1.8)):
                axes.plot([place], [end], marker=cap, markersize=points(9), color=_POST, markeredgewidth=points(width),
                          zorder=4)  # fmt: skip
        axes.plot(frame["action"], color=_ACTION, linewidth=points(2.4), marker="o", markersize=points(5), gid="action",
                  zorder=3)  # fmt: skip
        axes.plot(frame["post"], color=_POST, linewidth=points(2.0), linestyle=(0, (5, 2)), gid="post", zorder=3)
        for place, row in frame.iterrows():
            hollow = row["state"] != "whole"
            axes.plot([place], [row["post"]], marker="s", markersize=points(6), color=_POST, linestyle="none",
                      markerfacecolor=PAPER if hollow else _POST, markeredgewidth=points(1.6), zorder=5,
                      gid="hollow" if hollow else "solid", clip_on=False)  # fmt: skip
        ends = [
            (len(frame) - 1, last["action"], f"done: {say.number(last['action'])}", _ACTION),
            (len(frame) - 1, last["post"], f"posts: {say.number(last['post'])}", _POST),
        ]
        end_labels(body, axes, ends, beside=16)
        if (frame["state"] != "whole").any():
            body.text(body.width, body.height - 4, "Hollow: posts that may still grow", "note", SOFT, ha="right")

    return Figure(story, frame, paint, lambda narrow: 280 if narrow else 320)


def _series(found: Any, kind: str) -> tuple[pd.DataFrame, str, float | None]:
    """Both bases by month, what is still expected, the name, and the level of the intervals."""
    if hasattr(found, "triangles"):
        return _of_close(found, kind)
    if hasattr(found, "local") and hasattr(found, "quantity"):
        if kind not in found.kinds:
            raise NothingToDraw(_lacks(kind, found.kinds))
        try:
            rows = [
                [str(month), found.quantity("action", month, kind), found.quantity("post", month, kind)]
                for month in found.local.months
            ]
        except DesignError as error:
            raise NothingToDraw(f"The chart of both bases cannot be drawn: {error}") from error
        return _frame([[*row, 0.0, 0.0, 0.0, "growing"] for row in rows]), action_in_words(kind), None
    return _of_metric(found, kind)


def _of_close(found: Any, kind: str) -> tuple[pd.DataFrame, str, float | None]:
    triangle = next((one for one in found.triangles if one.kind == kind), None)
    if triangle is None:
        raise NothingToDraw(_lacks(kind, [one.kind for one in found.triangles]))
    run_off = next((one for one in found.run_offs if one.kind == kind), None)
    to_come = {row.month: row for row in run_off.months} if run_off is not None else {}
    rows = []
    for month in triangle.months:
        row = to_come.get(month)
        expected, low, high = (
            (row.expected, row.low, row.high) if row is not None and not row.finished else (0.0, 0.0, 0.0)
        )
        grows = row is None or (not row.finished and round(expected) >= 1)
        done = triangle.diagonal(month) + triangle.outside(month)
        rows.append([str(month), done, triangle.row(month), expected, low, high, "growing" if grows else "whole"])
    return _frame(rows), action_in_words(kind), None if run_off is None else run_off.level


def _of_metric(found: Any, metric: str) -> tuple[pd.DataFrame, str, float | None]:
    by_basis = {
        basis: {row["period"]: row for row in monthly(of_metric(metric_rows(found), metric, basis=basis))}
        for basis in ("action", "post")
    }
    every = [row for rows in by_basis.values() for row in rows.values()]
    if not all(by_basis.values()) or every[0]["unit"] in _UNITS:
        why = (
            "it is no count"
            if every and every[0]["unit"] in _UNITS
            else "this result does not hold it by month on both"
        )
        raise NothingToDraw(f"The chart of both bases needs the metric `{plain(metric, 40)}` on both; {why}.")
    rows = [
        [month, row["value"], post["value"], 0.0, 0.0, 0.0, "growing" if post["state"] == "provisional" else "whole"]
        for month, row in by_basis["action"].items()
        if (post := by_basis["post"].get(month)) is not None
    ]
    return _frame(rows), metric_in_words(metric), None


def _frame(rows: list[list[Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=_COLUMNS)
    return frame.astype(dict.fromkeys(_COLUMNS[1:6], float))


def _lacks(kind: str, there: Any) -> str:
    known = ", ".join(f"`{one}`" for one in there) or "none"
    return f"The chart of both bases needs `{plain(kind, 40)}` on both; this result holds: {known}."


def _to_come(frame: pd.DataFrame) -> pd.Series:
    """Months of which at least one whole action is still expected."""
    return frame["expected"].round() >= 1


def _top(row: dict[str, Any]) -> float:
    return float(row["post"] + (row["expected"] if math.isinf(row["high"]) else row["high"]))


def _growing_in_words(row: dict[str, Any], say: Words) -> str:
    low, high = say.number(row["low"], 0), "no limit" if math.isinf(row["high"]) else say.number(row["high"], 0)
    more = say.number(row["expected"], 0)
    return (
        f"Posts of {say.month(row['month'])}: {say.number(row['post'])} and an estimated {more} more ({low} to {high})."
    )


def _provisional(frame: pd.DataFrame) -> str:
    return "" if (frame["state"] == "whole").all() else " (hollow: posts that may still grow)"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _short(name: str) -> str:
    return plain(name, 28).replace(" ", "\xa0")
