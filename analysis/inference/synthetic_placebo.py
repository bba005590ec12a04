"""How sure is a finding about changed units? The same comparison where nothing was changed, or with units drawn again.

Each donor takes the place of the changed unit in turn, or groups of them drawn by lot: how the finding ranks among
those is always told, an interval only where there are 20 donors. How a comparison is made is given; what it means is
left to `analysis.inference.synthetic_did` and `analysis.inference.synthetic_control`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.inference.synthetic_panel import NEVER
from analysis.inference.synthetic_path import Cohort, Floats, Ints, SyntheticDid, average, cohort_of

Variance = Literal["placebo", "jackknife", "bootstrap"]
Fit = Callable[[Floats, Ints, Ints, int, Cohort | None], Cohort]

DONORS_FOR_INTERVAL = 20
"""With fewer units that were not changed, a rank among them is reported and no 95 % interval."""
TREATED_FOR_RESAMPLING = 10


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
