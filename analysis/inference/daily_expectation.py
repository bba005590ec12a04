"""What is to be expected of each day, by its level, its weekday and its season, and how much do ordinary days scatter?

One round of fitting, with the days to set aside given. Why these methods, which days are set aside and what follows
from them is told in `spikes`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

HALF = 42
"""Days to either side that make the level; an episode that lasts longer becomes the level."""
FORTNIGHT = 14
ENOUGH = 5
"""A median is taken of numbers that are this large or larger, as means over several days where need be."""
YEAR = 365
SEASON_SMOOTH, SEASON_SURE, SEASON_RETURNS = 7, 3.0, 0.25
"""Days to either side that are taken together; standard errors at which a peak is sure; share of its height by which
a peak that returns may differ."""


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of each day.

    Parameters
    ----------
    mean : array of float, shape (n_days,)
    uncertain : array of float, shape (n_days,)
        Variance of the mean itself, as a share of its square.
    beside : array of float, shape (n_days,)
        What the twelve weeks before or after the day alone would lead to expect, whichever is more; 0 where unknown.
    theta : float
        Ordinary days vary around the mean with the variance mean + theta x mean squared.
    factor : array of float, shape (7,)
        Of each weekday.
    """

    mean: Floats
    uncertain: Floats
    beside: Floats
    theta: float
    factor: Floats

    @property
    def variance(self) -> Floats:
        """Of an ordinary day around its mean."""
        return np.asarray(self.mean + self.theta * self.mean**2)


def expectation(observed: Ints, days: Ints, season: Floats, aside: Flags, before: Expectation | None) -> Expectation:
    """One round: level, weekday factors, level again in their light, and scatter, of the days not set aside.

    Parameters
    ----------
    observed : array of int, shape (n_days,)
    days : array of int, shape (n_days,)
        Weekday of each, 0 for Monday.
    season : array of float, shape (n_days,)
        Yearly factors; ones where none is known.
    aside : array of bool, shape (n_days,)
        Days to learn nothing from.
    before : Expectation, optional
        Of the round before.
    """
    ordinary, width = ~aside, _width(observed)
    factor = before.factor if before else np.ones(7)
    level = _level(observed / (factor[days] * season), ordinary, width)
    theta = before.theta if before else 0.0
    factor, factor_variance = _weekday_factors(observed, days, level * season, ordinary, theta)
    base = factor[days] * season
    mean = level * base
    mean = mean * (observed[ordinary].sum() + 0.5) / (mean[ordinary].sum() + 0.5)
    robust = before is None and bool(np.median(observed) >= 10)
    theta = _theta(observed[ordinary], mean[ordinary], robust=robust)
    n = min(2 * HALF + 1, int(ordinary.sum()))
    uncertain = math.pi / 2 * (1 / mean + theta) / n + factor_variance[days] + (SEASON_RETURNS * (1 - 1 / season)) ** 2
    beside = _one_sided(observed / base, ordinary) * base if width == 1 else np.zeros(len(observed))
    return Expectation(mean=mean, uncertain=uncertain, beside=beside, theta=theta, factor=factor)


