"""What did a treatment that began at different times do, to each cohort in each period? From cohort sums alone.

Callaway and Sant'Anna's ATT(g, t) without covariates: by how much did customers first treated in g change from the last
period before it to t, beyond customers who were not treated by then? Every such number, and how any two vary together,
follows from the sums of each cohort (`CohortSums`): the rows are read once and never again. Averages over cohorts and
periods, bands and tests are left to `aggregate`, covariates to `rows`, sums of tables to `tables.panel_sums`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import NEVER, CohortSums

__all__ = ["NEVER", "CohortSums", "GroupTime", "cells_of", "group_time"]

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Control = Literal["never", "not_yet"]
Base = Literal["varying", "universal"]

FEWEST = 2
"""Units a cohort or a comparison needs: the spread of one cannot be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTime:
    """ATT(g, t) of every cohort and period, with all that aggregating them needs.

    Parameters
    ----------
    groups : array of int, shape (n_groups,)
        First treated period of each treated cohort with cells, ascending.
    group, period : array of int, shape (n_cells,)
        Cohort and period of each cell; cells are sorted by cohort, then period.
    att : array of float, shape (n_cells,)
        In the outcome's unit.
    covariance : array of float, shape (n_cells, n_cells)
        Sum over units of products of influences, over n²; a reference cell (universal base) has att 0 and zero rows.
    n : int
        Units, the never-treated included and those set aside left out.
    sizes : array of int, shape (n_groups,)
        Units of each cohort.
    with_shares : array of float, shape (n_cells, n_groups)
        Covariance of att with the estimated share of each cohort (its units over n), so that errors of aggregates
        include the estimated weights. 0 where controls are never-treated units only.
    control : {"never", "not_yet"}
        Who is compared with: units never treated, or all that are not treated by then.
    base : {"varying", "universal"}
        What periods before treatment are measured from: the period before each, or the last one before treatment.
    anticipation : int
        Periods before treatment in which it may already work.
    set_aside : mapping of str to int
        Units that were left out, by reason.
    notes : tuple of str
        What a reader must know about the comparison, as sentences.
    """

    groups: Ints
    group: Ints
    period: Ints
    att: Floats
    covariance: Floats
    n: int
    sizes: Ints
    with_shares: Floats
    control: Control
    base: Base
    anticipation: int
    set_aside: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        cells, groups = len(self.att), len(self.groups)
        if not (self.group.shape == self.period.shape == self.att.shape == (cells,)):
            raise ValueError("Each cell has a cohort, a period and an effect.")
        if self.covariance.shape != (cells, cells) or self.with_shares.shape != (cells, groups):
            raise ValueError(f"{cells} cells of {groups} cohorts need a covariance for each pair.")
        if self.sizes.shape != (groups,) or not np.isin(self.group, self.groups).all():
            raise ValueError("Each cell belongs to a cohort with a known number of units.")
        object.__setattr__(self, "set_aside", MappingProxyType(dict(sorted(self.set_aside.items()))))

    @property
    def se(self) -> Floats:
        """Standard errors; not a number where nothing varies, as in a reference cell, which is 0 by construction."""
        variances = np.diag(self.covariance)
        return np.sqrt(np.where(variances > 0, variances, np.nan))

    @property
    def event(self) -> Ints:
        """Periods since treatment began, of each cell; negative before."""
        return self.period - self.group

    @property
    def before(self) -> Flags:
        """Which cells lie before treatment and its anticipation, so that their true value is 0."""
        return self.event < -self.anticipation


def cells_of(groups: Ints, periods: Ints, *, base: Base, anticipation: int) -> tuple[Ints, Ints, Ints]:
    """Which cohort, period and base period has each ATT(g, t)?

    From the start of treatment and its anticipation on, a period is measured from the last one before; earlier ones
    from the period before each (varying) or from that same one (universal).

    Returns
    -------
    tuple of array of int, shape (n_cells,)
        Cohort, place of the period, place of its base. A reference cell is its own base.

    Examples
    --------
    >>> cells_of(np.array([3]), np.array([1, 2, 3, 4]), base="varying", anticipation=0)
    (array([3, 3, 3]), array([1, 2, 3]), array([0, 1, 1]))
    """
    wide = len(periods)
    start = 0 if base == "universal" else 1
    group, place = (part.ravel() for part in np.meshgrid(groups, np.arange(start, wide), indexing="ij"))
    last = np.searchsorted(periods, group - anticipation) - 1  # the last period before treatment and its anticipation
    after = periods[place] >= group - anticipation
    return group, place, np.where(after | (base == "universal"), last, place - 1)


