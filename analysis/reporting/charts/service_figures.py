"""What do the charts of the service study share: its rows of one outcome, their level, unit and period?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.reporting.charts.figure import NothingToDraw
from analysis.reporting.formats import is_currency
from analysis.reporting.naming import outcome_in_words
from analysis.reporting.rows import effect_rows, level_of
from analysis.reporting.wording import Words

NO_EFFECT = "Who is answered sooner differs in more than the wait: this shows no effect."


def of_outcome(service: Any, name: str, columns: Sequence[str], outcome: str, what: str) -> pd.DataFrame:
    """The rows of one outcome from one of the result's frames."""
    frame = getattr(service, name, None)
    if frame is None or any(column not in frame.columns for column in columns):
        raise NothingToDraw(f"The chart {what} needs the means of each group (`{name}`); this result has none.")
    mine: pd.DataFrame = frame[frame["outcome"] == outcome]
    if mine.empty:
        there = ", ".join(label_of(one).lower() for one in dict.fromkeys(frame["outcome"])) or "nothing"
        raise NothingToDraw(f"There is no {label_of(outcome).lower()} {what} to draw; followed were: {there}.")
    return mine


def level_in(service: Any, what: str) -> float:
    """The level of all intervals of the result."""
    rows = effect_rows(service)
    level = level_of(rows)
    if level is None:
        raise NothingToDraw(f"The chart {what} needs the level of its intervals; no effect has one.")
    return level


def label_of(outcome: str) -> str:
    """What readers call an outcome."""
    return outcome_in_words(outcome).label


def tick_unit(unit: str) -> str:
    """How ticks of a unit are said."""
    first = unit.partition(" ")[0]
    return first if is_currency(first) or first == "share" else "count"


def period_of(say: Words, service: Any) -> str:
    """Whose contacts, and for how long they were followed."""
    evidence = getattr(service, "evidence", None)
    if evidence is None:
        return "all contacts that can be followed"
    return f"contacts {say.months(evidence.index_from, evidence.index_to)}, {evidence.after_months} months after each"


def amount(say: Words, value: float, unit: str) -> str:
    """A mean in its unit."""
    first = unit.partition(" ")[0]
    if is_currency(first):
        return say.money(value, first)
    return say.share(value) if first == "share" else say.number(value, 2)
