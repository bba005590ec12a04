"""The same tables and parameters give the same report, to the byte, wherever, whenever and in whatever steps.

Two reports of one small company: in folders of other names, in time zones a day apart, under other languages of the
machine, other hash seeds, on one processor and on all; one made from cold, the other with steps kept from an earlier
run that had another discount rate. About 40 seconds: counting, a close, one comparison, the case and the summary,
twice and the two last ones again.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from analysis.reporting.pdf import lack
from analysis.runner.closing import READ_BY_CLOSES
from analysis.runner.shipped import PACKAGE
from analysis.synthetic.make import make_world

PARAMS = """study: small
data: {folder: data}
period: {start: 2025-10-01, end: 2026-10-01, timezone: Europe/London}
designs: [before_after]
outcomes: [orders, margin]
close: {rehearsal: true, first: 2026-08}
metrics: {classify_kinds: false}
roi: {years: 2, forecast: [400, 400], discount_rate: RATE, draws: 1000}
"""
EARLIER, RATE = "0.1", "0.12"
RUN = """
import json, sys
from unittest.mock import patch
from analysis.runner.run import run_study
from tests.how_steps_ended import HowStepsEnded
same = lambda: "sha256:0"
ends = HowStepsEnded()
with patch("analysis.runner.study.code_fingerprint", same), patch("analysis.runner.opening.code_fingerprint", same):
    run = run_study("small.yaml", progress=ends)
reads = {name: step.reads and sorted(step.reads) for name, step in run.steps.items()}
print(json.dumps({"run": run.run, "folder": str(run.folder), "reads": reads, "ended": ends.ended}))
"""
"""The code counts as the same, whoever works on it between the two."""
CLOCKS = frozenset({"manifest.json", "status.json"})
"""Files that say how long a run took; the manifest holds the hashes of all others. Nothing is made of them."""

HERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
THERE = {"TZ": "Pacific/Pago_Pago", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"}


@dataclass(frozen=True)
class Told:
    """What a run told when it had ended: its name and folder, what each step had read, and how each had ended."""

    run: str
    folder: str
    reads: dict[str, Any]
    ended: dict[str, str]

    def files(self) -> dict[str, Path]:
        folder = Path(self.folder)
        return {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}


def one_processor() -> None:
    """This process, and all it starts, on one processor: engines then have one thread."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def report(home: Path, rate: str, environment: dict[str, str], *, alone: bool = False) -> Told:
    (home / "small.yaml").write_text(PARAMS.replace("RATE", rate), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=home,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent), **environment},
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=one_processor if alone else None,
    )
    assert done.returncode == 0, done.stderr
    return Told(**json.loads(done.stdout))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "world"
    make_world(folder, world="demo", seed=4, customers=2000)
    return folder


@pytest.fixture(scope="module")
def cold(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Told:
    """A report made here, from nothing."""
    home = tmp_path_factory.mktemp("a")
    shutil.copytree(world, home / "data")
    return report(home, RATE, HERE, alone=True)


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory, world: Path) -> tuple[Told, Told]:
    """Two reports made there: one at another rate, from nothing, and then that of `cold` after it."""
    home = tmp_path_factory.mktemp("in another folder, ünlike")
    shutil.copytree(world, home / "data")
    return report(home, EARLIER, THERE), report(home, RATE, THERE)


@pytest.mark.slow
def test_only_steps_that_read_what_changed_are_made_anew(cold: Told, there: tuple[Told, Told]) -> None:
    earlier, kept = there
    assert set(earlier.reads["closes"] or ()) <= {"tables", *(f"params.{key}" for key in READ_BY_CLOSES)}
    assert "kept" not in {*earlier.ended.values(), *cold.ended.values()}
    anew = {step for step, state in kept.ended.items() if state != "kept"}
    assert anew == {"roi_case", "summary"}, "the rate is read by the case in money, and by what shows everything"
    assert {"closes", "metrics", "month_close", "before_after"} <= set(kept.ended)
    assert kept.run == cold.run != earlier.run


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be given its processor there")
def test_a_whole_report_is_the_same_wherever_whenever_and_in_whatever_steps_it_is_made(
    cold: Told, there: tuple[Told, Told], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """About 40 s of processor time, together with the test above."""
    first, second = cold.files(), there[1].files()
    assert set(first) == set(second)
    assert len(first) > 15
    endings = {path.suffix for path in first.values()}
    assert endings >= {".json", ".html", ".xlsx", ".pptx", ".csv", ".parquet", ".txt", ".ipynb"}
    assert ("report.pdf" in first) == (lack() is None)
    other = [name for name, path in first.items() if path.read_bytes() != second[name].read_bytes()]
    assert [name for name in other if name not in CLOCKS] == []
    place = str(tmp_path_factory.getbasetemp())
    assert all(one.folder.startswith(place) for one in (cold, there[1]))
    for name in set(first) - CLOCKS:
        assert place.encode() not in first[name].read_bytes(), name
