"""Gates of the study of adoption: by hand, size and power, what they say, and the cap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.studies.adoption import gates
from analysis.studies.adoption.cells import Estimated, estimated
from analysis.studies.adoption.cohorts import Studied, cohorts_of
from analysis.studies.adoption.panel import AdoptionPanel
from analysis.studies.grade import grade_of
from analysis.studies.result import Check
from analysis.studies.strata import balance
from analysis.synthetic.lean import lean_life
from analysis.synthetic.roll_out import roll_out_life
from analysis.synthetic.world import world_named
from tests.studies.adoption_companies import of_lean, of_roll_out, waves


def study(name: str, seed: int = 1, customers: int = 8_000) -> tuple[AdoptionPanel, Studied, Estimated]:
    panel = of_roll_out(roll_out_life(name, seed, customers))
    studied = cohorts_of(panel, 6, 6)
    return panel, studied, estimated(panel, studied, "orders", before=6, after=6, reference=-1)


def test_balance_by_hand() -> None:
    """Three adopters of plan 1 and one of plan 0; of eight others half have each plan.

    Without strata the shares of plan 1 are 3/4 and 1/2, standard deviation sqrt((3/16 + 1/4)/2) = 0.4677. Within strata
    of the plan they are alike. All bought once in each of two months before, the adopter of plan 0 thrice.
    """
    plan = [1, 1, 1, 0] + [0, 1] * 4
    orders = [[1, 1, 0, 0]] * 3 + [[3, 3, 0, 0]] + [[1, 1, 0, 0]] * 8
    panel = waves(orders, [2] * 4 + [-1] * 8, fixed={"plan": plan})
    frame = gates.balance_frame(panel, cohorts_of(panel, 2, 1), 2).set_index(["covariate", "value"])
    row = frame.loc[("plan", "1")]
    assert (row["contacted"], row["comparison"]) == (0.75, 0.5)
    assert row["difference"] == pytest.approx(0.25 / np.sqrt((3 / 16 + 1 / 4) / 2))
    level = frame.loc[(gates.EARLIER_LEVEL, "mean")]
    assert (level["contacted"], level["comparison"]) == (1.5, 1.0)
    assert level["difference"] == pytest.approx(0.5 / np.sqrt(0.75 / 2))
    alike = gates.balance_frame(panel, cohorts_of(panel, 2, 1, extra=("plan",)), 2).set_index(["covariate", "value"])
    assert alike.loc[("plan", "1")]["difference"] == pytest.approx(0.0)


def test_a_roll_out_by_lot_passes_and_one_that_follows_growth_fails() -> None:
    for name, sound in (("rollout_effect", True), ("rollout_trend", False)):
        panel, studied, found = study(name, customers=20_000)
        frame = gates.balance_frame(panel, studied, 6)
        check = balance(frame[frame["judged"]])
        assert (check.verdict == "passed") == sound
        assert sound or gates.EARLIER_LEVEL in check.detail
        trend = gates.trend_before(found)
        assert trend is not None
        assert trend.degrees == 5
        assert (abs(np.log(trend.drift)) < 2.5 * trend.se_log) == sound


def test_the_drift_is_a_share_of_what_adopters_did() -> None:
    """By hand: leads of 0, 0, 1, 1 and 1 (the reference) beyond the others, of adopters who bought 2 a month."""
    rng = np.random.default_rng(0)
    base = rng.integers(0, 3, size=(400, 8))
    base[:200, 2:6] += 1
    panel = waves(base.tolist(), [6] * 200 + [-1] * 200)
    found = estimated(panel, cohorts_of(panel, 6, 1), "orders", before=6, after=1, reference=-1)
    trend = gates.trend_before(found)
    assert trend is not None
    mine, others = base[:200].mean(axis=0), base[200:].mean(axis=0)
    path = (mine - others)[:6]
    assert np.log(trend.drift) == pytest.approx((path[3:].mean() - path[:3].mean()) / mine[:6].mean())
    check = gates.pre_trend(found, trend, by_plan=True)
    assert check.verdict == "failed"
    assert "before the invitation" in check.detail
    assert "contact" not in check.detail


def test_the_size_of_the_pre_trend() -> None:
    """In 40 roll-outs by lot that are large enough, hardly one fails."""
    verdicts = []
    for seed in range(40):
        _, _, found = study("rollout_none", seed, 4_000)
        verdicts.append(gates.pre_trend(found, gates.trend_before(found), by_plan=True).verdict)
    assert verdicts.count("failed") <= 5, "a share of 0.05 of 40 has 5 or fewer in 99 of 100 cases"


def test_too_few_months_or_nothing_that_varies_is_not_run() -> None:
    panel = waves([[1, 2, 1, 0, 1]] * 10 + [[2, 1, 1, 1, 0]] * 10, [3] * 10 + [-1] * 10)
    found = estimated(panel, cohorts_of(panel, 2, 1), "orders", before=2, after=1, reference=-1)
    check = gates.pre_trend(found, gates.trend_before(found), by_plan=True)
    assert (check.verdict, check.gate) == ("not_run", True)
    assert "needs 3 months before" in check.detail


def test_overlap_counts_adopters_without_a_comparison() -> None:
    _, studied, _ = study("rollout_none")
    assert gates.overlap(studied).verdict == "passed"
    check = gates.overlap(replace(studied, unmatched=studied.whole // 10))
    assert (check.verdict, check.gate) == ("failed", True)
    assert "10.0 %" in check.detail


def test_first_contacts_are_capped_whatever_else_passed() -> None:
    names = (*gates.NEEDED, "no_single_customer")
    passed = [Check(name=name, verdict="passed", detail="", gate=True) for name in names]
    assert grade_of(passed, needed=gates.NEEDED) == "B"
    cap = gates.includes_the_problem()
    assert "includes the harm of the problem that led to the contact" in cap.detail
    assert grade_of([*passed, cap], needed=gates.NEEDED) == "C"
    for name in gates.NEEDED:
        assert grade_of([check for check in passed if check.name != name], needed=gates.NEEDED) == "C"


def test_orders_before_are_shown_and_not_judged_where_customers_chose() -> None:
    panel = of_lean(lean_life(world_named("none"), 1, 4_000))
    studied = cohorts_of(panel, 6, 6)
    frame = gates.balance_frame(panel, studied, 6)
    assert not frame.set_index("covariate").loc[gates.EARLIER_LEVEL, "judged"]
    assert frame["judged"].sum() == len(frame) - 1
