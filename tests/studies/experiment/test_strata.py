"""Chance within strata: the odds that were set, who belongs to no stratum, what is said within strata and without."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from analysis.foundation.errors import DesignError
from analysis.inference.compare import sample_ratio
from analysis.studies.experiment.arms import arms_of
from analysis.studies.experiment.by_strata import COMPARED
from analysis.studies.experiment.contrasts import ADJUSTED, ANYTIME, COMPLIER, EFFECT, NAIVE
from analysis.studies.experiment.looks import Looks
from analysis.studies.experiment.plan import ExperimentPlan
from analysis.studies.experiment.study import randomised
from tests.studies.experiment.trials import ASSIGNED, assigned, measured, orders_of, people

ODDS = {"new": 0.2, "old": 0.8}
"""Old customers buy more and are mostly treated with what harms them: pooled it looks like a gain."""


def lot(n: int = 2_000, odds: dict[str, float] = ODDS, seed: int = 1, **columns: Any) -> pd.DataFrame:
    """So many customers of each stratum, each assigned by the stratum's chance, which the rows state."""
    rng = np.random.default_rng(seed)
    stratum = np.repeat(list(odds), n)
    chance = np.repeat(list(odds.values()), n)
    treated = rng.random(len(stratum)) < chance
    return pd.DataFrame(
        {
            "customer_id": [f"c{place}" for place in range(len(stratum))],
            "experiment_id": "trial",
            "arm": np.where(treated, "a", "control"),
            "stratum": stratum,
            "probability": np.round(np.where(treated, chance, 1 - chance), 12),
            **columns,
        }
    )


def visits(frame: pd.DataFrame, effect: float = -0.3, seed: int = 2) -> np.ndarray:
    """Old customers come six times, new ones once; the treatment takes something away from both."""
    rng = np.random.default_rng(seed)
    level = np.where(frame["stratum"] == "old", 6.0, 1.0) + np.where(frame["arm"] == "a", effect, 0.0)
    return rng.poisson(np.maximum(level, 0))


def in_old_too(frame: pd.DataFrame) -> pd.DataFrame:
    """The same customers and arms again, as if they were old ones."""
    chance = np.where(frame["arm"] == "a", ODDS["old"], 1 - ODDS["old"])
    return frame.assign(stratum="old", block_start="2025-03-02T00:00:00", probability=np.round(chance, 12))


def told(found, estimand: str = EFFECT, scale: str = "difference", **segment: str):
    (effect,) = (e for e in found.effects if (e.estimand, e.scale, dict(e.segment)) == (estimand, scale, segment))
    return effect


def test_pooled_has_the_wrong_sign_and_within_strata_the_right_one(company) -> None:
    """Planted: 0.3 visits fewer for everybody. The pooled arms differ by who they hold, some 2.7 visits upwards."""
    frame = lot()
    found = randomised(company(assignments=frame, outcomes=measured(frame, visits(frame))), ExperimentPlan())
    effect, raw = told(found), told(found, NAIVE)
    assert effect.estimate.low <= -0.3 <= effect.estimate.high < 0
    assert effect.grade == "A"
    assert effect.estimate.method == "difference in means within 2 strata (Neyman), average over all customers"
    assert raw.estimate.low > 2
    assert raw.grade == "D"
    assert raw.naive
    assert raw.claim.endswith("the arms hold unlike customers; this figure forgets that.")
    (check,) = (one for one in effect.checks if one.name == COMPARED)
    assert (check.verdict, check.detail) == ("passed", "All 4,000 customers are in strata that hold both arms.")
    assert any("chance decided within 2 strata (new, old)" in note for note in found.notes)
    assert "Chances of a / control, as the assignments say: new 20 % / 80 %; old 80 % / 20 %." in found.notes
    strata = found.frames["strata"].set_index(["stratum", "arm"])
    assert strata["customers"].sum() == 4_000
    assert strata.loc[("old", "a"), "expected_share"] == pytest.approx(0.8)


