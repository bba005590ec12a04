"""What does a file say, to the letter? CSV, text in columns, Parquet and sheets, read once, as text.

A cell becomes the text that stands in it, or null when nothing does, with the line it stands on. How records are told
apart is left to `delimited` and `workbook`, what the text means to `column_rules`, which file holds which table to
`folder` and the source maps.
"""

from __future__ import annotations

import csv
import os
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from analysis.foundation.errors import ContractError, Fault
from analysis.tables.delimited import (
    BLANK_LINE,
    LONGEST_LINE,
    OF_ONE_RECORD,
    OTHER_DELIMITERS,
    DelimitedText,
    RaggedPolicy,
    checked_header,
    opened,
)
from analysis.tables.engine import identifier
from analysis.tables.workbook import SheetText, sheet_names

__all__ = [
    "BLANK_LINE",
    "LINE",
    "RaggedPolicy",
    "TextRelation",
    "ending",
    "parquet_columns",
    "peek_header",
    "read_text",
    "whole_parquet",
]

LINE = "__line"
ENDINGS = ("csv", "tsv", "txt", "parquet", "xlsx", "duckdb")
GROUP_BYTES = 1 << 25
_PACKED = ("csv", "tsv", "txt")


@dataclass(frozen=True)
class TextRelation:
    """One file as text, in Parquet: all columns VARCHAR, null where a cell is empty, and `__line` (BIGINT).

    `name` is the file as its owner knows it, `columns` its header without `__line`, `rows` the records kept.
    `__line` is the line of a CSV file as an editor shows it, elsewhere the number of the row from 1. `faults` are those
    of single records, `left_out` the number of these records: none unless they were asked to be left out.
    """

    name: str
    path: Path
    columns: tuple[str, ...]
    rows: int
    faults: tuple[Fault, ...] = ()
    left_out: int = 0


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
    kind = ending(path)
    try:
        if kind == "parquet":
            return _parquet_as_text(path, cache), {}
        if kind == "xlsx":
            name = sheet if sheet is not None else sheet_names(path)[0]
            return _written(SheetText(path, name, header), cache, leave_out_faulty)
        text = DelimitedText(
            path=path,
            delimiter=None if fixed_width else delimiter or ("\t" if kind == "tsv" else ","),
            encoding=encoding,
            given_header=header,
            skip_lines=skip_lines,
            ragged=ragged,
        )
        return _written(text, cache, leave_out_faulty)
    except PermissionError as error:
        fault = Fault(
            where=path.name, what="may not be read", remedy="Ask its owner for access.", rule="unreadable_file"
        )
        raise ContractError(fault) from error


def peek_header(path: Path) -> tuple[str, ...] | None:
    """The header of a file without reading the file; None where there is none to be had.

    Of a text file it is the first line, split at whichever of comma, semicolon, tab and bar gives the most fields,
    else at white space.
    """
    try:
        kind = ending(path)
        if kind == "parquet":
            return parquet_columns(path)
        if kind == "xlsx":
            text = SheetText(path, sheet_names(path)[0])
            next(text.batches(), None)
            return text.columns
        if kind in _PACKED:
            with opened(path, "utf-8-sig", errors="replace") as file:
                line = file.readline(LONGEST_LINE).rstrip("\r\n")
            splits = [next(csv.reader([line], delimiter=sign), []) for sign in (",", *OTHER_DELIMITERS)]
            widest = max(splits, key=len)
            return checked_header(widest if len(widest) > 1 else line.split(), path.name)
    except (ContractError, OSError, EOFError, zlib.error, csv.Error):
        pass
    return None


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
        return checked_header(pq.read_schema(path).names, path.name)


@contextmanager
def whole_parquet(path: Path) -> Iterator[None]:
    """A context in which whatever a file that is no Parquet, or a cut one, makes its readers say becomes a fault."""
    try:
        yield
    except (pa.ArrowException, duckdb.Error, OSError) as error:
        if isinstance(error, PermissionError):
            raise
        remedy = "Write it again; a text file with this ending, or a copy that was cut off, looks like this."
        fault = Fault(where=path.name, what="is not a whole Parquet file", remedy=remedy, rule="wrong_ending")
        raise ContractError(fault) from error


def _parquet_as_text(path: Path, cache: Path) -> TextRelation:
    columns, target = parquet_columns(path), _target(cache)
    try:
        with duckdb.connect() as connection, whole_parquet(path):
            connection.execute("set TimeZone = 'UTC'")
            source = connection.from_parquet(str(path), file_row_number=True)
            cells = [
                f"nullif(cast({identifier(held)} as varchar), '') as {identifier(name)}"
                for held, name in zip(source.columns, columns, strict=False)  # the number of the row comes last
            ]
            source.project(f"{', '.join(cells)}, file_row_number + 1 as {LINE}").write_parquet(str(target))
    except ContractError:
        target.unlink()
        raise
    return TextRelation(path.name, target, columns, pq.read_metadata(target).num_rows)


def _written(
    text: DelimitedText | SheetText, cache: Path, leave_out_faulty: bool
) -> tuple[TextRelation, dict[str, int]]:
    """Write the records down, some megabytes at a time; refuse them all if there is a fault that is not left out."""
    batches = text.batches()
    first = next(batches, None)
    if first is None:
        raise ContractError(text.faults)
    schema = pa.schema([*((name, pa.string()) for name in text.columns), (LINE, pa.int64())])
    target, rows, held, size = _target(cache), 0, [], 0
    try:
        with pq.ParquetWriter(target, schema) as writer:
            for records, starts in chain([first], batches):
                held.append(
                    pa.record_batch([*_columns(records, len(text.columns)), pa.array(starts, pa.int64())], schema)
                )
                rows += len(records)
                size += held[-1].nbytes
                if size > GROUP_BYTES:
                    writer.write_table(pa.Table.from_batches(held, schema))
                    held, size = [], 0
            writer.write_table(pa.Table.from_batches(held, schema))
        if text.faults and not (leave_out_faulty and all(fault.rule in OF_ONE_RECORD for fault in text.faults)):
            raise ContractError(text.faults)
    except ContractError:
        target.unlink()
        raise
    name = text.name if isinstance(text, SheetText) else text.path.name
    return TextRelation(name, target, text.columns, rows, tuple(text.faults), text.left_out), text.set_aside


def _columns(records: Sequence[Sequence[str]], width: int) -> list[pa.Array]:
    """The cells by column, null where a cell is empty."""
    columns = list(zip(*records, strict=True)) or [()] * width
    return [pa.array([cell or None for cell in column] if "" in column else column, pa.string()) for column in columns]


def _target(cache: Path) -> Path:
    """A new file of its own in the cache, which holds private data."""
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="text-", suffix=".parquet", dir=cache)
    os.close(handle)
    return Path(name)
