"""Which stretch of time do the tables cover, and so what does a report cover that names no period?

A study of purchases after contacts covers the complete months that orders and issues have in common; one that only
counts covers the complete months of what it counts. A first or last month with few covered days is left out.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, Period, local_midnight, month_of
from analysis.foundation.errors import DesignError
from analysis.studies.sample import COVERED_DAYS, span_of_data

if TYPE_CHECKING:
    from analysis.runner.params_model import PeriodSection
    from analysis.tables.load import Tables

COUNTED = ("mentions", "touchpoints", "issues", "orders")
"""Tables whose events are counted by month, and so make a period."""


def period_of(section: PeriodSection, tables: Tables) -> Period | None:
    """What does the report cover: as the parameters say, else the months of the data; None where nothing has a date.

    Raises
    ------
    DesignError
        If the date given lies outside the data, so that nothing is left.
    """
    if section.span is not None:
        return Period.of(section.span, section.timezone)
    start, end = section.start, section.end
    if start is None or end is None:
        months = _months(tables, section.timezone)
        if months is None:
            return None
        first, last = months
        start = start or first.first_day
        end = end or last.plus(1).first_day
        if not start < end:
            raise DesignError(
                f"The data cover {first} to {last}: with the date given under `period` nothing is left. Change it, or "
                "leave both dates out."
            )
    return Period(start, end, section.timezone)


def _months(tables: Tables, zone: str) -> tuple[Month, Month] | None:
    if tables.has("orders") and (tables.has("issues") or tables.has("touchpoints")):
        try:
            return span_of_data(tables, zone)
        except DesignError:
            pass  # counting can go on without a common month; the comparison will say what it lacks
    accounts = [tables.accounts[table] for table in COUNTED if tables.has(table)]
    spans = [
        (one.first, one.last) for one in accounts if isinstance(one.first, datetime) and isinstance(one.last, datetime)
    ]
    if not spans:
        return None
    low, high = min(first for first, _ in spans), max(last for _, last in spans)
    touched = month_of(low, zone), month_of(high, zone)
    first, last = touched
    if (local_midnight(first.plus(1).first_day, zone) - low).days + 1 < COVERED_DAYS:
        first = first.plus(1)
    if (high - local_midnight(last.first_day, zone)).days + 1 < COVERED_DAYS:
        last = last.plus(-1)
    return (first, last) if first <= last else touched
