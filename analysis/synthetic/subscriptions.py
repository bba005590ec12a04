"""Which contracts do the customers of a made-up company hold, and how do they end?

Every customer holds one from joining on; about a third take a second, of another product, at some time. The chance to
end in the next month is the same for all contracts and all times. Three in ten endings are moves: another contract
begins at the same instant and the customer stays. Contracts act on nothing and nothing acts on them: orders go on
without one, also in the world `churn`, whose customers leave silently, and no effect of `world` reaches them.
Contracts that ended before the data begin are not told of.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import DATA_END, DATA_START
from analysis.synthetic.company import Customers, Ints
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.world import PRODUCTS

END_KINDS = ("cancelled", "lapsed", "moved")
CANCELLED, LAPSED, MOVED = range(3)
RUNNING = -1
MONTHLY_ENDINGS = 0.02
"""The chance that a contract ends within a month; of its endings, those that are no moves are churn."""
MOVED_SHARE = 0.3

_LAPSED_SHARE = 0.2
_SECOND_SHARE = 0.35
_MONTH_S = 30.4375 * 86_400
_MARGIN_EUR = (7.5, 11.0, 5.5)
_MARGIN_SPREAD = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriptions:
    """One entry for each contract: its customer (position in the block), product, times, end, and monthly margin.

    `ended` is `UNKNOWN` and `end_kind` is `RUNNING` where it has not ended before the end of the data.
    """

    customer: Ints
    product: Ints
    started: Ints
    ended: Ints
    end_kind: Ints
    margin_cents: Ints

    def __len__(self) -> int:
        return len(self.customer)


def subscriptions_of(customers: Customers, rng: np.random.Generator) -> Subscriptions:
    """The contracts of a block, in the order they began.

    Examples
    --------
    >>> from analysis.synthetic.company import customers_of
    >>> from analysis.synthetic.world import world_named
    >>> people = customers_of(world_named("none"), seed=1, block=0, size=200)
    >>> contracts = subscriptions_of(people, np.random.default_rng(1))
    >>> sorted(set(contracts.customer.tolist())) == list(range(200))
    True
    """
    n = len(customers)
    second = np.flatnonzero(rng.random(n) < _SECOND_SHARE)
    other = (customers.product[second] + rng.integers(1, len(PRODUCTS), size=len(second))) % len(PRODUCTS)
    joined = customers.joined[second]
    begun = joined + (rng.random(len(second)) * (DATA_END - joined)).astype(np.int64)
    who = np.concatenate([np.arange(n), second])
    product = np.concatenate([customers.product, other])
    started = np.concatenate([customers.joined, begun])
    kept = []
    while len(who):  # each round holds the contracts that follow the moves of the round before
        found = _lived(who, product, started, rng)
        kept.append(found)
        moved = found.end_kind == MOVED
        who, started = found.customer[moved], found.ended[moved]
        product = rng.integers(0, len(PRODUCTS), size=len(who))
    whole = {name: np.concatenate([getattr(part, name) for part in kept]) for name in Subscriptions.__slots__}
    order = np.lexsort((whole["customer"], whole["started"]))
    return Subscriptions(**{name: column[order] for name, column in whole.items()})


def _lived(who: Ints, product: Ints, started: Ints, rng: np.random.Generator) -> Subscriptions:
    n = len(who)
    months = rng.exponential(-1 / np.log1p(-MONTHLY_ENDINGS), size=n)
    ended = np.maximum(started, DATA_START) + 3_600 + (months * _MONTH_S).astype(np.int64)
    kind = rng.choice(len(END_KINDS), size=n, p=(1 - MOVED_SHARE - _LAPSED_SHARE, _LAPSED_SHARE, MOVED_SHARE))
    over = ended < DATA_END
    margin = np.asarray(_MARGIN_EUR)[product] * np.exp(_MARGIN_SPREAD * rng.standard_normal(n))
    return Subscriptions(
        customer=who,
        product=product,
        started=started,
        ended=np.where(over, ended, UNKNOWN),
        end_kind=np.where(over, kind, RUNNING),
        margin_cents=np.rint(100 * margin).astype(np.int64),
    )
