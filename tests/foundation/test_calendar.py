"""Months and periods in a reporting zone, across the changes of the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, Period, local_midnight, month_of, month_starts, months_between
from analysis.foundation.errors import UnknownName
from analysis.tables.engine.duckdb_engine import DuckDBEngine

ZONES = ["UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Auckland", "America/St_Johns"]


@given(st.integers(0, 1200), st.integers(-100, 100))
def test_months_count_on(number, step) -> None:
    month = Month(number)
    assert Month.of(str(month)) == month
    assert month.plus(step).plus(-step) == month
    assert Month.of(month.first_day) == month


@pytest.mark.parametrize("text", ["2026-13", "2026-00", "2026-9", "26-09", "September"])
def test_what_is_not_a_month_is_refused(text) -> None:
    with pytest.raises(ValueError, match="2026-09"):
        Month.of(text)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026-09", "2026-09-01", "2026-10-01"),
        ("2026q3", "2026-07-01", "2026-10-01"),
        ("2026Q4", "2026-10-01", "2027-01-01"),
        ("2026", "2026-01-01", "2027-01-01"),
    ],
)
def test_periods(text, start, end) -> None:
    assert Period.of(text) == Period(date.fromisoformat(start), date.fromisoformat(end), "UTC")


@pytest.mark.parametrize("text", ["2026q5", "2026-7", "Q3 2026", "", "2026q3 "])
def test_what_is_not_a_period_is_refused(text) -> None:
    with pytest.raises(ValueError, match="2026q3"):
        Period.of(text)


def test_a_period_ends_after_it_starts() -> None:
    with pytest.raises(ValueError, match="ends after it starts"):
        Period(date(2026, 7, 1), date(2026, 7, 1), "UTC")


def test_an_unknown_zone_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="Europe/London"):
        Period.of("2026q3", "Europe/Londn")


def test_a_period_cut_within_months_holds_whole_months_only() -> None:
    months = Period(date(2026, 1, 15), date(2026, 4, 10), "UTC").months()
    assert [str(month) for month in months] == ["2026-02", "2026-03"]


@pytest.mark.parametrize("zone", ZONES)
def test_an_instant_lies_in_the_month_that_its_zone_says(zone) -> None:
    for start in month_starts(zone, Month.of("2025-01"), Month.of("2027-01")):
        local = start.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
        assert (local.day, local.hour, local.minute) == (1, 0, 0)
        assert month_of(start, zone) == month_of(start - timedelta(microseconds=1), zone).plus(1)


def test_midnight_in_summer_time() -> None:
    assert local_midnight(date(2026, 7, 1), "Europe/London") == datetime(2026, 6, 30, 23)


@pytest.mark.parametrize("zone", ZONES)
def test_the_engine_finds_the_same_month_for_every_hour_of_three_years(zone) -> None:
    """26,000 instants around every month's end, by the engine's chain of comparisons and by zoneinfo."""
    first, last = Month.of("2024-02"), Month.of("2026-11")
    hours = "select timestamp '2024-01-20 00:30:00' + interval (i) hour as instant from range(0, 25000) as t(i)"
    with DuckDBEngine({"hours": hours}, files=[]) as engine:
        rows = engine.query(
            f"select instant, {engine.dialect.month_number('instant', zone, first, last)} as month from hours"
        ).to_pylist()
    for row in rows:
        month = month_of(row["instant"], zone)
        assert row["month"] == (month.number if first <= month <= last else None)


def test_all_months_between() -> None:
    assert len(months_between(Month.of("2023-10"), Month.of("2026-09"))) == 36
