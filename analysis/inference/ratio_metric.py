"""How far apart are two arms in a ratio of two sums: orders a session, revenue an order, contacts an issue?

Customers are randomised, so the error is the customers': each arm's ratio is made linear in its two sums (delta
method), with the covariance of numerator and denominator. A ratio known from before the assignment can be taken out
(CUPED), as in `adjusted` for means. Whether the arms may differ in the denominator itself (then the ratio mixes two
effects) is left to the studies, which show the denominator beside it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import FEWEST_PER_COVARIATE
from analysis.inference.arm_mean import Alternative, ArmMean, difference_of, p_of_difference, ratio_of
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments

LOOSEST_DENOMINATOR = 0.1
"""Standard error of the denominator's mean, as a share of it, up to which a ratio is near enough to linear."""

Covariate = tuple[str, str | None]
"""Numerator and denominator known from before the assignment; no denominator for a plain covariate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatioMeans:
    """Both arms' ratios, at the same level of the earlier ratio if one was taken out.

    Parameters
    ----------
    treated, comparison : ArmMean
    slope : float
        Of the ratio on the earlier one, over both arms together; 0 without one.
    variance_kept : float
        Variance of the difference, as a share of what it is without adjustment.
    """

    treated: ArmMean
    comparison: ArmMean
    slope: float
    variance_kept: float


def ratio_means(
    treated: Moments,
    comparison: Moments,
    numerator: str,
    denominator: str,
    *,
    covariates: Covariate | None = None,
) -> RatioMeans:
    """What is each arm's ratio of two sums, and how far may it be off?

    Parameters
    ----------
    treated, comparison : Moments
        Of the two arms, at the grain that was randomised, with all columns named.
    numerator, denominator : str
    covariates : (str, str or None), optional
        Numerator and denominator of the same ratio before the assignment.

    Raises
    ------
    DesignError
        If a denominator's mean is not above zero in an arm, or is known so badly that the ratio is far from linear in
        it; if an arm is too small for the adjustment.
    ValueError
        If an arm has fewer than two customers.

    Source
    ------
    Deng, Knoblich and Lu (2018), KDD, on the delta method for metrics; Deng, Xu, Kohavi and Walker (2013), WSDM, on
    CUPED for ratios (appendix B). Reference values: tests/golden/tea_tasting.

    Examples
    --------
    >>> one = Moments.from_rows(("orders", "sessions"), [[1, 4], [2, 5], [3, 6]] * 10)
    >>> other = Moments.from_rows(("orders", "sessions"), [[1, 5], [1, 4], [1, 6]] * 10)
    >>> found = ratio_means(one, other, "orders", "sessions")
    >>> float(found.treated.value), float(found.comparison.value)
    (0.4, 0.2)
    """
    arms = (treated, comparison)
    for arm in arms:
        _denominator(arm, denominator)
    plain = [
        ArmMean(_ratio(arm, (numerator, denominator)), _plain_variance(arm, numerator, denominator) / arm.n, arm.n)
        for arm in arms
    ]
    if covariates is None:
        return RatioMeans(treated=plain[0], comparison=plain[1], slope=0.0, variance_kept=1.0)
    earlier: Covariate = covariates
    if earlier[1] is not None:
        for arm in arms:
            _denominator(arm, earlier[1])
    fewest = min(arm.n for arm in arms)
    if fewest < FEWEST_PER_COVARIATE:
        raise DesignError(
            f"The smaller arm has {fewest:,} customers; an adjustment needs {FEWEST_PER_COVARIATE}. Compare without."
        )
    whole, now = treated + comparison, (numerator, denominator)
    spread = _covariance(whole, earlier, earlier)
    slope = _covariance(whole, now, earlier) / spread if spread > 0 else 0.0
    moved = []
    for arm, mean in zip(arms, plain, strict=True):
        shift = Fraction(slope) * (_ratio(arm, earlier) - _ratio(whole, earlier))
        variance = (
            _covariance(arm, now, now)
            - 2 * slope * _covariance(arm, now, earlier)
            + slope**2 * _covariance(arm, earlier, earlier)
        )
        moved.append(ArmMean(mean.value - shift, max(variance, 0.0) / arm.n, arm.n))
    before = plain[0].variance + plain[1].variance
    return RatioMeans(
        treated=moved[0],
        comparison=moved[1],
        slope=slope,
        variance_kept=(moved[0].variance + moved[1].variance) / before if before > 0 else 1.0,
    )


def ratio_metric_difference(
    treated: Moments,
    comparison: Moments,
    numerator: str,
    denominator: str,
    *,
    covariates: Covariate | None = None,
    unit: str,
    level: float = 0.95,
    name: str | None = None,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """By how much is the ratio of the two sums larger among the treated? Welch on the linearised ratios.

    Parameters
    ----------
    treated, comparison, numerator, denominator, covariates
        As in `ratio_means`, whose errors are raised.
    unit : str
        "orders per session".
    level : float
    name : str, optional
        What the estimate is called; "numerator per denominator" by default.
    alternative : {"two-sided", "greater", "less"}
        An interval to one side has one infinite end.

    Examples
    --------
    >>> one = Moments.from_rows(("orders", "sessions"), [[1, 4], [2, 5], [3, 6]] * 10)
    >>> other = Moments.from_rows(("orders", "sessions"), [[1, 5], [1, 4], [1, 6]] * 10)
    >>> estimate = ratio_metric_difference(one, other, "orders", "sessions", unit="orders per session")
    >>> round(estimate.value, 6), round(estimate.se, 6)
    (0.2, 0.019179)
    """
    found = ratio_means(treated, comparison, numerator, denominator, covariates=covariates)
    return difference_of(
        found.treated,
        found.comparison,
        name=name or f"{numerator} per {denominator}",
        unit=unit,
        method=f"{_adjustment(covariates)}difference of ratios (delta method)",
        level=level,
        alternative=alternative,
    )


def ratio_metric_ratio(
    treated: Moments,
    comparison: Moments,
    numerator: str,
    denominator: str,
    *,
    covariates: Covariate | None = None,
    level: float = 0.95,
    name: str | None = None,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """How many times as large is the ratio of the two sums among the treated? Delta method on the logarithm.

    Parameters and errors as in `ratio_metric_difference`.

    Raises
    ------
    DesignError
        If a ratio is not above zero.

    Examples
    --------
    >>> one = Moments.from_rows(("orders", "sessions"), [[1, 4], [2, 5], [3, 6]] * 10)
    >>> other = Moments.from_rows(("orders", "sessions"), [[1, 5], [1, 4], [1, 6]] * 10)
    >>> ratio_metric_ratio(one, other, "orders", "sessions").value
    2.0
    """
    found = ratio_means(treated, comparison, numerator, denominator, covariates=covariates)
    return ratio_of(
        found.treated,
        found.comparison,
        name=name or f"{numerator} per {denominator}",
        method=f"{_adjustment(covariates)}ratio of ratios (delta method)",
        level=level,
        alternative=alternative,
    )


def ratio_metric_p(
    treated: Moments,
    comparison: Moments,
    numerator: str,
    denominator: str,
    *,
    covariates: Covariate | None = None,
    null: float = 0.0,
    alternative: Alternative = "two-sided",
) -> float:
    """How likely is a difference of ratios this far from `null`, were `null` the truth? Welch's test.

    Examples
    --------
    >>> one = Moments.from_rows(("orders", "sessions"), [[1, 4], [2, 5], [3, 9]] * 10)
    >>> other = Moments.from_rows(("orders", "sessions"), [[1, 5], [2, 4], [1, 6]] * 10)
    >>> round(ratio_metric_p(one, other, "orders", "sessions"), 6)
    0.015543
    """
    found = ratio_means(treated, comparison, numerator, denominator, covariates=covariates)
    return p_of_difference(found.treated, found.comparison, null=null, alternative=alternative)


def _adjustment(covariates: Covariate | None) -> str:
    return "" if covariates is None else "CUPED on the earlier ratio, "


def _denominator(group: Moments, name: str) -> None:
    """Refuses a denominator by which a sum cannot be divided."""
    mean = group.mean(name)
    if mean <= 0:
        raise DesignError(
            f"A ratio per `{name}` needs a mean of it above zero; in one arm it is {mean:.4g}. Choose another "
            "denominator, or compare the numerator a customer."
        )
    loose = math.sqrt(group.variance(name) / group.n) / mean
    if loose > LOOSEST_DENOMINATOR:
        raise DesignError(
            f"The mean of `{name}` is known to ±{loose * 100:.0f} % (one standard error) in an arm of {group.n:,} "
            f"customers; a ratio by it needs {LOOSEST_DENOMINATOR * 100:.0f} % or less. Wait for more customers, or "
            "compare the numerator a customer."
        )


def _ratio(group: Moments, ratio: Covariate) -> Fraction:
    by = group.n if ratio[1] is None else Fraction(group.total(ratio[1]))
    return Fraction(group.total(ratio[0])) / by


def _covariance(group: Moments, one: Covariate, other: Covariate) -> float:
    """Covariance of two ratios of a customer, each made linear at the group's own value: (n − R·d) / mean of d."""
    total, scale = Fraction(0), Fraction(1)
    for left, weight_left in _linear(group, one):
        for right, weight_right in _linear(group, other):
            total += weight_left * weight_right * Fraction(group.covariance(left, right))
    for _, denominator in (one, other):
        scale *= 1 if denominator is None else Fraction(group.total(denominator)) / group.n
    return float(total / scale)


def _plain_variance(group: Moments, numerator: str, denominator: str) -> float:
    return max(_covariance(group, (numerator, denominator), (numerator, denominator)), 0.0)


def _linear(group: Moments, ratio: Covariate) -> list[tuple[str, Fraction]]:
    numerator, denominator = ratio
    if denominator is None:
        return [(numerator, Fraction(1))]
    return [(numerator, Fraction(1)), (denominator, -_ratio(group, ratio))]
