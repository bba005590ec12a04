"""Which stretch of time do the tables cover, and so what does a report cover that names no period?

A study of purchases after contacts covers the complete months that orders and issues have in common; one that only
counts covers the complete months of what it counts. A first or last month with few covered days is left out. Where the
parameters name a table of fiscal periods, these stand for the months.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, Period, local_day, local_midnight
from analysis.foundation.errors import DesignError, Fault, ParamsError
from analysis.studies.sample import COVERED_DAYS, span_of_data

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.foundation.fiscal import FiscalCalendar
    from analysis.runner.params_model import PeriodSection
    from analysis.tables.load import Tables

COUNTED = ("mentions", "touchpoints", "issues", "orders")
"""Tables whose events are counted by month, and so make a period."""


def period_of(
    section: PeriodSection, tables: Tables, calendar: FiscalCalendar | None = None, *, name: str = "params"
) -> Period | None:
    """What does the report cover: as the parameters say, else the months of the data; None where nothing has a date.

    Parameters
    ----------
    section : PeriodSection
    tables : Tables
    calendar : FiscalCalendar, optional
        By which figures are counted; default by months.
    name : str
        How faults call the parameters file.

    Raises
    ------
    ParamsError
        If the period given and the data have no day in common, so that everything would be counted as zero; or if the
        calendar does not hold all of it.
    DesignError
        If the one date given lies outside the data, so that nothing is left.
    """
    if section.span is not None:
        return _meeting(Period.of(section.span, section.timezone, calendar), tables, name)
    start, end = section.start, section.end
    if start is None or end is None:
        months = _months(tables, section.timezone, calendar, name)
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
    if calendar is not None and not calendar.days[0] <= start < end <= calendar.days[1]:
        raise _not_held(f"{start} to {end}", calendar, name)
    return _meeting(Period(start, end, section.timezone, calendar), tables, name)


def _not_held(what: str, calendar: FiscalCalendar, name: str) -> ParamsError:
    """Days that no period of the calendar holds would be left out without a word."""
    what = f"{what} lie partly outside its table, which goes from {calendar.days[0]} up to {calendar.days[1]}"
    remedy = "Add the years to the table, or name a span that it holds under `period.span`."
    return ParamsError(Fault(where=f"{name}: period.calendar", what=what, remedy=remedy, rule="calendar"))


def _meeting(period: Period, tables: Tables, name: str) -> Period:
    """The period, unless the tables have no day in it at all."""
    covered = _covered(tables)
    if covered is None:
        return period
    low, high = covered
    start, end = period.instants()
    if end <= low or high < start:
        what = f"{period.start} to {period.end} and the data, {low:%Y-%m-%d} to {high:%Y-%m-%d}, have no day in common"
        remedy = "Change it, or leave it out to cover the data."
        raise ParamsError(Fault(where=f"{name}: period", what=what, remedy=remedy, rule="period"))
    return period


def _instants(tables: Tables, names: Sequence[str] = COUNTED) -> list[tuple[datetime, datetime]]:
    """The first and the last instant of each of these tables that has dates."""
    accounts = [tables.accounts[table] for table in names if tables.has(table)]
    return [
        (one.first, one.last) for one in accounts if isinstance(one.first, datetime) and isinstance(one.last, datetime)
    ]


def _covered(tables: Tables) -> tuple[datetime, datetime] | None:
    """The first and the last instant of what is counted; None where nothing has a date."""
    spans = _instants(tables)
    return (min(first for first, _ in spans), max(last for _, last in spans)) if spans else None


def _months(tables: Tables, zone: str, calendar: FiscalCalendar | None, name: str) -> tuple[Month, Month] | None:
    covered = _covered(tables)
    if tables.has("orders") and (tables.has("issues") or tables.has("touchpoints")):
        if calendar is None:
            try:
                return span_of_data(tables, zone)
            except DesignError:
                pass  # counting can go on without a common month; the comparison will say what it lacks
        else:
            both = _instants(tables, ("orders", "issues" if tables.has("issues") else "touchpoints"))
            common = (max(first for first, _ in both), min(last for _, last in both)) if len(both) == 2 else None
            covered = common if common is not None and common[0] < common[1] else covered
    if covered is None:
        return None
    low, high = covered
    if (
        calendar is not None
        and not calendar.days[0] <= local_day(low, zone) <= local_day(high, zone) < calendar.days[1]
    ):
        raise _not_held(f"the days of the data, {local_day(low, zone)} to {local_day(high, zone)},", calendar, name)
    touched = Month.of(local_day(low, zone), calendar), Month.of(local_day(high, zone), calendar)
    first, last = touched
    if (local_midnight(first.plus(1).first_day, zone) - low).days + 1 < COVERED_DAYS:
        first = first.plus(1)
    if (high - local_midnight(last.first_day, zone)).days + 1 < COVERED_DAYS:
        last = last.plus(-1)
    return (first, last) if first <= last else touched
