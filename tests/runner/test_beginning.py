"""A study begins: a folder that works, or nothing; and the next quarter beside the last, with one line a change."""

from __future__ import annotations

import csv
import itertools
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError
from analysis.runner import beginning
from analysis.runner.beginning import BY_HAND, begin_study, name_fitting
from analysis.runner.compute import compute_study
from analysis.runner.following import follow_study
from analysis.runner.not_acted_on import without_effect
from analysis.runner.params import load_params
from analysis.runner.params_yaml import read_yaml
from analysis.runner.plan import plan_study
from analysis.runner.taking_in import take_in_sources
from analysis.tables.contract import SCHEMAS
from tests.runner.conftest import TABLES


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_folder_holds_what_a_study_needs(tmp_path: Path) -> None:
    begun = begin_study("care-2026q3")
    folder = tmp_path / "care-2026q3"
    assert begun.study == "care-2026q3"
    assert sorted(begun.files) == sorted(
        one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()
    )
    assert not [one for one in tmp_path.iterdir() if one.name != "care-2026q3"], "nothing is left beside it"
    assert "touchstone intake params/sources.yaml --as-of DATE" in str(begun)
    assert json.loads(json.dumps(begun.to_dict()))["files"] == list(begun.files)


def test_parameters_are_typed_and_do_all_they_say(tmp_path: Path) -> None:
    begin_study("care-2026q3")
    params = load_params("care-2026q3/params/care-2026q3.yaml")
    assert params.values.study == "care-2026q3"
    assert [source.path for source in params.sources()] == [tmp_path / "care-2026q3" / "tables"]
    assert without_effect(params.values) == []


