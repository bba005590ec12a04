"""The change-log study: by hand and by a second road, on made-up series whose truth is known, and on bad input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, InputError, UnknownName
from analysis.foundation.provenance import canonical_json
from analysis.studies.change_log.result import ChangeLogResult
from analysis.studies.change_log.series import MonthlySeries
from analysis.studies.change_log.study import NO_FIGURE, ChangeLogPlan, change_log
from analysis.studies.gates import holm
from analysis.studies.result import Effect
from analysis.synthetic.monthly_series import SERIES_WORLDS, MadeSeries, SeriesWorld, series_of

FIRST = Month.of("2022-01")


def monthly(values: Any, name: str = "figure", **more: Any) -> MonthlySeries:
    held = tuple(None if value is None or np.isnan(value) else float(value) for value in values)
    months = tuple(FIRST.plus(number) for number in range(len(held)))
    given = {"metric": name, "unit": "mentions", "months": months, "values": held, "states": ("locked",) * len(held)}
    return MonthlySeries(**{**given, **more})


def change(at: int, name: str = "CH1", *, day: int = 1, recorded: int | None = 0, **more: Any) -> dict[str, Any]:
    on = FIRST.plus(at).first_day + timedelta(days=day - 1)
    moment = datetime(on.year, on.month, on.day, 9)
    written = None if recorded is None else moment + timedelta(days=recorded)
    return {
        "change_id": name,
        "effective_from": moment,
        "kind": "tool",
        "description": "",
        "recorded_at": written,
        **more,
    }


def studied(made: MadeSeries, number: int, *more: dict[str, Any], control: bool = True) -> ChangeLogResult:
    """One made-up series around its change, with its control."""
    held = {"figure": monthly(made.values[number]), "control": monthly(made.control[number], "control")}
    plan = ChangeLogPlan(metrics=("figure",), control={"figure": "control"} if control else {}, before_months=24)
    return change_log(held, [change(made.world.change), *more], plan)


def noisy(n: int = 30, seed: int = 3, level: float = 0.0, at: int = 18) -> np.ndarray[Any, Any]:
    return 100 + np.random.default_rng(seed).normal(0, 1, n) + level * (np.arange(n) >= at)


def verdicts(effect: Effect) -> dict[str, str]:
    return {check.name: check.verdict for check in effect.checks}


# By hand and by a second road


def test_the_line_is_that_of_generalised_least_squares_written_out() -> None:
    """30 months, changed on the 10th of month 18, an incident in month 22, no season: [1, t, step, ramp] by hand.

    Months 18 and 22 have terms of their own, which is the same as giving them no say.
    """
    values = noisy(level=4, at=19)
    values[18], values[22] = 500, -500
    changes = [change(18, day=10), change(22, "CH2", kind="incident", recorded=None)]
    found = change_log({"figure": monthly(values)}, changes)
    step, turn = found.of("CH1")
    month = np.arange(30.0)
    after = (month >= 19).astype(float)
    own = np.eye(30)[:, [18, 22]]
    design = np.column_stack([np.ones(30), month - 19, after, after * (month - 19), own])
    assert step.estimate is not None
    assert turn.estimate is not None
    rho = float(step.estimate.method.split("rho ")[1].split(")")[0])
    distance = np.abs(month[:, None] - month)

    def gls(rho: float) -> Any:
        weight = np.linalg.inv(rho**distance) if rho else np.eye(30)
        return np.linalg.solve(design.T @ weight @ design, design.T @ weight @ values)

    low, high = sorted((gls(rho - 0.005)[2], gls(rho + 0.005)[2]))  # the method names rho to two digits
    assert low - 1e-9 <= step.estimate.value <= high + 1e-9
    assert turn.estimate.value == pytest.approx(gls(rho)[3], abs=0.002)
    assert (step.estimate.n_treated, step.estimate.n_comparison) == (10, 18)
    assert (step.index_from, step.index_to) == ("2023-08", "2024-06")


def test_what_each_month_is() -> None:
    values = noisy(level=4, at=19)
    found = change_log(
        {"figure": monthly(values)}, [change(18, day=10), change(22, "CH2", kind="incident", recorded=None)]
    )
    parts = found.series["part"].tolist()
    assert parts == ["before"] * 18 + ["partly"] + ["after"] * 3 + ["incident"] + ["after"] * 7
    np.testing.assert_array_equal(found.series["observed"], values)
    assert found.series["without"].isna().sum() == 18
    assert found.series.loc[found.series["part"] == "partly", "fitted"].isna().all()
    step = found.of("CH1")[0].estimate
    assert step is not None
    first = found.series[found.series["month"] == "2023-08"].iloc[0]
    assert first["fitted"] - first["without"] == pytest.approx(step.value)


def test_a_change_on_the_first_leaves_no_month_out() -> None:
    found = change_log({"figure": monthly(noisy(level=4))}, [change(18)])
    assert set(found.series["part"]) == {"before", "after"}
    assert found.of("CH1")[0].index_from == "2023-07"


def test_p_values_are_adjusted_over_the_steps_and_turns_of_all_figures() -> None:
    """The adjusted p-values of three figures are Holm's of all six."""
    held = {
        name: monthly(noisy(seed=seed, level=size), name)
        for name, seed, size in (("a", 1, 2), ("b", 2, 0), ("c", 3, 9))
    }
    alone = {
        name: [
            check.p_value
            for effect in change_log({name: one}, [change(18)]).effects
            for check in effect.checks
            if check.name == "many_figures"
        ]
        for name, one in held.items()
    }
    together = change_log(held, [change(18)])
    found = [check.p_value for effect in together.effects for check in effect.checks if check.name == "many_figures"]
    alone_all = [p for name in held for p in alone[name]]
    # one figure's own two p-values were adjusted for two: undo where that can be undone
    raw = {}
    for name, one in held.items():
        placebo = change_log({name: one}, [change(18)]).placebo
        raw[name] = placebo[~placebo["made_up"].astype(bool)]["p_value"].item()
    assert alone["c"][0] == pytest.approx(2 * raw["c"])
    assert found[4] == pytest.approx(6 * raw["c"])
    assert all(p is not None and other is not None and p >= other for p, other in zip(found, alone_all, strict=True))
    assert holm([raw["c"]] * 6)[0] == found[4]


