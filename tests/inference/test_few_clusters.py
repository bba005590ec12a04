"""Few and uneven clusters: a case by hand, statsmodels, coverage where the usual error fails, and the laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import special

from analysis.foundation.errors import DesignError
from analysis.inference.few_clusters import Clusters, difference_of_clusters, fit_of_arms

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/clusters/reference.json").read_text())


def arms_of(rows: dict) -> tuple[Clusters, Clusters]:
    arm = np.array(rows["arm"])
    values = np.column_stack([rows["orders"], rows["before"]])
    one, other = (
        Clusters.from_rows(("orders", "before"), np.array(rows["cluster"])[arm == which], values[arm == which])
        for which in (1, 0)
    )
    return one, other


def shops(means, sizes) -> Clusters:
    """Clusters all of whose customers do the same."""
    size, mean = np.array(sizes, dtype=float), np.array(means, dtype=float)
    return Clusters(("orders",), size, (size * mean)[:, None], (size * mean**2)[:, None, None])


def test_by_hand() -> None:
    """Five shops of 4 customers with means 1 to 5 against five with means 0: difference 3.

    With equal clusters CR2 is the sample variance over the clusters: 2.5 / 5 and 0, so the error is 0.707107. The five
    clusters without spread take part in nothing, yet the model gives all clusters one variance: 8 degrees of freedom.
    """
    found = difference_of_clusters(shops([1, 2, 3, 4, 5], [4] * 5), shops([0] * 5, [4] * 5), "orders", unit="orders")
    assert found.value == pytest.approx(3)
    assert found.se == pytest.approx(0.5**0.5)
    assert found.high - found.value == pytest.approx(special.stdtrit(8, 0.975) * 0.5**0.5)
    assert (found.n_treated, found.n_comparison) == (20, 20)


@pytest.mark.parametrize("case", range(3))
def test_statsmodels_says_the_same(case: int) -> None:
    """1e-9: closed forms of the same sums."""
    held = GOLDEN["cases"][case]
    one, other = arms_of(held["rows"])
    plain = difference_of_clusters(one, other, "orders", unit="orders per customer")
    assert (plain.value, plain.se) == pytest.approx((held["plain"]["value"], held["plain"]["se"]), rel=1e-9)
    _, fit = fit_of_arms(one, other, ("before",))
    contrast, of = np.array([1.0, -1.0, 0.0]), np.array([1.0, 0.0])
    found = (contrast @ fit.coefficients(of), fit.error(contrast, of) ** 0.5)
    assert found == pytest.approx((held["adjusted"]["value"], held["adjusted"]["se"]), rel=1e-9)


def test_degrees_of_freedom_are_those_of_the_whole_matrices() -> None:
    """The second road: the quadratic form written out, and its mean and spread under the same covariance."""
    one, other = arms_of(GOLDEN["cases"][1]["rows"])
    both, fit = fit_of_arms(one, other, ("before",))
    contrast, of = np.array([1.0, -1.0, 0.0]), np.array([1.0, 0.0])
    slopes = np.array([0.0, fit.coefficients(of)[2]])
    spread = np.diag(fit._spread(of - slopes))
    rest = np.eye(len(both.size)) - fit.columns @ fit.onto
    form = rest.T @ np.diag((contrast @ fit.onto) ** 2 / fit.free) @ rest @ spread
    assert fit.freedom(contrast, of, slopes) == pytest.approx(np.trace(form) ** 2 / np.trace(form @ form), rel=1e-9)


def test_adjusting_needs_clusters_and_narrows() -> None:
    few, many = (arms_of(GOLDEN["cases"][case]["rows"]) for case in (0, 2))
    with pytest.raises(DesignError, match="adjusting for 1 covariates needs 30 clusters; there are 12"):
        difference_of_clusters(*few, "orders", covariates=["before"], unit="orders")
    plain = difference_of_clusters(*many, "orders", unit="orders")
    adjusted = difference_of_clusters(*many, "orders", covariates=["before"], unit="orders")
    assert adjusted.se < 0.9 * plain.se
    assert adjusted.method.endswith("adjusted for 1 covariate")


def test_laws() -> None:
    one, other = arms_of(GOLDEN["cases"][1]["rows"])
    there, back = (difference_of_clusters(*pair, "orders", unit="o") for pair in ((one, other), (other, one)))
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))
    turned = [Clusters(part.names, part.size[::-1], part.sums[::-1], part.products[::-1]) for part in (one, other)]
    again = difference_of_clusters(*turned, "orders", unit="o")
    assert (again.low, again.high) == pytest.approx((there.low, there.high), rel=1e-12)
    lifted = [part.shifted(np.array([-1e6, 0.0])) for part in (one, other)]
    far = difference_of_clusters(*lifted, "orders", unit="o")
    assert (far.value, far.low, far.high) == pytest.approx((there.value, there.low, there.high), rel=1e-5)
    assert lifted[0].size is one.size
    assert one.sums.tolist() == arms_of(GOLDEN["cases"][1]["rows"])[0].sums.tolist()


def test_bad_input() -> None:
    few, enough = shops([1, 2, 3, 4], [3] * 4), shops([1, 2, 3, 4, 5], [3] * 5)
    with pytest.raises(DesignError, match="4 and 5 clusters; each needs 5"):
        difference_of_clusters(few, enough, "orders", unit="orders")
    with pytest.raises(KeyError, match="no measure `revenue` among orders"):
        difference_of_clusters(enough, enough, "revenue", unit="EUR")
    with pytest.raises(ValueError, match="one customer at least"):
        shops([1.0], [0])
    with pytest.raises(ValueError, match="finite"):
        shops([np.nan], [2])
    with pytest.raises(ValueError, match="same measures"):
        difference_of_clusters(enough, arms_of(GOLDEN["cases"][0]["rows"])[0], "orders", unit="orders")
    one, other = arms_of(GOLDEN["cases"][2]["rows"])
    with pytest.raises(DesignError, match="say the same"):
        fit_of_arms(one, other, ("before", "before"))
    for far in (1.0, 1000.37):
        still = shops([2 + far] * 5, [3, 7, 1, 2, 9]), shops([far] * 5, [3] * 5)
        assert difference_of_clusters(*still, "orders", unit="orders").se == 0


@pytest.mark.parametrize(("clusters", "spread", "alike"), [(12, 1.2, 0.01), (12, 0.5, 0.2), (60, 1.2, 0.2)])
def test_the_interval_covers_where_the_usual_one_does_not(clusters: int, spread: float, alike: float) -> None:
    """1,000 experiments without effect, sizes lognormal around 33: 95 % may be missed by 2.58 Monte Carlo errors below
    and, since the degrees of freedom are estimated from few clusters, covered in up to 98.5 %.
    """
    rng = np.random.default_rng(5)
    held = usual = 0
    for _ in range(1000):
        size = np.ceil(np.exp(rng.normal(3.5, spread, clusters)))
        mean = rng.normal(0, alike**0.5, clusters) + rng.normal(0, ((1 - alike) / size) ** 0.5)
        inside = (1 - alike) * rng.chisquare(size) * (size > 1)
        both = Clusters(("y",), size, (mean * size)[:, None], (size * mean**2 + inside)[:, None, None])
        half = clusters // 2
        one, other = (
            Clusters(("y",), both.size[part], both.sums[part], both.products[part])
            for part in (slice(half), slice(half, None))
        )
        found = difference_of_clusters(one, other, "y", unit="units")
        held += found.low <= 0 <= found.high
        parts = [((g.sums[:, 0] - g.size * (g.sums.sum() / g.size.sum())) / g.size.sum()) ** 2 for g in (one, other)]
        error = sum(part.sum() * half / (half - 1) for part in parts) ** 0.5
        usual += abs(found.value) <= 1.96 * error
    assert 0.932 <= held / 1000 <= 0.985
    assert usual < held
    assert spread < 1 or usual / 1000 < 0.91
