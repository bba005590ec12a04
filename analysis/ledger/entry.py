"""What does one line of the ledger say, and how is it chained to the line before it?

A close is a file: its first line says when and from what the month was closed, every further line is one figure. A line
is JSON with sorted keys, in which signs that cannot be seen are escaped; `hash` is the SHA-256 of the line as it would
be written without `hash`, `previous` the hash of the line before, through all files. How files are checked is left to
`chain`, how they are written to `store`, what a close writes to `close`.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple

from analysis.foundation.calendar import Month, iso
from analysis.foundation.provenance import fingerprint_of_bytes, rounded
from analysis.metrics.counter import UNKNOWN
from analysis.metrics.figure import Metric
from analysis.tables.contract import SCHEMAS

SCHEMA = "touchstone.ledger/1"
Kind = Literal["lock", "adjust", "restate", "redefine"]
KINDS: tuple[Kind, ...] = ("lock", "adjust", "restate", "redefine")
"""What a figure's entry does: hold it for the first time, book late news, correct an error, recast it by a new
definition."""

SAME_TO = 2e-12
"""Numbers are written to 12 digits: two that are nearer than their last one, relative to their size, are the same."""

_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2]|P(?:0[1-9]|[1-9]\d))")
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories of signs that steer a terminal, turn a line's direction or break it: they are escaped."""

_WORDS = frozenset(
    (column.name, word)
    for table in SCHEMAS.values()
    for column in table.columns
    if column.values is not None
    for word in (*column.values, UNKNOWN)
)
"""Columns whose values the contract lists, each with a word of its list."""

_ENCODER = json.JSONEncoder(sort_keys=True, ensure_ascii=False, allow_nan=False)


