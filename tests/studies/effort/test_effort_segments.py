"""Segments of the effort study: nothing is said of one before they are known to differ; paths of one kind explore."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.effort.plan import EffortPlan
from analysis.studies.effort.response import response_of
from analysis.studies.effort.study import EffortResult, effort_on
from tests.studies.effort.made_effort import made

PLAN = EffortPlan(outcomes=("orders",), surveys=("ces1",), segments=("region",), draws=199)


@pytest.fixture(scope="module")
def alike() -> EffortResult:
    """Effort does the same in both regions."""
    return effort_on(made(21, 8_000, per_contact=-0.12, contacts=-1.0).rows, PLAN)


def test_segments_that_do_not_differ_are_not_claimed_alone(alike: EffortResult) -> None:
    parts = [effect for effect in alike.effects if effect.segment]
    assert {effect.estimand for effect in parts} == {"total_effect", "indirect_effect", "direct_effect"}
    assert len(parts) == 6
    for effect in parts:
        assert effect.claim.startswith("Nothing is claimed of region: "), effect.claim
        assert {check.name for check in effect.checks} >= {"segments_differ", "segment_alone"}
        assert effect.grade == "C"
    assert set(alike.forest["verdict"]) == {"whole", "not_apart"}
    assert set(alike.tests["attribute"]) == {"region"}
    assert set(alike.tests["reconciled"]) == {"passed"}, "the parts hold all customers"


def test_segments_that_differ_may_be_claimed() -> None:
    """Effort costs nothing in the north and much in the south."""
    north, south = (made(seed, 8_000, per_contact=cost, contacts=-1.2).rows for seed, cost in ((12, 0.0), (13, -0.2)))
    held = {name: np.concatenate([getattr(north, name), getattr(south, name)]) for name in
            ("exposed", "month", "product", "severity", "recent", "earlier", "observed")}  # fmt: skip
    several = {
        name: {key: np.concatenate([one[key], getattr(south, name)[key]]) for key in one}
        for name in ("effort", "after", "before", "prior", "moved", "said", "asked")
        for one in [getattr(north, name)]
    }
    region = np.repeat([0, 1], 8_000)
    both = replace(north, **held, **several, attributes={"region": region})
    found = effort_on(both, replace(PLAN, surveys=()))
    verdict = {row["segment"]: row["verdict"] for row in found.forest.to_dict("records")
               if row["estimand"] == "indirect_effect"}  # fmt: skip
    assert verdict == {"": "whole", "north": "not_clear", "<south>": "claimed"}
    (south_effect,) = [one for one in found.of("orders", "indirect_effect") if one.segment == {"region": "<south>"}]
    assert "The segment was named beforehand and stands out" in south_effect.claim
    assert south_effect.grade == "C"


def test_all_customers_pass_untouched(alike: EffortResult) -> None:
    (whole,) = [effect for effect in alike.of("orders") if not effect.segment]
    assert whole.estimate is not None
    rows = made(21, 8_000, per_contact=-0.12, contacts=-1.0).rows
    (bare,) = effort_on(rows, replace(PLAN, segments=())).of("orders")
    assert bare.estimate is not None
    assert whole.estimate.n_treated == rows.exposed.sum()
    assert [check.name for check in whole.checks] == [check.name for check in bare.checks]


def test_paths_of_one_kind_of_effort_were_not_declared(alike: EffortResult) -> None:
    """The split by all behavioural effort was decided beforehand; its parts overlap, and are looked at afterwards."""
    told = {effect.estimand: effect.declared for effect in alike.effects}
    assert {name for name, declared in told.items() if declared} == {"total_effect", "indirect_effect", "direct_effect"}
    assert {name for name, declared in told.items() if not declared} == {
        f"{path}:{kind}"
        for path in ("indirect_effect", "effort_slope")
        for kind in ("contacts_to_resolve", "repeat_contact", "ces1")
    }


def test_what_was_only_looked_at_says_so(alike: EffortResult) -> None:
    """Sixteen paths at 5 % show one by chance: a clear one is explored, and says what to do with it."""
    clear = [one for one in alike.effects if not one.declared and one.estimate and one.estimate.excludes_no_effect]
    assert {one.estimand for one in clear} >= {"effort_slope:contacts_to_resolve"}
    for one in clear:
        assert one.claim.startswith("Explored, not named beforehand: Customers whose issue ")
        assert one.claim.endswith("Name it beforehand and test it again before relying on it.")
    rest = [one for one in alike.effects if one not in clear and not one.segment]
    assert not any("Explored" in one.claim for one in rest)


def test_all_who_were_asked_answered() -> None:
    """Then everybody speaks for themselves."""
    response = response_of(np.ones(50, dtype=bool), {"hard": np.arange(50.0)})
    assert response.weights.tolist() == [1.0] * 50
    assert (response.answered, response.effective, response.cut) == (50, 50.0, 0)
    with pytest.raises(DesignError, match="None of 50 customers answered"):
        response_of(np.zeros(50, dtype=bool), {"hard": np.arange(50.0)})
    rows = made(14, 2_000).rows
    full = replace(rows, said={"ces1": np.nan_to_num(rows.said["ces1"], nan=3.0)})
    found = effort_on(full, replace(PLAN, segments=(), draws=99))
    assert found.of("ces1")[0].estimate is not None


def test_an_outcome_that_never_varies_is_refused() -> None:
    rows = made(15, 2_000).rows
    same = {**rows.after, "repurchased": np.ones(2_000)}
    before = {**rows.before, "repurchased": np.ones(2_000)}
    plan = replace(PLAN, outcomes=("repurchased",), segments=(), surveys=(), draws=99)
    found = effort_on(replace(rows, after=same, before=before, prior={}), plan)
    for effect in found.of("repurchased") + found.of("repurchased", "indirect_effect"):
        assert effect.estimate is None
        assert "`repurchased` does not vary" in str(effect.reason)


def test_rare_values_of_a_covariate_are_told_together_not_as_the_commonest() -> None:
    """Many products of few customers each: together they have a column of their own."""
    rows = made(16, 4_000).rows
    rare = np.arange(4_000) % 10 == 0
    product = np.where(rare, 100 + np.arange(4_000) % 370, rows.product)
    columns = replace(rows, product=product).covariates()
    assert columns["product=rare"].tolist() == rare.astype(float).tolist()
