"""What does an export change in a table? Rows that are new, that say something else now, or that are gone.

Rows are compared by key, cell by cell, in the columns that the export has. A version that no longer holds is moved
beside the table with the instant it ended at; nothing that was held is lost. Which rows an export has is left to
`reading`, whose they are to `identity`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from analysis.foundation.errors import Fault
from analysis.tables.contract import KNOWN_AT, TableSchema
from analysis.tables.engine import identifier
from analysis.tables.generation import KNOWN_UNTIL, SOURCE
from analysis.tables.local_time import instant
from analysis.tables.scans import literal, parquet_relation, types_of
from analysis.tables.staging import write

ROW = "file_row_number"


@dataclass(frozen=True, kw_only=True)
class Changes:
    """How many rows of a table an export left as they were, brought, changed and took away."""

    same: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    rematched: int = 0

    def plus(self, other: Changes) -> Changes:
        """Both together."""
        return Changes(**{name: getattr(self, name) + getattr(other, name) for name in self.__dataclass_fields__})

    def to_dict(self) -> dict[str, int]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}

    @property
    def any(self) -> bool:
        """Whether anything is not as it was."""
        return any(getattr(self, name) for name in self.__dataclass_fields__ if name != "same")


@dataclass(frozen=True, kw_only=True)
class Held:
    """The files of a table: its rows as they are now, and the versions that no longer hold."""

    now: Path | None = None
    earlier: Path | None = None


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """The rows of one export for one table, in contract types, each key once, `known_at` filled; and whose they are.

    `aside` are files of keys that the export has, and the source's map no longer takes for rows of this table.
    """

    path: Path
    source: str
    as_of: datetime
    full: bool
    aside: tuple[Path, ...] = ()


class TwoSources(Exception):
    """A key that another source holds already."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def merge(
    connection: duckdb.DuckDBPyConnection, schema: TableSchema, held: Held, incoming: Incoming, into: Path
) -> tuple[Held, Changes]:
    """The table after an export.

    Parameters
    ----------
    connection : DuckDBPyConnection
        One that may read the files and write into the folder.
    schema : TableSchema
    held : Held
        The table before.
    incoming : Incoming
    into : Path
        Folder for the new files.

    Returns
    -------
    Held, Changes
        The files after it: those of before where nothing changed.

    Raises
    ------
    TwoSources
        If a key of the export is held by another source.
    """
    if held.now is None:
        return Held(now=incoming.path), Changes(new=_count(connection, parquet_relation([incoming.path])))
    merging = _Merging(connection, schema, held, incoming)
    merging.judge()
    changes = merging.changes()
    if not changes.any:
        return held, changes
    now, earlier = _new(into, f"{schema.name}-now"), held.earlier
    write(connection, merging.rows(), now)
    if changes.changed or changes.gone:
        earlier = _new(into, f"{schema.name}-earlier")
        write(connection, beside(connection, held.earlier, merging.ended()), earlier)
    return Held(now=now, earlier=earlier), changes


