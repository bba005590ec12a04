"""Do contracts begin with joining, end at their rate, and go on after a move?"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.synthetic.block import Block, block_of
from analysis.synthetic.clock import DATA_END, DATA_START
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.subscriptions import (
    MONTHLY_ENDINGS,
    MOVED,
    MOVED_SHARE,
    RUNNING,
    Subscriptions,
    subscriptions_of,
)
from analysis.synthetic.world import world_named

MONTH_S = 30.4375 * 86_400


@pytest.fixture(scope="module")
def block() -> Block:
    return block_of(world_named("demo"), seed=11, index=0, size=20_000)


@pytest.fixture(scope="module")
def contracts(block: Block) -> Subscriptions:
    return subscriptions_of(block.customers, block.stream("subscriptions"))


def test_every_customer_holds_one_contract_or_two_from_joining_on(block: Block, contracts: Subscriptions) -> None:
    first = np.full(len(block.customers), np.iinfo(np.int64).max)
    np.minimum.at(first, contracts.customer, contracts.started)
    assert np.array_equal(first, block.customers.joined)
    begun = contracts.started[contracts.started >= DATA_START]
    assert len(begun) > 1_000
    assert begun.max() < DATA_END
    running = np.bincount(contracts.customer[contracts.end_kind == RUNNING], minlength=len(block.customers))
    assert running.max() == 2


def test_a_move_is_followed_by_another_contract_at_the_same_instant(contracts: Subscriptions) -> None:
    moved = contracts.end_kind == MOVED
    assert moved.sum() > 1_000
    ends = set(zip(contracts.customer[moved].tolist(), contracts.ended[moved].tolist(), strict=True))
    starts = set(zip(contracts.customer.tolist(), contracts.started.tolist(), strict=True))
    assert ends <= starts


def test_contracts_end_at_their_rate(contracts: Subscriptions) -> None:
    ended = contracts.ended != UNKNOWN
    until = np.where(ended, contracts.ended, DATA_END)
    months = (until - np.maximum(contracts.started, DATA_START)).sum() / MONTH_S
    rate = ended.sum() / months
    assert rate == pytest.approx(-np.log1p(-MONTHLY_ENDINGS), rel=0.04)
    churned = ended & (contracts.end_kind != MOVED)
    assert churned.sum() / months == pytest.approx(rate * (1 - MOVED_SHARE), rel=0.04)
    assert (contracts.end_kind == RUNNING).sum() == (~ended).sum()
    assert (until >= contracts.started).all()
