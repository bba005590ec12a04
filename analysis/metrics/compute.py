"""What was counted, month by month and over the whole period? The catalogue's metrics, from the tables given.

Counting happens in the engine; only counts, sums and distinct durations come out of it. What the tables given cannot
support is named with what is missing, never guessed. Locking a month and both bases side by side are left to the
close.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, iso, local_midnight, month_of
from analysis.inference.survival import kaplan_meier
from analysis.metrics.catalogue import Definition, definition, definitions
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    import pandas as pd

    from analysis.tables.load import Tables

UNKNOWN = "unknown"
Count = Callable[["_Counter", Definition], Iterable["Metric"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One figure: which metric, which version, for which period and segment, and the two numbers it is made of."""

    id: str
    version: int
    basis: str
    period: str
    value: float | None
    unit: str
    numerator: float | None = None
    denominator: float | None = None
    segment: Mapping[str, str] = field(default_factory=dict)
    state: str = "provisional"
    reason: str | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError(f"{self.id}: a metric has either a value or a reason why there is none.")

    def to_dict(self) -> dict[str, Any]:
        """The row as the contract writes it."""
        row: dict[str, Any] = {
            "id": self.id,
            "version": self.version,
            "basis": self.basis,
            "period": self.period,
            "segment": dict(self.segment),
            "value": self.value,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "unit": self.unit,
            "state": self.state,
        }
        if self.reason is not None:
            row["reason"] = self.reason
        return row


