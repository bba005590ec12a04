"""What readers get of executed notebooks: pages that lead to what is there, tables, a PDF, one stamp on everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import pytest

from analysis.foundation.errors import DesignError
from analysis.foundation.provenance import canonical_json, fingerprint
from analysis.runner import executing, outputs
from analysis.runner.manifest import StepStatus
from analysis.runner.outputs import outputs_of, stamped, write_outputs
from analysis.runner.pages import page_name
from analysis.runner.printing import REPORT, Press, press
from analysis.runner.steps import step_named

STEPS = [step_named("metrics"), step_named("summary")]
RESULTS = {
    "study": "care",
    "metrics": [{"id": "mentions", "period": "2026-01", "value": 7.0}],
    "effects": [],
    "roi": None,
}


class Made:
    """As much of a study as its outputs need."""

    name = "care"

    def __init__(self, folder: Path, audience: str = "analyst") -> None:
        self.folder = folder
        self.values = SimpleNamespace(report=SimpleNamespace(locale="en_GB", audience=audience))
        (folder / "notebooks").mkdir()
        for step in STEPS:
            nbformat.write(nbformat.v4.new_notebook(), folder / "notebooks" / f"{step.name}.ipynb")
        (folder / "results.json").write_bytes(canonical_json(RESULTS))

    def results(self) -> dict[str, Any]:
        return dict(RESULTS)

    def close(self) -> None:
        """Nothing is open."""


class Printer:
    """A press that notes what it is asked for."""

    def __init__(self, lack: str | None = None, *, prints: bool = True) -> None:
        self.lack, self.prints = lack, prints
        self.asked: dict[str, Any] = {}

    def begin(self, asked: dict[str, Any]) -> None:
        self.asked = asked
        if self.prints:
            Path(asked["folder"], asked["file"]).write_bytes(b"%PDF")

    def ends_well(self) -> bool:
        return self.prints


@pytest.fixture
def study(tmp_path: Path) -> Made:
    return Made(tmp_path)


@pytest.fixture
def led(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, list[str]]]:
    """The documents that pages were led to, each time they were rendered."""
    seen: list[dict[str, list[str]]] = []

    def render(
        study: object, run: str, steps: object, documents: dict[str, list[tuple[str, str]]], only: object = None
    ) -> None:
        seen.append({step: [file for _, file in found] for step, found in documents.items()})

    monkeypatch.setattr(outputs, "render_pages", render)
    monkeypatch.setattr(outputs, "period_in_words", lambda results: "January 2026")
    monkeypatch.setattr("analysis.reporting.summary.status_in_words", lambda results: "closed")
    return seen


def with_press(monkeypatch: pytest.MonkeyPatch, printer: Printer) -> None:
    @contextmanager
    def given() -> Iterator[Printer]:
        yield printer

    monkeypatch.setattr(outputs, "press", given)


def test_every_page_leads_to_the_pdf_and_the_tables(
    study: Made, led: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    printer, said = Printer(), list[str]()
    with_press(monkeypatch, printer)
    write_outputs(study, "abc", STEPS, said.append)  # type: ignore[arg-type]
    assert led == [{name: ["report.pdf", "tables/README.txt"] for name in ("metrics", "summary")}]
    assert said == []
    assert printer.asked["pages"] == [(STEPS[1].title, "index.html"), (STEPS[0].title, "metrics.html")]
    assert (printer.asked["run"], printer.asked["state"]) == ("abc", "Status: closed")
    package = json.loads((study.folder / "tables" / "datapackage.json").read_bytes())
    assert package["touchstone"] == {
        "study": "care",
        "run": "abc",
        "results": fingerprint(study.folder / "results.json"),
    }
    assert (study.folder / "tables" / "metrics.csv").read_text().count("mentions") == 1
    assert set(outputs_of(STEPS)) == {"report.pdf", "tables/README.txt"}


def test_for_executives_the_summary_and_the_case_are_printed_and_the_others_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[str] = []
    rendered: list[list[str]] = []

    def render(*asked: Any, only: list[str]) -> None:
        called.append(asked[3]["metrics"][0][0])
        rendered.append(only)

    monkeypatch.setattr(outputs, "render_pages", render)
    monkeypatch.setattr(outputs, "period_in_words", lambda results: "January 2026")
    monkeypatch.setattr("analysis.reporting.summary.status_in_words", lambda results: "closed")
    with_case = [*STEPS, step_named("roi_case")]
    for number, (audience, steps, printed) in enumerate(
        [
            ("executive", STEPS, ["index.html"]),
            ("executive", with_case, ["index.html", "roi_case.html"]),
            ("analyst", with_case, ["index.html", "metrics.html", "roi_case.html"]),
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        study, printer = Made(folder, audience), Printer()
        nbformat.write(nbformat.v4.new_notebook(), folder / "notebooks" / "roi_case.ipynb")
        with_press(monkeypatch, printer)
        write_outputs(study, "abc", steps)  # type: ignore[arg-type]
        pages = {page_name(step.name): step.title for step in steps}
        assert [file for _, file in printer.asked["pages"]] == printed
        assert printer.asked["beside"] == [title for file, title in pages.items() if file not in printed]
    assert [name.split(" as a PDF")[0] for name in dict.fromkeys(called)] == [
        "The summary", "The summary and the case in money", "The whole report"
    ]  # fmt: skip
    assert rendered == [["summary"], ["metrics"], ["summary", "roi_case"], ["metrics"],
                        ["summary", "metrics", "roi_case"]], "what is printed is rendered first"  # fmt: skip


def test_pages_made_beside_the_last_step_are_not_made_again_unless_the_report_has_other_steps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are not printed are made beside the summary; they would lead to it had it been left out."""
    rendered: list[tuple[list[str], list[str]]] = []

    def render(study: object, run: str, steps: Any, documents: object, only: list[str]) -> None:
        rendered.append((sorted(only), [step.name for step in steps]))

    monkeypatch.setattr(outputs, "render_pages", render)
    monkeypatch.setattr(outputs, "period_in_words", lambda results: "January 2026")
    monkeypatch.setattr("analysis.reporting.summary.status_in_words", lambda results: "closed")
    study, printer = Made(tmp_path, "executive"), Printer()
    with ThreadPoolExecutor(1) as pool:
        pages = pool.submit(outputs.write_ahead, study, "abc", STEPS, STEPS[1:], printer)  # type: ignore[arg-type]
        documents = pool.submit(lambda: (tmp_path / "case.xlsx").write_bytes(b"workbook"))
        beside = outputs.Beside(printer, ("metrics", "summary"), pages, documents)  # type: ignore[arg-type]
        write_outputs(study, "abc", STEPS, beside=beside)  # type: ignore[arg-type]
    assert rendered == [(["metrics"], ["metrics", "summary"]), (["summary"], ["metrics", "summary"])]
    write_outputs(study, "abc", STEPS[:1], beside=beside)  # type: ignore[arg-type]
    assert rendered[2:] == [([], ["metrics"]), (["metrics"], ["metrics"])]


