"""Up to which value does an outcome count, when a rule set beforehand caps the largest?

The cap is one number for all arms, taken from them together, so that it cannot favour one. It is an order statistic of
the rows, never an interpolated one, and so the same on every engine. Capping changes the question (the largest orders
count for less): the uncapped effect stands beside it, and money is never made from the capped one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.ordered import Ordered

FEWEST_BEYOND = 10
"""Customers above the cap without which it rests on a handful."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """A cap, and whom it meets.

    Parameters
    ----------
    value : float
        What lies above counts as this.
    quantile : float
    capped : mapping of str to int
        Arm to customers above it.
    """

    value: float
    quantile: float
    capped: Mapping[str, int]


def cap_of(values: Mapping[str, ArrayLike], quantile: float, *, name: str = "outcome") -> Cap:
    """Which cap does a rule "at most the value that so many customers do not exceed" set?

    Parameters
    ----------
    values : mapping of arm to array of float
        One number a customer.
    quantile : float
        0.99 caps about the largest hundredth of all arms together.
    name : str

    Raises
    ------
    DesignError
        If fewer than `FEWEST_BEYOND` customers lie at the cap or above, or the cap is the smallest value there is.
    ValueError
        If the quantile does not lie between 0 and 1.

    Examples
    --------
    >>> cap = cap_of({"a": range(1000), "b": range(500, 1500)}, 0.95)
    >>> cap.value, cap.capped
    (1399.0, {'a': 0, 'b': 100})
    """
    if not 0 < quantile < 1:
        raise ValueError(f"A quantile lies between 0 and 1, not {quantile}.")
    arms = {arm: np.asarray(given, dtype=np.float64) for arm, given in values.items()}
    together = np.concatenate(list(arms.values()))
    if not np.isfinite(together).all():
        raise DesignError(f"Some customers have no finite value of `{name}`. Leave them out.")
    value = cap_at(Ordered.of(together, places_of_cap(len(together), quantile)), quantile, name=name)
    return Cap(value=value, quantile=quantile, capped={arm: int(np.sum(given > value)) for arm, given in arms.items()})


def places_of_cap(n: int, quantile: float) -> tuple[int, ...]:
    """The places, counted from 0, whose values `cap_at` needs of `n` customers in order.

    Examples
    --------
    >>> places_of_cap(1000, 0.99)
    (0, 989)
    """
    return tuple(sorted({0, _place(n, quantile)})) if n else ()


def cap_at(together: Ordered, quantile: float, *, name: str = "outcome") -> float:
    """The cap for customers of all arms in order, whose values at `places_of_cap` are known.

    Raises
    ------
    DesignError
        As `cap_of`.

    Examples
    --------
    >>> cap_at(Ordered.of(np.arange(1000.0), places_of_cap(1000, 0.95)), 0.95)
    949.0
    """
    place = _place(together.n, quantile)
    if together.n - place < FEWEST_BEYOND:
        raise DesignError(
            f"A cap at the quantile {quantile:g} of `{name}` rests on {together.n - place:,} of {together.n:,} "
            f"customers; it needs {FEWEST_BEYOND}. Choose a lower quantile."
        )
    value = together.at(place)
    if value == together.at(0):
        raise DesignError(
            f"The quantile {quantile:g} of `{name}` is its smallest value, {value:g}: a cap there would leave nothing. "
            "Choose a higher quantile."
        )
    return value


def _place(n: int, quantile: float) -> int:
    """The smallest place up to which so many customers stand, by the quantile as it was written."""
    return max(math.ceil(Fraction(str(quantile)) * n) - 1, 0)


def capped(values: ArrayLike, cap: float) -> NDArray[np.float64]:
    """The values, those above the cap as the cap. The array given is not changed.

    Examples
    --------
    >>> capped([1, 5, 300], 100).tolist()
    [1.0, 5.0, 100.0]
    """
    return np.minimum(np.asarray(values, dtype=np.float64), cap)
