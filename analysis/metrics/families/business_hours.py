"""How long did an answer and a solution take while the desk was open? The times of `times`, in opening hours.

They stand beside the times of the calendar, never in their place, and mean nothing without the schedule they were
counted by, which the results record. Where there is none they are missing; of months before its first day too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from analysis.foundation.calendar import local_midnight
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter
from analysis.metrics.families.times import ISSUE_CLOSES, MENTIONS, Kind, quantile
from analysis.metrics.figure import Metric, figure
from analysis.metrics.opening_hours import known_from


def _while_open(kind: Kind, share: float) -> Count:
    """The time of opening hours by which that share of the cases is done."""
    ask = quantile(replace(kind, open_hours=True), share)

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        unknown = _before_the_schedule(count)
        for row in ask(count, entry):
            reason = unknown.get(row.period)
            yield row if reason is None else figure(entry, row.period, value=None, reason=reason)

    return rows


def _before_the_schedule(count: Counter) -> Mapping[str, str]:
    """Periods that begin before opening hours are known, with the reason why they have no figure."""
    schedule = count.rules.schedule
    since = None if schedule is None else known_from(schedule)
    if schedule is None or since is None:
        return {}
    reason = f"the schedule says nothing of the days before {schedule.since}"
    return {
        period: reason
        for number, period in count.periods()
        if local_midnight((count.months[0] if number is None else count.month(number)).first_day, count.zone) < since
    }


COUNTS: Mapping[str, Count] = {
    "first_response_time_business_median": _while_open(MENTIONS, 0.5),
    "first_response_time_business_p90": _while_open(MENTIONS, 0.9),
    "time_to_resolution_business_median": _while_open(ISSUE_CLOSES, 0.5),
}
