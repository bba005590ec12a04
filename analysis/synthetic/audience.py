"""In which rows do exports show what a made-up company posts, and what is true of them by month?

The contract's tables `posts`, `post_actions` and `post_counters`, for the company as a whole. A deleted post has no
row, but what people did with it has; an action whose post the tracker lost names none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.synthetic.clock import DATA_START, DAY_START, FIRST_MONTH, MONTH_DAY, N_MONTHS
from analysis.synthetic.columns import ids, instants, names
from analysis.synthetic.company import WHOLE, Ints, stream
from analysis.synthetic.counters import READ, Readings, readings_of
from analysis.synthetic.known import FACEBOOK_ACTIONS_LATE, MINUTES, MORNING, known_from
from analysis.synthetic.posts import (
    ACTIONS,
    CAMPAIGNS,
    CLICK,
    COUNTED,
    IMPRESSION,
    LOST,
    NONE,
    POST_PLATFORMS,
    POST_TOPICS,
    Actions,
    Posts,
    actions_of,
    posts_of,
)
from analysis.synthetic.records import customer_ids

_FACEBOOK = POST_PLATFORMS.index("facebook")
_STARTS = DAY_START[MONTH_DAY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """What a company posted and what people did with it."""

    seed: int
    posts: Posts
    actions: Actions
    readings: Readings

    def seen(self) -> Ints:
        """Impressions, or views where only they are told, of each platform in each month; shape (platforms, months)."""
        shown = self.actions.kind == IMPRESSION
        seen = _sums(self.actions.platform, self.actions.occurred, self.actions.quantity * shown, len(POST_PLATFORMS))
        seen[COUNTED] = self.readings.monthly[READ.index("view")]
        return seen

    def truth(self) -> dict[str, dict[str, Any]]:
        """Exact sums by local month and kind.

        `actions` by the month they happened in; `actions_by_post` by the month of publication of the post they
        name, without the posts of `before` the data and those `unknown`; `counters` as it really went on on the
        platform that is only read, of all posts ever; `links`: how many are carried, how many of them by several posts.
        """
        posts, actions = self.posts, self.actions
        kinds = len(ACTIONS)
        happened = _sums(actions.kind, actions.occurred, actions.quantity, kinds)
        unknown = (actions.post == LOST) | posts.deleted[actions.post]
        published = posts.published[actions.post]
        earlier = ~unknown & (published < DATA_START)
        inside = ~unknown & ~earlier
        credited = _sums(actions.kind[inside], published[inside], actions.quantity[inside], kinds)
        aside = {
            name: dict(zip(ACTIONS, _by_kind(actions, rows).tolist(), strict=True))
            for name, rows in (("before", earlier), ("unknown", unknown))
        }
        link, carried = np.unique(posts.link[(posts.link != NONE) & ~posts.deleted], return_counts=True)
        return {
            "actions": _by_month(ACTIONS, happened),
            "actions_by_post": _by_month(ACTIONS, credited) | aside,
            "counters": _by_month(READ, self.readings.monthly),
            "links": {"carried": len(link), "reused": int((carried > 1).sum())},
        }


def audience_of(*, seed: int, customers: int, clickers: Ints) -> Audience:
    """Posts, actions and readings of a company.

    Parameters
    ----------
    seed, customers : int
    clickers : array of int
        Numbers of customers who may be known by their clicks.

    Examples
    --------
    >>> found = audience_of(seed=1, customers=1_000, clickers=np.arange(50))
    >>> sum(month["view"] for month in found.truth()["counters"].values()) == int(found.seen()[COUNTED].sum())
    True
    """
    posts = posts_of(customers, stream(seed, WHOLE, "posts"))
    return Audience(
        seed=seed,
        posts=posts,
        actions=actions_of(posts, clickers, stream(seed, WHOLE, "actions")),
        readings=readings_of(posts, stream(seed, WHOLE, "counters")),
    )


def audience_tables(audience: Audience) -> dict[str, pa.Table]:
    """The rows of posts, actions and readings, by table."""
    posts, rng = audience.posts, stream(audience.seed, WHOLE, "known")
    post_id = ids(np.arange(len(posts)) + 1, width=6, prefix="P")
    return {
        "posts": _posts(posts, post_id, rng),
        "post_actions": _actions(audience.actions, post_id, rng),
        "post_counters": _counters(audience.readings, post_id, rng),
    }


def _posts(posts: Posts, post_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    table = pa.table(
        {
            "post_id": post_id,
            "published_at": instants(posts.published),
            "platform": names(posts.platform, POST_PLATFORMS),
            "campaign": names(posts.campaign, CAMPAIGNS),
            "topic": names(posts.topic, POST_TOPICS),
            "link_id": _link_ids(posts.link),
            "known_at": instants(known_from(posts.published, rng, usual_s=MINUTES, late_share=0.0)),
        }
    )
    return table.filter(pa.array(~posts.deleted))


def _actions(actions: Actions, post_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    n = len(actions)
    held_up = actions.platform == _FACEBOOK
    known = known_from(actions.occurred, rng, usual_s=MORNING, held_up=held_up, burst=FACEBOOK_ACTIONS_LATE)
    customer = customer_ids(np.maximum(actions.customer, 0))
    return pa.table(
        {
            "action_id": ids(np.arange(n) + 1, width=9, prefix="A"),
            "post_id": post_id.take(_where(actions.post, actions.post != LOST)),
            "link_id": _link_ids(np.where(actions.kind == CLICK, actions.link, NONE)),
            "kind": names(actions.kind, ACTIONS),
            "quantity": pa.array(actions.quantity),
            "occurred_at": instants(actions.occurred),
            "customer_id": customer.take(_where(np.arange(n), actions.customer != NONE)),
            "known_at": instants(known),
        }
    )


def _counters(readings: Readings, post_id: pa.Array, rng: np.random.Generator) -> pa.Table:
    return pa.table(
        {
            "counter_id": ids(np.arange(len(readings)) + 1, width=8, prefix="R"),
            "post_id": post_id.take(pa.array(readings.post)),
            "kind": names(readings.kind, READ),
            "observed_at": instants(readings.observed),
            "value": pa.array(readings.value),
            "known_at": instants(known_from(readings.observed, rng, usual_s=MINUTES)),
        }
    )


def _link_ids(link: Ints) -> pa.Array:
    return ids(np.maximum(link, 0) + 1, width=6, prefix="L", present=link != NONE)


def _where(position: Ints, there: np.ndarray) -> pa.Array:
    return pa.array(np.where(there, position, 0), mask=~there)


def _sums(group: Ints, instant: Ints, quantity: Ints, groups: int) -> Ints:
    """Quantities by group and local month of the data, shape (groups, months)."""
    month = np.searchsorted(_STARTS, instant, side="right") - 1
    sums = np.zeros((groups, N_MONTHS), dtype=np.int64)
    np.add.at(sums, (group, month), quantity)
    return sums


def _by_kind(actions: Actions, rows: np.ndarray) -> Ints:
    sums = np.zeros(len(ACTIONS), dtype=np.int64)
    np.add.at(sums, actions.kind[rows], actions.quantity[rows])
    return sums


def _by_month(kinds: tuple[str, ...], sums: Ints) -> dict[str, dict[str, int]]:
    return {
        str(FIRST_MONTH.plus(month)): dict(zip(kinds, sums[:, month].tolist(), strict=True))
        for month in range(N_MONTHS)
    }
