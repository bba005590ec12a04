"""What would the usual regression on customer and month effects have said, and with whom did it compare?

The two-way fixed-effects coefficient, its event study with errors clustered by customer, and Goodman-Bacon's account of
which comparisons the coefficient is made of: with cohorts that begin at different times, some of its weight goes to
customers who are already treated, whose own growing effect is then taken for a trend. Shown beside `group_time`, never
in its place. All from cohort sums: the regressors are the same for all customers of a cohort.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import NEVER, CohortSums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Comparison = Literal["never_treated", "not_yet_treated", "already_treated"]
COMPARISONS: tuple[Comparison, ...] = ("never_treated", "not_yet_treated", "already_treated")


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWay:
    """Coefficients of a regression on unit and period effects.

    Parameters
    ----------
    keys : array of int, shape (n_keys,)
        Periods since treatment of each coefficient; 0 alone where the regressor is "is treated".
    reference : tuple of int
        Periods since treatment that the coefficients are measured from.
    values : array of float, shape (n_keys,)
        In the outcome's unit.
    covariance : array of float, shape (n_keys, n_keys)
        Clustered by unit (CRV1).
    n : int
        Units.
    """

    keys: Ints
    reference: tuple[int, ...]
    values: Floats
    covariance: Floats
    n: int

    @property
    def se(self) -> Floats:
        """Standard errors, clustered by unit."""
        return np.sqrt(np.diag(self.covariance))


def two_way_effect(sums: CohortSums) -> TwoWay:
    """What is the coefficient of "is treated" beside unit and period effects?

    Parameters
    ----------
    sums : CohortSums
        Of a balanced panel. All units enter, also those treated from the first period on.

    Raises
    ------
    DesignError
        If the panel is not balanced, or nobody's treatment differs from others' in any period.

    Source
    ------
    Errors: Cameron and Miller (2015), CRV1 with unit effects nested in the clusters not counted, as R `fixest` and
    `pyfixest` do. Reference values: pyfixest, tests/golden/staggered.

    Examples
    --------
    >>> found = two_way_effect(CohortSums.of([[1, 4], [3, 8], [2, 3], [4, 7]], cohort=[2, 2, 0, 0]))
    >>> found.values.tolist(), found.se.round(4).tolist()
    ([2.0], [1.3663])
    """
    treated = (sums.cohorts[:, None] != NEVER) & (sums.periods >= sums.cohorts[:, None])
    return _fitted(sums, treated[:, :, None].astype(np.float64), np.zeros(1, dtype=np.int64), ())


def two_way_event_study(sums: CohortSums, *, reference: int = -1) -> TwoWay:
    """What are the coefficients of periods since treatment beside unit and period effects?

    Parameters
    ----------
    sums : CohortSums
        Of a balanced panel. All units enter.
    reference : int
        Period since treatment that the others are measured from. Where no unit is never treated, the earliest one is
        left out too, since a straight line could not be told from period effects.

    Raises
    ------
    DesignError
        If the panel is not balanced, no cohort has the reference period, or the coefficients follow from each other.

    Examples
    --------
    >>> found = two_way_event_study(CohortSums.of([[1, 1, 4], [3, 2, 7], [2, 2, 3], [4, 6, 7]], cohort=[3, 3, 0, 0]))
    >>> found.keys.tolist(), found.values.round(9).tolist()
    ([-2, 0], [1.5, 3.0])
    """
    event = sums.periods - sums.cohorts[:, None]
    counted = np.broadcast_to(sums.cohorts[:, None] != NEVER, event.shape)
    keys = np.unique(event[counted])
    if reference not in keys:
        raise DesignError(
            f"No treated unit is observed {reference} periods from treatment, so that it cannot be the reference; "
            + (f"there are {keys[0]} to {keys[-1]}." if keys.size else "no unit is treated.")
        )
    left_out = [reference]
    if counted.all():
        earliest = [int(key) for key in keys if key != reference][:1]
        left_out = [*earliest, reference]
    keys = keys[~np.isin(keys, left_out)]
    design = (event[:, :, None] == keys) & counted[:, :, None]
    return _fitted(sums, design.astype(np.float64), keys, tuple(left_out))


def _fitted(sums: CohortSums, design: Floats, keys: Ints, reference: tuple[int, ...]) -> TwoWay:
    """Least squares on unit effects, period effects and regressors of shape (n_cohorts, n_periods, n_keys)."""
    _balanced(sums)
    units, wide = int(sums.n.sum()), len(sums.periods)
    share = sums.n / units
    within = design - design.mean(axis=1, keepdims=True)
    within = within - np.tensordot(share, within, axes=1)
    gram = np.einsum("c,ctk,ctl->kl", sums.n.astype(np.float64), within, within)
    size = np.sqrt(np.diag(gram))
    if not len(keys) or not size.min() > 0 or np.linalg.eigvalsh(gram / np.outer(size, size))[0] < 1e-10:
        raise DesignError(
            f"{len(keys)} coefficients cannot be told from the effects of {units:,} units and {wide} periods: "
            f"{len(sums.cohorts)} cohorts do not differ enough in when they were treated. Take in units that are never "
            "treated."
        )
    bread = np.linalg.inv(gram)
    means = sums.means()
    values = bread @ np.einsum("c,ctk,ct->k", sums.n.astype(np.float64), within, means)
    left = means - design @ values
    left = left - share @ left  # unit effects drop out: the regressors add up to nought over each unit's periods
    score = np.einsum("ctk,ct->ck", within, left)
    meat = np.einsum("ctk,cts,csl->kl", within, sums.scatter(), within, optimize=True)
    meat += (score * sums.n[:, None]).T @ score
    rows = units * wide
    correction = units / (units - 1) * (rows - 1) / (rows - len(keys) - wide)
    covariance = correction * bread @ meat @ bread
    return TwoWay(keys=keys, reference=reference, values=values, covariance=(covariance + covariance.T) / 2, n=units)


def _balanced(sums: CohortSums) -> None:
    if not sums.balanced:
        late = int(sums.n[sums.first > sums.periods[0]].sum())
        raise DesignError(
            f"{late:,} of {int(sums.n.sum()):,} units are not observed from the first period on, and this regression "
            "is made from balanced panels only. Leave them out."
        )
    if len(sums.periods) < 2 or sums.n.sum() < 2:
        raise DesignError(
            f"{int(sums.n.sum()):,} units in {len(sums.periods)} periods: unit and period effects need two of each."
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Bacon:
    """Which two-by-two comparisons is the two-way coefficient made of, and how much does each count?

    Parameters
    ----------
    treated, comparison : array of int, shape (n,)
        Cohort whose treatment begins within the comparison, and the one it is compared with (0: never treated).
    kind : tuple of str, length n
        What the comparison cohort is: `never_treated`, `not_yet_treated`, or `already_treated`.
    weight : array of float, shape (n,)
        Adding up to 1.
    estimate : array of float, shape (n,)
        Change of the treated beyond that of the comparison, in the outcome's unit.
    """

    treated: Ints
    comparison: Ints
    kind: tuple[Comparison, ...]
    weight: Floats
    estimate: Floats

    @property
    def coefficient(self) -> float:
        """The two-way coefficient: what all comparisons come to."""
        return float(self.weight @ self.estimate)

    def share(self, kind: Comparison) -> float:
        """How much weight goes to comparisons of one kind, 0 to 1."""
        return float(self.weight[np.array(self.kind) == kind].sum())

    def mean(self, kind: Comparison) -> float:
        """The weighted mean of comparisons of one kind; not a number where there are none."""
        chosen = np.array(self.kind) == kind
        weight = self.weight[chosen]
        return float(weight @ self.estimate[chosen] / weight.sum()) if weight.sum() > 0 else math.nan


def bacon(sums: CohortSums) -> Bacon:
    """Which comparisons is the two-way coefficient of "is treated" made of?

    Parameters
    ----------
    sums : CohortSums
        Of a balanced panel. Cohorts treated from the first period on are always already treated.

    Raises
    ------
    DesignError
        If the panel is not balanced, or no cohort's treatment begins within it.

    Source
    ------
    Goodman-Bacon (2021), Journal of Econometrics 225, theorem 1. Reference values: diff-diff, tests/golden/staggered.

    Examples
    --------
    >>> found = bacon(CohortSums.of([[1, 4, 5], [1, 1, 7], [1, 2, 3]], cohort=[2, 3, 0]))
    >>> for row in zip(found.treated, found.comparison, found.kind, found.weight, found.estimate):
    ...     print(*row)
    2 0 never_treated 0.3333333333333333 2.0
    3 0 never_treated 0.3333333333333333 4.5
    2 3 not_yet_treated 0.16666666666666666 3.0
    3 2 already_treated 0.16666666666666666 5.0
    """
    _balanced(sums)
    means, share = sums.means(), sums.n / sums.n.sum()
    begins = np.where(sums.cohorts == NEVER, np.iinfo(np.int64).max, sums.cohorts)
    exposed = (sums.periods >= begins[:, None]).mean(axis=1)
    rows: list[tuple[int, int, Comparison, float, float]] = []
    for one in np.flatnonzero((exposed > 0) & (exposed < 1)):
        after = sums.periods >= begins[one]
        for other in np.flatnonzero(exposed != exposed[one]):
            already = exposed[other] > exposed[one]
            within = sums.periods >= begins[other] if already else sums.periods < begins[other]
            if already:
                mass = exposed[one] * (exposed[other] - exposed[one])
            else:
                mass = (exposed[one] - exposed[other]) * (1 - exposed[one])
            gap = means[one] - means[other]
            estimate = gap[within & after].mean() - gap[within & ~after].mean()
            never = exposed[other] == 0
            kind: Comparison = "already_treated" if already else "never_treated" if never else "not_yet_treated"
            comparison = NEVER if never else int(sums.cohorts[other])
            rows.append(
                (int(sums.cohorts[one]), comparison, kind, float(share[one] * share[other] * mass), float(estimate))
            )
    if not rows:
        raise DesignError(
            f"None of {len(sums.cohorts)} cohorts begins within the {len(sums.periods)} periods beside another one "
            "that does not: there is no comparison. Take in earlier periods, or units that are never treated."
        )
    rows.sort(key=lambda row: (COMPARISONS.index(row[2]), row[0], row[1]))
    weight = np.array([row[3] for row in rows])
    return Bacon(
        treated=np.array([row[0] for row in rows]),
        comparison=np.array([row[1] for row in rows]),
        kind=tuple(row[2] for row in rows),
        weight=weight / weight.sum(),
        estimate=np.array([row[4] for row in rows]),
    )
