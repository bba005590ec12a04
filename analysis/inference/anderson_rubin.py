"""Which effects does an instrument leave standing, however weak it is? The Anderson–Rubin set, by exact inversion.

A value b is kept if, with b times the treatment taken off the outcome, the instruments explain nothing of what is left.
The test keeps its size with an instrument of any strength, and so the set may be an interval, two half-lines, the
whole line or nothing at all; it is told as it is. Where slopes and covariances come from is left to `instrument`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

ArKind = Literal["interval", "half_lines", "line", "empty"]
Floats = NDArray[np.float64]
_REAL = 1e-7
"""A root whose imaginary part is smaller than this share of its size is tried as a boundary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArSet:
    """The effects that the Anderson–Rubin test does not reject.

    Parameters
    ----------
    kind : {"interval", "half_lines", "line", "empty"}
    low, high : float
        Of an interval its ends. Of half-lines everything up to `low` and everything from `high` is kept, and what lies
        strictly between them is not. The line has infinite ends; an empty set has `nan` for both.

    Raises
    ------
    ValueError
        If the ends do not fit the kind.

    Examples
    --------
    >>> wide = ArSet(kind="half_lines", low=-3.0, high=0.5)
    >>> 0.0 in wide, -4.0 in wide, wide.bounded
    (False, True, False)
    >>> print(wide)
    everything up to -3 and everything from 0.5
    """

    kind: ArKind
    low: float
    high: float

    def __post_init__(self) -> None:
        fits = {
            "interval": math.isfinite(self.low) and math.isfinite(self.high) and self.low <= self.high,
            "half_lines": self.low < self.high and (math.isfinite(self.low) or math.isfinite(self.high)),
            "line": (self.low, self.high) == (-math.inf, math.inf),
            "empty": math.isnan(self.low) and math.isnan(self.high),
        }
        if not fits[self.kind]:
            raise ValueError(f"A set of kind `{self.kind}` cannot have the ends {self.low:.4g} and {self.high:.4g}.")

    def __contains__(self, value: float) -> bool:
        if self.kind == "half_lines":
            return value <= self.low or value >= self.high
        return self.low <= value <= self.high

    @property
    def bounded(self) -> bool:
        """Whether the set has two finite ends with the effects between them."""
        return self.kind == "interval"

    def __str__(self) -> str:
        if self.kind == "interval":
            return f"{self.low:.4g} to {self.high:.4g}"
        if self.kind == "half_lines":
            return f"everything up to {self.low:.4g} and everything from {self.high:.4g}"
        return "any effect at all" if self.kind == "line" else "no effect fits: the instruments contradict one another"


LINE = ArSet(kind="line", low=-math.inf, high=math.inf)
EMPTY = ArSet(kind="empty", low=math.nan, high=math.nan)


def anderson_rubin_set(
    reduced: Floats, first: Floats, v_reduced: Floats, v_both: Floats, v_first: Floats, critical: float
) -> ArSet:
    """Which effects b keep (reduced - b first)' V(b)⁻¹ (reduced - b first) at or below the critical value?

    Parameters
    ----------
    reduced, first : array of float, shape (k,)
        Slopes of outcome and treatment on the k instruments.
    v_reduced, v_both, v_first : array of float, shape (k, k)
        Covariance of the slopes: of the outcome's, between the outcome's (rows) and the treatment's, of the
        treatment's. V(b) = v_reduced - b (v_both + v_both') + b² v_first is that of reduced - b first.
    critical : float
        Of the Wald statistic: k times the quantile of F, or that of chi-squared.

    Returns
    -------
    ArSet
        Exact with one instrument (a quadratic), never empty then. With several the boundaries are the real roots of a
        quadratic eigenvalue problem; a set in more pieces than the four kinds allow is widened to the smallest one
        that holds it.

    Source
    ------
    Anderson and Rubin (1949), Annals of Mathematical Statistics 20; Dufour and Taamouti (2005), Econometrica 73, on the
    shapes of the set.

    Examples
    --------
    >>> one = np.array([[1.0]])
    >>> found = anderson_rubin_set(np.array([6.0]), np.array([3.0]), one, 0 * one, one, critical=4.0)
    >>> found.kind, round(found.low, 4), round(found.high, 4)
    ('interval', 1.0388, 6.1612)
    >>> anderson_rubin_set(np.array([1.0]), np.array([1.0]), one, 0 * one, one, critical=4.0).kind
    'line'
    """
    if len(first) == 1:
        square = float(first[0] ** 2 - critical * v_first[0, 0])
        linear = -2 * float(reduced[0] * first[0] - critical * v_both[0, 0])
        return _quadratic(square, linear, float(reduced[0] ** 2 - critical * v_reduced[0, 0]))
    return _covered(*_pieces(reduced, first, v_reduced, v_both, v_first, critical))


