"""Which files does a source map read, and with which of its headers? Found by what the files say of themselves.

A file given by name has to fit. Of a folder, every file whose header fits is read (folders inside it are not
searched); that none fits is a fault, told for the file that comes nearest. A column that the source has renamed since
the map was written is found under its new name, where that is told. Reading a chosen file as text is left to `reader`,
what becomes of its rows to `mapping_tables`.
"""

from __future__ import annotations

import csv
import difflib
import zlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.foundation.errors import Fault, MapError, did_you_mean
from analysis.tables import mapping_model as model
from analysis.tables.delimited import LONGEST_LINE, opened
from analysis.tables.plain_text import Cells, PlainText
from analysis.tables.reader import RaggedPolicy, TextRelation, ending, peek_header, plain_text, read_text

MOST_MISSING = 0.34
"""Share of a header's columns that may be missing in a file that is still taken for one of its kind."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file to be read: under which name of the map, with which of its headers, and the columns it really has."""

    kind: str
    order: int
    header: model.Header
    columns: tuple[str, ...]
    path: Path


def choose(
    given: model.SourceMap,
    path: Path,
    *,
    only: Collection[Path] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> tuple[list[Chosen], int]:
    """The files of a path that a map reads, in the order of its headers and then by name; how many others lie there.

    Parameters
    ----------
    given : SourceMap
        The map.
    path : Path
        A file, or a folder of which every visible file is looked at.
    only : collection of Path, optional
        Look at these files and at no others, also where they lie in several folders.
    renamed : mapping of str to str, optional
        The file's new name of a column by the map's name for it: `{"Created at": "Created"}`. A file that still has the
        old name fits as before.

    Raises
    ------
    MapError
        There is no such path, nothing in it fits, or `renamed` speaks of a column that the map does not know.
    """
    if not path.exists():
        raise MapError(Fault(where=str(path), what="does not exist", remedy="Check the path.", rule="missing_file"))
    new_names = dict(renamed or {})
    _check_renamed(given, new_names)
    paths = [path] if path.is_file() else sorted(part for part in path.iterdir() if _may_be_read(part))
    if only is not None:
        paths = sorted(only)
    chosen = [fitting for one in paths if (fitting := fitting_header(given, one, new_names)) is not None]
    if not chosen:
        raise MapError(_no_fit(given, paths, path, new_names))
    places = list(given.files)
    chosen.sort(key=lambda one: (places.index(one.kind), one.order, one.path.name))
    return chosen, len(paths) - len(chosen)


def read(
    given: model.SourceMap, chosen: Chosen, cache: Path, cells: Cells, *, sweep: bool = True
) -> tuple[TextRelation, dict[str, int]]:
    """A chosen file as text, written down, and the records set aside on the way, by reason."""
    file = given.files[chosen.kind]
    short = file.short_records
    return read_text(
        chosen.path,
        cache=cache,
        ragged=RaggedPolicy(len(chosen.columns) - short.missing_at_most, short.reason) if short else None,
        delimiter=file.format.delimiter,
        header=file.format.columns,
        skip_lines=file.format.skip_lines,
        encoding=file.format.encoding,
        fixed_width=file.format.fixed_width,
        wanted=cells.wanted,
        personal=cells.personal,
        nulls=cells.nulls,
        sweep=sweep,
    )


def swept(given: model.SourceMap, chosen: Chosen, cells: Cells) -> PlainText | None:
    """A chosen file to be read in sweeps where it lies; None where that is out of the question."""
    form = given.files[chosen.kind].format
    return plain_text(
        chosen.path,
        cells=cells,
        delimiter=form.delimiter,
        header=form.columns,
        skip_lines=form.skip_lines,
        encoding=form.encoding,
        fixed_width=form.fixed_width,
    )


def columns_beyond(given: model.SourceMap, chosen: Chosen) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The columns of a file that the map does not know, and those that the map may use and the file has not.

    Examples
    --------
    >>> header = model.Header.model_validate({"about": "all", "has": ("Id",), "may_have": ("Note",)})
    >>> files = {"sales": model.FileMap(headers=(header,))}
    >>> table = {"table": "orders", "from": "sales", "columns": {"order_id": "Id"}}
    >>> shop = {"map": "shop", "about": "", "zone": "UTC", "files": files, "tables": (table,)}
    >>> found = Chosen("sales", 0, header, ("Id", "Colour"), Path("sales.csv"))
    >>> columns_beyond(model.SourceMap.model_validate(shop), found)
    (('Colour',), ('Note',))
    """
    known = {name for header in given.files[chosen.kind].headers for name in header.columns.values()}
    known |= set(chosen.header.columns.values())
    new = tuple(name for name in chosen.columns if name not in known)
    lost = tuple(name for name in chosen.header.may_have.values() if name not in chosen.columns)
    return new, lost


def _may_be_read(part: Path) -> bool:
    return part.is_file() and not part.name.startswith(".")


def _check_renamed(given: model.SourceMap, renamed: Mapping[str, str]) -> None:
    known = list(dict.fromkeys(name for file in given.files.values() for name in _names_of(file)))
    faults = [
        Fault(
            where=f"source map {given.map}",
            what=f"has no column `{name}` that could have been renamed",
            remedy=did_you_mean(name, known),
            rule="unknown_name",
        )
        for name in renamed
        if name not in known
    ]
    if faults:
        raise MapError(faults)


def _names_of(file: model.FileMap) -> list[str]:
    """What a map calls the columns of a file: its own names, and those in the headers."""
    return [name for header in file.headers for pair in header.columns.items() for name in pair]


def _as_renamed(header: model.Header, columns: Collection[str], renamed: Mapping[str, str]) -> model.Header:
    """The header as a file has it that has the new name of a column, and no longer the old one."""

    def now(names: Mapping[str, str]) -> dict[str, str]:
        new_names = {ours: renamed.get(ours, renamed.get(theirs, theirs)) for ours, theirs in names.items()}
        return {
            ours: new_names[ours] if theirs not in columns and new_names[ours] in columns else theirs
            for ours, theirs in names.items()
        }

    return header.model_copy(update={"has": now(header.has), "may_have": now(header.may_have)}) if renamed else header


def fitting_header(given: model.SourceMap, path: Path, renamed: Mapping[str, str]) -> Chosen | None:
    """The header that fits a file; of several the one that asks for most."""
    fits: list[Chosen] = []
    for kind, file in given.files.items():
        columns = _columns_of(path, file.format)
        for order, as_mapped in enumerate(file.headers):
            header = _as_renamed(as_mapped, columns or (), renamed)
            if columns is not None and not _missing(header, columns) and not _too_many(header, columns):
                fits.append(Chosen(kind, order, header, columns, path))
    return max(fits, key=lambda fit: len(fit.header.has), default=None)


def _columns_of(path: Path, form: model.Format) -> tuple[str, ...] | None:
    """The header of a file, or the one the map gives a file that has none."""
    if form.file_names and not any(path.match(pattern) for pattern in form.file_names):
        return None
    if form.columns is not None:
        return form.columns
    if form == model.Format(file_names=form.file_names) or ending(path) not in ("csv", "tsv", "txt"):
        return peek_header(path)
    try:
        with opened(path, form.encoding, errors="replace") as file:
            for _ in range(form.skip_lines):
                file.readline(LONGEST_LINE)
            line = file.readline(LONGEST_LINE).rstrip("\r\n")
    except (OSError, EOFError, zlib.error, LookupError):
        return None
    return tuple(line.split() if form.fixed_width else next(csv.reader([line], delimiter=form.delimiter or ","), ()))


def _missing(header: model.Header, columns: Sequence[str]) -> list[str]:
    return [name for name in header.has.values() if name not in columns]


def _too_many(header: model.Header, columns: Sequence[str]) -> int:
    return len(set(columns) - set(header.columns.values())) if header.nothing_else else 0


def nearly_fitting(given: model.SourceMap, path: Path, renamed: Mapping[str, str] | None = None) -> Fault | None:
    """What keeps a file from fitting that has most of the columns a header asks for; None for another kind of file."""
    new_names = dict(renamed or {})
    for file in given.files.values():
        columns = _columns_of(path, file.format)
        for header in file.headers:
            if columns is None:
                continue
            missing = _missing(_as_renamed(header, columns, new_names), columns)
            if len(missing) <= MOST_MISSING * len(header.has):
                return _no_fit(given, [path], path, new_names)
    return None


def separated_otherwise(given: model.SourceMap, path: Path) -> Fault | None:
    """The fault of a file that would fit, were its fields separated by what the map says."""
    columns = peek_header(path) or ()
    for file in given.files.values():
        if file.format.columns is None and any(not _missing(header, columns) for header in file.headers):
            sign = (
                "white space" if file.format.fixed_width else f"`{file.format.delimiter or ','}`".replace("\t", "\\t")
            )
            what = f"is not separated by {sign}, as the source map `{given.map}` says"
            remedy = "Export it so, or declare its delimiter in the map."
            return Fault(where=path.name, what=what, remedy=remedy, rule="wrong_delimiter")
    return None


def _no_fit(given: model.SourceMap, paths: Sequence[Path], path: Path, renamed: Mapping[str, str]) -> Fault:
    """The fault for the file and header that come nearest to each other."""
    near: list[tuple[int, str, Path, model.Header, tuple[str, ...]]] = []
    for one in paths:
        for file in given.files.values():
            if (columns := _columns_of(one, file.format)) is not None:
                headers = [_as_renamed(header, columns, renamed) for header in file.headers]
                near += [(len(_missing(header, columns)), one.name, one, header, columns) for header in headers]
    if not near:
        remedy = "Give the file itself, or the folder it lies in."
        return Fault(where=path.name, what="holds no table that could be read", remedy=remedy, rule="no_file_fits")
    _, _, nearest, header, columns = min(near, key=lambda one: one[:2])
    missing = _missing(header, columns)
    if not missing:
        more = _too_many(header, columns)
        what = f"has {more} columns more than the header “{header.about}” of the source map `{given.map}` allows"
        remedy = "Export it with these columns only, or use the map of this other export."
        return Fault(where=nearest.name, what=what, remedy=remedy, rule="header_does_not_fit")
    what = f"does not fit the source map `{given.map}`: `{'`, `'.join(missing)}` are missing for “{header.about}”"
    spare = [name for name in columns if name not in header.columns.values()]
    pairs = [(name, difflib.get_close_matches(name, spare, n=1, cutoff=0.6)) for name in missing]
    hints = [f"`{found[0]}` instead of `{name}`" for name, found in pairs if found]
    remedy = "Choose the map of this export."
    if hints:
        declare = ", ".join(f"{name}: {found[0]}" for name, found in pairs if found)
        ways = f"declare that header in the map, or give the source `renamed: {{{declare}}}`"
        remedy = f"It has {', '.join(hints)}: {ways}."
    return Fault(where=nearest.name, what=what, remedy=remedy, rule="header_does_not_fit")
