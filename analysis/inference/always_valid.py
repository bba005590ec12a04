"""By how much do two groups differ, so far, for somebody who looks again and again and stops when it pleases them?

An interval that holds at all looks at once: the truth lies in every one of them in 95 of 100 experiments, however often
one looks and whenever one stops. The price is its width: half as wide again as an interval looked at once, or more.
Which looks were declared, and what counts as money, is left to `analysis.studies.experiment.looks`.
"""

from __future__ import annotations

import math
from dataclasses import replace

from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.compare import difference_in_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments

FEWEST_AT_FIRST = 500
"""Customers of the smaller arm at the first look; for money as many whose amount is not zero."""


def always_valid(
    treated: Moments,
    comparison: Moments,
    measure: str,
    *,
    first: int,
    maximum: int,
    unit: str,
    level: float = 0.95,
    name: str | None = None,
) -> Estimate:
    """How much larger is the mean of `measure` among the treated, in an interval that holds at every look?

    Parameters
    ----------
    treated, comparison : Moments
        Of the two groups, at the grain that was randomised.
    measure : str
    first, maximum : int
        Customers of the smaller arm at the first look and at the last one, both declared beforehand. The interval is
        narrowest half-way between them on the log scale. It goes on holding after the last look, ever wider than need
        be.
    unit : str
        Unit of the difference, per customer.
    level : float
    name : str, optional

    Returns
    -------
    Estimate
        Value and standard error are those of `compare.difference_in_means`; the interval is wider.

    Raises
    ------
    TooSoon
        If an arm is smaller than the first look.
    DesignError
        If the first look was declared at fewer than 500 customers an arm, or after the last one.

    Assumes
    -------
    Groups grow in proportion. By the first look means are close to normal. In 1,000 to 2,000 samples each, of equal
    arms and a look every 100 customers from 500 to 10,000, some look excluded no effect in 2.0 to 2.4 % (normal, and
    shares of 0.5 to 20 %) and in less than 1 % (lognormal amounts, half or nine tenths of them zero); the interval made
    for one look did in a third.

    Source
    ------
    Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas (2024), Annals of Statistics 52, "Time-uniform central limit theory
    and asymptotic confidence sequences", equation 9, tuned as in their appendix. Reference values:
    tests/golden/always_valid.

    Examples
    --------
    >>> one = Moments.from_rows(("orders",), [[value] for value in (1, 2, 3, 4)] * 250)
    >>> other = Moments.from_rows(("orders",), [[value] for value in (0, 1, 2, 3)] * 250)
    >>> found = always_valid(one, other, "orders", first=500, maximum=5000, unit="orders per customer")
    >>> round(found.value, 6), round(found.low, 4), round(found.high, 4)
    (1.0, 0.8471, 1.1529)
    """
    named = name or measure
    if first < FEWEST_AT_FIRST or maximum < first:
        raise DesignError(
            f"`{named}`: looks from {first:,} to {maximum:,} customers an arm were declared. The first needs "
            f"{FEWEST_AT_FIRST} at least, and the last comes after it."
        )
    smaller = min(treated.n, comparison.n)
    if smaller < first:
        raise TooSoon(
            f"`{named}`: the smaller arm has {smaller:,} customers, and the first look was declared at {first:,}. Wait "
            "for more."
        )
    once = difference_in_means(treated, comparison, measure, unit=unit, level=level, name=name)
    half = half_width(once.se, smaller, math.sqrt(first * maximum), level=level)
    return replace(
        once,
        low=once.value - half,
        high=once.value + half,
        method=f"difference in means, always-valid interval from {first:,} to {maximum:,} customers an arm",
    )


def half_width(se: float, n: float, tuned: float, *, level: float = 0.95) -> float:
    """How far does an always-valid interval reach to either side?

    Parameters
    ----------
    se : float
        Standard error of the estimate now.
    n : float
        Customers now.
    tuned : float
        Customers at which the interval is to be narrowest, counted in the same way.
    level : float

    Examples
    --------
    >>> round(half_width(1.0, 5000, 5000), 4), round(half_width(1.0, 500, 5000), 4)
    (3.0352, 3.8551)
    """
    alpha = 1 - level
    grown = n / tuned * (math.log(1 - 2 * math.log(alpha)) - 2 * math.log(alpha))
    return se * math.sqrt(2 * (grown + 1) / grown * math.log(math.sqrt(grown + 1) / alpha))
