"""What line goes through the months around a change, and what does the same line find at made-up dates?

The line has a level and a slope before the change, a step and a turn at it, the season where there are two years
before, the control series where one is named, and a step of its own where counting itself changed. Which months are
used, and what each is to the line, is left to `window`; how the line is fitted to
`analysis.inference.interrupted`; what the findings mean to `gates`.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.interrupted import interrupted
from analysis.inference.segmented import Segmented
from analysis.studies.change_log.entries import Bundle, one_line
from analysis.studies.change_log.gates import HOLES_ALLOWED, ControlFound, Step
from analysis.studies.change_log.reach import segments_named
from analysis.studies.change_log.series import Floats, MonthlySeries
from analysis.studies.change_log.window import FEWEST_AFTER, FEWEST_BEFORE, Window

GATES_AT, ONE_ERROR = 0.95, 3.92
"""Level of the intervals that gates judge by, and how many standard errors such an interval is wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line through a window: step and turn with their p-values, and the path with and without them.

    `step` is the step as gates judge one. `follows` is the p-value of the control series' share, one-sided: what moves
    against the figure is no control. `fitted`, `without` and the interval of the latter have one value a month, terms
    that a single month has for itself left out: in a month of an incident they are where the figure would have been
    without it. A month that a change touched in part has no fitted value.
    """

    level: Estimate
    slope: Estimate
    level_p: float
    slope_p: float
    step: Step
    follows: float | None
    rho: float
    fitted: Floats
    without: Floats
    without_low: Floats
    without_high: Floats


def line_of(window: Window, *, unit: str, name: str, level: float) -> Line:
    """The line through all months of a window.

    Raises
    ------
    DesignError
        If the months cannot carry it.
    """
    found = _fitted(window, at=window.at, season=window.season, unit=unit, name=name, level=level)
    low, high = found.path()
    fitted = found.fitted.copy()
    fitted[[place for place in range(len(fitted)) if window.part(place) == "partly"]] = math.nan
    return Line(
        level=found.estimate("level"),
        slope=replace(found.estimate("slope"), unit=f"{unit} per month"),
        level_p=found.p_value("level"),
        slope_p=found.p_value("slope"),
        step=_step(found, window.months[window.at]),
        follows=_moves_with(found) if window.control is not None else None,
        rho=found.rho,
        fitted=fitted,
        without=found.without,
        without_low=low,
        without_high=high,
    )


def made_up(window: Window, *, unit: str, name: str) -> tuple[Step, ...]:
    """The step that the same model finds at every earlier date at which nothing was changed.

    Only months before the change are used, from the last other change on; the season is that of the whole line.
    """
    first, end = window.clean_from, window.ends
    inside = replace(
        window,
        months=window.months[first:end],
        values=window.values[first:end],
        partly=None,
        clean_from=0,
        control=None if window.control is None else window.control[first:end],
        incidents=tuple(place - first for place in window.incidents if first <= place < end),
        breaks=tuple(place - first for place in window.breaks if first < place < end),
        touched=tuple(place - first for place in window.touched if first <= place < end),
    )
    waves = _waves(window)[first:end]
    steps = []
    for at in range(FEWEST_BEFORE, len(inside.months) - FEWEST_AFTER + 1):
        dated = replace(inside, at=at)
        if dated.before < FEWEST_BEFORE or dated.after < FEWEST_AFTER:
            continue
        try:
            found = _fitted(dated, at=at, season=None, waves=waves, unit=unit, name=name, level=GATES_AT)
        except DesignError:
            continue  # this date cannot be told: it says nothing, for or against
        steps.append(_step(found, inside.months[at]))
    return tuple(steps)


def control_found(
    control: MonthlySeries, window: Window, bundle: Bundle, known: Mapping[str, Collection[str]]
) -> ControlFound:
    """Whether a control series can stand beside a figure, and what its own path does at the change.

    Parameters
    ----------
    control : MonthlySeries
    window : Window
        The figure's, with the control in it.
    bundle : Bundle
    known : mapping of column to values
    """
    name, values = control.key, window.control
    if values is None:
        return ControlFound(name=name)
    missing = int(np.isnan(values).sum())
    if missing > HOLES_ALLOWED * len(values):
        return ControlFound(name=name, refused=f"it has no value in {missing} of the {len(values)} months.")
    if window.before < FEWEST_BEFORE or window.after < FEWEST_AFTER:
        what = (
            f"with its {missing} gaps, {window.before} months before the change and {window.after} after would be left."
        )
        return ControlFound(name=name, refused=what)
    for entry in bundle.entries:
        named = segments_named(entry.scope, known)
        if control.segment and (not named or set(named) & set(control.segment.items())):
            return ControlFound(
                name=name, refused="the change was not limited to others, so it touched this one as well."
            )
    alone = replace(window, values=values, control=None, breaks=(), touched=())
    try:
        found = _fitted(
            alone, at=window.at, season=alone.season, unit=control.unit, name=one_line(name), level=GATES_AT
        )
    except DesignError as error:
        return ControlFound(name=name, refused=f"no line could be drawn through it. {error}")
    return ControlFound(name=name, own=_step(found, window.months[window.at]), usual=alone.usual)


def _moves_with(found: Segmented) -> float:
    half = found.p_value("control") / 2
    return half if found.coefficients["control"] > 0 else 1 - half


def _fitted(
    window: Window,
    *,
    at: int,
    season: int | None,
    unit: str,
    name: str,
    level: float,
    waves: Floats | None = None,
) -> Segmented:
    """The line through these months; those of incidents and those touched in part have terms of their own."""
    gone, control = np.where(window.seen, window.values, math.nan), window.control
    if window.partly is not None:
        gone[window.partly] = math.nan
    if control is not None:
        control = np.where(np.isnan(control), np.nanmean(control), control)
    place = np.arange(len(gone))
    also = {f"step_{first}": (place >= first).astype(np.float64) for first in window.steps}
    if waves is not None:
        also |= {f"season_{number}": wave for number, wave in enumerate(waves.T)}
    return interrupted(
        gone,
        at=at,
        unit=unit,
        name=name,
        control=control,
        pulses=[one for one in window.own if not math.isnan(gone[one])],
        season=season,
        first_month=window.months[0].number % window.months[0].per_year,
        also=also,
        level=level,
    )


def _waves(window: Window) -> Floats:
    """The columns of the season as the whole line has them, so that a shorter stretch has the same ones."""
    if window.season is None:
        return np.empty((len(window.months), 0))
    found = _fitted(window, at=window.at, season=window.season, unit="", name="season", level=GATES_AT)
    return found.design[:, [place for place, term in enumerate(found.terms) if term.startswith("season")]]


def _step(found: Segmented, month: Month) -> Step:
    one = replace(found, level=GATES_AT).estimate("level")
    return Step(
        month=month, level=one.value, se=(one.high - one.low) / ONE_ERROR, low=one.low, high=one.high,
        p_value=found.p_value("level"),
    )  # fmt: skip
