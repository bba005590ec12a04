"""Sensitivity to hidden causes: published values, another package's answers, cases by hand and laws.

By hand. E-value of 2: 2 + √(2·1) = 3.4142. Bounding factor of 2 and 3: 6/4 = 1.5. A cause that 40 % of the treated
and 20 % of the others have and that makes them buy half as much again: (0.6 + 0.6)/(0.8 + 0.3) = 1.0909. Robustness
value at t = 3 with 9 degrees of freedom: f = 1, (√5 − 1)/2 = 0.6180; partial R² 9/18 = 0.5.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.inference.panel_effects import ratio_did
from analysis.inference.sensitivity import (
    Strength,
    adjusted_for,
    bias_factor_to_null,
    bounding_factor,
    confounder_bound,
    e_value,
    partial_r2,
    planted_bias,
    robustness_value,
)

GOLDEN = Path(__file__).parents[1] / "golden" / "sensitivity"
PUBLISHED = json.loads((GOLDEN / "e_values.json").read_text())["rows"]
PEER = json.loads((GOLDEN / "pysensemakr.json").read_text())
DARFUR = PEER["darfur"]

CLOSE = 1e-10
"""Both sides are closed forms in double precision."""

RATIO = st.floats(min_value=0.01, max_value=100)
ABOVE_ONE = st.floats(min_value=1, max_value=100)
SHARE = st.floats(min_value=0, max_value=1)
T = st.floats(min_value=-50, max_value=50)
DOF = st.integers(min_value=2, max_value=100_000)


def test_by_hand() -> None:
    assert e_value(2).point == pytest.approx(2 + math.sqrt(2), rel=1e-15)
    assert bounding_factor(2, 3) == pytest.approx(1.5, rel=1e-15)
    assert planted_bias(0.4, 0.2, 1.5) == pytest.approx(1.2 / 1.1, rel=1e-15)
    assert robustness_value(3, 9) == pytest.approx((math.sqrt(5) - 1) / 2, rel=1e-15)
    assert partial_r2(3, 9) == pytest.approx(0.5, rel=1e-15)


# E-values and bias factors


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: row["ratio"])
def test_the_published_e_values(row) -> None:
    half = 0.5 * 10.0 ** -row["digits"]
    found = e_value(row["ratio"], row["low"], row["high"])
    assert found.point == pytest.approx(row["point"], abs=half)
    assert found.limit == pytest.approx(row["limit"], abs=half)


@given(RATIO, st.floats(min_value=1, max_value=5), st.floats(min_value=1, max_value=5))
def test_an_inverted_ratio_has_the_same_e_value_and_the_inverse_bias(ratio, down, up) -> None:
    there = (ratio, ratio / down, ratio * up)
    back = (1 / ratio, 1 / there[2], 1 / there[1])
    # 1e-6: near 1 the square root turns a rounding of the inversion into its square root
    assert e_value(*back).point == pytest.approx(e_value(*there).point, rel=1e-6)
    assert e_value(*back).limit == pytest.approx(e_value(*there).limit, rel=1e-6)
    assert bias_factor_to_null(*back).point == pytest.approx(1 / bias_factor_to_null(*there).point)
    assert bias_factor_to_null(*back).limit == pytest.approx(1 / bias_factor_to_null(*there).limit)


@given(RATIO)
def test_an_e_value_is_no_smaller_than_the_ratio(ratio) -> None:
    assert e_value(ratio).point >= max(ratio, 1 / ratio) >= 1


@given(ABOVE_ONE, st.floats(min_value=1.001, max_value=2))
def test_a_larger_ratio_has_a_larger_e_value(ratio, more) -> None:
    assert e_value(ratio * more).point > e_value(ratio).point
    assert e_value(1 / (ratio * more)).point > e_value(1 / ratio).point


@given(RATIO, st.floats(min_value=1, max_value=5), st.floats(min_value=1, max_value=5))
def test_the_limit_is_1_exactly_where_the_interval_holds_1(ratio, down, up) -> None:
    low, high = ratio / down, ratio * up
    holds = low <= 1 <= high
    assert (e_value(ratio, low, high).limit == 1) == holds
    assert (bias_factor_to_null(ratio, low, high).limit == 1) == holds
    assert 1 <= e_value(ratio, low, high).limit <= e_value(ratio).point


@given(RATIO, st.floats(min_value=1, max_value=5), st.floats(min_value=1, max_value=5))
def test_dividing_by_the_bias_factor_moves_the_near_end_to_1(ratio, down, up) -> None:
    low, high = ratio / down, ratio * up
    factor = bias_factor_to_null(ratio, low, high)
    assert ratio / factor.point == pytest.approx(1)
    ends = sorted((low / factor.limit, high / factor.limit))
    assert ends[0] <= 1 + 1e-12
    assert ends[1] >= 1 - 1e-12
    if factor.limit != 1:
        assert min(abs(end - 1) for end in ends) < 1e-12


def test_the_interval_may_be_open() -> None:
    assert e_value(3, 2, math.inf).limit == e_value(2).point
    assert e_value(0.5, 0, 0.8).limit == e_value(0.8).point
    assert e_value(0.5, 0, math.inf).limit == 1


def test_no_interval_no_limit() -> None:
    assert e_value(1.2).limit is None


@given(ABOVE_ONE)
def test_a_cause_as_strong_as_the_e_value_makes_exactly_the_ratio(ratio) -> None:
    e = e_value(ratio).point
    assert bounding_factor(e, e) == pytest.approx(ratio, rel=1e-9)


@given(ABOVE_ONE, ABOVE_ONE, st.floats(min_value=1, max_value=10))
def test_the_bounding_factor_grows_is_symmetric_and_stays_below_either_strength(a, b, more) -> None:
    factor = bounding_factor(a, b)
    assert factor == bounding_factor(b, a)
    assert 1 - 1e-12 <= factor <= min(a, b) * (1 + 1e-12)
    assert bounding_factor(a * more, b) >= factor * (1 - 1e-12)


def test_a_level_found_in_one_group_only() -> None:
    assert bounding_factor(1.7, math.inf) == 1.7
    assert bounding_factor(1.7, 1e12) == pytest.approx(1.7)


@given(SHARE, SHARE, st.floats(min_value=0.05, max_value=20))
def test_no_planted_bias_exceeds_what_its_strength_allows(p1, p0, g) -> None:
    """Ding and VanderWeele's theorem, on every cause that a world can plant."""
    bias = planted_bias(p1, p0, g)
    above = max(bias, 1 / bias)
    treated, other = (p1, p0) if bias >= 1 else (p0, p1)
    with np.errstate(divide="ignore"):
        ratios = [x / y if y > 0 else math.inf for x, y in ((treated, other), (1 - treated, 1 - other)) if x > 0]
    assert above <= bounding_factor(max(g, 1 / g), max(1.0, *ratios)) * (1 + 1e-9)


