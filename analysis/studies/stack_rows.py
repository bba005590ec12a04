"""What are the rows of the before-and-after study, made from arrays of events instead of tables? The second road.

`rows_of` says in numpy what `stack_sql` says in SQL, and was written apart from it, so that each can judge the other.
It also serves where there are no tables: companies made up in arrays by the thousand. What a row is, and which columns
it has, is told in `stack`. Reading tables, scanning rows and estimating are left to others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from analysis.foundation.calendar import Month
from analysis.inference.cells import Flags, Floats, Ints
from analysis.studies.sample import IndexRules
from analysis.studies.stack import BOUGHT, LEADS_FROM, RECENTLY, Layout, early, lag

NEVER = np.iinfo(np.int64).max
"""Later than every time and every month."""
NO_ISSUE = -1
_RECENT_MONTHS, _LATE_MONTHS = 6, 3
_MOST_RECENT, _MOST_EARLIER = 2, 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """What happened to customers, as arrays.

    Months are `Month.number`. Times are whole numbers on one scale for issues and contacts; only their order counts.

    Parameters
    ----------
    origin : Month
        Month of the first column of every matrix.
    first_month : array of int, shape (n,)
        First whole month in which each customer can be observed; `NEVER` where that is not known.
    monthly : mapping of outcome to array of float, shape (n, n_months)
        "orders", and "revenue" and "margin" where they are studied: orders kept, by month.
    issue_customer, issue_month, issue_time : array of int, shape (n_issues,)
        Position of the customer; local month; time. Issues of one customer at the same time follow each other in the
        order given. Months outside the matrices are allowed.
    issue_social : array of bool, shape (n_issues,)
    issue_product : array of int, shape (n_issues,)
        Code in `labels["product"]`.
    issue_cost : array of float, shape (n_issues,), optional
        What each issue cost.
    contact_time : array of int, shape (n,)
        Time of each customer's first contact on social, be it an issue or a message; `NEVER` where there is none. A
        message that may have opened an issue on social can be given a later time than its own.
    contact_issue : array of int, shape (n,), optional
        The issue (position in `issue_*`) to which that contact belongs, or `NO_ISSUE`: a message that belongs to an
        issue on social is no contact before it. Without it, contacts before an issue are always of another.
    next_contact_time : array of int, shape (n,), optional
        Time of the first contact on social that belongs to another issue than the first contact.
    undelayed_contact_time : array of int, shape (n,), optional
        When that contact came, or a sooner one: what counts for issues on other channels, which no message on social
        opens. Without it, `contact_time` counts for all.
    running : array of bool, shape (n, n_months), optional
        Whether the customer holds a running subscription at the end of the month.
    attributes : mapping of column to array of int, shape (n,)
        Fixed attributes by code, -1 where missing.
    labels : mapping of column to tuple of str
        What the codes of "product" and of each attribute stand for, in sorted order.
    currency : str, optional

    Raises
    ------
    ValueError
        If arrays that belong together differ in length, there are no monthly orders, a code has no label, a position
        no customer, or an amount is not a number.
    """

    origin: Month
    first_month: Ints
    monthly: Mapping[str, Floats]
    issue_customer: Ints
    issue_month: Ints
    issue_time: Ints
    issue_social: Flags
    issue_product: Ints
    contact_time: Ints
    issue_cost: Floats | None = None
    contact_issue: Ints | None = None
    next_contact_time: Ints | None = None
    undelayed_contact_time: Ints | None = None
    running: Flags | None = None
    attributes: Mapping[str, Ints] = field(default_factory=dict)
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currency: str | None = None

    def __post_init__(self) -> None:
        for name in ("monthly", "attributes", "labels"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        if "orders" not in self.monthly:
            raise ValueError("Events need the orders of every month: give `monthly` an entry `orders`.")
        n, n_issues, shape = len(self.first_month), len(self.issue_customer), self.monthly["orders"].shape
        by_issue = ("issue_month", "issue_time", "issue_social", "issue_product", "issue_cost")
        by_customer = ("contact_time", "contact_issue", "next_contact_time", "undelayed_contact_time")
        given: list[tuple[str, Any, tuple[int, ...]]] = [(name, getattr(self, name), (n_issues,)) for name in by_issue]
        given += [(name, getattr(self, name), (n,)) for name in by_customer]
        given += [(f"attributes[{name!r}]", codes, (n,)) for name, codes in self.attributes.items()]
        given += [(f"monthly[{name!r}]", values, (n, shape[-1])) for name, values in self.monthly.items()]
        given += [("running", self.running, (n, shape[-1]))]
        wrong = [
            f"`{name}` has shape {values.shape} instead of {needed}"
            for name, values, needed in given
            if values is not None and values.shape != needed
        ]
        coded = {"product": self.issue_product, **self.attributes}
        wrong += [
            f"`{name}` has a code that `labels` does not name"
            for name, codes in coded.items()
            if codes.max(initial=-1) >= len(self.labels.get(name, ()))
        ]
        wrong += ["`issue_product` has a negative code"] if (self.issue_product < 0).any() else []
        if self.issue_customer.min(initial=0) < 0 or self.issue_customer.max(initial=-1) >= n:
            wrong.append(f"`issue_customer` has a position outside the {n} customers")
        amounts = {"issue_cost": self.issue_cost, **self.monthly}
        wrong += [
            f"`{name}` has {(~np.isfinite(values)).sum()} values that are not numbers"
            for name, values in amounts.items()
            if values is not None and not np.isfinite(values).all()
        ]
        if wrong:
            raise ValueError(f"Events do not fit together: {'; '.join(wrong)}.")

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What the rows of these events can be asked for."""
        found = [name for name in BOUGHT if name in self.monthly] + ["issues"]
        found += ["support_cost", "index_issue_cost"] if self.issue_cost is not None else []
        found += ["repurchased"] + (["retained"] if self.running is not None else [])
        return tuple(found)


