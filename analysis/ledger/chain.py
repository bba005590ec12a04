"""Does every entry of the ledger hold? Its files, read and checked from the first entry to the last.

Each close is a numbered file, each line chained to the one before. The first entry that does not hold is named with its
file, line, number and metric. How files are numbered is left to `numbered`, how a close is added to `store`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.ledger.entry import CloseEntry, FigureEntry, Key, genesis, hash_of, same, unsealed
from analysis.ledger.numbered import UNREADABLE, DoesNotHold, Numbered


@dataclass(frozen=True, slots=True)
class Close:
    """A close as it was written: its first line, its figures, and the hash of its last line."""

    entry: CloseEntry
    figures: tuple[FigureEntry, ...]
    head: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Does a ledger hold? How many entries and closes were found to hold, the hash of the last, and the first fault.

    `family` is whose ledger it is by its own entries, whatever its folder is called; None while there is none.
    """

    entries: int
    closes: int
    head: str
    fault: Fault | None = None
    family: str | None = None

    @property
    def holds(self) -> bool:
        return self.fault is None

    def __str__(self) -> str:
        if self.fault is not None:
            return f"The ledger does not hold. {self.fault}"
        if not self.closes:
            return "The ledger is empty."
        whose = "" if self.family is None else f" of `{self.family}`"
        return f"The ledger{whose} holds: {self.entries:,} entries in {self.closes} closes, up to {self.head[:12]}."


def verify(folder: str | Path, family: str | None = None) -> Verdict:
    """Does every entry hold? The chain is computed anew, from the first entry to the last.

    Raises
    ------
    InputError
        If the folder is a file, or a link to nothing.

    Examples
    --------
    >>> import tempfile
    >>> print(verify(tempfile.mkdtemp()))
    The ledger is empty.
    """
    closes, fault = read_closes(Path(folder), family)
    head, named = (closes[-1].head, closes[0].entry.family) if closes else ("", None)
    return Verdict(sum(1 + len(close.figures) for close in closes), len(closes), head, fault, named)


def read_closes(folder: Path, family: str | None) -> tuple[tuple[Close, ...], Fault | None]:
    """The closes that hold, and what the first that does not is at fault with."""
    remedy = "Name the folder of the ledger."
    if folder.exists() and not folder.is_dir():
        what = "is a file, where a folder is needed"
        raise InputError(Fault(where=str(folder), what=what, remedy=remedy, rule="folder"))
    for part in (folder, *folder.parents):
        if part.is_symlink() and not part.exists():
            what = "is a link to what is not there, so nothing can be said of closed months"
            raise InputError(Fault(where=str(part), what=what, remedy=f"Mend the link. {remedy}", rule="broken_link"))
    closes: list[Close] = []
    held: dict[Key, float | None] = {}
    files = closes_in(folder)
    try:
        for close in files.each(lambda number: _close_of(files.path(number), number, closes, held, family)):
            closes.append(close)  # noqa: PERF402  # one by one: each is read against those before it
    except DoesNotHold as found:
        return tuple(closes), found.fault
    return tuple(closes), None


def closes_in(folder: Path) -> Numbered:
    """The files of a ledger."""
    return Numbered(folder, "close")


def _close_of(
    path: Path, number: int, before: Sequence[Close], held: dict[Key, float | None], family: str | None
) -> Close:
    """A close, line by line, against what was held before it."""
    head = before[-1].head if before else None
    entry: CloseEntry | None = None
    figures: list[FigureEntry] = []
    for place, line in enumerate(lines_of(path), start=1):
        where = f"{path.name}, line {place}"
        content = content_of(where, line)
        named = f"entry of close {number}"
        try:
            if entry is None:
                entry = CloseEntry.from_dict(content)
                named = f"the first entry of close {entry.number}, of {entry.month},"
                head = head or genesis(entry.family)
            else:
                figure = FigureEntry.from_dict(content, entry.known_at)
                named = f"{figure.key} (close {number})"
        except UNREADABLE as error:
            raise DoesNotHold(where, "is no entry of a ledger in the place it has", "no_entry") from error
        seal = check_link(where, named, line, content, head)
        if place == 1:
            _check_close(where, entry, number, before, family)
        else:
            if place > entry.entries + 1:
                what = f"{named} was added: the close has {entry.entries:,} figures"
                raise DoesNotHold(where, what, "entry_added")
            _check_figure(where, named, figure, number, held)
            figures.append(figure)
        head = seal
    if entry is None or head is None:
        raise DoesNotHold(path.name, "is empty", "close_empty")
    if len(figures) < entry.entries:
        lost = entry.entries - len(figures)
        what = f"the close of {entry.month} has {entry.entries:,} figures, and the last {lost:,} of them are missing"
        raise DoesNotHold(f"{path.name}, line {len(figures) + 2}", what, "entry_missing")
    return Close(entry, tuple(figures), head)


