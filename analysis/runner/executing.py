"""In which order do the steps of a run come to be executed, and where? Those that wait for nothing, side by side.

Each notebook gets a kernel of its own, in a clean environment; a step that an earlier run has done is taken over from
it (`keeping`). How it ended is put down after every step, so that a rerun goes on from there. Executing one notebook is
left to `notebook`, what is made of the executed ones to `outputs`, the report as a whole to `run`.
"""

from __future__ import annotations

import gc
import os
import shutil
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from analysis.foundation import errors
from analysis.foundation.errors import DesignError, InputError, StepFailed, TouchstoneError
from analysis.foundation.provenance import canonical_json, fingerprint, write_atomically
from analysis.runner.documents import CASE, write_documents
from analysis.runner.handing import Handing
from analysis.runner.manifest import StepStatus, fingerprints, read_manifest, read_status, visible_files, write_status
from analysis.runner.notebook import (
    INTERRUPTED,
    TIME_OUT_SECONDS,
    Kernel,
    Verdict,
    clean_environment,
    execute,
    stamp_of,
    without_traces,
)
from analysis.runner.opening import RUN_FOLDER, hand_over
from analysis.runner.progress import Progress
from analysis.runner.publish import Place
from analysis.runner.reading import READS_FILE, Reads, read_noted
from analysis.runner.results import PARAMS, RESULTS, part_path, read_part, why_skipped
from analysis.runner.steps import CLOSES, Step, cannot_follow, needs_of, ways_to_the_end
from analysis.runner.study import Study

if TYPE_CHECKING:
    from analysis.runner.kernels import Nursery
    from analysis.runner.outputs import Beside

MOST_AT_ONCE = 4
"""Notebooks that run side by side where nothing is said and there are as many processors: each takes memory."""
MEMORY_SHARE = 0.7
"""Share of the machine's memory that the engines of the notebooks under way may use together."""

SCRATCH = ".scratch"
"""Where kernels put temporary files and what does not fit into memory: beside the report, not on a small `/tmp`."""

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


SAME_HASHES = {"PYTHONHASHSEED": "0"}


def processors() -> int:
    """How many notebooks run side by side where nothing is said: one a processor, at least two, at most four."""
    return max(2, min(there(), MOST_AT_ONCE))


def there() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 2


_MAKERS = ("page", "summary", "tidy", "workbook", "deck")
"""Rooms of `analysis.reporting` that what readers get is made with."""


class Kernels:
    """Where kernels come from: a process begun as soon as it is known that there is work; it ends with its holder."""

    def __init__(self, held: ExitStack) -> None:
        self.nursery: Nursery | None = None
        held.callback(self.close)

    def begin(self) -> None:
        """Begin it, unless it was begun before."""
        from analysis.runner.kernels import nursery  # here: a rerun that changes nothing starts no kernel

        self.nursery = self.nursery or nursery(clean_environment({**ONE_THREAD, **SAME_HASHES}))

    def close(self) -> None:
        """End it, and with it the kernels that still run."""
        if self.nursery is not None:
            self.nursery.close()
            self.nursery = None


class Execution:
    """One run under way, in its folder."""

    def __init__(
        self,
        study: Study,
        run: str,
        folder: Path,
        place: Place,
        notebooks: Mapping[str, Path],
        progress: Progress,
        source: Kernels,
    ) -> None:
        self.source = source
        self.study, self.run, self.folder = study, run, folder
        self.notebooks, self.progress = notebooks, progress
        self.time_out, self.at_once = TIME_OUT_SECONDS, processors()
        self.kernels: dict[str, Kernel] = {}
        self.stopped = threading.Event()
        self.memory, self.threads = "", 1
        self.handing = Handing()
        self.steps = {name: one for name, one in read_status(folder).items() if one.stands(folder)}
        study.folder = folder
        from analysis.runner.keeping import Keeping  # here: a rerun that changes nothing closes and counts nothing

        self.keeping = Keeping(study, place.runs, {name: fingerprint(path) for name, path in notebooks.items()})

    def work(self, memory: float, held: ExitStack) -> Beside:
        """Execute the steps that are not done yet, merge what they found, and make beside the last what needs them not.

        Returns
        -------
        Beside
            What was begun; it ends with `held`.
        """
        study, folder = self.study, self.folder
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / PARAMS, canonical_json(study.params.canonical()))
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
            self.source.begin()
        threading.Thread(target=_read_makers, daemon=True).start()
        _ = study.base
        study.close()  # the notebooks open the tables themselves; nothing is asked of them here any more
        gc.freeze()  # what is there by now stays for as long as the run does: no need to look for cycles in it
        held.callback(gc.unfreeze)
        try:
            self.execute([*closes, *(step for step in steps if step.call is not None)])
            write_atomically(folder / RESULTS, canonical_json(study.merge()))
            coming = [step for step in steps if step.call is None]
            beside = self.begin_beside(coming, held)
            self.execute(coming)
            return beside
        finally:
            self.source.close()
            shutil.rmtree(folder / SCRATCH, ignore_errors=True)

    @contextmanager
    def told_how_it_ends(self) -> Iterator[None]:
        """What ends within this block before it should is put down: stopped by a person, or failed.

        A report that is sealed by then is whole, and is not written to.
        """
        try:
            yield
        except BaseException as error:
            if read_manifest(self.folder) is None:
                with suppress(OSError):
                    self.status("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
            raise

    def begin_beside(self, coming: Sequence[Step], held: ExitStack) -> Beside:
        """Begin what needs nothing of the steps to come: the press, pages, then documents. It ends with its holder."""
        from analysis.runner.outputs import Beside, write_ahead  # here: a rerun that changes nothing makes nothing
        from analysis.runner.printing import press

        study, done = self.study, self.done()
        names = {step.name for step in (*done, *coming)}
        steps = [step for step in study.decision.run if step.name in names]
        printer, pool = held.enter_context(press()), ThreadPoolExecutor(1)
        held.callback(pool.shutdown, cancel_futures=True)
        return Beside(
            printer,
            tuple(step.name for step in steps),
            pages=pool.submit(write_ahead, study, self.run, steps, coming, printer),
            documents=pool.submit(write_documents, study, self.run, done, self.handing.take(self.scratch_of(CASE))),
        )

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
        here = self.scratch_of(step.name)
        here.mkdir(parents=True, exist_ok=True)
        return here

    def scratch_of(self, name: str) -> Path:
        return self.folder / SCRATCH / name

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
                **self.handing.environment(here),
                **SAME_HASHES,
                "IPYTHONDIR": str(here / "ipython"),
                **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(here)),
            },
            self.source.nursery,
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
            without_traces(output, stamp_of(self.study.name, self.run))
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


def _is_of(name: str | None, *families: type[TouchstoneError]) -> bool:
    kind = getattr(errors, name or "", None)
    return isinstance(kind, type) and issubclass(kind, families)


def _read_makers() -> None:
    """Import what pages and documents are made with, while notebooks are executed: they come when nothing else does.

    What cannot be imported is told where it is needed.
    """
    for name in _MAKERS:
        with suppress(Exception):
            import_module(f"analysis.reporting.{name}")
