"""Fiscal periods: a 4-4-5 calendar with a 53-week year by hand, the months they make, and every fault of a table."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.calendar import Month, Period, month_starts, months_between
from analysis.foundation.errors import DesignError, InputError
from analysis.foundation.fiscal import FIRST_NUMBER, FiscalCalendar, FiscalPeriod, read_calendar

HEAD = "period,first_day,last_day,quarter,year\n"


def in_weeks(first: date, *years: tuple[int, list[int]]) -> list[FiscalPeriod]:
    """Years of periods with so many weeks each, three or more of them a quarter."""
    periods = []
    for year, weeks in years:
        for place, length in enumerate(weeks):
            last = first + timedelta(weeks=length) - timedelta(days=1)
            quarter = min(place // (len(weeks) // 4) + 1, 4)
            periods.append(FiscalPeriod(f"{year}-P{place + 1:02d}", first, last, quarter, year))
            first = last + timedelta(days=1)
    return periods


USUAL = [4, 4, 5] * 4
LONG = [4, 4, 5] * 3 + [4, 4, 6]
RETAIL = FiscalCalendar(tuple(in_weeks(date(2025, 2, 2), (2025, USUAL), (2026, LONG), (2027, USUAL))))
"""Years of Sundays: 2026 has 53 weeks."""


def written(folder: Path, *lines: str, head: str = HEAD) -> Path:
    path = folder / "calendar.csv"
    path.write_text(head + "\n".join(lines) + "\n")
    return path


def lines_of(calendar: FiscalCalendar) -> list[str]:
    return [f"{p.label},{p.first_day},{p.last_day},{p.quarter},{p.year}" for p in calendar.periods]


def faults(folder: Path, *lines: str, head: str = HEAD) -> list[tuple[str, int | None]]:
    with pytest.raises(InputError) as error:
        read_calendar(written(folder, *lines, head=head))
    return [(fault.rule, fault.first) for fault in error.value.faults]


def test_a_53_week_year_by_hand() -> None:
    """2026 begins on Sunday 1 February and has 53 weeks, 371 days: 2027 begins on 7 February 2027."""
    assert RETAIL.stretch("2026") == (date(2026, 2, 1), date(2027, 2, 7))
    assert RETAIL.stretch("2026q4") == (date(2026, 11, 1), date(2027, 2, 7)), "14 weeks"
    assert RETAIL.stretch("2026-P12") == (date(2026, 12, 27), date(2027, 2, 7)), "6 weeks"
    assert RETAIL.per_year == 12
    quarter = Period.of("2026q3", "America/New_York", RETAIL)
    assert [str(month) for month in quarter.months()] == ["2026-P07", "2026-P08", "2026-P09"]
    assert quarter.months()[0].last_day == date(2026, 8, 29)
    assert quarter.instants() == (datetime(2026, 8, 2, 4), datetime(2026, 11, 1, 4)), "summer time at both ends"


def test_periods_count_on_over_the_end_of_a_year() -> None:
    last = Month.of("2026-P12", RETAIL)
    assert str(last.plus(1)) == "2027-P01"
    assert last.plus(1).first_day == date(2027, 2, 7)
    assert [str(one) for one in months_between(last, last.plus(2))] == ["2026-P12", "2027-P01", "2027-P02"]
    assert last.named("2027-P01") == last.plus(1) == last.numbered(last.number + 1)
    assert last.holding(datetime(2027, 2, 7, 4, 59), "America/New_York") == last
    assert last.holding(datetime(2027, 2, 7, 5), "America/New_York") == last.plus(1)


def test_fiscal_periods_are_never_civil_months() -> None:
    fiscal, civil = Month.of("2026-P01", RETAIL), Month.of("2026-01")
    assert fiscal != Month(fiscal.number)
    assert fiscal.number > civil.number + 10_000
    with pytest.raises(DesignError, match="different calendars"):
        _ = civil < fiscal
    with pytest.raises(ValueError, match="2026-09"):
        Month.of("2026-P01")
    with pytest.raises(ValueError, match="no period"):
        Month.of("2026-01", RETAIL)


@given(st.dates(date(2025, 2, 2), date(2028, 2, 5)))
def test_every_day_of_the_table_lies_in_the_one_period_that_says_so(day: date) -> None:
    month = Month.of(day, RETAIL)
    (held,) = [one for one in RETAIL.periods if one.first_day <= day <= one.last_day]
    assert (str(month), month.first_day, month.last_day) == (held.label, held.first_day, held.last_day)


def test_days_outside_the_table_lie_before_or_after_it() -> None:
    assert Month.of(date(1999, 1, 1), RETAIL).number == FIRST_NUMBER - 1
    after = Month.of(date(2099, 1, 1), RETAIL)
    assert after.number == FIRST_NUMBER + 36
    assert after.first_day == date(2028, 2, 6), "where it would begin"
    for call in (lambda: str(after), lambda: after.plus(1).first_day, lambda: after.plus(-37).first_day):
        with pytest.raises(DesignError, match=r"2025-P01 to 2027-P12\. Add its year"):
            call()


@pytest.mark.parametrize("text", ["2024", "2028q1", "2026q5", "2026-P13", "2026-09", "P09", "2026-W01"])
def test_what_the_table_does_not_hold_is_no_span(text: str) -> None:
    with pytest.raises(ValueError, match=r"calendar|written as"):
        Period.of(text, "UTC", RETAIL)


def test_a_table_is_read_as_it_is_written(tmp_path: Path) -> None:
    assert read_calendar(written(tmp_path, *lines_of(RETAIL))) == RETAIL
    assert hash(read_calendar(written(tmp_path, *lines_of(RETAIL), ""))) == hash(RETAIL), "an empty line is none"
    moved = FiscalCalendar(tuple(in_weeks(date(2025, 2, 3), (2025, USUAL), (2026, LONG), (2027, USUAL))))
    assert moved != RETAIL


def test_thirteen_periods_of_four_weeks(tmp_path: Path) -> None:
    thirteen = FiscalCalendar(tuple(in_weeks(date(2026, 1, 4), (2026, [4] * 13), (2027, [4] * 12 + [5]))))
    assert read_calendar(written(tmp_path, *lines_of(thirteen))).per_year == 13
    assert Month.of("2026-P13", thirteen).plus(1) == Month.of("2027-P01", thirteen)
    assert thirteen.stretch("2027q4") == (date(2027, 9, 12), date(2028, 1, 9)), "16 weeks and one"


def test_period_months_are_those_wholly_inside() -> None:
    inside = Period(date(2026, 2, 2), date(2026, 5, 3), "UTC", RETAIL)
    assert [str(month) for month in inside.months()] == ["2026-P02", "2026-P03"]
    assert [str(month) for month in inside.civil.months()] == ["2026-03", "2026-04"]
    said = inside.to_dict()["calendar"]
    assert said["fingerprint"] == RETAIL.fingerprint
    assert said["periods"][0] == {"period": "2026-P02", "first_day": "2026-03-01", "last_day": "2026-03-28"}


def test_all_faults_of_a_table_at_once_with_their_lines(tmp_path: Path) -> None:
    lines = lines_of(RETAIL)
    lines[1] = lines[1].replace("2025-03-02", "2025-03-03")  # a day between
    lines[3] = lines[3].replace("2025-05-04", "2025-05-03")  # a day in both
    lines[6], lines[7] = lines[7], lines[6]
    lines[10] = lines[10].replace(",4,2025", ",5,2025")
    lines[14] = lines[14].replace("2026-03-29", "2026-02-30")
    lines[20] = "2026-P09,2026-09-27"
    found = faults(tmp_path, *lines)
    assert ("gap", 3) in found
    assert ("overlap", 5) in found
    assert {("order", 9), ("turn", 8), ("turn", 9), ("turn", 10)} <= set(found)
    assert {("cell", 12), ("cell", 16), ("cell", 22)} <= set(found)
    assert [line for _, line in found] == sorted(line for _, line in found)


def _changed(place: int, **cells: object) -> list[str]:
    names = HEAD.strip().split(",")
    lines = lines_of(RETAIL)
    row = dict(zip(names, lines[place].split(","), strict=True)) | {name: str(value) for name, value in cells.items()}
    lines[place] = ",".join(row[name] for name in names)
    return lines


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ([], [("empty", None)]),
        (_changed(5, period="2025-P6"), [("cell", 7)]),
        (_changed(5, period="2025-P00"), [("cell", 7)]),
        (_changed(5, first_day="05/07/2026"), [("cell", 7)]),
        (_changed(5, last_day="20260105"), [("cell", 7)]),
        (_changed(5, year="2026"), [("cell", 7)]),
        (_changed(5, quarter="Q2"), [("cell", 7)]),
        (_changed(5, first_day="1066-10-14"), [("cell", 7)]),
        (_changed(4, quarter=3), [("quarters", 13)]),
        (_changed(5, period="2025-P05"), [("repeated", 7), ("turn", 8)]),
        (lines_of(RETAIL)[:-1], [("year", 36)]),
        (lines_of(RETAIL)[1:], [("turn", 2), ("year", 24), ("year", 36)]),
        (lines_of(RETAIL)[:12] + lines_of(RETAIL)[24:], [("gap", 14), ("turn", 14)]),
        (_changed(35, last_day="2027-12-01"), [("days", 37)]),
    ],
)
def test_each_fault_by_itself(tmp_path: Path, lines: list[str], found: list[tuple[str, int | None]]) -> None:
    assert faults(tmp_path, *lines) == found


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "columns"),
        (b"period;first_day;last_day;quarter;year\n", "columns"),
        (b"period,start,end,quarter,year\n", "columns"),
        (b"period,first_day,last_day,quarter,year,year\n", "columns"),
        (b"\xff\xfe\x00p", "encoding"),
        (b'period,first_day,last_day,quarter,year\n"2026', "encoding"),
        (b"x" * (1 << 20) + b"x", "size"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, rule: str) -> None:
    path = tmp_path / "calendar.csv"
    path.write_bytes(content)
    with pytest.raises(InputError) as error:
        read_calendar(path)
    assert [fault.rule for fault in error.value.faults] == [rule]
    with pytest.raises(InputError, match="cannot be read"):
        read_calendar(tmp_path / "none.csv")


def test_a_calendar_cannot_be_built_wrong() -> None:
    with pytest.raises(InputError, match="lie between 2025-P01 and 2025-P03"):
        FiscalCalendar((RETAIL.periods[0], *RETAIL.periods[2:]))


def test_the_starts_of_periods_follow_the_local_clock() -> None:
    starts = month_starts("Europe/London", Month.of("2026-P02", RETAIL), Month.of("2026-P03", RETAIL))
    assert starts == (datetime(2026, 3, 1), datetime(2026, 3, 28, 23) + timedelta(hours=1))
