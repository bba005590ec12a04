"""Which figures does a study have, as known now or at a date? The answer of `touchstone metrics`.

Closed months are shown as the record held them then. The other months are counted from what the tables knew then, where
their rows say since when they are known; where they do not, the closed months alone are shown, and it is said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from analysis.foundation.calendar import Month, iso
from analysis.foundation.errors import DesignError, InputError
from analysis.ledger.reading import held_rows, with_states
from analysis.metrics.catalogue import definition
from analysis.metrics.compute import care_metrics
from analysis.metrics.figure import Metric
from analysis.reporting.formats import plain
from analysis.runner.asked import instant_asked
from analysis.runner.closing import rules_of
from analysis.runner.opening import prepare_study
from analysis.runner.study import Study
from analysis.tables.opened import Tables

CLOSED_ONLY = "The tables do not say what was known then: only closed months are shown."


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures as they were known at a date, by metric, segment and period."""

    known_at: datetime | None
    rows: tuple[Metric, ...]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The figures for programs, as the contract writes them."""
        return {
            "known_at": iso(self.known_at),
            "metrics": [row.to_dict() for row in self.rows],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        head = [f"Known at: {iso(self.known_at) or 'not dated'}", *self.notes, ""]
        return "\n".join([*head, *(_line(row) for row in self.rows)])


def figures_asked(
    params: str | Path, *, known_at: str | None = None, only: Sequence[str] = (), data: Path | None = None
) -> Figures:
    """The figures of a parameters file.

    Parameters
    ----------
    params : str or Path
    known_at : str, optional
        A day or an instant; default now, as far as the tables know.
    only : sequence of str
        Metrics to show; default all.
    data : Path, optional
        Stands above the file's `data`.

    Raises
    ------
    InputError
        If parameters or tables are at fault, or nothing was known at that date.
    UnknownName
        If there is no such metric, with the nearest.
    """
    wanted = {definition(name).id for name in only}
    at = None if known_at is None else instant_asked("--known-at", known_at)
    with prepare_study(params, data=data) as study:
        study.check()
        found = _figures(study, at)
    return replace(found, rows=tuple(row for row in found.rows if not wanted or row.id in wanted))


def _figures(study: Study, at: datetime | None) -> Figures:
    months = () if study.period is None else study.period.months()
    if not months:
        raise DesignError("The period holds no whole month, and figures are counted by month. Set a longer `period`.")
    if at is None:
        return Figures(study.known_at, _shown(study, study.tables, months, study.known_at))
    try:
        tables = study.tables_as_known(at)
    except InputError:
        held = held_rows(study.ledger, at)
        if not held:
            raise
        return Figures(at, tuple(sorted(held, key=_place)), (CLOSED_ONLY,))
    with tables:
        return Figures(at, _shown(study, tables, months, at))


def _shown(study: Study, tables: Tables, months: Sequence[Month], at: datetime | None) -> tuple[Metric, ...]:
    """Closed figures as they were held, the others as the tables tell them."""
    zone = study.values.period.timezone
    fresh = care_metrics(tables, months=months, zone=zone, rules=rules_of(study.values))
    return tuple(sorted(with_states(fresh, study.ledger, at), key=_place))


def _place(row: Metric) -> tuple[Any, ...]:
    return row.id, row.version, row.basis, sorted(row.segment.items()), row.period


def _line(row: Metric) -> str:
    by = "".join(f" {name}={plain(value, 60)}" for name, value in sorted(row.segment.items()))
    value = f"{row.value:,.10g}" if row.value is not None else f"- ({row.reason})"
    note = f"  {plain(row.note)}" if row.note else ""
    return f"{row.period:<17} {row.id}{by} [{row.basis}]  {value} {row.unit}  {row.state}{note}"
