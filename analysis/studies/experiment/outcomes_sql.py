"""What did each customer assigned do, and what were they like before? One kept relation with every outcome.

Events are counted for a window from the assignment on, and for one before it; a customer without an event counts as
zero. What was measured with the experiment is as it was measured: what is dated before the assignment is none of its
outcomes. An outcome that is not known of a customer is null here, never zero. Which outcomes there are is left to
`outcomes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from analysis.studies.experiment.arms_sql import TRAITS, UNITS
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.engine import Engine

BASE = "experiment_outcomes"
"""The kept relation: `arm`, `cluster`, `block_start`, `at`, `exposed`, `own_stratum` where arms are compared within
strata, the segments, `m0` …, `x0` …."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """Events of one table, and what is made of those in a window.

    Parameters
    ----------
    sql : str
        A query with `customer_id`, `happened_at` and what the measures read.
    measures : mapping of str to str
        Outcome to an aggregate over the events `e` of one customer in a window; nothing where there is none.
    parameters : tuple
        Values for the query's placeholders.
    zero : bool
        Whether a customer without an event has a zero; else nothing is known of them.
    """

    sql: str
    measures: Mapping[str, str]
    parameters: tuple[object, ...] = ()
    zero: bool = True


@dataclass(frozen=True, slots=True)
class Term:
    """One number known of a customer before the assignment: a name, an expression over `TRAITS c`, and its values."""

    name: str
    sql: str
    parameters: tuple[object, ...] = field(default=())


EVENTS_OF_ORDERS: Mapping[str, str] = MappingProxyType(
    {"orders": "count(e.order_id)", "revenue": "sum(e.revenue)", "margin": "sum(e.margin)", "repurchased": "max(1)"}
)
_COUNTS = ("count(", "max(1)")
"""How aggregates begin that give small whole numbers, which are held as such."""


def keep_outcomes(
    engine: Engine,
    experiment: str,
    *,
    measured: Sequence[str],
    events: Sequence[Events],
    terms: Sequence[Term],
    segments: Sequence[str],
    window_days: int,
    pre_days: int,
    blocks: bool,
    strata: bool = False,
) -> tuple[dict[str, str], dict[str, str], tuple[str, ...]]:
    """Keep every outcome of an experiment as `BASE`. Each table of events is read once.

    Returns
    -------
    measures, before, covariates
        Outcome to its column; outcome of events to the column of the same before the assignment; columns of `terms`.
    """
    measures = {name: f"m{place}" for place, name in enumerate((*measured, *(n for e in events for n in e.measures)))}
    before: dict[str, str] = {}
    parts, joins, columns = [], [], []
    values: list[object] = []
    if measured:
        picked = ", ".join(f"max(x.value) filter (where x.name = ?) as {measures[name]}" for name in measured)
        source = _measured_in_blocks() if blocks else _measured()
        parts.append(f"measured as (select x.place, {picked} from ({source}) as x group by x.place)")
        values += [*measured, experiment]
        joins.append("left join measured on measured.place = u.place")
        columns += [f"measured.{measures[name]}" for name in measured]
    for number, event in enumerate(events):
        alias, made = f"events{number}", []
        earlier = pre_days if event.zero else 0
        for name, sql in event.measures.items():
            windows = {measures[name]: ">="}
            if earlier:
                before[name] = f"x{len(before)}"
                windows[before[name]] = "<"
            for column, side in windows.items():
                made.append(f"{sql} filter (where e.happened_at {side} u.at) as {column}")
                found = f"coalesce({alias}.{column}, 0)" if event.zero else f"{alias}.{column}"
                columns.append(
                    f"cast({found} as integer) as {column}" if sql.startswith(_COUNTS) else f"{found} as {column}"
                )
        parts.append(
            f"{alias} as (select u.place, {', '.join(made)} from {UNITS} u join ({event.sql}) as e "
            f"on e.customer_id = u.customer_id and e.happened_at >= u.at - interval '{earlier} days' "
            f"and e.happened_at < u.at + interval '{window_days} days' group by u.place)"
        )
        values += event.parameters
        joins.append(f"left join {alias} on {alias}.place = u.place")
    covariates = tuple(f"x{len(before) + place}" for place in range(len(terms)))
    columns += [f"{term.sql} as {column}" for term, column in zip(terms, covariates, strict=True)]
    term_values = [value for term in terms for value in term.parameters]
    attributes = [f"c.{identifier(name)}" for name in segments]
    own = ["u.arm", "u.cluster", "u.block_start", "u.at", "u.exposed", *(["u.own_stratum"] if strata else [])]
    traits = f"left join {TRAITS} c on c.own_place = u.place" if terms or segments else ""
    engine.keep(
        BASE,
        f"{'with ' + ', '.join(parts) if parts else ''} "
        f"select {', '.join([*own, *attributes, *columns])} "
        f"from {UNITS} u {' '.join(joins)} {traits}",
        [*values, *term_values],
    )
    return measures, before, covariates


def _measured() -> str:
    """Outcomes that were measured, of customers who were assigned once."""
    return f"""
        select o.name, o.value, u.place from outcomes o join {UNITS} u on u.customer_id = o.customer_id
        where o.experiment_id = ? and o.value is not null
            and (o.measured_at is null or u.at is null or o.measured_at >= u.at)
    """


def _measured_in_blocks() -> str:
    """Outcomes that were measured, in the block they belong to: of several the last one begun."""
    return f"""
        select name, value, place from (
            select o.name, o.value, u.place, o.measured_at, count(*) over (partition by o.customer_id, o.name) as n,
                row_number() over (
                    partition by o.customer_id, o.name order by u.at desc nulls last, u.block_start, u.cluster
                ) as back
            from outcomes o join {UNITS} u on u.customer_id = o.customer_id
            where o.experiment_id = ? and o.value is not null
                and (o.measured_at is null or u.at is null or o.measured_at >= u.at)
        ) as nearest where back = 1 and (n = 1 or measured_at is not null)
    """


def undated_among_several(engine: Engine, experiment: str) -> int:
    """Customers of several time blocks with an outcome that does not say when it was measured."""
    row = engine.query(
        f"""
        select count(distinct o.customer_id) as n from outcomes o
        join (select customer_id from {UNITS} group by customer_id having count(*) > 1) as several
            on several.customer_id = o.customer_id
        where o.experiment_id = ? and o.measured_at is null and o.value is not null
        """,
        [experiment],
    ).to_pylist()[0]
    return int(row["n"])


def measured_too_early(engine: Engine, experiment: str) -> dict[str, int]:
    """By outcome: how many customers' values were measured before they were assigned."""
    rows = engine.query(
        f"""
        select o.name, count(distinct o.customer_id) as n from outcomes o
        join (select customer_id, min("at") as began from {UNITS} group by customer_id) as u
            on u.customer_id = o.customer_id
        where o.experiment_id = ? and o.measured_at < u.began and o.value is not null
        group by o.name order by o.name
        """,
        [experiment],
    ).to_pylist()
    return {str(row["name"]): int(row["n"]) for row in rows}


def measured_names(engine: Engine, experiment: str) -> list[str]:
    """The outcomes that were measured with an experiment, sorted."""
    found = engine.query(
        "select distinct name from outcomes where experiment_id = ? and value is not null order by name", [experiment]
    )
    return [str(name) for name in found.column("name").to_pylist()]
