"""The training programme whose effect a randomised test found: what comes back from a survey, and what warns of it.

LaLonde (1986) as Dehejia and Wahba (1999) have it: 185 trained men, 15,992 of a survey (CPS). The randomised test says
1,794 dollars of 1978. The data are read from the package `causaldata`, which is a development dependency.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from analysis.studies.observational.plan import ObservationalPlan
from analysis.studies.observational.result import ObservationalResult
from analysis.studies.observational.study import observational_effect
from analysis.tables.load import Source, Tables, open_tables, prepare

causaldata = pytest.importorskip("causaldata", reason="LaLonde's data come with `causaldata`; `pip install causaldata`")
EXPERIMENT = 1794.34
KNOWN = ("age", "educ", "black", "hisp", "marr", "nodegree", "earnings_1974", "earnings_1975")


def frames() -> tuple[dict[str, pd.DataFrame], float]:
    """Tables of trained men and the survey, and the effect in the randomised test."""
    test, survey = (getattr(causaldata, name).load_pandas().data for name in ("nsw_mixtape", "cps_mixtape"))
    arms = test.groupby("treat")["re78"].mean()
    people = pd.concat([test[test["treat"] == 1], survey], ignore_index=True)
    people["customer_id"] = [f"p{place:05d}" for place in range(len(people))]
    arm = np.where(people["treat"] == 1, "trained", "survey")
    given = people[["customer_id"]].assign(experiment_id="training")
    renamed = people.rename(columns={"re74": "earnings_1974", "re75": "earnings_1975"})
    return {
        "customers": renamed[["customer_id", *KNOWN]],
        "assignments": given.assign(arm=arm),
        "outcomes": given.assign(name="earnings_1978", value=people["re78"].astype(float).round(4)),
    }, float(arms[1] - arms[0])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> ObservationalResult:
    tables, effect = frames()
    assert effect == pytest.approx(EXPERIMENT, abs=0.01)
    folder = tmp_path_factory.mktemp("training")
    for name, frame in tables.items():
        frame.to_csv(folder / f"{name}.csv", index=False)
    plan = ObservationalPlan(
        experiment="training",
        treated="trained",
        comparison="survey",
        covariates=KNOWN,
        placebo_outcomes=("earnings_1975",),
    )
    with open_tables(prepare([Source(folder)], cache=tmp_path_factory.mktemp("cache"), zone="UTC")) as opened:
        return observational_effect(opened, plan)


def test_the_effect_comes_back_and_the_placebo_warns(found: ObservationalResult) -> None:
    (effect,) = found.of("earnings_1978")
    estimate = effect.estimate
    assert estimate is not None
    assert abs(estimate.value - EXPERIMENT) <= 700
    assert estimate.se <= 700
    assert estimate.low < EXPERIMENT < estimate.high
    assert effect.grade == "C"
    checks = {check.name: check for check in effect.checks}
    assert checks["placebo_earnings_1975"].verdict == "failed"
    assert checks["overlap"].verdict == checks["balance"].verdict == "passed"
    assert "It came out 43.9 % lower" in checks["placebo_earnings_1975"].detail
    assert effect.claim.endswith("comparison with open questions.")
    naive = next(one for one in found.effects if one.naive and one.scale == "difference")
    assert naive.grade == "D"
    assert naive.estimate is not None
    assert naive.estimate.value == pytest.approx(-8497.516, abs=0.01)


def test_overlap_balance_and_the_other_roads(found: ObservationalResult) -> None:
    """Nine in ten of the survey look like nobody trained; weighted, the rest is alike; all roads lead to one place."""
    assert found.overlap["treated"].sum() == 185
    assert found.overlap["comparison"].sum() == 15_992
    assert found.overlap.loc[0, "comparison"] > 15_000
    assert found.overlap["treated"].iloc[10:].sum() > 50
    judged = found.balance[found.balance["judged"]]
    assert judged["before"].abs().max() > 2
    assert judged["after"].abs().max() < 0.1
    roads = found.beside.set_index("estimator")
    for road in ("doubly_robust", "weighted", "matched"):
        assert abs(roads.loc[road, "value"] - EXPERIMENT) < 700
    assert roads["stands"].tolist() == [True, False, False, False]
    placebo = found.placebos.set_index("placebo").loc["earnings_1975"]
    assert placebo["observed"] == pytest.approx(1532.06, abs=0.01)
    assert placebo["high"] < -300
    line = found.sensitivity.query("scale == 'difference'").iloc[0]
    assert line["left_at_2"] < line["left_at_1"] < line["bias_point"]
    assert 0 < line["robustness"] < 0.3
    assert 0 < line["robustness_limit"] < 0.05


def test_figures_are_the_same_however_the_rows_lie(company: Callable[..., Tables], found: ObservationalResult) -> None:
    tables, _ = frames()
    shuffled = {name: frame.sample(frac=1, random_state=1) for name, frame in tables.items()}
    plan = ObservationalPlan(experiment="training", treated="trained", covariates=KNOWN, comparison="survey")
    again = observational_effect(company(**shuffled), plan)
    (one,), (other,) = found.of("earnings_1978"), again.of("earnings_1978")
    assert one.estimate == other.estimate
    assert [check.verdict for check in other.checks if check.name == "placebo_outcome"] == ["not_run"]
    assert other.grade == "C"
