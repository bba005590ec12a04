"""Was a promise kept? What was promised by period with its range, what was forecast later, and what came.

What came is read from closed months only; periods that are not closed have no mark. Why it differs is left to the table
of promises.
"""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from analysis.reporting.case_words import Part
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.charts.marks import baseline, end_labels, quiet, value_axis
from analysis.reporting.formats import GAP, is_currency, plain
from analysis.reporting.naming import in_plain_words, unit_in_words
from analysis.reporting.tables.cells import period_in_words
from analysis.reporting.tables.promised import amount_in_words, promise_rows
from analysis.reporting.theme import COLOURS, PAPER, SOFT, points
from analysis.reporting.wording import Words, words

_MOST_TICKS, _FEW_TICKS = 8, 4


def promised_against_achieved(found: Any, promise: str, *, locale: str | None = None) -> Figure:
    """How does what came compare with what was promised?

    Parameters
    ----------
    found : RoiCase, results.json, or rows of promises
    promise : str
        Its id.

    Raises
    ------
    NothingToDraw
        If there is no such promise.
    """
    say = words(locale)
    row = next((one for one in promise_rows(found) if one["id"] == promise), None)
    if row is None:
        raise NothingToDraw(f"There is no promise “{plain(promise, 60)}” in the register.")
    frame = _frame(row)
    unit = str(row["unit"])
    title = _title(say, row)
    told = "; ".join(_told(say, period, unit) for period in frame.to_dict("records"))
    periods = list(frame["period"])
    closed = int(frame["achieved"].notna().sum())
    story = Story(
        title=title,
        measure=in_plain_words(plain(row["description"], 160)).rstrip("."),
        unit=f"{unit_in_words(unit)} a period",
        population=f"promised by {plain(row['owner'], 80)}",
        period=f"{period_in_words(say, periods[0])} to {period_in_words(say, periods[-1])}",
        source="register of promises and closed months",
        counts="Covers",
        rows=f"{len(periods)} promised periods, {closed} of them closed",
        method=f"the shaded range was promised to hold {say.share(row['level'], 0)} of outcomes; hollow marks are the "
        "latest forecasts with their range; filled marks are what closed months show",
        alt=f"Promised amounts by period with their range, and what came. {title}. {told}.",
    )

    def paint(body: Body) -> None:
        left, right = 78.0, 84.0
        axes = body.axes(left, 8, body.width - left - right, body.height - 8 - 46)
        quiet(axes, grid="y")
        places = list(range(len(frame)))
        every = frame[["promised", "low", "high", "forecast", "forecast_low", "forecast_high", "achieved"]].stack()
        ticks_unit = unit if is_currency(unit) else "count"
        value_axis(axes, min(0.0, every.min()), max(0.0, every.max()), say, ticks_unit)
        axes.set_xlim(-0.5, len(frame) - 0.5)
        step = -(-len(frame) // (_FEW_TICKS if body.narrow else _MOST_TICKS))
        shown = places[::step]
        axes.set_xticks(shown, [_tick(say, periods[place]) for place in shown])
        baseline(axes)
        axes.fill_between(
            places, frame["low"], frame["high"], color=COLOURS["neutral"], alpha=0.18, linewidth=0, zorder=1
        )
        axes.plot(places, frame["promised"], color=COLOURS["neutral"], linewidth=points(2), zorder=3, gid="promised",
                  marker="_" if len(frame) == 1 else "", markersize=points(24))  # fmt: skip
        expected = frame[frame["forecast"].notna()]
        for place, period in expected.iterrows():
            ends = [period["forecast_low"], period["forecast_high"]]
            axes.plot([place, place], ends, color=SOFT, linewidth=points(1.6), zorder=3, gid="forecast range")
        axes.plot(expected.index, expected["forecast"], color=SOFT, marker="D", markersize=points(8),
                  linestyle="none", markerfacecolor=PAPER, markeredgewidth=points(2), zorder=4, clip_on=False,
                  gid="forecast")  # fmt: skip
        came = frame[frame["achieved"].notna()]
        axes.plot(came.index, came["achieved"], color=COLOURS["benefit"], marker="o", markersize=points(9),
                  linewidth=points(1.2), zorder=5, clip_on=False, gid="achieved")  # fmt: skip
        last = frame.iloc[-1]
        ends = [(len(frame) - 0.5, last["promised"], "Promised", COLOURS["neutral"])]
        if len(expected):
            ends.append((len(frame) - 0.5, expected["forecast"].iloc[-1], "Forecast", SOFT))
        if len(came):
            ends.append((len(frame) - 0.5, came["achieved"].iloc[-1], "Came", COLOURS["benefit"]))
        end_labels(body, axes, ends)

    return Figure(story, frame, paint, lambda narrow: 300)


def promises_drawn(found: Any, *, locale: str | None = None) -> tuple[Figure, ...]:
    """A chart of each promise; none where nothing was promised."""
    rows = promise_rows(found)
    return tuple(promised_against_achieved(rows, row["id"], locale=locale) for row in rows)


def _frame(row: Part) -> pd.DataFrame:
    rows = []
    for period in row["periods"]:
        forecast = period["forecast"] or {}
        rows.append(
            {
                "period": period["period"],
                "promised": period["promised"]["value"],
                "low": period["promised"]["low"],
                "high": period["promised"]["high"],
                "forecast": forecast.get("value"),
                "forecast_low": forecast.get("low"),
                "forecast_high": forecast.get("high"),
                "achieved": period["achieved"]["value"],
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype(dict.fromkeys(frame.columns.drop("period"), float))


def _title(say: Words, row: Part) -> str:
    done, unit = row["to_date"], str(row["unit"])
    if row["status"] == "draft":
        return "A draft: nothing is promised yet"
    if done is None:
        return "No outcome yet: no promised period is closed"
    came, asked = (amount_in_words(say, done["variance"][name], unit) for name in ("achieved", "promised"))
    came, asked = (text.replace(" ", GAP) for text in (came, asked))
    side = {"below": "Below", "above": "Above"}.get(row["status"], "Within")
    return f"{side} the promised range: {came} came, {asked} promised"


def _told(say: Words, period: Part, unit: str) -> str:
    said = f"{period_in_words(say, period['period'])}: promised {amount_in_words(say, period['promised'], unit)}"
    low, high = (amount_in_words(say, period[name], unit) for name in ("low", "high"))
    came = "" if pd.isna(period["achieved"]) else f", came {amount_in_words(say, period['achieved'], unit)}"
    return f"{said} ({low} to {high}){came}"


def _tick(say: Words, period: str) -> str:
    """A period as short as it can be said."""
    if quarter := re.fullmatch(r"(\d{4})q([1-4])", period):
        return f"Q{quarter[2]}\n{quarter[1]}"
    return say.month(period, short=True).replace(" ", "\n")
