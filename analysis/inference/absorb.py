"""What is left of a column once its mean in each of several overlapping groupings is taken out?

Fixed effects of two or more sets of categories, absorbed exactly: rows alone in their category tell nothing and are
set aside, the rest is projected. One set is a subtraction of means. Of more, the largest is subtracted and the others
solved for where they have few categories; else the symmetric sweep of subtractions is iterated by conjugate gradients
to a tolerance. Which regression is run on what is left is up to the caller.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

TOLERANCE = 1e-12
"""What the sweep may still move a column by, as a share of the column's own length."""
MOST_SWEEPS = 2_000
MOST_SOLVED = 500
"""So many categories beside those of the largest set are solved for at once; more are swept."""
_SAME = 1e-9
"""Directions of less than this share of the largest are none: the sets hang together there."""


@dataclass(frozen=True, slots=True)
class Solved:
    """Which set is the largest, and the inverse of what the others share within it, shape (categories, categories)."""

    largest: int
    inverse: Floats


@dataclass(frozen=True, slots=True)
class Absorber:
    """Sets of categories, ready to be taken out of columns.

    Parameters
    ----------
    kept : array of bool, shape (n_rows,)
        False for rows that are alone in a category, after such rows are gone.
    codes : tuple of array of int, shape (n_kept,)
        One per set, categories counted from 0 without gaps.
    sizes : tuple of array of float
        Rows of each category, as `codes` count them.
    degrees : int
        Degrees of freedom the sets take together, the mean of all included. Exact for up to two sets. Of each further
        set, what it shares with the one it shares most with is left out, so that the count may be too high and
        errors too wide, never too narrow.
    done : dict of bytes to array of float
        Columns that were asked for, and what is left of them: who asks several regressions of the same rows hands on
        one absorber, and each column is swept once.
    solved : Solved, optional
        How the sets beside the largest are solved for, where they are few enough.
    """

    kept: Flags
    codes: tuple[Ints, ...]
    sizes: tuple[Floats, ...]
    degrees: int
    done: dict[bytes, Floats] = field(default_factory=dict, repr=False, compare=False)
    solved: Solved | None = field(default=None, repr=False, compare=False)

    @property
    def singletons(self) -> int:
        """Rows set aside because they are alone in a category."""
        return int((~self.kept).sum())

    def residuals(self, columns: ArrayLike) -> Floats:
        """What is left of each column of the kept rows.

        Parameters
        ----------
        columns : array of float, shape (n_kept,) or (n_kept, n_columns)

        Returns
        -------
        array of float, of the same shape
            With mean zero in every category of every set.

        Raises
        ------
        DesignError
            If the sweeps do not come to rest.

        Examples
        --------
        >>> of = absorber([[0, 0, 1, 1], [0, 1, 0, 1]])
        >>> of.residuals([1.0, 2.0, 3.0, 8.0]).tolist()
        [1.0, -1.0, -1.0, 1.0]
        """
        given = np.asarray(columns, dtype=np.float64)
        each = given[:, None] if given.ndim == 1 else given
        found = [self._once(np.ascontiguousarray(each[:, place])) for place in range(each.shape[1])]
        return np.stack(found, axis=1).reshape(given.shape) if found else np.zeros(given.shape)

    def _once(self, column: Floats) -> Floats:
        name = blake2b(column.tobytes(), digest_size=16).digest()
        if name not in self.done:
            self.done[name] = self._residual(column)
        return self.done[name]

    def _demeaned(self, column: Floats, which: int) -> Floats:
        code, size = self.codes[which], self.sizes[which]
        return np.asarray(column - (np.bincount(code, weights=column, minlength=size.size) / size)[code])

    def _swept(self, column: Floats) -> Floats:
        """Means of each set taken out in turn, there and back: a symmetric operation."""
        there = range(len(self.codes))
        for which in (*there, *reversed(there[:-1])):
            column = self._demeaned(column, which)
        return column

    def _solved(self, rest: Floats, solved: Solved) -> Floats:
        """The largest set taken out, the others solved for; and once more, for the last digits."""
        others = [which for which in range(len(self.codes)) if which != solved.largest]
        rest = self._demeaned(rest, solved.largest)
        for _ in range(2):
            sums = [np.bincount(self.codes[one], weights=rest, minlength=self.sizes[one].size) for one in others]
            shift, first = solved.inverse @ np.concatenate(sums), 0
            for one in others:
                rest = rest - shift[first : first + self.sizes[one].size][self.codes[one]]
                first += self.sizes[one].size
            rest = self._demeaned(rest, solved.largest)
        return rest

    def _residual(self, column: Floats) -> Floats:
        if not self.codes:
            return np.asarray(column - column.mean())
        if len(self.codes) == 1:
            return self._demeaned(column, 0)
        rest = column - column.mean()
        enough = TOLERANCE * float(np.linalg.norm(rest))
        if self.solved is not None:
            found = self._solved(rest, self.solved)
            if float(np.linalg.norm(found - self._swept(found))) <= 10 * enough:
                return found
        gap = rest - self._swept(rest)  # conjugate gradients on (1 - sweep), whose null space is what is wanted
        direction, square = gap.copy(), float(gap @ gap)
        for _ in range(MOST_SWEEPS):
            if square <= enough**2:
                return self._swept(rest)
            image = direction - self._swept(direction)
            curvature = float(direction @ image)
            if curvature <= 0:  # nothing but rounding is left
                return self._swept(rest)
            step = square / curvature
            rest = rest - step * direction
            gap = gap - step * image
            square, before = float(gap @ gap), square
            direction = gap + (square / before) * direction
        raise DesignError(
            f"After {MOST_SWEEPS:,} sweeps over {len(self.codes)} sets of categories their means are not out yet. The "
            "sets hang together by a few rows only: use coarser categories."
        )


