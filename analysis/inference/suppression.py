"""Which cells of a table of customers may be shown? None under ten, and none from which one under ten follows.

*Primary*: a cell, row total, column total or grand total of 1 to 9 customers is hidden. *Secondary*: whoever knows the
shown numbers can bound each hidden one by the sums of its row and column; further cells, the smallest that serve, are
hidden until every such interval is at least ten wide. The last step is a check: each interval is found by linear
programming, and a table that fails it is not returned.

*Zeros* are shown and never hidden: nobody is described by one, and a zero that is easily guessed would protect nothing.
A hidden number carries one mark, whatever it was hidden for. Shares are made by `Shown.shares`, which hides those of
hidden numbers. Several tables of the same customers at once (by month, say) are not looked at together: publish one, or
put what they share into the margins of one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_matrix

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

FEWEST = 10
HIDDEN = "fewer than 10, or hidden so that such a number cannot be worked out"
_MANY_CELLS = 400
"""Beyond so many cells hidden ones are not tried one by one for whether they could be shown after all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A table with its totals as it may be published.

    Parameters
    ----------
    counts : array of int, shape (n + 1,), (rows + 1, columns + 1) or with a third axis alike
        The table with the totals last, hidden numbers and all: never publish it. It does not print.
    hidden : array of bool, the same shape
    """

    counts: Ints = field(repr=False)
    hidden: Flags

    def values(self) -> list[Any]:
        """The numbers, totals last; None where hidden."""
        return _without(self.counts.tolist(), self.hidden.tolist())

    def shares(self) -> list[Any]:
        """Each cell as a share of the total of its row (of the table, if it has one dimension); None where the cell or
        that total is hidden, or the total is zero.

        Examples
        --------
        >>> suppressed([3, 12, 45]).shares()
        [None, None, 0.75, 1.0]
        """
        total = self.counts[..., -1:]
        share = self.counts / np.maximum(total, 1)
        gone = self.hidden | self.hidden[..., -1:] | (total == 0)
        return _without(share.tolist(), gone.tolist())


def suppressed(counts: ArrayLike, *, fewest: int = FEWEST) -> Shown:
    """Which cells and totals may be shown?

    Parameters
    ----------
    counts : array of int, shape (n,), (rows, columns) or (rows, columns, layers)
        Distinct customers in each cell, each customer in one cell. Totals are added here.
    fewest : int
        The smallest number of customers that may be shown, and the least width of what can be known of a hidden one.

    Raises
    ------
    ValueError
        If a count is negative, or there is no cell.

    Source
    ------
    Hundepool et al., Statistical Disclosure Control (2012), ch. 4: threshold rule; secondary cells by the linear
    program that moves the primary cell at the least cost; audit of the feasibility intervals.

    Examples
    --------
    >>> suppressed([3, 12, 45]).values()
    [None, None, 45, 60]
    >>> suppressed([[3, 20, 30], [40, 14, 50]]).values()
    [[None, None, 30, 53], [None, None, 50, 104], [43, 34, 80, 157]]
    >>> suppressed([0, 12, 45]).values()
    [0, 12, 45, 57]
    """
    inside = np.asarray(counts, dtype=np.int64)
    if inside.ndim not in (1, 2, 3) or inside.size == 0 or inside.min() < 0 or fewest < 1:
        raise ValueError("A table of customers has one to three dimensions, a cell or more, and no negative number.")
    table = _with_totals(inside)
    hidden = (table > 0) & (table < fewest)
    if hidden.any():
        hidden = _protected(table, hidden, fewest)
    return Shown(counts=table, hidden=hidden)


def known_of(shown: Shown, place: tuple[int, ...]) -> tuple[float, float]:
    """Between which numbers does a hidden one lie, for whoever knows all that is shown?

    Examples
    --------
    >>> known_of(suppressed([3, 12, 45]), (0,))
    (0.0, 15.0)
    """
    cell = int(np.ravel_multi_index(place, shown.counts.shape))
    flat = shown.counts.ravel().astype(np.float64)
    low, high = _interval(_sums(shown.counts.shape), flat, shown.hidden.ravel(), cell)
    return low, high


def _with_totals(inside: Ints) -> Ints:
    for axis in range(inside.ndim):
        inside = np.concatenate([inside, inside.sum(axis=axis, keepdims=True)], axis=axis)
    return inside


def _protected(table: Ints, primary: Flags, fewest: int) -> Flags:
    flat, hidden, small = table.ravel().astype(np.float64), primary.ravel().copy(), np.flatnonzero(primary)
    sums = _sums(table.shape)

    def open_cell() -> int | None:
        return next((int(cell) for cell in small if not _wide(sums, flat, hidden, int(cell), fewest)), None)

    for cell in small:
        if not _wide(sums, flat, hidden, int(cell), fewest):
            hidden |= _moved(sums, flat, hidden, int(cell), fewest)
    if flat.size <= _MANY_CELLS:
        further = np.setdiff1d(np.flatnonzero(hidden), small)
        for cell in further[np.argsort(-flat[further], kind="stable")]:
            hidden[cell] = False
            hidden[cell] = open_cell() is not None
    if (unsafe := open_cell()) is not None:
        raise AssertionError(f"Hidden cell {unsafe} of {flat.size} can be worked out: the table is not shown.")
    return hidden.reshape(table.shape)


def _sums(shape: tuple[int, ...]) -> csr_matrix:
    """The relations that hold between the cells, a row each: the parts of a line less its total are zero."""
    place = np.arange(int(np.prod(shape))).reshape(shape)
    lines = [
        line for axis in reversed(range(len(shape))) for line in np.moveaxis(place, axis, -1).reshape(-1, shape[axis])
    ]
    rows = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    sign = np.concatenate([np.where(np.arange(len(line)) == len(line) - 1, -1.0, 1.0) for line in lines])
    return csr_matrix((sign, (rows, np.concatenate(lines))), shape=(len(lines), place.size))


def _interval(sums: csr_matrix, flat: Floats, hidden: Flags, cell: int) -> tuple[float, float]:
    free = np.flatnonzero(hidden)
    if not hidden[cell]:
        return float(flat[cell]), float(flat[cell])
    shown = sums @ np.where(hidden, 0.0, flat)
    target = (free == cell).astype(np.float64)
    ends = []
    for sign in (1.0, -1.0):
        found = linprog(sign * target, A_eq=sums[:, free], b_eq=-shown, bounds=(0, None), method="highs")
        if found.status == 3:
            ends.append(np.inf)
        elif found.status == 0:
            ends.append(sign * float(found.fun))
        else:
            raise AssertionError(f"What is known of a hidden cell could not be found: {found.message}")
    return ends[0], ends[1]


def _wide(sums: csr_matrix, flat: Floats, hidden: Flags, cell: int, fewest: int) -> bool:
    low, high = _interval(sums, flat, hidden, cell)
    return high - low >= fewest - 1e-6


def _moved(sums: csr_matrix, flat: Floats, hidden: Flags, cell: int, fewest: int) -> Flags:
    """The cells that must be hidden too, for this one to be possibly `fewest` larger: those moved at the least cost.

    Each cell moves up or down, no further down than to zero; moving a shown one costs its customers.
    """
    n = len(flat)
    up = np.where(flat > 0, np.inf, 0.0)
    down = flat.copy()
    up[cell], down[cell] = fewest, 0.0
    cost = np.where(hidden, 1e-3, flat)
    found = linprog(
        np.concatenate([cost, cost]),
        A_eq=csr_matrix(np.hstack([sums.toarray(), -sums.toarray()])),
        b_eq=np.zeros(sums.shape[0]),
        bounds=[(fewest if one == cell else 0, up[one]) for one in range(n)] + [(0, down[one]) for one in range(n)],
        method="highs",
    )
    if found.status != 0:
        raise AssertionError(f"No cells protect a small one: {found.message}")
    return np.asarray(np.abs(found.x[:n] - found.x[n:]) > 1e-6)


def _without(values: list[Any], gone: list[Any]) -> list[Any]:
    return [
        _without(value, away) if isinstance(value, list) else None if away else value
        for value, away in zip(values, gone, strict=True)
    ]
