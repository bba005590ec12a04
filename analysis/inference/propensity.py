"""How likely was each customer to be in the treated group, judged by customers other than itself, and who has no like?

A logit on standardised columns with a hint of a ridge, so that columns that separate the groups move scores close to 0
or 1 and never without end; cross-fitted, so that nobody's score is made from its own treatment; and the one trimming of
those whose kind is found in the treated group only. Weights made from scores are left to `weighting`, effects to
`doubly_robust`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

RIDGE = 0.1
"""Penalty on half the square of each standardised slope, against a log-likelihood summed over rows: next to nothing."""
HIGHEST_SCORE = 0.95
"""Above it a comparison customer would stand for more than 19 treated ones."""
FEWEST_A_FOLD = 2
_MOST_STEPS = 200


def deal_folds(treated: ArrayLike, folds: int, seed: int, customer: ArrayLike | None = None) -> Ints:
    """In which fold is each row? Dealt at random, treated and comparison apart, all rows of a customer together.

    Parameters
    ----------
    treated : array of bool, shape (n_rows,)
    folds : int
        At least 2.
    seed : int
        The same seed deals the same folds.
    customer : array of int, shape (n_rows,), optional
        Whose row it is; each row a customer by default. One who is treated in any row is dealt with the treated.

    Raises
    ------
    DesignError
        If a group has fewer than two customers for each fold.

    Examples
    --------
    >>> folds = deal_folds([True] * 4 + [False] * 6, 2, seed=1)
    >>> [int((folds[:4] == fold).sum()) for fold in (0, 1)], [int((folds[4:] == fold).sum()) for fold in (0, 1)]
    ([2, 2], [3, 3])
    """
    if folds < 2:
        raise ValueError(f"Cross-fitting needs two folds or more, not {folds}.")
    arm = np.asarray(treated, dtype=bool)
    rows = np.arange(len(arm)) if customer is None else np.asarray(customer)
    who, place = np.unique(rows, return_inverse=True)
    ever = np.bincount(place.reshape(-1), weights=arm, minlength=len(who)) > 0
    rng = np.random.default_rng(seed)
    fold = np.empty(len(who), dtype=np.int64)
    for words, side in (("treated", ever), ("comparison", ~ever)):
        members = np.flatnonzero(side)
        if len(members) < FEWEST_A_FOLD * folds:
            raise DesignError(
                f"{len(members):,} {words} customers are too few for {folds} folds: each needs {FEWEST_A_FOLD}. Use "
                "fewer folds, or more customers."
            )
        fold[rng.permutation(members)] = np.arange(len(members)) % folds
    return fold[place.reshape(-1)]


def logit_scores(covariates: ArrayLike, treated: ArrayLike, at: ArrayLike, *, ridge: float = RIDGE) -> Floats:
    """How likely are the rows of `at` to be treated, by a logit fitted to the rows of `covariates`?

    Parameters
    ----------
    covariates : array of float, shape (n_rows, n_columns)
    treated : array of bool, shape (n_rows,)
    at : array of float, shape (n_others, n_columns)
    ridge : float
        Penalty on the slopes of the columns brought to standard deviation 1; 0 is plain maximum likelihood, which has
        no answer where the columns separate the groups.

    Returns
    -------
    array of float, shape (n_others,)
        Strictly between 0 and 1.

    Raises
    ------
    DesignError
        If a covariate is missing, or one of the groups is empty.

    Source
    ------
    scikit-learn's `LogisticRegression` (Newton steps on a Cholesky factor).

    Examples
    --------
    Of two kinds of customers, 1 in 4 and 3 in 4 are treated.

    >>> kind = [[0]] * 4 + [[1]] * 4
    >>> scores = logit_scores(kind, [True, False, False, False, True, True, True, False], [[0], [1]], ridge=0)
    >>> [round(float(score), 6) for score in scores]
    [0.25, 0.75]
    """
    columns, arm, others = checked(covariates, treated, at)
    standard, wanted = standardised(columns, others)
    return _scores(_logit(ridge), standard, arm, wanted)


def cross_fitted_scores(
    covariates: ArrayLike, treated: ArrayLike, folds: Sequence[ArrayLike], *, ridge: float = RIDGE
) -> Floats:
    """How likely was each row to be treated, by a logit fitted to the other folds?

    Columns are brought to standard deviation 1 among all rows, which tells nothing of the treatment. Each fit begins
    where the one before ended, which spares it half of its steps and moves its scores by less than 1e-6.

    Parameters
    ----------
    covariates : array of float, shape (n_rows, n_columns)
    treated : array of bool, shape (n_rows,)
    folds : sequence of array of int, shape (n_rows,)
        Dealings of `deal_folds`; at least one. Scores are averaged over them.
    ridge : float
        Above 0 where a column may be the same in all rows outside a fold: it alone decides on such a column then.

    Returns
    -------
    array of float, shape (n_rows,)

    Raises
    ------
    DesignError
        If a covariate is missing, or all rows outside a fold belong to one group.

    Examples
    --------
    >>> kind, arm = [[0], [0], [1], [1]] * 2, [True, False, True, False] * 2
    >>> [round(float(score), 6) for score in cross_fitted_scores(kind, arm, [[0] * 4 + [1] * 4])]
    [0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5]
    """
    columns, arm, _ = checked(covariates, treated, covariates)
    if not len(folds):
        raise ValueError("Cross-fitting needs one dealing of folds at least.")
    (standard,), model = standardised(columns), _logit(ridge)
    found = np.empty((len(folds), len(arm)))
    for scores, dealt in zip(found, (np.asarray(one) for one in folds), strict=True):
        for one in np.unique(dealt):
            held = dealt == one
            must_hold_both(arm[~held])
            scores[held] = _scores(model, standard[~held], arm[~held], standard[held])
    return np.asarray(found.mean(axis=0))


def standardised(columns: Floats, *others: Floats) -> tuple[Floats, ...]:
    """Columns at mean 0 and standard deviation 1, those that never move left out; other rows on the same scale.

    Examples
    --------
    >>> columns, other = standardised(np.array([[1.0, 5.0], [3.0, 5.0]]), np.array([[4.0, 6.0]]))
    >>> columns.tolist(), other.tolist()
    ([[-1.0], [1.0]], [[2.0]])
    """
    middle, spread = columns.mean(axis=0), columns.std(axis=0)
    moves = spread > 1e-12 * np.maximum(1.0, np.abs(middle))
    if not moves.all():
        middle, spread = middle[moves], spread[moves]
        return tuple((one[:, moves] - middle) / spread for one in (columns, *others))
    return tuple((one - middle) / spread for one in (columns, *others))


def _logit(ridge: float) -> LogisticRegression:
    """A model that begins each fit where the one before ended."""
    from sklearn.linear_model import LogisticRegression

    strength = 1 / ridge if ridge > 0 else np.inf
    return LogisticRegression(C=strength, solver="newton-cholesky", tol=1e-9, max_iter=_MOST_STEPS, warm_start=True)


def _scores(model: LogisticRegression, standard: Floats, treated: Flags, at: Floats) -> Floats:
    """Likelihoods at other rows, all columns standardised; the treated share where there is no column."""
    if not standard.shape[1]:
        return np.full(len(at), treated.mean())
    scores = model.fit(standard, treated).predict_proba(at)[:, 1]
    return np.clip(np.asarray(scores, dtype=np.float64), 1e-12, 1 - 1e-12)


@dataclass(frozen=True, slots=True)
class Trimmed:
    """Whom the trimming leaves, and how many it takes.

    Parameters
    ----------
    kept : array of bool, shape (n_rows,)
    highest : float
        The score above which nobody is kept.
    treated, comparison : int
        Rows before.
    treated_left_out, comparison_left_out : int
        Rows taken out of them.
    """

    kept: Flags
    highest: float
    treated: int
    comparison: int
    treated_left_out: int
    comparison_left_out: int

    @property
    def share(self) -> float:
        """Share of the treated that is left out: the effect no longer speaks of them."""
        return self.treated_left_out / self.treated if self.treated else 0.0


def trimmed(scores: ArrayLike, treated: ArrayLike, *, highest: float = HIGHEST_SCORE) -> Trimmed:
    """Who has somebody like them in the comparison group?

    For an effect on the treated nobody is too unlikely to be treated, only too likely: rows are left out whose score
    lies above `highest`, or above that of every comparison customer.

    Parameters
    ----------
    scores : array of float, shape (n_rows,)
    treated : array of bool, shape (n_rows,)
    highest : float
        Between 0 and 1.

    Raises
    ------
    DesignError
        If nobody is left in one of the groups.

    Source
    ------
    Crump, Hotz, Imbens and Mitnik (2009), Biometrika 96, for fixed cut-offs; Heckman, Ichimura and Todd (1997) for the
    support of the comparison group.

    Examples
    --------
    >>> found = trimmed([0.2, 0.6, 0.97, 0.1, 0.7, 0.96], [True, True, True, False, False, False])
    >>> found.kept.tolist(), found.treated_left_out, found.comparison_left_out
    ([True, True, False, True, True, False], 1, 1)
    """
    if not 0 < highest < 1:
        raise ValueError(f"A score above which nobody is kept lies between 0 and 1, not at {highest:g}.")
    score, arm = np.asarray(scores, dtype=np.float64), np.asarray(treated, dtype=bool)
    must_hold_both(arm)
    limit = min(highest, float(score[~arm].max()))
    kept = score <= limit
    found = Trimmed(
        kept,
        limit,
        int(arm.sum()),
        int((~arm).sum()),
        int((arm & ~kept).sum()),
        int((~arm & ~kept).sum()),
    )
    if not kept[arm].any() or not kept[~arm].any():
        raise DesignError(
            f"Nobody of the {found.treated:,} treated customers has a like among the {found.comparison:,} others: what "
            "is known of customers tells the groups apart. Choose another comparison group."
        )
    return found


def checked(covariates: ArrayLike, treated: ArrayLike, at: ArrayLike) -> tuple[Floats, Flags, Floats]:
    """Columns, groups and other rows as arrays, once nothing is missing and nobody alone.

    Raises
    ------
    ValueError
        If rows and groups do not fit together.
    DesignError
        If a covariate is missing, or one of the groups is empty.

    Examples
    --------
    >>> checked([[1], [2]], [True, False], [[3]])[1].tolist()
    [True, False]
    """
    columns, others = np.asarray(covariates, dtype=np.float64), np.asarray(at, dtype=np.float64)
    arm = np.asarray(treated, dtype=bool)
    if columns.ndim != 2 or others.ndim != 2 or arm.shape != columns.shape[:1] or others.shape[1] != columns.shape[1]:
        raise ValueError(f"Each row has its covariates and its group: {columns.shape}, {arm.shape}, {others.shape}.")
    missing = int((~np.isfinite(columns)).any(axis=1).sum())
    if missing:
        raise DesignError(
            f"A covariate is missing in {missing:,} of {len(columns):,} rows. Fill it, say by a flag of its own, or "
            "leave it out."
        )
    must_hold_both(arm)
    return columns, arm, others


def must_hold_both(treated: Flags) -> None:
    """Refuse rows of one group alone.

    Raises
    ------
    DesignError
        If one of the groups is empty.

    Examples
    --------
    >>> must_hold_both(np.array([True, False]))
    """
    n = int(treated.sum())
    if 0 < n < len(treated):
        return
    raise DesignError(
        f"One of the two groups is empty ({n:,} treated rows and {len(treated) - n:,} others): there is nobody to "
        "compare. Choose other groups, or a longer time."
    )
