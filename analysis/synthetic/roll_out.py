"""What if social care were offered in waves? A made-up company that invites its customers a group at a time.

Every customer is drawn into one of four waves or a group that is never invited. From the first day of the wave's month
an invited customer uses social more, buys more by the variant's effect and has fewer issues; nothing else is changed by
an invitation, and what happens in it is what "effect of the invitation" means, whether it is followed or not.

`rollout_none`: no effect. `rollout_effect`: the same from the first month on. `rollout_growing`: it grows for six
months. `rollout_trend`: no effect, but the waves were not drawn by lot: customers whose purchases were growing anyway
were invited first, so that a comparison of waves finds what no invitation made.

Customers buy by a gamma-Poisson law around a demand of their own (log-normal), with a season by product and a common
growth; some join late. `roll_out_life` makes it in arrays, `truth` says what is true of the waves whose windows fit, by
the same customers along the path without an invitation; both take the effect over the months after that of the
invitation. Tables are left to `roll_out_folder`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.calendar import Month
from analysis.foundation.errors import UnknownName

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

EXPERIMENT = "care_rollout"
FIRST_MONTH = Month.of("2024-10")
N_MONTHS = 24
WAVE_MONTHS = (8, 11, 14, 17)
"""Months of the data, from 0, on whose first day the waves are invited."""
ARMS = ("wave_1", "wave_2", "wave_3", "wave_4", "control")
NEVER = 1_000_000
"""The wave of those who are never invited."""
PRODUCTS = ("broadband", "mobile", "tv")
REGIONS = ("east", "north", "south", "west")

_ARM_SHARE = (0.18, 0.18, 0.18, 0.18, 0.28)
_PRODUCT_SHARE = (0.35, 0.45, 0.20)
_PRODUCT_SEASON = ((0.05, 6), (0.15, 0), (0.10, 3))
"""Amplitude and month of the peak, January as 0."""
_PRODUCT_BASKET_EUR = (60.0, 48.0, 42.0)
_MARGIN_SHARE = (0.36, 0.42, 0.31)
_REGION_SHARE = (0.25, 0.22, 0.34, 0.19)
_LATE_SHARE = 0.1
_ORDERS, _DEMAND_SPREAD, _BUSY_SHAPE, _MONTHLY_GROWTH = 0.5, 0.5, 3.0, 0.003
_ISSUES, _ISSUE_SHAPE = 0.08, 1.5
_SOCIAL_SHARE, _SOCIAL_SHARE_INVITED = 0.15, 0.45
_TREND_SPREAD = 0.018
"""Standard deviation of customers' own monthly growth where the waves follow it."""
_GROWS_FOR = 6
_BASKET_NOISE = 0.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """What an invitation does: shares added to demand and to the issue rate; whether it grows; who is invited first."""

    about: str
    order_effect: float = 0.0
    issue_effect: float = 0.0
    grows: bool = False
    trend: bool = False


VARIANTS: Mapping[str, Variant] = MappingProxyType(
    {
        "rollout_none": Variant(about="an invitation that changes nothing"),
        "rollout_effect": Variant(about="10 % more orders and fewer issues", order_effect=0.10, issue_effect=-0.12),
        "rollout_growing": Variant(
            about="an effect that grows for six months", order_effect=0.18, issue_effect=-0.12, grows=True
        ),
        "rollout_trend": Variant(about="no effect, but those who were growing anyway are invited first", trend=True),
    }
)


