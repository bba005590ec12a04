"""What does each cohort's comparison with its controls need to be adjusted for covariates? Fits, from sums over rows.

For each comparison (with never-treated controls one a cohort, whatever the number of periods): the logit of being in
the cohort, the regression of the controls' changes on the covariates, and the sums that turn both into ATT(g, t) and
into each unit's influence on it. Rows are read in chunks of one cohort; nothing as long as the panel is kept but the
covariates. Which cells there are, the joint covariance and the checks of what was given are left to `design` and
`rows`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.design import Comparison
from analysis.inference.staggered.logit import collinear, fit_logit, share
from analysis.inference.staggered.panel import Panel, weighted

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Method = Literal["reg", "ipw", "dr"]

TRIM = 0.995
"""Controls at least this likely to be in the cohort are given no weight, and counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """What a comparison needs for its cells' effects and for any unit's influence on them.

    The influence of a unit with changes E beyond `regression`, covariates x and weight w on a cell, divided by n:

    - treated: w (E - treated_mean) / treated_mass - w (1 - p) x·turn
    - control: E (w x·lean - v) + v control_mean + w p x·turn, v = w p / (1 - p) / control_mass, p its share

    Parameters
    ----------
    logit : array of float, shape (k,), optional
        Coefficients of the share; None where there is no weighting.
    regression : array of float, shape (k, n_cells)
        Of the controls' changes on the covariates; 0 where there is no regression.
    treated_mass, control_mass : float
        Sums of weights.
    treated_mean, control_mean : array of float, shape (n_cells,)
        Weighted mean changes beyond the regression.
    turn : array of float, shape (k, n_cells)
        How the estimated logit moves the effect.
    lean : array of float, shape (k,)
        How the estimated regression moves it.
    trimmed : int
        Controls given no weight because they are almost certain to be of the cohort's kind.
    certain : int
        Treated units as certain to be in it, which have hardly a counterpart.
    """

    logit: Floats | None
    regression: Floats
    treated_mass: float
    control_mass: float
    treated_mean: Floats
    control_mean: Floats
    turn: Floats
    lean: Floats
    trimmed: int
    certain: int

    @property
    def att(self) -> Floats:
        """The effect in each cell."""
        return self.treated_mean - self.control_mean


def covariate_sums(panel: Panel) -> Floats:
    """Sums of covariates times (outcomes beside covariates), a cohort each: shape (n_cohorts, k, n_periods + k)."""
    k, periods = panel.covariates.shape[1], panel.outcomes.shape[1]
    sums = np.zeros((len(panel.names), k, periods + k))
    for cohort in range(len(panel.names)):
        for rows, both in panel.chunks(cohort, periods + k):
            sums[cohort] += weighted(both[:, -k:], panel.weights, rows).T @ both
    return sums


def fits(panel: Panel, comparisons: Sequence[Comparison], method: Method) -> list[Fit]:
    """Everything each comparison needs, in two readings of the rows.

    Raises
    ------
    DesignError
        If a comparison has too few controls for its covariates, these determine each other among them, the covariates
        tell the groups apart, or no control is left after trimming.
    """
    sums = covariate_sums(panel)
    k = panel.covariates.shape[1]
    for comparison in comparisons:
        count = panel.size(comparison.controls)
        if count <= k:
            raise DesignError(
                f"{panel.names[comparison.cohort]}: it has {count:,} controls for {k - 1} covariates; more than {k} "
                "are needed to adjust for them. Use not-yet-treated controls or fewer covariates."
            )
    if method == "reg":
        return [_regressed(panel, one, sums) for one in comparisons]
    logits = _logits(panel, comparisons)
    moments, trimmed = _weighted_sums(panel, comparisons, [one[0] for one in logits])
    return [
        _weighted_fit(panel, one, sums, logits[i], moments[i], int(trimmed[i]), method)
        for i, one in enumerate(comparisons)
    ]


def control_weights(linear: Floats) -> tuple[Floats, Floats]:
    """Of controls, by linear predictor: their share p, and p / (1 - p), or 0 where they are trimmed.

    Examples
    --------
    >>> control_weights(np.array([0.0, np.log(3.0), 20.0]))[1].round(3)
    array([1., 3., 0.])
    """
    shares = share(linear)
    with np.errstate(over="ignore"):
        odds = np.where(shares < TRIM, np.exp(linear), 0.0)
    return shares, odds


