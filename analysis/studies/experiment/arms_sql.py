"""Who was put where in one experiment, and whom does it have to do without? Queries of `assignments`, and nothing else.

One row of the kept relation is a customer, in a switchback a customer and block. Whoever was given two arms, or two
clusters, belongs to none and is left out; whoever was given the same arm twice is in it from the first time on. What
the counts mean is left to `arms`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from analysis.tables.engine import Engine

UNITS = "experiment_units"
"""The kept relation: `place`, `customer_id`, `arm`, `cluster`, `block_start`, `at` (instant), `exposed` (0, 1, null)"""


def keep_units(engine: Engine, experiment: str, *, blocks: bool, clusters: bool, exposure: bool) -> dict[str, int]:
    """Keep the units of an experiment as `UNITS`; whom it counted and left out, by reason.

    Parameters
    ----------
    engine : Engine
    experiment : str
    blocks : bool
        Whether time blocks were assigned, so that a customer has a row in each.
    clusters : bool
        Whether clusters were assigned, so that nobody without one belongs to it.
    exposure : bool
        Whether it was recorded who met what the arm offers.

    Returns
    -------
    dict
        `assigned` (customers), `without_arm`, `two_arms`, `without_cluster`, `without_block`, `repeated` (rows that
        say again what another one says).
    """
    by = "customer_id, block_start" if blocks else "customer_id"
    told = f"""
        select {by}, count(*) as n, count(arm) as armed, count(distinct arm) as arms,
            count(distinct cluster_id) as clusters, min(arm) as arm, min(cluster_id) as cluster,
            min(assigned_at) as assigned_at, max(case when exposed_at is not null then 1 else 0 end) as exposed
        from assignments where experiment_id = ? group by {by}
    """
    kept = f"arms = 1 and clusters {'= 1' if clusters else '<= 1'}{' and block_start is not null' if blocks else ''}"
    row = engine.query(
        f"""
        select count(distinct customer_id) as assigned,
            count(distinct case when arms = 0 then customer_id end) as without_arm,
            count(distinct case when arms > 1 or clusters > 1 then customer_id end) as two_arms,
            count(distinct case when arms = 1 and {"clusters = 0" if clusters else "false"} then customer_id end)
                as without_cluster,
            count(distinct case when arms = 1 and {"block_start is null" if blocks else "false"} then customer_id end)
                as without_block,
            cast(coalesce(sum(case when {kept} then armed - 1 else 0 end), 0) as bigint) as repeated
        from ({told}) as told
        """,
        [experiment],
    ).to_pylist()[0]
    block = "block_start" if blocks else "cast(null as timestamp)"
    cluster = "cluster" if clusters or blocks else "null"
    exposed = "exposed" if exposure else "cast(null as integer)"
    engine.keep(
        UNITS,
        f"""
        select row_number() over (order by {by}) as place, customer_id, arm, cast({cluster} as varchar) as cluster,
            {block} as block_start, coalesce(assigned_at, {block}) as at, {exposed} as exposed
        from ({told}) as told where {kept}
        """,
        [experiment],
    )
    return {name: int(count) for name, count in row.items()}


def design_of(engine: Engine, experiment: str) -> dict[str, Any]:
    """What was drawn by chance, as far as the rows say it: `clusters`, `blocks`, `shared`, `others` as counts."""
    row: dict[str, Any] = engine.query(
        """
        select count(case when unit = 'cluster' then 1 end) as clusters,
            count(case when unit = 'time_block' or block_start is not null then 1 end) as blocks,
            count(case when unit is null or unit = 'customer' then 1 end) as customers,
            count(cluster_id) - count(distinct cluster_id) as shared,
            count(exposed_at) as exposed, count(*) as n
        from assignments where experiment_id = ?
        """,
        [experiment],
    ).to_pylist()[0]
    return row


def counts_by_arm(engine: Engine, unit: str) -> list[dict[str, Any]]:
    """By arm, sorted: customers, units (`customer_id`, `cluster` or `block_start`), and customers exposed.

    Where clusters had blocks of their own, a block of each counts.
    """
    if unit == "block_start":
        unit = "concat(coalesce(cluster, ''), ' ', cast(block_start as varchar))"
    rows: list[dict[str, Any]] = engine.query(
        f"select arm, count(distinct customer_id) as customers, count(distinct {unit}) as units, "
        f"count(distinct case when exposed = 1 then customer_id end) as exposed from {UNITS} group by arm order by arm"
    ).to_pylist()
    return rows


def stated_shares(engine: Engine, experiment: str) -> list[dict[str, Any]]:
    """By arm, sorted: lowest and highest `probability`, and how many rows state one or do not."""
    rows: list[dict[str, Any]] = engine.query(
        "select arm, min(probability) as low, max(probability) as high, count(*) - count(probability) as without, "
        "count(probability) as stated from assignments where experiment_id = ? and arm is not null "
        "group by arm order by arm",
        [experiment],
    ).to_pylist()
    return rows


def other_experiments(engine: Engine, experiment: str) -> list[dict[str, Any]]:
    """How many customers of each arm are in each arm of every other experiment: experiment, arm, other_arm, n."""
    rows: list[dict[str, Any]] = engine.query(
        f"""
        select o.experiment_id as experiment, u.arm, o.arm as other_arm, count(distinct u.customer_id) as n
        from {UNITS} u join assignments o on o.customer_id = u.customer_id
        where o.experiment_id <> ? and o.arm is not null
        group by 1, 2, 3 order by 1, 2, 3
        """,
        [experiment],
    ).to_pylist()
    return rows
