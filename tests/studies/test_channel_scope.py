"""What one group of customers is told: which gates and caps stand beside which outcome, and how its window is named."""

from __future__ import annotations

import pytest

from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.gates import GATES
from tests.studies.planted_stacks import changed, layout_with, planted


@pytest.fixture(scope="module")
def trait():
    """A hidden trait makes customers of social raise twice the issues whatever the channel, and the same orders."""
    plain = planted(70, customers=20_000, layout=layout_with(outcomes=("orders", "issues")))
    rows = plain.rows()
    doubled = {name: rows[name] * (1 + rows["arm"]) for name in rows if name.startswith("issues_")}
    return channel_on(changed(plain, **doubled), ChannelPlan(outcomes=("orders", "issues"), robust=False))


def test_issues_cannot_earn_a_b_by_gates_of_orders(trait) -> None:
    (orders,), (issues,) = trait.of("orders"), trait.of("issues")
    assert {check.verdict for check in orders.checks if check.name in GATES} == {"passed"}
    assert orders.grade == "B"
    assert issues.estimate.low > 1.8, "what the trait does looks like an effect"
    assert {check.verdict for check in issues.checks if check.name in GATES} == {"passed"}
    assert issues.grade == "C"
    assert all(check.detail.startswith("Tested on orders: ") for check in issues.checks if check.name in GATES)


def test_beside_issues_first_issues_are_shown_first(trait) -> None:
    (issues,) = trait.of("issues")
    assert [check.name for check in issues.checks if check.gate] == [*GATES, "overlap", "balance", "tested_on_issues"]
    assert next(check.name for check in issues.checks if not check.gate) == "first_issue_only"


@pytest.mark.parametrize(("after", "window"), [(1, "in the month after"), (2, "in the 2 months after")])
def test_a_claim_names_a_short_window(after: int, window: str) -> None:
    plan = ChannelPlan(outcomes=("orders",), after_months=after, robust=False)
    (orders,) = channel_on(planted(71, layout=layout_with(after=after)), plan).of("orders")
    assert f" {window} " in orders.claim
    (future,) = [check for check in orders.checks if check.name == "future_social"]
    assert f" {window} an issue elsewhere." in future.detail
