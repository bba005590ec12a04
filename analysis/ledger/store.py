"""How is one more close added to the ledger, whole, alone and for good?

Of two closes at once only one can follow the same head; the other is told to look again. How a file takes its place is
left to `numbered`, whether the entries hold to `chain`, what a close writes to `close`.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from analysis.foundation.calendar import Month
from analysis.foundation.errors import ClosedMeanwhile, Fault, InputError, LedgerBroken
from analysis.ledger.chain import Close, Verdict, closes_in, read_closes, verify
from analysis.ledger.entry import CloseEntry, FigureEntry, chained, genesis
from analysis.ledger.numbered import DoesNotHold, Taken

__all__ = ["Close", "Ledger", "Verdict", "family_name", "verify"]

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
                    closes_in(self.folder).tidy()
                return self
            if closing.entry.number != len(self.closes) + 1 or closing.entry.family != self.family:
                raise self._meanwhile()
            lines = list(chained([closing.entry.to_dict(), *(one.to_dict() for one in closing.figures)], self.head))
            last = self.closes[-1].head if self.closes else None
            content = b"".join(line + b"\n" for _, line in lines)
            closes_in(self.folder).add(closing.entry.number, content, after=last)
        except Taken as error:
            raise self._meanwhile() from error
        except DoesNotHold as found:
            raise LedgerBroken(found.fault, "The ledger does not hold.") from found
        except OSError as error:
            what = "cannot be written to" + (f" ({error.strerror})" if error.strerror else "")
            remedy = "Name another folder with `--ledger`, or make room for it."
            raise InputError(Fault(where=str(self.folder), what=what, remedy=remedy, rule="not_writable")) from error
        return Ledger(self.folder, self.family, (*self.closes, Close(closing.entry, closing.figures, lines[-1][0])))

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
