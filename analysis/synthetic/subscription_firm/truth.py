"""What is the true channel effect at the subscription firm? Each treated customer lives on along both paths.

Treated: the first contact on social ever is the first issue of a local month, with six observed months before it and
six whole months after. From the end of the index month on each of them is taken along two paths from the same
uniforms: as it is, and with the index issue on another channel (a later issue may then be the first on social).
Problems are drawn, given that one is still a customer; leaving, invoices, add-ons and the chance of each problem enter
as expected values along the path, averaged over `REPLICATES` futures. Where nothing has an effect the two paths are
the same to the last bit, and the truth is exactly 1 and 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.synthetic.subscription_firm.dates import N_MONTHS, STEPS, ZONE, Floats, Ints
from analysis.synthetic.subscription_firm.firm import (
    ADDON_MARGIN,
    ADDON_PRICE_EUR,
    ALL_RETURNED,
    BUNDLE_MEAN,
    CURRENCY,
    INVOICE_MARGIN,
    ISSUE_COST_CENTS,
    KICK_FADES,
    MOST_STRAIN,
    OTHER_SHARE,
    PRODUCTS,
    REGIONS,
    RETURNED,
    SEVERITY_SHARE,
    SEVERITY_STRAIN,
    SOCIAL,
    STRAIN_FADES,
    addon_rate,
    calendar_of,
    credit_chance,
    is_new,
    leaving_chance,
    price_index,
    problem_chance,
    social_chance,
)
from analysis.synthetic.subscription_firm.lives import Lives, stream
from analysis.synthetic.subscription_firm.people import NEVER, months_since_joining

BEFORE_MONTHS = 6
AFTER_MONTHS = 6
REPLICATES = 8

RATIOS = ("orders", "revenue", "margin", "issues", "support_cost")
SHARES = ("repurchased", "retained")
INDEX_COST = "index_issue_cost"
_UNITS = {"orders": "orders", "revenue": CURRENCY, "margin": CURRENCY, "issues": "issues", "support_cost": CURRENCY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """The index issues: positions among the issues, customers and months; `again`: one more on social in that month."""

    issue: Ints
    customer: Ints
    month: Ints
    again: np.ndarray


def index_of(lives: Lives, *, before: int = BEFORE_MONTHS, after: int = AFTER_MONTHS) -> Index:
    """Which customers are treated, and by which issue?"""
    issues = lives.issues
    key = issues.customer * N_MONTHS + issues.month
    opens_month = np.diff(key, prepend=-1) != 0  # issues are sorted by customer and time
    on_social = issues.channel == SOCIAL
    first = on_social & (issues.month == lives.social_from[issues.customer]) & opens_month
    observed = issues.month - lives.people.first_month[issues.customer] >= before
    rows = np.flatnonzero(first & observed & (issues.month + after < N_MONTHS))
    times = np.bincount(key[on_social], minlength=len(lives.people) * N_MONTHS)
    return Index(issue=rows, customer=issues.customer[rows], month=issues.month[rows], again=times[key[rows]] > 1)


def both_paths(lives: Lives, index: Index, rng: np.random.Generator, *, after: int, replicates: int) -> Floats:
    """The expected future of each treated customer on social and elsewhere, shape (2, outcomes, treated).

    Outcomes in the order of `RATIOS` and `SHARES`: sums over the window, the chance that any order is kept in it, and
    the chance to be a customer at its end.
    """
    firm, shared, prices = lives.firm, calendar_of(lives.firm), price_index()
    rows = np.tile(np.arange(len(index.customer)), replicates)
    customer, at_index = index.customer[rows], index.month[rows]
    who = lives.people.at(customer)
    n = len(rows)
    paid = lives.invoice_cents[index.customer, index.month][rows] / 100 / prices[at_index]
    addon_value = np.asarray(ADDON_PRICE_EUR)[who.product] * who.tier
    cost = _issue_cost_eur()
    taste_plain, taste_news = (social_chance(who.taste, None, np.full(n, news)) for news in (False, True))

    social_from = np.stack([at_index, np.where(index.again[rows], at_index, NEVER)])
    kick = np.tile(lives.kick[customer, at_index], (2, 1))
    strain = np.tile(lives.strain[customer, at_index + 1], (2, 1))
    stays = 1 - leaving_chance(
        firm, shared.leaving[who.product, at_index], new=is_new(months_since_joining(who, at_index)),
        young=who.young, deep=who.deep, strain=lives.strain[customer, at_index], social=np.zeros(n),
    )  # fmt: skip
    there = np.tile(stays, (2, 1))
    silent = there.copy()  # still a customer, and no order so far
    silent_and_gone = 1 - there
    sums = np.zeros((len(RATIOS), 2, n))
    for step_month in range(1, after + 1):
        month = at_index + step_month
        social = social_from < month
        credit = credit_chance(deep=who.deep, strain=strain)
        rate = addon_rate(
            firm, shared.addons[who.product, month], appetite=who.appetite, deep=who.deep, strain=strain, social=social
        )
        invoices, addons = who.seats * (1 - credit), rate * BUNDLE_MEAN * (1 - RETURNED)
        from_invoices, from_addons = invoices * paid * prices[month], addons * addon_value * prices[month]
        sums[0] += there * (invoices + addons)
        sums[1] += there * (from_invoices + from_addons)
        sums[2] += there * (from_invoices * np.asarray(INVOICE_MARGIN)[who.product] + from_addons * ADDON_MARGIN)
        silent *= np.where(who.seats == 1, credit, 0.0) * np.exp(-rate * (1 - ALL_RETURNED))
        leaves = leaving_chance(
            firm, shared.leaving[who.product, month], new=is_new(months_since_joining(who, month)),
            young=who.young, deep=who.deep, strain=strain, social=social,
        )  # fmt: skip
        likes = np.where(shared.news[month], taste_news, taste_plain)
        new_strain = STRAIN_FADES * strain
        for _ in range(STEPS):
            happens, how_bad, chooses = rng.random((3, n))
            chance = problem_chance(firm, shared.problems[who.product, month], kick, social)
            sums[3] += there * chance
            sums[4] += there * chance * (likes * cost[0] + (1 - likes) * cost[1])
            hit = happens < chance
            kick = KICK_FADES * kick + hit
            severity = np.searchsorted(np.cumsum(SEVERITY_SHARE)[:-1], how_bad, side="right")
            new_strain = new_strain + hit * SEVERITY_STRAIN[severity]
            turned = hit & (chooses < likes) & (social_from == NEVER)
            social_from = np.where(turned, month, social_from)
        strain = np.minimum(new_strain, MOST_STRAIN)
        silent_and_gone = silent_and_gone + silent * leaves
        silent = silent * (1 - leaves)
        there = there * (1 - leaves)
    futures = np.concatenate([sums, [1 - silent_and_gone - silent], [there]]).swapaxes(0, 1)
    return np.asarray(futures.reshape(2, len(RATIOS + SHARES), replicates, -1).mean(axis=2))


def _issue_cost_eur() -> tuple[float, float]:
    """The mean cost of an issue on social and elsewhere."""
    by_channel = ISSUE_COST_CENTS @ np.asarray(SEVERITY_SHARE) / 100
    return float(by_channel[SOCIAL]), float(np.dot(OTHER_SHARE, np.delete(by_channel, SOCIAL)))


def segments() -> tuple[Mapping[str, str], ...]:
    """All customers, each region, each product."""
    return ({}, *({"region": name} for name in REGIONS), *({"product": name} for name in PRODUCTS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Sums from which the true effects follow; those of two blocks add up with `+`.

    `treated`: customers by segment; `sums`: shape (2, outcomes, segments), on social and elsewhere; `index_cost`: what
    the index issues cost beyond what they would have cost elsewhere, by segment.
    """

    treated: Floats
    sums: Floats
    index_cost: Floats
    after: int = AFTER_MONTHS

    def __add__(self, other: Truth) -> Truth:
        return replace(
            self,
            treated=self.treated + other.treated,
            sums=self.sums + other.sums,
            index_cost=self.index_cost + other.index_cost,
        )

    def values(self) -> Iterator[tuple[str, str, Mapping[str, str], float]]:
        """Outcome, scale, segment and true value, of all segments with treated customers."""
        for place, segment in enumerate(segments()):
            n = self.treated[place]
            if not n:
                continue
            for row, outcome in enumerate((*RATIOS, *SHARES)):
                social, elsewhere = self.sums[:, row, place]
                if outcome in RATIOS:
                    yield outcome, "ratio", segment, float(social / elsewhere)
                yield outcome, "difference", segment, float((social - elsewhere) / n)
            yield INDEX_COST, "difference", segment, float(self.index_cost[place] / n)

    def effects(self) -> list[dict[str, Any]]:
        """The rows of `truth.json`."""
        base = {"design": "before_after", "estimand": "channel_effect", "treated": "social"}
        base |= {"comparison": "other_channels"}
        return [
            base
            | {"outcome": outcome, "segment": dict(segment), "scale": scale, "value": value}
            | {"definition": self._definition(outcome, scale)}
            for outcome, scale, segment, value in self.values()
        ]

    def _definition(self, outcome: str, scale: str) -> str:
        if outcome == INDEX_COST:
            return (
                "expected cost of the index issue on social less its cost on the channels it would otherwise have gone "
                f"to, at its severity, in {CURRENCY}"
            )
        of = "effect of the index issue going to social, later contacts as they fall, on customers who chose social: "
        window = f"{self.after} whole months of {ZONE} after the index month"
        if outcome == "repurchased":
            return f"{of}share with any order in the {window}, difference of shares"
        if outcome == "retained":
            return f"{of}share with a running subscription at the end of the {window}, difference of shares"
        if scale == "ratio":
            return f"{of}expected {outcome} over {window}, as it is divided by as it would have been"
        return f"{of}expected {outcome} over {window}, difference per customer in {_UNITS[outcome]}"


