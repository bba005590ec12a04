"""What is a table to us? Cells of plain escaped text, a caption, and the frame of values behind them.

A table brings no style, no script and no address of its own, whatever the data hold, so that it may stand in
JupyterLab, where the reader's theme dresses it, and on a page, where ours does. Which tables there are is left to this
package's other modules.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from html import escape
from typing import Any

import pandas as pd
from great_tables import GT

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import MINUS, plain
from analysis.reporting.naming import humanised
from analysis.reporting.sanitise import sanitised
from analysis.reporting.tables.written import Written
from analysis.reporting.wording import words

_NUMBER = re.compile(rf"({MINUS}[^\s<>&()]*[0-9][^\s<>&()]*)(?=[^<>]*<)")
_CELL, _SENTENCE = 300, 900
"""Letters at most in a cell, and in one that holds sentences."""


@dataclass(frozen=True)
class Table:
    """A table to be read: what it shows, its cells as text, and the frame of values behind it.

    Parameters
    ----------
    caption : str
    cells : DataFrame of str
        The first column names the rows.
    frame : DataFrame
        The values, unrounded.
    numbers : tuple of str
        Columns that are set flush right.
    groups : str, optional
        The column of `cells` that gathers rows under a common heading.
    notes : tuple of str
        Sentences under the table; without any cells, they are all there is.
    sentences : bool
        Whether cells are sentences: on a narrow screen they then stand below one another.
    folded : tuple of str
        Further sentences, folded away under the line `folded_under`.
    """

    caption: str
    cells: pd.DataFrame
    frame: pd.DataFrame
    numbers: tuple[str, ...] = ()
    groups: str | None = None
    notes: tuple[str, ...] = field(default=())
    sentences: bool = False
    folded: tuple[str, ...] = ()
    folded_under: str = "More"

    @cached_property
    def html(self) -> str:
        """The table as HTML without style, script or address; the same cells give the same text."""
        notes = "".join(f'<p class="ts-note">{escape(plain(note, 600), quote=False)}</p>' for note in self.notes)
        if self.folded:
            items = "".join(f"<li>{escape(plain(one, _SENTENCE), quote=False)}</li>" for one in self.folded)
            summary = escape(plain(self.folded_under), quote=False)
            notes += f'<details class="ts-more"><summary>{summary}</summary><ul>{items}</ul></details>'
        notes = numbers_whole(notes)
        if self.cells.empty:
            return f"<div>{notes}</div>"
        limit = _SENTENCE if self.sentences else _CELL
        cells = self.cells.map(lambda cell: plain(cell, limit))
        names = [name for name in cells.columns if name != self.groups]
        mark = sha256(cells.to_csv(index=False).encode()).hexdigest()[:12]
        table = GT(Written(cells), rowname_col=names[0], groupname_col=self.groups, auto_align=False, id=f"t{mark}")
        table = table.tab_stubhead(label=names[0]).cols_align("left")
        if self.numbers:
            table = table.cols_align("right", list(self.numbers))
        raw = re.sub(r"<style>.*?</style>", "", table.as_raw_html(), count=1, flags=re.DOTALL)
        clean = sanitised(raw)
        body = clean[clean.index("<table") : clean.rindex("</table>")] + "</table>"
        body = body.replace(">", f"><caption>{escape(plain(self.caption), quote=False)}</caption>", 1)
        if self.sentences:
            body = body.replace('<table class="gt_table"', '<table class="gt_table ts-sentences"', 1)
        return f'<div class="ts-table">{numbers_whole(_grouped(body))}{notes}</div>'

    def _repr_html_(self) -> str:
        return self.html

    def __str__(self) -> str:
        if self.cells.empty:
            return "\n".join(self.notes)
        under = "".join(f"\n{note}" for note in (*self.notes, *self.folded))
        return f"{self.caption}\n{self.cells.to_string(index=False)}{under}"


def numbers_whole(html: str) -> str:
    """HTML in which no minus is torn from its number at the end of a line.

    Examples
    --------
    >>> numbers_whole("<td>(−€4 to −€3)</td>")
    '<td>(<span class="ts-number">−€4</span> to <span class="ts-number">−€3</span>)</td>'
    """
    return _NUMBER.sub(r'<span class="ts-number">\1</span>', html)


def _grouped(html: str) -> str:
    """Each group of rows in a body of its own, so that its heading's scope is that body."""
    html = html.replace('scope="colgroup"', 'scope="rowgroup"')
    start = '<tr class="gt_group_heading_row">'
    first, *rest = html.split(start)
    return first + start.join(["", *rest]).replace(start, f'</tbody><tbody class="gt_table_body">{start}').replace(
        '</tbody><tbody class="gt_table_body">', "", 1
    )


def shown(table: Callable[..., Table], found: Any, *, caption: str = "", **options: Any) -> Table:
    """The table, or the sentence that says that the result, or a part of it, is not there.

    Examples
    --------
    >>> print(shown(frame, None, caption="Arms"))
    This was not asked of these tables, or they cannot answer it.
    """
    if found is None:
        return sentences_alone(caption, "This was not asked of these tables, or they cannot answer it.")
    try:
        return table(found, **options)
    except DesignError as missing:
        return sentences_alone(caption, str(missing))


def sentences_alone(caption: str, *notes: str) -> Table:
    """A table that has no rows to show, with the sentences that say so."""
    return Table(caption, pd.DataFrame(), pd.DataFrame(), notes=notes)


def frame(data: pd.DataFrame, caption: str, *, locale: str | None = None, most: int = 60) -> Table:
    """Any frame as a table: numbers to four significant digits, at most so many rows."""
    say = words(locale)

    def cell(value: Any) -> str:
        if value is None or (isinstance(value, float) and pd.isna(value)):
            return "–"
        if isinstance(value, bool) or not isinstance(value, int | float):
            return plain(value, 120)
        return say.short(value, 4) if isinstance(value, float) else say.number(value)

    cells = data.head(most).map(cell).rename(columns=humanised)
    numeric = [humanised(name) for name in data.columns if pd.api.types.is_numeric_dtype(data[name])]
    rest = len(data) - most
    notes = (f"{say.number(rest)} further rows are in the executed notebook.",) if rest > 0 else ()
    return Table(caption, cells, data, numbers=tuple(name for name in numeric if name != cells.columns[0]), notes=notes)
