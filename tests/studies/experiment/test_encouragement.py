"""Invitations: one by one and by cluster, weak ones, and what is not recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.inference.complier import Complier
from analysis.studies.experiment.encouragement import compliers, first_stage_check
from tests.studies.experiment.made_rows import rows_of


def invited(seed: int, taken: float = 0.5, n: int = 2000) -> pd.DataFrame:
    """Half invited; a tenth use it anyway, and the invitation brings `taken` more, each of whom buys 2 more."""
    rng = np.random.default_rng(seed)
    arm = np.where(np.arange(n) % 2, "invited", "control")
    used = rng.random(n) < 0.1 + taken * (arm == "invited")
    return pd.DataFrame({"arm": arm, "exposed": used.astype(int), "m0": rng.poisson(3, n) + 2.0 * used})


def test_customers_invited_one_by_one(tmp_path: Path) -> None:
    frame = invited(1)
    with rows_of(frame, tmp_path) as rows:
        found = compliers(rows, "orders", level=0.95)["invited"]
    assert isinstance(found, Complier)
    assert found.estimate is not None
    means = frame.groupby("arm")[["m0", "exposed"]].mean().diff().loc["invited"]
    assert found.estimate.value == pytest.approx(means["m0"] / means["exposed"])
    assert found.estimate.low < 2 < found.estimate.high
    assert found.estimate.name == "orders"
    check = first_stage_check(found)
    assert check.verdict == "passed"
    assert check.value == pytest.approx(means["exposed"])
    assert not check.gate


def test_clusters_invited_as_wholes_have_a_wider_interval(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    frame = invited(2)
    shop = rng.integers(0, 15, len(frame))
    frame["cluster"] = [f"{arm} {one}" for arm, one in zip(frame["arm"], shop, strict=True)]
    mood = dict(zip(frame["cluster"].unique(), rng.normal(0, 0.6, frame["cluster"].nunique()), strict=True))
    frame["m0"] = (frame["m0"] + frame["cluster"].map(mood)).round(3)
    with rows_of(frame, tmp_path) as rows:
        together = compliers(rows, "orders", level=0.95)["invited"]
    with rows_of(frame.drop(columns="cluster"), tmp_path) as rows:
        alone = compliers(rows, "orders", level=0.95)["invited"]
    assert isinstance(together, Complier)
    assert isinstance(alone, Complier)
    assert together.estimate is not None
    assert alone.estimate is not None
    assert together.estimate.value == pytest.approx(alone.estimate.value)
    assert together.estimate.se > 1.5 * alone.estimate.se


def test_clusters_of_one_customer_are_customers(tmp_path: Path) -> None:
    frame = invited(3)
    with rows_of(frame, tmp_path) as rows:
        alone = compliers(rows, "orders", level=0.95)
    with rows_of(frame.assign(cluster=[str(n) for n in range(len(frame))]), tmp_path) as rows:
        assert compliers(rows, "orders", level=0.95) == alone


def test_a_weak_invitation_and_none_at_all(tmp_path: Path) -> None:
    with rows_of(invited(4, taken=0.01), tmp_path) as rows:
        weak = compliers(rows, "orders", level=0.95)["invited"]
    assert isinstance(weak, Complier)
    assert weak.estimate is None
    assert first_stage_check(weak).verdict == "failed"
    assert str(weak.anderson_rubin) in first_stage_check(weak).detail
    with rows_of(invited(4).assign(exposed=0), tmp_path) as rows:
        assert "invitation moved nobody" in str(compliers(rows, "orders", level=0.95)["invited"])


def test_uptake_that_nobody_recorded(tmp_path: Path) -> None:
    frame = invited(6)
    frame["exposed"] = frame["exposed"].astype("Int64")
    frame.loc[:9, "exposed"] = pd.NA
    with rows_of(frame, tmp_path) as rows:
        assert "of 10 customers nobody recorded" in str(compliers(rows, "orders", level=0.95)["invited"])
