"""`compute` writes one file, the same bytes as `run`, and never into a report.

About 120 s of processor time: all steps on a small company five times, once by their notebooks.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError, TooSoon
from analysis.runner import demo
from analysis.runner.compute import compute_study
from analysis.runner.demo import ensure_demo
from analysis.runner.manifest import is_whole
from analysis.runner.opening import RUN_FOLDER
from analysis.runner.publish import Place
from analysis.runner.results import TOP_KEYS
from analysis.runner.run import run_study
from analysis.runner.shipped import PACKAGE, shipped
from analysis.synthetic.make import make_world

DESIGNS = ("service_effect", "adoption", "change_log")
LATER = ("ab_segments", "effort", "design_sheet", "loyalty_hypotheses")

CUSTOMERS = 3000


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of a small demo company, made once for all tests here."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "CUSTOMERS", CUSTOMERS)
        assert ensure_demo(folder)
    return folder


def lay_out(home: Path, made: Path, patch: pytest.MonkeyPatch) -> None:
    """The demo study on the small company, in a folder of its own which is the one worked in."""
    patch.setattr(demo, "CUSTOMERS", CUSTOMERS)
    patch.setattr("analysis.runner.study.code_fingerprint", lambda: "sha256:0")
    patch.setattr("analysis.runner.opening.code_fingerprint", lambda: "sha256:0")
    (home / "params").mkdir()
    text = (shipped("params") / "demo.yaml").read_text(encoding="utf-8")
    few = text.replace("first: 2026-03 ", "first: 2026-06 ")
    assert few.count("2026-06") == 1, "three closes are enough here: the first ends the quarter of the promises"
    (home / "params" / "demo.yaml").write_text(few, encoding="utf-8")
    shutil.copytree(made, home / "data" / "demo")
    patch.chdir(home)


def promise(home: Path) -> None:
    """The promises of the demo company, which are entered in the project's register."""
    (home / "reports").mkdir()
    (home / "reports" / "register").symlink_to(PACKAGE.parent / "reports" / "register")


