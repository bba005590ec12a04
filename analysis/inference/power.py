"""How small an effect can a test of this size see?

The power of Welch's comparison of two arms, two-sided or against a margin, from what one unit's outcome looks like
without the change. The unit is whatever is randomised: a customer, or a cluster with its total over its size. How
many units an effect takes is left to `sizes`, taking the baseline from tables to the planning study, the comparison
itself to `compare` and its neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.moments import Moments

Kind = Literal["share", "amount", "mean", "ratio"]
_FEWEST_ADJUSTED = 5
"""With so few units nothing can be said of what a slope costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """What the outcome of one unit looks like without the change.

    Parameters
    ----------
    kind : {"share", "amount", "mean", "ratio"}
        What an effect does to the spread of the treated. A share takes the spread of the new share; an amount (orders,
        money) is multiplied, its spread with it; a mean or a ratio is shifted.
    mean : float
        Of the outcome, in its unit.
    variance : float
        Between units, in the unit squared; of a ratio, that of the linearised ratio (delta method).
    correlation : float
        With the adjustment by what was known before (CUPED); 0 without one.

    Raises
    ------
    ValueError
        If a number is out of range for its kind.

    Examples
    --------
    >>> Baseline(kind="share", mean=0.25, variance=0.1875).variances(0.25)
    (0.25, 0.1875)
    >>> Baseline(kind="mean", mean=10, variance=100, correlation=0.6).variances(1.0)
    (64.0, 64.0)
    """

    kind: Kind
    mean: float
    variance: float
    correlation: float = 0.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"A baseline is a {', '.join(get_args(Kind))}, not `{self.kind}`.")
        if not (math.isfinite(self.mean) and math.isfinite(self.variance) and self.variance > 0):
            raise ValueError(f"A baseline needs a mean and a variance above zero, not {self.mean} and {self.variance}.")
        if self.kind == "share" and not 0 < self.mean < 1:
            raise ValueError(f"A share lies between 0 and 1, not at {self.mean}.")
        if self.kind == "amount" and self.mean <= 0:
            raise ValueError(f"An amount has a mean above zero, not {self.mean}: plan it as a `mean`.")
        if not -1 < self.correlation < 1:
            raise ValueError(f"A correlation lies between -1 and 1, not at {self.correlation}.")

    def variances(self, effect: float) -> tuple[float, float]:
        """Variance per unit among the treated, if they change by `effect`, and among the comparison."""
        left = self.variance * (1 - self.correlation**2)
        if self.kind == "share":
            after = self.mean + effect
            factor = max(after * (1 - after), 0.0) / (self.mean * (1 - self.mean))
        else:
            factor = (1 + effect / self.mean) ** 2 if self.kind == "amount" else 1.0
        return left * factor, left

    def most(self, *, fall: bool) -> float:
        """The largest change there can be: a share stays within 0 and 1, an amount can fall to nothing."""
        if self.kind == "share":
            return self.mean if fall else 1 - self.mean
        return self.mean if fall and self.kind == "amount" else math.inf