def absorber(sets: Sequence[ArrayLike], n_rows: int | None = None) -> Absorber:
    """Make ready to absorb sets of categories.

    Parameters
    ----------
    sets : sequence of array of int, shape (n_rows,)
        Category of each row, by any whole numbers. Without a set the overall mean alone is taken out.
    n_rows : int, optional
        Needed where there is no set.

    Raises
    ------
    DesignError
        If every row is alone in a category.
    ValueError
        If the sets differ in length.

    Source
    ------
    Correia (2015), "Singletons, cluster-robust standard errors and fixed effects"; Abowd, Creecy and Kramarz (2002) for
    the degrees of freedom of two sets: categories less the parts that hang together.

    Examples
    --------
    >>> of = absorber([[0, 0, 1, 1, 2], [0, 1, 0, 1, 1]])
    >>> of.singletons, of.degrees
    (1, 3)
    """
    given = [np.asarray(one) for one in sets]
    n = len(given[0]) if given else n_rows
    if n is None or any(one.shape != (n,) for one in given):
        raise ValueError("Sets of categories need one category for each row, all of the same length.")
    codes = [np.unique(one, return_inverse=True)[1].reshape(-1).astype(np.int64) for one in given]
    kept = _not_alone(codes, n)
    if not kept.any():
        raise DesignError(
            f"Each of {n:,} rows is alone in one of its categories, so that nothing is left to compare it with. Use "
            "coarser categories."
        )
    codes = [np.unique(one[kept], return_inverse=True)[1].reshape(-1).astype(np.int64) for one in codes]
    sizes = tuple(np.bincount(one).astype(np.float64) for one in codes)
    return Absorber(kept, tuple(codes), sizes, _degrees(codes), solved=_to_be_solved(codes, sizes))


def _to_be_solved(codes: Sequence[Ints], sizes: Sequence[Floats]) -> Solved | None:
    """The inverse of what the other sets share, within the largest; None where there is one set, or they are many."""
    from scipy.sparse import coo_matrix, diags, hstack

    if len(codes) < 2:
        return None
    largest = int(np.argmax([size.size for size in sizes]))
    others = [which for which in range(len(codes)) if which != largest]
    if sum(sizes[which].size for which in others) > MOST_SOLVED:
        return None
    rows = np.arange(len(codes[0]))
    ones = np.ones(len(rows))
    held = hstack(
        [coo_matrix((ones, (rows, codes[one])), shape=(len(rows), sizes[one].size)) for one in others]
    ).tocsr()
    within = coo_matrix((ones, (codes[largest], rows)), shape=(sizes[largest].size, len(rows))).tocsr() @ held
    shared = np.asarray((held.T @ held - within.T @ diags(1 / sizes[largest]) @ within).todense())
    scale = 1 / np.sqrt(np.concatenate([sizes[one] for one in others]))
    alike = np.linalg.pinv(shared * np.outer(scale, scale), rcond=_SAME, hermitian=True)
    return Solved(largest, alike * np.outer(scale, scale))


def _not_alone(codes: Sequence[Ints], n: int) -> Flags:
    """Rows that share each of their categories with another, found by taking out the lonely until none is left."""
    kept = np.ones(n, dtype=bool)
    while True:
        alone = np.zeros(n, dtype=bool)
        for code in codes:
            alone |= kept & (np.bincount(code, weights=kept)[code] == 1)
        if not alone.any():
            return kept
        kept &= ~alone


def _degrees(codes: Sequence[Ints]) -> int:
    if not codes:
        return 1
    total = int(codes[0].max()) + 1
    for place in range(1, len(codes)):
        shared = max(_parts(codes[earlier], codes[place]) for earlier in range(place))
        total += int(codes[place].max()) + 1 - shared
    return total


def _parts(one: Ints, other: Ints) -> int:
    """Into how many parts do two sets of categories fall that share no row?"""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_one, n_other = int(one.max()) + 1, int(other.max()) + 1
    size = n_one + n_other
    links = coo_matrix((np.ones(len(one)), (one, n_one + other)), shape=(size, size))
    return int(connected_components(links, directed=False, return_labels=False))