@pytest.fixture
def small_demo(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lay_out(tmp_path, made, monkeypatch)
    return tmp_path


@pytest.fixture(scope="module")
def computed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `compute` wrote of the small demo study, in a home of its own: called once for all tests here."""
    home = tmp_path_factory.mktemp("computed")
    with pytest.MonkeyPatch.context() as patch:
        lay_out(home, made, patch)
        promise(home)
        written = compute_study("params/demo.yaml")
    assert written == home / "reports" / ".computed" / "demo" / "results.json"
    return written


def test_one_file_is_written_and_names_nothing_of_this_machine(computed: Path) -> None:
    assert [path.name for path in computed.parent.iterdir()] == ["results.json"]
    results = json.loads(computed.read_bytes())
    assert set(results) == set(TOP_KEYS)
    assert results["metrics"]
    assert results["roi"]["currency"] == "EUR"
    assert {row["to_date"]["last"] for row in results["promises"]} == {"2026q2"}
    assert {row["design"] for row in results["effects"]} == {
        *DESIGNS, "before_after", "ab_randomised", "ab_observational", "dose_and_mix", "effort"
    }  # fmt: skip
    assert str(computed.parents[3]) not in computed.read_text()


def test_tables_in_another_shape_of_file_give_the_same_figures(small_demo: Path, computed: Path) -> None:
    import duckdb

    csv = small_demo / "csv"
    csv.mkdir()
    for path in (small_demo / "data" / "demo").glob("*.parquet"):
        duckdb.sql(f"set TimeZone='UTC'; copy (from '{path}') to '{csv / path.stem}.csv' (header)")
    parquet = json.loads(computed.read_bytes())
    text = json.loads(compute_study("params/demo.yaml", data=csv, out=small_demo / "out").read_bytes())
    assert text["effects"] == parquet["effects"]
    assert text["metrics"] == parquet["metrics"]
    assert text["roi"] == parquet["roi"]


def test_a_report_is_never_written_into(small_demo: Path) -> None:
    place = Place(small_demo / "reports" / "demo")
    folder = place.runs / "abc"
    folder.mkdir(parents=True)
    place.link.symlink_to(folder)
    for out in (place.link, folder):
        with pytest.raises(InputError, match="is a published report"):
            compute_study("params/demo.yaml", out=out)
    file = small_demo / "file"
    file.touch()
    with pytest.raises(InputError, match="is a file"):
        compute_study("params/demo.yaml", out=file)
    assert list(folder.iterdir()) == []


def test_faulty_tables_leave_nothing_behind(small_demo: Path) -> None:
    (small_demo / "data" / "demo" / "orders.parquet").write_bytes(b"not a table")
    with pytest.raises(InputError):
        compute_study("params/demo.yaml")
    assert not (small_demo / "reports").exists()


def test_a_comparison_the_data_cannot_answer_is_left_out_or_refused(small_demo: Path) -> None:
    """Windows of 20 months on both sides do not fit into 36 months."""
    path = small_demo / "params" / "wide.yaml"
    text = "study: wide\ndata: {folder: data/demo}\nroi:\nindex: {before_months: 20, after_months: 20}\n"
    path.write_text(text)
    results = json.loads(compute_study(path).read_bytes())
    left_out = {one["step"]: one["reason"] for one in results["coverage"]["skipped"]}
    assert "20 months before and 20 after" in left_out["before_after"]
    assert left_out["roi_case"] == "needs what `before_after` finds, and that did not run"
    assert {"service_effect", "adoption"} <= set(left_out), "their windows are the same"
    assert {row["design"] for row in results["effects"]} == {"ab_randomised", "change_log", "effort"}
    path.write_text(text + "designs: [before_after]\n")
    with pytest.raises(TooSoon, match="20 months before and 20 after"):
        compute_study(path, out=small_demo / "none")
    assert not (small_demo / "none").exists()


@pytest.mark.slow
def test_run_and_compute_give_the_same_bytes_wherever_the_study_and_its_tables_lie(
    small_demo: Path, computed: Path
) -> None:
    """All shipped notebooks on a small demo company, in another home and with its tables elsewhere: about 15 s."""
    promise(small_demo)
    shutil.move(small_demo / "data" / "demo", small_demo / "moved")
    done = run_study("params/demo.yaml", data=small_demo / "moved")
    assert (done.report / "results.json").read_bytes() == computed.read_bytes()
    assert is_whole(done.report)
    assert {name: step.state for name, step in done.steps.items()} == dict.fromkeys(
        ("closes", "metrics", "month_close", "before_after", *DESIGNS, *LATER, "roi_case", "summary"), "done"
    )
    for name, content in contents(done.report):
        assert str(small_demo).encode() not in content, name


def contents(report: Path) -> Iterator[tuple[str, bytes]]:
    """Every file of a report, workbook and slides unpacked."""
    for path in (one for one in report.rglob("*") if one.is_file()):
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as packed:
                yield from ((f"{path.name}: {one}", packed.read(one)) for one in packed.namelist())
        else:
            yield path.name, path.read_bytes()


def ask_less(home: Path) -> None:
    """Every step is left, with less to do: one close, no judges, no segments, no specification curve."""
    file = home / "params" / "demo.yaml"
    text = file.read_text(encoding="utf-8")
    for asked, less in {
        "first: 2026-06 ": "first: 2026-08 ",
        "classify_kinds: true": "classify_kinds: false",
        "segments: [region, product]": "segments: []",
        "divisions: 400": "divisions: 50",
    }.items():
        assert text.count(asked) == 1
        text = text.replace(asked, less)
    lists = re.compile(r"^hypotheses:.*?(?=^\w)", flags=re.DOTALL | re.MULTILINE)
    [believed] = lists.findall(text)
    [kept] = [one for one in re.split(r"(?=^  - name: )", believed, flags=re.MULTILINE) if "service_effect" in one]
    file.write_text(text.replace(believed, f"hypotheses:\n{kept}"), encoding="utf-8")


def by_papermill(home: Path, notebook: str) -> tuple[str, dict[str, Path]]:
    """The executed notebook, as a person would call it from the study's folder, and the parts that were recorded."""
    out = home / "out.ipynb"
    command = ["papermill", "--no-progress-bar", str(shipped("notebooks") / f"{notebook}.ipynb"), str(out)]
    subprocess.run(
        [sys.executable, "-m", *command, "-p", "params", "params/demo.yaml"], check=True, capture_output=True
    )
    recorded = list((home / "reports" / ".scratch" / "demo").glob("*/parts/*.json"))
    assert len({path.parent for path in recorded}) == min(1, len(recorded)), "all of them in one folder"
    return out.read_text(encoding="utf-8"), {path.stem: path for path in recorded}


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the package is known to what is started: no run is under way."""
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    monkeypatch.delenv(RUN_FOLDER, raising=False)


@pytest.mark.usefixtures("plain")
@pytest.mark.parametrize(
    ("notebook", "parts"),
    [
        ("start_here", set()),
        ("metrics", {"metrics"}),
        ("summary", {"metrics", "month_close", "before_after", *DESIGNS, *LATER, "roi_case"}),
    ],
)
def test_plain_papermill_runs_a_shipped_notebook_alone(small_demo: Path, notebook: str, parts: set[str]) -> None:
    """What it reads of other steps is made as well, and goes into the scratch folder; `start_here` records nothing."""
    ask_less(small_demo)
    _, recorded = by_papermill(small_demo, notebook)
    assert set(recorded) == parts


@pytest.mark.usefixtures("plain")
def test_plain_papermill_finds_what_compute_finds(small_demo: Path, computed: Path) -> None:
    executed, recorded = by_papermill(small_demo, "roi_case")
    assert set(recorded) == {"before_after", "service_effect", "ab_segments", "roi_case"}
    case = json.loads(recorded["roi_case"].read_bytes())["roi"]
    assert case == json.loads(computed.read_bytes())["roi"]
    assert "No comparison was made" not in executed


def test_the_demo_is_made_once_and_never_over_something_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "CUSTOMERS", 100)
    folder = tmp_path / "data" / "demo"
    assert ensure_demo(folder)
    made = (folder / "orders.parquet").stat().st_mtime_ns
    assert not ensure_demo(folder)
    assert (folder / "orders.parquet").stat().st_mtime_ns == made
    assert [path.name for path in folder.parent.iterdir()] == ["demo"], "no staging is left"
    monkeypatch.setattr(demo, "RECIPE", demo.RECIPE + 1)
    assert ensure_demo(folder), "an earlier version's company is made anew"
    monkeypatch.undo()
    monkeypatch.setattr(demo, "CUSTOMERS", 100)
    shutil.rmtree(folder)
    make_world(folder, world="none", seed=1, customers=50)
    with pytest.raises(InputError, match="holds something other than this version's demo company"):
        ensure_demo(folder)
