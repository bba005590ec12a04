"""More contacts than today's are not answered for free."""

from __future__ import annotations

import pytest

from analysis.roi.lines.handling_beyond import LINE, handling_beyond_line
from analysis.roi.measured_effects import measured_effects
from analysis.roi.rates import Rates
from analysis.roi.spread import Fixed
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import UnitCost, UnitCosts
from analysis.roi.volumes import VolumeRequest, Volumes, volumes
from tests.roi.small_tables import effect

SOCIAL = UnitCost(channel="social", per="issue", spread=Fixed(3.0), origin="measured", source="ledger")
PRICES = UnitCosts("EUR", {("social", "issue"): SOCIAL})


def reach(*forecast: float) -> Volumes:
    """1,200 contacts a year were studied."""
    studied = measured_effects([effect()], None, Rates("EUR")).need("margin")
    return volumes(VolumeRequest(forecast=tuple(Stated.of(one) for one in forecast)), studied, 3)


def test_by_hand() -> None:
    """Of 1,000, 1,500 and 2,200 contacts none, 300 and 1,000 are beyond 1,200; at 3 EUR: 0, 900, 3,000."""
    built = handling_beyond_line(reach(1000, 1500, 2200), PRICES, agents_stated=False)
    (line,) = built.lines
    base = {one.name: one.base for one in built.quantities}
    assert (line.id, line.side, line.counted) == (LINE, "cost", True)
    assert [float(one.value(base)) for one in line.by_year] == [0, 0, 900, 3000]


@pytest.mark.parametrize(("forecast", "stated"), [((1000.0, 1200.0), False), ((5000.0,), True)])
def test_none_where_contacts_are_as_studied_or_agents_are_stated(forecast: tuple[float, ...], stated: bool) -> None:
    built = handling_beyond_line(reach(*forecast), PRICES, agents_stated=stated)
    assert (built.lines, built.not_counted) == ((), ())


def test_without_a_price_it_is_said_to_be_missing() -> None:
    (left_out,) = handling_beyond_line(reach(5000), UnitCosts("EUR", {}), agents_stated=False).not_counted
    assert (left_out.line, left_out.parameter) == (LINE, "roi.unit_costs.social")
