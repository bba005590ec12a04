"""Can a mix of unchanged units stand for a changed one, and did the changed one leave it?

Synthetic control: donors are weighted so that their mix has the changed units' path before the change, level and all,
and the gap afterwards is the effect. It is judged by the rank of the gap after, relative to the gap before, among
donors that were not changed. Where paths need only run side by side, `analysis.inference.synthetic_did` is the better
question.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from analysis.inference.simplex import simplex_weights
from analysis.inference.synthetic_panel import NEVER, checked_panel, checked_starts, noise_of
from analysis.inference.synthetic_path import Cohort, Floats, Ints, SyntheticDid, cohort_of, weights_near
from analysis.inference.synthetic_placebo import judged

METHOD = "synthetic control"
_RIDGE = 1e-6
_MET = 1e-3


def synthetic_control(
    outcomes: ArrayLike,
    treated: ArrayLike,
    start: int,
    *,
    unit: str,
    name: str,
    draws: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> SyntheticDid:
    """How far did the changed units leave the mix of donors that had their path before?

    Parameters
    ----------
    outcomes : array of float, shape (n_units, n_periods)
    treated : array of bool, shape (n_units,)
        More than one are taken by their mean.
    start : int
        Position of the first period after the change.
    unit, name : str
    draws, seed : int
        Placebo groups drawn by lot where more than one unit was changed.
    level : float

    Returns
    -------
    SyntheticDid
        Its time weights are nought. Placebos are ranked by the ratio of the root mean squared gaps after and before.
        `estimate` is None with fewer than 20 donors.

    Raises
    ------
    DesignError, TooSoon
        As for `analysis.inference.synthetic_did.synthetic_did`.

    Assumes
    -------
    The changed units lie among the donors, not outside them; a large gap before says that they do not. The interval
    takes donors to be as noisy, and as well matched, as the changed units; where they are not, read the rank.

    Source
    ------
    Abadie, Diamond and Hainmueller (2010), Journal of the American Statistical Association 105, on outcomes only, with
    the ridge that Arkhangelsky and others (2021) use to make the weights unique.

    Examples
    --------
    >>> table = [[2.0, 3.0, 2.5, 6.0], [1.0, 2.0, 2.0, 3.0], [3.0, 4.0, 3.0, 4.0], [7.0, 8.0, 8.0, 9.0]]
    >>> found = synthetic_control(table, [True, False, False, False], 3, unit="hours", name="first reply")
    >>> found.only.unit_weights.round(3).tolist(), round(found.att, 3), found.estimate
    ([0.5, 0.5, 0.0], 2.5, None)
    """
    table = checked_panel(outcomes, name)
    begins = checked_starts(np.where(np.asarray(treated, dtype=bool), start, NEVER), table, name)
    says = "gap after relative to the gap before"
    found = judged(table, begins, _fit, _gap_ratio, says, METHOD, unit, name, "placebo", draws, seed, level)
    one = found.only
    gap = float(np.sqrt(np.mean((one.path - one.synthetic)[:start] ** 2)))
    if gap > _MET * noise_of(table[one.donors, :start]):
        return found
    note = (
        f"Many mixes of the {found.donors} donors meet the {start} periods before exactly; the evenest was taken. A "
        "gap before of nought says nothing of the gap after: read the rank with care, or begin earlier."
    )
    return replace(found, notes=(*found.notes, note))


def _fit(table: Floats, treated: Ints, donors: Ints, start: int, near: Cohort | None = None) -> Cohort:
    changed, others = table[treated].mean(axis=0), table[donors]
    ridge = _RIDGE * noise_of(others[:, :start])
    begin = weights_near(near, donors)
    units = simplex_weights(others[:, :start].T, changed[:start], ridge=ridge, intercept=False, start=begin)
    return cohort_of(changed, others, treated, donors, start, units, np.zeros(start))


def _gap_ratio(cohorts: tuple[Cohort, ...]) -> float:
    (one,) = cohorts
    before = float(np.mean((one.path - one.synthetic)[: one.start] ** 2))
    after = float(np.mean(one.effects**2))
    return math.sqrt(after / before) if before > 0 else math.inf
