"""What stands in the orders of a made-up company's shop, to the cent, and who placed them?

An order of `purchases` gets line items that add up to it, sometimes a discount, and now and then a refund of half or
all of it some weeks later. A few are placed by somebody whose address the shop does not know, and some come late. How
orders are written is left to `shopify`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.block import Block
from analysis.synthetic.company import Flags, Ints
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.exports.people import STRANGER
from analysis.synthetic.exports.quarters import Shown, happened, shown

MOST_LINES = 3
_LINES_SHARE = (0.6, 0.28, 0.12)
_STRANGERS, _LATE = 0.02, 0.015
_DISCOUNTED, _DISCOUNT = 0.15, 0.1
_UNPAID = 0.01
_SHIPPING_CENTS, _FREE_FROM_CENTS = 495, 5_000
_TAX_PART = 6
"""Prices hold a tax of one fifth, which is a sixth of the total."""
_MILLIONTHS_PER_CENT = 10_000
_REFUNDED, _WHOLE, _REFUND_WITHIN_DAYS = 0.05, 0.5, (1, 45)


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """One entry for each order, in the order they were placed; instants in seconds or `UNKNOWN`, money in cents.

    `customer` is `STRANGER` where the address is nobody's; `subtotal` is what the lines cost less the discount, `total`
    the same with shipping, `taxes` the part of it that is tax; `unpaid` orders were given up before anybody paid;
    `quantity` and `price` have one column for each possible line, shape (n, MOST_LINES).
    """

    customer: Ints
    ordered: Ints
    subtotal: Ints
    discount: Ints
    total: Ints
    taxes: Ints
    unpaid: Flags
    lines: Ints
    quantity: Ints
    price: Ints
    cancelled: Ints
    refunded: Ints
    refund: Ints
    shown: Shown

    def __len__(self) -> int:
        return len(self.ordered)

    def given_back(self, rows: Ints, as_of: Ints) -> Ints:
        """Cents refunded of each order, as of an instant: all of a cancelled one."""
        back = np.where(happened(self.refunded[rows], as_of) == UNKNOWN, 0, self.refund[rows])
        return np.where(happened(self.cancelled[rows], as_of) == UNKNOWN, back, self.total[rows])

    def revenue_millionths(self, rows: Ints, as_of: Ints) -> Ints:
        """What is paid for each order net of tax and of what was given back, in millionths, rounded half up.

        What went back is taken to hold the same share of tax as the order: (total - back) x (total - taxes) / total.
        """
        total = self.total[rows]
        kept = (total - self.given_back(rows, as_of)) * (total - self.taxes[rows]) * _MILLIONTHS_PER_CENT
        return (2 * kept + total) // (2 * total)


def orders_of(blocks: list[Block], rng: np.random.Generator) -> Orders:
    """The orders of all blocks from the first day of the exports on."""
    orders = [block.orders for block in blocks]
    first = np.cumsum([0, *(len(block.customers) for block in blocks)])
    customer = np.concatenate([one.customer + start for one, start in zip(orders, first[:-1], strict=True)])
    ordered, subtotal, cancelled = (
        np.concatenate([getattr(one, name) for one in orders]) for name in ("ordered", "revenue_cents", "cancelled")
    )
    n = len(ordered)
    rolls = rng.random((6, n))
    found = shown(ordered, late=rolls[0] < _LATE)
    lines = 1 + rng.choice(MOST_LINES, size=n, p=_LINES_SHARE)
    discount = np.where(rolls[1] < _DISCOUNTED, (subtotal * _DISCOUNT).astype(np.int64), 0)
    quantity, price = _line_items(subtotal + discount, lines, rng)
    total = subtotal + np.where(subtotal < _FREE_FROM_CENTS, _SHIPPING_CENTS, 0)
    wait = 86_400 * rng.integers(*_REFUND_WITHIN_DAYS, size=n) + rng.integers(0, 3_600, size=n)
    back = (rolls[2] < _REFUNDED) & (cancelled == UNKNOWN)
    order = np.argsort(ordered, kind="stable")
    order = order[(found.first | found.second)[order]]
    return Orders(
        customer=np.where(rolls[3] < _STRANGERS, STRANGER, customer)[order],
        ordered=ordered[order],
        subtotal=subtotal[order],
        discount=discount[order],
        total=total[order],
        taxes=(total // _TAX_PART)[order],
        unpaid=(rolls[5] < _UNPAID)[order],
        lines=lines[order],
        quantity=quantity[order],
        price=price[order],
        cancelled=cancelled[order],
        refunded=np.where(back, ordered + wait, UNKNOWN)[order],
        refund=np.where(rolls[4] < _WHOLE, total, subtotal // 2)[order],
        shown=found.at(order),
    )


def _line_items(total: Ints, lines: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Quantities and prices that add up to the total exactly: the last line, of quantity one, takes what is left."""
    n = len(total)
    quantity = rng.integers(1, 3, size=(n, MOST_LINES))
    price = np.broadcast_to((total // (lines + 1))[:, None], quantity.shape) // quantity
    column = np.arange(MOST_LINES)
    before = column < lines[:, None] - 1
    last = column == lines[:, None] - 1
    rest = total - (quantity * price * before).sum(axis=1)
    quantity = np.where(before, quantity, np.where(last, 1, 0))
    return quantity, np.where(before, price, np.where(last, rest[:, None], 0))
