"""What does a column of an unknown file seem to hold? Judged by its name and by the cells of the first rows.

A `Sample` is the header and some hundred rows of a file; a `Column` is what can be said of one column of it: times and
in which formats, decimals, flags, ids, a person's address. The cells are looked at and never told: a column carries our
own words alone. Which column of the contract it could be is left to `drafting`.
"""

from __future__ import annotations

import csv
import re
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import ContractError, Fault
from analysis.tables.delimited import LONGEST_LINE, OTHER_DELIMITERS, checked_header, opened
from analysis.tables.reader import ending, whole_parquet
from analysis.tables.workbook import SheetText, sheet_names

FIRST_ROWS = 400
Kind = Literal["empty", "time", "number", "flag", "id", "text"]

# Texts that stand for an empty cell in many systems; those of dates only count where the others are times.
DISGUISES = ("-", "--", "n/a", "N/A", "#N/A", "NA", "null", "NULL", "(null)", "None", "nan", "NaN", "?", "\\N")
OLD_DAYS = ("1900-01-01", "1900-01-01 00:00", "1900-01-01 00:00:00", "0000-00-00", "0000-00-00 00:00:00")

_DAYS = ("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%d %b %Y", "%b %d, %Y")
_CLOCKS = (" %H:%M:%S", " %H:%M", " %H:%M:%S.%f", " %I:%M %p", " %I:%M:%S %p")
FORMATS = (
    *(f"%Y-%m-%dT%H:%M:%S{end}" for end in ("Z", "%z", "")),
    *(f"%Y-%m-%dT%H:%M:%S.%f{end}" for end in ("Z", "%z", "")),
    "%Y-%m-%dT%H:%M%z",
    *(f"{day}{clock}{zone}" for day in _DAYS for clock in _CLOCKS for zone in ("", " %z")),
    "%a %b %d %H:%M:%S %z %Y",
    *_DAYS,
)
_PARTS = {
    "Y": r"\d{4}", "m": r"\d{1,2}", "d": r"\d{1,2}", "H": r"\d{1,2}", "I": r"\d{1,2}", "M": r"\d{1,2}", "S": r"\d{1,2}",
    "f": r"\d{1,9}", "p": "[AaPp][Mm]", "z": r"[+-]\d{2}(?::?\d{2})?", "b": "[A-Za-z]{3}", "a": "[A-Za-z]{3}",
}  # fmt: skip
_SHAPES = {
    form: re.compile(re.sub("%([A-Za-z])", lambda part: _PARTS[part[1]], re.sub(r"([.+])", r"\\\1", form)))
    for form in FORMATS
}
_LIKE_A_TIME = re.compile(r"(?=.*\d)[\w ,.:+/-]{6,40}")
_POWER_OF_TEN = re.compile(r"\d([.,]\d+)?[Ee]\+\d{1,3}")
_NUMBER = re.compile(r"[+-]?\d{1,13}(\.\d{1,6})?")
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(,\d{3})+(\.\d{1,6})?")
_OF_IDS = re.compile(r"\b(ids?|number|no|nr|key|guid|code|phone|mobile|order|ticket|case|invoice)\b")
_FLAGS = frozenset({"true", "false", "yes", "no", "y", "n", "t", "f", "0", "1"})
_EMAIL = re.compile(r"\s*<?[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+>?\s*")
_PHONE = re.compile(r"\+\d[\d ().-]{6,20}|\(?0\d{1,5}\)?[ /-][\d ().-]{4,16}")
_HANDLE = re.compile(r"@\w{1,50}")
_NAMED = (
    ("email", re.compile(r"\be ?mails?\b|\bmail address\b")),
    ("phone", re.compile(r"\b(phones?|mobile|cell|telephone|tel|fax|msisdn|whatsapp number)\b")),
    ("handle", re.compile(r"\bhandle$|\b(screen ?name|user ?name|login|twitter name|instagram name)\b")),
    (
        "name",
        re.compile(r"\b(first|last|full|given|family|contact|customer|author|requester|agent|sur|nick)[ ]?names?\b"),
    ),
    (
        "name",
        re.compile(
            r"^(name|requester|assignee|submitter|author|contact|recipient|from name)$|\b(street|address|birth)"
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class Sample:
    """The beginning of a file: its columns, some rows of text (None: empty), and how it had to be read."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    delimiter: str | None = None
    encoding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """What a column seems to hold. Nothing in it is text of the file but its `name`.

    Parameters
    ----------
    name : str
        As the file calls it.
    kind : str
        What all its cells are; `empty` where there is none.
    cells, different : int
        How many cells of the first rows are not empty, and how many of these are different.
    formats : tuple of str
        Of times: the formats that together read every cell.
    either_order : bool
        Of times: whether day and month could as well be the other way round.
    thousands : bool
        Of numbers: whether they have a comma between thousands.
    decimals : bool
        Of numbers: whether any has a decimal part.
    personal : str, optional
        What of a person it seems to be: email, phone, handle or name.
    nulls : tuple of str
        Texts in it that stand for an empty cell, of our own list.
    spoilt_ids : bool
        Whether it is named as an id and holds powers of ten (5.7E+17).
    """

    name: str
    kind: Kind
    cells: int = 0
    different: int = 0
    formats: tuple[str, ...] = ()
    either_order: bool = False
    thousands: bool = False
    decimals: bool = False
    personal: str | None = None
    nulls: tuple[str, ...] = ()
    spoilt_ids: bool = False

    @property
    def words(self) -> str:
        """Its name in plain words."""
        return plain(self.name)

    @property
    def unique(self) -> bool:
        """Whether no cell stands in it twice."""
        return self.cells == self.different


def plain(name: str) -> str:
    """A column's name as lower-case words, however it is written.

    Examples
    --------
    >>> plain("Created At"), plain("createdDate"), plain("first_reply.at"), plain("ContactID")
    ('created at', 'created date', 'first reply at', 'contact id')
    """
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", name)
    return " ".join(re.findall(r"[^\W_]+", split.casefold()))


def sample_of(path: Path, rows: int = FIRST_ROWS) -> Sample:
    """The beginning of a file, without reading the rest of it.

    Raises
    ------
    ContractError
        If there is no such file, it is none we read, or its header cannot be used.
    """
    if not path.is_file():
        raise _unreadable(path, "does not exist", "Check the path.", "missing_file")
    kind = ending(path)
    try:
        if kind == "parquet":
            return _of_parquet(path, rows)
        if kind == "xlsx":
            return _of_sheet(path, rows)
        if kind in ("csv", "tsv", "txt"):
            return _of_text(path, rows)
    except (OSError, EOFError, zlib.error) as error:
        raise _unreadable(
            path, "cannot be opened", "Is it a whole file, with the right ending?", "unreadable"
        ) from error
    remedy = "Give a file that ends in .csv, .tsv, .txt (also with .gz behind), .xlsx or .parquet."
    raise _unreadable(path, "is no table that could be read", remedy, "unknown_ending")


def columns_of(sample: Sample) -> tuple[Column, ...]:
    """What each column of a sample seems to hold.

    Examples
    --------
    >>> sample = Sample(("Ticket", "Created", "Mail"), (("1", "2026-03-01 10:00", "a@b.example"), ("2", "-", None)))
    >>> for column in columns_of(sample):
    ...     print(column.kind, column.formats, column.nulls, column.personal)
    number () () None
    time ('%Y-%m-%d %H:%M',) ('-',) None
    id () () email
    """
    return tuple(
        _column(name, [row[place] for row in sample.rows if place < len(row)])
        for place, name in enumerate(sample.columns)
    )


def _unreadable(path: Path, what: str, remedy: str, rule: str) -> ContractError:
    return ContractError(Fault(where=path.name, what=what, remedy=remedy, rule=rule))


def _of_text(path: Path, rows: int) -> Sample:
    encoding = _encoding(path, rows)
    with opened(path, encoding, errors="replace") as file:
        first = file.readline(LONGEST_LINE).rstrip("\r\n")
    usual = "\t" if ending(path) == "tsv" else ","
    signs = (usual, *(sign for sign in (",", *OTHER_DELIMITERS) if sign != usual))
    delimiter = max(signs, key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    with opened(path, encoding, errors="replace") as file:
        lines = iter(lambda: file.readline(LONGEST_LINE), "")
        records = csv.reader((line.replace("\0", "") for line in lines), delimiter=delimiter)
        found: list[list[str]] = []
        with suppress(csv.Error):  # what stands before a broken record is enough for a draft
            found.extend(islice(records, rows + 1))
    header, *body = found or [[]]
    columns = checked_header(header, path.name)
    cells = tuple(tuple(cell or None for cell in row) for row in body if row)
    told = None if encoding == "utf-8-sig" else encoding
    return Sample(columns, cells, None if delimiter == usual else delimiter, told)


def first_width(path: Path, delimiter: str | None) -> int:
    """How many fields the first line of a text file has; 0 of any other file."""
    if not path.is_file() or ending(path) not in ("csv", "tsv", "txt"):
        return 0
    with suppress(OSError, EOFError, zlib.error, csv.Error), opened(path, "utf-8", errors="replace") as file:
        return len(next(csv.reader([file.readline(LONGEST_LINE)], delimiter=delimiter or ","), []))
    return 0


def _encoding(path: Path, rows: int) -> str:
    """The first of UTF-8, UTF-16 and Windows-1252 in which the first rows are text."""
    for encoding in ("utf-8-sig", "utf-16"):
        try:
            with opened(path, encoding) as file:
                for _ in range(rows + 1):
                    if not file.readline(LONGEST_LINE):
                        break
        except UnicodeError:
            continue
        return encoding
    return "cp1252"


def _of_sheet(path: Path, rows: int) -> Sample:
    text = SheetText(path, sheet_names(path)[0])
    found: list[list[str]] = []
    for records, _ in text.batches():
        found += records
        if len(found) >= rows:
            break
    return Sample(text.columns, tuple(tuple(cell or None for cell in row) for row in found[:rows]))


def _of_parquet(path: Path, rows: int) -> Sample:
    with whole_parquet(path):
        file = pq.ParquetFile(path)
        names = checked_header(file.schema_arrow.names, path.name)
        first = next(file.iter_batches(batch_size=rows), None)
        lists = [] if first is None else [_as_text(column) for column in first.columns]
    return Sample(names, tuple(zip(*lists, strict=True)))


def _as_text(column: pa.Array) -> list[str | None]:
    return [None if cell is None else str(cell) for cell in column.to_pylist()]


def _column(name: str, given: Sequence[str | None]) -> Column:
    cells = [cell for cell in given if cell is not None and cell.strip()]
    nulls = tuple(text for text in DISGUISES if text in cells)
    cells = [cell for cell in cells if cell not in nulls]
    old = tuple(text for text in OLD_DAYS if text in cells)
    kept = [cell for cell in cells if cell not in old]
    formats, either = _times(kept)
    if formats:
        cells, nulls = kept, nulls + old
    kind, thousands, decimals = _kind(cells, bool(formats), plain(name))
    return Column(
        name=name,
        kind=kind,
        cells=len(cells),
        different=len(set(cells)),
        formats=formats,
        either_order=either,
        thousands=thousands,
        decimals=decimals,
        personal=_personal(plain(name), cells, kind),
        nulls=nulls,
        spoilt_ids=bool(_OF_IDS.search(plain(name))) and any(_POWER_OF_TEN.fullmatch(cell.strip()) for cell in cells),
    )


def _kind(cells: Sequence[str], times: bool, words: str) -> tuple[Kind, bool, bool]:
    """The kind of some cells; of numbers, whether they have commas between thousands, and decimals."""
    if not cells:
        return "empty", False, False
    if times:
        return "time", False, False
    lowered = {cell.strip().casefold() for cell in cells}
    if lowered <= _FLAGS and len(lowered) <= 2:
        return "flag", False, False
    commas = any(_THOUSANDS.fullmatch(cell) for cell in cells)
    if all(_NUMBER.fullmatch(cell) or _THOUSANDS.fullmatch(cell) for cell in cells):
        if commas or not re.search(r"\bid\b", words):
            return "number", commas, any("." in cell for cell in cells)
        return "id", False, False
    unspaced = not any(re.search(r"\s", cell.strip()) for cell in cells)
    return ("id" if unspaced and len(set(cells)) == len(cells) else "text"), False, False


def _personal(words: str, cells: Sequence[str], kind: Kind) -> str | None:
    """What of a person the cells seem to be: by their shape, else by the column's name."""
    if kind in ("text", "id"):
        for what, shape in (("email", _EMAIL), ("phone", _PHONE), ("handle", _HANDLE)):
            if 2 * sum(bool(shape.fullmatch(cell)) for cell in cells) > len(cells):
                return what
    if kind in ("time", "flag") or re.search(r"\b(id|ids|count|number of|at|date)\b", words):
        return None
    named = next((what for what, pattern in _NAMED if pattern.search(words)), None)
    return None if kind == "number" and named != "phone" else named


def _times(cells: Sequence[str]) -> tuple[tuple[str, ...], bool]:
    """The fewest formats that read all of some cells, tried out; and whether day and month could change places."""
    left = sorted({cell for cell in cells if _LIKE_A_TIME.fullmatch(cell) and not _NUMBER.fullmatch(cell)})
    if not left or len(left) < len(set(cells)):
        return (), False
    shaped = {one: [cell for cell in left if _SHAPES[one].fullmatch(cell)] for one in FORMATS}
    read = {one: _read_by(one, cells) for one, cells in shaped.items() if cells}
    chosen: list[str] = []
    either = False
    while left and read and len(chosen) < 3:
        best = max(read, key=lambda one: len(read[one] & set(left)))
        here = read[best] & set(left)
        if not here:
            return (), False
        either |= read.get(other_order(best), frozenset()) >= here and other_order(best) != best
        chosen.append(best)
        left = [cell for cell in left if cell not in here]
    return (() if left else tuple(chosen)), either and not left


def other_order(form: str) -> str:
    """A format with day and month in each other's place, where both are numbers.

    Examples
    --------
    >>> other_order("%d/%m/%Y %H:%M"), other_order("%Y-%m-%d")
    ('%m/%d/%Y %H:%M', '%Y-%m-%d')
    """
    if not form.startswith(("%d", "%m")):
        return form
    return form.translate(str.maketrans("dm", "md")) if "%b" not in form else form


def _read_by(form: str, cells: Sequence[str]) -> frozenset[str]:
    """The cells that the engine reads by a format, as it will when the map is used."""
    query = "select cell from (select unnest($cells::varchar[]) as cell) where try_strptime(cell, [$form]) is not null"
    found = duckdb.execute(query, {"cells": list(cells), "form": form}).fetchall()
    return frozenset(cell for (cell,) in found)
