"""What is the company with a queue, all of it, as the arrays a study needs? No file is written.

`queue_life` draws people, issues and waits, and what everybody buys in each month: their own demand by season, lowered
by issues of any channel, and in the six months after the month of a contact on social moved by what happened there.
`demand_of` says what would have been bought had other contacts been answered in time. What is true is left to `truth`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import FIRST_MONTH, N_MONTHS
from analysis.synthetic.queue_desk.desk import (
    DIP,
    DIP_MONTHS,
    INCIDENT_BUYING,
    NIGHT_BUYING,
    NIGHT_FROM,
    NIGHT_TO,
    PRODUCTS,
    TARGET_S,
    WINDOW_MONTHS,
    Desk,
    Flags,
    Floats,
    Ints,
    desk_named,
    stream,
)
from analysis.synthetic.queue_desk.people import People, hours_of, people_of
from analysis.synthetic.queue_desk.queue import Issues, Queue, issues_of

MARGIN_SHARE = (0.34, 0.28, 0.42, 0.22)
"""By product."""
_SEASON = 0.15
_VALUE_SPREAD = 0.45


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLife:
    """A company as arrays: n customers, m issues, 36 months. Customers and months count from 0.

    Parameters
    ----------
    name, seed
        Which company.
    begin : int
        First month of the data, as `Month.number`.
    region, product, first_month : array of int, shape (n,)
        Codes in `REGIONS` and `PRODUCTS`, and the first whole month as a customer.
    issue_customer, issue_opened, issue_month, issue_product, issue_channel : array of int, shape (m,)
        In order of time; `issue_opened` in seconds of the UTC epoch, channels as codes in `CHANNELS`.
    issue_severity : array of int, shape (m,)
        As recorded, 1 to 3.
    contact_issue : array of int, shape (n_contacts,)
        The issues on social: each came with one inbound contact, at the time it was opened.
    contact_customer, contact_at, contact_month, contact_product, contact_severity : array of int, shape (n_contacts,)
        The same columns of those issues, in order of time.
    contact_reply_s : array of float, shape (n_contacts,)
        Seconds until a human replied, whole; infinite where nobody did within the data.
    contact_other_load : array of int, shape (n_contacts,)
        Contacts about other products in the 3,600 seconds before.
    orders : array of int16, shape (n, 36)
    revenue, margin : array of int64, shape (n, 36)
        In cents; all 0 where they were not asked for.
    people, issues, queue
        Everything behind it, also what no table shows.
    """

    name: str
    seed: int
    begin: int
    region: Ints
    product: Ints
    first_month: Ints
    issue_customer: Ints
    issue_opened: Ints
    issue_month: Ints
    issue_product: Ints
    issue_channel: Ints
    issue_severity: Ints
    contact_issue: Ints
    contact_customer: Ints
    contact_at: Ints
    contact_month: Ints
    contact_product: Ints
    contact_severity: Ints
    contact_reply_s: Floats
    contact_other_load: Ints
    orders: np.ndarray[tuple[int, ...], np.dtype[np.int16]]
    revenue: Ints
    margin: Ints
    desk: Desk
    people: People
    issues: Issues
    queue: Queue

    def __len__(self) -> int:
        return len(self.product)

    @property
    def in_time(self) -> Flags:
        """Which contacts were answered within the target."""
        return np.asarray(self.contact_reply_s <= TARGET_S)


def queue_life(name: str, seed: int, customers: int = 40_000, *, money: bool = False) -> QueueLife:
    """Make a company.

    Parameters
    ----------
    name : str
        One of `QUEUES`.
    seed : int
        Not negative. The same name, seed and number give the same company, with money or without.
    customers : int
    money : bool
        Whether to draw what orders are worth, too.

    Raises
    ------
    UnknownName
        If there is no such variant.

    Examples
    --------
    >>> life = queue_life("queue_none", 1, customers=500)
    >>> life.orders.shape, bool((np.diff(life.contact_at) >= 0).all())
    ((500, 36), True)
    """
    desk = desk_named(name)
    people = people_of(customers, stream(seed, "people"))
    issues, queue = issues_of(desk, people, hours_of(seed), seed)
    answered = issues.reply_s[queue.issue] <= TARGET_S
    orders = stream(seed, "orders").poisson(demand_of(desk, people, issues, queue, answered))
    revenue, margin = np.zeros((2, *orders.shape), dtype=np.int64)
    if money:
        cell, *values = order_values(people, orders, seed)
        sums = [np.bincount(cell, weights=cents, minlength=orders.size) for cents in values]
        revenue, margin = np.rint(sums).astype(np.int64).reshape(2, *orders.shape)
    of = queue.issue
    return QueueLife(
        name=name,
        seed=seed,
        begin=FIRST_MONTH.number,
        region=people.region,
        product=people.product,
        first_month=people.first_month,
        issue_customer=issues.customer,
        issue_opened=issues.opened,
        issue_month=issues.month,
        issue_product=people.product[issues.customer],
        issue_channel=issues.channel,
        issue_severity=issues.severity + 1,
        contact_issue=of,
        contact_customer=issues.customer[of],
        contact_at=issues.opened[of],
        contact_month=issues.month[of],
        contact_product=people.product[issues.customer[of]],
        contact_severity=issues.severity[of] + 1,
        contact_reply_s=issues.reply_s[of],
        contact_other_load=queue.other_load,
        orders=orders.astype(np.int16),
        revenue=revenue,
        margin=margin,
        desk=desk,
        people=people,
        issues=issues,
        queue=queue,
    )


def demand_of(desk: Desk, people: People, issues: Issues, queue: Queue, answered: Flags) -> Floats:
    """Expected orders of every customer and month, had these contacts been answered in time, shape (n, 36)."""
    n, width = len(people), N_MONTHS + 1
    steps = np.zeros(n * width)
    of, at = queue.issue, issues.customer * width + issues.month
    dip = np.log(np.asarray(DIP))[issues.severity]
    moved = after_contact(desk, issues, queue) + np.log1p(desk.effect) * answered
    for cell, first, beyond, change in (
        (at, 1, DIP_MONTHS + 1, dip),
        (at[of], 1, WINDOW_MONTHS + 1, moved),
    ):
        room = width - 1 - cell % width  # months left to the end of the data
        steps += np.bincount(cell + np.minimum(first, room), weights=change, minlength=steps.size)
        steps -= np.bincount(cell + np.minimum(beyond, room), weights=change, minlength=steps.size)
    level = np.exp(np.cumsum(steps.reshape(n, width), axis=1)[:, :-1])
    month = np.arange(N_MONTHS)
    turn = 2 * np.pi * (month / 12 + np.arange(len(PRODUCTS))[:, None] / len(PRODUCTS))
    level *= (1 + _SEASON * np.cos(turn))[people.product]
    level *= people.demand[:, None]
    level[month < people.first_month[:, None]] = 0.0
    return np.asarray(level)


def after_contact(desk: Desk, issues: Issues, queue: Queue) -> Floats:
    """What a contact does to the logarithm of buying in its window, whatever the answer, shape (n_contacts,)."""
    of = queue.issue
    night = (issues.hour[of] >= NIGHT_FROM) | (issues.hour[of] < NIGHT_TO)
    found = np.log(NIGHT_BUYING) * night + np.log(INCIDENT_BUYING) * issues.own_incident[of]
    found += np.log1p(-desk.outage) * issues.other_incident[of]
    return np.asarray(found - desk.hidden_buying * queue.hidden - desk.hidden_buying**2 / 2)


def order_values(people: People, orders: Ints, seed: int) -> tuple[Ints, Ints, Ints]:
    """Each order's cell (customer times 36 plus month), in order, its revenue and its margin in cents."""
    rng = stream(seed, "values")
    cell = np.repeat(np.arange(orders.size), orders.ravel())
    customer = cell // N_MONTHS
    spread = np.exp(_VALUE_SPREAD * rng.standard_normal(len(cell)) - _VALUE_SPREAD**2 / 2)
    value = np.maximum(np.rint(people.basket_cents[customer] * spread), 1).astype(np.int64)
    share = np.asarray(MARGIN_SHARE)[people.product[customer]]
    return cell, value, np.rint(value * share).astype(np.int64)
