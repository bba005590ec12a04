"""Which file holds which table? Looks into a contract folder, or at one file, and opens what it finds as scans.

A table is a Parquet or CSV file of its name, a folder of parts, a sheet of a workbook, or a table in a DuckDB file.
What has another name is no table and is left alone, which is said. Judging the rows is left to `checks`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

import duckdb

from analysis.foundation.errors import ContractError, Fault, did_you_mean
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier
from analysis.tables.engine.duckdb_engine import connected
from analysis.tables.generation import BESIDE, EARLIER, Generation
from analysis.tables.reader import BLANK_LINE, ending, parquet_columns, read_text, whole_parquet
from analysis.tables.scans import Scan, TableInput, literal, parquet_relation, types_of
from analysis.tables.workbook import sheet_names

TABLE_FILES = ("parquet", "csv")
LABEL_LENGTH, SHEETS_SHOWN = 40, 8


@dataclass(frozen=True, kw_only=True)
class Found:
    """Where one table lies.

    `name` is what its owner would call the place; `parts` the files by the name of each; `inside` the sheet, or the
    table in a database file by schema and name; `earlier` the file of the versions that no longer hold, where an intake
    made the folder, and `known_from` since when it tells what was known; `zone` that of its times, where that is known.
    """

    table: str
    name: str
    parts: Mapping[str, Path]
    inside: tuple[str, ...] = ()
    earlier: Path | None = None
    known_from: datetime | None = None
    zone: str | None = None


@dataclass
class Contents:
    """What a contract folder, or a file, holds: tables, names that are no table, and faults.

    `other_sheets` are those of workbooks of which no sheet is a table, by the name of the file; `as_of` is the date of
    the last export (naive UTC), where an intake made the folder.
    """

    found: list[Found] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    other_sheets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    as_of: datetime | None = None

    def fault(self, where: str, what: str, remedy: str, rule: str) -> None:
        self.faults.append(Fault(where=where, what=what, remedy=remedy, rule=rule))


def look_into(path: Path) -> Contents:
    """Which tables does this folder, or this file, hold?

    Parameters
    ----------
    path : Path
        A folder; or one `.parquet`, `.csv`, `.csv.gz`, `.xlsx` or `.duckdb` file.

    Examples
    --------
    >>> look_into(Path("no/such/folder")).faults[0].rule
    'missing_source'
    """
    contents = Contents()
    if not path.exists():
        contents.fault(str(path), "is not there", "Check the path.", "missing_source")
        return contents
    if not _is_text(str(path)):
        contents.fault(_shown(path), "has a name that is not text", "Rename it.", "unusable_path")
        return contents
    try:
        entries = sorted(path.iterdir()) if path.is_dir() else [path]
    except OSError:
        contents.fault(str(path), "cannot be looked into", "Ask its owner for access.", "unreadable_folder")
        return contents
    seen = [entry for entry in entries if not entry.name.startswith((".", "~$"))]
    try:
        generation = Generation.at(path) if path.is_dir() else None
    except ContractError as error:
        contents.faults += error.faults
        return contents
    for entry in seen:
        try:
            _look_at(entry, contents)
        except ContractError as error:
            contents.faults += error.faults
    if generation is not None:
        contents.as_of = generation.as_of
        contents.ignored = [name for name in contents.ignored if name not in BESIDE]
        contents.found = [_with_versions(found, generation) for found in contents.found]
    _tell_of_sheets(contents)
    if not contents.found and not contents.faults:
        if generation is not None:
            what = "holds no row yet: no export has been taken in"
            remedy = "Name your exports in the sources file, and run `touchstone intake` again."
        elif not seen:
            what, remedy = "is an empty folder", "Put a table into it, such as orders.csv."
        elif path.is_dir():
            what, remedy = "holds nothing that is a table by its name", f"Tables are called {_listed()}."
        else:
            what, remedy = "is no table by its name", did_you_mean(path.name.split(".")[0], SCHEMAS)
        contents.fault(path.name or str(path), what, remedy, "no_table")
    return contents


def _with_versions(found: Found, generation: Generation) -> Found:
    since = generation.known_from.get(found.table)
    return replace(found, earlier=generation.earlier(found.table), known_from=since, zone="UTC")


def _is_text(name: str) -> bool:
    """Whether a file's name can be written as UTF-8; operating systems allow names that cannot."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _shown(path: Path) -> str:
    return path.name.encode("utf-8", "replace").decode()


def _listed() -> str:
    return ", ".join(f"`{name}`" for name in SCHEMAS)


