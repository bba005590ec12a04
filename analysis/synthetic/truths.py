"""What is the true effect in a made-up company? Each treated customer is run along the path that did not happen.

Channel effect: the effect of the index issue going to social, later contacts as they fall, on the customers who chose
social. A customer is treated if the first contact on social ever observed is the first issue of a local month that has
`before_months` observed months before it and `after_months` whole months after it. The future of each treated customer
is drawn twice from the same uniforms: as it is, and with the index issue moved to another channel; whatever follows
the index follows by the rules of `world`. What is summed is not orders but the demand along the path (and the expected
issues and costs), averaged over `REPLICATES` futures, so that hardly any noise is left. Baskets, margin shares, costs
and cancellations are fixed or have known means.

Experiment effect: the expected difference between the arms for the customers who were assigned, over 90 days, from
the demand of each of them. Raw figures have no truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analysis.synthetic.block import Block, first_social_contacts
from analysis.synthetic.clock import N_MONTHS, ZONE
from analysis.synthetic.company import (
    LONG_AGO,
    NEVER,
    Customers,
    Floats,
    Ints,
    counts_of,
    demand,
    issue_rate,
    social_share,
)
from analysis.synthetic.contacts import cost_elsewhere_eur, cost_of_issue_eur
from analysis.synthetic.invitation import ARMS, EXPERIMENT, OVERLAP, UNASSIGNED, WINDOW_DAYS, logins_mean
from analysis.synthetic.world import (
    CANCELLED_SHARE,
    CHANNEL_COST_EUR,
    GRAVE,
    MARGIN_SHARE,
    OTHER_CHANNEL_SHARE,
    PRODUCTS,
    REGIONS,
    SEVERITY_COST,
    SEVERITY_SHARE,
    SOCIAL,
    World,
)

BEFORE_MONTHS = 6
AFTER_MONTHS = 6
REPLICATES = 8

PATH_OUTCOMES = ("orders", "revenue", "margin", "issues", "support_cost")
_INDEX_COST = "index_issue_cost"
_TRIAL_OUTCOMES = ("orders", "revenue", "margin", "repurchased", "logins_90d")
_KEPT = 1 - CANCELLED_SHARE
_UNITS = {"orders": "orders", "revenue": "EUR", "margin": "EUR", "issues": "issues", "support_cost": "EUR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexIssues:
    """The index issues of the treated: positions in the block's issues and customers, and their months.

    `again` marks those who had another issue on social later in the index month: moving the index issue then moves
    the first social issue within the month, and with it nothing that is counted.
    """

    issue: Ints
    customer: Ints
    month: Ints
    again: Ints

    def __len__(self) -> int:
        return len(self.issue)


def index_issues(block: Block, *, before: int = BEFORE_MONTHS, after: int = AFTER_MONTHS) -> IndexIssues:
    """Which customers of a block are treated, and by which issue?"""
    issues = block.issues
    on_social = issues.channel == SOCIAL
    first_contact = issues.opened == first_social_contacts(block)[issues.customer]
    observed = issues.month - before >= block.customers.first_month[issues.customer]
    whole = issues.month + after <= N_MONTHS - 1
    rows = np.flatnonzero(on_social & first_contact & issues.first_of_month & observed & whole)
    in_month = np.zeros((len(block.customers), N_MONTHS), dtype=np.int64)
    np.add.at(in_month, (issues.customer[on_social], issues.month[on_social]), 1)
    customer, month = issues.customer[rows], issues.month[rows]
    return IndexIssues(issue=rows, customer=customer, month=month, again=in_month[customer, month] - 1)


def paths(block: Block, index: IndexIssues, rng: np.random.Generator, *, after: int = AFTER_MONTHS) -> Floats:
    """One future of each treated customer, lived twice from the same uniforms.

    Parameters
    ----------
    block : Block
    index : IndexIssues
        n of them.
    rng : numpy.random.Generator
    after : int
        Whole months after the index month.

    Returns
    -------
    array of float, shape (2, 5, n)
        With the index issue on social, and elsewhere; expected orders kept, revenue and margin in EUR, issues, and
        their cost in EUR, over the window.
    """
    people = block.customers.at(index.customer)
    return futures(block.world, people, index.month, index.again, _latest_grave(block, index), rng, after=after)


def _latest_grave(block: Block, index: IndexIssues) -> Ints:
    """Month of the latest truly grave issue up to the index month."""
    if not block.world.grave_dip:
        return np.full(len(index), LONG_AGO)
    months = np.full((len(block.customers), N_MONTHS), LONG_AGO)
    grave = np.flatnonzero(block.life.issue_severity == GRAVE)
    when = block.life.issue_month[grave]
    months[block.life.issue_customer[grave], when] = when
    return np.asarray(np.maximum.accumulate(months, axis=1)[index.customer, index.month])


def futures(
    world: World,
    people: Customers,
    index_month: Ints,
    again: Ints,
    last_grave: Ints,
    rng: np.random.Generator,
    *,
    after: int = AFTER_MONTHS,
) -> Floats:
    """One future of treated customers, lived twice from the same uniforms, from what they are at the index month.

    Parameters
    ----------
    world : World
    people : Customers
        n of them.
    index_month, again, last_grave : array of int, shape (n,)
        Month of the index issue; later issues on social in that month; month of the latest issue of the gravest
        severity up to that month (`LONG_AGO` if none).
    rng : numpy.random.Generator
    after : int

    Returns
    -------
    array of float, shape (2, 5, n)
        As `paths` has it.
    """
    n = len(people)
    social = [index_month, np.where(again > 0, index_month, NEVER)]
    last = [index_month, index_month]
    grave = [last_grave, last_grave]
    orders, issues, cost = np.zeros((2, n)), np.zeros((2, n)), np.zeros((2, n))
    for step in range(1, after + 1):
        month = index_month + step
        happens, chooses = rng.random((2, n))
        worst = rng.random(n) if world.grave_dip else np.ones(n)
        share = social_share(world, people, month)
        mean_cost = share * cost_of_issue_eur(SOCIAL) + (1 - share) * cost_elsewhere_eur()
        for path in (0, 1):
            rate = issue_rate(world, people, month, social[path])
            counts = counts_of(happens, rate)
            last[path] = np.where(counts > 0, month, last[path])
            grave[path] = np.where(worst < 1 - (1 - SEVERITY_SHARE[GRAVE]) ** counts, month, grave[path])
            orders[path] += _KEPT * demand(world, people, month, last[path], social[path], grave[path])
            issues[path] += rate
            cost[path] += rate * mean_cost
            turned = (chooses < 1 - (1 - share) ** counts) & (social[path] == NEVER)
            social[path] = np.where(turned, month, social[path])
    revenue = orders * people.basket_eur
    margin = revenue * np.asarray(MARGIN_SHARE)[people.product]
    return np.stack([orders, revenue, margin, issues, cost], axis=1)


def segments() -> tuple[Mapping[str, str], ...]:
    """All customers, each region, each product."""
    return ({}, *({"region": name} for name in REGIONS), *({"product": name} for name in PRODUCTS))


def _members(block: Block, rows: Ints) -> Floats:
    """Shape (segments, rows): 1 where the customer belongs to the segment."""
    region, product = block.customers.region[rows], block.customers.product[rows]
    return np.stack(
        [
            np.ones(len(rows)),
            *((region == code) * 1.0 for code in range(len(REGIONS))),
            *((product == code) * 1.0 for code in range(len(PRODUCTS))),
        ]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Sums over blocks from which the true effects follow; two parts of a company add up with `+`.

    `treated`: treated customers by segment; `path_sums`: shape (2, outcomes, segments), on social and elsewhere;
    `index_cost`: what the index issues cost less than elsewhere, by segment; `assigned` and `trial_sums`: the same
    for the randomised test, shape (segments,) and (outcomes, segments).
    """

    world: World
    treated: Floats
    path_sums: Floats
    index_cost: Floats
    assigned: Floats
    trial_sums: Floats
    after: int = AFTER_MONTHS

    def __add__(self, other: Truth) -> Truth:
        return replace(
            self,
            treated=self.treated + other.treated,
            path_sums=self.path_sums + other.path_sums,
            index_cost=self.index_cost + other.index_cost,
            assigned=self.assigned + other.assigned,
            trial_sums=self.trial_sums + other.trial_sums,
        )

    def ratio(self, outcome: str, segment: int = 0) -> float:
        """The true ratio of one outcome, in the segment at a position of `segments()`."""
        social, elsewhere = self.path_sums[:, PATH_OUTCOMES.index(outcome), segment]
        return float(social / elsewhere)

    def difference(self, outcome: str, segment: int = 0) -> float:
        """The true difference per treated customer over the window."""
        social, elsewhere = self.path_sums[:, PATH_OUTCOMES.index(outcome), segment]
        return float((social - elsewhere) / self.treated[segment])

    def effects(self) -> list[dict[str, object]]:
        """The rows of `truth.json`."""
        return [*([] if self.world.only_experiment else self._channel_effects()), *self._experiment_effects()]

    def _channel_effects(self) -> Iterable[dict[str, object]]:
        window = f"over {self.after} whole months of {ZONE} after the index month"
        of = "of the index issue going to social, later contacts as they fall, on customers who chose social"
        base = {"design": "before_after", "estimand": "channel_effect", "treated": "social"}
        base |= {"comparison": "other_channels"}
        for position, segment in enumerate(segments()):
            if not self.treated[position]:
                continue
            for row, outcome in enumerate(PATH_OUTCOMES):
                if not self.path_sums[1, row, position]:
                    continue  # nothing to compare with
                what = f"effect {of}: expected {outcome} {window}"
                ratio = {"scale": "ratio", "value": self.ratio(outcome, position)}
                ratio["definition"] = f"{what}, as it is divided by as it would have been"
                difference = {"scale": "difference", "value": self.difference(outcome, position)}
                difference["definition"] = f"{what}, difference per customer in {_UNITS[outcome]}"
                yield base | {"outcome": outcome, "segment": dict(segment)} | ratio
                yield base | {"outcome": outcome, "segment": dict(segment)} | difference
            yield base | {
                "outcome": _INDEX_COST,
                "segment": dict(segment),
                "scale": "difference",
                "value": float(self.index_cost[position] / self.treated[position]),
                "definition": "expected cost of the index issue on social less its cost on the channels it would "
                "otherwise have gone to, at its severity, in EUR",
            }

    def _experiment_effects(self) -> Iterable[dict[str, object]]:
        for position, segment in enumerate(segments()):
            if not self.assigned[position]:
                continue
            for row, outcome in enumerate(_TRIAL_OUTCOMES):
                if outcome == "repurchased" and self.world.drift:
                    continue  # no closed form
                yield {
                    "design": "ab_randomised",
                    "estimand": "experiment_effect",
                    "treated": ARMS[1],
                    "comparison": ARMS[0],
                    "outcome": outcome,
                    "segment": dict(segment),
                    "scale": "difference",
                    "value": float(self.trial_sums[row, position] / self.assigned[position]),
                    "definition": f"`{EXPERIMENT}`: expected difference between {ARMS[1]} and {ARMS[0]} for the "
                    f"customers assigned, per customer over the {WINDOW_DAYS} days after the assignment",
                }


