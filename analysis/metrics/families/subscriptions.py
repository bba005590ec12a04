"""Do customers stay? Of those with a contract at the start of a month, who still has one at its end?

Contracts only: where nothing is signed, nothing is cancelled either, and who will not buy again is not seen but
estimated; `purchases` says how many bought again. The two are never mixed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from analysis.foundation.calendar import iso, month_starts
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, nothing_of, number_of
from analysis.metrics.figure import Metric, figure, ratio
from analysis.tables.local_time import instant, search


@dataclass(frozen=True, slots=True)
class _Stretch:
    """How many customers had a running subscription at all of the same instants, from the first to the last of them.

    Instants are counted from 0, the start of the period. `lost`: at the instant after `last` none of the customer's
    subscriptions runs, and the one that ended latest in between was not moved.
    """

    first: int
    last: int
    lost: bool
    n: int


def _starts(count: Counter) -> Sequence[datetime]:
    """The start of each month, and the end of the last."""
    return month_starts(count.zone, count.months[0], count.months[-1].plus(1))


def _ran(count: Counter) -> str:
    """A table of each subscription's first and last of these instants at which it ran, as `since` and `upto`.

    It runs up to the instant it ends. One that ran at none of them, but began and ended between two, has `upto` before
    `since`. `ended_at` is told of those that ended before the last instant, `moved_at` of those of them that moved.
    """
    starts = _starts(count)
    first, last = search("started_at", starts, str), len(starts) - 1
    ended = search("ended_at", starts, lambda place: str(place - 1))
    sql = (
        "select customer_id, since, upto, ended_at, case when end_kind = 'moved' then ended_at end as moved_at from ("
        f"select customer_id, {first} as since, case when ended_at is null then {last} else {ended} end as upto, "
        f"ended_at, end_kind from subscriptions where started_at < {instant(starts[-1])} "
        f"and (ended_at is null or ended_at >= {instant(starts[0])})) as ran"
    )
    count.once(_TABLE, lambda: count.engine.keep(_TABLE, sql))
    return _TABLE


_TABLE = "subscriptions_ran"


def _stretches(count: Counter) -> list[_Stretch]:
    """The customers' stretches: of those that end at one instant the earliest start, cut where a later one begins.

    So every instant at which a customer had a subscription lies in exactly one stretch.
    """
    ends = (
        "select customer_id, upto, min(since) as since, coalesce(max(moved_at) = max(ended_at), false) as moved "
        f"from {_ran(count)} group by customer_id, upto"
    )
    following = (
        "select since, upto, moved, min(since) over (partition by customer_id order by upto "
        f"rows between 1 following and unbounded following) as next_since from ({ends}) as ends"
    )
    stretches = (
        "select since as first, case when next_since <= upto then next_since - 1 else upto end as last, "
        "coalesce(next_since > upto + 1, true) and not moved "
        f"and upto < {len(count.months)} as lost from ({following}) as cut"
    )
    sql = (
        f"select first, last, lost, count(*) as n from ({stretches}) as stretches where first <= last "
        "group by first, last, lost order by first, last, lost"
    )
    return [_Stretch(**row) for row in count.engine.query(sql).to_pylist()]


def _whole(count: Counter) -> tuple[int, int]:
    """Customers at the start of the period, and those lost by its end, as of a single month."""
    last = len(count.months)
    customers = (
        f"select max(upto) = {last} as stayed, coalesce(max(case when upto < {last} then moved_at end) = "
        f"max(case when upto < {last} then ended_at end), false) as moved "
        f"from {_ran(count)} group by customer_id having sum(case when since = 0 then 1 else 0 end) > 0"
    )
    sql = f"select count(*) as there, {number_of('not stayed and not moved', 'lost')} from ({customers}) as customers"
    (row,) = count.engine.query(sql).to_pylist()
    return row["there"], int(row["lost"] or 0)


def _by_period(count: Counter) -> dict[int | None, tuple[int, int]]:
    """Customers at the start of each month (of the period, for None), and those lost by its end."""
    monthly = _stretches(count)
    found: dict[int | None, tuple[int, int]] = {
        month.number: _at(monthly, place) for place, month in enumerate(count.months)
    }
    return {**found, None: _whole(count)}


def _at(stretches: Sequence[_Stretch], place: int) -> tuple[int, int]:
    there = sum(each.n for each in stretches if each.first <= place <= each.last)
    return there, sum(each.n for each in stretches if each.lost and each.last == place)


def _running(count: Counter) -> list[int]:
    """Subscriptions that run at the start of the period and at each month's end."""
    sql = f"select since, upto, count(*) as n from {_ran(count)} where since <= upto group by 1, 2 order by 1, 2"
    rows = count.engine.query(sql).to_pylist()
    return [
        sum(row["n"] for row in rows if row["since"] <= place <= row["upto"]) for place in range(len(count.months) + 1)
    ]


def _unreached(count: Counter) -> frozenset[int]:
    """Months before the first subscription began or after the last beginning or end that is known."""

    def months() -> frozenset[int]:
        sql = "select min(started_at) as low, max(started_at) as high, max(ended_at) as ended from subscriptions"
        (row,) = count.engine.query(sql).to_pylist()
        if row["low"] is None:
            return frozenset(month.number for month in count.months)
        last = count.month_of(max(row["high"], row["ended"] or row["high"]))
        first = count.month_of(row["low"])
        return frozenset(month.number for month in count.months if not first <= month <= last)

    return count.once("months without subscriptions", months)


def _note(count: Counter, month: int | None) -> str | None:
    return None if count.mature(month, 0) else f"as it stood at {iso(count.known_until)}, before the end of the period"


def _subscriptions_running(count: Counter, entry: Definition) -> Iterable[Metric]:
    running = _running(count)
    unreached = _unreached(count)
    for month, period in count.periods():
        place = len(count.months) if month is None else month - count.months[0].number + 1
        if count.months[place - 1].number in unreached:
            yield figure(entry, period, value=None, reason=nothing_of("subscriptions"))
        else:
            yield figure(entry, period, value=running[place], numerator=running[place], note=_note(count, month))


def _stayed(*, lost: bool) -> Count:
    """Share of the customers of a period's start who were lost by its end, or were not."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        found = count.once("subscribers", lambda: _by_period(count))
        unreached = _unreached(count)
        for month, period in count.periods():
            if (count.months[-1].number if month is None else month) in unreached:
                yield figure(entry, period, value=None, reason=nothing_of("subscriptions"))
                continue
            there, gone = found[month if len(count.months) > 1 else count.months[0].number]
            none = "no subscription ran at the start of the period"
            row = ratio(entry, period, gone if lost else there - gone, there, none)
            yield row if row.value is None else replace(row, note=_note(count, month))

    return rows


COUNTS: Mapping[str, Count] = {
    "subscriptions_running": _subscriptions_running,
    "retention_rate": _stayed(lost=False),
    "churn_rate": _stayed(lost=True),
}
