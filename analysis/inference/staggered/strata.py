"""What did a treatment that began at different times do, among units of the same stratum? From each stratum's sums.

ATT(g, t) when the covariates are categories and every combination may have a trend of its own: the change of a cohort's
units beyond that of the controls of the same stratum, averaged over the strata as the cohort's units fall into them.
Outcome regression, weighting and doubly robust estimation are then one and the same, and need nothing but each
stratum's `CohortSums`: no rows. Covariates that are not categories are left to `rows`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import CohortSums
from analysis.inference.staggered.design import Comparison, Design
from analysis.inference.staggered.group_time import Base, Control, GroupTime

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Block:
    """Units of one cohort in one stratum: the cohort's place, their number, mean path and scatter about it."""

    stratum: int
    place: int
    n: int
    mean: Floats
    scatter: Floats


def group_time_strata(
    strata: Mapping[str, CohortSums], *, control: Control = "never", base: Base = "varying", anticipation: int = 0
) -> GroupTime:
    """By how much did each cohort change in each period beyond controls of the same stratum?

    Parameters
    ----------
    strata : mapping of str to CohortSums
        The sums of each stratum's units, over the same periods. Strata are told from what was known before the first
        period that is compared.
    control, base, anticipation
        As in `group_time`.

    Returns
    -------
    GroupTime
        As from `group_time`; with one stratum the very same numbers.

    Raises
    ------
    DesignError
        If treated units are in strata without controls, units join after the first period, or nothing can be compared.
    ValueError
        If there are no strata, or their periods differ.

    Assumes
    -------
    Within each stratum, changes without the treatment would have been the same in the cohort and its controls.

    Source
    ------
    Callaway and Sant'Anna (2021) with saturated covariates; the influences are those of `rows` with a column
    for each stratum, to which the tests compare them.

    Examples
    --------
    >>> few = CohortSums.of([[0, 3], [1, 4], [0, 1], [1, 2]], cohort=[2, 2, 0, 0])
    >>> many = CohortSums.of([[0, 5], [1, 6], [0, 1], [1, 2]], cohort=[2, 2, 0, 0])
    >>> group_time_strata({"few": few, "many": many}).att
    array([3.])
    """
    if not strata:
        raise ValueError("There are no strata.")
    parts = list(strata.values())
    periods = parts[0].periods
    if any(not np.array_equal(part.periods, periods) for part in parts):
        raise ValueError("Strata are summed over the same periods.")
    late = sum(int(part.n[part.first > periods[0]].sum()) for part in parts)
    if late:
        raise DesignError(
            f"{late:,} units are observed from later than period {periods[0]} on; within strata every unit needs every "
            "period. Leave these units out and count them, or begin later."
        )
    began = np.unique(np.concatenate([part.cohorts for part in parts]))
    sizes = np.zeros(len(began), dtype=np.int64)
    for part in parts:
        np.add.at(sizes, np.searchsorted(began, part.cohorts), part.n)
    design = Design.of(began, sizes, periods, control=control, base=base, anticipation=anticipation)
    blocks = [
        _Block(stratum, int(place), int(n), mean, scatter)
        for stratum, part in enumerate(parts)
        for place, n, mean, scatter in zip(
            design.place(part.cohorts, int(periods[-1])), part.n, part.means(), part.scatter(), strict=True
        )
        if place >= 0 and n > 0
    ]
    return _compared(design, blocks, tuple(strata), len(periods))


def _compared(design: Design, blocks: list[_Block], names: tuple[str, ...], wide: int) -> GroupTime:
    n_cells = len(design.outline.att)
    att, contrasts = np.zeros(n_cells), np.zeros((n_cells, wide))
    slope, level = np.zeros((2, len(blocks), n_cells))
    for one in design.comparisons:
        contrasts[one.cells] = one.changes(np.eye(wide)).T
        shares, expected = _expected(design, one, blocks, names)
        own = sum(block.n for block in blocks if block.place == one.cohort)
        changes = {i: one.changes(block.mean) for i, block in enumerate(blocks) if block.stratum in expected}
        att[one.cells] = sum(
            block.n / own * (changes[i] - expected[block.stratum][1])
            for i, block in enumerate(blocks)
            if block.place == one.cohort
        )
        for i, block in enumerate(blocks):
            if block.place == one.cohort:
                slope[i, one.cells] = 1 / own
                level[i, one.cells] = (changes[i] - expected[block.stratum][1] - att[one.cells]) / own
            elif block.place in one.controls and block.stratum in expected:
                others, path = expected[block.stratum]
                weight = shares[block.stratum] / others
                slope[i, one.cells] = -weight
                level[i, one.cells] = -weight * (changes[i] - path)
    covariance, totals = np.zeros((n_cells, n_cells)), np.zeros((n_cells, len(design.cohorts)))
    for i, block in enumerate(blocks):
        moved = np.flatnonzero(slope[i])
        turned = slope[i, moved, None] * contrasts[moved]
        covariance[np.ix_(moved, moved)] += turned @ block.scatter @ turned.T
        covariance += block.n * np.outer(level[i], level[i])
        totals[:, block.place] += block.n * level[i]
    return GroupTime(**design.parts(att, covariance, totals))


def _expected(
    design: Design, one: Comparison, blocks: list[_Block], names: tuple[str, ...]
) -> tuple[dict[int, float], dict[int, tuple[int, Floats]]]:
    """Of each stratum with units of the cohort: its share of them, and its controls and their mean change."""
    treated: dict[int, int] = {}
    for block in blocks:
        if block.place == one.cohort:
            treated[block.stratum] = treated.get(block.stratum, 0) + block.n
    own = sum(treated.values())
    expected: dict[int, tuple[int, Floats]] = {}
    for stratum in treated:
        theirs = [block for block in blocks if block.stratum == stratum and block.place in one.controls]
        others = sum(block.n for block in theirs)
        if others:
            mean = np.average([block.mean for block in theirs], axis=0, weights=[block.n for block in theirs])
            expected[stratum] = others, one.changes(mean)
    alone = [stratum for stratum in treated if stratum not in expected]
    if alone:
        raise DesignError(
            f"{design.name(one.cohort)}: {sum(treated[stratum] for stratum in alone):,} of its {own:,} units are in "
            f"{len(alone):,} of {len(treated):,} strata without controls (first: `{names[alone[0]]}`). Join these "
            "strata with like ones, or leave the units out and count them."
        )
    return {stratum: n / own for stratum, n in treated.items()}, expected
