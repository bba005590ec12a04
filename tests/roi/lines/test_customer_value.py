"""Past the months that were studied: by hand, never past the end of the case, always graded E."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.contacted import months_after_contact
from analysis.roi.leaving import staying_of_contacted
from analysis.roi.lines.customer_value import KEPT, CustomerValueRequest, customer_value_line
from analysis.roi.lines.repurchase import RepurchaseRequest
from analysis.roi.measured_effects import measured_effects
from analysis.roi.rates import Rates
from analysis.roi.spread import Normal
from analysis.roi.stated import Stated
from analysis.roi.volumes import VolumeRequest, volumes
from tests.roi.small_tables import company, effect, opened

S = Stated.of
EFFECTS = measured_effects([effect()], None, Rates("EUR"))  # 10 EUR in 3 months after 1,200 contacts a year
REQUEST = RepurchaseRequest()


def built_of(request: CustomerValueRequest, years: int = 3, tables: object = None) -> Built:
    reach = volumes(VolumeRequest(), EFFECTS.need("margin"), years)
    return customer_value_line(request, REQUEST, EFFECTS, reach, "EUR", tables)  # type: ignore[arg-type]


def amounts(built: Built) -> list[float]:
    base = {one.name: one.base for one in built.quantities}
    return [float(one.value(base)) for one in built.lines[0].by_year]


def counted(kept: float, months: int, years: int, start: int) -> list[float]:
    """100 contacts a month; month 3 + m after the contact is worth 10 / 3 × kept^m (or m − 1)."""
    found = [0.0] * years
    for year in range(years):
        for begun in range(12):
            for place in range(months):
                falls = year + (begun + 4 + place) // 12
                if falls < years:
                    found[falls] += 100 * 10 / 3 * kept ** (place + start)
    return found


@pytest.mark.parametrize(("form", "start"), [("if_renewed", 1), ("due_now", 0), ("in_arrears", 0)])
def test_against_counting_each_month(form: str, start: int) -> None:
    built = built_of(CustomerValueRequest(months=9, retention=S(0.9), form=form))  # type: ignore[arg-type]
    assert amounts(built) == pytest.approx([0.0, *counted(0.9, 9, 3, start)])


def test_a_decay_is_a_retention_told_the_other_way_round() -> None:
    said = {"source": "team", "dated": "2026-01-01"}
    by_decay = built_of(CustomerValueRequest(months=9, decay=Stated(value=0.1, low=0.05, high=0.3, **said)))
    by_staying = built_of(CustomerValueRequest(months=9, retention=Stated(value=0.9, low=0.7, high=0.95, **said)))
    assert amounts(by_decay) == pytest.approx(amounts(by_staying))
    kept = [next(one for one in built.quantities if one.name == KEPT) for built in (by_decay, by_staying)]
    assert kept[0].spread.ends == pytest.approx(kept[1].spread.ends)


def test_more_months_never_make_it_less_and_the_end_of_the_case_cuts_it_off() -> None:
    totals = [
        sum(amounts(built_of(CustomerValueRequest(months=months, retention=S(1.0)), 2))) for months in range(1, 37)
    ]
    assert totals == sorted(totals)
    assert totals[-1] == totals[-10]  # months past the second year fall outside the case
    assert totals[-1] < 36 * 2 * 1200 * 10 / 3


def test_it_is_an_assumption_however_it_was_come_by(tmp_path) -> None:
    with opened(tmp_path, company()) as tables:
        built = built_of(CustomerValueRequest(months=6), tables=tables)
        contacts = months_after_contact(tables, EFFECTS.need("margin"), "UTC", 0, 0)
        found = staying_of_contacted(tables, contacts, "UTC")
    kept = next(one for one in built.quantities if one.name == KEPT)
    assert (kept.origin, kept.spread) == ("measured", Normal(found.share, found.se))
    assert built.lines[0].grade == "E"
    assert "nobody has studied them" in built.lines[0].note


def test_it_shares_the_margin_of_the_contact_with_repurchase() -> None:
    """One input, so that both lines move together in every draw."""
    names = {one.name for one in built_of(CustomerValueRequest(months=6, retention=S(0.9))).quantities}
    assert "repurchase_margin_per_contact" in names


def test_bad_input() -> None:
    with pytest.raises(ValueError, match=r"`roi.customer_value.months` lies from 1 to 36"):
        CustomerValueRequest(months=37)
    with pytest.raises(ValueError, match="not both"):
        CustomerValueRequest(months=6, retention=S(0.9), decay=S(0.1))
    with pytest.raises(DesignError, match=r"neither `roi.customer_value.retention` nor `decay` is stated"):
        built_of(CustomerValueRequest(months=6))