def test_it_is_the_saturated_regression_by_hand_and_by_statsmodels(company) -> None:
    """Lin's regression on the arm, the strata less their shares, and both crossed, with errors HC2: to a billionth."""
    frame = lot(300, {"new": 0.2, "old": 0.7, "vip": 0.5}, seed=4)
    values = visits(frame, seed=5) * 1.5
    found = told(randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())).estimate
    dummies = pd.get_dummies(frame["stratum"], drop_first=True).to_numpy(dtype=float)
    centred, arm = dummies - dummies.mean(axis=0), (frame["arm"] == "a").to_numpy(dtype=float)
    design = np.column_stack([np.ones(len(arm)), arm, centred, centred * arm[:, None]])
    fit = sm.OLS(values, design).fit(cov_type="HC2")
    assert found.value == pytest.approx(fit.params[1], abs=1e-9)
    assert found.se == pytest.approx(fit.bse[1], abs=1e-9)


def test_the_sample_ratio_is_that_of_each_stratum_and_pooled_it_would_fail(company) -> None:
    frame = lot(odds={"new": 0.1, "old": 0.7}, seed=3)
    arms = arms_of(company(assignments=frame), ExperimentPlan(), "trial")
    assert not arms.ratio.failed
    assert "against the chances stated for each of 2 strata" in arms.check().detail
    pooled = frame["arm"].value_counts().to_dict()
    assert sample_ratio(pooled).failed, "equal shares"
    assert sample_ratio(pooled, frame.groupby("arm")["probability"].mean().to_dict()).failed
    assert dict(arms.ratio.counts) == pooled


def test_customers_lost_in_one_stratum_are_seen_and_named(company) -> None:
    """A tenth of the treated of one stratum are missing, as many of the other's untreated: pooled it is even."""
    frame = lot(4_000, {"new": 0.5, "old": 0.5}, seed=6)
    for stratum, arm in (("new", "a"), ("old", "control")):
        gone = frame[(frame["stratum"] == stratum) & (frame["arm"] == arm)].index[:220]
        frame = frame.drop(gone)
    found = randomised(company(assignments=frame, outcomes=measured(frame, visits(frame))), ExperimentPlan())
    (effect,) = found.effects
    assert effect.grade == "D"
    assert "the sample ratio failed" in str(effect.reason)
    assert "furthest off in `" in str(effect.reason)
    assert not sample_ratio(frame["arm"].value_counts().to_dict()).failed
    silent = frame.drop(columns="probability")
    undeclared = arms_of(company(assignments=silent), ExperimentPlan(), "trial")
    assert undeclared.ratio.failed, "also against the shares of all strata"
    assert "equal shares in each of 2 strata" in str(undeclared.refusal)


def test_chances_that_nobody_declared_are_those_of_all_and_others_fail(company) -> None:
    frame = lot(1_000, {"new": 0.4, "old": 0.6}).drop(columns="probability")
    arms = arms_of(company(assignments=frame), ExperimentPlan(), "trial")
    assert arms.ratio.failed
    even = lot(1_000, {"new": 0.5, "old": 0.5}).drop(columns="probability")
    assert not arms_of(company(assignments=even), ExperimentPlan(), "trial").ratio.failed


def test_the_parameters_may_say_the_chances(company) -> None:
    frame = lot()
    silent = frame.drop(columns="probability")
    chances = {stratum: {"a": odd, "control": 1 - odd} for stratum, odd in ODDS.items()}
    values = measured(frame, visits(frame))
    stated = randomised(company(assignments=frame, outcomes=values), ExperimentPlan())
    given = randomised(company(assignments=silent, outcomes=values), ExperimentPlan(chances=chances))
    assert [e.estimate for e in stated.effects] == [e.estimate for e in given.effects]
    assert [e.grade for e in stated.effects] == [e.grade for e in given.effects] == ["A", "A", "D"]
    assert any("as the parameters say" in note for note in given.notes)


@pytest.mark.parametrize(
    ("chances", "words"),
    [
        ({"new": {"a": 0.2, "control": 0.8}}, "they say nothing of 1 of its 2 strata .first: `old`."),
        ({"new": {"b": 0.2, "control": 0.8}, "old": {"a": 0.5, "control": 0.5}}, "they name `b`"),
        ({"new": {"a": 0.5, "control": 0.5}, "old": {"a": 0.8, "control": 0.2}}, "its assignments state 0.2 to 0.2"),
    ],
)
def test_parameters_that_do_not_fit_the_assignments_are_refused(company, chances, words) -> None:
    tables = company(assignments=lot())
    with pytest.raises(DesignError, match=words):
        arms_of(tables, ExperimentPlan(chances=chances), "trial")


