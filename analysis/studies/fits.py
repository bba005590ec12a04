"""How are many effects of one stack made with few scans? Contrasts first, from cells; then all their errors together.

A contrast needs cells only. Its error needs what each customer adds to it, over all rows and roles, and that takes a
scan; so contrasts are gathered under a key, `settle` asks for all their errors, and estimates are read off then.
Contrasts that belong to one `joint` family keep their covariance.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

import numpy as np

from analysis.inference.bootstrap import Resampled
from analysis.inference.cells import Cells, Flags, Floats, Influences, Ints, Linear, Measure
from analysis.inference.estimate import Estimate
from analysis.inference.stacked import Contrast, MeanGap, stacked_after, stacked_difference, stacked_ratio
from analysis.studies.rows_in_cells import rows_of
from analysis.studies.stack import Stack
from analysis.studies.stack_threads import Start, at_once
from analysis.studies.strata import Strata

if TYPE_CHECKING:
    import pandas as pd

ALONE = ""
"""The family of contrasts whose covariance nobody asks for."""
_GAP = "gap of "
_ROUNDING, _SMALLEST = 1e-9, 1e-3
"""An error below this share of the figure (of one, on the log scale) is but rounding, and that of a tiny figure."""


@dataclass(frozen=True, slots=True)
class _Held:
    contrast: Contrast | MeanGap
    comparison: int


class Fits:
    """Contrasts on one set of cells.

    Parameters
    ----------
    stack : Stack
    cells : Cells
    where : str
        Which rows the cells were counted of.
    level : float
        Of the intervals.
    """

    def __init__(self, stack: Stack, cells: Cells, *, where: str = "study", level: float = 0.95) -> None:
        self.stack, self.cells, self.where, self.level = stack, cells, where, level
        self._held: dict[str, _Held] = {}
        self._families: dict[str, list[Linear]] = {}
        self._masks: dict[bytes, int] = {}
        self._marked: list[Flags] = []
        self._found: dict[str, Callable[[], Influences]] = {}
        self._filed: set[str] = set()
        self._settled: set[str] = set()
        self._redrawn: dict[str, Resampled] = {}
        self._counts: list[tuple[Callable[[], Ints], int]] = []

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The rows behind the cells, with `cell`, fetched once, for methods that cannot do without."""
        return rows_of(self.stack, self.cells, where=self.where)

    def growth(
        self,
        key: str,
        unit: str,
        *,
        after: Measure,
        before: Measure,
        strata: Strata,
        family: str = ALONE,
        gap: bool = False,
        name: str | None = None,
        arm: Ints | None = None,
        group: Ints | None = None,
        longer: tuple[Measure, Flags] | None = None,
    ) -> Contrast:
        """A ratio of growth; with `gap` the difference per contacted customer too. See `stacked_ratio`.

        `arm` says which cells stand for the contacted where it is not those who were, `group` whose growth is estimated
        together where it is not an index month, and `longer` what counts as before, too, in which cells.
        """
        cells = self.cells
        side = cells.keys["arm"] if arm is None else arm
        more, where = ((), np.zeros(len(cells), dtype=bool)) if longer is None else longer
        known = (before, before) in cells.products and (before, after) in cells.products
        found = stacked_ratio(
            name or key,
            unit,
            n=cells.n,
            after=cells.total(after),
            before=cells.total(before) + np.where(where, cells.total(more), 0.0),
            arm=side,
            group=cells.keys["month"] if group is None else group,
            stratum=strata.code,
            products=(cells.product(before, before), cells.product(before, after)) if known else None,
            part=strata.part,
        )
        linear = found.log_linear(key, after, before)
        if more:
            on, base, there = found.log_weights.T
            linear = Linear(key, (after, before, more), np.column_stack([on, base, base * where, there]))
        self._keep(key, found, family, linear, side)
        if gap:
            self._file(ALONE, found.gap_linear(_GAP + key, after, before))
        return found

    def after(
        self,
        key: str,
        unit: str,
        *,
        after: Measure,
        strata: Strata,
        family: str = ALONE,
        gap: bool = False,
        name: str | None = None,
    ) -> Contrast:
        """A ratio after the contact only. See `stacked_after`."""
        cells = self.cells
        found = stacked_after(
            name or key,
            unit,
            n=cells.n,
            after=cells.total(after),
            arm=cells.keys["arm"],
            stratum=strata.code,
            part=strata.part,
        )
        self._keep(key, found, family, found.log_linear(key, after, ()))
        if gap:
            self._file(ALONE, found.gap_linear(_GAP + key, after, ()))
        return found

    def mean_gap(
        self, key: str, unit: str, *, after: Measure, before: Measure = (), strata: Strata, name: str | None = None
    ) -> MeanGap:
        """A difference of stratified means, or of changes where there is something before."""
        cells = self.cells
        found = stacked_difference(
            name or key,
            unit,
            n=cells.n,
            values=cells.total(after) - cells.total(before),
            arm=cells.keys["arm"],
            stratum=strata.code,
            part=strata.part,
        )
        slope, level = found.weights.T
        self._keep(key, found, ALONE, Linear(key, (after, before), np.column_stack([slope, -slope, level])))
        return found

    def own_change(self, key: str, *, after: Measure, before: Measure, months: float, part: Flags) -> float:
        """Contacted customers' own ratio of a month after to a month before, the raw figure of an audit.

        `months` is how many months of the before-window stand against one of the after-window.
        """
        cells = self.cells
        treated = part & (cells.keys["arm"] == 1)
        late, soon = (float(np.sum(cells.total(one), where=treated)) for one in (after, before))
        if late <= 0 or soon <= 0:
            return 0.0
        weights = np.column_stack([treated / late, -(treated / soon), np.zeros(len(cells))])
        self._file(ALONE, Linear(key, (after, before), weights))
        return late / soon * months

    def settle(self, start: Start = at_once, *, open_still: Container[str] = ()) -> None:
        """Make the errors of what was gathered since the last time, but for families that are not whole yet.

        With the `start` of `beside` that is done while more is gathered; who asks for an error waits for it.
        """
        whole = {family: self._families[family] for family in [*self._families] if family not in open_still}
        for family, linears in whole.items():
            joint = family != ALONE
            work = partial(self.stack.influences, self.cells, linears, where=self.where, joint=joint)
            self._found |= dict.fromkeys((linear.name for linear in linears), start(work))
            del self._families[family]
        self._settled |= whole.keys() - {ALONE}
        if not open_still and (fresh := self._marked[len(self._counts) :]):
            counts = start(partial(self.stack.customers, self.cells, np.array(fresh), where=self.where))
            self._counts += [(counts, place) for place in range(len(fresh))]

    def holds(self, key: str) -> bool:
        """Whether there is a contrast of that name."""
        return key in self._held

    def contrast(self, key: str) -> Contrast:
        """A ratio."""
        found = self._held[key].contrast
        assert isinstance(found, Contrast)
        return found

    def se(self, key: str) -> float:
        """Standard error of a ratio's logarithm, or of a difference of means; 0 where it is but rounding."""
        error, contrast = self._of(key).se(key), self._held[key].contrast if key in self._held else None
        size = max(abs(contrast.value), _SMALLEST) if isinstance(contrast, MeanGap) else 1.0
        return error if error > _ROUNDING * size else 0.0

    def share(self, key: str) -> float:
        """Largest share of one customer in the variance."""
        return self._of(key).share(key)

    def covariance(self, keys: Sequence[str]) -> Floats:
        """Joint covariance of contrasts of one family."""
        return self._of(keys[0]).block(keys)

    def n_comparison(self, key: str) -> int:
        """Different comparison customers behind it."""
        counts, place = self._counts[self._held[key].comparison]
        return int(counts()[place])

    def ratio(self, key: str) -> Estimate:
        """The effect as a ratio, with its interval."""
        found = self.contrast(key).ratio_estimate(self.se(key), n_comparison=self.n_comparison(key), level=self.level)
        again = self._redrawn.get(key)
        if again is None:
            return found
        return replace(found, low=again.low, high=again.high, method=f"{found.method}, bootstrap-t interval")

    def difference(self, key: str) -> Estimate:
        """The effect per contacted customer, with its interval."""
        found = self._held[key].contrast
        counts = {"n_comparison": self.n_comparison(key), "level": self.level}
        if isinstance(found, MeanGap):
            return found.estimate(self.se(key), **counts)  # type: ignore[arg-type]
        gap = found.gap_estimate(self._of(_GAP + key).se(_GAP + key), **counts)  # type: ignore[arg-type]
        again = self._redrawn.get(key)
        if again is None:
            return gap
        low, high = (
            found.total / found.n_treated * (1 - 1 / end) if end > 0 else -math.inf for end in (again.low, again.high)
        )
        return replace(gap, low=low, high=high, method=f"{gap.method}, bootstrap-t interval")

    def redraw(self, key: str, again: Resampled) -> None:
        """Take the interval that customers drawn again give a ratio, because one of them carries too much of it.

        The difference follows from the ratio: what was done after, less that over the ratio.
        """
        self._redrawn[key] = again

    def _keep(self, key: str, found: Contrast | MeanGap, family: str, linear: Linear, arm: Ints | None = None) -> None:
        comparison = found.used & ((self.cells.keys["arm"] if arm is None else arm) == 0)
        place = self._masks.setdefault(comparison.tobytes(), len(self._masks))
        if place == len(self._marked):
            self._marked.append(comparison)
        self._held[key] = _Held(found, place)
        self._file(family, linear)

    def _file(self, family: str, linear: Linear) -> None:
        if linear.name in self._filed:
            raise ValueError(f"There are two contrasts called `{linear.name}`.")
        if family in self._settled:
            raise ValueError(f"`{linear.name}` comes too late: the errors of `{family}` are made together.")
        self._filed.add(linear.name)
        self._families.setdefault(family, []).append(linear)

    def _of(self, key: str) -> Influences:
        return self._found[key]()


def joint_covariance(fits: Fits, keys: Mapping[str, str]) -> dict[str, object]:
    """Ids and matrix of the contrasts of one family, for `results.json`: id to key."""
    held = {name: key for name, key in keys.items() if fits.holds(key)}
    if not held:
        return {"ids": [], "matrix": []}
    return {"ids": list(held), "matrix": fits.covariance(list(held.values())).tolist()}
