"""Are the figures from elsewhere whole periods, near the tables where they should be, and not equal to them?"""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from analysis.synthetic.clock import N_MONTHS
from analysis.synthetic.make import make_world


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("series")
    make_world(home, world="demo", seed=7, customers=3_000)
    return home


def test_the_ledger_is_near_the_tables_and_not_equal(folder: Path) -> None:
    rows = duckdb.sql(
        f"""
        select cost, value from
        (select date_trunc('month', opened_at at time zone 'Europe/London')::date as month, sum(cost) as cost
         from '{folder}/issues.parquet' group by 1)
        join '{folder}/series.parquet' on period_start = month where series_id = 'general_ledger_support_cost'
        """
    ).fetchall()
    assert len(rows) == N_MONTHS
    for cost, value in rows:
        assert value != cost
        assert abs(value / cost - 1) < Decimal("0.06")


def test_series_are_whole_months_or_days_and_reach_stays_below_what_was_seen(folder: Path) -> None:
    series = f"'{folder}/series.parquet'"
    counted = dict(duckdb.sql(f"select series_id, count(*) from {series} group by 1").fetchall())
    platforms = ("twitter", "facebook", "instagram", "youtube")
    assert counted == {
        **{f"followers_{name}": 1_096 for name in platforms},
        **{f"reach_{name}": N_MONTHS for name in platforms},
        "ad_spend": N_MONTHS,
        "general_ledger_support_cost": N_MONTHS,
    }
    over = duckdb.sql(
        f"""
        select count(*) from {series} join
        (select 'reach_' || platform as series_id, sum(quantity) as seen,
                date_trunc('month', occurred_at at time zone 'Europe/London')::date as period_start
         from '{folder}/post_actions.parquet' join '{folder}/posts.parquet' using (post_id)
         where kind = 'impression' group by all) using (series_id, period_start)
        where value > seen
        """
    ).fetchall()
    assert over == [(0,)]
    ends = duckdb.sql(
        f"select count(*) from {series} where series_id like 'reach%' and period_end <> last_day(period_start)"
    ).fetchall()
    assert ends == [(0,)]
