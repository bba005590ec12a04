"""Which values does a results file hold, and is a given value one of them, or worked out from them as pages may?

A value is known to some fifteen digits when it is put into words, and to twelve in the file: what agrees to nine or
more is the same number and no chance. Which values were put into words is left to `heard`.
"""

from __future__ import annotations

import bisect
import itertools
import json
import math
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np

NEAR = 1e-9
_IN_TEXT = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}(?:-\d{2})?")
_COUNT = 10**7
_WIDEST, _LONGEST = 16, 100
"""Numbers in a row of which any two may be added; longer lists are no rows."""


class Leaves:
    """Every number, text and day that a results file holds.

    Examples
    --------
    >>> held = Leaves({"effects": [{"value": 1.083, "low": 1.041}], "rows": {"orders": {"read": 7, "kept": 3}}})
    >>> held.why(1.083), held.why(8.3), held.why(3 / 7), held.why(1.0831)
    ('value', 'percent of change', 'share of counts', None)
    """

    def __init__(self, results: Mapping[str, Any]) -> None:
        self._results = results
        self._numbers: set[float] = set()
        self._records: list[list[float]] = []
        self.texts: set[str] = set()
        self._take(results)
        self._derived = sorted(_worked_out(results, self._records))

    def _take(self, held: Any) -> None:
        if isinstance(held, Mapping):
            self._records.append([float(one) for one in held.values() if _is_number(one)])
            for key, value in held.items():
                self.texts.add(str(key))
                self._take(value)
        elif isinstance(held, list):
            self._numbers.add(float(len(held)))
            self._records.append([float(one) for one in held if _is_number(one)])
            for value in held:
                self._take(value)
        elif isinstance(held, str):
            self.texts.add(held)
            self._numbers.update(_numbers_in(held))
        elif held is not None and not isinstance(held, bool):
            self._numbers.add(float(held))

    @cached_property
    def _sorted(self) -> list[float]:
        return sorted({abs(one) for one in self._numbers})

    @cached_property
    def _counts(self) -> np.ndarray:
        """Whole numbers from 2 on: what shares are worked out from."""
        return np.array([one for one in self._sorted if one.is_integer() and 2 <= one < _COUNT])

    @cached_property
    def days(self) -> set[str]:
        """Every day and month in any text, also the day before one: a period ends before its `end`."""
        found = {one for text in self.texts for one in _DAY.findall(text)}
        for one in [one for one in found if len(one) == 10]:
            try:
                found.add(str(date.fromisoformat(one) - timedelta(days=1)))
            except ValueError:
                continue
        return found | {one[:7] for one in found}

    @cached_property
    def beside(self) -> list[float]:
        """How far raw figures lie from adjusted ones, as shares: said in sentences that studies write themselves."""
        return sorted(set(_beside(self._results.get("effects", []))))

    def holds(self, value: float, near: float = NEAR) -> bool:
        """Whether the value, or its opposite, stands in the file."""
        return _among(self._sorted, value, near)

    def why(self, value: Any) -> str | None:
        """How a value comes from the file; None where it does not.

        Allowed are the value itself, percent, the change that a ratio or its inverse means, the complement of a share,
        the logarithm, and the share of one count in another.
        """
        if isinstance(value, str):
            return "day" if value[:10] in self.days or value[:7] in self.days else None
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            return None
        for name, given in _presented(float(value)):
            if self.holds(given):
                return name
        if self._is_share(float(value)) or self._is_share(float(value) / 100):
            return "share of counts"
        if _digits(value) >= 3 and any(_among(self._derived, given, 1e-8) for given in (value, value / 100)):
            return "worked out"
        return None

    def _is_share(self, value: float) -> bool:
        if not 0 < value < 1 or _digits(value) < 9:
            return False
        whole = self._counts
        part = np.rint(whole * value)
        exact = np.abs(part / whole - value) < value * 1e-13
        return any(self.holds(one, 1e-15) for one in part[exact])


def _is_number(held: Any) -> bool:
    return isinstance(held, int | float) and not isinstance(held, bool)


def _among(held: list[float], value: float, near: float) -> bool:
    size = abs(value)
    room = size * near + 1e-13
    place = bisect.bisect_left(held, size - room)
    return place < len(held) and held[place] <= size + room


def _worked_out(results: Mapping[str, Any], records: Iterable[list[float]]) -> Iterator[float]:
    """What pages work out themselves: sums and differences within a row, shares of a total, and what is named here."""
    for record in records:
        if len(record) <= _WIDEST:
            yield from (abs(a + sign * b) for a, b in itertools.combinations(record, 2) for sign in (1, -1))
    yield from _totals(results.get("metrics", []))
    yield from _wilson(results.get("metrics", []))
    yield from _beside(results.get("effects", []))
    yield from _sums(results)
    yield from _shares(results)
    yield from _bacon(results.get("behind", {}).get("adoption", {}).get("bacon"))
    yield from _quarters(results.get("behind", {}).get("roi_case", {}).get("by_month"))
    yield from (2 * row["monte_carlo_error"] for row in results.get("coverage", {}).get("a_a", []))


