"""Status and manifest: what a rerun may keep, and whether a report is still the one that was made."""

from __future__ import annotations

import json
from pathlib import Path

from analysis.runner.manifest import (
    MANIFEST,
    STATUS,
    StepStatus,
    fingerprints,
    is_whole,
    read_manifest,
    read_status,
    write_manifest,
    write_status,
)


def test_a_step_stands_as_long_as_what_it_left_is_unchanged(tmp_path: Path) -> None:
    left = tmp_path / "parts" / "metrics.json"
    left.parent.mkdir()
    left.write_text("{}")
    done = StepStatus(state="done", seconds=1.0, files=fingerprints(tmp_path, [left]))
    assert done.stands(tmp_path)
    assert not StepStatus(state="failed", seconds=1.0, files=done.files).stands(tmp_path)
    left.write_text("{ }")
    assert not done.stands(tmp_path)
    left.unlink()
    assert not done.stands(tmp_path)


def test_the_status_comes_back_as_it_was_written(tmp_path: Path) -> None:
    steps = {
        "metrics": StepStatus(state="done", seconds=1.25, files={"parts/metrics.json": "sha256:0"}),
        "roi_case": StepStatus(state="failed", seconds=0.5, cell=4, error="DesignError", message="no costs"),
    }
    write_status(tmp_path, "failed", "demo", "abc", steps)
    assert read_status(tmp_path) == steps
    assert json.loads((tmp_path / STATUS).read_text())["state"] == "failed"


def test_a_status_that_cannot_be_read_means_that_nothing_is_done(tmp_path: Path) -> None:
    assert read_status(tmp_path) == {}
    for text in ('{"steps": {"a"', "[]", '{"steps": {"a": {"state": "done"}}}', '{"steps": 3}'):
        (tmp_path / STATUS).write_text(text)
        assert read_status(tmp_path) == {}


def test_a_manifest_names_every_visible_file(tmp_path: Path) -> None:
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "a.ipynb").write_text("1")
    (tmp_path / "index.html").write_text("2")
    (tmp_path / ".run.json").write_text("3")
    write_manifest(tmp_path, {"study": "demo"})
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert set(manifest["files"]) == {"index.html", "notebooks/a.ipynb"}
    assert is_whole(tmp_path)
    (tmp_path / "index.html").write_text("changed")
    assert not is_whole(tmp_path)


def test_another_file_of_that_name_is_no_manifest(tmp_path: Path) -> None:
    (tmp_path / MANIFEST).write_text('{"name": "a web page"}')
    assert read_manifest(tmp_path) is None
    assert not is_whole(tmp_path)
