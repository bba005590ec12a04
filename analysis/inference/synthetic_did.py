"""How far did changed units move from where units that were not changed would have taken them?

Synthetic difference-in-differences: donors are weighted so that their path runs beside the changed units' before the
change, earlier periods so that they resemble the later ones, and the difference of differences is taken with both.
Units changed at different times are taken cohort by cohort against the never changed. With fewer than 20 donors there
is no interval, only the rank of the estimate among those of donors that were not changed. Levels are matched by
`analysis.inference.synthetic_control`; how the weights are found is left to `analysis.inference.simplex`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from analysis.inference.simplex import simplex_weights
from analysis.inference.synthetic_panel import NEVER, checked_panel, checked_starts, noise_of
from analysis.inference.synthetic_path import Cohort, Floats, Ints, SyntheticDid, average, cohort_of, weights_near
from analysis.inference.synthetic_placebo import Variance, judged

_TIME_RIDGE = 1e-6
METHOD = "synthetic difference-in-differences"


def synthetic_did(
    outcomes: ArrayLike,
    treated: ArrayLike,
    start: int,
    *,
    unit: str,
    name: str,
    variance: Variance = "placebo",
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> SyntheticDid:
    """How far did units changed in one period move, beyond what weighted donors did?

    Parameters
    ----------
    outcomes : array of float, shape (n_units, n_periods)
    treated : array of bool, shape (n_units,)
    start : int
        Position of the first period after the change.
    unit, name : str
    variance : {"placebo", "jackknife", "bootstrap"}
        Where the standard error comes from; the latter two need 10 changed units.
    draws : int
        Placebo groups (where more than one unit was changed) or bootstrap samples.
    seed : int
    level : float

    Returns
    -------
    SyntheticDid
        Without `estimate` where there are fewer than 20 donors, or than two for each changed unit.

    Raises
    ------
    DesignError
        If the outcomes are no full table, there are fewer than two donors or than 3 periods before, donors do not
        move, or the variance asked for needs more changed units.
    TooSoon
        If there is no period after.

    Assumes
    -------
    Outcomes are an additive part, a few factors shared by all units, and noise; donors were not moved by the change;
    for placebo errors, donors are as noisy as the changed units.

    Source
    ------
    Arkhangelsky, Athey, Hirshberg, Imbens and Wager (2021), American Economic Review 111: algorithm 1 with the ridge
    (changed units × periods after)^(1/4) × the standard deviation of the donors' steps; errors by algorithms 2 to 4.
    Their weights are found exactly here, without the published code's early stop. Placebo intervals use t with as
    many degrees of freedom as donors less one. Reference values: tests/golden/synthetic_did.

    Examples
    --------
    >>> table = [[4.0, 5.0, 5.0, 9.0], [1.0, 2.0, 2.0, 3.0], [2.0, 3.0, 3.0, 4.0], [7.0, 8.0, 8.0, 9.0]]
    >>> found = synthetic_did(table, [True, False, False, False], 3, unit="hours", name="first reply")
    >>> round(found.att, 6), found.evidence, found.placebo_rank
    (3.0, 'placebo_rank', 1)
    """
    changed = np.asarray(treated, dtype=bool)
    starts = np.where(changed, start, NEVER)
    return staggered_did(outcomes, starts, unit=unit, name=name, variance=variance, draws=draws, seed=seed, level=level)


def staggered_did(
    outcomes: ArrayLike,
    starts: ArrayLike,
    *,
    unit: str,
    name: str,
    variance: Variance = "placebo",
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> SyntheticDid:
    """The same where units were changed in different periods: cohort by cohort, against units never changed.

    Cohorts count by their changed units times periods since.

    Parameters
    ----------
    starts : array of int, shape (n_units,)
        Position of each unit's first period after its change, -1 for never.
    outcomes, unit, name, variance, draws, seed, level
        As for `synthetic_did`.

    Source
    ------
    Cohort by cohort as Clarke, Pailañir, Athey and Imbens (2023), "Synthetic difference-in-differences estimation".

    Examples
    --------
    >>> table = [[4.0, 5.0, 5.0, 9.0, 9.0], [1.0, 2.0, 2.0, 3.0, 4.0], [2.0, 3.0, 3.0, 4.0, 5.0], [7, 8, 8, 9, 15]]
    >>> found = staggered_did(table, [3, -1, -1, 4], unit="hours", name="first reply")
    >>> [round(cohort.att, 6) for cohort in found.cohorts], round(found.att, 6)
    ([2.5, 5.0], 3.333333)
    """
    table = checked_panel(outcomes, name)
    begins = checked_starts(starts, table, name)
    return judged(table, begins, fit_did, _size, "size of the effect", METHOD, unit, name, variance, draws, seed, level)


def fit_did(table: Floats, treated: Ints, donors: Ints, start: int, near: Cohort | None = None) -> Cohort:
    """One cohort by synthetic difference-in-differences; `near` is a fit of much the same units to begin at."""
    noise = noise_of(table[donors, :start])
    changed, others = table[treated].mean(axis=0), table[donors]
    ridge = (len(treated) * (table.shape[1] - start)) ** 0.25 * noise
    units = simplex_weights(
        others[:, :start].T, changed[:start], ridge=ridge, intercept=True, start=weights_near(near, donors)
    )
    times = simplex_weights(
        others[:, :start],
        others[:, start:].mean(axis=1),
        ridge=_TIME_RIDGE * noise,
        intercept=True,
        start=None if near is None else near.time_weights,
    )
    return cohort_of(changed, others, treated, donors, start, units, times)


def _size(cohorts: tuple[Cohort, ...]) -> float:
    return abs(average(cohorts))
