"""A gain with a breached guardrail is not recommended, and what cannot be told counts as no permission."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Estimate
from analysis.studies.experiment.guardrails import judged
from analysis.studies.experiment.plan import ExperimentPlan, Guardrail
from analysis.studies.experiment.study import randomised
from tests.studies.experiment.trials import assigned, measured


def change(value: float, half: float) -> Estimate:
    return Estimate(
        name="csat", value=value, low=value - half, high=value + half, level=0.95, se=half / 1.96, scale="difference",
        unit="points per customer", n_treated=900, n_comparison=900, method="",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "half", "verdict"),
    [
        (0.5, 0.1, "passed"),  # better
        (0.0, 0.15, "passed"),  # harm above the margin of 0.2 is ruled out
        (-0.05, 0.1, "passed"),
        (-0.12, 0.05, "passed"),  # a clear harm that is put up with
        (-0.15, 0.1, "failed"),  # a clear harm that may be larger than the margin
        (-0.25, 0.4, "failed"),  # the estimate itself lies beyond the margin
        (-0.4, 0.1, "failed"),
        (0.0, 0.4, "not_run"),  # nothing seen, and little would have been
        (0.1, 0.35, "not_run"),
    ],
)
def test_verdicts_by_hand_and_mirrored(value: float, half: float, verdict: str) -> None:
    assert judged(Guardrail(margin=0.2, worse="lower"), "csat", change(value, half)).verdict == verdict
    assert judged(Guardrail(margin=0.2, worse="higher"), "cost", change(-value, half)).verdict == verdict


def test_no_estimate_is_no_permission() -> None:
    check = judged(Guardrail(margin=0.2, worse="lower"), "csat", "the two arms hold 3 and 4 customers.")
    assert check.verdict == "not_run"
    assert not check.gate


@pytest.mark.parametrize("margin", [0.0, -1.0, float("inf"), float("nan")])
def test_a_margin_is_above_zero(margin: float) -> None:
    with pytest.raises(DesignError, match="a number above 0"):
        Guardrail(margin=margin, worse="lower")


def test_size_of_the_test_at_the_margin() -> None:
    """Harm of exactly the margin passes in one of 40 tests: 5,000 normal estimates, within 3.3 Monte Carlo errors."""
    values = np.random.default_rng(7).normal(-0.2, 0.05, 5000)
    rule = Guardrail(margin=0.2, worse="lower")
    passed = np.mean([judged(rule, "csat", change(value, 1.959964 * 0.05)).verdict == "passed" for value in values])
    assert abs(passed - 0.025) < 3.3 * np.sqrt(0.025 * 0.975 / 5000)


def gain_and_harm(company, harm: float) -> object:
    frame = assigned({"a": 1000, "b": 1000, "control": 1000})
    rng = np.random.default_rng(3)
    bought = rng.poisson(2, 3000) + (frame["arm"] != "control")
    csat = np.round(rng.normal(4, 0.5, 3000) - harm * (frame["arm"] == "a"), 2)
    outcomes = pd.concat([measured(frame, bought, "bought"), measured(frame, csat, "csat")])
    plan = ExperimentPlan(outcomes=("bought",), guardrails={"csat": Guardrail(margin=0.1, worse="lower")})
    return randomised(company(assignments=frame, outcomes=outcomes), plan)


def test_a_gain_at_a_price_is_not_recommended(company) -> None:
    found = gain_and_harm(company, 0.5)
    gain, sound = found.of("bought")
    assert gain.estimate.low > 0
    assert gain.grade == "A"
    assert "Not recommended, whatever was gained: csat got worse" in gain.claim
    assert "Not recommended" not in sound.claim
    assert dict(found.recommended) == {("trial", "a"): False, ("trial", "b"): True}
    assert list(found.guardrails["verdict"]) == ["failed", "passed"]
    assert [check.name for check in gain.checks][-1] == "guardrail_csat"
    assert found.outcomes == ("bought", "csat")


def test_without_guardrails_nothing_is_recommended_or_not(company) -> None:
    frame = assigned({"a": 60, "control": 60})
    found = randomised(company(assignments=frame, outcomes=measured(frame, np.arange(120) % 3)), ExperimentPlan())
    assert not found.recommended
    assert found.guardrails.empty


def test_a_guardrail_without_data_is_not_held(company) -> None:
    frame = assigned({"a": 60, "control": 60})
    plan = ExperimentPlan(guardrails={"csat": Guardrail(margin=0.1, worse="lower")})
    found = randomised(company(assignments=frame, outcomes=measured(frame, np.arange(120) % 3)), plan)
    assert dict(found.recommended) == {("trial", "a"): False}
    assert "it cannot be told whether csat stayed within" in found.of("visits")[0].claim
