"""What is the sum over customers of the squares and products of what they add, so that no order of adding matters?

Customers are cut into pieces that are worked on at once, and what comes of the pieces is put together exactly. What
each customer adds is left to `stack_sums`.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from analysis.inference.cells import Floats
from analysis.studies.stack_threads import side_by_side

_LIMB = 21
"""Bits of a half of a whole number: products of halves fit a double over a few thousand customers, exactly."""
_TOGETHER = 2**11
_AT_ONCE = 2**14
"""Customers whose values are cut into halves at once."""
_PIECES = 8
"""Pieces into which all customers are cut, to be squared at once."""

Objects = NDArray[np.object_]
"""Whole numbers of any length."""


def squares_of(added: Floats) -> tuple[Floats, Floats]:
    """Sums of squares over customers, and the largest share of one customer in each, both of shape (n_linears,).

    Customers come in the order of their ids, so that the sum is the same from run to run; parts are added up exactly.

    Examples
    --------
    >>> variance, largest = squares_of(np.array([[1.0, 3.0], [2.0, -1.0]]))
    >>> variance.tolist(), largest.tolist()
    ([10.0, 5.0], [0.9, 0.8])
    """
    most = _most(added)

    def squared(firsts: range) -> list[Floats]:
        return [np.einsum("ij,ij->i", part, part) for part in (added[:, first : first + _TOGETHER] for first in firsts)]

    parts = [part for piece in side_by_side(squared, _pieces(added.shape[1]), numbers=added.size) for part in piece]
    variance = np.array([math.fsum(column) for column in zip(*parts, strict=True)]) if parts else np.zeros(len(added))
    return variance, _shares(most, variance)


def products_of(added: Floats) -> tuple[Floats, Floats]:
    """Sums over customers of products, and the largest share of one customer in each sum of squares.

    Each row is scaled to whole numbers of 42 bits and cut into halves, whose products a double adds up without
    rounding: neither the order of customers nor the number of threads can change a digit.

    Raises
    ------
    ValueError
        If a value is not a number, or too large to be squared.

    Examples
    --------
    >>> covariance, largest = products_of(np.array([[1.0, 3.0], [2.0, -1.0]]))
    >>> covariance.tolist(), largest.tolist()
    ([[10.0, -1.0], [-1.0, 5.0]], [0.9, 0.8])
    """
    k, n = added.shape
    most = _most(added)
    exponent = np.where(most > 0, 2 * _LIMB - 1 - np.frexp(most)[1], 0)[:, None]
    up = np.ldexp(1.0, exponent // 2)  # in two steps, since one power of two may outgrow a double
    further = np.ldexp(1.0, exponent - exponent // 2)

    def multiplied(first: int) -> Objects:
        whole = np.zeros((k, _AT_ONCE))
        part = added[:, first : first + _AT_ONCE]
        np.multiply(part, up, out=whole[:, : part.shape[1]])
        whole *= further
        np.rint(whole, out=whole)
        high = np.rint(whole * 2.0**-_LIMB)
        low = whole - high * 2.0**_LIMB
        halves = [half.reshape(k, _AT_ONCE // _TOGETHER, _TOGETHER).transpose(1, 0, 2) for half in (high, low)]
        return np.array(
            [
                (halves[one] @ halves[other].transpose(0, 2, 1)).astype(np.int64).astype(object).sum(axis=0)
                for one, other in ((0, 0), (0, 1), (1, 1))
            ]
        )

    high_high, high_low, low_low = np.sum(
        side_by_side(multiplied, range(0, max(n, 1), _AT_ONCE), numbers=n * k * k), axis=0
    )
    exact = high_high * 2 ** (2 * _LIMB) + (high_low + high_low.T) * 2**_LIMB + low_low
    covariance = np.ldexp(exact.astype(np.float64), -(exponent + exponent.T))
    return covariance, _shares(most, np.diag(covariance))


def _most(added: Floats) -> Floats:
    """The largest absolute value of each row."""

    def farther(one: Floats) -> float:
        return float(max(one.max(initial=0.0), -one.min(initial=0.0)))

    most = np.array(side_by_side(farther, added, numbers=added.size))
    if not (most < 2.0**480).all():
        raise ValueError("What customers add to an estimate is not a number, or too large to be squared.")
    return most


def _pieces(n: int) -> list[range]:
    """Where each part of so many customers begins, in a few pieces to be worked on at once; one, if there is nobody."""
    step = max(-(-n // (_TOGETHER * _PIECES)), 1) * _TOGETHER
    return [range(first, min(first + step, n), _TOGETHER) for first in range(0, max(n, 1), step)]


def _shares(most: Floats, variance: Floats) -> Floats:
    return np.minimum(np.divide(most**2, variance, out=np.zeros(len(most)), where=variance > 0), 1.0)
