"""When of the day are customers answered in time, and what did they do later who wrote at each hour?

Two panels under each other, raw, each hour with its interval. Hours differ in who writes and why, so nothing is read
off one panel into the other, and the chart says so. The effect is left to the estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from analysis.inference.compare import normal_quantile
from analysis.reporting.charts.around import draw_note
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import nice_ticks, quiet, tick_label
from analysis.reporting.charts.service_figures import (
    NO_EFFECT,
    amount,
    label_of,
    level_in,
    of_outcome,
    period_of,
    tick_unit,
)
from analysis.reporting.naming import unit_in_words
from analysis.reporting.rows import Row
from analysis.reporting.theme import COLOURS, INK, SIZES, SOFT, points
from analysis.reporting.wording import Words, words

_COLUMNS = ("outcome", "hour", "n", "in_time", "in_time_low", "in_time_high", "mean", "low", "high", "unit")
Mean = tuple[float, float, float]
"""A mean and the two ends of its interval."""

_LEFT, _TOP, _GAP, _BELOW = 60.0, 24.0, 46.0, 58.0


def service_hours(service: Any, outcome: str = "orders", *, locale: str | None = None) -> Figure:
    """By the hour at which customers wrote: the share answered in time, and below it what they did later.

    Parameters
    ----------
    service : ServiceResult
        With `hours` (outcome, hour, n, in_time, in_time_low, in_time_high, mean, low, high, unit) and `effects`.
    outcome : str

    Raises
    ------
    NothingToDraw
        If the result has no such hours, none is large enough to be shown, or its intervals have no level.
    """
    say = words(locale)
    every = of_outcome(service, "hours", _COLUMNS, outcome, "by the hour").sort_values("hour").reset_index(drop=True)
    level = level_in(service, "by the hour")
    frame = every[every["in_time"].notna()].reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw("No hour of the day holds customers enough to show how they fared.")
    rows, label, unit = frame.to_dict("records"), label_of(outcome), str(frame["unit"].iloc[0])
    shares = [(row["in_time"], row["in_time_low"], row["in_time_high"]) for row in rows]
    means = [(row["mean"], row["low"], row["high"]) for row in rows]
    weights = [row["n"] for row in rows]
    title = _hours_title(say, rows, shares, weights, level)
    interval = say.level({"level": level})
    few = 24 - len(frame)
    left_out = f"; {few} hours with few customers left out" if few > 1 else ""
    story = Story(
        title=title,
        measure=f"Share answered in time, and {label.lower()} after the contact, by the hour of writing, with "
        f"{interval}s",
        unit=f"% and {unit_in_words(unit)}",
        population=f"raw figures of customers at their first social contact{left_out}",
        period=period_of(say, service),
        source="contacts and orders" if outcome != "issues" else "contacts",
        rows=f"{say.number(int(every['n'].sum()))} customers",
        method=f"means of each hour, no effect; grade D, raw difference. {NO_EFFECT.rstrip('.')}",
        alt=f"Two charts by hour of the day. {title}. Share answered in time: {_ends(say, rows, shares, 'share')}. "
        f"{label}: {_ends(say, rows, means, unit)}. {NO_EFFECT}",
    )

    def paint(body: Body) -> None:
        height = (body.height - 2 * _TOP - _GAP - _BELOW + 20) / 2
        panels = (("Answered in time", shares, "share", "contacted"), (label, means, tick_unit(unit), "neutral"))
        for place, (name, values, ticks, meaning) in enumerate(panels):
            top = _TOP + place * (height + _GAP)
            axes = body.axes(_LEFT, top, body.width - _LEFT - 8, height)
            _hours(axes, rows, values, weights, say, ticks, meaning, narrow=body.narrow)
            body.text(0, top - 14, name, "label", INK, bold=True)
        draw_note(body, f"Hour of the day at which customers wrote. Bars: {interval}s; line: all", left=_LEFT, right=8)

    return Figure(story, every, paint, lambda narrow: 420)


def _apart(values: Sequence[Mean], weights: Sequence[float], level: float) -> list[int]:
    """Which of many means lie off that of all, allowing for how many there are."""
    whole = _whole(values, weights)
    stretch = normal_quantile(1 - (1 - level) / len(values)) / normal_quantile(level)
    return [
        place
        for place, (value, low, high) in enumerate(values)
        if abs(value - whole) > stretch * max(high - value, value - low)
    ]


def _whole(values: Sequence[Mean], weights: Sequence[float]) -> float:
    return sum(value * weight for (value, _, _), weight in zip(values, weights, strict=True)) / sum(weights)


def _hours_title(
    say: Words,
    rows: Sequence[Row],
    shares: Sequence[Mean],
    weights: Sequence[float],
    level: float,
) -> str:
    apart = _apart(shares, weights, level)
    if not apart:
        whole = say.share(_whole(shares, weights), 0)
        return f"About {whole} are answered in time at any hour"
    ends = sorted(apart, key=lambda place: shares[place][0])
    said = [f"{say.share(shares[place][0], 0)} at {_clock(rows[place]['hour'])}" for place in (ends[-1], ends[0])]
    if len(ends) > 1:
        return f"Answered in time: {said[0]}, {said[1]}"
    return f"Answered in time: {said[0]}, {say.share(_whole(shares, weights), 0)} over the day"


def _clock(hour: int) -> str:
    return f"{int(hour)}:00"


def _ends(say: Words, rows: Sequence[Row], values: Sequence[Mean], unit: str) -> str:
    places = sorted(range(len(rows)), key=lambda place: values[place][0])
    ends = [(amount(say, values[place][0], unit), _clock(rows[place]["hour"])) for place in (places[0], places[-1])]
    return f"lowest {ends[0][0]} at {ends[0][1]}, highest {ends[1][0]} at {ends[1][1]}"


def _hours(
    axes: Axes, rows: Sequence[Mapping[str, Any]], values: Sequence[Mean],
    weights: Sequence[float], say: Words, unit: str, meaning: str, *, narrow: bool,
) -> None:  # fmt: skip
    """One panel: an interval for every hour, and the line of all."""
    quiet(axes, grid="y")
    axes.set_xlim(-0.7, 23.7)
    step = 6 if narrow else 3
    axes.set_xticks(range(0, 24, step), [_clock(hour) for hour in range(0, 24, step)])
    ticks = nice_ticks(min(low for _, low, _ in values), max(high for _, _, high in values), 4)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [tick_label(tick, ticks, say, unit) for tick in ticks])
    axes.axhline(_whole(values, weights), color=INK, linewidth=points(1.2), zorder=2).set_gid("all")
    colour = COLOURS[meaning]
    for row, (value, low, high) in zip(rows, values, strict=True):
        axes.plot([row["hour"]] * 2, [low, high], color=colour, linewidth=points(2), zorder=3, gid="interval",
                  solid_capstyle="butt")  # fmt: skip
        axes.plot([row["hour"]], [value], color=colour, marker="o", markersize=points(6), linestyle="none",
                  gid="estimate", zorder=4)  # fmt: skip
    axes.tick_params(axis="x", labelsize=points(SIZES["foot"]), labelcolor=SOFT)
