"""The same tables and parameters give the same report, to the byte, wherever and whenever it is made.

Two reports of one small company: in folders of other names, in time zones a day apart, under other languages of the
machine, other hash seeds, on one processor and on all. About 30 seconds: counting, one comparison, the case and the
summary, twice.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.reporting.pdf import lack
from analysis.runner.shipped import PACKAGE
from analysis.synthetic.make import make_world

PARAMS = """study: small
data: {folder: data}
period: {start: 2025-10-01, end: 2026-10-01, timezone: Europe/London}
designs: [before_after]
outcomes: [orders, margin]
roi: {years: 2, forecast: [400, 400]}
"""
RUN = """
from unittest.mock import patch
from analysis.runner.run import run_study
same = lambda: "sha256:0"
with patch("analysis.runner.study.code_fingerprint", same), patch("analysis.runner.opening.code_fingerprint", same):
    run_study("small.yaml")
"""
"""The code counts as the same, whoever works on it between the two."""
CLOCKS = frozenset({"manifest.json", "status.json"})
"""Files that say how long a run took. Nothing is made of them."""

HERE = {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "1", "OMP_NUM_THREADS": "1"}
THERE = {"TZ": "Pacific/Pago_Pago", "LC_ALL": "de_DE.UTF-8", "PYTHONHASHSEED": "2", "OMP_NUM_THREADS": "2"}


def one_processor() -> None:
    """This process, and all it starts, on one processor: engines then have one thread."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def report(home: Path, world: Path, environment: dict[str, str], *, alone: bool) -> Path:
    shutil.copytree(world, home / "data")
    (home / "small.yaml").write_text(PARAMS, encoding="utf-8")
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
    return home / "reports" / "small"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be given its processor there")
def test_a_whole_report_is_the_same_wherever_and_whenever_it_is_made(tmp_path: Path) -> None:
    """About 30 s of processor time."""
    world = tmp_path / "world"
    make_world(world, world="demo", seed=4, customers=2000)
    (tmp_path / "a").mkdir()
    (tmp_path / "in another folder, ünlike").mkdir()
    first = report(tmp_path / "a", world, HERE, alone=True)
    second = report(tmp_path / "in another folder, ünlike", world, THERE, alone=False)
    files = {path.relative_to(first).as_posix(): path for path in first.rglob("*") if path.is_file()}
    assert set(files) == {path.relative_to(second).as_posix() for path in second.rglob("*") if path.is_file()}
    endings = {path.suffix for path in files.values()}
    assert endings >= {".json", ".html", ".xlsx", ".pptx", ".csv", ".parquet", ".txt", ".ipynb"}
    assert ("report.pdf" in files) == (lack() is None)
    other = [name for name, path in files.items() if path.read_bytes() != (second / name).read_bytes()]
    assert [name for name in other if name not in CLOCKS] == []
    for name in set(files) - CLOCKS:
        assert str(tmp_path).encode() not in files[name].read_bytes(), name
