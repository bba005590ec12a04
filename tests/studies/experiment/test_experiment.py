"""A whole experiment through its tables: what is reported of it, in which order, and what it does not depend on."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.experiment.contrasts import ADJUSTED, ANYTIME, COMPLIER, EFFECT
from analysis.studies.experiment.looks import Looks
from analysis.studies.experiment.outcomes import ON_REQUEST, UNASKED
from analysis.studies.experiment.plan import OF_EVENTS, ExperimentPlan, Guardrail
from analysis.studies.experiment.study import ExperimentResult, randomised
from analysis.tables.load import Source, open_tables, prepare
from tests.studies.experiment.test_geo import orders as region_orders
from tests.studies.experiment.test_geo import regions
from tests.studies.experiment.trials import ASSIGNED, assigned, draws, measured, people

KNOWN_BEFORE = ("recency", "history", "mens", "womens", "newbie", "region", "channel")
SPLIT_BY = ("history_segment", "region", "mens", "womens")


@pytest.fixture(scope="module")
def emails(tmp_path_factory: pytest.TempPathFactory, real_data: Path) -> ExperimentResult:
    source = Source(real_data / "hillstrom", map="hillstrom")
    plan = ExperimentPlan(
        control="No E-Mail", outcomes=("visit", "conversion", "spend"), covariates=KNOWN_BEFORE, segments=SPLIT_BY
    )
    with open_tables(prepare([source], cache=tmp_path_factory.mktemp("cache"), zone="UTC")) as tables:
        return randomised(tables, plan)


def least_squares(path: Path, outcome: str, arm: str) -> tuple[float, float]:
    """CUPED worked out on the file's rows: residuals on the covariates over both arms, then Welch."""
    rows = pd.read_csv(path)
    rows = rows[rows["segment"].isin([arm, "No E-Mail"])]
    dummies = pd.get_dummies(rows[["zip_code", "channel"]], drop_first=True)
    x = np.column_stack([rows[["recency", "history", "mens", "womens", "newbie"]], dummies]).astype(float)
    y, treated = rows[outcome].to_numpy(dtype=float), (rows["segment"] == arm).to_numpy()
    left = y - (x - x.mean(axis=0)) @ np.linalg.lstsq(x - x.mean(axis=0), y - y.mean(), rcond=None)[0]
    parts = [left[treated], left[~treated]]
    error = np.sqrt(sum(part.var(ddof=1) / len(part) for part in parts))
    return float(parts[0].mean() - parts[1].mean()), float(error)


@pytest.mark.parametrize("outcome", ["visit", "spend"])
@pytest.mark.parametrize("arm", ["Mens E-Mail", "Womens E-Mail"])
def test_adjusted_figures_of_the_email_experiment(
    emails: ExperimentResult, real_data: Path, outcome: str, arm: str
) -> None:
    plain = next(effect.estimate for effect in emails.of(outcome) if effect.treated == arm)
    found = next(effect.estimate for effect in emails.of(outcome, estimand=ADJUSTED) if effect.treated == arm)
    value, error = least_squares(real_data / "hillstrom" / "hillstrom.csv", outcome, arm)
    assert plain is not None
    assert found is not None
    assert found.value == pytest.approx(value, rel=1e-7)
    assert found.se == pytest.approx(error, rel=1e-7)
    assert found.se < plain.se
    assert found.method == "CUPED on 9 covariates, difference in means (Welch)"


def test_segments_of_the_email_experiment(emails: ExperimentResult) -> None:
    """Customers of men's goods open an e-mail about women's goods less: these segments differ, areas do not."""
    told = emails.frames["tests"].set_index(["outcome", "treated", "attribute"])["differ"]
    assert told["visit", "Womens E-Mail", "mens"]
    assert told["visit", "Womens E-Mail", "womens"]
    assert not told["visit", "Womens E-Mail", "region"]
    assert not told["visit", "Mens E-Mail", "region"]
    by_area = [effect for effect in emails.of("visit") if "region" in effect.segment]
    assert {effect.segment["region"] for effect in by_area} == {"Rural", "Surburban", "Urban"}
    assert {effect.grade for effect in by_area} == {"C"}
    assert all("cannot be told apart" in effect.claim for effect in by_area)
    by_history = [effect for effect in emails.of("spend") if "history_segment" in effect.segment]
    assert len(by_history) == 14
    assert {effect.grade for effect in emails.of("visit") if not effect.segment} == {"A"}


