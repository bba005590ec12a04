"""What is the case worth, line by line and year by year, when an assumption is another one? The live sheet.

Every amount is a formula over the named cells of the assumptions, the same formula that Python computes; totals,
present values, return and payback are formulas over those. Beside them stand the simulated low, middle and high case,
as values that say of themselves that they do not recompute. What may be changed is left to `inputs_sheet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised, in_plain_words
from analysis.reporting.wording import words
from analysis.reporting.workbook.case_table import GRADE, KIND, LABEL, NEVER, NO_COSTS, START, CaseTable, Rows
from analysis.reporting.workbook.inputs_sheet import Cells
from analysis.reporting.workbook.sheet import Book, Sheet, room_for
from analysis.roi.line import KIND_WORDS, Line
from analysis.roi.quantiles import Quantiles

NAME, WORKING = "Case", "Working"
NPV, ROI, PAYBACK = "case_npv", "case_roi", "case_payback_months"
ADJUSTED = "_adjusted"
OWN_NAMES = tuple(name + after for name in (NPV, ROI, PAYBACK) for after in ("", ADJUSTED))
SENTENCES = 12
"""Columns that a sentence may run over."""
ANSWER, BLOCKS = 4, 10
"""Rows at which the answer and the first table begin."""


def case_widths(case: Any) -> list[float]:
    """The widths of the sheet's columns: room for the largest amount of the case."""
    sums = (case.base.benefits, case.base.costs, case.adjusted.benefits, case.adjusted.costs)
    rows = [*case.base.rows, *case.adjusted.rows, *sums]
    width = room_for([row.total for row in rows] + [amount for row in rows for amount in row.by_year], least=14.5)
    return [46, 20, 11, *[width] * (case.model.years + 6)]


def write_case(book: Book, sheet: Sheet, working: Sheet, case: Any, cells: Cells, title: str) -> Rows:
    """Write the sheet and its working, and say where the lines stand.

    Parameters
    ----------
    book : Book
    sheet, working : Sheet
        Made with `case_widths`.
    case : RoiCase
        Its `model`, `base`, `adjusted`, `simulated`, `claim` and `evidence` are read.
    cells : Cells
        Where the inputs stand.
    title : str
    """
    lines = case.model.lines
    rows = Rows.of(lines, BLOCKS)
    below = Rows.of(lines, rows.end + 1)
    sheet.text(0, LABEL, title, "title")
    last = min(len(sheet.widths), SENTENCES) - 1
    sheet.sentence(1, _said(case), "warning" if _past_cap(case) else "words", last=last)
    sheet.sentence(
        2,
        "Change an assumption on the sheet Assumptions, and the amounts here are worked out again. The words above and "
        "the figures in grey italics were computed by the study and stay as they are.",
        "quiet",
        last=last,
    )
    table = CaseTable(book, sheet, case.model)
    at_base = {
        line.id: [(one.excel(cells.values), bool(one.inputs)) for one in line.by_year] for line in case.model.lines
    }
    table.write(rows, "Year by year, before any adjustment", case.base, at_base, simulated=_ranges(case))
    _write_working(working, case, cells)
    adjusted = {line.id: _adjusted(line, rows, sheet, working, lines, cells) for line in lines}
    table.write(below, "Year by year, adjusted for risk and weaker evidence", case.adjusted, adjusted)
    _answer(sheet, case, table, rows, below)
    sheet.page.freeze_panes(1, 1)
    sheet.page.set_h_pagebreaks([below.heading])
    return rows


def present_column(years: int) -> int:
    """The column of present values."""
    return START + years + 2


def _said(case: Any) -> str:
    claim = getattr(case, "claim", None)
    return in_plain_words(words().restated(plain(getattr(claim, "text", claim) or "", 2_000)))


def _past_cap(case: Any) -> bool:
    return bool(getattr(getattr(case, "evidence", None), "past_cap", False))


def _ranges(case: Any) -> dict[str, Quantiles]:
    """The simulated present value of each line and sum."""
    model, found = case.model, case.simulated
    sums = {"benefits": found.benefits, "costs": found.costs}
    ranges = {name: Quantiles.of(model.present_value(amounts)) for name, amounts in sums.items()}
    return ranges | {name: one.present_value for name, one in found.lines.items()} | {"net": found.npv}


