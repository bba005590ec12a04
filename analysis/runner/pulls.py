"""Which exports does a study need, from what date, and when have they to be pulled again? The pull calendar.

The export, its beginning and the reason to take it again are told by the source map; the days follow from the period:
one after each of its months, when the month's figures can be closed, and from as far back as the study looks. Asked
are the sources of a parameters file and those of the `sources.yaml` beside it. Taking exports in is left to
`taking_in`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from analysis.foundation.calendar import Month, Period
from analysis.foundation.errors import InputError
from analysis.runner.params import StudyParams
from analysis.runner.sources_file import load_sources
from analysis.tables.mapping import load_map

SOURCES = "sources.yaml"
WIDTH = 116
SHOWN = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One export to pull.

    Parameters
    ----------
    source, map : str
        The source's own name, and the map that reads it.
    export, since, again : str
        Which export, from when it is needed and when again, in the map's words.
    start : date, optional
        The first day the study looks at; None where no period is known.
    dates : tuple of date
        The days on which it is to be pulled: after each month of the period. Empty where no period is known.
    later : date, optional
        A last day after these, where the map asks for the export once more.
    """

    source: str
    map: str
    export: str
    since: str
    again: str
    start: date | None
    dates: tuple[date, ...]
    later: date | None = None

    def to_dict(self) -> dict[str, Any]:
        """The pull for programs."""
        return {
            "source": self.source,
            "map": self.map,
            "export": self.export,
            "from": self.since,
            "start": None if self.start is None else self.start.isoformat(),
            "dates": [day.isoformat() for day in (*self.dates, *([self.later] if self.later else []))],
            "again": self.again,
        }

    def lines(self) -> Iterator[str]:
        """The pull as it is printed, without indentation."""
        called = self.source if self.source == self.map else f"{self.source} (map {self.map})"
        yield f"{called}: {self.export}"
        begins = "" if self.start is None else f"{self.start} or before: "
        yield from _folded("from", f"{begins}{self.since}")
        if self.dates:
            once_more = "" if self.later is None else f", and once more on {self.later}"
            yield from _folded("on", f"{_listed(self.dates)}{once_more}")
        yield from _folded("again", self.again)


def pull_calendar(
    sources: Iterable[tuple[str, str]],
    period: Period | None,
    *,
    before_months: int = 0,
    look_back_days: int = 0,
    grace_days: int = 5,
) -> tuple[Pull, ...]:
    """What has to be pulled when, for some sources and a period.

    Parameters
    ----------
    sources : iterable of (str, str)
        A source's own name, and its map by name or path. Maps of data sets, which nobody pulls, are passed over.
    period : Period, optional
        What the study covers.
    before_months, look_back_days : int
        How far before the period the study looks: months of purchases before, days without a contact.
    grace_days : int
        Days after a month's end before its figures can be closed.

    Raises
    ------
    MapError
        A map that there is not, or that is unsound.

    Examples
    --------
    >>> [pull] = pull_calendar([("desk", "zendesk")], Period.of("2026q3"), before_months=6)
    >>> str(pull.start), [str(day) for day in pull.dates], str(pull.later)
    ('2026-01-01', ['2026-08-06', '2026-09-06', '2026-10-06'], '2026-10-28')
    >>> pull_calendar([("emails", "hillstrom")], None)
    ()
    """
    start = None if period is None else _first_day(period, before_months, look_back_days)
    dates = () if period is None else _days_of_pulling(period, grace_days)
    found = []
    for source, name in dict.fromkeys(sources):
        given = load_map(name)
        if given.pull is not None:
            told = given.pull
            texts = {"export": told.export, "since": told.since, "again": told.again}
            later = None
            if period is not None and told.again_after_days is not None:
                later = period.end + timedelta(days=told.again_after_days - 1)
                later = later if later > dates[-1] else None
            found.append(Pull(source=source, map=given.map, start=start, dates=dates, later=later, **texts))
    return tuple(found)


def pulls_of(params: StudyParams, period: Period | None) -> tuple[tuple[Pull, ...], tuple[str, ...]]:
    """The pull calendar of a parameters file and of the sources file beside it; and what stands in the way of more.

    A sources file that is at fault does not keep a study from being planned: its faults are notes here, in full where
    it is used.
    """
    sources = [(Path(source.map).stem, source.map) for source in params.sources() if source.map is not None]
    notes: list[str] = []
    beside = params.path.parent / SOURCES
    if beside.is_file():
        try:
            given = load_sources(beside).intake_sources()
            named = [(source.name, source.map) for source in given if source.map is not None]
            pull_calendar(named, None)  # a map that cannot be used is told by the intake as well
            sources += named
        except InputError as error:
            notes.append(f"{beside.name} cannot be used ({len(error.faults)} faults; `touchstone intake` names them).")
    index, close = params.values.index, params.values.close
    found = pull_calendar(
        sources,
        period,
        before_months=index.before_months,
        look_back_days=index.look_back_days,
        grace_days=close.grace_days,
    )
    return found, tuple(notes)


def _first_day(period: Period, before_months: int, look_back_days: int) -> date:
    """The civil month in which the period begins, less the months before and the days of the look-back."""
    return Month.of(period.start).plus(-before_months).first_day - timedelta(days=look_back_days)


def _days_of_pulling(period: Period, grace_days: int) -> tuple[date, ...]:
    """The first days on which the months of a period can be closed; of one without a whole month, its own."""
    ends = [month.last_day + timedelta(days=1) for month in period.months()] or [period.end]
    return tuple(end + timedelta(days=grace_days) for end in ends)


def _listed(days: tuple[date, ...]) -> str:
    if len(days) <= SHOWN:
        return ", ".join(map(str, days))
    return f"{days[0]}, {days[1]} and so on after every month until {days[-1]} ({len(days)} times)"


def _folded(called: str, text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=f"  {called:<6}", subsequent_indent=" " * 8, break_on_hyphens=False
    )
