"""In which columns do models see what is known of customers?

A number enters with its square, and with flags of its own for zero and for "not known" where both kinds are found, so
that what nobody spent and what nobody recorded are not taken for small amounts. A text enters as one column a value,
rare values together. All are known before the treatment; which they are is left to whoever makes the rows.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MOST_VALUES = 30
FEWEST_OF_A_VALUE = 20
"""Rows of a value that gets a column of its own."""
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,2})?")
_FLAGGED = 0.02
"""Zeros get a flag where at least so many rows are zero, and so many are not."""


@dataclass(frozen=True, slots=True)
class Covariate:
    """One thing known of customers, as columns.

    Parameters
    ----------
    name : str
        In plain words, as a page says it.
    labels : tuple of str
        What each column holds.
    columns : array of float, shape (n_rows, n_columns)
    judged : tuple of bool
        Whether balance is judged on the column: not on squares.
    """

    name: str
    labels: tuple[str, ...]
    columns: Floats
    judged: tuple[bool, ...]


def numeric(name: str, values: ArrayLike) -> Covariate:
    """A number, with its square, and flags for zero and for what is not known.

    Examples
    --------
    >>> spent = numeric("spend", [0.0, 0.0, 2.0, 4.0, float("nan")])
    >>> spent.labels
    ('spend', 'spend, squared', 'spend is 0', 'spend not known')
    >>> spent.columns[4].tolist()
    [1.5, 2.25, 0.0, 1.0]
    """
    given = np.asarray(values, dtype=np.float64)
    missing = ~np.isfinite(given)
    filled = np.where(missing, given[~missing].mean() if (~missing).any() else 0.0, given)
    parts: list[tuple[str, Floats, bool]] = [(name, filled, True)]
    if len(np.unique(filled)) > 2:
        parts.append((f"{name}, squared", filled**2, False))
        zero = ~missing & (given == 0)
        if _FLAGGED <= zero.mean() <= 1 - _FLAGGED:
            parts.append((f"{name} is 0", zero.astype(np.float64), True))
    if missing.any():
        parts.append((f"{name} not known", missing.astype(np.float64), True))
    labels, columns, judged = zip(*parts, strict=True)
    return Covariate(name, labels, np.column_stack(columns), judged)


def category(name: str, values: Sequence[object] | NDArray[np.object_], *, most: int = MOST_VALUES) -> Covariate:
    """A text: one column a value, the most frequent one left out, rare values together.

    Parameters
    ----------
    name : str
    values : sequence of text, shape (n_rows,)
    most : int
        Values that are told apart at most, the most frequent ones.

    Examples
    --------
    >>> region = category("region", ["north"] * 30 + ["south"] * 20 + ["isle"] * 2 + [None])
    >>> region.labels, region.columns.sum(axis=0).tolist()
    (('region: other', 'region: south'), [3.0, 20.0])
    """
    texts = np.array(["not known" if value is None else str(value) for value in values], dtype=object)
    names, place, counts = np.unique(texts.astype(str), return_inverse=True, return_counts=True)
    common = np.argsort(-counts, kind="stable")[: most - 1]
    own = np.zeros(len(names), dtype=bool)
    own[common] = counts[common] >= FEWEST_OF_A_VALUE
    kept = np.where(own, names, "other")[place.reshape(-1)]
    found, sizes = np.unique(kept, return_counts=True)
    shown = [value for value in found if value != found[int(np.argmax(sizes))]]
    columns = np.column_stack([kept == value for value in shown]) if shown else np.zeros((len(texts), 0))
    return Covariate(
        name, tuple(f"{name}: {value}" for value in shown), columns.astype(np.float64), (True,) * len(shown)
    )


def number_of(value: object) -> float | None:
    """What a cell says as a number; None where it says something else.

    Examples
    --------
    >>> number_of("4.50"), number_of(3), number_of("north"), number_of("inf")
    (4.5, 3.0, None, None)
    """
    if isinstance(value, str):
        return float(value) if _NUMBER.fullmatch(value.strip()) else None
    return float(value) if isinstance(value, int | float | Decimal) and math.isfinite(value) else None


def of_column(name: str, values: Sequence[object] | NDArray[np.object_]) -> Covariate:
    """A column of a table: a number where all that is known are numbers, also when written as text; else a text.

    Examples
    --------
    >>> of_column("age", ["30", None, "41"]).labels, of_column("region", ["n"] * 40 + ["s"] * 30).labels
    (('age', 'age, squared', 'age not known'), ('region: s',))
    """
    numbers = [None if value is None else number_of(value) for value in values]
    if any(value is not None and number is None for value, number in zip(values, numbers, strict=True)):
        return category(name, values)
    return numeric(name, [np.nan if number is None else number for number in numbers])


@dataclass(frozen=True, slots=True)
class Design:
    """All covariates side by side.

    Parameters
    ----------
    columns : array of float, shape (n_rows, n_columns)
    labels : tuple of str
    owner : tuple of str
        The covariate each column belongs to.
    judged : array of bool, shape (n_columns,)
    """

    columns: Floats
    labels: tuple[str, ...]
    owner: tuple[str, ...]
    judged: Flags

    @property
    def groups(self) -> dict[str, tuple[int, ...]]:
        """Covariate to its columns."""
        places: dict[str, list[int]] = {}
        for place, name in enumerate(self.owner):
            places.setdefault(name, []).append(place)
        return {name: tuple(held) for name, held in places.items()}


def design(covariates: Iterable[Covariate], rows: Flags, *, without: str | None = None) -> Design:
    """The columns of some rows, one covariate left out where asked.

    Examples
    --------
    >>> found = design([numeric("age", [1, 2, 3]), numeric("spend", [5, 5, 6])], np.ones(3, dtype=bool), without="age")
    >>> found.labels, found.groups
    (('spend',), {'spend': (0,)})
    """
    kept = [one for one in covariates if one.name != without and one.columns.shape[1]]
    return Design(
        np.column_stack([np.zeros((len(rows), 0)), *(one.columns for one in kept)])[rows],
        tuple(label for one in kept for label in one.labels),
        tuple(one.name for one in kept for _ in one.labels),
        np.array([judged for one in kept for judged in one.judged], dtype=bool),
    )
