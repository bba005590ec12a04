"""How is money added up by customer and month without a rounding? In whole numbers of the smallest unit in use.

Whose months these are is left to `stack_grid`, reading the tables to `stack_months_sql` and `stack_issues`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Ints
from analysis.studies.stack_grid import Grid

if TYPE_CHECKING:
    import pyarrow as pa

MICRO = 6
"""Digits after the point of money in the tables."""


class Sums:
    """Money added up by field of a grid, in whole numbers of the smallest unit in use: whole cents need two digits.

    Examples
    --------
    >>> sums = Sums(np.zeros(2, dtype=np.int32))
    >>> sums.add(np.array([0, 1, 0]), np.array([2_000_000, 5_000_000, 1_000_000]))
    >>> sums.add(np.array([1]), np.array([250_000]))
    >>> sums.digits, sums.grid.tolist(), sums.hold(2), sums.hold(2**24)
    (2, [300, 525], True, False)
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.digits = 0
        self._largest = 0

    def add(self, line: Ints, amounts: Ints) -> None:
        """Amounts in millionths, each to its field."""
        self.add_whole(line, *in_units(amounts, self.digits))

    def add_whole(self, line: Ints, whole: Ints, digits: int) -> None:
        """Amounts in units of so many digits, each to its field."""
        if digits > self.digits:
            self.grid *= self.grid.dtype.type(10 ** (digits - self.digits))
            self._largest *= 10 ** (digits - self.digits)
            self.digits = digits
        elif digits < self.digits:
            whole = whole * 10 ** (self.digits - digits)
        self._largest = max(self._largest, int(whole.max(initial=0)), -int(whole.min(initial=0)))
        np.add.at(self.grid, line, whole.astype(self.grid.dtype, copy=False))

    def hold(self, most: int) -> bool:
        """Whether no sum can have outgrown the grid, if none is of more than so many amounts."""
        return self._largest * most <= np.iinfo(self.grid.dtype).max


def in_units(amounts: Ints, digits: int = 0) -> tuple[Ints, int]:
    """Amounts in millionths as whole numbers of a larger unit, and its digits: as few as they allow, but no fewer.

    Examples
    --------
    >>> in_units(np.array([2_500_000, -1_000_000]))[0].tolist(), in_units(np.array([1]), 2)[1]
    ([25, -10], 6)
    """
    for enough in range(digits, MICRO):
        whole = _divided(amounts, 10 ** (MICRO - enough))
        if whole is not None:
            return whole, enough
    return amounts, MICRO


def _divided(amounts: Ints, unit: int) -> Ints | None:
    """Whole numbers divided by a unit, or None where one is no multiple of it.

    A double divides several times faster than a whole number does; what it gives is multiplied again to be sure.
    """
    whole = np.rint(amounts / float(unit)).astype(np.int64)
    if not np.array_equal(whole * unit, amounts):
        whole = amounts // unit
        if not np.array_equal(whole * unit, amounts):
            return None
    return whole


def micros(amounts: pa.Array, name: str, empty: int = 0, rows: slice | Ints = slice(None)) -> Ints:
    """Money of some rows as whole numbers of millionths: what a decimal of six digits is made of.

    An empty amount counts `empty`. Both halves of a decimal are fetched as one, since fetching is what takes the time.

    Raises
    ------
    DesignError
        If an amount does not fit 64 bits.
    """
    buffer = amounts.buffers()[1]
    whole = np.frombuffer(buffer, dtype=np.complex128, count=len(amounts), offset=16 * amounts.offset)
    low, high = np.ascontiguousarray(whole[rows]).view("<i8").reshape(-1, 2).T
    wrong = high != low >> 63
    if amounts.null_count:
        there = amounts.is_valid().to_numpy(zero_copy_only=False)[rows]
        low, wrong = np.where(there, low, empty), wrong & there
    if wrong.any():
        raise DesignError(f"An amount of `{name}` is too large to be held exactly.")
    return np.asarray(low)
