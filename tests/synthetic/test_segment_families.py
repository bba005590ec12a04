"""Tests with segments: sums by hand, truths that are exact, and customers who are drawn as planted."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.errors import UnknownName
from analysis.synthetic.segment_families import (
    ARMS,
    BASKET_CENTS,
    FAMILIES,
    Population,
    SegmentedTest,
    population_of,
    segmented_test,
)


def two_kinds() -> Population:
    """Twice as many in the north as in the south; the mail adds 0.2 orders there and takes 0.4 off here."""
    return Population(
        values={"region": ("north", "south"), "size": ("all",)},
        code={"region": np.array([0, 1]), "size": np.array([0, 0])},
        weight=np.array([2, 1]),
        rate=np.array([500, 1000]),
        effect=np.array([[200, -400], [0, 0]]),
    )


def test_truths_by_hand() -> None:
    """North 0.7 / 0.5, south 0.6 / 1; together 2 · 0.2 − 0.4 is nothing, exactly."""
    truth = two_kinds().truth()
    assert truth["orders", "mail", "region", "north"] == (0.2, 1.4)
    assert truth["orders", "mail", "region", "south"] == (-0.4, 0.6)
    assert truth["spend", "mail", "region", "north"] == (0.2 * BASKET_CENTS, 1.4)
    assert truth["orders", "mail", "size", "all"] == truth["orders", "call", "region", "north"] == (0.0, 1.0)


def test_sums_by_hand() -> None:
    test = SegmentedTest(
        population=two_kinds(),
        kind=np.array([0, 1, 0, 0, 1]),
        arm=np.array([0, 0, 1, 1, 2]),
        outcomes={"orders": np.array([3, 1, 2, 5, 4])},
    )
    count, sums, squares = (one.tolist() for one in test.sums("orders", "region"))
    assert count == [[1, 1], [2, 0], [0, 1]]
    assert sums == [[3, 1], [7, 0], [0, 4]]
    assert squares == [[9, 1], [29, 0], [0, 16]]
    assert [one.tolist() for one in test.sums("orders")] == [[[2], [2], [1]], [[4], [7], [4]], [[10], [29], [16]]]


def test_what_has_no_effect_has_none_exactly() -> None:
    cancelling = population_of("family_cancelling", np.random.default_rng(1)).truth()
    moved = {place[2:] for place, both in cancelling.items() if both != (0.0, 1.0)}
    assert moved == {("region", "north"), ("region", "south")}
    everywhere = population_of("family_everywhere", np.random.default_rng(1)).truth()
    assert {both[0] for place, both in everywhere.items() if place[:2] == ("orders", "mail")} == {0.1}
    some = population_of("family_some", np.random.default_rng(1)).truth()
    assert len({some["orders", "mail", "region", name] for name in ("north", "south", "east", "west")}) == 1
    assert some["orders", "mail", "age", "under 30"] != some["orders", "mail", "age", "30 to 44"]


@pytest.mark.parametrize("name", ["family_some", "family_spread"])
def test_customers_are_drawn_as_planted(name: str) -> None:
    """600,000 customers: the gap between arms lies within 4.5 errors of the truth in every segment."""
    test = segmented_test(name, 3, 600_000)
    truth = test.population.truth()
    for outcome in ("orders", "spend"):
        for attribute, names in test.population.values.items():
            count, sums, squares = test.sums(outcome, attribute)
            mean = sums / count
            spread = (squares / count - mean**2) / count
            for at, arm in enumerate(ARMS[1:], start=1):
                for place, value in enumerate(names):
                    off = mean[at, place] - mean[0, place] - truth[outcome, arm, attribute, value][0]
                    assert abs(off) < 4.5 * np.sqrt(spread[at, place] + spread[0, place]), (outcome, arm, value)


@pytest.mark.parametrize("name", list(FAMILIES))
def test_every_test_is_its_seed_alone(name: str) -> None:
    one, again, other = (segmented_test(name, seed, 2_000) for seed in (7, 7, 8))
    assert one.outcomes["spend"].tolist() == again.outcomes["spend"].tolist()
    assert one.outcomes["spend"].tolist() != other.outcomes["spend"].tolist()
    assert (one.population.rate + one.population.effect).min() > 0


def test_attributes_go_together() -> None:
    """Students are young; regions are apart from everything."""
    people = population_of("family_none", np.random.default_rng(1))
    share = np.zeros((6, 4))
    np.add.at(share, (people.code["product"], people.code["age"]), people.weight)
    share /= share.sum(axis=1, keepdims=True)
    assert share[4, 0] > 2 * share[2, 0]
    by_region = [people.weight[people.code["region"] == place].tolist() for place in range(4)]
    assert by_region[0] == by_region[3]


def test_an_unknown_one_is_named() -> None:
    with pytest.raises(UnknownName, match="family_none"):
        segmented_test("family_non", 1, 10)
