"""The low, middle and high case of many draws: order statistics, which may be infinite."""

from __future__ import annotations

import math

import numpy as np

from analysis.roi.quantiles import Quantiles


def test_by_hand() -> None:
    """Of 1 to 20, the smallest with 5 %, 50 % and 95 % of the draws at or below it."""
    assert Quantiles.of(np.arange(1, 21)).to_dict() == {"p5": 1, "p50": 10, "p95": 19}


def test_what_is_never_reached_is_none() -> None:
    assert Quantiles.of([1.0, math.inf, math.inf]) == Quantiles(1.0, None, None)


def test_one_draw_is_all_three_and_order_does_not_matter() -> None:
    assert Quantiles.of([3.0]) == Quantiles(3.0, 3.0, 3.0)
    draws = np.random.default_rng(1).normal(size=999)
    assert Quantiles.of(draws) == Quantiles.of(draws[::-1]) == Quantiles(*np.sort(draws)[[49, 499, 949]])
