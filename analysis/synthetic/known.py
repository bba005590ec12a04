"""When did the records of a made-up company first hold a row?

Most rows come minutes to hours after the event, none later than two days; about one in fifty comes weeks later, past
the five days of grace that a month's close waits, and now and then the export of one source comes late as a whole (a
`Burst`). No row is known before its event or after the end of the data: whatever would have come later is not there.
Replies, closings and answers are facts of their own times and move no row's `known_at`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.synthetic.clock import DATA_END, DAY_START, MONTH_DAY, N_MONTHS, epoch_seconds

LATE_SHARE = 0.02
"""The share of rows that come weeks late."""
GRACE_S = 5 * 86_400
LONGEST_LAG_S = 2 * 86_400

MINUTES, HOUR, MORNING = 240.0, 3_600.0, 21_600.0
"""Usual lags in seconds: of a system of our own, of a collector, of a report that comes with the next morning."""

_SPREAD = 1.1
_SHORTEST_S = 5
_LATE_WITHIN_S = 35 * 86_400
_BURST_TAKES_S = 1_200
_MONTH_START = DAY_START[MONTH_DAY]


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """Rows of some days, first and last of them included, that all came on one later day."""

    first: date
    last: date
    arrived: date

    def holds(self, event: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Marks the events of those days."""
        after = date.fromordinal(self.last.toordinal() + 1)
        return (event >= epoch_seconds(self.first)) & (event < epoch_seconds(after))


INSTAGRAM_LATE = Burst(first=date(2025, 8, 18), last=date(2025, 8, 24), arrived=date(2025, 9, 13))
"""Mentions and contacts on that platform."""
TV_ORDERS_LATE = Burst(first=date(2026, 1, 29), last=date(2026, 1, 31), arrived=date(2026, 2, 10))
"""Orders of that product."""
FACEBOOK_ACTIONS_LATE = Burst(first=date(2026, 3, 24), last=date(2026, 3, 28), arrived=date(2026, 4, 16))
"""What people did with posts on that platform."""


def known_from(
    event: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    usual_s: float,
    late_share: float = LATE_SHARE,
    held_up: NDArray[np.bool_] | None = None,
    burst: Burst | None = None,
) -> NDArray[np.int64]:
    """When were rows first in our records?

    Parameters
    ----------
    event : array of int, shape (n,)
        The rows' own times, in seconds of the UTC epoch.
    rng : numpy.random.Generator
    usual_s : float
        The median lag in seconds.
    late_share : float
        The share of rows that come after the grace of their month.
    held_up : array of bool, shape (n,), optional
        The rows of the source whose export came late; only those of the days of `burst` did.
    burst : Burst, optional

    Returns
    -------
    array of int, shape (n,)
        Not before `event`; not after the end of the data.

    Examples
    --------
    >>> event = np.array([epoch_seconds(date(2025, 8, 20)), epoch_seconds(date(2025, 8, 27))])
    >>> known = known_from(event, np.random.default_rng(1), usual_s=HOUR, late_share=0.0,
    ...                    held_up=np.array([True, True]), burst=INSTAGRAM_LATE)
    >>> ((known - event) // 86_400).tolist()
    [24, 0]
    """
    n = len(event)
    lag = np.clip(usual_s * np.exp(_SPREAD * rng.standard_normal(n)), _SHORTEST_S, LONGEST_LAG_S)
    known = event + lag.astype(np.int64)
    rolls = rng.random((2, n))
    if late_share:
        late = np.flatnonzero((rolls[0] < late_share) & (event >= _MONTH_START[0]))
        month = np.searchsorted(_MONTH_START, event[late], side="right") - 1
        closes = _MONTH_START[np.minimum(month + 1, N_MONTHS)] + GRACE_S
        arrives = closes + 1 + (rolls[1, late] * _LATE_WITHIN_S).astype(np.int64)
        seen = arrives < DATA_END
        known[late[seen]] = arrives[seen]
    if burst is not None and held_up is not None:
        came = np.flatnonzero(held_up & burst.holds(event))
        # six in the morning of the day it came
        known[came] = epoch_seconds(burst.arrived) + 21_600 + (rolls[1, came] * _BURST_TAKES_S).astype(np.int64)
    return np.minimum(known, DATA_END)
