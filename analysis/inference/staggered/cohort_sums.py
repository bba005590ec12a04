"""Which few numbers does a panel of customers by periods leave behind, so that every comparison of cohorts follows?

Each cohort's count, its totals by period, and its sums of products over pairs of periods (`CohortSums`). They are whole
numbers of a decimal unit, so that they are exact: parts add up to the whole in any order, on any engine, and nothing is
lost when the outcome is large beside its spread. Estimates are left to `group_time` and `two_way`, tables to
`tables.panel_sums`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Exact = NDArray[np.object_]

NEVER = 0
"""The cohort of units that are never treated."""
_BLOCK = 2**14  # rows: a product of two slices of 19 bits then sums below 2**53, where floats are exact
_SLICE = 19
_SLICES = 3
_MOST = 2.0**53
_FOLD = 64  # blocks whose sums are added as machine integers before they are taken up exactly
_SIGNIFICANT = 15  # decimal digits a float holds


@dataclass(frozen=True, slots=True, kw_only=True)
class CohortSums:
    """Counts, totals and sums of products of a panel, one block for each cohort. They add up exactly.

    Parameters
    ----------
    periods : array of int, shape (n_periods,)
        Ascending.
    cohorts : array of int, shape (n_blocks,)
        First treated period of each block's units, ascending; 0 (`NEVER`) for units that are never treated.
    first : array of int, shape (n_blocks,)
        First period in which the block's units are observed. The first of all periods, unless customers join late; then
        a cohort has a block for each month of joining.
    n : array of int, shape (n_blocks,)
        Units.
    digits : int
        Decimal places of the outcome that were kept.
    totals : array of Python integers, shape (n_blocks, n_periods)
        Sums of the outcome, in units of 10 ** -digits.
    products : array of Python integers, shape (n_blocks, n_periods, n_periods)
        Sums over units of products of two periods' outcomes, in units of 10 ** (-2 * digits).

    Examples
    --------
    >>> sums = CohortSums.of([[1.5, 2.0], [0.5, 1.0], [1.0, 4.0]], cohort=[0, 0, 2])
    >>> sums.n.tolist(), sums.digits, sums.totals.tolist()
    ([2, 1], 1, [[20, 30], [10, 40]])
    >>> sums.means()[0].tolist(), sums.scatter()[0].tolist()
    ([1.0, 1.5], [[0.5, 0.5], [0.5, 0.5]])
    """

    periods: Ints
    cohorts: Ints
    first: Ints
    n: Ints
    digits: int
    totals: Exact
    products: Exact

    def __post_init__(self) -> None:
        blocks, wide = len(self.cohorts), len(self.periods)
        shapes = (self.first.shape, self.n.shape, self.totals.shape, self.products.shape)
        if shapes != ((blocks,), (blocks,), (blocks, wide), (blocks, wide, wide)):
            raise ValueError(f"Sums of {blocks} blocks and {wide} periods do not have the shapes {shapes}.")

    @classmethod
    def of(
        cls,
        outcomes: ArrayLike,
        cohort: ArrayLike,
        periods: ArrayLike | None = None,
        *,
        first: ArrayLike | None = None,
        digits: int | None = None,
    ) -> CohortSums:
        """The sums of a table of units by periods.

        Parameters
        ----------
        outcomes : array of float, shape (n_units, n_periods)
        cohort : array of int, shape (n_units,)
            First treated period of each unit; 0 for never.
        periods : array of int, shape (n_periods,), optional
            1 to n_periods by default.
        first : array of int, shape (n_units,), optional
            First period in which each unit is observed; its outcomes before are not read. All are by default observed
            throughout.
        digits : int, optional
            Decimal places to keep. By default as many as the outcomes have, up to six; where they have more, all that
            floats hold.

        Raises
        ------
        DesignError
            If there are no units, an outcome is missing or infinite, or has more digits than can be kept.
        """
        values = np.asarray(outcomes)
        if values.dtype != np.float64:
            values = values.astype(np.float64)
        months = np.arange(1, values.shape[1] + 1) if periods is None else np.asarray(periods, dtype=np.int64)
        begun = np.asarray(cohort, dtype=np.int64)
        seen = np.full(len(begun), months[0] if months.size else 0) if first is None else np.asarray(first, np.int64)
        if values.ndim != 2 or values.shape != (begun.size, months.size) or seen.shape != begun.shape:
            raise ValueError("Outcomes are a table of units by periods, with a cohort for each unit.")
        if not values.size:
            raise DesignError("The panel has no units or no periods: there is nothing to compare.")
        if (np.diff(months) <= 0).any():
            raise ValueError("Periods are given once each, in order of time.")
        observed = None if (seen <= months[0]).all() else seen[:, None] <= months
        kept = places(values if observed is None else values[observed]) if digits is None else digits
        keys, code = _blocks(begun, seen)
        order = np.argsort(code.astype(np.int32), kind="stable")
        n = np.bincount(code, minlength=len(keys))
        ends = np.cumsum(n)
        found = [
            _exact_sums(values, order[end - size : end], None if observed is None else observed[order[end - 1]], kept)
            for size, end in zip(n, ends, strict=True)
        ]
        return cls(
            periods=months,
            cohorts=keys[:, 0],
            first=keys[:, 1],
            n=n,
            digits=kept,
            totals=np.array([totals for totals, _ in found], dtype=object),
            products=np.array([products for _, products in found], dtype=object),
        )

    def __add__(self, other: CohortSums) -> CohortSums:
        """The sums of both parts together. Exact, so the order of adding does not matter."""
        if not np.array_equal(self.periods, other.periods):
            raise ValueError("Only sums over the same periods add up.")
        digits = max(self.digits, other.digits)
        cohorts, first = (np.concatenate(pair) for pair in ((self.cohorts, other.cohorts), (self.first, other.first)))
        keys, code = _blocks(cohorts, first)
        wide = len(self.periods)
        n = np.zeros(len(keys), dtype=np.int64)
        totals, products = zeros(len(keys), wide), zeros(len(keys), wide, wide)
        np.add.at(n, code, np.concatenate([self.n, other.n]))
        for part, places in ((self, code[: len(self.n)]), (other, code[len(self.n) :])):
            finer = 10 ** (digits - part.digits)
            totals[places] += part.totals * finer
            products[places] += part.products * finer**2
        return CohortSums(
            periods=self.periods,
            cohorts=keys[:, 0],
            first=keys[:, 1],
            n=n,
            digits=digits,
            totals=totals,
            products=products,
        )

    @property
    def balanced(self) -> bool:
        """Whether every unit is observed in every period."""
        return bool((self.first <= self.periods[0]).all())

    def part(self, blocks: ArrayLike, periods: ArrayLike) -> CohortSums:
        """The sums of some blocks over some periods.

        Parameters
        ----------
        blocks : array of bool, shape (n_blocks,)
        periods : array of bool, shape (n_periods,)
        """
        rows, columns = np.flatnonzero(blocks), np.flatnonzero(periods)
        return CohortSums(
            periods=self.periods[columns],
            cohorts=self.cohorts[rows],
            first=self.first[rows],
            n=self.n[rows],
            digits=self.digits,
            totals=self.totals[np.ix_(rows, columns)],
            products=self.products[np.ix_(rows, columns, columns)],
        )

    def means(self) -> Floats:
        """Mean outcome of each block in each period, shape (n_blocks, n_periods); 0 before its units are observed."""
        return _float(self.totals, self.n[:, None].astype(object) * 10**self.digits)

    def scatter(self) -> Floats:
        """Sums of products about the block's means, shape (n_blocks, n_periods, n_periods). Free of cancellation."""
        size = self.n[:, None, None].astype(object)
        about = size * self.products - self.totals[:, :, None] * self.totals[:, None, :]
        return _float(about, size * 10 ** (2 * self.digits))


