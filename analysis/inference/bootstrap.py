"""How sure is the stacked ratio where one customer may carry it? A bootstrap of customers, studentised.

A normal interval trusts that no customer matters much. Where one does, customers are drawn again: each counts as often
as a Poisson number of mean one says, with all rows and in both roles; counts, weights of strata, growth and the error
are found anew in every draw, and the distances are told in errors of their own draw. The numbers drawn belong to the
customer and the draw alone, so that neither the order of rows nor the machine matters. This needs rows, not cells;
when it is worth the work is left to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Floats, Ints
from analysis.inference.panel_effects import count_weights, ratio_did

DRAWS = 999
"""An odd number whose quantiles at 2.5 and 97.5 % are draws themselves."""
SEED = 20_210
_MOST = 12
"""The largest Poisson number told apart; one of mean one lies beyond it once in ten thousand million."""
_AT_ONCE = 4_000_000
"""Entries of a row-by-draw matrix held at a time."""
_LOST_ALLOWED = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """A ratio with the interval that customers drawn again give it.

    Parameters
    ----------
    ratio : float
    low, high : float
        Bootstrap-t interval, made on the log scale; it holds the ratio.
    level : float
    se_log : float
        Standard error of the logarithm from influences, by which distances were told.
    se_drawn : float
        Standard deviation of the logarithm over draws: the plain bootstrap error.
    draws : int
        Draws in which there was a ratio.
    """

    ratio: float
    low: float
    high: float
    level: float
    se_log: float
    se_drawn: float
    draws: int


def bootstrap_t(
    *,
    before: ArrayLike,
    after: ArrayLike,
    contacted: ArrayLike,
    month: ArrayLike,
    stratum: ArrayLike,
    customer: ArrayLike,
    draws: int = DRAWS,
    seed: int = SEED,
    level: float = 0.95,
) -> Resampled:
    """Between which ratios does the effect lie, if customers are not all alike?

    Parameters
    ----------
    before, after : array of float, shape (n_rows,)
        Purchases per customer-and-index-month row, in the two windows; before is 1 for outcomes that are compared
        after the contact only.
    contacted : array of bool, shape (n_rows,)
    month : array of int, shape (n_rows,)
        Rows whose growth is estimated together.
    stratum : array of int, shape (n_rows,)
        Within which customers count as alike; finer than `month`.
    customer : array of int, shape (n_rows,)
        Codes from 0; rows of one customer share one.
    draws, seed : int
    level : float

    Raises
    ------
    DesignError
        If there is no ratio, as in `panel_effects.ratio_did`, or none in more than 1 % of the draws.
    ValueError
        If there are too few draws for an interval of that level, or a stratum lies in several months.

    Source
    ------
    Efron and Tibshirani (1993), chapter 12.5, with Poisson weights for drawing with replacement (Hanley and MacGibbon
    2006). Studentised, an interval is second-order correct where a plain percentile interval is not. With 30 of 300
    customers contacted and log-normal amounts (sigma 1.3) it held the truth in 92.4 % of 1,500 made-up companies, the
    normal one in 89.3 %: better, not cured.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = bootstrap_t(before=rng.poisson(3, 400), after=rng.poisson(3, 400), contacted=np.arange(400) % 2 == 0,
    ...                     month=np.zeros(400, int), stratum=np.zeros(400, int), customer=np.arange(400))
    >>> found.draws, found.low < found.ratio < found.high, abs(found.se_drawn / found.se_log - 1) < 0.1
    (999, True, True)
    """
    if draws < math.ceil(2 / (1 - level)):
        raise ValueError(f"An interval of level {level:g} needs {math.ceil(2 / (1 - level))} draws, not {draws}.")
    rows = _Rows.of(before, after, contacted, month, stratum, customer)
    fit = ratio_did(
        name="ratio",
        unit="",
        before=rows.before,
        after=rows.after,
        contacted=rows.contacted,
        month=rows.month,
        weight=count_weights(rows.stratum, rows.contacted),
        customer=rows.customer,
        level=level,
    ).ratio
    value, se = math.log(fit.value), float(fit.se_log or 0.0)
    if not se > 0:
        raise DesignError("Every customer has the same growth; there is nothing that drawing them again could tell.")
    logs, errors = (np.concatenate(parts) for parts in zip(*_drawn(rows, draws, seed), strict=True))
    kept = np.isfinite(logs) & (errors > 0)
    if kept.sum() < (1 - _LOST_ALLOWED) * draws:
        raise DesignError(
            f"In {draws - int(kept.sum()):,} of {draws:,} draws of customers there was no ratio: too few customers "
            "have anything before and after. Use a longer window or wider strata."
        )
    distances = (logs[kept] - value) / errors[kept]
    below, above = np.quantile(distances, [(1 + level) / 2, (1 - level) / 2], method="inverted_cdf")
    return Resampled(
        ratio=fit.value,
        low=_as_ratio(value - max(float(below), 0.0) * se),
        high=_as_ratio(value - min(float(above), 0.0) * se),
        level=level,
        se_log=se,
        se_drawn=float(logs[kept].std(ddof=1)),
        draws=int(kept.sum()),
    )


def customer_weights(n_customers: int, draws: Ints, seed: int) -> Floats:
    """How often does each customer count in each draw? Poisson numbers of mean one, shape (n_customers, n_draws).

    Made of a counter (Philox) under a key of seed and draw: the same for a customer's code, whoever else there is.

    Examples
    --------
    >>> weights = customer_weights(20_000, np.arange(2), seed=7)
    >>> [round(float(value), 1) for value in (weights.mean(), weights.var())]
    [1.0, 1.0]
    >>> bool((customer_weights(5, np.array([1]), seed=7)[:, 0] == weights[:5, 1]).all())
    True
    """
    edges = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(_MOST)])
    uniform = [np.random.Generator(np.random.Philox(key=[seed, int(draw)])).random(n_customers) for draw in draws]
    return np.searchsorted(edges, np.array(uniform).T, side="right").astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Rows:
    before: Floats
    after: Floats
    contacted: Ints
    month: Ints
    stratum: Ints
    customer: Ints

    @classmethod
    def of(
        cls,
        before: ArrayLike,
        after: ArrayLike,
        contacted: ArrayLike,
        month: ArrayLike,
        stratum: ArrayLike,
        customer: ArrayLike,
    ) -> _Rows:
        """Rows in one order, whatever the order given: sums of floats then have the same last digits."""
        columns = [np.asarray(before, float), np.asarray(after, float), np.asarray(contacted, dtype=np.int64)]
        columns += [np.unique(np.asarray(one), return_inverse=True)[1] for one in (month, stratum)]
        columns += [np.asarray(customer, dtype=np.int64)]
        if len({column.shape for column in columns}) > 1 or columns[0].ndim != 1:
            raise ValueError("All columns of a stack have the same number of rows.")
        order = np.lexsort((columns[1], columns[0], columns[2], columns[3], columns[4], columns[5]))
        found = cls(*(column[order] for column in columns))
        of_stratum = np.zeros(int(found.stratum.max(initial=0)) + 1, dtype=np.int64)
        of_stratum[found.stratum] = found.month
        if (of_stratum[found.stratum] != found.month).any():
            raise ValueError("A stratum lies within one month.")
        return found


def _drawn(rows: _Rows, draws: int, seed: int) -> Iterator[tuple[Floats, Floats]]:
    """Logarithms of the ratio and their errors, some draws at a time."""
    from scipy import sparse

    n_strata, n_customers = int(rows.stratum.max()) + 1, int(rows.customer.max()) + 1
    month_of = np.zeros(n_strata, dtype=np.int64)
    month_of[rows.stratum] = rows.month
    to_month = sparse.csr_matrix((np.ones(n_strata), (month_of, np.arange(n_strata))))
    place = 2 * rows.stratum + rows.contacted
    summing = [
        sparse.csr_matrix((values, (place, rows.customer)), shape=(2 * n_strata, n_customers))
        for values in (np.ones(len(place)), rows.before, rows.after)
    ]
    moving = (rows.before != 0) | (rows.after != 0)  # the others count, but move nothing
    pre, post, cell, customer = rows.before[moving], rows.after[moving], place[moving], rows.customer[moving]
    by_customer = sparse.csr_matrix((np.ones(len(customer)), (customer, np.arange(len(customer)))),
                                    shape=(n_customers, len(customer)))  # fmt: skip
    step = max(1, _AT_ONCE // max(len(place), n_customers))
    for first in range(0, draws, step):
        weights = customer_weights(n_customers, np.arange(first, min(first + step, draws)), seed)
        (n_c, n_t), (pre_c, pre_t), (post_c, post_t) = (
            (sums[0::2], sums[1::2]) for sums in (matrix @ weights for matrix in summing)
        )
        both = (n_c > 0) & (n_t > 0)
        share = np.divide(n_t, n_c, out=np.zeros_like(n_t), where=both)
        own, their_before, their_after = (
            to_month @ part for part in (pre_t * both, share * pre_c, share * post_c)
        )  # fmt: skip
        growth = np.divide(their_after, their_before, out=np.zeros_like(own), where=their_before > 0)
        per_unit = np.divide(own, their_before, out=np.zeros_like(own), where=their_before > 0)
        total, expected = (post_t * both).sum(axis=0), (own * growth).sum(axis=0)
        there = ((own == 0) | (their_before > 0)).all(axis=0) & (total > 0) & (expected > 0)
        total, expected = np.where(there, total, 1.0), np.where(there, expected, 1.0)
        growths = growth[month_of]
        for_after, for_before = (np.empty((2 * n_strata, weights.shape[1])) for _ in range(2))
        for_after[1::2], for_before[1::2] = both / total, -growths * both / expected
        carried = per_unit[month_of] * share / expected
        for_after[0::2], for_before[0::2] = -carried, carried * growths
        influence = by_customer @ (for_after[cell] * post[:, None] + for_before[cell] * pre[:, None])
        error = np.sqrt(np.einsum("ij,ij,ij->j", weights, influence, influence))
        yield np.where(there, np.log(total / expected), np.nan), np.where(there, error, np.nan)


def _as_ratio(logarithm: float) -> float:
    return math.exp(logarithm) if logarithm < 700 else math.inf
