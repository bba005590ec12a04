"""A small made-up company for what the case counts on tables: frames of the contract, and those opened in the engine.

Everything is drawn from one seed; the frames are kept, so that a test can count the same slowly in pandas.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.tables.load import Source, Tables, open_tables, prepare

CHANNELS = ("phone", "email", "social", "chat")
COST = {"phone": 8.0, "email": 4.0, "social": 3.0, "chat": 5.0}
FIRST, MONTHS = pd.Timestamp("2025-01-01"), 24


def company(customers: int = 300, seed: int = 7) -> dict[str, pd.DataFrame]:
    """Two years of issues, orders, subscriptions and mentions, from 2025-01 to 2026-12."""
    rng = np.random.default_rng(seed)
    days = (pd.Timestamp("2027-01-01") - FIRST).days

    def whose(n: int) -> np.ndarray:
        return np.array([f"{number:04d}" for number in rng.integers(0, customers, n)], dtype=object)

    def when(n: int) -> pd.DatetimeIndex:
        seconds = np.sort(rng.integers(0, days * 86_400, n))
        seconds[0], seconds[-1] = 60, days * 86_400 - 60
        return FIRST + pd.to_timedelta(seconds, unit="s")

    n = 5 * customers
    issues = pd.DataFrame({"customer_id": whose(n), "opened_at": when(n), "channel": rng.choice(CHANNELS, n)})
    issues["cost"] = issues["channel"].map(COST) + rng.choice([-0.5, 0.5], n)
    issues["currency"] = "EUR"
    issues["issue_id"] = [f"I{row}" for row in range(n)]
    issues.loc[rng.random(n) < 0.1, "customer_id"] = None
    n = 6 * customers
    orders = pd.DataFrame({"customer_id": whose(n), "ordered_at": when(n)})
    orders["revenue"] = np.round(rng.uniform(20, 60, n), 2)
    orders["margin"] = np.round(0.3 * orders["revenue"], 2)
    orders["currency"] = "EUR"
    orders["order_id"] = [f"O{row}" for row in range(n)]
    subscriptions = pd.DataFrame({"customer_id": [f"{number:04d}" for number in range(customers)]})
    subscriptions["subscription_id"] = "S" + subscriptions["customer_id"]
    subscriptions["started_at"] = FIRST - pd.to_timedelta(rng.integers(1, 500, customers), unit="D")
    ends = FIRST + pd.to_timedelta(rng.integers(30, 1500, customers), unit="D")
    subscriptions["ended_at"] = ends.where(ends < pd.Timestamp("2027-01-01"))
    subscriptions["monthly_margin"] = np.round(rng.uniform(5, 15, customers), 2)
    subscriptions["currency"] = "EUR"
    n = 3 * customers
    mentions = pd.DataFrame({"customer_id": whose(n), "posted_at": when(n)})
    mentions["sales_flag"] = rng.choice(np.array([None, "new_sale", "cancel_save"], dtype=object), n, p=[0.3, 0.3, 0.4])
    mentions["mention_id"] = [f"M{row}" for row in range(n)]
    mentions["author_id"] = mentions["customer_id"]
    mentions["platform"] = "x"
    mentions.loc[rng.random(n) < 0.3, "customer_id"] = None
    return {"issues": issues, "orders": orders, "subscriptions": subscriptions, "mentions": mentions}


@contextmanager
def opened(folder: Path, frames: Mapping[str, pd.DataFrame]) -> Iterator[Tables]:
    """Frames as tables of the contract, times taken as UTC."""
    source = folder / "tables"
    source.mkdir()
    for name, frame in frames.items():
        frame.to_csv(source / f"{name}.csv", index=False, date_format="%Y-%m-%dT%H:%M:%SZ")
    with open_tables(prepare([Source(source)], cache=folder / "cache", zone="UTC")) as tables:
        yield tables


def month(times: pd.Series) -> pd.Series:
    """Months since January 1970."""
    return (times.dt.year - 1970) * 12 + times.dt.month - 1


def effect(outcome: str = "margin", value: float = 10.0, se: float = 2.0, **changes: Any) -> dict[str, Any]:
    """A row of the contract's effects that may become money."""
    unit = {"orders": "orders per customer", "issues": "issues per customer"}.get(outcome, "EUR per customer")
    return {
        "design": "before_after",
        "estimand": "channel_effect",
        "outcome": outcome,
        "scale": "difference",
        "segment": {},
        "value": value,
        "se": se,
        "unit": unit,
        "n_treated": 1200,
        "index_from": "2025-04",
        "index_to": "2026-03",
        "after_months": 3,
        "maturity": "mature",
        "declared": True,
        "grade": "B",
    } | changes
