"""Which effects survive if, after the contact, the drift changes at most M times as fast as it ever did before?

Conditional least-favourable hybrid test (Andrews, Roth and Pakes 2023) of each value, for relative magnitudes
(Rambachan and Roth 2023, section 2.4.1). Checking what the user gave, and the words of the result, are left to
`honest_did`.

The largest change before is not known, so the set is a union: one part for each pair of neighbouring leads and each
sign, in which that pair's monthly change D is the largest. In a part, every step i after the leads (over g_i months)
says |d_i - e_i| <= M g_i D, where d_i is the estimated step and e_i the step of the effect itself. The test statistic
is a linear program over the unknown e_i. Its dual has few corners, and they can be written down, so that no program is
solved at all. With L_i the weight of step i in the effect, T = sum L_i d_i and s_i+, s_i- the errors of the two moments
d_i - e_i - M g_i D and -(d_i - e_i) - M g_i D, the corners are

    (+(T - value) - M D sum |L_i| g_i) / sum |L_i| s_i(sign of L_i)        the value is too small
    (-(T - value) - M D sum |L_i| g_i) / sum |L_i| s_i(other sign)         the value is too large
    -2 M g_i D / (s_i+ + s_i-), for every i                                D cannot be the largest: it is negative

A step over a gap of g months has the bound g times: that is what remains of |change| <= M D month by month when the
months inside the gap may lie anywhere. The tests solve the same programs with HiGHS and find the same answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

_FIRST_STAGE = 0.1  # share of the error spent on the least-favourable test first, as the authors recommend
_WIDEST = 7.0  # standard errors: the normal distribution beyond holds less than 1e-11
_NODES, _NODE_WEIGHTS = np.polynomial.legendre.leggauss(400)


@dataclass(frozen=True, slots=True)
class Part:
    """One way in which the drift before may have been largest: which corners the test has, and how they spread.

    Parameters
    ----------
    estimate : float
        The effect if the drift stood still from the last lead on.
    change : float
        Estimated monthly change D of the drift between the two leads, with the sign of the part.
    corners : array of float, shape (n_corners, 2)
        What each corner counts of (estimate - value) and of D.
    covariance : array of float, shape (2, 2)
        Of the estimate and D.
    """

    estimate: float
    change: float
    corners: Floats
    covariance: Floats


def parts(beta: Floats, covariance: Floats, offsets: Ints, n_pre: int, weights: Floats, mbar: float) -> list[Part]:
    """All ways in which the drift before may have been largest: two signs for each pair of neighbouring leads.

    Parameters
    ----------
    beta, covariance : array of float, shapes (n,) and (n, n)
        Event-study coefficients, leads first, the reference month left out (it is 0).
    offsets : array of int, shape (n,)
        Months after the reference month, ascending.
    n_pre : int
        How many of the coefficients are leads.
    weights : array of float, shape (n - n_pre,)
        What each later coefficient counts in the effect.
    mbar : float
        Largest change after, as a multiple of the largest change before.
    """
    n = len(beta)
    place = np.insert(np.arange(n), int((offsets[:n_pre] < 0).sum()), -1)  # -1: the reference month
    months = np.where(place < 0, 0, offsets[place])
    levels = np.where(place[:, None] < 0, 0.0, np.eye(n)[place])  # each month's level, as weights of the coefficients
    lengths = np.diff(months).astype(np.float64)
    steps = np.diff(levels, axis=0)
    before, after, gaps = steps[:n_pre] / lengths[:n_pre, None], steps[n_pre:], lengths[n_pre:]
    by_step = np.cumsum(weights[::-1])[::-1]  # the effect's step i counts in every later month
    effect = by_step @ after
    found = []
    for change in np.vstack([before, -before]):
        most = mbar * gaps[:, None] * change
        errors = np.sqrt([np.einsum("ij,jk,ik->i", rows, covariance, rows) for rows in (after - most, -after - most)])
        upper, lower = np.where(by_step >= 0, errors, errors[::-1]) @ np.abs(by_step)
        reach = mbar * float(np.abs(by_step) @ gaps)
        signs = np.column_stack([np.zeros(len(gaps)), -2 * mbar * gaps / errors.sum(axis=0)])
        both = np.vstack([effect, change])
        found.append(
            Part(
                float(effect @ beta),
                float(change @ beta),
                np.vstack([[1 / upper, -reach / upper], [-1 / lower, -reach / lower], signs]),
                both @ covariance @ both.T,
            )
        )
    return found


def least_favourable(part: Part, size: float) -> float:
    """The value the largest corner stays below with probability 1 - `size`, were the truth at every corner 0.

    One integral over D: given D the corners of the value leave an interval of the estimate, those of the sign a half
    line of D itself.
    """
    from scipy.optimize import brentq

    sd_change = float(np.sqrt(part.covariance[1, 1]))
    slope = float(part.covariance[0, 1] / sd_change) if sd_change > 0 else 0.0
    sd_rest = float(np.sqrt(max(part.covariance[0, 0] - slope**2, 1e-24 * part.covariance[0, 0])))
    (above, drift_above), (below, drift_below) = part.corners[:2]
    strictest = float(-part.corners[2:, 1].min()) * sd_change

    def short(value: float) -> float:
        low = max(-_WIDEST, -value / strictest) if strictest > 0 else -_WIDEST
        z = (low + _WIDEST) / 2 + (_WIDEST - low) / 2 * _NODES
        highest = (value - drift_above * sd_change * z) / above
        lowest = (value - drift_below * sd_change * z) / below
        inside = ndtr((highest - slope * z) / sd_rest) - ndtr((lowest - slope * z) / sd_rest)
        density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        return float((_WIDEST - low) / 2 * _NODE_WEIGHTS @ (density * np.maximum(inside, 0))) - (1 - size)

    sd = np.sqrt(np.einsum("ij,jk,ik->i", part.corners, part.covariance, part.corners)).max()
    alone, at_most = -float(sd * ndtri(size)), -float(sd * ndtri(size / len(part.corners)))
    if short(alone) >= 0:  # one corner is all corners
        return alone
    return float(brentq(short, alone, at_most, xtol=1e-12)) if short(at_most) > 0 else at_most


def rejected(part: Part, distance: Floats, ceiling: float, alpha: float) -> Bools:
    """Which values does the hybrid test reject, given how far below the estimate they lie?

    Rejected first where the largest corner exceeds the least-favourable `ceiling`. Else the largest corner is compared
    with a normal distribution cut to where that corner stays the largest (and below the ceiling), given everything
    that is independent of it; never rejected where no moment is violated.

    Parameters
    ----------
    part : Part
    distance : array of float, shape (n,)
        Estimate minus value.
    ceiling : float
        `least_favourable(part, alpha / 10)`.
    alpha : float
        Error of the whole test.
    """
    corners = part.corners
    values = np.multiply.outer(distance, corners[:, 0]) + corners[:, 1] * part.change
    largest = values.argmax(axis=1)
    top = values[np.arange(len(distance)), largest]
    cross = corners @ part.covariance @ corners.T
    variance = np.diag(cross)[largest]
    variance = np.where(variance > 0, variance, 1.0)  # with M = 0 the sign corners are 0, and never violated
    ratio = cross[largest] / variance[:, None]
    slack = 1 - ratio
    with np.errstate(divide="ignore", invalid="ignore"):
        edge = (values - ratio * top[:, None]) / slack
    low = np.where(slack > 1e-9, edge, -np.inf).max(axis=1)
    high = np.minimum(np.where(slack < -1e-9, edge, np.inf).min(axis=1), ceiling)
    sd = np.sqrt(variance)
    beyond, whole, cut = ndtr(-top / sd), ndtr(-np.minimum(low, top) / sd), ndtr(-high / sd)
    spent = _FIRST_STAGE * alpha
    with np.errstate(divide="ignore", invalid="ignore"):
        unlikely = (beyond - cut) / (whole - cut) < (alpha - spent) / (1 - spent)
    found: Bools = (top > ceiling) | ((top > 0) & unlikely)
    return found


def ends(part: Part, ceiling: float, alpha: float, grid: int) -> tuple[Floats, Floats] | None:
    """Between which distances below the estimate do the smallest and the largest lie that the test does not reject?

    The first stage rejects everything outside an interval that is known, so the grid covers that interval and no more.

    Returns
    -------
    tuple of array, shape (2,), or None
        For each end a distance that is rejected (or the interval's own end) and the next one that is not; None where
        the whole grid is rejected.
    """
    (above, drift_above), (below, drift_below) = part.corners[:2]
    lowest, highest = (ceiling - drift_below * part.change) / below, (ceiling - drift_above * part.change) / above
    if lowest > highest:
        return None
    places = np.linspace(lowest, highest, grid)
    if lowest < 0 < highest:
        places = np.sort(np.append(places, 0.0))
    kept = np.flatnonzero(~rejected(part, places, ceiling, alpha))
    if kept.size == 0:
        return None
    first, last = int(kept[0]), int(kept[-1])
    return places[[max(first - 1, 0), first]], places[[min(last + 1, len(places) - 1), last]]


def conditional_set(
    beta: Floats, covariance: Floats, offsets: Ints, n_pre: int, weights: Floats, mbar: float, level: float, grid: int
) -> tuple[float, float]:
    """Smallest and largest effect that no reading of the leads lets us reject. Arguments as in `parts`.

    The estimate itself is never rejected: of the two signs of a pair of leads, one agrees with what was seen. Each end
    is that of the part reaching furthest; only parts that may still do so are refined, by finer and finer grids.
    """
    alpha = 1 - level
    found = []
    for part in parts(beta, covariance, offsets, n_pre, weights, mbar):
        ceiling = least_favourable(part, _FIRST_STAGE * alpha)
        if (coarse := ends(part, ceiling, alpha, grid)) is not None:
            found.append((part, ceiling, coarse))

    def furthest(side: int, sign: int) -> float:
        best = max(sign * coarse[side][1] for _, _, coarse in found)
        for part, ceiling, coarse in found:
            outside, inside = coarse[side]
            if sign * outside < best:
                continue
            for _ in range(6):
                steps = np.linspace(outside, inside, 65)
                first = int(np.flatnonzero(~rejected(part, steps[:-1], ceiling, alpha)).min(initial=64))
                outside, inside = steps[max(first - 1, 0)], steps[first]
            best = max(best, sign * inside)
        return float(sign * best)

    estimate = found[0][0].estimate
    return estimate - furthest(1, 1), estimate - furthest(0, -1)