def test_chances_of_no_strata_are_refused(company) -> None:
    tables = company(assignments=assigned({"a": 60, "control": 60}))
    with pytest.raises(DesignError, match="its assignments have no `stratum`"):
        arms_of(tables, ExperimentPlan(chances={"new": {"a": 0.5, "control": 0.5}}), "trial")
    with pytest.raises(DesignError, match=r"add to 1; `new` has `a` 0\.5, `control` 0\.4"):
        ExperimentPlan(chances={"new": {"a": 0.5, "control": 0.4}})


def test_who_has_no_stratum_or_two_is_left_out_and_counted(company) -> None:
    frame = lot()
    frame.loc[:39, "stratum"] = None
    frame = frame.assign(block_start="2025-03-01T00:00:00")
    frame = pd.concat([frame, in_old_too(frame.iloc[50:60])])
    arms = arms_of(company(assignments=frame), ExperimentPlan(template="standard"), "trial")
    assert sum(arms.customers.values()) == 4_000 - 40 - 10
    assert arms.refusal is None
    assert any("40 of 4,000 customers have no stratum" in note for note in arms.notes)
    assert any("10 of 4,000 customers are in more than one stratum" in note for note in arms.notes)


def test_many_without_a_stratum_or_in_two_are_refused(company) -> None:
    frame = lot()
    nowhere = frame.assign(stratum=frame["stratum"].where(frame.index % 10 > 0))
    refused = arms_of(company(assignments=nowhere), ExperimentPlan(), "trial").refusal
    assert str(refused).startswith("400 of 4,000 customers have no stratum, and chances differ between strata.")
    dated = frame.assign(block_start="2025-03-01T00:00:00")
    twice = pd.concat([dated, in_old_too(dated.iloc[:100])])
    refused = arms_of(company(assignments=twice), ExperimentPlan(template="standard"), "trial").refusal
    assert str(refused).startswith("100 of 4,000 customers are in more than one stratum")


def test_where_chances_are_the_same_nobody_is_left_out_for_a_stratum(company) -> None:
    frame = lot(odds={"new": 0.5, "old": 0.5})
    frame.loc[::3, "stratum"] = None
    found = randomised(company(assignments=frame, outcomes=measured(frame, visits(frame))), ExperimentPlan())
    effect = told(found)
    assert effect.estimate.n_treated + effect.estimate.n_comparison == 4_000
    assert "within 3 strata" in effect.estimate.method
    assert not [e for e in found.effects if e.estimand == NAIVE], "pooled it would not be wrong, only less sure"


def test_chances_that_differ_within_a_stratum_are_refused(company) -> None:
    frame = lot()
    frame.loc[5, "probability"] = 0.3
    refused = arms_of(company(assignments=frame), ExperimentPlan(), "trial").refusal
    assert "differ between customers of one arm and stratum" in str(refused)
    without = lot().drop(columns="stratum")
    assert "fill `stratum`" in str(arms_of(company(assignments=without), ExperimentPlan(), "trial").refusal)


def test_a_stratum_with_one_arm_empty_is_left_out_counted_and_bounded(company) -> None:
    """A stratum that is treated whole says nothing of the difference: 40 customers are a slip, 400 are not."""
    for extra, left in ((40, False), (400, True)):
        frame = lot()
        whole = lot(extra, {"vip": 1.0}).assign(customer_id=lambda rows: "v" + rows["customer_id"])
        frame = pd.concat([frame, whole], ignore_index=True)
        values = np.concatenate([visits(frame.iloc[:4_000]), np.full(extra, 50)])
        found = randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())
        effect = told(found)
        (check,) = (one for one in effect.checks if one.name == COMPARED)
        assert check.detail.startswith(
            f"{extra:,} of {4_000 + extra:,} customers are in 1 stratum of which an arm holds"
        )
        assert (effect.estimate is None) == left
        if left:
            assert "without so many nothing is said of all" in str(effect.reason)
        else:
            assert effect.estimate.value == pytest.approx(-0.3, abs=0.2)


