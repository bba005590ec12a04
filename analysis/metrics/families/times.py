"""How long did an answer take, and how long a solution? With those who still wait, never dropped.

A case that is still open is waiting; one that was closed without an answer will never have one, and competes
(Aalen–Johansen). Times are of the calendar, nights and weekends included, but for the few that `business_hours` asks by
opening hours. Which share was answered is left to `mentions`, but stands beside every time as its numerator and
denominator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import local_midnight
from analysis.inference.survival import Incidence, aalen_johansen
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter
from analysis.metrics.families.issues import CLOSED_NOW
from analysis.metrics.families.mentions import OPENING
from analysis.metrics.figure import Metric, figure, ratio
from analysis.metrics.opening_hours import OpenSeconds
from analysis.tables.engine import identifier
from analysis.tables.local_time import instant

OPEN, BY_HUMAN, BY_BOT, BY_UNKNOWN, CLOSED = range(5)
"""How a case ended: not yet, with a reply of one kind or of none that is said, or without."""
ANSWERED = (BY_HUMAN, BY_BOT, BY_UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Cases of one table: when they begin, how and when each ends (`ending`, `ended`), in SQL; and their words.

    `ways` are the endings by which a case is done; the others compete with them. `open_hours` says that seconds of
    opening hours are counted, by the schedule of the rules; default all."""

    table: str
    began: str
    ending: str
    ended: str
    where: str
    ways: tuple[int, ...]
    case: str
    done: str
    done_case: str
    open_hours: bool = False


MENTIONS = Kind(
    table="mentions",
    began="posted_at",
    ending=f"case when first_reply_at is not null then case replied_by when 'human' then {BY_HUMAN} "
    f"when 'bot' then {BY_BOT} else {BY_UNKNOWN} end when resolved_at is not null then {CLOSED} else {OPEN} end",
    ended="coalesce(first_reply_at, resolved_at)",
    where=OPENING,
    ways=ANSWERED,
    case="opening mention",
    done="have an answer",
    done_case="answered opening mention",
)
_ISSUE_REPLIES = Kind(
    table="issues",
    began="opened_at",
    ending=f"case when first_reply_at is not null then {BY_UNKNOWN} when {CLOSED_NOW} then {CLOSED} else {OPEN} end",
    ended=f"case when first_reply_at is not null then first_reply_at when {CLOSED_NOW} then closed_at end",
    where="true",
    ways=ANSWERED,
    case="issue",
    done="have an answer",
    done_case="answered issue",
)
ISSUE_CLOSES = Kind(
    table="issues",
    began="opened_at",
    ending=f"case when {CLOSED_NOW} then {CLOSED} else {OPEN} end",
    ended=f"case when {CLOSED_NOW} then closed_at end",
    where="true",
    ways=(CLOSED,),
    case="issue",
    done="are resolved",
    done_case="resolved issue",
)


@dataclass(frozen=True, slots=True)
class _Cases:
    """How many cases of one month ended in which way after how many seconds; `seconds` is NaN where they ended before
    they began, `due` whether the promised time has passed since they began."""

    seconds: NDArray[np.float64]
    ending: NDArray[np.int64]
    due: NDArray[np.bool_]
    n: NDArray[np.int64]

    def at(self, rows: slice | NDArray[np.bool_]) -> _Cases:
        return _Cases(self.seconds[rows], self.ending[rows], self.due[rows], self.n[rows])

    def ended(self, *ways: int) -> _Cases:
        return self.at(np.isin(self.ending, ways))

    @property
    def timed(self) -> _Cases:
        return self.at(~np.isnan(self.seconds))

    @property
    def number(self) -> int:
        return int(self.n.sum())

    def curve(self, ways: tuple[int, ...]) -> Incidence:
        """To which share of the cases has an ending of these kinds come by each time?"""
        cause = np.where(np.isin(self.ending, ways), 1, np.where(self.ending == OPEN, 0, 2))
        return aalen_johansen(self.seconds, self.n, cause)


def _cases(count: Counter, kind: Kind, month: int | None) -> _Cases:
    """The cases that began in a month, or in the whole period."""
    number, cases = count.once(("cases", kind), lambda: _all_cases(count, kind))
    if month is None:
        return cases
    low, high = np.searchsorted(number, [month, month + 1])
    return cases.at(slice(low, high))


