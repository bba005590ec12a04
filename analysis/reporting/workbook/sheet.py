"""How does a sheet of the workbook look, and how does anything get onto it? One pen, few styles, safe text.

Everything is written through `Sheet`: text as text, numbers as finite numbers, formulas with the value Python found, so
that a viewer that does not compute shows the right numbers. What is written where is left to the modules of the sheets.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

from analysis.reporting.formats import cents_of, is_currency
from analysis.reporting.formulas import opens_a_formula
from analysis.reporting.theme import INK, RULE, SHADE, SOFT
from analysis.reporting.wording import words
from analysis.reporting.workbook.cells import checked_formula, safe_text

FACE, SIZE = "Arial", 10
INPUT = "#fff3c4"
"""The fill of cells that are meant to be changed; they have a frame as well."""
LINE_POINTS = 13.5
A4, LETTER = 9, 1
LONGEST_NOTE = 1_500
PRINTED_WIDTH = 300
"""Letters that can still be read side by side on a printed page."""

STYLES: Mapping[str, Mapping[str, Any]] = {
    "text": {"text_wrap": True},
    "plain": {},
    "title": {"bold": True, "font_size": 16},
    "section": {"bold": True, "font_size": 12, "bottom": 2, "bottom_color": INK},
    "quiet": {"font_color": SOFT, "text_wrap": True},
    "words": {"text_wrap": True},
    "warning": {"bold": True, "text_wrap": True, "left": 5, "left_color": INK, "bg_color": SHADE},
    "head": {"bold": True, "text_wrap": True, "bg_color": SHADE, "bottom": 1, "valign": "bottom"},
    "head_number": {
        "bold": True,
        "text_wrap": True,
        "bg_color": SHADE,
        "bottom": 1,
        "align": "right",
        "valign": "bottom",
    },
    "group": {"bold": True, "font_color": SOFT},
    "number": {"align": "right"},
    "simulated": {"align": "right", "italic": True, "font_color": SOFT},
    "total": {"bold": True, "top": 1},
    "total_simulated": {"top": 1, "align": "right", "italic": True, "font_color": SOFT},
    "total_number": {"bold": True, "top": 1, "align": "right"},
    "answer": {"bold": True, "font_size": 12},
    "answer_number": {"bold": True, "font_size": 12, "align": "right"},
    "input": {"bg_color": INPUT, "border": 1, "border_color": SOFT, "align": "right"},
    "rowed": {"text_wrap": True, "bottom": 4, "bottom_color": RULE},
    "rowed_number": {"align": "right", "bottom": 4, "bottom_color": RULE},
}
"""What a style is, beside its number format."""

SET_IN = ("text", "words", "quiet", "head", "rowed", "plain", "group")
"""Styles of texts that keep clear of the number to their left."""
TALLEST = 409
"""Points that a row can be high."""


def money_format(currency: str, locale: str | None = None, digits: int = 0, *, dash: bool = True) -> str:
    """A number format for amounts of a currency, its sign where the locale puts it; nothing at all is a dash.

    Examples
    --------
    >>> money_format("EUR"), money_format("EUR", "de_DE", digits=2)
    ('"€"#,##0;-"€"#,##0;"–"', '#,##0.00 "€";-#,##0.00 "€";"–"')
    """
    say = words(locale)
    sign = '"{}"'.format(say.sign(currency).replace('"', ""))
    number = "#,##0" + ("." + "0" * digits if digits else "")
    before, apart = say.sign_stands(currency)
    gap = " " if apart else ""
    shown = f"{sign}{gap}{number}" if before else f"{number}{gap}{sign}"
    return f'{shown};-{shown};"–"' if dash else f"{shown};-{shown}"


def number_format(value: float, unit: str, locale: str | None = None) -> str:
    """A number format for an input: shares as percent, money per something with cents, others to three digits.

    Examples
    --------
    >>> number_format(0.5, "share"), number_format(4110, "contacts per year"), number_format(0.043, "issues")
    ('0.0%', '#,##0', '0.0000')
    """
    first = unit.partition(" ")[0]
    if first == "share":
        return "0.00%" if 0 < abs(value) < 0.01 else "0.0%"
    if is_currency(first):
        return money_format(first, locale, digits=0 if abs(value) >= 1_000 else cents_of(first), dash=False)
    size = abs(value)
    if float(value).is_integer() or size >= 1_000:
        return "#,##0"
    return "0.0" if size >= 100 else "0.00" if size >= 1 else "0.0000"


def room_for(amounts: Iterable[float], least: float) -> float:
    """The width of a column in which amounts can be read, with room for larger ones once an assumption is changed.

    Examples
    --------
    >>> room_for([12_345.6], least=14.5), room_for([-1_234_567_890], least=14.5)
    (14.5, 20.9)
    """
    digits = max((len(f"{abs(amount):,.0f}") for amount in amounts), default=1)
    return max(least, round(1.1 * (digits + 6), 1))


@dataclass(slots=True)
class Book:
    """A workbook under way: its styles, made once each, and the names of its cells."""

    writer: Any
    locale: str
    currency: str
    _styles: dict[tuple[str, str, bool, bool], Any] = field(default_factory=dict)

    def style(self, name: str, form: str = "", *, quoted: bool = False, set_in: bool = False) -> Any:
        """A style with a number format; `quoted` keeps a text that looks like a formula a text when it is edited."""
        key = (name, form, quoted, set_in)
        if key not in self._styles:
            given = {"valign": "top", "font_color": INK, **STYLES[name]}
            if given.get("align") == "right" and not given.get("text_wrap"):
                given["shrink"] = True  # an amount too long for its cell is written smaller, not as #####
            if form:
                given["num_format"] = form
            if quoted:
                given["quote_prefix"] = True
            if set_in:
                given |= {"indent": 1, "align": "left"}
            self._styles[key] = self.writer.add_format(given)
        return self._styles[key]

    def money(self, digits: int = 0) -> str:
        """The number format of the case's currency."""
        return money_format(self.currency, self.locale, digits)

    def name(self, name: str, address: str) -> None:
        """Give a cell a name."""
        if self.writer.define_name(name, f"={address}") != 0:
            raise ValueError(f"`{name}` cannot be the name of a cell.")

    def sheet(self, name: str, widths: Sequence[float], *, first_row: int | None = None) -> Sheet:
        """A new sheet, ready to be printed: landscape, one page wide, or as many as it takes to be read.

        Parameters
        ----------
        name : str
            One of ours, within Excel's rules: at most 31 letters.
        widths : sequence of float
            Of its columns, in letters.
        first_row : int, optional
            The row of headings that stays in sight, and is repeated on every printed page.
        """
        page = self.writer.add_worksheet(name)
        page.hide_gridlines(2)
        page.set_landscape()
        page.set_paper(LETTER if self.locale.replace("-", "_") in ("en_US", "en_CA") else A4)
        across = math.ceil(sum(widths) / PRINTED_WIDTH)
        page.fit_to_pages(across, 0)
        if across > 1:
            page.repeat_columns(0)
        page.set_margins(left=0.4, right=0.4, top=0.5, bottom=0.6)
        page.set_footer("&L&8&A&R&8&P / &N")
        for column, width in enumerate(widths):
            page.set_column(column, column, width, self.style("text"))
        if first_row is not None:
            page.repeat_rows(first_row)
        return Sheet(self, page, name, tuple(widths))


