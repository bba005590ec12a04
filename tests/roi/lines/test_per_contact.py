"""Repurchase, issues avoided, channel shift: by hand, what counts of a saving, and contacts nobody has studied."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.lines.channel_shift import channel_shift_line
from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest, issues_avoided_line
from analysis.roi.lines.repurchase import RepurchaseRequest, repurchase_line
from analysis.roi.measured_effects import MeasuredEffects, measured_effects
from analysis.roi.rates import Rates
from analysis.roi.spread import Fixed, Normal
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import StatedUnitCost, UnitCosts, unit_costs
from analysis.roi.volumes import VolumeRequest, Volumes, volumes
from tests.roi.small_tables import COST, company, effect, opened

S = Stated.of
EURO = Rates("EUR")
NOTHING = UnitCosts("EUR", {})
ISSUES = effect("issues", -0.1, 0.02, grade="C")
INDEX_COST = effect("index_issue_cost", -4.0, 0.1, grade="C")


def effects(*rows: dict) -> MeasuredEffects:
    return measured_effects(rows, None, EURO)


def reach(request: VolumeRequest | None = None, years: int = 2) -> Volumes:
    """1,200 contacts a year were studied."""
    return volumes(request or VolumeRequest(), effects(effect()).need("margin"), years)


def amounts(built: Built, name: str, **at: float) -> list[float]:
    line = next(one for one in built.lines if one.id == name)
    base = {one.name: one.base for one in built.quantities} | at
    return [float(one.value(base)) for one in line.by_year]


def test_repurchase_by_hand() -> None:
    """1,200 contacts × 10 EUR a year, nothing at the start."""
    built = repurchase_line(RepurchaseRequest(), effects(effect()), reach(), "EUR")
    (line,) = built.lines
    assert amounts(built, "repurchase") == [0, 12_000, 12_000]
    assert (line.kind, line.grade, line.account, line.counted) == ("margin", "B", "order_margin", True)
    assert (line.index_from, line.index_to, line.maturity) == ("2025-04", "2026-03", "mature")
    assert "nothing is carried past them" in line.note
    gained = built.quantities[-1]
    assert (gained.name, gained.spread, gained.origin) == ("repurchase_margin_per_contact", Normal(10, 2), "study")
    assert gained.effect == "before_after/channel_effect/margin/difference"


def test_a_loss_of_margin_is_a_loss_of_the_case() -> None:
    assert (
        amounts(repurchase_line(RepurchaseRequest(), effects(effect(value=-3.0)), reach(), "EUR"), "repurchase")[1]
        == -3600
    )


def test_orders_at_a_stated_margin_where_margin_was_not_measured() -> None:
    """1,200 × 0.5 orders × 8 EUR."""
    orders = effects(effect("orders", 0.5, 0.1))
    built = repurchase_line(RepurchaseRequest(margin_per_order=S(8.0)), orders, reach(), "EUR")
    assert amounts(built, "repurchase")[1] == 4800
    assert "as if those gained were like all others" in built.lines[0].note
    with pytest.raises(DesignError, match=r"No study measured the margin.*Or state `roi.repurchase.margin_per_order`"):
        repurchase_line(RepurchaseRequest(), orders, reach(), "EUR")
    with pytest.raises(DesignError, match="No study measured the margin"):
        repurchase_line(RepurchaseRequest(margin_per_order=S(8.0)), effects(), reach(), "EUR")


def test_a_measured_margin_stands_above_a_stated_one() -> None:
    both = effects(effect(), effect("orders", 0.5, 0.1))
    built = repurchase_line(RepurchaseRequest(margin_per_order=S(8.0)), both, reach(), "EUR")
    assert amounts(built, "repurchase")[1] == 12_000


def test_contacts_beyond_those_studied_are_a_line_of_at_most_c() -> None:
    """1,500 contacts: 1,200 as studied (B), 300 beyond (C), the same gain."""
    built = repurchase_line(
        RepurchaseRequest(), effects(effect()), reach(VolumeRequest(contacts_per_year=S(1500))), "EUR"
    )
    assert amounts(built, "repurchase")[1] == 12_000
    assert amounts(built, "repurchase_beyond")[1] == 3_000
    assert [line.grade for line in built.lines] == ["B", "C"]
    weak = repurchase_line(
        RepurchaseRequest(), effects(effect(grade="D")), reach(VolumeRequest(contacts_per_year=S(1500))), "EUR"
    )
    assert [line.grade for line in weak.lines] == ["D", "D"]


def test_issues_avoided_by_hand_as_far_as_spending_falls() -> None:
    """1,200 × 0.1 issues × 6 EUR = 720 a year: half of it cashable, half time set free, not counted."""
    built = issues_avoided_line(
        IssuesAvoidedRequest(cost_per_issue=S(6.0)), effects(ISSUES), reach(), NOTHING, None, cashable=S(0.5)
    )
    assert amounts(built, "issues_avoided")[1] == pytest.approx(360)
    assert amounts(built, "issues_avoided_time")[1] == pytest.approx(360)
    assert [(line.kind, line.counted) for line in built.lines] == [("cashable", True), ("capacity", False)]
    assert built.not_counted == ()


def test_a_saving_without_a_cashable_share_is_shown_and_not_counted() -> None:
    built = issues_avoided_line(IssuesAvoidedRequest(cost_per_issue=S(6.0)), effects(ISSUES), reach(), NOTHING, None)
    (line,) = built.lines
    assert (line.kind, line.counted, amounts(built, "issues_avoided")[1]) == ("capacity", False, pytest.approx(720))
    assert built.not_counted[0].parameter == "roi.cashable.issues_avoided"


def test_all_of_it_cashable_leaves_no_time_set_free() -> None:
    request = IssuesAvoidedRequest(cost_per_issue=S(6.0))
    built = issues_avoided_line(request, effects(ISSUES), reach(), NOTHING, None, cashable=S(1.0))
    assert [line.id for line in built.lines] == ["issues_avoided"]


@pytest.mark.parametrize("cashable", [None, S(0.3)])
def test_a_loss_counts_whole_whatever_is_stated(cashable: Stated | None) -> None:
    """0.1 issues more per contact, 6 EUR each: 720 a year are lost."""
    more = effects(effect("issues", 0.1, 0.02, grade="C"))
    built = issues_avoided_line(
        IssuesAvoidedRequest(cost_per_issue=S(6.0)), more, reach(), NOTHING, None, cashable=cashable
    )
    (line,) = built.lines
    assert (line.counted, line.kind) == (True, "cashable")
    assert amounts(built, "issues_avoided")[1] == pytest.approx(-720)
    assert "a loss counts whole" in line.note


@pytest.mark.parametrize(
    ("found", "cashable", "at_gain", "at_loss"),
    [(-0.1, S(0.3), 216, -720), (0.1, S(0.3), 216, -720), (0.1, None, 0, -720)],
)
def test_in_every_draw_a_loss_counts_whole_and_a_saving_as_far_as_it_is_money(
    found: float, cashable: Stated | None, at_gain: float, at_loss: float
) -> None:
    """Whichever the study found: 0.1 issues fewer are 720 EUR, of which 30 % are money; 0.1 more cost 720 EUR."""
    measured = effects(effect("issues", found, 0.2, grade="C"))
    built = issues_avoided_line(
        IssuesAvoidedRequest(cost_per_issue=S(6.0)), measured, reach(), NOTHING, None, cashable=cashable
    )
    at = {one.name: one.base for one in built.quantities}
    year = built.lines[0].by_year[1]
    assert float(year.value(at | {"issues_per_contact": -0.1})) == pytest.approx(at_gain)
    assert float(year.value(at | {"issues_per_contact": 0.1})) == pytest.approx(at_loss)


def test_time_and_money_of_a_saving_add_up_to_it_with_contacts_beyond() -> None:
    wide = reach(VolumeRequest(contacts_per_year=S(1500)))
    request = IssuesAvoidedRequest(cost_per_issue=S(6.0))
    built = issues_avoided_line(request, effects(ISSUES), wide, NOTHING, None, cashable=S(0.25))
    parts = [amounts(built, name)[1] for name in ("issues_avoided", "issues_avoided_beyond", "issues_avoided_time")]
    assert sum(parts) == pytest.approx(1500 * 0.1 * 6)
    assert parts[:2] == pytest.approx([1200 * 0.1 * 6 / 4, 300 * 0.1 * 6 / 4])


def test_support_cost_stands_in_and_never_beside() -> None:
    """Where both were measured, issues are priced, and `support_cost`, the same money, is not read."""
    support = effect("support_cost", -0.5, 0.1, grade="C")
    alone = issues_avoided_line(IssuesAvoidedRequest(), effects(support), reach(), NOTHING, None, cashable=S(1.0))
    assert amounts(alone, "issues_avoided")[1] == 600
    request = IssuesAvoidedRequest(cost_per_issue=S(6.0))
    both = issues_avoided_line(request, effects(support, ISSUES), reach(), NOTHING, None, cashable=S(1.0))
    assert amounts(both, "issues_avoided")[1] == pytest.approx(720)
    assert not any("support_cost" in one.name for one in both.quantities)


def test_the_price_of_an_issue_is_that_of_the_channels_used_afterwards(tmp_path) -> None:
    frames = company()
    with opened(tmp_path, frames) as tables:
        prices = unit_costs([], tables, EURO, "UTC")
        built = issues_avoided_line(IssuesAvoidedRequest(), effects(ISSUES), reach(), prices, tables, cashable=S(1.0))
    shares = {one.name: one.base for one in built.quantities if one.name.startswith("later_issues_on_")}
    assert sum(shares.values()) == pytest.approx(1)
    mean = sum(share * prices.booked[name.removeprefix("later_issues_on_")][0] for name, share in shares.items())
    assert amounts(built, "issues_avoided")[1] == pytest.approx(1200 * 0.1 * mean)
    assert min(COST.values()) < mean < max(COST.values())
    dearer = amounts(built, "issues_avoided", phone_cost_per_issue=100.0)[1]
    assert dearer > amounts(built, "issues_avoided")[1]


def test_without_tables_and_without_a_price_the_parameter_is_named() -> None:
    with pytest.raises(DesignError, match=r"`roi.issues_avoided.cost_per_issue`"):
        issues_avoided_line(IssuesAvoidedRequest(), effects(ISSUES), reach(), NOTHING, None)
    with pytest.raises(DesignError, match="No study measured issues"):
        issues_avoided_line(IssuesAvoidedRequest(), effects(), reach(), NOTHING, None)


def test_channel_shift_by_hand() -> None:
    """1,200 × 4 EUR, of which a quarter is cashable."""
    built = channel_shift_line(effects(INDEX_COST), reach(), NOTHING, None, cashable=S(0.25))
    assert amounts(built, "channel_shift")[1] == 1200
    assert amounts(built, "channel_shift_time")[1] == 3600
    assert "index_issue_cost_per_contact" in {one.name for one in built.quantities}


def test_channel_shift_by_the_mix_where_it_was_not_measured(tmp_path) -> None:
    """Σ share × (marginal cost − that of social), graded C although the study is B."""
    frames = company()
    prices = unit_costs(
        [StatedUnitCost(channel=channel, marginal=S(euro), per="issue") for channel, euro in COST.items()],
        None,
        EURO,
        "UTC",
    )
    with opened(tmp_path, frames) as tables:
        built = channel_shift_line(effects(effect()), reach(), prices, tables, cashable=S(1.0))
    shares = {
        one.name.removeprefix("else_on_"): one.base for one in built.quantities if one.name.startswith("else_on_")
    }
    assert set(shares) == {"phone", "email", "chat"}
    gain = sum(share * (COST[channel] - COST["social"]) for channel, share in shares.items())
    assert amounts(built, "channel_shift")[1] == pytest.approx(1200 * gain)
    assert built.lines[0].grade == "C"
    assert "the study did not follow `index_issue_cost`" in built.lines[0].note


def test_booked_costs_that_are_not_marginal_are_not_used(tmp_path) -> None:
    """Phone is booked at 8.00 and stated at 5.00 marginal: the study's difference of booked costs is set aside."""
    stated = [StatedUnitCost(channel="phone", marginal=S(5.0), per="issue")]
    with opened(tmp_path, company()) as tables:
        measured = effects(effect(), INDEX_COST)
        booked = channel_shift_line(measured, reach(), unit_costs([], tables, EURO, "UTC"), tables)
        marginal = channel_shift_line(measured, reach(), unit_costs(stated, tables, EURO, "UTC"), tables)
    assert amounts(booked, "channel_shift")[1] == 4800
    assert amounts(marginal, "channel_shift")[1] != 4800
    assert "not the marginal ones on phone" in marginal.lines[0].note


def test_channel_shift_that_nothing_tells() -> None:
    with pytest.raises(DesignError, match="No study measured `index_issue_cost`"):
        channel_shift_line(effects(effect()), reach(), NOTHING, None)


def test_a_dearer_channel_is_a_loss_that_counts_whole() -> None:
    dearer = effects(effect("index_issue_cost", 2.0, 0.1, grade="C"))
    built = channel_shift_line(dearer, reach(), NOTHING, None)
    assert (built.lines[0].counted, amounts(built, "channel_shift")[1]) == (True, -2400)


def test_a_cashable_share_with_a_range_stays_one() -> None:
    said = Stated(value=0.5, low=0.3, high=0.6, source="team", dated="2026-01-01")
    built = channel_shift_line(effects(INDEX_COST), reach(), NOTHING, None, cashable=said)
    kept = next(one for one in built.quantities if one.name == "channel_shift_cashable_share")
    assert (kept.limits, kept.spread == Fixed(0.5)) == ((0.0, 1.0), False)
    with pytest.raises(ValueError, match=r"`roi.cashable.channel_shift` lies from 0 to 1"):
        channel_shift_line(effects(INDEX_COST), reach(), NOTHING, None, cashable=S(1.5))
