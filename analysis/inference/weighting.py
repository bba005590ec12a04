"""How much does each comparison customer count when they shall look like the treated, and how alike are they then?

Weights by the odds of treatment, how many customers they are worth, the weighted difference with an error that knows
the propensity was estimated, and standardised differences before and after weighting. Expectations beside the weights
are left to `doubly_robust`, which is what a study stands on; this is the second road.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile
from analysis.inference.estimate import Estimate
from analysis.inference.propensity import logit_scores, must_hold_both

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


_NO_RIDGE = 1e-10
"""So little that it changes no figure, and enough for steps to end."""


def odds_weights(scores: ArrayLike, treated: ArrayLike) -> Floats:
    """1 for treated rows; for the others their odds of treatment, scaled to sum to the number of the treated.

    Parameters
    ----------
    scores : array of float, shape (n_rows,)
        Below 1 for comparison rows.
    treated : array of bool, shape (n_rows,)

    Examples
    --------
    >>> odds_weights([0.5, 0.5, 0.5, 0.25], [True, True, False, False]).tolist()
    [1.0, 1.0, 1.5, 0.5]
    """
    score, arm = np.asarray(scores, dtype=np.float64), np.asarray(treated, dtype=bool)
    odds = np.zeros(len(score))
    odds[~arm] = score[~arm] / (1 - score[~arm])
    return weights_of(odds, arm)


def weights_of(odds: ArrayLike, treated: ArrayLike) -> Floats:
    """1 for treated rows; for the others their odds, scaled to sum to the number of the treated.

    Parameters
    ----------
    odds : array of float, shape (n_rows,)
        0 or more; those of treated rows are not looked at.
    treated : array of bool, shape (n_rows,)

    Raises
    ------
    DesignError
        If one of the groups is empty, or no comparison row has odds above zero.

    Examples
    --------
    >>> weights_of([9, 9, 3, 1], [True, True, False, False]).tolist()
    [1.0, 1.0, 1.5, 0.5]
    """
    given, arm = np.asarray(odds, dtype=np.float64), np.asarray(treated, dtype=bool)
    must_hold_both(arm)
    if not given[~arm].any():
        raise DesignError(f"None of {int((~arm).sum()):,} comparison rows is like the treated ones in what is known.")
    weights = np.ones(len(given))
    weights[~arm] = given[~arm] * (arm.sum() / given[~arm].sum())
    return weights


def effective_size(weights: ArrayLike) -> float:
    """How many customers of equal weight would tell as much as these weighted ones? Kish's effective size.

    Examples
    --------
    >>> effective_size([2, 2, 2]), effective_size([3, 1])
    (3.0, 1.6)
    """
    weight = np.asarray(weights, dtype=np.float64)
    return float(weight.sum() ** 2 / (weight @ weight)) if weight.any() else 0.0


def standardised_differences(covariates: ArrayLike, treated: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """How far do the groups lie apart in each column, in standard deviations?

    Parameters
    ----------
    covariates : array of float, shape (n_rows, n_columns)
    treated : array of bool, shape (n_rows,)
    weights : array of float, shape (n_rows,), optional
        Each row counts once by default. The deviation is always that of the unweighted groups, so that what changes is
        the difference and not the yardstick.

    Returns
    -------
    array of float, shape (n_columns,)
        Treated less comparison; 0 where a column never moves, infinite where it moves between the groups only.

    Source
    ------
    Austin (2009), Statistics in Medicine 28.

    Examples
    --------
    Means 2 and 1, both with variance 1.

    >>> standardised_differences([[1], [3], [0], [2]], [True, True, False, False]).tolist()
    [1.0]
    >>> standardised_differences([[1], [3], [0], [2]], [True, True, False, False], [1, 1, 0, 1]).tolist()
    [0.0]
    """
    columns, arm = np.asarray(covariates, dtype=np.float64), np.asarray(treated, dtype=bool)
    weight = np.ones(len(arm)) if weights is None else np.asarray(weights, dtype=np.float64)
    sides = (arm, ~arm)
    one, other = (weight[side] @ columns[side] / weight[side].sum() for side in sides)
    spread = np.sqrt(sum(columns[side].var(axis=0) for side in sides) / 2)
    gap = one - other
    gap[np.abs(gap) < 1e-12 * np.maximum(1.0, np.abs(one))] = 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gap == 0, 0.0, gap / spread))


def weighted_difference(
    outcome: ArrayLike,
    covariates: ArrayLike,
    treated: ArrayLike,
    *,
    name: str,
    unit: str,
    level: float = 0.95,
    customer: ArrayLike | None = None,
) -> Estimate:
    """By how much do the treated differ from comparison customers weighted by their odds of treatment?

    The propensity is one logit of all rows (no ridge); the error counts that it was estimated.

    Parameters
    ----------
    outcome : array of float, shape (n_rows,)
    covariates : array of float, shape (n_rows, n_columns)
        Without a constant; columns that add up to others are left out, since they say nothing more.
    treated : array of bool, shape (n_rows,)
    name, unit : str
    level : float
    customer : array of int, shape (n_rows,), optional
        Whose row it is; each row a customer by default.

    Raises
    ------
    DesignError
        If a group is empty, a covariate is missing, or the columns tell the groups apart.

    Assumes
    -------
    The logit is right, and no hidden cause. Customers are independent; what a row adds to the error is summed by them.

    Source
    ------
    Hájek's weighted mean; the error by stacking the moments of mean and logit (Lunceford and Davidian 2004, Statistics
    in Medicine 23). Reference: the jackknife, in its test.

    Examples
    --------
    >>> kind = [[0.0]] * 4 + [[1.0]] * 4
    >>> arm = [True, False, False, False, True, True, True, False]
    >>> round(weighted_difference([5, 1, 2, 3, 8, 8, 8, 6], kind, arm, name="y", unit="points").value, 6)
    2.25
    """
    y, arm = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=bool)
    columns = np.asarray(covariates, dtype=np.float64)
    if not np.isfinite(columns).all():
        raise DesignError("A covariate is missing in some rows. Fill it, say by a flag of its own, or leave it out.")
    columns = _spanning(columns)
    scores = logit_scores(columns, arm, columns, ridge=_NO_RIDGE)
    weight = np.where(arm, 0.0, scores / (1 - scores))
    observed, expected = float(y[arm].mean()), float(weight @ y / weight.sum())
    n = len(y)
    design = np.column_stack([np.ones(n), columns])
    information = design.T @ (design * (scores * (1 - scores))[:, None]) / n
    if scores[arm].min() > scores[~arm].max() or np.linalg.cond(information) > 1e12:
        raise DesignError("The covariates tell the groups apart, so that weights have no error to be judged by.")
    beyond = weight * (y - expected) / weight.mean()
    slope = (beyond @ design) / n  # odds grow by themselves for each unit of the logit
    by_logit = ((arm - scores)[:, None] * design) @ np.linalg.solve(information, slope)
    influence = np.where(arm, y - observed, 0.0) / arm.mean() - beyond - by_logit
    code = np.arange(n) if customer is None else np.unique(np.asarray(customer), return_inverse=True)[1].reshape(-1)
    by_customer = np.bincount(code, weights=influence)
    se = math.sqrt(float(by_customer @ by_customer)) / n
    half = normal_quantile(level) * se
    value = observed - expected
    return Estimate(
        name=name,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=len(np.unique(code[arm])),
        n_comparison=len(np.unique(code[~arm])),
        method="difference weighted by the odds of treatment",
    )


def _spanning(columns: Floats) -> Floats:
    """Standardised columns, without those that add up to others: the same fit, and an answer."""
    from scipy.linalg import qr

    spread = columns.std(axis=0)
    moving = columns[:, spread > 0]
    z = (moving - moving.mean(axis=0)) / moving.std(axis=0)
    if not z.shape[1]:
        return np.asarray(z)
    _, triangle, order = qr(z, mode="economic", pivoting=True)
    size = np.abs(np.diag(triangle))
    return np.asarray(z[:, np.sort(order[: int((size > 1e-9 * size[0]).sum())])])
