"""New sale, deflection, induced demand: by hand, in both directions, and what must be stated."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.lines.deflection import DeflectionRequest, deflection_line
from analysis.roi.lines.induced_demand import InducedDemandRequest, induced_demand_line
from analysis.roi.lines.new_sale import NewSaleRequest, new_sale_line
from analysis.roi.rates import Rates
from analysis.roi.stated import Stated
from analysis.roi.unit_costs import StatedUnitCost, UnitCosts, unit_costs
from analysis.roi.volumes import VolumeRequest, volumes
from tests.roi.small_tables import company, opened

S = Stated.of
EURO = Rates("EUR")
PRICES = unit_costs(
    [StatedUnitCost(channel="phone", marginal=S(5.0)), StatedUnitCost(channel="social", marginal=S(2.0))],
    None,
    EURO,
    "UTC",
)
DEFLECTED = {
    "exposures_per_year": S(10_000.0),
    "intent": S(0.5),
    "resolved": S(0.4),
    "contact_without": S(0.3),
    "contact_with": S(0.1),
}


def first_year(built: Built, name: str) -> float:
    line = next(one for one in built.lines if one.id == name)
    return float(line.by_year[1].value({one.name: one.base for one in built.quantities}))


def test_new_sale_by_hand() -> None:
    """100 orders × 30 EUR × 20 %."""
    request = NewSaleRequest(incremental_share=S(0.2), sales_per_year=S(100.0), margin_per_sale=S(30.0))
    built = new_sale_line(request, None, EURO, 1)
    assert first_year(built, "new_sale") == pytest.approx(600)
    assert (built.lines[0].grade, built.lines[0].account) == ("E", "order_margin")
    assert built.claims[0].months is None


def test_new_sale_counted_and_what_must_be_stated(tmp_path) -> None:
    with opened(tmp_path, company()) as tables:
        built = new_sale_line(NewSaleRequest(incremental_share=S(0.2)), tables, EURO, 1)
    counted = {one.name: one for one in built.quantities}
    assert counted["new_sale_sales_per_year"].origin == counted["new_sale_margin_per_sale"].origin == "measured"
    assert built.claims[0].months is not None
    with pytest.raises(DesignError) as told:
        new_sale_line(NewSaleRequest(), None, EURO, 1)
    for name in ("incremental_share", "sales_per_year", "margin_per_sale"):
        assert f"`roi.new_sale.{name}`" in str(told.value)


def test_deflection_by_hand() -> None:
    """10,000 × 0.5 × 0.4 × (0.3 − 0.1) × 5 EUR = 2,000, half of it cashable."""
    built = deflection_line(DeflectionRequest(**DEFLECTED), PRICES, 1, S(0.5))
    assert first_year(built, "deflection") == pytest.approx(1000)
    assert (built.lines[0].kind, built.lines[0].counted, built.lines[0].grade) == ("cashable", True, "E")


def test_deflection_without_a_cashable_share_is_shown_while_content_counts() -> None:
    built = deflection_line(DeflectionRequest(**DEFLECTED, content_cost_per_year=S(300.0)), PRICES, 1)
    assert [(line.id, line.side, line.counted) for line in built.lines] == [
        ("deflection", "benefit", False),
        ("deflection_content", "cost", True),
    ]
    assert first_year(built, "deflection") == pytest.approx(2000)
    assert first_year(built, "deflection_content") == 300
    assert built.not_counted[0].parameter == "roi.cashable.deflection"


@pytest.mark.parametrize("cashable", [None, S(0.5)])
def test_deflection_may_be_less_than_nothing_and_then_counts_whole(cashable: Stated | None) -> None:
    """A page that makes more people call: 0.3 against 0.1 the other way round."""
    more = DEFLECTED | {"contact_without": S(0.1), "contact_with": S(0.3)}
    built = deflection_line(DeflectionRequest(**more), PRICES, 1, cashable)
    assert first_year(built, "deflection") == pytest.approx(-2000)
    assert built.lines[0].counted


def test_deflection_at_a_cost_of_its_own() -> None:
    built = deflection_line(DeflectionRequest(**DEFLECTED, cost_per_contact=S(10.0)), UnitCosts("EUR", {}), 1, S(1.0))
    assert first_year(built, "deflection") == pytest.approx(4000)


def test_deflection_tells_all_that_is_missing() -> None:
    with pytest.raises(DesignError) as told:
        deflection_line(DeflectionRequest(intent=S(0.5)), PRICES, 1)
    assert "`roi.deflection.exposures_per_year`, `roi.deflection.resolved`" in str(told.value)
    assert "intent" not in str(told.value)
    with pytest.raises(DesignError, match=r"Deflection needs what one contact costs on email.*`roi.unit_costs.email`"):
        deflection_line(DeflectionRequest(**DEFLECTED, channel="email"), PRICES, 1)
    with pytest.raises(ValueError, match=r"`roi.deflection.contact_with` lies from 0 to 1"):
        DeflectionRequest(contact_with=S(2.0))


def test_induced_demand_by_hand_on_all_contacts() -> None:
    """1,000 contacts × 0.1 further ones × 2 EUR."""
    reach = volumes(VolumeRequest(contacts_per_year=S(1000.0)), None, 1)
    built = induced_demand_line(InducedDemandRequest(extra_contacts_per_contact=S(0.1)), reach, PRICES)
    (line,) = built.lines
    assert first_year(built, "induced_demand") == pytest.approx(200)
    assert (line.side, line.grade, line.counted) == ("cost", "E", True)


def test_induced_demand_is_never_left_out_silently() -> None:
    reach = volumes(VolumeRequest(contacts_per_year=S(1000.0)), None, 1)
    built = induced_demand_line(InducedDemandRequest(), reach, PRICES)
    assert built.lines == ()
    assert built.not_counted[0].line == "induced_demand"
    with pytest.raises(DesignError, match="Induced demand needs what one contact costs on social"):
        induced_demand_line(InducedDemandRequest(extra_contacts_per_contact=S(0.1)), reach, UnitCosts("EUR", {}))
    with pytest.raises(ValueError, match="0 or more"):
        InducedDemandRequest(extra_contacts_per_contact=S(-0.1))
