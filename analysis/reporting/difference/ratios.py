"""Which ratios moved since the last report, and was it their parts or their mix?

The months that only the later report holds are set against as many of the last months of the earlier one; where there
are none, the months both hold. Each column that parts a ratio tells the whole change by itself: the splits by channel
and by product are two views of one change and are never added. How a change is split is left to `mix`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from analysis.foundation.errors import DesignError, UnknownName
from analysis.metrics.catalogue import definition
from analysis.reporting.difference.mix import Cells, Part, Split, split
from analysis.reporting.rows import Row, monthly

Key = tuple[str, str, str]
"""Metric, basis, and the column that parts it."""
Months = Mapping[str, Cells]
BY = "_by_"
COLUMNS = ("channel", "product", "platform")
"""The columns that part a ratio, in the order in which they are told."""


def ratios_compared(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """The ratios that both results hold in parts, with their change split into rate and mix.

    Parameters
    ----------
    earlier, later : mapping
        What two `results.json` hold.

    Returns
    -------
    dict
        `rows`: of each ratio and column both sides (`months`, `value`, `numerator`, `denominator`), `change`, `rate`,
        `mix`, `new`, `gone`, whether all parts went one way and the whole the other (`reversed`), whether a close holds
        other numbers than these parts (`held_otherwise`), and the `parts`. `left_out`: those that cannot be split, with
        the reason. `held`: which of the two results hold parts at all.

    Examples
    --------
    >>> def results(month, x, y):
    ...     parts = {"platform": {month: {"x": x, "y": y}}}
    ...     return {"coverage": {"made_of": {"response_rate": {"post": parts}}}}
    >>> found = ratios_compared(results("2026-08", [72, 80], [4, 20]), results("2026-09", [19, 20], [24, 80]))
    >>> row, = found["rows"]
    >>> row["change"], row["rate"], row["mix"], row["reversed"]
    (-0.33, 0.075, -0.405, True)
    """
    sides = _parted(earlier), _parted(later)
    about = _about(earlier), _about(later)
    rows: list[dict[str, Any]] = []
    left_out: list[dict[str, Any]] = []
    for key in sorted({*sides[0]} & {*sides[1]}, key=_place):
        name = dict(zip(("metric", "basis", "by"), key, strict=True))
        versions = [one.get(key[:2], {}).get("version") for one in about]
        if None not in versions and versions[0] != versions[1]:
            left_out.append({**name, "reason": "it is counted by another definition"})
            continue
        months = _spans([*sides[0][key]], [*sides[1][key]])
        if months is None:
            left_out.append({**name, "reason": "there is no later month, and none that both hold"})
            continue
        cells = [_together(side[key], which) for side, which in zip(sides, months, strict=True)]
        if months[0] == months[1] and cells[0] == cells[1]:
            continue
        try:
            found = split(*cells)
        except DesignError as error:
            left_out.append({**name, "reason": str(error)})
            continue
        unit = about[1].get(key[:2], {}).get("unit") or "ratio"
        whole = [_sums(one) for one in cells]
        otherwise = any(
            _held_otherwise(one, key, which, sums)
            for one, which, sums in zip((earlier, later), months, whole, strict=True)
        )
        rows.append({**name, "version": versions[1], "unit": unit, "held_otherwise": otherwise,
                     **_row(found, months, whole)})  # fmt: skip
    held = {"before": bool(sides[0]), "after": bool(sides[1])}
    return {"rows": rows, "left_out": left_out, "held": held}


def _row(
    found: Split, months: tuple[list[str], list[str]], wholes: Sequence[tuple[Decimal, Decimal]]
) -> dict[str, Any]:
    sides = (
        {"months": which, "value": float(value), "numerator": float(above), "denominator": float(below)}
        for which, value, (above, below) in zip(months, (found.before, found.after), wholes, strict=True)
    )
    return {
        **dict(zip(("before", "after"), sides, strict=True)),
        **{name: float(getattr(found, name)) for name in ("change", "rate", "mix", "new", "gone")},
        "reversed": found.reversed,
        "parts": [_part(part) for part in found.parts],
    }


def _part(part: Part) -> dict[str, Any]:
    return {
        "part": part.name,
        "share_before": float(part.share_before),
        "share_after": float(part.share_after),
        "before": None if part.before is None else float(part.before),
        "after": None if part.after is None else float(part.after),
        "rate": float(part.rate),
        "mix": float(part.mix),
    }


def _parted(results: Mapping[str, Any]) -> dict[Key, dict[str, Cells]]:
    """Both numbers of every ratio, column, month and part; what is not in form is no part."""
    found: dict[Key, dict[str, Cells]] = {}
    for metric, by_basis in _items((results.get("coverage") or {}).get("made_of")):
        for basis, by_column in _items(by_basis):
            for column, by_month in _items(by_column):
                months: dict[str, Cells] = {month: dict(_cells(parts)) for month, parts in _items(by_month)}
                if months and all(months.values()):
                    found[metric, basis, column] = months
    return {**found, **_from_rows(results)}


def _items(given: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(given, Mapping):
        yield from ((str(key), value) for key, value in sorted(given.items()))


def _cells(given: Any) -> Iterator[tuple[str, tuple[Any, Any]]]:
    for part, both in _items(given):
        if isinstance(both, list | tuple) and len(both) == 2 and all(map(_is_number, both)):
            yield part, (both[0], both[1])


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _from_rows(results: Mapping[str, Any]) -> dict[Key, dict[str, Cells]]:
    """Ratios that the catalogue counts by a column as figures of their own, under the name of the whole.

    Only those whose parts add up to the whole in every month: shares of one whole have no mix.
    """
    rows = [row for row in monthly(results.get("metrics") or ()) if row.get("denominator") is not None]
    wholes = {(row["id"], row.get("basis"), row["period"]): row for row in rows if not row.get("segment")}
    found: defaultdict[Key, dict[str, dict[str, tuple[Any, Any]]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        name, _, column = str(row["id"]).rpartition(BY)
        segment = row.get("segment") or {}
        if name and set(segment) == {column} and _is_ratio(str(row["id"])) and (row["denominator"] or row["numerator"]):
            key = (name, str(row.get("basis")), column)
            found[key][row["period"]][str(segment[column])] = (row["numerator"], row["denominator"])
    return {
        key: dict(months)
        for key, months in found.items()
        if all(_is_whole(cells, wholes.get((*key[:2], month))) for month, cells in months.items())
    }


def _is_ratio(metric: str) -> bool:
    try:
        return definition(metric).aggregates == "ratio"
    except UnknownName:
        return False


def _is_whole(cells: Cells, whole: Row | None) -> bool:
    if whole is None or whole.get("numerator") is None:
        return False
    return tuple(map(float, _sums(cells))) == (whole["numerator"], whole["denominator"])


def _sums(cells: Cells) -> tuple[Decimal, Decimal]:
    """Both numbers of all parts together, by their shortest decimals."""
    above, below = (sum((Decimal(str(both[side])) for both in cells.values()), Decimal(0)) for side in (0, 1))
    return above, below


def _together(months: Months, which: Sequence[str]) -> dict[str, tuple[Any, Any]]:
    """Each part's numbers over some months."""
    found: dict[str, list[Decimal]] = {}
    for month in which:
        for part, both in months[month].items():
            sums = found.setdefault(part, [Decimal(0), Decimal(0)])
            for side in (0, 1):
                sums[side] += Decimal(str(both[side]))
    return {part: (_plain(above), _plain(below)) for part, (above, below) in found.items()}


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def _spans(earlier: list[str], later: list[str]) -> tuple[list[str], list[str]] | None:
    """The months set against each other: later ones against as many before them, else those both hold.

    Examples
    --------
    >>> _spans(["2026-06", "2026-07", "2026-08"], ["2026-07", "2026-08", "2026-09"])
    (['2026-08'], ['2026-09'])
    >>> _spans(["2026-07", "2026-08"], ["2026-07"])
    (['2026-07'], ['2026-07'])
    """
    new = sorted(month for month in later if month > max(earlier))
    if new:
        return sorted(earlier)[-len(new) :], new
    common = sorted({*earlier} & {*later})
    return (common, common) if common else None


