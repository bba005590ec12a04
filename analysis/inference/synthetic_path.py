"""Where would donors have taken the changed units, given weights? A cohort's path, its effect, and all that was found.

What weights there are is left to `analysis.inference.synthetic_did` and `analysis.inference.synthetic_control`, how
sure the finding is to `analysis.inference.synthetic_placebo`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


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


def average(cohorts: tuple[Cohort, ...]) -> float:
    """Mean effect over changed units and periods since."""
    cells = [len(one.treated) * len(one.effects) for one in cohorts]
    return float(np.dot(cells, [one.att for one in cohorts]) / sum(cells))


def weights_near(near: Cohort | None, donors: Ints) -> Floats | None:
    """The weights these donors had in a fit of much the same units."""
    if near is None:
        return None
    known = np.zeros(int(max(near.donors.max(), donors.max())) + 1)
    known[near.donors] = near.unit_weights
    kept = known[donors]
    return kept if kept.sum() > 0 else None
