"""Is what is added to the mentions a weekly season and a joke, and are the kinds lost at random?"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import stats

from analysis.synthetic.block import Block, block_of
from analysis.synthetic.chatter import UNLABELLED, viral_days, written
from analysis.synthetic.clock import DAY_START, FIRST_MONTH
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.mentions import ABSENT, ALL_TEXTS, KINDS, OTHER, POSITIVE, VIRAL_TEXTS, Mentions, mentions_of
from analysis.synthetic.world import Viral, world_named

SIZE = 12_000


@pytest.fixture(scope="module")
def block() -> Block:
    return block_of(world_named("demo"), seed=5, index=0, size=SIZE)


@pytest.fixture(scope="module")
def core(block: Block) -> Mentions:
    return mentions_of(block.customers, block.issues, block.stream("mentions"))


@pytest.fixture(scope="module")
def all_of(block: Block) -> Mentions:
    return written(block)


def day_of(mentions: Mentions) -> np.ndarray:
    return np.searchsorted(DAY_START, mentions.posted, side="right") - 1


def test_what_was_there_stays_but_for_lost_kinds(core: Mentions, all_of: Mentions) -> None:
    first = all_of.at(np.arange(len(core)))
    for name in Mentions.__slots__:
        if name != "kind":
            assert np.array_equal(getattr(first, name), getattr(core, name)), name
    assert ((first.kind == core.kind) | (first.kind == ABSENT)).all()


def test_what_is_added_asks_for_nothing(core: Mentions, all_of: Mentions) -> None:
    added = all_of.at(np.arange(len(core), len(all_of)))
    assert len(added) > 1_000
    for name in ("customer", "parent", "sales_flag", "potential_cents", "resolved_by"):
        assert (getattr(added, name) == ABSENT).all(), name
    for name in ("first_reply", "resolved"):
        assert (getattr(added, name) == UNKNOWN).all(), name
    assert (added.actionable == 0).all()
    assert np.array_equal(all_of.root[len(core) :], np.arange(len(core), len(all_of)))


def test_working_days_have_more_mentions_than_sundays(all_of: Mentions) -> None:
    weekday = (day_of(all_of) + FIRST_MONTH.first_day.weekday()) % 7
    per_day = np.bincount(weekday, minlength=7)
    assert per_day[:5].min() > 1.1 * per_day[6]


def test_kinds_are_lost_at_random(all_of: Mentions) -> None:
    lost = all_of.kind == ABSENT
    assert lost.mean() == pytest.approx(UNLABELLED, abs=4 * np.sqrt(UNLABELLED / len(all_of)))
    table = np.array([np.bincount(all_of.truly[rows], minlength=len(KINDS)) for rows in (lost, ~lost)])
    assert stats.chi2_contingency(table).pvalue > 0.001
    assert np.array_equal(all_of.kind[~lost], all_of.truly[~lost])


def test_the_joke_goes_round_on_its_days_and_its_words_do_not_tell_kinds_apart(all_of: Mentions) -> None:
    jokes = all_of.at(all_of.text >= len(ALL_TEXTS) - len(VIRAL_TEXTS))
    [viral] = world_named("demo").viral
    counts = np.bincount(day_of(jokes) - viral_days(viral)[0], minlength=4)
    assert len(counts) == 4
    expected = SIZE * np.array(viral.mentions)
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected)).all()
    assert set(jokes.truly.tolist()) == {POSITIVE, OTHER}
    praised = np.array([(jokes.truly[jokes.text == text] == POSITIVE).mean() for text in np.unique(jokes.text)])
    assert ((praised > 0.05) & (praised < 0.6)).all()


def test_a_joke_touches_no_order_and_no_issue(block: Block) -> None:
    quiet = block_of(replace(block.world, viral=()), seed=5, index=0, size=SIZE)
    assert np.array_equal(quiet.orders.ordered, block.orders.ordered)
    assert np.array_equal(quiet.issues.opened, block.issues.opened)


def test_a_viral_s_days_are_local_days() -> None:
    assert viral_days(Viral(first=date(2023, 10, 2), mentions=(0.1, 0.2))).tolist() == [1, 2]
