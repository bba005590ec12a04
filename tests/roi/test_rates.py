"""Money in other currencies: by a stated rate, or refused by the name of the parameter."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.roi.rates import Rate, Rates

DOLLAR = Rate(rate=0.9, source="bank", dated="2026-06-30")


def test_a_stated_rate_and_ones_own_currency() -> None:
    rates = Rates("EUR", {"USD": DOLLAR})
    assert (rates.factor("USD", "costs"), rates.factor("EUR", "costs")) == (0.9, 1.0)
    assert (rates.has("USD"), rates.has("GBP")) == (True, False)
    assert rates.said("EUR") == ""


def test_without_a_rate_the_parameter_is_named() -> None:
    with pytest.raises(DesignError, match=r"`costs` are in GBP, the case in EUR, and `roi.rates.GBP` is not given"):
        Rates("EUR", {"USD": DOLLAR}).factor("GBP", "`costs`")


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_is_above_zero(rate: float) -> None:
    with pytest.raises(ValueError, match="above zero"):
        Rate(rate=rate, source="bank", dated="2026-06-30")


def test_ones_own_currency_has_no_other_rate() -> None:
    with pytest.raises(ValueError, match="needs no rate"):
        Rates("USD", {"USD": DOLLAR})
