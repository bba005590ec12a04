"""The default study in 200 companies of every hazard: is the truth inside as often as said, and is nothing off?

`make prove` does the same at full size, with grades, gates and the forbidden estimators. Here companies have 10,000
customers, and the estimates alone are made, by the functions of the study: some 4 minutes of processor time for all
4,200 companies. That these are the study's own numbers is tested first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.limits import BIAS_ALLOWED, bonferroni_z
from analysis.runner.proving.records import DEFAULT, Asked, Records
from analysis.runner.proving.tallies import cells_of
from analysis.runner.proving.tallies_beside import hidden_cells
from analysis.runner.proving.worlds import proved_worlds
from tests.runner.proving.truth_held import assert_truth_inside, cells_by_name

WORLDS, CUSTOMERS = 200, 10_000
SOUND = [name for name, one in HAZARDS.items() if one.kind == "sound" and one.design == "before_after"]
Z = bonferroni_z(sum(len(HAZARDS[name].estimands) for name in SOUND))
JUDGED = {"coverage", "bias", "width", "claims"}


@pytest.fixture(scope="session")
def proved() -> Callable[[str], Records]:
    """The records of a hazard, made once."""

    @cache
    def records(name: str) -> Records:
        hazard = HAZARDS[name]
        seeds = range(hazard.first_seed, hazard.first_seed + WORLDS)
        forbidden = name in ("none", "effect")
        return proved_worlds(hazard, seeds, Asked(customers=CUSTOMERS, light=True, forbidden=forbidden))

    return records


@pytest.mark.parametrize("name", ["none", "one_segment", "churn", "firm_effect"])
def test_the_light_road_gives_the_numbers_of_the_study(name) -> None:
    hazard = HAZARDS[name]
    seeds = [hazard.first_seed, hazard.first_seed + 1]
    light, whole = (
        proved_worlds(hazard, seeds, Asked(customers=10_000, light=light, forbidden=False)).effects
        for light in (True, False)
    )
    whole = whole[(whole["estimator"] == DEFAULT) & whole["value"].notna()]
    keys, numbers, ends = ["seed", "estimand"], ["truth", "value", "se", "n_treated"], ["low", "high"]
    assert set(whole["estimand"]) <= set(light["estimand"])
    assert len(whole) >= 2 * len(hazard.estimands) - 4
    columns = keys + numbers + ends
    both = whole[columns].merge(light[columns], on=keys, suffixes=("", "_light"))
    assert len(both) == len(whole)
    for number in numbers:
        assert both[f"{number}_light"].tolist() == pytest.approx(both[number].tolist(), rel=1e-9, abs=1e-12)
    ratio = both["estimand"].str.contains("_ratio")
    low, value, high = (
        np.where(ratio, np.log(both[name].clip(lower=1e-9)), both[name]) for name in ("low", "value", "high")
    )
    own = both[np.isclose(high - value, value - low, rtol=1e-9)]  # the others were drawn again: a customer is heavy
    assert len(own) >= len(both) / 2
    for number in ends:
        assert own[f"{number}_light"].tolist() == pytest.approx(own[number].tolist(), rel=1e-9, abs=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("name", SOUND)
def test_the_truth_is_inside_as_often_as_said(proved, name) -> None:
    """200 companies: coverage within what chance explains over all cells, no bias, no wide interval. 10 s each."""
    assert_truth_inside(proved(name), HAZARDS[name], worlds=WORLDS, z=Z, judged=JUDGED)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "estimators"), [
    ("none", ("prior_order_strata", "additive_did", "low_band", "high_band", "ratio_per_stratum", "issues_ratio_did",
              "issues_before_after")),
    ("effect", ("prior_order_strata", "additive_did", "low_band", "high_band", "issues_before_after")),
])  # fmt: skip
def test_the_forbidden_estimators_are_seen_to_fail(proved, name, estimators) -> None:
    """Each is further off than the study may be. No further companies."""
    for estimator in estimators:
        (cell,) = cells_by_name(proved(name), estimator).values()
        assert abs(cell.bias) > BIAS_ALLOWED * abs(cell.bias / cell.bias_in_se) + 2 * cell.bias_error, estimator


@pytest.mark.slow
@pytest.mark.parametrize("name", ["confounded", "confounded_strong"])
def test_a_planted_cause_makes_the_bias_that_the_formula_says(proved, name) -> None:
    """200 companies each: 10 s. The strong cause is far from the truth, the weak one a little."""
    records = proved(name)
    (cell,) = hidden_cells(records.hidden, cells_of(records.effects))
    assert cell.held
    assert cell.found < (-0.1 if name == "confounded_strong" else -0.01)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["trend", "confounded_strong", "firm_confounded_strong"])
def test_broken_designs_mislead_the_estimate(proved, name) -> None:
    """200 companies each: 10 s. What no estimate can mend the gates must see; `make prove` counts how often they do."""
    cell = cells_by_name(proved(name))["orders_ratio"]
    assert abs(cell.bias) > 5 * cell.bias_error
    assert cell.coverage < 0.8
    assert math.isfinite(cell.width)


def test_the_same_seed_is_the_same_company() -> None:
    asked = Asked(customers=2_000, light=True)
    one, other = (proved_worlds(HAZARDS["effect"], [5], asked).effects for _ in range(2))
    pd.testing.assert_frame_equal(one, other)
