"""What is left of an effect if the groups were drifting apart anyway, by no more than the leads make believable?

Robust sets for differences-in-differences (Rambachan and Roth 2023): `smoothness_bounds`, where the drift between the
groups bends by at most M a month, `relative_magnitude_bounds`, where after the contact it changes by at most M times
its largest change before, and `breakdown`, the largest M at which "no effect" is still left out. The arithmetic is in
`honest_flci` and `honest_arp`; how the coefficients were estimated is left to the event study.

**Leads measured against their mean.** Our event study gives each month relative to the mean of the leads outside the
dip (-6 to -2), and leaves out the dip (-1) and the index month (0). On the log scale that mean is one number taken from
every coefficient, so subtracting one lead from all of them gives it back: with -2 as the reference a coefficient is
log(treated k / treated -2) - log(comparison k / comparison -2), whatever it was measured against before (exactly within
one index month; in a stack of months up to the weights of the months). That is linear, so the covariance follows:
`rebased`. Both restrictions speak of differences between months, so any lead as the reference gives the same sets.

**Months without a coefficient.** In -1 and 0 the drift may be anything the restriction allows, so the step from -2 to
+1 counts as the three months it is: `periods` says which month each coefficient is. Between leads that are not
neighbours, the change is taken per month, evenly.

**Few leads.** With many, the set can be narrower than the interval it questions (a known limit): 8 at most.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Bounds
from analysis.inference.honest_arp import conditional_set
from analysis.inference.honest_flci import shortest_interval

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MOST_LEADS = 8
_SMALLEST_EIGENVALUE = 1e-10  # of the correlation matrix: below it a coefficient follows from the others by rounding


def rebased(beta: ArrayLike, covariance: ArrayLike, reference: int) -> tuple[Floats, Floats]:
    """What are the coefficients relative to one of them, and how do they vary together?

    Parameters
    ----------
    beta : array of float, shape (n,)
        Event-study coefficients on the log scale, all relative to the same thing (for us: the mean of the leads).
    covariance : array of float, shape (n, n)
        Theirs; it may be singular, as it is where the leads' mean is 0 by construction.
    reference : int
        Place of the lead to measure against, from 0. For us the last: month -2.

    Returns
    -------
    tuple of array, shapes (n - 1,) and (n - 1, n - 1)
        The others minus that one, in their order, and their covariance.

    Raises
    ------
    ValueError
        If the shapes do not fit, or there is no such place.

    Examples
    --------
    >>> rebased([-1.0, 1.0, 5.0], [[2, -2, 0], [-2, 2, 0], [0, 0, 3]], reference=1)
    (array([-2.,  4.]), array([[8., 4.],
           [4., 5.]]))
    """
    values, spread = _coefficients(beta, covariance)
    n = len(values)
    if not 0 <= reference < n:
        raise ValueError(f"There is no coefficient at place {reference}: there are {n}, counted from 0.")
    moved = np.delete(np.eye(n), reference, axis=0)
    moved[:, reference] = -1.0
    return moved @ values, moved @ spread @ moved.T


def smoothness_bounds(
    beta: ArrayLike,
    covariance: ArrayLike,
    n_pre: int,
    weights: ArrayLike,
    m: float,
    level: float = 0.95,
    *,
    periods: Sequence[int] | None = None,
    reference: int = 0,
    name: str = "effect",
    unit: str = "log ratio",
) -> Bounds:
    """Which effects are left if the drift between the groups bends by at most `m` from month to month?

    Parameters
    ----------
    beta : array of float, shape (n,)
        Event-study coefficients relative to a reference month, which is left out: leads first, in order of time.
    covariance : array of float, shape (n, n)
        Theirs, of full rank.
    n_pre : int
        How many of them are leads (1 to 8).
    weights : array of float, shape (n - n_pre,)
        What each later coefficient counts in the effect: 1/6 each for the mean of six months.
    m : float
        Largest second difference of the drift, in `unit` per month per month; 0 is a straight line.
    level : float
        Coverage.
    periods : sequence of int, optional
        The month of each coefficient, ascending: (-6, -5, -4, -3, 1, 2, 3, 4, 5, 6). As `reference` is 0 unless said
        otherwise, the default is -n_pre to -1 and 1 to n - n_pre, without a gap.
    reference : int
        The month the coefficients are relative to, before the first month after: -2.
    name, unit : str
        Of the result; the unit is that of the coefficients.

    Returns
    -------
    Bounds
        The shortest interval of fixed length with that coverage. It need not hold the estimate of parallel trends.

    Raises
    ------
    DesignError
        With more than 8 leads, or coefficients that determine each other.
    ValueError
        If shapes, periods, `m` or `level` make no sense.

    Assumes
    -------
    Coefficients are normal with this covariance; there is no effect in the leads.

    Source
    ------
    Rambachan and Roth (2023), fixed-length intervals. Reference values: tests/golden/honest_did.

    Examples
    --------
    >>> found = smoothness_bounds([-0.2, 0.5], [[0.01, 0], [0, 0.01]], 1, [1.0], m=0.0)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0228, 0.5772)
    """
    values, spread, offsets, effect = _study(beta, covariance, n_pre, weights, periods, reference, level, m)
    found = shortest_interval(spread, offsets, n_pre, effect, float(m), level)
    middle = float(found.weights @ values)
    assumes = (
        f"the drift between the groups bends by at most {m:g} ({unit}) from one month to the next"
        if m > 0
        else "the drift between the groups goes on in a straight line"
    )
    low, high = middle - found.half_length, middle + found.half_length
    return Bounds(name=name, low=low, high=high, unit=unit, assumes=assumes)


def relative_magnitude_bounds(
    beta: ArrayLike,
    covariance: ArrayLike,
    n_pre: int,
    weights: ArrayLike,
    mbar: float,
    level: float = 0.95,
    grid: int = 201,
    *,
    periods: Sequence[int] | None = None,
    reference: int = 0,
    name: str = "effect",
    unit: str = "log ratio",
) -> Bounds:
    """Which effects are left if the drift changes, after the contact, at most `mbar` times as fast as ever before?

    Arguments, errors and assumptions as in `smoothness_bounds`, but for:

    Parameters
    ----------
    mbar : float
        Largest change of the drift in a month after the last lead, as a multiple of the largest monthly change between
        neighbouring leads (the reference is one). 0: the drift stands still, and the set is the plain interval.
    grid : int
        Values tried at first, between the ends that the test's first stage allows; the ends found are then refined to
        a part in 10^9 of the grid's step.

    Returns
    -------
    Bounds
        Smallest and largest value that the conditional least-favourable hybrid test does not reject. The plain
        estimate, relative to the last lead, always lies between them.

    Source
    ------
    Rambachan and Roth (2023); Andrews, Roth and Pakes (2023). Reference values: tests/golden/honest_did.

    Examples
    --------
    >>> found = relative_magnitude_bounds([-0.2, 0.1, 0.5], np.diag([0.01, 0.01, 0.01]), 2, [1.0], mbar=0.0)
    >>> round(found.low, 4), round(found.high, 4), found.assumes
    (0.304, 0.696, 'the drift between the groups stays where it was before the contact')
    """
    values, spread, offsets, effect = _study(beta, covariance, n_pre, weights, periods, reference, level, mbar)
    if grid < 11:
        raise ValueError(f"A grid of {grid} values is too coarse to find an end on: take 11 or more.")
    low, high = conditional_set(values, spread, offsets, n_pre, effect, float(mbar), level, grid)
    assumes = (
        f"the drift between the groups changes, in a month, by at most {mbar:g} times its largest change before the "
        "contact"
        if mbar > 0
        else "the drift between the groups stays where it was before the contact"
    )
    return Bounds(name=name, low=low, high=high, unit=unit, assumes=assumes)


def breakdown(bounds: Callable[[float], Bounds], no_effect: float = 0.0) -> float | None:
    """How much drift can be allowed before "no effect" is among what is left?

    Parameters
    ----------
    bounds : callable
        The set for an M: `lambda m: smoothness_bounds(beta, covariance, n_pre, weights, m)`.
    no_effect : float
        The value that means it, in the unit of the coefficients: 0 for log ratios and differences.

    Returns
    -------
    float or None
        The M up to which the sets leave out `no_effect`, to a part in 10,000, from below; None where even the set for
        0 holds it, infinity where none up to 10^9 does. Sets for a small M need not lie inside those for a larger one,
        so M is doubled from 10^-6 until the first set that holds it.

    Examples
    --------
    >>> drift = lambda m: Bounds(name="orders", low=0.3 - m, high=0.5 + m, unit="log ratio", assumes="drift")
    >>> f"{breakdown(drift):.3f}", breakdown(drift, no_effect=0.4)
    ('0.300', None)
    """

    def left_out(m: float) -> bool:
        found = bounds(m)
        return not found.low <= no_effect <= found.high

    if not left_out(0.0):
        return None
    inside, outside = 0.0, 1e-6
    while left_out(outside):
        inside, outside = outside, 2 * outside
        if outside > 1e9:
            return math.inf
    while outside - inside > 1e-4 * outside and outside > 1e-9:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if left_out(middle) else (inside, middle)
    return inside


def _coefficients(beta: ArrayLike, covariance: ArrayLike) -> tuple[Floats, Floats]:
    values, spread = np.array(beta, dtype=np.float64), np.array(covariance, dtype=np.float64)
    n = values.size if values.ndim == 1 else 0
    if n == 0 or spread.shape != (n, n):
        raise ValueError(f"n coefficients need n × n covariances, not {values.shape} and {spread.shape}.")
    if not (np.isfinite(values).all() and np.isfinite(spread).all()):
        raise ValueError("A coefficient or a covariance is not a number.")
    if not np.allclose(spread, spread.T, rtol=1e-8, atol=1e-12 * float(np.abs(spread).max())):
        raise ValueError("A covariance matrix is the same on both sides of its diagonal; this one is not.")
    return values, (spread + spread.T) / 2


def _study(
    beta: ArrayLike,
    covariance: ArrayLike,
    n_pre: int,
    weights: ArrayLike,
    periods: Sequence[int] | None,
    reference: int,
    level: float,
    m: float,
) -> tuple[Floats, Floats, Ints, Floats]:
    values, spread = _coefficients(beta, covariance)
    effect = np.array(weights, dtype=np.float64)
    n = len(values)
    if not 1 <= n_pre < n:
        raise ValueError(f"Of {n} coefficients, 1 to {n - 1} can be leads, not {n_pre}.")
    if n_pre > MOST_LEADS:
        raise DesignError(
            f"{n_pre} leads were given. With more than {MOST_LEADS} the robust set can be narrower than the interval "
            f"it is meant to question. Give the last {MOST_LEADS}."
        )
    if effect.shape != (n - n_pre,) or not np.isfinite(effect).all() or not effect.any():
        raise ValueError(f"The effect needs a weight for each of the {n - n_pre} later coefficients, not all 0.")
    if not 0.5 <= level < 1:
        raise ValueError(f"A level lies between 0.5 and 1, not {level}.")
    if not (math.isfinite(m) and m >= 0):
        raise ValueError(f"How far the drift may change is a number from 0 on, not {m}.")
    months = np.array([*range(-n_pre, 0), *range(1, n - n_pre + 1)] if periods is None else periods, dtype=np.int64)
    if months.shape != (n,) or (np.diff(months) <= 0).any():
        raise ValueError(f"Periods are {n} months, one a coefficient, ascending.")
    if reference in months or reference > months[n_pre]:
        raise ValueError(f"The reference month has no coefficient and lies before {months[n_pre]}: not {reference}.")
    sd = np.sqrt(np.diag(spread).clip(0))
    smallest = float(np.linalg.eigvalsh(spread / np.outer(sd, sd)).min()) if sd.all() else 0.0
    if smallest < _SMALLEST_EIGENVALUE:
        raise DesignError(
            f"The {n} coefficients determine each other: their covariance is singular. If they are relative to the "
            "mean of the leads, measure them against one lead first (`rebased`), and leave that one out."
        )
    return values, spread, months - reference, effect
