"""Experiments of known truth, 200 of every kind: are the estimators right, and is what is done instead seen to fail?

`make prove` does the same in a thousand of twice the size. Experiments here have 10,000 customers; all of them take
about 20 s of processor time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.inference.moments import Moments
from analysis.runner.proving.designs import proved_worlds
from analysis.runner.proving.experiment_sums import exact_moments
from analysis.runner.proving.hazards import HAZARDS, SIZES
from analysis.runner.proving.limits import coverage_asked, gate_asked, least_graded_b, width_asked
from analysis.runner.proving.misses import misses_of
from analysis.runner.proving.page import page
from analysis.runner.proving.proof import proof_of
from analysis.runner.proving.records import DEFAULT, Asked, Records
from analysis.runner.proving.tallies import Cell, cells_of

KINDS = [name for name, hazard in HAZARDS.items() if hazard.design == "ab_randomised"]
FULL = SIZES["ab_randomised"]
WORLDS, CUSTOMERS = 200, 10_000


@pytest.fixture(scope="module")
def proved() -> Callable[[str], Records]:
    """The records of a hazard, made once."""

    @cache
    def records(name: str) -> Records:
        hazard = HAZARDS[name]
        return proved_worlds(hazard, range(hazard.first_seed, hazard.first_seed + WORLDS), Asked(customers=CUSTOMERS))

    return records


@pytest.fixture(scope="module")
def cell(proved) -> Callable[..., Cell]:
    """A function to one cell of a hazard."""

    def found(name: str, estimand: str = "orders_difference", estimator: str = DEFAULT) -> Cell:
        cells = cells_of(proved(name).effects)
        return next(one for one in cells if (one.estimand, one.estimator) == (estimand, estimator))

    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", KINDS)
def test_every_limit_is_held(proved, name) -> None:
    """200 experiments each, 1 to 4 s: coverage, bias, width, claims, what may be told, and the gates."""
    records, hazard = proved(name), HAZARDS[name]
    own = [one for one in cells_of(records.effects) if one.estimator == DEFAULT]
    assert {one.estimand for one in own} == set(hazard.estimands)
    for one in own:
        assert not one.missed, (one.estimand, one.missed, one.coverage, one.bias_in_se)
        assert one.n + one.refused == WORLDS
        assert one.verdicts or hazard.kind == "broken", one.estimand
    failed = records.gates.groupby("gate")["verdict"].apply(lambda verdicts: (verdicts == "failed").mean())
    assert "sample_ratio" in failed.index
    for gate, share in failed.items():
        asked = gate_asked(hazard, str(gate), WORLDS)
        assert asked is None or asked[0] <= share <= asked[1], (gate, share)


@pytest.mark.slow
def test_what_is_done_instead_is_seen_to_fail(cell) -> None:
    """No further experiments. Counting finer than chance assigned, looking again, comparing who took it up."""
    for name, estimand, estimator, most in (
        ("clusters_effect", "orders_difference", "one_by_one", 0.7),
        ("clusters_uneven", "orders_difference", "one_by_one", 0.4),
        ("switchback_none", "orders_difference", "one_by_one", 0.7),
        ("trial_none", "orders_per_session_difference", "session_by_session", 0.9),
        ("looks_none", "orders_difference:anytime", "peeking", 0.85),
        ("invitation_none", "orders_difference:moved", "took_it_up", 0.0),
        ("strata_none", "orders_difference", "strata_pooled", 0.0),
        ("strata_effect", "orders_difference", "strata_pooled", 0.0),
    ):
        wrong, own = cell(name, estimand, estimator), cell(name, estimand)
        assert wrong.coverage <= most, (name, wrong.coverage)
        assert wrong.coverage < wrong.accept_low <= own.coverage
    pooled = cell("strata_effect", estimator="strata_pooled")
    assert (pooled.down, cell("strata_effect").down) == (1.0, 0.0), "pooled, what helps everybody seems to harm"
    early = cell("switchback_effect", estimator="no_washout")
    assert early.bias == pytest.approx(-0.125, abs=3 * early.bias_error), (
        "a quarter of the effect, for a quarter of time"
    )
    lost = cell("trial_mismatch", estimator="ratio_ignored")
    assert lost.bias > 1.0 * lost.se
    assert cell("trial_mismatch").n <= 0.1 * WORLDS, "hardly ever is an effect told where customers were lost"


@pytest.mark.slow
def test_adjusting_narrows_by_as_much_as_was_planted(cell) -> None:
    """No further experiments: the factor √(1 − ρ²) of each measure, to a hundredth or two."""
    for measure in ("bought_difference", "orders_difference", "spend_difference", "orders_per_session_ratio"):
        plain, adjusted = cell("trial_effect", measure), cell("trial_effect", f"{measure}:cuped")
        planted = adjusted.width_allowed / plain.width_allowed
        assert adjusted.width / plain.width == pytest.approx(planted, abs=0.02), measure
        assert planted < 0.96
    assert cell("clusters_many", "orders_difference:cuped").width < 0.6 * cell("clusters_many").width


@pytest.mark.parametrize(
    "name", ["trial_effect", "clusters_many", "switchback_effect", "invitation_effect", "looks_none", "strata_effect"]
)
def test_files_and_the_study_give_the_numbers_of_the_arrays(name) -> None:
    """One experiment of 6,000 customers each, 1 s: contract, engine and study change no digit that matters."""
    hazard, seeds = HAZARDS[name], [HAZARDS[name].first_seed + 3]
    files, arrays = (proved_worlds(hazard, seeds, Asked(customers=6_000, files=files)) for files in (True, False))
    own = arrays.effects[arrays.effects["estimator"] == DEFAULT]
    both = files.effects.merge(own, on=["seed", "estimand"], suffixes=("", "_arrays"))
    assert len(both) == len(files.effects) >= 1
    assert both["truth"].tolist() == both["truth_arrays"].tolist()
    if name == "looks_none":
        wider = both["high"] - both["low"] >= both["high_arrays"] - both["low_arrays"] - 1e-9
        assert wider.all(), "one look, at the end, where the arrays are looked at 17 times"
        return
    for number in ("value", "low", "high"):
        assert both[number].tolist() == pytest.approx(both[f"{number}_arrays"].tolist(), rel=1e-6, abs=1e-6)
    assert set(files.effects["grade"]) <= {"A", "B"}
    assert set(files.gates["gate"]) == {"sample_ratio", "outcome_recorded"}


def test_a_lost_arm_is_refused_through_files_too() -> None:
    hazard = HAZARDS["trial_mismatch"]
    found = proved_worlds(hazard, [hazard.first_seed], Asked(customers=20_000, files=True))
    assert found.effects["value"].isna().all()
    assert set(found.effects["grade"]) == {"D"}
    assert "failed" in set(found.gates["verdict"])


def test_light_gives_the_same_estimates_and_earns_no_grade() -> None:
    hazard = HAZARDS["invitation_effect"]
    light, whole = (
        proved_worlds(hazard, [hazard.first_seed], Asked(customers=4_000, light=light, forbidden=False)).effects
        for light in (True, False)
    )
    assert light.drop(columns="grade").equals(whole.drop(columns="grade"))
    assert set(light["grade"]) == {"D"}
    assert set(whole["grade"]) == {"A"}


def test_moments_of_whole_numbers_are_exact_and_too_large_ones_refused() -> None:
    rng = np.random.default_rng(1)
    columns = {"orders": rng.integers(0, 9, 40), "spend": rng.integers(0, 10**7, 40)}
    which = rng.random(40) < 0.5
    rows = np.stack(list(columns.values()), axis=1)[which].tolist()
    assert exact_moments(columns, which) == Moments.from_rows(("orders", "spend"), rows)
    with pytest.raises(OverflowError, match="64 bits"):
        exact_moments({"spend": np.array([2**31, 2**31]) * 2}, np.array([True, True]))


SOUND = [float(error) for error in np.linspace(-1.9, 1.9, 190)] + [2.2] * 10


def frame_of(records, hazard: str, errors: list[float], **change) -> pd.DataFrame:
    one = HAZARDS[hazard]
    given = {"estimand": one.estimands[0], "truth": 0.0, "customers": FULL, "first_seed": one.first_seed, "grade": "A"}
    return records(errors, hazard=hazard, **(given | change))


@pytest.mark.parametrize(
    ("hazard", "change", "missed"),
    [
        ("trial_none", {"estimand": "orders_difference", "se": 0.03}, "width"),
        ("trial_none", {"estimand": "orders_difference:cuped", "se": 0.0182}, "width"),
        ("trial_none", {"estimand": "orders_difference", "grade": "D"}, "grade"),
        ("clusters_effect", {"errors": [2 * error for error in SOUND]}, "coverage"),
        ("clusters_uneven", {"errors": [2 * error for error in SOUND]}, "coverage"),
        ("looks_none", {"errors": [1.7 * error for error in SOUND]}, "coverage"),
        ("switchback_none", {"errors": [error + 0.6 for error in SOUND]}, "bias"),
        ("invitation_none", {"errors": [1.5 * error for error in SOUND]}, "claims"),
        ("trial_effect", {"estimand": "orders_difference", "truth": 0.001}, "found"),
        ("trial_mismatch", {}, "grade"),
        ("invitation_weak", {}, "told"),
        (
            "invitation_weak",
            {"estimand": "orders_difference:set", "errors": [2 * error for error in SOUND]},
            "coverage",
        ),
    ],
)
def test_every_limit_can_be_missed_and_is_told(records, hazard, change, missed) -> None:
    frame = frame_of(records, hazard, change.pop("errors", SOUND), **change)
    nothing = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("gates", "hidden", "roads")}
    proof = proof_of(Records(effects=frame, **nothing))
    (found,) = proof.cells
    assert missed in found.missed
    assert any(line.startswith(f"{missed} of `{found.estimand}` in `{hazard}`") for line in misses_of(proof))
    assert len(misses_of(proof)) == len(proof.misses)


def test_more_coverage_than_said_is_a_fault_but_where_it_is_the_price(records) -> None:
    narrow = [0.5 * error for error in SOUND] * 5
    assert "coverage" in cells_of(frame_of(records, "clusters_effect", narrow))[0].missed
    for hazard in ("clusters_uneven", "looks_none"):
        assert not cells_of(frame_of(records, hazard, narrow))[0].missed, hazard
    low, high = coverage_asked(HAZARDS["looks_none"], 1_000, 4.0)
    assert (low, high) == (pytest.approx(0.95 - 2.576 * math.sqrt(0.0475 / 1_000)), 1.0)


def test_widths_are_asked_where_they_follow_from_what_was_planted() -> None:
    whole, quarter = (width_asked(HAZARDS["trial_uneven"], "spend_ratio", n) for n in (20_000, 5_000))
    assert quarter == pytest.approx(2 * whole)
    for name, estimand in (("trial_none", "spend_difference:quantile"), ("clusters_many", "orders_difference"),
                           ("looks_none", "orders_difference:anytime"), ("firm_none", "orders_ratio")):  # fmt: skip
        assert math.isnan(width_asked(HAZARDS[name], estimand, 20_000)), name


@pytest.mark.parametrize(
    ("hazard", "gate", "share", "held"),
    [
        ("trial_none", "sample_ratio", 0.02, False),
        ("trial_none", "sample_ratio", 0.0, True),
        ("trial_mismatch", "sample_ratio", 0.5, False),
        ("trial_mismatch", "sample_ratio", 1.0, True),
        ("switchback_none", "by_the_lot", 0.3, False),
        ("switchback_effect", "by_the_lot", 0.9, None),
        ("switchback_effect", "carry_over", 0.3, False),
        ("none", "placebo_date", 0.9, None),
    ],
)
def test_a_gate_is_held_against_its_size_and_its_power(records, hazard, gate, share, held) -> None:
    n = 200
    verdicts = ["failed"] * round(share * n) + ["passed"] * round((1 - share) * n)
    rows = [(hazard, seed, "arms", gate, verdict, 0.5, math.nan) for seed, verdict in enumerate(verdicts)]
    empty = {name: pd.DataFrame(columns=list(Records.COLUMNS[name])) for name in ("hidden", "roads")}
    gates = pd.DataFrame(rows, columns=list(Records.COLUMNS["gates"]))
    estimand = HAZARDS[hazard].estimands[-1]
    proof = proof_of(
        Records(effects=frame_of(records, hazard, SOUND, estimand=estimand, truth=1.0), gates=gates, **empty)
    )
    (found,) = proof.gates
    assert found.held is held
    told = [line for line in misses_of(proof) if line.startswith("the gate")]
    assert bool(told) is (held is False)
    assert len(misses_of(proof)) == len(proof.misses)
    if held is False:
        assert f"`{gate}` in `{hazard}`" in told[0]
        assert "missed:" in page(proof)


def test_a_sound_experiment_must_nearly_always_be_graded() -> None:
    assert least_graded_b(HAZARDS["clusters_none"], 1_000) > 0.99
    assert least_graded_b(HAZARDS["rollout_none"], 1_000) == 0.85


def test_the_page_has_a_section_for_experiments(proved_few) -> None:
    """Three experiments of each kind: titles of all estimands, forbidden ones beside, and no mark left open."""
    text = page(proof_of(proved_few))
    assert "## Experiments\n" in text
    assert "### Spend, as a difference, adjusted (CUPED)" in text
    assert "customers one by one, though groups were assigned" in text
    assert "### The gates: how often each fails" in text
    assert "by the lot" in text
    for mark in ("nan", "{"):
        assert mark not in text, mark
    sections = text[text.index("## Experiments\n") :]  # a miss, named at the head, goes by its own name
    for mark in ("_difference", "_ratio:"):
        assert mark not in sections, mark
    for name in KINDS:
        assert f"`{name}`" in text


@pytest.fixture(scope="module")
def proved_few() -> Records:
    parts = [
        proved_worlds(
            HAZARDS[name], range(HAZARDS[name].first_seed, HAZARDS[name].first_seed + 3), Asked(customers=6_000)
        )
        for name in KINDS
    ]
    return Records.of([{name: getattr(part, name) for name in Records.NAMES} for part in parts])
