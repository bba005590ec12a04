"""The table a finance director knows: the published case to the dollar, and what ranges and grades take off it."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.spread import Normal, Pert, Triangular
from analysis.roi.tei import base_case, risk_adjusted
from tests.roi.small_case import benefit, cost, found, model, stated

PUBLISHED = model(
    (),
    cost("programme", 53_150, 666_715, 636_772, 647_783),
    benefit("gains", 0, 1_606_511, 3_061_331, 4_229_760),
    currency="USD",
)


def test_the_published_case_to_the_dollar() -> None:
    """A published Forrester study (Salesloft): present values, NPV, 329 % and a payback under six months."""
    table = base_case(PUBLISHED)
    assert round(table.costs.present_value) == 1_672_201
    assert round(table.benefits.present_value) == 7_168_371
    assert round(table.npv) == 5_496_170
    assert table.costs.total == 2_004_420
    assert table.benefits.total == 8_897_602
    assert table.roi == pytest.approx(3.287, abs=0.0005)
    assert table.payback_months == pytest.approx(0.68, abs=0.005)
    assert table.net.by_year == (-53_150, 939_796, 2_424_559, 3_581_977)


def test_without_ranges_and_haircuts_adjustment_changes_nothing() -> None:
    before, after = base_case(PUBLISHED).to_dict(), risk_adjusted(PUBLISHED).to_dict()
    assert before | {"adjusted": True} == after


def test_adjustment_by_hand() -> None:
    """Benefit 100 a contact in 60..110: 90, grade E cut by half: 45. Cost 10 in 8..18: mean 12. Tools 10 in 2..12 have
    a mean of 8, and costs never fall: 10."""
    case = model(
        (
            stated("gain", Triangular(60, 100, 110)),
            stated("agents", Triangular(8, 10, 18)),
            stated("tools", Triangular(2, 10, 12)),
        ),
        benefit("sales", 0, stated("gain", 1).input, grade="E"),
        cost("agents", 0, stated("agents", 1).input),
        cost("tools", 0, stated("tools", 1).input),
        discount_rate=0,
        haircuts={"E": 0.5},
    )
    assert base_case(case).npv == 80
    table = risk_adjusted(case)
    assert [row.present_value for row in table.rows] == [45, 12, 10]
    assert [row.kept for row in table.rows] == [0.45, 1.2, 1]
    assert table.npv == 23


def test_a_range_that_leans_upwards_raises_no_benefit() -> None:
    case = model((stated("gain", Pert(90, 100, 400)),), benefit("sales", 0, stated("gain", 1).input), discount_rate=0)
    assert risk_adjusted(case).npv == 100


def test_the_factors_of_a_product_multiply() -> None:
    gain, contacts = stated("gain", Triangular(60, 100, 110)), stated("contacts", Triangular(500, 1000, 1200))
    case = model((gain, contacts), benefit("sales", 0, gain.input * contacts.input), discount_rate=0)
    assert risk_adjusted(case).row("sales").kept == pytest.approx(gain.risk_factor * contacts.risk_factor)


def test_harm_is_not_cut() -> None:
    harm = found("gain", Normal(-10, 2))
    case = model((harm,), benefit("sales", 0, harm.input * 100), discount_rate=0, haircuts={"C": 0.25})
    assert risk_adjusted(case).npv == -1000


def test_a_year_of_harm_is_not_set_off_against_the_haircut_of_another() -> None:
    case = model((), benefit("sales", 0, 100, -100), discount_rate=0, haircuts={"C": 0.5})
    assert risk_adjusted(case).row("sales").by_year == (0, 50, -100)


def test_lines_that_do_not_count_are_shown_beside() -> None:
    case = model((), benefit("sales", 0, 110), benefit("time", 0, 50, kind="capacity", counted=False))
    table = base_case(case)
    assert table.npv == pytest.approx(100)
    assert table.row("time").by_year == (0, 50)
    assert not table.row("time").counted
    assert len(table.rows) == 2


def test_without_costs_there_is_no_return_on_them() -> None:
    table = base_case(model((), benefit("sales", 0, 110)))
    assert (table.roi, table.payback_months) == (None, 0)


def test_what_is_never_paid_back_says_so() -> None:
    assert base_case(model((), cost("agents", 10, 1), benefit("sales", 0, 5))).payback_months is None


def test_the_frame_has_a_row_a_line_and_the_sums() -> None:
    frame = base_case(PUBLISHED).to_frame()
    assert frame["id"].tolist() == ["programme", "gains", "costs", "benefits", "net"]
    assert frame.columns.tolist()[4:] == ["initial", "year_1", "year_2", "year_3", "total", "present_value"]
    assert frame["year_2"].tolist()[-1] == 3_061_331 - 636_772


def test_an_amount_that_overflows_names_its_line() -> None:
    case = model((stated("gain", 1e300),), benefit("sales", 0, stated("gain", 1).input * 1e300))
    with pytest.raises(DesignError, match="Line `sales` does not come to a finite amount"):
        base_case(case)
