"""By how much does a quantile differ between two arms: the median order, the largest tenth of reply times?

Each arm's quantile has an interval from its own order statistics, which asks nothing of the shape of the outcome; the
two intervals are put together by the square-and-add rule (MOVER), side by side, so that skew keeps its side. Nothing is
drawn at random. A quantile that lies among many customers of one value (0 spent, say) has no such interval and is
refused. What share lies above a threshold is an outcome of its own, and is left to `compare`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate, Scale
from analysis.inference.ordered import Ordered

Floats = NDArray[np.float64]
METHOD = "order statistics of each arm, put together by squares (MOVER)"
_HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmQuantile:
    """A quantile of one arm with its own interval, in the outcome's unit."""

    value: float
    low: float
    high: float
    n: int


def places_needed(n: int, quantile: float, *, level: float = 0.95) -> tuple[int, ...]:
    """The places, counted from 0, whose values `arm_quantile` needs of `n` customers in order; none where it refuses.

    Examples
    --------
    >>> places_needed(101, 0.5)
    (40, 41, 50, 51, 59, 60)
    """
    ranks = _ranks(n, quantile, level)
    if ranks is None:
        return ()
    floors = [_floor(rank, n) for rank in (*ranks, 1 + quantile * (n - 1))]
    return tuple(sorted({place for floor in floors for place in (floor - 1, floor)}))


def arm_quantile(
    values: ArrayLike | Ordered, quantile: float, *, level: float = 0.95, name: str = "outcome"
) -> ArmQuantile:
    """Which value do that share of an arm's customers not exceed, and between which values does it lie surely?

    Parameters
    ----------
    values : array of float, shape (n,), or Ordered
        One number a customer; or those in order, with the values at `places_needed`.
    quantile : float
        Between 0 and 1; interpolated between neighbours as numpy and pandas do.
    level : float
    name : str
        What the outcome is called in an error.

    Raises
    ------
    DesignError
        If there are too few customers beyond the quantile for an interval, a value is missing, or the interval has
        no width because one value is that common.
    ValueError
        If the quantile or the level does not lie between 0 and 1.

    Source
    ------
    Interval: Hutson (1999), Journal of Applied Statistics 26, with the interpolated ranks of Stigler (1977); its
    coverage errs by O(1/n): Goldman and Kaplan (2017), Journal of Econometrics 196.

    Examples
    --------
    >>> found = arm_quantile(range(101), 0.5)
    >>> found.value, round(found.low, 3), round(found.high, 3)
    (50.0, 40.174, 59.826)
    """
    if not 0 < quantile < 1 or not 0 < level < 1:
        raise ValueError(f"A quantile and a level lie between 0 and 1, not {quantile} and {level}.")
    ordered = values if isinstance(values, Ordered) else _ordered(values, quantile, level, name)
    n = ordered.n
    ranks = _ranks(n, quantile, level)
    if ranks is None:
        fewest = math.ceil(math.log((1 - level) / 2) / math.log(max(quantile, 1 - quantile)))
        raise DesignError(
            f"A quantile {quantile:g} of `{name}` needs {fewest:,} customers in an arm for its interval; there are "
            f"{n:,}. Choose a quantile nearer to the median."
        )
    low, value, high = (_at_rank(ordered, rank) for rank in (ranks[0], 1 + quantile * (n - 1), ranks[1]))
    if low == high:
        share = ordered.run(_floor(ranks[0], n)).count / n
        raise DesignError(
            f"The quantile {quantile:g} of `{name}` lies among the {share * 100:.1f} % of customers with the value "
            f"{value:g}: it has no interval. Choose another quantile, or compare the share above a threshold."
        )
    return ArmQuantile(value=value, low=min(low, value), high=max(high, value), n=n)


