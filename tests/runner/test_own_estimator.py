"""From a folder of tables: the sample, an estimator of one's own, and what is recorded of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

import analysis
from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.runner.opening import open_study
from analysis.runner.study import Study
from analysis.synthetic.make import make_world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    make_world(folder / "data", world="effect", seed=3, customers=2_500)
    for needless in ("mentions", "posts", "post_actions", "post_counters", "series", "surveys", "assignments"):
        (folder / "data" / f"{needless}.parquet").unlink(missing_ok=True)
    (folder / "params").mkdir()
    (folder / "params" / "own.yaml").write_text(
        "study: own\ndata: {folder: data}\ndesigns: [before_after]\noutcomes: [orders, issues]\nsegments: [region]\n"
    )
    return folder


@pytest.fixture
def study(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Study]:
    monkeypatch.chdir(folder)
    with open_study("params/own.yaml") as study:
        yield study


def by_growth(rows: pd.DataFrame) -> Estimate:
    columns = ("before", "after", "contacted", "month", "weight", "customer")
    given = {name: rows[name] for name in columns} | {"month": rows["group"]}
    return analysis.ratio_did(name="orders", unit="orders per customer", **given).ratio  # type: ignore[no-any-return]


def test_ones_own_stands_in_the_results_beside_the_default(study: Study) -> None:
    found = study.before_after(by_growth)
    study.record(found)
    part = study.part("before_after")
    assert part is not None
    rows = [
        row
        for row in part["effects"]
        if (row["estimand"], row["outcome"], row["scale"], row["segment"], row["maturity"])
        == ("channel_effect", "orders", "ratio", {}, "mature")
    ]
    assert [row["declared"] for row in rows] == [True, False]
    assert rows[0]["method"].startswith("issue-anchored ratio DiD")
    assert rows[1]["method"] == "own: by_growth: issue-anchored ratio DiD"
    assert rows[1]["value"] == pytest.approx(rows[0]["value"], rel=1e-9)
    assert [check["name"] for check in rows[1]["checks"]][:3] == ["pre_trend", "placebo_date", "future_social"]
    assert rows[1]["grade"] in ("B", "C")
    plain = study.before_after()
    study.record(plain)
    assert len(study.part("before_after")["effects"]) == len(part["effects"]) - 1  # type: ignore[index]


def test_the_sample_is_that_of_the_study(study: Study) -> None:
    sample = study.sample()
    frame = sample.to_frame()
    assert frame["contacted"].sum() == sample.account["contacted"]
    assert {"orders_before", "orders_after", "issues_after", "region"} <= set(frame)
    assert sample.strata


def test_what_fails_is_named_and_cannot_be_recorded(study: Study) -> None:
    def breaks(rows: pd.DataFrame) -> Estimate:
        raise ZeroDivisionError("so")

    with pytest.raises(DesignError, match=r"The estimator `breaks` failed on the study.*ZeroDivisionError: so"):
        study.before_after(breaks)
    with pytest.raises(DesignError, match="`margin` is not in this study, which holds orders, issues"):
        study.before_after(by_growth, "margin")


def test_the_names_of_a_notebook_are_there() -> None:
    assert analysis.prove.__module__ == "analysis.runner.proving.own"
    assert analysis.Estimate is Estimate
    assert isinstance(analysis.ratio_estimate, Callable)  # type: ignore[arg-type]
    assert {"prove", "Estimate", "ratio_did", "ratio_estimate"} <= set(dir(analysis))
