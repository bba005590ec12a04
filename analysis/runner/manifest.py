"""What state is a run in, and is a finished report still the one that was made? `status.json` and `manifest.json`.

The status is written after every step and lets a rerun go on from what was finished; the manifest is written last and
holds the fingerprint of every file of the report. A folder with a manifest is never written to again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from analysis.foundation.provenance import canonical_json, fingerprint, write_atomically

State = Literal["done", "skipped", "failed", "interrupted"]
STATUS = "status.json"
MANIFEST = "manifest.json"
SCHEMA = "touchstone.manifest/1"
READERS = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class StepStatus:
    """How a step ended, how long it took, and the fingerprints of what it left.

    `reads` is what it read, where that is known, and `identity` the hash of all of that: see `keeping`.
    """

    state: State
    seconds: float
    files: Mapping[str, str] = field(default_factory=dict)
    cell: int | None = None
    error: str | None = None
    message: str | None = None
    reads: Sequence[str] | None = None
    identity: str | None = None

    def stands(self, folder: Path) -> bool:
        """Whether the step is over and everything it left is there, unchanged."""
        return self.state in ("done", "skipped") and unchanged(folder, self.files)


def write_status(folder: Path, state: str, study: str, run: str, steps: Mapping[str, StepStatus]) -> None:
    """Put the state of a run down, in one piece."""
    steps_as_plain = {name: {**asdict(step), "seconds": round(step.seconds, 2)} for name, step in steps.items()}
    status = {"state": state, "study": study, "run": run, "steps": steps_as_plain}
    write_atomically(folder / STATUS, canonical_json(status))


def read_status(folder: Path) -> dict[str, StepStatus]:
    """The steps of a run that was begun before; none where nothing can be read."""
    try:
        steps = json.loads((folder / STATUS).read_text(encoding="utf-8"))["steps"]
        return {str(name): StepStatus(**step) for name, step in steps.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def fingerprints(folder: Path, files: Iterable[Path]) -> dict[str, str]:
    """The fingerprint of each file, under its path from the folder."""
    return {file.relative_to(folder).as_posix(): fingerprint(file) for file in sorted(files)}


def unchanged(folder: Path, files: Mapping[str, str]) -> bool:
    """Whether the files are there with the fingerprints given; read side by side, since a report may be large."""

    def stands(one: tuple[str, str]) -> bool:
        path = folder / one[0]
        return path.is_file() and fingerprint(path) == one[1]

    with ThreadPoolExecutor(READERS) as readers:
        return all(readers.map(stands, files.items()))


def visible_files(folder: Path) -> list[Path]:
    """The files of a report, hidden ones left out."""
    return [
        file
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def write_manifest(folder: Path, about: Mapping[str, Any]) -> None:
    """Close a report: the fingerprint of every file in it, and what it was made from."""
    files = fingerprints(folder, [file for file in visible_files(folder) if file.name != MANIFEST])
    write_atomically(folder / MANIFEST, canonical_json({"schema": SCHEMA, **about, "files": files}))


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """The manifest of a finished report; None where there is none."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest if isinstance(manifest, dict) and manifest.get("schema") == SCHEMA else None


def is_whole(folder: Path) -> bool:
    """Whether a report is finished and every file is as its manifest says."""
    manifest = read_manifest(folder)
    return manifest is not None and unchanged(folder, manifest.get("files", {}))