def test_a_p_value_below_a_twentieth_is_an_interval_without_zero() -> None:
    for seed in range(8):
        found = change_log({"figure": monthly(noisy(seed=seed, level=1.3))}, [change(18)])
        true = found.placebo
        for low, high, p_value in true[["low", "high", "p_value"]].itertuples(index=False):
            assert (p_value < 0.05) == (not low <= 0 <= high)


def test_made_up_dates_lie_in_the_clean_stretch_before() -> None:
    """18 months before: at least 8 on the left, 4 on the right, so months 8 to 14. With another change in month 5 the
    stretch begins there, and with one in month 10 nothing is long enough.
    """
    held = {"figure": monthly(noisy())}

    def dates(*more: dict[str, Any]) -> list[str]:
        found = change_log(held, [change(18), *more], ChangeLogPlan(entries=("CH1",)))
        return list(found.placebo.loc[found.placebo["made_up"].astype(bool), "month"])

    assert dates() == [str(FIRST.plus(number)) for number in range(8, 15)]
    assert dates(change(5, "CH0", kind="price")) == [str(FIRST.plus(number)) for number in (13, 14)]
    assert dates(change(10, "CH0", kind="price")) == []


# Known truth


@pytest.mark.parametrize("name", ["series_none", "series_effect", "series_bend", "series_season"])
def test_made_up_series_give_their_truth_back(name: str) -> None:
    """12 series a world: about 95 % of intervals hold the truth, and steps are of the planted size."""
    made = series_of(SERIES_WORLDS[name], seed=11, series=12)
    found = [studied(made, number, control=False).effects for number in range(12)]
    for place, truth in enumerate((made.truth["level"], made.truth["slope"])):
        held = [one[place].estimate for one in found]
        assert (
            sum(one is not None and one.low <= truth <= one.high for one in held) >= 9
        )  # fewer: once in 6,000 at 95 %
    mean = np.mean([steps[0].estimate.value for steps in found if steps[0].estimate is not None])
    assert mean == pytest.approx(made.truth["level"], abs=0.9)  # three standard errors
    assert {one.grade for effects in found for one in effects} == {"C"}  # never more without a control series


