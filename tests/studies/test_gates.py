"""The judgement of gates: Holm against statsmodels, thresholds by hand, and its size and power by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analysis.studies.gates import (
    GATES,
    LEVEL,
    RATIO_ALLOWED,
    STANDARD_ERRORS_SEEN,
    UNSEEN_ALLOWED,
    Finding,
    combined_p,
    holm,
    judge,
    two_sided_p,
)
from analysis.studies.result import Check

WHAT = "Orders of one group against the other."
P_VALUES = st.lists(st.floats(0, 1), min_size=1, max_size=8)


def finding(
    ratio: float,
    se_log: float = 0.03,
    name: str = "placebo_date",
    p_value: float | None = None,
    largest: float | None = None,
) -> Finding:
    p_value = two_sided_p(ratio, se_log) if p_value is None else p_value
    return Finding(name=name, ratio=ratio, se_log=se_log, p_value=p_value, largest=largest, what=WHAT)


def failed_shares(true_log: tuple[float, ...], se_log: float, *, worlds: int, seed: int, correlation: float = 0.0):
    """Of so many worlds: the share in which any gate failed, and the share in which the first did."""
    draw = np.random.default_rng(seed)
    shared = draw.standard_normal((worlds, 1))
    own = draw.standard_normal((worlds, len(true_log)))
    noise = math.sqrt(correlation) * shared + math.sqrt(1 - correlation) * own
    ratios = np.exp(np.asarray(true_log) + se_log * noise)
    any_failed, first_failed = 0, 0
    for row in ratios.tolist():
        checks = judge([finding(ratio, se_log, name) for name, ratio in zip(GATES, row, strict=False)])
        any_failed += any(check.verdict == "failed" for check in checks)
        first_failed += checks[0].verdict == "failed"
    return any_failed / worlds, first_failed / worlds


@pytest.mark.parametrize(
    "p_values",
    [[0.3], [0.01, 0.04, 0.03], [0.04, 0.04, 0.04], [1.0, 0.5, 0.0], [0.02, 0.9, 0.011, 0.4, 0.013, 1e-9, 0.3, 0.02]],
)
def test_holm_is_that_of_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1], abs=1e-15)


@given(P_VALUES)
def test_holm_never_lowers_a_p_value_and_keeps_their_order(p_values: list[float]) -> None:
    adjusted = holm(p_values)
    assert all(p <= q <= 1 for p, q in zip(p_values, adjusted, strict=True))
    order = np.argsort(p_values, kind="stable")
    assert (np.diff(np.asarray(adjusted)[order]) >= 0).all()
    assert holm(list(reversed(p_values))) == tuple(reversed(adjusted))


def test_holm_by_hand() -> None:
    """Sorted: 0.01 × 3 = 0.03; 0.02 × 2 = 0.04; 0.03 × 1 = 0.03, raised to the 0.04 before it. Of none, none."""
    assert holm([0.02, 0.03, 0.01]) == pytest.approx((0.04, 0.04, 0.03))
    assert holm([]) == ()


@pytest.mark.parametrize(("ratio", "se_log"), [(1.1, 0.03), (0.93, 0.05), (1.0, 0.2), (1.4, 0.01)])
def test_the_p_value_is_that_of_the_normal_distribution(ratio: float, se_log: float) -> None:
    assert two_sided_p(ratio, se_log) == pytest.approx(2 * stats.norm.sf(abs(math.log(ratio)) / se_log), rel=1e-12)
    assert two_sided_p(1 / ratio, se_log) == pytest.approx(two_sided_p(ratio, se_log), rel=1e-12)


@pytest.mark.parametrize(
    ("ratio", "p_value", "verdict"),
    [
        (1.10, 0.0499, "failed"),
        (1.10, 0.05, "passed"),  # below 0.05, not at it
        (1.021, 1e-9, "failed"),
        (1.019, 1e-9, "passed"),
        (0.979, 1e-9, "failed"),
        (0.981, 1e-9, "passed"),
        (1.30, 0.5, "passed"),
    ],
)
def test_a_gate_fails_where_the_difference_is_clear_and_large(ratio: float, p_value: float, verdict: str) -> None:
    (check,) = judge([finding(ratio, p_value=p_value)])
    assert (check.verdict, check.gate, check.name) == (verdict, True, "placebo_date")
    assert (check.value, check.p_value) == (ratio, p_value)


@pytest.mark.parametrize(
    ("se_log", "verdict"), [(0.0535, "passed"), (0.0536, "not_run"), (0.4, "not_run"), (1e-6, "passed")]
)
def test_a_gate_that_could_miss_15_percent_was_not_run(se_log: float, verdict: str) -> None:
    """0.15 / 2.8 = 0.053571..."""
    (check,) = judge([finding(1.03, se_log, p_value=0.2)])
    assert check.verdict == verdict
    assert check.p_value == 0.2
    assert check.low == pytest.approx(1.03 * math.exp(-1.959964 * se_log), rel=1e-6)
    assert check.high == pytest.approx(1.03 * math.exp(1.959964 * se_log), rel=1e-6)


def test_a_rough_gate_that_did_see_a_difference_failed() -> None:
    """0.804 with a standard error of 0.0675 is 3.2 standard errors from 1: rough, and clear all the same."""
    (check,) = judge([finding(0.804, 0.0675)])
    assert check.verdict == "failed"
    assert "too rough" not in check.detail
    rough_and_small = judge([finding(1.01, 0.0675, p_value=0.001)])[0]
    assert rough_and_small.verdict == "not_run"


def test_thresholds_are_those_of_the_method() -> None:
    assert (LEVEL, RATIO_ALLOWED, STANDARD_ERRORS_SEEN, UNSEEN_ALLOWED) == (0.05, 0.02, 2.8, 0.15)
    assert GATES == ("pre_trend", "placebo_date", "future_social")
    found = stats.norm.sf(1.959964 - STANDARD_ERRORS_SEEN)
    assert found == pytest.approx(0.8, abs=0.001), "2.8 standard errors are found four times in five"


def test_only_gates_with_a_finding_are_counted_in_the_adjustment() -> None:
    """0.02 stays 0.02 beside a gate that could not be run; beside one that was, precise or rough, it is 0.04."""
    absent = Finding(name="future_social", what=WHAT, reason="Nobody turned to social later.")
    alone = judge([finding(1.07, p_value=0.02), absent])
    assert [check.verdict for check in alone] == ["failed", "not_run"]
    assert (alone[0].p_value, alone[1].p_value) == (0.02, None)
    for se_log in (0.03, 0.2):
        beside = judge([finding(1.01, se_log, "pre_trend"), finding(1.07, p_value=0.02)])
        assert beside[1].p_value == pytest.approx(0.04)
    assert judge([]) == ()


def test_two_p_values_of_one_gate_by_hand() -> None:
    assert combined_p(0.01, 0.4) == 0.02
    assert combined_p(0.4, 0.01) == 0.02
    assert combined_p(0.5, 0.9) == 1.0
    assert combined_p(0, 1) == 0
    with pytest.raises(ValueError, match="between 0 and 1"):
        combined_p(0.5, float("nan"))


@pytest.mark.parametrize("correlation", [0.0, 0.7])
def test_two_tests_of_one_gate_keep_the_size(correlation: float) -> None:
    """A drift and three months, independent and not: 5 % or less, with 40,000 draws and three Monte Carlo errors."""
    draw = np.random.default_rng(71)
    drift, months = draw.standard_normal(40_000), draw.standard_normal((40_000, 3))
    months[:, 0] = correlation * drift + math.sqrt(1 - correlation**2) * months[:, 0]
    p_drift, p_joint = 2 * stats.norm.sf(abs(drift)), stats.chi2.sf((months**2).sum(axis=1), 3)
    share = np.mean([combined_p(*pair) < LEVEL for pair in zip(p_drift.tolist(), p_joint.tolist(), strict=True)])
    assert 0.02 < share <= LEVEL + 3 * math.sqrt(0.05 * 0.95 / 40_000)


@pytest.mark.parametrize(("se_log", "correlation"), [(0.03, 0.0), (0.03, 0.5), (0.05, 0.0), (0.012, 0.0), (0.1, 0.0)])
def test_size_sound_studies_rarely_fail_any_gate(se_log: float, correlation: float) -> None:
    """Rough gates among them, and gates that have rows in common."""
    share, _ = failed_shares((0, 0, 0), se_log, worlds=2_000, seed=11, correlation=correlation)
    assert share <= LEVEL + 3 * math.sqrt(LEVEL * (1 - LEVEL) / 2_000)


@pytest.mark.parametrize(
    ("true_log", "expected"),
    [((math.log(1.1),), 0.89), ((math.log(1.1), 0, 0), 0.79), ((math.log(1.15), 0, 0), 0.99), ((0.084, 0, 0), 0.66)],
)
def test_power_a_planted_difference_fails(true_log: tuple[float, ...], expected: float) -> None:
    """At a standard error of 0.03, against the normal distribution worked out by hand.

    log 1.1 = 0.0953 is 3.18 standard errors. Alone, 1.96 must be exceeded: Φ(3.18 - 1.96) = 0.89. Beside two quiet
    gates the smallest p-value must lie below 0.05 / 3, which is 2.39 standard errors: Φ(0.78) = 0.78, a little more
    where another gate fails too. log 1.15 = 4.66 standard errors: Φ(2.27) = 0.99. 2.8 standard errors: Φ(0.41) = 0.66.
    """
    _, share = failed_shares(true_log, 0.03, worlds=2_000, seed=12)
    assert share == pytest.approx(expected, abs=3 * math.sqrt(expected * (1 - expected) / 2_000))


@pytest.mark.parametrize(
    ("ratio", "largest", "p_value", "verdict"),
    [
        (1.0, 0.8, 1e-9, "failed"),  # leads of 1, 1.2, 0.8, 1.2, 0.8 of their mean: no drift, and no common path
        (1.0, 0.8, 0.05, "passed"),  # as large, and not clear
        (1.0, 0.979, 1e-9, "failed"),
        (1.0, 0.981, 1e-9, "passed"),
        (1.0, 1.021, 1e-9, "failed"),
        (1.03, 1.015, 1e-9, "failed"),  # the drift alone is enough
        (1.0, None, 1e-9, "passed"),
    ],
)
def test_a_path_that_swings_without_drifting_fails(
    ratio: float, largest: float | None, p_value: float, verdict: str
) -> None:
    (check,) = judge([finding(ratio, name="pre_trend", p_value=p_value, largest=largest)])
    assert check.verdict == verdict
    assert check.value == ratio
    assert ("The month farthest from their mean lies" in check.detail) is (largest is not None)


def test_a_swing_is_told_from_a_drift() -> None:
    swing = judge([finding(1.001, name="pre_trend", p_value=1e-9, largest=0.8)])[0].detail
    assert "The month farthest from their mean lies 20.0 % lower. Chance alone hardly does that" in swing
    assert swing.endswith(
        "The groups did not move alike from month to month before the contact, so they need not have done so after it."
    )
    drift = judge([finding(1.1, name="pre_trend", p_value=1e-9, largest=1.12)])[0].detail
    assert drift.endswith("The groups were drifting apart before the contact, and would have drifted on without it.")


def paths_failed(means: tuple[float, ...], se: float, *, worlds: int, seed: int) -> float:
    """Share of worlds whose pre-trend fails: leads drawn one by one, drift and joint test worked out by hand."""
    draw = np.random.default_rng(seed).normal(np.log(means), se, (worlds, len(means)))
    draw -= draw.mean(axis=1, keepdims=True)
    joint = stats.chi2.sf((draw**2).sum(axis=1) / se**2, len(means) - 1)
    late = math.ceil(len(means) / 2)
    drift, error = draw[:, late:].mean(axis=1) - draw[:, :late].mean(axis=1), se * math.sqrt(1 / late + 1 / (5 - late))
    failed = 0
    for path, gap, p_joint in zip(draw, drift.tolist(), joint.tolist(), strict=True):
        p_drift = two_sided_p(math.exp(gap), error)
        months = combined_p(p_joint, 1.0) < LEVEL or p_joint < p_drift
        largest = math.exp(path[np.abs(path).argmax()]) if months else None
        one = finding(math.exp(gap), error, "pre_trend", combined_p(p_drift, p_joint), largest)
        failed += judge([one])[0].verdict == "failed"
    return failed / worlds


@pytest.mark.parametrize("se", [0.01, 0.03, 0.05])
def test_size_of_the_path_with_its_single_months(se: float) -> None:
    assert paths_failed((1, 1, 1, 1, 1), se, worlds=3_000, seed=21) <= LEVEL + 3 * math.sqrt(0.05 * 0.95 / 3_000)


@pytest.mark.parametrize(
    ("means", "least"), [((1, 1.2, 0.8, 1.2, 0.8), 0.99), ((0.95, 0.95, 1, 1.05, 1.05), 0.7), ((1, 1, 1, 1, 1.2), 0.99)]
)
def test_power_of_the_path_with_its_single_months(means: tuple[float, ...], least: float) -> None:
    """Swings, drifts and one odd month, at a standard error of 0.03 a month."""
    assert paths_failed(means, 0.03, worlds=500, seed=22) >= least


def test_power_a_small_swing_never_fails_however_clear() -> None:
    assert paths_failed((1, 1.01, 0.99, 1.01, 0.99), 0.0005, worlds=500, seed=23) == 0


def test_a_small_difference_never_fails_however_clear() -> None:
    """1 % at a standard error of 0.001: ten standard errors away, in 1,000 worlds, and never a failure."""
    share, _ = failed_shares((0.01, -0.01, 0.01), 0.001, worlds=1_000, seed=15)
    assert share == 0
    (check,) = judge([finding(1.01, 0.001)])
    assert check.p_value is not None
    assert check.p_value < 1e-6
    assert "clear but small: up to 2 % is allowed" in check.detail


def test_the_sentences_say_what_came_out_and_what_it_means() -> None:
    passed, failed, rough, absent = judge(
        [
            finding(1.01, name="pre_trend"),
            finding(0.88, name="future_social"),
            finding(1.05, 0.075),
            Finding(name="negative_control", what=WHAT, reason="The data hold no such outcome."),
        ]
    )
    assert passed.detail == (
        f"{WHAT} It came out 1.0 % higher (95 % interval: 4.8 % lower to 7.1 % higher; adjusted p, single months "
        "included, = 1). Chance alone can do that. A difference of about 8 % would probably have been seen."
    )
    assert failed.detail == (
        f"{WHAT} It came out 12.0 % lower (95 % interval: 17.0 % lower to 6.7 % lower; adjusted p < 0.001). Chance "
        "alone hardly does that, and up to 2 % is allowed. These customers had not yet turned to social, so whatever "
        "leads customers there also moves this outcome."
    )
    assert rough.detail == (
        f"{WHAT} It came out 5.0 % higher (95 % interval: 9.4 % lower to 21.6 % higher; adjusted p = 1). That is too "
        "rough: it could only have seen a difference of 21 %; 15 % is the most that may stay unseen."
    )
    assert absent.detail == f"{WHAT} The data hold no such outcome."
    assert (absent.value, absent.low, absent.high, absent.p_value) == (None, None, None, None)


@pytest.mark.parametrize(("name", "says"), [("pre_trend", "drifting apart"), ("placebo_date", "at that date")])
def test_each_gate_says_what_its_failure_means(name: str, says: str) -> None:
    assert says in judge([finding(1.2, name=name)])[0].detail
    assert "Nothing can have happened there" in judge([finding(1.2, name="negative_control")])[0].detail


def test_what_could_be_seen_never_reads_as_the_limit_itself() -> None:
    """2.8 × 0.0537 = 0.15036 is above 15 %, and 2.8 × 3 is no percentage a reader could use."""
    assert "a difference of 15.04 %; 15 % is" in judge([finding(1.0, 0.0537)])[0].detail
    assert "a difference of more than 100 %" in judge([finding(1.0, 3.0)])[0].detail
    assert "without limit" in judge([finding(1.0, 900.0)])[0].detail


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"ratio": 1.1},
        {"ratio": 1.1, "se_log": 0.03},
        {"ratio": 1.1, "se_log": 0.03, "p_value": 0.5, "reason": "Too few."},
        {"ratio": 1.1, "reason": "Too few."},
        {"largest": 1.1, "reason": "Too few."},
        {"ratio": 1.1, "se_log": 0.03, "p_value": 0.5, "largest": 0.0},
        {"ratio": 1.1, "se_log": 0.03, "p_value": 0.5, "largest": float("nan")},
        {"ratio": float("nan"), "se_log": 0.03, "p_value": 0.5},
        {"ratio": 1.1, "se_log": float("inf"), "p_value": 0.5},
        {"ratio": 1.1, "se_log": 0.0, "p_value": 0.5},
        {"ratio": 0.0, "se_log": 0.03, "p_value": 0.5},
        {"ratio": -1.0, "se_log": 0.03, "p_value": 0.5},
        {"ratio": 1.1, "se_log": 0.03, "p_value": 1.5},
    ],
)
def test_a_finding_has_numbers_or_a_reason(wrong: dict) -> None:
    with pytest.raises(ValueError, match="placebo_date"):
        Finding(name="placebo_date", what=WHAT, **wrong)


def test_a_gate_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="judged once"):
        judge([finding(1.0), finding(1.1)])


def test_numbers_of_a_check_are_written_only_where_there_are_any() -> None:
    ran, absent = judge([finding(1.05), Finding(name="pre_trend", what=WHAT, reason="Too few months.")])
    assert set(ran.to_dict()) == {"name", "verdict", "detail", "gate", "value", "low", "high", "p_value"}
    assert set(absent.to_dict()) == {"name", "verdict", "detail", "gate"}
    assert "high" not in judge([finding(1.0, 900.0)])[0].to_dict(), "an open end is no number"
    with pytest.raises(ValueError, match="`low` is not a number"):
        Check(name="overlap", verdict="passed", detail="", low=float("nan"))
