"""What does a made-up company post, how often was each post seen by when, and what is written about it in public?

Posts and messages are those of `posts` and `mentions`, to the minute and the second. Of posts only lifetime counts can
be exported: what people had done with each by the instant of the export. Some writers are known customers, because
somebody has matched their handles; the others are not. How it is written is left to `x` and `sprout`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from analysis.synthetic import posts as made
from analysis.synthetic.block import Block
from analysis.synthetic.chatter import written
from analysis.synthetic.columns import instants, same
from analysis.synthetic.company import WHOLE, Flags, Ints, stream
from analysis.synthetic.contacts import UNKNOWN
from analysis.synthetic.exports.desk import MINUTE
from analysis.synthetic.exports.people import STRANGER
from analysis.synthetic.exports.quarters import SECOND, Shown, happened, shown
from analysis.synthetic.exports.writing import glued, iso_text
from analysis.synthetic.posts import ACTIONS, LOST, Actions

_LATE, _PRIVATE = 0.02, 0.12
_MATCHED_LATER = 8
"""One in so many handles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Posts:
    """One entry for each post of some platforms, in the order of publication (`published` in seconds, whole minutes).

    `number` is the post's position among all posts of the company, to which `actions` refer.
    """

    number: Ints
    published: Ints
    platform: Ints
    actions: Actions
    shown: Shown

    def __len__(self) -> int:
        return len(self.number)

    def counts(self, rows: Ints, as_of: int) -> dict[str, Ints]:
        """How often each kind of action had been done with each post, by the instant; shape (rows,) each."""
        by_post = np.zeros((len(ACTIONS), int(self.number.max(initial=0)) + 1), dtype=np.int64)
        done = self.actions
        here = (done.post != LOST) & (done.occurred < as_of) & (done.post < by_post.shape[1])
        np.add.at(by_post, (done.kind[here], done.post[here]), done.quantity[here])
        return {kind: np.maximum(by_post[place, self.number[rows]], 0) for place, kind in enumerate(ACTIONS)}

    def readings(self, rows: Ints, as_of: int, kinds: Sequence[str], post_id: pa.Array) -> pa.Table:
        """The contract's counters: a row for each post and kind, read at the instant; nobody did what is no action."""
        counts = self.counts(rows, as_of)
        nothing = np.zeros(len(rows), dtype=np.int64)
        at = iso_text(np.full(1, as_of))[0].as_py()
        parts = [
            pa.table(
                {
                    "counter_id": glued(post_id, f":{kind}:{at}"),
                    "post_id": post_id,
                    "kind": same(kind, len(rows)),
                    "observed_at": instants(np.full(len(rows), as_of)),
                    "value": pa.array(counts.get(kind, nothing)),
                }
            )
            for kind in kinds
        ]
        return pa.concat_tables(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Messages:
    """One entry for each message to or of the company, in the order of posting; instants in seconds or `UNKNOWN`.

    `author` is the platform's number of the writer; `customer` whom that is known to be, or `STRANGER`; `ours` marks
    the company's replies and `private` what only the two can read; `acted` is when something was last done about it;
    `text` is a code of `mentions`.
    """

    posted: Ints
    platform: Ints
    author: Ints
    customer: Ints
    ours: Flags
    private: Flags
    replied: Ints
    settled: Ints
    text: Ints
    shown: Shown

    def __len__(self) -> int:
        return len(self.posted)

    def known(self, rows: Ints, now: int) -> Ints:
        """Whom each writer is known to be, by the handles matched up to an instant."""
        return np.where(matched_later(self.author[rows]) & (now < SECOND.taken), STRANGER, self.customer[rows])

    def acted(self, rows: Ints, as_of: Ints) -> Ints:
        """When something was last done about each message, as of an instant."""
        return np.maximum(happened(self.replied[rows], as_of), happened(self.settled[rows], as_of))


def matched_later(author: Ints) -> Flags:
    """Marks the writers whose handle was matched to a customer only after the first pull."""
    return np.asarray(author % _MATCHED_LATER == 0)


def posts_of(seed: int, customers: int) -> Callable[[tuple[str, ...]], Posts]:
    """The posts that are still there, to be asked for by platforms (of `POST_PLATFORMS`).

    Examples
    --------
    >>> posts = posts_of(1, 500)
    >>> len(posts(("twitter",))) > len(posts(("instagram",))) > 50
    True
    """
    posts = made.posts_of(customers, stream(seed, WHOLE, "posts"))
    actions = made.actions_of(posts, np.arange(0), stream(seed, WHOLE, "actions"))
    published = posts.published // MINUTE * MINUTE
    found = shown(published)

    def on(platforms: tuple[str, ...]) -> Posts:
        wanted = [made.POST_PLATFORMS.index(platform) for platform in platforms]
        rows = np.flatnonzero(np.isin(posts.platform, wanted) & ~posts.deleted & (found.first | found.second))
        return Posts(
            number=rows,
            published=published[rows],
            platform=posts.platform[rows],
            actions=actions,
            shown=found.at(rows),
        )

    return on


def messages_of(blocks: list[Block], rng: np.random.Generator) -> Messages:
    """What was written to the company and what it answered, of all blocks, from the first day of the exports on."""
    said = [written(block) for block in blocks]
    people = np.cumsum([0, *(len(block.customers) for block in blocks)])
    columns = {
        name: np.concatenate([getattr(one, name) for one in said])
        for name in ("posted", "platform", "author", "text", "first_reply", "resolved")
    }
    pairs = zip(said, people[:-1], strict=True)
    customer = np.concatenate([np.where(one.customer < 0, STRANGER, one.customer + first) for one, first in pairs])
    private = rng.random(len(customer)) < _PRIVATE
    answered = np.flatnonzero(columns["first_reply"] != UNKNOWN)
    nothing = np.full(len(answered), UNKNOWN)
    posted = np.concatenate([columns["posted"], columns["first_reply"][answered]])
    whole = {
        "posted": posted,
        "platform": np.concatenate([columns["platform"], columns["platform"][answered]]),
        "author": np.concatenate([columns["author"], np.zeros(len(answered), dtype=np.int64)]),
        "customer": np.concatenate([customer, np.full(len(answered), STRANGER)]),
        "ours": np.arange(len(posted)) >= len(customer),
        "private": np.concatenate([private, private[answered]]),
        "replied": np.concatenate([columns["first_reply"], nothing]),
        "settled": np.concatenate([columns["resolved"], nothing]),
        "text": np.concatenate([columns["text"], columns["text"][answered]]),
    }
    found = shown(posted, late=rng.random(len(posted)) < _LATE)
    order = np.argsort(posted, kind="stable")
    order = order[(found.first | found.second)[order]]
    return Messages(
        **{name: values[order] for name, values in whole.items()},
        shown=found.at(order),
    )
