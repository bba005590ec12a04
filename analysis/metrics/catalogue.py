"""What does a metric mean? One catalogue, read from data, checked when it is loaded."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.foundation.errors import UnknownName


class Definition(BaseModel):
    """One metric: what it asks, how it is counted, how it may be rolled up."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    version: int = Field(ge=1)
    label: str
    question: str
    formula: str
    unit: Literal["mentions", "issues", "orders", "share", "ratio", "seconds", "money"]
    aggregates: Literal["additive", "ratio", "quantile", "distinct"]
    basis: Literal["action", "post", "snapshot"]
    direction: Literal["higher", "lower", "neither"]
    area: Literal["customer service", "engagement and content", "commerce", "advertising", "influencers", "listening"]
    needs: list[str] = Field(min_length=1)
    by: list[str]


@cache
def definitions() -> Mapping[str, Definition]:
    """All metrics by id.

    Examples
    --------
    >>> definitions()["response_rate"].basis
    'post'
    """
    raw = tomllib.loads(files("analysis.metrics").joinpath("catalogue.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: Definition(id=name, **entry) for name, entry in raw.items()})


def definition(name: str) -> Definition:
    """The metric of that id.

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
    if name not in known:
        raise UnknownName.of("metric", name, known)
    return known[name]
