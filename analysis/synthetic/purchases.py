"""Which orders do the customers of a made-up company place, given the demand of each month?

Orders are gamma-Poisson around the demand: each customer-month has a gamma factor of mean one. Where a world lets
demand drift, an autoregression of mean one goes on top. A share is cancelled, whatever the customer and the value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import DATA_END, MONTH_DAY, N_MONTHS, instants_on
from analysis.synthetic.company import Customers, Flags, Floats, Ints, Life
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.invitation import FIRST_WINDOW_DAY, OVERLAP, WINDOW_DAYS, window_share
from analysis.synthetic.world import CANCELLED_SHARE, MARGIN_SHARE, World

_VALUE_SPREAD = 0.5
_CANCELLED_WITHIN_S = 5 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """One entry for each order of a block, in the order they were placed; `cancelled` is an instant or `UNKNOWN`."""

    customer: Ints
    month: Ints
    ordered: Ints
    revenue_cents: Ints
    margin_cents: Ints
    cancelled: Ints

    def __len__(self) -> int:
        return len(self.customer)


def orders_of(world: World, customers: Customers, life: Life, rng: np.random.Generator) -> Orders:
    """The orders of a block, cancelled ones among them."""
    wanted = life.demand * busy_factors(world, life.demand.shape, rng)
    if world.drift:
        wanted = wanted * drift_factors(world, len(customers), rng)
    counts = rng.poisson(wanted)
    who, when = (np.repeat(index, counts.ravel()) for index in np.divmod(np.arange(counts.size), N_MONTHS))
    ordered = instants_on(_days(world, customers, who, when, rng), rng)
    order = np.argsort(ordered, kind="stable")
    who, when, ordered = who[order], when[order], ordered[order]
    n = len(who)
    revenue, margin = values_in_cents(customers, who, rng)
    later = ordered + 600 + (rng.random(n) * _CANCELLED_WITHIN_S).astype(np.int64)
    cancelled = rng.random(n) < CANCELLED_SHARE
    return Orders(
        customer=who,
        month=when,
        ordered=ordered,
        revenue_cents=revenue,
        margin_cents=margin,
        cancelled=np.where(cancelled, np.minimum(later, DATA_END - 1), UNKNOWN),
    )


def _days(world: World, customers: Customers, who: Ints, when: Ints, rng: np.random.Generator) -> Ints:
    """A day for each order: any day of the month on which one is a customer; the invitation tilts its 90 days."""
    first = np.maximum(MONTH_DAY[when], customers.first_day[who])
    day = first + (rng.random(len(who)) * (MONTH_DAY[when + 1] - first)).astype(np.int64)
    in_part = (OVERLAP[when] > 0) & (OVERLAP[when] < 1) & (customers.arm[who] >= 0)
    partly = np.flatnonzero(in_part)
    month = when[partly]
    window_end = FIRST_WINDOW_DAY + WINDOW_DAYS
    inside: Flags = rng.random(len(partly)) < window_share(month, customers.arm[who[partly]], world.invitation_effect)
    start = np.where(inside, MONTH_DAY[month], window_end)
    length = np.where(inside, window_end - MONTH_DAY[month], MONTH_DAY[month + 1] - window_end)
    day[partly] = start + (rng.random(len(partly)) * length).astype(np.int64)
    return np.asarray(day)


def busy_factors(world: World, shape: int | tuple[int, ...], rng: np.random.Generator) -> Floats:
    """What makes months quiet and busy: gamma factors of mean one."""
    return rng.gamma(world.busy_shape, 1 / world.busy_shape, size=shape)


def values_in_cents(customers: Customers, who: Ints, rng: np.random.Generator) -> tuple[Ints, Ints]:
    """Revenue and margin of one order of each customer given."""
    value = np.exp(_VALUE_SPREAD * rng.standard_normal(len(who)) - _VALUE_SPREAD**2 / 2)
    revenue = np.maximum(1, np.rint(100 * customers.basket_eur[who] * value)).astype(np.int64)
    margin = np.rint(revenue * np.asarray(MARGIN_SHARE)[customers.product[who]]).astype(np.int64)
    return revenue, margin


def drift_factors(world: World, size: int, rng: np.random.Generator) -> Floats:
    """A stationary log-normal autoregression of mean one, shape (customers, months)."""
    shocks = rng.standard_normal((size, N_MONTHS))
    level = shocks[:, 0]
    factor = np.empty((size, N_MONTHS))
    for month in range(N_MONTHS):
        if month:
            level = world.drift_memory * level + np.sqrt(1 - world.drift_memory**2) * shocks[:, month]
        factor[:, month] = np.exp(world.drift * level - world.drift**2 / 2)
    return factor
