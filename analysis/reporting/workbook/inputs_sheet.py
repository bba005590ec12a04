"""What is assumed, and where does one change it? One row an input: its cell, its range, its source, its day, its grade.

Every value that the case reads stands here once, in a named cell; the sheet of the case only refers to it. The mean of
a range is a formula too, so that the risk-adjusted case follows. What the case makes of it is left to `roi_sheet`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.reporting.formats import plain
from analysis.reporting.naming import grade_in_words, in_plain_words
from analysis.reporting.wording import words
from analysis.reporting.workbook.sheet import Sheet, number_format, room_for
from analysis.studies.result import GRADE_WORDS

if TYPE_CHECKING:
    from analysis.roi.quantity import Quantity

NAME = "Assumptions"
DISCOUNT_RATE = "discount_rate"
HEAD, FIRST = 3, 4
"""The row of headings, and that of the first input."""
LABEL, VALUE, UNIT, LOW, HIGH, ERROR, SHAPE, MEAN, ORIGIN, SOURCE, DATED, GRADE, CELL = range(13)
HEADS = (
    "Assumption", "Value: change it here", "Unit", "Low", "High", "Standard error", "Shape of the range",
    "Mean of the range", "What it is", "Source", "Dated", "Evidence", "Name of the cell",
)  # fmt: skip
WIDTHS = (44, 15, 21, 11, 11, 11, 22, 11, 16, 62, 12, 10, 32)
ORIGIN_WORDS = {
    "study": "found by a study",
    "measured": "counted",
    "stated": "stated",
    "derived": "worked out",
}
SHAPE_WORDS = {
    "fixed": "one value",
    "triangular": "triangular",
    "pert": "PERT",
    "normal": "normal; low and high hold nine in ten",
}
OWN_NAMES = (DISCOUNT_RATE, *(f"haircut_{grade.lower()}" for grade in GRADE_WORDS))
NINE_IN_TEN = 1.6448536269514722
"""Standard errors from the middle of a normal to its 5th and 95th percentile."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Where the inputs stand: their names, and the addresses of the means of their ranges."""

    values: Mapping[str, str]
    means: Mapping[str, str]
    haircuts: Mapping[str, str]


def haircut_name(grade: str) -> str:
    """The named cell of a grade's cut.

    Examples
    --------
    >>> haircut_name("B")
    'haircut_b'
    """
    return f"haircut_{grade.lower()}"


def cells_of(model: Any) -> Cells:
    """Where the inputs of a model stand once the sheet is written."""
    quantities = model.inputs.quantities
    means = {one.name: f"{NAME}!${_letter(MEAN)}${FIRST + place + 1}" for place, one in enumerate(quantities)}
    haircuts = {grade: haircut_name(grade) for grade in model.haircuts}
    return Cells({one.name: one.name for one in quantities}, means, haircuts)


def widths(model: Any) -> list[float]:
    """The widths of the sheet's columns: room for the largest value."""
    width = room_for([one.base for one in model.inputs.quantities], least=0)
    numbers = (VALUE, LOW, HIGH, ERROR, MEAN)
    return [max(width, one) if column in numbers else one for column, one in enumerate(WIDTHS)]


def write_inputs(sheet: Sheet, model: Any) -> None:
    """Write the sheet.

    Parameters
    ----------
    sheet : Sheet
        Made with `widths`.
    model : Model
        The case's model.
    """
    sheet.text(0, 0, "What the case assumes", "title")
    sheet.sentence(
        1,
        "Change a framed yellow cell, and the sheet Case is worked out again. A range moves only the case adjusted for "
        "risk; simulated figures stay as they were computed.",
        "quiet",
        last=MEAN,
    )
    sheet.heads(HEAD, HEADS, (VALUE, LOW, HIGH, ERROR, MEAN))
    sheet.page.freeze_panes(FIRST, 1)
    quantities = model.inputs.quantities
    for row, quantity in enumerate(quantities, start=FIRST):
        _input_row(sheet, row, quantity)
    sheet.page.autofilter(HEAD, 0, HEAD + len(quantities), len(HEADS) - 1)
    _policy_rows(sheet, FIRST + len(quantities) + 1, model)


def _letter(column: int) -> str:
    return chr(ord("A") + column)


def _input_row(sheet: Sheet, row: int, quantity: Quantity) -> None:
    """One input: its cell, what is known of it, and the mean of its range."""
    spread = quantity.spread.to_dict()
    shape = str(spread["shape"])
    form = number_format(quantity.base, quantity.unit, sheet.book.locale)
    sheet.text(row, LABEL, in_plain_words(quantity.label), "rowed")
    _input(sheet, row, VALUE, quantity.base, form, quantity.name, _limits(quantity))
    sheet.note(row, VALUE, _note(quantity, sheet.book.locale))
    sheet.text(row, UNIT, in_plain_words(quantity.unit), "rowed")
    value = sheet.address(row, VALUE)
    if shape == "normal":
        _input(sheet, row, ERROR, spread["sd"], form)
        _tenths(sheet, row, quantity, form)
    else:
        sheet.text(row, ERROR, "", "rowed")
        for column, end in ((LOW, "low"), (HIGH, "high")):
            if end in spread:
                _input(sheet, row, column, spread[end], form)
            else:
                sheet.text(row, column, "", "rowed")
    low, high = sheet.address(row, LOW), sheet.address(row, HIGH)
    mean = {
        "triangular": f"({low}+{value}+{high})/3",
        "pert": f"({low}+4*{value}+{high})/6",
        "normal": _cut_mean(value, sheet.address(row, ERROR), *quantity.limits),
    }.get(shape, value)
    sheet.formula(row, MEAN, mean, quantity.mean, form, "rowed_number")
    sheet.text(row, SHAPE, SHAPE_WORDS.get(shape, shape), "rowed")
    sheet.text(row, ORIGIN, ORIGIN_WORDS.get(quantity.origin, quantity.origin), "rowed")
    sheet.text(row, SOURCE, in_plain_words(words().restated(plain(quantity.source, 600))), "rowed")
    sheet.text(row, DATED, quantity.dated, "rowed")
    sheet.text(row, GRADE, quantity.grade, "rowed")
    sheet.text(row, CELL, quantity.name, "rowed")


