"""A figure by month: what it may hold, and what it says of itself."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError
from analysis.studies.change_log.series import MonthlySeries

JAN = Month.of("2025-01")


def series(*values: float | None, **more: object) -> MonthlySeries:
    months = tuple(JAN.plus(number) for number in range(len(values)))
    given = {
        "metric": "mentions",
        "unit": "mentions",
        "months": months,
        "values": values,
        "states": ("locked",) * len(values),
    }
    return MonthlySeries(**{**given, **more})  # type: ignore[arg-type]


def test_values_by_month_with_holes_and_beyond_both_ends() -> None:
    one = series(1.0, None, 3.0)
    np.testing.assert_array_equal(one.over(JAN.plus(-1), JAN.plus(3)), [np.nan, 1, np.nan, 3, np.nan])
    assert one.observed == (JAN, JAN.plus(2))
    assert one.holes == 1


def test_what_is_closed() -> None:
    one = series(1.0, 2.0, None, 4.0, states=("locked", "provisional", "provisional", "adjusted"))
    assert one.provisional == 1
    assert one.closed_share(JAN, JAN.plus(3)) == pytest.approx(2 / 3)
    assert one.closed_share(JAN.plus(2), JAN.plus(2)) == 0


def test_keys_are_stable_and_labels_default_to_the_metric() -> None:
    one = series(1.0, segment={"b": "2", "a": "1"})
    assert one.key == "mentions[a=1, b=2]"
    assert series(1.0, metric="response_rate").label == "response rate"


@pytest.mark.parametrize(
    ("values", "more", "says"),
    [
        ((1.0, 2.0), {"states": ("locked",)}, "2 months, 2 values and 1 states"),
        ((1.0, 2.0), {"months": (JAN, JAN.plus(2))}, "2025-03 stands after 2025-01"),
        ((1.0, math.inf), {}, "1 of 2 months"),
        ((1.0, math.nan), {}, "None where there is no figure"),
        ((None, None), {}, "no value in any month"),
    ],
)
def test_what_is_no_series_is_refused(values: tuple[float | None, ...], more: dict[str, object], says: str) -> None:
    with pytest.raises(DesignError, match=says):
        series(*values, **more)


def test_the_frame_has_a_row_a_month() -> None:
    frame = series(1.0, None).to_frame()
    assert frame["month"].tolist() == ["2025-01", "2025-02"]
    assert frame["value"].isna().tolist() == [False, True]
