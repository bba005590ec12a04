"""What does `touchstone prove` do? Companies lived through, records kept, the page and its picture written.

Or the page alone, of records made before: those of one study may be older than those of another, as long as the page
says of which code they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import write_atomically
from analysis.runner.progress import Progress
from analysis.runner.proving.hazards import HAZARDS, IN_ARRAYS_ONLY, Hazard, hazard_named
from analysis.runner.proving.page import PICTURE, page
from analysis.runner.proving.picture import picture, svg
from analysis.runner.proving.proof import Made, Proof, proof_of
from analysis.runner.proving.records import Asked
from analysis.runner.proving.running import AT_ONCE, Task, found_in, gathered, run_tasks, size_of, tasks_of
from analysis.runner.proving.sources import code_of_the_proof

OUT = Path("reports") / ".proving"
PAGE = "validation.md"
ROADS_TRIED, GAPS_TRIED = 5, 20
"""In so many companies of a hazard the second roads are tried, and the whole company is made for the gap of users."""
FILES_AT_ONCE, LIGHT_AT_ONCE = 2, 250
"""Companies a task that go through files, and series or experiments."""
LIGHT = ("change_log", "ab_randomised")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What came out, and where it is told."""

    proof: Proof
    page: Path
    records: tuple[Path, ...]

    def to_dict(self) -> dict[str, Any]:
        proof = self.proof
        told = {"judged": proof.judged, "missed": list(proof.misses), "hazards": list(proof.hazards)}
        return {**told, "page": str(self.page), "records": [str(folder) for folder in self.records]}

    def __str__(self) -> str:
        missed = "".join(f"\n  missed: {name}" for name in self.proof.misses)
        held = self.proof.judged - len(self.proof.misses)
        return f"{held:,} of {self.proof.judged:,} limits held.{missed}\nPage: {self.page}"


def prove_study(
    *,
    worlds: int = 1_000,
    hazards: Sequence[str] = (),
    out: Path = OUT,
    pages: Path | None = None,
    jobs: int = 2,
    through_files: int = 0,
    customers: int | None = None,
    records: Sequence[Path] = (),
    progress: Progress,
) -> Proved:
    """Run the proof, or go on with one that was broken off, and write its page.

    Parameters
    ----------
    worlds : int
        Companies of each hazard, in arrays.
    hazards : sequence of str
        All of them where empty.
    out : Path
        Folder of the records, in it one for the code of each design.
    pages : Path, optional
        Folder of the page; `out` where none is given.
    jobs : int
        Processes.
    through_files : int
        Companies of each hazard that go through files as well.
    customers : int, optional
        Customers of each company; as many as its design is judged at unless given.
    records : sequence of Path
        Folders of records made before, of whatever code. The page is made of them, and no company is lived through.
    progress : Progress

    Raises
    ------
    UnknownName
        If there is no such hazard.
    InputError
        If a number cannot be used.
    """
    _check(worlds=worlds, jobs=jobs, **({} if customers is None else {"customers": customers}))
    chosen = [hazard_named(name) for name in dict.fromkeys(hazards)] or list(HAZARDS.values())
    chosen.sort(key=lambda hazard: hazard.number)
    if records:
        tasks = found_in(records, chosen, customers)
        if not any(not task.asked.files for task in tasks):
            raise InputError([_no_records(records)])
    else:
        tasks = [
            *_tasks(chosen, worlds, customers, out),
            *_tasks(
                [one for one in chosen if one.design not in IN_ARRAYS_ONLY], through_files, customers, out, files=True
            ),
        ]
        run_tasks(tasks, jobs=jobs, progress=progress)
    slow = [task for task in tasks if task.asked.files]
    fast = [task for task in tasks if not task.asked.files]
    proof = proof_of(gathered(fast), gathered(slow) if slow else None, _made(tasks))
    folder = pages or out
    if proof.of("before_after"):
        write_atomically(folder / PICTURE, svg(picture(proof)))
    write_atomically(folder / PAGE, page(proof).encode())
    return Proved(proof=proof, page=folder / PAGE, records=tuple(dict.fromkeys(task.folder for task in tasks)))


def _tasks(
    hazards: Sequence[Hazard], worlds: int, customers: int | None, out: Path, *, files: bool = False
) -> list[Task]:
    """The tasks of some hazards, a few companies of each first, whatever its design."""
    found = []
    for hazard in hazards:
        asked = Asked(customers=size_of(hazard, customers), roads=ROADS_TRIED, gaps=GAPS_TRIED, files=files)
        folder = out / f"{hazard.design}-{code_of_the_proof(hazard.design, files=files)}"
        at_once = FILES_AT_ONCE if files else LIGHT_AT_ONCE if hazard.design in LIGHT else AT_ONCE
        found += tasks_of([hazard], worlds, asked, folder, at_once=at_once)
    return sorted(found, key=lambda task: task.first - HAZARDS[task.hazard].first_seed)


def _made(tasks: Sequence[Task]) -> tuple[Made, ...]:
    """Of which code the records of each design are, and whether it is the present one."""
    found = {}
    for task in tasks:
        design, files = HAZARDS[task.hazard].design, task.asked.files
        code = task.folder.name.removeprefix(f"{design}-")
        if task.done and (design, files, code) not in found:
            present = code == code_of_the_proof(design, files=files)
            found[design, files, code] = Made(design=design, files=files, code=code, present=present)
    return tuple(found[key] for key in sorted(found))


def _no_records(folders: Sequence[Path]) -> Fault:
    return Fault(
        where="records",
        what=f"no companies of the size asked for have records in {', '.join(map(str, folders))}",
        remedy="Name the folder that holds the files `...effects.parquet` itself.",
        rule="missing",
    )


def _check(**numbers: int) -> None:
    faults = [
        Fault(
            where=name,
            what=f"is {number}, and a proof needs at least one",
            remedy="Give a whole number above zero.",
            rule="too_small",
        )
        for name, number in numbers.items()
        if number < 1
    ]
    if faults:
        raise InputError(faults)
