"""How wide are the columns of a printed table?

As wide as their longest words at least and their longest texts at most, as far as the paper reaches: measured in
letters beforehand, since laying a table out by trial takes most of the time that a printed report takes, and would let
a word of hundreds of letters push a table off the paper. Words that find no room are broken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import unescape

_TABLE = re.compile(r'<table class="([^"]*)">(.*?)</table>', re.DOTALL)
_ROW = re.compile(r"<tr[ >].*?</tr>", re.DOTALL)
_CELL = re.compile(r"<t([hd])([^>]*)>(.*?)</t[hd]>", re.DOTALL)
_SPAN = re.compile(r'colspan="(\d+)"')
_TAG = re.compile(r"<[^>]*>")
_ROOM = {"": 116.0, " wide": 131.0, " very-wide": 156.0}
"""Letters that a line of the paper holds, in the type of tables of few, many and very many columns (`print.css`)."""
_MANY, _VERY_MANY = 6, 9
_GAP = 2.5
_BOLD = 1.15
_LONGEST_WORD, _LONGEST_TEXT = 22, 140


def set_out(matter: str) -> str:
    """HTML whose tables say how wide their columns are; those of many columns are marked, to be set smaller.

    Examples
    --------
    >>> set_out('<table class="t"><tr><td>A</td><td>12</td></tr></table>')[:79]
    '<table class="t" style="width:6.9%"><colgroup><col style="width:43.75%"><col st'
    """
    return _TABLE.sub(_told, matter)


def shares(least: Sequence[float], most: Sequence[float], room: float) -> list[float]:
    """The width of each column: its most where all find room, else its least and a part of what is left.

    Parameters
    ----------
    least, most : sequence of float
        What each column needs for its longest word, and for its longest text.
    room : float
        What there is for all.

    Examples
    --------
    >>> shares([2, 2], [4, 6], 20), shares([2, 2], [4, 6], 7), shares([6, 2], [9, 9], 4)
    ([4, 6], [3.0, 4.0], [3.0, 1.0])
    """
    if sum(most) <= room:
        return list(most)
    if sum(least) >= room:
        return [room * one / sum(least) for one in least]
    spare = (room - sum(least)) / (sum(most) - sum(least))
    return [low + spare * (high - low) for low, high in zip(least, most, strict=True)]


def _told(found: re.Match[str]) -> str:
    inside = found[2]
    rows = [list(_cells(row)) for row in _ROW.findall(inside)]
    count = max((sum(span for span, _, _ in row) for row in rows), default=0)
    if not count:
        return found[0]
    mark = " very-wide" if count >= _VERY_MANY else " wide" if count >= _MANY else ""
    least, most = [1.0] * count, [1.0] * count
    for row in rows:
        place = 0
        for span, bold, text in row:
            if span == 1 and place < count:
                longest = bold * max(map(len, text.split()), default=0)
                least[place] = max(least[place], min(longest, _LONGEST_WORD))
                most[place] = max(most[place], min(bold * len(text), _LONGEST_TEXT), least[place])
            place += span
    room = _ROOM[mark]
    widths = shares([one + _GAP for one in least], [one + _GAP for one in most], room)
    total = sum(widths)
    columns = "".join(f'<col style="width:{100 * one / total:.4g}%">' for one in widths)
    head, caption, rest = inside.partition("</caption>")
    before, after = (f"{head}{caption}", rest) if caption else ("", inside)
    width = min(100.0, 100 * total / room)
    opening = f'<table class="{found[1]}{mark}" style="width:{width:.3g}%">'
    return f"{opening}{before}<colgroup>{columns}</colgroup>{after}</table>"


def _cells(row: str) -> Iterator[tuple[int, float, str]]:
    """How many columns each cell of a row spans, how wide its letters are, and its text."""
    for kind, about, inside in _CELL.findall(row):
        span = _SPAN.search(about)
        bold = _BOLD if kind == "h" else 1.0
        yield int(span[1]) if span else 1, bold, " ".join(unescape(_TAG.sub("", inside)).split())
