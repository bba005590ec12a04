"""What did each customer of the stack do in each month, and which of it belongs to a row? Whole numbers in a grid.

A grid has a line a customer and a column a month, with empty months at both sides, so that what lies so and so many
months from the index month of a row is one step to the side. Sums over rows are made of whole numbers and are exact.
Filling the grids is left to `stack_months_sql`, asking for cells and influences to `stack_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.inference.cells import Floats, Ints, Measure
from analysis.studies.stack import BOUGHT, LEADS_FROM, MONTHLY, Layout, early, lag

_EXACT = 2**53
_LARGEST = 2**62
_HALF = 26
_BLOCK = 2**16
"""Rows that are worked on at once."""

Grid = NDArray[np.signedinteger]
"""Whole numbers, customers one after the other, shape (n_customers * width,)."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a column of the stack comes from: months of a grid summed, or whether there is any, where `some`."""

    grid: str
    first: int
    last: int
    some: bool = False


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
    """How wide a grid is: the months of the data, `before` empty ones on the left and `after` on the right."""

    begin: int
    months: int
    before: int
    after: int

    @classmethod
    def of(cls, layout: Layout) -> Shape:
        """Wide enough for every measure of a row of that layout."""
        months = layout.end.number - layout.begin.number + 1
        return cls(layout.begin.number, months, layout.before + LEADS_FROM, layout.after + 1)

    @property
    def width(self) -> int:
        return self.before + self.months + self.after

    def start(self, customer: Ints, month: Ints) -> Ints:
        """Where in a grid the earliest month of each row lies; later ones follow it."""
        return customer.astype(np.int64) * self.width + (month - self.begin)

    def widened(self, counted: NDArray[np.signedinteger]) -> Grid:
        """A grid of the months of the data, shape (n_customers, months), as small as its numbers allow."""
        low, high = int(counted.min(initial=0)), int(counted.max(initial=0))
        kinds = (np.int8, np.int16, np.int32, np.int64)
        kind = next(kind for kind in kinds if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
        wide = np.zeros((len(counted), self.width), dtype=kind)
        wide[:, self.before : self.before + self.months] = counted
        return wide.reshape(-1)


def beside(grids: Mapping[str, Grid], asked: Mapping[str, Source], start: Ints, shape: Shape) -> dict[str, Ints]:
    """The measures of rows, by column, each of shape (n_rows,), out of the grids.

    Months of one row lie together in a grid, and are fetched together.
    """
    columns: dict[str, Ints] = {}
    for name, grid in grids.items():
        own = {column: source for column, source in asked.items() if source.grid == name}
        if not own:
            continue
        low, high = min(source.first for source in own.values()), max(source.last for source in own.values())
        months = np.lib.stride_tricks.sliding_window_view(grid, high - low + 1)
        for column, source in own.items():
            kind = np.int8 if source.some else grid.dtype if source.first == source.last else np.int64
            columns[column] = np.zeros(len(start), dtype=kind)
        for first in range(0, len(start), _BLOCK):
            rows = slice(first, first + _BLOCK)
            around = months[start[rows] + (shape.before + low)]
            for column, source in own.items():
                part = around[:, source.first - low : source.last - low + 1]
                if source.some:
                    columns[column][rows] = part.sum(axis=1) > 0
                else:
                    columns[column][rows] = part[:, 0] if part.shape[1] == 1 else part.sum(axis=1)
    return columns


@dataclass(frozen=True, slots=True)
class Measured:
    """The measures of some rows.

    Parameters
    ----------
    columns : mapping of str to array of int
    part : array of int, shape (n_rows,)
        Which rows of the columns these are.
    """

    columns: Mapping[str, Ints]
    part: Ints

    def of(self, measure: Measure, rows: slice | Ints = slice(None)) -> Ints:
        """A sum of columns, row by row, shape (n_rows,)."""
        part = self.part[rows]
        total: Ints = np.zeros(len(part), dtype=np.int64)
        for column in measure:
            total += self.columns[column][part]
        return total


def summed(place: Ints, values: Ints, size: int) -> Floats:
    """Sums of whole numbers by cell, each rounded once to a double, shape (size,).

    Examples
    --------
    >>> summed(np.array([0, 0, 1]), np.array([2**60, 1, -5]), 2).tolist()
    [1.152921504606847e+18, -5.0]
    """
    largest = max(-int(values.min(initial=0)), int(values.max(initial=0)))
    if largest * len(values) < _EXACT:
        return np.asarray(np.bincount(place, weights=values, minlength=size), dtype=np.float64)
    high = values >> _HALF
    low = values & (2**_HALF - 1)
    return summed(place, high, size) * 2.0**_HALF + summed(place, low, size)


def product_sums(place: Ints, one: Ints, other: Ints, size: int) -> Floats:
    """Sums of products of whole numbers by cell, shape (size,).

    Factors whose product outgrows a whole number of the machine are cut in two.

    Examples
    --------
    >>> product_sums(np.array([0, 0]), np.array([2**40, 3]), np.array([2**40, 5]), 1).tolist()
    [1.2089258196146292e+24]
    """
    widest = [max(-int(values.min(initial=0)), int(values.max(initial=0))) for values in (one, other)]
    if widest[0] * widest[1] < _LARGEST:
        return summed(place, one * other, size)
    if widest[0] < widest[1]:
        one, other = other, one
    high, low = one >> _HALF, one & (2**_HALF - 1)
    return product_sums(place, high, other, size) * 2.0**_HALF + product_sums(place, low, other, size)
