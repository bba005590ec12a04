"""Who are the customers of a made-up company, when do they have issues, and how much do they then want to buy?

`Customers` are drawn once; `live` takes them through the months and keeps who had how many issues, which of them went
to social, and the demand of every month. `demand` and `issue_rate` are the model of `world` as two functions of a
customer's state, so that `truths` can run the same customers along a path that did not happen. What is told about an
issue is left to `contacts`, the orders to `purchases`.

A company is made in blocks of `BLOCK` customers. The randomness of a block depends on seed, block and purpose alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.clock import DATA_START, DAY_START, DAYS_IN_MONTH, MONTH_DAY, N_MONTHS, calendar_month
from analysis.synthetic.invitation import FIRST_WINDOW_DAY, FIRST_WINDOW_MONTH, OVERLAP, assigned_arms
from analysis.synthetic.world import (
    GRAVE,
    PRODUCT_BASKET_EUR,
    PRODUCT_ISSUES,
    PRODUCT_SHARE,
    REGION_SHARE,
    REGION_TASTE,
    SEVERITY_SHARE,
    World,
)

BLOCK = 40_000
NEVER = 1_000
"""A month that never comes."""
LONG_AGO = -1_000

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

WHOLE = 1 << 31
"""The number of no block: randomness of the company as a whole."""

_PURPOSES = (
    "customers",
    "invitation",
    "issues",
    "contacts",
    "orders",
    "mentions",
    "outcomes",
    "futures",
    "known",
    "chatter",
    "labels",
    "surveys",
    "subscriptions",
    "posts",
    "actions",
    "counters",
    "series",
    "lean",
)
"""A purpose's place is part of its randomness: new ones go to the end."""
_LATE_MONTHS = (1, 31)
_OLDEST_CUSTOMER_DAYS = 2_600
_YEARLY_GROWTH = 0.04
_ISSUE_SEASON = 0.08
_HIDDEN_TRAIT_SLOPE = 3.0


