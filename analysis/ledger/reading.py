"""What do reports show of closed months? The figures the ledger holds, and what each month reported.

Reports show what was closed, never a fresh computation in its place; where the two differ they say so. What is held is
left to `held`, how a close comes about to `close`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, Fault, InputError
from analysis.ledger.entry import Key, is_month, numbers_of, said, same
from analysis.ledger.held import Held, adds_up, definition_of, state_of
from analysis.ledger.store import Ledger
from analysis.metrics.catalogue import definition
from analysis.metrics.figure import Metric, MetricsResult

__all__ = ["Booked", "Held", "Reported", "held_rows", "reported", "state_of", "with_states"]

STATES = ("locked", "adjusted", "restated")
"""States of a closed figure, from the least changed to the most."""

SUMMED = ("additive", "ratio")


class Booked(NamedTuple):
    """Late news that a close booked: the month it is of, and by how much that month's figure moved."""

    period: Month
    change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """What a closed month reports of a metric that adds up: its own figure and, apart, late news of earlier months."""

    metric: str
    version: int
    month: Month
    segment: Mapping[str, str]
    unit: str
    locked: float | None
    adjustments: tuple[Booked, ...]

    @property
    def total(self) -> float:
        """The month's figure and the adjustments together."""
        return (self.locked or 0) + sum(booked.change for booked in self.adjustments)


