"""A run publishes a whole report or leaves the last one standing, and a rerun goes on from what was finished.

The notebooks here are tiny and record without computing; kernels are real, so the file takes about a minute.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from analysis.foundation.errors import DesignError, InputError, StepFailed
from analysis.reporting import tidy
from analysis.reporting.site import write_index
from analysis.runner import executing
from analysis.runner import run as running
from analysis.runner.manifest import is_whole, read_status
from analysis.runner.opening import prepare_study
from analysis.runner.publish import Place, publish
from analysis.runner.run import Run, run_study
from analysis.runner.study import Study

Killing = Callable[[int, Callable[[], None]], bool]
Writing = Callable[..., None]
BESIDE = ("service_effect", "adoption", "change_log", "ab_segments", "effort")
"""Steps that nobody reads."""
STEPS = {"metrics", "month_close", "before_after", *BESIDE, "roi_case", "summary"}
FAIL_IF_TOLD = "import pathlib\nif pathlib.Path('fail').exists(): raise ValueError('row 17: Jane Doe')"


class Told:
    """Keeps what a run tells."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.ended: dict[str, str] = {}

    def say(self, text: str) -> None:
        self.said.append(text)

    def expect(self, seconds: Mapping[str, float], at_once: int) -> None: ...

    def begin(self, step: str) -> None: ...

    def end(self, step: str, state: str, seconds: float) -> None:
        self.ended[step] = state


def run(told: Told | None = None) -> Run:
    return run_study("params/trial.yaml", progress=told or Told())


def rewrite(home: Path, text: str) -> None:
    (home / "params" / "trial.yaml").write_text(text)


def test_a_run_leaves_a_whole_report_that_names_nothing_of_this_machine(home: Path) -> None:
    done = run()
    report = home / "reports" / "trial"
    assert done.report == report
    assert report.is_symlink()
    assert done.folder == report.resolve() == home / "reports" / ".runs" / "trial" / done.run
    assert is_whole(report)
    pages = {"index.html", *(f"{step}.html" for step in STEPS - {"summary"})}
    assert {path.name for path in report.iterdir()} == pages | {
        "results.json", "params.json", "status.json", "manifest.json", "parts", "notebooks", "tables"
    }  # fmt: skip
    assert {path.stem for path in (report / "notebooks").iterdir()} == STEPS
    assert json.loads((report / "status.json").read_text())["state"] == "done"
    assert 'href="trial/index.html"' in (home / "reports" / "index.html").read_text()
    for path in report.rglob("*"):
        if path.is_file():
            assert str(home).encode() not in path.read_bytes(), path
    results = json.loads((report / "results.json").read_text())
    assert [row["id"] for row in results["metrics"]] == ["mentions"]
    assert results["rows"]["orders"] == {"read": 6, "kept": 6, "set_aside": {}}
    assert (results["study"], results["known_at"]) == ("trial", "2026-06-25T10:00:00Z")


def test_a_second_run_of_the_same_does_nothing(home: Path) -> None:
    first = run()
    written = (first.folder / "manifest.json").stat().st_mtime_ns
    told = Told()
    second = run(told)
    assert second.reused
    assert (second.run, second.folder) == (first.run, first.folder)
    assert told.ended == dict.fromkeys(STEPS, "kept")
    assert (first.folder / "manifest.json").stat().st_mtime_ns == written
    shutil_moved = home / "elsewhere"
    (home / "data").rename(shutil_moved)
    third = run_study("params/trial.yaml", data=shutil_moved)
    assert third.run == first.run, "moving the data changes nothing"


def test_a_failed_step_leaves_the_last_report_and_a_rerun_goes_on(home: Path, write_notebook: Writing) -> None:
    run()
    before = (home / "reports" / "trial").resolve()
    write_notebook(home / "notebooks", "before_after", FAIL_IF_TOLD)
    (home / "fail").touch()
    told = Told()
    with pytest.raises(StepFailed) as caught:
        pytest.fail(f"It did not fail: {run(told).steps}; told {told.ended} and {told.said}.")
    folder = next(path for path in (home / "reports/.runs/trial").iterdir() if path.is_dir() and path != before)
    assert str(caught.value) == (
        "`before_after` failed in cell [3]: ValueError; see the executed notebook.\n"
        f"The last report stands. What was done so far is in {folder}; a rerun goes on from there."
    )
    assert (home / "reports" / "trial").resolve() == before
    assert is_whole(before)
    status = json.loads((folder / "status.json").read_text())
    assert status["state"] == "failed"
    assert {name: step["state"] for name, step in status["steps"].items()} == {
        "metrics": "done", "month_close": "done", **dict.fromkeys(BESIDE, "done"), "before_after": "failed"
    }  # fmt: skip
    assert "Jane Doe" not in (folder / "status.json").read_text()
    assert not (folder / "results.json").exists()

    (home / "fail").unlink()
    told = Told()
    done = run(told)
    assert done.folder == folder
    assert told.ended == {
        "metrics": "kept", "month_close": "kept", **dict.fromkeys(BESIDE, "kept"), "before_after": "done",
        "roi_case": "done", "summary": "done",
    }  # fmt: skip
    assert (home / "reports" / "trial").resolve() == folder
    assert is_whole(folder)