def test_too_many_thin_strata_of_even_chances_are_passed_over(company) -> None:
    """Pairs: each stratum has one customer an arm, of which no spread can be told."""
    frame = assigned({"a": 300, "control": 300})
    frame["stratum"] = frame["customer_id"].str.split("-").str[1]
    values = np.random.default_rng(3).poisson(3, 600)
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())
    assert told(found).estimate.method == "difference in means (Welch)"
    assert any("They are passed over" in note for note in found.notes)
    assert told(found).grade == "A"


def test_small_strata_are_told_together(company) -> None:
    """No count under ten of an arm of a stratum leaves the study; where even together they are few, none does."""
    for extra, rows in ((8, {"new", "old"}), (14, {"new", "old", "small strata"})):
        tiny = [lot(extra, {name: 0.5}, seed=30).assign(customer_id=lambda r, n=name: n + r["customer_id"])
                for name in ("v1", "v2", "v3")]  # fmt: skip
        frame = pd.concat([lot(), *tiny], ignore_index=True)
        found = randomised(
            company(assignments=frame, outcomes=measured(frame, np.arange(len(frame)) % 7)), ExperimentPlan()
        )
        strata = found.frames["strata"]
        assert set(strata["stratum"]) == rows
        assert strata["customers"].min() >= 10


def test_segments_are_compared_within_strata_each_by_its_own_shares(company) -> None:
    """By hand: strata weigh in the north as many customers as they have there."""
    frame = lot(3_000)
    region = np.where(np.random.default_rng(8).random(6_000) < np.where(frame["stratum"] == "old", 0.2, 0.4), "n", "s")
    values = visits(frame)
    tables = company(assignments=frame, customers=people(frame, region=region), outcomes=measured(frame, values))
    found = randomised(tables, ExperimentPlan(segments=("region",)))
    for place in ("n", "s"):
        by_hand = 0.0
        for stratum in ODDS:
            here = (region == place) & (frame["stratum"] == stratum)
            treated = here & (frame["arm"] == "a")
            gap = values[treated].mean() - values[here & ~treated].mean()
            by_hand += here.sum() / (region == place).sum() * gap
        assert told(found, region=place).estimate.value == pytest.approx(by_hand, abs=1e-12)


def test_a_segment_that_goes_with_the_arms_within_strata_is_refused(company) -> None:
    frame = lot(3_000)
    chance = np.where(frame["arm"] == "a", 0.3, 0.2)
    flag = np.where(np.random.default_rng(8).random(6_000) < chance, "yes", "no")
    tables = company(assignments=frame, customers=people(frame, flag=flag), outcomes=measured(frame, visits(frame)))
    found = randomised(tables, ExperimentPlan(segments=("flag",)))
    assert any("Segment `flag` was skipped: its values are spread differently" in note for note in found.notes)


def test_a_thin_stratum_of_a_segment_refuses_that_segment_only(company) -> None:
    """Of the few islanders all old customers happen to be treated: a slip of 26, and more than 5 % of them."""
    frame = lot(3_000, {"new": 0.3, "old": 0.9}, seed=12)
    island = np.zeros(6_000, dtype=bool)
    island[:400] = True
    island[frame[(frame["stratum"] == "old") & (frame["arm"] == "a")].index[:26]] = True
    values, region = measured(frame, visits(frame)), np.where(island, "island", "main")
    tables = company(assignments=frame, customers=people(frame, region=region), outcomes=values)
    found = randomised(tables, ExperimentPlan(segments=("region",)))
    refused = told(found, region="island")
    assert str(refused.reason).startswith("26 of 426 customers are in 1 stratum of which an arm holds fewer than 2")
    assert told(found, region="main").estimate is not None


