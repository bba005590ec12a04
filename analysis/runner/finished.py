"""Which finished report does a person name, and what is in it? Found by its folder, its results or its study's name.

A report is the link that readers open, the folder behind it, and the manifest with the hash of every file. How it
stands and how its pages come to say so is left to `renewing`.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from analysis.foundation.errors import Fault, InputError
from analysis.foundation.links import is_link
from analysis.foundation.provenance import fingerprint, fingerprint_of_bytes
from analysis.ledger.signature import DRAFT, Standing
from analysis.reporting.signed import says_standing, with_standing
from analysis.runner.family import LEDGER, family_of
from analysis.runner.manifest import read_manifest
from analysis.runner.publish import RUNS, Place
from analysis.runner.results import RESULTS

TABLES = "tables/"
DOCUMENTS = (".html", ".pdf", ".xlsx", ".pptx")
"""Endings of what a report is read in: pages and documents, which lie in its own folder."""


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
    def is_published(self) -> bool:
        """Whether it is the report a run has published under its link; a copy, under whatever name, is not."""
        return is_link(self.place.link) and self.folder.parent == self.place.runs.resolve()

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
    def documents(self) -> list[str]:
        """The names of its pages and documents, and of its tables, which lie in a folder of their own."""
        return sorted(
            name
            for name in self.files
            if (name.endswith(DOCUMENTS) and "/" not in name) or (name.startswith(TABLES) and name.count("/") == 1)
        )

    @property
    def pages(self) -> list[str]:
        """The names of its pages."""
        return [name for name in self.documents if name.endswith(".html") and "/" not in name]

    @property
    def bound(self) -> dict[str, str]:
        """What a signature binds besides the results: the fingerprints of its pages, as drafts, and documents, as they
        are now."""
        paths = {name: self.folder / name for name in self.documents if (self.folder / name).is_file()}
        return {
            name: fingerprint_of_bytes(renewed(path, DRAFT)) if name.endswith(".html") else fingerprint(path)
            for name, path in paths.items()
        }

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
            return bool([with_standing(text_of(self.folder / name), DRAFT) for name in self.pages])
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


def renewed(page: Path, standing: Standing) -> bytes:
    """A page with this standing; one without a place for it, of an earlier version or changed by hand, as it is."""
    try:
        return with_standing(text_of(page), standing).encode("utf-8", errors="surrogateescape")
    except ValueError:
        return page.read_bytes()


def says(page: Path, standing: Standing) -> bool:
    """Whether a page says this standing, or has no place for any: whether it would be renewed to what it is."""
    return says_standing(page.read_bytes(), standing)


def text_of(page: Path) -> str:
    """A page's text, so that the same bytes come of it again."""
    return page.read_bytes().decode("utf-8", errors="surrogateescape")
