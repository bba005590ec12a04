"""On what does the money rest, what is counted once, and what is left out? The sheet for those who doubt.

The shares by grade are formulas over the sheet of the case; everything else is as the study found it. What a grade
means is left to `analysis.studies.grade`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, humanised, in_plain_words
from analysis.reporting.wording import words
from analysis.reporting.workbook.case_table import GRADE, Rows
from analysis.reporting.workbook.roi_sheet import NAME as CASE
from analysis.reporting.workbook.roi_sheet import present_column
from analysis.reporting.workbook.sheet import Sheet, number_format
from analysis.studies.result import GRADE_WORDS

NAME = "Evidence"
WIDTHS = (46, 30, 20, 14, 14, 14, 64)
VERDICTS = {"apart": "apart", "shared": "taken off", "stated": "taken off as stated", "not told": "not told"}


def write_evidence(sheet: Sheet, case: Any, rows: Rows, results: Mapping[str, Any] | None) -> None:
    """Write the sheet.

    Parameters
    ----------
    sheet : Sheet
        Made with `WIDTHS`.
    case : RoiCase
    rows : Rows
        Where the lines of the case stand on its sheet.
    results : mapping, optional
        For the intervals and claims of the effects.
    """
    sheet.text(0, 0, "What the money rests on", "title")
    row = _shares(sheet, 2, case, rows)
    row = _effects(sheet, row + 1, case, results)
    row = _lines(sheet, row + 1, case)
    row = _exclusion(sheet, row + 1, case)
    _left_out(sheet, row + 1, case)


def _section(sheet: Sheet, row: int, heading: str) -> int:
    for column in range(len(sheet.widths)):
        sheet.text(row, column, heading if column == 0 else "", "section")
    return row + 1


def _shares(sheet: Sheet, row: int, case: Any, rows: Rows) -> int:
    """The share of the benefits by grade, live, and as the study found it."""
    row = _section(sheet, row, "Share of the benefits by grade of their evidence")
    sheet.sentence(row, _said(case.evidence.sentence), "warning" if case.evidence.past_cap else "words")
    row += 1
    sheet.heads(row, ("Grade", "What it means", "Share, live", "As computed"), (2, 3))
    counted = [rows.lines[line.id] for line in case.model.counted if line.side == "benefit"]
    for grade in GRADE_WORDS:
        row += 1
        sheet.text(row, 0, grade, "rowed")
        sheet.text(row, 1, grade_in_words(grade), "rowed")
        share = float(case.evidence.shares[grade])
        if counted:
            sheet.formula(row, 2, _share(sheet, case.model.years, counted, grade), share, "0.0%", "rowed_number")
        else:
            sheet.number(row, 2, 0.0, "0.0%", "rowed_number")
        sheet.number(row, 3, share, "0.0%", "rowed_number")
    return row + 1


def _share(sheet: Sheet, years: int, counted: Sequence[int], grade: str) -> str:
    """The benefits of a grade as a share of all, each by its size: present values on the sheet of the case."""

    def column(number: int) -> str:
        first, last = (sheet.address(row, number, sheet=True) for row in (counted[0], counted[-1]))
        return f"{CASE}!{first.partition('!')[2]}:{last.partition('!')[2]}"

    sizes = f"ABS({column(present_column(years))})"
    own = f'SUMPRODUCT(({column(GRADE)}="{grade}")*{sizes})'
    return f"IF(SUMPRODUCT({sizes})=0,0,{own}/SUMPRODUCT({sizes}))"


def _effects(sheet: Sheet, row: int, case: Any, results: Mapping[str, Any] | None) -> int:
    """The effects that inputs of the case come from, with their intervals and what may be said of them."""
    row = _section(sheet, row, "Effects the case rests on, as the study found them")
    used = [one for one in case.model.inputs.quantities if one.effect is not None]
    if not used:
        sheet.sentence(row, "No input of the case comes from a study.")
        return row + 1
    found = {
        _key(one): one
        for one in (results or {}).get("effects") or []
        if not one.get("segment") and one.get("maturity") == "mature" and one.get("declared")
    }
    sheet.heads(row, ("Input", "Effect", "Evidence", "Value", "From", "To", "What may be said"), (3, 4, 5))
    for quantity in used:
        row += 1
        effect = found.get(str(quantity.effect), {})
        form = number_format(quantity.base, quantity.unit, sheet.book.locale)
        sheet.text(row, 0, f"{_said(quantity.label)}, {_said(quantity.unit)}", "rowed")
        sheet.text(row, 1, plain(quantity.effect, 200).replace("/", " / "), "rowed")
        sheet.text(row, 2, f"{quantity.grade}: {grade_in_words(str(quantity.grade))}", "rowed")
        for column, key in ((3, "value"), (4, "low"), (5, "high")):
            value = effect.get(key, quantity.base if key == "value" else None)
            sheet.number(row, column, value, form, "rowed_number")
        sheet.text(row, 6, _said(effect.get("claim") or quantity.source), "rowed")
    return row + 1


def _key(effect: Mapping[str, Any]) -> str:
    return "/".join(str(effect.get(name)) for name in ("design", "estimand", "outcome", "scale"))


def _lines(sheet: Sheet, row: int, case: Any) -> int:
    """Who answers for each line, when it shows, who else claims it, what it leaves out."""
    row = _section(sheet, row, "The lines: who answers for them, and what they leave out")
    sheet.heads(row, ("Line", "Owner", "Money it takes", "First shows in", "Evidence", "Counted", "What to know"))
    for line in case.model.lines:
        row += 1
        known = [line.note] if line.note else []
        if line.also_claimed_by:
            known.append(f"Also claimed by: {', '.join(line.also_claimed_by)}.")
        cells = (
            line.label, line.owner or "nobody named", humanised(line.account), line.fiscal_quarter or "",
            line.grade or "", "yes" if line.counted else "no", " ".join(known),
        )  # fmt: skip
        for column, text in enumerate(cells):
            sheet.text(row, column, _said(text), "rowed")
    return row + 1


def _exclusion(sheet: Sheet, row: int, case: Any) -> int:
    """Which lines could take the same money, and what was taken off so that it is counted once."""
    row = _section(sheet, row, "Money counted once")
    if not case.exclusion.pairs:
        sheet.sentence(row, "No two counted benefits take money from one purse, so none can be counted twice.")
        return row + 1
    labels = {line.id: line.label for line in case.model.lines}
    heads = ("Line", "Line before it", "Money of both", "Shared", "Months both", "Months of line", "How it is known")
    sheet.heads(row, heads, (3, 4, 5))
    for pair in case.exclusion.pairs:
        row += 1
        sheet.text(row, 0, _said(labels.get(pair.later, pair.later)), "rowed")
        sheet.text(row, 1, _said(labels.get(pair.earlier, pair.earlier)), "rowed")
        sheet.text(row, 2, humanised(pair.purse), "rowed")
        sheet.number(row, 3, pair.share, "0.0%", "rowed_number")
        sheet.number(row, 4, pair.months_both, "#,##0", "rowed_number")
        sheet.number(row, 5, pair.months_later, "#,##0", "rowed_number")
        sheet.text(row, 6, f"{VERDICTS.get(pair.verdict, pair.verdict)}: {_said(_reason(pair))}", "rowed")
    return row + 1


def _reason(pair: Any) -> str:
    """Why, with the lines called by where they stand in the row."""
    names = {f"{pair.later}: ": "the line: ", f"{pair.earlier}: ": "the line before it: "}
    start = next((name for name in names if pair.reason.startswith(name)), "")
    return f"{names.get(start, '')}{pair.reason.removeprefix(start)}"


def _left_out(sheet: Sheet, row: int, case: Any) -> int:
    """What the case leaves out, why, and what would bring it in; then what a reader of the whole should know."""
    row = _section(sheet, row, "What was not counted, and why")
    told = {one.line for one in case.not_counted}
    beside = [line for line in case.model.lines if not line.counted and line.id not in told]
    if not case.not_counted and not beside:
        sheet.sentence(row, "Nothing that the parameters ask for was left out.")
        row += 1
    for line in beside:
        sheet.sentence(row, f"{_said(line.label)}: {_said(line.note) or 'shown beside the case.'}")
        row += 1
    for one in case.not_counted:
        remedy = f" The parameter {_said(one.parameter)} would bring it in." if one.parameter else ""
        sheet.sentence(row, f"{_said(one.label)}: {_said(one.reason)}{remedy}")
        row += 1
    if case.notes:
        row = _section(sheet, row + 1, "What to know of the case")
    for note in case.notes:
        sheet.sentence(row, _said(note))
        row += 1
    return row


def _said(text: object) -> str:
    return in_plain_words(words().restated(plain(text, 2_000)))
