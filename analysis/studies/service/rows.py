"""What are the rows of the service study, made from arrays of events instead of tables? The second road.

It says in numpy what `rows_sql` says in SQL, for companies that never were tables. What a row is, and who is
left out, is told in `table`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.foundation.calendar import Month
from analysis.inference.cells import Flags, Ints
from analysis.studies.service.clock import NOWHERE, LocalClock
from analysis.studies.service.load import loads_around
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.table import (
    MOST_EARLIER,
    MOST_RECENT,
    NEVER,
    RECENT_MONTHS,
    UNKNOWN,
    Firsts,
    ServiceRows,
    rows_among,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceEvents:
    """What happened to customers, as arrays.

    Times are microseconds of UTC since 1970. A position outside the customers is `UNKNOWN`.

    Parameters
    ----------
    origin : Month
        Month of the first column of every matrix.
    first_month : array of int, shape (n,)
        First whole month in which each customer can be observed; `NEVER` where unknown.
    monthly : mapping of outcome to array of int, shape (n, n_months)
        "orders", and "revenue" and "margin" in millionths where they are studied.
    contact_customer, contact_at, contact_product, contact_issue : array of int, shape (n_contacts,)
        All inbound contacts on social. Of two of one customer at the same time the one given first is the first.
    contact_reply : array of int, shape (n_contacts,)
        When the first reply came; `NEVER` where none did.
    contact_bot : array of bool, shape (n_contacts,)
        Whether that reply was a bot's.
    issue_customer, issue_at, issue_severity : array of int, shape (n_issues,)
        All issues, on whatever channel.
    seen_until : int
        Latest time at which contacts and replies were still recorded.
    labels : mapping of column to tuple of str
        What the codes of "product" and of each attribute stand for.
    """

    origin: Month
    first_month: Ints
    monthly: Mapping[str, Ints]
    contact_customer: Ints
    contact_at: Ints
    contact_product: Ints
    contact_issue: Ints
    contact_reply: Ints
    contact_bot: Flags
    issue_customer: Ints
    issue_at: Ints
    issue_severity: Ints
    seen_until: int
    attributes: Mapping[str, Ints] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None


def service_rows(events: ServiceEvents, plan: ServicePlan, begin: Month, end: Month) -> ServiceRows:
    """The rows of a study, made from arrays of events that lie in the months `begin` to `end`.

    Parameters
    ----------
    events : ServiceEvents
    plan : ServicePlan
    begin, end : Month
        First and last month of the data.

    Examples
    --------
    >>> import numpy as np
    >>> june = 1_780_297_200_000_000  # 1 June 2026, 7 o'clock
    >>> events = ServiceEvents(
    ...     origin=Month.of("2026-05"), first_month=np.array([0]), monthly={"orders": np.array([[1, 0, 2]])},
    ...     contact_customer=np.array([0]), contact_at=np.array([june]), contact_product=np.array([0]),
    ...     contact_issue=np.array([0]), contact_reply=np.array([june + 60_000_000]), contact_bot=np.array([False]),
    ...     issue_customer=np.array([0]), issue_at=np.array([june]), issue_severity=np.array([2]),
    ...     seen_until=june + 90 * 86_400_000_000, labels={"product": ("tea",)})
    >>> plan = ServicePlan(before_months=1, after_months=1, outcomes=("orders",))
    >>> rows = service_rows(events, plan, Month.of("2026-05"), Month.of("2026-07"))
    >>> rows.before["orders"].tolist(), rows.after["orders"].tolist(), rows.in_time(60).tolist(), rows.hour.tolist()
    ([1], [2], [True], [7])
    """
    clock = LocalClock.of(plan.zone, begin.plus(-RECENT_MONTHS), end)
    known = events.contact_product != UNKNOWN
    order = np.lexsort((np.arange(len(events.contact_at)), events.contact_at))
    order = order[events.contact_customer[order] != UNKNOWN]
    who, first = np.unique(events.contact_customer[order], return_index=True)
    first = order[first]
    human, bot = _replies(events)
    load, load_after = loads_around(
        events.contact_at[known], events.contact_product[known], events.contact_at[first], events.contact_product[first]
    )
    at, month = events.contact_at[first], clock.months(events.contact_at[first])
    issue_month = clock.months(events.issue_at)
    place = np.full(len(events.first_month), UNKNOWN, dtype=np.int64)
    place[who] = np.arange(len(who))
    of = place[events.issue_customer]
    asked = np.flatnonzero(of != UNKNOWN)
    lag = issue_month[asked] - month[of[asked]]
    own = (events.contact_issue[first][of[asked]] == asked) & (events.contact_issue[first][of[asked]] != UNKNOWN)
    prior = (events.issue_at[asked] < at[of[asked]]) & ~own

    def counted(part: Flags) -> Ints:
        return np.bincount(of[asked][part], minlength=len(who)).astype(np.int64)

    placed = issue_month[asked] != NOWHERE
    outcomes = [name for name in plan.outcomes if name == "issues" or name in events.monthly]
    before, after = {}, {}
    for name in outcomes:
        if name == "issues":
            before[name] = counted(placed & (lag >= -plan.before_months) & (lag <= -1))
            after[name] = counted(placed & (lag >= 1) & (lag <= plan.after_months))
        else:
            before[name], after[name] = _windows(events, name, who, month, plan)
    severity = np.full(len(who), UNKNOWN, dtype=np.int64)
    has = events.contact_issue[first] != UNKNOWN
    severity[has] = events.issue_severity[events.contact_issue[first][has]]
    firsts = Firsts(
        at=at,
        waited=np.where(human[first] == NEVER, NEVER, human[first] - at),
        bot=bot[first],
        month=month,
        first_month=events.first_month[who],
        product=events.contact_product[first],
        severity=severity,
        load=load,
        load_after=load_after,
        recent=np.minimum(counted(prior & placed & (lag >= -RECENT_MONTHS)), MOST_RECENT),
        earlier=np.minimum(counted(prior), MOST_EARLIER),
        before=before,
        after=after,
        attributes={name: codes[who] for name, codes in events.attributes.items()},
    )
    n_products = len(events.labels.get("product", ()))
    first_day, last_day = clock.days_of(begin, end)
    days = clock.days(events.contact_at)
    inside = known & (days >= first_day) & (days <= last_day)
    daily = np.zeros((n_products, last_day - first_day + 1), dtype=np.int64)
    np.add.at(daily, (events.contact_product[inside], days[inside] - first_day), 1)
    return rows_among(
        firsts,
        plan,
        clock,
        begin,
        end,
        daily=daily,
        seen_until=events.seen_until,
        labels=events.labels,
        currency=events.currency,
    )


def _replies(events: ServiceEvents) -> tuple[Ints, Flags]:
    """When a human first replied within the issue of each contact, and whether only a bot did."""
    n = len(events.contact_at)
    alone = events.contact_issue == UNKNOWN
    _, group = np.unique(np.where(alone, -2 - np.arange(n), events.contact_issue), return_inverse=True)
    human = np.full(n, NEVER, dtype=np.int64)
    np.minimum.at(human, group, np.where(events.contact_bot, NEVER, events.contact_reply))
    by_bot = np.bincount(group, weights=events.contact_bot & (events.contact_reply != NEVER), minlength=n) > 0
    return human[group], by_bot[group] & (human[group] == NEVER)


def _windows(events: ServiceEvents, name: str, who: Ints, month: Ints, plan: ServicePlan) -> tuple[Ints, Ints]:
    """What each customer has in the months before and after the month of the contact."""
    held = events.monthly[name][who].astype(np.int64)
    months = held.shape[1]
    sums = np.concatenate([np.zeros((len(held), 1), dtype=np.int64), np.cumsum(held, axis=1)], axis=1)
    at = np.where(month == NOWHERE, 0, month - events.origin.number)

    def total(first: Ints, last: Ints) -> Ints:
        low, high = np.clip(first, 0, months), np.clip(last + 1, 0, months)
        row = np.arange(len(held))
        return np.asarray(sums[row, np.maximum(high, low)] - sums[row, low], dtype=np.int64)

    return total(at - plan.before_months, at - 1), total(at + 1, at + plan.after_months)
