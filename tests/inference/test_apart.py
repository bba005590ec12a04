"""Whether effects of groups differ: against another package, by hand, its laws, and how often it errs where Q does."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special

from analysis.inference.apart import differ_p
from analysis.studies.segments_differ import heterogeneity_p

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "apart" / "answers.json").read_text(encoding="utf-8"))
GROUPS = st.lists(
    st.tuples(
        st.floats(-1, 1), st.floats(0.05, 0.5), st.integers(min_value=50, max_value=900), st.integers(50, 900)
    ),
    min_size=2,
    max_size=9,
)  # fmt: skip


@pytest.mark.parametrize("case", GOLDEN["cases"])
def test_another_package_says_the_same(case) -> None:
    found = differ_p(
        list(zip(case["effects"], case["errors"], strict=True)), [tuple(pair) for pair in case["sizes"]]
    )  # fmt: skip
    assert found == pytest.approx(case["satterthwaite"], abs=1e-9)
    # 0.006: the third moment, which is left out here
    assert found == pytest.approx(case["hall_buckley_eagleson"], abs=0.006)


def test_by_hand() -> None:
    """Three groups of one size, effects 0, 0, 3 and errors 1: the spread is 6, chance's own is chi-squared with 2.

    exp(−6 / 2) = 0.0498.
    """
    assert differ_p([(0, 1), (0, 1), (3, 1)], [(80, 40)] * 3) == pytest.approx(math.exp(-3))


@settings(max_examples=50, deadline=None)
@given(GROUPS)
def test_laws(groups) -> None:
    """Order, a common shift, a change of unit and the arms' names change nothing."""
    found, sizes = [one[:2] for one in groups], [one[2:] for one in groups]
    p_value = differ_p(found, sizes)
    assert 0 <= p_value <= 1
    assert differ_p(found[::-1], sizes[::-1]) == pytest.approx(p_value, abs=1e-9)
    assert differ_p([(value + 7, se) for value, se in found], sizes) == pytest.approx(p_value, abs=1e-9)
    assert differ_p([(-value * 40, se * 40) for value, se in found], sizes) == pytest.approx(p_value, abs=1e-9)
    assert differ_p(found, [pair[::-1] for pair in sizes]) == pytest.approx(p_value, abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=9), st.floats(0.1, 1))
def test_with_errors_as_sizes_have_them_it_is_cochrans(values, se) -> None:
    sizes = [(50 + 30 * at, 200) for at in range(len(values))]
    found = [(value, se * math.sqrt(1 / one + 1 / other)) for value, (one, other) in zip(values, sizes, strict=True)]
    assert differ_p(found, sizes) == pytest.approx(heterogeneity_p(found), abs=1e-9)


def test_two_groups_are_compared_as_ever() -> None:
    found = [(0.1, 0.05), (-0.02, 0.01)]
    z = 0.12 / math.hypot(0.05, 0.01)
    assert differ_p(found, [(50, 60), (7_000, 9)]) == pytest.approx(2 * special.ndtr(-z))
    assert differ_p(found[:1], [(50, 60)]) == differ_p([], []) == 1.0


def test_it_keeps_its_size_in_many_small_groups_of_uneven_spenders() -> None:
    """400 tests of 60 groups of 50 against 150, logarithms of ratios of exponential means: 5 %, where Q has 11 %.

    One Monte Carlo error is 0.011. What is left above 0.05 is that the errors are normal ones.
    """
    rng = np.random.default_rng(11)
    sizes = (50, 150)
    means, relative = [], []
    for n in sizes:
        rows = rng.exponential(size=(400, 60, n))
        means.append(rows.mean(axis=2))
        relative.append(rows.var(axis=2, ddof=1) / n / means[-1] ** 2)
    value, se = np.log(means[0] / means[1]), np.sqrt(relative[0] + relative[1])
    tests = [list(zip(*pair, strict=True)) for pair in zip(value.tolist(), se.tolist(), strict=True)]
    own = np.mean([differ_p(found, [sizes] * 60) < 0.05 for found in tests])
    assert own <= 0.05 + 2.6 * 0.011
    assert np.mean([heterogeneity_p(found) < 0.05 for found in tests]) > own + 0.03


def test_it_finds_what_is_there() -> None:
    """One group of twelve that lies five errors off is found, at any size of it."""
    for sizes in ([(100, 100)] * 12, [(50, 50), *[(400, 400)] * 11]):
        se = [math.sqrt(1 / one + 1 / other) for one, other in sizes]
        assert differ_p([(5 * se[0], se[0]), *((0.0, one) for one in se[1:])], sizes) < 0.02


@pytest.mark.parametrize(
    ("found", "sizes", "said"),
    [
        ([(0.1, 0.1)], [], "sizes of its groups; there are 1 and 0"),
        ([(0.1, 0.0), (0.1, 0.1)], [(9, 9), (9, 9)], "standard error lies above zero"),
        ([(math.nan, 0.1), (0.1, 0.1)], [(9, 9), (9, 9)], "finite"),
        ([(0.1, 0.1), (0.1, 0.1)], [(9, 9), (0, 9)], "holds a customer"),
    ],
)
def test_what_cannot_be_is_refused(found, sizes, said) -> None:
    with pytest.raises(ValueError, match=said):
        differ_p(found, sizes)
