"""Were contacted customers on the path of similar ones before the issue, and when did they leave it, month by month?

Each month's figure is what contacted customers did, divided by what was expected of them. Months before are measured
against their own mean, so that they may scatter around "as expected" but not drift; the month of the issue and the one
before it belong to the issue, are shaded and tested by nobody. What the months add up to is left to the estimate.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.charts.around import AroundMonth, draw_around, relative_month
from analysis.reporting.charts.effects import sized
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.naming import grade_in_words, method_in_words, outcome_in_words
from analysis.reporting.rows import Row, effect_rows
from analysis.reporting.settled import answers
from analysis.reporting.wording import Words, has_failed, words

_COLUMNS = ("outcome", "month", "ratio", "low", "high", "part")


def event_study(channel: Any, outcome: str = "orders", *, locale: str | None = None) -> Figure:
    """What contacted customers did each month around the issue, against what was expected of them, with intervals.

    Parameters
    ----------
    channel : ChannelResult
        With `event_study` (outcome, month, ratio, low, high, part), `pre_trends` and `effects`.
    outcome : str

    Raises
    ------
    NothingToDraw
        If the result follows no such outcome month by month, or its intervals have no level.
    """
    say = words(locale)
    every = getattr(channel, "event_study", None)
    if every is None or any(name not in every.columns for name in _COLUMNS):
        raise NothingToDraw("The chart month by month needs the ratios of each month (`event_study`); it has none.")
    if every.empty:
        raise NothingToDraw("There are no months to draw: nobody could be compared month by month.")
    frame = every[every["outcome"] == outcome].sort_values("month", kind="stable").reset_index(drop=True)
    if frame.empty:
        there = ", ".join(outcome_in_words(name).label.lower() for name in sorted(set(every["outcome"])))
        asked = outcome_in_words(outcome).label.lower()
        raise NothingToDraw(f"There are no months of {asked} to draw; followed month by month were: {there}.")
    rows = effect_rows(channel)
    level = next((row["level"] for row in rows if row["level"] is not None), None)
    if level is None:
        raise NothingToDraw("The chart month by month needs the level of its intervals; no effect has one.")
    effect = next((row for row in answers(rows) if row["outcome"] == outcome), None)
    interval = say.level({"level": level})
    label = outcome_in_words(outcome).label
    title = _title(say, label, effect, effect is not None and has_failed(effect, "pre_trend"))
    months = f"{relative_month(int(frame['month'].min()))} to {relative_month(int(frame['month'].max()))}"
    story = Story(
        title=title,
        measure=f"{label} of contacted customers against what was expected of them, each month with its {interval}",
        unit="difference in %",
        population="months before the issue are measured against their own mean",
        period=f"contacts {say.months(effect['index_from'], effect['index_to'])}"
        if effect and effect["index_from"]
        else f"months {months}",
        source="contacts and orders" if outcome != "issues" else "contacts",
        rows=f"{say.number(effect['n_treated'])} against {say.number(effect['n_comparison'])} customers"
        if effect
        else f"{len(frame)} months",
        method=method_in_words("channel_effect")
        + (f"; grade {effect['grade']}, {grade_in_words(effect['grade'])}" if effect else ""),
        alt=f"Chart of monthly intervals around the issue. {title}. " + _in_words(say, frame)
        + (f" {say.finding(effect)}" if effect else ""),
    )  # fmt: skip

    note = f"Months before and after the month of the issue. Lines: {interval}s. Hollow: not tested."
    drawn = [_around(row) for row in frame.to_dict("records")]

    def paint(body: Body) -> None:
        draw_around(body, drawn, say, "percent change", "issue", note)

    return Figure(story, frame, paint, lambda narrow: 300 if narrow else 340)


def _title(say: Words, label: str, effect: Row | None, drifted: bool) -> str:
    if drifted:
        return f"{label}: the groups drifted apart before the issue"
    if effect is None or effect["value"] is None:
        return f"{label}, month by month: no effect is claimed"
    return f"After the issue, {label.lower()} against expected: {sized(say, effect)}"


def _in_words(say: Words, frame: pd.DataFrame) -> str:
    """How many months before and after lie clearly off what was expected, up and down."""
    said = []
    for part, when in (("lead", "before the issue"), ("after", "after it")):
        rows = frame[frame["part"] == part]
        up, down = int((rows["low"] > 1).sum()), int((rows["high"] < 1).sum())
        if len(rows):
            said.append(
                f"Of {len(rows)} months {when}, {say.number(up)} lie clearly above what was expected and "
                f"{say.number(down)} clearly below."
            )
    return " ".join([*said, "The month of the issue and the one before it are shaded and not tested."])


def _around(row: Row) -> AroundMonth:
    return AroundMonth(
        month=int(row["month"]), value=row["ratio"] - 1, low=row["low"] - 1, high=row["high"] - 1, part=row["part"]
    )