def stream(seed: int, block: int, purpose: str) -> np.random.Generator:
    """The randomness of one block of customers, or of the `WHOLE` company, for one purpose.

    Examples
    --------
    >>> bool(stream(7, 0, "orders").random() == stream(7, 0, "orders").random())
    True
    >>> bool(stream(7, 0, "orders").random() == stream(7, 1, "orders").random())
    False
    """
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(block, _PURPOSES.index(purpose))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Customers:
    """What is fixed about customers, one entry each; tastes, rates and traits stay out of the tables.

    `number` counts from 0 over the whole company; `joined` is an instant; `first_day` and `first_month` are the first
    day and the first whole month of the data in which one is a customer; `demand` is in orders and `issues` in issues
    per month; `taste` in log-odds, `leaning` the same in standard deviations; `left` is the month from which the
    customer is gone; `arm` is the position in the arms of the invitation.
    """

    number: Ints
    region: Ints
    product: Ints
    joined: Ints
    first_day: Ints
    first_month: Ints
    demand: Floats
    issues: Floats
    taste: Floats
    leaning: Floats
    fragile: Flags
    left: Ints
    basket_eur: Floats
    arm: Ints

    def __len__(self) -> int:
        return len(self.number)

    def at(self, rows: NDArray[Any]) -> Customers:
        """Some of the customers, one for each position given."""
        return Customers(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What happened to the customers of a block.

    `issue_customer`, `issue_month`, `issue_social`, `issue_severity`: one entry for each issue, customers as positions
    in the block; the true severity, from 0, where the world gives it a meaning, else 0.
    `demand`: expected orders before cancellation, shape (customers, months), given the issues.
    """

    issue_customer: Ints
    issue_month: Ints
    issue_social: Flags
    issue_severity: Ints
    demand: Floats


def customers_of(world: World, seed: int, block: int, size: int) -> Customers:
    """Draw the customers of a block."""
    rng = stream(seed, block, "customers")
    region = rng.choice(len(REGION_SHARE), size=size, p=REGION_SHARE)
    product = rng.choice(len(PRODUCT_SHARE), size=size, p=PRODUCT_SHARE)
    wealth, habit, trait, basket = rng.standard_normal((4, size))
    late = rng.random(size) < world.late_share
    joined_month = rng.integers(*_LATE_MONTHS, size=size)
    joined_day = MONTH_DAY[joined_month] + (rng.random(size) * DAYS_IN_MONTH[joined_month]).astype(np.int64)
    second = rng.integers(6 * 3_600, 20 * 3_600, size=size)
    earlier = DATA_START - 86_400 * rng.integers(1, _OLDEST_CUSTOMER_DAYS, size=size)
    issues = rng.gamma(world.issue_shape, 1 / world.issue_shape, size=size)
    months_here = rng.geometric(world.leaving, size=size) if world.leaving else np.full(size, NEVER)
    first_month = np.where(late, joined_month + 1, 0)
    spread = world.taste_by_demand * wealth + world.taste_spread * habit
    leaning = spread / world.taste_deviation
    first_day = np.where(late, joined_day + 1, 0)
    left = first_month + months_here
    here = (first_day <= FIRST_WINDOW_DAY) & (left > FIRST_WINDOW_MONTH)
    return Customers(
        number=block * BLOCK + np.arange(size),
        region=region,
        product=product,
        joined=np.where(late, DAY_START[joined_day], earlier) + second,
        first_day=first_day,
        first_month=first_month,
        demand=world.orders * np.exp(world.demand_spread * wealth - world.demand_spread**2 / 2),
        issues=world.issues * issues * np.asarray(PRODUCT_ISSUES)[product],
        taste=world.taste + np.asarray(REGION_TASTE)[region] + world.late_taste * late + spread,
        leaning=leaning,
        fragile=_HIDDEN_TRAIT_SLOPE * leaning + trait > 0,
        left=left,
        basket_eur=np.asarray(PRODUCT_BASKET_EUR)[product] * np.exp(0.08 * wealth + 0.25 * basket),
        arm=assigned_arms(here, stream(seed, block, "invitation")),
    )


def present(customers: Customers, month: Ints | int) -> Floats:
    """The share of a month's days on which one is a customer."""
    end = MONTH_DAY[np.asarray(month) + 1]
    share = np.clip((end - customers.first_day) / DAYS_IN_MONTH[month], 0.0, 1.0)
    return np.where(customers.left > month, share, 0.0)


def social_share(world: World, customers: Customers, month: Ints | int) -> Floats:
    """The probability that an issue of this month goes to social."""
    odds = customers.taste.copy()
    for incident in world.incidents:
        odds += np.where((customers.product == incident.product) & (month == incident.month), incident.taste, 0.0)
    return 1 / (1 + np.exp(-odds))


def issue_rate(world: World, customers: Customers, month: Ints | int, first_social: Ints) -> Floats:
    """Expected issues in a month, given the month of the first social issue (`NEVER` if none)."""
    season = 1 + _ISSUE_SEASON * np.cos(2 * np.pi * (calendar_month(month) - 1) / 12)
    rate = customers.issues * present(customers, month) * season
    for incident in world.incidents:
        rate = np.where((customers.product == incident.product) & (month == incident.month), incident.issues, 1) * rate
    return np.where(first_social < month, 1 + world.issue_effect, 1.0) * rate


def demand(
    world: World,
    customers: Customers,
    month: Ints | int,
    last_issue: Ints,
    first_social: Ints,
    last_grave: Ints | int = LONG_AGO,
) -> Floats:
    """Expected orders in a month, given the months of the latest issue and of the first social one.

    Parameters
    ----------
    world : World
    customers : Customers
        n of them.
    month : int, or array of int, shape (n,)
    last_issue : array of int, shape (n,)
        Month of the latest issue up to and with this month (`LONG_AGO` if none).
    first_social : array of int, shape (n,)
        Month of the first issue on social (`NEVER` if none).
    last_grave : int, or array of int, shape (n,)
        Month of the latest issue of the gravest severity up to and with this month; none unless given.

    Returns
    -------
    array of float, shape (n,)
        Orders before cancellation, with the invitation's effect.
    """
    amplitude, peak = (np.array(values)[customers.product] for values in zip(*world.season, strict=True))
    expected = customers.demand * present(customers, month)
    expected = expected * (1 + amplitude * np.cos(2 * np.pi * (calendar_month(month) - peak) / 12))
    years = (np.asarray(month) - (N_MONTHS - 1) / 2) / 12
    expected = expected * np.exp((_YEARLY_GROWTH + world.growth_by_taste * customers.leaning) * years)
    since = month - last_issue
    expected = expected * np.where(since <= world.dip_months, 1 - world.dip, 1.0)
    if world.hidden_harm:
        expected = expected * np.where(customers.fragile & (since <= world.hidden_months), 1 - world.hidden_harm, 1.0)
    if world.grave_dip:
        expected = expected * np.where(month - last_grave <= world.grave_months, 1 - world.grave_dip, 1.0)
    for incident in world.incidents:
        struck = (month >= incident.month) & (month <= incident.month + incident.lasts)
        expected = expected * np.where(struck & (customers.product == incident.product), incident.demand, 1.0)
    effect = np.asarray(world.order_effect)[customers.region]
    expected = expected * np.where(first_social < month, 1 + effect, 1.0)
    invited = np.where(customers.arm == 1, 1 + world.invitation_effect * OVERLAP[month], 1.0)
    return np.asarray(expected * invited)


def counts_of(uniform: Floats, rate: Floats) -> Ints:
    """Poisson counts by inversion: the same uniform gives the nearest counts under two rates.

    Examples
    --------
    >>> counts_of(np.array([0.1, 0.93, 0.93]), np.array([0.5, 0.5, 0.4])).tolist()
    [0, 2, 1]
    """
    term = np.exp(-rate)
    cumulated = term.copy()
    counts = np.zeros(len(rate), dtype=np.int64)
    size = 0
    while (above := (uniform > cumulated) & (term > 1e-18)).any():
        size += 1
        counts += above
        term = term * rate / size
        cumulated = cumulated + term
    return counts


def severity_of(world: World, n: int, rng: np.random.Generator) -> Ints:
    """The true severity of issues, from 0, where it matters to demand; else 0, and nothing is drawn."""
    if not world.grave_dip:
        return np.zeros(n, dtype=np.int64)
    return rng.choice(len(SEVERITY_SHARE), size=n, p=SEVERITY_SHARE)


def live(world: World, customers: Customers, rng: np.random.Generator) -> Life:
    """Take the customers through all months of the data."""
    size = len(customers)
    last_issue = np.full(size, LONG_AGO)
    last_grave = np.full(size, LONG_AGO)
    first_social = np.full(size, NEVER)
    who, when, social, severities = [], [], [], []
    wanted = np.empty((size, N_MONTHS))
    for month in range(N_MONTHS):
        counts = counts_of(rng.random(size), issue_rate(world, customers, month, first_social))
        last_issue = np.where(counts > 0, month, last_issue)
        struck = np.repeat(np.arange(size), counts)
        severity = severity_of(world, len(struck), rng)
        last_grave[struck[severity == GRAVE]] = month
        wanted[:, month] = demand(world, customers, month, last_issue, first_social, last_grave)
        on_social = rng.random(len(struck)) < social_share(world, customers, month)[struck]
        newly = struck[on_social]
        first_social[newly] = np.minimum(first_social[newly], month)
        who.append(struck)
        when.append(np.full(len(struck), month))
        social.append(on_social)
        severities.append(severity)
    return Life(
        issue_customer=np.concatenate(who),
        issue_month=np.concatenate(when),
        issue_social=np.concatenate(social),
        issue_severity=np.concatenate(severities),
        demand=wanted,
    )
