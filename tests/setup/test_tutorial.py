"""The tutorial, command by command, as a reader would type it, on a copy that holds nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "tutorial" / "README.md").read_text(encoding="utf-8")
COMMANDS = [line for block in re.findall(r"```sh\n(.*?)```", TEXT, flags=re.DOTALL) for line in block.splitlines()]


def typed(command: str, folder: Path) -> str:
    """What a command prints; the test's own interpreter stands for the environment's."""
    scripts = Path(sys.executable).parent
    line = command.replace(".venv/bin/python", sys.executable)
    line = re.sub(r"^touchstone\b", str(scripts / "touchstone"), line)
    done = subprocess.run(line.split(), cwd=folder, capture_output=True, text=True, check=False, env=os.environ.copy())
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The commands of the tutorial but the first (the set-up is tested by every other test), with what they print."""
    folder = tmp_path_factory.mktemp("reader")
    (folder / "docs").symlink_to(ROOT / "docs")
    (folder / "notebooks").symlink_to(ROOT / "notebooks")
    written = re.search(r"Write `my-company/study.yaml`:\n\n```yaml\n(.*?)```", TEXT, flags=re.DOTALL)
    assert written is not None
    said = {}
    for command in COMMANDS[1:]:
        if command.startswith("touchstone plan"):
            (folder / "my-company" / "study.yaml").write_text(written[1], encoding="utf-8")
        said[command] = typed(command, folder)
    said["folder"] = str(folder)
    return said


def test_it_begins_with_the_command_of_the_readme() -> None:
    assert COMMANDS[0] == "make study"
    assert "make study" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_two_files_are_sound(followed) -> None:
    assert "No fault was found." in followed["touchstone validate my-company/orders.csv"]
    assert "issues" in followed["touchstone validate my-company/tickets.csv --map zendesk"]


def test_the_plan_names_what_would_run(followed) -> None:
    assert "before_after" in followed["touchstone plan my-company/study.yaml"]


def test_the_report_holds_the_truth_of_the_practice_company(followed) -> None:
    folder = Path(followed["folder"]) / "my-company"
    truth = {
        (row["outcome"], row["scale"]): row["value"]
        for row in json.loads((folder / "truth.json").read_text())["effects"]
        if row["estimand"] == "channel_effect" and not row["segment"]
    }
    results = json.loads((folder / "report" / "results.json").read_text())
    effects = [row for row in results["effects"] if row["estimand"] == "channel_effect" and row["maturity"] == "mature"]
    assert {(row["outcome"], row["scale"]) for row in effects} == {
        (outcome, scale) for outcome in ("orders", "revenue") for scale in ("ratio", "difference")
    }
    for row in effects:
        assert row["low"] <= truth[row["outcome"], row["scale"]] <= row["high"]
    assert (folder / "report" / "index.html").is_file()


def test_run_and_compute_give_the_same_bytes(followed) -> None:
    folder = Path(followed["folder"]) / "my-company"
    assert (folder / "report" / "results.json").read_bytes() == (folder / "figures" / "results.json").read_bytes()
