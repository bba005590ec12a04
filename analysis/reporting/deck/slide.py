"""How does anything get onto a slide? One pen: titles, texts, lists, figures and tables that stay inside their places.

Every text is measured before it is written, and no place is left to grow by itself, so that nothing runs over or off.
Text is text: no marks of control, no links. Charts are left to `bars` and `promised`, what is said to the modules of
the slides.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pptx.dml.color import RGBColor
from pptx.enum.text import MSO_ANCHOR, MSO_AUTO_SIZE, PP_ALIGN
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from analysis.reporting.deck.lettering import BODY, LEADING, SMALL, SMALLEST, TITLE, VALUE, Fitted, fitted
from analysis.reporting.formats import plain
from analysis.reporting.theme import INK, PAPER, RULE, SHADE, SOFT

FACE = "Arial"
WIDTH, HEIGHT, MARGIN = 13.333, 7.5, 0.6
ROOM = WIDTH - 2 * MARGIN
"""Inches, as every length here that says nothing else."""
TOP, BOTTOM = 1.6, 6.85
"""Between which a slide has its matter."""
LONGEST = 900
_SIDE, _ABOVE = 0.08, 0.035
_GAP = 0.14
_BEFORE = 5  # points between items of a list
POINTS = 72


class Place(NamedTuple):
    """Where something stands on a slide, in inches."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Cells:
    """A table: its heads, its rows, how wide columns are, which of them hold numbers, which rows are sums."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    numbers: Collection[int] = ()
    sums: Collection[int] = ()
    lines: int = 2


@dataclass(slots=True)
class Slide:
    """One slide, and the notes that say where its numbers come from."""

    page: Any
    notes: list[str] = field(default_factory=list)

    def title(self, text: str) -> None:
        """The finding, in at most two lines."""
        shape = self.page.shapes.title
        shape.left, shape.top = Inches(MARGIN), Inches(0.38)
        shape.width, shape.height = Inches(ROOM), Inches(1.0)
        said = fitted(plain(text, 240), ROOM * POINTS, POINTS, TITLE, bold=True, most=2)
        _write(shape.text_frame, [(said, True, INK)], anchor=MSO_ANCHOR.TOP)

    def text(
        self,
        place: Place,
        text: str,
        sizes: Sequence[int] = BODY,
        *,
        bold: bool = False,
        colour: str = INK,
        name: str = "Text",
        most: int | None = None,
        right: bool = False,
    ) -> float:
        """One paragraph; says where it ends, in inches from the top of the slide."""
        said = plain(text, LONGEST)
        if not said:
            return place.top
        made = fitted(said, place.width * POINTS, place.height * POINTS, sizes, bold=bold, most=most)
        shape = self._box(Place(*place[:3], made.height / POINTS), name)
        _write(shape.text_frame, [(made, bold, colour)], align=PP_ALIGN.RIGHT if right else None)
        return place.top + made.height / POINTS

    def heading(self, place: Place, text: str) -> float:
        """The heading of a part; says where what it heads may begin."""
        return self.text(place, text, (16,), bold=True, colour=SOFT, name=f"Heading: {text}", most=1) + 0.06

    def items(self, place: Place, items: Sequence[tuple[str, str]], name: str, *, lines: int = 3) -> float:
        """A list, each item a question in bold and what is said of it; those that find no room are counted."""
        given = [(plain(lead, 120), plain(text, LONGEST)) for lead, text in items]
        shown: list[list[tuple[Fitted, bool, str]]] = []
        left, room = place.height * POINTS, place.width * POINTS
        for number, (lead, text) in enumerate(given):
            head = fitted(lead, room, left, SMALL, bold=True, most=1)
            body = fitted(text, room, left, SMALL, most=lines)
            need = head.height + body.height + _BEFORE
            rest = len(given) - number - 1
            spare = SMALLEST * LEADING + _BEFORE if rest else 0
            if need + spare > left:
                more = len(given) - number
                said = f"… and {more} more, on the page of the case."
                shown.append([(fitted(said, room, left, SMALL, most=1), False, SOFT)])
                left -= SMALLEST * LEADING + _BEFORE
                break
            shown.append([(head, True, INK), (body, False, INK)])
            left -= need
        if not shown:
            return place.top
        used = place.height - left / POINTS
        shape = self._box(Place(*place[:3], used), name)
        _write(shape.text_frame, [piece for item in shown for piece in item], leads=True)
        return place.top + used

    def figure(self, place: Place, name: str, value: str, more: str) -> None:
        """A figure to remember, its name above it and its range below."""
        self.text(Place(place.left, place.top, place.width, 0.5), name, SMALL, colour=SOFT, name="Figure", most=2)
        self.text(Place(place.left, place.top + 0.5, place.width, 0.56), value, VALUE, bold=True, name="Value", most=2)
        below = Place(place.left, place.top + 1.08, place.width, place.height - 1.08)
        self.text(below, more, SMALL, colour=SOFT, name="Range", most=3)

    def table(self, place: Place, cells: Cells, *, name: str, alt: str) -> float:
        """A table with as many rows as find room, the others counted; says where it ends."""
        scale = place.width / sum(cells.widths)
        widths = [one * scale for one in cells.widths]
        made, heights = _rows_that_fit(cells, widths, place.height)
        frame = self.page.shapes.add_table(len(made), len(widths), *(Inches(one) for one in (*place[:3], sum(heights))))
        frame.name = plain(name, 80)
        described(frame, alt)
        table = frame.table
        table.horz_banding = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Inches(width)
        for number, (row, height) in enumerate(zip(made, heights, strict=True)):
            table.rows[number].height = Inches(height)
            strong = number == 0 or number - 1 in cells.sums
            for place_of, said in enumerate(row):
                _fill(table.cell(number, place_of), said, strong, number == 0, place_of in cells.numbers)
        return place.top + sum(heights)

    def note(self, what: str, key: str) -> None:
        """Where a number of the slide comes from: the key of `results.json`."""
        self.notes.append(f"{plain(what, 200)}: {key}")

    def foot(self, text: str, number: int, count: int) -> None:
        """The line at the bottom of every slide."""
        said = f"{number} / {count}"
        self.text(Place(MARGIN, 7.02, ROOM - 1.0, 0.24), text, SMALL, colour=SOFT, name="Footer", most=1)
        self.text(Place(WIDTH - MARGIN - 0.9, 7.02, 0.9, 0.24), said, SMALL, colour=SOFT, name="Number", right=True)

    def close(self, opening: str) -> None:
        """Write the notes."""
        frame = self.page.notes_slide.notes_text_frame
        frame.text = "\n".join([opening, *dict.fromkeys(self.notes)])

    def _box(self, place: Place, name: str) -> Any:
        shape = self.page.shapes.add_textbox(*(Inches(one) for one in place))
        shape.name = plain(name, 80)
        return shape


def described(frame: Any, alt: str) -> None:
    """Give a chart or a table its alternative text."""
    frame._element.nvGraphicFramePr.cNvPr.set("descr", plain(alt, 1_500))


def coloured(colour: str) -> Any:
    """A colour of the theme as slides hold it."""
    return RGBColor.from_string(colour.removeprefix("#").upper())  # type: ignore[no-untyped-call]


def _write(
    frame: Any,
    pieces: Iterable[tuple[Fitted, bool, str]],
    *,
    anchor: Any = MSO_ANCHOR.TOP,
    align: Any = None,
    leads: bool = False,
) -> None:
    frame.word_wrap, frame.auto_size = True, MSO_AUTO_SIZE.NONE
    frame.vertical_anchor = anchor
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    for number, (said, bold, colour) in enumerate(pieces):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        _run(paragraph, said.text, said.size, bold, colour)
        paragraph.alignment = PP_ALIGN.LEFT if align is None else align
        if leads and number and (bold or colour == SOFT):
            paragraph.space_before = Pt(_BEFORE)


def _run(paragraph: Any, text: str, size: int, bold: bool, colour: str) -> None:
    run = paragraph.add_run()
    run.text = text
    run.font.name, run.font.size, run.font.bold = FACE, Pt(size), bold
    run.font.color.rgb = coloured(colour)


def _rows_that_fit(cells: Cells, widths: Sequence[float], room: float) -> tuple[list[list[Fitted]], list[float]]:
    """Rows at so many lines a cell that all fit; at one line a cell, those that do not fit are counted."""
    given = [[plain(text, 400) for text in row] for row in (cells.heads, *cells.rows)]
    made: list[list[Fitted]] = []
    heights: list[float] = []
    for lines in range(cells.lines, 0, -1):
        made = [
            [
                fitted(text, (width - 2 * _SIDE) * POINTS, 1_000, SMALL, bold=_strong(number, cells), most=lines)
                for text, width in zip(row, widths, strict=True)
            ]
            for number, row in enumerate(given)
        ]
        heights = [max(one.height for one in row) / POINTS + 2 * _ABOVE for row in made]
        if sum(heights) <= room + 1e-9:
            return made, heights
    kept = 1
    while kept < len(made) - 1 and sum(heights[: kept + 1]) + heights[-1] <= room:
        kept += 1
    more = fitted(f"… and {len(made) - kept} more", (widths[0] - 2 * _SIDE) * POINTS, 1_000, SMALL, most=1)
    blank = Fitted("", SMALLEST, 1)
    return [*made[:kept], [more, *[blank] * (len(widths) - 1)]], [*heights[:kept], heights[-1]]


def _strong(number: int, cells: Cells) -> bool:
    return number == 0 or number - 1 in cells.sums


def _fill(cell: Any, said: Fitted, strong: bool, head: bool, number: bool) -> None:
    cell.margin_left = cell.margin_right = Inches(_SIDE)
    cell.margin_top = cell.margin_bottom = Inches(_ABOVE)
    cell.vertical_anchor = MSO_ANCHOR.BOTTOM if head else MSO_ANCHOR.TOP
    cell.fill.solid()
    cell.fill.fore_color.rgb = coloured(SHADE if head else PAPER)
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT if number else PP_ALIGN.LEFT
    _run(paragraph, said.text, said.size, strong, INK)
    _ruled(cell._tc.get_or_add_tcPr(), INK if head else RULE)


def _ruled(properties: Any, colour: str) -> None:
    """A line below a cell; it stands before the fill, as the format asks."""
    line = properties.makeelement(qn("a:lnB"), {"w": str(Emu(9525))})
    fill = line.makeelement(qn("a:solidFill"), {})
    fill.append(fill.makeelement(qn("a:srgbClr"), {"val": colour.removeprefix("#").upper()}))
    line.append(fill)
    properties.insert(0, line)
