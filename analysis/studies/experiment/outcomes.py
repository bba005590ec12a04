"""Which outcomes does an experiment have, what is each adjusted for, and of whom is it known?

Outcomes measured with the experiment come from `outcomes`, those with events behind them from orders, issues, costs and
surveys, in a window after the assignment. Every outcome has one adjustment, fixed beforehand: the same events before
the assignment, where it is one of events, and the covariates of the plan. A customer without an order counts as zero; a
customer without a measured outcome is left out of that outcome alone. How rows are found is left to `outcomes_sql`,
comparing the arms to `contrasts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.experiment.arms_sql import TRAITS, UNITS
from analysis.studies.experiment.covariates import Covariates
from analysis.studies.experiment.outcomes_sql import (
    BASE,
    EVENTS_OF_ORDERS,
    Events,
    keep_outcomes,
    measured_names,
    measured_too_early,
    undated_among_several,
)
from analysis.studies.experiment.rows import Rows
from analysis.studies.issue_costs import priced_rows
from analysis.studies.soundness import currency_of_orders, unusable_margin
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.studies.experiment.arms import Arms
    from analysis.studies.experiment.plan import ExperimentPlan
    from analysis.tables.load import Tables

UNASKED = tuple(EVENTS_OF_ORDERS)
"""Outcomes of events that are followed when no outcome was named."""
ON_REQUEST = ("issues", "support_cost", "csat")
"""Outcomes of events that are followed when they are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    """The outcomes of one experiment, kept in the engine.

    Parameters
    ----------
    rows : Rows
        Of all outcomes; a null measure is an outcome that is not known of the customer.
    known : mapping of str to int
        Outcome to the rows that know it.
    n : int
        All rows.
    refused : mapping of str to str
        Outcome to the reason why nothing may be claimed of it.
    notes : tuple of str
    """

    rows: Rows
    known: Mapping[str, int]
    n: int
    refused: Mapping[str, str]
    notes: tuple[str, ...]

    def rows_of(self, *names: str) -> str:
        """A query of the rows of those customers of whom all these outcomes are known."""
        held = [f"{identifier(self.rows.measures[name])} is not null" for name in names if self.known[name] < self.n]
        where = f" where {' and '.join(held)}" if held else ""
        return f"select * from {identifier(self.rows.table)}{where}"

    def by_arm(self, *names: str) -> dict[str, int]:
        """Rows by arm of whom all these outcomes are known; all rows where none is named."""
        held = [f"{identifier(self.rows.measures[name])} is not null" for name in names] or ["true"]
        counted = self.rows.engine.query(
            f"select arm, count(*) as n from {identifier(self.rows.table)} where {' and '.join(held)} group by arm"
        ).to_pylist()
        return {str(row["arm"]): int(row["n"]) for row in counted}

    def by_stratum(self, *names: str) -> dict[str | None, dict[str, dict[str, int]]]:
        """Stratum to customers by arm of whom all these outcomes are known, and of whom they are not."""
        held = " and ".join(f"{identifier(self.rows.measures[name])} is not null" for name in names)
        counted = self.rows.engine.query(
            f"select {identifier(str(self.rows.stratum))} as stratum, arm, count(*) as n, "
            f"count(case when {held} then 1 end) as known from {identifier(self.rows.table)} group by 1, 2"
        ).to_pylist()
        found: dict[str | None, dict[str, dict[str, int]]] = {}
        for row in counted:
            told = found.setdefault(row["stratum"], {"known": {}, "not known": {}})
            told["known"][str(row["arm"])] = int(row["known"])
            told["not known"][str(row["arm"])] = int(row["n"]) - int(row["known"])
        return found

    def drop(self) -> None:
        """Forget the rows."""
        for name in (BASE, TRAITS, UNITS):
            self.rows.engine.drop(name)


