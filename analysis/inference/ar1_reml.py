"""Which line fits a series whose errors remember the month before, and how sure is it? Many series at once.

Regression with first-order autoregressive errors by restricted maximum likelihood: the exact likelihood (the first
point counts), profiled over rho on a grid and then refined by its derivative. Inverse and determinant of the AR(1)
correlation are known in closed form, so a whole grid costs a few small matrices.

What a fit says, and how sure it is not knowing rho, is left to `analysis.inference.ar1_fit`; which terms belong in the
line, and what they mean, to `analysis.inference.interrupted`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.ar1_fit import Ar1Fit, effective_degrees

Floats = NDArray[np.float64]

RHO_LIMIT = 0.95
"""The likeliest rho is looked for from minus this to this: beyond, a short series cannot tell a drift from a trend."""

_WIDEST = 0.99
_ANGLE = np.linspace(-np.arcsin(_WIDEST), np.arcsin(_WIDEST), 33)
_GRID = np.sin(_ANGLE)  # even steps of the angle: the error of an estimated rho is about 1/sqrt(n) on this scale
_INSIDE = np.flatnonzero(np.abs(_GRID) < RHO_LIMIT)
_PROFILE = np.concatenate([[-RHO_LIMIT], _GRID[_INSIDE], [RHO_LIMIT]])
_STEPS, _FLAT = 60, 1e-12
_RANK, _EXACT = 1e-9, 1e-20


@dataclass(frozen=True, slots=True)
class _Products:
    """z'Wz = one − rho·two + rho²·three, z the terms and the outcome beside them, W from the AR(1) correlation."""

    one: Floats
    two: Floats
    three: Floats

    @classmethod
    def of(cls, columns: Floats) -> _Products:
        turned = np.swapaxes(columns, -1, -2)
        two = turned[..., 1:] @ columns[..., :-1, :]
        inside = columns[..., 1:-1, :]
        return cls(turned @ columns, two + np.swapaxes(two, -1, -2), np.swapaxes(inside, -1, -2) @ inside)

    def at(self, rho: Floats) -> Floats:
        """At the given rho, broadcast against the leading axes."""
        r = rho[..., None, None]
        return self.one + r * (r * self.three - self.two)

    def slope(self, rho: Floats) -> Floats:
        """Derivative by rho."""
        return 2 * rho[..., None, None] * self.three - self.two


def ar1_reml(design: ArrayLike, outcomes: ArrayLike) -> Ar1Fit:
    """Which coefficients and which rho make these series most likely, given what the line takes up?

    Parameters
    ----------
    design : array of float, shape (n, k) or (n_series, n, k)
        The terms of the line: one for all series, or one each.
    outcomes : array of float, shape (n_series, n)
        Consecutive points of each series.

    Returns
    -------
    Ar1Fit

    Raises
    ------
    DesignError
        If there are no more than k + 1 points, a term is a combination of others, or the line fits a series exactly.

    Assumes
    -------
    Errors with one variance and the correlation rho ** distance; none missing between the first and the last.

    Source
    ------
    Restricted likelihood: Patterson and Thompson (1971), Biometrika 58; it is the posterior of rho when coefficients
    and log sigma are flat, which makes the averaged interval exact in that sense (Harville 1974, Biometrika 61). Its
    use for short interrupted series: Turner and others (2021), BMC Medical Research Methodology 21.

    Examples
    --------
    >>> fit = ar1_reml([[1.0]] * 6, [[1.0, 2.0, 1.5, 3.0, 2.0, 2.5]])
    >>> fit.coefficients.round(3).tolist(), fit.rho.round(3).tolist()
    ([[2.005]], [-0.069])
    """
    terms = np.asarray(design, dtype=float)
    series = np.atleast_2d(np.asarray(outcomes, dtype=float))
    n, k = terms.shape[-2:]
    if n <= k + 1:
        raise DesignError(
            f"{n} points cannot carry {k} terms and an autocorrelation: at least {k + 2} are needed. Take a longer "
            "series or fewer terms."
        )
    basis, triangle = np.linalg.qr(terms)
    diagonal = np.abs(np.diagonal(triangle, axis1=-2, axis2=-1))
    if (diagonal <= _RANK * np.sqrt((terms**2).sum(axis=-2)).max(axis=-1, keepdims=True)).any():
        raise DesignError(
            f"One of the {k} terms is a combination of the others, so its coefficient cannot be told from theirs. "
            "Leave a term out."
        )
    ordinary = (np.swapaxes(basis, -1, -2) @ series[..., None])[..., 0]
    rest = series - (basis @ ordinary[..., None])[..., 0]
    exact = (rest**2).sum(axis=1) <= _EXACT * (series**2).sum(axis=1)
    if exact.any():
        raise DesignError(
            f"{int(exact.sum()):,} of {len(series):,} series lie exactly on the line of {k} terms (first: number "
            f"{int(exact.argmax()) + 1}), so there is no error to judge an effect by. A constant outcome has no effect "
            "to estimate."
        )
    lifted = np.broadcast_to(basis, (len(series), n, k))
    products = _Products.of(np.concatenate([lifted, rest[..., None]], axis=-1))
    back = np.linalg.inv(triangle)
    start = (back @ ordinary[..., None])[..., 0]
    on_grid = _at(products, back, n - k, _GRID[:, None])
    log_share = np.log(np.cos(_ANGLE))[:, None] - on_grid.criterion / 2
    share = np.exp(log_share - log_share.max(axis=0))
    rho = _best_rho(products, n - k, on_grid.criterion)
    found = _at(products, back, n - k, rho)
    return Ar1Fit(
        coefficients=start + found.moved,
        covariance=found.covariance,
        rho=rho,
        sigma=np.sqrt(found.variance),
        degrees=effective_degrees(n, k, rho),
        criterion=found.criterion,
        shares=(share / share.sum(axis=0)).T,
        grid_coefficients=np.swapaxes(start + on_grid.moved, 0, 1),
        grid_covariance=np.swapaxes(on_grid.covariance, 0, 1),
        points=n,
    )


