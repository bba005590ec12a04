"""What must every chart have before anyone may see it?

A finding as its title, a subtitle with measure, unit, population and period, a foot with source, rows and method, the
sentence that says the finding to those who cannot see it, and the data behind it. `Figure` lays these out by measured
widths, on a page's width and on a phone's, and gives equal bytes for equal input. What is drawn inside is left to the
functions of this package.
"""

from __future__ import annotations

import base64
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure as MatplotlibFigure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from analysis.foundation.errors import DesignError, TouchstoneError
from analysis.foundation.provenance import rounded
from analysis.reporting.charts.canvas import Canvas
from analysis.reporting.charts.measure import PAD, text_width, wrapped
from analysis.reporting.formats import plain
from analysis.reporting.theme import INK, NARROW, PAPER, SCALE, SIZES, SOFT, WIDE, drawing, points, type_of

CHART_MIME = "application/vnd.touchstone.chart+json"
LONGEST_TITLE = 10
_LEADING, _GAP = 1.3, 12
_LINES = {False: {"title": 4, "subtitle": 6, "foot": 9}, True: {"title": 5, "subtitle": 9, "foot": 12}}
"""Lines at most, on a page and on a phone."""


class NothingToDraw(DesignError):
    """The result does not hold what this chart shows. The message says what is missing."""


