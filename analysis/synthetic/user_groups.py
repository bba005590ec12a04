"""Customers of whom some became users by themselves, and what that did: the truth behind an observational comparison.

Whoever buys often becomes a user sooner, and buys more afterwards whatever happens. What drives both is either on
record (age, region, orders of an earlier half-year) or, in some worlds, hidden. All that is on record takes few values,
so that the true effect on users, and the bias that a hidden cause must make, are sums over all of them, no draws. The
truth is that of the population which the customers are drawn from. Comparing them is left to the studies.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.foundation.errors import UnknownName

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

AGES = np.arange(20, 75, 5)
_AGE_SHARES = np.array([6, 9, 11, 12, 12, 11, 10, 9, 8, 7, 5]) / 100
REGIONS = ("north", "south", "east", "west")
_REGION_SHARES = np.array([0.4, 0.3, 0.2, 0.1])
LIKING = 1.5
"""Shape of how much customers like to buy: they differ much."""
GROWTH = 1.1
"""From the half-years before to the one after, for everybody."""
BASKET_CENTS = 3_500
_DEARNESS = 0.5
_MOST = 80  # orders of half a year that the sums go up to
_STREAM = 20_261_124  # tells these draws from those of other worlds with the same seed


@dataclass(frozen=True, slots=True, kw_only=True)
class UserWorld:
    """How customers become users, and what comes of it.

    Parameters
    ----------
    about : str
    intercept, by_age, by_region, by_orders : float
        Log odds of being a user: of the youngest in the north; by decade; by region; by order of the early half-year.
    odd : bool
        Whether becoming a user follows a rule of steps instead, which no smooth model tells.
    ratio : float
        What being a user multiplies orders by, at the age of 45.
    ratio_by_age : float
        By how much that factor grows with each decade.
    added : float
        Orders that being a user adds.
    hidden : float
        What a hidden cause, which 3 in 10 have, adds to the log odds of being a user.
    hidden_growth : float
        What it multiplies orders by.
    lasting : bool
        Whether it acted before too, and not only afterwards.
    """

    about: str
    intercept: float = -1.2
    by_age: float = 0.10
    by_region: float = 0.25
    by_orders: float = 0.25
    odd: bool = False
    ratio: float = 1.0
    ratio_by_age: float = 0.0
    added: float = 0.0
    hidden: float = 0.0
    hidden_growth: float = 1.0
    lasting: bool = False

    def likely(self, age: Ints, region: Ints, early: Ints, hidden: Ints) -> Floats:
        """How likely is a customer to become a user?"""
        if self.odd:
            steps = 0.15 + 0.30 * ((age >= 45) & (early >= 1)) + 0.25 * ((region == 1) & (early >= 3))
            return np.asarray(steps + 0.15 * (age < 30), dtype=np.float64)
        log_odds = self.intercept + self.by_age * (age - 20) / 10 + self.by_region * (region % 2)
        return np.asarray(special.expit(log_odds + self.by_orders * early + self.hidden * hidden))

    def rate(self, age: Ints, region: Ints) -> Floats:
        """Orders of half a year before, without a hidden cause."""
        if self.odd:
            return np.ones(np.broadcast(age, region).shape)
        return np.asarray(0.9 * (1 + 0.008 * (age - 20)) * np.array([1.0, 1.1, 0.9, 1.2])[region])

    def apart(self, age: Ints) -> Floats:
        """Orders afterwards that have nothing to do with those before."""
        return np.asarray(0.1 + 0.01 * (age - 20) if self.odd else np.zeros(np.shape(age)))

    def factor(self, age: Ints) -> Floats:
        """What being a user multiplies orders by."""
        return np.asarray(self.ratio + self.ratio_by_age * (age - 45) / 10, dtype=np.float64)


HIDDEN_SHARE = 0.3
WORLDS: Mapping[str, UserWorld] = MappingProxyType(
    {
        "users_none": UserWorld(about="who buys often becomes a user; that has no effect"),
        "users_effect": UserWorld(about="the same; a fifth more orders", ratio=1.2),
        "users_uneven": UserWorld(about="the same; more, the older the user", ratio=1.15, ratio_by_age=0.08),
        "users_odd": UserWorld(about="becoming a user follows steps that no smooth model tells; a tenth fewer orders",
                               odd=True, ratio=0.9),
        "users_weak": UserWorld(about="hardly anybody is like the keenest users; 0.3 orders more", intercept=-3.2,
                                by_orders=1.1, added=0.3),
        "users_hidden": UserWorld(about="no effect; a hidden cause of both that acts only afterwards", hidden=0.8,
                                  hidden_growth=1.3),
        "users_hidden_lasting": UserWorld(about="no effect; a hidden trait that always raised orders", hidden=1.6,
                                          hidden_growth=2.0, lasting=True),
    }
)  # fmt: skip
"""By name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserTruth:
    """What is true of users in a world.

    Parameters
    ----------
    effects : mapping of str to float
        `orders_ratio`, `orders_difference`, `spend_difference` (cents).
    share_users, share_others : float
        Who has the hidden cause among users, and among others made alike in what is on record; weighted by orders.
    bias : float
        The factor by which the cause makes the orders of users and of others differ; 1 without one.
    """

    effects: Mapping[str, float]
    share_users: float
    share_others: float
    bias: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Users:
    """Customers of one world.

    Parameters
    ----------
    user : array of bool, shape (n_customers,)
    age, region, early : array of int, shape (n_customers,)
        On record at time zero; `early` are orders of months −12 to −7.
    late, orders, spend : array of int, shape (n_customers,)
        Orders of months −6 to −1; orders and spend (cents) of the six months after.
    """

    user: Flags
    age: Ints
    region: Ints
    early: Ints
    late: Ints
    orders: Ints
    spend: Ints


