"""What does each table hold? The contract as data: tables, keys, columns, types, what may be empty, what may be said.

The words stand in `schemas/<table>.toml`, one file a table. Finding tables is left to `folder`, reading text to
`reader`, what a type accepts to `column_rules`, and judging whole tables to `checks`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal, get_args

ColumnType = Literal["id", "text", "time", "date", "money", "number", "int", "flag", "enum"]
ENGINE_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "id": "VARCHAR",
        "text": "VARCHAR",
        "enum": "VARCHAR",
        "time": "TIMESTAMP",
        "date": "DATE",
        "money": "DECIMAL(19,6)",
        "number": "DECIMAL(19,6)",
        "int": "BIGINT",
        "flag": "BOOLEAN",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSchema:
    """One column of the contract.

    Parameters
    ----------
    name, type : str
        Its name and one of the nine types.
    nullable : bool
        Whether a row may leave it empty.
    values : tuple of str, optional
        What an `enum` may say.
    about : str
        What it holds, in one sentence.
    format : str, optional
        "currency" for a text that is an ISO 4217 code.
    not_before : str, optional
        The column whose time this one cannot come before.
    known_with : str, optional
        The time column that dates what this one says, where that is news to the row: itself for `first_reply_at`,
        `first_reply_at` for `replied_by`. Before that time it is empty.
    """

    name: str
    type: ColumnType
    nullable: bool
    values: tuple[str, ...] | None = None
    about: str = ""
    format: Literal["currency"] | None = None
    not_before: str | None = None
    known_with: str | None = None

    def __post_init__(self) -> None:
        if self.type not in get_args(ColumnType):
            raise ValueError(f"Column `{self.name}`: there is no type `{self.type}`.")
        if (self.type == "enum") != bool(self.values):
            raise ValueError(f"Column `{self.name}`: an enum names its values, and nothing else does.")
        if self.values and not all(re.fullmatch(r"[a-z0-9_]+", value) for value in self.values):
            raise ValueError(f"Column `{self.name}`: values are lower-case words.")
        if self.known_with and not self.nullable:
            raise ValueError(f"Column `{self.name}`: what is not known from the first can be empty.")

    @property
    def engine_type(self) -> str:
        """The type the engine holds it in."""
        return ENGINE_TYPES[self.type]


KNOWN_AT = ColumnSchema(
    name="known_at",
    type="time",
    nullable=True,
    about="When our records first held this version of the row.",
)


@dataclass(frozen=True, kw_only=True)
class TableSchema:
    """One table of the contract.

    Parameters
    ----------
    name : str
        Its name.
    key : tuple of str
        The columns that tell its rows apart.
    columns : tuple of ColumnSchema
        All its columns; `known_at`, which every table may carry, comes last.
    about : str
        What a row is, in one sentence.
    event_time : str, optional
        The column that dates a row.
    recorded_time : str, optional
        The column that says when a row was known, where that is not `event_time`.
    set_aside : mapping of str to str
        Reason to the time column that, when filled, takes a row out.
    standing : bool
        Whether its rows say what someone is and not what happened: then they are taken for known without a `known_at`.

    Examples
    --------
    >>> SCHEMAS["orders"].key
    ('order_id',)
    >>> SCHEMAS["orders"].column("revenue").engine_type
    'DECIMAL(19,6)'
    >>> SCHEMAS["surveys"].column("instrument").values
    ('csat', 'nps', 'ces1', 'ces2')
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[ColumnSchema, ...]
    about: str = ""
    event_time: str | None = None
    recorded_time: str | None = None
    set_aside: Mapping[str, str] = field(default_factory=dict)
    standing: bool = False

    def __post_init__(self) -> None:
        names = [column.name for column in self.columns]
        if len(set(names)) != len(names):
            raise ValueError(f"Table `{self.name}`: a column is named twice.")
        pointed_at = [*self.key, *self.set_aside.values(), *filter(None, (self.event_time, self.recorded_time))]
        pointed_at += [column.not_before for column in self.columns if column.not_before]
        if unknown := sorted(set(pointed_at) - set(names)):
            raise ValueError(f"Table `{self.name}`: there is no column {', '.join(unknown)}.")
        for column in self.columns:
            if column.known_with and not self._is_news(column.name, column.known_with):
                what = (
                    "is known with a time column that is known with itself, and is no part of what tells or dates a row"
                )
                raise ValueError(f"Table `{self.name}`: column `{column.name}` {what}.")

    def _is_news(self, name: str, known_with: str) -> bool:
        """Whether a column may be known with another, or itself: with news that came to the row and has its time."""
        dating = next((column for column in self.columns if column.name == known_with), None)
        fixed = {*self.key, self.event_time, self.recorded_time, KNOWN_AT.name}
        return dating is not None and dating.type == "time" and dating.known_with == known_with and name not in fixed

    @cached_property
    def by_name(self) -> Mapping[str, ColumnSchema]:
        return MappingProxyType({column.name: column for column in self.columns})

    def column(self, name: str) -> ColumnSchema:
        """The column of that name; KeyError if the contract has none."""
        return self.by_name[name]

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which it is not this table."""
        return tuple(column.name for column in self.columns if not column.nullable)

    @property
    def money(self) -> tuple[str, ...]:
        """The columns whose sums need the `currency` beside them."""
        if "currency" not in self.by_name:
            return ()
        return tuple(column.name for column in self.columns if column.type == "money")

    @property
    def known_by(self) -> str | None:
        """The time column that stands in for an empty `known_at`, if the table has one."""
        name = self.recorded_time or self.event_time
        return name if name and self.column(name).type == "time" else None


def _table(name: str, given: Mapping[str, Any]) -> TableSchema:
    columns = tuple(
        ColumnSchema(
            name=column,
            nullable=facts.get("nullable", False),
            values=tuple(facts["values"]) if "values" in facts else None,
            **{key: value for key, value in facts.items() if key not in ("nullable", "values")},
        )
        for column, facts in given["columns"].items()
    )
    return TableSchema(
        name=name,
        key=tuple(given["key"]),
        columns=(*columns, KNOWN_AT),
        **{key: value for key, value in given.items() if key not in ("key", "columns")},
    )


def _read_schemas(folder: Path) -> Mapping[str, TableSchema]:
    files = sorted(folder.glob("*.toml"))
    return MappingProxyType(
        {file.stem: _table(file.stem, tomllib.loads(file.read_text(encoding="utf-8"))) for file in files}
    )


SCHEMAS: Mapping[str, TableSchema] = _read_schemas(Path(__file__).parent / "schemas")