def outcomes_of(
    tables: Tables, plan: ExperimentPlan, arms: Arms, *, covariates: Covariates, segments: Sequence[str]
) -> Outcomes:
    """Every outcome of an experiment that the plan asks for and the tables hold.

    Parameters
    ----------
    tables : Tables
    plan : ExperimentPlan
    arms : Arms
        Whose customers are kept in the engine.
    covariates : Covariates
        Usable ones.
    segments : sequence of str
        Usable columns of `customers`.

    Raises
    ------
    DesignError
        If there is none.
    """
    engine, wanted = tables.engine, plan.wanted
    found = measured_names(engine, arms.experiment) if tables.has("outcomes") else []
    measured = [name for name in found if wanted is None or name in wanted]
    events, units, ends, notes = _events(tables, plan, measured)
    units |= {name: f"{name} per customer" for name in measured}
    absent = [name for name in wanted or plan.named if name not in units]
    notes += [f"Outcome `{name}` is not in the data of experiment `{arms.experiment}`." for name in absent]
    if not units:
        raise DesignError(
            f"Experiment `{arms.experiment}` has none of the outcomes asked for. It needs rows in `outcomes`, or "
            "`assigned_at` and a table of `orders`."
        )
    measures, before, terms = keep_outcomes(
        engine,
        arms.experiment,
        measured=measured,
        events=events,
        terms=covariates.terms,
        segments=segments,
        window_days=plan.window_days,
        pre_days=plan.pre_days,
        blocks=arms.template == "switchback",
        strata=arms.within,
    )
    early = measured_too_early(engine, arms.experiment) if measured else {}
    notes += [
        f"Outcome `{name}`: {count:,} customers' values were measured before they were assigned; they are left out."
        for name, count in early.items()
        if name in measured
    ]
    if measured and arms.template == "switchback" and (lost := undated_among_several(engine, arms.experiment)):
        notes.append(
            f"{lost:,} customers of several time blocks have outcomes without `measured_at`, which belong to no block; "
            "they are left out."
        )
    order = [name for name in dict.fromkeys((*(wanted or ()), *units)) if name in units]
    counted = ", ".join(f"count({measures[name]}) as {measures[name]}" for name in order)
    shares = "".join(
        f", min(case when {measures[name]} = 0 or {measures[name]} = 1 then 1 else 0 end) as share_{measures[name]}"
        for name in measured
        if name in measures
    )
    counts = engine.query(f"select count(*) as n, {counted}{shares} from {BASE}").to_pylist()[0]
    units |= {name: "share per customer" for name in measured if counts.get(f"share_{measures[name]}") == 1}
    rows = Rows(
        engine=engine,
        table=BASE,
        experiment=arms.experiment,
        control=arms.control,
        arms=arms.names,
        units=MappingProxyType({name: units[name] for name in order}),
        measures=MappingProxyType({name: measures[name] for name in order}),
        covariates=MappingProxyType({name: (*([before[name]] if name in before else []), *terms) for name in order}),
        segments=tuple(segments),
        before=MappingProxyType(before),
        stratum="own_stratum" if arms.within else None,
    )
    return Outcomes(
        rows=rows,
        known=MappingProxyType({name: int(counts[measures[name]]) for name in order}),
        n=int(counts["n"]),
        refused=MappingProxyType(_too_soon(tables, plan, ends)),
        notes=tuple(notes),
    )