def test_sound_series_are_graded_b_and_the_null_is_held() -> None:
    null, effect = (
        series_of(replace(SERIES_WORLDS["series_effect"], level=level, shared=0.7), seed=12, series=10)
        for level in (0.0, 6.0)
    )
    nothing = [studied(null, number).effects[0] for number in range(10)]
    something = [studied(effect, number).effects[0] for number in range(10)]
    assert sum(one.grade == "B" for one in nothing) >= 8
    assert sum(one.grade == "B" for one in something) >= 8
    assert sum("showed no clear step" in one.claim for one in nothing) >= 8
    assert sum("higher (95 % interval" in one.claim and "stood" in one.claim for one in something) >= 8


def test_an_earlier_step_that_nobody_wrote_down_fails_the_made_up_dates() -> None:
    world = SeriesWorld(rho=0.2, shared=0.4, other=10.0, other_at=12)
    made = series_of(world, seed=13, series=8)
    found = [verdicts(studied(made, number).effects[0])["placebo_dates"] for number in range(8)]
    assert found.count("failed") >= 6


def test_a_control_that_does_not_move_with_the_figure_is_none() -> None:
    made = series_of(SeriesWorld(shared=0.0), seed=14, series=10)
    found = [verdicts(studied(made, number).effects[0])["control_series"] for number in range(10)]
    assert found.count("failed") >= 8


def test_a_shock_that_moves_the_control_as_well_is_not_taken_for_the_change() -> None:
    made = series_of(SERIES_WORLDS["series_effect"], seed=15, series=6)
    moved = replace(made, control=made.control + 8 * (np.arange(48) >= made.world.change))
    found = [studied(moved, number).effects[0] for number in range(6)]
    assert sum(verdicts(one)["control_series"] == "failed" for one in found) >= 5
    assert all(one.grade == "C" for one in found if verdicts(one)["control_series"] == "failed")


def test_two_changes_in_one_window_withhold_the_single_cause() -> None:
    made = series_of(SERIES_WORLDS["series_other"], seed=16)
    other = change(made.world.other_at, "CH2", kind="price")
    (step, turn) = studied(made, 0, other).of("CH1")
    assert verdicts(step)["single_cause"] == "failed"
    assert step.grade == turn.grade == "C"
    for effect in (step, turn):
        assert "the changes from 2024-01 to 2024-02 together (CH1 and CH2)" in effect.claim
        assert "the tool of" not in effect.claim


def test_an_earlier_change_ends_the_path_before_where_months_enough_lie_between() -> None:
    """Changed in month 24 of 40; another change in month 12 leaves 12 months, one in month 13 too few: 11."""
    for other, months, verdict in ((12, 12, "passed"), (13, 24, "failed")):
        held = {"figure": monthly(noisy(40, level=25, at=other))}
        found = change_log(held, [change(24), change(other, "CH0", kind="price")], ChangeLogPlan(entries=("CH1",)))
        row = found.effects[0]
        assert (row.before_months, verdicts(row)["single_cause"]) == (months, verdict)
        assert row.estimate is not None
        assert abs(row.estimate.value) < 4
        assert ("CH0" in row.claim) == (verdict == "failed")
        assert any("CH0" in note and "not used" in note for note in found.notes) == (verdict == "passed")


def test_two_changes_of_one_month_are_one_study() -> None:
    held = {"figure": monthly(noisy(level=5))}
    found = change_log(held, [change(18), change(18, "CH0", day=20, kind="staffing")])
    assert {effect.treated for effect in found.effects} == {"CH1"}
    assert found.entries["studied_as"].tolist() == ["CH1", "CH1"]
    assert found.entries["others_in_window"].tolist() == ["CH0", "CH1"]
    assert "the changes of 2023-07 together (CH1 and CH0)" in found.effects[0].claim
    assert "None of these changes can be given the credit" in found.effects[0].claim
    assert any("studied together" in note for note in found.notes)


