"""How wide is a text on a chart, and in which lines does it fit?

Measured in the type faces of this machine, since these differ in width by a sixth: a layout that counts letters holds
in one of them only. Where the lines stand is left to the charts.
"""

from __future__ import annotations

import warnings
from functools import cache, lru_cache

from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties

from analysis.reporting.charts.canvas import APART, measuring
from analysis.reporting.formats import ELLIPSIS, plain
from analysis.reporting.theme import NARROW, SCALE, SIZES, WIDE, faces, points

PAD = 16
"""CSS pixels between an edge of a chart and what stands in it."""
_LONGEST = 900
_KEPT = 4096
"""Widths that are kept: the words of a report's charts come again on every chart, at both of its widths."""
_UNDER, _OVER = 0.01, 0.03
"""A line is measured as a whole where its letters together are so little narrower or wider than the room, as a share of
it: letters that draw near to each other make it narrower than they are, hardly ever wider."""
_FEW, _OF_FEW = 25, 0.1
"""Up to so many letters two of them may decide: measured where they are so near to the room."""


def width_inside(narrow: bool) -> float:
    """How wide the inside of a chart is, in CSS pixels: on a phone, or on a page.

    Examples
    --------
    >>> width_inside(True), width_inside(False)
    (318, 688)
    """
    return (NARROW if narrow else WIDE) - 2 * PAD


def text_width(text: str, size: str, *, bold: bool = False) -> float:
    """How wide a text is, in CSS pixels; `size` is one of the theme's."""
    return _width(text, size, bold, tuple(faces()))


@lru_cache(maxsize=_KEPT)
def _width(text: str, size: str, bold: bool, families: tuple[str, ...]) -> float:
    style = FontProperties(family=list(families), size=points(SIZES[size]), weight="bold" if bold else "normal")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        found = _renderer().get_text_width_height_descent(text, style, ismath=False)  # type: ignore[no-untyped-call]
    return float(found[0]) / SCALE


@cache
def _renderer() -> RendererAgg:
    return measuring(100 * SCALE)


def wrapped(text: str, width: float, size: str, *, bold: bool = False, lines: int = 2) -> list[str]:
    """A text cut into at most so many lines of that width; what does not fit is cut off with an ellipsis.

    Examples
    --------
    >>> wrapped("as assigned", 1000, "note"), len(wrapped("as assigned", 60, "note"))
    (['as assigned'], 2)
    """
    done: list[str] = []
    rest = plain(text, _LONGEST).split(" ")
    line = ""
    while rest:
        word = rest.pop(0)
        candidate = f"{line} {word}" if line else word
        if _fits(candidate, width, size, bold):
            line = candidate
            continue
        if not line:  # one word wider than the line
            fits = _longest_start(word, width, size, bold)
            if fits == len(word):  # its letters draw near to each other
                line = word
                continue
            line, word = word[:fits], word[fits:]
        done.append(line)
        line = ""
        rest.insert(0, word)
        if len(done) == lines:
            return [*done[:-1], _cut(done[-1], width, size, bold)]
    return [*done, line]


def fitting(texts: tuple[str, ...], width: float, size: str, *, bold: bool = False) -> str:
    """The first of several ways to say a thing that fits in one line of that width; of none, the last, cut off.

    Examples
    --------
    >>> [fitting(("Positive mentions", "Positive"), width, "label") for width in (1000, 80)]
    ['Positive mentions', 'Positive']
    """
    for text in (plain(text, _LONGEST) for text in texts):
        if text_width(text, size, bold=bold) <= width:
            return text
    return wrapped(texts[-1], width, size, bold=bold, lines=1)[0]


def _fits(line: str, width: float, size: str, bold: bool) -> bool:
    """Whether a line is narrow enough; most are told by the widths of their letters, which are known from others."""
    if APART.fullmatch(line):
        under, over = (_UNDER, _OVER) if len(line) > _FEW else (_OF_FEW, _OF_FEW)
        words, families = line.split(" "), tuple(faces())
        by_letters = sum(_steps(word, size, bold, families) for word in words)
        by_letters += (len(words) - 1) * _steps(" ", size, bold, families)
        if not (1 - under) * width < by_letters < (1 + over) * width:
            return by_letters < width
    return text_width(line, size, bold=bold) <= width


@lru_cache(maxsize=_KEPT)
def _steps(word: str, size: str, bold: bool, families: tuple[str, ...]) -> float:
    """How far the letters of a word move what follows, each measured between two others that stand for all."""
    none = _width("nn", size, bold, families)
    return sum(_width(f"n{letter}n", size, bold, families) - none for letter in word)


def _longest_start(word: str, width: float, size: str, bold: bool) -> int:
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if text_width(word[:middle], size, bold=bold) <= width else (low, middle - 1)
    return low


def _cut(line: str, width: float, size: str, bold: bool) -> str:
    while line and text_width(line + ELLIPSIS, size, bold=bold) > width:
        line = line[:-1].rstrip()
    return line + ELLIPSIS