def test_sizes_of_segments_add_up(emails: ExperimentResult) -> None:
    for arm, size in (("Mens E-Mail", 21_307), ("Womens E-Mail", 21_387)):
        for attribute in SPLIT_BY:
            parts = [e for e in emails.of("visit") if e.treated == arm and attribute in e.segment]
            assert sum(part.estimate.n_treated for part in parts if part.estimate) == size


def test_the_plain_difference_comes_first_and_the_adjusted_one_right_after_it(emails: ExperimentResult) -> None:
    order = [(effect.estimand, effect.scale) for effect in emails.effects if not effect.segment][:4]
    assert order == [(EFFECT, "difference"), (ADJUSTED, "difference"), (EFFECT, "ratio"), (ADJUSTED, "ratio")]
    for one, other in zip(emails.effects, emails.effects[1:], strict=False):
        if (one.estimand, one.scale) == (EFFECT, "difference") and one.estimate is not None:
            same = ("treated", "comparison", "outcome", "segment", "scale")
            assert other.estimand == ADJUSTED
            assert all(getattr(one, name) == getattr(other, name) for name in same)


def test_what_hardly_anybody_did_in_a_segment_is_not_told_of_it(emails: ExperimentResult) -> None:
    """578 of 64,000 customers bought: enough of all of them, too few of those who had spent most before."""
    plain = [one for one in emails.effects if (one.estimand, one.scale) == (EFFECT, "difference")]
    refused = [one for one in plain if one.estimate is None]
    assert all(one.segment and "are needed there" in str(one.reason) for one in refused)
    assert {(one.outcome, *one.segment.values()) for one in refused} == {
        (outcome, spent) for outcome in ("conversion", "spend") for spent in ("6) $750 - $1,000", "7) $1,000 +")
    }


def test_results_are_plain_values(emails: ExperimentResult) -> None:
    from analysis.foundation.provenance import canonical_json

    parts = emails.to_parts()
    assert canonical_json(parts) == canonical_json(emails.to_parts())
    assert len(emails.to_frame()) == len(parts["effects"])
    assert "<table" in emails._repr_html_()


def test_the_order_of_rows_changes_nothing(company) -> None:
    frame = assigned({"a": 150, "control": 150})
    customers = people(frame, region=np.where(np.arange(300) % 2, "n", "s"), age=draws(1, 300))
    outcomes = measured(frame, draws(2, 300))
    plan = ExperimentPlan(segments=("region",), covariates=("age",))
    one = randomised(company(assignments=frame, customers=customers, outcomes=outcomes), plan)
    mixed = [table.sample(frac=1, random_state=5) for table in (frame, customers, outcomes)]
    other = randomised(company(assignments=mixed[0], customers=mixed[1], outcomes=mixed[2]), plan)
    assert one.to_parts() == other.to_parts()


def test_swapped_arms_turn_the_sign_and_a_scaled_unit_the_size(company) -> None:
    frame = assigned({"a": 150, "control": 150})
    values = draws(2, 300)

    def estimate(plan: ExperimentPlan, scale: int, scale_of: str = "difference"):
        found = randomised(company(assignments=frame, outcomes=measured(frame, values * scale)), plan)
        return found.of("visits", scale=scale_of)[0].estimate

    plain = estimate(ExperimentPlan(), 1)
    swapped = estimate(ExperimentPlan(control="a"), 1)
    scaled = estimate(ExperimentPlan(), 3)
    assert (swapped.value, swapped.se) == (-plain.value, pytest.approx(plain.se))
    assert (scaled.value, scaled.se) == (pytest.approx(3 * plain.value), pytest.approx(3 * plain.se))
    assert estimate(ExperimentPlan(), 3, "ratio").value == pytest.approx(estimate(ExperimentPlan(), 1, "ratio").value)


