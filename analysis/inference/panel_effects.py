"""What would contacted customers have bought without the contact, and how sure is the difference?

Ratio-scale difference-in-differences on a stack of customer × index-month rows: contacted customers' own purchases
before, carried forward by the growth of comparison customers of the same index month, who are weighted to the
contacted ones' mix of strata by counts of customers (never by outcomes). Errors are clustered by customer, over all
rows and both roles a customer plays. Which rows belong in the stack is left to the studies.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.compare import normal_quantile, ratio_estimate
from analysis.inference.estimate import Estimate

Floats = NDArray[np.float64]


def count_weights(stratum: ArrayLike, contacted: ArrayLike) -> Floats:
    """How much does each row count, so that comparison rows have the contacted rows' mix of strata?

    Parameters
    ----------
    stratum : array of int, shape (n_rows,)
    contacted : array of bool, shape (n_rows,)

    Returns
    -------
    array of float, shape (n_rows,)
        1 for contacted rows, n_contacted / n_comparison of the stratum for the others; 0 in strata with one arm only.

    Examples
    --------
    >>> count_weights([0, 0, 0, 1, 2], [True, False, False, True, False]).tolist()
    [1.0, 0.5, 0.5, 0.0, 0.0]
    """
    cell = np.asarray(stratum)
    treated = np.asarray(contacted, dtype=bool)
    _, code = np.unique(cell, return_inverse=True)
    n_treated = np.bincount(code, weights=treated)
    n_comparison = np.bincount(code, weights=~treated)
    both = (n_treated > 0) & (n_comparison > 0)
    share = np.divide(n_treated, n_comparison, out=np.zeros_like(n_treated), where=both)
    return np.where(treated, both[code].astype(float), share[code])


@dataclass(frozen=True, slots=True)
class Expected:
    """What contacted customers were expected to buy, and how far each row moves it.

    Parameters
    ----------
    total : float
        Expected purchases after, in the unit of `after`.
    growth : array of float, shape (n_months,)
        Growth of the comparison rows per index month, in the order of `months`.
    months : array of int, shape (n_months,)
    influence : array of float, shape (n_rows,)
        Each row's influence on `total`, in the unit of `after`.
    bias : float
        How far `total` lies too high because a growth is a ratio of two estimated sums: the second-order term of its
        expectation, in the unit of `after`. Large only where months hold few comparison purchases.
    """

    total: float
    growth: Floats
    months: NDArray[np.int64]
    influence: Floats
    bias: float


def expected_without_contact(
    before: ArrayLike, after: ArrayLike, contacted: ArrayLike, month: ArrayLike, weight: ArrayLike
) -> Expected:
    """How much would contacted customers have bought without the contact?

    Their own purchases before, carried forward by what comparison customers of the same index month did: one growth
    ratio per month, so that small cells cannot bend it.

    Parameters
    ----------
    before, after : array of float, shape (n_rows,)
        Purchases per customer-and-index-month row, in the two windows (equal lengths).
    contacted : array of bool, shape (n_rows,)
        True where the index issue went to social.
    month : array of int, shape (n_rows,)
        Index month, as months since January 1970.
    weight : array of float, shape (n_rows,)
        As `count_weights` gives it.

    Returns
    -------
    Expected
        Total expected purchases of contacted customers, and each row's influence on it, in the unit of `after`.

    Raises
    ------
    DesignError
        If contacted rows of a month bought before, but no comparison row of that month did.

    Assumes
    -------
    Without the contact, purchases would have grown by the same factor in both groups (parallel growth). Not tested
    here.

    Source
    ------
    Ratio-scale difference-in-differences on a stack, as Wing, Freedman and Hollingsworth (2024) weight it.

    Examples
    --------
    >>> expected_without_contact(before=[4, 6, 5, 5], after=[5, 7, 4, 6], contacted=[True, True, False, False],
    ...                          month=[0, 0, 0, 0], weight=[1, 1, 1, 1]).total
    10.0
    """
    pre, post, treated, weights = _columns(before, after, contacted, weight)
    months, code = np.unique(np.asarray(month), return_inverse=True)
    comparison = np.where(treated, 0.0, weights)
    pre_treated = np.bincount(code, weights=np.where(treated, weights, 0.0) * pre, minlength=months.size)
    pre_comparison = np.bincount(code, weights=comparison * pre, minlength=months.size)
    post_comparison = np.bincount(code, weights=comparison * post, minlength=months.size)
    stranded = (pre_treated != 0) & (pre_comparison <= 0)
    if stranded.any():
        raise DesignError(
            f"In {int(stranded.sum())} of {months.size} index months comparison customers bought nothing on balance "
            "before the index month, so that there is no growth to carry forward. Use a longer before-window."
        )
    growth = np.divide(post_comparison, pre_comparison, out=np.zeros_like(pre_treated), where=pre_comparison > 0)
    per_unit = np.divide(pre_treated, pre_comparison, out=np.zeros_like(pre_treated), where=pre_comparison > 0)
    gap = post - growth[code] * pre
    influence = np.where(treated, weights * growth[code] * pre, per_unit[code] * comparison * gap)
    noise = np.bincount(code, weights=comparison**2 * pre * gap, minlength=months.size)
    bias = -np.divide(per_unit * noise, pre_comparison, out=np.zeros_like(noise), where=pre_comparison > 0)
    return Expected(float(np.sum(pre_treated * growth)), growth, months, influence, float(bias.sum()))


@dataclass(frozen=True, slots=True)
class RatioDid:
    """The effect on both scales from one fit, with each customer's influence for whatever is drawn jointly.

    Parameters
    ----------
    ratio, difference : Estimate
    treated_total : float
        Purchases of contacted customers after, in the unit of `after`.
    expected : Expected
    influence : array of float, shape (n_customers,)
        Influence of each customer on the logarithm of the ratio, in order of the customer codes.
    largest_share : float
        Share of the variance that comes from the one customer with most of it.
    bias_log : float
        Approximate small-sample bias of the logarithm of the ratio: negative where months are thin. Not corrected for.
    """

    ratio: Estimate
    difference: Estimate
    treated_total: float
    expected: Expected
    influence: Floats
    largest_share: float
    bias_log: float


def ratio_did(
    *,
    name: str,
    unit: str,
    before: ArrayLike,
    after: ArrayLike,
    contacted: ArrayLike,
    month: ArrayLike,
    weight: ArrayLike,
    customer: ArrayLike,
    level: float = 0.95,
) -> RatioDid:
    """By what factor did the contact change what contacted customers bought?

    Parameters
    ----------
    name, unit : str
        Outcome, and the unit of the difference ("orders per customer").
    before, after, contacted, month, weight
        As in `expected_without_contact`.
    customer : array of int, shape (n_rows,)
        Codes from 0; rows of one customer share one.

    Raises
    ------
    DesignError
        If contacted customers bought nothing after, or nothing was expected of them: a ratio does not exist.

    Examples
    --------
    >>> fit = ratio_did(name="orders", unit="orders per customer", before=[4, 6, 5, 5], after=[5, 7, 4, 6],
    ...                 contacted=[True, True, False, False], month=[0, 0, 0, 0], weight=[1, 1, 1, 1],
    ...                 customer=[0, 1, 2, 3])
    >>> fit.ratio.value, fit.difference.value, round(fit.ratio.se_log, 4)
    (1.2, 1.0, 0.1434)
    """
    pre, post, treated, weights = _columns(before, after, contacted, weight)
    code = np.asarray(customer, dtype=np.int64)
    used = weights > 0
    n_treated_rows = float(weights[treated].sum())
    expected = expected_without_contact(pre, post, treated, month, weights)
    total = float((post * weights)[treated].sum())
    if total <= 0 or expected.total <= 0:
        raise DesignError(
            f"`{name}`: contacted customers have {total:.4g} after the contact and {expected.total:.4g} were expected; "
            "a ratio needs both above zero. Use a longer window or another outcome."
        )
    own = np.where(treated, weights * post, 0.0)
    log_influence = np.asarray(np.bincount(code, weights=own / total - expected.influence / expected.total), float)
    gap = (total - expected.total) / n_treated_rows
    row_gap = (own - expected.influence - np.where(treated, weights * gap, 0.0)) / n_treated_rows
    gap_influence = np.bincount(code, weights=row_gap)
    variance = float(np.sum(log_influence**2))
    counts = {"n_treated": np.unique(code[used & treated]).size, "n_comparison": np.unique(code[used & ~treated]).size}
    se_gap = math.sqrt(float(np.sum(gap_influence**2)))
    half = normal_quantile(level) * se_gap
    method = "issue-anchored ratio DiD"
    return RatioDid(
        ratio=ratio_estimate(name, total / expected.total, math.sqrt(variance), method=method, level=level, **counts),
        difference=Estimate(
            name=name,
            value=gap,
            low=gap - half,
            high=gap + half,
            level=level,
            se=se_gap,
            scale="difference",
            unit=unit,
            method=method + ", on the difference scale",
            **counts,
        ),
        treated_total=total,
        expected=expected,
        influence=log_influence,
        largest_share=float((log_influence**2).max() / variance) if variance > 0 else 0.0,
        bias_log=-expected.bias / expected.total,
    )


def _columns(
    before: ArrayLike, after: ArrayLike, contacted: ArrayLike, weight: ArrayLike
) -> tuple[Floats, Floats, NDArray[np.bool_], Floats]:
    pre, post, weights = (np.asarray(column, dtype=np.float64) for column in (before, after, weight))
    treated = np.asarray(contacted, dtype=bool)
    if not (pre.shape == post.shape == weights.shape == treated.shape and pre.ndim == 1):
        raise ValueError("All columns of a stack have the same number of rows.")
    if not (np.isfinite(pre).all() and np.isfinite(post).all() and np.isfinite(weights).all()):
        raise ValueError("A stack holds numbers only: zeros are kept, nothing is missing.")
    return pre, post, treated, weights
