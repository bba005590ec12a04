"""What was believed against what was found: each interval beside the effect that would matter, and under other choices.

`hypotheses` draws one block a hypothesis, since their units differ; shaded is what was said beforehand not to matter.
`specification_curve` draws one hypothesis under every defensible choice that measures the same quantity, from the
lowest to the highest, the declared one bold. Verdicts were given by the study.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import (
    IntervalRow,
    baseline,
    draw_interval,
    draw_intervals,
    interval_height,
    nice_ticks,
    quiet,
    tick_label,
)
from analysis.reporting.charts.measure import width_inside, wrapped
from analysis.reporting.charts.units import effects_in_words, ticks_of_effects
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import grade_in_words, in_plain_words, outcome_in_words
from analysis.reporting.rows import Row, level_of
from analysis.reporting.tables.hypotheses import VERDICTS, hypothesis_rows
from analysis.reporting.theme import INK, SHADE, SOFT, points
from analysis.reporting.wording import shift_of, words

_MOST = 12
_HEAD, _LINE = 24, 16


def hypotheses(family: Any, *, locale: str | None = None) -> Figure:
    """Every hypothesis that could be judged: its interval, and the band of effects that would not matter.

    Parameters
    ----------
    family : Family, results or rows of hypotheses

    Raises
    ------
    NothingToDraw
        If none could be judged.
    """
    say = words(locale)
    every = hypothesis_rows(family)
    rows = [row for row in every if row.get("value") is not None]
    if not rows:
        raise NothingToDraw("None of the hypotheses could be judged; the table has the reasons.")
    shown = rows[:_MOST]
    level = level_of(shown)
    counts = {verdict: sum(row["verdict"] == verdict for row in every) for verdict in VERDICTS}
    title = f"{counts['supported']} of {len(every)} hypotheses supported, {counts['undecided']} undecided"
    drawn = [_row(say, row) for row in shown]
    story = Story(
        title=title,
        measure="What was found for each hypothesis, with "
        + ("intervals of several levels" if level is None else f"{say.level({'level': level})}s"),
        unit="in the unit of each",
        population=f"{len(shown)} hypotheses; shaded: too small to matter, as said beforehand",
        period="as each study followed its customers",
        source="the studies of this report",
        rows=f"{len(every)}"
        + (f", of which {len(every) - len(shown)} are not drawn" if len(every) > len(shown) else ""),
        counts="Hypotheses",
        method="judged as one family, so that the number of hypotheses makes no finding",
        alt=f"Chart of intervals by hypothesis. {title}. "
        + " ".join(f"{plain(row['statement'], 120)} {VERDICTS.get(row['verdict'], '')}." for row in shown[:6]),
    )

    def paint(body: Body) -> None:
        top = 0.0
        for row, one in zip(shown, drawn, strict=True):
            lines = _lines(row, body.width)
            for place, part in enumerate(lines):
                body.text(0, top + 10 + _LINE * place, part, bold=True)
            top += _HEAD + _LINE * (len(lines) - 1)
            draw_intervals(body, [one], say, ticks_of_effects(row), effects_in_words(row), top=top, pooled=_band(row))
            top += interval_height([one], body.narrow) + 14

    def height(narrow: bool) -> float:
        heads = sum(_HEAD + _LINE * (len(_lines(row, width_inside(narrow))) - 1) for row in shown)
        return heads + sum(interval_height([one], narrow) + 14 for one in drawn) - 14

    return Figure(story, _data(shown), paint, height)


def _lines(row: Row, width: float) -> list[str]:
    """A statement in its lines, no more than three."""
    return wrapped(plain(row["statement"], 200), width, "label", bold=True, lines=3)


def specification_curves(family: Any, *, locale: str | None = None) -> tuple[Figure, ...]:
    """The curve of every hypothesis whose study was run again.

    Raises
    ------
    NothingToDraw
        If there is none with two choices or more that could be told.
    """
    judged = [one for one in getattr(family, "judged", ()) if one.curve is not None]
    told = [one for one in judged if len(_comparable(one)) > 1]
    if not told:
        raise NothingToDraw("No study behind these hypotheses was run again under other choices that could be told.")
    return tuple(specification_curve(one, locale=locale) for one in told)


def specification_curve(judged: Any, *, locale: str | None = None) -> Figure:
    """One hypothesis under every defensible choice that measures the same quantity, from lowest to highest.

    Parameters
    ----------
    judged : Judged
        With `curve`.

    Raises
    ------
    NothingToDraw
        If fewer than two choices could be told.
    """
    say = words(locale)
    frame = _comparable(judged)
    if len(frame) < 2:
        raise NothingToDraw("One choice only could be told, so there is nothing to set beside it.")
    row = {**judged.to_dict(), "unit": frame["unit"].iloc[0]}
    about = [{**row, **{name: one[name] for name in ("value", "low", "high")}} for one in frame.to_dict("records")]
    curve = judged.curve
    clear = sum(bool(one) for one in frame["clear"])
    name = plain(judged.hypothesis.name, 32).replace("_", " ").replace(" ", GAP)
    title = f"{name}: {clear} of {len(frame)} choices show it clearly" if curve.side else f"{name}: no side was told"
    sides = sum((one["side"] == curve.side) and bool(one["clear"]) for one in frame.to_dict("records"))
    if curve.side:
        title = f"{name}: {sides} of {len(frame)} choices show it clearly"
    level = judged.row["level"] if judged.row else 0.95
    story = Story(
        title=title,
        measure=f"{outcome_in_words(judged.hypothesis.outcome).label}, each choice with its "
        + say.level({"level": level}),
        unit=effects_in_words(row),
        population="defensible choices from the lowest to the highest; diamond: as declared",
        period="as each choice follows its customers",
        source="the study, run again for each choice",
        rows=f"{len(frame)} of {len(curve.frame)}; the others measure another quantity or could not be told",
        counts="Choices",
        method="a choice that changes nothing counts once; choices share their data, so nothing is tested with them",
        alt=f"Chart of intervals by choice. {title}. {in_plain_words(say.restated(curve.sentence))}",
    )
    ends = [shift_of(one, one[end]) for one in about for end in ("low", "high", "value") if one[end] is not None
            and not pd.isna(one[end])]  # fmt: skip
    band = _band(row)
    ticks = nice_ticks(min([0.0, *ends]), max([0.0, *ends]), 5)

    def paint(body: Body) -> None:
        left = 70.0
        axes = body.axes(left, 6, body.width - left - 8, body.height - 50)
        quiet(axes, grid="y")
        axes.set_xlim(-0.8, len(about) - 0.2)
        axes.set_xticks([])
        axes.set_ylim(ticks[0], ticks[-1])
        axes.set_yticks(ticks, [tick_label(tick, ticks, say, ticks_of_effects(row)) for tick in ticks])
        if band is not None:
            axes.axhspan(max(band[0], ticks[0]), min(band[1], ticks[-1]), color=SHADE, zorder=0).set_gid("pooled")
        baseline(axes)
        if curve.median is not None:
            axes.axhline(shift_of(row, curve.median), color=INK, linewidth=points(1), linestyle=(0, (1, 2)), zorder=2)
        for place, (one, declared) in enumerate(zip(about, frame["declared"], strict=True)):
            value, low, high = (None if one[end] is None or pd.isna(one[end]) else shift_of(one, one[end])
                                for end in ("value", "low", "high"))  # fmt: skip
            draw_interval(axes, IntervalRow("", value, low, high, "", "contacted", bool(declared)), place, upright=True)
        shaded = "; shaded: too small to matter" if band is not None else ""
        note = body.figure.wrapped(f"Choices by size (dotted: the middle one{shaded})", body.width, "note", lines=2)
        for place, line in enumerate(note):
            body.text(0, body.height - 28 + 15 * place, line, "note", SOFT)

    return Figure(story, frame, paint, lambda narrow: 260 if narrow else 300)


def _comparable(judged: Any) -> pd.DataFrame:
    """The choices that measure what the hypothesis speaks of, and could be told."""
    frame: pd.DataFrame = judged.curve.frame
    kept = frame[frame["comparable"].astype(bool) & frame["value"].notna()]
    return kept.sort_values("value", kind="stable").reset_index(drop=True)


def _row(say: Any, row: Row) -> IntervalRow:
    value, low, high = (None if row[end] is None else shift_of(row, row[end]) for end in ("value", "low", "high"))
    outcome = outcome_in_words(row["outcome"]).label
    label = VERDICTS.get(row["verdict"], plain(row["verdict"], 40))
    under = f"{outcome}, {grade_in_words(row['grade'])}"
    return IntervalRow(f"{label[:1].upper()}{label[1:]}", value, low, high, say.effect_in_short(row), under=under)


def _band(row: Row) -> tuple[float, float] | None:
    """Effects that would not matter, as shifts from no effect; a ratio as far down by its inverse."""
    smallest = row.get("smallest_effect")
    if smallest is None or pd.isna(smallest):
        return None
    return (1 / (1 + smallest) - 1, smallest) if row["scale"] == "ratio" else (-smallest, smallest)


def _data(rows: list[Row]) -> pd.DataFrame:
    names = ("name", "statement", "verdict", "outcome", "scale", "value", "low", "high", "level", "unit",
             "smallest_effect", "declared", "grade")  # fmt: skip
    return pd.DataFrame([{name: row.get(name) for name in names} for row in rows])
