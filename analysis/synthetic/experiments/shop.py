"""What do the customers of a made-up shop do in two periods of 90 days, and what is true of them on average?

Customers differ in how often they come (a gamma), how likely a session ends in an order (three kinds of them) and how
dear they buy (a lognormal), and keep all three: so the period before tells something of the one after. Orders are
mostly zero, spend is in cents and has a heavy tail. A treatment multiplies sessions and the likelihood of an order. All
means, variances and covariances of the population are closed forms, so that the truth, and how wide an honest interval
is, are known without a simulation. Who is treated is left to `trial`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

ACTIVITY = 0.8
"""Shape of the gamma of activity; its mean is 1."""
SESSIONS = 4.0
"""Mean sessions beyond the first, without a treatment."""
LIKELY, SHARES = np.array([0.04, 0.15, 0.40]), np.array([0.50, 0.35, 0.15])
"""How likely a session ends in an order, for three kinds of customers, and their shares."""
BASKET_CENTS, DEARNESS, BASKET_SPREAD = 4_000, 0.5, 0.4
"""Mean basket; standard deviations of the logarithm, between customers and between periods of one."""
BEFORE = "_before"
RATIO = "orders_per_session"
CUPED = ":cuped"
_ALIKE = 1 + 1 / ACTIVITY  # second moment of activity
_MOST = 400  # orders of a customer beyond which nobody is


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """By how much sessions, and the likelihood of an order, are multiplied in a period.

    Examples
    --------
    >>> round(Period().mean("orders"), 4), round(Period(likelier=1.1).mean("orders"), 5)
    (0.6625, 0.72875)
    """

    sessions: float = 1.0
    likelier: float = 1.0

    @property
    def _more(self) -> float:
        return SESSIONS * self.sessions

    @property
    def _likely(self) -> Floats:
        return np.asarray(LIKELY * self.likelier)

    def mean(self, measure: str) -> float:
        """Mean per customer of `bought` (0 or 1), `sessions`, `orders` or `spend` (cents)."""
        if measure == "bought":
            return 1 - self._none()
        sessions = 1 + self._more
        if measure == "sessions":
            return sessions
        orders = float(SHARES @ self._likely) * sessions
        return {"orders": orders, "spend": orders * BASKET_CENTS}[measure]

    def _none(self) -> float:
        """Share without an order."""
        likely = self._likely
        return float(SHARES @ ((1 - likely) * (1 + self._more * likely / ACTIVITY) ** -ACTIVITY))

    def product(self, one: str, other: str) -> float:
        """Mean product of two measures of a customer in this period."""
        more, likely = self._more, self._likely
        squares = 1 + 3 * more + more**2 * _ALIKE
        pair = tuple(sorted((one, other)))
        if pair == ("bought", "bought"):
            return self.mean("bought")
        if pair == ("sessions", "sessions"):
            return squares
        if pair == ("orders", "sessions"):
            return float(SHARES @ likely) * squares
        orders = float(SHARES @ likely**2) * (squares - 1 - more) + self.mean("orders")
        if pair == ("orders", "orders"):
            return orders
        if pair == ("spend", "spend"):
            return orders * BASKET_CENTS**2 * math.exp(DEARNESS**2 + BASKET_SPREAD**2)
        raise KeyError(f"no mean product of `{one}` and `{other}`")

    def with_earlier(self, one: str, other: str, earlier: Period) -> float:
        """Mean product of a measure of a customer in this period and one of the same customer in an earlier period."""
        sessions = 1 + self._more + earlier._more + self._more * earlier._more * _ALIKE
        likely, before = self._likely, earlier._likely
        pair = (one, other)
        if pair == ("bought", "bought"):
            exponent = (self._more * likely + earlier._more * before) / ACTIVITY
            neither = float(SHARES @ ((1 - likely) * (1 - before) * (1 + exponent) ** -ACTIVITY))
            return 1 - self._none() - earlier._none() + neither
        if set(pair) <= {"orders", "sessions"}:
            first = likely if one == "orders" else np.ones(len(SHARES))
            second = before if other == "orders" else np.ones(len(SHARES))
            return float(SHARES @ (first * second)) * sessions
        if pair == ("spend", "spend"):
            return self.with_earlier("orders", "orders", earlier) * BASKET_CENTS**2 * math.exp(DEARNESS**2)
        raise KeyError(f"no mean product of `{one}` and an earlier `{other}`")

    def quantile_of_spend(self, quantile: float) -> float:
        """The spend, in cents, that this share of customers does not exceed."""
        counts = self._orders()
        spread = math.hypot(DEARNESS, BASKET_SPREAD)
        number = np.arange(1, len(counts))

        def below(cents: float) -> float:
            at = (np.log(cents / (BASKET_CENTS * number)) + spread**2 / 2) / spread
            return float(counts[0] + counts[1:] @ special.ndtr(at))

        low, high = 0.0, 1e9
        if quantile <= counts[0]:
            return 0.0
        for _ in range(100):
            middle = (low + high) / 2
            low, high = (middle, high) if below(middle) < quantile else (low, middle)
        return high

    def _orders(self) -> Floats:
        """Share of customers with 0, 1, 2, … orders."""
        number = np.arange(_MOST)
        found = np.zeros(_MOST)
        for share, likely in zip(SHARES, self._likely, strict=True):
            odds = self._more * likely / ACTIVITY
            log = special.gammaln(number + ACTIVITY) - special.gammaln(ACTIVITY) - special.gammaln(number + 1)
            beyond = np.exp(log + number * math.log(odds / (1 + odds)) - ACTIVITY * math.log1p(odds))
            found += share * ((1 - likely) * beyond + likely * np.concatenate([[0.0], beyond[:-1]]))
        return found


NOW = Period()
"""A period without a treatment."""


def shop_customers(n: int, treated: NDArray[np.bool_], effect: Period, rng: np.random.Generator) -> dict[str, Ints]:
    """What so many customers did in the period before, and in the one after that some were treated in.

    Parameters
    ----------
    n : int
    treated : array of bool, shape (n,)
    effect : Period
        Of the treated.
    rng : numpy Generator

    Returns
    -------
    dict of str to array of int, shape (n,)
        `bought`, `sessions`, `orders`, `spend`, and each with `_before`.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = shop_customers(4, np.array([True, False, True, False]), Period(likelier=1.1), rng)
    >>> int(found["sessions"].min()) >= 1, found["spend"].dtype.name
    (True, 'int64')
    """
    activity = rng.gamma(ACTIVITY, 1 / ACTIVITY, n)
    likely = LIKELY[np.searchsorted(np.cumsum(SHARES)[:-1], rng.random(n), side="right")]
    dear = np.exp(DEARNESS * rng.standard_normal(n) - DEARNESS**2 / 2)
    found: dict[str, Ints] = {}
    for name, period in ((BEFORE, NOW), ("", effect)):
        acts = treated if name == "" else np.zeros(n, dtype=bool)
        sessions = 1 + rng.poisson(SESSIONS * activity * np.where(acts, period.sessions, 1.0))
        orders = rng.binomial(sessions, likely * np.where(acts, period.likelier, 1.0))
        basket = dear * np.exp(BASKET_SPREAD * rng.standard_normal(n) - BASKET_SPREAD**2 / 2)
        found[f"sessions{name}"], found[f"orders{name}"] = sessions, orders
        found[f"bought{name}"] = (orders > 0).astype(np.int64)
        found[f"spend{name}"] = np.rint(BASKET_CENTS * basket * orders).astype(np.int64)
    return found


def true_effects(effect: Period) -> dict[str, float]:
    """By estimand: the effect on the population that the customers are drawn from.

    `..._difference` per customer (spend in cents), `..._ratio` the relative one, `orders_per_session` of the two means.

    Examples
    --------
    >>> round(true_effects(Period(likelier=1.1))["orders_ratio"], 6)
    1.1
    """
    found: dict[str, float] = {}
    for name in ("bought", "sessions", "orders", "spend"):
        one, other = effect.mean(name), NOW.mean(name)
        found |= {f"{name}_difference": one - other, f"{name}_ratio": one / other}
    rates = [period.mean("orders") / period.mean("sessions") for period in (effect, NOW)]
    found |= {f"{RATIO}_difference": rates[0] - rates[1], f"{RATIO}_ratio": rates[0] / rates[1]}
    return found


def standard_error(estimand: str, effect: Period, treated: float, comparison: float) -> float:
    """How large is the standard error of an estimate, by what was planted? Of the logarithm, for a ratio.

    Parameters
    ----------
    estimand : str
        As `true_effects` names them; with `:cuped` for the estimate adjusted for the same measure before.
    effect : Period
    treated, comparison : float
        Customers of the arms.

    Examples
    --------
    >>> plain = standard_error("orders_difference", NOW, 10_000, 10_000)
    >>> adjusted = standard_error("orders_difference:cuped", NOW, 10_000, 10_000)
    >>> round(plain, 5), round(1 - (adjusted / plain) ** 2, 3)
    (0.01823, 0.385)
    """
    name, _, how = estimand.partition(":")
    measure, _, scale = name.rpartition("_")
    arms = ((effect, treated), (NOW, comparison))
    if how not in ("", CUPED[1:]):
        raise KeyError(f"no closed form of the error of `{estimand}`")
    spreads = [_spread(period, measure) for period, _ in arms]
    adjusted = how == CUPED[1:]
    slope = 0.0
    if adjusted:
        before = _spread(NOW, measure)
        slope = sum(_with_earlier(period, measure) * n for period, n in arms) / (treated + comparison) / before
        spreads = [
            spread - 2 * slope * _with_earlier(period, measure) + slope**2 * before
            for spread, (period, _) in zip(spreads, arms, strict=True)
        ]
    level = [_value(period, measure) if scale == "ratio" else 1.0 for period, _ in arms]
    parts = zip(spreads, level, arms, strict=True)
    return math.sqrt(sum(spread / value**2 / n for spread, value, (_, n) in parts))


def _value(period: Period, measure: str) -> float:
    return period.mean("orders") / period.mean("sessions") if measure == RATIO else period.mean(measure)


def _linear(period: Period, measure: str) -> Mapping[str, float]:
    """A measure as a combination of columns; a ratio made linear at its own value."""
    if measure != RATIO:
        return {measure: 1.0}
    sessions = period.mean("sessions")
    return {"orders": 1 / sessions, "sessions": -_value(period, RATIO) / sessions}


def _spread(period: Period, measure: str) -> float:
    weights = _linear(period, measure)
    return sum(
        left * right * (period.product(one, other) - period.mean(one) * period.mean(other))
        for one, left in weights.items()
        for other, right in weights.items()
    )


def _with_earlier(period: Period, measure: str) -> float:
    """Covariance of a measure with the same before."""
    return sum(
        left * right * (period.with_earlier(one, other, NOW) - period.mean(one) * NOW.mean(other))
        for one, left in _linear(period, measure).items()
        for other, right in _linear(NOW, measure).items()
    )
