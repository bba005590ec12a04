"""How do the rows of a query become Moments, one per group, in one scan?

Only integers and decimals are summed, so that the sums are exact and the same from run to run and from engine to
engine; the division waits until `Moments`. The rows of the query must be customers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from analysis.inference.moments import Moments, pairs
from analysis.tables.engine import Engine, identifier

if TYPE_CHECKING:
    from collections.abc import Hashable

MEASURE = "decimal(19, 6)"
"""Measures are cast to this before they are multiplied, so that products are made in 38 digits."""


def moments_by(
    engine: Engine, rows: str, *, groups: Sequence[str], measures: Sequence[str], parameters: Sequence[object] = ()
) -> dict[tuple[Hashable, ...], Moments]:
    """What moments do the measures have in each group?

    Parameters
    ----------
    engine : Engine
    rows : str
        A query with one row a customer, holding the group and the measure columns. A null measure counts as zero.
    groups, measures : sequence of str
        Names of columns.
    parameters : sequence
        Values for the query's placeholders.

    Returns
    -------
    dict
        Group values, in the order of `groups`, to the moments of the group; sorted by group.

    Examples
    --------
    >>> from analysis.tables.engine.duckdb_engine import DuckDBEngine
    >>> with DuckDBEngine({"spend": "select * from (values ('a', 1.5), ('a', 2.5), ('b', 9.0)) as t(arm, eur)"},
    ...                   files=[]) as engine:
    ...     found = moments_by(engine, "select * from spend", groups=["arm"], measures=["eur"])
    >>> found[("a",)].n, found[("a",)].mean("eur"), found[("a",)].variance("eur")
    (2, 2.0, 0.5)
    """
    keys = [f"g{i}" for i in range(len(groups))]  # a column of the reader's may be called what a sum is called here
    taken = [f"{identifier(name)} as {key}" for name, key in zip(groups, keys, strict=True)]
    casts = [f"cast(coalesce({identifier(name)}, 0) as {MEASURE}) as m{i}" for i, name in enumerate(measures)]
    sums = [f"sum(m{i}) as s{i}" for i in range(len(measures))]
    products = [f"sum(m{i} * m{j}) as p{i}_{j}" for i, j in pairs(len(measures))]
    by = f" group by {', '.join(keys)}" if keys else ""
    sql = (
        f"select {', '.join([*keys, 'count(*) as n', *sums, *products])} "
        f"from (select {', '.join([*taken, *casts])} from ({rows}) as source) as measured{by}"
    )
    found = {
        group_values(row, len(groups)): Moments(
            tuple(measures),
            int(row["n"]),
            tuple(_exact(row[f"s{i}"]) for i in range(len(measures))),
            tuple(_exact(row[f"p{i}_{j}"]) for i, j in pairs(len(measures))),
        )
        for row in engine.query(sql, parameters).to_pylist()
    }
    return dict(sorted(found.items(), key=lambda item: tuple((value is None, str(value)) for value in item[0])))


def group_values(row: Mapping[str, Any], count: int) -> tuple[Hashable, ...]:
    """The group values `g0`, `g1`, ... of a row; what is no number is one value, as it is to the engine."""
    values = (row[f"g{i}"] for i in range(count))
    return tuple(math.nan if isinstance(value, float) and math.isnan(value) else value for value in values)


def _exact(value: Decimal | int | None) -> Decimal:
    return Decimal(0) if value is None else Decimal(value)
