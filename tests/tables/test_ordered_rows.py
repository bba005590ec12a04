"""Values at places, from the engine: the same as by sorting, whatever the type, with ties and missing ones."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.tables.engine.duckdb_engine import DuckDBEngine
from analysis.tables.ordered_rows import counts_by, ordered_by

MADE = """
    select case when hash(i) % 3 = 0 then 'a' else 'b' end as arm,
           case when hash(i + 5000) % 7 > 0 then cast(hash(i + 9000) % {values} / 4 as {kind}) end as m
    from range(2000) as t(i)
"""


@pytest.mark.parametrize("kind", ["integer", "double", "decimal(19, 6)", "decimal(38, 2)"])
@pytest.mark.parametrize("values", [9, 90_000])
def test_the_same_as_sorting(kind, values) -> None:
    with DuckDBEngine({"rows": MADE.format(kind=kind, values=values)}, files=[]) as engine:
        told = engine.query("select arm, cast(m as double) as m from rows where m is not null").to_pandas()
        by_arm = {arm: np.sort(part.to_numpy()) for arm, part in told.groupby("arm")["m"]} | {
            None: np.sort(told["m"].to_numpy())
        }
        for group in ("arm", None):
            counts = counts_by(engine, "select * from rows", group=group, measure="m")
            assert counts == {name: len(by_arm[name]) for name in counts}
            places = {name: [0, 7, n // 2, n - 1] for name, n in counts.items()}
            found = ordered_by(engine, "select * from rows", group=group, measure="m", counts=counts, places=places)
            for name, ordered in found.items():
                assert ordered.n == counts[name]
                assert [ordered.at(place) for place in places[name]] == by_arm[name][places[name]].tolist()
                for run in ordered.runs:
                    assert run.first == int(np.sum(by_arm[name] < run.value))
                    assert run.count == int(np.sum(by_arm[name] == run.value))


def test_nothing_asked_nothing_found() -> None:
    with DuckDBEngine({"rows": "select 'a' as arm, null::integer as m"}, files=[]) as engine:
        counts = counts_by(engine, "select * from rows", group="arm", measure="m")
        found = ordered_by(engine, "select * from rows", group="arm", measure="m", counts=counts, places={"a": []})
    assert counts == {"a": 0}
    assert (found["a"].n, found["a"].runs) == (0, ())
