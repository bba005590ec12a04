"""What does `touchstone prove` do? Companies lived through, records kept, the page and its picture written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import write_atomically
from analysis.runner.progress import Progress
from analysis.runner.proving.hazards import HAZARDS, hazard_named
from analysis.runner.proving.page import PICTURE, page
from analysis.runner.proving.picture import picture, svg
from analysis.runner.proving.proof import Proof, proof_of
from analysis.runner.proving.running import code_of_the_proof, gathered, run_tasks, tasks_of
from analysis.runner.proving.worlds import Asked

OUT = Path("reports") / ".proving"
PAGE = "validation.md"
ROADS_TRIED, GAPS_TRIED = 5, 20
"""In so many companies of a hazard the second roads are tried, and the whole company is made for the gap of users."""
FILES_AT_ONCE = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """What came out, and where it is told."""

    proof: Proof
    page: Path
    records: Path

    def to_dict(self) -> dict[str, Any]:
        proof = self.proof
        told = {"judged": proof.judged, "missed": list(proof.misses), "hazards": list(proof.hazards)}
        return {**told, "page": str(self.page), "records": str(self.records)}

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
    customers: int = 40_000,
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
        Folder of the records, by the code that made them.
    pages : Path, optional
        Folder of the page; `out` where none is given.
    jobs : int
        Processes.
    through_files : int
        Companies of each hazard that go through files as well.
    customers : int
        Customers of each company.
    progress : Progress

    Raises
    ------
    UnknownName
        If there is no such hazard.
    InputError
        If a number cannot be used.
    """
    _check(worlds=worlds, jobs=jobs, customers=customers)
    chosen = [hazard_named(name) for name in dict.fromkeys(hazards)] or list(HAZARDS.values())
    chosen.sort(key=lambda hazard: hazard.number)
    records = out / code_of_the_proof()
    asked = Asked(customers=customers, roads=ROADS_TRIED, gaps=GAPS_TRIED)
    tasks = tasks_of(chosen, worlds, asked, records)
    slow = tasks_of(chosen, through_files, replace(asked, files=True), records, at_once=FILES_AT_ONCE)
    run_tasks([*tasks, *slow], jobs=jobs, progress=progress)
    proof = proof_of(gathered(tasks), gathered(slow) if slow else None)
    folder = pages or out
    write_atomically(folder / PICTURE, svg(picture(proof)))
    write_atomically(folder / PAGE, page(proof).encode())
    return Proved(proof=proof, page=folder / PAGE, records=records)


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
