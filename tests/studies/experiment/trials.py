"""Rows of small made-up experiments, as the contract's tables have them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

ASSIGNED = "2025-03-01T00:00:00"


def assigned(counts: Mapping[str, int], experiment: str = "trial", **columns: Any) -> pd.DataFrame:
    """One row a customer, arm by arm; customers are called by their arm and number."""
    rows = [(f"{arm}-{number}", arm) for arm, count in counts.items() for number in range(count)]
    return pd.DataFrame(rows, columns=["customer_id", "arm"]).assign(experiment_id=experiment, **columns)


def measured(assignments: pd.DataFrame, value: Any, name: str = "visits", **columns: Any) -> pd.DataFrame:
    """One outcome of every customer."""
    return assignments[["experiment_id", "customer_id"]].assign(name=name, value=value, **columns)


def people(assignments: pd.DataFrame, **columns: Any) -> pd.DataFrame:
    """One row of `customers` for everybody assigned."""
    return assignments[["customer_id"]].assign(joined_at="2024-01-01T00:00:00", **columns)


def orders_of(who: list[str], days: list[str], revenue: str = "10.00") -> pd.DataFrame:
    """An order of each of these customers on each of these days."""
    return pd.DataFrame(
        [(f"{one}-{day}", one, day, revenue, "EUR") for one in who for day in days],
        columns=["order_id", "customer_id", "ordered_at", "revenue", "currency"],
    )


def draws(seed: int, n: int) -> np.ndarray:
    """Poisson numbers of mean 3."""
    return np.random.default_rng(seed).poisson(3, n)