@given(SHARE, SHARE, st.floats(min_value=0.05, max_value=20))
def test_a_planted_bias_turns_round_with_the_groups_and_with_the_levels(p1, p0, g) -> None:
    assert planted_bias(p0, p1, g) == pytest.approx(1 / planted_bias(p1, p0, g))
    assert planted_bias(1 - p1, 1 - p0, 1 / g) == pytest.approx(planted_bias(p1, p0, g))
    assert planted_bias(p1, p1, g) == pytest.approx(1)
    assert planted_bias(p1, p0, 1) == pytest.approx(1)


def test_a_planted_bias_is_the_bias_of_counts_that_ignore_the_cause() -> None:
    """200,000 customers a group, no effect; the ratio's standard error is 0.0035, the bar 3 of them."""
    rng = np.random.default_rng(20260101)
    p1, p0, g, n = 0.35, 0.15, 1.4, 200_000
    treated, other = (rng.poisson(0.9 * np.where(rng.random(n) < p, g, 1.0)).mean() for p in (p1, p0))
    assert planted_bias(p1, p0, g) == pytest.approx(1.14 / 1.06)
    assert treated / other == pytest.approx(planted_bias(p1, p0, g), abs=3 * 0.0035)


def test_a_planted_bias_is_that_of_the_ratio_of_changes_where_the_cause_changes_the_change() -> None:
    """Eight customers, no effect. The cause (3 of 4 treated, 1 of 4 others) doubles what is bought after: 1.75/1.25.

    Where it doubles before and after alike, growth is 1 in both groups and the ratio 1.
    """
    cause = np.array([1, 1, 1, 0, 1, 0, 0, 0])
    columns = {"contacted": np.arange(8) < 4, "month": np.zeros(8, int), "weight": np.ones(8), "customer": np.arange(8)}

    def found(before, after) -> float:
        fit = ratio_did(name="orders", unit="orders per customer", before=before, after=after, **columns)
        return fit.ratio.value

    assert found(np.full(8, 2.0), 2.0 * (1 + cause)) == pytest.approx(planted_bias(0.75, 0.25, 2))
    assert found(2.0 * (1 + cause), 2.0 * (1 + cause)) == pytest.approx(1)


# Robustness values and bounds from an observed covariate


def test_darfur_as_published() -> None:
    assert round(partial_r2(4.18445, 783), 5) == 0.02187
    assert round(robustness_value(4.18445, 783), 5) == 0.13878
    assert round(robustness_value(4.18445, 783, alpha=0.05), 5) == 0.07626


