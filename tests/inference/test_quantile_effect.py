"""Quantile effects: intervals that cover, on skewed and on discrete outcomes, and quantiles that have none."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.stats

from analysis.foundation.errors import DesignError
from analysis.inference.quantile_effect import arm_quantile, quantile_effect


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_the_value_is_numpys_and_the_interval_lies_within_scipys_whole_ranks(quantile) -> None:
    values = np.random.default_rng(3).gamma(2.0, 20.0, 400)
    found = arm_quantile(values, quantile)
    assert found.value == pytest.approx(np.quantile(values, quantile), rel=1e-12)
    whole = scipy.stats.quantile_test(values, q=found.value, p=quantile).confidence_interval(0.95)
    ordered = np.sort(values)
    neighbours = [ordered[max(np.searchsorted(ordered, end) - 1, 0)] for end in (whole.low, whole.high)]
    assert whole.low <= found.low
    assert found.high <= whole.high
    assert found.low <= ordered[min(np.searchsorted(ordered, whole.low) + 1, 399)]  # by less than one rank
    assert found.high >= neighbours[1]


def test_by_hand() -> None:
    """The ranks r solve I_q(r, n + 1 − r) = 0.975 and 0.025: the values 1 to 5 with q = 0.5 at 80 %."""
    found = arm_quantile([5, 3, 1, 4, 2], 0.5, level=0.8)
    below = scipy.stats.beta.cdf(0.5, found.low, 6 - found.low)
    above = scipy.stats.beta.cdf(0.5, found.high, 6 - found.high)
    assert (found.value, below, above) == (3.0, pytest.approx(0.9, abs=1e-12), pytest.approx(0.1, abs=1e-12))


def test_two_arms_are_put_together_by_squares() -> None:
    rng = np.random.default_rng(4)
    one, other = rng.gamma(2.0, 22.0, 300), rng.gamma(2.0, 20.0, 500)
    a, b = arm_quantile(one, 0.75), arm_quantile(other, 0.75)
    found = quantile_effect(one, other, 0.75, unit="EUR")
    assert found.low == pytest.approx(a.value - b.value - math.sqrt((a.value - a.low) ** 2 + (b.high - b.value) ** 2))
    assert found.high == pytest.approx(a.value - b.value + math.sqrt((a.high - a.value) ** 2 + (b.value - b.low) ** 2))


def test_laws_of_swapping_shifting_and_scaling() -> None:
    rng = np.random.default_rng(5)
    one, other = rng.gamma(2.0, 22.0, 300), rng.gamma(2.0, 20.0, 200)
    kept = one.copy()
    found, swapped = quantile_effect(one, other, 0.5, unit="EUR"), quantile_effect(other, one, 0.5, unit="EUR")
    assert (found.value, found.low, found.high) == (-swapped.value, -swapped.high, -swapped.low)
    moved = quantile_effect(3 * one + 1000, 3 * other + 1000, 0.5, unit="EUR")
    assert (moved.low, moved.high) == (pytest.approx(3 * found.low), pytest.approx(3 * found.high))
    ratio, scaled = (quantile_effect(k * one, k * other, 0.5, unit="EUR", scale="ratio") for k in (1, 7))
    assert (ratio.value, ratio.low, ratio.high) == tuple(
        pytest.approx(x) for x in (scaled.value, scaled.low, scaled.high)
    )
    assert quantile_effect(rng.permutation(one), other, 0.5, unit="EUR") == found
    assert (one == kept).all()


@pytest.mark.parametrize(("quantile", "scale"), [(0.5, "difference"), (0.9, "difference"), (0.5, "ratio")])
def test_known_truth_is_covered(quantile, scale) -> None:
    """500 experiments with skewed spending of 150 against 250 customers, a tenth more among the treated."""
    rng = np.random.default_rng(13)
    base = float(scipy.stats.lognorm.ppf(quantile, 1.0))
    truth, worlds, inside = (0.1 * base if scale == "difference" else 1.1), 500, 0
    for _ in range(worlds):
        one, other = 1.1 * rng.lognormal(size=150), rng.lognormal(size=250)
        found = quantile_effect(one, other, quantile, unit="EUR", scale=scale)
        inside += found.low <= truth <= found.high
    assert abs(inside / worlds - 0.95) < 2.58 * math.sqrt(0.0475 / worlds)


def test_counts_with_many_ties_are_covered_at_least_as_often() -> None:
    """Numbers of orders: the true quantile is a whole number that many customers share."""
    rng = np.random.default_rng(17)
    truth, worlds, inside, refused = 0.0, 400, 0, 0
    for _ in range(worlds):
        try:
            found = quantile_effect(rng.poisson(9, 200), rng.poisson(9, 200), 0.5, unit="orders")
        except DesignError:
            refused += 1
            continue
        inside += found.low <= truth <= found.high
    assert inside / (worlds - refused) > 0.95 - 2.58 * math.sqrt(0.0475 / (worlds - refused))


def test_quantiles_without_an_interval_are_refused_with_what_would_help() -> None:
    with pytest.raises(DesignError, match=r"among the 90\.0 % of customers with the value 0"):
        arm_quantile([0] * 900 + list(range(1, 101)), 0.5, name="spend")
    with pytest.raises(DesignError, match="needs 368 customers"):
        arm_quantile(range(300), 0.99, name="spend")
    assert arm_quantile(range(368), 0.99).n == 368  # and with as many as asked for there is one
    with pytest.raises(DesignError, match="2 of 4 customers have no finite value"):
        arm_quantile([1.0, math.nan, 3.0, math.inf], 0.5)
    with pytest.raises(DesignError, match="intervals above zero"):
        quantile_effect(np.arange(-50, 50), np.arange(100), 0.5, unit="EUR", scale="ratio")
    with pytest.raises(ValueError, match="lie between 0 and 1"):
        arm_quantile(range(100), 1.0)
