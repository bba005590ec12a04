"""Seconds of opening hours: by hand over changes of the clock, against a walk minute by minute, and by their laws."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month
from analysis.foundation.schedule import WEEKDAYS, Schedule, Timetable, hours_of
from analysis.metrics.counter import Rules
from analysis.metrics.opening_hours import OpenSeconds, openings
from analysis.tables.engine import Dialect
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.local_time import instant

LONDON = "Europe/London"
OFFICE = Timetable(timezone=LONDON, hours=dict.fromkeys(WEEKDAYS[:5], hours_of("09:00-17:00")))
ALWAYS = Timetable(timezone=LONDON, hours=dict.fromkeys(WEEKDAYS, hours_of("00:00-24:00")))
SPRING, AUTUMN = date(2026, 3, 29), date(2026, 10, 25)
FIRST, LAST = datetime(2026, 1, 1), datetime(2027, 1, 1)


def seconds(schedule: Schedule, *pairs: tuple[datetime, datetime]) -> list[int]:
    """Open seconds between the instants of each pair, as the engine finds them."""
    hours = OpenSeconds.of(schedule, FIRST, LAST, Dialect())
    rows = ", ".join(f"({n}, {instant(start)}, {instant(end)})" for n, (start, end) in enumerate(pairs))
    places = f"select n, {hours.place('a')} as start, {hours.place('b')} as stop from (values {rows}) as v (n, a, b)"
    sql = (
        f"select cast({hours.until('stop', 'y')} - {hours.until('start', 'x')} as bigint) as open from ({places}) as p "
        f"left join {hours.rows('x')} on x.day = {hours.day('start')} "
        f"left join {hours.rows('y')} on y.day = {hours.day('stop')} order by n"
    )
    with DuckDBEngine({}, files=[]) as engine:
        return engine.query(sql).column("open").to_pylist()


def walked(schedule: Schedule, start: datetime, end: datetime) -> int:
    """The same, by looking at the clock on the wall every minute."""
    found, moment = 0, start
    while moment < end:
        held = [
            one for one in schedule.timetables
            if one.since is None or moment.replace(tzinfo=UTC).astimezone(ZoneInfo(one.timezone)).date() >= one.since
        ]  # fmt: skip
        local = moment.replace(tzinfo=UTC).astimezone(ZoneInfo(held[-1].timezone)) if held else None
        minute = 0 if local is None else 60 * local.hour + local.minute
        if local is not None and any(low <= minute < high for low, high in held[-1].of(local.date())):
            found += 60
        moment += timedelta(minutes=1)
    return found


def test_a_weekend_by_hand() -> None:
    """Friday 16:30 to Monday 09:20: half an hour and twenty minutes, to the second."""
    friday, monday = datetime(2026, 1, 9, 16, 30), datetime(2026, 1, 12, 9, 20, 7)
    assert seconds(Schedule((OFFICE,)), (friday, monday)) == [30 * 60 + 20 * 60 + 7]


def test_hours_move_with_the_clock() -> None:
    """Nine o'clock in London is 09:00 UTC on Friday 27 March and 08:00 on Monday 30 March."""
    opens = [start for start, _ in openings(Schedule((OFFICE,)), datetime(2026, 3, 27), datetime(2026, 3, 31))]
    assert opens == [datetime(2026, 3, 27, 9), datetime(2026, 3, 30, 8)]


@pytest.mark.parametrize(
    ("day", "hours", "length"),
    [
        (SPRING, "00:00-03:00", 2), (SPRING, "01:00-02:00", 0), (SPRING, "01:30-03:00", 1), (SPRING, "00:00-24:00", 23),
        (AUTUMN, "00:00-03:00", 4), (AUTUMN, "01:00-02:00", 2), (AUTUMN, "01:30-03:00", 2), (AUTUMN, "00:00-24:00", 25),
    ],
)  # fmt: skip
def test_a_shift_over_a_change_of_the_clock_has_its_real_length(day: date, hours: str, length: float) -> None:
    """Skipped hours are not worked. Shown twice, 01:30 to 02:00 is: 01:30-03:00 in autumn is 30 minutes and 90 more."""
    night = Schedule((Timetable(timezone=LONDON, hours={"sun": hours_of(hours)}),))
    noon = datetime(day.year, day.month, day.day, 12)
    start, end = noon - timedelta(hours=24), noon + timedelta(hours=24)
    assert seconds(night, (start, end)) == [length * 3600] == [walked(night, start, end)]


def test_every_moment_goes_by_the_timetable_in_force() -> None:
    """Eight hours a day until Wednesday 7 January, then two, in another zone; Thursday is closed."""
    later = Timetable(
        since=date(2026, 1, 7), timezone="America/New_York", closed=frozenset({date(2026, 1, 8)}),
        hours=dict.fromkeys(WEEKDAYS, hours_of("09:00-11:00")),
    )  # fmt: skip
    both = Schedule((OFFICE, later))
    week = datetime(2026, 1, 5), datetime(2026, 1, 10)
    assert seconds(both, week, (datetime(2026, 1, 6), datetime(2026, 1, 7, 14, 30))) == [
        (8 + 8 + 2 + 0 + 2) * 3600,
        (8 + 0.5) * 3600,
    ]
    assert walked(both, *week) == 20 * 3600


