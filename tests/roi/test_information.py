"""What knowing is worth: the closed form for a normal, a case by hand, chance that earns nothing."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.roi.information import information
from analysis.roi.inputs import Inputs, Together
from analysis.roi.simulation import simulated
from analysis.roi.spread import Normal, Triangular
from tests.roi.small_case import benefit, cost, found, model, stated


def closed_form(mean: float, error: float) -> float:
    """Of a normal value: what would be lost on average by the decision that its mean asks for."""
    z = abs(mean) / error
    return error * (stats.norm.pdf(z) - z * stats.norm.sf(z))


def worth_of(case):
    return information(case, simulated(case))


@pytest.mark.parametrize("mean", [-150, 0, 40, 150])
def test_the_closed_form_of_a_normal_value(mean: float) -> None:
    gain = found("gain", Normal(mean, 100))
    case = worth_of(model((gain,), benefit("sales", 0, gain.input), discount_rate=0))
    truth = closed_form(mean, 100)
    assert case.everything == pytest.approx(truth, abs=0.4)
    assert case.by_input[0].value == pytest.approx(truth, abs=0.5)
    assert case.by_study[0].name == "before_after"
    assert case.by_study[0].value == case.by_input[0].value
    assert case.wrong == pytest.approx(stats.norm.sf(abs(mean) / 100), abs=0.01)


def test_one_input_of_two() -> None:
    """The value is a sum of two normals, mean 30, errors 80 and 60 (together 100): each by itself is worth what a
    normal with its own error is worth round 30."""
    first, second = found("first", Normal(20, 80)), stated("second", Normal(10, 60))
    case = worth_of(model((first, second), benefit("sales", 0, first.input + second.input), discount_rate=0))
    assert case.everything == pytest.approx(closed_form(30, 100), abs=0.5)
    assert [one.name for one in case.by_input] == ["first", "second"]
    assert case.by_input[0].value == pytest.approx(closed_form(30, 80), abs=0.7)
    assert case.by_input[1].value == pytest.approx(closed_form(30, 60), abs=0.7)
    assert case.by_input[1].share == pytest.approx(case.by_input[1].value / case.everything)
    assert [one.inputs for one in case.by_study] == [("first",)]


def test_by_hand_where_the_range_is_even() -> None:
    """A mean of two triangles 0..1 up and down is not needed: one triangular 0, 0, 3 against costs of 1. Mean 1, so the
    value is 0 on average; knowing it is worth E max(x - 1, 0) = integral from 1 to 3 of (x - 1) 2(3 - x)/9 = 8/27."""
    gain = stated("gain", Triangular(0, 0, 3))
    case = worth_of(model((gain,), benefit("sales", 0, gain.input), cost("agents", 0, 1), discount_rate=0))
    assert case.everything == pytest.approx(8 / 27, abs=0.005)
    assert case.by_input[0].value == pytest.approx(8 / 27, abs=0.005)


def test_effects_of_one_study_together_are_worth_more_than_each() -> None:
    """Two effects that err against each other (-.5): errors 80 and 60, of the sum √(6400 + 3600 − 4800) = 72.1. Knowing
    the first tells of the second: 80 − .5 × 60 = 50 is the error of the sum that it takes away."""
    names = ("gain", "issues")
    gain, issues = (
        found("gain", Normal(20, 80)),
        found("issues", Normal(-10, 60), "before_after/channel_effect/issues/x"),
    )
    other = found("served", Normal(15, 30), "service_effect/service_effect/margin/difference")
    inputs = Inputs((gain, issues, other), (Together(names, [[6400, -2400], [-2400, 3600]]),))
    case = worth_of(model(inputs, benefit("sales", 0, gain.input + issues.input + other.input), discount_rate=0))
    assert [one.name for one in case.by_study] == ["before_after", "service_effect"]
    assert case.by_study[0].inputs == names
    assert case.by_study[0].value == pytest.approx(closed_form(25, np.sqrt(5200)), abs=0.8)
    values = {one.name: one.value for one in case.by_input}
    assert values["gain"] == pytest.approx(closed_form(25, 50), abs=0.8)
    assert values["served"] == pytest.approx(closed_form(25, 30), abs=0.6)
    assert all(one.value <= case.by_study[0].value for one in case.by_input)


def test_a_product_of_two_effects_is_known_by_both() -> None:
    """Not a sum: the value is first × second, and the study that found both tells everything."""
    first = found("first", Normal(1, 1))
    second = found("second", Normal(0.5, 2), "before_after/channel_effect/issues/difference")
    case = worth_of(model((first, second), benefit("sales", 0, first.input * second.input), discount_rate=0))
    assert case.by_study[0].value == pytest.approx(case.everything, rel=0.02)


def test_chance_earns_nothing() -> None:
    """An input that hardly matters in a case that hangs in the balance: noise in the bins must not look like worth."""
    inputs = [stated(f"idle_{n}x", Normal(0, 1e-6)) for n in range(20)]
    swing = stated("swing", Normal(0, 100))
    total = swing.input
    for one in inputs:
        total = total + one.input
    case = worth_of(model((swing, *inputs), benefit("sales", 0, total), discount_rate=0))
    idle = [one.value for one in case.by_input if one.name != "swing"]
    assert np.mean(idle) < 0.25  # of 39.9 that knowing everything is worth; bins alone would claim about 1.3
    assert case.by_input[0].name == "swing"


def test_what_is_settled_needs_no_knowing() -> None:
    gain = found("gain", Normal(100, 1))
    case = worth_of(model((gain, stated("price", 2.0)), benefit("sales", 0, gain.input * stated("price", 2).input)))
    assert (case.everything, case.go, case.wrong) == (0, True, 0)
    assert [(one.name, one.value, one.share) for one in case.by_input] == [("gain", 0, None)]
    assert case.to_dict()["by_study"][0]["inputs"] == ["gain"]


def test_few_draws_are_enough_to_run() -> None:
    gain = found("gain", Normal(0, 100))
    case = model((gain,), benefit("sales", 0, gain.input), draws=10)
    assert information(case, simulated(case)).by_input[0].value >= 0
