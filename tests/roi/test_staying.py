"""Paying months by year: by hand, against a slow simulation, and as the workbook writes it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.roi.formula import Input, Number
from analysis.roi.staying import months_kept, polynomial


def test_by_hand() -> None:
    """A save a month; each pays in the two months after it, the second time with 0.5. Of year 1, January to October pay
    both times in it, November's once fully, half in year 2; December's 1.5 all in year 2: 10 × 1.5 + 1 = 16."""
    first, second, third = months_kept([Input("saves")] * 3, Input("kept"), first_month=1, months=2, start=0)
    at = {"saves": 12.0, "kept": 0.5}
    assert first.value(at) == pytest.approx(16.0)
    assert second.value(at) == third.value(at) == pytest.approx(18.0)


@given(
    volumes=st.lists(st.floats(0, 1e4), min_size=1, max_size=4),
    kept=st.floats(0, 1),
    first=st.integers(0, 14),
    months=st.integers(1, 36),
    start=st.integers(0, 1),
)
def test_against_counting_each_cohort(volumes: list[float], kept: float, first: int, months: int, start: int) -> None:
    counted = [0.0] * len(volumes)
    for year, volume in enumerate(volumes):
        for begun in range(12):
            for place in range(months):
                falls = year + (begun + first + place) // 12
                if falls < len(volumes):
                    counted[falls] += volume / 12 * kept ** (place + start)
    names = [Input(f"volume_{year}") for year in range(len(volumes))]
    at = {"kept": kept} | {f"volume_{year}": volume for year, volume in enumerate(volumes)}
    found = months_kept(names, Input("kept"), first_month=first, months=months, start=start)
    assert [one.value(at) for one in found] == pytest.approx(counted, rel=1e-9, abs=1e-6)


def test_a_long_formula_fits_into_a_cell() -> None:
    """A cell of a workbook holds 8,192 characters."""
    names = [Input(f"contacts_in_year_{year}") for year in range(5)]
    found = months_kept(names, Input("customer_value_kept_per_month"), first_month=7, months=36, start=1)
    cells = {name: name for one in found for name in one.inputs}
    assert max(len(one.excel(cells)) for one in found) < 8_000


def test_a_polynomial() -> None:
    assert polynomial(Input("kept"), [3, 0, 2, 0]).value({"kept": 2.0}) == 11
    assert polynomial(Input("kept"), [0, 0]) == Number(0.0)


@pytest.mark.parametrize("months", [0, 37])
def test_months_outside_their_range(months: int) -> None:
    with pytest.raises(ValueError, match="From 1 to 36 months"):
        months_kept([Number(1.0)], Input("kept"), first_month=1, months=months, start=0)
