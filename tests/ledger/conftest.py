"""What the tests of the ledger share: figures made by hand, and closes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from analysis.foundation.calendar import Month
from analysis.ledger.close import Closing, close_month
from analysis.ledger.store import Ledger
from analysis.metrics.catalogue import definition
from analysis.metrics.figure import Metric, MetricsResult

Row = Callable[..., Metric]


def made_row(metric: str, period: str, value: float | None, **changes: Any) -> Metric:
    """A figure; with `above` and `below` a ratio of them."""
    entry = definition(metric)
    above, below = changes.pop("above", None), changes.pop("below", None)
    if below:
        value = above / below
    given = {
        "version": 1,
        "basis": entry.bases[0],
        "unit": entry.unit,
        "numerator": value if above is None else above,
        "denominator": below,
        "reason": None if value is not None else "nothing was counted",
        "segment": {},
    } | changes
    if value is None and "numerator" not in changes:
        given["numerator"] = above
    return Metric(id=metric, period=period, value=value, **given)


def result_of(*rows: Metric, whole: str = "2026q3") -> MetricsResult:
    return MetricsResult(rows, MappingProxyType({}), whole)


def over(month: str) -> datetime:
    """Five days past the month's end, in UTC."""
    return datetime.combine(Month.of(month).plus(1).first_day, datetime.min.time()) + timedelta(days=5)


def closed(ledger: Ledger, month: str, *rows: Metric, known_at: datetime | None = None, **given: Any) -> Closing:
    inputs: Mapping[str, str] = {
        name: f"sha256:{name}" for name in ("issues", "mentions", "orders", "touchpoints", "customers")
    }
    return close_month(
        ledger,
        result_of(*rows),
        month=Month.of(month),
        known_at=known_at or over(month),
        **{"over_from": over(month), "inputs": inputs, "params": "sha256:p", "code": "sha256:c"} | given,
    )


@pytest.fixture
def row() -> Row:
    """Makes a figure: `row("mentions", "2026-07", 1000)`."""
    return made_row


@pytest.fixture
def result() -> Callable[..., MetricsResult]:
    """Makes a result of figures."""
    return result_of


@pytest.fixture
def close() -> Callable[..., Closing]:
    """Closes a month five days past its end: `close(ledger, "2026-07", *rows)`; nothing is written."""
    return closed


@pytest.fixture
def empty(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "care")


@pytest.fixture
def three(empty: Ledger) -> Ledger:
    """Three closes: July; August, with late news of July; September."""
    ledger = empty.append(closed(empty, "2026-07", *_figures("2026-07", 1000, 700)))
    ledger = ledger.append(closed(ledger, "2026-08", *_figures("2026-07", 1003, 702), *_figures("2026-08", 1100, 800)))
    rows = [*_figures("2026-07", 1003, 702), *_figures("2026-08", 1100, 800), *_figures("2026-09", 900, 600)]
    return ledger.append(closed(ledger, "2026-09", *rows))


def _figures(period: str, mentions: int, answered: int) -> list[Metric]:
    return [
        made_row("mentions", period, mentions),
        made_row("mentions_by_kind", period, mentions - 300, segment={"kind": "inquiry"}),
        made_row("mentions_by_kind", period, 300, segment={"kind": "praise"}),
        made_row("response_rate", period, None, above=answered, below=1000),
    ]
