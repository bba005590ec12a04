"""What were mentions about, of which kind were they, and where were they posted? All months together, largest first.

Bars from zero, each with its count and its share of all. What nobody named stands last and hollow, for it is no name of
its own. How these change from month to month is left to `mentions`.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.metrics.catalogue import definition
from analysis.metrics.counter import UNKNOWN
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import quiet
from analysis.reporting.charts.months import monthly_frame, monthly_rows
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import humanised
from analysis.reporting.theme import COLOURS, PAPER, points
from analysis.reporting.wording import Words, words

MOST_BARS = 10
_BAR = COLOURS["neutral"]
_KINDS = {"inquiry": "Inquiries", "complaint": "Complaints", "positive": "Positive mentions", "other": "Other mentions"}


def mention_kind_shares(metrics: Any, *, locale: str | None = None) -> Figure:
    """Of which kind were the mentions, in all months together?

    Raises
    ------
    NothingToDraw
        If `mentions_by_kind` is not there.
    """
    return _ranked(metrics, "kind", "of each kind", words(locale))


def mention_products(metrics: Any, *, locale: str | None = None) -> Figure:
    """What were the mentions about, in all months together?

    Raises
    ------
    NothingToDraw
        If `mentions_by_product` is not there.
    """
    return _ranked(metrics, "product", "about each product", words(locale))


def mention_platforms(metrics: Any, *, locale: str | None = None) -> Figure:
    """Where were we spoken to or about, in all months together?

    Raises
    ------
    NothingToDraw
        If `mentions_by_platform` is not there.
    """
    return _ranked(metrics, "platform", "on each platform", words(locale))


def _ranked(metrics: Any, by: str, measure: str, say: Words) -> Figure:
    metric = f"mentions_by_{by}"
    rows = monthly_rows(metrics, metric, f"mentions by {by}", by)
    counts = monthly_frame(rows, by).groupby(by)["value"].sum()
    counts = counts[counts > 0]
    if counts.empty:
        raise NothingToDraw(f"The chart of mentions by {by} needs at least one mention in the months shown.")
    frame = _sorted(counts, by)
    named = frame[frame["named"]]
    first = (named if not named.empty else frame).iloc[0]
    share = say.share(first["share"], 0)
    name = plain(_name(first[by], by, 28), 28).replace(" ", GAP)
    if not named.empty and by == "platform":
        title = f"{name} holds {share} of all mentions"
    elif not named.empty and by == "product":
        title = f"{share} of all mentions are about {name}"
    else:
        title = f"{name}: {share} of all mentions"
    listed = ", ".join(f"{_name(row[by], by, 40)} {say.share(row['share'], 0)}" for _, row in frame.iterrows())
    story = Story(
        title=title,
        measure=f"Mentions {measure}",
        unit="count and share of all",
        population="all mentions in the data" + ("" if frame["named"].all() else " (hollow: nobody said)"),
        period=say.months(rows[0]["period"], rows[-1]["period"]),
        source="table of mentions",
        rows=f"{say.number(counts.sum())} mentions",
        method=definition(metric).formula,
        alt=f"Bar chart of mentions by {by}. {title}. {listed}.",
    )

    def paint(body: Body) -> None:
        names = [_name(name, by, 60) for name in frame[by]]
        longest = max(body.figure.text_width(plain(name, 60), "label") for name in names) + 12
        least, most, right = (116.0, 140.0, 96.0) if body.narrow else (160.0, 190.0, 130.0)
        left = min(max(least, longest), most)
        axes = body.axes(left, 0, body.width - left - right, body.height)
        quiet(axes, grid="x")
        axes.set_xlim(0, frame["mentions"].max())
        axes.set_ylim(len(frame) - 0.5, -0.5)
        axes.set_xticks([])
        axes.set_yticks([])
        for place, row in frame.iterrows():
            axes.barh(
                [place], [row["mentions"]], height=0.62, color=_BAR if row["named"] else PAPER, edgecolor=_BAR,
                linewidth=points(1.4), zorder=2, clip_on=False,
            )  # fmt: skip
            y = (float(place) + 0.5) * body.height / len(frame)
            label = body.figure.wrapped(names[int(place)], left - 12, "label", lines=1)[0]
            body.text(left - 10, y, label, ha="right")
            end = left + (body.width - left - right) * row["mentions"] / frame["mentions"].max()
            body.text(end + 8, y, f"{say.number(row['mentions'])} ({say.share(row['share'], 0)})", "note", bold=True)

    return Figure(story, frame, paint, lambda narrow: 34.0 * len(frame))


def _sorted(counts: pd.Series, by: str) -> pd.DataFrame:
    """Largest first, small ones together where there are too many, what nobody named last."""
    unnamed = counts[counts.index == UNKNOWN]
    named = counts.drop(unnamed.index).sort_values(ascending=False, kind="stable")
    if len(named) > MOST_BARS:
        rest = named.iloc[MOST_BARS - 1 :]
        named = pd.concat([named.iloc[: MOST_BARS - 1], pd.Series({f"{len(rest)} others": rest.sum()})])
    every = pd.concat([named, unnamed])
    frame = pd.DataFrame({by: every.index, "mentions": every.to_numpy(), "share": every.to_numpy() / every.sum()})
    return frame.assign(named=frame[by] != UNKNOWN)


def _name(value: str, by: str, limit: int) -> str:
    if value == UNKNOWN:
        return f"No {by} said"
    if by == "product":
        return plain(value, limit)  # products are called as the tables call them
    return _KINDS.get(value, humanised(value, limit)) if by == "kind" else humanised(value, limit)
