"""Regression with AR(1) errors: by hand, against dense matrices, against statsmodels, and its coverage."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import integrate, optimize, stats
from scipy.linalg import toeplitz

from analysis.foundation.errors import DesignError
from analysis.inference.ar1_fit import effective_degrees
from analysis.inference.ar1_reml import RHO_LIMIT, ar1_reml
from analysis.inference.averaged_t import averaged_quantile
from analysis.inference.interrupted import segment_terms
from analysis.runner.proving.series import METHODS, series_records
from analysis.synthetic.monthly_series import autoregressive


def made(n=30, rho=0.5, series=1, seed=1, at=None):
    design = segment_terms(n, n // 2 if at is None else at, slope=True)[1]
    errors = autoregressive(rho, (series, n), np.random.default_rng(seed))
    return design, 10 + 0.2 * np.arange(n) + 2 * design[:, 2] + errors


def dense_criterion(rho, design, outcome):
    """−2 log restricted likelihood by the inverse of the full matrix, without constants of n and k."""
    n, k = design.shape
    correlation = toeplitz(rho ** np.arange(n)) / (1 - rho**2)
    inverse = np.linalg.inv(correlation)
    inner = design.T @ inverse @ design
    found = np.linalg.solve(inner, design.T @ inverse @ outcome)
    left = outcome - design @ found
    value = (n - k) * np.log(left @ inverse @ left) + np.linalg.slogdet(correlation)[1] + np.linalg.slogdet(inner)[1]
    variance = left @ inverse @ left / (n - k)
    return value, found, variance * np.linalg.inv(inner), variance


def test_three_points_by_hand():
    """Points 0, 1, 3, one mean: with rho r the mean is ((0 + 3) + (1 − r)·1) / (3 − r), whitened by hand."""
    fit = ar1_reml([[1.0]] * 3, [[0.0, 1.0, 3.0]])
    rho = float(fit.rho[0])
    assert fit.coefficients[0, 0] == pytest.approx((3 + (1 - rho)) / (3 - rho), abs=1e-12)
    left = np.array([0.0, 1.0, 3.0]) - fit.coefficients[0, 0]
    squares = (1 - rho**2) * left[0] ** 2 + (left[1] - rho * left[0]) ** 2 + (left[2] - rho * left[1]) ** 2
    assert fit.sigma[0] ** 2 == pytest.approx(squares / 2, abs=1e-12)
    # Variance of the mean: sigma² / ((1 − rho)(1 + rho + (n − 1)(1 − rho))).
    assert fit.covariance[0, 0, 0] == pytest.approx(squares / 2 / ((1 - rho) * (1 + rho + 2 * (1 - rho))), abs=1e-12)


@pytest.mark.parametrize(("n", "rho", "seed"), [(14, 0.0, 1), (24, 0.7, 2), (36, -0.4, 3), (60, 0.5, 4), (120, 0.3, 5)])
def test_dense_matrices_agree(n, rho, seed):
    """Second road, written out with full matrices and a general minimiser. 1e-8: both are good to about 1e-10."""
    design, outcomes = made(n, rho, seed=seed)
    fit = ar1_reml(design, outcomes)
    grid = np.linspace(-RHO_LIMIT, RHO_LIMIT, 191)
    start = grid[np.argmin([dense_criterion(one, design, outcomes[0])[0] for one in grid])]
    assert abs(start - fit.rho[0]) < 0.011
    # The derivative is nought at the optimum: central differences of the dense criterion, error about 1e-8.
    if abs(fit.rho[0]) < RHO_LIMIT:
        root = optimize.brentq(
            lambda rho: (
                dense_criterion(rho + 1e-4, design, outcomes[0])[0]
                - dense_criterion(rho - 1e-4, design, outcomes[0])[0]
            ),
            max(start - 0.012, -0.96),
            min(start + 0.012, 0.96),
            xtol=1e-13,
        )
        assert fit.rho[0] == pytest.approx(root, abs=1e-6)
    value, found, covariance, variance = dense_criterion(float(fit.rho[0]), design, outcomes[0])
    np.testing.assert_allclose(fit.coefficients[0], found, rtol=0, atol=1e-8)
    np.testing.assert_allclose(fit.covariance[0], covariance, rtol=1e-8, atol=1e-10)
    assert fit.sigma[0] ** 2 == pytest.approx(variance, rel=1e-8)
    assert all(value <= dense_criterion(one, design, outcomes[0])[0] + 1e-9 for one in grid)
    assert fit.criterion[0] + 2 * np.linalg.slogdet(np.linalg.qr(design)[1])[1] == pytest.approx(value, abs=1e-7)


def test_statsmodels_glsar_and_sarimax_agree():
    """GLSAR drops the first point and SARIMAX takes plain likelihood, so they have a rho of their own.

    At our rho, GLS with the full matrix agrees to rounding. On 200 points the likelihoods nearly coincide: rho within
    0.04; coefficients within a tenth of a standard error of SARIMAX, within a half of GLSAR, which lacks a point.
    """
    import statsmodels.api as sm
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    design, outcomes = made(200, 0.5, seed=8)
    fit = ar1_reml(design, outcomes)
    at_ours = sm.GLS(outcomes[0], design, sigma=toeplitz(fit.rho[0] ** np.arange(200))).fit()
    np.testing.assert_allclose(fit.coefficients[0], at_ours.params, atol=1e-8)
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance[0])), at_ours.bse, rtol=1e-8)
    assert fit.degrees[0] < at_ours.df_resid
    se = np.sqrt(np.diag(fit.covariance[0]))
    glsar = sm.GLSAR(outcomes[0], design, rho=1)
    glsar_fit = glsar.iterative_fit(maxiter=50)
    state_space = SARIMAX(outcomes[0], exog=design, order=(1, 0, 0)).fit(disp=False, maxiter=500)
    assert abs(float(glsar.rho[0]) - fit.rho[0]) < 0.04
    assert abs(state_space.params[4] - fit.rho[0]) < 0.04
    np.testing.assert_array_less(np.abs(glsar_fit.params - fit.coefficients[0]) / se, 0.5)
    np.testing.assert_array_less(np.abs(state_space.params[:4] - fit.coefficients[0]) / se, 0.1)


def test_sarimax_likelihood_at_our_rho_is_the_profile():
    """statsmodels' exact likelihood and our restricted one differ by log |X'WX| and the divisor alone."""
    from statsmodels.tsa.statespace.sarimax import SARIMAX

    design, outcomes = made(40, 0.4, seed=3)
    n, k = design.shape
    fit = ar1_reml(design, outcomes)
    model = SARIMAX(outcomes[0], exog=design, order=(1, 0, 0), concentrate_scale=False)
    rho = float(fit.rho[0])
    variance = fit.sigma[0] ** 2
    likelihood = model.loglike(np.concatenate([fit.coefficients[0], [rho, variance]]))
    theirs = -2 * likelihood - n * np.log(2 * np.pi * variance) + np.log(1 - rho**2)
    # What is left is the whitened sum of squares over the variance: n − k by definition.
    assert theirs == pytest.approx(n - k, abs=1e-6)


def test_many_series_at_once_are_each_alone():
    design, outcomes = made(28, 0.4, series=7)
    together = ar1_reml(design, outcomes)
    for place in range(7):
        alone = ar1_reml(design, outcomes[place])
        np.testing.assert_allclose(together.coefficients[place], alone.coefficients[0], atol=1e-10)
        assert together.rho[place] == pytest.approx(alone.rho[0], abs=1e-9)
    own = ar1_reml(np.broadcast_to(design, (7, *design.shape)), outcomes)
    np.testing.assert_allclose(own.coefficients, together.coefficients, atol=1e-10)


def test_laws_unit_shift_terms_and_time_reversed():
    design, outcomes = made(30, 0.6)
    fit, scaled = ar1_reml(design, outcomes), ar1_reml(design, 1000 * outcomes + 5000)
    assert scaled.rho == pytest.approx(fit.rho, abs=1e-8)
    assert scaled.coefficients[0, 2] == pytest.approx(1000 * fit.coefficients[0, 2], rel=1e-8)
    turned = ar1_reml(design @ np.array([[1, 2, 0, 0], [0, 1, 0, 0], [0, 0, 3, 0], [0, 0, 1, 1]]), outcomes)
    assert turned.rho == pytest.approx(fit.rho, abs=1e-9)
    assert turned.coefficients[0, 2] == pytest.approx(fit.coefficients[0, 2] / 3, abs=1e-8)
    backwards = ar1_reml(design[::-1], outcomes[:, ::-1])
    assert backwards.rho == pytest.approx(fit.rho, abs=1e-9)
    np.testing.assert_allclose(backwards.coefficients, fit.coefficients, atol=1e-8)
    low, high = fit.interval(np.eye(4))
    low_scaled, high_scaled = scaled.interval(np.eye(4)[2:])
    np.testing.assert_allclose(high_scaled - low_scaled, 1000 * (high - low)[:, 2:], rtol=1e-7)
    assert (low <= fit.coefficients).all()
    assert (fit.coefficients <= high).all()


def test_averaged_interval_is_the_integral_over_rho():
    """Second road: the mixture's tail by adaptive integration of the dense restricted likelihood, rho in ±0.99."""
    design, outcomes = made(24, 0.5, seed=6)
    low, high = (end[0] for end in ar1_reml(design, outcomes).interval([0, 0, 1, 0]))
    lowest = min(dense_criterion(rho, design, outcomes[0])[0] for rho in np.linspace(-0.99, 0.99, 67))

    def weight(rho):
        return np.exp((lowest - dense_criterion(rho, design, outcomes[0])[0]) / 2)

    def below(rho, end):
        _, found, covariance, _ = dense_criterion(rho, design, outcomes[0])
        return weight(rho) * stats.t.cdf((end - found[2]) / np.sqrt(covariance[2, 2]), 20)

    whole = integrate.quad(weight, -0.99, 0.99, epsabs=1e-9)[0]
    for end, part in ((low, 0.025), (high, 0.975)):
        # 33 points of the grid against adaptive integration: within 0.05 percentage points.
        assert integrate.quad(below, -0.99, 0.99, args=(end,), epsabs=1e-9)[0] / whole == pytest.approx(part, abs=5e-4)


