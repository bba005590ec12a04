"""The other designs in 100 companies of every hazard: is the truth inside as often as said, and is nothing off?

`make prove` does the same at full size, with grades and gates. Here companies have 10,000 customers, and the estimates
alone are made, by the functions of the studies: some 2 minutes of processor time for all companies, series and panels.
That these are the studies' own numbers is tested first.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from analysis.runner.proving.designs import proved_worlds
from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.limits import bonferroni_z, coverage_asked, shares_z
from analysis.runner.proving.records import DEFAULT, Asked, Records
from tests.runner.proving.truth_held import assert_truth_inside, cells_by_name

WORLDS, SERIES_EACH, CUSTOMERS = 100, 200, 10_000
FEWER = 40
"""Of each further kind of first contacts, of which nothing is asked but that no claim is graded B, and of panels, which
are tried by the hundred where they are made."""
DESIGNS = ("service_effect", "adoption", "change_log")
OTHERS = {name: hazard for name, hazard in HAZARDS.items() if hazard.design in DESIGNS}
FOUND = [name for name, hazard in OTHERS.items() if shares_z(hazard)]
SERIES = [name for name in OTHERS if name.startswith("series_")]
Z = bonferroni_z(sum(len(OTHERS[name].estimands) for name in FOUND))
JUDGED = {"coverage", "bias", "claims"}


@pytest.fixture(scope="session")
def proved() -> Callable[[str], Records]:
    """The records of a hazard, made once; what is forbidden, where it costs little."""

    @cache
    def records(name: str) -> Records:
        hazard = HAZARDS[name]
        worlds = FEWER if name.startswith(("contacts", "panel")) and not name.endswith("_none") else WORLDS
        worlds = SERIES_EACH if name in SERIES else worlds
        seeds = range(hazard.first_seed, hazard.first_seed + worlds)
        forbidden = hazard.design == "change_log" or name.startswith("rollout")
        return proved_worlds(hazard, seeds, Asked(customers=CUSTOMERS, light=True, forbidden=forbidden))

    return records


@pytest.mark.parametrize("name", ["queue_harm", "queue_weak", "rollout_growing", "contacts_trend"])
def test_the_light_road_gives_the_numbers_of_the_study(name) -> None:
    hazard = HAZARDS[name]
    seeds = [hazard.first_seed, hazard.first_seed + 1]
    light, whole = (
        proved_worlds(hazard, seeds, Asked(customers=6_000, light=light, forbidden=False)).effects
        for light in (True, False)
    )
    keys, numbers = ["seed", "estimand"], ["truth", "value", "low", "high", "se", "n_treated"]
    assert len(whole) == len(light) == 2 * len(hazard.estimands)
    assert set(whole["estimator"]) == {DEFAULT}
    both = whole[keys + numbers].merge(light[keys + numbers], on=keys, suffixes=("", "_light"))
    for number in numbers:
        assert both[f"{number}_light"].tolist() == pytest.approx(both[number].tolist(), rel=1e-9, abs=1e-12)
    assert set(light["grade"]) == {"D"}, "no gate was asked, so that no grade is earned"


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_the_truth_is_inside_as_often_as_said(proved, name) -> None:
    """100 companies: coverage within what chance explains over all cells, no bias. 5 to 12 s each."""
    assert_truth_inside(proved(name), HAZARDS[name], worlds=WORLDS, z=Z, judged=JUDGED)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "estimand", "sign"), [
    ("queue_broken", "orders_difference", 1), ("rollout_trend", "orders_ratio", 1),
    ("contacts_none", "orders_ratio", -1), ("contacts_incident", "orders_ratio", -1),
    ("contacts_season", "orders_ratio", -1),
])  # fmt: skip
def test_broken_designs_mislead_the_estimate(proved, name, estimand, sign) -> None:
    """100 companies, of further first contacts 40; 2 to 10 s each: false luck, waves that follow growth, harm."""
    cell = cells_by_name(proved(name))[estimand]
    assert sign * cell.bias > 3 * cell.bias_error
    if name.startswith("rollout"):  # the intervals of the others are wide at this size, and hide the bias
        assert cell.coverage < cell.accept_low + 0.03


@pytest.mark.slow
@pytest.mark.parametrize("name", ["contacts_trend", "contacts_effect"])
def test_growth_of_adopters_hides_the_harm_and_the_harm_hides_an_effect(proved, name) -> None:
    """Forty companies each, 3 s."""
    cell = cells_by_name(proved(name))["orders_ratio"]
    sign = 1 if name == "contacts_trend" else -1
    assert sign * cell.bias > 3 * cell.bias_error


@pytest.mark.slow
def test_the_regression_is_off_where_the_effect_grows(proved) -> None:
    """No further companies: early waves, still growing, are a wrong measure of late ones."""
    records = proved("rollout_growing")
    ours, theirs = (cells_by_name(records, name)["orders_difference"] for name in (DEFAULT, "two_way"))
    assert abs(theirs.bias) > 5 * theirs.bias_error
    assert theirs.coverage < 0.85 < ours.coverage


@pytest.mark.parametrize("name", ["queue_hidden", "contacts_none"])
def test_what_does_not_stand_is_seen_to_fail(name) -> None:
    """12 companies of 15,000: the adjusted comparison misses what nobody recorded; everybody is no comparison. 10 s."""
    hazard, worse = HAZARDS[name], {"queue_hidden": "adjusted", "contacts_none": "everybody_compared"}[name]
    seeds = range(hazard.first_seed, hazard.first_seed + 12)
    records = proved_worlds(hazard, seeds, Asked(customers=15_000))
    estimand = hazard.estimands[0]
    ours, theirs = (cells_by_name(records, estimator)[estimand] for estimator in (DEFAULT, worse))
    assert abs(theirs.bias) > 3 * theirs.bias_error
    assert abs(theirs.bias_in_se) > abs(ours.bias_in_se) + 1
    assert set(records.gates["outcome"]) >= {"orders"}
    if name == "contacts_none":
        assert ours.share_b == 0
        assert ours.held, "no grade B, the one thing that is asked"


@pytest.mark.slow
@pytest.mark.parametrize("name", SERIES)
def test_intervals_of_series_hold_the_truth_in_nine_of_ten(proved, name) -> None:
    """200 series for each rho, 2 s: the bar of 91 %, less what 200 leave to chance over 32 cells; nothing off."""
    cells = cells_by_name(proved(name))
    assert set(cells) == set(HAZARDS[name].estimands)
    for cell in cells.values():
        assert cell.coverage >= coverage_asked(HAZARDS[name], cell.n, bonferroni_z(32))[0], cell.estimand
        assert "bias" not in cell.missed, cell.estimand


@pytest.mark.slow
def test_the_usual_intervals_of_series_lose_the_truth(proved) -> None:
    """No further series: where months remember, least squares and Newey-West miss a quarter and more."""
    for name in SERIES:
        for method in ("ols", "newey_west"):
            cell = cells_by_name(proved(name), method)["level_difference:rho=0.7"]
            assert cell.coverage < 0.8, (name, method)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["panel_none", "panel_effect", "panel_unlike"])
def test_panels_hold_the_truth_and_plain_means_are_farther_off(proved, name) -> None:
    """200 panels to no effect, 60 of each other kind; 7 s each."""
    cell = cells_by_name(proved(name))["level_difference"]
    assert cell.coverage >= cell.accept_low
    assert "bias" not in cell.missed
    effects = proved(name).effects
    spread = {
        estimator: float(np.sqrt(((part["value"] - part["truth"]) ** 2).mean()))
        for estimator, part in effects.groupby("estimator")
    }
    assert spread["plain_means"] > 1.3 * spread[DEFAULT]


@pytest.mark.slow
def test_few_units_have_no_interval(proved) -> None:
    cell = cells_by_name(proved("panel_few"))["level_difference"]
    assert math.isnan(cell.coverage)
    assert cell.verdicts == {"interval": True}
