"""First contacts from tables: the truth of a made-up company, what is known beforehand, and the harm of problems."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.observational.contacts import contact_rows
from analysis.studies.observational.no_contact import no_contact_rows
from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.study import observational_on
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

OUTCOMES = ("orders", "issues")
PLAN = ObservationalPlan(outcomes=OUTCOMES, covariates=("region",), dealings=1)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Tables, dict]]:
    folder = tmp_path_factory.mktemp("worlds") / "effect"
    make_world(folder, world="effect", seed=3, customers=8000)
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    with open_tables(prepare([Source(folder)], cache=tmp_path_factory.mktemp("cache"), zone="UTC")) as tables:
        yield tables, {(one["outcome"], one["scale"]): one["value"] for one in truth["effects"] if not one["segment"]}


def test_the_truth_of_a_made_up_company(world: tuple[Tables, dict]) -> None:
    tables, truth = world
    found = observational_on(contact_rows(tables, PLAN), PLAN)
    for outcome in OUTCOMES:
        (ratio,) = found.of(outcome, "ratio")
        assert ratio.estimate is not None
        assert abs(np.log(ratio.estimate.value / truth[outcome, "ratio"])) < 2.6 * ratio.estimate.se_log
        assert (ratio.treated, ratio.comparison) == ("social", "other_channels")
    (orders,) = found.of("orders", "ratio")
    naive = next(one for one in found.effects if one.naive and one.outcome == "orders" and one.scale == "ratio")
    assert naive.estimate.value > 1.25 > orders.estimate.value, "the raw gap is mostly taste"
    names = [check.name for check in orders.checks]
    assert names == [
        "overlap", "balance", "placebo_growth_before_orders", "placebo_future_social_orders", "growth_with_taste",
    ]  # fmt: skip
    assert orders.grade == "C", "growth that goes with the taste for social is not told apart"
    (issues,) = found.of("issues", "ratio")
    assert issues.grade == "C", "nothing tests issues"
    assert found.effects[0].index_from
    assert found.effects[0].after_months == 6


def test_nothing_of_the_window_before_is_a_covariate(world: tuple[Tables, dict]) -> None:
    """Covariates carry what was bought until half a year before only: the window before moves none of them."""
    tables, _ = world
    rows = contact_rows(tables, PLAN)
    names = [one.name for one in rows.covariates]
    assert [name for name in names if "a month" in name] == ["orders a month, until half a year before"]
    early = next(one for one in rows.covariates if "a month" in one.name)
    known = early.columns[:, early.labels.index("orders a month, until half a year before not known")] == 0
    both = np.corrcoef(early.columns[known, 0], rows.before["orders"][known])[0, 1]
    assert 0.2 < both < 0.95, "alike in taste, and not the same figure"


def test_customers_without_a_problem_only_when_asked_and_with_its_harm(world: tuple[Tables, dict]) -> None:
    tables, truth = world
    plan = ObservationalPlan(outcomes=OUTCOMES, against="no_contact", dealings=1, segments=("product", "spend_band"))
    rows = no_contact_rows(tables, plan)
    found = observational_on(rows, plan)
    (orders,) = found.of("orders", "ratio")
    assert orders.grade == "C"
    assert orders.comparison == "no_contact"
    assert "It includes the harm of the problem that led to the contact." in orders.claim
    assert orders.estimate.value < truth["orders", "ratio"] - 0.05, "the harm is in it"
    assert {check.name: check.verdict for check in orders.checks}["harm_of_the_problem"] == "not_run"
    assert any("`product` makes no segments" in note for note in found.notes)
    assert any("`spend_band` makes no segments here: revenue is not followed." in note for note in found.notes)


def test_both_roads_count_the_same_orders_of_the_same_customers(world: tuple[Tables, dict]) -> None:
    """Treated customers with the same month of time zero: the stack's sums and the engine's add up to the same."""
    tables, _ = world
    plan = ObservationalPlan(outcomes=("orders",), against="no_contact")
    rows, stack = no_contact_rows(tables, plan), contact_rows(tables, ObservationalPlan(outcomes=("orders",)))
    keyed = [
        sorted(
            zip(one.cell[one.treated], one.before["orders"][one.treated], one.after["orders"][one.treated], strict=True)
        )
        for one in (rows, stack)
    ]
    assert abs(len(keyed[0]) - len(keyed[1])) <= 0.1 * len(keyed[1])  # a message before an issue is a first contact too
    from collections import Counter

    shared = sum((Counter(keyed[0]) & Counter(keyed[1])).values())
    assert shared >= 0.95 * min(map(len, keyed))


def test_spend_bands_are_of_an_earlier_window(world: tuple[Tables, dict]) -> None:
    tables, _ = world
    rows = contact_rows(tables, ObservationalPlan(outcomes=("orders", "revenue"), segments=("spend_band", "product")))
    bands = rows.attributes["spend_band"]
    assert set(bands) <= {"none", "low", "high", None}
    spend = {band: rows.before["revenue"][bands == band].mean() for band in ("none", "low", "high")}
    assert spend["none"] < spend["low"] < spend["high"]


def test_what_is_refused(world: tuple[Tables, dict], tmp_path: Path) -> None:
    tables, _ = world
    with pytest.raises(DesignError, match="None of the outcomes asked for"):
        contact_rows(tables, ObservationalPlan(outcomes=("visits",)))
    with pytest.raises(DesignError, match="for groups of `assignments`"):
        contact_rows(tables, ObservationalPlan(placebo_outcomes=("age",)))
    rows = contact_rows(tables, ObservationalPlan(outcomes=("orders", "visits"), covariates=("height",)))
    assert any("`visits` was left out" in note for note in rows.notes)
    assert any("`height` was skipped" in note for note in rows.notes)
