"""Odds that balance at the least variance: by hand, against a quadratic programme, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import nnls

from analysis.foundation.errors import DesignError
from analysis.inference.balancing import balancing_odds
from analysis.inference.propensity import logit_scores
from analysis.inference.weighting import effective_size, standardised_differences, weights_of


def some(n: int = 300, slope: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    x = rng.standard_normal((n, 2))
    return np.column_stack([x, x**2]), rng.random(n) < 1 / (1 + np.exp(1 - slope * x[:, 0]))


@pytest.mark.parametrize("slope", [0.5, 3.0])
@pytest.mark.parametrize("ridge", [0.1, 5.0])
def test_the_weights_are_those_of_a_quadratic_programme(slope: float, ridge: float) -> None:
    """Least half the sum of squared weights plus the squared imbalance over twice the ridge, no weight below nought.

    Nought binds for many with the steeper slope. scipy's non-negative least squares solves it directly; it holds the
    sum of weights by a penalty of 1e8, so that the two agree to about 1e-5.
    """
    x, arm = some(150, slope)
    z = (x - x.mean(axis=0)) / x.std(axis=0)
    programme = np.vstack(
        [np.eye((~arm).sum()), z[~arm].T / np.sqrt(ridge), np.full((1, (~arm).sum()), 1e4)],
    )
    wanted = np.concatenate([np.zeros((~arm).sum()), z[arm].sum(axis=0) / np.sqrt(ridge), [1e4 * arm.sum()]])
    expected, _ = nnls(programme, wanted, maxiter=10_000)
    found = balancing_odds(x, arm, x[~arm], ridge=ridge, highest=1 - 1e-9)
    assert found == pytest.approx(expected, abs=1e-5)
    assert (slope < 3) or (found == 0).sum() > 10


def test_they_balance_and_vary_less_than_odds_of_a_logit() -> None:
    x, arm = some(3000, 1.5)
    odds = balancing_odds(x, arm, x)
    weights = weights_of(odds, arm)
    assert np.abs(standardised_differences(x, arm)).max() > 0.5
    assert np.abs(standardised_differences(x, arm, weights)).max() < 0.005
    assert odds[~arm].sum() == pytest.approx(arm.sum(), rel=1e-6)
    scores = logit_scores(x, arm, x)
    assert effective_size(odds[~arm]) > 1.1 * effective_size((scores / (1 - scores))[~arm])


def test_no_odds_are_higher_than_anybodys_who_was_kept() -> None:
    """A value that only one comparison customer has would stand for everybody treated with it."""
    kind = np.zeros((200, 1))
    kind[60:100] = 1
    arm = np.arange(200) < 100
    assert balancing_odds(kind, arm, [[1.0]], highest=0.95) == pytest.approx([19.0])
    assert balancing_odds(kind, arm, [[1.0]], highest=0.5) == pytest.approx([1.0])


def test_units_constant_and_repeated_columns_change_nothing() -> None:
    x, arm = some()
    other = np.column_stack([x * [100.0, 0.1, 3.0, 7.0] + 9, np.full(len(x), 4.0)])
    assert balancing_odds(other, arm, other) == pytest.approx(balancing_odds(x, arm, x), abs=1e-8)
    twice = balancing_odds(np.column_stack([x, x]), arm, np.column_stack([x, x]), ridge=0.2)
    assert twice == pytest.approx(balancing_odds(x, arm, x, ridge=0.1), abs=1e-6)
    assert balancing_odds(np.ones((6, 1)), np.arange(6) < 2, [[1.0]]) == pytest.approx([0.5])


def test_what_is_refused() -> None:
    x, arm = some(40)
    with pytest.raises(DesignError, match="groups is empty"):
        balancing_odds(x, np.ones(40, dtype=bool), x)
    with pytest.raises(DesignError, match="missing in 40 of 40 rows"):
        balancing_odds(x * np.nan, arm, x)
    with pytest.raises(ValueError, match="A ridge is above 0"):
        balancing_odds(x, arm, x, ridge=0)
    with pytest.raises(ValueError, match="highest score lies between"):
        balancing_odds(x, arm, x, highest=1)
