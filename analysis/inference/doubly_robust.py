"""What would the treated have had without the treatment, if either of two models is right?

The effect on the treated by augmented inverse-probability weighting: an expectation for each row, from comparison
customers of other folds alone, corrected by what comparison customers had beyond theirs, weighted to look like the
treated. It is right where the expectation *or* the weighting is right, and errors follow from influences, summed by
customer. Observed and expected means are kept apart with their influences, so that a difference, a ratio, and a ratio
of changes come from one fit. Scores and folds are left to `propensity`, weights to `balancing`, what a study makes of
it to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.balancing import balancing_odds
from analysis.inference.compare import normal_quantile, ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.propensity import HIGHEST_SCORE, RIDGE

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
METHOD = "doubly robust effect on the treated (AIPW), cross-fitted"


@dataclass(frozen=True, slots=True)
class Att:
    """What the treated had, what they would have had, and what each row adds to the error of both.

    Parameters
    ----------
    observed, expected : float
        Means per treated row.
    of_observed, of_expected : array of float, shape (n_rows,)
        Influences: the error of a mean is about their mean over rows.
    treated : array of bool, shape (n_rows,)
    customer : array of int, shape (n_rows,)
        Whose row it is, counted from 0; influences are summed by it.
    """

    observed: float
    expected: float
    of_observed: Floats
    of_expected: Floats
    treated: Flags
    customer: Ints

    @property
    def value(self) -> float:
        """The difference."""
        return self.observed - self.expected

    @property
    def se(self) -> float:
        """Its standard error."""
        return self._se(self.of_observed - self.of_expected)

    @property
    def se_log(self) -> float:
        """Standard error of the logarithm of the ratio.

        Raises
        ------
        ValueError
            If one of the means is not above zero.
        """
        if min(self.observed, self.expected) <= 0:
            raise ValueError(f"A ratio needs means above zero; they are {self.observed:.4g} and {self.expected:.4g}.")
        return self._se(self.of_observed / self.observed - self.of_expected / self.expected)

    def difference(self, name: str, *, unit: str, level: float = 0.95, method: str = METHOD) -> Estimate:
        """The effect as a difference, with its interval."""
        half = normal_quantile(level) * self.se
        n_treated, n_comparison = self._customers()
        return Estimate(
            name=name,
            value=self.value,
            low=self.value - half,
            high=self.value + half,
            level=level,
            se=self.se,
            scale="difference",
            unit=unit,
            n_treated=n_treated,
            n_comparison=n_comparison,
            method=method,
        )

    def ratio(self, name: str, *, level: float = 0.95, method: str = METHOD) -> Estimate:
        """The effect as a ratio, with its interval made on the log scale.

        Raises
        ------
        ValueError
            If one of the means is not above zero.
        """
        se_log = self.se_log  # refuses a mean that is not above zero
        n_treated, n_comparison = self._customers()
        return ratio_estimate(
            name,
            self.observed / self.expected,
            se_log,
            n_treated=n_treated,
            n_comparison=n_comparison,
            method=method,
            level=level,
        )

    def _se(self, influence: Floats) -> float:
        by_customer = np.bincount(self.customer, weights=influence)
        n = int(np.count_nonzero(np.bincount(self.customer)))
        return math.sqrt(float(by_customer @ by_customer) * n / max(n - 1, 1)) / len(influence)

    def _customers(self) -> tuple[int, int]:
        return tuple(len(np.unique(self.customer[side])) for side in (self.treated, ~self.treated))  # type: ignore[return-value]


def att(
    outcome: ArrayLike,
    treated: ArrayLike,
    scores: ArrayLike,
    expected: ArrayLike,
    *,
    customer: ArrayLike | None = None,
    normalised: bool = True,
) -> Att:
    """The effect on the treated, given how likely each row was to be treated and what it was expected to have without.

    Parameters
    ----------
    outcome : array of float, shape (n_rows,)
    treated : array of bool, shape (n_rows,)
    scores : array of float, shape (n_rows,)
        Likelihood of treatment; below 1 for comparison rows.
    expected : array of float, shape (n_rows,)
        Outcome to be expected without the treatment.
    customer : array of int, shape (n_rows,), optional
        Each row a customer by default.
    normalised : bool
        Whether the weights of comparison rows are made to sum to the number of the treated: steadier where overlap is
        weak.

    Assumes
    -------
    Customers who are alike in the covariates behind `scores` and `expected` would have had the same outcome on average
    without the treatment (no hidden cause), and everybody treated has a like in the comparison group.

    Source
    ------
    Robins, Rotnitzky and Zhao (1994); the effect on the treated as in Chernozhukov et al. (2018), Econometrics Journal
    21. Reference values: tests/golden/observational (DoubleML, unnormalised).

    Examples
    --------
    Two treated had 5 and 7 where 3 and 4 were expected; two comparison customers of odds 1 had 1 more and 1 less than
    expected: nothing to correct.

    >>> found = att([5, 7, 4, 3], [True, True, False, False], [0.5, 0.5, 0.5, 0.5], [3, 4, 3, 4])
    >>> found.observed, found.expected, found.value
    (6.0, 3.5, 2.5)
    """
    arm, score = np.asarray(treated, dtype=bool), np.asarray(scores, dtype=np.float64)
    odds = np.zeros(len(score))
    odds[~arm] = score[~arm] / (1 - score[~arm])
    return att_by_odds(outcome, arm, odds, expected, customer=customer, normalised=normalised)


def att_by_odds(
    outcome: ArrayLike,
    treated: ArrayLike,
    odds: ArrayLike,
    expected: ArrayLike,
    *,
    customer: ArrayLike | None = None,
    normalised: bool = True,
) -> Att:
    """`att`, given how many treated customers each comparison customer stands for.

    Parameters
    ----------
    outcome : array of float, shape (n_rows,)
    treated : array of bool, shape (n_rows,)
    odds : array of float, shape (n_rows,)
        0 or more; those of treated rows are not looked at.
    expected : array of float, shape (n_rows,)
    customer : array of int, shape (n_rows,), optional
    normalised : bool
        As in `att`.

    Raises
    ------
    DesignError
        If one of the groups is empty, or no comparison row has odds above zero.

    Examples
    --------
    >>> att_by_odds([5, 7, 4, 3], [True, True, False, False], [0, 0, 1, 1], [3, 4, 3, 4]).value
    2.5
    """
    y, arm = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=bool)
    m = np.asarray(expected, dtype=np.float64)
    n = len(y)
    if not arm.any() or arm.all():
        raise DesignError("One of the two groups is empty: there is nobody to compare.")
    weight = np.where(arm, 0.0, np.asarray(odds, dtype=np.float64))
    if not weight.any():
        raise DesignError(f"None of {int((~arm).sum()):,} comparison rows is like the treated ones in what is known.")
    share = arm.mean()
    observed, model = float(y[arm].mean()), float(m[arm].mean())
    beyond = np.where(arm, 0.0, y - m)
    scale = weight.mean() if normalised else share
    correction = float((weight * beyond).mean() / scale)
    of_observed = np.where(arm, y - observed, 0.0) / share
    if normalised:
        of_expected = np.where(arm, m - model, 0.0) / share + weight * (beyond - correction) / scale
    else:
        of_expected = (np.where(arm, m - model - correction, 0.0) + weight * beyond) / share
    code = np.arange(n) if customer is None else np.unique(np.asarray(customer), return_inverse=True)[1].reshape(-1)
    return Att(observed, model + correction, of_observed, of_expected, arm, code.astype(np.int64))


def carried_forward(after: Att, before: Att) -> Att:
    """The effect once the groups' levels before are allowed to differ: their own level, carried by the others' growth.

    What the treated had before, times the growth of what is expected without the treatment: on the ratio scale
    difference-in-differences, with both sides doubly robust.

    Parameters
    ----------
    after, before : Att
        Of the same rows, from the same scores.

    Raises
    ------
    DesignError
        If a mean before, or the expectation after, is not above zero.

    Assumes
    -------
    Without the treatment, customers alike in the covariates would have grown by the same factor.

    Examples
    --------
    The treated had 2 before where 1 was expected, so that of 3 expected after they would have had 6.

    >>> arm, half, none = [True, False], [0.5, 0.5], [0.0, 0.0]
    >>> carried_forward(att([9, 3], arm, half, none), att([2, 1], arm, half, none)).expected
    6.0
    """
    if min(before.observed, before.expected, after.expected) <= 0:
        raise DesignError(
            f"Growth needs means above zero: {before.observed:.4g} and {before.expected:.4g} before, "
            f"{after.expected:.4g} expected after."
        )
    expected = after.expected * before.observed / before.expected
    of_expected = expected * (
        after.of_expected / after.expected + before.of_observed / before.observed - before.of_expected / before.expected
    )
    return Att(after.observed, expected, after.of_observed, of_expected, after.treated, after.customer)


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
        Of both models, on columns of standard deviation 1.
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
    columns, arm = np.asarray(covariates, dtype=np.float64), np.asarray(treated, dtype=bool)
    values = {name: np.asarray(outcome, dtype=np.float64) for name, outcome in outcomes.items()}
    for name, value in values.items():
        missing = int((~np.isfinite(value)).sum())
        if missing:
            raise DesignError(f"`{name}` is missing in {missing:,} of {len(value):,} rows. Leave these out, counted.")
    if not folds:
        raise ValueError("Cross-fitting needs one dealing of folds at least.")
    found: dict[str, list[Att]] = {name: [] for name in values}
    odds = np.zeros(len(arm))
    together = np.column_stack(list(values.values()))
    for fold in (np.asarray(one) for one in folds):
        weight, expected = _nuisances(together, columns, arm, fold, ridge, highest)
        odds += weight / len(folds)
        for place, (name, value) in enumerate(values.items()):
            found[name].append(att_by_odds(value, arm, weight, expected[:, place], customer=customer))
    return {name: _averaged(parts) for name, parts in found.items()}, odds


def _nuisances(
    values: Floats, columns: Floats, arm: Flags, fold: Ints, ridge: float, highest: float
) -> tuple[Floats, Floats]:
    """Each row's odds and what it would have had without the treatment (a column an outcome), from the other folds."""
    odds, expected = np.zeros(len(arm)), np.empty_like(values)
    for one in np.unique(fold):
        held = fold == one
        others = ~held & ~arm
        compared = held & ~arm
        odds[compared] = balancing_odds(columns[~held], arm[~held], columns[compared], ridge=ridge, highest=highest)
        expected[held] = _regression(columns[others], values[others], columns[held], ridge)
    return odds, expected


def _regression(columns: Floats, values: Floats, at: Floats, ridge: float) -> Floats:
    """Least squares with a hint of a ridge on slopes of standardised columns, predicted at other rows."""
    middle, spread = columns.mean(axis=0), columns.std(axis=0)
    moves = spread > 1e-9 * np.maximum(1.0, np.abs(middle))
    z = (columns[:, moves] - middle[moves]) / spread[moves]
    level = values.mean(axis=0)
    slopes = np.linalg.solve(z.T @ z + np.eye(z.shape[1]) * ridge, z.T @ (values - level))
    return np.asarray(level + (at[:, moves] - middle[moves]) / spread[moves] @ slopes)


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
