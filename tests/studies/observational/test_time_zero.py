"""Nothing before time zero is an outcome, nobody counts twice, and what no date says is said to be undated."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.observational.fit import fit
from analysis.studies.observational.groups import group_rows
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.study import observational_on
from analysis.tables.load import Tables
from tests.studies.observational.planted import planted
from tests.studies.observational.test_groups import frames

Company = Callable[..., Tables]
PLAN = ObservationalPlan(experiment="club", covariates=("age", "region"))


def test_outcomes_measured_before_time_zero_are_none(company: Company) -> None:
    given = frames()
    given["assignments"]["assigned_at"] = pd.Timestamp("2026-03-01", tz="UTC")
    given["outcomes"]["measured_at"] = pd.to_datetime(
        ["2026-02-28 23:59:59"] * 12 + ["2026-03-01 00:00:00"] * 8 + [None] * 280, utc=True
    )
    rows = group_rows(company(**given), PLAN)
    assert np.isnan(rows.after["visits"]).tolist() == [True] * 12 + [False] * 288
    assert rows.account["outcomes_before_time_zero"] == 12
    assert any(note.startswith("12 outcomes were measured before") for note in rows.notes)


def test_covariates_carry_no_date_whatever_the_assignment_does(company: Company) -> None:
    given = frames()
    for dated in (False, True):
        if dated:
            given["assignments"]["assigned_at"] = pd.Timestamp("2026-03-01", tz="UTC")
        notes = group_rows(company(**given), PLAN).notes
        (note,) = [one for one in notes if "taken from the parameters" in one]
        assert "age, region" in note
        assert any("For 300 of 300 customers no `assigned_at`" in one for one in notes) is not dated


def test_what_bears_the_name_of_an_outcome_is_not_known_before_it(company: Company) -> None:
    given = frames()
    given["customers"]["visits"] = given["outcomes"]["value"]
    for field in ("covariates", "placebo_outcomes", "segments"):
        with pytest.raises(DesignError, match=r"cannot be known before it: visits\. Take it out of"):
            group_rows(company(**given), replace(PLAN, **{field: ("visits",)}))


def test_comparison_is_worth_customers_not_rows() -> None:
    """Everybody in four rows: as many customers, and as sure, as in one; the raw gap and the roads beside likewise."""
    world = planted(7, 1_500).rows
    many = np.tile(np.arange(1_500), 4)
    again = replace(
        world,
        treated=world.treated[many],
        customer=many,
        cell=np.repeat(np.arange(4), 1_500),
        after={"orders": world.after["orders"][many]},
        covariates=tuple(replace(one, columns=one.columns[many]) for one in world.covariates),
        placebos={},
    )
    plan = ObservationalPlan(dealings=1)
    once, fourfold = (fit(rows, plan, {"orders": (rows.after["orders"], None)}) for rows in (world, again))
    assert fourfold.effective == pytest.approx(once.effective, rel=0.02)
    assert fourfold.largest_share == pytest.approx(once.largest_share, rel=0.1)
    told = [observational_on(rows, plan) for rows in (replace(world, placebos={}), again)]
    roads = [one.beside.set_index("estimator").assign(width=lambda frame: frame["high"] - frame["low"]) for one in told]
    for road in ("doubly_robust", "weighted", "raw"):
        assert roads[1].loc[road, "width"] == pytest.approx(roads[0].loc[road, "width"], rel=0.05), road
    assert roads[1].loc["matched", "width"] > 0.7 * roads[0].loc["matched", "width"]
