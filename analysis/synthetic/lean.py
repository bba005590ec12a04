"""The same made-up company, only what the before-and-after study reads, and fast enough to be made by the thousand.

`lean_life` draws customers as `company` does and their issues, first contacts on social and purchases from the same
model: `issue_rate`, `social_share` and `demand` are those of `company`, times, costs and values those of `contacts` and
`purchases`. The rows are others than those of `block_of`, their distribution is the same. Two things make it fast.
Issues are drawn for the whole span at once, as candidates at the highest rate a product's month can have, and
thinned to the rate that `issue_rate` gives each of them. Purchases are drawn only in the months that some index issue
can look at; `drawn` says which, and everywhere else they are nought and mean nothing. `lean_truth` finds the true
effects as `truths` does. What an analysis makes of such a life is left to others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.synthetic.block import NO_INSTANT
from analysis.synthetic.clock import DATA_END, DATA_START, N_MONTHS
from analysis.synthetic.company import (
    LONG_AGO,
    NEVER,
    Customers,
    Flags,
    Floats,
    Ints,
    customers_of,
    demand,
    issue_rate,
    severity_of,
    social_share,
    stream,
)
from analysis.synthetic.contacts import (
    STRAYING,
    costs_in_cents,
    first_of,
    follow_up_waits,
    opened_in,
    recorded_severity,
)
from analysis.synthetic.purchases import busy_factors, drift_factors, values_in_cents
from analysis.synthetic.truths import PATH_OUTCOMES, futures, index_cost_eur
from analysis.synthetic.world import (
    CANCELLED_SHARE,
    CHANNELS,
    GRAVE,
    OTHER_CHANNEL_SHARE,
    PRODUCTS,
    REGIONS,
    SEVERITY_COST,
    SEVERITY_SHARE,
    SOCIAL,
    World,
)

MEASURES = ("orders", "revenue", "margin", "support_cost")
_CENTS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class LeanLife:
    """What the study of a channel reads of a company's life.

    Parameters
    ----------
    world : World
    seed : int
    customers : Customers
        n of them, those of block 0 of the same world and seed.
    issue_customer, issue_month, issue_opened : array of int, shape (n_issues,)
        Position of the customer, month of the data from 0, instant; sorted by customer and time.
    issue_order : array of int, shape (n_issues,)
        Place among the customer's issues of the month, from 0.
    issue_social : array of bool, shape (n_issues,)
    issue_severity : array of int, shape (n_issues,)
        The true severity, from 0, where the world gives it a meaning, else 0.
    issue_cost_eur : array of float, shape (n_issues,), or None
        Where "support_cost" was asked for.
    first_contact : array of int, shape (n,)
        Instant of the first contact on social, an issue or an inbound follow-up; `NO_INSTANT` where there is none.
    drawn : array of bool, shape (n, N_MONTHS)
        In which months purchases were drawn.
    bought : mapping of measure to array of float, shape (n, N_MONTHS)
        Orders kept, and their revenue and margin in EUR where asked for; 0 where nothing was drawn.
    """

    world: World
    seed: int
    customers: Customers
    issue_customer: Ints
    issue_month: Ints
    issue_opened: Ints
    issue_order: Ints
    issue_social: Flags
    issue_severity: Ints
    issue_cost_eur: Floats | None
    first_contact: Ints
    drawn: Flags
    bought: Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class _Issues:
    customer: Ints
    month: Ints
    opened: Ints
    order: Ints
    social: Flags
    severity: Ints


def lean_life(
    world: World,
    seed: int,
    customers: int = 40_000,
    *,
    measures: Sequence[str] = ("orders",),
    before: int = 6,
    after: int = 6,
    everywhere: bool = False,
) -> LeanLife:
    """Make a company's issues, contacts on social and purchases.

    Parameters
    ----------
    world : World
    seed : int
        Not negative. The same world, seed and number give the same life, whichever measures are asked for.
    customers : int
    measures : sequence of {"orders", "revenue", "margin", "support_cost"}
        What is made beside the issues.
    before, after : int
        Windows of the study in months. Purchases are drawn from `before` + 6 months before to `after` months after
        each issue that no contact on social precedes and before which the customer was there for `before` months.
    everywhere : bool
        Draw purchases in all months of all customers instead: what figures about customers without an issue need.

    Raises
    ------
    ValueError
        If a measure is not one of the four.

    Examples
    --------
    >>> from analysis.synthetic.world import world_named
    >>> life = lean_life(world_named("none"), seed=1, customers=500)
    >>> life.bought["orders"].shape, bool((life.bought["orders"][~life.drawn] == 0).all())
    ((500, 36), True)
    """
    if unknown := set(measures) - set(MEASURES):
        raise ValueError(f"A lean life has no `{min(unknown)}`. It has {', '.join(MEASURES)}.")
    people, rng = customers_of(world, seed, 0, customers), stream(seed, 0, "lean")
    issues = _issues(world, people, rng)
    first_contact = _first_contacts(issues, customers, rng)
    fresh = issues.opened <= first_contact[issues.customer]
    index = fresh & (issues.month - before >= people.first_month[issues.customer])
    drawn = _months_around(issues.customer[index], issues.month[index], customers, before + 6, after)
    drawn |= everywhere
    bought = _bought(world, people, issues, drawn, measures, rng)
    cost = _costs(world, issues, rng) if "support_cost" in measures else None
    return LeanLife(
        world=world,
        seed=seed,
        customers=people,
        issue_customer=issues.customer,
        issue_month=issues.month,
        issue_opened=issues.opened,
        issue_order=issues.order,
        issue_social=issues.social,
        issue_severity=issues.severity,
        issue_cost_eur=cost,
        first_contact=first_contact,
        drawn=drawn,
        bought=bought,
    )


def _issues(world: World, people: Customers, rng: np.random.Generator) -> _Issues:
    """All issues, by candidates at each product's highest rate, kept with the share of it that is theirs."""
    highest = _highest_rates(world, people)
    n = rng.poisson(people.issues * highest.sum(axis=1)[people.product])
    who = np.repeat(np.arange(len(people)), n)
    product = people.product[who]
    shares = np.cumsum(highest, axis=1) / highest.sum(axis=1, keepdims=True)
    place = np.searchsorted(
        (shares + np.arange(len(PRODUCTS))[:, None]).ravel(), product + rng.random(len(who)), "right"
    )
    month = np.minimum(place - N_MONTHS * product, N_MONTHS - 1)
    owners = people.at(who)
    bar = rng.random(len(who)) * owners.issues * highest[product, month]
    on_social = rng.random(len(who)) < social_share(world, owners, month)
    kept = bar < issue_rate(world, owners, month, np.full(len(who), NEVER))
    if world.issue_effect:
        first = np.full(len(people), NEVER)
        np.minimum.at(first, who[kept & on_social], month[kept & on_social])
        kept = bar < issue_rate(world, owners, month, first[who])
    who, month, on_social = who[kept], month[kept], on_social[kept]
    opened = opened_in(people, who, month, rng)
    order = np.argsort(who * (DATA_END - DATA_START) + (opened - DATA_START), kind="stable")
    who, month = who[order], month[order]
    start = np.flatnonzero(first_of(who * N_MONTHS + month))
    return _Issues(
        customer=who,
        month=month,
        opened=opened[order],
        order=np.arange(len(who)) - np.repeat(start, np.diff(np.append(start, len(who)))),
        social=on_social[order],
        severity=severity_of(world, len(who), rng),
    )


