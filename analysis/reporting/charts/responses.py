"""Which share of those who wrote first got an answer? Drawn month by month, each with its interval.

A month's answers are one draw of what the team does, so each share stands with its Wilson interval.
"""

from __future__ import annotations

from typing import Any

from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import IntervalRow, draw_interval, end_labels, month_axis, quiet, value_axis
from analysis.reporting.charts.months import monthly_frame, monthly_rows, provisional_in_words
from analysis.reporting.months import months_of
from analysis.reporting.theme import COLOURS, SOFT, points
from analysis.reporting.wording import words

LEVEL = 0.95
_LINE = COLOURS["neutral"]


def response_by_month(metrics: Any, *, locale: str | None = None) -> Figure:
    """Which share of those who wrote first got an answer, month by month?

    Each month with its Wilson interval, from the numerator and denominator of the result.

    Raises
    ------
    NothingToDraw
        If `response_rate` is not there, or comes without its two numbers.
    """
    say = words(locale)
    rows = [
        row for row in monthly_rows(metrics, "response_rate", "response rate", basis="post") if row["value"] is not None
    ]
    if not rows:
        raise NothingToDraw("The chart of the response rate needs a month with opening mentions; there is none.")
    if any(row["numerator"] is None or row["denominator"] is None for row in rows):
        raise NothingToDraw(
            "The chart of the response rate needs the numerator and the denominator of each month, from which its "
            "interval follows; this result holds the share alone."
        )
    from scipy.stats import binomtest  # here: it costs half a second that other pages need not wait for

    frame = monthly_frame(rows)
    limits = [
        binomtest(round(row["numerator"]), round(row["denominator"])).proportion_ci(LEVEL, method="wilson")
        for row in rows
    ]
    frame["low"], frame["high"] = [limit.low for limit in limits], [limit.high for limit in limits]
    frame["level"] = LEVEL
    first, last = frame.iloc[0], frame.iloc[-1]
    if len(frame) == 1:
        title = f"{say.share(last['value'], 0)} of mentions answered in {say.month(last['month'])}"
    elif first["high"] < last["low"] or last["high"] < first["low"]:
        rose = "rose" if last["value"] > first["value"] else "fell"
        title = f"Response rate {rose} from {say.share(first['value'], 0)} to {say.share(last['value'], 0)}"
    else:
        mean = frame["numerator"].sum() / frame["denominator"].sum()
        title = f"No clear change in response rate: about {say.share(mean, 0)}"
    interval = f"{say.share(LEVEL, 0)} interval"
    answered, opened = (say.number(frame[name].sum()) for name in ("numerator", "denominator"))
    story = Story(
        title=title,
        measure=f"Response rate with {interval}",
        unit="share of opening mentions",
        population="mentions that open a conversation" + provisional_in_words(frame),
        period=say.months(first["month"], last["month"]),
        source="table of mentions",
        rows=f"{opened} opening mentions, {answered} answered",
        method=f"answered / opening mentions of the month, Wilson {interval}; bots count as answers",
        alt=f"Line chart of the response rate by month with {interval}s. {title}. "
        f"{say.month(last['month'])}: {say.share(last['value'])} ({interval} {say.share(last['low'])} to "
        f"{say.share(last['high'])}).",
    )

    def paint(body: Body) -> None:
        axes = body.axes(48, 6, body.width - 48 - 62, body.height - 52)
        quiet(axes, grid="y")
        month_axis(axes, months_of(frame["month"]), say, most=5 if body.narrow else 12)
        room = 0.15 * (frame["high"].max() - frame["low"].min())
        value_axis(axes, max(0, frame["low"].min() - room), min(1, frame["high"].max() + room), say, "share")
        axes.plot(range(len(frame)), frame["value"], color=_LINE, linewidth=points(1.4), zorder=2)
        for place, row in frame.iterrows():
            mark = IntervalRow("", row["value"], row["low"], row["high"], "", "neutral")
            draw_interval(axes, mark, float(place), upright=True)
        end_labels(body, axes, [(len(frame) - 1, last["value"], say.share(last["value"]), _LINE)], beside=14)
        body.text(body.width, body.height - 4, f"Bars: {interval}", "note", SOFT, ha="right")

    return Figure(story, frame, paint, lambda narrow: 270 if narrow else 310)
