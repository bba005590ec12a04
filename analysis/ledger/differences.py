"""What differs between the figures computed now and those the ledger holds? Each difference as the entry it becomes.

Whether the month may be closed at all is left to `close`, what is said of the differences to `closing`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from analysis.foundation.calendar import Month
from analysis.foundation.provenance import rounded
from analysis.ledger.closing import Materiality, Notice, Waiting
from analysis.ledger.entry import FigureEntry, Key, Kind, joint_fingerprint, numbers_of, same
from analysis.ledger.held import Held, adds_up, definition_of
from analysis.ledger.store import Ledger
from analysis.metrics.figure import Metric


class Differences:
    """The figures computed now beside those held."""

    def __init__(
        self,
        ledger: Ledger,
        rows: Mapping[Key, Metric],
        state: Mapping[Key, Held],
        month: Month,
        known_at: datetime,
        inputs: Mapping[str, str],
        materiality: Materiality,
        reason: str | None,
    ) -> None:
        self.number = len(ledger.closes) + 1
        self.rows = rows
        self.state = state
        self.month = month
        self.known_at = known_at
        self.inputs = inputs
        self.materiality = materiality
        self.reason = reason
        self.correction = month in ledger.months
        self._material: list[Notice] = []
        self._lost: defaultdict[tuple[Key, str], list[Held]] = defaultdict(list)
        self.periods = {key.period for key in rows}
        self.counted = {key.family for key, row in rows.items() if row.value is not None}
        self.wholes: defaultdict[tuple[str, int, str, str], float] = defaultdict(float)
        for key, held in state.items():
            self.wholes[key.family] += abs(held.value or 0)
        self.held_by = {(key.metric, key.basis, key.period) for key in state}
        self.newest = newest_versions([*state, *rows])
        self._sources: dict[str, tuple[tuple[str, ...], str]] = {}

    def entries(self) -> tuple[FigureEntry, ...]:
        """Every entry the close writes, by month, metric and segment."""
        keys = {*self.rows, *(key for key in self.state if key.period in self.periods)}
        found = (self._entry(key) for key in sorted(keys, key=lambda one: (one.period, one)))
        return tuple(entry for entry in found if entry is not None)

    def _entry(self, key: Key) -> FigureEntry | None:
        row, held = self.rows.get(key), self.state.get(key)
        if held is None:
            assert row is not None
            return self._first(key, row)
        if row is None:
            return self._gone(key, held)
        if row.value is None and held.value is None:
            return None
        waits = _waits(row)
        if waits is not None or (row.value is None and (self.reason is None or row.denominator != 0)):
            self._not_computed(held, waits or row.reason or "")
            return None
        if all(same(one, other) for one, other in zip(numbers_of(row), held.current.numbers, strict=True)):
            return None
        return self._changed(key, held, numbers_of(row))

    def _first(self, key: Key, row: Metric) -> FigureEntry | None:
        """The entry of a figure that is not held yet."""
        if row.value is None or _waits(row) is not None:
            return None
        if key.family in self.wholes:
            if row.value == 0 and adds_up(key.metric):
                return None  # held at nothing, which it is
            return self._changed(key, None, numbers_of(row), row.unit)
        if self.correction:
            return None  # the next close locks it
        older = (key.metric, key.basis, key.period) in self.held_by
        return self._written("redefine" if older else "lock", key, numbers_of(row), row.unit)

    def _gone(self, key: Key, held: Held) -> FigureEntry | None:
        """The entry of a figure that is held and was not computed again."""
        if self.newest[key.metric, key.basis] > key.version or held.value is None:
            return None  # a newer definition is counted, or there is nothing to confirm
        if key.family not in self.counted:
            self._not_computed(held, "the tables given do not tell it")
            return None
        if adds_up(key.metric):
            if same(held.value, 0):
                return None
            return self._changed(key, held, (0, None if held.current.numerator is None else 0, None))
        if self.reason is not None:
            return self._changed(key, held, (None, None, None))
        self._not_computed(held, "this part of its breakdown is gone")
        return None

    def _changed(
        self, key: Key, held: Held | None, numbers: tuple[float | None, ...], unit: str | None = None
    ) -> FigureEntry:
        """An adjustment or a restatement, with its notice where it is material."""
        kind: Kind = "adjust" if self.reason is None else "restate"
        value = numbers[0]
        before = None if held is None else held.value
        told = None if held is None else held.announced
        unit = unit or (held.current.unit if held is not None else "")
        change = None
        if (before is not None and value is not None) or adds_up(key.metric):
            change = rounded((value or 0) - (before or 0))
        material = self.materiality.passed(unit, told, value, self.wholes[key.family])
        if material:
            done: Literal["adjusted", "restated"] = "adjusted" if self.reason is None else "restated"
            self._material.append(Notice(kind=done, key=key, unit=unit, before=told, after=value, reason=self.reason))
        return self._written(
            kind,
            key,
            numbers,
            unit,
            before=before,
            change=change,
            relative_change=rounded(change / abs(before)) if before and change is not None else None,
            material=material,
            reason=self.reason,
        )

    def _written(
        self,
        kind: Kind,
        key: Key,
        numbers: tuple[float | None, ...],
        unit: str,
        *,
        before: float | None = None,
        change: float | None = None,
        relative_change: float | None = None,
        material: bool = False,
        reason: str | None = None,
    ) -> FigureEntry:
        value, numerator, denominator = numbers
        tables, fingerprint = self._source(key.metric)
        return FigureEntry(
            kind=kind,
            close=self.number,
            key=key,
            value=value,
            numerator=numerator,
            denominator=denominator,
            unit=unit,
            known_at=self.known_at,
            tables=tables,
            inputs=fingerprint,
            before=before,
            change=change,
            relative_change=relative_change,
            material=material,
            reason=reason,
        )

    def _source(self, metric: str) -> tuple[tuple[str, ...], str]:
        """The tables a metric is counted from and their joint fingerprint; all of them, where it is not told which."""
        if metric not in self._sources:
            entry = definition_of(metric)
            needed = {need.partition(".")[0] for need in entry.needs} if entry is not None else set(self.inputs)
            tables = tuple(sorted(needed if needed <= set(self.inputs) else self.inputs))
            self._sources[metric] = tables, joint_fingerprint(self.inputs, tables)
        return self._sources[metric]

    def notices(self) -> tuple[Notice, ...]:
        """What readers are told: material changes, then what could not be counted again, once with its last month."""
        lost = [
            Notice(
                kind="not_computed",
                key=found[-1].key,
                unit=found[-1].current.unit,
                before=found[-1].value,
                after=found[-1].value,
                reason=reason,
                earlier=len(found) - 1,
            )
            for (*_, reason), found in sorted(self._lost.items())
        ]
        return (*self._material, *lost)

    def _not_computed(self, held: Held, reason: str) -> None:
        self._lost[held.key._replace(period=""), reason].append(held)

    def waiting(self) -> tuple[Waiting, ...]:
        """The figures that are not locked, with the reason; those without a value for the month that is closed."""
        found: Counter[tuple[str, str, str]] = Counter()
        for key, row in self.rows.items():
            if key in self.state:
                continue
            reason = _waits(row)
            if reason is None and row.value is None and key.month == self.month:
                reason = row.reason
            if reason is not None:
                found[key.period, key.metric, reason] += 1
        return tuple(
            Waiting(metric, Month.of(period), reason, count)
            for (period, metric, reason), count in sorted(found.items())
        )

    def unseen(self) -> tuple[Month, ...]:
        """Closed months that were not counted again."""
        held = {key.period for key in self.state}
        return tuple(Month.of(period) for period in sorted(held - self.periods))


def newest_versions(keys: Iterable[Key]) -> dict[tuple[str, str], int]:
    """The newest version of each metric and basis."""
    newest: dict[tuple[str, str], int] = {}
    for key in keys:
        newest[key.metric, key.basis] = max(key.version, newest.get((key.metric, key.basis), 0))
    return newest


def _waits(row: Metric) -> str | None:
    """Why a figure with a value is not locked yet."""
    if row.mature and row.state != "estimated":
        return None
    if row.state == "estimated":
        return "it is an estimate"
    entry = definition_of(row.id)
    if entry is None or entry.window_days is None:
        return "it keeps growing with age"
    return f"its window of {entry.window_days} days has not passed"
