"""Is the truth true? Against a slow second road, against laws, and against what randomisation finds on average."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from analysis.synthetic.block import Block, block_of, first_social_contacts
from analysis.synthetic.clock import N_MONTHS
from analysis.synthetic.company import LONG_AGO, NEVER, demand, issue_rate, social_share
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.invitation import ASSIGNED_AT, WINDOW_DAYS, logins_mean
from analysis.synthetic.truths import IndexIssues, Truth, index_issues, paths, segments, truth_of
from analysis.synthetic.world import SOCIAL, world_named


@pytest.fixture(scope="module")
def effect() -> Block:
    return block_of(world_named("effect"), seed=21, index=0, size=6_000)


@pytest.fixture(scope="module")
def truth(effect: Block) -> Truth:
    return truth_of(effect)


def test_the_index_is_the_first_social_contact_and_the_first_issue_of_its_month(effect: Block) -> None:
    """The rule, customer by customer, in plain Python."""
    issues, people = effect.issues, effect.customers
    first = first_social_contacts(effect)
    expected = set()
    for customer in range(1_500):
        own = np.flatnonzero(issues.customer == customer)
        for issue in own:
            earlier = own[(issues.month[own] == issues.month[issue]) & (own < issue)]
            if issues.channel[issue] != SOCIAL or len(earlier) or issues.opened[issue] != first[customer]:
                continue
            month = issues.month[issue]
            if people.first_month[customer] <= month - 6 and month + 6 < N_MONTHS:
                expected.add((customer, int(issue)))
    index = index_issues(effect)
    found = {(int(c), int(i)) for c, i in zip(index.customer, index.issue, strict=True) if c < 1_500}
    assert found == expected
    assert len(expected) > 150


def test_the_path_that_did_not_happen_agrees_with_a_slow_simulation(effect: Block) -> None:
    """One treated customer, month by month, in plain Python, with numpy's own Poisson draws."""
    index = index_issues(effect)
    busiest = int(np.argmax(effect.customers.issues[index.customer]))
    customer, month = int(index.customer[busiest]), int(index.month[busiest])
    many = 40_000
    same = np.full(many, busiest)
    copies = IndexIssues(
        issue=index.issue[same], customer=index.customer[same], month=index.month[same], again=np.zeros(many, int)
    )
    fast = paths(effect, copies, np.random.default_rng(1))[:, [0, 3]]
    one, rng = effect.customers.at(np.array([customer])), np.random.default_rng(2)
    for path, first_social in enumerate((month, NEVER)):
        slow = []
        for _ in range(1_200):
            social, last, orders, issues = np.array([first_social]), np.array([month]), 0.0, 0.0
            for later in range(month + 1, month + 7):
                rate = issue_rate(effect.world, one, later, social)
                count = rng.poisson(rate[0])
                last = np.array([later]) if count else last
                orders += 0.97 * demand(effect.world, one, later, last, social)[0]
                issues += rate[0]
                turned = any(rng.random() < social_share(effect.world, one, later)[0] for _ in range(count))
                social = np.array([later]) if turned and social[0] == NEVER else social
            slow.append((orders, issues))
        for outcome in (0, 1):
            values = np.array(slow)[:, outcome]
            error = math.hypot(values.std() / math.sqrt(len(values)), fast[path, outcome].std() / math.sqrt(many))
            assert abs(values.mean() - fast[path, outcome].mean()) < 4 * error + 1e-9


def test_without_an_effect_the_truth_is_exactly_none() -> None:
    for name in ("none", "trend", "confounded_strong", "incident", "churn", "late_joiners"):
        truth = truth_of(block_of(world_named(name), seed=2, index=0, size=1_500), replicates=2)
        for outcome in ("orders", "revenue", "margin", "issues", "support_cost"):
            assert truth.ratio(outcome) == 1.0
            assert truth.difference(outcome) == 0.0


