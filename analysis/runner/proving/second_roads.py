"""Do two other roads lead to the same effect and error? Poisson pseudo-likelihood, and a bootstrap of customers.

Both work on the rows of a study and share nothing with its estimator but the strata. The first asks statsmodels for the
effect as a coefficient of a Poisson regression with index-month effects; the second draws every customer again and
again, all rows and both roles at once, and sees how far the default estimate moves.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.panel_effects import count_weights
from analysis.runner.proving.forbidden import STRATUM, total
from analysis.studies.stack import Layout

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

DRAWS = 500
"""Draws of the bootstrap; its own error of the error is then 1 / sqrt(2 * 500), three per cent."""
_AT_ONCE = 100
_ODD = np.uint64(0x9E3779B97F4A7C15)
_MOST = 12
"""The largest weight told apart; a Poisson number of mean one lies beyond it once in ten thousand million."""


def poisson_effect(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """The effect on orders by Poisson pseudo-maximum likelihood on the stack, clustered by customer.

    Each row is there twice, with its orders before and after; the mean has a level for each arm and index month, a
    growth for each index month, and the effect on contacted rows after. Rows count as in the default estimator.

    Parameters
    ----------
    rows : DataFrame
        Rows of the study, with `stratum`.
    layout : Layout

    Source
    ------
    Santos Silva and Tenreyro (2006) for the estimator; Wing, Freedman and Hollingsworth (2024) for the stack.
    """
    import statsmodels.api as sm

    arm = rows["arm"].to_numpy() == 1
    weight = count_weights(rows[STRATUM].to_numpy(), arm)
    used = weight > 0
    month = np.unique(rows["month"].to_numpy()[used], return_inverse=True)[1]
    n, size = int(used.sum()), int(month.max()) + 1
    design = np.zeros((2 * n, 3 * size + 1))
    both = np.arange(n)
    for offset in (0, n):
        design[offset + both, 2 * month + arm[used]] = 1.0
    design[n + both, 2 * size + month] = 1.0
    design[n:, -1] = arm[used]
    before, after = total(rows, "orders", -layout.before, -1)[used], total(rows, "orders", 1, layout.after)[used]
    bought, twice = np.concatenate([before, after]), np.concatenate([weight[used]] * 2)
    fit = sm.GLM(bought, design, family=sm.families.Poisson(), var_weights=twice).fit()
    mean = np.asarray(fit.fittedvalues)
    bread = np.linalg.inv(design.T @ (design * (twice * mean)[:, None]))
    influence = twice * (bought - mean) * (design @ bread[:, -1])
    customer = rows["customer"].to_numpy()[used]
    by_customer = np.bincount(np.concatenate([customer] * 2), weights=influence)
    return ratio_estimate(
        "orders",
        math.exp(float(fit.params[-1])),
        math.sqrt(float(by_customer @ by_customer)),
        n_treated=int(np.unique(customer[arm[used]]).size),
        n_comparison=int(np.unique(customer[~arm[used]]).size),
        method="Poisson pseudo-maximum likelihood on the stack",
    )


def customer_weights(customers: Ints, draws: Ints) -> Floats:
    """Poisson weights of mean one from a hash of customer and draw, shape (n_draws, n_customers).

    The same customer has the same weight wherever its rows lie and in whatever order they come.

    Examples
    --------
    >>> customer_weights(np.array([3, 4]), np.array([0])).shape
    (1, 2)
    >>> weights = customer_weights(np.arange(20_000), np.arange(2))
    >>> [round(float(value), 1) for value in (weights.mean(), weights.var())]
    [1.0, 1.0]
    """
    with np.errstate(over="ignore"):
        mixed = _mixed(customers.astype(np.uint64) * _ODD)[None, :] ^ _mixed(~draws.astype(np.uint64))[:, None]
        uniform = (_mixed(mixed) >> np.uint64(11)).astype(np.float64) / float(1 << 53)
    edges = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(_MOST)])
    return np.searchsorted(edges, uniform, side="right").astype(np.float64)


def bootstrap_logs(rows: pd.DataFrame, layout: Layout, draws: int = DRAWS) -> Floats:
    """Logarithms of the default ratio of orders when customers are drawn again, shape (draws,).

    Strata keep their cells; counts, weights and growth are found anew in each draw.
    """
    from scipy import sparse

    arm = rows["arm"].to_numpy() == 1
    stratum = np.unique(rows[STRATUM].to_numpy(), return_inverse=True)[1]
    customer = np.unique(rows["customer"].to_numpy(), return_inverse=True)[1]
    n_strata, n_customers = int(stratum.max()) + 1, int(customer.max()) + 1
    month_of = np.zeros(n_strata, dtype=np.int64)
    month_of[stratum] = np.unique(rows["month"].to_numpy(), return_inverse=True)[1]
    month = sparse.csr_matrix((np.ones(n_strata), (month_of, np.arange(n_strata))))
    columns = (np.ones(len(rows)), total(rows, "orders", -layout.before, -1), total(rows, "orders", 1, layout.after))
    place = 2 * stratum + arm
    summing = [sparse.csr_matrix((values, (place, customer)), shape=(2 * n_strata, n_customers)) for values in columns]
    found = []
    for first in range(0, draws, _AT_ONCE):
        drawn = np.arange(first, min(first + _AT_ONCE, draws))
        weights = customer_weights(np.arange(n_customers), drawn).T
        (n_c, n_t), (pre_c, pre_t), (post_c, post_t) = (
            (sums[0::2], sums[1::2]) for sums in (matrix @ weights for matrix in summing)
        )
        share = np.divide(n_t, n_c, out=np.zeros_like(n_t), where=n_c > 0)
        own, theirs_before, theirs_after = (
            month @ (pre_t * (n_c > 0)),
            month @ (share * pre_c),
            month @ (share * post_c),
        )
        growth = np.divide(theirs_after, theirs_before, out=np.zeros_like(own), where=theirs_before > 0)
        found.append(np.log((post_t * (n_c > 0)).sum(axis=0) / (own * growth).sum(axis=0)))
    return np.concatenate(found)


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """The last step of splitmix64 (Steele, Lea and Flood 2014): every bit depends on every bit."""
    values = values + _ODD
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))
