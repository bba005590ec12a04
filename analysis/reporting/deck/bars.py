"""How do level bars that begin anywhere become a native chart, with names to their left and amounts at their ends?

Bars are stacked on a piece that is not seen; what lies above and below zero are series of their own. Names and amounts
are measured first, so that they keep their room. What bars show is left to the slides.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.enum.dml import MSO_PATTERN
from pptx.oxml.ns import qn
from pptx.util import Inches, Pt

from analysis.reporting.charts.marks import nice_ticks
from analysis.reporting.deck.lettering import SMALL, SMALLEST, fitted, lines_of, width
from analysis.reporting.deck.slide import FACE, POINTS, Place, Slide, coloured, described
from analysis.reporting.formats import plain
from analysis.reporting.theme import COLOURS, COST_INK, INK, PAPER, RULE, SOFT

MADE = datetime(2000, 1, 1)
ROW = 0.31
"""Height that a bar needs, with a name in one line."""
_AXIS = 0.36
_SPARE = 0.32
_WAYS = ("benefit", "cost", "neutral")
_HIDDEN, _NAMED = "not drawn", "room for the amounts"


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar from `start` to `end`, how it is called, what stands at its end, and what its colour means."""

    label: str
    start: float
    end: float
    said: str
    meaning: str = "neutral"


def add_bars(
    slide: Slide,
    place: Place,
    bars: Sequence[Bar],
    form: str,
    *,
    name: str,
    alt: str,
    names: float = 0.4,
    lines: int = 1,
) -> None:
    """Put a chart of bars on a slide, the first on top.

    Parameters
    ----------
    slide : Slide
    place : Place
    bars : sequence of Bar
        At least one.
    form : str
        Number format of the axis; without one it shows no numbers, since the bars' own say all.
    name, alt : str
        What the chart is called, and its alternative text.
    names : float
        Part of the width that names may take.
    lines : int
        Lines that a name may take.
    """
    room = names * place.width - _SPARE
    labels = [_broken(bar.label, room * POINTS, lines) for bar in bars]
    left = max(width(line, SMALLEST) for label in labels for line in label.split("\n")) / POINTS + _SPARE
    amounts = max(width(bar.said, SMALLEST) for bar in bars) / POINTS + 0.2
    wide, high = place.width - left - 0.35, place.height - (_AXIS if form else 0.05)
    low = min(0.0, *(min(bar.start, bar.end) for bar in bars))
    most = max(0.0, *(max(bar.start, bar.end) for bar in bars))
    most = most if most > low else low + 1.0  # bars of no length have an axis all the same
    ticks, reach = _axis(low, most, wide, amounts)
    data = _data(labels, bars, reach - most)
    frame = slide.page.shapes.add_chart(XL_CHART_TYPE.BAR_STACKED, *(Inches(one) for one in place), data)
    frame.name = plain(name, 80)
    described(frame, alt)
    chart = frame.chart
    styled(chart, data)
    chart.has_legend = False
    plot = chart.plots[0]
    plot.gap_width, plot.overlap = 45, 100
    _axes(chart, ticks, max(reach, ticks[-1]), form)
    for series in plot.series:
        _painted(series)
    _said(plot.series[-1], bars)
    inside(chart, left / place.width, 0.0, wide / place.width, high / place.height)


def _axis(low: float, most: float, wide: float, amounts: float) -> tuple[list[float], float]:
    """The numbers of an axis that stand side by side, and its end, which leaves room for amounts behind bars."""
    number = max(width(f"-€{one:,.0f}", SMALLEST) for one in (abs(low), abs(most))) / POINTS + 0.12
    for steps in range(5, 0, -1):
        ticks = nice_ticks(low, most, steps)
        reach = ticks[0] + (most - ticks[0]) * wide / max(wide - amounts, 1.0)
        if (reach - ticks[0]) / (ticks[1] - ticks[0]) * number <= wide:
            break
    return ticks, reach


def _broken(label: str, room: float, lines: int) -> str:
    """A name in so many lines as it may take, cut where it needs more."""
    said = fitted(plain(label, 160), room, 999, SMALL, most=lines).text
    return "\n".join(lines_of(said, SMALLEST, room))


def _data(labels: Sequence[str], bars: Sequence[Bar], room: float) -> Any:
    """Series from zero outwards: the piece that is not seen, then what is, above and below zero by meaning."""
    data = CategoryChartData()  # type: ignore[no-untyped-call]
    data.categories = list(labels)[::-1]

    def put(name: str, values: Sequence[float]) -> None:
        said = [float(f"{value:.12g}") for value in values][::-1]
        data.add_series(name, said)  # type: ignore[no-untyped-call]

    ends = [(min(bar.start, bar.end), max(bar.start, bar.end)) for bar in bars]
    put(_HIDDEN, [low if low > 0 else high if high < 0 else 0.0 for low, high in ends])
    for meaning in _WAYS:
        if any(bar.meaning == meaning for bar in bars):
            own = [pair if bar.meaning == meaning else (0.0, 0.0) for bar, pair in zip(bars, ends, strict=True)]
            put(meaning, [max(high, 0.0) - max(low, 0.0) for low, high in own])
            put(f"{meaning}, below zero", [min(low, 0.0) - min(high, 0.0) for low, high in own])
    put(_NAMED, [room] * len(bars))
    return data