def _quadratic(square: float, linear: float, constant: float) -> ArSet:
    """Where square · b² + linear · b + constant is at most 0. At the estimate itself it is, so the set is not empty."""
    if square == 0:
        if linear == 0:
            return LINE
        end = -constant / linear
        low, high = (end, math.inf) if linear > 0 else (-math.inf, end)
        return ArSet(kind="half_lines", low=low, high=high)
    under = linear**2 - 4 * square * constant
    if square < 0 and under <= 0:
        return LINE
    larger = -(linear + math.copysign(math.sqrt(max(under, 0.0)), linear)) / 2
    ends = sorted((larger / square, constant / larger if larger else 0.0))
    return ArSet(kind="interval" if square > 0 else "half_lines", low=ends[0], high=ends[1])


def _pieces(
    reduced: Floats, first: Floats, v_reduced: Floats, v_both: Floats, v_first: Floats, critical: float
) -> tuple[list[float], list[bool]]:
    """Boundaries in order, and whether the test keeps what lies before, between and after them.

    det [[critical, g(b)'], [g(b), V(b)]] = 0 at a boundary, a quadratic eigenvalue problem in b, on the scale of the
    ratio of the two errors.
    """
    from scipy import linalg

    scale = math.sqrt(float(np.trace(v_reduced)) / float(np.trace(v_first))) or 1.0
    root = np.diag(1 / np.sqrt(np.diag(v_reduced) + scale**2 * np.diag(v_first)))
    k = len(first)
    parts = np.zeros((3, k + 1, k + 1))  # of b⁰, b¹ and b²
    parts[0, 0, 0] = critical
    parts[0, 0, 1:] = parts[0, 1:, 0] = root @ reduced
    parts[0, 1:, 1:] = root @ v_reduced @ root
    parts[1, 0, 1:] = parts[1, 1:, 0] = -scale * (root @ first)
    parts[1, 1:, 1:] = -scale * (root @ (v_both + v_both.T) @ root)
    parts[2, 1:, 1:] = scale**2 * (root @ v_first @ root)
    zero, unit = np.zeros((k + 1, k + 1)), np.eye(k + 1)
    left = np.block([[zero, unit], [-parts[0], -parts[1]]])
    right = np.block([[unit, zero], [zero, parts[2]]])
    above, below = linalg.eigvals(left, right, homogeneous_eigvals=True)
    finite = np.abs(below) > 1e-13 * np.abs(above)
    roots = above[finite] / below[finite]
    real = np.sort(roots[np.abs(roots.imag) <= _REAL * (1 + np.abs(roots))].real)

    def keeps(b: float) -> bool:
        gap = parts[0, 0, 1:] + b * parts[1, 0, 1:]
        spread = parts[0, 1:, 1:] + b * parts[1, 1:, 1:] + b * b * parts[2, 1:, 1:]
        return float(gap @ np.linalg.solve(spread, gap)) <= critical

    if not real.size:
        return [], [keeps(0.0)]
    between = [*(real[:-1] + np.diff(real) / 2)]
    far = 1 + 2 * float(np.abs(real).max())
    return [float(one) * scale for one in real], [keeps(float(one)) for one in (-far, *between, far)]


def _covered(ends: list[float], kept: list[bool]) -> ArSet:
    """The smallest set of the four kinds that holds all pieces kept."""
    if not any(kept):
        return EMPTY
    far = kept[0] or kept[-1]  # the test has the same limit at both far ends
    kept = [far, *kept[1:-1], far]
    if all(kept):
        return LINE
    if not far:
        places = [place for place, one in enumerate(kept) if one]
        return ArSet(kind="interval", low=ends[places[0] - 1], high=ends[places[-1]])
    gaps: list[tuple[float, float]] = []
    for place, one in enumerate(kept):
        if one:
            continue
        if gaps and gaps[-1][1] == ends[place - 1]:
            gaps[-1] = (gaps[-1][0], ends[place])
        else:
            gaps.append((ends[place - 1], ends[place]))
    low, high = max(gaps, key=lambda gap: gap[1] - gap[0])
    return ArSet(kind="half_lines", low=low, high=high)
