"""Coverage, bias, claims and verdicts by hand, and that each verdict can be missed."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.limits import bonferroni_z, coverage_accepted, width_allowed
from analysis.runner.proving.records import GATE, HIDDEN, ROAD
from analysis.runner.proving.tallies import cells_of
from analysis.runner.proving.tallies_beside import gate_cells, hidden_cells, road_cells

SOUND = [float(error) for error in np.linspace(-1.9, 1.9, 95)] + [2.5, -2.5, 2.3, -2.3, 0.0]


def test_a_cell_by_hand(records) -> None:
    """Five companies, errors -3, -1, 0, 1, 2 standard errors of 0.1 around a true ratio of 1.

    The first and the last interval (1.96 standard errors) leave out the truth: coverage 3/5, one claims less and one
    more. Mean error -0.2 se = -0.02; its sample deviation is sqrt(14.8 / 4) = 1.923538 se, so that the Monte Carlo
    error is 0.1923538 / sqrt(5) = 0.0860233. Every interval is 2 x 0.196 wide.
    """
    (cell,) = cells_of(records([-3.0, -1.0, 0.0, 1.0, 2.0], se=0.1))
    assert (cell.n, cell.refused, cell.first_seed, cell.last_seed) == (5, 0, 100_000, 100_004)
    assert cell.coverage == 0.6
    assert (cell.up, cell.down) == (0.2, 0.2)
    assert cell.bias == pytest.approx(-0.02)
    assert cell.bias_in_se == pytest.approx(-0.2)
    assert cell.bias_error == pytest.approx(0.0860233, rel=1e-6)
    assert (cell.se, cell.bias_error_in_se) == pytest.approx((0.1, 0.860233), rel=1e-6)
    assert cell.bias_allowed == pytest.approx(0.02 + 2 * 0.0860233, rel=1e-6)
    assert cell.value == pytest.approx(sum(math.exp(error / 10) for error in (-3, -1, 0, 1, 2)) / 5)
    assert cell.width == pytest.approx(0.392)
    assert cell.middle == pytest.approx(math.exp(-0.02))
    assert cell.share_b == 1.0


def test_a_difference_is_judged_on_its_own_scale(records) -> None:
    (cell,) = cells_of(records([-1.0, 1.0, 2.0], estimand="orders_difference", truth=0.4, se=0.1))
    assert cell.bias == pytest.approx(0.2 / 3)
    assert cell.middle == cell.bias
    assert math.isnan(cell.width_allowed)
    assert not cell.ratio


def test_a_sound_cell_holds_all_it_is_asked(records) -> None:
    (cell,) = cells_of(records(SOUND))
    assert dict(cell.verdicts) == dict.fromkeys(("coverage", "bias", "width", "grade", "claims"), True)
    assert cell.held


@pytest.mark.parametrize(
    ("change", "missed"),
    [
        ({"errors": [error * 2 for error in SOUND]}, "coverage"),
        ({"errors": [error / 4 for error in SOUND] * 4}, "coverage"),
        ({"errors": [error + 0.7 for error in SOUND]}, "bias"),
        ({"errors": SOUND, "se": 0.05}, "width"),
        ({"errors": SOUND, "grade": "C"}, "grade"),
        ({"errors": [2.1] * 12 + [error * 0.9 for error in SOUND[:88]]}, "claims"),
        ({"errors": SOUND, "hazard": "effect", "truth": 1.02}, "found"),
        ({"errors": SOUND, "hazard": "trend"}, "grade"),
        ({"errors": SOUND, "hazard": "confounded_strong"}, "grade"),
    ],
)
def test_every_verdict_can_be_missed(records, change, missed) -> None:
    """Each fault is one that a limit must see: errors told too small, too large, off, wide, ungraded, too bold."""
    (cell,) = cells_of(records(**change))
    assert missed in cell.missed
    assert cell.held is False


def test_a_weak_hidden_cause_is_not_judged_and_small_companies_not_graded(records) -> None:
    (weak,) = cells_of(records([-5.0, -6.0], hazard="confounded"))
    assert weak.held is None
    (small,) = cells_of(records(SOUND, customers=10_000, grade="C"))
    assert "grade" not in small.verdicts
    (few,) = cells_of(records(SOUND, grade="C"), judge=("coverage", "bias"))
    assert set(few.verdicts) == {"coverage", "bias"}


def test_raw_and_forbidden_estimators_are_shown_not_judged(records) -> None:
    (cell,) = cells_of(records([9.0, 9.5], estimator="additive_did"))
    assert cell.held is None
    assert cell.coverage == 0.0


def test_a_refused_company_counts_against_the_grade_and_not_as_an_estimate(records) -> None:
    frame = records([0.0, 0.5, -0.5, 1.0])
    frame.loc[0, ["value", "low", "high", "se"]] = math.nan
    frame.loc[0, "grade"] = "D"
    (cell,) = cells_of(frame)
    assert (cell.n, cell.refused, cell.share_b) == (3, 1, 0.75)
    frame[["value", "low", "high", "se"]] = math.nan
    (none,) = cells_of(frame)
    assert none.n == 0
    assert none.held is None


def test_the_band_of_chance_widens_with_the_number_of_cells(records) -> None:
    """z for one cell at 1 % is 2.5758; two judged cells share it, and cells that are not judged take nothing."""
    one = cells_of(records(SOUND))[0]
    both = cells_of(pd.concat([records(SOUND), records(SOUND, hazard="season"), records(SOUND, hazard="confounded")]))
    assert one.accept_low == pytest.approx(0.95 - 2.5758 * math.sqrt(0.0475 / 100), abs=1e-5)
    assert [round(cell.accept_low, 5) for cell in both] == [round(coverage_accepted(100, bonferroni_z(2))[0], 5)] * 3
    assert [cell.hazard for cell in both] == ["none", "season", "confounded"]


def test_order_of_records_does_not_matter(records) -> None:
    frame = pd.concat([records(SOUND), records(SOUND, hazard="effect", truth=1.1)], ignore_index=True)
    mixed = frame.sample(frac=1, random_state=3)
    for one, other in zip(cells_of(frame), cells_of(mixed), strict=True):
        assert one.hazard == other.hazard
        assert one.bias == pytest.approx(other.bias, abs=1e-12)
        assert one.coverage == other.coverage


def test_records_of_another_shape_are_refused(records) -> None:
    with pytest.raises(ValueError, match=r"lacking: \['grade'\]"):
        cells_of(records(SOUND).drop(columns="grade"))
    with pytest.raises(ValueError, match="nowhere"):
        cells_of(records(SOUND).assign(hazard="nowhere"))
    with pytest.raises(ValueError, match="one company twice"):
        cells_of(pd.concat([records(SOUND), records(SOUND)]))
    with pytest.raises(ValueError, match="companies of different sizes"):
        cells_of(pd.concat([records(SOUND), records(SOUND, customers=10_000, first_seed=101_000)]))


def test_the_width_allowed_follows_the_square_root() -> None:
    assert width_allowed(60_000) == pytest.approx(1.25 * 0.0759, abs=1e-4)


def test_gates_by_hand() -> None:
    """Four companies; one customer who carries too much is a gate in the one in which it failed."""
    rows = [
        ("none", seed, "orders", "pre_trend", verdict, 0.5, 1.0)
        for seed, verdict in enumerate(("passed", "failed", "not_run", "passed"))
    ]
    rows.append(("none", 2, "orders", "no_single_customer", "failed", 0.5, 1.0))
    heavy, trend = gate_cells(pd.DataFrame(rows, columns=list(GATE)))
    assert (trend.n, trend.failed, trend.not_run) == (4, 0.25, 0.25)
    assert (heavy.gate, heavy.n, heavy.failed) == ("no_single_customer", 4, 0.25)


def test_the_planted_bias_is_held_against_the_formula(records) -> None:
    """Found -0.05 on average where the formula says -0.05: held. Where it says -0.10, or the bound 0.01: missed."""
    cells = cells_of(records(SOUND, hazard="confounded"))
    rows = [("confounded", seed, 0.6, 0.5, 0.8, formula, 0.2, -0.05 + 0.001 * (-1) ** seed)
            for formula in (-0.05,) for seed in range(10)]  # fmt: skip
    frame = pd.DataFrame(rows, columns=list(HIDDEN))
    assert hidden_cells(frame, cells)[0].held
    assert not hidden_cells(frame.assign(formula_log=-0.10), cells)[0].held
    assert not hidden_cells(frame.assign(bound_log=0.01), cells)[0].held


def test_second_roads_by_hand() -> None:
    """The regression 0.1 standard errors off, the bootstrap 4 % wider: held; 8 % wider, or 0.6 off: missed."""
    rows = [("none", seed, 0.0, 0.02, 0.002, 0.02, 0.0208) for seed in range(4)]
    frame = pd.DataFrame(rows, columns=list(ROAD))
    (cell,) = road_cells(frame)
    assert (round(cell.apart, 6), round(cell.bootstrap_error, 6), cell.held) == (0.1, 1.04, True)
    assert not road_cells(frame.assign(bootstrap_se=0.0216))[0].held
    assert not road_cells(frame.assign(poisson_log=0.012))[0].held