@dataclass(frozen=True, slots=True)
class _At:
    moved: Floats
    covariance: Floats
    variance: Floats
    criterion: Floats


def _at(products: _Products, back: Floats, degrees: int, rho: Floats) -> _At:
    """Generalised least squares at the given rho: what it adds to ordinary least squares, and its likelihood."""
    whole = products.at(rho)
    inner, across = whole[..., :-1, :-1], whole[..., :-1, -1:]
    inverse = np.linalg.inv(inner)
    along = inverse @ across
    left = whole[..., -1, -1] - (across * along).sum(axis=(-2, -1))
    variance = left / degrees
    shape = back @ inverse @ np.swapaxes(back, -1, -2)
    return _At(
        moved=(back @ along)[..., 0],
        covariance=variance[..., None, None] * (shape + np.swapaxes(shape, -1, -2)) / 2,
        variance=variance,
        criterion=degrees * np.log(left) - np.log1p(-(rho**2)) + np.linalg.slogdet(inner)[1],
    )


def _best_rho(products: _Products, degrees: int, on_grid: Floats) -> Floats:
    """Where −2 log restricted likelihood is lowest: the best point of the grid, then the root of the derivative."""
    best: NDArray[np.int64] = _INSIDE[on_grid[_INSIDE].argmin(axis=0)] - _INSIDE[0] + 1
    low, high = _PROFILE[best - 1], _PROFILE[best + 1]
    at_low, at_high = _derivative(products, degrees, low), _derivative(products, degrees, high)
    between = (at_low < 0) & (at_high > 0)
    rho: Floats = np.where(at_low >= 0, low, high)
    side = np.zeros(len(rho))
    for _ in range(_STEPS):
        if not between.any():
            break
        rho = np.where(between, (low * at_high - high * at_low) / np.where(between, at_high - at_low, 1.0), rho)
        here = _derivative(products, degrees, rho)
        now = np.sign(here)
        # Illinois: an end that stays twice has its value halved, so that both ends move.
        again = np.where(now == side, 0.5, 1.0)
        at_low, at_high = np.where(now > 0, at_low * again, here), np.where(now > 0, here, at_high * again)
        low, high = np.where(now > 0, low, rho), np.where(now > 0, rho, high)
        side = now
        between = between & (np.abs(here) > _FLAT * degrees)
    return rho


def _derivative(products: _Products, degrees: int, rho: Floats) -> Floats:
    """Of the criterion by rho; the coefficients are at their best, so only the weights move."""
    whole, slope = products.at(rho), products.slope(rho)
    inverse = np.linalg.inv(whole[..., :-1, :-1])
    across = whole[..., :-1, -1:]
    along = inverse @ across
    left = whole[..., -1, -1] - (across * along).sum(axis=(-2, -1))
    line = np.concatenate([-along, np.ones_like(along[..., :1, :])], axis=-2)
    moved = (line * (slope @ line)).sum(axis=(-2, -1))
    turned = (inverse * slope[..., :-1, :-1]).sum(axis=(-2, -1))
    steepness: Floats = degrees * moved / left + 2 * rho / (1 - rho**2) + turned
    return steepness
