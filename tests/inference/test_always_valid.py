"""Always-valid intervals: gbstats to the digit, false alarms over all looks, laws and refusals."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.always_valid import always_valid, half_width
from analysis.inference.compare import difference_in_means
from analysis.inference.moments import Moments

GOLDEN = json.loads((Path(__file__).parents[1] / "golden/always_valid/reference.json").read_text())


def group(n: int, total: int, squares: int) -> Moments:
    from decimal import Decimal

    return Moments(("orders",), n, (Decimal(total),), (Decimal(squares),))


@pytest.mark.parametrize("case", range(3))
def test_gbstats_says_the_same(case: int) -> None:
    """1e-9: the same closed form."""
    held = GOLDEN["cases"][case]
    one, other = (group(held["n"], *held[arm]) for arm in ("treated", "comparison"))
    found = always_valid(one, other, "orders", first=held["first"], maximum=held["maximum"], unit="orders")
    assert found.value == pytest.approx(held["value"], rel=1e-9)
    assert [found.low, found.high] == pytest.approx(held["interval"], rel=1e-9)


def test_by_hand() -> None:
    """Equation 9 written out for a standard error of 1 at the number of customers that it is tuned to."""
    tuned = -2 * math.log(0.05) + math.log(1 - 2 * math.log(0.05))
    by_hand = math.sqrt(2 * (tuned + 1) / tuned * math.log(math.sqrt(tuned + 1) / 0.05))
    assert half_width(1.0, 777, 777) == pytest.approx(by_hand, rel=1e-12)


def test_wider_than_one_look_and_narrowest_near_where_it_was_tuned() -> None:
    one, other = group(1000, 1500, 4000), group(1200, 1700, 4500)
    found = always_valid(one, other, "orders", first=500, maximum=5000, unit="orders")
    once = difference_in_means(one, other, "orders", unit="orders")
    assert (found.value, found.se) == (once.value, once.se)
    assert found.high - found.low > 1.4 * (once.high - once.low)
    assert half_width(1, 2000, 2000) < min(half_width(1, 200, 2000), half_width(1, 20_000, 2000))
    assert half_width(1, 2000, 2000, level=0.99) > half_width(1, 2000, 2000)
    back = always_valid(other, one, "orders", first=500, maximum=5000, unit="orders")
    assert (back.low, back.high) == pytest.approx((-found.high, -found.low))


def test_what_was_not_declared_rightly_is_refused() -> None:
    one = group(600, 900, 2000)
    with pytest.raises(TooSoon, match="has 600 customers, and the first look was declared at 800"):
        always_valid(one, one, "orders", first=800, maximum=5000, unit="orders")
    for first, maximum in ((499, 5000), (800, 700)):
        with pytest.raises(DesignError, match="The first needs 500 at least"):
            always_valid(one, one, "orders", first=first, maximum=maximum, unit="orders")


@pytest.mark.parametrize("share", [None, 0.02, 0.2])
def test_false_alarms_over_all_looks(share: float | None) -> None:
    """600 experiments without effect and a look every 100 customers from 500 to 5,000: at most 5 % + 2.58 Monte Carlo
    errors alarm at any look, where an interval made for one look alarms in more than 20 %.
    """
    rng = np.random.default_rng(9)
    worlds, first, maximum, step = 600, 500, 5000, 100
    sums, squares = [], []
    for _ in range(2):
        shape = (worlds, maximum // step, step)
        if share is None:
            drawn = rng.standard_normal(shape, dtype=np.float32)
        else:
            drawn = (rng.random(shape, dtype=np.float32) < share).astype(np.float32)
        sums.append(drawn.sum(2, dtype=float).cumsum(1))
        squares.append((drawn**2).sum(2, dtype=float).cumsum(1))
    n = np.arange(step, maximum + 1, step)
    variance = sum((squares[arm] - sums[arm] ** 2 / n) / (n - 1) / n for arm in (0, 1))
    looked = n >= first
    away = (np.abs(sums[0] - sums[1]) / n)[:, looked] / np.sqrt(variance[:, looked])
    reach = np.array([half_width(1.0, k, math.sqrt(first * maximum)) for k in n[looked]])
    alarms = float((away > reach).any(axis=1).mean())
    assert alarms <= 0.05 + 2.58 * (0.05 * 0.95 / worlds) ** 0.5
    assert float((away > 1.96).any(axis=1).mean()) > 0.2
