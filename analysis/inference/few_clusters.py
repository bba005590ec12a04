"""By how much do two groups differ, when whole clusters were put into them, be they few and of very uneven size?

Regions, shops or time blocks were randomised and their customers measured: the error is that of the clusters. What is
compared is the mean per customer. The interval stays honest with a dozen clusters, where the usual one is too narrow.
Where clusters are many and alike, `analysis.inference.clustered` says the same from moments alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate

Floats = NDArray[np.float64]

FEWEST_CLUSTERS = 5
"""Fewer clusters in a group carry no interval."""
CLUSTERS_PER_COVARIATE = 10
_FULL, _SAME, _ROUNDING = 1e-9, 1e-10, 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Clusters:
    """Some clusters: how many customers each has, and the sums and products of their measures.

    Parameters
    ----------
    names : tuple of str, length k
        The measures.
    size : array of float, shape (n_clusters,)
        Customers, one at least.
    sums : array of float, shape (n_clusters, k)
    products : array of float, shape (n_clusters, k, k)
        Sums over a cluster's customers of products of two measures.

    Raises
    ------
    ValueError
        If the shapes do not fit, a cluster is empty, or something is not a finite number.

    Examples
    --------
    >>> found = Clusters.from_rows(("orders",), ["a", "a", "b"], [[1], [3], [5]])
    >>> found.size.tolist(), found.sums.tolist(), found.products.tolist()
    ([2.0, 1.0], [[4.0], [5.0]], [[[10.0]], [[25.0]]])
    """

    names: tuple[str, ...]
    size: Floats
    sums: Floats
    products: Floats

    def __post_init__(self) -> None:
        g, k = len(self.size), len(self.names)
        if self.size.shape != (g,) or self.sums.shape != (g, k) or self.products.shape != (g, k, k):
            raise ValueError(f"{g} clusters with {k} measures need {g} x {k} sums and {g} x {k} x {k} products.")
        if g and (self.size < 1).any():
            raise ValueError("A cluster holds one customer at least.")
        if not (np.isfinite(self.size).all() and np.isfinite(self.sums).all() and np.isfinite(self.products).all()):
            raise ValueError("Sums of clusters must be finite numbers.")

    @classmethod
    def from_rows(cls, names: Sequence[str], cluster: Iterable[object], rows: Sequence[Sequence[float]]) -> Clusters:
        """From customers: the cluster and the measures of each. Clusters are put in order."""
        values = np.asarray(rows, dtype=float).reshape(-1, len(names))
        code = np.unique(np.asarray(list(cluster)), return_inverse=True)[1]
        size = np.bincount(code).astype(float)
        sums, products = np.zeros((len(size), len(names))), np.zeros((len(size), len(names), len(names)))
        np.add.at(sums, code, values)
        np.add.at(products, code, values[:, :, None] * values[:, None, :])
        return cls(tuple(names), size, sums, products)

    def weights(self, of: Mapping[str, float]) -> Floats:
        """A combination of measures as a vector over all of them."""
        absent = [name for name in of if name not in self.names]
        if absent:
            raise KeyError(f"no measure `{absent[0]}` among {', '.join(self.names)}")
        return np.array([of.get(name, 0.0) for name in self.names])

    def shifted(self, by: Floats) -> Clusters:
        """With these numbers taken off every customer's measures, which keeps squares small beside what varies."""
        taken = self.size[:, None] * by
        sums = self.sums - taken
        sums = np.where(np.abs(sums) <= _ROUNDING * np.abs(taken), 0.0, sums)
        across = self.sums[:, :, None] * by[None, None, :]
        products = self.products - across - across.transpose(0, 2, 1)
        return Clusters(self.names, self.size, sums, products + self.size[:, None, None] * np.outer(by, by))


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """Least squares of some measures on columns that are one number a cluster, every customer counting alike.

    Parameters
    ----------
    clusters : Clusters
    columns : array of float, shape (n_clusters, p)
    onto : array of float, shape (p, n_clusters)
        What each cluster's mean adds to each coefficient.
    free : array of float, shape (n_clusters,)
        1 less the cluster's leverage.
    inverse : array of float, shape (p, p)
    """

    clusters: Clusters
    columns: Floats
    onto: Floats
    free: Floats
    inverse: Floats

    @classmethod
    def of(cls, clusters: Clusters, columns: Floats) -> Fit:
        """The fit, or the reason why the columns cannot be told apart."""
        products = columns.T @ (columns * clusters.size[:, None])
        scale = np.sqrt(np.diag(products))
        if (scale == 0).any() or np.linalg.cond(products / np.outer(scale, scale)) > 1 / _SAME:
            raise DesignError(
                f"Among {len(clusters.size)} clusters the arm and the covariates say the same. Leave covariates out."
            )
        inverse = np.linalg.inv(products / np.outer(scale, scale)) / np.outer(scale, scale)
        onto = inverse @ (columns * clusters.size[:, None]).T
        free = 1 - np.einsum("gp,pg->g", columns, onto)
        if (free < _FULL).any():
            raise DesignError("One cluster alone decides a mean or a slope: its error cannot be told from the others.")
        return cls(clusters, columns, onto, free, inverse)

    def coefficients(self, of: Floats) -> Floats:
        """Of a combination of measures, shape (p,)."""
        return np.asarray(self.onto @ self._means(of))

    def error(self, contrast: Floats, one: Floats, other: Floats | None = None) -> float:
        """Variance of a contrast of coefficients, or its covariance between two combinations of measures (CR2)."""
        share = (contrast @ self.onto) ** 2 / self.free
        left = self._left(one)
        return float((share * left * (left if other is None else self._left(other))).sum())

    def freedom(self, contrast: Floats, of: Floats, slopes: Floats | None = None) -> float:
        """Degrees of freedom of that variance (Satterthwaite), given how alike a cluster's customers are.

        `slopes` are those measures' share in a customer's outcome that the columns have taken out.
        """
        spread = self._spread(of if slopes is None else of - slopes)
        share = (contrast @ self.onto) ** 2 / self.free
        if not spread.any() or not share.any():
            return math.inf
        root = np.sqrt(share)[:, None]
        beside = root * np.hstack([self.columns, (self.onto * spread).T])
        p = self.columns.shape[1]
        unit = np.eye(p)
        core = np.block([[(self.onto * spread) @ self.onto.T, -unit], [-unit, np.zeros((p, p))]])
        own = share * spread
        crossed = core @ (beside.T @ beside)
        first = float(own.sum() + np.trace(crossed))
        second = float((own**2).sum() + 2 * np.trace(core @ (beside.T @ (beside * own[:, None]))))
        return first**2 / (second + float(np.trace(crossed @ crossed)))

    def _means(self, of: Floats) -> Floats:
        return np.asarray(self.clusters.sums @ of / self.clusters.size)

    def _left(self, of: Floats) -> Floats:
        means = self._means(of)
        left = means - self.columns @ (self.onto @ means)
        return np.asarray(np.where(np.abs(left) <= _ROUNDING * np.abs(means).max(), 0.0, left))

    def _spread(self, of: Floats) -> Floats:
        """Variance of each cluster's mean: what its customers share, and chance among them, by analysis of variance."""
        size, sums = self.clusters.size, self.clusters.sums @ of
        squares = np.einsum("i,gij,j->g", of, self.clusters.products, of)
        inside = max(float((squares - sums**2 / size).sum()) / max(float((size - 1).sum()), 1.0), 0.0)
        between = float((size * self._left(of) ** 2).sum()) - inside * (len(size) - self.columns.shape[1])
        weighted = self.columns * size[:, None]
        room = float(size.sum() - np.trace(self.inverse @ (weighted.T @ weighted)))
        return np.asarray(max(between / room, 0.0) + inside / size)


