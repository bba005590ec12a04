"""What is a row of the service study, and who is left out?

A row is a customer's first inbound contact on social ever seen: how long it waited for a human, how many contacts about
other products came in the hour before it, what was recorded of it, and what the customer bought and asked in whole
months before and after. Customers whose windows do not lie inside the data are left out by named reason. Where rows
come from is left to `rows_sql` and `rows`, estimating to `service`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from analysis.foundation.calendar import Month
from analysis.inference.cells import Flags, Floats, Ints, groups_of
from analysis.studies.service.clock import DAY, NOWHERE, SECOND, LocalClock
from analysis.studies.service.incidents import episodes_of
from analysis.studies.service.plan import BAND_NAMES, BANDS, LATER, MONEY, NEVER_ANSWERED, ONLY_A_BOT, ServicePlan

NEVER = np.iinfo(np.int64).max
"""Later than every time."""
UNKNOWN = -1
"""Stands for a product, a severity, an issue or a customer that is not recorded."""
MICRO = 1_000_000
"""Money is kept as whole millionths."""
MOST_RECENT, MOST_EARLIER, RECENT_MONTHS = 2, 4, 6
MANY_CONTACTS = 20
"""Where so many customers wrote in a month and not one has a reply, replies were not recorded."""

LEFT_OUT = (
    "left_out_start_unknown",
    "left_out_history_too_short_before",
    "left_out_window_not_over",
    "left_out_reply_before_the_contact",
    "left_out_reply_not_yet_known",
    "left_out_replies_not_recorded",
)
"""Why a customer with a social contact is no row, by the first reason that holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firsts:
    """The first social contact of each customer who has one, before anybody is left out.

    All arrays have shape (n,). `at` and `waited` are microseconds; `waited` is `NEVER` without a human reply, and then
    `bot` says whether a bot replied. `month` is the local month of the contact, `first_month` the first whole month in
    which the customer could be observed (`NEVER` where unknown). `load` counts social contacts about other products in
    the hour before, `load_after` in the hour after; `UNKNOWN` where the own product is. `recent` and `earlier` count
    issues before the contact: since six months before its month, and all. `before` and `after` hold each outcome in the
    windows.
    """

    at: Ints
    waited: Ints
    bot: Flags
    month: Ints
    first_month: Ints
    product: Ints
    severity: Ints
    load: Ints
    load_after: Ints
    recent: Ints
    earlier: Ints
    before: Mapping[str, Ints]
    after: Mapping[str, Ints]
    attributes: Mapping[str, Ints] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceRows:
    """The rows of a service study, one a customer.

    Parameters
    ----------
    waited : array of int, shape (n,)
        Microseconds to the first reply by a human; `NEVER` where there is none.
    bot : array of bool, shape (n,)
        Only a bot replied, as far as is recorded: shown, never compared.
    month, day, hour, hour_of_week : array of int, shape (n,)
        Local month of the contact (`Month.number`), day since 1970, hour of the day, hour since Monday's midnight.
    product, severity : array of int, shape (n,)
        Code in `labels["product"]`, recorded severity; `UNKNOWN` where not recorded.
    load, load_after : array of int, shape (n,)
        Social contacts about other products in the hour before, and in the hour after; `UNKNOWN` where the own product
        is.
    episode : array of int, shape (n,)
        Which incident of the own product the day belongs to, from 1; 0 for an ordinary day.
    surge : array of bool, shape (n,)
        Whether another product has an incident that day, and none the own one.
    recent, earlier, observed : array of int, shape (n,)
        Issues since six months before the month, all earlier issues (both before the contact), months observed.
    before, after : mapping of outcome to array of int, shape (n,)
        Orders and issues as counts, money in millionths.
    attributes : mapping of column to array of int, shape (n,)
    labels : mapping of column to tuple of str
    products : int
        Products that social contacts of the data are about.
    severity_known : bool
        Whether anybody records severity.
    currency : str, optional
    account : mapping of str to int
        Customers with a social contact, those left out by reason, and the rows.
    """

    waited: Ints
    bot: Flags
    month: Ints
    day: Ints
    hour: Ints
    hour_of_week: Ints
    product: Ints
    severity: Ints
    load: Ints
    load_after: Ints
    episode: Ints
    surge: Flags
    recent: Ints
    earlier: Ints
    observed: Ints
    before: Mapping[str, Ints]
    after: Mapping[str, Ints]
    attributes: Mapping[str, Ints]
    labels: Mapping[str, tuple[str, ...]]
    products: int
    severity_known: bool
    currency: str | None
    account: Mapping[str, int]

    def __len__(self) -> int:
        return len(self.waited)

    @property
    def part_of_day(self) -> Ints:
        """Four hours to a part, the first from 23 o'clock: who writes at night is another customer."""
        return (self.hour + 1) % 24 // 4

    @property
    def night(self) -> Flags:
        """Whether the contact came from 23 to 7 o'clock: the first two parts of the day."""
        return self.part_of_day < 2

    @property
    def in_incident(self) -> Flags:
        """Whether the own product has an incident that day."""
        return self.episode > 0

    @property
    def incident(self) -> Ints:
        """In which incident, of which product, the contact lies: a code from 1 on, 0 for none."""
        return np.where(self.in_incident, groups_of([self.product, self.episode]) + 1, 0)

    @property
    def outcomes(self) -> tuple[str, ...]:
        """What these rows can be asked for."""
        return tuple(self.after)

    def values(self, outcome: str, window: str = "after") -> Floats:
        """An outcome of each row in its unit, shape (n,)."""
        held = (self.after if window == "after" else self.before)[outcome]
        return np.asarray(held / MICRO if outcome in MONEY else held, dtype=np.float64)

    def unit(self, outcome: str) -> str:
        """The unit of an outcome, per customer."""
        return f"{self.currency or 'money' if outcome in MONEY else outcome} per customer"

    def in_time(self, target_seconds: int) -> Flags:
        """Whether a human replied within the target, shape (n,)."""
        return np.asarray(self.waited <= target_seconds * SECOND)

    def band(self) -> Ints:
        """The band of each row's reply time, as its place in `BAND_NAMES`, shape (n,)."""
        ends = np.array([seconds * SECOND for _, seconds in BANDS], dtype=np.int64)
        found = np.searchsorted(ends, self.waited, side="left")
        found[(found == len(ends)) & (self.waited < NEVER)] = BAND_NAMES.index(LATER)
        found[self.waited == NEVER] = BAND_NAMES.index(NEVER_ANSWERED)
        found[self.bot] = BAND_NAMES.index(ONLY_A_BOT)
        return np.asarray(found, dtype=np.int64)

    def where(self, part: Flags) -> ServiceRows:
        """Some of the rows."""
        columns = (
            "waited",
            "bot",
            "month",
            "day",
            "hour",
            "hour_of_week",
            "product",
            "severity",
            "load",
            "load_after",
            "episode",
            "surge",
        )
        chosen = {name: getattr(self, name)[part] for name in (*columns, "recent", "earlier", "observed")}
        for name in ("before", "after", "attributes"):
            chosen[name] = MappingProxyType({key: held[part] for key, held in getattr(self, name).items()})
        return replace(self, **chosen)