class _Merging:
    """One export against one table. `verdict` holds a line for each row that is not as it was."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, schema: TableSchema, held: Held, incoming: Incoming
    ) -> None:
        assert held.now is not None
        self.connection, self.schema, self.incoming = connection, schema, incoming
        self.held_types = types_of(connection, parquet_relation([held.now]))
        self.new_types = types_of(connection, parquet_relation([incoming.path]))
        self.held = numbered(held.now)
        self.earlier = held.earlier
        self.new = numbered(incoming.path)
        self.columns = ordered([*self.held_types, *self.new_types], schema)

    def judge(self) -> None:
        """Tell apart, in one join by key, what is new, changed, gone, or another source's."""
        ours = literal(self.incoming.source)
        beside = {KNOWN_AT.name, SOURCE, *self.schema.key}
        compared = [name for name in self.new_types if name not in beside]
        differ = " or ".join(f"{self.cell('h', name)} is distinct from {self.cell('i', name)}" for name in compared)
        on = self.same("h", "i")
        missing_held, missing_new = "h.__row is null", "i.__row is null"
        source = f"h.{identifier(SOURCE)}"
        verdict = (
            f"case when {missing_held} then 'new' when {missing_new} then 'gone' "
            f"when {source} <> {ours} then 'foreign' when {differ or 'false'} then 'changed' end"
        )
        kind = "full" if self.incoming.full else "right"
        left = f"{missing_new} and {source} <> {ours}"  # a full export says nothing of another source's rows
        self.connection.execute(
            "create or replace temp table verdict as select * from (select h.__row as held_row, i.__row as new_row, "
            f"{verdict} as verdict, {left} as other from {self.held} as h {kind} join {self.new} as i on {on}) "
            "where verdict is not null and not coalesce(other, false)"
        )
        self.end_those_set_aside(ours)
        self.refuse_foreign()

    def end_those_set_aside(self, ours: str) -> None:
        """Rows that the source gave before and its map now sets aside are gone: an order whose payment was voided."""
        if not self.incoming.aside or self.incoming.full:
            return
        aside = parquet_relation(self.incoming.aside)
        dropped = " and ".join(f"h.{identifier(name)} = a.{identifier(name)}" for name in self.schema.key)
        self.connection.execute(
            f"insert into verdict select h.__row, null, 'gone', false from {self.held} as h "
            f"where h.{identifier(SOURCE)} = {ours} and exists (select 1 from {aside} as a where {dropped}) "
            f"and not exists (select 1 from {self.new} as i where {self.same('h', 'i')})"
        )

    def refuse_foreign(self) -> None:
        found = self.counts().get("foreign", 0)
        if found:
            listed = ", ".join(f"`{name}`" for name in self.schema.key)
            what = f"holds rows whose key ({listed}) another source of `{self.schema.name}` has given already"
            remedy = (
                "Was a source given another name in the sources file? Rows carry it: bring the old one back. Else two "
                "systems number apart: give one a map that puts a word of its own before its ids."
            )
            fault = Fault(
                where=f"source `{self.incoming.source}`",
                what=what,
                remedy=remedy,
                rule="two_sources_one_key",
                count=found,
                of=_count(self.connection, self.new),
            )
            raise TwoSources(fault)

    def counts(self) -> dict[str, int]:
        rows = self.connection.execute("select verdict, count(*) from verdict group by 1 order by 1").fetchall()
        return dict(rows)

    def changes(self) -> Changes:
        found = self.counts()
        came = _count(self.connection, self.new)
        return Changes(
            same=came - found.get("new", 0) - found.get("changed", 0),
            new=found.get("new", 0),
            changed=found.get("changed", 0),
            gone=found.get("gone", 0),
        )

    def rows(self) -> str:
        """The query for the rows as they are after the export."""
        stay = ", ".join(f"{self.cell('h', name)} as {identifier(name)}" for name in self.columns)
        come = ", ".join(f"{self.newest(name)} as {identifier(name)}" for name in self.columns)
        return (
            f"select {stay} from {self.held} as h "
            "where h.__row not in (select held_row from verdict where held_row is not null) "
            f"union all select {come} from {self.new} as i join verdict as v on v.new_row = i.__row "
            f"left join {self.held} as h on h.__row = v.held_row left join {self.ends()}"
        )

    def ended(self) -> str:
        """The query for the versions that the export ended."""
        listed = ", ".join(f"{self.cell('h', name)} as {identifier(name)}" for name in self.columns)
        until = f"case when v.verdict = 'gone' then {instant(self.incoming.as_of)} else {self.since()} end"
        return (
            f"select {listed}, {until} as {KNOWN_UNTIL} from {self.held} as h "
            f"join verdict as v on v.held_row = h.__row left join {self.new} as i on i.__row = v.new_row "
            f"left join {self.ends()}"
        )

    def ends(self) -> str:
        """The join with the instant at which the last version of a row's key ended, for rows that come back."""
        if self.earlier is None:
            return "(select cast(null as timestamp) as ended) as e on false"
        types = types_of(self.connection, parquet_relation([self.earlier]))
        key = [name for name in self.schema.key if name in types and name in self.new_types]
        listed = ", ".join(identifier(name) for name in key)
        last = f"select {listed}, max({KNOWN_UNTIL}) as ended from {parquet_relation([self.earlier])} group by all"
        same = " and ".join(f"e.{identifier(name)} is not distinct from i.{identifier(name)}" for name in key)
        return f"({last}) as e on {same}"

    def newest(self, name: str) -> str:
        """A cell of a row that came or changed; one of a column that the export has lost stays as it was."""
        if name == KNOWN_AT.name:
            return self.since()
        return self.cell("i", name) if name in self.new_types else self.cell("h", name)

    def since(self) -> str:
        """Since when the new version is known: as its row says, but after the one it follows."""
        known = f"i.{identifier(KNOWN_AT.name)}"
        at = instant(self.incoming.as_of)
        followed = f"v.verdict = 'changed' and {known} <= h.{identifier(KNOWN_AT.name)}"
        returned = f"v.verdict = 'new' and {known} < e.ended"
        return f"case when {followed} or {returned} then {at} else {known} end"

    def cell(self, side: str, name: str) -> str:
        """A cell of the held or the new side; as text where their types differ, null where it has none."""
        types = {"h": self.held_types, "i": self.new_types}
        mine, other = types[side].get(name), types["i" if side == "h" else "h"].get(name)
        if mine is None:
            return f"cast(null as {other})"
        column = f"{side}.{identifier(name)}"
        return column if other in (None, mine) else f"cast({column} as varchar)"

    def same(self, one: str, other: str) -> str:
        """SQL for whether two rows have one key; a part of it that a side does not have is empty there."""
        known = [name for name in self.schema.key if name in self.held_types or name in self.new_types]
        return " and ".join(f"{self.cell(one, name)} is not distinct from {self.cell(other, name)}" for name in known)


