"""Of many effects looked at, which stand out once it is counted how many were looked at?

Holm's p-values bound the chance of one false claim in a family, Benjamini and Hochberg's the share of false ones among
those selected. A selected effect was selected for being large, so its interval is widened until at most the stated
share of the selected intervals misses (Benjamini and Yekutieli). p-values are read back from an estimate's own
interval, so that the two never contradict one another. Which effects form a family is left to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate

_ALIKE = 1e-6
"""Relative difference of the two halves of an interval below which it counts as symmetric."""
_FEWEST_DEGREES, _MOST_DEGREES = 1.0, 1e9


def holm_adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values such that whichever of them lies below a level, at most that share of families has a false one there.

    Raises
    ------
    ValueError
        If one of them is not between 0 and 1.

    Source
    ------
    Holm (1979), Scandinavian Journal of Statistics 6. Reference: `statsmodels.stats.multitest.multipletests`.

    Examples
    --------
    >>> [round(p, 4) for p in holm_adjusted([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    given = _given(p_values)
    order = np.argsort(given, kind="stable")
    stepped = np.minimum(np.maximum.accumulate((given.size - np.arange(given.size)) * given[order]), 1.0)
    adjusted = np.empty_like(given)
    adjusted[order] = stepped
    return tuple(adjusted.tolist())


def discovery_adjusted(p_values: Sequence[float]) -> tuple[float, ...]:
    """p-values such that of those below a level, on average at most that share is false. Also called q-values.

    Assumes
    -------
    Tests that are independent or positively dependent, as those of segments are.

    Raises
    ------
    ValueError
        If one of them is not between 0 and 1.

    Source
    ------
    Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57: `scipy.stats`. Reference:
    `statsmodels.stats.multitest.multipletests`.

    Examples
    --------
    >>> [round(p, 4) for p in discovery_adjusted([0.01, 0.04, 0.03, 0.5])]
    [0.04, 0.0533, 0.0533, 0.5]
    """
    given = _given(p_values)
    if not given.size:
        return ()
    from scipy.stats import false_discovery_control

    return tuple(false_discovery_control(given, method="bh").tolist())


def _given(p_values: Sequence[float]) -> NDArray[np.float64]:
    given = np.asarray(p_values, dtype=np.float64)
    if not ((given >= 0) & (given <= 1)).all():
        raise ValueError(f"p-values lie between 0 and 1; given were {list(p_values)}.")
    return given


def false_coverage_level(selected: int, looked_at: int, *, level: float = 0.95) -> float:
    """At what level must the intervals of selected effects be made, for at most 1 − `level` of them to miss?

    Parameters
    ----------
    selected, looked_at : int
        Effects selected by `discovery_adjusted` at 1 − `level`, and effects in the family.
    level : float
        What the selected intervals are to keep on average.

    Raises
    ------
    ValueError
        Unless at least one was selected, of at least as many.

    Source
    ------
    Benjamini and Yekutieli (2005), Journal of the American Statistical Association 100: 1 − R·q/m.

    Examples
    --------
    >>> round(false_coverage_level(2, 20), 6), round(false_coverage_level(20, 20), 6)
    (0.995, 0.95)
    """
    if not 1 <= selected <= looked_at:
        raise ValueError(f"Of {looked_at} effects {selected} cannot have been selected.")
    return 1 - (1 - level) * selected / looked_at


def degrees_of(estimate: Estimate) -> float | None:
    """On how many degrees of freedom does an interval rest? Infinitely many if it is normal; None if it does not tell.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> degrees_of(ratio_estimate("orders", 1.1, 0.03, n_treated=900, n_comparison=900, method="ratio of means"))
    inf
    """
    return _Halves.of(estimate).degrees


def wald_p(estimate: Estimate, degrees: float = math.inf) -> float:
    """How often would chance alone move the estimate at least so far from "no effect"? Read from its own interval.

    A symmetric interval tells the degrees of freedom of its t quantile; another one is taken for a normal interval on
    the side of no effect. Either way p < 1 − level exactly where the interval leaves out no effect.

    Parameters
    ----------
    estimate : Estimate
    degrees : float
        Degrees of freedom that its error is known to rest on; they count where the interval was made with more.

    Returns
    -------
    float
        1 where the interval has no end on that side, and where it has no width, which says nothing of an error.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> found = ratio_estimate("orders", math.exp(0.03 * normal_quantile(0.95)), 0.03, n_treated=900,
    ...                        n_comparison=900, method="ratio of means")
    >>> round(wald_p(found), 9)
    0.05
    """
    away = _Halves.of(estimate)
    distance = away.value
    half = away.below if distance >= 0 else away.above
    if distance == 0 or half == 0 or math.isinf(half):
        return 1.0
    return away.p(abs(distance), half, degrees)


def at_level(estimate: Estimate, level: float) -> Estimate:
    """The same estimate with an interval of another level.

    Raises
    ------
    ValueError
        Unless the level lies between 0 and 1.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> found = ratio_estimate("orders", 1.10, 0.03, n_treated=900, n_comparison=900, method="ratio of means")
    >>> wider, again = at_level(found, 0.995), at_level(at_level(found, 0.995), 0.95)
    >>> round(wider.low, 4), round(wider.high, 4), round(again.low - found.low, 12)
    (1.0112, 1.1966, 0.0)
    """
    if not 0 < level < 1:
        raise ValueError(f"A level lies between 0 and 1, not {level}.")
    halves = _Halves.of(estimate)
    wider = halves.factor(level)
    low, high = halves.value - halves.below * wider, halves.value + halves.above * wider
    if estimate.scale == "ratio" and halves.logs:
        low, high = math.exp(low), math.exp(high) if high < math.log(1e300) else math.inf
    else:
        low, high = low + estimate.no_effect, high + estimate.no_effect
    return replace(estimate, low=min(low, estimate.value), high=max(high, estimate.value), level=level)


def spread_of(estimate: Estimate, degrees: float = math.inf) -> tuple[float, float] | None:
    """The distance from "no effect" and its standard error as a normal interval of the same width would have it.

    On the log scale for a ratio. The error so told is a little larger than `se` where the interval rests on few
    degrees of freedom, so that what is built on it stays on the safe side. None where there is no such error.

    Parameters
    ----------
    estimate : Estimate
    degrees : float
        Degrees of freedom that its error is known to rest on; they count where the interval was made with more.

    Examples
    --------
    >>> from analysis.inference.compare import ratio_estimate
    >>> value, se = spread_of(ratio_estimate("orders", 1.1, 0.03, n_treated=900, n_comparison=900, method=""))
    >>> round(value, 6), round(se, 6)
    (0.09531, 0.03)
    """
    halves = _Halves.of(estimate)
    se = (halves.below + halves.above) / 2 / normal_quantile(estimate.level)
    if estimate.scale == "ratio" and not halves.logs:
        return None
    if not (math.isfinite(se) and se > 0):
        return None
    own = halves.degrees
    if own is not None and degrees < own:
        wider = float(special.stdtrit(degrees, (1 + estimate.level) / 2)) / normal_quantile(estimate.level)
        se = halves.se * wider
    return halves.value, se


@dataclass(frozen=True, slots=True)
class _Halves:
    """An interval as two distances from its estimate, and the estimate's from no effect: of ratios, of logarithms."""

    value: float
    below: float
    above: float
    level: float
    se: float
    logs: bool

    @classmethod
    def of(cls, estimate: Estimate) -> _Halves:
        if estimate.scale == "ratio" and estimate.value > 0 and estimate.low >= 0:
            value = math.log(estimate.value)
            below = value - math.log(estimate.low) if estimate.low > 0 else math.inf
            above = math.log(estimate.high) - value if math.isfinite(estimate.high) else math.inf
            se = estimate.se_log if estimate.se_log is not None else 0.0
            return cls(value, below, above, estimate.level, se, True)
        value = estimate.value - estimate.no_effect
        below, above = estimate.value - estimate.low, estimate.high - estimate.value
        return cls(value, below, above, estimate.level, estimate.se, False)

    @property
    def degrees(self) -> float | None:
        """Degrees of freedom of the t quantile that made the interval; infinite for a normal one, None for another."""
        if not (math.isfinite(self.below) and math.isfinite(self.above) and self.se > 0):
            return None
        if abs(self.above - self.below) > _ALIKE * (self.above + self.below):
            return None
        quantile, tail = (self.above + self.below) / 2 / self.se, (1 + self.level) / 2
        if abs(quantile / normal_quantile(self.level) - 1) <= _ALIKE:
            return math.inf
        if not normal_quantile(self.level) < quantile <= special.stdtrit(_FEWEST_DEGREES, tail):
            return None
        from scipy.optimize import brentq

        def gap(log_degrees: float) -> float:
            return float(special.stdtrit(math.exp(log_degrees), tail)) - quantile

        found = brentq(gap, math.log(_FEWEST_DEGREES) - 1e-9, math.log(_MOST_DEGREES), xtol=1e-13, rtol=1e-13)
        return math.exp(float(found))

    def p(self, distance: float, half: float, most: float) -> float:
        own = self.degrees
        degrees = math.inf if own is None else min(own, most)
        if math.isinf(degrees):
            return float(2 * special.ndtr(-distance / half * normal_quantile(self.level)))
        return float(2 * special.stdtr(degrees, -distance / self.se))

    def factor(self, level: float) -> float:
        """By how much an interval of that level is wider than this one."""
        degrees = self.degrees
        if degrees is None or math.isinf(degrees):
            return normal_quantile(level) / normal_quantile(self.level)
        wanted, here = (float(special.stdtrit(degrees, (1 + one) / 2)) for one in (level, self.level))
        return wanted / here
