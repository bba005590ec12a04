"""Weights, what they are worth, and an error that knows the propensity was estimated."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.foundation.errors import DesignError
from analysis.inference.weighting import (
    effective_size,
    odds_weights,
    standardised_differences,
    weighted_difference,
    weights_of,
)


def some(n: int = 250) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((n, 2))
    arm = rng.random(n) < 1 / (1 + np.exp(0.5 - x[:, 0]))
    return x[:, 0] * 2 + arm + rng.standard_normal(n), x, arm


def test_weights_sum_to_the_treated() -> None:
    weights = odds_weights([0.4, 0.2, 0.5, 0.8], [True, True, False, False])
    assert weights.tolist() == pytest.approx([1, 1, 2 * 1 / 5, 2 * 4 / 5])
    assert effective_size(weights[2:]) == pytest.approx(4 / (0.16 + 2.56))


def test_the_error_is_that_of_the_infinitesimal_jackknife() -> None:
    """Each row weighs a hair more in statsmodels' logit and in the means: what the estimate moves is its influence.

    The hair is 1e-5, so that the two agree to about as much.
    """
    y, x, arm = some(120)

    def estimate(weight: np.ndarray) -> float:
        design = sm.add_constant(x)
        model = sm.GLM(arm.astype(float), design, family=sm.families.Binomial(), freq_weights=weight)
        odds = np.exp(design @ model.fit(tol=1e-12).params)
        return float(np.average(y[arm], weights=weight[arm]) - np.average(y[~arm], weights=(odds * weight)[~arm]))

    found = weighted_difference(y, x, arm, name="y", unit="points")
    whole = estimate(np.ones(120))
    moved = [(estimate(np.ones(120) + 1e-5 * (np.arange(120) == row)) - whole) / 1e-5 for row in range(120)]
    assert found.value == pytest.approx(whole, rel=1e-8)
    assert found.se == pytest.approx(np.sqrt((np.array(moved) ** 2).sum()), rel=1e-4)
    assert found.low < found.value < found.high


def test_columns_that_say_nothing_more_change_nothing() -> None:
    y, x, arm = some()
    more = np.column_stack([x, x[:, 0] - 2 * x[:, 1], np.ones(len(y)), x[:, 0]])
    found, other = (weighted_difference(y, one, arm, name="y", unit="points") for one in (x, more))
    assert other.value == pytest.approx(found.value, rel=1e-6)
    assert other.se == pytest.approx(found.se, rel=1e-6)


def test_weighting_makes_alike() -> None:
    """A logit's own moments: weighted means of its covariates come near those of the treated."""
    from analysis.inference.propensity import logit_scores

    _y, x, arm = some(2000)
    weights = odds_weights(logit_scores(x, arm, x), arm)
    before, after = standardised_differences(x, arm), standardised_differences(x, arm, weights)
    assert abs(before[0]) > 0.5
    assert np.abs(after).max() < 0.05


def test_what_only_differs_between_groups_is_without_bound() -> None:
    arm = np.array([True, True, False, False])
    found = standardised_differences([[1, 5], [1, 5], [0, 5], [0, 5]], arm)
    assert np.isinf(found[0])
    assert found[1] == 0


def test_what_is_refused() -> None:
    y, x, arm = some(50)
    with pytest.raises(DesignError, match="groups is empty"):
        odds_weights([0.5, 0.5], [True, True])
    with pytest.raises(DesignError, match="None of 1 comparison rows is like the treated"):
        weights_of([0.3, 0.0], [True, False])
    with pytest.raises(DesignError, match="missing"):
        weighted_difference(y, np.where(x > 1, np.nan, x), arm, name="y", unit="points")
    with pytest.raises(DesignError, match="tell the groups apart"):
        weighted_difference(y, arm[:, None] * 1.0, arm, name="y", unit="points")


def test_a_customer_in_many_rows_counts_once_in_the_error() -> None:
    y, x, arm = some()
    once = weighted_difference(y, x, arm, name="y", unit="points")
    twice = [np.concatenate([part, part]) for part in (y, x, arm)]
    customer = np.tile(np.arange(len(y)) * 7, 2)
    told = weighted_difference(*twice, name="y", unit="points", customer=customer)
    assert (told.value, told.se) == pytest.approx((once.value, once.se), rel=1e-6)
    assert (told.n_treated, told.n_comparison) == (once.n_treated, once.n_comparison)
    assert weighted_difference(*twice, name="y", unit="points").se < 0.75 * once.se
