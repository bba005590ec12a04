"""What can a source map say? Files and their headers, and the contract's tables that their rows become.

Frozen types that refuse a key they do not know. The conditions and expressions inside are in `mapping_grammar`; how a
map is read from YAML is told in `mapping_yaml`, what it makes of files in `mapping`. Who a row is of is said once, in
the `customer` of its table; here it becomes the columns by which the customer is found.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from analysis.tables.mapping_grammar import (
    Condition,
    Constant,
    Expression,
    FirstOf,
    Name,
    OutName,
    Part,
    columns_looked_at,
    needs_export_date,
    rule,
)

Personal = Literal["email", "phone", "handle", "id", "name"]
IDENTITY = ("identity_source", "identity_id", "identity_email", "identity_phone")


class Header(Part):
    """One header a file may have. A list names the columns as the file does; a mapping gives them names of our own."""

    about: str
    has: dict[Name, str]
    may_have: dict[Name, str] = Field(default_factory=dict)
    nothing_else: bool = False

    @model_validator(mode="before")
    @classmethod
    def _lists_name_themselves(cls, given: Any) -> Any:
        if isinstance(given, dict):
            for key in ("has", "may_have"):
                names = given.get(key)
                if isinstance(names, tuple) and all(isinstance(name, str) for name in names):
                    if len(set(names)) < len(names):
                        raise rule(f"names a column twice under `{key}`")
                    given = {**given, key: {name: name for name in names}}
        return given

    @model_validator(mode="after")
    def _has_or_may_have(self) -> Header:
        if both := sorted(set(self.has) & set(self.may_have)):
            raise rule(f"names `{'`, `'.join(both)}` under `has` and under `may_have`")
        return self

    @property
    def columns(self) -> dict[str, str]:
        """Our names to the file's."""
        return {**self.has, **self.may_have}


class Format(Part):
    """How a text file is to be read. By default UTF-8, separated by commas (`.tsv`: by tabs), header first."""

    delimiter: Annotated[str, Field(min_length=1, max_length=1)] | None = None
    fixed_width: bool = False
    encoding: str = "utf-8-sig"
    skip_lines: int = Field(default=0, ge=0)
    columns: tuple[Name, ...] | None = Field(default=None, min_length=1)
    file_names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _goes_together(self) -> Format:
        if self.fixed_width and self.delimiter is not None:
            raise rule("has a `delimiter` and is of `fixed_width`: it can be one of them")
        if self.columns is not None and not self.file_names:
            raise rule("has no header line (`columns` names them), so `file_names` must say which files it reads")
        return self


class ShortRecords(Part):
    """A record with too few fields is kept where at most this many are missing at its end, else set aside."""

    missing_at_most: int = Field(ge=0)
    reason: str


class Nulls(Part):
    """Texts that stand for an empty cell, in all columns or in some."""

    texts: tuple[str, ...] = Field(min_length=1)
    columns: tuple[Name, ...] | None = Field(default=None, alias="in")


class Repeats(Part):
    """Rows that stand in the files more than once.

    `first_file`, `last_file`: the rows of a key that more than one file holds are kept from the first or the last of
    these files (in the order of the headers, then of the names). `latest`: of the rows of a key one is kept, the last
    by `by`.
    """

    key: tuple[Name, ...] = Field(min_length=1)
    keep: Literal["first_file", "last_file", "latest"]
    by: Name | None = None
    reason: str

    @model_validator(mode="after")
    def _latest_by_what(self) -> Repeats:
        if (self.keep == "latest") != (self.by is not None):
            raise rule("needs `by` with `keep: latest`, and only with it")
        return self


class Links(Part):
    """A row that lists ids of other rows of the file which do not name it back."""

    listed: Name
    separator: str = Field(min_length=1)
    id: Name
    back: Name


class Damage(Part):
    """A test of the whole file: one row at fault, by `rows` or by `links`, and the file is refused."""

    what: str
    remedy: str
    rows: Condition | None = None
    links: Links | None = None

    @model_validator(mode="after")
    def _tests_something(self) -> Damage:
        if self.rows is None and self.links is None:
            raise rule("needs `rows`, `links` or both")
        return self


