"""Do rows come to the records after their events, most within two days, a few after the close, some in bursts?"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analysis.synthetic.clock import DATA_END, DATA_START, DAY_START, MONTH_DAY, epoch_seconds
from analysis.synthetic.known import (
    GRACE_S,
    HOUR,
    INSTAGRAM_LATE,
    LATE_SHARE,
    LONGEST_LAG_S,
    MINUTES,
    Burst,
    known_from,
)
from analysis.synthetic.make import make_world

EVENT_TIMES = {
    "assignments": "assigned_at",
    "customers": "joined_at",
    "issues": "opened_at",
    "mentions": "posted_at",
    "orders": "ordered_at",
    "outcomes": "measured_at",
    "post_actions": "occurred_at",
    "post_counters": "observed_at",
    "posts": "published_at",
    "subscriptions": "started_at",
    "surveys": "asked_at",
    "touchpoints": "occurred_at",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("known")
    make_world(home, world="demo", seed=7, customers=3_000)
    return home


@pytest.fixture(scope="module")
def events() -> np.ndarray:
    return np.random.default_rng(1).integers(DATA_START, DATA_END, size=200_000)


def test_no_row_is_known_before_its_event_or_after_the_data(events: np.ndarray) -> None:
    known = known_from(events, np.random.default_rng(2), usual_s=HOUR)
    assert (known >= events).all()
    assert known.max() <= DATA_END


def test_the_usual_lag_is_the_median_and_two_days_the_most(events: np.ndarray) -> None:
    lag = known_from(events, np.random.default_rng(2), usual_s=HOUR, late_share=0.0) - events
    assert np.median(lag) == pytest.approx(HOUR, rel=0.03)
    assert lag.max() <= LONGEST_LAG_S


def test_one_in_fifty_comes_after_the_grace_of_its_month(events: np.ndarray) -> None:
    """Every row that is late at all is past the close; those that would come after the data come in time."""
    known = known_from(events, np.random.default_rng(2), usual_s=HOUR)
    closes = DAY_START[MONTH_DAY][np.searchsorted(DAY_START[MONTH_DAY], events, side="right")] + GRACE_S
    late = known - events > LONGEST_LAG_S
    assert (known[late] > closes[late]).all()
    early = events < DATA_END - 80 * 86_400  # whose late rows all come while the data last
    assert late[early].mean() == pytest.approx(LATE_SHARE, abs=0.0015)
    assert not late[events >= DAY_START[MONTH_DAY[-2]]].any()


def test_a_burst_comes_on_its_day_and_only_for_its_source_and_days(events: np.ndarray) -> None:
    source = np.arange(len(events)) % 3 == 0
    given = {"usual_s": MINUTES, "late_share": 0.0}
    plain = known_from(events, np.random.default_rng(2), **given)
    known = known_from(events, np.random.default_rng(2), held_up=source, burst=INSTAGRAM_LATE, **given)
    struck = source & INSTAGRAM_LATE.holds(events)
    assert struck.sum() > 100
    arrived = epoch_seconds(INSTAGRAM_LATE.arrived)
    assert ((known[struck] >= arrived) & (known[struck] < arrived + 86_400)).all()
    assert np.array_equal(known[~struck], plain[~struck])


def test_the_days_of_a_burst_are_local_days_first_and_last_included() -> None:
    burst = Burst(first=date(2025, 8, 18), last=date(2025, 8, 19), arrived=date(2025, 9, 13))
    start, end = epoch_seconds(date(2025, 8, 18)), epoch_seconds(date(2025, 8, 20))
    assert burst.holds(np.array([start - 1, start, end - 1, end])).tolist() == [False, True, True, False]


@pytest.mark.parametrize(("table", "event"), EVENT_TIMES.items())
def test_every_event_table_says_when_it_knew(folder: Path, table: str, event: str) -> None:
    [(rows, missing, early, after)] = duckdb.sql(
        f"""
        select count(*), count(*) filter (known_at is null), count(*) filter (known_at < {event}),
               count(*) filter (known_at > timestamptz '2026-09-30 23:00:00+00')
        from '{folder}/{table}.parquet'
        """
    ).fetchall()
    assert rows
    assert (missing, early, after) == (0, 0, 0)


def test_one_platform_s_mentions_of_a_week_came_three_weeks_late(folder: Path) -> None:
    [(rows, on_the_day)] = duckdb.sql(
        f"""
        select count(*), count(*) filter (known_at >= timestamptz '2025-09-13 00:00:00+01'
                                          and known_at < timestamptz '2025-09-14 00:00:00+01')
        from '{folder}/mentions.parquet' where platform = 'instagram'
          and posted_at >= timestamptz '2025-08-18 00:00:00+01' and posted_at < timestamptz '2025-08-25 00:00:00+01'
        """
    ).fetchall()
    assert rows == on_the_day > 3
