"""Do the effects of several groups differ, or does chance alone spread them so? Also where groups are small.

Cochran's Q weighs each effect by its own estimated error. Of small groups that is wrong twice over: errors that came
out too small by chance weigh most, and among customers who spend unevenly they come out small together with the mean.
With sixty groups of fifty it finds a difference that is not there in eleven of a hundred tests instead of five. Here
effects are weighed by the sizes of their groups, which chance has no part in, and the errors say only how far chance
would spread the whole: there the too small and the too large make up for each other. Of two groups both are one test.
What may be said of groups that differ is left to the studies.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

Found = tuple[float, float]
"""An effect, as the logarithm of a ratio or as a difference, and its standard error."""


def differ_p(found: Sequence[Found], sizes: Sequence[tuple[int, int]]) -> float:
    """How often would chance alone spread independent effects of one true size at least so far?

    Parameters
    ----------
    found : sequence of pairs
        Effect and standard error of each group.
    sizes : sequence of pairs
        Customers treated and compared in each.

    Returns
    -------
    float
        1 for a single group, or none.

    Raises
    ------
    ValueError
        If the two are not of one length, a number is not finite, an error not above zero, or a size not above zero.

    Assumes
    -------
    Effects that are about normal and share no customers.

    Source
    ------
    Kulinskaya, Hoaglin, Bakbergenuly and Newman (2021), Research Synthesis Methods 12: Q with the effective sizes
    n₁n₀ / (n₁ + n₀) as weights. Its distribution is that of a sum of chi-squared variables, each times a number of its
    own; a multiple of one chi-squared with the same mean and variance stands for it (Satterthwaite, 1946; Box, 1954).
    Reference values: tests/golden/apart.

    Examples
    --------
    Of two groups it is the test of their difference; a size that differs changes nothing.

    >>> pair = [(0.0, 0.03), (0.03 * 1.959964 * 2**0.5, 0.03)]
    >>> round(differ_p(pair, [(500, 500), (50, 900)]), 6)
    0.05
    >>> round(differ_p([*pair, (0.04, 0.03)], [(500, 500)] * 3), 4)
    0.1464
    """
    if len(found) != len(sizes):
        raise ValueError(f"Every effect needs the sizes of its groups; there are {len(found)} and {len(sizes)}.")
    if not all(math.isfinite(value) and math.isfinite(se) and se > 0 for value, se in found):
        raise ValueError("An effect is finite and its standard error lies above zero.")
    if not all(min(pair) > 0 for pair in sizes):
        raise ValueError("A group that an effect was told of holds a customer at least.")
    if len(found) < 2:
        return 1.0
    from scipy import special

    value, se = np.array(found, dtype=np.float64).T
    one, other = np.array(sizes, dtype=np.float64).T
    weight = one * other / (one + other)
    weight /= weight.sum()
    spread = float(weight @ (value - weight @ value) ** 2)
    expected, squares = _by_chance(weight, se**2)
    return float(special.chdtrc(expected**2 / squares, spread * expected / squares))


def _by_chance(weight: np.ndarray, variance: np.ndarray) -> tuple[float, float]:
    """The mean of the weighted spread under chance alone, and half its variance. Weights add up to 1.

    With A = diag(w) − ww′ and V = diag(v): tr(AV) and tr(AVAV).
    """
    own = weight * variance
    expected = float((own * (1 - weight)).sum())
    squares = float((own**2 * (1 - 2 * weight)).sum() + (weight @ own) ** 2)
    return expected, squares
