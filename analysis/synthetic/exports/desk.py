"""What stands in the tickets of a made-up company, and under which account does each customer write?

A ticket is an issue of `contacts`, to the minute. Every customer writes under one account of the help desk, with the
addresses the customer is known by; some use an address that the shop does not know, and some accounts are missing from
the export of accounts. A ticket that was opened again is solved a second time some days later. How tickets are
written is left to `zendesk`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.block import Block
from analysis.synthetic.company import Flags, Ints
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.exports.people import STRANGER, People
from analysis.synthetic.exports.quarters import Shown, happened, shown

MINUTE = 60
_STRANGERS, _NO_ACCOUNT = 0.04, 0.03
_LATE, _DELETED = 0.02, 0.004
_AGAIN_WITHIN_S = 4 * 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    """One entry for each ticket, in the order they were opened; instants in seconds (whole minutes) or `UNKNOWN`.

    `writer` is the number of the customer who has the account, whether the shop can know it or not.
    """

    writer: Ints
    opened: Ints
    channel: Ints
    platform: Ints
    severity: Ints
    first_reply: Ints
    closed: Ints
    reopened: Ints
    closed_again: Ints
    shown: Shown

    def __len__(self) -> int:
        return len(self.opened)

    def solved(self, rows: Ints, as_of: Ints) -> Ints:
        """When each ticket was last solved, as of an instant; `UNKNOWN` while it is open."""
        once, again, twice = (happened(times[rows], as_of) for times in (self.closed, self.reopened, self.closed_again))
        return np.where(again == UNKNOWN, once, twice)

    def updated(self, rows: Ints, as_of: Ints) -> Ints:
        """When anything last happened to each ticket, as of an instant."""
        news = [happened(times[rows], as_of) for times in (self.first_reply, self.closed, self.reopened)]
        return np.asarray(np.max([self.opened[rows], *news, happened(self.closed_again[rows], as_of)], axis=0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """One entry for each customer's account: when it was made, whom its addresses lead to, and who exports it.

    `customer` is whose address the account bears (`STRANGER`: an address the shop does not know).
    """

    made: Ints
    customer: Ints
    shown: Shown


def tickets_of(blocks: list[Block], rng: np.random.Generator) -> Tickets:
    """The tickets of all blocks from the first day of the exports on."""
    issues = [block.issues for block in blocks]
    first = np.cumsum([0, *(len(block.customers) for block in blocks)])
    writer = np.concatenate([one.customer + start for one, start in zip(issues, first[:-1], strict=True)])
    opened, reply, closed, reopened = (
        _minutes(np.concatenate([getattr(one, name) for one in issues]))
        for name in ("opened", "first_reply", "closed", "reopened")
    )
    channel, platform, severity = (
        np.concatenate([getattr(one, name) for one in issues]) for name in ("channel", "platform", "severity")
    )
    n = len(opened)
    again = reopened + _minutes(MINUTE + (rng.exponential(_AGAIN_WITHIN_S, size=n)).astype(np.int64))
    rolls = rng.random((2, n))
    found = shown(opened, full=True, late=rolls[0] < _LATE, deleted=rolls[1] < _DELETED)
    order = np.argsort(opened, kind="stable")
    order = order[(found.first | found.second)[order]]
    return Tickets(
        writer=writer[order],
        opened=opened[order],
        channel=channel[order],
        platform=platform[order],
        severity=severity[order],
        first_reply=reply[order],
        closed=closed[order],
        reopened=reopened[order],
        closed_again=np.where(reopened == UNKNOWN, UNKNOWN, again)[order],
        shown=found.at(order),
    )


def accounts_of(people: People, tickets: Tickets, rng: np.random.Generator) -> Accounts:
    """The accounts of all customers; those who never wrote have none that is shown."""
    n = len(people)
    made = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(made, tickets.writer, tickets.opened)
    rolls = rng.random((2, n))
    customer = np.where(rolls[0] < _STRANGERS, STRANGER, np.arange(n))
    missing: Flags = (rolls[1] < _NO_ACCOUNT) & people.has_email  # their tickets bear the address themselves
    return Accounts(made=made, customer=customer, shown=shown(made, full=True).only(~missing))


def _minutes(seconds: Ints) -> Ints:
    return np.where(seconds == UNKNOWN, UNKNOWN, seconds // MINUTE * MINUTE)
