"""How does an executed notebook become a page one can send: one file, nothing to load, nothing that acts?

The notebook's words, charts and tables are kept, its code is not: that lives in the executed notebook beside the page.
Everything on it is escaped or sanitised, every image has alternative text, and the page ends with what it takes to make
it again. The same notebook gives the same bytes. Which pages a report has is left to the runner.
"""
# ruff: noqa: E402  # one module is kept from being imported, before the imports that would

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import unescape
from typing import Any

sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # a second of import, never used

import pandas as pd
from markupsafe import Markup, escape
from nbconvert.filters import strip_ansi
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath
from nbformat import NotebookNode

from analysis.reporting import tables
from analysis.reporting.charts.figure import CHART_MIME, NoAlternativeText
from analysis.reporting.formats import ELLIPSIS, plain, shown_lines, speaking
from analysis.reporting.naming import humanised
from analysis.reporting.sanitise import sanitised
from analysis.reporting.shell import environment, shell
from analysis.reporting.signed import standing_line
from analysis.reporting.tables.table import numbers_whole
from analysis.studies.result import GRADE_WORDS

HIDDEN = frozenset({"remove_cell", "remove-cell", "remove_output", "remove-output", "hide-output"})
LONG_PAGE = 4
"""Parts from which on a page has a list of them at its top."""
_LONGEST_TEXT = 20_000
_PNG = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_HEADING = re.compile(r"<h([1-6])>(.*?)</h\1>", re.DOTALL)
_BOX = re.compile(r'role="region" aria-label="([^"]*)"')
_ADDRESS = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.html(#[A-Za-z0-9_-]+)?")
_DOCUMENT = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*\.(xlsx|pptx|pdf)|tables/README\.txt")


def render_page(
    notebook: NotebookNode,
    *,
    title: str,
    study: str,
    nav: Sequence[tuple[str, str]],
    current: str,
    reproduction: Mapping[str, object],
    state: str,
    period: str = "",
    documents: Sequence[tuple[str, str]] = (),
    passing_on: Sequence[tuple[str, str]] = (),
    locale: str | None = None,
) -> str:
    """One self-contained HTML page of an executed notebook: a draft, until its results are signed.

    Parameters
    ----------
    notebook : NotebookNode
        Executed; not changed.
    title : str
        The page's one main heading; the notebook's own, if it opens with the same words, is left out.
    study : str
    nav : sequence of (label, address)
        The pages of the report; addresses are files beside this one.
    current : str
        Label or address of this page.
    reproduction : mapping
        What it takes to make the page again; values may be mappings and lists.
    state : str
        "provisional", "closed", ...
    period : str, optional
        What the report covers, in words.
    documents : sequence of (label, file), optional
        Documents beside this page, to be opened in other programs.
    passing_on : sequence of (what it does, command), optional
        How the report is signed, verified and sent.
    locale : str, optional
        How the numbers are written that the notebook has not written itself; by default as in the locale in force.

    Raises
    ------
    NoAlternativeText
        If an image of the notebook has none; names the cell.
    ValueError
        If an address leads anywhere but beside the page.
    """
    for _, address in nav:
        if not _ADDRESS.fullmatch(address):
            raise ValueError(f"A page leads to pages beside it, as in `summary.html`, not to `{plain(address, 60)}`.")
    for _, file in documents:
        if not _DOCUMENT.fullmatch(file):
            raise ValueError(f"A page leads to documents beside it, as in `case.xlsx`, not to `{plain(file, 60)}`.")
    page: dict[str, Any] = {
        "shell": shell(),
        "title": plain(title),
        "study": plain(study),
        "period": plain(period),
        "state": plain(state),
        "standing": standing_line(),
        "nav": [(plain(label, 60), address, current in (label, address)) for label, address in nav],
        "documents": [(plain(label, 120), file) for label, file in documents],
        "grades": list(GRADE_WORDS.items()),
        "passing_on": [(plain(said, 120), plain(command, 300)) for said, command in passing_on],
        "reproduction": list(_facts(reproduction)),
    }
    with speaking(locale):
        cells = _Cells(page["title"])
        page["cells"] = _told_apart(cells(cell, number) for number, cell in enumerate(notebook.cells, start=1))
        page["parts"] = cells.parts if len(cells.parts) >= LONG_PAGE else []
        html = environment().get_template("page.html.j2").render(page=page, shell=shell())
    return html if html.endswith("\n") else f"{html}\n"


class _Cells:
    """Cells as HTML, in their order, with headings that never skip a level under the page's own.

    `parts` are the headings right under the page's own, with the names by which links find them.
    """

    def __init__(self, title: str) -> None:
        self.parts: list[tuple[str, str]] = []
        self._title = title
        self._above: list[tuple[int, int]] = []  # as written, as set
        self._begun = False

    def __call__(self, cell: NotebookNode, number: int) -> Markup:
        if cell.cell_type == "markdown":
            return Markup(self._words(cell.source))  # noqa: S704  # sanitised
        if cell.cell_type != "code" or HIDDEN & set(cell.metadata.get("tags", ())):
            return Markup("")
        return Markup("\n").join(piece for output in cell.outputs for piece in self._output(output, number))

    def _words(self, source: str) -> str:
        renderer = IPythonRenderer(escape=False, exclude_anchor_links=True)
        html = sanitised(MarkdownWithMath(renderer=renderer).render(source))
        if not self._begun:
            opening = re.match(r"\s*<h1>(.*?)</h1>", html, flags=re.DOTALL)
            if opening and _bare(opening[1]) == _bare(str(escape(self._title))):
                html = html[opening.end() :]
            self._begun = True
        return self._in_order(html)

    def _in_order(self, html: str) -> str:
        """Headings under the page's own: each one level below the one it was written under."""

        def moved(found: re.Match[str]) -> str:
            written = int(found[1])
            while self._above and self._above[-1][0] >= written:
                self._above.pop()
            self._above.append((written, min(6, self._above[-1][1] + 1 if self._above else 2)))
            level = self._above[-1][1]
            if level > 2:
                return f"<h{level}>{found[2]}</h{level}>"
            self.parts.append((f"part-{len(self.parts) + 1}", unescape(re.sub(r"<[^>]*>", "", found[2])).strip()))
            return f'<h2 id="{self.parts[-1][0]}">{found[2]}</h2>'

        return _HEADING.sub(moved, html)

    def _output(self, output: NotebookNode, number: int) -> Iterator[Markup]:
        if output.output_type == "stream":
            if output.name == "stdout":
                yield _text(output.text)
        elif output.output_type == "error":
            yield Markup('<p class="ts-note">This step stopped with an error: {}.</p>').format(plain(output.ename, 80))
        elif "image/png" in output.data:
            yield _image(output, number)
        elif "text/html" in output.data:
            inside = self._in_order(sanitised("".join(output.data["text/html"])))
            yield _boxed(inside)
        elif "text/markdown" in output.data:
            yield Markup(self._words("".join(output.data["text/markdown"])))  # noqa: S704  # sanitised
        elif "text/plain" in output.data:
            yield _text("".join(output.data["text/plain"]))


def _image(output: NotebookNode, number: int) -> Markup:
    meta = output.get("metadata", {}).get("image/png", {})
    alt = str(meta.get("alt") or "").strip()
    if not alt:
        raise NoAlternativeText(
            f"Cell {number} of the notebook shows an image without alternative text. Draw it with `analysis.charts`, "
            "whose figures say their finding."
        )
    chart = output.data.get(CHART_MIME)
    chart = chart if isinstance(chart, Mapping) else {}
    narrow = _png(chart.get("narrow"))
    source = (
        Markup('<source media="(max-width: 600px)" srcset="data:image/png;base64,{}">').format(narrow) if narrow else ""
    )
    size = Markup("").join(
        Markup(' {}="{}"').format(side, int(meta[side])) for side in ("width", "height") if _whole(meta.get(side))
    )
    image = _png(output.data["image/png"])
    if not image:
        raise ValueError(f"Cell {number} of the notebook shows an image that is not in base64.")
    return Markup(
        '<figure class="ts-chart"><picture>{}<img src="data:image/png;base64,{}" alt="{}"{}></picture>{}</figure>'
    ).format(source, image, plain(alt, 1200), size, _behind(chart))


def _behind(chart: Mapping[str, Any]) -> Markup:
    """The figures behind a chart, folded away."""
    columns, rows = chart.get("columns"), chart.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list) or not rows:
        return Markup("")
    frame = pd.DataFrame(rows, columns=[str(name) for name in columns])
    table = tables.frame(frame, f"Figures behind “{plain(chart.get('title', ''), 120)}”")
    names = list(table.cells.columns)
    cells = [list(zip(names, row, strict=True)) for row in table.cells.itertuples(index=False, name=None)]
    html = environment().get_template("figures.html.j2").render(table=table, columns=names, rows=cells)
    return Markup(numbers_whole(html))  # noqa: S704  # the template escapes


