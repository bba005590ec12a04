"""What do customers do who were invited by lot, when some follow and some would have come anyway?

Three kinds of customers: those whom an invitation moves, those who take it up anyway, and those who never do. They buy
unlike amounts without it, so that who took it up is no fair comparison. Taking it up, not being invited, raises orders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.experiments.shop import Ints

ANYWAY = 0.10
"""Share of customers who take it up uninvited."""
ORDERS = np.array([1.0, 1.5, 2.0])
"""Mean orders without it: of those who never take it up, those who are moved, those who take it up anyway."""
ACTIVITY = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Invitation:
    """An invitation by lot.

    Parameters
    ----------
    moved : float
        Share of customers who take it up if they are invited, and not otherwise.
    lift : float
        By how much the orders of those who take it up are multiplied.
    """

    moved: float
    lift: float = 1.0


INVITATIONS: Mapping[str, Invitation] = MappingProxyType(
    {
        "invitation_none": Invitation(moved=0.25),
        "invitation_effect": Invitation(moved=0.25, lift=1.4),
        "invitation_weak": Invitation(moved=0.005, lift=1.4),
    }
)


def invited(
    made: Invitation, customers: int, rng: np.random.Generator
) -> tuple[NDArray[np.bool_], dict[str, Ints], dict[str, float]]:
    """Who was invited, who took it up, how many orders they made, and the true effects.

    Returns
    -------
    array of bool, shape (customers,)
    dict of str to array of int
        `orders` and `used` (0 or 1).
    dict of str to float
        `orders_difference` per customer invited, `orders_difference:moved` per customer whom the invitation moved.

    Examples
    --------
    >>> treated, found, truth = invited(INVITATIONS["invitation_effect"], 1_000, np.random.default_rng(1))
    >>> round(truth["orders_difference"], 3), round(truth["orders_difference:moved"], 3)
    (0.15, 0.6)
    """
    kind = np.searchsorted([1 - made.moved - ANYWAY, 1 - ANYWAY], rng.random(customers), side="right")
    treated = rng.random(customers) < 0.5
    used = (kind == 2) | ((kind == 1) & treated)
    rate = ORDERS[kind] * rng.gamma(ACTIVITY, 1 / ACTIVITY, customers)
    orders = rng.poisson(rate * np.where(used, made.lift, 1.0))
    per_moved = float(ORDERS[1]) * (made.lift - 1)
    truth = {"orders_difference": made.moved * per_moved, "orders_difference:moved": per_moved}
    truth["orders_difference:set"] = per_moved
    return treated, {"orders": orders, "used": used.astype(np.int64)}, truth
