"""How far apart are two arms, once what was known of their customers before the assignment is taken out? (CUPED.)

One slope for each covariate, fitted over both arms together, moves each arm to the covariates' mean over all customers
of the experiment; then the arms are compared as ever. Everything follows from the arms' Moments. That the covariates
were known before the assignment is left to the studies: adjusting for anything later takes a part of the effect away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.arm_mean import Alternative, ArmMean, difference_of, p_of_difference, ratio_of
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments

FEWEST_PER_COVARIATE = 20
"""Customers of the smaller arm for each covariate: with fewer the error, which takes slopes as known, is too small."""
_FINE = Context(prec=1_000)
"""So many digits that products of three floats are exact, and what cancels to nought is nought."""
_COLLINEAR = 1e-10  # eigenvalues of the correlation matrix below this share of the largest are rounding


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedMeans:
    """Both arms' means at the same level of the covariates.

    Parameters
    ----------
    treated, comparison : ArmMean
    covariates : tuple of str
    slopes : tuple of float
        Of the measure on each covariate, over both arms together.
    variance_kept : float
        Variance of the difference, as a share of what it is without adjustment; 1 where nothing was gained. The
        sample that answers as surely is that much smaller.
    """

    treated: ArmMean
    comparison: ArmMean
    covariates: tuple[str, ...]
    slopes: tuple[float, ...]
    variance_kept: float

    @property
    def method(self) -> str:
        """How the means were found, in the field's words."""
        count = len(self.covariates)
        return f"CUPED on {count} covariate{'s' * (count != 1)}, " if count else ""


def adjusted_means(treated: Moments, comparison: Moments, measure: str, *, covariates: Sequence[str]) -> AdjustedMeans:
    """What would the arms' means be, had both the covariates of all customers together?

    Parameters
    ----------
    treated, comparison : Moments
        Of the two arms, at the grain that was randomised, with the measure and the covariates.
    measure : str
    covariates : sequence of str
        Known before the assignment; none leaves the means as they are. One that says only what the others say, or
        that does not vary, changes nothing.

    Raises
    ------
    DesignError
        If the smaller arm has fewer than `FEWEST_PER_COVARIATE` customers a covariate.
    ValueError
        If an arm has fewer than two customers, or the measure is among the covariates.

    Assumes
    -------
    Nothing of the outcome's shape: the slopes need not be true for the difference to be right on average. They are
    taken as known, which understates the error by a share of about covariates / customers.

    Source
    ------
    Deng, Xu, Kohavi and Walker (2013), WSDM, on CUPED; with several covariates the residuals of the regression of the
    measure on them over both arms. Reference values: tests/golden/tea_tasting.

    Examples
    --------
    >>> before = [2, 4, 6, 8, 10] * 8
    >>> one = Moments.from_rows(("spend", "before"), [[x + 1, x] for x in before])
    >>> other = Moments.from_rows(("spend", "before"), [[x, x] for x in before])
    >>> found = adjusted_means(one, other, "spend", covariates=["before"])
    >>> float(found.treated.value - found.comparison.value), round(found.variance_kept, 6)
    (1.0, 0.0)
    """
    names = tuple(covariates)
    if measure in names or len(set(names)) != len(names):
        raise ValueError(f"The covariates of `{measure}` are other columns, each once: {', '.join(names)}.")
    arms, whole = (treated, comparison), treated + comparison
    spreads = [arm.variance(measure) for arm in arms]
    plain = [ArmMean(_mean(arm, measure), spread / arm.n, arm.n) for arm, spread in zip(arms, spreads, strict=True)]
    slopes, rank = _slopes(whole, measure, names)
    fewest = min(arm.n for arm in arms)
    if fewest < FEWEST_PER_COVARIATE * rank:
        raise DesignError(
            f"The smaller arm has {fewest:,} customers for {rank} covariates of `{measure}`; an adjustment needs "
            f"{FEWEST_PER_COVARIATE} customers for each. Name fewer covariates, or compare without."
        )
    if not rank:
        return AdjustedMeans(
            treated=plain[0], comparison=plain[1], covariates=names, slopes=tuple(slopes), variance_kept=1.0
        )
    levels = [_mean(whole, name) for name in names]
    moved = []
    for arm, mean, spread in zip(arms, plain, spreads, strict=True):
        shift = sum(
            (
                Fraction(slope) * (_mean(arm, name) - level)
                for slope, name, level in zip(slopes, names, levels, strict=True)
            ),
            Fraction(0),
        )
        left = _residual_variance(arm, measure, names, slopes, spread)
        moved.append(ArmMean(mean.value - shift, left / arm.n, arm.n))
    before = plain[0].variance + plain[1].variance
    return AdjustedMeans(
        treated=moved[0],
        comparison=moved[1],
        covariates=names,
        slopes=tuple(slopes),
        variance_kept=(moved[0].variance + moved[1].variance) / before if before > 0 else 1.0,
    )


