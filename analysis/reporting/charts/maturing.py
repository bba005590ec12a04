"""How did past interim figures move once their time was over? The same contacts after three months and after all.

Interim figures are hollow, those whose time is over are filled; groups of contacts whose time still runs have the first
alone. Nothing is forecast from the moves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import baseline, nice_ticks, quiet, tick_label
from analysis.reporting.cohorts import INTERIM_MONTHS, change, cohort_in_words, has_matured, moved_by, moved_in_words
from analysis.reporting.formats import GAP
from analysis.reporting.naming import method_in_words, outcome_in_words
from analysis.reporting.rows import effect_rows, level_of
from analysis.reporting.settled import counted_months
from analysis.reporting.theme import COLOURS, PAPER, SIZES, SOFT, points
from analysis.reporting.wording import Words, words

_COLUMNS = ("outcome", "cohort_from", "cohort_to", "interim", "interim_low", "interim_high", "mature", "mature_low",
            "mature_high", "moved")  # fmt: skip
_BESIDE = 0.16
_LEFT, _BELOW = 56.0, 78.0
_MOST = 12


def maturing(channel: Any, outcome: str = "orders", *, locale: str | None = None) -> Figure:
    """Interim and mature figures of the same contacts side by side, oldest contacts first.

    Parameters
    ----------
    channel : ChannelResult
        With `maturing`, ratios with their intervals, and `effects`.
    outcome : str

    Raises
    ------
    NothingToDraw
        If there is no group of contacts, or no level of the intervals.
    """
    say = words(locale)
    every = getattr(channel, "maturing", None)
    if every is None or any(name not in every.columns for name in _COLUMNS):
        raise NothingToDraw("The chart of interim figures needs what became of earlier ones (`maturing`); it has none.")
    frame = every[every["outcome"] == outcome].sort_values("cohort_from", kind="stable").tail(_MOST)
    frame = frame.reset_index(drop=True)
    if frame.empty:
        raise NothingToDraw(f"No group of contacts was large enough for an interim figure on `{outcome}`.")
    level = level_of(effect_rows(channel))
    if level is None:
        raise NothingToDraw("The chart of interim figures needs the level of its intervals; the effects have none.")
    rows = frame.to_dict("records")
    over = [row for row in rows if has_matured(row)]
    label = outcome_in_words(outcome).label
    title = _title(say, label.lower(), over)
    evidence = getattr(channel, "evidence", None)
    whole = "their whole time" if evidence is None else counted_months(evidence.after_months)
    interval = say.level({"level": level})
    story = Story(
        title=title,
        measure=f"{label} of contacted customers against similar ones, with {interval}s",
        unit="difference in %",
        population=f"groups of contacts, after {counted_months(INTERIM_MONTHS)} (hollow) and after {whole} (filled)",
        period=f"contacts {cohort_in_words(say, {**rows[-1], 'cohort_from': rows[0]['cohort_from']})}",
        source="contacts and orders" if outcome != "issues" else "contacts",
        rows=f"{len(rows)} groups of contacts, {len(over)} with their time over",
        counts="Covers",
        method=method_in_words("channel_effect"),
        alt=f"Chart of intervals by group of contacts. {title}. " + " ".join(_in_words(say, row) for row in rows[:6]),
    )

    def paint(body: Body) -> None:
        right = 30.0 if body.narrow else 12.0
        axes = body.axes(_LEFT, 8, body.width - _LEFT - right, body.height - 8 - _BELOW)
        _frame(axes, frame, rows, say, narrow=body.narrow)
        for place, row in enumerate(rows):
            _group(axes, place, row)
        note = (
            f"Months of the contacts. Hollow: after {counted_months(INTERIM_MONTHS)}, interim. Filled: after {whole}."
        )
        lines = body.figure.wrapped(note, body.width, "note", lines=2)
        for number, line in enumerate(lines):
            y = body.height - 8 - 15 * (len(lines) - 1 - number)
            body.text(body.width / 2, y, line, "note", SOFT, ha="center")

    return Figure(story, frame, paint, lambda narrow: 300)


def _title(say: Words, what: str, over: Sequence[Mapping[str, Any]]) -> str:
    """The largest move, with its direction where all went one way."""
    if not over:
        return f"No interim figure on {what} has matured yet"
    most = max(over, key=lambda row: abs(moved_by(row)))
    size = moved_in_words(say, most).lstrip("+\N{MINUS SIGN}").replace(" ", GAP)
    ways = {moved_by(row) > 0 for row in over if moved_by(row)}
    verb = "moved" if len(ways) != 1 else "rose" if ways.pop() else "fell"
    many = "One interim figure" if len(over) == 1 else "Interim figures"
    return f"{many} on {what} {verb}{' by' if len(over) == 1 else ' by up to'} {size}"


def _in_words(say: Words, row: Mapping[str, Any]) -> str:
    said = f"{cohort_in_words(say, row)}: {change(say, row, 'interim')} after {counted_months(INTERIM_MONTHS)}"
    return f"{said}, then {change(say, row, 'mature')}." if has_matured(row) else f"{said}, not over yet."


def _frame(axes: Axes, frame: pd.DataFrame, rows: Sequence[Mapping[str, Any]], say: Words, *, narrow: bool) -> None:
    quiet(axes, grid="y")
    low = float(frame[["interim_low", "mature_low"]].min().min()) - 1
    high = float(frame[["interim_high", "mature_high"]].max().max()) - 1
    ticks = nice_ticks(min(0.0, low), max(0.0, high), 5)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [tick_label(tick, ticks, say, "percent change") for tick in ticks])
    axes.set_xlim(-0.6, len(rows) - 0.4)
    step = 1 if len(rows) <= (3 if narrow else 6) else 2 if len(rows) <= (6 if narrow else 12) else 4
    shown = list(range(0, len(rows), step))
    axes.set_xticks(shown, [cohort_in_words(say, rows[place]).replace(" to ", " to\n") for place in shown])
    axes.tick_params(axis="x", labelsize=points(SIZES["foot"]))
    baseline(axes)


def _group(axes: Axes, place: int, row: Mapping[str, Any]) -> None:
    """A group of contacts: its interim figure left, its mature one right, a thin line from one to the other."""
    colour = COLOURS["contacted"]
    ends = [(place - _BESIDE, "interim"), *([(place + _BESIDE, "mature")] if has_matured(row) else [])]
    if len(ends) > 1:
        axes.plot([x for x, _ in ends], [row[which] - 1 for _, which in ends], color=SOFT, linewidth=points(1.2),
                  linestyle=(0, (2, 2)), gid="move", zorder=2)  # fmt: skip
    for x, which in ends:
        axes.plot(
            [x, x], [row[f"{which}_low"] - 1, row[f"{which}_high"] - 1], color=colour, linewidth=points(2.2),
            solid_capstyle="butt", marker="_", markersize=points(8), markeredgewidth=points(2.2), gid="interval",
            zorder=3,
        )  # fmt: skip
        axes.plot(
            [x], [row[which] - 1], marker="o" if which == "interim" else "D", markersize=points(9), color=colour,
            markerfacecolor=PAPER if which == "interim" else colour, markeredgecolor=colour,
            markeredgewidth=points(2), linestyle="none", gid=which, zorder=4,
        )  # fmt: skip
