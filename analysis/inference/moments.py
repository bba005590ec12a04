"""Which few numbers does a group of customers leave behind, so that every contrast of means follows from them?

`Moments` holds n, sums and sums of cross-products as exact decimals: parts add up to the whole without a rounding
error, in any order and on any engine, and the division happens once, here. The rows they summarise must be
customers (or whatever was randomised): squaring anything finer makes every error too small.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, Overflow
from fractions import Fraction
from functools import reduce

import numpy as np

_EXACT = Context(prec=200, traps=[Inexact, Overflow])  # adds and multiplies without rounding, or raises


def pairs(count: int) -> list[tuple[int, int]]:
    """The upper triangle, row by row: the order in which cross-products are kept.

    Examples
    --------
    >>> pairs(2)
    [(0, 0), (0, 1), (1, 1)]
    """
    return [(i, j) for i in range(count) for j in range(i, count)]


@dataclass(frozen=True, slots=True)
class Moments:
    """Count, sums and sums of cross-products of some measures over a group.

    Parameters
    ----------
    names : tuple of str, length k
        The measures.
    n : int
        Customers in the group.
    sums : tuple of Decimal, length k
        In the measures' units.
    products : tuple of Decimal, length k(k+1)/2
        Sums of products of two measures, upper triangle row by row.

    Examples
    --------
    >>> group = Moments.from_rows(("orders", "revenue"), [[1, 10], [3, 30], [2, 26]])
    >>> group.mean("orders"), group.variance("orders"), group.covariance("orders", "revenue")
    (2.0, 1.0, 10.0)
    >>> part = Moments.from_rows(("orders", "revenue"), [[1, 10]])
    >>> part + Moments.from_rows(("orders", "revenue"), [[3, 30], [2, 26]]) == group
    True
    """

    names: tuple[str, ...]
    n: int
    sums: tuple[Decimal, ...]
    products: tuple[Decimal, ...]

    def __post_init__(self) -> None:
        k = len(self.names)
        if len(set(self.names)) != k:
            raise ValueError("Moments of two measures with the same name cannot be told apart.")
        if len(self.sums) != k or len(self.products) != k * (k + 1) // 2:
            raise ValueError(f"{k} measures need {k} sums and {k * (k + 1) // 2} sums of products.")
        if self.n < 0:
            raise ValueError("A group cannot have a negative number of customers.")

    @classmethod
    def from_rows(cls, names: Sequence[str], rows: Iterable[Sequence[float | int | str | Decimal]]) -> Moments:
        """The slow second road: from customers' rows, each number taken by its shortest decimal form."""
        exact = [[_decimal(value) for value in row] for row in rows]
        sums = [_exact_sum(row[i] for row in exact) for i in range(len(names))]
        products = [_exact_sum(_EXACT.multiply(row[i], row[j]) for row in exact) for i, j in pairs(len(names))]
        return cls(tuple(names), len(exact), tuple(sums), tuple(products))

    def __add__(self, other: Moments) -> Moments:
        """The moments of both groups together. Exact, so the order of adding does not matter."""
        if self.names != other.names:
            raise ValueError(f"Only moments of the same measures add up: {self.names} and {other.names} differ.")
        return Moments(
            self.names,
            self.n + other.n,
            tuple(_exact_sum(pair) for pair in zip(self.sums, other.sums, strict=True)),
            tuple(_exact_sum(pair) for pair in zip(self.products, other.products, strict=True)),
        )

    def _at(self, name: str) -> int:
        try:
            return self.names.index(name)
        except ValueError:
            raise KeyError(f"no measure `{name}` among {', '.join(self.names)}") from None

    def total(self, name: str) -> Decimal:
        """Sum of a measure over the group."""
        return self.sums[self._at(name)]

    def mean(self, name: str) -> float:
        """Mean per customer.

        Raises
        ------
        ValueError
            If the group is empty.
        """
        if self.n == 0:
            raise ValueError(f"`{name}` has no mean in a group without customers.")
        return float(Fraction(self.total(name)) / self.n)

    def covariance(self, one: str, other: str) -> float:
        """Sample covariance of two measures (divisor n − 1), from exact sums and so free of cancellation.

        Raises
        ------
        ValueError
            If there are fewer than two customers.
        """
        if self.n < 2:
            raise ValueError(f"A spread needs two customers at least; there are {self.n}.")
        i, j = sorted((self._at(one), self._at(other)))
        product = self.products[pairs(len(self.names)).index((i, j))]
        centred = Fraction(product) - Fraction(self.sums[i]) * Fraction(self.sums[j]) / self.n
        return float(centred / (self.n - 1))

    def variance(self, name: str) -> float:
        """Sample variance of a measure (divisor n − 1)."""
        return self.covariance(name, name)

    def covariance_matrix(self) -> np.ndarray:
        """Sample covariance of all measures, shape (k, k)."""
        matrix = np.empty((len(self.names), len(self.names)))
        for i, j in pairs(len(self.names)):
            matrix[i, j] = matrix[j, i] = self.covariance(self.names[i], self.names[j])
        return matrix


def _decimal(value: float | int | str | Decimal) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _exact_sum(values: Iterable[Decimal]) -> Decimal:
    return reduce(_EXACT.add, values, Decimal(0))
