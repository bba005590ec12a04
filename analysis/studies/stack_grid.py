"""What did each customer of the stack do in each month, and which of it belongs to a row? Whole numbers in a grid.

A grid holds one month of all customers after the other, with empty months at both ends, so that what lies so and so
many months from the index month of a row is found so and so many months further on. Tables come mostly in the order of
time, and rows in the order of customers: both then go through memory that lies close together. Sums over rows are made
of whole numbers and are exact. Filling the grids is left to `stack_months_sql`, asking for cells and influences to
`stack_sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analysis.inference.cells import Floats, Ints, Measure
from analysis.studies.stack import BOUGHT, LEADS_FROM, MONTHLY, Layout, early, lag
from analysis.studies.stack_threads import side_by_side

if TYPE_CHECKING:
    from scipy.sparse import csc_array

_EXACT = 2**53
_LARGEST = 2**62
_HALF = 26
_BLOCK = 2**14
"""Rows that are worked on at once."""

Grid = NDArray[np.signedinteger]
"""Whole numbers, months one after the other, shape (width * n_customers,)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column of the stack comes from: months of a grid summed, or whether there is any, where `some`."""

    grid: str
    first: int
    last: int
    some: bool = False

    @property
    def months(self) -> range:
        return range(self.first, self.last + 1)


def sources(layout: Layout) -> dict[str, Source]:
    """The grid and the months behind each measure that has one.

    Examples
    --------
    >>> from analysis.foundation.calendar import Month
    >>> months = {name: Month.of("2025-01") for name in ("begin", "end", "first", "last")}
    >>> found = sources(Layout(**months, before=2, after=3, outcomes=("repurchased",)))
    >>> found["orders_m1"], found["repurchased_after"]
    (Source(grid='orders', first=-1, last=-1, some=False), Source(grid='orders', first=1, last=3, some=True))
    """
    before, after = layout.before, layout.after
    found = {
        "support_cost_after": Source("cost", 1, after),
        "repurchased_before": Source("orders", -before, -1, some=True),
        "repurchased_after": Source("orders", 1, after, some=True),
        "retained_before": Source("held", 0, 0),
        "retained_after": Source("held", after + 1, after + 1),
    }
    for outcome in MONTHLY:
        found |= {lag(outcome, month): Source(outcome, month, month) for month in range(-layout.leads, after + 1)}
        if outcome in BOUGHT:
            found[early(outcome)] = Source(outcome, -LEADS_FROM - before, -LEADS_FROM - 1)
    return {column: found[column] for column in layout.measures if column in found}


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a grid is: customers, months of the data, `before` empty ones ahead of them and `after` behind."""

    begin: int
    months: int
    before: int
    after: int
    customers: int

    @classmethod
    def of(cls, layout: Layout, customers: int) -> Shape:
        """Large enough for every measure of a row of that layout."""
        months = layout.end.number - layout.begin.number + 1
        return cls(layout.begin.number, months, layout.before + LEADS_FROM, layout.after + 1, customers)

    @property
    def width(self) -> int:
        """Months, with the empty ones."""
        return self.before + self.months + self.after

    def field(self, customer: NDArray[np.signedinteger], month: NDArray[np.signedinteger]) -> Ints:
        """Where in a grid a customer's month lies, counted from the first month of the data."""
        return (month.astype(np.int64) + self.before) * self.customers + customer

    def empty(self, kind: type[np.signedinteger]) -> Grid:
        """A grid of nothing."""
        return np.zeros(self.width * self.customers, dtype=kind)

    def data(self, grid: Grid) -> NDArray[np.signedinteger]:
        """The months of the data in a grid, shape (months, n_customers)."""
        return grid.reshape(self.width, self.customers)[self.before : self.before + self.months]


def counted(line: Ints, shape: Shape, most: int) -> Grid:
    """How many rows there are in each field of a grid, none with more than `most`, as small as that allows."""
    kinds: tuple[type[np.signedinteger], ...] = (np.int8, np.int16, np.int32, np.int64)
    grid = shape.empty(next(kind for kind in kinds if most <= np.iinfo(kind).max))
    np.add.at(grid, line, grid.dtype.type(1))
    return grid


def most_of_one(customer: NDArray[np.signedinteger], customers: int) -> int:
    """How many rows the customer with the most of them has.

    Examples
    --------
    >>> most_of_one(np.array([4, 2, 4]), 5)
    2
    """
    return int(np.bincount(customer, minlength=customers).max(initial=0))


