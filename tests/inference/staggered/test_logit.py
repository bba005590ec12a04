"""The logit behind the weights: statsmodels' answer, stretches of rows, weights, and what cannot be fitted."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.logit import fit_logit


def test_the_answer_of_another_package() -> None:
    """statsmodels' GLM on the same rows, with weights. Tolerance: where its iterations end."""
    sm = pytest.importorskip("statsmodels.api")
    rng = np.random.default_rng(1)
    x = np.column_stack([np.ones(500), rng.normal(size=(500, 3))])
    weights = rng.uniform(0.5, 2, size=500)
    treated = np.arange(500) < 150
    x[treated, 1] += 0.7
    theirs = sm.GLM(treated.astype(float), x, family=sm.families.Binomial(), freq_weights=weights).fit(tol=1e-14)
    found = fit_logit(x, weights, [(slice(0, 150), True), (slice(150, 300), False), (slice(300, 500), False)], where="")
    np.testing.assert_allclose(found.coefficients, theirs.params, rtol=0, atol=1e-9)
    np.testing.assert_allclose(found.covariance, theirs.cov_params(), rtol=1e-6)
    again = fit_logit(x, weights, [(slice(0, 150), True), (slice(150, 500), False)], start=np.ones(4), where="")
    np.testing.assert_allclose(found.coefficients, again.coefficients, rtol=0, atol=1e-12)


def test_a_far_start_comes_back() -> None:
    """A full Newton step from here would overshoot; halving finds the maximum all the same."""
    rng = np.random.default_rng(2)
    x = np.column_stack([np.ones(400), rng.normal(size=400)])
    rows = [(slice(0, 100), True), (slice(100, 400), False)]
    near = fit_logit(x, None, rows, where="cohort 3")
    far = fit_logit(x, None, rows, start=np.array([3.0, -4.0]), where="cohort 3")
    np.testing.assert_allclose(near.coefficients, far.coefficients, rtol=0, atol=1e-11)


def test_what_cannot_be_fitted() -> None:
    x = np.column_stack([np.ones(40), np.arange(40.0)])
    rows = [(slice(0, 20), True), (slice(20, 40), False)]
    with pytest.raises(DesignError, match="cohort 3: the covariates tell its 20 treated units from its 20 controls"):
        fit_logit(x, None, rows, where="cohort 3")
    doubled = np.column_stack([x, 2 * x[:, 1] - 1])
    with pytest.raises(DesignError, match="among its 40 units the covariates determine each other"):
        fit_logit(doubled, None, rows, where="cohort 3")
