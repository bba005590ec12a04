"""How is a customer taken out of the tables, and kept out when later exports bring them back?

    tombstone = erased(connection, key, tables, "c17", on=date(2026, 11, 2))
    gone = Erasures(connection, key, [tombstone], tables)
    connection.execute(f"copy ({gone.without('mentions')}) to …")

The same two steps serve the day of the erasure, over a generation and its earlier versions, and every intake after it,
over what an export brings. What says who or what somebody is goes as a whole; of what happened, everything that leads
to the person is emptied, so that counts of contacts and sums of orders stay what they were: the columns of `EMPTIED`,
and whatever further cell of these rows is exactly one of their names. A tombstone holds keyed marks only: whoever has a
name and the key can see that it was erased, nobody can read the name off it.

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
from analysis.tables.contract import SCHEMAS
from analysis.tables.engine import identifier
from analysis.tables.generation import SOURCE as INTAKE_SOURCE
from analysis.tables.identity import EMAIL, ID, PHONE, SOURCE
from analysis.tables.pseudonyms import Key, Veil
from analysis.tables.scans import literal

OF_A_PERSON = ("customers", "identities", "subscriptions", "assignments", "outcomes")
"""Tables whose rows go; of the others' rows the cells below are emptied."""
_OF_THE_COMPANY = ("customers", "identities")
"""Tables whose `customer_id` is the company's, whatever else stands beside it."""
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
    key : str, optional
        The check text of the key of the marks: under another key they mark nobody.
    """

    on: date
    marks: tuple[str, ...]
    rows: Mapping[str, int]
    key: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain values, for the record."""
        return {"on": self.on.isoformat(), "key": self.key, "marks": list(self.marks), "rows": dict(self.rows)}

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> Tombstone:
        """The tombstone that `to_dict` wrote down."""
        on, marks = date.fromisoformat(given["on"]), tuple(given["marks"])
        return cls(on=on, marks=marks, rows=dict(given["rows"]), key=given.get("key"))


def together(*kept: Iterable[Tombstone]) -> tuple[Tombstone, ...]:
    """All tombstones that are kept somewhere, each once: of those with the same marks the last.

    Examples
    --------
    >>> one, two = (Tombstone(on=date(2026, 11, day), marks=(f"m{day}",), rows={}) for day in (1, 2))
    >>> together([one], [two, one]) == (two, one)
    True
    """
    found: dict[tuple[str, ...], Tombstone] = {}
    for tombstone in (one for some in kept for one in some):
        found.pop(tombstone.marks, None)
        found[tombstone.marks] = tombstone
    return tuple(found.values())


