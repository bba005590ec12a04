"""What do customers add to estimates, added up so that no order of adding can change a digit?

`Placed` says to which cell and customer each scanned row belongs, and `moved` sums rows by customer. Fetching the rows
is left to `stack_sql`, squaring and multiplying what customers add to `stack_squares`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from analysis.inference.cells import Cells, Flags, Floats, Influences, Ints, Linear, Measure
from analysis.studies.stack_squares import products_of, squares_of
from analysis.studies.stack_threads import side_by_side

_BLOCK = 2**16
"""Rows that are worked on at once: what lies side by side stays close to the processor."""
_AT_ONCE = 16
"""Estimates whose customers' sums are held at once where their covariances are not asked for."""
_TABLE = 2**24

_ALIKE = 1.5
"""Estimates are weighted together over the rows any of them uses, up to so many times as many as each uses itself."""
_NEARLY_ALL = 0.7
"""Share of the rows beyond which leaving out the others is no gain."""

Measure_of = Callable[[Measure, slice | Ints], Ints]
"""A measure of some of the rows."""


@dataclass(frozen=True, slots=True)
class Placed:
    """Rows sorted by customer, with their cells.

    Parameters
    ----------
    place : array of int, shape (n_rows,)
        The cell of each row.
    starts : array of int, shape (n_customers,)
        The first row of each customer.
    inside : array of int, optional
        Which of the scanned rows these are; None where all of them have a cell.
    """

    place: Ints
    starts: Ints
    inside: Ints | None

    @classmethod
    def among(cls, cells: Cells, keys: Mapping[str, Ints], customer: Ints) -> Placed:
        """Where rows with these keys, sorted by customer, belong; rows of no cell are left out."""
        place = _cell_of(cells, keys, len(customer))
        inside: Ints | None = None
        if (place < 0).any():
            inside = np.flatnonzero(place >= 0)
            place, customer = place[inside], customer[inside]
        starts = np.flatnonzero(np.diff(customer, prepend=-1)) if len(customer) else np.zeros(0, dtype=np.int64)
        return cls(place, starts, inside)

    def chosen(self, values: Ints) -> Ints:
        """A scanned column, for these rows."""
        return values if self.inside is None else values[self.inside]

    def within(self, used: Flags) -> tuple[Placed, Ints]:
        """The rows whose cell is marked, and which of these rows they are."""
        marked = used[self.place]
        kept = np.flatnonzero(marked)
        before = np.append(0, np.cumsum(marked))
        starts = before[self.starts]
        each = np.diff(starts, append=len(kept))
        inside = kept if self.inside is None else self.inside[kept]
        return Placed(self.place[kept], starts[each > 0], inside), kept

    def blocks(self) -> Iterator[tuple[slice, slice]]:
        """Rows and customers of one block after the other; a customer lies in one block only."""
        ends = np.append(self.starts[1:], len(self.place))
        first = 0
        while first < len(self.starts):
            last = max(int(np.searchsorted(ends, self.starts[first] + _BLOCK, side="right")), first + 1)
            yield slice(int(self.starts[first]), int(ends[last - 1])), slice(first, last)
            first = last

    def customers(self, masks: Flags) -> Ints:
        """Different customers with a row in the marked cells of each mask."""
        if not len(self.starts):
            return np.zeros(len(masks), dtype=np.int64)
        from scipy.sparse import csr_array

        counted = np.zeros(len(masks), dtype=np.int64)
        marked = np.ascontiguousarray(masks.T, dtype=np.int32)
        for rows, customers in self.blocks():
            starts = np.append(self.starts[customers] - rows.start, rows.stop - rows.start).astype(np.int32)
            ones = np.ones(rows.stop - rows.start, dtype=np.int32)
            held = csr_array((ones, self.place[rows].astype(np.int32), starts), shape=(len(starts) - 1, len(marked)))
            counted += np.count_nonzero(held @ marked, axis=0)
        return counted


def _cell_of(cells: Cells, keys: Mapping[str, Ints], n: int) -> Ints:
    """The position of each row's cell, -1 where it has none, shape (n,)."""
    if not len(cells):
        return np.full(n, -1, dtype=np.int64)
    size = 1
    code, inside = np.zeros(n, dtype=np.int64), np.ones(n, dtype=bool)
    of_cell = np.zeros(len(cells), dtype=np.int64)
    for name, held in cells.keys.items():
        values = np.unique(held)
        low, wide = int(values[0]), int(values[-1] - values[0]) + 1
        if size * len(values) > 2**62:
            raise ValueError(f"Cells by {', '.join(cells.keys)} are too many to be told apart.")
        lookup = np.full(wide + 2, -1, dtype=np.int64)
        lookup[values - low + 1] = np.arange(len(values))
        found = lookup[np.clip(keys[name] - low + 1, 0, wide + 1)]
        inside &= found >= 0
        code = code * len(values) + found
        of_cell = of_cell * len(values) + lookup[held - low + 1]
        size *= len(values)
    if size <= _TABLE:
        table = np.full(size, -1, dtype=np.int32)
        table[of_cell] = np.arange(len(cells))
        return np.where(inside, table[np.where(inside, code, 0)], -1)
    order = np.argsort(of_cell)
    near = np.minimum(np.searchsorted(of_cell[order], code), len(cells) - 1)
    return np.where(inside & (of_cell[order][near] == code), order[near], -1)


