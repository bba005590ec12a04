"""What does a text file say whose records need no second look? CSV parsed in sweeps, some megabytes at a time.

A sweep is taken only for what `delimited` would read as the same records, with the same cells at the same lines. Of
each stretch of bytes that is shown first: text throughout, every record a line, or quotation marks only around whole
cells and doubled inside them. Whatever cannot be shown leaves the file in doubt, and the exact road is taken from the
start: it alone finds faults and names them. So nothing here has a message for a user.

Why the quotation marks are as they should be: from the start of a record on, count them. One of an odd number has to
open a cell, so a delimiter or a line break stands before it, or, right before it, the one that it doubles; one of an
even number has to close, so one of these stands after it. A line break after an even number of them ends a record.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv as pa_csv

from analysis.foundation.errors import ContractError
from analysis.tables.delimited import BLANK_LINE, LINE, Broken, DelimitedText, refuse_other_formats
from analysis.tables.pseudonyms import Veil

SWEEP_BYTES = 1 << 24
BLOCK_BYTES = 1 << 20
BATCH_ROWS = 1 << 16
_MARK = b"\xef\xbb\xbf"
_UTF8 = {"utf-8-sig": True, "utf-8": False, "utf8": False}

Places = npt.NDArray[np.intp]


class InDoubt(Exception):
    """A file, or a stretch of one, of which it cannot be shown that a sweep reads what stands there."""


@dataclass(frozen=True)
class Cells:
    """What of a file's cells is handed on: which columns (all by default), and of which ones pseudonyms only.

    `personal` are the veils of columns that name persons; `nulls` the texts that stand for nothing in one of these, and
    so name nobody.
    """

    wanted: Collection[str] | None = None
    personal: Mapping[str, Veil] = field(default_factory=dict)
    nulls: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns of a header that are handed on, in its order."""
        return tuple(name for name in header if self.wanted is None or name in self.wanted)

    def veiled(self, name: str, cells: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
        """The cells of a column as they may be written down."""
        veil = self.personal.get(name)
        if veil is None:
            return cells
        coded = (cells.combine_chunks() if isinstance(cells, pa.ChunkedArray) else cells).dictionary_encode()
        nothing = set(self.nulls.get(name, ()))
        texts = [None if text in nothing else text for text in coded.dictionary.to_pylist()]
        return veil.of_array(pa.array(texts, pa.string())).take(coded.indices)


def schema_of(columns: Sequence[str]) -> pa.Schema:
    """Text columns and the line of each record."""
    return pa.schema([*((name, pa.string()) for name in columns), (LINE, pa.int64())])


class PlainText:
    """A text file in sweeps, to be read as often as is asked for; DuckDB can read from it as from a table.

    Parameters
    ----------
    text : DelimitedText
        How the exact road would read the file.
    cells : Cells
        What of it is handed on.

    Attributes
    ----------
    header, columns : tuple of str
        All columns of the file, and those handed on.
    rows, set_aside : int, dict of str to int
        After it was read to the end: its records, and the blank lines between them.

    Raises
    ------
    InDoubt
        If the exact road has to be taken. Where DuckDB reads, it is kept in `in_doubt`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> path = Path(tempfile.mkdtemp()) / "orders.csv"
    >>> _ = path.write_text('id,product\\n007,"a, b"\\n\\n8,\\n')
    >>> plain = PlainText(DelimitedText(path), Cells())
    >>> [row for batch in plain.batches() for row in batch.to_pylist()]
    [{'id': '007', 'product': 'a, b', '__line': 2}, {'id': '8', 'product': None, '__line': 4}]
    >>> plain.rows, plain.set_aside
    (2, {'blank line': 1})
    """

    def __init__(self, text: DelimitedText, cells: Cells) -> None:
        self.text, self.cells = text, cells
        self.in_doubt = False
        self.rows = 0
        self.set_aside: dict[str, int] = {}
        delimiter = text.delimiter or ""
        if text.encoding.lower() not in _UTF8 or not delimiter.isascii() or delimiter in '"\r\n\0':
            raise InDoubt
        self._delimiter = delimiter
        with self._opened() as file:
            self.header, self._lines_before, self._bytes_before = self._head(file.read(BLOCK_BYTES))
        self.columns = cells.of(self.header)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The records, as text with the line of each."""
        self.rows, blank = 0, 0
        self.set_aside = {}
        line = self._lines_before + 1
        with self._opened() as file:
            file.read(self._bytes_before)
            for stretch in self._stretches(file):
                table = self._parsed(stretch)
                numbers, blanks_before, blanks_after = stretch.numbered(line, 0 if table is None else table.num_rows)
                line += stretch.lines
                if table is None:
                    blank += blanks_after
                    continue
                if blank + blanks_before:
                    self.set_aside[BLANK_LINE] = self.set_aside.get(BLANK_LINE, 0) + blank + blanks_before
                blank = blanks_after
                yield from self._handed_on(table, numbers)
                self.rows += table.num_rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Arrow's way of asking for the rows of a stranger's table."""

        def noted() -> Iterator[pa.RecordBatch]:
            try:
                yield from self.batches()
            except InDoubt:
                self.in_doubt = True
                raise

        reader = pa.RecordBatchReader.from_batches(schema_of(self.columns), noted())
        return reader.__arrow_c_stream__(requested_schema)

    def _opened(self) -> _Reading:
        return _Reading(self.text)

    def _head(self, first: bytes) -> tuple[tuple[str, ...], int, int]:
        """The header, and how many lines and bytes stand before the first record."""
        try:
            refuse_other_formats(self.text.path)
            mark = len(_MARK) if _UTF8[self.text.encoding.lower()] and first.startswith(_MARK) else 0
            lines = io.BytesIO(first[mark:])
            taken = [lines.readline() for _ in range(self.text.skip_lines)]

            def following() -> Iterator[str]:
                for line in lines:
                    taken.append(line)
                    yield line.decode()

            records = csv.reader(following(), delimiter=self._delimiter, strict=True)
            header = self.text.header_of(records)
        except (ContractError, Broken, UnicodeDecodeError):
            raise InDoubt from None
        read = b"".join(taken)
        cut = len(first) == BLOCK_BYTES and not read.endswith(b"\n")
        if cut or b"\0" in read or _has_lone_return(read):
            raise InDoubt
        return header, len(taken), mark + len(read)

    def _stretches(self, file: IO[bytes]) -> Iterator[_Stretch]:
        """The bytes after the header, some megabytes of whole records at a time."""
        rest = b""
        while True:
            more = file.read(SWEEP_BYTES)
            rest += more
            if not rest:
                return
            if stretch := _Stretch.at_start_of(rest, self._delimiter.encode(), to_the_end=not more):
                yield stretch
                rest = rest[len(stretch.data) :]
            elif not more or len(rest) > 2 * SWEEP_BYTES:
                raise InDoubt
            if not more:
                return

    def _parsed(self, stretch: _Stretch) -> pa.Table | None:
        """The records of a stretch; None where there are none but blank lines."""
        stretch.judge()
        if not stretch.data.strip(b"\r\n"):
            return None
        across = stretch.breaks_in_cells
        wanted = self.columns or self.header[:1]
        try:
            return pa_csv.read_csv(
                pa.BufferReader(stretch.data),
                read_options=pa_csv.ReadOptions(
                    column_names=self.header, block_size=len(stretch.data) + 1 if across else BLOCK_BYTES
                ),
                parse_options=pa_csv.ParseOptions(
                    delimiter=self._delimiter,
                    quote_char='"' if stretch.quotes is not None else False,
                    newlines_in_values=across,
                ),
                convert_options=pa_csv.ConvertOptions(
                    check_utf8=False,
                    column_types=dict.fromkeys(wanted, pa.string()),
                    include_columns=wanted,
                    null_values=[""],
                    strings_can_be_null=True,
                ),
            )
        except pa.ArrowException:
            raise InDoubt from None

    def _handed_on(self, table: pa.Table, numbers: npt.NDArray[np.int64]) -> Iterator[pa.RecordBatch]:
        cells = [self.cells.veiled(name, table.column(name)) for name in self.columns]
        yield from pa.table([*cells, pa.array(numbers)], schema_of(self.columns)).to_batches(BATCH_ROWS)


class _Reading:
    """A file's bytes, unpacked if its name ends in `.gz`; what fails while they are read leaves it in doubt."""

    def __init__(self, text: DelimitedText) -> None:
        self._text = text

    def __enter__(self) -> IO[bytes]:
        packed = self._text.path.suffix.lower() == ".gz"
        try:
            self._file: Any = (gzip.open if packed else open)(self._text.path, "rb")
        except OSError:
            raise InDoubt from None
        return cast("IO[bytes]", self._file)

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        self._file.close()
        if isinstance(error, OSError | EOFError | zlib.error):
            raise InDoubt from None


@dataclass(frozen=True)
class _Stretch:
    """Whole records, from the start of a line on: their bytes, and, if there are any, where quotation marks stand."""

    data: bytes
    delimiter: bytes
    quotes: Places | None = None
    breaks: Places | None = None
    ends: Places | None = None

    @classmethod
    def at_start_of(cls, data: bytes, delimiter: bytes, *, to_the_end: bool) -> _Stretch | None:
        """The whole records that some bytes begin with; None if they hold none."""
        if b'"' not in data:
            size = len(data) if to_the_end else data.rfind(b"\n") + 1
            return cls(data[:size], delimiter) if size else None
        signs = np.frombuffer(data, np.uint8)
        quotes, breaks = np.flatnonzero(signs == ord('"')), np.flatnonzero(signs == ord("\n"))
        ends = breaks[np.searchsorted(quotes, breaks) % 2 == 0]
        size = len(data) if to_the_end else int(ends[-1]) + 1 if len(ends) else 0
        if not size:
            return None
        return cls(data[:size], delimiter, quotes[quotes < size], breaks[breaks < size], ends[ends < size])

    @property
    def lines(self) -> int:
        """How many lines it has."""
        breaks = self.data.count(b"\n") if self.breaks is None else len(self.breaks)
        return breaks + (not self.data.endswith(b"\n"))

    @property
    def breaks_in_cells(self) -> bool:
        """Whether a cell goes over several lines."""
        return self.breaks is not None and self.ends is not None and len(self.breaks) != len(self.ends)

    def judge(self) -> None:
        """Show that a parser cannot but find the records that stand here."""
        data = self.data
        if b"\0" in data or _has_lone_return(data) or data.startswith(_MARK) or self._long_record():
            raise InDoubt
        if not data.isascii():
            try:
                data.decode()
            except UnicodeDecodeError:
                raise InDoubt from None
        if self.quotes is None:
            return
        around = np.frombuffer(b"\n" + data + b"\n", np.uint8)
        opens, closes = self.quotes[0::2], self.quotes[1::2]
        bounds = np.frombuffer(b'\n"' + self.delimiter, np.uint8)
        opened = np.isin(around[opens], bounds).all()
        closed = np.isin(around[closes + 2], np.append(bounds, np.uint8(ord("\r")))).all()
        if len(opens) != len(closes) or not opened or not closed:
            raise InDoubt

    def numbered(self, first: int, records: int) -> tuple[npt.NDArray[np.int64], int, int]:
        """The line of each record, counted from `first`; blank lines between records, and after the last."""
        if self.quotes is None and self.lines == records:
            return np.arange(first, first + records, dtype=np.int64), 0, 0
        signs = np.frombuffer(self.data, np.uint8)
        breaks = np.flatnonzero(signs == ord("\n")) if self.breaks is None else self.breaks
        ends = breaks if self.ends is None else self.ends
        if not self.data.endswith(b"\n"):
            ends = np.append(ends, len(self.data))
        starts = np.append(0, ends[:-1] + 1)
        blank = (ends == starts) | ((ends - starts == 1) & (signs[starts] == ord("\r")))
        filled = np.flatnonzero(~blank)
        if len(filled) != records:
            raise InDoubt
        after = len(blank) - (int(filled[-1]) + 1) if records else len(blank)
        numbers = first + np.searchsorted(breaks, starts[filled])
        return numbers.astype(np.int64), int(blank.sum()) - after, after

    def _long_record(self) -> bool:
        """Whether a record might hold a cell longer than the exact road allows."""
        limit = csv.field_size_limit()
        if self.ends is not None:
            bounds = np.concatenate(([-1], self.ends, [len(self.data)]))
            return bool((np.diff(bounds) > limit).any())
        half = limit // 2
        return any(self.data.find(b"\n", at, at + half) < 0 for at in range(0, len(self.data) - half, half))


def _has_lone_return(data: bytes) -> bool:
    return b"\r" in data and data.count(b"\r") != data.count(b"\r\n")