def _highest_rates(world: World, people: Customers) -> Floats:
    """The rate of a customer with one issue a month who is always there, at its highest, shape (products, months)."""
    n = len(PRODUCTS)
    one = replace(
        people.at(np.zeros(n, dtype=np.int64)),
        product=np.arange(n),
        issues=np.ones(n),
        first_day=np.zeros(n, dtype=np.int64),
        left=np.full(n, NEVER),
    )
    never = np.full(n, NEVER)
    rates = np.stack([issue_rate(world, one, month, never) for month in range(N_MONTHS)], axis=1)
    return np.asarray(rates * max(1.0, 1 + world.issue_effect))


def _first_contacts(issues: _Issues, customers: int, rng: np.random.Generator) -> Ints:
    """The first issue on social, or the first inbound follow-up there of an issue that went elsewhere."""
    elsewhere = np.flatnonzero(~issues.social)
    strayed = np.repeat(elsewhere, rng.poisson(STRAYING, size=len(elsewhere)))
    came = issues.opened[strayed] + follow_up_waits(len(strayed), rng)
    first = np.full(customers, NO_INSTANT)
    np.minimum.at(first, issues.customer[issues.social], issues.opened[issues.social])
    np.minimum.at(first, issues.customer[strayed], np.where(came < DATA_END, came, NO_INSTANT))
    return first


