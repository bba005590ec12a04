"""Synthetic difference-in-differences: by hand, frozen answers of synthdid-py, known truth, laws, and refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.simplex import simplex_weights
from analysis.inference.synthetic_did import staggered_did, synthetic_did
from analysis.inference.synthetic_panel import noise_of
from analysis.inference.synthetic_path import cohort_of
from analysis.runner.proving.series import panel_records
from analysis.synthetic.monthly_series import PanelWorld, panel_of

GOLDEN = Path(__file__).parents[1] / "golden" / "synthetic_did" / "reference.json"
PANELS = ("one_unit", "six_units", "twelve_units", "california")


@pytest.fixture(scope="module")
def reference():
    return json.loads(GOLDEN.read_text())


def panel_in(reference, label):
    frozen = reference["california"] if label == "california" else reference["panels"][label]
    outcomes = np.array(frozen["outcomes"])
    return frozen, outcomes, np.arange(len(outcomes)) >= frozen["donors"]


def did(outcomes, treated, start, **given):
    return synthetic_did(outcomes, treated, start, unit="orders", name="regions", **given)


def made(**given):
    panel = panel_of(PanelWorld(**given), 5)
    return panel.outcomes, panel.treated, panel.world.starts[0]


def test_two_donors_by_hand():
    """Donors 0, 1, 2, 3 and 0, 3, 6, 9; the changed unit 0, 2, 4 and then 9.

    Without a ridge half of each donor runs beside it (0, 2, 4, 6), and the ridge pulls to equal halves too. So the
    effect is 9 − 6 = 3 whichever earlier period is weighted, for the gap before is nought in all of them.
    """
    found = did([[0, 2, 4, 9], [0, 1, 2, 3], [0, 3, 6, 9]], [True, False, False], 3)
    assert found.only.unit_weights == pytest.approx([0.5, 0.5], abs=1e-9)
    assert found.att == pytest.approx(3, abs=1e-9)
    assert found.only.synthetic == pytest.approx([0, 2, 4, 6], abs=1e-8)


@pytest.mark.parametrize("label", PANELS)
def test_frozen_answers_run_to_convergence(reference, label):
    """synthdid-py descends by Frank–Wolfe steps, here up to 100,000; ours are exact. What is left is its distance.

    That falls like 1 / steps: at most 6e-5 of the noise in the estimate and 7e-5 in weights, and 1e-6 in the panel
    where it arrives. As shipped it stops earlier, within 3e-4 of the noise.
    """
    frozen, outcomes, treated = panel_in(reference, label)
    found = did(outcomes, treated, frozen["start"], draws=2)
    noise = noise_of(outcomes[: frozen["donors"], : frozen["start"]])
    assert abs(found.att - frozen["converged"]["att"]) <= (1e-6 if label == "twelve_units" else 1e-4) * noise
    assert abs(found.att - frozen["default"]["att"]) <= 5e-4 * noise
    np.testing.assert_allclose(found.only.unit_weights, frozen["converged"]["unit_weights"], atol=1e-4)
    np.testing.assert_allclose(found.only.time_weights, frozen["converged"]["time_weights"], atol=1e-4)
    np.testing.assert_allclose(found.only.effects, frozen["converged"]["effects"], atol=5e-4 * noise)


@pytest.mark.parametrize("label", PANELS)
def test_our_weights_are_never_worse_than_theirs(reference, label):
    """Both of the losses of the paper, at our weights and at theirs, as shipped and run to convergence."""
    frozen, outcomes, treated = panel_in(reference, label)
    start, found = frozen["start"], did(outcomes, treated, frozen["start"], draws=2)
    others, changed = outcomes[~treated], outcomes[treated].mean(axis=0)
    noise = noise_of(others[:, :start])
    ridge = (treated.sum() * (outcomes.shape[1] - start)) ** 0.25 * noise

    def loss(columns, target, weights, ridge):
        return np.var(columns @ weights - target) + ridge**2 * np.sum(weights**2)

    for theirs in (frozen["default"], frozen["converged"]):
        units, times = np.array(theirs["unit_weights"]), np.array(theirs["time_weights"])
        ours, mean = found.only, others[:, start:].mean(axis=1)
        before = others[:, :start]
        assert loss(before.T, changed[:start], ours.unit_weights, ridge) <= (
            loss(before.T, changed[:start], units, ridge) * (1 + 1e-12)
        )
        assert loss(before, mean, ours.time_weights, 1e-6 * noise) <= loss(before, mean, times, 1e-6 * noise) * (
            1 + 1e-12
        )


@pytest.mark.parametrize("label", PANELS)
def test_their_weights_give_their_estimate(reference, label):
    """The estimate as a function of the weights: to 1e-9, no optimiser between."""
    frozen, outcomes, treated = panel_in(reference, label)
    for theirs in (frozen["default"], frozen["converged"]):
        one = cohort_of(
            outcomes[treated].mean(axis=0),
            outcomes[~treated],
            np.flatnonzero(treated),
            np.flatnonzero(~treated),
            frozen["start"],
            np.array(theirs["unit_weights"]),
            np.array(theirs["time_weights"]),
        )
        assert one.att == pytest.approx(theirs["att"], abs=1e-9)


def test_their_placebos_and_errors(reference):
    """Each donor in turn as they find it, stopping early (0.3 % of the noise); fixed-weights jackknife; bootstrap."""
    frozen, outcomes, treated = panel_in(reference, "one_unit")
    found = did(outcomes, treated, frozen["start"])
    theirs = np.array(frozen["placebos"])
    assert np.abs(found.placebos - theirs).max() <= 0.005
    assert found.estimate.se == pytest.approx(theirs.std(ddof=1), rel=1e-3)
    frozen, outcomes, treated = panel_in(reference, "twelve_units")
    jackknife = did(outcomes, treated, frozen["start"], variance="jackknife").estimate
    assert jackknife.se == pytest.approx(frozen["jackknife_se"], rel=1e-4)
    bootstrap = did(outcomes, treated, frozen["start"], variance="bootstrap", draws=100).estimate
    # Two errors of 100 draws each differ by a tenth one time in three.
    assert bootstrap.se == pytest.approx(frozen["bootstrap_se"], rel=0.3)


def test_staggered_cohorts_as_frozen(reference):
    frozen = reference["staggered"]
    found = staggered_did(frozen["outcomes"], frozen["starts"], unit="orders", name="regions")
    for cohort in found.cohorts:
        assert cohort.att == pytest.approx(frozen["cohorts"][str(cohort.start)], abs=1e-3)
    assert found.att == pytest.approx(frozen["att"], abs=1e-3)
    assert found.estimate is not None
    with pytest.raises(DesignError, match="changed in 3 periods; see `cohorts`"):
        _ = found.only


def test_size_and_coverage_of_the_placebo_interval():
    """120 panels of 24 donors: coverage of 95 % within 3 Monte Carlo errors of 2 points, and no wider than needed."""
    world = PanelWorld(donors=24, periods=20, starts=(15,))
    records = panel_records(range(120), world)
    assert 0.95 - 3 * 0.02 <= records["covered"].mean() <= 0.995
    assert (records["p"] <= 0.05).mean() <= 0.05 + 3 * 0.02
    bias = records["value"] - world.effect
    assert abs(bias.mean()) <= 3 * bias.std() / np.sqrt(120)
    # An effect of 4 moves the estimate by 4 and leaves its error: what was covered stays so, and nearly all is found.
    moved = panel_records(range(25), PanelWorld(donors=24, periods=20, starts=(15,), effect=4.0))
    np.testing.assert_allclose(moved["value"] - 4.0, records["value"][:25], atol=1e-7)
    assert (moved["covered"] == records["covered"][:25]).all()
    assert moved["excludes_zero"].mean() >= 0.8
    assert (moved["p"] <= 0.05).mean() >= 0.8


def test_a_plain_comparison_is_farther_off():
    """Changed units load more on shared paths: root mean squared error over 30 panels."""
    records = panel_records(range(30), PanelWorld(donors=12, tilt=1.5, step=1.0))
    assert np.sqrt((records["value"] ** 2).mean()) < 0.6 * np.sqrt((records["plain"] ** 2).mean())


def test_several_units_and_cohorts_hold_the_truth():
    records = panel_records(range(20), PanelWorld(donors=30, treated=(2, 2), starts=(14, 18), effect=3.0), draws=40)
    assert records["covered"].mean() >= 0.8
    assert abs(records["value"].mean() - 3.0) < 0.4


def test_fewer_than_twenty_donors_give_a_rank_and_no_interval():
    found = did(*made(donors=12, effect=9.0))
    assert found.estimate is None
    assert found.evidence == "placebo_rank"
    assert found.placebo_rank == 1
    assert found.p == pytest.approx(1 / 13)
    assert "12 donors, 20 needed for an interval" in found.notes[0]
    assert "no interval with 12 donors; rank 1 of 13" in str(found)
    enough = did(*made(donors=20, effect=9.0))
    assert enough.evidence == "interval"
    assert enough.estimate.n_comparison == 20
    many = did(*made(donors=22, treated=(12,)), draws=10)
    assert "22 donors, 24 needed" in many.notes[0]


def test_laws_unit_fixed_parts_sign_and_order():
    outcomes, treated, start = made(donors=22, effect=2.0)
    found = did(outcomes, treated, start)
    rng = np.random.default_rng(0)
    moved = did(outcomes + 9 * rng.normal(size=(23, 1)) + 9 * rng.normal(size=outcomes.shape[1]), treated, start)
    assert moved.att != pytest.approx(found.att, abs=1e-3)  # noise of the steps, hence the ridge, has changed
    lifted = did(outcomes + 9 * rng.normal(size=(23, 1)), treated, start)
    assert lifted.att == pytest.approx(found.att, abs=1e-8)
    scaled = did(-100 * outcomes, treated, start)
    assert scaled.att == pytest.approx(-100 * found.att, rel=1e-7)
    assert scaled.estimate.se == pytest.approx(100 * found.estimate.se, rel=1e-7)
    order = rng.permutation(23)
    turned = did(outcomes[order], treated[order], start)
    assert turned.att == pytest.approx(found.att, abs=1e-8)
    assert turned.estimate.se == pytest.approx(found.estimate.se, rel=1e-7)
    again = did(outcomes, treated, start)
    assert again.placebos.tolist() == found.placebos.tolist()
    assert found.only.unit_weights.sum() == pytest.approx(1)
    assert found.only.effects.mean() == pytest.approx(found.att)
    assert found.only.time_weights @ (found.only.path - found.only.synthetic)[:start] == pytest.approx(0, abs=1e-9)


def test_warm_starts_do_not_change_a_placebo():
    outcomes, treated, start = made(donors=21, effect=2.0)
    found = did(outcomes, treated, start)
    others = outcomes[:21]
    alone = did(others, np.arange(21) == 4, start)
    assert alone.att == pytest.approx(found.placebos[4], abs=1e-8)
    weights = simplex_weights(
        np.delete(others, 4, axis=0)[:, :start].T,
        others[4, :start],
        ridge=6**0.25 * noise_of(np.delete(others, 4, axis=0)[:, :start]),
        intercept=True,
    )
    np.testing.assert_allclose(alone.only.unit_weights, weights, atol=1e-9)


def test_refusals_say_how_many_and_what_to_do():
    outcomes, treated, start = made(donors=22)
    holed = outcomes.copy()
    holed[3, 4] = np.nan
    with pytest.raises(DesignError, match=r"1 of 552 values are missing .first: unit 3, period 4"):
        did(holed, treated, start)
    with pytest.raises(DesignError, match="none of the 23 units was changed"):
        did(outcomes, ~treated & treated, start)
    with pytest.raises(DesignError, match=r"1 of 23 units was never changed. At least 2 donors"):
        did(outcomes, np.arange(23) > 0, start)
    with pytest.raises(TooSoon, match="1 units begin after the last of 24 periods"):
        did(outcomes, treated, 24)
    with pytest.raises(DesignError, match="1 changed units have fewer than 3 periods before"):
        did(outcomes, treated, 2)
    with pytest.raises(DesignError, match="1 units were changed; errors by bootstrap need 10"):
        did(outcomes, treated, start, variance="bootstrap")
    with pytest.raises(DesignError, match="22 donors take the same steps in all 18 periods"):
        did(np.ones((23, 24)), treated, start)
    with pytest.raises(DesignError, match="units by periods, not of 1 axes"):
        did(outcomes[0], treated, start)
    with pytest.raises(DesignError, match="23 units, but 5 say when"):
        staggered_did(outcomes, [1, 2, 3, 4, 5], unit="orders", name="regions")
