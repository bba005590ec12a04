"""How does a parameters file become a report? Prepare, execute the notebooks side by side, render, publish.

Nothing is written before parameters and tables are found sound. A run is built in its own folder; what was finished is
kept, so that a rerun with the same inputs goes on from there, and a step that would find what it found in an earlier
run is taken over from it (`keeping`). Only a whole report is published. Executing one notebook is left to `notebook`,
the swap of the link to `publish`.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from filelock import FileLock, Timeout

from analysis.foundation import errors
from analysis.foundation.errors import DesignError, InputError, StepFailed, TouchstoneError
from analysis.foundation.provenance import canonical_json, fingerprint, write_atomically
from analysis.runner.documents import write_documents
from analysis.runner.manifest import (
    StepStatus,
    fingerprints,
    read_manifest,
    read_status,
    visible_files,
    write_manifest,
    write_status,
)
from analysis.runner.notebook import (
    INTERRUPTED,
    TIME_OUT_SECONDS,
    Kernel,
    Verdict,
    check_parameter,
    clean_environment,
    execute,
    nursery,
    without_traces,
)
from analysis.runner.opening import RUN_FOLDER, hand_over, prepare_study, said_before_running
from analysis.runner.progress import Progress, Quiet
from analysis.runner.publish import Place
from analysis.runner.reading import READS_FILE, Reads, read_noted
from analysis.runner.renewing import index_stands, list_reports, publish_as_it_stands
from analysis.runner.results import RESULTS, part_path, read_part, why_skipped
from analysis.runner.same_run import decided_before, is_finished, notebooks_of, run_id
from analysis.runner.sharing import note_tables
from analysis.runner.steps import CLOSES, Step, cannot_follow, needs_of, ways_to_the_end
from analysis.runner.study import Study

if TYPE_CHECKING:
    from analysis.runner.kernels import Nursery
    from analysis.runner.outputs import Ahead
    from analysis.runner.params import StudyParams
    from analysis.runner.printing import Press

MOST_AT_ONCE = 4
"""Notebooks that run side by side where nothing is said and there are as many processors: each takes memory."""
MEMORY_SHARE = 0.7
"""Share of the machine's memory that the engines of the notebooks under way may use together."""