def difference_of_clusters(
    treated: Clusters,
    comparison: Clusters,
    measure: str,
    *,
    covariates: Sequence[str] = (),
    unit: str,
    level: float = 0.95,
    name: str | None = None,
) -> Estimate:
    """How much larger is the mean of `measure` per customer in the treated clusters?

    Parameters
    ----------
    treated, comparison : Clusters
        With the same measures.
    measure : str
    covariates : sequence of str
        Measures known before the assignment; the difference is adjusted for the clusters' means of them.
    unit : str
        Unit of the difference, per customer.
    level : float
    name : str, optional

    Returns
    -------
    Estimate
        Counts are customers; the clusters are told in `method`.

    Raises
    ------
    DesignError
        If a group has fewer than 5 clusters, there are fewer than 10 for each group and each covariate, or arm and
        covariates cannot be told apart.

    Assumes
    -------
    Clusters are independent of one another and were randomised as wholes. In 4,000 samples each of 12 to 60 clusters,
    sizes lognormal with a sigma of 0.5 and 1.2, the 95 % interval held the truth in 94 to 97.5 % (the usual one of
    `clustered` in 80 to 95 %).

    Source
    ------
    Variance CR2 of Bell and McCaffrey (2002), Survey Methodology 28; degrees of freedom after Imbens and Kolesár
    (2016), Review of Economics and Statistics 98, with random effects whose variance the analysis of variance gives.
    Reference values: tests/golden/clusters.

    Examples
    --------
    >>> shops = Clusters(("orders",), np.array([10.0, 20, 30, 10, 20]), np.array([[10.0], [24], [30], [8], [18]]),
    ...                  np.array([10.0, 30, 40, 8, 18]).reshape(-1, 1, 1))
    >>> others = Clusters(("orders",), shops.size, shops.sums / 2, shops.products / 4)
    >>> found = difference_of_clusters(shops, others, "orders", unit="orders per customer")
    >>> round(found.value, 6), round(found.se, 6), found.n_treated
    (0.5, 0.068284, 90)
    """
    if treated.names != comparison.names:
        raise ValueError(f"Groups are compared by the same measures: {treated.names} and {comparison.names} differ.")
    counts = (len(treated.size), len(comparison.size))
    if min(counts) < FEWEST_CLUSTERS:
        raise DesignError(
            f"`{name or measure}`: the two groups hold {counts[0]} and {counts[1]} clusters; each needs "
            f"{FEWEST_CLUSTERS}. Randomise more clusters, or finer ones."
        )
    needed = CLUSTERS_PER_COVARIATE * (len(covariates) + 2) if covariates else 0
    if sum(counts) < needed:
        raise DesignError(
            f"`{name or measure}`: adjusting for {len(covariates)} covariates needs {needed} clusters; there are "
            f"{sum(counts)}. Name fewer covariates, or none."
        )
    both, fit = fit_of_arms(treated, comparison, covariates)
    contrast = np.array([1.0, -1.0, *[0.0] * len(covariates)])
    of = both.weights({measure: 1.0})
    coefficients = fit.coefficients(of)
    slopes = both.weights(dict(zip(covariates, coefficients[2:], strict=True)))
    value, se = float(contrast @ coefficients), math.sqrt(fit.error(contrast, of))
    half = float(special.stdtrit(fit.freedom(contrast, of, slopes), (1 + level) / 2)) * se if se > 0 else 0.0
    several = "s" if len(covariates) > 1 else ""
    adjusted = f", adjusted for {len(covariates)} covariate{several}" if covariates else ""
    return Estimate(
        name=name or measure,
        value=value,
        low=value - half,
        high=value + half,
        level=level,
        se=se,
        scale="difference",
        unit=unit,
        n_treated=round(float(treated.size.sum())),
        n_comparison=round(float(comparison.size.sum())),
        method=f"difference in means by cluster (CR2), {counts[0]} against {counts[1]} clusters{adjusted}",
    )


def fit_of_arms(treated: Clusters, comparison: Clusters, covariates: Sequence[str] = ()) -> tuple[Clusters, Fit]:
    """Both groups' clusters together, and their fit: a mean for each group, then a slope for each covariate.

    Measures are taken from their overall means, so that large numbers lose no digits.

    Examples
    --------
    >>> one = Clusters.from_rows(("orders",), [0, 1], [[2], [4]])
    >>> other = Clusters.from_rows(("orders",), [0, 1], [[1], [2]])
    >>> both, fit = fit_of_arms(one, other)
    >>> (fit.coefficients(np.array([1.0])) @ [1, -1]).round(6).tolist()
    1.5
    """
    both = Clusters(
        treated.names,
        np.concatenate([treated.size, comparison.size]),
        np.concatenate([treated.sums, comparison.sums]),
        np.concatenate([treated.products, comparison.products]),
    )
    both = both.shifted(both.sums.sum(axis=0) / both.size.sum())
    arm = np.arange(len(both.size)) < len(treated.size)
    means = [both.sums @ both.weights({covariate: 1.0}) / both.size for covariate in covariates]
    return both, Fit.of(both, np.column_stack([arm, ~arm, *means]).astype(float))
