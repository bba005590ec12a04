"""The real exports through the intake: the tables, and the figures, are those of the exports read directly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from analysis.runner.compute import compute_study
from analysis.runner.shipped import shipped
from analysis.runner.taking_in import take_in_sources

PARAMS = {
    "zendesk": "customer_ids: true",
    "twcs": "extent: part",
    "online_retail": "extent: part",
}


AS_OF = {"zendesk": "2023-05-31T23:43:00Z", "twcs": "2018-01-01", "online_retail": "2012-01-01"}


def taken_in(home: Path, real_data: Path, name: str) -> dict[str, Any]:
    """Take a real export in; the report of the intake."""
    (home / "params").mkdir(parents=True)
    source = f"{{map: {name}, path: {real_data / name}, {PARAMS[name]}}}"
    (home / "params/sources.yaml").write_text(f"sources:\n  - {source}\n")
    return take_in_sources(home / "params/sources.yaml", as_of=AS_OF[name]).to_dict()


def figures(params: Path, home: Path, data: Path | None) -> list[dict[str, Any]]:
    """The counted figures of a study on some data."""
    results = compute_study(params, data=data, out=home / "out", home=home)
    return json.loads(results.read_text())["metrics"]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("zendesk", {"issues": 16_476, "touchpoints": 16_476}),
        ("twcs", {"mentions": 2_778}),
        ("online_retail", {"orders": 36_975}),
    ],
)
def test_a_real_export_through_the_intake(real_data: Path, tmp_path: Path, name: str, rows: dict[str, int]) -> None:
    """Both years of Online Retail, the tickets of two months, the tweets; and a second run that changes nothing."""
    told = taken_in(tmp_path / "study", real_data, name)
    assert {table: one["rows"] for table, one in told["tables"].items()} == rows
    again = take_in_sources(tmp_path / "study/params/sources.yaml")
    assert again.intake.nothing_new


@pytest.mark.parametrize("name", ["zendesk", "twcs"])
def test_the_figures_are_those_of_the_export_read_directly(real_data: Path, tmp_path: Path, name: str) -> None:
    """1,285 openings and 1,154 answers of the tweets; 42.2 % of 16,476 tickets followed within a week."""
    taken_in(tmp_path / "study", real_data, name)
    shipped_params = shipped("params") / f"{name}.yaml"
    direct = figures(shipped_params, tmp_path / "direct", real_data / name)
    own = tmp_path / "study/params/own.yaml"
    text = shipped_params.read_text()
    own.write_text(text.replace(f"  sources:\n    - map: {name}", "  folder: tables"))
    through = figures(own, tmp_path / "study", None)
    for row in (*through, *direct):
        for said_of_the_date in ("mature", "note"):  # the date of the export is not that of its last event
            row.pop(said_of_the_date, None)
    assert through == direct
    assert len(direct) > 50
