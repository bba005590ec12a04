"""How is a zip written of what leaves the house? The same bytes for the same files, under a name that is free or ours.

What goes into it is decided in `sharing` and `replication`, whether people are named in it in `searching`; here only
whether a file names a folder of this machine.
"""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path

from analysis.foundation.errors import Fault, InputError
from analysis.runner.finished import Report

FIRST_TIME = (1980, 1, 1, 0, 0, 0)
"""The time of every file in the zip: the first a zip can hold."""


def zipped(top: str, files: Mapping[str, bytes]) -> bytes:
    """The bytes of a zip: names in order below one folder, one fixed time, nobody's name.

    Parameters
    ----------
    top : str
        The folder that everything lies in.
    files : mapping of str to bytes

    Examples
    --------
    >>> zipped("care", {"a": b"1", "b": b"2"}) == zipped("care", {"b": b"2", "a": b"1"})
    True
    """
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as packed:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{top}/{name}", FIRST_TIME)
            entry.create_system, entry.external_attr, entry.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
            packed.writestr(entry, files[name], compresslevel=9)
    return written.getvalue()


def zip_target(out: Path | None, report: Report, name: str, *, marked_by: str, rule: str) -> Path:
    """Where a zip goes: beside its report unless said otherwise.

    Parameters
    ----------
    out : Path or None
        The zip, or a folder that is there.
    report : Report
    name : str
        Of the zip, where `out` does not say.
    marked_by : str
        The file by which an earlier zip of this kind is known: such a one is written over.
    rule : str
        Under which a refusal stands.

    Raises
    ------
    InputError
        If the name does not end with `.zip`, or something else has it.
    """
    target = report.place.link.parent / name if out is None else out / name if out.is_dir() else out
    if target.suffix != ".zip":
        remedy = "End it with `.zip`, or name a folder that is there."
        raise InputError(Fault(where=str(target), what="is no name of a zip", remedy=remedy, rule=rule))
    if os.path.lexists(target) and not _holds(target, marked_by):
        what = "is something else that would be overwritten"
        raise InputError(Fault(where=str(target), what=what, remedy="Name another file with `--out`.", rule=rule))
    return target


def refuse_machine(files: Mapping[str, bytes], report: Report, *, rule: str) -> None:
    """Refuse files that name folders of this machine: where the report lies, or somebody's home.

    Parameters
    ----------
    files : mapping of str to bytes
    report : Report
    rule : str

    Raises
    ------
    InputError
        With one fault for each such file.
    """
    places = {str(path) for path in (report.place.link.parent, report.place.link.parent.resolve(), Path.home())}
    marks = [f"{place.rstrip(os.sep)}{os.sep}".encode() for place in places if len(place) > 1]
    told = [name for name, content in files.items() if any(mark in content for mark in marks)]
    if told:
        remedy = "Take the path out of the study's texts, and run it again."
        raise InputError(
            Fault(where=name, what="names a folder of this machine", remedy=remedy, rule=rule) for name in told
        )


def _holds(target: Path, name: str) -> bool:
    try:
        with zipfile.ZipFile(target) as there:
            return any(held.endswith(f"/{name}") for held in there.namelist())
    except (OSError, zipfile.BadZipFile):
        return False
