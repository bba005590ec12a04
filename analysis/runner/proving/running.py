"""How are thousands of companies lived through on a small machine, and a broken-off proof gone on with?

Companies are made in processes, a few dozen a task; each task's records are written when it is done, under the folder
of the code that made them, so that a rerun does what is missing and nothing else, and records of other code are not
mixed in unless they are asked for. The processes end with the one that started them, however it ends. What happens in
a company is left to the rooms of the designs, what the folder is called to `sources`.
"""

from __future__ import annotations

import os
import re
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pandas as pd

from analysis.foundation.errors import Fault, InputError
from analysis.runner.progress import Progress
from analysis.runner.proving.designs import proved_worlds
from analysis.runner.proving.hazards import HAZARDS, SIZES, Hazard
from analysis.runner.proving.records import Asked, Records

AT_ONCE = 20
"""Companies a task."""
_STEM = re.compile(r"(?P<hazard>\w+)-(?P<road>arrays|files)-(?P<customers>\d+)-(?P<first>\d+)-(?P<last>\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Some companies of one hazard, and where their records go."""

    hazard: str
    first: int
    last: int
    asked: Asked
    folder: Path

    @property
    def stem(self) -> str:
        road = "files" if self.asked.files else "arrays"
        return f"{self.hazard}-{road}-{self.asked.customers}-{self.first:07d}-{self.last:07d}"

    def paths(self) -> dict[str, Path]:
        """The file of each kind of record; the first is written last, and says that the task is done."""
        return {name: self.folder / f"{self.stem}.{name}.parquet" for name in Records.NAMES}

    @property
    def done(self) -> bool:
        return self.paths()["effects"].is_file()


def tasks_of(
    hazards: Sequence[Hazard], worlds: int, asked: Asked, folder: Path, *, at_once: int = AT_ONCE
) -> list[Task]:
    """The tasks of so many companies of each hazard; the second roads are tried in the first task of each.

    Examples
    --------
    >>> tasks = tasks_of([HAZARDS["none"]], 50, Asked(customers=1_000), Path("out"))
    >>> [task.last - task.first + 1 for task in tasks]
    [20, 20, 10]
    """
    found = []
    for start in range(0, worlds, at_once):
        for hazard in hazards:
            first = hazard.first_seed + start
            last = hazard.first_seed + min(start + at_once, worlds) - 1
            found.append(Task(hazard=hazard.name, first=first, last=last, asked=asked, folder=folder))
    return found


def run_tasks(
    tasks: Sequence[Task], *, jobs: int, progress: Progress, clock: Callable[[], float] = time.monotonic
) -> None:
    """Do what has not been done, in so many processes, and say how long it will still take."""
    missing = [task for task in tasks if not task.done]
    if len(missing) < len(tasks):
        progress.say(f"{len(tasks) - len(missing)} of {len(tasks)} parts are already done.")
    if not missing:
        return
    for folder in {task.folder for task in missing}:
        folder.mkdir(parents=True, exist_ok=True)
    begun, worlds = clock(), 0
    ahead = sum(task.last - task.first + 1 for task in missing)
    with closing(_each(missing, jobs)) as done:
        for task in done:
            worlds += task.last - task.first + 1
            left = (clock() - begun) / worlds * (ahead - worlds)
            progress.say(f"{worlds:,} of {ahead:,} companies; now {task.hazard}; {_in_words(left)} left")


def gathered(tasks: Iterable[Task]) -> Records:
    """The records of all tasks that are done, in the order of hazards and seeds; each company once.

    Hazards may have different numbers of companies, and tasks may overlap: those of a proof of fifty companies and of
    one of a thousand.

    Raises
    ------
    InputError
        If a file cannot be read, or lacks a column.
    """
    frames: dict[str, list[pd.DataFrame]] = {name: [] for name in Records.NAMES}
    order = {name: place for place, name in enumerate(HAZARDS)}
    reached: dict[tuple[str, Asked], int] = {}
    for task in sorted(tasks, key=lambda task: (order[task.hazard], task.first, -task.last)):
        last = reached.get((task.hazard, task.asked), -1)
        if task.done and task.last > last:
            reached[task.hazard, task.asked] = task.last
            for name, path in task.paths().items():
                found = _read(path, Records.COLUMNS[name])
                frames[name].append(found[found["seed"] > last] if task.first <= last else found)
    joined = {}
    for name, parts in frames.items():
        filled = [part for part in parts if len(part)] or parts[:1]
        joined[name] = pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=Records.COLUMNS[name])
    return Records(**joined)


