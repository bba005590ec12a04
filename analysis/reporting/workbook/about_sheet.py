"""What is this workbook, how is it used, and what in it does not compute? Its last page, in plain words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words
from analysis.reporting.summary import status_in_words
from analysis.reporting.wording import words
from analysis.reporting.workbook.sheet import Book
from analysis.studies.result import GRADE_WORDS

NAME = "About"
WIDTHS = (34, 130)


def write_about(book: Book, case: Any, results: Mapping[str, Any] | None, run: str | None = None) -> None:
    """Write the sheet: where the figures come from, what the colours mean, what stays as it was computed."""
    sheet = book.sheet(NAME, WIDTHS)
    sheet.text(0, 0, "About this workbook", "title")
    row = 2
    for heading, facts in (
        ("Where it comes from", _origin(book, case, results, run)),
        ("How to use it", _use(case)),
        ("How far a figure can be believed", [(f"Grade {grade}", grade_in_words(grade)) for grade in GRADE_WORDS]),
    ):
        sheet.text(row, 0, heading, "section")
        sheet.text(row, 1, "", "section")
        row += 1
        for name, what in facts:
            sheet.text(row, 0, name, "rowed")
            sheet.text(row, 1, what, "rowed")
            row += 1
        row += 1


def _origin(book: Book, case: Any, results: Mapping[str, Any] | None, run: str | None) -> list[tuple[str, str]]:
    facts = [("Currency", plain(case.model.currency, 20))]
    if run is not None:
        facts.append(("Run", plain(run, 80)))
    if results is None:
        return facts
    provenance = results.get("provenance") or {}
    inputs = provenance.get("inputs") or {}
    say = words(book.locale)
    given = {
        "Study": results.get("study"),
        "Status": status_in_words(results),
        "Tables known at": say.instant(str(results["known_at"])) if results.get("known_at") else None,
        "Parameters": provenance.get("params"),
        "Code": provenance.get("code"),
        "Tables": ", ".join(sorted(map(str, inputs))) if isinstance(inputs, Mapping) else None,
    }
    return [(name, plain(value, 1_000)) for name, value in given.items() if value] + facts


def _use(case: Any) -> list[tuple[str, str]]:
    draws = words().number(case.model.draws)
    return [
        (
            "Change an assumption",
            "Sheet Assumptions: the framed yellow cells. Net present value, return, payback and every line of the "
            "sheet Case are worked out again at once. The value that the study used stands in the note of its cell.",
        ),
        (
            "What recomputes",
            "Sheet Case: all amounts, before and after the adjustment for risk, and the shares by grade on the sheet "
            "Evidence. They are formulas over the named cells of the sheet Assumptions.",
        ),
        (
            "What does not",
            f"Figures in grey italics: the low, middle and high case come from {draws} simulated cases and stay as "
            "they were computed; so do all sentences, the effects, and the sheets Figures and Effects. After a change, "
            "run the study again to have them anew.",
        ),
        (
            "Low, middle, high",
            "One simulated case in twenty lies below the low case, one in twenty above the high case, half on either "
            "side of the middle. Each row stands by itself: low cases of lines do not add up to the low case of all.",
        ),
        (
            "Adjusted for risk",
            "Benefits are cut by their ranges and by what is taken off for weaker evidence, costs are raised by "
            "theirs; the sheet Working shows how. The headline figures are those before the adjustment.",
        ),
        (
            "Years",
            "The start is not discounted; the amounts of a year are booked at its end. The number of years cannot be "
            "changed here.",
        ),
        ("Colours", "Framed and yellow: change it. Grey italics: simulated, does not recompute. Bold: a total."),
    ]
