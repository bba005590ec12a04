"""How large is the case beside the books, and for whom does its evidence speak? Totals counted on the tables.

The margin of the period's orders and what its support cost, to stand beside what the case amounts to in as long a time;
and the customers, with their revenue, whose first contact on the studied channel lies in the study's months: of them
the evidence speaks, of others it says nothing. What cannot be counted has a reason in place of a number. Whether the
books agree with the tables is left to `tie_out`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

MARGIN = "order_margin"
SUPPORT = "support_cost"


@dataclass(frozen=True, slots=True)
class Total:
    """An amount of the period in the case's currency, or why there is none."""

    value: float | None
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError("A total has either a value or a reason why there is none.")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenFor:
    """The customers and the revenue of some months, and how much of both the evidence speaks for; or why not known."""

    customers: int | None = None
    customers_in_all: int | None = None
    revenue: float | None = None
    revenue_in_all: float | None = None
    reason: str | None = None

    @property
    def share_of_customers(self) -> float | None:
        return _share(self.customers, self.customers_in_all)

    @property
    def share_of_revenue(self) -> float | None:
        return _share(self.revenue, self.revenue_in_all)

    def to_dict(self) -> dict[str, Any]:
        """As results write it."""
        return {
            "customers": self.customers,
            "customers_in_all": self.customers_in_all,
            "share_of_customers": self.share_of_customers,
            "revenue": self.revenue,
            "revenue_in_all": self.revenue_in_all,
            "share_of_revenue": self.share_of_revenue,
            "reason": self.reason,
        }


def _share(part: float | None, whole: float | None) -> float | None:
    return part / whole if part is not None and whole else None


def margin_of_period(tables: Tables, months: Sequence[Month], zone: str, currency: str) -> Total:
    """The margin of the orders of these months that were not cancelled.

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Without gaps.
    zone : str
        In which months begin.
    currency : str
        Orders in another one make the total unknown: there is no table of rates here.
    """
    if not tables.has_column("orders", "margin"):
        return Total(None, "`orders` has no column `margin`")
    inside = tables.engine.dialect.in_months("ordered_at", zone, months[0], months[-1])
    rows = tables.engine.query(
        "select currency, count(*) as n, count(margin) as known, sum(cast(margin as decimal(19, 2))) as margin "
        f"from orders where {inside} and cancelled_at is null group by currency order by currency nulls last"
    ).to_pylist()
    if not rows:
        return Total(None, "no order lies in the period")
    foreign = [str(row["currency"]) for row in rows if row["currency"] != currency]
    if foreign:
        return Total(None, f"orders are in {', '.join(foreign)}, the case is in {currency}")
    lacking = sum(row["n"] - row["known"] for row in rows)
    if lacking:
        return Total(None, f"{lacking:,} of {sum(row['n'] for row in rows):,} orders have no margin")
    return Total(float(rows[0]["margin"]))


def support_cost_of_period(
    tables: Tables, months: Sequence[Month], zone: str, currency: str, rules: Rules | None = None
) -> Total:
    """What the support of these months cost: the figure `support_cost` of the catalogue, over all of them.

    The catalogue counts it from one source, never from issues and contacts both; it has no value where a row has no
    cost, and the reason is passed on.
    """
    found = care_metrics(tables, months=months, zone=zone, rules=rules, only={SUPPORT})
    if SUPPORT in found.missing:
        return Total(None, f"{found.missing[SUPPORT]} is missing")
    spoken = {str(row["currency"]) for row in _currencies(tables)}
    if spoken - {currency}:
        return Total(None, f"costs are in {', '.join(sorted(spoken - {currency}))}, the case is in {currency}")
    whole = next((row for row in found.of(SUPPORT, whole=True) if not row.segment), None)
    if whole is None:
        return Total(None, "it was not counted")
    return Total(None, whole.reason) if whole.value is None else Total(float(whole.value))


def _currencies(tables: Tables) -> list[dict[str, Any]]:
    """The currencies in which support is paid, in the tables that may bear its cost."""
    asked = [
        f"select distinct currency from {name} where {cost} is not null and currency is not null"
        for name, cost in (("issues", "cost"), ("touchpoints", "cost"), ("unit_costs", "marginal"))
        if tables.has_column(name, cost) and tables.has_column(name, "currency")
    ]
    return tables.engine.query(" union ".join(asked)).to_pylist() if asked else []


def spoken_for(tables: Tables, first: Month, last: Month, zone: str, currency: str, channel: str) -> SpokenFor:
    """For which share of customers and revenue does the evidence speak?

    Parameters
    ----------
    tables : Tables
    first, last : Month
        The months in which the study's customers had their first contact on the channel.
    zone : str
    currency : str
    channel : str
        The channel that was studied, as the contract names it.

    Returns
    -------
    SpokenFor
        Customers whose first issue ever seen on the channel lies in these months, among all with an order or an issue
        in them; and the revenue of their orders of these months, among that of all orders.
    """
    source, time = ("issues", "opened_at") if tables.has("issues") else ("touchpoints", "occurred_at")
    if not tables.has(source):
        return SpokenFor(reason="neither `issues` nor `touchpoints` is there")
    inside = tables.engine.dialect.in_months
    firsts = (
        f"select customer_id from {source} where channel = ? and customer_id is not null group by customer_id "
        f"having {inside(f'min({time})', zone, first, last)}"
    )
    active = f"select customer_id from {source} where customer_id is not null and {inside(time, zone, first, last)}"
    if tables.has("orders"):
        ordered = f"{inside('ordered_at', zone, first, last)} and cancelled_at is null"
        active += f" union select customer_id from orders where customer_id is not null and {ordered}"
    (row,) = tables.engine.query(
        f"with firsts as ({firsts}), active as ({active}) select (select count(*) from firsts) as customers, "
        "(select count(distinct customer_id) from active) as customers_in_all",
        [channel],
    ).to_pylist()
    revenue, revenue_in_all, reason = _revenue(
        tables, firsts, inside("ordered_at", zone, first, last), currency, channel
    )
    return SpokenFor(
        customers=row["customers"],
        customers_in_all=row["customers_in_all"],
        revenue=revenue,
        revenue_in_all=revenue_in_all,
        reason=reason,
    )


def _revenue(
    tables: Tables, firsts: str, inside: str, currency: str, channel: str
) -> tuple[float | None, float | None, str | None]:
    if not tables.has("orders"):
        return None, None, "there are no `orders`, so the share of revenue is not known"
    rows = tables.engine.query(
        f"with firsts as ({firsts}), sold as (select currency, customer_id, cast(revenue as decimal(19, 2)) as revenue "
        f"from orders where {inside} and cancelled_at is null) select sold.currency, sum(sold.revenue) as in_all, "
        "sum(case when firsts.customer_id is not null then sold.revenue else 0 end) as theirs from sold "
        "left join firsts on firsts.customer_id = sold.customer_id group by sold.currency order by 1",
        [channel],
    ).to_pylist()
    foreign = [str(row["currency"]) for row in rows if row["currency"] != currency]
    if foreign:
        return None, None, f"orders are in {', '.join(foreign)}, so the share of revenue is not known"
    if not rows:
        return None, None, "no order lies in the study's months, so the share of revenue is not known"
    return float(rows[0]["theirs"]), float(rows[0]["in_all"]), None
