"""How far did changed units move from where units that were not changed would have taken them?

Synthetic difference-in-differences: donors are weighted so that their path runs beside the changed units' before the
change, earlier periods so that they resemble the later ones, and the difference of differences is taken with both.
Units changed at different times are taken cohort by cohort against the never changed. With fewer than 20 donors there
is no interval, only the rank of the estimate among those of donors that were not changed. Levels are matched by
`analysis.inference.synthetic_control`; how the weights are found is left to `analysis.inference.simplex`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.estimate import Estimate
from analysis.inference.simplex import simplex_weights

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Variance = Literal["placebo", "jackknife", "bootstrap"]

DONORS_FOR_INTERVAL = 20
"""With fewer units that were not changed, a rank among them is reported and no 95 % interval."""
TREATED_FOR_RESAMPLING = 10
FEWEST_BEFORE = 3
NEVER = -1
_TIME_RIDGE, _STILL = 1e-6, 1e-9
METHOD = "synthetic difference-in-differences"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cohort:
    """Units changed in one period, against donors.

    Parameters
    ----------
    start : int
        Position of the first period after the change.
    treated, donors : array of int
        Rows of the outcomes.
    unit_weights : array of float, shape (n_donors,)
        None negative, adding to 1; likewise the next.
    time_weights : array of float, shape (start,)
        Of the periods before.
    path, synthetic : array of float, shape (n_periods,)
        Mean of the changed units, and where the donors would have taken them.
    effects : array of float, shape (n_periods - start,)
        Their difference from `start` on.
    att : float
        Its mean: the average effect on the changed units, in the outcomes' unit.
    """

    start: int
    treated: Ints
    donors: Ints
    unit_weights: Floats
    time_weights: Floats
    path: Floats
    synthetic: Floats
    effects: Floats
    att: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticDid:
    """An effect on changed units, with an interval where there are donors enough, and its rank among placebos.

    Parameters
    ----------
    name, unit, method : str
    att : float
        Average effect over changed units and the periods since, in `unit` per unit and period.
    estimate : Estimate or None
        None where the donors are too few for an interval: `placebo_rank` is then all that can be said.
    cohorts : tuple of Cohort
        One for each period in which units were changed.
    placebos : array of float
        What was found where nothing was changed: each donor in turn, or donors drawn by lot.
    placebo_rank : int
        Place of the statistic's size among the placebos' and its own, 1 for the largest.
    p : float
        placebo_rank / (placebos + 1): how often a rank so high falls to units where nothing changed.
    statistic : str
        What is ranked.
    donors : int
    notes : tuple of str
    """

    name: str
    unit: str
    method: str
    att: float
    estimate: Estimate | None
    cohorts: tuple[Cohort, ...]
    placebos: Floats
    placebo_rank: int
    p: float
    statistic: str
    donors: int
    notes: tuple[str, ...]

    @property
    def evidence(self) -> Literal["interval", "placebo_rank"]:
        """What the finding rests on."""
        return "placebo_rank" if self.estimate is None else "interval"

    @property
    def only(self) -> Cohort:
        """The cohort, where all units were changed in one period."""
        if len(self.cohorts) != 1:
            raise DesignError(f"{self.name}: units were changed in {len(self.cohorts)} periods; see `cohorts`.")
        return self.cohorts[0]

    def __str__(self) -> str:
        rank = f"rank {self.placebo_rank} of {len(self.placebos) + 1} by {self.statistic}, p = {self.p:.3f}"
        if self.estimate is not None:
            return f"{self.estimate}; {rank}"
        return f"{self.name}: {self.att:.4g}, unit: {self.unit}; no interval with {self.donors} donors; {rank}"


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


Fit = Callable[[Floats, Ints, Ints, int, Cohort | None], Cohort]


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


def cohort_of(
    changed: Floats, others: Floats, treated: Ints, donors: Ints, start: int, units: Floats, times: Floats
) -> Cohort:
    """What weights say: the donors' path, moved to meet the changed units' where periods have weight."""
    along = units @ others
    synthetic = along + times @ (changed - along)[:start]
    effects = (changed - synthetic)[start:]
    return Cohort(
        start=start,
        treated=treated,
        donors=donors,
        unit_weights=units,
        time_weights=times,
        path=changed,
        synthetic=synthetic,
        effects=effects,
        att=float(effects.mean()),
    )


def noise_of(before: Floats) -> float:
    """Standard deviation of the donors' steps from one period to the next, which sets the ridge; never quite nought."""
    return max(float(np.diff(before, axis=1).std()) * _small_sample(before), _STILL * float(np.abs(before).max()))


