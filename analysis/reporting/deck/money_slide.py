"""The third slide: how benefits and costs add up, year by year, and how far it may lie off."""

from __future__ import annotations

import math
from collections.abc import Iterator

from analysis.reporting.case_words import cases_of, counted_rows, named_apart, whole
from analysis.reporting.deck.bars import Bar, add_bars
from analysis.reporting.deck.facts import FOUND, Facts
from analysis.reporting.deck.slide import BOTTOM, MARGIN, ROOM, TOP, Cells, Place, Slide
from analysis.reporting.naming import in_plain_words
from analysis.reporting.workbook.sheet import money_format

MOST = 5
"""Bars of a side; lines past them, the smallest, share one."""
MOST_YEARS = 4
_TABLE = 1.42


def money_slide(slide: Slide, facts: Facts) -> None:
    """Fill the slide."""
    case, say = facts.case, facts.say
    table = case["tei"]
    benefits, costs = (facts.near(table[side]["present_value"]) for side in ("benefits", "costs"))
    slide.title(f"{benefits} of benefits against {costs} of costs over {facts.years}")
    bars = list(_bars(slide, facts))
    chart = Place(MARGIN, TOP, ROOM, BOTTOM - TOP - _TABLE - 0.85)
    told = "; ".join(f"{bar.label}: {bar.said}" for bar in bars)
    alt = f"Bars from benefits through costs to net present value: {told}"
    form = money_format(facts.currency, say.locale, dash=False)
    add_bars(slide, chart, bars, form, name="From benefits to net", alt=alt)
    low, middle, high = cases_of(case["npv"])
    top = chart.top + chart.height + 0.06
    if low is not None and middle is not None and high is not None:
        said = (
            "Bars stand at the most likely values. Of the simulated outcomes, one in twenty is below "
            f"{facts.near(low)}, half are below {facts.near(middle)}, one in twenty is above {facts.near(high)}."
        )
        top = slide.text(Place(MARGIN, top, ROOM, 0.62), said, (16, 14), name="Range", most=2)
        slide.note("The range", f"{FOUND}.npv.p5, .p50 and .p95")
    _years(slide, facts, top + 0.12)


def _bars(slide: Slide, facts: Facts) -> Iterator[Bar]:
    """A bar for each line, parts of one line together, the smallest of a side in one; then the net present value."""
    standing = 0.0
    for side, sign in (("benefit", 1), ("cost", -1)):
        for label, amount in _lines(slide, facts, side):
            step = sign * amount
            yield Bar(label, standing, standing + step, facts.near_signed(step), "benefit" if step > 0 else "cost")
            standing += step
    net = facts.case["tei"]["npv"]
    slide.note(f"Net present value, {facts.near(net)}", f"{FOUND}.tei.npv")
    yield Bar("Net present value", 0.0, net, facts.near(net), "neutral")


def _lines(slide: Slide, facts: Facts, side: str) -> list[tuple[str, float]]:
    rows = counted_rows(facts.case, side)
    amounts: dict[str, list[float]] = {}
    for (name, _), row in zip(named_apart([row["label"] for row in rows]), rows, strict=True):
        amounts.setdefault(in_plain_words(name), []).append(float(row["present_value"]))
        slide.note(row["label"], f"{FOUND}.tei.rows, id {row['id']}: present_value")
    lines = [(name, math.fsum(parts)) for name, parts in amounts.items()]
    if len(lines) <= MOST:
        return lines
    kept = {name for name, _ in sorted(lines, key=lambda line: -abs(line[1]))[: MOST - 1]}
    others = [amount for name, amount in lines if name not in kept]
    what = "benefits" if side == "benefit" else "costs"
    slide.note(f"{len(others)} smaller {what}", "the sum of their present values")
    together = (f"{len(others)} smaller {what} together", math.fsum(others))
    return [line for line in lines if line[0] in kept] + [together]


def _years(slide: Slide, facts: Facts, top: float) -> None:
    """Benefits, costs and what is left by year; of a long horizon its first and last year."""
    table, years = facts.case["tei"], facts.case["years"]
    shown = list(range(years + 1)) if years <= MOST_YEARS else [0, 1, 2, years]
    named = ["Start" if year == 0 else f"Year {year}" for year in shown]
    heads = ["", *named, f"Total of {facts.years}", "Present value"]
    rows = []
    for label, name in (("Benefits", "benefits"), ("Costs", "costs"), ("What is left", "net")):
        row = table[name]
        amounts = [*(row["by_year"][year] for year in shown), row["total"], row["present_value"]]
        rows.append([label, *(whole(facts.say, amount, facts.currency) for amount in amounts)])
        slide.note(f"{label} by year", f"{FOUND}.tei.{name}")
    widths = (1.7, *[1.6] * len(shown), 1.9, 1.8)
    cells = Cells(heads, rows, widths, numbers=range(1, len(heads)), sums={2}, lines=1)
    alt = "Benefits, costs and what is left: " + "; ".join(", ".join(row) for row in rows)
    slide.table(Place(MARGIN, top, ROOM, BOTTOM - top), cells, name="By year", alt=alt)
