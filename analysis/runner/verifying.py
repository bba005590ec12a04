"""Do closed months, signatures and promises hold, and do reports say what they are? For `touchstone verify`.

A report whose files were changed since it was made, or that shows or has shown a signature the record does not have for
its results and pages, does not hold: its pages fall back to Draft, and that is said until it is mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from analysis.foundation.errors import Fault, InputError, LedgerBroken, ParamsError
from analysis.foundation.links import is_link
from analysis.ledger.chain import Verdict, verify
from analysis.ledger.signature import DRAFT, Standing
from analysis.ledger.signatures import FOLDER, SignaturesVerdict, has_signatures, verify_signatures
from analysis.reporting.signed import standing_as_plain, standing_in_words
from analysis.runner.family import LEDGER
from analysis.runner.finished import Report, find_report
from analysis.runner.manifest import MANIFEST
from analysis.runner.register import REGISTER, read_register, register_files
from analysis.runner.renewing import alone, fall_back, judged, renew_index, show, shows
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
class VerifiedPromises:
    """Whether the promises of one family hold: each file sound, none changed after its approval."""

    folder: Path
    count: int
    approved: int
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether nothing is at fault."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The verdict for programs."""
        return {
            "promises": str(self.folder),
            "holds": self.holds,
            "count": self.count,
            "approved": self.approved,
            "faults": list(self.faults),
        }

    def __str__(self) -> str:
        if self.faults:
            return "\n".join(f"{self.folder}: {fault}" for fault in self.faults)
        promises = "1 promise" if self.count == 1 else f"{self.count} promises"
        return f"{self.folder}: {promises}, {self.approved} approved and unchanged since."


@dataclass(frozen=True, slots=True)
class VerifiedReport:
    """Whether one report is as it was made and says how it stands.

    `renewed` tells that its pages said something else before, `copy_of` of which study's report it is a copy.
    """

    report: Path
    standing: Standing
    faults: tuple[str, ...]
    renewed: bool
    copy_of: str | None = None

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
            "copy_of": self.copy_of,
            "pages_not_bound": self.unbound,
            "faults": list(self.faults),
        }

    @property
    def unbound(self) -> int:
        """How many of its signatures are of an earlier version, and hold for the results alone."""
        return sum(one.pages is None for one in self.standing.signatures)

    def __str__(self) -> str:
        said = [*self.faults, standing_in_words(self.standing)]
        if self.copy_of is not None:
            said.insert(0, f"A copy of the report of `{self.copy_of}`.")
        if self.unbound:
            said.append("By results.json alone: a signature of an earlier version does not say which pages were read.")
        if self.renewed:
            said.append("Its pages say so now.")
        return f"{self.report}: {' '.join(said)}"


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
    registers = _registers(named, here)
    reports = [] if named is not None else list(_reports(here))
    there = [one for one in folders if one.is_dir() and one not in registers]
    if not there and not reports and not registers:
        what = "there are no closed months" if named is None else "there is no such folder"
        where = str(named or here / "reports" / LEDGER)
        raise InputError(Fault(where=where, what=what, remedy="Name the folder of a family.", rule="no_ledger"))
    answers: list[Answer] = []
    for folder in there:
        if not has_signatures(folder) or any(folder.glob("*.jsonl")):
            answers.append(Verified(folder, verify(folder)))
        if has_signatures(folder):
            answers.append(VerifiedSignatures(folder / FOLDER, verify_signatures(folder)))
    return [*answers, *map(verified_promises, registers), *reports]


def verified_promises(folder: Path) -> VerifiedPromises:
    """Whether the promises in a folder of the register hold."""
    files = register_files(folder)
    try:
        promises = read_register(folder)
    except (ParamsError, LedgerBroken) as error:
        return VerifiedPromises(folder, len(files), 0, tuple(str(fault) for fault in error.faults))
    return VerifiedPromises(folder, len(promises), sum(not one.is_draft for one in promises), ())


def _registers(named: Path | None, here: Path) -> list[Path]:
    """The folders of promises meant: the one named, else all under `reports/register`."""
    if named is not None:
        given = here / named
        return [named] if given.is_dir() and given.resolve().parent.name == REGISTER else []
    families = here / "reports" / REGISTER
    found = sorted(families.iterdir()) if families.is_dir() else []
    return [one for one in found if one.is_dir() and register_files(one)]


def verified_report(named: Path, here: Path) -> VerifiedReport:
    """Whether a report is as it was made and its pages say how it stands; where they do not, they are renewed.

    A copy of a report is not renewed: it is said to be one, and must say what the report has ever said.

    Raises
    ------
    InputError
        If there is no such report.
    """
    found = find_report(named, here)
    if not found.is_published:
        return _verified_copy(named, found)
    with alone(found.place):
        report = find_report(found.place.link, here)
        answer = judged(report)
        renewed = not shows(report, answer.standing)
        if renewed and (report.changed or answer.untrue):
            fall_back(report)
        elif renewed:
            show(report, answer.standing)
    if renewed or answer.faults:
        renew_index(report.place.link.parent)
    return VerifiedReport(named, answer.standing, _said(answer.faults), renewed)


def _verified_copy(named: Path, copy: Report) -> VerifiedReport:
    answer = judged(copy)
    faults = answer.faults
    if not faults and not (shows(copy, answer.standing) or shows(copy, DRAFT)):
        remedy = "Read the report where it was run."
        faults = (Fault(where=str(named), what="its pages do not say how it stands", remedy=remedy, rule="copy"),)
    standing = DRAFT if faults else answer.standing
    return VerifiedReport(named, standing, _said(faults), renewed=False, copy_of=copy.study)


def _said(faults: tuple[Fault, ...]) -> tuple[str, ...]:
    """Faults as sentences; one that begins with a file's name begins as that does."""
    first = [fault.what[0] if fault.rule == "changed" else fault.what[0].upper() for fault in faults]
    return tuple(f"{letter}{fault.what[1:]}. {fault.remedy}" for letter, fault in zip(first, faults, strict=True))


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
            if answer.faults or answer.standing != DRAFT:
                yield answer