def test_a_document_that_cannot_be_made_ends_the_report(
    study: Made, led: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    pages, documents = Future[frozenset[str]](), Future[object]()
    pages.set_result(frozenset())
    documents.set_exception(DesignError("a formula is too long"))
    beside = outputs.Beside(Printer(), ("metrics", "summary"), pages, documents)  # type: ignore[arg-type]
    with pytest.raises(DesignError, match="too long"):
        write_outputs(study, "abc", STEPS, beside=beside)  # type: ignore[arg-type]


@pytest.mark.parametrize(("lack", "lines"), [("the library pango is not installed", 1), ("", 0)])
def test_without_a_press_it_is_said_once_and_no_page_leads_there(
    study: Made, led: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch, lack: str, lines: int
) -> None:
    printer, said = Printer(lack), list[str]()
    with_press(monkeypatch, printer)
    write_outputs(study, "abc", STEPS, said.append)  # type: ignore[arg-type]
    assert led == [{name: ["tables/README.txt"] for name in ("metrics", "summary")}]
    assert len(said) == lines
    assert all("without its PDF: the library pango is not installed" in line for line in said)
    assert printer.asked == {}


def test_a_press_that_fails_leaves_the_report_without_a_pdf(
    study: Made, led: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    said = list[str]()
    with_press(monkeypatch, Printer(prints=False))
    write_outputs(study, "abc", STEPS, said.append)  # type: ignore[arg-type]
    assert [one["summary"] for one in led] == [["report.pdf", "tables/README.txt"], ["tables/README.txt"]]
    assert said == ["The report is made without its PDF: printing it failed. Everything else is as it should be."]


def test_notebooks_say_which_run_they_belong_to(study: Made) -> None:
    def status(name: str) -> StepStatus:
        file = f"notebooks/{name}.ipynb"
        return StepStatus(
            state="done", seconds=1.0, files={file: fingerprint(study.folder / file), "parts/x.json": "y"}
        )

    steps = {step.name: status(step.name) for step in STEPS}
    steps["adoption"] = StepStatus(state="skipped", seconds=0.0, files={"parts/adoption.json": "z"})
    for run in ("abc", "def"):
        steps = stamped(study, run, steps)  # type: ignore[arg-type]
        for name in ("metrics", "summary"):
            path = study.folder / "notebooks" / f"{name}.ipynb"
            notebook = nbformat.read(path, as_version=4)
            nbformat.validate(notebook)
            assert notebook.metadata["touchstone"] == {"run": run, "study": "care"}
            assert steps[name].files == {f"notebooks/{name}.ipynb": fingerprint(path), "parts/x.json": "y"}
            before = path.read_bytes()
            nbformat.write(notebook, path)
            assert path.read_bytes() == before, "as nbformat writes it"
    assert stamped(study, "def", steps) == steps  # type: ignore[arg-type]
    assert steps["adoption"].files == {"parts/adoption.json": "z"}


@pytest.mark.usefixtures("printing_reports")
def test_a_process_of_its_own_prints(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text('<main id="content"><h1>Summary</h1><p>So it is.</p></main>', encoding="utf-8")
    asked = {"folder": str(tmp_path), "file": REPORT, "pages": [("Summary", "index.html")], "study": "care", "run": "1"}
    with press() as printer:
        if printer.lack is not None:
            pytest.skip(f"nothing can be printed here: {printer.lack}")
        printer.begin({**asked, "beside": [], "period": "", "state": "Zwischenstand für Zoë"})
        assert printer.ends_well()
    assert (tmp_path / REPORT).read_bytes().startswith(b"%PDF-1.7")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["index.html", REPORT]


@pytest.mark.usefixtures("printing_reports")
def test_a_press_that_is_not_needed_ends_at_once() -> None:
    with press() as printer:
        pass
    assert printer._process.poll() is not None


def test_several_threads_may_ask_a_press_what_it_lacks() -> None:
    """It says so once: whoever asks second must not wait for a second line."""
    printer = Press()
    try:
        with ThreadPoolExecutor(4) as threads:
            asked = [threads.submit(lambda: printer.lack) for _ in range(4)]
            assert len({one.result(timeout=60) for one in asked}) == 1
    finally:
        printer.stop()


def test_a_press_that_takes_too_long_prints_nothing_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("analysis.runner.printing.TIME_OUT_SECONDS", 0.01)
    printer = Press()
    try:
        assert not printer.ends_well()
        assert printer._process.poll() is not None
    finally:
        printer.stop()


@pytest.mark.parametrize(("sealed", "expected"), [(False, ["interrupted", "failed", "failed"]), (True, [])])
def test_how_a_run_ends_is_put_down_until_its_report_is_sealed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sealed: bool, expected: list[str]
) -> None:
    put_down: list[str] = []
    run = object.__new__(executing.Execution)
    run.folder = tmp_path
    monkeypatch.setattr(run, "status", put_down.append)
    monkeypatch.setattr(executing, "read_manifest", lambda folder: {} if sealed else None)
    for error in (KeyboardInterrupt(), DesignError("x"), OSError(28, "No space left on device")):
        with pytest.raises(type(error)), run.told_how_it_ends():
            raise error
    assert put_down == expected