class Key(NamedTuple):
    """Which figure: metric, version, basis, segment as sorted pairs, and the month it is of."""

    metric: str
    version: int
    basis: str
    segment: tuple[tuple[str, str], ...]
    period: str

    @classmethod
    def of(cls, row: Metric) -> Key:
        """The key of a computed figure."""
        return cls(row.id, row.version, row.basis, tuple(sorted(row.segment.items())), row.period)

    @property
    def month(self) -> Month:
        return Month.of(self.period)

    @property
    def family(self) -> tuple[str, int, str, str]:
        """The figures that are counted together: all segments of a metric and month."""
        return self.metric, self.version, self.basis, self.period

    def __str__(self) -> str:
        """As a message names it: a part by its value, if that is a word of the contract; else it may be text from data.

        Examples
        --------
        >>> str(Key("mentions_by_kind", 1, "action", (("kind", "complaint"),), "2026-07"))
        '`mentions_by_kind` of 2026-07, kind complaint'
        >>> str(Key("mentions_by_platform", 1, "action", (("platform", "a name"),), "2026-07"))
        '`mentions_by_platform` of 2026-07, one platform'
        """
        parts = (f"{name} {value}" if (name, value) in _WORDS else f"one {name}" for name, value in self.segment)
        by = "".join(f", {part}" for part in parts)
        basis = ", by month of the post" if self.basis == "post" else ""
        return f"`{self.metric}` of {self.period}{by}{basis}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseEntry:
    """The first line of a close: which month, as known when, from which tables, parameters and code.

    `opening` names earlier months that enter with the first close, `entries` how many figures follow. `reason` is why
    figures were restated, where any were; `correction` is true where the month had been closed before. `rules` are
    what the figures were counted by; a close of before they were told has none.
    """

    number: int
    family: str
    month: Month
    known_at: datetime
    inputs: Mapping[str, str]
    params: str
    code: str
    package: str
    entries: int
    opening: tuple[Month, ...] = ()
    reason: str | None = None
    correction: bool = False
    rules: Mapping[str, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """The line's content as plain values, without its place in the chain."""
        line: dict[str, Any] = {
            "schema": SCHEMA,
            "entry": "close",
            "number": self.number,
            "family": self.family,
            "month": str(self.month),
            "known_at": iso(self.known_at),
            "inputs": dict(self.inputs),
            "params": self.params,
            "code": self.code,
            "package": self.package,
            "entries": self.entries,
            "opening": [str(month) for month in self.opening],
            "reason": self.reason,
            "correction": self.correction,
        }
        if self.rules:
            line["rules"] = dict(self.rules)
        return line

    @classmethod
    def from_dict(cls, line: Mapping[str, Any]) -> CloseEntry:
        """The entry a line holds.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is no such entry.
        """
        if line["schema"] != SCHEMA or line["entry"] != "close":
            raise ValueError("A close begins with an entry of its own.")
        return cls(
            number=int(line["number"]),
            family=str(line["family"]),
            month=Month.of(line["month"]),
            known_at=_instant(line["known_at"]),
            inputs=dict(line["inputs"]),
            params=line["params"],
            code=line["code"],
            package=line["package"],
            entries=int(line["entries"]),
            opening=tuple(Month.of(text) for text in line["opening"]),
            reason=line["reason"],
            correction=bool(line["correction"]),
            rules=dict(line.get("rules", {})),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureEntry:
    """One figure's line: what a close says of it.

    `close` is the number of the close, `tables` the tables it was counted from and `inputs` their joint fingerprint.
    `before` is what was held until then (None with a first entry, or where nothing was held); `material` says that the
    news passed what the team calls material.
    """

    kind: Kind
    close: int
    key: Key
    value: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    known_at: datetime
    tables: tuple[str, ...]
    inputs: str
    before: float | None = None
    change: float | None = None
    relative_change: float | None = None
    material: bool = False
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """The line's content as plain values, without its place in the chain."""
        line: dict[str, Any] = {
            "entry": self.kind,
            "close": self.close,
            "metric": self.key.metric,
            "version": self.key.version,
            "basis": self.key.basis,
            "segment": dict(self.key.segment),
            "period": self.key.period,
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "unit": self.unit,
            "known_at": iso(self.known_at),
            "tables": list(self.tables),
            "inputs": self.inputs,
        }
        if self.kind in ("adjust", "restate"):
            line |= {
                "before": self.before,
                "change": self.change,
                "relative_change": self.relative_change,
                "material": self.material,
            }
        if self.reason is not None:
            line["reason"] = self.reason
        return line

    @classmethod
    def from_dict(cls, line: Mapping[str, Any], known_at: datetime) -> FigureEntry:
        """The entry a line of the close known at `known_at` holds.

        Raises
        ------
        ValueError, KeyError, TypeError
            If it is no such entry.
        """
        if line["entry"] not in KINDS:
            raise ValueError("A figure's entry is of no such kind.")
        if line["known_at"] != iso(known_at):
            raise ValueError("A figure is known as of its close.")
        segment = line["segment"]
        pairs = tuple(sorted(segment.items())) if segment else ()
        period = line["period"]
        Month.of(period)  # figures are held of civil months alone
        return cls(
            kind=line["entry"],
            close=line["close"],
            key=Key(line["metric"], line["version"], line["basis"], pairs, period),
            value=line["value"],
            numerator=line["numerator"],
            denominator=line["denominator"],
            unit=line["unit"],
            known_at=known_at,
            tables=tuple(line["tables"]),
            inputs=line["inputs"],
            before=line.get("before"),
            change=line.get("change"),
            relative_change=line.get("relative_change"),
            material=line.get("material", False),
            reason=line.get("reason"),
        )

    @property
    def numbers(self) -> tuple[float | None, float | None, float | None]:
        """What is compared: value, numerator, denominator."""
        return self.value, self.numerator, self.denominator


def numbers_of(row: Metric) -> tuple[float | None, float | None, float | None]:
    """Value, numerator and denominator of a computed figure, as the ledger would write them."""
    return rounded(row.value), rounded(row.numerator), rounded(row.denominator)


def is_month(period: str) -> bool:
    """Whether a period is a single month, of the civil calendar or a fiscal one: others are computed, never closed.

    Examples
    --------
    >>> [is_month(period) for period in ("2026-08", "2026-P08", "2026q3", "2026-07/2026-08")]
    [True, True, False, False]
    """
    return _MONTH.fullmatch(period) is not None


def same(one: float | None, other: float | None) -> bool:
    """Whether two numbers are the same to the digits that are written.

    Examples
    --------
    >>> same(0.1 + 0.2, 0.3), same(1, 2), same(None, 0), same(None, None)
    (True, False, False, True)
    """
    if one is None or other is None:
        return one is other
    return one == other or abs(one - other) <= SAME_TO * max(abs(one), abs(other))


def said(value: float | None) -> str:
    """A number as messages print it.

    Examples
    --------
    >>> [said(value) for value in (1200, 1.84, 0.303245, 12345.678, None)]
    ['1,200', '1.84', '0.3032', '12,345.68', 'nothing']
    """
    if value is None:
        return "nothing"
    if value == int(value):
        return f"{value:,.0f}"
    return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.2f}"


def genesis(family: str) -> str:
    """What the very first line of a family's ledger follows.

    Examples
    --------
    >>> genesis("care")
    'the ledger of care begins'
    """
    return f"the ledger of {family} begins"


def chained(lines: Iterable[Mapping[str, Any]], head: str) -> Iterator[tuple[str, bytes]]:
    """Each line's hash and its bytes (without the line feed), chained to `head`.

    Examples
    --------
    >>> [(hash, line)] = chained([{"value": 3, "entry": "lock"}], genesis("care"))
    >>> line.decode().replace(hash, "...")
    '{"entry": "lock", "hash": "...", "previous": "the ledger of care begins", "value": 3}'
    """
    for line in lines:
        content = {**rounded(line), "previous": head}
        head = hash_of(_written(content))
        yield head, _written({**content, "hash": head})


def _written(content: Mapping[str, Any]) -> bytes:
    """A line's bytes: letters as they are, and signs that cannot be seen as their numbers.

    Examples
    --------
    >>> _written({"reason": "Größe\u202e"}).decode()
    '{"reason": "Größe\\\\u202e"}'
    """
    line = _ENCODER.encode(content)
    if not line.isprintable():
        line = "".join(json.dumps(sign)[1:-1] if unicodedata.category(sign) in _UNSEEN else sign for sign in line)
    return line.encode()


def hash_of(content: bytes) -> str:
    """The SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def unsealed(line: bytes, seal: str) -> bytes | None:
    """The line as it was before its hash was written into it; None where the hash is not written in it just once."""
    mark = f'"hash": "{seal}", '.encode()
    return line.replace(mark, b"", 1) if line.count(mark) == 1 else None


def joint_fingerprint(inputs: Mapping[str, str], tables: Iterable[str]) -> str:
    """One fingerprint of several tables."""
    return fingerprint_of_bytes("\n".join(f"{table} {inputs[table]}" for table in sorted(tables)).encode())


def _instant(text: str) -> datetime:
    if not text.endswith("Z"):
        raise ValueError("A time is written in UTC.")
    return datetime.fromisoformat(text.removesuffix("Z"))