@dataclass(frozen=True, kw_only=True)
class RollOutLife:
    """A company and its roll-out in arrays; months are months of the data, from 0.

    Parameters
    ----------
    name : str
    seed : int
    wave : array of int, shape (n,)
        Month of the invitation; `NEVER` for the group that is not invited.
    first_month : array of int, shape (n,)
        First whole month as a customer.
    product, region : array of int, shape (n,)
    basket_eur : array of float, shape (n,)
    wanted : array of float, shape (n, N_MONTHS)
        Expected orders without an invitation.
    issue_rate : array of float, shape (n,)
        Expected issues in a month without an invitation.
    orders : array of int, shape (n, N_MONTHS)
    issue_customer, issue_month : array of int, shape (n_issues,)
        Sorted by customer and month.
    issue_social : array of bool, shape (n_issues,)
    """

    name: str
    seed: int
    wave: Ints
    first_month: Ints
    product: Ints
    region: Ints
    basket_eur: Floats
    wanted: Floats
    issue_rate: Floats
    orders: Ints
    issue_customer: Ints
    issue_month: Ints
    issue_social: Flags

    @property
    def variant(self) -> Variant:
        return VARIANTS[self.name]

    @property
    def here(self) -> Flags:
        """In which months each is a customer, shape (n, N_MONTHS)."""
        return np.asarray(np.arange(N_MONTHS) >= self.first_month[:, None])

    @cached_property
    def order_rows(self) -> tuple[Ints, Ints, Ints, Ints]:
        """Customer, month, revenue and margin in cents of each order, sorted by customer and month."""
        cell = np.repeat(np.arange(self.orders.size), self.orders.ravel())
        who, month = np.divmod(cell, N_MONTHS)
        noise = _stream(self.seed, self.name, "values").standard_normal(len(who))
        cents = np.rint(100 * self.basket_eur[who] * np.exp(_BASKET_NOISE * noise - _BASKET_NOISE**2 / 2))
        margin = np.rint(cents * np.array(_MARGIN_SHARE)[self.product[who]])
        return who, month, cents.astype(np.int64), margin.astype(np.int64)

    def money_cents(self, measure: str) -> Ints:
        """Revenue or margin of each customer and month in cents, shape (n, N_MONTHS)."""
        who, month, *cents = self.order_rows
        worth = cents[("revenue", "margin").index(measure)].astype(np.float64)
        found = np.bincount(who * N_MONTHS + month, weights=worth, minlength=self.orders.size)
        return np.rint(found).astype(np.int64).reshape(self.orders.shape)

    @property
    def issues(self) -> Ints:
        """Issues of each customer and month, shape (n, N_MONTHS)."""
        cell = self.issue_customer * N_MONTHS + self.issue_month
        return np.bincount(cell, minlength=self.orders.size).reshape(self.orders.shape)


def roll_out_life(name: str, seed: int, customers: int = 30_000) -> RollOutLife:
    """Make a company that rolls social care out in waves.

    Parameters
    ----------
    name : str
        One of `VARIANTS`.
    seed : int
        Not negative.
    customers : int

    Raises
    ------
    UnknownName
        If there is no such variant.

    Examples
    --------
    >>> life = roll_out_life("rollout_effect", seed=1, customers=500)
    >>> life.orders.shape, sorted(set(life.wave.tolist()))
    ((500, 24), [8, 11, 14, 17, 1000000])
    """
    if name not in VARIANTS:
        raise UnknownName.of("world", name, VARIANTS)
    variant, rng, n = VARIANTS[name], _stream(seed, name, "life"), customers
    product = rng.choice(len(PRODUCTS), size=n, p=_PRODUCT_SHARE)
    region = rng.choice(len(REGIONS), size=n, p=_REGION_SHARE)
    late = rng.random(n) < _LATE_SHARE
    first_month = np.where(late, rng.integers(1, N_MONTHS - 2, size=n), 0)
    demand = _ORDERS * np.exp(_DEMAND_SPREAD * rng.standard_normal(n) - _DEMAND_SPREAD**2 / 2)
    slope = _TREND_SPREAD * rng.standard_normal(n) if variant.trend else np.zeros(n)
    wave = _waves(slope, rng)
    month = np.arange(N_MONTHS)
    amplitude, peak = (np.array(values, dtype=float) for values in zip(*_PRODUCT_SEASON, strict=True))
    turn = np.cos(2 * np.pi * ((FIRST_MONTH.number + month) % 12 - peak[:, None]) / 12)
    season = (1 + amplitude[:, None] * turn) * np.exp(_MONTHLY_GROWTH * month)
    here = month >= first_month[:, None]
    wanted = demand[:, None] * season[product] * here
    if variant.trend:
        wanted *= np.exp(slope[:, None] * (month - (N_MONTHS - 1) / 2))
    issue_rate = _ISSUES * rng.gamma(_ISSUE_SHAPE, 1 / _ISSUE_SHAPE, size=n)
    busy = rng.standard_gamma(_BUSY_SHAPE, size=wanted.shape)
    busy *= wanted / _BUSY_SHAPE
    if variant.order_effect:
        busy *= 1 + variant.order_effect * strength(variant, wave)
    orders = rng.poisson(busy)
    rate = issue_rate[:, None] * here
    if variant.issue_effect:
        rate = rate * (1 + variant.issue_effect * strength(variant, wave))
    issues = rng.poisson(rate)
    cell = np.repeat(np.arange(issues.size), issues.ravel())
    who, when = np.divmod(cell, N_MONTHS)
    share = np.where(wave[who] <= when, _SOCIAL_SHARE_INVITED, _SOCIAL_SHARE)
    return RollOutLife(
        name=name,
        seed=seed,
        wave=wave,
        first_month=first_month,
        product=product,
        region=region,
        basket_eur=np.array(_PRODUCT_BASKET_EUR)[product] * np.exp(0.25 * rng.standard_normal(n)),
        wanted=wanted,
        issue_rate=issue_rate,
        orders=orders,
        issue_customer=who,
        issue_month=when,
        issue_social=rng.random(len(who)) < share,
    )


