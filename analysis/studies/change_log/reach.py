"""Whom did a change touch, which changes are one for a figure by month, and what else was changed meanwhile?

The scope of an entry is text. Where it names a segment for which there are figures it is limited to that; where it
names none it may have touched everybody. What an entry is, is left to `entries`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from analysis.foundation.calendar import Month
from analysis.studies.change_log.entries import Bundle, Entry

LATE_IN_MONTH = 20
"""An incident that begins after this day is taken to reach into the next month."""
_NAMED = re.compile(r"^\s*([^=]{1,60}?)\s*=\s*(.{1,120}?)\s*$", re.DOTALL)


def bundled(entries: Iterable[Entry], known: Mapping[str, Collection[str]] | None = None) -> tuple[Bundle, ...]:
    """Entries of one month and one reach together, oldest first.

    Parameters
    ----------
    entries : iterable of Entry
    known : mapping of column to values, optional
        Segments for which there are series; a scope that names one of them limits an entry to it.
    """
    found: dict[tuple[int, tuple[tuple[str, str], ...]], list[Entry]] = {}
    for entry in entries:
        named = segments_named(entry.scope, known or {})
        segment = named if len(named) == 1 else ()
        found.setdefault((entry.month.number, segment), []).append(entry)
    return tuple(Bundle(tuple(found[key]), key[1]) for key in sorted(found))


def segments_named(scope: str | None, known: Mapping[str, Collection[str]]) -> tuple[tuple[str, str], ...]:
    """The segments that a scope names: as `column=value`, or by a value as a word of it.

    A value of a known column for which there are no figures is named all the same: it is none of the others.

    Examples
    --------
    >>> products = {"product": ["broadband", "mobile"], "region": ["north"]}
    >>> [segments_named(scope, products) for scope in ("region = North", "Broadband", "all")]
    [(('region', 'north'),), (('product', 'broadband'),), ()]
    """
    if scope is None:
        return ()
    if pair := _NAMED.match(scope):
        columns = [one for one in sorted(known) if one.casefold() == pair[1].casefold()]
        return tuple((one, _as_known(pair[2], known[one])) for one in columns)
    words = scope.casefold()
    return tuple(
        (column, value)
        for column in sorted(known)
        for value in sorted(known[column])
        if re.search(rf"(?<!\w){re.escape(value.casefold())}(?!\w)", words)
    )


def touches(entry: Entry, segment: Mapping[str, str], known: Mapping[str, Collection[str]]) -> bool:
    """Whether an entry may have moved a figure of that segment: it does unless it names another one of its column."""
    named = segments_named(entry.scope, known)
    return all(
        (column, value) in named or all(other != column for other, _ in named) for column, value in segment.items()
    )


def others_within(
    bundle: Bundle,
    entries: Iterable[Entry],
    first: Month,
    last: Month,
    *,
    segment: Mapping[str, str] | None = None,
    known: Mapping[str, Collection[str]] | None = None,
) -> tuple[Entry, ...]:
    """Every other entry, of any kind, that moved something in these months and may have moved the figure.

    A change that held from the first day of the first month on lies before them all. An incident counts in every month
    it is taken to have moved.
    """
    mine = {entry.change_id for entry in bundle.entries}
    return tuple(
        entry
        for entry in entries
        if entry.change_id not in mine and _inside(entry, first, last) and touches(entry, segment or {}, known or {})
    )


def months_of_incident(entry: Entry) -> tuple[Month, ...]:
    """The months an incident is taken to have moved: that of its day, and the next one if it began late in it."""
    return (entry.month, entry.month.plus(1)) if entry.effective_on.day > LATE_IN_MONTH else (entry.month,)


def _inside(entry: Entry, first: Month, last: Month) -> bool:
    if entry.kind == "incident":
        return any(not month < first and not last < month for month in months_of_incident(entry))
    return not entry.month < first and not last < entry.month and (entry.partly or entry.month != first)


def _as_known(value: str, values: Collection[str]) -> str:
    return next((one for one in sorted(values) if one.casefold() == value.casefold()), value)
