"""What the families count is joined: every metric of the catalogue, each period, and what is missing by name."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.metrics.catalogue import definitions
from analysis.metrics.compute import COUNTS
from analysis.metrics.counter import Rules


def test_every_metric_of_the_catalogue_is_counted_and_no_other() -> None:
    counted = {name for name, entry in definitions().items() if entry.aggregates != "model" and entry.count is None}
    assert set(COUNTS) == counted


def test_a_month_between_others_without_a_mention_is_a_zero(company, one) -> None:
    company.table("mentions", {"posted_at": "2026-07-01T10:00:00"}, {"posted_at": "2026-09-30T10:00:00"}, platform="x")
    assert one(company.counted(), "mentions", "2026-08").value == 0


def test_what_is_missing_is_named_and_the_rest_is_counted(company) -> None:
    found = company.table("mentions", {"posted_at": "2026-07-01T10:00:00"}, platform="x").counted()
    assert found.missing["issues_raised"] == "table `issues`"
    assert found.missing["response_rate"] == "column `first_reply_at` of `mentions`"
    assert "mentions" not in found.missing
    assert {row.id for row in found.metrics} | set(found.missing) == set(COUNTS)


def test_orders_are_counted_without_the_cancelled(company, one) -> None:
    rows = [("a", "2026-07-01", 10, None), ("a", "2026-08-01", 20, None), ("b", "2026-07-05", 30, None)]
    rows += [("b", "2026-07-06", 99, "2026-07-07T00:00:00")]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue", "cancelled_at"])
    orders["ordered_at"] += "T09:00:00"
    found = company.table("orders", *orders.to_dict("records"), currency="EUR").counted()
    assert one(found, "orders_placed").value == 3
    assert one(found, "average_order_value").value == 20
    repeat = one(found, "repeat_purchase_rate")
    assert (repeat.numerator, repeat.denominator) == (1, 2)


def test_one_month_alone_is_its_own_whole(company, one) -> None:
    company.table("mentions", {"posted_at": "2026-07-01T10:00:00"}, platform="x")
    found = company.counted((Month.of("2026-07"),))
    assert [row.period for row in found.metrics if row.id == "mentions"] == ["2026-07"]


def test_another_window_is_counted_under_an_id_that_says_so(company) -> None:
    company.table("mentions", {"posted_at": "2026-07-01T10:00:00"}, platform="x")
    found = company.counted(rules=Rules(windows={"new_sales_matched_30d": 14}))
    assert "new_sales_matched_14d" in found.missing
    assert "new_sales_matched_30d" not in found.missing


@pytest.mark.parametrize("metric", ["mentions", "response_rate"])
def test_a_metric_row_says_its_version_and_its_basis(company, metric) -> None:
    company.table(
        "mentions", {"posted_at": "2026-07-01T10:00:00", "first_reply_at": "2026-07-01T11:00:00"}, platform="x"
    )
    rows = [row.to_dict() for row in company.counted().of(metric, whole=True)]
    assert [row["basis"] for row in rows] == list(definitions()[metric].bases)
    assert {row["version"] for row in rows} == {definitions()[metric].version}