def cells_among(keys: Mapping[str, Ints], n: int) -> tuple[Ints, dict[str, Ints]]:
    """The cell of each of `n` rows, and the keys of the cells, sorted by them in the order given.

    Examples
    --------
    >>> place, keys = cells_among({"arm": np.array([1, 0, 1]), "month": np.array([7, 9, 7])}, 3)
    >>> place.tolist(), {name: held.tolist() for name, held in keys.items()}
    ([1, 0, 1], {'arm': [0, 1], 'month': [9, 7]})
    """
    code, size = np.zeros(n, dtype=np.int64), 1
    lows, widths = [], []
    for values in keys.values():
        low, high = (int(values.min()), int(values.max())) if n else (0, 0)
        if size * (high - low + 1) > 2**62:
            raise ValueError(f"Cells by {', '.join(keys)} are too many to be told apart.")
        code = code * (high - low + 1) + (values - low)
        size *= high - low + 1
        lows.append(low)
        widths.append(high - low + 1)
    if size <= _TABLE:
        different = np.flatnonzero(np.bincount(code, minlength=size))
        table = np.zeros(size, dtype=np.int64)
        table[different] = np.arange(len(different))
        place: Ints = table[code]
    else:
        different, place = np.unique(code, return_inverse=True)
    held, rest = {}, different
    for name, low, wide in reversed([*zip(keys, lows, widths, strict=True)]):
        rest, found = np.divmod(rest, wide)
        held[name] = found + low
    return place, {name: held[name] for name in keys}


def moved(placed: Placed, linears: Sequence[Linear], measured: Measure_of) -> Floats:
    """By how much each customer moves each estimate, over all their rows, shape (n_linears, n_customers).

    `measured` gives a measure of a slice of the rows, in the units of the weights. A block of rows is a sparse matrix
    of customers by cells for each measure; times the weights of all estimates that use the measure, it is what they
    add.
    """
    from scipy.sparse import csr_array

    added = np.zeros((len(linears), len(placed.starts)))
    weights = _by_measure(linears)
    size = len(linears[0].weights) if linears else 0

    def work(block: tuple[slice, slice]) -> None:
        rows, customers = block
        place = placed.place[rows].astype(np.int32)
        starts = np.append(placed.starts[customers] - rows.start, rows.stop - rows.start).astype(np.int32)
        ones = np.ones(len(place))
        held = csr_array((ones, place, starts), shape=(len(starts) - 1, size))
        begun: set[int] = set()
        for measure, (columns, weight) in weights.items():
            held.data = measured(measure, rows).astype(np.float64) if measure else ones
            found = held @ weight
            for place_of, column in enumerate(columns.tolist()):
                if column in begun:
                    added[column, customers] += found[:, place_of]
                else:
                    added[column, customers] = found[:, place_of]
                    begun.add(column)

    side_by_side(work, placed.blocks(), numbers=len(placed.place) * max(len(linears), len(weights)))
    return added


def _by_measure(linears: Sequence[Linear]) -> dict[Measure, tuple[Ints, Floats]]:
    """Which estimates use a measure, and their weights by cell; the empty measure is 1 for every row.

    A measure that weighs nothing in any cell is none of an estimate's.
    """
    used: dict[Measure, dict[int, Floats]] = {}
    for column, linear in enumerate(linears):
        slots = [*((measure, slot) for slot, measure in enumerate(linear.measures) if measure), ((), -1)]
        for measure, slot in slots:
            weight = linear.weights[:, slot]
            if not weight.any():
                continue
            held = used.setdefault(measure, {})
            held[column] = held[column] + weight if column in held else weight
    return {
        measure: (np.array([*held]), np.ascontiguousarray(np.column_stack([*held.values()])))
        for measure, held in used.items()
    }


def influences_of(placed: Placed, linears: Sequence[Linear], measured: Measure_of, *, joint: bool) -> Influences:
    """Squares and products of what customers add, summed over customers."""
    names = tuple(linear.name for linear in linears)
    used = [np.any([column != 0 for column in linear.weights.T], axis=0) for linear in linears]
    if joint:
        return Influences(names, *products_of(_moved_within(placed, linears, measured, used)))
    groups: list[list[int]] = []
    for alike in _alike(used, np.bincount(placed.place, minlength=len(used[0])) if used else np.zeros(0)):
        together = sorted(alike, key=lambda place: (linears[place].measures, place))
        groups += [together[first : first + _AT_ONCE] for first in range(0, len(together), _AT_ONCE)]
    variances, largest = np.zeros(len(linears)), np.zeros(len(linears))

    def work(chosen: list[int]) -> None:
        added = _moved_within(placed, [linears[i] for i in chosen], measured, [used[i] for i in chosen])
        variances[chosen], largest[chosen] = squares_of(added)

    side_by_side(work, groups, numbers=len(placed.place) * len(linears))
    return Influences(names, np.diag(variances), largest)


def _moved_within(placed: Placed, linears: Sequence[Linear], measured: Measure_of, used: Sequence[Flags]) -> Floats:
    """By how much each customer moves each estimate; those who move none are left out."""
    somewhere = np.any(used, axis=0) if linears else np.ones(0, dtype=bool)
    if not linears or np.count_nonzero(somewhere[placed.place]) > _NEARLY_ALL * len(placed.place):
        return moved(placed, linears, measured)
    narrow, kept = placed.within(somewhere)
    return moved(narrow, linears, lambda measure, rows: measured(measure, kept[rows]))


def _alike(used: Sequence[Flags], rows: Ints | Floats) -> list[list[int]]:
    """Estimates that use about the same cells, of which each has so many rows; the widest first."""
    groups: list[tuple[Flags, list[int]]] = []
    size = [float(rows @ cells) for cells in used]
    for place in sorted(range(len(used)), key=lambda place: (-size[place], place)):
        for number, (held, members) in enumerate(groups):
            both = held | used[place]
            if float(rows @ both) <= _ALIKE * size[place]:
                groups[number] = (both, [*members, place])
                break
        else:
            groups.append((used[place], [place]))
    return [members for _, members in groups]
