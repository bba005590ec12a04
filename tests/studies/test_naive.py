"""The raw figures of everybody else: right as what they are, by hand, and refused where there is nothing."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import ArrayLike

from analysis.studies.channel import ChannelPlan, channel_on
from analysis.studies.naive import add_naive, naive_before_after, naive_user_gap
from analysis.studies.result import Effect
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.stack_months_sql import Everybody
from analysis.studies.strata import choose_strata
from tests.studies.planted_stacks import by_hand, changed, fits_of, layout_with, planted, with_effect

DATES = {"index_from": "2023-07", "index_to": "2024-12", "before_months": 6, "after_months": 6}


def naive(stack: ArrayStack, outcome: str = "orders") -> Effect:
    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    value = add_naive(fits, outcome, strata)
    fits.settle()
    n = int(fits.cells.n[fits.cells.keys["arm"] == 1].sum())
    return naive_before_after(fits, outcome, value, n, DATES)


# Contacted customers' own months


def test_the_own_change_by_hand() -> None:
    """Contacted: 4 + 8 before, 6 + 3 after: 0.75. The index month does not count, nor what others did.

    Influences 6/9 - 4/12 = 1/3 and 3/9 - 8/12 = -1/3: an error of sqrt(2/9).
    """
    rows = [
        {"arm": 1, "orders_m6": 4, "orders_0": 50, "orders_p6": 6},
        {"arm": 1, "orders_m1": 8, "orders_p1": 3},
        {"arm": 0, "orders_m1": 1, "orders_p1": 99},
    ]
    effect = naive(by_hand(layout_with(), rows))
    assert effect.estimate is not None
    assert effect.estimate.value == 0.75
    assert effect.estimate.se_log == pytest.approx(math.sqrt(2 / 9))
    assert effect.estimate.high == pytest.approx(0.75 * math.exp(1.959964 * math.sqrt(2 / 9)))
    assert (effect.grade, effect.naive, effect.comparison, effect.estimate.n_treated) == ("D", True, "before", 2)


def test_issues_have_the_index_month_before() -> None:
    """3 issues in seven months, 2 in six: (2 / 6) / (3 / 7)."""
    rows = [{"arm": 1, "issues_0": 1, "issues_m2": 2, "issues_p3": 2}, {"arm": 0}]
    effect = naive(by_hand(layout_with(outcomes=("orders", "issues")), rows), "issues")
    assert effect.estimate is not None
    assert effect.estimate.value == pytest.approx((2 / 6) / (3 / 7))
    assert "the month of the issue counted as before" in effect.claim


@pytest.mark.parametrize(("before", "after"), [(6, 3), (3, 6), (6, 6)])
def test_windows_of_different_length_are_compared_by_the_month(before: int, after: int) -> None:
    rows: list[dict[str, Any]] = [
        {"arm": 1, **dict.fromkeys(window("orders", -before, -1), 2), **dict.fromkeys(window("orders", 1, after), 3)},
        {"arm": 0},
    ]
    effect = naive(by_hand(layout_with(before=before, after=after), rows))
    assert effect.estimate is not None
    assert effect.estimate.value == pytest.approx(1.5)


def test_it_takes_what_everybody_did_for_an_effect() -> None:
    """All buy half as much after: the study says 1, the raw figure 0.5; with a true effect of 1.2 it says 0.6."""
    stack = planted(90)
    rows = stack.rows()
    fallen = changed(stack, **{name: rows[name] * 0.5 for name in window("orders", 1, 6)})
    plan = ChannelPlan(outcomes=("orders",), robust=False)
    for company, truth in ((fallen, 1.0), (with_effect(fallen, 1.2), 1.2)):
        result = channel_on(company, plan)
        (raw,) = [effect.estimate for effect in result.effects if effect.naive]
        ours = result.of("orders")[0].estimate
        assert raw is not None
        assert ours is not None
        assert ours.low < truth < ours.high
        assert raw.high < 0.6 * truth


def test_units_scale_away_and_the_order_of_rows_does_not_matter() -> None:
    stack = planted(91, customers=1_000)
    rows = stack.rows()
    names = [name for name in rows if name.startswith("orders")]
    expected = naive(stack).estimate
    assert expected is not None
    for other in (
        changed(stack, **{name: 100 * rows[name] for name in names}),
        ArrayStack(rows.sample(frac=1, random_state=1), stack.layout),
    ):
        found = naive(other).estimate
        assert found is not None
        assert (found.value, found.low, found.high) == pytest.approx(
            (expected.value, expected.low, expected.high), rel=1e-12
        )


@pytest.mark.parametrize("span", [(-6, -1), (1, 6)])
def test_nothing_in_one_of_the_windows_is_refused_with_its_reason(span: tuple[int, int]) -> None:
    stack = planted(92, customers=1_000)
    rows = stack.rows()
    none = {name: np.where(rows["arm"] == 1, 0.0, rows[name]) for name in window("orders", *span)}
    effect = naive(changed(stack, **none))
    assert (effect.estimate, effect.grade) == (None, "D")
    assert effect.reason == "contacted customers have nothing in one of the windows."
    assert effect.to_dict()["value"] is None


# Users against others


def gap(orders: ArrayLike, social: ArrayLike, issues: ArrayLike | None = None) -> list[Effect]:
    outcomes = ("orders",) if issues is None else ("orders", "issues")
    opened = np.zeros(len(np.array(orders)), dtype=np.int64) if issues is None else np.array(issues, dtype=np.int64)
    everybody = Everybody(np.array(orders, dtype=np.int32), opened, np.array(social, dtype=bool))
    return naive_user_gap(everybody, DATES, 0.95, outcomes)


def test_users_against_others_by_hand() -> None:
    """Users 4 and 2 (mean 3, variance 2), others 1, 2 and 3 (mean 2, variance 1): a ratio of 1.5.

    Its logarithm has variance 2 / (2 * 9) + 1 / (3 * 4) = 7/36. Issues: 3 and 1 against 1, 0 and 1, means 2 and 2/3.
    """
    orders, issues = gap([4, 2, 1, 2, 3], [True, True, False, False, False], [3, 1, 1, 0, 1])
    assert orders.estimate is not None
    assert issues.estimate is not None
    assert orders.estimate.value == pytest.approx(1.5)
    assert orders.estimate.se_log == pytest.approx(math.sqrt(7 / 36))
    assert (orders.estimate.n_treated, orders.estimate.n_comparison) == (2, 3)
    assert (orders.grade, orders.naive, orders.comparison) == ("D", True, "never_social")
    assert (orders.outcome, issues.outcome) == ("orders", "issues")
    assert issues.estimate.value == pytest.approx(3.0)


def test_the_gap_is_that_of_pandas() -> None:
    draw = np.random.default_rng(1)
    frame = pd.DataFrame({"n": draw.negative_binomial(2, 0.3, 4_000), "user": draw.random(4_000) < 0.2})
    (effect,) = gap(frame["n"].to_list(), frame["user"].to_list())
    users, others = (frame.loc[frame["user"] == side, "n"] for side in (True, False))
    assert effect.estimate is not None
    assert effect.estimate.value == pytest.approx(users.mean() / others.mean(), rel=1e-12)
    variance = sum(group.var() / len(group) / group.mean() ** 2 for group in (users, others))
    assert effect.estimate.se_log == pytest.approx(math.sqrt(variance), rel=1e-9)


def test_users_and_others_changed_round_turn_the_gap_over() -> None:
    draw = np.random.default_rng(2)
    orders, user = draw.poisson(3, 500), draw.random(500) < 0.4
    order = draw.permutation(500)
    (one,), (other,), (again,) = gap(orders, user), gap(orders, ~user), gap(orders[order], user[order])
    assert one.estimate is not None
    assert other.estimate is not None
    assert one.estimate.value * other.estimate.value == pytest.approx(1, rel=1e-12)
    assert (one.estimate.low, one.estimate.high) == pytest.approx((1 / other.estimate.high, 1 / other.estimate.low))
    assert again.estimate == one.estimate


def test_very_many_orders_of_one_customer_do_not_run_over() -> None:
    """Counts are whole numbers of 32 bits, their squares are not. Means 2e5 and 1e5, variances 2e10 and 5e9: twice
    2e10 / (2 * 4e10)."""
    (effect,) = gap([100_000, 300_000, 50_000, 150_000], [True, True, False, False])
    assert effect.estimate is not None
    assert effect.estimate.value == pytest.approx(2.0)
    assert effect.estimate.se_log == pytest.approx(math.sqrt(0.25 + 0.25))


@pytest.mark.parametrize(
    ("orders", "social"),
    [
        ([1, 2, 3, 4], [False] * 4),
        ([1, 2, 3, 4], [True] * 4),
        ([1, 2, 3, 4], [True, False, False, False]),
        ([1, 2, 3, 4], [True, True, True, False]),
        ([0, 0, 3, 4], [True, True, False, False]),
        ([1, 2, 0, 0], [True, True, False, False]),
        ([], []),
    ],
    ids=["no user", "no other", "one user", "one other", "users have none", "others have none", "nobody"],
)
def test_a_group_too_small_or_with_nothing_is_refused(orders: list[int], social: list[bool]) -> None:
    (effect,) = gap(orders, social)
    assert effect.estimate is None
    assert effect.reason == "one of the two groups is too small or has nothing."
    assert (effect.grade, effect.to_dict()["value"]) == ("D", None)
