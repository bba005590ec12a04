"""Which row of the one list is which row of the other? Rows paired by what names them, never by their place.

Rows that share all names are paired first; what is left is tried by fewer names, and only where exactly one row on
each side is meant. What the pairs say is left to `figures` and `effects`.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.reporting.rows import Row

_SCALARS = frozenset({str, int, float, bool, type(None)})


@dataclass(frozen=True, slots=True)
class Paired:
    """Rows both have, and rows only one has; together they are all rows."""

    both: tuple[tuple[Row, Row], ...]
    only_earlier: tuple[Row, ...]
    only_later: tuple[Row, ...]


def paired(earlier: Sequence[Row], later: Sequence[Row], names: Sequence[Sequence[str]]) -> Paired:
    """Rows of two lists, paired by the first set of names, what is left by the second, and so on.

    Parameters
    ----------
    earlier, later : sequence of mapping
    names : sequence of sequences of str
        Keys that name a row, the strictest set first.

    Examples
    --------
    >>> old, new = [{"id": "a", "v": 1}, {"id": "b", "v": 1}], [{"id": "a", "v": 2}, {"id": "c", "v": 1}]
    >>> found = paired(old, new, [("id", "v"), ("id",)])
    >>> [(one["v"], other["v"]) for one, other in found.both], found.only_earlier, found.only_later
    ([(1, 2)], ({'id': 'b', 'v': 1},), ({'id': 'c', 'v': 1},))
    """
    both: list[tuple[Row, Row]] = []
    left, right = list(earlier), list(later)
    for round_number, keys in enumerate(names):
        mine, yours = _by_name(left, keys), _by_name(right, keys)
        left, right = [], []
        for name in sorted({*mine, *yours}):
            ours, theirs = mine.get(name, []), yours.get(name, [])
            if round_number and (len(ours) != 1 or len(theirs) != 1):
                left, right = [*left, *ours], [*right, *theirs]
                continue
            found, ours, theirs = _met(ours, theirs)
            both += found
            left, right = [*left, *ours], [*right, *theirs]
    return Paired(tuple(both), tuple(left), tuple(right))


def as_text(value: Any) -> str:
    """A value as text that is equal where the value is equal."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def same(one: Any, other: Any) -> bool:
    """Whether two plain values are equal; true is no 1."""
    if type(one) is type(other) and type(one) in _SCALARS:
        return bool(one == other)
    return bool(one == other) and as_text(_numbers_alike(one)) == as_text(_numbers_alike(other))


def fields_changed(earlier: Row, later: Row) -> list[str]:
    """The keys of two rows whose values differ."""
    return sorted(
        key
        for key in {*earlier, *later}
        if (key in earlier) != (key in later) or not same(earlier.get(key), later.get(key))
    )


def rows_of_one(earlier: Sequence[Any], later: Sequence[Any]) -> tuple[int, int]:
    """How many rows only the earlier list has, and how many only the later; a row given twice counts twice."""
    mine, yours = (Counter(as_text(_numbers_alike(row)) for row in rows) for rows in (earlier, later))
    return (mine - yours).total(), (yours - mine).total()


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every plain value inside a value, with the path that leads to it.

    Examples
    --------
    >>> dict(leaves({"npv": {"p50": 3}, "costs": [{"line": "tools", "initial": 1}], "none": []}))
    {'costs[tools].initial': 1, 'costs[tools].line': 'tools', 'none': [], 'npv.p50': 3}
    """
    if isinstance(value, Mapping) and value:
        for key in sorted(value):
            yield from leaves(value[key], f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for name, item in _named_items(value):
            yield from leaves(item, f"{path}[{name}]")
    else:
        yield path, value


def leaves_changed(earlier: Any, later: Any) -> list[tuple[str, Any, Any]]:
    """The paths at which two values differ, with what stands there on each side; None where nothing does."""
    mine, yours = dict(leaves(earlier)), dict(leaves(later))
    return [
        (path, mine.get(path), yours.get(path))
        for path in sorted({*mine, *yours})
        if (path in mine) != (path in yours) or not same(mine.get(path), yours.get(path))
    ]


def _named_items(items: list[Any]) -> Iterator[tuple[str, Any]]:
    """The items of a list under names of their own where they have some, else under their places."""
    for key in ("id", "line", "name", "step"):
        names = [item[key] if isinstance(item, Mapping) and isinstance(item.get(key), str) else None for item in items]
        if None not in names and len(set(names)) == len(names):
            yield from zip(map(str, names), items, strict=True)
            return
    yield from ((str(place), item) for place, item in enumerate(items))


def _by_name(rows: Sequence[Row], keys: Sequence[str]) -> dict[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        found[as_text([row.get(key) for key in keys])].append(row)
    return found


def _met(ours: list[Row], theirs: list[Row]) -> tuple[list[tuple[Row, Row]], list[Row], list[Row]]:
    """Rows of one name: equal ones with each other first, then in the order of what they hold."""
    if len(ours) == len(theirs) == 1:
        return [(ours[0], theirs[0])], [], []
    theirs = sorted(theirs, key=as_text)
    found: list[tuple[Row, Row]] = []
    rest: list[Row] = []
    for row in sorted(ours, key=as_text):
        place = next((at for at, other in enumerate(theirs) if same(row, other)), None)
        if place is None:
            rest.append(row)
        else:
            found.append((row, theirs.pop(place)))
    pairs = list(zip(rest, theirs, strict=False))
    return [*found, *pairs], rest[len(pairs) :], theirs[len(pairs) :]


def _numbers_alike(value: Any) -> Any:
    """The value with whole floats as whole numbers, so that 1.0 and 1 are written alike."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {key: _numbers_alike(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_numbers_alike(item) for item in value]
    return value