def _sums(held: Any) -> Iterator[float]:
    """A column of a list of rows of one kind, added up from some row to the last."""
    if isinstance(held, Mapping):
        for value in held.values():
            yield from _sums(value)
    elif isinstance(held, list) and held and isinstance(held[0], Mapping):
        for value in held:
            yield from _sums(value)
        kinds: dict[Any, list[Mapping[str, Any]]] = defaultdict(list)
        for row in held:
            kinds[str(row.get("kind"))].append(row)
        for rows, key in itertools.product(kinds.values(), held[0]):
            column = [row.get(key) for row in rows]
            if len(rows) <= _LONGEST and any(map(_is_number, column)):
                told = [one if _is_number(one) else 0.0 for one in reversed(column)]
                yield from (abs(total) for total in itertools.accumulate(told))


def _shares(held: Any) -> Iterator[float]:
    """What share a count is of its column in a list of rows, or of its row in a table of counts."""
    if isinstance(held, Mapping):
        for value in held.values():
            yield from _shares(value)
    elif isinstance(held, list) and 2 <= len(held) <= _WIDEST:
        columns: list[list[Any]] = [held]
        if all(isinstance(row, Mapping) for row in held):
            columns = [[row.get(key) for row in held] for key in held[0]]
        for column in columns:
            if all(isinstance(one, int) and not isinstance(one, bool) and one >= 0 for one in column) and any(column):
                yield from (one / sum(column) for one in column)
        for value in held:
            yield from _shares(value)


def _bacon(frame: Mapping[str, Any] | None) -> Iterator[float]:
    """The comparisons of a regression by their kind: their weight, and what they say on average."""
    if frame is None:
        return
    kinds: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for row in frame["rows"]:
        held = dict(zip(frame["columns"], row, strict=True))
        kinds[held["kind"]].append((held["weight"], held["estimate"]))
    for pairs in kinds.values():
        weight = sum(one for one, _ in pairs)
        yield weight
        if weight:
            yield abs(sum(one * estimate for one, estimate in pairs) / weight)


def _quarters(frame: Mapping[str, Any] | None) -> Iterator[float]:
    """The books and the case by quarter or year: months together, and how far they are apart."""
    if frame is None:
        return
    columns = [[row[place] for row in frame["rows"]] for place in range(len(frame["columns"]))]
    counted = [one for one in columns if all(map(_is_number, one))]
    for width, first in itertools.product((3, 12), range(len(frame["rows"]))):
        row = [sum(one[first : first + width]) for one in counted]
        yield from map(abs, row)
        for a, b in itertools.permutations(row, 2):
            yield from (abs(a - b), abs(a / b - 1) if b else 0.0)


def _totals(metrics: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    """A figure's months together, by segment, as a share of all segments, and beside another segment."""
    months: dict[tuple[str, str, str], float] = defaultdict(float)
    for row in metrics:
        if row["value"] is not None and re.fullmatch(r"\d{4}-\d{2}", row["period"]):
            months[row["id"], row["basis"], json.dumps(row["segment"], sort_keys=True)] += row["value"]
    wholes: dict[tuple[str, str, str], float] = defaultdict(float)
    for (name, basis, segment), total in months.items():
        wholes[name, basis, " ".join(json.loads(segment))] += total
    for (name, basis, segment), total in months.items():
        whole = wholes[name, basis, " ".join(json.loads(segment))]
        yield from (abs(total), abs(total / whole) if whole else 0.0)
    for one, other in itertools.permutations(months, 2):
        if one[:2] == other[:2] and months[other]:
            yield abs(months[one] / months[other])


def _wilson(metrics: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    """Wilson's interval of a share, from its two counts."""
    for row in metrics:
        part, whole = row.get("numerator"), row.get("denominator")
        if row["unit"] == "share" and part is not None and whole and 0 <= part <= whole:
            z, share = 1.959963984540054, part / whole
            middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
            half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
            yield from (middle - half, middle + half)


def _beside(effects: Iterable[Mapping[str, Any]]) -> Iterator[float]:
    """How far a raw figure lies from the adjusted one on the same outcome, scale and customers."""
    alike: dict[tuple[Any, Any], list[float]] = defaultdict(list)
    for row in effects:
        if row["value"] is not None and not row.get("segment"):
            alike[row.get("outcome"), row.get("scale")].append(row["value"])
    for values in alike.values():
        for a, b in itertools.permutations(set(values), 2):
            yield abs(a - b)
            if b:
                yield abs(a / b)
                yield abs(a / b - 1)


def _presented(value: float) -> Iterator[tuple[str, float]]:
    yield "value", value
    yield "percent", value / 100
    yield "change", 1 + value
    yield "change", 1 - value
    yield "percent of change", 1 + value / 100
    yield "percent of change", 1 - value / 100
    if value > 0:
        yield "logarithm", math.log(value)
        yield "inverse", 1 / value
    if abs(value) < 20:
        yield "logarithm", math.exp(value)


def _digits(value: float) -> int:
    return len(f"{value:.15g}".replace(".", "").replace("-", "").strip("0"))


def _numbers_in(text: str) -> Iterator[float]:
    for found in _IN_TEXT.findall(text):
        try:
            yield float(found.replace(",", "").replace("−", "-"))
        except ValueError:
            continue