def test_a_finished_step_whose_file_was_touched_is_done_again(home: Path, write_notebook: Writing) -> None:
    write_notebook(home / "notebooks", "summary", FAIL_IF_TOLD)
    (home / "fail").touch()
    with pytest.raises(StepFailed):
        run()
    folder = next(path for path in (home / "reports/.runs/trial").iterdir() if path.is_dir())
    (folder / "parts" / "metrics.json").write_text('{"metrics": [{"id": "made_up", "state": "locked"}]}')
    (home / "fail").unlink()
    told = Told()
    run(told)
    assert told.ended["metrics"] == "done"
    assert told.ended["before_after"] == "kept"
    results = json.loads((home / "reports/trial/results.json").read_text())
    assert [row["id"] for row in results["metrics"]] == ["mentions"]


REFUSES = (
    "import json, os, pathlib\nfrom analysis.foundation.errors import TooSoon\n"
    "part = pathlib.Path(os.environ['TOUCHSTONE_RUN_DIR'], 'parts', 'before_after.json')\n"
    "part.parent.mkdir(exist_ok=True)\n"
    "if {skips}: part.write_text(json.dumps({'coverage': {'skipped': [{'step': 'before_after', 'missing': [], "
    "'reason': 'wait until May'}]}}))\n"
    "raise TooSoon('wait until May')"
)


def test_a_comparison_nobody_named_may_be_left_out_and_what_reads_it_too(home: Path, write_notebook: Writing) -> None:
    write_notebook(home / "notebooks", "before_after", REFUSES.replace("{skips}", "True"))
    told = Told()
    done = run(told)
    assert "before_after is left out: wait until May" in told.said
    assert {name: step.state for name, step in done.steps.items()} == {
        "metrics": "done", "month_close": "done", **dict.fromkeys(BESIDE, "done"), "before_after": "skipped",
        "roi_case": "skipped", "summary": "done",
    }  # fmt: skip
    results = json.loads((done.report / "results.json").read_text())
    assert results["coverage"]["skipped"] == [
        {"step": "before_after", "missing": [], "reason": "wait until May"},
        {"step": "roi_case", "missing": [], "reason": "needs what `before_after` finds, and that did not run"},
    ]
    assert not (done.report / "before_after.html").exists()
    assert not (done.report / "notebooks" / "before_after.ipynb").exists()
    assert run().reused


def test_a_comparison_asked_for_by_name_is_a_fault_of_the_input(home: Path, write_notebook: Writing) -> None:
    rewrite(home, "study: trial\ndata: {folder: data}\ndesigns: [before_after]\n")
    write_notebook(home / "notebooks", "before_after", REFUSES.replace("{skips}", "False"))
    with pytest.raises(DesignError, match=r"`before_after` failed in cell \[3\]: wait until May") as caught:
        run()
    assert caught.value.exit_status == 2
    assert not (home / "reports" / "trial").exists()


def test_faults_of_parameters_and_tables_come_in_one_message_and_nothing_is_written(home: Path) -> None:
    rewrite(home, "study: trial\nseed: one\ndata: {folder: data}\n")
    (home / "data" / "orders.csv").write_text(
        "order_id,customer_id,ordered_at,revenue,currency\no1,c0,yesterday,ten,EUR\n"
    )
    with pytest.raises(InputError) as caught:
        run()
    wheres = [fault.where for fault in caught.value.faults]
    assert wheres[0] == "params/trial.yaml: seed"
    assert sum(where.startswith("orders.csv") for where in wheres) == 2
    assert not (home / "reports").exists()
    rewrite(home, "study: trial\ndata: {folder: data}\n")
    with pytest.raises(InputError):
        run()
    assert not (home / "reports").exists()


def test_a_report_folder_of_ones_own(home: Path) -> None:
    out = home / "out" / "mine"
    done = run_study("params/trial.yaml", out=out)
    assert done.report == out
    assert is_whole(out)
    assert done.folder.parent == home / "out" / ".runs" / "mine"
    assert sorted(os.listdir(home / "out")) == [".runs", "mine"]
    assert os.listdir(home / "reports") == [".cache"]
    taken = home / "taken"
    taken.mkdir()
    (taken / "thesis.txt").touch()
    with pytest.raises(InputError, match="files that no run has made"):
        run_study("params/trial.yaml", out=taken)
    assert os.listdir(taken) == ["thesis.txt"]


def test_two_runs_at_once_do_the_work_once(home: Path) -> None:
    both = [Told(), Told()]
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(run, both)
    assert first.folder == second.folder
    assert sorted([first.reused, second.reused]) == [False, True]
    waited = both[0] if first.reused else both[1]
    assert "Another run of this study is under way; waiting for it to end." in waited.said
    assert is_whole(first.folder)


