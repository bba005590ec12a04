"""How do the pages of a published report come to say how it stands, with no moment at which they say two things?

A finished report is never written to: its pages are renewed in a copy, and the link is swapped in one step. The record
that says how a report stands lies beside it, in `ledger/<family>` of the folder its link is in. Signing is left to
`signing`, naming what does not hold to `verifying`.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import is_link
from analysis.foundation.provenance import canonical_json, fingerprint, fingerprint_of_bytes, write_atomically
from analysis.ledger.signature import DRAFT, Standing
from analysis.ledger.signatures import Signatures, read_signatures
from analysis.reporting.signed import with_standing
from analysis.reporting.site import INDEX, write_index
from analysis.runner.closing import LEDGER, family_of
from analysis.runner.manifest import MANIFEST, is_whole, read_manifest
from analysis.runner.publish import RUNS, Place, publish
from analysis.runner.results import RESULTS


@dataclass(frozen=True, slots=True)
class Report:
    """A finished report: where readers open it, the folder behind it, and its manifest."""

    place: Place
    folder: Path
    manifest: Mapping[str, Any]

    @property
    def study(self) -> str:
        return str(self.manifest.get("study"))

    @property
    def ledger(self) -> Path:
        """The folder of its family's record, beside the report."""
        return self.place.link.parent / LEDGER / family_of(self.study)

    @property
    def files(self) -> Mapping[str, str]:
        """The fingerprints of its files, of those names that lie within it."""
        given = self.manifest.get("files", {})
        return {
            name: sign
            for name, sign in given.items()
            if name and not PurePosixPath(name).is_absolute() and ".." not in PurePosixPath(name).parts
        }

    @property
    def pages(self) -> list[str]:
        """The names of its pages."""
        return sorted(name for name in self.files if name.endswith(".html") and "/" not in name)

    @property
    def changed(self) -> list[str]:
        """Files that are missing, or no longer as the manifest says."""
        return sorted(
            name
            for name, sign in self.files.items()
            if not (self.folder / name).is_file() or fingerprint(self.folder / name) != sign
        )

    @property
    def can_be_renewed(self) -> bool:
        """Whether every page has a place for the standing."""
        try:
            return bool([with_standing(_text(self.folder / name), DRAFT) for name in self.pages])
        except (ValueError, OSError):
            return False

    @property
    def results(self) -> str:
        """The fingerprint of `results.json` as it is now; "" where it is not there."""
        path = self.folder / RESULTS
        return fingerprint(path) if path.is_file() else ""


def find_report(named: str | Path, here: Path) -> Report:
    """The report a person named: its folder, its `results.json`, or the name of its study under `reports`.

    Raises
    ------
    InputError
        If there is no finished report.
    """
    path = Path(named)
    there = next((one for one in (here / path, here / "reports" / path) if os.path.lexists(one)), here / path)
    folder = Path(os.path.abspath(there.parent if there.name == RESULTS else there))
    if folder.parent.parent.name == RUNS and not is_link(folder):
        place = Place(folder.parent.parent.parent / folder.parent.name)
    else:
        place = Place(folder)
    behind = folder.resolve()
    manifest = read_manifest(behind)
    if manifest is None or not isinstance(manifest.get("study"), str) or not isinstance(manifest.get("files"), dict):
        what, remedy = "there is no finished report", "Name a report, such as reports/demo, or run its study first."
        raise InputError(Fault(where=str(named), what=what, remedy=remedy, rule="no_report"))
    return Report(place, behind, manifest)


def standing_of(report: Report) -> tuple[Standing, Fault | None]:
    """How a report stands by the record, and what is wrong with the record; where anything is, it is a draft."""
    signatures, fault = read_signatures(report.ledger, family_of(report.study))
    if fault is not None:
        return DRAFT, fault
    return Signatures(report.ledger, family_of(report.study), signatures).standing(report.results), None


def publish_as_it_stands(folder: Path, place: Place, say: Callable[[str], None]) -> Path:
    """Publish a finished report, with the standing its results have on its pages; the folder that is read then.

    A record of signatures that does not hold is told: the report is a draft until it does.
    """
    manifest = read_manifest(folder)
    if manifest is None:
        raise ValueError(f"The report in {folder} is not finished, so it is not published.")
    report = Report(place, folder, manifest)
    standing, fault = standing_of(report)
    if fault is not None:
        say(f"The record of signatures does not hold, so the report is a draft. {fault}")
    return show(report, standing)


def show(report: Report, standing: Standing) -> Path:
    """Let readers open a whole report with this standing on every page, in one step; the folder they then read."""
    folder = _with_standing(report, standing)
    publish(folder, report.place.link)
    return folder


def shows(report: Report, standing: Standing) -> bool:
    """Whether every page of a report that is there, and its manifest, say this standing."""
    pages = [report.folder / name for name in report.pages if (report.folder / name).is_file()]
    return claimed(report) == standing.to_dict() and all(
        page.read_bytes() == _renewed(page, standing) for page in pages
    )


def claimed(report: Report) -> Any:
    """The standing a report's manifest says its pages show."""
    return report.manifest.get("standing", DRAFT.to_dict())


def copy_with(report: Report, standing: Standing, folder: Path) -> None:
    """Build a copy of a report with another standing on its pages, and give it its name in one step.

    A page is sealed anew only if it was as the manifest said: what had been changed before stays known as changed.
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
            write_atomically(staged / name, _renewed(staged / name, standing))
            if name not in changed:
                files[name] = fingerprint(staged / name)
    write_atomically(
        staged / MANIFEST, canonical_json({**report.manifest, "standing": standing.to_dict(), "files": files})
    )
    os.rename(staged, folder)


def renew_index(reports: Path) -> None:
    """Write the index of the reports anew, where there is one of ours."""
    index = reports / INDEX
    if index.is_file() and "<strong>Touchstone</strong>" in _text(index):
        write_index(reports, standing=standing_listed)


def standing_listed(folder: Path) -> Standing:
    """How a report stands, for the index; a folder that is none of ours is a draft."""
    try:
        return standing_of(find_report(folder, Path.cwd()))[0]
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
    base = report.folder.name.partition(".")[0]
    digest = fingerprint_of_bytes(canonical_json(standing.to_dict())).removeprefix("sha256:")[:8]
    marked = f"{base}.{standing.word.lower()}-{digest}"
    number, folder = 1, report.place.runs / (marked if standing.signatures else base)
    while os.path.lexists(folder):
        manifest = read_manifest(folder)
        if manifest is not None and is_whole(folder):
            there = Report(report.place, folder, manifest)
            if there.results == report.results and shows(there, standing):
                return folder
        number += 1
        folder = report.place.runs / f"{marked}-{number}"
    copy_with(report, standing, folder)
    return folder


def _renewed(page: Path, standing: Standing) -> bytes:
    """A page with this standing; one without a place for it, of an earlier version or changed by hand, as it is."""
    try:
        return with_standing(_text(page), standing).encode("utf-8", errors="surrogateescape")
    except ValueError:
        return page.read_bytes()


def _text(page: Path) -> str:
    return page.read_bytes().decode("utf-8", errors="surrogateescape")
