"""Which figures does a made-up company have by period from elsewhere: followers, reach, ad spend, the general ledger?

Followers are a stock at each day's end. Reach is of people, counted by the platform for each calendar month: neither
months nor platforms add up. The ledger's support cost lies near the cost of the issues opened in a month and is not
it: invoices come late, and some of it is rounded and shared out by others.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from analysis.synthetic.clock import DAY_START, FIRST_MONTH, MONTH_DAY, N_MONTHS, calendar_month
from analysis.synthetic.columns import TEXT, instants, money
from analysis.synthetic.company import BLOCK, Ints
from analysis.synthetic.known import MORNING, known_from
from analysis.synthetic.posts import POST_PLATFORMS
from analysis.synthetic.world import CURRENCY

LEDGER = "general_ledger_support_cost"
_FOLLOWERS = (9_000.0, 14_000.0, 6_000.0, 2_500.0)
_YEARLY_GROWTH, _LEAVING_DAILY = (0.05, -0.03, 0.30, 0.15), 0.0006
_TIMES_SEEN = (1.6, 2.6)
_AD_SPEND_EUR, _AD_SEASON = 0.05, 0.35
_LEDGER_ABOVE, _LEDGER_NOISE = 0.008, 0.010
_BOOKS_CLOSE_AFTER_S = 3 * 86_400


def series_table(*, customers: int, seen: Ints, support_cents: Ints, rng: np.random.Generator) -> pa.Table:
    """All figures by period.

    Parameters
    ----------
    customers : int
    seen : array of int, shape (platforms, months)
        Impressions or views.
    support_cents : array of int, shape (months,)
        Cost of the issues opened in each month.
    rng : numpy.random.Generator

    Returns
    -------
    pyarrow.Table
        In the columns of the contract's `series`, with `known_at`: days the next morning, months three days after
        their end, and the last of both when the data end.

    Examples
    --------
    >>> table = series_table(customers=100, seen=np.full((4, 36), 50), support_cents=np.full(36, 10_000),
    ...                      rng=np.random.default_rng(1))
    >>> sorted(set(table["series_id"].to_pylist()))[:3]
    ['ad_spend', 'followers_facebook', 'followers_instagram']
    """
    days, months = np.arange(MONTH_DAY[-1]), np.arange(N_MONTHS)
    parts = []
    scale = np.sqrt(customers / BLOCK)
    for platform, name in enumerate(POST_PLATFORMS):
        stock = _followers(scale * _FOLLOWERS[platform], _YEARLY_GROWTH[platform], rng)
        parts.append(_part(f"followers_{name}", days, days, stock * 100, "followers", rng))
    for platform, name in enumerate(POST_PLATFORMS):
        people = np.floor(seen[platform] / rng.uniform(*_TIMES_SEEN, size=N_MONTHS)).astype(np.int64)
        parts.append(_monthly(f"reach_{name}", people * 100, "people"))
    season = 1 + _AD_SEASON * np.cos(2 * np.pi * (calendar_month(months) - 11) / 12)
    spent = customers * _AD_SPEND_EUR * season * np.exp(0.1 * rng.standard_normal(N_MONTHS))
    parts.append(_monthly("ad_spend", np.rint(100 * spent).astype(np.int64), CURRENCY))
    booked = support_cents * (1 + _LEDGER_ABOVE + _LEDGER_NOISE * rng.standard_normal(N_MONTHS))
    parts.append(_monthly(LEDGER, np.rint(booked).astype(np.int64), CURRENCY))
    return pa.concat_tables(parts)


def _followers(start: float, growth: float, rng: np.random.Generator) -> Ints:
    """The stock at the end of each day, from those who come and those who go."""
    days = int(MONTH_DAY[-1])
    trend = start * (1 + growth) ** (np.arange(days + 1) / 365.25)
    gone = rng.poisson(_LEAVING_DAILY * trend[:-1])
    come = rng.poisson(np.maximum(np.diff(trend) + _LEAVING_DAILY * trend[:-1], 0))
    return np.asarray(np.maximum(round(start) + np.cumsum(come - gone), 0))


def _monthly(name: str, cents: Ints, unit: str) -> pa.Table:
    return _part(name, MONTH_DAY[:-1], MONTH_DAY[1:] - 1, cents, unit, None)


def _part(name: str, first: Ints, last: Ints, cents: Ints, unit: str, rng: np.random.Generator | None) -> pa.Table:
    n, ends = len(first), DAY_START[last + 1]
    known = known_from(ends, rng, usual_s=MORNING, late_share=0.0) if rng else ends + _BOOKS_CLOSE_AFTER_S
    return pa.table(
        {
            "series_id": pa.array([name] * n, TEXT),
            "period_start": pa.array(_dates(first), pa.date32()),
            "period_end": pa.array(_dates(last), pa.date32()),
            "value": money(cents),
            "unit": pa.array([unit] * n, TEXT),
            "known_at": instants(np.minimum(known, DAY_START[-1])),
        }
    )


def _dates(days: Ints) -> list[date]:
    return [FIRST_MONTH.first_day + timedelta(days=int(day)) for day in days]
