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
from analysis.tables.identity import IDENTITY_COLUMNS, Directory, Matching, addresses_in_the_clear
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
        self.held: dict[str, Held] = {}
        self.directory = self._directory()

    def know(self, table: str, held: Held, changes: Changes) -> None:
        """Take note of a table as it is after the intake."""
        self.held[table] = held
        if table in (CUSTOMERS, IDENTITIES):
            self.changed |= changes.any
            self.directory = self._directory()

    def faults(self, table: str, rows: Path, source: str) -> list[Fault]:
        """What may not lie in a table: plain addresses as names."""
        relation = parquet_relation([rows])
        if table != IDENTITIES or not {"source_id", "method"} <= set(types_of(self.connection, relation)):
            return []
        return addresses_in_the_clear(self.connection, relation, f"source `{source}`, table {table}")

    def found(self, table: str, rows: Path) -> Path:
        """The file of the rows with their customers filled in; names that nobody goes by are left out."""
        relation = parquet_relation([rows])
        columns = list(types_of(self.connection, relation))
        target = rows.with_name(f"{rows.stem}-found.parquet")
        if table == IDENTITIES:
            self._look_up_names(relation, columns, target)
        elif self._looks_up(table, columns):
            write(self.connection, self.directory.matched(relation, columns), target)
        else:
            return rows
        rows.unlink()
        return target

    def no_longer_waiting(self, as_of: datetime) -> Iterator[Incoming]:
        """The names that waited for their customer and have found them, by the source that gave them."""
        if self.waiting is None or not self.changed:
            return
        before, self.waiting = parquet_relation([self.waiting]), None
        columns = list(types_of(self.connection, before))
        target = self.into / "waited.parquet"
        self._look_up_names(before, columns, target)
        relation = parquet_relation([target])
        sources = self.connection.execute(f"select distinct {SOURCE} from {relation} order by 1").fetchall()
        for place, (source,) in enumerate(sources):
            path = self.into / f"waited-{place}.parquet"
            known = f"* replace ({instant(as_of)} as {KNOWN_AT.name})"
            write(self.connection, f"select {known} from {relation} where {SOURCE} = {literal(source)}", path)
            yield Incoming(path=path, source=source, as_of=as_of, full=False)

    def _look_up_names(self, relation: str, columns: Collection[str], target: Path) -> None:
        """Write the names that find their customer; the others join those that wait, the later word on a name first."""
        query = self.directory.found_identities(relation, columns)
        write(self.connection, f"select * from ({query}) where customer_id is not null", target)
        waiting = f"select * from ({query}) where customer_id is null"
        if self.waiting is not None:
            key = f"(select source, source_id from {relation})"
            kept = f"select * from {parquet_relation([self.waiting])} where (source, source_id) not in {key}"
            waiting = f"select * from ({kept}) union all by name ({waiting})"
        path = self.into / f"waiting-{target.parent.name}-{target.name}"
        write(self.connection, waiting, path)
        self.waiting = path if _count(self.connection, parquet_relation([path])) else None

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
