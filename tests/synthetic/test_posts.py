"""Are posts and what people do with them those of the model, with a long tail and the traps of such data?"""

from __future__ import annotations

import numpy as np
import pytest

from analysis.synthetic.audience import Audience, audience_of
from analysis.synthetic.clock import DATA_END, DATA_START, DAY_START, MONTH_DAY, N_MONTHS
from analysis.synthetic.posts import ACTIONS, CLICK, COUNTED, IMPRESSION, LOST, NONE, actions_of, posts_of, tail


@pytest.fixture(scope="module")
def audience() -> Audience:
    return audience_of(seed=3, customers=40_000, clickers=np.arange(500))


def test_fifty_to_seventy_posts_a_month_on_four_platforms_some_before_the_data(audience: Audience) -> None:
    posts = audience.posts
    month = np.searchsorted(DAY_START[MONTH_DAY], posts.published, side="right") - 1
    per_month = np.bincount(month[month >= 0], minlength=N_MONTHS)
    assert 50 < per_month.mean() < 70
    assert (month < 0).sum() > 100
    assert (np.bincount(posts.platform) > 150).all()
    assert posts.published.max() < DATA_END
    assert (posts.link[posts.platform == COUNTED] == NONE).all()


def test_nothing_is_done_before_the_post_or_outside_the_data(audience: Audience) -> None:
    actions, posts = audience.actions, audience.posts
    known = actions.post != LOST
    assert (actions.occurred[known] >= posts.published[actions.post[known]]).all()
    assert actions.occurred.min() >= DATA_START
    assert actions.occurred.max() < DATA_END
    assert (np.diff(actions.occurred) >= 0).all()
    assert (actions.quantity != 0).all()


def test_impressions_are_those_expected_of_the_posts() -> None:
    rng = np.random.default_rng(4)
    posts = posts_of(40_000, rng)
    actions = actions_of(posts, np.arange(0), rng)
    own = posts.platform != COUNTED
    day = np.searchsorted(DAY_START, np.maximum(posts.published, DATA_START), side="right") - 1
    whole = own & (posts.published >= DATA_START) & (day + 401 < MONTH_DAY[-1])
    shown = np.zeros(len(posts))
    rows = (actions.kind == IMPRESSION) & (actions.post != LOST)
    np.add.at(shown, actions.post[rows], actions.quantity[rows])
    expected = 0.99 * posts.size[whole].sum()  # one in a hundred loses its post
    assert shown[whole].sum() == pytest.approx(expected, rel=0.01)
    assert not (actions.customer != NONE).any()


def test_the_tail_is_long_so_that_the_two_bases_differ(audience: Audience) -> None:
    actions, posts = audience.actions, audience.posts
    rows = (actions.kind == IMPRESSION) & (actions.post != LOST)
    age = actions.occurred[rows] - posts.published[actions.post[rows]]
    assert 0.1 < actions.quantity[rows][age > 30 * 86_400].sum() / actions.quantity[rows].sum() < 0.3
    assert tail(1.35).sum() == pytest.approx(1)
    truth = audience.truth()
    assert truth["actions"]["2025-03"]["impression"] != truth["actions_by_post"]["2025-03"]["impression"]


def test_some_likes_and_follows_are_taken_back_after_they_were_given(audience: Audience) -> None:
    actions = audience.actions
    back = actions.quantity < 0
    assert {ACTIONS[kind] for kind in np.unique(actions.kind[back])} == {"like", "share", "follow"}
    liked = actions.kind == ACTIONS.index("like")
    assert 0.02 < -actions.quantity[liked & back].sum() / actions.quantity[liked & ~back].sum() < 0.04


def test_a_reused_link_s_clicks_stand_with_the_first_post_that_carried_it(audience: Audience) -> None:
    actions, posts = audience.actions, audience.posts
    link, carried = np.unique(posts.link[posts.link != NONE], return_counts=True)
    reused = link[carried > 1]
    assert len(reused) > 20
    clicks = (actions.kind == CLICK) & (actions.post != LOST) & np.isin(actions.link, reused)
    for row in np.flatnonzero(clicks)[:500]:
        assert actions.post[row] == np.flatnonzero(posts.link == actions.link[row])[0]
    assert (actions.link[actions.kind != CLICK] == NONE).all()


def test_a_few_clicks_name_a_customer_and_some_customers_more_than_once(audience: Audience) -> None:
    actions = audience.actions
    named = actions.customer != NONE
    assert (actions.kind[named] == CLICK).all()
    assert (actions.quantity[named] == 1).all()
    clicks = actions.quantity[actions.kind == CLICK].sum()
    assert named.sum() / clicks == pytest.approx(0.05, abs=0.01)
    assert len(np.unique(actions.customer[named])) < named.sum()
