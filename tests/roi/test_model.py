"""From a measured effect to money: by hand, by a second road, by the published case, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.foundation.errors import DesignError
from analysis.roi.assumptions import CostLine, RoiAssumptions, cost_lines
from analysis.roi.model import payback, roi_case

MARGIN = {
    "design": "before_after",
    "estimand": "channel_effect",
    "outcome": "margin",
    "scale": "difference",
    "segment": {},
    "value": 10.0,
    "se": 2.0,
    "unit": "EUR per customer",
    "n_treated": 2400,
    "index_from": "2024-01",
    "index_to": "2025-12",
    "maturity": "mature",
    "declared": True,
    "grade": "C",
}
COSTS = (CostLine(line="agents", per_year=6000.0), CostLine(line="implementation", initial=5000.0))


def assumptions(**changes) -> RoiAssumptions:
    return RoiAssumptions(**({"currency": "EUR", "cost_lines": COSTS, "seed": 3} | changes))


def case(**changes):
    return roi_case(assumptions(**changes), [MARGIN], tables=None)  # type: ignore[arg-type]


def test_by_hand() -> None:
    """2,400 contacts in 24 months are 1,200 a year; 1,200 × 10 − 6,000 = 6,000 a year; three years at 10 % are worth
    6,000 × 2.48685 = 14,921.1, less 5,000 at the start: 9,921.1. Payback 5,000 / 500 a month = 10 months."""
    found = case()
    assert found.benefits[0].contacts_per_year == 1200
    assert found.npv.p50 == pytest.approx(9921.1, abs=60)  # the median of 100,000 draws: its error is about 24
    assert found.payback_months.p50 == pytest.approx(10, abs=0.1)
    assert found.npv_share_by_grade == {"A": 0, "B": 0, "C": 1, "D": 0, "E": 0}


def test_a_second_road_the_closed_form() -> None:
    """The gain is normal and everything else linear, so that the value is normal too."""
    annuity = sum(1.1**-year for year in (1, 2, 3))
    mean, spread = 1200 * 10 * annuity - 5000 - 6000 * annuity, 1200 * 2 * annuity
    found = case(draws=400_000)
    for ours, share in ((found.npv.p5, 0.05), (found.npv.p50, 0.5), (found.npv.p95, 0.95)):
        assert ours == pytest.approx(stats.norm.ppf(share, mean, spread), abs=0.01 * spread)
    assert found.probability_npv_positive == pytest.approx(stats.norm.sf(0, mean, spread), abs=0.003)


def test_the_published_payback() -> None:
    """Salesloft (Forrester TEI): 53,150 at the start, 1,606,511 − 666,715 in year 1: 0.68 months, linear."""
    assert payback(53_150, np.array([1_606_511 - 666_715.0]), 3)[0] == pytest.approx(0.68, abs=0.005)


def test_the_same_seed_gives_the_same_digits_and_another_seed_others() -> None:
    assert case().to_parts() == case().to_parts()
    assert case(seed=4).npv != case().npv


def test_without_discount_years_add_up() -> None:
    found = case(discount_rate=0.0, draws=1000)
    assert found.draws.mean() == pytest.approx(3 * (found.yearly["benefits"][1] - 6000) - 5000, rel=0.1)


def test_a_case_that_never_pays_back_says_so() -> None:
    found = case(cost_lines=(CostLine(line="agents", per_year=60_000.0),))
    assert found.payback_months.p50 is None
    assert found.probability_npv_positive == 0
    assert found.npv.p95 < 0


def test_the_low_case_is_never_above_the_high_one() -> None:
    found = case()
    for line in (found.npv, found.roi):
        assert line.p5 <= line.p50 <= line.p95
    assert (found.yearly["net_low"] <= found.yearly["net"]).all()


def test_a_study_that_claims_nothing_has_nothing_to_value() -> None:
    refused = MARGIN | {"value": None, "reason": "too few customers"}
    with pytest.raises(DesignError, match="too few customers"):
        roi_case(assumptions(), [refused], tables=None)  # type: ignore[arg-type]


def test_no_study_no_case() -> None:
    with pytest.raises(DesignError, match="No study measured the margin"):
        roi_case(assumptions(), [], tables=None)  # type: ignore[arg-type]


def test_another_currency_is_refused() -> None:
    with pytest.raises(DesignError, match="in EUR, the case in USD"):
        case(currency="USD")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"years": 0}, "1 to 20 years, not 0"),
        ({"discount_rate": 1.0}, "from 0 up to 1, not 1.0"),
        ({"draws": 10}, "from 10 draws"),
        ({"contacts_per_year": 0.0}, "above zero"),
    ],
)
def test_assumptions_outside_their_range_are_refused(wrong, said) -> None:
    with pytest.raises(ValueError, match=said):
        assumptions(**wrong)


def test_costs_from_the_table(tmp_path) -> None:
    """Implementation in full at the start; agents at the mean of the last twelve of 18 months: 12 × 200."""
    from analysis.tables.load import Source, open_tables, prepare

    months = pd.date_range("2025-01-01", periods=18, freq="MS").strftime("%Y-%m-%d")
    rows = [("agents", month, 100 if place < 6 else 200) for place, month in enumerate(months)]
    rows += [("implementation", months[0], 700), ("implementation", months[1], 300)]
    frame = pd.DataFrame(rows, columns=["line", "month", "amount"]).assign(currency="EUR")
    frame.assign(cost_id=range(len(frame))).to_csv(tmp_path / "costs.csv", index=False)
    with open_tables(prepare([Source(tmp_path / "costs.csv")], cache=tmp_path / "cache", zone="UTC")) as tables:
        found = {line.line: (line.initial, line.per_year) for line in cost_lines(assumptions(cost_lines=None), tables)}
        with pytest.raises(DesignError, match="`costs` are in EUR, the case in USD"):
            cost_lines(assumptions(cost_lines=None, currency="USD"), tables)
    assert found == {"agents": (0, 2400), "implementation": (1000, 0)}


def test_costs_count_in_their_month_whatever_the_day(tmp_path) -> None:
    """Agents on the 1st and tools on the 28th, every month of a year; a line booked by quarter counts in full."""
    from analysis.tables.load import Source, open_tables, prepare

    rows = [("agents", f"2025-{month:02d}-01", 1000) for month in range(1, 13)]
    rows += [("tools", f"2025-{month:02d}-28", 500) for month in range(1, 13)]
    rows += [("training", f"2025-{month:02d}-15", 3000) for month in (2, 5, 8, 11)]
    frame = pd.DataFrame(rows, columns=["line", "month", "amount"]).assign(currency="EUR")
    frame.assign(cost_id=range(len(frame))).to_csv(tmp_path / "costs.csv", index=False)
    with open_tables(prepare([Source(tmp_path / "costs.csv")], cache=tmp_path / "cache", zone="UTC")) as tables:
        found = {line.line: line.per_year for line in cost_lines(assumptions(cost_lines=None), tables)}
    assert found == {"agents": 12_000, "tools": 6_000, "training": 12_000}


def test_a_line_of_credits_is_refused_by_name(tmp_path) -> None:
    from analysis.tables.load import Source, open_tables, prepare

    (tmp_path / "costs.csv").write_text("cost_id,month,line,amount,currency\n1,2025-01-01,goodwill,-5,EUR\n")
    with (
        open_tables(prepare([Source(tmp_path / "costs.csv")], cache=tmp_path / "cache", zone="UTC")) as tables,
        pytest.raises(DesignError, match="`goodwill` adds up to less than nothing"),
    ):
        cost_lines(assumptions(cost_lines=None), tables)


def test_an_interim_finding_and_an_estimator_of_ones_own_are_no_money() -> None:
    others = [{**MARGIN, "maturity": "interim", "value": 99.0}, {**MARGIN, "declared": False, "value": -99.0}]
    found = roi_case(assumptions(), [*others, MARGIN], tables=None)  # type: ignore[arg-type]
    assert found.benefits[0].gain_per_contact == 10
    with pytest.raises(DesignError, match="No study measured the margin"):
        roi_case(assumptions(), others, tables=None)  # type: ignore[arg-type]
