"""Who was put where in one experiment, and whom does it have to do without? Queries of `assignments`, and nothing else.

One row of the kept relation is a customer, in a switchback a customer and block. Whoever was given two arms, or two
clusters, belongs to none and is left out; whoever was given the same arm twice is in it from the first time on. What
the counts mean is left to `arms`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.engine import Engine

UNITS = "experiment_units"
"""The kept relation: `place` (a number of its own), `customer_id`, `arm`, `cluster`, `block_start`, `at` (instant),
`exposed` (0, 1, null), `own_stratum` (text; null where chance knew none)."""
TRAITS = "experiment_traits"
"""Beside each unit what is known of its customer: `own_place`, `own_arm`, `own_stratum`, `own_first` (true once for
each customer of an arm, however many blocks they came in), and columns of `customers`."""
_TOLD = "experiment_told"


def keep_units(
    engine: Engine, experiment: str, *, blocks: bool, clusters: bool, exposure: bool, strata: bool = False,
    only_strata: bool = False,
) -> dict[str, int]:  # fmt: skip
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
    strata, only_strata : bool
        Whether chance decided within strata; and whether nobody who is not of exactly one of them belongs to it.

    Returns
    -------
    dict
        `assigned` (customers), `without_arm`, `two_arms`, `without_cluster`, `without_block`, `without_stratum`,
        `two_strata`, `repeated` (rows that say again what another one says).
    """
    by = "customer_id, block_start" if blocks else "customer_id"
    block = "block_start" if blocks else "cast(null as timestamp)"
    stratum = f", min(stratum) as stratum, {_different('stratum')} as strata" if strata else ""
    engine.keep(
        _TOLD,
        f"""
        select customer_id, {block} as block_start, count(*) as n, count(arm) as armed, min(arm) as arm,
            {_different("arm")} as arms, min(cluster_id) as cluster, {_different("cluster_id")} as clusters,
            min(assigned_at) as assigned_at, max(case when exposed_at is not null then 1 else 0 end) as exposed{stratum}
        from assignments where experiment_id = ? group by {by}
        """,
        [experiment],
    )
    kept = f"arms = 1 and clusters {'= 1' if clusters else '<= 1'}{' and block_start is not null' if blocks else ''}"
    alone = kept
    kept += " and strata = 1" if only_strata else ""
    counted = {
        "assigned": "true",
        "without_arm": "arms = 0",
        "two_arms": "(arms > 1 or clusters > 1)",
        "without_cluster": "arms = 1 and clusters = 0" if clusters else "false",
        "without_block": "arms = 1 and block_start is null" if blocks else "false",
        "without_stratum": f"{alone} and strata = 0" if only_strata else "false",
        "two_strata": f"{alone} and strata = 2" if only_strata else "false",
    }
    each = "distinct customer_id" if blocks else "*"
    sums = [f"count({each}) filter (where {held}) as {name}" for name, held in counted.items()]
    sums.append(f"cast(coalesce(sum(armed - 1) filter (where {kept}), 0) as bigint) as repeated")
    row = engine.query(f"select {', '.join(sums)} from {_TOLD}").to_pylist()[0]
    cluster = "cluster" if clusters or blocks else "null"
    exposed = "exposed" if exposure else "cast(null as integer)"
    engine.keep(
        UNITS,
        f"""
        select row_number() over () as place, customer_id, arm, cast({cluster} as varchar) as cluster, block_start,
            coalesce(assigned_at, block_start) as at, {exposed} as exposed,
            cast({"case when strata = 1 then stratum end" if strata else "null"} as varchar) as own_stratum
        from {_TOLD} where {kept}
        """,
    )
    engine.drop(_TOLD)
    return {name: int(count) for name, count in row.items()}


def _different(column: str) -> str:
    """Whether a group has no value of a column, one, or more than one: 0, 1, 2."""
    return f"case when count({column}) = 0 then 0 when min({column}) = max({column}) then 1 else 2 end"


