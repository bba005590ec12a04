"""Where do the generations of some tables lie, and how does the next one take the place of the last?

    tables                     a link, which is what is read
    .tables.intake/0003        what it leads to, never changed again; 0002 stays for those who have it open

A generation is built in a folder of its own beside the others and published by one swap of the link. What stands in it
is left to `take_in`.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import is_link, swap
from analysis.tables.generation import Generation

KEPT = 2
"""How many generations are kept: the one that is read, and the one before it for those who have it open."""


class Store:
    """Where the generations of some tables lie, and the link to the last one."""

    def __init__(self, link: Path) -> None:
        self.link = Path(os.path.abspath(link))
        self.home = self.link.parent / f".{self.link.name}.intake"

    @property
    def now(self) -> Path | None:
        """The folder the link leads to, if any."""
        return self.link.resolve() if is_link(self.link) and self.link.exists() else None

    def check(self) -> None:
        """Refuse a place that holds something else, before any work is done."""
        if not os.path.lexists(self.link) or is_link(self.link):
            return
        if self.link.is_dir() and not any(self.link.iterdir()):
            return
        what = "holds files that no intake has made" if self.link.is_dir() else "is a file"
        remedy = "Name another folder with `--out` (or `tables:`), or move what is there away."
        raise InputError(Fault(where=str(self.link), what=what, remedy=remedy, rule="place_taken"))

    @contextmanager
    def alone(self) -> Iterator[None]:
        """One intake at a time."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = FileLock(str(self.home / ".lock"))
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            remedy = "Wait until it is done."
            fault = Fault(where=str(self.link), what="another intake is under way", remedy=remedy, rule="under_way")
            raise InputError(fault) from error
        try:
            yield
        finally:
            lock.release()
            if not any(one.name != ".lock" for one in self.home.iterdir()):
                shutil.rmtree(self.home)

    @contextmanager
    def building(self) -> Iterator[Path]:
        """A folder that only its owner can read, gone again unless it was published; those of the killed go too."""
        for left in self.home.glob(".build-*"):
            shutil.rmtree(left, ignore_errors=True)
        build = Path(tempfile.mkdtemp(prefix=".build-", dir=self.home)).resolve()
        try:
            yield build
        finally:
            shutil.rmtree(build, ignore_errors=True)

    def publish(self, build: Path, *, keep: int = KEPT) -> None:
        """Let the link lead to what was built, and let go of all generations but the last ones."""
        number = Generation.at(build / "tables").record["number"]  # type: ignore[union-attr]
        target = self.home / f"{number:04d}"
        if target.exists():
            shutil.rmtree(target)  # of an intake that was killed before its swap
        (build / "tables").rename(target)
        if self.link.is_dir() and not is_link(self.link):
            self.link.rmdir()  # empty, as was checked
        swap(self.link, target)
        for old in sorted(one for one in self.home.iterdir() if one.name.isdigit())[:-keep]:
            shutil.rmtree(old, ignore_errors=True)


def put_in_place(file: Path, target: Path, build: Path) -> None:
    """Move a file that was built here; link (or copy) one of the generation before, which is never changed."""
    if file.is_relative_to(build):
        file.rename(target)
        return
    try:
        os.link(file, target)
    except OSError:
        shutil.copyfile(file, target)
