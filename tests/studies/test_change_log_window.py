"""Months at the edges: which say nothing, which have a term of their own, and whom a change did not touch."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.studies.change_log.result import ChangeLogResult
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.sizes import interval_said
from analysis.studies.change_log.study import NOT_TOUCHED, ChangeLogPlan, change_log
from analysis.studies.result import Check, Effect

FIRST = Month.of("2022-01")
N = 40


def monthly(values: Any, name: str = "figure", **more: Any) -> MonthlySeries:
    held = tuple(None if np.isnan(value) else float(value) for value in values)
    months = tuple(FIRST.plus(number) for number in range(len(held)))
    given = {"metric": name, "unit": "mentions", "months": months, "values": held, "states": ("locked",) * len(held)}
    return MonthlySeries(**{**given, **more})


def change(at: int, name: str = "CH1", *, day: int = 1, **more: Any) -> dict[str, Any]:
    on = FIRST.plus(at).first_day + timedelta(days=day - 1)
    moment = datetime(on.year, on.month, on.day, 9)
    return {
        "change_id": name,
        "effective_from": moment,
        "kind": "tool",
        "description": "",
        "recorded_at": moment,
        **more,
    }


def noisy(seed: int = 3, n: int = N) -> Any:
    return 100 + np.random.default_rng(seed).normal(0, 1, n)


def beside(seed: int = 1, n: int = N) -> tuple[Any, Any]:
    """A figure and a control that shares most of what moves it."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(0, 2, n)
    return 100 + shared + rng.normal(0, 1, n), 50 + shared + rng.normal(0, 0.5, n)


def studied(values: Any, *changes: dict[str, Any], **plan: Any) -> ChangeLogResult:
    return change_log({"figure": monthly(values)}, changes, ChangeLogPlan(entries=("CH1",), **plan))


def with_control(values: Any, control: Any, *changes: dict[str, Any], **plan: Any) -> ChangeLogResult:
    held = {"figure": monthly(values), "control": monthly(control, "control")}
    asked = ChangeLogPlan(entries=("CH1",), metrics=("figure",), control={"figure": "control"}, **plan)
    return change_log(held, changes, asked)


def check(effect: Effect, name: str) -> Check:
    return next(one for one in effect.checks if one.name == name)


def width(found: ChangeLogResult) -> float:
    step = found.effects[0].estimate
    assert step is not None
    return step.high - step.low


# Months that say nothing of the step


@pytest.mark.parametrize(("at", "day"), [(0, 1), (0, 15), (-1, 28)])
def test_an_incident_of_the_first_month_has_its_term_however_it_came_there(at: int, day: int) -> None:
    """On its first day, within it, or reaching into it from late in the month before."""
    values = noisy()
    values[0] += 200
    found = studied(values, change(20), change(at, "CH9", day=day, kind="incident"))
    assert found.series["part"].iloc[0] == "incident"
    assert width(found) < 8  # 70 and more where the first month stays in the line


def test_the_month_that_an_earlier_change_touched_in_part_says_nothing() -> None:
    """10 higher from the middle of month 14 on, which itself is far off; too near to leave out what lies before."""
    values = noisy() + 10 * (np.arange(N) >= 15)
    values[14] = 160
    found = studied(values, change(20), change(14, "CH0", day=15, kind="price"))
    assert found.series["part"].iloc[14] == "partly"
    assert width(found) < 8
    assert check(found.effects[0], "single_cause").verdict == "failed"


@pytest.mark.parametrize(
    ("at", "day"), [(0, 15), (1, 1), (1, 9), (18, 20), (19, 1), (19, 20), (20, 9), (21, 1), (30, 9)]
)
def test_a_change_of_counting_anywhere_leaves_a_line(at: int, day: int) -> None:
    """Also where no month tells its step from the change's own or from the beginning: then it has none."""
    found = studied(noisy(), change(20), change(at, "CH0", day=day, kind="measurement"))
    assert all(effect.estimate is not None for effect in found.effects)
    assert check(found.effects[0], "single_cause").verdict == "failed"


def test_months_before_an_earlier_change_are_told_where_the_single_cause_is_judged() -> None:
    found = studied(noisy(), change(24), change(10, "CH0", day=5, kind="price"))
    detail = check(found.effects[0], "single_cause").detail
    assert detail.startswith("The change log holds no other change in these months, which begin after CH0 (price, ")
    assert any("months before 2022-12 are not used" in note for note in found.notes)
    assert found.to_parts()["coverage"]["change_log"]["notes"] == list(found.notes)


