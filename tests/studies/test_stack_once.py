"""Customers and issues that several studies of the same tables read once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from analysis.studies import stack_sql
from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.stack_once import once, read_once
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

ZONE = "Europe/London"
PLAN = ChannelPlan(outcomes=("orders", "issues"), strata=("region",), robust=False, zone=ZONE)
PLANS = (PLAN, replace(PLAN, strata=()), replace(PLAN, after_months=3), replace(PLAN, outcomes=("support_cost",)))


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("once") / "effect"
    make_world(folder, world="effect", seed=2, customers=8_000)
    with open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone=ZONE)) as opened:
        yield opened


def effects(tables: Tables, plan: ChannelPlan) -> list[dict[str, Any]]:
    return [effect.to_dict() for effect in channel_effect(tables, plan).effects]


def test_every_study_finds_what_it_finds_alone_and_issues_are_read_twice(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Twice, since only one of the plans asks what issues cost."""
    alone = [effects(tables, plan) for plan in PLANS]
    read: list[object] = []
    road = stack_sql.read_issues
    monkeypatch.setattr(stack_sql, "read_issues", lambda *given: read.append(given) or road(*given))
    with read_once():
        assert [effects(tables, plan) for plan in (*PLANS, *PLANS)] == alone * 2
    assert len(read) == 2
    effects(tables, PLAN)
    assert len(read) == 3, "afterwards nothing is kept"


def test_what_stands_in_for_a_table_is_never_taken_for_it(tables: Tables) -> None:
    plan = replace(PLAN, outcomes=("orders",), negative_control="mobile")
    alone = effects(tables, plan)
    with read_once():
        assert [effects(tables, plan), effects(tables, plan)] == [alone, alone]
        with pytest.raises(RuntimeError, match="read"), tables.engine.standing_in("orders", "issues"):
            once(tables, ("span", ZONE, None), _reads)
        once(tables, ("span", ZONE, None), _reads)
    assert tables.engine.standing == ()


def _reads() -> None:
    raise RuntimeError("it reads")


def test_other_tables_are_read_for_themselves(tables: Tables) -> None:
    with read_once():
        assert once(tables, "answer", lambda: 1) == once(tables, "answer", _reads) == 1
        other = replace_tables(tables)
        assert once(other, "answer", lambda: 2) == 2


def replace_tables(tables: Tables) -> Tables:
    import copy

    return copy.copy(tables)
