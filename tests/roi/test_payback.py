"""When has the money come back? By hand, by the published case, against a walk month by month."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.roi.payback import payback_months


def test_the_published_payback() -> None:
    """53,150 at the start, 1,606,511 - 666,715 in year 1: 0.68 months."""
    net = [-53_150, 1_606_511 - 666_715, 3_061_331 - 636_772, 4_229_760 - 647_783]
    assert payback_months(net).item() == pytest.approx(0.6787, abs=0.0001)


@pytest.mark.parametrize(
    ("net", "months"),
    [
        ([-120, 240], 6),
        ([-120, 60, 120], 18),  # 60 left to pay after a year, 10 a month in the second
        ([-120, -30, 100, 100], 30),
        ([-120, 60, 60], 24),  # on the last day
        ([-120, 60, 59], math.inf),
        ([0, 10], 0),
        ([50, 10], 0),
        ([0, -10], math.inf),
        ([-100, 200, -150, 20], math.inf),  # paid back in the first year, lost again in the second
        ([-100, 200, -150, 120], 12 * (2 + 50 / 120)),
        ([0, 0, 0], 0),
    ],
)
def test_by_hand(net: list[float], months: float) -> None:
    assert payback_months(net).item() == months


@given(st.lists(st.lists(st.integers(-50, 50), min_size=4, max_size=4), min_size=1, max_size=6))
def test_a_walk_month_by_month_agrees(flows: list[list[int]]) -> None:
    """A walk in steps of a thousandth of a year; draws side by side are the same as one by one."""
    found = payback_months(np.array(flows, dtype=float).T)
    for flow, months in zip(flows, found.tolist(), strict=True):
        assert payback_months(flow).item() == months
        standing = np.interp(np.arange(3001) / 1000, np.arange(4), np.cumsum(flow))
        owed = np.flatnonzero(standing < -1e-9)
        if not owed.size:
            assert months == 0
        elif owed[-1] == 3000:
            assert months == math.inf
        else:
            assert months == pytest.approx(12 * (owed[-1] + 1) / 1000, abs=0.0121)
