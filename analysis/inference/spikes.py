"""Which days hold far more than was to be expected, and how much more? Numbers only: daily counts in, episodes out.

What is expected of a day is a level times a weekday factor (times a yearly one, where another year shows it). The
method and its reasons:

- *Level*: the running median over the 85 days around a day. A median follows growth and a lasting step, and does not
  see an episode of up to six weeks; a mean would be pulled by the very days that are looked for. Within six weeks of
  either end the last 85 days are taken and moved on by the usual growth of such medians. Where a day usually holds
  fewer than three, means over 7 or 28 days go into the median, since one of zeros and ones says little. The level is
  then scaled so that expected and observed agree over all ordinary days.
- *Weekdays*: observed over level, each weekday drawn towards 1 by as much as its own noise calls for.
- *Year*: a peak that every year shows on the same dates is expected, as high as the lowest of them. With less than two
  years of days it cannot be known, and such a peak is an episode.
- *Noise*: variance = mean + noise² x mean², the noise found from the ordinary days alone. It is stated: 0.1 means that
  ordinary days scatter by 10 % around what is expected, beyond chance.
- *Suspected days*, too high or too low, are set aside and all of it is found again, until nothing changes.

A day or seven days in a row are flagged when chance alone would bring that many or more on fewer than `false_per_year`
days a year (half of it for days, half for weeks), counted from what was expected or from the medians of the twelve
weeks before or after, whichever is highest: what stands above only one side is a step. Neighbouring days above the
one-in-twenty line belong to the episode, and so do up to six days, most of them raised, that are together above the
one-in-a-hundred line. Episodes are one when at most one day lies between them, or up to six that are raised together.

*A lasting step* is flagged while it is younger than six weeks (`open_ended`, as nobody can know yet) and is the level
once it has lasted longer, though its first few days can stay flagged until it is twelve weeks old. Whose counts they
are, and what explains an episode, is left to others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.daily_expectation import (
    HALF,
    YEAR,
    Expectation,
    Flags,
    Floats,
    Ints,
    expectation,
    yearly_season,
)

FEWEST_DAYS = 56
FALSE_PER_YEAR = 0.5
LEVEL = 0.95
WEEK = 7
NEIGHBOUR, RAISED, SURE = 0.05, 0.25, 0.01
"""Chance below which a day beside one of an episode belongs to it; a day is raised at all; several beside it are."""
_ROUNDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """What some days held, what was expected of them, and the difference with its interval."""

    observed: int
    expected: float
    above: float
    low: float
    high: float
    level: float

    def __post_init__(self) -> None:
        if not self.low <= self.above <= self.high:
            raise ValueError(f"The interval [{self.low:.4g}, {self.high:.4g}] leaves out its own {self.above:.4g}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """Days `first` to `last` (positions, both included) that hold more than expected.

    `open_ended` says that it reaches the first or the last of the days: a spike, or a level, as more days would show.
    """

    first: int
    last: int
    excess: Excess
    open_ended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Spikes:
    """Every day with what was expected of it, and the episodes.

    Parameters
    ----------
    observed, expected, low, high : array, shape (n_days,)
        `low` to `high` holds an ordinary day with probability `level`.
    flagged : array of bool, shape (n_days,)
        Days of an episode.
    noise : float
        Standard deviation of ordinary days beyond chance, as a share of what is expected.
    season_known : bool
        Whether there were two years or more, so that a yearly peak could be expected.
    """

    observed: Ints
    expected: Floats
    low: Floats
    high: Floats
    flagged: Flags
    episodes: tuple[Episode, ...]
    noise: float
    level: float
    season_known: bool


def spikes(counts: ArrayLike, *, weekday: int, false_per_year: float = FALSE_PER_YEAR, level: float = LEVEL) -> Spikes:
    """Which days hold far more than was to be expected?

    Parameters
    ----------
    counts : array of int, shape (n_days,)
        One count a day, without gaps; a day without anything is a zero.
    weekday : int
        Weekday of the first day, 0 for Monday.
    false_per_year : float
        Episodes a year that chance alone may bring. The tests hold it in worlds without incidents.
    level : float
        Coverage of the intervals.

    Raises
    ------
    DesignError
        If there are fewer than 56 days.
    ValueError
        If a count is negative, or an argument out of range.

    Assumes
    -------
    Days scatter independently around what is expected of them.

    Source
    ------
    The scheme (re-fitting without suspected days, an overdispersed upper limit) is that of Farrington et al. (1996),
    JRSS A 159, and Noufaily et al. (2013), Statistics in Medicine 32, looking back instead of ahead.

    Examples
    --------
    >>> days = np.full(120, 40)
    >>> days[60:62] = 95
    >>> found = spikes(days, weekday=0)
    >>> [(one.first, one.last, round(one.excess.above)) for one in found.episodes]
    [(60, 61, 110)]
    """
    observed = _counts(counts)
    if not 0 < false_per_year < 50 or not 0 < level < 1 or not 0 <= weekday <= 6:
        raise ValueError("`false_per_year` lies in (0, 50), `level` in (0, 1) and `weekday` in 0 to 6.")
    fit, marked = _settled(observed, weekday, false_per_year / 365.25)
    episodes = tuple(
        Episode(
            first=first,
            last=end - 1,
            excess=_excess(fit, observed, first, end - 1, level),
            open_ended=first == 0 or end == len(observed),
        )
        for first, end in _stretches(marked)
    )
    variance = fit.variance + fit.uncertain * fit.mean**2
    return Spikes(
        observed=observed,
        expected=fit.mean,
        low=_quantile(fit.mean, variance, (1 - level) / 2),
        high=_quantile(fit.mean, variance, (1 + level) / 2),
        flagged=marked,
        episodes=episodes,
        noise=math.sqrt(fit.theta),
        level=level,
        season_known=len(observed) >= 2 * YEAR,
    )


def excess(counts: ArrayLike, *, weekday: int, first: int, last: int, level: float = LEVEL) -> Excess:
    """How much more than expected did the given days hold? By the same method, the given days set aside.

    Parameters
    ----------
    counts, weekday, level
        As in `spikes`.
    first, last : int
        Positions of the days, both included.

    Examples
    --------
    >>> days = np.full(120, 40)
    >>> days[60:62] = 95
    >>> round(excess(days, weekday=0, first=60, last=61).expected)
    80
    """
    observed = _counts(counts)
    if not 0 <= first <= last < len(observed):
        raise ValueError("The days asked for lie outside the days given.")
    given = np.zeros(len(observed), dtype=bool)
    given[first : last + 1] = True
    fit, _ = _settled(observed, weekday, FALSE_PER_YEAR / 365.25, given)
    return _excess(fit, observed, first, last, level)


def _counts(counts: ArrayLike) -> Ints:
    observed = np.asarray(counts, dtype=np.int64)
    if observed.ndim != 1 or (observed.size and observed.min() < 0):
        raise ValueError("Daily counts are one row of numbers, none negative.")
    if len(observed) < FEWEST_DAYS:
        raise DesignError(
            f"{len(observed)} days are too few to know what is usual: at least {FEWEST_DAYS} (eight weeks) are needed."
        )
    return observed


def _settled(observed: Ints, weekday: int, alpha: float, given: Flags | None = None) -> tuple[Expectation, Flags]:
    """What is expected, and the days that stand out: first without a yearly season, then with the one that shows."""
    days = (weekday + np.arange(len(observed))) % 7
    season = np.ones(len(observed))
    fit, marked = _rounds(observed, days, season, alpha, given)
    if len(observed) >= 2 * YEAR:
        season = yearly_season(observed, fit)
        if (season > 1).any():
            fit, marked = _rounds(observed, days, season, alpha, given)
    return fit, marked


def _rounds(observed: Ints, days: Ints, season: Floats, alpha: float, given: Flags | None) -> tuple[Expectation, Flags]:
    """Sets suspected days aside and fits again, until they stay the same or come round again.

    A round that would set more than half of the days aside is not gone on with: too little would be ordinary.
    """
    always = np.zeros(len(observed), dtype=bool) if given is None else given
    aside, seen = always, {always.tobytes()}
    fit: Expectation | None = None
    while True:
        fit = expectation(observed, days, season, aside, fit)
        marked = _marked(observed, fit, alpha)
        below = 1.0 - _tail_above(observed + 1, fit.mean, (fit.theta + fit.uncertain) * fit.mean**2)
        aside = always | marked | (below < alpha)
        if aside.mean() > 0.5:
            return fit, marked
        if aside.tobytes() in seen or len(seen) == _ROUNDS:
            return expectation(observed, days, season, aside, fit), marked
        seen.add(aside.tobytes())


def _marked(observed: Ints, fit: Expectation, alpha: float) -> Flags:
    """Days that stand out alone, then weeks that do without these; half of the chance of a false one to each.

    What lasts longer than six weeks is no episode: it is a level.
    """
    mean = np.maximum(fit.mean, fit.beside)
    chance = _tail_above(observed, mean, (fit.theta + fit.uncertain) * mean**2)
    marked = _grown(chance, chance < alpha / 2)
    left = ~marked

    def over_a_week(of_days: Floats) -> Floats:
        sums = np.concatenate([np.zeros(WEEK), np.cumsum(np.where(left, of_days, 0.0))])
        return np.asarray(sums[WEEK:] - sums[:-WEEK])

    expected = np.maximum(over_a_week(mean), 1e-9)
    more = over_a_week(fit.theta * mean**2) + over_a_week(np.sqrt(fit.uncertain) * mean) ** 2
    seen = np.rint(over_a_week(observed.astype(np.float64))).astype(np.int64)
    high = (_tail_above(seen, expected, more) < alpha / 2) & (over_a_week(np.ones(len(mean))) > WEEK / 2)
    reached = np.concatenate([np.cumsum(high), np.full(WEEK - 1, high.sum())])
    within = reached[WEEK - 1 :] - np.concatenate([[0], reached[: len(mean) - 1]]) > 0
    marked = _grown(chance, marked | _trimmed(within & left, chance < RAISED))

    def together(first: int, end: int) -> float:
        days = slice(first, end)
        more = (fit.theta * mean[days] ** 2).sum() + (np.sqrt(fit.uncertain[days]) * mean[days]).sum() ** 2
        return float(_tail_above(observed[days].sum()[None], mean[days].sum()[None], more[None])[0])

    marked = _joined(_reached(marked, chance < RAISED, together), together)
    for first, end in _stretches(marked):
        if end - first > HALF:
            marked[first:end] = False
    return marked


def _reached(marked: Flags, raised: Flags, together: Callable[[int, int], float]) -> Flags:
    """Stretches with up to six more days at either end, most of them raised, the last as well, and together surely."""

    def belongs(low: int, high: int, outermost: int) -> bool:
        inside = low >= 0 and high <= len(marked) and not marked[low:high].any()
        return bool(inside and raised[outermost] and raised[low:high].mean() > 0.5 and together(low, high) < SURE)

    more = marked.copy()
    for first, end in _stretches(marked):
        before = next((days for days in range(WEEK - 1, 0, -1) if belongs(first - days, first, first - days)), 0)
        after = next((days for days in range(WEEK - 1, 0, -1) if belongs(end, end + days, end + days - 1)), 0)
        more[first - before : end + after] = True
    return more


def _joined(marked: Flags, together: Callable[[int, int], float]) -> Flags:
    """Stretches with the days between two of them: one day whatever it holds, up to six that are raised together."""
    more = marked.copy()
    for (_, end), (first, _) in pairwise(_stretches(marked)):
        if first - end == 1 or (first - end < WEEK and together(end, first) < RAISED):
            more[end:first] = True
    return more


def _tail_above(observed: Ints, mean: Floats, more: Floats) -> Floats:
    """The chance of that many or more: negative binomial, its variance by `more` above the mean."""
    size = mean**2 / np.maximum(more, 1e-12 * mean)
    return np.where(observed > 0, special.betainc(np.maximum(observed, 1), size, mean / (size + mean)), 1.0)


def _trimmed(within: Flags, raised: Flags) -> Flags:
    """Stretches of days without those at their ends that are not raised themselves."""
    kept = np.zeros_like(within)
    for first, end in _stretches(within):
        high = first + np.flatnonzero(raised[first:end])
        if high.size:
            kept[high[0] : high[-1] + 1] = True
    return kept


def _stretches(marked: Flags) -> list[tuple[int, int]]:
    """First day of each stretch, and the day after its last."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], marked.astype(np.int8), [0]])))
    return [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]