def reported(
    ledger: Ledger,
    month: Month,
    metric: str,
    *,
    segment: Mapping[str, str] | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Reported:
    """What does a closed month report: its own figure, and the late news of earlier months that its close booked?

    Over the months up to any close, what was reported adds up to what all these months hold at that close: nothing is
    lost and nothing counted twice. A figure that is first known after its month was closed (its window had to pass, or
    its source is new) is reported with its own month, and so is a restatement, which takes the place of all that was
    booked of that month before it.

    Parameters
    ----------
    ledger : Ledger
    month : Month
        A closed month.
    metric : str
    segment : mapping, optional
    version : int, optional
        Default the latest that is held.
    at : datetime, optional
        As the ledger was at that date, naive UTC.

    Raises
    ------
    UnknownName
        If there is no such metric.
    DesignError
        If the metric does not add up, or is counted by the month of the post alone.
    InputError
        If the month is not closed, or nothing is held of the metric.
    """
    entry = definition(metric)
    if entry.aggregates != "additive" or "action" not in entry.bases:
        raise DesignError(
            f"`{metric}` cannot be reported with its adjustments beside it: that needs a count of actions, which adds "
            f"up over months. Read its adjusted value for each month instead."
        )
    pairs = tuple(sorted((segment or {}).items()))
    closes = [close for close in ledger.closes if at is None or close.entry.known_at <= at]
    months = [close.entry.month for close in closes]
    if month not in months and all(figure.key.period != str(month) for close in closes for figure in close.figures):
        last = f"the last one is {max(months)}" if months else "there is none"
        raise InputError(
            Fault(where=str(month), what=f"is no closed month: {last}", remedy="Close it first.", rule="not_closed")
        )
    entries = [
        (close.entry.month, figure)
        for close in closes
        for figure in close.figures
        if figure.key.metric == metric and figure.key.basis == "action" and figure.key.segment == pairs
    ]
    if version is None:
        version = max((figure.key.version for _, figure in entries), default=entry.version)
    entries = [(closed, figure) for closed, figure in entries if figure.key.version == version]
    if not entries:
        raise InputError(
            Fault(
                where="ledger",
                what=f"holds nothing of `{metric}`, version {version}, in this segment",
                remedy="See which figures the closed months hold.",
                rule="not_held",
            )
        )
    own: dict[str, float | None] = {}
    news: dict[str, list[tuple[Month, float]]] = {}
    for closed, figure in entries:
        if figure.kind == "adjust":
            amount = (figure.value or 0) - (figure.before or 0)
            news.setdefault(figure.key.period, []).append((closed, amount))
        else:
            own[figure.key.period] = figure.value
            news.pop(figure.key.period, None)  # a restatement takes their place
    booked = [Booked(Month.of(p), amount) for p in sorted(news) for closed, amount in news[p] if closed == month]
    return Reported(
        metric=metric,
        version=version,
        month=month,
        segment=dict(pairs),
        unit=entries[-1][1].unit,
        locked=own.get(str(month)),
        adjustments=tuple(booked),
    )


def with_states(result: MetricsResult, ledger: Ledger, at: datetime | None = None) -> tuple[Metric, ...]:
    """What does a report show: the closed figures as they are held, the others as they were just computed?

    A closed figure keeps the ledger's value and gets its state; where it now computes to something else, `note` says
    to what. A closed figure of these months that was not computed at all is shown from the ledger, with a note. A part
    of a breakdown that was closed without it was closed at zero.

    A figure of the whole period is always computed. It is `locked` (`adjusted`, `restated`) only if its months confirm
    it: it is a count or a ratio of sums, every month of it is closed, and the closed months give the same sum. A month
    without cases, which has no ratio to close, adds nothing. Medians, distinct counts and stocks of a period are never
    locked by their months, since no sum of months can confirm them. Where the closed months add up to another figure,
    `note` says to which, and the figure stays provisional.

    Parameters
    ----------
    result : MetricsResult
    ledger : Ledger
    at : datetime, optional
        As the ledger was at that date, naive UTC; default as it is.

    Returns
    -------
    tuple of Metric
        The rows of `result` in their order, then those from the ledger alone.
    """
    return _Shown(result, state_of(ledger, at), max(ledger.months, default=None)).rows()


def held_rows(ledger: Ledger, at: datetime | None = None) -> tuple[Metric, ...]:
    """The closed figures alone, as they were held at a date: those of the newest version of each.

    Parameters
    ----------
    ledger : Ledger
    at : datetime, optional
        Naive UTC; default as it is.
    """
    state = state_of(ledger, at)
    newest: dict[tuple[str, str, str], int] = {}
    for key in state:
        place = key.metric, key.basis, key.period
        newest[place] = max(key.version, newest.get(place, 0))
    return tuple(
        _from_ledger(held, None)
        for key, held in state.items()
        if newest[key.metric, key.basis, key.period] == key.version
    )


class _Shown:
    """The rows of a result beside what is held."""

    def __init__(self, result: MetricsResult, state: Mapping[Key, Held], last: Month | None) -> None:
        self.result = result
        self.state = state
        self.last = last
        self.fresh = {Key.of(row): row for row in result.metrics}
        self.months = sorted({row.period for row in result.metrics if is_month(row.period)})
        self.families = {key.family for key in state}
        self.versions: dict[tuple[str, str, str], int] = {}
        for key in (*state, *self.fresh):
            place = key.metric, key.basis, key.period
            self.versions[place] = max(key.version, self.versions.get(place, 0))

    def rows(self) -> tuple[Metric, ...]:
        """All rows as they are to be shown."""
        shown = [self._month(row) if is_month(row.period) else self._whole(row) for row in self.result.metrics]
        for key, held in self.state.items():
            latest = self.versions[key.metric, key.basis, key.period] == key.version
            if key.period in self.months and key not in self.fresh and latest and held.value is not None:
                shown.append(_from_ledger(held, "The figure is closed, and was not computed again."))
        return tuple(shown)

    def _month(self, row: Metric) -> Metric:
        key = Key.of(row)
        held = self.state.get(key)
        if held is not None:
            if all(same(one, other) for one, other in zip(numbers_of(row), held.current.numbers, strict=True)):
                return _from_ledger(held, row.note)
            return _from_ledger(held, _now(row))
        if self._closed_at_zero(key):
            return replace(row, value=0, numerator=0, state="locked", note=_now(row) if row.value else row.note)
        older = self.state.get(key._replace(version=row.version - 1))
        if older is not None and row.note is None:
            value = said(older.value)
            return replace(
                row, note=f"By the definition before, version {older.key.version}, it was closed at {value}."
            )
        return row

    def _closed_at_zero(self, key: Key) -> bool:
        """Whether a breakdown that adds up was closed without this part of it."""
        return key.family in self.families and adds_up(key.metric) and self.fresh[key].value is not None

    def _whole(self, row: Metric) -> Metric:
        entry = definition_of(row.id)
        if row.period != self.result.whole or row.value is None or entry is None or entry.aggregates not in SUMMED:
            return row
        parts: list[Held] = []
        for period in self.months:
            key = Key.of(row)._replace(period=period)
            held = self.state.get(key)
            if held is not None:
                parts.append(held)
            elif not self._adds_nothing(key):
                return row
        if not parts:
            return row
        value, above, below = (
            sum(number or 0 for number in column)
            for column in zip(*(part.current.numbers for part in parts), strict=True)
        )
        confirmed = same(value, row.value)
        if entry.aggregates == "ratio":
            confirmed = same(above, row.numerator or 0) and same(below, row.denominator or 0)
            value = above / below if below else 0
        if confirmed:
            return replace(row, state=max((part.state for part in parts), key=STATES.index))
        return replace(row, note=f"The closed months add up to {said(value)}; no close has booked the difference yet.")

    def _adds_nothing(self, key: Key) -> bool:
        """Whether a month is closed and had nothing to close in this figure."""
        row = self.fresh.get(key)
        if row is None or self.last is None or key.period > str(self.last):
            return False
        return self._closed_at_zero(key) or (row.value is None and row.mature and row.denominator == 0)


def _now(row: Metric) -> str:
    now = f"It now computes to {said(row.value)}" if row.value is not None else f"It now has no value ({row.reason})"
    return f"{now}; the closed figure stands until a close books the difference."


def _from_ledger(held: Held, note: str | None) -> Metric:
    entry, key = held.current, held.key
    return Metric(
        id=key.metric,
        version=key.version,
        basis=key.basis,
        period=key.period,
        value=entry.value,
        unit=entry.unit,
        numerator=entry.numerator,
        denominator=entry.denominator,
        segment=dict(key.segment),
        state=held.state,
        reason=None if entry.value is not None else f"restated to none: {entry.reason}",
        note=note,
    )
