"""How many complaints came for each positive mention, month by month, before we started responding and after?

Counts, no effect: months differ in much else, and the chart says so. What both sides add up to was counted by the
metrics.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.errors import DesignError
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import month_axis, quiet, value_axis
from analysis.reporting.formats import GAP, plain
from analysis.reporting.rows import Row, metric_rows, monthly, of_metric
from analysis.reporting.tables.happened import NO_EFFECT, programme_sides
from analysis.reporting.theme import COLOURS, INK, SOFT, points, type_of
from analysis.reporting.wording import words

_METRIC = "complaints_per_positive"
_NAMES = {"before": "Before", "after": "After"}
_STYLES = {"before": "s", "after": "o"}


def complaints_around_programme(found: Any, *, locale: str | None = None) -> Figure:
    """Complaints for each positive mention by month, before we started responding and after, with both sides' figures.

    Parameters
    ----------
    found : what was counted, ProgrammeResult or results

    Raises
    ------
    NothingToDraw
        If there is no figure of both sides, or no month of either.
    """
    say = words(locale)
    try:
        sides = programme_sides(found)
    except DesignError as error:
        raise NothingToDraw(str(error)) from error
    empty = {side: plain(row.get("reason") or "") for side, row in sides.items() if row["value"] is None}
    if empty:
        side, reason = next(iter(empty.items()))
        raise NothingToDraw(
            f"The chart of complaints before and after needs a figure of both; {side} has none: {reason}."
        )
    frame = _months(found, sides)
    if frame["value"].notna().sum() == 0:
        raise NothingToDraw("The chart of complaints before and after needs them by month; this result holds no month.")
    before, after = (sides[side]["value"] for side in ("before", "after"))
    title = f"Complaints for each positive: {say.number(before, 2)} before, {say.number(after, 2)} after"
    counted = {
        side: f"{say.number(row['numerator'])} complaints, {say.number(row['denominator'])} positive mentions"
        for side, row in sides.items()
    }
    months = [Month.of(month) for month in frame["month"]]
    span = months_between(months[0], months[-1])
    story = Story(
        title=title,
        measure="Complaints for each positive mention of the month; lines: all months of a side together",
        unit="ratio",
        population="what was counted, not an effect of responding; the month of the start is in neither side",
        period=say.months(str(span[0]), str(span[-1])),
        source="tables of mentions and of changes",
        rows=f"before {counted['before']}; after {counted['after']}",
        method=NO_EFFECT.rstrip("."),
        alt=f"Chart of complaints for each positive mention by month. {title}. "
        f"Before: {counted['before']}. After: {counted['after']}. {NO_EFFECT}",
    )

    def paint(body: Body) -> None:
        axes = body.axes(44, 30, body.width - 44 - 12, body.height - 30 - 52)
        quiet(axes, grid="y")
        month_axis(axes, span, say, most=5 if body.narrow else 12)
        value_axis(axes, 0, max(1.1 * float(frame["value"].max()), 1.0), say, "count")
        axes.axhline(1, color=SOFT, linewidth=points(1), linestyle=(0, (4, 3)), zorder=2).set_gid("one to one")
        for side, row in sides.items():
            mine = frame[frame["side"] == side]
            places = [Month.of(month).number - span[0].number for month in mine["month"]]
            axes.plot(
                places, mine["value"], linestyle="-", linewidth=points(1.2), marker=_STYLES[side],
                markersize=points(5.5), color=COLOURS[side], zorder=3, gid=side,
            )  # fmt: skip
            if places:
                axes.hlines(row["value"], places[0] - 0.4, places[-1] + 0.4, color=COLOURS[side], linewidth=points(3),
                            zorder=4).set_gid(f"{side} together")  # fmt: skip
                _named(axes, body, side, (places[0] + places[-1]) / 2, f"{_NAMES[side]}: {say.number(row['value'], 2)}")
        gap = _gap(frame, span)
        if gap is not None:
            axes.axvline(gap, color=INK, linewidth=points(1.4), zorder=2).set_gid("start")
            x = 44 + (gap + 0.5) / len(span) * (body.width - 56)
            ha, x = ("right", min(x, body.width)) if x > body.width / 2 else ("left", max(x, 44.0))
            body.text(x, 4, "We started responding", "note", INK, ha=ha)

    return Figure(story, frame, paint, lambda narrow: 300 if narrow else 330)


def _months(found: Any, sides: dict[str, Row]) -> pd.DataFrame:
    """The months of both sides: those of the result itself, else those of the report that lie in a side's period."""
    result = getattr(found, "programme", found)
    held = getattr(result, "months", None)
    rows: list[tuple[str, Row]] = []
    if held is not None:
        rows = [(row.segment["programme"], row.to_dict()) for row in held]
    else:
        for row in monthly(of_metric(metric_rows(found), _METRIC)):
            rows += [(side, row) for side, whole in sides.items() if _lies_in(row["period"], whole["period"])]
    return pd.DataFrame(
        [
            {"month": row["period"], "side": side, "value": row["value"], "complaints": row["numerator"],
             "positives": row["denominator"]}
            for side, row in sorted(rows, key=lambda pair: pair[1]["period"])
        ],
        columns=["month", "side", "value", "complaints", "positives"],
    ).astype({"value": float, "complaints": float, "positives": float})  # fmt: skip


def _lies_in(month: str, period: str) -> bool:
    """Whether a month lies in a stretch as periods are written: months, a quarter, a year."""
    first, _, last = period.partition("/")
    if "q" in first:
        year, quarter = first.split("q")
        first, last = f"{year}-{3 * int(quarter) - 2:02d}", f"{year}-{3 * int(quarter):02d}"
    elif len(first) == 4:
        first, last = f"{first}-01", f"{first}-12"
    return first <= month <= (last or first)


def _gap(frame: pd.DataFrame, span: tuple[Month, ...]) -> float | None:
    """The place between the last month before and the first after."""
    before, after = (frame.loc[frame["side"] == side, "month"] for side in ("before", "after"))
    if before.empty or after.empty:
        return None
    return (Month.of(before.max()).number + Month.of(after.min()).number) / 2 - span[0].number


def _named(axes: Any, body: Body, side: str, x: float, text: str) -> None:
    axes.annotate(
        text.replace(" ", GAP), (x, 0), xycoords=("data", "axes fraction"), xytext=(0, points(8)),
        textcoords="offset points", ha="center", va="bottom", fontsize=points(13), fontweight="bold",
        color=type_of(COLOURS[side]), annotation_clip=False, parse_math=False,
    ).set_gid("side")  # fmt: skip