SCRATCH = ".scratch"
"""Where kernels put temporary files and what does not fit into memory: beside the report, not on a small `/tmp`."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


SAME_HASHES = {"PYTHONHASHSEED": "0"}


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
    with prepare_study(params, data=data, home=home, out=out) as study:
        place = Place.of(out or study.params.reports / study.name)
        before = decided_before(study, place)
        study.check() if before is None else study.take_over(before)
        clock.lap("tables")
        place.check()
        notebooks = notebooks_of(study.decision)
        run = run_id(study, notebooks)
        check_notebooks(notebooks, place, run)
        for line in said_before_running(study):
            progress.say(line)
        place.runs.mkdir(parents=True, exist_ok=True)
        with _alone(place, progress), ExitStack() as held:
            folder = place.run_folder(run)
            reused = read_manifest(folder) is not None  # and whole, as its place has found it
            if reused:
                steps = read_status(folder)
                for name in steps:
                    progress.end(name, "kept", 0.0)
            else:
                running = _Running(study, run, folder, place, notebooks, progress)
                running.time_out, running.at_once = time_out or TIME_OUT_SECONDS, jobs or processors()
                ahead = running.work(memory, held)
                clock.lap("notebooks")
                close_report(study, run, running.steps, clock, progress, ahead)
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


def processors() -> int:
    """How many notebooks run side by side where nothing is said: one a processor, at least two, at most four."""
    return max(2, min(there(), MOST_AT_ONCE))


def there() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


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


class _Running:
    """One run under way, in its folder."""

    def __init__(
        self,
        study: Study,
        run: str,
        folder: Path,
        place: Place,
        notebooks: Mapping[str, Path],
        progress: Progress,
    ) -> None:
        self.study, self.run, self.folder = study, run, folder
        self.notebooks, self.progress = notebooks, progress
        self.time_out, self.at_once = TIME_OUT_SECONDS, processors()
        self.kernels: dict[str, Kernel] = {}
        self.nursery: Nursery | None = None
        self.stopped = threading.Event()
        self.memory, self.threads = "", 1
        self.steps = {name: one for name, one in read_status(folder).items() if one.stands(folder)}
        study.folder = folder
        from analysis.runner.keeping import Keeping  # here: a rerun that changes nothing closes and counts nothing

        self.keeping = Keeping(study, place.runs, {name: fingerprint(path) for name, path in notebooks.items()})

    def work(self, memory: float, held: ExitStack) -> Ahead | None:
        """Execute the steps that are not done yet, merge what they found, and make beside the last what needs them not.

        Returns
        -------
        Ahead or None
            What was made; its press is stopped with `held`.
        """
        study, folder = self.study, self.folder
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "params.json", canonical_json(study.params.canonical()))
        self.threads = max(there() // self.at_once, 1)
        self.memory = f"{int(psutil.virtual_memory().total * memory / self.at_once / 2**20)}MiB"
        hand_over(study, self.memory, self.threads)
        for name in self.steps:
            self.progress.end(name, "kept", 0.0)
        self.status("running")
        steps = study.decision.run
        closes = (CLOSES,) if study.values.close.rehearsal else ()
        took = self.keeping.seconds()
        self.ways = ways_to_the_end((*closes, *steps), took)
        left = [one for one in (*closes, *steps) if one.name not in self.steps]
        self.progress.expect({one.name: took.get(one.name, one.seconds) for one in left}, self.at_once)
        if len([step for step in steps if step.name not in self.steps]) > 1:
            self.nursery = nursery(clean_environment({**ONE_THREAD, **SAME_HASHES}))
        _ = study.base
        study.close()  # the notebooks open the tables themselves; nothing is asked of them here any more
        try:
            self.execute([*closes, *(step for step in steps if step.call is not None)])
            write_atomically(folder / RESULTS, canonical_json(study.merge()))
            from analysis.runner.printing import press  # here: a rerun that changes nothing prints nothing

            printer, coming = held.enter_context(press()), [step for step in steps if step.call is None]
            with ThreadPoolExecutor(1) as beside:
                made = beside.submit(self.make_ahead, self.done(), coming, printer)
                self.execute(coming)
                return made.result()
        except KeyboardInterrupt:
            self.status("interrupted")
            raise
        except TouchstoneError:
            self.status("failed")
            raise
        finally:
            if self.nursery is not None:
                self.nursery.close()
            shutil.rmtree(folder / SCRATCH, ignore_errors=True)

    def make_ahead(self, done: Sequence[Step], coming: Sequence[Step], printer: Press) -> Ahead | None:
        """Make the documents and pages that need nothing of the steps to come."""
        from analysis.runner.outputs import write_ahead

        write_documents(self.study, self.run, done)
        if self.stopped.is_set():
            return None
        names = {step.name for step in (*done, *coming)}
        steps = [step for step in self.study.decision.run if step.name in names]
        return write_ahead(self.study, self.run, steps, coming, printer)

    def execute(self, steps: Sequence[Step]) -> None:
        """Execute notebooks, those that need nothing of each other side by side.

        Raises
        ------
        StepFailed, DesignError
            When all that could run has run, if any failed.
        """
        waiting = sorted((step for step in steps if step.name not in self.steps), key=lambda one: -self.ways[one.name])
        under_way: dict[Future[Verdict], Step] = {}
        with ThreadPoolExecutor(self.at_once) as pool:
            try:
                while waiting or under_way:
                    busy = {step.name for step in (*waiting, *under_way.values())}
                    ready = next((one for one in waiting if not busy & needs_of(one)), None)
                    if ready is not None and len(under_way) < self.at_once:
                        waiting.remove(ready)
                        if self.may_follow(ready) and not self.taken_over(ready):
                            under_way[pool.submit(self.closed if ready is CLOSES else self.one, ready)] = ready
                        continue
                    over, _ = wait(under_way, timeout=0.5, return_when=FIRST_COMPLETED)
                    for future in over:
                        self.settle(under_way.pop(future), future.result())
            except BaseException:
                self.stopped.set()
                for kernel in self.kernels.values():
                    kernel.stop(INTERRUPTED)
                pool.shutdown(cancel_futures=True)
                raise
        failed = {name: step for name, step in self.steps.items() if step.state == "failed"}
        if failed:
            raise self.failure(failed)

    def may_follow(self, step: Step) -> bool:
        """Whether the steps it reads are done; one whose source was left out is left out as well."""
        if any(self.state(name) == "skipped" for name in step.reads):
            self.study.leave_out(step, cannot_follow(step))
            self.settle(step, Verdict("skipped", 0.0))
        return all(self.state(name) == "done" for name in step.reads)

    def taken_over(self, step: Step) -> bool:
        """Whether an earlier run found what this step would find; it then stands as that run left it."""
        begun = self.study.ledger_folder if step is CLOSES else None
        found = self.keeping.take_over(step.name, instead_of=begun)
        if found is None:
            return False
        self.steps[step.name] = found
        self.progress.end(step.name, "kept", 0.0)
        if found.state == "skipped":
            self.progress.say(f"{step.name} is left out: {why_skipped(read_part(self.folder, step.name))}")
        self.status("running")
        return True

    def closed(self, step: Step) -> Verdict:
        """Close the months of a rehearsal, in a thread of its own."""
        from analysis.runner.rehearsal import rehearse

        self.progress.begin(step.name)
        begun = time.monotonic()
        study, noted = self.study, self.scratch(step) / "reads.json"
        memory, threads = self.memory, self.threads
        with Study(
            study.params, study.prepared, self.folder, memory_limit=memory, threads=threads, reads=Reads(noted)
        ) as asked:
            held = rehearse(asked, study.ledger_folder, at_once=1, stopped=self.stopped.is_set)
        self.progress.say(f"{len(held.months)} months closed in order, each as it was known then.")
        return Verdict("interrupted" if self.stopped.is_set() else "done", time.monotonic() - begun)

    def scratch(self, step: Step) -> Path:
        """Where a step may write while it runs."""
        here = self.folder / SCRATCH / step.name
        here.mkdir(parents=True, exist_ok=True)
        return here

    def one(self, step: Step) -> Verdict:
        """Execute one notebook. Runs in a thread of its own."""
        output = self.output(step)
        part = part_path(self.folder, step.name)
        output.unlink(missing_ok=True)
        part.unlink(missing_ok=True)
        here = self.scratch(step)
        (here / "reads.json").unlink(missing_ok=True)
        kernel = Kernel(
            {
                **ONE_THREAD,
                RUN_FOLDER: str(self.folder),
                READS_FILE: str(here / "reads.json"),
                **SAME_HASHES,
                "IPYTHONDIR": str(here / "ipython"),
                **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(here)),
            },
            self.nursery,
        )
        self.kernels[step.name] = kernel
        self.progress.begin(step.name)
        return execute(
            self.notebooks[step.name],
            output,
            params=self.study.params.name,
            folder=self.study.params.home,
            kernel=kernel,
            part=part if step.call is not None else None,
            time_out=self.time_out,
        )

    def settle(self, step: Step, verdict: Verdict) -> None:
        """Put down how a step ended."""
        output, part = self.output(step), part_path(self.folder, step.name)
        state, files = verdict.state, list[Path]()
        reason = why_skipped(read_part(self.folder, step.name))
        reads = read_noted(self.scratch(step) / "reads.json")
        if step is CLOSES:
            files = visible_files(self.study.ledger_folder)
        elif state == "done":
            without_traces(output)
            files = [output, *([part] if step.call is not None else [])]
        elif state == "skipped" or (_is_of(verdict.error, DesignError) and reason is not None):
            output.unlink(missing_ok=True)
            state, files = "skipped", [part]
        self.steps[step.name] = StepStatus(
            state=state,
            seconds=verdict.seconds,
            files=fingerprints(self.folder, files),
            cell=verdict.cell if state == "failed" else None,
            error=verdict.error if state == "failed" else None,
            message=verdict.message if state == "failed" else None,
            reads=reads,
            identity=self.keeping.identity(step.name, reads) if state in ("done", "skipped") else None,
        )
        self.progress.end(step.name, state, verdict.seconds)
        if state == "skipped":
            self.progress.say(f"{step.name} is left out: {reason}")
        self.status("running")

    def failure(self, failed: Mapping[str, StepStatus]) -> TouchstoneError:
        """What is told when steps failed: which, where, why, and where to look."""
        lines = []
        for name, step in failed.items():
            where = f" in cell [{step.cell}]" if step.cell is not None else ""
            why = step.message if step.message is not None else f"{step.error}; see the executed notebook."
            lines.append(f"`{name}` failed{where}: {why}")
        lines.append(f"The last report stands. What was done so far is in {self.folder}; a rerun goes on from there.")
        at_fault = all(_is_of(step.error, InputError, DesignError) for step in failed.values())
        return (DesignError if at_fault else StepFailed)("\n".join(lines))

    def done(self) -> list[Step]:
        """The steps that were executed to the end so far."""
        return [step for step in self.study.decision.run if self.state(step.name) == "done"]

    def state(self, name: str) -> str | None:
        return self.steps[name].state if name in self.steps else None

    def output(self, step: Step) -> Path:
        return self.folder / "notebooks" / f"{step.name}.ipynb"

    def status(self, state: str) -> None:
        write_status(self.folder, state, self.study.name, self.run, self.steps)


def close_report(
    study: Study,
    run: str,
    steps: Mapping[str, StepStatus],
    clock: _Clock,
    progress: Progress | None = None,
    ahead: Ahead | None = None,
) -> None:
    """Make documents and pages of what was executed, and seal the folder with its manifest, which comes last."""
    folder = study.folder
    done = [step for step in study.decision.run if steps[step.name].state == "done"]
    from analysis.runner.outputs import stamped, write_outputs  # here: a rerun that changes nothing draws nothing

    steps = stamped(study, run, steps)
    write_outputs(study, run, done, (progress or Quiet()).say, ahead)
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


def _is_of(name: str | None, *families: type[TouchstoneError]) -> bool:
    kind = getattr(errors, name or "", None)
    return isinstance(kind, type) and issubclass(kind, families)