def keep_traits(engine: Engine, names: Sequence[str]) -> None:
    """Keep columns of `customers` for the units as `TRAITS`, so that they are looked up once.

    Parameters
    ----------
    engine : Engine
    names : sequence of str
        Columns that `customers` has.
    """
    columns = "".join(f", c.{identifier(name)}" for name in dict.fromkeys(names))
    customers = "left join customers c on c.customer_id = u.customer_id" if names else ""
    alone = "u.block_start is null or row_number() over (partition by u.customer_id, u.arm order by u.place) = 1"
    blocks = engine.query(f"select count(block_start) as n from {UNITS}").to_pylist()[0]["n"]
    engine.keep(
        TRAITS,
        f"select u.place as own_place, u.arm as own_arm, u.own_stratum, {alone if blocks else 'true'} as own_first"
        f"{columns} from {UNITS} u {customers}",
    )


def design_of(engine: Engine, experiment: str) -> dict[str, Any]:
    """What was drawn by chance, as far as the rows say it: `clusters`, `blocks`, `shared`, `strata` … as counts."""
    row: dict[str, Any] = engine.query(
        """
        select count(case when unit = 'cluster' then 1 end) as clusters,
            count(case when unit = 'time_block' or block_start is not null then 1 end) as blocks,
            count(case when unit is null or unit = 'customer' then 1 end) as customers,
            count(cluster_id) - count(distinct cluster_id) as shared,
            count(exposed_at) as exposed, count(*) as n,
            count(distinct stratum) as strata
        from assignments where experiment_id = ?
        """,
        [experiment],
    ).to_pylist()[0]
    return row


def counts_by_arm(engine: Engine, unit: str) -> list[dict[str, Any]]:
    """By arm, sorted: customers, units (`customer_id`, `cluster` or `block_start`), and customers exposed.

    Where clusters had blocks of their own, a block of each counts.
    """
    people, units, exposed = "count(*)", f"count(distinct {unit})", "count(case when exposed = 1 then 1 end)"
    if unit == "block_start":
        units = "count(distinct concat(coalesce(cluster, ''), ' ', cast(block_start as varchar)))"
        people = "count(distinct customer_id)"
        exposed = "count(distinct case when exposed = 1 then customer_id end)"
    elif unit == "customer_id":
        units = people
    rows: list[dict[str, Any]] = engine.query(
        f"select arm, {people} as customers, {units} as units, {exposed} as exposed from {UNITS} group by arm "
        "order by arm"
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


def stated_by_stratum(engine: Engine, experiment: str) -> list[dict[str, Any]]:
    """The same by arm and stratum, which is null for rows without one."""
    rows: list[dict[str, Any]] = engine.query(
        "select arm, stratum, min(probability) as low, max(probability) as high, "
        "count(*) - count(probability) as without, count(probability) as stated from assignments "
        "where experiment_id = ? and arm is not null group by arm, stratum order by arm, stratum",
        [experiment],
    ).to_pylist()
    return rows


def counts_by_stratum(engine: Engine) -> dict[str | None, dict[str, int]]:
    """Stratum to customers by arm, sorted; customers without one last, under None."""
    rows = engine.query(
        f"select own_stratum, arm, count(*) as n from {UNITS} group by 1, 2 order by own_stratum nulls last, arm"
    ).to_pylist()
    found: dict[str | None, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["own_stratum"], {})[str(row["arm"])] = int(row["n"])
    return found


def other_experiments(engine: Engine, experiment: str) -> list[dict[str, Any]]:
    """How many customers of each arm and stratum are in each arm of every other experiment.

    Returns
    -------
    list of dict
        `experiment`, `arm`, `other_arm`, `stratum`, `n`.
    """
    rows: list[dict[str, Any]] = engine.query(
        f"""
        select o.experiment_id as experiment, u.arm, o.arm as other_arm, u.own_stratum as stratum,
            count(distinct u.customer_id) as n
        from {UNITS} u join assignments o on o.customer_id = u.customer_id
        where o.experiment_id <> ? and o.arm is not null
        group by 1, 2, 3, 4 order by 1, 2, 3, 4
        """,
        [experiment],
    ).to_pylist()
    return rows
