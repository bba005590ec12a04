"""Opening hours as people write them, and what of a schedule holds when."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from analysis.foundation.errors import UnknownName
from analysis.foundation.schedule import WEEKDAYS, Schedule, Timetable, hours_of

WEEK = Timetable(timezone="Europe/London", hours=dict.fromkeys(WEEKDAYS[:5], hours_of("09:00-17:00")))


def test_a_day_of_a_timetable() -> None:
    table = replace(WEEK, closed=frozenset({date(2026, 12, 25)}))
    assert table.of(date(2026, 12, 24)) == ((540, 1020),)
    assert table.of(date(2026, 12, 25)) == () == table.of(date(2026, 12, 26)), "a holiday, a Saturday"
    assert hours_of("00:00-24:00") == ((0, 1440),)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("9-17", "written as"), ("", "written as"), ("09:00-17:00;18:00-19:00", "written as"),
        ("09:00-25:00", "does not show"), ("09:60-10:00", "does not show"), ("23:00-24:01", "does not show"),
        ("17:00-09:00", "ends before"), ("09:00-09:00", "ends before"), ("13:00-17:00, 09:00-12:00", "not after"),
        ("09:00-12:00, 11:00-17:00", "not after"),
    ],
)  # fmt: skip
def test_what_are_no_hours_is_refused(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        hours_of(text)


def test_timetables_take_effect_in_turn() -> None:
    with pytest.raises(ValueError, match="has a timetable"):
        Schedule(())
    for later in (None, date(2026, 1, 1), date(2025, 1, 1)):
        with pytest.raises(ValueError, match="each later than the last"):
            Schedule((replace(WEEK, since=date(2026, 1, 1)), replace(WEEK, since=later)))
    with pytest.raises(UnknownName, match="time zone"):
        Timetable(timezone="Europe/Londn", hours={})


def test_what_is_added_for_later_leaves_what_held_before() -> None:
    schedule = Schedule((WEEK,))
    day = date(2026, 10, 1)
    later = replace(WEEK, since=day, hours={"mon": hours_of("10:00-12:00")})
    grown = Schedule((replace(WEEK, closed=frozenset({date(2026, 12, 25)})), later))
    assert grown.fingerprint != schedule.fingerprint == schedule.before(day)
    assert grown.before(day) == schedule.before(day)
    assert grown.before(date(2026, 10, 2)) != schedule.before(date(2026, 10, 2))
    assert Schedule((replace(WEEK, closed=frozenset({date(2026, 8, 31)})),)).before(day) != schedule.before(day)
    assert Schedule((later,)).before(day) is None
