"""Does chance alone make so large an effect, on whichever scale it is the less clear?

Two means are alike exactly where their difference is 0 and their ratio 1, so one question has two tests, and of large
groups they agree. Of small ones they part: where most customers have little and few have much, a group whose mean came
out low has too small an error as well. The difference then finds far too much where the smaller group lies lower, and
the logarithm of the ratio, if it errs, errs on the other side. What is clear on one scale alone rests on that
distortion and not on the customers, so the larger p-value counts. Of yes and no the ratio is that of the rarer answer:
what holds of a share holds of its complement. Which effects are judged, and in what words, is left to the studies.
"""

from __future__ import annotations

import math
from dataclasses import replace

from scipy import special

from analysis.inference.estimate import Estimate
from analysis.inference.multiplicity import degrees_of, spread_of, wald_p

_SAME = 1e-6
"""A ratio so near 1 tells nothing of the means that it is a ratio of."""
_LARGEST_EXPONENT = 700.0  # beyond what a float holds


def fewest_degrees(*scales: Estimate | None) -> float:
    """On how many degrees of freedom does an answer rest that is given on several scales? Infinite where none tells.

    The error of a ratio is that of the same two means, so it is known no better than the error of their difference.

    Examples
    --------
    >>> from analysis.inference.compare import difference_in_means, ratio_of_means
    >>> from analysis.inference.moments import Moments
    >>> one, other = (Moments.from_rows(("spend",), [[x] for x in values]) for values in ([4, 6, 8, 9], [1, 3, 5]))
    >>> pair = ratio_of_means(one, other, "spend"), difference_in_means(one, other, "spend", unit="EUR")
    >>> fewest_degrees(pair[0]), round(fewest_degrees(*pair), 4)
    (inf, 4.7155)
    """
    known = [degrees_of(estimate) for estimate in scales if estimate is not None]
    return min([degrees for degrees in known if degrees is not None], default=math.inf)


def least_clear_p(judged: Estimate, beside: Estimate | None = None) -> float:
    """How often would chance alone move an effect at least so far, on the scale where it does so most often?

    Parameters
    ----------
    judged : Estimate
        A difference or a ratio.
    beside : Estimate, optional
        The same answer on the other scale. One that has no error to be judged by is passed over.

    Returns
    -------
    float
        The largest of the p-values, all with the degrees of freedom of the one that has fewest; never below
        `wald_p(judged)`. Where the unit of the difference begins with "share", and the shares are larger than a half,
        the ratio of those without counts beside it.

    Raises
    ------
    ValueError
        If both are on one scale.

    Assumes
    -------
    That the two are answers to one question: 0 is true of the one exactly where 1 is true of the other.

    Source
    ------
    Berger (1982), Technometrics 24: a test that rejects only where two of them do errs no more often than either. On
    the distortion by skewness: Johnson (1978), Journal of the American Statistical Association 73. How often it errs,
    by kind of outcome and size of the groups, is measured in its tests.

    Examples
    --------
    A mean of 0.4 among 50 against 0.8 among 150, Poisson: the difference is clearer than the ratio.

    >>> from decimal import Decimal
    >>> from analysis.inference.compare import difference_in_means, ratio_of_means
    >>> from analysis.inference.moments import Moments
    >>> one = Moments(("orders",), 50, (Decimal(20),), (Decimal(28),))
    >>> other = Moments(("orders",), 150, (Decimal(120),), (Decimal(216),))
    >>> difference = difference_in_means(one, other, "orders", unit="orders per customer")
    >>> ratio = ratio_of_means(one, other, "orders")
    >>> [round(p, 5) for p in (wald_p(difference), wald_p(ratio), least_clear_p(difference, ratio))]
    [0.00081, 0.00446, 0.00526]
    """
    if beside is None or spread_of(beside) is None:
        return wald_p(judged)
    if judged.scale == beside.scale:
        raise ValueError(f"{judged.name}: two estimates on the scale `{judged.scale}` are not one answer on both.")
    difference, ratio = (judged, beside) if judged.scale == "difference" else (beside, judged)
    scales = judged, difference, _of_the_rarer(difference, ratio)
    degrees = fewest_degrees(*scales)
    return max(wald_p(scale, degrees) for scale in scales)


def _of_the_rarer(difference: Estimate, ratio: Estimate) -> Estimate:
    """The ratio of those without, of a share larger than a half; else the ratio as it is.

    Both shares follow from their difference and ratio. The error of the difference is divided among them as that of
    two binomials is, so that an adjustment or a clustering counts here too.
    """
    if difference.unit.partition(" ")[0] != "share" or abs(ratio.value - 1) < _SAME or difference.value == 0:
        return ratio
    other = difference.value / (ratio.value - 1)
    shares = other + difference.value, other
    sizes = difference.n_treated, difference.n_comparison
    if not (all(0 < share < 1 for share in shares) and sum(shares) > 1 and min(sizes) > 1):
        return ratio
    binomial = [share * (1 - share) / (n - 1) for share, n in zip(shares, sizes, strict=True)]
    relative = [part / (1 - share) ** 2 for part, share in zip(binomial, shares, strict=True)]
    se_log = difference.se * math.sqrt(sum(relative) / sum(binomial))
    freedom = sum(relative) ** 2 / sum(part**2 / (n - 1) for part, n in zip(relative, sizes, strict=True))
    value = (1 - shares[0]) / (1 - shares[1])
    reach = math.exp(min(float(special.stdtrit(freedom, (1 + difference.level) / 2)) * se_log, _LARGEST_EXPONENT))
    return replace(
        ratio, value=value, low=value / reach, high=value * reach, level=difference.level, se=value * se_log,
        se_log=se_log,
    )  # fmt: skip
