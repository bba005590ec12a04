"""When does a month begin, and what does `2026q3` mean? Months, periods and their instants in a reporting zone.

A period is half open: it holds its start and not its end. Days and months are those of one reporting time zone
per study; instants are naive datetimes that hold UTC, as everywhere in the tables.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import total_ordering
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from analysis.foundation.errors import UnknownName


@total_ordering
@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month, as the number of months since January 1970.

    Examples
    --------
    >>> Month.of("2026-09").plus(4)
    Month('2027-01')
    >>> Month.of("2026-09").number
    680
    """

    number: int

    @classmethod
    def of(cls, text: str | date) -> Month:
        """From "2026-09" or any day of the month."""
        if isinstance(text, date):
            return cls((text.year - 1970) * 12 + text.month - 1)
        found = re.fullmatch(r"(\d{4})-(\d{2})", text)
        if not found or not 1 <= int(found[2]) <= 12:
            raise ValueError(f"A month is written as 2026-09, not {text!r}.")
        return cls((int(found[1]) - 1970) * 12 + int(found[2]) - 1)

    @property
    def first_day(self) -> date:
        return date(1970 + self.number // 12, self.number % 12 + 1, 1)

    def plus(self, months: int) -> Month:
        return Month(self.number + months)

    def __lt__(self, other: Month) -> bool:
        return self.number < other.number

    def __str__(self) -> str:
        return f"{self.first_day:%Y-%m}"

    def __repr__(self) -> str:
        return f"Month('{self}')"


def months_between(first: Month, last: Month) -> tuple[Month, ...]:
    """All months from `first` to `last`, both included.

    Examples
    --------
    >>> [str(month) for month in months_between(Month.of("2025-11"), Month.of("2026-01"))]
    ['2025-11', '2025-12', '2026-01']
    """
    return tuple(Month(number) for number in range(first.number, last.number + 1))


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to but not including `end`, in `timezone`.

    Examples
    --------
    >>> Period.of("2026q3", "Europe/London")
    Period(start=datetime.date(2026, 7, 1), end=datetime.date(2026, 10, 1), timezone='Europe/London')
    >>> [str(month) for month in Period.of("2026q3", "UTC").months()]
    ['2026-07', '2026-08', '2026-09']
    """

    start: date
    end: date
    timezone: str

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"A period ends after it starts: {self.start} to {self.end} does not.")
        zone(self.timezone)

    @classmethod
    def of(cls, text: str, timezone: str = "UTC") -> Period:
        """From "2026-09" (a month), "2026q3" (a quarter) or "2026" (a year).

        Raises
        ------
        ValueError
            If the text is none of these.
        """
        if found := re.fullmatch(r"(\d{4})[qQ]([1-4])", text):
            first = Month((int(found[1]) - 1970) * 12 + 3 * (int(found[2]) - 1))
            return cls(first.first_day, first.plus(3).first_day, timezone)
        if found := re.fullmatch(r"(\d{4})", text):
            return cls(date(int(text), 1, 1), date(int(text) + 1, 1, 1), timezone)
        if re.fullmatch(r"\d{4}-\d{2}", text):
            month = Month.of(text)
            return cls(month.first_day, month.plus(1).first_day, timezone)
        raise ValueError(f"A period is written as 2026-09, 2026q3, 2026 or two dates, not {text!r}.")

    def months(self) -> tuple[Month, ...]:
        """The months that lie wholly inside the period."""
        first = Month.of(self.start)
        if first.first_day < self.start:
            first = first.plus(1)
        return tuple(months_between(first, Month.of(self.end).plus(-1)))

    def instants(self) -> tuple[datetime, datetime]:
        """Start and end as naive UTC instants."""
        return local_midnight(self.start, self.timezone), local_midnight(self.end, self.timezone)

    def to_dict(self) -> dict[str, Any]:
        return {"start": self.start.isoformat(), "end": self.end.isoformat(), "timezone": self.timezone}


def zone(name: str) -> ZoneInfo:
    """The time zone of that name.

    Raises
    ------
    UnknownName
        If there is none, with the nearest one.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownName.of("time zone", name, available_timezones()) from error


def local_midnight(day: date, timezone: str) -> datetime:
    """The instant at which `day` begins in `timezone`, as naive UTC.

    Examples
    --------
    >>> local_midnight(date(2026, 7, 1), "Europe/London")
    datetime.datetime(2026, 6, 30, 23, 0)
    """
    local = datetime(day.year, day.month, day.day, tzinfo=zone(timezone))
    return local.astimezone(UTC).replace(tzinfo=None)


def month_starts(timezone: str, first: Month, last: Month) -> tuple[datetime, ...]:
    """The instants at which the months `first` to `last` begin in `timezone`, as naive UTC."""
    return tuple(local_midnight(month.first_day, timezone) for month in months_between(first, last))


def month_of(instant: datetime, timezone: str) -> Month:
    """The local month that holds a naive UTC instant."""
    return Month.of(instant.replace(tzinfo=UTC).astimezone(zone(timezone)).date())


def iso(instant: datetime | None) -> str | None:
    """A naive UTC instant as results write it.

    Examples
    --------
    >>> iso(datetime(2026, 10, 6))
    '2026-10-06T00:00:00Z'
    """
    if instant is None:
        return None
    return instant.isoformat(timespec="microseconds" if instant.microsecond else "seconds") + "Z"
