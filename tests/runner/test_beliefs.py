"""Hypotheses under other choices: plans that look at the same rows share them, and say what each would say alone."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from analysis.foundation.errors import DesignError
from analysis.runner.beliefs import _Channel
from analysis.studies import channel
from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.hypotheses.choices import channel_alternatives
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

PLAN = ChannelPlan(segments=("region",), strata=("region",), zone="Europe/London")


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    folder = tmp_path_factory.mktemp("worlds") / "effect"
    make_world(folder, world="effect", seed=5, customers=4_000)
    with open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone="Europe/London")) as found:
        yield found


def test_every_plan_says_what_it_says_alone_and_rows_are_read_once_for_those_that_share_them(
    tables: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    plans = [one.plan for one in channel_alternatives(PLAN, outcomes=["orders"], segments=["region"])]
    plans = [plan for plan in plans if plan.look_back_days == 0 and plan.after_months == 3]
    assert [plan.strata for plan in plans] == [("region",), (), ("region",), ()]
    alone = [channel_effect(tables, plan).effects for plan in plans]
    read: list[ChannelPlan] = []
    stack_of = channel.stack_of
    monkeypatch.setattr(channel, "stack_of", lambda held, plan: read.append(plan) or stack_of(held, plan))
    study = _Channel(tables, plans)
    for plan, expected in zip(plans, alone, strict=True):
        found = {(one.estimand, one.scale, str(one.segment)): one.estimate for one in study(plan).effects}
        assert len(found) > 5
        meant = {(one.estimand, one.scale, str(one.segment)): one.estimate for one in expected}
        assert found == {key: meant[key] for key in found}
    assert [plan.before_months for plan in read] == [6, 3]


def test_a_plan_that_fits_no_month_says_so_and_leaves_the_next_one_alone(tables: Tables) -> None:
    plans = [ChannelPlan(outcomes=("orders",), before_months=36, after_months=36), ChannelPlan(outcomes=("orders",))]
    study = _Channel(tables, plans)
    for _ in range(2):
        with pytest.raises(DesignError):
            study(plans[0])
    assert study(plans[1]).effects