def _about(results: Mapping[str, Any]) -> dict[tuple[str, str], Row]:
    """The latest definition of each figure of all customers, for its version and its unit."""
    found: dict[tuple[str, str], Row] = {}
    for row in results.get("metrics") or ():
        key = (row["id"], str(row.get("basis")))
        if not row.get("segment") and (row.get("version") or 0) >= (found.get(key, {}).get("version") or 0):
            found[key] = row
    return found


def _held_otherwise(
    results: Mapping[str, Any], key: Key, months: Sequence[str], whole: tuple[Decimal, Decimal]
) -> bool:
    """Whether the report gives other numbers for these months than the parts do: as they were once closed."""
    rows = [
        row
        for row in results.get("metrics") or ()
        if row["id"] == key[0] and row.get("basis") == key[1] and not row.get("segment") and row["period"] in months
    ]
    if len(rows) != len(months) or any(not _is_number(row.get(name)) for row in rows for name in _BOTH):
        return False
    return any(sum(Decimal(str(row[name])) for row in rows) != sums for name, sums in zip(_BOTH, whole, strict=True))


_BOTH = ("numerator", "denominator")


def _place(key: Key) -> tuple[Any, ...]:
    column = COLUMNS.index(key[2]) if key[2] in COLUMNS else len(COLUMNS)
    return key[0], key[1], column, key[2]
