"""Caps: one number for all arms, an order statistic, and rules that would leave nothing are refused."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.winsor import cap_of, capped, places_of_cap


def test_the_cap_is_an_order_statistic_of_both_arms_together() -> None:
    rng = np.random.default_rng(2)
    arms = {"a": rng.gamma(1.0, 10.0, 700), "b": rng.gamma(1.0, 30.0, 300)}
    cap = cap_of(arms, 0.9)
    together = np.concatenate([arms["a"], arms["b"]])
    assert cap.value == np.quantile(together, 0.9, method="inverted_cdf")
    assert sum(cap.capped.values()) == 100
    assert cap_of({"b": arms["b"], "a": rng.permutation(arms["a"])}, 0.9).value == cap.value


def test_capping_leaves_the_rest_and_the_callers_array() -> None:
    values = np.array([1.0, 7.0, 400.0])
    assert capped(values, 10.0).tolist() == [1.0, 7.0, 10.0]
    assert values.tolist() == [1.0, 7.0, 400.0]


def test_rules_without_an_answer_are_refused() -> None:
    with pytest.raises(DesignError, match="its smallest value, 0"):
        cap_of({"a": [0] * 990 + [5] * 10}, 0.9)
    with pytest.raises(DesignError, match="rests on 2 of 100 customers"):
        cap_of({"a": range(100)}, 0.99)
    with pytest.raises(DesignError, match="no finite value"):
        cap_of({"a": [1.0, float("nan")]}, 0.5)
    with pytest.raises(ValueError, match="between 0 and 1"):
        cap_of({"a": range(100)}, 1.0)


@pytest.mark.parametrize("n", [100, 1000, 250])
def test_the_place_is_that_of_the_quantile_as_it_was_written(n: int) -> None:
    """0.55 of 100 customers are 55, though 0.55 times 100 is a little more than 55 to a machine."""
    for hundredths in range(1, 100):
        place = -(-hundredths * n // 100)
        assert places_of_cap(n, hundredths / 100)[-1] == place - 1, hundredths
    assert cap_of({"a": range(1, 101)}, 0.55).value == 55