def _read(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    """One file of records."""
    try:
        found = pd.read_parquet(path)
    except (OSError, ValueError) as error:  # Arrow's own errors are such
        raise InputError(_unreadable(path, type(error).__name__)) from None
    if lacking := [name for name in columns if name not in found]:
        raise InputError(_unreadable(path, f"it has no column {', '.join(lacking)}"))
    return found


def _unreadable(path: Path, why: str) -> Fault:
    return Fault(
        where=str(path),
        what=f"holds no records that can be read ({why})",
        remedy="Delete the files that begin like it and let `touchstone prove` make them again.",
        rule="unreadable",
    )


def found_in(folders: Iterable[Path], hazards: Iterable[Hazard], customers: int | None = None) -> list[Task]:
    """The tasks whose records lie in some folders, of companies of one size for each hazard, whatever code made them.

    Parameters
    ----------
    folders : iterable of Path
    hazards : iterable of Hazard
        Records of others are left alone.
    customers : int, optional
        Size of the companies; that of their design unless given.
    """
    sizes = {hazard.name: size_of(hazard, customers) for hazard in hazards}
    found = []
    for folder in folders:
        for path in sorted(folder.glob("*.effects.parquet")):
            named = _STEM.fullmatch(path.name.removesuffix(".effects.parquet"))
            if named and sizes.get(named["hazard"]) == int(named["customers"]):
                asked = Asked(customers=int(named["customers"]), files=named["road"] == "files")
                first, last = int(named["first"]), int(named["last"])
                found.append(Task(hazard=named["hazard"], first=first, last=last, asked=asked, folder=folder))
    return found


def size_of(hazard: Hazard, customers: int | None) -> int:
    """Customers of each company of a hazard: as many as are asked for, or as its design is judged at.

    Examples
    --------
    >>> size_of(HAZARDS["queue_none"], None), size_of(HAZARDS["queue_none"], 500), size_of(HAZARDS["series_24"], 500)
    (60000, 500, 1)
    """
    alone = hazard.design == "change_log"  # a series has no customers
    return SIZES[hazard.design] if customers is None or alone else customers


def _each(tasks: Sequence[Task], jobs: int) -> Generator[Task]:
    if jobs <= 1:
        for task in tasks:
            _do(task)
            yield task
        return
    context = get_context("spawn")
    told, alive = context.Pipe(duplex=False)
    pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_end_with, initargs=(told,))
    try:
        waiting = {pool.submit(_do, task): task for task in tasks}
        for future in as_completed(waiting):
            future.result()
            yield waiting[future]
    except BaseException:
        alive.close()  # the processes end now, not after their task
        raise
    finally:
        pool.shutdown(cancel_futures=True)
        for end in (alive, told):
            end.close()


def _end_with(told: Connection) -> None:
    """In a process of the pool: end at once when the other end of the pipe is closed.

    The one who started it holds that end. The system closes it whatever ends him, a signal that nothing can catch
    among them, so that no process is left behind. Ctrl-C reaches the whole group: he alone answers it.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)

    def watch() -> None:
        told.poll(None)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def _do(task: Task) -> None:
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        records = proved_worlds(HAZARDS[task.hazard], range(task.first, task.last + 1), task.asked)
    paths = task.paths()
    for name in reversed(Records.NAMES):
        staged = paths[name].with_suffix(".part")
        getattr(records, name).to_parquet(staged, index=False)
        staged.replace(paths[name])


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min" if seconds < 5_400 else f"about {seconds / 3600:.1f} h"
