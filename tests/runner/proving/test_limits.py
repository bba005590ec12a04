"""What is asked of each kind of company, and that each of it can be missed; of the designs beside the channel study."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.hazards import HAZARDS, SIZES
from analysis.runner.proving.limits import coverage_asked
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.proof import proof_of
from analysis.runner.proving.records import Records
from analysis.runner.proving.tallies import cells_of

SOUND = [float(error) for error in np.linspace(-1.9, 1.9, 95)] + [2.5, -2.5, 2.3, -2.3, 0.0]


def cell(records, hazard: str, errors=SOUND, **more):
    """The cell of 100 companies of full size."""
    one = HAZARDS[hazard]
    given = {"estimand": one.estimands[0], "truth": 1.0 if "ratio" in one.estimands[0] else 0.0} | more
    given = {"customers": SIZES[one.design], "first_seed": one.first_seed} | given
    (found,) = cells_of(records(errors, hazard=hazard, **given))
    return found


@pytest.mark.parametrize(
    ("hazard", "asked"),
    [
        ("queue_none", {"coverage", "bias", "grade", "claims"}),
        ("queue_harm", {"coverage", "bias", "grade"}),
        ("queue_hidden", {"coverage", "bias", "claims"}),
        ("queue_broken", {"grade"}),
        ("queue_weak", {"coverage", "bias", "grade"}),
        ("rollout_none", {"coverage", "bias", "grade", "claims"}),
        ("rollout_trend", {"grade"}),
        ("contacts_none", {"grade"}),
        ("series_24", {"coverage", "bias"}),
        ("panel_none", {"coverage", "bias"}),
        ("panel_few", {"interval"}),
        ("money_none", {"coverage", "bias"}),
    ],
)
def test_what_is_asked_of_each_kind(records, hazard, asked) -> None:
    assert set(cell(records, hazard).verdicts) == asked


@pytest.mark.parametrize(
    ("hazard", "change", "missed"),
    [
        ("queue_none", {"errors": [2 * error for error in SOUND]}, "coverage"),
        ("queue_hidden", {"errors": [error + 0.7 for error in SOUND]}, "bias"),
        ("queue_none", {"grade": "C"}, "grade"),
        ("queue_effect", {"truth": 0.01}, "found"),
        ("queue_broken", {"grade": "B"}, "grade"),
        ("rollout_trend", {"grade": "B"}, "grade"),
        ("rollout_effect", {"truth": 1.01}, "found"),
        ("contacts_none", {"grade": "B"}, "grade"),
        ("queue_weak", {"grade": "B"}, "grade"),
        ("series_60", {"errors": [2 * error for error in SOUND]}, "coverage"),
        ("panel_few", {"grade": "D"}, "interval"),
    ],
)
def test_every_verdict_can_be_missed_and_is_told(records, hazard, change, missed) -> None:
    found = cell(records, hazard, **change)
    assert missed in found.missed
    one = HAZARDS[hazard]
    given = {"estimand": one.estimands[0], "truth": 1.0 if "ratio" in one.estimands[0] else 0.0}
    given |= {"errors": SOUND, "customers": SIZES[one.design], "first_seed": one.first_seed, **change}
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    proof = proof_of(Records(effects=records(hazard=hazard, **given), **nothing))
    assert any(line.startswith(f"{missed} of `{one.estimands[0]}` in `{hazard}`") for line in misses_of(proof))


def test_a_cap_is_broken_by_a_single_b(records) -> None:
    """One of a hundred first contacts graded B is a miss; of a broken roll-out ten may be."""
    for hazard, held in (("contacts_none", False), ("queue_weak", False), ("rollout_trend", True)):
        one = HAZARDS[hazard]
        frame = records(SOUND, hazard=hazard, estimand=one.estimands[0], grade="C", customers=SIZES[one.design],
                        first_seed=one.first_seed, truth=float("ratio" in one.estimands[0]))  # fmt: skip
        frame.loc[0, "grade"] = "B"
        (found,) = cells_of(frame)
        assert found.verdicts["grade"] is held, hazard


def test_small_companies_are_not_graded_but_caps_stand(records) -> None:
    assert "grade" not in cell(records, "queue_none", customers=40_000, grade="C").verdicts
    assert "grade" not in cell(records, "rollout_trend", customers=10_000).verdicts
    assert cell(records, "contacts_none", customers=5_000).verdicts == {"grade": False}


def test_of_a_thousand_series_a_bar_is_asked(records) -> None:
    one = cell(records, "series_36")
    few = 0.91 - 2.5758 * math.sqrt(0.91 * 0.09 * (1 / 100 - 1 / 1_000))
    assert (one.accept_low, one.accept_high) == (pytest.approx(few, abs=1e-5), 1.0)
    assert coverage_asked(HAZARDS["series_36"], 1_000, 2.5) == coverage_asked(HAZARDS["series_36"], 9_000, 2.5)
    assert coverage_asked(HAZARDS["series_36"], 1_000, 2.5) == (0.91, 1.0)
    both = cells_of(
        pd.concat(
            [
                records(SOUND),
                records(SOUND, hazard="series_36", estimand="slope_difference:rho=0.3", truth=0.0, customers=36),
            ]
        )
    )
    assert both[0].accept_low == pytest.approx(0.95 - 2.5758 * math.sqrt(0.0475 / 100), abs=1e-5), "series take no z"
    assert [found.hazard for found in both] == ["none", "series_36"], "in the order of the designs"


def test_an_answer_without_an_interval_covers_nothing(records) -> None:
    frame = records(SOUND, hazard="panel_few", estimand="level_difference", truth=2.0, customers=11)
    frame[["low", "high", "se"]] = math.nan
    (found,) = cells_of(frame)
    assert found.n == 100
    assert all(math.isnan(number) for number in (found.coverage, found.width, found.up, found.down, found.bias_in_se))
    assert found.held
    assert abs(found.bias) < 0.01
