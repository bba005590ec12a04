"""The doctor finds what is missing, and says what is lost without it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from analysis.runner import doctor
from analysis.runner.doctor import Finding, examine


def found(folder: Path) -> dict[str, Finding]:
    return {one.name: one for one in examine(folder)}


def test_this_environment_is_fit_and_nothing_is_written(tmp_path: Path) -> None:
    findings = examine(tmp_path / "reports")
    assert [one.name for one in findings if one.needed and not one.fine] == []
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_is_missing_or_too_old_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = metadata.version

    def version(name: str) -> str:
        if name == "papermill":
            raise metadata.PackageNotFoundError(name)
        return "0.1" if name == "duckdb" else real(name)

    monkeypatch.setattr(doctor.metadata, "version", version)
    packages = found(tmp_path)["Packages"]
    assert not packages.fine
    assert packages.found == "duckdb <2.1,>=1.5.6 (0.1); papermill >=2.7 (not installed)"
    assert str(packages).startswith("MISSING Packages: duckdb")


def test_another_version_than_the_tested_one_is_told_but_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = metadata.version
    monkeypatch.setattr(doctor.metadata, "version", lambda name: "99.0" if name == "pandas" else real(name))
    tested = found(tmp_path)["Tested versions"]
    assert not tested.fine
    assert not tested.needed
    assert "pandas 99.0 (tested: " in tested.found


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    folder = found(tmp_path / "reports")["Folder for reports"]
    assert not folder.fine
    assert "give `--out`" in str(folder)


def test_what_is_nice_to_have_is_told_as_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "which", lambda *_, **__: None)
    findings = found(tmp_path)
    assert str(findings["Chromium"]) == (
        "absent  Chromium: not found. Reports open in any browser; only the tests that look at pages need this one."
    )
    assert not findings["JupyterLab"].needed
