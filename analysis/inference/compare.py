"""By how much do two groups differ, and how sure is it? From their moments alone.

Welch's comparison of two means, their ratio by the delta method, and the sample-ratio test of a randomisation.
Regression adjustment, clustering and sequential looks are left to other modules.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import special

from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments

SAMPLE_RATIO_P = 0.001
"""Below this p-value a randomisation counts as broken."""


def normal_quantile(level: float) -> float:
    """How many standard errors an interval of that level reaches to either side.

    Examples
    --------
    >>> round(normal_quantile(0.95), 6)
    1.959964
    """
    return float(special.ndtri((1 + level) / 2))


def difference_in_means(
    treated: Moments, comparison: Moments, measure: str, *, unit: str, level: float = 0.95, name: str | None = None
) -> Estimate:
    """How much larger is the mean of `measure` among the treated?

    Welch's unequal-variances comparison: standard error from both groups' own variances, interval from Student's t
    with the Welch–Satterthwaite degrees of freedom.

    Parameters
    ----------
    treated, comparison : Moments
        Of the two groups, at the grain that was randomised.
    measure : str
    unit : str
        Unit of the difference, per customer.
    level : float
    name : str, optional
        What the estimate is called; the measure's name by default.

    Raises
    ------
    ValueError
        If a group has fewer than two customers.

    Source
    ------
    Welch (1947), Biometrika 34. Reference values: the e-mail experiment, tests/golden/hillstrom.

    Examples
    --------
    >>> one = Moments.from_rows(("spend",), [[4], [6], [8]])
    >>> other = Moments.from_rows(("spend",), [[1], [3], [5]])
    >>> estimate = difference_in_means(one, other, "spend", unit="EUR per customer")
    >>> round(estimate.value, 6), round(estimate.se, 6)
    (3.0, 1.632993)
    """
    parts = [(group.variance(measure) / group.n, group.n) for group in (treated, comparison)]
    value = treated.mean(measure) - comparison.mean(measure)
    variance = parts[0][0] + parts[1][0]
    se = math.sqrt(variance)
    half = 0.0
    if variance > 0:
        freedom = variance**2 / sum(part**2 / (n - 1) for part, n in parts)
        half = float(special.stdtrit(freedom, (1 + level) / 2)) * se
    return Estimate(
        name=name or measure,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=treated.n,
        n_comparison=comparison.n,
        method="difference in means (Welch)",
    )


def ratio_of_means(treated: Moments, comparison: Moments, measure: str, *, level: float = 0.95) -> Estimate:
    """How many times as large is the mean of `measure` among the treated? Interval on the log scale, delta method.

    Raises
    ------
    ValueError
        If a group has fewer than two customers or a mean that is not above zero.

    Examples
    --------
    >>> one = Moments.from_rows(("spend",), [[4], [6], [8]])
    >>> other = Moments.from_rows(("spend",), [[1], [3], [5]])
    >>> round(ratio_of_means(one, other, "spend").value, 6)
    2.0
    """
    means = (treated.mean(measure), comparison.mean(measure))
    if min(means) <= 0:
        raise ValueError(f"A ratio of `{measure}` needs means above zero; they are {means[0]:.4g} and {means[1]:.4g}.")
    se_log = math.sqrt(
        sum(
            group.variance(measure) / group.n / mean**2
            for group, mean in zip((treated, comparison), means, strict=True)
        )
    )
    return ratio_estimate(
        measure,
        means[0] / means[1],
        se_log,
        n_treated=treated.n,
        n_comparison=comparison.n,
        method="ratio of means (delta method)",
        level=level,
    )


def ratio_estimate(
    name: str, value: float, se_log: float, *, n_treated: int, n_comparison: int, method: str, level: float = 0.95
) -> Estimate:
    """A ratio with its interval made on the log scale, as an `Estimate`.

    Examples
    --------
    >>> estimate = ratio_estimate("orders", 1.1, 0.02, n_treated=900, n_comparison=2500, method="ratio DiD")
    >>> round(estimate.low, 4), round(estimate.high, 4)
    (1.0577, 1.144)
    """
    width = normal_quantile(level) * se_log
    spread = math.exp(width) if width < 700 else math.inf  # beyond what a float holds the interval is unbounded
    return Estimate(
        name=name,
        value=value,
        low=value / spread,
        high=value * spread,
        level=level,
        se=value * se_log,
        se_log=se_log,
        scale="ratio",
        unit="ratio",
        n_treated=n_treated,
        n_comparison=n_comparison,
        method=method,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRatio:
    """Whether the arms have the sizes that the randomisation was set to give."""

    counts: Mapping[str, int]
    expected: Mapping[str, float]
    statistic: float
    p_value: float

    @property
    def failed(self) -> bool:
        return self.p_value < SAMPLE_RATIO_P


def sample_ratio(counts: Mapping[str, int], shares: Mapping[str, float] | None = None) -> SampleRatio:
    """Do the arms have the sizes that the randomisation was set to give? Pearson's chi-squared.

    Parameters
    ----------
    counts : mapping of arm to customers
    shares : mapping of arm to share, optional
        Intended shares (they are scaled to sum to 1); equal shares when left out.

    Raises
    ------
    ValueError
        If there are fewer than two arms, arms without an intended share, or no customers.

    Source
    ------
    Fabijan et al. (2019), KDD, on sample ratio mismatch; the threshold of 0.001 is the usual one there.

    Examples
    --------
    >>> round(sample_ratio({"invited": 5000, "control": 5200}).p_value, 4)
    0.0477
    >>> sample_ratio({"invited": 5000, "control": 5400}).failed
    True
    """
    if len(counts) < 2:
        raise ValueError("A sample ratio needs two arms at least.")
    weights = dict.fromkeys(counts, 1.0) if shares is None else dict(shares)
    if set(weights) != set(counts) or min(weights.values()) <= 0:
        raise ValueError("Every arm, and no other, needs an intended share above zero.")
    total, whole = sum(counts.values()), sum(weights.values())
    if total == 0:
        raise ValueError("A sample ratio needs customers.")
    expected = {arm: total * weights[arm] / whole for arm in counts}
    statistic = sum((counts[arm] - expected[arm]) ** 2 / expected[arm] for arm in counts)
    return SampleRatio(
        counts=dict(counts),
        expected=expected,
        statistic=statistic,
        p_value=float(special.chdtrc(len(counts) - 1, statistic)),
    )


def equal_shares(part: Mapping[str, int], whole: Mapping[str, int]) -> float:
    """How likely are shares this different, if every group had the same? p-value of Pearson's chi-squared.

    Parameters
    ----------
    part, whole : mapping of group to count
        A group that `part` leaves out counts as zero.

    Returns
    -------
    float
        1 where the share is the same in every group.

    Examples
    --------
    >>> equal_shares({"a": 90, "b": 90}, {"a": 100, "b": 100})
    1.0
    >>> equal_shares({"a": 992, "b": 526}, {"a": 1000, "b": 1000}) < 1e-9
    True
    """
    total, size = sum(part.get(group, 0) for group in whole), sum(whole.values())
    if total in (0, size):
        return 1.0
    share = total / size
    statistic = sum((part.get(group, 0) - n * share) ** 2 / (n * share * (1 - share)) for group, n in whole.items())
    return float(special.chdtrc(len(whole) - 1, statistic))
