"""The case drawn many times: by the closed form, by laws, and what is refused."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.foundation.errors import DesignError, UnknownName
from analysis.roi.formula import Input, larger
from analysis.roi.inputs import Inputs, Together
from analysis.roi.simulation import Model, simulated
from analysis.roi.spread import Normal, Pert, Spread, Triangular
from analysis.roi.tei import base_case, risk_adjusted
from tests.roi.small_case import benefit, cost, found, model, stated

GAIN, ISSUES = (
    found("gain", Normal(10, 2)),
    found("issues", Normal(-0.2, 0.1), "before_after/channel_effect/issues/difference"),
)
STUDY = Together(("gain", "issues"), [[4.0, -0.12], [-0.12, 0.01]])
ANNUITY = 1 / 1.1 + 1 / 1.21 + 1 / 1.331


def programme(inputs: Inputs | tuple, **changes) -> Model:
    sales, saved = Input("gain") * 1200, -Input("issues") * 1200 * 8
    lines = (
        benefit("repurchase", 0, sales, sales, sales),
        benefit("issues_avoided", 0, saved, saved, saved, kind="cashable", account="support_cost"),
        cost("agents", 5000, 6000, 6000, 6000),
    )
    return model(inputs, *lines, **changes)


def test_the_closed_form() -> None:
    """Linear in two normals that err together: 1,200 × (gain − 8 issues), variance 4 + 64 × .01 − 2 × 8 × (−.12)."""
    found_case = simulated(programme(Inputs((GAIN, ISSUES), (STUDY,)), draws=400_000))
    mean = 1200 * (10 + 8 * 0.2) * ANNUITY - 5000 - 6000 * ANNUITY
    spread = 1200 * ANNUITY * np.sqrt(4 + 64 * 0.01 + 2 * 8 * 0.12)
    for ours, share in zip(found_case.npv.to_dict().values(), (0.05, 0.5, 0.95), strict=True):
        assert ours == pytest.approx(stats.norm.ppf(share, mean, spread), abs=0.01 * spread)
    assert found_case.npv_mean == pytest.approx(mean, abs=0.006 * spread)
    assert found_case.probability_npv_positive == pytest.approx(stats.norm.sf(0, mean, spread), abs=0.003)
    costs = 5000 + 6000 * ANNUITY
    assert found_case.roi.p50 == pytest.approx(found_case.npv.p50 / costs)
    alone = simulated(programme((GAIN, ISSUES), draws=400_000))
    assert alone.draws.std() == pytest.approx(1200 * ANNUITY * np.sqrt(4 + 64 * 0.01), rel=0.01)


def test_the_parts_belong_together() -> None:
    case = programme(Inputs((GAIN, ISSUES), (STUDY,)), draws=2000)
    found_case = simulated(case)
    assert found_case.draws == pytest.approx(case.present_value(found_case.net))
    assert found_case.draws == pytest.approx(case.npv(found_case.inputs))
    assert found_case.npv_mean == pytest.approx(
        found_case.lines["repurchase"].mean + found_case.lines["issues_avoided"].mean - found_case.lines["agents"].mean
    )
    for line in found_case.lines.values():
        for one in (*line.by_year, line.present_value):
            assert one.p5 <= one.p50 <= one.p95
    assert found_case.lines["agents"].by_year[0].to_dict() == {"p5": 5000, "p50": 5000, "p95": 5000}
    assert found_case.to_dict()["lines"][2]["id"] == "agents"


def test_the_same_seed_gives_the_same_digits() -> None:
    case = programme((GAIN, ISSUES), draws=1000)
    assert simulated(case).to_dict() == simulated(case).to_dict()
    assert simulated(case).draws.tobytes() == simulated(case).draws.tobytes()
    assert simulated(programme((GAIN, ISSUES), draws=1000, seed=1)).npv != simulated(case).npv


def test_adding_a_line_changes_no_other() -> None:
    less = programme((GAIN, ISSUES), draws=500)
    extra = stated("saves", Pert(0, 10, 30))
    saves = benefit("cancel_save", 0, extra.input, extra.input, extra.input, grade="E", account="subscription_margin")
    more = model(Inputs((extra, *less.inputs.quantities)), saves, *less.lines, draws=500)
    ours, theirs = simulated(less), simulated(more)
    assert {name: theirs.lines[name] for name in ours.lines} == dict(ours.lines)


@settings(max_examples=25, deadline=None)
@given(st.permutations(range(3)), st.permutations(range(2)), st.sampled_from([0.5, 2.0, 1024.0]))
def test_order_does_not_matter_and_money_scales(lines: list[int], inputs: list[int], rate: float) -> None:
    """Another currency at a rate that a computer holds exactly: every amount times the rate, shares and months not."""
    first = programme(Inputs((GAIN, ISSUES), (STUDY,)), draws=200)
    turned = model(
        Inputs(tuple(first.inputs.quantities[one] for one in inputs), (STUDY,)),
        *(first.lines[one] for one in lines),
        draws=200,
    )
    scaled = model(
        first.inputs,
        *(
            (benefit if line.side == "benefit" else cost)(
                line.id, *(amount * rate for amount in line.by_year), kind=line.kind
            )
            for line in first.lines
        ),
        draws=200,
    )
    one, other, third = simulated(first), simulated(turned), simulated(scaled)
    assert other.draws == pytest.approx(one.draws, rel=1e-12)
    assert base_case(turned).npv == pytest.approx(base_case(first).npv, rel=1e-14)
    assert third.draws == pytest.approx(rate * one.draws, rel=1e-12)
    assert third.roi.p50 == pytest.approx(one.roi.p50, rel=1e-12)
    assert third.payback_months == one.payback_months or third.payback_months.p50 == pytest.approx(
        one.payback_months.p50
    )
    assert third.probability_npv_positive == one.probability_npv_positive


@settings(max_examples=25, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3))
def test_the_value_is_linear_in_each_line(a: float, b: float) -> None:
    sales = Input("gain") * 100

    def value(*amounts) -> np.ndarray:
        return simulated(
            model((GAIN,), *(benefit(f"line_{n}x", 0, one) for n, one in enumerate(amounts)), draws=50)
        ).draws

    assert value(sales * a, sales * b) == pytest.approx(value(sales * (a + b)), abs=1e-6)


def test_haircuts_leave_the_headline_and_spare_no_harm() -> None:
    """Grade C cut by a quarter: a draw above zero keeps 75 %, a loss all of it."""
    risky = found("gain", Normal(0, 10))
    plain, cut = (
        simulated(model((risky,), benefit("sales", 0, risky.input), haircuts=haircuts, draws=1000, discount_rate=0))
        for haircuts in ({}, {"C": 0.25})
    )
    assert (plain.draws == cut.draws).all()
    assert cut.draws_adjusted == pytest.approx(np.where(cut.draws > 0, 0.75 * cut.draws, cut.draws))
    assert plain.npv_adjusted == plain.npv


@pytest.mark.parametrize("spread", [Triangular(60, 100, 110), Triangular(90, 100, 140), Normal(100, 5)])
def test_adjusted_draws_have_the_mean_of_the_adjusted_table(spread: Spread) -> None:
    """Where no draw is a loss, the mean of the adjusted draws is the adjusted table's value."""
    gain, wage = stated("gain", spread), stated("wage", Triangular(5, 10, 12))
    case = model(
        (gain, wage), benefit("sales", 0, gain.input), cost("agents", 0, wage.input), haircuts={"C": 0.1}, draws=200_000
    )
    assert simulated(case).draws_adjusted.mean() == pytest.approx(risk_adjusted(case).npv, rel=2e-3)
    assert simulated(case).npv_adjusted.p50 <= simulated(case).npv.p50


