"""Sums over customers of squares and products: exact, in any order, and refused where no double holds them."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from analysis.studies.stack_squares import products_of, squares_of


def test_products_of_whole_numbers_are_exact_beyond_what_is_cut_at_once() -> None:
    """40,000 customers, more than twice what is worked on at once; every sum against whole numbers of any length."""
    rng = np.random.default_rng(6)
    whole = rng.integers(-(2**40), 2**40, (3, 40_000))
    found, share = products_of(whole.astype(float))
    exact = whole.astype(object) @ whole.T.astype(object)
    assert found.tolist() == [[float(value) for value in row] for row in exact]
    assert share == pytest.approx(np.abs(whole).max(axis=1).astype(float) ** 2 / np.diag(found))


def test_no_order_of_customers_changes_a_digit() -> None:
    rng = np.random.default_rng(7)
    added = rng.normal(size=(4, 20_000)) * np.array([[1e-9], [1.0], [1e6], [3.0]])
    found, _ = products_of(added)
    again, _ = products_of(added[:, rng.permutation(20_000)])
    assert found.tobytes() == again.tobytes()
    by_hand = sum(Fraction(one) * Fraction(other) for one, other in zip(added[1], added[3], strict=True))
    assert found[1, 3] == pytest.approx(float(by_hand), abs=1e-10 * np.sqrt(found[1, 1] * found[3, 3]))


def test_nothing_asked_of_somebody_is_nothing() -> None:
    for n in (0, 5):
        found, share = products_of(np.zeros((0, n)))
        assert (found.shape, share.shape) == ((0, 0), (0,))


def test_nobody_adds_nothing() -> None:
    found, share = products_of(np.zeros((2, 0)))
    assert (found.tolist(), share.tolist()) == ([[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0])
    variance, largest = squares_of(np.zeros((2, 0)))
    assert (variance.tolist(), largest.tolist()) == ([0.0, 0.0], [0.0, 0.0])


@pytest.mark.parametrize("bad", [np.nan, np.inf, -(2.0**500)])
def test_what_cannot_be_squared_is_refused(bad: float) -> None:
    added = np.array([[1.0, bad]])
    for made in (squares_of, products_of):
        with pytest.raises(ValueError, match="too large to be squared"):
            made(added)
