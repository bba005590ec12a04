"""One function a table: a result goes in, a `Table` of plain escaped text comes out, with the frame behind it."""

from __future__ import annotations

from analysis.reporting.tables.counted import metrics, missing, rows_used
from analysis.reporting.tables.evidence import arms, checks, claims, effects, sample
from analysis.reporting.tables.money import case_lines, money
from analysis.reporting.tables.table import Table, frame

__all__ = [
    "Table",
    "arms",
    "case_lines",
    "checks",
    "claims",
    "effects",
    "frame",
    "metrics",
    "missing",
    "money",
    "rows_used",
    "sample",
]
