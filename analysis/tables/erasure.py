"""How is a customer taken out of the tables, and kept out when later exports bring them back?

    tombstone = erased(connection, key, tables, "c17", on=date(2026, 11, 2))
    gone = Erasures(connection, key, [tombstone], tables)
    connection.execute(f"copy ({gone.without('mentions')}) to …")

The same two steps serve the day of the erasure, over a generation and its earlier versions, and every intake after it,
over what an export brings. What says who or what somebody is goes as a whole; of what happened, everything that leads
to the person is emptied, so that counts of contacts and sums of orders stay what they were. A tombstone holds keyed
marks only: whoever has a name and the key can see that it was erased, nobody can read the name off it.

What cannot be found is left: a name inside somebody else's text, the person's contacts under names that were never
matched, figures that were closed, and copies outside the folder.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb

from analysis.foundation.errors import DesignError
from analysis.tables.engine import identifier
from analysis.tables.identity import EMAIL, ID, PHONE, SOURCE
from analysis.tables.pseudonyms import Key

OF_A_PERSON = ("customers", "identities", "subscriptions", "assignments", "outcomes")
"""Tables whose rows go; of the others' rows the cells below are emptied."""
EMPTIED = ("customer_id", "author_id", SOURCE, ID, EMAIL, PHONE, "text", "url")

_NAMES: Mapping[str, tuple[str, ...]] = {
    "customer": ("customer_id",),
    "name": (SOURCE, ID),
    "email": (EMAIL,),
    "phone": (PHONE,),
    "author": ("author_id",),
}
"""By what a row may be known for somebody's: the kind of name, and the columns that hold it."""


@dataclass(frozen=True, kw_only=True)
class Tombstone:
    """What is left of a customer who was erased.

    Parameters
    ----------
    on : date
        The day of the erasure.
    marks : tuple of str
        Keyed digits of every name the customer had that was nobody else's, sorted.
    rows : mapping of str to int
        By table, how many rows were taken out or emptied.
    """

    on: date
    marks: tuple[str, ...]
    rows: Mapping[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for the record."""
        return {"on": self.on.isoformat(), "marks": list(self.marks), "rows": dict(self.rows)}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Tombstone:
        """The tombstone that `to_dict` wrote down."""
        return cls(on=date.fromisoformat(given["on"]), marks=tuple(given["marks"]), rows=dict(given["rows"]))


def erased(
    connection: duckdb.DuckDBPyConnection,
    key: Key,
    tables: Mapping[str, str],
    customer_id: str,
    *,
    on: date,
) -> Tombstone:
    """The tombstone of a customer: by which names they are found, and in how many rows. Nothing is changed yet.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    key : Key
        The user's key, under which the tables were made.
    tables : mapping of str to str
        Table name to SQL relation: all tables and, as `earlier/orders`, all earlier versions.
    customer_id : str
        As the tables have it.
    on : date
        The day of the erasure.

    Raises
    ------
    DesignError
        If no row is this customer's.
    """
    columns = {table: _columns(connection, relation) for table, relation in tables.items()}
    found = [("customer", customer_id), *_own_names(connection, tables, columns, customer_id)]
    veil = key.veil("id")
    marks = tuple(sorted({str(veil.of(f"erased {kind} {name}")) for kind, name in found}))
    gone = Erasures(connection, key, [Tombstone(on=on, marks=marks, rows={})], tables)
    rows = {table: count for table in tables if (count := gone.count(table))}
    if not rows:
        raise DesignError(
            "No row of these tables is this customer's: nothing was erased. Is it the id as they have it?"
        )
    return Tombstone(on=on, marks=marks, rows=rows)


class Erasures:
    """Rows without the customers who were erased.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Gets the names among the rows that bear a mark, as the temporary table `erased_names`.
    key : Key
    tombstones : iterable of Tombstone
    tables : mapping of str to str
        Table name (or `earlier/<table>`) to SQL relation.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        key: Key,
        tombstones: Iterable[Tombstone],
        tables: Mapping[str, str],
    ) -> None:
        self.connection, self.tables = connection, dict(tables)
        self.columns = {table: _columns(connection, relation) for table, relation in tables.items()}
        marks = sorted({mark for tombstone in tombstones for mark in tombstone.marks})
        self.any = bool(marks)
        if self.any:
            veil = key.veil("id")
            veil.install(connection)
            parts = [part for table in tables for part in _names(table, tables[table], self.columns[table])]
            every = " union ".join(f"select kind, name from ({part})" for part in parts)
            connection.execute(
                "create or replace temp table erased_marks as select unnest(?::varchar[]) as mark", [marks]
            )
            mark = veil.sql("('erased ' || kind || ' ' || name)")
            connection.execute(
                "create or replace temp table erased_names as select distinct kind, name "
                f"from ({every}) where {mark} in (select mark from erased_marks)"
            )

    def without(self, table: str) -> str:
        """The query for the rows of a table as they may stay."""
        rows, columns = self.tables[table], self.columns[table]
        hit = self._hit(table)
        if hit is None:
            return f"select * from {rows}"
        if _plain(table) in OF_A_PERSON:
            return f"select r.* from {rows} as r where not {hit}"
        emptied = [name for name in EMPTIED if name in columns]
        values = ", ".join(
            f"case when not {hit} then r.{identifier(name)} end as {identifier(name)}" for name in emptied
        )
        return f"select r.* replace ({values}) from {rows} as r"

    def count(self, table: str) -> int:
        """How many rows of a table are of customers who were erased."""
        hit = self._hit(table)
        if hit is None:
            return 0
        ((count,),) = self.connection.execute(f"select count(*) from {self.tables[table]} as r where {hit}").fetchall()
        return int(count)

    def _hit(self, table: str) -> str | None:
        """SQL for whether a row `r` is of somebody who was erased, never null; None where none can be."""
        if not self.any:
            return None
        hits = [
            f"coalesce({name} in (select name from erased_names where kind = '{kind}'), false)"
            for kind, name in _kinds(table, self.columns[table], "r.")
        ]
        return f"({' or '.join(hits)})" if hits else None


