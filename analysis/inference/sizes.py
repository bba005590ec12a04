"""How many units does a test take?

The fewest whose power suffices, to find an effect or to rule out a harm. What power a test of given sizes has is left
to `power`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from analysis.foundation.errors import DesignError
from analysis.inference.power import Baseline, must_be_power, non_inferiority_power, power_of

MOST_UNITS = 10**12
"""A test that needs more is called impossible."""


@dataclass(frozen=True, slots=True)
class Sizes:
    """Units in the treated arm and in the comparison arm."""

    treated: int
    comparison: int

    @property
    def total(self) -> int:
        return self.treated + self.comparison


def needed_sizes(
    baseline: Baseline,
    effect: float,
    *,
    share: float = 0.5,
    power: float = 0.8,
    level: float = 0.95,
    reach: float | None = None,
) -> Sizes:
    """How many units does it take to find `effect` with the power asked for?

    Parameters
    ----------
    effect : float
        In the unit of the outcome, below zero for a fall.
    share : float
        Of all units that go to the treated arm.

    Raises
    ------
    ValueError
        If the effect is zero, or a share or power out of range.
    DesignError
        If the effect cannot happen, or takes more than 10^12 units.

    Examples
    --------
    >>> needed_sizes(Baseline(kind="mean", mean=10, variance=4), 0.5)
    Sizes(treated=252, comparison=253)
    >>> needed_sizes(Baseline(kind="share", mean=0.1, variance=0.09), 0.02)
    Sizes(treated=3840, comparison=3839)
    """
    must_be_power(power, level)
    if effect == 0 or not math.isfinite(effect):
        raise ValueError("No test is large enough to find an effect of zero; name the smallest that matters.")
    if abs(effect) > baseline.most(fall=effect < 0):
        raise DesignError(f"The outcome is {baseline.mean:.4g} on average, and cannot change by {effect:.4g}.")
    return _fewest(
        lambda n: power_of(baseline, effect, n_treated=n.treated, n_comparison=n.comparison, level=level, reach=reach),
        power,
        share,
        f"an effect of {effect:.4g}",
    )


def needed_sizes_within(
    baseline: Baseline, margin: float, *, share: float = 0.5, power: float = 0.8, level: float = 0.95
) -> Sizes:
    """How many units does it take to rule out a harm of `margin`, if there is none?

    Raises
    ------
    ValueError
        If the margin is not above zero, or a share or power out of range.
    DesignError
        If it takes more than 10^12 units.

    Examples
    --------
    >>> needed_sizes_within(Baseline(kind="mean", mean=10, variance=4), 0.5)
    Sizes(treated=252, comparison=253)
    """
    must_be_power(power, level)
    return _fewest(
        lambda n: non_inferiority_power(baseline, margin, n_treated=n.treated, n_comparison=n.comparison, level=level),
        power,
        share,
        f"a margin of {margin:.4g}",
    )


def _fewest(reached: Callable[[Sizes], float], power: float, share: float, what: str) -> Sizes:
    """The smallest total whose power suffices; more units never have less of it."""
    if not 0 < share < 1:
        raise ValueError(f"The share of the treated lies between 0 and 1, not at {share}.")

    def sizes(total: int) -> Sizes:
        treated = min(max(round(total * share), 2), total - 2)
        return Sizes(treated, total - treated)

    low, high = 3, 4
    while reached(sizes(high)) < power:
        low, high = high, high * 2
        if high > MOST_UNITS:
            raise DesignError(f"To find {what} takes more than {MOST_UNITS:,} units. Ask for a larger one.")
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if reached(sizes(middle)) >= power else (middle, high)
    return sizes(high)