def zeros(*shape: int) -> Exact:
    """An array of whole numbers without a largest one, all nought."""
    made = np.empty(shape, dtype=object)
    made.fill(0)
    return made


def places(values: NDArray[Any]) -> int:
    """How many decimal places have these numbers? Up to six as they are written; beyond, all that floats hold.

    Raises
    ------
    DesignError
        If any is missing or infinite.

    Examples
    --------
    >>> places(np.array([3.0, -2.0])), places(np.array([0.25, 19.99])), places(np.array([1 / 3]))
    (0, 2, 15)
    """
    rows = values.reshape(len(values), -1)
    step = max(1, _BLOCK * 16 // max(rows.shape[1], 1))
    blocks = [rows[i : i + step] for i in range(0, len(rows), step)]
    largest = 0.0
    for block in blocks:
        ends = float(block.max()), float(block.min())
        if not np.isfinite(ends).all():
            missing = int((~np.isfinite(rows)).sum())
            raise DesignError(
                f"{missing:,} of {rows.size:,} outcomes are missing or infinite. Fill the months without purchases "
                "with 0, or leave those customers out."
            )
        largest = max(largest, *map(abs, ends))
    digits = 0
    for block in (blocks[0][:64], *blocks):
        while digits <= 6 and not _written(block, digits):
            digits += 1
    if digits <= 6 and largest * 10**digits < _MOST:
        return digits
    return max(_SIGNIFICANT - int(np.ceil(np.log10(largest))), 0)


def _written(block: Floats, digits: int) -> bool:
    """Whether all are the floats nearest to numbers with that many decimal places."""
    unit = 10.0**digits
    return bool((np.rint(block * unit) / unit == block).all())


def _blocks(cohort: Ints, first: Ints) -> tuple[Ints, Ints]:
    """The cohorts and first periods there are, in order, shape (n_blocks, 2), and the block of each unit."""
    if len(cohort) and (first == first[0]).all():
        keys, code = _distinct(cohort)
        return np.column_stack([keys, np.full(len(keys), first[0])]), code
    found, code = np.unique(np.column_stack([cohort, first]), axis=0, return_inverse=True)
    return found, code.reshape(-1)


def _distinct(values: Ints) -> tuple[Ints, Ints]:
    """As `np.unique` with inverse; without sorting where the values lie close together, as cohorts do."""
    low, high = int(values.min()), int(values.max())
    if high - low > 2**16:
        keys, code = np.unique(values, return_inverse=True)
        return keys, code
    there = np.bincount(values - low) > 0
    place = np.cumsum(there) - 1
    return np.flatnonzero(there) + low, place[values - low]


def _exact_sums(values: Floats, rows: Ints, observed: NDArray[np.bool_] | None, digits: int) -> tuple[Exact, Exact]:
    """Totals and sums of products of some rows, in whole numbers."""
    wide = values.shape[1]
    totals, products = zeros(wide), zeros(wide, wide)
    column_sums = np.zeros((_SLICES, wide), dtype=np.int64)
    pair_sums = np.zeros((2 * _SLICES - 1, wide, wide), dtype=np.int64)
    starts = range(0, len(rows), _BLOCK)
    for turn, start in enumerate(starts, 1):
        taken = values[rows[start : start + _BLOCK]]
        if observed is not None:
            taken[:, ~observed] = 0.0
        slices = list(_sliced(taken, digits))
        for i, one in enumerate(slices):
            column_sums[i] += one.sum(axis=0).astype(np.int64)
            for j, other in enumerate(slices[i:], i):
                crossed = (one.T @ other).astype(np.int64)
                pair_sums[i + j] += crossed if i == j else crossed + crossed.T
        if turn % _FOLD == 0 or turn == len(starts):
            totals += _carried(column_sums)
            products += _carried(pair_sums)
            column_sums[:] = 0
            pair_sums[:] = 0
    return totals, products


def _sliced(block: Floats, digits: int) -> Iterable[Floats]:
    """The numbers as whole multiples of 10 ** -digits, cut into slices of 19 bits, the lowest first."""
    block *= 10.0**digits
    np.rint(block, out=block)
    largest = max(float(block.max()), -float(block.min()))
    if not largest < _MOST:
        raise DesignError(
            f"An outcome needs more than the 15 digits that can be kept exactly, at {digits} decimal places. Is the "
            "money in its main unit? Otherwise keep fewer decimal places."
        )
    while largest > 2.0**_SLICE:
        upper = np.rint(block * 2.0**-_SLICE)
        block -= upper * 2.0**_SLICE
        yield block
        block, largest = upper, largest * 2.0**-_SLICE
    yield block


def _carried(sums: Ints) -> Exact:
    """What sums of slices come to."""
    whole = zeros(*sums.shape[1:])
    for place, part in enumerate(sums):
        if part.any():
            whole += part.astype(object) * 2 ** (_SLICE * place)
    return whole


def _float(above: Exact, below: Exact) -> Floats:
    return np.asarray(above / below, dtype=np.float64)
