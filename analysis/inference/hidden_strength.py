"""How strong is each recorded cause, as a yardstick for one that was not recorded?

A weighted regression of the outcome on treatment and covariates, and of treatment on the covariates: its t-value, and
for each covariate (which may be several columns) the share of treatment and of outcome that it explains beyond all
others. What a hidden cause so many times as strong would leave of the estimate is worked out by `sensitivity`; what the
study says of it is left to the studies.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.sensitivity import Strength

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Strengths:
    """The treatment's coefficient, and how strong each recorded cause is beside it.

    Parameters
    ----------
    coefficient, se : float
        Of the treatment, with the ordinary error of the weighted regression.
    dof : float
        Effective customers less columns.
    recorded : mapping of str to Strength
        By covariate.
    """

    coefficient: float
    se: float
    dof: float
    recorded: Mapping[str, Strength]

    @property
    def t(self) -> float:
        return self.coefficient / self.se

    @property
    def strongest(self) -> str | None:
        """The covariate that explains most of both together; the first by name among equals."""
        return max(
            sorted(self.recorded),
            key=lambda name: self.recorded[name].treatment * self.recorded[name].outcome,
            default=None,
        )


def recorded_strengths(
    outcome: ArrayLike,
    treated: ArrayLike,
    covariates: ArrayLike,
    groups: Mapping[str, Sequence[int]],
    *,
    weights: ArrayLike | None = None,
) -> Strengths:
    """How much of treatment and outcome does each covariate explain beyond all others?

    Parameters
    ----------
    outcome : array of float, shape (n_rows,)
    treated : array of bool, shape (n_rows,)
    covariates : array of float, shape (n_rows, n_columns)
    groups : mapping of str to sequence of int
        Covariate to its columns.
    weights : array of float, shape (n_rows,), optional
        Those that make the groups alike; degrees of freedom are those of their effective size.

    Raises
    ------
    DesignError
        If nothing of the treatment or the outcome is left to be explained.

    Source
    ------
    Cinelli and Hazlett (2020), Journal of the Royal Statistical Society B 82. Without weights the t-value is that of
    ordinary least squares.

    Examples
    --------
    >>> rng = np.random.default_rng(3)
    >>> x = rng.standard_normal((5000, 2))
    >>> arm = x[:, 0] + rng.standard_normal(5000) > 0
    >>> found = recorded_strengths(arm + 2 * x[:, 0] + rng.standard_normal(5000), arm, x, {"taste": [0], "idle": [1]})
    >>> found.strongest, round(found.recorded["taste"].outcome, 1), round(found.recorded["idle"].outcome, 1)
    ('taste', 0.7, 0.0)
    """
    y, columns = np.asarray(outcome, dtype=np.float64), np.asarray(covariates, dtype=np.float64)
    arm = np.asarray(treated, dtype=np.float64)
    weight = np.ones(len(y)) if weights is None else np.asarray(weights, dtype=np.float64)
    root = np.sqrt(weight)
    first = 1 + columns.shape[1]
    every = _factor(np.column_stack([np.ones(len(y)), columns, arm, y]) * root[:, None])
    everything, its_arm, its_y = every[:, :first], every[:, first], every[:, first + 1]
    left_of_arm, rank = _left(everything, its_arm)
    left_of_y, _ = _left(everything, its_y)
    spare = float(left_of_arm @ left_of_arm)
    if spare <= 1e-12 * float(weight.sum()):
        raise DesignError("The covariates tell the groups apart: nothing of the treatment is left to compare.")
    coefficient = float(left_of_arm @ left_of_y) / spare
    rest = left_of_y - coefficient * left_of_arm
    residual = float(rest @ rest)
    effective = float(weight.sum()) ** 2 / float(weight @ weight)
    dof = float(effective - rank - 1)
    if dof <= 1 or residual <= 0:
        raise DesignError("Too few customers, or nothing that varies, to judge the strength of causes by.")
    se = float(np.sqrt(residual / dof / spare))
    with_arm = every[:, : first + 1]
    recorded = {}
    for name, places in sorted(groups.items()):
        others = [place for place in range(everything.shape[1]) if place - 1 not in set(places)]
        without, _ = _left(everything[:, others], its_arm)
        fewer, _ = _left(with_arm[:, [*others, first]], its_y)
        of_treatment, of_outcome = (
            max(0.0, 1 - whole / part)
            for whole, part in ((spare, float(without @ without)), (residual, float(fewer @ fewer)))
        )
        recorded[name] = Strength(treatment=min(of_treatment, 1 - 1e-12), outcome=min(of_outcome, 1.0))
    return Strengths(coefficient, se, dof, recorded)


def _factor(columns: Floats) -> Floats:
    """A small matrix whose columns have the same lengths and angles as these: regressions among them are the same."""
    return np.asarray(np.linalg.qr(columns, mode="r"))


def _left(columns: Floats, values: Floats) -> tuple[Floats, int]:
    """What is left of values once the columns have had their say, and the rank of the columns."""
    slopes, _, rank, _ = np.linalg.lstsq(columns, values, rcond=1e-10)
    return np.asarray(values - columns @ slopes), int(rank)
