"""What do the exports show of a platform that tells only lifetime counts?

Somebody exports the counts of the posts every few days, at no regular times, so that most gaps between two readings
lie across a month's end sooner or later. A reading shows what a post has gathered since publication: of posts from
before the data the first reading is an opening balance. Now and then the platform takes false actions away and a count
falls. What really happened in each month is kept beside the readings, which do not show it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.synthetic.clock import DATA_END, DATA_START, DAY_START, MONTH_DAY, N_MONTHS
from analysis.synthetic.company import Floats, Ints
from analysis.synthetic.posts import COUNTED, Posts

READ = ("view", "like", "comment", "share")

_GAP_DAYS = (3, 13)
_EXPORTED_AT_S, _EXPORT_TAKES_S = 23_400, 3_600
_READ_UP_TO_S = 420 * 86_400
_SKIPPED = 0.06
_RATES = (1.5, 0.045, 0.006, 0.004)
"""Actions of each kind in the long run, for one impression that `Posts.size` expects."""
_HALF_LIFE_S, _DECAY = 2.5 * 86_400, 0.6
_PURGED, _PURGED_PART = 0.012, 0.04


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """One entry for each reading, in the order of their times; `monthly` holds what happened, shape (kinds, months)."""

    post: Ints
    kind: Ints
    observed: Ints
    value: Ints
    monthly: Ints

    def __len__(self) -> int:
        return len(self.post)


def gathered(age_s: Floats) -> Floats:
    """Which share of its actions a post has gathered at an age in seconds; none before publication.

    Examples
    --------
    >>> gathered(np.array([-5.0, 0.0, 86_400.0, 400 * 86_400.0])).round(2).tolist()
    [0.0, 0.0, 0.18, 0.95]
    """
    return np.asarray(1 - (1 + np.maximum(age_s, 0) / _HALF_LIFE_S) ** -_DECAY)


def readings_of(posts: Posts, rng: np.random.Generator) -> Readings:
    """The readings of all posts on the platform that is only read."""
    of = np.flatnonzero(posts.platform == COUNTED)
    published = posts.published[of]
    exports = _exports(rng)
    starts = DAY_START[MONTH_DAY]
    grid = np.union1d(exports, starts)
    exported = np.isin(grid, exports)
    month = np.searchsorted(starts, grid, side="left") - 1  # of what happened up to each time
    size = np.asarray(_RATES)[:, None] * posts.size[of]
    shares = gathered((grid - published[:, None]).astype(np.float64))
    total = rng.poisson(size * shares[:, 0])  # at the first instant of the data
    monthly = np.zeros((len(READ), N_MONTHS), dtype=np.int64)
    parts = []
    for step in range(1, len(grid)):
        gained = rng.poisson(size * (shares[:, step] - shares[:, step - 1]))
        purged = rng.random(size.shape) < _PURGED * exported[step]
        lost = np.where(purged, rng.binomial(total + gained, _PURGED_PART), 0)
        total = total + gained - lost
        monthly[:, month[step]] += (gained - lost).sum(axis=1)
        if exported[step]:
            age = grid[step] - published
            read = (age > 0) & (age < _READ_UP_TO_S) & (rng.random(len(of)) >= _SKIPPED)
            kind, post = np.nonzero(np.broadcast_to(read, size.shape))
            parts.append((of[post], kind, np.full(len(post), grid[step]), total[kind, post]))
    post, kind, observed, value = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Readings(post=post, kind=kind, observed=observed, value=value, monthly=monthly)


def _exports(rng: np.random.Generator) -> Ints:
    """The times of the exports: mornings, days apart, the last before the data end."""
    days = np.cumsum(rng.integers(*_GAP_DAYS, size=int(MONTH_DAY[-1])))
    days = days[days < MONTH_DAY[-1]]
    times = DAY_START[days] + _EXPORTED_AT_S + rng.integers(0, _EXPORT_TAKES_S, size=len(days))
    assert times[0] > DATA_START
    assert times[-1] < DATA_END
    return np.asarray(times)