def test_an_interrupted_run_ends_its_kernels_and_can_be_taken_up(
    home: Path, write_notebook: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_notebook(
        home / "notebooks", "before_after", "import time; time.sleep(60 if __import__('os').path.exists('wait') else 0)"
    )
    (home / "wait").touch()
    told = Told()
    real = executing.wait

    def interrupted(*arguments: object, **given: object) -> object:
        if all(told.ended.get(step) for step in ("metrics", "month_close", *BESIDE)):
            raise KeyboardInterrupt
        return real(*arguments, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(executing, "wait", interrupted)
    before = {child.pid for child in psutil.Process().children(recursive=True)}
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(told)
    assert time.monotonic() - begun < 30
    assert not {child.pid for child in psutil.Process().children(recursive=True)} - before
    folder = next(path for path in (home / "reports/.runs/trial").iterdir() if path.is_dir())
    assert json.loads((folder / "status.json").read_text())["state"] == "interrupted"
    assert set(read_status(folder)) == {"metrics", "month_close", *BESIDE}
    monkeypatch.setattr(executing, "wait", real)
    (home / "wait").unlink()
    told = Told()
    assert run(told).folder == folder
    assert (told.ended["metrics"], told.ended["before_after"]) == ("kept", "done")


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 is not to be had on Windows")
def test_a_run_that_is_killed_leaves_the_last_report_and_no_kernel(home: Path, write_notebook: Writing) -> None:
    """With three runs and a killed one: about 12 s."""
    first = run()
    write_notebook(
        home / "notebooks", "roi_case", "import time; time.sleep(60 if __import__('os').path.exists('wait') else 0)"
    )
    (home / "wait").touch()
    code = (
        "import sys; from pathlib import Path; from analysis.runner import run, same_run, study; "
        "study.code_fingerprint = lambda: 'sha256:0'; same_run.shipped = lambda folder: Path(sys.argv[1]) / folder; "
        "run.run_study('params/trial.yaml')"
    )
    paths = os.pathsep.join([str(Path(running.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(home)], cwd=home, env={**os.environ, "PYTHONPATH": paths}
    )
    runs = home / "reports" / ".runs" / "trial"
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        fresh = [path for path in runs.iterdir() if path.is_dir() and path != first.folder]
        if fresh and "before_after" in read_status(fresh[0]) and psutil.Process(process.pid).children():
            break
        time.sleep(0.1)
    kernels = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (home / "reports" / "trial").resolve() == first.folder
    assert is_whole(first.folder)
    _, alive = psutil.wait_procs(kernels, timeout=15)
    assert not alive, "kernels end with the run that began them"
    (home / "wait").unlink()
    told = Told()
    assert run(told).folder == fresh[0]
    assert told.ended["before_after"] == "kept"
    assert (home / "reports" / "trial").resolve() == fresh[0]


class Executed:
    """As much of a study as closing its report needs, in a folder whose notebooks have been executed."""

    name = "trial"

    def __init__(self, folder: Path, study: Study) -> None:
        self.folder, self.params, self.decision, self.values = folder, study.params, study.decision, study.values

    def results(self) -> dict[str, Any]:
        return dict(json.loads((self.folder / "results.json").read_text()))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="kill -9 and fork are not to be had on Windows")
def test_a_kill_at_any_point_of_closing_and_publishing_leaves_a_whole_report(
    home: Path, killed_at: Killing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the first page rendered to the index written: killed before the 1st, 2nd, ... call that changes files.

    Of the tables, which are many and written alike, one is.

    About 15 s.
    """
    one_table = tidy.tables_of_results({"metrics": [{"id": "mentions", "period": "2026-01", "value": 1.0}]})
    monkeypatch.setattr(tidy, "tables_of_results", lambda results: one_table)
    monkeypatch.setattr(tidy, "behind_charts", lambda notebook, page: [])
    first = run()
    place = Place(home / "reports" / "trial")
    with prepare_study("params/trial.yaml") as study:
        assert study.decision
        steps = {name: replace(step, seconds=9.0) for name, step in first.steps.items()}
        outcomes = []
        for kill in range(1, 300):
            publish(first.folder, place.link)
            fresh = place.runs / f"fresh-{kill}"
            for part in ("notebooks", "parts"):
                shutil.copytree(first.folder / part, fresh / part)
            shutil.copy(first.folder / "results.json", fresh)

            def close(fresh: Path = fresh) -> None:
                running.close_report(Executed(fresh, study), "fresh", steps, running._Clock())  # type: ignore[arg-type]
                publish(fresh, place.link)
                write_index(place.link.parent)

            killed = killed_at(kill, close)
            report = place.published()
            assert report in (first.folder, fresh.resolve()), kill
            assert is_whole(report), kill
            outcomes.append(report == first.folder)
            assert place.run_folder(f"fresh-{kill}") == fresh, "a rerun takes up the same folder"
            if not killed:
                break
            if report == first.folder:
                close()
                assert place.published() == fresh.resolve()
    assert not killed
    assert outcomes == sorted(outcomes, reverse=True), "the old report up to one point, the new one from there"
    assert outcomes.count(True) > 20
    assert not outcomes[-1]


def test_the_process_stays_where_it_is(home: Path) -> None:
    here, threads = os.getcwd(), threading.active_count()
    environment = dict(os.environ)
    run()
    assert os.getcwd() == here
    assert dict(os.environ) == environment
    assert threading.active_count() <= threads + 2
