"""How many contacts about other products came in the hour before a contact, and in the hour after it?

The hour before is the queue that the customer met. The hour after can have delayed nobody who was already waiting his
turn: it tells whether busy hours bring other customers (see `gates`). Which contacts there are is left to `rows_sql`
and `rows`.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from analysis.inference.cells import Ints
from analysis.studies.service.clock import HOUR, SECOND

_HOUR = HOUR * SECOND


def loads_around(at: Ints, product: Ints, own_at: Ints, own_product: Ints) -> tuple[Ints, Ints]:
    """Contacts about other products in the hour before some contacts, and in the hour after them.

    Those of the same instant are in neither.

    Parameters
    ----------
    at, product : array of int, shape (n,)
        All contacts whose product is known, in any order: microseconds, and code of the product.
    own_at, own_product : array of int, shape (m,)
        The contacts asked about; a product below 0 is not known.

    Returns
    -------
    tuple of two arrays of int, shape (m,)
        -1 where the own product is not known.

    Examples
    --------
    >>> minute = 60_000_000
    >>> before, after = loads_around(np.array([0, 30, 60, 90]) * minute, np.array([0, 1, 0, 1]),
    ...                              np.array([60 * minute]), np.array([0]))
    >>> before.tolist(), after.tolist()
    ([1], [1])
    """
    every = np.sort(at)
    before, after = _between(every, own_at - _HOUR, own_at), _between(every, own_at + 1, own_at + _HOUR + 1)
    order = np.argsort(product, kind="stable")
    edges = np.searchsorted(product[order], np.arange(int(own_product.max(initial=-1)) + 2))
    for code, (first, last) in enumerate(pairwise(edges)):
        own = np.flatnonzero(own_product == code)
        same, when = np.sort(at[order[first:last]]), own_at[own]
        before[own] -= _between(same, when - _HOUR, when)
        after[own] -= _between(same, when + 1, when + _HOUR + 1)
    known = own_product >= 0
    return np.where(known, before, -1), np.where(known, after, -1)


def _between(times: Ints, first: Ints, end: Ints) -> Ints:
    """How many of the sorted times are not before `first`, and before `end`."""
    return np.asarray(
        np.searchsorted(times, end, side="left") - np.searchsorted(times, first, side="left"), dtype=np.int64
    )
