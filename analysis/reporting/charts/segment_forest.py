"""For whom does it work? Each segment's own effect, and what the others make of it, under the test of all of them.

The title is the verdict of the test whether segments differ at all, never the largest bar. Above is a segment's own
figure; below it, where there are six segments or more, the one helped by the others. What may be said of a segment was
decided by the study.
"""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts.effects import as_graded
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
)
from analysis.reporting.parties import said_of
from analysis.reporting.rows import Row
from analysis.reporting.tables.segments import effect_cell, known, segment_frame
from analysis.reporting.wording import Words, shift_of, words

_MOST = 24
_FOLLOWED = {
    "user_effect": "followed from their first day in a group",
    "total_effect": "followed once the days of effort are over",
}
"""From when customers are followed, where nobody assigned them."""


def segment_forest(result: Any, outcome: str, *, treated: str | None = None, locale: str | None = None) -> Figure:
    """Each segment's effect on one outcome, with all customers shaded behind them.

    Parameters
    ----------
    result : ExperimentResult
        With the frames `forest` and `tests` in `frames`.
    outcome : str
    treated : str, optional
        One arm; by default the first.

    Raises
    ------
    NothingToDraw
        If the outcome was not studied by segment, or nothing is told of it.
    """
    say = words(locale)
    forest, tests = segment_frame(result, "forest"), segment_frame(result, "tests")
    if forest is None or tests is None:
        raise NothingToDraw("The chart by segment needs effects by segment; the result holds none.")
    mine = forest[forest["outcome"] == outcome]
    arm = treated if treated is not None else next(iter(mine["treated"]), "")
    mine = mine[mine["treated"] == arm]
    rows = mine.to_dict("records")
    whole = next((row for row in rows if row["verdict"] == "whole"), None)
    parts = [row for row in rows if row["verdict"] != "whole"]
    if whole is None or not parts or not any(known(row["value"]) for row in parts):
        raise NothingToDraw(f"The chart by segment needs effects on `{outcome}` by segment; none of them is told.")
    asked = tests[(tests["outcome"] == outcome) & (tests["treated"] == arm)].to_dict("records")
    drawn = [_row(say, whole, "All customers", bold=True)]
    for attribute in dict.fromkeys(row["attribute"] for row in parts[:_MOST]):
        drawn.append(heading(_heading(attribute, asked)))
        drawn += [_row(say, row, plain(row["segment"], 40)) for row in parts[:_MOST] if row["attribute"] == attribute]
    title = as_graded(_title(outcome, asked), whole)
    levels = {row["level"] for row in rows if known(row["level"])}
    interval = f"{say.level({'level': levels.pop()})}s" if len(levels) == 1 else "intervals of several levels"
    pooled = any(known(row["shrunk"]) for row in parts)
    told = next(row for row in [whole, *parts] if known(row["value"]))
    story = Story(
        title=title,
        measure=f"{outcome_in_words(outcome).label}, {group_in_words(arm)} against "
        f"{group_in_words(told['comparison'])}, with {interval}"
        + (" (above: its own; below it: helped by the others)" if pooled else ""),
        unit=effects_in_words(told),
        population=f"{say.number(int(whole['n_treated']))} customers and their segments; shaded: all customers",
        period=_FOLLOWED.get(told["estimand"], "as assigned"),
        source=said_of(told).source,
        rows=f"{say.number(int(whole['n_treated']))} against {say.number(int(whole['n_comparison']))} customers"
        + (f"; {len(parts) - _MOST} further segments are not drawn" if len(parts) > _MOST else ""),
        method=f"{method_in_words(told['estimand'])}; grade of all customers: {whole['grade']}, "
        f"{grade_in_words(whole['grade'])}",
        alt=f"Chart of intervals by segment. {title}. "
        + " ".join(f"{row.label}: {row.said}." for row in drawn if row.said),
    )
    shaded = None
    if known(whole["value"]) and known(whole["low"]) and known(whole["high"]):
        shaded = (shift_of(whole, whole["low"]), shift_of(whole, whole["high"]))

    def paint(body: Body) -> None:
        draw_intervals(body, drawn, say, ticks_of_effects(told), effects_in_words(told), pooled=shaded)

    return Figure(story, mine.reset_index(drop=True), paint, lambda narrow: interval_height(drawn, narrow))


def segment_forests(result: Any, *, most: int = 4, locale: str | None = None) -> tuple[Figure, ...]:
    """The chart of every outcome and arm, in the order of the plan; what lies beyond `most` stands in the table.

    Raises
    ------
    NothingToDraw
        If nothing is told by segment.
    """
    forest = segment_frame(result, "forest")
    if forest is None or not (forest["verdict"] != "whole").any():
        raise NothingToDraw("No segment was asked for, or none could be compared.")
    parts = forest[(forest["verdict"] != "whole") & forest["value"].notna()]
    order = [effect.outcome for effect in getattr(result, "effects", ())]
    pairs = list(dict.fromkeys(zip(parts["outcome"], parts["treated"], strict=True)))
    pairs.sort(key=lambda pair: order.index(pair[0]) if pair[0] in order else len(order))
    return tuple(segment_forest(result, outcome, treated=arm, locale=locale) for outcome, arm in pairs[:most])


def _row(say: Words, row: Row, label: str, *, bold: bool = False) -> IntervalRow:
    if not known(row["value"]):
        return IntervalRow(
            label, None, None, None, f"not shown: {in_plain_words(say.restated(plain(row['reason'], 90)))}"
        )
    value, low, high = (shift_of(row, row[name]) if known(row[name]) else None for name in ("value", "low", "high"))
    helped = None
    if known(row["shrunk"]):
        helped = tuple(shift_of(row, row[name]) for name in ("shrunk", "shrunk_low", "shrunk_high"))
    said = effect_cell(say, row)
    return IntervalRow(label, value, low, high, said, "contacted", bold, raw=helped, under_it="neutral")  # type: ignore[arg-type]


def _heading(attribute: str, tests: list[Row]) -> str:
    one = next((row for row in tests if row["attribute"] == attribute), None)
    name = f"By {plain(attribute, 30).replace('_', ' ')}"
    if one is None or not known(one["p_adjusted"]):
        return name
    explored = "" if one["declared"] else ", explored"
    return f"{name}: {'differ' if one['differ'] else 'not told apart'}{explored}"


def _title(outcome: str, tests: list[Row]) -> str:
    label = plain(outcome_in_words(outcome).label, 30).replace(" ", GAP)
    differ = [plain(row["attribute"], 24).replace("_", " ").replace(" ", GAP) for row in tests if row["differ"]]
    if not differ:
        return f"{label}: segments cannot be told apart"
    if len(differ) <= 2:
        return f"{label}: segments by {' and '.join(differ)} differ"
    return f"{label}: segments differ by {len(differ)} of {len(tests)} attributes"