def truth_of(
    block: Block,
    *,
    before: int = BEFORE_MONTHS,
    after: int = AFTER_MONTHS,
    replicates: int = REPLICATES,
    rng: np.random.Generator | None = None,
) -> Truth:
    """The sums of one block, for windows in months. `rng` is the block's own stream for futures unless given.

    Examples
    --------
    >>> from analysis.synthetic.block import block_of
    >>> from analysis.synthetic.world import world_named
    >>> truth_of(block_of(world_named("none"), seed=1, index=0, size=2_000)).ratio("orders")
    1.0
    """
    rng = block.stream("futures") if rng is None else rng
    index = index_issues(block, before=before, after=after)
    both = np.mean([paths(block, index, rng, after=after) for _ in range(replicates)], axis=0)
    members = _members(block, index.customer)
    severity = np.asarray(SEVERITY_COST)[block.issues.severity[index.issue] - 1]
    assigned = np.flatnonzero(block.customers.arm != UNASSIGNED)
    in_trial = _members(block, assigned)
    return Truth(
        world=block.world,
        treated=members.sum(axis=1),
        path_sums=both @ members.T,
        index_cost=members @ (index_cost_eur() * severity),
        assigned=in_trial.sum(axis=1),
        trial_sums=_trial_effects(block, assigned) @ in_trial.T,
        after=after,
    )


def index_cost_eur() -> float:
    """What an issue on social costs more than elsewhere, before the factor of its severity (negative: less)."""
    return CHANNEL_COST_EUR[SOCIAL] - float(np.dot(OTHER_CHANNEL_SHARE, CHANNEL_COST_EUR))


def _trial_effects(block: Block, assigned: Ints) -> Floats:
    """The expected effect of the invitation on each assigned customer, shape (outcomes, customers)."""
    world, people = block.world, block.customers.at(assigned)
    tilt = 1 + world.invitation_effect * OVERLAP * (people.arm == 1)[:, None]
    inside = _KEPT * block.life.demand[assigned] / tilt * OVERLAP
    invited = inside * (1 + world.invitation_effect)
    orders = (invited - inside).sum(axis=1)
    revenue = orders * people.basket_eur
    margin = revenue * np.asarray(MARGIN_SHARE)[people.product]
    none, none_invited = ((1 + mean / world.busy_shape) ** -world.busy_shape for mean in (inside, invited))
    repurchased = none.prod(axis=1) - none_invited.prod(axis=1)
    logins = world.logins_effect * logins_mean(people.demand / world.orders)
    return np.stack([orders, revenue, margin, repurchased, logins])
