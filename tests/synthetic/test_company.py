"""Are the customers, their issues and their demand those of the model, and the same for the same seed?"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.synthetic.block import Block, block_of, blocks_of, first_social_contacts
from analysis.synthetic.clock import DATA_END, DATA_START, DAY_START, MONTH_DAY, N_MONTHS, instants_on
from analysis.synthetic.company import LONG_AGO, NEVER, counts_of, demand, issue_rate
from analysis.synthetic.contacts import OUTAGE, UNKNOWN
from analysis.synthetic.invitation import ASSIGNED_AT, OVERLAP, WINDOW_DAYS
from analysis.synthetic.world import SOCIAL, World, world_named


@pytest.fixture(scope="module")
def block() -> Block:
    return block_of(world_named("demo"), seed=11, index=0, size=8_000)


def test_the_data_are_36_london_months() -> None:
    assert DATA_START == 1_696_114_800  # 2023-09-30T23:00:00Z, midnight in British Summer Time
    assert DATA_END == 1_790_809_200  # 2026-09-30T23:00:00Z
    assert len(DAY_START) == MONTH_DAY[-1] + 1 == 1_097
    assert sorted(set(np.diff(DAY_START).tolist())) == [23 * 3_600, 24 * 3_600, 25 * 3_600]


def test_instants_stay_within_their_local_day_and_reach_every_hour() -> None:
    day = np.repeat(np.arange(MONTH_DAY[-1]), 200)
    instants = instants_on(day, np.random.default_rng(1))
    assert (np.searchsorted(DAY_START, instants, side="right") - 1 == day).all()
    hour = (instants - DAY_START[day]) // 3_600
    assert np.bincount(hour, minlength=24)[:24].min() > 500


def test_counts_of_are_poisson_and_move_with_the_rate() -> None:
    uniform = np.random.default_rng(2).random(200_000)
    low, high = counts_of(uniform, np.full(200_000, 0.4)), counts_of(uniform, np.full(200_000, 0.5))
    assert (low <= high).all()
    expected = 200_000 * stats.poisson.pmf(np.arange(5), 0.5)
    observed = np.bincount(high, minlength=5)[:5]
    assert (np.abs(observed - expected) < 4.5 * np.sqrt(expected)).all()


def test_counts_of_end_even_for_the_largest_uniform() -> None:
    assert counts_of(np.array([np.nextafter(1.0, 0.0)]), np.array([0.5]))[0] < 30


def test_demand_and_issue_rate_by_hand() -> None:
    """One customer with demand 2 and half an issue a month, without season, growth, and present throughout."""
    world = World(
        about="by hand",
        order_effect=(0.1, 0.1, 0.1, 0.1),
        issue_effect=-0.2,
        season=((0.0, 1),) * 3,
        growth_by_taste=0.0,
    )
    one = block_of(world, seed=1, index=0, size=1).customers
    one = type(one)(
        **{name: getattr(one, name) for name in one.__slots__}
        | {
            "demand": np.array([2.0]),
            "issues": np.array([0.5]),
            "first_day": np.array([0]),
            "left": np.array([NEVER]),
            "arm": np.array([-1]),
        }
    )
    growth = math.exp(0.04 * (20 - 17.5) / 12)

    def wanted(last_issue: int, first_social: int) -> float:
        return float(demand(world, one, 20, np.array([last_issue]), np.array([first_social]))[0])

    assert wanted(LONG_AGO, NEVER) == pytest.approx(2.0 * growth)
    assert wanted(20, NEVER) == wanted(17, NEVER) == pytest.approx(2.0 * growth * 0.7)
    assert wanted(16, NEVER) == pytest.approx(2.0 * growth)
    assert wanted(17, 17) == pytest.approx(2.0 * growth * 0.7 * 1.1)
    assert wanted(20, 20) == wanted(20, NEVER)  # the effect begins in the month after
    before, after = (float(issue_rate(world, one, 20, np.array([month]))[0]) for month in (20, 19))
    assert after / before == pytest.approx(0.8)


def test_the_same_seed_gives_the_same_block_and_another_seed_does_not() -> None:
    world = world_named("demo")
    first, again, other = (block_of(world, seed=seed, index=0, size=300) for seed in (5, 5, 6))
    assert np.array_equal(first.orders.ordered, again.orders.ordered)
    assert np.array_equal(first.touchpoints.occurred, again.touchpoints.occurred)
    assert not np.array_equal(first.life.demand, other.life.demand)


def test_blocks_differ_and_number_their_customers_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.synthetic.block.BLOCK", 200)
    monkeypatch.setattr("analysis.synthetic.company.BLOCK", 200)
    parts = list(blocks_of(world_named("none"), seed=5, customers=500))
    assert [len(part.customers) for part in parts] == [200, 200, 100]
    assert np.concatenate([part.customers.number for part in parts]).tolist() == list(range(500))
    assert not np.array_equal(parts[0].life.demand, parts[1].life.demand)
    whole = block_of(world_named("none"), seed=5, index=1, size=200)
    assert np.array_equal(parts[1].orders.ordered, whole.orders.ordered)


def test_orders_follow_the_demand_of_each_month(block: Block) -> None:
    expected = block.life.demand.sum(axis=0)
    observed = np.bincount(block.orders.month, minlength=N_MONTHS)
    variance = expected + (block.life.demand**2).sum(axis=0) / block.world.busy_shape
    assert (np.abs(observed - expected) < 4.5 * np.sqrt(variance)).all()


def test_nothing_happens_before_joining_or_after_the_data(block: Block) -> None:
    joined = block.customers.joined
    for who, when in [
        (block.orders.customer, block.orders.ordered),
        (block.issues.customer, block.issues.opened),
        (block.issues.customer[block.touchpoints.issue], block.touchpoints.occurred),
    ]:
        assert (when > joined[who]).all()
        assert (when >= DATA_START).all()
        assert (when < DATA_END).all()
    late = block.customers.first_month > 0
    assert 0.10 < late.mean() < 0.14
    assert (joined[~late] < DATA_START).all()


def test_months_of_events_are_london_months(block: Block) -> None:
    start = DAY_START[MONTH_DAY]
    for when, month in [(block.orders.ordered, block.orders.month), (block.issues.opened, block.issues.month)]:
        assert np.array_equal(np.searchsorted(start, when, side="right") - 1, month)


def test_taste_for_social_goes_with_demand_and_issues_do_not(block: Block) -> None:
    people = block.customers
    assert stats.spearmanr(people.taste, people.demand).statistic > 0.5
    for mobile in [people.product == 0]:
        assert abs(stats.spearmanr(people.issues[mobile], people.demand[mobile]).statistic) < 0.06
        assert abs(stats.spearmanr(people.issues[mobile], people.taste[mobile]).statistic) < 0.06


def test_rates_are_near_those_of_the_parameters(block: Block) -> None:
    share = (block.issues.channel == SOCIAL).mean()
    assert 0.18 < share < 0.28
    assert 0.05 < len(block.issues) / block.life.demand.size < 0.09
    assert 0.45 < len(block.orders) / block.life.demand.size < 0.75
    assert 0.025 < (block.orders.cancelled != UNKNOWN).mean() < 0.035


def test_times_of_an_issue_are_in_order(block: Block) -> None:
    issues = block.issues
    answered, closed, reopened = (times != UNKNOWN for times in (issues.first_reply, issues.closed, issues.reopened))
    assert (issues.first_reply[answered] > issues.opened[answered]).all()
    assert (issues.closed[closed & answered] >= issues.first_reply[closed & answered]).all()
    assert closed[reopened].all()
    assert (issues.reopened[reopened] > issues.closed[reopened]).all()
    for times in (issues.first_reply, issues.closed, issues.reopened):
        assert times.max() < DATA_END
    on_social = issues.channel == SOCIAL
    assert 0.04 < (~answered[on_social]).mean() < 0.25  # a part is never answered
    wait = (issues.first_reply - issues.opened)[on_social & answered & ~issues.by_bot]
    assert wait.mean() > 1.8 * np.median(wait)  # heavy-tailed


def test_every_issue_has_one_opening_contact_and_some_follow_up_elsewhere(block: Block) -> None:
    contacts, issues = block.touchpoints, block.issues
    opening = contacts.opening
    assert np.array_equal(np.sort(contacts.issue[opening]), np.arange(len(issues)))
    assert np.array_equal(contacts.occurred[opening], issues.opened[contacts.issue[opening]])
    assert contacts.inbound[opening].all()
    moved = contacts.channel != issues.channel[contacts.issue]
    assert not moved[opening].any()
    assert 0.1 < moved[~opening].mean() < 0.35


def test_the_first_social_contact_is_an_issue_or_an_inbound_follow_up(block: Block) -> None:
    first = first_social_contacts(block)
    contacts, issues = block.touchpoints, block.issues
    for customer in np.flatnonzero(first < DATA_END)[:200]:
        own = issues.customer[contacts.issue] == customer
        assert first[customer] == contacts.occurred[own & (contacts.channel == SOCIAL) & contacts.inbound].min()


def test_an_incident_raises_issues_of_its_product_and_topic() -> None:
    block = block_of(world_named("incident"), seed=3, index=0, size=8_000)
    incident = block.world.incidents[0]
    struck = block.customers.product[block.issues.customer] == incident.product
    by_month = np.bincount(block.issues.month[struck], minlength=N_MONTHS)
    assert by_month[incident.month] > 3 * by_month[incident.month - 1]
    in_it = struck & (block.issues.month == incident.month)
    assert (block.issues.topic[in_it] == OUTAGE).mean() > 0.6
    social = block.issues.channel == SOCIAL
    assert social[in_it].mean() > social.mean() + 0.1


def test_who_leaves_never_orders_again() -> None:
    block = block_of(world_named("churn"), seed=3, index=0, size=4_000)
    assert (block.orders.month < block.customers.left[block.orders.customer]).all()
    assert (block.issues.month < block.customers.left[block.issues.customer]).all()
    assert (block.customers.left < N_MONTHS).mean() > 0.4


def test_the_invitation_lies_over_90_days() -> None:
    days = OVERLAP * np.diff(MONTH_DAY)
    assert days.sum() == pytest.approx(90)
    assert np.flatnonzero(days).tolist() == [31, 32, 33]


def test_the_invitation_ends_with_its_90_days() -> None:
    """With a fourfold effect: in July invited customers buy four times as much up to the 29th, and no more after it."""
    world = replace(world_named("experiment"), invitation_effect=3.0)
    block = block_of(world, seed=4, index=0, size=20_000)
    orders, arm = block.orders, block.customers.arm
    end = ASSIGNED_AT + WINDOW_DAYS * 86_400
    per_customer = {}
    for inside in (True, False):
        rows = (orders.month == 33) & ((orders.ordered < end) == inside)
        placed = np.bincount(orders.customer[rows], minlength=len(arm))
        per_customer[inside] = placed[arm == 1].mean() / placed[arm == 0].mean()
    assert per_customer[True] == pytest.approx(4, rel=0.08)
    assert per_customer[False] == pytest.approx(1, rel=0.25)
