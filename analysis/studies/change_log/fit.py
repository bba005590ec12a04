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
from analysis.inference.ar1_reml import ar1_reml
from analysis.inference.estimate import Estimate
from analysis.inference.interrupted import Segmented, interrupted
from analysis.studies.change_log.entries import Bundle, one_line, segments_named
from analysis.studies.change_log.gates import HOLES_ALLOWED, ControlFound, Step
from analysis.studies.change_log.series import Floats, MonthlySeries
from analysis.studies.change_log.window import FEWEST_AFTER, FEWEST_BEFORE, Window

OWN_TERMS = ("pulse_", "missing_")
ONE_ERROR = 3.92
"""An interval of 95 % is so many standard errors wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line through a window: step and turn with their p-values, and the path with and without them.

    `follows` is the p-value of the control series' share, one-sided: what moves against the figure is no control.
    `fitted` and `without` have one value a month, terms that a single month has for itself left out: in a month of an
    incident they are where the figure would have been without it. The month of the change has no fitted value where it
    was touched in part.
    """

    level: Estimate
    slope: Estimate
    level_p: float
    slope_p: float
    follows: float | None
    rho: float
    fitted: Floats
    without: Floats


def line_of(window: Window, *, unit: str, name: str, level: float) -> Line:
    """The line through all months of a window.

    Raises
    ------
    DesignError
        If the months cannot carry it.
    """
    found = _fitted(window, at=window.at, season=window.season, unit=unit, name=name, level=level)
    plain = np.array([0.0 if term.startswith(OWN_TERMS) else found.coefficients[term] for term in found.terms])
    effects = np.array([term in ("level", "slope") for term in found.terms])
    fitted = found.design @ plain
    if window.partly is not None:
        fitted[window.partly] = math.nan
    return Line(
        level=found.estimate("level"),
        slope=replace(found.estimate("slope"), unit=f"{unit} per month"),
        level_p=two_sided_p(found, "level"),
        slope_p=two_sided_p(found, "slope"),
        follows=_moves_with(found) if window.control is not None else None,
        rho=found.rho,
        fitted=fitted,
        without=found.design @ np.where(effects, 0.0, plain),
    )


