"""When is the desk open? Opening hours by weekday, days it is closed, and since when which of them hold.

A schedule is a list of entries, each in force from its day on until the next one is. What is counted by it is counted
piecewise: every moment by the entry in force at that moment, so that a new timetable changes nothing before its day.
Hours are those of the local clock: the desk is open whenever that clock shows a time within them. Which instants these
are, and how many seconds of them lie between two, is left to `opening_hours` among the metrics.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import pairwise
from typing import Any, Literal, get_args

from analysis.foundation.calendar import zone
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[Weekday, ...] = get_args(Weekday)
DAY = 24 * 60

Minutes = tuple[int, int]
"""From a minute of the local day up to but not including another."""

_SPAN = re.compile(r"(\d\d):(\d\d)\s*[-–]\s*(\d\d):(\d\d)")


def hours_of(text: str) -> tuple[Minutes, ...]:
    """The hours of one weekday, from "09:00-17:00" or several spans with commas; a day may end at 24:00.

    Raises
    ------
    ValueError
        If a span is none, ends before it begins, or is not after the one before it.

    Examples
    --------
    >>> hours_of("08:00-12:00, 13:00-17:30")
    ((480, 720), (780, 1050))
    >>> hours_of("22:00-06:00")
    Traceback (most recent call last):
        ...
    ValueError: The span 22:00-06:00 ends before it begins: write the part after midnight under the next day.
    """
    spans: list[Minutes] = []
    for part in (part.strip() for part in text.split(",")):
        found = _SPAN.fullmatch(part)
        if found is None:
            raise ValueError(f"Hours are written as 09:00-17:00, not {part[:40]!r}.")
        hour, minute, end_hour, end_minute = (int(one) for one in found.groups())
        start, end = 60 * hour + minute, 60 * end_hour + end_minute
        if minute > 59 or end_minute > 59 or max(start, end) > DAY:
            raise ValueError(f"The clock does not show {part}.")
        if end <= start:
            raise ValueError(
                f"The span {part} ends before it begins: write the part after midnight under the next day."
            )
        if spans and start < spans[-1][1]:
            raise ValueError(f"The span {part} is not after the one before it: write them in order, apart.")
        spans.append((start, end))
    return tuple(spans)


@dataclass(frozen=True, slots=True, kw_only=True)
class Timetable:
    """Opening hours by weekday, in force from a day on.

    Parameters
    ----------
    since : date, optional
        The local day from which it holds; None from the beginning.
    timezone : str
        The zone of its clock.
    hours : mapping of weekday to tuple of (int, int)
        Minutes of the local day; a weekday that is not there is closed.
    closed : frozenset of date
        Days on which it is closed all day.
    """

    since: date | None = None
    timezone: str
    hours: Mapping[Weekday, tuple[Minutes, ...]]
    closed: frozenset[date] = frozenset()

    def __post_init__(self) -> None:
        zone(self.timezone)

    def of(self, day: date) -> tuple[Minutes, ...]:
        """The hours of a local day."""
        return () if day in self.closed else self.hours.get(WEEKDAYS[day.weekday()], ())

    def to_dict(self) -> dict[str, Any]:
        """The timetable as results write it."""
        return {
            "from": None if self.since is None else self.since.isoformat(),
            "timezone": self.timezone,
            "hours": {day: ", ".join(map(_written, self.hours[day])) for day in WEEKDAYS if self.hours.get(day)},
            "closed": sorted(day.isoformat() for day in self.closed),
        }


@dataclass(frozen=True)
class Schedule:
    """Timetables in the order in which they take effect.

    Raises
    ------
    ValueError
        If there is none, or one does not take effect after the one before it.

    Examples
    --------
    >>> weekdays = {day: hours_of("09:00-17:00") for day in WEEKDAYS[:5]}
    >>> schedule = Schedule((Timetable(timezone="Europe/London", hours=weekdays),))
    >>> schedule.since is None, schedule.timetables[0].of(date(2026, 9, 5))
    (True, ())
    """

    timetables: tuple[Timetable, ...]
    fingerprint: str = field(init=False, compare=False)
    """The hash of all that it says."""

    def __post_init__(self) -> None:
        if not self.timetables:
            raise ValueError("A schedule has a timetable.")
        for before, after in pairwise(self.timetables):
            if after.since is None or (before.since is not None and after.since <= before.since):
                raise ValueError("Every timetable but the first says from when it holds, each later than the last.")
        object.__setattr__(self, "fingerprint", _fingerprint(self.timetables))

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    @property
    def since(self) -> date | None:
        """The day from which opening hours are known; None from the beginning."""
        return self.timetables[0].since

    def before(self, day: date) -> str | None:
        """The hash of what holds before a day: what is added for later does not change it. None where nothing does."""
        held = tuple(
            replace(one, closed=frozenset(shut for shut in one.closed if shut < day))
            for one in self.timetables
            if one.since is None or one.since < day
        )
        return _fingerprint(held) if held else None

    def to_dict(self) -> dict[str, Any]:
        """The schedule as results write it."""
        return {
            "fingerprint": self.fingerprint,
            "rule": "every moment is counted by the timetable in force at that moment",
            "timetables": [one.to_dict() for one in self.timetables],
        }


def _written(span: Minutes) -> str:
    start, end = (f"{minutes // 60:02d}:{minutes % 60:02d}" for minutes in span)
    return f"{start}-{end}"


def _fingerprint(timetables: tuple[Timetable, ...]) -> str:
    return fingerprint_of_bytes(canonical_json([one.to_dict() for one in timetables]))
