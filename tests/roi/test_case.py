"""The case put together: by hand, by a second road, what it needs, what it refuses, and what goes into the results."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.roi.assembly import lacking
from analysis.roi.case import RoiCase, roi_case
from analysis.roi.decision import DecisionRequest
from analysis.roi.lines.cancel_save import CancelSaveRequest
from analysis.roi.lines.customer_value import CustomerValueRequest
from analysis.roi.lines.deflection import DeflectionRequest
from analysis.roi.lines.induced_demand import InducedDemandRequest
from analysis.roi.lines.issues_avoided import IssuesAvoidedRequest
from analysis.roi.lines.programme_costs import StatedCost
from analysis.roi.rates import Rate
from analysis.roi.request import RoiRequest
from analysis.roi.stated import Stated
from analysis.roi.tie_out import TieOutRequest
from analysis.roi.unit_costs import StatedUnitCost
from analysis.roi.volumes import VolumeRequest
from tests.roi.small_tables import company, effect, opened

MARGIN = effect(
    value=10.0,
    se=2.0,
    n_treated=2400,
    index_from="2024-01",
    index_to="2025-12",
    grade="C",
    after_months=6,
    low=6.1,
    high=13.9,
    reason=None,
)
ISSUES = MARGIN | {
    "outcome": "issues", "value": -0.05, "se": 0.01, "low": -0.07, "high": -0.03, "unit": "issues per customer"
}  # fmt: skip
COSTS = (
    StatedCost(line="agents", per_year=Stated.of(6000.0)),
    StatedCost(line="implementation", initial=Stated.of(5000.0)),
)
ANNUITY = sum(1.1**-year for year in (1, 2, 3))


def asked(**changes: Any) -> RoiRequest:
    return RoiRequest(**({"currency": "EUR", "cost_lines": COSTS, "draws": 20_000, "seed": 3} | changes))


def case(*effects: dict[str, Any], **changes: Any) -> RoiCase:
    return roi_case(asked(**changes), effects or (MARGIN,))


def said(error: pytest.ExceptionInfo[DesignError]) -> str:
    return str(error.value)


# The money


def test_by_hand() -> None:
    """2,400 contacts in 24 months are 1,200 a year; 1,200 × 10 − 6,000 = 6,000 a year; three years at 10 % are worth
    6,000 × 2.48685 = 14,921.1, less 5,000 at the start: 9,921.1. Payback 5,000 / 500 a month = 10 months."""
    found = case()
    benefit = found.benefits[0]
    assert (benefit.contacts_per_year, benefit.gain_per_contact) == (1200, 10)
    assert found.base.npv == pytest.approx(9921.11, abs=0.01)
    assert found.base.roi == pytest.approx(9921.11 / (5000 + 6000 * ANNUITY), abs=1e-6)
    assert found.base.payback_months == pytest.approx(10)
    assert found.npv.p50 == pytest.approx(9921, abs=150)  # the median of 20,000 draws: its error is about 53
    assert found.npv_share_by_grade == {"A": 0, "B": 0, "C": 1, "D": 0, "E": 0}
    assert found.yearly["costs"].tolist() == [5000, 6000, 6000, 6000]


def test_a_second_road_the_closed_form() -> None:
    """The gain is normal and everything else linear, so that the value is normal too."""
    mean, spread = 1200 * 10 * ANNUITY - 5000 - 6000 * ANNUITY, 1200 * 2 * ANNUITY
    found = case(draws=200_000)
    for ours, share in ((found.npv.p5, 0.05), (found.npv.p50, 0.5), (found.npv.p95, 0.95)):
        assert ours == pytest.approx(stats.norm.ppf(share, mean, spread), abs=0.015 * spread)
    assert found.probability_npv_positive == pytest.approx(stats.norm.sf(0, mean, spread), abs=0.004)


def test_lines_of_one_study_are_drawn_with_its_covariance() -> None:
    """Margin and issues at a correlation of −1: what one gains the other gains too, so that the range is their sum."""
    log = {"ids": ["before_after/channel_effect/margin/ratio", "before_after/channel_effect/issues/ratio"]}
    costly = {
        "issues_avoided": IssuesAvoidedRequest(cost_per_issue=Stated.of(100.0)),
        "cashable": {"issues_avoided": Stated.of(1.0)},
    }
    widths = []
    for correlation in (-1.0, 0.0):
        matrix = [[4e-4, correlation * 4e-4], [correlation * 4e-4, 4e-4]]
        found = roi_case(asked(**costly), [MARGIN, ISSUES], {**log, "matrix": matrix})
        widths.append(float(found.draws.std()) / (1200 * ANNUITY))
    assert widths[0] == pytest.approx(2 + 1, rel=0.02)  # 2 of margin and 0.01 issues × 100
    assert widths[1] == pytest.approx(math.sqrt(4 + 1), rel=0.02)


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others() -> None:
    assert case().to_parts() == case().to_parts()
    assert case(seed=4).npv != case().npv


def test_a_saving_counts_as_far_as_spending_falls_and_harm_counts_whole() -> None:
    """1,200 contacts × 0.05 issues × 8 = 480 a year; half of it is cashable. As many issues more cost all of it."""
    price = IssuesAvoidedRequest(cost_per_issue=Stated.of(8.0))
    half = case(MARGIN, ISSUES, issues_avoided=price, cashable={"issues_avoided": Stated.of(0.5)})
    rows = {one.id: one for one in half.benefits}
    assert half.base.row("issues_avoided").by_year[1] == pytest.approx(240)
    assert (rows["issues_avoided"].counted, rows["issues_avoided_time"].counted) == (True, False)
    none = case(MARGIN, ISSUES, issues_avoided=price)
    assert none.base.npv == pytest.approx(case().base.npv)
    assert "roi.cashable.issues_avoided" in [one.parameter for one in none.not_counted]
    harm = case(MARGIN, ISSUES | {"value": 0.05, "low": 0.03, "high": 0.07}, issues_avoided=price)
    assert harm.base.npv == pytest.approx(case().base.npv - 480 * ANNUITY)


def test_a_case_that_never_pays_back_says_so() -> None:
    found = case(cost_lines=(StatedCost(line="agents", per_year=Stated.of(60_000.0)),))
    assert found.payback_months.p50 is None
    assert found.probability_npv_positive == 0
    assert found.npv.p95 < 0
    assert found.claim.low_is_loss


def test_the_low_case_is_never_above_the_high_one() -> None:
    found = case()
    for quantiles in (found.npv, found.roi, found.npv_adjusted):
        assert quantiles.p5 <= quantiles.p50 <= quantiles.p95
    assert (found.yearly["net_low"] <= found.yearly["net"]).all()
    assert found.npv_adjusted.p50 < found.npv.p50


def test_contacts_above_those_studied_are_a_line_of_their_own() -> None:
    found = case(volume=VolumeRequest(forecast=(Stated.of(1200.0), Stated.of(1500.0))))
    beyond = found.base.row("repurchase_beyond")
    assert [round(one) for one in beyond.by_year] == [0, 0, 3000, 3000]
    assert beyond.grade == "C"
    assert {one.id: one.contacts_per_year for one in found.benefits} == {"repurchase": 1200, "repurchase_beyond": 200}


def test_customer_value_is_a_line_of_grade_e_and_the_cap_is_said_first() -> None:
    request = CustomerValueRequest(months=24, retention=Stated.of(0.98))
    found = case(customer_value=request)
    assert {one.id: one.grade for one in found.benefits} == {"repurchase": "C", "customer_value": "E"}
    assert found.evidence.weak > 0.3
    assert found.claim.past_cap
    assert found.claim.text.startswith(f"{100 * found.evidence.weak:.3g} % of the benefits rest on raw differences")


# What every line says of itself


def test_owners_quarters_and_other_claims_are_those_of_the_line_and_of_what_stands_beside_it() -> None:
    found = case(
        volume=VolumeRequest(contacts_per_year=Stated.of(1500.0)),
        owners={"repurchase": "head of sales"},
        fiscal_quarters={"repurchase": "2027-Q1"},
        also_claimed_by={"repurchase": ("campaign",)},
    )
    for one in found.benefits:
        assert (one.owner, one.fiscal_quarter, one.also_claimed_by) == ("head of sales", "2027-Q1", ("campaign",))
    assert found.decision.also_claimed_by == ("campaign",)


def test_the_old_keys_of_results_are_all_there() -> None:
    parts = case().to_parts()["roi"]
    assert {
        "currency", "years", "discount_rate", "npv", "roi", "payback_months", "probability_npv_positive", "benefits",
        "costs", "npv_share_by_grade",
    } <= set(parts)  # fmt: skip
    [benefit] = parts["benefits"]
    assert {
        "id", "label", "kind", "effect", "grade", "gain_per_contact", "contacts_per_year", "contacts_source",
        "per_year", "present_value", "index_from", "index_to", "maturity",
    } <= set(benefit)  # fmt: skip
    assert benefit["effect"] == "before_after/channel_effect/margin/difference"
    assert {"line", "initial", "per_year", "source"} <= set(parts["costs"][0])
    assert parts["costs"][0] | {"present_value": None, "note": None} == {
        "line": "agents", "label": "Agents", "initial": 0.0, "per_year": 6000.0, "source": "parameters", "grade": None,
        "present_value": None, "account": "programme", "owner": None, "note": None,
    }  # fmt: skip
    assert json.loads(json.dumps(parts, allow_nan=False)) == parts


def test_lines_without_contacts_or_effect_leave_them_empty() -> None:
    found = case(
        deflection=DeflectionRequest(
            exposures_per_year=Stated.of(1000.0), intent=Stated.of(0.5), resolved=Stated.of(0.4),
            contact_without=Stated.of(0.6), contact_with=Stated.of(0.4), cost_per_contact=Stated.of(10.0),
        ),
        cashable={"deflection": Stated.of(1.0)},
    )  # fmt: skip
    one = found.benefits[-1]
    assert (one.id, one.effect, one.gain_per_contact, one.contacts_per_year) == ("deflection", None, None, None)
    assert one.per_year.p50 == pytest.approx(1000 * 0.5 * 0.4 * 0.2 * 10)


def test_the_frame_is_the_table_of_the_base_case() -> None:
    frame = case().to_frame()
    assert frame["id"].tolist() == ["repurchase", "agents", "implementation", "costs", "benefits", "net"]
    assert frame["present_value"].iloc[-1] == pytest.approx(9921.11, abs=0.01)


def test_values_per_contact_and_per_hour_add_up_to_the_value() -> None:
    found = case(decision=DecisionRequest(agent_hours_per_year=300.0))
    assert found.decision.per_contact.p50 == pytest.approx(found.npv.p50 / (1200 * ANNUITY))
    assert found.decision.per_agent_hour.p50 == pytest.approx(found.npv.p50 / (300 * ANNUITY))


def test_what_a_randomised_test_found_is_told_and_not_counted() -> None:
    """It is per customer assigned; the case multiplies contacts."""
    test = MARGIN | {
        "design": "ab_randomised", "estimand": "experiment_effect", "treated": "invited", "comparison": "control",
        "value": 0.4, "grade": "A", "index_from": None, "index_to": None, "n_comparison": 1000,
    }  # fmt: skip
    found = case(MARGIN, test)
    assert found.base.npv == case().base.npv
    [told] = [one for one in found.not_counted if one.line == "randomised_test"]
    assert "+0.40 EUR per customer (grade A)" in told.reason


def test_stopping_saves_the_costs_of_a_level_year() -> None:
    """Costs grow with the contacts as benefits do: 6,000 + 0.1 × 5 × (0, then 1,200, 1,200) a level year."""
    found = case(
        volume=VolumeRequest(uptake=(Stated.of(0.0), Stated.of(1.0))),
        induced_demand=InducedDemandRequest(extra_contacts_per_contact=Stated.of(0.1)),
        unit_costs=(StatedUnitCost(channel="social", marginal=Stated.of(5.0)),),
    )
    stop = found.decision.choices[0]
    assert stop.cost == pytest.approx(-(6000 + 600 * (ANNUITY - 1 / 1.1) / ANNUITY))


# What is refused


def test_a_study_that_claims_nothing_has_nothing_to_value() -> None:
    with pytest.raises(DesignError, match="too few customers"):
        case(MARGIN | {"value": None, "reason": "too few customers"})


def test_no_study_no_case_and_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(DesignError) as error:
        roi_case(RoiRequest(currency="EUR", deflection=DeflectionRequest()), [])
    for part in (
        "No study measured the margin", "`roi.cost_lines`", "`roi.contacts_per_year`", "`roi.deflection.intent`",
    ):  # fmt: skip
        assert part in said(error)


def test_all_that_lines_asked_for_lack_is_told_at_once() -> None:
    with pytest.raises(DesignError) as error:
        case(
            deflection=DeflectionRequest(),
            cancel_save=CancelSaveRequest(),
            induced_demand=InducedDemandRequest(extra_contacts_per_contact=Stated.of(0.1)),
            ledger=TieOutRequest(series="books"),
            overlap={"new_sale": Stated.of(0.1)},
            cost_lines=(StatedCost(line="tools", per_year=Stated.of(1.0)),),
        )
    for part in (
        "`roi.cost_lines.agents`", "`roi.deflection.exposures_per_year`", "`roi.cancel_save.baseline_save_rate`",
        "`roi.cancel_save.attempts_per_year`", "`roi.unit_costs.social`", "`roi.ledger`",
    ):  # fmt: skip
        assert part in said(error), part


def test_a_loss_without_a_price_is_no_line_left_out() -> None:
    """More issues, and nobody says what one costs: without that line the case would look better than it is."""
    more = ISSUES | {"value": 0.5, "low": 0.4, "high": 0.6}
    with pytest.raises(DesignError, match=r"a loss is not left out.*`roi.issues_avoided.cost_per_issue`"):
        case(MARGIN, more)
    assert case(MARGIN, ISSUES).base.npv == case().base.npv  # a gain without a price is left out, and said to be
    fewer = MARGIN | {"outcome": "orders", "value": -0.2, "se": 0.1, "unit": "orders per customer"}
    with pytest.raises(DesignError, match=r"a loss is not left out.*`roi.repurchase.margin_per_order`"):
        case(fewer, cashable={"issues_avoided": Stated.of(0.5)})


def test_savings_alone_without_a_cashable_share_are_no_case() -> None:
    with pytest.raises(DesignError, match=r"counts no benefit.*State `roi.cashable.issues_avoided`"):
        case(ISSUES, issues_avoided=IssuesAvoidedRequest(cost_per_issue=Stated.of(8.0)))


def test_another_currency_is_refused_without_a_rate_and_converted_with_one() -> None:
    with pytest.raises(DesignError, match=r"in EUR, the case in USD.*`roi.rates.EUR`"):
        case(currency="USD")
    rate = Rate(rate=1.1, source="central bank", dated="2026-09-30")
    assert case(currency="USD", rates={"EUR": rate}).benefits[0].gain_per_contact == pytest.approx(11)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"years": 0}, "1 to 20 years, not 0"),
        ({"discount_rate": 1.0}, r"from 0 up to 1, not 1.0"),
        ({"draws": 10}, "from 10 draws"),
        ({"evidence_cap": 2.0}, "a share, not 2.0"),
        ({"rates": {"EUR": Rate(rate=2.0, source="x", dated="2026-01-01")}}, "One EUR is one EUR"),
        ({"cashable": {"issues_avoided": Stated.of(2.0)}}, r"`roi.cashable.issues_avoided` lies from 0 to 1"),
    ],
)
def test_assumptions_outside_their_range_are_refused(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        asked(**wrong)


def test_an_overlap_of_a_line_that_is_not_there_is_refused() -> None:
    with pytest.raises(DesignError, match=r"`roi.overlap.new_sale` is stated, and the case has no such line"):
        case(overlap={"new_sale": Stated.of(0.1)})


# On tables


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory):
    frames = company()
    months = pd.date_range("2025-01-01", periods=24, freq="MS").strftime("%Y-%m-%d")
    costs = pd.DataFrame({"line": "agents", "month": months, "amount": 100.0, "currency": "EUR"})
    costs["cost_id"] = range(len(costs))
    spent = frames["issues"].groupby(frames["issues"]["opened_at"].dt.to_period("M"))["cost"].sum()
    series = pd.DataFrame(
        {
            "series_id": "books",
            "period_start": months,
            "period_end": [str(Month.of(one[:7]).last_day) for one in months],
            "value": 1.1 * spent.to_numpy(),
            "unit": "EUR",
        }
    )
    folder: Path = tmp_path_factory.mktemp("case")
    with opened(folder, {**frames, "costs": costs, "series": series}) as found:
        yield found


STUDIED = MARGIN | {"index_from": "2025-04", "index_to": "2026-03", "after_months": 3}


def on(tables, *effects: dict[str, Any], **changes: Any) -> RoiCase:
    request = RoiRequest(**({"currency": "EUR", "draws": 5_000, "months": (Month.of("2025-01"),)} | changes))
    return roi_case(request, effects or (STUDIED,), None, tables)


def test_costs_books_and_totals_are_read_from_the_tables(tables) -> None:
    found = on(tables, ledger=TieOutRequest(series="books", tolerance=0.05))
    assert [(one.line, one.per_year) for one in found.costs] == [("agents", 1200)]
    assert found.ledger.share == pytest.approx(1 / 1.1 - 1, abs=1e-4)
    assert not found.ledger.tied_out
    guards = {one.name: one.kept for one in found.decision.guardrails}
    assert guards["books"] is False
    assert found.decision.spoken_for.customers > 0
    totals = {one.account: one.total for one in found.decision.shares}
    first = company()["orders"]
    first = first[first["ordered_at"] < "2025-02-01"]
    assert totals["order_margin"] == pytest.approx(first["margin"].sum(), abs=0.01)


def test_money_that_two_lines_hold_is_counted_once(tables) -> None:
    """Customers kept from leaving in a month in which the purchases after a contact are counted are taken off."""
    save = CancelSaveRequest(baseline_save_rate=Stated.of(0.1), staying=Stated.of(0.95))
    found = on(tables, cancel_save=save)
    [pair] = found.exclusion.pairs
    assert (pair.earlier, pair.later, pair.verdict) == ("repurchase", "cancel_save", "shared")
    assert 0 < pair.share < 1
    alone = on(tables, cancel_save=save, overlap={"cancel_save": Stated.of(0.0)})
    taken = found.base.row("cancel_save").present_value / alone.base.row("cancel_save").present_value
    assert taken == pytest.approx(1 - found.exclusion.taken_off["cancel_save"])


def test_what_can_be_told_before_a_study_is(tables) -> None:
    request = RoiRequest(
        currency="EUR",
        cancel_save=CancelSaveRequest(),
        ledger=TieOutRequest(series="book"),
        unit_costs=(StatedUnitCost(channel="social", marginal=Stated.of(2.0), currency="USD"),),
    )
    told = " ".join(lacking(request, tables))
    for part in ("`roi.rates.USD`", "`books`"):
        assert part in told, part
    assert lacking(RoiRequest(currency="EUR"), tables) == ()


def test_draws_do_not_depend_on_other_lines(tables) -> None:
    """Adding a line changes no other line's draws."""
    alone = on(tables)
    beside = on(tables, cancel_save=CancelSaveRequest(baseline_save_rate=Stated.of(0.1), staying=Stated.of(0.95)))
    name = "repurchase_margin_per_contact"
    assert np.array_equal(alone.simulated.inputs[name], beside.simulated.inputs[name])