class Carry(Part):
    """Cells that only the first record of a key holds, and that hold for all its records in that file."""

    key: tuple[Name, ...] = Field(min_length=1)
    columns: tuple[Name, ...] = Field(min_length=1)


class FileMap(Part):
    """One kind of file the map reads, under a name of the map's own.

    `personal` are the columns that name a person: from the reading on they hold pseudonyms. `fields` are further
    columns, each made of the columns and fields before it; every row of the file has to keep their word, also one that
    a table sets aside. `basis` says of a count whether it counts actions when they happened (`action`), an item's total
    to date (`post`), or is not known to be either (`unknown`).
    """

    headers: tuple[Header, ...] = Field(min_length=1)
    format: Format = Format()
    short_records: ShortRecords | None = None
    personal: dict[Name, Personal] = Field(default_factory=dict)
    nulls: tuple[Nulls, ...] = ()
    carry: Carry | None = None
    time_formats: tuple[str, ...] = ()
    fields: dict[Name, Expression] = Field(default_factory=dict)
    repeats: tuple[Repeats, ...] = ()
    damage: tuple[Damage, ...] = ()
    basis: dict[Name, Literal["action", "post", "unknown"]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _headers_agree(self) -> FileMap:
        given = self.format.columns
        if given is not None and any(set(header.has.values()) - set(given) for header in self.headers):
            raise rule("has a header that asks for columns which its `format` does not give")
        for header in self.headers[1:]:
            unlike = sorted(set(header.columns) ^ set(self.headers[0].columns))
            if unlike:
                raise rule(f"has headers that do not name the same columns: `{'`, `'.join(unlike)}` is in one only")
        return self

    def nulls_of(self, column: str) -> tuple[str, ...]:
        """The texts that stand for an empty cell in one column. Of a personal one, before it becomes a pseudonym."""
        return tuple(text for one in self.nulls if one.columns is None or column in one.columns for text in one.texts)


# Tables: what becomes of the rows


class Keep(Part):
    """What makes a row one of this table; the reason the others are counted under."""

    when: Condition
    others: str


class SetAside(Part):
    """Rows of this table that are not used, and why."""

    when: Condition
    reason: str


class Unpivot(Part):
    """A row for each of some columns, which is then called as given; `empty`: the reason to set an empty cell aside."""

    columns: dict[Name, str] = Field(min_length=1)
    name: Name
    value: Name
    empty: str | None = None


class Group(Part):
    """Rows of one key become one row; the others of a key are counted under the reason `further_rows`."""

    by: tuple[Name, ...] = Field(min_length=1)
    further_rows: str


# Tables that say who is who: their `customer` is by which address the customer of the row is known, or to be found.
NAMING = ("customers", "identities")


class Customer(Part):
    """Who a row is of: the name a `source` calls them by, and the addresses they are known under."""

    source: str | None = Field(default=None, min_length=1)
    id: Expression | None = None
    email: Expression | None = None
    phone: Expression | None = None

    @model_validator(mode="after")
    def _known_by_something(self) -> Customer:
        if not self.names:
            raise rule("needs at least one of `id`, `email`, `phone`")
        return self

    @property
    def names(self) -> dict[str, Expression]:
        """By what they are known, in the order it is to be trusted."""
        given = {"id": self.id, "email": self.email, "phone": self.phone}
        return {name: expression for name, expression in given.items() if expression is not None}


class TableMap(Part):
    """A table of the contract, made of the rows of one kind of file. Rules are tried in order, the first counts."""

    table: str
    source: Name = Field(alias="from")
    facts: tuple[str, ...] = ()
    keep: Keep | None = None
    set_aside: tuple[SetAside, ...] = ()
    unpivot: Unpivot | None = None
    group: Group | None = None
    columns: dict[Name, Expression] = Field(min_length=1)
    further: dict[OutName, Expression] = Field(default_factory=dict)
    customer: Customer | None = None

    @property
    def made(self) -> dict[str, Expression]:
        """Every column to be made: the contract's, further ones, and those by which the customer is found.

        Examples
        --------
        >>> given = {"table": "surveys", "from": "answers", "columns": {"survey_id": "No"}}
        >>> table = TableMap.model_validate(given | {"customer": {"source": "shop", "id": "User", "email": "Mail"}})
        >>> list(table.made)
        ['survey_id', 'customer_id', 'identity_source', 'identity_id', 'identity_email']
        >>> table.made["customer_id"]
        FirstOf(first_of=('User', 'Mail'))
        """
        found = dict(self.columns)
        identity: dict[str, Expression] = {}
        if self.customer is not None:
            names = self.customer.names
            if "customer_id" not in found and self.table not in NAMING:
                several = tuple(names.values())
                found["customer_id"] = FirstOf(first_of=several) if len(several) > 1 else several[0]
            if self.customer.source is not None:
                identity["identity_source"] = Constant(constant=self.customer.source)
            identity |= {f"identity_{name}": expression for name, expression in names.items()}
        return {**found, **self.further, **identity}


class Pull(Part):
    """When to take this export: which one, from what date, and when again.

    `again_after_days` is told where `again` asks for it once more so many days after the last day of a period.
    """

    export: str = Field(min_length=1)
    since: str = Field(alias="from", min_length=1)
    again: str = Field(min_length=1)
    again_after_days: int | None = Field(default=None, ge=1)


class SourceMap(Part):
    """One export format: where its times are local, what is known about it, its files, and the tables they give.

    `ask` are the questions that only the source's own people can answer; `pull` says when to take the export.
    """

    map: OutName
    about: str
    zone: str
    facts: tuple[str, ...] = ()
    ask: tuple[str, ...] = ()
    pull: Pull | None = None
    files: dict[Name, FileMap] = Field(min_length=1)
    tables: tuple[TableMap, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _asks_and_pulls(self) -> SourceMap:
        if bool(self.ask) != (self.pull is not None):
            raise rule("gives one of `ask` and `pull`: a source that is pulled has both, a data set neither")
        return self

    @property
    def needs_export_date(self) -> bool:
        """Whether it can only be read where the date of the export is known."""
        fields = (expression for file in self.files.values() for expression in file.fields.values())
        made = (expression for table in self.tables for expression in table.made.values())
        return any(needs_export_date(expression) for expression in (*fields, *made))

    def columns_used(self, kind: str) -> frozenset[str]:
        """The columns of one kind of file that anything in the map looks at. The others are never read.

        Examples
        --------
        >>> files = {"sales": {"headers": ({"about": "all", "has": ("No", "Name", "Paid")},)}}
        >>> tables = ({"table": "orders", "from": "sales", "columns": {"order_id": "No", "revenue": "Paid"}},)
        >>> given = {"map": "shop", "about": "", "zone": "UTC", "files": files, "tables": tables}
        >>> sorted(SourceMap.model_validate(given).columns_used("sales"))
        ['No', 'Paid']
        """
        file, named = self.files[kind], set(self._named_by_tables(kind))
        named |= {name for expression in file.fields.values() for _, name in columns_looked_at(expression)}
        named |= {name for repeats in file.repeats for name in (*repeats.key, repeats.by) if name is not None}
        named |= {*file.carry.key} if file.carry else set()
        for damage in file.damage:
            named |= {name for _, name in columns_looked_at(damage.rows)} if damage.rows is not None else set()
            named |= {damage.links.listed, damage.links.id, damage.links.back} if damage.links is not None else set()
        return frozenset(named & set(file.headers[0].columns))

    def _named_by_tables(self, kind: str) -> Iterator[str]:
        for table in self.tables:
            own = table.source == kind
            for expression in table.made.values():
                yield from (name for source, name in columns_looked_at(expression) if (source or table.source) == kind)
            conditions = [*([table.keep.when] if table.keep else []), *(rule.when for rule in table.set_aside)]
            if own:
                yield from (name for condition in conditions for _, name in columns_looked_at(condition))
                yield from table.unpivot.columns if table.unpivot else ()
                yield from table.group.by if table.group else ()
