"""Which rows has the stack? The first issue of each month of a customer who was still new, and who was left out.

A customer is new before the first social contact, which may be an issue (`stack_issues`) or a message of the table of
touchpoints. Leaves the rows, one a customer and index month, and the account. What customers bought is left to
`stack_months_sql`, scanning the rows to `stack_sql`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analysis.inference.cells import Flags, Ints
from analysis.studies.stack import RECENTLY
from analysis.studies.stack_calendar import NEVER, instants
from analysis.studies.stack_issues import LONG_AGO, RECENT_MONTHS, Asked, Issues, Period
from analysis.studies.stack_people import Codes, Numbers, People, numbers_of
from analysis.studies.stack_threads import Batches

if TYPE_CHECKING:
    from analysis.tables.load import Tables

_MOST_RECENT, _LATE_MONTHS, _MOST_EARLIER = 2, 3, 4
_DAY = 24 * 60 * 60 * 1_000_000


class Messages(NamedTuple):
    """Contacts on social: places of customers, numbers of issues, when they count for these, and when they came."""

    who: Codes
    number: Numbers
    counts_at: Ints
    came_at: Ints


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of the stack, sorted by customer and month.

    Parameters
    ----------
    customers : array of int
        The customers of the stack, as places among `people`.
    place : array of int, shape (n_people + 1,)
        By place among `people`, a customer's place among those of the stack; -1 for all others, and at the end.
    issue : array of int, shape (n_rows,)
        The index issue of each row.
    keys : mapping of column to array of int, shape (n_rows,)
    """

    customers: Codes
    place: Codes
    issue: Ints
    keys: Mapping[str, NDArray[np.signedinteger]]


def find_rows(people: People, period: Period, issues: Issues, messages: Sequence[Messages]) -> tuple[Found, Flags]:
    """The first issue of each month that can be an index issue; and of every issue, whether its customer was new.

    Issues before the data count as earlier ones; those after are nobody's next. `messages`: see `social_messages`.
    """
    rules, month = period.rules, issues.reached
    new = _is_new(issues, *_first_contacts(people, issues, messages))
    before = _neighbour(issues, month, -1)
    start = _first_months(people, period)
    held = new & (before < month) & (month >= period.first.number) & (month <= period.latest)
    index = np.flatnonzero(held & (month - start[issues.customer] >= rules.observed_before))
    who, month, before = issues.customer[index], month[index], before[index]
    further = _neighbour(issues, issues.reached, -2)[index]
    later = _neighbour(issues, issues.reached, 1)[index]
    next_social = _neighbour(issues, issues.social, 1)[index] > 0
    next_new = _neighbour(issues, new, 1)[index] > 0
    arm = issues.social[index]
    waits = ~arm & (later > month + RECENTLY) & next_new
    once, twice = before >= month - RECENT_MONTHS, further >= month - RECENT_MONTHS
    keys = {
        "month": month,
        "arm": arm,
        "recent": np.where(twice, _MOST_RECENT, once),
        "lately": before >= month - _LATE_MONTHS,
        "observed": month - start[who],
        "earlier": np.minimum(index - issues.starts[who], _MOST_EARLIER),
        "study": month <= period.last.number,
        "future": np.where(waits, 1 + next_social, 0),
    }
    customers = np.flatnonzero(np.bincount(who, minlength=len(people))).astype(np.int32)
    place = np.full(len(people) + 1, -1, dtype=np.int32)
    place[customers] = np.arange(len(customers))
    return Found(customers, place, index, {name: key.astype(np.int16) for name, key in keys.items()}), new


def _first_months(people: People, period: Period) -> NDArray[np.int32]:
    """The first whole month in which each customer can be observed; the one after all where it lies behind the data."""
    data = period.calendar()
    month = data.since_first(people.joined_at).astype(np.int32) + data.first
    first = np.where(people.joined_at <= data.edges[0], data.first, month + 1)
    return np.where(month > period.end.number, -LONG_AGO, first).astype(np.int32)


def _neighbour(issues: Issues, values: NDArray[Any], step: int) -> NDArray[np.int32]:
    """What an earlier or later issue of the same customer has; `LONG_AGO` where there is none."""
    found = np.full(len(issues), LONG_AGO, dtype=np.int32)
    ours, theirs = (slice(None, -step), slice(step, None)) if step > 0 else (slice(-step, None), slice(None, step))
    same = issues.customer[ours] == issues.customer[theirs]
    found[ours] = np.where(same, values[theirs], LONG_AGO)
    return found


