"""How does SQL speak of the rows of one source? As a `Scan`: where they lie, in which types, in which file and line.

A scan is what every kind of source comes down to: Parquet where it lies, text that was read, a table in a database
file, rows a source map made. What follows (`checks`, `load`) does not ask which. Finding scans is left to `folder`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path

import duckdb

from analysis.foundation.errors import Fault
from analysis.tables.column_rules import CELL, LOCAL, OFFSET, Reading, reading
from analysis.tables.contract import TableSchema
from analysis.tables.engine import identifier
from analysis.tables.reader import LINE

FILE = "__file"


def literal(text: str) -> str:
    """A text as SQL may hold it where no parameter can be bound: file names in views.

    Examples
    --------
    >>> literal("O'Hara/orders.parquet")
    "'O''Hara/orders.parquet'"
    """
    if "\0" in text:
        raise ValueError("A text in a query holds no NUL.")
    return "'" + text.replace("'", "''") + "'"


def parquet_relation(files: Iterable[Path | str], *, numbered: bool = False) -> str:
    """SQL for the rows of some Parquet files; `numbered` adds the file and the row number within it."""
    listed = ", ".join(literal(str(file)) for file in files)
    options = ", filename = '__path', file_row_number = true" if numbered else ""
    return f"read_parquet([{listed}]{options})"


@dataclass(frozen=True)
class Scan:
    """The rows of one source of a table.

    Parameters
    ----------
    relation : str
        SQL behind FROM.
    types : mapping of str to str
        The source's columns, in order, and the engine's names of their types.
    file, line : str
        SQL for the file a row stands in, and its line (or row number) there.
    names : mapping of str to str
        What `file` gives, to the name its owner knows it by.
    zone : str
        Time zone of times that say no offset.
    in_place : tuple of Path
        The user's own Parquet files, if that is what it reads.
    left_out : int
        Rows of the file that `relation` does not hold, because they could not be told into columns.
    """

    relation: str
    types: Mapping[str, str]
    file: str
    line: str
    names: Mapping[str, str]
    zone: str
    in_place: tuple[Path, ...] = ()
    left_out: int = 0

    @classmethod
    def of_parquet(cls, connection: duckdb.DuckDBPyConnection, files: Mapping[Path, str], zone: str) -> Scan:
        """The user's own Parquet files, all of one shape, each with the name its owner knows."""
        return cls(
            relation=parquet_relation(files, numbered=True),
            types=types_of(connection, parquet_relation(files)),
            file='"__path"',
            line="file_row_number + 1",
            names={str(path): name for path, name in files.items()},
            zone=zone,
            in_place=tuple(files),
        )

    @classmethod
    def of_text(
        cls, connection: duckdb.DuckDBPyConnection, path: Path, name: str, zone: str, left_out: int = 0
    ) -> Scan:
        """Text that was read from a file of that name, or that a source map made of several; it carries its lines."""
        relation = parquet_relation([path])
        types = types_of(connection, relation)
        types.pop(LINE)
        file = literal(name) if types.pop(FILE, None) is None else identifier(FILE)
        return cls(relation, types, file, identifier(LINE), {name: name}, zone, left_out=left_out)

    @property
    def name(self) -> str:
        """The name of its first file."""
        return next(iter(self.names.values()))


