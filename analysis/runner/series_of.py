"""Which figures, month by month, does the change log speak of? From the closed months, the tables and `series`.

A closed month shows what the ledger holds of it; one that is not closed what was just counted, marked provisional; a
month that is not over, or that its table tells only in part, shows nothing. A series from elsewhere is taken by month,
or as the mean of the days of a month that it tells in full. What the change log makes of them is left to
`analysis.studies.change_log.study`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from analysis.foundation.calendar import Month, local_day, months_between
from analysis.foundation.errors import DesignError, UnknownName
from analysis.ledger.entry import Key, is_month
from analysis.ledger.reading import held_rows, with_states
from analysis.metrics.catalogue import definition, definitions
from analysis.metrics.compute import care_metrics
from analysis.metrics.figure import Metric
from analysis.runner.closing import over_from, rules_of
from analysis.runner.reach import as_far_as_told
from analysis.runner.span import COUNTED
from analysis.studies.change_log.series import MonthlySeries, series_key

if TYPE_CHECKING:
    from analysis.runner.study import Study
    from analysis.tables.opened import Tables

MOST_MONTHS = 96
"""Months before the last one that are read: no window of the study is longer."""


def series_of(
    study: Study, metrics: Sequence[str] | None = None, controls: Collection[str] = ()
) -> dict[str, MonthlySeries]:
    """Figures by month, and the control series asked for, by their key.

    Parameters
    ----------
    study : Study
    metrics : sequence of str, optional
        Metrics of the catalogue, each with all its segments; one segment is `metric[column=value]`. Default those with
        a target (`targeted`).
    controls : collection of str
        Keys of other figures, or ids of the table `series`.

    Returns
    -------
    dict of str to MonthlySeries
        Figures without a value in any month are not among them.

    Raises
    ------
    DesignError
        If no month of the study is over.
    UnknownName
        If a metric or a control series is not there, with the nearest.
    """
    wanted = tuple(metrics) if metrics is not None else targeted(study)
    elsewhere = _ids(study.tables)
    asked = [*wanted, *(name for name in controls if name not in elsewhere)]
    names = {name.partition("[")[0] for name in asked}
    for name in sorted(names):
        try:
            definition(name)
        except UnknownName:
            raise UnknownName.of("figure or control series", name, {*definitions(), *elsewhere}) from None
    rows = [row for row in _rows(study, names) if row.id in names and row.basis == _basis(row.id)]
    parts: dict[str, list[Metric]] = {}
    for row in rows:
        key = series_key(row.id, row.segment)
        if row.id in asked or key in asked:
            parts.setdefault(key, []).append(row)
    found = {key: one for key, held in sorted(parts.items()) if (one := _series(held)) is not None}
    for name in sorted(set(controls) & elsewhere):
        found[name] = from_elsewhere(study.tables, name)
    return found


def changes_of(study: Study) -> list[dict[str, Any]]:
    """The rows of the change log, oldest first; none where there is no such table."""
    if not study.tables.has("changes"):
        return []
    rows: list[dict[str, Any]] = study.tables.engine.query(
        "select change_id, effective_from, kind, scope, owner, description, recorded_at from changes "
        "order by effective_from, change_id"
    ).to_pylist()
    return rows


def targeted(study: Study) -> tuple[str, ...]:
    """The metrics that the team set a target for; where it set none, those that the field aims at."""
    own = tuple(study.values.metrics.targets or ())
    return own or tuple(name for name, entry in definitions().items() if entry.target is not None)


def from_elsewhere(tables: Tables, series_id: str) -> MonthlySeries:
    """A series of the table `series` by month.

    A row of a whole month is its value. Rows of days or weeks that tell a month in full give their mean, weighted by
    days; other months have none.

    Raises
    ------
    DesignError
        If no month is told in full.
    """
    rows = tables.engine.query(
        "select period_start, period_end, value, unit from series where series_id = ? order by 1, 2", [series_id]
    ).to_pylist()
    whole: dict[Month, float] = {}
    inside: dict[Month, dict[date, float]] = {}
    for row in rows:
        start, end, month = row["period_start"], row["period_end"], Month.of(row["period_start"])
        if row["value"] is None or end > month.last_day:
            continue
        if start == month.first_day and end == month.last_day:
            whole[month] = float(row["value"])
        for step in range((end - start).days + 1):
            inside.setdefault(month, {})[start + timedelta(days=step)] = float(row["value"])
    for month, days in inside.items():
        if month not in whole and len(days) == (month.last_day - month.first_day).days + 1:
            whole[month] = sum(days[day] for day in sorted(days)) / len(days)
    if not whole:
        raise DesignError(
            f"`{series_id}` in `series` tells no month in full, so it cannot stand beside a figure by month. Give one "
            "row a month, from its first day to its last."
        )
    months = months_between(min(whole), max(whole))
    return MonthlySeries(
        metric=series_id,
        unit=rows[0]["unit"] or "",
        months=months,
        values=tuple(whole.get(month) for month in months),
        states=("provisional",) * len(months),  # no close has written it down
        label=series_id,
    )


def _rows(study: Study, names: Collection[str]) -> list[Metric]:
    """The figures of every month that is over: as they are held, else as they are counted now."""
    months = _months(study)
    zone = study.values.period.timezone
    fresh = care_metrics(study.tables, months=months, zone=zone, rules=rules_of(study.values), only=names)
    every = frozenset(Key.of(row) for row in fresh.metrics if is_month(row.period))
    told = as_far_as_told(fresh, study.tables, month=months[-1], zone=zone, held=every)
    counted = {str(month) for month in months}
    shown = [row for row in with_states(told, study.ledger, study.known_at) if row.period in counted]
    earlier = [
        row
        for row in held_rows(study.ledger, study.known_at)
        if row.period not in counted and is_month(row.period) and row.period < str(months[0])
    ]
    return [*earlier, *shown]


def _months(study: Study) -> tuple[Month, ...]:
    """From the first month of the data to the last of the report that is over."""
    known_at, period = study.known_at, study.period
    firsts = [account.first for name in COUNTED if (account := study.tables.accounts.get(name)) is not None]
    moments = [one if isinstance(one, datetime) else datetime(one.year, one.month, one.day) for one in firsts if one]
    ends = [] if period is None else [one for one in period.civil.months() if known_at is None or _over(study, one)]
    if not moments or not ends:
        raise DesignError(
            "No month of this study is over yet, so no figure by month can be read. Wait for the end of a month, or "
            "set a longer `period`."
        )
    first = Month.of(local_day(min(moments), study.values.period.timezone))
    return months_between(max(min(first, ends[-1]), ends[-1].plus(1 - MOST_MONTHS)), ends[-1])


def _over(study: Study, month: Month) -> bool:
    known_at = study.known_at
    return known_at is None or over_from(month, study.values) <= known_at


def _basis(metric: str) -> str:
    """The basis that stands on the scorecard: the month of the post for a ratio, of the action for a count."""
    entry = definition(metric)
    return entry.bases[0] if len(entry.bases) == 1 else "post" if entry.aggregates == "ratio" else "action"


def _series(rows: Sequence[Metric]) -> MonthlySeries | None:
    """One figure's months in order; None where no month has a value. A figure that is not final yet has none."""
    held: Mapping[Month, Metric] = {Month.of(row.period): row for row in sorted(rows, key=lambda row: row.version)}
    final = {month: row.value if row.mature else None for month, row in held.items()}
    known = [month for month, value in final.items() if value is not None]
    if not known:
        return None
    months = months_between(min(known), max(known))
    newest = held[max(known)]
    return MonthlySeries(
        metric=newest.id,
        unit=newest.unit,
        months=months,
        values=tuple(final.get(month) for month in months),
        states=tuple(held[month].state if month in held else "provisional" for month in months),
        segment=dict(newest.segment),
        label=definition(newest.id).label,
    )


def _ids(tables: Tables) -> set[str]:
    if not tables.has("series"):
        return set()
    rows = tables.engine.query("select distinct series_id from series where series_id is not null").to_pylist()
    return {row["series_id"] for row in rows}