def _costs(world: World, issues: _Issues, rng: np.random.Generator) -> Floats:
    elsewhere = rng.choice(len(CHANNELS), size=len(issues.social), p=OTHER_CHANNEL_SHARE)
    severity = recorded_severity(world, issues.severity, rng)
    return costs_in_cents(np.where(issues.social, SOCIAL, elsewhere), severity, rng) / _CENTS


def _months_around(customer: Ints, month: Ints, customers: int, back: int, ahead: int) -> Flags:
    """Marks the months from `back` before to `ahead` after each month given, shape (customers, N_MONTHS)."""
    marked = np.zeros((N_MONTHS, customers), dtype=bool)
    marked[month, customer] = True
    reached = marked.copy()
    for step in range(1, max(back, ahead) + 1):
        if step <= back:
            reached[:-step] |= marked[step:]
        if step <= ahead:
            reached[step:] |= marked[:-step]
    return np.ascontiguousarray(reached.T)


def _bought(
    world: World, people: Customers, issues: _Issues, drawn: Flags, measures: Sequence[str], rng: np.random.Generator
) -> dict[str, Floats]:
    """Orders kept of the months drawn, and what they were worth."""
    bought = [name for name in MEASURES[:3] if name in measures]
    if not bought:
        return {}
    some = np.flatnonzero(drawn.any(axis=1))
    wanted = _demand(world, people, issues, some)
    asked = drawn[some]
    mean = (1 - CANCELLED_SHARE) * wanted[asked]
    mean *= busy_factors(world, len(mean), rng)
    if world.drift:
        mean *= drift_factors(world, len(some), rng)[asked]
    counts = rng.poisson(mean)
    found = {"orders": counts.astype(float)}
    if len(bought) > 1 or bought != ["orders"]:
        cell = np.repeat(np.arange(len(counts)), counts)
        owner = np.repeat(some, asked.sum(axis=1))
        for name, cents in zip(("revenue", "margin"), values_in_cents(people, owner[cell], rng), strict=True):
            found[name] = np.bincount(cell, weights=cents, minlength=len(counts)) / _CENTS
    whole = {}
    for name in bought:
        whole[name] = np.zeros(drawn.shape)
        whole[name][drawn] = found[name]
    return whole


def _demand(world: World, people: Customers, issues: _Issues, some: Ints) -> Floats:
    """Expected orders of some of the customers before cancellation, shape (len(some), N_MONTHS)."""
    some_people, n = people.at(some), len(people)
    has_issue = np.zeros((N_MONTHS, n), dtype=bool)
    has_issue[issues.month, issues.customer] = True
    grave = issues.severity == GRAVE
    has_grave = np.zeros_like(has_issue)
    has_grave[issues.month[grave], issues.customer[grave]] = True
    first_social = np.full(n, NEVER)
    np.minimum.at(first_social, issues.customer[issues.social], issues.month[issues.social])
    last, last_grave, first_social = np.full(len(some), LONG_AGO), np.full(len(some), LONG_AGO), first_social[some]
    wanted = np.empty((N_MONTHS, len(some)))
    for month in range(N_MONTHS):
        last[has_issue[month, some]] = month
        last_grave[has_grave[month, some]] = month
        wanted[month] = demand(world, some_people, month, last, first_social, last_grave)
    return np.ascontiguousarray(wanted.T)


