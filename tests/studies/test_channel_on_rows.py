"""The whole study on rows with planted truths: both scales, its laws, segments, and refusals with their reasons."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.channel_result import ChannelResult
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from tests.studies.planted_stacks import changed, layout_with, planted, with_effect

BEFORE, AFTER = window("orders", -6, -1), window("orders", 1, 6)
PLAN = ChannelPlan(outcomes=("orders",), robust=False)


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    return planted(100, layout=layout_with(outcomes=("orders", "revenue", "issues"), attributes=("region",)))


@pytest.fixture(scope="module")
def found(stack: ArrayStack) -> ChannelResult:
    return channel_on(stack, PLAN)


def sane(result: ChannelResult) -> None:
    """Nothing that is drawn or written is no number; empty cells of a window that is not over are the exception."""
    for frame in (result.paths, result.event_study, result.balance, result.maturing[list(result.maturing)[:6]]):
        assert not frame.isna().any(axis=None)
    json.dumps(result.to_parts(), allow_nan=False)


def reasons(result: ChannelResult, outcome: str = "orders") -> list[str]:
    """Why an outcome is refused, as ratio and as difference; a refusal keeps its row, with grade D."""
    sane(result)
    effects = [*result.of(outcome), *result.of(outcome, "difference")]
    assert [(effect.estimate, effect.grade) for effect in effects] == [(None, "D")] * 2
    return [str(effect.reason) for effect in effects]


# Planted truths and laws


@pytest.mark.parametrize("effect", [0.85, 1.0, 1.25])
def test_planted_effects_are_held_on_both_scales(effect: float) -> None:
    """The difference is what contacted customers did less what they would have done, known from their own orders."""
    stack = planted(101, effect=effect)
    result = channel_on(stack, PLAN)
    rows = stack.rows().query("study == 1 and arm == 1")
    truth = rows[list(AFTER)].sum(axis=1).mean() * (1 - 1 / effect)
    ratio, gap = result.of("orders")[0].estimate, result.of("orders", "difference")[0].estimate
    assert ratio is not None
    assert gap is not None
    assert ratio.low < effect < ratio.high
    assert gap.low < truth < gap.high
    assert 0.98 * len(rows) <= ratio.n_treated <= len(rows), "at most 2 % have nobody like them"
    sane(result)


def test_a_constant_effect_multiplies_the_ratio_and_leaves_the_gates(stack: ArrayStack, found: ChannelResult) -> None:
    more = channel_on(with_effect(stack, 1.25), PLAN)
    one, two = found.of("orders")[0], more.of("orders")[0]
    assert one.estimate is not None
    assert two.estimate is not None
    assert two.estimate.value == pytest.approx(1.25 * one.estimate.value, rel=1e-12)
    assert two.estimate.se_log == pytest.approx(one.estimate.se_log, rel=1e-9)
    assert two.checks[:3] == one.checks[:3]
    assert more.pre_trends == found.pre_trends


def test_neither_order_of_rows_nor_unit_matters(stack: ArrayStack, found: ChannelResult) -> None:
    rows = stack.rows()
    names = [name for name in rows if name.startswith("orders")]
    shuffled = ArrayStack(rows.sample(frac=1, random_state=1), stack.layout)
    cents = changed(stack, **{name: 100 * rows[name] for name in names})
    plain, gap = found.of("orders")[0].estimate, found.of("orders", "difference")[0].estimate
    assert plain is not None
    assert gap is not None
    for other, factor in ((shuffled, 1), (cents, 100)):
        result = channel_on(other, PLAN)
        same, scaled = result.of("orders")[0].estimate, result.of("orders", "difference")[0].estimate
        assert same is not None
        assert scaled is not None
        assert (same.value, same.low, same.high) == pytest.approx((plain.value, plain.low, plain.high), rel=1e-11)
        assert (scaled.value, scaled.high) == pytest.approx((factor * gap.value, factor * gap.high), rel=1e-9)


def test_segments_are_studies_of_their_own_rows(stack: ArrayStack, found: ChannelResult) -> None:
    """Each region as if it were the company, gates too; together they have all contacted customers but 2 % at most."""
    result = channel_on(stack, ChannelPlan(outcomes=("orders",), segments=("region",), robust=False))
    whole, *parts = result.of("orders")
    assert [dict(part.segment) for part in parts] == [{"region": name} for name in ("east", "north", "south")]
    assert whole.estimate == found.of("orders")[0].estimate, "the whole does not mind being looked at in parts"
    rows = stack.rows()
    contacted = len(rows.query("study == 1 and arm == 1"))
    assert 0.98 * contacted <= sum(part.estimate.n_treated for part in parts if part.estimate) <= contacted
    by_itself = channel_on(ArrayStack(rows[rows["a0"] == 1], stack.layout), PLAN).of("orders")[0]
    alone, north = by_itself.estimate, parts[1].estimate
    assert alone is not None
    assert north is not None
    assert (north.value, north.low, north.high) == pytest.approx((alone.value, alone.low, alone.high), rel=1e-11)
    for ours, theirs in zip(parts[1].checks[:3], by_itself.checks[:3], strict=True):
        assert (ours.name, ours.verdict) == (theirs.name, theirs.verdict)
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high), rel=1e-9)


def test_outcomes_have_one_covariance(stack: ArrayStack) -> None:
    result = channel_on(stack, ChannelPlan(outcomes=("orders", "revenue", "issues"), robust=False))
    matrix = np.array(result.covariance["matrix"])
    assert (np.linalg.eigvalsh(matrix) > 0).all()
    errors = [result.of(name)[0].estimate.se_log for name in ("orders", "revenue", "issues")]  # type: ignore[union-attr]
    assert np.sqrt(np.diag(matrix)) == pytest.approx(errors, rel=1e-9)
    assert matrix[0, 1] / math.sqrt(matrix[0, 0] * matrix[1, 1]) > 0.5, "revenue is orders times a price"
    sane(result)


# Refusals


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"arm": 0}, "contacted.* or no comparison customer"),
        ({"arm": 1}, "contacted.* or no comparison customer"),
        ({"study": 0}, "contacted.* or no comparison customer"),
        ({"month": lambda rows: rows["month"] // 2 * 2 + rows["arm"]}, "In no month are there contacted and comp"),
    ],
    ids=["nobody contacted", "nobody else", "no rows", "never in one month"],
)
def test_a_study_without_two_groups_is_refused(stack: ArrayStack, columns: dict[str, Any], said: str) -> None:
    with pytest.raises(DesignError, match=said):
        channel_on(changed(stack, **columns), PLAN)


@pytest.mark.parametrize(
    ("names", "whose", "said"),
    [
        (BEFORE, (0, 1), "a month holds 0.0 purchases of comparison customers before"),
        (BEFORE, (0,), "a month holds 0.0 purchases of comparison customers before"),
        (BEFORE, (1,), "and 0 were expected; a ratio needs both above zero"),
        (AFTER, (0, 1), "contacted customers have 0 after the contact and 0 were expected"),
        (AFTER, (0,), "and 0 were expected; a ratio needs both above zero"),
        (AFTER, (1,), "contacted customers have 0 after the contact"),
    ],
)
def test_windows_in_which_nobody_buys_are_refused(
    stack: ArrayStack, names: tuple[str, ...], whose: tuple[int, ...], said: str
) -> None:
    rows = stack.rows()
    none = {name: np.where(rows["arm"].isin(whose), 0.0, rows[name]) for name in names}
    told = reasons(channel_on(changed(stack, **none), PLAN))
    assert all(said in reason for reason in told), told


def test_too_few_customers_are_refused_by_their_number(stack: ArrayStack) -> None:
    rows = stack.rows()
    contacted = rows[(rows["arm"] == 1) & (rows["study"] == 1)].index
    few = ArrayStack(rows.drop(index=contacted[49:]), stack.layout)
    assert reasons(channel_on(few, PLAN))[0].startswith("49 contacted customers and ")


@pytest.mark.parametrize("constant", [1.0, pytest.param(0.7)])
def test_customers_who_all_do_the_same_are_refused(stack: ArrayStack, constant: float) -> None:
    same = changed(stack, **dict.fromkeys((*window("orders", -6, 6), "orders_early"), constant))
    assert all("its standard error is" in reason for reason in reasons(channel_on(same, PLAN)))


def test_without_rows_of_the_future_gate_the_effect_is_told_and_is_at_most_c(stack: ArrayStack) -> None:
    result = channel_on(changed(stack, future=0), PLAN)
    sane(result)
    effect = result.of("orders")[0]
    assert effect.grade == "C"
    assert effect.checks[2].verdict == "not_run"


def test_a_gate_that_could_not_be_run_keeps_the_grade_at_c(stack: ArrayStack, found: ChannelResult) -> None:
    assert found.of("orders")[0].grade == "B"
    short = channel_on(changed(stack, observed=8), PLAN)
    sane(short)
    effect = short.of("orders")[0]
    assert (effect.grade, effect.checks[1].verdict) == ("C", "not_run")
    few = planted(102, layout=layout_with(before=3))
    result = channel_on(few, ChannelPlan(outcomes=("orders",), before_months=3, robust=False))
    sane(result)
    effect = result.of("orders")[0]
    assert (effect.grade, effect.checks[0].verdict, dict(result.pre_trends)) == ("C", "not_run", {})


def test_orders_need_not_be_among_the_outcomes(stack: ArrayStack) -> None:
    result = channel_on(stack, ChannelPlan(outcomes=("revenue",), robust=False))
    assert result.of("revenue")[0].estimate is not None
