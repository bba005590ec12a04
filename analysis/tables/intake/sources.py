"""Which files of which sources have not been read yet, and of which date is each? Exports, in the order of their dates.

A file is known by its bytes: the same bytes under another name are not read again, other bytes under the same name are
a new export. What is in them is left to `reading`, how they change the tables to `versions`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Mapping, Sequence
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
from analysis.tables.personal_text import HIDDEN_NAME, name_shown
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
    """The files of a source that are of one date, with their fingerprints, and the columns of each kind of file.

    `as_of` is that date, `since` the instant from which our records hold them: later, where a later export of another
    source was taken in first.
    """

    source: IntakeSource
    as_of: datetime
    since: datetime
    files: Mapping[Path, str]
    columns: Mapping[str, tuple[str, ...]]

    def against(self, before: Mapping[str, Sequence[str]]) -> list[str]:
        """Which columns are new or lost against the export before, in sentences."""
        told = []
        now = {new: old for old, new in self.source.renamed.items()}  # a column that is declared under its new name
        for kind, names_now in self.columns.items():
            columns = [now.get(name, name) for name in names_now]
            if kind not in before:
                continue
            known = [now.get(name, name) for name in before[kind]]
            new = [name for name in columns if name not in known]
            lost = [name for name in known if name not in columns]
            for names, what in ((new, "has new columns"), (lost, "has lost columns")):
                if names:
                    listed = ", ".join(f"`{label(name)}`" for name in names)
                    told.append(f"{self.source.name}, {label(kind)}: {what} against the export before: {listed}.")
        return told


@dataclass(frozen=True, kw_only=True)
class Found:
    """What lies there: new exports by date, files known already, files no source reads, and what is wrong.

    `copies` are by source the files that say, at another place, what the last export said.
    """

    exports: tuple[Export, ...]
    copies: Mapping[str, Mapping[Path, str]]
    known: int
    unread: tuple[str, ...]
    faults: tuple[Fault, ...]


def find(
    sources: Sequence[IntakeSource], record: Mapping[str, Any], as_of: datetime | None, since: datetime = datetime.min
) -> Found:
    """The exports that have not been read.

    Parameters
    ----------
    sources : sequence of IntakeSource
    record : mapping
        `sources` of the last intake's record; empty before the first.
    as_of : datetime, optional
        The date of exports whose names say none; naive UTC.
    since : datetime
        The date of the last intake: what is taken in after it is known since then at the earliest.
    """
    looking = _Looking(record, as_of, since)
    for source in sources:
        looking.look(source)
    looking.judge_unread(sources)
    exports = sorted(looking.exports, key=lambda one: (one.as_of, _place(sources, one.source)))
    return Found(
        exports=tuple(exports),
        copies=looking.copies,
        known=looking.known,
        unread=tuple(sorted(name_shown(path.name) for path in looking.unread)),
        faults=tuple(looking.faults),
    )


def _place(sources: Sequence[IntakeSource], source: IntakeSource) -> int:
    return [one.name for one in sources].index(source.name)


@dataclass(frozen=True)
class _Held:
    """What was read of a source: by place the date and bytes of the last file, by bytes the date; and the last date."""

    at: Mapping[str, tuple[datetime, str]]
    marks: Mapping[str, datetime]
    last: datetime | None

    @classmethod
    def of(cls, before: Mapping[str, Any]) -> _Held:
        """From the record of an intake."""
        files = [(one["at"], _instant(one["as_of"]), one["sha256"]) for one in before.get("files", ())]
        last = before.get("as_of")
        return cls(
            {place: (date, mark) for place, date, mark in files},
            {mark: date for _, date, mark in files},
            None if last is None else _instant(last),
        )


def _rest_of(files: Collection[Path], known: Mapping[Path, datetime], held: _Held, date: datetime) -> list[Path]:
    """The files read before that belong to a full export with the new ones.

    Those of its own date; and of the last export, what says again what it said: beside a new file that took the place
    of an old one, or in a new folder of its own. An export in parts, of which one has not changed, is whole so.
    """
    replaced = {path.parent for path in files if place_of(path) in held.at}
    folders = {path.parent for path in files}

    def belongs(path: Path) -> bool:
        return path.parent in (replaced if place_of(path) in held.at else folders)

    return [path for path, when in known.items() if when == date or (when == held.last and belongs(path))]


def place_of(path: Path) -> str:
    """How the record knows a file: by its name and that of its folder, where neither looks like an address."""
    return f"{name_shown(path.parent.name)}/{name_shown(path.name)}"


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=None)


class _Looking:
    """One look at all sources."""

    def __init__(self, record: Mapping[str, Any], as_of: datetime | None, since: datetime) -> None:
        self.record, self.as_of, self.since = record, as_of, since
        self.exports: list[Export] = []
        self.copies: dict[str, dict[Path, str]] = {}
        self.faults: list[Fault] = []
        self.known = 0
        self.seen: set[Path] = set()
        self.read: set[Path] = set()
        self.unread: list[Path] = []

    def look(self, source: IntakeSource) -> None:
        """The exports of one source: by date, the files that are new, and with them what else is of a full one."""
        before = self.record.get(source.name, {})
        held = _Held.of(before)
        lying = self.lying(source)
        self.seen.update(lying)
        try:
            fitting = _fitting(source, lying)
        except InputError as error:
            self.faults += error.faults
            return
        self.read.update(fitting)
        marks = {path: fingerprint(path) for path in fitting}
        dated: dict[datetime, dict[Path, str]] = {}
        known: dict[Path, datetime] = {}
        for path, mark in marks.items():
            then = self.known_since(source, held, path, mark)
            if then is not None:
                known[path] = then
                if place_of(path) not in held.at:
                    self.copies.setdefault(source.name, {})[path] = mark
            elif (day := self.date_of(source, path)) is not None and mark not in dated.get(day, {}).values():
                dated.setdefault(day, {})[path] = mark  # of two files with the same bytes, one
        self.known += len(known)
        for date, files in sorted(dated.items()):
            if held.last is not None and date < held.last:
                self.older(source, files, date, held.last)
            if source.extent == "full":
                files |= {path: marks[path] for path in _rest_of(files, known, held, date)}
            if source.map is None:
                self.judge_tables(source, {path: fitting[path][0] for path in files})
            columns = {
                fitting[path][0]: tuple(name_shown(name, number=True) for name in fitting[path][1]) for path in files
            }
            self.exports.append(
                Export(source=source, as_of=date, since=max(date, self.since), files=files, columns=columns)
            )

    def known_since(self, source: IntakeSource, held: _Held, path: Path, mark: str) -> datetime | None:
        """The date of the export in which a file was read; None for a new one.

        A file that says again what it said before the last export, as after a slip was taken back, is a new one.
        """
        place = place_of(path)
        if place in held.at and HIDDEN_NAME not in place:  # else it is known by its bytes alone
            read, last_mark = held.at[place]
            return read if mark == last_mark else None
        then = held.marks.get(mark)
        if then is not None and then != held.last and source.extent == "full" and source.dated is None:
            what = f"{path.name}: has the bytes of the export of {iso(then)}, under another name"
            remedy = "Take it away; or, if it is a new export that says the same again, let names say dates (`dated`)."
            self.fault(source, what, remedy, "old_bytes")
        return then

    def judge_tables(self, source: IntakeSource, tables: Mapping[Path, str]) -> None:
        """Refuse two files of one table of the contract in one export: nobody can tell which is the later."""
        for table in sorted(set(tables.values())):
            files = [place_of(path) for path, one in tables.items() if one == table]
            if len(files) > 1:
                what = f"gives `{table}` in several files of one date: {', '.join(files)}"
                remedy = "Take them in one after the other, each with its `--as-of`, or let names say dates (`dated`)."
                self.fault(source, what, remedy, "two_files")

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