def test_nobody_is_told_to_wait_for_months_that_the_window_will_never_hold() -> None:
    assert "Wait" not in check(studied(noisy(), change(20), after_months=4).effects[0], "long_enough").detail
    early = check(studied(noisy(), change(36)).effects[0], "long_enough").detail
    assert "Wait until 2025-06 is over." in early


# The control series


def test_a_gap_in_the_control_costs_a_month_and_at_the_edge_the_season_but_not_the_control() -> None:
    """24 months before: with one month of the control missing there are 23 to go by, and no season."""
    values, control = beside(seed=2)
    assert check(with_control(values, control, change(24)).effects[0], "season").verdict == "passed"
    control[3] = np.nan
    step = with_control(values, control, change(24)).effects[0]
    assert (check(step, "control_series").verdict, step.comparison) == ("passed", "control")
    assert check(step, "season").verdict == "not_run"
    assert step.estimate is not None
    assert (step.estimate.n_comparison, step.before_months) == (23, 24)


def test_a_control_whose_gaps_leave_too_few_months_is_refused_and_the_figure_studied_without() -> None:
    values, control = beside(n=30)
    control[[2, 5]] = np.nan
    step = with_control(values, control, change(9)).effects[0]
    assert "with its 2 gaps, 7 months before the change" in check(step, "control_series").detail
    assert step.estimate is not None
    assert (step.comparison, step.estimate.n_comparison) == ("before", 9)


def test_a_change_that_touched_the_control_alone_withholds_the_single_cause() -> None:
    values, control = beside()
    held = {
        "figure[product=a]": monthly(values, segment={"product": "a"}),
        "figure[product=b]": monthly(control, segment={"product": "b"}),
        "figure[product=c]": monthly(noisy(), segment={"product": "c"}),
    }
    plan = ChangeLogPlan(
        entries=("CH1",), metrics=("figure[product=a]",), control={"figure[product=a]": "figure[product=b]"}
    )
    own = change(20, scope="the northern shops and product a or c")
    for scope, verdict in (("product=b", "failed"), ("product=c", "passed")):
        found = change_log(held, [own, change(24, "CH2", scope=scope)], plan)
        single = [check(effect, "single_cause").verdict for effect in found.effects if effect.estimate is not None]
        assert set(single) == {verdict}


# Whom a change touched


def parts(*names: str) -> dict[str, MonthlySeries]:
    return {
        f"m[product={name}]": monthly(noisy(seed), "m", segment={"product": name}) for seed, name in enumerate(names)
    }


@pytest.mark.parametrize(
    ("scope", "asked", "untouched"),
    [
        ("a and b", ("m",), {"c"}),  # two parts: no single one changed, but the third is none of them
        ("product=a", ("m[product=b]",), {"b"}),
        ("product = watches", ("m",), {"a", "b", "c"}),  # no figure of it, yet none of these
        ("everything", ("m",), set()),
    ],
)
def test_a_figure_of_a_part_that_was_not_touched_is_refused(
    scope: str, asked: tuple[str, ...], untouched: set[str]
) -> None:
    found = change_log(parts("a", "b", "c"), [change(20, scope=scope)], ChangeLogPlan(metrics=asked))
    refused = [effect for effect in found.effects if effect.reason == NOT_TOUCHED]
    assert {effect.segment["product"] for effect in refused} == untouched
    assert len(refused) == 2 * len(untouched)


def test_the_part_a_scope_is_read_as_is_told() -> None:
    found = change_log(parts("a", "b", "c"), [change(20, scope="Product = A")], ChangeLogPlan(metrics=("m",)))
    assert any("CH1 is taken to be limited to product a, which its scope names" in note for note in found.notes)


# Figures with ends, and gates


def test_a_path_that_leaves_what_can_be_is_caught() -> None:
    """A share that rises by 1.4 points a month to 100 % and stays there: no change made that bend."""
    rng = np.random.default_rng(1)
    rising = np.clip(0.70 + 0.014 * np.arange(N) + rng.normal(0, 0.01, N), 0, 0.99)
    falling = np.clip(60 - 3 * np.arange(N) + rng.normal(0, 1, N), 1, None)
    for values, unit, says in ((rising, "share", "above 100 %"), (falling, "issues", "below nought")):
        found = change_log({"figure": monthly(values, unit=unit)}, [change(22)])
        gate = check(found.effects[0], "possible_path")
        assert (gate.verdict, gate.gate) == ("failed", True)
        assert says in gate.detail
        assert found.effects[0].grade == "C"
    for values, unit in ((np.clip(rng.normal(0.97, 0.01, N), 0, 1), "share"), (falling - 40, "score")):
        assert check(
            change_log({"f": monthly(values, unit=unit)}, [change(22)]).effects[0], "possible_path"
        ).verdict == ("passed")