def _without_replies(firsts: Firsts, among: Flags) -> Flags:
    """Rows of months in which many wrote and none has a reply, of a human or a bot: nobody wrote replies down then."""
    month = np.where(among, firsts.month, 0)
    _, place = np.unique(month, return_inverse=True)
    silent = (firsts.waited == NEVER) & ~firsts.bot
    many = np.bincount(place, weights=among) >= MANY_CONTACTS
    found = many & (np.bincount(place, weights=among & ~silent) == 0)
    return np.asarray(among & found[place])


def rows_among(
    firsts: Firsts,
    plan: ServicePlan,
    clock: LocalClock,
    begin: Month,
    end: Month,
    *,
    daily: Ints,
    seen_until: int,
    labels: Mapping[str, tuple[str, ...]],
    currency: str | None,
) -> ServiceRows:
    """Leave out the customers who cannot be followed, by reason, and date the contacts of the others.

    Parameters
    ----------
    firsts : Firsts
    plan : ServicePlan
    clock : LocalClock
    begin, end : Month
    daily : array of int, shape (n_products, n_days)
        Social contacts about each product on each day from `begin` to `end`.
    seen_until : int
        As in `ServiceEvents`.
    labels, currency
    """
    needed = plan.rules().observed_before
    first, last = begin.number + needed, end.number - plan.after_months
    inside = firsts.month != NOWHERE
    observed = np.where(inside, firsts.month, 0) - np.where(firsts.first_month == NEVER, 0, firsts.first_month)
    early = (firsts.at < clock.start(begin)) | (inside & ((firsts.month < first) | (observed < needed)))
    wait = max(plan.target_seconds, DAY) * SECOND
    reasons = (
        firsts.first_month == NEVER,
        early,
        ~inside | (firsts.month > last),
        firsts.waited < 0,
        firsts.at + wait > seen_until,
    )
    every = (*reasons, _without_replies(firsts, ~np.any(reasons, axis=0)))
    kept = np.ones(len(firsts.at), dtype=bool)
    account = {"customers_with_a_social_contact": len(kept)}
    for name, holds in zip(LEFT_OUT, every, strict=True):
        account[name] = int((kept & holds).sum())
        kept = kept & ~holds
    account["rows"] = int(kept.sum())
    account["told_apart_only_a_bot_replied"] = int((kept & firsts.bot).sum())
    account["rows_of_unknown_product"] = int((kept & (firsts.product == UNKNOWN)).sum())
    day = clock.days(firsts.at[kept])
    hour = clock.hours(firsts.at[kept])
    product = firsts.product[kept]
    first_day, _ = clock.days_of(begin, end)
    incidents = episodes_of(daily, weekday=(first_day + 3) % 7)
    episode, known = np.zeros(len(day), dtype=np.int64), product != UNKNOWN
    episode[known] = incidents[product[known], day[known] - first_day]
    surge = known & (episode == 0) & np.any(incidents > 0, axis=0)[day - first_day]
    return ServiceRows(
        waited=firsts.waited[kept],
        bot=firsts.bot[kept],
        month=firsts.month[kept],
        day=day,
        hour=hour,
        hour_of_week=(day + 3) % 7 * 24 + hour,
        product=product,
        severity=firsts.severity[kept],
        load=firsts.load[kept],
        load_after=firsts.load_after[kept],
        episode=episode,
        surge=surge,
        recent=firsts.recent[kept],
        earlier=firsts.earlier[kept],
        observed=observed[kept],
        before=MappingProxyType({name: held[kept] for name, held in firsts.before.items()}),
        after=MappingProxyType({name: held[kept] for name, held in firsts.after.items()}),
        attributes=MappingProxyType({name: held[kept] for name, held in firsts.attributes.items()}),
        labels=MappingProxyType(dict(labels)),
        products=int((daily.sum(axis=1) > 0).sum()),
        severity_known=bool((firsts.severity != UNKNOWN).any()),
        currency=currency,
        account=MappingProxyType(account),
    )
