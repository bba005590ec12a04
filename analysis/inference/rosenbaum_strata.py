"""How unlike could units of one stratum have been, in ways nobody recorded, before a finding could be chance?

Rosenbaum's bounds for strata of any size, matched sets with several comparison units among them: the largest p-value
when two units of a stratum differ by at most a factor `gamma` in their odds of treatment. Pairs, and the gamma at which
a p-value crosses the level, are left to `rosenbaum`.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.rosenbaum import Alternative, by_side, largest_chance, mid_ranks

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Scores = Literal["aligned_rank", "raw"]


def strata_p(
    outcomes: ArrayLike,
    treated: ArrayLike,
    stratum: ArrayLike,
    gamma: float = 1.0,
    *,
    alternative: Alternative = "greater",
    scores: Scores = "aligned_rank",
) -> float:
    """What is the largest p-value of a comparison within strata if hidden biases are at most `gamma`?

    Parameters
    ----------
    outcomes : array of float, shape (n_units,)
    treated : array of bool, shape (n_units,)
    stratum : array, shape (n_units,)
        Any labels; matched sets with several comparison units are strata. A stratum of one arm only has no say.
    gamma : float
        Largest ratio of the odds of treatment of two units of a stratum.
    alternative
        As in `signed_rank_p`.
    scores : {"aligned_rank", "raw"}
        Sum over the treated of ranks of the outcomes less their stratum's mean (Hodges and Lehmann); or of the
        outcomes themselves: Mantel and Haenszel's test for 0 and 1, McNemar's without its exactness for pairs.

    Raises
    ------
    DesignError
        If an outcome is missing, no stratum has both arms, or outcomes do not differ within strata.
    ValueError
        If shapes or choices make no sense.

    Assumes
    -------
    Units are independent; the sum is normal. In each stratum the bias with the largest expected sum is taken, which is
    exact for 0 and 1, and as strata become many for other outcomes.

    Source
    ------
    Gastwirth, Krieger and Rosenbaum (2000); Rosenbaum (2002), section 4.4. Reference values: tests/golden/rosenbaum.

    Examples
    --------
    The treated have 2 of 3 and 2 of 2 of the outcomes where 1.5 and 1 are expected, with variances 0.45 and 1/3.

    >>> bought = [1, 1, 0, 0, 1, 0, 1, 1, 0, 0]
    >>> contacted = [True, True, True, False, False, False, True, True, False, False]
    >>> round(strata_p(bought, contacted, ["a"] * 6 + ["b"] * 4, scores="raw"), 4)
    0.0451
    """
    values, arm, labels = np.asarray(outcomes, dtype=np.float64), np.asarray(treated).astype(bool), np.asarray(stratum)
    if values.ndim != 1 or arm.shape != values.shape or labels.shape != values.shape:
        raise ValueError(
            f"Each unit has an outcome, an arm and a stratum: {values.shape}, {arm.shape}, {labels.shape}."
        )
    if scores not in ("aligned_rank", "raw"):
        raise ValueError(f"Scores are `aligned_rank` or `raw`, not `{scores}`.")
    missing = int((~np.isfinite(values)).sum())
    if missing:
        raise DesignError(f"{missing:,} of {len(values):,} outcomes are missing. Leave these units out and count them.")
    code = np.unique(labels, return_inverse=True)[1].reshape(-1)
    if scores == "aligned_rank":
        values = mid_ranks(values - (np.bincount(code, values) / np.bincount(code))[code])
    order = np.argsort(code, kind="stable")
    sets = [
        (values[rows], arm[rows])
        for rows in np.split(order, np.flatnonzero(np.diff(code[order])) + 1)
        if 0 < int(arm[rows].sum()) < len(rows)
    ]
    if not sets:
        raise DesignError(
            f"None of {int(code.max(initial=-1)) + 1:,} strata holds both treated and comparison units. Join strata."
        )
    if all(np.ptp(one) == 0 for one, _ in sets):
        raise DesignError(f"Outcomes do not differ within any of {len(sets):,} strata with both arms. Join strata.")
    largest_chance(gamma)

    def upper(sign: int) -> float:
        total = sum(sign * float(one[own].sum()) for one, own in sets)
        moments = np.array([_worst_moments(sign * one, int(own.sum()), gamma) for one, own in sets]).sum(axis=0)
        return float(special.ndtr(-(total - moments[0]) / math.sqrt(moments[1])))

    return by_side(upper, alternative)


def _worst_moments(scores: Floats, n_treated: int, gamma: float) -> tuple[float, float]:
    """Largest mean of the treated units' sum of scores in one stratum, and the variance that goes with it.

    The worst hidden cause is one that the units with the k highest scores have, for some k: of these, J are treated,
    with Fisher's non-central hypergeometric distribution; given J, every choice is equally likely.
    """
    n = len(scores)
    order = np.sort(scores)[::-1]
    k = np.arange(1, n)
    above, above_squares = np.cumsum(order)[:-1], np.cumsum(order**2)[:-1]
    mean_above, mean_below = above / k, (order.sum() - above) / (n - k)
    spread_above = _sample_variance(above_squares, mean_above, k)
    spread_below = _sample_variance((order**2).sum() - above_squares, mean_below, n - k)
    j = np.arange(n_treated + 1)[:, None]
    possible = (j <= k) & (n_treated - j <= n - k)
    with np.errstate(invalid="ignore"):
        log_weight = np.where(
            possible, _log_choose(k, j) + _log_choose(n - k, n_treated - j) + j * math.log(gamma), -np.inf
        )
    weight = np.exp(log_weight - log_weight.max(axis=0))
    weight /= weight.sum(axis=0)
    mean_j = (weight * j).sum(axis=0)
    variance_j = (weight * (j - mean_j) ** 2).sum(axis=0)
    left = n_treated - j
    within = j * (1 - j / k) * spread_above + left * (1 - left / (n - k)) * spread_below
    means = mean_j * mean_above + (n_treated - mean_j) * mean_below
    variances = (weight * np.where(possible, within, 0.0)).sum(axis=0) + variance_j * (mean_above - mean_below) ** 2
    best = means >= means.max() - 1e-12 * max(1.0, abs(float(means.max())))
    return float(means.max()), float(variances[best].max())


def _sample_variance(squares: Floats, mean: Floats, n: Ints) -> Floats:
    """Variance with divisor n - 1; 0 for one number."""
    return np.where(n > 1, (squares - n * mean**2).clip(0) / np.maximum(n - 1, 1), 0.0)


def _log_choose(n: Ints, k: Ints) -> Floats:
    return np.asarray(special.gammaln(n + 1.0) - special.gammaln(k + 1.0) - special.gammaln(n - k + 1.0))
