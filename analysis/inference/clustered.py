"""By how much do two groups differ, when whole clusters were put into them, and clusters are many?

From moments of the clusters' totals and sizes alone: the mean per customer of a group is one sum over another, and its
error follows by the delta method. Where clusters are few or of very uneven size this understates the error and is
refused; `analysis.inference.few_clusters` is made for that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments

FEWEST_PER_COVARIATE = 20
"""Clusters of the smaller group for each covariate: with fewer the error, which takes slopes as known, is too small."""
FEWEST_EFFECTIVE = 40
"""Effective clusters of a group, (sum of sizes)² / sum of squared sizes: as many as equal ones would have to be."""
_SAME = 1e-10


def clustered_difference(
    treated: Moments,
    comparison: Moments,
    total: str,
    size: str,
    *,
    covariates: Sequence[str] = (),
    unit: str,
    level: float = 0.95,
    name: str | None = None,
) -> Estimate:
    """How much larger is the mean per customer in the treated clusters?

    Parameters
    ----------
    treated, comparison : Moments
        Over clusters, one row each.
    total, size : str
        The measures that hold a cluster's total of the outcome and its number of customers.
    covariates : sequence of str
        Measures that hold a cluster's totals of what was known before the assignment. One slope for each, shared by
        both groups, is taken from the clusters' residuals.
    unit : str
        Unit of the difference, per customer.
    level : float
    name : str, optional
        What the estimate is called; `total` by default.

    Returns
    -------
    Estimate
        Counts are customers; the clusters are told in `method`.

    Raises
    ------
    DesignError
        If a group has fewer than 40 effective clusters or 20 for each covariate, or covariates say the same twice.

    Assumes
    -------
    Clusters are independent of one another and were randomised as wholes.

    Source
    ------
    Deng, Knoblich and Lu (2018), KDD, for ratios by the delta method; Welch's degrees of freedom over clusters. Without
    covariates each group's variance is that of least squares on a constant with errors clustered (CR1).

    Examples
    --------
    >>> shops = [[10 * size, size] for size in (9, 10, 11)] * 20 + [[12 * size, size] for size in (9, 10, 11)] * 20
    >>> others = [[orders - 2 * size, size] for orders, size in shops]
    >>> one, other = (Moments.from_rows(("orders", "customers"), rows) for rows in (shops, others))
    >>> found = clustered_difference(one, other, "orders", "customers", unit="orders per customer")
    >>> round(found.value, 6), round(found.se, 6), found.n_treated
    (2.0, 0.130072, 1200)
    """
    named = name or total
    for group in (treated, comparison):
        _refuse_few(group, size, named)
    fewest = min(group.n for group in (treated, comparison))
    if fewest < FEWEST_PER_COVARIATE * len(covariates):
        raise DesignError(
            f"`{named}`: the smaller group has {fewest:,} clusters for {len(covariates)} covariates; an adjustment "
            f"needs {FEWEST_PER_COVARIATE} for each. Name fewer covariates, or none."
        )
    measures = (total, *covariates)
    parts = [_residuals(group, measures, size) for group in (treated, comparison)]
    slopes = np.zeros(len(covariates))
    if covariates:
        pooled = sum(spread * (group.n - 1) for (_, spread), group in zip(parts, (treated, comparison), strict=True))
        slopes = _slopes(np.asarray(pooled), named)
    weight = np.array([1.0, *-slopes])
    value = float(weight @ (parts[0][0] - parts[1][0]))
    variances = [max(float(weight @ spread @ weight), 0.0) for _, spread in parts]
    se = math.sqrt(sum(variances))
    half = 0.0
    if se > 0:
        counted = zip(variances, (treated.n, comparison.n), strict=True)
        freedom = sum(variances) ** 2 / sum(one**2 / (n - 1) for one, n in counted)
        half = float(special.stdtrit(freedom, (1 + level) / 2)) * se
    adjusted = f", adjusted for {len(covariates)} covariate{'s' if len(covariates) > 1 else ''}" if covariates else ""
    return Estimate(
        name=named,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=int(treated.total(size)),
        n_comparison=int(comparison.total(size)),
        method=f"difference in means by cluster (delta method, Welch), {treated.n:,} against {comparison.n:,} clusters"
        + adjusted,
    )


def effective_clusters(group: Moments, size: str) -> float:
    """How many clusters of one size would say as much as these?

    Examples
    --------
    >>> effective_clusters(Moments.from_rows(("customers",), [[10], [10], [10]]), "customers")
    3.0
    >>> round(effective_clusters(Moments.from_rows(("customers",), [[10], [10], [100]]), "customers"), 2)
    1.41
    """
    if group.n == 0:
        return 0.0
    moment = group.total(size)
    squares = Fraction(group.products[_place(group, size)])
    return float(Fraction(moment) ** 2 / squares) if squares else 0.0


def _place(group: Moments, size: str) -> int:
    at = group.names.index(size)
    return at * len(group.names) - at * (at - 1) // 2


def _refuse_few(group: Moments, size: str, name: str) -> None:
    effective = effective_clusters(group, size)
    if effective < FEWEST_EFFECTIVE:
        raise DesignError(
            f"`{name}`: {group.n:,} clusters of a group count for {effective:.3g} of one size; from moments alone "
            f"{FEWEST_EFFECTIVE} are needed. Compare the clusters themselves: `few_clusters.difference_of_clusters`."
        )


def _residuals(group: Moments, measures: Sequence[str], size: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Means per customer, and the covariance of their errors, by the delta method."""
    whole = Fraction(group.total(size))
    means = [Fraction(group.total(measure)) / whole for measure in measures]
    rates = [float(mean) for mean in means]
    with_size = [group.covariance(measure, size) for measure in measures]
    of_size = group.variance(size)
    spread = np.empty((len(measures), len(measures)))
    for i, one in enumerate(measures):
        for j, other in enumerate(measures):
            crossed = rates[i] * with_size[j] + rates[j] * with_size[i]
            spread[i, j] = group.covariance(one, other) - crossed + rates[i] * rates[j] * of_size
    return np.array(rates), spread * float(group.n / whole**2)


def _slopes(pooled: NDArray[np.float64], name: str) -> NDArray[np.float64]:
    scale = np.sqrt(np.diag(pooled)[1:])
    among = pooled[1:, 1:]
    if (scale == 0).any() or np.linalg.cond(among / np.outer(scale, scale)) > 1 / _SAME:
        raise DesignError(f"`{name}`: the covariates of the clusters say the same twice, or nothing. Leave some out.")
    return np.asarray(np.linalg.solve(among, pooled[1:, 0]))
