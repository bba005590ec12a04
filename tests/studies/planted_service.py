"""Rows of the service study with planted truths: what the tests of its parts are fed with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.foundation.calendar import Month
from analysis.studies.service.table import NEVER, ServiceRows

FIRST = Month.of("2025-01")
PRODUCTS = ("bread", "milk", "tea")
_SECOND = 1_000_000


def planted(
    seed: int,
    n: int = 10_000,
    *,
    effect: float = 0.0,
    pull: float = 0.3,
    hidden: float = 0.0,
    load_buys: float = 0.0,
    surge_buys: float = 0.0,
    load_graver: float = 0.0,
    busy_days: float = 0.0,
    days: int = 180,
) -> ServiceRows:
    """A desk whose queue is luck, in Poisson orders around tastes that customers keep.

    `pull` is how much the load moves the chance of an answer in time; `hidden` an unrecorded gravity that delays the
    answer and lowers buying; `load_buys` and `surge_buys` what load, and days of other products' incidents, do to
    buying by another way; `load_graver` how far graver problems come with load; `busy_days` by how
    much days differ in what is written about all products, which brings an unrecorded trouble that lowers buying.
    """
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, days, n))
    surging = rng.random(days) < 0.12
    surge = surging[day]
    hour = rng.integers(8, 20, n)
    busy = np.random.default_rng([seed, 2]).standard_normal(days)[day] * busy_days
    usual = np.where(surge, 9.0, 4.0) * np.where(hour < 12, 1.3, 0.8) * np.exp(busy)
    load = rng.poisson(usual)
    gravity = rng.standard_normal(n)
    index = 0.6 - pull * (load - 4.0) - hidden * 0.6 * gravity + 0.8 * rng.standard_normal(n)
    in_time = index > 0
    after = np.random.default_rng([seed, 1]).poisson(usual)
    taste = rng.gamma(2.0, 1.0, n)
    log_after = np.log1p(effect) * in_time - hidden * 0.3 * gravity + load_buys * (load - 4.0) + surge_buys * surge
    log_after = log_after - 0.35 * busy
    severity = 1 + (rng.random(n) < 0.3 + load_graver * (load - 4.0)).astype(np.int64)
    wait = np.where(in_time, rng.integers(60, 3_600, n), rng.integers(3_601, 200_000, n)) * _SECOND
    wait[~in_time & (rng.random(n) < 0.1)] = NEVER
    epoch_day = (FIRST.first_day - Month.of("1970-01").first_day).days
    return rows_with(
        n,
        waited=wait,
        month=FIRST.number + day // 30,
        day=epoch_day + day,
        hour=hour,
        hour_of_week=(epoch_day + day + 3) % 7 * 24 + hour,
        product=rng.integers(0, 3, n),
        severity=severity,
        load=load,
        load_after=after,
        surge=surge,
        recent=np.minimum(rng.poisson(0.4, n), 2),
        earlier=np.minimum(rng.poisson(0.8, n), 4),
        observed=rng.integers(6, 30, n),
        before={"orders": rng.poisson(taste), "issues": rng.poisson(0.5, n)},
        after={"orders": rng.poisson(taste * np.exp(log_after)), "issues": rng.poisson(0.5, n)},
        attributes={"region": rng.integers(0, 2, n)},
    )


def rows_with(n: int, **columns: Any) -> ServiceRows:
    """Rows of which only what matters is given: answered after a minute, on one day, about bread, otherwise 0."""
    nothing = np.zeros(n, dtype=np.int64)
    usual: Mapping[str, Any] = {
        "waited": nothing + 60 * _SECOND,
        "bot": nothing > 0,
        "month": nothing + FIRST.number,
        **dict.fromkeys(
            ("day", "hour", "hour_of_week", "product", "episode", "recent", "earlier", "observed"), nothing
        ),
        "severity": nothing + 1,
        "load": nothing,
        "load_after": nothing,
        "surge": nothing > 0,
        "before": {"orders": nothing},
        "after": {"orders": nothing},
        "attributes": {},
        "labels": {"product": PRODUCTS, "region": ("east", "west")},
        "products": 3,
        "severity_known": True,
        "currency": "EUR",
        "account": {"customers_with_a_social_contact": n, "rows": n},
    }
    given = {name: np.asarray(value) if isinstance(value, list) else value for name, value in columns.items()}
    for side in ("before", "after"):
        if side in given:
            given[side] = {name: np.asarray(values) for name, values in given[side].items()}
    return ServiceRows(**{**usual, **given})
