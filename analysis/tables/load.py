"""How do files become tables that can be counted? Read, checked, typed, kept; then opened in the engine.

    prepared = prepare([Source(Path("data/demo"))], cache=Path(".cache"))
    with open_tables(prepared) as tables:
        tables.engine.query("select count(*) as orders from orders")

`prepare` refuses with every fault of every table, or leaves a folder that `open_tables` opens without reading the
sources again. Which file holds which table is left to `folder` and the source maps, what is a fault to `checks`, how
rows get into the engine's types to `staging`.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from analysis.foundation.calendar import zone as zone_of
from analysis.foundation.errors import ContractError, Fault, InputError, MapError
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes
from analysis.inference.estimate import RowsUsed
from analysis.tables.checks import Findings, column_findings, header_faults, orphans, table_findings
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier
from analysis.tables.folder import open_table
from analysis.tables.given import Given, Source, absolute, two_sources
from analysis.tables.mapping import MappedTable, mapped
from analysis.tables.mapping_basis import MIXED, joined
from analysis.tables.opened import RECORD, Prepared, TableAccount, Tables, open_tables, seen
from analysis.tables.scans import Scan, TableInput
from analysis.tables.staging import View, broken_files, keep, staging, with_joined_at

__all__ = ["Prepared", "Source", "TableAccount", "Tables", "open_tables", "prepare"]


def prepare(
    sources: Sequence[Source],
    *,
    cache: Path,
    zone: str = "UTC",
    memory_limit: str | None = None,
    anew: Callable[[], object] = lambda: None,
) -> Prepared:
    """Do these sources keep the contract, and if so, what do they hold?

    Parameters
    ----------
    sources : sequence of Source
        Contract folders, single files, exports with their maps. No table of a contract folder may come from a second
        source; several maps may feed one table.
    cache : Path
        Folder for the typed tables. They are private data: what is made there can be read by its owner alone. The same
        files, maps, zone and code find what was made before.
    zone : str
        Time zone of contract tables whose times say no offset. Maps declare their own.
    memory_limit : str, optional
        "4GB"; by default half of the machine's memory.
    anew : callable, optional
        Called before sources are read that were not read before.

    Returns
    -------
    Prepared
        With one account a table.

    Raises
    ------
    ContractError, MapError
        With every fault found in every source. Nothing is kept then.
    UnknownName
        If there is no such time zone.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "customers.csv").write_text("customer_id,region\\n007,north\\n8,\\n")
    >>> prepared = prepare([Source(folder)], cache=folder / ".cache")
    >>> prepared.accounts["customers"].rows
    RowsUsed(read=2, kept=2, set_aside=mappingproxy({}))
    >>> with open_tables(prepared) as tables:
    ...     tables.engine.query("select customer_id from customers order by 1").column(0).to_pylist()
    ['007', '8']
    """
    zone_of(zone)
    cache = cache.resolve()
    given = Given.look([replace(source, path=absolute(source.path)) for source in sources])
    key = given.key(zone) if not given.faults else None
    if key and (cache / key / RECORD).is_file():
        if _is_whole(cache / key):
            return Prepared.read(cache / key)
        shutil.rmtree(cache / key)  # a full disk or a tidy hand: what can be remade is remade
    if key:
        anew()
    with _build_folder(cache) as build:
        record = _prepare_in(build, given, zone, memory_limit)
        assert key is not None
        record["kept"] = {path.relative_to(build).as_posix(): path.stat().st_size for path in _files_in(build)}
        (build / RECORD).write_bytes(canonical_json(record))
        try:
            build.rename(cache / key)
        except OSError:
            if not (cache / key / RECORD).is_file():  # else another caller was quicker with the same
                raise
    return Prepared.read(cache / key)


def _files_in(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name != RECORD)


def _is_whole(folder: Path) -> bool:
    """Whether a prepared folder still holds every file that was kept in it, at its size."""
    try:
        kept = json.loads((folder / RECORD).read_bytes())["kept"]
    except (ValueError, KeyError):
        return False
    return all((folder / name).is_file() and (folder / name).stat().st_size == size for name, size in kept.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """How sources are judged, and what is kept.

    `keep` writes a sound table where the caller wants it, and gives back SQL behind FROM for its rows; without it the
    table is kept in the build folder, or viewed where it lies. `repeats`: a row may stand in the files more than once,
    if it says the same each time. `empty`: a contract table may have a header and no row. `later` names by table the
    columns that are filled once the people of rows are looked up. `aside`: the keys of rows that a source map sets
    aside are kept as well.
    """

    keep: Callable[[duckdb.DuckDBPyConnection, TableInput], str] | None = None
    repeats: bool = False
    empty: bool = False
    later: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    aside: bool = False


CONTRACT = Judging()
"""As tables of the contract are: every key once, and rows in every table."""


@dataclass(frozen=True)
class Staged:
    """Sources that were read and judged, in a connection that is still open; what becomes of them is the caller's.

    `tables` are the scans of each table, `findings` what was found in it, `faults` all that is wrong: with any, nothing
    here may be used. `views` are the tables that were kept in the build folder.
    """

    connection: duckdb.DuckDBPyConnection
    tables: Mapping[str, TableInput]
    findings: Mapping[str, Findings]
    views: Mapping[str, View]
    faults: tuple[Fault, ...]
    only_maps: bool = False

    def refuse(self) -> None:
        """Raise every fault, if there is one."""
        if self.faults:
            raise (MapError if self.only_maps else ContractError)(self.faults)


@contextmanager
def staged(
    given: Given, build: Path, *, zone: str, memory_limit: str | None = None, judging: Judging = CONTRACT
) -> Iterator[Staged]:
    """Everything that sources offer, read and judged.

    Parameters
    ----------
    given : Given
    build : Path
        Folder for what is written on the way; the connection may read what lies there.
    zone : str
        Zone of contract times without an offset.
    memory_limit : str, optional
    judging : Judging
        How strictly, and whether sound tables are kept in the build folder.
    """
    faults = list(given.faults)
    made, errors = _from_exports(given, build, keys_aside=judging.aside)
    two = {found.table for _, found in given.found} & {one.table for one, _ in made}
    faults += [two_sources(table, ["a contract source", "a source map"]) for table in sorted(two)]
    with staging(build, given.files(), memory_limit) as (connection, refused):
        errors += refused
        tables: dict[str, TableInput] = {}
        for _, found in given.found:
            try:
                tables[found.table] = open_table(connection, found, zone=zone, cache=build)
            except ContractError as error:
                errors.append(error)
        for name, table in _of_exports(connection, made).items():
            tables.setdefault(name, table)
        findings: dict[str, Findings] = {}
        views: dict[str, View] = {}
        for name, table in sorted(tables.items()):
            findings[name] = _check(connection, table, build, views, judging)
            faults += findings[name].faults
        only_maps = bool(errors) and not faults and all(isinstance(error, MapError) for error in errors)
        faults += [fault for error in errors for fault in error.faults if fault not in faults]
        yield Staged(connection, tables, findings, views, tuple(faults), only_maps)
    for left in (*build.glob("text-*"), *(one.path for one, _ in made)):
        left.unlink(missing_ok=True)
    shutil.rmtree(build / "spill", ignore_errors=True)


def _prepare_in(build: Path, given: Given, zone: str, memory_limit: str | None) -> dict[str, Any]:
    """Read, check and keep everything in a folder; what `prepared.json` holds."""
    with staged(given, build, zone=zone, memory_limit=memory_limit) as found:
        found.refuse()
        record = _record(found.connection, found.tables, found.findings, dict(found.views), build, given.as_of)
    record["notices"] = [*given.notices, *record["notices"]]
    return record


def _from_exports(
    given: Given, build: Path, *, keys_aside: bool
) -> tuple[list[tuple[MappedTable, str]], list[InputError]]:
    """What the source maps make of the exports, each table with the source's own name; and what they refuse."""
    made: list[tuple[MappedTable, str]] = []
    errors: list[InputError] = []
    for source, _ in given.exports:
        try:
            tables = mapped(
                str(source.map),
                source.path,
                cache=build,
                only=source.only,
                as_of=source.as_of,
                renamed=source.renamed,
                key=source.key,
                phone_country=source.phone_country,
                keys_aside=keys_aside,
            )
            made += [(table, source.path.name) for table in tables]
        except InputError as error:
            errors.append(error)
    return made, errors


