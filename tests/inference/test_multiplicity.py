"""Adjusted p-values against statsmodels, intervals that agree with their p-values, and the errors that are bounded."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.inference.compare import difference_in_means, ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.inference.multiplicity import (
    at_level,
    degrees_of,
    discovery_adjusted,
    false_coverage_level,
    holm_adjusted,
    spread_of,
    wald_p,
)

P_VALUES = st.lists(st.floats(min_value=0, max_value=1), max_size=30)


def welch(one: list[float], other: list[float], level: float = 0.95) -> Estimate:
    groups = [Moments.from_rows(("spend",), [[value] for value in values]) for values in (one, other)]
    return difference_in_means(groups[0], groups[1], "spend", unit="EUR per customer", level=level)


@settings(max_examples=15, deadline=None)  # statsmodels collects garbage on every call
@given(P_VALUES)
def test_adjusted_p_values_are_those_of_statsmodels(p_values: list[float]) -> None:
    if not p_values:
        assert holm_adjusted([]) == discovery_adjusted([]) == ()
        return
    # 1e-12: products and quotients of the same few numbers
    assert holm_adjusted(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-12)
    assert discovery_adjusted(p_values) == pytest.approx(multipletests(p_values, method="fdr_bh")[1], abs=1e-12)


def test_by_hand() -> None:
    """0.01, 0.03, 0.04 of three: Holm 3 x 0.01, 2 x 0.03, then no smaller than before; BH 3 x 0.01, 3 x 0.04 / 3."""
    assert holm_adjusted([0.04, 0.01, 0.03]) == pytest.approx((0.06, 0.03, 0.06))
    assert discovery_adjusted([0.04, 0.01, 0.03]) == pytest.approx((0.04, 0.03, 0.04))


@pytest.mark.parametrize("p_values", [[0.5, 1.2], [-0.1], [math.nan]])
def test_what_is_no_p_value_is_refused(p_values: list[float]) -> None:
    for adjusted in (holm_adjusted, discovery_adjusted):
        with pytest.raises(ValueError, match="between 0 and 1"):
            adjusted(p_values)


@pytest.mark.parametrize(("one", "other"), [([1, 2, 4, 9], [0, 1, 1, 2, 3]), (list(range(40)), list(range(3, 60)))])
@pytest.mark.parametrize("level", [0.8, 0.95, 0.999])
def test_the_p_value_and_other_levels_of_a_welch_interval_are_scipys(one, other, level: float) -> None:
    ours, peer = welch(one, other, level), stats.ttest_ind(one, other, equal_var=False)
    # 1e-7: the degrees of freedom are found from the quantile
    assert wald_p(ours) == pytest.approx(peer.pvalue, rel=1e-7)
    wider, asked = at_level(ours, 0.99), peer.confidence_interval(0.99)
    assert (wider.low, wider.high) == pytest.approx((asked.low, asked.high), rel=1e-7)
    assert wider.level == 0.99


def test_a_normal_interval_has_a_normal_p_value() -> None:
    found = ratio_estimate("orders", 1.08, 0.03, n_treated=900, n_comparison=900, method="")
    assert wald_p(found) == pytest.approx(2 * stats.norm.sf(math.log(1.08) / 0.03), rel=1e-9)
    wider = at_level(found, 0.99)
    assert math.log(wider.high / 1.08) == pytest.approx(0.03 * stats.norm.ppf(0.995), rel=1e-9)


@given(
    st.floats(min_value=-5, max_value=5),
    st.floats(min_value=0.01, max_value=9),
    st.floats(min_value=0.01, max_value=9),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_the_p_value_never_contradicts_the_interval(value: float, below: float, above: float, level: float) -> None:
    """Lopsided intervals too, as quantiles and bootstraps give them."""
    found = Estimate(
        name="spend", value=value, low=value - below, high=value + above, level=level, se=1.0, scale="difference",
        unit="EUR", n_treated=9, n_comparison=9, method="",
    )  # fmt: skip
    if min(abs(found.low), abs(found.high)) > 1e-9:
        assert (wald_p(found) < 1 - level) == found.excludes_no_effect
    assert at_level(found, 0.999).low <= found.low <= found.value <= found.high <= at_level(found, 0.999).high


def test_without_an_end_or_a_width_nothing_is_claimed() -> None:
    kept = {
        "name": "spend", "level": 0.95, "scale": "difference", "unit": "EUR", "n_treated": 9, "n_comparison": 9,
        "method": "",
    }  # fmt: skip
    open_end = Estimate(value=2.0, low=-math.inf, high=3.0, se=math.inf, **kept)
    no_width = Estimate(value=2.0, low=2.0, high=2.0, se=0.0, **kept)
    assert wald_p(open_end) == wald_p(no_width) == 1.0
    assert spread_of(open_end) is spread_of(no_width) is None


def test_the_error_of_few_customers_is_taken_as_wide_as_their_interval() -> None:
    found = welch([1, 2, 4, 9], [0, 1, 1, 2, 3])
    _, se = spread_of(found)
    assert se > found.se
    assert se * stats.norm.ppf(0.975) == pytest.approx((found.high - found.low) / 2)


@pytest.mark.parametrize(("selected", "of"), [(0, 5), (6, 5)])
def test_what_cannot_have_been_selected(selected: int, of: int) -> None:
    with pytest.raises(ValueError, match="cannot have been selected"):
        false_coverage_level(selected, of)


def test_errors_are_bounded_where_half_of_the_effects_are_real() -> None:
    """2,000 families of 20; shares at most 5 % + 2.58 Monte Carlo errors. Intervals not widened miss more.

    The effects have three errors where there are any, so that many are selected near the threshold.
    """
    rng = np.random.default_rng(11)
    false_any, false_share, missed, missed_plain = [], [], [], []
    truth = np.repeat([0.0, 3.0], 10)
    for _ in range(2000):
        drawn = truth + rng.normal(size=20)
        p_values = 2 * stats.norm.sf(np.abs(drawn))
        false_any.append(bool((np.array(holm_adjusted(p_values.tolist()))[:10] < 0.05).any()))
        chosen = np.array(discovery_adjusted(p_values.tolist())) < 0.05
        count = int(chosen.sum())
        false_share.append(chosen[:10].sum() / max(count, 1))
        reach = stats.norm.ppf((1 + false_coverage_level(count, 20)) / 2) if count else 0.0
        outside = np.abs(drawn - truth)
        missed.append((outside > reach)[chosen].sum() / max(count, 1))
        missed_plain.append((outside > 1.96)[chosen].sum() / max(count, 1))
    for shares in (false_any, false_share, missed):
        assert np.mean(shares) <= 0.05 + 2.58 * np.std(shares) / 2000**0.5
    assert np.mean(missed_plain) > np.mean(missed)


def test_fewer_degrees_of_freedom_make_it_less_clear_and_more_change_nothing() -> None:
    """1.2 as a ratio with an error of 0.08 on the log scale: 2.279 errors off; t with 20 degrees says 0.0338."""
    normal = ratio_estimate("orders", 1.2, 0.08, n_treated=30, n_comparison=90, method="ratio of means")
    away = math.log(1.2) / 0.08
    assert wald_p(normal, 20) == pytest.approx(2 * stats.t.sf(away, 20))
    value, se = spread_of(normal, 20)
    assert (value, se) == pytest.approx((math.log(1.2), 0.08 * stats.t.ppf(0.975, 20) / stats.norm.ppf(0.975)))
    few = welch([1, 2, 4, 9], [0, 1, 1, 2, 3])
    assert degrees_of(few) < 10
    assert (wald_p(few, 20), spread_of(few, 20)) == (wald_p(few), spread_of(few))
    assert degrees_of(normal) == math.inf
