"""Of which pieces of SQL are a source map's expressions put together, and what do they leave behind?

A value is a `Typed` piece of SQL: text, a local time of the map's zone, an instant in UTC or an exact decimal.
Compiling one happens in a `Scope`, which knows the columns and collects what the query will need: bound values, joins,
walks, and a `Finding` for whatever a cell could hold against the map's word. Names a user wrote reach SQL only
through `identifier`, values only as bound parameters. Which piece an expression becomes is told in `mapping_sql`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

import duckdb

from analysis.foundation.errors import did_you_mean
from analysis.tables.engine import identifier
from analysis.tables.local_time import to_utc

Kind = Literal["text", "local", "instant", "number"]
Level = Literal["any", "row", "group"]

_EXACT = "^[+-]?[0-9]{1,13}([.][0-9]{1,6})?$"
_WHOLE = "^[0-9]+([.]0+)?$"
_DIGITS_A_FLOAT_HOLDS = 15
_PLAIN_SCALE, _LARGEST_SCALE = 6, 12
_MOST_MILLIONTHS = 10**19


class MapMeaning(Exception):
    """What a map says makes no sense: what, and the remedy. It becomes a fault with its line."""

    def __init__(self, what: str, remedy: str) -> None:
        super().__init__(what)
        self.what, self.remedy = what, remedy


@dataclass(frozen=True, slots=True)
class Typed:
    """A piece of SQL: its kind, whether it speaks of rows or groups, its decimals, whether it is empty in all rows.

    `personal`: it holds pseudonyms of this kind of name, which can be compared and handed on, and nothing else.
    """

    sql: str
    kind: Kind = "text"
    level: Level = "row"
    scale: int = 6
    empty: bool = False
    personal: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A condition under which a cell breaks the map's word. `refused`: the file is refused; else a notice counts it."""

    column: str
    condition: str
    what: str
    remedy: str
    rule: str
    refused: bool = True
    of_groups: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """A walk from every row of a file up to the top. It is made before the query that joins it."""

    source: str
    id: str
    parent: str

    @property
    def relation(self) -> str:
        """Its name in the engine: columns `id` and `top`."""
        return f"chain: {self.source}: {self.id}: {self.parent}"


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the engine: its name there, and its columns by our names."""

    name: str
    columns: Mapping[str, Typed]


class Parameters:
    """The values that statements speak of, by name until a statement is run.

    Examples
    --------
    >>> parameters = Parameters()
    >>> sql = f"select {parameters.bind('a')}, {parameters.bind('b')}"
    >>> parameters.of(f"select * from ({sql}) where x = {parameters.bind(1)}")
    ('select * from (select ?, ?) where x = ?', ['a', 'b', 1])
    """

    def __init__(self) -> None:
        self._values: list[object] = []

    def bind(self, value: str | int | list[str]) -> str:
        """What stands for a value in a statement."""
        self._values.append(value)
        return f"$value_{len(self._values) - 1}"

    def of(self, sql: str) -> tuple[str, list[object]]:
        """A statement as the engine takes it, and its values in the order it names them."""
        used: list[object] = []

        def place(match: re.Match[str]) -> str:
            if match["number"] is None:
                return match[0]
            used.append(self._values[int(match["number"])])
            return "?"

        return re.sub(r'"(?:[^"]|"")*"|\$value_(?P<number>[0-9]+)', place, sql), used


@dataclass
class Scope:
    """What an expression sees, and what compiling it leaves behind."""

    columns: Mapping[str, Typed]
    parameters: Parameters
    zone: str
    formats: tuple[str, ...] = ()
    keys: frozenset[str] | None = None
    relations: Mapping[str, Relation] = field(default_factory=dict)
    source: str = ""
    alias: str = "r"
    findings: list[Finding] = field(default_factory=list)
    joins: dict[str, tuple[str, str]] = field(default_factory=dict)
    chains: list[Chain] = field(default_factory=list)
    read: set[str] = field(default_factory=set)
    export_date: datetime | None = None

    def column(self, name: str) -> Typed:
        """A column or field by its name."""
        if name not in self.columns:
            raise MapMeaning(f"there is no column or field `{name}`", did_you_mean(name, self.columns))
        self.read.add(name)
        level: Level = "any" if self.keys is not None and name in self.keys else "row"
        return replace(self.columns[name], sql=f"{self.alias}.{identifier(name)}", level=level)

    def relation(self, name: str) -> Relation:
        """A file of the map by its name."""
        if name not in self.relations:
            raise MapMeaning(f"there is no file `{name}` in this map", did_you_mean(name, self.relations))
        return self.relations[name]

    def join(self, key: str, body: str, on: Callable[[str], str]) -> str:
        """The alias of a joined relation; what has the same key is joined once."""
        if key not in self.joins:
            alias = f"j{len(self.joins)}"
            self.joins[key] = (alias, f"left join {body} as {alias} on {on(alias)}")
        return self.joins[key][0]

    def find(self, column: str, condition: str, what: str, remedy: str, rule: str, *, refused: bool = True) -> None:
        """Have the rows counted that meet a condition."""
        finding = Finding(column, condition, what, remedy, rule, refused)
        if finding not in self.findings:
            self.findings.append(finding)


def level_of(values: Iterable[Typed]) -> Level:
    """Whether a mix of values speaks of rows or of groups; it cannot speak of both."""
    levels = {value.level for value in values} - {"any"}
    if len(levels) > 1:
        raise MapMeaning(
            "mixes a cell of one row with a figure of its group",
            "Put the cell under `same`, `sum`, `earliest` or `latest`, or among the columns of `group: by`.",
        )
    return levels.pop() if levels else "any"


def as_text(value: Typed) -> Typed:
    """A value in the contract's text form: ISO 8601, with `Z` where the instant is known; plain decimals."""
    sql = value.sql
    if value.kind == "number":
        sql = f"rtrim(rtrim(cast(cast({sql} as decimal(38, {_LARGEST_SCALE})) as varchar), '0'), '.')"
    elif value.kind != "text":
        sql = f"replace(cast({sql} as varchar), ' ', 'T')" + (" || 'Z'" if value.kind == "instant" else "")
    return replace(value, sql=sql, kind="text")


