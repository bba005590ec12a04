"""Which changes are studied, and from which month does each show?

The change log is data: an entry says from when something held, of which kind it was, whom it touched and when it was
written down. Entries of one month are one intervention: no figure by month can tell them apart. Nothing is looked up in
a figure here, so no outcome can choose what is studied. Whom an entry touched, and what else changed meanwhile, is left
to `reach`, what the figures show to `study`.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, local_day
from analysis.foundation.errors import DesignError, Fault, InputError, UnknownName

if TYPE_CHECKING:
    import pandas as pd

OWN_KINDS = ("programme", "staffing", "hours", "tool", "policy", "price", "product", "campaign")
"""Kinds of what a company does itself, and may want to know the effect of."""
KINDS = (*OWN_KINDS, "incident", "measurement", "other")
LONGEST_SHOWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the change log.

    Parameters
    ----------
    change_id, kind, description : str
        `kind` is one of the contract's.
    effective_on : date
        The local day from which it held.
    recorded_on : date, optional
        The local day on which it was written down.
    scope, owner : str, optional

    Examples
    --------
    >>> entry = Entry(change_id="CH1", kind="tool", description="", effective_on=date(2025, 3, 3),
    ...               recorded_on=date(2025, 4, 1))
    >>> str(entry.month), str(entry.first_whole_month), entry.partly, entry.written
    ('2025-03', '2025-04', True, 'afterwards')
    """

    change_id: str
    kind: str
    description: str
    effective_on: date
    recorded_on: date | None = None
    scope: str | None = None
    owner: str | None = None

    @property
    def month(self) -> Month:
        """The month in which it took effect."""
        return Month.of(self.effective_on)

    @property
    def partly(self) -> bool:
        """Whether that month was touched in part only."""
        return self.effective_on.day > 1

    @property
    def first_whole_month(self) -> Month:
        """The first month that lies wholly after it."""
        return self.month.plus(1) if self.partly else self.month

    @property
    def written(self) -> str:
        """When it was written down: `before` (or on the day), `afterwards`, or `unknown`."""
        if self.recorded_on is None:
            return "unknown"
        return "before" if self.recorded_on <= self.effective_on else "afterwards"


@dataclass(frozen=True, slots=True)
class Bundle:
    """The entries of one month and one reach, which are studied together under the id of the first.

    `segment` is the part of the company they are limited to, empty for all of it.
    """

    entries: tuple[Entry, ...]
    segment: tuple[tuple[str, str], ...] = ()

    @property
    def id(self) -> str:
        return self.entries[0].change_id

    @property
    def month(self) -> Month:
        return self.entries[0].month

    @property
    def partly(self) -> bool:
        return any(entry.partly for entry in self.entries)

    @property
    def written_afterwards(self) -> tuple[str, ...]:
        """The ids of those that were written down after they took effect."""
        return tuple(entry.change_id for entry in self.entries if entry.written == "afterwards")

    @property
    def start(self) -> Month:
        """The first month that lies wholly after them."""
        return max(entry.first_whole_month for entry in self.entries)


