"""Two means and their errors: the raw gap of rows that share customers."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.att import raw_gap


def test_the_raw_gap_by_hand() -> None:
    """Means 4 and 2; squares about them 2 of 2 rows and 2 of 2: variance 2/4 + 2/4, times 4/3 for so few customers."""
    found = raw_gap([5, 3, 3, 1], [True, True, False, False])
    assert (found.observed, found.expected, found.value) == (4, 2, 2)
    assert found.se == pytest.approx(np.sqrt((2 / 4 + 2 / 4) * 4 / 3))


def test_a_customer_of_many_rows_counts_once() -> None:
    rng = np.random.default_rng(1)
    y, arm = rng.poisson(3.0, 400).astype(float), np.arange(400) % 3 == 0
    once = raw_gap(y, arm)
    many = raw_gap(np.repeat(y, 3), np.repeat(arm, 3), customer=np.repeat(np.arange(400), 3))
    assert (many.value, many.se, many.se_log) == pytest.approx((once.value, once.se, once.se_log), rel=1e-12)
    assert raw_gap(np.repeat(y, 3), np.repeat(arm, 3)).se == pytest.approx(once.se / np.sqrt(3), rel=0.01)
    with pytest.raises(DesignError, match="400 treated rows and 0 others"):
        raw_gap(y, np.ones(400, dtype=bool))
