"""How unlike could matched units have been, in ways nobody recorded, before a finding could be chance?

Rosenbaum's bounds for pairs (signed ranks; McNemar's test for yes or no): the largest p-value when two units alike on
record differ by at most a factor `gamma` in their odds of treatment, the gamma at which it crosses the level
(`critical_gamma`), and what is left of the size of the effect (`shift_bounds`). Strata of any size are left to
`rosenbaum_strata`, how units were matched to the studies, hidden causes of ratios and coefficients to `sensitivity`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Bounds

Floats = NDArray[np.float64]
Alternative = Literal["greater", "less", "two-sided"]

EXACT = 30
"""Up to this many pairs that differ, the distribution of the sum of ranks is built up rank by rank."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftBounds:
    """What biases up to gamma leave of an added effect: its range of estimates, and the ends of all its intervals."""

    gamma: float
    estimate: Bounds
    interval: Bounds


def signed_rank_p(differences: ArrayLike, gamma: float = 1.0, *, alternative: Alternative = "greater") -> float:
    """What is the largest p-value of Wilcoxon's signed-rank test if hidden biases are at most `gamma`?

    Parameters
    ----------
    differences : array of float, shape (n_pairs,)
        Treated less comparison unit of each pair; pairs without a difference are ranked and given no weight.
    gamma : float
        Largest ratio of the odds of treatment of two units of a pair; 1 is no hidden bias.
    alternative : {"greater", "less", "two-sided"}
        Whether the treated are expected higher, lower, or either (twice the smaller bound).

    Raises
    ------
    DesignError
        If a difference is missing, or none is other than 0.
    ValueError
        If gamma is below 1 or there is no such alternative.

    Assumes
    -------
    Pairs are independent. Up to 30 pairs that differ the p-value is exact; with more the sum of ranks is normal.

    Source
    ------
    Rosenbaum (2002), Observational Studies, section 4.3. Reference values: tests/golden/rosenbaum.

    Examples
    --------
    Of ranks 1 to 5 the second is negative. As little or less is, where none or only the first or second is: 3 ways of
    32. With gamma 2 these have the chances 32, 16 and 16 of 243.

    >>> signed_rank_p([1.0, -2.0, 3.0, 4.0, 5.0])
    0.09375
    >>> round(signed_rank_p([1.0, -2.0, 3.0, 4.0, 5.0], gamma=2.0), 6) == round(64 / 243, 6)
    True
    """
    values = _differences(differences)
    chance = largest_chance(gamma)
    if np.count_nonzero(values) <= EXACT:
        return by_side(lambda sign: _exact_p(sign * values, chance), alternative)
    return by_side(lambda sign: float(special.ndtr(-_signed_rank_z(sign * values, chance))), alternative)


def mcnemar_p(
    treated_only: int, comparison_only: int, gamma: float = 1.0, *, alternative: Alternative = "greater"
) -> float:
    """What is the largest p-value of McNemar's test if hidden biases are at most `gamma`? Exact.

    Parameters
    ----------
    treated_only, comparison_only : int
        Pairs in which only the treated, or only the comparison unit, had the outcome.
    gamma, alternative
        As in `signed_rank_p`.

    Raises
    ------
    DesignError
        If no pair differs.
    ValueError
        If a count is negative, gamma below 1, or there is no such alternative.

    Source
    ------
    Rosenbaum (2002), section 4.3.2. Reference values: tests/golden/rosenbaum.

    Examples
    --------
    Ten pairs differ, the treated unit has the outcome in all: 1/2 and 2/3 to the tenth.

    >>> round(mcnemar_p(10, 0), 6), round(mcnemar_p(10, 0, gamma=2.0), 6)
    (0.000977, 0.017342)
    """
    if treated_only < 0 or comparison_only < 0:
        raise ValueError(f"Counts of pairs are not negative: {treated_only} and {comparison_only}.")
    pairs = treated_only + comparison_only
    if pairs == 0:
        raise DesignError("In no pair did one unit only have the outcome, so there is nothing to compare.")
    chance = largest_chance(gamma)

    def at_least(sign: int) -> float:
        count = treated_only if sign > 0 else comparison_only
        return 1.0 if count == 0 else float(special.bdtrc(count - 1, pairs, chance))

    return by_side(at_least, alternative)


