"""How do the pages of a published report come to say how it stands, with no moment at which they say two things?

A finished report is never written to: its pages are renewed in a copy, and the link is swapped in one step. The record
that says how a report stands lies beside it, in `ledger/<family>` of the folder its link is in. What a report is, is
left to `finished`, signing to `signing`, what a user is told to `verifying`.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Callable, Collection, Mapping, Sized
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from filelock import FileLock

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import swap
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes, write_atomically
from analysis.ledger.signature import DRAFT, Standing
from analysis.ledger.signatures import Signatures, read_signatures
from analysis.runner.family import family_of
from analysis.runner.finished import Report, find_report, renewed, says, text_of
from analysis.runner.manifest import MANIFEST, is_whole, read_manifest
from analysis.runner.publish import Place, publish
from analysis.runner.results import RESULTS

_AGAIN = "Run the study again: what was finished is kept, and is signed where the results and pages are those signed."
_RESTORE = (
    "Take the record back from version control. If it is gone for good, sign the report again: the signature then says "
    "that earlier ones were missing."
)

INDEX = "index.html"
_LISTED = re.compile(r'href="([^"/]+)/index\.html"')
SHOWN = ".shown"
"""The signatures that the pages of a report have ever shown: beside its runs, so that no record goes back unseen."""


@dataclass(frozen=True, slots=True)
class Judged:
    """How a report stands, and what is at fault with it; where anything is, it is a draft.

    `lost` are the signatures that were shown and are not in the record any more; `untrue` tells that it shows or has
    shown signatures which are in the record, and hold for other results or other pages.
    """

    standing: Standing
    faults: tuple[Fault, ...] = ()
    lost: tuple[str, ...] = ()
    untrue: bool = False


def judged(report: Report, *, whole: bool = False) -> Judged:
    """How a report stands by the record of signatures, its results and its pages, and what is at fault with it.

    `whole`: every file was just found to be as its manifest says.
    """
    family, where, faults = family_of(report.study), str(report.place.link), []
    signatures, fault = read_signatures(report.ledger, family)
    if fault is not None:
        what = f"the record of signatures does not hold: {fault.where} {fault.what}"
        faults.append(Fault(where=where, what=what, remedy=fault.remedy, rule=fault.rule))
        signatures = ()
    if not whole and (changed := report.changed):
        more = f" and {len(changed) - 1} more files were" if len(changed) > 1 else " was"
        what = f"{changed[0]}{more} changed since the report was made"
        faults.append(Fault(where=where, what=what, remedy=_AGAIN, rule="changed"))
    if fault is not None:
        return Judged(DRAFT, tuple(faults))
    record, pages = Signatures(report.ledger, family, signatures), report.bound if signatures else {}
    lost = record.lost(_noted(report.place) | _says(report))
    if lost:
        what = f"{_signatures(len(lost))} that it has shown {_are(lost)} missing from the record of signatures"
        faults.append(Fault(where=where, what=what, remedy=_RESTORE, rule="signatures_lost"))
    hold = {one.head for one in signatures if one.results == report.results and one.is_of(pages)}
    untrue = _says(report).intersection(one.head for one in signatures) - hold
    if untrue:
        results = {one.results for one in signatures if one.head in untrue}
        of = "its pages or documents" if results == {report.results} else RESULTS
        what = f"it shows {_signatures(len(untrue))} given to something else: {of} {_were(of)} changed since"
        faults.append(Fault(where=where, what=what, remedy=_AGAIN, rule="signatures_untrue"))
    standing = DRAFT if faults else record.standing(report.results, pages)
    return Judged(standing, tuple(faults), tuple(lost), bool(untrue))


def publish_as_it_stands(folder: Path, place: Place, say: Callable[[str], None], *, whole: bool = False) -> Path:
    """Publish a finished report, with the standing its results have on its pages; the folder that is read then.

    What is at fault is told: the report is a draft until it is mended. `whole`: every file was just found to be as its
    manifest says.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise ValueError(f"The report in {folder} is not finished, so it is not published.")
    report = Report(place, folder, manifest)
    found = judged(report, whole=whole)
    for fault in found.faults:
        say(f"The report is a draft: {fault.what}. {fault.remedy}")
    return show(report, found.standing, whole=whole)


def show(report: Report, standing: Standing, *, whole: bool = False) -> Path:
    """Let readers open a whole report with this standing on every page, in one step; the folder they then read.

    `whole`: every file of it was just found to be as its manifest says.
    """
    folder = _with_standing(report, standing)
    _note(report.place, {one.head for one in standing.signatures})
    publish(folder, report.place.link, whole=whole and folder == report.folder)
    return folder


def shows(report: Report, standing: Standing) -> bool:
    """Whether every page of a report that is there, and its manifest, say this standing."""
    pages = [report.folder / name for name in report.pages if (report.folder / name).is_file()]
    return claimed(report) == standing.to_dict() and all(says(page, standing) for page in pages)


def claimed(report: Report) -> Any:
    """The standing a report's manifest says its pages show."""
    return report.manifest.get("standing", DRAFT.to_dict())


