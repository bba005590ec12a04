"""What did each issue cost? Its own cost, else the unit cost of its channel on its day.

Costs come from issues or from touchpoints, never from both. Nothing is guessed beyond the unit costs: whether some
cost is still missing is asked in `soundness`, and summing is left to the stack.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.foundation.calendar import local_midnight

if TYPE_CHECKING:
    from analysis.tables.load import Tables

_EVER = datetime(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class PricedRows:
    """A query of what bears costs, a row an issue or a contact.

    Its columns: `issue_id`, `customer_id`, `came_at`, `channel`, `product`, `cost`, `currency`. `what` is the plural of
    a row.
    """

    sql: str
    parameters: tuple[object, ...]
    what: str


def priced_rows(tables: Tables, zone: str) -> PricedRows:
    """The costs of issues with a known customer; of contacts, where there is no table of issues.

    A unit cost holds from midnight of its day in the reporting zone, until the next one of its channel.
    """
    if tables.has("issues"):
        table, per = "issues", "issue"
        named = "issue_id, customer_id, opened_at as came_at, channel, product"
    else:
        table, per = "touchpoints", "contact"
        named = (
            "coalesce(issue_id, touchpoint_id) as issue_id, customer_id, occurred_at as came_at, channel, "
            "cast(null as varchar) as product"
        )
    rows = f"select {named}, cost, currency from {table} where customer_id is not null"
    prices = _prices(tables, zone, per)
    if prices:
        line = "(?, cast(? as timestamp), cast(? as timestamp), cast(? as decimal(19, 6)), ?)"
        values = ", ".join([line] * (len(prices) // 5))
        priced = "price(on_channel, starts, ends, marginal, priced_in)"
        rows = (
            "select issue_id, customer_id, came_at, channel, product, coalesce(cost, marginal) as cost, "
            "case when cost is null then priced_in else currency end as currency "
            f"from ({rows}) as borne left join (values {values}) as {priced} "
            "on on_channel = channel and came_at >= starts and came_at < ends"
        )
    return PricedRows(rows, prices, f"{per}s")


def _prices(tables: Tables, zone: str, per: str) -> tuple[object, ...]:
    """Unit costs as values: the channel, from when until when, how much, in what; a day begins at local midnight."""
    if not tables.has("unit_costs"):
        return ()
    sql = "select channel, effective_from, marginal, currency from unit_costs where per = ? order by 1, 2"
    rows = tables.engine.query(sql, [per]).to_pylist()
    starts = [local_midnight(row["effective_from"], zone) for row in rows]
    values: list[object] = []
    for place, row in enumerate(rows):
        same = place + 1 < len(rows) and rows[place + 1]["channel"] == row["channel"]
        values += [
            row["channel"],
            starts[place],
            starts[place + 1] if same else _EVER,
            row["marginal"],
            row["currency"],
        ]
    return tuple(values)
