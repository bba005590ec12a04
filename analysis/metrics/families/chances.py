"""What came of the chances to sell or to keep a customer that mentions held?

A flag is a potential until it is matched: a new sale to an order of the customer, a customer about to leave to a
subscription that still runs. Whether the answer caused it is left to the studies.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from analysis.foundation.calendar import local_midnight, month_of
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, nothing_of, number_of
from analysis.metrics.figure import Metric, figure, ratio

SALES_FLAGS = ("new_sale", "cancel_save")
_TABLE = "sales_chances"


def _sales_mentions(count: Counter, entry: Definition) -> Iterable[Metric]:
    found = count.by_month("count(*) as n", "mentions", "posted_at", "sales_flag", "sales_flag is not null")
    empty = count.outside("mentions", "posted_at")
    for month, period in count.periods():
        for flag in SALES_FLAGS:
            segment = {"sales_flag": flag}
            if month in empty:
                yield figure(entry, period, segment=segment, value=None, reason=nothing_of("mentions"))
                continue
            n = found.get((month, flag), {"n": 0})["n"]
            yield figure(entry, period, segment=segment, value=n, numerator=n)


def _potential_value(count: Counter, entry: Definition) -> Iterable[Metric]:
    sums = f"count(*) as chances, sum(potential_value) as value, {number_of('potential_value is null', 'unvalued')}"
    found = count.by_month(sums, _chances(count), "posted_at", "sales_flag")
    empty = count.outside("mentions", "posted_at")
    for month, period in count.periods():
        for flag in SALES_FLAGS:
            segment = {"sales_flag": flag}
            row = found.get((month, flag), {"chances": 0, "value": 0, "unvalued": 0})
            chances, unvalued = row["chances"], row["unvalued"]
            if month in empty:
                yield figure(entry, period, segment=segment, value=None, reason=nothing_of("mentions"))
            elif chances and unvalued == chances:
                reason = f"no value is given for any of {chances:,}"
                yield figure(entry, period, segment=segment, value=None, reason=reason)
            else:
                note = f"{unvalued:,} of {chances:,} carry no value and add nothing" if unvalued else None
                value = row["value"] or 0
                yield figure(entry, period, segment=segment, value=value, numerator=value, note=note)


def _chances(count: Counter) -> str:
    """A table with a row for each flag of an author's conversation.

    Each is dated by its first mention with the flag, and worth the largest value that one of them carries. A mention
    of no conversation is one by itself.
    """
    alone = "case when conversation_id is null then mention_id end"
    sql = (
        "select sales_flag, min(posted_at) as posted_at, max(customer_id) as customer_id, "
        "max(potential_value) as potential_value from mentions where sales_flag is not null "
        f"group by sales_flag, conversation_id, author_id, {alone}"
    )
    count.once(_TABLE, lambda: count.engine.keep(_TABLE, sql))
    return _TABLE


def _new_sales_matched(count: Counter, entry: Definition) -> Iterable[Metric]:
    since, until = _span(count, "orders", "ordered_at")
    gap = count.engine.dialect.seconds_between("c.posted_at", "o.ordered_at")
    ordered = (
        "exists (select 1 from orders o where o.customer_id = c.customer_id "
        f"and o.ordered_at > c.posted_at and {gap} <= {_window(entry)})"
    )
    return _came_true(count, entry, "new_sale", ordered, since=since, until=until)


def _cancel_saves_held(count: Counter, entry: Definition) -> Iterable[Metric]:
    began = count.engine.dialect.seconds_between("c.posted_at", "s.started_at")
    ended = count.engine.dialect.seconds_between("c.posted_at", "s.ended_at")

    def runs_after(seconds: int) -> str:
        return (
            "exists (select 1 from subscriptions s where s.customer_id = c.customer_id "
            f"and {began} <= {seconds} and (s.ended_at is null or {ended} > {seconds}))"
        )

    yield from _came_true(
        count, entry, "cancel_save", runs_after(_window(entry)),
        counts=runs_after(0), unfit="without a subscription at the time",
    )  # fmt: skip


def _window(entry: Definition) -> int:
    assert entry.window_days is not None
    return entry.window_days * 86_400


def _came_true(
    count: Counter,
    entry: Definition,
    flag: str,
    done: str,
    *,
    counts: str = "true",
    unfit: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
) -> Iterable[Metric]:
    """Which share of the known customers' chances came true, of those followed for the whole window?

    `done` and `counts` are conditions on a chance `c`: whether it came true, whether it counts at all, and `unfit` what
    those are that do not; between `since` and `until` what came after is known.
    """
    age = count.engine.dialect.seconds_between("c.posted_at", "cast(? as timestamp)")
    dated = count.dated("*", _chances(count), "posted_at", f"sales_flag = '{flag}'")
    parts = {
        "unknown": "not known",
        "unfit": "known and not fits",
        "waiting": "known and fits and not due",
        "below": "known and fits and due",
        "above": "known and fits and due and done",
    }
    sums = ", ".join(number_of(condition, name) for name, condition in parts.items())
    found = count.engine.query(
        f"select local_month, {sums} from (select c.local_month, c.customer_id is not null as known, {counts} as fits, "
        f"{done} as done, c.posted_at >= cast(? as timestamp) and {age} >= {_window(entry)} as due "
        f"from ({dated}) as c) as judged group by local_month order by local_month",
        [since or datetime.min, until or count.known_until],
    ).to_pylist()
    days = _window(entry) // 86_400
    for month, period in count.periods():
        n = {name: sum(int(row[name]) for row in found if month in (None, row["local_month"])) for name in parts}
        left_out = {
            "of no known customer": n["unknown"],
            unfit: n["unfit"],
            f"not followed for {days} days": n["waiting"],
        }
        said = ", ".join(f"{number:,} {what}" for what, number in left_out.items() if number)
        none = f"no chance of a known customer has been followed for {days} days"
        mature = count.mature(month, days) and not n["waiting"]
        yield ratio(
            entry, period, n["above"], n["below"], none, mature=mature, note=f"not counted: {said}" if said else None
        )


def _span(count: Counter, table: str, time: str) -> tuple[datetime, datetime]:
    """From when until when a table of events tells what happened: whole local months, at most to the results' date."""
    (row,) = count.engine.query(f"select min({time}) as low, max({time}) as high from {table}").to_pylist()
    if row["low"] is None:
        return count.known_until, count.known_until
    first, after = month_of(row["low"], count.zone), month_of(row["high"], count.zone).plus(1)
    end = local_midnight(after.first_day, count.zone)
    return local_midnight(first.first_day, count.zone), min(end, count.known_until)


COUNTS: Mapping[str, Count] = {
    "sales_mentions": _sales_mentions,
    "sales_potential_value": _potential_value,
    "new_sales_matched_30d": _new_sales_matched,
    "cancel_saves_held_90d": _cancel_saves_held,
}
