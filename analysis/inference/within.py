"""How much do treated rows differ from others that share their categories and covariates? Least squares, clustered.

`columns_within` takes the categories out of all columns, then the covariates, and says what errors need: clusters, and
degrees of freedom. The comparison is causal only where nothing else goes with the treatment within the categories;
an instrument for it is left to `instrument`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.absorb import Absorber, absorber
from analysis.inference.estimate import Estimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NOTHING_LEFT = 1e-9
"""A column of which less than this share is left once categories and covariates are out says nothing of its own."""
_ROUNDING = 1e-13


def adjusted(
    outcome: ArrayLike,
    treated: ArrayLike,
    *,
    absorb: Sequence[ArrayLike],
    covariates: ArrayLike | None,
    cluster: ArrayLike,
    name: str,
    unit: str,
    level: float = 0.95,
) -> Estimate:
    """How much do treated rows differ from others of the same categories and covariates?

    Ordinary least squares with the same categories taken out, clustered (CR1), t of G - 1 degrees. Parameters and
    errors as in `instrumented`. Causal only where nothing else goes with the treatment within the categories.

    Examples
    --------
    >>> adjusted([1.0, 2.0, 5.0, 8.0], [0, 1, 0, 1], absorb=[[0, 0, 1, 1]], covariates=None, cluster=[0, 1, 2, 3],
    ...          name="orders", unit="orders per customer").value
    2.0
    """
    table = columns_within(absorb, covariates, cluster, outcome=outcome, treatment=treated)
    y, d = table.left["outcome"][:, 0], table.left["treatment"][:, 0]
    spread = float(d @ d)
    value = float(d @ y) / spread
    error = math.sqrt(table.factor(1) * float(np.sum(table.sums(d * (y - value * d)) ** 2))) / spread
    half = float(special.stdtrit(table.n_clusters - 1, (1 + level) / 2)) * error
    n_treated = int(np.count_nonzero(table.treated))
    return Estimate(
        name=name,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=error,
        scale="difference",
        unit=unit,
        n_treated=n_treated,
        n_comparison=table.n - n_treated,
        method="adjusted difference within categories, errors clustered (CR1)",
    )


@dataclass(frozen=True, slots=True)
class Columns:
    """What is left of columns once categories and covariates are out, and what errors need.

    Parameters
    ----------
    left : mapping of str to array of float, shape (n, columns)
    treated : array of float, shape (n,)
        The treatment as it was given, for the rows used.
    cluster : array of int, shape (n,)
        Codes from 0 without gaps.
    n_clusters : int
    absorbed : int
        Degrees of freedom taken by categories and covariates.
    dropped : mapping of str to int
        `singleton_rows` and `collinear_covariates`.
    """

    left: Mapping[str, Floats]
    treated: Floats
    cluster: Ints
    n_clusters: int
    absorbed: int
    dropped: Mapping[str, int]

    @property
    def n(self) -> int:
        """Rows used."""
        return len(self.cluster)

    def factor(self, slopes: int) -> float:
        """CR1: for few clusters, and for the degrees of freedom taken."""
        return self.n_clusters / (self.n_clusters - 1) * (self.n - 1) / (self.n - self.absorbed - slopes)

    def sums(self, scores: Floats) -> Floats:
        """Scores of rows added up by cluster, shape (clusters,) or (clusters, columns)."""
        each = scores if scores.ndim == 2 else scores[:, None]
        added = [np.bincount(self.cluster, weights=column, minlength=self.n_clusters) for column in each.T]
        return np.stack(added, axis=1).reshape((self.n_clusters, *scores.shape[1:]))


def columns_within(
    absorb: Sequence[ArrayLike] | Absorber, covariates: ArrayLike | None, cluster: ArrayLike, **named: ArrayLike
) -> Columns:
    """Take categories and covariates out of the named columns, `treatment` among them.

    The categories are given as they are, or ready to be absorbed (`absorber`) where several regressions share them.

    Raises
    ------
    DesignError
        If nothing is left of a column, or if there are too few rows or clusters.
    ValueError
        If columns differ in length or hold something that is not a finite number.
    """
    given = {"covariates": np.empty((np.shape(cluster)[0], 0)) if covariates is None else covariates, **named}
    tables = {label: _table(label, column, np.shape(cluster)[0]) for label, column in given.items()}
    out = absorb if isinstance(absorb, Absorber) else absorber(absorb, len(np.asarray(cluster)))
    tables = {label: table[out.kept] for label, table in tables.items()}
    left = {label: out.residuals(table) for label, table in tables.items()}
    basis = _basis(tables["covariates"], left["covariates"])
    _, code = np.unique(np.asarray(cluster)[out.kept], return_inverse=True)
    n_clusters = int(code.max()) + 1
    slopes = max(tables[label].shape[1] for label in named)
    absorbed = out.degrees + basis.shape[1]
    if n_clusters < 2 or len(code) <= absorbed + slopes:
        raise DesignError(
            f"{len(code):,} rows in {n_clusters:,} clusters are too few for {absorbed:,} categories and covariates. "
            "Use coarser categories, or a longer period."
        )
    rest: dict[str, Floats] = {}
    for label in named:
        column = left[label] - basis @ (basis.T @ left[label])
        if (np.linalg.norm(column, axis=0) <= _least(tables[label])).any():
            raise DesignError(
                f"The {label} does not vary within the {len(out.codes)} sets of categories and the covariates "
                f"({len(column):,} rows). Use coarser categories, fewer covariates or a longer period."
            )
        rest[label] = column
    dropped = {
        "collinear_covariates": tables["covariates"].shape[1] - basis.shape[1],
        "singleton_rows": out.singletons,
    }
    return Columns(rest, tables["treatment"][:, 0], code.reshape(-1), n_clusters, absorbed, MappingProxyType(dropped))


def _table(label: str, column: ArrayLike, n: int) -> Floats:
    table = np.asarray(column, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2 or len(table) != n:
        raise ValueError(f"The {label} has shape {np.shape(column)}; it needs a value for each of {n:,} rows.")
    if wrong := int((~np.isfinite(table)).any(axis=1).sum()):
        raise ValueError(f"The {label} is not a finite number in {wrong:,} of {n:,} rows. Set them aside first.")
    return table


def _basis(before: Floats, left: Floats) -> Floats:
    """Orthonormal columns that span the covariates; those that add nothing to earlier ones are left out."""
    found, least = np.empty((len(left), 0)), _least(before)
    for place in range(left.shape[1]):
        rest = left[:, place]
        for _ in range(2):  # twice is enough for orthogonality to the last digits
            rest = rest - found @ (found.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > least[place]:
            found = np.column_stack([found, rest / length])
    return found


def _least(before: Floats) -> Floats:
    """The length above which what is left of a column is more than rounding."""
    varied = NOTHING_LEFT * np.linalg.norm(before - before.mean(axis=0), axis=0)
    return np.asarray(np.maximum(varied, _ROUNDING * np.linalg.norm(before, axis=0)))
