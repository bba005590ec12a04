"""How far apart are two arms, when each has left a mean and how far that mean may be off?

`ArmMean` is what every estimator of one arm comes down to (plain, adjusted, a ratio of two sums); difference, ratio,
p-value and intervals to one or both sides follow alike from two of them. Where the means come from is left to
`adjusted` and `ratio_metric`. The two arms must be independent of each other.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate

Alternative = Literal["two-sided", "greater", "less"]
"""What the interval or the test guards against: either side, or one side with the other end infinite."""

_LARGEST_EXPONENT = 700.0  # beyond what a float holds


@dataclass(frozen=True, slots=True)
class ArmMean:
    """The mean of one arm, and its variance.

    Parameters
    ----------
    value : Fraction
        Exact, so that the difference of two large means loses no digit.
    variance : float
        Of the mean (not of the customers), in the square of its unit.
    n : int
        Customers of the arm.

    Raises
    ------
    ValueError
        If the variance is negative or not finite, or fewer than two customers are behind it.
    """

    value: Fraction
    variance: float
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.variance < math.inf:
            raise ValueError(f"The variance of a mean is finite and not negative, not {self.variance}.")
        if self.n < 2:
            raise ValueError(f"A spread needs two customers at least; there are {self.n}.")


def difference_of(
    treated: ArmMean,
    comparison: ArmMean,
    *,
    name: str,
    unit: str,
    method: str,
    level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """How much larger is the mean of the treated arm?

    Welch: the variances add, and the interval is Student's t with the Welch–Satterthwaite degrees of freedom.

    Parameters
    ----------
    treated, comparison : ArmMean
    name, unit, method : str
        Of the estimate.
    level : float
        Coverage; above 0.5 for an interval to one side, which would leave out its own estimate otherwise.
    alternative : {"two-sided", "greater", "less"}
        "greater" gives a lower end only, "less" an upper end only; the other is infinite.

    Raises
    ------
    ValueError
        If the level does not lie in its range.

    Source
    ------
    Welch (1947), Biometrika 34.

    Examples
    --------
    >>> one, other = ArmMean(Fraction(6), 4 / 3, 3), ArmMean(Fraction(3), 4 / 3, 3)
    >>> estimate = difference_of(one, other, name="spend", unit="EUR per customer", method="Welch")
    >>> round(estimate.low, 6), estimate.value, round(estimate.high, 6)
    (-1.533916, 3.0, 7.533916)
    >>> difference_of(one, other, name="spend", unit="EUR", method="Welch", alternative="greater").high
    inf
    """
    value = float(treated.value - comparison.value)
    se = math.sqrt(treated.variance + comparison.variance)
    below, above = _reach(treated.variance, treated.n, comparison.variance, comparison.n, level, alternative)
    return Estimate(
        name=name,
        value=value,
        low=value - below,
        high=value + above,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=treated.n,
        n_comparison=comparison.n,
        method=method,
    )


def ratio_of(
    treated: ArmMean,
    comparison: ArmMean,
    *,
    name: str,
    method: str,
    level: float = 0.95,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """How many times as large is the mean of the treated arm? Delta method, interval made on the log scale.

    Degrees of freedom as in `difference_of`, from the variances of the logarithms. Parameters as there. The lower end
    of an interval that is open below is 0.

    Raises
    ------
    DesignError
        If a mean is not above zero.

    Examples
    --------
    >>> one, other = ArmMean(Fraction(6), 4 / 3, 300), ArmMean(Fraction(3), 1 / 3, 300)
    >>> estimate = ratio_of(one, other, name="spend", method="ratio of means (delta method)")
    >>> estimate.value, round(estimate.se_log, 6), round(estimate.low, 6)
    (2.0, 0.272166, 1.171905)
    """
    if min(treated.value, comparison.value) <= 0:
        raise DesignError(
            f"A ratio of `{name}` needs means above zero; they are {float(treated.value):.4g} and "
            f"{float(comparison.value):.4g}. Compare the difference instead."
        )
    value = float(treated.value / comparison.value)
    relative = [arm.variance / float(arm.value) ** 2 for arm in (treated, comparison)]
    below, above = _reach(relative[0], treated.n, relative[1], comparison.n, level, alternative)
    se_log = math.sqrt(sum(relative))
    return Estimate(
        name=name,
        value=value,
        low=value * math.exp(-below) if below < _LARGEST_EXPONENT else 0.0,
        high=value * math.exp(above) if above < _LARGEST_EXPONENT else math.inf,
        level=level,
        se=value * se_log,
        se_log=se_log,
        scale="ratio",
        unit="ratio",
        n_treated=treated.n,
        n_comparison=comparison.n,
        method=method,
    )


def p_of_difference(
    treated: ArmMean, comparison: ArmMean, *, null: float = 0.0, alternative: Alternative = "two-sided"
) -> float:
    """How likely is a difference this far from `null`, were `null` the truth? Welch's test.

    Parameters
    ----------
    treated, comparison : ArmMean
    null : float
        The difference that is tested; a margin, for instance.
    alternative : {"two-sided", "greater", "less"}

    Returns
    -------
    float
        Where nothing varies, 1 if the difference is the null itself (or lies on its side), else 0.

    Examples
    --------
    >>> one, other = ArmMean(Fraction(6), 4 / 3, 3), ArmMean(Fraction(3), 4 / 3, 3)
    >>> round(p_of_difference(one, other), 6)
    0.140066
    >>> round(p_of_difference(one, other, alternative="greater"), 6)
    0.070033
    """
    away = float(treated.value - comparison.value - Fraction(null))
    if alternative != "two-sided":
        away = away if alternative == "greater" else -away
    variance = treated.variance + comparison.variance
    if variance == 0:
        return float(away == 0) if alternative == "two-sided" else float(away <= 0)
    freedom = _freedom(treated.variance, treated.n, comparison.variance, comparison.n)
    statistic = away / math.sqrt(variance)
    if alternative == "two-sided":
        return 2 * float(special.stdtr(freedom, -abs(statistic)))
    return float(special.stdtr(freedom, -statistic))


def _freedom(one: float, n_one: int, other: float, n_other: int) -> float:
    """Welch–Satterthwaite degrees of freedom of a sum of two variances of means."""
    share = one / (one + other)  # shares first: squares of tiny variances would be zero
    return 1 / (share**2 / (n_one - 1) + (1 - share) ** 2 / (n_other - 1))


def _reach(
    one: float, n_one: int, other: float, n_other: int, level: float, alternative: Alternative
) -> tuple[float, float]:
    """How far does the interval reach below and above the estimate?"""
    lowest = 0.0 if alternative == "two-sided" else 0.5
    if not lowest < level < 1:
        raise ValueError(f"The level of this interval lies between {lowest:g} and 1, not {level}.")
    half = 0.0
    if one + other > 0:
        upper = (1 + level) / 2 if alternative == "two-sided" else level
        half = float(special.stdtrit(_freedom(one, n_one, other, n_other), upper)) * math.sqrt(one + other)
    return (math.inf if alternative == "less" else half, math.inf if alternative == "greater" else half)
