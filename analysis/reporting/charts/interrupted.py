"""What did one figure do around a change of the change log, and what was to be expected of it without the change?

Months as they were seen, the line through them before and after, and the path before carried on. Other changes of the
same months stand on the plot with a number and are named below it, so that no step is read without them; months of an
incident are marked. What the step amounts to, and how far it can be believed, is left to the estimate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from analysis.foundation.calendar import Month
from analysis.reporting.changes import change_in_words, entries_of, entry_told, of_change, others_of
from analysis.reporting.charts.around import draw_note, note_room
from analysis.reporting.charts.change_figures import AxisUnit, figure_rows, step_of, titled
from analysis.reporting.charts.effects import as_graded
from analysis.reporting.charts.events import listed, listed_height
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, month_axis, nice_ticks, quiet
from analysis.reporting.formats import GAP
from analysis.reporting.months import months_of
from analysis.reporting.naming import grade_in_words, method_in_words
from analysis.reporting.rows import Row
from analysis.reporting.theme import COLOURS, INK, PAPER, RULE, SHADE, SIZES, SOFT, points
from analysis.reporting.wording import Words, figure_in_words, stands_out, words

_COLUMNS = ("month", "observed", "fitted", "without", "part", "state", "unit")
_CLOSED = ("locked", "adjusted", "restated")
_BAND = ("without_low", "without_high")
_LEFT, _TOP, _AXIS, _NOTE = 60.0, 20.0, 40.0, 36.0
_NO_EFFECT = "A figure by month cannot tell a change from whatever else happened then."


def interrupted(found: Any, change: str, outcome: str, segment: str = "", *, locale: str | None = None) -> Figure:
    """One figure around one change, with what was to be expected without it and what else was changed meanwhile.

    Parameters
    ----------
    found : ChangeLogResult
        With `series`, `entries` and `effects`. Where `series` holds `without_low` and `without_high`, the interval of
        what was to be expected is drawn for every month, else for the month in which the step is read.
    change : str
        The id under which the change was studied.
    outcome : str
        The metric.
    segment : str
        As `series` writes it, empty for all.

    Raises
    ------
    NothingToDraw
        If the result holds no such figure around that change, or its step was refused.
    """
    say = words(locale)
    step = step_of(found, change, outcome, segment)
    if step["value"] is None:
        raise NothingToDraw(say.step(step))
    frame = figure_rows(found, "series", _COLUMNS, change, outcome, segment)
    entries = entries_of(found)
    name, label, unit = change_in_words(say, entries, change), figure_in_words(step), AxisUnit.of(frame, "observed")
    together = [*of_change(entries, change)[1:], *others_of(entries, change)]
    months = months_of(frame["month"])
    marked = [(place, one) for one in together if (place := _place(months, one)) is not None]
    told = [entry_told(say, one) for _, one in marked]
    several = any(one["kind"] != "incident" for one in together)
    title = as_graded(titled(label, _seen(say, step, several=several)), step)
    interval = say.level(step)
    story = Story(
        title=title,
        measure=f"{label} by month, and what was to be expected without the change, with its {interval}",
        unit=unit.said,
        population=f"around {name}",
        period=say.months(str(frame["month"].iloc[0]), str(frame["month"].iloc[-1])),
        source="closed months and the change log",
        counts="Months",
        rows=f"{step['n_comparison']} before, {step['n_treated']} after",
        method=f"{method_in_words('level_change')}; grade {step['grade']}, {grade_in_words(step['grade'])}. "
        + _NO_EFFECT.rstrip("."),
        alt=f"Line chart of {label[:1].lower()}{label[1:]} by month. {title}. {say.step(step, name)} "
        + (f"Of the same months: {'; '.join(told)}. " if told else "")
        + _NO_EFFECT,
    )
    band = set(_BAND) <= set(frame.columns)
    note = f"{'Band' if band else 'Whisker'}: {interval} of what was expected.{_signs(frame)}"

    def paint(body: Body) -> None:
        below = listed_height(told, body.narrow)
        right = 78.0 if body.narrow else 90.0
        height = body.height - _TOP - _AXIS - _NOTE - note_room(body, note) - below
        axes = body.axes(_LEFT, _TOP, body.width - _LEFT - right, height)
        quiet(axes, grid="y")
        month_axis(axes, months, say, most=4 if body.narrow else 9)
        _scale(axes, frame, step, unit, say)
        _lines(body, axes, frame, step, unit, band=band)
        _points(axes, frame, unit)
        _marks(axes, _place_of_change(frame), [place for place, _ in marked])
        draw_note(body, note, left=_LEFT, right=right, below=below)
        listed(body, body.height - below, told)

    return Figure(story, frame, paint, lambda narrow: 350 + listed_height(told, narrow))


def _seen(say: Words, step: Row, *, several: bool) -> str:
    if not stands_out(step):
        return "no clear step"
    size = say.effect_size(step, bare=step["unit"] == "share").replace(" ", GAP)
    side = "higher" if step["value"] > 0 else "lower"
    return f"{size} {side} after {'these changes' if several else 'the change'}"


def _signs(frame: pd.DataFrame) -> str:
    """What the signs of months mean, those that are there."""
    parts = set(frame["part"])
    said = [" Hollow: not closed." if not set(frame["state"]) <= {*_CLOSED, ""} else ""]
    said.append(" Cross: incident, left out." if "incident" in parts else "")
    said.append(" Triangle: changed within the month." if "partly" in parts else "")
    return "".join(said)


def _place(months: Sequence[Month], entry: Mapping[str, Any]) -> int | None:
    """The place of an entry among the months; None outside, and where labels do not tell their days."""
    if months[0].calendar is not None:
        return None
    place = Month.of(str(entry["effective_from"])[:7]).number - months[0].number
    return place if 0 <= place < len(months) else None


def _place_of_change(frame: pd.DataFrame) -> float:
    """Where the change lies: in the month it touched in part, else between two months."""
    after = int(np.flatnonzero(frame["without"].notna())[0])
    return float(after) if frame["part"].iloc[after] == "partly" else after - 0.5


def _whisker(frame: pd.DataFrame, step: Row) -> tuple[int, float, float] | None:
    """In the month of the step, what was expected of it: the line then, less either end of the step."""
    where = np.flatnonzero(frame["month"] == step["index_from"])
    if not where.size or step["low"] is None or step["high"] is None:
        return None
    fitted = float(frame["without"].iloc[where[0]]) + step["value"]
    return int(where[0]), fitted - step["high"], fitted - step["low"]


def _scale(axes: Axes, frame: pd.DataFrame, step: Row, unit: AxisUnit, say: Words) -> None:
    columns = [name for name in ("observed", "fitted", "without", *_BAND) if name in frame.columns]
    values = frame[columns].to_numpy(dtype=float).ravel()
    whisker = _whisker(frame, step)
    ends = [*values[np.isfinite(values)], *(whisker[1:] if whisker else ())]
    ticks = nice_ticks(min(ends) / unit.per, max(ends) / unit.per, 5)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [unit.tick(tick, ticks, say) for tick in ticks])


def _lines(body: Body, axes: Axes, frame: pd.DataFrame, step: Row, unit: AxisUnit, *, band: bool) -> None:
    """The line before and after, and the path before carried on, with its interval and their names at the ends."""
    places = np.arange(len(frame))
    fitted, without = (frame[name].to_numpy(dtype=float) / unit.per for name in ("fitted", "without"))
    before = ~np.isfinite(without)
    for part, mine in (("before", before), ("after", ~before & np.isfinite(fitted))):
        axes.plot(places[mine], fitted[mine], color=COLOURS[part], linewidth=points(2.4), gid=f"line {part}", zorder=3)  # type: ignore[arg-type]
    axes.plot(
        places[~before], without[~before], color=COLOURS["expected"], linewidth=points(2.2), linestyle=(0, (5, 2)),
        gid="without", zorder=3,
    )  # fmt: skip
    if band:
        low, high = (frame[name].to_numpy(dtype=float)[~before] / unit.per for name in _BAND)
        axes.fill_between(
            places[~before], low, high, color=COLOURS["expected"], alpha=0.16, linewidth=0, gid="without interval"
        )
    elif (whisker := _whisker(frame, step)) is not None:
        place, low, high = whisker
        axes.plot(
            [place, place], [low / unit.per, high / unit.per], color=COLOURS["expected"], linewidth=points(2.2),
            marker="_", markersize=points(9), markeredgewidth=points(2.2), gid="without interval", zorder=3,
        )  # fmt: skip
    last = len(frame) - 1
    ends = [(last, float(without[-1]), "Expected", COLOURS["expected"])]
    if np.isfinite(fitted[~before]).any():
        ends.append((last, float(fitted[np.isfinite(fitted)][-1]), "Seen", COLOURS["after"]))
    end_labels(body, axes, ends)


def _points(axes: Axes, frame: pd.DataFrame, unit: AxisUnit) -> None:
    """Each month as it was seen; one without a figure leaves a gap."""
    change = _place_of_change(frame)
    for place, row in enumerate(frame.to_dict("records")):
        if not np.isfinite(row["observed"]):
            continue
        part = row["part"]
        colour = SOFT if part in ("partly", "incident") else COLOURS["before" if place < change else "after"]
        closed = row["state"] in (*_CLOSED, "")
        marker = {"partly": "^", "incident": "x"}.get(part, "s" if place < change else "o")
        axes.plot(
            [place], [row["observed"] / unit.per], color=colour, clip_on=False, marker=marker, linestyle="none",
            gid=part, markersize=points(7), markerfacecolor=colour if closed else PAPER, markeredgecolor=colour,
            markeredgewidth=points(2 if part == "incident" else 1.4), zorder=4,
        )  # fmt: skip


def _marks(axes: Axes, change: float, others: Sequence[int]) -> None:
    """An upright line at the change and thin ones at the others, which bear their number."""
    if change == int(change):
        axes.axvspan(change - 0.5, change + 0.5, color=SHADE, zorder=0).set_gid("partly changed")
    axes.axvline(change, color=INK, linewidth=points(1.6), zorder=2).set_gid("change")
    names: dict[float, list[str]] = {change: ["change"]}
    for number, place in enumerate(map(float, others), start=1):
        if place != change:
            axes.axvline(place, color=RULE, linewidth=points(1.6), zorder=1).set_gid("other change")
        names.setdefault(place, []).append(str(number))
    for where, parts in names.items():
        axes.annotate(
            ", ".join(parts), (where, 1), xycoords=("data", "axes fraction"), xytext=(0, points(2)),
            textcoords="offset points", ha="center", va="bottom", fontsize=points(SIZES["foot"]), fontweight="bold",
            color=INK, annotation_clip=False, parse_math=False,
        ).set_gid("mark")  # fmt: skip
