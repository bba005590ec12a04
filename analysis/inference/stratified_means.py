"""What would each arm come to over all customers, where chance decided within strata, perhaps not at the same odds?

In every stratum the arms' own means stand for what all of its customers would have done; weighted by the strata's
shares of all customers they stand for the whole population. Variances are those of each stratum's own two means
(Neyman), from exact sums. Means, shares and ratios of sums alike, plain or with what was known before taken out.
Intervals are left to `stratified`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import FEWEST_PER_COVARIATE
from analysis.inference.moments import Moments
from analysis.inference.ratio_metric import LOOSEST_DENOMINATOR

Figure = tuple[str, str | None]
"""What is compared: a mean (no denominator), or a ratio of the sums of two measures."""
Floats = NDArray[np.float64]
_COLLINEAR = 1e-10  # as in `adjusted`


@dataclass(frozen=True, slots=True, kw_only=True)
class Stratum:
    """The two arms within one stratum.

    Parameters
    ----------
    treated, comparison : Moments
        At the grain that was randomised.
    population : int
        Customers of the stratum in all arms, by which it is weighted.

    Raises
    ------
    ValueError
        If an arm has fewer than two customers, or the population fewer than both arms.
    """

    treated: Moments
    comparison: Moments
    population: int

    def __post_init__(self) -> None:
        if min(self.treated.n, self.comparison.n) < 2:
            raise ValueError("A spread within a stratum needs two customers of each arm at least.")
        if self.population < self.treated.n + self.comparison.n:
            raise ValueError("A stratum holds the customers of both its arms at least.")


@dataclass(frozen=True, slots=True)
class StratifiedMean:
    """What one arm comes to over all strata: the figure, its variance, the variance's degrees of freedom, customers."""

    value: float
    variance: float
    freedom: float
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedMeans:
    """Both arms over all strata, at the same level of the covariates.

    Parameters
    ----------
    treated, comparison : StratifiedMean
    difference : float
        Of the two, without the rounding of large means.
    strata : int
    slopes : tuple of float
        Of the figure on each covariate: one each for all strata.
    variance_kept : float
        Variance of the difference, as a share of what it is without adjustment.
    """

    treated: StratifiedMean
    comparison: StratifiedMean
    difference: float
    strata: int
    slopes: tuple[float, ...]
    variance_kept: float


def stratified_means(
    strata: Sequence[Stratum], figure: Figure, *, covariates: Sequence[Figure] = ()
) -> StratifiedMeans:
    """What would the arms' figures be, had all customers of all strata been in the one or in the other?

    Parameters
    ----------
    strata : sequence of Stratum
        Each with all columns named.
    figure : (str, str or None)
    covariates : sequence of (str, str or None)
        Known before the assignment. One slope each, fitted within strata: a stratum counts for as much as it adds to
        the variance of the difference. Arms move to the covariates' mean of their stratum.

    Raises
    ------
    DesignError
        If the smaller arm has fewer than `FEWEST_PER_COVARIATE` customers a covariate, or a denominator is not above
        zero or known too badly to divide by.
    ValueError
        If there is no stratum.

    Assumes
    -------
    Within a stratum every customer had the same chance of each arm, and the strata's sizes are those of the population
    that is spoken of. Slopes are taken as known, as in `adjusted`; they need not be true.

    Source
    ------
    Neyman (1923) and Imbens and Rubin (2015), chapter 9, on stratified randomisation; Lin (2013) on regression
    adjustment; degrees of freedom as Satterthwaite (1946), over the strata of both arms.

    Examples
    --------
    >>> def arm(*values):
    ...     return Moments.from_rows(("spend",), [[value] for value in values])
    >>> rich = Stratum(treated=arm(9, 11), comparison=arm(8, 10, 9, 9), population=6)
    >>> poor = Stratum(treated=arm(2, 4, 3, 3), comparison=arm(1, 3), population=6)
    >>> found = stratified_means([rich, poor], ("spend", None))
    >>> found.difference, found.treated.value, found.comparison.value
    (1.0, 6.5, 5.5)
    """
    if not strata:
        raise ValueError("There is no stratum to compare in.")
    cells = _Cells(strata, list(dict.fromkeys(name for one in (figure, *covariates) for name in one if name)))
    arms = [[one.treated for one in strata], [one.comparison for one in strata]]
    sizes = [sum(arm.n for arm in side) for side in arms]
    plain = [_arm(cells, side, figure, (), ()) for side in (0, 1)]
    slopes: Floats = np.zeros(len(covariates))
    rank = 0
    if covariates:
        slopes, rank = _slopes(cells, figure, covariates)
        if min(sizes) < FEWEST_PER_COVARIATE * rank:
            raise DesignError(
                f"The smaller arm has {min(sizes):,} customers for {rank} covariates of `{figure[0]}`; an adjustment "
                f"needs {FEWEST_PER_COVARIATE} customers for each. Name fewer covariates, or compare without."
            )
    found = plain if not rank else [_arm(cells, side, figure, covariates, slopes) for side in (0, 1)]
    before = sum(arm.variance for arm in plain)
    return StratifiedMeans(
        treated=found[0],
        comparison=found[1],
        difference=_difference(cells, found, figure, covariates, slopes),
        strata=len(strata),
        slopes=tuple(float(slope) for slope in slopes),
        variance_kept=sum(arm.variance for arm in found) / before if before > 0 else 1.0,
    )