def test_darfur_to_the_digits_of_another_package() -> None:
    t, dof = DARFUR["t"], DARFUR["dof"]
    assert partial_r2(t, dof) == pytest.approx(DARFUR["partial_r2"], rel=CLOSE)
    assert robustness_value(t, dof) == pytest.approx(DARFUR["robustness"], rel=CLOSE)
    assert robustness_value(t, dof, alpha=0.05) == pytest.approx(DARFUR["robustness_alpha"], rel=CLOSE)


@pytest.mark.parametrize("peer", DARFUR["bounds"], ids=lambda peer: f"{peer['times']}-times-female")
def test_a_cause_several_times_as_strong_as_female(peer) -> None:
    female = DARFUR["female"]
    benchmark = Strength(
        treatment=partial_r2(female["t_treatment"], female["dof_treatment"]),
        outcome=partial_r2(female["t_outcome"], female["dof_outcome"]),
    )
    bound = confounder_bound(benchmark, peer["times"])
    assert bound.treatment == pytest.approx(peer["r2_treatment"], rel=CLOSE)
    assert bound.outcome == pytest.approx(peer["r2_outcome"], rel=CLOSE)
    found = adjusted_for(DARFUR["estimate"], DARFUR["se"], DARFUR["dof"], bound)
    assert found.estimate == pytest.approx(peer["estimate"], rel=CLOSE)
    assert found.se == pytest.approx(peer["se"], rel=CLOSE)
    assert found.t == pytest.approx(peer["t"], rel=CLOSE)


def test_robustness_values_of_another_package() -> None:
    rows = PEER["robustness_rows"]
    assert len(rows) == 120
    assert any(row[-1] == 0 for row in rows)
    ours = [robustness_value(t, dof, q, alpha) for t, dof, q, alpha, _ in rows]
    assert ours == pytest.approx([row[-1] for row in rows], rel=CLOSE)


def test_bounds_of_another_package() -> None:
    rows = PEER["bound_rows"]
    assert len(rows) == 24
    for r2_treatment, r2_outcome, times, times_outcome, *peer in rows:
        bound = confounder_bound(Strength(treatment=r2_treatment, outcome=r2_outcome), times, times_outcome)
        assert [bound.treatment, bound.outcome] == pytest.approx(peer, rel=CLOSE)


@given(T, DOF, st.floats(min_value=1.01, max_value=5))
def test_a_robustness_value_grows_with_t_and_ignores_its_sign(t, dof, more) -> None:
    for alpha in (None, 0.05):
        value = robustness_value(t, dof, alpha=alpha)
        assert 0 <= value < 1
        assert value == robustness_value(-t, dof, alpha=alpha)
        assert robustness_value(t * more, dof, alpha=alpha) >= value
    assert robustness_value(t, dof, q=0.5) == robustness_value(t / 2, dof)


@given(T, DOF)
def test_doubt_about_the_estimate_lowers_its_robustness(t, dof) -> None:
    values = [robustness_value(t, dof, alpha=alpha) for alpha in (0.01, 0.05, 0.3)] + [robustness_value(t, dof)]
    assert values == sorted(values)


@given(st.floats(min_value=0.1, max_value=50), st.integers(min_value=3, max_value=100_000))
def test_a_cause_as_strong_as_the_robustness_value_undoes_the_estimate(t, dof) -> None:
    """The definition: with that share of treatment and outcome the adjusted estimate is 0."""
    value = robustness_value(t, dof)
    found = adjusted_for(t, 1.0, dof, Strength(treatment=value, outcome=value))
    assert found.estimate == pytest.approx(0, abs=1e-8 * t)


@given(st.floats(min_value=2.5, max_value=50), st.integers(min_value=30, max_value=100_000))
def test_a_cause_as_strong_as_the_robustness_value_with_alpha_makes_the_t_value_critical(t, dof) -> None:
    """No cause whose two shares are at most the value brings |t| below the critical value; one that reaches it does.

    Where the outcome's share binds the worst cause has both shares equal to the value; elsewhere it needs less of the
    outcome, found here on a grid of 2,000 (which overshoots by far less than 1e-3).
    """
    value = robustness_value(t, dof, alpha=0.05)
    if value == 0:
        return
    critical = stats.t.ppf(0.975, dof - 1)
    shares = np.linspace(0, value, 2001)
    worst = min(adjusted_for(t, 1.0, dof, Strength(treatment=value, outcome=share)).t for share in shares)
    assert worst == pytest.approx(critical, rel=1e-3)


