"""A company too small for any effect gets its whole report, in which each page says that none is claimed and why.

About 15 seconds: the notebooks are the shipped ones, the kernels are real.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from analysis.runner.run import run_study
from analysis.synthetic.make import make_world

CUSTOMERS = 60
KEPT = ("orders", "issues", "customers", "assignments")


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("small")
    make_world(home / "world", world="none", seed=4, customers=CUSTOMERS)
    (home / "data").mkdir()
    for table in KEPT:
        (home / "world" / f"{table}.parquet").rename(home / "data" / f"{table}.parquet")
    (home / "params").mkdir()
    params = home / "params" / "small.yaml"
    params.write_text("study: small\ndata: {folder: data}\noutcomes: [orders, revenue]\nroi:\n", encoding="utf-8")
    return run_study(params).report


def test_every_effect_is_refused_and_the_case_is_left_out(report: Path) -> None:
    results = json.loads((report / "results.json").read_text(encoding="utf-8"))
    effects = [row for row in results["effects"] if not row["estimand"].startswith("naive_")]
    assert {row["design"] for row in effects} >= {"before_after", "ab_randomised"}
    assert all(row["value"] is None and row["reason"] for row in effects)
    first = [row for row in effects if row["design"] in ("before_after", "ab_randomised")]
    assert all("each" in row["reason"] for row in first)
    assert "roi_case" in {one["step"] for one in results["coverage"]["skipped"]}


@pytest.mark.parametrize("page", ["before_after", "ab_segments"])
def test_the_page_says_that_no_effect_is_claimed_and_why(report: Path, page: str) -> None:
    text = (report / f"{page}.html").read_text(encoding="utf-8")
    assert "No effect is claimed: " in text
    assert "Not shown. No effect" in text
    assert "each group needs 50" in text if page == "before_after" else "each needs 50" in text


def test_the_first_page_says_so_too(report: Path) -> None:
    assert "No effect on how often they bought is claimed" in (report / "index.html").read_text(encoding="utf-8")
