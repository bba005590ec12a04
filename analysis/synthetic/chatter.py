"""What else is written about a made-up company: in the course of the working week, and when something goes round?

`mentions` has what goes with issues, praise and questions, and knows no days of the week. Here strangers add a remark
on working days, so that daily counts have a weekly season; and in worlds with a `Viral` a few days of jokes, which
nobody has to answer, which no change log explains and which move no issue and no order. What is added comes after the
block's other mentions and leaves them as they are. At last some mentions, whatever their kind, lose it in the records:
`Mentions.truly` keeps it for the truth.
"""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np

from analysis.synthetic.block import Block
from analysis.synthetic.clock import FIRST_MONTH, MONTH_DAY, instants_on
from analysis.synthetic.company import Flags, Ints
from analysis.synthetic.contacts import PLATFORM_SHARE, PLATFORMS, UNKNOWN
from analysis.synthetic.mentions import (
    ABSENT,
    ALL_TEXTS,
    HANDLES,
    KIND_START,
    OTHER,
    POSITIVE,
    UNSORTED,
    WITH_HOSTILE,
    Mentions,
    mentions_of,
)
from analysis.synthetic.world import PRODUCT_SHARE, PRODUCTS, Viral

UNLABELLED = 0.06
"""The share of mentions that have no kind in the records."""

_REMARKS = (2.25e-4, 2.0e-4, 2.0e-4, 2.25e-4, 2.5e-4, 0.5e-4, 0.0)
"""For each customer of the company, on a Monday, Tuesday, ... Sunday."""
_VIRAL_PLATFORMS = (0.6, 0.1, 0.3)
_VIRAL_PRAISE = 0.3
_WEEKDAY = (np.arange(MONTH_DAY[-1]) + FIRST_MONTH.first_day.weekday()) % 7


def written(block: Block) -> Mentions:
    """All mentions of a block as its records show them: those of `mentions`, then what is added.

    Examples
    --------
    >>> from analysis.synthetic.block import block_of
    >>> from analysis.synthetic.world import world_named
    >>> found = written(block_of(world_named("none"), seed=1, index=0, size=2_000))
    >>> bool((found.kind[found.kind != ABSENT] == found.truly[found.kind != ABSENT]).all())
    True
    """
    found = mentions_of(block.customers, block.issues, block.stream("mentions"))
    rng, size = block.stream("chatter"), len(block.customers)
    added = [_remarks(size, rng), *(_jokes(viral, size, rng) for viral in block.world.viral)]
    openings = found.parent == ABSENT
    for more in added:
        found = _after(found, more)
    openings = np.concatenate([openings, np.zeros(len(found) - len(openings), dtype=bool)])
    return _with_kinds_lost(found, openings, block.stream("labels"))


def viral_days(viral: Viral) -> Ints:
    """The days of the data on which it goes round."""
    return (viral.first - FIRST_MONTH.first_day).days + np.arange(len(viral.mentions))


def _remarks(customers: int, rng: np.random.Generator) -> Mentions:
    day = np.repeat(np.arange(len(_WEEKDAY)), rng.poisson(customers * np.asarray(_REMARKS)[_WEEKDAY]))
    n = len(day)
    product = rng.choice(len(PRODUCTS), size=n, p=PRODUCT_SHARE)
    variants = (KIND_START[OTHER + 1] - KIND_START[OTHER]) // len(PRODUCTS)
    return _of_strangers(
        day,
        kind=np.full(n, OTHER),
        platform=rng.choice(len(PLATFORMS), size=n, p=PLATFORM_SHARE),
        product=product,
        text=KIND_START[OTHER] + product * variants + rng.integers(0, variants, size=n),
        rng=rng,
    )


def _jokes(viral: Viral, customers: int, rng: np.random.Generator) -> Mentions:
    day = np.repeat(viral_days(viral), rng.poisson(customers * np.asarray(viral.mentions)))
    n = len(day)
    return _of_strangers(
        day,
        kind=np.where(rng.random(n) < _VIRAL_PRAISE, POSITIVE, OTHER),
        platform=rng.choice(len(PLATFORMS), size=n, p=_VIRAL_PLATFORMS),
        product=np.full(n, ABSENT),
        text=rng.integers(len(WITH_HOSTILE), len(ALL_TEXTS), size=n),
        rng=rng,
    )


def _of_strangers(
    day: Ints, *, kind: Ints, platform: Ints, product: Ints, text: Ints, rng: np.random.Generator
) -> Mentions:
    """Mentions by people whom nobody knows, in the order of posting: nothing in them is asked, answered or sold."""
    n = len(day)
    nothing, unknown = np.full(n, ABSENT), np.full(n, UNKNOWN)
    posted = instants_on(day, rng)
    found = Mentions(
        posted=posted,
        platform=platform,
        author=HANDLES + rng.integers(0, HANDLES, size=n),
        customer=nothing,
        parent=nothing,
        root=np.arange(n),
        product=product,
        kind=kind,
        truly=kind,
        sales_flag=nothing,
        potential_cents=nothing,
        actionable=np.zeros(n, dtype=np.int64),
        first_reply=unknown,
        by_bot=np.zeros(n, dtype=bool),
        resolved=unknown,
        resolved_by=nothing,
        consent=np.where(kind == POSITIVE, 0, ABSENT),
        text=text,
        hostile_address=np.zeros(n, dtype=bool),
    )
    return replace(found.at(np.argsort(posted, kind="stable")), root=np.arange(n))


def _after(first: Mentions, more: Mentions) -> Mentions:
    moved = replace(more, root=more.root + len(first))
    columns = {
        field.name: np.concatenate([getattr(first, field.name), getattr(moved, field.name)])
        for field in fields(Mentions)
    }
    return Mentions(**columns)


def _with_kinds_lost(found: Mentions, openings: Flags, rng: np.random.Generator) -> Mentions:
    """Loses kinds so that of every sort of mention the same share has none, `openings` having lost some before."""
    chance = np.where(openings, 1 - (1 - UNLABELLED) / (1 - UNSORTED), UNLABELLED)
    return replace(found, kind=np.where(rng.random(len(found)) < chance, ABSENT, found.kind))
