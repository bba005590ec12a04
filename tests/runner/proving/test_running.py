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
from analysis.runner.proving.records import Asked, Records
from analysis.runner.proving.running import found_in, gathered, run_tasks, tasks_of


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
from analysis.runner.proving.records import Asked


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


def test_records_of_several_folders_make_one_page(tmp_path) -> None:
    """Two studies, proved apart into folders of any name, are told together; a size not asked for is left alone."""
    runner = CliRunner()
    for name, hazard in (("old", "none"), ("new", "rollout_none")):
        called = ["prove", "--worlds", "2", "--hazard", hazard, "--customers", "1500", "--jobs", "1"]
        assert runner.invoke(app, [*called, "--out", str(tmp_path / name)]).exit_code == 0
    (one,), (other,) = (list((tmp_path / name).glob("*-*/")) for name in ("old", "new"))
    assert one.name.startswith("before_after-")
    assert other.name.startswith("adoption-")
    moved = one.rename(tmp_path / "0123456789ab")
    called = ["prove", "--records", str(moved), "--records", str(other), "--customers", "1500"]
    result = runner.invoke(app, [*called, "--out", str(tmp_path / "page")])
    assert result.exit_code == 0, result.output
    text = (tmp_path / "page" / "validation.md").read_text(encoding="utf-8")
    assert "4 companies of 2 kinds" in text
    assert "| `0123456789ab` | no: an earlier one |" in text
    assert f"| `{other.name.removeprefix('adoption-')}` | yes |" in text
    for section in ("## The channel: before and after an issue", "## Adoption: roll-outs in waves"):
        assert section in text
    assert "## An answer in time" not in text
    assert not list((tmp_path / "page").glob("*/*.parquet")), "no company was lived through"
    with pytest.raises(InputError, match="no companies of the size asked for"):
        prove_study(records=[moved, other], customers=999, out=tmp_path / "page", progress=Quiet())


def test_what_was_made_twice_counts_once_and_strangers_are_left_alone(tmp_path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    run_tasks(tasks(first), jobs=1, progress=Quiet())
    run_tasks(tasks_of([HAZARDS["none"]], 5, ASKED, second, at_once=5), jobs=1, progress=Quiet())
    for stray in ("nowhere-arrays-1500-0000000-0000001", "none-arrays-1500"):
        (second / f"{stray}.effects.parquet").write_bytes(b"not read")
    found = found_in([first, second], [HAZARDS["none"]], 1_500)
    assert {task.hazard for task in found} == {"none"}
    effects = gathered(found).effects
    main = effects[(effects["estimator"] == "default") & (effects["estimand"] == "orders_ratio")]
    assert main["seed"].tolist() == [*range(100_000, 100_005)]
    assert found_in([first, second], [HAZARDS["none"]]) == [], "of 40,000 customers there are none"


def test_every_design_is_run_by_one_command(tmp_path) -> None:
    """One hazard of each other design, and a page of them without the picture of the channel study."""
    wanted = ("queue_effect", "rollout_trend", "contacts_none", "series_24", "panel_few")
    proved = prove_study(
        worlds=2, hazards=wanted, customers=3_000, jobs=1, through_files=1, out=tmp_path, progress=Quiet()
    )
    assert proved.proof.hazards == wanted
    assert len(proved.records) == 5, "series go through no files"
    text = proved.page.read_text(encoding="utf-8")
    opening = " ".join(text.split())
    assert "6 companies of 3 kinds were made up, with 3,000 customers each. 4 monthly series and panels" in opening
    assert "![" not in text
    assert not (tmp_path / "pictures").exists()
    by_file = {cell.hazard for cell in proved.proof.files}
    assert by_file == {"queue_effect", "rollout_trend", "contacts_none"}
    arrays = {(cell.hazard, cell.estimand, cell.estimator): cell for cell in proved.proof.cells}
    for cell in proved.proof.files:
        if cell.hazard != "contacts_none" and cell.estimator == "default":
            assert (cell.hazard, cell.estimand, cell.estimator) in arrays
            assert cell.first_seed == HAZARDS[cell.hazard].first_seed
