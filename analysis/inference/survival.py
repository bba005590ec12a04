"""How long does it take, when some are still waiting? Kaplan–Meier, from distinct durations and their counts.

Cases still open are censored, not dropped: the median of the answered alone describes those who were lucky.
Competing events (closed without an answer) are left to another module.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class SurvivalCurve:
    """Share still waiting just after each time at which something happened.

    Parameters
    ----------
    times : array of float, shape (k,)
        Distinct times of events, ascending, in the unit of the durations.
    waiting : array of float, shape (k,)
        Share still waiting just after each, 0 to 1.
    at_risk, events : array of int, shape (k,)
    """

    times: NDArray[np.float64]
    waiting: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]

    def quantile(self, share: float) -> float | None:
        """The first time by which `share` of the cases have happened; None where that is not reached.

        Where the curve is flat at exactly `1 - share`, the middle of the flat part is taken, so that without
        censoring the median is the usual one.
        """
        target = 1.0 - share
        tolerance = 1e-12
        below = np.flatnonzero(self.waiting <= target + tolerance)
        if below.size == 0:
            return None
        first = int(below[0])
        if abs(self.waiting[first] - target) <= tolerance and first + 1 < self.times.size:
            return float((self.times[first] + self.times[first + 1]) / 2)
        return float(self.times[first])


def kaplan_meier(durations: ArrayLike, counts: ArrayLike, happened: ArrayLike) -> SurvivalCurve:
    """Which share is still waiting after each time?

    Parameters
    ----------
    durations : array of float, shape (m,)
        Distinct or repeated durations; not negative.
    counts : array of int, shape (m,)
        Cases with that duration.
    happened : array of bool, shape (m,)
        True where the event was seen, False where the case was still open then (censored).

    Raises
    ------
    ValueError
        If a duration is negative or not a number, or a count is not positive.

    Source
    ------
    Kaplan and Meier (1958), JASA 53. Cases censored at a time count as at risk at that time.

    Examples
    --------
    Four answered after 1, 2, 4 and 5 minutes, one still open after 3:

    >>> curve = kaplan_meier([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], [True, True, False, True, True])
    >>> [round(float(share), 3) for share in curve.waiting]
    [0.8, 0.6, 0.3, 0.0]
    >>> curve.quantile(0.5)
    4.0
    >>> kaplan_meier([1, 9], [1, 3], [True, False]).quantile(0.5) is None
    True
    """
    time = np.asarray(durations, dtype=np.float64)
    number = np.asarray(counts, dtype=np.int64)
    event = np.asarray(happened, dtype=bool)
    if time.size and (not np.isfinite(time).all() or time.min() < 0):
        raise ValueError("A duration is a number and not negative.")
    if number.size and number.min() < 1:
        raise ValueError("A count of cases is at least 1.")
    order = np.argsort(time, kind="stable")
    time, number, event = time[order], number[order], event[order]
    distinct, start = np.unique(time, return_index=True)
    leaving = np.add.reduceat(number, start) if start.size else np.empty(0, dtype=np.int64)
    events = np.add.reduceat(np.where(event, number, 0), start) if start.size else np.empty(0, dtype=np.int64)
    at_risk = number.sum() - np.concatenate([[0], np.cumsum(leaving)[:-1]]) if start.size else events
    seen = events > 0
    steps = np.asarray(1.0 - events[seen] / at_risk[seen], dtype=np.float64)
    return SurvivalCurve(distinct[seen], np.asarray(np.cumprod(steps), dtype=np.float64), at_risk[seen], events[seen])