def beside(grids: Mapping[str, Grid], asked: Mapping[str, Source], field: Ints, shape: Shape) -> dict[str, Ints]:
    """The measures of rows, by column, each of shape (n_rows,), out of the grids.

    `field` is where the index month of each row lies. A month that several measures are made of is fetched once.
    """
    columns: dict[str, Ints] = {}
    pieces: list[Callable[[], None]] = []
    for name, grid in grids.items():
        own = {column: source for column, source in asked.items() if source.grid == name}
        for column, source in own.items():
            kind = np.int8 if source.some else grid.dtype if source.first == source.last else np.int64
            columns[column] = np.empty(len(field), dtype=kind)

        def fetch(rows: slice, own: Mapping[str, Source] = own, grid: Grid = grid) -> None:
            here = field[rows]
            held = {month: grid.take(here + month * shape.customers) for month in _months_of(own.values())}
            for column, source in own.items():
                into = columns[column][rows]
                into[:] = held[source.first] > 0 if source.some else held[source.first]
                for month in source.months[1:]:
                    if source.some:
                        into |= held[month] > 0
                    else:
                        into += held[month]

        pieces += [partial(fetch, slice(first, first + _BLOCK)) for first in range(0, len(field), _BLOCK)]
    side_by_side(lambda piece: piece(), pieces, numbers=len(field) * len(columns))
    return columns


def _months_of(asked: Iterable[Source]) -> list[int]:
    """The different months around the index month that some columns are made of."""
    return sorted({month for source in asked for month in source.months})


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of some rows.

    Parameters
    ----------
    columns : mapping of str to array of int
    part : array of int, shape (n_rows,)
        Which rows of the columns these are.
    totals : dict of measure to array of int
        Sums of columns that were asked for before, of all rows: windows come again and again.
    """

    columns: Mapping[str, Ints]
    part: Ints
    totals: dict[Measure, Ints] = field(default_factory=dict)

    def of(self, measure: Measure, rows: slice | Ints = slice(None)) -> Ints:
        """A sum of columns, row by row, as small as they are held, shape (n_rows,)."""
        part = self.part[rows]
        return self._total(measure)[part] if measure else np.zeros(len(part), dtype=np.int64)

    def _total(self, measure: Measure) -> Ints:
        if len(measure) == 1:
            return self.columns[measure[0]]
        held = self.totals.get(measure)
        if held is None:
            held = self.totals[measure] = added([self.columns[column] for column in measure])
        return held


def added(columns: Sequence[Ints]) -> Ints:
    """Columns added up row by row, as small as their numbers allow.

    Examples
    --------
    >>> added([np.array([100, 1], dtype=np.int8), np.array([100, 2], dtype=np.int8)]).tolist()
    [200, 3]
    """
    most = sum(max(int(column.max(initial=0)), -int(column.min(initial=0))) for column in columns)
    kind: type[np.signedinteger] = np.int32 if most <= np.iinfo(np.int32).max else np.int64
    total = columns[0].astype(kind)
    for column in columns[1:]:
        total += column
    return total


def by_cell(place: Ints, size: int) -> csc_array:
    """Which row belongs to which cell, as a matrix of ones that adds rows up by cell, shape (size, n_rows)."""
    from scipy.sparse import csc_array

    rows = np.arange(len(place) + 1, dtype=np.int32)
    return csc_array((np.ones(len(place)), place.astype(np.int32), rows), shape=(size, len(place)))


def summed(cells: csc_array, values: Ints) -> Floats:
    """Sums of whole numbers by cell, each rounded once to a double, shape (size,).

    Examples
    --------
    >>> summed(by_cell(np.array([0, 0, 1]), 2), np.array([2**60, 1, -5])).tolist()
    [1.152921504606847e+18, -5.0]
    """
    largest = max(-int(values.min(initial=0)), int(values.max(initial=0)))
    if largest * len(values) < _EXACT:
        return np.asarray(cells @ values.astype(np.float64))
    high = values >> _HALF
    low = values & (2**_HALF - 1)
    return summed(cells, high) * 2.0**_HALF + summed(cells, low)


def product_sums(cells: csc_array, one: Ints, other: Ints) -> Floats:
    """Sums of products of whole numbers by cell, shape (size,).

    Factors whose product outgrows a whole number of the machine are cut in two.

    Examples
    --------
    >>> product_sums(by_cell(np.array([0, 0]), 1), np.array([2**40, 3]), np.array([2**40, 5])).tolist()
    [1.2089258196146292e+24]
    """
    widest = [max(-int(values.min(initial=0)), int(values.max(initial=0))) for values in (one, other)]
    if widest[0] * widest[1] < _LARGEST:
        return summed(cells, np.multiply(one, other, dtype=np.int64))
    if widest[0] < widest[1]:
        one, other = other, one
    one = one.astype(np.int64)
    high, low = one >> _HALF, one & (2**_HALF - 1)
    return product_sums(cells, high, other) * 2.0**_HALF + product_sums(cells, low, other)
