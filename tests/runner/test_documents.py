"""Documents beside the pages: made from the case of the results, linked from its page, none where there is no case."""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest

from analysis.runner import documents
from analysis.runner.documents import write_documents
from analysis.runner.steps import STEPS, step_named

ROI = {"npv": {"p5": 1.0, "p50": 2.0, "p95": 3.0}}


class Shown:
    """As much of a study as its documents need."""

    def __init__(self, folder: Path, roi: dict[str, Any] | None) -> None:
        self.folder, self.closed = folder, False
        self.values = SimpleNamespace(report=SimpleNamespace(locale="en_GB"))
        (folder / "results.json").write_text(json.dumps({"study": "trial", "metrics": [], "effects": [], "roi": roi}))

    def results(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "results.json").read_text()))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """A case whose making is noted, and a workbook that says what it was made of."""
    made: list[object] = []

    def call(study: object) -> Any:
        made.append(study)
        return SimpleNamespace(to_parts=lambda: {"roi": ROI})

    def book(case: Any, *, results: Any, run: str, locale: str) -> bytes:
        sheet = openpyxl.Workbook()
        sheet.active.append([results["study"], run, locale])
        file = BytesIO()
        sheet.save(file)
        return file.getvalue()

    monkeypatch.setattr(documents, "step_named", lambda name: SimpleNamespace(name=name, call=call))

    def deck(case: Any, results: Any, *, run: str, locale: str) -> bytes:
        return f"{results['study']} {run} {locale}".encode()

    monkeypatch.setattr("analysis.reporting.workbook.case_workbook", book)
    monkeypatch.setattr("analysis.reporting.deck.case_deck", deck)
    return made


def test_the_case_has_a_workbook_and_slides_beside_its_page(tmp_path: Path, asked: list[object]) -> None:
    study = Shown(tmp_path, ROI)
    found = write_documents(study, "abc", STEPS)  # type: ignore[arg-type]
    assert [file for _, file in found["roi_case"]] == ["case.xlsx", "case.pptx"] == list(documents.documents_of(STEPS))
    assert (tmp_path / "case.pptx").read_bytes() == b"trial abc en_GB"
    assert [one.value for one in openpyxl.load_workbook(tmp_path / "case.xlsx").active[1]] == ["trial", "abc", "en_GB"]
    assert asked == [study], "both are made of one case"
    assert study.closed, "the tables are given back"


def test_the_case_that_its_notebook_left_is_not_worked_out_again(tmp_path: Path, asked: list[object]) -> None:
    left = SimpleNamespace(to_parts=lambda: {"roi": ROI})
    write_documents(Shown(tmp_path, ROI), "abc", STEPS, left)  # type: ignore[arg-type]
    assert (tmp_path / "case.pptx").read_bytes() == b"trial abc en_GB"
    assert not asked


def test_a_case_that_its_notebook_changed_is_not_published(tmp_path: Path, asked: list[object]) -> None:
    """What was left is older than the change, so that the two differ; what is worked out again differs as well."""
    left = SimpleNamespace(to_parts=lambda: {"roi": ROI})
    with pytest.raises(ValueError, match="not the case in the results"):
        write_documents(Shown(tmp_path, {"npv": None}), "abc", STEPS, left)  # type: ignore[arg-type]
    assert asked


def test_a_case_that_is_another_is_worked_out_again(tmp_path: Path, asked: list[object]) -> None:
    other = SimpleNamespace(to_parts=lambda: {"roi": {"npv": None}})
    write_documents(Shown(tmp_path, ROI), "abc", STEPS, other)  # type: ignore[arg-type]
    assert (tmp_path / "case.pptx").read_bytes() == b"trial abc en_GB"
    assert asked


def test_a_report_without_a_case_has_no_document(tmp_path: Path, asked: list[object]) -> None:
    others = [step for step in STEPS if step.name != "roi_case"]
    assert write_documents(Shown(tmp_path, ROI), "abc", others) == {}  # type: ignore[arg-type]
    assert write_documents(Shown(tmp_path, None), "abc", STEPS) == {}  # type: ignore[arg-type]
    assert not asked
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]


def test_a_case_that_is_not_that_of_the_results_is_not_published(tmp_path: Path, asked: list[object]) -> None:
    study = Shown(tmp_path, {"npv": {"p5": 1.0, "p50": 2.5, "p95": 3.0}})
    with pytest.raises(ValueError, match="not the case in the results"):
        write_documents(study, "abc", STEPS)  # type: ignore[arg-type]
    assert asked
    assert study.closed
    assert not (tmp_path / "case.xlsx").exists()
    assert not (tmp_path / "case.pptx").exists()


def test_the_step_of_the_case_makes_it() -> None:
    """What documents ask for is there."""
    assert step_named(documents.CASE).call is not None
