"""What do the tables hold, before anybody studies them? Rows by month, gaps, jumps, ends that come too soon.

Counted over the tables as they are now, and held against the intake before. The figures stand in the record of the
intake; how they are shown is left to the page and to the terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from math import sqrt
from typing import Any

import duckdb

from analysis.foundation.calendar import Month, Period, month_of, months_between
from analysis.tables.contract import SCHEMAS, TableSchema
from analysis.tables.engine import Dialect, identifier

JUMP = 0.30
MINUS = "−"
BY_CHANCE = 2.58
"""Standard errors within which two counts of one rate lie 99 times in 100: a jump has to be further than that."""

STREAMS = frozenset({"touchpoints", "issues", "orders", "mentions", "posts", "post_actions", "surveys"})
"""Tables of what happens all the time; only of these are gaps, jumps and early ends worth a word."""

MOST_NAMED = 8
MOST_PERCENT = 9.995
"""Beyond this a growth is told by its two numbers alone: "3 to 1,824"."""

GAP_DAYS = 3
BUSY = 0.9
"""A table is busy if it has rows on at least this share of its days: only then are some days without any a gap."""

SLACK = timedelta(days=2)
"""How much sooner than the period a table may end without a word: a quiet weekend."""


@dataclass(frozen=True, kw_only=True)
class TableReport:
    """One table: its rows by local month, and what is odd about them.

    `gaps` are stretches of days (both included) without a row, `empty_months` months without a row between others,
    `jumps` complete months whose rows a day are over 30 % more or fewer than in the month before, and further from it
    than chance alone would bring them, with both numbers of rows;
    `before` the rows by month at the intake before; `ends_early` the last day, where the period ends later.
    """

    table: str
    rows: int
    first: date | None = None
    last: date | None = None
    months: Mapping[str, int]
    before: Mapping[str, int] | None = None
    gaps: tuple[tuple[date, date], ...] = ()
    empty_months: tuple[str, ...] = ()
    jumps: tuple[tuple[str, int, int], ...] = ()
    period_end: date | None = None

    @property
    def ends_early(self) -> date | None:
        """The last day of the table, where the period it is to serve ends later."""
        if self.last is None or self.period_end is None or self.last + SLACK >= self.period_end - timedelta(days=1):
            return None
        return self.last

    def remarks(self) -> Iterator[str]:
        """What a reader should look at, in sentences."""
        if self.ends_early:
            last_day = self.period_end - timedelta(days=1)  # type: ignore[operator]
            yield f"{self.table} end {self.ends_early}, the period ends {last_day}."
        for start, end in self.gaps:
            days = (end - start).days + 1
            yield f"{self.table}: no row from {start} to {end} ({days} days)."
        if self.empty_months:
            yield f"{self.table}: no row in {_listed(self.empty_months)}."
        if self.jumps:
            told = [_jump_in_words(month, earlier, now) for month, earlier, now in self.jumps]
            yield f"{self.table}: rows a day jump from one month to the next: {_listed(told)}."
        if moved := self.moved():
            told = [f"{month} {earlier:,} to {now:,}" for month, (earlier, now) in moved.items()]
            yield f"{self.table}: months hold other numbers of rows than at the last intake: {_listed(told)}."

    def moved(self) -> dict[str, tuple[int, int]]:
        """Months, but for those that were not over at the last intake, whose rows are not as many as they were."""
        if not self.before:
            return {}
        latest = max(self.before)
        return {
            month: (count, self.months.get(month, 0))
            for month, count in sorted(self.before.items())
            if month < latest and self.months.get(month, 0) != count
        }

    def to_dict(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "first": None if self.first is None else self.first.isoformat(),
            "last": None if self.last is None else self.last.isoformat(),
            "months": dict(self.months),
            "before": None if self.before is None else dict(self.before),
            "gaps": [[start.isoformat(), end.isoformat()] for start, end in self.gaps],
            "empty_months": list(self.empty_months),
            "jumps": [list(jump) for jump in self.jumps],
            "period_end": None if self.period_end is None else self.period_end.isoformat(),
        }

    @classmethod
    def from_dict(cls, table: str, given: Mapping[str, Any]) -> TableReport:
        return cls(
            table=table,
            rows=given["rows"],
            first=_day(given["first"]),
            last=_day(given["last"]),
            months=given["months"],
            before=given["before"],
            gaps=tuple((date.fromisoformat(start), date.fromisoformat(end)) for start, end in given["gaps"]),
            empty_months=tuple(given["empty_months"]),
            jumps=tuple((month, earlier, now) for month, earlier, now in given["jumps"]),
            period_end=_day(given["period_end"]),
        )


def report_on(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    relation: str,
    columns: Mapping[str, str],
    *,
    zone: str,
    period: Period | None,
    before: Mapping[str, Any] | None,
    until: date | None = None,
) -> TableReport:
    """The report on one table.

    Parameters
    ----------
    relation : str
        SQL behind FROM for its rows.
    columns : mapping of str to str
        Its columns and their types.
    zone : str
        Zone in which days and months begin.
    period : Period, optional
        What the tables are to serve.
    before : mapping, optional
        The report at the intake before, as plain values.
    until : date, optional
        The local date of the exports. A month whose last day lies after it may still be filling, and is no jump;
        without the date, so may the last month that has rows.

    Examples
    --------
    >>> with duckdb.connect() as connection:
    ...     _ = connection.execute(
    ...         "create table orders as select timestamp '2026-07-01 12:00:00' + to_days(cast(n as integer)) "
    ...         "as ordered_at from range(62) as r (n) where n not between 20 and 25")
    ...     found = report_on(connection, "orders", "orders", {"ordered_at": "TIMESTAMP"}, zone="UTC",
    ...                       period=Period.of("2026q3"), before=None)
    >>> for remark in found.remarks():
    ...     print(remark)
    orders end 2026-08-31, the period ends 2026-09-30.
    orders: no row from 2026-07-21 to 2026-07-26 (6 days).
    """
    schema = SCHEMAS[table]
    ((rows,),) = connection.execute(f"select count(*) from {relation}").fetchall()
    at = _event(schema, columns)
    held = None if before is None else before["months"]
    low, high = connection.execute(f"select min({at}), max({at}) from {relation}").fetchall()[0]
    if low is None:
        return TableReport(table=table, rows=rows, months={}, before=held)
    where = "UTC" if _is_day(schema) else zone
    first, last = month_of(low, where), month_of(high, where)
    number = Dialect().month_number(at, where, first, last)
    found = dict(
        connection.execute(f"select {number} as month, count(*) from {relation} group by 1 order by 1").fetchall()
    )
    months = {str(month): found.get(month.number, 0) for month in months_between(first, last)}
    days = _days(connection, relation, at, where, low, high)
    streams = table in STREAMS
    return TableReport(
        table=table,
        rows=rows,
        first=days[0],
        last=days[-1],
        months=months,
        before=held,
        gaps=tuple(_gaps(days)) if streams else (),
        empty_months=tuple(month for month, count in months.items() if not count) if streams else (),
        jumps=tuple(_jumps(months, days[0], until)) if streams else (),
        period_end=period.end if period is not None and streams else None,
    )


def _event(schema: TableSchema, columns: Mapping[str, str]) -> str:
    """SQL for the instant of a row; null where the table has none."""
    if schema.event_time is None or schema.event_time not in columns:
        return "cast(null as timestamp)"
    return f"cast({identifier(schema.event_time)} as timestamp)"


def _is_day(schema: TableSchema) -> bool:
    return schema.event_time is not None and schema.column(schema.event_time).type == "date"


def _days(
    connection: duckdb.DuckDBPyConnection, relation: str, at: str, zone: str, low: datetime, high: datetime
) -> list[date]:
    """The local days that have a row, in order."""
    wide = timedelta(days=1)
    number = Dialect().day_number(at, zone, (low - wide).date(), (high + wide).date())
    rows = connection.execute(f"select distinct {number} as day from {relation} where {at} is not null order by 1")
    return [date(1970, 1, 1) + timedelta(days=day) for (day,) in rows.fetchall()]


def _gaps(days: list[date]) -> Iterator[tuple[date, date]]:
    """Stretches without a row, in a table that has rows nearly every day."""
    if len(days) / ((days[-1] - days[0]).days + 1) < BUSY:
        return
    for one, other in pairwise(days):
        if (other - one).days > GAP_DAYS:
            yield one + timedelta(days=1), other - timedelta(days=1)


def _jumps(months: Mapping[str, int], first: date, until: date | None) -> Iterator[tuple[str, int, int]]:
    """Changes of the rows a day from month to month; a first or last month that may be a part is left out."""
    whole = [(Month.of(name), count) for name, count in months.items()]
    if whole[0][0].first_day + timedelta(days=1) < first:
        whole = whole[1:]
    whole = whole[:-1] if until is None else [(month, count) for month, count in whole if month.last_day <= until]
    for (one, earlier), (month, now) in pairwise(whole):
        was, is_now = earlier / _length(one), now / _length(month)
        chance = sqrt(earlier / _length(one) ** 2 + now / _length(month) ** 2)
        if earlier and abs(is_now / was - 1) > JUMP and abs(is_now - was) > BY_CHANCE * chance:
            yield str(month), earlier, now


def _length(month: Month) -> int:
    return (month.last_day - month.first_day).days + 1


def _jump_in_words(month: str, earlier: int, now: int) -> str:
    """A jump, with its percent of the rows a day where that is a number to read."""
    this = Month.of(month)
    change = now / earlier * _length(this.plus(-1)) / _length(this) - 1
    if change >= MOST_PERCENT:
        return f"{month} {earlier:,} to {now:,}"
    return f"{month} {'+' if change > 0 else MINUS}{abs(change):.0%} ({earlier:,} to {now:,})"


def unmatched_remark(table: str, rows: int, without_customer: int, customers_held: bool) -> str | None:
    """What a reader has to know of a table of whose rows over half have no customer; None where it is fewer.

    Parameters
    ----------
    table : str
        One that has a column for the customer.
    rows, without_customer : int
        Its rows, and those whose customer is not known.
    customers_held : bool
        Whether the tables hold customers to be found at all.

    Examples
    --------
    >>> print(unmatched_remark("issues", 16476, 16476, False))
    issues: no customers are held, and 16,476 of 16,476 rows have none. If the source's own ids of people are your \
customer ids, say `customer_ids: true` for it in the sources file; else take in a table of customers.
    >>> unmatched_remark("issues", 100, 50, True) is None
    True
    """
    if 2 * without_customer <= rows:
        return None
    numbers = f"{without_customer:,} of {rows:,} rows"
    if customers_held:
        return (
            f"{table}: {numbers} have no customer, and no study sees them. Do the customers held carry the addresses, "
            "or `identities` the ids, that this source knows people by?"
        )
    return (
        f"{table}: no customers are held, and {numbers} have none. If the source's own ids of people are your customer "
        "ids, say `customer_ids: true` for it in the sources file; else take in a table of customers."
    )


def _listed(told: Sequence[str]) -> str:
    more = len(told) - MOST_NAMED
    return ", ".join(told[-MOST_NAMED:]) + (f" and {more} before" if more > 0 else "")


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
