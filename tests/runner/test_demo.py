"""What the demo company is known by is said twice, so that one that is there waits for no maker: both say the same."""

from __future__ import annotations

from analysis.runner import demo
from analysis.synthetic import make


def test_recipe_and_truth_are_those_of_the_maker() -> None:
    assert (demo.RECIPE, demo.TRUTH) == (make.RECIPE, make.TRUTH)
