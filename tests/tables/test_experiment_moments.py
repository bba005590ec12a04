"""Moments of many outcomes at once: the same exact numbers as the slow roads, whatever the types of the columns."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError
from analysis.inference.moments import Moments
from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.experiment_moments import experiment_moments, margin
from analysis.tables.moments_of import moments_by

OUTCOMES = {"spend": ("eur", "eur_before"), "orders": ("n", "n_before", "eur_before"), "bought": ("yes", "yes_before")}
COLUMNS = ("eur", "eur_before", "n", "n_before", "yes", "yes_before")
MADE = """
    select case when hash(i) % 2 = 0 then 'a' else 'b' end as arm,
           case when hash(i + 9000) % 5 = 0 then null else 'area ' || hash(i + 9000) % 3 end as area,
           cast(hash(i + 10000) % 20000 / 100 as {money}) as eur,
           case when hash(i + 20000) % 9 > 0 then cast(hash(i + 20000) % 90000 / 100 as {money}) end as eur_before,
           cast(hash(i + 30000) % 9 as {count}) as n, cast(hash(i + 40000) % 7 as {count}) as n_before,
           hash(i + 50000) % 3 = 0 as yes, hash(i + 60000) % 4 = 0 as yes_before
    from range(3000) as t(i)
"""


def engine_of(query: str) -> DuckDBEngine:
    return DuckDBEngine({"rows": query}, files=[])


@pytest.mark.parametrize("money", ["decimal(9, 2)", "decimal(19, 6)", "double"])
@pytest.mark.parametrize("count", ["integer", "bigint", "hugeint", "utinyint", "tinyint", "smallint", "usmallint"])
def test_the_same_as_one_outcome_at_a_time_whatever_the_types(money, count) -> None:
    with engine_of(MADE.format(money=money, count=count)) as engine:
        found = experiment_moments(engine, "select * from rows", groups=["arm", "area"], outcomes=OUTCOMES)
        for name, columns in OUTCOMES.items():
            slow = moments_by(engine, "select * from rows", groups=["arm", "area"], measures=columns)
            assert {key: cell[name] for key, cell in found.items()} == slow
    assert len(found) == 8
    assert list(found)[-1] == ("b", None)


@pytest.mark.parametrize(
    "value", ["1.7e9 + i / 1e6", "i * 1e6", "i / 8", "cast(i / 7 as decimal(19, 6))", "123456789012 + i"]
)
def test_numbers_too_large_or_too_fine_for_floats_are_counted_in_decimals(value) -> None:
    with engine_of(f"select 'a' as arm, {value} as m, i as x from range(2000) as t(i)") as engine:
        found = experiment_moments(
            engine, "select * from rows", groups=["arm"], outcomes={"m": ("m", "x"), "x": ("x",)}
        )
        slow = moments_by(engine, "select * from rows", groups=["arm"], measures=["m", "x"])
    assert found["a",]["m"] == slow["a",]
    assert found["a",]["x"].variance("x") == slow["a",].variance("x")


@pytest.mark.parametrize(("kind", "end"), [("tinyint", 128), ("smallint", 32768), ("integer", 2**31)])
def test_products_of_the_largest_numbers_of_a_type(kind, end) -> None:
    query = (
        f"select cast(m as {kind}) as m, cast(x as {kind}) as x from (values (-{end}, -{end}), ({end - 1}, 1)) t(m, x)"
    )
    with engine_of(query) as engine:
        found = experiment_moments(engine, "select * from rows", groups=[], outcomes={"m": ("m", "x")})
    assert found[()]["m"] == Moments.from_rows(("m", "x"), [(-end, -end), (end - 1, 1)])


def test_one_outcome_too_fine_for_floats_leaves_the_others_where_they_are(monkeypatch) -> None:
    recounted = []

    def counted(engine, rows, *, groups, measures, parameters):
        recounted.append(tuple(measures))
        return moments_by(engine, rows, groups=groups, measures=measures, parameters=parameters)

    monkeypatch.setattr("analysis.tables.experiment_moments.moments_by", counted)
    query = (
        "select i / 7 as fine, i / 100 as cents, case when i % 3 > 0 then i / 4 end as gaps from range(1, 900) as t(i)"
    )
    with engine_of(query) as engine:
        outcomes = {"cents": ("cents", "gaps"), "fine": ("fine",), "gaps": ("gaps", "fine")}
        experiment_moments(engine, "select * from rows", groups=[], outcomes=outcomes)
    assert recounted == [("fine",), ("gaps", "fine")]


def test_an_epoch_timestamp_keeps_its_variance() -> None:
    spread = {}
    for offset in (0, 10**4, 10**6, 10**8, 1_700_000_000):
        query = f"select 'a' as arm, {offset} + cast(hash(i) % 70001 as double) / 1000000 as m from range(5000) as t(i)"
        with engine_of(query) as engine:
            found = experiment_moments(engine, "select * from rows", groups=["arm"], outcomes={"m": ("m",)})
        spread[offset] = found["a",]["m"].variance("m")
    assert all(value == pytest.approx(spread[0], rel=1e-9) for value in spread.values())


def test_cells_add_up_to_the_margins_and_to_the_whole() -> None:
    with engine_of(MADE.format(money="double", count="integer")) as engine:
        cells = experiment_moments(engine, "select * from rows", groups=["arm", "area"], outcomes=OUTCOMES)
        arms = experiment_moments(engine, "select * from rows", groups=["arm"], outcomes=OUTCOMES)
        whole = experiment_moments(engine, "select * from rows", groups=[], outcomes=OUTCOMES)
    assert margin(cells, [0]) == arms
    assert margin(cells, []) == whole
    assert margin(cells, [1])[("area 0",)]["spend"] == cells["a", "area 0"]["spend"] + cells["b", "area 0"]["spend"]


ROWS = st.lists(
    st.tuples(
        st.decimals(min_value=-(10**7), max_value=10**7, places=2), st.integers(min_value=-(10**4), max_value=10**4)
    ),
    min_size=1,
    max_size=20,
)


@given(ROWS)
@settings(max_examples=25, deadline=None)
def test_the_same_as_from_the_rows_by_hand(rows) -> None:
    values = ", ".join(f"(cast('{money}' as double), {count})" for money, count in rows)
    with engine_of(f"select * from (values {values}) as t(money, n)") as engine:
        found = experiment_moments(engine, "select * from rows", groups=[], outcomes={"both": ("money", "n")})
    assert found[()]["both"] == Moments.from_rows(("money", "n"), rows)


def test_twice_the_same() -> None:
    with engine_of(MADE.format(money="double", count="integer")) as engine:
        one, other = (
            experiment_moments(engine, "select * from rows", groups=["arm"], outcomes=OUTCOMES) for _ in range(2)
        )
    assert repr(one) == repr(other)
    assert isinstance(one["a",]["spend"].total("eur"), Decimal)


@pytest.mark.parametrize("value", ["cast('nan' as double)", "cast('inf' as double)", "1e300"])
def test_what_is_no_number_to_be_summed_is_refused(value) -> None:
    with (
        engine_of(f"select 'a' as arm, {value} as m from range(3)") as engine,
        pytest.raises(DesignError),
    ):
        experiment_moments(engine, "select * from rows", groups=["arm"], outcomes={"m": ("m",)})


@pytest.mark.parametrize("largest", [181, 182, 40_000])
def test_whole_numbers_that_outgrow_sixteen_bits_are_counted_again_in_wider_ones(largest) -> None:
    asked = []

    class Watched:
        def __init__(self, engine: DuckDBEngine) -> None:
            self.engine = engine

        def query(self, sql, parameters=()):
            asked.append(sql)
            return self.engine.query(sql, parameters)

    values = f"(values ({largest}, 3), (-{largest}, 5), (7, -7)) t(m, x)"
    query = f"select cast(m as integer) as m, cast(x as smallint) as x from {values}"
    with engine_of(query) as engine:
        found = experiment_moments(Watched(engine), "select * from rows", groups=[], outcomes={"m": ("m", "x")})
    assert found[()]["m"] == Moments.from_rows(("m", "x"), [(largest, 3), (-largest, 5), (7, -7)])
    assert [("as smallint" in sql, "as bigint" in sql) for sql in asked[1:]] == (
        [(True, False)] if largest <= 181 else [(True, False), (False, True)]
    )


def test_yes_or_no_outcomes_are_counted_by_rows_also_where_a_value_is_missing() -> None:
    rows = [(True, True), (True, False), (False, None), (None, True), (True, True)]
    values = ", ".join(
        f"({'null' if a is None else a}, {'null' if b is None else b}, {i})" for i, (a, b) in enumerate(rows)
    )
    outcomes = {"bought": ("yes", "before"), "spend": ("eur", "before"), "again": ("before",)}
    with engine_of(f"select 'a' as arm, * from (values {values}) t(yes, before, eur)") as engine:
        found = experiment_moments(engine, "select * from rows", groups=["arm"], outcomes=outcomes)["a",]
    as_numbers = [(bool(a), bool(b), i) for i, (a, b) in enumerate(rows)]
    assert found["bought"] == Moments.from_rows(("yes", "before"), [(int(a), int(b)) for a, b, _ in as_numbers])
    assert found["spend"] == Moments.from_rows(("eur", "before"), [(i, int(b)) for _, b, i in as_numbers])
    assert found["again"] == Moments.from_rows(("before",), [(int(b),) for _, b, _ in as_numbers])


def test_more_yes_or_no_columns_than_rows_are_counted_by_are_summed() -> None:
    names = [f"flag{place}" for place in range(7)]
    columns = ", ".join(f"hash(i + {1000 * place}) % 3 = 0 as {name}" for place, name in enumerate(names))
    outcomes = {name: (name, "flag0") if name != "flag0" else (name,) for name in names}
    with engine_of(f"select hash(i) % 2 as arm, {columns} from range(500) as t(i)") as engine:
        found = experiment_moments(engine, "select * from rows", groups=["arm"], outcomes=outcomes)
        for name, measures in outcomes.items():
            slow = moments_by(engine, "select * from rows", groups=["arm"], measures=measures)
            assert {key: cell[name] for key, cell in found.items()} == slow


@pytest.mark.parametrize("columns", [("yes",), ("n",), ("yes", "n")])
def test_without_groups_and_without_rows_the_whole_is_empty(columns) -> None:
    with engine_of("select true as yes, 1 as n where false") as engine:
        found = experiment_moments(engine, "select * from rows", groups=[], outcomes={"one": columns, "yes": ("yes",)})
    assert found[()]["one"] == Moments.from_rows(columns, [])


def test_a_group_that_is_no_number_is_one_group_whatever_its_rows_carry() -> None:
    values = "('nan'::double, true, 1.2345678), ('nan'::double, false, 2), ('nan'::double, null, 3), (1.0, true, 4)"
    outcomes = {"yes": ("yes",), "fine": ("fine",)}
    with engine_of(f"select g, yes, cast(fine as double) as fine from (values {values}) t(g, yes, fine)") as engine:
        found = experiment_moments(engine, "select * from rows", groups=["g"], outcomes=outcomes)
        slow = moments_by(engine, "select * from rows", groups=["g"], measures=["fine"])
    assert sorted(cell["yes"].n for cell in found.values()) == [1, 3]
    assert {key: cell["fine"] for key, cell in found.items()} == slow


@pytest.mark.parametrize("name", ["n", "m0", "s0", "p0_0", "g0", "measured"])
def test_a_group_may_be_called_what_a_sum_is_called_here(name) -> None:
    query = f"select * from (values ('a', 1.5), ('a', 2.5), ('b', 9.0)) as t({name}, eur)"
    with DuckDBEngine({"spend": query}, files=[]) as engine:
        found = moments_by(engine, "select * from spend", groups=[name], measures=["eur"])
    assert {key: one.n for key, one in found.items()} == {("a",): 2, ("b",): 1}
    assert found["a",].mean("eur") == 2.0
