"""What did contact change, drawn: raw against adjusted, by segment, by arm of a test, and month by month?

Every number is drawn with its interval and the interval's level is written. Raw figures are hollow and never drawn
without the adjusted one. Which effects there are, and how far they can be believed, was decided by the studies.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, draw_intervals, heading, interval_height
from analysis.reporting.charts.units import effects_in_words, ticks_of_effects
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import (
    grade_in_words,
    group_in_words,
    in_plain_words,
    method_in_words,
    outcome_in_words,
    segment_in_words,
)
from analysis.reporting.rows import Row, effect_rows, is_naive, level_of, main_scale
from analysis.reporting.settled import settled
from analysis.reporting.wording import Words, holds_no_effect, refusals_in_words, shift_of, words

_MOST_SEGMENTS = 24
_MARKS = {"D": "raw", "E": "assumed"}  # grades that say nothing about cause: a title shows them


def naive_against_adjusted(channel: Any, *, outcome: str = "orders", locale: str | None = None) -> Figure:
    """How far do the raw figures mislead? Both of them, above the comparison with similar customers.

    Parameters
    ----------
    channel : ChannelResult, results or rows of effects
    outcome : str

    Raises
    ------
    NothingToDraw
        If the adjusted effect is not there, or no raw figure is.
    """
    say = words(locale)
    rows = [row for row in settled(effect_rows(channel)) if row["outcome"] == outcome and not row["segment"]]
    raw = [row for row in rows if is_naive(row) and row["value"] is not None]
    if not raw:
        raise NothingToDraw(
            f"The chart of raw against adjusted needs a raw figure on `{outcome}`; the result holds none."
        )
    adjusted = [row for row in rows if row["estimand"] == "channel_effect" and row["scale"] == raw[0]["scale"]]
    if not adjusted or adjusted[0]["value"] is None:
        why = (
            say.finding(adjusted[0])
            if adjusted
            else f"The chart of raw against adjusted needs the adjusted effect on `{outcome}`."
        )
        raise NothingToDraw(f"{why} Raw figures are not shown alone.")
    effect = adjusted[0]
    names = {
        "naive_before_after": ("Before and after", "contacted customers alone"),
        "naive_user_gap": ("Users against all others", "unlike customers"),
    }
    drawn = [
        _interval_row(say, row, names.get(row["estimand"], (row["estimand"], ""))[0], "naive",
                      under=names.get(row["estimand"], ("", ""))[1])
        for row in sorted(raw, key=lambda row: row["estimand"])
    ]  # fmt: skip
    drawn.append(_interval_row(say, effect, "Similar customers", "contacted", bold=True, under="the answer"))
    furthest = max(raw, key=lambda row: abs(shift_of(row, row["value"])))
    title = f"Raw: {sized(say, furthest)}. Against similar customers: {sized(say, effect)}"
    story = Story(
        title=title,
        measure=f"{outcome_in_words(outcome).label} of contacted customers with {_level(say, [*raw, effect])}",
        unit=effects_in_words(effect),
        population=f"{say.number(effect['n_treated'])} contacted customers",
        period=_period(say, effect),
        source="contacts and orders",
        rows=_customers(say, effect),
        method=f"{method_in_words('channel_effect')}; grade {effect['grade']}, {grade_in_words(effect['grade'])}",
        alt=f"Chart of intervals. {title}. {say.finding(effect)}",
    )
    return _intervals(story, drawn, [*raw, effect], say, effect)


def effect_by_segment(result: Any, outcome: str, *, scale: str | None = None, locale: str | None = None) -> Figure:
    """Is the effect the same for everybody? Each segment's, with that of all customers behind it.

    Parameters
    ----------
    result : ChannelResult, ExperimentResult, results or rows of effects
        Of an experiment with several arms, those of the first arm are drawn: give the rows of another to see it.
    outcome : str
    scale : {"ratio", "difference"}, optional
        By default the ratio where there is one.

    Raises
    ------
    NothingToDraw
        If the outcome was not studied, or not by segment.
    """
    say = words(locale)
    rows = [row for row in settled(effect_rows(result)) if row["outcome"] == outcome and not is_naive(row)]
    rows = [row for row in rows if row["estimand"] == rows[0]["estimand"]]
    rows = [row for row in rows if row["scale"] == (scale or _main_scale(rows))]
    rows = [row for row in rows if row["treated"] == rows[0]["treated"]]
    whole = next((row for row in rows if not row["segment"]), None)
    parts = [row for row in rows if row["segment"]]
    if whole is None or not parts:
        lacks = "no effect on it" if not rows else "no effect on all customers" if whole is None else "no segment"
        raise NothingToDraw(f"The chart by segment needs effects on `{outcome}` by segment; the result holds {lacks}.")
    if all(row["value"] is None for row in rows):
        raise NothingToDraw(say.finding(whole))
    drawn = [_interval_row(say, whole, "All customers", "contacted", bold=True)]
    left_out = max(0, len(parts) - _MOST_SEGMENTS)
    for kind in dict.fromkeys(tuple(row["segment"]) for row in parts[:_MOST_SEGMENTS]):
        drawn.append(heading("By " + " and ".join(plain(name, 30).replace("_", " ") for name in kind)))
        drawn += [
            _interval_row(say, row, " · ".join(plain(value, 40) for value in row["segment"].values()))
            for row in parts[:_MOST_SEGMENTS]
            if tuple(row["segment"]) == kind
        ]
    apart = [row for row in parts if row["value"] is not None and _lies_apart(row, whole)]
    if apart:
        title = as_graded(f"{len(apart)} of {len(parts)} segments may differ from the average", whole)
    else:
        title = f"No segment clearly differs: {sized(say, whole)} overall" if whole["value"] is not None else (
            "No effect is claimed for all customers"
        )  # fmt: skip
    first = next(row for row in [whole, *parts] if row["value"] is not None)
    story = Story(
        title=title,
        measure=f"{outcome_in_words(outcome).label}, {group_in_words(first['treated'])} against "
        f"{_against(first)}, with {_level(say, rows)}",
        unit=effects_in_words(first),
        population=f"{say.number(whole['n_treated'])} customers and their segments; shaded: all customers",
        period=_period(say, whole),
        source="contacts and orders" if first["estimand"] == "channel_effect" else "assignments and outcomes",
        rows=_customers(say, whole) + (f"; {left_out} further segments are not drawn" if left_out else ""),
        method=f"{method_in_words(first['estimand'])}; grade of all customers: {whole['grade']}, "
        f"{grade_in_words(whole['grade'])}; intervals are not adjusted for the number of segments",
        alt=f"Chart of intervals by segment. {title}. {say.finding(whole)} "
        + " ".join(f"{_capital(segment_in_words(row['segment']))}: {say.effect_in_short(row)}." for row in parts[:6]),
    )
    return _intervals(story, drawn, [whole, *parts], say, first, pooled=whole)


def arms(experiment: Any, *, locale: str | None = None) -> Figure:
    """What did each arm of a test change, for each outcome? One block per outcome, since their units differ.

    Differences as the arms were assigned; percentages and adjusted figures stand in the table (`tables.arm_effects`).

    Raises
    ------
    NothingToDraw
        If there is no effect over all customers, or none is claimed.
    """
    say = words(locale)
    rows = [
        row
        for row in effect_rows(experiment)
        if row["estimand"] == "experiment_effect" and row["scale"] == "difference" and not row["segment"]
    ]
    claimed = [row for row in rows if row["value"] is not None]
    if not claimed:
        lacking = "The chart of arms needs an effect of an arm on all customers; this result holds none."
        raise NothingToDraw(" ".join(refusals_in_words(rows, say)) or lacking)
    outcomes = list(dict.fromkeys(row["outcome"] for row in rows))
    blocks = {name: [row for row in rows if row["outcome"] == name] for name in outcomes}
    title = _arms_title(say, claimed)
    several = len({row["comparison"] for row in rows}) > 1
    against = "its comparison arm" if several else group_in_words(rows[0]["comparison"])
    story = Story(
        title=title,
        measure=f"Each arm against {against}, with {_level(say, rows)}",
        unit="per customer, in the unit of each outcome",
        population=f"{say.number(max(row['n_treated'] for row in rows))} customers in the largest arm",
        period="as assigned",
        source="assignments and outcomes",
        rows=f"{say.number(rows[0]['n_comparison'])} customers in the comparison arm",
        method=f"{method_in_words('experiment_effect')}; {_grades(claimed)}",
        alt=f"Chart of intervals by outcome and arm. {title}. " + " ".join(say.finding(row) for row in claimed[:4]),
    )
    drawn = {
        name: [_interval_row(say, row, group_in_words(row["treated"])) for row in block]
        for name, block in blocks.items()
    }

    def paint(body: Body) -> None:
        top = 0.0
        for name, block in blocks.items():
            first = next((row for row in block if row["value"] is not None), None)
            body.text(0, top + 10, outcome_in_words(name).label, bold=True)
            if first is None:
                body.text(0, top + 32, "No effect is claimed.", "note")
            else:
                draw_intervals(body, drawn[name], say, ticks_of_effects(first), effects_in_words(first), top=top + 24)
            top += interval_height(drawn[name], body.narrow) + 40

    def height(narrow: bool) -> float:
        return sum(interval_height(block, narrow) + 40 for block in drawn.values()) - 16

    return Figure(story, _data(rows), paint, height)


def _intervals(
    story: Story, drawn: Sequence[IntervalRow], rows: Sequence[Row], say: Words, first: Row, pooled: Row | None = None
) -> Figure:
    """A chart of one block of rows."""
    shaded = None
    if pooled is not None and pooled["value"] is not None and pooled["low"] is not None and pooled["high"] is not None:
        shaded = (shift_of(pooled, pooled["low"]), shift_of(pooled, pooled["high"]))

    def paint(body: Body) -> None:
        draw_intervals(body, drawn, say, ticks_of_effects(first), effects_in_words(first), pooled=shaded)

    return Figure(story, _data(rows), paint, lambda narrow: interval_height(drawn, narrow))


def _interval_row(
    say: Words, row: Row, label: str, meaning: str = "contacted", *, bold: bool = False, under: str = ""
) -> IntervalRow:
    if row["value"] is None:
        reason = in_plain_words(say.restated(plain(row["reason"], 90)))
        return IntervalRow(label, None, None, None, f"not claimed: {reason}", meaning, bold, under)
    low, high = (None if row[end] is None else shift_of(row, row[end]) for end in ("low", "high"))
    return IntervalRow(label, shift_of(row, row["value"]), low, high, say.effect_in_short(row), meaning, bold, under)


def sized(say: Words, row: Row) -> str:
    """A change as one word of a title: "8 % more", "no clear change", and "8 % more (raw)" of a raw difference."""
    if holds_no_effect(row):
        return as_graded(f"no{GAP}clear{GAP}change", row)
    outcome = outcome_in_words(row["outcome"])
    side = outcome.greater if shift_of(row, row["value"]) > 0 else outcome.fewer
    return as_graded(f"{say.effect_size(row)} {side}".replace(" ", GAP), row)


def as_graded(title: str, *rows: Row) -> str:
    """What is said, and behind it that it is raw or assumed, where one of these rows has earned no better grade.

    A raw figure stays as it is: the words around it call it so.

    Examples
    --------
    >>> print(as_graded("Orders rose", {"estimand": "user_effect", "grade": "D"}).replace("\\xa0", " "))
    Orders rose (raw)
    >>> print(as_graded("Orders rose", {"estimand": "user_effect", "grade": "C"}))
    Orders rose
    """
    lowest = max((str(row["grade"]) for row in rows if not is_naive(row)), default="A")
    return f"{title}{GAP}({_MARKS[lowest]})" if lowest in _MARKS else title


def _arms_title(say: Words, rows: Sequence[Row]) -> str:
    clear = [row for row in rows if not holds_no_effect(row)]
    if not clear:
        return as_graded("No arm clearly differs from the comparison arm", *rows)
    if len(rows) == 1 or len({row["outcome"] for row in rows}) == 1:
        best = max(clear, key=lambda row: abs(shift_of(row, row["value"])))
        name = plain(best["treated"], 28).replace(" ", GAP)
        outcome = plain(outcome_in_words(best["outcome"]).label.lower(), 28).replace(" ", GAP)
        return f"{name}: {sized(say, best)} on {outcome}"
    up = sum(shift_of(row, row["value"]) > 0 for row in clear)
    if len(clear) == len(rows) and up in (0, len(rows)):
        side = "above" if up else "below"
        if len({row["treated"] for row in rows}) == 1:
            name = plain(rows[0]["treated"], 28).replace(" ", GAP)
            return as_graded(f"{name[:1].upper()}{name[1:]}: clearly {side} the comparison arm throughout", *rows)
        return as_graded(f"Every arm is clearly {side} the comparison arm", *rows)
    return as_graded(f"{up} of {len(rows)} differences clearly up, {len(clear) - up} clearly down", *rows)


def _grades(rows: Sequence[Row]) -> str:
    """The grades of all rows in words: "grade A, randomised test"."""
    there = sorted({str(row["grade"]) for row in rows})
    said = " and ".join(f"{grade}, {grade_in_words(grade)}" for grade in there)
    return f"grade{'s' if len(there) > 1 else ''} {said}"


def _lies_apart(row: Row, whole: Row) -> bool:
    low = -np.inf if row["low"] is None else row["low"]
    high = np.inf if row["high"] is None else row["high"]
    return whole["value"] is not None and not low <= whole["value"] <= high


def _main_scale(rows: Sequence[Row]) -> str:
    there = [row["scale"] for row in rows]
    return main_scale(rows[0]) if rows and main_scale(rows[0]) in there else next(iter(there), "difference")


def _against(row: Row) -> str:
    return "similar customers" if row["estimand"] != "experiment_effect" else group_in_words(row["comparison"])


def _level(say: Words, rows: Sequence[Row]) -> str:
    level = level_of(rows)
    return "intervals of several levels" if level is None else f"{say.level({'level': level})}s"


def _period(say: Words, row: Row) -> str:
    if not row.get("index_from") or not row.get("index_to"):
        return "as assigned"
    after = row.get("after_months")
    window = f", {after} months after each" if after else ""
    return f"contacts {say.months(row['index_from'], row['index_to'])}{window}"


def _customers(say: Words, row: Row) -> str:
    return f"{say.number(row['n_treated'])} against {say.number(row['n_comparison'])} customers"


def _data(rows: Sequence[Row]) -> pd.DataFrame:
    names = ("estimand", "treated", "comparison", "outcome", "scale", "value", "low", "high", "level", "unit", "grade")
    records = [{"segment": segment_in_words(row["segment"]), **{name: row[name] for name in names}} for row in rows]
    return pd.DataFrame(records)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
