"""What does a file say, to the letter? CSV, text in columns, Parquet and sheets, read once, as text.

A cell becomes the text that stands in it, or null when nothing does, with the line it stands on. What is not wanted is
left where it is, and a name of a person is replaced before anything is written. How records are told apart is left to
`plain_text`, `delimited` and `workbook`, what the text means to `column_rules`, which file holds which table to
`folder` and the source maps.
"""

from __future__ import annotations

import csv
import os
import tempfile
import zlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import ContractError, Fault
from analysis.foundation.machine import lack_of
from analysis.tables.delimited import (
    BLANK_LINE,
    LINE,
    LONGEST_LINE,
    OF_ONE_RECORD,
    OTHER_DELIMITERS,
    DelimitedText,
    RaggedPolicy,
    checked_header,
    opened,
)
from analysis.tables.engine import identifier
from analysis.tables.engine.duckdb_engine import connected
from analysis.tables.plain_text import Cells, InDoubt, PlainText, schema_of
from analysis.tables.pseudonyms import Veil
from analysis.tables.workbook import MOST_SWELLING, MOST_UNPACKED, SheetText, sheet_names

__all__ = [
    "BLANK_LINE",
    "LINE",
    "RaggedPolicy",
    "TextRelation",
    "ending",
    "parquet_columns",
    "peek_header",
    "plain_text",
    "read_text",
    "unreadable",
    "whole_parquet",
]

ENDINGS = ("csv", "tsv", "txt", "parquet", "xlsx", "duckdb")
GROUP_BYTES = 1 << 25
PARQUET_ROWS = 100_000
FEW_ROWS, ROWS_A_BYTE = 1_000_000, 10
_PACKED = ("csv", "tsv", "txt")


@dataclass(frozen=True)
class TextRelation:
    """One file as text, in Parquet: all columns VARCHAR, null where a cell is empty, and `__line` (BIGINT).

    `name` is the file as its owner knows it, `header` its columns, `columns` those of them that were wanted, `rows` the
    records kept. `__line` is the line of a CSV file as an editor shows it, elsewhere the number of the row from 1.
    `faults` are those of single records, `left_out` the number of these records: none unless they were asked to be left
    out.
    """

    name: str
    path: Path
    columns: tuple[str, ...]
    rows: int
    faults: tuple[Fault, ...] = ()
    left_out: int = 0
    header: tuple[str, ...] = ()


def read_text(
    path: Path,
    *,
    cache: Path,
    ragged: RaggedPolicy | None = None,
    delimiter: str | None = None,
    header: Sequence[str] | None = None,
    skip_lines: int = 0,
    encoding: str = "utf-8-sig",
    fixed_width: bool = False,
    sheet: str | None = None,
    leave_out_faulty: bool = False,
    wanted: Collection[str] | None = None,
    personal: Mapping[str, Veil] | None = None,
    nulls: Mapping[str, Sequence[str]] | None = None,
    sweep: bool = True,
) -> tuple[TextRelation, dict[str, int]]:
    """What does this file say?

    Parameters
    ----------
    path : Path
        A `.csv`, `.tsv` or `.txt` file, also with `.gz` behind it; `.parquet`; or `.xlsx`.
    cache : Path
        Folder the text is written to, as Parquet.
    ragged : RaggedPolicy, optional
        What to do with records that have fewer fields than the header.
    delimiter : str, optional
        What stands between fields; by default a tab in `.tsv` files, else a comma.
    header : sequence of str, optional
        The column names of a file that has no header of its own.
    skip_lines : int
        Lines before the header (before the data, where `header` is given).
    encoding : str
        Of the text; a byte-order mark of UTF-8 is passed over.
    fixed_width : bool
        Fields are separated by any amount of white space, and nothing is quoted.
    sheet : str, optional
        Which sheet of an `.xlsx`; by default its first.
    leave_out_faulty : bool
        Leave out records of a wrong number of fields, and rows with an error of the spreadsheet, and hand their faults
        back with the relation. For a caller who refuses the file all the same, once the other records are checked.
    wanted : collection of str, optional
        The columns to be read; the others never leave the file. By default all.
    personal : mapping of str to Veil, optional
        Columns that name persons: of these, pseudonyms are written.
    nulls : mapping of str to sequence of str, optional
        What stands for nothing in a personal column.
    sweep : bool
        Whether a text may be read in sweeps where that can be shown to give the same. It is many times quicker.

    Returns
    -------
    TextRelation, dict of str to int
        The file as text, and how many records were set aside, by reason. Blank lines between records are among them;
        blank lines at the end are not counted.

    Raises
    ------
    ContractError
        With every fault of the file: bytes that are not text, NUL, wrong number of fields, quotation marks that do
        not close, a header that cannot be used, a file that is not what its ending says.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "orders.csv").write_text("order_id,product\\n007,\\n")
    >>> relation, set_aside = read_text(folder / "orders.csv", cache=folder)
    >>> pq.read_table(relation.path).to_pylist()
    [{'order_id': '007', 'product': None, '__line': 2}]
    """
    if not path.is_file():
        fault = Fault(where=path.name, what="is not there", remedy="Check the path.", rule="missing_file")
        raise ContractError(fault)
    kind, cells = ending(path), Cells(wanted, personal or {}, nulls or {})
    try:
        if kind == "parquet":
            return _parquet_as_text(path, cache, cells), {}
        if kind == "xlsx":
            name = sheet if sheet is not None else sheet_names(path)[0]
            return _recorded(SheetText(path, name, header), cache, leave_out_faulty, cells)
        text = _delimited(path, delimiter, header, skip_lines, encoding, fixed_width, ragged)
        if sweep:
            with suppress(InDoubt):
                return _swept(PlainText(text, cells), cache)
        return _recorded(text, cache, leave_out_faulty, cells)
    except PermissionError as error:
        fault = Fault(
            where=path.name, what="may not be read", remedy="Ask its owner for access.", rule="unreadable_file"
        )
        raise ContractError(fault) from error


