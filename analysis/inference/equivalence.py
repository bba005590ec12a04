"""Is a difference too small to matter? Two one-sided tests, and the tests that any interval with its estimate allows.

That no difference was found is no evidence that there is none. Evidence of that is an interval that lies wholly within
the differences that would not matter, and the two one-sided tests (TOST) say how sure it is. `Told` takes an estimate
back to the scale on which its interval was made, so that the tests and the interval can never contradict each other.
Which difference matters, and what follows for a hypothesis, is left to `studies.hypotheses`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy import special

from analysis.inference.estimate import NO_EFFECT, Scale
from analysis.inference.moments import Moments

_ALIKE = 1e-6
"""The two halves of an interval are called equal if they differ by no more than this share of their length."""
_SAME = 1e-9
"""An interval reaches as far as one of the normal distribution if it does so to this share; twelve digits are kept."""
_FEWEST_FREEDOM = 2.0
_NORMAL_FROM = 1e7
"""Degrees of freedom from which Student's t and the normal distribution are the same to every digit that is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An estimate on the scale of its interval: logarithms for ratios, the unit itself for differences.

    Parameters
    ----------
    centre : float
    below, above : float
        Standard errors that the interval's lower and upper half are made of; infinite where that end is open.
    freedom : float
        Degrees of freedom of Student's t; infinite for the normal distribution.

    Raises
    ------
    ValueError
        If a number is missing or an error is not above zero.

    Examples
    --------
    >>> told = Told(centre=1.0, below=0.5, above=0.5, freedom=math.inf)
    >>> round(told.p_above(0.0), 6), round(told.p_below(0.0), 6)
    (0.02275, 0.97725)
    """

    centre: float
    below: float
    above: float
    freedom: float = math.inf

    def __post_init__(self) -> None:
        if not math.isfinite(self.centre) or not (self.below > 0 and self.above > 0 and self.freedom > 0):
            raise ValueError("An estimate is finite, and its errors and degrees of freedom lie above zero.")

    def p_above(self, bound: float) -> float:
        """How often would chance alone carry an estimate so far up if the truth were at the bound, or below?"""
        beyond = self.centre - bound
        return self._tail(beyond / (self.below if beyond >= 0 else self.above))

    def p_below(self, bound: float) -> float:
        """How often would chance alone carry an estimate so far down if the truth were at the bound, or above?"""
        short = bound - self.centre
        return self._tail(short / (self.above if short >= 0 else self.below))

    def interval(self, level: float) -> tuple[float, float]:
        """The two-sided interval of that level, on the same scale.

        Examples
        --------
        >>> low, high = Told(centre=1.0, below=0.5, above=0.5).interval(0.9)
        >>> round(low, 4), round(high, 4)
        (0.1776, 1.8224)
        """
        tail = (1 + level) / 2
        reach = float(special.ndtri(tail) if math.isinf(self.freedom) else special.stdtrit(self.freedom, tail))
        return self.centre - reach * self.below, self.centre + reach * self.above

    def _tail(self, errors: float) -> float:
        return float(special.ndtr(-errors) if math.isinf(self.freedom) else special.stdtr(self.freedom, -errors))


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalence:
    """Two one-sided tests: that the truth lies above the lower bound, and that it lies below the upper one.

    Parameters
    ----------
    low, high : float
        What would not matter lies between them, on the scale of the interval.
    p_low, p_high : float
        Of "the truth is no higher than `low`" and of "it is no lower than `high`".
    """

    low: float
    high: float
    p_low: float
    p_high: float

    @property
    def p_value(self) -> float:
        """Of "the truth lies outside": the larger of the two."""
        return max(self.p_low, self.p_high)


def told(
    value: float,
    low: float,
    high: float,
    *,
    level: float,
    scale: Scale,
    se: float | None = None,
    se_log: float | None = None,
) -> Told:
    """The estimate behind a two-sided interval, so that tests and interval say the same.

    With a standard error and an even interval the degrees of freedom are those that make the interval of it. Without,
    or where the halves are uneven (a bootstrap, a test turned round), each half is taken for that of a normal
    distribution: at the interval's own level the tests are then still those of the interval.

    Parameters
    ----------
    value, low, high : float
        Ends may be infinite; for a ratio the lower end may be 0.
    level : float
        Of the interval, two-sided.
    scale : {"ratio", "difference"}
    se, se_log : float, optional
        Standard errors of a difference, and of a ratio's logarithm.

    Raises
    ------
    ValueError
        If the interval has no length, leaves out its estimate, or a ratio is not above zero.

    Examples
    --------
    >>> found = told(1.1, 1.0577, 1.1440, level=0.95, scale="ratio", se_log=0.02)
    >>> round(found.centre, 4), round(found.below, 3), found.freedom
    (0.0953, 0.02, inf)
    """
    if not low <= value <= high or low == high or not 0 < level < 1:
        raise ValueError(f"An interval has a length and holds its estimate; given was {value} in [{low}, {high}].")
    if scale == "ratio":
        if value <= 0 or low < 0:
            raise ValueError("A ratio is tested on the logarithm, so it lies above zero.")
        value, low, high = math.log(value), math.log(low) if low > 0 else -math.inf, math.log(high)
        se = se_log
    normal = float(special.ndtri((1 + level) / 2))
    down, up = value - low, high - value
    if se is not None and se > 0 and abs(up - down) <= _ALIKE * (up + down):
        reach = (up + down) / 2 / se
        if abs(reach / normal - 1) <= _SAME:
            return Told(centre=value, below=se, above=se)
        freedom = float(special.stdtridf((1 + level) / 2, reach)) if reach > normal else 0.0
        if freedom >= _FEWEST_FREEDOM:
            return Told(centre=value, below=se, above=se, freedom=freedom if freedom < _NORMAL_FROM else math.inf)
    if min(down, up) <= 0:
        raise ValueError("An estimate at the end of its own interval leaves nothing to test with on that side.")
    return Told(centre=value, below=down / normal, above=up / normal)


def region(smallest: float, scale: Scale) -> tuple[float, float]:
    """The effects that would not matter, on the scale of the interval, from the smallest one that would.

    On the ratio scale 0.05 means 5 % more, and as far in the other direction: from 1 / 1.05 to 1.05.

    Examples
    --------
    >>> region(0.5, "difference")
    (-0.5, 0.5)
    >>> [round(math.exp(end), 4) for end in region(0.05, "ratio")]
    [0.9524, 1.05]

    Raises
    ------
    ValueError
        If the smallest effect is not above zero, or not finite.
    """
    if not 0 < smallest < math.inf:
        raise ValueError(f"The smallest effect that matters lies above zero and is finite; given was {smallest}.")
    reach = math.log1p(smallest) if scale == "ratio" else smallest
    return -reach, reach


def no_effect(scale: Scale) -> float:
    """Where "no effect" lies on the scale of the interval.

    Examples
    --------
    >>> no_effect("ratio"), no_effect("difference")
    (0.0, 0.0)
    """
    return math.log(NO_EFFECT[scale]) if scale == "ratio" else NO_EFFECT[scale]


def equivalence(found: Told, low: float, high: float) -> Equivalence:
    """Is the truth surely between two bounds? Two one-sided tests.

    Parameters
    ----------
    found : Told
    low, high : float
        On the scale of the interval; `region` gives them for a smallest effect that matters.

    Raises
    ------
    ValueError
        If the bounds are not in order.

    Source
    ------
    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15. The p-value lies below 5 % if and only if
    the 90 % interval lies between the bounds. Reference: `statsmodels.stats.weightstats.ttost_ind`.

    Examples
    --------
    >>> found = Told(centre=0.1, below=0.2, above=0.2)
    >>> round(equivalence(found, -0.5, 0.5).p_value, 6)
    0.02275
    """
    if not low < high:
        raise ValueError(f"What would not matter lies between two bounds in order; given were {low} and {high}.")
    return Equivalence(low=low, high=high, p_low=found.p_above(low), p_high=found.p_below(high))


def equivalence_of_means(
    treated: Moments, comparison: Moments, measure: str, *, low: float, high: float
) -> Equivalence:
    """Do two means surely differ by no more than would matter? Welch's unequal variances.

    Parameters
    ----------
    treated, comparison : Moments
        Of the two groups, at the grain that was randomised.
    measure : str
    low, high : float
        Bounds of the difference, in the unit of the measure.

    Raises
    ------
    ValueError
        If nothing varies, a group has fewer than two customers, or the bounds are not in order.

    Source
    ------
    Schuirmann (1987) with the degrees of freedom of Welch (1947). Reference values: tests/golden/equivalence.

    Examples
    --------
    >>> one = Moments.from_rows(("spend",), [[4], [6], [8]])
    >>> other = Moments.from_rows(("spend",), [[1], [3], [5]])
    >>> round(equivalence_of_means(one, other, "spend", low=-10, high=10).p_value, 6)
    0.00639
    """
    parts = [(group.variance(measure) / group.n, group.n) for group in (treated, comparison)]
    variance = parts[0][0] + parts[1][0]
    if variance <= 0:
        raise ValueError(f"`{measure}` does not vary within the groups, so that no error can be told.")
    error = math.sqrt(variance)
    freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
    gap = treated.mean(measure) - comparison.mean(measure)
    return equivalence(Told(centre=gap, below=error, above=error, freedom=freedom), low, high)


def error_needed(smallest: float, *, alpha: float, power: float = 0.8) -> float:
    """The standard error with which a smallest effect that matters is found, and its absence is shown.

    Found: a true effect of that size is clear with the power wanted. Shown: where there is none, the two one-sided
    tests say so with the same power. The smaller of the two errors does both.

    Parameters
    ----------
    smallest : float
        On the scale of the interval.
    alpha : float
        Level of the two-sided test of no effect, and of each one-sided test of equivalence.
    power : float

    Raises
    ------
    ValueError
        If a level or the power is not between 0 and 1.

    Source
    ------
    Normal approximation; for the equivalence test at no effect power is 2 Φ(smallest/se − z(1−α)) − 1
    (Chow, Shao and Wang, Sample Size Calculations in Clinical Research, section 3.2).

    Examples
    --------
    >>> round(error_needed(1.0, alpha=0.05), 4)
    0.3417
    """
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"A level and a power lie between 0 and 1; given were {alpha} and {power}.")
    to_find = float(special.ndtri(1 - alpha / 2) + special.ndtri(power))
    to_show = float(special.ndtri(1 - alpha) + special.ndtri((1 + power) / 2))
    return smallest / max(to_find, to_show)
