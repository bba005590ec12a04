"""What stands in a drawn chart: its words, and its lines by name."""

from __future__ import annotations

from typing import Any


def words_of(figure: Any) -> str:
    """All that can be read in a chart, in one text."""
    inside = [text.get_text() for axes in figure.axes for text in axes.texts]
    ticks = [tick.get_text() for axes in figure.axes for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    return " | ".join([*(text.get_text() for text in figure.texts), *inside, *ticks]).replace("\xa0", " ")


def lines_of(axes: Any, gid: str) -> list[Any]:
    """The lines of that name."""
    return [line for line in axes.lines if line.get_gid() == gid]


def assert_words_inside(figure: Any) -> None:
    """No word reaches over an edge of the chart, but for the width of a line."""
    across, up = figure.canvas.get_width_height(physical=True)
    found = [*figure.texts, *(text for axes in figure.axes for text in axes.texts)]
    found += [tick for axes in figure.axes for tick in (*axes.get_xticklabels(), *axes.get_yticklabels())]
    for text in found:
        if text.get_text() and text.get_visible():
            box = text.get_window_extent()
            assert -1 <= box.x0 <= box.x1 <= across + 1, text
            assert -1 <= box.y0 <= box.y1 <= up + 1, text
