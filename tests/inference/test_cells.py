"""Cells and influences: what is held, what adds up, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.inference.cells import Cells, Influences, Linear, groups_of, ranked

KEYS = {"arm": np.array([0, 0, 1])}
N = np.array([3, 2, 1])
SUMS = {"a": np.array([4.0, 1.0, 2.0]), "b": np.array([1.0, 0.5, 0.0])}


def test_totals_by_hand() -> None:
    """Six rows in three cells: a + b is 4 + 1, 1 + 0.5 and 2 + 0; a measure without columns is nought."""
    cells = Cells(KEYS, N, SUMS)
    assert len(cells) == 3
    assert cells.total(("a", "b")).tolist() == [5.0, 1.5, 2.0]
    assert cells.total(("a",)).tolist() == [4.0, 1.0, 2.0]
    assert cells.total(()).tolist() == [0.0, 0.0, 0.0]


def test_a_total_is_new_and_the_sums_stay_as_they_were() -> None:
    cells = Cells(KEYS, N, SUMS)
    total = cells.total(("a",))
    total += 1
    assert cells.sums["a"].tolist() == [4.0, 1.0, 2.0]


def test_a_product_is_found_whichever_measure_comes_first() -> None:
    one, other = ("a",), ("a", "b")
    values = np.array([1.0, 2.0, 3.0])
    cells = Cells(KEYS, N, SUMS, {(one, other): values})
    assert cells.product(one, other) is values
    assert cells.product(other, one) is values
    with pytest.raises(KeyError):
        cells.product(one, one)


@pytest.mark.parametrize("part", ["keys", "sums", "products"])
def test_columns_of_another_length_are_refused(part: str) -> None:
    given = {"keys": KEYS, "sums": SUMS, "products": {(("a",), ("a",)): np.ones(3)}}
    given[part] = {name: values[:2] for name, values in given[part].items()}  # type: ignore[attr-defined]
    with pytest.raises(ValueError, match="one entry a cell"):
        Cells(given["keys"], N, given["sums"], given["products"])  # type: ignore[arg-type]


def test_what_a_cell_holds_cannot_be_exchanged() -> None:
    sums = dict(SUMS)
    cells = Cells(KEYS, N, sums)
    sums["c"] = np.zeros(3)
    assert "c" not in cells.sums
    with pytest.raises(TypeError):
        cells.sums["c"] = np.zeros(3)  # type: ignore[index]


def test_no_cells_are_cells_too() -> None:
    nothing = np.array([], dtype=np.int64)
    cells = Cells({"arm": nothing}, nothing, {"a": nothing.astype(float)})
    assert (len(cells), cells.total(("a",)).tolist(), cells.total(()).tolist()) == (0, [], [])


# Influences


def test_a_linear_has_a_weight_for_each_measure_and_one_for_being_there() -> None:
    assert Linear("x", (("a",), ()), np.zeros((3, 3))).weights.shape == (3, 3)
    with pytest.raises(ValueError, match="x: 2 measures need 3 weights a cell"):
        Linear("x", (("a",), ()), np.zeros((3, 2)))
    with pytest.raises(ValueError, match="x: 1 measures need 2"):
        Linear("x", (("a",),), np.zeros(2))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_a_weight_that_is_no_number_is_refused(bad: float) -> None:
    weights = np.zeros((2, 2))
    weights[1, 0] = bad
    with pytest.raises(ValueError, match="x: a weight is not a number"):
        Linear("x", (("a",),), weights)


def test_influences_by_hand() -> None:
    """Three customers move (x, y) by (1, 2), (-2, 0), (2, 1): 1 + 4 + 4 = 9, 4 + 0 + 1 = 5, and 2 + 0 + 2 = 4 jointly.

    The one who moves y most has 4 of 5.
    """
    moved = np.array([[1.0, 2.0], [-2.0, 0.0], [2.0, 1.0]])
    found = Influences(("x", "y"), moved.T @ moved, np.max(moved**2, axis=0) / np.sum(moved**2, axis=0))
    assert (found.se("x"), found.se("y")) == (3.0, pytest.approx(5**0.5))
    assert found.share("y") == 0.8
    assert found.block(["y", "x"]).tolist() == [[5.0, 4.0], [4.0, 9.0]]
    assert found.block(["y"]).tolist() == [[5.0]]
    with pytest.raises(ValueError, match="not in tuple"):
        found.se("z")


# Groups


def test_groups_by_hand() -> None:
    """Six rows: pairs (2, 0), (1, 5), (2, 0), (1, -1), (2, 5), (1, 5), numbered in their order."""
    one, other = np.array([2, 1, 2, 1, 2, 1]), np.array([0, 5, 0, -1, 5, 5])
    assert groups_of([one, other]).tolist() == [2, 1, 2, 0, 3, 1]


@given(st.lists(st.tuples(st.integers(-3, 3), st.integers(0, 2), st.integers(10**9, 10**9 + 2)), min_size=1))
@settings(max_examples=60, deadline=None)
def test_groups_are_those_of_pandas(rows: list[tuple[int, int, int]]) -> None:
    frame = pd.DataFrame(rows)
    columns = [frame[name].to_numpy() for name in frame]
    assert groups_of(columns).tolist() == frame.groupby(list(frame.columns)).ngroup().tolist()


def test_very_many_values_do_not_run_over() -> None:
    """Five columns of 50,000 values each have 3e23 combinations, more than a whole number of 64 bits can tell apart."""
    draw = np.random.default_rng(1)
    columns = [draw.permutation(50_000) for _ in range(5)]
    assert np.array_equal(np.sort(groups_of(columns)), np.arange(50_000))
    assert groups_of([np.array([], dtype=np.int64)]).tolist() == []


@given(
    st.lists(st.integers(-128, 127) | st.just(0), max_size=30),
    st.sampled_from([np.int8, np.int16, np.int32, np.int64, np.float64, np.bool_]),
    st.sampled_from([0, 10**12]),
)
@settings(max_examples=100, deadline=None)
def test_places_are_those_of_sorting(values: list[int], kind: type[np.generic], apart: int) -> None:
    """Near each other or, with the first one moved away, too far apart for a table."""
    given = np.array(values, dtype=kind)
    if apart and len(given) and kind in (np.int64, np.float64):
        given[0] += apart
    different, expected = np.unique(given, return_inverse=True)
    place, size = ranked(given)
    assert (place.tolist(), size, place.dtype.name) == (expected.tolist(), len(different), "int64")
