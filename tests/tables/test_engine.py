"""What every study takes for granted of the engine: order, exact sums, closed doors."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.tables.engine.duckdb_engine import DuckDBEngine, connected

PAIRS = """
    select one.place, count(other.place) as before
    from numbers one left join numbers other
        on other.part = one.part and other.place < one.place and other.place > one.place - 3000
    group by one.place order by one.place
"""


def numbers(n: int) -> str:
    return f"select i as place, hash(i) % 1000 as part from range(0, {n}) as t(i) order by hash(i)"


def test_rows_come_in_the_order_asked_for() -> None:
    """A release told not to preserve the order of insertion handed these over unordered, as Arrow and no other way."""
    with DuckDBEngine({}, files=[]) as engine:
        engine.keep("numbers", numbers(200_000))
        places = engine.query(PAIRS).column("place").to_numpy()
    assert (np.diff(places) > 0).all()


def test_sums_of_decimals_are_exact_and_the_same_every_time() -> None:
    values = "select cast(i % 97 as decimal(19, 6)) / 1 + 0.000001 as v from range(0, 300000) as t(i)"
    with DuckDBEngine({"amounts": f"select cast(v as decimal(19, 6)) as v from ({values})"}, files=[]) as engine:
        sums = {engine.query("select sum(v) as s from amounts").column("s").to_pylist()[0] for _ in range(5)}
    expected = Decimal(sum(i % 97 for i in range(300_000))) + Decimal("0.000001") * 300_000
    assert sums == {expected}


def test_batches_hold_every_row_once_and_in_order_and_may_be_left_before_the_end() -> None:
    with DuckDBEngine({"rows": "select i as place from range(0, 1000000) as t(i)"}, files=[]) as engine:
        batches = [batch.column(0).to_numpy() for batch in engine.batches("select place from rows")]
        assert len(batches) > 1
        np.testing.assert_array_equal(np.concatenate(batches), np.arange(1_000_000))
        left = engine.batches("select place from rows")
        assert next(left).column(0)[0].as_py() == 0
        left.close()
        assert engine.query("select count(*) as n from rows").column("n").to_pylist() == [1_000_000]


def test_what_goes_wrong_in_a_later_batch_is_said_in_words() -> None:
    with (
        DuckDBEngine({"rows": "select i as place from range(0, 1000000) as t(i)"}, files=[]) as engine,
        pytest.raises(DesignError, match="has no result for one of their values"),
    ):
        list(engine.batches("select ln(999999 - place) from rows"))


def test_a_number_too_large_to_be_summed_is_said_in_words_and_not_quoted() -> None:
    with (
        DuckDBEngine({}, files=[]) as engine,
        pytest.raises(DesignError, match="too large to be summed exactly") as told,
    ):
        engine.query("select cast(98765432109876543210 as decimal(19, 6))")
    assert "98765" not in str(told.value)


@pytest.mark.parametrize(
    "query", ["select ln(v) from rows", "select sqrt(v) from rows", "select v::varchar::date from rows"]
)
def test_what_is_no_overflow_is_not_called_one(query: str) -> None:
    with (
        DuckDBEngine({"rows": "select cast(-98765 as double) as v"}, files=[]) as engine,
        pytest.raises(DesignError, match="has no result for one of their values") as told,
    ):
        engine.query(query)
    assert "98765" not in str(told.value)


def test_a_query_reads_no_file_that_the_study_does_not_own(tmp_path: Path) -> None:
    own, other = tmp_path / "own", tmp_path / "other.csv"
    own.mkdir()
    (own / "a.csv").write_text("x\n1\n")
    other.write_text("secret\n1\n")
    with DuckDBEngine({"a": f"select * from read_csv('{own / 'a.csv'}')"}, files=[own]) as engine:
        assert engine.query("select * from a").num_rows == 1
        with pytest.raises(duckdb.PermissionException):
            engine.query(f"select * from read_csv('{other}')")
        with pytest.raises(duckdb.Error):
            engine.query("set enable_external_access = true")


def test_another_thread_reads_beside_and_sees_the_views_alone() -> None:
    """Half of one is read, then all of the other; times are of UTC in both, and what stands in is seen by one."""
    views = {"many": "select range as n, timestamptz '2025-07-01 00:00:00+02' as came_at from range(600000)"}
    with DuckDBEngine(views | {"few": "select 7 as n"}, files=[]) as engine:
        first = engine.batches("select n from many order by n")
        begun = next(first)
        assert sum(len(batch) for batch in engine.aside("select n from many")) == 600_000
        assert len(begun) + sum(len(batch) for batch in first) == 600_000
        lines = [engine.aside("select n from many order by n", line=line) for line in (0, 1, 2)]
        assert [next(line).column(0)[0].as_py() for line in lines] == 3 * [0]
        assert [sum(len(batch) for batch in line) + len(begun) for line in lines] == 3 * [600_000]
        (batch,) = engine.aside("select cast(came_at as varchar) as said from many where n = ?", [5])
        assert batch.column(0).to_pylist() == ["2025-06-30 22:00:00+00"]
        with engine.standing_in("many", "few"):
            assert engine.query("select count(*) as n from many").column("n").to_pylist() == [1]
            assert sum(len(batch) for batch in engine.aside("select n from many")) == 600_000


def test_nothing_is_read_aside_that_the_study_does_not_own(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    with DuckDBEngine({}, files=[]) as engine:
        for line in (0, 1, 2):
            with pytest.raises(duckdb.Error, match="file system operations are disabled"):
                list(engine.aside(f"select * from '{tmp_path / 'other.csv'}'", line=line))
            with pytest.raises(duckdb.Error, match="locked"):
                list(engine.aside("set TimeZone = 'America/New_York'", line=line))


def test_no_bar_is_drawn_among_the_answers() -> None:
    with connected() as connection:
        assert connection.execute("select current_setting('enable_progress_bar')").fetchone() == (False,)
    with DuckDBEngine({}, files=[]) as engine:
        (batch,) = engine.aside("select current_setting('enable_progress_bar') as bar")
        assert batch.column(0).to_pylist() == [False]
