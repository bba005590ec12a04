"""Weights of the simplex: by hand, against the conditions of an optimum, and against a general minimiser."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

from analysis.foundation.errors import DesignError
from analysis.inference.simplex import simplex_weights


def drawn(n, k, seed=0):
    rng = np.random.default_rng(seed)
    columns = rng.normal(size=(n, k)).cumsum(axis=0) + 5 * rng.normal(size=k)
    return columns, columns[:, :3].mean(axis=1) + rng.normal(size=n)


def loss(weights, columns, target, ridge, *, intercept):
    left = columns @ weights - target
    left = left - left.mean() if intercept else left
    return float(np.mean(left**2) + ridge**2 * np.sum(weights**2))


def test_two_columns_by_hand():
    """Target 3 between 2 and 6: w·2 + (1 − w)·6 = 3 at w = 3/4; outside them the nearer one takes all."""
    assert simplex_weights([[2.0, 6.0]], [3.0], ridge=1e-6, intercept=False) == pytest.approx([0.75, 0.25], abs=1e-9)
    assert simplex_weights([[2.0, 6.0]], [1.0], ridge=1e-6, intercept=False).tolist() == [1.0, 0.0]
    # A heavy ridge gives the plain mean: the columns hardly count.
    assert simplex_weights([[2.0, 6.0]], [1.0], ridge=1e4, intercept=False) == pytest.approx([0.5, 0.5], abs=1e-6)


@pytest.mark.parametrize(("n", "k", "ridge"), [(19, 38, 0.5), (38, 19, 1e-6), (19, 38, 1e-6), (10, 60, 1e-3)])
@pytest.mark.parametrize("intercept", [True, False])
def test_conditions_of_the_optimum_hold_exactly(n, k, ridge, intercept):
    """No negative weight; the gradient is equal where there is weight and nowhere lower (to 1e-10 of its scale)."""
    columns, target = drawn(n, k)
    weights = simplex_weights(columns, target, ridge=ridge, intercept=intercept)
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1, abs=1e-12)
    left, right = (columns - columns.mean(axis=0), target - target.mean()) if intercept else (columns, target)
    gradient = left.T @ (left @ weights - right) / n + ridge**2 * weights
    scale = float((left**2).mean())
    assert np.ptp(gradient[weights > 0]) <= 1e-10 * scale
    assert gradient.min() >= gradient @ weights - 1e-10 * scale
    begun = simplex_weights(columns, target, ridge=ridge, intercept=intercept, start=np.full(k, 1 / k))
    np.testing.assert_allclose(begun, weights, atol=1e-8)


def test_a_general_minimiser_finds_nothing_better():
    """SLSQP, good to about 1e-6 in the weights."""
    columns, target = drawn(20, 8, seed=3)
    found = simplex_weights(columns, target, ridge=0.3, intercept=True)
    other = minimize(
        lambda w: loss(w, columns, target, 0.3, intercept=True),
        np.full(8, 1 / 8),
        method="SLSQP",
        bounds=[(0, 1)] * 8,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-14, "maxiter": 500},
    )
    assert loss(found, columns, target, 0.3, intercept=True) <= other.fun + 1e-12
    np.testing.assert_allclose(found, other.x, atol=1e-5)


def test_order_and_unit_do_not_matter():
    columns, target = drawn(15, 12, seed=5)
    found = simplex_weights(columns, target, ridge=0.2, intercept=True)
    order = np.random.default_rng(1).permutation(12)
    np.testing.assert_allclose(
        simplex_weights(columns[:, order], target, ridge=0.2, intercept=True), found[order], atol=1e-10
    )
    np.testing.assert_allclose(
        simplex_weights(1e6 * columns, 1e6 * target, ridge=2e5, intercept=True), found, atol=1e-10
    )
    twice = simplex_weights(np.column_stack([columns, columns[:, 0]]), target, ridge=0.2, intercept=True)
    assert twice[0] == pytest.approx(twice[-1], abs=1e-10)


def test_nothing_to_weight_and_no_ridge_are_refused():
    with pytest.raises(DesignError, match="no column was given"):
        simplex_weights(np.empty((3, 0)), [1.0, 2.0, 3.0], ridge=1.0, intercept=True)
    with pytest.raises(DesignError, match="ridge must lie above 0, not 0"):
        simplex_weights([[1.0, 2.0]], [1.0], ridge=0.0, intercept=True)
