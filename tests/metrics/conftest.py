"""A few rows that can be counted by eye, through the whole path: written, read, checked, counted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.foundation.calendar import Month, Period
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.figure import Metric, MetricsResult
from analysis.tables.load import Source, Tables, open_tables, prepare

Q3 = Period.of("2026q3", "UTC").months()


class Company:
    """A folder of tables; what a row leaves out is empty, and a column that no row has is absent."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "company"
        self.folder.mkdir()

    def table(self, name: str, *rows: dict[str, Any], **same: Any) -> Company:
        """Writes a table; `same` stands in every row that does not say otherwise. Ids are numbered where not given."""
        key = {"mentions": "mention_id", "orders": "order_id", "issues": "issue_id", "surveys": "survey_id",
               "subscriptions": "subscription_id"}[name]  # fmt: skip
        frame = pd.DataFrame([{key: f"{name[0]}{n}", **same, **row} for n, row in enumerate(rows)])
        frame.to_csv(self.folder / f"{name}.csv", index=False)
        return self

    def counted(
        self,
        months: Sequence[Month] = Q3,
        *,
        zone: str = "UTC",
        rules: Rules | None = None,
        known_at: datetime | None = None,
    ) -> MetricsResult:
        prepared = prepare([Source(self.folder)], cache=self.folder.parent / "cache", zone=zone)
        with open_tables(prepared, as_known_at=known_at) as tables:
            return care_metrics(tables, months=months, zone=zone, rules=rules)


@pytest.fixture
def company(tmp_path: Path) -> Company:
    return Company(tmp_path)


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., Tables]]:
    """A function from frames (a keyword a table) to open tables."""
    held: list[Tables] = []

    def make(zone: str = "UTC", **frames: pd.DataFrame) -> Tables:
        folder = tmp_path / f"company-{len(held)}"
        folder.mkdir()
        for name, frame in frames.items():
            frame.to_csv(folder / f"{name}.csv", index=False)
        held.append(open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone=zone)))
        return held[-1]

    yield make
    for tables in held:
        tables.close()


@pytest.fixture
def one():
    """The one figure of a metric, period, basis and segment."""

    def found(
        result: MetricsResult, metric: str, period: str = "2026q3", *, basis: str | None = None, **segment: str
    ) -> Metric:
        rows = [row for row in result.metrics if (row.id, row.period, dict(row.segment)) == (metric, period, segment)]
        (row,) = [row for row in rows if basis in (None, row.basis)]
        return row

    return found
