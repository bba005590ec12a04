"""Which customer is this? Rows that carry a source's own name of a person, or a pseudonym of an address, find theirs.

    people = Directory(connection, customers="read_parquet('customers.parquet')", identities=None)
    connection.execute(f"create table found as {people.matched('tickets', columns)}")

In this order, and by exact equality only: the source's own id where that is the company's customer id; the source and
its id in `identities`; the e-mail address of a customer; the telephone number of one. The first way that leads to one
customer counts; where another way leads to somebody else, that is counted as a conflict. An address that several
customers share leads to nobody. How addresses become pseudonyms is left to `pseudonyms`; matching by likeness to other
tools, whose result comes as the table `identities` (docs/identity.md).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import duckdb

from analysis.foundation.errors import Fault
from analysis.tables.engine import identifier
from analysis.tables.personal_text import name_shown
from analysis.tables.scans import literal

SOURCE, ID, EMAIL, PHONE = "identity_source", "identity_id", "identity_email", "identity_phone"
IDENTITY_COLUMNS = (SOURCE, ID, EMAIL, PHONE)
ADDRESSES: Mapping[str, str] = MappingProxyType({"email": EMAIL, "phone": PHONE})

_PSEUDONYM = "^[0-9a-f]{32}$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Matching:
    """How the people of some rows were found; the counts of rows add up to `rows`.

    Parameters
    ----------
    rows : int
        All rows.
    by_id, by_email, by_phone : int
        Rows that found their customer, by the way that counted.
    shared : int
        Rows that found nobody because their address is that of several customers.
    unknown : int
        Rows whose names no customer has.
    nameless : int
        Rows that name nobody.
    conflicts : int
        Of the rows that found their customer, those where another way leads to another one.
    """

    rows: int
    by_id: int
    by_email: int
    by_phone: int
    shared: int
    unknown: int
    nameless: int
    conflicts: int

    def __post_init__(self) -> None:
        if self.matched + self.shared + self.unknown + self.nameless != self.rows or self.conflicts > self.matched:
            raise ValueError("Rows that found somebody and rows that did not add up to all rows.")

    @property
    def matched(self) -> int:
        """Rows that found their customer."""
        return self.by_id + self.by_email + self.by_phone

    def to_dict(self) -> dict[str, int]:
        """As plain values."""
        names = ("rows", "by_id", "by_email", "by_phone", "shared", "unknown", "nameless", "conflicts")
        return {name: getattr(self, name) for name in names}


class Directory:
    """The ways to customers, in temporary tables of a connection.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    customers : str, optional
        SQL relation with `customer_id`, and `identity_email` and `identity_phone` where their addresses are known.
    identities : str, optional
        SQL relation with `source`, `source_id` and `customer_id`, each name once (`found_identities` makes one of rows
        that have addresses instead of customers).
    own_ids : collection of str
        Sources whose own ids of people are the company's customer ids.

    Examples
    --------
    >>> connection = duckdb.connect()
    >>> _ = connection.execute('''create table customers as from (values ('c1', 'aa'), ('c2', 'bb'), ('c3', 'bb'))
    ...     t(customer_id, identity_email)''')
    >>> _ = connection.execute("create table identities as select 'x' as source, '7' as source_id, 'c2' as customer_id")
    >>> _ = connection.execute('''create table tickets as from (values ('t1', 'x', '7', 'aa'), ('t2', 'x', '8', 'aa'),
    ...     ('t3', 'x', '8', 'bb')) t(ticket, identity_source, identity_id, identity_email)''')
    >>> people = Directory(connection, customers="customers", identities="identities")
    >>> names = ["ticket", "identity_source", "identity_id", "identity_email"]
    >>> found = people.matched("tickets", names)
    >>> connection.execute(f"select ticket, customer_id from ({found}) order by ticket").fetchall()
    [('t1', 'c2'), ('t2', 'c1'), ('t3', None)]
    >>> people.count("tickets", names)
    Matching(rows=3, by_id=1, by_email=1, by_phone=0, shared=1, unknown=0, nameless=0, conflicts=1)
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        *,
        customers: str | None,
        identities: str | None,
        own_ids: Collection[str] = (),
    ) -> None:
        self.connection = connection
        self._own = ", ".join(literal(source) for source in sorted(own_ids))
        held = set() if customers is None else set(_columns(connection, customers))
        for way, column in ADDRESSES.items():
            rows = f"from {customers} where {column} is not null" if column in held else "where false"
            address, customer = (column, "customer_id") if column in held else ("null::varchar", "null::varchar")
            connection.execute(
                f"create or replace temp table identity_by_{way} as select {address} as address, "
                f"case when count(distinct {customer}) = 1 then min({customer}) end as customer_id {rows} group by 1"
            )
        rows = f"from {identities}" if identities is not None else "where false"
        names = "source, source_id, customer_id" if identities is not None else "'' as source, '' as source_id, ''"
        connection.execute(
            "create or replace temp table identity_by_name as select source, source_id, "
            "case when count(distinct customer_id) = 1 then min(customer_id) end as customer_id"
            f" from (select {names} {rows}) as n(source, source_id, customer_id) group by 1, 2"
        )

    def matched(self, rows: str, columns: Collection[str]) -> str:
        """The query for the rows with the `customer_id` they find, null where they find none; no row more or less.

        Parameters
        ----------
        rows : str
            SQL relation.
        columns : collection of str
            Its columns. Without any `identity_*` among them, rows keep the `customer_id` they have.
        """
        if not set(columns) & set(IDENTITY_COLUMNS):
            return f"select * from {rows}"
        chosen, joins = self._ways(columns)
        found = f"coalesce({', '.join(chosen.values())})"
        if "customer_id" in columns:  # a row that names nobody keeps the customer it was given
            names = [f"r.{name} is not null" for name in (ID, EMAIL, PHONE) if name in columns]
            found = f"case when {' or '.join(names)} then {found} else r.customer_id end" if names else "r.customer_id"
        listed = f"r.* replace ({found} as customer_id)" if "customer_id" in columns else f"r.*, {found} as customer_id"
        return f"select {listed} from {rows} as r {joins}"

    def count(self, rows: str, columns: Collection[str]) -> Matching:
        """How the rows find their customers; parameters as for `matched`."""
        chosen, joins = self._ways(columns)
        ways = {way: chosen.get(way, "cast(null as varchar)") for way in ("id", *ADDRESSES)}
        named = " or ".join(f"r.{name} is not null" for name in (ID, EMAIL, PHONE) if name in columns) or "false"
        shared = [f"({way}.address is not null and {way}.customer_id is null)" for way in ADDRESSES if way in chosen]
        parts = [*(f"{sql} as {way}" for way, sql in ways.items()), f"({named}) as named"]
        parts.append(f"({' or '.join(shared) or 'false'}) as shared")
        none = "coalesce(id, email, phone) is null"
        total, *counts = _row(
            self.connection,
            f"""select count(*), count(id), count(*) filter (where id is null and email is not null),
                count(*) filter (where coalesce(id, email) is null and phone is not null),
                count(*) filter (where {none} and shared), count(*) filter (where {none} and not shared and named),
                count(*) filter (where {none} and not shared and not named),
                count(*) filter (where coalesce(id <> email or id <> phone, false) or coalesce(email <> phone, false))
            from (select {", ".join(parts)} from {rows} as r {joins})""",
        )
        names = ("by_id", "by_email", "by_phone", "shared", "unknown", "nameless", "conflicts")
        return Matching(rows=total, **dict(zip(names, counts, strict=True)))

    def found_identities(self, rows: str, columns: Collection[str]) -> str:
        """The query for rows of `identities` with their customer and `method` filled, as `matched` gives them.

        A row that says whose name it is stays as it is. Others are looked up by e-mail, then by telephone; those that
        find nobody come without a customer, and are not to be used.
        """
        given = "r.customer_id" if "customer_id" in columns else "cast(null as varchar)"
        method = "r.method" if "method" in columns else "cast(null as varchar)"
        joins, ways = self._by_address(columns)
        cases = " ".join(f"when {sql} is not null then '{way}'" for way, sql in ways.items())
        looked_up = f"case {cases} end" if cases else "cast(null as varchar)"
        customer = f"coalesce({', '.join([given, *ways.values()])})"
        made = f"case when {given} is not null then coalesce({method}, 'given') else {looked_up} end"
        values = {"customer_id": customer, "method": made}
        rest = ", ".join(f"r.{identifier(name)}" for name in columns if name not in values)
        return f"select {rest}, {customer} as customer_id, {made} as method from {rows} as r {joins}"

    def _ways(self, columns: Collection[str]) -> tuple[dict[str, str], str]:
        """Each way's customer, the first way first, and the joins that lead there."""
        joins, by_address = self._by_address(columns)
        by_id: dict[str, str] = {}
        if ID in columns:
            joins = (
                f"left join identity_by_name as named on named.source = r.{SOURCE} and named.source_id = r.{ID} {joins}"
            )
            own = f"case when r.{SOURCE} in ({self._own}) then r.{ID} else named.customer_id end"
            by_id["id"] = own if self._own else "named.customer_id"
        return by_id | by_address, joins

    def _by_address(self, columns: Collection[str]) -> tuple[str, dict[str, str]]:
        ways = [way for way, column in ADDRESSES.items() if column in columns]
        joins = " ".join(f"left join identity_by_{way} as {way} on {way}.address = r.{ADDRESSES[way]}" for way in ways)
        return joins, {way: f"{way}.customer_id" for way in ways}