def test_no_degree_of_freedom_is_too_many_and_no_t_too_large() -> None:
    assert robustness_value(0, 100) == 0
    assert robustness_value(1e-200, 100) == pytest.approx(0, abs=1e-199)
    assert robustness_value(1e200, 100) == 1
    assert robustness_value(1e200, 100, alpha=0.05) == 1
    assert partial_r2(1e200, 100) == 1
    assert partial_r2(0, 100) == 0


@given(
    st.floats(min_value=0, max_value=0.2),
    st.floats(min_value=0, max_value=0.2),
    st.floats(min_value=0.1, max_value=2),
)
def test_a_stronger_cause_takes_more_away(r2_treatment, r2_outcome, times) -> None:
    benchmark = Strength(treatment=r2_treatment, outcome=r2_outcome)
    weak, strong = confounder_bound(benchmark, times), confounder_bound(benchmark, times * 1.5)
    assert strong.treatment >= weak.treatment
    assert strong.outcome >= weak.outcome
    if strong.outcome < 1:
        left = [adjusted_for(-0.2, 0.02, 500, cause) for cause in (Strength(treatment=0, outcome=0), weak, strong)]
        assert left[0].estimate == pytest.approx(-0.2)
        assert left[0].estimate <= left[1].estimate <= left[2].estimate


def test_a_bias_larger_than_the_estimate_turns_its_sign() -> None:
    assert adjusted_for(0.01, 0.02, 500, Strength(treatment=0.3, outcome=0.3)).estimate < 0
    assert adjusted_for(-0.01, 0.02, 500, Strength(treatment=0.3, outcome=0.3)).estimate > 0


def test_a_bound_that_rules_nothing_out_is_1() -> None:
    assert confounder_bound(Strength(treatment=0.1, outcome=0.6), 3).outcome == 1
    assert confounder_bound(Strength(treatment=0.1, outcome=1), 1).outcome == 1


# Bad input


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: e_value(0), "above zero"),
        (lambda: e_value(-1.2), "above zero"),
        (lambda: e_value(math.nan), "above zero"),
        (lambda: e_value(math.inf), "above zero"),
        (lambda: e_value(1.2, low=1.1), "both or neither"),
        (lambda: e_value(1.2, 1.4, 1.1), "must hold its ratio"),
        (lambda: e_value(1.2, 1.3, 1.4), "must hold its ratio"),
        (lambda: e_value(1.2, -0.1, 1.4), "lie above zero"),
        (lambda: e_value(1.2, math.nan, 1.4), "must hold its ratio"),
        (lambda: bias_factor_to_null(0, 0, 1), "above zero"),
        (lambda: bias_factor_to_null(1.1, 1.2, 1.0), "must hold its ratio"),
        (lambda: bounding_factor(0.9, 2), "with the outcome is 0.9; it must be 1 or above"),
        (lambda: bounding_factor(2, math.nan), "with the treatment"),
        (lambda: planted_bias(0.2, 1.1, 2), "share lies between 0 and 1, not 1.1"),
        (lambda: planted_bias(math.nan, 0.1, 2), "share lies between"),
        (lambda: planted_bias(0.2, 0.1, 0), "above zero"),
        (lambda: partial_r2(2, 0), "Degrees of freedom must be above zero, not 0"),
        (lambda: partial_r2(math.inf, 10), "must be finite"),
        (lambda: robustness_value(2, -1), "Degrees of freedom"),
        (lambda: robustness_value(math.nan, 10), "must be finite"),
        (lambda: robustness_value(2, 10, q=0), "`q`"),
        (lambda: robustness_value(2, 10, alpha=0), "`alpha` lies between"),
        (lambda: robustness_value(2, 10, alpha=1.5), "`alpha` lies between"),
        (lambda: robustness_value(2, 1, alpha=0.05), "more than 1 degree"),
        (lambda: Strength(treatment=1, outcome=0), "with the treatment"),
        (lambda: Strength(treatment=0.1, outcome=-0.1), "with the outcome"),
        (lambda: confounder_bound(Strength(treatment=0.1, outcome=0.1), 0), "multiple above zero"),
        (lambda: confounder_bound(Strength(treatment=0.4, outcome=0.1), 2), "give a smaller multiple"),
        (lambda: adjusted_for(1, 0, 10, Strength(treatment=0.1, outcome=0.1)), "standard error"),
        (lambda: adjusted_for(1, 1, 1, Strength(treatment=0.1, outcome=0.1)), "More than 1 degree"),
        (lambda: adjusted_for(1, 1, 10, Strength(treatment=0.1, outcome=1)), "no error to judge"),
    ],
)
def test_bad_input_is_refused_in_words(call, words) -> None:
    with pytest.raises(ValueError, match=words):
        call()
