"""Which files of which sources have not been read yet, and of which date is each? Exports, in the order of their dates.

A file is known by its bytes: the same bytes under another name are not read again, other bytes under the same name are
a new export. What is in them is left to `reading`, how they change the tables to `versions`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from unicodedata import category

from analysis.foundation.calendar import iso
from analysis.foundation.errors import Fault, InputError, MapError
from analysis.foundation.provenance import fingerprint
from analysis.tables.contract import SCHEMAS
from analysis.tables.folder import label, look_into
from analysis.tables.mapping import load_map
from analysis.tables.mapping_files import fitting_header, nearly_fitting, separated_otherwise
from analysis.tables.reader import ending, peek_header, unreadable

DATE = "{date}"
EXPORTS = ("csv", "tsv", "parquet", "xlsx")
"""Endings of files that are no notes: one of them that cannot be read at all is a fault, and not left alone."""

_DATES = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")


@dataclass(frozen=True, kw_only=True)
class IntakeSource:
    """One system whose exports are taken in.

    Parameters
    ----------
    name : str
        Its own name, which its rows carry.
    paths : tuple of Path
        Files, and folders of which every visible file is looked at.
    map : str, optional
        Source map, by name or path; without one the files are tables of the contract.
    extent : "part" or "full"
        Whether an export holds a stretch of the source's rows or all of them; of a full one, what is gone is gone.
    renamed : mapping of str to str
        What the files now call a column that the map calls otherwise.
    customer_ids : bool
        Whether the source's own ids of people are the company's customer ids.
    dated : str, optional
        Where the date of an export stands in its file's name, or in the name of its folder: `tickets-{date}.csv`,
        `{date}/tickets.csv`.
    """

    name: str
    paths: tuple[Path, ...]
    map: str | None = None
    extent: Literal["part", "full"] = "part"
    renamed: Mapping[str, str] = field(default_factory=dict)
    customer_ids: bool = False
    dated: str | None = None


@dataclass(frozen=True, kw_only=True)
class Export:
    """The new files of a source that are of one date, with their fingerprints, and the columns of each kind of file."""

    source: IntakeSource
    as_of: datetime
    files: Mapping[Path, str]
    columns: Mapping[str, tuple[str, ...]]

    def against(self, before: Mapping[str, Sequence[str]]) -> list[str]:
        """Which columns are new or lost against the export before, in sentences."""
        told = []
        for kind, columns in self.columns.items():
            if kind not in before:
                continue
            new = [name for name in columns if name not in before[kind]]
            lost = [name for name in before[kind] if name not in columns]
            for names, what in ((new, "has new columns"), (lost, "has lost columns")):
                if names:
                    listed = ", ".join(f"`{label(name)}`" for name in names)
                    told.append(f"{self.source.name}, {label(kind)}: {what} against the export before: {listed}.")
        return told


@dataclass(frozen=True, kw_only=True)
class Found:
    """What lies there: new exports by date, files known already, files no source reads, and what is wrong."""

    exports: tuple[Export, ...]
    known: int
    unread: tuple[str, ...]
    faults: tuple[Fault, ...]


def find(sources: Sequence[IntakeSource], record: Mapping[str, Any], as_of: datetime | None) -> Found:
    """The exports that have not been read.

    Parameters
    ----------
    sources : sequence of IntakeSource
    record : mapping
        `sources` of the last intake's record; empty before the first.
    as_of : datetime, optional
        The date of exports whose names say none; naive UTC.
    """
    looking = _Looking(record, as_of)
    for source in sources:
        looking.look(source)
    looking.judge_unread(sources)
    exports = sorted(looking.exports, key=lambda one: (one.as_of, _place(sources, one.source)))
    return Found(
        exports=tuple(exports),
        known=looking.known,
        unread=tuple(sorted(path.name for path in looking.unread)),
        faults=tuple(looking.faults),
    )


def _place(sources: Sequence[IntakeSource], source: IntakeSource) -> int:
    return [one.name for one in sources].index(source.name)


class _Looking:
    """One look at all sources."""

    def __init__(self, record: Mapping[str, Any], as_of: datetime | None) -> None:
        self.record, self.as_of = record, as_of
        self.exports: list[Export] = []
        self.faults: list[Fault] = []
        self.known = 0
        self.seen: set[Path] = set()
        self.read: set[Path] = set()
        self.unread: list[Path] = []

    def look(self, source: IntakeSource) -> None:
        before = self.record.get(source.name, {})
        hashes = {one["sha256"] for one in before.get("files", ())}
        lying = self.lying(source)
        self.seen.update(lying)
        try:
            fitting = _fitting(source, lying)
        except InputError as error:
            self.faults += error.faults
            return
        self.read.update(fitting)
        dated: dict[datetime, dict[Path, str]] = {}
        columns: dict[datetime, dict[str, tuple[str, ...]]] = {}
        for path, (kind, header) in fitting.items():
            mark = fingerprint(path)
            if mark in hashes:
                self.known += 1
                continue
            hashes.add(mark)  # twice the same bytes in one go
            date = self.date_of(source, path)
            if date is not None:
                dated.setdefault(date, {})[path] = mark
                columns.setdefault(date, {})[kind] = header
        last = datetime.fromisoformat(before["as_of"]).replace(tzinfo=None) if before.get("as_of") else None
        for date, files in sorted(dated.items()):
            if last is not None and date < last:
                self.older(source, files, date, last)
            self.exports.append(Export(source=source, as_of=date, files=files, columns=columns[date]))

    def lying(self, source: IntakeSource) -> list[Path]:
        found: list[Path] = []
        for path in source.paths:
            if path.is_dir():
                visible = sorted(one for one in path.iterdir() if not one.name.startswith((".", "~$")))
                found += [one for one in visible if self.may_be_read(one)]
            elif path.exists():
                found += [path] if self.may_be_read(path) else []
            else:
                remedy = "Look at `path` in the sources file; exports that are not there yet are left out of it."
                self.fault(source, f"{path} is not there", remedy, "missing_file")
        return list(dict.fromkeys(found))

    def may_be_read(self, path: Path) -> bool:
        """Whether it is a file, or a link to one; what only has the name of an export is a fault."""
        shown = label(path.name.encode("utf-8", "replace").decode())
        if any(category(sign).startswith("C") for sign in path.name):
            remedy = "Rename it: a message could not name it."
            fault = Fault(
                where=shown, what="has signs in its name that do not show", remedy=remedy, rule="unusable_path"
            )
            self.faults.append(fault)
        elif path.is_file() and not os.access(path, os.R_OK):
            what, remedy = "may not be read", "Ask its owner for access."
            self.faults.append(Fault(where=shown, what=what, remedy=remedy, rule="unreadable_file"))
        elif path.is_file():
            return True
        elif ending(path) is not None:
            what = "has the name of an export and is no file that can be read"
            remedy = "Is it a folder, a pipe, or a link whose file has gone? Put the file there, or take the name away."
            self.faults.append(Fault(where=shown, what=what, remedy=remedy, rule="no_file"))
        else:
            self.unread.append(path)
        return False

    def date_of(self, source: IntakeSource, path: Path) -> datetime | None:
        """The date an export is of: the one in its name, else the one that was given."""
        if source.dated is None:
            if self.as_of is None:
                remedy = "Say when it was pulled: `--as-of 2026-10-03`, or `dated:` where its name says so."
                self.faults.append(Fault(where=path.name, what="has no date", remedy=remedy, rule="no_date"))
            return self.as_of
        before, _, after = source.dated.partition(DATE)
        pattern = f"{re.escape(before)}({_DATES.pattern}){re.escape(after)}"
        named = "/".join(path.parts[-1 - source.dated.count("/") :])
        if found := re.fullmatch(pattern, named):
            try:
                year, month, day = (int(part) for part in found.groups()[1:])
                return datetime(year, month, day)
            except ValueError:
                pass
        what, remedy = f"has a name that is not `{source.dated}`", "A date is written 2026-10-03 or 20261003."
        self.faults.append(Fault(where=path.name, what=what, remedy=remedy, rule="no_date"))
        return None

    def older(self, source: IntakeSource, files: Mapping[Path, str], date: datetime, last: datetime) -> None:
        names = ", ".join(path.name for path in files)
        what = f"{names}: is of {iso(date)}, and an export of {iso(last)} has been taken in already"
        remedy = "What was known later is not overwritten by what was known earlier: take it away, or correct its date."
        self.fault(source, what, remedy, "older_export")

    def judge_unread(self, sources: Sequence[IntakeSource]) -> None:
        """Files that no source reads: a word of each; a fault where it nearly fits, as after a column was renamed."""
        maps = [(one, load_map(one.map)) for one in sources if one.map is not None and not self.faults]
        for path in sorted(self.seen - self.read):
            broken = unreadable(path) if ending(path) in EXPORTS else ()
            near = [nearly_fitting(given, path, source.renamed) for source, given in maps]
            near += [separated_otherwise(given, path) for _, given in maps]
            if broken:
                self.faults += broken
            elif found := next(filter(None, near), None):
                self.faults.append(found)
            else:
                self.unread.append(path)

    def fault(self, source: IntakeSource, what: str, remedy: str, rule: str) -> None:
        self.faults.append(Fault(where=f"source `{source.name}`", what=what, remedy=remedy, rule=rule))


def _fitting(source: IntakeSource, lying: Sequence[Path]) -> dict[Path, tuple[str, tuple[str, ...]]]:
    """The files that the source's map reads, or that are tables by their names: of which kind, and the header."""
    if source.map is None:
        contents = {path: look_into(path) for path in lying}
        faults = [fault for path, one in contents.items() if _is_a_table(path) for fault in one.faults]
        if faults:
            raise InputError(faults)
        return {path: (one.found[0].table, peek_header(path) or ()) for path, one in contents.items() if one.found}
    given = load_map(source.map)
    if given.needs_export_date and source.extent == "full":
        what = "is declared `extent: full`, and its map gives each export's counts as rows of their own"
        remedy = "Take `extent` out: what was read of a counter before stays read."
        raise MapError(Fault(where=f"source `{source.name}`", what=what, remedy=remedy, rule="full_counters"))
    chosen = {path: fitting_header(given, path, source.renamed) for path in lying}
    return {path: (one.kind, one.columns) for path, one in chosen.items() if one is not None}


def _is_a_table(path: Path) -> bool:
    """Whether a file is to be read as tables of the contract: by its own name, or those of what is inside."""
    return ending(path) in ("xlsx", "duckdb") or path.name.split(".")[0] in SCHEMAS
