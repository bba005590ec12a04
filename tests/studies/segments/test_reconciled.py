"""Segments that add up to all customers, and those that point the other way."""

from __future__ import annotations

import pytest

from analysis.inference.compare import ratio_estimate
from analysis.studies.segments.settled import settled
from tests.studies.segments.planted import difference, effect


def check_of(found):
    return next(check for check in found.checks if check.name == "segments_reconcile")


def test_differences_are_weighed_by_treated_customers() -> None:
    """300 x 0.1 + 100 x 0.3 over 400 is 0.15, as all customers have it."""
    found = settled(
        [
            effect(difference(0.15, 0.02, (400, 400))),
            effect(difference(0.1, 0.02, (300, 300)), {"region": "north"}),
            effect(difference(0.3, 0.02, (100, 100)), {"region": "south"}),
        ]
    )
    assert check_of(found).value == pytest.approx(0.15)
    assert check_of(found).verdict == "passed"
    assert found.forest["weight"][1:].tolist() == [0.75, 0.25]


def both(total: float, expected: float, n: int, segment=None):
    """A ratio and the difference beside it, from the total after and what was to be expected."""
    size = (n, n)
    estimate = ratio_estimate("orders", total / expected, 0.05, n_treated=n, n_comparison=n, method="")
    return [effect(estimate, segment), effect(difference((total - expected) / n, 0.02, size), segment)]


def test_ratios_are_weighed_by_what_was_to_be_expected() -> None:
    """150 orders where 100 were to be expected, and 330 where 300: 480 of 400 is 1.2, however many customers."""
    found = settled(
        [*both(480, 400, 400), *both(150, 100, 300, {"region": "n"}), *both(330, 300, 100, {"region": "s"})]
    )
    assert check_of(found).value == pytest.approx(1.2)
    assert found.forest["weight"][1:].tolist() == pytest.approx([0.25, 0.75])


def test_a_ratio_without_its_difference_cannot_be_weighed() -> None:
    found = settled([both(480, 400, 400)[0], both(150, 100, 300, {"region": "n"})[0]])
    assert check_of(found).verdict == "not_run"
    assert check_of(found).detail.endswith("a ratio needs the difference beside it.")


def test_a_reversal_is_said() -> None:
    """Simpson: both segments gain, all customers lose, because the treated are mostly of the poorer segment."""
    found = settled(
        [
            effect(difference(-0.3, 0.02, (1000, 1000)), design="ab_observational", grade="C"),
            effect(difference(0.1, 0.03, (900, 100)), {"band": "low"}, design="ab_observational", grade="C"),
            effect(difference(0.2, 0.03, (100, 900)), {"band": "high"}, design="ab_observational", grade="C"),
        ]
    )
    assert check_of(found).verdict == "failed"
    assert found.notes[0].startswith("All customers together point one way and every segment of band the other")


def test_segments_of_some_customers_only_need_not_agree() -> None:
    found = settled(
        [
            effect(difference(0.5, 0.02, (1000, 1000))),
            effect(difference(0.1, 0.02, (300, 300)), {"region": "north"}),
            effect(difference(0.3, 0.02, (100, 100)), {"region": "south"}),
        ]
    )
    assert check_of(found).verdict == "not_run"
    assert "They hold 40.0 % of the customers treated" in check_of(found).detail


def test_without_a_whole_there_is_nothing_to_add_up_to() -> None:
    found = settled([effect(difference(0.1, 0.02), {"region": "north"})])
    assert check_of(found).verdict == "not_run"
    refused = settled([effect(None), effect(difference(0.1, 0.02), {"region": "north"})])
    assert check_of(refused).verdict == "not_run"
