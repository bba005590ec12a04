"""What do the rows of two arms leave behind, so that every regression in them, drawn again or not, can be made of it?

Sums of products of standardised columns in each arm, of the rows as they are and of rows drawn again (a Poisson
bootstrap). Whatever is estimated from the same sums shares its draws. What is made of them is left to `mediation`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Floats, Ints

DRAWS = 999
"""An odd number whose quantiles at 2.5 and 97.5 % are draws themselves."""
SEED = 31_415
BLOCKS = 2_000
"""Rows of an arm are drawn again one by one up to so many; beyond that in so many blocks of equal size, made by lot."""
FEWEST = 20
"""Rows that an arm needs to be drawn again."""
_AT_ONCE = 100
_BLOCKS_AT_ONCE = 64
_NEARLY = 1e-8
"""Share of a column's variance that must be its own, beyond what the columns before it tell."""
_HELD = 1e-6
"""Ridge, in drawn rows only: a draw may hold nobody of a rare kind, whose column then tells nothing."""
_CONSTANT = "(constant)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossed:
    """Sums of products of columns in both arms, as they are and drawn again.

    Parameters
    ----------
    names : tuple of str
        Columns, the constant first.
    exposed, comparison : array of float, shape (draws + 1, n_columns, n_columns)
        Sums over rows of the product of two standardised columns; the first matrix is that of the rows themselves.
    centre, scale : array of float, shape (n_columns,)
        What was taken from each column, and by what it was divided.
    n_exposed, n_comparison : int
    changed : frozenset of int
        Places of columns that are others than in the sums these were made of, all else being shared with them.
    """

    names: tuple[str, ...]
    exposed: Floats = field(repr=False)
    comparison: Floats = field(repr=False)
    centre: Floats
    scale: Floats
    n_exposed: int
    n_comparison: int
    changed: frozenset[int] = frozenset()
    _inverses: dict[tuple[bool, tuple[int, ...]], Floats] = field(default_factory=dict, repr=False, compare=False)

    def places(self, names: Sequence[str]) -> Ints:
        """Where columns stand; the constant is not counted among them."""
        if lacking := [name for name in names if name not in self.names]:
            raise ValueError(f"These sums do not hold {', '.join(lacking)}; they hold {', '.join(self.names[1:])}.")
        return np.array([self.names.index(name) for name in names], dtype=np.int64)

    def independent(self, candidates: Sequence[str]) -> tuple[str, ...]:
        """Those columns that tell in both arms something that those before them, and the constant, do not."""
        left = [_without_constant(gram[0]) for gram in (self.exposed, self.comparison)]
        whole = [np.diag(one).copy() for one in left]
        kept = []
        for place in self.places(candidates):
            if all(one[place, place] > _NEARLY * most[place] for one, most in zip(left, whole, strict=True)):
                kept.append(int(place))
                left = [_without(one, int(place)) for one in left]
        return tuple(self.names[place] for place in kept)

    def coefficients(self, rows: Ints, columns: Ints, *, exposed: bool) -> Floats:
        """Of the regressions of columns on rows in one arm, shape (draws + 1, n_rows, n_columns)."""
        gram = self.exposed if exposed else self.comparison
        return np.asarray(self._inverse(rows, exposed) @ gram[:, rows[:, None], columns])

    def left_of(self, given: Ints, columns: Ints, *, exposed: bool) -> Floats:
        """Sums of products of what is left of columns in one arm once others are given."""
        gram = self.exposed if exposed else self.comparison
        explained = np.swapaxes(gram[:, given[:, None], columns], 1, 2) @ self.coefficients(
            given, columns, exposed=exposed
        )
        return np.asarray(gram[:, columns[:, None], columns] - explained)

    def _inverse(self, rows: Ints, exposed: bool) -> Floats:
        """Of the sums of some columns; one is made for all regressions on them, whatever was changed beside them."""
        key = exposed, tuple(rows.tolist())
        if key in self._inverses and not self.changed.intersection(key[1]):
            return self._inverses[key]
        gram = self.exposed if exposed else self.comparison
        found: Floats = np.asarray(np.linalg.inv(gram[:, rows[:, None], rows]), dtype=np.float64)
        if not self.changed.intersection(key[1]):
            self._inverses[key] = found
        return found

    def varies(self, name: str) -> bool:
        """Whether a column varies in one of the arms."""
        (place,) = self.places([name])
        return any(_without_constant(gram[0])[place, place] > 0 for gram in (self.exposed, self.comparison))