def _input(
    sheet: Sheet, row: int, column: int, value: float, form: str, name: str | None = None, limits: Any = None
) -> None:
    """A cell that is meant to be changed; what cannot be a value of it is refused as it is typed."""
    sheet.number(row, column, value, form, "input")
    if name is not None:
        sheet.book.name(name, sheet.address(row, column, sheet=True))
    if limits is not None:
        low, high = limits
        told = f"Write a number from {words().number(low)} to {words().number(high)}."
        sheet.page.data_validation(
            row,
            column,
            row,
            column,
            {
                "validate": "decimal",
                "criteria": "between",
                "minimum": low,
                "maximum": high,
                "error_title": "Not possible",
                "error_message": told,
            },
        )


def _limits(quantity: Quantity) -> tuple[float, float]:
    low, high = quantity.limits
    return max(low, -1e15), min(high, 1e15)


def _tenths(sheet: Sheet, row: int, quantity: Quantity, form: str) -> None:
    """The ends of nine in ten of a normal, where they lie within its limits."""
    value, error = sheet.address(row, VALUE), sheet.address(row, ERROR)
    low, high = quantity.limits
    for column, sign in ((LOW, -1), (HIGH, 1)):
        formula = f"{value}{'-' if sign < 0 else '+'}{NINE_IN_TEN!r}*{error}"
        found = quantity.base + sign * NINE_IN_TEN * quantity.spread.to_dict()["sd"]
        if low > -float("inf"):
            formula = f"MAX({formula},{low!r})"
        if high < float("inf"):
            formula = f"MIN({formula},{high!r})"
        sheet.formula(row, column, formula, min(max(found, low), high), form, "rowed_number")


def _cut_mean(value: str, error: str, low: float, high: float) -> str:
    """The mean of a normal of which what lies past a limit counts as the limit."""
    under = f"({low!r}-{value})/{error}" if low > -float("inf") else None
    over = f"({high!r}-{value})/{error}" if high < float("inf") else None
    if under is None and over is None:
        return value

    def height(at: str) -> str:
        return f"EXP(-(({at})^2)/2)/SQRT(2*PI())"

    inside = (f"NORMSDIST({over})" if over else "1") + (f"-NORMSDIST({under})" if under else "")
    parts = [f"{value}*({inside})"]
    if under:
        parts += [f"{error}*{height(under)}", f"{low!r}*NORMSDIST({under})"]
    mean = "+".join(parts)
    if over:
        mean += f"-{error}*{height(over)}+{high!r}*NORMSDIST(-({over}))"
    return mean


def _policy_rows(sheet: Sheet, row: int, model: Any) -> None:
    """What is no measurement but a rule: the discount rate, and what is taken off for weaker evidence."""
    sheet.text(row, LABEL, "Rules of the case", "section")
    for column in range(1, len(HEADS)):
        sheet.text(row, column, "", "section")
    row += 1
    rules = [(DISCOUNT_RATE, "Discount rate a year", model.discount_rate, (0.0, 0.999), "report")]
    rules += [
        (haircut_name(grade), f"Taken off benefits of grade {grade} ({grade_in_words(grade)})", cut, (0.0, 1.0), grade)
        for grade, cut in sorted(model.haircuts.items())
    ]
    for name, label, value, limits, grade in rules:
        sheet.text(row, LABEL, label, "rowed")
        _input(sheet, row, VALUE, value, "0.0%", name, limits)
        sheet.text(row, UNIT, "share", "rowed")
        for column in range(LOW, len(HEADS)):
            sheet.text(row, column, "", "rowed")
        sheet.text(row, SHAPE, "one value", "rowed")
        sheet.text(row, ORIGIN, "rule", "rowed")
        where = "before anything is discounted" if grade == "report" else "in the risk-adjusted case"
        sheet.text(row, SOURCE, f"A rule of the parameters file, applied {where}.", "rowed")
        sheet.text(row, CELL, name, "rowed")
        row += 1


def _note(quantity: Quantity, locale: str) -> str:
    """What opens over the value: what the study used, where it comes from, how far it can be believed."""
    lines = [
        in_plain_words(plain(quantity.label, 200)),
        f"The study used {words(locale).amount(quantity.base, quantity.unit)}.",
        f"Source: {in_plain_words(words(locale).restated(plain(quantity.source, 700)))}",
    ]
    if quantity.dated:
        lines.append(f"Dated {quantity.dated}")
    if quantity.grade:
        lines.append(f"Evidence: grade {quantity.grade}, {grade_in_words(quantity.grade)}")
    if quantity.effect:
        lines.append(f"Effect: {plain(quantity.effect, 200)}")
    return "\n".join(lines)
