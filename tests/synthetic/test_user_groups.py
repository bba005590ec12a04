"""Users who became so by themselves: truths against many draws, and files that hold what the arrays hold."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import UnknownName
from analysis.inference.sensitivity import planted_bias
from analysis.runner.proving.observational_worlds import GROUPS, rows_of_users
from analysis.studies.observational.groups import group_rows
from analysis.synthetic.user_folder import write_users
from analysis.synthetic.user_groups import BASKET_CENTS, GROWTH, LIKING, WORLDS, user_truth, user_world, users
from analysis.tables.load import Source, Tables, open_tables, prepare

MANY = 400_000


@pytest.mark.parametrize("name", [name for name in WORLDS if not WORLDS[name].odd])
def test_truths_are_those_of_many_customers(name: str) -> None:
    """400,000 customers: what users had, and what customers alike in all on record had, lie where the sums say."""
    world, known, found = user_world(name), user_truth(name), users(name, 11, MANY)
    user = found.user
    rate = world.rate(found.age, found.region)
    if not world.hidden:  # what the early orders tell of a customer's liking is all there is to know
        without = (LIKING + found.early) / (LIKING + rate) * rate * GROWTH
        expected = float(without[user].mean())
        assert known.effects["orders_difference"] == pytest.approx(
            float((without * (world.factor(found.age) - 1) + world.added)[user].mean()), rel=0.02, abs=1e-12
        )
        had = found.orders[user]
        off = had.mean() - expected - known.effects["orders_difference"]
        assert abs(off) < 4.5 * had.std() / np.sqrt(len(had))
        assert known.bias == 1
    spent = found.spend[user] - BASKET_CENTS * found.orders[user]
    assert abs(spent.mean()) < 4.5 * spent.std() / np.sqrt(user.sum())


@pytest.mark.parametrize("name", ["users_hidden", "users_hidden_lasting"])
def test_the_bias_is_that_of_customers_alike_in_all_on_record(name: str) -> None:
    """Users against others in each kind on record, weighted to the users: their ratio is the bias: no effect."""
    known, found = user_truth(name), users(name, 12, 3 * MANY)
    kind = (found.age // 5 * 4 + found.region) * 100 + np.minimum(found.early, 12)
    _, place = np.unique(kind, return_inverse=True)
    n = [np.bincount(place[side], minlength=place.max() + 1) for side in (found.user, ~found.user)]
    orders = [np.bincount(place[side], found.orders[side], place.max() + 1) for side in (found.user, ~found.user)]
    both = (n[0] > 0) & (n[1] > 0)
    had, others = orders[0][both].sum(), (n[0][both] * orders[1][both] / n[1][both]).sum()
    assert had / others == pytest.approx(known.bias, abs=0.012)
    assert known.effects["orders_ratio"] == 1


def test_the_formula_gives_the_bias_of_a_cause_that_acts_afterwards() -> None:
    known = user_truth("users_hidden")
    assert planted_bias(known.share_users, known.share_others, user_world("users_hidden").hidden_growth) == (
        pytest.approx(known.bias, abs=1e-12)
    )


def test_steps_are_no_smooth_rule_and_the_ratio_is_planted() -> None:
    assert user_truth("users_odd").effects["orders_ratio"] == pytest.approx(0.9, abs=1e-12)
    found = users("users_odd", 1, MANY)
    steps = [found.user[(found.age == age) & (found.early == 2)].mean() for age in (20, 40, 45)]
    assert steps == pytest.approx([0.30, 0.15, 0.45], abs=0.02)


@pytest.fixture(scope="module")
def tables(tmp_path_factory) -> Iterator[Tables]:
    folder: Path = tmp_path_factory.mktemp("users")
    write_users(folder / "company", "users_effect", seed=4, customers=1_500)
    sources = [Source(path) for path in sorted((folder / "company").glob("*.parquet"))]
    with open_tables(prepare(sources, cache=folder / "cache", zone="UTC")) as opened:
        yield opened


def test_files_hold_what_the_arrays_hold(tables) -> None:
    """Row for row; the study numbers customers as it likes, one number each."""
    rows, own = group_rows(tables, GROUPS), rows_of_users(users("users_effect", 4, 1_500))
    assert rows.treated.tolist() == own.treated.tolist()
    assert {name: column.tolist() for name, column in rows.after.items()} == {
        name: column.tolist() for name, column in own.after.items()
    }
    for read, made in zip(rows.covariates, own.covariates, strict=True):
        assert (read.name, read.labels, read.judged) == (made.name, made.labels, made.judged)
        assert np.array_equal(read.columns, made.columns)
    assert rows.placebos["late_orders"].after.tolist() == own.placebos["late_orders"].after.tolist()
    assert rows.placebos["late_orders"].without == own.placebos["late_orders"].without
    assert (rows.who, rows.against, rows.units) == (own.who, own.against, own.units)
    assert len(np.unique(rows.customer)) == len(np.unique(own.customer)) == 1_500


def test_an_unknown_world_is_named(tmp_path) -> None:
    with pytest.raises(UnknownName, match="users_none"):
        write_users(tmp_path / "company", "users_nun", seed=1, customers=10)
    assert not (tmp_path / "company").exists()