def types_of(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation and the engine's names of their types."""
    return {row[0]: row[1] for row in connection.execute(f"describe select * from {relation}").fetchall()}


@dataclass(frozen=True, kw_only=True)
class TableInput:
    """All that is given for one table: its scans, what was read and set aside before, and where it came from.

    `originals` are the user's files by name, for the fingerprint; `set_aside` counts what a source map put aside, and
    `aside` are the files of its keys; `basis` is what it declares of counts, by column; `earlier` is the file of
    versions that no longer hold, and `known_from` the instant since which it can be told what was known, where an
    intake keeps them; `faults` are those of reading, with which the table is refused once all others are found.
    """

    schema: TableSchema
    scans: tuple[Scan, ...]
    originals: Mapping[str, Path]
    set_aside: Mapping[str, int] = field(default_factory=dict)
    notices: tuple[str, ...] = ()
    mapped: bool = False
    faults: tuple[Fault, ...] = ()
    basis: Mapping[str, str] = field(default_factory=dict)
    aside: tuple[Path, ...] = ()
    earlier: Path | None = None
    known_from: datetime | None = None

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """The columns its sources have: those of the contract first, in its order."""
        found = dict.fromkeys(name for scan in self.scans for name in scan.types)
        known = [column.name for column in self.schema.columns if column.name in found]
        return (*known, *(name for name in found if name not in self.schema.by_name))

    @property
    def further(self) -> tuple[str, ...]:
        """The columns the contract does not know."""
        return tuple(name for name in self.columns if name not in self.schema.by_name)

    def readings(self, scan: Scan) -> dict[str, Reading]:
        """How each contract column of a scan is read."""
        present = (column for column in self.schema.columns if column.name in scan.types)
        return {column.name: reading(column, scan.types[column.name], scan.zone) for column in present}

    def columns_as_they_lie(self, scan: Scan) -> dict[str, str] | None:
        """SQL of every column over the scan's own files, if reading them so each time costs next to nothing."""
        values: dict[str, str] = {}
        for name, found in self.readings(scan).items():
            if found.as_it_lies is None:
                return None
            values[name] = found.as_it_lies
        return values | self._beside(scan) if scan.in_place else None

    def typed(self, scans: Sequence[Scan] | None = None) -> str:
        """SQL of all rows in the engine's types, with the file and the line of each; columns no source has are null."""
        selects = []
        for scan in scans or self.scans:
            readings = self.readings(scan)
            values = {name: in_place_of(found.value, place) for place, (name, found) in enumerate(readings.items())}
            values |= self._beside(scan)
            listed = ", ".join(f"{values[name]} as {identifier(name)}" for name in self.all_columns)
            selects.append(f"select {listed}, {identifier(FILE)}, {identifier(LINE)} from ({self.cells(scan)})")
        return " union all ".join(selects)

    def cells(self, scan: Scan) -> str:
        """SQL of a scan's cells, local times and offsets under numbered names, its further columns, file and line."""
        listed = [f"{scan.file} as {identifier(FILE)}", f"{scan.line} as {identifier(LINE)}"]
        for place, found in enumerate(self.readings(scan).values()):
            listed.append(f'{found.cell} as "__cell{place}"')
            listed.append(f'{found.local} as "__local{place}"')
            listed.append(f'{found.offset} as "__offset{place}"')
        listed += [f'{identifier(name)} as "__raw{place}"' for place, name in enumerate(self.readings(scan))]
        listed += [identifier(name) for name in self.further if name in scan.types]
        return f"select {', '.join(listed)} from {scan.relation}"

    @property
    def all_columns(self) -> tuple[str, ...]:
        return (*(column.name for column in self.schema.columns), *self.further)

    def _beside(self, scan: Scan) -> dict[str, str]:
        """SQL of the columns that are not read by a rule: nulls for the absent, the further ones as they are."""
        absent = {
            column.name: f"cast(null as {column.engine_type})"
            for column in self.schema.columns
            if column.name not in scan.types
        }
        for name in self.further:
            held = {one.types[name] for one in self.scans if name in one.types}
            if name not in scan.types:
                absent[name] = "null"
            else:
                absent[name] = identifier(name) if len(held) == 1 else f"cast({identifier(name)} as varchar)"
        return absent


def in_place_of(sql: str, place: int) -> str:
    """The SQL of a rule or a value, speaking of the column at that place."""
    for word, name in ((CELL, "cell"), (LOCAL, "local"), (OFFSET, "offset")):
        sql = sql.replace(word, f'"__{name}{place}"')
    return sql