def _of_exports(
    connection: duckdb.DuckDBPyConnection, made: Sequence[tuple[MappedTable, str]]
) -> dict[str, TableInput]:
    """The mapped tables as scans; several exports may feed one table."""
    tables: dict[str, TableInput] = {}
    for one, name in made:
        scan = Scan.of_text(connection, one.path, name, one.zone)
        before = tables.get(one.table, TableInput(schema=SCHEMAS[one.table], scans=(), originals={}, mapped=True))
        tables[one.table] = replace(
            before,
            scans=(*before.scans, scan),
            originals=_with_files(before.originals, name, one.files),
            set_aside=_added(before.set_aside, one.set_aside),
            notices=(*before.notices, *(notice for notice in one.notices if notice not in before.notices)),
            basis=joined(before.basis, one.basis),
            aside=(*before.aside, *([] if one.aside is None else [one.aside])),
        )
    return tables


def _check(
    connection: duckdb.DuckDBPyConnection, table: TableInput, build: Path, views: dict[str, View], judging: Judging
) -> Findings:
    """All findings of one table; a table without faults is kept, and its view noted, on the way."""
    try:
        findings = column_findings(connection, table, may_be_empty=judging.empty)
        findings.faults[:0] = header_faults(table, judging.later.get(table.schema.name, ()))
        if findings.faults:
            typed = f"({table.typed()})"
        elif judging.keep is not None:
            typed = judging.keep(connection, table)
        else:
            view = views[table.schema.name] = keep(connection, table, build, blank_text=findings.blank_text)
            typed = f"({view.all_rows(build)})"
        table_findings(connection, table, typed, findings, repeats=judging.repeats)
    except duckdb.Error:
        if broken := broken_files(connection, table):
            return Findings(faults=[fault for error in broken for fault in error.faults])
        raise
    return findings