@dataclass(slots=True)
class Sheet:
    """One sheet, written cell by cell; rows and columns count from 0."""

    book: Book
    page: Any
    name: str
    widths: tuple[float, ...]
    _heights: dict[int, float] = field(default_factory=dict)

    def text(self, row: int, column: int, text: object, style: str = "text") -> None:
        """A text, whatever it looks like."""
        safe = safe_text("" if text is None else text)
        set_in = column > 0 and style in SET_IN
        style_of = self.book.style(style, quoted=opens_a_formula(safe), set_in=set_in)
        if safe:
            self.page.write_string(row, column, safe, style_of)
        else:
            self.page.write_blank(row, column, None, style_of)
        if STYLES[style].get("text_wrap"):
            self._make_room(row, safe, self.widths[column] - 1.5 * set_in, style)
        elif "font_size" in STYLES[style]:
            self._make_room(row, "", 1, style)

    def number(self, row: int, column: int, value: float | None, form: str = "", style: str = "number") -> None:
        """A number; a dash where there is none."""
        if value is None:
            self.page.write_string(row, column, "–", self.book.style(style, form))
        elif math.isfinite(value):
            self.page.write_number(row, column, float(value), self.book.style(style, form))
        else:
            raise ValueError(f"{self.name}, row {row + 1}: {value} is no number that a cell can hold.")

    def formula(
        self, row: int, column: int, formula: str, value: float | str, form: str = "", style: str = "number"
    ) -> str:
        """A live formula with the value Python found for it; says its address."""
        where = f"Sheet {self.name}, row {row + 1}"
        if isinstance(value, float) and not math.isfinite(value):
            raise ValueError(f"{where}: {value} is no number that a cell can hold.")
        style_of = self.book.style(style, form)
        self.page.write_formula(row, column, f"={checked_formula(formula, where)}", style_of, value)
        return self.address(row, column)

    def note(self, row: int, column: int, text: str) -> None:
        """A note that opens over the cell."""
        safe = safe_text(text, LONGEST_NOTE)
        lines = sum(1 + len(line) // 48 for line in safe.split("\n"))
        size = {"x_scale": 2.6, "height": 16 * lines + 16, "font_name": FACE, "font_size": 9}
        self.page.write_comment(row, column, safe, size)

    def sentence(self, row: int, text: object, style: str = "words", *, last: int | None = None) -> None:
        """A text across the columns up to `last`, in a row high enough for it."""
        last = len(self.widths) - 1 if last is None else last
        safe = safe_text(text)
        style_of = self.book.style(style, quoted=opens_a_formula(safe))
        self.page.merge_range(row, 0, row, last, "", style_of)
        self.page.write_string(row, 0, safe, style_of)
        self._make_room(row, safe, sum(self.widths[: last + 1]), style)

    def _make_room(self, row: int, text: str, width: float, style: str) -> None:
        """Make a row high enough for a text: not every program does so by itself."""
        size = STYLES[style].get("font_size", SIZE)
        letters = max(1, int(width * SIZE / size * (1.02 if STYLES[style].get("bold") else 1.1)))
        lines = sum(max(1, len(wrap(line, letters))) for line in text.split("\n"))
        height = min(TALLEST, LINE_POINTS * lines * size / SIZE + (2 if size == SIZE else 4))
        if height > self._heights.get(row, LINE_POINTS + 2):
            self._heights[row] = height
            self.page.set_row(row, height)

    def heads(self, row: int, heads: Sequence[str], numbers: Sequence[int] = ()) -> None:
        """A row of headings; those of numbers stand over their numbers."""
        for column, head in enumerate(heads):
            self.text(row, column, head, "head_number" if column in numbers else "head")

    def address(self, row: int, column: int, *, sheet: bool = False) -> str:
        """A cell as a formula writes it, fixed by dollar signs where it is named from another sheet."""
        from xlsxwriter.utility import xl_rowcol_to_cell

        cell = str(xl_rowcol_to_cell(row, column, row_abs=sheet, col_abs=sheet))
        return f"{self.name}!{cell}" if sheet else cell

    def span(self, first: tuple[int, int], last: tuple[int, int]) -> str:
        """A block of cells as a formula of this sheet writes it."""
        return f"{self.address(*first)}:{self.address(*last)}"
