"""Does a company with a known effect give it back to the estimator that the studies use?

The estimator of the default study is written out here once more, directly on a block's arrays: it shares no code with
`analysis.studies` and so judges the companies, not the studies.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from analysis.synthetic.block import Block, block_of, first_social_contacts
from analysis.synthetic.clock import N_MONTHS
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.truths import truth_of
from analysis.synthetic.world import SOCIAL, world_named

WINDOW = 6


@dataclass(frozen=True)
class Stack:
    """One row per customer and index month."""

    customer: np.ndarray
    month: np.ndarray
    treated: np.ndarray
    stratum: np.ndarray


def monthly(customer: np.ndarray, month: np.ndarray, size: int, value: np.ndarray | None = None) -> np.ndarray:
    sums = np.bincount(customer * N_MONTHS + month, weights=value, minlength=size * N_MONTHS)
    return sums.reshape(size, N_MONTHS)


def window_sum(table: np.ndarray, customer: np.ndarray, first: np.ndarray, length: int) -> np.ndarray:
    cumulated = np.concatenate([np.zeros((len(table), 1)), table.cumsum(axis=1)], axis=1)
    return cumulated[customer, first + length] - cumulated[customer, first]


def stack_of(block: Block, *, all_history: bool = False) -> Stack:
    issues, people = block.issues, block.customers
    start = first_social_contacts(block)[issues.customer]
    clean = issues.opened <= start
    observed = issues.month - people.first_month[issues.customer]
    rows = issues.first_of_month & clean & (observed >= WINDOW) & (issues.month + WINDOW <= N_MONTHS - 1)
    # an issue off social opened in the same second as the first contact on social cannot be told from it: none here
    customer, month = issues.customer[rows], issues.month[rows]
    raised = monthly(issues.customer, issues.month, len(people))
    if all_history:
        history = np.minimum(window_sum(raised, customer, np.zeros_like(month), month), 4)
        parts = [month, np.minimum(observed[rows], N_MONTHS), history]
    else:
        six = np.minimum(window_sum(raised, customer, month - 6, 6), 2)
        three = np.minimum(window_sum(raised, customer, month - 3, 3), 1)
        band = np.where(people.first_month[customer] == 0, 0, 1 + np.minimum(observed[rows] // 6, 3))
        parts = [month, people.product[customer], six, three, band]
    stratum = np.unique(np.stack(parts).astype(np.int64), axis=1, return_inverse=True)[1]
    return Stack(customer=customer, month=month, treated=issues.channel[rows] == SOCIAL, stratum=stratum)


def weights_of(stack: Stack) -> np.ndarray:
    treated = np.bincount(stack.stratum, weights=stack.treated)
    comparison = np.bincount(stack.stratum, weights=~stack.treated)
    share = np.divide(treated, comparison, out=np.zeros_like(treated), where=comparison > 0)[stack.stratum]
    supported = comparison[stack.stratum] > 0
    return np.where(stack.treated, supported * 1.0, share)


def log_ratio(before: np.ndarray | None, after: np.ndarray, stack: Stack) -> tuple[float, float]:
    """Logarithm of the ratio and its standard error; without `before`, the comparison is of the after-window alone."""
    weight = weights_of(stack)
    w_treated, w_other = weight * stack.treated, weight * ~stack.treated
    base = np.ones_like(after) if before is None else before
    pre_treated = np.bincount(stack.month, weights=w_treated * base, minlength=N_MONTHS)[stack.month]
    pre_other = np.bincount(stack.month, weights=w_other * base, minlength=N_MONTHS)[stack.month]
    post_other = np.bincount(stack.month, weights=w_other * after, minlength=N_MONTHS)[stack.month]
    growth = np.divide(post_other, pre_other, out=np.zeros_like(after), where=pre_other > 0)
    total = float((w_treated * after).sum())
    expected = float((w_treated * base * growth).sum())
    scale = np.divide(pre_treated, pre_other, out=np.zeros_like(after), where=pre_other > 0)
    influence = w_treated * (after / total - growth * base / expected)
    influence -= scale * w_other * (after - growth * base) / expected
    by_customer = np.bincount(stack.customer, weights=influence)
    return float(np.log(total / expected)), float(np.sqrt((by_customer**2).sum()))


def orders_effect(block: Block, value: np.ndarray | None = None) -> tuple[float, float]:
    orders, stack = block.orders, stack_of(block)
    kept = orders.cancelled == UNKNOWN
    amount = None if value is None else value[kept]
    table = monthly(orders.customer[kept], orders.month[kept], len(block.customers), amount)
    before = window_sum(table, stack.customer, stack.month - WINDOW, WINDOW)
    return log_ratio(before, window_sum(table, stack.customer, stack.month + 1, WINDOW), stack)


def issues_effect(block: Block, value: np.ndarray | None = None) -> tuple[float, float]:
    stack = stack_of(block, all_history=True)
    table = monthly(block.issues.customer, block.issues.month, len(block.customers), value)
    return log_ratio(None, window_sum(table, stack.customer, stack.month + 1, WINDOW), stack)


def errors_over(world: str, seeds: range, size: int = 8_000) -> tuple[np.ndarray, np.ndarray]:
    """Errors of the logarithm of the ratio of orders, and the standard errors that were claimed for them."""
    found = []
    for seed in seeds:
        block = block_of(world_named(world), seed=seed, index=0, size=size)
        value, error = orders_effect(block)
        found.append((value - np.log(truth_of(block, replicates=2).ratio("orders")), error))
    errors, claimed = np.array(found).T
    return errors, claimed


@pytest.mark.parametrize("world", ["none", "effect"])
def test_a_known_effect_is_found_again(world: str) -> None:
    """36 companies of 8,000: no bias beyond chance, and intervals that hold the truth as often as they say."""
    errors, claimed = errors_over(world, range(100, 136))
    chance = errors.std() / np.sqrt(len(errors))
    assert abs(errors.mean()) < 2 * chance
    covered = (np.abs(errors) < 1.96 * claimed).mean()
    assert covered >= 0.95 - 2.6 * np.sqrt(0.0475 / len(errors))
    assert errors.std() == pytest.approx(claimed.mean(), rel=0.35)


def test_issues_are_found_again() -> None:
    found = []
    for seed in range(200, 216):
        block = block_of(world_named("effect"), seed=seed, index=0, size=8_000)
        value, error = issues_effect(block)
        found.append((value - np.log(truth_of(block, replicates=2).ratio("issues"))) / error)
    assert abs(np.mean(found)) < 0.3 + 2 / np.sqrt(len(found))


@pytest.mark.parametrize(("world", "low", "high"), [("trend", 0.06, 0.25), ("confounded_strong", -0.25, -0.08)])
def test_worlds_that_break_the_design_mislead_it(world: str, low: float, high: float) -> None:
    errors, _ = errors_over(world, range(5), size=20_000)
    assert low < errors.mean() < high


def test_raw_figures_are_badly_wrong_without_any_effect() -> None:
    """Before against after of the treated, and users against non-users: neither is near 1."""
    block = block_of(world_named("none"), seed=5, index=0, size=20_000)
    size, orders, issues = len(block.customers), block.orders, block.issues
    stack = stack_of(block)
    who, index = stack.customer[stack.treated], stack.month[stack.treated]
    placed, raised = (monthly(events.customer, events.month, size) for events in (orders, issues))

    def before_after(table: np.ndarray, gap: int) -> float:
        """`gap` 1 leaves the index month out, 0 counts it as before."""
        before = window_sum(table, who, index - WINDOW + 1 - gap, WINDOW).sum()
        return float(window_sum(table, who, index + 1, WINDOW).sum() / before)

    assert before_after(placed, gap=1) < 0.92
    assert before_after(raised, gap=1) > 1.15
    assert before_after(raised, gap=0) < 0.6
    user = np.isin(np.arange(size), issues.customer[issues.channel == SOCIAL])
    assert placed[user].mean() / placed[~user].mean() > 1.1
    assert raised[user].mean() / raised[~user].mean() > 2
