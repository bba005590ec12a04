"""Clusters of customers: the study's road against the arithmetic's own, segments, adjustment, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.inference.estimate import Estimate
from analysis.inference.few_clusters import Clusters, difference_of_clusters
from analysis.studies.experiment.clusters import contrasts
from tests.studies.experiment.made_rows import rows_of


def shops(seed: int = 1, clusters: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    size = np.ceil(np.exp(rng.normal(2.5, 0.6, clusters))).astype(int)
    code = np.repeat(np.arange(clusters), size)
    arm = np.array(["control", "new"])[np.arange(clusters) % 2][code]
    before = (rng.normal(0, 1, clusters)[code] + rng.normal(size=len(code))).round(3)
    orders = rng.poisson(np.exp(0.5 + 0.3 * before + 0.2 * (arm == "new")))
    product = np.where(rng.random(len(code)) < 0.5, "phone", "tv")
    return pd.DataFrame(
        {"arm": arm, "cluster": [f"shop {c:02d}" for c in code], "m0": orders.astype(float), "x0": before,
         "product": product}
    )  # fmt: skip


def by_hand(frame: pd.DataFrame, **more) -> Estimate:
    one, other = (
        Clusters.from_rows(("orders", "x0"), part["cluster"], part[["m0", "x0"]].to_numpy())
        for part in (frame[frame["arm"] == "new"], frame[frame["arm"] == "control"])
    )
    return difference_of_clusters(one, other, "orders", unit="orders per customer", **more)


def test_the_rows_of_the_engine_give_the_same_as_the_customers(tmp_path: Path) -> None:
    frame = shops()
    with rows_of(frame, tmp_path, covariates=["x0"], segments=["product"]) as rows:
        plain = contrasts(rows, "orders", level=0.95)["new", None]
        adjusted = contrasts(rows, "orders", level=0.95, adjusted=True)["new", None]
        parts = contrasts(rows, "orders", level=0.9, segment="product")
        again = contrasts(rows, "orders", level=0.95)["new", None]
    assert isinstance(plain, Estimate)
    assert isinstance(adjusted, Estimate)
    for found, expected in ((plain, by_hand(frame)), (adjusted, by_hand(frame, covariates=["x0"]))):
        assert (found.value, found.low, found.high) == pytest.approx(
            (expected.value, expected.low, expected.high), rel=1e-9
        )
    assert plain == again
    assert plain.name == "orders"
    assert adjusted.se < plain.se
    assert set(parts) == {("new", "phone"), ("new", "tv")}
    phone = parts["new", "phone"]
    assert isinstance(phone, Estimate)
    assert phone.value == pytest.approx(by_hand(frame[frame["product"] == "phone"]).value, rel=1e-9)
    assert phone.level == 0.9


def test_what_cannot_be_compared_says_why(tmp_path: Path) -> None:
    frame = shops()
    mixed = frame.assign(cluster=frame["cluster"].where(frame["arm"] == "new", "shop 01"))
    few = frame[frame["cluster"] < "shop 08"]
    lost = frame.assign(cluster=frame["cluster"].where(frame.index != 3, None))
    still = frame.assign(m0=1.0)
    cases = {
        "1 clusters have customers in more than one arm": mixed,
        "4 and 4 clusters; each needs 5": few,
        "1 customers have no cluster": lost,
        "nothing varies": still,
    }
    for place, (words, case) in enumerate(cases.items()):
        folder = tmp_path / str(place)
        folder.mkdir()
        with rows_of(case, folder) as rows:
            assert words in str(contrasts(rows, "orders", level=0.95)["new", None])
    with rows_of(frame, tmp_path) as rows:
        with pytest.raises(KeyError):
            contrasts(rows, "revenue", level=0.95)
        assert "nothing known before" in str(contrasts(rows, "orders", level=0.95, adjusted=True)["new", None])


def test_a_segment_that_one_arm_lacks_is_refused_alone(tmp_path: Path) -> None:
    frame = shops()
    frame.loc[frame["arm"] == "control", "product"] = "tv"
    with rows_of(frame, tmp_path, segments=["product"]) as rows:
        found = contrasts(rows, "orders", level=0.95, segment="product")
    assert found["new", "phone"] == "an arm is empty."
    assert isinstance(found["new", "tv"], Estimate)
