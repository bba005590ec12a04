"""Were there more complaints for each positive mention before the company started responding than after?

Whole months before the `programme` entry of the change log against whole months after it, both counts beside each
ratio. The month in which the programme starts belongs to neither. This says what was, not what the programme did:
months differ in much else, and who responds to complaints also changes what people write. Effects are left to studies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from analysis.foundation.calendar import Month, local_day, local_midnight, month_of, months_between
from analysis.metrics.catalogue import definition
from analysis.metrics.counter import whole_label
from analysis.metrics.figure import Metric, figure, ratio

if TYPE_CHECKING:
    from analysis.tables.opened import Tables

METRIC = "complaints_per_positive"
NO_EFFECT = "Before against after: what was counted, not an effect of the programme."
SIDES = ("before", "after")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgrammeResult:
    """Complaints to positives on both sides of the programme's start.

    Parameters
    ----------
    before, after : Metric
        Complaints, positives and their ratio, over all whole months of that side; or no value and the reason.
    months : tuple of Metric
        The same month by month, for a chart.
    started_on : date, optional
        The local day from which the programme holds; None where the change log has no such entry.
    change_id : str, optional
    words : str
        What must stand beside the figures.
    """

    before: Metric
    after: Metric
    months: tuple[Metric, ...] = ()
    started_on: date | None = None
    change_id: str | None = None
    words: str = NO_EFFECT

    def to_parts(self) -> dict[str, Any]:
        """What goes into `results.json`: two rows of the metric, told apart by the segment `programme`."""
        return {"metrics": [self.before.to_dict(), self.after.to_dict()]}

    def to_frame(self) -> pd.DataFrame:
        """Two rows: before and after."""
        rows = [
            {
                "programme": side,
                "period": row.period,
                "complaints": row.numerator,
                "positives": row.denominator,
                "complaints_per_positive": row.value,
                "reason": row.reason,
            }
            for side, row in zip(SIDES, (self.before, self.after), strict=True)
        ]
        return pd.DataFrame(rows)

    def _repr_html_(self) -> str:
        return str(self.to_frame().to_html(index=False, escape=True))


def before_after_programme(tables: Tables, *, months: Sequence[Month], zone: str) -> ProgrammeResult:
    """Complaints to positives before and after the first `programme` entry of the change log.

    Parameters
    ----------
    tables : Tables
    months : sequence of Month
        Months of the report. The last of them is the last month counted; months before them count too.
    zone : str
        Reporting time zone, in which months begin.
    """
    if reason := _lacking(tables):
        return _none(months, reason)
    entries = tables.engine.query(
        "select change_id, effective_from from changes where kind = 'programme' order by effective_from, change_id"
    ).to_pylist()
    if not entries:
        return _none(months, "the change log has no entry of kind `programme`")
    start = entries[0]["effective_from"]
    counted = _by_month(tables, months[-1], zone)
    sides = {
        "before": [month for month in counted if local_midnight(month.plus(1).first_day, zone) <= start],
        "after": [month for month in counted if local_midnight(month.first_day, zone) >= start],
    }
    rows = {side: _side(side, held, counted, months) for side, held in sides.items()}
    return ProgrammeResult(
        before=rows["before"],
        after=rows["after"],
        months=tuple(_row(side, [month], counted) for side in SIDES for month in sides[side]),
        started_on=local_day(start, zone),
        change_id=entries[0]["change_id"],
    )


def _lacking(tables: Tables) -> str | None:
    if not tables.has("mentions"):
        return "table `mentions`"
    if not tables.has_column("mentions", "kind"):
        return "column `kind` of `mentions`"
    return None if tables.has("changes") else "table `changes`"


def _by_month(tables: Tables, last: Month, zone: str) -> dict[Month, tuple[int, int]]:
    """Complaints and positives of every month from the first mention to the last that may be counted."""
    (span,) = tables.engine.query("select min(posted_at) as low, max(posted_at) as high from mentions").to_pylist()
    if span["low"] is None or month_of(span["low"], zone) > last:
        return {}
    first, last = month_of(span["low"], zone), min(last, month_of(span["high"], zone))
    dialect = tables.engine.dialect
    found = tables.engine.query(
        f"select {dialect.month_number('posted_at', zone, first, last)} as local_month, "
        "sum(case when kind = 'complaint' then 1 else 0 end) as complaints, "
        "sum(case when kind = 'positive' then 1 else 0 end) as positives "
        f"from mentions where {dialect.in_months('posted_at', zone, first, last)} group by 1 order by 1"
    ).to_pylist()
    counts = {Month(row["local_month"]): (int(row["complaints"]), int(row["positives"])) for row in found}
    return {month: counts.get(month, (0, 0)) for month in months_between(first, last)}


def _side(side: str, held: Sequence[Month], counted: dict[Month, tuple[int, int]], months: Sequence[Month]) -> Metric:
    if held:
        return _row(side, held, counted)
    return _empty(side, months, f"no whole month of mentions lies {side} the start of the programme")


def _row(side: str, held: Sequence[Month], counted: dict[Month, tuple[int, int]]) -> Metric:
    complaints, positives = (sum(counted[month][place] for month in held) for place in (0, 1))
    none = "no positive mention in these months"
    return ratio(definition(METRIC), whole_label(tuple(held)), complaints, positives, none, segment={"programme": side})


def _none(months: Sequence[Month], reason: str) -> ProgrammeResult:
    before, after = (_empty(side, months, reason) for side in SIDES)
    return ProgrammeResult(before=before, after=after)


def _empty(side: str, months: Sequence[Month], reason: str) -> Metric:
    return figure(
        definition(METRIC), whole_label(tuple(months)), value=None, segment={"programme": side}, reason=reason
    )
