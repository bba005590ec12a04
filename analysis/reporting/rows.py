"""In which rows does a result come, whether a study just made it or `results.json` kept it?

Charts, tables and the summary all read plain rows as the contract writes them, so that a page made today and one made
from the file next year say the same. What to show of them is left to their readers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
_MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2]|P\d\d)")


def effect_rows(result: Any) -> list[Row]:
    """The rows of the contract's `effects`, from a study's result, a `results.json`, or rows."""
    return _rows(result, "effects")


def metric_rows(result: Any) -> list[Row]:
    """The rows of the contract's `metrics`, from a metrics result, a `results.json`, or rows."""
    return _rows(result, "metrics")


def _rows(result: Any, key: str) -> list[Row]:
    found: Iterable[Any]
    if isinstance(result, Mapping):
        found = result.get(key) or ()
    elif hasattr(result, key):
        found = getattr(result, key)
    elif isinstance(result, Iterable) and not isinstance(result, str):
        found = result
    else:
        raise TypeError(f"A result with `{key}`, or rows of them, are needed, not {type(result).__name__}.")
    return [row if isinstance(row, Mapping) else row.to_dict() for row in found]


def part_of(result: Any, key: str, *, itself: str | None = None) -> Any:
    """What stands under a key of `results.json`: taken from there, made by a study's result, or given as it is.

    Parameters
    ----------
    result : mapping, a result with `to_parts`, or rows
    key : str
    itself : str, optional
        A mapping that holds this name is the part itself, not the results it was taken from.

    Examples
    --------
    >>> part_of({"incidents": [1]}, "incidents"), part_of([1], "incidents"), part_of({}, "incidents")
    ([1], [1], None)
    >>> part_of({"standing": "closed"}, "close", itself="standing")
    {'standing': 'closed'}
    """
    if isinstance(result, Mapping):
        return result.get(key, result if itself is not None and itself in result else None)
    if hasattr(result, "to_parts"):
        return result.to_parts().get(key)
    if isinstance(result, Iterable) and not isinstance(result, str):
        return list(result)
    raise TypeError(f"A result with `{key}`, or what stands there, is needed, not {type(result).__name__}.")


def is_naive(row: Row) -> bool:
    """Whether a row of effects is a raw figure, printed only beside the adjusted one."""
    return str(row["estimand"]).startswith("naive_")


def main_scale(row: Row) -> str:
    """The scale on which an effect is told first: a test, a comparison of users and effort by the difference itself.

    Examples
    --------
    >>> main_scale({"design": "ab_randomised"}), main_scale({"design": "before_after"})
    ('difference', 'ratio')
    """
    return (
        "difference"
        if row.get("design") in ("ab_randomised", "ab_observational", "effort", "dose_and_mix")
        else "ratio"
    )


def monthly(rows: Sequence[Row]) -> list[Row]:
    """The rows of single months, in their order; those of the whole period are left out."""
    return sorted((row for row in rows if _MONTH.fullmatch(str(row["period"]))), key=lambda row: row["period"])


def of_metric(rows: Sequence[Row], metric: str, *by: str, basis: str | None = None) -> list[Row]:
    """The rows of one metric that are split by exactly these segments, on one basis where a basis is named."""
    return [
        row for row in rows if row["id"] == metric and set(row["segment"]) == set(by) and basis in (None, row["basis"])
    ]


def level_of(rows: Sequence[Row]) -> float | None:
    """The level of all intervals, if it is one."""
    levels = {row["level"] for row in rows if row.get("level") is not None}
    return levels.pop() if len(levels) == 1 else None