def baseline_of(
    moments: Moments,
    numerator: str,
    *,
    kind: Kind,
    denominator: str | None = None,
    before: tuple[str, str | None] | None = None,
) -> Baseline:
    """What does one unit's outcome look like, from the moments of the time before?

    Parameters
    ----------
    moments : Moments
        Over units (customers or clusters), holding the measures named.
    numerator, denominator : str
        The outcome is the mean of the numerator or, with a denominator (orders, sessions, or a cluster's size), the
        ratio of both totals; its variance is that of (numerator − R · denominator) / mean denominator.
    before : pair of str, optional
        Numerator and denominator of the same outcome before, for the correlation with the adjustment.

    Raises
    ------
    ValueError
        If the denominator's mean is zero, or nothing varies.

    Source
    ------
    Delta method for ratio metrics: Deng, Knoblich and Lu (2018), KDD. CUPED: Deng, Xu, Kohavi and Walker (2013), WSDM.

    Examples
    --------
    >>> rows = [[2, 1, 1], [4, 2, 3], [6, 3, 2], [8, 2, 4]]
    >>> found = baseline_of(Moments.from_rows(("y", "d", "x"), rows), "y", kind="mean", before=("x", None))
    >>> found.mean, round(found.variance, 6), round(found.correlation, 6)
    (5.0, 6.666667, 0.8)
    >>> found = baseline_of(Moments.from_rows(("y", "d", "x"), rows), "y", kind="ratio", denominator="d")
    >>> found.mean, round(found.variance, 6)
    (2.5, 1.041667)
    """
    mean, weights = _linear(moments, numerator, denominator)
    variance = _covariance(moments, weights, weights)
    if variance <= 0:
        raise ValueError(f"`{numerator}` does not vary, so that no error can be told.")
    correlation = 0.0
    if before is not None:
        earlier = _linear(moments, *before)[1]
        spread = _covariance(moments, earlier, earlier)
        if spread > 0:
            correlation = _covariance(moments, weights, earlier) / math.sqrt(variance * spread)
    return Baseline(kind=kind, mean=mean, variance=variance, correlation=correlation)


def _linear(moments: Moments, numerator: str, denominator: str | None) -> tuple[float, dict[str, float]]:
    """The outcome, and the weights of the measures in its linearised form."""
    if denominator is None:
        return moments.mean(numerator), {numerator: 1.0}
    size = moments.mean(denominator)
    if size == 0:
        raise ValueError(f"`{denominator}` is zero on average, so that there is no ratio to it.")
    ratio = moments.mean(numerator) / size
    return ratio, {numerator: 1 / size, denominator: -ratio / size}


def _covariance(moments: Moments, one: dict[str, float], other: dict[str, float]) -> float:
    return math.fsum(a * b * moments.covariance(i, j) for i, a in one.items() for j, b in other.items())


def power_of(
    baseline: Baseline,
    effect: float,
    *,
    n_treated: int,
    n_comparison: int,
    level: float = 0.95,
    reach: float | None = None,
) -> float:
    """How likely does the interval of a test of this size leave out zero, if the effect is `effect`?

    Either side counts. The statistic follows the non-central t distribution with the Welch–Satterthwaite degrees of
    freedom of the planned sizes: exact for outcomes that are normal with one spread and equal arms, and for many
    units by the central limit theorem. The slope of an adjustment costs one degree of freedom and 1 / (units - 4) of
    the variance, which tells where units are few clusters.

    Parameters
    ----------
    baseline : Baseline
    effect : float
        Difference of means, in the unit of the outcome.
    n_treated, n_comparison : int
        Units in each arm.
    level : float
        Of the two-sided interval.
    reach : float, optional
        How many standard errors the interval reaches, where that is not Student's quantile (an always-valid interval).

    Raises
    ------
    ValueError
        If an arm has fewer than two units, or the level is out of range.

    Source
    ------
    Reference values: `TTestIndPower` and `normal_power_het` of statsmodels, in the tests.

    Examples
    --------
    >>> round(power_of(Baseline(kind="mean", mean=10, variance=4), 0.5, n_treated=253, n_comparison=253), 4)
    0.8014
    """
    error, freedom = _error(baseline, effect, n_treated, n_comparison)
    critical = _critical(freedom, level) if reach is None else reach
    distance = effect / error if error > 0 else math.inf * effect
    return _beyond(critical, freedom, distance) + _beyond(critical, freedom, -distance)


def non_inferiority_power(
    baseline: Baseline,
    margin: float,
    *,
    n_treated: int,
    n_comparison: int,
    effect: float = 0.0,
    level: float = 0.95,
    worse: Literal["higher", "lower"] = "lower",
) -> float:
    """How likely does the interval stay clear of a harm of `margin`, if the effect is `effect` (by default none)?

    `worse` says to which side harm lies. One end of the interval is judged, so the chance of calling a harm of
    exactly the margin harmless is half of what the level leaves.

    Raises
    ------
    ValueError
        If the margin is not above zero, or an arm has fewer than two units.

    Examples
    --------
    >>> plan = Baseline(kind="mean", mean=10, variance=4)
    >>> round(non_inferiority_power(plan, 0.5, n_treated=253, n_comparison=253), 4)
    0.8014
    """
    if not margin > 0:
        raise ValueError(f"A margin lies above zero, not at {margin}.")
    error, freedom = _error(baseline, effect, n_treated, n_comparison)
    distance = margin + effect if worse == "lower" else margin - effect
    return _beyond(_critical(freedom, level), freedom, distance / error if error > 0 else math.inf * distance)


