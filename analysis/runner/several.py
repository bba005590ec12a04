"""How do many studies become reports in one call? Each in a process of its own, as many at once as are asked for.

A study that fails stops none of the others; Ctrl-C stops them all, and each goes on later from what it had finished.
The memory that engines may use is shared out among the studies under way. How one study is run is left to `run`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError, ParamsError
from analysis.runner.executing import MEMORY_SHARE, processors
from analysis.runner.params import load_params, locate, read_file
from analysis.runner.progress import Progress
from analysis.runner.renewing import list_reports
from analysis.runner.shipped import PACKAGE

ENDINGS = (".yaml", ".yml")
_STOPPED = re.compile(r"[A-Z]\w+: |Touchstone ")
"""How the lines begin in which a command says what stopped it."""
WORDS = {0: "done", 2: "at fault", 3: "failed", 130: "interrupted"}
STOPPING_SECONDS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one study ended: its file, its exit status, how long it took, what its run said, and where its report is."""

    params: str
    status: int
    seconds: float
    run: dict[str, Any] | None = None
    message: str = ""

    @property
    def word(self) -> str:
        """How it ended, in a word or three."""
        if self.run is not None and self.run.get("reused"):
            return "nothing new"
        return WORDS.get(self.status, "stopped")

    def to_dict(self) -> dict[str, Any]:
        """The study for programs."""
        return {
            "params": self.params, "status": self.status, "seconds": round(self.seconds, 1), "run": self.run,
            "message": self.message,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Several:
    """How several studies ended; the exit status is the worst of them."""

    studies: tuple[Ended, ...]

    @property
    def status(self) -> int:
        """The highest exit status of all; 1, a bug of ours, stands above those for a fault of the input."""
        found = {one.status for one in self.studies}
        return 130 if 130 in found else 1 if 1 in found else max(found, default=0)

    @property
    def index(self) -> Path | None:
        """The page that lists the reports; None where none was made."""
        made = [Path(one.run["report"]) for one in self.studies if one.run is not None]
        return made[0].parent / "index.html" if made else None

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs."""
        return {"status": self.status, "studies": [one.to_dict() for one in self.studies]}

    def __str__(self) -> str:
        width = max([len("Parameters"), *(len(one.params) for one in self.studies)])
        lines = [f"{'Parameters':<{width}}  {'Ended':<12}  {'Seconds':>7}  Report"]
        for one in self.studies:
            where = one.message if one.run is None else str(Path(one.run["report"]) / "index.html")
            lines.append(f"{one.params:<{width}}  {one.word:<12}  {one.seconds:>7.1f}  {where}")
        return "\n".join(lines)


def files_meant(named: Sequence[str]) -> tuple[str, ...]:
    """The parameters files a person named; of a folder, those in it that name a study.

    Raises
    ------
    InputError
        If a folder holds none, or two files make the same report.
    """
    found: list[str] = []
    for name in named:
        folder = Path(name)
        if not folder.is_dir():
            found.append(name)
            continue
        inside = [str(one) for one in sorted(folder.iterdir()) if one.suffix in ENDINGS and _names_a_study(one)]
        if not inside:
            what, remedy = "holds no parameters file", "Name a folder with files that begin `study: NAME`."
            raise InputError(Fault(where=name, what=what, remedy=remedy, rule="no_file"))
        found += inside
    unique = tuple(dict.fromkeys(found))
    _refuse_one_report_twice(unique)
    return unique


def run_several(
    params: Sequence[str], *, jobs: int | None = None, time_out: float | None = None, progress: Progress
) -> Several:
    """Run studies side by side, in the order given.

    Parameters
    ----------
    params : sequence of str
        Parameters files.
    jobs : int, optional
        Processes that compute at once; default as many as there are processors, two to four.
    time_out : float, optional
        Seconds for each notebook.
    progress : Progress
    """
    jobs = jobs or processors()
    at_once = max(min(jobs, len(params)), 1)
    options = ["--jobs", str(max(jobs // at_once, 1)), "--memory-share", f"{MEMORY_SHARE / at_once:.4f}"]
    options += [] if time_out is None else ["--time-out", str(time_out)]
    under_way = _UnderWay(progress)
    with ThreadPoolExecutor(at_once) as pool:
        try:
            waiting = [pool.submit(under_way.one, file, options) for file in params]
            ended = Several(tuple(one.result() for one in waiting))
        except BaseException:
            under_way.stop()
            pool.shutdown(cancel_futures=True)
            raise
    for folder in {Path(one.run["report"]).parent for one in ended.studies if one.run is not None}:
        list_reports(folder)  # each wrote it with what was there at its end
    return ended


class _UnderWay:
    """The processes of the studies that are being run."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._processes: set[subprocess.Popen[str]] = set()
        self._stopped = False

    def one(self, file: str, options: Sequence[str]) -> Ended:
        """Run one study to its end, telling what it tells. Runs in a thread of its own."""
        begun = time.monotonic()
        path = os.pathsep.join([str(PACKAGE.parent), *filter(None, [os.environ.get("PYTHONPATH")])])
        with self._lock:
            if self._stopped:
                return Ended(params=file, status=130, seconds=0.0)
            process = subprocess.Popen(  # noqa: S603  # this program, with a file that its user named
                [sys.executable, "-m", "analysis.cli", "run", "--json", *options, "--", file],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={**os.environ, "PYTHONPATH": path},
                text=True,
                encoding="utf-8",
                errors="replace",
            )
            self._processes.add(process)
        assert process.stdout is not None
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line.rstrip("\n"))
            self._progress.say(f"{Path(file).stem}: {said[-1]}")
        answer = process.stdout.read()
        status = process.wait()
        with self._lock:
            self._processes.discard(process)
        told = next((place for place, line in enumerate(said) if _STOPPED.match(line)), max(len(said) - 1, 0))
        return Ended(
            params=file,
            status=status if status >= 0 else 3,
            seconds=time.monotonic() - begun,
            run=json.loads(answer) if status == 0 else None,
            message="" if status == 0 else " ".join(line.strip() for line in said[told : told + 2]),
        )

    def stop(self) -> None:
        """Interrupt every study, and wait until each has ended its kernels."""
        with self._lock:
            self._stopped = True
            processes = list(self._processes)
        for process in processes:
            process.send_signal(signal.SIGINT if sys.platform != "win32" else signal.SIGTERM)
        deadline = time.monotonic() + STOPPING_SECONDS
        for process in processes:
            try:
                process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                process.kill()


def _names_a_study(file: Path) -> bool:
    """Whether a file is one of parameters; what cannot be read is, so that it is told."""
    try:
        return "study" in read_file(file, file.name).values
    except ParamsError:
        return True


def _refuse_one_report_twice(files: Sequence[str]) -> None:
    """Stop where two files make the same report: the one would take the other's place."""
    by_report: dict[Path, str] = {}
    faults = []
    for file in files:
        try:
            params = load_params(file)
        except InputError:
            continue  # told by its own run
        report = params.reports / params.values.study
        first = by_report.setdefault(report, file)
        if first != file and not locate(first).path.samefile(params.path):
            what = f"makes the report `{params.values.study}`, and so does {first}"
            faults.append(Fault(where=file, what=what, remedy="Give each study a name of its own.", rule="twice"))
    if faults:
        raise InputError(faults)
