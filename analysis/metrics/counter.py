"""How are rows of a table counted by local month? The queries all families share.

Counting happens in the engine; only counts, sums and distinct durations come out of it. Which rows make which metric
is left to the families.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar, cast

from analysis.foundation.calendar import Month, local_midnight
from analysis.metrics.catalogue import Definition
from analysis.metrics.figure import Metric, figure, ratio
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.foundation.schedule import Schedule
    from analysis.tables.opened import Tables

UNKNOWN = "unknown"
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a team decides about its figures.

    `windows` are other windows than the catalogue's, in days by metric id; `sla_seconds` is the time within which a
    first reply is promised; `schedule` says when the desk is open.
    """

    windows: Mapping[str, int] = field(default_factory=dict)
    sla_seconds: int = 3600
    schedule: Schedule | None = None


class Counter:
    """The queries, each over one table, by local month; None stands for the whole period.

    Parameters
    ----------
    tables : Tables
    months : tuple of Month
        Whole months, without gaps.
    zone : str
        Reporting zone, in which months begin.
    rules : Rules
    """

    def __init__(self, tables: Tables, months: tuple[Month, ...], zone: str, rules: Rules | None = None) -> None:
        self.tables = tables
        self.engine = tables.engine
        self.months = months
        self.zone = zone
        self.rules = rules or Rules()
        self.whole = whole_label(months)
        self.end = local_midnight(months[-1].plus(1).first_day, zone)
        self.known_at = tables.known_at
        self._outside: dict[tuple[str, str], frozenset[int | None]] = {}
        self._made: dict[Hashable, Any] = {}

    def month(self, number: int) -> Month:
        """The month with that number, in the calendar of the months counted."""
        return self.months[0].numbered(number)

    def month_of(self, instant: datetime) -> Month:
        """The local month that holds a naive UTC instant, in the calendar of the months counted."""
        return self.months[0].holding(instant, self.zone)

    @property
    def known_until(self) -> datetime:
        """Until when cases are followed: the results' date; the end of the period where no table has one."""
        return self.known_at or self.end

    def mature(self, month: int | None, window_days: int) -> bool:
        """Whether every day of the month (of the period, for None) has been followed for that many days."""
        last = self.months[-1] if month is None else self.month(month)
        end = local_midnight(last.plus(1).first_day, self.zone)
        return end + timedelta(days=window_days) <= self.known_until

    def once(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """What `make` gives, made the first time only: metrics that share a scan ask for it under one key."""
        if key not in self._made:
            self._made[key] = make()
        return cast(Made, self._made[key])

    def periods(self) -> Iterable[tuple[int | None, str]]:
        """The months, then the whole period; with one month, that alone."""
        seen = [(month.number, str(month)) for month in self.months]
        return seen if len(seen) == 1 else [*seen, (None, self.whole)]

    def dated(self, columns: str, table: str, time: str, where: str = "true") -> str:
        """A query for the rows of the period with their local month."""
        bounds = (self.zone, self.months[0], self.months[-1])
        month = self.engine.dialect.month_number(time, *bounds)
        inside = self.engine.dialect.in_months(time, *bounds)
        return f"select {columns}, {month} as local_month from {identifier(table)} where {inside} and {where}"

    def query(self, select: str, table: str, time: str, where: str = "true", also: str = "") -> list[dict[str, Any]]:
        """The rows of a query over the rows of the period, which have a `local_month`."""
        sql = f"select {select} from ({self.dated('*', table, time, where)}) as counted {also}"
        rows: list[dict[str, Any]] = self.engine.query(sql).to_pylist()
        return rows

    def outside(self, table: str, time: str) -> frozenset[int | None]:
        """Months that lie wholly before the first row of a table or after its last: of them nothing is known.

        None, the whole period, is among them where every month is.
        """
        if (table, time) not in self._outside:
            sql = f"select min({identifier(time)}) as low, max({identifier(time)}) as high from {identifier(table)}"
            (row,) = self.engine.query(sql).to_pylist()
            if row["low"] is None:
                found = frozenset[int | None](month.number for month in self.months)
            else:
                first, last = self.month_of(row["low"]), self.month_of(row["high"])
                found = frozenset(month.number for month in self.months if not first <= month <= last)
            whole = frozenset[int | None]([None]) if len(found) == len(self.months) else frozenset()
            self._outside[table, time] = found | whole
        return self._outside[table, time]

    def by_month(
        self, expressions: str, table: str, time: str, by: str | None = None, where: str = "true"
    ) -> dict[tuple[Any, ...], Any]:
        """Rows keyed by (local month or None, group value or None), the whole period as sums of the months."""
        group = f"coalesce({identifier(by)}, '{UNKNOWN}')" if by else "null"
        rows = self.query(
            f"local_month, {group} as grouped, {expressions}",
            table,
            time,
            where,
            also="group by local_month, grouped order by local_month, grouped",
        )
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in rows:
            numbers = {name: value for name, value in row.items() if name not in ("local_month", "grouped")}
            found[row["local_month"], row["grouped"]] = numbers
            total = found.setdefault((None, row["grouped"]), dict.fromkeys(numbers, 0))
            for name, value in numbers.items():
                total[name] += value or 0
        return found


def number_of(condition: str, name: str) -> str:
    """SQL for how many rows meet a condition."""
    return f"sum(case when {condition} then 1 else 0 end) as {name}"


def nothing_of(table: str) -> str:
    """Why there is no figure of a month that lies outside a table."""
    return f"`{table}` holds nothing of this month or beyond it"


Count = Callable[[Counter, Definition], Iterable[Metric]]
"""How one metric is counted: all its rows."""


def counted(table: str, time: str, where: str = "true", number: str = "count(*)") -> Count:
    """Rows of a table by the month of `time`, for each value of the column the metric is broken down by."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        by = entry.by[0] if entry.by else None
        found = count.by_month(f"{number} as n", table, time, by, where)
        groups = sorted({group for _, group in found}) if by else [None]
        empty = count.outside(table, time)
        for month, period in count.periods():
            for group in groups:
                segment = {by: str(group)} if by else {}
                if month in empty:
                    yield figure(entry, period, segment=segment, value=None, reason=nothing_of(table))
                    continue
                n = found.get((month, group), {"n": 0})["n"] or 0
                yield figure(entry, period, segment=segment, value=n, numerator=n)

    return rows


def divided(table: str, time: str, expressions: str, none: str, where: str = "true") -> Count:
    """`sum above / sum below` by month, from `expressions` that name an `above` and a `below`."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        found = count.by_month(expressions, table, time, where=where)
        for month, period in count.periods():
            numbers = found.get((month, None), {"above": 0, "below": 0})
            yield ratio(entry, period, numbers["above"], numbers["below"], none)

    return rows


def whole_label(months: tuple[Month, ...]) -> str:
    """How a stretch of months is written: "2026-08", "2026q3", "2026" or first and last month.

    Periods of a fiscal calendar are written by first and last alone, for "2026q3" is a civil quarter.

    Examples
    --------
    >>> from analysis.foundation.calendar import months_between
    >>> [whole_label(months_between(Month.of(a), Month.of(b)))
    ...  for a, b in [("2026-08", "2026-08"), ("2026-07", "2026-09"), ("2026-02", "2026-04")]]
    ['2026-08', '2026q3', '2026-02/2026-04']
    """
    first, last = months[0], months[-1]
    if first.calendar is not None:
        return str(first) if first == last else f"{first}/{last}"
    start = first.first_day
    if len(months) == 1:
        return str(first)
    if len(months) == 3 and start.month % 3 == 1:
        return f"{start.year}q{(start.month + 2) // 3}"
    if len(months) == 12 and start.month == 1:
        return str(start.year)
    return f"{first}/{last}"
