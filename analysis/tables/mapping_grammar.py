"""How does a source map say which rows it means, and what a cell becomes? Conditions and expressions, as frozen types.

They are data, never a user's SQL, and every part refuses a key it does not know. An expression is a name (a column of
the file, or one of its `fields`), or a part known by the key it is named after. The files and tables they stand in
are in `mapping_model`; the SQL they become is in `mapping_sql`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
Name = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00]+$")]
OutName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]


class Part(BaseModel):
    """A part of a map: strict, frozen, and with no key it does not know."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _only_known_keys(cls, given: Any) -> Any:
        if isinstance(given, dict):
            known = named_keys(cls)
            unknown = tuple(key for key in given if key not in known)
            if unknown:
                raise PydanticCustomError("unknown_key", "unknown keys", {"keys": unknown, "known": known})
        return given


def named_keys(part: type[Part]) -> tuple[str, ...]:
    """The keys of a part, as a map writes them."""
    return tuple(field.alias or name for name, field in part.model_fields.items())


def rule(message: str) -> PydanticCustomError:
    """The error for a part whose keys do not go together."""
    return PydanticCustomError("map_rule", "{message}", {"message": message})


def _by_key(*keys: str) -> Callable[[Any], str | None]:
    """Which kind of part is it? The one whose key it has; a bare name is a column."""

    def kind(given: Any) -> str | None:
        if isinstance(given, str):
            return "<name>" if "name" in keys else None
        named = given if isinstance(given, dict) else named_keys(type(given)) if isinstance(given, Part) else ()
        return next((f"<{key}>" for key in keys if key in named), None)

    return kind


# Conditions: which rows are meant


class Cell(Part):
    """One test of one cell. An empty cell meets none of them but `empty: true`."""

    of: Name
    equals: str | tuple[str, ...] | None = Field(default=None, alias="is")
    empty: bool | None = None
    starts_with: str | None = None
    matches: str | None = None
    above: int | None = None
    below: int | None = None

    @model_validator(mode="after")
    def _one_test(self) -> Cell:
        if len(self.model_fields_set - {"of"}) != 1:
            raise rule("needs exactly one of `is`, `empty`, `starts_with`, `matches`, `above`, `below` beside `of`")
        return self


class AllOf(Part):
    """Every one of several conditions."""

    all: tuple[Condition, ...] = Field(min_length=1)


class AnyOf(Part):
    """At least one of several conditions."""

    any: tuple[Condition, ...] = Field(min_length=1)


class Not(Part):
    """The rows that do not meet a condition."""

    never: Condition = Field(alias="not")


CONDITION_KEYS = ("of", "all", "any", "not")
Condition = Annotated[
    Annotated[Cell, Tag("<of>")]
    | Annotated[AllOf, Tag("<all>")]
    | Annotated[AnyOf, Tag("<any>")]
    | Annotated[Not, Tag("<not>")],
    Discriminator(_by_key(*CONDITION_KEYS)),
]

# Expressions: what a cell becomes


class Constant(Part):
    """The same text in every row: `constant: GBP`."""

    constant: str


class RowNumber(Part):
    """1, 2, 3 … over the files read, in order: `row_number: true`."""

    row_number: Literal[True]


class WholeNumber(Part):
    """An id that went through a float, without its `.0`: "13085.0" is "13085". Other texts are refused."""

    whole_number: Expression


class Extract(Part):
    """The first match of a `pattern`, or of its group where it has one; else empty."""

    extract: Expression
    pattern: str


class Lower(Part):
    """A text in lower case."""

    lower: Expression


class Strip(Part):
    """A text without white space around it and without the apostrophe a spreadsheet puts before it: "'007" is "007"."""

    strip: Expression


class Values(Part):
    """A value map: `values: {Mail: email}`, `of: Via`, `otherwise: other`. Without `otherwise`, others are refused."""

    values: dict[str, str] = Field(min_length=1)
    of: Expression
    otherwise: str | None = None
    count_others: bool = False

    @property
    def refuses_others(self) -> bool:
        return "otherwise" not in self.model_fields_set


