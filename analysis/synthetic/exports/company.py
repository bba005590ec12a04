"""What is the company whose exports are written? The made-up company of `block`, with addresses, to the pulls' times.

Everything is drawn once, from one seed, so that both pulls and the contract's tables tell of the same events. In which
form is left to `zendesk`, `shopify`, `x` and `sprout`; what is held of it after each pull is put together in `tables`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analysis.synthetic.block import blocks_of
from analysis.synthetic.books import books_of
from analysis.synthetic.company import Ints
from analysis.synthetic.contacts import PLATFORMS
from analysis.synthetic.exports import desk, publicity, shop
from analysis.synthetic.exports.people import STRANGER, People, people_of, stream
from analysis.synthetic.exports.quarters import Shown, shown
from analysis.synthetic.world import World

_X, _SPROUT = ("twitter",), ("facebook", "instagram")


@dataclass(frozen=True, slots=True, kw_only=True)
class Handles:
    """Which writer is which customer, as somebody has matched them: one entry for each writer on each platform."""

    platform: Ints
    author: Ints
    customer: Ints
    shown: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A company as its systems see it. `listed` says which pulls show which customers."""

    seed: int
    people: People
    listed: Shown
    tickets: desk.Tickets
    accounts: desk.Accounts
    orders: shop.Orders
    tweets: publicity.Posts
    posts: publicity.Posts
    messages: publicity.Messages
    handles: Handles
    books: dict[str, pa.Table]


def company_of(world: World, *, seed: int, customers: int) -> Company:
    """The company of a world.

    Examples
    --------
    >>> from analysis.synthetic.world import world_named
    >>> company = company_of(world_named("effect"), seed=1, customers=200)
    >>> len(company.people), len(company.orders) > 1_000
    (200, True)
    """
    blocks = list(blocks_of(world, seed=seed, customers=customers))
    people = people_of(np.concatenate([block.customers.joined for block in blocks]), stream(seed, 0))
    tickets = desk.tickets_of(blocks, stream(seed, 1))
    messages = publicity.messages_of(blocks, stream(seed, 4))
    posts = publicity.posts_of(seed, customers)
    return Company(
        seed=seed,
        people=people,
        listed=shown(people.joined, since_ever=True, full=True),
        tickets=tickets,
        accounts=desk.accounts_of(people, tickets, stream(seed, 2)),
        orders=shop.orders_of(blocks, stream(seed, 3)),
        tweets=posts(_X),
        posts=posts(_SPROUT),
        messages=messages,
        handles=_handles(messages),
        books=books_of(world, customers),
    )


def _handles(messages: publicity.Messages) -> Handles:
    """The matched writers, each from their first message on; some were matched only after the first pull."""
    rows = np.flatnonzero(messages.customer != STRANGER)
    key = messages.author[rows] * len(PLATFORMS) + messages.platform[rows]
    first = rows[np.unique(key, return_index=True)[1]]  # rows are in the order of posting
    found = shown(messages.posted[first], full=True)
    in_time = found.first & ~publicity.matched_later(messages.author[first])
    return Handles(
        platform=messages.platform[first],
        author=messages.author[first],
        customer=messages.customer[first],
        shown=Shown(first=in_time, second=found.second, late=np.zeros_like(in_time), full=True),
    )
