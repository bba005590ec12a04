"""Are there more complaints or more positive mentions? One point a month, product or platform, beside the 1:1 line.

On the line there is one complaint for each positive mention; above it complaints outweigh praise. Counts are drawn as
they are. Their ratio before and after a programme is left to `programme`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd
from matplotlib.transforms import Bbox

from analysis.metrics.catalogue import definition
from analysis.metrics.counter import UNKNOWN
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import nice_ticks, quiet, tick_label
from analysis.reporting.charts.months import monthly_frame, monthly_rows
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised
from analysis.reporting.rows import Row, metric_rows, of_metric
from analysis.reporting.theme import COLOURS, INK, PAPER, SCALE, SIZES, SOFT, points
from analysis.reporting.wording import Words, words

METRIC = "complaints_per_positive"
MORE_COMPLAINTS, MORE_PRAISE = "More complaints than praise", "More praise than complaints"
_POINT = COLOURS["neutral"]
_ABOUT = {"month": "One point a month", "product": "One point a product", "platform": "One point a platform"}
_FAR = 4  # months above the line that have a name


def complaints_against_positives(found: Any, by: str = "month", *, locale: str | None = None) -> Figure:
    """Do complaints outweigh praise, in which months, for which products, on which platforms?

    Parameters
    ----------
    found : what was counted, results, or rows of metrics
        With the metric `complaints_per_positive`; for products and platforms with its rows by these.
    by : {"month", "product", "platform"}

    Raises
    ------
    NothingToDraw
        If these rows are not there, or hold neither complaints nor positives.
    """
    say = words(locale)
    frame, period = _counts(found, by, say)
    named = frame[frame["name"] != UNKNOWN] if (frame["name"] != UNKNOWN).any() else frame
    above, below = (int((named["side"] == side).sum()) for side in ("above", "below"))
    what = {"month": ("month", "months"), "product": ("product", "products"), "platform": ("platform", "platforms")}[by]
    of = f"{say.number(len(named))} {what[len(named) != 1]}"
    where = "in" if by == "month" else "for" if by == "product" else "on"
    title = (
        f"{MORE_PRAISE} {where} {say.number(below)} of {of}"
        if below >= above
        else f"{MORE_COMPLAINTS} {where} {say.number(above)} of {of}"
    )
    totals = {name: frame[name].sum() for name in ("complaints", "positives")}
    far = named.sort_values("ratio", ascending=False, kind="stable").iloc[0]
    story = Story(
        title=title,
        measure="Complaints against positive mentions; on the line there are as many of both",
        unit="count",
        population=_ABOUT[by].lower() + (" (hollow: provisional)" if (frame["state"] == "provisional").any() else ""),
        period=period,
        source="table of mentions",
        rows=f"{say.number(totals['complaints'])} complaints, {say.number(totals['positives'])} positive mentions",
        method=("" if by == "month" else "counted as known now; ")
        + "mentions of known kind; not an effect of anything that was done",
        alt=f"Scatter chart of complaints against positive mentions, {_ABOUT[by].lower()}. {title}. "
        f"{_totals_in_words(totals, say)} Most complaints for each positive mention: "
        f"{far['label']}, {say.number(far['complaints'])} to {say.number(far['positives'])}.",
    )
    low, high = (getattr(frame[["complaints", "positives"]].to_numpy(), end)() for end in ("min", "max"))
    ticks = nice_ticks(0.94 * low if low > 0.3 * high else 0, max(1.04 * high, 1), 5)

    def paint(body: Body) -> None:
        axes = body.axes(48, 26, body.width - 48 - 18, body.height - 26 - 44)
        quiet(axes, grid="y")
        axes.grid(visible=True, axis="x", color=axes.yaxis.get_gridlines()[0].get_color(), linewidth=points(1))
        axes.set_xlim(ticks[0], ticks[-1])
        axes.set_ylim(ticks[0], ticks[-1])
        shown = ticks[:: 2 if body.narrow and len(ticks) > 4 else 1]
        axes.set_xticks(shown, [tick_label(tick, ticks, say, "count") for tick in shown])
        axes.set_yticks(ticks, [tick_label(tick, ticks, say, "count") for tick in ticks])
        axes.plot(
            [ticks[0], ticks[-1]], [ticks[0], ticks[-1]], color=INK, linewidth=points(1.2), zorder=2, gid="one to one"
        )
        for row in frame.to_dict("records"):
            hollow = row["state"] == "provisional" or row["name"] == UNKNOWN
            axes.plot([row["positives"]], [row["complaints"]], linestyle="none", color=_POINT, clip_on=False,
                      marker="D" if row["side"] == "above" else "o", markersize=points(8), zorder=4, gid="point",
                      markerfacecolor=PAPER if hollow else _POINT, markeredgewidth=points(1.6))  # fmt: skip
        body.text(0, 8, "Complaints", "note", SOFT)
        body.text(body.width - 18, body.height - 6, "Positive mentions", "note", SOFT, ha="right")
        held = [
            _word(body, 58, 36, MORE_COMPLAINTS, "left"),
            _word(body, body.width - 24, body.height - 62, MORE_PRAISE, "right"),
        ]
        _names(body, axes, frame if by != "month" else _named(frame), held)

    return Figure(story, frame.drop(columns="name"), paint, lambda narrow: 330 if narrow else 400)


def _counts(found: Any, by: str, say: Words) -> tuple[pd.DataFrame, str]:
    """Complaints and positives of each point, with its name and its side of the line; and the period."""
    if by not in _ABOUT:
        raise NothingToDraw(
            f"Complaints stand against positives by {', '.join(_ABOUT)}; there is no `{plain(by, 40)}`."
        )
    if by == "month":
        rows = [row for row in monthly_rows(found, METRIC, "complaints against positives") if _has_numbers(row)]
        frame = monthly_frame(rows).rename(columns={"numerator": "complaints", "denominator": "positives"})
        frame["name"] = frame["month"]
        frame["label"] = [say.month(month, short=True) for month in frame["month"]]
    else:
        rows = [row for row in of_metric(_rows(found), METRIC, by) if _has_numbers(row)]
        frame = pd.DataFrame(
            [
                {"name": str(row["segment"][by]), "complaints": float(row["numerator"]),
                 "positives": float(row["denominator"]), "state": "whole"}
                for row in rows
            ]
        )  # fmt: skip
        if rows:
            frame["label"] = [_called(name, by) for name in frame["name"]]
    if frame.empty or not (frame["complaints"] + frame["positives"]).sum():
        raise NothingToDraw(
            f"The chart of complaints against positives needs the metric `{METRIC}` by {by} with both its counts; "
            "this result does not hold it."
        )
    frame = frame[["name", "label", "complaints", "positives", "state"]].copy()
    frame["ratio"] = frame["complaints"] / frame["positives"].where(frame["positives"] > 0, 0.5)
    more = frame["complaints"] - frame["positives"]
    frame["side"] = more.map(lambda gap: "above" if gap > 0 else "below" if gap < 0 else "on the line")
    labels = (rows[0]["period"], rows[-1]["period"])
    period = say.months(*labels) if by == "month" else _whole(str(labels[0]), say)
    return frame.reset_index(drop=True), period


def _rows(found: Any) -> list[Row]:
    """Rows of metrics with those by product and platform, which what was counted keeps beside its figures."""
    beside = getattr(found, "praise", None)
    return [*metric_rows(found), *([] if beside is None else metric_rows(beside))]


def _has_numbers(row: Row) -> bool:
    return row.get("numerator") is not None and row.get("denominator") is not None


def _whole(period: str, say: Words) -> str:
    first, _, last = period.partition("/")
    return say.months(first, last) if last else say.dated(first)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Months with a name: the last, and those farthest above the line, or the nearest to it where none is above."""
    far = frame.sort_values("ratio", ascending=False, kind="stable")
    far = far.head(max(1, min(_FAR, int((frame["side"] == "above").sum()))))
    return pd.concat([frame.tail(1), far]).drop_duplicates("name")


