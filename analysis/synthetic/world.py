"""Of what is a made-up company made, and in what do the worlds differ? The parameters; `company` lives them out.

The model. A customer has a demand (log-normal between customers), an issue rate (gamma), and a taste for social that
grows with demand: that is what spoils a raw comparison of users and non-users. Month by month (36 months of
Europe/London, October 2023 to September 2026) a customer has a Poisson number of issues; each goes to social with the
probability that the taste gives it, else to one of four other channels. An issue lowers the customer's demand by
`dip` in its own month and the `dip_months` after it, whatever its channel: that is what spoils a raw comparison of
before and after. Orders are gamma-Poisson around the demand, so that a customer has quiet and busy months.

The effect. The first issue that goes to social multiplies, from the month after it to the end of the data, the
customer's demand by 1 + `order_effect` of the region and the later issue rate by 1 + `issue_effect`. Fewer issues mean
fewer dips, and a customer whose index issue went elsewhere may turn to social later: the true effect of the *index
issue* is therefore not quite `order_effect`; `truths` finds it. Baskets, margin shares and costs it leaves alone.

The issue rate depends on the product alone, not on demand or taste, and severity not on the channel: what a world does
not name as its hazard, it does not contain. In `severity` the gravest issues do more harm, and what is recorded of
an issue's severity is partly wrong; the channel is still chosen without regard to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from analysis.foundation.errors import UnknownName

REGIONS = ("north", "south", "east", "west")
PRODUCTS = ("mobile", "broadband", "tv")
CHANNELS = ("social", "phone", "email", "in_person", "chat")
SOCIAL = 0

REGION_SHARE = (0.22, 0.34, 0.25, 0.19)
REGION_TASTE = (-0.2, 0.0, 0.3, 0.0)
"""How a region's taste for social lies above the others', in log-odds."""
PRODUCT_SHARE = (0.45, 0.35, 0.20)
PRODUCT_ISSUES = (1.0, 1.25, 0.8)
PRODUCT_BASKET_EUR = (52.0, 64.0, 44.0)
MARGIN_SHARE = (0.42, 0.36, 0.31)
OTHER_CHANNEL_SHARE = (0.0, 0.45, 0.30, 0.10, 0.15)
"""Where an issue goes that does not go to social."""
CHANNEL_COST_EUR = (3.6, 8.4, 4.9, 14.5, 4.2)
SEVERITY_SHARE = (0.5, 0.35, 0.15)
SEVERITY_COST = (0.7, 1.0, 1.8)
GRAVE = 2
"""The position of the gravest severity."""
CANCELLED_SHARE = 0.03
CURRENCY = "EUR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A failure that many customers of one product share, whether they write in or not.

    Parameters
    ----------
    month : int
        Month of the data, from 0, in which it strikes.
    product : int
        Position in `PRODUCTS`.
    issues : float
        Factor on the product's issue rate in that month.
    demand : float
        Factor on the demand of all customers of the product, in that month and `lasts` months after it.
    lasts : int
    taste : float
        Log-odds added to the product's taste for social in that month: incidents are talked about in public.
    """

    month: int
    product: int
    issues: float
    demand: float
    lasts: int
    taste: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Viral:
    """Something of the company that goes round on social for some days; nobody buys, complains or logs it for that.

    Parameters
    ----------
    first : date
        The local day on which it begins.
    mentions : tuple of float
        Mentions for each customer of the company, on that day and the days after it.
    """

    first: date
    mentions: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The parameters of one kind of company. Rates are per customer and month, effects are shares of one.

    Parameters
    ----------
    about : str
        The hazard, in a line.
    order_effect : tuple of float
        What the first social issue adds to demand, one share for each of `REGIONS`.
    issue_effect : float
        What it adds to the later issue rate (negative: fewer issues).
    orders, demand_spread, busy_shape : float
        Mean orders of an average customer; standard deviation of log demand between customers; shape of the gamma
        factor of each customer-month (small: long quiet spells and bursts).
    issues, issue_shape : float
        Mean issues of an average customer; shape of the gamma distribution of issue rates.
    taste, taste_by_demand, taste_spread : float
        Log-odds of social for an average customer; what one standard deviation of log demand adds; the standard
        deviation of the rest.
    dip, dip_months
        How much an issue lowers demand, and in how many months after its own.
    season : tuple of (float, int)
        Amplitude and peak (calendar month) of the demand of each of `PRODUCTS`.
    growth_by_taste : float
        Yearly log growth of demand for one standard deviation of taste.
    hidden_harm, hidden_months
        A further drop of demand after any issue, for customers with a hidden trait that goes with the taste for social.
    grave_dip, grave_months
        A further drop of demand after an issue that truly was of the gravest severity.
    severity_error : float
        Share of issues whose recorded severity is drawn anew, where `grave_dip` is not 0.
    incidents : tuple of Incident
    viral : tuple of Viral
    late_share, late_taste : float
        Share of customers who join during the data; what that adds to their taste, in log-odds.
    leaving : float
        Probability to leave for good, silently.
    drift, drift_memory : float
        Standard deviation of a first-order autoregression of log demand, and its monthly persistence.
    invitation_effect, logins_effect : float
        What the randomised invitation adds to demand and to logins, in the 90 days after it.
    only_experiment : bool
        Whether only the randomised test is written: no issues, contacts and mentions.
    """

    about: str
    order_effect: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    issue_effect: float = 0.0
    orders: float = 0.65
    demand_spread: float = 0.7
    busy_shape: float = 0.35
    issues: float = 0.07
    issue_shape: float = 1.2
    taste: float = -1.35
    taste_by_demand: float = 0.45
    taste_spread: float = 0.3
    dip: float = 0.30
    dip_months: int = 3
    season: tuple[tuple[float, int], ...] = ((0.15, 12), (0.10, 11), (0.15, 12))
    growth_by_taste: float = 0.0
    hidden_harm: float = 0.0
    hidden_months: int = 6
    grave_dip: float = 0.0
    grave_months: int = 6
    severity_error: float = 0.0
    incidents: tuple[Incident, ...] = ()
    viral: tuple[Viral, ...] = ()
    late_share: float = 0.12
    late_taste: float = 0.0
    leaving: float = 0.0
    drift: float = 0.0
    drift_memory: float = 0.8
    invitation_effect: float = 0.0
    logins_effect: float = 0.0
    only_experiment: bool = False

    @property
    def taste_deviation(self) -> float:
        """Standard deviation of the taste for social between customers of one region, in log-odds."""
        return float((self.taste_by_demand**2 + self.taste_spread**2) ** 0.5)


def _everywhere(effect: float) -> tuple[float, float, float, float]:
    return (effect, effect, effect, effect)


_BROADBAND = PRODUCTS.index("broadband")
_OUTAGE = Incident(month=25, product=_BROADBAND, issues=2.5, demand=0.92, lasts=1, taste=0.3)
_GOAT = Viral(first=date(2026, 2, 19), mentions=(0.0055, 0.0040, 0.00175, 0.00075))

WORLDS: Mapping[str, World] = MappingProxyType(
    {
        "demo": World(
            about="the company of the demonstration: an effect that differs by region, one outage, one spike of "
            "mentions that nothing explains, one randomised test",
            order_effect=(0.04, 0.08, 0.10, 0.13),
            issue_effect=-0.10,
            incidents=(_OUTAGE,),
            viral=(_GOAT,),
            invitation_effect=0.06,
            logins_effect=0.10,
        ),
        "none": World(about="no effect of anything; raw comparisons are wrong all the same"),
        "effect": World(
            about="10 % more orders and 15 % fewer issues after the first social issue, everywhere",
            order_effect=_everywhere(0.10),
            issue_effect=-0.15,
            invitation_effect=0.08,
            logins_effect=0.10,
        ),
        "harm": World(
            about="8 % fewer orders after the first social issue, everywhere",
            order_effect=_everywhere(-0.08),
            invitation_effect=-0.06,
            logins_effect=-0.05,
        ),
        "one_segment": World(
            about="25 % more orders in the north, nothing elsewhere", order_effect=(0.25, 0.0, 0.0, 0.0)
        ),
        "season": World(
            about="no effect; demand swings by half, each product in its own season",
            season=((0.5, 12), (0.5, 6), (0.5, 3)),
        ),
        "incident": World(
            about="no effect; three outages, each shared by the customers of a product and talked about on social",
            incidents=(
                Incident(month=12, product=_BROADBAND, issues=5.0, demand=0.75, lasts=3, taste=0.8),
                Incident(month=19, product=0, issues=4.0, demand=0.80, lasts=2, taste=0.8),
                Incident(month=25, product=_BROADBAND, issues=6.0, demand=0.70, lasts=3, taste=1.0),
            ),
        ),
        "trend": World(
            about="no effect; demand grows faster the stronger the taste for social: the design must not pass",
            growth_by_taste=0.45,
        ),
        "confounded": World(
            about="no effect; an unrecorded cause, tied to the taste for social, deepens the harm of an issue a little",
            hidden_harm=0.15,
        ),
        "confounded_strong": World(
            about="no effect; the same unrecorded cause, strong",
            hidden_harm=0.60,
        ),
        "late_joiners": World(
            about="no effect; four customers in ten join during the data, and lean to social",
            late_share=0.40,
            late_taste=0.5,
        ),
        "churn": World(about="no effect; two customers in a hundred leave each month, silently", leaving=0.02),
        "drift": World(about="no effect; each customer's demand wanders (autoregressive)", drift=0.5),
        "severity": World(
            about="no effect; the gravest issues halve demand for six months; severity is recorded with error",
            grave_dip=0.5,
            severity_error=0.4,
        ),
        "experiment": World(
            about="a randomised invitation alone, in small files",
            invitation_effect=0.10,
            logins_effect=0.12,
            only_experiment=True,
        ),
    }
)


def world_named(name: str) -> World:
    """The parameters of a world.

    Raises
    ------
    UnknownName
        If there is no such world, with the nearest.

    Examples
    --------
    >>> world_named("none").order_effect
    (0.0, 0.0, 0.0, 0.0)
    >>> world_named("nonne")
    Traceback (most recent call last):
        ...
    analysis.foundation.errors.UnknownName: 1 fault was found.
      - world: there is no `nonne`. Did you mean `none`?
    """
    if name not in WORLDS:
        raise UnknownName.of("world", name, WORLDS)
    return WORLDS[name]
