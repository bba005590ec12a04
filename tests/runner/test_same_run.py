"""A rerun asks whether everything is the same, which its name tells; only another run is checked.

The notebooks here are tiny and record without computing; kernels are real, so the file takes half a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.runner import same_run
from analysis.runner.opening import prepare_study
from analysis.runner.params import load_params
from analysis.runner.publish import Place
from analysis.runner.results import PARAMS
from analysis.runner.run import run_study
from analysis.runner.same_run import asked_before, decided_before
from analysis.runner.study import Study

HEAVY = (
    "pandas", "scipy", "statsmodels", "matplotlib", "papermill", "nbformat", "jupyter_client", "zmq", "jsonschema",
    "openpyxl", "analysis.synthetic", "analysis.studies.channel", "analysis.metrics.compute", "analysis.runner.closing",
    "analysis.runner.rehearsal", "analysis.runner.kernels", "analysis.runner.outputs", "analysis.roi.register.promise",
)  # fmt: skip
"""What a rerun that changes nothing has no use for; together more than half of its time."""


def known() -> bool:
    """Whether the study as it is now was run to its end before."""
    with prepare_study("params/trial.yaml") as study:
        decision = decided_before(study, Place.of(study.params.reports / study.name))
        if decision is not None:
            study.check()
            assert decision == study.decision, "what would be decided now"
        return decision is not None


def test_a_rerun_of_the_same_checks_nothing_again_and_notices_whatever_is_not_the_same(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not known()
    first = run_study("params/trial.yaml")
    assert known()
    runs = home / "reports" / ".runs" / "trial"
    promise = home / "reports" / "register" / "trial" / "one.yaml"
    promise.parent.mkdir(parents=True)
    changes = {
        home / "params" / "trial.yaml": b"seed: 2\n",
        home / "data" / "orders.csv": b"o9,c1,2026-03-01T10:00:00Z,5.00,EUR\n",
        home / "notebooks" / "summary.ipynb": b"\n",
        promise: b"no promise",
        runs / f".{first.run}.tables": b"no note",
        first.folder / "manifest.json": b"no manifest",
    }
    for path, added in changes.items():
        before = path.read_bytes() if path.exists() else None
        path.write_bytes((before or b"") + added)
        assert not known(), path
        path.unlink() if before is None else path.write_bytes(before)
        assert known(), path
    with monkeypatch.context() as other:
        other.setattr("analysis.runner.study.code_fingerprint", lambda: "sha256:1")
        assert not known()
    (home / "elsewhere").mkdir()
    with prepare_study("params/trial.yaml") as study:
        assert decided_before(study, Place.of(home / "elsewhere" / "trial")) is None
    monkeypatch.setattr(Study, "check", lambda study: pytest.fail("it was checked when it was made"))
    assert run_study("params/trial.yaml").reused


def test_a_study_that_names_a_report_before_it_or_whose_steps_do_not_all_run_is_always_checked(home: Path) -> None:
    run_study("params/trial.yaml")
    text = (home / "params" / "trial.yaml").read_text()
    (home / "params" / "trial.yaml").write_text(f"{text}previous: trial\n")
    assert not known()
    (home / "params" / "trial.yaml").write_text(text)
    (home / "data" / "changes.csv").unlink()
    left_out = run_study("params/trial.yaml")
    assert "change_log" not in left_out.steps
    assert not known()
    assert run_study("params/trial.yaml").reused


def test_a_page_changed_by_hand_is_noticed_by_a_rerun(home: Path) -> None:
    first = run_study("params/trial.yaml")
    page = first.folder / "metrics.html"
    page.write_text(page.read_text() + "<p>Much better.</p>")
    again = run_study("params/trial.yaml")
    assert not again.reused
    assert again.folder != first.folder
    assert "Much better" not in (again.report / "metrics.html").read_text()
    assert "Much better" in page.read_text()


def test_a_rerun_of_the_same_imports_none_of_what_only_a_run_needs(home: Path) -> None:
    run_study("params/trial.yaml")
    code = (
        "import sys; from pathlib import Path; from analysis.runner import demo, opening, same_run, study\n"
        "study.code_fingerprint = opening.code_fingerprint = lambda: 'sha256:0'\n"
        "same_run.shipped = lambda folder: Path(sys.argv[1]) / folder\n"
        "from analysis.runner.run import run_study\n"
        "assert run_study('params/trial.yaml').reused\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    paths = os.pathsep.join([str(Path(same_run.__file__).parents[2]), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", code, str(home)], cwd=home, env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=True, encoding="utf-8",
    )  # fmt: skip
    assert done.stdout == "[]\n"


def test_another_declaration_is_another_run(home: Path) -> None:
    """What counts as declared depends on the file's content; its name alone stands in the parameters."""
    params = home / "params" / "trial.yaml"
    params.write_text(params.read_text() + "experiment: {declared: sealed.json}\n", encoding="utf-8")
    names = []
    for content in ("{}", "{ }"):
        (home / "sealed.json").write_text(content, encoding="utf-8")
        with prepare_study("params/trial.yaml") as study:
            names.append(same_run.run_id(study, {}))
    assert names[0] != names[1]


def test_a_run_of_the_same_parameters_is_known_and_no_other(tmp_path: Path) -> None:
    """So that work that is sure to come is begun before tables are read."""
    place = Place.of(tmp_path / "reports" / "trial")
    file = tmp_path / "trial.yaml"
    file.write_text("study: trial\n")
    asked = load_params(file)
    assert not asked_before(place, asked)
    write_atomically(place.runs / "abc" / PARAMS, canonical_json(asked.canonical()))
    assert asked_before(place, asked)
    file.write_text("study: trial\nseed: 7\n")
    assert not asked_before(place, load_params(file))
    write_atomically(place.runs / "def" / PARAMS, b"{}")
    (place.runs / "a folder" / PARAMS).mkdir(parents=True)
    (place.runs / "gone").mkdir()
    (place.runs / "gone" / PARAMS).symlink_to(tmp_path / "nowhere")
    assert not asked_before(place, load_params(file))
    assert asked_before(place, asked)
