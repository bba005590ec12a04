"""How does Sprout export posts and messages of a made-up company, and what of them does the contract hold?

`posts_file` is the post performance report: a row for each post on Facebook and Instagram, with its lifetime counts.
`messages_file` holds the messages of the inbox with the fields of the interface. The contract's rows are those of the
maps `sprout_posts` and `sprout_inbox`.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analysis.synthetic.columns import TEXT, ids, instants, names, same
from analysis.synthetic.company import Ints
from analysis.synthetic.contacts import PLATFORMS
from analysis.synthetic.exports.headers import SPROUT_MESSAGES, SPROUT_POSTS
from analysis.synthetic.exports.people import shop_ids
from analysis.synthetic.exports.publicity import Messages, Posts
from analysis.synthetic.exports.writing import file_of, glued, iso_text, share_text, twelve_hours_text
from analysis.synthetic.mentions import ALL_TEXTS
from analysis.synthetic.posts import POST_PLATFORMS

COUNTED = {
    "Impressions": "impression",
    "Reactions": "like",
    "Comments": "comment",
    "Shares": "share",
    "Post Link Clicks": "click",
}

_NETWORKS = ("X", "Facebook", "Instagram")
_INBOX_NETWORKS = ("TWITTER", "FACEBOOK", "INSTAGRAM")
_POST_TYPES = (
    "TWEET",
    "FACEBOOK_POST",
    "INSTAGRAM_COMMENT",
    "TWITTER_DIRECT_MESSAGE",
    "FACEBOOK_MESSAGE",
    "INSTAGRAM_DIRECT_MESSAGE",
)
"""For each of `PLATFORMS`, in public and then in private."""
_CATEGORIES = ("COMMENT", "REPLY")
_PROFILE, _LANGUAGE = "larkfield", "en"
_FIRST_POST, _FIRST_MESSAGE = 120_210_000_000, 1_700_000_000_000
_REACH_SHARE = 0.8


def posts_file(posts: Posts, rows: Ints, as_of: int) -> pa.Table:
    """The post performance report of some posts as of an instant."""
    counts = posts.counts(rows, as_of)
    engaged = np.sum([counts[kind] for kind in COUNTED.values() if kind != "impression"], axis=0)
    columns: dict[str, pa.Array | str] = {
        "Date": twelve_hours_text(posts.published[rows]),
        "Post ID": post_ids(posts, rows),
        "Network": names(posts.platform[rows], _NETWORKS),
        "Post Type": "Post",
        "Content Type": "Photo",
        "Profile": "Larkfield",
        "Sent by": "Social desk",
        "Post": "News from Larkfield",
        "Reach": ids((counts["impression"] * _REACH_SHARE).astype(np.int64), width=1),
        "Engagements": ids(engaged, width=1),
        "Engagement Rate (per Impression)": share_text(engaged, counts["impression"]),
        "Video Views": "-",
    }
    columns |= {name: ids(counts[kind], width=1) for name, kind in COUNTED.items()}
    return file_of(SPROUT_POSTS, columns, len(rows))


def messages_file(messages: Messages, rows: Ints, as_of: int) -> pa.Table:
    """The messages of the inbox as of an instant."""
    ours, private = messages.ours[rows], messages.private[rows]
    columns: dict[str, pa.Array | str] = {
        "guid": message_ids(rows),
        "network": names(messages.platform[rows], _INBOX_NETWORKS),
        "created_time": iso_text(messages.posted[rows]),
        "post_category": names(ours * 1, _CATEGORIES),
        "post_type": names(messages.platform[rows] + len(PLATFORMS) * private, _POST_TYPES),
        "perma_link": glued("https://social.example/larkfield/", message_ids(rows)),
        "text": names(messages.text[rows], ALL_TEXTS),
        "from.name": glued("user", ids(messages.author[rows], width=13)),
        "from.guid": author_ids(messages.platform[rows], messages.author[rows]),
        "profile_guid": _PROFILE,
        "language_code": _LANGUAGE,
        "sent": names(ours * 1, ("false", "true")),
        "action_last_update_time": iso_text(messages.acted(rows, _at(rows, as_of))),
    }
    return file_of(SPROUT_MESSAGES, columns, len(rows))


def posts_table(posts: Posts, rows: Ints) -> pa.Table:
    """The contract's posts."""
    return pa.table(
        {
            "post_id": post_ids(posts, rows),
            "published_at": instants(posts.published[rows]),
            "platform": names(posts.platform[rows], POST_PLATFORMS),
        }
    )


def mentions_table(messages: Messages, rows: Ints, as_of: Ints, now: int) -> pa.Table:
    """The contract's mentions, of public messages of others. The author is written as the platform names it."""
    return pa.table(
        {
            "mention_id": message_ids(rows),
            "posted_at": instants(messages.posted[rows]),
            "platform": names(messages.platform[rows], PLATFORMS),
            "brand": same(_PROFILE, len(rows)),
            "author_id": author_ids(messages.platform[rows], messages.author[rows]),
            "customer_id": shop_ids(messages.known(rows, now)),
            "conversation_id": pa.nulls(len(rows), TEXT),  # no case was made of any of them
            "text": names(messages.text[rows], ALL_TEXTS),
            "last_action_at": instants(messages.acted(rows, as_of)),
        }
    )


def touchpoints_table(messages: Messages, rows: Ints, now: int) -> pa.Table:
    """The contract's touchpoints: every message, of others and ours, public and private."""
    return pa.table(
        {
            "touchpoint_id": message_ids(rows),
            "customer_id": shop_ids(messages.known(rows, now)),
            "occurred_at": instants(messages.posted[rows]),
            "channel": same("social", len(rows)),
            "platform": names(messages.platform[rows], PLATFORMS),
            "direction": names(messages.ours[rows] * 1, ("inbound", "outbound")),
        }
    )


def post_ids(posts: Posts, rows: Ints) -> pa.Array:
    """Sprout's ids of posts."""
    return ids(_FIRST_POST + posts.number[rows], width=12)


def message_ids(rows: Ints) -> pa.Array:
    """Sprout's ids of messages."""
    return ids(_FIRST_MESSAGE + rows, width=13)


def author_ids(platform: Ints, author: Ints) -> pa.Array:
    """The ids of writers: a number and the platform it is of."""
    return glued(names(platform, ("twtr:", "fb:", "ig:")), ids(author, width=13))


def _at(rows: Ints, instant: int) -> Ints:
    return np.full(len(rows), instant)
