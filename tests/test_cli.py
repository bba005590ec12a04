"""The command line is thin: what is tested is what it says, and the exit status it ends with."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from analysis import __version__, cli
from analysis.foundation.errors import DesignError, Fault, ParamsError, StepFailed, TouchstoneError
from analysis.runner.params_model import Params
from analysis.runner.params_page import parameters_page

COMMANDS = (
    "demo",
    "init",
    "intake",
    "draft-map",
    "validate",
    "erase",
    "plan",
    "run",
    "compute",
    "close",
    "promise",
    "verify",
    "metrics",
    "diff",
    "sign",
    "share",
    "declare",
    "replicate",
    "doctor",
    "params",
    "prove",
    "make-world",
)


def called(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["touchstone", *arguments])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert isinstance(end.value.code, int)
    return end.value.code


def test_help_is_quick_to_load_and_names_every_command() -> None:
    """What makes help slow is importing the floors below: none of them may come with the command line."""
    heavy = "pandas,duckdb,pyarrow,pydantic,papermill,matplotlib,scipy,ruamel.yaml,analysis.runner,analysis.tables"
    code = (
        "import sys; from analysis import cli\n"
        "try: cli.app(['--help'])\n"
        "except SystemExit: pass\n"
        f"print([name for name in {heavy.split(',')!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, encoding="utf-8")
    assert done.stdout.splitlines()[-1] == "[]"
    listed = re.findall(r"^│ ([a-z][a-z-]+) ", done.stdout, flags=re.MULTILINE)
    assert tuple(listed) == COMMANDS, "in the order in which a study needs them"


def test_the_readme_has_the_commands_in_the_order_of_help() -> None:
    readme = (Path(__file__).resolve().parents[1] / "README.md").read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\| `touchstone ([a-z-]+)", readme, flags=re.MULTILINE)) == COMMANDS


def test_commands_that_do_not_exist_yet_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert called(monkeypatch, "nonsense") == 2


def test_version(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"touchstone {__version__}\n"


def test_schema_and_page(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, "params", "--schema") == 0
    assert json.loads(capsys.readouterr().out) == Params.json_schema()
    assert called(monkeypatch, "params") == 0
    assert capsys.readouterr().out == parameters_page()


@pytest.mark.parametrize("command", ["run", "compute", "plan"])
def test_a_faulty_parameters_file_ends_with_2_and_writes_nothing(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "trial.yaml").write_text("study: .a\nseed: one\n")
    assert called(monkeypatch, command, "params/trial.yaml") == 2
    seen = capsys.readouterr()
    assert seen.out == ""
    assert "2 faults were found." in seen.err
    assert "params/trial.yaml: seed: is text, where a whole number is expected (line 2)" in seen.err
    assert "Traceback" not in seen.err
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["params", "trial.yaml"]


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ParamsError(Fault(where="x", what="is wrong", remedy="Mend it.", rule="r")), 2),
        (DesignError("These data cannot answer this."), 2),
        (StepFailed("`metrics` failed."), 3),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_expected_error_has_its_status_and_no_traceback(
    error: BaseException, status: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("analysis.runner.run.run_study", fail)
    assert called(monkeypatch, "run", "params/demo.yaml") == status
    seen = capsys.readouterr().err
    assert "Traceback" not in seen
    assert (str(error) or "Interrupted. The last report stands") in seen


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError(28, "No space left on device", "orders.parquet"), "The disk is full (orders.parquet). Free"),
        (OSError(30, "Read-only file system"), "The disk can only be read. Name"),
        (
            PermissionError(13, "Permission denied", "x"),
            "A file or folder may not be read or written by this user (x).",
        ),
    ],
)
@pytest.mark.parametrize(
    ("command", "where"),
    [
        (["intake", "params/sources.yaml"], "analysis.runner.taking_in.take_in_sources"),
        (["run", "params/demo.yaml"], "analysis.runner.run.run_study"),
        (["compute", "params/demo.yaml"], "analysis.runner.compute.compute_study"),
    ],
)
def test_a_machine_without_room_is_no_bug_of_ours(
    command: list[str],
    where: str,
    error: OSError,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(where, fail)
    assert called(monkeypatch, *command) == 3
    seen = capsys.readouterr().err
    assert seen.startswith(f"Touchstone stopped: {said}")
    assert "a rerun goes on" in seen
    assert "bug" not in seen
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "compute", "plan", "validate"])
def test_an_interrupt_that_the_engine_renames_is_still_an_interrupt(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DuckDB raises RuntimeError after Ctrl-C; reading a file may even make a fault of it."""

    def fail(*_: object, **__: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise RuntimeError("Query interrupted") from None

    monkeypatch.chdir(tmp_path)
    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr("analysis.runner.opening.load_params", fail)
    monkeypatch.setattr("analysis.tables.validate.validate", fail)
    assert called(monkeypatch, command, "params/demo.yaml") == 130
    assert capsys.readouterr().err == ("Interrupted. The last report stands; a rerun goes on from what was finished.\n")
    assert signal.getsignal(signal.SIGINT) is handler
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["run", "compute", "plan"])
@pytest.mark.parametrize("out", ["mine/tables", "mine/tables/out", "mine", "link"])
def test_results_are_never_written_among_the_data(
    command: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine" / "tables").mkdir(parents=True)
    (tmp_path / "mine" / "tables" / "mentions.csv").write_text(SOUND)
    (tmp_path / "link").symlink_to(tmp_path / "mine" / "tables")
    before = sorted(tmp_path.rglob("*"))
    assert called(monkeypatch, command, "params/study.yaml", "--data", "mine/tables", "--out", out) == 2
    assert "name another folder with `--out`" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder of the system that nobody can write to")
@pytest.mark.parametrize("command", ["run", "compute", "plan"])
@pytest.mark.parametrize("out", ["/proc/x", "/proc/x/y", "n" * 300])
def test_a_place_where_nothing_can_be_made_is_a_fault(
    command: str, out: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mentions.csv").write_text(SOUND)
    assert called(monkeypatch, command, "params/study.yaml", "--data", "mine", "--out", out) == 2
    assert "cannot be written to (" in capsys.readouterr().err


def test_plan_says_where_the_report_would_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mentions.csv").write_text(SOUND)
    assert called(monkeypatch, "plan", "params/study.yaml", "--data", "mine", "--out", "else/where") == 0
    seen = capsys.readouterr().out
    place = tmp_path / "else"
    assert f"  {place / 'where'} (a link to {place / '.runs' / 'where'}" in seen
    assert "reports" not in seen
    assert not place.exists()


@pytest.mark.parametrize(
    "error", [ValueError("row 17: Jane Doe"), TouchstoneError("a notebook is not as it should be")]
)
def test_our_own_bug_ends_with_1_and_an_address_and_keeps_data_to_itself(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("analysis.runner.run.run_study", fail)
    assert called(monkeypatch, "run", "params/demo.yaml") == 1
    seen = capsys.readouterr().err
    logs = list((tmp_path / "reports" / ".logs").iterdir())
    assert len(logs) == 1
    assert str(logs[0]) in seen
    text = logs[0].read_text()
    assert type(error).__name__ in text
    assert "in fail" in text, "the places in the code are there"
    assert "Jane Doe" not in seen + text
    assert "Traceback" not in seen
    assert ("a notebook is not as it should be" in seen) == isinstance(error, TouchstoneError)


def test_everything_can_be_asked_for_on_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ValueError("the whole story")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHSTONE_DEBUG", "1")
    monkeypatch.setattr("analysis.runner.run.run_study", fail)
    assert called(monkeypatch, "run", "params/demo.yaml") == 1
    assert "the whole story" in capsys.readouterr().err
    assert not (tmp_path / "reports").exists()


def test_doctor_finds_this_environment_fit(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert called(monkeypatch, "doctor", "--json") == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert found["Packages"]["fine"], found["Packages"]["found"]
    assert {"Python", "Memory", "Links", "JupyterLab", "Chromium", "Folder for reports"} <= set(found)
    assert called(monkeypatch, "doctor") == 0
    assert "Python: 3." in capsys.readouterr().out


FAULTY = "order_id,customer_id,ordered_at,revenue,currency\no1,c1,yesterday,1.00,EUR\n"
SOUND = "mention_id,posted_at,platform\nm1,2026-01-01T00:00:00Z,x\nm2,2026-02-28T00:00:00Z,x\n"


def test_validate_says_what_is_wrong_and_ends_with_2(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "orders.csv").write_text(FAULTY)
    assert called(monkeypatch, "validate", str(tmp_path)) == 2
    seen = capsys.readouterr().out
    assert "1 fault was found." in seen
    assert "orders.csv, column `ordered_at`" in seen
    assert "yesterday" not in seen, "a fault never quotes a row"
    assert called(monkeypatch, "validate", str(tmp_path), "--json") == 2
    report = json.loads(capsys.readouterr().out)
    assert report["sound"] is False
    assert [(one["column"], one["count"], one["first"]) for one in report["faults"]] == [("ordered_at", 1, 2)]


def test_validate_accounts_for_the_rows_of_sound_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mentions.csv").write_text(SOUND)
    (tmp_path / "notes.txt").write_text("mine")
    assert called(monkeypatch, "validate", str(tmp_path)) == 0
    seen = capsys.readouterr().out
    assert "No fault was found." in seen
    assert "mentions: 2 rows read, 2 kept" in seen
    assert "notes.txt" in seen, "what was left alone is named"
    assert called(monkeypatch, "validate", str(tmp_path), "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["tables"]["mentions"]["rows"] == {"read": 2, "kept": 2, "set_aside": {}}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mentions.csv", "notes.txt"], "nothing is kept"
    assert called(monkeypatch, "validate", str(tmp_path), "--map", "zendsk") == 2
    assert "Did you mean `zendesk`?" in capsys.readouterr().out


def test_plan_and_compute_of_a_template_with_data_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "mentions.csv").write_text(SOUND)
    assert called(monkeypatch, "plan", "params/study.yaml", "--data", "mine") == 0
    seen = capsys.readouterr().out
    for line in (
        "Period: 2026-01-01 to 2026-03-01 (UTC)",
        "  mentions                    2 kept of 2",
        "  before_after     needs `orders`, `issues` or `touchpoints`",
        f"  {tmp_path / 'reports' / 'study'} (a link to ",
        "    metrics.html",
    ):
        assert line in seen
    assert called(monkeypatch, "plan", "params/study.yaml", "--data", "mine", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["steps"] == ["metrics", "month_close", "summary"]
    assert [one["step"] for one in found["skipped"]] == [
        "before_after", "service_effect", "adoption", "change_log", "ab_segments", "effort", "roi_case"
    ]  # fmt: skip
    assert not (tmp_path / "reports" / "study").exists()
    assert called(monkeypatch, "compute", "params/study.yaml", "--data", "mine", "--out", "out", "--json") == 0
    written = Path(json.loads(capsys.readouterr().out)["results"])
    assert written == tmp_path / "out" / "results.json"
    assert json.loads(written.read_text())["rows"]["mentions"]["kept"] == 2


def test_no_data_is_a_fault_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert called(monkeypatch, "run", "params/study.yaml") == 2
    assert "data: names no folder. Name one under `data: folder`, or give `--data FOLDER`." in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_world_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ("--world", "none", "--seed", "3", "--customers", "50")
    assert called(monkeypatch, "make-world", str(tmp_path / "w"), *arguments) == 0
    truth = json.loads((tmp_path / "w" / "truth.json").read_text())
    assert (truth["world"], truth["seed"], truth["customers"]) == ("none", 3, 50)
    assert called(monkeypatch, "make-world", str(tmp_path / "x"), "--world", "nne", *arguments[2:]) == 2
    assert "Did you mean `none`?" in capsys.readouterr().err


class _Run:
    """As much of a finished run as a command says."""

    study, run, reused = "demo", "abc", False

    def __init__(self, folder: Path) -> None:
        self.report = self.folder = folder
        self.steps: dict[str, object] = {}


@pytest.mark.parametrize("as_json", [True, False])
def test_without_a_screen_the_address_is_said(
    as_json: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("analysis.runner.run.run_study", lambda *_, **__: _Run(tmp_path))
    monkeypatch.setattr("sys.platform", "linux")
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"):
        monkeypatch.delenv(name, raising=False)
    assert called(monkeypatch, "run", "params/demo.yaml", "--open", *(["--json"] if as_json else [])) == 0
    seen = capsys.readouterr()
    assert f"Its address: {(tmp_path / 'index.html').as_uri()}" in seen.err
    assert json.loads(seen.out)["run"] == "abc" if as_json else seen.out == f"Report: {tmp_path / 'index.html'}\n"


def test_with_a_screen_the_page_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("analysis.runner.run.run_study", lambda *_, **__: _Run(tmp_path))
    monkeypatch.setattr("webbrowser.open", lambda address: opened.append(address) or True)
    monkeypatch.setenv("DISPLAY", ":0")
    assert called(monkeypatch, "run", "params/demo.yaml", "--open") == 0
    assert opened == [(tmp_path / "index.html").as_uri()]


def test_several_files_are_run_side_by_side_and_the_worst_is_the_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from analysis.runner.several import Ended, Several

    asked: dict[str, object] = {}

    def run_several(files: tuple[str, ...], **given: object) -> Several:
        asked.update(given, files=files)
        ends = [Ended(params=file, status=2 * place, seconds=1.0, message="wrong") for place, file in enumerate(files)]
        return Several(tuple(ends))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("analysis.runner.several.run_several", run_several)
    assert called(monkeypatch, "run", "a.yaml", "b.yaml", "--jobs", "2", "--json") == 2
    assert (asked["files"], asked["jobs"]) == (("a.yaml", "b.yaml"), 2)
    assert [one["status"] for one in json.loads(capsys.readouterr().out)["studies"]] == [0, 2]
    assert called(monkeypatch, "run", "a.yaml", "b.yaml", "--out", "x") == 2
    assert "run it alone" in " ".join(capsys.readouterr().err.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "near"),
    [(["rnu"], "Did you mean 'run'?"), (["run", "--dat", "x"], "--data"), (["run", "params/dmeo.yaml"], "demo.yaml")],
)
def test_a_slip_of_the_pen_is_told_the_nearest_name(
    arguments: list[str], near: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert called(monkeypatch, *arguments) == 2
    assert near in " ".join(capsys.readouterr().err.split())


def test_the_shell_completes_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from analysis.cli.options import parameters_here, reports_here, worlds_known

    monkeypatch.chdir(tmp_path)
    for name in ("params/demo.yaml", "params/trial.yaml", "reports/demo/manifest.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert parameters_here("") == ["params/demo.yaml", "params/trial.yaml"]
    assert parameters_here("params/t") == ["params/trial.yaml"]
    assert reports_here("d") == ["demo"]
    assert reports_here("x") == []
    assert "none" in worlds_known("no")
