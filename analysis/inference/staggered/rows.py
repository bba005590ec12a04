"""What did a treatment that began at different times do, among units alike in their covariates? From rows, in chunks.

Callaway and Sant'Anna's ATT(g, t) with covariates that do not change over time: by outcome regression (`reg`), by
weighting with the share of the cohort among like units (`ipw`), or by both (`dr`, right if either is). The result is a
`GroupTime` as in `group_time`, so that averages, bands and tests serve both. Which cells there are stands in `design`,
the checks of what was given in `panel`, the logits and regressions in `fits`; here the joint covariance, added up chunk
by chunk from influences, never units times cells. Categories are faster as strata: `strata`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.inference.staggered.design import Comparison, Design
from analysis.inference.staggered.fits import TRIM, Fit, Method, control_weights, fits
from analysis.inference.staggered.group_time import Base, Control, GroupTime
from analysis.inference.staggered.panel import Panel, panel_of, weighted, whole_cohorts

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
__all__ = ["AdjustedGroupTime", "Method", "group_time_rows"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedGroupTime(GroupTime):
    """ATT(g, t) adjusted for covariates: a `GroupTime`, and how it was adjusted.

    Parameters
    ----------
    method : {"reg", "ipw", "dr"}
    covariates : tuple of str
        Those adjusted for; one that is the same for all units is not among them.
    controls : array of int, shape (n_cells,)
        Units each cell's cohort was compared with; 0 in a reference cell.
    trimmed : array of int, shape (n_cells,)
        How many of them were given no weight, being at least 99.5 % likely to be of the cohort's kind.
    certain : array of int, shape (n_cells,)
        How many of the cohort's own units are as likely to be in it, and so have hardly a counterpart.
    """

    method: Method
    covariates: tuple[str, ...]
    controls: Ints
    trimmed: Ints
    certain: Ints


def group_time_rows(
    outcomes: ArrayLike,
    cohort: ArrayLike,
    periods: ArrayLike | None = None,
    covariates: ArrayLike | None = None,
    *,
    method: Method = "dr",
    control: Control = "never",
    base: Base = "varying",
    anticipation: int = 0,
    weights: ArrayLike | None = None,
    names: Sequence[str] | None = None,
) -> AdjustedGroupTime:
    """By how much did each cohort change in each period beyond controls alike in their covariates?

    Parameters
    ----------
    outcomes : array of float, shape (n_units, n_periods)
        A balanced panel; it may be a memory map. It is read in chunks and never copied as a whole.
    cohort : array of int, shape (n_units,)
        First treated period of each unit; 0 for never.
    periods : array of int, shape (n_periods,), optional
        Ascending; 1 to n_periods by default.
    covariates : array of float, shape (n_units, n_covariates), optional
        Of each unit, fixed before the first period that is compared. Categories come as columns of 0 and 1 but for one.
    method : {"dr", "reg", "ipw"}
        Doubly robust (logit and least squares), outcome regression, or weighting with shares that are normalised.
    control : {"never", "not_yet"}
        Compare with units never treated, or with all that are not treated by the later of the two periods.
    base : {"varying", "universal"}
        Earlier cells against the period before each, or every cell against the last period before the treatment.
    anticipation : int
        Periods before the treatment in which it may already act.
    weights : array of float, shape (n_units,), optional
        Sampling weights above 0. They weigh the cells; averages over cohorts still count each cohort by its units.
    names : sequence of str, optional
        Of the covariates, for messages.

    Returns
    -------
    AdjustedGroupTime
        A `GroupTime` whose errors include that the share and the regression were estimated.

    Raises
    ------
    DesignError
        If a covariate, outcome or weight is missing, covariates determine each other, tell a cohort from its controls
        perfectly, or a cohort has no more controls than covariates.
    ValueError
        If shapes or choices make no sense.

    Assumes
    -------
    Among units with the same covariates, changes without the treatment would have been the same in the cohort and its
    controls; and no unit's covariates make it certain to be in the cohort. `reg` needs changes linear in the
    covariates, `ipw` a logit linear in them, `dr` one of the two.

    Source
    ------
    Callaway and Sant'Anna (2021); Sant'Anna and Zhao (2020), the traditional doubly robust estimator. Influences as in
    the R packages did and DRDID. Reference values: tests/golden/staggered_rows.

    Examples
    --------
    The first four units are treated in period 2. Those with the attribute grow by 3 without the treatment, others by 1;
    it adds 2, but more of the treated have the attribute.

    >>> panel = [[0, 5], [1, 6], [0, 5], [2, 5], [4, 7], [0, 1], [1, 2], [3, 4]]
    >>> found = group_time_rows(panel, [2, 2, 2, 2, 0, 0, 0, 0], [1, 2], [[1], [1], [1], [0], [1], [0], [0], [0]])
    >>> found.att.round(9), found.method
    (array([2.]), 'dr')
    >>> group_time_rows(panel, [2, 2, 2, 2, 0, 0, 0, 0], [1, 2]).att.round(9)
    array([3.])
    """
    if method not in ("reg", "ipw", "dr"):
        raise ValueError(f"The method is `dr`, `reg` or `ipw`, not `{method}`.")
    values, began = np.asarray(outcomes), whole_cohorts(cohort)
    if values.ndim != 2 or began.shape != values.shape[:1]:
        raise ValueError(f"Units by periods and a cohort a unit are needed, not {values.shape} and {began.shape}.")
    times = np.arange(1, values.shape[1] + 1) if periods is None else np.asarray(periods, dtype=np.int64)
    if times.shape != (values.shape[1],) or (np.diff(times) <= 0).any():
        raise ValueError(f"Periods are {values.shape[1]}, each once and in order of time.")
    kinds, sizes = np.unique(began, return_counts=True)
    design = Design.of(kinds, sizes, times, control=control, base=base, anticipation=anticipation)
    panel, used = panel_of(values, design.place(began, int(times[-1])), design, covariates, weights, names)
    found = fits(panel, design.comparisons, method)
    covariance, totals = _joint(panel, design, found)
    att = np.zeros(len(covariance))
    controls, trimmed, certain = np.zeros((3, len(covariance)), dtype=np.int64)
    for one, fit in zip(design.comparisons, found, strict=True):
        att[one.cells], controls[one.cells] = fit.att, panel.size(one.controls)
        trimmed[one.cells], certain[one.cells] = fit.trimmed, fit.certain
    parts = design.parts(att, covariance, totals)
    parts["notes"] += _overlap_notes(design, found)
    return AdjustedGroupTime(
        **parts, method=method, covariates=used, controls=controls, trimmed=trimmed, certain=certain
    )


def _overlap_notes(design: Design, found: Sequence[Fit]) -> tuple[str, ...]:
    """What to say where units are almost certain to be in a cohort, or not in it, by the worst comparison of each."""
    notes = []
    for what, counts in (
        ("controls are so like cohort {} that they were given no weight", [fit.trimmed for fit in found]),
        ("units of cohort {} have hardly a counterpart among its controls", [fit.certain for fit in found]),
    ):
        worst = int(np.argmax(counts))
        if counts[worst]:
            cohorts = len({one.cohort for one, count in zip(design.comparisons, counts, strict=True) if count})
            cohort = design.cohorts[design.comparisons[worst].cohort]
            notes.append(
                f"{counts[worst]:,} {what.format(cohort)} (share of the cohort among like units at least {TRIM:.1%})"
                + (f", and some in {cohorts - 1} other cohorts." if cohorts > 1 else ".")
            )
    return tuple(notes)


def _joint(panel: Panel, design: Design, found: Sequence[Fit]) -> tuple[Floats, Floats]:
    """Sums over units of products of influences (each over n), and each cohort's sum of influences."""
    k, periods = panel.covariates.shape[1], panel.outcomes.shape[1]
    n_cells, n_cohorts = len(design.outline.att), len(panel.names)
    covariance, totals = np.zeros((n_cells, n_cells)), np.zeros((n_cells, n_cohorts))
    for cohort in range(n_cohorts):
        mine = [
            (one, fit)
            for one, fit in zip(design.comparisons, found, strict=True)
            if one.cohort == cohort or cohort in one.controls
        ]
        if not mine:
            continue
        cells = np.concatenate([one.cells for one, _ in mine])
        beyond = np.hstack([_beyond(one, fit, periods) for one, fit in mine])
        products, sums = np.zeros((len(cells), len(cells))), np.zeros(len(cells))
        for rows, both in panel.chunks(cohort, len(cells) + periods + k):
            influence = both @ beyond
            at = 0
            for one, fit in mine:
                times, terms, of_terms = _influence(panel, rows, both[:, -k:], fit, treated=one.cohort == cohort)
                here = influence[:, at : at + len(one.cells)]
                here *= times[:, None]
                here += terms @ of_terms
                at += len(one.cells)
            products += influence.T @ influence
            sums += influence.sum(axis=0)
        covariance[np.ix_(cells, cells)] += products
        totals[cells, cohort] = sums
    return covariance, totals


def _beyond(one: Comparison, fit: Fit, periods: int) -> Floats:
    """What turns outcomes beside covariates into changes beyond the regression, a column a cell."""
    return np.vstack([one.changes(np.eye(periods)), -fit.regression])


def _influence(panel: Panel, rows: slice, x: Floats, fit: Fit, *, treated: bool) -> tuple[Floats, Floats, Floats]:
    """What a unit's change is multiplied by, the terms added to it, and what each cell takes of these (see `Fit`)."""
    own = weighted(np.ones(len(x)), panel.weights, rows)
    if treated:
        times, first, of_first = own / fit.treated_mass, own, -fit.treated_mean / fit.treated_mass
    else:
        times, first, of_first = own * (x @ fit.lean), np.zeros(len(x)), fit.control_mean
    if fit.logit is None:
        return times, first[:, None], of_first[None, :]
    shares, odds = control_weights(x @ fit.logit)
    if not treated:
        first = own * odds / fit.control_mass
        times -= first
    moved = own * (shares - 1.0 if treated else shares)
    return times, np.column_stack([first, moved[:, None] * x]), np.vstack([of_first, fit.turn])
