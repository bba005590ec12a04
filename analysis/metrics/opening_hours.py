"""How many seconds of opening hours lie between two instants? A small table of opening hours, and the SQL that asks it.

Local hours become UTC instants by the clock changes of their zone, so that a shift over a change of the clock has its
real length: the desk is open whenever the local clock shows a time within its hours, which it may skip or show twice.
The table has one row a UTC day: the open seconds before the day, and the opening spans within it; a query joins it by
equality, once for each end. Which waits are timed by it is left to the families.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise

from analysis.foundation.calendar import local_midnight
from analysis.foundation.schedule import Schedule, Timetable
from analysis.tables.engine import Dialect
from analysis.tables.local_time import FIRST_YEAR, LAST_YEAR, clock_changes, instant, offset_at

Span = tuple[datetime, datetime]
"""From a naive UTC instant up to but not including another."""

DAY = 86_400
_SECOND, _ONE_DAY = timedelta(seconds=1), timedelta(days=1)
_FIRST, _LAST = datetime(FIRST_YEAR, 1, 2), datetime(LAST_YEAR, 12, 31)
"""Between these the clock changes are known; nobody's desk is asked for beyond."""


def openings(schedule: Schedule, first: datetime, last: datetime) -> list[Span]:
    """The spans in which the desk is open between two naive UTC instants, in order, those that touch made one.

    Examples
    --------
    Open on the night of the change in spring, 00:00 to 03:00 by the clock, which is two hours long:

    >>> from analysis.foundation.schedule import hours_of
    >>> night = Timetable(timezone="Europe/London", hours={"sun": hours_of("00:00-03:00")})
    >>> openings(Schedule((night,)), datetime(2026, 3, 28), datetime(2026, 3, 30))
    [(datetime.datetime(2026, 3, 29, 0, 0), datetime.datetime(2026, 3, 29, 2, 0))]
    """
    merged: list[Span] = []
    bounds = [last]
    for one in reversed(schedule.timetables):
        bounds.append(min(bounds[-1], _begins(one, first)))
    for one, (low, high) in zip(schedule.timetables, pairwise(reversed(bounds)), strict=True):
        for start, end in _of(one, low, high):
            touching = merged and merged[-1][1] == start
            merged.append((merged.pop()[0] if touching else start, end))
    return merged


def known_from(schedule: Schedule) -> datetime | None:
    """The naive UTC instant from which opening hours are known; None from the beginning."""
    one = schedule.timetables[0]
    return None if one.since is None else local_midnight(one.since, one.timezone)


def _begins(one: Timetable, first: datetime) -> datetime:
    return first if one.since is None else max(first, local_midnight(one.since, one.timezone))


def _of(one: Timetable, low: datetime, high: datetime) -> Iterator[Span]:
    """The opening spans of one timetable between two instants: for each stretch of one offset, day by local day."""
    if low >= high:
        return
    changes = [c for c in clock_changes(one.timezone) if low < c.at < high]
    bounds = [low, *(change.at for change in changes), high]
    for start, end in pairwise(bounds):
        offset = offset_at(one.timezone, start)
        day = (start + offset).date()
        while datetime(day.year, day.month, day.day) < end + offset:
            midnight = datetime(day.year, day.month, day.day) - offset
            for opens, closes in one.of(day):
                span = max(start, midnight + timedelta(minutes=opens)), min(end, midnight + timedelta(minutes=closes))
                if span[0] < span[1]:
                    yield span
            day += _ONE_DAY


@dataclass(frozen=True)
class OpenSeconds:
    """The opening hours between two instants, as SQL asks them.

    Parameters
    ----------
    spans : list of (datetime, datetime)
        In order, apart; naive UTC, on whole seconds.
    first, last : datetime
        What the table covers: from the midnight (UTC) before `first` to the one after `last`.
    dialect : Dialect
    """

    spans: list[Span]
    first: datetime
    last: datetime
    dialect: Dialect

    @classmethod
    def of(cls, schedule: Schedule, first: datetime, last: datetime, dialect: Dialect) -> OpenSeconds:
        """Those of a schedule."""
        first, last = (min(max(one, _FIRST), _LAST) for one in (first, last))
        start, end = _midnight(first), _midnight(max(first, last)) + _ONE_DAY
        return cls(openings(schedule, start, end), start, end, dialect)

    def place(self, column: str) -> str:
        """SQL for the whole seconds of an instant since the table begins: what `until` and `rows` go by."""
        return self.dialect.seconds_between(instant(self.first), column)

    def day(self, place: str) -> str:
        """SQL for the day of a place, which the rows are joined by."""
        return f"{place} // {DAY}"

    @cached_property
    def widest(self) -> int:
        """The most spans of one day."""
        return max([1, *(len(spans) for _, _, spans in self._days)])

    def rows(self, name: str) -> str:
        """SQL behind FROM for the table, called `name`: `day, before`, and the `opens` and `closes` of its spans."""
        widest = self.widest
        columns = ", ".join(f"opens_{n}, closes_{n}" for n in range(widest))
        rows = []
        for day, before, spans in self._days:
            cells = [cell for span in spans for cell in span] + [0, 0] * (widest - len(spans))
            rows.append(f"({day}, {before}, {', '.join(map(str, cells))})")
        return f"(values {', '.join(rows)}) as {name} (day, before, {columns})"

    def until(self, place: str, name: str) -> str:
        """SQL for the open seconds from the table's beginning to a place, whose day's row is joined as `name`."""
        parts = [f"greatest(0, least({place}, {name}.closes_{n}) - {name}.opens_{n})" for n in range(self.widest)]
        return f"({name}.before + {' + '.join(parts)})"

    @cached_property
    def _days(self) -> list[tuple[int, int, list[tuple[int, int]]]]:
        """For each UTC day its number, the open seconds before it, and its spans in seconds since the beginning."""
        days = (self.last - self.first) // _ONE_DAY
        spans: list[list[tuple[int, int]]] = [[] for _ in range(days)]
        for start, end in self.spans:
            low, high = ((one - self.first) // _SECOND for one in (start, end))
            while low < high:
                upto = min(high, (low // DAY + 1) * DAY)
                spans[low // DAY].append((low, upto))
                low = upto
        found, before = [], 0
        for day, held in enumerate(spans):
            found.append((day, before, held))
            before += sum(closes - opens for opens, closes in held)
        return found


def _midnight(moment: datetime) -> datetime:
    return datetime(moment.year, moment.month, moment.day)
