"""The shop's closed forms, held against half a million of its customers and against one another."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.synthetic.experiments.shop import NOW, Period, shop_customers, standard_error, true_effects

EFFECT = Period(sessions=1.05, likelier=1.10)
N = 500_000


@pytest.fixture(scope="module")
def customers() -> dict[str, np.ndarray]:
    return shop_customers(N, np.ones(N, dtype=bool), EFFECT, np.random.default_rng(7))


def near(found: np.ndarray, expected: float) -> bool:
    """Whether a mean lies within five of its standard errors of what it should be."""
    return abs(found.mean() - expected) < 5 * found.std() / math.sqrt(len(found))


@pytest.mark.parametrize("measure", ["bought", "sessions", "orders", "spend"])
def test_means_and_mean_products_are_those_of_many_customers(customers, measure) -> None:
    now, before = (customers[f"{measure}{when}"].astype(float) for when in ("", "_before"))
    assert near(now, EFFECT.mean(measure))
    assert near(before, NOW.mean(measure))
    assert near(now * now, EFFECT.product(measure, measure))
    assert near(now * before, EFFECT.with_earlier(measure, measure, NOW))


def test_orders_and_sessions_go_together_as_the_closed_form_says(customers) -> None:
    orders, sessions = customers["orders"], customers["sessions"]
    assert near(orders * sessions, EFFECT.product("orders", "sessions"))
    assert near(orders * customers["sessions_before"], EFFECT.with_earlier("orders", "sessions", NOW))
    assert near(sessions * customers["orders_before"], EFFECT.with_earlier("sessions", "orders", NOW))


def test_the_quantile_of_spend_is_exceeded_by_as_many_as_it_says(customers) -> None:
    for quantile in (0.7, 0.9, 0.99):
        assert near((customers["spend"] <= EFFECT.quantile_of_spend(quantile)).astype(float), quantile)
    assert NOW.quantile_of_spend(0.3) == 0.0, "more than half buy nothing"


def test_the_shape_is_that_of_real_outcomes(customers) -> None:
    """Most buy nothing, some spend twenty times the mean, and the period before tells of the one after."""
    spend = customers["spend"]
    assert 0.5 < (spend == 0).mean() < 0.8
    assert spend.max() > 20 * spend.mean()
    assert 0.4 < np.corrcoef(spend, customers["spend_before"])[0, 1] < 0.7
    assert all(column.dtype == np.int64 for column in customers.values())


def test_effects_follow_from_means() -> None:
    """By hand: likelier orders multiply orders by 1.1, more sessions their number from 5 to 5.2."""
    truth = true_effects(EFFECT)
    assert truth["orders_ratio"] == pytest.approx(1.1 * 5.2 / 5)
    assert truth["orders_difference"] == pytest.approx(0.1325 * (1.1 * 5.2 - 5))
    assert truth["orders_per_session_ratio"] == pytest.approx(1.1)
    assert truth["sessions_difference"] == pytest.approx(0.2)
    assert set(true_effects(NOW).values()) == {0.0, 1.0}


def test_the_planted_error_is_the_textbook_one_and_adjusting_takes_the_correlation_out() -> None:
    """Var(orders) is E[o²] − E[o]², by the arms' sizes; adjusted by 1 − ρ²."""
    variance = NOW.product("orders", "orders") - NOW.mean("orders") ** 2
    plain = standard_error("orders_difference", NOW, 4_000, 16_000)
    assert plain == pytest.approx(math.sqrt(variance / 4_000 + variance / 16_000))
    rho = (NOW.with_earlier("orders", "orders", NOW) - NOW.mean("orders") ** 2) / variance
    adjusted = standard_error("orders_difference:cuped", NOW, 4_000, 16_000)
    assert adjusted == pytest.approx(plain * math.sqrt(1 - rho**2))
    relative = standard_error("orders_ratio", NOW, 4_000, 16_000)
    assert relative == pytest.approx(plain / NOW.mean("orders"))
    with pytest.raises(KeyError, match="no closed form"):
        standard_error("spend_difference:quantile", NOW, 10, 10)