def _adjusted(
    line: Line, rows: Rows, sheet: Sheet, working: Sheet, lines: Sequence[Line], cells: Cells
) -> list[tuple[str, bool]]:
    """A line's amounts after adjustment: the more cautious of base and mean, gains less the haircut of its grade."""
    place = _working_row(lines, line)
    formulas = []
    for column in range(START, START + line.years + 1):
        base, mean = sheet.address(rows.lines[line.id], column), working.address(place, column, sheet=True)
        if line.side == "cost":
            formula = f"MAX({base},{mean})"
        else:
            cautious = f"MIN({base},{mean})"
            formula = f"{cautious}-{cells.haircuts[str(line.grade)]}*MAX({cautious},0)"
        formulas.append((formula, True))
    return formulas


def _working_row(lines: Sequence[Line], line: Line) -> int:
    return 4 + [one.id for one in lines].index(line.id)


def _write_working(sheet: Sheet, case: Any, cells: Cells) -> None:
    """The amounts of every line at the means of the ranges: what the adjustment for risk holds the case against."""
    model = case.model
    sheet.text(0, LABEL, "Working: every line at the mean of each range", "title")
    sheet.sentence(
        1,
        "Adjusted for risk, a benefit is the smaller of its amount on the sheet Case and its amount here, less what is "
        "taken off for the grade of its evidence; a cost is the larger of the two. A loss is never made smaller.",
        "quiet",
        last=START + model.years,
    )
    years = [f"Year {year}" for year in range(1, model.years + 1)]
    sheet.heads(3, ["Line", "Kind", "Evidence", "Initial", *years], range(START, START + model.years + 1))
    means = model.inputs.means()
    for line in model.lines:
        row = _working_row(model.lines, line)
        sheet.text(row, LABEL, in_plain_words(plain(line.label, 200)))
        sheet.text(row, KIND, humanised(KIND_WORDS[line.kind]))
        sheet.text(row, GRADE, line.grade or "")
        for year, (formula, value) in enumerate(zip(line.by_year, model.amounts(line, means).tolist(), strict=True)):
            if formula.inputs:
                sheet.formula(row, START + year, formula.excel(cells.means), value, sheet.book.money())
            else:
                sheet.number(row, START + year, value, sheet.book.money())
    sheet.page.freeze_panes(4, 1)


def _answer(sheet: Sheet, case: Any, table: CaseTable, rows: Rows, below: Rows) -> None:
    """Net present value, return and payback: live, adjusted, and as simulated."""
    money, found = sheet.book.money(), case.simulated
    heads = [
        "The answer",
        "",
        "",
        "From the assumptions",
        "Adjusted for risk",
        "Low case, simulated",
        "Middle case, simulated",
        "High case, simulated",
    ]
    sheet.heads(ANSWER, heads, range(START, START + 5))
    labels = ("Net present value", "Return on cost", "Months to pay back", "Chance of a gain")
    for place, label in enumerate(labels, start=ANSWER + 1):
        sheet.text(place, LABEL, label, "answer")
    for column, block, values, after in ((START, rows, case.base, ""), (START + 1, below, case.adjusted, ADJUSTED)):
        present = sheet.address(block.net, table.last + 2)
        parts = (
            (NPV, present, values.npv, money),
            (ROI, table.returned(block), NO_COSTS if values.roi is None else values.roi, "0%"),
            (PAYBACK, table.payback(block), NEVER if values.payback_months is None else values.payback_months, "0.0"),
        )
        for place, (name, formula, value, form) in enumerate(parts, start=ANSWER + 1):
            sheet.formula(place, column, formula, value, form, "answer_number")
            sheet.book.name(name + after, sheet.address(place, column, sheet=True))
    simulated = (
        (found.npv.p5, found.npv.p50, found.npv.p95, money, "–"),
        (found.roi.p5, found.roi.p50, found.roi.p95, "0%", "–"),
        (found.payback_months.p95, found.payback_months.p50, found.payback_months.p5, "0.0", NEVER),
    )
    for place, (*values, form, missing) in enumerate(simulated, start=ANSWER + 1):
        for column, value in enumerate(values, start=START + 2):
            if value is None:
                sheet.text(place, column, missing, "simulated")
            else:
                sheet.number(place, column, value, form, "simulated")
    sheet.number(ANSWER + 4, START + 3, found.probability_npv_positive, "0%", "simulated")
