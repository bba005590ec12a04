"""Which source map that comes with the package is nearest to a file's header, and what keeps it from fitting?

Held against each other are names alone: those a header of the map asks for, found in the file as they are or under a
name that is nearly the same; and, for a map that fits, the first rows against its tests of damage. Whether the rows
keep the map's word otherwise is found when it is used. The draft of a map for a file that none fits is left to
`drafting`.
"""

from __future__ import annotations

import csv
import difflib
import secrets
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.foundation.errors import InputError
from analysis.tables import mapping_model as model
from analysis.tables.drafting_columns import Sample, plain
from analysis.tables.mapping import load_map, mapped, names
from analysis.tables.pseudonyms import Key

WORTH_TELLING = 0.5
_ALIKE = 0.86


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearest:
    """A shipped map beside a header.

    Parameters
    ----------
    map, about : str
        The map's name, and what its header is.
    share : float
        Of the columns that the header asks for, the share that is there; under nearly the same name, a half each.
    known : int
        How many of the file's columns the map knows.
    renamed : dict of str to str
        The map's name to the file's, where they are nearly the same.
    missing : tuple of str
        Columns it asks for and the file lacks.
    new : tuple of str
        Columns of the file that it does not know.
    """

    map: str
    about: str
    share: float
    known: int
    renamed: dict[str, str]
    missing: tuple[str, ...]
    new: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether the map reads the file as it is."""
        return not self.missing and not self.renamed


def nearest(columns: Sequence[str], *, by_spaces: bool = False) -> tuple[Nearest, ...]:
    """The shipped maps by how near they are, the nearest first; those that share too little are left out.

    `by_spaces`: of the maps of files whose columns are parted by white space; else of all others.

    Examples
    --------
    >>> [(one.map, one.fits) for one in nearest(["Id", "Date", "CDs", "Spent"])]
    []
    >>> columns = ["Id", "Requester id", "Status", "Priority", "Via", "Created at", "Updated at", "Date of solving"]
    >>> one = nearest(columns)[0]
    >>> one.map, one.fits, one.share, one.missing, one.new
    ('zendesk', False, 0.875, ('Solved at',), ('Date of solving',))
    """
    found: list[Nearest] = []
    for name in names():
        given = _shipped(name)
        beside = [_beside(given, header, columns) for file in given.files.values() for header in file.headers]
        if any(file.format.columns is not None for file in given.files.values()):
            continue  # known by the file's name: `by_name`
        if any(file.format.fixed_width for file in given.files.values()) != by_spaces:
            continue
        found.append(max(beside, key=lambda one: (one.fits, one.share, one.known)))
    worth = [one for one in found if one.share >= WORTH_TELLING]
    return tuple(sorted(worth, key=lambda one: (not one.fits, -one.share, -one.known, one.map)))


def by_name(path: Path, width: Callable[[str | None], int]) -> Nearest | None:
    """The shipped map of a file without a header: it knows the file's name, and names as many columns as the file has.

    Parameters
    ----------
    width : callable
        How many fields the first line has, by the delimiter of the map.
    """
    for name in names():
        given = _shipped(name)
        for file in given.files.values():
            form = file.format
            if form.columns is None or not any(path.match(pattern) for pattern in form.file_names):
                continue
            if width(form.delimiter) == len(form.columns):
                return _beside(given, file.headers[0], form.columns)
    return None


def damage_of(name: str, sample: Sample) -> model.Damage | None:
    """What the tests of a shipped map find damaged in a file's first rows.

    Only the map's tests of damage are looked at: whatever else is wrong is told where the file is taken in.
    """
    given = _shipped(name)
    if not any(file.damage for file in given.files.values()):
        return None
    told = {damage.what: damage for file in given.files.values() for damage in file.damage}
    form = next(iter(given.files.values())).format
    with tempfile.TemporaryDirectory(prefix="touchstone-") as folder:
        path = Path(folder) / "first_rows.csv"
        with path.open("w", encoding=form.encoding, newline="") as file:
            csv.writer(file, delimiter=form.delimiter or ",").writerows([sample.columns, *sample.rows])
        try:
            mapped(name, path, cache=Path(folder), key=Key(secrets.token_bytes(32)))
        except InputError as error:
            found = (told.get(fault.what) for fault in error.faults if fault.rule == "damaged_file")
            return next((damage for damage in found if damage is not None), None)
    return None


@cache
def _shipped(name: str) -> model.SourceMap:
    return load_map(name)


def _beside(given: model.SourceMap, header: model.Header, columns: Sequence[str]) -> Nearest:
    spare = {plain(name): name for name in columns if name not in header.columns.values()}
    renamed: dict[str, str] = {}
    missing: list[str] = []
    for theirs in header.has.values():
        if theirs in columns:
            continue
        name = plain(theirs)
        close = difflib.get_close_matches(name, spare, n=1, cutoff=_ALIKE)
        close = close or [other for other in spare if name.startswith(f"{other} ") or other.startswith(f"{name} ")]
        if close:
            renamed[theirs] = spare.pop(close[0])
        else:
            missing.append(theirs)
    new = tuple(name for name in columns if name not in header.columns.values() and name not in renamed.values())
    if header.nothing_else and new:
        missing += [f"no further column (it has {len(new)})"]
    return Nearest(
        map=given.map,
        about=header.about,
        share=max(0, len(header.has) - len(missing) - len(renamed) / 2) / len(header.has),
        known=len(columns) - len(new),
        renamed=renamed,
        missing=tuple(missing),
        new=new,
    )
