"""The mean cost of an issue over channels: by hand, a channel without a price, and a range that reaches the line."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.channel_mix import priced_mix
from analysis.roi.rates import Rates
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import StatedUnitCost, unit_costs

SAID = Stated(value=8.0, low=6.0, high=14.0, source="controlling", dated="2026-01-01")
PHONE = StatedUnitCost(channel="phone", marginal=SAID, per="issue")
EMAIL = StatedUnitCost(channel="email", marginal=Stated.of(4.0), per="issue")
PRICES = unit_costs([PHONE, EMAIL], None, Rates("EUR"), "UTC")


def mix(**counts: int) -> tuple[float, dict[str, float]]:
    found, quantities = priced_mix("later", "Later", counts, PRICES, "The line", "counted")
    base = {one.name: one.base for one in quantities}
    return float(found.value(base)), base


def test_by_hand() -> None:
    """Three calls at 8 and one mail at 4: 7 an issue."""
    mean, base = mix(phone=3, email=1)
    assert mean == 7
    assert (base["later_on_phone"], base["later_on_email"]) == (0.75, 0.25)


def test_a_rare_channel_without_a_price_is_left_out_and_the_shares_still_add_up() -> None:
    mean, base = mix(phone=750, email=250, sms=5)
    assert mean == 7
    assert base["later_on_phone"] + base["later_on_email"] == 1
    with pytest.raises(DesignError, match=r"The line needs what one issue costs on sms.*`roi.unit_costs.sms`"):
        mix(phone=75, email=25, sms=5)


def test_a_stated_range_reaches_the_line() -> None:
    found, quantities = priced_mix("later", "Later", {"phone": 1, "email": 1}, PRICES, "The line", "counted")
    phone = next(one for one in quantities if one.name == "phone_cost_per_issue")
    assert phone.spread.ends == (6.0, 14.0)
    base = {one.name: one.base for one in quantities}
    assert float(found.value(base | {"phone_cost_per_issue": 14.0})) == 9


def test_nothing_to_count() -> None:
    with pytest.raises(DesignError, match="no such issue"):
        mix()
