"""Which values stand at given places, when the rows of each group are put in the order of a measure?

The engine counts how often each value occurs and adds the counts up; only the runs that hold a place asked for leave
it, so that nothing comes out that grows with the rows. The measure is ordered as the engine holds it and leaves as a
float.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.inference.ordered import Ordered, Run
from analysis.tables.engine import Engine, identifier


def counts_by(engine: Engine, rows: str, *, group: str | None, measure: str) -> dict[str | None, int]:
    """Rows that have the measure, by group; without a group all of them, under None.

    Examples
    --------
    >>> from analysis.tables.engine.duckdb_engine import DuckDBEngine
    >>> with DuckDBEngine({"t": "select * from (values ('a', 1), ('a', null), ('b', 2)) as t(arm, m)"}, files=[]) as e:
    ...     counts_by(e, "select * from t", group="arm", measure="m")
    {'a': 1, 'b': 1}
    """
    by = identifier(group) if group else "null"
    found = engine.query(
        f"select {by} as g, count({identifier(measure)}) as n from ({rows}) as r group by 1 order by 1"
    )
    return {row["g"]: int(row["n"]) for row in found.to_pylist()}


def ordered_by(
    engine: Engine,
    rows: str,
    *,
    group: str | None,
    measure: str,
    counts: Mapping[str | None, int],
    places: Mapping[str | None, Iterable[int]],
) -> dict[str | None, Ordered]:
    """The values at some places of each group, counted from 0.

    Parameters
    ----------
    engine : Engine
    rows : str
        A query with one row a customer. Rows without the measure have no place.
    group : str, optional
        A column of texts; without one all rows are one group, called None.
    measure : str
    counts : mapping of group to int
        As `counts_by` gives them.
    places : mapping of group to iterable of int

    Examples
    --------
    >>> from analysis.tables.engine.duckdb_engine import DuckDBEngine
    >>> with DuckDBEngine({"t": "select 'a' as arm, i // 2 as m from range(10) as r(i)"}, files=[]) as engine:
    ...     ordered_by(engine, "select * from t", group="arm", measure="m", counts={"a": 10}, places={"a": [7]})
    {'a': Ordered(n=10, runs=(Run(first=6, count=2, value=3.0),))}
    """
    asked = [(name, place) for name, wanted in places.items() for place in sorted(set(wanted))]
    found: dict[str | None, list[Run]] = {name: [] for name in places}
    for row in _runs(engine, rows, group, measure, asked):
        found[row["g"]].append(Run(int(row["first"]), int(row["n"]), float(row["value"])))
    return {name: Ordered(counts[name], tuple(runs)) for name, runs in found.items()}


def _runs(
    engine: Engine, rows: str, group: str | None, measure: str, asked: Sequence[tuple[str | None, int]]
) -> list[dict[str, Any]]:
    if not asked:
        return []
    by, value = (identifier(group) if group else "cast(null as varchar)"), identifier(measure)
    wanted = ", ".join("(cast(? as varchar), cast(? as bigint))" for _ in asked)
    sql = f"""
        with counted as (
            select {by} as g, {value} as value, count(*) as n from ({rows}) as r where {value} is not null group by 1, 2
        ), placed as (
            select g, value, n, cast(sum(n) over (partition by g order by value) as bigint) - n as first from counted
        )
        select distinct p.g, cast(p.value as double) as value, p.n, p.first
        from placed p join (values {wanted}) as w(g, place)
            on w.g is not distinct from p.g and w.place >= p.first and w.place < p.first + p.n
        order by p.g, p.first
    """
    found: list[dict[str, Any]] = engine.query(sql, [each for pair in asked for each in pair]).to_pylist()
    return found