def test_keys_that_are_commented_out_are_keys() -> None:
    """Every line of the template that is commented out as a key can be taken in."""
    begin_study("care")
    path = Path("care/params/care.yaml")
    text = path.read_text()
    for old, new in (
        ("# previous: 2026q2 ", "previous: 2026q2 "), ("  # span: 2026q3 ", "  span: 2026q3 "),
        ("# as_of:", "as_of:"), ("# designs:", "designs:"),
        ("# metrics:\n#   targets:", "metrics:\n  targets:"), ("#     response_rate", "    response_rate"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    values = load_params(path).values
    assert (values.previous, values.period.span, values.as_of) == ("2026q2", "2026q3", "2026-10-06")
    assert values.metrics.targets == {"response_rate": 0.9}


def test_sources_name_the_tables_kept_by_hand_and_examples_that_read_as_yaml() -> None:
    begin_study("care")
    text = Path("care/params/sources.yaml").read_text()
    reading = read_yaml(text, "sources.yaml")
    assert not reading.faults
    assert reading.values["tables"] == "tables"
    assert reading.values["sources"] == [{"name": table, "path": f"{table}.csv", "extent": "full"} for table in BY_HAND]
    lines = text.splitlines()
    opened = [line.replace("  # ", "  ", 1) if line.startswith(("  # - ", "  #   ")) else line for line in lines]
    taken = [
        line.replace("# ", "", 1) if line.startswith(("# period:", "# phone_country:")) else line for line in opened
    ]
    all_in = read_yaml("\n".join(taken) + "\n", "sources.yaml")
    assert not all_in.faults
    assert [one["name"] for one in all_in.values["sources"]] == [
        "changes",
        "costs",
        "zendesk",
        "shopify_customers",
        "shopify",
        "x",
        "sprout",
    ]
    assert set(all_in.values) == {"tables", "zone", "period", "phone_country", "sources"}
    every = {key for one in all_in.values["sources"] for key in one}
    assert every == {"name", "map", "path", "extent", "renamed", "customer_ids", "dated"}


def test_tables_kept_by_hand_have_the_columns_of_the_contract() -> None:
    begin_study("care")
    readme = Path("care/README.md").read_text()
    for table in BY_HAND:
        with Path(f"care/{table}.csv").open(newline="") as file:
            (header,) = list(csv.reader(file))
        assert header == [column.name for column in SCHEMAS[table].columns if column.name != "known_at"]
        assert all(f"| `{name}` | {SCHEMAS[table].column(name).about} |" in readme for name in header)


def test_contract_tables_put_into_it_can_be_planned() -> None:
    """Tables as an intake leaves them, the two kept by hand with a first line each: the study can be planned."""
    begin_study("care")
    tables = Path("care/tables")
    tables.mkdir()
    for name, text in TABLES.items():
        (tables / f"{name}.csv").write_text(text)
    Path("care/costs.csv").write_text("cost_id,month,line,amount,currency\nk1,2026-03-01,tools,100.00,EUR\n")
    (tables / "costs.csv").write_text(Path("care/costs.csv").read_text())
    plan = plan_study("care/params/care.yaml")
    assert plan.study == "care"
    assert plan.rows["costs"]["kept"] == 1
    assert "metrics" in plan.steps


def test_exports_put_into_it_go_through_intake_and_compute() -> None:
    """Tables kept elsewhere are a source of their own; costs.csv has a line, changes.csv none, which stops nothing."""
    begin_study("care")
    sources = Path("care/params/sources.yaml")
    sources.write_text(sources.read_text() + "  - name: own\n    path: exports/own\n")
    exports = Path("care/exports/own")
    exports.mkdir()
    for name, text in TABLES.items():
        (exports / f"{name}.csv").write_text(text)
    with Path("care/costs.csv").open("a") as file:
        file.write("k1,2026-03-01,tools,100.00,EUR\n")
    take_in_sources(str(sources), as_of="2026-10-03", out=None)
    results = json.loads(compute_study("care/params/care.yaml").read_text())
    assert {name: rows["kept"] for name, rows in results["rows"].items()} == {
        "assignments": 3, "changes": 1, "costs": 1, "customers": 3, "issues": 6, "mentions": 9, "orders": 6,
        "outcomes": 3,
    }  # fmt: skip
    assert results["metrics"]


def test_a_plan_without_tables_says_which_are_missing() -> None:
    begin_study("care")
    with pytest.raises(InputError, match=r"tables: is not there"):
        plan_study("care/params/care.yaml")
    assert not Path("care/reports").exists(), "and leaves nothing behind"


def test_git_keeps_the_study_and_no_rows_of_customers() -> None:
    begin_study("care")
    private = ("exports/zendesk/tickets.csv", "tables/orders.parquet", "reports/care/results.json")
    kept = ("reports/ledger/care/2026.jsonl", "reports/register/promises.jsonl")
    for name in (*private, *kept):
        file = Path("care", name)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    git = ["git", "-C", "care"]
    if subprocess.run([*git, "init", "-q"], capture_output=True, check=False).returncode:
        pytest.skip("no git")
    found = subprocess.run(
        [*git, "status", "--porcelain", "-uall"], capture_output=True, text=True, check=True
    ).stdout.split()[1::2]
    assert not set(private) & set(found)
    assert {*kept, "changes.csv", "exports/README.md", "params/care.yaml", "params/sources.yaml"} <= set(found)


@pytest.mark.parametrize(
    ("name", "study"),
    [("Social care (UK)", "Social-care-UK"), ("2026", "2026"), ("ledger", "study"), ("con", "study"),
     ("sources", "study"), ("---", "study"), ("日本", "study"), ("a" * 150, "a" * 100)],
)  # fmt: skip
def test_any_folder_can_be_a_study(name: str, study: str) -> None:
    assert begin_study(name).study == study == name_fitting(name)
    assert load_params(Path(name, "params", f"{study}.yaml")).values.study == study


def test_what_is_in_the_way_is_named_and_nothing_is_written(tmp_path: Path) -> None:
    for number in range(7):
        (tmp_path / "taken" / f"f{number}").mkdir(parents=True)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "here").mkdir()
    before = sorted(tmp_path.rglob("*"))
    for folder, words in {
        "taken": r"taken: holds `f0`, `f1`, `f2`, `f3`, `f4` and 2 more, and nothing is written over",
        "file": r"file: is a file",
        "link": r"link: is a link",
        "file/below": r"lies under `file`, which is a file",
    }.items():
        with pytest.raises(InputError, match=words):
            begin_study(folder)
    assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_an_empty_folder_is_taken_but_not_from_under_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "care").mkdir()
    monkeypatch.chdir(tmp_path / "care")
    with pytest.raises(InputError, match=r"is the folder you stand in.*Go one folder up first"):
        begin_study(".")
    monkeypatch.chdir(tmp_path)
    assert begin_study("care").study == "care"


def test_killed_at_any_moment_there_is_a_whole_study_or_none(
    tmp_path: Path, killed_at: Callable[[int, Callable[[], None]], bool]
) -> None:
    whole = set(begin_study("whole").files)
    for step in itertools.count(1):
        folder = tmp_path / f"care{step}"
        killed = killed_at(step, lambda folder=folder: begin_study(folder))  # type: ignore[misc]
        if folder.exists():
            found = {one.relative_to(folder).as_posix() for one in folder.rglob("*") if one.is_file()}
            assert {name.replace(folder.name, "whole") for name in found} == whole
        if not killed:
            break
    assert step > 10


