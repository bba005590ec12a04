"""Comparisons of means against scipy's, and the laws every comparison keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.inference.compare import difference_in_means, ratio_of_means, sample_ratio
from analysis.inference.moments import Moments

GROUP = st.lists(st.integers(min_value=0, max_value=1000), min_size=3, max_size=40).filter(lambda x: len(set(x)) > 1)


def moments(values) -> Moments:
    return Moments.from_rows(("spend",), [[value] for value in values])


@given(GROUP, GROUP)
def test_the_difference_is_welchs(one, other) -> None:
    ours = difference_in_means(moments(one), moments(other), "spend", unit="EUR per customer")
    peer = stats.ttest_ind(one, other, equal_var=False)
    interval = peer.confidence_interval(0.95)
    # 1e-9: both are closed forms of the same few sums
    assert (ours.low, ours.high) == pytest.approx((interval.low, interval.high), rel=1e-9, abs=1e-9)
    assert ours.value / ours.se == pytest.approx(peer.statistic, rel=1e-9, abs=1e-12)


@given(GROUP, GROUP)
def test_swapping_groups_flips_the_sign(one, other) -> None:
    there = difference_in_means(moments(one), moments(other), "spend", unit="EUR")
    back = difference_in_means(moments(other), moments(one), "spend", unit="EUR")
    assert (there.value, there.low, there.high) == pytest.approx((-back.value, -back.high, -back.low))


@given(GROUP, GROUP, st.integers(min_value=2, max_value=100))
def test_another_unit_scales_the_difference_and_leaves_the_ratio(one, other, factor) -> None:
    cents = [[value * factor for value in group] for group in (one, other)]
    small = difference_in_means(moments(one), moments(other), "spend", unit="EUR")
    large = difference_in_means(moments(cents[0]), moments(cents[1]), "spend", unit="cent")
    assert large.value == pytest.approx(factor * small.value)
    assert large.se == pytest.approx(factor * small.se)
    ratios = [ratio_of_means(moments(a), moments(b), "spend") for a, b in ((one, other), cents)]
    assert ratios[0].value == pytest.approx(ratios[1].value)
    assert ratios[0].se_log == pytest.approx(ratios[1].se_log)


def test_the_ratio_covers_its_truth_about_as_often_as_it_says() -> None:
    """2,000 draws of two gamma groups with a true ratio of 1.5; 95 % ± 2.58 Monte Carlo errors is 93.7 to 96.3 %."""
    rng = np.random.default_rng(7)
    held = 0
    for _ in range(2000):
        one, other = rng.gamma(2, 3, 300), rng.gamma(2, 2, 300)
        sums = [Moments(("x",), g.size, (_decimal(g.sum()),), (_decimal((g**2).sum()),)) for g in (one, other)]
        estimate = ratio_of_means(*sums, "x")
        held += estimate.low <= 1.5 <= estimate.high
    assert 0.937 <= held / 2000 <= 0.963


def _decimal(value: float):
    from decimal import Decimal

    return Decimal(repr(float(value)))


def test_the_sample_ratio_is_pearsons() -> None:
    ours = sample_ratio({"a": 21307, "b": 21387, "c": 21306})
    assert ours.p_value == pytest.approx(stats.chisquare([21307, 21387, 21306]).pvalue, rel=1e-12)
    assert not ours.failed


def test_the_sample_ratio_uses_the_intended_shares() -> None:
    assert sample_ratio({"a": 9000, "b": 1000}).failed
    assert not sample_ratio({"a": 9000, "b": 1000}, {"a": 0.9, "b": 0.1}).failed


def test_the_sample_ratio_rejects_sound_randomisations_at_its_level_and_finds_broken_ones() -> None:
    """Size: at p < 0.001 about 1 of 1,000 sound splits fails. Power: 2 % of one arm lost in 100,000 is found."""
    rng = np.random.default_rng(11)
    sound = [sample_ratio({"a": int(n), "b": 10_000 - int(n)}).failed for n in rng.binomial(10_000, 0.5, 5000)]
    assert sum(sound) <= 16  # 99.9th percentile of a Poisson with mean 5
    lost = [sample_ratio({"a": int(n * 0.98), "b": 100_000 - int(n)}).failed for n in rng.binomial(100_000, 0.5, 300)]
    assert np.mean(lost) > 0.4


def test_one_arm_or_a_missing_share_is_refused() -> None:
    with pytest.raises(ValueError, match="two arms"):
        sample_ratio({"a": 3})
    with pytest.raises(ValueError, match="intended share"):
        sample_ratio({"a": 3, "b": 4}, {"a": 1.0})
