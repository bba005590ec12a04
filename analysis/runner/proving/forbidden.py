"""Which plausible estimators give wrong numbers? They are kept here, and only here, so that their error can be shown.

Each takes the rows of a study, with a column `stratum` for the stratum that the study has put them in, and gives an
`Estimate` with an interval made as carefully as ours: what is wrong with them is no matter of the interval. The raw
figures that everybody reports (the customers' own before and after, users against others) stand beside those that look
as if they were adjusted. None is ever used in a study.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.inference.cells import groups_of
from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.panel_effects import count_weights, ratio_did
from analysis.studies.stack import Layout, window

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Wrong = Callable[[pd.DataFrame, Layout], Estimate]

CELLS = ("month", "product", "recent", "lately", "observed")
STRATUM = "stratum"
"""The column of the stratum that the default study puts a row in."""
LOW_SHARE, HIGH_SHARE = 1 / 3, 2 / 3
"""Below and above which shares of contacted customers the bands of low and high spenders lie."""


def total(rows: pd.DataFrame, outcome: str, first: int, last: int) -> Floats:
    """One outcome of each row summed over months relative to the index month, shape (n_rows,)."""
    return np.asarray(rows[list(window(outcome, first, last))].to_numpy(np.float64).sum(axis=1))


def before_after(
    rows: pd.DataFrame, layout: Layout, outcome: str = "orders", *, with_index_month: bool = False
) -> Estimate:
    """By what factor did contacted customers' own monthly figure change? Raw: the harm of the issue is in it.

    With the index month counted as before, the issue that made them contacted counts against the months after.

    Examples
    --------
    >>> months = {"orders_m1": [4, 9], "orders_0": [1, 9], "orders_p1": [3, 9]}
    >>> rows = pd.DataFrame({"customer": [0, 1], "arm": [1, 0], **months})
    >>> layout = Layout(begin=None, end=None, first=None, last=None, before=1, after=1, outcomes=())
    >>> before_after(rows, layout).value
    0.75
    """
    own = rows[rows["arm"] == 1]
    last = 0 if with_index_month else -1
    before = total(own, outcome, last - layout.before + 1, last)
    after = total(own, outcome, 1, layout.after)
    influence = _by_customer(after / after.sum() - before / before.sum(), own["customer"])
    n = int(own["customer"].nunique())
    value = float(after.sum() / before.sum()) * layout.before / layout.after
    return _ratio(outcome, value, influence, n, n, "raw ratio of after to before")


def issues_before_after(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """The raw ratio of issues after to before, the index month counted as before."""
    return before_after(rows, layout, "issues", with_index_month=True)


def user_gap(orders: Floats, user: Flags) -> Estimate:
    """How many times as many orders have customers who ever used social? Raw: who chooses social bought more before.

    Parameters
    ----------
    orders : array of float, shape (n_customers,)
    user : array of bool, shape (n_customers,)

    Examples
    --------
    >>> round(user_gap(np.array([3.0, 5.0, 2.0, 2.0]), np.array([True, True, False, False])).value, 6)
    2.0
    """
    one, other = orders[user], orders[~user]
    influence = np.concatenate([(one / one.mean() - 1) / one.size, (1 - other / other.mean()) / other.size])
    value = float(one.mean() / other.mean())
    return _ratio("orders", value, influence, one.size, other.size, "raw ratio of users to others")


def ratio_per_stratum(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """One growth ratio for each fully crossed stratum, then pooled: thin cells bend the growth they carry."""
    return _per_stratum(rows, layout, [rows[name].to_numpy() for name in CELLS], "one ratio per stratum, pooled")


def prior_order_strata(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """The same, within strata of the orders of the baseline window: chance is taken for likeness, and reverts."""
    prior = total(rows, "orders", -layout.before, -1).astype(np.int64)
    columns = [*(rows[name].to_numpy() for name in CELLS), prior]
    return _per_stratum(rows, layout, columns, "strata on prior orders of the baseline window")


def additive_did(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """Orders expected by adding the comparison's change, as a ratio: those who buy more also change by more."""
    before, after = total(rows, "orders", -layout.before, -1), total(rows, "orders", 1, layout.after)
    arm = rows["arm"].to_numpy() == 1
    weight = count_weights(rows[STRATUM].to_numpy(), arm)
    change = after - before
    n = float(weight[arm].sum())
    theirs = float(weight[~arm] @ change[~arm]) / float(weight[~arm].sum())
    actual, expected = float(weight[arm] @ after[arm]), float(weight[arm] @ before[arm]) + n * theirs
    own = weight * (after / actual - (before + theirs) / expected)
    others = -weight * (change - theirs) / float(weight[~arm].sum()) * n / expected
    influence = _by_customer(np.where(arm, own, others), rows["customer"])
    return _ratio("orders", actual / expected, influence, *_sizes(rows, weight > 0), "additive DiD, as a ratio")


