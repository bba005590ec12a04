"""A proof goes on where it stopped, is the same in one process or two, and is written by one command."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from analysis.cli import app
from analysis.foundation.errors import InputError
from analysis.runner.progress import Quiet
from analysis.runner.proving import running
from analysis.runner.proving.command import prove_study
from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.page import page
from analysis.runner.proving.picture import picture, svg
from analysis.runner.proving.proof import proof_of
from analysis.runner.proving.running import gathered, run_tasks, tasks_of
from analysis.runner.proving.worlds import Asked, Records


class Told(Quiet):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def say(self, text: str) -> None:
        self.lines.append(text)


ASKED = Asked(customers=1_500)


def tasks(folder: Path):
    return tasks_of([HAZARDS["none"], HAZARDS["confounded"]], 3, ASKED, folder, at_once=2)


def test_seeds_of_hazards_never_meet() -> None:
    firsts = [hazard.first_seed for hazard in HAZARDS.values()]
    assert len(set(firsts)) == len(firsts)
    assert min(b - a for a, b in pairwise(firsts)) >= 100_000


def test_a_broken_off_proof_goes_on(tmp_path, monkeypatch) -> None:
    """The third part fails; what was done stays, a rerun does the rest, and nothing tells it from an unbroken run."""
    real, done = running.proved_worlds, []

    def failing(hazard, seeds, asked):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append((hazard.name, seeds))
        return real(hazard, seeds, asked)

    monkeypatch.setattr(running, "proved_worlds", failing)
    with pytest.raises(KeyboardInterrupt):
        run_tasks(tasks(tmp_path), jobs=1, progress=Quiet())
    monkeypatch.setattr(running, "proved_worlds", real)
    told = Told()
    run_tasks(tasks(tmp_path), jobs=1, progress=told)
    assert told.lines[0] == "2 of 4 parts are already done."
    assert told.lines[-1].startswith("2 of 2 companies; now confounded; about 0 s left")
    run_tasks(tasks(tmp_path / "again"), jobs=1, progress=Quiet())
    for name in Records.NAMES:
        one, other = (getattr(gathered(tasks(folder)), name) for folder in (tmp_path, tmp_path / "again"))
        pd.testing.assert_frame_equal(one, other)
    effects = gathered(tasks(tmp_path)).effects
    assert effects.groupby("hazard")["seed"].unique().map(list).to_dict() == {
        "confounded": [1_100_000, 1_100_001, 1_100_002],
        "none": [100_000, 100_001, 100_002],
    }


def test_two_processes_give_the_same_records(tmp_path) -> None:
    run_tasks(tasks(tmp_path / "one"), jobs=1, progress=Quiet())
    run_tasks(tasks(tmp_path / "two"), jobs=2, progress=Quiet())
    for name in Records.NAMES:
        one, two = (getattr(gathered(tasks(tmp_path / folder)), name) for folder in ("one", "two"))
        pd.testing.assert_frame_equal(one, two)


def test_tasks_that_overlap_give_each_company_once(tmp_path) -> None:
    """A small proof, then one of more companies of one kind: five of it, three of the other, none twice."""
    few = tasks(tmp_path)
    more = tasks_of([HAZARDS["none"]], 5, ASKED, tmp_path, at_once=2)
    run_tasks([*few, *more], jobs=1, progress=Quiet())
    found = gathered([*few, *more, *few]).effects
    one = found[(found["estimator"] == "default") & (found["estimand"] == "orders_ratio")]
    assert one.groupby("hazard")["seed"].unique().map(list).to_dict() == {
        "confounded": [1_100_000, 1_100_001, 1_100_002],
        "none": [*range(100_000, 100_005)],
    }
    assert not one.duplicated(["hazard", "seed"]).any()
    drawn = proof_of(gathered([*few, *more]))
    assert [cell.n for cell in drawn.cells if (cell.estimator, cell.estimand) == ("default", "orders_ratio")] == [5, 3]
    assert "8 companies of 2 kinds" in page(drawn)
    assert svg(picture(drawn))


STARTER = """
import sys
from multiprocessing import active_children
from pathlib import Path

from analysis.runner.progress import Quiet
from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.running import run_tasks, tasks_of
from analysis.runner.proving.worlds import Asked


class Told(Quiet):
    def say(self, text):
        print(*(child.pid for child in active_children()), flush=True)


if __name__ == "__main__":
    tasks = tasks_of([HAZARDS["none"]], 200, Asked(customers=1_500), Path(sys.argv[1]), at_once=1)
    run_tasks(tasks, jobs=2, progress=Told())
"""


def runs(process: int) -> bool:
    """Whether a process is there and is more than an entry that nobody has fetched."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(process)], capture_output=True, text=True, check=False)
    return state.stdout.strip()[:1] not in ("", "Z")


@pytest.mark.skipif(os.name != "posix" or shutil.which("ps") is None, reason="needs signals and ps")
@pytest.mark.parametrize("stopped_by", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_behind(tmp_path, stopped_by) -> None:
    """Whatever ends the one that started them, the processes end with it, in the midst of their work."""
    script = tmp_path / "starter.py"
    script.write_text(STARTER)
    with subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "out")],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as starter:
        assert starter.stdout is not None
        workers = [int(number) for number in starter.stdout.readline().split()]
        assert len(workers) == 2
        assert all(map(runs, workers))
        starter.send_signal(stopped_by)
        try:
            assert starter.wait(20) != 0
        finally:
            starter.kill()
    until = time.monotonic() + 20
    while any(map(runs, workers)) and time.monotonic() < until:
        time.sleep(0.1)
    left = [worker for worker in workers if runs(worker)]
    for worker in left:
        os.kill(worker, signal.SIGKILL)
    assert not left


def test_the_command_writes_page_picture_and_records(tmp_path) -> None:
    called = [
        "prove",
        "--worlds",
        "2",
        "--hazard",
        "none",
        "--customers",
        "1500",
        "--jobs",
        "1",
        "--through-files",
        "1",
    ]
    result = CliRunner().invoke(app, [*called, "--out", str(tmp_path / "out"), "--page", str(tmp_path / "docs")])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "docs" / "validation.md").read_text(encoding="utf-8")
    assert "2 companies of one kind" in text
    assert "## Through files" in text
    assert (tmp_path / "docs" / "pictures" / "validation.svg").stat().st_size < 200_000
    assert len(list((tmp_path / "out").glob("*/none-arrays-1500-*.effects.parquet"))) == 1


def test_numbers_that_cannot_be_used_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="worlds: is 0"):
        prove_study(worlds=0, out=tmp_path, progress=Quiet())
