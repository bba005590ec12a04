"""Were users compared with people like them? Gaps before and after weighting, and how likely each was to be a user.

`love_plot` shows every recorded cause before weighting (hollow) and after it (filled), against the bar that counts as
alike. `overlap` shows for how many users there are others who were as likely to be one. Both are judged on what was
known beforehand, never on an outcome; whether that suffices stands among the checks.
"""

from __future__ import annotations

import math
from typing import Any

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import baseline, nice_ticks, quiet, tick_label
from analysis.reporting.formats import GAP, plain
from analysis.reporting.parties import Said, said_of
from analysis.reporting.rows import effect_rows
from analysis.reporting.theme import COLOURS, INK, PAPER, RULE, SHADE, SOFT, points, type_of
from analysis.reporting.wording import words

ALIKE = 0.1
_MOST, _ROW, _ROW_NARROW = 24, 26.0, 40.0


def love_plot(users: Any, *, locale: str | None = None) -> Figure:
    """The gap between the groups in each recorded cause, before weighting and after it.

    Parameters
    ----------
    users : ObservationalResult
        With `balance` (covariate, value, before, after, judged).

    Raises
    ------
    NothingToDraw
        If the result does not say how alike the groups were.
    """
    say = words(locale)
    frame = getattr(users, "balance", None)
    if frame is None or frame.empty or "after" not in frame.columns:
        raise NothingToDraw("The chart of likeness needs what was known of both groups (`balance`); it has none.")
    judged = frame[frame["judged"].astype(bool)]
    ranked = judged.assign(_size=judged["before"].abs().fillna(math.inf)).sort_values(
        "_size", ascending=False, kind="stable"
    )
    shown = ranked.drop(columns="_size").head(_MOST).reset_index(drop=True)
    worst = float(judged["after"].abs().max())
    far = int((judged["after"].abs() >= ALIKE).sum())
    before = int((judged["before"].abs() >= ALIKE).sum())
    if far:
        title = f"Not alike after weighting in {far} of {len(judged)} causes"
    else:
        title = f"Unlike in {before} of {len(judged)} causes; weighted, alike in{GAP}all"
    labels = [_named(row) for row in shown.to_dict("records")]
    said = _said(users)
    story = Story(
        title=title,
        measure="Gap between the groups in each recorded cause (hollow: as they are; filled: after weighting)",
        unit="standard deviations",
        population=f"{said.who} against {said.like}; shaded: counts as alike",
        period="known before the first day in a group",
        source=f"customers, {said.source}",
        rows=f"{len(judged)} recorded causes"
        + (f"; {len(judged) - len(shown)} more alike ones are not drawn" if len(judged) > len(shown) else ""),
        counts="Causes",
        method="others weighted by how likely they were to be users; judged on recorded causes only",
        alt=f"Chart of gaps before and after weighting. {title}. The largest gap left is {say.number(worst, 2)} "
        "standard deviations.",
    )
    ends = [float(one) for name in ("before", "after") for one in shown[name] if math.isfinite(one)]
    ticks = nice_ticks(min([-ALIKE, *ends]), max([ALIKE, *ends]), 5)

    def paint(body: Body) -> None:
        room = max(body.figure.text_width(label, "note") for label in labels) + 14
        left = 22.0 if body.narrow else min(room, 0.36 * body.width)
        tall, middle = (_ROW_NARROW, 0.72) if body.narrow else (_ROW, 0.5)  # on a phone a name stands above its marks
        axes = body.axes(left, 0, body.width - left - (22 if body.narrow else 14), tall * len(shown))
        quiet(axes, grid="x")
        axes.set_xlim(ticks[0], ticks[-1])
        axes.set_xticks(ticks, [tick_label(tick, ticks, say, "count signed") for tick in ticks])
        axes.set_ylim(len(shown), 0)
        axes.set_yticks([])
        axes.axvspan(-ALIKE, ALIKE, color=SHADE, zorder=0).set_gid("alike")
        baseline(axes, upright=True)
        for place, row in enumerate(shown.to_dict("records")):
            pair = (float(row["before"]), float(row["after"]))
            axes.plot(pair, (place + middle,) * 2, color=RULE, linewidth=points(1.5), zorder=2)
            for value, fill, gid in ((pair[0], PAPER, "before"), (pair[1], COLOURS["contacted"], "after")):
                axes.plot(
                    [value], [place + middle], marker="o", markersize=points(8), markerfacecolor=fill, linestyle="none",
                    markeredgecolor=COLOURS["naive" if gid == "before" else "contacted"], markeredgewidth=points(2),
                    gid=gid, zorder=3, clip_on=False,
                )  # fmt: skip
            name = body.figure.wrapped(labels[place], body.width if body.narrow else left - 12, "note", lines=1)[0]
            text = body.text(0, tall * (place + (0.3 if body.narrow else 0.5)), name, "note", INK)
            text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": 0.5} if body.narrow else None)
        body.text(left + (body.width - left) / 2, tall * len(shown) + 36, "gap in standard deviations", "note", SOFT,
                  ha="center")  # fmt: skip

    return Figure(story, shown, paint, lambda narrow: (_ROW_NARROW if narrow else _ROW) * len(shown) + 46)