def styled(chart: Any, data: Any) -> None:
    """The type face of a chart, and figures behind it that are text where they are text, under a fixed date."""
    chart.has_title = False
    font = chart.font
    font.name, font.size = FACE, Pt(SMALLEST)
    font.color.rgb = coloured(INK)
    chart.part.chart_workbook.update_from_xlsx_blob(_figures(data))


def _figures(data: Any) -> bytes:
    """The workbook behind a chart, laid out as the chart refers to it."""
    import xlsxwriter

    file = io.BytesIO()
    plainly = {
        "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    }  # fmt: skip
    book = xlsxwriter.Workbook(file, plainly)
    book.set_properties({"author": "Touchstone", "created": MADE})
    sheet = book.add_worksheet("Sheet1")
    sheet.set_column(0, 0, 40)
    for row, category in enumerate(data.categories, start=1):
        sheet.write_string(row, 0, str(category.label))
    for column, series in enumerate(data, start=1):
        sheet.write_string(0, column, series.name)
        for row, value in enumerate(series.values, start=1):
            if value is not None:
                sheet.write_number(row, column, value)
    book.close()
    return file.getvalue()


def _axes(chart: Any, ticks: Sequence[float], reach: float, form: str) -> None:
    values, names = chart.value_axis, chart.category_axis
    values.minimum_scale, values.maximum_scale = ticks[0], float(f"{reach:.6g}")
    values.major_unit = float(f"{ticks[1] - ticks[0]:.12g}")
    quiet_axis(values, form)
    if not form:
        values.has_major_gridlines = False
        values.tick_label_position = XL_TICK_LABEL_POSITION.NONE
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.format.line.color.rgb = coloured(INK)
    names.tick_labels.font.size = Pt(SMALLEST)
    every_so_many(names, 1)


def every_so_many(axis: Any, step: int) -> None:
    """Name every so many places of an axis; without this, programs leave names out as they see fit."""
    element = axis._element
    after = element.find(qn("c:noMultiLvlLbl"))
    for name in ("c:tickLblSkip", "c:tickMarkSkip"):
        made = element.makeelement(qn(name), {"val": str(step)})
        if after is None:
            element.append(made)
        else:
            after.addprevious(made)


def quiet_axis(axis: Any, form: str) -> None:
    """An axis of amounts: light lines behind, its numbers in grey."""
    axis.has_major_gridlines = True
    axis.major_gridlines.format.line.color.rgb = coloured(RULE)
    axis.format.line.fill.background()
    axis.major_tick_mark = XL_TICK_MARK.NONE
    axis.tick_labels.number_format, axis.tick_labels.number_format_is_linked = form, False
    axis.tick_labels.font.size = Pt(SMALLEST)
    axis.tick_labels.font.color.rgb = coloured(SOFT)
    axis._element.txPr.find(qn("a:bodyPr")).set("rot", "0")  # level, or left out


def _painted(series: Any) -> None:
    """Its colour; money that goes out is hatched, so that colour is not the only sign."""
    fill, line = series.format.fill, series.format.line
    series.invert_if_negative = False
    meaning = series.name.partition(",")[0]
    if meaning not in _WAYS:
        fill.background()
        line.fill.background()
    elif meaning == "cost":
        fill.patterned()
        fill.pattern = MSO_PATTERN.WIDE_UPWARD_DIAGONAL
        fill.fore_color.rgb, fill.back_color.rgb = coloured(COLOURS["cost"]), coloured(PAPER)
        line.color.rgb = coloured(COST_INK)
    else:
        fill.solid()
        fill.fore_color.rgb = coloured(COLOURS[meaning])
        line.fill.background()


def _said(series: Any, bars: Sequence[Bar]) -> None:
    """The amount of each bar behind its end."""
    for number, bar in enumerate(reversed(bars)):
        label = series.points[number].data_label
        frame = label.text_frame
        frame.word_wrap = False
        run = frame.paragraphs[0].add_run()
        run.text = plain(bar.said, 80)
        run.font.size, run.font.name = Pt(SMALLEST), FACE
        run.font.color.rgb = coloured(INK)
        label.position = XL_LABEL_POSITION.INSIDE_BASE


def inside(chart: Any, left: float, top: float, wide: float, high: float) -> None:
    """Where the bars themselves stand in a chart, in parts of it."""
    area = chart._chartSpace.chart.plotArea
    for old in area.findall(qn("c:layout")):
        area.remove(old)
    layout = area.makeelement(qn("c:layout"), {})
    manual = layout.makeelement(qn("c:manualLayout"), {})
    layout.append(manual)
    given = {"layoutTarget": "inner", "xMode": "edge", "yMode": "edge"}
    given |= {"x": f"{left:.4f}", "y": f"{top:.4f}", "w": f"{wide:.4f}", "h": f"{high:.4f}"}
    for name, value in given.items():
        manual.append(manual.makeelement(qn(f"c:{name}"), {"val": value}))
    area.insert(0, layout)