def group_time(sums: CohortSums, *, control: Control, base: Base = "varying", anticipation: int = 0) -> GroupTime:
    """By how much did each cohort change in each period beyond its controls?

    Parameters
    ----------
    sums : CohortSums
        Of the outcome; any outcome's unit.
    control : {"never", "not_yet"}
        Compare with units never treated; or with all that are not treated (and not anticipating) by the later of the
        two periods of the comparison.
    base : {"varying", "universal"}
    anticipation : int
        Periods before treatment in which it may already work, 0 or more.

    Returns
    -------
    GroupTime
        Units treated in the first period (or anticipating it) are dropped and counted, as are cohorts of one unit.
        Units first treated after the last period and its anticipation are as good as never treated. Where nobody is,
        the last cohort serves for comparison only, and periods from its treatment on are left out.

    Raises
    ------
    DesignError
        If no cohort is left, or there is nobody to compare with.

    Assumes
    -------
    Without treatment every cohort would have changed as its controls did (parallel trends), treatment does nothing
    before its anticipation, and is not undone. Not tested here.

    Source
    ------
    Callaway and Sant'Anna (2021), Journal of Econometrics 225. Reference values: R `did` on its county data and on
    simulated data, tests/golden/staggered.

    Examples
    --------
    >>> sums = CohortSums.of([[1, 1, 5], [3, 3, 9], [1, 2, 3], [1, 2, 5]], cohort=[3, 3, 0, 0])
    >>> found = group_time(sums, control="never")
    >>> found.period.tolist(), found.att.tolist(), found.se.round(4).tolist()
    ([2, 3], [-1.0, 3.0], [nan, 1.0])
    """
    if control not in ("never", "not_yet") or base not in ("varying", "universal") or anticipation < 0:
        raise ValueError(
            f"There is no comparison with control={control!r}, base={base!r}, anticipation={anticipation}: controls "
            "are `never` or `not_yet`, the base `varying` or `universal`, and anticipation is not negative."
        )
    sums, groups, set_aside, notes = _usable(sums, control, anticipation)
    group, place, origin = cells_of(groups, sums.periods, base=base, anticipation=anticipation)
    ours, theirs = _sides(sums, group, place, origin, control, anticipation)
    size = sums.n.astype(np.float64)
    compared = (ours @ size >= FEWEST) & (theirs @ size >= FEWEST)
    if not compared.any():
        raise DesignError(
            f"None of {len(group):,} comparisons of a cohort in a period has {FEWEST} units on either side. Compare "
            "with units not yet treated (control `not_yet`), or use longer periods."
        )
    if not compared.all():
        notes.append(
            f"{int((~compared).sum()):,} of {len(group):,} cells have fewer than {FEWEST} units on one side and are "
            "left out."
        )
    group, place, origin = group[compared], place[compared], origin[compared]
    ours, theirs = ours[compared], theirs[compared]
    groups = np.unique(group)
    means = sums.means()
    change = (means[:, place] - means[:, origin]).T
    own, other = (side * size / (side @ size)[:, None] for side in (ours, theirs))
    mean_own, mean_other = (own * change).sum(axis=1), (other * change).sum(axis=1)
    slope = (own - other) / size
    level = (own * (change - mean_own[:, None]) - other * (change - mean_other[:, None])) / size
    covariance = np.zeros((len(group), len(group)))
    for block, scatter in enumerate(sums.scatter()):
        moved = np.flatnonzero(slope[:, block])
        weights = np.zeros((moved.size, len(sums.periods)))
        np.add.at(weights, (np.arange(moved.size), place[moved]), slope[moved, block])
        np.add.at(weights, (np.arange(moved.size), origin[moved]), -slope[moved, block])
        covariance[np.ix_(moved, moved)] += weights @ scatter @ weights.T
    covariance += (level * size) @ level.T
    n = int(sums.n.sum())
    cohort_of = sums.cohorts[:, None] == groups
    return GroupTime(
        groups=groups,
        group=group,
        period=sums.periods[place],
        att=mean_own - mean_other,
        covariance=(covariance + covariance.T) / 2,
        n=n,
        sizes=(sums.n @ cohort_of).astype(np.int64),
        with_shares=(level * size) @ cohort_of / n,
        control=control,
        base=base,
        anticipation=anticipation,
        set_aside=set_aside,
        notes=tuple(notes),
    )


