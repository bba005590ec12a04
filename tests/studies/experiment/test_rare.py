"""Too few events for an interval: the bound by hand, how often a true zero is left out, and every kind of arm."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from analysis.studies.experiment.contrasts import EFFECT
from analysis.studies.experiment.looks import Looks
from analysis.studies.experiment.plan import ExperimentPlan, Guardrail
from analysis.studies.experiment.rare import FEWEST_EXPECTED, Seen, too_rare
from analysis.studies.experiment.study import randomised
from tests.studies.experiment.trials import assigned, draws, measured, people


def first(n: int, ones: int, value: float = 1) -> np.ndarray:
    """So many customers with a value, the others with none."""
    return np.where(np.arange(n) < ones, value, 0)


def test_four_of_fifty_against_none_are_no_effect(company) -> None:
    """Welch's interval would be 0.002 to 0.158; Fisher's exact test has p = 0.12."""
    frame = assigned({"a": 50, "control": 50})
    tables = company(assignments=frame, outcomes=measured(frame, np.concatenate([first(50, 4), first(50, 0)])))
    (effect,) = randomised(tables, ExperimentPlan()).effects
    assert (effect.estimand, effect.grade, effect.estimate) == (EFFECT, "D", None)
    assert (effect.n_treated, effect.n_comparison) == (50, 50)
    assert "4 of 100 customers have `visits` other than zero, 2 in an arm of 50 if the arms are alike" in effect.claim
    assert "10 are needed" in effect.claim
    assert "Wait for more customers" in effect.claim


@pytest.mark.parametrize(
    ("ones", "told"), [(9, False), (10, True), (90, True), (91, False), (100, False)]
)  # fmt: skip
def test_events_and_customers_without_are_both_needed_of_a_share(ones: int, told: bool) -> None:
    """Arms of 100 alike: 10 must be expected in each."""
    seen = Seen(n=100, other_than_zero=ones, other_than_yes=0)
    assert (too_rare(seen, seen, "visits") is None) is told


def test_a_count_needs_customers_who_have_any_and_none_who_have_not() -> None:
    assert too_rare(Seen(100, 100, 30), Seen(100, 100, 30), "visits") is None
    assert "other than zero" in str(too_rare(Seen(100, 9, 3), Seen(100, 9, 3), "visits"))
    whole = Seen(100, 100, 0)
    assert "100 customers" not in str(too_rare(whole, Seen(100, 100, 1), "visits"))


def test_the_smaller_arm_is_what_counts() -> None:
    """55 events of 550 customers: 5 are expected in the arm of 50, and 110 make 10."""
    small = Seen(50, 5, 0)
    assert "5 in an arm of 50" in str(too_rare(small, Seen(500, 50, 0), "visits"))
    assert too_rare(small, Seen(500, 105, 0), "visits") is None


@pytest.mark.parametrize(("n", "m"), [(50, 50), (200, 200), (50, 500), (200, 2000)])
def test_where_an_effect_is_told_a_true_zero_is_left_out_about_as_often_as_promised(n: int, m: int) -> None:
    """Every outcome of two binomials of one share, weighed: without the bound it is up to 46 in 100, with it 6."""
    from scipy.stats import binom, t

    @cache
    def judged() -> tuple[np.ndarray, np.ndarray]:
        one, other = np.arange(n + 1)[:, None] / n, np.arange(m + 1)[None, :] / m
        parts = one * (1 - one) / (n - 1), other * (1 - other) / (m - 1)
        with np.errstate(invalid="ignore", divide="ignore"):
            degrees = (parts[0] + parts[1]) ** 2 / (parts[0] ** 2 / (n - 1) + parts[1] ** 2 / (m - 1))
            clear = np.abs(one - other) > t.ppf(0.975, degrees) * np.sqrt(parts[0] + parts[1])
        total = np.arange(n + 1)[:, None] + np.arange(m + 1)[None, :]
        fewer = np.minimum(total, n + m - total)
        return clear, fewer * min(n, m) / (n + m) >= FEWEST_EXPECTED

    clear, told = judged()
    for expected in (1, 3, 6, 10, 12, 15, 20):
        share = expected / min(n, m)
        weight = binom.pmf(np.arange(n + 1), n, share)[:, None] * binom.pmf(np.arange(m + 1), m, share)[None, :]
        assert float((weight * (clear & told)).sum()) < 0.063, expected
    rule = too_rare(Seen(n, 3, 0), Seen(m, 3, 0), "visits")
    assert (rule is None) == bool(told[3, 3])


def test_segments_are_counted_by_themselves(company) -> None:
    frame = assigned({"a": 400, "control": 400})
    region = np.where(np.arange(800) % 4 == 0, "north", "south")
    values = np.where(region == "north", np.arange(800) % 100 == 0, np.arange(800) % 3 == 0).astype(int)
    tables = company(assignments=frame, customers=people(frame, region=region), outcomes=measured(frame, values))
    found = randomised(tables, ExperimentPlan(segments=("region",)))
    told = {effect.segment.get("region"): effect for effect in found.of("visits")}
    assert told[None].estimate is not None
    assert told["south"].estimate is not None
    assert told["north"].estimate is None
    assert "8 of 200 customers" in str(told["north"].reason)


def test_what_rests_on_few_events_is_refused_with_all_that_stands_beside_it(company) -> None:
    frame = assigned({"a": 1000, "control": 1000})
    spend = np.concatenate([first(1000, 9, 40), first(1000, 2, 35)])
    outcomes = pd.concat([measured(frame, spend, "spend"), measured(frame, 1 + draws(1, 2000), "visits")])
    plan = ExperimentPlan(
        covariates=("age",), ratios={"spend a visit": ("spend", "visits")}, winsorise={"spend": 30.0},
        quantiles={"spend": (0.5,)}, looks=Looks(first=600, maximum=4000),
        guardrails={"spend": Guardrail(margin=1, worse="lower")},
    )  # fmt: skip
    tables = company(assignments=frame, customers=people(frame, age=draws(2, 2000)), outcomes=outcomes)
    found = randomised(tables, plan)
    for name in ("spend", "spend a visit"):
        (effect,) = [one for one in found.effects if one.outcome == name]
        assert effect.grade == "D"
        assert "11 of 2,000 customers have `spend` other than zero" in effect.claim
    assert len([one for one in found.effects if one.outcome == "visits"]) > 4
    (held,) = found.guardrails["verdict"]
    assert held == "not_run"


def test_clusters_and_blocks_are_held_to_it_too(company) -> None:
    frame = assigned({"a": 1000, "control": 1000}, unit="cluster")
    frame["cluster_id"] = frame["arm"] + "-" + (np.arange(2000) % 50).astype(str)
    rare = np.concatenate([first(1000, 9), first(1000, 3)])
    tables = company(
        assignments=frame, outcomes=pd.concat([measured(frame, rare), measured(frame, draws(1, 2000), "b")])
    )
    found = randomised(tables, ExperimentPlan())
    assert found.of("visits")[0].estimate is None
    assert "12 of 2,000 customers" in str(found.of("visits")[0].reason)
    assert found.of("b")[0].estimate is not None


def test_customers_of_whom_it_is_not_known_are_not_counted(company) -> None:
    frame = assigned({"a": 300, "control": 300})
    known = np.arange(600) % 3 != 0
    outcomes = measured(frame, np.arange(600) % 20 == 1)[known]
    outcomes = outcomes.astype({"value": int})
    seen = int(outcomes["value"].sum())
    assert seen == 20
    found = randomised(company(assignments=frame, outcomes=outcomes), ExperimentPlan())
    assert found.of("visits")[0].estimate is not None
    fewer = outcomes.assign(value=outcomes["value"].where(outcomes["value"].cumsum() < 20, 0))
    found = randomised(company(assignments=frame, outcomes=fewer), ExperimentPlan())
    assert "19 of 400 customers have `visits` other than zero, 9.5 in an arm of 200" in str(
        found.of("visits")[0].reason
    )
