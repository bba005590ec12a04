"""Which complete months does a table cover, and which of them are its last year? For what the case counts on tables.

A month at either end of a table counts where it is covered for 25 days. What is counted in them is left to those who
ask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, local_day, month_of

if TYPE_CHECKING:
    from analysis.tables.load import Tables

COUNTED_MONTHS = 12
"""What is counted as of today is counted over so many last months."""
COVERED_DAYS = 25


def last_months(tables: Tables, table: str, zone: str, also: str = "") -> tuple[str, str]:
    """A condition for the rows of the last complete months of a table, and those months in words.

    Twelve, or as many as there are; the last month of a table counts where it is complete to its 25th day.

    Parameters
    ----------
    tables : Tables
    table : str
        "issues" or "touchpoints".
    zone : str
    also : str
        SQL that rows must fulfil besides, beginning with `and`.

    Returns
    -------
    tuple of str
        The condition and "2025-10 to 2026-09"; both empty where there is no such row.
    """
    bounds = complete_months(tables, table, {"issues": "opened_at", "touchpoints": "occurred_at"}[table], zone, also)
    if bounds is None:
        return "", ""
    first, last = bounds
    first = max(first, last.plus(1 - COUNTED_MONTHS))
    time = {"issues": "opened_at", "touchpoints": "occurred_at"}[table]
    return tables.engine.dialect.in_months(time, zone, first, last), f"{first} to {last}"


def complete_months(tables: Tables, table: str, time: str, zone: str, also: str = "") -> tuple[Month, Month] | None:
    """The first and last month of a table that it covers well enough; None where it covers none.

    A month at either end counts with 25 days or more between it and the first or last row.
    """
    row = tables.engine.query(
        f"select min({time}) as low, max({time}) as high from {table} where true {also}"
    ).to_pylist()[0]
    if row["low"] is None:
        return None
    first, last = month_of(row["low"], zone), month_of(row["high"], zone)
    if (first.last_day - local_day(row["low"], zone)).days + 1 < COVERED_DAYS:
        first = first.plus(1)
    if local_day(row["high"], zone).day < COVERED_DAYS:
        last = last.plus(-1)
    return (first, last) if not last < first else None
