"""No number of fewer than ten customers is shown, none can be worked out, and no more is hidden than that needs."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.inference.suppression import known_of, suppressed

COUNT = st.one_of(st.just(0), st.integers(1, 9), st.integers(10, 14), st.integers(15, 400))
TABLES = st.one_of(
    arrays(np.int64, st.integers(1, 6), elements=COUNT),
    arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=COUNT),
)


@settings(max_examples=150, deadline=None)
@given(TABLES)
def test_no_small_number_is_shown_or_can_be_worked_out(table: np.ndarray) -> None:
    """Of every number of 1 to 9 whoever knows all the others shown cannot say more than an interval of ten or wider."""
    shown = suppressed(table)
    small = (shown.counts > 0) & (shown.counts < 10)
    assert (shown.hidden | ~small).all()
    assert not (shown.hidden & (shown.counts == 0)).any()
    for place in np.argwhere(small):
        low, high = known_of(shown, tuple(place))
        assert high - low >= 10 - 1e-6
        assert low - 1e-6 <= shown.counts[tuple(place)] <= high + 1e-6


@settings(max_examples=100, deadline=None)
@given(TABLES)
def test_what_is_hidden_beside_small_numbers_is_needed(table: np.ndarray) -> None:
    """Showing any one of the further hidden cells again would give a small one away."""
    shown = suppressed(table)
    small = (shown.counts > 0) & (shown.counts < 10)
    for place in np.argwhere(shown.hidden & ~small):
        less = shown.hidden.copy()
        less[tuple(place)] = False
        opened = type(shown)(counts=shown.counts, hidden=less)
        widths = [np.subtract(*known_of(opened, tuple(one))[::-1]) for one in np.argwhere(small)]
        assert min(widths) < 10 - 1e-6


@given(arrays(np.int64, st.tuples(st.integers(1, 4), st.integers(1, 4)), elements=st.sampled_from([0, 10, 25, 300])))
def test_a_table_without_small_numbers_is_shown_whole(table: np.ndarray) -> None:
    assert not suppressed(table).hidden.any()


def test_one_small_number_in_a_row_takes_the_smallest_other_with_it() -> None:
    """[3, 12, 45], total 60: with 12 shown, 3 = 60 - 12 - 45. With 12 hidden the two share 15: 0 to 15 each."""
    shown = suppressed([3, 12, 45])
    assert shown.values() == [None, None, 45, 60]
    assert known_of(shown, (0,)) == (0.0, 15.0)


def test_two_small_numbers_that_are_few_together_take_a_third() -> None:
    """3 + 4 = 7 customers would be shown by the others and the total: the 20 goes too."""
    assert suppressed([3, 4, 20, 50]).values() == [None, None, None, 50, 77]


def test_two_small_numbers_that_are_many_together_need_no_other() -> None:
    assert suppressed([9, 8, 20]).values() == [None, None, 20, 37]


def test_a_rectangle_of_four_protects_one() -> None:
    """By row alone [3, 20] would go; but then the column gives 3 away, so the second row must follow: four cells of
    nine, as few as can be, and all totals stay."""
    shown = suppressed([[3, 20, 30], [40, 14, 50], [60, 70, 80]])
    assert shown.values() == [[None, None, 30, 53], [None, None, 50, 104], [60, 70, 80, 210], [103, 104, 160, 367]]


def test_what_can_be_known_by_trying_every_table() -> None:
    """[[3, 20], [40, 14]] with its totals shown: every table with these totals is tried: 3 may be 0 to 23."""
    shown = suppressed([[3, 20], [40, 14]])
    assert shown.hidden[:2, :2].all()
    assert not shown.hidden[2].any()
    possible = [first for first in range(24) if min(23 - first, 43 - first, 34 - (23 - first)) >= 0]
    assert (min(possible), max(possible)) == (0, 23)
    assert known_of(shown, (0, 0)) == pytest.approx((0, 23))


def test_that_rectangle_is_the_cheapest_of_all() -> None:
    table = np.array([[3, 20, 30], [40, 14, 50], [60, 70, 80]])
    cost = {
        (row, column): table[0, column] + table[row, 0] + table[row, column]
        for row, column in itertools.product((1, 2), (1, 2))
    }
    assert min(cost, key=cost.__getitem__) == (1, 1)


def test_a_table_of_few_customers_shows_nothing_but_zeros() -> None:
    assert suppressed([[3, 0], [0, 2]]).values() == [[None, 0, None], [0, None, None], [None, None, None]]
    assert suppressed([4]).values() == [None, None]


def test_zeros_are_shown_and_protect_nothing() -> None:
    assert suppressed([0, 12, 45]).values() == [0, 12, 45, 57]
    assert suppressed([0, 3, 45]).values() == [0, None, None, 48]


def test_shares_of_hidden_numbers_are_hidden() -> None:
    shown = suppressed([[3, 20, 30], [40, 14, 50], [60, 70, 80]])
    shares = shown.shares()
    assert [[one is None for one in row] for row in shares] == shown.hidden.tolist()
    assert shares[2][0] == pytest.approx(60 / 210)
    assert suppressed([0, 0]).shares() == [None, None, None]


def test_the_order_of_rows_and_columns_does_not_matter() -> None:
    table = np.array([[3, 20, 30], [40, 14, 50], [60, 70, 80]])
    turned = suppressed(table.T).hidden
    assert (suppressed(table).hidden == turned.T).all()
    again = suppressed(table[::-1, ::-1]).hidden
    assert (again[:3, :3][::-1, ::-1] == suppressed(table).hidden[:3, :3]).all()


def test_a_table_that_is_printed_does_not_tell() -> None:
    assert "37" not in repr(suppressed([3, 37]))


def test_a_table_of_three_dimensions_is_audited_as_one() -> None:
    rng = np.random.default_rng(5)
    for _ in range(5):
        shown = suppressed(rng.choice([0, 4, 15, 60], size=(2, 3, 2), p=[0.1, 0.1, 0.4, 0.4]))
        small = (shown.counts > 0) & (shown.counts < 10)
        assert shown.hidden[small].all()
        for place in zip(*np.nonzero(small), strict=True):
            low, high = known_of(shown, tuple(int(one) for one in place))
            assert high - low >= 10 - 1e-6


@pytest.mark.parametrize("table", [[], [[-1, 3]], 4, [[[[1]]]]])
def test_what_is_no_table_is_refused(table: object) -> None:
    with pytest.raises(ValueError, match="one to three dimensions"):
        suppressed(table)
