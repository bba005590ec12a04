"""Which columns can a study lean on? Small questions asked of the tables before anything is estimated from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.studies.issue_costs import priced_rows
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.tables.load import Tables

MOST_VALUES = 30
NO_SEGMENT = ("id", "time")
"""Types of the contract whose values tell customers apart, and so belong on no page."""


def unusable_margin(tables: Tables) -> str | None:
    """Why margin cannot be an outcome, or None.

    An order without a margin is not an order with a margin of zero, so a column with gaps is not used at all.
    """
    if not tables.has_column("orders", "margin"):
        return "`orders` has no column `margin`."
    if len(tables.engine.query("select 1 from orders where margin is null limit 1")):
        row = tables.engine.query("select count(*) as n, count(*) - count(margin) as empty from orders").to_pylist()[0]
        return f"{row['empty']:,} of {row['n']:,} orders have no margin. Fill it, or leave the column out."
    return None


def unusable_cost(tables: Tables, zone: str) -> str | None:
    """Why what issues cost cannot be an outcome, or None.

    An issue without a cost is not one that cost nothing. The unit cost of its channel on its day stands in.
    """
    if not tables.has("issues") and not tables.has("touchpoints"):
        return "there is no table `issues`."
    costs = priced_rows(tables, zone)
    found = tables.engine.query(
        "select case when cost is not null then currency end as currency, count(*) as n, count(cost) as filled "
        f"from ({costs.sql}) as priced group by 1 order by 1",
        costs.parameters,
    ).to_pylist()
    n = sum(row["n"] for row in found)
    empty = n - sum(row["filled"] for row in found)
    if empty:
        return (
            f"{empty:,} of {n:,} {costs.what} have no cost, and `unit_costs` has none for their channel "
            "and day. Fill the column, or add unit costs."
        )
    currencies = [row["currency"] for row in found if row["currency"] is not None]
    if len(currencies) > 1:
        return f"costs are in {' and '.join(currencies)}, and there is no table of rates."
    orders = currency_of_orders(tables)
    if orders is not None and currencies and currencies != [orders]:
        return f"costs are in {currencies[0]} and orders in {orders}, and there is no table of rates."
    return None


def currency_of_orders(tables: Tables) -> str | None:
    """The currency of orders, in which a study tells money; a table has one."""
    found = tables.engine.query("select currency from orders where currency is not null limit 1").column("currency")
    return str(found[0].as_py()) if len(found) else None


def unusable_retained(tables: Tables) -> str | None:
    """Why it cannot be said who is still a customer, or None."""
    if not tables.has("subscriptions"):
        return "there is no table `subscriptions`, so nobody knows whose contract still runs."
    return None


def unusable_attribute(tables: Tables, name: str) -> str | None:
    """Why a column of `customers` cannot make segments or cells, or None.

    One with very many values (an address, a name) is no segment, and its values do not belong on a page.
    """
    if not tables.has_column("customers", name):
        return f"`customers` has no column `{name}`."
    schema = SCHEMAS["customers"].by_name.get(name)
    if schema is not None and schema.type in NO_SEGMENT:
        return "it tells single customers apart."
    column = identifier(name)
    row = tables.engine.query(
        f"select count(distinct {column}) as n, count(*) as customers, count({column}) as filled from customers"
    ).to_pylist()[0]
    if row["n"] > MOST_VALUES:
        return f"it has {row['n']:,} different values; {MOST_VALUES} are the most that can be told apart."
    if row["n"] == 0:
        return "it is empty."
    return None
