"""What would the treated have had without the treatment, if either of two models is right?

The effect on the treated by augmented inverse-probability weighting: an expectation for each row, from comparison
customers of other folds alone, corrected by what comparison customers had beyond theirs, weighted to look like the
treated. It is right where the expectation *or* the weighting is right. The effect itself, with its errors, is an `Att`;
scores and folds are left to `propensity`, weights to `balancing`, what a study makes of it to the studies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.att import Att, att_by_odds
from analysis.inference.balancing import balancing_slopes, odds_at, with_constant
from analysis.inference.propensity import HIGHEST_SCORE, RIDGE, checked, must_hold_both, standardised

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


def cross_fitted_att(
    outcomes: Mapping[str, ArrayLike],
    covariates: ArrayLike,
    treated: ArrayLike,
    folds: Sequence[ArrayLike],
    *,
    customer: ArrayLike | None = None,
    ridge: float = RIDGE,
    highest: float = HIGHEST_SCORE,
) -> tuple[dict[str, Att], Floats]:
    """The effect on the treated for several outcomes, both models fitted to other folds, and the odds.

    Odds are those of `balancing`; the expectation is a linear regression on the same columns among all comparison
    customers: what it gets wrong in a straight line the weights put right, since they balance these columns. With
    several dealings of folds estimates and influences are averaged, so that the luck of one dealing counts for less.

    Parameters
    ----------
    outcomes : mapping of name to array of float, shape (n_rows,)
    covariates : array of float, shape (n_rows, n_columns)
    treated : array of bool, shape (n_rows,)
    folds : sequence of array of int, shape (n_rows,)
        Dealings of `deal_folds`; at least one.
    customer : array of int, shape (n_rows,), optional
    ridge : float
        Above 0; of both models, on columns brought to standard deviation 1 among all rows.
    highest : float
        The score above which nobody was kept; no odds are above those of this score.

    Returns
    -------
    effects : dict of name to Att
    odds : array of float, shape (n_rows,)
        How many of the treated each comparison row stands for, averaged over the dealings; 0 for treated rows.

    Examples
    --------
    A treatment that adds 2 to what a covariate decides: with noise of a known size the effect comes back.

    >>> rng = np.random.default_rng(1)
    >>> x = rng.standard_normal((2000, 1))
    >>> arm = rng.random(2000) < 1 / (1 + np.exp(-x[:, 0]))
    >>> y = x[:, 0] + 2 * arm + rng.standard_normal(2000)
    >>> from analysis.inference.propensity import deal_folds
    >>> found, _ = cross_fitted_att({"y": y}, x, arm, [deal_folds(arm, 5, seed=1)])
    >>> print(found["y"].difference("y", unit="points"))
    y: 1.999 (95 % interval 1.89 to 2.107), unit: points; 1,041 against 959 customers; doubly robust effect on the
    treated (AIPW), cross-fitted
    """
    columns, arm, _ = checked(covariates, treated, covariates)
    values = {name: np.asarray(outcome, dtype=np.float64) for name, outcome in outcomes.items()}
    for name, value in values.items():
        missing = int((~np.isfinite(value)).sum())
        if missing:
            raise DesignError(f"`{name}` is missing in {missing:,} of {len(value):,} rows. Leave these out, counted.")
    if not folds:
        raise ValueError("Cross-fitting needs one dealing of folds at least.")
    found: dict[str, list[Att]] = {name: [] for name in values}
    odds = np.zeros(len(arm))
    together, design = np.column_stack(list(values.values())), with_constant(*standardised(columns))
    for fold in (np.asarray(one) for one in folds):
        weight, expected = _nuisances(together, design, arm, fold, ridge, highest)
        odds += weight / len(folds)
        for place, (name, value) in enumerate(values.items()):
            found[name].append(att_by_odds(value, arm, weight, expected[:, place], customer=customer))
    return {name: _averaged(parts) for name, parts in found.items()}, odds


def _nuisances(
    values: Floats, design: Floats, arm: Flags, fold: Ints, ridge: float, highest: float
) -> tuple[Floats, Floats]:
    """Each row's odds and what it would have had without the treatment (a column an outcome), from the other folds."""
    odds, expected = np.zeros(len(arm)), np.empty_like(values)
    for one in np.unique(fold):
        held = fold == one
        others, compared = ~held & ~arm, held & ~arm
        must_hold_both(arm[~held])
        comparison = design[others]
        slopes = balancing_slopes(comparison, design[~held & arm].sum(axis=0), ridge)
        odds[compared] = odds_at(design[compared], slopes, highest)
        expected[held] = design[held] @ _regression(comparison, values[others], ridge)
    return odds, expected


def _regression(design: Floats, values: Floats, ridge: float) -> Floats:
    """Level and slopes of least squares, with a hint of a ridge on the slopes of standardised columns."""
    penalty = np.full(design.shape[1], ridge)
    penalty[0] = 0.0
    return np.asarray(np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ values))


def _averaged(parts: Sequence[Att]) -> Att:
    first = parts[0]
    return Att(
        float(np.mean([part.observed for part in parts])),
        float(np.mean([part.expected for part in parts])),
        np.mean([part.of_observed for part in parts], axis=0),
        np.mean([part.of_expected for part in parts], axis=0),
        first.treated,
        first.customer,
    )