def _boxed(html: str) -> Markup:
    """Tables in boxes of their own that a keyboard can scroll, named by their captions."""

    def box(found: re.Match[str]) -> str:
        caption = re.search(r"<caption>(.*?)</caption>", found[0], flags=re.DOTALL)
        name = re.sub(r"<[^>]*>", "", caption[1]).replace('"', "&quot;") if caption else "Table"
        return f'<div class="ts-table" role="region" aria-label="{name}" tabindex="0">{found[0]}</div>'

    html = re.sub(r'<div class="ts-table">(<table.*?</table>)', r"<div>\1", html, flags=re.DOTALL)
    return Markup(re.sub(r"<table[ >].*?</table>", box, html, flags=re.DOTALL))  # noqa: S704  # sanitised before


def _told_apart(cells: Iterable[Markup]) -> list[Markup]:
    """Cells in which no two boxes have one name: the second of a name is numbered."""
    seen: dict[str, int] = {}

    def named(found: re.Match[str]) -> str:
        seen[found[1]] = seen.get(found[1], 0) + 1
        number = f" ({seen[found[1]]})" if seen[found[1]] > 1 else ""
        return f'role="region" aria-label="{found[1]}{number}"'

    return [Markup(_BOX.sub(named, cell)) for cell in cells]  # noqa: S704  # sanitised before


