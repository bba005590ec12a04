"""How likely was a unit of this kind to be in the cohort rather than among its controls? A weighted logit.

Maximum likelihood by Newton steps with halving, over stretches of rows of one large table of covariates, so that a fit
for each cohort copies no rows. Which cohorts are compared, and what the shares are used for, is left to `rows` and
`fits`. What cannot be fitted (separated groups, collinear covariates) is named, with counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError

Floats = NDArray[np.float64]
Stretch = tuple[slice, bool]
"""Rows that stand together, and whether they are treated."""

MOST_STEPS = 60
_CERTAIN = 1e-7  # a fitted share within this of 0 or 1 is taken for certain
_CLOSE = 1e-7  # Newton's error after a step of this size is of the order of its square
_ALMOST = 1 - 1e-15  # the loss of a unit is bounded: log(0) would stop the halving of a step
_AT_ONCE = 8192  # rows whose numbers stay in the processor's cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Logit:
    """A fitted logit: its coefficients and the inverse of its information matrix (both in the covariates' units)."""

    coefficients: Floats
    covariance: Floats


def share(linear: Floats) -> Floats:
    """The share belonging to a value of the linear predictor, without overflow.

    Examples
    --------
    >>> share(np.array([0.0, -800.0, 800.0]))
    array([0.5, 0. , 1. ])
    """
    with np.errstate(over="ignore"):
        return np.asarray(1.0 / (1.0 + np.exp(-linear)))


def fit_logit(
    covariates: Floats, weights: Floats | None, stretches: Sequence[Stretch], *, start: Floats | None = None, where: str
) -> Logit:
    """How does the share of treated units depend on the covariates?

    Parameters
    ----------
    covariates : array of float, shape (n_rows, k)
        The first column is 1. Best centred and scaled.
    weights : array of float, shape (n_rows,), optional
        Above 0; 1 by default.
    stretches : sequence of (slice, bool)
        Which rows take part, and whether they are treated.
    start : array of float, shape (k,), optional
        Where to begin: the coefficients of a similar fit.
    where : str
        The comparison's name, for messages: "cohort 2004".

    Raises
    ------
    DesignError
        If the covariates tell the groups apart (almost) perfectly, or determine each other among these rows.

    Source
    ------
    The maximum likelihood of R's `glm(family = binomial)`, and the inverse information at the maximum.

    Examples
    --------
    Of four units without the attribute one is treated, of four with it three: log odds -log 3 and log 3.

    >>> rows = np.array([[1.0, 0], [1, 1], [1, 1], [1, 1], [1, 0], [1, 0], [1, 0], [1, 1]])
    >>> found = fit_logit(rows, None, [(slice(0, 4), True), (slice(4, 8), False)], where="cohort 3")
    >>> np.exp(found.coefficients).round(6)
    array([0.333333, 9.      ])
    """
    k = covariates.shape[1]
    mass = {treated: _mass(weights, stretches, treated) for treated in (True, False)}
    beta = np.zeros(k) if start is None else start.copy()
    if start is None:
        beta[0] = np.log(mass[True] / mass[False])
    here = _pieces(covariates, weights, stretches, beta)
    for _ in range(MOST_STEPS):
        step = _solved(here, covariates, stretches, where)
        size = 1.0
        tried = _pieces(covariates, weights, stretches, beta + step)
        while tried.loss > here.loss * (1 + 1e-9) and size > 1e-3:
            size /= 2
            tried = _pieces(covariates, weights, stretches, beta + size * step)
        beta, here = beta + size * step, tried
        if size == 1.0 and float(np.abs(step).max()) < _CLOSE:
            break
    else:
        raise _separated(covariates, stretches, beta, where)
    if here.loss < _CERTAIN * min(mass.values()):
        raise _separated(covariates, stretches, beta, where)
    return Logit(coefficients=beta, covariance=np.asarray(np.linalg.inv(here.information), dtype=np.float64))


def _mass(weights: Floats | None, stretches: Sequence[Stretch], treated: bool) -> float:
    parts = [rows for rows, is_treated in stretches if is_treated is treated]
    return float(sum((rows.stop - rows.start) if weights is None else weights[rows].sum() for rows in parts))


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Minus the log likelihood, the gradient of the likelihood and the information matrix at some coefficients."""

    loss: float
    gradient: Floats
    information: Floats


def _pieces(covariates: Floats, weights: Floats | None, stretches: Sequence[Stretch], beta: Floats) -> _Pieces:
    k = len(beta)
    loss, gradient, information = 0.0, np.zeros(k), np.zeros((k, k))
    for all_rows, treated in stretches:
        for first in range(all_rows.start, all_rows.stop, _AT_ONCE):
            rows = slice(first, min(first + _AT_ONCE, all_rows.stop))
            x = covariates[rows]
            missed = x @ (-beta if treated else beta)  # the linear predictor of what did not happen
            wrong = share(missed)  # its share
            lost = -np.log1p(-np.minimum(wrong, _ALMOST))
            spread = wrong * (1.0 - wrong)
            if weights is not None:
                lost, wrong, spread = lost * weights[rows], wrong * weights[rows], spread * weights[rows]
            loss += float(lost.sum())
            gradient += (1.0 if treated else -1.0) * (wrong @ x)
            information += (x * spread[:, None]).T @ x
    return _Pieces(loss, gradient, information)


def _solved(here: _Pieces, covariates: Floats, stretches: Sequence[Stretch], where: str) -> Floats:
    scale = np.sqrt(np.diag(here.information))
    if (scale > 0).all() and np.linalg.eigvalsh(here.information / np.outer(scale, scale))[0] > 1e-11:
        return np.asarray(np.linalg.solve(here.information, here.gradient))
    gram = sum(covariates[rows].T @ covariates[rows] for rows, _ in stretches)
    lengths = np.sqrt(np.diag(np.asarray(gram)))
    if not lengths.all() or np.linalg.eigvalsh(np.asarray(gram) / np.outer(lengths, lengths))[0] < 1e-11:
        raise collinear(where, rows=sum(rows.stop - rows.start for rows, _ in stretches))
    raise _separated(covariates, stretches, None, where)


def collinear(where: str, *, rows: int) -> DesignError:
    """What to say of covariates that determine each other among the rows of one comparison."""
    return DesignError(
        f"{where}: among its {rows:,} units the covariates determine each other (one is constant there, or follows "
        "from the others), so that what each explains cannot be told apart. Leave one out, or join rare categories."
    )


def _separated(covariates: Floats, stretches: Sequence[Stretch], beta: Floats | None, where: str) -> DesignError:
    counts = [sum(rows.stop - rows.start for rows, treated in stretches if treated is group) for group in (True, False)]
    told = ""
    if beta is not None:
        certain = sum(
            int((np.abs(share(covariates[rows] @ beta) - treated) < 1e-4).sum()) for rows, treated in stretches
        )
        told = f" ({certain:,} of {sum(counts):,} units are classed with certainty)"
    return DesignError(
        f"{where}: the covariates tell its {counts[0]:,} treated units from its {counts[1]:,} controls perfectly, or "
        f"almost{told}. Units without a counterpart cannot be weighted. Leave out the covariate that decides who is "
        "treated, coarsen it, or restrict the study to units that could have been in either group."
    )
