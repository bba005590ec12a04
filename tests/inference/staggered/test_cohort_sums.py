"""Exact sums of a panel: by hand, against fractions, whatever the order, the parts and the size of the numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError
from analysis.inference.staggered.cohort_sums import CohortSums, places


def same(one: CohortSums, other: CohortSums) -> bool:
    """Whether both hold the same numbers, to the last digit."""
    finer = 10 ** abs(one.digits - other.digits)
    assert finer == 1
    return all(
        np.array_equal(getattr(one, name), getattr(other, name))
        for name in ("periods", "cohorts", "first", "n", "totals", "products")
    )


def test_by_hand() -> None:
    """Two never-treated units (1.5, 2) and (0.5, 1); one of cohort 2 (1, 4). In tenths: totals 20 and 30, products
    15·15 + 5·5 = 250, 15·20 + 5·10 = 350, 20·20 + 10·10 = 500."""
    sums = CohortSums.of([[1.5, 2.0], [0.5, 1.0], [1.0, 4.0]], cohort=[0, 0, 2])
    assert sums.cohorts.tolist() == [0, 2]
    assert sums.n.tolist() == [2, 1]
    assert sums.totals.tolist() == [[20, 30], [10, 40]]
    assert sums.products[0].tolist() == [[250, 350], [350, 500]]
    assert sums.scatter()[0].tolist() == [[0.5, 0.5], [0.5, 0.5]]
    assert sums.scatter()[1].tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("digits", [0, 2, 6, 12])
@pytest.mark.parametrize("rows", [7, 40_000])
def test_the_sums_are_exact_whatever_their_size(digits: int, rows: int) -> None:
    """Against Python's whole numbers: with one, two and three slices, and over several blocks."""
    rng = np.random.default_rng(digits)
    whole = rng.integers(-(10 ** (digits + 2)), 10 ** (digits + 2), size=(rows, 3))
    values = whole / 10**digits
    sums = CohortSums.of(values, np.zeros(rows, dtype=int), digits=digits)
    exact = np.rint(values * 10.0**digits).astype(np.int64).astype(object)
    assert sums.totals[0].tolist() == exact.sum(axis=0).tolist()
    assert sums.products[0].tolist() == (exact.T @ exact).tolist()


def test_a_large_level_loses_nothing() -> None:
    """The spread of 1 beside a level of 1.7e9, where sums of squares in floats keep no digit of it."""
    rng = np.random.default_rng(1)
    values = np.round(rng.normal(size=(5_000, 2)), 3)
    plain = CohortSums.of(values, np.zeros(5_000, dtype=int)).scatter()
    moved = CohortSums.of(values + 1.7e9, np.zeros(5_000, dtype=int), digits=3).scatter()
    np.testing.assert_array_equal(plain, moved)


def test_the_scatter_is_the_nearest_float_to_the_truth() -> None:
    values = np.array([[0.1, 0.2], [0.3, 0.7], [1.1, 0.9]])
    tenths = [[1, 2], [3, 7], [11, 9]]
    means = [Fraction(sum(row[t] for row in tenths), 3) for t in range(2)]
    wanted = [
        [float(sum((row[s] - means[s]) * (row[t] - means[t]) for row in tenths) / 100) for t in range(2)]
        for s in range(2)
    ]
    assert CohortSums.of(values, [0, 0, 0]).scatter()[0].tolist() == wanted


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_parts_add_up_in_any_order(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60))
    values = np.round(rng.normal(size=(n, 4)) * 30, 2)
    cohort, first = rng.choice([0, 2, 3, 4], size=n), rng.choice([1, 1, 2], size=n)
    cut = int(rng.integers(1, n))
    whole = CohortSums.of(values, cohort, first=first, digits=2)
    one, other = (CohortSums.of(values[p], cohort[p], first=first[p], digits=2) for p in (slice(cut), slice(cut, None)))
    order = rng.permutation(n)
    assert same(one + other, whole)
    assert same(other + one, whole)
    assert same(CohortSums.of(values[order], cohort[order], first=first[order], digits=2), whole)


def test_parts_with_other_decimal_places_add_up() -> None:
    one, other = CohortSums.of([[1.0, 2.0]], [0]), CohortSums.of([[0.25, 0.5]], [0])
    assert (one.digits, other.digits) == (0, 2)
    assert same(one + other, CohortSums.of([[1.0, 2.0], [0.25, 0.5]], [0, 0]))


def test_what_was_not_observed_is_not_read() -> None:
    late = CohortSums.of([[np.nan, 3.0], [1.0, 2.0]], [0, 0], first=[2, 1])
    assert late.first.tolist() == [1, 2]
    assert late.totals.tolist() == [[1, 2], [0, 3]]
    assert not late.balanced


def test_the_caller_keeps_his_array() -> None:
    values = np.array([[0.25, 0.5], [1.0, 2.0]])
    before = values.copy()
    CohortSums.of(values, [0, 2])
    np.testing.assert_array_equal(values, before)


def test_decimal_places() -> None:
    assert places(np.array([[1.0, 2.0]])) == 0
    assert places(np.array([[1.25, 2.0]])) == 2
    assert places(np.array([[0.000001]])) == 6
    assert places(np.array([[np.pi, 100.0]])) == 13
    assert places(np.array([[0.0]])) == 0
    assert places(np.array([[1e18]])) == 0


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_missing_outcomes_are_counted(bad: float) -> None:
    with pytest.raises(DesignError, match="2 of 6 outcomes are missing or infinite"):
        CohortSums.of([[bad, 1.0], [2.0, bad], [1.0, 1.0]], [0, 0, 0])


def test_too_many_digits_are_refused() -> None:
    with pytest.raises(DesignError, match="more than the 15 digits"):
        CohortSums.of([[1e14, 1.0]], [0], digits=4)


def test_an_empty_panel_is_refused() -> None:
    with pytest.raises(DesignError, match="no units"):
        CohortSums.of(np.zeros((0, 3)), np.zeros(0, dtype=int))


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="table of units by periods"):
        CohortSums.of(np.zeros((2, 3)), [0])
    with pytest.raises(ValueError, match="in order of time"):
        CohortSums.of(np.zeros((2, 2)), [0, 0], periods=[2, 1])
    with pytest.raises(ValueError, match="same periods"):
        CohortSums.of(np.zeros((1, 2)), [0]) + CohortSums.of(np.zeros((1, 3)), [0])
