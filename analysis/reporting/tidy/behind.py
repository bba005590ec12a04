"""Which figures are drawn on each page? Those behind every chart, as the notebook left them beside its picture."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analysis.reporting.formats import plain
from analysis.reporting.tidy.rows import Tidy, Value
from analysis.reporting.tidy.shapes import Column, Kind


def behind_charts(notebook: Mapping[str, Any], page: str) -> list[Tidy]:
    """The tables behind the charts of an executed notebook, in their order; charts without figures have none.

    Parameters
    ----------
    notebook : mapping
        As nbformat reads it.
    page : str
        The name of its page: tables are called `chart_<page>_<number>`.
    """
    return [
        _table(chart, f"chart_{page}_{number}")
        for number, chart in enumerate(_charts(notebook), start=1)
        if chart.get("rows") and chart.get("columns")
    ]


def _charts(notebook: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    from analysis.reporting.charts.figure import CHART_MIME  # here: who only names the tables draws no chart

    for cell in notebook.get("cells", ()):
        for output in cell.get("outputs", ()):
            chart = output.get("data", {}).get(CHART_MIME)
            if isinstance(chart, Mapping):
                yield chart


def _table(chart: Mapping[str, Any], name: str) -> Tidy:
    names = _different([str(one) for one in chart["columns"]])
    by_column = list(zip(*chart["rows"], strict=True))
    kinds = [_kind(values) for values in by_column]
    columns = tuple(
        Column(one, one, kind, "as drawn" if kind in ("number", "count") else "")
        for one, kind in zip(names, kinds, strict=True)
    )
    rows = tuple(tuple(_value(value, kind) for value, kind in zip(row, kinds, strict=True)) for row in chart["rows"])
    return Tidy(name, f"The figures behind the chart “{plain(chart.get('title', ''), 120)}”.", columns, rows)


def _different(names: list[str]) -> list[str]:
    """Names of which no two are the same: a later one is numbered."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        told.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return told


def _kind(values: Sequence[Any]) -> Kind:
    """What all values of a column are; a text where they are of several kinds."""
    there = [one for one in values if one is not None]
    if there and all(isinstance(one, bool) for one in there):
        return "flag"
    if there and all(isinstance(one, int | float) and not isinstance(one, bool) for one in there):
        return "number"
    return "text"


def _value(value: Any, kind: Kind) -> Value:
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if kind == "number":
        return float(value)
    return bool(value) if kind == "flag" else value if isinstance(value, str) else str(value)
