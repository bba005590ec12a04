"""Cases in money of companies whose true worth is known: the range holds it as often as said, and what is forbidden is
seen to be wrong."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.runner.proving.hazards import HAZARDS, VALUED
from analysis.runner.proving.limits import MONEY_LEVEL, bonferroni_z, coverage_accepted
from analysis.runner.proving.money_stated import assumed_of, known, ranged, request_of, true_npv
from analysis.runner.proving.money_worlds import (
    APART,
    AVERAGE,
    FULL_COST,
    LESS_ONE,
    USER_GAP,
    Company,
    case_of,
    company_of,
    forbidden,
    margin_gap,
    proved_world,
    proved_worlds,
)
from analysis.runner.proving.records import DEFAULT, Asked
from analysis.runner.proving.tallies import cells_of
from analysis.synthetic.clock import N_MONTHS
from analysis.synthetic.lean import lean_life
from analysis.synthetic.world import world_named

KINDS = [name for name, hazard in HAZARDS.items() if hazard.design == "roi_case"]
CUSTOMERS, EACH = 8_000, 20


@cache
def proved(name: str, worlds: int = EACH) -> pd.DataFrame:
    hazard = HAZARDS[name]
    asked = Asked(customers=CUSTOMERS, forbidden=False)
    return proved_worlds(hazard, range(hazard.first_seed, hazard.first_seed + worlds), asked).effects


@cache
def company() -> Company:
    hazard = HAZARDS["money_effect"]
    return company_of(hazard, hazard.first_seed, CUSTOMERS)


def exact(found: Company, **changed: Any) -> Company:
    """The same company, had the study found what is true, as surely as can be."""
    worth = replace(found.worth, **changed)
    true = {"margin": worth.margin, "issues": worth.issues, "index_issue_cost": worth.index_cost}
    known_of = {"se": 1e-9, "n_treated": 2 * worth.contacts}  # of 24 index months
    rows = [
        {**row, "value": true[row["outcome"]], **known_of} if row["scale"] == "difference" else row
        for row in found.effects
    ]
    return Company(rows, {}, worth)


@pytest.mark.slow
def test_the_truth_is_inside_as_often_as_said() -> None:
    """20 companies of each of five kinds, two cases each: 100 by 2; 25 s of processor time."""
    records = pd.concat([proved(name) for name in KINDS])
    low, high = coverage_accepted(len(KINDS) * EACH, bonferroni_z(2), MONEY_LEVEL)
    for estimand in VALUED:
        own = records[records["estimand"] == estimand]
        assert own["value"].notna().all()
        inside = (own["low"] <= own["truth"]) & (own["truth"] <= own["high"])
        assert low <= inside.mean() <= high, estimand
        off = (own["value"] - own["truth"]) / own["se"]
        assert abs(off.mean()) <= 0.2 + 2 * off.std() / math.sqrt(len(own)), estimand
        assert off.std() == pytest.approx(1, abs=0.2), estimand
    for estimand in ("positive_known", "positive_drawn"):
        own = records[records["estimand"] == estimand]
        spread = math.sqrt(float((own["value"] * (1 - own["value"])).sum()))
        assert abs(float((own["value"] - own["truth"]).sum())) <= 3 * spread + 1, estimand


def test_the_case_is_worth_what_plain_arithmetic_says() -> None:
    """Effects as they truly are, assumptions as they truly are: lines, formulas and discounting make the true worth."""
    for changed in ({}, {"issues": 0.1, "issues_cost": 0.6}, {"index_cost": 2.0}, {"margin": -4.0}):
        found = exact(company(), **changed)
        assumed = assumed_of(found.worth, np.random.default_rng(2))
        at = {name: one.drawn(np.random.default_rng(3)) for name, one in assumed.items()}
        at["cost_per_issue"] = 5.0
        told = case_of(found, request_of(known(assumed, at), 1))
        assert told.npv.p50 == pytest.approx(true_npv(found.worth, at), rel=1e-6), changed


def test_contacts_are_all_first_ones_of_the_study_s_months() -> None:
    """Of 24 months; the study leaves out a few who have nobody to be compared with, which the case does not know."""
    found = company()
    studied = mature(found, "margin", "difference")["n_treated"] / 2
    assert 0.97 * found.worth.contacts <= studied <= found.worth.contacts


def test_cases_that_are_forbidden_by_hand() -> None:
    """What each changes, and nothing else."""
    found = company()
    assumed = assumed_of(found.worth, np.random.default_rng(2))
    stated = known(assumed, {name: one.value for name, one in assumed.items()})
    wrong = {name: (other, otherwise) for name, other, otherwise in forbidden(found, stated)}
    assert set(wrong) == {LESS_ONE, APART, AVERAGE}
    assert wrong[APART][0].covariance == {}
    assert wrong[APART][0].effects is found.effects
    ratio, gain = (mature(found, "margin", scale) for scale in ("ratio", "difference"))
    post = gain["value"] / (1 - 1 / ratio["value"])
    again = mature(wrong[LESS_ONE][0], "margin", "difference")
    assert again["value"] == pytest.approx((ratio["value"] - 1) * post)
    assert mature(wrong[LESS_ONE][0], "index_issue_cost", "difference") == mature(
        found, "index_issue_cost", "difference"
    )
    other, otherwise = wrong[AVERAGE]
    shift = [mature(one, "index_issue_cost", "difference")["value"] for one in (found, other)]
    assert shift[1] / shift[0] == pytest.approx(FULL_COST)
    changed = {name for name in stated if otherwise[name] != stated[name]}
    assert changed == {"cost_per_issue", "social_cost", "deflected_cost"}


def test_effects_that_move_together_must_be_drawn_together() -> None:
    """Margin with an error of 1.5 EUR and issues of 0.2 x 7 EUR, correlated by −0.9: by hand the error of a contact is
    √(1.5² + 1.4² + 2 · 0.9 · 1.5 · 1.4) = 2.83 EUR; drawn apart it would be 2.05, and the range far too narrow."""
    found = exact(company(), margin=8.0, issues=-0.5)
    errors = {"margin": 1.5, "issues": 0.2}
    rows = [
        {**row, "se": errors.get(row["outcome"], row["se"])} if row["scale"] == "difference" else row
        for row in found.effects
    ]
    ids = [f"before_after/channel_effect/{outcome}/ratio" for outcome in ("margin", "issues")]
    joint = Company(rows, {"ids": ids, "matrix": [[0.04, -0.018], [-0.018, 0.01]]}, found.worth)
    assumed = assumed_of(found.worth, np.random.default_rng(2))
    at = {name: one.value for name, one in assumed.items()} | {"cost_per_issue": 7.0, "issues_cashable": 1.0}
    stated = known(assumed, at)
    worth_of_a_euro = found.worth.contacts * sum(at[f"uptake_{year}"] / 1.1**year for year in (1, 2, 3))
    apart = next(other for name, other, _ in forbidden(joint, stated) if name == APART)
    for one, error in ((joint, math.sqrt(1.5**2 + 1.4**2 + 2 * 0.9 * 1.5 * 1.4)), (apart, math.hypot(1.5, 1.4))):
        drawn = case_of(one, request_of(stated, 1)).draws
        assert drawn.std() == pytest.approx(worth_of_a_euro * error, rel=0.03)


def mature(found: Company, outcome: str, scale: str) -> dict[str, Any]:
    """The row of one effect."""
    (row,) = [
        row
        for row in found.effects
        if (row["outcome"], row["scale"], row["maturity"]) == (outcome, scale, "mature")
        and row["estimand"] == "channel_effect"
    ]
    return dict(row)


def test_what_is_forbidden_is_seen_to_be_wrong() -> None:
    """Six companies: average costs and the gap of users make each case too good, far beyond its interval."""
    hazard = HAZARDS["money_none"]
    seeds = range(hazard.first_seed, hazard.first_seed + 6)
    records = proved_worlds(hazard, seeds, Asked(customers=20_000, gaps=6)).effects
    by_name = records[records["estimand"] == "npv_known"].groupby("estimator")
    for name in (AVERAGE, USER_GAP):
        part = by_name.get_group(name)
        assert ((part["value"] - part["truth"]) / part["se"]).mean() > 2, name
        assert (part["low"] > part["truth"]).mean() >= 0.5, name
    assert (by_name.get_group(DEFAULT)["low"] > by_name.get_group(DEFAULT)["truth"]).mean() < 0.5


def test_the_gap_of_users_against_a_slow_count() -> None:
    life = lean_life(world_named("none"), 3, 400, measures=("orders", "margin"), everywhere=True)
    used = set(life.issue_customer[life.issue_social].tolist())
    windows: dict[bool, list[float]] = {True: [], False: []}
    for customer in range(400):
        first = max(int(life.customers.first_month[customer]), 0)
        if first < N_MONTHS:
            windows[customer in used].append(6 * sum(life.bought["margin"][customer, first:]) / (N_MONTHS - first))
    gap, error = margin_gap(life)
    assert gap == pytest.approx(np.mean(windows[True]) - np.mean(windows[False]))
    assert error == pytest.approx(math.sqrt(sum(np.var(part, ddof=1) / len(part) for part in windows.values())))


def test_a_case_without_one_of_its_lines_has_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    hazard = HAZARDS["money_effect"]
    found = company()
    rows = [row for row in found.effects if row["outcome"] != "margin"]
    monkeypatch.setattr(
        "analysis.runner.proving.money_worlds.company_of", lambda *_: Company(rows, found.covariance, found.worth)
    )
    records = proved_world(hazard, hazard.first_seed, Asked(customers=CUSTOMERS, forbidden=False))["effects"]
    assert records["value"].isna().all()
    assert set(records["estimand"]) == set(VALUED), "nothing is said of chances either"
    assert all(cell.refused == 1 and not cell.verdicts for cell in cells_of(records))


def test_the_same_seed_is_the_same_company_and_through_files_there_is_none() -> None:
    hazard = HAZARDS["money_harm"]
    asked = Asked(customers=3_000, gaps=1)
    first, again = (proved_worlds(hazard, [hazard.first_seed], asked).effects for _ in range(2))
    pd.testing.assert_frame_equal(first, again)
    assert set(first["estimator"]) == {DEFAULT, LESS_ONE, APART, AVERAGE, USER_GAP}
    assert proved_worlds(hazard, [hazard.first_seed], Asked(files=True)).effects.empty


def test_both_cases_of_a_company_rest_on_one_study() -> None:
    """The range is wider where the assumptions have ranges, and the middle cases are near each other."""
    found = company()
    assumed = assumed_of(found.worth, np.random.default_rng(2))
    sure, unsure = (
        case_of(found, request_of(stated, 1))
        for stated in (known(assumed, {name: one.value for name, one in assumed.items()}), ranged(assumed))
    )
    assert unsure.draws.std() > 1.05 * sure.draws.std()
    assert abs(unsure.draws.mean() - sure.draws.mean()) < unsure.draws.std()