def _events(
    tables: Tables, plan: ExperimentPlan, measured: Sequence[str]
) -> tuple[list[Events], dict[str, str], dict[str, str], list[str]]:
    """What is counted from events: the queries, units by outcome, the last event by outcome as a query, and notes."""
    if not (tables.has_column("assignments", "assigned_at") or tables.has_column("assignments", "block_start")):
        return [], {}, {}, []

    def asked(name: str) -> bool:
        unasked = plan.outcomes is None and name in UNASKED
        return name not in measured and (unasked or name in plan.named)

    found: list[Events] = []
    units: dict[str, str] = {}
    ends: dict[str, str] = {}
    notes: list[str] = []
    if tables.has("orders"):
        money = currency_of_orders(tables) or "money"
        named = {"orders": "orders", "revenue": money, "margin": money, "repurchased": "share"}
        lack = unusable_margin(tables)
        measures = {name: sql for name, sql in EVENTS_OF_ORDERS.items() if asked(name)}
        if lack is not None and measures.pop("margin", None) is not None and "margin" in plan.named:
            notes.append(f"`margin` was left out: {lack}")
        if measures:
            found.append(Events(sql="select *, ordered_at as happened_at from orders", measures=measures))
            units |= {name: f"{named[name]} per customer" for name in measures}
            ends |= dict.fromkeys(measures, "select max(ordered_at) as last from orders")
    if asked("issues") and tables.has("issues"):
        sql = "select customer_id, opened_at as happened_at from issues where customer_id is not null"
        found.append(Events(sql=sql, measures={"issues": "count(*)"}))
        units["issues"], ends["issues"] = "issues per customer", "select max(opened_at) as last from issues"
    if asked("support_cost") and (tables.has("issues") or tables.has("touchpoints")):
        costs, currency, lack = _costs(tables)
        if lack is not None:
            notes.append(f"`support_cost` was left out: {lack}")
        else:
            found.append(costs)
            units["support_cost"] = f"{currency} per customer"
            table, at = ("issues", "opened_at") if tables.has("issues") else ("touchpoints", "occurred_at")
            ends["support_cost"] = f"select max({at}) as last from {table}"
    if asked("csat") and tables.has("surveys"):
        sql = (
            "select customer_id, asked_at as happened_at, score from surveys where instrument = 'csat' "
            "and customer_id is not null and score is not null"
        )
        found.append(Events(sql=sql, measures={"csat": "avg(e.score)"}, zero=False))
        units["csat"], ends["csat"] = "points per customer", "select max(asked_at) as last from surveys"
    return found, units, ends, notes


def _costs(tables: Tables) -> tuple[Events, str, str | None]:
    """What issues, or contacts, cost; its currency; and why that cannot be an outcome."""
    costs = priced_rows(tables, "UTC")
    row = tables.engine.query(
        "select count(*) as n, count(cost) as filled, count(distinct case when cost is not null then currency end) as "
        f"currencies, min(case when cost is not null then currency end) as currency from ({costs.sql}) as priced",
        costs.parameters,
    ).to_pylist()[0]
    lack = None
    if row["filled"] < row["n"] or not row["n"]:
        lack = (
            f"{row['n'] - row['filled']:,} of {row['n']:,} {costs.what} have no cost, and `unit_costs` has none for "
            "their channel and day. Fill the column, or add unit costs."
        )
    elif row["currencies"] > 1:
        lack = f"costs are in {row['currencies']} currencies, and there is no table of rates."
    sql = f"select customer_id, came_at as happened_at, cost from ({costs.sql}) as priced"
    measures = {"support_cost": "sum(e.cost)"}
    events = Events(sql=sql, measures=measures, parameters=costs.parameters)
    return events, str(row["currency"] or "money"), lack


def _too_soon(tables: Tables, plan: ExperimentPlan, ends: Mapping[str, str]) -> dict[str, str]:
    """Outcomes whose window is not over for everybody, or that cannot be dated."""
    bounds = tables.engine.query(
        f'select max("at") as assigned, count(*) - count("at") as without from {UNITS}'
    ).to_pylist()[0]
    assigned: datetime | None = bounds["assigned"]
    if ends and (assigned is None or bounds["without"]):
        reason = (
            f"{bounds['without']:,} assignments have no `assigned_at`, so that events after them cannot be counted."
        )
        return dict.fromkeys(ends, reason)
    found = {}
    for name, query in ends.items():
        last: datetime | None = tables.engine.query(query).to_pylist()[0]["last"]
        assert assigned is not None
        end = assigned + timedelta(days=plan.window_days)
        if last is None or last + timedelta(days=1) < end:
            found[name] = str(
                TooSoon(
                    f"{plan.window_days} days after the last assignment end on {end:%Y-%m-%d}; "
                    f"{'nothing is recorded' if last is None else f'the records end on {last:%Y-%m-%d}'}. Wait for the "
                    "data, or set a shorter `experiment: window_days`."
                )
            )
    return found
