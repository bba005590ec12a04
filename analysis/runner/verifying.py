"""Do the records of closed months and of signatures hold, and do reports say what they are? For `touchstone verify`.

A report whose files were changed since it was made, or that shows a signature the record does not have for its results,
does not hold: its pages fall back to Draft, and what was changed stays known as changed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import is_link, swap
from analysis.ledger.chain import Verdict, verify
from analysis.ledger.signature import DRAFT, Standing
from analysis.ledger.signatures import FOLDER, SignaturesVerdict, has_signatures, verify_signatures
from analysis.reporting.signed import standing_as_plain, standing_in_words
from analysis.runner.closing import LEDGER
from analysis.runner.manifest import MANIFEST
from analysis.runner.renewing import (
    Report,
    alone,
    claimed,
    copy_with,
    find_report,
    renew_index,
    show,
    shows,
    standing_of,
)
from analysis.runner.results import RESULTS


class Answer(Protocol):
    """What is said of one record or report."""

    @property
    def holds(self) -> bool: ...

    def to_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether the closed months of one family hold."""

    folder: Path
    verdict: Verdict

    @property
    def holds(self) -> bool:
        """Whether every entry holds."""
        return self.verdict.holds

    def to_dict(self) -> dict[str, Any]:
        """The verdict for programs."""
        one = self.verdict
        fault = None if one.fault is None else str(one.fault)
        return {
            "ledger": str(self.folder),
            "holds": one.holds,
            "entries": one.entries,
            "closes": one.closes,
            "head": one.head or None,
            "fault": fault,
        }

    def __str__(self) -> str:
        return f"{self.folder}: {self.verdict}"


@dataclass(frozen=True, slots=True)
class VerifiedSignatures:
    """Whether the signatures of one family hold."""

    folder: Path
    verdict: SignaturesVerdict

    @property
    def holds(self) -> bool:
        """Whether every signature holds."""
        return self.verdict.holds

    def to_dict(self) -> dict[str, Any]:
        """The verdict for programs."""
        one = self.verdict
        fault = None if one.fault is None else str(one.fault)
        return {
            "signatures": str(self.folder),
            "holds": one.holds,
            "count": one.signatures,
            "head": one.head or None,
            "fault": fault,
        }

    def __str__(self) -> str:
        return f"{self.folder}: {self.verdict}"


@dataclass(frozen=True, slots=True)
class VerifiedReport:
    """Whether one report is as it was made and says how it stands; `renewed`: its pages said something else before."""

    report: Path
    standing: Standing
    faults: tuple[str, ...]
    renewed: bool

    @property
    def holds(self) -> bool:
        """Whether nothing is at fault."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The verdict for programs."""
        return {
            "report": str(self.report),
            "holds": self.holds,
            "standing": standing_as_plain(self.standing),
            "renewed": self.renewed,
            "faults": list(self.faults),
        }

    def __str__(self) -> str:
        renewed = " Its pages say so now." if self.renewed else ""
        return f"{self.report}: {' '.join([*self.faults, standing_in_words(self.standing)])}{renewed}"


def verified(named: Path | None, here: Path) -> list[Answer]:
    """Whether records and reports hold: the record or report named; else all under `reports`.

    Of all, reports that are drafts and as they were made are not worth a line.

    Raises
    ------
    InputError
        If there is none.
    """
    if named is not None and _is_report(named, here):
        return [verified_report(named, here)]
    if named is not None:
        folders = [named.parent if named.name == FOLDER else named]
    else:
        families = here / "reports" / LEDGER
        folders = sorted(one for one in families.iterdir() if one.is_dir()) if families.is_dir() else []
    reports = [] if named is not None else list(_reports(here))
    there = [one for one in folders if one.is_dir()]
    if not there and not reports:
        what = "there are no closed months" if named is None else "there is no such folder"
        where = str(named or here / "reports" / LEDGER)
        raise InputError(Fault(where=where, what=what, remedy="Name the folder of a family.", rule="no_ledger"))
    answers: list[Answer] = []
    for folder in there:
        if not has_signatures(folder) or any(folder.glob("*.jsonl")):
            answers.append(Verified(folder, verify(folder)))
        if has_signatures(folder):
            answers.append(VerifiedSignatures(folder / FOLDER, verify_signatures(folder)))
    return [*answers, *reports]


def verified_report(named: Path, here: Path) -> VerifiedReport:
    """Whether a report is as it was made and its pages say how it stands; where they do not, they are renewed.

    Raises
    ------
    InputError
        If there is no such report.
    """
    found = find_report(named, here)
    published = is_link(found.place.link)
    with alone(found.place) if published else nullcontext():
        report = find_report(found.place.link, here) if published else found
        standing, faults = _judged(report)
        renewed = published and not shows(report, standing)
        if renewed and report.changed:
            _fall_back(report)
        elif renewed:
            show(report, standing)
    if renewed:
        renew_index(report.place.link.parent)
    return VerifiedReport(named, standing, faults, renewed)


def _judged(report: Report) -> tuple[Standing, tuple[str, ...]]:
    """How a report stands, and what is at fault with it."""
    standing, fault = standing_of(report)
    faults = [] if fault is None else [f"The record of signatures does not hold. {fault}"]
    if changed := report.changed:
        more = f" and {len(changed) - 1} more files were" if len(changed) > 1 else " was"
        faults.append(f"{changed[0]}{more} changed since the report was made.")
    lost = _signatures(claimed(report)) - {one.head for one in standing.signatures}
    if lost and fault is None:
        where = f"{RESULTS} is another" if RESULTS in changed else "the record has none"
        faults.append(f"It shows {len(lost)} {'signature' if len(lost) == 1 else 'signatures'} that no longer "
                      f"{'holds' if len(lost) == 1 else 'hold'}: {where}.")  # fmt: skip
    return (DRAFT if faults else standing), tuple(faults)


def _signatures(standing: Any) -> frozenset[str]:
    """The signatures a manifest names, whatever stands there."""
    given = standing.get("signatures") if isinstance(standing, dict) else None
    return frozenset(map(str, given)) if isinstance(given, list) else frozenset()


def _fall_back(report: Report) -> None:
    """Let the pages of a report that was changed say Draft; what was changed stays, and stays known as changed."""
    base, number = report.folder.name.partition(".")[0], 1
    while (folder := report.place.runs / f"{base}.changed-{number}").exists():
        number += 1
    copy_with(report, DRAFT, folder)
    swap(report.place.link, folder)


def _is_report(named: Path, here: Path) -> bool:
    if (here / named).is_dir():
        return (here / named / MANIFEST).is_file()
    return named.name == RESULTS or (here / "reports" / named / MANIFEST).is_file()


def _reports(here: Path) -> Iterator[VerifiedReport]:
    """The reports under `reports` that are worth a line."""
    folder = here / "reports"
    for one in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not one.name.startswith(".") and is_link(one) and (one / MANIFEST).is_file():
            answer = verified_report(one, here)
            if answer.faults or answer.standing.signatures:
                yield answer
