"""Moments: exact, additive in any order, and the same as numpy where numpy is accurate."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.inference.moments import Moments

ROWS = st.lists(
    st.tuples(
        st.decimals(min_value=-(10**9), max_value=10**9, places=6), st.decimals(min_value=0, max_value=10**6, places=2)
    ),
    min_size=2,
    max_size=30,
)


@given(ROWS, st.randoms())
def test_parts_add_to_the_whole_exactly_in_any_order(rows, random) -> None:
    whole = Moments.from_rows(("a", "b"), rows)
    parts = [Moments.from_rows(("a", "b"), [row]) for row in rows]
    random.shuffle(parts)
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    assert total == whole


@given(ROWS)
def test_means_and_covariances_agree_with_numpy(rows) -> None:
    found = Moments.from_rows(("a", "b"), rows)
    array = np.array([[float(a), float(b)] for a, b in rows])
    assert found.mean("a") == pytest.approx(array[:, 0].mean(), rel=1e-9, abs=1e-9)
    # numpy loses digits where values are large against their spread; ours does not
    np.testing.assert_allclose(found.covariance_matrix(), np.cov(array.T), rtol=1e-6, atol=1e-3)


@given(ROWS, st.integers(min_value=-(10**12), max_value=10**12))
def test_a_shift_leaves_the_covariance_untouched_to_the_last_digit(rows, shift) -> None:
    moved = [(a + Decimal(shift), b) for a, b in rows]
    one, other = Moments.from_rows(("a", "b"), rows), Moments.from_rows(("a", "b"), moved)
    assert one.covariance("a", "b") == other.covariance("a", "b")
    assert one.variance("a") == other.variance("a")


def test_an_epoch_timestamp_as_a_measure_keeps_its_variance() -> None:
    """Raw float sums of squares are off by a factor of eight here (the published failure at an offset of 1.7e9)."""
    rng = np.random.default_rng(1)
    rows = [(f"{1.7e9 + x:.6f}",) for x in rng.normal(0, 0.035, 2000)]
    values = np.array([Decimal(row[0]) - Decimal("1.7e9") for row in rows], dtype=float)
    assert Moments.from_rows(("t",), rows).variance("t") == pytest.approx(values.var(ddof=1), rel=1e-9)


def test_different_measures_do_not_add_up() -> None:
    with pytest.raises(ValueError, match="same measures"):
        Moments.from_rows(("a",), [[1]]) + Moments.from_rows(("b",), [[1]])


def test_an_empty_group_has_no_mean_and_one_customer_no_spread() -> None:
    with pytest.raises(ValueError, match="no mean"):
        Moments.from_rows(("a",), []).mean("a")
    with pytest.raises(ValueError, match="two customers"):
        Moments.from_rows(("a",), [[1]]).variance("a")


def test_an_unknown_measure_is_named_with_those_there_are() -> None:
    with pytest.raises(KeyError, match="no measure `spend` among a"):
        Moments.from_rows(("a",), [[1], [2]]).mean("spend")
