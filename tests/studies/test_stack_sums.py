"""What customers add to estimates: rows that an estimate does not use are left out, and nothing changes."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.cells import Cells, Flags, Ints, Linear, Measure
from analysis.studies.stack_sums import Placed, influences_of

VALUES = np.array([2, 3, 5, 7, 11, 13], dtype=np.int64)
CUSTOMER = np.array([0, 0, 1, 2, 2, 3], dtype=np.int64)
KEY = np.array([0, 1, 0, 1, 2, 2], dtype=np.int64)
CELLS = Cells({"key": np.arange(3)}, np.array([2, 2, 2]), {}, {})


def measured(measure: Measure, rows: slice | Ints) -> Ints:
    assert measure == ("value",)
    return VALUES[rows]


def linear(name: str, slopes: list[float], levels: list[float]) -> Linear:
    return Linear(name, (("value",),), np.column_stack([slopes, levels]))


def test_rows_within_some_cells_keep_their_customers() -> None:
    """Cells 0 and 2: customer 0 keeps the first row, 1 the only one, 2 the second one, 3 the only one."""
    placed = Placed.among(CELLS, {"key": KEY}, CUSTOMER)
    narrow, kept = placed.within(np.array([True, False, True]))
    assert (kept.tolist(), narrow.place.tolist(), narrow.starts.tolist()) == ([0, 2, 4, 5], [0, 0, 2, 2], [0, 1, 2, 3])
    only, kept = placed.within(np.array([False, True, False]))
    assert (kept.tolist(), only.starts.tolist()) == ([1, 3], [0, 1])
    nobody, kept = placed.within(np.zeros(3, dtype=bool))
    assert (len(kept), len(nobody.starts)) == (0, 0)


@pytest.mark.parametrize("joint", [True, False])
def test_estimates_that_use_few_rows_are_squared_by_hand(joint: bool) -> None:
    """Of `a` customers 0 and 1 are part, with 2 + 1 and 5 + 1; of `b` customers 2 and 3, with 2 * 11 and 2 * 13."""
    placed = Placed.among(CELLS, {"key": KEY}, CUSTOMER)
    asked = [linear("a", [1, 0, 0], [1, 0, 0]), linear("b", [0, 0, 2], [0, 0, 0]), linear("none", [0] * 3, [0] * 3)]
    found = influences_of(placed, asked, measured, joint=joint)
    assert np.diag(found.covariance) == pytest.approx([3**2 + 6**2, 22**2 + 26**2, 0])
    assert found.largest == pytest.approx([36 / 45, 26**2 / (22**2 + 26**2), 0])


@pytest.mark.parametrize("joint", [True, False])
def test_company_changes_no_estimate(joint: bool) -> None:
    """Each of many estimates of different parts is what it is alone, by plain sums."""
    rng = np.random.default_rng(7)
    n, size = 4_000, 40
    customer, key = np.sort(rng.integers(0, 900, n)), rng.integers(0, size, n)
    values = rng.integers(-50, 50, n)
    cells = Cells({"key": np.arange(size)}, np.bincount(key, minlength=size), {}, {})
    parts: list[Flags] = [np.arange(size) < wide for wide in (3, 8, 9, 20, 39, 40)]
    asked = [
        linear(str(i), list(rng.normal(size=size) * part), list(rng.normal(size=size) * part))
        for i, part in enumerate(parts * 8)
    ]
    placed = Placed.among(cells, {"key": key}, customer)
    found = influences_of(placed, asked, lambda _, rows: values[rows], joint=joint)
    added = np.zeros((len(asked), 900))
    for row, one in enumerate(asked):
        np.add.at(added[row], customer, one.weights[key, 0] * values + one.weights[key, 1])
    wanted = added @ added.T
    assert found.covariance == pytest.approx(wanted if joint else np.diag(np.diag(wanted)), rel=1e-9, abs=1e-6)
    assert found.largest == pytest.approx((added**2).max(axis=1) / np.diag(wanted), rel=1e-9)
