"""Who is in which arm: chance at the unit that it assigned, customers of two arms, other experiments, exposure."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.experiment.arms import arms_of
from analysis.studies.experiment.plan import ExperimentPlan
from analysis.studies.experiment.study import randomised
from tests.studies.experiment.trials import assigned, draws, measured

STANDARD = ExperimentPlan(template="standard")


def in_both(count: int, size: int = 1000) -> pd.DataFrame:
    """`size` customers an arm, of whom the first `count` of arm a are in the comparison arm as well."""
    frame = assigned({"a": size, "control": size}, block_start="2025-03-01T00:00:00")
    again = frame[frame["arm"] == "a"].head(count).assign(arm="control", block_start="2025-03-02T00:00:00")
    return pd.concat([frame, again])


def test_a_few_customers_of_two_arms_are_left_out_and_counted(company) -> None:
    arms = arms_of(company(assignments=in_both(5)), STANDARD, "trial")
    assert dict(arms.customers) == {"a": 995, "control": 1000}
    assert arms.refusal is None
    assert any("5 of 2,000 customers were assigned to more than one arm" in note for note in arms.notes)


def test_many_customers_of_two_arms_are_a_broken_assignment(company) -> None:
    frame = in_both(30)
    first = frame.drop_duplicates("customer_id")
    found = randomised(company(assignments=frame, outcomes=measured(first, draws(1, len(first)))), STANDARD)
    (effect,) = found.effects
    assert effect.grade == "D"
    assert str(effect.reason).startswith("30 of 2,000 customers were assigned to more than one arm.")


def test_who_is_assigned_again_to_the_same_arm_counts_once(company) -> None:
    frame = assigned({"a": 60, "control": 60}, block_start="2025-03-01T00:00:00")
    again = frame.head(10).assign(block_start="2025-03-02T00:00:00")
    arms = arms_of(company(assignments=pd.concat([frame, again])), STANDARD, "trial")
    assert dict(arms.customers) == {"a": 60, "control": 60}
    assert any("10 rows assign a customer again to the same arm" in note for note in arms.notes)


def test_the_sample_ratio_is_that_of_clusters_where_clusters_were_assigned(company) -> None:
    """40 shops an arm: 400 customers against 800 say nothing, since shops were drawn and not customers."""
    frame = assigned({"a": 400, "control": 800}, unit="cluster")
    within = frame.groupby("arm").cumcount()
    frame["cluster_id"] = frame["arm"] + "-" + (within % 40).astype(str)
    arms = arms_of(company(assignments=frame), ExperimentPlan(), "trial")
    assert dict(arms.ratio.counts) == {"a": 40, "control": 40}
    assert (arms.ratio.failed, arms.clustered, arms.unit) == (False, True, "cluster")


def test_clusters_and_customers_in_one_experiment_are_refused(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    frame["unit"] = np.where(np.arange(200) % 2 == 0, "cluster", "customer")
    frame["cluster_id"] = frame["arm"] + (np.arange(200) // 10).astype(str)
    arms = arms_of(company(assignments=frame), ExperimentPlan(), "trial")
    assert "some rows assign clusters and others single customers" in str(arms.refusal)


def test_a_switchback_needs_blocks(company) -> None:
    tables = company(assignments=assigned({"a": 60, "control": 60}))
    with pytest.raises(DesignError, match="has no time blocks"):
        arms_of(tables, ExperimentPlan(template="switchback"), "trial")


def test_customers_of_another_experiment_are_counted(company) -> None:
    frame = assigned({"a": 400, "control": 400})
    other = frame.assign(experiment_id="other", arm=np.where(np.arange(800) % 2 == 0, "x", "y"))
    arms = arms_of(company(assignments=pd.concat([frame, other])), ExperimentPlan(), "trial")
    (note,) = arms.notes
    assert "800 of 800 customers are in experiment `other` too" in note
    assert "shifts nothing" in note


def test_an_experiment_that_goes_together_with_this_one_is_said(company) -> None:
    """The other test invites nobody but customers of arm a."""
    frame = assigned({"a": 400, "control": 400})
    other = frame[frame["arm"] == "a"].assign(experiment_id="other", arm="x")
    arms = arms_of(company(assignments=pd.concat([frame, other])), ExperimentPlan(), "trial")
    assert "a part of these differences" in arms.notes[0]


def test_exposure_is_counted_and_everybody_compared_as_assigned(company) -> None:
    frame = assigned({"a": 100, "control": 100}, assigned_at="2025-03-01T00:00:00")
    frame["exposed_at"] = np.where((frame["arm"] == "a") & (np.arange(200) < 30), "2025-03-02T00:00:00", "")
    frame.loc[199, "exposed_at"] = "2025-03-03T00:00:00"
    found = randomised(company(assignments=frame, outcomes=measured(frame, draws(2, 200))), ExperimentPlan())
    assert list(found.arms["exposed"]) == [30, 1]
    (effect,) = found.of("visits")
    assert effect.estimate is not None
    assert effect.estimate.n_treated == 100
    assert any("1 of the comparison arm met it too" in note for note in found.notes)


def test_exposure_that_nobody_recorded_is_not_zero(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    found = randomised(company(assignments=frame, outcomes=measured(frame, draws(3, 200))), ExperimentPlan())
    assert found.arms["exposed"].isna().all()
