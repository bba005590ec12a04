"""How is one more close added to the ledger, whole, alone and for good?

Names of files are numbers alone, so that of two closes at once only one can follow the same head; the other is told to
look again. A close that is killed leaves the old ledger or the new one: once its file has its name it is done, and what
is still to be tidied is left to the next. Whether the entries hold is left to `chain`, what a close writes to `close`.
"""

from __future__ import annotations

import json
import os
import re
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from analysis.foundation.calendar import Month
from analysis.foundation.errors import ClosedMeanwhile, Fault, InputError, LedgerBroken
from analysis.ledger.chain import (
    HEAD,
    Close,
    DoesNotHold,
    Verdict,
    end_of,
    name_of,
    named_head,
    numbers_of_closes,
    read_closes,
    verify,
)
from analysis.ledger.entry import CloseEntry, FigureEntry, chained, genesis
from analysis.ledger.placing import put, stage, sync

__all__ = ["Close", "Ledger", "Verdict", "family_name", "verify"]

_STAGED = re.compile(r"\.(?:head\.)?(\d{4,})\.[0-9a-f]+\.part")
_FAMILY = re.compile(r"[A-Za-z0-9_-](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?")
_DEVICES = frozenset({"con", "prn", "aux", "nul", *(f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10))})


class Addition(Protocol):
    """What can be appended: the first line of a close and its figures, or no line where nothing is to be written."""

    @property
    def entry(self) -> CloseEntry | None: ...

    @property
    def figures(self) -> tuple[FigureEntry, ...]: ...


@dataclass(frozen=True, slots=True)
class Ledger:
    """The closed months of a family of studies, read whole and checked.

    Parameters
    ----------
    folder : Path
        Where its files lie.
    family : str
        Whose months they are.
    closes : tuple of Close
        In the order they were written.

    Examples
    --------
    >>> import tempfile
    >>> ledger = Ledger.open(Path(tempfile.mkdtemp()), "care")
    >>> ledger.months, ledger.head
    ((), 'the ledger of care begins')
    """

    folder: Path
    family: str
    closes: tuple[Close, ...] = ()

    @classmethod
    def open(cls, folder: str | Path, family: str | None = None) -> Ledger:
        """Read and check a ledger. A folder that is empty or not there is a ledger without closes.

        Parameters
        ----------
        folder : path
        family : str, optional
            Whose ledger is expected; default the one its first entry names, and the folder's name while there is none.

        Raises
        ------
        LedgerBroken
            If an entry does not hold, with the first that does not.
        InputError
            If the family's name is no name, or the folder is a file or a link to nothing.
        """
        folder = Path(os.path.abspath(folder))
        closes, fault = read_closes(folder, None if family is None else family_name(family))
        if fault is not None:
            raise LedgerBroken(fault, "The ledger does not hold.")
        return cls(folder, closes[0].entry.family if closes else family_name(family or folder.name), closes)

    @property
    def head(self) -> str:
        """The hash of the last entry."""
        return self.closes[-1].head if self.closes else genesis(self.family)

    @property
    def months(self) -> tuple[Month, ...]:
        """The closed months, in order."""
        return tuple(close.entry.month for close in self.closes if not close.entry.correction)

    @property
    def figures(self) -> tuple[FigureEntry, ...]:
        """The entries of figures, in the order they were written."""
        return tuple(figure for close in self.closes for figure in close.figures)

    @property
    def entries(self) -> tuple[CloseEntry | FigureEntry, ...]:
        """All entries, in the order they were written."""
        return tuple(chain.from_iterable((close.entry, *close.figures) for close in self.closes))

    def append(self, closing: Addition) -> Ledger:
        """Add a close, whole or not at all, and return the ledger with it.

        A closing that has nothing to write leaves the closes as they are. What a close that was killed left behind is
        taken away. A failure after the close took its place is none of the close: `head.json` may lag, and the next
        call mends it.

        Raises
        ------
        ClosedMeanwhile
            If another close was written since the ledger was read. Nothing was written.
        LedgerBroken
            If the folder no longer holds what was read.
        InputError
            If nothing can be written in the folder.
        """
        try:
            if closing.entry is None:
                if self.closes:
                    _tidy(self.folder)
                return self
            if closing.entry.number != len(self.closes) + 1 or closing.entry.family != self.family:
                raise self._meanwhile()
            lines = list(chained([closing.entry.to_dict(), *(one.to_dict() for one in closing.figures)], self.head))
            self._write(closing.entry.number, b"".join(line + b"\n" for _, line in lines))
        except DoesNotHold as found:
            raise LedgerBroken(found.fault, "The ledger does not hold.") from found
        except OSError as error:
            what = "cannot be written to" + (f" ({error.strerror})" if error.strerror else "")
            remedy = "Name another folder with `--ledger`, or make room for it."
            raise InputError(Fault(where=str(self.folder), what=what, remedy=remedy, rule="not_writable")) from error
        return Ledger(self.folder, self.family, (*self.closes, Close(closing.entry, closing.figures, lines[-1][0])))

    def _write(self, number: int, content: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        last = self.closes[-1].head if self.closes else None
        if end_of(self.folder, number - 1) != last or (self.folder / name_of(number)).exists():
            raise self._meanwhile()
        _settle(self.folder)
        staged = stage(self.folder, f".{number:04d}", content)
        try:
            put(staged, self.folder / name_of(number))
        except (FileExistsError, FileNotFoundError) as error:  # not found: who took the number swept it away
            staged.unlink(missing_ok=True)
            raise self._meanwhile() from error
        _tidy(self.folder)

    def _meanwhile(self) -> ClosedMeanwhile:
        return ClosedMeanwhile(
            f"{self.folder}: another close was written meanwhile, and nothing by this one: run it again."
        )


def family_name(name: str) -> str:
    """The name, if it can be one: as that of a study, since it names a folder on every system.

    Raises
    ------
    InputError
        If it cannot.
    """
    if _FAMILY.fullmatch(name) and name.casefold().partition(".")[0] not in _DEVICES:
        return name
    raise InputError(
        Fault(
            where="ledger",
            what=f"`{name[:100]}` is no name for a family of studies",
            remedy="Use 1 to 100 letters, digits, `-`, `_` and `.`, with no dot first or last: it names a folder.",
            rule="family_name",
        )
    )


def _tidy(folder: Path) -> None:
    """Settle a folder whose closes stand, as far as it can be done now."""
    with suppress(OSError, DoesNotHold):
        sync(folder)
        _settle(folder)


def _settle(folder: Path) -> None:
    """Let `head.json` name the last close, and take away what closes that did not come to be have left."""
    while True:
        named = named_head(folder)  # before the files are listed: it can only lag behind them
        last = max(numbers_of_closes(folder), default=0)
        wanted = (last, end_of(folder, last) or "")
        if named == wanted or (named is not None and named[0] > last):
            break
        content = json.dumps({"closes": wanted[0], "head": wanted[1]}, sort_keys=True).encode() + b"\n"
        staged = stage(folder, f".head.{last:04d}", content)
        try:
            os.replace(staged, folder / HEAD)
        except FileNotFoundError:  # swept away by a close that is further on
            continue
        sync(folder)
    for path in sorted(folder.iterdir()):
        found = _STAGED.fullmatch(path.name)
        if found and int(found[1]) <= last:
            path.unlink(missing_ok=True)