def _small_sample(before: Floats) -> float:
    steps = before.shape[0] * (before.shape[1] - 1)
    return math.sqrt(steps / (steps - 1))


def weights_near(near: Cohort | None, donors: Ints) -> Floats | None:
    """The weights these donors had in a fit of much the same units."""
    if near is None:
        return None
    known = np.zeros(int(max(near.donors.max(), donors.max())) + 1)
    known[near.donors] = near.unit_weights
    kept = known[donors]
    return kept if kept.sum() > 0 else None


def checked_panel(outcomes: ArrayLike, name: str) -> Floats:
    """The outcomes as a full table, or what keeps them from being one."""
    table = np.array(outcomes, dtype=float)
    if table.ndim != 2:
        raise DesignError(f"{name}: outcomes are a table of units by periods, not of {table.ndim} axes.")
    holes = ~np.isfinite(table)
    if holes.any():
        first = np.argwhere(holes)[0]
        raise DesignError(
            f"{name}: {int(holes.sum())} of {table.size} values are missing (first: unit {first[0]}, period "
            f"{first[1]}). Every unit needs every period: leave out the unit or the period."
        )
    return table


def checked_starts(starts: ArrayLike, table: Floats, name: str) -> Ints:
    """Where each unit begins, or why no comparison can be made."""
    begins = np.array(starts, dtype=np.int64)
    units, periods = table.shape
    if begins.shape != (units,):
        raise DesignError(f"{name}: {units} units, but {begins.size} say when they were changed.")
    changed = begins[begins != NEVER]
    if not changed.size:
        raise DesignError(f"{name}: none of the {units} units was changed, so there is no effect to estimate.")
    if units - changed.size < 2:
        raise DesignError(
            f"{name}: {units - changed.size} of {units} units was never changed. At least 2 donors are needed."
        )
    if changed.max() >= periods:
        raise TooSoon(
            f"{name}: {int((changed >= periods).sum())} units begin after the last of {periods} periods. Wait for the "
            "data, or leave them out."
        )
    before = table[begins == NEVER, : changed.min()]
    if changed.min() >= FEWEST_BEFORE and float(np.diff(before, axis=1).std()) <= _STILL * float(np.abs(before).max()):
        raise DesignError(
            f"{name}: the {len(before)} donors take the same steps in all {before.shape[1]} periods before: nothing "
            "tells one from another, so they cannot be weighted. A plain difference of means is enough."
        )
    if changed.min() < FEWEST_BEFORE:
        raise DesignError(
            f"{name}: {int((changed < FEWEST_BEFORE).sum())} changed units have fewer than {FEWEST_BEFORE} periods "
            "before. Begin earlier, or leave them out."
        )
    return begins


def _size(cohorts: tuple[Cohort, ...]) -> float:
    return abs(average(cohorts))


def average(cohorts: tuple[Cohort, ...]) -> float:
    """Mean effect over changed units and periods since."""
    cells = [len(one.treated) * len(one.effects) for one in cohorts]
    return float(np.dot(cells, [one.att for one in cohorts]) / sum(cells))


