"""Too small to matter? Against statsmodels and scipy, by hand, and the law that tests and intervals say the same."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.inference.compare import difference_in_means, ratio_estimate
from analysis.inference.equivalence import (
    Told,
    equivalence,
    equivalence_of_means,
    error_needed,
    no_effect,
    region,
    told,
)
from analysis.inference.moments import Moments

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "equivalence" / "equivalence.json").read_text())
ERRORS = st.floats(0.05, 5)
PLACES = st.floats(-5, 5)


def moments(values) -> Moments:
    return Moments.from_rows(("spend",), [[value] for value in values])


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_from_moments_it_is_the_answer_of_statsmodels_and_scipy(case) -> None:
    ours = equivalence_of_means(
        moments(case["treated"]), moments(case["comparison"]), "spend", low=case["low"], high=case["high"]
    )
    peer, other = case["statsmodels"], case["scipy"]
    # 1e-9: closed forms of the same few sums; the smallest p-values are compared in their logarithm by `rel`
    assert ours.p_value == pytest.approx(peer["p_value"], rel=1e-9, abs=1e-300)
    assert (ours.p_low, ours.p_high) == pytest.approx((peer["p_low"], peer["p_high"]), rel=1e-9, abs=1e-300)
    assert (ours.p_low, ours.p_high) == pytest.approx((other["p_low"], other["p_high"]), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_a_finished_interval_gives_the_same_answer(case) -> None:
    """As `results.json` holds it: twelve digits, and the degrees of freedom taken back from the interval."""
    found = difference_in_means(moments(case["treated"]), moments(case["comparison"]), "spend", unit="EUR")
    value, low, high, se = (float(f"{one:.12g}") for one in (found.value, found.low, found.high, found.se))
    reading = told(value, low, high, level=0.95, scale="difference", se=se)
    peer = case["statsmodels"]
    assert reading.freedom == pytest.approx(peer["df"], rel=1e-6)
    ours = equivalence(reading, case["low"], case["high"])
    assert (ours.p_low, ours.p_high) == pytest.approx((peer["p_low"], peer["p_high"]), rel=1e-8, abs=1e-11)
    two_sided = 2 * min(reading.p_above(0.0), reading.p_below(0.0))
    assert two_sided == pytest.approx(case["scipy"]["two_sided"], rel=1e-8, abs=1e-11)


def test_by_hand() -> None:
    """Centre 0.1, error 0.2, bounds ±0.5: 3 errors above the lower bound, 2 below the upper one."""
    ours = equivalence(Told(centre=0.1, below=0.2, above=0.2), -0.5, 0.5)
    assert (ours.p_low, ours.p_high) == pytest.approx((stats.norm.sf(3), stats.norm.sf(2)), rel=1e-12)
    assert ours.p_value == ours.p_high


def test_a_ratio_is_tested_on_its_logarithm() -> None:
    """1.05 with an error of 0.02 on the log scale against ±10 %: (log 1.1 − log 1.05) / 0.02 errors."""
    found = ratio_estimate("orders", 1.05, 0.02, n_treated=9, n_comparison=9, method="")
    reading = told(found.value, found.low, found.high, level=0.95, scale="ratio", se=found.se, se_log=found.se_log)
    assert math.isinf(reading.freedom)
    ours = equivalence(reading, *region(0.1, "ratio"))
    assert ours.p_high == pytest.approx(stats.norm.sf((math.log(1.1) - math.log(1.05)) / 0.02), rel=1e-9)
    assert ours.p_low == pytest.approx(stats.norm.sf((math.log(1.1) + math.log(1.05)) / 0.02), rel=1e-6)
    assert no_effect("ratio") == no_effect("difference") == 0


@given(PLACES, ERRORS, st.floats(0.1, 6), st.sampled_from([3.0, 30.0, math.inf]))
def test_it_is_equivalent_if_and_only_if_the_90_percent_interval_lies_within(centre, error, reach, freedom) -> None:
    reading = Told(centre=centre, below=error, above=error, freedom=freedom)
    quantile = stats.norm.ppf(0.95) if math.isinf(freedom) else stats.t.ppf(0.95, freedom)
    margin = min(reach - (centre + quantile * error), centre - quantile * error + reach)
    if abs(margin) > 1e-9:
        assert (equivalence(reading, -reach, reach).p_value < 0.05) == (margin > 0)


@given(PLACES, ERRORS, ERRORS, st.sampled_from([0.9, 0.95, 0.99]), PLACES)
def test_an_uneven_interval_and_its_tests_say_the_same_at_its_level(value, down, up, level, bound) -> None:
    reading = told(value, value - down, value + up, level=level, scale="difference")
    two_sided = 2 * min(reading.p_above(bound), reading.p_below(bound))
    edge = min(abs(bound - value + down), abs(bound - value - up))
    if edge > 1e-6:
        assert (two_sided < 1 - level) == (not value - down <= bound <= value + up)


@given(PLACES, ERRORS, PLACES)
def test_both_tails_add_up_and_swapping_the_groups_swaps_them(centre, error, bound) -> None:
    there = Told(centre=centre, below=error, above=error, freedom=7)
    back = Told(centre=-centre, below=error, above=error, freedom=7)
    assert there.p_above(bound) + there.p_below(bound) == pytest.approx(1)
    assert there.p_above(bound) == pytest.approx(back.p_below(-bound), rel=1e-12)


@given(PLACES, ERRORS, st.floats(0.1, 6), st.floats(0.01, 100))
def test_another_unit_changes_nothing(centre, error, reach, factor) -> None:
    one = equivalence(Told(centre=centre, below=error, above=error), -reach, reach)
    scaled = Told(centre=centre * factor, below=error * factor, above=error * factor)
    # 1e-6: in the far tail the last digits of the distance are magnified
    assert equivalence(scaled, -reach * factor, reach * factor).p_value == pytest.approx(one.p_value, rel=1e-6)


def test_an_open_end_excludes_nothing_on_its_side() -> None:
    reading = told(1.0, 0.2, math.inf, level=0.95, scale="difference", se=0.4)
    assert reading.p_below(50.0) == 0.5
    assert reading.p_above(0.0) < 0.05
    assert told(0.5, 0.0, 2.0, level=0.95, scale="ratio", se_log=0.1).p_above(math.log(0.01)) == 0.5


@pytest.mark.parametrize("freedom", [2.5, 5.0, 30.3, 400.0, 6e4, 1e6])
def test_degrees_of_freedom_come_back_from_an_interval(freedom) -> None:
    half = float(f"{stats.t.ppf(0.975, freedom) * 0.3:.12g}")
    reading = told(1.0, 1 - half, 1 + half, level=0.95, scale="difference", se=0.3)
    for bound in (0.0, 0.7, 1.2):
        expected = stats.t.sf((1 - bound) / 0.3, freedom)
        assert reading.p_above(bound) == pytest.approx(expected, rel=1e-7, abs=1e-11)


def test_an_interval_shorter_than_its_error_is_taken_at_its_word() -> None:
    """A set from another road than the error: the tests are those of the set, as if it were a normal one."""
    reading = told(1.0, 0.5, 1.5, level=0.95, scale="difference", se=2.0)
    assert reading.below == pytest.approx(0.5 / stats.norm.ppf(0.975))
    assert math.isinf(reading.freedom)


def test_what_cannot_be_tested_is_refused() -> None:
    for low, high in [(1.0, 1.0), (1.1, 1.2)]:
        with pytest.raises(ValueError, match="holds its estimate"):
            told(1.0, low, high, level=0.95, scale="difference")
    with pytest.raises(ValueError, match="above zero"):
        told(0.0, 0.0, 1.0, level=0.95, scale="ratio")
    with pytest.raises(ValueError, match="end of its own interval"):
        told(1.0, 1.0, 2.0, level=0.95, scale="difference")
    with pytest.raises(ValueError, match="in order"):
        equivalence(Told(centre=0, below=1, above=1), 1, -1)
    with pytest.raises(ValueError, match="errors"):
        Told(centre=0, below=0, above=1)
    with pytest.raises(ValueError, match="does not vary"):
        equivalence_of_means(moments([1, 1]), moments([1, 1]), "spend", low=-1, high=1)
    for smallest in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="smallest effect"):
            region(smallest, "ratio")
    with pytest.raises(ValueError, match="between 0 and 1"):
        error_needed(1.0, alpha=0.0)


def test_the_error_needed_finds_and_excludes_four_times_in_five() -> None:
    """Normal draws: at that error a true effect of 1 is clear, and no effect shown, in 80 % or more. 1.5 million draws
    give a Monte Carlo error of 0.0003."""
    error = error_needed(1.0, alpha=0.05)
    found = np.random.default_rng(1).normal(0, error, 1_500_000)
    clear = np.mean(np.abs(found + 1) > stats.norm.ppf(0.975) * error)
    shown = np.mean(np.abs(found) + stats.norm.ppf(0.95) * error < 1)
    assert min(clear, shown) == pytest.approx(0.8, abs=0.0015)
    assert max(clear, shown) >= 0.8


def test_the_size_of_the_test_at_its_bound() -> None:
    """True difference exactly at the bound: equivalence is claimed in at most 5 % of 20,000 pairs of samples."""
    rng = np.random.default_rng(2)
    treated, comparison = rng.normal(0.5, 1.0, (20_000, 60)), rng.normal(0.0, 1.5, (20_000, 80))
    parts = [group.var(axis=1, ddof=1) / group.shape[1] for group in (treated, comparison)]
    gap, se = treated.mean(axis=1) - comparison.mean(axis=1), np.sqrt(parts[0] + parts[1])
    freedom = (parts[0] + parts[1]) ** 2 / (parts[0] ** 2 / 59 + parts[1] ** 2 / 79)
    claimed = np.mean([
        equivalence(Told(centre=g, below=s, above=s, freedom=f), -0.5, 0.5).p_value < 0.05
        for g, s, f in zip(gap, se, freedom, strict=True)
    ])  # fmt: skip
    assert 0.03 < claimed <= 0.05 + 3 * math.sqrt(0.0475 / 20_000)
