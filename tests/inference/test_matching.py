"""Pairs: the nearest free one, never twice, and how they differ."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.foundation.errors import DesignError
from analysis.inference.matching import Pairs, matched_difference, matched_pairs


def brute(logit: np.ndarray, arm: np.ndarray, reach: float) -> list[tuple[int, int]]:
    """The rule of the docstring, read row by row."""
    free, pairs = set(np.flatnonzero(~arm)), []
    for row in sorted(np.flatnonzero(arm), key=lambda place: (-logit[place], place)):
        near = [other for other in free if abs(logit[other] - logit[row]) <= reach]
        if near:
            chosen = min(near, key=lambda other: abs(logit[other] - logit[row]))
            free.remove(chosen)
            pairs.append((int(row), int(chosen)))
    return sorted(pairs)


@pytest.mark.parametrize("seed", range(8))
def test_pairs_are_those_of_the_rule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    score, arm = rng.uniform(0.05, 0.95, 120), rng.random(120) < 0.4
    logit = np.log(score / (1 - score))
    found = matched_pairs(score, arm)
    assert list(zip(found.treated.tolist(), found.comparison.tolist(), strict=True)) == brute(
        logit, arm, 0.2 * logit.std()
    )
    assert len(found) + found.without == arm.sum()
    assert len(set(found.comparison)) == len(found)


def test_pairs_stay_in_their_cell() -> None:
    rng = np.random.default_rng(9)
    score, arm, month = rng.uniform(0.2, 0.8, 200), rng.random(200) < 0.3, rng.integers(0, 4, 200)
    found = matched_pairs(score, arm, within=month)
    assert (month[found.treated] == month[found.comparison]).all()
    assert len(found) > 30


def test_the_difference_is_students_t_of_the_pairs() -> None:
    rng = np.random.default_rng(10)
    y = rng.normal(size=40)
    pairs = Pairs(np.arange(20), np.arange(20, 40), 0)
    found = matched_difference(y, pairs, name="y", unit="points")
    peer = stats.ttest_rel(y[:20], y[20:]).confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((peer.low, peer.high), rel=1e-12)


def test_what_is_refused() -> None:
    with pytest.raises(DesignError, match="near enough"):
        matched_pairs([0.9, 0.8, 0.1, 0.2], [True, True, False, False])
    with pytest.raises(DesignError, match="too few"):
        matched_difference([1.0, 2.0], Pairs(np.array([0]), np.array([1]), 0), name="y", unit="points")


def test_pairs_that_share_a_customer_are_not_independent() -> None:
    """Every pair twice, of the same two customers: as sure as once. One comparison customer in all: less sure."""
    rng = np.random.default_rng(4)
    y, n = rng.standard_normal(80), 40
    pairs = Pairs(np.arange(n), np.arange(n, 2 * n), 0)
    once = matched_difference(y, pairs, name="y", unit="points", customer=np.arange(2 * n))
    assert once == matched_difference(y, pairs, name="y", unit="points")
    double = Pairs(np.arange(2 * n), np.arange(2 * n, 4 * n), 0)
    doubled, customer = np.tile(y.reshape(2, n), 2).ravel(), np.tile(np.arange(2 * n).reshape(2, n), 2).ravel()
    twice = matched_difference(doubled, double, name="y", unit="points", customer=customer)
    assert (twice.value, twice.low, twice.high) == pytest.approx((once.value, once.low, once.high), rel=1e-9)
    assert (twice.n_treated, twice.n_comparison) == (n, n)
    shared = np.concatenate([np.arange(n), n + np.arange(n) % 4])
    y[n:] += 3 * np.array([-1.5, -0.5, 0.5, 1.5])[np.arange(n) % 4]
    alone, few = (
        matched_difference(y, pairs, name="y", unit="points", customer=who) for who in (np.arange(2 * n), shared)
    )
    assert few.se > 2 * alone.se
    assert few.n_comparison == 4