def needs_text(value: Typed, what: str) -> Typed:
    """The value, which has to be text, and the source's own."""
    if value.personal is not None:
        raise MapMeaning(
            f"`{what}` looks into a text, and is given a pseudonym: the column is `personal`",
            "Use the column as it stands, or test whether it is `empty`.",
        )
    if value.kind != "text":
        raise MapMeaning(f"`{what}` is of text, and is given a {_WORDS[value.kind]}", "Give it a column of the file.")
    return value


def as_number(value: Typed, scope: Scope, column: str, thousands: str | None = None) -> Typed:
    """An exact decimal of a text; what is none is found."""
    if value.kind == "number":
        return value
    text = needs_text(value, "a number").sql
    if thousands is not None:
        text = _ungrouped(text, thousands, scope)
    short = f"cast(try_cast({text} as decimal(18, 6)) as decimal(19, 6))"  # fifty times quicker, up to twelve digits
    exact = f"case when length({text}) <= 12 then {short} else try_cast({text} as decimal(19, 6)) end"
    number = f"case when regexp_matches({text}, '{_EXACT}') then {exact} end"
    scope.find(
        column,
        f"{text} is not null and ({number}) is null",
        "is not a plain decimal of up to 13 digits before and 6 after the point",
        "Correct the export, declare `thousands`, or set such rows aside with a reason.",
        "not_a_number",
    )
    return replace(value, sql=f"({number})", kind="number", scale=6)


def _ungrouped(text: str, thousands: str, scope: Scope) -> str:
    """SQL of a number without its thousands separators; one with such a sign elsewhere stays no number."""
    sign = re.escape(thousands)
    decimals = "" if thousands == "." else r"([.][0-9]*)?"
    grouped = scope.parameters.bind(rf"[+-]?[0-9]{{1,3}}({sign}[0-9]{{3}})+{decimals}")
    sign = scope.parameters.bind(thousands)
    return (
        f"case when not contains({text}, {sign}) then {text} "
        f"when regexp_full_match({text}, {grouped}) then replace({text}, {sign}, '') else '?' end"
    )


def stripped(value: Typed, scope: Scope) -> Typed:
    """A text without white space around it and the apostrophe before it; empty where nothing is left."""
    text = needs_text(value, "strip").sql
    pattern = scope.parameters.bind(r"^[\s\x{00A0}']+|[\s\x{00A0}]+$")
    return replace(value, sql=f"nullif(regexp_replace({text}, {pattern}, '', 'g'), '')")


def apportioned(amount: Typed, part: Typed, whole: Typed, scope: Scope, column: str) -> Typed:
    """Amount times part over whole, in whole millionths: nothing is lost before the last digit is rounded, half up."""
    values = [amount, part, whole]
    if max(value.scale for value in values) > _PLAIN_SCALE:
        raise MapMeaning("apportions a product", "Give it exact decimals of six places.")
    a, b, c = (f"cast({value.sql} * 1000000 as hugeint)" for value in values)
    size, by = f"abs({a}) * abs({b})", f"abs({c})"
    rounded = f"(({size}) // {by} + case when 2 * (({size}) % {by}) >= {by} then 1 else 0 end)"
    negative = f"(({a} < 0) <> ({b} < 0)) <> ({c} < 0)"
    fits = f"abs({a}) <= {_MOST_MILLIONTHS} and abs({b}) <= {by} and {by} <= {_MOST_MILLIONTHS}"
    exact = (
        f"case when {a} = 0 or {b} = 0 then 0 * {a} * {b} * {c}"
        f" when {fits} then case when {negative} then -1 else 1 end * {rounded} end"
    )
    scope.findings.append(
        Finding(
            column,
            f"{a} <> 0 and {b} <> 0 and not ({fits})",
            "is to be shared out by a part that is larger than its whole",
            "Correct the export, or say with `case` what such rows are.",
            "part_beyond_whole",
            of_groups=level_of(values) == "group",
        )
    )
    sql = f"(cast({exact} as decimal(25, 0)) * cast(0.000001 as decimal(6, 6)))"
    return Typed(sql, "number", level_of(values), empty=any(value.empty for value in values))


