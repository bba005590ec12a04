"""What happens to the customers of the subscription firm? Their lives as arrays, month by month.

All customers are taken through the months at once: four steps of problems (each may kick up the next), then the strain
they leave, then who gives notice. What is bought follows from the life, and is drawn for all months at once. Nothing is
written here: `tables` puts the same arrays into rows.

A firm is made in blocks of customers; the randomness of a block depends on seed, block and purpose alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.subscription_firm.dates import (
    DATA_START,
    DAY_START,
    MONTH_START,
    N_MONTHS,
    STEPS,
    Floats,
    Ints,
    day_in_step,
    hour_of,
    instant,
)
from analysis.synthetic.subscription_firm.firm import (
    ADDON_MARGIN,
    ADDON_PRICE_EUR,
    BUNDLE_SHARE,
    INVOICE_MARGIN,
    ISSUE_COST_CENTS,
    KICK_FADES,
    MOST_STRAIN,
    MOVES,
    OTHER_SHARE,
    RETURNED,
    SEAT_PRICE_EUR,
    SEVERITY_SHARE,
    SEVERITY_STRAIN,
    SOCIAL,
    STRAIN_FADES,
    TARIFF_STEP,
    Firm,
    Flags,
    addon_rate,
    calendar_of,
    credit_chance,
    is_new,
    leaving_chance,
    price_index,
    problem_chance,
    social_chance,
)
from analysis.synthetic.subscription_firm.people import NEVER, People, months_since_joining, people_of

BLOCK = 40_000
_PURPOSES = ("people", "life", "choice", "money", "futures", "times", "known")
"""A purpose's place is part of its randomness: new ones go to the end."""

_VALUE_SPREAD = 0.5