def kept_in(record: Mapping[str, Any]) -> tuple[Tombstone, ...]:
    """The tombstones that stand in the record of a generation, or in the file beside a sources file."""
    return tuple(Tombstone.from_dict(one) for one in record.get("erased", ()))


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
    return Tombstone(on=on, marks=marks, rows=rows, key=key.check)


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
    matched : bool
        Whether the customers of the rows have been found. Until then `customer_id` of a row with names of a source
        (`identity_*`) may be the source's own id of somebody else, and does not count; the names do.
    own_ids : collection of str
        Sources whose own ids are the company's customer ids: of these, rows not matched yet count by `identity_id`.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        key: Key,
        tombstones: Iterable[Tombstone],
        tables: Mapping[str, str],
        *,
        matched: bool = True,
        own_ids: Collection[str] = (),
    ) -> None:
        self.connection, self.tables = connection, dict(tables)
        self.columns = {table: _columns(connection, relation) for table, relation in tables.items()}
        self.matched, self.own_ids = matched, sorted(own_ids)
        marks = sorted({mark for tombstone in tombstones for mark in tombstone.marks})
        self.any = bool(marks)
        self.veil = key.veil("id")
        if self.any:
            self.veil.install(connection)
            parts = [part for table in tables for part in _names(tables[table], self._kinds(table))]
            every = " union ".join(f"select kind, name from ({part})" for part in parts)
            connection.execute(
                "create or replace temp table erased_marks as select unnest(?::varchar[]) as mark", [marks]
            )
            connection.execute(
                "create or replace temp table erased_names as select distinct kind, name "
                f"from ({every}) where {_marked(self.veil, 'kind', 'name')}"
            )

    def without(self, table: str) -> str:
        """The query for the rows of a table as they may stay."""
        rows, columns = self.tables[table], self.columns[table]
        hit = self._hit(table)
        if hit is None:
            return f"select * from {rows}"
        if _plain(table) in OF_A_PERSON:
            return f"select r.* from {rows} as r where not {hit}"
        values = {name: f"case when not {hit} then r.{identifier(name)} end" for name in EMPTIED if name in columns}
        for name in self._further(table):
            cell = f"r.{identifier(name)}"  # a case looks on in the rows that were hit alone
            values[name] = f"case when not {hit} then {cell} when not {self._is_a_name(table, name)} then {cell} end"
        listed = ", ".join(f"{value} as {identifier(name)}" for name, value in values.items())
        return f"select r.* replace ({listed}) from {rows} as r"

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
            for kind, name in self._kinds(table, "r.")
        ]
        return f"({' or '.join(hits)})" if hits else None

    def _kinds(self, table: str, of: str = "") -> list[tuple[str, str]]:
        """The kinds of names by which rows of a table may be known for somebody's, each with its SQL."""
        columns = self.columns[table]
        kinds = dict(_kinds(table, columns, of))
        named = [f"{of}{name} is not null" for name in (ID, EMAIL, PHONE) if name in columns]
        if not self.matched and named and "customer" in kinds and _plain(table) not in _OF_THE_COMPANY:
            own = "cast(null as varchar)"
            if self.own_ids and {SOURCE, ID} <= set(columns):
                own = f"case when {of}{SOURCE} in ({', '.join(map(literal, self.own_ids))}) then {of}{ID} end"
            kinds["customer"] = f"case when {' or '.join(named)} then {own} else {of}customer_id end"
        return list(kinds.items())

    def _further(self, table: str) -> list[str]:
        """The columns of text that the contract does not know."""
        schema = SCHEMAS.get(_plain(table))
        known = {INTAKE_SOURCE, *EMPTIED, *(() if schema is None else schema.by_name)}
        return [name for name, kind in self.columns[table].items() if kind == "VARCHAR" and name not in known]

    def _is_a_name(self, table: str, column: str) -> str:
        """SQL for whether a cell of a row `r` is exactly a name of somebody who was erased."""
        cell = f"trim(r.{identifier(column)})"
        names = [(kind, cell) for kind in _NAMES if kind != "name"]
        if SOURCE in self.columns[table]:
            names.append(("name", f"r.{SOURCE} || ' ' || {cell}"))
        marked = " or ".join(_marked(self.veil, f"'{kind}'", name) for kind, name in names)
        return f"coalesce({marked}, false)"


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
        for part in _names(tables[table], _kinds(table, columns[table]), "customer_id")
    ]
    if not parts:
        return []
    own = "bool_or(customer_id = $customer) and not coalesce(bool_or(customer_id <> $customer), false)"
    sql = f"select kind, name from ({' union all '.join(parts)}) where kind <> 'customer' group by 1, 2 having {own}"
    return [(kind, name) for kind, name in connection.execute(sql, {"customer": customer_id}).fetchall()]


def _names(relation: str, kinds: Iterable[tuple[str, str]], customer: str = "cast(null as varchar)") -> list[str]:
    """Queries for the names in a table's rows, with the customer of the row."""
    return [
        f"select distinct '{kind}' as kind, {name} as name, {customer} as customer_id"
        f" from {relation} where {name} is not null"
        for kind, name in kinds
    ]


def _marked(veil: Veil, kind: str, name: str) -> str:
    """SQL for whether a name of a kind bears the mark of somebody who was erased."""
    mark = veil.sql(f"('erased ' || {kind} || ' ' || {name})")
    return f"{mark} in (select mark from erased_marks)"


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


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """The columns of a relation and their types."""
    found = connection.execute(f"describe select * from {relation}").fetchall()
    return {name: kind for name, kind, *_ in found}
