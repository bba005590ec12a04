"""What an unrecorded cause would have to do, in figures and in words.

By hand: a ratio of 1.08 with the interval 1.041 to 1.12 needs a bias of 1.041, that is customers whose orders would
have grown by 4.1 % more than those of others anyway; its E-value is 1.08 + √(1.08 · 0.08) = 1.3739, that of the near
end 1.041 + √(1.041 · 0.041) = 1.2476. A difference of 3 with error 1 and 9 degrees of freedom has the robustness
value (√5 − 1)/2.
"""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Bounds, Estimate
from analysis.inference.sensitivity import planted_bias
from analysis.studies.sensitivity import Sensitivity, sensitivity_of, unless

CUSTOMERS = {"level": 0.95, "n_treated": 900, "n_comparison": 2500, "method": "by hand"}
NO_EFFECT_SEEN = (
    "No clear effect was seen, so nothing need be explained away; an unrecorded cause could still have hidden one."
)


def ratio(value: float, low: float, high: float, name: str = "orders") -> Estimate:
    return Estimate(name=name, value=value, low=low, high=high, se=0.02, scale="ratio", unit="ratio", **CUSTOMERS)


def difference(value: float, low: float, high: float, name: str, unit: str, se: float = 1.0) -> Estimate:
    return Estimate(name=name, value=value, low=low, high=high, se=se, scale="difference", unit=unit, **CUSTOMERS)


def test_a_ratio_by_hand() -> None:
    found = sensitivity_of(ratio(1.08, 1.041, 1.12), benchmarks={"product": 1.003}, dof=3000)
    assert (found.bias_factor, found.bias_factor_point) == (1.041, 1.08)
    assert found.e_value == pytest.approx(1.3739, abs=5e-5)
    assert found.e_value_limit == pytest.approx(1.2476, abs=5e-5)
    assert (found.robustness, found.robustness_alpha, found.bias_amount, found.bias_amount_point) == (None,) * 4
    assert found.sentence == (
        "An unrecorded cause would have to make contacted customers buy at least 4.1 % more than before, relative to "
        "similar others, on top of everything recorded, to explain this away; the strongest recorded one, product, "
        "moves the result by 0.3 %."
    )


def test_a_difference_by_hand() -> None:
    found = sensitivity_of(difference(3, 1.04, 4.96, "revenue", "EUR per customer"), benchmarks={}, dof=9)
    assert (found.bias_amount, found.bias_amount_point) == (1.04, 3)
    assert found.robustness == pytest.approx((math.sqrt(5) - 1) / 2)
    assert 0 < found.robustness_alpha < found.robustness
    assert (found.bias_factor, found.bias_factor_point, found.e_value, found.e_value_limit) == (None,) * 4
    assert found.sentence == (
        "An unrecorded cause would have to make contacted customers spend at least 1.04 EUR more each than before, "
        "relative to similar others, on top of everything recorded, to explain this away."
    )


def test_the_level_of_the_interval_is_the_level_of_the_robustness_value() -> None:
    narrow = Estimate(
        name="revenue",
        value=3,
        low=1.3,
        high=4.7,
        level=0.9,
        se=1,
        scale="difference",
        unit="EUR",
        n_treated=900,
        n_comparison=2500,
        method="by hand",
    )
    wide = difference(3, 1.04, 4.96, "revenue", "EUR")
    values = [sensitivity_of(one, benchmarks={}, dof=900).robustness_alpha for one in (wide, narrow)]
    assert values[0] < values[1]


@pytest.mark.parametrize(("dof", "se"), [(None, 1.0), (1, 1.0), (-3, 1.0), (900, 0.0), (900, math.inf)], ids=str)
def test_where_there_is_no_robustness_value_none_is_given(dof, se) -> None:
    found = sensitivity_of(difference(3, 1, 5, "margin", "EUR per customer", se), benchmarks={}, dof=dof)
    assert found.robustness is None
    assert found.robustness_alpha is None
    assert found.bias_amount == 1


