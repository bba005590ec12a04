"""What came of mentions in which somebody wanted to buy: how many orders a year, at which margin?

Counted on the tables: an order came of a mention if it is the same customer's first one within the window after it.
That it would not have come otherwise is not said by that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month
from analysis.roi.built import CustomerMonths
from analysis.roi.chances import (
    DAY,
    Counted,
    Margin,
    chances_of,
    known_until,
    mean_margin,
    month_of_rows,
    year_of_mentions,
)  # fmt: skip
from analysis.roi.rates import Rates

if TYPE_CHECKING:
    from analysis.tables.load import Tables


def sales(tables: Tables, zone: str, window_days: int) -> Counted:
    """Orders of known customers within the window after a mention in which they wanted to buy: how many a year.

    `of` is the number of such mentions in those months that were followed for the whole window; an order counts once.
    """
    first, last = year_of_mentions(tables, zone)
    until = known_until(tables, "orders", "ordered_at")
    sql, values = _matched(tables, zone, window_days, first, last)
    age = tables.engine.dialect.seconds_between("c.posted_at", "cast(? as timestamp)")
    chances, flag = chances_of("new_sale")
    followed = tables.engine.query(
        f"select count(*) as n from ({chances}) as c where {age} >= {window_days * DAY} "
        f"and {tables.engine.dialect.in_months('c.posted_at', zone, first, last)}",
        [*flag, until],
    ).to_pylist()[0]
    matched = tables.engine.query(f"select count(distinct order_id) as n from ({sql}) as matched", values).to_pylist()[
        0
    ]
    span = last.number - first.number + 1
    n = int(matched["n"])
    return Counted(n=n, of=int(followed["n"]), months=f"{first} to {last}", per_year=12 * n / span)


def margin_of_sales(tables: Tables, zone: str, window_days: int, rates: Rates) -> Margin:
    """The mean margin of the orders that `sales` counts.

    Raises
    ------
    DesignError
        If a margin is missing, or in a currency without a rate.
    """
    first, last = year_of_mentions(tables, zone)
    sql, values = _matched(tables, zone, window_days, first, last)
    amount = tables.engine.dialect.as_float("sum(margin)")
    rows = tables.engine.query(
        f"select currency, count(*) as n, count(*) - count(margin) as empty, {amount} as margin from orders "
        f"where order_id in (select order_id from ({sql}) as matched) group by currency order by currency nulls last",
        values,
    ).to_pylist()
    n = sum(int(row["n"]) for row in rows)
    return mean_margin(rows, n, rates, "orders", "roi.new_sale.margin_per_sale")


def _matched(tables: Tables, zone: str, window_days: int, first: Month, last: Month) -> tuple[str, tuple[object, ...]]:
    """A query for the first order within the window after each chance of these months."""
    chances, flag = chances_of("new_sale")
    gap = tables.engine.dialect.seconds_between("c.posted_at", "o.ordered_at")
    return (
        "select order_id, customer_id, ordered_at from ("
        "select o.order_id, o.customer_id, o.ordered_at, row_number() over "
        "(partition by c.customer_id, c.posted_at order by o.ordered_at, o.order_id) as place "
        f"from ({chances}) as c join orders o on o.customer_id = c.customer_id "
        f"where o.ordered_at > c.posted_at and {gap} <= {window_days * DAY} and o.cancelled_at is null "
        f"and {tables.engine.dialect.in_months('c.posted_at', zone, first, last)}) as placed where place = 1",
        flag,
    )


def months_of_sales(tables: Tables, zone: str, window_days: int) -> CustomerMonths:
    """The months of the orders that came of a mention."""
    first, last = year_of_mentions(tables, zone)
    sql, values = _matched(tables, zone, window_days, first, last)
    month = month_of_rows(tables, "ordered_at", zone, "orders")
    return CustomerMonths(
        sql=f"select customer_id, {month} as month from ({sql}) as sold",
        parameters=values,
        what="the months of orders that came of a mention",
        full=(first.number + 1, last.number),
    )
