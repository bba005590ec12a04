"""The tables of a company as pandas reads them, and the stretches of time that its figures are counted over.

Nothing of the package under test is used here, so that both roads cannot share a mistake: zones are those of pandas,
times become naive UTC at once, money stays decimal and is added exactly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

import pandas as pd

EVENTS = {
    "changes": ["effective_from", "recorded_at"],
    "customers": ["joined_at"],
    "issues": ["opened_at", "closed_at", "reopened_at", "first_reply_at"],
    "mentions": ["posted_at", "first_reply_at", "resolved_at"],
    "orders": ["ordered_at", "cancelled_at"],
    "post_actions": ["occurred_at"],
    "post_counters": ["observed_at"],
    "posts": ["published_at"],
    "subscriptions": ["started_at", "ended_at"],
    "surveys": ["asked_at", "answered_at"],
    "touchpoints": ["occurred_at", "first_reply_at", "resolved_at"],
}


@dataclass(frozen=True)
class Stretch:
    """From `start` up to, not including, `end` (naive UTC); `first_day` and `last_day` are local."""

    label: str
    start: pd.Timestamp
    end: pd.Timestamp
    first_day: pd.Timestamp
    last_day: pd.Timestamp


@dataclass(frozen=True)
class Counted:
    """A figure: its value, or none, and the two numbers it is made of, where it is made of two."""

    value: float | None
    above: float | None = None
    below: float | None = None


Figures = dict[str, Counted]
"""The figures of one metric in one stretch, by basis or by group; "" where there is neither."""
Recount = Callable[["Company", Stretch], Figures]


class Company:
    """A folder of Parquet tables, counted over whole local months from `first` to `last`, such as "2025-11"."""

    def __init__(self, folder: Path, *, zone: str, first: str, last: str) -> None:
        self.folder, self.zone = folder, zone
        self.months = tuple(self._stretch(month, month) for month in pd.period_range(first, last, freq="M"))
        self.whole = self._stretch(pd.Period(first, "M"), pd.Period(last, "M"))
        self._made: dict[str, Any] = {}

    def _stretch(self, first: pd.Period, last: pd.Period) -> Stretch:
        start, end = first.start_time, (last + 1).start_time
        label = str(first) if first == last else "whole"
        return Stretch(label, self.instant(start), self.instant(end), start, end - pd.Timedelta(days=1))

    def instant(self, local: pd.Timestamp) -> pd.Timestamp:
        """A local time as naive UTC."""
        return local.tz_localize(self.zone).tz_convert("UTC").tz_localize(None)

    def local_day(self, times: pd.Series) -> pd.Series:
        """The local days of naive UTC times."""
        return times.dt.tz_localize("UTC").dt.tz_convert(self.zone).dt.tz_localize(None).dt.normalize()

    def once(self, name: str, make: Callable[[Company], Any]) -> Any:
        """What takes long and serves many figures, made once."""
        if name not in self._made:
            self._made[name] = make(self)
        return self._made[name]

    def table(self, name: str) -> pd.DataFrame:
        """A table, its times naive UTC."""
        return self.once(f"table {name}", lambda _: self._read(name))

    def _read(self, name: str) -> pd.DataFrame:
        frame = pd.read_parquet(self.folder / f"{name}.parquet")
        for column in [*EVENTS.get(name, []), "known_at"]:
            if column in frame:
                frame[column] = pd.to_datetime(frame[column], utc=True).dt.tz_localize(None)
        for column in ("month", "period_start", "period_end"):
            if column in frame:
                frame[column] = pd.to_datetime(frame[column])
        return frame

    @cached_property
    def known_at(self) -> pd.Timestamp:
        """The results' date: the latest time that anything is known to have been known."""
        names = [path.stem for path in self.folder.glob("*.parquet")]
        return max(self.table(name)["known_at"].max() for name in names if "known_at" in self.table(name))

    def last_month_of(self, stretch: Stretch) -> Stretch:
        return next(month for month in self.months if month.end == stretch.end)

    def reaches(self, table: str, stretch: Stretch) -> bool:
        """Whether a month of the stretch lies between the month of a table's first event and that of its last."""
        times = self.table(table)[EVENTS[table][0]].dropna()
        first, last = self.local_day(pd.Series([times.min(), times.max()])).dt.to_period("M")
        return bool(first <= stretch.last_day.to_period("M") and stretch.first_day.to_period("M") <= last)

    @property
    def orders(self) -> pd.DataFrame:
        """The orders that were not cancelled."""
        orders = self.table("orders")
        return orders[orders.cancelled_at.isna()]


def within(frame: pd.DataFrame, time: str, stretch: Stretch) -> pd.DataFrame:
    """The rows of the stretch."""
    return frame[(frame[time] >= stretch.start) & (frame[time] < stretch.end)]


def number(rows: pd.DataFrame | pd.Series | int) -> Figures:
    """How many."""
    return {"": Counted(rows if isinstance(rows, int) else len(rows))}


def share(above: Any, below: Any) -> Counted:
    """One number over another; none where there is nothing below."""
    value = float(Fraction(above) / Fraction(below)) if below else None
    return Counted(value, float(above), float(below))


def ratio(above: Any, below: Any) -> Figures:
    return {"": share(above, below)}


def total(amounts: Iterable[Any]) -> Decimal:
    """The exact sum of amounts of money."""
    return sum((Decimal(str(amount)) for amount in amounts), Decimal(0))


def numbers_by(frame: pd.DataFrame, time: str, column: str, company: Company, stretch: Stretch) -> Figures:
    """How many of each group that the whole period has; empty ones are `unknown`."""
    named = frame.assign(group=frame[column].fillna("unknown").astype(str))
    found = within(named, time, stretch).group.value_counts()
    return {group: Counted(int(found.get(group, 0))) for group in within(named, time, company.whole).group.unique()}


def waited(durations: list[float], outcomes: list[str], quantile: Fraction) -> float | None:
    """When has that share of cases seen the event? Aalen and Johansen, in exact fractions; none if never.

    Outcomes are "event", "other" (it can no longer come) and "waiting". Where nothing competes it is Kaplan-Meier.
    Where exactly that share has seen it from one event on until the next, it is the middle of the two times.
    """
    cases = pd.DataFrame({"after": durations, "outcome": outcomes})
    at_risk, free, seen, reached = len(cases), Fraction(1), Fraction(0), None
    for after, tied in cases.groupby("after").outcome:
        events, others = int((tied == "event").sum()), int((tied == "other").sum())
        if reached is not None and events:
            return (reached + float(after)) / 2
        seen += free * Fraction(events, at_risk)
        free *= 1 - Fraction(events + others, at_risk)
        if seen > quantile:
            return float(after)
        if seen == quantile and reached is None:
            reached = float(after)
        at_risk -= len(tied)
    return reached
