"""How do arrays become columns of the contract's types? Text ids, instants in UTC, exact money, names for codes.

Arrow arrays are built from whole numpy arrays at once: a made-up company has tens of millions of rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from analysis.synthetic.contacts import UNKNOWN

TEXT = pa.string()
TIME = pa.timestamp("us", tz="UTC")
MONEY = pa.decimal128(19, 6)
_MILLIONTHS_PER_CENT = 10_000

Ints = NDArray[np.int64]


def ids(number: Ints, *, width: int, prefix: str = "", present: NDArray[np.bool_] | None = None) -> pa.Array:
    """Numbers as text ids with leading zeros; missing where `present` is false.

    Examples
    --------
    >>> ids(np.array([7, 123]), width=5, prefix="C").to_pylist()
    ['C00007', 'C00123']
    """
    text = pc.utf8_lpad(pc.cast(pa.array(number), TEXT), width, "0")
    if prefix:
        text = pc.binary_join_element_wise(pa.scalar(prefix), text, "")
    return text if present is None else _only(text, present)


def instants(seconds: Ints) -> pa.Array:
    """Seconds of the UTC epoch as instants; `UNKNOWN` is missing.

    Examples
    --------
    >>> instants(np.array([0, UNKNOWN])).cast(TEXT).to_pylist()
    ['1970-01-01 00:00:00.000000Z', None]
    """
    absent = seconds == UNKNOWN
    return pa.array(np.where(absent, 0, seconds) * 1_000_000, mask=absent).cast(pa.timestamp("us")).cast(TIME)


def money(cents: Ints, present: NDArray[np.bool_] | None = None) -> pa.Array:
    """Cents as decimals of six places.

    Examples
    --------
    >>> money(np.array([1999, -5])).to_pylist()
    [Decimal('19.990000'), Decimal('-0.050000')]
    """
    words = np.empty((len(cents), 2), dtype="<i8")
    words[:, 0] = cents * _MILLIONTHS_PER_CENT
    words[:, 1] = np.where(cents < 0, -1, 0)
    column = pa.Array.from_buffers(MONEY, len(cents), [None, pa.py_buffer(words)])
    return column if present is None else _only(column, present)


def names(code: Ints, words: Sequence[str]) -> pa.Array:
    """The word of each code; a negative code is missing.

    Examples
    --------
    >>> names(np.array([1, -1]), ("low", "high")).to_pylist()
    ['high', None]
    """
    absent = code < 0
    return pa.array(list(words), TEXT).take(pa.array(np.where(absent, 0, code), mask=absent))


def flags(code: Ints) -> pa.Array:
    """1 is true, 0 is false, a negative code is missing."""
    return pa.array(code == 1, mask=code < 0)


def same(word: str, rows: int) -> pa.Array:
    """One word in every row."""
    return pa.repeat(pa.scalar(word, TEXT), rows)


def _only(column: pa.Array, present: NDArray[np.bool_]) -> pa.Array:
    return pc.if_else(pa.array(present), column, pa.scalar(None, column.type))
