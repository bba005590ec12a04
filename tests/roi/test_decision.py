"""The decision page by hand: value per contact and hour, choices of staffing, shares, guardrails, what is not known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.foundation.errors import DesignError
from analysis.roi.decision import (
    NEEDED,
    ChannelCost,
    DecisionRequest,
    LineOfCase,
    decision_of,
    guardrails_of,
)
from analysis.roi.decision_staffing import service_found, staffing_choices
from analysis.roi.decision_totals import SpokenFor, Total

SERVICE = {
    "design": "service_effect",
    "estimand": "service_effect",
    "outcome": "margin",
    "scale": "difference",
    "segment": {},
    "declared": True,
    "maturity": "mature",
    "value": 4.0,
    "se": 1.0,
    "unit": "EUR per customer",
    "n_treated": 600,
    "n_comparison": 400,
    "grade": "B",
    "reason": None,
}
LINE = LineOfCase(id="repurchase", label="Margin", account="order_margin", per_year=(100.0, 140.0), owner="Ada",
                  fiscal_quarter="2027q1", also_claimed_by=("Loyalty app",))  # fmt: skip
RNG = np.random.default_rng(3)
NPV = RNG.normal(300.0, 50.0, 4000)


def page(**changes):
    given = {
        "currency": "EUR",
        "discount_rate": 0.0,
        "npv": NPV,
        "benefits": NPV + 200.0,
        "contacts": [10.0, 20.0],
        "lines": [LINE],
        "agents_a_year": 50.0,
        "running_costs_a_year": 80.0,
        "shares_by_grade": {"B": 1.0},
        "cap": 0.3,
        "service": service_found([SERVICE], "EUR"),
        "guardrails": guardrails_of([], tied_out=True, tie_out_detail="Within 1 %."),
        "channels": [ChannelCost(channel="phone", marginal=6.0, average=8.0, source="stated")],
        "totals": {"order_margin": Total(600.0), "support_cost": Total(None, "no cost")},
        "months_in_period": 6,
        "spoken": SpokenFor(customers=5, customers_in_all=20, revenue=1.0, revenue_in_all=8.0),
    }
    request = changes.pop("request", DecisionRequest(agent_hours_per_year=5.0, in_time_at={"-20%": 0.5, "+20%": 0.8}))
    return decision_of(request, **(given | changes))


def test_per_contact_and_per_hour_by_hand() -> None:
    """Without discount 30 contacts and 10 hours share the value of each draw."""
    found = page()
    middle = np.quantile(NPV, 0.5, method="inverted_cdf")
    assert found.per_contact.p50 == pytest.approx(middle / 30)
    assert found.per_agent_hour is not None
    assert found.per_agent_hour.p50 == pytest.approx(middle / 10)
    assert found.per_contact.p5 < found.per_contact.p50 < found.per_contact.p95


def test_the_level_value_of_a_contact_adds_up_to_the_case() -> None:
    """Each year's contacts at the level value, discounted at 10 %, are the net present value again."""
    found = page(discount_rate=0.1, npv=np.full(10, 500.0), benefits=np.full(10, 700.0))
    assert found.per_contact.p50 is not None
    assert found.per_contact.p50 * (10 / 1.1 + 20 / 1.21) == pytest.approx(500)


def test_contacts_may_be_drawn() -> None:
    drawn = page(contacts=[np.full(NPV.size, 10.0), 20.0])
    assert drawn.per_contact == page().per_contact