def critical_gamma(p_value: Callable[[float], float], level: float = 0.05) -> float | None:
    """How large can a hidden bias be before the finding could be chance?

    Parameters
    ----------
    p_value : callable
        The largest p-value for a gamma: `lambda gamma: signed_rank_p(differences, gamma)`.
    level : float
        Of the test.

    Returns
    -------
    float or None
        The gamma up to which the p-value stays at or below the level, to a part in 10^9, from below; None where it is
        above the level without any hidden bias, infinity where it stays below up to a gamma of 10^9.

    Examples
    --------
    Ten pairs of ten: p = (gamma / (1 + gamma)) ** 10 is 0.05 at 2.863.

    >>> round(critical_gamma(lambda gamma: mcnemar_p(10, 0, gamma)), 3)
    2.863
    >>> critical_gamma(lambda gamma: mcnemar_p(6, 4, gamma)) is None
    True
    """
    if not 0 < level < 1:
        raise ValueError(f"A level lies between 0 and 1, not {level}.")
    if p_value(1.0) > level:
        return None
    inside, outside = 1.0, 2.0
    while p_value(outside) <= level:
        inside, outside = outside, 2 * outside
        if outside > 1e9:
            return math.inf
    while outside - inside > 1e-9 * inside:
        middle = (inside + outside) / 2
        inside, outside = (middle, outside) if p_value(middle) <= level else (inside, middle)
    return inside


def shift_bounds(
    differences: ArrayLike, gamma: float, *, level: float = 0.95, name: str = "effect", unit: str = "per customer"
) -> ShiftBounds:
    """Which added effects are left if hidden biases are at most `gamma`? By Hodges and Lehmann's method.

    Parameters
    ----------
    differences : array of float, shape (n_pairs,)
        Treated less comparison unit of each pair.
    gamma : float
        As in `signed_rank_p`.
    level : float
        Coverage of the interval.
    name, unit : str
        Of the result.

    Returns
    -------
    ShiftBounds
        The range of the Hodges-Lehmann estimate and the outer ends of its interval, both by the normal distribution
        whatever the number of pairs. With gamma 1 the usual estimate
        (both ends the same) and interval.

    Raises
    ------
    DesignError
        If a difference is missing, or none is other than 0.
    ValueError
        If gamma or the level make no sense.

    Assumes
    -------
    The treatment adds the same to every treated unit; else as `signed_rank_p`.

    Source
    ------
    Rosenbaum (2002), section 4.3.5. Reference values: tests/golden/rosenbaum.

    Examples
    --------
    With no bias the median of the mean of each two differences: here the middle of 1 and 2 is 2 too.

    >>> round(shift_bounds([1.0, 2.0, 3.0, 2.0, 2.0], 1.0).estimate.low, 9)
    2.0
    """
    values = _differences(differences)
    if not 0.5 <= level < 1:
        raise ValueError(f"A level lies between 0.5 and 1, not {level}.")
    high_chance = largest_chance(gamma)
    z = float(special.ndtri((1 + level) / 2))
    ends = [
        _shift(values, chance, target)
        for chance, target in ((high_chance, 0.0), (1 - high_chance, 0.0), (high_chance, z), (1 - high_chance, -z))
    ]
    assumes = f"two units of a pair differ by at most a factor {gamma:g} in their odds of treatment"
    low, high = min(ends[0], ends[1]), max(ends[0], ends[1])
    return ShiftBounds(
        gamma=gamma,
        estimate=Bounds(name=name, low=low, high=high, unit=unit, assumes=assumes),
        interval=Bounds(name=name, low=min(ends[2], low), high=max(ends[3], high), unit=unit, assumes=assumes),
    )


