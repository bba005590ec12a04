"""Assumptions of the parameters: a number, a range, a bell; what is half given is refused."""

from __future__ import annotations

import pytest

from analysis.roi.spread import Fixed, Normal, Pert, Triangular
from analysis.roi.stated import Stated, amount, share

SAID = {"source": "controlling", "dated": "2026-05-01"}


def test_each_kind_of_spread() -> None:
    assert Stated.of(3.0).spread == Fixed(3.0)
    assert Stated(value=100, low=60, high=110, **SAID).spread == Triangular(60, 100, 110)
    assert Stated(value=100, low=60, high=110, shape="pert", **SAID).spread == Pert(60, 100, 110)
    assert Stated(value=100, sd=5, **SAID).spread == Normal(100, 5)


def test_the_published_triangular() -> None:
    """60, 100, 110: mean 90, risk factor 10 %."""
    quantity = Stated(value=100, low=60, high=110, **SAID).quantity("gain", "Gain", "EUR")
    assert (quantity.mean, round(1 - quantity.risk_factor, 12)) == (90, 0.1)
    assert (quantity.source, quantity.dated, quantity.origin) == ("controlling", "2026-05-01", "stated")


def test_another_unit_scales_the_whole_range() -> None:
    one = Stated(value=100, low=60, high=110, **SAID)
    assert one.times(0.5).spread == Triangular(30, 50, 55)
    assert one.quantity("gain", "Gain", "EUR", factor=0.5, converted=", 0.5 EUR per USD").spread == Triangular(
        30, 50, 55
    )


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"value": 1, "low": 0}, "both a `low` and a `high`"),
        ({"value": 1, "low": 0, "high": 2, "sd": 1, **SAID}, "not both"),
        ({"value": 1, "low": 0, "high": 2}, "needs its `source`"),
        ({"value": 1, "sd": 1, "source": "x"}, "needs its `source`"),
        ({"value": 1, "dated": "May"}, "a day such as"),
        ({"value": float("nan")}, "finite"),
        ({"value": 3, "low": 0, "high": 2, **SAID}, "most likely value"),
    ],
)
def test_half_given(wrong: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Stated(**wrong)


def test_limits_name_the_parameter() -> None:
    with pytest.raises(ValueError, match=r"`roi.cashable.deflection` lies from 0 to 1, not 0.5, 0.9, 1.2"):
        share("roi.cashable.deflection", Stated(value=0.9, low=0.5, high=1.2, **SAID))
    with pytest.raises(ValueError, match=r"`roi.price` is 0 or more, not -1"):
        amount("roi.price", Stated.of(-1))