def _own_names(
    connection: duckdb.DuckDBPyConnection,
    tables: Mapping[str, str],
    columns: Mapping[str, Collection[str]],
    customer_id: str,
) -> list[tuple[str, str]]:
    """The names that stand in rows of this customer, and in no other customer's."""
    parts = [
        part
        for table in tables
        if "customer_id" in columns[table]
        for part in _names(table, tables[table], columns[table])
    ]
    if not parts:
        return []
    own = "bool_or(customer_id = $customer) and not coalesce(bool_or(customer_id <> $customer), false)"
    sql = f"select kind, name from ({' union all '.join(parts)}) where kind <> 'customer' group by 1, 2 having {own}"
    return [(kind, name) for kind, name in connection.execute(sql, {"customer": customer_id}).fetchall()]


def _names(table: str, relation: str, columns: Collection[str]) -> list[str]:
    """Queries for the names in a table's rows, with the customer of the row."""
    customer = "customer_id" if "customer_id" in columns else "cast(null as varchar)"
    return [
        f"select distinct '{kind}' as kind, {name} as name, {customer} as customer_id"
        f" from {relation} where {name} is not null"
        for kind, name in _kinds(table, columns)
    ]


def _kinds(table: str, columns: Collection[str], of: str = "") -> list[tuple[str, str]]:
    """The kinds of names a table has, each with the SQL of the name; a name is known with its source."""
    names = dict(_NAMES) | ({"name": ("source", "source_id")} if _plain(table) == "identities" else {})
    return [
        (kind, " || ' ' || ".join(f"{of}{identifier(one)}" for one in parts))
        for kind, parts in names.items()
        if set(parts) <= set(columns)
    ]


def _plain(table: str) -> str:
    return table.rpartition("/")[2]


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"describe select * from {relation}").fetchall()]
