"""The effort study on made-up customers whose law is known, its gates, its refusals, and what it hands over."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.effort.plan import EffortPlan
from analysis.studies.effort.response import response_of
from analysis.studies.effort.study import EffortResult, effort_on
from analysis.studies.result import Check, Effect
from tests.studies.effort.made_effort import made

PLAN = EffortPlan(outcomes=("orders", "repurchased"), surveys=("ces1",), segments=("region",), draws=199)
ORDERS = EffortPlan(outcomes=("orders",), surveys=(), draws=199)
TRUE = made(1, 12_000)


@pytest.fixture(scope="module")
def found() -> EffortResult:
    return effort_on(TRUE.rows, PLAN)


def one(result: EffortResult, outcome: str, estimand: str) -> Effect:
    return result.of(outcome, estimand)[0]


def check_of(result: EffortResult, name: str) -> Check:
    return next(check for check in one(result, "orders", "total_effect").checks if check.name == name)


def test_it_gives_back_what_was_planted(found: EffortResult) -> None:
    """Social spares half a contact, a contact costs 6 % of orders: all of the gain runs through effort."""
    effort = one(found, "contacts_to_resolve", "total_effect").estimate
    assert effort is not None
    assert effort.value == pytest.approx(-0.5, abs=3 * effort.se)
    for estimand, truth in (
        ("total_effect", TRUE.total), ("indirect_effect", TRUE.indirect), ("direct_effect", 0.0),
        ("indirect_effect:contacts_to_resolve", TRUE.indirect), ("indirect_effect:repeat_contact", 0.0),
    ):  # fmt: skip
        estimate = one(found, "orders", estimand).estimate
        assert estimate is not None
        assert estimate.low <= truth <= estimate.high, estimand
    slope = one(found, "orders", "effort_slope:contacts_to_resolve")
    assert slope.estimate is not None
    assert slope.estimate.high < 0
    assert "Customers whose issue on social took one contact more had" in slope.claim


def test_the_interval_of_what_runs_through_effort_covers() -> None:
    """25 worlds: at least 20 of each part hold the truth, which chance alone misses twice in a thousand times."""
    held = np.zeros(2)
    for seed in range(25):
        truth = made(100 + seed, 2_500, direct=0.05)
        result = effort_on(truth.rows, ORDERS)
        for place, (estimand, true) in enumerate((("total_effect", truth.total), ("indirect_effect", truth.indirect))):
            estimate = one(result, "orders", estimand).estimate
            assert estimate is not None
            held[place] += estimate.low <= true <= estimate.high
    assert (held >= 20).all()


def test_total_is_the_sum_of_its_parts_in_every_group(found: EffortResult) -> None:
    for outcome in PLAN.outcomes:
        totals, through, past = (
            found.of(outcome, name) for name in ("total_effect", "indirect_effect", "direct_effect")
        )
        assert len(totals) == 3
        for whole, *parts in zip(totals, through, past, strict=True):
            values = [part.estimate.value for part in (whole, *parts) if part.estimate is not None]
            assert values[0] == pytest.approx(sum(values[1:]), rel=1e-12)


def test_nothing_earns_more_than_a_c(found: EffortResult) -> None:
    assert {effect.grade for effect in found.effects if effect.estimate is not None} == {"C"}
    assert check_of(found, "unrecorded_causes").verdict == "not_run"
    assert check_of(found, "placebo_date").verdict == "passed"
    assert check_of(found, "effort_before_it_was_needed").verdict == "passed"
    assert check_of(found, "overlap").verdict == "passed"


def test_a_trend_of_those_who_choose_social_fails_the_placebo() -> None:
    result = effort_on(made(3, 12_000, trend=0.15).rows, ORDERS)
    assert check_of(result, "placebo_date").verdict == "failed"


def test_severity_that_moves_effort_and_orders_is_adjusted_for() -> None:
    """Without its column the split would be wrong; effort itself does nothing here."""
    truth = made(4, 20_000, per_contact=0.0, severity_moves_orders=-0.2)
    adjusted = one(effort_on(truth.rows, ORDERS), "orders", "indirect_effect").estimate
    blind = replace(truth.rows, severity=np.zeros(len(truth.rows), dtype=np.int64))
    raw = one(effort_on(blind, ORDERS), "orders", "indirect_effect").estimate
    assert adjusted is not None
    assert raw is not None
    assert adjusted.low <= 0 <= adjusted.high
    assert raw.low > 0


def test_answers_are_weighted_for_those_who_did_not_answer() -> None:
    """Hard issues are answered more; the exposed need less effort, so raw answers show less of a gap."""
    truth = made(5, 30_000, answers_if_hard=0.15, contacts=-0.8)
    result = effort_on(truth.rows, replace(PLAN, outcomes=("orders",), segments=()))
    estimate = one(result, "ces1", "total_effect").estimate
    assert estimate is not None
    assert estimate.low <= truth.said_gap <= estimate.high
    said = truth.rows.said["ces1"]
    raw = np.nanmean(said[truth.rows.exposed]) - np.nanmean(said[~truth.rows.exposed])
    assert abs(estimate.value - truth.said_gap) < abs(raw - truth.said_gap)
    (line,) = result.response.to_dict("records")
    assert line["asked"] == 30_000
    assert line["answered"] == np.isfinite(said).sum() > line["effective"] > 1_000
    through = one(result, "orders", "indirect_effect:ces1")
    assert through.estimate is not None
    assert "effort as said in surveys (ces1)" in through.claim


def test_weights_of_answers_by_hand() -> None:
    """Of 100 hard issues 50 were answered and of 100 easy ones 25: an easy answer counts twice as much."""
    hard = np.repeat([1.0, 0.0], 100)
    answered = np.concatenate([np.arange(100) < 50, np.arange(100) < 25])
    response = response_of(answered, {"hard": hard, "constant": np.ones(200)})
    assert response.answered == 75
    assert response.weights[answered].mean() == pytest.approx(1)
    assert response.weights[100] / response.weights[0] == pytest.approx(2, rel=0.01)
    assert response.weights[60] == 0
    assert response.effective == pytest.approx((50 + 2 * 25) ** 2 / (50 + 4 * 25), rel=0.01)


def test_what_it_hands_over_is_plain_and_safe(found: EffortResult) -> None:
    parts = json.loads(json.dumps(found.to_parts(), allow_nan=False))
    assert {effect["design"] for effect in parts["effects"]} == {"effort"}
    assert len(found.to_frame()) == len(found.effects)
    assert "&lt;south&gt;" in found._repr_html_()
    assert "<south>" not in found._repr_html_()
    assert list(found.paths["effort"][:2]) == ["together", "together"]
    at_nought = found.hidden[(found.hidden["outcome"] == "orders") & (found.hidden["rho"] == 0)]
    assert at_nought["indirect"].item() == pytest.approx(found.paths["indirect"][0])
    assert found.evidence.moved == ("log_hours_to_reply",)
    assert "It takes their effort as drawn from" in one(found, "orders", "indirect_effect").claim
    assert effort_on(TRUE.rows, PLAN).to_parts() == found.to_parts()


def test_what_tells_nothing_is_refused_or_noted(found: EffortResult) -> None:
    rows = made(6, 3_000).rows
    still = replace(rows, effort={**rows.effort, "channel_switches": np.zeros(3_000)}, moved={}, prior={})
    result = effort_on(still, replace(ORDERS, surveys=("ces1", "ces2")))
    assert any("`channel_switches` is told, but nothing is split by it" in note for note in result.notes)
    assert any("`days_to_resolve` is not told" in note for note in result.notes)
    assert any("The wait for the first reply is not recorded" in note for note in result.notes)
    assert check_of(result, "placebo_date").verdict == "not_run"
    assert one(result, "orders", "indirect_effect:ces2").reason == "Nobody was asked `ces2` about these issues."
    few = rows.where(np.arange(3_000) < 200)
    refused = one(effort_on(few, ORDERS), "orders", "total_effect")
    assert refused.grade == "D"
    assert "100 of each are the fewest" in str(refused.reason)
    with pytest.raises(
        DesignError, match=r"0 of [\d,]+ customers who can be followed have an issue that went to social"
    ):
        effort_on(rows.where(~rows.exposed), ORDERS)
    with pytest.raises(DesignError, match="do not carry revenue; they carry orders, repurchased"):
        effort_on(rows, EffortPlan(outcomes=("revenue",)))
    with pytest.raises(ValueError, match="one entry a customer"):
        replace(rows, observed=np.ones(3))


def test_customers_without_a_counterpart_are_left_out_and_counted() -> None:
    rows = made(7, 3_000).rows
    alone = rows.exposed & (np.arange(3_000) % 10 == 0)
    result = effort_on(replace(rows, month=np.where(alone, 700, rows.month)), ORDERS)
    check = check_of(result, "overlap")
    assert check.verdict == "failed"
    assert f"{alone.sum():,} of {rows.exposed.sum():,} customers" in check.detail
    estimate = one(result, "orders", "total_effect").estimate
    assert estimate is not None
    assert estimate.n_treated == rows.exposed.sum() - alone.sum()


def test_plans_that_cannot_be() -> None:
    for plan, words in (
        ({"outcomes": ("issues",)}, "coming back is effort"),
        ({"outcomes": ()}, "Name one outcome"),
        ({"mediators": ("taste",)}, "Effort is told in"),
        ({"surveys": ("nps",)}, "effort scales of surveys"),
        ({"effort_days": 0}, "1 to 90 days"),
        ({"history_days": 100}, "observed for 180 to 2,190 days"),
        ({"level": 1.0}, "lies between 0.5 and 0.999"),
        ({"draws": 10}, "99 draws at least"),
    ):
        with pytest.raises(DesignError, match=words):
            EffortPlan(**plan)  # type: ignore[arg-type]