def _record(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, TableInput],
    findings: Mapping[str, Findings],
    views: dict[str, View],
    build: Path,
    as_of: datetime | None,
) -> dict[str, Any]:
    """Accounts and views of sound tables, as `prepared.json` holds them."""
    for name, view in views.items():
        connection.execute(f"create view {identifier(name)} as {view.sql(build)}")
    if "customers" in views:
        views["customers"] = with_joined_at(connection, views["customers"], build, has_orders="orders" in views)
    originals = {path.resolve() for table in tables.values() for path in table.originals.values()}
    hashes = {path: fingerprint(path) for path in originals}
    record: dict[str, Any] = {"tables": {}}
    for name, table in tables.items():
        found = findings[name]
        notices = [*table.notices, *found.notices]
        named = name != "customers" and "customers" in tables and "customer_id" in table.columns
        if named and (count := orphans(connection, identifier(name), "customers")):
            what = "customers are not in the table `customers`"
            notices.append(f"{table.scans[0].name}, column `customer_id`: {what} ({count:,} rows).")
        set_aside = _added(table.set_aside, found.set_aside)
        several = [column for column, word in table.basis.items() if word == MIXED]
        notices += [f"`{column}` of `{name}` is made of counts on more than one basis." for column in several]
        kept = connection.execute(f"select count(*) from {identifier(name)}").fetchone()
        assert kept is not None
        if kept[0] == 0:
            notices.append(f"{table.scans[0].name}: no row is left to count.")
        account = TableAccount(
            name=name,
            rows=RowsUsed(read=found.rows + sum(table.set_aside.values()), kept=kept[0], set_aside=set_aside),
            columns=table.columns,
            fingerprint=_fingerprint_of(table.originals, hashes),
            notices=tuple(notices),
            files=tuple(table.originals),
            first=found.first,
            last=found.last,
            known_at_nulls=found.known_at_nulls,
            basis=table.basis,
            known_from=table.known_from,
        )
        in_place = {str(path): seen(path, hashes[path.resolve()]) for path in views[name].in_place()}
        record["tables"][name] = {"account": account.to_dict(), "view": views[name].to_dict(), "in_place": in_place}
    known = [found.known_at for found in findings.values() if found.known_at is not None]
    known += [] if as_of is None else [as_of]
    record["known_at"] = max(known).isoformat() if known else None
    record["known_at_assumed"] = any(found.known_at_assumed for found in findings.values())
    record["notices"] = list(_currencies(findings))
    return record


def _currencies(findings: Mapping[str, Findings]) -> Iterator[str]:
    """A word where tables hold money in different currencies."""
    held = {name: found.currency for name, found in findings.items() if found.currency}
    if len(set(held.values())) > 1:
        listed = ", ".join(f"`{name}` {currency}" for name, currency in held.items())
        yield f"Tables hold money in different currencies, and there is no table of rates: {listed}."


def _with_files(originals: Mapping[str, Path], source: str, files: Sequence[Path]) -> dict[str, Path]:
    """The files of an export added, each under a name of its own."""
    named = dict(originals)
    for path in files:
        name = path.name if path.name == source else f"{source}/{path.name}"
        while named.get(name, path) != path:
            name = f"{path.parent.name}/{name}"
        named[name] = path
    return named


def _added(counts: Mapping[str, int], more: Mapping[str, int]) -> dict[str, int]:
    return {reason: counts.get(reason, 0) + more.get(reason, 0) for reason in (*counts, *more)}


@contextmanager
def _build_folder(cache: Path) -> Iterator[Path]:
    """A folder that only its owner can read, gone again unless it was renamed."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    build = Path(tempfile.mkdtemp(prefix=".build-", dir=cache)).resolve()
    try:
        yield build
    finally:
        shutil.rmtree(build, ignore_errors=True)


def _fingerprint_of(originals: Mapping[str, Path], hashes: Mapping[Path, str]) -> str:
    """The hash of the one file behind a table, or of the names and hashes of several."""
    if len(originals) == 1:
        return hashes[next(iter(originals.values())).resolve()]
    return fingerprint_of_bytes(
        "\n".join(f"{name} {hashes[path.resolve()]}" for name, path in sorted(originals.items())).encode()
    )