def user_world(name: str) -> UserWorld:
    """The world of that name.

    Raises
    ------
    UnknownName
        If there is none.
    """
    if name not in WORLDS:
        raise UnknownName.of("world of users", name, WORLDS)
    return WORLDS[name]


def users(name: str, seed: int, customers: int) -> Users:
    """The customers of one world.

    Parameters
    ----------
    name : str
        Of `WORLDS`.
    seed, customers : int

    Examples
    --------
    >>> found = users("users_none", 1, 5_000)
    >>> bool(found.orders[found.user].mean() > 1.1 * found.orders[~found.user].mean())
    True
    """
    world, rng = user_world(name), np.random.default_rng([_STREAM, seed])
    age = rng.choice(AGES, customers, p=_AGE_SHARES)
    region = rng.choice(len(REGIONS), customers, p=_REGION_SHARES)
    hidden = (rng.random(customers) < HIDDEN_SHARE).astype(np.int64) if world.hidden else np.zeros(customers, np.int64)
    grown = world.hidden_growth**hidden
    rate = rng.gamma(LIKING, 1 / LIKING, customers) * world.rate(age, region)
    before = rate * (grown if world.lasting else 1.0)
    early, late = rng.poisson(before), rng.poisson(before)
    user = rng.random(customers) < world.likely(age, region, early, hidden)
    without = rate * grown * GROWTH + world.apart(age)
    orders = rng.poisson(np.where(user, without * world.factor(age) + world.added, without))
    basket = np.exp(_DEARNESS * rng.standard_normal(customers) - _DEARNESS**2 / 2)
    spend = np.rint(BASKET_CENTS * basket * orders).astype(np.int64)
    return Users(user=user, age=age, region=region, early=early, late=late, orders=orders, spend=spend)


@cache
def user_truth(name: str) -> UserTruth:
    """What is true of the users of a world: sums over everything on record, and over the hidden cause.

    Examples
    --------
    >>> round(user_truth("users_effect").effects["orders_ratio"], 9), user_truth("users_none").bias
    (1.2, 1.0)
    >>> user_truth("users_hidden").bias > 1.04
    True
    """
    world = user_world(name)
    age, region, early, hidden = np.ix_(AGES, np.arange(len(REGIONS)), np.arange(_MOST), np.arange(2))
    grown = np.where(hidden == 1, world.hidden_growth, 1.0)
    rate = world.rate(age, region)
    before = rate * (grown if world.lasting else 1.0)
    share = _AGE_SHARES[:, None, None, None] * _REGION_SHARES[None, :, None, None]
    has = HIDDEN_SHARE if world.hidden else 0.0
    share = share * np.where(hidden == 1, has, 1 - has) * _counted(early, before)
    likely = world.likely(age, region, early, hidden)
    liking = (LIKING + early) / (LIKING + before)  # what the early orders tell of it
    without = liking * rate * grown * GROWTH + world.apart(age)
    as_user = without * world.factor(age) + world.added
    user, other = share * likely, share * (1 - likely)
    total = float(user.sum())
    difference = float((user * (as_user - without)).sum()) / total
    effects = {
        "orders_ratio": float((user * as_user).sum() / (user * without).sum()),
        "orders_difference": difference,
        "spend_difference": difference * BASKET_CENTS,
    }
    there = np.maximum(other.sum(axis=3, keepdims=True), np.finfo(np.float64).tiny)
    alike = user.sum(axis=3, keepdims=True) * other / there
    expected, would = float((alike * without).sum()), float((user * without).sum())
    free = (without / grown)[..., :1]  # orders of those without the cause
    shares = [float((side[..., 1:] * free).sum() / (side * free).sum()) for side in (user, alike)]
    return UserTruth(
        effects=MappingProxyType(effects), share_users=shares[0], share_others=shares[1],
        bias=would / expected if world.hidden else 1.0,
    )  # fmt: skip


def _counted(orders: Ints, mean: Floats) -> Floats:
    """How likely so many orders are among customers who differ in how much they like to buy."""
    log = special.gammaln(orders + LIKING) - special.gammaln(LIKING) - special.gammaln(orders + 1)
    return np.asarray(np.exp(log + orders * np.log(mean / (mean + LIKING)) - LIKING * np.log1p(mean / LIKING)))
