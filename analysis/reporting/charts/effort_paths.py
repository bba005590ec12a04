"""How much of what social changed runs by way of the effort it spared or cost, and how much by other ways?

One block an outcome: in all, by way of the effort, by other ways, each with its interval; the last two add up to the
first. What was checked, and how little would explain it away, stands in the tables.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.charts.effects import sized
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, draw_intervals, interval_height
from analysis.reporting.formats import is_currency
from analysis.reporting.naming import grade_in_words, method_in_words, outcome_in_words, unit_in_words
from analysis.reporting.parties import said_of
from analysis.reporting.rows import Row, effect_rows, level_of
from analysis.reporting.tables.effort import WAYS
from analysis.reporting.wording import words

_MOST = 4


def effort_paths(effort: Any, *, locale: str | None = None) -> Figure:
    """What social changed in each outcome in all, by way of the effort, and by other ways.

    Parameters
    ----------
    effort : EffortResult, results or rows of effects

    Raises
    ------
    NothingToDraw
        If no outcome was split.
    """
    say = words(locale)
    rows = [row for row in effect_rows(effort) if row["estimand"] in WAYS and not row["segment"]]
    rows = [row for row in rows if row["value"] is not None and row["scale"] == "difference"]
    outcomes = [row["outcome"] for row in rows if row["estimand"] == "indirect_effect"][:_MOST]
    if not outcomes:
        raise NothingToDraw("The chart of ways needs an outcome that was split; the table of results has the reasons.")
    blocks: dict[str, list[Row]] = {name: [row for row in rows if row["outcome"] == name] for name in outcomes}
    first = next(row for row in blocks[outcomes[0]] if row["estimand"] == "indirect_effect")
    label = outcome_in_words(first["outcome"]).label
    title = f"{label}, part that goes with effort: {sized(say, first)}"
    level = level_of([row for block in blocks.values() for row in block])
    said = said_of(first)
    drawn = {name: [_row(say, row) for row in block] for name, block in blocks.items()}
    months = say.months(first["index_from"], first["index_to"]) if first.get("index_from") else ""
    story = Story(
        title=title,
        measure=f"{said.who[:1].upper()}{said.who[1:]} against {said.like}, with "
        + ("intervals of several levels" if level is None else f"{say.level({'level': level})}s"),
        unit="per customer, in the unit of each outcome",
        population=f"{say.number(first['n_treated'])} {said.who}",
        period=f"issues {months}" if months else "as each was followed",
        source=said.source,
        rows=f"{say.number(first['n_treated'])} against {say.number(first['n_comparison'])} customers",
        counts="Customers",
        method=f"{method_in_words('total_effect')}; grade {first['grade']}, {grade_in_words(first['grade'])}",
        alt=f"Chart of intervals by way. {title}. "
        + " ".join(
            f"{outcome_in_words(name).label}, {row.label}: {row.said}." for name in drawn for row in drawn[name]
        ),
    )

    def paint(body: Body) -> None:
        top = 0.0
        for name, block in blocks.items():
            body.text(0, top + 10, outcome_in_words(name).label, bold=True)
            draw_intervals(body, drawn[name], say, _axis(block[0]), _unit(block[0]), top=top + 24)
            top += interval_height(drawn[name], body.narrow) + 40

    def height(narrow: bool) -> float:
        return sum(interval_height(block, narrow) + 40 for block in drawn.values()) - 16

    names = ("estimand", "outcome", "value", "low", "high", "level", "unit", "grade")
    data = pd.DataFrame([{name: row[name] for name in names} for block in blocks.values() for row in block])
    return Figure(story, data, paint, height)


def _row(say: Any, row: Row) -> IntervalRow:
    label = WAYS[row["estimand"]]
    return IntervalRow(
        label[:1].upper() + label[1:], row["value"], row["low"], row["high"], say.effect_in_short(row), "contacted",
        row["estimand"] == "total_effect",
    )  # fmt: skip


def _axis(row: Row) -> str:
    unit = str(row["unit"]).partition(" ")[0]
    return f"{unit if unit == 'share' or is_currency(unit) else 'count'} signed"


def _unit(row: Row) -> str:
    unit, per, whom = unit_in_words(str(row["unit"])).partition(" per ")
    return ("percentage points" if unit.startswith("share") else unit) + per + whom
