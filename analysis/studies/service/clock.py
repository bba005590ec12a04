"""Into which local month, day and hour does an instant of the tables fall? Whole microseconds in, whole numbers out.

What the engine's dialect says in SQL for events, this says in numpy for the few rows of a study. Which months matter is
left to the studies.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from analysis.foundation.calendar import Month, local_midnight, month_starts
from analysis.inference.cells import Ints
from analysis.tables.local_time import clock_changes, offset_at

SECOND = 1_000_000
"""Times are whole microseconds, as the tables keep them."""
HOUR, DAY = 3600, 86_400
_EPOCH = datetime(1970, 1, 1)
NOWHERE = np.iinfo(np.int64).min
"""The month of an instant outside the months looked at."""


@dataclass(frozen=True, slots=True)
class LocalClock:
    """Months, days and hours of a zone, for instants given as microseconds of UTC.

    Examples
    --------
    >>> clock = LocalClock.of("Europe/London", Month.of("2026-03"), Month.of("2026-04"))
    >>> noon = np.array([1_774_782_000_000_000])  # 29 March 2026, 11:00 UTC, clocks have gone forward
    >>> clock.hours(noon).tolist(), clock.days(noon).tolist(), str(Month(int(clock.months(noon)[0])))
    ([12], [20541], '2026-03')
    """

    zone: str
    first: Month
    starts: Ints
    changes: Ints
    offsets: Ints

    @classmethod
    def of(cls, zone: str, first: Month, last: Month) -> LocalClock:
        """The clock of a zone, its months from `first` to `last`."""
        changes = clock_changes(zone)
        offsets = [changes[0].before if changes else offset_at(zone, _EPOCH), *(change.after for change in changes)]
        return cls(
            zone=zone,
            first=first,
            starts=np.array([_micros(moment) for moment in month_starts(zone, first, last.plus(1))], dtype=np.int64),
            changes=np.array([_micros(change.at) for change in changes], dtype=np.int64),
            offsets=np.array([round(offset.total_seconds()) * SECOND for offset in offsets], dtype=np.int64),
        )

    def start(self, month: Month) -> int:
        """When a local month begins."""
        return _micros(local_midnight(month.first_day, self.zone))

    def months(self, at: Ints) -> Ints:
        """The local month of each instant; `NOWHERE` outside the months of this clock."""
        place = np.searchsorted(self.starts, at, side="right") - 1
        inside = (place >= 0) & (place < len(self.starts) - 1)
        return np.where(inside, self.first.number + place, NOWHERE)

    def days(self, at: Ints) -> Ints:
        """Local days since 1 January 1970."""
        return np.asarray(self._local(at) // (DAY * SECOND), dtype=np.int64)

    def hours(self, at: Ints) -> Ints:
        """Hours of the local clock, 0 to 23."""
        return np.asarray(self._local(at) // (HOUR * SECOND) % 24, dtype=np.int64)

    def days_of(self, first: Month, last: Month) -> tuple[int, int]:
        """First and last day of some months, as days since 1970."""
        epoch = _EPOCH.date()
        return (first.first_day - epoch).days, (last.last_day - epoch).days

    def _local(self, at: Ints) -> Ints:
        return np.asarray(at + self.offsets[np.searchsorted(self.changes, at, side="right")], dtype=np.int64)


def _micros(moment: datetime) -> int:
    return round((moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * SECOND
