"""Who benefits most, asked of an experiment: only where the plan asks, only where the arms may be compared."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.studies.experiment.plan import ExperimentPlan, Guardrail
from analysis.studies.experiment.study import randomised
from analysis.studies.planning.declaration import Declaration
from tests.studies.experiment.trials import assigned, measured, people

PLAN = ExperimentPlan(outcomes=("visits",), explore=("visits", "calls"), covariates=("age", "kind"), segments=("area",))


def shop(company, n: int = 1500, lost: bool = False):
    """Arm `a` brings two visits to the old in the north, nothing to others."""
    frame = assigned({"a": n, "control": n})
    rng = np.random.default_rng(8)
    age, area = rng.integers(20, 80, 2 * n), rng.choice(["north", "south"], 2 * n)
    helped = (frame["arm"] == "a") & (age > 50) & (area == "north")
    visits = measured(frame, rng.poisson(1 + 2 * helped))
    if lost:
        visits = visits[(frame["arm"] == "control") | (rng.random(2 * n) < 0.7)]
    return company(
        assignments=frame, outcomes=visits,
        customers=people(frame, age=age, area=area, kind=rng.choice(["x", "y"], 2 * n)),
    )  # fmt: skip


def test_it_is_found_named_and_handed_on_as_an_exploration(company) -> None:
    found = randomised(shop(company), PLAN)
    (uplift,) = found.uplift
    assert (uplift.experiment, uplift.outcome, uplift.treated) == ("trial", "visits", "a")
    assert uplift.coefficient.low > 0
    assert uplift.fifths["low"][0] > 1
    assert uplift.traits == ("area", "age", "kind: y")
    (told,) = found.to_parts()["coverage"]["uplift"]
    assert (told["experiment_id"], told["grade"], told["check"]["name"]) == ("trial", "C", "found_by_looking")
    assert told["claim"].startswith("Explored:")
    json.dumps(found.to_parts(), allow_nan=False)
    assert "Outcome `calls` is not in the data of experiment `trial`." in found.notes
    assert found.to_parts() == randomised(shop(company), PLAN).to_parts()


def test_it_is_not_looked_for_unasked(company) -> None:
    found = randomised(shop(company, 60), ExperimentPlan(segments=("area",)))
    assert found.uplift == ()
    assert "uplift" not in found.to_parts()["coverage"]


def test_nor_where_the_arms_may_not_be_compared_or_are_too_small(company) -> None:
    for tables, why in ((shop(company, 600, lost=True), "missing unevenly"), (shop(company, 60), "each needs 500")):
        found = randomised(tables, PLAN)
        assert found.uplift == ()
        assert any(note.startswith("Who benefits most from `a` by `visits`") and why in note for note in found.notes)


def test_a_warning_is_not_lost_where_a_segment_was_selected(company) -> None:
    """Nothing was declared for the segments, so that the claim of a selected one is rewritten."""
    frame = assigned({"a": 600, "control": 600})
    rng = np.random.default_rng(4)
    area = np.where(np.arange(1200) % 2 == 0, "north", "south")
    treated = (frame["arm"] == "a").to_numpy()
    visits = measured(frame, rng.poisson(2, 1200) + 3 * (treated & (area == "north")))
    csat = measured(frame, np.round(rng.normal(4, 0.5, 1200) - 0.5 * treated, 2), "csat")
    tables = company(assignments=frame, outcomes=pd.concat([visits, csat]), customers=people(frame, area=area))
    plan = ExperimentPlan(
        outcomes=("visits",), segments=("area",), guardrails={"csat": Guardrail(margin=0.1, worse="lower")},
        declared=Declaration(name="trial", outcomes=("visits",), primary="visits"),
    )  # fmt: skip
    found = randomised(tables, plan)
    assert found.declaration
    assert not randomised(tables, replace(plan, declared=None)).declaration
    selected = [one for one in found.of("visits") if one.segment == {"area": "north"}]
    assert [one.claim.startswith("Explored, not named beforehand:") for one in selected] == [True]
    assert "Not recommended, whatever was gained: csat got worse" in selected[0].claim
    assert [check.name for check in selected[0].checks][-1] == "guardrail_csat"