def test_an_incident_has_a_term_of_its_own() -> None:
    made = series_of(replace(SERIES_WORLDS["series_incident"], incident=20.0), seed=17, series=5)
    place = made.world.incident_at
    with_term, without = (
        [studied(made, number, *more).effects[0].estimate for number in range(5)]
        for more in ((change(place, "CH2", kind="incident"),), ())
    )
    off = [np.mean([abs(one.value) for one in held if one is not None]) for held in (with_term, without)]
    assert off[0] < 0.6 * off[1]


def test_a_change_of_counting_is_a_break_of_its_own() -> None:
    """The figure is counted another way from month 8 on, 20 higher; the change in month 18 did nothing.

    Untold, that jump is taken for months that hang together, and the interval is several times as wide.
    """
    values = noisy(36, level=20, at=8)
    recount = change(8, "CH0", kind="measurement")
    blind, told = (
        change_log({"figure": monthly(values)}, [change(18), *more], ChangeLogPlan(entries=("CH1",))).effects[0]
        for more in ((), (recount,))
    )
    assert blind.estimate is not None
    assert told.estimate is not None
    assert abs(told.estimate.value) < 2.5
    assert told.estimate.high - told.estimate.low < 0.5 * (blind.estimate.high - blind.estimate.low)
    assert verdicts(told)["single_cause"] == "failed"


def test_beside_a_control_and_twice_a_change_of_counting_is_in_the_line() -> None:
    rng = np.random.default_rng(5)
    shared = rng.normal(0, 2, 40)
    month = np.arange(40)
    values = 100 + shared + rng.normal(0, 1, 40) + 20 * (month >= 6) - 30 * (month >= 30)
    held = {"figure": monthly(values), "control": monthly(50 + shared + rng.normal(0, 1, 40), "control")}
    plan = ChangeLogPlan(entries=("CH1",), metrics=("figure",), control={"figure": "control"})
    changes = [change(22), change(6, "CH0", kind="measurement"), change(30, "CH2", kind="measurement")]
    step = change_log(held, changes, plan).effects[0].estimate
    assert step is not None
    assert step.low < 0 < step.high
    assert step.high - step.low < 12


# Laws


def test_units_signs_and_places_of_rows() -> None:
    values = noisy(level=4)
    base = change_log({"figure": monthly(values)}, [change(18)]).effects[0].estimate
    assert base is not None
    scaled = change_log({"figure": monthly(60 * values)}, [change(18)]).effects[0].estimate
    turned = change_log({"figure": monthly(-values)}, [change(18)]).effects[0].estimate
    moved = change_log({"figure": monthly(values + 1000)}, [change(18)]).effects[0].estimate
    assert scaled is not None
    assert turned is not None
    assert moved is not None
    np.testing.assert_allclose(
        [scaled.value, scaled.low, scaled.high], 60 * np.array([base.value, base.low, base.high]), rtol=1e-6
    )
    np.testing.assert_allclose([turned.value, turned.low, turned.high], [-base.value, -base.high, -base.low], rtol=1e-6)
    np.testing.assert_allclose([moved.value, moved.low, moved.high], [base.value, base.low, base.high], rtol=1e-6)


def test_the_order_of_rows_and_of_series_changes_nothing_and_nothing_given_is_changed() -> None:
    held = {name: monthly(noisy(seed=seed), name) for seed, name in enumerate("abc")}
    changes = [change(18), change(10, "CH0"), change(20, "CH2", kind="incident")]
    before = [dict(row) for row in changes]
    one = change_log(held, changes)
    other = change_log(dict(reversed(held.items())), changes[::-1])
    assert canonical_json(one.to_parts()) == canonical_json(other.to_parts())
    assert changes == before


