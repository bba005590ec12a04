"""What does a made-up company post, and what do people do with it, and when?

About sixty posts a month on four platforms. On three of them actions are known when they happen: one row for each
post, kind and local day, with how many. Most come soon and some years later, so that a month counted by the actions in
it and the same month counted by the posts in it differ. On the fourth platform only lifetime counts can be read, by
`counters`: no action is in both. The traps of such data are in it: posts published before the data begin; posts
deleted since, whose actions are still there; clicks whose post the tracker lost; likes, shares and follows taken back;
links that agents used again, whose clicks the tracker gives to the first post that carried them.

Posts are the company's, not its customers': their number does not depend on the size of the company, and what people
do with them grows with the square root of it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.clock import DATA_END, DATA_START, DAY_START, DAYS_IN_MONTH, MONTH_DAY, N_MONTHS, instants_on
from analysis.synthetic.company import BLOCK, Floats, Ints
from analysis.synthetic.contacts import PLATFORMS

POST_PLATFORMS = (*PLATFORMS, "youtube")
COUNTED = len(PLATFORMS)
"""The position of the platform whose counts can only be read."""
ACTIONS = ("impression", "click", "like", "comment", "share", "follow")
IMPRESSION, CLICK = range(2)
CAMPAIGNS = ("spring sale", "new router", "help week", "careers")
POST_TOPICS = ("offers", "service tips", "products", "people", "network")
NONE = -1
LOST = -1
"""Instead of a post that the tracker lost."""

_A_MONTH = (24.0, 18.0, 12.0, 6.0)
_MONTHS_BEFORE = 3
_CAMPAIGN_SHARE = 0.4
_LINKED = 0.7
_BY_AGENTS, _REUSED, _REUSED_FROM_MONTH = 0.25, 0.35, 12
_IMPRESSIONS, _SPREAD = 600.0, 0.8
_RATES = (1.0, 0.020, 0.030, 0.004, 0.005, 0.0012)
"""Actions of each kind for one impression; clicks only where there is a link."""
_DECAY = (1.35, 1.20, 1.45, 1.50, 1.40, 1.45)
"""How fast each kind falls with the days since publication: the smaller, the longer the tail."""
_OLDEST_DAYS = 400
_DELETED_SHARE = 0.004
_LOST_SHARE = 0.01
_TAKEN_BACK, _TAKEN_BACK_AFTER_DAYS = (0.0, 0.0, 0.03, 0.0, 0.02, 0.05), 15.0
_KNOWN_CLICKER = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """One entry for each post ever published; `published` in seconds, `link` a number or `NONE`, `size` the impressions
    expected in the long run; `deleted` posts are not in the table of posts.
    """

    published: Ints
    platform: Ints
    campaign: Ints
    topic: Ints
    link: Ints
    size: Floats
    deleted: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.published)

    def at(self, rows: NDArray[Any]) -> Posts:
        """Some of the posts."""
        return Posts(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """One entry for each count of actions, in the order of their times.

    `post` is a position in the posts, or `LOST`; `link` a number or `NONE`; `quantity` is negative where taken back;
    `customer` is the number of the customer, or `NONE`; `platform` is known even where the post is not.
    """

    post: Ints
    platform: Ints
    link: Ints
    kind: Ints
    quantity: Ints
    occurred: Ints
    customer: Ints

    def __len__(self) -> int:
        return len(self.post)

    def at(self, rows: NDArray[Any]) -> Actions:
        """Some of the counts."""
        return Actions(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def posts_of(customers: int, rng: np.random.Generator) -> Posts:
    """What a company of this many customers posts, in the order of publication.

    Examples
    --------
    >>> posts = posts_of(40_000, np.random.default_rng(1))
    >>> 50 < int((posts.published >= DATA_START).sum()) / N_MONTHS < 70
    True
    """
    months = N_MONTHS + _MONTHS_BEFORE
    counts = rng.poisson(np.asarray(_A_MONTH)[:, None], size=(len(_A_MONTH), months))
    platform, month = (np.repeat(part, counts.ravel()) for part in np.indices(counts.shape).reshape(2, -1))
    month = month - _MONTHS_BEFORE
    n = len(month)
    first = np.where(month < 0, 30 * month, MONTH_DAY[month])
    day = first + (rng.random(n) * np.where(month < 0, 30, DAYS_IN_MONTH[month])).astype(np.int64)
    published = instants_on(np.maximum(day, 0), rng) + 86_400 * np.minimum(day, 0)
    order = np.argsort(published, kind="stable")
    published, platform = published[order], platform[order]
    linked = (rng.random(n) < _LINKED) & (platform != COUNTED)
    scale = np.sqrt(customers / BLOCK)
    return Posts(
        published=published,
        platform=platform,
        campaign=np.where(rng.random(n) < _CAMPAIGN_SHARE, rng.integers(0, len(CAMPAIGNS), size=n), NONE),
        topic=rng.integers(0, len(POST_TOPICS), size=n),
        link=_links(linked, published, rng),
        size=_IMPRESSIONS * scale * np.exp(_SPREAD * rng.standard_normal(n) - _SPREAD**2 / 2),
        deleted=(rng.random(n) < _DELETED_SHARE) & (platform != COUNTED),
    )


def _links(linked: NDArray[np.bool_], published: Ints, rng: np.random.Generator) -> Ints:
    """A link of its own for each post that has one, but for the agents who took an earlier one again."""
    n = len(linked)
    link = np.where(linked, np.arange(n), NONE)
    starts = DAY_START[MONTH_DAY[_REUSED_FROM_MONTH]]
    again = linked & (rng.random(n) < _BY_AGENTS * _REUSED) & (published >= starts)
    earlier = np.flatnonzero(linked & ~again)
    back = rng.random(n)
    for post in np.flatnonzero(again):  # one of the forty links before it
        before = int(np.searchsorted(earlier, post))
        if before:
            link[post] = link[earlier[before - 1 - int(back[post] * min(before, 40))]]
    return np.asarray(link)


def tail(decay: float, days: int = _OLDEST_DAYS) -> Floats:
    """Which share of a post's actions falls on each day of its age, shape (days + 1,).

    Examples
    --------
    >>> share = tail(1.35)
    >>> round(float(share[0]), 2), round(float(share[30:].sum()), 2)
    (0.32, 0.17)
    """
    weight = (1.0 + np.arange(days + 1)) ** -decay
    return np.asarray(weight / weight.sum())


def actions_of(posts: Posts, clickers: Ints, rng: np.random.Generator) -> Actions:
    """What people did with posts while the data last.

    Parameters
    ----------
    posts : Posts
    clickers : array of int, shape (m,)
        Numbers of customers who may be known by their clicks; may be empty.
    rng : numpy.random.Generator

    Returns
    -------
    Actions
        Without those on the platform that is only read.
    """
    told = np.flatnonzero(posts.platform != COUNTED)
    published_on = np.floor_divide(posts.published[told] - DATA_START, 86_400)
    inside = posts.published[told] >= DATA_START
    published_on[inside] = np.searchsorted(DAY_START, posts.published[told][inside], side="right") - 1
    day_of = published_on[:, None] + np.arange(_OLDEST_DAYS + 1)
    in_data = (day_of >= 0) & (day_of < MONTH_DAY[-1])
    parts = []
    for kind, (rate, decay) in enumerate(zip(_RATES, _DECAY, strict=True)):
        expected = rate * posts.size[told][:, None] * tail(decay) * in_data
        if kind == CLICK:
            expected *= (posts.link[told] != NONE)[:, None]
        counts = rng.poisson(expected)
        row, age = np.nonzero(counts)
        parts.append(_dated(posts, told[row], kind, counts[row, age], day_of[row, age], age, rng))
    found = _joined([*parts, *(_taken_back(part, rng) for part in parts)])
    found = _with_clickers(_as_tracked(posts, found, rng), clickers, rng)
    return found.at(np.lexsort((found.customer, found.kind, found.post, found.occurred)))


def _dated(
    posts: Posts, post: Ints, kind: int, quantity: Ints, day: Ints, age: Ints, rng: np.random.Generator
) -> Actions:
    """Counts of a day, dated within it and, on the first day, after the publication."""
    n = len(post)
    occurred = instants_on(day, rng)
    since = posts.published[post]
    left = DAY_START[day + 1] - since
    occurred = np.where(age == 0, since + (rng.random(n) * left).astype(np.int64), occurred)
    return Actions(
        post=post,
        platform=posts.platform[post],
        link=np.where(kind == CLICK, posts.link[post], NONE),
        kind=np.full(n, kind),
        quantity=quantity,
        occurred=occurred,
        customer=np.full(n, NONE),
    )


def _taken_back(given: Actions, rng: np.random.Generator) -> Actions:
    back = rng.binomial(given.quantity, np.asarray(_TAKEN_BACK)[given.kind])
    after = given.occurred + 60 + (rng.exponential(86_400 * _TAKEN_BACK_AFTER_DAYS, size=len(given))).astype(np.int64)
    rows = np.flatnonzero((back > 0) & (after < DATA_END))
    some = given.at(rows)
    return Actions(
        post=some.post,
        platform=some.platform,
        link=some.link,
        kind=some.kind,
        quantity=-back[rows],
        occurred=after[rows],
        customer=some.customer,
    )


def _as_tracked(posts: Posts, found: Actions, rng: np.random.Generator) -> Actions:
    """As the tracker has it: a link's clicks on the first post that carried it, and some posts lost."""
    linked = np.flatnonzero(posts.link != NONE)
    bearer = np.full(len(posts) + 1, NONE)
    bearer[posts.link[linked][::-1]] = linked[::-1]  # the first post comes last and stays
    post = np.where(found.link == NONE, found.post, bearer[found.link])
    lost = rng.random(len(found)) < _LOST_SHARE
    return _changed(found, post=np.where(lost, LOST, post))


def _with_clickers(found: Actions, clickers: Ints, rng: np.random.Generator) -> Actions:
    """Splits off the clicks of customers who are known: one row for each, some customers more than once."""
    known = rng.binomial(np.where(found.kind == CLICK, found.quantity, 0), _KNOWN_CLICKER if len(clickers) else 0.0)
    alone = found.at(np.repeat(np.arange(len(found)), known))
    n = len(alone)
    often = (rng.random(n) ** 2 * len(clickers)).astype(np.int64)
    alone = _changed(alone, quantity=np.ones(n, dtype=np.int64), customer=clickers[often])
    rest = _changed(found, quantity=found.quantity - known)
    return _joined([rest.at(rest.quantity != 0), alone])


def _changed(found: Actions, **columns: Ints) -> Actions:
    return Actions(**{field.name: columns.get(field.name, getattr(found, field.name)) for field in fields(Actions)})


def _joined(parts: list[Actions]) -> Actions:
    return Actions(
        **{field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Actions)}
    )
