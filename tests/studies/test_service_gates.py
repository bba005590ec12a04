"""The gates of the queue: their thresholds, how often they pass what is sound, and what they catch."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.studies.grade import grade_of
from analysis.studies.result import Check
from analysis.studies.service.gates import NEEDED, QueueFinding, first_stage, judge_queue, without_incidents
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.scope import ServiceScope
from analysis.studies.service.table import NEVER
from tests.studies.planted_service import planted

PLAN = ServicePlan(outcomes=("orders",))
NONE = without_incidents("not_applicable", "No product had an incident.")


def finding(value: float = 0.0, se: float = 0.03, p_value: float = 0.9, name: str = "orders before") -> QueueFinding:
    return QueueFinding(name=name, value=value, se=se, p_value=p_value)


@pytest.mark.parametrize(
    ("value", "se", "p_value", "verdict"),
    [
        (0.01, 0.03, 0.70, "passed"),
        (0.019, 0.001, 1e-9, "passed"),  # clear, but no larger than is allowed
        (0.021, 0.001, 1e-9, "failed"),
        (-0.30, 0.05, 1e-6, "failed"),
        (0.10, 0.06, 0.10, "not_run"),  # 2.8 x 0.06 = 0.168 may stay unseen
        (0.40, 0.06, 1e-9, "failed"),  # too rough to pass, but what it saw is not unseen
        (0.10, 0.053, 0.06, "passed"),
    ],
)
def test_the_placebo_fails_where_it_is_clear_and_large_and_never_passes_blind(
    value: float, se: float, p_value: float, verdict: str
) -> None:
    before, *_ = judge_queue(finding(value, se, p_value), NONE, [finding(name="severity")])
    assert before.verdict == verdict
    assert before.gate
    assert before.value == value
    assert before.low == pytest.approx(value - 1.959964 * se, abs=1e-6)
    assert before.low < before.value < before.high


@pytest.mark.parametrize(
    ("value", "se", "p_value", "verdict"),
    [
        (0.09, 0.001, 1e-9, "passed"),
        (0.11, 0.001, 1e-9, "failed"),
        (0.3, 0.18, 0.1, "not_run"),
        (0.3, 0.17, 0.1, "passed"),
    ],
)
def test_balance_allows_a_tenth_of_a_standard_deviation(value: float, se: float, p_value: float, verdict: str) -> None:
    _, balance, *_ = judge_queue(finding(), NONE, [finding(name="severity"), finding(value, se, p_value, "issues")])
    assert balance.verdict == verdict
    assert balance.value == value, "the largest is told"
    assert "issues" in balance.detail


def test_p_values_are_judged_together() -> None:
    """0.02 is clear alone; of five it is not."""
    alone, *_ = judge_queue(finding(0.1, 0.04, 0.02), NONE, [])
    together, *_ = judge_queue(finding(0.1, 0.04, 0.02), finding(), [finding(name=str(place)) for place in range(3)])
    assert (alone.verdict, together.verdict) == ("failed", "passed")
    assert together.p_value == pytest.approx(0.1)


def test_what_is_not_recorded_is_said_and_nothing_recorded_is_no_balance() -> None:
    _, balance, *_ = judge_queue(finding(), NONE, [], ["severity"])
    assert (balance.verdict, balance.value) == ("not_run", None)
    assert "Not recorded: severity." in balance.detail
    before, *_ = judge_queue("There were no orders before.", NONE, [finding(name="severity")])
    assert (before.verdict, before.detail) == ("not_run", "There were no orders before.")


def test_a_grade_b_needs_all_of_them() -> None:
    def gates(**verdicts: Any) -> list[Check]:
        usual = dict.fromkeys((*NEEDED, "other_incidents"), "passed") | verdicts
        return [Check(name=name, verdict=verdict, detail="So.", gate=True) for name, verdict in usual.items()]

    assert grade_of(gates(), needed=NEEDED) == "B"
    assert grade_of(gates(other_incidents="not_applicable"), needed=NEEDED) == "B"
    for name in (*NEEDED, "other_incidents"):
        for verdict in ("failed", "not_run"):
            assert grade_of(gates(**{name: verdict}), needed=NEEDED) == "C"
    for name in NEEDED:
        assert grade_of(gates(**{name: "not_applicable"}), needed=NEEDED) == "C", "what is needed is never excused"


def test_without_a_queue_the_first_stage_says_why() -> None:
    check = first_stage(None, "All contacts are about one product.", "1 hour")
    assert (check.verdict, check.value, check.detail) == ("not_run", None, "All contacts are about one product.")


def test_a_queue_that_makes_answers_quicker_is_no_queue() -> None:
    """A desk that calls for help when it is busy: a strong slope of the wrong sign must not pass for luck."""
    check = ServiceScope(planted(1, pull=-0.3), PLAN, {}).strength
    assert check.verdict == "failed"
    assert check.value is not None
    assert check.value > 100
    assert "A longer queue goes with quicker answers" in check.detail


def share_of(verdict: str, gate: str, seeds: range, **faults: float) -> float:
    found = []
    for seed in seeds:
        checks = ServiceScope(planted(seed, **faults), PLAN, {}).queue_checks("orders")
        found.append(next(check for check in checks if check.name == gate).verdict == verdict)
    return float(np.mean(found))


def test_sound_queues_pass_and_each_fault_is_caught_by_its_gate() -> None:
    """Size over 25 sound desks, power over 8 of each fault; 10 seconds.

    A queue that lowers buying by another way is seen on days of other products' incidents alone: there it is twice as
    long, and the wait explains only its own share.
    """
    seeds = range(25)
    sound = [ServiceScope(planted(seed), PLAN, {}).queue_checks("orders") for seed in seeds]
    failed = [check.name for checks in sound for check in checks if check.verdict == "failed"]
    assert len(failed) <= 3, failed
    assert np.mean([grade_of(checks, needed=NEEDED) == "B" for checks in sound]) >= 0.8
    assert share_of("failed", "other_incidents", range(8), surge_buys=-0.3) == 1.0
    assert share_of("failed", "balance", range(8), load_graver=0.04) >= 0.9
    assert share_of("failed", "first_stage", range(8), pull=0.0) >= 0.9


def test_trouble_that_comes_with_busy_days_is_seen_in_the_hour_after() -> None:
    """Unrecorded, not in what was bought before, on no day of an incident: an effect is found where there is none.

    6 desks; how often sound ones fail is told above. Placebo and balance see nothing.
    """
    caught = [ServiceScope(planted(seed, busy_days=0.4), PLAN, {}) for seed in range(6)]
    assert all(scope.queue("orders").effect.low > 0 for scope in caught), "there is no effect"  # type: ignore[union-attr]
    assert [check_of(scope, "busy_hours").verdict for scope in caught].count("failed") >= 5
    for name in ("placebo_before", "balance"):
        assert [check_of(scope, name).verdict for scope in caught].count("failed") <= 1


def test_busy_hours_that_cannot_be_seen_hold_no_grade_down() -> None:
    rough = QueueFinding(name="orders", value=0.1, se=0.06, p_value=0.1)
    for busy in (rough, "Load after does not vary."):
        *others, check = judge_queue(finding(), NONE, [finding(name="severity")], busy=busy)
        assert (check.name, check.verdict, check.gate) == ("busy_hours", "not_run", False)
        assert all(one.gate for one in others)
    clear = judge_queue(finding(), NONE, [], busy=finding(0.2, 0.03, 1e-6))[-1]
    assert (clear.verdict, clear.gate) == ("failed", True)


def test_who_is_left_out_to_a_bot_must_not_go_with_the_queue() -> None:
    """A bot that takes over when the desk is busy picks who is compared; one that answers a fifth by lot does not."""
    for seed in range(4):
        rows, rng = planted(seed), np.random.default_rng(seed)
        busy = rng.random(len(rows)) < np.clip(0.05 * (rows.load - 2), 0, 1)
        chance = rng.random(len(rows)) < 0.2
        verdicts = []
        for bot in (busy & ~rows.in_time(3_600), chance):
            scope = ServiceScope(replace(rows, bot=bot, waited=np.where(bot, NEVER, rows.waited)), PLAN, {})
            assert len(scope.rows) == int((~bot).sum())
            verdicts.append(check_of(scope, "balance"))
        assert verdicts[0].verdict == "failed"
        assert "left out, as only a bot replied" in verdicts[0].detail
        assert verdicts[1].verdict == "passed"


def check_of(scope: ServiceScope, name: str) -> Check:
    return next(check for check in scope.queue_checks("orders") if check.name == name)


def test_the_placebo_sees_customers_who_bought_less_before() -> None:
    """Customers of a long queue bought a fifth less already before: 8 of 8."""
    for seed in range(8):
        rows = planted(seed)
        rng = np.random.default_rng(seed)
        less = rng.binomial(rows.before["orders"], np.clip(1 - 0.06 * (rows.load - 2), 0, 1))
        changed = rows.where(np.ones(len(rows), dtype=bool))
        object.__setattr__(changed, "before", {**rows.before, "orders": less})
        (before,) = [c for c in ServiceScope(changed, PLAN, {}).queue_checks("orders") if c.name == "placebo_before"]
        assert before.verdict == "failed"
        assert "No answer can have changed what was before" in before.detail
