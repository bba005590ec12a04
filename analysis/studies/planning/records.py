"""Whose records stand in for a test that has not been run, and what did each customer do?

The latest stretch of the records that is long enough plays the test: customers enter as they would, their events are
counted for the window after, and for the window before. One row a customer is kept in the engine. What follows from
them is left to `baseline`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analysis.foundation.calendar import local_day, local_midnight
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.planning.plan import PlanningPlan
from analysis.studies.soundness import currency_of_orders, unusable_margin
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.engine import Engine
    from analysis.tables.load import Tables

TABLE = "planning_rows"
EVENTS: Mapping[str, tuple[str, str]] = {
    "orders": ("orders", "count(case when {here} then 1 end)"),
    "revenue": ("orders", "coalesce(sum(case when {here} then e.revenue end), 0)"),
    "margin": ("orders", "coalesce(sum(case when {here} then e.margin end), 0)"),
    "repurchased": ("orders", "coalesce(max(case when {here} then 1 else 0 end), 0)"),
    "issues": ("issues", "count(case when {here} then 1 end)"),
}
TIMES = {"orders": "ordered_at", "issues": "opened_at"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """The rows that stand in for a test, kept in the engine under `TABLE`.

    Parameters
    ----------
    engine : Engine
    units : mapping of str to str
        Outcome to its unit.
    after, before : mapping of str to str
        Outcome to the column that counts it after the customer entered, and before; none before where the records do
        not reach so far back.
    entered_from, entered_to : datetime
        First and last instant (naive UTC) at which a customer entered.
    window_days : int
    customers : int
    notes : tuple of str
    """

    engine: Engine
    units: Mapping[str, str]
    after: Mapping[str, str]
    before: Mapping[str, str]
    entered_from: datetime
    entered_to: datetime
    window_days: int
    customers: int
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        return [*self.after.values(), *self.before.values()]


def keep_records(tables: Tables, plan: PlanningPlan) -> Records:
    """Count what each customer did in the stretch of the records that plays the test.

    Raises
    ------
    DesignError
        If a table or column is missing, or nobody enters.
    TooSoon
        If the records are shorter than the window.
    """
    notes: list[str] = []
    outcomes = _countable(tables, plan, notes)
    sources = sorted({EVENTS[name][0] for name in outcomes} | ({plan.entry} - {"list"}))
    first, end = _reach(tables, sources, plan)
    taking_in = timedelta(days=plan.entry_days if plan.entry != "list" else 0)
    begin = end - timedelta(days=plan.window_days) - taking_in
    if begin < first:
        raise TooSoon(
            f"The records of {' and '.join(sources)} have {max((end - first).days, 0):,} days before {end:%Y-%m-%d}; "
            f"{(end - begin).days:,} are needed to see how much customers differ over {plan.window_days} days. Load "
            "more, or plan a shorter window."
        )
    reaches = begin - timedelta(days=plan.pre_days) >= first
    if not reaches:
        notes.append(
            f"The records begin on {first:%Y-%m-%d}, too late for {plan.pre_days} days before customers enter on "
            f"{begin:%Y-%m-%d}: what an adjustment by earlier events would gain cannot be told."
        )
    after = {name: f"y{place}" for place, name in enumerate(outcomes)}
    before = {name: f"x{place}" for place, name in enumerate(outcomes)} if reaches else {}
    people = _people(tables, plan, begin, begin + taking_in, notes)
    tables.engine.keep(TABLE, _rows_sql(plan, people, outcomes, after, before))
    row = tables.engine.query(
        f"select count(*) as n, min(entered) as low, max(entered) as high from {TABLE}"
    ).to_pylist()[0]
    if row["n"] < 4:
        raise DesignError(
            f"{row['n']} customers enter the stretch that plays the test; nothing can be planned from them. "
            + " ".join(notes)
        )
    money = (currency_of_orders(tables) if tables.has("orders") else None) or "money"
    units = {"orders": "orders", "revenue": money, "margin": money, "repurchased": "share", "issues": "issues"}
    return Records(
        engine=tables.engine,
        units={name: f"{units[name]} per customer" for name in outcomes},
        after=after,
        before=before,
        entered_from=row["low"],
        entered_to=row["high"],
        window_days=plan.window_days,
        customers=int(row["n"]),
        notes=tuple(notes),
    )


def with_window(plan: PlanningPlan, days: int) -> PlanningPlan:
    """The same plan over a window of another length."""
    return replace(plan, window_days=days)


def _countable(tables: Tables, plan: PlanningPlan, notes: list[str]) -> list[str]:
    """The outcomes needed, without those that the tables cannot give."""
    lacks: dict[str, str | None] = {}
    for name in plan.needed:
        source = EVENTS[name][0]
        lack = None if tables.has(source) else f"there is no table `{source}`."
        lacks[name] = unusable_margin(tables) if name == "margin" and lack is None else lack
    notes += [f"Outcome `{name}` cannot be planned: {lack}" for name, lack in lacks.items() if lack]
    found = [name for name, lack in lacks.items() if lack is None]
    if not found:
        raise DesignError("None of the outcomes can be planned. " + " ".join(notes))
    if plan.entry != "list" and not tables.has(plan.entry):
        raise DesignError(f"Customers cannot enter at their first of `{plan.entry}`: there is no such table.")
    return found


def _reach(tables: Tables, sources: list[str], plan: PlanningPlan) -> tuple[datetime, datetime]:
    """First instant of the records, and the midnight at which they end or the test is to start."""
    lows, highs = [], []
    for source in sources:
        time = TIMES[source]
        row = tables.engine.query(f"select min({time}) as low, max({time}) as high from {source}").to_pylist()[0]
        if row["low"] is None:
            raise DesignError(f"`{source}` is empty; there is nothing to plan from.")
        lows.append(row["low"])
        highs.append(row["high"])
    end = local_midnight(local_day(min(highs), plan.zone) + timedelta(days=1), plan.zone)
    if plan.start is not None:
        end = min(end, local_midnight(plan.start, plan.zone))
    return max(lows), end


def _people(tables: Tables, plan: PlanningPlan, begin: datetime, until: datetime, notes: list[str]) -> str:
    """A query for who enters, when, and in which cluster."""
    cluster = "cast(null as varchar)"
    if plan.cluster is not None:
        schema = SCHEMAS["customers"].by_name.get(plan.cluster)
        if not tables.has_column("customers", plan.cluster) or plan.cluster == "customer_id":
            raise DesignError(f"`customers` has no column `{plan.cluster}` whose groups could be assigned whole.")
        if schema is not None and schema.type == "time":
            raise DesignError(f"`{plan.cluster}` is a time; it makes no clusters.")
        cluster = f"cast(c.{identifier(plan.cluster)} as varchar)"
    if plan.entry == "list":
        if not (tables.has("customers") or tables.has("orders")):
            raise DesignError(
                "A list of customers needs a table `customers` or `orders`; or let them enter by `entry`."
            )
        bought = "select customer_id, min(ordered_at) as joined_at from orders where customer_id is not null group by 1"
        source = "customers c" if tables.has("customers") else f"({bought}) c"
        query = (
            f"select c.customer_id, {instant(begin)} as entered, {cluster} as cluster from {source} "
            f"where c.joined_at < {instant(begin)}"
        )
        _count_left_out(tables, source, notes)
    else:
        time = TIMES[plan.entry]
        entering = (
            f"select customer_id, min({time}) + interval '1 microsecond' as entered from {plan.entry} "
            f"where customer_id is not null and {time} >= {instant(begin)} and {time} < {instant(until)} group by 1"
        )
        join = "left join customers c on c.customer_id = p.customer_id" if plan.cluster is not None else ""
        query = f"select p.customer_id, p.entered, {cluster} as cluster from ({entering}) p {join}"
    if plan.active_days is not None:
        if not tables.has("orders"):
            raise DesignError("`active_days` needs a table `orders`.")
        query = (
            f"select * from ({query}) w where exists (select 1 from orders o where o.customer_id = w.customer_id and "
            f"o.ordered_at < w.entered and o.ordered_at >= w.entered - interval '{int(plan.active_days)} days')"
        )
    if plan.cluster is not None:
        row = tables.engine.query(f"select count(*) - count(cluster) as without from ({query}) w").to_pylist()[0]
        if row["without"]:
            notes.append(
                f"{row['without']:,} customers have no `{plan.cluster}` and cannot be assigned by it; they are left "
                "out."
            )
        query = f"select * from ({query}) w where cluster is not null"
    return query


def _count_left_out(tables: Tables, source: str, notes: list[str]) -> None:
    row = tables.engine.query(f"select count(*) - count(joined_at) as without from {source}").to_pylist()[0]
    if row["without"]:
        notes.append(
            f"{row['without']:,} customers have neither a `joined_at` nor an order; nobody knows since when they could "
            "be assigned, and they are left out."
        )


def _rows_sql(
    plan: PlanningPlan, people: str, outcomes: list[str], after: Mapping[str, str], before: Mapping[str, str]
) -> str:
    """One row a customer: when they entered, their cluster, and each outcome after and before."""
    parts, columns = [], []
    for source in sorted({EVENTS[name][0] for name in outcomes}):
        time = f"e.{TIMES[source]}"
        measures = []
        for columns_of, here in ((after, f"{time} >= p.entered"), (before, f"{time} < p.entered")):
            for name in outcomes:
                if EVENTS[name][0] == source and name in columns_of:
                    measures.append(f"{EVENTS[name][1].format(here=here)} as {columns_of[name]}")
                    columns.append(f"{source}_facts.{columns_of[name]}")
        reach = (
            f"e.customer_id = p.customer_id and {time} >= p.entered - interval '{int(plan.pre_days)} days' "
            f"and {time} < p.entered + interval '{int(plan.window_days)} days'"
        )
        parts.append(
            f"join (select p.customer_id, {', '.join(measures)} from people p left join {source} e on {reach} "
            f"group by p.customer_id) {source}_facts on {source}_facts.customer_id = p.customer_id"
        )
    return (
        f"with people as ({people}) select p.customer_id, p.entered, p.cluster, {', '.join(columns)} from people p "
        + " ".join(parts)
    )
