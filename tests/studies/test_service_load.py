"""Contacts about other products around a contact: by hand, and against slow loops."""

from __future__ import annotations

import numpy as np

from analysis.studies.service.load import loads_around

MINUTE = 60_000_000


def test_by_hand() -> None:
    """Asked at 60 minutes about product 0: 0 and 59 lie in the hour before, 61 and 120 in that after, 121 does not."""
    at = np.array([-1, 0, 59, 60, 61, 120, 121, 30]) * MINUTE
    product = np.array([1, 1, 2, 1, 1, 2, 1, 0])
    before, after = loads_around(at, product, np.array([60, 60]) * MINUTE, np.array([0, -1]))
    assert before.tolist() == [2, -1]
    assert after.tolist() == [2, -1]


def test_against_loops_with_ties_and_products_nobody_asks_about() -> None:
    rng = np.random.default_rng(1)
    at, product = rng.integers(0, 600, 500) * MINUTE, rng.integers(0, 5, 500)
    asked, about = rng.integers(0, 600, 80) * MINUTE, rng.integers(-1, 7, 80)
    before, after = loads_around(at, product, asked, about)
    for place, (moment, own) in enumerate(zip(asked, about, strict=True)):
        gap = at - moment
        others = product != own
        expected = (
            ((gap >= -60 * MINUTE) & (gap < 0) & others).sum(),
            ((gap > 0) & (gap <= 60 * MINUTE) & others).sum(),
        )
        assert (before[place], after[place]) == ((-1, -1) if own < 0 else expected)


def test_nobody_at_all() -> None:
    nothing = np.zeros(0, dtype=np.int64)
    assert [one.tolist() for one in loads_around(nothing, nothing, nothing, nothing)] == [[], []]
    assert [one.tolist() for one in loads_around(nothing, nothing, nothing + 0, nothing)] == [[], []]
