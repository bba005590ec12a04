"""Which records stand in a text file, and at which lines? CSV with its fields counted, and text in columns.

Exactness is the point: a record with a field too few or too many, a quotation mark that does not close, a byte that
is no text or a NUL is named with its line, and nothing is padded in silence. Writing the records down is left to
`reader`, their meaning to `column_rules`.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO

from analysis.foundation.errors import ContractError, Fault

LINE = "__line"
BLANK_LINE = "blank line"
OF_ONE_RECORD = frozenset({"too_few_fields", "too_many_fields", "spreadsheet_error"})  # others can still be told apart
LONGEST_LINE = 1 << 24
MOST_COLUMNS, PLACES_SHOWN = 16_384, 12
BATCH_ROWS = 250  # few enough that Python's garbage collector has nothing to walk through
OTHER_DELIMITERS = {";": "semicolons", "\t": "tabs", "|": "bars"}
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_LONE_BYTE = re.compile("[\udc80-\udcff]")

Batch = tuple[list[list[str]], Sequence[int]]

_PANDAS_INDEX = re.compile(r"__index_level_\d+__")


@dataclass(frozen=True)
class RaggedPolicy:
    """What to do with a record that has fewer fields than the header.

    It is kept, filled up with nulls, when it has at least `keep_from` fields; else it is set aside and counted
    under `reason`. Without a policy every such record is a fault.
    """

    keep_from: int
    reason: str


@dataclass
class Tally:
    """How often something was found, and where first."""

    count: int = 0
    first: int | None = None

    def at(self, line: int) -> None:
        self.count += 1
        self.first = line if self.first is None else self.first


@dataclass
class DelimitedText:
    """A text file as records. After `batches()` has run out, `faults` and `set_aside` say what was found on the way,
    and `left_out` how many records had a wrong number of fields.

    Parameters
    ----------
    path : Path
        The file; gzip when its name ends in `.gz`.
    delimiter : str, optional
        What stands between fields; None for any amount of white space, and nothing quoted.
    encoding : str
        Of the text.
    given_header : sequence of str, optional
        The column names, where the file has no header of its own.
    skip_lines : int
        Lines before the header, or before the data.
    ragged : RaggedPolicy, optional
        What to do with short records.
    """

    path: Path
    delimiter: str | None = ","
    encoding: str = "utf-8-sig"
    given_header: Sequence[str] | None = None
    skip_lines: int = 0
    ragged: RaggedPolicy | None = None
    columns: tuple[str, ...] = ()
    set_aside: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    left_out: int = 0

    def batches(self) -> Iterator[Batch]:
        """Records of as many fields as there are `columns`, with the line each begins at; first of all, none.

        Raises
        ------
        ContractError
            If it is no text at all, or there is no usable header. All other faults are gathered in `faults`.
        """
        few, many, records_read = Tally(), Tally(), 0
        lines: _Lines | None = None
        try:
            refuse_other_formats(self.path)
            with opened(self.path, self.encoding) as file:
                for _ in range(self.skip_lines):
                    file.readline(LONGEST_LINE)
                lines = _Lines(file, self.skip_lines)
                records = _records(lines, self.delimiter)
                self.columns = self.header_of(records)
                yield [], ()
                blank = 0
                for rows, starts in _batched(records, lines):
                    records_read += sum(map(bool, rows))  # a blank line is no record
                    if not blank and set(map(len, rows)) == {len(self.columns)}:
                        yield rows, starts
                        continue
                    kept, kept_starts, blank = self._judged(rows, starts, blank, few, many)
                    yield kept, kept_starts
        except UnicodeDecodeError:
            self.faults.append(_undecodable(self.path, self.encoding))
        except LookupError:
            self._fault(
                "unknown_encoding", "is said to be in an encoding that has no name", "Name one: `utf-8`, `cp1252`."
            )
        except (gzip.BadGzipFile, zlib.error, EOFError):
            self._fault("wrong_ending", "is not a whole gzip file", "Pack it again, or take the ending .gz away.")
        except Broken as broken:
            self._fault(broken.rule, *_BROKEN[broken.rule], first=broken.line)
        self.left_out = few.count + many.count
        remedy = "Quote cells that hold a delimiter or a line break, or declare in a source map what such records are."
        for rule, found in (("too_few_fields", few), ("too_many_fields", many)):
            if found.count:
                what = f"records have {rule.replace('_', ' ')}: the header has {len(self.columns)}"
                self._fault(rule, what, remedy, count=found.count, of=records_read, first=found.first)
        if lines is not None and lines.nul.count:
            remedy = "Export it again; a damaged copy looks like this, and so does UTF-16."
            self._fault("nul_byte", "lines hold NUL", remedy, count=lines.nul.count, first=lines.nul.first)

    def header_of(self, records: Iterator[list[str]]) -> tuple[str, ...]:
        """The column names, given or in the first record, if they can be used."""
        if self.given_header is not None:
            return checked_header(self.given_header, self.path.name)
        try:
            header = next(records, None)
        except csv.Error as error:
            raise Broken(_rule_of(error), self.skip_lines + 1) from error
        for other, words in OTHER_DELIMITERS.items():
            if self.delimiter not in (None, other) and header and len(header) == 1 and other in header[0]:
                remedy = "Save it separated by commas, or declare its delimiter in a source map."
                raise ContractError(
                    Fault(where=self.path.name, what=f"is separated by {words}", remedy=remedy, rule="wrong_delimiter")
                )
        return checked_header(header or (), self.path.name)

    def _judged(
        self, rows: list[list[str]], starts: Sequence[int], blank: int, few: Tally, many: Tally
    ) -> tuple[list[list[str]], list[int], int]:
        """The records that are kept, their lines, and the blank lines not yet followed by a record."""
        width = len(self.columns)
        kept: list[list[str]] = []
        kept_starts: list[int] = []
        for row, line in zip(rows, starts, strict=True):
            fields = len(row)
            if fields == 0:
                blank += 1
                continue
            self._put_aside(BLANK_LINE, blank)
            blank = 0
            if fields > width:
                many.at(line)
            elif fields < width and self.ragged is None:
                few.at(line)
            elif self.ragged is not None and fields < min(width, self.ragged.keep_from):
                self._put_aside(self.ragged.reason, 1)
            else:
                kept.append(row + [""] * (width - fields))
                kept_starts.append(line)
        return kept, kept_starts, blank

    def _put_aside(self, reason: str, count: int) -> None:
        if count:
            self.set_aside[reason] = self.set_aside.get(reason, 0) + count

    def _fault(
        self,
        rule: str,
        what: str,
        remedy: str,
        count: int | None = None,
        of: int | None = None,
        first: int | None = None,
    ) -> None:
        where = self.path.name
        self.faults.append(Fault(where=where, what=what, remedy=remedy, rule=rule, count=count, of=of, first=first))


def checked_header(names: Sequence[str], where: str) -> tuple[str, ...]:
    """The column names, if they can be told apart; one without a name is called by its place, `unnamed_1`.

    Raises
    ------
    ContractError
        If there are none, two are the same (or differ only in case, which no query engine tells apart), or one
        cannot be a name in a query.
    """
    if not any(name.strip() for name in names):
        remedy = "The first line names the columns."
        raise ContractError(Fault(where=where, what="has no header", remedy=remedy, rule="no_header"))
    if any("\0" in name for name in names):
        remedy = "Save it as UTF-8: UTF-16 looks like this, and so does a damaged copy."
        raise ContractError(Fault(where=where, what="has NUL in its header", remedy=remedy, rule="nul_byte", first=1))
    if len(names) > MOST_COLUMNS:
        what = f"has {len(names):,} columns"
        remedy = f"A table has up to {MOST_COLUMNS:,}, as a sheet does. Is the first line a header?"
        raise ContractError(Fault(where=where, what=what, remedy=remedy, rule="too_many_columns"))
    named = tuple(name if name.strip() else f"unnamed_{place}" for place, name in enumerate(names, start=1))
    folded = [name.casefold() for name in named]
    often = Counter(folded)
    faults = []
    if twice := [place for place, name in enumerate(folded, start=1) if often[name] > 1]:
        what = f"columns share a name: number {_listed(twice)}"
        remedy = "Rename them; upper and lower case do not tell names apart."
        faults.append(Fault(where=where, what=what, remedy=remedy, rule="duplicate_column"))
    if bad := [place for place, name in enumerate(folded, start=1) if not _usable(name)]:
        what = f"columns have names that cannot be used: number {_listed(bad)}"
        remedy = "A name has up to 255 characters, no NUL, no two underscores at its start, and is not file_row_number."
        faults.append(Fault(where=where, what=what, remedy=remedy, rule="unusable_column_name"))
    if faults:
        raise ContractError(faults)
    return named


def _listed(places: Sequence[int]) -> str:
    more = f" and {len(places) - PLACES_SHOWN:,} more" if len(places) > PLACES_SHOWN else ""
    return ", ".join(map(str, places[:PLACES_SHOWN])) + more


def _usable(name: str) -> bool:
    """Whether a column may be called so; what pandas calls an index it wrote along is a column like any other."""
    if _PANDAS_INDEX.fullmatch(name):
        return True
    return len(name) <= 255 and "\0" not in name and not name.startswith("__") and name != "file_row_number"


@contextmanager
def opened(path: Path, encoding: str, errors: str = "strict") -> Iterator[TextIO]:
    """A text file, unpacked if its name ends in `.gz`, with its line breaks as they are."""
    unpack = gzip.open if path.suffix.lower() == ".gz" else open
    with unpack(path, "rb") as binary, io.TextIOWrapper(binary, encoding=encoding, errors=errors, newline="") as file:
        yield file


_OTHER_FORMATS = (
    (
        re.compile(rb"PK\x03\x04"),
        "an Excel workbook (or another ZIP archive)",
        "Give it the ending .xlsx, its sheet the table's name; or save the sheet as {kind}.",
    ),
    (re.compile(rb"PAR1[^\t\r\n -~]"), "a Parquet file", "Give it the ending .parquet."),
    (re.compile(rb"\x1f\x8b"), "packed with gzip", "Unpack it, or put the ending .gz behind its name."),
    (re.compile(rb".{8}DUCK.{2}\x00", re.DOTALL), "a DuckDB database", "Give it the ending .duckdb."),
)


def refuse_other_formats(path: Path) -> None:
    """A ContractError if the first bytes, unpacked, are those of another kind of file; no text has any of them."""
    packed = path.suffix.lower() == ".gz"
    with (gzip.open if packed else open)(path, "rb") as file:
        first = file.read(16)
    kind = {".csv": "CSV", ".tsv": "TSV"}.get(Path(path.name.lower().removesuffix(".gz")).suffix, "text")
    for begins, other, remedy in _OTHER_FORMATS:
        if begins.match(first):
            what = f"is {other}, not {kind}"
            mend = ("Unpack it. " if packed else "") + remedy.format(kind=kind)
            raise ContractError(Fault(where=path.name, what=what, remedy=mend, rule="wrong_ending"))


class _Lines:
    """The lines of a file, counted, none longer than can be held, NULs noted."""

    def __init__(self, file: TextIO, skipped: int) -> None:
        self._read = file.readline
        self.number = skipped
        self.characters = 0
        self.nul = Tally()

    def __iter__(self) -> Iterator[str]:
        while line := self._read(LONGEST_LINE):
            self.number += 1
            self.characters += len(line)
            if "\0" in line:
                self.nul.at(self.number)
            if len(line) == LONGEST_LINE:
                raise Broken("cell_too_long", self.number)
            yield line


class Broken(Exception):
    """A record that cannot be read, and the line it begins at: nothing after it can be trusted."""

    def __init__(self, rule: str, line: int) -> None:
        super().__init__(rule)
        self.rule, self.line = rule, line


_BROKEN = {
    "unclosed_quote": (
        "a quotation mark is opened and never closed",
        "Close it; a quotation mark inside a quoted cell is written twice.",
    ),
    "stray_quote": (
        "text follows a closing quotation mark",
        "Quote the cell as a whole, and write a quotation mark inside it twice.",
    ),
    "cell_too_long": (
        "a cell is too long to be one",
        "Most likely a quotation mark is opened there and not closed: close it.",
    ),
}


def _rule_of(error: csv.Error) -> str:
    words = str(error)
    return "unclosed_quote" if "unexpected end" in words else "cell_too_long" if "limit" in words else "stray_quote"


def _records(lines: _Lines, delimiter: str | None) -> Iterator[list[str]]:
    if delimiter is None:
        return (line.split() for line in lines)
    return csv.reader(lines, delimiter=delimiter, strict=True)


def _batched(records: Iterator[list[str]], lines: _Lines) -> Iterator[Batch]:
    """Records, a few at a time, with the line each begins at."""
    more = True
    while more:
        first = lines.number + 1
        rows: list[list[str]] = []
        try:
            for row in islice(records, BATCH_ROWS):
                rows.append(row)  # noqa: PERF402 (so those before a broken record are kept)
        except csv.Error as error:
            *_, broken_at = _starts(rows, first)
            raise Broken(_rule_of(error), broken_at) from error
        more = len(rows) == BATCH_ROWS
        if rows:
            one_line_each = lines.number - first + 1 == len(rows)
            yield rows, range(first, lines.number + 1) if one_line_each else _starts(rows, first)[:-1]


def _starts(rows: Sequence[list[str]], first: int) -> list[int]:
    """The line each record begins at, and the line after the last: a record has a line more for each break in it."""
    starts = [first]
    for row in rows:
        breaks = sum(len(_LINE_BREAK.findall(cell)) for cell in row if "\n" in cell or "\r" in cell)
        starts.append(starts[-1] + 1 + breaks)
    return starts


def _undecodable(path: Path, encoding: str) -> Fault:
    """How many lines hold bytes that are not text, and which is the first."""
    found, number = Tally(), 0
    try:
        with opened(path, encoding, errors="surrogateescape") as file:
            while line := file.readline(LONGEST_LINE):
                number += 1
                if _LONE_BYTE.search(line):
                    found.at(number)
    except UnicodeDecodeError:  # an encoding of two bytes a character, cut in the middle of one
        found.at(number + 1)
    unpack = gzip.open if path.suffix.lower() == ".gz" else open
    with unpack(path, "rb") as file:
        is_utf16 = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    what = (
        "is UTF-16 text" if is_utf16 else f"lines hold bytes that are not {encoding.removesuffix('-sig').upper()} text"
    )
    remedy = "Save it as UTF-8, or declare its encoding in a source map."
    return Fault(
        where=path.name, what=what, remedy=remedy, rule="undecodable", count=found.count, of=number, first=found.first
    )
