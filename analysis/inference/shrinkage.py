"""What is a segment's effect worth once it is known how little segments differ? Partial pooling, with honest intervals.

The largest of many estimates is large partly by chance. Empirical Bayes moves each towards the segments' mean, the
farther the less certain it is. Intervals of the textbook then trust that effects are spread like a bell; these do not:
they hold on average over the segments, however the effects are spread. They say nothing of one segment that was picked
for its size, and shrunken effects need not add up to the whole. Which segments belong together is left to the studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile

Floats = NDArray[np.float64]

FEWEST_SEGMENTS = 6
"""With fewer the spread of their effects cannot be told."""
_ROOT_2 = math.sqrt(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunken:
    """Effects moved towards their mean, in the unit of the raw ones.

    Parameters
    ----------
    values, low, high : array of float, shape (n,)
    share : array of float, shape (n,)
        How much of its distance from the centre each effect keeps, 0 to 1.
    centre : array of float, shape (n,)
        Where each was moved to.
    spread : float
        Standard deviation of the true effects around the centre that was reckoned with.
    spread_found : float
        What the data alone say; 0 where they are no farther apart than chance would make them.
    level : float
    """

    values: Floats
    low: Floats
    high: Floats
    share: Floats
    centre: Floats
    spread: float
    spread_found: float
    level: float


def shrunken(
    values: ArrayLike,
    errors: ArrayLike,
    *,
    level: float = 0.95,
    weights: ArrayLike | None = None,
    design: ArrayLike | None = None,
) -> Shrunken:
    """What are these effects, each helped by the others?

    Parameters
    ----------
    values, errors : array of float, shape (n,)
        Estimates (of ratios, the logarithms) and their standard errors. The estimates share no customers.
    level : float
        Of the intervals, on average over the segments.
    weights : array of float, shape (n,), optional
        For the centre and the spread. Default 1 / errors².
    design : array of float, shape (n, k), optional
        What the effects are moved towards: a regression on these columns. Default a column of ones, that is their mean;
        k = 0 moves them towards no effect.

    Raises
    ------
    DesignError
        With fewer than 6 estimates, or fewer than three more than there are columns.
    ValueError
        If a number is not finite, or an error or weight is not above zero.

    Source
    ------
    Armstrong, Kolesár and Plagborg-Møller (2022), Econometrica 90: robust empirical Bayes intervals without a bound on
    the kurtosis; the spread is at least what they call posterior mean truncation. Reference: tests/golden/shrinkage.
    They take the centre and the spread as known. With few segments neither is: the centre's share in error, bias and
    spread is reckoned in, and the spread widened in the bias by (n − k) / (n − k − 2), as Morris (1983, JASA 78) does.
    With k = 0 the intervals are exactly theirs.

    Examples
    --------
    >>> found = shrunken([0.02, 0.05, 0.01, 0.20, 0.04, 0.03], [0.03] * 6)
    >>> [round(float(value), 3) for value in found.values]
    [0.027, 0.051, 0.019, 0.175, 0.043, 0.035]
    >>> bool((found.low < found.values).all() and (found.values < found.high).all())
    True
    """
    found, error = np.asarray(values, dtype=np.float64), np.asarray(errors, dtype=np.float64)
    if not (np.isfinite(found).all() and np.isfinite(error).all() and (error > 0).all()):
        raise ValueError("An effect is finite and its standard error lies above zero.")
    weight = error**-2.0 if weights is None else np.asarray(weights, dtype=np.float64)
    columns = np.ones((len(found), 1)) if design is None else np.asarray(design, dtype=np.float64)
    if not (np.isfinite(weight).all() and (weight > 0).all() and np.isfinite(columns).all()):
        raise ValueError("Weights lie above zero, and columns are finite.")
    n, k = columns.shape
    if n < max(FEWEST_SEGMENTS, k + 3):
        raise DesignError(
            f"{n} segments cannot tell how far their effects are spread; partial pooling needs {FEWEST_SEGMENTS}. "
            "Show the raw effects alone, or use an attribute with more segments."
        )
    pulls = _pulls(columns, weight)
    centre = pulls @ found
    left = np.eye(n) - pulls
    second, raw = _spread(found - centre, left, error, weight)
    share = second / (second + error**2)
    pooled = centre + share * (found - centre)
    chance = np.sqrt((np.diag(share) + (1 - share)[:, None] * pulls) ** 2 @ error**2)
    few = (n - k) / (n - k - 2) if k else 1.0
    bias = (1 - share) ** 2 * (left**2).sum(axis=1) * second * few
    reach = np.array([critical_value(float(squared), level) for squared in bias / chance**2])
    half = reach * chance
    return Shrunken(
        values=pooled, low=pooled - half, high=pooled + half, share=share, centre=centre,
        spread=math.sqrt(second), spread_found=math.sqrt(max(raw, 0.0)), level=level,
    )  # fmt: skip


def critical_value(bias: float, level: float = 0.95) -> float:
    """How many standard errors must an interval reach, if the square of its bias is `bias` on average, in such errors?

    Whatever the distribution of the bias, the interval then misses in at most 1 − `level` of cases on average.

    Parameters
    ----------
    bias : float
        Mean square of the bias over the standard error.

    Raises
    ------
    ValueError
        If the bias is negative or not finite, or the level not between 0 and 1.

    Examples
    --------
    >>> round(critical_value(0.0), 6), round(critical_value(1.0), 4), round(critical_value(4.0), 4)
    (1.959964, 3.2592, 7.2164)
    """
    if not (math.isfinite(bias) and bias >= 0 and 0 < level < 1):
        raise ValueError(f"A mean square lies at or above 0 and a level between 0 and 1, not {bias} and {level}.")
    if bias == 0:
        return normal_quantile(level)
    from scipy.optimize import brentq

    low, high = 0.0, normal_quantile(level) + math.sqrt(bias)
    while largest_miss(bias, high) > 1 - level:
        low, high = high, 2 * high
    return float(brentq(lambda reach: largest_miss(bias, reach) - (1 - level), low, high, xtol=1e-12, rtol=1e-14))


def largest_miss(bias: float, reach: float) -> float:
    """How often can an interval of so many standard errors miss at most, if its squared bias is `bias` on average?

    The worst case is a bias of zero in most segments and a large one in few, unless the mean square is large itself.

    Examples
    --------
    >>> round(largest_miss(0.0, normal_quantile(0.95)), 6)
    0.05
    """
    touch = _touching(reach)
    if bias >= touch:
        return _miss(bias, reach)
    none = _miss(0.0, reach)
    return none + bias / touch * (_miss(touch, reach) - none)


def _miss(squared: float, reach: float) -> float:
    """How often an interval misses whose bias has that square."""
    away = math.sqrt(squared)
    return (math.erfc((away + reach) / _ROOT_2) + math.erfc((reach - away) / _ROOT_2)) / 2


def _touching(reach: float) -> float:
    """Where a line from no bias touches the curve of misses from above: beyond it the curve is its own concave hull."""
    if reach**2 <= 3:
        return 0.0

    def gap(squared: float) -> float:
        away = math.sqrt(squared)
        density = math.exp(-((away - reach) ** 2) / 2) - math.exp(-((away + reach) ** 2) / 2)
        slope = density / math.sqrt(2 * math.pi) / (2 * away)
        return _miss(squared, reach) - squared * slope - _miss(0.0, reach)

    from scipy.optimize import brentq

    low, high = reach**2 - 3, 2 * reach**2
    while gap(high) < 0:
        low, high = high, 2 * high
    return float(brentq(gap, low, high, xtol=1e-12, rtol=1e-14)) if gap(low) < 0 else low


def _pulls(columns: Floats, weight: Floats) -> Floats:
    """By how much each estimate pulls at each fitted value of the weighted regression."""
    if columns.shape[1] == 0:
        return np.zeros((len(weight), len(weight)))
    root = np.sqrt(weight)
    return np.asarray(columns @ np.linalg.pinv(columns * root[:, None]) * root[None, :])


def _spread(apart: Floats, left: Floats, error: Floats, weight: Floats) -> tuple[float, float]:
    """Variance of the true effects around the centre: the one to reckon with, and the one that was found.

    `left` says what remains of each estimate once the centre, made from the same estimates, is taken off.
    """
    through = weight @ left**2
    raw = float((weight @ apart**2 - through @ error**2) / through.sum())
    least = float(2 * (weight**2 @ error**4) / (weight.sum() * (weight @ error**2)))
    return max(raw, least), raw
