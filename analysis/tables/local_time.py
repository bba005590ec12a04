"""Which instant is meant by a local time? SQL that turns naive times of a zone into UTC, without an engine's own zones.

Between two changes of the clock the offset is fixed, so a chain of comparisons with the changes (from `zoneinfo`, by
binary search) gives the same answer on every engine. A local time that the clock skips in spring does not exist and is
told by `skipped`; of the two instants that share a local time in autumn the first is meant, told by `repeated`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from analysis.foundation.calendar import zone

FIRST_YEAR, LAST_YEAR = 1990, 2100
_PROBE = timedelta(hours=12)


@dataclass(frozen=True)
class ClockChange:
    """At the naive UTC instant `at`, the zone's offset goes from `before` to `after`."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def skipped(self) -> bool:
        """Whether local times are skipped here, not repeated."""
        return self.after > self.before

    @property
    def local(self) -> tuple[datetime, datetime]:
        """The local times that are skipped or repeated, from and up to but not including."""
        first, second = sorted((self.at + self.before, self.at + self.after))
        return first, second


@cache
def clock_changes(name: str, first: int = FIRST_YEAR, last: int = LAST_YEAR) -> tuple[ClockChange, ...]:
    """The clock changes of a zone in some years (1990 to 2100 unless told otherwise), in order.

    Examples
    --------
    >>> spring = next(change for change in clock_changes("Europe/London") if change.at.year == 2026)
    >>> spring.at, spring.after, spring.skipped
    (datetime.datetime(2026, 3, 29, 1, 0), datetime.timedelta(seconds=3600), True)
    >>> clock_changes("UTC")
    ()
    """
    changes = []
    low, end = datetime(first, 1, 1) - 2 * _PROBE, datetime(last + 1, 1, 1) + 2 * _PROBE
    while low < end:
        high = low + _PROBE
        before, after = offset_at(name, low), offset_at(name, high)
        if before != after:
            left, right = low, high
            while right - left > timedelta(seconds=1):
                middle = left + timedelta(seconds=(right - left) // timedelta(seconds=2))
                left, right = (middle, right) if offset_at(name, middle) == before else (left, middle)
            changes.append(ClockChange(right, before, after))
        low = high
    return tuple(changes)


def offset_at(name: str, moment: datetime) -> timedelta:
    """How far the clock of a zone is ahead of UTC at a naive UTC instant.

    Examples
    --------
    >>> offset_at("Asia/Kolkata", datetime(2026, 1, 1))
    datetime.timedelta(seconds=19800)
    """
    found = moment.replace(tzinfo=UTC).astimezone(zone(name)).utcoffset()
    assert found is not None
    return found


def to_utc(local: str, name: str) -> str:
    """SQL for the UTC instant of a naive local time; of two, the first; of one that is skipped, by the offset before.

    Parameters
    ----------
    local : str
        SQL expression of type TIMESTAMP.
    name : str
        The time zone.
    """
    changes = clock_changes(name)
    if not changes:
        return _shifted(local, offset_at(name, datetime(FIRST_YEAR, 1, 1)))
    offsets = [changes[0].before, *(change.after for change in changes)]
    bounds = [change.at + max(change.before, change.after) for change in changes]
    return search(local, bounds, lambda place: _shifted(local, offsets[place]))


def skipped(local: str, name: str) -> str:
    """SQL for whether the clock of the zone skips this local time."""
    return _within(local, [change.local for change in clock_changes(name) if change.skipped])


def repeated(local: str, name: str) -> str:
    """SQL for whether the clock of the zone shows this local time twice."""
    return _within(local, [change.local for change in clock_changes(name) if not change.skipped])


def _shifted(local: str, offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    return local if seconds == 0 else f"{local} - interval ({seconds}) second"


def _within(local: str, spans: Sequence[tuple[datetime, datetime]]) -> str:
    if not spans:
        return "false"
    ends = [f"{local} < {instant(end)}" for _, end in spans]
    return search(local, [start for start, _ in spans], lambda place: ends[place - 1] if place else "false")


def search(time: str, bounds: Sequence[datetime], leaf: Callable[[int], str]) -> str:
    """SQL for what holds between two bounds: `leaf(k)` where k of them lie at or before the time.

    Nested CASEs that halve the bounds, so that 120 of them cost seven comparisons a row and not 120.

    Examples
    --------
    >>> search("t", [datetime(2026, 1, 1)], lambda place: ["before", "after"][place])
    "(case when t < timestamp '2026-01-01 00:00:00' then before else after end)"
    """

    def half(low: int, high: int) -> str:
        if low == high:
            return leaf(low)
        middle = (low + high) // 2
        return (
            f"case when {time} < {instant(bounds[middle])} then {half(low, middle)} else {half(middle + 1, high)} end"
        )

    return f"({half(0, len(bounds))})"


def instant(moment: datetime) -> str:
    """A naive UTC instant as SQL writes it.

    Examples
    --------
    >>> instant(datetime(2026, 1, 1, 9, 30)), instant(datetime(2026, 1, 1, 0, 0, 0, 5))
    ("timestamp '2026-01-01 09:30:00'", "timestamp '2026-01-01 00:00:00.000005'")
    """
    return f"timestamp '{moment.isoformat(sep=' ')}'"
