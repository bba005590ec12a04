"""Did chance do within each stratum what it was set to, and did it leave the arms alike there?

Where the odds differ by stratum, pooled counts say nothing: an arm that was given more of one stratum has more of all
that goes with it. `sample_ratio_within` holds the arms of every stratum against the stratum's own odds;
`association_p` asks whether something is spread alike over the arms once strata are told apart.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from analysis.inference.compare import SampleRatio

FEWEST_EXPECTED = 5.0
"""Strata in which an arm is expected to hold fewer customers are taken together, so that chi-squared holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRatioWithin:
    """A sample ratio over strata: the counts and expectations of all strata together, and where it is furthest off.

    Parameters
    ----------
    ratio : SampleRatio
    freedom : int
        Degrees of freedom: of every stratum one less than its arms.
    furthest : str or None
        The stratum that adds most to the statistic; None where rare strata were taken together, or none was compared.
    """

    ratio: SampleRatio
    freedom: int
    furthest: str | None = None


def sample_ratio_within(
    counts: Mapping[str | None, Mapping[str, int]], shares: Mapping[str | None, Mapping[str, float]]
) -> SampleRatioWithin:
    """Do the arms have, in each stratum, the sizes that the randomisation was set to give there?

    Parameters
    ----------
    counts : mapping of stratum to (mapping of arm to customers)
        An arm that a stratum leaves out counts as zero.
    shares : mapping of stratum to (mapping of arm to share)
        Intended shares, scaled to sum to 1 in each stratum; 0, or left out, where an arm was not to be had.

    Returns
    -------
    SampleRatioWithin
        Customers where none were to be make the p-value 0; strata too small to be judged by themselves are judged
        together.

    Raises
    ------
    ValueError
        If a stratum has no intended shares above zero, or there are no customers.

    Source
    ------
    Pearson (1900) on every stratum, summed; the threshold as in `compare.sample_ratio`.

    Examples
    --------
    >>> counts = {"new": {"a": 198, "control": 802}, "old": {"a": 805, "control": 195}}
    >>> odds = {"new": {"a": 0.2, "control": 0.8}, "old": {"a": 0.8, "control": 0.2}}
    >>> found = sample_ratio_within(counts, odds)
    >>> round(found.ratio.p_value, 4), found.freedom
    (0.9134, 2)
    """
    arms = sorted({arm for row in counts.values() for arm in row} | {arm for row in shares.values() for arm in row})
    total = dict.fromkeys(arms, 0)
    expected = dict.fromkeys(arms, 0.0)
    statistic, freedom, most = 0.0, 0, 0.0
    furthest: str | None = None
    rare: list[tuple[list[int], list[float]]] = []
    for stratum, row in counts.items():
        meant = shares.get(stratum, {})
        whole = sum(meant.values())
        if not whole > 0 or min(meant.values()) < 0:
            raise ValueError(f"Stratum `{stratum}` needs intended shares above zero.")
        seen = [row.get(arm, 0) for arm in arms]
        hoped = [sum(seen) * meant.get(arm, 0.0) / whole for arm in arms]
        for arm, count, hope in zip(arms, seen, hoped, strict=True):
            total[arm] += count
            expected[arm] += hope
        if any(count and not hope for count, hope in zip(seen, hoped, strict=True)):
            statistic, furthest, most = math.inf, stratum, math.inf
        elif min((hope for hope in hoped if hope > 0), default=0.0) < FEWEST_EXPECTED:
            rare.append((seen, hoped))
        else:
            off, free = _pearson(seen, hoped)
            statistic, freedom = statistic + off, freedom + free
            if off > most:
                most, furthest = off, stratum
    if rare:
        seen = [sum(column) for column in zip(*(row for row, _ in rare), strict=True)]
        hoped = [math.fsum(column) for column in zip(*(row for _, row in rare), strict=True)]
        if min((hope for hope in hoped if hope > 0), default=0.0) >= FEWEST_EXPECTED:
            off, free = _pearson(seen, hoped)
            statistic, freedom = statistic + off, freedom + free
            furthest = None if off > most else furthest
    if not sum(total.values()):
        raise ValueError("A sample ratio needs customers.")
    p_value = 0.0 if math.isinf(statistic) else float(special.chdtrc(freedom, statistic)) if freedom else 1.0
    ratio = SampleRatio(counts=total, expected=expected, statistic=statistic, p_value=p_value)
    return SampleRatioWithin(ratio=ratio, freedom=freedom, furthest=furthest)


def _pearson(seen: Sequence[int], hoped: Sequence[float]) -> tuple[float, int]:
    told = [(count, hope) for count, hope in zip(seen, hoped, strict=True) if hope > 0]
    return math.fsum((count - hope) ** 2 / hope for count, hope in told), len(told) - 1


def association_p(tables: Sequence[Sequence[Sequence[int]]]) -> float:
    """How often would chance alone spread values so unevenly over the arms, were they alike within every stratum?

    Parameters
    ----------
    tables : sequence of arrays of int, shape (n_values, n_arms)
        One for each stratum, with the same values and arms in the same order.

    Returns
    -------
    float
        The p-value of the generalised Cochran–Mantel–Haenszel test of any association; 1 where nothing can differ.
        Strata may be small, since only what they come to together is judged; what cancels between strata is not seen.

    Source
    ------
    Landis, Heyman and Koch (1978), International Statistical Review 46. For two values and two arms it is the test of
    Mantel and Haenszel (1959) without a correction for continuity.

    Examples
    --------
    >>> round(association_p([[[60, 40], [40, 60]]]), 6), association_p([[[60, 40]]])
    (0.004782, 1.0)
    """
    shapes = {np.asarray(table).shape for table in tables}
    if len(shapes) != 1:
        raise ValueError("Every stratum needs the same values and arms.")
    ((values, arms),) = shapes
    if min(values, arms) < 2:
        return 1.0
    gap = np.zeros((values - 1) * (arms - 1))
    spread = np.zeros((gap.size, gap.size))
    for table in tables:
        found = np.asarray(table, dtype=float)
        n = found.sum()
        if n < 2:
            continue
        by_value, by_arm = found.sum(axis=1) / n, found.sum(axis=0) / n
        gap += (found - n * np.outer(by_value, by_arm))[:-1, :-1].ravel()
        one = (np.diag(by_value) - np.outer(by_value, by_value))[:-1, :-1]
        other = (np.diag(by_arm) - np.outer(by_arm, by_arm))[:-1, :-1]
        spread += n**2 / (n - 1) * np.kron(one, other)
    inverse, rank = np.linalg.pinv(spread, hermitian=True), int(np.linalg.matrix_rank(spread, hermitian=True))
    return float(special.chdtrc(rank, gap @ inverse @ gap)) if rank else 1.0
