"""Below which value does a part of an average of t distributions lie, and which part lies below a value?

Where the spread of an estimate depends on something not known for sure, each possibility has a t distribution of its
own and a weight. What the possibilities are, and how they are weighted, is left to `analysis.inference.ar1_reml`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats = NDArray[np.float64]

_STEPS, _CLOSE = 60, 1e-12
_NO_WEIGHT = 1e-14


def averaged_below(shares: ArrayLike, middle: ArrayLike, spread: ArrayLike, freedom: int, value: float) -> Floats:
    """Which part of an average of t distributions lies below this value?

    Parameters
    ----------
    shares, middle, spread : array of float, shape (n_series, n_grid, ...)
        Weights adding to 1 along the second axis, centres, and scales above 0.
    freedom : int
    value : float

    Returns
    -------
    array of float, shape (n_series, ...)

    Examples
    --------
    >>> averaged_below([[0.5, 0.5]], [[0.0, 2.0]], [[2.0, 2.0]], 10, 1.0).round(9).tolist()
    [0.5]
    """
    weight, centre, scale = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in (shares, middle, spread)))
    below: Floats = (weight * special.stdtr(freedom, (value - centre) / scale)).sum(axis=1)
    return below


def averaged_quantile(shares: ArrayLike, middle: ArrayLike, spread: ArrayLike, freedom: int, part: float) -> Floats:
    """Below which value does this part of an average of t distributions lie?

    Parameters
    ----------
    shares, middle, spread : array of float, shape (n_series, n_grid, ...)
        Weights adding to 1 along the second axis, centres, and scales above 0.
    freedom : int
    part : float
        0.975 for the upper end of a 95 % interval.

    Returns
    -------
    array of float, shape (n_series, ...)

    Examples
    --------
    >>> averaged_quantile([[0.5, 0.5]], [[0.0, 2.0]], [[2.0, 2.0]], 10, 0.5).round(9).tolist()
    [1.0]
    >>> averaged_quantile([[0.5, 0.5]], [[1.0, 1.0]], [[2.0, 2.0]], 10, 0.975).round(4).tolist()
    [5.4563]
    """
    weight, centre, scale = np.broadcast_arrays(*(np.asarray(one, dtype=float) for one in (shares, middle, spread)))
    ends = centre + special.stdtrit(freedom, part) * scale
    counts = weight > _NO_WEIGHT
    low = np.where(counts, ends, np.inf).min(axis=1)
    high = np.where(counts, ends, -np.inf).max(axis=1)
    here: Floats = (weight * ends).sum(axis=1)
    scale_up = np.exp(special.gammaln((freedom + 1) / 2) - special.gammaln(freedom / 2)) / np.sqrt(freedom * np.pi)
    for _ in range(_STEPS):
        away = (here[:, None] - centre) / scale
        above = (weight * special.stdtr(freedom, away)).sum(axis=1) - part
        low, high = np.where(above < 0, here, low), np.where(above < 0, high, here)
        density = (weight / scale * (1 + away**2 / freedom) ** (-(freedom + 1) / 2)).sum(axis=1) * scale_up
        # Newton's step, or the middle where it leaves what is known to hold the answer.
        step = here - above / np.maximum(density, np.finfo(float).tiny)
        moved = np.where((step > low) & (step < high), step, (low + high) / 2)
        done = np.abs(moved - here) <= _CLOSE * (np.abs(here) + (weight * scale).sum(axis=1))
        here = moved
        if done.all():
            break
    return here