def test_what_was_not_declared_is_marked_as_explored(company) -> None:
    class Declared:
        def covers(self, outcome: str, segment: Mapping[str, str]) -> bool:
            return outcome == "visits" and not segment

    frame = assigned({"a": 150, "control": 150})
    outcomes = pd.concat([measured(frame, draws(1, 300)), measured(frame, draws(2, 300), "clicks")])
    customers = people(frame, region=np.where(np.arange(300) % 2, "n", "s"))
    tables = company(assignments=frame, outcomes=outcomes, customers=customers)
    found = randomised(tables, ExperimentPlan(declared=Declared(), segments=("region",)))
    told = {(effect.outcome, bool(effect.segment)): effect.declared for effect in found.effects}
    assert told == {
        ("visits", False): True, ("visits", True): False, ("clicks", False): False, ("clicks", True): False,
    }  # fmt: skip


def test_names_of_events_are_those_that_are_counted() -> None:
    assert set(OF_EVENTS) == {*UNASKED, *ON_REQUEST}


def test_a_ratio_named_like_a_measured_outcome_is_left_out(company) -> None:
    frame = assigned({"a": 150, "control": 150})
    names = ("visits", "clicks", "depth")
    outcomes = pd.concat([measured(frame, 1 + draws(seed, 300), name) for seed, name in enumerate(names)])
    found = randomised(company(assignments=frame, outcomes=outcomes), ExperimentPlan(ratios={"depth": names[:2]}))
    assert found.of("depth")[0].estimate.unit == "depth per customer"
    assert [one.estimand for one in found.effects if one.outcome == "depth"] == [EFFECT, EFFECT]
    assert "`depth` was left out: an outcome of that name was measured. Give the ratio another name." in found.notes


def test_an_invitation_is_told_for_all_and_for_those_it_moved(company) -> None:
    """Of 1,000 invited 400 take part, which makes 2 visits more; nobody else does: 0.8 for all, 2 for those moved."""
    frame = assigned({"a": 1000, "control": 1000}, assigned_at=ASSIGNED)
    part = (frame["arm"] == "a") & (np.arange(2000) % 5 < 2)
    frame["exposed_at"] = np.where(part, "2025-03-02T00:00:00", "")
    values = np.tile([1, 2, 3, 4, 5], 400) + 2 * part
    tables = company(assignments=frame, outcomes=measured(frame, values))
    found = randomised(tables, ExperimentPlan(template="encouragement"))
    (whole,), (moved,) = found.of("visits"), found.of("visits", estimand=COMPLIER)
    assert whole.estimate is not None
    assert moved.estimate is not None
    assert whole.estimate.value == pytest.approx(0.8)
    assert moved.estimate.value == pytest.approx(2)
    assert moved.grade == "B"
    assert "first_stage" in [check.name for check in moved.checks]
    assert "It rests on the assignment having changed nothing but through taking part." in moved.claim


def test_looks_along_the_way_have_wider_intervals(company) -> None:
    frame = assigned({"a": 2000, "control": 2000})
    found = randomised(
        company(assignments=frame, outcomes=measured(frame, draws(2, 4000))),
        ExperimentPlan(looks=Looks(first=1000, maximum=4000)),
    )
    plain, early = found.of("visits")[0].estimate, found.of("visits", estimand=ANYTIME)[0].estimate
    assert plain is not None
    assert early is not None
    assert early.value == pytest.approx(plain.value)
    assert early.high - early.low > plain.high - plain.low


def test_a_switchback_is_compared_by_blocks(company) -> None:
    rng = np.random.default_rng(8)
    arms = rng.permutation(["a", "control"] * 40)
    starts = pd.date_range("2025-03-01", periods=80, freq="6h")
    rows = [
        (f"c{block}-{k}", arm, start, start + pd.Timedelta(minutes=10 * k))
        for block, (arm, start) in enumerate(zip(arms, starts, strict=True))
        for k in range(20)
    ]
    frame = pd.DataFrame(rows, columns=["customer_id", "arm", "block_start", "assigned_at"])
    frame = frame.assign(experiment_id="trial", unit="time_block")
    for name in ("block_start", "assigned_at"):
        frame[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%S")
    values = rng.poisson(3, len(frame)) + 2 * (frame["arm"] == "a")
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())
    (effect,) = found.of("visits")
    assert effect.estimate is not None
    assert effect.estimate.low < 2 < effect.estimate.high
    assert list(found.arms["units"]) == [40, 40]
    assert effect.checks[0].detail.startswith("Time blocks per arm")
    plan = ExperimentPlan(washout_hours=1, explore=("visits",))
    shorter = randomised(company(assignments=frame, outcomes=measured(frame, values)), plan)
    assert "Experiment `trial`, `visits`: 480 of 1,600 rows of customers lie in the first 1 hour of" in shorter.notes[0]
    assert "in a switchback time blocks were assigned" in shorter.notes[1]


