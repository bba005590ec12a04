"""Likeness within clusters: by hand, against the analysis of variance, against a planted one, and bad input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from statsmodels.stats.anova import anova_lm

from analysis.inference.intracluster import Intracluster, intracluster


def of_rows(values: np.ndarray, cluster: np.ndarray) -> Intracluster:
    sizes = np.bincount(cluster).astype(float)
    return intracluster(np.bincount(cluster, weights=values), sizes, float((values**2).sum()))


def test_by_hand() -> None:
    """Pairs (1, 2), (3, 4), (5, 6), (7, 8): mean square between 40/3, within 2/4; (13.33 - 0.5) / (13.33 + 0.5)."""
    found = intracluster([3, 7, 11, 15], [2, 2, 2, 2], 204)
    assert found.correlation == pytest.approx((40 / 3 - 0.5) / (40 / 3 + 0.5), rel=1e-12)
    assert (found.clusters, found.members, found.size_variation) == (4, 2.0, 0.0)


def test_as_the_analysis_of_variance_says() -> None:
    rng = np.random.default_rng(3)
    cluster = np.repeat(np.arange(30), 8)
    values = rng.normal(size=240) + rng.normal(size=30)[cluster]
    table = anova_lm(smf.ols("y ~ C(c)", pd.DataFrame({"y": values, "c": cluster})).fit())
    ratio = table["F"].iloc[0]
    assert of_rows(values, cluster).correlation == pytest.approx((ratio - 1) / (ratio - 1 + 8), rel=1e-9)


def test_a_planted_likeness_comes_back_with_its_price() -> None:
    """Correlation 0.2 and clusters of 5 to 15: over 40 companies of 400 clusters the mean is 0.2 within 0.01.

    The design effect is near 1 + (mean size, weighted by size, less 1) x 0.2.
    """
    rng = np.random.default_rng(4)
    found = []
    for _ in range(40):
        sizes = rng.integers(5, 16, 400)
        cluster = np.repeat(np.arange(400), sizes)
        values = 3 + rng.normal(0, 0.2**0.5, 400)[cluster] + rng.normal(0, 0.8**0.5, len(cluster))
        found.append((of_rows(values, cluster), (sizes**2).sum() / sizes.sum()))
    assert np.mean([one.correlation for one, _ in found]) == pytest.approx(0.2, abs=0.01)
    expected = np.mean([1 + (members - 1) * 0.2 for _, members in found])
    assert np.mean([one.design_effect for one, _ in found]) == pytest.approx(expected, rel=0.03)


def test_customers_dealt_out_by_chance_are_not_alike() -> None:
    rng = np.random.default_rng(5)
    found = of_rows(rng.gamma(2, size=20_000), np.repeat(np.arange(2000), 10))
    assert abs(found.correlation) < 0.01
    assert found.design_effect == pytest.approx(1, abs=0.1)


def test_laws() -> None:
    rng = np.random.default_rng(6)
    cluster = np.repeat(np.arange(20), rng.integers(2, 9, 20))
    values = rng.normal(size=len(cluster)) + rng.normal(size=20)[cluster]
    one, scaled = of_rows(values, cluster), of_rows(100 * values, cluster)
    assert scaled.correlation == pytest.approx(one.correlation, rel=1e-9)
    order = rng.permutation(len(cluster))
    assert of_rows(values[order], cluster[order]).design_effect == pytest.approx(one.design_effect, rel=1e-9)


@pytest.mark.parametrize(
    ("totals", "sizes", "squares", "words"),
    [
        ([3.0], [2.0], 5.0, "two clusters"),
        ([3.0, 1.0], [2.0, 0.0], 5.0, "with members"),
        ([3.0, 1.0], [1.0, 1.0], 10.0, "one member"),
        ([2.0, 4.0], [1.0, 2.0], 12.0, "does not vary"),
    ],
)
def test_what_has_no_likeness(totals: list[float], sizes: list[float], squares: float, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        intracluster(totals, sizes, squares)
