"""What is left once categories are out: against columns of dummies, by hand, and where it is hard or impossible."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference import absorb
from analysis.inference.absorb import absorber


def dummies(*sets):
    return np.column_stack([code[:, None] == np.unique(code) for code in sets]).astype(float)


def codes(rng, n, *sizes):
    return [rng.integers(0, size, n) for size in sizes]


@pytest.mark.parametrize("sizes", [(7,), (9, 6), (12, 8, 5), (150, 40, 10)])
def test_the_rest_is_that_of_least_squares_on_dummies(sizes):
    """Tolerance 1e-9: sweeps stop at 1e-12 of the column's length, of about 20."""
    rng = np.random.default_rng(1)
    sets = codes(rng, 400, *sizes)
    columns = rng.normal(size=(400, 3)) + sets[0][:, None]
    of = absorber(sets)
    matrix = dummies(*[code[of.kept] for code in sets])
    kept = columns[of.kept]
    expected = kept - matrix @ np.linalg.lstsq(matrix, kept, rcond=None)[0]
    np.testing.assert_allclose(of.residuals(kept), expected, atol=1e-9)


def test_two_groups_by_hand():
    """Rows 1, 3 of group 0 and 10, 20 of group 1 leave minus 1, 1, minus 5 and 5."""
    assert absorber([[0, 0, 1, 1]]).residuals([1.0, 3.0, 10.0, 20.0]).tolist() == [-1.0, 1.0, -5.0, 5.0]


def test_without_a_set_the_mean_is_taken_out():
    of = absorber([], 3)
    assert of.residuals([1.0, 2.0, 6.0]).tolist() == [-2.0, -1.0, 3.0]
    assert of.degrees == 1


def test_a_long_chain_comes_to_rest():
    """Categories linked two by two in one long chain: means wander slowly along it."""
    link = np.arange(300)
    sets = [np.concatenate([link, link, link[:-1], link[:-1]]), np.concatenate([link, link, link[1:], link[1:]])]
    values = np.cumsum(np.random.default_rng(2).normal(size=len(sets[0])))
    of = absorber(sets)
    rest = of.residuals(values[of.kept])
    for code in of.codes:
        assert np.abs(np.bincount(code, weights=rest)).max() < 1e-7


def test_rows_alone_are_set_aside_until_none_is_left():
    """Row 4 is alone in the first set; without it row 3 is alone in the second, and so on to the first two."""
    of = absorber([[0, 0, 0, 1, 2], [0, 0, 1, 1, 1]])
    assert of.kept.tolist() == [True, True, False, False, False]
    assert of.singletons == 3
    assert of.degrees == 1


def test_degrees_are_the_rank_of_two_sets_and_no_less_than_that_of_three():
    rng = np.random.default_rng(3)
    for trial in range(40):
        sets = codes(rng, 60, *rng.integers(2, 25, size=2 + trial % 2))
        try:
            of = absorber(sets)
        except DesignError:
            continue
        rank = np.linalg.matrix_rank(dummies(*of.codes))
        assert of.degrees == rank if len(sets) == 2 else of.degrees >= rank


def test_a_set_within_another_takes_nothing_more():
    week, day = np.repeat(np.arange(5), 14), np.repeat(np.arange(35), 2)
    assert absorber([week, day]).degrees == absorber([day]).degrees == 35
    assert absorber([week, day, week]).degrees == 35


def test_order_of_sets_and_rows_and_names_of_categories_do_not_matter():
    rng = np.random.default_rng(4)
    sets, values = codes(rng, 200, 11, 7, 4), rng.normal(size=200)
    found = absorber(sets).residuals(values)
    np.testing.assert_allclose(absorber(sets[::-1]).residuals(values), found, atol=1e-10)
    order = rng.permutation(200)
    np.testing.assert_allclose(absorber([c[order] for c in sets]).residuals(values[order]), found[order], atol=1e-10)
    np.testing.assert_allclose(absorber([c * -13 + 5 for c in sets]).residuals(values), found, atol=1e-10)


def test_taking_out_twice_changes_nothing_and_the_columns_given_stay():
    rng = np.random.default_rng(5)
    sets, values = codes(rng, 300, 20, 15), rng.normal(size=(300, 2))
    before = values.copy()
    of = absorber(sets)
    once = of.residuals(values)
    np.testing.assert_allclose(of.residuals(once), once, atol=1e-10)
    assert (values == before).all()


def test_nothing_left_to_compare_is_refused():
    with pytest.raises(DesignError, match="Each of 3 rows is alone in one of its categories"):
        absorber([[0, 1, 2], [0, 0, 0]])


def test_sets_of_other_lengths_are_refused():
    with pytest.raises(ValueError, match="one category for each row"):
        absorber([[0, 0], [0, 0, 1]])
    with pytest.raises(ValueError, match="one category for each row"):
        absorber([])


def test_sweeps_that_do_not_come_to_rest_are_told(monkeypatch):
    monkeypatch.setattr(absorb, "MOST_SWEEPS", 1)
    monkeypatch.setattr(absorb, "MOST_SOLVED", 0)
    rng = np.random.default_rng(6)
    sets, values = codes(rng, 200, 30, 30), rng.normal(size=200)
    of = absorber(sets)
    with pytest.raises(DesignError, match="After 1 sweeps over 2 sets"):
        of.residuals(values[of.kept])


def test_a_column_is_swept_once_and_is_told_the_same_again() -> None:
    rng = np.random.default_rng(1)
    sets = [rng.integers(0, 9, 300), rng.integers(0, 7, 300)]
    columns = rng.standard_normal((300, 2))
    ready = absorber(sets)
    first = ready.residuals(columns)
    assert len(ready.done) == 2
    assert np.array_equal(ready.residuals(columns[:, 1]), first[:, 1])
    assert len(ready.done) == 2
    assert np.array_equal(absorber(sets).residuals(columns), first)
    first[:] = 0.0
    assert ready.residuals(columns).any(), "what was handed out is a copy"


@pytest.mark.parametrize("sizes", [(30, 30), (60, 9, 5), (40, 40, 1)])
def test_solving_and_sweeping_leave_the_same(monkeypatch: pytest.MonkeyPatch, sizes: tuple[int, ...]) -> None:
    """Both roads, also where sets hang together in parts, or one says what another says."""
    rng = np.random.default_rng(7)
    sets = [*(rng.integers(0, size, 900) for size in sizes)]
    sets.append(sets[0] // 7)  # said by the first already
    values = rng.standard_normal((900, 3)) * [1.0, 1e6, 1e-6]
    solved = absorber(sets)
    assert solved.solved is not None
    monkeypatch.setattr(absorb, "MOST_SOLVED", 0)
    swept = absorber(sets)
    assert swept.solved is None
    one, other = (each.residuals(values[each.kept]) for each in (solved, swept))
    assert np.abs((one - other) / values.std(axis=0)).max() < 1e-9
    for code, size in zip(solved.codes, solved.sizes, strict=True):
        means = np.bincount(code, weights=one[:, 0]) / size
        assert np.abs(means).max() < 1e-11