def test_averaged_quantile_of_one_t_is_its_own():
    found = averaged_quantile([[1.0]], [[3.0]], [[2.0]], 7, 0.975)
    assert found[0] == pytest.approx(3 + 2 * stats.t.ppf(0.975, 7), abs=1e-10)
    many = averaged_quantile([[1.0]], [[3.0]], [[2.0]], 4000, 0.975)
    assert many[0] == pytest.approx(3 + 2 * stats.t.ppf(0.975, 4000), abs=1e-9)


def test_effective_degrees_never_below_one_nor_above_all():
    assert effective_degrees(24, 4, 0.9) == 1
    assert effective_degrees(24, 4, -0.9) == 20
    assert effective_degrees(24, 4, 1 / 3) == pytest.approx(8)


def test_refusals_count_and_name():
    design, outcomes = made(24)
    with pytest.raises(DesignError, match="5 points cannot carry 4 terms and an autocorrelation: at least 6"):
        ar1_reml(design[:5], outcomes[:, :5])
    with pytest.raises(DesignError, match="combination of the others"):
        ar1_reml(np.column_stack([design, design[:, 1] * 2 + 1]), outcomes)
    with pytest.raises(DesignError, match=r"1 of 2 series lie exactly on the line of 4 terms .first: number 2"):
        ar1_reml(design, np.stack([outcomes[0], np.full(24, 7.0)]))


