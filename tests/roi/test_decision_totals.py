"""Totals on the tables, by hand and by a second road in pandas; what cannot be counted has a reason."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.roi.decision_totals import Total, margin_of_period, spoken_for, support_cost_of_period
from analysis.tables.load import Source, open_tables, prepare

ORDERS = """order_id,customer_id,ordered_at,revenue,margin,currency,cancelled_at
o1,ann,2026-01-31T23:30:00Z,100.00,30.00,EUR,
o2,ann,2026-02-10T10:00:00Z,50.00,10.10,EUR,
o3,bob,2026-02-11T10:00:00Z,40.00,8.05,EUR,
o4,bob,2026-02-12T10:00:00Z,70.00,20.00,EUR,2026-02-13T10:00:00Z
o5,,2026-02-14T10:00:00Z,10.00,1.00,EUR,
o6,cid,2026-03-01T10:00:00Z,25.00,5.00,EUR,
"""
ISSUES = """issue_id,customer_id,opened_at,channel,cost,currency
i1,ann,2026-02-01T10:00:00Z,social,4.00,EUR
i2,ann,2026-03-02T10:00:00Z,social,4.00,EUR
i3,bob,2026-01-05T10:00:00Z,social,4.00,EUR
i4,bob,2026-02-05T10:00:00Z,social,4.50,EUR
i5,cid,2026-02-06T10:00:00Z,phone,6.00,EUR
i6,,2026-02-07T10:00:00Z,social,4.00,EUR
"""
FEBRUARY = months_between(Month.of("2026-02"), Month.of("2026-02"))


@pytest.fixture
def opened(tmp_path: Path):
    def made(orders: str = ORDERS, issues: str | None = ISSUES):
        (tmp_path / "orders.csv").write_text(orders)
        sources = [Source(tmp_path / "orders.csv")]
        if issues is not None:
            (tmp_path / "issues.csv").write_text(issues)
            sources.append(Source(tmp_path / "issues.csv"))
        return open_tables(prepare(sources, cache=tmp_path / "cache", zone="UTC"))

    return made


def test_margin_of_a_month_by_hand(opened) -> None:
    """February: 10.10 + 8.05 + 1.00; o4 was cancelled. In Berlin o1 is of February too."""
    with opened() as tables:
        assert margin_of_period(tables, FEBRUARY, "UTC", "EUR") == Total(19.15)
        assert margin_of_period(tables, FEBRUARY, "Europe/Berlin", "EUR") == Total(49.15)


def test_support_cost_of_a_month_by_hand(opened) -> None:
    with opened() as tables:
        assert support_cost_of_period(tables, FEBRUARY, "UTC", "EUR") == Total(18.5)
        quarter = months_between(Month.of("2026-01"), Month.of("2026-03"))
        assert support_cost_of_period(tables, quarter, "UTC", "EUR") == Total(26.5)
        assert support_cost_of_period(tables, FEBRUARY, "UTC", "USD").reason == "costs are in EUR, the case is in USD"


def test_whom_the_evidence_speaks_for_by_hand(opened) -> None:
    """February: ann's first social issue; bob's was in January. Active are ann, bob and cid; revenue 50 of
    50 + 40 + 10, the order of nobody known included."""
    with opened() as tables:
        found = spoken_for(tables, *FEBRUARY * 2, "UTC", "EUR", "social")
    assert (found.customers, found.customers_in_all) == (1, 3)
    assert (found.revenue, found.revenue_in_all, found.share_of_revenue) == (50.0, 100.0, 0.5)


def test_a_second_road_in_pandas(opened) -> None:
    with opened() as tables:
        found = spoken_for(tables, Month.of("2026-01"), Month.of("2026-03"), "UTC", "EUR", "social")
    from io import StringIO

    issues, orders = pd.read_csv(StringIO(ISSUES)), pd.read_csv(StringIO(ORDERS))
    social = set(issues[issues.channel == "social"].customer_id.dropna())
    kept = orders[orders.cancelled_at.isna()]
    assert found.customers == len(social)
    assert found.customers_in_all == len(set(issues.customer_id.dropna()) | set(kept.customer_id.dropna()))
    assert found.revenue == kept[kept.customer_id.isin(social)].revenue.sum()
    assert found.revenue_in_all == kept.revenue.sum()


def test_what_cannot_be_counted_has_a_reason(opened) -> None:
    with opened(
        ORDERS.replace("o5,,2026-02-14T10:00:00Z,10.00,1.00", "o5,,2026-02-14T10:00:00Z,10.00,"), None
    ) as tables:
        assert margin_of_period(tables, FEBRUARY, "UTC", "EUR").reason == "1 of 3 orders have no margin"
        assert spoken_for(tables, *FEBRUARY * 2, "UTC", "EUR", "social").reason is not None
        assert support_cost_of_period(tables, FEBRUARY, "UTC", "EUR").value is None


def test_other_currencies_are_not_added_up(opened) -> None:
    with opened(ORDERS.replace("EUR", "USD")) as tables:
        assert margin_of_period(tables, FEBRUARY, "UTC", "EUR").reason == "orders are in USD, the case is in EUR"
        assert "share of revenue is not known" in str(spoken_for(tables, *FEBRUARY * 2, "UTC", "EUR", "social").reason)


def test_a_month_without_orders(opened) -> None:
    with opened() as tables:
        none = months_between(Month.of("2025-01"), Month.of("2025-01"))
        assert margin_of_period(tables, none, "UTC", "EUR").reason == "no order lies in the period"


def test_an_id_is_text(opened) -> None:
    """Leading zeros tell two customers apart."""
    orders, issues = (text.replace(",ann,", ",007,").replace(",bob,", ",7,") for text in (ORDERS, ISSUES))
    with opened(orders, issues) as tables:
        assert spoken_for(tables, *FEBRUARY * 2, "UTC", "EUR", "social").revenue == 50.0


def test_a_total_has_a_value_or_a_reason() -> None:
    with pytest.raises(ValueError, match="either a value or a reason"):
        Total(None)