def layout_of(events: Events, rules: IndexRules, begin: Month, end: Month) -> Layout:
    """Of what the stack of `rows_of` is made, with everything that the events allow."""
    attributes = tuple(events.attributes)
    labels = {f"a{place}": events.labels.get(name, ()) for place, name in enumerate(attributes)}
    return Layout(
        begin=begin,
        end=end,
        first=begin.plus(rules.observed_before),
        last=end.plus(-rules.after_months),
        before=rules.before_months,
        after=rules.after_months,
        outcomes=events.outcomes,
        attributes=attributes,
        labels={"product": events.labels.get("product", ()), **labels},
        currency=events.currency,
    )


def rows_of(events: Events, rules: IndexRules, begin: Month, end: Month) -> pd.DataFrame:
    """Which rows can be compared, and what happened around the index month of each?

    Parameters
    ----------
    events : Events
    rules : IndexRules
    begin, end : Month
        First and last month of the data, inside the matrices of `events`.

    Returns
    -------
    DataFrame
        `customer` (code from 0, in the order of positions), the key columns of `layout_of`, `study`, `future`, and
        its measures; one row a customer and index month, sorted by both. Empty where no index month fits.

    Raises
    ------
    ValueError
        If the months are not inside the matrices.

    Examples
    --------
    Two customers, one issue each in the third of five months; the first went to social.

    >>> events = Events(
    ...     origin=Month.of("2025-01"), first_month=np.full(2, Month.of("2025-01").number),
    ...     monthly={"orders": np.array([[1., 2, 0, 4, 5], [1, 1, 1, 1, 1]])},
    ...     issue_customer=np.array([0, 1]), issue_month=np.full(2, Month.of("2025-03").number),
    ...     issue_time=np.array([10, 11]), issue_social=np.array([True, False]), issue_product=np.array([0, 0]),
    ...     contact_time=np.array([10, NEVER]), labels={"product": ("",)})
    >>> rules = IndexRules(before_months=2, after_months=2)
    >>> rows = rows_of(events, rules, Month.of("2025-01"), Month.of("2025-05"))
    >>> rows[["customer", "arm", "orders_m1", "orders_0", "orders_p1"]].values.tolist()
    [[0.0, 1.0, 2.0, 0.0, 4.0], [1.0, 0.0, 1.0, 1.0, 1.0]]
    """
    origin, n_months = events.origin.number, events.monthly["orders"].shape[1]
    if not origin <= begin.number <= end.number < origin + n_months:
        held = f"{events.origin} to {events.origin.plus(n_months - 1)}"
        raise ValueError(f"The events hold {held}, and rows were asked for from {begin} to {end}.")
    layout = layout_of(events, rules, begin, end)
    opened = _issues_by_month(events, layout)
    keys, index = _keys(events, rules, layout)
    position, place = keys.pop("position"), keys["month"] - begin.number
    measures = _measures(events, layout, opened, position, place)
    if events.issue_cost is not None:
        measures["index_issue_cost"] = events.issue_cost[index]
    columns = {"customer": np.unique(position, return_inverse=True)[1], **keys, **measures}
    for slot, name in enumerate(layout.attributes):
        columns[f"a{slot}"] = events.attributes[name][position]
    wanted = ("customer", *layout.columns, "study", "future", *layout.measures)
    return pd.DataFrame({name: columns[name] for name in wanted})


def _issues_by_month(events: Events, layout: Layout, weights: Floats | None = None) -> Floats:
    """Issues within the data, or the sum of something of theirs, shape (n, months of the data)."""
    months = layout.end.number - layout.begin.number + 1
    place = events.issue_month - layout.begin.number
    inside = (place >= 0) & (place < months)
    cell = events.issue_customer[inside] * months + place[inside]
    size = len(events.first_month) * months
    weight = None if weights is None else weights[inside]
    return np.bincount(cell, weights=weight, minlength=size).reshape(-1, months).astype(np.float64)


