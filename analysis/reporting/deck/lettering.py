"""How wide is a text, how many lines does it take, and at which size does it fit its place?

Widths are those of Helvetica, which Arial and Liberation Sans share; they come with matplotlib, so that a slide has
the same sizes wherever it is made. Sizes come from a fixed scale, none under 14 points; what fits at no size is cut off
with an ellipsis. Where texts stand is left to `slide`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.reporting.formats import ELLIPSIS

SMALLEST = 14
TITLE = (30, 28, 24)
LEAD = (20, 18, 16)
BODY = (18, 16, 14)
SMALL = (14,)
VALUE = (28, 24, 20, 18, 16, 14)
"""Sizes a text may have, in points, largest first."""

LEADING = 1.2
"""Height of a line, in sizes of its type."""
_SPARE = 0.97
"""Part of a line's width that is filled: programs kern and round in their own ways."""
_WIDTHS = {"Mn": 0.0, "Me": 0.0, "Sc": 0.6, "Ll": 0.62, "Lu": 0.8, "Lt": 0.8, "Nd": 0.6, "Zs": 0.28}
_OTHER = 1.0
_BREAKS = re.compile(r"(?<=[/\-\u2013])(?=.)")


@dataclass(frozen=True, slots=True)
class Fitted:
    """A text, cut where it had to be, at the size at which it fits; how many lines it takes, and whether it was cut."""

    text: str
    size: int
    lines: int
    cut: bool = False

    @property
    def height(self) -> float:
        """In points."""
        return self.lines * self.size * LEADING


def width(text: str, size: float, *, bold: bool = False) -> float:
    """How wide a text is, in points.

    Examples
    --------
    >>> width("Hello", 10), width("Hello", 10, bold=True) > width("Hello", 10)
    (22.78, True)
    """
    return round(sum(_width(letter, bold) for letter in text) * size, 6)


def lines_of(text: str, size: float, room: float, *, bold: bool = False) -> list[str]:
    """A text broken into lines as wide as a place of `room` points; a word wider than that is broken itself.

    Examples
    --------
    >>> lines_of("one two three", 14, 60)
    ['one two', 'three']
    """
    room *= _SPARE
    done: list[str] = []
    line = ""
    for glue, piece in _pieces(text):
        word = piece
        candidate = f"{line}{glue}{word}" if line else word
        if width(candidate, size, bold=bold) <= room:
            line = candidate
            continue
        if line:
            done.append(line)
        while width(word, size, bold=bold) > room and len(word) > 1:
            start = _start(word, size, room, bold)
            done.append(word[:start])
            word = word[start:]
        line = word
    return [*done, line]


def fitted(
    text: str, room: float, height: float, sizes: Sequence[int], *, bold: bool = False, most: int | None = None
) -> Fitted:
    """A text at the largest size at which it fits a place; cut with an ellipsis where it fits at none.

    Parameters
    ----------
    text : str
        One paragraph.
    room, height : float
        Of the place, in points.
    sizes : sequence of int
        Largest first.
    bold : bool
    most : int, optional
        Lines that it may take.

    Examples
    --------
    >>> fitted("Ten words", 200, 40, (20, 14)).size, fitted("word " * 90, 100, 34, (20, 14)).text
    (20, 'word word word word…')
    """
    lines: list[str] = []
    fits = 0
    for size in sizes:
        lines = lines_of(text, size, room, bold=bold)
        fits = int(height / (size * LEADING) + 1e-9)
        fits = fits if most is None else min(fits, most)
        if len(lines) <= fits:
            return Fitted(text, size, len(lines))
    size, fits = sizes[-1], max(fits, 1)
    if len(lines) <= fits:
        return Fitted(text, size, len(lines))  # one line has a place everywhere
    last = lines[fits - 1]
    while last and width(last.rstrip() + ELLIPSIS, size, bold=bold) > room * _SPARE:
        last = last[:-1]
    last = last.rstrip(f" ,;:({ELLIPSIS}") + ELLIPSIS
    return Fitted(_joined([*lines[: fits - 1], last], text), size, fits, cut=True)


def _joined(lines: Sequence[str], text: str) -> str:
    """Lines as one text again; pieces of a word that was broken are put together."""
    said = lines[0]
    for line in lines[1:]:
        body = line.removesuffix(ELLIPSIS)
        said += line if body and text.startswith(said + body) else f" {line}"
    return said


def _pieces(text: str) -> Iterator[tuple[str, str]]:
    """What may stand on a line of its own, and what stands before it: words, and parts after a hyphen or stroke."""
    for word in text.split(" "):
        for number, part in enumerate(_BREAKS.split(word)):
            yield "" if number else " ", part


def _start(word: str, size: float, room: float, bold: bool) -> int:
    start = 1
    while start < len(word) and width(word[: start + 1], size, bold=bold) <= room:
        start += 1
    return start


@cache
def _width(letter: str, bold: bool) -> float:
    """How wide a letter is, in sizes of its type; generous where the type face of the program is not known."""
    known = _face(bold)
    if (exact := known.get(letter)) is not None:
        return exact
    if unicodedata.east_asian_width(letter) in "WF":
        return _OTHER
    base = unicodedata.normalize("NFD", letter)[0]
    if base != letter and base in known:
        return known[base]
    return _WIDTHS.get(unicodedata.category(letter), _OTHER)


@cache
def _face(bold: bool) -> dict[str, float]:
    import matplotlib
    from fontTools.afmLib import AFM  # type: ignore[import-untyped]
    from fontTools.agl import AGL2UV  # type: ignore[import-untyped]

    file = Path(matplotlib.get_data_path()) / "fonts" / "afm" / ("phvb8a.afm" if bold else "phvr8a.afm")
    face = AFM(str(file))
    found = {chr(AGL2UV[name]): face[name][1] / 1000 for name in face.chars() if name in AGL2UV}
    digit = found["0"]
    # Spaces and hyphens that do not break, thin marks, and the euro, which the face is older than.
    return found | {"\xa0": found[" "], "\u2011": found["-"], "\u202f": found[" "], "\N{EURO SIGN}": digit}
