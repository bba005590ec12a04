"""Users whom nobody assigned, in companies whose truth is known: the study holds it, and what is hidden is told."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.limits import bonferroni_z, coverage_accepted
from analysis.runner.proving.observational_worlds import (
    GROUPS,
    LESS_BIAS,
    TIMES_FIRSTS,
    names_bias,
    proved_worlds,
    rows_of_users,
)
from analysis.runner.proving.records import DEFAULT, Asked, Records
from analysis.runner.proving.tallies import Cell, cells_of
from analysis.runner.proving.tallies_beside import gate_cells, hidden_cells
from analysis.studies.observational.study import observational_on
from analysis.synthetic.user_groups import user_truth, users

USERS = [name for name in HAZARDS if name.startswith("users_")]
FOUND = [name for name in USERS if HAZARDS[name].kind in ("sound", "weak")]
WORLDS, CUSTOMERS = 100, 20_000
Z = bonferroni_z(3 * len(FOUND))


@cache
def proved(name: str, worlds: int = WORLDS, customers: int = CUSTOMERS, light: bool = True) -> Records:
    hazard = HAZARDS[name]
    seeds = range(hazard.first_seed, hazard.first_seed + worlds)
    return proved_worlds(hazard, seeds, Asked(customers=customers, light=light))


def cells(records: Records, estimator: str = DEFAULT) -> dict[str, Cell]:
    return {cell.estimand: cell for cell in cells_of(records.effects) if cell.estimator == estimator}


@pytest.mark.slow
@pytest.mark.parametrize("name", FOUND)
def test_the_truth_is_inside_as_often_as_said(name: str) -> None:
    """100 companies: coverage within what chance explains over all cells, no bias. 20 s each."""
    found = cells(proved(name))
    assert set(found) == set(HAZARDS[name].estimands)
    for cell in found.values():
        low, high = coverage_accepted(cell.n, Z)
        assert cell.n == WORLDS
        assert low <= cell.coverage <= high, cell.estimand
        assert "bias" not in cell.missed, (cell.estimand, cell.bias_in_se)
        if HAZARDS[name].null:
            assert "claims" not in cell.missed, cell.estimand


@pytest.mark.slow
def test_a_hidden_cause_makes_the_bias_of_the_formula() -> None:
    """100 companies: the mean bias found is that of the formula; less that bias, the interval holds the truth. 20 s."""
    records = proved("users_hidden")
    (hidden,) = hidden_cells(records.hidden, cells_of(records.effects))
    assert hidden.held
    assert hidden.formula > 4 * hidden.error, "the bias is there to be seen"
    less, raw = (cells(records)[name] for name in (LESS_BIAS, "orders_ratio"))
    low, high = coverage_accepted(less.n, Z)
    assert low <= less.coverage <= high
    assert "bias" not in less.missed
    assert raw.coverage < low


@pytest.mark.slow
def test_what_stands_on_a_trait_that_always_acted_is_caught_by_the_placebo() -> None:
    """12 companies of 8,000, studied whole; 12 s."""
    records = proved("users_hidden_lasting", 12, 8_000, light=False)
    orders = cells(records)["orders_ratio"]
    assert orders.coverage < 0.5
    assert orders.share_b <= 0.1, "as many as the page allows"
    gates = {cell.gate: cell for cell in gate_cells(records.gates) if cell.outcome == "orders"}
    assert gates["placebo_late_orders"].failed >= 0.9
    assert gates["claim_names_bias"].failed == 0


def test_the_keenest_users_are_left_out_and_counted() -> None:
    """3 companies of 8,000: the gate of overlap fails, nothing is graded B, the raw gap is far off."""
    records = proved("users_weak", 3, 8_000, light=False)
    gates = {cell.gate: cell for cell in gate_cells(records.gates) if cell.outcome == "orders"}
    assert gates["overlap"].failed == 1
    assert gates["overlap"].asked == (0.95, 1.0)
    own, raw = (cells(records, name)["orders_difference"] for name in (DEFAULT, "user_gap"))
    assert own.share_b == 0
    assert raw.bias > 10 * abs(own.bias)
    left_out = records.gates[records.gates["gate"] == "overlap"]["value"]
    assert (left_out > 0.02).all()


def test_the_light_road_gives_the_numbers_of_the_study() -> None:
    light, whole = (proved("users_uneven", 2, 4_000, light).effects for light in (True, False))
    whole = whole[whole["estimator"] == DEFAULT]
    keys, numbers = ["seed", "estimand"], ["truth", "value", "low", "high", "se", "n_treated"]
    both = whole[keys + numbers].merge(light[keys + numbers], on=keys, suffixes=("", "_light"))
    assert len(both) == len(whole) == len(light) == 6
    for number in numbers:
        assert both[f"{number}_light"].tolist() == pytest.approx(both[number].tolist(), rel=1e-9, abs=1e-12)


def test_the_raw_gap_is_seen_to_fail_and_claims_name_their_bias() -> None:
    """4 companies of 8,000 in which users buy a fifth more: the raw gap tells more than twice as much."""
    records = proved("users_effect", 4, 8_000, light=False)
    own, raw = (cells(records, name)["orders_ratio"] for name in (DEFAULT, "user_gap"))
    assert raw.coverage == 0
    assert raw.bias > 4 * raw.bias_error
    assert abs(own.bias) < 3 * own.bias_error + 0.01
    assert (records.gates[records.gates["gate"] == "claim_names_bias"]["verdict"] == "passed").all()


def test_a_claim_that_names_another_bias_is_seen() -> None:
    found = observational_on(rows_of_users(users("users_effect", 1, 8_000)), GROUPS)
    (effect,) = found.of("orders", "ratio")
    assert effect.estimate is not None
    assert effect.estimate.low < user_truth("users_effect").effects["orders_ratio"] < effect.estimate.high
    named = f"a bias factor of {effect.estimate.low:.4g}"
    assert named in effect.claim
    assert names_bias(effect).verdict == "passed"
    assert names_bias(replace(effect, claim=effect.claim.replace(named, "a bias factor of 1.9"))).verdict == "failed"
    assert names_bias(replace(effect, claim="Users bought more.")).verdict == "failed"


@pytest.mark.slow
def test_first_contacts_are_studied_as_tables_would_be() -> None:
    """2 companies of 40,000, 6 s: the raw gap fails, the study holds, gates are all there."""
    records = proved("firsts_none", 2, light=False)
    own, raw = (cells(records, name)["orders_ratio"] for name in (DEFAULT, "user_gap"))
    assert own.customers == TIMES_FIRSTS * CUSTOMERS
    assert abs(own.bias) < 3 * own.se
    assert raw.bias > 10 * own.se
    assert {cell.gate for cell in gate_cells(records.gates)} >= {
        "overlap", "balance", "placebo_growth_before_orders", "placebo_future_social_orders",
    }  # fmt: skip


@pytest.mark.slow
def test_through_files_the_study_gives_nearly_the_same() -> None:
    """One company each way; folds are dealt to customers in another order, so that numbers differ a little. 4 s."""
    hazard = HAZARDS["users_effect"]
    arrays, files = (
        proved_worlds(hazard, [hazard.first_seed], Asked(customers=4_000, files=files)).effects
        for files in (False, True)
    )
    both = arrays.merge(files, on=["estimator", "estimand"], suffixes=("", "_files"))
    assert len(both) == len(arrays) == len(files)
    assert both["truth_files"].tolist() == pytest.approx(both["truth"].tolist(), rel=1e-11)
    raw, own = both[both["estimator"] == "user_gap"], both[both["estimator"] == DEFAULT]
    assert raw["value_files"].tolist() == pytest.approx(raw["value"].tolist(), rel=1e-12)
    assert ((own["value_files"] - own["value"]).abs() < 0.15 * own["se"]).all()