def test_what_is_passed_in_stays_as_it_was():
    design, outcomes = made(24)
    before = design.copy(), outcomes.copy()
    ar1_reml(design, outcomes).interval(np.eye(4))
    assert (design == before[0]).all()
    assert (outcomes == before[1]).all()


@pytest.mark.parametrize("n", [24, 60])
@pytest.mark.parametrize("rho", [0.0, 0.7])
def test_coverage_of_both_effects_and_what_is_wrong_with_the_usual(n, rho):
    """300 series a cell, one block of seeds. The bar is 91 %, less two Monte Carlo errors (1.65 points each)."""
    records = series_records(range(300), n, rho, level=2.0, slope=0.2)
    covered = records.groupby(["effect", "method"])["covered"].mean()
    for effect in ("level", "slope"):
        assert covered[effect, "reml_averaged"] >= 0.91 - 2 * np.sqrt(0.91 * 0.09 / 300)
        assert covered[effect, "reml_averaged"] >= covered[effect, "newey_west"]
    bias = (records["value"] - records["truth"]).groupby([records["effect"], records["method"]])
    assert (bias.mean().abs() <= 3 * bias.std() / np.sqrt(300)).all()
    if rho == 0.7:
        assert covered["level", "ols"] < 0.85
        assert covered["level", "newey_west"] < 0.85
    assert set(records["method"]) == set(METHODS)
