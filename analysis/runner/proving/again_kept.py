"""What does `touchstone prove --compare` do? Records of two codes are compared, and the page says what came of it.

The records of the later code are made as all are, by a proof of a few companies that has no page. What was found is
kept in the part of each design, beside the entry that it speaks for: that one stays as it is, and so do its numbers,
which are of the earlier code. How two records are compared is left to `again`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.runner.proving.again import compared, in_words
from analysis.runner.proving.command import hazards_chosen, no_parts, no_records, page_again
from analysis.runner.proving.hazards import HAZARDS, Design
from analysis.runner.proving.parts import Again, Entry, Part
from analysis.runner.proving.parts_kept import FOLDER, keep, kept_in
from analysis.runner.proving.records import Records
from analysis.runner.proving.running import Task, found_in, gathered
from analysis.runner.proving.sources import code_of_the_proof

Road = tuple[Design, bool]
"""A design, and whether its companies go through files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudiedAgain:
    """What later code found in the companies of earlier code, and the page that tells it.

    Parameters
    ----------
    found : sequence of tuple
        The design, whether through files, and what came out.
    page : Path
    """

    found: Sequence[tuple[Design, bool, Again]]
    page: Path

    def to_dict(self) -> dict[str, Any]:
        told = [
            {"design": design, "road": _road(files), "told": _now(design, files, again), **again.model_dump()}
            for design, files, again in self.found
        ]
        return {"studied_again": told, "page": str(self.page)}

    def __str__(self) -> str:
        return "\n".join([*(_line(*one) for one in self.found), f"Page: {self.page}"])


def study_again(
    earlier: Sequence[Path],
    later: Sequence[Path],
    *,
    pages: Path,
    hazards: Sequence[str] = (),
    designs: Sequence[str] = (),
    customers: int | None = None,
) -> StudiedAgain:
    """Compare records of two codes, write what came of it into the parts of their designs, and the page anew.

    Parameters
    ----------
    earlier, later : sequence of Path
        Folders of records, named `<design>-<hash of the code>`. The earlier code is that which the page tells of.
    pages : Path
        Folder of the page and of its parts.
    hazards, designs : sequence of str
        These hazards, and all those of these designs; all there are where both are empty.
    customers : int, optional
        Customers of each company; as many as its design is judged at unless given.

    Raises
    ------
    UnknownName
        If there is no such hazard, or design.
    InputError
        If a folder has no records, the page has no part of a design or none that is of the earlier code, or records
        cannot be compared. All faults at once, and nothing is written.
    """
    chosen = hazards_chosen(hazards, designs)
    if not later:
        raise InputError(_no_later())
    before, after = (
        _by_code(found_in([folder.resolve() for folder in folders], chosen, customers)) for folders in (earlier, later)
    )
    parts = {part.design: part for part in kept_in(pages / FOLDER)}
    faults = [no_records(folders) for folders, tasks in ((earlier, before), (later, after)) if not tasks]
    faults += [] if parts else [no_parts(pages / FOLDER)]
    if faults:
        raise InputError(faults)
    found: list[tuple[Design, bool, Again]] = []
    for road in dict.fromkeys([*before, *after]):
        try:
            found += [(*road, again) for again in _on(road, before.get(road, {}), after.get(road, {}), parts, pages)]
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(faults)
    for design, files, again in found:
        parts[design] = _with(parts[design], files, again)
    keep([parts[design] for design in dict.fromkeys(design for design, _, _ in found)], pages / FOLDER)
    return StudiedAgain(found=tuple(found), page=page_again(pages).page)


def _on(
    road: Road,
    before: Mapping[str, list[Task]],
    after: Mapping[str, list[Task]],
    parts: Mapping[Design, Part],
    pages: Path,
) -> list[Again]:
    """What each later code found on one road, in the companies of each earlier one that the page tells of."""
    design, files = road
    if not before or not after:
        raise InputError(_one_side(road, "--compare" if after else "--records"))
    entry = parts[design].on(files) if design in parts else None
    if entry is None:
        raise InputError(_no_entry(road, pages))
    if strange := set(before).difference(entry.code):
        raise InputError([_of_no_entry(road, code, entry, pages) for code in sorted(strange)])
    studied = {code: gathered(tasks) for code, tasks in after.items()}
    return [
        compared(_of_entry(gathered(tasks), entry), records, of=of, code=code)
        for of, tasks in before.items()
        for code, records in studied.items()
    ]


