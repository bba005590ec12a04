"""How small an effect would a test of so many customers find, as assigned and adjusted for what was known before?

The more customers, the smaller the effect that is still found; the adjustment shifts the line down. What customers the
records show is marked. Sizes were worked out by the design sheet.
"""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import end_labels, nice_ticks, quiet
from analysis.reporting.formats import GAP
from analysis.reporting.naming import outcome_in_words
from analysis.reporting.theme import COLOURS, INK, SOFT, points
from analysis.reporting.wording import words

_WAYS = ((False, "as assigned", "neutral"), (True, "adjusted", "contacted"))


def smallest_effect(found: Any, outcome: str | None = None, *, locale: str | None = None) -> Figure:
    """The smallest effect that is found, by the number of customers in all.

    Parameters
    ----------
    found : SheetResult
        With `sheet`.
    outcome : str, optional
        By default the first, which decides.

    Raises
    ------
    NothingToDraw
        If the sheet tells of no size of that outcome.
    """
    say = words(locale)
    sheet: Any = getattr(found, "sheet", None)
    every = None if sheet is None else sheet.sizes
    if sheet is None or every is None or every.empty:
        raise NothingToDraw("The chart of sizes needs a design sheet with effects by number of customers.")
    name = outcome if outcome is not None else str(every["outcome"].iloc[0])
    frame = every[(every["outcome"] == name) & every["smallest_effect_relative"].notna()].reset_index(drop=True)
    planned = next((row for row in sheet.rows if row.outcome == name), None)
    if frame.empty or planned is None:
        raise NothingToDraw(f"The sheet tells no smallest effect of {outcome_in_words(name).label.lower()} in percent.")
    label = outcome_in_words(name).label
    customers = planned.n_treated + planned.n_comparison
    smallest = min(
        (row.smallest_effect_relative for row in sheet.rows if row.outcome == name and row.smallest_effect_relative),
        default=None,
    )
    size = "no effect" if smallest is None else say.share(smallest)
    title = f"{label}: {size} or more is found with {say.number(customers)}{GAP}customers"
    story = Story(
        title=title,
        measure=f"Smallest change in {label.lower()} that is found with a chance of {say.chance(planned.power)}",
        unit="% of what it is today",
        population="customers in all arms together",
        period=f"each followed for {sheet.plan.window_days} days",
        source="the company's own records",
        rows=f"{say.number(sheet.customers)}, who entered {say.day(sheet.entered_from)} to {say.day(sheet.entered_to)}",
        counts="Customers",
        method=f"sizes of a two-sided test at {say.share(1 - planned.level, 0 if planned.level < 0.99 else 1)} error; "
        "adjusted: for the same events before",
        alt=f"Chart of two falling lines. {title}.",
    )
    lines = [
        (text, meaning, frame[frame["adjusted"] == adjusted].sort_values("customers"))
        for adjusted, text, meaning in _WAYS
    ]
    lines = [line for line in lines if len(line[2]) > 1]
    if not lines:
        raise NothingToDraw("The sheet tells the smallest effect of one size only, which makes no line.")
    matters = planned.matters_relative
    top = float(frame["smallest_effect_relative"].max())
    ticks = nice_ticks(0.0, top, 5)

    def paint(body: Body) -> None:
        longest = max(body.figure.text_width(text, "label", bold=True) for text, _, _ in lines)
        right = max(74 if body.narrow else 92, longest + 10)
        axes = body.axes(46, 6, body.width - 46 - right, body.height - 60)
        quiet(axes, grid="y")
        axes.set_xscale("log")
        low, high = float(frame["customers"].min()), float(frame["customers"].max())
        axes.set_xlim(low, high)
        axes.minorticks_off()
        shown = [at for at in (100, 300, 1000, 3000, 10_000, 30_000, 100_000, 300_000, 10**6, 3 * 10**6, 10**7)
                 if low <= at <= high]  # fmt: skip
        shown = shown[:: 2 if body.narrow and len(shown) > 3 else 1]
        axes.set_xticks(shown, [say.number(at) for at in shown])
        axes.set_ylim(0, ticks[-1])
        axes.set_yticks(ticks, [say.share(tick, 0 if ticks[1] >= 0.01 else 1) for tick in ticks])
        ends = []
        for text, meaning, line in lines:
            xs, ys = line["customers"].to_numpy(), line["smallest_effect_relative"].to_numpy()
            axes.plot(xs, ys, color=COLOURS[meaning], linewidth=points(2.4), gid="line", zorder=3)
            ends.append((float(xs[-1]), float(ys[-1]), text, COLOURS[meaning]))
        end_labels(body, axes, ends)
        if low <= customers <= high:
            axes.axvline(customers, color=INK, linewidth=points(1.2), linestyle=(0, (4, 3)), zorder=2).set_gid(
                "planned"
            )
        if matters is not None and matters <= ticks[-1]:
            axes.axhline(matters, color=SOFT, linewidth=points(1.2), linestyle=(0, (1, 2)), zorder=2).set_gid("matters")
        note = "customers (upright line: as planned" + ("; level line: what matters)" if matters is not None else ")")
        for place, line in enumerate(body.figure.wrapped(note, body.width, "note", lines=2)):
            body.text(0, body.height - 22 + 15 * place, line, "note", SOFT)

    return Figure(story, frame, paint, lambda narrow: 280 if narrow else 320)
