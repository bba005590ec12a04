"""Which sums does a made-up experiment leave behind: by arm, by unit, and as its customers come?

Estimators read moments and clusters, not rows. Here they are made from arrays of whole numbers, exactly; from tables
the study makes the same by queries. What is estimated from them is left to `experiment_worlds`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from analysis.inference.few_clusters import Clusters
from analysis.inference.moments import Moments, pairs
from analysis.synthetic.experiments.trial import Trial

Flags = NDArray[np.bool_]
Ints = NDArray[np.int64]


def exact_moments(columns: Mapping[str, Ints], which: Flags) -> Moments:
    """Moments of whole numbers by customer, for some of the customers.

    Raises
    ------
    OverflowError
        If a sum of products might not fit in 64 bits.

    Examples
    --------
    >>> columns = {"orders": np.array([1, 2, 4]), "visits": np.array([3, 3, 5])}
    >>> found = exact_moments(columns, np.array([True, True, False]))
    >>> found.n, found.total("orders"), [int(product) for product in found.products]
    (2, Decimal('3'), [5, 9, 18])
    """
    table = np.stack([column[which] for column in columns.values()])
    n = table.shape[1]
    if n and float(np.abs(table).max()) ** 2 * n >= 2**63:
        raise OverflowError("Sums of products of such numbers do not fit in 64 bits.")
    products = table @ table.T
    sums = tuple(Decimal(int(total)) for total in table.sum(axis=1))
    return Moments(tuple(columns), n, sums, tuple(Decimal(int(products[i, j])) for i, j in pairs(len(columns))))


def arms_of(made: Trial, names: Sequence[str]) -> tuple[Moments, Moments]:
    """Moments of the treated and of the others, of some measures."""
    columns = {name: made.measures[name] for name in names}
    return exact_moments(columns, made.treated), exact_moments(columns, ~made.treated)


def units_of(made: Trial) -> tuple[Ints, Flags]:
    """First customer of each unit, and whether the unit was treated."""
    assert made.unit is not None
    first = np.unique(made.unit, return_index=True)[1]
    return first, made.treated[first]


def groups_of(made: Trial, names: Sequence[str], kept: Flags | None = None) -> Clusters:
    """Units with the sums and products of their customers' measures."""
    assert made.unit is not None
    count = int(made.unit.max()) + 1
    kept = np.ones(len(made.unit), dtype=bool) if kept is None else kept
    unit, columns = made.unit[kept], [made.measures[name][kept] for name in names]

    def summed(values: Ints) -> NDArray[np.float64]:
        return np.asarray(np.bincount(unit, weights=values, minlength=count), dtype=float)

    size = np.bincount(unit, minlength=count).astype(float)
    sums = np.stack([summed(column) for column in columns], axis=1)
    products = np.empty((count, len(names), len(names)))
    for i, j in pairs(len(names)):
        products[:, i, j] = products[:, j, i] = summed(columns[i] * columns[j])
    return Clusters(tuple(names), size, sums, products)


def along(made: Trial, measure: str, ends: Ints) -> Iterator[tuple[Moments, Moments]]:
    """Moments of both arms when so many customers have come."""
    values = made.measures[measure]
    totals = [
        np.stack([np.cumsum(which), np.cumsum(values * which), np.cumsum(values * values * which)])[:, ends - 1]
        for which in (made.treated, ~made.treated)
    ]
    for place in range(len(ends)):
        one, other = (
            Moments((measure,), int(n), (Decimal(int(total)),), (Decimal(int(squares)),))
            for n, total, squares in (arm[:, place] for arm in totals)
        )
        yield one, other
