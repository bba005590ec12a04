"""Which share of customers stays from one month to the next? Counted on subscriptions, of those saved or contacted.

A customer is there as long as any subscription runs; changing one for another is no end. Those who are still there
count with the months they have been followed. One rate for all is assumed: where customers differ, those who are left
stay longer than it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, local_midnight
from analysis.roi.built import CustomerMonths
from analysis.roi.chances import DAY, FEWEST, known_until
from analysis.roi.saves import saved

if TYPE_CHECKING:
    from analysis.tables.load import Tables

MONTH = 365.25 / 12 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """Which share of customers stays a month: `1 − ends / months`, with its standard error."""

    share: float
    se: float
    ends: int
    months: float


def staying_of_saved(tables: Tables, window_days: int) -> Retention | None:
    """Which share of saved customers stays a month, once the window is over? None with fewer than ten who left.

    A customer is there as long as any subscription runs; changing one for another is no end. Those who are still there
    count with the months they have been followed.
    """
    until = known_until(tables, "subscriptions", "started_at", "ended_at")
    sql, values = saved(tables, window_days, until)
    return _staying(tables, sql, values, window_days * DAY, until)


def staying_of_contacted(tables: Tables, contacts: CustomerMonths, zone: str) -> Retention | None:
    """Which share of contacted customers with a subscription stays a month? From the month of the contact on."""
    until = known_until(tables, "subscriptions", "started_at", "ended_at")
    row = tables.engine.query(
        f"select min(month) as low, max(month) as high from ({contacts.sql}) as contact", contacts.parameters
    ).to_pylist()[0]
    if row["low"] is None:
        return None
    months = [Month(number) for number in range(int(row["low"]), int(row["high"]) + 1)]
    line = "(?, cast(? as timestamp))"
    starts = ", ".join([line] * len(months))
    given = [value for month in months for value in (month.number, local_midnight(month.plus(1).first_day, zone))]
    sql = (
        f"select customer_id, starts_at as posted_at from ({contacts.sql}) as contact "
        f"join (values {starts}) as begun(number, starts_at) on number = month"
    )
    return _staying(tables, sql, (*contacts.parameters, *given), 0, until)


def _staying(tables: Tables, entered: str, values: tuple[object, ...], after: int, until: datetime) -> Retention | None:
    """Of customers who entered at `posted_at` and had a subscription `after` seconds later: ends per month followed."""
    dialect = tables.engine.dialect
    followed = dialect.seconds_between("posted_at", "cast(? as timestamp)")
    stayed = dialect.seconds_between("posted_at", "ended_at")
    began = dialect.seconds_between("posted_at", "started_at")
    row = tables.engine.query(
        f"""
        select count(case when stayed < followed then 1 end) as ends,
            {dialect.as_float(f"sum((case when stayed < followed then stayed else followed end) - {after})")} as seconds
        from (
            select e.customer_id, e.posted_at, min(followed) as followed,
                max(case when s.ended_at is null then followed else {stayed} end) as stayed,
                count(case when {began} <= {after} and (s.ended_at is null or {stayed} > {after}) then 1 end) as there
            from (select customer_id, posted_at, {followed} as followed from ({entered}) as entered) as e
            join subscriptions s on s.customer_id = e.customer_id
            group by e.customer_id, e.posted_at
        ) as one where there > 0 and followed > {after}
        """,
        [until, *values],
    ).to_pylist()[0]
    ends, months = int(row["ends"]), float(row["seconds"] or 0) / MONTH
    if ends < FEWEST or months <= 0:
        return None
    return Retention(share=max(0.0, 1 - ends / months), se=ends**0.5 / months, ends=ends, months=months)
