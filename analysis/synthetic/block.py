"""What is one block of a made-up company, all of it, as arrays? The place where the parts are put together.

`block_of` is what tests and validation use: no file is written, customers are positions, months are numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from analysis.synthetic.company import BLOCK, Customers, Ints, Life, customers_of, live, stream
from analysis.synthetic.contacts import Issues, Touchpoints, issues_of, touchpoints_of
from analysis.synthetic.purchases import Orders, orders_of
from analysis.synthetic.world import SOCIAL, World

NO_INSTANT = np.iinfo(np.int64).max
"""Later than every instant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The customers of a block and what happened to them. Mentions act on nothing and are made when written."""

    world: World
    seed: int
    index: int
    customers: Customers
    life: Life
    issues: Issues
    touchpoints: Touchpoints
    orders: Orders

    def stream(self, purpose: str) -> np.random.Generator:
        """The block's randomness for a purpose that has not been used in making it."""
        return stream(self.seed, self.index, purpose)


def block_of(world: World, *, seed: int, index: int, size: int) -> Block:
    """Make one block.

    Examples
    --------
    >>> from analysis.synthetic.world import world_named
    >>> block = block_of(world_named("none"), seed=1, index=0, size=500)
    >>> len(block.customers), block.life.demand.shape
    (500, (500, 36))
    """
    customers = customers_of(world, seed, index, size)
    life = live(world, customers, stream(seed, index, "issues"))
    contacts = stream(seed, index, "contacts")
    issues = issues_of(world, customers, life, contacts)
    return Block(
        world=world,
        seed=seed,
        index=index,
        customers=customers,
        life=life,
        issues=issues,
        touchpoints=touchpoints_of(issues, contacts),
        orders=orders_of(world, customers, life, stream(seed, index, "orders")),
    )


def blocks_of(world: World, *, seed: int, customers: int) -> Iterator[Block]:
    """The blocks of a company, one at a time."""
    for index, first in enumerate(range(0, customers, BLOCK)):
        yield block_of(world, seed=seed, index=index, size=min(BLOCK, customers - first))


def first_social_contacts(block: Block) -> Ints:
    """The instant of each customer's first contact on social, `NO_INSTANT` where there is none.

    A contact is an issue on social or an inbound touchpoint on social; an issue's opening is such a touchpoint.
    """
    contacts = block.touchpoints
    on_social = (contacts.channel == SOCIAL) & contacts.inbound
    first = np.full(len(block.customers), NO_INSTANT)
    np.minimum.at(first, block.issues.customer[contacts.issue[on_social]], contacts.occurred[on_social])
    return first