def plain_text(
    path: Path,
    *,
    cells: Cells,
    delimiter: str | None = None,
    header: Sequence[str] | None = None,
    skip_lines: int = 0,
    encoding: str = "utf-8-sig",
    fixed_width: bool = False,
) -> PlainText | None:
    """The same file to be read in sweeps, without writing it down; None where that is out of the question.

    Whether it can be read so to its end is known at its end: see `PlainText`.
    """
    if ending(path) not in _PACKED or not path.is_file():
        return None
    try:
        return PlainText(_delimited(path, delimiter, header, skip_lines, encoding, fixed_width), cells)
    except InDoubt:
        return None


def _delimited(
    path: Path,
    delimiter: str | None,
    header: Sequence[str] | None,
    skip_lines: int,
    encoding: str,
    fixed_width: bool,
    ragged: RaggedPolicy | None = None,
) -> DelimitedText:
    usual = "\t" if ending(path) == "tsv" else ","
    return DelimitedText(
        path=path,
        delimiter=None if fixed_width else delimiter or usual,
        encoding=encoding,
        given_header=header,
        skip_lines=skip_lines,
        ragged=ragged,
    )


def peek_header(path: Path) -> tuple[str, ...] | None:
    """The header of a file without reading the file; None where there is none to be had.

    Of a text file it is the first line, split at whichever of comma, semicolon, tab and bar gives the most fields,
    else at white space.
    """
    try:
        return _header_of(path)
    except (ContractError, OSError, EOFError, zlib.error, csv.Error):
        return None


def unreadable(path: Path) -> tuple[Fault, ...]:
    """Why a CSV file, a Parquet file or a workbook cannot be read from its first line on, if it cannot."""
    try:
        header = _header_of(path)
    except ContractError as error:
        return error.faults
    except csv.Error:
        what, remedy, rule = "has a first line that is no header", "The first line names the columns.", "no_header"
    except PermissionError:
        what, remedy, rule = "may not be read", "Ask its owner for access.", "unreadable_file"
    except (OSError, EOFError, zlib.error):
        what, remedy, rule = "cannot be unpacked", "Pack it again, or take the ending .gz away.", "wrong_ending"
    else:
        if header is None or ending(path) not in _PACKED or not any("\ufffd" in name for name in header):
            return ()
        what, rule = "has a header that is not UTF-8 text", "undecodable"
        remedy = "Save it as UTF-8, or declare its encoding in a source map."
    return (Fault(where=path.name, what=what, remedy=remedy, rule=rule),)


def _header_of(path: Path) -> tuple[str, ...] | None:
    kind = ending(path)
    if kind == "parquet":
        return parquet_columns(path)
    if kind == "xlsx":
        text = SheetText(path, sheet_names(path)[0])
        next(text.batches(), None)
        return text.columns
    if kind not in _PACKED:
        return None
    with opened(path, "utf-8-sig", errors="replace") as file:
        line = file.readline(LONGEST_LINE).rstrip("\r\n")
    splits = [next(csv.reader([line], delimiter=sign), []) for sign in (",", *OTHER_DELIMITERS)]
    widest = max(splits, key=len)
    return checked_header(widest if len(widest) > 1 else line.split(), path.name)


def ending(path: Path) -> str | None:
    """What a file's name says it is, one of `ENDINGS`, or None.

    Examples
    --------
    >>> ending(Path("orders.csv.gz")), ending(Path("Orders.XLSX")), ending(Path("README.md"))
    ('csv', 'xlsx', None)
    """
    *_, before, last = ["", "", *path.name.lower().split(".")[1:]]
    if last == "gz":
        return before if before in _PACKED else None
    return last if last in ENDINGS else None


def parquet_columns(path: Path) -> tuple[str, ...]:
    """The column names of a Parquet file.

    Raises
    ------
    ContractError
        If it is no Parquet file, or its names cannot be used.
    """
    with whole_parquet(path):
        footer = pq.read_metadata(path)
        names = footer.schema.to_arrow_schema().names
    _refuse_what_swells(path, footer)
    return checked_header(names, path.name)


