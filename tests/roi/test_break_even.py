"""How small may an effect be? By hand, past a kink, past a limit, and where nothing depends on it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.roi.break_even import break_even
from analysis.roi.formula import larger, smaller
from analysis.roi.spread import Normal
from tests.roi.small_case import benefit, cost, found, model, stated

GAIN = found("gain", Normal(10, 2))
ISSUES = found("issues", Normal(-0.2, 0.1), "before_after/channel_effect/issues/difference")


def test_by_hand() -> None:
    """100 contacts at 10, 50 issues' worth 8 × .2 × 100 = 160, costs 560: at a gain of 4 nothing is left; and issues
    could rise by .55 a contact, (1,000 − 560) / 800, before the case is worth nothing."""
    case = model(
        (ISSUES, GAIN, stated("price", Normal(8, 1))),
        benefit("sales", 0, GAIN.input * 100),
        benefit("issues_avoided", 0, -ISSUES.input * 100 * stated("price", 8).input, kind="cashable"),
        cost("agents", 60, 500),
        discount_rate=0,
    )
    gain, issues = break_even(case)
    assert gain.value == pytest.approx(4)
    assert gain.share_of_found == pytest.approx(0.4)
    assert (gain.worth_it, issues.worth_it) == ("above", "below")
    assert issues.value == pytest.approx(0.55)
    assert issues.share_of_found == pytest.approx(-2.75)
    assert issues.to_dict()["reason"] is None


@settings(max_examples=40, deadline=None)
@given(st.floats(-50, 50), st.floats(0.1, 20), st.floats(-5e3, 5e3), st.floats(0, 0.3))
def test_at_the_break_even_nothing_is_left(mean: float, error: float, costs: float, rate: float) -> None:
    gain = found("gain", Normal(mean, error))
    case = model((gain,), benefit("sales", 0, gain.input * 100, gain.input * 50), cost("x_cost", costs, 0, 0),
                 discount_rate=rate)  # fmt: skip
    (one,) = break_even(case)
    assert one.value is not None
    assert case.npv({"gain": one.value}) == pytest.approx(0, abs=1e-6)
    assert case.npv({"gain": one.value + 1}) > 0


def test_past_a_kink_it_is_searched() -> None:
    """Half of what lies above 8 goes to partners: at 10 the value rises by 50 a unit, below 8 by 100. 100 × 6 = 600."""
    shared = GAIN.input * 100 - larger(GAIN.input - 8, 0) * 50
    (one,) = break_even(model((GAIN,), benefit("sales", 0, shared), cost("agents", 600, 0), discount_rate=0))
    assert one.value == pytest.approx(6, abs=1e-9)


def test_past_a_kink_it_is_found_however_surely_the_effect_is_known() -> None:
    """Half of a saving is money, all of a loss: at issues of −0.2 it is 100 × 0.2 × 8 / 2 = 80. With 1,000 besides and
    costs of 600, issues may rise by 400 / 800 = 0.5: 700 standard errors from what was found."""
    surely = found("issues", Normal(-0.2, 0.001), "before_after/channel_effect/issues/difference")
    saved = -surely.input * 800
    case = model(
        (surely,),
        benefit("sales", 0, 1000),
        benefit("issues_avoided", 0, larger(saved, 0) * 0.5 + smaller(saved, 0), kind="cashable"),
        cost("agents", 600, 0),
        discount_rate=0,
    )
    (one,) = break_even(case)
    assert (one.value, one.worth_it) == (pytest.approx(0.5), "below")


def test_where_no_value_helps_the_reason_is_told() -> None:
    capped = smaller(GAIN.input, 20) * 10
    (one,) = break_even(model((GAIN,), benefit("sales", 0, capped), cost("agents", 900, 0), discount_rate=0))
    assert (one.value, one.share_of_found, one.worth_it) == (None, None, None)
    assert one.reason == "No value that it can have brings the case to zero."
    limited = found("gain", Normal(10, 2), low_limit=5)
    (one,) = break_even(model((limited,), benefit("sales", 0, limited.input * 10), cost("agents", 20, 0)))
    assert one.value is None


def test_where_nothing_depends_on_it_the_reason_is_told() -> None:
    (one,) = break_even(model((GAIN,), benefit("sales", 0, GAIN.input * 0 + 5)))
    assert one.reason == "The value of the case does not depend on it."


def test_effects_that_no_counted_line_reads_and_stated_inputs_are_left_out() -> None:
    case = model((GAIN, ISSUES, stated("price", 3.0)), benefit("sales", 0, GAIN.input * stated("price", 3).input),
                 benefit("shown", 0, ISSUES.input, counted=False))  # fmt: skip
    assert [one.name for one in break_even(case)] == ["gain"]


def test_an_effect_of_nothing_has_no_share() -> None:
    nothing = found("gain", Normal(0, 1))
    (one,) = break_even(model((nothing,), benefit("sales", 0, nothing.input), cost("agents", 2, 0), discount_rate=0))
    assert one.value == pytest.approx(2)
    assert one.share_of_found is None