def replaced(
    connection: duckdb.DuckDBPyConnection,
    schema: TableSchema,
    held: Held,
    resolved: str,
    as_of: datetime,
    into: Path,
) -> tuple[Held, int]:
    """The table after its people have been looked up again: a new version of each row whose customer is another.

    Parameters
    ----------
    resolved : str
        A query for the rows as they are now, with `__row` and the customer as found now.
    """
    assert held.now is not None
    types = types_of(connection, parquet_relation([held.now]))
    both = f"{numbered(held.now)} as h join ({resolved}) as n on n.__row = h.__row"
    other = f"select h.__row, n.customer_id as found from {both} where h.customer_id is distinct from n.customer_id"
    connection.execute(f"create or replace temp table rematched as {other}")
    count = _count(connection, "rematched")
    if not count:
        return held, 0
    at = instant(as_of)
    values = {name: f"h.{identifier(name)}" for name in types}
    news = values | {"customer_id": "r.found", KNOWN_AT.name: at}
    old = ", ".join(f"{values[name]} as {identifier(name)}" for name in types)
    new = ", ".join(f"{news[name]} as {identifier(name)}" for name in types)
    rows = f"{numbered(held.now)} as h join rematched as r on r.__row = h.__row"
    now, earlier = _new(into, f"{schema.name}-rematched"), _new(into, f"{schema.name}-earlier")
    kept = f"select {old} from {numbered(held.now)} as h where h.__row not in (select __row from rematched)"
    write(connection, f"{kept} union all select {new} from {rows}", now)
    before = f"h.{identifier(KNOWN_AT.name)}"  # a row that came with this very export has no earlier version
    ended = f"select {old}, {at} as {KNOWN_UNTIL} from {rows} where {before} is null or {before} < {at}"
    write(connection, beside(connection, held.earlier, ended), earlier)
    return Held(now=now, earlier=earlier), count


def beside(connection: duckdb.DuckDBPyConnection, earlier: Path | None, ended: str) -> str:
    """The query for the versions that no longer hold: those of before and those that ended now."""
    if earlier is None:
        return ended
    types = types_of(connection, parquet_relation([earlier]))
    coming = {row[0]: row[1] for row in connection.execute(f"describe {ended}").fetchall()}
    names = list(dict.fromkeys([*coming, *types]))
    before = ", ".join(_cast(name, types, coming) for name in names)
    now = ", ".join(_cast(name, coming, types) for name in names)
    return f"select {before} from {parquet_relation([earlier])} union all select {now} from ({ended})"


def _cast(name: str, mine: Mapping[str, str], other: Mapping[str, str]) -> str:
    if name not in mine:
        return f"cast(null as {other[name]}) as {identifier(name)}"
    same = name not in other or mine[name] == other[name]
    value = identifier(name) if same else f"cast({identifier(name)} as varchar)"
    return f"{value} as {identifier(name)}"


def ordered(names: Sequence[str], schema: TableSchema) -> list[str]:
    """Columns in the contract's order, then further ones, the source last."""
    found = dict.fromkeys(names)
    known = [column.name for column in schema.columns if column.name in found]
    further = [name for name in found if name not in schema.by_name and name not in (SOURCE, KNOWN_UNTIL)]
    return [*known, *further, SOURCE]


def numbered(path: Path) -> str:
    """SQL behind FROM for the rows of a file, each with its number there as `__row`."""
    return f"(select * exclude ({ROW}), {ROW} as __row from read_parquet([{literal(str(path))}], {ROW} = true))"


def _new(into: Path, name: str) -> Path:
    """A file no other step of this intake has: what is being read is never written over."""
    return into / f"{name}-{len(list(into.iterdir())):04d}.parquet"


def _count(connection: duckdb.DuckDBPyConnection, relation: str) -> int:
    found = connection.execute(f"select count(*) from {relation}").fetchone()
    assert found is not None
    return int(found[0])
