"""What may adjust and split an experiment: traits known before it, never what the assignment changed."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.studies.experiment.contrasts import ADJUSTED
from analysis.studies.experiment.plan import ExperimentPlan
from analysis.studies.experiment.study import randomised
from analysis.studies.experiment.untouched import means_p, spread_p
from tests.studies.experiment.trials import assigned, draws, measured, people


def test_numbers_texts_and_gaps_adjust_as_a_regression_does(company) -> None:
    """Residuals of the outcome on the covariates over both arms, worked out by least squares on the arrays."""
    frame = assigned({"a": 300, "control": 300})
    rng = np.random.default_rng(5)
    age = rng.integers(20, 60, 600).astype(float)
    gap = rng.random(600) < 0.2
    kind = rng.choice(["x", "y", "z"], 600)
    value = np.round(0.1 * age + (kind == "y") * 2 - (kind == "z") + gap + rng.normal(size=600), 3)
    text = np.where(gap, "", age.astype(int).astype(str))
    tables = company(
        assignments=frame, customers=people(frame, age=text, kind=kind), outcomes=measured(frame, value, "score")
    )
    found = randomised(tables, ExperimentPlan(covariates=("age", "kind")))
    x = np.column_stack([np.where(gap, 0, age), gap, kind == "y", kind == "z"]).astype(float)
    slopes = np.linalg.lstsq(x - x.mean(axis=0), value - value.mean(), rcond=None)[0]
    left = value - x @ slopes
    (effect,) = found.of("score", estimand=ADJUSTED)
    assert effect.estimate is not None
    assert effect.estimate.value == pytest.approx(left[:300].mean() - left[300:].mean(), rel=1e-9)
    assert effect.estimate.se == pytest.approx(np.sqrt((left[:300].var(ddof=1) + left[300:].var(ddof=1)) / 300))


def test_a_covariate_that_goes_together_with_the_arms_is_refused(company) -> None:
    """Logins were counted after the assignment: arm a has more of them."""
    frame = assigned({"a": 300, "control": 300})
    logins = draws(1, 600) + np.where(frame["arm"] == "a", 2, 0)
    level = np.where(logins > 4, "busy", "calm")
    tables = company(
        assignments=frame, customers=people(frame, logins=logins, level=level), outcomes=measured(frame, draws(2, 600))
    )
    found = randomised(tables, ExperimentPlan(covariates=("logins", "level"), segments=("level",)))
    assert found.of("visits", estimand=ADJUSTED) == ()
    assert all(not effect.segment for effect in found.effects)
    refused = [note.partition(":")[0] for note in found.notes if "is a result of the assignment" in note]
    assert sorted(refused) == [
        "Outcomes are not adjusted for `level`",
        "Outcomes are not adjusted for `logins`",
        "Segment `level` was skipped",
    ]


def test_a_segment_of_clusters_may_differ_by_arm(company) -> None:
    """Regions were assigned, so that of course the arms hold other regions."""
    frame = assigned({"a": 1000, "control": 1000}, unit="cluster")
    frame["cluster_id"] = frame["arm"] + "-" + (np.arange(2000) % 50).astype(str)
    size = np.where((np.arange(2000) % 50 < 20) == (frame["arm"] == "a"), "large", "small")
    tables = company(assignments=frame, customers=people(frame, size=size), outcomes=measured(frame, draws(4, 2000)))
    found = randomised(tables, ExperimentPlan(segments=("size",)))
    assert {effect.segment["size"] for effect in found.effects if effect.segment} == {"large", "small"}


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("customer_id", "tells single customers apart"),
        ("nowhere", "no column `nowhere`"),
        ("word", "text of 60 different values"),
        ("nothing", "it is empty"),
    ],
)
def test_what_cannot_adjust_is_left_out_with_its_reason(company, name: str, why: str) -> None:
    frame = assigned({"a": 60, "control": 60})
    customers = people(frame, word=[f"w{place % 60}" for place in range(120)], nothing="")
    tables = company(assignments=frame, customers=customers, outcomes=measured(frame, draws(1, 120)))
    found = randomised(tables, ExperimentPlan(covariates=(name,)))
    assert found.of("visits", estimand=ADJUSTED) == ()
    assert any(note.startswith(f"Outcomes are not adjusted for `{name}`") and why in note for note in found.notes)


def test_more_segments_than_data_are_said_once(company) -> None:
    frame = assigned({"a": 200, "control": 200})
    tables = company(
        assignments=frame, customers=people(frame, shop=[f"s{place % 25}" for place in range(400)]),
        outcomes=measured(frame, draws(1, 400)),
    )  # fmt: skip
    found = randomised(tables, ExperimentPlan(segments=("shop",)))
    assert all(not effect.segment for effect in found.effects)
    assert any("there are more segments than the data can fill" in note for note in found.notes)


@pytest.mark.parametrize("name", ["arm", "M0", "x12"])
def test_a_segment_named_as_a_column_of_the_study_is_refused(company, name: str) -> None:
    frame = assigned({"a": 100, "control": 100})
    customers = people(frame, **{name: ["p", "q"] * 100})
    found = randomised(
        company(assignments=frame, customers=customers, outcomes=measured(frame, draws(1, 200))),
        ExperimentPlan(segments=(name,)),
    )
    assert any("columns of its own" in note for note in found.notes)


def test_traits_that_chance_spreads_are_seldom_refused() -> None:
    """Size: of 2,000 fair assignments about 2 lie below 0.001; 10 would be less likely than one in 10,000."""
    rng = np.random.default_rng(11)
    spread = rng.multinomial(1000, [0.25] * 4, size=(2000, 2))
    ps = [spread_p({str(k): {"a": int(two[0][k]), "b": int(two[1][k])} for k in range(4)}) for two in spread]
    assert sum(p < 0.001 for p in ps) < 10
    means = rng.normal(size=(2000, 3))
    assert sum(means_p([(mean, 1.0) for mean in row]) < 0.001 for row in means) < 10


def test_values_in_two_rare_cells_say_nothing() -> None:
    assert spread_p({"x": {"a": 100, "b": 100}, "rare": {"a": 3, "b": 0}, None: {"a": 0, "b": 1}}) == 1.0
