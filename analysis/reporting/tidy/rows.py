"""What stands in each table of a report? The rows of `results.json`, flat, with the types that are declared.

Numbers are those of the results, to the last digit; what a row does not have is missing, never nought. Which columns
there are is left to `shapes`, how they are written to `files`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.foundation.provenance import canonical_json
from analysis.reporting.tidy.shapes import SHAPES, Column, Shape

Value = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Tidy:
    """A table: the name of its files, what a row is, its columns, and its rows, each with a value for each column."""

    name: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]


def tables_of_results(results: Mapping[str, Any]) -> list[Tidy]:
    """The tables of a report, in the order of their declaration; those of which nothing was found are empty.

    Parameters
    ----------
    results : mapping
        The study's `results.json`.

    Examples
    --------
    >>> given = {"metrics": [{"id": "mentions", "period": "2026-01", "segment": {"kind": "complaint"}, "value": 12}]}
    >>> found = tables_of_results(given)[0]
    >>> found.name, dict(zip([one.name for one in found.columns], found.rows[0]))["segment"]
    ('metrics', 'kind: complaint')
    """
    return [_table(shape, results) for shape in SHAPES]


def _table(shape: Shape, results: Mapping[str, Any]) -> Tidy:
    rows = [
        tuple(as_kind(_found(one.key, row, above), one) for one in shape.columns)
        for above, row in _rows(shape, results)
    ]
    return Tidy(shape.name, shape.about, shape.columns, tuple(rows))


def _rows(shape: Shape, results: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any]]]:
    """Each row, after the row that holds it."""
    found = _within(results, shape.at)
    if shape.name == "effect_covariance":
        found = _pairs(found or {})
    elif shape.name == "rows_used":
        found = [{"table": name, **account} for name, account in sorted((found or {}).items())]
    for row in found or ():
        if not shape.each:
            yield {}, row
        else:
            for item in row.get(shape.each) or ():
                yield row, item


def _pairs(covariance: Mapping[str, Any]) -> list[dict[str, Any]]:
    ids = covariance.get("ids") or []
    return [
        {"effect": one, "with": other, "covariance": value}
        for one, line in zip(ids, covariance.get("matrix") or [], strict=True)
        for other, value in zip(ids, line, strict=True)
    ]


def _found(key: str, row: Mapping[str, Any], above: Mapping[str, Any]) -> Any:
    return _within(above, key.removeprefix("^")) if key.startswith("^") else _within(row, key)


def _within(row: Any, key: str) -> Any:
    for part in key.split("."):
        if not isinstance(row, Mapping):
            return None
        row = row.get(part)
    return row


def as_kind(value: Any, column: Column) -> Value:
    """A value as its column holds it.

    Raises
    ------
    ValueError
        If it is of another kind; names the column, never the value.
    """
    if value is None:
        return None
    if column.kind == "groups" and isinstance(value, Mapping):
        return "; ".join(f"{name}: {_said(one)}" for name, one in sorted(value.items())) or None
    if column.kind in ("text", "date"):
        return _said(value)
    if column.kind == "flag" and isinstance(value, bool):
        return value
    if column.kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if column.kind == "count" and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"Column `{column.name}` holds a {type(value).__name__}, where a {column.kind} should be.")


def _said(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence) and all(isinstance(one, str) for one in value):
        return "; ".join(value)
    return canonical_json(value).decode().strip()
