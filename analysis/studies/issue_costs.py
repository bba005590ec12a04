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
    """A query of what bears costs, a row an issue or a contact: `issue_id, customer_id, came_at, cost`.

    `what` is the plural of a row. `currencies` are those that the costs are in; money in two of them has no sum.
    """

    sql: str
    parameters: tuple[object, ...]
    what: str
    currencies: tuple[str, ...]


def priced_rows(tables: Tables, zone: str) -> PricedRows:
    """The costs of issues with a known customer; of contacts, where there is no table of issues.

    A unit cost holds from midnight of its day in the reporting zone, until the next one of its channel.
    """
    if tables.has("issues"):
        table, per, time, issue = "issues", "issue", "opened_at", "issue_id"
    else:
        table, per, time, issue = "touchpoints", "contact", "occurred_at", "coalesce(issue_id, touchpoint_id)"
    rows = (
        f"select {issue} as issue_id, customer_id, {time} as came_at, channel, cost, currency "
        f"from {table} where customer_id is not null"
    )
    prices = _prices(tables, zone, per)
    if prices:
        line = "(?, cast(? as timestamp), cast(? as timestamp), cast(? as decimal(19, 6)), ?)"
        values = ", ".join([line] * (len(prices) // 5))
        priced = "price(on_channel, starts, ends, marginal, priced_in)"
        rows = (
            "select issue_id, customer_id, came_at, coalesce(cost, marginal) as cost, "
            "case when cost is null then priced_in else currency end as currency "
            f"from ({rows}) as borne left join (values {values}) as {priced} "
            "on on_channel = channel and came_at >= starts and came_at < ends"
        )
    found = tables.engine.query(
        f"select distinct currency from ({rows}) as priced where cost is not null and currency is not null", prices
    )
    return PricedRows(rows, prices, f"{per}s", tuple(sorted(found.column("currency").to_pylist())))


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
