"""Waits while the desk is open, minute by minute: is it open in this minute, by the clock on the wall?

Every minute from before the first event to after the last is looked at by the local clock of pandas, and the open ones
are added up. The desk: Toronto, weekdays with a pause at noon; from 1 March 2025 also on Saturdays, and on Sunday at
night.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd

from tests.metrics.second_road.company import Company, Counted, Figures, Recount, Stretch, waited, within
from tests.metrics.second_road.issues import settled
from tests.metrics.second_road.mentions import opening

ZONE = "America/Toronto"
CHANGED_ON = pd.Timestamp("2025-03-01")
CLOSED = [pd.Timestamp("2024-12-25"), pd.Timestamp("2025-12-25"), pd.Timestamp("2026-07-01")]
WEEK = {day: [(9 * 60, 12 * 60), (13 * 60, 17 * 60 + 30)] for day in range(5)}
WEEKS = (WEEK, {**WEEK, 5: [(10 * 60, 14 * 60)], 6: [(0, 4 * 60), (23 * 60, 24 * 60)]})
"""Minutes of the day by weekday, Monday being 0: before the change, and from it on."""


class OpenClock:
    """Open seconds since the clock was started, by looking at every minute."""

    def __init__(self, company: Company) -> None:
        last = max(
            company.known_at, company.table("issues").closed_at.max(), company.table("mentions").resolved_at.max()
        )
        self.start = company.whole.start.floor("D") - pd.Timedelta(days=2)
        minutes = pd.date_range(self.start, last.ceil("D") + pd.Timedelta(days=2), freq="min")
        local = minutes.tz_localize("UTC").tz_convert(ZONE).tz_localize(None)
        day, minute = local.normalize(), local.hour * 60 + local.minute
        self.open = np.zeros(len(minutes), dtype=np.int64)
        for later, week in enumerate(WEEKS):
            for weekday, spans in week.items():
                here = (local.day_of_week == weekday) & ((day >= CHANGED_ON) == bool(later)) & ~day.isin(CLOSED)
                for opens, closes in spans:
                    self.open[here & (minute >= opens) & (minute < closes)] = 1
        self.before = 60 * np.concatenate([[0], np.cumsum(self.open)])

    def at(self, moment: pd.Timestamp) -> int:
        seconds = int((moment - self.start).total_seconds())
        minute = seconds // 60
        return int(self.before[minute] + self.open[minute] * (seconds % 60))

    def between(self, start: pd.Timestamp, end: pd.Timestamp) -> int:
        return self.at(end) - self.at(start)


def clock(company: Company) -> OpenClock:
    return company.once("open clock", OpenClock)


def first_response_time(quantile: Fraction) -> Recount:
    def recount(company: Company, stretch: Stretch) -> Figures:
        durations, outcomes = [], []
        for one in within(opening(company), "posted_at", stretch).itertuples():
            ends = {"event": one.first_reply_at, "other": one.resolved_at, "waiting": company.known_at}
            outcome = next(name for name, end in ends.items() if pd.notna(end))
            durations.append(clock(company).between(one.posted_at, ends[outcome]))
            outcomes.append(outcome)
        return {"": Counted(waited(durations, outcomes, quantile))}

    return recount


def time_to_resolution(company: Company, stretch: Stretch) -> Figures:
    opened = within(company.table("issues"), "opened_at", stretch)
    done = settled(opened)
    ends = opened.closed_at.where(done, company.known_at)
    durations = [clock(company).between(*pair) for pair in zip(opened.opened_at, ends, strict=True)]
    return {"": Counted(waited(durations, ["event" if is_ else "waiting" for is_ in done], Fraction(1, 2)))}


RECOUNTS: dict[str, Recount] = {
    "first_response_time_business_median": first_response_time(Fraction(1, 2)),
    "first_response_time_business_p90": first_response_time(Fraction(9, 10)),
    "time_to_resolution_business_median": time_to_resolution,
}
