"""From which benefits and costs does the value of the case come, step by step, and how far may each lie off?

Bars stand at the most likely values, so that they add up; the range on each comes from the simulated outcomes.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.case_words import Part, case_of, cases_of, counted_rows, named_apart, near, ranges_of
from analysis.reporting.charts.bars import BarRow, bars_height, draw_bar, draw_bars, draw_range
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.formats import GAP
from analysis.reporting.naming import in_plain_words
from analysis.reporting.wording import Words, words

_RANGE = f"the line at a bar’s end holds 90{GAP}% of the simulated outcomes"


def case_waterfall(case: Any, *, locale: str | None = None) -> Figure:
    """How do benefits and costs add up to what the case is worth?

    Parameters
    ----------
    case : RoiCase, or results.json

    Raises
    ------
    NothingToDraw
        If no line is counted.
    DesignError
        If there is no case.
    """
    say, part = words(locale), case_of(case)
    frame = _steps(part)
    if len(frame) < 2:
        raise NothingToDraw("The chart of benefits and costs needs a counted line; this case has none.")
    table, currency = part["tei"], part["currency"]
    benefits, costs = (near(say, table[side]["present_value"], currency) for side in ("benefits", "costs"))
    title = f"{benefits} of benefits against {costs} of costs"
    middle = cases_of(part["npv"])[1]
    beside = "" if middle is None else f"; the middle case of all outcomes is {near(say, middle, currency)}"
    rows = [_row(say, row, currency, place, frame) for place, row in enumerate(frame.to_dict("records"))]
    years = "1 year" if part["years"] == 1 else f"{part['years']} years"
    told = "; ".join(
        f"{row.label}{', ' + row.under if row.under else ''}: {row.said}{' (' + row.range + ')' if row.range else ''}"
        for row in rows
    )
    story = Story(
        title=title,
        measure="Present value of each counted line",
        unit=f"{currency} of today",
        population="the programme as a whole",
        period=f"{years} at {say.share(part['discount_rate'], 0)} a year",
        source="measured effects and stated costs",
        counts="Rests on",
        rows=f"{say.number(part['draws'])} simulated outcomes",
        method=f"bars at the most likely value of every input, so that they add up; {_RANGE}{beside}",
        alt=f"Bars from benefits through costs to net present value. {title}. {told}.",
    )

    def paint(body: Body) -> None:
        ends = [0.0, *frame[["start", "end"]].to_numpy().ravel(), *frame["low"].dropna(), *frame["high"].dropna()]
        axes, middles = draw_bars(body, rows, ends, say, currency, f"Present value, {currency}")
        for y, row in zip(middles, frame.to_dict("records"), strict=True):
            draw_bar(axes, row["start"], row["end"], y, row["meaning"])
            if pd.notna(row["low"]):
                draw_range(axes, row["low"], row["high"], y)

    return Figure(story, frame, paint, lambda narrow: bars_height(rows, narrow))


def _steps(case: Part) -> pd.DataFrame:
    """One row a bar: from where to where it goes, with the range of its end."""
    ranges, steps, standing = ranges_of(case), [], 0.0
    for side, sign in (("benefit", 1), ("cost", -1)):
        for row in counted_rows(case, side):
            amount = sign * row["present_value"]
            low, _, high = ranges.get(row["id"], (None, None, None))
            known = low is not None and high is not None and low < high
            ends = sorted(sign * end for end in (low, high) if end is not None) if known else [None, None]
            steps.append(
                {"line": row["label"], "part": side, "amount": amount, "low_amount": ends[0], "high_amount": ends[1],
                 "start": standing, "end": standing + amount, "meaning": "benefit" if amount > 0 else "cost"}
            )  # fmt: skip
            standing += amount
    low, _, high = cases_of(case["npv"])
    net = case["tei"]["npv"]
    steps.append(
        {"line": "Net present value", "part": "net", "amount": net, "low_amount": low, "high_amount": high,
         "start": 0.0, "end": net, "meaning": "neutral"}
    )  # fmt: skip
    frame = pd.DataFrame(steps).astype({"low_amount": float, "high_amount": float})
    frame["low"], frame["high"] = frame["start"] + frame["low_amount"], frame["start"] + frame["high_amount"]
    return frame


def _row(say: Words, row: Part, currency: str, place: int, frame: pd.DataFrame) -> BarRow:
    name, under = named_apart(frame["line"])[place]
    net = row["part"] == "net"
    said = near(say, row["amount"], currency)
    first_of_part = place > 0 and frame["part"].iloc[place - 1] != row["part"]
    return BarRow(
        in_plain_words(name),
        f"+{said}" if row["amount"] > 0 and not net else said,
        in_plain_words(under),
        _range(say, row, currency),
        bold=net,
        rule=first_of_part,
    )


def _range(say: Words, row: Part, currency: str) -> str:
    if pd.isna(row["low_amount"]) or pd.isna(row["high_amount"]):
        return ""
    return f"{near(say, row['low_amount'], currency)} to {near(say, row['high_amount'], currency)}"
