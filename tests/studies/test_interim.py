"""The newest months, of which three are over: the estimator of the study on other rows, capped at C, or left out."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.inference.panel_effects import count_weights, ratio_did
from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.channel_result import ChannelResult, Evidence
from analysis.studies.interim import Interim
from analysis.studies.result import Effect
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from tests.studies.planted_stacks import changed, layout_with, planted

PLAN = ChannelPlan(outcomes=("orders",), robust=False)
EVIDENCE = Evidence(index_from="2023-07", index_to="2024-12", before_months=6, after_months=6, data_to="2025-06")


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    """Index months of the study to 2024-12, the newest from 2025-01 to 2025-03."""
    return planted(52, effect=1.3, layout=layout_with(outcomes=("orders", "revenue")))


@pytest.fixture(scope="module")
def result(stack: ArrayStack) -> ChannelResult:
    return channel_on(stack, PLAN)


def interim_of(stack: ArrayStack, outcomes: tuple[str, ...] = ("orders",)) -> Interim | None:
    return Interim.of(stack, (), outcomes, EVIDENCE, 0.95)


def told(result: ChannelResult) -> dict[str, Effect]:
    return {effect.scale: effect for effect in result.effects if effect.maturity == "interim"}


def test_it_is_the_study_on_the_newest_rows(stack: ArrayStack, result: ChannelResult) -> None:
    """Three months after against six before, by the road of rows."""
    found = interim_of(stack)
    assert found is not None
    rows = found.fits.rows
    latest = stack.layout.end.number - 3
    assert set(rows["month"]) == {latest - 2, latest - 1, latest}
    stratum, arm = found.strata.code[rows["cell"]], rows["arm"].to_numpy() == 1
    slow = ratio_did(
        name="orders",
        unit="orders per customer",
        before=rows[list(window("orders", -6, -1))].sum(axis=1),
        after=rows[list(window("orders", 1, 3))].sum(axis=1),
        contacted=arm,
        month=rows["month"],
        weight=count_weights(stratum, arm),
        customer=rows["customer"],
    )
    effects = told(result)
    for scale, theirs in (("ratio", slow.ratio), ("difference", slow.difference)):
        ours = effects[scale].estimate
        assert ours is not None
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), rel=1e-9)
        assert (ours.n_treated, ours.n_comparison) == (theirs.n_treated, theirs.n_comparison)


def test_it_gives_back_the_planted_effect(result: ChannelResult) -> None:
    estimate = told(result)["ratio"].estimate
    assert estimate is not None
    assert estimate.low < 1.3 < estimate.high


def test_it_says_that_it_is_not_over_and_is_graded_c(stack: ArrayStack, result: ChannelResult) -> None:
    mature = result.of("orders")[0]
    assert mature.grade == "B"
    for effect in told(result).values():
        assert (effect.grade, effect.maturity, effect.after_months, effect.before_months) == ("C", "interim", 3, 6)
        assert (effect.index_from, effect.index_to) == ("2025-01", "2025-03")
        assert effect.claim.startswith("So far")
        names = [check.name for check in effect.checks]
        assert names == ["window_over", "pre_trend", "placebo_date", "future_social", "overlap", "balance"]
        assert effect.checks[0].detail.startswith("Customers were followed for 3 of 6 months")
        assert effect.checks[1:4] == mature.checks[:3], "the gates of the study"
    assert (result.evidence.interim_from, result.evidence.interim_to) == ("2025-01", "2025-03")
    assert interim_of(stack) is not None
    assert interim_of(stack).dated(EVIDENCE).interim_to == "2025-03"  # type: ignore[union-attr]


def test_what_newest_customers_did_does_not_touch_the_study(stack: ArrayStack, result: ChannelResult) -> None:
    rows = stack.rows()
    doubled = {name: rows[name] * np.where(rows["study"] == 0, 2, 1) for name in window("orders", 1, 3)}
    other = channel_on(changed(stack, **doubled), PLAN)
    assert other.of("orders")[0].estimate == result.of("orders")[0].estimate
    one, two = (told(found)["ratio"].estimate for found in (result, other))
    assert one is not None
    assert two is not None
    assert two.value == pytest.approx(one.value, rel=1e-12), "everybody doubled is no effect"
    assert two.n_treated == one.n_treated


def test_months_four_to_six_are_not_read(stack: ArrayStack, result: ChannelResult) -> None:
    """They are not over, and hold noughts where the data end."""
    rows = stack.rows()
    unknown = {name: np.where(rows["study"] == 0, -1e9, rows[name]) for name in window("orders", 4, 6)}
    assert told(channel_on(changed(stack, **unknown), PLAN)) == told(result)


# Left out


def test_a_window_of_three_months_or_fewer_has_no_interim() -> None:
    for after in (1, 3):
        stack = planted(51, customers=2_000, layout=layout_with(after=after))
        assert interim_of(stack) is None
        result = channel_on(stack, ChannelPlan(outcomes=("orders",), after_months=after, robust=False))
        assert told(result) == {}
        assert result.evidence.interim_from is None


def test_no_newest_rows_no_outcomes_or_too_few_customers_have_no_interim(stack: ArrayStack) -> None:
    rows = stack.rows()
    assert interim_of(ArrayStack(rows[rows["study"] == 1], stack.layout)) is None
    assert interim_of(stack, ()) is None
    newest = rows["study"] == 0
    for arm in (0, 1):
        many = rows[newest & (rows["arm"] == arm)].index
        few = ArrayStack(rows.drop(index=many[49:]), stack.layout)
        assert interim_of(few) is None, "each group needs 50"


def test_newest_months_that_nobody_shares_have_no_interim(stack: ArrayStack) -> None:
    """Contacted customers in one month, others in the next: nobody can be compared, and nothing is claimed."""
    rows = stack.rows()
    month = np.where(rows["study"] == 0, stack.layout.end.number - 4 + rows["arm"], rows["month"])
    assert interim_of(changed(stack, month=month)) is None


def test_newest_months_in_which_nobody_buys_have_no_interim(stack: ArrayStack) -> None:
    rows = stack.rows()
    none = {name: np.where(rows["study"] == 0, 0.0, rows[name]) for name in window("orders", 1, 6)}
    assert interim_of(changed(stack, **none)) is None
    before = {name: np.where(rows["study"] == 0, 0.0, rows[name]) for name in window("orders", -6, -1)}
    assert interim_of(changed(stack, **before)) is None, "too thin"


@pytest.mark.parametrize("constant", [1.0, pytest.param(0.7)])
def test_newest_customers_who_all_do_the_same_are_not_told(stack: ArrayStack, constant: float) -> None:
    found = interim_of(changed(stack, **dict.fromkeys(stack.layout.measures, constant)))
    assert found is not None
    assert found.effects([]) == []


def test_orders_need_not_be_among_the_outcomes(stack: ArrayStack) -> None:
    found = interim_of(stack, ("revenue",))
    assert found is not None
    assert found.outcomes == ("revenue",)


def test_without_gates_of_the_study_there_is_no_more_than_c(stack: ArrayStack) -> None:
    found = interim_of(stack, ("orders", "revenue"))
    assert found is not None
    effects = found.effects([])
    assert [(one.outcome, one.scale) for one in effects] == [
        (outcome, scale) for outcome in ("orders", "revenue") for scale in ("ratio", "difference")
    ]
    assert {one.grade for one in effects} == {"C"}
    assert (found.first, found.last) == (Month.of("2025-01"), Month.of("2025-03"))
    assert {one.estimate.unit for one in effects if one.estimate} == {
        "ratio",
        "orders per customer",
        "EUR per customer",
    }