@dataclass(frozen=True, slots=True)
class MetricsResult:
    """All figures, and the metrics that could not be counted with what is missing for each."""

    metrics: tuple[Metric, ...]
    missing: Mapping[str, str]
    whole: str

    def of(self, metric: str, *, whole: bool = False) -> tuple[Metric, ...]:
        """The rows of one metric: of the whole period, or month by month."""
        definition(metric)
        return tuple(row for row in self.metrics if row.id == metric and (row.period == self.whole) == whole)

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`."""
        return {"metrics": [row.to_dict() for row in self.metrics]}

    def to_frame(self) -> pd.DataFrame:
        """One row a figure, columns as in the contract."""
        import pandas as pd

        return pd.DataFrame([row.to_dict() for row in self.metrics])

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def care_metrics(tables: Tables, *, months: Sequence[Month], zone: str) -> MetricsResult:
    """What do the tables given say of care, month by month and over the whole period?

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Whole months of the reporting period, without gaps.
    zone : str
        Reporting time zone, in which months begin.

    Returns
    -------
    MetricsResult
        Times in seconds, shares 0 to 1, money in the orders' currency.
    """
    missing = {name: lack for name, entry in definitions().items() if (lack := _lacking(tables, entry)) is not None}
    count = _Counter(tables, tuple(months), zone)
    rows: list[Metric] = []
    for name in definitions():
        if name not in missing:
            rows.extend(_COUNTS[name](count, definition(name)))
    return MetricsResult(tuple(rows), MappingProxyType(missing), count.whole)


def whole_label(months: Sequence[Month]) -> str:
    """How a stretch of months is written: "2026-08", "2026q3", "2026" or first and last month.

    Examples
    --------
    >>> from analysis.foundation.calendar import months_between
    >>> [whole_label(months_between(Month.of(a), Month.of(b)))
    ...  for a, b in [("2026-08", "2026-08"), ("2026-07", "2026-09"), ("2026-02", "2026-04")]]
    ['2026-08', '2026q3', '2026-02/2026-04']
    """
    first, last = months[0], months[-1]
    start = first.first_day
    if len(months) == 1:
        return str(first)
    if len(months) == 3 and start.month % 3 == 1:
        return f"{start.year}q{(start.month + 2) // 3}"
    if len(months) == 12 and start.month == 1:
        return str(start.year)
    return f"{first}/{last}"


def _lacking(tables: Tables, entry: Definition) -> str | None:
    for need in entry.needs:
        table, _, column = need.partition(".")
        if not tables.has(table):
            return f"table `{table}`"
        if column and not tables.has_column(table, column):
            return f"column `{column}` of `{table}`"
    return None


class _Counter:
    """The queries, each over one table, by local month; None stands for the whole period."""

    def __init__(self, tables: Tables, months: tuple[Month, ...], zone: str) -> None:
        self.engine = tables.engine
        self.months = months
        self.zone = zone
        self.whole = whole_label(months)
        self.end = local_midnight(months[-1].plus(1).first_day, zone)
        self.known_at = tables.known_at

    def periods(self) -> Iterable[tuple[int | None, str]]:
        seen = [(month.number, str(month)) for month in self.months]
        return seen if len(seen) == 1 else [*seen, (None, self.whole)]

    def dated(self, columns: str, table: str, time: str, where: str = "true") -> str:
        """A query for the rows of the period with their local month."""
        bounds = (self.zone, self.months[0], self.months[-1])
        month = self.engine.dialect.month_number(time, *bounds)
        inside = self.engine.dialect.in_months(time, *bounds)
        return f"select {columns}, {month} as local_month from {identifier(table)} where {inside} and {where}"

    def query(self, select: str, table: str, time: str, where: str = "true", also: str = "") -> list[dict[str, Any]]:
        sql = f"select {select} from ({self.dated('*', table, time, where)}) as counted {also}"
        rows: list[dict[str, Any]] = self.engine.query(sql).to_pylist()
        return rows

    def outside(self, table: str, time: str) -> frozenset[int | None]:
        """Months that lie wholly before the first row of a table or after its last: of them nothing is known."""
        row = self.engine.query(f"select min({time}) as low, max({time}) as high from {identifier(table)}").to_pylist()[
            0
        ]
        if row["low"] is None:
            return frozenset(month.number for month in self.months)
        first, last = month_of(row["low"], self.zone), month_of(row["high"], self.zone)
        return frozenset(month.number for month in self.months if not first <= month <= last)

    def by_month(self, expressions: str, table: str, time: str, by: str | None = None) -> dict[tuple[Any, ...], Any]:
        """Rows keyed by (local month or None, group value or None), the whole period as sums of the months."""
        group = f"coalesce({identifier(by)}, '{UNKNOWN}')" if by else "null"
        rows = self.query(
            f"local_month, {group} as grouped, {expressions}", table, time, also="group by local_month, grouped"
        )
        found: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in rows:
            numbers = {name: value for name, value in row.items() if name not in ("local_month", "grouped")}
            found[row["local_month"], row["grouped"]] = numbers
            total = found.setdefault((None, row["grouped"]), dict.fromkeys(numbers, 0))
            for name, value in numbers.items():
                total[name] += value or 0
        return found


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, Decimal) else value


def _figure(
    entry: Definition,
    period: str,
    *,
    value: Any,
    numerator: Any = None,
    denominator: Any = None,
    segment: Mapping[str, str] | None = None,
    reason: str | None = None,
) -> Metric:
    return Metric(
        id=entry.id,
        version=entry.version,
        basis=entry.basis,
        period=period,
        unit=entry.unit,
        segment=segment or {},
        value=_number(value),
        numerator=_number(numerator),
        denominator=_number(denominator),
        reason=reason,
    )


def _ratio(entry: Definition, period: str, numerator: Any, denominator: Any, none: str) -> Metric:
    if not denominator:
        return _figure(entry, period, numerator=numerator or 0, denominator=0, value=None, reason=none)
    value = float(Decimal(numerator) / Decimal(denominator))
    return _figure(entry, period, numerator=numerator, denominator=denominator, value=value)


def _counted(table: str, time: str) -> Count:
    def rows(count: _Counter, entry: Definition) -> Iterable[Metric]:
        by = entry.by[0] if entry.by else None
        found = count.by_month("count(*) as n", table, time, by)
        groups = sorted({group for _, group in found}) if by else [None]
        empty = count.outside(table, time)
        for month, period in count.periods():
            for group in groups:
                if month in empty:
                    reason = f"`{table}` holds nothing of this month or beyond it"
                    yield _figure(entry, period, segment={by: str(group)} if by else {}, value=None, reason=reason)
                    continue
                n = found.get((month, group), {"n": 0})["n"]
                yield _figure(entry, period, segment={by: str(group)} if by else {}, value=n, numerator=n)

    return rows


def _divided(table: str, time: str, expressions: str, none: str) -> Count:
    def rows(count: _Counter, entry: Definition) -> Iterable[Metric]:
        found = count.by_month(expressions, table, time)
        for month, period in count.periods():
            numbers = found.get((month, None), {"above": 0, "below": 0})
            yield _ratio(entry, period, numbers["above"], numbers["below"], none)

    return rows


_OPENING = "in_reply_to is null and coalesce(actionable, true)"
_COMPLAINTS = (
    "sum(case when kind = 'complaint' then 1 else 0 end) as above, "
    "sum(case when kind = 'positive' then 1 else 0 end) as below"
)
_ANSWERED = (
    f"sum(case when {_OPENING} and first_reply_at is not null then 1 else 0 end) as above, "
    f"sum(case when {_OPENING} then 1 else 0 end) as below"
)


def _times(share: float, *, answered_only: bool) -> Count:
    def rows(count: _Counter, entry: Definition) -> Iterable[Metric]:
        waits = count.engine.dialect.seconds_between("posted_at", "coalesce(first_reply_at, known_until)")
        until = iso(count.known_at or count.end)
        assert until is not None
        instant = until.removesuffix("Z").replace("T", " ")
        known = f"posted_at, first_reply_at, timestamp '{instant}' as known_until"
        inner = count.dated(known, "mentions", "posted_at", _OPENING)
        answered = "first_reply_at is not null and first_reply_at >= posted_at"
        which = answered if answered_only else f"({answered} or (first_reply_at is null and posted_at <= known_until))"
        found = count.engine.query(
            f"select local_month, {waits} as wait, first_reply_at is not null as answered, count(*) as n "
            f"from ({inner}) as opened where {which} group by 1, 2, 3 order by 1, 2, 3"
        ).to_pandas()
        for number, period in count.periods():
            part = found if number is None else found[found["local_month"] == number]
            cases = int(part["n"].sum())
            if cases == 0:
                what = "answered opening mention" if answered_only else "opening mention"
                yield _figure(entry, period, value=None, reason=f"no {what} in the period")
                continue
            curve = kaplan_meier(part["wait"], part["n"], part["answered"])
            value = curve.quantile(share)
            done = int(part.loc[part["answered"], "n"].sum())
            if value is None:
                reason = f"not reached: only {done:,} of {cases:,} opening mentions have an answer"
                yield _figure(entry, period, value=None, reason=reason, numerator=done, denominator=cases)
            else:
                yield _figure(entry, period, value=value, numerator=done, denominator=cases)

    return rows


def _repeat_purchase(count: _Counter, entry: Definition) -> Iterable[Metric]:
    bought = count.dated("customer_id", "orders", "ordered_at", "customer_id is not null")
    row = count.engine.query(
        "select sum(case when n >= 2 then 1 else 0 end) as above, count(*) as below "
        f"from (select customer_id, count(*) as n from ({bought}) as dated group by customer_id) as buyers"
    ).to_pylist()[0]
    yield _ratio(entry, count.whole, row["above"], row["below"], "no customer bought in the period")


_COUNTS: Mapping[str, Count] = {
    "mentions": _counted("mentions", "posted_at"),
    "mentions_by_kind": _counted("mentions", "posted_at"),
    "mentions_by_platform": _counted("mentions", "posted_at"),
    "complaints_per_positive": _divided("mentions", "posted_at", _COMPLAINTS, "no positive mention in the period"),
    "response_rate": _divided("mentions", "posted_at", _ANSWERED, "no opening mention in the period"),
    "first_response_time_median": _times(0.5, answered_only=False),
    "first_response_time_p90": _times(0.9, answered_only=False),
    "first_response_time_median_answered": _times(0.5, answered_only=True),
    "issues_raised": _counted("issues", "opened_at"),
    "issues_by_channel": _counted("issues", "opened_at"),
    "orders_placed": _counted("orders", "ordered_at"),
    "average_order_value": _divided(
        "orders", "ordered_at", "sum(revenue) as above, count(*) as below", "no order in the period"
    ),
    "repeat_purchase_rate": _repeat_purchase,
}
