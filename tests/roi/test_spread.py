"""Ranges: their means, their quantiles against scipy's own distributions, and what is refused."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from analysis.roi.spread import Fixed, Normal, Pert, Spread, Triangular

SHARES = np.array([1e-12, 1e-6, 0.05, 0.25, 0.5, 0.8, 0.95, 1 - 1e-6, 1 - 1e-12])


def test_the_published_risk_factor() -> None:
    """60, 100, 110: mean 90, so that 10 % is cut."""
    spread = Triangular(60, 100, 110)
    assert (spread.base, spread.mean, spread.risk_factor) == (100, 90, 0.9)


@pytest.mark.parametrize(("low", "mode", "high"), [(60, 100, 110), (0, 0, 1), (0, 1, 1), (-5, 1, 2), (1e-9, 2e-9, 1e9)])
def test_triangular_and_pert_against_scipy(low: float, mode: float, high: float) -> None:
    width, peak = high - low, (mode - low) / (high - low)
    triangular = stats.triang(peak, loc=low, scale=width)
    pert = stats.beta(1 + 4 * peak, 5 - 4 * peak, loc=low, scale=width)
    assert Triangular(low, mode, high).drawn(SHARES) == pytest.approx(
        triangular.ppf(SHARES), rel=1e-9, abs=1e-9 * width
    )
    assert Pert(low, mode, high).drawn(SHARES) == pytest.approx(pert.ppf(SHARES), rel=1e-9, abs=1e-9 * width)
    assert Triangular(low, mode, high).mean == pytest.approx(triangular.mean())
    assert Pert(low, mode, high).mean == pytest.approx(pert.mean())


def test_normal_against_scipy() -> None:
    assert Normal(10, 2).drawn(SHARES) == pytest.approx(stats.norm(10, 2).ppf(SHARES), rel=1e-12)


def test_nothing_is_lost_at_the_ends_of_a_triangle() -> None:
    """Half a share of 1e-14 from the end is the square root of it from the end; the ends themselves are met."""
    spread = Triangular(0, 0.5, 1)
    assert spread.drawn([0, 1]).tolist() == [0, 1]
    assert spread.drawn(1e-14).item() == pytest.approx(math.sqrt(0.5e-14), rel=1e-12)
    assert 1 - spread.drawn(1 - 2.0**-40).item() == pytest.approx(math.sqrt(0.5 * 2.0**-40), rel=1e-9)


def test_pert_may_lean_on_its_end() -> None:
    spread = Pert(0, 0, 6)
    assert (spread.base, spread.mean) == (0, 1)
    assert spread.drawn([0, 1]).tolist() == [0, 6]
    assert spread.risk_factor == math.inf


@pytest.mark.parametrize("spread", [Fixed(3), Triangular(1, 2, 4), Pert(1, 2, 4), Normal(3, 1)])
def test_draws_have_the_mean_and_say_what_they_are(spread: Spread) -> None:
    draws = spread.drawn(np.random.default_rng(1).random(200_000))
    assert draws.mean() == pytest.approx(spread.mean, abs=0.01)
    assert spread.to_dict()["shape"] == type(spread).__name__.lower()
    assert spread.certain == (draws.min() == draws.max())
    assert spread.ends[0] <= draws.min() <= draws.max() <= spread.ends[1]


@given(
    st.tuples(*[st.floats(-1e6, 1e6)] * 3).map(sorted), st.lists(st.floats(0, 1), min_size=2, max_size=9).map(sorted)
)
def test_larger_shares_give_larger_values_within_the_ends(three: list[float], shares: list[float]) -> None:
    low, mode, high = three
    if high - low < 1e-6:
        return
    for spread in (Triangular(low, mode, high), Pert(low, mode, high)):
        found = spread.drawn(shares)
        assert (np.diff(found) >= -1e-9 * (high - low)).all()
        assert low <= found.min() <= found.max() <= high


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: Triangular(1, 0, 2), "must lie from low 1 to high 2"),
        (lambda: Pert(1, 3, 2), "must lie from low 1 to high 2"),
        (lambda: Triangular(1, 1, 1), "low below high"),
        (lambda: Normal(1, 0), "sd must be above zero"),
        (lambda: Normal(1, -1), "sd must be above zero"),
        (lambda: Normal(math.nan, 1), "mean must be a finite number"),
        (lambda: Fixed(math.inf), "value must be a finite number"),
        (lambda: Pert(0, 1, math.inf), "high must be a finite number"),
        (lambda: Fixed(1).drawn([1.5]), "from 0 to 1"),
        (lambda: Normal(0, 1).drawn([math.nan]), "from 0 to 1"),
    ],
)
def test_what_is_refused(made, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        made()
