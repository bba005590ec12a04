"""A declaration binds the one test it was written for; of a test that is read otherwise nothing was declared."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from analysis.studies.ab import AbPlan, ab_segments
from analysis.studies.experiment.looks import Looks
from analysis.studies.experiment.plan import ExperimentPlan, Guardrail
from analysis.studies.planning.declaration import Declaration
from analysis.studies.planning.departures import Experiment, experiments_of, kept_to
from tests.studies.experiment.trials import assigned, draws, measured, people

DECLARED = Declaration(
    name="trial",
    outcomes=("visits",),
    primary="visits",
    segments=("region",),
    hypotheses=({"name": "more", "statement": "More visits.", "outcome": "visits"},),
    guardrails={"csat": {"margin": 0.1, "worse": "lower"}},
    treated=("invited",),
    sizes={"invited": 1000, "control": 1000},
    declared_on=date(2025, 2, 20),
)
PLAN = ExperimentPlan(guardrails={"csat": Guardrail(margin=0.1, worse="lower")})
TRIAL = Experiment(name="trial", arms={"control": 990, "invited": 1010}, began=date(2025, 3, 1))


def test_a_test_that_is_read_as_declared() -> None:
    found = kept_to(DECLARED, PLAN, [TRIAL])
    assert (found.departures, found.told, found.notes) == ((), (), ())
    assert found.covers("visits", {"region": "north"})
    assert found.hypotheses == DECLARED.hypotheses
    assert not found.covers("orders", {})


@pytest.mark.parametrize(
    ("plan", "trials", "said"),
    [
        ({"control": "invited"}, None, "compared with `invited`, where `control` was declared"),
        ({"window_days": 30}, None, "counted over 30 days, where 90 were declared"),
        ({"pre_days": 0}, None, "0 days before adjust the comparison"),
        ({"level": 0.9}, None, "of 90 %, where 95 were declared"),
        ({"looks": Looks(first=500, maximum=900)}, None, "looked at from 500 to 900 customers an arm, where it was"),
        ({}, {"arms": {"control": 1000, "called": 1000}}, "has the arms called, control, where control, invited"),
        ({}, {"arms": {"control": 990, "invited": 1010, "called": 5}}, "has the arms called, control, invited"),
        ({}, {"began": date(2025, 2, 19)}, "written on 2025-02-20, after the first customers"),
    ],
)
def test_of_a_test_that_is_read_otherwise_nothing_was_declared(plan, trials, said: str) -> None:
    found = kept_to(DECLARED, replace(PLAN, **plan), [replace(TRIAL, **(trials or {}))])
    assert len(found.departures) == 1
    assert said in found.departures[0]
    assert "nothing counts as declared" in found.notes[0]
    assert not found.covers("visits", {})
    assert found.hypotheses == ()


def test_looks_that_were_declared_and_are_forgotten_are_a_departure() -> None:
    """Whoever planned to look early and reads the test as if once would be given intervals that are too narrow."""
    early = replace(DECLARED, stopping="always_valid", looks=(500, 1000))
    (said,) = kept_to(early, PLAN, [TRIAL]).departures
    assert said == "It is looked at once, where it was declared to be looked at from 500 to 1,000 customers an arm."
    as_declared = kept_to(early, replace(PLAN, looks=Looks(first=500, maximum=1000)), [replace(TRIAL, arms={
        "control": 510, "invited": 520})])  # fmt: skip
    assert as_declared.notes == ()


def test_a_declaration_speaks_of_one_experiment() -> None:
    (said,) = kept_to(DECLARED, PLAN, [TRIAL, replace(TRIAL, name="another")]).departures
    assert said.startswith("2 experiments are read (trial, another), where one was declared")


def test_guardrails_and_sizes_are_told() -> None:
    (said,) = kept_to(DECLARED, ExperimentPlan(), [TRIAL]).told
    assert said == "The guardrail `csat` was declared and is not watched."
    wider = replace(PLAN, guardrails={"csat": Guardrail(margin=0.5, worse="lower")})
    assert "allows 0.5 (lower is worse), where 0.1 (lower is worse)" in kept_to(DECLARED, wider, [TRIAL]).told[0]
    turned = replace(PLAN, guardrails={"csat": Guardrail(margin=0.1, worse="higher")})
    assert "(higher is worse)" in kept_to(DECLARED, turned, [TRIAL]).told[0]
    small = kept_to(DECLARED, PLAN, [replace(TRIAL, arms={"control": 990, "invited": 400})])
    assert "Arm `invited` of `trial` holds 400 customers, where 1,000 were declared" in small.told[0]
    assert small.covers("visits", {}), "told, since nobody can say why there are fewer"


def test_the_tables_say_what_was_assigned_and_since_when(company) -> None:
    """23:30 UTC on 1 March is 2 March in the latest zone: a declaration of that day may still have come first."""
    frame = assigned({"invited": 3, "control": 2}, assigned_at="2025-03-01T23:30:00")
    other = assigned({"a": 1}, "not by lot", assigned_at="2025-01-01T00:00:00")
    tables = company(assignments=pd.concat([frame, other]))
    (found,) = experiments_of(tables, ExperimentPlan(not_random=("not by lot",)))
    assert (found.name, dict(found.arms), found.began) == ("trial", {"control": 2, "invited": 3}, date(2025, 3, 2))


def test_a_report_marks_everything_as_explored_and_says_why(company) -> None:
    frame = assigned({"invited": 300, "control": 300}, assigned_at="2025-03-01T00:00:00")
    tables = company(
        assignments=frame, outcomes=measured(frame, draws(1, 600)),
        customers=people(frame, region=["north", "south"] * 300),
    )  # fmt: skip
    plan = replace(PLAN, outcomes=("visits",), segments=("region",), guardrails={}, declared=DECLARED)
    kept = ab_segments(tables, AbPlan(randomised=plan))
    assert all(effect.declared for effect in kept.effects)
    assert any("fewer were assigned" in note for note in kept.notes)
    late = replace(plan, declared=replace(DECLARED, declared_on=date(2025, 6, 1)))
    found = ab_segments(tables, AbPlan(randomised=late))
    assert not any(effect.declared for effect in found.effects)
    assert any("written on 2025-06-01, after the first customers" in note for note in found.notes)
    assert {effect.grade for effect in found.effects if effect.segment} <= {"C", "D"}
    assert found.randomised is not None
    assert found.notes[0].startswith("The test was not read as declaration `trial` says")