def test_hostile_values_of_segments_stay_text(company) -> None:
    frame = assigned({"a": 120, "control": 120})
    value = "'); drop table customers; --<script>"
    customers = people(frame, region=np.where(np.arange(240) % 2, value, "n"))
    found = randomised(
        company(assignments=frame, customers=customers, outcomes=measured(frame, draws(1, 240))),
        ExperimentPlan(segments=("region",), covariates=("region",)),
    )
    assert {effect.segment["region"] for effect in found.effects if effect.segment} == {value, "n"}
    assert "<script>" not in found._repr_html_()


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        ({"window_days": 0}, DesignError, "over 1 day at least"),
        ({"pre_days": -1}, DesignError, "over 0"),
        ({"washout_hours": -2}, DesignError, "cannot last -2 hours"),
        ({"level": 1.0}, DesignError, "between 0.5 and 0.999"),
        ({"template": "standrad"}, UnknownName, "standard"),
        ({"winsorise": {"spend": 0.0}}, DesignError, "cannot|can be capped"),
        ({"quantiles": {"spend": (0.5, 1.0)}}, DesignError, "between 0 and 1"),
        ({"ratios": {"one": ("orders", "orders")}}, DesignError, "divides `orders` by itself"),
        ({"ratios": {"revenue": ("margin", "orders")}}, DesignError, "`revenue` is an outcome of events"),
        ({"ratios": {"csat": ("margin", "orders")}}, DesignError, "`csat` is an outcome of events"),
        ({"ratios": {"clicks": ("clicks", "visits")}}, DesignError, "`clicks` is an outcome"),
        ({"ratios": {"a": ("clicks", "visits"), "visits": ("b", "c")}}, DesignError, "`visits` is an outcome"),
    ],
)
def test_plans_that_cannot_be_meant(wrong, error, words) -> None:
    with pytest.raises(error, match=words):
        ExperimentPlan(**wrong)


def test_regions_that_were_held_out_are_compared_as_wholes(company) -> None:
    frame = regions({"programme": 6, "control": 8})
    tables = company(assignments=frame, orders=region_orders(frame, 5, lift=1.0))
    guard = Guardrail(margin=0.5, worse="lower")
    plan = ExperimentPlan(
        template="geo", outcomes=("orders",), segments=("region",), window_days=84, guardrails={"orders": guard}
    )
    found = randomised(tables, plan)
    (effect,) = found.of("orders")
    assert effect.estimate is not None
    assert effect.estimate.low < 3 < effect.estimate.high
    assert list(found.arms["units"]) == [8, 6]
    assert {"regions", "paths"} <= set(found.frames)
    assert "guardrail_orders" in [check.name for check in effect.checks]
    assert any("regions are compared as wholes" in note for note in found.notes)
    assert set(found.to_parts()["coverage"]["experiments"]) == {"arms", "guardrails", "regions", "paths"}


def test_what_is_made_for_customers_is_not_made_for_clusters(company) -> None:
    frame = assigned({"a": 1000, "control": 1000}, unit="cluster")
    frame["cluster_id"] = frame["arm"] + "-" + (np.arange(2000) % 50).astype(str)
    outcomes = pd.concat([measured(frame, draws(1, 2000)), measured(frame, draws(2, 2000), "clicks")])
    plan = ExperimentPlan(
        winsorise={"visits": 5.0}, quantiles={"clicks": (0.5,)}, ratios={"clicks a visit": ("clicks", "visits")}
    )
    found = randomised(company(assignments=frame, outcomes=outcomes), plan)
    assert {effect.estimand for effect in found.effects} == {EFFECT}
    assert "cluster" in found.of("visits")[0].estimate.method
    assert sum("assigned one by one" in note for note in found.notes) == 3
