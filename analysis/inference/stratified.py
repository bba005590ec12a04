"""How far apart are two arms, where chance decided within strata, and perhaps not with the same odds in each?

Within a stratum the arms are alike but for chance; pooled they are not, wherever a stratum of other customers had other
odds. So the arms are compared stratum by stratum, and the differences put together by the strata's shares of all
customers: the average effect on the whole population (ATE), not on those who happened to be treated. What each arm
comes to is left to `stratified_means`, that the odds were the same for all of a stratum to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.stratified_means import Figure, Stratum, stratified_means

_LARGEST_EXPONENT = 700.0  # beyond what a float holds


def stratified_difference(
    strata: Sequence[Stratum], figure: Figure, *, covariates: Sequence[Figure] = (), unit: str, level: float = 0.95,
    name: str | None = None,
) -> Estimate:  # fmt: skip
    """By how much is the figure larger among the treated, on average over all customers?

    Parameters
    ----------
    strata, figure, covariates
        As in `stratified_means`, whose errors are raised.
    unit : str
        Unit of the difference.
    level : float
    name : str, optional
        What the estimate is called; the first measure's name by default.

    Examples
    --------
    >>> from analysis.inference.moments import Moments
    >>> def arm(*values):
    ...     return Moments.from_rows(("spend",), [[value] for value in values])
    >>> rich = Stratum(treated=arm(9, 11), comparison=arm(8, 10, 9, 9), population=6)
    >>> poor = Stratum(treated=arm(2, 4, 3, 3), comparison=arm(1, 3), population=6)
    >>> print(stratified_difference([rich, poor], ("spend", None), unit="EUR per customer", name="spend"))
    spend: 1 (95 % interval -1.593 to 3.593), unit: EUR per customer; 6 against 6 customers; difference in means within
    2 strata (Neyman), average over all customers
    """
    found = stratified_means(strata, figure, covariates=covariates)
    one, other = found.treated, found.comparison
    variance = one.variance + other.variance
    half = _reach(one.variance, one.freedom, other.variance, other.freedom, level)
    return Estimate(
        name=name or figure[0], value=found.difference, low=found.difference - half, high=found.difference + half,
        level=level, se=math.sqrt(variance), scale="difference", unit=unit, n_treated=one.n, n_comparison=other.n,
        method=_method("difference", figure, covariates, found.strata),
    )  # fmt: skip


def stratified_ratio(
    strata: Sequence[Stratum], figure: Figure, *, covariates: Sequence[Figure] = (), level: float = 0.95,
    name: str | None = None,
) -> Estimate:  # fmt: skip
    """How many times as large is the figure, had all customers been treated? Delta method on the logarithm.

    Parameters and errors as in `stratified_difference`.

    Raises
    ------
    DesignError
        If a figure is not above zero.

    Examples
    --------
    >>> from analysis.inference.moments import Moments
    >>> def arm(*values):
    ...     return Moments.from_rows(("spend",), [[value] for value in values])
    >>> rich = Stratum(treated=arm(9, 11), comparison=arm(8, 10, 9, 9), population=6)
    >>> poor = Stratum(treated=arm(2, 4, 3, 3), comparison=arm(1, 3), population=6)
    >>> round(stratified_ratio([rich, poor], ("spend", None)).value, 6)
    1.181818
    """
    found = stratified_means(strata, figure, covariates=covariates)
    one, other = found.treated, found.comparison
    if min(one.value, other.value) <= 0:
        raise DesignError(
            f"A ratio of `{name or figure[0]}` needs figures above zero; they are {one.value:.4g} and "
            f"{other.value:.4g}. Compare the difference instead."
        )
    value, relative = one.value / other.value, [arm.variance / arm.value**2 for arm in (one, other)]
    half = _reach(relative[0], one.freedom, relative[1], other.freedom, level)
    se_log = math.sqrt(sum(relative))
    return Estimate(
        name=name or figure[0], value=value, low=value * math.exp(-half) if half < _LARGEST_EXPONENT else 0.0,
        high=value * math.exp(half) if half < _LARGEST_EXPONENT else math.inf, level=level, se=value * se_log,
        se_log=se_log, scale="ratio", unit="ratio", n_treated=one.n, n_comparison=other.n,
        method=_method("ratio", figure, covariates, found.strata),
    )  # fmt: skip


def _reach(one: float, freedom_one: float, other: float, freedom_other: float, level: float) -> float:
    """How far the interval reaches to either side; Student's t, Satterthwaite's degrees of freedom."""
    variance = one + other
    if variance <= 0:
        return 0.0
    share = one / variance
    freedom = 1 / (share**2 / freedom_one + (1 - share) ** 2 / freedom_other)
    return float(special.stdtrit(freedom, (1 + level) / 2)) * math.sqrt(variance)


_KINDS: Mapping[tuple[str, bool], str] = {
    ("difference", False): "difference in means", ("ratio", False): "ratio of means (delta method)",
    ("difference", True): "difference of ratios (delta method)", ("ratio", True): "ratio of ratios (delta method)",
}  # fmt: skip


def _method(scale: str, figure: Figure, covariates: Sequence[Figure], strata: int) -> str:
    taken = ""
    if covariates:
        count = len(covariates)
        earlier = any(one[1] is not None for one in covariates)
        taken = "CUPED on the earlier ratio, " if earlier else f"CUPED on {count} covariate{'s' * (count != 1)}, "
    within = f"within {strata} {'stratum' if strata == 1 else 'strata'} (Neyman), average over all customers"
    return f"{taken}{_KINDS[scale, figure[1] is not None]} {within}"
