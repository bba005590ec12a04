"""Which outcomes does an experiment have, and what is each worth per customer assigned?

Outcomes measured with the experiment come from `outcomes`, those with events behind them from `orders` within a window
after the assignment. A customer without an order counts as zero; a customer without a measured outcome is left out of
that outcome alone. Comparing the arms is left to `ab`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from analysis.foundation.errors import TooSoon
from analysis.studies.soundness import unusable_margin
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.load import Tables

EVENTS: Mapping[str, str] = {
    "orders": "count(o.order_id)",
    "revenue": "coalesce(sum(o.revenue), 0)",
    "margin": "coalesce(sum(o.margin), 0)",
    "repurchased": "max(case when o.order_id is not null then 1 else 0 end)",
}


@dataclass(frozen=True, slots=True)
class OutcomeRows:
    """Some outcomes of one experiment, as a query with one row a customer.

    Parameters
    ----------
    units : mapping of str to str
        Outcome to the unit of its difference; the query's columns `m0`, `m1`, ... hold them in this order.
    query : str
        Columns `arm`, the segments, and the measures.
    parameters : tuple
        Values for the query's placeholders.
    reason : str or None
        Why nothing may be claimed of these outcomes.
    """

    units: Mapping[str, str]
    query: str
    parameters: tuple[object, ...]
    reason: str | None = None

    @property
    def measures(self) -> dict[str, str]:
        """Outcome to the column that holds it."""
        return {name: f"m{place}" for place, name in enumerate(self.units)}


def outcome_rows(
    tables: Tables, experiment: str, *, segments: Sequence[str], wanted: Sequence[str] | None, window_days: int
) -> list[OutcomeRows]:
    """All outcomes of an experiment, or those wanted.

    Parameters
    ----------
    tables : Tables
    experiment : str
        `experiment_id`.
    segments : sequence of str
        Columns of `customers`.
    wanted : sequence of str, optional
        All there are when left out.
    window_days : int
        How long after the assignment events are counted.
    """
    found = _measured(tables, experiment, segments, wanted)
    if tables.has("orders") and tables.has_column("assignments", "assigned_at"):
        events = [name for name in EVENTS if name != "margin" or unusable_margin(tables) is None]
        events = [name for name in events if wanted is None or name in wanted]
        if events:
            found.append(_from_orders(tables, experiment, segments, events, window_days))
    return found


def _attributes(segments: Sequence[str]) -> str:
    return "".join(f", c.{identifier(name)}" for name in segments)


def _customers(segments: Sequence[str]) -> str:
    return "left join customers c on c.customer_id = a.customer_id" if segments else ""


def _measured(
    tables: Tables, experiment: str, segments: Sequence[str], wanted: Sequence[str] | None
) -> list[OutcomeRows]:
    if not tables.has("outcomes"):
        return []
    names = tables.engine.query(
        "select distinct name from outcomes where experiment_id = ? and value is not null order by name", [experiment]
    ).column("name")
    query = f"""
        select a.arm{_attributes(segments)}, x.value as m0
        from assignments a
        join outcomes x on x.experiment_id = a.experiment_id and x.customer_id = a.customer_id and x.name = ?
        {_customers(segments)}
        where a.experiment_id = ? and x.value is not null
    """
    return [
        OutcomeRows({name: f"{name} per customer"}, query, (name, experiment))
        for name in names.to_pylist()
        if wanted is None or name in wanted
    ]


def _from_orders(
    tables: Tables, experiment: str, segments: Sequence[str], events: Sequence[str], window_days: int
) -> OutcomeRows:
    currencies = tables.engine.query("select distinct currency from orders where currency is not null").column(
        "currency"
    )
    money = currencies.to_pylist()[0] if len(currencies) == 1 else "money"
    units = {"orders": "orders", "revenue": money, "margin": money, "repurchased": "share"}
    measures = ", ".join(f"{EVENTS[name]} as m{place}" for place, name in enumerate(events))
    query = f"""
        select a.arm{_attributes(segments)}, {measures}
        from assignments a
        left join orders o on o.customer_id = a.customer_id and o.ordered_at >= a.assigned_at
            and o.ordered_at < a.assigned_at + interval '{int(window_days)} days'
        {_customers(segments)}
        where a.experiment_id = ?
        group by a.customer_id, a.arm{_attributes(segments)}
    """
    return OutcomeRows(
        {name: f"{units[name]} per customer" for name in events},
        query,
        (experiment,),
        _too_soon(tables, experiment, window_days),
    )


def _too_soon(tables: Tables, experiment: str, window_days: int) -> str | None:
    bounds = tables.engine.query(
        "select max(assigned_at) as assigned, count(*) - count(assigned_at) as without, "
        "(select max(ordered_at) from orders) as last from assignments where experiment_id = ?",
        [experiment],
    ).to_pylist()[0]
    assigned: datetime | None = bounds["assigned"]
    last: datetime | None = bounds["last"]
    if assigned is None or last is None or bounds["without"]:
        return f"{bounds['without']:,} assignments have no `assigned_at`, so that events after them cannot be counted."
    end = assigned + timedelta(days=window_days)
    if last + timedelta(days=1) >= end:
        return None
    return str(
        TooSoon(
            f"{window_days} days after the last assignment end on {end:%Y-%m-%d}; orders end on {last:%Y-%m-%d}. Wait "
            "for the data, or set a shorter `experiment: window_days`."
        )
    )
