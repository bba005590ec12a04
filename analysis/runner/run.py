"""How does a parameters file become a report? Prepare, execute the notebooks, render, publish.

Nothing is written before parameters and tables are found sound. A run is built in its own folder; what was finished is
kept, so that a rerun with the same inputs goes on from there. Only a whole report is published. Executing the notebooks
is left to `executing`, the swap of the link to `publish`.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from analysis.runner.executing import MEMORY_SHARE, SCRATCH, Execution, Kernels, processors
from analysis.runner.manifest import (
    StepStatus,
    read_manifest,
    read_status,
    write_manifest,
    write_status,
)
from analysis.runner.notebook import (
    TIME_OUT_SECONDS,
    check_parameter,
)
from analysis.runner.opening import prepare_study, said_before_running
from analysis.runner.progress import Progress, Quiet
from analysis.runner.publish import Place
from analysis.runner.renewing import index_stands, list_reports, publish_as_it_stands
from analysis.runner.same_run import decided_before, is_finished, notebooks_of, run_id
from analysis.runner.sharing import note_tables
from analysis.runner.study import Study

if TYPE_CHECKING:
    from analysis.runner.outputs import Beside
    from analysis.runner.params import StudyParams


@dataclass(frozen=True, slots=True)
class Run:
    """A finished run: the link that is read, the folder behind it, its steps, and whether it was there already."""

    study: str
    run: str
    report: Path
    folder: Path
    steps: Mapping[str, StepStatus]
    reused: bool


def run_study(
    params: str | Path | StudyParams,
    *,
    data: Path | None = None,
    out: Path | None = None,
    home: Path | None = None,
    progress: Progress | None = None,
    time_out: float | None = None,
    jobs: int | None = None,
    memory: float = MEMORY_SHARE,
) -> Run:
    """Make and publish the report of a parameters file.

    Parameters
    ----------
    params : str, Path or StudyParams
        The file, or what was read of it.
    data : Path, optional
        Stands above the file's `data`.
    out : Path, optional
        The report folder; default `reports/<study>` in the file's home.
    home : Path, optional
        Stands above the file's own home.
    progress : Progress, optional
    time_out : float, optional
        Seconds for each notebook; default an hour.
    jobs : int, optional
        Notebooks side by side; default as many as there are processors, two to four.
    memory : float
        Share of the machine's memory that their engines may use together.

    Raises
    ------
    InputError, DesignError
        If parameters or tables are at fault, or cannot answer a comparison asked for by name. The last report stands.
    StepFailed
        If a step failed. The last report stands; a rerun goes on from what was finished.
    """
    progress = progress or Quiet()
    clock = _Clock()
    with (
        ExitStack() as held,
        prepare_study(params, data=data, home=home, out=out, anew=(kernels := Kernels(held)).begin) as study,
    ):
        place = Place.of(out or study.params.reports / study.name)
        before = decided_before(study, place)
        if before is None and study.values.previous is None:
            kernels.begin()  # there is work to do, which this need not wait for
        study.check() if before is None else study.take_over(before)
        clock.lap("tables")
        place.check()
        notebooks = notebooks_of(study.decision)
        run = run_id(study, notebooks)
        check_notebooks(notebooks, place, run)
        for line in said_before_running(study):
            progress.say(line)
        place.runs.mkdir(parents=True, exist_ok=True)
        with _alone(place, progress), ExitStack() as under_way:
            folder = place.run_folder(run)
            reused = read_manifest(folder) is not None  # and whole, as its place has found it
            if reused:
                steps = read_status(folder)
                for name in steps:
                    progress.end(name, "kept", 0.0)
            else:
                running = Execution(study, run, folder, place, notebooks, progress, kernels)
                running.time_out, running.at_once = time_out or TIME_OUT_SECONDS, jobs or processors()
                with running.told_how_it_ends():
                    beside = running.work(memory, under_way)
                    clock.lap("notebooks")
                    close_report(study, run, running.steps, clock, progress, beside)
                steps = running.steps
            note_tables(place, run, study.prepared.folder)
            published = place.published()
            folder = publish_as_it_stands(folder, place, progress.say, whole=reused)
            reports, as_before = place.link.parent, reused and published == folder.resolve()
            if reports == study.params.reports and not (as_before and index_stands(reports)):
                list_reports(reports)
        return Run(study.name, run, place.link, folder, steps, reused)


def check_notebooks(notebooks: Mapping[str, Path], place: Place, run: str) -> None:
    """Refuse notebooks that take another parameter than ours; those of a finished run, which its name tells from all
    others, were looked at when it was made.

    Raises
    ------
    TouchstoneError
        At the first that does.
    """
    if not is_finished(place, run):
        for notebook in notebooks.values():
            check_parameter(notebook)


@contextmanager
def _alone(place: Place, progress: Progress) -> Iterator[None]:
    """One run of a study at a time: a second one says so and waits."""
    lock = FileLock(str(place.lock))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        progress.say("Another run of this study is under way; waiting for it to end.")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


class _Clock:
    """How long each part of a run took, in seconds of wall time."""

    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._since = time.perf_counter()

    def lap(self, part: str) -> None:
        """The part that ends now."""
        now = time.perf_counter()
        self.laps[part] = round(now - self._since, 2)
        self._since = now


def close_report(
    study: Study,
    run: str,
    steps: Mapping[str, StepStatus],
    clock: _Clock,
    progress: Progress | None = None,
    beside: Beside | None = None,
) -> None:
    """Make documents and pages of what was executed, and seal the folder with its manifest, which comes last."""
    folder = study.folder
    done = [step for step in study.decision.run if steps[step.name].state == "done"]
    from analysis.runner.outputs import stamped, write_outputs  # here: a rerun that changes nothing draws nothing

    steps = stamped(study, run, steps)
    write_outputs(study, run, done, (progress or Quiet()).say, beside)
    write_status(folder, "done", study.name, run, steps)
    sweep(folder)
    clock.lap("pages")
    seconds = {"steps": {name: round(step.seconds, 2) for name, step in steps.items()}, **clock.laps}
    write_manifest(folder, {"study": study.name, "run": run, "seconds": seconds})


def sweep(folder: Path) -> None:
    """Take away what is no part of a report: the handover to the notebooks, and what an ended process left."""
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    for file in folder.rglob(".*"):
        if file.is_file():
            file.unlink()