def truth_of(
    lives: Lives, *, before: int = BEFORE_MONTHS, after: int = AFTER_MONTHS, replicates: int = REPLICATES
) -> Truth:
    """The sums of one block, for windows in months.

    Examples
    --------
    >>> from analysis.synthetic.subscription_firm.firm import firm_named
    >>> from analysis.synthetic.subscription_firm.lives import lives_of
    >>> truth = truth_of(lives_of(firm_named("firm_none"), seed=1, block=0, size=2_000))
    >>> next(truth.values())
    ('orders', 'ratio', {}, 1.0)
    """
    index = index_of(lives, before=before, after=after)
    futures = both_paths(lives, index, stream(lives.seed, lives.block, "futures"), after=after, replicates=replicates)
    region, product = lives.people.region[index.customer], lives.people.product[index.customer]
    members = [np.ones(len(index.customer), dtype=bool)]
    members += [region == code for code in range(len(REGIONS))]
    members += [product == code for code in range(len(PRODUCTS))]
    severity = lives.issues.severity[index.issue] - 1
    elsewhere = np.asarray(OTHER_SHARE) @ np.delete(ISSUE_COST_CENTS, SOCIAL, axis=0)
    more = (ISSUE_COST_CENTS[SOCIAL] - elsewhere)[severity] / 100
    return Truth(
        treated=np.array([mask.sum() for mask in members], dtype=float),
        sums=np.stack([futures[:, :, mask].sum(axis=-1) for mask in members], axis=-1),
        index_cost=np.array([more[mask].sum() for mask in members]),
        after=after,
    )