def _all_cases(count: Counter, kind: Kind) -> tuple[NDArray[np.int64], _Cases]:
    """Month of beginning, ascending, and the cases with it: one scan for all times of that kind."""
    between, until = count.engine.dialect.seconds_between, instant(count.known_until)
    ended = f"coalesce({kind.ended}, {until})"
    hours = _opening_hours(count, kind) if kind.open_hours else None
    places = [] if hours is None else [f"{hours.place(kind.began)} as start", f"{hours.place(ended)} as stop"]
    waits = ", ".join([f"{between(kind.began, ended)} as wait", *places])
    dated = count.dated("*", kind.table, kind.began, kind.where)
    source = (
        f"(select local_month, {waits}, {kind.ending} as ending, {between(kind.began, until)} >= ? as due "
        f"from ({dated}) as began) as waited"
    )
    seconds = "wait"
    if hours is not None:
        seconds = f"{hours.until('stop', 'stopped')} - {hours.until('start', 'started')}"
        source += "".join(
            f" left join {hours.rows(row)} on {row}.day = {hours.day(place)}"
            for row, place in (("started", "start"), ("stopped", "stop"))
        )
    found = count.engine.query(
        f"select local_month, case when wait >= 0 then {seconds} end as seconds, ending, due, count(*) as n "
        f"from {source} group by 1, 2, 3, 4 order by 1, 2, 3, 4",
        [count.rules.sla_seconds],
    )
    times, ending, due, n = (found.column(name).to_numpy() for name in ("seconds", "ending", "due", "n"))
    cases = _Cases(times.astype(np.float64), ending.astype(np.int64), due.astype(bool), n.astype(np.int64))
    return found.column("local_month").to_numpy(), cases


def _opening_hours(count: Counter, kind: Kind) -> OpenSeconds:
    """The opening hours from the first of the months to the last ending, or until when cases are followed."""
    schedule = count.rules.schedule
    if schedule is None:
        raise ValueError("Opening hours are told by a schedule.")
    (row,) = count.engine.query(f"select max({kind.ended}) as last from {identifier(kind.table)}").to_pylist()
    first = local_midnight(count.months[0].first_day, count.zone)
    last = max(count.known_until, row["last"] or count.known_until)
    return OpenSeconds.of(schedule, first, last, count.engine.dialect)


def _untimed(cases: _Cases) -> str | None:
    """What a reader should know of cases that ended before they began."""
    number = cases.number - cases.timed.number
    if not number:
        return None
    return f"{number:,} ended before it began, by the times given: counted, not timed"


def _curve(count: Counter, kind: Kind, month: int | None, ways: tuple[int, ...]) -> Incidence:
    """To which share of the cases of a month has an ending of these kinds come by each time?"""
    return count.once(("curve", kind, month, ways), lambda: _cases(count, kind, month).timed.curve(ways))


def quantile(kind: Kind, share: float, *, by_replier: bool = False) -> Count:
    """Time by which that share of the cases is done; also by who replied, where that is said."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        segments: dict[str | None, tuple[int, ...]] = {None: kind.ways}
        if by_replier and count.tables.has_column(kind.table, "replied_by"):
            segments |= {"human": (BY_HUMAN,), "bot": (BY_BOT,)}
        for month, period in count.periods():
            cases = _cases(count, kind, month)
            for who, ways in segments.items():
                value = _curve(count, kind, month, ways).quantile(share)
                done, by = cases.ended(*ways).number, f" from a {who}" if who else ""
                reason = f"not reached: only {done:,} of {cases.number:,} {kind.case}s {kind.done}{by}"
                if not cases.timed.number:
                    reason = _none(kind.case, cases)
                segment = {"replied_by": who} if who else {}
                yield _time(entry, period, kind, cases, value, reason, done=done, segment=segment)

    return rows


def _of_done(kind: Kind, statistic: Callable[[_Cases], float | None]) -> Count:
    """A statistic of the times of those cases alone that are done."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        for month, period in count.periods():
            cases = _cases(count, kind, month)
            done = cases.ended(*kind.ways)
            value = statistic(done.timed) if done.timed.number else None
            yield _time(entry, period, kind, cases, value, _none(kind.done_case, done), done=done.number)

    return rows


