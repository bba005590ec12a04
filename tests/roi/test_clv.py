"""What a customer is worth: the three published forms, the sum cut off, and in which years the months fall."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.roi.clv import FORMS, Form, customer_value, spread_over_years

RATES = st.floats(0.0, 0.99)


def test_the_three_published_forms() -> None:
    """Margin 100, retention 0.8, discount 0.1: m(1+d)/(1+d−r), mr/(1+d−r), m/(1+d−r)."""
    assert [round(customer_value(100, 0.8, 0.1, form), 2) for form in FORMS] == [366.67, 266.67, 333.33]


@given(retention=RATES, discount=st.floats(0.0, 0.5), periods=st.integers(0, 60), form=st.sampled_from(FORMS))
def test_the_sum_cut_off_is_the_sum_of_its_payments(
    retention: float, discount: float, periods: int, form: Form
) -> None:
    """Payment by payment: `due_now` at 0, 1, …; the others a period later; only `if_renewed` loses some before it."""
    later = 0 if form == "due_now" else 1
    stayed = 1 if form == "if_renewed" else 0
    paid = sum(100 * retention ** (k + stayed) / (1 + discount) ** (k + later) for k in range(periods))
    assert customer_value(100, retention, discount, form, periods) == pytest.approx(paid, rel=1e-9, abs=1e-9)


@given(retention=st.floats(0, 0.95), discount=st.floats(0.01, 0.5), form=st.sampled_from(FORMS))
def test_cut_off_late_enough_it_is_the_endless_sum(retention: float, discount: float, form: Form) -> None:
    whole = customer_value(100, retention, discount, form)
    assert customer_value(100, retention, discount, form, 2000) == pytest.approx(whole, rel=1e-6)
    assert customer_value(100, retention, discount, form, 12) <= whole * (1 + 1e-12)


def test_everybody_stays_and_nothing_is_discounted() -> None:
    assert customer_value(10, 1.0, 0.0, "due_now", 5) == 50
    with pytest.raises(ValueError, match="no end"):
        customer_value(10, 1.0, 0.0)


@pytest.mark.parametrize(
    ("retention", "discount", "periods"), [(1.1, 0.1, None), (-0.1, 0.1, None), (0.5, -0.1, None), (0.5, 0.1, -1)]
)
def test_rates_outside_their_range(retention: float, discount: float, periods: int | None) -> None:
    with pytest.raises(ValueError, match=r"lies between|0 or more"):
        customer_value(1, retention, discount, periods=periods)


@given(first=st.integers(0, 30), months=st.integers(1, 36), years=st.integers(1, 8))
def test_months_fall_in_years_as_counted_one_by_one(first: int, months: int, years: int) -> None:
    counted = np.zeros((years, months))
    for begun in range(12):
        for place in range(months):
            year = (begun + first + place) // 12
            if year < years:
                counted[year, place] += 1 / 12
    assert np.allclose(spread_over_years(first, months, years), counted)


def test_months_before_the_contact_are_refused() -> None:
    with pytest.raises(ValueError, match="counted from 0"):
        spread_over_years(-1, 3, 2)