def judged(
    table: Floats,
    begins: Ints,
    fit: Fit,
    statistic: Callable[[tuple[Cohort, ...]], float],
    says: str,
    method: str,
    unit: str,
    name: str,
    variance: Variance,
    draws: int,
    seed: int,
    level: float,
) -> SyntheticDid:
    """Fit the cohorts, then the same where nothing was changed, and say what the comparison allows."""
    donors, treated = np.flatnonzero(begins == NEVER), np.flatnonzero(begins != NEVER)
    cohorts = _cohorts(table, begins, fit, ())
    att = average(cohorts)
    rng = np.random.default_rng(seed)
    elsewhere = [
        _cohorts(table, pretended, fit, cohorts) for pretended in _pretended(begins, donors, treated, draws, rng)
    ]
    placebos = np.array([average(one) for one in elsewhere])
    found = statistic(cohorts)
    rank = 1 + int((np.array([statistic(one) for one in elsewhere]) >= found * (1 - 1e-9)).sum())
    needed = max(DONORS_FOR_INTERVAL, 2 * len(treated))
    notes: tuple[str, ...] = ()
    estimate = None
    if variance != "placebo" and len(treated) < TREATED_FOR_RESAMPLING:
        raise DesignError(
            f"{name}: {len(treated)} units were changed; errors by {variance} need {TREATED_FOR_RESAMPLING}. Ask for "
            'variance="placebo".'
        )
    if len(donors) < needed:
        notes = (
            f"{len(donors)} donors, {needed} needed for an interval: the finding is a rank among the donors, and no "
            "interval is given.",
        )
    else:
        if variance == "placebo":
            se, freedom = float(placebos.std(ddof=1)), len(donors) - 1
        elif variance == "jackknife":
            se, freedom = _jackknife(table, cohorts), len(treated) - 1
        else:
            se, freedom = _bootstrap(table, begins, fit, cohorts, draws, rng), len(treated) - 1
        half = float(special.stdtrit(freedom, (1 + level) / 2)) * se
        estimate = Estimate(
            name=name,
            value=att,
            low=att - half,
            high=att + half,
            level=level,
            se=se,
            scale="difference",
            unit=unit,
            n_treated=len(treated),
            n_comparison=len(donors),
            method=f"{method}, errors by {variance}",
        )
    return SyntheticDid(
        name=name,
        unit=unit,
        method=method,
        att=att,
        estimate=estimate,
        cohorts=cohorts,
        placebos=placebos,
        placebo_rank=rank,
        p=rank / (len(placebos) + 1),
        statistic=says,
        donors=len(donors),
        notes=notes,
    )


def _cohorts(table: Floats, begins: Ints, fit: Fit, near: tuple[Cohort, ...]) -> tuple[Cohort, ...]:
    donors = np.flatnonzero(begins == NEVER)
    starts = np.unique(begins[begins >= 0]).tolist()
    close = {one.start: one for one in near}
    return tuple(fit(table, np.flatnonzero(begins == start), donors, start, close.get(start)) for start in starts)


_SET_ASIDE = -2


def _pretended(begins: Ints, donors: Ints, treated: Ints, draws: int, rng: np.random.Generator) -> list[Ints]:
    """Donors in the place of the changed units: each in turn for one unit, else groups drawn by lot."""
    chosen: list[Ints]
    if len(donors) <= len(treated):
        return []
    if len(treated) == 1:
        chosen = [donors[[place]] for place in range(len(donors))]
    else:
        chosen = [rng.permutation(donors)[: len(treated)] for _ in range(draws)]
    pretended = []
    for places in chosen:
        one = np.where(begins == NEVER, NEVER, _SET_ASIDE)
        one[places] = begins[treated]
        pretended.append(one)
    return pretended


def _jackknife(table: Floats, cohorts: tuple[Cohort, ...]) -> float:
    """Algorithm 3: each unit left out in turn, weights kept."""
    donors = cohorts[0].donors
    treated = np.concatenate([one.treated for one in cohorts])
    left = np.array([_without_unit(table, cohorts, out) for out in np.concatenate([donors, treated])])
    n = len(left)
    return math.sqrt((n - 1) / n * float(((left - left.mean()) ** 2).sum()))


def _without_unit(table: Floats, cohorts: tuple[Cohort, ...], out: int) -> float:
    kept = []
    for one in cohorts:
        stays, weight = one.treated[one.treated != out], one.unit_weights * (one.donors != out)
        if not len(stays):
            continue
        if weight.sum() <= 0:
            raise DesignError("One donor carries all the weight, so errors cannot come from leaving it out.")
        weight = weight / weight.sum()
        changed = table[stays].mean(axis=0)
        kept.append(cohort_of(changed, table[one.donors], stays, one.donors, one.start, weight, one.time_weights))
    return average(tuple(kept))


def _bootstrap(
    table: Floats, begins: Ints, fit: Fit, cohorts: tuple[Cohort, ...], draws: int, rng: np.random.Generator
) -> float:
    """Algorithm 2: units drawn again with replacement, weights found anew."""
    found: list[float] = []
    while len(found) < draws:
        rows = rng.integers(0, len(table), size=len(table))
        drawn = begins[rows]
        if (drawn == NEVER).sum() >= 2 and (drawn != NEVER).any():
            found.append(average(_cohorts(table[rows], drawn, fit, ())))
    return float(np.std(found))
