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