def quantile_effect(
    treated: ArrayLike | Ordered,
    comparison: ArrayLike | Ordered,
    quantile: float,
    *,
    unit: str,
    scale: Scale = "difference",
    level: float = 0.95,
    name: str = "outcome",
) -> Estimate:
    """By how much is the quantile of the treated arm larger, or how many times as large is it?

    Parameters
    ----------
    treated, comparison : array of float, shapes (n_treated,) and (n_comparison,), or Ordered
        As in `arm_quantile`.
    quantile : float
        0.5 for the median.
    unit : str
        Of a difference; a ratio's is "ratio".
    scale : {"difference", "ratio"}
    level : float
    name : str

    Returns
    -------
    Estimate
        It says how the distribution of the arm moved, not how each customer did. `se` is the half-width over the
        normal quantile, for show; the interval is not symmetric.

    Raises
    ------
    DesignError
        As `arm_quantile`; for a ratio also if an arm's interval is not above zero.

    Source
    ------
    Putting together: Zou and Donner (2008), Statistics in Medicine 27; Bonett and Price (2002), Psychological Methods
    7, for medians.

    Examples
    --------
    >>> estimate = quantile_effect(range(10, 111), range(101), 0.5, unit="EUR")
    >>> estimate.value, round(estimate.low, 3), round(estimate.high, 3)
    (10.0, -3.895, 23.895)
    """
    arms = [arm_quantile(values, quantile, level=level, name=name) for values in (treated, comparison)]
    if scale == "ratio":
        if min(arm.low for arm in arms) <= 0:
            raise DesignError(
                f"A ratio of the quantile {quantile:g} of `{name}` needs intervals above zero; the arms' begin at "
                f"{arms[0].low:.4g} and {arms[1].low:.4g}. Compare the difference instead."
            )
        arms = [
            ArmQuantile(value=math.log(arm.value), low=math.log(arm.low), high=math.log(arm.high), n=arm.n)
            for arm in arms
        ]
    one, other = arms
    value = one.value - other.value
    low = value - math.hypot(one.value - one.low, other.high - other.value)
    high = value + math.hypot(one.high - one.value, other.value - other.low)
    se = (high - low) / (2 * normal_quantile(level))
    ratio = scale == "ratio"
    return Estimate(
        name=name,
        value=math.exp(value) if ratio else value,
        low=math.exp(low) if ratio else low,
        high=math.exp(high) if ratio else high,
        level=level,
        se=se * math.exp(value) if ratio else se,
        se_log=se if ratio else None,
        scale=scale,
        unit="ratio" if ratio else unit,
        n_treated=one.n,
        n_comparison=other.n,
        method=f"{'ratio' if ratio else 'difference'} of the quantile {quantile:g} ({METHOD})",
    )


def _ranks(n: int, quantile: float, level: float) -> tuple[float, float] | None:
    """Ranks between 1 and n, whole or not, below and above which the quantile lies with half the rest each."""
    tail = (1 - level) / 2
    if n < 2 or _below(1, n, quantile) < 1 - tail or _below(n, n, quantile) > tail:
        return None
    return _rank_where(1 - tail, n, quantile), _rank_where(tail, n, quantile)


def _below(rank: float, n: int, quantile: float) -> float:
    """How likely is it that the order statistic of this rank lies below the quantile? Falls as the rank grows."""
    return float(special.betainc(rank, n + 1 - rank, quantile))


def _rank_where(chance: float, n: int, quantile: float) -> float:
    low, high = 1.0, float(n)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, n, quantile) > chance else (low, middle)
    return (low + high) / 2


def _ordered(values: ArrayLike, quantile: float, level: float, name: str) -> Ordered:
    given: Floats = np.asarray(values, dtype=np.float64)
    missing = len(given) - int(np.isfinite(given).sum())
    if missing:
        raise DesignError(f"{missing:,} of {len(given):,} customers have no finite value of `{name}`. Leave them out.")
    return Ordered.of(given, places_needed(len(given), quantile, level=level))


def _floor(rank: float, n: int) -> int:
    """The whole rank at or below one that has a neighbour above."""
    return min(int(rank), n - 1)


def _at_rank(ordered: Ordered, rank: float) -> float:
    """The value at a rank counted from 1, interpolated between neighbours."""
    floor = _floor(rank, ordered.n)
    below, above = ordered.at(floor - 1), ordered.at(floor)
    return below + (rank - floor) * (above - below)
