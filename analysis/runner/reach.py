"""How far do the tables reach, and by which rules are they counted? What a close must know before it trusts a figure.

An export that ends in the middle of a month tells half of it, and one that begins in the middle of a closed month would
seem to take most of it back. Neither is news. And a figure that is counted by another rule than the one that was closed
does not say that anything happened.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime, time, timedelta
from functools import cache
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month, local_midnight
from analysis.ledger.entry import Key, is_month
from analysis.metrics.catalogue import OR, definition
from analysis.metrics.figure import Metric, MetricsResult
from analysis.tables.engine import identifier

if TYPE_CHECKING:
    from analysis.runner.params_model import Params
    from analysis.tables.opened import TableAccount, Tables

SILENCE = timedelta(days=3)
GAPS = 20
"""A table is silent when nothing came for three days, and for twenty times its usual time between rows."""


def counted_by(values: Params, tables: Tables) -> dict[str, str]:
    """By which rules are the figures counted? If one differs from those of the closed months, so do figures.

    Windows are not among them: another window is another figure, with another name. Tables without money tell no
    currency.
    """
    found = {"timezone": values.period.timezone, "sla_seconds": str(values.metrics.sla_seconds)}
    currencies = {
        str(row["currency"])
        for table in sorted(tables.accounts)
        if tables.has_column(table, "currency")
        for row in tables.engine.query(
            f"select distinct currency from {identifier(table)} where currency is not null"
        ).to_pylist()
    }
    return found | ({"currency": ", ".join(sorted(currencies))} if currencies else {})


def as_far_as_told(
    figures: MetricsResult, tables: Tables, *, month: Month, zone: str, held: Collection[Key]
) -> MetricsResult:
    """The figures, without those of months that the tables tell only in part.

    Of the month that is closed, figures of a table that falls silent before the month ends have no value and wait. Of
    months closed before, figures of a table that begins within them have none, so that what is held stands.

    Parameters
    ----------
    figures : MetricsResult
    tables : Tables
    month : Month
        The one that is closed.
    zone : str
    held : collection of Key
        The figures closed before.
    """

    @cache
    def silent(table: str) -> str | None:
        return _falls_silent(tables.accounts[table], table, month, zone)

    @cache
    def begun(table: str, period: str) -> str | None:
        return _begins_within(tables.accounts[table], table, month.named(period), zone)

    def why_not(row: Metric) -> str | None:
        needed = [table for table in _tables_of(row.id) if tables.has(table)]
        if row.period == str(month):
            return next(filter(None, map(silent, needed)), None)
        if is_month(row.period) and Key.of(row) in held:
            return next(filter(None, (begun(table, row.period) for table in needed)), None)
        return None

    rows = []
    for row in figures.metrics:
        reason = None if row.value is None else why_not(row)
        rows.append(row if reason is None else replace(row, value=None, reason=reason))
    return replace(figures, metrics=tuple(rows))


@cache
def _tables_of(metric: str) -> tuple[str, ...]:
    entry = definition(metric)
    return tuple(dict.fromkeys(one.partition(".")[0] for need in entry.needs for one in need.split(OR)))


def _falls_silent(account: TableAccount, name: str, month: Month, zone: str) -> str | None:
    end = local_midnight(month.plus(1).first_day, zone)
    last = _instant(account.last)
    if last is None or end - last <= _quiet(account):
        return None
    return f"`{name}` ends on {last:%Y-%m-%d}, before {month} is over"


def _begins_within(account: TableAccount, name: str, month: Month, zone: str) -> str | None:
    start = local_midnight(month.first_day, zone)
    first = _instant(account.first)
    if first is None or first - start <= _quiet(account):
        return None
    return f"`{name}` begins on {first:%Y-%m-%d}, after {month} does"


def _quiet(account: TableAccount) -> timedelta:
    """How long a table may be silent without anything being amiss."""
    first, last = _instant(account.first), _instant(account.last)
    if first is None or last is None or account.rows.kept < 2:
        return timedelta(days=3650)
    return max(SILENCE, GAPS * (last - first) / (account.rows.kept - 1))


def _instant(moment: object) -> datetime | None:
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time())  # type: ignore[arg-type]