def _text(text: str) -> Markup:
    """Printed text: a line as a note, more as they were set."""
    text = shown_lines(str(strip_ansi(text))).strip("\n")  # type: ignore[no-untyped-call]
    if len(text) > _LONGEST_TEXT:
        text = text[:_LONGEST_TEXT] + ELLIPSIS
    if not text.strip():
        return Markup("")
    if "\n" not in text:
        return Markup('<p class="ts-note">{}</p>').format(text)
    return Markup('<pre class="ts-text">{}</pre>').format(text)


def _facts(given: Mapping[str, object], *, outermost: bool = True) -> Iterator[tuple[str, Any]]:
    """Names and values as texts, mappings as pairs again; names within are shown as they are written."""
    for key, value in given.items():
        name = humanised(key) if outermost else plain(key)
        if isinstance(value, Mapping):
            yield name, list(_facts(value, outermost=False)) or "–"
        elif isinstance(value, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in value):
            items = {str(place): item for place, item in enumerate(value, start=1)}
            yield name, list(_facts(items, outermost=False))
        elif isinstance(value, list | tuple):
            yield name, plain(", ".join(map(str, value)) or "–", 2000)
        else:
            yield name, "–" if value is None or value == "" else plain(value, 2000)


def _png(text: object) -> str:
    joined = "".join(str(text or "").split())
    return joined if _PNG.fullmatch(joined) else ""


def _whole(number: object) -> bool:
    return isinstance(number, int) and 0 < number < 10_000


def _bare(html: str) -> str:
    return re.sub(r"<[^>]*>", "", html).strip().casefold()