def stream(seed: int, block: int, purpose: str) -> np.random.Generator:
    """The randomness of one block of customers for one purpose."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(1_000 + block, _PURPOSES.index(purpose))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Issues:
    """Problems that were raised, sorted by customer and time."""

    customer: Ints
    month: Ints
    opened: Ints
    channel: Ints
    severity: Ints
    cost_cents: Ints

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addons:
    """Add-ons that were bought, in no order of time within a month; `occasion` numbers the purchases they came with."""

    customer: Ints
    month: Ints
    occasion: Ints
    value_cents: Ints
    margin_cents: Ints
    returned: Flags

    def __len__(self) -> int:
        return len(self.customer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lives:
    """One block of customers and what happened to them; matrices have the shape (customers, months).

    `left` is the month at whose end a customer leaves, `social_from` that of the first issue on social (else `NEVER`);
    `strain` is as it begins each month, `kick` as it ends each month. `invoiced` invoices went out (one a seat),
    `credited` says whether one of them was taken back; each is of `invoice_cents`. `moved`: to another tariff at the
    month's end.
    """

    firm: Firm
    seed: int
    block: int
    people: People
    issues: Issues
    addons: Addons
    left: Ints
    social_from: Ints
    strain: Floats
    kick: Floats
    invoiced: Ints
    credited: Flags
    invoice_cents: Ints
    moved: Flags

    def running(self) -> Flags:
        """Whether the subscription runs at the end of each month."""
        months = np.arange(N_MONTHS)
        begun = self.people.joined[:, None] < MONTH_START[1:]
        return np.asarray(begun & (self.left[:, None] > months))


def lives_of(firm: Firm, *, seed: int, block: int, size: int) -> Lives:
    """Live one block.

    Examples
    --------
    >>> from analysis.synthetic.subscription_firm.firm import firm_named
    >>> lives = lives_of(firm_named("firm_none"), seed=1, block=0, size=500)
    >>> lives.running().shape
    (500, 30)
    """
    people = people_of(firm, size, stream(seed, block, "people"))
    issues, left, social_from, strain, kick = _problems(
        firm, people, stream(seed, block, "life"), stream(seed, block, "choice")
    )
    rng = stream(seed, block, "money")
    months = np.arange(N_MONTHS)
    alive = (people.first_month[:, None] <= months) & (left[:, None] >= months)
    social = social_from[:, None] < months
    joining = (months == people.first_month[:, None] - 1) & (people.joined[:, None] >= DATA_START)
    invoiced = np.where(alive | joining, people.seats[:, None], 0)
    chance = credit_chance(deep=people.deep[:, None], strain=strain)
    credited = alive & (rng.random(alive.shape) < people.seats[:, None] * chance)
    rolls = rng.random(alive.shape)
    moved = alive & (left[:, None] > months) & (months < N_MONTHS - 1) & (rolls < MOVES)
    steps = np.where(moved, np.where(rolls < MOVES / 2, 1 + TARIFF_STEP, 1 - TARIFF_STEP), 1.0)
    level = np.hstack([np.ones((size, 1)), np.cumprod(steps[:, :-1], axis=1)])
    price = np.asarray(SEAT_PRICE_EUR)[people.product] * people.tier
    rate = alive * addon_rate(
        firm,
        calendar_of(firm).addons[people.product],
        appetite=people.appetite[:, None],
        deep=people.deep[:, None],
        strain=strain,
        social=social,
    )
    return Lives(
        firm=firm,
        seed=seed,
        block=block,
        people=people,
        issues=issues,
        addons=_addons(people, rng.poisson(rate), rng),
        left=left,
        social_from=social_from,
        strain=strain,
        kick=kick,
        invoiced=invoiced,
        credited=credited,
        invoice_cents=np.rint(100 * price[:, None] * price_index() * level).astype(np.int64),
        moved=moved,
    )


def _problems(
    firm: Firm, people: People, rng: np.random.Generator, choice: np.random.Generator
) -> tuple[Issues, Ints, Ints, Floats, Floats]:
    """Issues, month of leaving, month of the first social issue, strain as each month begins, kick as it ends."""
    n = len(people)
    shared = calendar_of(firm)
    left, social_from = np.full(n, NEVER), np.full(n, NEVER)
    kick, strain = np.zeros(n), np.zeros(n)
    kicks, strains = np.empty((n, N_MONTHS)), np.empty((n, N_MONTHS))
    found: list[tuple[Ints, ...]] = []
    for month in range(N_MONTHS):
        alive = (people.first_month <= month) & (left == NEVER)
        social = social_from < month
        strains[:, month] = strain
        base = shared.problems[people.product, month]
        new_strain = STRAIN_FADES * strain
        for step in range(STEPS):
            chance = problem_chance(firm, base, kick, social)
            who = np.flatnonzero((rng.random(n) < chance) & alive)
            severity = np.searchsorted(np.cumsum(SEVERITY_SHARE)[:-1], rng.random(len(who)), side="right")
            kick *= KICK_FADES
            kick[who] += 1
            new_strain[who] += SEVERITY_STRAIN[severity]
            rolls = choice.random((5, len(who)))
            hour = hour_of(rolls[0])
            likes = social_chance(people.taste[who], hour, shared.news[month])
            other = np.searchsorted(np.cumsum(OTHER_SHARE)[:-1], rolls[2], side="right")
            channel = np.where(rolls[1] < likes, SOCIAL, other)
            first = who[(channel == SOCIAL) & (social_from[who] == NEVER)]
            social_from[first] = month
            day = day_in_step(np.full(len(who), month * STEPS + step), rolls[3])
            found.append((who, np.full(len(who), month), instant(day, hour, rolls[4]), channel, severity))
        kicks[:, month] = kick
        leaves = leaving_chance(
            firm, shared.leaving[people.product, month], new=is_new(months_since_joining(people, month)),
            young=people.young, deep=people.deep, strain=strain, social=social,
        )  # fmt: skip
        left[alive & (rng.random(n) < leaves)] = month
        strain = np.minimum(new_strain, MOST_STRAIN)
    customer, at_month, opened, channel, severity = (np.concatenate(column) for column in zip(*found, strict=True))
    order = np.lexsort((opened, customer))
    issues = Issues(
        customer=customer[order],
        month=at_month[order],
        opened=opened[order],
        channel=channel[order],
        severity=severity[order] + 1,
        cost_cents=ISSUE_COST_CENTS[channel, severity][order],
    )
    return issues, left, social_from, strains, kicks


def _addons(people: People, occasions: Ints, rng: np.random.Generator) -> Addons:
    who, month = np.nonzero(occasions)
    times = occasions[who, month]
    who, month = np.repeat(who, times), np.repeat(month, times)
    items = 1 + np.searchsorted(np.cumsum(BUNDLE_SHARE)[:-1], rng.random(len(who)), side="right")
    occasion = np.repeat(np.arange(len(who)), items)
    who, month = np.repeat(who, items), np.repeat(month, items)
    usual = np.asarray(ADDON_PRICE_EUR)[people.product[who]] * people.tier[who] * price_index()[month]
    value = usual * np.exp(_VALUE_SPREAD * rng.standard_normal(len(who)) - _VALUE_SPREAD**2 / 2)
    cents = np.maximum(np.rint(100 * value).astype(np.int64), 1)
    return Addons(
        customer=who,
        month=month,
        occasion=occasion,
        value_cents=cents,
        margin_cents=np.rint(ADDON_MARGIN * cents).astype(np.int64),
        returned=rng.random(len(who)) < RETURNED,
    )


def invoice_margin_cents(lives: Lives) -> Ints:
    """What each invoice leaves, shape (customers, months)."""
    share = np.asarray(INVOICE_MARGIN)[lives.people.product]
    return np.rint(share[:, None] * lives.invoice_cents).astype(np.int64)


def days_of(opened: Ints) -> Ints:
    """The local day of each instant, in days since the data begin."""
    return np.asarray(np.searchsorted(DAY_START, opened, side="right") - 1)
