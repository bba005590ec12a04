"""What did customers buy, do they buy again, and how long does it take them?

Orders of unknown customers count as orders, and cannot be followed. Cancelled orders are set aside when the tables are
read. What a service did for purchases is left to the studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from analysis.inference.survival import kaplan_meier
from analysis.metrics.catalogue import Definition, definition
from analysis.metrics.counter import Count, Counter, nothing_of
from analysis.metrics.families.next_orders import next_orders
from analysis.metrics.figure import Metric, figure, ratio

_NO_BUYER = "no known customer bought in the period"


def _of_orders(count: Counter) -> Mapping[Any, Any]:
    """How many orders each month has, and what they come to."""
    sums = "count(*) as orders, sum(revenue) as revenue"
    return count.once("orders by month", lambda: count.by_month(sums, "orders", "ordered_at"))


def _summed(name: str) -> Count:
    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        found, empty = _of_orders(count), count.outside("orders", "ordered_at")
        for month, period in count.periods():
            if month in empty:
                yield figure(entry, period, value=None, reason=nothing_of("orders"))
                continue
            n = found.get((month, None), {name: 0})[name] or 0
            yield figure(entry, period, value=n, numerator=n)

    return rows


def _average_order_value(count: Counter, entry: Definition) -> Iterable[Metric]:
    found = _of_orders(count)
    for month, period in count.periods():
        numbers = found.get((month, None), {"orders": 0, "revenue": 0})
        yield ratio(entry, period, numbers["revenue"], numbers["orders"], "no order in the period")


def _repeat_purchase(count: Counter, entry: Definition) -> Iterable[Metric]:
    empty = count.outside("orders", "ordered_at")
    for month, period in count.periods():
        if month in empty:
            yield figure(entry, period, value=None, reason=nothing_of("orders"))
            continue
        buyers = next_orders(count, _repurchase_window(count)).buyers[month]
        yield ratio(entry, period, buyers.again, buyers.customers, _NO_BUYER)


def _repurchase(count: Counter, entry: Definition) -> Iterable[Metric]:
    assert entry.window_days is not None
    empty = count.outside("orders", "ordered_at")
    for month, period in count.periods():
        mature = count.mature(month, entry.window_days)
        if month in empty:
            yield figure(entry, period, value=None, reason=nothing_of("orders"), mature=mature)
            continue
        buyers = next_orders(count, entry.window_days).buyers[month]
        left = buyers.customers - buyers.followed
        none = f"none of {left:,} customers has been followed for {entry.window_days} days yet" if left else _NO_BUYER
        row = ratio(entry, period, buyers.soon, buyers.followed, none, mature=mature)
        note = f"{left:,} customers not yet followed for {entry.window_days} days are left out" if left else None
        yield row if row.value is None else replace(row, note=note)


def _time_between(*, closed_only: bool) -> Count:
    """The median gap from an order to the same customer's next one, the last one open or left out.

    Never mature: every order that is yet to come ends a gap of a month gone by.
    """

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        found = next_orders(count, _repurchase_window(count)).gaps
        empty = count.outside("orders", "ordered_at")
        for month, period in count.periods():
            days, closed, orders = found[month].T
            done = int(orders[closed == 1].sum())
            cases = done if closed_only else int(orders.sum())
            if month in empty or not cases:
                none = "no order of the period was followed by another" if closed_only else _NO_BUYER
                why = nothing_of("orders") if month in empty else none
                yield figure(entry, period, value=None, reason=why, mature=False)
                continue
            asked = (closed == 1) | (not closed_only)
            value = kaplan_meier(days[asked], orders[asked], closed[asked] == 1).quantile(0.5)
            reason = None if value is not None else f"not reached: only {done:,} of {cases:,} orders have a next one"
            yield figure(
                entry, period, value=value, numerator=done, denominator=cases, reason=reason, mature=False
            )  # fmt: skip

    return rows


def _repurchase_window(count: Counter) -> int:
    """The window the repurchase rate is asked with, so that both read the same scan of the orders."""
    window = count.rules.windows.get("repurchase_90d", definition("repurchase_90d").window_days)
    assert window is not None
    return window


COUNTS: Mapping[str, Count] = {
    "orders_placed": _summed("orders"),
    "revenue": _summed("revenue"),
    "average_order_value": _average_order_value,
    "repeat_purchase_rate": _repeat_purchase,
    "repurchase_90d": _repurchase,
    "time_between_purchases_median": _time_between(closed_only=False),
    "time_between_purchases_median_closed": _time_between(closed_only=True),
}