def addresses_in_the_clear(connection: duckdb.DuckDBPyConnection, rows: str, where: str) -> list[Fault]:
    """What is wrong with rows that hold plain addresses: personal data that may lie nowhere.

    These are cells of `identity_email` and `identity_phone` that are no pseudonyms; names of a source's people
    (`identity_id`, and `source_id` of `identities`) that are addresses, or said to be matched by one and no pseudonyms;
    cells of columns called like an address that look like one; and columns whose own name is an address.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    rows : str
        SQL relation.
    where : str
        The file, or the source and the table, for the message.

    Examples
    --------
    >>> rows = "(values ('ann@example.org', 'reviewed'), ('@ann', 'handle')) as t(source_id, method)"
    >>> [str(fault).split('. ')[0] for fault in addresses_in_the_clear(duckdb.connect(), rows, "identities.csv")]
    ['identities.csv, column `source_id`: holds an address in the clear (1 of 2 rows)']
    """
    columns = _columns(connection, rows)
    faults = [
        Fault(
            where=where,
            what="has an address for the name of a column",
            remedy=_IN_THE_CLEAR,
            rule="address_in_the_clear",
        )
        for name in columns
        if name_shown(name) != name
    ]
    plain = {name: sql for name in columns if (sql := _plain_address(name, columns)) is not None}
    if not plain:
        return faults
    counts = ", ".join(f"count(*) filter (where {sql})" for sql in plain.values())
    of, *found = _row(connection, f"select count(*), {counts} from {rows}")
    return faults + [
        Fault(
            where=where,
            column=name_shown(name, number=True),
            what="holds an address in the clear",
            remedy=_IN_THE_CLEAR,
            rule="address_in_the_clear",
            count=count,
            of=of,
        )
        for name, count in zip(plain, found, strict=True)
        if count
    ]


