"""Where one customer carries the result, is that said, with an interval that does not trust the others to be alike?"""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest

from analysis.inference.bootstrap import bootstrap_t
from analysis.runner.proving.hazards import hazard_named
from analysis.runner.proving.worlds import company_of, plan_of
from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.channel_checks import single_customer
from analysis.studies.channel_result import ChannelResult
from analysis.studies.result import Check
from analysis.studies.sample_table import sample_of
from analysis.studies.stack_arrays import ArrayStack


class Counting(ArrayStack):
    """A stack that counts how often its rows were fetched."""

    fetched = 0

    def rows(self) -> pd.DataFrame:
        self.fetched += 1
        return super().rows()


@pytest.fixture
def plan(monkeypatch: pytest.MonkeyPatch) -> ChannelPlan:
    """The whole plan, without the bounds, which take long and are tested elsewhere."""
    monkeypatch.setattr("analysis.studies.channel_scope.robust_bounds", lambda *_: ())
    return replace(plan_of(hazard_named("none")), robust=True)


@pytest.fixture(scope="module")
def plain() -> Counting:
    hazard = hazard_named("none")
    stack = company_of(hazard, hazard.first_seed, 12_000).stack
    return Counting(stack.rows(), stack.layout, stack.account)


@pytest.fixture(scope="module")
def carried(plain: Counting) -> Counting:
    """The same company, but one contacted customer ordered very often, and later raised very many issues."""
    rows = ArrayStack.rows(plain)
    one = rows.index[(rows["arm"] == 1) & (rows["study"] == 1)][100]
    rows.loc[one, [f"orders_p{k}" for k in range(1, 7)]] = 60
    rows.loc[one, [f"issues_p{k}" for k in range(1, 7)]] = 15
    return Counting(rows, plain.layout, plain.account)


def check_of(found: ChannelResult, outcome: str) -> Check:
    return next(check for check in found.of(outcome)[0].checks if check.name == "no_single_customer")


def test_where_nobody_matters_no_row_is_fetched(plain: Counting, plan: ChannelPlan) -> None:
    found = check_of(channel_on(plain, plan), "orders")
    assert (found.verdict, found.value, found.low, found.high) == ("passed", None, None, None)
    assert "Drawing" not in found.detail
    assert plain.fetched == 0


def test_where_one_does_the_interval_drawn_stands_beside(carried: Counting, plan: ChannelPlan) -> None:
    """Second road: the bootstrap on the analysis table of the same stack, whose customers have other numbers."""
    result = channel_on(carried, plan)
    assert carried.fetched == 1, "once for both outcomes"
    quick = channel_on(carried, replace(plan, robust=False))
    assert check_of(quick, "orders") == check_of(result, "orders"), "the interval given does not hang on robust sets"
    for outcome, after_only in (("orders", False), ("issues", True)):
        found = check_of(result, outcome)
        effect = result.of(outcome)[0]
        assert found.verdict == "failed"
        assert effect.estimate is not None
        assert found.value == pytest.approx(effect.estimate.value, rel=1e-9)
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
        assert f"between {found.low:.3f} and {found.high:.3f}" in found.detail
        assert set(found.to_dict()) >= {"value", "low", "high"}
        rows = sample_of(carried, plan).of(outcome)
        again = bootstrap_t(
            before=rows["before"],
            after=rows["after"],
            contacted=rows["contacted"],
            month=rows["stratum" if after_only else "month"],
            stratum=rows["stratum"],
            customer=rows["customer"],
        )
        assert again.ratio == pytest.approx(found.value, rel=1e-9)
        assert (again.low, again.high) == pytest.approx((found.low, found.high), rel=0.05), "other draws, same size"
    assert check_of(channel_on(carried, plan), "orders") == check_of(result, "orders"), "the same draws again"


def test_the_sentence_by_hand() -> None:
    assert single_customer(0.05).verdict == "passed"
    assert single_customer(0.0501).verdict == "failed"
    assert single_customer(0.0501).detail.startswith("The customer who moves the result most makes up 5.0 % of its")