def social_messages(tables: Tables, people: People, batches: Batches) -> list[Messages]:
    """Inbound messages on social with a date: who wrote, the number of the issue or a number of their own, and times.

    One without an issue id may have opened an issue on social of the day after: `counts_at` is a day later there.
    """
    found: list[Messages] = []
    if tables.has("touchpoints"):
        issue_or_own = people.number("coalesce(issue_id, 'contact:' || touchpoint_id)")
        for batch in batches(
            f"select {people.number()}, {issue_or_own}, occurred_at, issue_id is null from touchpoints "
            "where channel = 'social' and direction = 'inbound' and customer_id is not null"
        ):
            came_at, alone = instants(batch.column(2)), batch.column(3).to_numpy(zero_copy_only=False)
            dated = came_at != NEVER
            counts_at = came_at + np.where(alone & dated, _DAY, 0)
            codes, numbers = people.codes(batch.column(0)), numbers_of(batch.column(1))
            found.append(Messages(codes[dated], numbers[dated], counts_at[dated], came_at[dated]))
    return found


def _first_contacts(people: People, issues: Issues, messages: Sequence[Messages]) -> tuple[Ints, Numbers, Ints, Ints]:
    """Per customer: the first social contact and its issue, the first one of another issue, and the first of all.

    A message that belongs to the issue on social which it opens must not count as a contact before it, so that one
    without an issue id counts a day later for these (`first`, `next`). No message opens an issue on another channel:
    for these each contact counts when it came (`seen`).
    """
    rows = np.flatnonzero(issues.social)
    opened_at = issues.opened_at[rows]
    parts = [Messages(issues.customer[rows], issues.number[rows], opened_at, opened_at), *messages]
    first, following, seen = (np.full(len(people) + 1, NEVER) for _ in range(3))
    issue = np.zeros(len(people) + 1, dtype=np.uint64)
    for who, _, counts_at, came_at in parts:
        np.minimum.at(first, who, counts_at)
        np.minimum.at(seen, who, came_at)
    for who, number, counts_at, _ in parts:
        opening = counts_at == first[who]
        issue[who[opening]] = number[opening]
    for who, number, counts_at, _ in parts:
        other = number != issue[who]
        np.minimum.at(following, who[other], counts_at[other])
    return first, issue, following, seen


def _is_new(issues: Issues, first: Ints, issue: Numbers, following: Ints, seen: Ints) -> Flags:
    """Whether the customer of each issue had no social contact before it."""
    who, opened_at = issues.customer, issues.opened_at
    before = np.where(
        issues.social,
        ((first[who] < opened_at) & (issue[who] != issues.number)) | (following[who] < opened_at),
        seen[who] < opened_at,
    )
    return ~before


LEFT_OUT = (
    "left_out_history_too_short_before",
    "left_out_window_not_over",
    "left_out_social_not_the_first_issue_of_its_month",
    "left_out_social_message_before",
    "left_out_start_unknown",
)
"""Why a customer with a social issue is not among the contacted, as the account has it."""


def account_of(
    people: People, period: Period, asked: Asked, issues: Issues, found: Found, new: Flags
) -> dict[str, int]:
    """Customers and issues considered and kept, by reason; rows are those whose after-window is over.

    Customers with a social issue are those left out, by the first reason that holds, and the contacted.
    """
    study, arm = found.keys["study"] == 1, found.keys["arm"] == 1
    comparison = issues.customer[found.issue[study & ~arm]]
    return {
        "issues": asked.issues,
        "issues_outside_the_data_span": asked.issues - asked.inside,
        "customers_with_an_issue": asked.customers,
        "customers_whose_start_is_unknown": asked.customers - int(np.count_nonzero(np.diff(issues.starts))),
        "customers_with_a_social_issue": asked.social_customers,
        **_left_out(people, period, asked, issues, new),
        "contacted": int(np.count_nonzero(study & arm)),
        "comparison_rows": len(comparison),
        "comparison_customers": int(np.count_nonzero(np.diff(comparison, prepend=-1))),
    }


def _left_out(people: People, period: Period, asked: Asked, issues: Issues, new: Flags) -> dict[str, int]:
    """Customers with a social issue who are not contacted, by what stands in the way of their first one."""
    social = np.flatnonzero(issues.social)
    firsts = social[np.flatnonzero(np.diff(issues.customer[social], prepend=-1))]
    who, month = issues.customer[firsts], issues.reached[firsts]
    inside = month >= period.begin.number
    observed = month - _first_months(people, period)[who]
    short = inside & ((month < period.first.number) | (observed < period.rules.observed_before))
    reasons = np.select(
        [
            short | (issues.opened_at[firsts] < period.calendar().edges[0]),
            ~inside | (month > period.last.number),
            _neighbour(issues, issues.reached, -1)[firsts] == month,
            ~new[firsts],
        ],
        range(4),
        4,
    )
    counted = [*np.bincount(reasons, minlength=5)[:4].tolist(), asked.social_customers - len(firsts)]
    return dict(zip(LEFT_OUT, counted, strict=True))
