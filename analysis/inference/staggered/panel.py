"""Which units does a staggered study with covariates read, in what order, and is what was given about them sound?

Units are sorted by cohort without copying their outcomes, and their covariates centred and scaled, so that nothing is
lost to large numbers. What is missing, or follows from the rest, is named and counted here. What is estimated from the
panel is left to `fits` and `rows`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.design import Comparison, Design
from analysis.inference.staggered.logit import Stretch

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_BLOCK = 1 << 20  # numbers in the largest array that one chunk of rows fills
_SAME = 1e-10  # a covariate whose share of variance not explained by those before it is below this follows from them


@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Units sorted by cohort, the never-treated last, without copying their outcomes.

    Parameters
    ----------
    outcomes : array, shape (n_units, n_periods)
        As it was given.
    rows : array of int, shape (n_used,)
        Where each unit's outcomes stand, cohort by cohort.
    starts : array of int, shape (n_cohorts + 1,)
        Where each cohort begins among them.
    covariates : array of float, shape (n_used, k)
        In the order of `rows`; the first column is 1, the others have mean 0 and standard deviation 1.
    weights : array of float, shape (n_used,), optional
        With mean 1.
    names : tuple of str, length n_cohorts
        For messages: "cohort 2004", "the never-treated".
    """

    outcomes: NDArray[Any]
    rows: Ints
    starts: Ints
    covariates: Floats
    weights: Floats | None
    names: tuple[str, ...]

    def size(self, cohorts: Sequence[int]) -> int:
        """Units in some cohorts together."""
        return int(sum(self.starts[c + 1] - self.starts[c] for c in cohorts))

    def stretches(self, one: Comparison) -> list[Stretch]:
        """The rows that take part in a comparison, in as few stretches as there are."""
        found: list[Stretch] = [(slice(int(self.starts[one.cohort]), int(self.starts[one.cohort + 1])), True)]
        for control in one.controls:
            first, last = int(self.starts[control]), int(self.starts[control + 1])
            if not found[-1][1] and found[-1][0].stop == first:
                first = found.pop()[0].start
            found.append((slice(first, last), False))
        return found

    def chunks(self, cohort: int, columns: int) -> Iterator[tuple[slice, Floats]]:
        """Stretches of a cohort's rows, and of each their outcomes less the first period's, beside the covariates."""
        length = int(np.clip(_BLOCK // columns, 256, 16384))
        k = self.covariates.shape[1]
        last = int(self.starts[cohort + 1])
        for first in range(int(self.starts[cohort]), last, length):
            rows = slice(first, min(first + length, last))
            values = self.outcomes[self.rows[rows]]
            both = np.empty((len(values), values.shape[1] + k))
            both[:, :-k] = values
            both[:, :-k] -= both[:, :1].copy()
            both[:, -k:] = self.covariates[rows]
            yield rows, both


def whole_cohorts(cohort: ArrayLike) -> Ints:
    """The cohorts as whole numbers.

    Raises
    ------
    DesignError
        If one is missing.
    ValueError
        If one has decimals.

    Examples
    --------
    >>> whole_cohorts([3.0, 0.0])
    array([3, 0])
    """
    given = np.asarray(cohort)
    if np.issubdtype(given.dtype, np.floating):
        unknown = int((~np.isfinite(given)).sum())
        if unknown:
            raise DesignError(
                f"The first treated period is missing for {unknown:,} of {given.size:,} units. Write 0 for units that "
                "are never treated, and leave out those of whom it is not known."
            )
        if (given != np.rint(given)).any():
            raise ValueError("A cohort is the number of a period, without decimals.")
    return given.astype(np.int64)


def panel_of(
    outcomes: NDArray[Any],
    place: Ints,
    design: Design,
    covariates: ArrayLike | None,
    weights: ArrayLike | None,
    names: Sequence[str] | None,
) -> tuple[Panel, tuple[str, ...]]:
    """The units that take part, sorted by cohort, with covariates centred and scaled; and the names of these.

    Parameters
    ----------
    outcomes : array, shape (n_units, n_periods)
    place : array of int, shape (n_units,)
        Of each unit's cohort among the design's; -1 for units that take no part.
    design : Design
    covariates : array of float, shape (n_units, n_covariates), optional
        One that is the same for all units is left out.
    weights : array of float, shape (n_units,), optional
    names : sequence of str, optional
        Of the covariates.

    Raises
    ------
    DesignError
        If a covariate, outcome or weight is missing, or a covariate follows from others.
    ValueError
        If shapes do not fit.
    """
    n = len(outcomes)
    rows = np.argsort(place, kind="stable")[int((place < 0).sum()) :]
    assert len(rows) == design.outline.n
    starts = np.searchsorted(place[rows], np.arange(len(design.cohorts) + 1))
    table = np.empty((n, 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if len(table) != n or table.ndim != 2:
        raise ValueError(f"Covariates need a row for each of {n:,} units, not {table.shape}.")
    labels = tuple(names or (f"covariate {j + 1}" for j in range(table.shape[1])))
    if len(labels) != table.shape[1]:
        raise ValueError(f"{table.shape[1]} covariates need as many names, not {len(labels)}.")
    _complete(outcomes, table, labels)
    mass = None if weights is None else np.asarray(weights, dtype=np.float64)
    if mass is not None:
        if mass.shape != (n,):
            raise ValueError(f"A weight for each of {n:,} units is needed, not {mass.shape}.")
        wrong = int((~(np.isfinite(mass) & (mass > 0))).sum())
        if wrong:
            raise DesignError(
                f"Weights: {wrong:,} of {n:,} units have none above 0. Leave these units out, or weigh them."
            )
        mass = mass[rows]
        mass = mass / mass.mean()
    x = table[rows]
    varies = np.flatnonzero(x.max(axis=0) > x.min(axis=0)) if x.size else np.empty(0, dtype=np.int64)
    standard = np.ones((len(x), len(varies) + 1))
    for at, j in enumerate(varies, 1):
        column = x[:, j] - x[0, j]
        column -= column.mean()
        standard[:, at] = column / np.sqrt(np.mean(column**2))
    used = tuple(labels[j] for j in varies)
    _independent(standard, used)
    return Panel(
        outcomes=outcomes,
        rows=rows,
        starts=starts,
        covariates=standard,
        weights=mass,
        names=tuple(design.name(i) for i in range(len(design.cohorts))),
    ), used


def _complete(outcomes: NDArray[Any], table: Floats, labels: Sequence[str]) -> None:
    n = len(outcomes)
    missing = n - np.isfinite(table).sum(axis=0)
    if missing.any():
        counts = ", ".join(f"{label} in {count:,}" for label, count in zip(labels, missing, strict=True) if count)
        first = int(np.flatnonzero(~np.isfinite(table).all(axis=1))[0])
        raise DesignError(
            f"Covariates are missing: {counts} of {n:,} units (first: row {first + 1:,}). Leave these units out and "
            "count them, or give what is unknown a category of its own."
        )
    gaps = sum(int((~np.isfinite(outcomes[i : i + 65536]).all(axis=1)).sum()) for i in range(0, n, 65536))
    if gaps:
        raise DesignError(
            f"Outcomes are missing for {gaps:,} of {n:,} units. Every unit needs every period: leave these units out "
            "and count them, or write 0 where nothing was bought."
        )


def _independent(standard: Floats, used: Sequence[str]) -> None:
    correlation = standard.T @ standard / len(standard)
    factor = np.zeros_like(correlation)
    for j in range(len(correlation)):
        factor[j, :j] = np.linalg.solve(factor[:j, :j], correlation[:j, j]) if j else 0.0
        left = correlation[j, j] - factor[j, :j] @ factor[j, :j]
        if left < _SAME:
            raise DesignError(
                f"The covariate `{used[j - 1]}` follows from those before it ({', '.join(used[: j - 1])}) in all "
                f"{len(standard):,} units, so that what each explains cannot be told apart. Leave it out; of "
                "categories as columns of 0 and 1, leave one category out."
            )
        factor[j, j] = np.sqrt(left)


def weighted(values: Floats, weights: Floats | None, rows: slice) -> Floats:
    """The values of some rows times their weights."""
    if weights is None:
        return values
    own = weights[rows]
    return values * (own[:, None] if values.ndim == 2 else own)