def _grown(chance: Floats, marked: Flags) -> Flags:
    """The days, and their neighbours above the one-in-twenty line."""
    near = chance < NEIGHBOUR
    while True:
        beside = np.zeros_like(marked)
        beside[1:] |= marked[:-1]
        beside[:-1] |= marked[1:]
        more = marked | (near & beside)
        if (more == marked).all():
            return np.asarray(marked)
        marked = more


def _excess(fit: Expectation, observed: Ints, first: int, last: int, level: float) -> Excess:
    """Observed less expected over some days; the interval from what ordinary days would have held there."""
    days = slice(first, last + 1)
    mean = float(fit.mean[days].sum())
    spread = float(fit.variance[days].sum())
    common = float((np.sqrt(fit.uncertain[days]) * fit.mean[days]).sum()) ** 2
    total = int(observed[days].sum())
    few, many = (
        float(_quantile(np.array([mean]), np.array([spread + common]), share)[0])
        for share in ((1 - level) / 2, (1 + level) / 2)
    )
    above = total - mean
    return Excess(
        observed=total,
        expected=mean,
        above=above,
        low=min(total - many, above),
        high=max(total - few, above),
        level=level,
    )


def _quantile(mean: Floats, variance: Floats, share: float) -> Floats:
    """A quantile of counts with that mean and variance: a gamma distribution, half a count further out."""
    scale = variance / mean
    found = special.gammaincinv(mean / scale, share) * scale
    return np.asarray(np.maximum(found + (0.5 if share > 0.5 else -0.5), 0.0))
