"""Randomised tests: the real e-mail experiment to the digit, and what is refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.experiment.study import ExperimentPlan, randomised
from analysis.tables.load import Source, open_tables, prepare

HILLSTROM = {
    ("Mens E-Mail", "visit"): ("0.0765896", "0.0033859"),
    ("Mens E-Mail", "conversion"): ("0.0068050", "0.0009209"),
    ("Mens E-Mail", "spend"): ("0.769827", "0.145247"),
    ("Womens E-Mail", "visit"): ("0.0452331", "0.0032345"),
    ("Womens E-Mail", "conversion"): ("0.0031111", "0.0008227"),
    ("Womens E-Mail", "spend"): ("0.424412", "0.130333"),
}
"""Difference and standard error against No E-Mail; origin in tests/golden/hillstrom."""


def test_the_email_experiment_to_the_digit(real_data: Path, tmp_path: Path) -> None:
    source = Source(real_data / "hillstrom", map="hillstrom")
    with open_tables(prepare([source], cache=tmp_path, zone="UTC")) as tables:
        found = randomised(tables, ExperimentPlan(control="No E-Mail"))
    sizes = dict(zip(found.arms["arm"], found.arms["customers"], strict=True))
    assert sizes == {"Mens E-Mail": 21_307, "No E-Mail": 21_306, "Womens E-Mail": 21_387}
    effects = {(effect.treated, effect.outcome): effect for name in found.outcomes for effect in found.of(name)}
    assert set(effects) == set(HILLSTROM)
    for key, figures in HILLSTROM.items():
        estimate = effects[key].estimate
        assert estimate is not None
        for ours, printed in zip((estimate.value, estimate.se), figures, strict=True):
            digits = len(printed.partition(".")[2])
            assert f"{ours:.{digits}f}" == printed
        assert effects[key].grade == "A"


def assigned(counts: dict[str, int], **columns) -> pd.DataFrame:
    rows = [(f"{arm}-{number}", arm) for arm, count in counts.items() for number in range(count)]
    frame = pd.DataFrame(rows, columns=["customer_id", "arm"])
    return frame.assign(experiment_id="trial", **columns)


def some_visits(frame: pd.DataFrame) -> np.ndarray:
    """Visits that differ between customers and not between arms."""
    return np.arange(len(frame)) % 3


def measured(assignments: pd.DataFrame, value, name: str = "visits") -> pd.DataFrame:
    return assignments[["experiment_id", "customer_id"]].assign(name=name, value=value)


def test_by_hand(company) -> None:
    """60 customers with 3 visits and 60 with 1 against 60 and 60 with 1 and 1: means 2 and 1, difference 1.

    Variance of the first arm is 120/119 (half are one above, half one below the mean), of the second 0, so that the
    standard error is sqrt(120/119/120).
    """
    frame = assigned({"a": 120, "control": 120})
    values = [3, 1] * 60 + [1] * 120
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())
    (effect,) = found.of("visits")
    assert effect.estimate is not None
    assert effect.estimate.value == 1
    assert effect.estimate.se == pytest.approx((1 / 119) ** 0.5)
    assert (effect.treated, effect.comparison, effect.grade) == ("a", "control", "A")


def test_a_broken_randomisation_claims_no_effect(company) -> None:
    frame = assigned({"a": 5000, "control": 4500})
    found = randomised(company(assignments=frame, outcomes=measured(frame, 1)), ExperimentPlan())
    (effect,) = found.effects
    assert effect.estimate is None
    assert effect.grade == "D"
    assert effect.claim.startswith("No effect is claimed: the sample ratio failed.")
    assert effect.to_dict()["value"] is None
    assert effect.n_treated == 5000
    assert [check.verdict for check in effect.checks] == ["failed"]


def test_stated_probabilities_are_the_intended_shares(company) -> None:
    frame = assigned({"a": 5000, "control": 4500})
    frame["probability"] = np.where(frame["arm"] == "a", 10 / 19, 9 / 19).round(6)
    visits = measured(frame, some_visits(frame))
    found = randomised(company(assignments=frame, outcomes=visits), ExperimentPlan())
    assert found.effects[0].grade == "A"


def test_an_experiment_of_one_arm_has_nothing_to_compare(company) -> None:
    """It is left out with its reason; there would be no row of effects to say it in."""
    frame = assigned({"control": 60})
    for plan in (ExperimentPlan(), ExperimentPlan(control="control")):
        with pytest.raises(DesignError, match="`trial` has one arm only, `control`: there is nothing to compare"):
            randomised(company(assignments=frame, outcomes=measured(frame, 1)), plan)


def test_clusters_are_not_compared_customer_by_customer(company) -> None:
    frame = assigned({"a": 100, "control": 100}, unit="cluster", cluster_id="shop")
    found = randomised(company(assignments=frame, outcomes=measured(frame, some_visits(frame))), ExperimentPlan())
    (effect,) = found.of("visits")
    assert effect.reason == "1 clusters have customers in more than one arm; they were not assigned as wholes."


def test_events_are_counted_in_the_window_after_the_assignment(company) -> None:
    """Orders on days −1, 0, 29 and 30 of a 30-day window: two count, for half of arm `a` and nobody else."""
    frame = assigned({"a": 60, "control": 60}, assigned_at="2025-03-01T00:00:00")
    days = ["2025-02-28T23:59:59", "2025-03-01T00:00:00", "2025-03-30T23:59:59", "2025-03-31T00:00:00"]
    orders = pd.DataFrame(
        [
            (f"{who}-{day}", who, day, "10.50", "EUR")
            for who in frame.loc[frame["arm"] == "a", "customer_id"][::2]
            for day in days
        ],
        columns=["order_id", "customer_id", "ordered_at", "revenue", "currency"],
    )
    found = randomised(company(assignments=frame, orders=orders), ExperimentPlan(window_days=30))
    plain = [effect for name in found.outcomes for effect in found.of(name)]
    values = {effect.outcome: effect.estimate.value for effect in plain if effect.estimate}
    assert values == {"orders": 1, "revenue": 10.5, "repurchased": 0.5}


def test_a_window_that_runs_past_the_data_is_refused_with_the_date(company) -> None:
    frame = assigned({"a": 60, "control": 60}, assigned_at="2025-03-01T00:00:00")
    orders = pd.DataFrame(
        {
            "order_id": ["1"],
            "customer_id": ["a-1"],
            "ordered_at": ["2025-03-20T00:00:00"],
            "revenue": ["1"],
            "currency": ["EUR"],
        }
    )
    found = randomised(company(assignments=frame, orders=orders), ExperimentPlan(window_days=30))
    assert all("2025-03-31" in str(effect.reason) for effect in found.effects)


def test_a_missing_outcome_is_not_a_zero(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    known = frame[frame["customer_id"].str.endswith(("1", "2", "3", "4", "5", "6"))]
    found = randomised(company(assignments=frame, outcomes=measured(known, some_visits(known))), ExperimentPlan())
    estimate = found.effects[0].estimate
    assert estimate is not None
    assert (estimate.value, estimate.n_treated, estimate.n_comparison) == (0, 60, 60)


def test_an_outcome_lost_in_one_arm_claims_no_effect(company) -> None:
    """Control loses half of its outcomes: the customers who are left are no longer a random half."""
    frame = assigned({"a": 1000, "control": 1000})
    known = frame[(frame["arm"] == "a") | (np.arange(2000) % 2 == 0)]
    found = randomised(company(assignments=frame, outcomes=measured(known, some_visits(known))), ExperimentPlan())
    assert str(found.effects[0].reason).startswith("outcomes are missing unevenly")


def test_chances_that_differ_within_an_arm_claim_no_effect(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    frame["probability"] = np.where(np.arange(200) % 2 == 0, 0.8, 0.2)
    found = randomised(company(assignments=frame, outcomes=measured(frame, some_visits(frame))), ExperimentPlan())
    assert "chances of assignment differ" in str(found.effects[0].reason)


def test_shared_clusters_are_found_without_being_declared(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    frame["cluster_id"] = np.arange(200) // 20
    found = randomised(company(assignments=frame, outcomes=measured(frame, some_visits(frame))), ExperimentPlan())
    (effect,) = found.of("visits")
    assert effect.estimate is None or "cluster" in effect.estimate.method
    assert list(found.arms["units"]) == [5, 5]
    assert effect.checks[0].detail.startswith("Clusters per arm: a 5, control 5")


def test_an_outcome_that_does_not_vary_claims_no_effect(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    found = randomised(company(assignments=frame, outcomes=measured(frame, 1)), ExperimentPlan())
    assert "nothing varies" in str(found.effects[0].reason)


def test_one_experiment_without_a_comparison_arm_does_not_stop_the_others(company) -> None:
    sound = assigned({"a": 100, "control": 100})
    unclear = assigned({"x": 100, "y": 100}).assign(experiment_id="unclear")
    both = pd.concat([sound, unclear])
    found = randomised(company(assignments=both, outcomes=measured(both, some_visits(both))), ExperimentPlan())
    assert [effect.treated for effect in found.of("visits")] == ["a"]
    assert any("`unclear`" in note for note in found.notes)


def test_an_address_is_no_segment(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    customers = frame[["customer_id"]].assign(joined_at="2024-01-01T00:00:00", email=frame["customer_id"] + "@x.org")
    tables = company(assignments=frame, customers=customers, outcomes=measured(frame, some_visits(frame)))
    found = randomised(tables, ExperimentPlan(segments=("email",)))
    assert len(found.of("visits")) == 1
    assert any("200 different values" in note for note in found.notes)


def test_the_comparison_arm_must_be_known(company) -> None:
    frame = assigned({"a": 100, "b": 100})
    tables = company(assignments=frame, outcomes=measured(frame, 1))
    with pytest.raises(DesignError, match="say which one"):
        randomised(tables, ExperimentPlan())
    with pytest.raises(UnknownName, match="arm of experiment"):
        randomised(tables, ExperimentPlan(control="c"))


def test_hostile_names_stay_text(company) -> None:
    frame = assigned({"'; drop table outcomes; --": 60, "control": 60})
    hostile = "<script>alert(1)</script>'"
    found = randomised(company(assignments=frame, outcomes=measured(frame, 1, hostile)), ExperimentPlan())
    (effect,) = found.effects
    assert (effect.treated, effect.outcome) == ("'; drop table outcomes; --", hostile)


def test_segments_add_up_to_the_whole(company) -> None:
    """Weighted by their customers, the arms' segment means give the arms' means."""
    frame = assigned({"a": 400, "control": 400})
    rng = np.random.default_rng(3)
    customers = frame[["customer_id"]].assign(joined_at="2024-01-01T00:00:00", region=rng.choice(["n", "s"], 800))
    tables = company(assignments=frame, customers=customers, outcomes=measured(frame, rng.poisson(3, 800)))
    found = randomised(tables, ExperimentPlan(segments=("region",)))
    effects = found.of("visits")
    assert [dict(effect.segment) for effect in effects] == [{}, {"region": "n"}, {"region": "s"}]
    whole, *parts = [effect.estimate for effect in effects]
    assert sum(part.n_treated for part in parts) == whole.n_treated
