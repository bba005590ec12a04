"""Every made-up experiment: the same seed makes the same one, and its truth is what its customers show."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import UnknownName
from analysis.synthetic.experiments.files import write_trial
from analysis.synthetic.experiments.grouped import BY_HOUR, CLUSTERED, SWITCHED
from analysis.synthetic.experiments.invited import ANYWAY, INVITATIONS
from analysis.synthetic.experiments.stratified import NAMES, SHARES, STRATIFIED
from analysis.synthetic.experiments.trial import KINDS, ONE_BY_ONE, planted_error, trial

MANY = 400_000


def gap(values: np.ndarray, treated: np.ndarray) -> tuple[float, float]:
    """Difference of means, and its standard error for customers one by one."""
    one, other = values[treated], values[~treated]
    return one.mean() - other.mean(), float(np.sqrt(one.var() / len(one) + other.var() / len(other)))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_makes_the_same_experiment_and_another_another(kind) -> None:
    one, same, other = trial(kind, 5, 3_000), trial(kind, 5, 3_000), trial(kind, 6, 3_000)
    assert (one.treated == same.treated).all()
    assert all((column == same.measures[name]).all() for name, column in one.measures.items())
    assert one.measures["orders"].sum() != other.measures["orders"].sum()
    assert {column.dtype.name for column in one.measures.values()} == {"int64"}
    assert {len(column) for column in one.measures.values()} == {len(one.treated)}
    assert one.truth == other.truth, "the truth is the population's"


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UnknownName, match="trial_none"):
        trial("trial_non", 1, 10)


@pytest.mark.parametrize("kind", ["trial_none", "trial_effect", "trial_uneven"])
def test_arms_differ_by_the_truth_and_scatter_as_planted(kind) -> None:
    made = trial(kind, 1, MANY)
    assert made.treated.mean() == pytest.approx(made.intended, abs=0.004)
    for measure in ("bought", "orders", "spend"):
        found, error = gap(made.measures[measure], made.treated)
        assert abs(found - made.truth[f"{measure}_difference"]) < 4 * error
        assert error == pytest.approx(planted_error(kind, f"{measure}_difference", MANY), rel=0.03)
        before, error = gap(made.measures[f"{measure}_before"], made.treated)
        assert abs(before) < 4 * error, "nothing acts before the assignment"


def test_a_mismatch_loses_idle_customers_of_the_treated_arm() -> None:
    made = trial("trial_mismatch", 1, 40_000)
    treated, comparison = made.treated.sum(), (~made.treated).sum()
    assert 0.88 < treated / comparison < 0.93
    found, error = gap(made.measures["orders"], made.treated)
    assert found > 2 * error, "those left buy more"


@pytest.mark.parametrize("kind", list(CLUSTERED))
def test_clusters_are_whole_and_what_they_share_is_seen(kind) -> None:
    made, plan = trial(kind, 2, 40_000), CLUSTERED[kind]
    assert made.unit is not None
    arms = pd.Series(made.treated).groupby(made.unit).nunique()
    assert len(arms) == plan.clusters
    assert arms.eq(1).all()
    assert pd.Series(made.treated).groupby(made.unit).first().sum() == plan.clusters / 2
    means = pd.Series(made.measures["orders_before"]).groupby(made.unit).mean()
    assert means.var() == pytest.approx(plan.shared * 4, rel=0.9), "variance of the factor times the mean squared"
    many = [trial(kind, seed, 4_000) for seed in range(150)]
    gaps = np.array([gap(one.measures["orders"], one.treated)[0] for one in many])
    assert abs(gaps.mean() - made.truth["orders_difference"]) < 4 * gaps.std() / np.sqrt(len(gaps))


@pytest.mark.parametrize("kind", list(STRATIFIED))
def test_strata_are_of_their_size_have_their_chances_and_show_the_truth_within(kind) -> None:
    """Pooled, the treated buy less: those who buy least were treated most."""
    made = trial(kind, 4, MANY)
    assert made.stratum is not None
    assert np.bincount(made.stratum).tolist() == [round(share * MANY) for share in SHARES]
    for measure in ("orders", "bought"):
        found, variance = 0.0, 0.0
        for place, share in enumerate(SHARES):
            here = made.stratum == place
            assert made.treated[here].mean() == pytest.approx(made.chances[place], abs=0.006)
            difference, error = gap(made.measures[measure][here], made.treated[here])
            found, variance = found + share * difference, variance + (share * error) ** 2
        assert abs(found - made.truth[f"{measure}_difference"]) < 4 * np.sqrt(variance)
    assert gap(made.measures["orders"], made.treated)[0] < -0.5
    sums = {name: made.measures[name][~made.treated & (made.stratum == 2)].mean() for name in ("orders", "sessions")}
    assert sums["orders"] == pytest.approx(4.0, rel=0.03)
    assert sums["sessions"] == pytest.approx(7.0, rel=0.03)


def test_files_say_the_stratum_and_its_chance(tmp_path) -> None:
    write_trial(tmp_path, "strata_effect", 1, 400)
    rows = pd.read_parquet(tmp_path / "assignments.parquet")
    assert set(rows["stratum"]) == set(NAMES)
    assert (rows.groupby(["stratum", "arm"])["probability"].nunique() == 1).all()
    assert set(pd.read_parquet(tmp_path / "outcomes.parquet")["name"]) == {"orders", "sessions"}
    told = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["effects"]
    assert {one["outcome"] for one in told} == {"orders", "orders_per_session"}


def test_blocks_differ_by_hour_and_the_first_hour_follows_the_rule_before() -> None:
    made = trial("switchback_effect", 3, MANY)
    assert made.unit is not None
    assert made.early is not None
    assert made.unit.max() + 1 == SWITCHED["switchback_effect"].days * len(BY_HOUR)
    assert made.early.mean() == pytest.approx(0.25, abs=0.01)
    rule = np.array([made.treated[made.unit == block][0] for block in range(made.unit.max() + 1)])
    before = np.concatenate([[False], rule[:-1]])[made.unit]
    seeds = [trial("switchback_effect", seed, 20_000) for seed in range(60)]
    late, early = [], []
    for one in seeds:
        assert one.early is not None
        late.append(gap(one.measures["orders"][~one.early], one.treated[~one.early])[0])
        early.append(gap(one.measures["orders"][one.early], one.treated[one.early])[0])
    error = np.std(late) / np.sqrt(len(late))
    assert abs(np.mean(late) - 0.5) < 4 * error
    assert abs(np.mean(early)) < 4 * np.std(early) / np.sqrt(len(early)), "their own rule does not act yet"
    orders = made.measures["orders"]
    carried, error = gap(orders[made.early], before[made.early])
    assert carried > 0.2


@pytest.mark.parametrize("kind", list(INVITATIONS))
def test_an_invitation_moves_as_many_as_it_says(kind) -> None:
    made, plan = trial(kind, 5, MANY), INVITATIONS[kind]
    used = made.measures["used"]
    moved, error = gap(used, made.treated)
    assert abs(moved - plan.moved) < 4 * error
    assert used[~made.treated].mean() == pytest.approx(ANYWAY, abs=0.003)
    found, error = gap(made.measures["orders"], made.treated)
    assert abs(found - made.truth["orders_difference"]) < 4 * error
    assert made.truth["orders_difference"] == pytest.approx(plan.moved * made.truth["orders_difference:moved"])
    users, error = gap(made.measures["orders"], used == 1)
    assert users - made.truth["orders_difference:moved"] > 10 * error, "who takes it up bought more anyway"


@pytest.mark.parametrize("kind", ["trial_effect", "clusters_many", "switchback_effect", "invitation_effect"])
def test_files_hold_the_same_customers_and_the_truth(tmp_path, kind) -> None:
    made = trial(kind, 8, 600)
    write_trial(tmp_path, kind, 8, 600)
    assigned = pd.read_parquet(tmp_path / "assignments.parquet")
    outcomes = pd.read_parquet(tmp_path / "outcomes.parquet")
    assert assigned["arm"].eq("treated").to_numpy().tolist() == made.treated.tolist()
    measure = "sessions" if kind in ONE_BY_ONE else "orders"
    assert outcomes["value"].astype(int).tolist() == made.measures[measure].tolist()
    told = json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))["effects"]
    orders = next(row for row in told if (row["outcome"], row["scale"]) == ("orders", "difference"))
    assert float(orders["value"]) == pytest.approx(made.truth["orders_difference"])
    if kind in ONE_BY_ONE:
        bought = pd.read_parquet(tmp_path / "orders.parquet")
        start = assigned["assigned_at"].iloc[0]
        spent = bought[bought["ordered_at"] >= start].groupby("customer_id")["revenue"].sum().astype(float)
        expected = pd.Series(made.measures["spend"] / 100, index=assigned["customer_id"])
        assert spent.reindex(expected.index, fill_value=0.0).tolist() == pytest.approx(expected.tolist())
        assert len(bought) == made.measures["orders"].sum() + made.measures["orders_before"].sum()
    if kind == "invitation_effect":
        assert assigned["exposed_at"].notna().to_numpy().tolist() == (made.measures["used"] == 1).tolist()


def test_files_of_an_unknown_kind_are_refused(tmp_path) -> None:
    with pytest.raises(UnknownName, match="clusters_many"):
        write_trial(tmp_path, "clusters_man", 1, 10)
    assert not list(tmp_path.iterdir())
