"""Scores from other folds, the one trimming, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.foundation.errors import DesignError
from analysis.inference.propensity import cross_fitted_scores, deal_folds, logit_scores, trimmed


def some(n: int = 400, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, 3))
    return x, rng.random(n) < 1 / (1 + np.exp(0.5 - x[:, 0] + 0.5 * x[:, 2]))


def test_the_logit_is_that_of_statsmodels() -> None:
    """Without a ridge: maximum likelihood, to what Newton steps leave (1e-8)."""
    x, arm = some()
    expected = sm.Logit(arm.astype(float), sm.add_constant(x)).fit(disp=0, tol=1e-12).predict()
    assert logit_scores(x, arm, x, ridge=0) == pytest.approx(expected, abs=1e-8)


def test_the_ridge_hardly_moves_a_score_and_holds_one_that_would_run_away() -> None:
    x, arm = some()
    assert np.abs(logit_scores(x, arm, x) - logit_scores(x, arm, x, ridge=0)).max() < 1e-3
    apart = np.where(np.arange(100) < 50, -1.0, 1.0)[:, None]
    scores = logit_scores(apart, apart[:, 0] > 0, apart)
    assert 0 < scores.min() < 0.02
    assert 0.98 < scores.max() < 1


def test_units_and_constant_columns_change_nothing() -> None:
    x, arm = some()
    other = np.column_stack([x[:, 0] * 1000 + 7, x[:, 1], x[:, 2] / 50, np.full(len(x), 3.0)])
    assert logit_scores(other, arm, other) == pytest.approx(logit_scores(x, arm, x), abs=1e-9)


def test_nobodys_own_treatment_is_in_its_score() -> None:
    x, arm = some()
    fold = deal_folds(arm, 4, seed=3)
    scores, changed = cross_fitted_scores(x, arm, [fold]), arm.copy()
    changed[np.flatnonzero(fold == 2)[:5]] ^= True
    again = cross_fitted_scores(x, changed, [fold])
    moved = np.abs(again - scores)
    assert moved[fold == 2].max() < 1e-8  # where its fit began, and no more
    assert np.median(moved[fold != 2]) > 1e-3


def test_a_fit_that_begins_where_another_ended_is_the_same_fit() -> None:
    x, arm = some(600)
    dealt = [deal_folds(arm, 5, seed) for seed in range(3)]
    alone = np.empty((3, 600))
    for scores, fold in zip(alone, dealt, strict=True):
        for one in range(5):
            scores[fold == one] = logit_scores(x[fold != one], arm[fold != one], x[fold == one])
    # scales are those of all rows, or of the other folds: through the ridge, a hair
    assert cross_fitted_scores(x, arm, dealt) == pytest.approx(alone.mean(axis=0), abs=2e-5)
    plain = np.mean([cross_fitted_scores(x, arm, [fold]) for fold in dealt], axis=0)
    assert cross_fitted_scores(x, arm, dealt) == pytest.approx(plain, abs=1e-8)


def test_rows_of_one_customer_lie_in_one_fold() -> None:
    customer = np.repeat(np.arange(60), 3)
    arm = (customer % 3 == 0) & (np.arange(180) % 3 == 2)
    fold = deal_folds(arm, 5, 0, customer)
    assert all(len(set(fold[customer == one])) == 1 for one in range(60))
    treated = np.bincount(fold[arm], minlength=5)
    assert treated.sum() == 20
    assert treated.min() == treated.max()


def test_trimming_takes_who_has_no_like_and_counts() -> None:
    scores = np.array([0.3, 0.96, 0.9, 0.2, 0.8, 0.97])
    arm = np.array([True, True, True, False, False, False])
    found = trimmed(scores, arm, highest=0.95)
    assert found.kept.tolist() == [True, False, True, True, True, False]
    assert (found.treated_left_out, found.comparison_left_out, found.share) == (1, 1, pytest.approx(1 / 3))
    above_all = trimmed(np.array([0.3, 0.9, 0.2, 0.8]), np.array([True, True, False, False]))
    assert above_all.highest == 0.8
    assert above_all.kept.tolist() == [True, False, True, True]


def test_what_is_refused() -> None:
    x, arm = some(40)
    gap = x.copy()
    gap[3, 1] = np.nan
    with pytest.raises(DesignError, match="missing in 1 of 40 rows"):
        logit_scores(gap, arm, x)
    with pytest.raises(DesignError, match="groups is empty"):
        logit_scores(x, np.ones(40, dtype=bool), x)
    with pytest.raises(DesignError, match="groups is empty"):
        cross_fitted_scores(x, np.arange(40) < 20, [np.arange(40) // 20])
    with pytest.raises(ValueError, match="one dealing"):
        cross_fitted_scores(x, arm, [])
    with pytest.raises(DesignError, match="3 treated customers are too few for 2 folds"):
        deal_folds(np.arange(40) < 3, 2, 0)
    with pytest.raises(DesignError, match="Nobody of the 1 treated"):
        trimmed(np.array([0.9, 0.1]), np.array([True, False]))
