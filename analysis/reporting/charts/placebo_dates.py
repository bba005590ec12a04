"""What does the same model find at dates at which nothing was changed? The step at the change, beside those.

Made-up dates are hollow. Where one of them shows as much as the change does, the model finds steps that nobody made.
What the step amounts to is left to the estimate.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from analysis.reporting.changes import change_in_words, entries_of
from analysis.reporting.charts.around import draw_note
from analysis.reporting.charts.change_figures import AxisUnit, figure_rows, step_of, titled
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, baseline, draw_interval, month_axis, nice_ticks, quiet
from analysis.reporting.formats import GAP
from analysis.reporting.months import months_of
from analysis.reporting.naming import method_in_words
from analysis.reporting.wording import figure_in_words, words

_COLUMNS = ("month", "level", "low", "high", "made_up", "unit")
_LEFT, _BELOW = 60.0, 78.0


def placebo_dates(found: Any, change: str, outcome: str, segment: str = "", *, locale: str | None = None) -> Figure:
    """The step of one figure at its change and at every made-up date, with intervals.

    Parameters
    ----------
    found : ChangeLogResult
        With `placebo`, `entries` and `effects`.
    change, outcome, segment : str
        As for `interrupted`.

    Raises
    ------
    NothingToDraw
        If the result holds no such figure, or no made-up date could be tried.
    """
    say = words(locale)
    step = step_of(found, change, outcome, segment)
    frame = figure_rows(found, "placebo", _COLUMNS, change, outcome, segment)
    frame = frame.sort_values("month", kind="stable").reset_index(drop=True)
    tried, true = frame[frame["made_up"]], frame[~frame["made_up"]]
    if tried.empty or true.empty:
        raise NothingToDraw("No earlier date has months enough on both sides without a change to be tried.")
    as_large = int((tried["level"].abs() >= abs(float(true["level"].iloc[0]))).sum())
    label, unit, interval = figure_in_words(step), AxisUnit.of(frame, "level"), say.level(step)
    count = f"{as_large} of {len(tried)}".replace(" ", GAP)
    title = titled(label, f"as large at {count} made-up dates")
    months = months_of(frame["month"])
    span = [months[0].plus(place) for place in range(months[-1].number - months[0].number + 1)]
    story = Story(
        title=title,
        measure=f"Step in {label[:1].lower()}{label[1:]} at each date, with its {interval}",
        unit="percentage points" if unit.ticks == "share" else unit.said,
        population=f"{change_in_words(say, entries_of(found), change)} (filled) and dates without a change (hollow)",
        period=say.months(str(frame["month"].iloc[0]), str(frame["month"].iloc[-1])),
        source="closed months and the change log",
        counts="Covers",
        rows=f"{len(tried)} dates without a change",
        method=method_in_words("level_change"),
        alt=f"Chart of intervals by date. {title}. {say.step(step)} At dates without a change a step as large was "
        f"found {as_large} times in {len(tried)}.",
    )

    def paint(body: Body) -> None:
        axes = body.axes(_LEFT, 8, body.width - _LEFT - 12, body.height - 8 - _BELOW)
        quiet(axes, grid="y")
        month_axis(axes, span, say, most=4 if body.narrow else 12)
        ends = frame[["low", "high"]].to_numpy(dtype=float).ravel() / unit.per
        ends = ends[np.isfinite(ends)]
        ticks = nice_ticks(min(0.0, float(ends.min())), max(0.0, float(ends.max())), 5)
        axes.set_ylim(ticks[0], ticks[-1])
        axes.set_yticks(ticks, [unit.tick(tick, ticks, say, signed=True) for tick in ticks])
        baseline(axes)
        for month, row in zip(months, frame.to_dict("records"), strict=True):
            value, low, high = (row[name] / unit.per for name in ("level", "low", "high"))
            meaning = "naive" if row["made_up"] else "after"
            drawn = IntervalRow("", value, low, high, "", meaning, bold=not row["made_up"])
            draw_interval(axes, drawn, month.number - span[0].number, upright=True)
        draw_note(body, f"First whole month after each date. Bars: {interval}s", left=_LEFT, right=12)

    return Figure(story, frame, paint, lambda narrow: 300)