def _differences(differences: ArrayLike) -> Floats:
    values = np.asarray(differences, dtype=np.float64)
    if values.ndim != 1:
        raise ValueError(f"Each pair has one difference, not {values.shape}.")
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise DesignError(f"{missing:,} of {len(values):,} pairs have no difference. Leave them out and count them.")
    if not values.any():
        raise DesignError(f"None of {len(values):,} pairs has a difference other than 0: there is nothing to rank.")
    return values


def largest_chance(gamma: float) -> float:
    """The largest chance that the treated unit of a pair is the one with the larger outcome, by the bias alone.

    Raises
    ------
    ValueError
        If gamma is below 1 or not finite.

    Examples
    --------
    >>> largest_chance(3.0)
    0.75
    """
    if not (math.isfinite(gamma) and gamma >= 1):
        raise ValueError(f"Gamma is a ratio of odds from 1 on, not {gamma}.")
    return gamma / (1 + gamma)


def by_side(upper: Callable[[int], float], alternative: Alternative) -> float:
    """The p-value asked for, from the one of the side +1 (the treated higher) or -1; two-sided twice the smaller.

    Raises
    ------
    ValueError
        If there is no such alternative.

    Examples
    --------
    >>> by_side(lambda sign: 0.02 if sign > 0 else 0.99, "two-sided")
    0.04
    """
    if alternative == "two-sided":
        return min(1.0, 2 * min(upper(1), upper(-1)))
    if alternative not in ("greater", "less"):
        raise ValueError(f"The alternative is `greater`, `less` or `two-sided`, not `{alternative}`.")
    return upper(1 if alternative == "greater" else -1)


def mid_ranks(values: Floats) -> Floats:
    """Ranks from 1; equal values share the mean of theirs.

    Examples
    --------
    >>> mid_ranks(np.array([5.0, 2.0, 5.0]))
    array([2.5, 1. , 2.5])
    """
    _, code, counts = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(counts) - (counts - 1) / 2)[code.reshape(-1)], dtype=np.float64)


def _exact_p(values: Floats, chance: float) -> float:
    """The chance of a sum of positive ranks as large as this, if each rank is positive with this chance."""
    twice = np.rint(2 * mid_ranks(np.abs(values))).astype(np.int64) * (values != 0)
    chances = np.zeros(int(twice.sum()) + 1)
    chances[0] = 1.0
    for rank in twice[twice > 0]:
        moved = (1 - chance) * chances
        moved[rank:] += chance * chances[:-rank]
        chances = moved
    return min(1.0, float(chances[int(twice[values > 0].sum()) :].sum()))


def _signed_rank_z(values: Floats, chance: float) -> float:
    """The sum of positive ranks less its mean, over its deviation, if each rank is positive with this chance."""
    ranks = mid_ranks(np.abs(values)) * (values != 0)
    deviation = math.sqrt(chance * (1 - chance) * float(ranks @ ranks))
    beyond = float(ranks[values > 0].sum()) - chance * float(ranks.sum())
    return beyond / deviation if deviation > 0 else 0.0


def _shift(values: Floats, chance: float, target: float) -> float:
    """The shift at which the deviate falls to its target: the middle, where it stays on it for a stretch."""
    span = float(np.ptp(values)) + 1.0

    def last(above: Callable[[float], bool]) -> float:
        low, high = float(values.min()) - span, float(values.max()) + span
        while high - low > 1e-13 * max(1.0, abs(low), abs(high)):
            middle = (low + high) / 2
            low, high = (middle, high) if above(_signed_rank_z(values - middle, chance)) else (low, middle)
        return (low + high) / 2

    return (last(lambda z: z > target) + last(lambda z: z >= target)) / 2
