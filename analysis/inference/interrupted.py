"""Did a monthly figure move when something changed, beyond where it was heading? One series, before and after a date.

Segmented regression: where the series stood and was heading before, a step at the change (`level`, seen in the month
of the change already), a change of direction from there on (`slope`, per month), a term for each incident, and where
asked for a control series, the season or any other term. Errors remember the month before; how that is fitted is left
to `analysis.inference.ar1_reml`, what can be read off the line to `analysis.inference.segmented`. Whether anything else
changed at the same time, and what may be claimed, is left to the studies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.ar1_fit import Ar1Fit
from analysis.inference.ar1_reml import ar1_reml
from analysis.inference.segmented import EFFECTS, Segmented, without_terms

Floats = NDArray[np.float64]
ControlAs = Literal["regressor", "difference"]
SeasonAs = Literal["harmonics", "months"]

FEWEST_POINTS = 12
FEWEST_BEFORE = FEWEST_AFTER = 3
POINTS_FOR_PROMISE = 24
"""From here on 95 % intervals were measured to hold the truth at least 91 times in 100, rho up to 0.7."""
POINTS_FOR_SEASON = 24
"""Fewer earlier points than this cannot tell the season from the change."""
_HARMONICS = 2


def interrupted(
    values: ArrayLike,
    *,
    at: int,
    unit: str,
    name: str,
    control: ArrayLike | None = None,
    control_as: ControlAs = "regressor",
    pulses: Sequence[int] = (),
    season: int | None = None,
    season_as: SeasonAs = "harmonics",
    first_month: int = 0,
    also: Mapping[str, ArrayLike] | None = None,
    slope: bool = True,
    level: float = 0.95,
) -> Segmented:
    """How far did a series step, and how did its direction change, when something changed?

    Parameters
    ----------
    values : array of float, shape (n,)
        Consecutive points, in `unit`. One that is not a number is missing: it gets a term of its own, which is the
        same as leaving it out without closing the gap.
    at : int
        Position of the first point after the change, from 0.
    unit, name : str
    control : array of float, shape (n,), optional
        A series of the same points that shares shocks but not the change.
    control_as : {"regressor", "difference"}
        Its share is estimated, or taken to be 1 (the control is subtracted; same unit needed).
    pulses : sequence of int
        Positions of incidents; each gets a term of its own.
    season : int, optional
        Points a year: 12 for months.
    season_as : {"harmonics", "months"}
        Two pairs of sine and cosine, or a term for every month but the first.
    first_month : int
        Which month of the year position 0 is, from 0; matters for the terms' names only.
    also : mapping of str to array of float, shape (n,), optional
        Further terms by name, such as a step where counting itself changed. They belong to the path without the change.
    slope : bool
        Whether the direction may change too.
    level : float
        Coverage of intervals.

    Returns
    -------
    Segmented

    Raises
    ------
    TooSoon
        If fewer than 12 points were seen, fewer than 3 after, or fewer than 24 before with a season.
    DesignError
        If fewer than 3 points were seen before, the terms cannot be told apart, the line fits exactly (as it does a
        constant series), or an argument does not fit the series.

    Assumes
    -------
    Without the change the series would have kept its line; nothing else moved it at that time; the control was not
    moved by the change.

    Source
    ------
    Bernal, Cummins and Gasparrini (2017), International Journal of Epidemiology 46; autocorrelation as Turner and
    others (2021), BMC Medical Research Methodology 21.

    Examples
    --------
    >>> values = [4.0, 4.3, 4.1, 4.6, 4.4, 4.9, 4.6, 5.0, 7.2, 7.0, 7.5, 7.3, 7.9, 7.6, 8.1, 7.8]
    >>> found = interrupted(values, at=8, unit="hours", name="first reply")
    >>> {term: round(value, 2) for term, value in found.coefficients.items()}
    {'constant': 5.06, 'trend': 0.13, 'level': 2.02, 'slope': 0.01}
    """
    series = np.array(values, dtype=float)
    _check_places(series, at, pulses, name)
    missing = np.flatnonzero(np.isnan(series))
    own = sorted(set(pulses) | set(missing.tolist()))
    seen = np.delete(np.arange(len(series)), own)
    before, after = int((seen < at).sum()), int((seen >= at).sum())
    _check_counts(before, after, season, slope=slope, name=name)
    blocks: list[tuple[list[str], Floats]] = [segment_terms(len(series), at, slope=slope)]
    if own:
        eye = np.eye(len(series))[:, own]
        blocks.append(([f"{'missing' if one in missing else 'pulse'}_{one}" for one in own], eye))
    if control is not None:
        beside = _checked_control(control, series, name)
        if control_as == "difference":
            series = series - beside
        else:
            blocks.append((["control"], (beside - beside[:at].mean())[:, None]))
    if season is not None:
        blocks.append(_season(len(series), season, season_as, first_month))
    if also:
        blocks.append((list(also), _checked_also(also, len(series), name)))
    terms = tuple(term for names, _ in blocks for term in names)
    design = np.concatenate([columns for _, columns in blocks], axis=1)
    filled = np.where(np.isnan(series), np.nanmean(series), series)
    try:
        fit = ar1_reml(design, filled[None])
    except DesignError as error:
        raise DesignError(f"{name}, terms {', '.join(terms)}: {error}") from error
    found = fit.coefficients[0]
    fitted = without_terms(design, terms, incidents=True) @ found
    return Segmented(
        name=name,
        unit=unit,
        terms=terms,
        coefficients=MappingProxyType(dict(zip(terms, found.tolist(), strict=True))),
        covariance=fit.covariance[0],
        rho=float(fit.rho[0]),
        sigma=float(fit.sigma[0]),
        degrees=float(fit.degrees[0]),
        design=design,
        observed=series,
        fitted=fitted,
        without=without_terms(design, terms, incidents=True, effects=True) @ found,
        residuals=series - fitted,
        n=before + after,
        n_before=before,
        n_after=after,
        at=at,
        level=level,
        fit=fit,
        notes=_notes(fit, len(series), len(terms), missing.size, before + after),
    )


def segment_terms(n: int, at: int, *, slope: bool) -> tuple[list[str], Floats]:
    """Names and columns of the plain line: constant, trend counted from the change, step, and ramp.

    Examples
    --------
    >>> segment_terms(4, 2, slope=True)[1].tolist()
    [[1.0, -2.0, 0.0, 0.0], [1.0, -1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0], [1.0, 1.0, 1.0, 1.0]]
    """
    along = np.arange(n, dtype=float) - at
    step = (along >= 0).astype(float)
    columns = [np.ones(n), along, step, np.maximum(along, 0.0)]
    kept = 4 if slope else 3
    return ["constant", "trend", *EFFECTS][:kept], np.stack(columns[:kept], axis=1)


def _season(n: int, season: int, season_as: SeasonAs, first: int) -> tuple[list[str], Floats]:
    place = (np.arange(n) + first) % season
    if season_as == "months":
        return [f"season_{month}" for month in range(1, season)], (place[:, None] == np.arange(1, season)).astype(float)
    angle = 2 * np.pi * place / season
    pairs = range(1, min(_HARMONICS, (season - 1) // 2) + 1)
    waves = [wave(turn * angle) for turn in pairs for wave in (np.cos, np.sin)]
    return [f"season_{part}{turn}" for turn in pairs for part in ("cos", "sin")], np.stack(waves, axis=1)


def _check_places(series: Floats, at: int, pulses: Sequence[int], name: str) -> None:
    if series.ndim != 1:
        raise DesignError(f"{name}: a series has one axis, not {series.ndim}.")
    if np.isinf(series).any():
        raise DesignError(
            f"{name}: {int(np.isinf(series).sum())} of {series.size} values are infinite. Mend the series."
        )
    outside = [one for one in (at, *pulses) if not 0 <= one < series.size]
    if outside:
        raise DesignError(
            f"{name}: position {outside[0]} lies outside the series of {series.size} points (0 to {series.size - 1})."
        )


def _check_counts(before: int, after: int, season: int | None, *, slope: bool, name: str) -> None:
    seen = f"{before} points before and {after} after the change, incidents and missing ones not counted"
    if before + after < FEWEST_POINTS:
        raise TooSoon(
            f"{name}: {seen}. Fewer than {FEWEST_POINTS} points cannot tell a change from months that resemble their "
            "neighbours. Wait for more months, or begin the series earlier."
        )
    if before < FEWEST_BEFORE:
        raise DesignError(
            f"{name}: {seen}. At least {FEWEST_BEFORE} are needed before, to say where the series was heading. Begin "
            "it earlier."
        )
    if after < FEWEST_AFTER:
        raise TooSoon(f"{name}: {seen}. At least {FEWEST_AFTER} are needed after. Wait for more months.")
    if season is not None and season < 3:
        raise DesignError(f"{name}: a season has at least 3 points a year, not {season}.")
    if season is not None and before < POINTS_FOR_SEASON:
        raise TooSoon(
            f"{name}: {seen}. A season needs {POINTS_FOR_SEASON} earlier points, or it cannot be told from the change. "
            "Leave the season out, or begin the series earlier."
        )


def _checked_control(control: ArrayLike, series: Floats, name: str) -> Floats:
    beside = np.array(control, dtype=float)
    if beside.shape != series.shape:
        raise DesignError(f"{name}: the control series has {beside.size} points, the series {series.size}.")
    if not np.isfinite(beside).all():
        raise DesignError(
            f"{name}: {int((~np.isfinite(beside)).sum())} of {beside.size} points of the control series are missing. "
            "Mend it, or leave the control out."
        )
    return beside


def _checked_also(also: Mapping[str, ArrayLike], n: int, name: str) -> Floats:
    columns = {term: np.asarray(column, dtype=float) for term, column in also.items()}
    for term, column in columns.items():
        if column.shape != (n,) or not np.isfinite(column).all():
            raise DesignError(f"{name}: the term `{term}` needs a number for each of the {n} points.")
    return np.stack(list(columns.values()), axis=1)


def _notes(fit: Ar1Fit, n: int, k: int, missing: int, seen: int) -> tuple[str, ...]:
    rho = float(fit.rho[0])
    notes = []
    if seen < POINTS_FOR_PROMISE:
        notes.append(
            f"{seen} points were seen. With fewer than {POINTS_FOR_PROMISE} an interval of 95 % holds the truth in as "
            "few as 87 of 100 series whose neighbouring points are very alike."
        )
    if n * (1 - rho) / (1 + rho) - k < 1:
        notes.append(
            f"Neighbouring points are so alike (rho {rho:.2f}) that {n} of them are worth no more than the {k} terms "
            "of the line: the interval rests on what the likelihood knows of rho, and a longer series would help most."
        )
    if missing:
        notes.append(
            f"{missing} of {n} points are missing; each has a term of its own, which is the same as leaving it out."
        )
    return tuple(notes)
