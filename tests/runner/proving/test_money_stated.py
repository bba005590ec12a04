"""What is assumed of made-up companies, and their true worth: by hand, and against the case's own way of drawing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.runner.proving.money_stated import (
    ASSUMED,
    RATE,
    YEARS,
    Assumed,
    Worth,
    assumed_of,
    known,
    ranged,
    request_of,
    true_npv,
)

ANNUITY = sum((1 + RATE) ** -year for year in range(1, YEARS + 1))
WORTH = Worth(contacts=1_000, margin=5.0, issues=-0.1, issues_cost=-0.7, index_cost=-3.5, customers=10_000)


def values(**changed: float) -> dict[str, float]:
    """No assumption worth anything, but those that are named."""
    nothing = dict.fromkeys([*ASSUMED, "exposures", "content", "agents", "tools", "tools_initial"], 0.0)
    return nothing | dict.fromkeys(("uptake_1", "uptake_2", "uptake_3"), 1.0) | changed


def test_each_part_of_the_worth_by_hand() -> None:
    """1,000 contacts a year, 5 EUR each; 0.1 issues of 7 EUR, half cashed; 3.50 EUR shifted, a fifth cashed; 100 seen,
    0.5 x 0.4 x (0.6 - 0.1) = 0.1 fewer contacts of 10 EUR, half cashed, of which a tenth is held elsewhere."""
    assert true_npv(WORTH, values()) == pytest.approx(5_000 * ANNUITY)
    assert true_npv(WORTH, values(cost_per_issue=7.0, issues_cashable=0.5)) == pytest.approx(5_350 * ANNUITY)
    assert true_npv(WORTH, values(shift_cashable=0.2)) == pytest.approx(5_700 * ANNUITY)
    seen = values(
        exposures=100.0, intent=0.5, resolved=0.4, contact_without=0.6, contact_with=0.1, deflected_cost=10.0,
        deflected_cashable=0.5, deflected_held=0.1,
    )  # fmt: skip
    assert true_npv(WORTH, seen) == pytest.approx((5_000 + 45) * ANNUITY)
    spent = values(extra_contacts=0.5, social_cost=4.0, agents=1_000.0, tools=200.0, content=30.0, tools_initial=99.0)
    assert true_npv(WORTH, spent) == pytest.approx((5_000 - 2_000 - 1_230) * ANNUITY - 99)
    ramp = 0.5 / 1.1 + 0.75 / 1.21 + 1 / 1.331
    assert true_npv(WORTH, values(uptake_1=0.5, uptake_2=0.75)) == pytest.approx(5_000 * ramp)


def test_a_loss_counts_whole() -> None:
    """0.1 issues more of 7 EUR, and a contact 3.50 EUR dearer: no share is taken of either."""
    harmed = replace(WORTH, issues=0.1, index_cost=3.5)
    at = values(cost_per_issue=7.0, issues_cashable=0.5, shift_cashable=0.2)
    assert true_npv(harmed, at) == pytest.approx((5_000 - 700 - 3_500) * ANNUITY)


@pytest.mark.parametrize(
    "assumed",
    [
        Assumed(value=6.3, low=4.5, high=9.0),
        Assumed(value=0.0, low=0.0, high=2.0),
        Assumed(value=0.5, low=0.2, high=0.9, shape="pert"),
        Assumed(value=3.6, sd=0.3),
    ],
)
def test_true_values_come_from_the_very_range_that_is_stated(assumed) -> None:
    """4,000 draws by numpy against the case's spread: even shares, by Kolmogorov and Smirnov."""
    rng = np.random.default_rng(5)
    drawn = np.array([assumed.drawn(rng) for _ in range(4_000)])
    grid = assumed.ranged.spread.drawn(np.linspace(0.0005, 0.9995, 1_000))
    shares = np.interp(drawn, grid, np.linspace(0.0005, 0.9995, 1_000))
    assert stats.kstest(shares, "uniform").pvalue > 0.01


def test_what_has_no_range_is_what_it_is() -> None:
    one = Assumed(value=0.85)
    assert one.drawn(np.random.default_rng(1)) == 0.85
    assert one.ranged.certain


def test_agents_cost_so_much_that_the_case_may_be_worth_more_or_less_than_nothing() -> None:
    """Over 400 lots the worth is even within a swing of 10 EUR a contact and year, twice that in a small company."""
    for customers, swing in ((40_000, 10.0), (10_000, 20.0)):
        worth = replace(WORTH, customers=customers, margin=30.0)
        rng = np.random.default_rng(3)
        found = []
        for _ in range(400):
            assumed = assumed_of(worth, rng)
            found.append(true_npv(worth, {name: one.value for name, one in assumed.items()}))
        share = np.array(found) / (swing * worth.contacts * ANNUITY)
        assert stats.kstest(share, "uniform", args=(-1, 2)).pvalue > 0.01


def test_an_issue_costs_what_the_company_says_where_there_are_fewer() -> None:
    assert WORTH.cost_per_issue == pytest.approx(7.0)
    assert replace(WORTH, issues=0.0, issues_cost=0.0).cost_per_issue == ASSUMED["cost_per_issue"].value


def test_the_request_states_all_of_it() -> None:
    """Every assumption reaches the request: as a number, or with its range."""
    assumed = assumed_of(WORTH, np.random.default_rng(1))
    at = {name: one.value for name, one in assumed.items()}
    told = request_of(known(assumed, at), 7)
    with_ranges = request_of(ranged(assumed), 7)
    assert told.seed == with_ranges.seed == 7
    for name, one in assumed.items():
        assert ranged(assumed)[name].value == at[name] == known(assumed, at)[name].value
        number = repr(one.value)
        assert number in repr(told), name
        if one.sd is not None:
            assert repr(one.sd) in repr(with_ranges), name
        if one.low is not None:
            assert f"low={one.low!r}, high={one.high!r}, shape={one.shape!r}" in repr(with_ranges), name