def test_gates_judge_at_95_whatever_interval_the_reader_asks_for() -> None:
    values, control = beside()
    wide, narrow = (with_control(values, control, change(20), level=level) for level in (0.95, 0.6))
    assert width(narrow) < 0.6 * width(wide)
    gates = [[one.to_dict() for one in found.effects[0].checks if one.gate] for found in (wide, narrow)]
    assert gates[0] == gates[1]
    assert wide.placebo.equals(narrow.placebo)


def test_gates_tell_sizes_in_words() -> None:
    found = change_log({"figure": monthly(noisy() / 200, unit="share")}, [change(22)])
    assert "percentage points" in check(found.effects[0], "placebo_dates").detail
    few = check(studied(noisy(), change(13)).effects[0], "placebo_dates").detail
    assert few.startswith("The same model at 2 earlier dates") or "2 earlier dates have months enough" in few


def test_steps_of_parts_are_judged_with_all_that_was_looked_at() -> None:
    """Two metrics by region, 20 regions and more: the adjusted p-values are Holm's of both."""
    rng = np.random.default_rng(8)
    held: dict[str, MonthlySeries] = {}
    for metric, effect in (("x", 1.5), ("y", 0.0)):
        for number in range(24):
            values = 100 + rng.normal(0, 1, N) + effect * (number == 0) * (np.arange(N) >= 20)
            one = monthly(values, metric, segment={"region": f"r{number:02d}"})
            held[one.key] = one
    changes = [change(20, scope="r00")]
    alone = [change_log(held, changes, ChangeLogPlan(metrics=(metric,))).effects[0] for metric in ("x", "y")]
    both = change_log(held, changes, ChangeLogPlan(metrics=("x", "y"))).effects
    p_alone = [check(effect, "many_figures").p_value for effect in alone]
    p_both = [check(effect, "many_figures").p_value for effect in both]
    assert all(one is not None for one in p_alone)
    assert min(p_both) == pytest.approx(2 * min(p_alone))  # type: ignore[type-var, operator]
    assert "2 figures" in check(both[0], "many_figures").detail


def test_the_parts_a_part_is_held_against_are_no_further_figures() -> None:
    """24 parts, of which the last was changed: not one figure too many, and it is the one studied."""
    rng = np.random.default_rng(4)
    held = parts(*(f"p{number:02d}" for number in range(24)))
    whole = {name: monthly(100 + rng.normal(0, 1, N), name) for name in "abcdefghijkln"}
    found = change_log({**held, **whole}, [change(20, scope="p23")], ChangeLogPlan(metrics=("m", *whole)))
    assert {str(dict(effect.segment)) for effect in found.effects if effect.outcome == "m"} == {"{'product': 'p23'}"}
    assert len({effect.outcome for effect in found.effects}) == 12
    assert "left out: `l`, `n`." in found.notes[0]


def test_dates_that_pass_would_have_shown_what_they_say() -> None:
    """Sound series with a step of the size that each says would probably have been seen: found in most."""
    seen = 0
    for seed in range(20):
        values = noisy(seed, 48)
        sound = check(studied(values, change(24)).effects[0], "placebo_dates")
        if sound.verdict == "failed":  # once in twenty
            continue
        said = float(sound.detail.split("A step of ")[1].split(" %")[0])
        hidden = values + said * (np.arange(48) >= 9 + seed % 11)
        seen += check(studied(hidden, change(24)).effects[0], "placebo_dates").verdict == "failed"
    assert seen >= 11  # fewer in 1 of 100 where it is found four times in five


def test_sizes_beside_each_other_have_the_same_digits() -> None:
    assert interval_said(-0.0081, 0.0003, "share", -0.004) == (
        "0.81 percentage points lower to 0.03 percentage points higher"
    )
    assert interval_said(0.065, 0.109, "share", 0.088) == "6.5 to 10.9 percentage points higher"
    assert interval_said(-40, 9000, "seconds", 4000) == "0.011 hours lower to 2.5 hours higher"
