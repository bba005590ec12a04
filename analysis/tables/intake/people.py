"""Whose are the rows? What `identity` finds for every table of an intake, in the order in which it can be found.

The customers come first, then the other names they go by, then everything they did. When one of these two has changed,
the rows that were held are looked up again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from pathlib import Path

import duckdb

from analysis.foundation.errors import Fault
from analysis.tables.contract import KNOWN_AT, SCHEMAS
from analysis.tables.generation import SOURCE
from analysis.tables.identity import ADDRESSES, IDENTITY_COLUMNS, Directory, Matching, addresses_in_the_clear
from analysis.tables.intake.versions import Changes, Held, Incoming, numbered, replaced
from analysis.tables.local_time import instant
from analysis.tables.scans import literal, parquet_relation, types_of
from analysis.tables.staging import write

CUSTOMERS, IDENTITIES = "customers", "identities"


class People:
    """The people known in the course of one intake.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        One that may read the tables.
    own_ids : collection of str
        Sources whose own ids of people are the company's customer ids.
    waiting : Path, optional
        The names of `identities` that had no customer at the last intake.
    into : Path
        Folder for files.
    """

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, own_ids: Collection[str], waiting: Path | None, into: Path
    ) -> None:
        self.connection, self.own_ids, self.into = connection, own_ids, into
        self.changed = False
        self.waiting = waiting
        self._files = 0
        self.held: dict[str, Held] = {}
        self.directory = self._directory()

    def hold(self, table: str, held: Held) -> None:
        """Take note of the files of a table."""
        changed = self.held.get(table, Held()) != held
        self.held[table] = held
        if changed and table in (CUSTOMERS, IDENTITIES):
            self.directory = self._directory()

    def know(self, table: str, held: Held, changes: Changes) -> None:
        """Take note of a table after the exports of a date."""
        self.changed |= changes.any and table in (CUSTOMERS, IDENTITIES)
        self.hold(table, held)

    def faults(self, table: str, rows: Path, source: str) -> list[Fault]:
        """What may not lie in a table: plain addresses."""
        return addresses_in_the_clear(self.connection, parquet_relation([rows]), f"source `{source}`, table {table}")

    def found(self, table: str, rows: Path, *, source: str, full: bool) -> tuple[Path, tuple[Path, ...]]:
        """The file of the rows with their customers filled in; and for names that nobody goes by, the file of those.

        Parameters
        ----------
        table : str
        rows : Path
        source : str
            Whose rows they are.
        full : bool
            Whether the export holds all of the source: then its other names no longer wait.
        """
        relation = parquet_relation([rows])
        columns = list(types_of(self.connection, relation))
        target = rows.with_name(f"{rows.stem}-found.parquet")
        nobody: tuple[Path, ...] = ()
        if table == IDENTITIES:
            kept = f"{SOURCE} <> {literal(source)}" if full else "true"
            nobody = self._look_up_names(relation, columns, target, kept)
        elif self._looks_up(table, columns):
            write(self.connection, self.directory.matched(relation, columns), target)
        else:
            return rows, ()
        rows.unlink()
        return target, nobody

    def looked_up_again(self, as_of: datetime) -> Iterator[Incoming]:
        """The names that found their customer by an address, or wait for one, as they are found now, by source."""
        names = self._names_by_address()
        if not self.changed or names is None:
            return
        columns = [name for name, *_ in self.connection.execute(f"describe {names}").fetchall()]
        target, self.waiting = self._new_file("again"), None
        nobody = self._look_up_names(f"({names})", columns, target, "true")
        relation = parquet_relation([target])
        sources = self.connection.execute(f"select distinct {SOURCE} from ({names}) order by 1").fetchall()
        for (source,) in sources:
            path = self._new_file("again")
            known = f"* replace ({instant(as_of)} as {KNOWN_AT.name})"
            write(self.connection, f"select {known} from {relation} where {SOURCE} = {literal(source)}", path)
            yield Incoming(path=path, source=source, as_of=as_of, full=False, aside=nobody)

    def _names_by_address(self) -> str | None:
        """The query for the names that are looked up by an address: those that wait, and those that found somebody."""
        parts = [] if self.waiting is None else [f"select * from {parquet_relation([self.waiting])}"]
        held = self.held.get(IDENTITIES, Held()).now
        if held is not None:
            relation = parquet_relation([held])
            columns = set(types_of(self.connection, relation)) & set(ADDRESSES.values())
            if columns:
                some = " or ".join(f"{name} is not null" for name in sorted(columns))
                parts.append(f"select * from {relation} where method in ('email', 'phone') and ({some})")
        both = " union all by name ".join(parts)
        return f"select * exclude (customer_id, method) from ({both})" if parts else None

    def _look_up_names(self, relation: str, columns: Collection[str], target: Path, kept: str) -> tuple[Path, ...]:
        """Write the names that find their customer; the others wait, in place of what waited under the same names.

        Returns the file of those others, if there are any. `kept` is SQL for what else goes on waiting.
        """
        query = self.directory.found_identities(relation, columns)
        write(self.connection, f"select * from ({query}) where customer_id is not null", target)
        nobody = self._new_file("nobody")
        write(self.connection, f"select * from ({query}) where customer_id is null", nobody)
        parts = [f"select * from {parquet_relation([nobody])}"]
        if self.waiting is not None:
            key = f"(select source, source_id from {relation})"
            others = f"({kept}) and (source, source_id) not in {key}"
            parts.append(f"select * from {parquet_relation([self.waiting])} where {others}")
        path = self._new_file("waiting")
        write(self.connection, " union all by name ".join(parts), path)
        self.waiting = path if _count(self.connection, parquet_relation([path])) else None
        return (nobody,) if _count(self.connection, parquet_relation([nobody])) else ()

    def _new_file(self, name: str) -> Path:
        self._files += 1
        return self.into / f"people-{name}-{self._files:04d}.parquet"

    def count_waiting(self) -> int:
        """How many names have no customer yet."""
        return 0 if self.waiting is None else _count(self.connection, parquet_relation([self.waiting]))

    def again(self, table: str, as_of: datetime, into: Path) -> tuple[Held, int]:
        """The table after the rows that were held have been looked up again, and how many are somebody else's now."""
        held = self.held[table]
        if not self.changed or held.now is None:
            return held, 0
        columns = list(types_of(self.connection, parquet_relation([held.now])))
        if not self._looks_up(table, columns):
            return held, 0
        resolved = self.directory.matched(numbered(held.now), columns)
        return replaced(self.connection, SCHEMAS[table], held, resolved, as_of, into)

    def matching(self) -> dict[str, Matching]:
        """How the people of each table were found."""
        found = {}
        for table, held in self.held.items():
            if held.now is not None:
                relation = parquet_relation([held.now])
                columns = list(types_of(self.connection, relation))
                if self._looks_up(table, columns):
                    found[table] = self.directory.count(relation, columns)
        return found

    def _looks_up(self, table: str, columns: Collection[str]) -> bool:
        return table not in (CUSTOMERS, IDENTITIES) and bool(set(columns) & set(IDENTITY_COLUMNS))

    def _directory(self) -> Directory:
        known = {name: held.now for name, held in self.held.items() if held.now is not None}
        relations = {name: parquet_relation([path]) for name, path in known.items()}
        return Directory(
            self.connection,
            customers=relations.get(CUSTOMERS),
            identities=relations.get(IDENTITIES),
            own_ids=self.own_ids,
        )


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = connection.execute(f"select count(*) from {relation}").fetchone()
    assert found is not None
    return int(found[0])
