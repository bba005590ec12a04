"""What moves the case most, and what would be worth finding out before deciding?

The first chart moves one input at a time between its ends; the second says what knowing it beforehand would be worth,
which is nothing where no value that it may have turns the decision.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from analysis.reporting.case_words import Part, case_of, in_its_unit, near, study_in_words
from analysis.reporting.charts.bars import BarRow, bars_height, draw_bar, draw_bars, draw_notes
from analysis.reporting.charts.figure import Body, Figure, NothingToDraw, Story
from analysis.reporting.formats import GAP, plain
from analysis.reporting.naming import in_plain_words, unit_in_words
from analysis.reporting.theme import INK, SIZES, points
from analysis.reporting.wording import Words, words

MOST = 10
"""Inputs that a chart shows."""
LEAST = 0.005
"""Share of the worth of knowing everything below which a number is worth next to nothing."""
_ENDS = f"from the value that 5{GAP}% of outcomes lie below to the one that 5{GAP}% lie above"


def what_moves_it(case: Any, *, locale: str | None = None) -> Figure:
    """What does each input alone do to the value of the case?

    Parameters
    ----------
    case : RoiCase, or results.json

    Raises
    ------
    NothingToDraw
        If no input has a range.
    DesignError
        If there is no case.
    """
    say, part = words(locale), case_of(case)
    swings = part["tornado"][:MOST]
    if not swings:
        raise NothingToDraw("The chart of what moves the case needs an input with a range; this case has none.")
    currency, base = part["currency"], part["tei"]["npv"]
    frame = pd.DataFrame(
        [
            {"input": row["label"], **{key: row[key] for key in ("unit", "low", "high", "npv_at_low", "npv_at_high")}}
            for row in swings
        ]
    )
    title = _turning(part["tornado"], base)
    rows = [_named(row) for row in swings]
    told = "; ".join(_told(say, row, currency) for row in swings)
    story = Story(
        title=title,
        measure="Net present value when one input alone is low or high",
        unit=f"{currency} of today",
        population=f"{_counted(len(swings), len(part['tornado']))}, widest first",
        period="1 year" if part["years"] == 1 else f"{part['years']} years",
        source="measured effects and stated costs",
        counts="Covers",
        rows=f"{say.number(len(part['tornado']))} inputs with a range",
        method=f"each input moved {_ENDS}, the others at their most likely values; its value stands at each end",
        alt=f"Bars of net present value for each input, widest first. {title}. {told}.",
    )
    marks = f"Upright line: {near(say, base, currency)}, every input at its most likely value. "
    marks += "Dashed line: neither gain nor loss."

    def paint(body: Body) -> None:
        labels = [[in_its_unit(say, row[end], row["unit"], short=True) for end in ("low", "high")] for row in swings]
        room = max(body.figure.text_width(text, "note") for pair in labels for text in pair) + 12
        ends = [base, 0.0, *frame["npv_at_low"], *frame["npv_at_high"]]
        axes, middles = draw_bars(
            body,
            rows,
            ends,
            say,
            currency,
            f"Net present value, {currency}",
            lines=((base, "-"), (0.0, "--")),
            beside=room,
        )
        for y, row, pair in zip(middles, swings, labels, strict=True):
            draw_bar(axes, row["npv_at_low"], row["npv_at_high"], y, "neutral")
            low_is_left = row["npv_at_low"] <= row["npv_at_high"]
            for end, text, left in (("low", pair[0], low_is_left), ("high", pair[1], not low_is_left)):
                axes.annotate(
                    text, (row[f"npv_at_{end}"], y), xytext=(points(-5 if left else 5), 0), textcoords="offset points",
                    ha="right" if left else "left", va="center_baseline", fontsize=points(SIZES["note"]), color=INK,
                    annotation_clip=False, parse_math=False,
                )  # fmt: skip
        draw_notes(body, body.figure.wrapped(marks, body.width, "note", lines=3))

    return Figure(story, frame, paint, lambda narrow: bars_height(rows, narrow, notes=3 if narrow else 1))


def _counted(shown: int, there: int) -> str:
    return f"the {shown} widest of {there} inputs" if there > shown else "all inputs with a range"


def _named(row: Part) -> BarRow:
    """An input by its name; what stands behind a colon, and its unit, stand under it."""
    name, _, what = in_plain_words(plain(row["label"], 160)).partition(": ")
    unit = "" if row["unit"] == "share" else unit_in_words(row["unit"])
    return BarRow(name, under=", ".join(filter(None, (what, unit))))


def _turning(swings: list[Part], base: float) -> str:
    """How many inputs could turn the decision by themselves."""
    now, then = ("gain", "loss") if base > 0 else ("loss", "gain")
    count = sum((min if base > 0 else max)(row["npv_at_low"], row["npv_at_high"]) * base <= 0 for row in swings)
    if not count:
        return f"No input alone turns the {now} into a {then}"
    return f"{count} {'input' if count == 1 else 'inputs'} alone could turn {now} into {then}"


def _told(say: Words, row: Part, currency: str) -> str:
    ends = [
        f"{in_its_unit(say, row[end], row['unit'], short=True)} gives {near(say, row[f'npv_at_{end}'], currency)}"
        for end in ("low", "high")
    ]
    return f"{in_plain_words(plain(row['label'], 120))}: {' and '.join(ends)}"


def what_to_find_out(case: Any, *, locale: str | None = None) -> Figure:
    """Which study, or which stated number, would be worth knowing better before deciding?

    Parameters
    ----------
    case : RoiCase, or results.json

    Raises
    ------
    NothingToDraw
        If nothing that could be found out would change the decision.
    DesignError
        If there is no case.
    """
    say, part = words(locale), case_of(case)
    known, currency = part["value_of_information"], part["currency"]
    go = "to go on" if known["go"] else "not to go on"
    found = _worths(part)
    least = LEAST * known["everything"]
    idle = [row for row in found if row["value"] <= least]
    found = [row for row in found if row["value"] > least][:MOST]
    if known["everything"] <= 0:
        raise NothingToDraw(
            f"Nothing that could be found out would change the decision {go}: it is right in every outcome."
        )
    frame = pd.DataFrame([*found, {"what": "Everything at once", "kind": "all", "value": known["everything"]}])
    title = f"Knowing all beforehand is worth {near(say, known['everything'], currency)} at most"
    rows = [BarRow(row["what"], near(say, row["value"], currency), row["kind"]) for row in found]
    rows.append(BarRow("Everything at once", near(say, known["everything"], currency), bold=True, rule=bool(found)))
    told = "; ".join(f"{row.label}: {row.said}" for row in rows)
    wrong = say.chance(known["wrong"])
    story = Story(
        title=title,
        measure="What knowing it before deciding would add",
        unit=f"{currency} of today",
        population="each study, and each number that no study found",
        period="1 year" if part["years"] == 1 else f"{part['years']} years",
        source="measured effects and stated costs",
        counts="Rests on",
        rows=f"{say.number(part['draws'])} simulated outcomes",
        method=f"a mean over the simulated outcomes: today the decision is {go}, which is wrong in {wrong} of them; "
        "knowing is worth what it saves there, and a study that costs more is not worth making for this alone",
        alt=f"Bars of what knowing each input is worth. {title}. {told}.",
    )
    note = _idle(len(idle))

    def paint(body: Body) -> None:
        axes, middles = draw_bars(body, rows, [0.0, *frame["value"]], say, currency, f"Worth knowing, {currency}")
        for y, row in zip(middles, frame.to_dict("records"), strict=True):
            draw_bar(axes, 0.0, row["value"], y, "neutral")
        draw_notes(body, body.figure.wrapped(note, body.width, "note", lines=2) if note else [])

    return Figure(story, frame, paint, lambda narrow: bars_height(rows, narrow, notes=2 if note else 0))


def _worths(case: Part) -> list[dict[str, Any]]:
    """Studies, then the inputs that no study found, dearest first."""
    of_study = {one["name"] for one in case["inputs"] if one["origin"] == "study"}
    studies = [
        {"what": f"Study “{study_in_words(row['name'])}”", "kind": "all its effects", "value": row["value"]}
        for row in case["value_of_information"]["by_study"]
    ]
    stated = [
        {"what": in_plain_words(plain(row["label"], 160)), "kind": "", "value": row["value"]}
        for row in case["value_of_information"]["by_input"]
        if row["name"] not in of_study
    ]
    return sorted([*studies, *stated], key=lambda row: -row["value"])


def _idle(count: int) -> str:
    if not count:
        return ""
    what = "1 other number" if count == 1 else f"{count} other numbers"
    return f"Knowing any of {what} by itself is worth next to nothing."