def fall_back(report: Report) -> None:
    """Let the pages of a report that was changed say Draft; what was changed stays, and stays known as changed."""
    base, number = report.folder.name.partition(".")[0], 1
    while (folder := report.place.runs / f"{base}.changed-{number}").exists():
        number += 1
    says = _says(report)
    _copy_with(report, DRAFT, folder, {"shown": sorted(says)} if says else {})
    swap(report.place.link, folder)


def _copy_with(report: Report, standing: Standing, folder: Path, about: Mapping[str, Any]) -> None:
    """Build a copy of a report with another standing on its pages, and give it its name in one step.

    A page is sealed anew only if it was as the manifest said: what had been changed before stays known as changed.
    `about` is what its manifest says besides.
    """
    runs = report.place.runs
    runs.mkdir(parents=True, exist_ok=True)
    for left in runs.glob(".*.part"):
        shutil.rmtree(left, ignore_errors=True)  # by a process that was ended
    staged = runs / f".{folder.name}.{os.getpid()}.part"
    changed, files = frozenset(report.changed), dict(report.files)
    for name in files:
        if (report.folder / name).is_file():
            (staged / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(report.folder / name, staged / name)
    for name in report.pages:
        if (staged / name).is_file():
            write_atomically(staged / name, renewed(staged / name, standing))
            if name not in changed:
                files[name] = fingerprint(staged / name)
    manifest = {**report.manifest, "standing": standing.to_dict(), **about, "files": files}
    write_atomically(staged / MANIFEST, canonical_json(manifest))
    os.rename(staged, folder)


def list_reports(reports: Path) -> None:
    """Write the index of the reports, each as it stands."""
    from analysis.reporting.site import write_index  # here: a rerun that changes nothing draws nothing

    write_index(reports, standing=standing_listed)


def index_stands(reports: Path) -> bool:
    """Whether the index of the reports lists just those there are, and was written after the last of them."""
    index = reports / INDEX
    if not index.is_file():
        return False
    there = [folder for folder in reports.iterdir() if (folder / MANIFEST).is_file()]
    listed = {unquote(unescape(name)) for name in _LISTED.findall(text_of(index))}
    written = index.stat().st_mtime_ns
    newest = max(((folder / MANIFEST).stat().st_mtime_ns for folder in there), default=0)
    return listed == {folder.name for folder in there} and newest <= written


def renew_index(reports: Path) -> None:
    """Write the index of the reports anew, where there is one of ours."""
    index = reports / INDEX
    if index.is_file() and "<strong>Touchstone</strong>" in text_of(index):
        list_reports(reports)


def standing_listed(folder: Path) -> Standing:
    """How a report stands, for the index: as its pages once they are verified. What is none of ours is a draft."""
    try:
        return judged(find_report(folder, Path.cwd())).standing
    except (InputError, OSError):
        return DRAFT


def alone(place: Place) -> FileLock:
    """One writer of a report at a time: a run, a signature, a verification."""
    place.runs.mkdir(parents=True, exist_ok=True)
    return FileLock(str(place.lock))


def _with_standing(report: Report, standing: Standing) -> Path:
    """A folder of this report whose pages say this standing: its own, one made before, or a copy made now."""
    if shows(report, standing):
        return report.folder
    base, bound = report.folder.name.partition(".")[0], report.bound
    digest = fingerprint_of_bytes(canonical_json(standing.to_dict())).removeprefix("sha256:")[:8]
    marked = f"{base}.{standing.word.lower()}-{digest}"
    number, folder = 1, report.place.runs / (marked if standing.signatures else base)
    while os.path.lexists(folder):
        manifest = read_manifest(folder)
        if manifest is not None and is_whole(folder):
            there = Report(report.place, folder, manifest)
            if there.results == report.results and there.bound == bound and shows(there, standing):
                return folder
        number += 1
        folder = report.place.runs / f"{marked}-{number}"
    _copy_with(report, standing, folder, {})
    return folder


def _says(report: Report) -> frozenset[str]:
    """The signatures a report's manifest says it shows, or showed before it fell back; whatever stands there."""
    standing = claimed(report)
    given = [standing.get("signatures") if isinstance(standing, dict) else None, report.manifest.get("shown")]
    return frozenset(str(head) for heads in given if isinstance(heads, list) for head in heads)


def _noted(place: Place) -> frozenset[str]:
    """The signatures that were noted as shown; none where nothing can be read."""
    try:
        return frozenset(map(str, json.loads((place.runs / SHOWN).read_bytes())["signatures"]))
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset()


def _note(place: Place, heads: Collection[str]) -> None:
    noted = _noted(place)
    if not noted.issuperset(heads):
        for left in place.runs.glob(f".{SHOWN}.*.part"):
            left.unlink(missing_ok=True)  # by a process that was ended
        write_atomically(place.runs / SHOWN, canonical_json({"signatures": sorted(noted.union(heads))}))


def _signatures(count: int) -> str:
    return "1 signature" if count == 1 else f"{count} signatures"


def _are(heads: Sized) -> str:
    return "is" if len(heads) == 1 else "are"


def _were(of: str) -> str:
    return "was" if of == RESULTS else "were"
