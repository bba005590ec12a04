"""Are readings lifetime counts at irregular times, and do they agree with what really happened?"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.synthetic.audience import Audience, audience_of
from analysis.synthetic.clock import DATA_START, DAY_START
from analysis.synthetic.counters import READ, gathered
from analysis.synthetic.posts import COUNTED


@pytest.fixture(scope="module")
def audience() -> Audience:
    return audience_of(seed=3, customers=40_000, clickers=np.arange(500))


def test_readings_are_lifetime_counts_that_now_and_then_fall(audience: Audience) -> None:
    readings, posts = audience.readings, audience.posts
    assert (readings.value >= 0).all()
    assert (readings.observed > posts.published[readings.post]).all()
    assert set(posts.platform[readings.post].tolist()) == {COUNTED}
    order = np.lexsort((readings.observed, readings.kind, readings.post))
    same = (np.diff(readings.post[order]) == 0) & (np.diff(readings.kind[order]) == 0)
    steps = np.diff(readings.value[order])[same]
    assert 0 < (steps < 0).mean() < 0.02
    exports = np.unique(readings.observed)
    assert len(set(np.diff(exports) // 86_400)) > 5  # at no regular times
    assert not np.isin(exports, DAY_START).any()


def test_the_first_reading_of_an_old_post_is_an_opening_balance(audience: Audience) -> None:
    readings, posts = audience.readings, audience.posts
    views = np.flatnonzero((readings.kind == READ.index("view")) & (posts.published[readings.post] < DATA_START))
    _, first = np.unique(readings.post[views], return_index=True)
    assert np.median(readings.value[views[first]]) > 100


def test_what_happened_adds_up_to_the_last_state_of_the_counts() -> None:
    """Of posts published in the data, if every export reads every post: the sum over months less what came after it."""
    share = gathered(np.array([0.0, 1e9]))
    assert share[0] == 0
    assert 0.99 < share[1] <= 1
    audience = audience_of(seed=9, customers=40_000, clickers=np.arange(0))
    readings, posts = audience.readings, audience.posts
    comments = readings.kind == READ.index("comment")
    new = posts.published[readings.post] >= DATA_START
    highest = np.zeros(len(posts), dtype=np.int64)
    np.maximum.at(highest, readings.post[comments & new], readings.value[comments & new])
    happened = audience.readings.monthly[READ.index("comment")].sum()
    assert happened == pytest.approx(highest.sum(), rel=0.08)