_IN_THE_CLEAR = (
    "Read the list through a source map that names the column under `personal`, write pseudonyms instead, or take the "
    "column out (docs/identity.md); then delete this file."
)
_EMAIL_COLUMN = re.compile(r"(^|_)(e_?mail|mail)s?(_?(address|adress|addr))?(_?[0-9]+)?$")
_PHONE_COLUMN = re.compile(
    r"(^|_)(tele)?(phone|phones|mobile|cell|cellphone|tel|msisdn|fax|whats_?app)(_?(number|no|nr|num))?(_?[0-9]+)?$"
)
_EMAIL = "[^@\\s]@[^@\\s]"
_PHONE = "^\\s*[''\u2019]?(\\+|00)?([0-9][ ()./-]{0,3}){9,15}\\s*$"
"""How telephone numbers look, with or without the signs between; shorter numbers may count something."""


def _plain_address(name: str, columns: Collection[str]) -> str | None:
    """SQL for whether a cell of a column is a plain address; None for columns that hold none."""
    cell = f"cast({identifier(name)} as varchar)"
    pseudonym = f"regexp_matches({cell}, '{_PSEUDONYM}')"
    email, phone = f"regexp_matches({cell}, '{_EMAIL}')", f"regexp_matches({cell}, '{_PHONE}')"
    if name in ADDRESSES.values():
        return f"not {pseudonym}"
    if name == "source_id" and "method" in columns:
        return f"({email} or (method in ('email', 'phone') and not {pseudonym}))"
    if name in ("source_id", ID):
        return email
    words = re.sub(r"[^a-z0-9]+", "_", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()).strip("_")
    if _PHONE_COLUMN.search(words):
        return f"({email} or {phone})"
    return email if _EMAIL_COLUMN.search(words) else None


def _columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    return [name for name, *_ in connection.execute(f"describe select * from {relation}").fetchall()]


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[int, ...]:
    (found,) = connection.execute(sql).fetchall()
    return tuple(found)