def test_covariates_and_events_are_taken_within_strata(company) -> None:
    """Age goes with the stratum, so with the arms as well: it is no result of the assignment, and still narrows."""
    frame = lot(1_500, assigned_at=ASSIGNED)
    rng = np.random.default_rng(9)
    age = np.where(frame["stratum"] == "old", 60, 30) + rng.integers(0, 20, 3_000)
    values = visits(frame) + age
    trait = np.where(rng.random(3_000) < np.where(frame["stratum"] == "old", 0.8, 0.2), "mail", "app")
    tables = company(assignments=frame, customers=people(frame, age=age, trait=trait), outcomes=measured(frame, values))
    found = randomised(tables, ExperimentPlan(covariates=("age", "trait")))
    plain, adjusted = told(found), told(found, ADJUSTED)
    assert not [note for note in found.notes if "not adjusted" in note]
    assert adjusted.estimate.se < 0.6 * plain.estimate.se
    assert adjusted.estimate.low <= -0.3 <= adjusted.estimate.high
    assert adjusted.estimate.method.startswith("CUPED on 2 covariates, difference in means within 2 strata")


def test_a_covariate_that_the_treatment_changed_is_refused_within_strata_too(company) -> None:
    frame = lot(1_500)
    rng = np.random.default_rng(9)
    score = rng.integers(0, 20, 3_000) + np.where(frame["arm"] == "a", 3, 0)
    likes = np.where(rng.random(3_000) < np.where(frame["arm"] == "a", 0.6, 0.4), "yes", "no")
    tables = company(
        assignments=frame, customers=people(frame, score=score, likes=likes), outcomes=measured(frame, visits(frame))
    )
    found = randomised(tables, ExperimentPlan(covariates=("score", "likes"), segments=("likes",)))
    assert sum("result of the assignment" in note for note in found.notes) == 3


def test_an_outcome_that_is_lost_by_stratum_is_sound_and_one_lost_by_arm_is_not(company) -> None:
    frame = lot()
    rng = np.random.default_rng(10)
    values = visits(frame)
    by_stratum = rng.random(4_000) < np.where(frame["stratum"] == "old", 0.9, 0.6)
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)[by_stratum]), ExperimentPlan())
    effect = told(found)
    assert effect.grade == "A"
    assert effect.estimate.low <= -0.3 <= effect.estimate.high
    by_arm = rng.random(4_000) < np.where(frame["arm"] == "a", 0.9, 0.8)
    lost = randomised(company(assignments=frame, outcomes=measured(frame, values)[by_arm]), ExperimentPlan())
    assert "within strata" in str(told(lost).reason)


def test_ratios_of_two_outcomes_and_relative_effects(company) -> None:
    frame = lot(2_000)
    rng = np.random.default_rng(11)
    sessions = visits(frame, 0.0) + 2
    bought = rng.binomial(sessions, np.where(frame["arm"] == "a", 0.3, 0.25))
    outcomes = pd.concat([measured(frame, sessions, "sessions"), measured(frame, bought, "bought")])
    plan = ExperimentPlan(outcomes=("bought",), ratios={"rate": ("bought", "sessions")})
    found = randomised(company(assignments=frame, outcomes=outcomes), plan)
    (effect,) = found.of("rate")
    assert effect.estimate.low <= 0.05 <= effect.estimate.high
    assert "difference of ratios (delta method) within 2 strata" in effect.estimate.method
    (raw,) = found.of("rate", estimand=NAIVE)
    assert raw.estimate.method == "difference of ratios (delta method)"
    assert raw.grade == "D"
    (relative,) = found.of("rate", scale="ratio")
    assert relative.estimate.low <= 1.2 <= relative.estimate.high
    (share,) = found.of("bought", scale="ratio")
    assert share.estimate.low <= 1.2 <= share.estimate.high


def test_events_before_adjust_within_strata(company) -> None:
    frame = lot(700, assigned_at=ASSIGNED)
    who = list(frame["customer_id"][::2])
    orders = orders_of(who, ["2025-02-01T00:00:00", "2025-03-10T00:00:00"])
    late = orders_of([frame["customer_id"][1]], ["2025-09-01T00:00:00"])
    tables = company(assignments=frame, orders=pd.concat([orders, late]))
    found = randomised(tables, ExperimentPlan(outcomes=("orders",)))
    (adjusted,) = found.of("orders", estimand=ADJUSTED)
    assert adjusted.estimate.value == pytest.approx(0, abs=1e-9), "orders after are those before"
    assert adjusted.estimate.se < 1e-6


