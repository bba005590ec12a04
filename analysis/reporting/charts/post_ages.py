"""How do the posts of a month gather what people do with them, and how does that hang together with the month's report?

A table of what each month's posts had gathered at each age, darker the nearer they are to all they are expected to
gather, hatched where that time has not come; and the bridge, from what the month's own posts gathered to what was done
in the month, in lines that add up. How both are counted is left to the metrics.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
from matplotlib.colors import to_rgb
from matplotlib.patches import Rectangle

from analysis.foundation.errors import DesignError
from analysis.reporting.charts.bars import BarRow, bars_height, draw_bars
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import action_in_words
from analysis.reporting.tables.bases import bridge_lines
from analysis.reporting.tables.closed import close_part
from analysis.reporting.theme import COLOURS, PAPER, RULE, SOFT, points
from analysis.reporting.wording import Words, words

_MONTHS, _AGES, _AGES_NARROW = 12, 6, 2
_ROW, _HEAD = 26.0, 40.0


def posts_by_age(found: Any, kind: str, *, months: int = _MONTHS, locale: str | None = None) -> Figure:
    """What had the posts of each month gathered at each age, and what are they still expected to gather?

    Parameters
    ----------
    found : MonthClose
        `results.json` does not keep triangles.
    kind : str
        A kind of action ("click").
    months : int
        How many of the last months of posts.

    Raises
    ------
    NothingToDraw
        If the result holds no triangle of the kind.
    """
    say = words(locale)
    every = tuple(getattr(found, "triangles", ()))
    triangle = next((one for one in every if one.kind == kind), None)
    if triangle is None:
        there = ", ".join(f"`{one.kind}`" for one in every) or "none"
        raise NothingToDraw(
            f"The chart of posts by age needs the triangle of `{plain(kind, 40)}`; this result holds: {there}."
        )
    run_off = next((one for one in getattr(found, "run_offs", ()) if one.kind == kind), None)
    frame = _cells(triangle, run_off)
    if not frame["so_far"].sum():
        raise NothingToDraw(f"The chart of posts by age needs posts with `{plain(kind, 40)}`; there are none.")
    shown = frame[frame["place"] >= len(triangle.months) - months].reset_index(drop=True)
    name = action_in_words(kind)
    level = None if run_off is None else f"{say.share(run_off.level, 0)} interval"
    title = _title(frame, name, say)
    still = shown.drop_duplicates("month").dropna(subset=["expected"])
    come = still["expected"].sum()
    hatched = f"; hatched: not come yet, and the end as estimated with its {level}" if level else "; hatched: not come"
    rows = shown.drop_duplicates("month")
    story = Story(
        title=title,
        measure=f"{name} a month’s posts had gathered at each age{hatched}",
        unit="count",
        population="all posts of the month; darker: nearer to all they will gather",
        period=say.months(rows["month"].iloc[0], rows["month"].iloc[-1]),
        source="tables of posts and of what people did with them",
        rows=f"{say.number(rows['so_far'].sum())} {name.lower()} on the posts shown",
        method="counts so far as they are; the end from how older posts grew with age"
        if level
        else "counts as they are",
        alt=f"Table of {name.lower()} by the month of the post and its age. {title}. "
        + (f"On the posts shown {say.number(come, 0)} more are expected. " if level else "")
        + _last_in_words(rows.iloc[-1], level, say),
    )

    def paint(body: Body) -> None:
        _heat(body, shown, triangle, say, level)

    data = shown[["month", "age", "gathered", "so_far", "expected", "low", "high"]]
    return Figure(story, data, paint, lambda narrow: _HEAD + _ROW * shown["month"].nunique() + (40 if narrow else 24))


def bridge(found: Any, kind: str, *, locale: str | None = None) -> Figure:
    """How do what the month's own posts gathered and what was done in the month hang together?

    Parameters
    ----------
    found : MonthClose, results or what stands there under `close`
    kind : str

    Raises
    ------
    NothingToDraw
        If the result holds no bridge of the kind.
    """
    say = words(locale)
    try:
        part = close_part(found)
    except DesignError as missing:
        raise NothingToDraw(f"The chart of the bridge needs the close of a month. {missing}") from missing
    rows = [row for row in part.get("bridges") or () if row["kind"] == kind]
    if not rows:
        there = ", ".join(f"`{row['kind']}`" for row in part.get("bridges") or ()) or "none"
        raise NothingToDraw(f"The chart of the bridge needs that of `{plain(kind, 40)}`; this result holds: {there}.")
    row, month, name = rows[0], say.month(part["month"]), action_in_words(kind)
    frame = _steps(row, month)
    own = row["post"] / row["action"] if row["action"] else None
    title = (
        f"{say.share(own, 0)} of the month’s {plain(name.lower(), 28).replace(' ', GAP)} are on its own posts"
        if own is not None and own <= 1
        else f"{say.number(row['action'])} done, {say.number(row['post'])} on own posts"
    )
    told = "; ".join(f"{one['line']}: {_signed(one, say)}" for one in frame.to_dict("records"))
    story = Story(
        title=title,
        measure=f"{name}, from the posts of {month} to what was done in {month}",
        unit="count",
        population="all that is known of posts",
        period=month,
        source="tables of posts and of what people did with them",
        rows=f"{say.number(row['action'])} done in the month",
        method="two counts of one record, by the month of the post and by the month of the action; the lines add up",
        alt=f"Bars from the report by posts to the report by actions. {title}. {told}.",
    )
    bars = [
        BarRow(one["line"], _signed(one, say), bold=one["part"] != "between", rule=one["part"] == "action")
        for one in frame.to_dict("records")
    ]

    def paint(body: Body) -> None:
        ends = [0.0, *frame[["start", "end"]].to_numpy(dtype=float).ravel()]
        axes, middles = draw_bars(body, bars, ends, say, "count", f"{name}, count")
        for place, (y, one) in enumerate(zip(middles, frame.to_dict("records"), strict=True)):
            whole = one["part"] != "between"
            axes.barh(
                y, one["end"] - one["start"], 16.0, one["start"], color=COLOURS["neutral"] if whole else PAPER,
                edgecolor=COLOURS["neutral"], linewidth=points(1.4), zorder=3,
            )  # fmt: skip
            if place + 1 < len(middles) and not body.narrow:
                axes.plot([one["end"]] * 2, [y + 8, middles[place + 1] - 8], color=SOFT, linewidth=points(1), zorder=2)

    return Figure(story, frame, paint, lambda narrow: bars_height(bars, narrow))


def _cells(triangle: Any, run_off: Any) -> pd.DataFrame:
    """One row a month of posts and age seen: what was gathered by then, in all so far, and what is expected."""
    come = {} if run_off is None else {row.month: row for row in run_off.months}
    records = []
    for place, month in enumerate(triangle.months):
        row = come.get(month)
        early = sum(value for (post, age), value in triangle.aged.items() if post == month and age < 0)
        total = early
        for age in range(len(triangle.months) - place):
            total += triangle.aged.get((month, age), 0)
            records.append(
                {"place": place, "month": str(month), "age": age, "gathered": float(total),
                 "so_far": float(triangle.row(month)), "expected": math.nan if row is None else row.expected,
                 "low": math.nan if row is None else row.low, "high": math.nan if row is None else row.high}
            )  # fmt: skip
    return pd.DataFrame(records)


def _title(frame: pd.DataFrame, name: str, say: Words) -> str:
    """Which share comes in the month of the post, of months that are expected to gather nothing more."""
    grown = frame[frame["expected"] < 0.5]
    short = plain(name.lower(), 28).replace(" ", GAP)
    if (total := grown.drop_duplicates("month")["so_far"].sum()) and len(grown["month"].unique()) > 1:
        share = say.share(grown.loc[grown["age"] == 0, "gathered"].sum() / total, 0)
        return f"{share} of {short} come in the post’s own month"
    last = frame[frame["age"] == 0].iloc[-1]
    return f"Posts of {say.month(last['month'])} so far: {say.number(last['so_far'])}{GAP}{short}"


def _last_in_words(row: pd.Series, level: str | None, say: Words) -> str:
    so_far = f"Posts of {say.month(row['month'])}: {say.number(row['so_far'])} so far"
    if level is None or math.isnan(row["expected"]):
        return f"{so_far}."
    end = say.number(row["so_far"] + row["expected"], 0)
    return f"{so_far}, an estimated {end} in the end ({level} {_ends(row, say)})."


def _ends(row: Any, say: Words) -> str:
    low = say.number(row["so_far"] + row["low"], 0)
    return f"{low} or more" if math.isinf(row["high"]) else f"{low} to {say.number(row['so_far'] + row['high'], 0)}"


def _heat(body: Body, cells: pd.DataFrame, triangle: Any, say: Words, level: str | None) -> None:
    ages = _AGES_NARROW if body.narrow else _AGES
    left, end, far = (70.0, 92.0, 50.0) if body.narrow else (84.0, 132.0, 64.0)
    width = (body.width - left - end - far) / (ages + 1)
    axes = body.axes(0, 0, body.width, body.height)
    axes.set_axis_off()
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlim(0, body.width)
    axes.set_ylim(body.height, 0)
    heads = ["Own month" if not body.narrow else "0", *(f"+{age}" for age in range(1, ages + 1))]
    for age, head in enumerate(heads):
        body.text(left + (age + 0.5) * width, 28, head, "note", SOFT, ha="center")
    body.text(0, 28, "Posts of", "note", SOFT)
    body.text(left, 10, "Months after the post", "note", SOFT)
    body.text(left + (ages + 1) * width + far - 6, 28, "So far", "note", SOFT, ha="right")
    if level:
        body.text(body.width, 28, "In the end", "note", SOFT, ha="right")
    for line, (month, rows) in enumerate(cells.groupby("month", sort=False)):
        y, row = _HEAD + _ROW * line, rows.iloc[0]
        final = row["so_far"] + row["expected"]
        body.text(0, y + _ROW / 2, say.month(str(month), short=True), "note")
        for age in range(ages + 1):
            seen = rows[rows["age"] == age]
            at = (left + age * width + 1, y + 1)
            if seen.empty:
                _put(axes, at, width - 2, PAPER, hatch=True)
                continue
            gathered = float(seen["gathered"].iloc[0])
            near = min(gathered / final, 1.0) if final > 0 else 0.0
            _put(axes, at, width - 2, _shade(near))
            body.text(at[0] + width / 2, y + _ROW / 2, say.number(gathered), "note", ha="center")
        body.text(
            left + (ages + 1) * width + far - 6, y + _ROW / 2, say.number(row["so_far"]), "note", ha="right", bold=True
        )
        if level and not math.isnan(row["expected"]):
            grows = round(row["expected"]) >= 1
            if grows:
                _put(axes, (body.width - end + 4, y + 1), end - 4, PAPER, hatch=True)
            said = say.number(final, 0) + (f" ({_ends(row, say)})" if grows and not body.narrow else "")
            text = body.text(body.width - 4, y + _ROW / 2, said, "note", ha="right", bold=not grows)
            text.set_bbox({"facecolor": PAPER, "edgecolor": "none", "pad": points(2)})
    foot = "Darker: nearer to all these posts are expected to gather. Hatched: not come yet."
    lines = body.figure.wrapped(foot, body.width, "note", lines=2)
    for place, part in enumerate(lines):
        body.text(0, body.height - 6 - 15 * (len(lines) - 1 - place), part, "note", SOFT)


def _put(axes: Any, at: tuple[float, float], width: float, colour: Any, *, hatch: bool = False) -> None:
    cell = Rectangle(at, width, _ROW - 2, facecolor=colour, edgecolor=RULE if hatch else "none", linewidth=0.0,
                     hatch="////" if hatch else None, zorder=1)  # fmt: skip
    cell.set_gid("to come" if hatch else "gathered")
    axes.add_patch(cell)


def _shade(near: float) -> tuple[float, ...]:
    """The colour of a cell; the darkest is light enough for ink to be read on it."""
    share = 0.05 + 0.5 * near**2
    return tuple(p + share * (d - p) for p, d in zip(to_rgb(PAPER), to_rgb(COLOURS["neutral"]), strict=True))


def _steps(row: Any, month: str) -> pd.DataFrame:
    """One row a bar of the bridge: from where to where it goes."""
    steps = [{"line": f"Posts of {month}, as known when it ended", "part": "post", "amount": row["post"], "start": 0}]
    standing = row["post"]
    for line, quantity in bridge_lines(row["lines"]):
        steps.append({"line": line, "part": "between", "amount": quantity, "start": standing})
        standing += quantity
    steps.append({"line": f"Done in {month}", "part": "action", "amount": row["action"], "start": 0})
    return pd.DataFrame(steps).assign(end=lambda frame: frame["start"] + frame["amount"])


def _signed(one: Any, say: Words) -> str:
    return ("+" if one["part"] == "between" and one["amount"] > 0 else "") + say.number(one["amount"])
