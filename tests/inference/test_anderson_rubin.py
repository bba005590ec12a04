"""The Anderson–Rubin set against the test itself on a fine grid, in each of its shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.inference import anderson_rubin
from analysis.inference.anderson_rubin import ArSet, anderson_rubin_set

ONE = np.array([[1.0]])


def drawn(rng, k, strength):
    """Slopes and a joint covariance of k instruments."""
    root = rng.normal(size=(2 * k, 2 * k + 3))
    joint = root @ root.T / (2 * k + 3)
    first = strength * rng.normal(size=k)
    return 0.7 * first + rng.normal(size=k), first, joint[:k, :k], joint[:k, k:], joint[k:, k:]


def statistic(effects, reduced, first, v_reduced, v_both, v_first):
    b = np.asarray(effects, dtype=float)[..., None, None]
    gap = reduced[:, None] - b * first[:, None]
    spread = v_reduced - b * (v_both + v_both.T) + b * b * v_first
    return (gap * np.linalg.solve(spread, gap)).sum(axis=(-2, -1))


@pytest.mark.parametrize("k", [1, 2, 3, 4])
def test_the_set_is_what_the_test_keeps(k):
    """On 1,201 effects over the whole line. With several instruments it may be wider, to have one of four shapes."""
    rng = np.random.default_rng(k)
    grid = np.tan(np.linspace(-1.57, 1.57, 1_201))
    kinds, exact = set(), 0
    for trial in range(120):
        case = drawn(rng, k, strength=[0.3, 1.5, 3.0, 8.0][trial % 4])
        found = anderson_rubin_set(*case, critical=4.0)
        kinds.add(found.kind)
        kept = statistic(grid, *case) <= 4.0
        held = np.array([b in found for b in grid])
        assert (held >= kept).all()
        exact += (held == kept).all()
        for end in (found.low, found.high):
            if math.isfinite(end):
                assert statistic(end, *case) == pytest.approx(4.0, rel=1e-6)
    assert exact >= (120 if k == 1 else 100)
    assert kinds >= ({"interval", "half_lines", "line"} | ({"empty"} if k > 1 else set()))


def test_one_instrument_gives_the_same_by_the_road_of_several():
    rng = np.random.default_rng(9)
    for trial in range(60):
        case = drawn(rng, 1, strength=[0.3, 2.0, 6.0][trial % 3])
        found = anderson_rubin_set(*case, critical=4.0)
        other = anderson_rubin._covered(*anderson_rubin._pieces(*case, 4.0))
        assert found.kind == other.kind
        assert (found.low, found.high) == pytest.approx((other.low, other.high), rel=1e-7)


def test_by_hand():
    """(6 - 3b)² ≤ 4 (1 + b²) is 5b² - 36b + 32 ≤ 0: between (36 - √656) / 10 and (36 + √656) / 10."""
    found = anderson_rubin_set(np.array([6.0]), np.array([3.0]), ONE, 0 * ONE, ONE, 4.0)
    assert (found.low, found.high) == pytest.approx(((36 - math.sqrt(656)) / 10, (36 + math.sqrt(656)) / 10))
    assert found.bounded
    assert str(found) == "1.039 to 6.161"


def test_half_lines_by_hand():
    """(3 - b)² ≤ 4 (1 + b²) is 3b² + 6b - 5 ≥ 0: outside of -1 ± √(8 / 3)."""
    found = anderson_rubin_set(np.array([3.0]), np.array([1.0]), ONE, 0 * ONE, ONE, 4.0)
    assert found.kind == "half_lines"
    assert (found.low, found.high) == pytest.approx((-1 - math.sqrt(8 / 3), -1 + math.sqrt(8 / 3)))
    assert 0.0 not in found
    assert 3.0 in found
    assert not found.bounded


def test_between_interval_and_half_lines_one_side_is_open():
    """With F just at the critical value the quadratic is a line: (3 - 2b)² ≤ 4 (1 + b²) is b ≥ 5 / 12."""
    found = anderson_rubin_set(np.array([3.0]), np.array([2.0]), ONE, 0 * ONE, ONE, 4.0)
    assert (found.kind, found.low) == ("half_lines", -math.inf)
    assert found.high == pytest.approx(5 / 12)
    mirrored = anderson_rubin_set(np.array([-3.0]), np.array([2.0]), ONE, 0 * ONE, ONE, 4.0)
    assert (mirrored.low, mirrored.high) == (pytest.approx(-5 / 12), math.inf)


def test_contradicting_instruments_leave_nothing():
    """Each says its effect surely, and they are 1 and 5."""
    two, nothing = 0.01 * np.eye(2), np.zeros((2, 2))
    found = anderson_rubin_set(np.array([1.0, 5.0]), np.array([1.0, 1.0]), two, nothing, two, 6.0)
    assert found.kind == "empty"
    assert 1.0 not in found
    assert math.isnan(found.low)
    assert str(found) == "no effect fits: the instruments contradict one another"


def test_scaling_outcome_and_instrument():
    case = drawn(np.random.default_rng(3), 3, 4.0)
    reduced, first, v_reduced, v_both, v_first = case
    found = anderson_rubin_set(*case, critical=7.8)
    big = anderson_rubin_set(1e6 * reduced, first, 1e12 * v_reduced, 1e6 * v_both, v_first, critical=7.8)
    assert (big.low, big.high) == pytest.approx((1e6 * found.low, 1e6 * found.high), rel=1e-7)
    tiny = np.diag([1e-5, 1.0, 1e3])
    other = anderson_rubin_set(
        tiny @ reduced, tiny @ first, tiny @ v_reduced @ tiny, tiny @ v_both @ tiny, tiny @ v_first @ tiny, critical=7.8
    )
    assert (other.low, other.high) == pytest.approx((found.low, found.high), rel=1e-7)


def test_a_bounded_set_of_two_pieces_is_spanned_and_an_unbounded_one_keeps_its_largest_gap():
    spanned = anderson_rubin._covered([1.0, 2.0, 4.0, 5.0], [False, True, False, True, False])
    assert (spanned.kind, spanned.low, spanned.high) == ("interval", 1.0, 5.0)
    gapped = anderson_rubin._covered([1.0, 2.0, 4.0, 8.0], [True, False, True, False, True])
    assert (gapped.kind, gapped.low, gapped.high) == ("half_lines", 4.0, 8.0)
    touching = anderson_rubin._covered([1.0, 2.0, 4.0], [True, False, False, True])
    assert (touching.low, touching.high) == (1.0, 4.0)


@pytest.mark.parametrize(
    ("kind", "low", "high"),
    [
        ("interval", 2.0, 1.0),
        ("interval", -math.inf, 1.0),
        ("half_lines", -math.inf, math.inf),
        ("line", 0.0, 1.0),
        ("empty", 0.0, 0.0),
    ],
)
def test_ends_that_do_not_fit_the_kind_are_refused(kind, low, high):
    with pytest.raises(ValueError, match=f"kind `{kind}`"):
        ArSet(kind=kind, low=low, high=high)
