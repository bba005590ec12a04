"""What does a metric mean? One catalogue, read from data, checked when it is loaded.

An entry says what a figure asks, how it is counted and how it may be rolled up. How it is counted in the tables is
left to the families; that a rule of rolling up is kept, to `rollup`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from analysis.foundation.errors import UnknownName
from analysis.tables.contract import SCHEMAS

WINDOW = "{window_days}"
OR = " or "
Area = Literal[
    "customer service", "engagement and content", "commerce", "advertising", "influencers", "listening"
]  # fmt: skip
AREAS: tuple[Area, ...] = (
    "customer service", "engagement and content", "commerce", "advertising", "influencers", "listening",
)  # fmt: skip


class Recipe(BaseModel):
    """How a plain figure is counted: rows of one table by the month of `time`, those that meet `where`.

    Of a ratio, `above` and `below` are sums over the same rows, and `none` says why there is no figure where nothing
    stands below. All four are SQL over the table's columns. What takes more than that is counted by a family.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    table: str
    time: str
    where: str = "true"
    above: str | None = None
    below: str | None = None
    none: str = "nothing to divide by in the period"

    @model_validator(mode="after")
    def _sound(self) -> Recipe:
        if self.table not in SCHEMAS or self.time not in SCHEMAS[self.table].by_name:
            raise ValueError(f"counts by `{self.table}.{self.time}`, which the contract does not know.")
        if (self.above is None) != (self.below is None):
            raise ValueError("a ratio has something above and something below.")
        return self


class Definition(BaseModel):
    """One metric: what it asks, how it is counted, how it may be rolled up.

    `needs` names tables and columns (`table.column`) without which it cannot be counted, alternatives joined by " or ";
    `by` the columns it is broken
    down by. `target` is what the field aims at, with its source; a team's own targets stand above it. A metric with a
    window counts what happens within `window_days` of its event, and its figure of a month is final only after them.
    One in business `hours` counts seconds of opening hours, and needs a schedule. `count` says how it is counted where
    no family does.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    label: str = Field(min_length=1)
    question: str = Field(pattern=r"\?$")
    formula: str = Field(min_length=1)
    unit: Literal[
        "mentions", "issues", "orders", "customers", "contacts", "clicks", "impressions", "interactions", "followers",
        "subscriptions", "accounts", "people", "share", "ratio", "points", "score", "per customer", "per issue",
        "seconds", "days", "money",
    ]  # fmt: skip
    grain: Literal[
        "mention", "conversation", "issue", "touchpoint", "customer", "order", "gap", "subscription", "survey",
        "action", "post", "link", "series", "channel",
    ]  # fmt: skip
    aggregates: Literal["additive", "stock", "ratio", "distinct", "quantile", "model"]
    basis: Literal["action", "post", "both", "snapshot"]
    direction: Literal["higher", "lower", "neither"]
    area: Area
    needs: list[str] = Field(min_length=1)
    by: list[str]
    null_rule: str = Field(min_length=1)
    target: float | None = None
    target_source: str | None = None
    window_days: int | None = Field(default=None, ge=1)
    hours: Literal["calendar", "business"] = "calendar"
    count: Recipe | None = None

    @model_validator(mode="after")
    def _sound(self) -> Definition:
        if (self.target is None) != (self.target_source is None):
            raise ValueError(f"{self.id}: a target comes with its source.")
        if (self.window_days is None) == (WINDOW in self.formula):
            raise ValueError(f"{self.id}: a window is named in `window_days` and in the formula, as {WINDOW}, or not.")
        if self.count is not None and self.aggregates != ("additive" if self.count.above is None else "ratio"):
            raise ValueError(f"{self.id}: rows that are counted are additive, sums that are divided a ratio.")
        for need in (one for needed in self.needs for one in needed.split(OR)):
            table, _, column = need.partition(".")
            if table not in SCHEMAS or (column and column not in SCHEMAS[table].by_name):
                raise ValueError(f"{self.id}: needs `{need}`, which the contract does not know.")
        return self

    @property
    def said(self) -> str:
        """The formula in words, with its window filled in."""
        return self.formula.replace(WINDOW, str(self.window_days))

    @property
    def bases(self) -> tuple[str, ...]:
        """The bases it is counted on."""
        return ("action", "post") if self.basis == "both" else (self.basis,)

    def with_window(self, days: int) -> Definition:
        """The same metric with another window, and an id that says so.

        Raises
        ------
        ValueError
            If the metric has no window.

        Examples
        --------
        >>> definition("repurchase_90d").with_window(60).id
        'repurchase_60d'
        """
        if self.window_days is None:
            raise ValueError(f"{self.id} has no window.")
        if days == self.window_days:
            return self
        stem = re.sub(rf"_{self.window_days}d(?=_|$)", f"_{days}d", self.id)
        name = stem if stem != self.id else f"{self.id}_{days}d"
        return self.model_copy(update={"id": name, "window_days": days})


@cache
def definitions() -> Mapping[str, Definition]:
    """All metrics by id.

    Examples
    --------
    >>> definitions()["response_rate"].unit
    'share'
    """
    raw = tomllib.loads(files("analysis.metrics").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: Definition(id=name, **entry) for name, entry in raw.items()})


def definition(name: str) -> Definition:
    """The metric of that id, also under the id that another window gives it.

    Raises
    ------
    UnknownName
        If there is none, with the nearest one.

    Examples
    --------
    >>> definition("respons_rate")
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.UnknownName: 1 fault was found.
      - metric: there is no `respons_rate`. Did you mean `response_rate`?
    """
    known = definitions()
    if name in known:
        return known[name]
    windowed = re.search(r"_(\d{1,4})d(?=_|$)", name)
    if windowed and int(windowed[1]) > 0:
        days = int(windowed[1])
        for entry in known.values():
            if entry.window_days is not None and entry.with_window(days).id == name:
                return entry.with_window(days)
    raise UnknownName.of("metric", name, known)
