"""Which figures and effects did the study find? The rows of `results.json` as plain values, to look things up in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from analysis.foundation.errors import DesignError
from analysis.reporting.formats import plain
from analysis.reporting.workbook.sheet import Book

MOST_ROWS = 1_048_000
"""Rows of figures that a sheet takes, its own headings counted off."""
MOST_PRINTED = 100
"""Rows of them that are printed: thousands are looked up, not read on paper."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of the sheet: where its cells stand in a row of the results, its heading, its width."""

    key: str
    head: str
    width: float
    is_number: bool = False


FIGURES = (
    _Column("id", "Figure", 34),
    _Column("version", "Version", 8, True),
    _Column("period", "Period", 18),
    _Column("segment", "Group", 26),
    _Column("value", "Value", 14, True),
    _Column("unit", "Unit", 14),
    _Column("numerator", "Numerator", 14, True),
    _Column("denominator", "Denominator", 14, True),
    _Column("basis", "Counted by", 12),
    _Column("state", "State", 12),
    _Column("note", "Note", 60),
)
EFFECTS = (
    _Column("design", "Study", 18),
    _Column("estimand", "Effect", 20),
    _Column("outcome", "Outcome", 22),
    _Column("segment", "Group", 22),
    _Column("scale", "Scale", 11),
    _Column("value", "Value", 12, True),
    _Column("low", "From", 12, True),
    _Column("high", "To", 12, True),
    _Column("level", "Interval", 9, True),
    _Column("unit", "Unit", 22),
    _Column("grade", "Evidence", 9),
    _Column("n_treated", "Contacted", 11, True),
    _Column("n_comparison", "Comparison", 11, True),
    _Column("maturity", "Time after", 11),
    _Column("claim", "What may be said", 90),
)
SHEETS: tuple[tuple[str, str, str, Sequence[_Column]], ...] = (
    ("Figures", "metrics", "Figures of the study, as computed", FIGURES),
    ("Effects", "effects", "Effects of the study, as computed", EFFECTS),
)


def write_figures(book: Book, results: Mapping[str, Any]) -> None:
    """Write a sheet of figures and one of effects, each row as the results hold it.

    Raises
    ------
    DesignError
        If there are more rows than a sheet takes.
    """
    for name, key, title, columns in SHEETS:
        rows = results.get(key) or []
        if len(rows) > MOST_ROWS:
            raise DesignError(f"The results hold {len(rows):,} rows of `{key}`; a sheet takes {MOST_ROWS:,}.")
        sheet = book.sheet(name, [column.width for column in columns], first_row=2)
        sheet.text(0, 0, title, "title")
        sheet.text(1, 0, _told(len(rows), key), "group")
        sheet.heads(2, [column.head for column in columns], [n for n, one in enumerate(columns) if one.is_number])
        sheet.page.freeze_panes(3, 1)
        for place, row in enumerate(rows, start=3):
            for number, column in enumerate(columns):
                value = row.get(column.key)
                if value is None:
                    continue
                if column.is_number and isinstance(value, int | float):
                    sheet.number(place, number, float(value), _form(column.key, float(value)))
                else:
                    sheet.text(place, number, _written(value), "text" if column.key == "claim" else "plain")
        sheet.page.autofilter(2, 0, 2 + len(rows), len(columns) - 1)
        if len(rows) > MOST_PRINTED:
            sheet.page.print_area(0, 0, 2 + MOST_PRINTED, len(columns) - 1)


def _told(rows: int, key: str) -> str:
    said = "Plain values: nothing here recomputes."
    if rows <= MOST_PRINTED:
        return said
    return f"{said} Of {rows:,} rows the first {MOST_PRINTED} are printed; all of them are in tables/{key}.csv as well."


def _form(key: str, value: float) -> str:
    if key == "level":
        return "0%"
    return "#,##0" if value.is_integer() else "#,##0.00" if abs(value) >= 100 else "0.0000"


def _written(value: object) -> str:
    if isinstance(value, Mapping):
        return plain(", ".join(f"{name}: {one}" for name, one in value.items()) or "all", 600)
    return plain(value, 2_000)
