"""Which months of a product are unlike its others, because something broke that all its customers shared?

An outage sends customers of one product to support, and to social, and lowers what they buy: product and month tie it
to both, though neither does alone. It is found by counts of issues, never by what was bought. Each month from which
a window of purchases reaches an outage then counts as a kind of its own.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month

Ints = NDArray[np.int64]
Texts = NDArray[np.object_]

LARGER_BY = 1.5
"""Times the issues that were to be expected of the product in that month."""
SURELY = 4.0
"""Standard deviations above what was to be expected."""
MOST_OUTAGES = 8
"""The clearest; each takes a column for every month within its reach."""
ELSEWHERE = "no outage near"


def outages(product: Ints, month: Ints, n_products: int) -> list[tuple[int, int]]:
    """Products and months with far more issues than their share of other months, the largest first.

    Parameters
    ----------
    product, month : array of int, shape (n_rows,)
        Of each issue; products from 0, and below 0 where there is none.

    Examples
    --------
    >>> product = np.repeat([0, 1, 0, 1, 0, 1, 0, 1], [100, 100, 100, 100, 300, 100, 100, 100])
    >>> month = np.repeat([7, 7, 8, 8, 9, 9, 10, 10], [100, 100, 100, 100, 300, 100, 100, 100])
    >>> outages(product, month, 2)
    [(0, 9)]
    """
    known = product >= 0
    if n_products < 2 or not known.any():
        return []
    first = int(month.min())
    counts = np.zeros((n_products, int(month.max()) - first + 1))
    np.add.at(counts, (product[known], month[known] - first), 1)
    others = counts.sum(axis=0) - counts
    with np.errstate(divide="ignore", invalid="ignore"):
        usual = np.nanmedian(np.where(others > 0, counts / others, np.nan), axis=1)
        expected = usual[:, None] * others
        surely = (counts - expected) / np.sqrt(expected * (1 + usual[:, None]))  # the others vary by chance as well
    struck = (counts > LARGER_BY * expected) & (surely > SURELY) & np.isfinite(surely)
    found = sorted(zip(*np.nonzero(struck), strict=True), key=lambda one: (-float(surely[one]), one))
    return [(int(one), int(when) + first) for one, when in found[:MOST_OUTAGES]]


def near_outages(product: Ints, month: Ints, names: Sequence[str], reach: int) -> Texts:
    """The product and month of each row whose windows reach an outage of its product; "no outage near" elsewhere.

    Parameters
    ----------
    product, month : array of int, shape (n_rows,)
        Of the issue at time zero; products as places in `names`, below 0 where there is none.
    names : sequence of str
        Products; an empty one is none.
    reach : int
        Months of a window, before time zero and after it.

    Returns
    -------
    array of text, shape (n_rows,)

    Examples
    --------
    >>> product = np.repeat([0, 1, 0, 1, 0, 1, 0, 1], [100, 100, 100, 100, 300, 100, 100, 100])
    >>> month = np.repeat([7, 7, 8, 8, 9, 9, 10, 10], [100, 100, 100, 100, 300, 100, 100, 100])
    >>> sorted(set(near_outages(product, month, ["phone", "line"], 1).tolist()))
    ['no outage near', 'phone, 1970-09', 'phone, 1970-10', 'phone, 1970-11']
    """
    nameless = [place for place, name in enumerate(names) if name == ""]
    known = np.where(np.isin(product, nameless), -1, product)
    kinds: Texts = np.full(len(product), ELSEWHERE, dtype=object)
    for struck, when in outages(known, month, len(names)):
        near = (known == struck) & (np.abs(month - when) <= reach)
        for number in np.unique(month[near]):
            kinds[near & (month == number)] = f"{names[struck]}, {Month(int(number))}"
    return kinds
