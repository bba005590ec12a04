"""Places among customers in order: the same from an array as by sorting, and nothing beyond what was asked for."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.ordered import Ordered, Run
from analysis.inference.quantile_effect import arm_quantile, places_needed
from analysis.inference.winsor import cap_at, cap_of, places_of_cap


def test_by_hand() -> None:
    """Sorted: 0, 0, 10, 30. Place 1 lies in the run of two zeros."""
    found = Ordered.of(np.array([30.0, 0.0, 10.0, 0.0]), [1, 3])
    assert found.runs == (Run(0, 2, 0.0), Run(3, 1, 30.0))
    assert (found.at(0), found.at(3), found.run(1).count) == (0.0, 30.0, 2)
    with pytest.raises(KeyError, match="place 2"):
        found.at(2)


def test_places_are_those_of_sorting_and_the_array_is_left_as_it_was() -> None:
    values = np.random.default_rng(1).poisson(5, 999).astype(float)
    kept, ordered = values.copy(), np.sort(values)
    found = Ordered.of(values, [0, 17, 500, 998])
    assert [found.at(place) for place in (0, 17, 500, 998)] == ordered[[0, 17, 500, 998]].tolist()
    assert np.array_equal(values, kept)
    assert Ordered.of(values, []).runs == ()


@pytest.mark.parametrize("quantile", [0.02, 0.5, 0.97])
def test_a_quantile_needs_no_more_than_its_places(quantile) -> None:
    values = np.random.default_rng(2).gamma(2.0, 20.0, 400)
    places = places_needed(400, quantile)
    assert len(places) <= 6
    assert arm_quantile(Ordered.of(values, places), quantile) == arm_quantile(values, quantile)


def test_a_cap_needs_two_places() -> None:
    values = np.random.default_rng(3).gamma(2.0, 20.0, 1000)
    places = places_of_cap(1000, 0.99)
    assert places == (0, 989)
    assert cap_at(Ordered.of(values, places), 0.99) == cap_of({"a": values}, 0.99).value
