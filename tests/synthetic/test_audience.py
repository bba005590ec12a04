"""Do the tables of posts and actions hold what the truth says, by month and on both bases?"""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analysis.synthetic.audience import audience_of, audience_tables
from analysis.synthetic.make import make_world

ZONE = "Europe/London"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("posts")
    make_world(home, world="demo", seed=7, customers=2_000)
    return home


def test_tables_and_truth_agree_by_month_and_basis(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())
    events = f"'{folder}/post_actions.parquet'"
    happened = duckdb.sql(
        f"""
        select strftime(occurred_at at time zone '{ZONE}', '%Y-%m'), kind, sum(quantity)::bigint
        from {events} group by 1, 2
        """
    ).fetchall()
    for month, kind, total in happened:
        assert truth["actions"][month][kind] == total
    assert sum(total for *_, total in happened) == sum(sum(month.values()) for month in truth["actions"].values())
    credited = duckdb.sql(
        f"""
        select case when published_at is null then 'unknown'
                    when published_at < timestamptz '2023-09-30 23:00:00+00' then 'before'
                    else strftime(published_at at time zone '{ZONE}', '%Y-%m') end,
               kind, sum(quantity)::bigint
        from {events} left join '{folder}/posts.parquet' using (post_id) group by 1, 2
        """
    ).fetchall()
    for month, kind, total in credited:
        assert truth["actions_by_post"][month][kind] == total
    assert {month for month, *_ in credited} >= {"unknown", "before", "2025-03"}


def test_no_count_is_in_both_tables(folder: Path) -> None:
    both = duckdb.sql(
        f"""
        select count(*) from '{folder}/post_actions.parquet' a join '{folder}/post_counters.parquet' c
        on a.post_id = c.post_id
        """
    ).fetchall()
    assert both == [(0,)]
    assert duckdb.sql(f"select count(*) from '{folder}/post_counters.parquet'").fetchall()[0][0] > 10_000


def test_the_number_of_links_is_that_of_the_posts_table(folder: Path) -> None:
    truth = json.loads((folder / "truth.json").read_text())["links"]
    found = duckdb.sql(
        f"""
        select count(*), count(*) filter (posts > 1) from
        (select link_id, count(*) as posts from '{folder}/posts.parquet' where link_id is not null group by 1)
        """
    ).fetchall()
    assert found == [(truth["carried"], truth["reused"])]


def test_the_number_of_rows_hardly_grows_with_the_company() -> None:
    small, large = (audience_of(seed=1, customers=size, clickers=np.arange(3)) for size in (400, 400_000))
    assert len(small.posts) == len(large.posts)
    assert len(large.actions) < 20 * len(small.actions)


def test_a_company_of_one_customer_has_tables_too() -> None:
    tables = audience_tables(audience_of(seed=1, customers=1, clickers=np.arange(0)))
    assert all(table.num_rows for table in tables.values())