def test_what_is_not_made_within_strata_is_refused_and_says_so(company) -> None:
    frame = lot(1_000)
    plan = ExperimentPlan(
        quantiles={"visits": (0.5,)}, winsorise={"visits": 5.0}, explore=("visits",), template="encouragement",
        looks=Looks(first=500, maximum=3_000),
    )  # fmt: skip
    found = randomised(company(assignments=frame, outcomes=measured(frame, visits(frame))), plan)
    refused = {effect.estimand for effect in found.effects if effect.estimate is None}
    assert refused == {ANYTIME, COMPLIER, "quantile_effect:0.5", "experiment_effect_winsorised"}
    assert all("not made within strata" in str(e.reason) for e in found.effects if e.estimate is None)
    assert any("was not looked for: chances differ between strata" in note for note in found.notes)


def test_clusters_of_uneven_chances_are_refused_and_of_even_ones_compared_as_ever(company) -> None:
    frame = lot(600, unit="cluster")
    frame["cluster_id"] = (
        frame["stratum"] + frame["arm"] + (frame.groupby(["stratum", "arm"]).cumcount() % 12).astype(str)
    )
    refused = arms_of(company(assignments=frame), ExperimentPlan(), "trial").refusal
    assert "clusters were assigned; they are compared within strata only where customers" in str(refused)
    even = frame.assign(probability=0.5)
    arms = arms_of(company(assignments=even), ExperimentPlan(), "trial")
    assert (arms.refusal, arms.strata) == (None, None)
    assert any("strata are passed over where clusters were assigned" in note for note in arms.notes)


def test_who_is_in_another_experiment_is_judged_within_strata(company) -> None:
    """The other test takes old customers only; over all customers that goes together with the arms here."""
    frame = lot()
    other = frame[frame["stratum"] == "old"].assign(experiment_id="other", stratum=None, probability=0.5)
    other["arm"] = np.where(np.arange(len(other)) % 2, "x", "y")
    arms = arms_of(company(assignments=pd.concat([frame, other])), ExperimentPlan(), "trial")
    (note,) = (one for one in arms.notes if "`other`" in one)
    assert "spread evenly over those here" in note


def test_a_rare_outcome_is_judged_by_each_stratums_smaller_arm(company) -> None:
    """90 old buyers among 2,000, of whom 1 in 20 is in the smaller arm: 100 would pool to 36 in the smaller arm."""
    frame = lot(2_000, {"new": 0.05, "old": 0.95})
    values = np.zeros(4_000)
    values[2_000:2_090] = 1
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())
    assert "in the smaller arms of 2 strata" in str(told(found).reason)


def test_three_arms_weigh_strata_by_all_of_their_customers(company) -> None:
    rng = np.random.default_rng(20)
    chances = {"new": (0.2, 0.2, 0.6), "old": (0.5, 0.3, 0.2)}
    rows = []
    for stratum, odds in chances.items():
        drawn = rng.choice(3, 1_500, p=odds)
        rows += [(stratum, ("a", "b", "control")[one], odds[one]) for one in drawn]
    frame = pd.DataFrame(rows, columns=["stratum", "arm", "probability"]).assign(experiment_id="trial")
    frame["customer_id"] = [f"c{place}" for place in range(3_000)]
    values = visits(frame)
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), ExperimentPlan())
    assert not arms_of(company(assignments=frame), ExperimentPlan(), "trial").ratio.failed
    for arm in ("a", "b"):
        (effect,) = (e for e in found.of("visits") if e.treated == arm)
        by_hand = 0.5 * sum(
            values[(frame["stratum"] == s) & (frame["arm"] == arm)].mean()
            - values[(frame["stratum"] == s) & (frame["arm"] == "control")].mean()
            for s in chances
        )
        assert effect.estimate.value == pytest.approx(by_hand, abs=1e-12)


def test_the_order_of_rows_changes_nothing(company) -> None:
    frame = lot(300)
    customers, outcomes = people(frame, region=np.where(np.arange(600) % 2, "n", "s")), measured(frame, visits(frame))
    plan = ExperimentPlan(segments=("region",))
    one = randomised(company(assignments=frame, customers=customers, outcomes=outcomes), plan)
    mixed = [table.sample(frac=1, random_state=5) for table in (frame, customers, outcomes)]
    other = randomised(company(assignments=mixed[0], customers=mixed[1], outcomes=mixed[2]), plan)
    assert one.to_parts() == other.to_parts()
