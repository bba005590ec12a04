"""How does the case become a workbook in which one can change an assumption and see what it does?

`case_workbook` puts the sheets together, under fixed dates and in a fixed order, so that the same case gives the same
bytes. What stands on each sheet is left to its own module.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import locale_in_force, plain, speaking
from analysis.reporting.workbook import about_sheet, evidence_sheet, figures_sheet, inputs_sheet, roi_sheet
from analysis.reporting.workbook.case_table import START
from analysis.reporting.workbook.cells import own_names
from analysis.reporting.workbook.sheet import FACE, SIZE, Book

if TYPE_CHECKING:
    from analysis.roi.case import RoiCase

MADE = datetime(2000, 1, 1)
"""The day a workbook without results says it was made: its bytes know no clock."""


def case_workbook(
    case: RoiCase, *, results: Mapping[str, Any] | None = None, run: str | None = None, locale: str | None = None
) -> bytes:
    """The case as an .xlsx workbook that recomputes.

    Parameters
    ----------
    case : RoiCase
        Not changed.
    results : mapping, optional
        The study's `results.json`, for the sheets of figures and effects and for where the case comes from.
    run : str, optional
        The run that the case belongs to.
    locale : str, optional
        By default the one in force. Says where the sign of the currency stands and on which paper the sheets are
        printed; numbers themselves are shown as the reader's own spreadsheet program writes them.

    Returns
    -------
    bytes
        The same for the same arguments, wherever and whenever they are made.

    Raises
    ------
    DesignError
        If the case has no lines, an input bears a name of the workbook's own, or a formula is too long for a cell.
    UnknownName
        If there is no such locale.
    """
    with speaking(locale):
        return _workbook(case, results, run, locale_in_force())


def _workbook(case: RoiCase, results: Mapping[str, Any] | None, run: str | None, locale: str) -> bytes:
    import xlsxwriter

    model = case.model
    if not model.lines:
        raise DesignError("A case without lines has no workbook: give at least one benefit or cost.")
    cells = inputs_sheet.cells_of(model)
    own_names(model.inputs.names, (*inputs_sheet.OWN_NAMES, *roi_sheet.OWN_NAMES))
    file = io.BytesIO()
    writer = xlsxwriter.Workbook(
        file,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "default_format_properties": {"font_name": FACE, "font_size": SIZE},
        },
    )
    study = plain((results or {}).get("study") or "", 120)
    title = f"The case in money: {study}" if study else "The case in money"
    about = {"title": title, "author": "Touchstone", "company": "", "created": _made(results)}
    writer.set_properties({**about, "keywords": f"run {plain(run, 80)}" if run else ""})
    book = Book(writer, locale, model.currency)
    widths = roi_sheet.case_widths(case)
    main = book.sheet(roi_sheet.NAME, widths)
    inputs = book.sheet(inputs_sheet.NAME, inputs_sheet.widths(model), first_row=inputs_sheet.HEAD)
    evidence = book.sheet(evidence_sheet.NAME, evidence_sheet.WIDTHS)
    working = book.sheet(roi_sheet.WORKING, widths[: START + model.years + 1], first_row=3)
    rows = roi_sheet.write_case(book, main, working, case, cells, title)
    inputs_sheet.write_inputs(inputs, model)
    evidence_sheet.write_evidence(evidence, case, rows, results)
    if results is not None:
        figures_sheet.write_figures(book, results)
    about_sheet.write_about(book, case, results, run)
    writer.close()
    return file.getvalue()


def _made(results: Mapping[str, Any] | None) -> datetime:
    """When the tables were known: a date that belongs to the results, not to the clock."""
    known = (results or {}).get("known_at")
    return MADE if not known else datetime.fromisoformat(str(known)).replace(tzinfo=None)
