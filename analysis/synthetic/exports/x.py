"""How does X export what became of each post of a made-up company, and what of it does the contract hold?

One row for each post, with what people had done with it up to the instant of the export: lifetime counts, which say
nothing about when. The contract's rows are those of the map `x_tweets`: a post, and a reading of each count.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from analysis.synthetic.columns import ids, instants, same
from analysis.synthetic.company import Ints
from analysis.synthetic.exports.headers import X_TWEETS
from analysis.synthetic.exports.publicity import Posts
from analysis.synthetic.exports.writing import file_of, glued, minutes_text, share_text

COUNTED = {
    "impressions": "impression",
    "retweets": "share",
    "replies": "comment",
    "likes": "like",
    "url clicks": "click",
    "follows": "follow",
}
"""Which action of a made-up company stands in which column; all others are naught."""

KINDS = (*COUNTED.values(), "view")
"""What is read of it; nobody viewed a picture."""

_NAUGHT = X_TWEETS[10:11] + X_TWEETS[12:17] + X_TWEETS[18:]
_FIRST_ID, _BETWEEN_IDS = 1_907_000_000_000_000_000, 7_131_428_571_429


def tweets_file(posts: Posts, rows: Ints, as_of: int) -> pa.Table:
    """The export of some posts as of an instant."""
    counts = posts.counts(rows, as_of)
    engaged = np.sum([counts[kind] for kind in COUNTED.values() if kind != "impression"], axis=0)
    columns: dict[str, pa.Array | str] = {
        "Tweet id": post_ids(posts, rows),
        "Tweet permalink": glued("https://x.example/larkfield/status/", post_ids(posts, rows)),
        "Tweet text": "News from Larkfield",
        "time": glued(minutes_text(posts.published[rows]), " +0000"),
        "engagements": ids(engaged, width=1),
        "engagement rate": share_text(engaged, counts["impression"]),
    }
    columns |= {name: ids(counts[kind], width=1) for name, kind in COUNTED.items()}
    columns |= dict.fromkeys(_NAUGHT, "0")
    return file_of(X_TWEETS, columns, len(rows))


def posts_table(posts: Posts, rows: Ints) -> pa.Table:
    """The contract's posts."""
    return pa.table(
        {
            "post_id": post_ids(posts, rows),
            "published_at": instants(posts.published[rows]),
            "platform": same("twitter", len(rows)),
        }
    )


def post_ids(posts: Posts, rows: Ints) -> pa.Array:
    """The platform's ids of posts."""
    return ids(_FIRST_ID + _BETWEEN_IDS * posts.number[rows], width=19)
