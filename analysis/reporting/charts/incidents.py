"""On which days did far more mentions come than usual? Daily counts with what was expected, and each incident named.

How an incident is found was decided by the metrics; `results.json` keeps no daily counts.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.foundation.calendar import Month, months_between
from analysis.reporting.charts.events import MOST, listed, listed_height
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import quiet, value_axis
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, part_of
from analysis.reporting.tables.happened import daily_result, days_in_words, explained_in_words
from analysis.reporting.theme import COLOURS, INK, PAPER, SHADE, SOFT, points
from analysis.reporting.wording import Words, words

_LINE = COLOURS["neutral"]
_BAND = "#dfe4e9"


def incident_days(found: Any, *, locale: str | None = None) -> Figure:
    """Which days stood out of what was expected, and what explains them?

    Parameters
    ----------
    found : what was counted or IncidentsResult

    Raises
    ------
    NothingToDraw
        If there are no daily counts, as in `results.json`, or incidents could not be looked for.
    """
    say = words(locale)
    result = daily_result(found)
    if result is None:
        raise NothingToDraw(
            "The chart of incidents needs the daily counts of mentions; only the step that counts holds them."
        )
    frame: pd.DataFrame = result.daily.reset_index(drop=True)
    if frame.empty:
        why = f": {plain(result.reason)}" if result.reason else ""
        raise NothingToDraw(f"The chart of incidents needs days with mentions; this result holds none{why}.")
    rows = sorted(part_of(result, "incidents"), key=lambda row: (row["from"], row["product"]))
    known = frame["expected"].notna().all()
    days = [day if isinstance(day, date) else date.fromisoformat(str(day)) for day in frame["day"]]
    total = int(frame["observed"].sum())
    title = _title(rows, known)
    named = " ".join(f"{days_in_words(say, row)}: {explained_in_words(row)}." for row in rows[:MOST])
    story = Story(
        title=title,
        measure="Mentions a day, with the range of ordinary days" if known else "Mentions a day",
        unit="count",
        population="all mentions in the data (marked: days of an incident)"
        + (f"; the last {MOST} incidents are numbered" if len(rows) > MOST else ""),
        period=f"{say.day(days[0])} to {say.day(days[-1])}",
        source="tables of mentions and of changes",
        rows=f"{say.number(total)} mentions on {say.number(len(frame))} days",
        method="running median of twelve weeks times weekday factors; the range holds 95 % of ordinary days"
        if known
        else f"no expectation: {plain(result.reason or 'too few days', 160)}",
        alt=f"Line chart of mentions by day. {title}. {named}",
    )
    rows = rows[-MOST:]
    said = [_said(row, say) for row in rows]

    def paint(body: Body) -> None:
        height = body.height - listed_height(said, body.narrow)
        axes = body.axes(44, 18, body.width - 44 - 8, height - 18 - 44)
        quiet(axes, grid="y")
        places = np.arange(len(frame))
        if known:
            axes.fill_between(places, frame["low"].astype(float), frame["high"].astype(float), color=_BAND,
                              linewidth=0, zorder=1).set_gid("expected")  # fmt: skip
        axes.plot(places, frame["observed"], color=_LINE, linewidth=points(1.1), zorder=2, gid="line")
        flagged = frame["flagged"].astype(bool)
        axes.plot(
            places[flagged], frame.loc[flagged, "observed"], linestyle="none", marker="D", markersize=points(4.5),
            color=INK, markeredgecolor=PAPER, markeredgewidth=points(0.6), zorder=4, gid="flagged",
        )  # fmt: skip
        highest = max(float(frame["observed"].max()), float(frame["high"].max()) if known else 0.0, 1.0)
        value_axis(axes, 0, 1.12 * highest, say, "count")
        axes.set_xlim(-0.5, max(len(frame) - 0.5, 0.5))
        _month_ticks(axes, days, say, most=5 if body.narrow else 12)
        for number, row in enumerate(rows, start=1):
            _number(axes, days, frame, row, number)
        if known:
            body.text(body.width, height - 6, "Shaded: ordinary days, 95 %", "note", SOFT, ha="right")
        listed(body, height, said)

    def tall(narrow: bool) -> float:
        return (270 if narrow else 310) + listed_height(said, narrow)

    return Figure(story, frame.assign(day=[day.isoformat() for day in days]), paint, tall)


def _title(rows: list[Row], known: bool) -> str:
    if not known:
        return "Mentions by day; what is usual is not known"
    if not rows:
        return "No day stood out of what was expected"
    unexplained = sum(not row["explained_by"] for row in rows)
    incidents = f"{len(rows)} incident{'s' if len(rows) > 1 else ''}"
    if not unexplained:
        return f"{incidents}, {'all' if len(rows) > 1 else 'and it is'} explained by the change log"
    return f"{incidents}, {unexplained} of them unexplained" if len(rows) > 1 else "1 incident, and it is unexplained"


def _month_ticks(axes: Axes, days: list[date], say: Words, most: int) -> None:
    """Names of months where they begin, the year below the first of each year shown."""
    first, last = days[0], days[-1]
    months = months_between(Month.of(f"{first:%Y-%m}"), Month.of(f"{last:%Y-%m}"))
    step = -(-len(months) // most)
    labels, places, year = [], [], None
    for month in months[::-1][::step][::-1]:
        day = max(month.first_day, first)
        name = say.month_name(month.first_day)
        labels.append(f"{name}\n{day.year}" if day.year != year else name)
        places.append((day - first).days)
        year = day.year
    axes.set_xticks(places, labels)


def _number(axes: Axes, days: list[date], frame: pd.DataFrame, row: Row, number: int) -> None:
    """The incident's number above its highest day, its days shaded."""
    begin, end = date.fromisoformat(row["from"]), date.fromisoformat(row["to"])
    start, stop = max((begin - days[0]).days, 0), min((end - days[0]).days, len(days) - 1)
    if stop < start:
        return
    axes.axvspan(start - 0.5, stop + 0.5, color=SHADE, zorder=0).set_gid("incident")
    top = int(frame["observed"].iloc[start : stop + 1].idxmax())
    axes.annotate(
        str(number), (top, frame["observed"].iloc[top]), xytext=(0, points(6)), textcoords="offset points",
        ha="center", va="bottom", fontsize=points(12), fontweight="bold", color=INK, annotation_clip=False,
        parse_math=False,
    ).set_gid("incident number")  # fmt: skip


def _said(row: Row, say: Words) -> str:
    product = "" if row["product"] == "all" else f", {plain(row['product'], 40)}"
    above = f"{say.number(row['mentions'])} mentions, {say.number(row['expected'], 0)} expected"
    return f"{days_in_words(say, row)}{product}: {above}; {explained_in_words(row)}"