def low_band(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """The effect on low spenders, told by the baseline window itself: they were low by chance, and rise."""
    prior = total(rows, "orders", -layout.before, -1)
    edge = np.quantile(prior[rows["arm"].to_numpy() == 1], LOW_SHARE)
    return default_on_rows(rows, layout, prior <= edge, "low spend band of the baseline window")


def high_band(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """The effect on high spenders, told by the baseline window itself."""
    prior = total(rows, "orders", -layout.before, -1)
    edge = np.quantile(prior[rows["arm"].to_numpy() == 1], HIGH_SHARE)
    return default_on_rows(rows, layout, prior > edge, "high spend band of the baseline window")


def issues_ratio_did(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """Issues by ratio DiD on earlier issues: whoever has not been on social yet has had few, and has more later."""
    return _did(rows, layout, "issues", count_weights(_codes(rows, ("month", "observed")), rows["arm"] == 1))


def issues_recent_strata(rows: pd.DataFrame, layout: Layout) -> Estimate:
    """Issues compared after the contact, within strata of the last six months: what lies before them is forgotten."""
    arm = rows["arm"].to_numpy() == 1
    stratum = _codes(rows, CELLS)
    after = total(rows, "issues", 1, layout.after)
    weight = count_weights(stratum, arm)
    fit = ratio_did(
        name="issues",
        unit="issues per customer",
        before=np.ones(len(rows)),
        after=after,
        contacted=arm,
        month=stratum,
        weight=weight,
        customer=rows["customer"],
    ).ratio
    return _ratio_of(fit, "issues after, strata of six months")


def default_on_rows(
    rows: pd.DataFrame, layout: Layout, part: Flags | None = None, method: str | None = None
) -> Estimate:
    """The default estimator of orders, written on rows, for a part of them: with all rows the second road of ours.

    Parameters
    ----------
    rows : DataFrame
        Rows of the study, as `analysis.studies.stack` describes them, with `stratum`.
    layout : Layout
    part : array of bool, shape (n_rows,), optional
    method : str, optional
        What it is called.
    """
    used = rows if part is None else rows[part]
    fit = _did(used, layout, "orders", count_weights(used[STRATUM].to_numpy(), used["arm"] == 1))
    return _ratio_of(fit, method) if method else fit


FORBIDDEN: Mapping[str, tuple[str, Wrong]] = MappingProxyType(
    {
        "ratio_per_stratum": ("orders_ratio", ratio_per_stratum),
        "prior_order_strata": ("orders_ratio", prior_order_strata),
        "additive_did": ("orders_ratio", additive_did),
        "low_band": ("orders_ratio", low_band),
        "high_band": ("orders_ratio", high_band),
        "issues_ratio_did": ("issues_ratio", issues_ratio_did),
        "issues_recent_strata": ("issues_ratio", issues_recent_strata),
        "issues_before_after": ("issues_ratio", issues_before_after),
    }
)
"""What each is judged against, and how it is computed."""


def _did(rows: pd.DataFrame, layout: Layout, outcome: str, weight: Floats) -> Estimate:
    return ratio_did(
        name=outcome,
        unit=f"{outcome} per customer",
        before=total(rows, outcome, -layout.before, -1),
        after=total(rows, outcome, 1, layout.after),
        contacted=rows["arm"] == 1,
        month=rows["month"],
        weight=weight,
        customer=rows["customer"],
    ).ratio


def _codes(rows: pd.DataFrame, columns: Sequence[str]) -> Ints:
    return groups_of([rows[name].to_numpy() for name in columns])


def _per_stratum(rows: pd.DataFrame, layout: Layout, columns: list[Ints], method: str) -> Estimate:
    before, after = total(rows, "orders", -layout.before, -1), total(rows, "orders", 1, layout.after)
    arm = rows["arm"].to_numpy() == 1
    stratum = groups_of(columns)
    weight = count_weights(stratum, arm)
    theirs = np.bincount(stratum, weights=np.where(arm, 0.0, weight * before))
    weight = np.where(theirs[stratum] > 0, weight, 0.0)  # where there is nothing to carry forward: trimmed
    fit = ratio_did(
        name="orders",
        unit="orders per customer",
        before=before,
        after=after,
        contacted=arm,
        month=stratum,
        weight=weight,
        customer=rows["customer"],
    ).ratio
    return _ratio_of(fit, method)


def _ratio_of(fit: Estimate, method: str) -> Estimate:
    counts = {"n_treated": fit.n_treated, "n_comparison": fit.n_comparison}
    return ratio_estimate(fit.name, fit.value, float(fit.se_log or 0.0), method=method, level=fit.level, **counts)


def _ratio(name: str, value: float, influence: Floats, n_treated: int, n_comparison: int, method: str) -> Estimate:
    se_log = math.sqrt(float(influence @ influence))
    return ratio_estimate(name, value, se_log, n_treated=n_treated, n_comparison=n_comparison, method=method)


def _by_customer(influence: Floats, customer: pd.Series) -> Floats:
    return np.asarray(np.bincount(customer.to_numpy(), weights=influence), dtype=float)


def _sizes(rows: pd.DataFrame, used: Flags) -> tuple[int, int]:
    arm = rows["arm"].to_numpy() == 1
    customer = rows["customer"].to_numpy()
    return int(np.unique(customer[used & arm]).size), int(np.unique(customer[used & ~arm]).size)
