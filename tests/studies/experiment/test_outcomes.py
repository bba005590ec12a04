"""What is counted for whom: windows before and after, what was measured too early, what is not known, ratios."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

from analysis.studies.experiment.contrasts import ADJUSTED, WINSORISED
from analysis.studies.experiment.plan import ExperimentPlan
from analysis.studies.experiment.study import randomised
from tests.studies.experiment.trials import ASSIGNED, assigned, draws, measured, orders_of


def test_orders_before_the_assignment_adjust_orders_after_it(company) -> None:
    """Everybody buys after as often as before, customers of arm a once more; unadjusted they bought 1.5 more.

    They bought 0.5 more before as well. One slope over both arms, as CUPED has it, takes the most of that away: it is
    worked out here from the arrays.
    """
    frame = assigned({"a": 60, "control": 60}, assigned_at=ASSIGNED)
    who = dict(zip(frame["customer_id"], frame["arm"], strict=True))
    before = {name: (place % 3) + (arm == "a" and place % 2) for place, (name, arm) in enumerate(who.items())}
    rows = []
    for name, arm in who.items():
        rows += [(name, f"2025-02-{day + 1:02d}T00:00:00") for day in range(before[name])]
        rows += [(name, f"2025-03-{day + 1:02d}T00:00:00") for day in range(before[name] + (arm == "a"))]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at"])
    last = pd.DataFrame({"customer_id": ["somebody else"], "ordered_at": ["2025-06-30T00:00:00"]})
    orders = pd.concat([orders, last], ignore_index=True)
    orders = orders.assign(order_id=orders.index.astype(str), revenue="1.00", currency="EUR")
    found = randomised(
        company(assignments=frame, orders=orders), ExperimentPlan(window_days=30, pre_days=30, outcomes=("orders",))
    )
    (plain,), (adjusted,) = found.of("orders"), found.of("orders", estimand=ADJUSTED)
    assert plain.estimate is not None
    assert adjusted.estimate is not None
    assert plain.estimate.value == 1.5
    x = np.array(list(before.values()), dtype=float)
    y = x + (frame["arm"] == "a")
    slope = np.cov(y, x)[0, 1] / x.var(ddof=1)
    left = y - slope * x
    assert adjusted.estimate.value == pytest.approx(left[:60].mean() - left[60:].mean(), rel=1e-12)
    error = np.sqrt(left[:60].var(ddof=1) / 60 + left[60:].var(ddof=1) / 60)
    assert adjusted.estimate.se == pytest.approx(error, rel=1e-9)
    assert adjusted.estimate.se < plain.estimate.se / 5
    assert [effect.estimand for effect in found.effects[:2]] == ["experiment_effect", ADJUSTED]
    assert adjusted.claim.endswith("Adjusted for what was known of customers before they were assigned.")


def test_without_days_before_nothing_is_adjusted(company) -> None:
    frame = assigned({"a": 60, "control": 60}, assigned_at=ASSIGNED)
    orders = orders_of(list(frame["customer_id"][::3]), ["2025-02-10T00:00:00", "2025-03-10T00:00:00"])
    last = orders_of(["x"], ["2025-06-30T00:00:00"])
    tables = company(assignments=frame, orders=pd.concat([orders, last]))
    assert randomised(tables, ExperimentPlan(pre_days=0)).of("orders", estimand=ADJUSTED) == ()
    assert randomised(tables, ExperimentPlan(pre_days=30)).of("orders", estimand=ADJUSTED)


def test_what_was_measured_before_the_assignment_is_no_outcome(company) -> None:
    frame = assigned({"a": 100, "control": 100}, assigned_at=ASSIGNED)
    when = np.where(np.arange(200) % 10 == 0, "2025-02-28T00:00:00", "2025-03-05T00:00:00")
    outcomes = measured(frame, draws(1, 200), measured_at=when)
    found = randomised(company(assignments=frame, outcomes=outcomes), ExperimentPlan())
    (effect,) = found.of("visits")
    assert effect.estimate is not None
    assert (effect.estimate.n_treated, effect.estimate.n_comparison) == (90, 90)
    assert "Outcome `visits`: 20 customers' values were measured before they were assigned; they are left out." in (
        found.notes
    )


def test_one_outcome_that_is_not_known_takes_nothing_from_another(company) -> None:
    frame = assigned({"a": 200, "control": 200})
    some = frame[np.arange(400) % 2 == 0]
    outcomes = pd.concat([measured(frame, draws(2, 400)), measured(some, draws(3, 200), "score")])
    found = randomised(company(assignments=frame, outcomes=outcomes), ExperimentPlan())
    sizes = {name: found.of(name)[0].estimate.n_treated for name in found.outcomes}
    assert sizes == {"score": 100, "visits": 200}


def test_a_ratio_of_two_outcomes_by_hand(company) -> None:
    """Arm a: 300 orders in 600 visits; comparison: 200 in 500. Ratios 0.5 and 0.4, difference 0.1, relative 1.25."""
    frame = assigned({"a": 100, "control": 100})
    visits = [4, 8] * 50 + [3, 7] * 50
    orders = [2, 4] * 50 + [1, 3] * 50
    outcomes = pd.concat([measured(frame, visits), measured(frame, orders, "orders")])
    plan = ExperimentPlan(ratios={"orders per visit": ("orders", "visits")})
    found = randomised(company(assignments=frame, outcomes=outcomes), plan)
    (difference,) = found.of("orders per visit")
    (relative,) = found.of("orders per visit", scale="ratio")
    assert difference.estimate is not None
    assert relative.estimate is not None
    assert difference.estimate.value == pytest.approx(0.1)
    assert relative.estimate.value == pytest.approx(1.25)
    assert difference.estimate.unit == "orders per visit"
    assert "orders per visit was 0.1 higher" in difference.claim


def test_a_ratio_without_its_parts_is_left_out_with_the_reason(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    plan = ExperimentPlan(ratios={"orders per visit": ("orders", "visits")})
    found = randomised(company(assignments=frame, outcomes=measured(frame, draws(1, 200))), plan)
    assert "orders per visit" not in found.outcomes
    assert "`orders per visit` was left out: `orders` is not in the data." in found.notes


@pytest.mark.parametrize(("cap", "at"), [(5.0, 5), (0.9, 8)])
def test_a_cap_holds_for_all_arms_alike(company, cap: float, at: int) -> None:
    """Values 1 to 10 in either arm, those of arm a twice: 9 of 10 values of both together lie at 8 or below."""
    frame = assigned({"a": 100, "control": 100})
    values = np.array([*(np.arange(100) % 10 + 1), *(np.arange(100) % 5 + 1)])
    plan = ExperimentPlan(winsorise={"visits": cap})
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), plan)
    (effect,) = found.of("visits", estimand=WINSORISED)
    capped = np.minimum(values, at)
    assert effect.estimate is not None
    assert effect.estimate.value == pytest.approx(capped[:100].mean() - capped[100:].mean())
    assert f"above {Decimal(at):f} counts as that; money is never counted from this" in effect.claim
    (plain,) = found.of("visits")
    assert plain.estimate is not None
    assert plain.estimate.value == 2.5


def test_issues_costs_and_satisfaction_are_followed_when_they_are_named(company) -> None:
    """Every customer of arm a raises two issues of 4.00, the others one; half of either arm answers 5 or 4."""
    frame = assigned({"a": 100, "control": 100}, assigned_at=ASSIGNED)
    rows = [
        (f"{one}-{number}", one, f"2025-03-{10 + number + place % 3:02d}T00:00:00")
        for place, (one, arm) in enumerate(zip(frame["customer_id"], frame["arm"], strict=True))
        for number in range((2 if arm == "a" else 1) + (place % 4 == 0))
    ]
    issues = pd.DataFrame(rows, columns=["issue_id", "customer_id", "opened_at"])
    issues = issues.assign(channel="email", cost="4.00", currency="EUR")
    last = issues.head(1).assign(issue_id="last", customer_id="x", opened_at="2025-06-30T00:00:00")
    surveys = frame[["customer_id"]][::2].assign(
        survey_id=lambda found: "s" + found["customer_id"],
        instrument="csat",
        asked_at="2025-03-12T00:00:00",
        answered_at="2025-03-13T00:00:00",
        score=[5, 4] * 50,
    )
    later = surveys.head(1).assign(survey_id="last", customer_id="x", asked_at="2025-06-30T00:00:00",
                                   answered_at="2025-06-30T00:00:00")  # fmt: skip
    tables = company(
        assignments=frame, issues=pd.concat([issues, last]), surveys=pd.concat([surveys, later]),
        outcomes=measured(frame, draws(1, 200)),
    )  # fmt: skip
    assert randomised(tables, ExperimentPlan()).outcomes == ("visits",)
    found = randomised(tables, ExperimentPlan(outcomes=("issues", "support_cost", "csat")))
    told = {name: found.of(name)[0].estimate for name in found.outcomes}
    assert {name: (round(one.value, 9), one.unit) for name, one in told.items()} == {
        "issues": (1, "issues per customer"),
        "support_cost": (4, "EUR per customer"),
        "csat": (0, "points per customer"),
    }
    assert told["csat"].n_treated == 50


def test_a_cap_that_rests_on_a_handful_is_refused(company) -> None:
    frame = assigned({"a": 100, "control": 100})
    plan = ExperimentPlan(winsorise={"visits": 0.99})
    found = randomised(company(assignments=frame, outcomes=measured(frame, np.arange(200))), plan)
    (effect,) = found.of("visits", estimand=WINSORISED)
    assert "it needs 10" in str(effect.reason)


def test_quantiles_by_hand(company) -> None:
    """Arm a holds 10 to 110, the comparison 0 to 100: quantiles lie 10 higher, and that of 0.999 is not told."""
    frame = assigned({"a": 101, "control": 101})
    values = [*range(10, 111), *range(101)]
    plan = ExperimentPlan(quantiles={"visits": (0.5, 0.8, 0.999)})
    found = randomised(company(assignments=frame, outcomes=measured(frame, values)), plan)
    median, upper = (found.of("visits", estimand=f"quantile_effect:{q}")[0] for q in ("0.5", "0.8"))
    for effect in (median, upper):
        assert effect.estimate is not None
        assert effect.estimate.value == pytest.approx(10)
        assert effect.estimate.unit == "visits"
    assert median.claim.startswith("Among customers assigned to a, the 50 % quantile of visits was 10 higher")
    (refused,) = found.of("visits", estimand="quantile_effect:0.999")
    assert refused.grade == "D"
    assert refused.n_treated == 101


def test_what_is_nought_or_one_for_everybody_is_a_share(company) -> None:
    frame = assigned({"a": 60, "control": 60})
    yes = measured(frame, [place % 2 for place in range(120)], "visit")
    many = measured(frame, [place % 3 for place in range(120)], "pages")
    found = randomised(company(assignments=frame, outcomes=pd.concat([yes, many])), ExperimentPlan())
    units = {effect.outcome: effect.estimate.unit for effect in found.effects if effect.estimate and not effect.segment
             and effect.scale == "difference"}  # fmt: skip
    assert units == {"visit": "share per customer", "pages": "pages per customer"}
