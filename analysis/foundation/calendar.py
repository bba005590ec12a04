"""When does a month begin, and what does `2026q3` mean? Months, periods and their instants in a reporting zone.

A period is half open: it holds its start and not its end. Days and months are those of one reporting time zone
per study; instants are naive datetimes that hold UTC, as everywhere in the tables. A month is one of the civil calendar
or, where a company has a calendar of its own, a period of that; which days such a period has is left to `fiscal`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import total_ordering
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from analysis.foundation.errors import DesignError, UnknownName

if TYPE_CHECKING:
    from analysis.foundation.fiscal import FiscalCalendar


BY_PERIODS = (
    "Figures are counted by the fiscal periods of a table; comparisons before and after keep the months of the civil "
    "calendar."
)
"""What a reader should know where months are fiscal periods."""


class Calendar(Protocol):
    """What numbers the periods of a calendar that is not the civil one."""

    @property
    def per_year(self) -> int: ...

    def label(self, number: int) -> str: ...

    def first_day(self, number: int) -> date: ...

    def number_of(self, label: str) -> int: ...

    def number_of_day(self, day: date) -> int: ...


@total_ordering
@dataclass(frozen=True, slots=True)
class Month:
    """A month by its number: months since January 1970, or, of a fiscal calendar, a period of that calendar.

    What is numbered by SQL or written by its label comes back as a month of the same calendar through `numbered` and
    `named`. Months of two calendars are never equal, and have no order.

    Examples
    --------
    >>> Month.of("2026-09").plus(4)
    Month('2027-01')
    >>> Month.of("2026-09").number
    680
    """

    number: int
    calendar: Calendar | None = None

    @classmethod
    def of(cls, text: str | date, calendar: Calendar | None = None) -> Month:
        """From "2026-09" (of a fiscal calendar "2026-P09") or any day of the month.

        Raises
        ------
        ValueError
            If the text is no month of the calendar.
        """
        if calendar is not None:
            return cls(calendar.number_of_day(text) if isinstance(text, date) else calendar.number_of(text), calendar)
        if isinstance(text, date):
            return cls((text.year - 1970) * 12 + text.month - 1)
        found = re.fullmatch(r"(\d{4})-(\d{2})", text)
        if not found or not 1 <= int(found[2]) <= 12:
            raise ValueError(f"A month is written as 2026-09, not {text!r}.")
        return cls((int(found[1]) - 1970) * 12 + int(found[2]) - 1)

    @property
    def first_day(self) -> date:
        if self.calendar is not None:
            return self.calendar.first_day(self.number)
        return date(1970 + self.number // 12, self.number % 12 + 1, 1)

    @property
    def last_day(self) -> date:
        return self.plus(1).first_day - timedelta(days=1)

    @property
    def per_year(self) -> int:
        """How many months of its calendar make a year."""
        return 12 if self.calendar is None else self.calendar.per_year

    def plus(self, months: int) -> Month:
        return Month(self.number + months, self.calendar)

    def numbered(self, number: int) -> Month:
        """The month of that number in the same calendar."""
        return Month(number, self.calendar)

    def named(self, text: str) -> Month:
        """The month of that label in the same calendar."""
        return Month.of(text, self.calendar)

    def holding(self, instant: datetime, timezone: str) -> Month:
        """The month of the same calendar that holds a naive UTC instant in `timezone`."""
        return Month.of(local_day(instant, timezone), self.calendar)

    def __lt__(self, other: Month) -> bool:
        if self.calendar != other.calendar:
            raise DesignError(f"{self} and {other} are of different calendars, and neither lies before the other.")
        return self.number < other.number

    def __str__(self) -> str:
        if self.calendar is not None:
            return self.calendar.label(self.number)
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
    return tuple(first.numbered(number) for number in range(first.number, last.number + 1))


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` up to but not including `end`, in `timezone`; its months are those of `calendar`.

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
    calendar: FiscalCalendar | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not self.start < self.end:
            raise ValueError(f"A period ends after it starts: {self.start} to {self.end} does not.")
        zone(self.timezone)

    @classmethod
    def of(cls, text: str, timezone: str = "UTC", calendar: FiscalCalendar | None = None) -> Period:
        """From "2026-09" (a month), "2026q3" (a quarter) or "2026" (a year); "2026-P09" is a fiscal calendar's.

        Raises
        ------
        ValueError
            If the text is none of these, or the calendar does not hold it.
        """
        if calendar is not None:
            return cls(*calendar.stretch(text), timezone, calendar)
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
        if self.calendar is not None:
            held = [one for one in self.calendar.periods if self.start <= one.first_day and one.last_day < self.end]
            return tuple(Month.of(one.label, self.calendar) for one in held)
        first = Month.of(self.start)
        if first.first_day < self.start:
            first = first.plus(1)
        return tuple(months_between(first, Month.of(self.end).plus(-1)))

    @property
    def civil(self) -> Period:
        """The same days, with months of the civil calendar."""
        return replace(self, calendar=None)

    def instants(self) -> tuple[datetime, datetime]:
        """Start and end as naive UTC instants."""
        return local_midnight(self.start, self.timezone), local_midnight(self.end, self.timezone)

    def to_dict(self) -> dict[str, Any]:
        """The period as results write it; of a fiscal calendar with the days of its months."""
        found: dict[str, Any] = {
            "start": self.start.isoformat(), "end": self.end.isoformat(), "timezone": self.timezone,
        }  # fmt: skip
        if self.calendar is not None:
            months = [
                {"period": str(one), "first_day": one.first_day.isoformat(), "last_day": one.last_day.isoformat()}
                for one in self.months()
            ]
            found["calendar"] = {"fingerprint": self.calendar.fingerprint, "note": BY_PERIODS, "periods": months}
        return found


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
    """The local month of the civil calendar that holds a naive UTC instant."""
    return Month.of(local_day(instant, timezone))


def local_day(instant: datetime, timezone: str) -> date:
    """The day on which a naive UTC instant falls by the local clock.

    Examples
    --------
    >>> local_day(datetime(2026, 6, 30, 23), "Europe/London")
    datetime.date(2026, 7, 1)
    """
    return instant.replace(tzinfo=UTC).astimezone(zone(timezone)).date()


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