def _logits(panel: Panel, comparisons: Sequence[Comparison]) -> list[tuple[Floats, Floats]]:
    found: list[tuple[Floats, Floats]] = []
    for i, one in enumerate(comparisons):
        start = None
        if i > 0 and comparisons[i - 1].cohort == one.cohort:  # the same but for some controls
            start = found[-1][0].copy()
            start[0] += np.log(panel.size(comparisons[i - 1].controls) / panel.size(one.controls))
        logit = fit_logit(
            panel.covariates,
            panel.weights,
            panel.stretches(one),
            start=start,
            where=panel.names[one.cohort],
        )
        found.append((logit.coefficients, logit.covariance))
    return found


def _weighted_sums(panel: Panel, comparisons: Sequence[Comparison], logits: Sequence[Floats]) -> tuple[Floats, Ints]:
    """Of every comparison's controls: sums of covariates times (outcomes beside covariates), each times its odds."""
    k, periods = panel.covariates.shape[1], panel.outcomes.shape[1]
    moments = np.zeros((len(comparisons), k, periods + k))
    trimmed = np.zeros(len(comparisons), dtype=np.int64)
    for cohort in range(len(panel.names)):
        mine = [i for i, one in enumerate(comparisons) if cohort in one.controls]
        if not mine:
            continue
        coefficients = np.column_stack([logits[i] for i in mine])
        for rows, both in panel.chunks(cohort, len(mine) * (k + 2) + periods + k):
            x = both[:, -k:]
            shares, odds = control_weights(x @ coefficients)
            trimmed[mine] += (shares >= TRIM).sum(axis=0)
            odds = weighted(odds, panel.weights, rows)
            terms = (odds[:, :, None] * x[:, None, :]).reshape(len(x), -1)
            moments[mine] += (terms.T @ both).reshape(len(mine), k, periods + k)
    return moments, trimmed


def _regression(panel: Panel, one: Comparison, sums: Floats) -> tuple[Floats, Floats]:
    """Coefficients of the controls' changes, and the inverse of their covariates' products."""
    k = sums.shape[1]
    of_controls = sums[list(one.controls)].sum(axis=0)
    gram = of_controls[:, -k:]
    lengths = np.sqrt(np.diag(gram))
    if not (lengths > 0).all() or np.linalg.eigvalsh(gram / np.outer(lengths, lengths))[0] < 1e-11:
        raise collinear(f"The controls of {panel.names[one.cohort]}", rows=panel.size(one.controls))
    return np.linalg.solve(gram, one.changes(of_controls[:, :-k])), np.linalg.inv(gram)


def _regressed(panel: Panel, one: Comparison, sums: Floats) -> Fit:
    k = sums.shape[1]
    regression, inverse = _regression(panel, one, sums)
    treated = sums[one.cohort]
    mass = float(treated[0, -k])
    return Fit(
        logit=None,
        regression=regression,
        treated_mass=mass,
        control_mass=1.0,
        treated_mean=(one.changes(treated[0, :-k]) - treated[0, -k:] @ regression) / mass,
        control_mean=np.zeros(len(one.later)),
        turn=np.zeros_like(regression),
        lean=-inverse @ treated[0, -k:] / mass,
        trimmed=0,
        certain=0,
    )


def _weighted_fit(
    panel: Panel,
    one: Comparison,
    sums: Floats,
    logit: tuple[Floats, Floats],
    moments: Floats,
    trimmed: int,
    method: Method,
) -> Fit:
    k = sums.shape[1]
    treated = sums[one.cohort]
    own = slice(int(panel.starts[one.cohort]), int(panel.starts[one.cohort + 1]))
    mass, control_mass = float(treated[0, -k]), float(moments[0, -k])
    if not control_mass > 0:
        raise DesignError(
            f"{panel.names[one.cohort]}: all of its {trimmed:,} controls are at least {TRIM:.1%} likely to be in the "
            "cohort, so none can be given a weight. Choose controls more like it, or fewer covariates."
        )
    regression, lean = np.zeros((k, len(one.later))), np.zeros(k)
    if method == "dr":
        regression, inverse = _regression(panel, one, sums)
        lean = inverse @ (moments[0, -k:] / control_mass - treated[0, -k:] / mass)
    left = one.changes(moments[:, :-k]) - moments[:, -k:] @ regression  # (k, cells): covariates times what is left
    control_mean = left[0] / control_mass
    return Fit(
        logit=logit[0],
        regression=regression,
        treated_mass=mass,
        control_mass=control_mass,
        treated_mean=(one.changes(treated[0, :-k]) - treated[0, -k:] @ regression) / mass,
        control_mean=control_mean,
        turn=logit[1] @ (left - np.outer(moments[0, -k:], control_mean)) / control_mass,
        lean=lean,
        trimmed=trimmed,
        certain=int((share(panel.covariates[own] @ logit[0]) >= TRIM).sum()),
    )
