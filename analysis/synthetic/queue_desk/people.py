"""Who are the customers of the company with a queue, and at which hours is how much written about what?

`people_of` draws what is fixed about customers; `hours_of` the hours of the data, with each product's daily and weekly
curve, the chance of days, and its incidents. Who then writes, and how long they wait, is left to `queue`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import DATA_START, DAY_START, MONTH_DAY, N_MONTHS
from analysis.synthetic.queue_desk.desk import (
    CURVE_DAY,
    CURVE_NIGHT,
    DAY_SHAPE,
    EVENING,
    INCIDENT_RATE,
    INCIDENTS,
    LONGEST_INCIDENT,
    PRODUCT_SHARE,
    PRODUCTS,
    REGION_SHARE,
    WEEK,
    Flags,
    Floats,
    Ints,
    stream,
)

N_DAYS = len(DAY_START) - 1
WEEKDAY = (np.arange(N_DAYS) + 6) % 7
"""0 for Monday: the data begin on a Sunday."""
MONTH_START = DAY_START[MONTH_DAY]

_JOINS_LATER = 0.25
_OLDEST_DAYS = 1_500
_LATE_HOURS = 0.15
_DEMAND, _DEMAND_SHAPE, _LATE_DEMAND = 0.36, 2.5, 0.7
_ISSUES, _ISSUES_SHAPE = 0.085, 2.0
_BASKET_CENTS, _BASKET_SPREAD = 3_200.0, 0.35


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """What is fixed about customers, each of shape (n,); of it the tables show `joined`, region and product alone.

    `first_month` is the first whole month of the data as a customer; `late` marks those who keep late hours; `demand`
    is in orders and `issues` in issues a month; `basket_cents` is the median value of an order.
    """

    region: Ints
    product: Ints
    joined: Ints
    first_month: Ints
    late: Flags
    demand: Floats
    issues: Floats
    basket_cents: Floats

    def __len__(self) -> int:
        return len(self.product)


def people_of(n: int, rng: np.random.Generator) -> People:
    """Draw n customers.

    Examples
    --------
    >>> len(people_of(50, np.random.default_rng(1)))
    50
    """
    later, when = rng.random(n) < _JOINS_LATER, rng.random(n)
    during = DATA_START + (when * (MONTH_START[-1] - DATA_START)).astype(np.int64)
    before = DATA_START - 1 - (when * _OLDEST_DAYS * 86_400).astype(np.int64)
    joined = np.where(later, during, before)
    late = rng.random(n) < _LATE_HOURS
    return People(
        region=rng.choice(len(REGION_SHARE), size=n, p=REGION_SHARE),
        product=rng.choice(len(PRODUCTS), size=n, p=PRODUCT_SHARE),
        joined=joined,
        first_month=np.where(later, np.searchsorted(MONTH_START, joined, side="left"), 0),
        late=late,
        demand=rng.gamma(_DEMAND_SHAPE, _DEMAND / _DEMAND_SHAPE, size=n) * np.where(late, _LATE_DEMAND, 1.0),
        issues=rng.gamma(_ISSUES_SHAPE, _ISSUES / _ISSUES_SHAPE, size=n),
        basket_cents=_BASKET_CENTS * np.exp(_BASKET_SPREAD * rng.standard_normal(n)),
    )


@dataclass(frozen=True, slots=True)
class Hours:
    """The hours of the data, 24 to each local day.

    `rate`: issues of a customer with one a month, in the hour, shape (products, 2, hours), the second row for those who
    keep late hours; `usual`: the same without incidents and the chance of days; `incident`: whether the product has an
    incident on the day, shape (products, days).
    """

    rate: Floats
    usual: Floats
    incident: Flags


def hours_of(seed: int) -> Hours:
    """Draw the hours of the data.

    Examples
    --------
    >>> hours = hours_of(1)
    >>> hours.rate.shape == (4, 2, N_DAYS * 24), hours.incident.shape == (4, N_DAYS)
    (True, True)
    """
    rng = stream(seed, "days")
    evening = np.where(np.arange(24) >= 17, 1.0, -0.6)
    hourly = np.stack([CURVE_DAY, CURVE_NIGHT]) * (1 + np.asarray(EVENING)[:, None, None] * evening)
    hourly = hourly / hourly.sum(axis=2, keepdims=True)
    daily = (WEEK / WEEK.mean(axis=1, keepdims=True))[:, WEEKDAY] / (N_DAYS / N_MONTHS)
    usual = daily[:, None, :, None] * hourly[:, :, None, :]
    factor = rng.gamma(DAY_SHAPE, 1 / DAY_SHAPE, size=daily.shape)
    incident = np.zeros(daily.shape, dtype=bool)
    for product in range(len(PRODUCTS)):
        begins = rng.choice(N_DAYS - LONGEST_INCIDENT, size=INCIDENTS, replace=False)
        lasts = rng.integers(1, LONGEST_INCIDENT + 1, size=INCIDENTS)
        for begin, days, rate in zip(begins, lasts, rng.uniform(*INCIDENT_RATE, size=INCIDENTS), strict=True):
            meanwhile = slice(begin, begin + days)
            factor[product, meanwhile] *= np.where(incident[product, meanwhile], 1.0, rate)
            incident[product, meanwhile] = True
    shape = (len(PRODUCTS), 2, N_DAYS * 24)
    return Hours((usual * factor[:, None, :, None]).reshape(shape), usual.reshape(shape), incident)
