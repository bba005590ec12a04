"""Rankings by benefit: the curve by hand and by brute force, its errors, and what a made-up ranking is worth."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.uplift import Learned, gains, learned_benefit, mean_error, qini


def test_by_hand() -> None:
    """Gains 8, 4, 0, 0 from first to last: curve 0, 2, 3, 3, 3 per customer; area 2.375, at random 1.5."""
    found = qini([4, 3, 2, 1], [8, 4, 0, 0], draws=5)
    assert found.coefficient == pytest.approx(2.375 - 1.5)
    at = found.curve.set_index("share")["gain"]
    assert [at[share] for share in (0.0, 0.25, 0.5, 0.75, 1.0)] == pytest.approx([0, 2, 3, 3, 3])
    assert found.curve["at_random"].iloc[-1] == found.total == 3.0


def test_equal_scores_are_treated_in_random_order() -> None:
    """Nobody is ranked: whatever the gains, the curve is the straight line."""
    found = qini(np.zeros(50), np.arange(50.0), draws=5)
    assert found.coefficient == pytest.approx(0, abs=1e-12)
    assert found.curve["gain"].to_numpy() == pytest.approx(found.curve["at_random"].to_numpy())


def test_turning_the_ranking_turns_the_sign_and_the_unit_scales() -> None:
    rng = np.random.default_rng(3)
    score, gain = rng.integers(0, 20, 400).astype(float), rng.normal(size=400)
    there, back, cents = qini(score, gain, draws=5), qini(-score, gain, draws=5), qini(score, gain * 100, draws=5)
    assert there.coefficient == pytest.approx(-back.coefficient)
    assert there.se == pytest.approx(back.se)
    assert (cents.coefficient, cents.low) == pytest.approx((there.coefficient * 100, there.low * 100))
    assert there.low <= there.coefficient <= there.high


def test_the_error_is_that_of_customers_drawn_again() -> None:
    """Ranks are made anew in each of 2,000 draws; 6 %: four Monte Carlo errors of a standard deviation."""
    rng = np.random.default_rng(8)
    score = rng.normal(size=300)
    gain = score + rng.normal(size=300)
    drawn = []
    for _ in range(2000):
        again = rng.integers(0, 300, 300)
        above = (score[again][None, :] > score[again][:, None]).mean(axis=1)
        same = (score[again][None, :] == score[again][:, None]).mean(axis=1)
        drawn.append((gain[again] * (0.5 - above - same / 2)).mean())
    assert qini(score, gain, draws=5).se == pytest.approx(np.std(drawn, ddof=1), rel=0.06)


def test_a_cluster_counts_once() -> None:
    """Each customer ten times, in clusters of ten: the errors are those of the customers once."""
    rng = np.random.default_rng(9)
    score, gain = rng.normal(size=200), rng.normal(size=200)
    once = qini(score, gain, draws=5)
    tenfold = qini(np.repeat(score, 10), np.repeat(gain, 10), cluster=np.repeat(np.arange(200), 10), draws=5)
    assert tenfold.coefficient == pytest.approx(once.coefficient, rel=1e-9)
    assert (tenfold.se, tenfold.total_se) == pytest.approx((once.se, once.total_se), rel=1e-9)


def test_known_truth() -> None:
    """Benefit x, uniform: gain of the share s ranked first is s - s²/2, the coefficient 1/12. Models that are wrong.

    200 tests of 600 customers; 95 % less 2.58 Monte Carlo errors is 91 %.
    """
    rng = np.random.default_rng(10)
    wrong = Learned(treated=np.full(600, 1.0), comparison=np.full(600, 0.4))
    held, on_curve = [], []
    for draw in range(200):
        x, treated = rng.uniform(size=600), rng.random(600) < 0.3
        outcome = x * treated + x + rng.normal(0, 0.5, 600)
        found = qini(x, gains(outcome, treated, wrong, probability=0.3), draws=40, seed=draw)
        held.append(found.low <= 1 / 12 <= found.high)
        row = found.curve.iloc[6]
        on_curve.append(row["low"] <= 0.3 - 0.045 <= row["high"])
    assert np.mean(held) >= 0.91
    assert np.mean(on_curve) >= 0.90  # 40 draws a curve: its errors are rough


def test_better_models_make_no_other_effect_only_a_surer_one() -> None:
    rng = np.random.default_rng(12)
    x, treated = rng.normal(size=5000), rng.random(5000) < 0.5
    outcome = 3 * x + treated + rng.normal(size=5000)
    known = gains(outcome, treated, Learned(treated=3 * x + 1, comparison=3 * x), probability=0.5)
    nothing = gains(outcome, treated, Learned(treated=0 * x, comparison=0 * x), probability=0.5)
    own = np.arange(5000)
    assert abs(known.mean() - 1) < 4 * mean_error(known, own)
    assert mean_error(known, own) < 0.4 * mean_error(nothing, own)


def test_texts_and_unknown_values_are_learned_from() -> None:
    rng = np.random.default_rng(13)
    kind, treated = rng.integers(0, 3, 3000).astype(float), np.arange(3000) % 2 == 0
    features = np.column_stack([kind, np.where(rng.random(3000) < 0.2, np.nan, rng.normal(size=3000))])
    outcome = np.where(kind == 1, 2.0, 0.0) * treated
    found = learned_benefit(features, treated, outcome, [[0, 0], [1, np.nan], [2, 0]], texts=[True, False])
    assert found.benefit == pytest.approx([0, 2, 0], abs=0.1)


@pytest.mark.parametrize(
    ("score", "gain"), [([1.0], [1.0]), ([1.0, 2.0], [1.0]), ([1.0, np.nan], [1.0, 2.0]), ([1.0, 2.0], [1.0, np.inf])]
)
def test_bad_input_is_refused(score, gain) -> None:
    with pytest.raises(ValueError, match=r"Scores and gains"):
        qini(score, gain)


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_somebody_is_compared_with_somebody(probability: float) -> None:
    with pytest.raises(ValueError, match="chance of being treated"):
        gains([1.0], [True], Learned(treated=np.zeros(1), comparison=np.zeros(1)), probability=probability)