def made_up(window: Window, *, unit: str, name: str, level: float) -> tuple[Step, ...]:
    """The step that the same model finds at every earlier date at which nothing was changed.

    Only months before the change are used, from the last other change on.
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
    )
    waves = _waves(window)[first:end]
    steps = []
    for at in range(FEWEST_BEFORE, len(inside.months) - FEWEST_AFTER + 1):
        if _too_few(inside, at):
            continue
        try:
            found = _fitted(inside, at=at, season=None, waves=waves, unit=unit, name=name, level=level)
        except DesignError:
            continue  # this date cannot be told: it says nothing, for or against
        steps.append(_step(found, inside.months[at]))
    return tuple(steps)


def control_found(
    control: MonthlySeries, window: Window, bundle: Bundle, known: Mapping[str, Collection[str]], level: float
) -> ControlFound:
    """Whether a control series can serve, and what its own path does at the change."""
    if window.control is None:
        return ControlFound(name=control.key)
    name, values = control.key, window.control
    missing = int(np.isnan(values).sum())
    if missing > HOLES_ALLOWED * len(values):
        return ControlFound(name=name, refused=f"it has no value in {missing} of the {len(values)} months.")
    for entry in bundle.entries:
        named = segments_named(entry.scope, known)
        if control.segment and (not named or set(named) & set(control.segment.items())):
            return ControlFound(
                name=name, refused="the change was not limited to others, so it touched this one as well."
            )
    alone = replace(window, values=values, control=None, breaks=())
    try:
        found = _fitted(alone, at=window.at, season=window.season, unit=control.unit, name=one_line(name), level=level)
    except DesignError as error:
        return ControlFound(name=name, refused=f"no line could be drawn through it. {error}")
    return ControlFound(name=name, own=_step(found, window.months[window.at]), usual=alone.usual)


def two_sided_p(found: Segmented, term: str) -> float:
    """How often would chance alone move a coefficient so far from 0? From the same average of t as its interval.

    Examples
    --------
    >>> values = [4.0, 4.3, 4.1, 4.6, 4.4, 4.9, 4.6, 5.0, 7.2, 7.0, 7.5, 7.3, 7.9, 7.6, 8.1, 7.8]
    >>> found = interrupted(values, at=8, unit="hours", name="first reply")
    >>> two_sided_p(found, "level") < 0.001, two_sided_p(found, "slope") > 0.05
    (True, True)
    """
    from scipy import special

    fit, place = found.fit, found.terms.index(term)
    middle = fit.grid_coefficients[0, :, place]
    spread = np.sqrt(fit.grid_covariance[0, :, place, place])
    below = float(fit.shares[0] @ special.stdtr(fit.points - len(found.terms), -middle / spread))
    return min(1.0, 2 * max(min(below, 1 - below), 0.0))


def _moves_with(found: Segmented) -> float:
    half = two_sided_p(found, "control") / 2
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
    """The line through these months, those of incidents and of the change having terms of their own."""
    gone, control = window.values.copy(), window.control
    if window.partly is not None:
        gone[window.partly] = math.nan
    if control is not None:
        gone[np.isnan(control)] = math.nan
        control = np.where(np.isnan(control), np.nanmean(control), control)
    pulses = [place for place in window.incidents if not math.isnan(gone[place])]
    found = interrupted(
        gone,
        at=at,
        unit=unit,
        name=name,
        control=control,
        pulses=pulses,
        season=season,
        first_month=window.months[0].number % window.months[0].per_year,
        level=level,
    )
    place = np.arange(len(gone))
    more = {f"step_{first}": (place >= first).astype(np.float64) for first in window.breaks}
    if waves is not None:
        more |= {f"season_{number}": wave for number, wave in enumerate(waves.T)}
    return _with_terms(found, more) if more else found


def _waves(window: Window) -> Floats:
    """The columns of the season as the whole line has them, so that a shorter stretch has the same ones."""
    if window.season is None:
        return np.empty((len(window.months), 0))
    found = _fitted(window, at=window.at, season=window.season, unit="", name="season", level=0.95)
    return found.design[:, [place for place, term in enumerate(found.terms) if term.startswith("season")]]


def _with_terms(found: Segmented, more: Mapping[str, Floats]) -> Segmented:
    """The same line with further terms in it, fitted anew."""
    terms = (*found.terms, *more)
    design = np.column_stack([found.design, *more.values()])
    missing = np.isnan(found.observed)
    fit = ar1_reml(design, np.where(missing, np.nanmean(found.observed), found.observed)[None])
    coefficients = fit.coefficients[0]
    fitted = design @ coefficients
    return replace(
        found,
        terms=terms,
        coefficients=dict(zip(terms, coefficients.tolist(), strict=True)),
        covariance=fit.covariance[0],
        rho=float(fit.rho[0]),
        sigma=float(fit.sigma[0]),
        degrees=float(fit.degrees[0]),
        design=design,
        fitted=fitted,
        without=design @ np.where(np.isin(terms, ("level", "slope")), 0.0, coefficients),
        residuals=found.observed - fitted,
        fit=fit,
    )


def _too_few(window: Window, at: int) -> bool:
    known = [place for place in range(len(window.months)) if window.part(place) != "incident"]
    known = [place for place in known if not math.isnan(window.values[place])]
    return sum(place < at for place in known) < FEWEST_BEFORE or sum(place >= at for place in known) < FEWEST_AFTER


def _step(found: Segmented, month: Month) -> Step:
    one = found.estimate("level")
    return Step(
        month=month, level=one.value, se=(one.high - one.low) / ONE_ERROR, low=one.low, high=one.high,
        p_value=two_sided_p(found, "level"),
    )  # fmt: skip
