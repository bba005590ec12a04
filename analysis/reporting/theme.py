"""What does a colour, a size, a type face mean, on every chart and page alike?

Colours are told apart by people who see red and green, or blue and yellow, alike, and in grey print (a test simulates
all of these); none is ever the only signal. A colour keeps its meaning everywhere. Drawing is left to
`analysis.reporting.charts`, the page's own style to `templates/style.css`, which uses the same values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from types import MappingProxyType
from typing import Literal

import matplotlib.style
from matplotlib import font_manager

Meaning = Literal["contacted", "comparison", "expected", "before", "after", "naive", "neutral", "benefit", "cost"]

COLOURS: Mapping[str, str] = MappingProxyType(
    {
        "contacted": "#0f5499",  # customers who were contacted, and what the contact changed
        "comparison": "#c8621b",  # similar customers who were not
        "expected": "#c8621b",  # what they would have done without it: the same question, and so the same colour
        "before": "#b565c9",  # the same people, earlier
        "after": "#6a1b6e",  # the same people, later
        "naive": "#8b9099",  # raw figures that are no effect; always drawn hollow
        "neutral": "#33414f",  # counts and money that belong to no group
        "benefit": "#2e7d6e",  # money that comes in
        "cost": "#c9ad68",  # money that goes out; always drawn hatched, with an outline
    }
)
"""What a colour means. Everything else on a chart is ink, grey or paper.

Harm has no colour: it lies on the other side of the line, is said in words, and as money goes out. What is provisional
is hollow, what is still to come is hatched, what was promised is dashed, whatever its colour.
"""

APART: tuple[tuple[str, str | tuple[float, tuple[float, ...]], str], ...] = (
    (COLOURS["neutral"], "solid", "o"),
    ("#867313", (0.0, (6.0, 2.0)), "s"),
    ("#2e799e", (0.0, (1.0, 1.4)), "^"),
    ("#631d1d", (0.0, (6.0, 2.0, 1.0, 2.0)), "D"),
)
"""Colour, stroke and mark of lines that are told apart and mean nothing more, as platforms are."""

INK = "#1b2733"
COST_INK = "#7d6420"  # the colour of cost, dark enough for type and outlines
SOFT = "#56626e"
_DARK_ENOUGH = MappingProxyType({"comparison": "#a94f12", "before": "#9a3fb0", "naive": "#666c76", "cost": COST_INK})
RULE = "#d5dbe1"
SHADE = "#eef1f4"
PAPER = "#ffffff"

WIDE, NARROW = 720, 350
"""Widths of a chart in CSS pixels: on a page, and on a phone."""
SCALE = 2
"""Image pixels for each CSS pixel."""

SIZES: Mapping[str, float] = MappingProxyType(
    {"title": 18.0, "subtitle": 13.0, "label": 13.0, "tick": 12.0, "note": 12.0, "foot": 11.0}
)
"""Sizes of type, in CSS pixels."""

_FACES = ("Arial", "Helvetica", "Liberation Sans")  # the same widths, so that a layout holds on every system
_OTHERS = ("Noto Sans CJK SC", "Microsoft YaHei", "Hiragino Sans GB", "Noto Sans Devanagari", "Arial Unicode MS")


@cache
def faces() -> tuple[str, ...]:
    """The type faces of this machine, best first; DejaVu Sans has letters of many scripts and is always there."""
    there = set(font_manager.get_font_names())
    return (
        *[face for face in _FACES if face in there][:1],
        "DejaVu Sans",
        *(face for face in _OTHERS if face in there),
    )


@contextmanager
def drawing() -> Iterator[None]:
    """Settings under which charts are made: ours alone, whatever the reader's own matplotlib settings are.

    They hold inside the block only.
    """
    ours = {
        "font.family": list(faces()),
        "text.color": INK,
        "text.parse_math": False,
        "axes.edgecolor": SOFT,
        "axes.labelcolor": SOFT,
        "xtick.color": SOFT,
        "ytick.color": SOFT,
        "axes.unicode_minus": True,
    }
    with matplotlib.style.context(["default", ours]):
        yield


def type_of(colour: str) -> str:
    """The colour of type that names a mark of this colour: the same, or a darker one where it could not be read.

    Examples
    --------
    >>> type_of(COLOURS["contacted"]) == COLOURS["contacted"], type_of(COLOURS["cost"]) == COST_INK
    (True, True)
    """
    return {COLOURS[meaning]: dark for meaning, dark in _DARK_ENOUGH.items()}.get(colour, colour)


def points(pixels: float) -> float:
    """CSS pixels as typographic points, matplotlib's unit for type and lines."""
    return pixels * 72 / 100