def _check_close(where: str, entry: CloseEntry, number: int, before: Sequence[Close], family: str | None) -> None:
    """The first line against the closes before it."""
    months = [close.entry.month for close in before if not close.entry.correction]
    family = before[0].entry.family if before else family
    if family is not None and entry.family != family:
        raise DoesNotHold(where, f"is of the ledger of `{entry.family}`, not of `{family}`", "other_ledger")
    if entry.number != number:
        raise DoesNotHold(where, f"is the first entry of close {entry.number}, not of {number}", "wrong_number")
    if before and entry.known_at < before[-1].entry.known_at:
        raise DoesNotHold(where, f"close {number} is as known before close {number - 1}", "wrong_order")
    if entry.month not in (months if entry.correction else [months[-1].plus(1) if months else entry.month]):
        raise DoesNotHold(where, f"close {number} is of {entry.month}, which is not its turn", "wrong_order")


def _check_figure(where: str, named: str, figure: FigureEntry, number: int, held: dict[Key, float | None]) -> None:
    """A figure's line against what was held before it."""
    if figure.close != number:
        raise DoesNotHold(where, f"{named} says that it is of close {figure.close}", "wrong_number")
    if figure.kind in ("lock", "redefine"):
        if figure.key in held:
            raise DoesNotHold(where, f"{named} was held before, and is locked again", "locked_twice")
    elif not same(figure.before, held.get(figure.key)):
        raise DoesNotHold(where, f"{named} changes another value than the one that was held", "wrong_before")
    held[figure.key] = figure.value


def lines_of(path: Path) -> Iterator[bytes]:
    """The lines of a file, if it ends as it should."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DoesNotHold(path.name, f"cannot be read ({error.strerror})", "unreadable") from error
    if not content:
        return
    lines = content.split(b"\n")
    yield from lines[:-1]
    if lines[-1]:
        what = "is torn: the file ends in the middle of an entry" + _named_in(lines[-1])
        raise DoesNotHold(f"{path.name}, line {len(lines)}", what, "torn")


def _named_in(line: bytes) -> str:
    """Which metric a torn line was of, as far as it can be read."""
    found = re.search(rb'"metric": "([a-z0-9_]{1,80})"', line)
    return f" of `{found[1].decode()}`" if found else ""


def check_link(where: str, named: str, line: bytes, content: Mapping[str, Any], head: str | None) -> str:
    """Whether a line is as it was written and follows the one before; returns its hash.

    Raises
    ------
    DoesNotHold
        If it is not, or does not; `named` says in words which entry it is.
    """
    seal = str(content["hash"])
    bare = unsealed(line, seal)
    if bare is None or hash_of(bare) != seal:
        raise DoesNotHold(where, f"{named} was changed after it was written: its hash is another", "entry_changed")
    if content.get("previous") != head:
        what = f"{named} does not follow the entry before it: one was removed, added, moved or replaced"
        raise DoesNotHold(where, what, "chain_broken")
    return seal


def content_of(where: str, line: bytes) -> dict[str, Any]:
    """What a line holds, if it is an entry at all.

    Raises
    ------
    DoesNotHold
        If it is none.
    """
    try:
        content = json.loads(line)
        if isinstance(content, dict) and isinstance(content.get("hash"), str) and not line.endswith(b"\r"):
            return content
    except UNREADABLE:  # no JSON, or no UTF-8
        pass
    if line.endswith(b"\r"):
        what = "ends as lines do on Windows: something has converted its line ends"
        raise DoesNotHold(where, what, "line_ends")
    raise DoesNotHold(where, f"is no entry{_named_in(line)}: it cannot be read as one", "no_entry")
