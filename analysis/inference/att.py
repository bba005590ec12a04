"""What did the treated have, and what would they have had, with the error of both?

The effect on the treated as two means and their influences, summed by customer, so that a difference, a ratio, and a
ratio of changes come from one fit. By augmented inverse-probability weighting, given how likely each row was to be
treated and what it was expected to have without; how both are found in other folds is left to `doubly_robust`. The raw
gap stands beside, with the same errors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile, ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.propensity import must_hold_both

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
    must_hold_both(arm)
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
    return Att(observed, model + correction, of_observed, of_expected, arm, _codes(customer, len(y)))


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


def raw_gap(outcome: ArrayLike, treated: ArrayLike, *, customer: ArrayLike | None = None) -> Att:
    """The means of both groups as they are, nothing made alike; a customer counts once in the error.

    Parameters
    ----------
    outcome : array of float, shape (n_rows,)
    treated : array of bool, shape (n_rows,)
    customer : array of int, shape (n_rows,), optional
        Each row a customer by default.

    Raises
    ------
    DesignError
        If one of the groups is empty.

    Examples
    --------
    >>> found = raw_gap([5, 3, 3, 1], [True, True, False, False])
    >>> found.value, round(found.se, 3)
    (2.0, 1.155)
    """
    y, arm = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=bool)
    must_hold_both(arm)
    observed, expected = float(y[arm].mean()), float(y[~arm].mean())
    of_observed = np.where(arm, y - observed, 0.0) / arm.mean()
    of_expected = np.where(arm, 0.0, y - expected) / (~arm).mean()
    return Att(observed, expected, of_observed, of_expected, arm, _codes(customer, len(y)))


def _codes(customer: ArrayLike | None, n: int) -> Ints:
    """Whose row each is, counted from 0."""
    code = np.arange(n) if customer is None else np.unique(np.asarray(customer), return_inverse=True)[1].reshape(-1)
    return code.astype(np.int64)
