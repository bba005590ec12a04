"""Where do the parts of the page lie, and when may one take the place of another? A file a design, beside the page.

Companies take hours, and their records are kept nowhere for good; the parts are small and are kept with the page. A
proof replaces an entry as a whole. One with fewer companies than are told already is refused unless it is wanted so:
a try with fifty companies must not take the place of a night's proof of a thousand.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from pydantic import ValidationError

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.provenance import canonical_json, write_atomically
from analysis.runner.proving.hazards import HAZARDS, Design
from analysis.runner.proving.page_words import SECTIONS
from analysis.runner.proving.parts import ROADS, Entry, Made, Part
from analysis.runner.proving.running import Task

FOLDER = "validation"
"""Beside the page."""
SHOWN = 3
"""So many kinds of companies are named where there are too few."""
Has = Mapping[tuple[Design, bool], Mapping[str, tuple[int, int | None]]]
"""By design, and whether through files: how many companies of each hazard a proof has, and of how many customers each,
None where that is known only when they have been lived through."""


def kept_in(folder: Path) -> tuple[Part, ...]:
    """The parts that lie in a folder, in the order of the page; none where there is no such folder.

    Raises
    ------
    InputError
        If a file is no part, or that of another design. All faults at once.
    """
    found: dict[str, Part] = {}
    faults: list[Fault] = []
    for path in sorted(folder.glob("*.json")):
        try:
            found[path.stem] = _read(path)
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    return tuple(found[design] for design in SECTIONS if design in found)


def keep(parts: Iterable[Part], folder: Path) -> None:
    """Write each part into a file of its own: keys in order, a line of the page a line, no clock."""
    for part in parts:
        write_atomically(_path(folder, part.design), canonical_json(part.model_dump(mode="json")))


def ahead_of(tasks: Iterable[Task]) -> Has:
    """What a proof will have that does all of these tasks; a company in two of them counts once."""
    seeds: dict[tuple[Design, bool], dict[str, set[int]]] = {}
    for task in tasks:
        found = seeds.setdefault((HAZARDS[task.hazard].design, task.asked.files), {})
        found.setdefault(task.hazard, set()).update(range(task.first, task.last + 1))
    return {road: {hazard: (len(one), None) for hazard, one in found.items()} for road, found in seeds.items()}


def held_by(parts: Iterable[Part]) -> Has:
    """What parts tell of."""
    return {
        (part.design, files): {made.name: (made.number, made.customers) for made in entry.companies}
        for part in parts
        for files in ROADS
        for entry in [part.on(files)]
        if entry is not None
    }


def refuse_fewer(kept: Iterable[Part], proof: Has, folder: Path) -> None:
    """Stop a proof that would replace an entry by one of fewer, or smaller, companies of any kind.

    Raises
    ------
    InputError
        With what is there and what the proof has, a fault an entry.
    """
    faults = []
    for part in kept:
        for files in ROADS:
            there, new = part.on(files), proof.get((part.design, files))
            if there is not None and new is not None:
                faults += _fewer(there, new, _path(folder, part.design), "through files" if files else "in arrays")
    if faults:
        raise InputError(faults)


def _fewer(there: Entry, new: Mapping[str, tuple[int, int | None]], path: Path, road: str) -> list[Fault]:
    short = [told for made in there.companies if (told := _short(made, *new.get(made.name, (0, None))))]
    if not short:
        return []
    more = f" and {len(short) - SHOWN} kinds more" if len(short) > SHOWN else ""
    has, of = sum(number for number, _ in new.values()), len(new)
    return [
        Fault(
            where=str(path),
            what=f"tells of {sum(made.number for made in there.companies):,} companies of {len(there.companies)} kinds "
            f"{road}, and this proof has {has:,} of {of}: {', '.join(short[:SHOWN])}{more}",
            remedy="Prove the whole design in at least as many, or leave `--page` out and let a page of its own lie "
            "beside the records, or replace the part all the same with `--fewer`.",
            rule="fewer",
        )
    ]


def _short(made: Made, number: int, customers: int | None) -> str:
    """In words, by how much a proof has less of a kind of companies; nothing where it has not."""
    if customers is not None and customers < made.customers:
        return f"`{made.name}` {number:,} of {customers:,} customers instead of {made.number:,} of {made.customers:,}"
    return f"`{made.name}` {number:,} instead of {made.number:,}" if number < made.number else ""


def _path(folder: Path, design: Design) -> Path:
    return folder / f"{design}.json"


def _read(path: Path) -> Part:
    if path.stem not in SECTIONS:
        raise InputError(
            Fault(
                where=str(path),
                what="is named after no design that is proved",
                remedy=f"Move it elsewhere. There are: {', '.join(f'{design}.json' for design in SECTIONS)}.",
                rule="unknown_name",
            )
        )
    try:
        part = Part.model_validate_json(path.read_bytes())
    except ValidationError as error:
        told = error.errors(include_url=False)
        first = told[0]
        place = ".".join(map(str, first["loc"]))
        raise InputError(_unreadable(path, f"{place}: {first['msg']}" if place else first["msg"])) from None
    if part.design != path.stem:
        raise InputError(_unreadable(path, f"it tells of `{part.design}`"))
    return part


def _unreadable(path: Path, why: str) -> Fault:
    return Fault(
        where=str(path),
        what=f"is no part of the page of this design ({why})",
        remedy=f"Take it back from version control, or delete it and prove the design anew: {path.stem}.",
        rule="unreadable",
    )