def test_lines_that_do_not_count_are_drawn_beside() -> None:
    case = model((GAIN,), benefit("sales", 0, 10), benefit("time", 0, GAIN.input, counted=False), draws=100)
    found_case = simulated(case)
    assert np.ptp(found_case.draws) == 0
    assert found_case.lines["time"].present_value.p5 < found_case.lines["time"].present_value.p95


def test_a_case_without_costs_has_no_return_on_them_and_owes_nothing() -> None:
    found_case = simulated(model((GAIN,), benefit("sales", 0, GAIN.input * GAIN.input), draws=100))
    assert found_case.roi.to_dict() == {"p5": None, "p50": None, "p95": None}
    assert found_case.payback_months.p95 == 0


def test_a_high_payback_that_is_never_reached_is_none() -> None:
    """Half of the draws lose money: the low case pays back, the high one never."""
    risky = found("gain", Normal(100, 300))
    found_case = simulated(model((risky,), benefit("sales", 0, risky.input), cost("agents", 100, 0), draws=1000))
    assert found_case.payback_months.p5 is not None
    assert found_case.payback_months.p95 is None


def test_a_hundred_thousand_draws_of_a_whole_case_take_about_a_second() -> None:
    """25 inputs, 8 lines, 3 years; five seconds are allowed to a busy machine. `benchmarks/case.py` measures."""
    from benchmarks.case import whole_case

    case = whole_case()
    assert (len(case.inputs.quantities), len(case.lines), case.years, case.draws) == (25, 8, 3, 100_000)
    start = time.process_time()
    simulated(case)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"years": 0}, "1 to 20 years, not 0"),
        ({"years": 2}, "runs over 1 years, the case over 2"),
        ({"discount_rate": 1.0}, "from 0 up to 1, not 1.0"),
        ({"draws": 9}, "from 10 draws"),
        ({"seed": -1}, "0 or more"),
        ({"currency": " "}, "the currency"),
        ({"haircuts": {"C": 1.1}}, "of grade C lies from 0 to 1"),
        ({"lines": (benefit("sales", 0, 1), benefit("sales", 0, 2))}, "`sales` occurs more than once"),
    ],
)
def test_what_is_refused(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        model((GAIN,), benefit("sales", 0, GAIN.input), **wrong)


def test_a_case_without_lines_or_inputs_is_refused() -> None:
    with pytest.raises(DesignError, match="A case without lines"):
        model((GAIN,))
    with pytest.raises(UnknownName, match=r"input of line `sales`: there is no `gian`\. Did you mean `gain`"):
        model((GAIN,), benefit("sales", 0, Input("gian")))
    with pytest.raises(UnknownName, match="grade of a haircut"):
        model((GAIN,), benefit("sales", 0, GAIN.input), haircuts={"F": 0.1})
    with pytest.raises(DesignError, match="divides by zero: by `hours`"):
        simulated(model((stated("hours", 0.0),), benefit("sales", 0, larger(1, 2) / Input("hours"))))
