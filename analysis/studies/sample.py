"""Which issues may be index issues, and which months do the data cover? The rules and the span of a study.

A month belongs to the span where orders and issues cover it. One stray early issue starts no span, and a month without
any issue inside it is a hole in the export: customers would seem new to social who are not. Finding the rows is left to
`stack_sql` and `stack_rows`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, local_midnight, month_of, months_between
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.stack_threads import Batches
from analysis.tables.local_time import instant

if TYPE_CHECKING:
    from analysis.tables.engine import Dialect
    from analysis.tables.load import Tables

COVERED_DAYS = 25
"""A first or last month of the data with fewer covered days is not a month of data."""
MANY_ISSUES = 20
"""Where a month has so many issues (the median of those that have any), none at all in a month is no chance."""
FEWEST_OF_MEDIAN = 0.1
"""The first month of the span has at least so many issues, as a share of the median month's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexRules:
    """When an issue can be an index issue, and how long the windows around its month are."""

    before_months: int = 6
    after_months: int = 6
    look_back_days: int = 0
    zone: str = "UTC"
    until: Month | None = None

    @property
    def observed_before(self) -> int:
        """Months a customer must have been observed before the index month."""
        return max(self.before_months, -(-self.look_back_days // 30))


@dataclass(frozen=True, slots=True)
class Span:
    """The months of the data that a study reads.

    Parameters
    ----------
    first, last : Month
    held : Month
        Last complete month of the data; later than `last` where the period of the study ends sooner.
    thin : int
        Months at the beginning left out, since they hold next to no issues.
    holes : tuple of Month
        Months of the span without any issue, where a month has many.
    source : str
        The table of issues.
    """

    first: Month
    last: Month
    held: Month
    thin: int
    holes: tuple[Month, ...]
    source: str

    def must_hold_every_month(self) -> None:
        """A month without a single issue would be read as nobody contacting us, and hides earlier social contacts."""
        if self.holes:
            what = "issue" if self.source == "issues" else "inbound contact"
            raise DesignError(
                f"`{self.source}` holds no {what} of a known customer at all in {', '.join(map(str, self.holes))}, "
                "between months that have some. Export those months too; read as they are, nobody would have "
                "contacted us."
            )

    def must_fit(self, rules: IndexRules) -> None:
        """Both windows of some index month lie inside the span, or else: which setting stands in the way?

        Examples
        --------
        >>> span = Span(Month.of("2025-01"), Month.of("2025-08"), Month.of("2026-08"), 0, (), "issues")
        >>> span.must_fit(IndexRules(before_months=3, after_months=3))
        >>> span.must_fit(IndexRules())
        Traceback (most recent call last):
        ...
        analysis.foundation.errors.DesignError: The data cover 2025-01 to 2026-08, and the period ends with 2025-08. \
6 months before and 6 after an index month need data to the end of 2026-01: move `period.end`.
        """
        needed = self.first.plus(rules.observed_before + rules.after_months)
        if needed <= self.last:
            return
        cover = f"The data cover {self.first} to {self.held}"
        cover += f", and the period ends with {self.last}" if self.last < self.held else ""
        looks_back = self.first.plus(rules.before_months + rules.after_months) <= self.last
        months = f"{rules.observed_before} months before"
        months += f" (`index.look_back_days` is {rules.look_back_days})" if looks_back else ""
        need = f"{months} and {rules.after_months} after an index month need data to the end of {needed}"
        remedies = ["move `period.end`"] if self.last < self.held else []
        remedies += ["wait for them"] if self.held < needed else []
        told = " and ".join(reversed(remedies))
        if looks_back:
            told += ", or set a shorter `index.look_back_days`"
        elif self.held < needed:
            told += ", or set shorter windows under `index`"
        raise (TooSoon if self.held < needed else DesignError)(f"{cover}. {need}: {told}.")


def find_span(tables: Tables, zone: str, until: Month | None = None, batches: Batches | None = None) -> Span:
    """Which complete months do purchases and issues have in common, up to `until`?

    A first or last month with fewer than 25 covered days is dropped. Where a median month has 20 issues or more, so are
    the first months with less than a tenth of it. `batches` reads the tables, where another thread than theirs asks.

    Raises
    ------
    DesignError
        If they have no month in common.
    """
    source, opened = ("issues", "opened_at") if tables.has("issues") else ("touchpoints", "occurred_at")
    read = batches or tables.engine.batches
    bounds = [
        _months_covered(tables, table, time, zone, read) for table, time in (("orders", "ordered_at"), (source, opened))
    ]
    first = max(start for start, _ in bounds)
    held = min(end for _, end in bounds)
    if held < first:
        raise DesignError("Orders and issues have no complete month in common. Load exports that overlap in time.")
    last = held if until is None else min(held, until)
    if last < first:
        raise DesignError(
            f"Orders and issues have the months {first} to {held} in common, and the period ends with {until}, before "
            "them: move `period.end`."
        )
    counts = _issues_by_month(tables.engine.dialect, read, (source, opened), zone, (first, last))
    usual = median([count for count in counts.values() if count] or [0])
    if usual < MANY_ISSUES:
        return Span(first, last, held, 0, (), source)
    begin = next(month for month, count in counts.items() if count >= FEWEST_OF_MEDIAN * usual)
    holes = tuple(month for month, count in counts.items() if month >= begin and not count)
    return Span(begin, last, held, begin.number - first.number, holes, source)


def span_of_data(tables: Tables, zone: str, until: Month | None = None) -> tuple[Month, Month]:
    """First and last month of the span; see `find_span`."""
    span = find_span(tables, zone, until)
    return span.first, span.last


def _issues_by_month(
    dialect: Dialect, read: Batches, issues: tuple[str, str], zone: str, months: tuple[Month, Month]
) -> dict[Month, int]:
    """Issues of known customers in each month, or the inbound contacts that stand for them."""
    (source, time), (first, last) = issues, months
    inbound = "" if source == "issues" else "and direction = 'inbound'"
    found = _asked(
        read,
        f"select {dialect.month_number(time, zone, first, last)} as month, count(*) as n from {source} "
        f"where customer_id is not null {inbound} and {dialect.in_months(time, zone, first, last)} group by 1",
    )
    held = {int(row["month"]): int(row["n"]) for row in found}
    return {month: held.get(month.number, 0) for month in months_between(first, last)}


def _months_covered(tables: Tables, table: str, time: str, zone: str, read: Batches) -> tuple[Month, Month]:
    quick = _months_of_account(tables, table, time, zone, read)
    if quick is not None:
        return quick
    (row,) = _asked(read, f"select min({time}) as low, max({time}) as high from {table}")
    low, high = row["low"], row["high"]
    if low is None:
        raise DesignError(f"`{table}` holds no dated row.")
    return _whole_months(low, high, zone)


def _asked(read: Batches, sql: str) -> list[dict[str, Any]]:
    return [row for batch in read(sql) for row in batch.to_pylist()]


def _months_of_account(tables: Tables, table: str, time: str, zone: str, read: Batches) -> tuple[Month, Month] | None:
    """The months that the account of a table speaks of, where rows of it lie so near both ends that they must agree.

    An account spans all rows, also those set aside, such as cancelled orders. Where a row that is kept lies on the
    first day of the account and one on its last, and both days lead to the same months, no row needs to be looked for
    beyond them; finding one is much quicker than looking at all.
    """
    low, high = tables.accounts[table].first, tables.accounts[table].last
    if not isinstance(low, datetime) or not isinstance(high, datetime):
        return None
    day = timedelta(days=1)
    widest, narrowest = _whole_months(low, high, zone), _whole_months(low + day, high - day, zone)
    if widest != narrowest:
        return None
    ends = (
        f"{time} >= {instant(low)} and {time} <= {instant(low + day)}",
        f"{time} >= {instant(high - day)} and {time} <= {instant(high)}",
    )
    there = [_asked(read, f"select 1 as n from {table} where {end} limit 1") for end in ends]
    return widest if all(there) else None


def _whole_months(low: datetime, high: datetime, zone: str) -> tuple[Month, Month]:
    """The first and the last month that are covered well enough."""
    first, last = month_of(low, zone), month_of(high, zone)
    if (_edge(first.plus(1), zone) - low).days + 1 < COVERED_DAYS:
        first = first.plus(1)
    if (high - _edge(last, zone)).days + 1 < COVERED_DAYS:
        last = last.plus(-1)
    return first, last


def _edge(month: Month, zone: str) -> datetime:
    return local_midnight(month.first_day, zone)