def test_parts_are_plain_and_keep_the_contract() -> None:
    found = change_log({"figure": monthly(noisy(level=5))}, [change(18)])
    parts = found.to_parts()
    canonical_json(parts)
    row = parts["effects"][0]
    assert {key: row[key] for key in ("design", "estimand", "treated", "comparison", "outcome", "scale", "unit")} == {
        "design": "change_log", "estimand": "level_change", "treated": "CH1", "comparison": "before",
        "outcome": "figure", "scale": "difference", "unit": "mentions",
    }  # fmt: skip
    assert parts["effects"][1]["unit"] == "mentions per month"
    assert (row["n_treated"], row["n_comparison"], row["before_months"], row["after_months"]) == (12, 18, 18, 12)
    assert parts["coverage"]["change_log"]["entries"][0]["change_id"] == "CH1"
    assert len(found.to_frame()) == 2
    assert "<table" in found._repr_html_()


def test_a_null_finding_gets_the_same_space() -> None:
    nothing, something = (
        change_log({"figure": monthly(noisy(level=level))}, [change(18)]).effects[0].claim for level in (0, 9)
    )
    assert "showed no clear step" in nothing
    assert "stood" in something
    assert nothing.endswith("Grade C: comparison with open questions.")
    assert 0.7 < len(nothing) / len(something) < 1.4


def test_written_afterwards_is_said_and_caps() -> None:
    found = change_log({"figure": monthly(noisy(level=5))}, [change(18, recorded=1)])
    assert verdicts(found.effects[0])["written_before"] == "failed"
    assert "CH1 was written down afterwards." in found.effects[0].claim
    assert found.entries["written_afterwards"].tolist() == ["yes"]


def test_a_season_is_modelled_from_two_earlier_years_on() -> None:
    """23 months before: none. 24: the yearly wave is in the line, and no longer in the step."""
    month = np.arange(48)
    values = noisy(48) + 6 * np.cos(2 * np.pi * month / 12)
    for at, verdict in ((23, "not_run"), (24, "passed")):
        step = change_log({"figure": monthly(values)}, [change(at)]).effects[0]
        assert verdicts(step)["season"] == verdict
        if at == 24:
            assert step.estimate is not None
            assert abs(step.estimate.value) < 2


# Bad input


def refusals(found: ChangeLogResult) -> set[str | None]:
    assert all(
        effect.grade == "D" and effect.claim == f"No effect is claimed: {effect.reason}" for effect in found.effects
    )
    return {effect.reason for effect in found.effects}


@pytest.mark.parametrize(
    ("at", "n", "says"),
    [
        (0, 30, "there is no month before to compare with"),
        (-3, 30, "there is no month before to compare with"),
        (5, 30, "The figure has 5 months before"),
        (27, 30, "wait until 2024-07 is over"),
        (40, 30, "wait until 2025-08 is over"),
    ],
)
def test_changes_at_the_ends_of_the_data_are_refused_with_what_would_help(at: int, n: int, says: str) -> None:
    (reason,) = refusals(change_log({"figure": monthly(noisy(n))}, [change(at)]))
    assert reason is not None
    assert says in reason


def test_a_figure_that_never_moves_or_lies_on_a_line_is_refused() -> None:
    (still,) = refusals(change_log({"figure": monthly(np.full(30, 7.0))}, [change(18)]))
    assert still == "The figure is 7 in all 30 months: nothing in it ever moves."
    (straight,) = refusals(change_log({"figure": monthly(np.arange(30.0))}, [change(18)]))
    assert straight is not None
    assert "exactly on the line" in straight


def test_holes_are_left_out_and_told_and_too_many_cap() -> None:
    values = noisy(36, level=5)
    values[[3, 9, 25]] = np.nan
    found = change_log({"figure": monthly(values)}, [change(18)])
    step = found.effects[0]
    assert step.estimate is not None
    assert (step.estimate.n_comparison, step.estimate.n_treated) == (16, 11)
    assert "27 months" not in str(step.checks)
    assert any("3 months between its first and its last have no figure" in note for note in found.notes)
    values[[1, 5, 7, 20, 23]] = np.nan
    assert verdicts(change_log({"figure": monthly(values)}, [change(18)]).effects[0])["long_enough"] == "failed"


def test_months_that_are_not_closed_are_told() -> None:
    states = ("locked",) * 20 + ("provisional",) * 10
    found = change_log({"figure": monthly(noisy(), states=states)}, [change(18)])
    assert verdicts(found.effects[0])["closed_months"] == "not_run"
    assert any("10 of 30 months are not closed" in note for note in found.notes)