def crossed(
    columns: Mapping[str, ArrayLike],
    exposed: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    draws: int = DRAWS,
    seed: int = SEED,
) -> Crossed:
    """Sums of products of all columns, of the rows themselves and of rows drawn again.

    Each row counts in a draw as often as a Poisson number of mean one says. Everything that is estimated from the same
    sums shares its draws.

    Parameters
    ----------
    columns : mapping of name to array of float, shape (n,)
        Outcomes, mediators and covariates, one row a customer.
    exposed : array of bool, shape (n,)
    weights : array of float, shape (n,), optional
        How many customers each row stands for, such as the inverse of its chance to have answered.
    draws : int
        At least 99.
    seed : int

    Raises
    ------
    DesignError
        If an arm has fewer than 20 rows, or not twice as many as there are columns.
    ValueError
        If arrays differ in length, hold what is no number, a weight is negative, or draws are too few.

    Source
    ------
    Chamandy et al. (2012), Estimating uncertainty for massive data streams: the Poisson bootstrap.

    Examples
    --------
    >>> sums = crossed({"y": np.arange(40.0)}, np.arange(40) % 2 == 0, draws=99)
    >>> sums.names, sums.exposed.shape, sums.n_exposed
    (('(constant)', 'y'), (100, 2, 2), 20)
    """
    if draws < 99:
        raise ValueError(f"An interval of a bootstrap needs 99 draws at least, not {draws}.")
    arm = np.asarray(exposed, dtype=bool)
    values = np.column_stack([np.ones(len(arm)), *(np.asarray(held, dtype=np.float64) for held in columns.values())])
    weight = np.ones(len(arm)) if weights is None else np.asarray(weights, dtype=np.float64)
    if weight.shape != arm.shape or not np.isfinite(weight).all() or weight.min(initial=0) < 0:
        raise ValueError("Every row needs one weight, a number not below nought.")
    if not np.isfinite(values).all():
        broken = [name for name, held in zip(columns, values[:, 1:].T, strict=True) if not np.isfinite(held).all()]
        raise ValueError(f"These columns hold what is no number: {', '.join(broken)}.")
    smallest = min(int(((arm == side) & (weight > 0)).sum()) for side in (True, False))
    if smallest < max(FEWEST, 2 * values.shape[1]):
        raise DesignError(
            f"The smaller group has {smallest:,} customers for {values.shape[1]} columns; a model of each group needs "
            f"{FEWEST} customers, and twice as many customers as columns. Name fewer covariates, or wait for more "
            "customers."
        )
    scale = values.std(axis=0)
    scale[scale <= 1e-12 * np.abs(values).max(axis=0)] = 1.0  # the constant stays 1
    centre = np.concatenate([[0.0], values[:, 1:].mean(axis=0)])
    values = (values - centre) / scale
    rng = np.random.default_rng(seed)
    grams = [_drawn(values[arm == side], weight[arm == side], draws, rng) for side in (True, False)]
    return Crossed(
        names=(_CONSTANT, *columns),
        exposed=grams[0],
        comparison=grams[1],
        centre=centre,
        scale=scale,
        n_exposed=int(arm.sum()),
        n_comparison=int((~arm).sum()),
    )


def _drawn(values: Floats, weight: Floats, draws: int, rng: np.random.Generator) -> Floats:
    """Sums of products of one arm: those of its rows, then those of each draw."""
    n, width = values.shape
    upper = np.triu_indices(width)
    order = rng.permutation(n) if n > BLOCKS else np.arange(n)
    size = -(-n // BLOCKS)
    blocks = -(-n // size)
    chosen = np.append(order, np.full(size * blocks - n, -1)).reshape(size, blocks).T
    products = np.empty((blocks, len(upper[0])))
    for first in range(0, blocks, _BLOCKS_AT_ONCE):
        rows = chosen[first : first + _BLOCKS_AT_ONCE]
        held = values[rows]
        weighted = held * np.where(rows >= 0, weight[rows], 0.0)[..., None]
        products[first : first + _BLOCKS_AT_ONCE] = (held.transpose(0, 2, 1) @ weighted)[:, *upper]
    sums = np.empty((draws + 1, products.shape[1]))
    sums[0] = products.sum(axis=0)
    for first in range(1, draws + 1, _AT_ONCE):
        last = min(first + _AT_ONCE, draws + 1)
        sums[first:last] = rng.poisson(1.0, size=(last - first, len(products))).astype(np.float64) @ products
    grams = np.empty((draws + 1, width, width))
    grams[:, upper[0], upper[1]] = sums
    grams[:, upper[1], upper[0]] = sums
    each = np.arange(1, width)
    grams[1:, each, each] += _HELD * grams[1:, :1, 0]
    return grams


def _without_constant(gram: Floats) -> Floats:
    """Sums of products of what the constant leaves of columns; nought of those that it leaves next to nothing of."""
    left = _without(gram, 0)
    each = np.arange(len(left))
    left[each, each] = np.where(np.diag(left) <= _NEARLY * gram[0, 0], 0.0, np.diag(left))
    return left


def _without(gram: Floats, place: int) -> Floats:
    """Sums of products of what one column leaves of the others."""
    return np.asarray(gram - np.outer(gram[:, place], gram[place]) / gram[place, place])
