"""A ratio's change split into its parts' own movement and their mix: exact, symmetric, and by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError
from analysis.reporting.difference.mix import split

COUNTS = st.dictionaries(
    st.sampled_from(["x", "facebook", "instagram", "web", "app"]),
    st.tuples(st.integers(0, 5000), st.integers(1, 5000)),
    min_size=1,
)


def test_a_rise_everywhere_and_a_fall_in_all_by_hand():
    """Answered of asked. Before: a 72 of 80, b 4 of 20; after: a 19 of 20, b 24 of 80.

    Values a 0.90 to 0.95, b 0.20 to 0.30; shares a 0.8 to 0.2, b 0.2 to 0.8; all 0.76 to 0.43, a change of -0.33.
    Rate: 0.05 * 0.5 + 0.10 * 0.5 = 0.075. Mix against the mean of all, 0.595: a -0.6 * (0.925 - 0.595) = -0.198,
    b 0.6 * (0.25 - 0.595) = -0.207; together -0.405. And 0.075 - 0.405 = -0.33.
    """
    found = split({"a": (72, 80), "b": (4, 20)}, {"a": (19, 20), "b": (24, 80)})
    assert (found.before, found.after, found.change) == (Fraction("0.76"), Fraction("0.43"), Fraction("-0.33"))
    assert (found.rate, found.mix, found.new, found.gone) == (Fraction("0.075"), Fraction("-0.405"), 0, 0)
    a, b = found.parts
    assert (a.rate, a.mix, b.rate, b.mix) == tuple(map(Fraction, ("0.025", "-0.198", "0.05", "-0.207")))
    assert found.reversed


def test_new_and_lost_parts_are_told_apart():
    """Part c is new with 10 of 20, part b is gone; a keeps 8 of 10. All before 9 / 20 = 0.45, after 18 / 30 = 0.6, mean
    0.525. a: share 1/2 to 1/3, -1/6 * (0.8 - 0.525); new: 2/3 * (0.5 - 0.525); gone: -1/2 * (0.1 - 0.525).
    """
    found = split({"a": (8, 10), "b": (1, 10)}, {"a": (8, 10), "c": (10, 20)})
    assert found.rate == 0
    assert found.mix == -Fraction(1, 6) * (Fraction("0.8") - Fraction("0.525"))
    assert found.new == Fraction(2, 3) * (Fraction("0.5") - Fraction("0.525"))
    assert found.gone == -Fraction(1, 2) * (Fraction("0.1") - Fraction("0.525"))
    assert found.rate + found.mix + found.new + found.gone == found.change == Fraction("0.15")
    assert not found.reversed, "with parts that only one side has, nothing is said of a reversal"


@given(COUNTS, COUNTS)
@settings(max_examples=150, deadline=None)
def test_the_terms_are_the_change_to_the_last_digit(before, after):
    found = split(before, after)
    whole = [
        Fraction(sum(above for above, _ in side.values()), sum(below for _, below in side.values()))
        for side in (before, after)
    ]
    assert (found.before, found.after) == tuple(whole)
    assert found.rate + found.mix + found.new + found.gone == whole[1] - whole[0]
    assert sum(part.share_before for part in found.parts) == sum(part.share_after for part in found.parts) == 1
    back = split(after, before)
    assert (back.rate, back.mix, back.new, back.gone) == (-found.rate, -found.mix, -found.gone, -found.new)


@given(COUNTS, st.integers(2, 9))
@settings(max_examples=60, deadline=None)
def test_what_did_not_move_is_nothing(cells, times):
    same = split(cells, {part: (above * times, below * times) for part, (above, below) in cells.items()})
    assert (same.rate, same.mix, same.change) == (0, 0, 0), "more of all is no change"


@given(COUNTS)
@settings(max_examples=60, deadline=None)
def test_where_shares_stay_all_is_rate_and_where_values_stay_all_is_mix(cells):
    risen = split(cells, {part: (above + below, below) for part, (above, below) in cells.items()})
    assert (risen.rate, risen.mix) == (1, 0), "each part rises by one, and so does the whole"
    grown = {part: (above * size, below * size) for size, (part, (above, below)) in enumerate(sorted(cells.items()), 1)}
    moved = split(cells, grown)
    assert (moved.rate, moved.mix) == (0, moved.change)


def test_merging_two_equal_parts_changes_no_term():
    before, after = {"a": (3, 10), "b": (3, 10), "c": (9, 10)}, {"a": (4, 20), "b": (4, 20), "c": (9, 20)}
    merged = split({"ab": (6, 20), "c": (9, 10)}, {"ab": (8, 40), "c": (9, 20)})
    found = split(before, after)
    assert (found.rate, found.mix) == (merged.rate, merged.mix)


def test_against_the_two_one_sided_splits():
    """The symmetric terms are the means of the two splits with one side as the base (Laspeyres and Paasche)."""
    before, after = {"a": (50, 80), "b": (9, 90)}, {"a": (60, 70), "b": (40, 160)}
    values = [{part: Fraction(*both) for part, both in side.items()} for side in (before, after)]
    totals = [sum(below for _, below in side.values()) for side in (before, after)]
    shares = [
        {part: Fraction(side[part][1], total) for part in side}
        for side, total in zip((before, after), totals, strict=True)
    ]
    rates = [sum((values[1][p] - values[0][p]) * shares[base][p] for p in before) for base in (0, 1)]
    mixes = [sum((shares[1][p] - shares[0][p]) * values[base][p] for p in before) for base in (0, 1)]
    found = split(before, after)
    assert (found.rate, found.mix) == (sum(rates) / 2, sum(mixes) / 2)


def test_amounts_are_split_by_their_decimals():
    found = split({"a": (0.1, 1), "b": (0.2, 1)}, {"a": (0.3, 1), "b": (0.2, 1)})
    assert found.before == Fraction(3, 20)
    assert found.rate == Fraction(1, 10), "0.1 is a tenth here, and not what a float makes of it"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({}, {"a": (1, 2)}, "nothing below the line"),
        ({"a": (0, 0)}, {"a": (1, 2)}, "nothing below the line"),
        ({"a": (1, 2)}, {"a": (1, 2), "b": (3, 0)}, "part `b` has something above the line and nothing below"),
        ({"a": (1, -2)}, {"a": (1, 2)}, "part `a` has a negative number below"),
    ],
)
def test_what_cannot_be_split_says_why(before, after, words):
    with pytest.raises(DesignError, match=words):
        split(before, after)


def test_one_part_that_moves_is_no_reversal():
    assert not split({"a": (1, 2)}, {"a": (2, 2)}).reversed
    steady = split({"a": (5, 10), "b": (1, 10)}, {"a": (5, 10), "b": (3, 30)})
    assert not steady.reversed, "no part moved: the mix alone did"