def _word(body: Body, x: float, y: float, text: str, side: str) -> Bbox:
    return body.text(x, y, text, "note", SOFT, ha=side, bold=True).get_window_extent()


def _names(body: Body, axes: Any, frame: pd.DataFrame, held: list[Bbox]) -> None:
    """A name beside each point, where one side of it is free; one that is nowhere free is left out."""
    taken = [*held]
    for line in axes.lines:
        if line.get_gid() == "point":
            (x,), (y,) = line.get_data()
            place = axes.transData.transform((x, y))
            reach = 5 * SCALE
            taken.append(Bbox.from_extents(place[0] - reach, place[1] - reach, place[0] + reach, place[1] + reach))
    line = axes.transData.transform([[at, at] for at in _along(*axes.get_xlim())])
    taken += [Bbox.from_extents(x - 2, y - 2, x + 2, y + 2) for x, y in line]
    edge = Bbox.from_extents(0, 0, body.figure.css_width * SCALE, body.figure.css_height * SCALE)
    for row in frame.to_dict("records"):
        text = body.figure.wrapped(row["label"], 130, "note", lines=1)[0]
        for across, up, ha, va in ((9, 0, "left", "center"), (-9, 0, "right", "center"), (0, 9, "center", "bottom"),
                                   (0, -9, "center", "top"), (8, 10, "left", "bottom"), (-8, 10, "right", "bottom"),
                                   (8, -10, "left", "top"), (-8, -10, "right", "top")):  # fmt: skip
            name = axes.annotate(
                text, (row["positives"], row["complaints"]), xytext=(points(across), points(up)), gid="name", ha=ha,
                va=va, textcoords="offset points", fontsize=points(SIZES["note"]), color=INK, annotation_clip=False,
                parse_math=False,
            )  # fmt: skip
            box = name.get_window_extent()
            inside = edge.x0 <= box.x0 and box.x1 <= edge.x1 and edge.y0 <= box.y0 and box.y1 <= edge.y1
            if inside and not any(box.overlaps(other) for other in taken):
                taken.append(box)
                break
            name.remove()


def _along(first: float, last: float, steps: int = 150) -> list[float]:
    """Places along the line of as many of both, close enough for no name to slip through."""
    return [first + (last - first) * step / steps for step in range(steps + 1)]


def _called(name: str, by: str) -> str:
    """A product as the tables call it, a platform in words."""
    if name == UNKNOWN:
        return f"No {by} said"
    return plain(name, 40) if by == "product" else humanised(name, 40)


def _totals_in_words(totals: dict[str, float], say: Words) -> str:
    return (
        f"In all {say.number(totals['complaints'])} complaints and {say.number(totals['positives'])} positive mentions "
        f"({definition(METRIC).label.lower()}: "
        + (say.number(totals["complaints"] / totals["positives"], 2) if totals["positives"] else "no positive one")
        + ")."
    )
