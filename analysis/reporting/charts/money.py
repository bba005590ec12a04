"""What is it worth, drawn: the range of net present value, and the money of each year.

The range comes from the case's own draws. Bars begin at zero; the range of a year's net is drawn and its limits are
named. What the money rests on is left to the case and its tables.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import (
    IntervalRow,
    baseline,
    draw_interval,
    end_labels,
    nice_ticks,
    quiet,
    spread,
    tick_label,
)
from analysis.reporting.formats import GAP
from analysis.reporting.theme import COLOURS, COST_INK, INK, PAPER, SOFT, points
from analysis.reporting.wording import words
from analysis.roi.histogram import histogram

_CASES = (("p5", "low case"), ("p50", "middle case"), ("p95", "high case"))
_RANGE = f"range from the low to the high case, which holds 90{GAP}% of outcomes"
_GAIN = COLOURS["neutral"]
_SIDE = 34.0
_YEARLY = ("year", "benefits", "costs", "net", "net_low", "net_high")


def npv_range(case: Any, *, locale: str | None = None) -> Figure:
    """What may the case be worth in today's money, and how often is that less than nothing?

    Parameters
    ----------
    case : RoiCase
        With `draws` of the net present value and the quantiles `npv`.

    Raises
    ------
    NothingToDraw
        If the draws or the quantiles are missing.
    """
    say = words(locale)
    draws = np.asarray(getattr(case, "draws", ()), dtype=float)
    marks: list[Any] = [getattr(getattr(case, "npv", None), name, None) for name, _ in _CASES]
    if draws.size == 0 or not np.isfinite(draws).all() or any(mark is None for mark in marks):
        raise NothingToDraw(
            "The chart of net present value needs the draws of the case and its low, middle and high value; "
            f"{'the draws are' if draws.size == 0 else 'one of them is'} missing."
        )
    middle = float(case.npv.p50)
    chance = say.chance(float(case.probability_npv_positive))
    title = f"Middle case {say.about(middle, case.currency)}; {chance} chance of a gain"
    frame = histogram(draws)
    edges = [*frame["from"], frame["to"].iloc[-1]]
    said = {name: say.about(value, case.currency) for (name, _), value in zip(_CASES, marks, strict=True)}
    story = Story(
        title=title,
        measure="Net present value, share of simulated outcomes in each bar",
        unit=f"{case.currency} of today",
        population="the programme as a whole",
        period=f"{case.years} years at {say.share(case.discount_rate, 0)} a year",
        source="measured effects and stated costs",
        counts="Rests on",
        rows=f"{say.number(draws.size)} simulated outcomes",
        method=f"uncertainty of the measured effects carried into money; {_RANGE}",
        alt=f"Histogram of net present value over {case.years} years. {title}. Low case {said['p5']}, middle case "
        f"{said['p50']}, high case {said['p95']}, with 90{GAP}% of outcomes between low and high.",
    )

    def paint(body: Body) -> None:
        axes = body.axes(_SIDE, 58, body.width - 2 * _SIDE, body.height - 58 - 30)
        quiet(axes, grid="x")
        axes.set_yticks([])
        axes.set_ylim(0, frame["share"].max() * 1.05)
        ticks = [t for t in nice_ticks(edges[0], edges[-1], 3 if body.narrow else 5) if edges[0] <= t <= edges[-1]]
        axes.set_xlim(edges[0], edges[-1])
        axes.set_xticks(ticks, [tick_label(tick, ticks, say, case.currency) for tick in ticks])
        bars = axes.bar(
            frame["from"], frame["share"], width=frame["to"] - frame["from"], align="edge", color=_GAIN,
            alpha=0.55, edgecolor=PAPER, linewidth=points(0.5), zorder=2,
        )  # fmt: skip
        for bar, end in zip(bars, frame["to"], strict=True):
            if end <= 1e-9 * abs(edges[-1] - edges[0]):
                bar.set(facecolor=PAPER, edgecolor=SOFT, hatch="////", linewidth=points(0.5), alpha=1)
        if edges[0] < 0 < edges[-1]:
            baseline(axes, upright=True)
        _case_marks(body, axes, [(value, name, said[key]) for (key, name), value in zip(_CASES, marks, strict=True)])

    return Figure(story, frame, paint, lambda narrow: 300)


def yearly_money(case: Any, *, locale: str | None = None) -> Figure:
    """What comes in, what goes out, and what is left, year by year?

    Parameters
    ----------
    case : RoiCase
        With `yearly`: year, benefits, costs, net, net_low, net_high.

    Raises
    ------
    NothingToDraw
        If a column is missing or there is no year.
    """
    say = words(locale)
    frame = getattr(case, "yearly", None)
    lacking = [name for name in _YEARLY if frame is None or name not in frame.columns]
    if frame is None or lacking or frame.empty:
        raise NothingToDraw(
            f"The chart of yearly money needs the case's yearly {', '.join(lacking) if lacking else 'rows'}; "
            "this case does not hold them."
        )
    frame = frame[list(_YEARLY)].reset_index(drop=True)
    last = frame.iloc[-1]
    title = _paid_back(case.payback_months.p50, int(last["year"]))
    years = "; ".join(
        f"{_year(row.year)}: in {say.money(row.benefits, case.currency)}, out {say.money(row.costs, case.currency)}, "
        f"left {say.money(row.net, case.currency)}"
        for row in frame.itertuples()
    )
    story = Story(
        title=title,
        measure="Benefits, costs and what is left of them in each year",
        unit=f"{case.currency}, not discounted",
        population="the programme as a whole",
        period=f"start and {int(frame['year'].max())} years",
        source="measured effects and stated costs",
        counts="Covers",
        rows=f"the start and {int(frame['year'].max())} years",
        method=f"middle case of the simulated outcomes; the line through each point is the {_RANGE}",
        alt=f"Bar chart of benefits and costs with what is left, by year. {title}. {years}.",
    )

    def paint(body: Body) -> None:
        left, right = (76.0, 74.0)
        axes = body.axes(left, 8, body.width - left - right, body.height - 8 - 46)
        quiet(axes, grid="y")
        axes.set_xlim(-0.6, len(frame) - 0.4)
        axes.set_xticks(range(len(frame)), [_year(year) for year in frame["year"]])
        low = min(0, -frame["costs"].max(), frame["net_low"].min())
        high = max(0, frame["benefits"].max(), frame["net_high"].max())
        ticks = nice_ticks(low, high, 5)
        axes.set_ylim(ticks[0], ticks[-1])
        axes.set_yticks(ticks, [tick_label(tick, ticks, say, case.currency) for tick in ticks])
        places = np.arange(len(frame))
        axes.bar(places, frame["benefits"], width=0.5, color=COLOURS["benefit"], alpha=0.6, zorder=2, gid="benefits")
        axes.bar(
            places, -frame["costs"], width=0.5, color=COLOURS["cost"], edgecolor=PAPER, hatch="////", linewidth=0,
            zorder=2, gid="costs",
        )  # fmt: skip
        edge: dict[str, Any] = {"facecolor": "none", "edgecolor": COST_INK, "linewidth": points(1)}
        axes.bar(places, -frame["costs"], width=0.5, zorder=2, **edge)
        baseline(axes)
        for place, row in frame.iterrows():
            mark = IntervalRow("", row["net"], row["net_low"], row["net_high"], "", "neutral", bold=True)
            draw_interval(axes, mark, float(place), upright=True)
        ends = [
            (last["benefits"], "Benefits", COLOURS["benefit"]),
            (last["net"], "Left", COLOURS["neutral"]),
            (-last["costs"], "Costs", COST_INK),
        ]
        end_labels(body, axes, [(len(frame) - 0.72, y, text, colour) for y, text, colour in ends])
        for number, line in enumerate(body.figure.wrapped(f"Line through each point: {_RANGE}", body.width, "note")):
            body.text(0, body.height - 16 + 15 * number, line, "note", SOFT)

    return Figure(story, frame, paint, lambda narrow: 340)


def _paid_back(months: float | None, years: int) -> str:
    """When the money spent has come back, in whole months: a month that has begun counts."""
    if months is None:
        return f"Does not pay for itself within {years} years (middle case)"
    if months <= 0:
        return "Pays for itself from the start in the middle case"
    whole = math.ceil(round(months, 6))
    return f"Pays for itself in {whole} month{'s' if whole > 1 else ''} in the middle case"


def _year(year: float) -> str:
    return "Start" if int(year) == 0 else f"Year {int(year)}"


def _case_marks(body: Body, axes: Any, marks: list[tuple[float, str, str]]) -> None:
    """The three cases as lines, their names above the chart, moved apart where they would touch."""
    first, last = axes.get_xlim()
    scale = (body.width - 2 * _SIDE) / (last - first)
    room = max(body.figure.text_width(text, "note", bold=True) for _, name, said in marks for text in (name, said)) + 14
    places = spread([_SIDE + (value - first) * scale for value, _, _ in marks], room)
    shift = min(0.0, body.width - room / 2 - places[-1])
    places = [max(place + shift, room / 2 + number * room) for number, place in enumerate(places)]
    for (value, name, said), x in zip(marks, places, strict=True):
        middle = name.startswith("middle")
        style = {"linewidth": points(2.4 if middle else 1.6), "linestyle": "-" if middle else "--"}
        axes.axvline(value, color=INK, zorder=4, gid=name, **style)
        body.text(x, 12, name, "note", SOFT, ha="center")
        body.text(x, 29, said, "note", INK, ha="center", bold=True)
        end = ((x - _SIDE) / (body.width - 2 * _SIDE), 1.0 + 18 / (body.height - 88))
        axes.annotate(
            "", (value, 1.0), xytext=end, xycoords=("data", "axes fraction"), textcoords="axes fraction",
            arrowprops={"arrowstyle": "-", "color": SOFT, "linewidth": points(1)},
        )  # fmt: skip