def overlap(users: Any, *, locale: str | None = None) -> Figure:
    """How likely users and others were to be users, from what was known of them: is there anybody to compare with?

    Parameters
    ----------
    users : ObservationalResult
        With `overlap` (from, to, treated, comparison, left_out).

    Raises
    ------
    NothingToDraw
        If the result does not hold these counts.
    """
    say = words(locale)
    frame = getattr(users, "overlap", None)
    if frame is None or frame.empty:
        raise NothingToDraw(
            "The chart of overlap needs customers by their likelihood (`overlap`); the result has none."
        )
    said = _said(users)
    totals = {name: int(frame[name].sum()) for name in ("treated", "comparison", "left_out")}
    if min(totals["treated"], totals["comparison"]) == 0:
        raise NothingToDraw("The chart of overlap needs customers in both groups; one of them is empty.")
    aside = totals["left_out"]
    title = (
        f"{say.number(aside)} of {say.number(totals['treated'] + totals['comparison'])} had nobody like them"
        if aside
        else "Every user has somebody like them to compare with"
    )
    shares = {name: frame[name] / totals[name] for name in ("treated", "comparison")}
    story = Story(
        title=title,
        measure="How likely each was to be a user, by what was known before (up: users; down: the others)",
        unit="share of each group",
        population=f"{say.number(totals['treated'])} {said.who} and {say.number(totals['comparison'])} others",
        period="known before the first day in a group",
        source=f"customers, {said.source}",
        rows=f"{say.number(aside)} left out, having nobody like them",
        counts="Customers",
        method="likelihood from what was recorded before, fitted on other customers than it is used for",
        alt=f"Chart of two columns of shares, facing each other. {title}.",
    )
    high = max(float(one.max()) for one in shares.values())
    ticks = nice_ticks(-high, high, 5)
    centres = (frame["from"] + frame["to"]) / 2
    widths = (frame["to"] - frame["from"]) * 0.86

    def paint(body: Body) -> None:
        axes = body.axes(52, 4, body.width - 60, body.height - 54)
        quiet(axes, grid="y")
        axes.set_xlim(0, 1)
        axes.set_ylim(ticks[0], ticks[-1])
        axes.set_yticks(ticks, [say.share(abs(tick), 0 if ticks[1] - ticks[0] >= 0.01 else 1) for tick in ticks])
        axes.set_xticks([0, 0.25, 0.5, 0.75, 1], [say.share(at, 0) for at in (0, 0.25, 0.5, 0.75, 1)])
        for name, side, meaning in (("treated", 1, "contacted"), ("comparison", -1, "comparison")):
            axes.bar(centres, side * shares[name], widths, color=COLOURS[meaning], gid=name, zorder=2)
        baseline(axes)
        for side, text, meaning in ((1, said.treated, "contacted"), (-1, "The others", "comparison")):
            axes.text(0.99, side * 0.88 * high, text, ha="right", va="center", color=type_of(COLOURS[meaning]),
                      fontweight="bold", fontsize=points(13), parse_math=False).set_gid("end label")  # fmt: skip
        body.text(52 + (body.width - 60) / 2, body.height - 14, "likelihood of being a user", "note", SOFT, ha="center")

    return Figure(story, frame.reset_index(drop=True), paint, lambda narrow: 250 if narrow else 290)


def _said(users: Any) -> Said:
    rows = effect_rows(users) if hasattr(users, "effects") else []
    return said_of(rows[0] if rows else {"design": "ab_observational"})


def _named(row: Any) -> str:
    cause, value = plain(row["covariate"], 60).replace("_", " "), plain(row["value"], 60).replace("_", " ")
    text = value if not value or value.startswith(cause) else f"{cause}: {value}"
    return text[:1].upper() + text[1:] if text else cause
