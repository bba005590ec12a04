"""What the intake says of the tables: jumps of whole months, by their rows a day, and rows without a customer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import duckdb
import pytest

from analysis.tables.intake.report import TableReport, report_on, unmatched_remark


def reported(
    by_day: Mapping[date, int], *, until: date | None = None, zone: str = "UTC", hour: str = "12:00:00"
) -> TableReport:
    """The report on orders, so many on each day."""
    with duckdb.connect() as connection:
        connection.execute("create table days (day date, n integer)")
        connection.executemany("insert into days values (?, ?)", [[day, count] for day, count in by_day.items()])
        connection.execute(
            f"create table orders as select cast(day as timestamp) + interval '{hour}' as ordered_at "
            "from days, range(100000) as r (i) where i < n"
        )
        types = {"ordered_at": "TIMESTAMP"}
        return report_on(connection, "orders", "orders", types, zone=zone, period=None, before=None, until=until)


def spread(months: Mapping[int, int], first_day: int = 1, year: int = 2026) -> dict[date, int]:
    """So many rows on each day of some months; the first begins on a day."""
    found = {}
    for place, (month, count) in enumerate(months.items()):
        day = date(year, month, first_day if not place else 1)
        while day.month == month:
            found[day] = count
            day += timedelta(days=1)
    return found


def test_the_last_month_that_is_over_may_jump() -> None:
    """September fell by half: said from the day of the export on which it was over, not before."""
    days = spread({7: 100, 8: 100, 9: 50})
    said = "orders: rows a day jump from one month to the next: 2026-09 −50% (3,100 to 1,500)."
    assert list(reported(days, until=date(2026, 10, 3)).remarks()) == [said]
    assert list(reported(days, until=date(2026, 9, 30)).remarks()) == [said]
    assert reported(days, until=date(2026, 9, 29)).jumps == ()
    assert reported(days).jumps == ()


@pytest.mark.parametrize(("first", "jumps"), [(1, 1), (2, 1), (3, 0), (20, 0)])
def test_the_first_month_counts_where_it_is_whole(first: int, jumps: int) -> None:
    found = reported(spread({7: 20, 8: 100, 9: 100}, first_day=first), until=date(2026, 10, 6))
    assert [month for month, _, _ in found.jumps] == ["2026-08"] * jumps


def test_months_are_compared_by_their_days() -> None:
    """February has 28 days: 29 % more a day is no jump though March has 43 % more rows."""
    assert reported(spread({1: 100, 2: 100, 3: 129}), until=date(2026, 4, 6)).jumps == ()
    (jump,) = reported(spread({1: 100, 2: 100, 3: 132}), until=date(2026, 4, 6)).jumps
    assert jump == ("2026-03", 2800, 4092)


def test_a_few_rows_beside_many_are_told_without_percent() -> None:
    days = spread({7: 0, 8: 60, 9: 60})
    days |= {date(2026, 7, 1): 3}
    (said,) = reported(days, until=date(2026, 10, 6)).remarks()
    assert said.endswith("to the next: 2026-08 3 to 1,860.")


def test_chance_is_no_jump() -> None:
    days = {date(2026, 7, one): 1 for one in range(1, 11)} | {date(2026, 8, one): 1 for one in range(1, 16)}
    days |= {date(2026, 9, 1): 10}
    assert reported(days, until=date(2026, 10, 6)).jumps == ()


def test_days_and_months_are_local() -> None:
    """Half past ten in the evening of UTC is the next day in Berlin: the first month begins there."""
    days = {day - timedelta(days=1): count for day, count in spread({7: 100, 8: 100, 9: 50}).items()}
    found = reported(days, until=date(2026, 9, 30), zone="Europe/Berlin", hour="22:30:00")
    assert (found.first, found.last) == (date(2026, 7, 1), date(2026, 9, 30))
    assert [month for month, _, _ in found.jumps] == ["2026-09"]


@pytest.mark.parametrize(
    ("without", "held", "said"), [(0, False, None), (50, False, None), (51, True, "have no customer")]
)
def test_most_rows_without_a_customer_are_told(without: int, held: bool, said: str | None) -> None:
    told = unmatched_remark("issues", 100, without, held)
    assert told is None if said is None else told is not None and said in told
    assert unmatched_remark("issues", 0, 0, held) is None
