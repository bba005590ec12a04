"""Were contacted customers on the path of similar ones before the issue, and when did they leave it, month by month?

Each month's figure is what contacted customers did, divided by what was expected of them. Months before are measured
against their own mean, so that they may scatter around "as expected" but not drift; the month of the issue and the one
before it belong to the issue, are shaded and tested by nobody. What the months add up to is left to the estimate.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting.charts.effects import sized
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import baseline, nice_ticks, quiet, tick_label
from analysis.reporting.charts.paths import relative_month
from analysis.reporting.rows import Row, effect_rows
from analysis.reporting.settled import answers
from analysis.reporting.theme import COLOURS, PAPER, SHADE, SIZES, SOFT, points
from analysis.reporting.wording import Words, grade_in_words, method_in_words, outcome_in_words, words

_COLUMNS = ("outcome", "month", "ratio", "low", "high", "part")
_UNTESTED = ("dip", "index")
_LEFT, _TOP, _BELOW = 56.0, 26.0, 56.0


def event_study(channel: Any, outcome: str = "orders", *, locale: str = "en_GB") -> Figure:
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
    title = _title(say, label, effect, _drifted(effect))
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

    def paint(body: Body) -> None:
        axes = body.axes(_LEFT, _TOP, body.width - _LEFT - 8, body.height - _TOP - _BELOW)
        _frame(axes, frame, say, narrow=body.narrow)
        for row in frame.to_dict("records"):
            _month(axes, row)
        _shade(axes, frame)
        middle = body.width / 2 if body.narrow else _LEFT + (body.width - _LEFT - 8) / 2
        note = f"Months before and after the month of the issue. Lines: {interval}s. Hollow: not tested."
        lines = body.figure.wrapped(note, body.width, "note", lines=2)
        for number, line in enumerate(lines):
            body.text(middle, body.height - 8 - 15 * (len(lines) - 1 - number), line, "note", SOFT, ha="center")

    return Figure(story, frame, paint, lambda narrow: 300 if narrow else 340)


def _drifted(effect: Row | None) -> bool:
    """Whether the gate of the months before failed."""
    checks = (effect or {}).get("checks") or ()
    return any(check["name"] == "pre_trend" and check["verdict"] == "failed" for check in checks)


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


def _frame(axes: Axes, frame: pd.DataFrame, say: Words, *, narrow: bool) -> None:
    quiet(axes, grid="y")
    first, last = int(frame["month"].min()), int(frame["month"].max())
    axes.set_xlim(first - 0.6, last + 0.6)
    ticks = nice_ticks(min(0.0, float(frame["low"].min()) - 1), max(0.0, float(frame["high"].max()) - 1), 5)
    axes.set_ylim(ticks[0], ticks[-1])
    axes.set_yticks(ticks, [tick_label(tick, ticks, say, "percent change") for tick in ticks])
    step = 1 if last - first <= (8 if narrow else 16) else 2 if last - first <= 24 else 3
    shown = [month for month in range(first, last + 1) if month % step == 0]
    axes.set_xticks(shown, [relative_month(month) for month in shown])
    baseline(axes)


def _month(axes: Axes, row: Row) -> None:
    """A month's interval and its figure: square before, round after, hollow where nothing is tested."""
    untested = row["part"] in _UNTESTED
    colour = SOFT if untested else COLOURS["before" if row["part"] == "lead" else "contacted"]
    axes.plot(
        [row["month"]] * 2, [row["low"] - 1, row["high"] - 1], color=colour, linewidth=points(2.2), zorder=3,
        solid_capstyle="butt", gid="interval", marker="_", markersize=points(8), markeredgewidth=points(2.2),
        linestyle=(0, (2, 2)) if untested else "-",
    )  # fmt: skip
    axes.plot(
        [row["month"]], [row["ratio"] - 1], color=colour, marker="s" if row["part"] == "lead" else "o",
        markersize=points(8), markerfacecolor=PAPER if untested else colour, markeredgecolor=colour,
        markeredgewidth=points(2), linestyle="none", gid=row["part"], zorder=4,
    )  # fmt: skip


def _shade(axes: Axes, frame: pd.DataFrame) -> None:
    untested = frame.loc[frame["part"].isin(_UNTESTED), "month"]
    where = axes.get_xaxis_transform()
    names = [(group["month"].mean(), name) for name, part in (("before", "lead"), ("after", "after"))
             if not (group := frame[frame["part"] == part]).empty]  # fmt: skip
    if not untested.empty:
        axes.axvspan(untested.min() - 0.5, untested.max() + 0.5, color=SHADE, zorder=0).set_gid("issue")
        names.append((untested.mean(), "issue"))
    for x, name in names:
        axes.text(
            x, 1.02, name, transform=where, ha="center", va="bottom", color=SOFT, fontsize=points(SIZES["note"]),
            parse_math=False,
        )  # fmt: skip
