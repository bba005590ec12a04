"""What each input alone moves: by hand, by order, and what is left out."""

from __future__ import annotations

import pytest

from analysis.roi.inputs import Inputs, Together
from analysis.roi.spread import Normal, Triangular
from analysis.roi.tornado import tornado
from tests.roi.small_case import benefit, cost, found, model, stated

GAIN = found("gain", Normal(10, 2))
CONTACTS = stated("contacts", Triangular(800, 1000, 1000))


def test_by_hand() -> None:
    """Gain 10 ± 1.645 × 2 times 1,000 contacts; contacts at their 5th and 95th percentile, 800 + 200 √.05 and
    800 + 200 √.95, times 10; 4,000 of costs."""
    case = model(
        (CONTACTS, GAIN, stated("price", 4.0), stated("idle", Normal(0, 9))),
        benefit("sales", 0, GAIN.input * CONTACTS.input),
        cost("agents", 0, stated("price", 1).input * 1000),
        benefit("shown", 0, stated("idle", 1).input, counted=False),
        discount_rate=0,
    )
    gain, contacts = tornado(case)
    assert (gain.name, contacts.name) == ("gain", "contacts")
    assert (gain.npv_at_low, gain.npv_at_high) == pytest.approx((6000 - 3289.7, 6000 + 3289.7), abs=0.1)
    assert contacts.low == pytest.approx(800 + 200 * 0.05**0.5)
    assert contacts.npv_at_high == pytest.approx(10 * (800 + 200 * 0.95**0.5) - 4000)
    assert gain.width == pytest.approx(2 * 3289.7, abs=0.1)
    assert gain.to_dict()["width"] == gain.width


def test_a_cost_moves_the_other_way() -> None:
    (swing,) = tornado(model((GAIN,), cost("agents", 0, GAIN.input)))
    assert swing.npv_at_low > swing.npv_at_high


def test_of_equal_width_the_name_decides_and_estimates_of_one_study_are_moved_one_at_a_time() -> None:
    twin = found("again", Normal(10, 2))
    inputs = Inputs((GAIN, twin), (Together(("gain", "again"), [[4.0, 4.0], [4.0, 4.0]]),))
    swings = tornado(model(inputs, benefit("sales", 0, GAIN.input + twin.input), discount_rate=0))
    assert [swing.name for swing in swings] == ["again", "gain"]
    assert swings[0].npv_at_low == pytest.approx(20 - 3.2897, abs=1e-3)
