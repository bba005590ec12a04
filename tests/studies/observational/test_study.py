"""Made-up customers with a known truth: overlap, weak overlap, a hidden cause; grades, claims, refusals."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.observational.fit import fit
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.study import observational_on
from analysis.studies.planning.declaration import Declaration
from tests.studies.observational.planted import Planted, planted

PLAN = ObservationalPlan(dealings=1)
WORLDS = 40
"""By hand 600 worlds of each kind, 2,000 customers each: coverage 94.7, 93.7 and 95.5 %, bias at most 0.07 errors."""


def errors(worlds: list[Planted]) -> tuple[np.ndarray, np.ndarray, int]:
    """How far each estimate lies from the truth, in its own errors and of the sampling; treated left out in all."""
    missed, left_out, se = [], 0, []
    for world in worlds:
        found = fit(world.rows, PLAN, {"orders": (world.rows.after["orders"], None)})
        effect = found.effects["orders"]
        missed.append(np.log(effect.observed / effect.expected / world.ratio / world.bias))
        se.append(effect.se_log)
        left_out += found.trimming.treated_left_out
    return np.array(missed), np.array(se), left_out


@pytest.mark.parametrize("kind", [{}, {"overlap": "weak"}, {"hidden": True}])
def test_the_truth_comes_back(kind: dict) -> None:
    """With overlap, where users without a like are trimmed, and, with a hidden cause, times the planted bias."""
    missed, se, left_out = errors([planted(seed, 1500, **kind) for seed in range(WORLDS)])
    assert abs(missed.mean()) < 0.2 * se.mean() + 2 * missed.std() / np.sqrt(WORLDS)
    assert (np.abs(missed) < 1.96 * se).sum() >= 33  # of 40 at 95 %: fewer than 33 once in 5,000
    assert 0.75 < se.mean() / missed.std() < 1.33
    assert left_out > 30 * WORLDS if kind.get("overlap") == "weak" else left_out < 10 * WORLDS


def test_a_sound_comparison_earns_a_b_and_says_what_would_undo_it() -> None:
    world = planted(1, 20_000, effect=1.2)
    found = observational_on(world.rows, PLAN)
    ratio = found.of("orders", "ratio")[0]
    assert ratio.grade == "B"
    assert ratio.estimate is not None
    assert ratio.estimate.low < 1.2 < ratio.estimate.high
    factor = f"{ratio.estimate.low:.4g}"
    assert f"unless an unrecorded cause raised their orders by {(ratio.estimate.low - 1) * 100:.1f} %" in ratio.claim
    assert f"(a bias factor of {factor})" in ratio.claim
    line = found.sensitivity.query("scale == 'ratio'").iloc[0]
    assert line["bias_needed"] == pytest.approx(ratio.estimate.low)
    assert found.of("orders")[0].estimate.value > 0
    naive = [effect for effect in found.effects if effect.naive]
    assert {effect.grade for effect in naive} == {"D"}
    assert naive[1].estimate.value > 1.3


def test_a_hidden_cause_is_caught_by_what_it_did_before() -> None:
    """Bias 1.20 / 1.08 alone, no effect: the placebo sees the same factor and fails, so the finding is a C."""
    world = planted(2, 20_000, effect=1.0, hidden=True)
    found = observational_on(world.rows, PLAN)
    (ratio,) = found.of("orders", "ratio")
    assert ratio.grade == "C"
    assert ratio.estimate is not None
    assert ratio.estimate.low < world.bias < ratio.estimate.high
    assert {check.name: check.verdict for check in ratio.checks}["placebo_orders_earlier"] == "failed"
    needed = found.sensitivity.query("scale == 'ratio'").iloc[0]["bias_needed"]
    assert needed < world.bias, "the planted bias is enough, and the claim says how little is"
    assert "An unrecorded cause that raised their orders" in ratio.claim


def test_growth_takes_the_hidden_level_out() -> None:
    """The same company, with the earlier year as the window before: the hidden cause was at work then, too."""
    world = planted(3, 20_000, effect=1.0, hidden=True)
    earlier = world.rows.placebos["orders_earlier"].after
    rows = replace(world.rows, before={"orders": earlier}, placebos={})
    (ratio,) = observational_on(rows, PLAN).of("orders", "ratio")
    assert ratio.estimate is not None
    assert ratio.estimate.low < 1.0 < ratio.estimate.high
    assert ratio.grade == "C", "nothing tests it any more"


def test_weak_overlap_fails_its_gate_and_is_counted() -> None:
    (effect,) = observational_on(planted(4, 4000, overlap="weak").rows, PLAN).of("orders")
    overlap = effect.checks[0]
    assert overlap.name == "overlap"
    assert overlap.verdict == "failed"
    assert effect.grade == "C"
    assert overlap.value is not None
    assert overlap.value > 0.1
    assert "treated rows" in overlap.detail


def test_segments_are_compared_with_their_own_and_small_ones_refused() -> None:
    world = planted(5, 6000)
    size = np.where(np.arange(6000) < 120, "tiny", np.where(np.arange(6000) % 2 == 0, "even", "odd")).astype(object)
    found = observational_on(replace(world.rows, attributes={"size": size}), PLAN)
    by_size = {effect.segment.get("size"): effect for effect in found.of("orders")}
    assert set(by_size) == {None, "even", "odd", "tiny"}
    assert by_size["tiny"].reason is not None
    assert "each needs 50" in by_size["tiny"].reason
    assert by_size["tiny"].claim.startswith("No effect is claimed")
    whole = by_size[None].n_treated
    assert sum(by_size[name].n_treated for name in ("even", "odd", "tiny")) == whole
    assert by_size[None].grade == "B"
    assert {check.name: check.verdict for check in by_size["odd"].checks}["segments_differ"] == "failed"
    assert by_size["odd"].grade == "C"
    assert by_size["odd"].claim.startswith("Nothing is claimed of size: odd alone.")


def test_segments_go_through_the_one_room_of_segments() -> None:
    """Very different effects, named beforehand or not; and parts of fewer than ten, which nobody is shown."""
    world = planted(5, 12_000)
    half = np.where(np.arange(12_000) % 2 == 0, "even", "odd").astype(object)
    after = world.rows.after["orders"] * np.where((half == "odd") & world.rows.treated, 1.6, 1.0)
    rows = replace(world.rows, attributes={"half": half}, after={"orders": after})
    found = observational_on(rows, PLAN)
    odd = next(effect for effect in found.of("orders") if effect.segment == {"half": "odd"})
    assert odd.grade == "B"
    assert "The segment was named beforehand" in odd.claim
    assert found.tests["differ"].tolist() == [True]
    assert found.forest["segment"].tolist() == ["", "even", "odd"]
    assert found.to_parts()["coverage"]["observational"]["tests"][0]["attribute"] == "half"
    beforehand = Declaration(name="club", outcomes=("orders",), primary="orders", segments=("region",))
    explored = observational_on(rows, replace(PLAN, declared=beforehand))
    later = next(effect for effect in explored.of("orders") if effect.segment == {"half": "odd"})
    assert (later.declared, later.grade) == (False, "C")
    assert later.claim.startswith("Explored, not named beforehand")
    few = half.copy()
    few[:8] = "few"
    hidden = observational_on(replace(rows, attributes={"half": few}), PLAN)
    shown = {effect.segment["half"]: effect.n_treated for effect in hidden.of("orders") if effect.segment}
    assert shown["few"] == 0
    assert sorted(shown.values())[1] == 0, "nor one from which it could be worked out"


def test_an_outcome_lost_by_group_caps_the_grade() -> None:
    world = planted(6, 6000)
    rng = np.random.default_rng(0)
    lost = world.rows.treated & (rng.random(6000) < 0.2)
    rows = replace(world.rows, after={"orders": np.where(lost, np.nan, world.rows.after["orders"])})
    (effect,) = observational_on(rows, PLAN).of("orders")
    assert {check.name: check.verdict for check in effect.checks}["outcome_recorded"] == "failed"
    assert effect.grade == "C"
    assert effect.estimate is not None
    assert effect.estimate.n_treated <= (world.rows.treated & ~lost).sum()


def test_the_same_rows_give_the_same_parts_and_they_are_plain() -> None:
    import json

    rows = planted(7, 1500).rows
    one, other = (json.dumps(observational_on(rows, PLAN).to_parts(), sort_keys=True, allow_nan=False) for _ in "12")
    assert one == other
    found = observational_on(rows, PLAN)
    assert "<table" in found._repr_html_()
    assert len(found.to_frame()) == len(found.effects)


def test_what_is_refused() -> None:
    rows = planted(8, 400).rows
    with pytest.raises(DesignError, match="groups is empty"):
        observational_on(replace(rows, treated=np.zeros(400, dtype=bool)), PLAN)
    (effect,) = observational_on(replace(rows, covariates=()), PLAN).of("orders")
    assert effect.reason is not None
    assert "Name `covariates`" in effect.reason
    with pytest.raises(ValueError, match="entry for each"):
        replace(rows, customer=np.arange(3))
    with pytest.raises(DesignError, match="2 to 50 folds"):
        ObservationalPlan(folds=1)