instants = st.integers(0, 365 * 24 * 60 - 1).map(lambda minutes: FIRST + timedelta(minutes=minutes))
spans = st.sampled_from(["09:00-17:00", "00:00-24:00", "00:00-01:30, 02:15-06:00, 23:00-24:00", "01:10-01:50"])
zones = st.sampled_from([LONDON, "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu", "America/Santiago"])
days = st.dates(date(2026, 1, 1), date(2026, 12, 31))


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    since = [None, *sorted(draw(st.sets(days, max_size=2)))]
    zone = draw(zones)
    return Schedule(
        tuple(
            Timetable(
                since=day, timezone=zone, closed=frozenset(draw(st.sets(days, max_size=3))),
                hours=draw(st.dictionaries(st.sampled_from(WEEKDAYS), spans.map(hours_of))),
            )
            for day in since
        )
    )  # fmt: skip


@settings(max_examples=25, deadline=None)
@given(schedules(), instants, st.integers(0, 3 * 24 * 60))
def test_the_engine_agrees_with_a_walk_minute_by_minute(schedule: Schedule, start: datetime, minutes: int) -> None:
    end = min(start + timedelta(minutes=minutes), LAST)
    assert seconds(schedule, (start, end)) == [walked(schedule, start, end)]


@settings(max_examples=25, deadline=None)
@given(schedules(), st.tuples(instants, instants, instants).map(sorted))
def test_spans_add_up_and_never_exceed_the_calendar(schedule: Schedule, three: list[datetime]) -> None:
    low, middle, high = three
    whole, left, right = seconds(schedule, (low, high), (low, middle), (middle, high))
    assert whole == left + right
    assert 0 <= whole <= (high - low).total_seconds()
    held = openings(schedule, FIRST, LAST)
    assert all(start < end for start, end in held)
    assert all(one[1] < other[0] for one, other in itertools.pairwise(held))


@settings(max_examples=15, deadline=None)
@given(instants, st.integers(0, 10**7), zones)
def test_around_the_clock_is_the_calendar(start: datetime, after: int, zone: str) -> None:
    always = Schedule((Timetable(timezone=zone, hours=ALWAYS.hours),))
    end = min(start + timedelta(seconds=after), LAST)
    assert seconds(always, (start, end)) == [(end - start).total_seconds()]


def test_outside_the_hours_no_time_passes() -> None:
    night = datetime(2026, 1, 9, 17), datetime(2026, 1, 12, 9)
    assert seconds(Schedule((OFFICE,)), night) == [0]


def test_figures_in_opening_hours_stand_beside_the_others(company, one) -> None:
    """Written on Friday at 16:00 and answered on Monday at 10:00, 16:30 and never: two hours, 8 1/2, and waiting.

    The third has waited from Friday 16:00 to the results' date, Tuesday noon: 1 + 8 + 3 = 12 open hours.
    """
    friday = "2026-07-03T15:00:00Z"
    replies = ["2026-07-06T09:00:00Z", "2026-07-06T15:30:00Z", None]
    company.table("mentions", *({"posted_at": friday, "first_reply_at": at} for at in replies), platform="x")
    known = datetime(2026, 7, 7, 11)
    july = (Month.of("2026-07"),)
    found = company.counted(july, known_at=known, rules=Rules(schedule=Schedule((OFFICE,))))
    name = "first_response_time_business_median"
    median = one(found, name, "2026-07")
    assert (median.value, median.numerator, median.denominator) == (8.5 * 3600, 2, 3)
    assert one(found, "first_response_time_median", "2026-07").value == 72.5 * 3600
    assert one(found, "first_response_time_business_p90", "2026-07").reason.startswith("not reached: only 2 of 3")
    without = company.counted(july, known_at=known)
    assert without.missing[name] == "opening hours (`metrics.schedule`)"
    assert not [row for row in without.metrics if row.id == name]
    always = company.counted(july, known_at=known, rules=Rules(schedule=Schedule((ALWAYS,))))
    assert one(always, name, "2026-07").value == 72.5 * 3600


def test_nothing_is_said_of_days_before_the_schedule(company, one) -> None:
    times = [("2026-07-06T10:00:00Z", "2026-07-06T11:00:00Z"), ("2026-08-03T10:00:00Z", "2026-08-03T12:00:00Z")]
    company.table("mentions", *({"posted_at": at, "first_reply_at": until} for at, until in times), platform="x")
    since = Timetable(since=date(2026, 8, 1), timezone="UTC", hours=OFFICE.hours)
    found = company.counted(rules=Rules(schedule=Schedule((since,))))
    july, august, whole = (
        one(found, "first_response_time_business_median", period) for period in ("2026-07", "2026-08", "2026q3")
    )
    assert august.value == 7200
    assert (july.value, whole.value) == (None, None)
    assert july.reason == whole.reason == "the schedule says nothing of the days before 2026-08-01"