def test_a_disk_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, content: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(beginning.Path, "write_bytes", full)
    with pytest.raises(InputError, match=r"care: cannot be made \(No space left on device\)"):
        begin_study("care")
    assert list(tmp_path.iterdir()) == []


OLD = """\
# our study of 2026q3

study: 2026q3                   # names the report
as_of: "2026-10-06"             # the day
# what it covers
period:                         # one quarter
  timezone: Europe/London       # ours
  span: 2026q3                  # the quarter
designs:
    - before_after              # indented by four
segments: [ region,product ]    # flow, oddly spaced
"""


def write(text: str, name: str = "2026q3") -> Path:
    path = Path("params", f"{name}.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode())
    return path


def test_the_next_quarter_by_hand() -> None:
    """Four lines differ: the name, the report before it, the span, and `as_of` is gone; every other byte stays."""
    write(OLD)
    found = follow_study("2026q3", "2026q4", Path.cwd())
    assert Path("params/2026q4.yaml").read_text() == (
        OLD.replace("study: 2026q3 ", "study: 2026q4 ", 1)
        .replace('as_of: "2026-10-06"             # the day\n', "")
        .replace("names the report\n", "names the report\nprevious: 2026q3\n")
        .replace("span: 2026q3 ", "span: 2026q4 ")
    )
    assert Path("params/2026q3.yaml").read_text() == OLD
    assert found.changes == (
        "line 3: study: 2026q3 -> 2026q4",
        "new line: previous: 2026q3",
        "line 4: as_of: 2026-10-06 taken out",
        "line 8: period.span: 2026q3 -> 2026q4",
    )
    assert found.notes[0] == "Comments are as they were: line 1 of the new file name 2026q3."
    assert "reports/2026q3 is not there yet" in found.notes[1]
    values = load_params("params/2026q4.yaml").values
    assert (values.study, values.previous, values.as_of, values.period.span) == ("2026q4", "2026q3", None, "2026q4")


@pytest.mark.parametrize(
    ("old", "name", "before", "after"),
    [
        ("2026q3", "2026q4", "period: 2026q3 # q", "period: 2026q4 # q"),
        ("2026-12", "2027-01", "period: '2026-12'", "period: 2027-01"),
        ("care", "care2", "period: 2026q4", "period: 2027q1"),
        ("care", "care2", "period: 2026-12", "period: 2027-01"),
        ("care", "care2", 'period: "2026"', 'period: "2027"'),
        ("care-2026", "care-2027", "period: {span: '2026', timezone: UTC}", 'period: {span: "2027", timezone: UTC}'),
        ("2026q3", "2026q4", "period: [2026-07-01, 2026-10-01]", "period: [2026-10-01, 2027-01-01]"),
        ("care", "next", "period:\n- 2026-07-01\n- 2026-10-01", "period:\n- 2026-10-01\n- 2027-01-01"),
        ("care", "next", "period: [2026-09-07, 2026-10-05]", "period: [2026-10-05, 2026-11-02]"),
        ("2026q3", "2026q4", "period: [2023-10-01, 2026-10-01]", "period: [2024-01-01, 2027-01-01]"),
        ("2026q3", "2026q4", "period: {start: 2026-04-01, end: 2026-07-01}",
         "period: {start: 2026-10-01, end: 2027-01-01}"),
        ("2026q3", "2026q4", "period:\n  end: 2026-10-01", "period:\n  end: 2027-01-01"),
        ("2026q3", "2026q4", "period:\n  timezone: UTC", "period:\n  span: 2026q4\n  timezone: UTC"),
        ("2026q3", "2026q4", "period: {timezone: UTC}", "period: {span: 2026q4, timezone: UTC}"),
        ("2026q3", "2026q4", "period:", "period: 2026q4"),
        ("care", "next", "period: {start: 2026-07-01}", "period: {start: 2026-07-01}"),
        ("care", "next", "seed: 2", "seed: 2"),
    ],
)  # fmt: skip
def test_the_period_moves_on_in_the_way_it_is_written(old: str, name: str, before: str, after: str) -> None:
    write(f"study: '{old}'\n{before}\nprevious: older   # kept\n", old)
    follow_study(old, name, Path.cwd())
    previous = read_yaml(Path("params", f"{name}.yaml").read_text(), "x").values["previous"]
    assert previous == old
    found = Path("params", f"{name}.yaml").read_text()
    assert f"\n{after}\nprevious: " in found
    assert found.endswith("   # kept\n")


def test_a_study_without_a_period_gets_the_one_its_name_says() -> None:
    write("study: 2026q3")
    follow_study("2026q3", "2026q4", Path.cwd())
    values = load_params("params/2026q4.yaml").values
    assert (values.period.span, values.previous) == ("2026q4", "2026q3")


def test_line_ends_and_names_that_look_like_numbers_are_kept() -> None:
    write("\ufeffstudy: '2026'\r\nperiod: '2026' # é\r\n", "2026")
    follow_study("2026", "2027", Path.cwd())
    assert Path("params/2027.yaml").read_bytes() == (
        'study: "2027"\r\nprevious: "2026"\r\nperiod: "2027" # é\r\n'.encode()
    )


@pytest.mark.parametrize("line", ["as_of:", "as_of: 2026-10-06", "as_of: '2026-10-06T00:00:00Z'   # told"])
def test_the_day_it_spoke_of_is_taken_out_and_what_stands_below_stays(line: str) -> None:
    write(f"study: 2026q3\n{line}\n# below\n\nseed: 3\n")
    follow_study("2026q3", "2026q4", Path.cwd())
    expected = "study: 2026q4\nprevious: 2026q3\nperiod: 2026q4\n# below\n\nseed: 3\n"
    assert Path("params/2026q4.yaml").read_text() == expected


def test_the_old_study_is_named_in_three_ways(tmp_path: Path) -> None:
    write(OLD, "another-file-name")
    report = tmp_path / "reports" / ".runs" / "2026q3" / "a1"
    report.mkdir(parents=True)
    (tmp_path / "reports" / "2026q3").symlink_to(".runs/2026q3/a1")
    from analysis.runner.results import merged

    (report / "results.json").write_text(json.dumps(merged({"study": "2026q3"}, {})))
    below = tmp_path / "exports"
    below.mkdir()
    for number, given in enumerate(("2026q3", "../params/another-file-name.yaml", "../reports/2026q3")):
        found = follow_study(given, f"2027q{number + 1}", below)
        assert found.earlier.name == "another-file-name.yaml"
        assert found.notes[-1].startswith("Comments"), "the report is there"


def test_the_next_quarter_is_refused_with_all_that_is_wrong() -> None:
    write(OLD)
    write("study: 2026q4\n", "other")
    here = Path.cwd()
    before = sorted(here.rglob("*"))
    for name, words in {
        "2026q4": r"is there already \(other\.yaml\), and nothing is written over",
        "2026q3": "is there already",
        "2026q2": r"2026q2: would end on 2026-06-30, and the study it follows ends on 2026-09-30",
        "a/b": r"is a path, and no name for a study.*its parameters go beside the old ones",
        "ledger": "names something else in the reports folder",
        "..": "is no name for a study",
    }.items():
        with pytest.raises(InputError, match=words):
            follow_study("2026q3", name, here)
    with pytest.raises(InputError, match=r"2026q33: there is no such study.*Did you mean `2026q3`"):
        follow_study("2026q33", "2027q1", here)
    write("study: 2026q3\n", "twin")
    with pytest.raises(InputError, match=r"several parameters files .*`2026q3\.yaml`, `twin\.yaml`"):
        follow_study("2026q3", "2027q1", here)
    (here / "params" / "twin.yaml").unlink()
    assert sorted(here.rglob("*")) == before


@pytest.mark.parametrize(
    "text",
    ["{study: a, period: 2026q3}\n", "study: a\nperiod: &p 2026q3\nclose: {first: 2026-01}\nsegments: [*p]\n",
     "study: &s a\nprevious: *s\n"],
)  # fmt: skip
def test_turns_of_yaml_that_cannot_be_moved_on_are_refused(text: str) -> None:
    write(text, "a")
    with pytest.raises(InputError, match="Copy the file, and change"):
        follow_study("a", "b", Path.cwd())
    assert [one.name for one in Path("params").iterdir()] == ["a.yaml"]


def test_sources_that_still_ask_for_the_old_quarter_are_named() -> None:
    write(OLD)
    Path("params/sources.yaml").write_text("period: 2026q3\nsources: []\n")
    found = follow_study("2026q3", "2026q4", Path.cwd())
    assert found.notes[-1] == "params/sources.yaml still says `period: 2026q3`: make it 2026q4."
    assert json.loads(json.dumps(found.to_dict()))["params"].endswith("params/2026q4.yaml")
