"""Which few numbers do very many groups of rows leave behind, and what do customers add to an estimate made of them?

`Cells` are Moments of many groups at once, as arrays: how many rows a cell has, the sums of their columns, and sums of
products where somebody needs them. Cells add up to coarser cells exactly, so that one scan serves every choice of
strata and every segment. An estimate made of cells is, to first order, linear in the rows: `Linear` says by how much a
row of each cell moves it. A second scan sums that by customer, and `Influences` holds the sums of products over
customers: the covariance of the estimates, clustered by customer over all rows and roles.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Measure = tuple[str, ...]
"""A sum of columns, ("orders_p1", "orders_p2"); the empty one is nought."""
_SPARSEST, _SMALL = 64, 2**21
"""Whole numbers are ticked off in a table that has up to so many places for each of them, if it is a small one."""
_DENSE = 4
"""... and up to so many, if it is larger."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Rows, sums and sums of products of many groups of rows.

    Parameters
    ----------
    keys : mapping of column to array of int, shape (n_cells,)
        What the rows of a cell have in common.
    n : array of int, shape (n_cells,)
        Rows of each cell.
    sums : mapping of column to array of float, shape (n_cells,)
    products : mapping of two measures to array of float, shape (n_cells,)
        Sums over rows of the product of two measures.

    Examples
    --------
    >>> sums = {"a": np.array([4.0, 1.0]), "b": np.array([1.0, 1.0])}
    >>> cells = Cells({"arm": np.array([0, 1])}, np.array([3, 2]), sums)
    >>> cells.total(("a", "b")).tolist(), cells.total(()).tolist()
    ([5.0, 2.0], [0.0, 0.0])
    """

    keys: Mapping[str, Ints]
    n: Ints
    sums: Mapping[str, Floats]
    products: Mapping[tuple[Measure, Measure], Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(
            len(part) != len(self.n) for part in (*self.keys.values(), *self.sums.values(), *self.products.values())
        ):
            raise ValueError("All columns of cells have one entry a cell.")
        for name in ("keys", "sums", "products"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def __len__(self) -> int:
        return len(self.n)

    def total(self, measure: Measure) -> Floats:
        """Sum of a measure over the rows of each cell, shape (n_cells,)."""
        return np.asarray(sum((self.sums[column] for column in measure), np.zeros(len(self.n))))

    def product(self, one: Measure, other: Measure) -> Floats:
        """Sum of the product of two measures over the rows of each cell, shape (n_cells,)."""
        return self.products[(one, other)] if (one, other) in self.products else self.products[(other, one)]


@dataclass(frozen=True, slots=True)
class Linear:
    """By how much does a row of each cell move an estimate?

    Parameters
    ----------
    name : str
    measures : tuple of Measure, length k
    weights : array of float, shape (n_cells, k + 1)
        What one unit of each measure adds; the last column is added to each row.
    """

    name: str
    measures: tuple[Measure, ...]
    weights: Floats

    def __post_init__(self) -> None:
        if self.weights.ndim != 2 or self.weights.shape[1] != len(self.measures) + 1:
            raise ValueError(
                f"{self.name}: {len(self.measures)} measures need {len(self.measures) + 1} weights a cell."
            )
        if not np.isfinite(self.weights).all():
            raise ValueError(f"{self.name}: a weight is not a number.")


@dataclass(frozen=True, slots=True)
class Influences:
    """What customers add to estimates, squared and summed over customers.

    Parameters
    ----------
    names : tuple of str, length k
    covariance : array of float, shape (k, k)
        Sums over customers of products of their influences: the covariance of the estimates.
    largest : array of float, shape (k,)
        Share of an estimate's variance that comes from the one customer with most of it; 0 where there is none.
    """

    names: tuple[str, ...]
    covariance: Floats
    largest: Floats

    def se(self, name: str) -> float:
        """Standard error of one estimate."""
        place = self.names.index(name)
        return float(np.sqrt(self.covariance[place, place]))

    def share(self, name: str) -> float:
        """The largest share of one customer in an estimate's variance."""
        return float(self.largest[self.names.index(name)])

    def block(self, names: Sequence[str]) -> Floats:
        """Covariance of some of the estimates, in the order given, shape (len(names), len(names))."""
        places = [self.names.index(name) for name in names]
        return self.covariance[np.ix_(places, places)]


def groups_of(columns: Sequence[Ints]) -> Ints:
    """One code, from 0, for each combination of the columns' values, shape (n,).

    Examples
    --------
    >>> groups_of([np.array([5, 5, 7]), np.array([1, 2, 1])]).tolist()
    [0, 1, 2]
    """
    code = np.zeros(len(columns[0]), dtype=np.int64)
    for column in columns:
        place, size = ranked(column)
        code, _ = ranked(code * size + place)
    return code


def ranked(values: Ints) -> tuple[Ints, int]:
    """The place of each value among the different ones in their order, and how many there are.

    Whole numbers that lie close together are ticked off in a table, which takes a tenth of the time of sorting them.

    Examples
    --------
    >>> place, size = ranked(np.array([7, 3, 7]))
    >>> place.tolist(), size
    ([1, 0, 1], 2)
    """
    if values.dtype.kind == "i" and len(values):
        low, wide = int(values.min()), int(values.max()) - int(values.min()) + 1
        if wide <= max(min(_SPARSEST * len(values), _SMALL), _DENSE * len(values)):
            offset = np.subtract(values, low, dtype=np.int64)
            there = np.zeros(wide, dtype=bool)
            there[offset] = True
            rank = np.cumsum(there, dtype=np.int32 if wide < 2**31 else np.int64)
            return rank[offset].astype(np.int64) - 1, int(rank[-1])
    different, place = np.unique(values, return_inverse=True)
    return place, len(different)