def smallest_effect(
    baseline: Baseline,
    *,
    n_treated: int,
    n_comparison: int,
    power: float = 0.8,
    level: float = 0.95,
    fall: bool = False,
    reach: float | None = None,
) -> float:
    """Which effect does a test of this size find with the power asked for? Signed: below zero for a fall.

    Raises
    ------
    DesignError
        If not even the largest possible change would be found so often.
    ValueError
        If the power does not lie between what the level leaves and 1.

    Examples
    --------
    >>> plan = Baseline(kind="mean", mean=10, variance=4)
    >>> round(smallest_effect(plan, n_treated=253, n_comparison=253), 6)
    0.499134
    """
    must_be_power(power, level)
    _must_be_two(n_treated, n_comparison)
    sign = -1.0 if fall else 1.0

    def reached(size: float) -> float:
        return (
            power_of(baseline, sign * size, n_treated=n_treated, n_comparison=n_comparison, level=level, reach=reach)
            - power
        )

    most = baseline.most(fall=fall)
    high = min(most, math.sqrt(baseline.variance * (1 / n_treated + 1 / n_comparison)))
    while reached(high) < 0:
        if high >= most or high > 1e6 * (abs(baseline.mean) + math.sqrt(baseline.variance)):
            raise DesignError(
                f"With {n_treated:,} and {n_comparison:,} units no {'fall' if fall else 'rise'}, however large, is "
                f"found with a power of {power * 100:.0f} %: outcomes vary too much. Take more "
                "units, or a longer window."
            )
        high = min(most, high * 2)
    from scipy.optimize import brentq

    return sign * float(brentq(reached, 0.0, high, xtol=1e-14 * high, rtol=1e-14))


def _error(baseline: Baseline, effect: float, n_treated: int, n_comparison: int) -> tuple[float, float]:
    """Standard error of the difference and its degrees of freedom."""
    _must_be_two(n_treated, n_comparison)
    treated, comparison = baseline.variances(effect)
    parts = ((treated / n_treated, n_treated), (comparison / n_comparison, n_comparison))
    variance = parts[0][0] + parts[1][0]
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts) if variance > 0 else math.inf
    if baseline.correlation and n_treated + n_comparison > _FEWEST_ADJUSTED:  # what the slope itself costs
        variance *= 1 + 1 / (n_treated + n_comparison - 4)
        freedom = max(freedom - 1, 1.0)
    return math.sqrt(variance), freedom


def _critical(freedom: float, level: float) -> float:
    if not 0 < level < 1:
        raise ValueError(f"A level lies between 0 and 1, not at {level}.")
    return float(special.stdtrit(freedom, (1 + level) / 2))


def _beyond(critical: float, freedom: float, distance: float) -> float:
    """How likely is a t statistic, that far from zero on average, above the critical value?"""
    chance = float(special.nctdtr(freedom, -distance, -critical))  # the mirrored tail keeps its digits
    if math.isnan(chance):  # so scipy says, far out on the other side, where less than 1e-15 is left
        return float(distance > 0)
    return chance


def must_be_power(power: float, level: float) -> None:
    """Refuse a power that is none."""
    if not 1 - level < power < 1:
        raise ValueError(
            f"A power lies between {1 - level:.3g}, what the level leaves to chance, and 1, not at {power}."
        )


def _must_be_two(n_treated: int, n_comparison: int) -> None:
    if min(n_treated, n_comparison) < 2:
        raise ValueError(f"An arm needs two units at least; there are {n_treated} and {n_comparison}.")
