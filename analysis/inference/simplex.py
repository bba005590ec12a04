"""Which average of other series comes nearest to one? Weights that are not negative and add to one, found exactly.

Least squares over the simplex with a small ridge, by Wolfe's algorithm for the nearest point of a polytope: it ends
after finitely many steps at the optimum, where descent methods stop on the way. What the weights are for is left to
`analysis.inference.synthetic_did` and `analysis.inference.synthetic_control`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError

Floats = NDArray[np.float64]

_TOLERANCE = 1e-12
_MOST_STEPS = 50


def simplex_weights(
    columns: ArrayLike, target: ArrayLike, *, ridge: float, intercept: bool, start: ArrayLike | None = None
) -> Floats:
    """Which weights of the columns, none negative and adding to one, come nearest to the target?

    The minimum of ``mean((intercept + columns @ w - target) ** 2) + ridge ** 2 * sum(w ** 2)``.

    Parameters
    ----------
    columns : array of float, shape (n, k)
    target : array of float, shape (n,)
    ridge : float
        Above 0, or the answer need not be the only one; in the unit of the columns.
    intercept : bool
        Whether a constant may stand between the two.
    start : array of float, shape (k,), optional
        Weights to begin at; they change how long it takes, not what is found.

    Returns
    -------
    array of float, shape (k,)

    Raises
    ------
    DesignError
        If there is no column, or the ridge is not above 0.

    Source
    ------
    Wolfe (1976), Mathematical Programming 11.

    Examples
    --------
    >>> simplex_weights([[0.0, 4.0], [2.0, 2.0]], [1.0, 2.0], ridge=1e-6, intercept=False).round(6).tolist()
    [0.75, 0.25]
    >>> simplex_weights([[0.0, 4.0], [2.0, 2.0]], [9.0, 9.0], ridge=1e-6, intercept=False).round(6).tolist()
    [0.0, 1.0]
    """
    left, right = np.asarray(columns, dtype=float), np.asarray(target, dtype=float)
    rows, k = left.shape
    if k == 0:
        raise DesignError("There is nothing to weight: no column was given.")
    if not ridge > 0:
        raise DesignError(f"The ridge must lie above 0, not {ridge:.4g}: without it weights need not be unique.")
    if intercept:
        left, right = left - left.mean(axis=0), right - right.mean()
    # Each column less the target, over a ridge of its own: the nearest point of their hull to the origin is asked for.
    points = np.concatenate([left - right[:, None], ridge * np.sqrt(rows) * np.eye(k)])
    points /= np.abs(points).max()
    size = (points**2).sum(axis=0)
    weights = np.zeros(k)
    if start is None:
        weights[int(size.argmin())] = 1.0
    else:
        given = np.maximum(np.asarray(start, dtype=float), 0.0)
        weights = given / given.sum() if given.sum() > 0 else np.full(k, 1 / k)
        weights = _inwards(points, weights, weights > 0)
    here = points @ weights
    for _ in range(_MOST_STEPS * k):
        towards = here @ points
        newest = int(towards.argmin())
        near = float(here @ here)
        if near - towards[newest] <= _TOLERANCE * near or weights[newest] > 0:
            break
        support = weights > 0
        support[newest] = True
        moved = _inwards(points, weights, support)
        there = points @ moved
        if there @ there >= near:
            break
        weights, here = moved, there
    found: Floats = weights / weights.sum()
    return found


def _inwards(points: Floats, weights: Floats, support: NDArray[np.bool_]) -> Floats:
    """The nearest point of the support's hull, dropping corners until it lies inside."""
    while True:
        inside = np.flatnonzero(support)
        aim = np.zeros(len(weights))
        aim[inside] = _nearest_of_plane(points[:, inside])
        if (aim[inside] > 0).all():
            return aim
        falling = inside[aim[inside] <= 0]
        reach = weights[falling] / np.maximum(weights[falling] - aim[falling], np.finfo(float).tiny)
        weights = weights + reach.min() * (aim - weights)
        support = support.copy()
        support[falling[reach <= reach.min()]] = False
        weights = np.where(support, np.maximum(weights, 0.0), 0.0)


def _nearest_of_plane(points: Floats) -> Floats:
    """Weights adding to one, of either sign, whose combination of the columns is nearest to the origin."""
    triangle: Floats = np.linalg.qr(points)[1]
    along = np.linalg.solve(triangle, np.linalg.solve(triangle.T, np.ones(points.shape[1])))
    nearest: Floats = along / along.sum()
    return nearest