class _Cells:
    """The strata as arrays: weights, sizes, means and covariances of some columns, of both arms and of the two."""

    def __init__(self, strata: Sequence[Stratum], columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        total = sum(one.population for one in strata)
        self.weight = np.array([one.population / total for one in strata])
        self.arms = ([one.treated for one in strata], [one.comparison for one in strata])
        self.n = [np.array([arm.n for arm in side], dtype=float) for side in self.arms]
        self.cov = [_covariances(side, columns) for side in self.arms]
        self.whole = [one + other for one, other in zip(*self.arms, strict=True)]

    def mean(self, groups: Sequence[Moments], name: str) -> float:
        """Over the strata, weighted."""
        return math.fsum(weight * float(_mean(group, name)) for weight, group in zip(self.weight, groups, strict=True))

    def value(self, groups: Sequence[Moments], figure: Figure) -> float:
        top = self.mean(groups, figure[0])
        return top if figure[1] is None else top / self.mean(groups, figure[1])

    def linear(self, groups: Sequence[Moments], figure: Figure) -> Floats:
        """The figure as a combination of columns, made linear at its own value: (n − R·d) / mean of d."""
        found = np.zeros(len(self.columns))
        if figure[1] is None:
            found[self.columns.index(figure[0])] = 1.0
            return found
        by = self.mean(groups, figure[1])
        found[self.columns.index(figure[0])] += 1 / by
        found[self.columns.index(figure[1])] -= self.mean(groups, figure[0]) / by**2
        return found


def _arm(
    cells: _Cells, side: int, figure: Figure, covariates: Sequence[Figure], slopes: Sequence[float] | Floats
) -> StratifiedMean:
    groups, n = cells.arms[side], cells.n[side]
    for one in (figure, *covariates):
        if one[1] is not None:
            _divisible(cells, side, one[1])
    value, mixed = cells.value(groups, figure), cells.linear(groups, figure)
    for slope, one in zip(slopes, covariates, strict=True):
        value -= slope * (cells.value(groups, one) - cells.value(cells.whole, one))
        mixed = mixed - slope * cells.linear(groups, one)
    parts = cells.weight**2 * _spread(cells.cov[side], mixed) / n
    variance = float(parts.sum())
    share = parts / variance if variance > 0 else n / n.sum()
    return StratifiedMean(value, variance, 1 / float((share**2 / (n - 1)).sum()), int(n.sum()))


def _difference(
    cells: _Cells, found: Sequence[StratifiedMean], figure: Figure, covariates: Sequence[Figure], slopes: Floats
) -> float:
    """Of means without a denominator stratum by stratum, exact until the strata are put together."""
    if any(one[1] is not None for one in (figure, *covariates)):
        return found[0].value - found[1].value
    apart = []
    for weight, one, other in zip(cells.weight, *cells.arms, strict=True):
        gap = _mean(one, figure[0]) - _mean(other, figure[0])
        for slope, (name, _) in zip(slopes, covariates, strict=True):
            gap -= Fraction(float(slope)) * (_mean(one, name) - _mean(other, name))
        apart.append(weight * float(gap))
    return math.fsum(apart)


def _slopes(cells: _Cells, figure: Figure, covariates: Sequence[Figure]) -> tuple[Floats, int]:
    """Least squares within strata, weighted by what each adds to the variance, and how many covariates say anything."""
    counts = cells.weight**2 * (1 / cells.n[0] + 1 / cells.n[1])
    together = np.tensordot(counts, _covariances(cells.whole, cells.columns), axes=1)
    mixes = np.array([cells.linear(cells.whole, one) for one in covariates])
    covariance = mixes @ together @ mixes.T
    towards = mixes @ together @ cells.linear(cells.whole, figure)
    spread = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    varies, slopes = spread > 0, np.zeros(len(covariates))
    if not varies.any():
        return slopes, 0
    spread = spread[varies]
    correlation = covariance[np.ix_(varies, varies)] / np.outer(spread, spread)
    found, _, rank, _ = np.linalg.lstsq(correlation, towards[varies] / spread, rcond=_COLLINEAR)
    slopes[varies] = found / spread
    return slopes, int(rank)


def _divisible(cells: _Cells, side: int, name: str) -> None:
    """Refuses a denominator by which a sum cannot be divided."""
    groups, place = cells.arms[side], cells.columns.index(name)
    mean = cells.mean(groups, name)
    if mean <= 0:
        raise DesignError(
            f"A ratio per `{name}` needs a mean of it above zero; in one arm it is {mean:.4g}. Choose another "
            "denominator, or compare the numerator a customer."
        )
    error = math.sqrt(float((cells.weight**2 * cells.cov[side][:, place, place] / cells.n[side]).sum()))
    if error / mean > LOOSEST_DENOMINATOR:
        raise DesignError(
            f"The mean of `{name}` is known to ±{error / mean * 100:.0f} % (one standard error) in an arm of "
            f"{int(cells.n[side].sum()):,} customers; a ratio by it needs {LOOSEST_DENOMINATOR * 100:.0f} % or less. "
            "Wait for more customers, or compare the numerator a customer."
        )


def _covariances(groups: Sequence[Moments], columns: Sequence[str]) -> Floats:
    """Shape (strata, columns, columns)."""
    found = np.empty((len(groups), len(columns), len(columns)))
    for place, group in enumerate(groups):
        for i, one in enumerate(columns):
            for j, other in enumerate(columns[: i + 1]):
                found[place, i, j] = found[place, j, i] = group.covariance(one, other)
    return found


def _spread(covariances: Floats, mixed: Floats) -> Floats:
    return np.asarray(np.maximum(np.einsum("i,sij,j->s", mixed, covariances, mixed), 0.0))


def _mean(group: Moments, name: str) -> Fraction:
    return Fraction(group.total(name)) / group.n
