"""Which cohort is compared with which, in which period and against which? The cells of a staggered study.

The rules are those of `group_time`, which is asked for the cells of cohorts of these sizes. Cells of a cohort with the
same controls make one `Comparison`, so that whatever depends on the controls alone is fitted once. Effects are left to
`rows` and `strata`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.inference.staggered.cohort_sums import NEVER, CohortSums, zeros
from analysis.inference.staggered.group_time import Base, Control, GroupTime, cells_of, group_time

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A cohort and those it is compared with (places among the design's cohorts), and its cells with their two periods.

    `cells` are places among the design's cells, `later` and `base` places among the panel's periods.
    """

    cohort: int
    controls: tuple[int, ...]
    cells: Ints
    later: Ints
    base: Ints

    def changes(self, of_periods: Floats) -> Floats:
        """From a last axis of periods to one of cells: the later period less the base."""
        return of_periods[..., self.later] - of_periods[..., self.base]


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The cohorts that take part and their cells.

    Parameters
    ----------
    cohorts : array of int, shape (n_cohorts,)
        First treated period, ascending, the never-treated last as 0.
    outline : GroupTime
        The cells, cohorts and units set aside; its effects are all 0.
    comparisons : tuple of Comparison
        They hold every cell once, but for the reference cells of a universal base.
    """

    cohorts: Ints
    outline: GroupTime
    comparisons: tuple[Comparison, ...]

    @classmethod
    def of(cls, began: Ints, sizes: Ints, periods: Ints, *, control: Control, base: Base, anticipation: int) -> Design:
        """The cells for cohorts that began in these periods (0 for never, ascending) and have these numbers of units.

        Raises
        ------
        DesignError, ValueError
            As `group_time`.

        Examples
        --------
        >>> found = Design.of(np.array([0, 3, 4]), np.array([9, 5, 6]), np.array([1, 2, 3, 4]),
        ...                   control="not_yet", base="varying", anticipation=0)
        >>> for one in found.comparisons:
        ...     named = found.cohorts[[one.cohort, *one.controls]].tolist()
        ...     print(named[0], "against", named[1:], "in", found.outline.period[one.cells].tolist())
        3 against [4, 0] in [2, 3]
        3 against [0] in [4]
        4 against [3, 0] in [2]
        4 against [0] in [3, 4]
        """
        wide, blocks = len(periods), len(began)
        counts = CohortSums(
            periods=periods, cohorts=began, first=np.full(blocks, periods[0]), n=sizes, digits=0,
            totals=zeros(blocks, wide), products=zeros(blocks, wide, wide),
        )  # fmt: skip
        outline = group_time(counts, control=control, base=base, anticipation=anticipation)
        late = began > periods[-1] + anticipation
        standing = NEVER in began or bool(late.any())
        last = int(began.max())
        kept = np.append(outline.groups, NEVER if standing else last)
        compared = periods if standing else periods[periods < last - anticipation]
        group, place, origin = cells_of(outline.groups, compared, base=base, anticipation=anticipation)
        base_of = {(int(g), int(compared[t])): (int(t), int(b)) for g, t, b in zip(group, place, origin, strict=True)}
        shared: dict[tuple[int, tuple[int, ...]], list[tuple[int, int, int]]] = {}
        for cell, (g, period) in enumerate(zip(outline.group.tolist(), outline.period.tolist(), strict=True)):
            later, before = base_of[g, period]
            if later == before:
                continue
            until = int(compared[max(later, before)]) + anticipation
            controls = tuple(
                i for i, h in enumerate(kept.tolist()) if h == NEVER or (control == "not_yet" and h > until and h != g)
            )
            at = int(np.flatnonzero(kept == g)[0])
            shared.setdefault((at, controls), []).append((cell, later, before))
        comparisons = tuple(
            Comparison(cohort=at, controls=controls, cells=cells[:, 0], later=cells[:, 1], base=cells[:, 2])
            for (at, controls), found in shared.items()
            for cells in [np.array(found, dtype=np.int64)]
        )
        return cls(cohorts=kept, outline=outline, comparisons=comparisons)

    def place(self, began: Ints, last_period: int) -> Ints:
        """The place of each unit's cohort, by its first treated period; -1 for those that take no part."""
        known = {int(cohort): i for i, cohort in enumerate(self.cohorts)}
        values, code = np.unique(began, return_inverse=True)
        standing = NEVER in known
        late = standing & (values > last_period + self.outline.anticipation)
        places = [known.get(NEVER if never else int(value), -1) for value, never in zip(values, late, strict=True)]
        return np.array(places, dtype=np.int64)[code.reshape(-1)]

    def name(self, cohort: int) -> str:
        """What messages call a cohort."""
        return "the never-treated" if self.cohorts[cohort] == NEVER else f"cohort {self.cohorts[cohort]}"

    def parts(self, att: Floats, covariance: Floats, totals: Floats) -> dict[str, Any]:
        """The fields of a `GroupTime`, from effects, summed products of influences and sums of these by cohort.

        Parameters
        ----------
        att, covariance : array of float, shapes (n_cells,) and (n_cells, n_cells)
        totals : array of float, shape (n_cells, n_cohorts)
            Sum over the units of each cohort of their influences, each over n.
        """
        outline, n = self.outline, self.outline.n
        at = [int(np.flatnonzero(self.cohorts == g)[0]) for g in outline.groups]
        return {
            "groups": outline.groups,
            "group": outline.group,
            "period": outline.period,
            "att": att,
            "covariance": (covariance + covariance.T) / 2,
            "n": n,
            "sizes": outline.sizes,
            "with_shares": totals[:, at] / n - np.outer(totals.sum(axis=1), outline.sizes) / n**2,
            "control": outline.control,
            "base": outline.base,
            "anticipation": outline.anticipation,
            "set_aside": dict(outline.set_aside),
            "notes": outline.notes,
        }