def _usable(
    sums: CohortSums, control: Control, anticipation: int
) -> tuple[CohortSums, Ints, dict[str, int], list[str]]:
    """The sums that can be compared, the cohorts whose effect is asked for, what was left out, and what to say."""
    throughout = np.ones(len(sums.periods), dtype=bool)
    later = sums.cohorts > sums.periods[-1] + anticipation
    sums = replace(sums, cohorts=np.where(later, NEVER, sums.cohorts))
    begun = (sums.cohorts != NEVER) & (sums.cohorts <= sums.first + anticipation)
    set_aside = {"treated_from_the_start": int(sums.n[begun].sum())} if begun.any() else {}
    notes: list[str] = []
    sums = sums.part(~begun, throughout)
    units = int(sums.n.sum())
    groups, of_group = np.unique(sums.cohorts[sums.cohorts != NEVER], return_inverse=True)
    sizes = np.bincount(of_group, weights=sums.n[sums.cohorts != NEVER], minlength=groups.size)
    never = units - int(sizes.sum())
    if not groups.size:
        raise DesignError(
            f"No cohort has a period before treatment{' and its anticipation' if anticipation else ''}: "
            f"{set_aside.get('treated_from_the_start', 0):,} units are treated from the first period "
            f"({throughout.size} periods from {sums.periods[0]} on) and {never:,} never. Take in earlier periods."
        )
    if never < FEWEST and control == "never":
        raise DesignError(
            f"{never} of {units:,} units are never treated, and a comparison needs {FEWEST}. Compare with units not "
            "yet treated (control `not_yet`)."
        )
    compared_only = NEVER
    if never == 0:
        compared_only = int(groups[-1])
        throughout = sums.periods < compared_only - anticipation
        groups, sizes = groups[:-1], sizes[:-1]
        if throughout.sum() < 2 or not groups.size:
            raise DesignError(
                f"All {units:,} units are treated by period {compared_only}; before that there are "
                f"{int(throughout.sum())} periods and {groups.size} cohorts to compare. Take in units that are never "
                "treated."
            )
        notes.append(
            f"Every unit is treated in the end: the cohort of period {compared_only} serves for comparison only, and "
            f"the {int((~throughout).sum())} periods from {compared_only - anticipation} on are left out."
        )
    alone = sizes < FEWEST
    if alone.any():
        set_aside["only_unit_of_its_cohort"] = int(sizes[alone].sum())
        groups = groups[~alone]
        if not groups.size:
            raise DesignError(
                f"Each of {alone.size} cohorts has one unit only, whose spread cannot be seen. Use longer periods."
            )
    return sums.part(np.isin(sums.cohorts, [NEVER, compared_only, *groups]), throughout), groups, set_aside, notes


def _sides(
    sums: CohortSums, group: Ints, place: Ints, origin: Ints, control: Control, anticipation: int
) -> tuple[Flags, Flags]:
    """Which blocks are treated in each cell, and which are compared with, shape (n_cells, n_blocks) each."""
    earlier, later = (sums.periods[f(place, origin)] for f in (np.minimum, np.maximum))
    seen = sums.first[None, :] <= earlier[:, None]
    own = sums.cohorts[None, :] == group[:, None]
    free = np.broadcast_to(sums.cohorts == NEVER, own.shape)
    if control == "not_yet":
        free = free | ((sums.cohorts[None, :] > later[:, None] + anticipation) & ~own)
    return own & seen, free & seen