def test_stop_keep_and_a_fifth_less_or_more_by_hand() -> None:
    """15 contacts a year; 60 % in time today: a fifth less loses 15 x 0.1 x 4 = 6 and saves 10, a fifth more gains
    15 x 0.2 x 4 = 12 and costs 10. Stopping loses half of the benefits of two years and saves 80."""
    found = {one.choice: one for one in page().choices}
    assert list(found) == ["stop", "keep", "-20%", "+20%"]
    assert found["keep"].net is not None
    assert found["keep"].net.p50 == 0
    less, more, stop = found["-20%"], found["+20%"], found["stop"]
    assert (less.benefit.p50, less.cost, less.net.p50) == pytest.approx((-6.0, -10.0, 4.0))
    assert (more.benefit.p50, more.cost, more.net.p50) == pytest.approx((12.0, 10.0, 2.0))
    half = 1.5 * stats.norm.ppf(0.95)
    assert (less.benefit.p5, less.benefit.p95) == pytest.approx((-6 - half, -6 + half))
    middle = np.quantile(-(NPV + 200) / 2, 0.5, method="inverted_cdf")
    assert (stop.benefit.p50, stop.cost) == pytest.approx((middle, -80.0))
    assert stop.net.p50 == pytest.approx(80 + middle)
    assert less.grade == "B"
    assert "50% as stated, 60% today (as in the study)" in less.detail


@pytest.mark.parametrize(
    ("effects", "in_time_at", "said"),
    [
        ([], {"-20%": 0.5}, "Not known: what an answer in time changes was not measured."),
        ([SERVICE | {"value": None, "reason": "too few"}], {"-20%": 0.5}, "no effect of an answer in time is claimed"),
        ([SERVICE | {"outcome": "orders"}], {"-20%": 0.5}, "was not measured on margin"),
        ([SERVICE | {"maturity": "interim"}], {"-20%": 0.5}, "whose time is not over"),
        ([SERVICE | {"declared": False}], {"-20%": 0.5}, "whose time is not over"),
        ([SERVICE | {"segment": {"region": "north"}}], {"-20%": 0.5}, "was not measured"),
        ([SERVICE | {"unit": "USD per customer"}], {"-20%": 0.5}, "is in USD per customer, the case in EUR"),
        ([SERVICE], {}, "the share answered in time at -20% staff is not stated (`roi.decision.in_time_at`)"),
        ([SERVICE | {"n_treated": 0, "n_comparison": 0}], {"-20%": 0.5}, "in time today is not known"),
    ],
)
def test_what_is_not_measured_or_stated_is_not_known(effects, in_time_at, said) -> None:
    found = page(service=service_found(effects, "EUR"), request=DecisionRequest(in_time_at=in_time_at))
    choice = {one.choice: one for one in found.choices}["-20%"]
    assert said in choice.detail
    assert choice.benefit is choice.net is choice.cost is None


def test_today_as_stated_stands_above_the_study() -> None:
    found = page(request=DecisionRequest(in_time_at={"-20%": 0.5, "today": 0.5}))
    assert {one.choice: one for one in found.choices}["-20%"].benefit.p50 == 0


def test_without_a_line_for_agents_the_cost_of_staff_is_not_known() -> None:
    choice = {one.choice: one for one in page(agents_a_year=None).choices}["+20%"]
    assert choice.benefit is not None
    assert choice.cost is choice.net is None
    assert "no line `agents`" in choice.detail


def test_a_share_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`roi.decision.in_time_at`: the share at -20% lies from 0 to 1, not 50"):
        staffing_choices(
            benefits_a_year=NPV, running_costs_a_year=1.0, agents_a_year=1.0, contacts_a_year=1.0,
            service=service_found([SERVICE], "EUR"), in_time_at={"-20%": 50}, case_grade="B",
        )  # fmt: skip
    with pytest.raises(ValueError, match="above zero, not 0"):
        DecisionRequest(agent_hours_per_year=0)


def test_share_of_the_period_by_hand() -> None:
    """120 a year on average are 60 in six months, a tenth of 600; lines that are not counted do not count."""
    beside = LineOfCase(id="beside", label="B", account="order_margin", per_year=(900.0, 900.0), counted=False)
    found = {one.account: one for one in page(lines=[LINE, beside]).shares}
    assert (found["order_margin"].case, found["order_margin"].share) == (60.0, 0.1)
    assert (found["support_cost"].share, found["support_cost"].reason) == (None, "no cost")
    none = {one.account: one for one in page(totals={"order_margin": Total(-5.0)}).shares}
    assert none["order_margin"].reason == "the period's own total is not above zero"


