"""Which interval is the shortest that still holds the effect when the drift bends by at most M a month?

Fixed-length confidence intervals of Rambachan and Roth (2023, section 4): an estimate linear in the event-study
coefficients, plus and minus one length that covers both its worst bias over all drifts allowed and its sampling
error. Checking what the user gave, and the words of the result, are left to `honest_did`.

The drift is a path over every month from the first lead to the last month after. It is 0 in the reference month, and
is fixed by one slope (from the reference to the month after it) and by how much it bends in each month between its
ends, seen or not. So months without a coefficient need nothing special: they only bend.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Affine:
    """An estimate that is linear in the coefficients, and the half-length of its interval.

    Parameters
    ----------
    weights : array of float, shape (n_coefficients,)
        What each coefficient counts, leads first.
    bias : float
        The largest bias any drift allowed can give it, in the unit of the coefficients.
    se : float
        Its standard error.
    half_length : float
        Half the length of the interval: the `level` quantile of |N(bias, se²)|.
    """

    weights: Floats
    bias: float
    se: float
    half_length: float


def folded_normal_quantile(level: float, mean: float) -> float:
    """The value that |N(mean, 1)| stays below with probability `level`.

    Examples
    --------
    >>> round(folded_normal_quantile(0.95, 0.0), 6), round(folded_normal_quantile(0.95, 8.0), 6)
    (1.959964, 9.644854)
    """
    from scipy.optimize import brentq

    mean = abs(mean)
    low, high = mean + float(ndtri(level)), mean + float(ndtri((1 + level) / 2))
    if high - low < 1e-12:
        return high

    def excess(value: float) -> float:
        return float(ndtr(value - mean) - ndtr(-value - mean)) - level

    if excess(low) >= 0:  # the far side is below the smallest step of a float64
        return low
    return float(brentq(excess, low, high, xtol=1e-13)) if excess(high) > 0 else high


def bending_reach(offsets: Ints) -> Floats:
    """How far a bend of 1 in a month moves the drift in each month with a coefficient.

    Parameters
    ----------
    offsets : array of int, shape (n_coefficients,)
        Months after the reference month (negative: before it), ascending.

    Returns
    -------
    array of float, shape (n_coefficients, n_bends)
        One column for each month strictly between the first and the last month of the path.

    Examples
    --------
    >>> bending_reach(np.array([-1, 1, 2]))
    array([[1., 0.],
           [0., 0.],
           [0., 1.]])
    """
    bends = np.arange(min(int(offsets.min()), 0) + 1, max(int(offsets.max()), 0))
    ahead = np.where(bends > 0, offsets[:, None] - bends, bends - offsets[:, None])
    return np.maximum(ahead, 0).astype(np.float64)


def shortest_interval(covariance: Floats, offsets: Ints, n_pre: int, weights: Floats, m: float, level: float) -> Affine:
    """The linear estimate with the shortest interval when the drift bends by at most `m` in any month.

    A weight on the leads leaves a finite bias only if the estimate is blind to every straight line (one equation).
    Among those left, standard error × folded normal quantile is convex in the weights. Whatever the minimiser returns,
    the length is computed from the bias and the error of the weights themselves: an early stop could only make the
    interval longer, never wrong.

    Parameters
    ----------
    covariance : array of float, shape (n, n)
        Of the coefficients, leads first.
    offsets : array of int, shape (n,)
        Months after the reference month, ascending.
    n_pre : int
        How many of the coefficients are leads.
    weights : array of float, shape (n - n_pre,)
        What each later coefficient counts in the effect of interest.
    m : float
        Largest bend, in the unit of the coefficients per month, per month.
    level : float
        Coverage.

    Source
    ------
    Rambachan and Roth (2023), equations 17 and 18. Reference values: tests/golden/honest_did.
    """
    reach = bending_reach(offsets)
    leads, later = offsets[:n_pre].astype(np.float64), offsets[n_pre:].astype(np.float64)
    line = -leads * float(weights @ later) / float(leads @ leads)
    start = np.concatenate([line, weights])  # blind to a straight line
    free = np.zeros((len(offsets), n_pre - 1))  # and so is every step along these
    free[np.arange(n_pre - 1), np.arange(n_pre - 1)] = 1
    free[n_pre - 1] = -leads[:-1] / leads[-1]

    def judged(found: Floats) -> Affine:
        bias = m * float(np.abs(reach.T @ found).sum())
        se = math.sqrt(float(found @ covariance @ found))
        return Affine(found, bias, se, se * folded_normal_quantile(level, bias / se))

    if n_pre == 1:
        return judged(start)
    inner = free.T @ covariance @ free
    calm = start - free @ np.linalg.solve(inner, free.T @ covariance @ start)  # the smallest standard error
    best = judged(calm)
    if m == 0:
        return best

    scale = best.se
    bent = reach.T @ free
    moves = np.abs(bent).max(axis=1) > 1e-12  # other bends weigh the same whatever the leads count
    fixed = float(np.abs(reach.T[~moves] @ calm).sum())
    problem = _Problem(inner / scale**2, bent[moves], reach.T[moves] @ calm, fixed, m / scale, level)
    rough = problem.minimised()
    for place in (rough, problem.polished(rough)):
        found = judged(calm + free @ place)
        if found.half_length <= best.half_length * (1 + 1e-10):
            best = found
    return best


@dataclass(frozen=True, slots=True)
class _Problem:
    """The length of the interval as a function of the steps from the calmest estimate, whose standard error is 1.

    The variance is 1 + step' inner step; the bias is unit × (fixed + sum |bent step + at_calm|).
    """

    inner: Floats
    bent: Floats
    at_calm: Floats
    fixed: float
    unit: float
    level: float

    def quantile(self, step: Floats, bends: float) -> tuple[float, float, float, float]:
        """Standard error, its quantile, and how the length grows with the standard error and with the bias."""
        se = math.sqrt(1 + float(step @ self.inner @ step))
        mean = self.unit * (self.fixed + bends) / se
        quantile = folded_normal_quantile(self.level, mean)
        by_bias = math.tanh(quantile * mean)
        return se, quantile, quantile - by_bias * mean, by_bias

    def minimised(self) -> Floats:
        """The best step, to about eight digits: absolute values as variables of their own, bounded from below."""
        from scipy.optimize import minimize

        n, k = self.inner.shape[0], len(self.at_calm)

        def length(place: Floats) -> tuple[float, Floats]:
            se, quantile, by_se, by_bias = self.quantile(place[:n], float(place[n:].sum()))
            return se * quantile, np.concatenate(
                [by_se / se * (self.inner @ place[:n]), np.full(k, by_bias * self.unit)]
            )

        sides = np.block([[-self.bent, np.eye(k)], [self.bent, np.eye(k)]])
        offset = np.concatenate([-self.at_calm, self.at_calm])
        result = minimize(
            length,
            np.concatenate([np.zeros(n), np.abs(self.at_calm)]),
            jac=True,
            method="SLSQP",
            constraints={"type": "ineq", "fun": lambda place: sides @ place + offset, "jac": lambda _: sides},
            options={"maxiter": 300, "ftol": 1e-13},
        )
        return np.asarray(result.x[:n], dtype=np.float64)

    def polished(self, rough: Floats) -> Floats:
        """The same step to the last digits, given which bends it leaves at 0 and the signs of the others.

        With those fixed the best step is linear in the price of bias, and the price solves one equation.
        """
        from scipy.optimize import brentq

        n = self.inner.shape[0]
        bends = self.bent @ rough + self.at_calm
        zero = np.abs(bends) < 1e-6 * np.abs(self.at_calm).max()
        signs = np.sign(bends[~zero])
        held, left = self.bent[zero], self.bent[~zero]
        system = np.block([[self.inner, held.T], [held, np.zeros((len(held), len(held)))]])
        sides = np.zeros((n + len(held), 2))
        sides[n:, 0] = -self.at_calm[zero]
        sides[:n, 1] = -left.T @ signs
        base, slope = np.linalg.lstsq(system, sides, rcond=1e-13)[0][:n].T

        def surplus(price: float) -> float:
            step = base + price * slope
            se, _, by_se, by_bias = self.quantile(step, float(signs @ (left @ step + self.at_calm[~zero])))
            return price * by_se - self.unit * se * by_bias

        high = self.unit
        while surplus(high) < 0:
            high *= 2
            if high > 1e9 * (1 + self.unit):
                return rough
        price = float(brentq(surplus, 0.0, high, xtol=1e-15 * high, rtol=1e-14))
        return np.asarray(base + price * slope, dtype=np.float64)
