"""What does a sheet of a workbook say, as text? Numbers as Excel shows them, times in ISO 8601.

A whole number prints as one, a number of more than 15 digits in scientific notation, because that is all Excel kept
of it: an id that went through this is then refused by `column_rules`. Writing the text down is left to `reader`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import ContractError, Fault, did_you_mean
from analysis.tables.delimited import BATCH_ROWS, BLANK_LINE, Batch, Tally, checked_header

if TYPE_CHECKING:
    import openpyxl

EXCEL_DIGITS = 15
EXCEL_ROWS = 1_048_576
MOST_UNPACKED, MOST_SWELLING = 1 << 26, 200
"""Bytes a part of a workbook may unpack to in any case, and how many times its packed size if it is larger: sheets that
were written by hand or by a program stay below fifty times."""
MOST_HELD = 1 << 28
"""Bytes of the parts beside the sheets, all of which are held at once: texts that cells share, styles."""


@dataclass
class SheetText:
    """One sheet as records of text; the counterpart of `DelimitedText`, rows numbered as Excel numbers them.

    Empty rows at the end are not counted; empty rows between others are set aside as blank lines.
    """

    path: Path
    sheet: str
    given_header: Sequence[str] | None = None
    columns: tuple[str, ...] = ()
    set_aside: dict[str, int] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    left_out: int = 0

    @property
    def name(self) -> str:
        return f"{self.path.name}, sheet {self.sheet}"

    def batches(self) -> Iterator[Batch]:
        """Records of as many fields as there are `columns` and no error in them, with the row each stands in."""
        many, blank, read = Tally(), 0, 0
        errors: dict[str, Tally] = {}
        rows = _rows(self.path, self.sheet)
        self.columns = self._header(rows)
        yield [], ()
        while batch := list(islice(rows, BATCH_ROWS)):
            kept: list[list[str]] = []
            starts: list[int] = []
            for number, cells in batch:
                record = _record(cells)
                if not record:
                    blank += 1
                    continue
                if blank:
                    self.set_aside[BLANK_LINE] = self.set_aside.get(BLANK_LINE, 0) + blank
                    blank = 0
                read += 1
                wrong = [column for column, cell in zip(self.columns, cells, strict=False) if cell.data_type == "e"]
                for column in wrong:
                    errors.setdefault(column, Tally()).at(number)
                if len(record) > len(self.columns):
                    many.at(number)
                if wrong or len(record) > len(self.columns):
                    self.left_out += 1
                else:
                    kept.append(record + [""] * (len(self.columns) - len(record)))
                    starts.append(number)
            yield kept, starts
        if many.count:
            what = f"rows have cells beyond the header's {len(self.columns)} columns"
            remedy = "Name every column in the first row, and clear notes beside the table."
            self._fault("too_many_fields", what, remedy, many, read)
        for column, found in errors.items():
            what = "cells hold an error of the spreadsheet, such as #N/A"
            self._fault("spreadsheet_error", what, "Mend the formula, or leave the cell empty.", found, read, column)

    def _header(self, rows: Iterator[tuple[int, Sequence[Any]]]) -> tuple[str, ...]:
        if self.given_header is not None:
            return checked_header(self.given_header, self.name)
        _, first = next(rows, (1, ()))
        return checked_header(_record(first), self.name)

    def _fault(self, rule: str, what: str, remedy: str, found: Tally, of: int, column: str | None = None) -> None:
        self.faults.append(
            Fault(
                where=self.name,
                column=column,
                what=what,
                remedy=remedy,
                rule=rule,
                count=found.count,
                of=of,
                first=found.first,
            )
        )


def sheet_names(path: Path) -> tuple[str, ...]:
    """The sheets of a workbook, in its order.

    Raises
    ------
    ContractError
        If it is no workbook.
    """
    with _workbook(path) as book:
        return tuple(sheet.title for sheet in book.worksheets)


def _rows(path: Path, sheet: str) -> Iterator[tuple[int, Sequence[Any]]]:
    """The rows of a sheet and their numbers; the size a workbook declares for itself is not relied on."""
    with _workbook(path) as book:
        if sheet not in (names := [one.title for one in book.worksheets]):
            fault = Fault(
                where=path.name, what=f"has no sheet `{sheet}`", remedy=did_you_mean(sheet, names), rule="no_sheet"
            )
            raise ContractError(fault)
        book[sheet].reset_dimensions()
        yield from enumerate(book[sheet].iter_rows(max_row=EXCEL_ROWS), start=1)


@contextmanager
def _workbook(path: Path) -> Iterator[openpyxl.Workbook]:
    """An open workbook. A damaged one makes its reader fail in any way there is, each of which is the same fault."""
    import openpyxl  # here: a run on other files does not wait for it

    try:
        _refuse_what_swells(path)
        book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        with closing(book):
            yield book
    except (ContractError, PermissionError):
        raise
    except Exception as error:
        remedy = "Save it again as an .xlsx workbook, or as CSV with the ending .csv."
        fault = Fault(where=path.name, what="is not a whole .xlsx workbook", remedy=remedy, rule="wrong_ending")
        raise ContractError(fault) from error


def _refuse_what_swells(path: Path) -> None:
    """A ContractError if the archive says of itself that it unpacks to far more than a workbook would.

    Nothing is unpacked to know it, and what says too little of itself is cut there when it is read.
    """
    with zipfile.ZipFile(path) as archive:
        parts = archive.infolist()
    swollen = any(part.file_size > max(MOST_UNPACKED, MOST_SWELLING * part.compress_size) for part in parts)
    held = sum(part.file_size for part in parts if not part.filename.startswith("xl/worksheets/"))
    if swollen or held > MOST_HELD:
        what = f"unpacks to {sum(part.file_size for part in parts) / 1e6:,.0f} MB, as no workbook of its size does"
        remedy = "Save the sheet as CSV, and give that."
        raise ContractError(Fault(where=path.name, what=what, remedy=remedy, rule="unpacks_too_large"))


def _record(cells: Sequence[Any]) -> list[str]:
    """The cells of a row as text, up to the last that is not empty."""
    record = [_text(cell.value) for cell in cells]
    while record and not record[-1]:
        record.pop()
    return record


def _text(value: object) -> str:
    """A cell's value as text; nothing for an empty cell.

    Examples
    --------
    >>> [_text(value) for value in (None, True, 42, 42.0, 0.1, 123456789012345678, datetime(2026, 1, 5, 9, 30))]
    ['', 'true', '42', '42', '0.1', '1.23456789012346E+17', '2026-01-05 09:30:00']
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        if abs(value) >= 10**EXCEL_DIGITS:
            return f"{value:.14E}"
        shown = format(Decimal(f"{value:.15g}"), "f")
        return shown.rstrip("0").rstrip(".") if "." in shown else shown
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
