"""Which value has the customer of a given place, when customers stand in the order of an outcome?

Quantiles and caps need a handful of places among millions of customers. `Ordered` holds the runs of equal values that
these places fall into, and not the customers: the engine finds them (`analysis.tables.ordered_rows`), or they are taken
from an array. What is made of the values is left to `quantile_effect` and `winsor`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Run:
    """Customers of one value: the place of the first of them, counted from 0, how many, and their value."""

    first: int
    count: int
    value: float


@dataclass(frozen=True, slots=True)
class Ordered:
    """Customers in the order of an outcome, as far as their places were asked for.

    Parameters
    ----------
    n : int
        All customers.
    runs : tuple of Run
        Those that hold the places asked for.

    Raises
    ------
    KeyError
        By `at`, if a place was not asked for.

    Examples
    --------
    >>> spent = Ordered.of(np.array([30.0, 0.0, 0.0, 10.0]), [0, 3])
    >>> spent.at(1), spent.at(3), spent.run(0).count
    (0.0, 30.0, 2)
    """

    n: int
    runs: tuple[Run, ...]

    @classmethod
    def of(cls, values: NDArray[np.float64], places: Iterable[int]) -> Ordered:
        """From one number a customer, none of them missing; the array is not changed."""
        wanted = sorted(set(places))
        found = np.partition(values, wanted)[wanted] if wanted else values[:0]
        runs = (
            Run(int(np.sum(values < value)), int(np.sum(values == value)), float(value)) for value in np.unique(found)
        )
        return cls(len(values), tuple(runs))

    def run(self, place: int) -> Run:
        """The customers whose value is that of a place."""
        for run in self.runs:
            if run.first <= place < run.first + run.count:
                return run
        raise KeyError(f"the customer at place {place} was not asked for")

    def at(self, place: int) -> float:
        """The value at a place."""
        return self.run(place).value
