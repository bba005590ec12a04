"""Many clusters from moments: statsmodels, agreement with the clusters themselves, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference import clustered
from analysis.inference.clustered import clustered_difference, effective_clusters
from analysis.inference.few_clusters import Clusters, difference_of_clusters
from analysis.inference.moments import Moments

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/clusters/reference.json").read_text())
NAMES = ("orders", "before", "customers")


def groups(rows: dict) -> list[Moments]:
    code, arm = np.array(rows["cluster"]), np.array(rows["arm"])
    found = []
    for which in (1, 0):
        members = [np.flatnonzero(code == cluster) for cluster in np.unique(code[arm == which])]
        sums = [[sum(round(rows[n][at] * 10_000) for at in m) for n in ("orders", "before")] for m in members]
        table = [(o / 10_000, b / 10_000, len(m)) for (o, b), m in zip(sums, members, strict=True)]
        found.append(Moments.from_rows(NAMES, table))
    return found


def test_statsmodels_says_the_same() -> None:
    """Each arm's error is that of a constant with errors clustered; 1e-9: closed forms of the same sums."""
    held = GOLDEN["cases"][2]
    found = clustered_difference(*groups(held["rows"]), "orders", "customers", unit="orders per customer")
    arms = held["arms"]
    expected = (arms["1"]["mean"] - arms["0"]["mean"], (arms["1"]["se"] ** 2 + arms["0"]["se"] ** 2) ** 0.5)
    assert (found.value, found.se) == pytest.approx(expected, rel=1e-9)
    assert found.n_treated + found.n_comparison == len(held["rows"]["arm"])


def test_by_hand() -> None:
    """40 shops with 4 and 40 with 8 orders from 2 customers each against none: mean 3.

    Residuals are ±2 a shop, so the variance of the total is 4 · 80/79 and that of the mean 4 · 80/79 / 80 / 2².
    """
    one = Moments.from_rows(("orders", "customers"), [[4, 2], [8, 2]] * 40)
    other = Moments.from_rows(("orders", "customers"), [[0, 2]] * 80)
    found = clustered_difference(one, other, "orders", "customers", unit="orders per customer")
    assert found.value == 3
    assert found.se == pytest.approx((1 / 79) ** 0.5)


def test_many_alike_clusters_say_the_same_by_either_road() -> None:
    rng = np.random.default_rng(3)
    size = rng.integers(8, 13, 800)
    total = rng.poisson(2.0 * size * rng.gamma(20, 1 / 20, 800))
    parts = [slice(0, 400), slice(400, 800)]
    one, other = (Moments.from_rows(("t", "n"), np.column_stack([total, size])[p].tolist()) for p in parts)
    by_moments = clustered_difference(one, other, "t", "n", unit="orders")
    few = [
        Clusters(("t",), size[p].astype(float), total[p, None].astype(float), (total[p] ** 2 / size[p])[:, None, None])
        for p in parts
    ]
    by_clusters = difference_of_clusters(*few, "t", unit="orders")
    assert by_moments.value == pytest.approx(by_clusters.value, rel=1e-12)
    assert by_moments.se == pytest.approx(by_clusters.se, rel=1e-3)
    assert by_moments.high == pytest.approx(by_clusters.high, rel=1e-2)


def test_an_adjustment_takes_off_what_was_known_before() -> None:
    rng = np.random.default_rng(8)
    size = rng.integers(5, 15, 400)
    before = rng.normal(0, 2, 400)
    total = np.round(size * (1 + before + rng.normal(0, 0.3, 400)), 6)
    table = np.column_stack([total, np.round(size * before, 6), size]).tolist()
    one, other = (Moments.from_rows(("t", "b", "n"), part) for part in (table[:200], table[200:]))
    plain = clustered_difference(one, other, "t", "n", unit="orders")
    adjusted = clustered_difference(one, other, "t", "n", covariates=["b"], unit="orders")
    assert adjusted.se < 0.25 * plain.se
    assert adjusted.low < 0 < adjusted.high
    with pytest.raises(DesignError, match="say the same twice"):
        clustered_difference(one, other, "t", "n", covariates=["b", "b"], unit="orders")


def test_few_or_uneven_clusters_are_refused() -> None:
    """80 clusters of which one holds half of the customers count for about 4."""
    even = Moments.from_rows(("t", "n"), [[place % 7, 10] for place in range(80)])
    uneven = Moments.from_rows(("t", "n"), [[place % 7, 10 if place else 790] for place in range(80)])
    assert effective_clusters(even, "n") == 80
    assert effective_clusters(uneven, "n") == pytest.approx(1580**2 / (790**2 + 79 * 100))
    with pytest.raises(DesignError, match=r"80 clusters of a group count for 3\.95 of one size"):
        clustered_difference(even, uneven, "t", "n", unit="orders")
    assert effective_clusters(Moments.from_rows(("t", "n"), []), "n") == 0
    assert clustered.FEWEST_EFFECTIVE == 40


def test_more_covariates_than_the_clusters_can_bear_are_refused() -> None:
    """45 clusters and 3 covariates: 15 each, where the error takes the slopes as known. Two are 22 each."""
    rng = np.random.default_rng(3)
    names = ("total", "size", "a", "b", "c")

    def group() -> Moments:
        return Moments.from_rows(
            names, [[one, 10, *rng.integers(0, 90, 3)] for one in rng.integers(50, 90, 45).tolist()]
        )

    one, other = group(), group()
    with pytest.raises(DesignError, match=r"45 clusters for 3 covariates; an adjustment needs 20 for each"):
        clustered_difference(one, other, "total", "size", covariates=["a", "b", "c"], unit="orders per customer")
    assert clustered_difference(one, other, "total", "size", covariates=["a", "b"], unit="orders per customer").se > 0
