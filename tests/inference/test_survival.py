"""Kaplan–Meier against statsmodels', and what it does at its edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.inference.survival import kaplan_meier

CASES = st.lists(st.tuples(st.integers(0, 50), st.booleans()), min_size=1, max_size=60).filter(
    lambda cases: any(happened for _, happened in cases)
)


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
