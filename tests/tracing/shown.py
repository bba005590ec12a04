"""Which numbers does a reader see, and in which words? Rows of tables, lines of text, texts in place of pictures.

Pages are read as a browser would show them, with every fold open; slides, workbooks and other documents give the same
units. Which numbers lead where is left to `traces`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bs4 import BeautifulSoup

NUMBER = re.compile(r"(?<![\w.:/#·-])(?<!\d,)(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?!\w|[.:]\d|,\d{3}|-\w)")
"""A number that stands by itself; not part of a name (CH002), of a hash, of a day (2026-08-01) or of a time (23:00)."""
BEHIND = "Figures behind “"
"""How the caption of a fold under a chart begins."""
_BLOCKS = ["p", "li", "dd", "dt", "h1", "h2", "h3", "h4", "pre", "summary", "figcaption"]


@dataclass(frozen=True)
class Unit:
    """A stretch of text that belongs together: a row of a table, a sentence, what is said in place of a picture.

    `under` is the table's caption, or empty.
    """

    text: str
    under: str = ""
    kind: str = "text"


def plain_spaces(text: str) -> str:
    """One space wherever there are several or another kind."""
    return re.sub(r"\s+", " ", text).strip()


def units_of_page(page: Path) -> Iterator[Unit]:
    """Everything a page says, its links to other pages apart."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for gone in soup.select("style, head, nav, ul.links, .facts .facts, .mark"):
        gone.decompose()  # links, hashes and versions
    for table in soup.find_all("table"):
        caption = plain_spaces(table.caption.get_text()) if table.caption else ""
        for row in table.find_all("tr"):
            cells = [plain_spaces(cell.get_text()) for cell in row.find_all(["th", "td"])]
            yield Unit(" | ".join(cells), caption, "row")
        yield Unit(caption)
        table.decompose()
    for image in soup.find_all("img"):
        yield Unit(plain_spaces(image.get("alt", "")), kind="picture")
    for block in soup.find_all(_BLOCKS):
        if not block.find(_BLOCKS):
            yield Unit(plain_spaces(block.get_text(" ")))


def units_of_slides(file: Path) -> Iterator[Unit]:
    """Every paragraph and row of a deck."""
    from pptx import Presentation

    for slide in Presentation(str(file)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                for paragraph in shape.text_frame.paragraphs:
                    yield Unit(plain_spaces("".join(run.text for run in paragraph.runs)), kind="slide")
            if getattr(shape, "has_table", False) and shape.has_table:
                for row in shape.table.rows:
                    yield Unit(plain_spaces(" | ".join(cell.text for cell in row.cells)), kind="slide")
        if slide.has_notes_slide:
            yield Unit(plain_spaces(slide.notes_slide.notes_text_frame.text), kind="slide")


def units_of_pdf(file: Path) -> Iterator[Unit]:
    """The text of a PDF, page by page."""
    import pypdfium2

    document = pypdfium2.PdfDocument(file)
    try:
        for page in document:
            yield Unit(plain_spaces(page.get_textpage().get_text_bounded()), kind="pdf")
    finally:
        document.close()


def typed_in(file: Path) -> Iterator[tuple[str, float]]:
    """The cells of a workbook that hold a number and no formula: what the workbook itself works out is left out."""
    import openpyxl

    for sheet in openpyxl.load_workbook(file):
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, int | float) and not isinstance(cell.value, bool):
                    yield f"{sheet.title}!{cell.coordinate}", float(cell.value)


def numbers(text: str) -> Iterator[tuple[int, int, str]]:
    """Where each number of a text begins and ends, and how it is written."""
    for found in NUMBER.finditer(text):
        yield found.start(), found.end(), found[0]


def significant(written: str) -> int:
    """How many of its digits say something."""
    return len(re.sub(r"[^\d]", "", written).lstrip("0"))
