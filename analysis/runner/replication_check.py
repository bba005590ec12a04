"""Is a replication package whole? Every file there with its SHA-256, no other, and all of one run.

How it is made is left to `replication`.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.runner.replication import ABOUT, SUMS, refused
from analysis.runner.results import RESULTS

_NOT_READ = (
    OSError, EOFError, UnicodeDecodeError, struct.error, zipfile.BadZipFile, zlib.error, NotImplementedError,
    RuntimeError,
)  # fmt: skip
"""What reading a zip raises: damaged, cut short, packed in a way of its own, or locked by a password."""


@dataclass(frozen=True, slots=True)
class Checked:
    """Whether a replication package is whole, and what is not."""

    file: Path
    study: str | None
    files: int
    faults: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether every file is there, unchanged, and nothing else."""
        return not self.faults

    def to_dict(self) -> dict[str, Any]:
        """The answer for programs."""
        return {
            "package": str(self.file),
            "study": self.study,
            "holds": self.holds,
            "files": self.files,
            "faults": list(self.faults),
        }

    def __str__(self) -> str:
        if self.holds:
            return f"{self.file}: whole, {self.files} files as they were packed."
        return "\n".join([f"{self.file}: not whole.", *(f"  - {fault}" for fault in self.faults)])


def verify_package(path: Path) -> Checked:
    """Is a replication package, a zip or the folder it was unpacked to, as it was made?

    Every file must be there with its SHA-256 and no other, and what the package says of itself must be what its results
    say. Whether a rerun gives the same results is for the reader to see: the package says how.

    Parameters
    ----------
    path : Path

    Raises
    ------
    InputError
        If there is no such file or folder, or it is no replication package.
    """
    files = _unpacked(path)
    if SUMS not in files or ABOUT not in files:
        raise refused(str(path), "is no replication package", f"One holds `{SUMS}` and `{ABOUT}`.")
    faults = []
    listed = _listed(files[SUMS])
    if listed is None:
        return Checked(path, None, len(files), (f"`{SUMS}` cannot be read.",))
    for name in sorted(listed.keys() | files.keys() - {SUMS}):
        if name not in files:
            faults.append(f"`{name}` is missing.")
        elif name not in listed:
            faults.append(f"`{name}` was added.")
        elif hashlib.sha256(files[name]).hexdigest() != listed[name]:
            faults.append(f"`{name}` was changed.")
    study = None
    try:
        about, results = json.loads(files[ABOUT]), json.loads(files.get(RESULTS, b"{}"))
        study = str(about["study"])
        said = results.get("provenance") or {}
        told = {key: said.get(key) for key in ("code", "inputs", "packages", "params")}
        if {key: about.get(key) for key in told} != told or results.get("study") != study:
            faults.append(f"`{ABOUT}` and `{RESULTS}` speak of different runs.")
    except (ValueError, KeyError, AttributeError, TypeError):
        faults.append(f"`{ABOUT}` or `{RESULTS}` cannot be read.")
    return Checked(path, study, len(files), tuple(faults))


def _unpacked(path: Path) -> dict[str, bytes]:
    """The files of a package by their names in it, hidden ones of an operating system left out."""
    if path.is_dir():
        found = {one.relative_to(path).as_posix(): one for one in sorted(path.rglob("*")) if one.is_file()}
        return {name: one.read_bytes() for name, one in found.items() if not _hidden(name)}
    try:
        with zipfile.ZipFile(path) as there:
            names = [name for name in there.namelist() if not name.endswith("/")]
            if len(set(names)) < len(names):
                raise refused(str(path), "holds a file twice", "Ask for the package again.")
            folders = sorted({name.rpartition("/")[0].partition("/")[0] or "none" for name in names})
            if len(folders) > 1:
                what = f"holds {len(folders)} folders, {', '.join(folders)}, where a package is one"
                raise refused(str(path), what, "Ask for the package again.")
            return {name.partition("/")[2] or name: there.read(name) for name in names}
    except FileNotFoundError as error:
        raise refused(str(path), "is not there", "Look at the path.") from error
    except _NOT_READ as error:
        raise refused(str(path), "cannot be read as a zip", "Ask for the package again.") from error


def _hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def _listed(content: bytes) -> dict[str, str] | None:
    """File and SHA-256, or None where the list is not in form."""
    try:
        pairs = [line.split("  ", 1) for line in content.decode().splitlines()]
        found = {name: digest for digest, name in pairs}
        return found if len(found) == len(pairs) else None
    except ValueError:
        return None
