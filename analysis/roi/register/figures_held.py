"""What do the closed months hold of a figure over a promised period? By two definitions, or why it cannot be read.

A figure is rolled up from its months by the catalogue's rule, and only if all of them are closed; it is read by the
definition that was promised by and by the newest one held. Nothing is counted afresh. What becomes of it is left to
`achieved`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from analysis.foundation.calendar import Month
from analysis.foundation.errors import InputError
from analysis.ledger.entry import FigureEntry, Key
from analysis.ledger.held import Held, adds_up, definition_of, state_of
from analysis.ledger.store import Ledger
from analysis.metrics.figure import Metric
from analysis.metrics.rollup import rolled_up
from analysis.roi.register.promise import Figure, months_of

STATES = ("locked", "adjusted", "restated")


@dataclass(frozen=True, slots=True)
class Read:
    """A figure as the closed months hold it: its value, the value first closed, what it was divided by, its state."""

    value: Decimal
    locked: Decimal | None
    below: Decimal | None
    locked_below: Decimal | None
    version: int
    state: str


@dataclass(frozen=True, slots=True)
class Lack:
    """Why a figure cannot be read."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """The closed months as they are held at a date (naive UTC), and the study's effects."""

    state: Mapping[Key, Held]
    closed: frozenset[Month]
    effects: Sequence[Mapping[str, Any]] = ()
    known_at: datetime | None = None

    @classmethod
    def of(cls, ledger: Ledger, at: datetime | None = None, effects: Sequence[Mapping[str, Any]] = ()) -> Books:
        """What a ledger held at a date; default now."""
        entries = [close.entry for close in ledger.closes if at is None or close.entry.known_at <= at]
        closed = {month for entry in entries for month in (entry.month, *entry.opening)}
        return cls(state=state_of(ledger, at), closed=frozenset(closed), effects=effects, known_at=at)

    def versions(self, figure: Figure, basis: str, month: Month) -> set[int]:
        """The versions of a figure that are held of a month."""
        pairs = tuple(sorted(figure.segment.items()))
        return {
            key.version
            for key in self.state
            if (key.metric, key.basis, key.segment, key.period) == (figure.metric, basis, pairs, str(month))
        }


@dataclass(frozen=True, slots=True)
class Both:
    """A figure by the newest definition held, and by the one promised by (the newest too, where that is not held)."""

    now: Read
    then: Read
    not_known: tuple[tuple[str, str], ...] = ()


def read_figure(figure: Figure, period: str, books: Books) -> Both | Lack:
    """A figure of a period, from its months.

    Where the months hold it on another basis only, that is the newest definition, and the named one is lacking.

    Parameters
    ----------
    figure : Figure
    period : str
        A month, quarter or year; figures that do not add up over months are read of a month alone.
    books : Books
    """
    months = months_of(period)
    open_months = [month for month in months if month not in books.closed]
    if open_months:
        return Lack(f"{open_months[0]} is not closed")
    entry = definition_of(figure.metric)
    bases = entry.bases if entry is not None else (figure.basis or "",)
    basis = figure.basis or bases[0]
    named = _read(figure, basis, figure.version, months, books)
    for one in (basis, *(other for other in bases if other != basis)):
        held = set.intersection(*(books.versions(figure, one, month) for month in months))
        newest = max(held, default=figure.version)
        now = named if (one, newest) == (basis, figure.version) else _read(figure, one, newest, months, books)
        if isinstance(now, Read):
            if isinstance(named, Read):
                return Both(now, named)
            return Both(now, now, (("definition", f"{named.reason}; what it did is in the other parts"),))
    return named if isinstance(named, Lack) else Both(named, named)


def _read(figure: Figure, basis: str, version: int, months: Sequence[Month], books: Books) -> Read | Lack:
    pairs = tuple(sorted(figure.segment.items()))
    rows: list[Metric] = []
    firsts: list[Metric] = []
    states = []
    families = {key.family for key in books.state}
    for month in months:
        key = Key(figure.metric, version, basis, pairs, str(month))
        held = books.state.get(key)
        if held is not None and held.value is None:
            return Lack(f"{month} was closed without a value of `{figure.metric}`")
        if held is None and not (adds_up(figure.metric) and pairs and key.family in families):
            return Lack(f"`{figure.metric}`, version {version}, is not in the closed months ({month})")
        rows.append(_zero(key) if held is None else _metric(held.current))
        if held is not None and held.locked is not None:
            firsts.append(_metric(held.history[0]))
        elif adds_up(figure.metric):
            firsts.append(_zero(key))
        states.append("locked" if held is None else held.state)
    try:
        now = _together(rows)
        first = _together(firsts) if len(firsts) == len(rows) else None
    except InputError as error:
        return Lack("; ".join(f"{fault.where}: {fault.what}" for fault in error.faults))
    if now.value is None:
        return Lack(str(now.reason))
    return Read(
        value=exact(now.value),
        locked=None if first is None or first.value is None else exact(first.value),
        below=None if now.denominator is None else exact(now.denominator),
        locked_below=None if first is None or first.denominator is None else exact(first.denominator),
        version=version,
        state=max(states, key=STATES.index),
    )


def _together(rows: Sequence[Metric]) -> Metric:
    """The months' figures as one, by the rule the catalogue has today."""
    if len(rows) == 1:
        return rows[0]
    entry = definition_of(rows[0].id)
    return rolled_up(
        [replace(row, version=row.version if entry is None else entry.version) for row in rows], over="time"
    )


def _metric(entry: FigureEntry) -> Metric:
    return Metric(
        id=entry.key.metric,
        version=entry.key.version,
        basis=entry.key.basis,
        period=entry.key.period,
        value=entry.value,
        unit=entry.unit,
        numerator=entry.numerator,
        denominator=entry.denominator,
        segment=dict(entry.key.segment),
        reason=None if entry.value is not None else "closed without a value",
    )


def _zero(key: Key) -> Metric:
    """A part of a breakdown that a month was closed without: zero."""
    entry = definition_of(key.metric)
    return Metric(
        id=key.metric,
        version=key.version,
        basis=key.basis,
        period=key.period,
        value=0,
        unit="" if entry is None else entry.unit,
        numerator=0,
        segment=dict(key.segment),
    )


def exact(number: float) -> Decimal:
    """A figure as it is written, to 12 digits."""
    return Decimal(f"{number:.12g}")