def _time(
    entry: Definition,
    period: str,
    kind: Kind,
    cases: _Cases,
    value: float | None,
    reason: str,
    *,
    done: int,
    segment: Mapping[str, str] | None = None,
) -> Metric:
    """A time with the share that is done beside it, or the reason why there is none."""
    return figure(
        entry, period, value=value, reason=reason if value is None else None, numerator=done,
        denominator=cases.number, segment=segment, note=_untimed(cases),
    )  # fmt: skip


def _none(case: str, cases: _Cases) -> str:
    return f"no {case} in the period" + (" whose time is known" if cases.number else "")


def _median(done: _Cases) -> float | None:
    return done.curve((*ANSWERED, CLOSED)).quantile(0.5)


def fastest_mean(seconds: NDArray[np.float64], n: NDArray[np.int64], tenths: int = 9) -> float:
    """How long did the fastest nine tenths of the replies take on average? As Facebook counted it.

    Parameters
    ----------
    seconds : array of float, shape (m,)
        Distinct or repeated times, at least one.
    n : array of int, shape (m,)
        Replies with each.
    tenths : int
        How many tenths are kept; their number is rounded down, and is at least one.

    Examples
    --------
    Ten replies after 1 to 10 minutes:

    >>> fastest_mean(np.arange(1.0, 11.0), np.ones(10, dtype=np.int64))
    5.0
    """
    kept = max(1, int(n.sum()) * tenths // 10)
    order = np.argsort(seconds, kind="stable")
    ends = np.cumsum(n[order])
    taken = np.clip(kept - (ends - n[order]), 0, n[order])
    return float((seconds[order] * taken).sum() / kept)


def _mean_answered(count: Counter, entry: Definition) -> Iterable[Metric]:
    for month, period in count.periods():
        cases = _cases(count, MENTIONS, month)
        timed = cases.ended(*ANSWERED).timed
        none = "no answered opening mention in the period"
        total = int((timed.seconds * timed.n).sum())
        yield ratio(entry, period, total, timed.number, none, note=_untimed(cases))


def _sla_attainment(count: Counter, entry: Definition) -> Iterable[Metric]:
    promised = count.rules.sla_seconds
    for month, period in count.periods():
        every = _cases(count, MENTIONS, month)
        timed = every.timed
        due = timed.at(timed.due)
        kept = due.ended(*ANSWERED)
        within = kept.at(kept.seconds <= promised)
        notes = [
            f"promised: an answer within {_in_words(promised)}",
            _untimed(every),
            f"{timed.number - due.number:,} too recent to be judged" if timed.number > due.number else None,
        ]
        none = "no opening mention whose promised time has passed"
        yield ratio(
            entry, period, within.number, due.number, none, mature=count.mature(month, -(-promised // 86_400)),
            note="; ".join(note for note in notes if note),
        )  # fmt: skip


def _in_words(seconds: int) -> str:
    for unit, size in (("hours", 3600), ("minutes", 60)):
        if seconds % size == 0 and seconds > size:
            return f"{seconds // size:,} {unit}"
    return f"{seconds:,} seconds"


COUNTS: Mapping[str, Count] = {
    "first_response_time_median": quantile(MENTIONS, 0.5, by_replier=True),
    "first_response_time_p90": quantile(MENTIONS, 0.9, by_replier=True),
    "first_response_time_median_answered": _of_done(MENTIONS, _median),
    "first_response_time_mean_answered": _mean_answered,
    "first_response_time_fastest_90_mean": _of_done(MENTIONS, lambda done: fastest_mean(done.seconds, done.n)),
    "sla_attainment": _sla_attainment,
    "issue_first_response_time_median": quantile(_ISSUE_REPLIES, 0.5),
    "issue_first_response_time_p90": quantile(_ISSUE_REPLIES, 0.9),
    "time_to_resolution_median": quantile(ISSUE_CLOSES, 0.5),
    "time_to_resolution_p90": quantile(ISSUE_CLOSES, 0.9),
    "time_to_resolution_median_resolved": _of_done(ISSUE_CLOSES, _median),
}