def _tell_of_sheets(contents: Contents) -> None:
    """Fault workbooks without a sheet that is a table, where the file has a table's name or nothing else is given."""
    tables = {found.table for found in contents.found}
    nothing_else = not tables and not contents.faults
    for file, sheets in contents.other_sheets.items():
        stem = file.split(".")[0].lower()
        if (stem in SCHEMAS and stem not in tables) or nothing_else:
            wanted = f"`{stem}`." if stem in SCHEMAS else f"as its table. Tables are called {_listed()}."
            shown = ", ".join(f"`{label(name)}`" for name in sheets[:SHEETS_SHOWN])
            more = f" and {len(sheets) - SHEETS_SHOWN} more" if len(sheets) > SHEETS_SHOWN else ""
            what = f"has no sheet that is a table by its name; its sheets: {shown}{more}"
            remedy = f"The sheet's name counts, not the file's: name the sheet {wanted}"
            contents.fault(file, what, remedy, "no_table_sheet")


def label(name: str) -> str:
    """The name of a sheet or a column, fit for a message: no more than 40 signs, each of which can be printed."""
    cut = name if len(name) <= LABEL_LENGTH else name[: LABEL_LENGTH - 1] + "…"
    return "".join(sign if sign.isprintable() else "?" for sign in cut)


def _look_at(entry: Path, contents: Contents) -> None:
    kind, stem = ending(entry), entry.name.split(".")[0]
    if entry.is_dir():
        if entry.name in SCHEMAS:
            _look_at_parts(entry, contents)
        else:
            contents.ignored.append(f"{entry.name}/")
    elif not entry.is_file() and kind in TABLE_FILES and stem in SCHEMAS:
        what = "has the name of a table and is no file that can be read"
        remedy = "Is it a link whose file has gone? Put the file there, or take the name away."
        contents.faults.append(Fault(where=entry.name, what=what, remedy=remedy, rule="no_file"))
    elif not entry.is_file() or not _is_text(entry.name):
        contents.ignored.append(_shown(entry))
    elif kind in TABLE_FILES and stem in SCHEMAS and entry.name.lower() in (f"{stem}.{kind}", f"{stem}.{kind}.gz"):
        contents.found.append(Found(table=stem, name=entry.name, parts=MappingProxyType({entry.name: entry})))
    elif kind == "xlsx":
        sheets = sheet_names(entry)
        _look_inside(entry, ((name,) for name in sheets), contents)
        if not SCHEMAS.keys() & set(sheets):
            contents.other_sheets[entry.name] = sheets
    elif kind == "duckdb":
        _look_inside(entry, database_tables(entry), contents)
    else:
        contents.ignored.append(entry.name)


def _look_at_parts(folder: Path, contents: Contents) -> None:
    """A folder of a table's name: every file in it is a part, but for hidden ones and those beginning with `_`."""
    parts: dict[str, Path] = {}
    for entry in sorted(folder.iterdir()):
        name = f"{folder.name}/{entry.name}"
        if entry.name.startswith((".", "_")):
            continue
        if entry.is_dir():
            remedy = "Put all parts of the table directly into the folder of its name."
            contents.fault(f"{name}/", "is a folder among the parts of a table", remedy, "nested_parts")
        elif not _is_text(entry.name):
            contents.fault(
                f"{folder.name}/{_shown(entry)}", "has a name that is not text", "Rename it.", "unusable_path"
            )
        elif ending(entry) in TABLE_FILES:
            parts[name] = entry
        else:
            contents.ignored.append(name)
    if parts:
        contents.found.append(Found(table=folder.name, name=f"{folder.name}/", parts=MappingProxyType(parts)))
    else:
        remedy = "Put Parquet or CSV files into it, or take the folder away."
        contents.fault(f"{folder.name}/", "is a table's folder without parts", remedy, "no_parts")


def _look_inside(entry: Path, tables: Iterator[tuple[str, ...]], contents: Contents) -> None:
    for inside in tables:
        name = f"{entry.name}: {'.'.join(inside)}"
        if inside[-1] in SCHEMAS:
            parts = MappingProxyType({entry.name: entry})
            contents.found.append(Found(table=inside[-1], name=name, parts=parts, inside=inside))
        else:
            contents.ignored.append(name)


def database_tables(path: Path) -> Iterator[tuple[str, ...]]:
    """The tables and views of a DuckDB file, by schema and name; the file is opened read only.

    Raises
    ------
    ContractError
        If it is no DuckDB file, another program has it open, or it was not closed properly.
    """
    with connected() as connection:
        attach(connection, path, "given")
        rows = connection.execute(
            "select table_schema, table_name from information_schema.tables where table_catalog = 'given' order by 1, 2"
        ).fetchall()
    yield from rows


