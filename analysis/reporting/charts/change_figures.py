"""Which figures around which changes can be drawn, and in which unit? What the charts of the change log share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.reporting.changes import step_rows
from analysis.reporting.charts.figure import LONGEST_TITLE, NothingToDraw
from analysis.reporting.charts.marks import tick_label
from analysis.reporting.formats import ELLIPSIS, is_currency, plain
from analysis.reporting.naming import metric_in_words, unit_in_words
from analysis.reporting.rows import Row
from analysis.reporting.wording import Words

_SECONDS = ((7200.0, 3600.0, "hours"), (120.0, 60.0, "minutes"))


@dataclass(frozen=True, slots=True)
class AxisUnit:
    """In what an axis counts: how many of the figure's own unit make one, how ticks are said, and its name."""

    per: float
    ticks: str
    said: str

    @classmethod
    def of(cls, frame: pd.DataFrame, column: str) -> AxisUnit:
        """The unit that suits the sizes of a column; seconds become minutes or hours.

        Examples
        --------
        >>> AxisUnit.of(pd.DataFrame({"unit": ["seconds"], "value": [9000.0]}), "value").said
        'hours'
        """
        unit, largest = str(frame["unit"].iloc[0]), float(frame[column].abs().max())
        if unit == "share":
            return cls(1.0, "share", "%")
        if unit == "seconds":
            per, said = next(((per, said) for least, per, said in _SECONDS if largest >= least), (1.0, "seconds"))
            return cls(per, "count", said)
        first = unit.partition(" ")[0]
        return cls(1.0, first if is_currency(first) else "count", unit_in_words(unit) or "number")

    def tick(self, tick: float, ticks: Sequence[float], say: Words, *, signed: bool = False) -> str:
        """A tick of the axis, in this unit already."""
        return tick_label(tick, ticks, say, self.ticks + (" signed" if signed else ""))


def figures_around(found: Any) -> list[tuple[str, str, str]]:
    """Every figure that has a line, as (change, outcome, segment), in the order of the study."""
    series = getattr(found, "series", None)
    if series is None or series.empty:
        return []
    keys = series[["change", "outcome", "segment"]].drop_duplicates()
    return [(str(change), str(outcome), str(segment)) for change, outcome, segment in keys.itertuples(index=False)]


def figure_rows(found: Any, name: str, columns: Sequence[str], change: str, outcome: str, segment: str) -> pd.DataFrame:
    """The rows of one figure around one change, from one of the result's frames.

    Raises
    ------
    NothingToDraw
        If there are none.
    """
    every = getattr(found, name, None)
    if every is None or any(column not in every.columns for column in ("change", "outcome", "segment", *columns)):
        raise NothingToDraw(f"The chart around a change needs the figure by month (`{name}`); this result has none.")
    mine = every[(every["change"] == change) & (every["outcome"] == outcome) & (every["segment"] == segment)]
    if mine.empty:
        known = sorted({f"{plain(one, 40)} after {plain(of, 40)}" for of, one, _ in figures_around(found)})
        raise NothingToDraw(
            f"There is no {plain(metric_in_words(outcome), 60).lower()} around {plain(change, 40)} to draw; there are: "
            f"{', '.join(known[:6]) or 'none'}."
        )
    return mine.reset_index(drop=True)


def step_of(found: Any, change: str, outcome: str, segment: str) -> Row:
    """The row of effects that tells the step of a figure.

    Raises
    ------
    NothingToDraw
        If there is none.
    """
    for row in step_rows(found):
        inside = ", ".join(f"{column}={value}" for column, value in sorted(row["segment"].items()))
        names = (str(row["treated"]), str(row["outcome"]), f"[{inside}]" if inside else "")
        if row["estimand"] == "level_change" and names == (change, outcome, segment):
            return row
    raise NothingToDraw(
        f"The result tells no step in {plain(metric_in_words(outcome), 60).lower()} after {plain(change, 40)}."
    )


def titled(label: str, said: str) -> str:
    """A title of a figure and what was seen of it; a long label is cut so that all stays short enough.

    Examples
    --------
    >>> titled("Potential value of chances to sell or to keep", "no clear step")
    'Potential value of chances to sell or…: no clear step'
    """
    room = LONGEST_TITLE - len(said.split(" "))
    parts = plain(label, 80).split(" ")
    return f"{' '.join(parts[:room])}{ELLIPSIS if len(parts) > room else ''}: {said}"
