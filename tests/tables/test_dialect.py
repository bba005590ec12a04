"""The fragments of SQL, against `zoneinfo` and the calendar themselves."""

from __future__ import annotations

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, local_midnight, month_of
from analysis.tables.engine import Dialect
from analysis.tables.local_time import clock_changes

EPOCH = date(1970, 1, 1)
ZONES = [
    "UTC",
    "Europe/London",
    "America/New_York",
    "America/Havana",  # its clock goes back to midnight, which comes twice
    "America/Sao_Paulo",  # its clock went forward at midnight, which some days lack
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",  # half an hour of summer
    "Pacific/Apia",  # it left out 30 December 2011
]


def said(sql: str, times: list[datetime]) -> list[tuple[object, ...]]:
    table = pa.table({"place": range(len(times)), "t": pa.array(times, pa.timestamp("us"))})
    with duckdb.connect() as connection:
        connection.register("given", table)
        return connection.execute(f"select {sql} from given order by place").fetchall()


def local_day(instant: datetime, zone: str) -> date:
    return instant.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)).date()


@pytest.mark.parametrize("zone", ZONES)
def test_the_day_of_every_instant_is_the_one_on_the_local_calendar(zone: str) -> None:
    """Ten years of instants to the microsecond, both sides of every clock change and of the days around it."""
    first, last = date(2009, 7, 3), date(2019, 4, 2)
    chance = random.Random(11)
    start, end = local_midnight(first, zone), local_midnight(last + timedelta(days=1), zone)
    times = [start + (end - start) * chance.random() for _ in range(2_000)]
    for change in clock_changes(zone, first.year, last.year):
        midnights = [local_midnight(local_day(change.at, zone) + timedelta(days=days), zone) for days in (-1, 0, 1, 2)]
        for edge in (change.at, *midnights):
            times += [edge + timedelta(microseconds=beside) for beside in (-1, 0, 1)]
    for edge in (start, end):
        times += [edge + timedelta(microseconds=beside) for beside in (-1, 0, 1)]
    dialect = Dialect()
    number = dialect.day_number("t", zone, first, last)
    for instant, (day, inside) in zip(
        times, said(f"{number}, {dialect.in_days('t', zone, first, last)}", times), strict=True
    ):
        assert inside == (start <= instant < end)
        assert day == ((local_day(instant, zone) - EPOCH).days if inside else None), instant


@pytest.mark.parametrize(
    ("zone", "instant", "day"),
    [
        ("UTC", "2026-03-29T23:59:59", date(2026, 3, 29)),
        ("Europe/London", "2026-03-28T23:59:59", date(2026, 3, 28)),  # winter: London is at UTC
        ("Europe/London", "2026-03-29T22:59:59", date(2026, 3, 29)),  # summer since one o'clock that day
        ("Europe/London", "2026-03-29T23:00:00", date(2026, 3, 30)),
        ("Asia/Kolkata", "2026-03-29T18:29:59", date(2026, 3, 29)),  # half past five ahead
        ("Asia/Kolkata", "2026-03-29T18:30:00", date(2026, 3, 30)),
        ("Pacific/Apia", "2011-12-30T09:59:59", date(2011, 12, 29)),
        ("Pacific/Apia", "2011-12-30T10:00:00", date(2011, 12, 31)),
    ],
)
def test_days_by_hand(zone: str, instant: str, day: date) -> None:
    sql = Dialect().day_number("t", zone, day - timedelta(days=5), day + timedelta(days=5))
    assert said(sql, [datetime.fromisoformat(instant)]) == [((day - EPOCH).days,)]


@settings(max_examples=25, deadline=None)
@given(zone=st.sampled_from(ZONES), day=st.dates(date(1950, 1, 1), date(2090, 1, 1)), seconds=st.integers(0, 86_399))
def test_a_day_of_any_age_has_its_number(zone: str, day: date, seconds: int) -> None:
    instant = datetime(day.year, day.month, day.day) + timedelta(seconds=seconds)
    day = local_day(instant, zone)
    assert said(Dialect().day_number("t", zone, day, day), [instant]) == [((day - EPOCH).days,)]


def test_days_lie_in_their_months() -> None:
    zone, first, last = "Europe/London", Month.of("2025-01"), Month.of("2026-12")
    chance = random.Random(3)
    start = local_midnight(first.first_day, zone)
    times = [start + timedelta(minutes=chance.randrange(2 * 365 * 24 * 60)) for _ in range(500)]
    days = Dialect().day_number("t", zone, first.first_day, last.plus(1).first_day - timedelta(days=1))
    for instant, (day, month) in zip(
        times, said(f"{days}, {Dialect().month_number('t', zone, first, last)}", times), strict=True
    ):
        assert month == month_of(instant, zone).number
        assert Month.of(EPOCH + timedelta(days=int(str(day)))).number == month


def test_an_empty_time_has_no_day() -> None:
    sql = Dialect().day_number("cast(null as timestamp)", "UTC", date(2026, 1, 1), date(2026, 1, 2))
    assert said(sql, [datetime(2026, 1, 1)]) == [(None,)]


def test_the_number_of_a_text_is_that_of_an_equal_text_under_one_salt_only() -> None:
    with duckdb.connect() as connection:
        texts = "(select 'c' || (i % 5000) as t from range(0, 10000) as n(i)) as texts"
        for salt in (0, 1):
            number = Dialect().number_of("t", salt)
            assert connection.execute(f"select count(distinct {number}) from {texts}").fetchone() == (5000,)
        same = f"select count(*) from {texts} where {Dialect().number_of('t')} = {Dialect().number_of('t', 1)}"
        assert connection.execute(same).fetchone() == (0,)
