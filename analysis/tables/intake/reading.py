"""Which rows does an export hold, in the contract's terms? Read, judged, typed and written down, a file a table.

A row that stands in the export more than once and says the same each time is kept once. `known_at` is filled: by the
row's own word where it has one, else by the date of the export; in the first export of a table, which holds what
happened long before it, by the time of the event. Whose the rows are is left to `identity`, what they change to
`versions`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb

from analysis.foundation.calendar import iso
from analysis.foundation.errors import Fault, InputError
from analysis.inference.estimate import RowsUsed
from analysis.tables.checks import Findings
from analysis.tables.contract import KNOWN_AT
from analysis.tables.engine import identifier
from analysis.tables.generation import SOURCE
from analysis.tables.given import Given, Source
from analysis.tables.intake.sources import Export
from analysis.tables.intake.versions import ordered
from analysis.tables.load import Judging, Staged, staged
from analysis.tables.local_time import instant
from analysis.tables.pseudonyms import Key
from analysis.tables.reader import LINE
from analysis.tables.scans import FILE, TableInput, literal, parquet_relation
from analysis.tables.staging import write

JUDGING = Judging(repeats=True, empty=True, later={"identities": ("customer_id", "method")}, aside=True)
LATEST = timedelta(hours=36)
"""How long after the start of the day of an export its rows may have happened: that day, in any time zone."""

STANDS_TWICE = "row that stands twice"


@dataclass(frozen=True, kw_only=True)
class Read:
    """One table of one export: its file, the account of its rows, and what should be known about it.

    `aside` are the files of the keys that the source map set aside: what was held under them no longer stands.
    """

    table: str
    path: Path
    rows: RowsUsed
    notices: tuple[str, ...]
    assumed: bool
    aside: tuple[Path, ...]


def read(
    export: Export,
    build: Path,
    *,
    place: int,
    zone: str,
    key: Key | None,
    phone_country: str | None,
    first: set[str],
    last: datetime | None,
    memory_limit: str | None,
) -> tuple[list[Read], list[Fault], list[str]]:
    """The tables of an export, written down; what is wrong with it; and what should be known of it as a whole.

    Parameters
    ----------
    export : Export
    build : Path
        Folder of the intake under way.
    place : int
        The number of the export in this intake, for names of files.
    zone : str
        Of contract times without an offset.
    key : Key, optional
        The key of the pseudonyms.
    phone_country : str, optional
        Calling code of numbers written without one.
    first : set of str
        Tables of which nothing is held yet.
    last : datetime, optional
        Since when the source's export before this one is held.
    memory_limit : str, optional
    """
    folder = build / f"reading-{place}"
    folder.mkdir(mode=0o700)
    source = export.source
    paths = list(export.files) if source.map is None else [next(iter(export.files)).parent]
    sources = [
        Source(
            path,
            source.map,
            only=tuple(export.files),
            as_of=export.as_of,
            renamed=source.renamed,
            key=key,
            phone_country=phone_country,
        )
        for path in paths
    ]
    given = Given.look(sources)
    made: list[Read] = []

    def keep(connection: duckdb.DuckDBPyConnection, table: TableInput) -> str:
        path = folder / f"{table.schema.name}.parquet"
        write(connection, _rows(table, export, last, first=table.schema.name in first), path)
        return parquet_relation([path])

    judging = replace(JUDGING, keep=keep)
    with staged(given, folder, zone=zone, memory_limit=memory_limit, judging=judging) as found:
        faults = [*found.faults, *_reserved(found), *_too_late(found, export)]
        if not faults:
            made = [_written(found, name, export, folder, first, last) for name in found.tables]
    return made, faults, given.notices


def _written(found: Staged, name: str, export: Export, folder: Path, first: set[str], last: datetime | None) -> Read:
    table, findings = found.tables[name], found.findings[name]
    path = folder / f"{name}.parquet"
    set_aside = dict(table.set_aside)
    if findings.again:
        write(found.connection, _rows(table, export, last, first=name in first, repeats=True), path)
        set_aside[STANDS_TWICE] = findings.again
    kept = findings.rows - findings.again
    return Read(
        table=name,
        path=path,
        rows=RowsUsed(read=kept + sum(set_aside.values()), kept=kept, set_aside=set_aside),
        notices=(*table.notices, *findings.notices),
        assumed=name in first and not table.schema.standing and _says_not_since_when(found.connection, table),
        aside=table.aside,
    )


def _says_not_since_when(connection: duckdb.DuckDBPyConnection, table: TableInput) -> bool:
    """Whether rows of a table do not say since when they are known."""
    own = [name for name in (KNOWN_AT.name, table.schema.recorded_time) if name in table.columns]
    if not own:
        return True
    empty = " and ".join(f"{identifier(str(name))} is null" for name in own)
    return connection.execute(f"select 1 from ({table.typed()}) where {empty} limit 1").fetchone() is not None


def _rows(table: TableInput, export: Export, last: datetime | None, *, first: bool, repeats: bool = False) -> str:
    """The query for the rows of a table: the columns the export has, each key once, when known, and of which source."""
    schema = table.schema
    typed = f"({table.typed()})"
    if repeats:
        keys = [identifier(name) for name in schema.key if name in table.columns]
        others = [identifier(name) for name in table.columns if name not in schema.key]
        held = ", ".join([*keys, *(f"any_value({name}) as {name}" for name in others)])  # they all say the same
        typed = f"(select {held} from {typed} group by {', '.join(keys)})"
    at = instant(export.since)
    otherwise = at
    if schema.standing:
        otherwise = "cast(null as timestamp)" if first else at
    elif first:
        times = [name for name in (schema.recorded_time, schema.event_time) if name in table.columns]
        happened = ", ".join(f"cast({identifier(str(name))} as timestamp)" for name in times)
        otherwise = f"coalesce(least({f'coalesce({happened})'}, {at}), {at})" if times else at
    values = {name: identifier(name) for name in table.columns if name != SOURCE}
    if KNOWN_AT.name in table.columns:  # believed, but for what the export before would have had to hold already
        own = identifier(KNOWN_AT.name)
        believed = own if last is None or first else f"case when {own} > {instant(last)} then {own} else {at} end"
        otherwise = f"case when {own} is null then {otherwise} else {believed} end"
    values[KNOWN_AT.name] = f"cast({otherwise} as timestamp)"
    values[SOURCE] = literal(export.source.name)
    listed = ", ".join(f"{values[name]} as {identifier(name)}" for name in ordered(list(values), schema))
    return f"select {listed} from {typed}"


def _reserved(found: Staged) -> list[Fault]:
    """Columns whose name the intake needs for its own."""
    what, remedy = "its name is kept for the source that a row came from", "Rename it."
    return [
        Fault(where=table.scans[0].name, column=SOURCE, what=what, remedy=remedy, rule="reserved_column")
        for table in found.tables.values()
        if SOURCE in table.columns
    ]


def _too_late(found: Staged, export: Export) -> list[Fault]:
    """Events that an export cannot know of: they happened after its day."""
    if found.faults:
        return []
    faults = []
    for name, table in found.tables.items():
        late = _ends_late(found.findings[name], export)
        faults += [_of_the_future(found.connection, table, export, table.schema.event_time) if late else None]
        faults += [_of_the_future(found.connection, table, export, KNOWN_AT.name)]
    return [fault for fault in faults if fault is not None]


def _ends_late(findings: Findings, export: Export) -> bool:
    return isinstance(findings.last, datetime) and findings.last > export.as_of + LATEST


def _of_the_future(
    connection: duckdb.DuckDBPyConnection, table: TableInput, export: Export, column: str | None
) -> Fault | None:
    schema = table.schema
    happens = column == schema.event_time and (schema.standing or schema.recorded_time is not None)
    if column not in table.columns or happens or schema.column(column).type != "time":
        return None
    late = f"{identifier(column)} > {instant(export.as_of + LATEST)}"
    file, line = identifier(FILE), identifier(LINE)
    rows = connection.execute(
        f"select count(*) over () as n, {file}, {line} from ({table.typed()}) where {late} order by 2, 3 limit 1"
    ).fetchone()
    if rows is None:
        return None
    count, where, first = rows
    names = {key: name for scan in table.scans for key, name in scan.names.items()}
    return Fault(
        where=names.get(where, where),
        column=column,
        what=f"lies after the export, which is of {iso(export.as_of)}",
        remedy="Correct the date of the export (`--as-of`), or the format of its times: day and month may be swapped.",
        rule="after_export",
        count=count,
        first=first,
    )


def refuse(faults: list[Fault]) -> None:
    """Raise all that was found, if anything was."""
    if faults:
        raise InputError(list(dict.fromkeys(faults)))
