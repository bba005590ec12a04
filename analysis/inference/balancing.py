"""How much must each comparison customer count for the groups to be alike, at the least cost in certainty?

Weights for the effect on the treated that bring the comparison group's columns to those of the treated with as little
variance as can be: a customer's odds of treatment as a straight line in the columns, and nought where the line is below
it. Odds from a logit balance by the way and explode where they extrapolate; these balance by design and do not. Scores
and the trimming of those without a like are left to `propensity`, effects to `doubly_robust`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.inference.propensity import HIGHEST_SCORE, RIDGE, checked, standardised

Floats = NDArray[np.float64]
_MOST_STEPS = 200


def balancing_odds(
    covariates: ArrayLike,
    treated: ArrayLike,
    at: ArrayLike,
    *,
    ridge: float = RIDGE,
    highest: float = HIGHEST_SCORE,
) -> Floats:
    """What are the odds of treatment at the rows of `at`, by the weights of least variance among those that balance?

    Weighted by them, comparison rows have the number and the column sums of the treated, as nearly as the ridge and
    weights not below nought allow.

    Parameters
    ----------
    covariates : array of float, shape (n_rows, n_columns)
    treated : array of bool, shape (n_rows,)
    at : array of float, shape (n_others, n_columns)
    ridge : float
        Above 0: penalty on half the square of each slope, of columns brought to standard deviation 1.
    highest : float
        The score above which nobody was kept; odds are held within those of this score.

    Returns
    -------
    array of float, shape (n_others,)
        0 or more.

    Raises
    ------
    DesignError
        If a covariate is missing, or one of the groups is empty.
    ValueError
        If the ridge or the highest score is out of its range.

    Source
    ------
    Zubizarreta (2015), Journal of the American Statistical Association 110, on stable weights that balance, by their
    dual: half the sum of squared odds of comparison rows less the sum of the odds of treated ones is least, the Riesz
    loss of Chernozhukov, Newey and Singh (2022), Econometrica 90. Found by Newton steps, the loss being convex.
    Reference: the weights by quadratic programming, in its test.

    Examples
    --------
    Of two kinds of customers, 1 in 4 and 3 in 4 are treated: odds 1/3 and 3.

    >>> kind = [[0]] * 4 + [[1]] * 4
    >>> odds = balancing_odds(kind, [True, False, False, False, True, True, True, False], [[0], [1]], ridge=1e-9)
    >>> [round(float(one), 6) for one in odds]
    [0.333333, 3.0]
    """
    columns, arm, others = checked(covariates, treated, at)
    design, wanted = (with_constant(one) for one in standardised(columns, others))
    return odds_at(wanted, balancing_slopes(design[~arm], design[arm].sum(axis=0), ridge), highest)


def with_constant(columns: Floats) -> Floats:
    """The columns after one of ones.

    Examples
    --------
    >>> with_constant(np.array([[3.0], [4.0]])).tolist()
    [[1.0, 3.0], [1.0, 4.0]]
    """
    return np.column_stack([np.ones(len(columns)), columns])


def odds_at(design: Floats, slopes: Floats, highest: float) -> Floats:
    """Odds of treatment by these slopes, not below nought nor above those of the highest score.

    Examples
    --------
    >>> odds_at(np.array([[1.0, -2.0], [1.0, 9.0]]), np.array([0.5, 0.5]), 0.75).tolist()
    [0.0, 3.0]
    """
    if not 0 < highest < 1:
        raise ValueError(f"The highest score lies between 0 and 1, not at {highest:g}.")
    return np.asarray(np.clip(design @ slopes, 0.0, highest / (1 - highest)))


def balancing_slopes(comparison: Floats, sums: Floats, ridge: float) -> Floats:
    """The line in the columns that is the odds: where the loss is least, by Newton's steps, halved until they lower it.

    Parameters
    ----------
    comparison : array of float, shape (n_comparison, 1 + n_columns)
        A constant and the standardised columns.
    sums : array of float, shape (1 + n_columns,)
        Of the treated: their number and the sums of their columns.
    ridge : float

    Examples
    --------
    >>> balancing_slopes(np.array([[1.0, -1.0], [1.0, 1.0]]), np.array([4.0, 2.0]), 1e-9).round(6).tolist()
    [2.0, 1.0]
    """
    if not ridge > 0:
        raise ValueError(f"A ridge is above 0, not {ridge:g}.")
    penalty = np.full(comparison.shape[1], ridge)
    penalty[0] = 1e-8  # next to nothing: so that steps end where all odds fall to nought

    def loss(slopes: Floats) -> float:
        odds = np.maximum(comparison @ slopes, 0.0)
        return float(odds @ odds / 2 - sums @ slopes + penalty @ slopes**2 / 2)

    slopes = np.zeros(comparison.shape[1])
    slopes[0] = sums[0] / len(comparison)
    least = loss(slopes)
    for _ in range(_MOST_STEPS):
        odds = comparison @ slopes
        counting = comparison[odds > 0]
        slope = counting.T @ odds[odds > 0] - sums + penalty * slopes
        step = np.linalg.solve(counting.T @ counting + np.diag(penalty), slope)
        gain = float(slope @ step)
        length = 1.0
        while (lower := loss(slopes - length * step)) > least - 1e-4 * length * gain and length > 1e-9:
            length /= 2
        if lower >= least:
            break
        slopes, least = slopes - length * step, lower
        if gain <= 1e-12 * max(1.0, abs(least)):
            break
    return slopes
