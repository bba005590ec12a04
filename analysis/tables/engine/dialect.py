"""Which few fragments of SQL differ between engines? These, with DuckDB's answers.

Another engine subclasses `Dialect` and overrides what it says differently; the queries stay as they are.
Times in the engine are timestamps without a zone that hold UTC.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from analysis.foundation.calendar import Month, local_midnight, month_starts
from analysis.tables.local_time import clock_changes, instant, offset_at, search

_NAME = re.compile(r"[^\x00]{1,255}")


def identifier(name: str) -> str:
    """A column or table name as SQL may hold it: quoted, with quotes inside doubled.

    Raises
    ------
    ValueError
        If the name is empty, longer than 255 characters or holds a NUL.

    Examples
    --------
    >>> identifier('order_id')
    '"order_id"'
    >>> identifier('spend"; drop table orders; --')
    '"spend""; drop table orders; --"'
    """
    if not _NAME.fullmatch(name):
        raise ValueError("A name in a query has 1 to 255 characters and no NUL.")
    return '"' + name.replace('"', '""') + '"'


class Dialect:
    """The fragments, as DuckDB says them. Arguments are SQL expressions, never a user's text."""

    def seconds_between(self, start: str, end: str) -> str:
        """Whole seconds from `start` to `end`, negative when `end` comes first."""
        return f"date_diff('second', {start}, {end})"

    def as_float(self, expression: str) -> str:
        return f"cast({expression} as double)"

    def number_of(self, text: str, salt: int = 0) -> str:
        """A whole number of 64 bits made of a text: the same for equal texts, and hardly ever for different ones.

        Another salt makes another number. Numbers serve one session: another version of an engine may make others.
        """
        return f"hash({text})" if not salt else f"hash({text} || ':{salt}')"

    def month_number(self, column: str, zone: str, first: Month, last: Month) -> str:
        """Months since January 1970, in local time of `zone`, for instants within `first` to `last`; null outside.

        A chain of comparisons with the month starts, found by binary search, since an engine's own zone
        arithmetic is slower and need not know the same zone rules.
        """
        _, *starts, _ = month_starts(zone, first, last.plus(1))
        number = search(column, starts, lambda place: str(first.number + place))
        return f"case when {self.in_months(column, zone, first, last)} then {number} end"

    def in_months(self, column: str, zone: str, first: Month, last: Month) -> str:
        """Whether an instant lies within the local months `first` to `last`.

        A filter on this is several times quicker than one on `month_number(...) is not null`.
        """
        start, *_, end = month_starts(zone, first, last.plus(1))
        return _within(column, start, end)

    def day_number(self, column: str, zone: str, first: date, last: date) -> str:
        """Days since 1 January 1970, by the local clock of `zone`, for instants within `first` to `last`; null outside.

        The seconds since the first day began, moved by the zone's offset, whole days of 86,400: a comparison for each
        halving of the clock changes between the two days, and one division a row.

        Parameters
        ----------
        column : str
            SQL expression of type TIMESTAMP.
        zone : str
            The time zone.
        first, last : date
            The days, both included.

        Examples
        --------
        >>> Dialect().day_number("posted_at", "UTC", date(2026, 1, 1), date(2026, 1, 31)).split(" then ")[1]
        "20454 + (date_diff('second', timestamp '2026-01-01 00:00:00', posted_at) + (0)) // 86400 end"
        """
        start, end = _days(zone, first, last)
        changes = [change for change in clock_changes(zone, first.year, last.year) if start < change.at < end]
        offsets = [offset_at(zone, start), *(change.after for change in changes)]
        midnight = datetime(first.year, first.month, first.day)
        shifts = [int((start + offset - midnight).total_seconds()) for offset in offsets]
        shift = search(column, [change.at for change in changes], lambda place: str(shifts[place]))
        seconds = f"{self.seconds_between(instant(start), column)} + {shift}"
        number = f"{(first - date(1970, 1, 1)).days} + ({seconds}) // 86400"
        return f"case when {_within(column, start, end)} then {number} end"

    def in_days(self, column: str, zone: str, first: date, last: date) -> str:
        """Whether an instant lies within the local days `first` to `last`."""
        return _within(column, *_days(zone, first, last))


def _days(zone: str, first: date, last: date) -> tuple[datetime, datetime]:
    """When the first day begins and the last one is over."""
    return local_midnight(first, zone), local_midnight(last + timedelta(days=1), zone)


def _within(column: str, start: datetime, end: datetime) -> str:
    return f"({column} >= {instant(start)} and {column} < {instant(end)})"
