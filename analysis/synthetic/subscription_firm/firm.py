"""What is true of the made-up subscription firm? Its variants, and the chances that move customers from month to month.

Customers hold one or more seats by the month. A problem kicks up the chance of the next one for some weeks, and leaves
a strain that fades by the month: under strain a customer buys fewer add-ons, has more invoices credited and leaves more
easily. The chances are plain functions of a customer's state, so that `lives` can take customers along the path that
happened and `truth` along the one that did not. Who the customers are is left to `people`.

The choice of channel depends on age, device and the hour, which act on nothing but the number of seats and the tier of
prices (a level, the same before and after), except where a variant says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import UnknownName
from analysis.synthetic.subscription_firm.dates import FIRST_MONTH, HOUR_SHARE, N_MONTHS, STEPS

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

CURRENCY = "EUR"
REGIONS = ("alpen", "hanse", "rhein", "spree")
REGION_SHARE = (0.20, 0.25, 0.35, 0.20)
PRODUCTS = ("backup", "office", "shop")
PRODUCT_SHARE = (0.45, 0.33, 0.22)
SEAT_PRICE_EUR = (9.0, 14.0, 29.0)
ADDON_PRICE_EUR = (6.0, 9.0, 16.0)
INVOICE_MARGIN = (0.62, 0.55, 0.48)
ADDON_MARGIN = 0.35

CHANNELS = ("chat", "community", "email", "phone", "sms", "social")
SOCIAL = CHANNELS.index("social")
OTHER_SHARE = (0.34, 0.18, 0.28, 0.16, 0.04)
"""Of the channels other than social, in their order."""
ISSUE_COST_CENTS = np.array([[310, 450, 800], [90, 130, 240], [420, 610, 1_080], [690, 990, 1_760], [260, 380, 670],
                             [270, 390, 700]])  # fmt: skip
"""By channel and severity."""
SEVERITY_SHARE = (0.50, 0.35, 0.15)
SEVERITY_STRAIN = np.array([0.7, 1.0, 1.9])
"""How much strain a problem of each severity leaves."""

KICK = 0.055
"""What a problem just had adds to the chance of another one in the next step."""
KICK_FADES = 0.75
"""What is left of a kick after one more step."""
STRAIN_FADES = 0.60
"""What is left of the strain after a month."""
MOST_STRAIN = 3.0
BUNDLE_SHARE = (0.55, 0.30, 0.15)
"""An occasion to buy brings one, two or three add-ons."""
RETURNED = 0.03
"""The share of add-ons that are cancelled."""
BUNDLE_MEAN = float(np.dot(BUNDLE_SHARE, (1, 2, 3)))
ALL_RETURNED = float(np.dot(BUNDLE_SHARE, RETURNED ** np.array([1.0, 2.0, 3.0])))
"""The chance that nothing is kept of an occasion."""
MOVES = 0.008
"""The monthly chance to move to another tariff, at a price a tenth higher or lower, the one as often as the other."""
TARIFF_STEP = 0.10
SURGE = 0.9
"""In log-odds: how much more readily problems go to social in the month of an outage that made the news."""

_BASE_ISSUES = (0.062, 0.074, 0.084)
"""Problems a month that nothing but the product brings, by product."""
_CREDIT, _CREDIT_STRAIN = 0.006, 0.025
_LEAVING_DEPTH = 0.25
"""Of the depth beyond 1, how much counts for leaving: most of those whom problems go deep with stay, and buy less."""
_ADDON_STRAIN = 0.45
_NEW_MONTHS, _NEW_LEAVE = 3, 1.8
_YEARLY_PRICE_RISE = 0.03
_HOUR_LEANING = np.where((np.arange(24) >= 18) | (np.arange(24) < 7), 0.7, -0.35)
"""Evenings and nights lean to social, in log-odds."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A service incident shared by the customers of a product in one month.

    `rate` multiplies problems nobody brought on; `buying` multiplies add-ons of all customers of the product in that
    month and the two after it, whether they write in or not; `leaving` is added to their chance to leave in them. An
    outage in the `news` turns the problems of all customers of the firm to social in its month: not those of the
    product alone, or the choice would tell who was hit within the strata of the study of issues, which know no product.
    """

    month: int
    product: int
    rate: float
    buying: float = 1.0
    leaving: float = 0.0
    news: bool = False


_SMALL_OUTAGES = (Outage(7, 0, 2.2), Outage(12, 2, 2.5), Outage(17, 1, 2.2), Outage(25, 0, 1.9))


@dataclass(frozen=True, slots=True, kw_only=True)
class Firm:
    """One variant of the firm.

    `leaving`: the monthly chance to leave without any strain; `strain_leaves`: what one unit of strain adds to it.
    `strain_effect`, `addon_effect`, `issue_effect`: relative changes, from the month after a customer's first issue on
    social, of what strain adds, of add-ons and of the chance of problems. `season`: swing of add-ons and problems over
    the year, each product at its own time. `young_leave` multiplies `leaving` for the young. `deepens`: how much
    deeper problems go with customers of a hidden trait that goes with the taste for social.
    """

    about: str
    leaving: float = 0.012
    strain_leaves: float = 0.028
    strain_effect: float = 0.0
    addon_effect: float = 0.0
    issue_effect: float = 0.0
    season: float = 0.10
    outages: tuple[Outage, ...] = _SMALL_OUTAGES
    young_leave: float = 1.0
    deepens: float = 0.0

    @property
    def has_effect(self) -> bool:
        return bool(self.strain_effect or self.addon_effect or self.issue_effect)


FIRMS: Mapping[str, Firm] = MappingProxyType(
    {
        "firm_none": Firm(about="Nothing has an effect."),
        "firm_effect": Firm(
            about="The first issue on social takes more than half of what strain adds to leaving, and raises add-ons.",
            strain_effect=-0.60,
            addon_effect=0.13,
            issue_effect=-0.14,
        ),
        "firm_harm": Firm(
            about="The first issue on social makes strain worse, and lowers add-ons.",
            strain_effect=0.60,
            addon_effect=-0.13,
            issue_effect=0.10,
        ),
        "firm_incident": Firm(
            about="No effect. Three outages that make the news: problems multiply, all customers of the product buy "
            "less and leave more, and that month more problems of the whole firm go to social.",
            outages=(
                Outage(8, 1, 5.0, 0.65, 0.010, True),
                Outage(14, 0, 6.0, 0.60, 0.015, True),
                Outage(20, 2, 5.0, 0.70, 0.010, True),
            ),
        ),
        "firm_season": Firm(about="No effect. Add-ons and problems swing by half, each product's in its own season.",
                            season=0.50),
        "firm_churn": Firm(about="No effect. Customers leave four times as fast, whichever channel they use.",
                           leaving=0.048),
        "firm_confounded_strong": Firm(
            about="No effect. Problems go deeper with customers of a hidden trait that goes with the taste for social.",
            deepens=9.0,
        ),
        "firm_leavers": Firm(
            about="No effect. The young lean to social and leave faster, whatever happens: no check sees it.",
            young_leave=6.0,
        ),
    }
)  # fmt: skip
"""The variants by name."""


def firm_named(name: str) -> Firm:
    """The parameters of a variant.

    Raises
    ------
    UnknownName
        If there is no such variant, with the nearest.

    Examples
    --------
    >>> firm_named("firm_none").has_effect
    False
    """
    if name not in FIRMS:
        raise UnknownName.of("world", name, FIRMS)
    return FIRMS[name]


@dataclass(frozen=True, slots=True)
class Calendar:
    """What customers share, shape (products, months); `news` of all of them, shape (months,).

    `problems`: chance of a problem in a step that no earlier one brought on; `addons`: factor on add-ons; `leaving`:
    added to the chance to leave; `news`: whether an outage is in the news.
    """

    problems: Floats
    addons: Floats
    leaving: Floats
    news: Flags


@lru_cache
def calendar_of(firm: Firm) -> Calendar:
    """Seasons and outages of a variant.

    Examples
    --------
    >>> calendar_of(firm_named("firm_none")).problems.shape
    (3, 30)
    """
    turn = 2 * np.pi * ((FIRST_MONTH.number + np.arange(N_MONTHS)) / 12 + np.arange(len(PRODUCTS))[:, None] / 3)
    problems = np.asarray(_BASE_ISSUES)[:, None] / STEPS * (1 + 0.5 * firm.season * np.cos(turn))
    addons = 1 + firm.season * np.sin(turn)
    leaving, news = np.zeros_like(addons), np.zeros(N_MONTHS, dtype=bool)
    for outage in firm.outages:
        problems[outage.product, outage.month] *= outage.rate
        addons[outage.product, outage.month : outage.month + 3] *= outage.buying
        leaving[outage.product, outage.month : outage.month + 3] += outage.leaving
        news[outage.month] |= outage.news
    return Calendar(problems, addons, leaving, news)


def price_index() -> Floats:
    """Prices of each month: they rise each January, for everybody alike."""
    return np.asarray((1 + _YEARLY_PRICE_RISE) ** (np.arange(N_MONTHS) // 12))


def problem_chance(firm: Firm, base: Floats, kick: Any, after_social: Any) -> Any:
    """The chance of a problem in a step; `base` of `Calendar.problems`, `kick` what is left of earlier problems."""
    return (base + KICK * kick) * (1 + firm.issue_effect * after_social)


def leaving_chance(firm: Firm, shared: Floats, *, new: Any, young: Any, deep: Any, strain: Any, social: Any) -> Any:
    """The chance to leave at the end of a month, by the strain of the end of the month before (a month's notice).

    `shared` of `Calendar.leaving`; `new` and `young` are flags, `deep` the customer's depth (1 without the trait),
    `social` whether the first issue on social lies in an earlier month.
    """
    base = firm.leaving * (1 + (_NEW_LEAVE - 1) * new) * (1 + (firm.young_leave - 1) * young)
    depth = 1 + _LEAVING_DEPTH * (deep - 1)
    return np.minimum(base + shared + firm.strain_leaves * (1 + firm.strain_effect * social) * depth * strain, 0.9)


def addon_rate(firm: Firm, shared: Floats, *, appetite: Any, deep: Any, strain: Any, social: Any) -> Any:
    """Occasions to buy add-ons in a month; `appetite` is the customer's own, `shared` of `Calendar.addons`."""
    return appetite * shared * np.exp(-_ADDON_STRAIN * deep * strain) * (1 + firm.addon_effect * social)


def credit_chance(*, deep: Any, strain: Any) -> Any:
    """The chance that a seat's invoice of a month is credited.

    One invoice of a customer's month is credited at most, with `seats` times this chance: for four seats, the deepest
    trait and the greatest strain that is still below 1.
    """
    return np.minimum(_CREDIT + _CREDIT_STRAIN * deep * strain, 0.24)


def is_new(months_since_joining: Ints) -> Flags:
    """Whether a customer is in the first months, in which one leaves more easily."""
    return np.asarray(months_since_joining < _NEW_MONTHS)


def social_chance(taste: Floats, hour: Ints | None, news: Any) -> Floats:
    """The chance that a problem goes to social; without an hour its mean over the hours of the day.

    Examples
    --------
    >>> taste = np.array([-1.0])
    >>> by_hour = [social_chance(taste, np.array([hour]), False)[0] for hour in range(24)]
    >>> bool(abs(np.dot(by_hour, HOUR_SHARE) - social_chance(taste, None, False)[0]) < 1e-12)
    True
    """
    leaning = taste + SURGE * np.asarray(news, dtype=float)
    if hour is not None:
        return np.asarray(1 / (1 + np.exp(-(leaning + _HOUR_LEANING[hour]))))
    mean = np.zeros(np.shape(leaning))
    for step in np.unique(_HOUR_LEANING):
        mean = mean + HOUR_SHARE[step == _HOUR_LEANING].sum() / (1 + np.exp(-(leaning + step)))
    return np.asarray(mean)