def yearly_season(observed: Ints, expected: Expectation) -> Floats:
    """How much higher than its level every year was around the same date, this one among them; 1 where one was not.

    A date that only one year holds has no season.
    """
    n = len(observed)
    ones = np.ones(n, dtype=bool)
    width = 2 * SEASON_SMOOTH + 1
    seen, _ = _rolling_mean(observed.astype(np.float64), ones, width)
    mean, _ = _rolling_mean(expected.mean, ones, width)
    variance, _ = _rolling_mean(expected.mean + expected.theta * expected.mean**2, ones, width)
    raised = np.maximum(mean, 1e-9)
    ratio = seen / raised
    sure = (ratio - 1) > SEASON_SURE * np.sqrt(variance / width) / raised
    ratio = np.where(sure, ratio, 1.0)
    factor = np.full(n, np.inf)
    for years in range(-(n // YEAR) - 1, n // YEAR + 2):
        other = np.arange(n) + years * YEAR + (years // 4)
        inside = (other >= 0) & (other < n) & (years != 0)
        factor[inside] = np.minimum(factor[inside], ratio[other[inside]])
    return np.where(np.isfinite(factor), np.minimum(factor, ratio), 1.0)


def _width(observed: Ints) -> int:
    """Days whose mean goes into the median: one, or the weeks it takes to hold enough; 0 where four do not."""
    if np.median(observed) >= 3:
        return 1
    usual = float(np.minimum(observed, np.quantile(observed, 0.95) + 1).mean())
    return next((width for width in (7, 28) if width * usual >= ENOUGH), 0)


def _level(values: Floats, ordinary: Flags, width: int) -> Floats:
    """The running median over 85 days of `values` (of means over `width` of them), suspected days left out.

    Where width is 0, the mean of all. Never below half an event in those 85 days: that none came is not that none can.
    """
    n = len(values)
    window = min(2 * HALF + 1, n)
    if width == 0:
        return np.full(n, (values[ordinary].sum() + 0.5) / max(int(ordinary.sum()), 1))
    if width > 1:
        values, ordinary = _rolling_mean(values, ordinary, width)
    start = np.clip(np.arange(n) - window // 2, 0, n - window)
    medians = _medians(values, ordinary, np.arange(n - window + 1), window)
    level = medians[start]
    known = np.flatnonzero(~np.isnan(level))
    level = np.interp(np.arange(n), known, level[known])
    return np.maximum(level * _growth(values, ordinary, medians, window), 0.5 / window)


def _growth(values: Floats, ordinary: Flags, medians: Floats, window: int) -> Floats:
    """How far the level has moved on between the middle of the stretch it is taken from and the day itself.

    The usual change of the running median over a fortnight, near either end: a step is one change among many. Of days
    too few for that, the change between the medians of their halves.
    """
    n = len(values)
    middle = np.clip(np.arange(n), window // 2, n - window + window // 2)
    factor = np.ones(n)
    for near_end in (True, False):
        near, gap, apart = (medians[-2 * HALF :] if near_end else medians[: 2 * HALF]), FORTNIGHT, FORTNIGHT
        if len(near) < 3 * FORTNIGHT:
            gap, apart = 1, n - n // 2
            near = _medians(values, ordinary, np.array([0, apart]), n // 2)
        changes = near[gap:] / near[:-gap] if (near >= 3).all() else np.ones(1)
        days = np.arange(n) > middle if near_end else np.arange(n) < middle
        factor[days] = np.exp(float(np.median(np.log(changes))) / apart * (np.arange(n) - middle)[days])
    return factor


def _one_sided(values: Floats, ordinary: Flags) -> Floats:
    """The higher of the medians of the twelve weeks before and after a day; 0 where neither is there in full."""
    n, window = len(values), 2 * HALF
    if n <= window:
        return np.zeros(n)
    medians = np.nan_to_num(_medians(values, ordinary, np.arange(n - window + 1), window))
    before, after = np.zeros(n), np.zeros(n)
    before[window:] = medians[: n - window]
    after[: n - window] = medians[1:]
    return np.maximum(before, after)


def _medians(values: Floats, ordinary: Flags, starts: Ints, window: int) -> Floats:
    """The median of the ordinary values of each stretch; not a number where fewer than a quarter are ordinary."""
    masked = np.where(ordinary, values, np.inf)
    stretches = np.sort(np.lib.stride_tricks.sliding_window_view(masked, window)[starts], axis=1)
    counted = np.isfinite(stretches).sum(axis=1)
    rows = np.arange(len(starts))
    low, high = np.maximum(counted - 1, 0) // 2, counted // 2
    high = np.minimum(high, np.maximum(counted - 1, 0))
    enough = counted >= max(window // 4, 1)
    with np.errstate(invalid="ignore"):
        middle = (stretches[rows, low] + stretches[rows, high]) / 2
    return np.where(enough, middle, np.nan)


def _rolling_mean(values: Floats, ordinary: Flags, width: int) -> tuple[Floats, Flags]:
    """Means over `width` days around each day, of the ordinary ones; whether at least half of them are ordinary."""
    half = width // 2
    sums, number = np.zeros(len(values) + 1), np.zeros(len(values) + 1)
    np.cumsum(np.where(ordinary, values, 0.0), out=sums[1:])
    np.cumsum(ordinary, out=number[1:])
    low = np.clip(np.arange(len(values)) - half, 0, len(values))
    high = np.clip(np.arange(len(values)) + width - half, 0, len(values))
    counted = number[high] - number[low]
    means = (sums[high] - sums[low]) / np.maximum(counted, 1)
    return means, counted >= np.maximum((high - low) / 2, 1)


def _weekday_factors(observed: Ints, days: Ints, level: Floats, ordinary: Flags, theta: float) -> tuple[Floats, Floats]:
    """Observed over level by weekday, drawn towards 1; and the variance that is left in each."""
    seen = np.bincount(days[ordinary], weights=observed[ordinary], minlength=7)
    expected = np.maximum(np.bincount(days[ordinary], weights=level[ordinary], minlength=7), 1e-9)
    number = np.maximum(np.bincount(days[ordinary], minlength=7), 1)
    overall = (seen.sum() + 0.5) / (expected.sum() + 0.5)
    expected *= overall
    raw = np.where(number > 1, seen / expected, 1.0)
    variance = 1 / np.maximum(expected, 0.5) + theta / number
    between = max(0.0, float(((raw - 1) ** 2 - variance).mean()))
    weight = between / (between + variance)
    factor = 1 + (raw - 1) * weight
    return np.maximum(factor, 0.01) / factor.mean(), variance * weight


def _theta(observed: Ints, mean: Floats, *, robust: bool) -> float:
    """The noise squared at which ordinary days scatter as they do: by their quartiles first, then by squares."""

    def scatter(theta: float) -> float:
        scaled = (observed - mean) / np.sqrt(mean + theta * mean**2)
        if robust:
            low, high = np.quantile(scaled, [0.25, 0.75])
            return float(((high - low) / 1.349) ** 2)
        return float((scaled**2).mean())

    if scatter(0.0) <= 1:
        return 0.0
    low, high = 0.0, 1.0
    while scatter(high) > 1 and high < 1e6:
        high *= 4
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (middle, high) if scatter(middle) > 1 else (low, middle)
    return (low + high) / 2
