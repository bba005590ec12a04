"""What do the sources of a study offer, before any row is read? Contract tables, exports with their maps, and faults.

What lies there also names the folder in which it is kept once it was read: the same files, maps, zone, key and code
find what was made before. Reading is left to `load`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache as remembered
from pathlib import Path

import duckdb

from analysis.foundation.calendar import iso
from analysis.foundation.errors import Fault
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes, fingerprint_of_files
from analysis.tables.folder import Found, look_into
from analysis.tables.generation import EARLIER
from analysis.tables.mapping import load_map
from analysis.tables.pseudonyms import Key, user_key


@dataclass(frozen=True)
class Source:
    """Where data come from: a contract folder or file, or, with a map, the export of another system.

    `map` is the name of a shipped source map or the path of one. The rest speaks of exports: `only` the files of the
    folder to be read (default: all that fit), `as_of` the instant of the export (naive UTC), `renamed` what the file
    now calls a column that the map calls otherwise, `key` that of the pseudonyms (default: the user's own), and
    `phone_country` the calling code of numbers written without one.
    """

    path: Path
    map: str | None = None
    only: tuple[Path, ...] | None = None
    as_of: datetime | None = None
    renamed: Mapping[str, str] = field(default_factory=dict)
    key: Key | None = None
    phone_country: str | None = None


@dataclass
class Given:
    """What the sources offer, before any row is read."""

    found: list[tuple[Source, Found]]
    exports: list[tuple[Source, dict[str, Path]]]
    faults: list[Fault]
    notices: list[str]
    as_of: datetime | None = None

    @classmethod
    def look(cls, sources: Sequence[Source]) -> Given:
        """Which tables and exports lie there; what is wrong with places is gathered in `faults`."""
        given = cls([], [], [], [])
        if not sources:
            remedy = "Name a folder with tables, or an export and its source map."
            given.faults.append(Fault(where="sources", what="no source is given", remedy=remedy, rule="no_source"))
        for source in sources:
            if source.map is None:
                contents = look_into(source.path)
                given.found += [(source, one) for found in contents.found if (one := _asked_for(found, source))]
                given.as_of = max(filter(None, (given.as_of, contents.as_of)), default=None)
                given.faults += contents.faults
                if contents.ignored:
                    given.notices.append(f"No table by its name, left alone: {', '.join(contents.ignored)}.")
            elif not source.path.exists():
                fault = Fault(
                    where=str(source.path), what="is not there", remedy="Check the path.", rule="missing_source"
                )
                given.faults.append(fault)
            else:
                given.exports.append((source, _visible_files(source.path)))
        for table in sorted({found.table for _, found in given.found}):
            names = [found.name for _, found in given.found if found.table == table]
            if len(names) > 1:
                given.faults.append(two_sources(table, names))
        return given

    def files(self) -> list[Path]:
        """All files of contract sources, with those of earlier versions."""
        files = [path for _, found in self.found for path in (*found.parts.values(), found.earlier) if path is not None]
        return list(dict.fromkeys(files))

    def key(self, zone: str) -> str:
        """What a prepared folder is called: the same for the same bytes, maps, zone and code."""
        exports = [
            [
                str(source.path.resolve()),
                str(source.map),
                _fingerprint_of_map(source.map),
                fingerprint_of_files(files),
                iso(source.as_of),
                dict(source.renamed),
                _key_check(source),
                source.phone_country,
            ]
            for source, files in self.exports
        ]
        tables = [
            [
                str(source.path.resolve()),
                found.name,
                list(found.inside),
                fingerprint_of_files({**found.parts, **_earlier_of(found)}),
                iso(found.known_from),
            ]
            for source, found in self.found
        ]
        whole = [exports, tables, zone, _code(), duckdb.__version__]
        return fingerprint_of_bytes(canonical_json(whole)).removeprefix("sha256:")[:24]


def absolute(path: Path) -> Path:
    """The path without `..`, under its own name: a link called `orders.csv` holds orders, whatever it points to."""
    return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()


def two_sources(table: str, names: Sequence[str]) -> Fault:
    """The fault of a table that is given more than once."""
    what = f"is given more than once: {', '.join(names)}"
    remedy = "Keep one source of the table, or put the parts into one folder of its name."
    return Fault(where=f"table {table}", what=what, remedy=remedy, rule="two_sources")


def _visible_files(path: Path) -> dict[str, Path]:
    """The files of an export by name: itself, or what lies directly in the folder."""
    if path.is_file():
        return {path.name: path}
    return {file.name: file for file in sorted(path.iterdir()) if file.is_file() and not file.name.startswith(".")}


def _fingerprint_of_map(source_map: str | None) -> str:
    """The hash of a map of the user's own; a shipped one is part of the code."""
    path = Path(str(source_map))
    return fingerprint(path) if path.is_file() else ""


def _earlier_of(found: Found) -> dict[str, Path]:
    """The file of a table's earlier versions, by name, where there is one."""
    return {} if found.earlier is None else {f"{EARLIER}/{found.earlier.name}": found.earlier}


def _key_check(source: Source) -> str | None:
    """What tells the key of the pseudonyms in an export apart from another; None where it holds none."""
    given = load_map(str(source.map))
    if not any(file.personal for file in given.files.values()):
        return None
    return (source.key or user_key()).check


def _asked_for(found: Found, source: Source) -> Found | None:
    """The table with the parts of it that are to be read, if there are any."""
    if source.only is None:
        return found
    parts = {name: path for name, path in found.parts.items() if path in source.only}
    return replace(found, parts=parts) if parts else None


@remembered
def _code() -> str:
    """The hash of the code that reads tables, and of the contract and the maps."""
    root = Path(__file__).parent
    files = (path for path in root.rglob("*") if path.suffix in (".py", ".toml", ".yaml"))
    return fingerprint_of_files({path.relative_to(root).as_posix(): path for path in files})