def test_the_page_as_results_write_it() -> None:
    found = page().to_dict()
    assert found["also_claimed_by"] == ["Loyalty app"]
    assert found["spoken_for"]["share_of_customers"] == 0.25
    assert found["spoken_for"]["share_of_revenue"] == 0.125
    assert found["recommended"]["recommendation"] == "extend"
    assert found["not_known"] == []
    assert found["against_phone"] is None
    bare = page(
        request=DecisionRequest(),
        lines=[LineOfCase(id="x", label="X", account="order_margin", per_year=(1.0, 1.0))],
        channels=[ChannelCost(channel="phone", marginal=None, average=None, source="state `roi.decision.phone`.")],
    )
    assert bare.per_agent_hour is None
    assert bare.not_known == (
        "The value per agent-hour: state `roi.decision.agent_hours_per_year`.",
        "What a contact by phone costs: state `roi.decision.phone`.",
        "Who answers for `x`: state `roi.owners.x`.",
    )


def test_social_against_the_phone_by_hand() -> None:
    phone = ChannelCost(channel="phone", marginal=6.0, average=8.0, source="stated")
    social = ChannelCost(channel="social", marginal=2.5, average=None, source="stated")
    assert page(channels=[phone, social]).against_phone == {"marginal": 3.5, "average": None}


def row(outcome: str, low: float, high: float, **changes):
    found = {"estimand": "channel_effect", "outcome": outcome, "scale": "ratio", "segment": {}, "declared": True}
    return found | {"maturity": "mature", "value": (low + high) / 2, "low": low, "high": high, "reason": None} | changes


@pytest.mark.parametrize(
    ("effect", "kept"),
    [
        (row("issues", 1.01, 1.2), False),
        (row("issues", 0.9, 1.2), True),
        (row("margin", 0.8, 0.99), False),
        (row("margin", 0.8, 1.0), True),
        (row("margin", -3.0, -1.0, scale="difference"), False),
        (row("orders", 1, 2, value=None, reason="too few"), None),
    ],
)
def test_guardrails_from_effects(effect, kept) -> None:
    found = guardrails_of([effect], tied_out=None, tie_out_detail="")
    assert [one.kept for one in found] == [kept, None]


def test_what_was_not_measured_or_has_no_interval_is_not_known_to_be_kept() -> None:
    """A rise in later issues that nobody looked at is no reason to extend."""
    found = guardrails_of([row("margin", 0.9, 1.2)], tied_out=True, tie_out_detail="", needed=NEEDED)
    assert [(one.name, one.kept) for one in found] == [("issues", None), ("margin", True), ("books", True)]
    assert "not measured" in found[0].detail
    beside = guardrails_of([row("support_cost", 0.9, 1.2)], tied_out=True, tie_out_detail="", needed=NEEDED)
    assert [(one.name, one.kept) for one in beside] == [("support_cost", True), ("books", True)]
    (bare, _) = guardrails_of([row("issues", 0.9, 1.2) | {"low": None}], tied_out=True, tie_out_detail="")
    assert bare.kept is None


def test_only_settled_effects_on_all_customers_guard_and_none_twice() -> None:
    rows = [
        row("issues", 1.1, 1.2, segment={"region": "north"}),
        row("issues", 1.1, 1.2, maturity="interim"),
        row("issues", 1.1, 1.2, declared=False),
        row("issues", 0.1, 0.2, scale="difference"),
        row("issues", 0.9, 1.1),
        row("issues", 1.1, 1.2, estimand="naive_before_after"),
    ]
    assert [(one.name, one.kept) for one in guardrails_of(rows, tied_out=False, tie_out_detail="")] == [
        ("issues", True), ("books", False),
    ]  # fmt: skip


def test_without_contacts_nothing_is_said_per_contact() -> None:
    with pytest.raises(DesignError, match=r"contacts in no year.*`roi.uptake`"):
        page(contacts=[0.0, 0.0])
    with pytest.raises(ValueError, match="needs draws"):
        page(npv=np.array([]), benefits=np.array([]))
