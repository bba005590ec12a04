"""The slide of promises: what was promised, what came of it, and the path of one of them.

The one drawn is the first whose outcome is known, else the first that was approved. Where nothing is promised there is
no such slide, and the last one says why.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION, XL_MARKER_STYLE, XL_TICK_LABEL_POSITION
from pptx.enum.dml import MSO_LINE
from pptx.util import Inches, Pt

from analysis.reporting.case_words import Part
from analysis.reporting.deck.bars import every_so_many, quiet_axis, styled
from analysis.reporting.deck.facts import Facts
from analysis.reporting.deck.lettering import SMALLEST
from analysis.reporting.deck.slide import BOTTOM, MARGIN, ROOM, TOP, Cells, Place, Slide, coloured, described
from analysis.reporting.formats import is_currency, plain
from analysis.reporting.naming import in_plain_words, unit_in_words
from analysis.reporting.tables.cells import period_in_words
from analysis.reporting.tables.promised import STANDINGS, amount_in_words
from analysis.reporting.theme import COLOURS, PAPER, SOFT
from analysis.reporting.workbook.sheet import money_format

NONE = "Nothing was promised yet, so there is no slide of what was promised and what came."
DRAFTS = "What is in the register of promises is a draft, so there is no slide of what was promised and what came."
MOST_PERIODS = 12
_LABELS = 6


def approved(facts: Facts) -> list[Part]:
    """Promises that somebody has approved."""
    return [row for row in facts.promises if row["status"] != "draft"]


def why_none(facts: Facts) -> str:
    """Why there is no slide of promises; nothing where there is one."""
    return "" if approved(facts) else DRAFTS if facts.promises else NONE


def promised_slide(slide: Slide, facts: Facts) -> None:
    """Fill the slide; at least one promise is approved."""
    rows = approved(facts)
    slide.title(_title(rows))
    cells = Cells(
        ("Promise", "Answers for it", "Promised, with its range", "Came", "Standing"),
        [_row(slide, facts, row) for row in rows],
        (3.6, 2.2, 2.9, 1.6, 2.2),
        numbers=(3,),
    )
    alt = "Promises: " + "; ".join(", ".join(row) for row in cells.rows)
    end = slide.table(Place(MARGIN, TOP, ROOM, 2.1), cells, name="Promises", alt=alt)
    drawn = next((row for row in rows if row["to_date"] is not None), rows[0])
    said = f"{in_plain_words(plain(drawn['description'], 120)).rstrip('.')}, {unit_in_words(drawn['unit'])} a period"
    top = slide.heading(Place(MARGIN, end + 0.2, ROOM, 0.4), said)
    _draw(slide, facts, drawn, Place(MARGIN, top, ROOM, BOTTOM - top))


def _title(rows: Sequence[Part]) -> str:
    many = "1 promise" if len(rows) == 1 else f"{len(rows)} promises"
    below = sum(row["status"] == "below" for row in rows)
    kept = sum(row["status"] in ("kept", "above") for row in rows)
    if below:
        return f"{below} of {many} came below the promised range"
    if kept:
        return f"{kept} of {many} came within the promised range or above it"
    return "No outcome yet: no promised period is closed"


def _row(slide: Slide, facts: Facts, row: Part) -> list[str]:
    done, unit, say = row["to_date"], row["unit"], facts.say
    promised = came = "–"
    standing = STANDINGS.get(row["status"]) or plain(row["status"], 40)
    if done is not None:
        low, high = (amount_in_words(say, done[name], unit) for name in ("low", "high"))
        promised = f"{amount_in_words(say, done['variance']['promised'], unit)} ({low} to {high})"
        came = amount_in_words(say, done["variance"]["achieved"], unit)
        standing += f", up to {period_in_words(say, done['last'])}"
    slide.note(row["description"], f"promises, id {plain(row['id'], 80)}: to_date and status")
    return [in_plain_words(plain(row["description"], 200)), plain(row["owner"], 80), promised, came, standing]


def _draw(slide: Slide, facts: Facts, row: Part, place: Place) -> None:
    """Lines of what was promised with its range, what was forecast and what came, where a period is closed."""
    periods = row["periods"][:MOST_PERIODS]
    say, unit = facts.say, str(row["unit"])
    names = [period_in_words(say, period["period"]) for period in periods]
    series: list[tuple[str, list[float | None]]] = [
        ("Promised", [period["promised"]["value"] for period in periods]),
        ("Lowest promised", [period["promised"]["low"] for period in periods]),
        ("Highest promised", [period["promised"]["high"] for period in periods]),
        ("Forecast", [(period["forecast"] or {}).get("value") for period in periods]),
        ("Came", [period["achieved"]["value"] for period in periods]),
    ]
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = names
    drawn = [(name, values) for name, values in series if any(value is not None for value in values)]
    for name, values in drawn:
        data.add_series(name, values)  # type: ignore[no-untyped-call]
    frame = slide.page.shapes.add_chart(XL_CHART_TYPE.LINE_MARKERS, *(Inches(one) for one in place), data)
    frame.name = "Promised and came"
    told = "; ".join(f"{name}: {_told(facts, values, unit)}" for name, values in drawn)
    described(frame, f"Lines by period ({', '.join(names)}). {told}.")
    chart = frame.chart
    styled(chart, data)
    chart.has_legend = True
    chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.RIGHT, False
    chart.legend.font.size = Pt(SMALLEST)
    quiet_axis(chart.value_axis, money_format(unit, say.locale, dash=False) if is_currency(unit) else "#,##0.###")
    names_axis = chart.category_axis
    names_axis.tick_labels.font.size = Pt(SMALLEST)
    names_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    every_so_many(names_axis, -(-len(periods) // _LABELS))
    for one in chart.plots[0].series:
        _lined(one, single=len(periods) == 1)
    more = "" if len(row["periods"]) <= MOST_PERIODS else f"; the first {MOST_PERIODS} of {len(row['periods'])}"
    slide.note("The chart", f"promises, id {plain(row['id'], 80)}: periods{more}")


def _told(facts: Facts, values: Sequence[float | None], unit: str) -> str:
    return ", ".join("–" if value is None else amount_in_words(facts.say, value, unit) for value in values)


def _lined(series: Any, *, single: bool) -> None:
    series.smooth = False
    colour = {"Came": COLOURS["benefit"], "Forecast": SOFT}.get(series.name, COLOURS["neutral"])
    line, marker = series.format.line, series.marker
    line.color.rgb, line.width = coloured(colour), Pt(2.25)
    marker.style = XL_MARKER_STYLE.NONE
    if series.name.endswith(" promised"):
        line.width, line.dash_style = Pt(1.25), MSO_LINE.DASH
    marked = single or series.name in ("Came", "Forecast")
    if series.name == "Forecast":
        line.fill.background()
    if marked:
        marker.style = XL_MARKER_STYLE.DIAMOND if series.name == "Forecast" else XL_MARKER_STYLE.CIRCLE
        marker.size = 9
        marker.format.fill.solid()
        marker.format.fill.fore_color.rgb = coloured(colour if series.name == "Came" else PAPER)
        marker.format.line.color.rgb = coloured(colour)