def test_later_turns_to_social_dilute_the_effect_and_fewer_dips_add_to_it() -> None:
    """Without dips and fewer issues only the dilution is left: below 1.10, and by hand from the chance to turn."""
    world = replace(world_named("effect"), dip=0.0, issue_effect=0.0)
    block = block_of(world, seed=3, index=0, size=8_000)
    truth = truth_of(block)
    index = index_issues(block)
    people = block.customers.at(index.customer)
    alone = index.again == 0
    treated = np.zeros(len(index))
    never_turned = np.where(alone, 1.0, 0.0)  # probability that the other path has no effect yet
    base = np.zeros(len(index))
    for step in range(1, 7):
        month = index.month + step
        never = np.full(len(index), NEVER)
        wanted = demand(world, people, month, np.full(len(index), LONG_AGO), never)
        treated += wanted * 1.1
        base += wanted * (1.1 - 0.1 * never_turned)
        rate = issue_rate(world, people, month, never) * social_share(world, people, month)
        never_turned = never_turned * np.exp(-rate)
    assert truth.ratio("orders") < 1.1
    assert truth.ratio("orders") == pytest.approx(treated.sum() / base.sum(), abs=5e-4)


def test_the_truth_hardly_moves_between_futures(effect: Block, truth: Truth) -> None:
    others = [truth_of(effect, rng=np.random.default_rng(seed)).ratio("orders") for seed in range(6)]
    assert np.std(others) < 0.001
    assert truth.ratio("orders") == pytest.approx(np.mean(others), abs=0.002)


def test_segments_add_up_to_the_whole(truth: Truth) -> None:
    regions, products = slice(1, 5), slice(5, 8)
    for part in (regions, products):
        assert truth.treated[part].sum() == truth.treated[0]
        assert truth.path_sums[:, :, part].sum(axis=2) == pytest.approx(truth.path_sums[:, :, 0])
        assert truth.trial_sums[:, part].sum(axis=1) == pytest.approx(truth.trial_sums[:, 0])
    assert len(segments()) == 8


def test_two_halves_of_a_company_add_up(truth: Truth) -> None:
    twice = truth + truth
    assert twice.ratio("orders") == pytest.approx(truth.ratio("orders"))
    assert twice.difference("orders") == pytest.approx(truth.difference("orders"))


def test_an_effect_in_one_segment_stays_there() -> None:
    truth = truth_of(block_of(world_named("one_segment"), seed=2, index=0, size=4_000))
    north, south = truth.ratio("orders", 1), truth.ratio("orders", 2)
    assert north > 1.15
    assert south == 1.0


def test_every_row_has_the_contract_s_keys_and_its_own_place(truth: Truth) -> None:
    rows = truth.effects()
    keys = {"design", "estimand", "treated", "comparison", "outcome", "segment", "scale", "value", "definition"}
    assert all(set(row) == keys for row in rows)
    places = [(row["estimand"], row["outcome"], str(row["segment"]), row["scale"]) for row in rows]
    assert len(places) == len(set(places))
    assert all(math.isfinite(float(str(row["value"]))) for row in rows)


def test_the_experiment_s_truth_is_what_randomisation_finds() -> None:
    """Differences of means over 40 companies of 3,000: their errors are standard normal on average."""
    world = world_named("experiment")
    errors = {"orders": [], "repurchased": [], "logins_90d": []}
    for seed in range(40):
        block = block_of(world, seed=seed, index=0, size=3_000)
        people, orders = block.customers, block.orders
        inside = (orders.ordered >= ASSIGNED_AT) & (orders.ordered < ASSIGNED_AT + WINDOW_DAYS * 86_400)
        inside &= orders.cancelled == UNKNOWN
        placed = np.bincount(orders.customer[inside], minlength=len(people))
        factor = np.where(people.arm == 1, 1 + world.logins_effect, 1.0)
        logins = block.stream("outcomes").poisson(logins_mean(people.demand / world.orders) * factor)
        true = {row["outcome"]: row["value"] for row in truth_of(block, replicates=1).effects() if not row["segment"]}
        for outcome, value in (("orders", placed), ("repurchased", placed > 0), ("logins_90d", logins)):
            invited, control = value[people.arm == 1], value[people.arm == 0]
            error = math.sqrt(invited.var() / len(invited) + control.var() / len(control))
            errors[outcome].append((invited.mean() - control.mean() - true[outcome]) / error)
    for outcome, found in errors.items():
        assert abs(np.mean(found)) < 3 / math.sqrt(40), outcome
        assert 0.7 < np.std(found) < 1.3, outcome