def _waves(slope: Floats, rng: np.random.Generator) -> Ints:
    """The month in which each is invited: by lot, or those who grow fastest first."""
    luck = rng.random(len(slope))
    if slope.any():
        luck = np.argsort(np.argsort(-slope + 0.5 * _TREND_SPREAD * rng.standard_normal(len(slope)))) / len(slope)
    arm = np.minimum(np.searchsorted(np.cumsum(_ARM_SHARE), luck, side="right"), len(_ARM_SHARE) - 1)
    return np.array([*WAVE_MONTHS, NEVER])[arm]


def strength(variant: Variant, wave: Ints) -> Floats:
    """How much of the effect is there in each month, 0 to 1, shape (n, N_MONTHS).

    Examples
    --------
    >>> strength(VARIANTS["rollout_growing"], np.array([20]))[0, 18:].tolist()
    [0.0, 0.0, 0.16666666666666666, 0.3333333333333333, 0.5, 0.6666666666666666]
    """
    since = np.arange(N_MONTHS) - wave[:, None]
    share = np.clip((since + 1) / _GROWS_FOR, 0.0, 1.0) if variant.grows else since >= 0
    return np.asarray(share, dtype=np.float64)


def truth(life: RollOutLife, before: int = 6, after: int = 6) -> dict[tuple[str, str], float]:
    """The true effect of the invitation on those invited in the waves whose windows fit.

    Parameters
    ----------
    life : RollOutLife
    before, after : int
        Windows in months: a wave counts where both lie inside the data, a customer who was one before.

    Returns
    -------
    dict of (scale, outcome) to float
        Scale "ratio" or "difference" (expected, per invited customer over the months 1 to `after`, EUR for money), of
        orders, revenue, margin and issues.

    Examples
    --------
    >>> found = truth(roll_out_life("rollout_effect", seed=1, customers=500))
    >>> round(found["ratio", "orders"], 6), truth(roll_out_life("rollout_none", 1, 500))["difference", "issues"]
    (1.1, 0.0)
    """
    fits = (life.wave >= before) & (life.wave + after <= N_MONTHS - 1) & (life.first_month <= life.wave - before)
    who = np.flatnonzero(fits)
    window = life.wave[who, None] + np.arange(1, after + 1)
    share = np.take_along_axis(strength(life.variant, life.wave[who]), window, axis=1)
    basket = life.basket_eur[who, None]
    margin = basket * np.array(_MARGIN_SHARE)[life.product[who], None]
    orders = np.take_along_axis(life.wanted[who], window, axis=1)
    issues = np.broadcast_to(life.issue_rate[who, None], orders.shape)
    found: dict[tuple[str, str], float] = {}
    for outcome, without, effect in (
        ("orders", orders, life.variant.order_effect),
        ("revenue", orders * basket, life.variant.order_effect),
        ("margin", orders * margin, life.variant.order_effect),
        ("issues", issues, life.variant.issue_effect),
    ):
        change = float((without * effect * share).sum())
        found["difference", outcome] = change / len(who)
        found["ratio", outcome] = 1 + change / float(without.sum())
    return found


def _stream(seed: int, name: str, purpose: str) -> np.random.Generator:
    """Randomness of one company for one purpose. Variants of a seed are different companies."""
    key = (tuple(VARIANTS).index(name), ("life", "values", "times").index(purpose))
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))


def times_stream(life: RollOutLife) -> np.random.Generator:
    """The randomness of the instants at which things happen, which only tables have."""
    return _stream(life.seed, life.name, "times")
