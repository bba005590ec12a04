"""Customers kept who wanted to leave: published figures, by hand, by a slow count, and what must be stated."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.errors import DesignError
from analysis.roi.built import Built
from analysis.roi.lines.cancel_save import CancelSaveRequest, cancel_save_line, save_rate, value_per_attempt
from analysis.roi.rates import Rates
from analysis.roi.stated import Stated
from tests.roi.small_tables import company, opened

S = Stated.of
EURO = Rates("EUR")
STATED = {
    "baseline_save_rate": S(0.15),
    "attempts_per_year": S(1200.0),
    "save_rate": S(0.45),
    "monthly_margin": S(33.0),
    "staying": S(1.0),
}


def line_of(years: int = 2, **changes: object) -> Built:
    return cancel_save_line(CancelSaveRequest(**(STATED | changes)), None, EURO, years)


def amounts(built: Built) -> list[float]:
    base = {one.name: one.base for one in built.quantities}
    return [float(one.value(base)) for one in built.lines[0].by_year]


def test_the_published_save_rate() -> None:
    """Churnkey: (50 + 50 + 90) / (400 − 10) = 48.72 %."""
    assert round(100 * save_rate([50, 50, 90], 400, 10), 2) == 48.72


def test_the_published_save_offer() -> None:
    """.30 × 396 − .45 × 75 = 85.05; less agent 5 = 80.05."""
    assert value_per_attempt(0.45, 0.15, 396, offers=0.45, offer_cost=75) == pytest.approx(85.05)
    assert value_per_attempt(0.45, 0.15, 396, offers=0.45, offer_cost=75, handling=5) == pytest.approx(80.05)


def test_the_line_comes_to_the_published_offer() -> None:
    """Twelve months of 33.00, nobody leaving: 396 a save. Those of a year pay Σ 11, 10, …, 0 of their 12 months in it,
    66 of 144, and the rest in the next: over two years of saves and one more, 85.05 × 1,200 a year's saves, twice."""
    offers = {"offer_rate": S(0.45), "offer_cost": S(75.0)}
    start, first, second, third = amounts(line_of(3, **offers))
    saved, spent = 1200 * 0.30 * 396, 1200 * 0.45 * 75
    assert start == 0
    assert first == pytest.approx(saved * 66 / 144 - spent)
    assert second == third == pytest.approx(1200 * 85.05)
    with_handling = amounts(line_of(3, handling_cost=S(5.0), **offers))
    assert with_handling[2] == pytest.approx(1200 * 80.05)


@given(
    rate=st.floats(0, 1),
    baseline=st.floats(0, 1),
    staying=st.floats(0, 1),
    months=st.integers(1, 36),
    handling=st.floats(0, 20),
)
def test_against_counting_each_month(
    rate: float, baseline: float, staying: float, months: int, handling: float
) -> None:
    counted = [-1200 * handling] * 3
    for year in range(3):
        for begun in range(12):
            for after in range(1, months + 1):
                falls = year + (begun + after) // 12
                if falls < 3:
                    counted[falls] += 100 * (rate - baseline) * 33 * staying ** (after - 1)
    built = line_of(
        3,
        save_rate=S(rate),
        baseline_save_rate=S(baseline),
        staying=S(staying),
        months=months,
        handling_cost=S(handling),
    )
    assert amounts(built)[1:] == pytest.approx(counted, rel=1e-9, abs=1e-6)


def test_a_save_rate_below_the_baseline_is_a_loss() -> None:
    """Talking to people who would have stayed can make them leave."""
    assert amounts(line_of(save_rate=S(0.10)))[1] < 0


def test_what_the_line_says_of_itself() -> None:
    built = line_of()
    (line,) = built.lines
    assert (line.grade, line.account, line.kind) == ("E", "subscription_margin", "margin")
    assert "nobody compared" in line.note
    baseline = next(one for one in built.quantities if one.name == "cancel_baseline_save_rate")
    assert baseline.grade == "E"


def test_all_that_is_missing_is_told_at_once() -> None:
    with pytest.raises(DesignError) as told:
        cancel_save_line(CancelSaveRequest(), None, EURO, 2)
    for name in ("baseline_save_rate", "attempts_per_year", "save_rate", "monthly_margin", "staying"):
        assert f"`roi.cancel_save.{name}`" in str(told.value)


def test_counted_where_it_is_not_stated(tmp_path) -> None:
    """The counts are those of `saves` and `leaving`; the baseline alone must be stated."""
    with opened(tmp_path, company()) as tables:
        built = cancel_save_line(CancelSaveRequest(baseline_save_rate=S(0.5)), tables, EURO, 2)
        with pytest.raises(DesignError, match="told by no table"):
            cancel_save_line(CancelSaveRequest(), tables, EURO, 2)
    origins = {one.name: one.origin for one in built.quantities}
    for name in ("cancel_attempts_per_year", "cancel_save_rate", "cancel_monthly_margin", "cancel_staying"):
        assert origins[name] == "measured"
    (claim,) = built.claims
    assert claim.months is not None
    assert len(claim.gross) == 3


def test_too_few_to_be_measured(tmp_path) -> None:
    frames = company(20)
    frames["mentions"] = frames["mentions"].dropna(subset="customer_id")
    few = frames["mentions"].query("sales_flag == 'cancel_save'").head(6)
    other = frames["mentions"].query("sales_flag == 'new_sale'")
    frames["mentions"] = pd.concat([few, other]).sort_values("posted_at")
    with (
        opened(tmp_path, frames) as tables,
        pytest.raises(DesignError, match=r"`roi.cancel_save.save_rate` is not stated, and only \d"),
    ):
        cancel_save_line(CancelSaveRequest(baseline_save_rate=S(0.5)), tables, EURO, 2)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"months": 0}, "`roi.cancel_save.months` lies from 1 to 36"),
        ({"survival_days": 0}, "`roi.cancel_save.survival_days`"),
        ({"baseline_save_rate": S(1.2)}, "`roi.cancel_save.baseline_save_rate` lies from 0 to 1"),
        ({"offer_cost": S(-1.0)}, "`roi.cancel_save.offer_cost` is 0 or more"),
    ],
)
def test_outside_its_range(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CancelSaveRequest(**wrong)


def test_a_save_rate_of_nobody() -> None:
    with pytest.raises(ValueError, match="is no share"):
        save_rate([1], 10, 10)
    with pytest.raises(ValueError, match="is no share"):
        save_rate([11], 10)
