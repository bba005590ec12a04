"""Who are the customers of the subscription firm? What is fixed about each, before anything happens to them.

Age and device make the taste for social, and with it go the number of seats and the tier of prices: levels, the same
before and after. Nothing else that moves a life depends on them, except where a variant says so. What happens to
customers is left to `lives`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from analysis.synthetic.subscription_firm.dates import DATA_START, MONTH_START, Floats, Ints
from analysis.synthetic.subscription_firm.firm import PRODUCT_SHARE, REGION_SHARE, Firm, Flags

NEVER = 1_000
"""A month that never comes."""

_JOINS_LATER = 0.45
_OLDEST_DAYS = 2_000
_AGE_SHARE = (0.30, 0.42, 0.28)
_AGE_TASTE = (0.40, 0.0, -0.45)
_APP_SHARE = (0.75, 0.50, 0.20)
_APP_TASTE = 0.25
_TASTE, _TASTE_SPREAD = -1.35, 0.10
_SEATS = (1, 2, 4)
_SEATS_BY_AGE = ((0.15, 0.35, 0.50), (0.56, 0.30, 0.14), (0.90, 0.09, 0.01))
_APP_TIER = 1.25
_NO_APPETITE = 0.20
_APPETITE = 0.42
_APPETITE_SHAPE = 0.9
_TRAIT_SHARE, _TRAIT_TASTE = 0.40, 1.40


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What is fixed about customers; of it the tables show `joined`, region and product alone.

    `first_month` is the first whole month of the data in which one is a customer, from which on there are problems and
    add-ons. `taste` is the leaning to social in log-odds; `appetite` the occasions to buy add-ons in a month, all seats
    together; `tier` the factor on all prices; `deep` how deep problems go (1 without the hidden trait).
    """

    region: Ints
    product: Ints
    joined: Ints
    first_month: Ints
    young: Flags
    taste: Floats
    seats: Ints
    tier: Floats
    appetite: Floats
    deep: Floats

    def __len__(self) -> int:
        return len(self.region)

    def at(self, rows: Ints) -> People:
        """The customers at these positions."""
        return People(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def people_of(firm: Firm, n: int, rng: np.random.Generator) -> People:
    """Draw n customers.

    Examples
    --------
    >>> from analysis.synthetic.subscription_firm.firm import firm_named
    >>> len(people_of(firm_named("firm_none"), 100, np.random.default_rng(1)))
    100
    """
    age = rng.choice(3, size=n, p=_AGE_SHARE)
    app = rng.random(n) < np.asarray(_APP_SHARE)[age]
    leaning = np.asarray(_AGE_TASTE)[age] + _APP_TASTE * app + _TASTE_SPREAD * rng.standard_normal(n)
    seats = np.asarray(_SEATS)[(rng.random(n)[:, None] >= np.cumsum(_SEATS_BY_AGE, axis=1)[age][:, :2]).sum(axis=1)]
    later = rng.random(n) < _JOINS_LATER
    when = rng.random(n)
    length = int(MONTH_START[-1] - DATA_START)
    joined = np.where(
        later,
        DATA_START + (when * length).astype(np.int64),
        DATA_START - (when * _OLDEST_DAYS * 86_400).astype(np.int64),
    )
    first_month = np.where(later, np.searchsorted(MONTH_START, joined, side="right"), 0)
    hungry = rng.random(n) >= _NO_APPETITE
    appetite = seats * hungry * rng.gamma(_APPETITE_SHAPE, _APPETITE / _APPETITE_SHAPE, size=n)
    trait = (rng.random(n) < _TRAIT_SHARE) * (firm.deepens > 0)
    return People(
        region=rng.choice(len(REGION_SHARE), size=n, p=REGION_SHARE),
        product=rng.choice(len(PRODUCT_SHARE), size=n, p=PRODUCT_SHARE),
        joined=joined,
        first_month=first_month,
        young=age == 0,
        taste=_TASTE + leaning + _TRAIT_TASTE * trait,
        seats=seats,
        tier=np.where(app, _APP_TIER, 1.0),
        appetite=appetite,
        deep=1.0 + firm.deepens * trait.astype(np.float64),
    )


def months_since_joining(people: People, month: Ints | int) -> Ints:
    """Whole months as a customer before a month; `NEVER` for those who joined before the data."""
    return np.asarray(np.where(people.joined < DATA_START, NEVER, month - people.first_month))
