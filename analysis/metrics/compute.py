"""What was counted, month by month and over the whole period? The catalogue's metrics, from the tables given.

What the tables given cannot support is named with what is missing, never guessed. How each metric is counted is left
to the families, locking a month to the ledger.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from analysis.foundation.calendar import Month
from analysis.metrics.catalogue import OR, Definition, definitions
from analysis.metrics.counter import Count, Counter, Rules, counted, divided
from analysis.metrics.families import (
    business_hours,
    engagement,
    issues,
    mentions,
    purchases,
    service,
    subscriptions,
    surveys,
    times,
)
from analysis.metrics.figure import Metric, MetricsResult

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

COUNTS: Mapping[str, Count] = {
    name: count
    for family in (mentions, times, business_hours, issues, service, surveys, purchases, subscriptions, engagement)
    for name, count in family.COUNTS.items()
}
"""How each metric of the catalogue is counted, but for plain ones and those that a model estimates."""


def counting_of(entry: Definition) -> Count | None:
    """How a metric is counted: by its family, else as its own entry says; None where a model estimates it."""
    if entry.id in COUNTS:
        return COUNTS[entry.id]
    how = entry.count
    if how is None:
        return None
    if how.above is None:
        return counted(how.table, how.time, how.where)
    return divided(how.table, how.time, f"{how.above} as above, {how.below} as below", how.none, how.where)


def care_metrics(
    tables: Tables,
    *,
    months: Sequence[Month],
    zone: str,
    rules: Rules | None = None,
    only: Collection[str] | None = None,
) -> MetricsResult:
    """What do the tables given say of care, month by month and over the whole period?

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Whole months of the reporting period, without gaps.
    zone : str
        Reporting time zone, in which months begin.
    rules : Rules, optional
        What the team decided: other windows than the catalogue's, the promised time to a first reply, opening hours.
    only : collection of str, optional
        Names of the catalogue (or with a window of one's own) to count; all of them by default.

    Returns
    -------
    MetricsResult
        Times in seconds, shares 0 to 1, money in the tables' currency.
    """
    rules = rules or Rules()
    count = Counter(tables, tuple(months), zone, rules)
    wanted = None if only is None else frozenset(only)
    rows: list[Metric] = []
    missing: dict[str, str] = {}
    for name, entry in definitions().items():
        counting = counting_of(entry)
        if counting is None:
            continue
        days = rules.windows.get(name)
        asked = entry if days is None else entry.with_window(days)
        if wanted is not None and wanted.isdisjoint({name, asked.id}):
            continue
        lack = _lacking(tables, entry)
        if lack is None and entry.hours == "business" and rules.schedule is None:
            lack = "opening hours (`metrics.schedule`)"
        if lack is None:
            rows.extend(counting(count, asked))
        else:
            missing[asked.id] = lack
    return MetricsResult(tuple(rows), MappingProxyType(missing), count.whole)


def _lacking(tables: Tables, entry: Definition) -> str | None:
    for needed in entry.needs:
        lacks = [_lack(tables, need) for need in needed.split(OR)]
        if all(lack is not None for lack in lacks):
            return OR.join(str(lack) for lack in lacks)
    return None


def _lack(tables: Tables, need: str) -> str | None:
    table, _, column = need.partition(".")
    if not tables.has(table):
        return f"table `{table}`"
    if column and not tables.has_column(table, column):
        return f"column `{column}` of `{table}`"
    return None
