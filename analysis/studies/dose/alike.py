"""By how much do customers of one kind differ from others who were alike before, and how sure is it?

Within strata, at the numbers of the first kind; a customer may be in many rows and in both kinds, and counts once in
the error. Which customers are alike is left to `rows`, what may be said to `study`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.inference.cells import Flags, Floats, Ints
from analysis.inference.compare import normal_quantile, ratio_estimate
from analysis.inference.estimate import Estimate

_METHOD = "difference within strata, at the numbers of the first group; errors by customer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Association:
    """A difference per customer and a ratio (None without purchases to compare), and who had nobody alike.

    `customers` and `others` count customers once; `unmatched` of `rows` rows had nobody in their stratum.
    """

    difference: Estimate
    ratio: Estimate | None
    customers: int
    others: int
    rows: int
    unmatched: int


def association(
    outcome: Floats, kind: Flags, other: Flags, stratum: Ints, customer: Ints, *, name: str, unit: str, level: float
) -> Association | None:
    """By how much is an outcome larger among one kind of rows than among the other kind in the same strata?

    Parameters
    ----------
    outcome : array of float, shape (n,)
    kind, other : array of bool, shape (n,)
        No row is both.
    stratum, customer : array of int, shape (n,)
        Codes from 0. One stratum for all gives the raw difference in means.
    name, unit : str
    level : float

    Returns
    -------
    Association or None
        None where no stratum has rows of both kinds, or fewer than two customers of one.

    Source
    ------
    Direct standardisation at the first group; influence of a row on it, summed by customer (Liang and Zeger 1986).

    Examples
    --------
    Two strata: 5 against 3, and 2 against 1; two rows of the first kind lie in the first of them.

    >>> found = association(np.array([5.0, 5, 3, 3, 2, 1, 1]), np.array([1, 1, 0, 0, 1, 0, 0]) == 1,
    ...                     np.array([0, 0, 1, 1, 0, 1, 1]) == 1, np.array([0, 0, 0, 0, 1, 1, 1]), np.arange(7),
    ...                     name="orders", unit="orders per customer", level=0.95)
    >>> round(found.difference.value, 6), round(found.ratio.value, 6), found.unmatched
    (1.666667, 1.714286, 0)
    """
    n_strata = int(stratum.max(initial=-1)) + 1
    one, two = (np.bincount(stratum, weights=part, minlength=n_strata) for part in (kind, other))
    both = (one > 0) & (two > 0)
    inside = both[stratum]
    first, second = kind & inside, other & inside
    customers, others = (len(np.unique(customer[part])) for part in (first, second))
    if min(customers, others) < 2:
        return None
    sums = np.bincount(stratum, weights=np.where(second, outcome, 0.0), minlength=n_strata)
    expected = np.divide(sums, two, out=np.zeros(n_strata), where=both)[stratum]
    weight = np.divide(one, two, out=np.zeros(n_strata), where=both)[stratum]
    n, left = float(first.sum()), outcome - expected
    had, would = float(outcome[first].sum()), float(expected[first].sum())
    value = (had - would) / n
    moved = np.where(first, left - value, 0.0) - np.where(second, weight * left, 0.0)
    se = _by_customer(moved, customer) / n
    half = normal_quantile(level) * se
    difference = Estimate(
        name=name,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=customers,
        n_comparison=others,
        method=_METHOD,
    )
    ratio = None
    if had > 0 and would > 0:
        of_log = np.where(first, outcome / had - expected / would, 0.0) - np.where(second, weight * left / would, 0.0)
        method = _METHOD.replace("difference", "ratio")
        se_log = _by_customer(of_log, customer)
        ratio = ratio_estimate(
            name, had / would, se_log, n_treated=customers, n_comparison=others, method=method, level=level
        )
    return Association(
        difference=difference,
        ratio=ratio,
        customers=customers,
        others=others,
        rows=int(kind.sum()),
        unmatched=int((kind & ~inside).sum()),
    )


def _by_customer(moved: Floats, customer: Ints) -> float:
    """Root of the sum over customers of what their rows add."""
    return math.sqrt(float(np.square(np.bincount(customer, weights=moved)).sum()))
