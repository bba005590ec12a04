"""Pooled effects against the authors' own answers, on average over known truths, and by their laws."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.optimize import linprog

from analysis.foundation.errors import DesignError
from analysis.inference.shrinkage import critical_value, largest_miss, shrunken

GOLDEN = Path(__file__).parents[1] / "golden" / "shrinkage" / "ten_cities.json"


def test_ten_cities_as_the_authors_have_them() -> None:
    reference = json.loads(GOLDEN.read_text())
    values, errors = (np.array([row[place] for row in reference["rows"]]) for place in (2, 3))
    found = shrunken(values, errors, weights=np.ones(10), design=np.empty((10, 0)))
    answers = reference["answers"]
    textbook = [largest_miss(1 / share - 1, stats.norm.ppf(0.975) / share**0.5) for share in found.share]
    # 5e-7: six digits are published
    assert found.spread == pytest.approx(answers["sqrt_mu2"], abs=5e-7)
    assert found.share.mean() == pytest.approx(answers["w_eb"], abs=5e-7)
    assert ((found.high - found.low) / 2).mean() == pytest.approx(answers["len_eb"], abs=5e-7)
    assert np.mean(textbook) == pytest.approx(answers["ncov_pa"], abs=5e-7)


@pytest.mark.parametrize(("bias", "reach"), [(0.3, 2.0), (1.0, 3.0), (4.0, 3.5), (9.0, 3.0)])
def test_the_worst_case_is_the_worst_of_all_spreads_of_the_bias(bias: float, reach: float) -> None:
    """A linear program over 4,001 squared biases up to 200 finds it too, up to the width of its grid."""
    squared = np.concatenate([np.linspace(0, 40, 4001), np.linspace(40, 200, 400)[1:]])
    misses = stats.norm.sf(reach - squared**0.5) + stats.norm.cdf(-reach - squared**0.5)
    found = linprog(-misses, A_eq=np.vstack([np.ones_like(squared), squared]), b_eq=[1, bias], bounds=(0, 1))
    assert largest_miss(bias, reach) == pytest.approx(-found.fun, abs=1e-5)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
@pytest.mark.parametrize("bias", [0.0, 0.1, 1.0, 25.0, 400.0])
def test_the_critical_value_misses_as_often_as_it_may(bias: float, level: float) -> None:
    assert largest_miss(bias, critical_value(bias, level)) == pytest.approx(1 - level, rel=1e-8)


def test_by_hand() -> None:
    """Errors of 1, mean 0, squares 9, 9, 4, 4, 1, 1: their sum 28 less 6 - 1 chance, over 5 left, spread² 4.6.

    The share kept is 4.6 / 5.6.
    """
    found = shrunken([3, -3, 2, -2, 1, -1], np.ones(6))
    assert found.spread_found**2 == pytest.approx(4.6)
    assert found.values == pytest.approx(np.array([3, -3, 2, -2, 1, -1]) * 4.6 / 5.6)


def test_order_unit_and_place_do_not_matter() -> None:
    rng = np.random.default_rng(2)
    values, errors = rng.normal(size=9), rng.uniform(0.3, 1, 9)
    found = shrunken(values, errors)
    turned, cents, moved = (
        shrunken(values[::-1], errors[::-1]),
        shrunken(values * 100, errors * 100),
        shrunken(values + 7, errors),
    )
    assert turned.low[::-1] == pytest.approx(found.low)
    assert cents.high == pytest.approx(found.high * 100)
    assert moved.values == pytest.approx(found.values + 7)
    assert np.all((found.low < found.values) & (found.values < found.high))
    between = (found.values - found.centre) * (values - found.centre) >= 0
    assert between.all()
    assert np.all(np.abs(found.values - found.centre) <= np.abs(values - found.centre))


def test_alike_segments_are_moved_almost_together() -> None:
    found = shrunken([0.1, 0.1, 0.1, 0.1, 0.1, 0.1 + 1e-9], np.full(6, 0.5))
    assert found.spread_found == 0
    assert found.share.max() < 0.4
    assert np.all(found.high - found.low < 2 * 1.96 * 0.5)


@pytest.mark.parametrize("spread", ["bell", "few", "two"])
@pytest.mark.parametrize("size", [0.5, 2.0])
@pytest.mark.parametrize("segments", [6, 10])
def test_intervals_hold_on_average_however_effects_are_spread(spread: str, size: float, segments: int) -> None:
    """100 sets; at least 95 % less 2.58 Monte Carlo errors of the mean share held."""
    rng = np.random.default_rng([segments, int(size * 10)])
    held = []
    for _ in range(100):
        drawn = {
            "bell": rng.normal(size=segments),
            "few": (rng.random(segments) < 0.1) / 0.3,
            "two": rng.choice([-1.0, 1.0], segments),
        }[spread]
        errors = rng.uniform(0.5, 1.5, segments)
        truth = 0.7 + size * drawn
        found = shrunken(truth + errors * rng.normal(size=segments), errors)
        held.append(((found.low <= truth) & (truth <= found.high)).mean())
    assert np.mean(held) >= 0.95 - 2.58 * max(np.std(held), 0.05) / 100**0.5


def test_it_helps_where_segments_are_alike() -> None:
    rng = np.random.default_rng(4)
    raw, pooled = [], []
    for _ in range(100):
        truth = rng.normal(0, 0.3, 10)
        drawn = truth + rng.normal(size=10)
        raw.append(((drawn - truth) ** 2).mean())
        pooled.append(((shrunken(drawn, np.ones(10)).values - truth) ** 2).mean())
    assert np.mean(pooled) < 0.4 * np.mean(raw)


def test_five_segments_are_too_few() -> None:
    with pytest.raises(DesignError, match="5 segments cannot tell how far their effects are spread"):
        shrunken(np.zeros(5), np.ones(5))


@pytest.mark.parametrize("errors", [[1, 1, 1, 1, 1, 0], [1, 1, 1, 1, 1, np.nan]])
def test_an_error_lies_above_zero(errors: list[float]) -> None:
    with pytest.raises(ValueError, match="above zero"):
        shrunken(np.zeros(6), errors)