class NoAlternativeText(TouchstoneError):
    """A figure has no alternative text, so that part of its readers would get nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """Everything that is said around a chart. None of it may be left out.

    Parameters
    ----------
    title : str
        The finding, in ten words or fewer (a number and its unit are one word).
    measure, unit, population, period : str
        The subtitle.
    source, rows, method : str
        The foot; `counts` says there what `rows` counts, where it is no rows of a table.
    alt : str
        The finding for those who cannot see the chart, as a sentence.

    Raises
    ------
    ValueError
        If one of them is empty, or the title is too long.
    NoAlternativeText
        If there is no alternative text.
    """

    title: str
    measure: str
    unit: str
    population: str
    period: str
    source: str
    rows: str
    method: str
    alt: str
    counts: str = "Rows"

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise NoAlternativeText(
                f"The chart “{plain(self.title, 80)}” has no alternative text. Say its finding in a sentence: `alt=`."
            )
        empty = [name for name in self.__slots__ if not getattr(self, name).strip()]
        if empty:
            raise ValueError(f"The chart “{plain(self.title, 80)}” does not say its {', '.join(empty)}.")
        count = len(self.title.split(" "))
        if count > LONGEST_TITLE:
            raise ValueError(f"A title has {LONGEST_TITLE} words or fewer; “{plain(self.title, 80)}” has {count}.")

    @property
    def subtitle(self) -> str:
        return f"{self.measure}, {self.unit}. {self.population[:1].upper()}{self.population[1:]}, {self.period}."

    @property
    def foot(self) -> str:
        return f"Source: {self.source}. {self.counts}: {self.rows}. Method: {self.method}."


class Figure(MatplotlibFigure):
    """A chart with its story, its alternative text and its data.

    Parameters
    ----------
    story : Story
    data : DataFrame
        What is drawn, one row a mark.
    paint : function of Body
        Draws inside the space between subtitle and foot; called again for another width.
    height : function of bool to float
        Height of that space in CSS pixels, given whether the chart is narrow.
    width : int
        Width of the whole chart in CSS pixels.
    """

    def __init__(
        self,
        story: Story,
        data: pd.DataFrame,
        paint: Callable[[Body], None],
        height: Callable[[bool], float],
        width: int = WIDE,
    ) -> None:
        with drawing():
            super().__init__(figsize=(width / 100, 1), dpi=100 * SCALE, facecolor=PAPER)
            Canvas(self)
            self.story, self.data, self.alt = story, data, story.alt
            self._again = (paint, height)
            self.css_width = width
            self._arrange(paint, height(width < WIDE))

    def at(self, width: int) -> Figure:
        """The same chart laid out for another width."""
        figure = Figure(self.story, self.data, *self._again, width=width)
        figure.alt = self.alt
        return figure

    def png(self) -> bytes:
        """The chart as an image of twice its width in pixels; equal charts give equal bytes.

        Raises
        ------
        NoAlternativeText
            If its alternative text was taken away.
        """
        if not str(self.alt or "").strip():
            raise NoAlternativeText(
                f"The chart “{plain(self.story.title, 80)}” has no alternative text. Give it one: `figure.alt = …`."
            )
        with drawing(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"Glyph .* missing from font")
            assert isinstance(self.canvas, Canvas)
            return self.canvas.png()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:
        """What a notebook keeps: the image with its alternative text, one for phones, and the data."""
        frame = self.data.astype(object).where(self.data.notna(), None)
        chart = {
            "title": self.story.title,
            "alt": self.alt,
            "columns": [str(name) for name in frame.columns],
            "rows": rounded([[_simple(cell) for cell in row] for row in frame.itertuples(index=False, name=None)]),
            "narrow": _base64(self.at(NARROW).png()),
            "narrow_width": NARROW,
        }
        width, height = (round(pixels / SCALE) for pixels in self.canvas.get_width_height(physical=True))
        bundle = {"image/png": _base64(self.png()), "text/plain": self.alt, CHART_MIME: chart}
        return bundle, {"image/png": {"alt": self.alt, "width": width, "height": height}}

    def __repr__(self) -> str:
        return f"<chart: {self.story.title}>"

    def _arrange(self, paint: Callable[[Body], None], body_height: float) -> None:
        """Title and subtitle from the top, foot at the bottom, the body between them."""
        inner, most = self.css_width - 2 * PAD, _LINES[self.css_width < WIDE]
        blocks = {
            "title": (self.wrapped(self.story.title, inner, "title", bold=True, lines=most["title"]), INK, True),
            "subtitle": (self.wrapped(self.story.subtitle, inner, "subtitle", lines=most["subtitle"]), SOFT, False),
            "foot": (self.wrapped(self.story.foot, inner, "foot", lines=most["foot"]), SOFT, False),
        }
        heights = {name: len(lines) * SIZES[name] * _LEADING for name, (lines, _, _) in blocks.items()}
        top = PAD + 10 + heights["title"] + 6 + heights["subtitle"] + _GAP
        total = math.ceil(top + body_height + _GAP + heights["foot"] + PAD)
        self.set_size_inches(self.css_width / 100, total / 100)
        self.css_height = total
        self.add_artist(self._box(PAD, PAD, 36, 4, facecolor=INK, edgecolor="none"))
        starts = {
            "title": PAD + 10,
            "subtitle": PAD + 10 + heights["title"] + 6,
            "foot": total - PAD - heights["foot"],
        }
        for name, (lines, colour, bold) in blocks.items():
            for place, line in enumerate(lines):
                text = self.write(
                    PAD, starts[name] + (place + 0.5) * SIZES[name] * _LEADING, line, name, colour, bold=bold
                )
                text.set_gid(name)
        paint(Body(self, PAD, top, inner, body_height))

    def _box(self, x: float, y: float, width: float, height: float, **style: Any) -> Rectangle:
        across, up = self.css_width, self.css_height
        return Rectangle((x / across, 1 - (y + height) / up), width / across, height / up, **style)

    def write(
        self, x: float, y: float, text: str, size: str, colour: str = INK, *, bold: bool = False, ha: str = "left"
    ) -> Text:
        """One line of text, its middle at `y` CSS pixels from the top."""
        return self.text(
            x / self.css_width,
            1 - y / self.css_height,
            text,
            fontsize=points(SIZES[size]),
            fontweight="bold" if bold else "normal",
            color=type_of(colour),
            ha=ha,
            va="center_baseline",
            parse_math=False,
        )

    def text_width(self, text: str, size: str, *, bold: bool = False) -> float:
        """How wide a text is, in CSS pixels."""
        return text_width(text, size, bold=bold)

    def wrapped(self, text: str, width: float, size: str, *, bold: bool = False, lines: int = 2) -> list[str]:
        """A text cut into at most so many lines of that width; what does not fit is cut off with an ellipsis."""
        return wrapped(text, width, size, bold=bold, lines=lines)


@dataclass(frozen=True)
class Body:
    """The space of a chart between subtitle and foot, measured in CSS pixels from its upper left corner."""

    figure: Figure
    left: float
    top: float
    width: float
    height: float

    @property
    def narrow(self) -> bool:
        return self.figure.css_width < WIDE

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes at a place given in CSS pixels."""
        across, up = self.figure.css_width, self.figure.css_height
        bottom = up - (self.top + top + height)
        return self.figure.add_axes(
            ((self.left + left) / across, bottom / up, width / across, height / up), facecolor="none"
        )

    def text(self, x: float, y: float, text: str, size: str = "label", colour: str = INK, **style: Any) -> Text:
        """One line of text, its middle at `y`."""
        return self.figure.write(self.left + x, self.top + y, text, size, colour, **style)

    def line(self, x: Sequence[float], y: float, **style: Any) -> Line2D:
        """A level line from `x[0]` to `x[1]`."""
        across, up = self.figure.css_width, self.figure.css_height
        line = Line2D([(self.left + place) / across for place in x], [1 - (self.top + y) / up] * 2, **style)
        return self.figure.add_artist(line)  # type: ignore[return-value]


def _base64(image: bytes) -> str:
    return base64.b64encode(image).decode("ascii")


def _simple(cell: Any) -> Any:
    """A value as a chart keeps it: nothing where there is no number."""
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    return cell if cell is None or isinstance(cell, str | int | float | bool) or hasattr(cell, "item") else str(cell)
