"""What customers bought and whether they did again: by hand, as laws, and on two real shops on a second road."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.inference.survival import kaplan_meier
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.figure import Metric, MetricsResult
from analysis.tables.load import Source, open_tables, prepare


def order(customer: str | None, day: str, revenue: float = 10, hour: str = "09") -> dict:
    return {"customer_id": customer, "ordered_at": f"2026-{day}T{hour}:00:00Z", "revenue": revenue, "currency": "EUR"}


def test_orders_and_revenue(company, one) -> None:
    rows = [order("a", "07-01", 10.5), order(None, "07-02", 4.5), order("a", "09-01", 5)]
    found = company.table(
        "orders", *rows, {**order("b", "07-03", 99), "cancelled_at": "2026-07-04T09:00:00Z"}
    ).counted()
    assert [row.value for row in found.of("orders_placed")] == [2, 0, 1]
    assert [row.value for row in found.of("revenue")] == [15, 0, 5]
    assert one(found, "revenue").value == 20
    value = one(found, "average_order_value")
    assert (value.numerator, value.denominator) == (20, 3)
    assert one(found, "average_order_value", "2026-08").reason == "no order in the period"


def test_repeat_purchase_is_counted_within_the_period(company, one) -> None:
    """a: twice in July. b: July and August. c: once. d: twice in August. Nobody known: twice, and no customer."""
    days = {"a": ["07-01", "07-09"], "b": ["07-01", "08-01"], "c": ["09-30"], "d": ["08-01", "08-02"]}
    rows = [order(customer, day) for customer, bought in days.items() for day in bought]
    found = company.table("orders", *rows, order(None, "07-01"), order(None, "07-02")).counted()
    months = [(row.numerator, row.denominator) for row in found.of("repeat_purchase_rate")]
    assert months == [(1, 2), (1, 2), (0, 1)]
    whole = one(found, "repeat_purchase_rate")
    assert (whole.numerator, whole.denominator, whole.value) == (3, 4, 0.75), (
        "it grows with the period: never the months'"
    )


def test_repurchase_follows_the_first_order_of_the_month(company, one) -> None:
    """Window of 30 days; the last thing known is of 30 September 09:00.
    a: 1 and 31 July 09:00, just 30 days: bought again. b: 1 July and 1 August 09:00, 31 days: not. c: 2 July, twice at
    one instant: bought again. d: 31 August 09:00, just followed for 30 days, and not again. e: 1 September, bought
    again on the 2nd, and waits all the same. August holds also b, followed and not again."""
    days = {"a": "07-01 07-31", "b": "07-01 08-01", "c": "07-02 07-02", "d": "08-31", "e": "09-01 09-02", "f": "09-30"}
    rows = [order(customer, day) for customer, bought in days.items() for day in bought.split()]
    found = company.table("orders", *rows).counted(rules=Rules(windows={"repurchase_90d": 30}))
    months = [(row.numerator, row.denominator, row.mature) for row in found.of("repurchase_30d")]
    assert months == [(2, 3, True), (0, 2, False), (0, 0, False)]
    september = one(found, "repurchase_30d", "2026-09")
    assert (september.value, september.reason) == (None, "none of 2 customers has been followed for 30 days yet")
    whole = one(found, "repurchase_30d")
    assert (whole.numerator, whole.denominator) == (2, 4), "a, b, c and d, each by the first order of the period"
    assert whole.note == "2 customers not yet followed for 30 days are left out"


def test_an_order_before_the_period_is_no_first_order(company, one) -> None:
    rows = [order("a", "06-30"), order("a", "07-01"), order("b", "09-30")]
    found = company.table("orders", *rows).counted(rules=Rules(windows={"repurchase_90d": 5}))
    july = one(found, "repurchase_5d", "2026-07")
    assert (july.numerator, july.denominator) == (0, 1)


def test_the_last_gap_waits(company, one) -> None:
    """a: 1, 3 and 3 July: gaps of 2 and 0 days, the last open for 89 until 30 September. b: 1 July, open for 91 days;
    c: 30 September, open for 0. Of five gaps two are closed: the median of those is 1 day, of all it is not reached."""
    rows = [
        order("a", "07-01"),
        order("a", "07-03", hour="08"),
        order("a", "07-03"),
        order("b", "07-01"),
        order("c", "09-30"),
    ]
    found = company.table("orders", *rows).counted()
    closed = one(found, "time_between_purchases_median_closed")
    assert (closed.value, closed.numerator, closed.denominator) == (1, 2, 2)
    everyone = one(found, "time_between_purchases_median")
    assert (everyone.value, everyone.numerator, everyone.denominator) == (None, 2, 5)
    assert everyone.reason == "not reached: only 2 of 5 orders have a next one"
    assert one(found, "time_between_purchases_median", "2026-08").reason == "no known customer bought in the period"


def test_gaps_are_never_closed(company, one) -> None:
    """July's last order is followed in September: what July's gaps are was not final when July ended, nor ever is."""
    rows = [order("a", "07-01"), order("a", "07-03"), order("a", "09-01"), order("b", "09-30")]
    found = company.table("orders", *rows).counted()
    for metric in ("time_between_purchases_median", "time_between_purchases_median_closed"):
        every = [row for row in found.metrics if row.id == metric]
        assert {row.period for row in every} == {"2026-07", "2026-08", "2026-09", "2026q3"}
        assert not any(row.mature for row in every)
    assert one(found, "orders_placed", "2026-07").mature


def test_days_are_those_of_the_reporting_zone(company, one) -> None:
    """21:00 and 23:00 UTC of one day in July lie on two days in London."""
    rows = [order("a", "07-01", hour="21"), order("a", "07-01", hour="23"), order("b", "09-30")]
    company.table("orders", *rows)
    assert one(company.counted(), "time_between_purchases_median_closed").value == 0
    assert one(company.counted(zone="Europe/London"), "time_between_purchases_median_closed").value == 1


def test_the_order_of_rows_changes_nothing(company) -> None:
    rows = [order("abc"[n % 3], f"0{7 + n % 3}-{1 + n % 28:02}", n) for n in range(60)]
    company.table("orders", *rows)
    path = company.folder / "orders.csv"
    before = company.counted().to_frame()
    pd.read_csv(path, dtype=str).sample(frac=1, random_state=1).to_csv(path, index=False)
    pd.testing.assert_frame_equal(before, company.counted().to_frame())


def real(folder: Path, name: str, cache: Path, zone: str) -> tuple[MetricsResult, pd.DataFrame]:
    """The figures, and the orders of known customers with their next one, for the second road."""
    with open_tables(prepare([Source(folder / name, map=name)], cache=cache, zone=zone)) as tables:
        orders = tables.engine.query("select customer_id, ordered_at from orders order by 1, 2").to_pandas()
        first, last = (Month.of(day.date()) for day in (orders["ordered_at"].min(), orders["ordered_at"].max()))
        found = care_metrics(tables, months=months_between(first, last), zone=zone)
    orders["next"] = orders.groupby("customer_id")["ordered_at"].shift(-1)
    orders["local"] = orders["ordered_at"].dt.tz_localize("UTC").dt.tz_convert(zone)
    return found, orders


def agree(found: MetricsResult, orders: pd.DataFrame) -> dict[str, Metric]:
    """Every figure of the orders again in pandas, month by month and whole."""
    until = orders["ordered_at"].max()
    known = orders["ordered_at"] + timedelta(days=90) <= until
    soon = orders["next"] - orders["ordered_at"] <= timedelta(days=90)
    month = orders["local"].dt.strftime("%Y-%m")
    day = orders["local"].dt.tz_localize(None).dt.normalize()
    next_day = day.groupby(orders["customer_id"]).shift(-1)
    gap = (next_day.fillna(day.max()) - day).dt.days
    for period in [*sorted(month.unique()), found.whole]:
        inside = month == period if period != found.whole else month.notna()
        first = inside & ~orders[inside].duplicated("customer_id").reindex(orders.index, fill_value=True)
        row = {row.id: row for row in found.metrics if row.period == period}
        assert row["repurchase_90d"].denominator == (first & known).sum()
        assert row["repurchase_90d"].numerator == (first & known & soon).sum()
        numbers = orders[inside].groupby("customer_id").size()
        assert row["repeat_purchase_rate"].numerator == (numbers >= 2).sum()
        assert row["repeat_purchase_rate"].denominator == len(numbers)
        closed = inside & next_day.notna()
        if closed.any():
            assert row["time_between_purchases_median_closed"].value == np.median(gap[closed])
        curve = kaplan_meier(gap[inside], np.ones(inside.sum()), next_day[inside].notna())
        assert row["time_between_purchases_median"].value == curve.quantile(0.5)
    return {row.id: row for row in found.metrics if row.period == found.whole}


def test_the_real_purchases_of_cdnow(real_data: Path, tmp_path: Path) -> None:
    """69,659 purchases of 23,570 customers who first bought in the first quarter of 1997. Only the day is known: 2,068
    purchases are followed by another on the same day, after 0 days.

    49.5 % bought again at all in the eighteen months, 30.0 % within 90 days of their first purchase. Half of all
    purchases are followed by the next within 85 days; those that were followed took 31, and mislead."""
    found = agree(*real(real_data, "cdnow", tmp_path, "UTC"))
    assert found["orders_placed"].value == 69_659
    repeat = found["repeat_purchase_rate"]
    assert (repeat.numerator, repeat.denominator, f"{repeat.value:.1%}") == (11_662, 23_570, "49.5%")
    again = found["repurchase_90d"]
    assert (again.numerator, again.denominator, f"{again.value:.1%}") == (7_079, 23_570, "30.0%")
    gap = found["time_between_purchases_median"]
    assert (gap.value, gap.numerator, gap.denominator) == (85, 69_659 - 23_570, 69_659)
    assert found["time_between_purchases_median_closed"].value == 31


def test_the_real_purchases_of_both_years_of_a_shop(real_data: Path, tmp_path: Path) -> None:
    """Both years joined, invoices in both counted once, cancellations no orders: 72.4 % of 5,881 customers bought more
    than once, 47.1 % of those followed for 90 days bought again in them; the median gap is 34 days, of closed 25."""
    found = agree(*real(real_data, "online_retail", tmp_path, "Europe/London"))
    repeat = found["repeat_purchase_rate"]
    assert (repeat.numerator, repeat.denominator, f"{repeat.value:.1%}") == (4_255, 5_881, "72.4%")
    again = found["repurchase_90d"]
    assert (again.numerator, again.denominator, f"{again.value:.1%}") == (2_487, 5_283, "47.1%")
    assert found["time_between_purchases_median"].value == 34
    assert found["time_between_purchases_median_closed"].value == 25


def test_without_customers_only_orders_are_counted(company, one) -> None:
    row = order(None, "07-01")
    del row["customer_id"]
    found = company.table("orders", row).counted()
    assert one(found, "orders_placed").value == 1
    for metric in ("repurchase_90d", "repeat_purchase_rate", "time_between_purchases_median"):
        assert found.missing[metric] == "column `customer_id` of `orders`"
    assert "retention_rate" in found.missing, "who does not sign cannot cancel"


@pytest.mark.parametrize("metric", ["repurchase_90d", "repeat_purchase_rate", "time_between_purchases_median"])
def test_a_month_outside_the_orders_has_no_figure(company, one, metric: str) -> None:
    found = company.table("orders", order("a", "07-01"), order("a", "08-01")).counted()
    assert one(found, metric, "2026-09").reason == "`orders` holds nothing of this month or beyond it"
