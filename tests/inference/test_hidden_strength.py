"""Strength of recorded causes: partial R² as ordinary regressions have it."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.foundation.errors import DesignError
from analysis.inference.hidden_strength import recorded_strengths


def some(n: int = 500) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((n, 3))
    arm = x[:, 0] + rng.standard_normal(n) > 0
    return x[:, 0] + 0.5 * x[:, 2] + arm + rng.standard_normal(n), arm, x


def test_statsmodels_has_the_same_t_and_partial_r2() -> None:
    y, arm, x = some()
    found = recorded_strengths(y, arm, x, {"both": [0, 1], "last": [2]})
    fit = sm.OLS(y, sm.add_constant(np.column_stack([arm, x]))).fit()
    assert (found.coefficient, found.se, found.dof) == pytest.approx((fit.params[1], fit.bse[1], fit.df_resid))
    assert found.recorded["last"].outcome == pytest.approx(fit.tvalues[4] ** 2 / (fit.tvalues[4] ** 2 + fit.df_resid))
    short = sm.OLS(y, sm.add_constant(np.column_stack([arm, x[:, 2]]))).fit()
    assert found.recorded["both"].outcome == pytest.approx(1 - fit.ssr / short.ssr)
    whole, part = (sm.OLS(arm * 1.0, sm.add_constant(one)).fit() for one in (x, x[:, [2]]))
    assert found.recorded["both"].treatment == pytest.approx(1 - whole.ssr / part.ssr)
    assert found.strongest == "both"


def test_weights_are_those_of_weighted_least_squares() -> None:
    y, arm, x = some()
    weights = np.random.default_rng(2).uniform(0.5, 2, len(y))
    found = recorded_strengths(y, arm, x, {"last": [2]}, weights=weights)
    fit = sm.WLS(y, sm.add_constant(np.column_stack([arm, x])), weights=weights).fit()
    assert found.coefficient == pytest.approx(fit.params[1])
    assert found.dof == pytest.approx(weights.sum() ** 2 / (weights**2).sum() - 5)
    scaled = recorded_strengths(y, arm, x, {"last": [2]}, weights=7 * weights)
    assert (scaled.se, scaled.dof) == pytest.approx((found.se, found.dof))


def test_what_is_refused() -> None:
    y, arm, x = some(50)
    with pytest.raises(DesignError, match="tell the groups apart"):
        recorded_strengths(y, arm, np.column_stack([x, arm]), {})
    with pytest.raises(DesignError, match="Too few"):
        recorded_strengths(y[:5], arm[:5], x[:5], {}) if arm[:5].any() and not arm[:5].all() else pytest.fail("arms")
