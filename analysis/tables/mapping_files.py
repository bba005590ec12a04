"""Which files does a source map read, and with which of its headers? Found by what the files say of themselves.

A file given by name has to fit. Of a folder, every file whose header fits is read (folders inside it are not
searched); that none fits is a fault, told for the file that comes nearest. Reading a chosen file as text is left to
`reader`, what becomes of its rows to `mapping_tables`.
"""

from __future__ import annotations

import csv
import difflib
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis.foundation.errors import Fault, MapError
from analysis.tables import mapping_model as model
from analysis.tables.delimited import LONGEST_LINE, opened
from analysis.tables.reader import RaggedPolicy, TextRelation, ending, peek_header, read_text


@dataclass(frozen=True, slots=True)
class Chosen:
    """A file to be read: under which name of the map, with which of its headers, and the columns it really has."""

    kind: str
    order: int
    header: model.Header
    columns: tuple[str, ...]
    path: Path


def choose(given: model.SourceMap, path: Path) -> tuple[list[Chosen], int]:
    """The files of a path that a map reads, in the order of its headers and then by name; how many others lie there.

    Raises
    ------
    MapError
        There is no such path, or nothing in it fits.
    """
    if not path.exists():
        raise MapError(Fault(where=str(path), what="does not exist", remedy="Check the path.", rule="missing_file"))
    paths = [path] if path.is_file() else sorted(part for part in path.iterdir() if _may_be_read(part))
    chosen = [fitting for one in paths if (fitting := _fitting(given, one)) is not None]
    if not chosen:
        raise MapError(_no_fit(given, paths, path))
    places = list(given.files)
    chosen.sort(key=lambda one: (places.index(one.kind), one.order, one.path.name))
    return chosen, len(paths) - len(chosen)


def read(given: model.SourceMap, chosen: Chosen, cache: Path) -> tuple[TextRelation, dict[str, int]]:
    """A chosen file as text, and the records set aside on the way, by reason."""
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
    )


def _may_be_read(part: Path) -> bool:
    return part.is_file() and not part.name.startswith(".")


def _fitting(given: model.SourceMap, path: Path) -> Chosen | None:
    """The header that fits a file; of several the one that asks for most."""
    fits: list[Chosen] = []
    for kind, file in given.files.items():
        columns = _columns_of(path, file.format)
        for order, header in enumerate(file.headers):
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


def _no_fit(given: model.SourceMap, paths: Sequence[Path], path: Path) -> Fault:
    """The fault for the file and header that come nearest to each other."""
    near: list[tuple[int, str, Path, model.Header, tuple[str, ...]]] = []
    for one in paths:
        for file in given.files.values():
            if (columns := _columns_of(one, file.format)) is not None:
                near += [(len(_missing(header, columns)), one.name, one, header, columns) for header in file.headers]
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
        remedy = f"It has {', '.join(hints)}: declare that header in the map."
    return Fault(where=nearest.name, what=what, remedy=remedy, rule="header_does_not_fit")
