"""How does a folder of numbered files grow by one, whole, alone and for good, and is any of them missing?

Files are called `0001.jsonl`, `0002.jsonl`, ...; each ends in a line with a hash, and `head.json` names the last file
and its hash, so that a last file that is missing is noticed. Names are numbers alone, so that of two writers at once
only one can follow the same file. A writer that is killed leaves the old folder or the new one: once its file has its
name it is done, and what is still to be tidied is left to the next. What stands in the files is left to `chain` and
`signature`.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

from analysis.foundation.errors import Fault
from analysis.ledger.placing import put, stage, sync

HEAD = "head.json"
RESTORE = "Take the folder back from version control: entries are never changed, a correction is a restatement."
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading raises where something else stands than was written, however deep or large."""

_FILE = re.compile(r"(\d{4,})\.jsonl")
_STAGED = re.compile(r"\.(?:head\.)?(\d{4,})\.[0-9a-f]+\.part")


class DoesNotHold(Exception):
    """An entry or a file does not hold; `fault` says which and why."""

    def __init__(self, where: str, what: str, rule: str) -> None:
        self.fault = Fault(where=where, what=what, remedy=RESTORE, rule=rule)


class Taken(Exception):
    """Another file took the number meanwhile. Nothing was written."""


class Ending(Protocol):
    """What a file was read as: `head` is the hash of its last line."""

    @property
    def head(self) -> str: ...


Read = TypeVar("Read", bound=Ending)


def name_of(number: int) -> str:
    """The name of a file."""
    return f"{number:04d}.jsonl"


@dataclass(frozen=True, slots=True)
class Numbered:
    """A folder of numbered files; `kind` is the word for what one of them holds: "close", "signature"."""

    folder: Path
    kind: str

    def path(self, number: int) -> Path:
        """Where a file lies."""
        return self.folder / name_of(number)

    def numbers(self) -> frozenset[int]:
        """The numbers of the files there are.

        Raises
        ------
        DoesNotHold
            If a file is named as none of them can be.
        """
        numbers = set()
        for path in self.folder.iterdir() if self.folder.is_dir() else ():
            if path.name.startswith(".") or path.suffix != ".jsonl":
                continue
            found = _FILE.fullmatch(path.name)
            if not found or name_of(int(found[1])) != path.name or int(found[1]) < 1:
                raise DoesNotHold(path.name, f"is no {self.kind} of this ledger", "foreign_file")
            numbers.add(int(found[1]))
        return frozenset(numbers)

    def named_head(self) -> tuple[int, str] | None:
        """The number of the last file and the hash of its last line, as `head.json` has them.

        Raises
        ------
        DoesNotHold
            If it cannot be read.
        """
        try:
            content = json.loads((self.folder / HEAD).read_bytes())
            number, head = content[f"{self.kind}s"], content["head"]
        except FileNotFoundError:
            return None
        except (OSError, *UNREADABLE) as error:
            raise DoesNotHold(HEAD, "cannot be read", "head_unreadable") from error
        if type(number) is not int or not isinstance(head, str) or not 0 <= number < 1_000_000:
            raise DoesNotHold(HEAD, "cannot be read", "head_unreadable")
        return number, head

    def end_of(self, number: int) -> str | None:
        """The hash of the last line of a file; None for one that is not there."""
        try:
            content = self.path(number).read_bytes()
            return str(json.loads(content.rstrip(b"\n").rpartition(b"\n")[2])["hash"])
        except (FileNotFoundError, *UNREADABLE):
            return None

    def each(self, read: Callable[[int], Read]) -> Iterator[Read]:
        """The files in order, each as `read` reads it, none missing and none replaced.

        Raises
        ------
        DoesNotHold
            At the first that does not hold.
        """
        named = self.named_head()  # before the files are listed: it can only lag behind them
        numbers = self.numbers()
        for number in range(1, max([*numbers, named[0] if named else 0], default=0) + 1):
            if number not in numbers:
                teller = HEAD if number > max(numbers, default=0) else name_of(min(n for n in numbers if n > number))
                raise DoesNotHold(name_of(number), f"is missing, though {teller} follows it", f"{self.kind}_missing")
            found = read(number)
            if named and named[0] == number and named[1] != found.head:
                what = f"does not end as {HEAD} says: the {self.kind} was replaced"
                raise DoesNotHold(name_of(number), what, f"{self.kind}_replaced")
            yield found
        if numbers and named is None:
            raise DoesNotHold(HEAD, f"is missing, though there are {self.kind}s", "head_missing")

    def add(self, number: int, content: bytes, *, after: str | None) -> None:
        """Write the next file, whole or not at all; `after` is the hash that the one before must end in.

        A failure after the file has its name is none of the file: `head.json` may lag, and the next call mends it.

        Raises
        ------
        Taken
            If another was written meanwhile.
        DoesNotHold
            If the folder no longer holds what was read.
        OSError
            If nothing can be written there.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        named = self.named_head()
        ahead = named is not None and named[0] >= number  # it was written, even where its file is gone
        if ahead or self.end_of(number - 1) != after or self.path(number).exists():
            raise Taken
        self._settle()
        staged = stage(self.folder, f".{number:04d}", content)
        try:
            put(staged, self.path(number))
        except (FileExistsError, FileNotFoundError) as error:  # not found: who took the number swept it away
            staged.unlink(missing_ok=True)
            raise Taken from error
        self.tidy()

    def tidy(self) -> None:
        """Settle a folder whose files stand, as far as it can be done now."""
        with suppress(OSError, DoesNotHold):
            sync(self.folder)
            self._settle()

    def _settle(self) -> None:
        """Let `head.json` name the last file, and take away what writers that did not come to their end have left."""
        while True:
            named = self.named_head()  # before the files are listed: it can only lag behind them
            last = max(self.numbers(), default=0)
            wanted = (last, self.end_of(last) or "")
            if named == wanted or (named is not None and named[0] > last):
                break
            content = json.dumps({f"{self.kind}s": wanted[0], "head": wanted[1]}, sort_keys=True).encode() + b"\n"
            staged = stage(self.folder, f".head.{last:04d}", content)
            try:
                os.replace(staged, self.folder / HEAD)
            except FileNotFoundError:  # swept away by a writer that is further on
                continue
            sync(self.folder)
        for path in sorted(self.folder.iterdir()):
            found = _STAGED.fullmatch(path.name)
            if found and int(found[1]) <= last:
                path.unlink(missing_ok=True)
