"""Specification curves: by hand on studies that are given, and on a made-up company whose truth is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from types import SimpleNamespace

import pytest

from analysis.foundation.errors import DesignError
from analysis.foundation.provenance import canonical_json
from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.studies.channel import ChannelPlan, channel_effect
from analysis.studies.hypotheses.choices import Alternative, channel_alternatives, experiment_alternatives
from analysis.studies.hypotheses.curve import specification_curve, specification_curves
from analysis.studies.hypotheses.study import judge, test_hypotheses
from analysis.studies.result import Check, Effect
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, open_tables, prepare
from tests.studies.hypotheses.made import asked

ORDERS = asked("orders", design="before_after", outcome="orders", scale="ratio", smallest_effect=0.02)


def effect(value: float | None, se: float = 0.02, *, scale: str = "ratio", **changed) -> Effect:
    estimate = None
    if value is not None and scale == "ratio":
        estimate = ratio_estimate("orders", value, se, n_treated=90, n_comparison=200, method="")
    elif value is not None:
        estimate = Estimate(
            name="orders", value=value, low=value - 2 * se, high=value + 2 * se, level=0.95, se=se, scale="difference",
            unit="orders per customer", n_treated=90, n_comparison=200, method="",
        )  # fmt: skip
    usual = {
        "design": "before_after", "estimand": "channel_effect", "treated": "social", "comparison": "other_channels",
        "outcome": "orders", "scale": scale, "grade": "D" if value is None else "B", "claim": "", "estimate": estimate,
        "reason": "too few customers." if value is None else None,
    }  # fmt: skip
    return Effect(**{**usual, **changed})


def given(*plans: Sequence[Effect]) -> tuple[list[Alternative], object]:
    """Alternatives numbered from 0, the first declared, and the study that answers them."""
    alternatives = [
        Alternative(plan=place, choices={"plan": str(place)}, declared=place == 0, same_window=place < 2)
        for place in range(len(plans))
    ]
    return alternatives, lambda plan: SimpleNamespace(effects=tuple(plans[plan]))


def test_by_hand() -> None:
    """1.10 declared, 1.02 unclear, 0.95: two of three above, one clearly; the median of the ratios is 1.02."""
    found = specification_curve(ORDERS, *given([effect(1.10)], [effect(1.02)], [effect(0.95)]))
    assert list(found.frame["value"]) == pytest.approx([0.95, 1.02, 1.10])
    assert list(found.frame["declared"]) == [False, False, True]
    assert {key: value for key, value in found.to_dict().items() if key != "claim"} == {
        "specifications": 3,
        "told": 3,
        "comparable": 3,
        "median": pytest.approx(1.02),
        "lowest": pytest.approx(0.95),
        "highest": pytest.approx(1.10),
        "share_on_side": pytest.approx(2 / 3),
        "share_clear": pytest.approx(1 / 3),
        "declared": pytest.approx(1.10),
    }
    assert "of all 3, 67 % lie above no effect, 33 % clearly" in found.sentence
    canonical_json(found.to_dict())


def test_both_scales_count_for_the_side_and_one_for_the_median() -> None:
    both = [effect(1.10), effect(0.3, 0.1, scale="difference")]
    found = specification_curve(ORDERS, *given(both))
    assert list(found.frame["scale"]) == ["ratio", "difference"]
    assert (found.median, found.share_on_side, len(found.told)) == (pytest.approx(1.10), 1.0, 2)


def test_differences_over_other_windows_are_other_quantities() -> None:
    hypothesis = replace(ORDERS, scale="difference", smallest_effect=0.1)
    plans = [[effect(value, 0.1, scale="difference")] for value in (0.30, 0.34, 0.15)]
    found = specification_curve(hypothesis, *given(*plans))
    assert found.median == pytest.approx(0.32), "the third plan follows customers for another time"
    assert found.share_on_side == 1.0
    assert found.to_dict()["comparable"] == 2


def test_a_choice_that_changes_nothing_counts_once() -> None:
    found = specification_curve(ORDERS, *given([effect(1.10)], [effect(1.10)], [effect(0.95)]))
    assert len(found.frame) == 2
    assert list(found.frame["plan"]) == ["2", "0"], "the declared one of the two is kept"


def test_months_of_failure_left_out_are_a_specification() -> None:
    check = Check(name="without_failures", verdict="passed", detail="", value=1.08, low=1.01, high=1.15)
    found = specification_curve(ORDERS, *given([effect(1.10, checks=(check,))]))
    assert list(found.frame["estimator"]) == ["channel effect, without failures", "channel effect"]
    assert list(found.frame["declared"]) == [False, True]


def test_what_could_not_be_told_stands_with_its_reason() -> None:
    def study(plan: int) -> SimpleNamespace:
        if plan == 1:
            raise DesignError("The data are too short.")
        return SimpleNamespace(effects=([effect(1.10)], [], [effect(None)], [])[plan])

    alternatives, _ = given([], [], [], [])
    found = specification_curve(ORDERS, alternatives, study)
    assert (len(found.frame), len(found.told)) == (4, 1)
    reasons = dict(zip(found.frame["plan"], found.frame["reason"], strict=True))
    assert reasons["1"] == "The data are too short."
    assert reasons["2"] == "too few customers."
    assert "no effect on `orders`" in reasons["3"]
    none = specification_curve(ORDERS, *given([]))
    assert none.sentence == "Under no defensible choice could it be told."
    assert none.to_dict()["median"] is None


def test_cut_outcomes_count_for_the_side_only_and_not_where_nothing_is_left() -> None:
    hypothesis = asked("spend", outcome="spend")
    common = {"scale": "difference", "design": "ab_randomised", "outcome": "spend", "grade": "A"}
    rows = [
        effect(0.77, 0.15, estimand="experiment_effect", **common),
        effect(0.70, 0.14, estimand="experiment_effect_adjusted", **common),
        effect(0.20, 0.05, estimand="experiment_effect_winsorised", **common),
    ]
    found = specification_curve(hypothesis, *given(rows))
    assert list(found.frame["estimator"]) == ["winsorised", "with covariates", "difference in means"]
    assert (found.median, found.to_dict()["comparable"], found.share_on_side) == (pytest.approx(0.735), 2, 1.0)
    emptied = specification_curve(
        hypothesis, *given([*rows[:2], effect(0.0, 0.0, estimand="experiment_effect_winsorised", **common)])
    )
    assert (len(emptied.frame), len(emptied.told), emptied.share_on_side) == (3, 2, 1.0)
    assert "too much was cut" in emptied.frame["reason"].iloc[-1]


def test_several_contrasts_are_not_mixed() -> None:
    arms = [effect(1.10), effect(0.9, treated="letters")]
    found = specification_curve(ORDERS, *given(arms))
    assert not len(found.told)
    assert "2 contrasts" in found.frame["reason"].iloc[0]
    named = specification_curve(replace(ORDERS, treated="letters"), *given(arms))
    assert named.median == pytest.approx(0.9)


def test_without_a_side_believed_the_declared_one_gives_it() -> None:
    different = replace(ORDERS, direction="different")
    below = specification_curve(different, *given([effect(0.9)], [effect(1.05)]))
    assert (below.side, below.share_on_side) == (-1, 0.5)
    unknown = specification_curve(different, *given([effect(None)], [effect(1.05)]))
    assert (unknown.side, unknown.share_on_side, unknown.share_clear) == (0, None, None)
    assert unknown.sentence.endswith(").")


def test_raw_interim_and_other_rows_are_no_specifications() -> None:
    rows = [
        effect(1.10), effect(2.0, estimand="naive_user_gap", grade="D"), effect(3.0, maturity="interim"),
        effect(4.0, segment={"region": "north"}), effect(5.0, outcome="revenue"),
    ]  # fmt: skip
    assert list(specification_curve(ORDERS, *given(rows)).frame["value"]) == pytest.approx([1.10])


def test_every_plan_is_studied_once_however_many_hypotheses() -> None:
    asked_for = []
    alternatives, answer = given([effect(1.10)], [effect(0.95)])

    def study(plan: int):
        asked_for.append(plan)
        return answer(plan)

    found = specification_curves([ORDERS, replace(ORDERS, name="fewer", direction="lower")], alternatives, study)
    assert asked_for == [0, 1]
    assert (found["orders"].share_on_side, found["fewer"].share_on_side) == (0.5, 0.5)


def test_exactly_one_plan_is_declared() -> None:
    with pytest.raises(DesignError, match="given were 0 of 1"):
        specification_curve(ORDERS, [Alternative(plan=0)], lambda plan: SimpleNamespace(effects=()))


def test_the_plans_of_the_channel_study() -> None:
    """6 and 3 months on both sides, look-backs of 0 and 365 days, strata declared, none and finer: 24."""
    plan = ChannelPlan(strata=("region",), segments=("region",))
    found = channel_alternatives(plan, outcomes=["orders"], finer=["region", "tier"])
    assert len(found) == 24
    assert sum(one.declared for one in found) == 1
    assert found[0].plan == replace(plan, outcomes=("orders",), segments=(), robust=False)
    assert len({json.dumps(dict(one.choices), sort_keys=True) for one in found}) == 24
    assert {one.plan.strata for one in found} == {("region",), (), ("region", "tier")}
    assert {one.plan.level for one in found} == {0.95}
    assert sum(one.same_window for one in found) == 12
    own = channel_alternatives(ChannelPlan(before_months=4, after_months=9, look_back_days=200), outcomes=["orders"])
    assert own[0].declared
    assert {(one.plan.before_months, one.plan.after_months) for one in own} == {
        (before, after) for before in (4, 3, 6) for after in (9, 3, 6)
    }


@dataclass(frozen=True)
class Plan:
    outcomes: tuple[str, ...] = ()
    segments: tuple[str, ...] = ()
    window_days: int = 90
    winsorise: dict[str, float] = field(default_factory=dict)


def test_the_plans_of_an_experiment() -> None:
    found = experiment_alternatives(Plan(), outcomes=["orders"])
    assert [(one.plan.window_days, dict(one.plan.winsorise)) for one in found] == [
        (days, cut) for days in (90, 30, 60) for cut in ({}, {"orders": 0.99})
    ]
    assert [one.declared for one in found] == [True, *[False] * 5]
    assert len(experiment_alternatives(Plan(), outcomes=["visit"], windows=())) == 2
    declared = experiment_alternatives(Plan(winsorise={"orders": 0.95}), outcomes=["orders"])
    assert {one.plan.winsorise["orders"] for one in declared} == {0.95}


def test_a_company_whose_truth_is_known(tmp_path) -> None:
    """An effect of 8 % on orders: every defensible choice lies above no effect, and the declared one is the study's own
    digits. Six studies, 10 seconds."""
    folder = tmp_path / "effect"
    make_world(folder, world="effect", seed=5, customers=12_000)
    truth = next(
        one["value"] for one in json.loads((folder / "truth.json").read_text())["effects"]
        if one["estimand"] == "channel_effect" and one["outcome"] == "orders"
        and one["scale"] == "ratio" and not one["segment"]
    )  # fmt: skip
    plan = ChannelPlan(outcomes=("orders",), zone="Europe/London", robust=False)
    alternatives = [
        one
        for one in channel_alternatives(plan, outcomes=["orders"], finer=["region"])
        if not one.plan.look_back_days and (one.plan.strata == ()) == (one.plan.after_months == 6)
    ]
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="Europe/London")) as tables:
        effects = [one.to_dict() for one in channel_effect(tables, plan).effects]
        family = test_hypotheses(
            [ORDERS], effects, again={"before_after": (alternatives, lambda one: channel_effect(tables, one))}
        )
    found = family.of("orders")
    assert found.curve.declared == found.row["value"]
    assert found.curve.share_on_side == 1.0
    assert abs(found.curve.median / truth - 1) < 0.05
    assert len(found.curve.told) >= len(alternatives)
    assert found.verdict == judge([ORDERS], effects).of("orders").verdict
    told = family.to_parts()["hypotheses"][0]["specifications"]
    assert (told["claim"], told["declared"]) == (found.curve.sentence, found.row["value"])
    canonical_json(family.to_parts())
