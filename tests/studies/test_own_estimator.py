"""Is an estimator of one's own judged like ours, and is what goes wrong said with its name?"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.panel_effects import ratio_did
from analysis.runner.proving.hazards import hazard_named
from analysis.runner.proving.worlds import company_of, plan_of
from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.gates import GATES
from analysis.studies.grade import ALIKE
from analysis.studies.own_estimator import answer_of, finding_of, own_estimator
from analysis.studies.result import Effect
from analysis.studies.sample_table import sample_of
from analysis.studies.stack_arrays import ArrayStack

PAGE = Path(__file__).parents[2] / "docs" / "own_estimator.md"


def plan_for(name: str) -> ChannelPlan:
    return replace(plan_of(hazard_named(name)), robust=False)


def stack_for(name: str, customers: int) -> ArrayStack:
    hazard = hazard_named(name)
    return company_of(hazard, hazard.first_seed, customers).stack


def growth(rows: pd.DataFrame) -> Estimate:
    columns = ("before", "after", "contacted", "weight", "customer")
    return ratio_did(
        name="whatever", unit="orders", month=rows["group"], **{name: rows[name] for name in columns}
    ).ratio


def told(effect: Effect) -> dict[str, Any]:
    return {check.name: check for check in effect.checks}


@pytest.fixture(scope="module")
def whole() -> ArrayStack:
    return stack_for("effect", 60_000)


@pytest.fixture(scope="module")
def small() -> ArrayStack:
    return stack_for("none", 4_000)


def test_the_default_as_ones_own_says_what_the_default_says(whole: ArrayStack) -> None:
    """Second road through every gate: rows and frames against cells."""
    plan = plan_for("effect")
    ours = channel_on(whole, plan).of("orders")[0]
    (own,) = own_estimator(whole, plan, growth)
    assert own.estimate is not None
    assert ours.estimate is not None
    assert own.estimate.name == "orders"
    assert own.estimate.method == "own: growth: issue-anchored ratio DiD"
    for name in ("value", "low", "high", "se_log", "n_treated", "n_comparison"):
        assert getattr(own.estimate, name) == pytest.approx(getattr(ours.estimate, name), rel=1e-9), name
    mine, theirs = told(own), told(ours)
    assert [*mine] == [*GATES, *ALIKE]
    for name in mine:
        assert mine[name].verdict == theirs[name].verdict, name
        if name in GATES:
            numbers = [(check.value, check.low, check.high) for check in (mine[name], theirs[name])]
            assert numbers[0] == pytest.approx(numbers[1], rel=1e-9)
        else:
            assert mine[name].detail == theirs[name].detail
    assert (own.declared, own.estimand, own.maturity, own.grade) == (False, "channel_effect", "mature", "B")
    assert "unless an unrecorded cause" in own.claim
    same = ("design", "treated", "comparison", "index_from", "index_to", "before_months", "after_months", "scale")
    assert [getattr(own, name) for name in same] == [getattr(ours, name) for name in same]
    assert "single months" not in mine["pre_trend"].detail
    assert "single months" in theirs["pre_trend"].detail


def test_a_hidden_cause_fails_its_gate_too() -> None:
    (own,) = own_estimator(stack_for("confounded_strong", 40_000), plan_for("confounded_strong"), growth)
    assert told(own)["future_social"].verdict == "failed"
    assert own.grade == "C"


def test_a_raw_estimator_fails_where_ours_passes(whole: ArrayStack) -> None:
    """Own months after over own months before: the gates see that it compares unlike months."""

    def raw(rows: pd.DataFrame) -> Estimate:
        own = rows[rows["contacted"]]
        after = own["after"].sum() / own["after_months"].iloc[0]
        before = own["before"].sum() / own["before_months"].iloc[0]
        return ratio_estimate("orders", after / before, 0.01, n_treated=len(own), n_comparison=0, method="raw")

    (found,) = own_estimator(whole, plan_for("effect"), raw)
    assert found.grade == "C"
    assert "failed" in {told(found)[name].verdict for name in GATES}


def test_a_difference_goes_through_the_gates_as_a_ratio(small: ArrayStack) -> None:
    def gap(rows: pd.DataFrame) -> Estimate:
        columns = ("before", "after", "contacted", "weight", "customer")
        given = {name: rows[name] for name in columns}
        return ratio_did(name="", unit="orders per customer", month=rows["group"], **given).difference

    (ratio,), (difference,) = (own_estimator(small, plan_for("none"), one) for one in (growth, gap))
    assert difference.scale == "difference"
    for name in GATES:
        assert told(difference)[name].value == pytest.approx(told(ratio)[name].value, rel=1e-9)


def test_a_difference_by_hand() -> None:
    """Two contacted with 1 and 3 after, mean 2; the row without weight is left out. 0.5 more: 2 / 1.5; 0.1 / 1.5."""
    rows = pd.DataFrame(
        {"after": [1.0, 3.0, 9.0, 2.0], "contacted": [True, True, True, False], "weight": [1.0, 1.0, 0.0, 2.0]}
    )
    gap = Estimate(name="orders", value=0.5, low=0.3, high=0.7, level=0.95, se=0.1, scale="difference", unit="orders",
                   n_treated=2, n_comparison=1, method="")  # fmt: skip
    found = finding_of("placebo_date", gap, rows)
    assert (found.ratio, found.se_log) == pytest.approx((2 / 1.5, 0.1 / 1.5))
    assert finding_of("placebo_date", replace(gap, value=2.5, high=2.6), rows).reason is not None
    assert finding_of("placebo_date", replace(gap, se=0.0), rows).reason is not None
    plain = replace(gap, scale="ratio", value=1.25, low=1.0, high=1.5, se_log=None)
    assert finding_of("placebo_date", plain, rows).se_log == pytest.approx(0.08)


def test_outcomes_that_are_not_bought_take_the_gates_of_orders(small: ArrayStack) -> None:
    seen: list[tuple[int, bool]] = []

    def watching(rows: pd.DataFrame) -> Estimate:
        seen.append((int(rows["after_months"].iloc[0]), bool((rows["before"] == 1).all())))
        rows["after"] = 0.0
        return growth(rows.assign(after=1.0 + rows["customer"] % 2))

    (found,) = own_estimator(small, plan_for("none"), watching, "issues")
    assert seen == [(6, True), (2, False), (4, False), (3, False)]
    assert found.outcome == "issues"
    assert all(told(found)[name].detail.startswith("Tested on orders: ") for name in GATES)
    assert [*told(found)] == [*GATES, *ALIKE, "tested_on_issues"]
    assert found.grade in ("C", "D"), "as the default's, capped"


def test_shares_are_capped(whole: ArrayStack) -> None:
    stack, plan = stack_for("none", 8_000), replace(plan_for("none"), outcomes=("orders", "repurchased"))

    def share(rows: pd.DataFrame) -> Estimate:
        own = rows["contacted"]
        change = rows["after"] - rows["before"]
        value = float(change[own].mean() - (change * rows["weight"])[~own].sum() / rows["weight"][~own].sum())
        return Estimate(name="", value=value, low=value - 0.02, high=value + 0.02, level=0.95, se=0.01,
                        scale="difference", unit="share", n_treated=900, n_comparison=900, method="")  # fmt: skip

    (found,) = own_estimator(stack, plan, share, "repurchased")
    assert found.grade == "C"
    assert told(found)["scale_of_shares"].verdict == "not_run"
    assert "percentage points" in found.claim


def fails(rows: pd.DataFrame) -> Estimate:
    raise KeyError("orders_m1")


def given(**changed: Any) -> Callable[[pd.DataFrame], Estimate]:
    def gives(rows: pd.DataFrame) -> Estimate:
        usual = {"name": "", "value": 1.1, "low": 1.0, "high": 1.2, "level": 0.95, "se": 0.05, "scale": "ratio",
                 "unit": "ratio", "n_treated": 9, "n_comparison": 9, "method": ""}  # fmt: skip
        return Estimate(**{**usual, **changed})

    return gives


def tells_nothing(rows: pd.DataFrame) -> Estimate:
    return 1.08  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("estimator", "said"),
    [
        (fails, r"The estimator `fails` failed on the study, [\d,]+ rows with the columns before, after.*It said: "
                r"KeyError: 'orders_m1'"),
        (tells_nothing, r"The estimator `tells_nothing` gave float 1\.08 on the study, not an Estimate\. Return an"),
        (given(se=0.0), r"`gives` gave a ratio of 1\.1 from 1 to 1\.2, standard error 0, on the study, but nothing is "
                        r"known without error"),
        (given(se_log=0.0), r"standard error 0\.05 \(0 of the logarithm\), on the study, but nothing is known"),
        (given(se=math.inf), r"standard error inf, on the study, but nothing is known"),
        (given(se_log=math.inf), r"\(inf of the logarithm\), on the study, but nothing is known"),
        (given(se=math.nan), r"`gives` failed on the study.*ValueError: : `se` is not a number"),
        (given(se=-0.1), r"`gives` failed on the study.*ValueError: : a standard error cannot be negative"),
        (given(value=math.inf, high=math.inf), r"`gives` failed on the study.*must be finite, not inf"),
        (given(value=-0.1, low=-0.2), r"a ratio of -0\.1 from -0\.2 to 1\.2, .* but a ratio lies above zero"),
        (given(low=-0.2), r"but a ratio lies above zero\. Make its interval on the log scale"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_said_with_its_name(
    small: ArrayStack, estimator: Callable[[pd.DataFrame], Estimate], said: str
) -> None:
    with pytest.raises(DesignError, match=said):
        own_estimator(small, plan_for("none"), estimator)
    with pytest.raises(DesignError, match="`revenue` is not in this study"):
        own_estimator(small, plan_for("none"), growth, "revenue")


def test_a_constant_passes_every_gate(whole: ArrayStack) -> None:
    """As the page says: gates see errors that change with the data, and no blindness."""

    def blind(rows: pd.DataFrame) -> Estimate:
        return ratio_estimate("orders", 1.0, 0.02, n_treated=9, n_comparison=9, method="none")

    (found,) = own_estimator(whole, plan_for("effect"), blind)
    assert {told(found)[name].verdict for name in GATES} == {"passed"}


def test_what_cannot_be_used_on_a_gate_stops_there_too(small: ArrayStack) -> None:
    def sure_of_gates(rows: pd.DataFrame) -> Estimate:
        return growth(rows) if rows["after_months"].iloc[0] == 6 else given(se=0.0)(rows)

    with pytest.raises(DesignError, match=r"`sure_of_gates` gave .* on the gate `pre_trend`, but nothing is known"):
        own_estimator(small, plan_for("none"), sure_of_gates)


def test_only_a_design_error_excuses_a_gate(small: ArrayStack) -> None:
    def careful(rows: pd.DataFrame) -> Estimate:
        if rows["after_months"].iloc[0] < 6:
            raise DesignError("Too few months to my taste.")
        return growth(rows)

    def careless(rows: pd.DataFrame) -> Estimate:
        if rows["after_months"].iloc[0] < 6:
            raise ValueError("oh")
        return growth(rows)

    (found,) = own_estimator(small, plan_for("none"), careful)
    assert {told(found)[name].verdict for name in GATES} == {"not_run"}
    assert told(found)["pre_trend"].detail.endswith("Too few months to my taste.")
    assert found.grade == "C"
    with pytest.raises(DesignError, match=r"`careless` failed on the gate `pre_trend`.*ValueError: oh"):
        own_estimator(small, plan_for("none"), careless)


def test_too_few_customers_are_refused() -> None:
    (found,) = own_estimator(stack_for("none", 150), plan_for("none"), growth)
    assert (found.estimate, found.grade) == (None, "D")
    assert found.reason is not None
    assert "each group needs 50" in found.reason


def test_the_page_runs_and_its_two_examples_agree(small: ArrayStack) -> None:
    """Every block of the page that is code is run, in its order; what is only shown is marked as text."""
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) == 2
    names: dict[str, Any] = {}
    for block in blocks:
        exec(block, names)
    rows = sample_of(small, plan_for("none")).of("orders")
    assert names["told"]["world"].tolist() == ["none", "effect"]
    assert (names["told"]["refused"] == 0).all()
    one, other = names["growth"](rows), names["poisson"](rows)
    assert other.value == pytest.approx(one.value, abs=0.5 * one.se)
    assert other.se_log == pytest.approx(one.se_log, rel=0.1)
    costs = rows.assign(before=0.0)
    for name in ("growth", "poisson"):
        with pytest.raises(DesignError, match=f"`{name}` failed on the study.*There is nothing before"):
            answer_of(names[name], costs, "the study")
    listed = {name for row in re.findall(r"^\| (`.*?) \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
              for name in re.findall(r"`(\w+)`", row)}  # fmt: skip
    assert listed == set(rows.columns), "the page names every column"