class FirstOf(Part):
    """The first of several that is not empty."""

    first_of: tuple[Expression, ...] = Field(min_length=2)


class Branches(Part):
    """What rows that meet a condition become, and what the others do."""

    when: Condition
    then: Expression
    or_else: Expression | None = Field(default=None, alias="otherwise")


class Case(Part):
    """One of two expressions, by a condition; without `otherwise` the other rows are empty."""

    case: Branches


class Join(Part):
    """One text of several, `with` something between; empty where one of them is."""

    join: tuple[Expression, ...] = Field(min_length=2)
    between: str = Field(default="", alias="with")


class Time(Part):
    """A time of a text, in one of the formats of the file or of its own `formats`."""

    time: Expression
    formats: tuple[str, ...] = Field(default=(), min_length=1)


class After(Part):
    """An elapsed duration after a time: `after: created`, `by: waited`, `unit: minutes`."""

    after: Expression
    by: Expression
    unit: Literal["seconds", "minutes", "hours", "days"]


class ExportDate(Part):
    """The instant of the export, in UTC: when a lifetime counter was read. `export_date: true`."""

    export_date: Literal[True]


class Number(Part):
    """An exact decimal of up to six places, without its `thousands` separators."""

    number: Expression
    thousands: Literal[",", ".", " ", "'"] | None = None


class Product(Part):
    """Two exact decimals multiplied."""

    product: tuple[Expression, Expression]


class Add(Part):
    """Exact decimals added."""

    add: tuple[Expression, ...] = Field(min_length=2)


class Subtract(Part):
    """One exact decimal less another."""

    subtract: tuple[Expression, Expression]


class Apportion(Part):
    """An amount times a `part` over its `whole`, exact, then rounded to six places; a whole of nothing has no parts."""

    apportion: Expression
    part: Expression
    whole: Expression


class Take(Part):
    """A cell of another row: of those `from` a file that `match` this row and meet `when`, the first by `first_by`."""

    take: Name
    source: Name = Field(alias="from")
    match: dict[Name, Name] = Field(min_length=1)
    when: Condition | None = None
    first_by: Name


class TopOfChain(Part):
    """The id at the top, walking from row to `parent` within the files. A parent not in them is a top."""

    top_of_chain: Name
    parent: Name


class Sum(Part):
    """The exact sum over a group."""

    sum: Expression


class Earliest(Part):
    """The earliest time of a group."""

    earliest: Expression


class Latest(Part):
    """The latest time of a group."""

    latest: Expression


class Same(Part):
    """The one value of a group. Empty cells are passed over, different values refused."""

    same: Expression


class Sole(Part):
    """The one value of a group, and empty where it has several. Empty cells are passed over."""

    sole: Expression


class Count(Part):
    """How many rows a group has."""

    count: Literal["rows"]


EXPRESSION_KEYS = (
    "constant", "row_number", "whole_number", "extract", "lower", "strip", "values", "first_of", "case", "join", "time",
    "after", "export_date", "number", "product", "add", "subtract", "apportion", "take", "top_of_chain", "sum",
    "earliest", "latest", "same", "sole", "count",
)  # fmt: skip
Expression = Annotated[
    Annotated[Name, Tag("<name>")]
    | Annotated[Constant, Tag("<constant>")]
    | Annotated[RowNumber, Tag("<row_number>")]
    | Annotated[WholeNumber, Tag("<whole_number>")]
    | Annotated[Extract, Tag("<extract>")]
    | Annotated[Lower, Tag("<lower>")]
    | Annotated[Strip, Tag("<strip>")]
    | Annotated[Values, Tag("<values>")]
    | Annotated[FirstOf, Tag("<first_of>")]
    | Annotated[Case, Tag("<case>")]
    | Annotated[Join, Tag("<join>")]
    | Annotated[Time, Tag("<time>")]
    | Annotated[After, Tag("<after>")]
    | Annotated[ExportDate, Tag("<export_date>")]
    | Annotated[Number, Tag("<number>")]
    | Annotated[Product, Tag("<product>")]
    | Annotated[Add, Tag("<add>")]
    | Annotated[Subtract, Tag("<subtract>")]
    | Annotated[Apportion, Tag("<apportion>")]
    | Annotated[Take, Tag("<take>")]
    | Annotated[TopOfChain, Tag("<top_of_chain>")]
    | Annotated[Sum, Tag("<sum>")]
    | Annotated[Earliest, Tag("<earliest>")]
    | Annotated[Latest, Tag("<latest>")]
    | Annotated[Same, Tag("<same>")]
    | Annotated[Sole, Tag("<sole>")]
    | Annotated[Count, Tag("<count>")],
    Discriminator(_by_key("name", *EXPRESSION_KEYS)),
]


