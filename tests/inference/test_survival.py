"""Kaplan–Meier and Aalen–Johansen against statsmodels', and what they do at their edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from analysis.inference.survival import aalen_johansen, kaplan_meier

CASES = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60).filter(
    lambda cases: any(happened for _, happened in cases)
)
ENDINGS = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 3)), min_size=1, max_size=60).filter(
    lambda cases: any(cause == 1 for _, cause in cases)
)


def incidence_of(cases):
    return aalen_johansen([t for t, _ in cases], [1] * len(cases), [c for _, c in cases])


@given(CASES)
def test_the_curve_is_that_of_statsmodels(cases) -> None:
    time, status = np.array([t for t, _ in cases], float), np.array([int(s) for _, s in cases])
    ours = kaplan_meier(time, np.ones(len(cases), int), status == 1)
    peer = SurvfuncRight(time, status)
    seen = peer.n_events > 0
    np.testing.assert_allclose(ours.times, peer.surv_times[seen])
    np.testing.assert_allclose(ours.waiting, peer.surv_prob[seen], atol=1e-12)


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=80))
def test_without_censoring_the_median_is_the_usual_one(times) -> None:
    curve = kaplan_meier(times, [1] * len(times), [True] * len(times))
    assert curve.quantile(0.5) == pytest.approx(float(np.median(times)))


@given(CASES, st.integers(1, 7))
def test_counts_stand_for_repeated_cases(cases, times) -> None:
    many = kaplan_meier([t for t, _ in cases], [times] * len(cases), [s for _, s in cases])
    once = kaplan_meier([t for t, _ in cases], [1] * len(cases), [s for _, s in cases])
    np.testing.assert_allclose(many.waiting, once.waiting, atol=1e-12)


def test_a_median_that_is_not_reached_is_not_given() -> None:
    assert kaplan_meier([1, 5], [1, 2], [True, False]).quantile(0.5) is None


def test_durations_below_zero_are_refused() -> None:
    with pytest.raises(ValueError, match="not negative"):
        kaplan_meier([-1], [1], [True])


def test_incidence_by_hand() -> None:
    """Ten cases: at 1 minute two answered and one closed, at 2 one open, at 3 three answered, at 4 three closed.

    At 1: 10 wait, 2/10 answered = 0.2, 0.7 still wait. At 3: 6 are at risk, 0.7 x 3/6 = 0.35 more. At 4 the last
    three close: 0.35. So 0.55 are answered, 0.45 closed, nobody waits.
    """
    curve = aalen_johansen([1, 1, 2, 3, 4], [2, 1, 1, 3, 3], [1, 2, 0, 1, 2])
    np.testing.assert_array_equal(curve.times, [1, 3, 4])
    np.testing.assert_array_equal(curve.at_risk, [10, 6, 3])
    np.testing.assert_array_equal(curve.events, [2, 3, 0])
    np.testing.assert_allclose(curve.incidence, [0.2, 0.55, 0.55], atol=1e-15)
    np.testing.assert_allclose(curve.competing, [0.1, 0.1, 0.45], atol=1e-15)
    assert (curve.quantile(0.2), curve.quantile(0.5), curve.quantile(0.6)) == (2.0, 3.0, None)
    assert curve.final == pytest.approx(0.55)


@given(ENDINGS)
def test_incidence_is_that_of_statsmodels(cases) -> None:
    time, cause = np.array([t for t, _ in cases], float), np.array([c for _, c in cases])
    ours = incidence_of(cases)
    with np.errstate(all="ignore"):  # theirs divides by zero where the last cases end at once
        peer = CumIncidenceRight(time, cause)
    seen = np.isin(peer.times, ours.times)
    np.testing.assert_allclose(ours.incidence, peer.cinc[0][seen], atol=1e-12)
    np.testing.assert_allclose(ours.competing, sum([*peer.cinc[1:], np.zeros(seen.size)])[seen], atol=1e-12)
    theirs = peer.cinc_se[0][seen]
    given_by_both = np.isfinite(theirs)
    assert given_by_both[:-1].all()
    # A variance of 0 comes out as rounding of the order of 1e-16 in either, so that its root differs by 1e-8.
    np.testing.assert_allclose(ours.se[given_by_both], theirs[given_by_both], atol=1e-7)


@given(CASES)
def test_without_competing_endings_incidence_is_what_kaplan_meier_leaves(cases) -> None:
    time, counts = [t for t, _ in cases], [1] * len(cases)
    curve = aalen_johansen(time, counts, [int(s) for _, s in cases])
    waiting = kaplan_meier(time, counts, [s for _, s in cases])
    np.testing.assert_array_equal(curve.times, waiting.times)
    np.testing.assert_allclose(curve.incidence, 1 - waiting.waiting, atol=1e-12)
    assert [curve.quantile(q) for q in (0.25, 0.5, 0.9)] == [waiting.quantile(q) for q in (0.25, 0.5, 0.9)]
    greenwood = np.cumsum(waiting.events / (waiting.at_risk * np.maximum(waiting.at_risk - waiting.events, 1)))
    np.testing.assert_allclose(curve.se, waiting.waiting * np.sqrt(greenwood), atol=1e-7)


@given(ENDINGS)
def test_answered_closed_and_waiting_make_one(cases) -> None:
    curve = incidence_of(cases)
    np.testing.assert_allclose(curve.incidence + curve.competing + curve.waiting, 1.0, atol=1e-12)
    assert np.all(np.diff(curve.incidence) >= 0)
    assert np.all(np.diff(curve.competing) >= 0)


@given(ENDINGS, st.randoms(use_true_random=False), st.sampled_from([0.25, 60.0, 3600.0]))
def test_order_and_unit_of_time_do_not_matter(cases, random, unit) -> None:
    curve = incidence_of(cases)
    shuffled = list(cases)
    random.shuffle(shuffled)
    again = incidence_of([(t * unit, c) for t, c in shuffled])
    np.testing.assert_array_equal(again.incidence, curve.incidence)
    np.testing.assert_array_equal(again.times, curve.times * unit)
    for share in (0.1, 0.5, 0.9):
        pairs = zip(
            (curve.quantile(share), *curve.quantile_interval(share)),
            (again.quantile(share), *again.quantile_interval(share)),
            strict=True,
        )
        assert all(b is None if a is None else b == pytest.approx(a * unit) for a, b in pairs)


@given(ENDINGS, st.sampled_from([0.1, 0.5, 0.9]))
def test_the_interval_of_a_quantile_holds_it(cases, share) -> None:
    curve = incidence_of(cases)
    value, (low, high) = curve.quantile(share), curve.quantile_interval(share)
    if value is not None:
        assert low is not None
        assert low <= value
        assert high is None or value <= high
    elif high is not None:
        raise AssertionError("an upper end without a quantile")


def test_the_interval_covers_the_true_median_as_often_as_it_says() -> None:
    """400 worlds of 200 cases: answered at rate 3, closed at rate 1, watched for up to 1.5. True median: ln(3) / 4.

    0.75 (1 - exp(-4 t)) = 0.5 gives t = ln(3) / 4 = 0.2747. The naive curve, with closed cases censored, gives
    ln(2) / 3 = 0.2310, which the interval must leave out more often than it should.
    """
    generator = np.random.default_rng(11)
    held = naive_held = 0
    for _ in range(400):
        ends = generator.exponential(1 / 4, 200)
        cause = np.where(generator.random(200) < 0.75, 1, 2)
        watched = generator.uniform(0.0, 1.5, 200)
        time, cause = np.minimum(ends, watched), np.where(ends <= watched, cause, 0)
        low, high = aalen_johansen(time, np.ones(200, int), cause).quantile_interval(0.5)
        held += low <= np.log(3) / 4 and (high is None or np.log(3) / 4 <= high)
        naive_held += low <= np.log(2) / 3 <= (high or np.inf)
    assert 0.92 <= held / 400 <= 0.98  # 0.95 +- 3 standard errors of 0.011
    assert naive_held / 400 < 0.8


def test_counts_stand_for_repeated_endings() -> None:
    many = aalen_johansen([1, 2, 3], [4, 6, 2], [1, 2, 1])
    once = aalen_johansen([1] * 4 + [2] * 6 + [3] * 2, [1] * 12, [1] * 4 + [2] * 6 + [1] * 2)
    np.testing.assert_allclose(many.incidence, once.incidence, atol=1e-15)
    np.testing.assert_allclose(many.se, once.se, atol=1e-15)


def test_nothing_seen_reaches_nothing() -> None:
    for curve in (aalen_johansen([], [], []), aalen_johansen([5], [3], [0]), aalen_johansen([5], [3], [2])):
        assert curve.final == 0.0
        assert curve.quantile(0.5) is None
        assert curve.quantile_interval(0.5) == (None, None)


@pytest.mark.parametrize(
    ("cases", "words"),
    [
        (([-1], [1], [1]), "not negative"),
        (([float("nan")], [1], [1]), "not negative"),
        (([1], [0], [1]), "at least 1"),
        (([1], [1], [-1]), "whole number"),
        (([1], [1], [0.5]), "whole number"),
    ],
)
def test_unsound_cases_are_refused(cases, words) -> None:
    with pytest.raises(ValueError, match=words):
        aalen_johansen(*cases)
