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
def clock_changes(name: str) -> tuple[ClockChange, ...]:
    """The clock changes of a zone from 1990 to 2100, in order.

    Examples
    --------
    >>> spring = next(change for change in clock_changes("Europe/London") if change.at.year == 2026)
    >>> spring.at, spring.after, spring.skipped
    (datetime.datetime(2026, 3, 29, 1, 0), datetime.timedelta(seconds=3600), True)
    >>> clock_changes("UTC")
    ()
    """
    rules = zone(name)

    def offset(instant: datetime) -> timedelta:
        found = instant.replace(tzinfo=UTC).astimezone(rules).utcoffset()
        assert found is not None
        return found

    changes = []
    low, end = datetime(FIRST_YEAR, 1, 1) - 2 * _PROBE, datetime(LAST_YEAR + 1, 1, 1) + 2 * _PROBE
    while low < end:
        high = low + _PROBE
        before, after = offset(low), offset(high)
        if before != after:
            left, right = low, high
            while right - left > timedelta(seconds=1):
                middle = left + timedelta(seconds=(right - left) // timedelta(seconds=2))
                left, right = (middle, right) if offset(middle) == before else (left, middle)
            changes.append(ClockChange(right, before, after))
        low = high
    return tuple(changes)


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
        return _shifted(local, _fixed_offset(name))
    offsets = [changes[0].before, *(change.after for change in changes)]
    bounds = [change.at + max(change.before, change.after) for change in changes]
    return _search(local, bounds, lambda place: _shifted(local, offsets[place]))


def skipped(local: str, name: str) -> str:
    """SQL for whether the clock of the zone skips this local time."""
    return _within(local, [change.local for change in clock_changes(name) if change.skipped])


def repeated(local: str, name: str) -> str:
    """SQL for whether the clock of the zone shows this local time twice."""
    return _within(local, [change.local for change in clock_changes(name) if not change.skipped])


def _fixed_offset(name: str) -> timedelta:
    return datetime(FIRST_YEAR, 1, 1, tzinfo=zone(name)).utcoffset() or timedelta()


def _shifted(local: str, offset: timedelta) -> str:
    seconds = int(offset.total_seconds())
    return local if seconds == 0 else f"{local} - interval ({seconds}) second"


def _within(local: str, spans: Sequence[tuple[datetime, datetime]]) -> str:
    if not spans:
        return "false"
    ends = [f"{local} < {_instant(end)}" for _, end in spans]
    return _search(local, [start for start, _ in spans], lambda place: ends[place - 1] if place else "false")


def _search(local: str, bounds: Sequence[datetime], leaf: Callable[[int], str]) -> str:
    """Nested CASEs that halve the bounds: `leaf(k)` where k bounds lie at or before the time."""

    def half(low: int, high: int) -> str:
        if low == high:
            return leaf(low)
        middle = (low + high) // 2
        return (
            f"case when {local} < {_instant(bounds[middle])} then {half(low, middle)} else {half(middle + 1, high)} end"
        )

    return f"({half(0, len(bounds))})"


def _instant(moment: datetime) -> str:
    return f"timestamp '{moment:%Y-%m-%d %H:%M:%S}'"