@pytest.mark.parametrize(
    ("estimate", "clause"),
    [
        (ratio(1.08, 1.041, 1.12), "buy 4.1 % more"),
        (ratio(0.9, 0.85, 0.959), "buy 4.1 % less"),
        (ratio(1.08, 1.041, 1.12, "revenue"), "spend 4.1 % more"),
        (ratio(0.9, 0.85, 0.959, "margin"), "bring 4.1 % less margin"),
        (ratio(1.08, 1.041, 1.12, "issues"), "raise 4.1 % more issues"),
        (ratio(0.9, 0.85, 0.959, "issues"), "raise 4.1 % fewer issues"),
        (ratio(0.9, 0.85, 0.959, "support_cost"), "cost 4.1 % less to support"),
        (ratio(3.2, 2.5, 4, "app_visits"), "have 150.0 % more app visits"),
        (ratio(1.02, 1.0004, 1.04), "buy 0.04 % more"),
        (ratio(1.02, 1.00000012, 1.04), "buy 0.000012 % more"),
        (difference(0.3, 0.1304, 0.5, "orders", "orders per customer"), "place 0.130 more orders each"),
        (difference(-0.3, -0.5, -0.1, "issues", "issues per customer"), "raise 0.100 fewer issues each"),
        (
            difference(-6, -9, -3.2, "index_issue_cost", "EUR per customer"),
            "cost 3.20 EUR less each for the issue itself",
        ),
        (difference(6, 0.003, 9, "support_cost", "EUR per customer"), "cost 0.003 EUR more each to support"),
        (difference(6000, 1234.5, 9000, "margin", "EUR per customer"), "bring 1,234.50 EUR more margin each"),
        (difference(0.05, 0.021, 0.08, "repurchased", "share"), "be 2.1 percentage points more likely to buy again"),
        (difference(-5, -8, -2.1, "retained", "percentage points"), "be 2.1 percentage points less likely to stay"),
        (difference(2, 1, 3, "app_visits", "visits per customer"), "have 1.000 more app visits"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_the_clause_says_the_outcome_the_direction_and_the_near_end(estimate, clause) -> None:
    found = sensitivity_of(estimate, benchmarks={})
    change = estimate.name in ("orders", "revenue", "margin", "repurchased", "retained")
    otherwise = "than before, relative to others" if change else "anyway"
    assert unless(found) == f"unless an unrecorded cause made contacted customers {clause} {otherwise}"
    assert (" than before, relative to similar others, on top" in found.sentence) is change
    assert (" than similar others, on top" in found.sentence) is not change
    assert "at least" in found.sentence
    assert clause in found.sentence.replace("at least ", "")


@pytest.mark.parametrize(
    "estimate",
    [
        ratio(1.02, 0.98, 1.06),
        ratio(1.02, 1.0, 1.04),
        difference(0.1, -0.1, 0.3, "orders", "orders per customer"),
        difference(0.1, -math.inf, math.inf, "margin", "EUR per customer"),
    ],
)
def test_where_no_effect_was_seen_nothing_need_be_explained_away(estimate) -> None:
    found = sensitivity_of(estimate, benchmarks={"product": 1.5}, dof=900)
    assert found.needed is None
    assert found.bias_factor is None
    assert found.bias_amount is None
    assert found.sentence == NO_EFFECT_SEEN
    assert unless(found) == "unless an unrecorded cause hid an effect"
    if estimate.scale == "ratio":
        assert found.e_value_limit == 1
        assert found.bias_factor_point == estimate.value


def test_the_strongest_recorded_cause_is_the_one_that_moves_the_result_most() -> None:
    estimate = ratio(1.08, 1.041, 1.12)
    found = sensitivity_of(estimate, benchmarks={"product": 1.01, "index month": 0.98, "months observed": 1.0})
    assert (found.benchmark, found.benchmark_factor) == ("index month", 0.98)
    ties = sensitivity_of(estimate, benchmarks={"product": 1.01, "index month": 1.01})
    assert ties.benchmark == "index month"
    # on the log scale halving moves as far as doubling
    assert sensitivity_of(estimate, benchmarks={"a": 1.5, "b": 0.6}).benchmark == "b"


@pytest.mark.parametrize(
    ("estimate", "factor", "enough"),
    [
        (ratio(1.08, 1.041, 1.12), 1.05, True),
        (ratio(1.08, 1.041, 1.12), 0.95, True),
        (ratio(1.08, 1.041, 1.12), 1.03, False),
        (ratio(0.9, 0.85, 0.959), 1.05, True),
        (difference(6, 3, 9, "margin", "EUR per customer"), 1.6, True),
        (difference(6, 3, 9, "margin", "EUR per customer"), -1.0, True),
        (difference(-6, -9, -3, "margin", "EUR per customer"), 0.6, False),
    ],
)
def test_a_recorded_cause_that_would_be_enough_is_said_to_be(estimate, factor, enough) -> None:
    found = sensitivity_of(estimate, benchmarks={"product": factor})
    moved = f"the strongest recorded one, product, moves the result by {abs(factor - 1) * 100:.1f} %"
    assert found.sentence.endswith(moved + (", so one as strong would be enough." if enough else "."))


def test_a_recorded_cause_that_moves_nothing_is_said_to_move_nothing() -> None:
    found = sensitivity_of(ratio(1.08, 1.041, 1.12), benchmarks={"product": 1.0})
    assert found.sentence.endswith("product, moves the result by 0.0 %.")


@given(
    st.floats(min_value=-1, max_value=1),
    st.floats(min_value=0.001, max_value=0.3),
    st.floats(min_value=-0.2, max_value=0.2),
)
def test_a_bias_smaller_than_the_factor_leaves_the_finding_and_a_larger_one_does_not(log_ratio, se, log_bias) -> None:
    """What the clause promises: divide the estimate by a bias and look whether the interval still leaves out 1."""
    about = {"n_treated": 9, "n_comparison": 9, "method": "by hand"}
    found = sensitivity_of(ratio_estimate("orders", math.exp(log_ratio), se, **about), benchmarks={})
    if found.bias_factor is None:
        return
    same_direction = log_bias * log_ratio > 0
    within = not same_direction or abs(log_bias) < abs(math.log(found.bias_factor))
    rest = ratio_estimate("orders", math.exp(log_ratio - log_bias), se, **about)
    stands = rest.excludes_no_effect and (rest.value > 1) == (log_ratio > 0)
    if abs(abs(log_bias) - abs(math.log(found.bias_factor))) > 1e-9:
        assert stands == within


@given(st.floats(min_value=-1, max_value=1), st.floats(min_value=0.001, max_value=0.3))
def test_gain_and_harm_are_judged_alike(log_ratio, se) -> None:
    about = {"n_treated": 9, "n_comparison": 9, "method": "by hand"}
    gain, harm = (
        sensitivity_of(ratio_estimate("orders", math.exp(one), se, **about), benchmarks={})
        for one in (log_ratio, -log_ratio)
    )
    assert gain.e_value == pytest.approx(harm.e_value, rel=1e-6)
    assert (gain.bias_factor is None) == (harm.bias_factor is None)
    if gain.bias_factor is not None:
        assert gain.bias_factor * harm.bias_factor == pytest.approx(1)


def test_a_planted_cause_of_the_size_named_explains_the_finding_away() -> None:
    """The clause against a cause one can plant: its bias is the factor the clause names, and the near end goes to 1."""
    bias = planted_bias(0.4, 0.2, 1.25)
    estimate = ratio_estimate("orders", 1.08, 0.016, n_treated=9, n_comparison=9, method="by hand")
    found = sensitivity_of(estimate, benchmarks={})
    assert bias == pytest.approx(1.1 / 1.05)
    assert estimate.low / found.bias_factor == pytest.approx(1)
    assert (bias > found.bias_factor) == (estimate.low / bias < 1)


def test_plain_values() -> None:
    bound = Bounds(name="orders", low=0.97, high=math.inf, unit="ratio", assumes="drift at most twice the largest lead")
    found = sensitivity_of(ratio(1.08, 1.041, 1.12), benchmarks={"product": 1.003}, bounds=[bound])
    plain = found.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert plain["bounds"] == [
        {
            "name": "orders",
            "low": 0.97,
            "high": None,
            "unit": "ratio",
            "assumes": "drift at most twice the largest lead",
        }
    ]
    assert plain["robustness"] is None
    assert plain["sentence"] == found.sentence
    assert plain["benchmark"] == "product"
    assert found.bounds == (bound,)


def test_no_jargon() -> None:
    words = " ".join(
        sensitivity_of(estimate, benchmarks={"product": 1.01}, dof=900).sentence
        for estimate in (ratio(1.08, 1.041, 1.12), ratio(1.0, 0.9, 1.1), difference(3, 1, 5, "margin", "EUR"))
    ).lower()
    for word in ("e-value", "confound", "robust", "bias", "interval", "significan", "partial", "ratio"):
        assert word not in words


@pytest.mark.parametrize("factor", [0.0, -1.0, math.nan, math.inf])
def test_a_benchmark_of_a_ratio_is_finite_and_above_zero(factor) -> None:
    with pytest.raises(ValueError, match=r"benchmark of `product` must be finite and above zero, not"):
        sensitivity_of(ratio(1.08, 1.041, 1.12), benchmarks={"product": factor})


def test_a_benchmark_of_a_difference_is_finite() -> None:
    with pytest.raises(ValueError, match=r"benchmark of `product` must be finite, not nan"):
        sensitivity_of(difference(3, 1, 5, "margin", "EUR"), benchmarks={"product": math.nan})


def test_a_ratio_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above zero"):
        sensitivity_of(ratio(0, 0, 0.5), benchmarks={})


def test_it_cannot_be_built_wrong() -> None:
    about = {"outcome": "orders", "unit": "ratio", "level": 0.95}
    with pytest.raises(ValueError, match="figures of the other scale"):
        Sensitivity(scale="ratio", robustness=0.1, **about)
    with pytest.raises(ValueError, match="figures of the other scale"):
        Sensitivity(scale="difference", e_value=1.1, **about)
    with pytest.raises(ValueError, match="needs the factor"):
        Sensitivity(scale="ratio", benchmark="product", **about)
