"""What does `touchstone prove` do? Companies lived through, records kept, and the page renewed as far as they go.

The page is put together from parts, one a design, that are kept beside it: a proof of one design renews its part and
leaves the others as they are. Or the page alone, of records made before, or of the parts as they lie there: those of
one study may be older than those of another, as long as the page says of which code they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError, UnknownName
from analysis.foundation.provenance import write_atomically
from analysis.runner.progress import Progress
from analysis.runner.proving.designs import ROOMS
from analysis.runner.proving.hazards import HAZARDS, IN_ARRAYS_ONLY, Hazard, hazard_named
from analysis.runner.proving.page import PICTURE, judged_and_missed, page_of
from analysis.runner.proving.parts import ROADS, Part, entries, merged, parts_of
from analysis.runner.proving.parts_kept import FOLDER, ahead_of, held_by, keep, kept_in, refuse_fewer
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
    """What came out, and where it is told.

    Parameters
    ----------
    proof : Proof
        Of the records alone; of no company where the page was put together from parts that were there.
    parts : tuple of Part
        All that the page is made of.
    page : Path
    records : tuple of Path
        Folders.
    """

    proof: Proof
    parts: tuple[Part, ...]
    page: Path
    records: tuple[Path, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        proof = self.proof
        judged, missed = judged_and_missed(self.parts)
        told = {"judged": proof.judged, "missed": list(proof.misses), "hazards": list(proof.hazards)}
        whole = {"judged": judged, "missed": list(missed), "designs": [part.design for part in self.parts]}
        return {**told, "page": str(self.page), "on_the_page": whole, "records": [str(one) for one in self.records]}

    def __str__(self) -> str:
        judged, missed = judged_and_missed(self.parts)
        own = (
            "" if self.proof.judged == judged else f"{_held(self.proof.judged, self.proof.misses)}\nOn the whole page "
        )
        return f"{own if self.proof.judged else ''}{_held(judged, missed)}\nPage: {self.page}"


def _held(judged: int, missed: Sequence[str]) -> str:
    return f"{judged - len(missed):,} of {judged:,} limits held." + "".join(f"\n  missed: {name}" for name in missed)


def prove_study(
    *,
    worlds: int = 1_000,
    hazards: Sequence[str] = (),
    designs: Sequence[str] = (),
    out: Path = OUT,
    pages: Path | None = None,
    jobs: int = 2,
    through_files: int = 0,
    customers: int | None = None,
    records: Sequence[Path] = (),
    fewer: bool = False,
    progress: Progress,
) -> Proved:
    """Run the proof, or go on with one that was broken off, and write its page.

    Parameters
    ----------
    worlds : int
        Companies of each hazard, in arrays.
    hazards, designs : sequence of str
        These hazards, and all those of these designs; all there are where both are empty.
    out : Path
        Folder of the records, in it one for the code of each design.
    pages : Path, optional
        Folder of the page and of its parts: those of the designs that were proved are renewed, the others kept. Where
        none is given, a page of these companies alone is written into `out`.
    jobs : int
        Processes.
    through_files : int
        Companies of each hazard that go through files as well.
    customers : int, optional
        Customers of each company; as many as its design is judged at unless given.
    records : sequence of Path
        Folders of records made before, of whatever code. The page is made of them, and no company is lived through.
    fewer : bool
        Whether a part may be renewed by a proof of fewer companies than it tells of.
    progress : Progress

    Raises
    ------
    UnknownName
        If there is no such hazard, or design.
    InputError
        If a number cannot be used, a part cannot be read, or one would be renewed by fewer companies: before any
        company is lived through.
    """
    _check(worlds=worlds, jobs=jobs, **({} if customers is None else {"customers": customers}))
    chosen = hazards_chosen(hazards, designs)
    if records:
        tasks = found_in(records, chosen, customers)
        if not tasks:
            raise InputError([no_records(records)])
    else:
        tasks = [
            *_tasks(chosen, worlds, customers, out),
            *_tasks(
                [one for one in chosen if one.design not in IN_ARRAYS_ONLY], through_files, customers, out, files=True
            ),
        ]
    kept = kept_in(pages / FOLDER) if pages else ()
    if pages and not fewer:
        refuse_fewer(kept, ahead_of(tasks), pages / FOLDER)
    if not records:
        run_tasks(tasks, jobs=jobs, progress=progress)
    proof = _proof(tasks, kept)
    fresh = parts_of(proof)
    if pages and not fewer:
        refuse_fewer(kept, held_by(fresh), pages / FOLDER)
    parts, folder = merged(kept, fresh), pages or out
    if pages:
        renewed = {part.design for part in fresh}
        keep([part for part in parts if part.design in renewed], pages / FOLDER)
    if proof.of("before_after"):
        write_atomically(folder / PICTURE, svg(picture(proof)))
    write_atomically(folder / PAGE, page_of(parts).encode())
    folders = tuple(dict.fromkeys(task.folder for task in tasks))
    return Proved(proof=proof, parts=parts, page=folder / PAGE, records=folders)


def page_again(pages: Path) -> Proved:
    """The page put together anew from the parts that lie beside it; nothing is proved and no part is touched.

    Raises
    ------
    InputError
        If there is no part, or one cannot be read.
    """
    parts = kept_in(pages / FOLDER)
    if not parts:
        raise InputError([no_parts(pages / FOLDER)])
    write_atomically(pages / PAGE, page_of(parts).encode())
    return Proved(proof=proof_of(gathered(())), parts=parts, page=pages / PAGE)


def hazards_chosen(hazards: Sequence[str], designs: Sequence[str]) -> list[Hazard]:
    """The hazards asked for, in order."""
    for design in designs:
        if design not in ROOMS:
            raise UnknownName.of("design", design, ROOMS)
    names = {hazard_named(name).name for name in hazards}
    asked = [one for one in HAZARDS.values() if one.name in names or one.design in designs]
    return asked or list(HAZARDS.values())


def _proof(tasks: Sequence[Task], kept: Sequence[Part]) -> Proof:
    """What the records of these tasks come to, beside the entries that stay as they are."""
    slow = [task for task in tasks if task.asked.files]
    fast = [task for task in tasks if not task.asked.files]
    ahead = ahead_of(tasks)
    beside = {
        files: sum(entry.spread for design, entry in entries(kept, files).items() if (design, files) not in ahead)
        for files in ROADS
    }
    return proof_of(
        gathered(fast),
        gathered(slow) if slow else None,
        _made(tasks),
        beside=beside[False],
        beside_files=beside[True],
    )


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
    """Of which code the records of each design are."""
    found = set()
    for task in tasks:
        design, files = HAZARDS[task.hazard].design, task.asked.files
        if task.done:
            found.add((design, files, task.folder.name.removeprefix(f"{design}-")))
    return tuple(Made(design=design, files=files, code=code) for design, files, code in sorted(found))


def no_records(folders: Sequence[Path]) -> Fault:
    """What is said of folders that hold no records."""
    return Fault(
        where="records",
        what=f"no companies of the size asked for have records in {', '.join(map(str, folders))}",
        remedy="Name the folder that holds the files `...effects.parquet` itself.",
        rule="missing",
    )


def no_parts(folder: Path) -> Fault:
    """What is said of a folder that holds no part."""
    return Fault(
        where=str(folder),
        what="holds no part of the page",
        remedy="Name the folder in which the page lies with `--page`, or prove a design.",
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
