"""Looks along the way: the interval of the arithmetic, and what is too soon."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.always_valid import FEWEST_AT_FIRST, half_width
from analysis.inference.estimate import Estimate
from analysis.studies.experiment.contrasts import ANYTIME, EFFECT
from analysis.studies.experiment.looks import FEWEST, Looks, always_valid_of, one_look_interval
from analysis.studies.experiment.plan import ExperimentPlan, Guardrail
from analysis.studies.experiment.study import randomised
from analysis.studies.grade import grade_of
from analysis.studies.result import Check, Effect
from tests.studies.experiment.made_rows import rows_of
from tests.studies.experiment.test_geo import orders as region_orders
from tests.studies.experiment.test_geo import regions
from tests.studies.experiment.trials import assigned, draws, measured, people

LOOKS = Looks(first=600, maximum=6000)


def customers(values, n: int = 1600) -> pd.DataFrame:
    return pd.DataFrame({"arm": np.where(np.arange(n) % 2, "new", "control"), "m0": np.asarray(values, dtype=float)})


def test_the_interval_is_the_arithmetics(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    with rows_of(customers(1 + rng.poisson(2, 1600)), tmp_path) as rows:
        found = always_valid_of(rows, "orders", LOOKS, level=0.95)["new"]
    assert isinstance(found, Estimate)
    assert found.high - found.value == pytest.approx(half_width(found.se, 800, (600 * 6000) ** 0.5))
    assert "always-valid" in found.method


def test_amounts_need_five_hundred_who_spend_and_shares_do_not(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    bought = (rng.random(1600) < 0.3).astype(float)
    with rows_of(customers(bought), tmp_path) as rows:
        assert isinstance(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"], Estimate)
    with rows_of(customers(bought * 9.5), tmp_path) as rows:
        said = str(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"])
    assert "other than zero, and a look along the way needs 500" in said


def test_too_soon_and_not_for_clusters(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    frame = customers(1 + rng.poisson(2, 1600))
    with rows_of(frame, tmp_path) as rows:
        late = always_valid_of(rows, "orders", Looks(first=900, maximum=6000), level=0.95)["new"]
        assert "has 800 customers, and the first look was declared at 900" in str(late)
    with rows_of(frame.assign(cluster="shop"), tmp_path) as rows:
        assert "read at the end" in str(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"])
    with rows_of(frame.assign(m0=7.0), tmp_path) as rows:
        assert "nothing varies" in str(always_valid_of(rows, "orders", LOOKS, level=0.95)["new"])


def test_looks_are_declared_in_order() -> None:
    for first, maximum in ((499, 5000), (700, 600)):
        with pytest.raises(DesignError, match="the first needs 500"):
            Looks(first=first, maximum=maximum)
    assert FEWEST == FEWEST_AT_FIRST


def gate_of(effect: Effect) -> Check | None:
    return next((check for check in effect.checks if check.name == "one_look_interval"), None)


@pytest.fixture
def looked_at(company):
    """A trial of two outcomes with everything that a plan can ask for, at which somebody looks."""
    frame = assigned({"a": 1000, "control": 1000})
    customers = people(frame, age=draws(4, 2000), region=np.where(np.arange(2000) % 2, "n", "s"))
    clicks = np.random.default_rng(2).gamma(2, 2, 2000).round(3) + (frame["arm"] == "a")
    outcomes = pd.concat([measured(frame, clicks, "clicks"), measured(frame, 1 + draws(3, 2000), "visits")])
    tables = company(assignments=frame, customers=customers, outcomes=outcomes)

    def found(looks: Looks | None):
        plan = ExperimentPlan(
            covariates=("age",), segments=("region",), ratios={"clicks a visit": ("clicks", "visits")},
            quantiles={"clicks": (0.5,)}, winsorise={"clicks": 6.0}, looks=looks,
        )  # fmt: skip
        return randomised(tables, plan).effects

    return found


def test_what_holds_for_one_look_is_no_a_where_somebody_looks_more_often(looked_at) -> None:
    """Looked at twenty times, a 95 % interval for one look leaves out a true zero in about a quarter of tests."""
    told = looked_at(Looks(first=600, maximum=4000))
    always = [one for one in told if one.estimand == ANYTIME]
    assert [(one.outcome, one.grade, gate_of(one)) for one in always] == [("clicks", "A", None), ("visits", "A", None)]
    rest = [one for one in told if one.estimand != ANYTIME]
    assert {one.estimand.partition(":")[0] for one in rest} == {
        "experiment_effect", "experiment_effect_adjusted", "experiment_effect_winsorised", "quantile_effect",
    }  # fmt: skip
    for one in rest:
        check = gate_of(one)
        assert check is not None, one
        assert (check.verdict, check.gate, one.grade) == ("not_run", True, "C")
        beside = one.outcome != "clicks a visit" and not one.segment
        assert check == one_look_interval(beside=beside), one
        assert "Grade C" in one.claim or one.segment
    assert not any(gate_of(one) for one in looked_at(None))


def test_the_cap_is_one_and_the_page_on_grades_names_it() -> None:
    sound = Check(name="sample_ratio", verdict="passed", detail="", gate=True)
    page = (Path(__file__).parents[3] / "docs" / "grades.md").read_text(encoding="utf-8")
    for beside in (True, False):
        check = one_look_interval(beside=beside)
        assert grade_of([sound, check], randomised=True) == "C"
        assert f"| `{check.name}` |" in page


def test_regions_at_which_somebody_looks_have_no_a_either(company) -> None:
    frame = regions({"programme": 6, "control": 8})
    tables = company(assignments=frame, orders=region_orders(frame, 5, lift=1.0))
    terms = {"template": "geo", "outcomes": ("orders",), "window_days": 84}
    (once,) = randomised(tables, ExperimentPlan(**terms)).effects
    (often,) = randomised(tables, ExperimentPlan(**terms, looks=LOOKS)).effects
    assert once.grade == "A"
    assert (often.grade, gate_of(often)) == ("C", one_look_interval(beside=False))
    assert "Grade C" in often.claim


def test_a_guardrail_is_held_by_the_interval_that_may_be_claimed(company) -> None:
    """Harm that the interval for one look just rules out is not ruled out for somebody who looks again."""
    frame = assigned({"a": 1000, "control": 1000})
    tables = company(assignments=frame, outcomes=measured(frame, 1 + draws(3, 2000)))
    looks = Looks(first=600, maximum=4000)
    effects = randomised(tables, ExperimentPlan(looks=looks)).effects
    told = {one.estimand: one.estimate for one in effects if one.scale == "difference"}
    once, often = told[EFFECT], told[ANYTIME]
    assert once is not None
    assert often is not None
    guard = {"visits": Guardrail(margin=-(once.low + often.low) / 2, worse="lower")}
    plans = (ExperimentPlan(guardrails=guard), ExperimentPlan(guardrails=guard, looks=looks))
    found = [randomised(tables, plan).guardrails for plan in plans]
    assert [one["verdict"][0] for one in found] == ["passed", "not_run"]
    assert [one["low"][0] for one in found] == pytest.approx([once.low, often.low])
