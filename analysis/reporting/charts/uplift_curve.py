"""Would it pay to treat some customers and not others? A ranking judged on customers it was not learned from.

The line is what is gained when those ranked first are treated, the straight one what treating as many by lot would
gain. It was found by looking: the chart says so, and nothing is claimed from it.
"""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import baseline, nice_ticks, quiet, tick_label
from analysis.reporting.formats import GAP, is_currency, plain
from analysis.reporting.naming import group_in_words, outcome_in_words, unit_in_words
from analysis.reporting.theme import COLOURS, INK, SHADE, SOFT, points
from analysis.reporting.wording import Words, words

_MOST = 3


def uplift_curves(test: Any, *, most: int = _MOST, locale: str | None = None) -> tuple[Figure, ...]:
    """The curve of every ranking that was looked for.

    Raises
    ------
    NothingToDraw
        If none was looked for.
    """
    found = tuple(getattr(test, "uplift", ()))
    if not found:
        raise NothingToDraw("Who benefits most was not looked for.")
    return tuple(uplift_curve(one, locale=locale) for one in found[:most])


def uplift_curve(uplift: Any, *, locale: str | None = None) -> Figure:
    """What is gained per customer if those ranked first are treated, by how many of them are.

    Parameters
    ----------
    uplift : Uplift
    """
    say = words(locale)
    frame, coefficient = uplift.curve, uplift.coefficient
    label = plain(outcome_in_words(uplift.outcome).label, 30).replace(" ", GAP)
    beats = "beats" if coefficient.low > 0 else "falls short of" if coefficient.high < 0 else "does not clearly beat"
    title = f"Explored, {label}: a ranking {beats} choosing by lot"
    unit = str(coefficient.unit)
    first = unit.partition(" ")[0]
    axis = "share" if first == "share" else first if is_currency(first) else "count"
    level = say.level({"level": coefficient.level})
    traits = ", ".join(plain(name, 40).replace("_", " ") for name in uplift.traits)
    story = Story(
        title=title,
        measure=f"{label} gained by {group_in_words(uplift.treated)}, per customer judged, with {level}s at each point",
        unit="percentage points" if first == "share" else unit_in_words(unit),
        population=f"{say.number(uplift.judged_on)} customers the ranking was not learned from",
        period="as assigned",
        source="assignments and outcomes",
        rows=f"{say.number(uplift.learned_from)} to learn from, {say.number(uplift.judged_on)} to judge",
        counts="Customers",
        method=f"ranked by {traits}; found by looking, grade C, nothing is claimed from it",
        alt=f"Chart of a curve above or below a straight line. {title}. {_middle(uplift, say)} "
        f"{plain(uplift.claim, 600)}",
    )
    ends = [float(end) for name in ("low", "high", "at_random") for end in frame[name]]
    ticks = nice_ticks(min([0.0, *ends]), max([0.0, *ends]), 5)

    def paint(body: Body) -> None:
        axes = body.axes(60, 6, body.width - 74, body.height - 56)
        quiet(axes, grid="y")
        axes.set_xlim(0, 1)
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], [say.share(at, 0) for at in (0, 0.25, 0.5, 0.75, 1)])
        axes.set_ylim(ticks[0], ticks[-1])
        axes.set_yticks(ticks, [tick_label(tick, ticks, say, f"{axis} signed") for tick in ticks])
        baseline(axes)
        share = frame["share"]
        axes.fill_between(share, frame["low"], frame["high"], color=SHADE, zorder=1).set_gid("band")
        axes.plot(
            share, frame["at_random"], color=INK, linewidth=points(1.4), linestyle=(0, (4, 3)), gid="by lot", zorder=2
        )
        axes.plot(share, frame["gain"], color=COLOURS["contacted"], linewidth=points(2.6), gid="ranked", zorder=3)
        note = "share of customers treated (line: ranked first; dashed: as many by lot)"
        for place, line in enumerate(body.figure.wrapped(note, body.width, "note", lines=2)):
            body.text(0, body.height - 22 + 15 * place, line, "note", SOFT)

    return Figure(story, frame.reset_index(drop=True), paint, lambda narrow: 270 if narrow else 310)


def _middle(uplift: Any, say: Words) -> str:
    """What is gained with about half of the customers treated, ranked and by lot."""
    at = uplift.curve.iloc[int((uplift.curve["share"] - 0.5).abs().to_numpy().argmin())]
    row = {"scale": "difference", "unit": str(uplift.coefficient.unit), "outcome": uplift.outcome}
    row |= {"value": float(at["gain"]), "low": float(at["low"]), "high": float(at["high"])}
    lot = say.effect_signed({**row, "value": float(at["at_random"])})
    return f"With {say.share(float(at['share']), 0)} treated: {say.effect_in_short(row)} per customer, by lot {lot}."