# The keys of a part under which further expressions stand; under the others stand words.
_WORDS = {"constant", "row_number", "values", "export_date", "take", "count"}
_EXPRESSIONS = frozenset(EXPRESSION_KEYS) - _WORDS | {"of", "by", "then", "or_else", "part", "whole"}
_LOOKED_AT = _EXPRESSIONS | {"when", "all", "any", "never", "parent"}


def takes_in(expression: Expression) -> Iterator[Take]:
    """The cells of other rows that an expression asks for, however deep inside."""
    yield from (part for part in _ends_of(expression) if isinstance(part, Take))


def columns_in(expression: Expression) -> Iterator[tuple[str | None, str]]:
    """The columns whose cells an expression is made of, each with the file it is taken from, if that is another.

    Examples
    --------
    >>> list(columns_in(Sum.model_validate({"sum": {"product": ("Quantity", {"number": "Price"})}})))
    [(None, 'Quantity'), (None, 'Price')]
    >>> clicks = {"take": "Clicks", "from": "links", "match": {"Id": "Post"}, "first_by": "At"}
    >>> list(columns_in(Take.model_validate(clicks)))
    [('links', 'Clicks')]
    """
    for part in _ends_of(expression):
        if isinstance(part, Take):
            yield part.source, part.take
        elif isinstance(part, str):
            yield None, part


def columns_looked_at(given: Expression | Condition) -> Iterator[tuple[str | None, str]]:
    """Every column an expression or a condition needs to be there, each with the file it is taken from, if another.

    More than `columns_in`: also what is only compared.

    Examples
    --------
    >>> clicks = {"take": "Clicks", "from": "links", "match": {"Id": "Post"}, "first_by": "At"}
    >>> list(columns_looked_at(Take.model_validate(clicks)))
    [(None, 'Post'), ('links', 'Clicks'), ('links', 'At'), ('links', 'Id')]
    """
    if isinstance(given, Take):
        yield from ((None, name) for name in given.match.values())
        yield from ((given.source, name) for name in (given.take, given.first_by, *given.match))
        if given.when is not None:
            yield from ((given.source, name) for _, name in columns_looked_at(given.when))
    elif isinstance(given, str):
        yield None, given
    else:
        for name in type(given).model_fields:
            value = getattr(given, name) if name in _LOOKED_AT else None
            for part in value if isinstance(value, tuple) else (value,):
                if part is not None:
                    yield from columns_looked_at(part)


def needs_export_date(expression: Expression) -> bool:
    """Whether an expression speaks of the instant of the export."""
    return any(isinstance(part, ExportDate) for part in _ends_of(expression))


def _ends_of(expression: Expression) -> Iterator[Expression]:
    """What stands at the bottom of an expression: names, and parts in which there are no further expressions."""
    keys = (
        [name for name in type(expression).model_fields if name in _EXPRESSIONS] if isinstance(expression, Part) else []
    )
    if not keys:
        yield expression
    for name in keys:
        value = getattr(expression, name)
        for part in value if isinstance(value, tuple) else (value,):
            if part is not None:
                yield from _ends_of(part)