def adjusted_difference(
    treated: Moments,
    comparison: Moments,
    measure: str,
    *,
    covariates: Sequence[str],
    unit: str,
    level: float = 0.95,
    name: str | None = None,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """How much larger is the mean of `measure` among the treated, at the same level of the covariates?

    Welch's comparison of the adjusted means; without covariates that of the means as they are.

    Parameters
    ----------
    treated, comparison, measure, covariates
        As in `adjusted_means`, whose errors are raised.
    unit : str
        Unit of the difference, per customer.
    level : float
    name : str, optional
        What the estimate is called; the measure's name by default.
    alternative : {"two-sided", "greater", "less"}
        An interval to one side has one infinite end.

    Examples
    --------
    >>> one = Moments.from_rows(("spend", "before"), [[x + 1 + x % 3, x] for x in range(30)])
    >>> other = Moments.from_rows(("spend", "before"), [[x + x % 2, x] for x in range(30)])
    >>> estimate = adjusted_difference(one, other, "spend", covariates=["before"], unit="EUR per customer")
    >>> round(estimate.value, 6), round(estimate.se, 6)
    (1.5, 0.177245)
    """
    found = adjusted_means(treated, comparison, measure, covariates=covariates)
    return difference_of(
        found.treated,
        found.comparison,
        name=name or measure,
        unit=unit,
        method=f"{found.method}difference in means (Welch)",
        level=level,
        alternative=alternative,
    )


def adjusted_ratio(
    treated: Moments,
    comparison: Moments,
    measure: str,
    *,
    covariates: Sequence[str],
    level: float = 0.95,
    name: str | None = None,
    alternative: Alternative = "two-sided",
) -> Estimate:
    """How many times as large is the mean of `measure` among the treated, at the same level of the covariates?

    Delta method on the logarithm; without covariates the ratio of the means as they are. The covariates' mean over
    all customers of the experiment is taken as given: the answer is for customers like them. Parameters and errors as
    in `adjusted_difference`.

    Raises
    ------
    DesignError
        If a mean is not above zero.

    Examples
    --------
    >>> one = Moments.from_rows(("spend", "before"), [[1.1 * x, x] for x in range(10, 40)])
    >>> other = Moments.from_rows(("spend", "before"), [[x, x] for x in range(10, 40)])
    >>> round(adjusted_ratio(one, other, "spend", covariates=["before"]).value, 6)
    1.1
    """
    found = adjusted_means(treated, comparison, measure, covariates=covariates)
    return ratio_of(
        found.treated,
        found.comparison,
        name=name or measure,
        method=f"{found.method}ratio of means (delta method)",
        level=level,
        alternative=alternative,
    )


def adjusted_p(
    treated: Moments,
    comparison: Moments,
    measure: str,
    *,
    covariates: Sequence[str],
    null: float = 0.0,
    alternative: Alternative = "two-sided",
) -> float:
    """How likely is an adjusted difference this far from `null`, were `null` the truth? Welch's test.

    Examples
    --------
    >>> one = Moments.from_rows(("visit",), [[1]] * 30 + [[0]] * 70)
    >>> other = Moments.from_rows(("visit",), [[1]] * 20 + [[0]] * 80)
    >>> round(adjusted_p(one, other, "visit", covariates=[]), 6)
    0.10351
    """
    found = adjusted_means(treated, comparison, measure, covariates=covariates)
    return p_of_difference(found.treated, found.comparison, null=null, alternative=alternative)


def _mean(group: Moments, name: str) -> Fraction:
    return Fraction(group.total(name)) / group.n


def _slopes(whole: Moments, measure: str, names: Sequence[str]) -> tuple[list[float], int]:
    """Least squares of the measure on the covariates, and how many of them say something of their own."""
    if not names:
        return [], 0
    covariance = np.array([[whole.covariance(one, other) for other in names] for one in names])
    towards = np.array([whole.covariance(name, measure) for name in names])
    spread = np.sqrt(np.diag(covariance))
    varies = spread > 0
    slopes = np.zeros(len(names))
    if not varies.any():
        return slopes.tolist(), 0
    spread = spread[varies]
    correlation = covariance[np.ix_(varies, varies)] / np.outer(spread, spread)
    found, _, rank, _ = np.linalg.lstsq(correlation, towards[varies] / spread, rcond=_COLLINEAR)
    slopes[varies] = found / spread
    return slopes.tolist(), int(rank)


def _residual_variance(
    group: Moments, measure: str, names: Sequence[str], slopes: Sequence[float], spread: float
) -> float:
    """Variance of the measure, which is `spread`, less the slopes times the covariates; exact until the end."""
    total, weights = Decimal(spread), [Decimal(-slope) for slope in slopes]
    for i, name in enumerate(names):
        both = _FINE.multiply(weights[i], Decimal(2 * group.covariance(measure, name)))
        total = _FINE.add(total, both)
        for j in range(i, len(names)):
            once = Decimal((1 if i == j else 2) * group.covariance(name, names[j]))
            total = _FINE.add(total, _FINE.multiply(_FINE.multiply(weights[i], weights[j]), once))
    return max(float(total), 0.0)
