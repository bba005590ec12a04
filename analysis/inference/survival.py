"""How long does it take, when some are still waiting? From distinct durations and their counts.

Cases still open are censored, not dropped: the median of the answered alone describes those who were lucky
(Kaplan–Meier). Cases that ended otherwise (closed without an answer) are not censored either, for they will never be
answered: they compete (Aalen–Johansen). Which case ended how is left to the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

_TOLERANCE = 1e-12  # cumulated shares are sums and products of up to millions of float64 steps


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
        return _first_reaching(share, self.times, 1.0 - self.waiting)


@dataclass(frozen=True)
class Incidence:
    """Share to which the event of interest has happened by each time, when other endings compete with it.

    Parameters
    ----------
    times : array of float, shape (k,)
        Distinct times at which a case ended, in whichever way, ascending, in the unit of the durations.
    incidence : array of float, shape (k,)
        Share to which the event of interest has happened by each, 0 to 1.
    competing : array of float, shape (k,)
        Share that ended otherwise by each.
    waiting : array of float, shape (k,)
        Share still waiting just after each; the three make 1.
    at_risk, events, others : array of int, shape (k,)
        Cases waiting just before each time, those to which the event of interest happened at it, and those that ended
        otherwise.
    """

    times: NDArray[np.float64]
    incidence: NDArray[np.float64]
    competing: NDArray[np.float64]
    waiting: NDArray[np.float64]
    at_risk: NDArray[np.int64]
    events: NDArray[np.int64]
    others: NDArray[np.int64]

    @cached_property
    def se(self) -> NDArray[np.float64]:
        """Standard error of `incidence`, shape (k,)."""
        risk, happened, incidence = self.at_risk.astype(np.float64), self.events.astype(np.float64), self.incidence
        ended = happened + self.others
        before = _before(self.waiting)
        # Var I(t) = sum over u <= t of (I(t) - I(u))² a(u) + b(u) - 2 (I(t) - I(u)) c(u), the squares multiplied out.
        # Where all at risk end at once nothing follows, so that I(t) - I(u) = 0 and a may be left out.
        a = np.divide(ended, risk * (risk - ended), out=np.zeros_like(risk), where=ended < risk)
        b = before**2 * (risk - happened) * happened / risk**3
        c = before * happened / risk**2
        squares = incidence**2 * np.cumsum(a) - 2 * incidence * np.cumsum(incidence * a) + np.cumsum(incidence**2 * a)
        variance = squares + np.cumsum(b) - 2 * (incidence * np.cumsum(c) - np.cumsum(incidence * c))
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)), dtype=np.float64)

    @property
    def final(self) -> float:
        """Share to which the event happens at all, as far as was seen."""
        return float(self.incidence[-1]) if self.incidence.size else 0.0

    def quantile(self, share: float) -> float | None:
        """The first time by which the event has happened to `share` of all cases; None where that is not reached.

        Flat parts as in `SurvivalCurve.quantile`.
        """
        rises = self.events > 0
        return _first_reaching(share, self.times[rises], self.incidence[rises])

    def quantile_interval(self, share: float, level: float = 0.95) -> tuple[float | None, float | None]:
        """Between which times does the quantile lie? None for an end that was not reached.

        The times at which the limits of the incidence, made on the scale log(-log(1 - incidence)), first reach
        `share` (Brookmeyer and Crowley, 1982, with the limits of Choudhury, 2002).
        """
        inner = (self.events > 0) & (self.incidence < 1.0 - _TOLERANCE)
        times, reached = self.times[inner], self.incidence[inner]
        # With S = 1 - incidence: the limits are 1 - S ** exp(±reach).
        waiting_log = np.log1p(-reached)
        reach = special.ndtri((1.0 + level) / 2) * self.se[inner] / ((1.0 - reached) * -waiting_log)
        upper, lower = -np.expm1(waiting_log * np.exp(reach)), -np.expm1(waiting_log * np.exp(-reach))
        value = self.quantile(share)
        first = _first_reaching(share, times, np.maximum.accumulate(upper)) if times.size else None
        return first if first is not None else value, _first_reaching(share, times, np.maximum.accumulate(lower))


def _first_reaching(share: float, times: NDArray[np.float64], reached: NDArray[np.float64]) -> float | None:
    above = np.flatnonzero(reached >= share - _TOLERANCE)
    if above.size == 0:
        return None
    first = int(above[0])
    if abs(reached[first] - share) <= _TOLERANCE and first + 1 < times.size:
        return float((times[first] + times[first + 1]) / 2)
    return float(times[first])


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
    event = np.asarray(happened, dtype=bool)
    times, at_risk, (events,) = _ended(durations, counts, [event])
    seen = events > 0
    steps = np.asarray(1.0 - events[seen] / at_risk[seen], dtype=np.float64)
    return SurvivalCurve(times[seen], np.asarray(np.cumprod(steps), dtype=np.float64), at_risk[seen], events[seen])


def aalen_johansen(durations: ArrayLike, counts: ArrayLike, cause: ArrayLike) -> Incidence:
    """To which share has the event happened by each time, when a case can also end in another way?

    Parameters
    ----------
    durations : array of float, shape (m,)
        Distinct or repeated durations; not negative.
    counts : array of int, shape (m,)
        Cases with that duration and ending.
    cause : array of int, shape (m,)
        0 where the case was still open then (censored), 1 where the event of interest happened, 2 and above where
        the case ended otherwise.

    Raises
    ------
    ValueError
        If a duration is negative or not a number, a count is not positive, or a cause is not a whole number from 0.

    Assumes
    -------
    That cases still open would have gone on like those that waited as long (independent censoring). Nothing is
    assumed of how the endings depend on each other.

    Source
    ------
    Aalen and Johansen (1978), Scandinavian Journal of Statistics 5; the variance as in Marubini and Valsecchi (1995),
    chapter 10. Cases censored at a time count as at risk at that time. Reference: statsmodels' `CumIncidenceRight`.

    Examples
    --------
    Answered after 1, 3 and 5 minutes, closed without an answer after 2, still open after 4: had the closed one been
    censored, the answer would seem certain.

    >>> curve = aalen_johansen([1, 2, 3, 4, 5], [1, 1, 1, 1, 1], [1, 2, 1, 0, 1])
    >>> [round(float(share), 3) for share in curve.incidence]
    [0.2, 0.2, 0.4, 0.8]
    >>> curve.quantile(0.5), round(curve.final, 3), curve.quantile(0.9) is None
    (5.0, 0.8, True)
    """
    ending = np.asarray(cause)
    if ending.size and (ending.min() < 0 or (ending != np.floor(ending)).any()):
        raise ValueError("A cause is a whole number: 0 for still open, 1 for the event, 2 and above for other endings.")
    times, at_risk, (events, others) = _ended(durations, counts, [ending == 1, ending >= 2])
    seen = events + others > 0
    times, at_risk, events, others = times[seen], at_risk[seen], events[seen], others[seen]
    risk, happened = at_risk.astype(np.float64), events.astype(np.float64)
    ended = happened + others
    waiting = np.asarray(np.cumprod(1.0 - ended / risk), dtype=np.float64)
    before = _before(waiting)
    incidence = np.asarray(np.cumsum(before * happened / risk), dtype=np.float64)
    competing = np.asarray(np.cumsum(before * others / risk), dtype=np.float64)
    return Incidence(times, incidence, competing, waiting, at_risk, events, others)


def _before(waiting: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share still waiting just before each time."""
    return np.concatenate([[1.0], waiting[:-1]])[: waiting.size]


def _ended(
    durations: ArrayLike, counts: ArrayLike, ways: list[NDArray[np.bool_]]
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[NDArray[np.int64]]]:
    """Distinct durations, cases at risk just before each, and how many ended at each in each of the ways."""
    time = np.asarray(durations, dtype=np.float64)
    number = np.asarray(counts, dtype=np.int64)
    if time.size and (not np.isfinite(time).all() or time.min() < 0):
        raise ValueError("A duration is a number and not negative.")
    if number.size and number.min() < 1:
        raise ValueError("A count of cases is at least 1.")
    distinct, place = np.unique(time, return_inverse=True)

    def at_each(cases: NDArray[np.int64]) -> NDArray[np.int64]:
        total = np.zeros(distinct.size, dtype=np.int64)
        np.add.at(total, place, cases)
        return total

    leaving = at_each(number)
    at_risk = number.sum() - np.cumsum(leaving) + leaving
    return distinct, at_risk, [at_each(np.where(way, number, 0)) for way in ways]
