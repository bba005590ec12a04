"""Was it settled at the first contact, on whichever channel, or did the customer have to come back?

A repeat is a further inbound contact of the same issue, or a further issue of the same customer about the same product
(or where one of the two names none), at most a window after the issue was opened. Only issues of known customers can
be followed. Contacts that belong to no issue are not counted as repeats.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from analysis.foundation.calendar import local_midnight
from analysis.metrics.catalogue import Definition
from analysis.metrics.counter import Count, Counter, nothing_of
from analysis.metrics.families.contacts import INBOUND, contacts_of_issues
from analysis.metrics.figure import Metric, figure, ratio
from analysis.tables.local_time import instant

DAY = 86_400


@dataclass(frozen=True, slots=True)
class _Followed:
    """Issues of one month by whether their window has been seen to its end, and whether a repeat was seen in it."""

    local_month: int
    observed: bool
    repeated: bool
    n: int


def _followed(count: Counter, window_days: int) -> list[_Followed]:
    def followed() -> list[_Followed]:
        return [_Followed(**row) for row in count.engine.query(_query(count, window_days)).to_pylist()]

    return count.once(("repeats", window_days), followed)


def _query(count: Counter, window_days: int) -> str:
    """An issue that no other of the customer is near in time is not repeated: only the others are looked at by product.

    So with contacts: of two, the second is within the window if the last one is; only of more is it sought.
    """
    dialect, window = count.engine.dialect, window_days * DAY
    start = instant(local_midnight(count.months[0].first_day, count.zone))
    last = instant(count.end + timedelta(days=window_days))

    def soon(later: str) -> str:
        return f"coalesce({dialect.seconds_between('opened_at', later)} <= {window}, false)"

    issues = f"customer_id is not null and opened_at >= {start} and opened_at <= {last}"
    in_turn = (
        "select customer_id, opened_at, lead(opened_at) over (partition by customer_id order by opened_at) as later "
        f"from issues where {issues}"
    )
    near = (
        "select distinct customer_id, case when place = 0 then opened_at else later end as moment "
        f"from ({in_turn}) as in_turn cross join (values (0), (1)) as pair(place) where {soon('later')}"
    )
    by_customer = "partition by customer_id order by opened_at, issue_id"
    if count.tables.has_column("issues", "product"):
        following = (
            f"lead(opened_at) over ({by_customer}) as after_any, "
            "lead(opened_at) over (partition by customer_id, product order by opened_at, issue_id) as after_same, "
            "min(case when product is null then opened_at end) over "
            f"({by_customer} rows between 1 following and unbounded following) as after_unnamed"
        )
        further = (
            f"case when product is null then {soon('after_any')} "
            f"else {soon('after_same')} or {soon('after_unnamed')} end"
        )
    else:
        following, further = f"lead(opened_at) over ({by_customer}) as after_any", soon("after_any")
    followed_up = (
        f"select issue_id from (select issue_id, product, opened_at, {following} from (select issues.* from issues "
        f"join ({near}) as near on near.customer_id = issues.customer_id and near.moment = issues.opened_at) as issues"
        f") as next_issues where {further}"
    )
    observed = f"{dialect.seconds_between('opened_at', instant(count.known_until))} >= {window}"
    repeated = "further.issue_id is not null"
    contacts = ""
    if _has_contacts(count):
        table = contacts_of_issues(count)
        last_soon = f"latest <= {last} and {soon('latest')}"
        first_two = (
            "select contact.issue_id from touchpoints as contact join issues as opening "
            f"on opening.issue_id = contact.issue_id where contact.{INBOUND} and contact.occurred_at <= {last} "
            f"and {dialect.seconds_between('opening.opened_at', 'contact.occurred_at')} <= {window} "
            f"and contact.issue_id in (select issue_id from {table} where contacts > 2) "
            "group by contact.issue_id having count(*) >= 2"
        )
        repeated += f" or (contacts >= 2 and {last_soon}) or several.issue_id is not null"
        contacts = (
            f"left join {table} as contact on contact.issue_id = opened.issue_id "
            f"left join ({first_two}) as several on several.issue_id = opened.issue_id "
        )
    dated = count.dated("issue_id, opened_at", "issues", "opened_at", "customer_id is not null")
    return (
        f"select local_month, {observed} as observed, coalesce({repeated}, false) as repeated, count(*) as n "
        f"from ({dated}) as opened left join ({followed_up}) as further on further.issue_id = opened.issue_id "
        f"{contacts}group by 1, 2, 3 order by 1, 2, 3"
    )


def _has_contacts(count: Counter) -> bool:
    return count.tables.has_column("touchpoints", "issue_id")


def _share(*, repeated: bool, observed_only: bool) -> Count:
    """Share of issues with (or without) a repeat contact, of those followed for the window or of all."""

    def rows(count: Counter, entry: Definition) -> Iterable[Metric]:
        assert entry.window_days is not None
        followed = _followed(count, entry.window_days)
        empty = count.outside("issues", "opened_at")
        strangers = _strangers(count)
        for month, period in count.periods():
            mature = count.mature(month, entry.window_days)
            if month in empty:
                yield figure(entry, period, value=None, reason=nothing_of("issues"), mature=mature)
                continue
            of_month = [row for row in followed if month in (None, row.local_month)]
            kept = [row for row in of_month if row.observed or not observed_only]
            below = sum(row.n for row in kept)
            above = sum(row.n for row in kept if row.repeated == repeated)
            left = sum(row.n for row in of_month) - below
            none = f"none of {left:,} issues has been followed for {entry.window_days} days yet" if left else _NONE
            row = ratio(entry, period, above, below, none, mature=mature)
            waiting = [f"{left:,} issues not yet followed for {entry.window_days} days are left out"] if left else []
            unknown = strangers.get((month, None), {"n": 0})["n"]
            without = [f"{unknown:,} issues without a known customer are left out"] if unknown else []
            alone = [] if _has_contacts(count) else ["seen in further issues alone: no contact is told by its issue"]
            yield row if row.value is None else replace(row, note="; ".join([*waiting, *without, *alone]) or None)

    return rows


def _strangers(count: Counter) -> dict[tuple[Any, ...], Any]:
    """Issues without a known customer, by month."""
    where = "customer_id is null"
    return count.once(
        "issues of strangers", lambda: count.by_month("count(*) as n", "issues", "opened_at", where=where)
    )


_NONE = "no issue of a known customer was opened in the period"

COUNTS: Mapping[str, Count] = {
    "first_contact_resolution": _share(repeated=False, observed_only=True),
    "repeat_contact_7d": _share(repeated=True, observed_only=True),
    "repeat_contact_7d_uncensored": _share(repeated=True, observed_only=False),
}