def _by_code(tasks: Iterable[Task]) -> dict[Road, dict[str, list[Task]]]:
    """Tasks by design and road, and by the code that their folder is named after.

    Raises
    ------
    InputError
        If a folder is not named after the design of its records and a hash.
    """
    found: dict[Road, dict[str, list[Task]]] = {}
    strange: dict[Path, Design] = {}
    for task in tasks:
        design = HAZARDS[task.hazard].design
        named = re.fullmatch(rf"{design}-([0-9a-f]{{12}})", task.folder.name)
        if named is None:
            strange[task.folder] = design
        else:
            found.setdefault((design, task.asked.files), {}).setdefault(named[1], []).append(task)
    if strange:
        raise InputError([_of_no_code(folder, design) for folder, design in strange.items()])
    return found


def _of_entry(records: Records, entry: Entry) -> Records:
    """The records of companies that an entry tells of; gates follow them."""
    effects = records.effects
    made = {one.name: (one.first_seed, one.last_seed, one.customers) for one in entry.companies}
    told = [
        name in made and made[name][0] <= seed <= made[name][1] and customers == made[name][2]
        for name, seed, customers in zip(effects["hazard"], effects["seed"], effects["customers"], strict=True)
    ]
    return Records(effects=effects[told], gates=records.gates, hidden=records.hidden, roads=records.roads)


def _with(part: Part, files: bool, again: Again) -> Part:
    entry = part.on(files)
    assert entry is not None, part.design
    return part.model_copy(update={"files" if files else "arrays": entry.with_again(again)})


def _road(files: bool) -> str:
    return "through files" if files else "in arrays"


def _now(design: Design, files: bool, again: Again) -> bool:
    """Whether the page tells it: the later code is that of now."""
    return again.code == code_of_the_proof(design, files=files)


def _line(design: Design, files: bool, again: Again) -> str:
    companies = "1 company" if again.companies == 1 else f"{again.companies:,} companies"
    kinds = "1 kind" if again.kinds == 1 else f"{again.kinds:,} kinds"
    line = (
        f"{design}, {_road(files)}, `{again.of}` and `{again.code}`, {companies} of {kinds}, estimates that both gave: "
        f"{again.figures:,}; {in_words(again)}."
    )
    kept = "" if _now(design, files, again) else " Kept, but not on the page: the code of now is another one."
    return line + kept


def _no_later() -> Fault:
    return Fault(
        where="--records",
        what="names no folder, and `--compare` needs the records of the later code too",
        remedy="Let it study some of the companies first, `touchstone prove --design NAME --worlds 20 --out FOLDER`, "
        "and name the folder that holds their records.",
        rule="missing",
    )


def _of_no_code(folder: Path, design: Design) -> Fault:
    return Fault(
        where=str(folder),
        what=f"holds records of `{design}` and is not named `{design}-` and the twelve digits of a code's hash",
        remedy="Name the folder that `touchstone prove` made.",
        rule="unknown_code",
    )


def _one_side(road: Road, option: str) -> Fault:
    design, files = road
    return Fault(
        where=f"{design}, {_road(files)}",
        what=f"`{option}` has no companies to compare with those that the other one has",
        remedy="Give both the records of the same designs, or say which is meant with `--design`.",
        rule="nothing_in_common",
    )


def _no_entry(road: Road, pages: Path) -> Fault:
    design, files = road
    return Fault(
        where=str(pages / FOLDER / f"{design}.json"),
        what=f"tells of no companies {_road(files)}, or is not there",
        remedy=f"Prove the design whole: `touchstone prove --design {design} --page {pages}`.",
        rule="missing",
    )


def _of_no_entry(road: Road, code: str, entry: Entry, pages: Path) -> Fault:
    design, files = road
    return Fault(
        where=str(pages / FOLDER / f"{design}.json"),
        what=f"tells of no companies {_road(files)} that the code `{code}` has made, but of those by "
        f"{', '.join(f'`{one}`' for one in entry.code) or 'a code that is not known'}",
        remedy="Give the records that this part was made of to `--compare`.",
        rule="unknown_code",
    )
