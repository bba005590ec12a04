"""Looks along the way: the interval of the arithmetic, and what is too soon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.always_valid import FEWEST_AT_FIRST, half_width
from analysis.inference.estimate import Estimate
from analysis.studies.experiment.looks import FEWEST, Looks, always_valid_of
from tests.studies.experiment.made_rows import rows_of

LOOKS = Looks(first=600, maximum=6000)


def customers(values, n: int = 1600) -> pd.DataFrame:
    return pd.DataFrame({"arm": np.where(np.arange(n) % 2, "new", "control"), "m0": np.asarray(values, dtype=float)})


def test_the_interval_is_the_arithmetics(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with rows_of(customers(1 + rng.poisson(2, 1600)), tmp_path) as rows:
        found = always_valid_of(rows, "orders", LOOKS, level=0.95)["new"]
    assert isinstance(found, Estimate)
    assert found.high - found.value == pytest.approx(half_width(found.se, 800, (600 * 6000) ** 0.5))
    assert "always-valid" in found.method


def test_amounts_need_five_hundred_who_spend_and_shares_do_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    bought = (rng.random(1600) < 0.3).astype(float)
    with rows_of(customers(bought), tmp_path) as rows:
        assert isinstance(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"], Estimate)
    with rows_of(customers(bought * 9.5), tmp_path) as rows:
        said = str(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"])
    assert "other than zero, and a look along the way needs 500" in said


def test_too_soon_and_not_for_clusters(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = customers(1 + rng.poisson(2, 1600))
    with rows_of(frame, tmp_path) as rows:
        late = always_valid_of(rows, "orders", Looks(first=900, maximum=6000), level=0.95)["new"]
        assert "has 800 customers, and the first look was declared at 900" in str(late)
    with rows_of(frame.assign(cluster="shop"), tmp_path) as rows:
        assert "read at the end" in str(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"])
    with rows_of(frame.assign(m0=7.0), tmp_path) as rows:
        assert "nothing varies" in str(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"])


def test_looks_are_declared_in_order() -> None:
    for first, maximum in ((499, 5000), (700, 600)):
        with pytest.raises(DesignError, match="the first needs 500"):
            Looks(first=first, maximum=maximum)
    assert FEWEST == FEWEST_AT_FIRST
