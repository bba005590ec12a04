"""What the tests of the register share: a promise made by hand, and closed months to hold it against."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from analysis.foundation.calendar import Month
from analysis.ledger.close import close_month
from analysis.ledger.store import Ledger
from analysis.metrics.catalogue import definition
from analysis.metrics.figure import Metric, MetricsResult
from analysis.roi.register.promise import Promise

WRITTEN: dict[str, Any] = {
    "schema": "touchstone.promise/1",
    "id": "cheaper-issues",
    "description": "Issues that cost less",
    "owner": "Ada Okafor",
    "kind": "cashable",
    "measure": {"metric": "cost_per_issue", "version": 1},
    "better": "lower",
    "unit": "EUR",
    "grade": "B",
    "launch": "2026-07-01",
    "baseline": {"value": 12.5, "from": "2026-01", "to": "2026-05", "known_at": "2026-06-08"},
    "promised": [
        {"period": "2026-07", "value": 1000.0, "low": 600.0, "high": 1400.0, "volume": 1000.0},
        {"period": "2026-08", "value": 2000.0, "low": 1200.0, "high": 2800.0, "volume": 1000.0},
        {"period": "2026-09", "value": 2000.0, "low": 1200.0, "high": 2800.0, "volume": 1000.0},
    ],
    "leading": [
        {"metric": "response_rate", "version": 1, "basis": "post", "at_least": 0.7, "by": "2026-08-31"},
    ],
}


def promise_of(**changes: Any) -> Promise:
    """The promise with some keys changed; None takes one out."""
    written = {key: value for key, value in (WRITTEN | changes).items() if value is not None}
    import json

    return Promise.model_validate_json(json.dumps(written))


def approved(promise: Promise, *, at: str = "2026-06-20", by: str = "Lin Wei") -> Promise:
    """The promise, approved and sealed."""
    from datetime import date

    frozen = promise.model_copy(update={"approved_at": date.fromisoformat(at), "approved_by": by})
    return frozen.model_copy(update={"seal": frozen.sealed()})


def figure_of(metric: str, period: str, above: float, below: float | None = None, **changes: Any) -> Metric:
    """A figure: a ratio of the two numbers, or a count."""
    entry = definition(metric)
    given: dict[str, Any] = {"version": 1, "basis": entry.bases[-1], "unit": entry.unit, "segment": {}} | changes
    value = above if below is None else above / below
    return Metric(id=metric, period=period, value=value, numerator=above, denominator=below, **given)


def close_of(ledger: Ledger, month: str, *rows: Metric, **given: Any) -> Ledger:
    """The ledger with one more close, five days past the month's end."""
    over = datetime.combine(Month.of(month).plus(1).first_day, datetime.min.time()) + timedelta(days=5)
    names = ("issues", "mentions", "orders", "touchpoints", "customers", "unit_costs")
    closing = close_month(
        ledger,
        MetricsResult(rows, MappingProxyType({}), "2026q3"),
        month=Month.of(month),
        known_at=over,
        over_from=over,
        inputs={name: f"sha256:{name}" for name in names},
        params="sha256:p",
        code="sha256:c",
        **given,
    )
    return ledger.append(closing)


@pytest.fixture
def made() -> Callable[..., Promise]:
    """Makes a promise: `made(launch="2026-08-01")`."""
    return promise_of


@pytest.fixture
def sealed() -> Callable[..., Promise]:
    """Approves a promise."""
    return approved


@pytest.fixture
def figure() -> Callable[..., Metric]:
    """Makes a figure: `figure("cost_per_issue", "2026-07", 11000, 1000)`."""
    return figure_of


@pytest.fixture
def close() -> Callable[..., Ledger]:
    """Closes a month: `close(ledger, "2026-07", *rows)`."""
    return close_of


@pytest.fixture
def empty(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "care")


@pytest.fixture
def two(empty: Ledger) -> Ledger:
    """July at 11.50 for 1,000 issues, August at 11.00 for 1,100; late news of July (1,010 issues) booked in August."""
    july, august = (
        figure_of("cost_per_issue", "2026-07", 11500, 1000),
        figure_of("cost_per_issue", "2026-08", 12100, 1100),
    )
    rates = [figure_of("response_rate", month, 600, 1000, basis="post") for month in ("2026-07", "2026-08")]
    ledger = close_of(empty, "2026-07", july, rates[0])
    late = figure_of("cost_per_issue", "2026-07", 11615, 1010)
    return close_of(ledger, "2026-08", late, august, *rates)
