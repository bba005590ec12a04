"""How alike are the members of a cluster, and what does it cost to assign whole clusters?

The intracluster correlation from one-way analysis of variance, and the design effect: how many times larger the
variance of a mean is than if the same customers had been assigned one by one. Sizes and power follow from the
clusters' own spread (`power`), which needs neither; these two numbers say in the field's words what it amounts to.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike


@dataclass(frozen=True, slots=True, kw_only=True)
class Intracluster:
    """Likeness within clusters, and its price.

    Parameters
    ----------
    correlation : float
        Intracluster correlation; slightly below zero where clusters are no more alike than chance makes them.
    design_effect : float
        Variance of the mean under assignment by cluster over that under assignment one by one.
    clusters : int
    members : float
        Mean size of a cluster.
    size_variation : float
        Standard deviation of the sizes over their mean.
    """

    correlation: float
    design_effect: float
    clusters: int
    members: float
    size_variation: float


def intracluster(totals: ArrayLike, sizes: ArrayLike, sum_of_squares: float) -> Intracluster:
    """How alike are the members of clusters, from each cluster's total?

    Parameters
    ----------
    totals, sizes : array of float, shape (n_clusters,)
        Sum of the outcome over a cluster's members, and their number.
    sum_of_squares : float
        Of the outcome, over all members of all clusters.

    Raises
    ------
    ValueError
        If there are fewer than two clusters, empty ones, none with two members, or nothing varies.

    Source
    ------
    Donner and Koval (1980), Biometrics 36, for the analysis-of-variance estimator with unequal sizes; Kish (1965) for
    the design effect, here that of the ratio of totals, from the clusters' own spread.

    Examples
    --------
    >>> found = intracluster([3, 7, 11, 15], [2, 2, 2, 2], 204)  # pairs 1,2  3,4  5,6  7,8
    >>> round(found.correlation, 6), round(found.design_effect, 6)
    (0.927711, 2.222222)
    """
    total, size = np.asarray(totals, dtype=float), np.asarray(sizes, dtype=float)
    k, n = len(total), float(size.sum())
    if k < 2 or len(size) != k or size.min(initial=1) <= 0:
        raise ValueError(f"Likeness within clusters needs two clusters with members at least; there are {k}.")
    if n <= k:
        raise ValueError("Every cluster has one member; customers assigned by such clusters are assigned one by one.")
    mean = math.fsum(total) / n
    between = math.fsum(size * (total / size - mean) ** 2)
    whole = sum_of_squares - n * mean**2
    within = max(whole - between, 0.0)
    if whole <= 1e-12 * max(abs(sum_of_squares), 1e-300):
        raise ValueError("The outcome does not vary, so that nothing can be said of clusters.")
    usual = (n - math.fsum(size**2) / n) / (k - 1)
    mean_between, mean_within = between / (k - 1), within / (n - k)
    members = n / k
    spread = math.fsum((total - mean * size) ** 2) / (k - 1) / members**2 / k
    return Intracluster(
        correlation=(mean_between - mean_within) / (mean_between + (usual - 1) * mean_within),
        design_effect=spread / (whole / (n - 1) / n),
        clusters=k,
        members=members,
        size_variation=float(size.std(ddof=1)) / members,
    )
