"""Level, weekdays, season and scatter of days whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.daily_expectation import Expectation, expectation, yearly_season

WEEK = np.array([1.1, 1.15, 1.1, 1.05, 1.0, 0.8, 0.8])


def fitted(counts: np.ndarray, aside: np.ndarray | None = None, rounds: int = 3) -> Expectation:
    n = len(counts)
    found = None
    for _ in range(rounds):
        found = expectation(
            counts, np.arange(n) % 7, np.ones(n), np.zeros(n, dtype=bool) if aside is None else aside, found
        )
    assert found is not None
    return found


@pytest.mark.parametrize("mean", [0.05, 0.4, 2.0, 50.0, 10_000.0])
def test_the_level_is_found_where_days_hold_few_and_many(mean: float) -> None:
    """Over 400 days the mean of Poisson counts is known to a standard error of 1 / sqrt(400 mean)."""
    found = fitted(np.random.default_rng(1).poisson(mean, size=400))
    assert found.mean.mean() == pytest.approx(mean, rel=4 / np.sqrt(400 * mean) + 0.01)
    assert found.mean.min() > 0


def test_growth_is_followed_to_both_ends() -> None:
    """10 % a month: at the first and the last day the level is the truth, not that of three weeks away."""
    truth = 1_000 * 1.1 ** (np.arange(300) / 30)
    found = fitted(np.rint(truth).astype(np.int64))
    assert found.mean == pytest.approx(truth, rel=0.01)


def test_a_step_is_followed_at_once() -> None:
    counts = np.where(np.arange(300) < 150, 100, 200)
    found = fitted(counts)
    assert found.mean[:149] == pytest.approx(np.full(149, 100), rel=0.02)
    assert found.mean[151:] == pytest.approx(np.full(149, 200), rel=0.02)
    assert found.beside[149] == pytest.approx(200, rel=0.02), "what came after says 200 already"


def test_weekdays_are_found_and_noise_alone_makes_none() -> None:
    rng = np.random.default_rng(2)
    shaped = fitted(rng.poisson(400 * WEEK[np.arange(364) % 7]))
    assert shaped.factor == pytest.approx(WEEK, rel=0.03)
    flat = fitted(rng.poisson(1.0, size=364))
    assert np.abs(flat.factor - 1).max() < 0.1


def test_scatter_beyond_chance_is_found_and_none_is_made_up() -> None:
    rng = np.random.default_rng(3)
    noisy = rng.poisson(200 * rng.gamma(25, 1 / 25, size=1_000))
    assert np.sqrt(fitted(noisy).theta) == pytest.approx(0.2, abs=0.02)
    assert np.sqrt(fitted(rng.poisson(200, size=1_000)).theta) < 0.03


def test_days_set_aside_teach_nothing() -> None:
    counts = np.full(200, 40)
    spoilt, aside = counts.copy(), np.zeros(200, dtype=bool)
    spoilt[90:110], aside[90:110] = 9_999, True
    assert fitted(spoilt, aside).mean == pytest.approx(fitted(counts).mean, rel=0.01)


def test_a_peak_of_another_year_is_a_season_and_one_without_a_like_is_none() -> None:
    counts = np.full(800, 100)
    counts[300:320] = counts[665:685] = 160
    counts[500:520] = 160
    aside = counts > 100
    season = yearly_season(counts, fitted(counts, aside))
    assert season[310] == pytest.approx(1.6, abs=0.05)
    assert season[675] == pytest.approx(1.6, abs=0.05)
    assert (season[120:170] == 1).all(), "500 to 520 are high in one year alone"
    assert (season[400:600] == 1).all()