def _refuse_what_swells(path: Path, footer: pq.FileMetaData) -> None:
    """A ContractError if the file says of itself that it unpacks to far more than a table would.

    Every row has a key of its own, so it takes some room; a group of rows that shrinks to a thousandth is no data.
    """
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    large = [group for group in groups if group.total_byte_size > MOST_UNPACKED]
    chunks = [group.column(number) for group in large for number in range(group.num_columns)]
    swells = any(
        one.total_uncompressed_size > max(MOST_UNPACKED, MOST_SWELLING * one.total_compressed_size) for one in chunks
    )
    size = path.stat().st_size
    if swells or footer.num_rows > max(FEW_ROWS, ROWS_A_BYTE * size):
        what = f"holds {footer.num_rows:,} rows in {size:,} bytes, which unpack to far more than a table of its size"
        remedy = "Export it again: its rows, or a cell, repeat the same over and over."
        raise ContractError(Fault(where=path.name, what=what, remedy=remedy, rule="unpacks_too_large"))


@contextmanager
def whole_parquet(path: Path) -> Iterator[None]:
    """A context in which whatever a file that is no Parquet, or a cut one, makes its readers say becomes a fault."""
    try:
        yield
    except (pa.ArrowException, duckdb.Error, OSError) as error:
        if lack_of(error) is not None:
            raise
        remedy = "Write it again; a text file with this ending, or a copy that was cut off, looks like this."
        fault = Fault(where=path.name, what="is not a whole Parquet file", remedy=remedy, rule="wrong_ending")
        raise ContractError(fault) from error


def _parquet_as_text(path: Path, cache: Path, cells: Cells) -> TextRelation:
    header = parquet_columns(path)
    columns, rows = cells.of(header), 0
    with connected() as connection, _writer(columns, cache) as (write, target), whole_parquet(path):
        connection.execute("set TimeZone = 'UTC'")
        source = connection.from_parquet(str(path), file_row_number=True)
        texts = [
            f"nullif(cast({identifier(held)} as varchar), '') as {identifier(name)}"
            for held, name in zip(source.columns, header, strict=False)  # the number of the row comes last
            if name in columns
        ]
        listed = ", ".join([*texts, f"file_row_number + 1 as {LINE}"])
        for batch in source.project(listed).to_arrow_reader(PARQUET_ROWS):
            veiled = [cells.veiled(name, batch.column(name)) for name in columns]
            write(pa.record_batch([*veiled, batch.column(LINE)], schema_of(columns)))
            rows += batch.num_rows
    return TextRelation(path.name, target, columns, rows, header=header)


def _swept(text: PlainText, cache: Path) -> tuple[TextRelation, dict[str, int]]:
    """Write down a text that needs no second look."""
    with _writer(text.columns, cache) as (write, target):
        for batch in text.batches():
            write(batch)
    name = text.text.path.name
    return TextRelation(name, target, text.columns, text.rows, header=text.header), text.set_aside


def _recorded(
    text: DelimitedText | SheetText, cache: Path, leave_out_faulty: bool, cells: Cells
) -> tuple[TextRelation, dict[str, int]]:
    """Write down what was read record by record; refuse them all if there is a fault that is not left out."""
    batches = text.batches()
    if next(batches, None) is None:
        raise ContractError(text.faults)
    header, rows = text.columns, 0
    columns = cells.of(header)
    places = [header.index(name) for name in columns]
    with _writer(columns, cache) as (write, target):
        for records, starts in batches:
            texts = _columns(records, places)
            veiled = [cells.veiled(name, column) for name, column in zip(columns, texts, strict=True)]
            write(pa.record_batch([*veiled, pa.array(starts, pa.int64())], schema_of(columns)))
            rows += len(records)
        if text.faults and not (leave_out_faulty and all(fault.rule in OF_ONE_RECORD for fault in text.faults)):
            raise ContractError(text.faults)
    name = text.name if isinstance(text, SheetText) else text.path.name
    relation = TextRelation(name, target, columns, rows, tuple(text.faults), text.left_out, header)
    return relation, text.set_aside


@contextmanager
def _writer(columns: Sequence[str], cache: Path) -> Iterator[tuple[Callable[[pa.RecordBatch], None], Path]]:
    """A new Parquet file and what writes to it, some megabytes at a time; it is gone again if something goes wrong."""
    target, schema = _target(cache), schema_of(columns)
    held: list[pa.RecordBatch] = []
    size = 0
    try:
        with pq.ParquetWriter(target, schema, compression="lz4") as writer:

            def write(batch: pa.RecordBatch | None) -> None:
                nonlocal held, size
                if batch is not None:
                    held.append(batch)
                    size += batch.nbytes
                if batch is None or size > GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(held, schema))
                    held, size = [], 0

            yield write, target
            write(None)
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _columns(records: Sequence[Sequence[str]], places: Sequence[int]) -> list[pa.Array]:
    """The cells by column, null where a cell is empty."""
    columns = list(zip(*records, strict=True))
    wanted = [columns[place] if columns else () for place in places]
    return [pa.array([cell or None for cell in column] if "" in column else column, pa.string()) for column in wanted]


def _target(cache: Path) -> Path:
    """A new file of its own in the cache, which holds private data."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="text-", suffix=".parquet", dir=cache)
    os.close(handle)
    return Path(name)
