"""How does a finished report become the one that is read, with no moment at which there is half of it?

A report is built in a folder of its own under `.runs` and stays there; what readers open is a link beside it, swapped
in one step. Until that step the link leads to the last good report, whatever happens to this process.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import is_link, swap
from analysis.runner.manifest import is_whole, read_manifest

RUNS = ".runs"
LONGEST_NAME = 200
"""Bytes a folder's name may have: file systems allow 255, and names are lengthened while a report is swapped."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the reports of a study lie: the link that is read, and the folder of its runs."""

    link: Path

    @classmethod
    def of(cls, report: Path) -> Place:
        """The place of a report folder, written in any way."""
        return cls(Path(os.path.abspath(report)))

    @property
    def runs(self) -> Path:
        return self.link.parent / RUNS / self.link.name

    @property
    def lock(self) -> Path:
        return self.runs / ".lock"

    def run_folder(self, run: str) -> Path:
        """The folder of a run: one that is finished and whole, else one that may still be written to.

        A finished report that somebody has changed since is left as it is, and the run gets a folder beside it.
        """
        folder, number = self.runs / run, 1
        while read_manifest(folder) is not None and not is_whole(folder):
            number += 1
            folder = self.runs / f"{run}-{number}"
        return folder

    def published(self) -> Path | None:
        """The report the link leads to, if any."""
        return self.link.resolve() if is_link(self.link) and self.link.exists() else None

    def check(self) -> None:
        """Refuse a place that holds something else, before any work is done.

        Raises
        ------
        InputError
            If a file, or a folder that no run has made, is in the way, or nothing may be written there.
        """
        must_be_writable(self.link.parent)
        must_be_writable(self.runs)
        if not os.path.lexists(self.link):
            return
        if is_link(self.link):
            target = self.published()
            if target is None or read_manifest(target) is not None:
                return
        elif self.link.is_dir() and not any(self.link.iterdir()):
            return
        kind = "a folder with files that no run has made" if self.link.is_dir() else "a file"
        raise InputError(
            Fault(
                where=str(self.link),
                what=f"is {kind}, where the report should go",
                remedy="Move it away, or name another folder with `--out`.",
                rule="place_taken",
            )
        )


def must_be_writable(folder: Path) -> None:
    """Refuse a folder in which nothing may be written, before any work is done.

    Raises
    ------
    InputError
        If in the folder, or in the nearest one above it that exists, no file can be made. It is tried, since
        permissions alone do not tell: a folder may belong to the system, a disk may be full or read-only.
    """
    there, what = folder, "cannot be written to"
    try:
        there = next(one for one in (folder, *folder.parents) if one.exists())
        if any(len(os.fsencode(part)) > LONGEST_NAME for part in folder.parts):
            what += f" (a name is longer than {LONGEST_NAME} bytes)"
        elif there.is_dir():
            with tempfile.TemporaryFile(dir=there):
                return
        else:
            what = "is a file, where a folder is needed"
    except OSError as error:
        what += f" ({error.strerror})" if error.strerror else ""
    remedy = "Name another folder with `--out`, or work in a folder of your own."
    raise InputError(Fault(where=str(there), what=what, remedy=remedy, rule="not_writable"))


def must_lie_apart(out: Path, sources: Iterable[Path], *, option: str = "--out") -> None:
    """Refuse a folder for results that is a source of the data, lies in one or holds one.

    Raises
    ------
    InputError
        Naming each source it would mix with.
    """
    place = out.resolve()
    mixed = [source for source in map(Path.resolve, sources) if place.is_relative_to(source) or place in source.parents]
    if mixed:
        remedy = f"Results and data are kept apart: name another folder with `{option}`."
        raise InputError(
            Fault(where=str(out), what=_beside(place, one), remedy=remedy, rule="out_in_data") for one in mixed
        )


def _beside(place: Path, source: Path) -> str:
    if place == source:
        return "is where the data are read"
    return f"lies in {source}, where the data are read" if source in place.parents else f"holds the data in {source}"


def publish(folder: Path, link: Path, *, whole: bool = False) -> None:
    """Let the link lead to a finished report, in one step.

    `whole`: it is finished, and every file was just found to be as its manifest says.

    Raises
    ------
    InputError
        If something else is in the way of the link.
    ValueError
        If the report is not finished, or a file is not as its manifest says.
    """
    if not whole and not is_whole(folder):
        raise ValueError(f"The report in {folder} is not finished, so it is not published.")
    place = Place(link)
    place.check()
    if place.published() == folder.resolve():
        return
    if link.is_dir() and not is_link(link):
        link.rmdir()  # empty, as just checked
    swap(link, folder)
