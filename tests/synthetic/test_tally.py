"""Is what truth says beside the effects what was made?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.synthetic.block import Block, block_of
from analysis.synthetic.chatter import written
from analysis.synthetic.clock import DAY_START
from analysis.synthetic.mentions import ABSENT, ALL_TEXTS, VIRAL_TEXTS, Mentions
from analysis.synthetic.tally import tally_of
from analysis.synthetic.world import world_named

SIZE = 12_000


@pytest.fixture(scope="module")
def block() -> Block:
    return block_of(world_named("demo"), seed=5, index=0, size=SIZE)


@pytest.fixture(scope="module")
def all_of(block: Block) -> Mentions:
    return written(block)


def day_of(mentions: Mentions) -> np.ndarray:
    return np.searchsorted(DAY_START, mentions.posted, side="right") - 1


def test_the_tally_by_hand_and_its_parts_add_up(block: Block, all_of: Mentions) -> None:
    tally = tally_of(block, all_of)
    assert tally.kinds.sum() == len(all_of)
    assert tally.unlabelled.sum() == (all_of.kind == ABSENT).sum()
    assert tally.support_cents.sum() == block.issues.cost_cents.sum()
    both = tally + tally
    assert both.mention_kinds()["all"] == {name: 2 * n for name, n in tally.mention_kinds()["all"].items()}
    assert both.above.tolist() == (2 * tally.above).tolist()


def test_incidents_say_what_came_on_top(block: Block, all_of: Mentions) -> None:
    """The outage: issues and mentions of the struck month against the same month of the company without it."""
    outage, joke = tally_of(block, all_of).incidents()
    assert (outage["from"], outage["to"], outage["product"]) == ("2025-11-01", "2025-11-30", "broadband")
    assert (joke["from"], joke["to"], joke["product"]) == ("2026-02-19", "2026-02-22", None)
    assert outage["explained"] is True
    assert joke["explained"] is False
    assert joke["issues_above_expected"] == 0
    assert joke["mentions_above_expected"] == (all_of.text >= len(ALL_TEXTS) - len(VIRAL_TEXTS)).sum()
    quiet = block_of(replace(block.world, incidents=()), seed=5, index=0, size=SIZE)
    struck, before = ((one.issues.month == 25).sum() for one in (block, quiet))
    assert outage["issues_above_expected"] == pytest.approx(struck - before, rel=0.25)
    said, usual = ((day_of(found) >= 762) & (day_of(found) < 792) for found in (all_of, written(quiet)))
    assert outage["mentions_above_expected"] == pytest.approx(said.sum() - usual.sum(), rel=0.6)
