"""Run-off and its standard error: the published example of Mack, a case by hand, laws, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.chain_ladder import chain_ladder, lognormal_interval

TAYLOR_ASHE = [
    [357848, 1124788, 1735330, 2218270, 2745596, 3319994, 3466336, 3606286, 3833515, 3901463],
    [352118, 1236139, 2170033, 3353322, 3799067, 4120063, 4647867, 4914039, 5339085],
    [290507, 1292306, 2218525, 3235179, 3985995, 4132918, 4628910, 4909315],
    [310608, 1418858, 2195047, 3757447, 4029929, 4381982, 4588268],
    [443160, 1136350, 2128333, 2897821, 3402672, 3873311],
    [396132, 1333217, 2180715, 2985752, 3691712],
    [440832, 1288463, 2419861, 3483130],
    [359480, 1421128, 2864498],
    [376686, 1363294],
    [344014],
]
"""Taylor and Ashe (1983), as Mack (1993, ASTIN Bulletin 23(2), tables 1 to 3) uses it."""


def triangle(rows: list[list[float]]) -> np.ndarray:
    found = np.full((len(rows), len(rows)), np.nan)
    for place, row in enumerate(rows):
        found[place, : len(row)] = row
    return found


def test_the_published_example() -> None:
    """Mack (1993), table 3: reserves in thousands and their standard errors; the total is known to the unit.

    The tolerance is the rounding of the published figures.
    """
    found = chain_ladder(triangle(TAYLOR_ASHE))
    reserves = [0, 95, 470, 710, 985, 1419, 2178, 3920, 4279, 4626]
    errors = [0, 75535, 121699, 133549, 261406, 411010, 558317, 875328, 971258, 1363155]
    factors = [3.491, 1.747, 1.457, 1.174, 1.104, 1.086, 1.054, 1.077, 1.018]
    np.testing.assert_allclose(found.expected / 1000, reserves, atol=0.5)
    np.testing.assert_allclose(found.se, errors, atol=0.5)
    np.testing.assert_allclose(found.factors, factors, atol=0.0005)
    assert round(found.total) == 18_680_856
    assert round(found.total_se) == 2_447_095


def test_by_hand() -> None:
    """Factors: (150 + 165 + 130) / (100 + 110 + 90), (165 + 182) / (150 + 165) and 165 / 165."""
    found = chain_ladder(triangle([[100, 150, 165, 165], [110, 165, 182], [90, 130], [120]]))
    np.testing.assert_allclose(found.factors, [445 / 300, 347 / 315, 1.0])
    np.testing.assert_allclose(found.expected, [0, 0, 130 * 347 / 315 - 130, 120 * 445 / 300 * 347 / 315 - 120])


def test_a_triangle_without_spread_is_known_exactly() -> None:
    found = chain_ladder(triangle([[10, 20, 30, 30], [20, 40, 60], [30, 60], [40]]))
    np.testing.assert_allclose(found.expected, [0, 0, 30, 80])
    np.testing.assert_allclose(found.se, 0, atol=1e-9)
    assert found.interval(2) == pytest.approx((30, 30))


def test_scaling_the_unit_scales_the_result() -> None:
    small, large = chain_ladder(triangle(TAYLOR_ASHE)), chain_ladder(1000 * triangle(TAYLOR_ASHE))
    np.testing.assert_allclose(large.expected, 1000 * small.expected)
    np.testing.assert_allclose(large.se, 1000 * small.se)
    assert large.total_se == pytest.approx(1000 * small.total_se)


@pytest.mark.parametrize("se", [0.0, 0.1, 1.0, 5.0, 50.0, 1e4])
def test_an_interval_holds_its_estimate(se: float) -> None:
    low, high = lognormal_interval(10.0, se)
    assert 0 <= low <= 10.0 <= high


def test_intervals_hold_what_comes_about_as_often_as_they_say() -> None:
    """Rows that grow by factors with the spread Mack assumes: 95 % intervals of the rows from the third on hold 93 to
    99 % of 1,600 outcomes, and those of no row less than 90 % (200 each, binomial error 1.5 %)."""
    random = np.random.default_rng(20260731)
    factors, n, worlds = (1.6, 1.25, 1.12, 1.06, 1.03, 1.02, 1.01, 1.005, 1.002), 10, 200
    inside = np.zeros(n)
    for _ in range(worlds):
        full = np.empty((n, n))
        full[:, 0] = random.uniform(5_000, 20_000, n)
        for age, factor in enumerate(factors):
            full[:, age + 1] = full[:, age] * factor + 4 * (factor - 1) * np.sqrt(full[:, age]) * random.normal(size=n)
        found = chain_ladder(np.where(np.flipud(np.tri(n, dtype=bool)), full, np.nan))
        came = full[:, -1] - found.latest
        inside += [low <= came[row] <= high for row in range(n) for low, high in [found.interval(row)]]
    assert 0.93 <= inside[2:].mean() / worlds <= 0.99
    assert inside[2:].min() / worlds >= 0.90


def test_the_growth_of_the_second_row_was_seen_once_and_tells_no_spread() -> None:
    assert chain_ladder(triangle(TAYLOR_ASHE)).interval(1) == (0.0, float("inf"))
    assert chain_ladder(triangle(TAYLOR_ASHE)).interval(0) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1, 2, 3], [1, 2], [1]], "from 3 rows: 4 or more are needed"),
        ([[0, 2, 3, 3], [1, 2, 3], [1, 2], [1]], "stands at zero or less"),
        ([[1, 2, 3, 3], [1, 2, 3], [1, 2], [-1]], "stands at zero or less"),
        ([[10, 9, 8, 7], [10, 9, 8], [10, 9], [10]], "rows shrink"),
    ],
)
def test_what_cannot_be_told_is_refused(rows: list[list[float]], words: str) -> None:
    with pytest.raises(DesignError, match=words):
        chain_ladder(triangle(rows))


def test_what_is_no_triangle_is_refused() -> None:
    with pytest.raises(ValueError, match="one age less in each row"):
        chain_ladder(np.ones((4, 4)))