def _keys(events: Events, rules: IndexRules, layout: Layout) -> tuple[dict[str, Ints], Ints]:
    """What is known of each row at its index issue, with the `position` of its customer, and which issue that is."""
    order = np.lexsort((events.issue_time, events.issue_customer))
    who, month, social = events.issue_customer[order], events.issue_month[order], events.issue_social[order]
    begin, end = layout.begin.number, layout.end.number
    fresh = _no_contact_before(events, order)
    inside = (month >= begin) & (month <= end)
    joins = events.first_month[who]
    observed = np.where(joins == NEVER, -1, month - np.clip(joins, begin, end + 1))
    first_of_month = np.ones(len(order), dtype=bool)
    first_of_month[1:] = (who[1:] != who[:-1]) | (month[1:] != month[:-1])
    followed = month <= end - min(rules.after_months, RECENTLY)
    rows = np.flatnonzero(inside & first_of_month & fresh & followed & (observed >= rules.observed_before))

    following = np.minimum(rows + 1, len(order) - 1)
    gate = (following > rows) & (who[following] == who[rows]) & ~social[rows] & fresh[following]
    gate &= (month[following] > month[rows] + RECENTLY) & (month[following] <= end)

    person = who[rows]
    earlier = rows - np.searchsorted(who, person)  # before the data too
    back = np.zeros((_MOST_RECENT, len(rows)), dtype=np.int64)  # months since the last issue and the one before it
    for step, since in enumerate(back, start=1):
        since[:] = np.where(earlier >= step, month[rows] - month[np.maximum(rows - step, 0)], NEVER)
    keys = {
        "position": person,
        "arm": social[rows].astype(np.int64),
        "month": month[rows],
        "product": events.issue_product[order[rows]],
        "recent": (back <= _RECENT_MONTHS).sum(axis=0),
        "lately": (back[0] <= _LATE_MONTHS).astype(np.int64),
        "observed": observed[rows],
        "earlier": np.minimum(earlier, _MOST_EARLIER),
        "study": (month[rows] <= layout.last.number).astype(np.int64),
        "future": np.where(gate, 1 + social[following], 0),
    }
    return keys, order[rows]


def _no_contact_before(events: Events, order: Ints) -> Flags:
    """For each issue in order: has its customer had no contact on social before it, its own opening left aside?"""
    who, time, social = events.issue_customer[order], events.issue_time[order], events.issue_social[order]
    had = events.contact_time[who] < time
    if events.contact_issue is not None:
        had &= (events.contact_issue[who] != order) | ~social
    if events.next_contact_time is not None:
        had |= events.next_contact_time[who] < time
    if events.undelayed_contact_time is not None:
        had |= ~social & (events.undelayed_contact_time[who] < time)
    return ~had


def _around(matrix: Floats, person: Ints, place: Ints, *, back: int, ahead: int) -> Floats:
    """The months from `back` before to `ahead` after a place in each person's row; 0 beyond the matrix's edges.

    Examples
    --------
    >>> _around(np.array([[1.0, 2.0, 3.0]]), np.array([0, 0]), np.array([0, 2]), back=1, ahead=1).tolist()
    [[0.0, 1.0, 2.0], [2.0, 3.0, 0.0]]
    """
    padded = np.pad(matrix, ((0, 0), (back, ahead)))
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, back + 1 + ahead, axis=1)[person, place])


def _measures(events: Events, layout: Layout, opened: Floats, person: Ints, place: Ints) -> dict[str, Ints | Floats]:
    """The measures of each row, by column; all but the cost of its own issue."""
    before, after, back = layout.before, layout.after, layout.before + LEADS_FROM
    start = layout.begin.number - events.origin.number
    data = slice(start, start + opened.shape[1])
    monthly = {"issues": opened} | {name: values[:, data] for name, values in events.monthly.items()}
    measures: dict[str, Ints | Floats] = {}
    for outcome, matrix in monthly.items():
        found = _around(matrix, person, place, back=back, ahead=after)
        measures |= {lag(outcome, step): found[:, back + step] for step in range(-layout.leads, after + 1)}
        if outcome in BOUGHT:
            measures[early(outcome)] = found[:, :before].sum(axis=1)
        if outcome == "orders":
            measures["repurchased_before"] = np.asarray(found[:, back - before : back].any(axis=1), dtype=np.int64)
            measures["repurchased_after"] = np.asarray(found[:, back + 1 :].any(axis=1), dtype=np.int64)
    if events.issue_cost is not None:
        cost = _issues_by_month(events, layout, events.issue_cost)
        measures["support_cost_after"] = _around(cost, person, place, back=0, ahead=after)[:, 1:].sum(axis=1)
    if events.running is not None:
        running = events.running[:, data].astype(np.float64)
        held = _around(running, person, place, back=1, ahead=after).astype(np.int64)
        measures |= {"retained_before": held[:, 0], "retained_after": held[:, -1]}
    return measures