def entries_of(changes: Iterable[Mapping[str, Any]] | pd.DataFrame, zone: str = "UTC") -> tuple[Entry, ...]:
    """The change log, read and checked: oldest first.

    Parameters
    ----------
    changes : iterable of mappings, or DataFrame
        Rows of the table `changes`: `change_id`, `effective_from`, `kind`, `description`, and `scope`, `owner`,
        `recorded_at` where they are known. Times are instants: naive ones are UTC.
    zone : str
        Reporting time zone, in which days begin.

    Raises
    ------
    InputError
        If a row has no id, no time or a time that is text, an unknown kind, or an id occurs twice. All faults at once.

    Examples
    --------
    >>> row = {"change_id": "CH1", "effective_from": datetime(2026, 4, 30, 23), "kind": "campaign",
    ...        "description": "Invitation", "recorded_at": None}
    >>> entries_of([row], "Europe/London")[0].effective_on
    datetime.date(2026, 5, 1)
    """
    faults: list[Fault] = []
    found: dict[str, Entry] = {}
    for number, row in enumerate(_rows(changes), start=1):
        told: list[Fault] = []
        name = _text(row.get("change_id"))
        if name is None:
            told.append(_fault(number, "change_id", "is empty", "Give every change an id of its own."))
        elif name in found:
            told.append(_fault(number, "change_id", "occurs a second time", "Give every change an id of its own."))
        kind = _text(row.get("kind"))
        if kind not in KINDS:
            told.append(_fault(number, "kind", "is no kind of change", f"There are: {', '.join(KINDS)}."))
        effective = _instant(row.get("effective_from"), number, "effective_from", told)
        if effective is None and not any(one.column == "effective_from" for one in told):
            told.append(
                _fault(number, "effective_from", "is empty", "Say from when it held; without it nothing can be said.")
            )
        recorded = _instant(row.get("recorded_at"), number, "recorded_at", told)
        faults += told
        if not told and name is not None and kind is not None and effective is not None:
            found[name] = Entry(
                change_id=name,
                kind=kind,
                description=_text(row.get("description")) or "",
                effective_on=local_day(effective, zone),
                recorded_on=None if recorded is None else local_day(recorded, zone),
                scope=_text(row.get("scope")),
                owner=_text(row.get("owner")),
            )
    if faults:
        raise InputError(faults)
    return tuple(sorted(found.values(), key=lambda entry: (entry.effective_on, entry.change_id)))


def asked_for(entries: Sequence[Entry], wanted: Sequence[str] | None) -> tuple[Entry, ...]:
    """The entries to study: those named, or all that the company did itself.

    Raises
    ------
    DesignError
        If the change log is empty, or holds nothing that the company did itself.
    UnknownName
        If an id is not in it, with the nearest.
    """
    if not entries:
        raise DesignError(
            "There is no change log: the table `changes` is missing or empty. Write down what was changed and from "
            "when, one row a change, before its effect is looked for."
        )
    if wanted is None:
        own = tuple(entry for entry in entries if entry.kind in OWN_KINDS)
        if not own:
            raise DesignError(
                f"The change log holds {len(entries)} entries and none of them is something the company did itself "
                f"({', '.join(OWN_KINDS)}): there is nothing to study."
            )
        return own
    known = {entry.change_id: entry for entry in entries}
    unknown = [name for name in wanted if name not in known]
    if unknown:
        faults = [fault for name in unknown for fault in UnknownName.of("change", name, known).faults]
        raise UnknownName(faults)
    return tuple(entry for entry in entries if entry.change_id in set(wanted))


def one_line(text: str | None) -> str:
    """Text from the table as it may stand in a sentence: one line, nothing unseen, not too long.

    Examples
    --------
    >>> one_line("Two\\nlines\\u202e and  spaces")
    'Two lines and spaces'
    """
    seen = "".join(
        " " if sign.isspace() else "" if unicodedata.category(sign)[0] == "C" else sign for sign in text or ""
    )
    short = " ".join(seen.split())
    return short if len(short) <= LONGEST_SHOWN else short[: LONGEST_SHOWN - 1] + "…"


def _rows(changes: Iterable[Mapping[str, Any]] | pd.DataFrame) -> Iterable[Mapping[str, Any]]:
    records = getattr(changes, "to_dict", None)
    return records("records") if callable(records) else changes


def _missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return math.isnan(value) if isinstance(value, float) else isinstance(value, str) and not value.strip()


def _text(value: Any) -> str | None:
    return None if _missing(value) else str(value)


def _instant(value: Any, number: int, column: str, told: list[Fault]) -> datetime | None:
    """A time as naive UTC; what is no time is told."""
    if _missing(value):
        return None
    if isinstance(value, datetime):
        plain = value.to_pydatetime(warn=False) if hasattr(value, "to_pydatetime") else value
        return plain.astimezone(UTC).replace(tzinfo=None) if plain.tzinfo is not None else plain
    what = "is text, not a time" if isinstance(value, str) else "is not an instant"
    told.append(_fault(number, column, what, "Read the table with `touchstone validate`, which makes times of text."))
    return None


def _fault(number: int, column: str, what: str, remedy: str) -> Fault:
    return Fault(where="changes", column=column, what=what, remedy=remedy, rule=f"changes_{column}", first=number)
