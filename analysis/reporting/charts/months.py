"""Which months does a metric have, and which of them may still change? What the charts of metrics share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.reporting.charts.figure import NothingToDraw
from analysis.reporting.formats import plain
from analysis.reporting.rows import Row, metric_rows, monthly, of_metric


def monthly_rows(metrics: Any, metric: str, what: str, *by: str, basis: str | None = None) -> list[Row]:
    """The months of a metric, split by these segments; an error that says what is missing if there are none."""
    rows = monthly(of_metric(metric_rows(metrics), metric, *by, basis=basis))
    if rows:
        return rows
    lack = getattr(metrics, "missing", {}).get(metric)
    why = f"it could not be counted: {lack} is missing" if lack else "this result does not hold it by month"
    raise NothingToDraw(f"The chart of {what} needs the metric `{metric}`; {why}.")


def monthly_frame(rows: Sequence[Row], *by: str) -> pd.DataFrame:
    """One row a month (and segment): value, the two numbers it is made of, and its state."""
    columns: dict[str, list[Any]] = {"month": [row["period"] for row in rows]}
    columns |= {name: [plain(row["segment"][name], 60) for row in rows] for name in by}
    for name in ("value", "numerator", "denominator"):
        columns[name] = [None if row.get(name) is None else float(row[name]) for row in rows]
    columns["state"] = [row["state"] for row in rows]
    return pd.DataFrame(columns).astype({"value": float, "numerator": float, "denominator": float})


def provisional_in_words(frame: pd.DataFrame) -> str:
    """Which of the months may still change, for a subtitle."""
    months = frame.loc[frame["state"] == "provisional", "month"].nunique()
    if months == 0:
        return ""
    every = months == frame["month"].nunique()
    return " (all months provisional)" if every else " (hollow: provisional)"
