"""Groups of `assignments` as rows: by hand, and what is refused or counted."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError, UnknownName
from analysis.studies.observational.groups import group_rows
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.study import observational_effect
from analysis.tables.load import Tables

Company = Callable[..., Tables]
PLAN = ObservationalPlan(experiment="club", covariates=("age", "region"))


def frames(n: int = 300) -> dict[str, pd.DataFrame]:
    """Members are older; each year of age is worth one visit, membership two."""
    rng = np.random.default_rng(1)
    age = rng.integers(20, 60, n)
    member = rng.random(n) < 1 / (1 + np.exp((40 - age) / 12))
    who = [f"c{place:03d}" for place in range(n)]
    return {
        "customers": pd.DataFrame(
            {"customer_id": who, "age": age, "region": np.where(age % 2 == 0, "north", "south"), "street": who}
        ),
        "assignments": pd.DataFrame(
            {"experiment_id": "club", "customer_id": who, "arm": np.where(member, "member", "control")}
        ),
        "outcomes": pd.DataFrame(
            {"experiment_id": "club", "customer_id": who, "name": "visits", "value": age + 2 * member + age % 3}
        ),
    }


def test_rows_hold_what_the_tables_hold(company: Company) -> None:
    given = frames()
    rows = group_rows(company(**given), PLAN)
    assert len(rows) == 300
    assert rows.treated.sum() == (given["assignments"]["arm"] == "member").sum()
    assert rows.after["visits"].tolist() == given["outcomes"]["value"].tolist()
    age, region = rows.covariates
    assert age.labels == ("age", "age, squared")
    assert age.columns[:, 0].tolist() == given["customers"]["age"].tolist()
    assert len(region.labels) == 1
    assert (rows.treated_name, rows.comparison_name) == ("member", "control")
    assert "no `assigned_at` is recorded" in rows.notes[0]
    assert "age, region were known before the treatment, and not changed by it, is taken from" in rows.notes[1]


def test_an_exact_law_is_found_exactly(company: Company) -> None:
    """Visits follow age and membership without noise but for age modulo 3: the two more of members come back."""
    (effect, *_) = observational_effect(company(**frames(2000)), PLAN).of("visits")
    assert effect.estimate is not None
    assert effect.estimate.low < 2 < effect.estimate.high
    assert effect.estimate.se < 0.1
    raw = effect.estimate.value
    assert abs(raw - 2) < 0.2


def test_who_is_in_both_groups_is_left_out_and_counted(company: Company) -> None:
    given = frames()
    twice = given["assignments"].head(5).assign(arm=lambda rows: np.where(rows["arm"] == "member", "control", "member"))
    twice["block_start"] = "2026-01-01"
    given["assignments"] = pd.concat([given["assignments"], twice])
    rows = group_rows(company(**given), PLAN)
    assert rows.account == {
        "customers": 300, "left_out_in_both_groups": 5, "outcomes_before_time_zero": 0, "kept": 295,
    }  # fmt: skip
    assert "5 customers are in both groups" in rows.notes[0]


def test_clusters_share_an_error(company: Company) -> None:
    given = frames()
    given["assignments"] = given["assignments"].assign(unit="cluster", cluster_id=[f"k{n // 3}" for n in range(300)])
    rows = group_rows(company(**given), PLAN)
    assert len(np.unique(rows.customer)) == 100


def test_missing_outcomes_and_covariates_are_told(company: Company) -> None:
    given = frames()
    given["outcomes"] = given["outcomes"].iloc[10:]
    given["customers"].loc[:4, "age"] = None
    rows = group_rows(company(**given), PLAN)
    assert np.isnan(rows.after["visits"]).sum() == 10
    assert rows.covariates[0].labels[-1] == "age not known"
    assert rows.covariates[0].columns[:, -1].sum() == 5


@pytest.mark.parametrize(
    ("plan", "error", "words"),
    [
        (ObservationalPlan(experiment="clubb", covariates=("age",)), UnknownName, "Did you mean `club`"),
        (ObservationalPlan(experiment="club", treated="membr", covariates=("age",)), UnknownName, "member"),
        (ObservationalPlan(experiment="club", outcomes=("visit",), covariates=("age",)), UnknownName, "visits"),
        (ObservationalPlan(experiment="club", covariates=("street",)), DesignError, "different values"),
        (ObservationalPlan(experiment="club", covariates=("height",)), DesignError, "no column `height`"),
        (ObservationalPlan(experiment="club", placebo_outcomes=("region",)), DesignError, "is a number"),
    ],
)
def test_what_is_refused(company: Company, plan: ObservationalPlan, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        group_rows(company(**frames()), plan)


def test_three_groups_need_their_names(company: Company) -> None:
    given = frames()
    given["assignments"].loc[:20, "arm"] = "guest"
    with pytest.raises(DesignError, match="say which is compared with which"):
        group_rows(company(**given), PLAN)
    rows = group_rows(company(**given), ObservationalPlan(experiment="club", treated="guest", covariates=("age",)))
    assert (rows.treated_name, rows.comparison_name) == ("guest", "control")


def test_text_from_the_tables_is_text(company: Company) -> None:
    given = frames()
    given["assignments"] = given["assignments"].replace({"member": "x' or '1'='1"})
    given["customers"] = given["customers"].rename(columns={"region": 'a"b'})
    found = observational_effect(company(**given), ObservationalPlan(experiment="club", covariates=("age", 'a"b')))
    assert found.effects[0].treated == "x' or '1'='1"


def test_groups_that_were_drawn_by_lot_are_no_case_for_this(company: Company) -> None:
    given = frames()
    rows = given["assignments"]
    given["assignments"] = pd.concat(
        [rows.assign(probability=0.5), rows.assign(experiment_id="other", probability=None)]
    )
    with pytest.raises(DesignError, match=r"drawn by lot: 300 of 300 rows.*`ab_randomised`"):
        group_rows(company(**given), PLAN)
    given["assignments"] = given["assignments"].assign(
        probability=lambda all_rows: np.where(all_rows["experiment_id"] == "club", np.nan, 0.5)
    )
    assert len(group_rows(company(**given), PLAN)) == 300
