"""How did contacted and comparison customers fare, month by month, around the issue?

The lines behind the main estimate, with their intervals. The month of the issue and the dip just before it belong to
the issue itself and are shaded: nothing is read from them. What the lines add up to is left to the estimate.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.axes import Axes

from analysis.reporting.charts.around import draw_note, relative_month
from analysis.reporting.charts.effects import as_graded
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, nice_ticks, quiet, tick_label
from analysis.reporting.formats import is_currency
from analysis.reporting.naming import grade_in_words, method_in_words, outcome_in_words
from analysis.reporting.rows import effect_rows
from analysis.reporting.settled import answers
from analysis.reporting.theme import COLOURS, SHADE, SIZES, SOFT, points
from analysis.reporting.wording import holds_no_effect, shift_of, words

_STYLES = {"contacted": ("o", "-"), "comparison": ("s", (0, (5, 2)))}
_COLUMNS = ("month", "group", "outcome", "mean", "low", "high")


def paths(channel: Any, outcome: str = "orders", *, dip_months: int = 1, locale: str | None = None) -> Figure:
    """Mean outcome per customer by month around the index issue, contacted and comparison.

    Parameters
    ----------
    channel : ChannelResult
        With `paths` (month relative to the index month, group, outcome, mean, low, high) and `effects`.
    outcome : str
    dip_months : int
        Months before the index month that belong to the issue already.

    Raises
    ------
    NothingToDraw
        If the result has no paths of this outcome, of both groups.
    """
    say = words(locale)
    every = getattr(channel, "paths", None)
    if every is None or any(name not in every.columns for name in _COLUMNS):
        raise NothingToDraw(
            "The chart of paths needs the monthly means of both groups (`paths`); this result has none."
        )
    if every.empty:
        raise NothingToDraw("There are no months to draw: nobody could be compared month by month.")
    frame = every[every["outcome"] == outcome].sort_values(["group", "month"], kind="stable").reset_index(drop=True)
    if set(frame["group"]) != {"contacted", "comparison"}:
        there = ", ".join(f"`{name}`" for name in sorted(set(every["outcome"]))) or "none"
        raise NothingToDraw(f"The chart of paths needs `{outcome}` for both groups; the result has paths of: {there}.")
    effect = next((row for row in answers(effect_rows(channel)) if row["outcome"] == outcome), None)
    level = next((row["level"] for row in effect_rows(channel) if row["level"] is not None), None)
    if level is None:
        raise NothingToDraw("The chart of paths needs the level of its intervals; no effect of the result has one.")
    unit = str(frame["unit"].iloc[0]) if "unit" in frame else outcome
    interval = say.level({"level": level})
    label = outcome_in_words(outcome).label
    if effect is None or effect["value"] is None:
        title, finding = f"{label} around the issue: no effect is claimed", "No effect is claimed."
    elif holds_no_effect(effect):
        title, finding = as_graded(f"{label}: no clear difference after the issue", effect), say.finding(effect)
    else:
        side = "above" if shift_of(effect, effect["value"]) > 0 else "below"
        title = f"{label} run {side} those of similar customers afterwards" if label.endswith("s") else (
            f"{label} runs {side} that of similar customers afterwards"
        )  # fmt: skip
        title, finding = as_graded(title, effect), say.finding(effect)
    first, last = int(frame["month"].min()), int(frame["month"].max())
    story = Story(
        title=title,
        measure=f"{label} for each customer and month with {interval}s",
        unit=unit,
        population="contacted customers and similar ones with an issue that month, scaled to the same level before",
        period="contacts " + say.months(effect["index_from"], effect["index_to"])
        if effect and effect["index_from"]
        else f"months {first} to {last}",
        source="contacts" if outcome == "issues" else "contacts and orders",
        rows=f"{say.number(effect['n_treated'])} against {say.number(effect['n_comparison'])} customers"
        if effect
        else f"{len(frame)} monthly means",
        method=method_in_words("channel_effect")
        + (f"; grade {effect['grade']}, {grade_in_words(effect['grade'])}" if effect else ""),
        alt=f"Line chart of {label.lower()} by month around the issue, contacted against similar customers. {title}. "
        f"{finding} The month of the issue and the {_months(dip_months)} before it are shaded and not compared.",
    )

    def paint(body: Body) -> None:
        right = 84.0 if body.narrow else 96.0
        axes = body.axes(50, 20, body.width - 50 - right, body.height - 20 - 56)
        quiet(axes, grid="y")
        axes.set_xlim(first - 0.3, last + 0.3)
        low, high = min(frame["low"].min(), frame["mean"].min()), max(frame["high"].max(), frame["mean"].max())
        ticks = nice_ticks(low, high, 5)
        axes.set_ylim(ticks[0], ticks[-1])
        currency = unit.partition(" ")[0]
        axes.set_yticks(
            ticks, [tick_label(t, ticks, say, currency if is_currency(currency) else "count") for t in ticks]
        )
        step = 1 if last - first <= (8 if body.narrow else 16) else 3 if last - first > 24 else 2
        shown = [month for month in range(first, last + 1) if month % step == 0]
        axes.set_xticks(shown, [relative_month(month) for month in shown])
        axes.axvspan(-dip_months - 0.5, 0.5, color=SHADE, zorder=0).set_gid("issue")
        where = axes.get_xaxis_transform()
        axes.text(
            -dip_months / 2, 1.02, "issue", transform=where, ha="center", va="bottom", color=SOFT,
            fontsize=points(SIZES["note"]), parse_math=False,
        )  # fmt: skip
        ends = [_path(axes, frame[frame["group"] == group], group) for group in ("comparison", "contacted")]
        names = {"contacted": "Contacted", "comparison": "Similar"}
        end_labels(body, axes, [(last, end, names[group], COLOURS[group]) for group, end in ends])
        note = f"Months before and after the month of the issue. Bands: {interval}"
        draw_note(body, note, left=50, right=right)

    return Figure(story, frame, paint, lambda narrow: 300 if narrow else 340)


def _path(axes: Axes, frame: pd.DataFrame, group: str) -> tuple[str, float]:
    marker, line = _STYLES[group]
    colour = COLOURS[group]
    axes.fill_between(
        frame["month"], frame["low"], frame["high"], color=colour, alpha=0.16, linewidth=0, gid=f"{group} interval"
    )
    axes.plot(
        frame["month"], frame["mean"], color=colour, linewidth=points(2.4), linestyle=line, marker=marker,
        markersize=points(6), gid=group, zorder=3,
    )  # fmt: skip
    return group, float(frame["mean"].iloc[-1])


def _months(count: int) -> str:
    return "month" if count == 1 else f"{count} months"