def test_names_that_are_not_there() -> None:
    held = {"figure": monthly(noisy())}
    for plan, says in (
        (ChangeLogPlan(entries=("CH11",)), "there is no `CH11`. Did you mean `CH1`"),
        (ChangeLogPlan(metrics=("figur",)), "there is no `figur`. Did you mean `figure`"),
        (ChangeLogPlan(control={"figure": "contrl"}), "control series: there is no `contrl`"),
        (ChangeLogPlan(control={"figre": "figure"}), "there is no `figre`"),
    ):
        with pytest.raises(UnknownName, match=says.replace("`", ".").replace("?", ".")):
            change_log(held, [change(18)], plan)


def test_a_metric_that_the_data_lack_keeps_its_rows() -> None:
    plan = ChangeLogPlan(metrics=("figure", "nps"))
    found = change_log({"figure": monthly(noisy())}, [change(18)], plan)
    assert [effect.reason for effect in found.of("CH1", "nps")] == [NO_FIGURE, NO_FIGURE]
    assert all(effect.estimate is not None for effect in found.of("CH1", "figure"))


def test_no_change_log_and_no_figures() -> None:
    with pytest.raises(DesignError, match="There is no change log"):
        change_log({"figure": monthly(noisy())}, [])
    with pytest.raises(DesignError, match="No figure was given by month"):
        change_log({}, [change(18)])
    with pytest.raises(InputError, match="is text, not a time"):
        change_log({"figure": monthly(noisy())}, [{**change(18), "effective_from": "2023-07-01"}])


@pytest.mark.parametrize("wrong", [{"before_months": 0}, {"after_months": 0}, {"level": 1.0}, {"zone": "Mars"}])
def test_an_impossible_plan_is_refused(wrong: Mapping[str, Any]) -> None:
    with pytest.raises((DesignError, UnknownName)):
        ChangeLogPlan(**wrong)


def test_a_control_that_cannot_serve_is_refused_and_the_figure_studied_without() -> None:
    still = monthly(np.full(30, 5.0), "control")
    short = monthly(noisy(12), "control")
    tv = monthly(noisy(seed=9), "control", segment={"product": "tv"})
    for control, says in (
        (still, "no line could be drawn"),
        (short, "no value in 18 of the 30 months"),
        (tv, "touched"),
    ):
        plan = ChangeLogPlan(metrics=("figure",), control={"figure": control.key})
        found = change_log({"figure": monthly(noisy(level=6)), control.key: control}, [change(18)], plan)
        (check,) = (one for one in found.effects[0].checks if one.name == "control_series")
        assert check.verdict == "failed"
        assert says in check.detail
        assert found.effects[0].comparison == "before"
        assert found.effects[0].estimate is not None


def test_at_most_a_dozen_figures_are_looked_at() -> None:
    held = {f"f{number:02d}": monthly(noisy(seed=number), f"f{number:02d}") for number in range(14)}
    found = change_log(held, [change(18)])
    assert len({effect.outcome for effect in found.effects}) == 12
    assert "`f12`, `f13`" in found.notes[0]


def test_text_from_the_table_is_text_everywhere() -> None:
    nasty = "<script>alert('x')</script>\n| a | b |\u202e"
    row = change(18, nasty, recorded=5, description=nasty, scope=nasty, owner=nasty)
    found = change_log({"figure": monthly(noisy(level=6))}, [row])
    html = found._repr_html_()
    assert "<script" not in html
    for effect in found.effects:
        for said in (effect.claim, *(check.detail for check in effect.checks)):
            assert "\n" not in said
            assert "\u202e" not in said
    assert found.effects[0].treated == nasty  # the id itself stays what it is
    canonical_json(found.to_parts())


def test_dates_of_frames_are_plain_text() -> None:
    found = change_log({"figure": monthly(noisy())}, [change(18, recorded=None)])
    row = found.entries.iloc[0]
    assert (row["effective_from"], row["recorded_at"], row["written_afterwards"]) == ("2023-07-01", "", "unknown")
    assert date.fromisoformat(row["effective_from"])