def whole_number(value: Typed, scope: Scope, column: str) -> Typed:
    """An id that a program has written as a float, without its `.0`."""
    text = needs_text(value, "whole_number").sql
    long = f"length(regexp_replace({text}, '[.]0+$', '')) > {_DIGITS_A_FLOAT_HOLDS} and contains({text}, '.')"
    scope.find(
        column,
        f"{text} is not null and (not regexp_matches({text}, '{_WHOLE}') or ({long}))",
        "is not a whole number that a float can hold to the last digit",
        "An id that went through a float or a spreadsheet has lost its end: export it again as text.",
        "damaged_id",
    )
    return replace(value, sql=f"regexp_replace({text}, '[.]0+$', '')")


def as_time(value: Typed, formats: Sequence[str], scope: Scope, column: str) -> Typed:
    """A time of a text in one of the formats declared: an instant if one of them says the offset, else local."""
    text = needs_text(value, "time").sql
    if not formats:
        raise MapMeaning("has no format of time", "Declare `time_formats` of the file, or `formats` beside `time`.")
    offset, utc, local = _sorted_formats(formats)
    bind = scope.parameters.bind
    instants = [f"cast(try_strptime({text}, {bind(offset)}) as timestamp)"] if offset else []
    instants += [f"try_strptime({text}, {bind(utc)})"] if utc else []
    locals_ = [f"try_strptime({text}, {bind(local)})"] if local else []
    kind: Kind = "instant" if instants else "local"
    if instants and locals_:
        locals_ = [to_utc(locals_[0], scope.zone)]
    parsed = f"coalesce({', '.join(instants + locals_)})"
    parsed = f"(case when year({parsed}) between 1000 and 9999 then {parsed} end)"
    scope.find(
        column,
        f"{text} is not null and {parsed} is null",
        "is not a time in a format this map declares",
        "Correct the export, or add its format to the map.",
        "not_a_time",
    )
    return replace(value, sql=parsed, kind=kind)


def needs_moment(value: Typed) -> Typed:
    """The value, which has to be a time."""
    if value.kind not in ("local", "instant"):
        raise MapMeaning(f"needs a time, and is given a {_WORDS[value.kind]}", "Declare it with `time` first.")
    return value


def alike(values: Sequence[Typed], scope: Scope) -> list[Typed]:
    """Values of one kind; local times beside instants become instants."""
    kinds = {value.kind for value in values}
    if kinds == {"local", "instant"}:
        return [
            replace(value, sql=to_utc(value.sql, scope.zone), kind="instant") if value.kind == "local" else value
            for value in values
        ]
    if len(kinds) > 1:
        words = " and a ".join(sorted(_WORDS[kind] for kind in kinds))
        raise MapMeaning(f"holds a {words}", "Make them one kind, with `time` or `number`.")
    return list(values)


def groups_in(pattern: str) -> int:
    """How many groups a pattern has; refused if the engine cannot read it."""
    try:
        duckdb.execute("select regexp_matches('', $pattern)", {"pattern": pattern}).fetchall()
        return re.compile(pattern).groups
    except (duckdb.Error, re.error) as error:
        raise MapMeaning(
            "has a pattern that cannot be read", "Write it as RE2 does: no look-ahead, no back-references."
        ) from error


def _sorted_formats(formats: Sequence[str]) -> tuple[list[str], list[str], list[str]]:
    """Formats that say the offset, that end in a literal Z, and that say neither."""
    for one in formats:
        try:
            duckdb.execute("select try_strptime('', $formats)", {"formats": [one]}).fetchall()
        except duckdb.Error:
            raise MapMeaning("has a format of time that cannot be read", "Write it as `%Y-%m-%d %H:%M:%S`.") from None
        if "%Z" in one or "%" not in one:
            raise MapMeaning("has a format of time with a zone's name, or with no part", "Say `%z` for an offset.")
    offset = [one for one in formats if "%z" in one]
    utc = [one for one in formats if "%z" not in one and one.endswith("Z")]
    return offset, utc, [one for one in formats if one not in offset and one not in utc]


_WORDS: Mapping[str, str] = {"text": "text", "local": "time", "instant": "time", "number": "number"}
