"""When are the exports of a made-up company pulled, what does each hold, and what is held after it?

The first pull holds everything from `FIRST_DAY` on. The second begins a month before the first ended, so that the two
overlap: in that month stand the rows that came late and those that were changed since. A row stands as of the pull
that last showed it; it is known from its own event time where the first pull had it, else from the pull that brought
or changed it. That is the whole rule by which `contract/` is written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from analysis.synthetic.columns import instants
from analysis.synthetic.company import Flags, Ints
from analysis.synthetic.contacts import UNKNOWN
from analysis.tables.contract import KNOWN_AT, SCHEMAS

Rows = Callable[[Ints, Ints, int], pa.Table]
"""The contract's rows of some things (positions), each as of an instant (seconds of the UTC epoch), whose people are
those that can be known at an instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """One pull of all exports: its name, the day it is dated, and the first day that a part export holds."""

    name: str
    day: date
    since: date

    @property
    def taken(self) -> int:
        """The instant as of which everything in it stands, in seconds of the UTC epoch."""
        return _midnight(self.day)

    @property
    def begins(self) -> int:
        """The first instant that a part export holds."""
        return _midnight(self.since)


def _midnight(day: date) -> int:
    return int(datetime.combine(day, time(0), tzinfo=UTC).timestamp())


FIRST_DAY = date(2025, 4, 1)
PULLS = (
    Pull(name="2026q2", day=date(2026, 7, 6), since=FIRST_DAY),
    Pull(name="2026q3", day=date(2026, 10, 6), since=date(2026, 6, 1)),
)
FIRST, SECOND = PULLS


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Which things each pull shows, and which came late, shape (n,). What a full export no longer shows is gone."""

    first: Flags
    second: Flags
    late: Flags
    full: bool = False

    def gone(self) -> Flags:
        """Marks things that a full export shows no longer."""
        return np.asarray(self.first & ~self.second & self.full)

    def at(self, rows: Ints | Flags) -> Shown:
        """The same of some things."""
        return Shown(first=self.first[rows], second=self.second[rows], late=self.late[rows], full=self.full)

    def only(self, rows: Flags) -> Shown:
        """The same things, of which only some are shown at all."""
        first, second, late = (flags & rows for flags in (self.first, self.second, self.late))
        return Shown(first=first, second=second, late=late, full=self.full)

    def by(self, pull: Pull) -> Ints:
        """The positions of the things that a pull shows."""
        return np.flatnonzero(self.first if pull is FIRST else self.second)


def shown(
    event: Ints,
    *,
    full: bool = False,
    since_ever: bool = False,
    late: Flags | None = None,
    deleted: Flags | None = None,
) -> Shown:
    """Which pulls show things that happened at these instants.

    Parameters
    ----------
    event : array of int, shape (n,)
    full : bool
        Each export holds everything there is, not a stretch.
    since_ever : bool
        Things from before the first day are in it too.
    late : array of bool, shape (n,), optional
        Things that come late: where both pulls hold their time, the first does not show them yet.
    deleted : array of bool, shape (n,), optional
        Things deleted between the two pulls.

    Examples
    --------
    >>> event = np.array([FIRST.begins, SECOND.begins, FIRST.taken])
    >>> found = shown(event, late=np.array([True, True, True]))
    >>> found.first.tolist(), found.second.tolist(), found.late.tolist()
    ([True, False, False], [False, True, True], [False, True, False])
    """
    begins = FIRST.begins if not since_ever else np.iinfo(np.int64).min
    first = (event >= begins) & (event < FIRST.taken)
    second = (event >= (begins if full else SECOND.begins)) & (event < SECOND.taken)
    behind = np.zeros(len(event), dtype=bool)
    if late is not None:
        behind = late & first & (event >= SECOND.begins)
        first = first & ~behind
    if deleted is not None:
        second = second & ~(deleted & first)
    return Shown(first=first, second=second, late=behind, full=full)


def happened(instant: Ints, as_of: Ints | int) -> Ints:
    """The instants that had come by then; the others are `UNKNOWN`."""
    return np.where((instant != UNKNOWN) & (instant < as_of), instant, UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What one source gives a table: the rows after each pull, with `known_at`, and what became of them.

    Columns beyond the contract's are those that a source map keeps beside.
    """

    table: str
    source: str
    after_first: pa.Table
    after_second: pa.Table
    counts: dict[str, int]

    def contract(self, pull: Pull) -> pa.Table:
        """The contract's columns of the rows after a pull."""
        rows = self.after_first if pull is FIRST else self.after_second
        return rows.select([name for name in rows.column_names if name in SCHEMAS[self.table].by_name])


def held(table: str, source: str, found: Shown, event: Ints, rows: Rows) -> Held:
    """What is held of a table after each pull.

    Parameters
    ----------
    table, source : str
        The contract's name of the table, and who gives it.
    found : Shown
    event : array of int, shape (n,)
        The things' own times, as the export writes them; of no account in a table of what stands (customers).
    rows : callable
        The rows of some things, each as of an instant. What it says of people can change without a new export.
    """
    if SCHEMAS[table].standing:
        event = np.full(len(event), UNKNOWN)
    of_first = np.flatnonzero(found.first)
    stay = np.flatnonzero(found.first & found.second)
    keep = np.flatnonzero(found.first & ~found.second & (not found.full))
    new = np.flatnonzero(found.second & ~found.first)
    before, after = FIRST.taken, SECOND.taken
    changed = _unlike(rows(stay, _at(stay, before), before), rows(stay, _at(stay, after), after))
    rematched = _unlike(rows(keep, _at(keep, before), before), rows(keep, _at(keep, before), after))
    position = np.concatenate([stay, keep, new])
    as_of = np.concatenate([_at(stay, after), _at(keep, before), _at(new, after)])
    since = (np.where(changed, after, event[stay]), np.where(rematched, after, event[keep]), _at(new, after))
    known = np.concatenate(since)
    order = np.argsort(position, kind="stable")
    return Held(
        table=table,
        source=source,
        after_first=_known_from(rows(of_first, _at(of_first, before), before), event[of_first]),
        after_second=_known_from(rows(position[order], as_of[order], after), known[order]),
        counts={
            "first": len(of_first),
            "same": len(stay) - int(changed.sum()),
            "new": len(new),
            "changed": int(changed.sum()),
            "rematched": int(rematched.sum()),
            "gone": int(found.gone().sum()),
            "late": int(found.late.sum()),
            "second": len(position),
        },
    )


def _at(position: Ints, instant: int) -> Ints:
    return np.full(len(position), instant)


def _unlike(one: pa.Table, other: pa.Table) -> Flags:
    """Marks the rows that differ in any column; two nulls are alike."""
    unlike = np.zeros(one.num_rows, dtype=bool)
    for name in one.column_names:
        a, b = one.column(name), other.column(name)
        same = pc.fill_null(pc.equal(a, b), False)
        same = pc.or_(same, pc.and_(pc.is_null(a), pc.is_null(b)))
        unlike |= ~same.to_numpy(zero_copy_only=False)
    return unlike


def _known_from(rows: pa.Table, known: Ints) -> pa.Table:
    return rows.append_column(KNOWN_AT.name, instants(known))