def lean_truth(
    life: LeanLife, replicates: int = 2, before: int = 6, after: int = 6
) -> dict[tuple[str, str, str], float]:
    """The true effect of the index issue going to social, on the customers of a life who chose social.

    Parameters
    ----------
    life : LeanLife
    replicates : int
        Futures drawn for each treated customer.
    before, after : int
        Windows in months.

    Returns
    -------
    dict of (scale, outcome, segment) to float
        Scale "ratio" or "difference" (per treated customer over the window, EUR for money); outcomes of `truths`;
        segment "all" or the name of a region, where it has treated customers. Exactly 1 and 0 in a world without an
        effect. `index_issue_cost` has a difference alone, of means over severities.

    Examples
    --------
    >>> from analysis.synthetic.world import world_named
    >>> truth = lean_truth(lean_life(world_named("none"), seed=1, customers=2_000))
    >>> truth["ratio", "orders", "all"], truth["difference", "issues", "north"]
    (1.0, 0.0)
    """
    index, again = _index_issues(life, before, after)
    people = life.customers.at(life.issue_customer[index])
    members = {"all": np.ones(len(index), dtype=bool)}
    members |= {name: people.region == code for code, name in enumerate(REGIONS)}
    members = {name: rows for name, rows in members.items() if rows.any()}
    found = {("difference", "index_issue_cost", name): _mean_index_cost() for name in members}
    if not life.world.issue_effect and not any(life.world.order_effect):
        for outcome in PATH_OUTCOMES:
            found |= {("ratio", outcome, name): 1.0 for name in members}
            found |= {("difference", outcome, name): 0.0 for name in members}
        return found
    rng = stream(life.seed, 0, "futures")
    month, grave = life.issue_month[index], _latest_grave(life, index)
    both = sum(futures(life.world, people, month, again, grave, rng, after=after) for _ in range(replicates))
    for name, rows in members.items():
        social, elsewhere = np.asarray(both)[:, :, rows].sum(axis=2) / replicates
        for place, outcome in enumerate(PATH_OUTCOMES):
            found["ratio", outcome, name] = float(social[place] / elsewhere[place])
            found["difference", outcome, name] = float((social[place] - elsewhere[place]) / rows.sum())
    return found


def _index_issues(life: LeanLife, before: int, after: int) -> tuple[Ints, Ints]:
    """Positions of the index issues, and how many more of the customer's issues on social the month has."""
    first_contact = life.issue_opened == life.first_contact[life.issue_customer]
    observed = life.issue_month - before >= life.customers.first_month[life.issue_customer]
    whole = life.issue_month + after <= N_MONTHS - 1
    index = np.flatnonzero(life.issue_social & first_contact & (life.issue_order == 0) & observed & whole)
    cell = life.issue_customer * N_MONTHS + life.issue_month
    on_social = np.bincount(cell[life.issue_social], minlength=len(life.customers) * N_MONTHS)
    return index, on_social[cell[index]] - 1


def _latest_grave(life: LeanLife, index: Ints) -> Ints:
    """Month of the latest truly grave issue up to and with the month of each index issue."""
    latest = np.full(len(index), LONG_AGO)
    grave = life.issue_severity == GRAVE
    if not grave.any():
        return latest
    months = np.full((len(life.customers), N_MONTHS), LONG_AGO)
    months[life.issue_customer[grave], life.issue_month[grave]] = life.issue_month[grave]
    return np.asarray(np.maximum.accumulate(months, axis=1)[life.issue_customer[index], life.issue_month[index]])


def _mean_index_cost() -> float:
    return index_cost_eur() * float(np.dot(SEVERITY_SHARE, SEVERITY_COST))
