"""The company that rolls social care out: its truth, its lot, its arrays against its tables, and its laws."""

from __future__ import annotations

import json

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from analysis.foundation.errors import ParamsError, UnknownName
from analysis.synthetic.roll_out import (
    ARMS,
    EXPERIMENT,
    N_MONTHS,
    NEVER,
    VARIANTS,
    WAVE_MONTHS,
    RollOutLife,
    roll_out_life,
    strength,
    truth,
)
from analysis.synthetic.roll_out_folder import effects_of, roll_out_tables, write_roll_out


@pytest.fixture(scope="module")
def growing() -> RollOutLife:
    return roll_out_life("rollout_growing", 4, 20_000)


def test_the_effect_is_there_in_what_happens(growing) -> None:
    """Orders and issues of the invited, over what they would have been: within four standard errors of the truth."""
    told = truth(growing)
    fits = (growing.wave <= N_MONTHS - 7) & (growing.first_month <= growing.wave - 6)
    window = growing.wave[fits, None] + np.arange(1, 7)
    bought = np.take_along_axis(growing.orders[fits], window, axis=1).sum()
    expected = np.take_along_axis(growing.wanted[fits], window, axis=1).sum()
    assert told["difference", "orders"] == pytest.approx((told["ratio", "orders"] - 1) * expected / fits.sum())
    assert bought / expected == pytest.approx(told["ratio", "orders"], abs=4 * 1.3 / np.sqrt(expected))
    raised = np.take_along_axis(growing.issues[fits], window, axis=1).sum()
    rate = 6 * growing.issue_rate[fits].sum()
    assert raised / rate == pytest.approx(told["ratio", "issues"], abs=4 / np.sqrt(rate))


def test_truth_by_hand() -> None:
    """The effect grows by a sixth a month, from a sixth in the month of the invitation: months 1 to 5 and the sixth."""
    share = strength(VARIANTS["rollout_growing"], np.array([8, NEVER]))
    assert share[0, 9:15].tolist() == pytest.approx([2 / 6, 3 / 6, 4 / 6, 5 / 6, 1.0, 1.0])
    assert not share[1].any()
    told = truth(roll_out_life("rollout_growing", 1, 2_000))
    assert told["ratio", "issues"] == pytest.approx(1 - 0.12 * (2 + 3 + 4 + 5 + 6 + 6) / 36)
    assert told["ratio", "revenue"] == pytest.approx(1 + 0.18 * 26 / 36, rel=0.02), "season and growth move it a little"
    assert set(truth(roll_out_life("rollout_none", 1, 500)).values()) == {0.0, 1.0}
    assert truth(roll_out_life("rollout_trend", 1, 500))["difference", "orders"] == 0.0


def test_waves_are_a_lot_unless_the_variant_says_otherwise() -> None:
    """What customers bought before the first wave says nothing about their wave; with a trend it does."""
    for name, apart in (("rollout_effect", False), ("rollout_trend", True)):
        life = roll_out_life(name, 2, 20_000)
        growth = life.orders[:, 4:8].sum(axis=1) - life.orders[:, :4].sum(axis=1)
        there = life.first_month == 0
        first, last = there & (life.wave == WAVE_MONTHS[0]), there & (life.wave == NEVER)
        error = np.sqrt(growth[first].var() / first.sum() + growth[last].var() / last.sum())
        assert (growth[first].mean() - growth[last].mean() > 4 * error) == apart


def test_the_same_seed_makes_the_same_company_and_another_another() -> None:
    one, two, other = (roll_out_life("rollout_effect", seed, 300) for seed in (1, 1, 2))
    assert np.array_equal(one.orders, two.orders)
    assert np.array_equal(one.order_rows[2], two.order_rows[2])
    assert not np.array_equal(one.orders, other.orders)


def test_tables_hold_what_the_arrays_hold(growing) -> None:
    """Orders, money and issues of the company as a whole, arms as waves, and nothing a company would not know."""
    tables = roll_out_tables(growing)
    assert len(tables["orders"]) == growing.orders.sum()
    assert int(100 * pc.sum(tables["orders"]["revenue"]).as_py()) == growing.money_cents("revenue").sum()
    assert int(100 * pc.sum(tables["orders"]["margin"]).as_py()) == growing.money_cents("margin").sum()
    social = pc.sum(pc.equal(tables["issues"]["channel"], "social")).as_py()
    assert (len(tables["issues"]), social) == (len(growing.issue_month), growing.issue_social.sum())
    arms = tables["assignments"]["arm"].to_numpy(zero_copy_only=False)
    assert set(arms) == set(ARMS)
    assert np.array_equal(arms == "control", growing.wave == NEVER)
    assert set(tables["assignments"]["experiment_id"].to_pylist()) == {EXPERIMENT}
    assert not {"wanted", "issue_rate", "wave"} & {name for table in tables.values() for name in table.column_names}


def test_the_folder_has_its_truth(tmp_path) -> None:
    write_roll_out(tmp_path / "world", "rollout_effect", 3, 200)
    told = json.loads((tmp_path / "world" / "truth.json").read_text())
    assert (told["world"], told["seed"], told["customers"]) == ("rollout_effect", 3, 200)
    expected = effects_of(roll_out_life("rollout_effect", 3, 200))
    assert [row | {"value": 0} for row in told["effects"]] == [row | {"value": 0} for row in expected]
    assert [row["value"] for row in told["effects"]] == pytest.approx([row["value"] for row in expected], rel=1e-11)
    before = (tmp_path / "world" / "orders.parquet").read_bytes()
    write_roll_out(tmp_path / "world", "rollout_effect", 3, 200)
    assert (tmp_path / "world" / "orders.parquet").read_bytes() == before
    orders = pq.read_table(tmp_path / "world" / "orders.parquet")
    customers = pq.read_table(tmp_path / "world" / "customers.parquet")
    joined = dict(zip(customers["customer_id"].to_pylist(), customers["joined_at"].to_pylist(), strict=True))
    pairs = zip(orders["customer_id"].to_pylist(), orders["ordered_at"].to_pylist(), strict=True)
    assert all(joined[who] <= when for who, when in pairs), "nobody buys before joining"


def test_bad_names_and_numbers_are_refused(tmp_path) -> None:
    with pytest.raises(UnknownName, match="rollout_effect"):
        roll_out_life("rollout_efect", 1)
    with pytest.raises(UnknownName, match="rollout_efect"):
        write_roll_out(tmp_path, "rollout_efect", 1, 10)
    with pytest.raises(ParamsError, match="negative"):
        write_roll_out(tmp_path, "rollout_none", -1, 10)