def attach(connection: duckdb.DuckDBPyConnection, path: Path, name: str) -> None:
    """Attach a DuckDB file, read only; ContractError if it cannot be."""
    if path.with_name(f"{path.name}.wal").exists():
        remedy = "Close the program that has it open, so that all changes are in the file itself."
        fault = Fault(
            where=path.name, what="was not closed: a .wal file lies beside it", remedy=remedy, rule="open_database"
        )
        raise ContractError(fault)
    try:
        connection.execute(f"attach {literal(str(path.resolve()))} as {identifier(name)} (read_only, type duckdb)")
    except duckdb.Error as error:
        remedy = (
            f"It must be a DuckDB file, closed by other programs, of a version that DuckDB {duckdb.__version__} reads."
        )
        fault = Fault(where=path.name, what="cannot be opened as a DuckDB file", remedy=remedy, rule="wrong_ending")
        raise ContractError(fault) from error


def open_table(connection: duckdb.DuckDBPyConnection, found: Found, *, zone: str, cache: Path) -> TableInput:
    """The table as scans over its files.

    Parameters
    ----------
    connection : DuckDBPyConnection
        One that may read the files, with each database file attached under the name `database_name` gives it.
    found : Found
        Where it lies.
    zone : str
        Zone of times that say no offset.
    cache : Path
        Folder for the text of CSV files and sheets.

    Raises
    ------
    ContractError
        With every fault of every file that cannot be read. Records of a wrong number of fields are left out, and
        their faults kept in the table, so that the others are checked too.
    """
    zone = found.zone or zone
    scans: list[Scan] = []
    faults: list[Fault] = []
    of_records: list[Fault] = []
    notices: list[str] = []
    native: dict[tuple[tuple[str, str], ...], dict[Path, str]] = {}
    for name, path in found.parts.items():
        try:
            if ending(path) == "duckdb":
                scans.append(_database_scan(connection, found, path, zone))
            elif ending(path) == "parquet":
                parquet_columns(path)
                with whole_parquet(path):
                    shape = tuple(types_of(connection, parquet_relation([path.resolve()])).items())
                native.setdefault(shape, {})[path.resolve()] = name
            else:
                sheet = found.inside[0] if found.inside else None
                relation, aside = read_text(path, cache=cache, sheet=sheet, leave_out_faulty=True)
                label = name if not found.inside else relation.name
                scans.append(Scan.of_text(connection, relation.path, label, zone, relation.left_out))
                of_records += _as_owner_names_it(relation.faults, path, name)
                if blank := aside.get(BLANK_LINE):
                    notices.append(f"{label}: {blank:,} blank lines between records are passed over.")
        except ContractError as error:
            faults += _as_owner_names_it(error.faults, path, name)
    scans += [Scan.of_parquet(connection, files, zone) for files in native.values()]
    faults += _faults_of_shape(found, scans)
    if faults:
        raise ContractError([*faults, *of_records])
    beside = {} if found.earlier is None else {f"{EARLIER}/{found.earlier.name}": found.earlier}
    return TableInput(
        schema=SCHEMAS[found.table],
        scans=tuple(scans),
        originals={**found.parts, **beside},
        notices=tuple(notices),
        faults=tuple(of_records),
        mapped=found.earlier is not None,
        earlier=found.earlier,
        known_from=found.known_from,
    )


def _as_owner_names_it(faults: Iterable[Fault], path: Path, name: str) -> list[Fault]:
    """The faults of a file, a part of a table called with its folder: `orders/part-0.csv`."""
    return [replace(fault, where=name) if fault.where == path.name else fault for fault in faults]


def database_name(path: Path) -> str:
    """The name a database file is attached under."""
    return f"given_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:16]}"


def _database_scan(connection: duckdb.DuckDBPyConnection, found: Found, path: Path, zone: str) -> Scan:
    relation = ".".join(identifier(part) for part in (database_name(path), *found.inside))
    try:
        types = types_of(connection, relation)
    except duckdb.Error as error:
        remedy = "Make a table of it; a view may only speak of what the file itself holds."
        fault = Fault(
            where=found.name, what="cannot be read from the database file", remedy=remedy, rule="unreadable_view"
        )
        raise ContractError(fault) from error
    return Scan(relation, types, literal(found.name), "row_number() over ()", {found.name: found.name}, zone)


def _faults_of_shape(found: Found, scans: list[Scan]) -> Iterator[Fault]:
    """Parts of one table have the same columns."""
    for scan in scans[1:]:
        if set(scan.types) != set(scans[0].types):
            remedy = "Export all parts with the same columns."
            what = f"its columns are not those of {scans[0].name}"
            yield Fault(where=scan.name, what=what, remedy=remedy, rule="parts_differ")
