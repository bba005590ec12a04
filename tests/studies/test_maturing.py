"""Past cohorts: what three months said of them, and what the whole window said."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.foundation.calendar import Month
from analysis.inference.panel_effects import RatioDid, count_weights, ratio_did
from analysis.studies.fits import Fits
from analysis.studies.maturing import COLUMNS, add_cohorts, cohorts_of, maturing_frame, windows_of
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.strata import Strata, choose_strata
from tests.studies.planted_stacks import changed, fits_of, layout_with, planted, with_effect


def studied(stack: ArrayStack) -> tuple[Fits, Strata]:
    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    add_cohorts(fits, "orders", strata)
    fits.settle()
    return fits, strata


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    return planted(60)


@pytest.fixture(scope="module")
def found(stack: ArrayStack) -> tuple[Fits, Strata]:
    return studied(stack)


def test_cohorts_by_hand() -> None:
    """Three months each, counted back from the last; what is left over at the beginning is no cohort."""
    assert cohorts_of(10, 18) == [(10, 12), (13, 15), (16, 18)]
    assert cohorts_of(10, 17) == [(12, 14), (15, 17)]
    assert cohorts_of(10, 12) == [(10, 12)]
    assert cohorts_of(10, 11) == []
    assert cohorts_of(10, 9) == []


@pytest.mark.parametrize("last", range(10, 40))
def test_cohorts_follow_each_other_without_a_gap(last: int) -> None:
    cohorts = cohorts_of(10, last)
    months = [month for first, end in cohorts for month in range(first, end + 1)]
    assert months == list(range(last - len(months) + 1, last + 1))
    assert 0 <= last - 10 + 1 - len(months) < 3


def on_rows(fits: Fits, strata: Strata, first: int, months: int) -> RatioDid:
    rows = fits.rows[fits.rows["month"].between(first, first + 2)]
    stratum, arm = strata.code[rows["cell"]], rows["arm"].to_numpy() == 1
    return ratio_did(
        name="orders",
        unit="x",
        before=rows[list(window("orders", -6, -1))].sum(axis=1),
        after=rows[list(window("orders", 1, months))].sum(axis=1),
        contacted=arm,
        month=rows["month"],
        weight=count_weights(stratum, arm),
        customer=rows["customer"],
    )


def test_each_cohort_is_the_study_on_its_rows(found: tuple[Fits, Strata]) -> None:
    fits, strata = found
    frame = maturing_frame(fits, None, "orders")
    assert frame["cohort_from"].tolist() == ["2023-07", "2023-10", "2024-01", "2024-04", "2024-07", "2024-10"]
    assert frame["cohort_to"].iloc[-1] == str(fits.stack.layout.last) == "2024-12"
    for row in frame.itertuples():
        first = Month.of(row.cohort_from).number
        soon, late = (on_rows(fits, strata, first, months).ratio for months in (3, 6))
        assert (row.interim, row.interim_low, row.interim_high) == pytest.approx((soon.value, soon.low, soon.high))
        assert (row.mature, row.mature_low, row.mature_high) == pytest.approx((late.value, late.low, late.high))
        assert row.moved == pytest.approx(late.value / soon.value)


def test_an_effect_multiplies_both_and_moves_nothing(stack: ArrayStack, found: tuple[Fits, Strata]) -> None:
    one, two = (maturing_frame(fits, None, "orders") for fits in (found[0], studied(with_effect(stack, 1.4))[0]))
    for column in COLUMNS[3:9]:
        assert two[column].to_numpy() == pytest.approx(1.4 * one[column].to_numpy(), rel=1e-12)
    assert two["moved"].to_numpy() == pytest.approx(one["moved"].to_numpy(), rel=1e-12)


def test_an_effect_that_comes_late_is_seen_to_move(stack: ArrayStack, found: tuple[Fits, Strata]) -> None:
    """Contacted customers' orders doubled from the fourth month on: the interim stays, the whole window rises."""
    rows = stack.rows()
    times = np.where(rows["arm"] == 1, 2.0, 1.0)
    late = changed(stack, **{name: rows[name] * times for name in window("orders", 4, 6)})
    one, two = (maturing_frame(fits, None, "orders") for fits in (found[0], studied(late)[0]))
    assert two["interim"].tolist() == one["interim"].tolist()
    assert (two["moved"] > 1.3 * one["moved"]).all()


def test_a_sound_company_does_not_move() -> None:
    """Fifteen companies of six cohorts: the mean move is nought within three of its errors."""
    frames = (maturing_frame(studied(planted(600 + s, customers=3_000))[0], None, "orders") for s in range(15))
    moves = np.array([np.log(frame["moved"]).mean() for frame in frames])
    assert abs(moves.mean()) < 3 * moves.std(ddof=1) / np.sqrt(15)


def test_the_newest_stand_last_with_their_window_empty(stack: ArrayStack, found: tuple[Fits, Strata]) -> None:
    recent = fits_of(stack, "recent")
    soon, _, before = windows_of(recent, "orders")
    recent.growth("interim orders", "x", after=soon, before=before, strata=choose_strata(recent.cells, stack.layout))
    recent.settle()
    frame = maturing_frame(found[0], recent, "orders")
    last = frame.iloc[-1]
    assert (last["cohort_from"], last["cohort_to"]) == ("2025-01", "2025-03")
    assert last["interim"] == recent.contrast("interim orders").ratio
    assert last["interim_low"] < last["interim"] < last["interim_high"]
    assert last[["mature", "mature_low", "mature_high", "moved"]].isna().all()
    assert not frame.iloc[:-1].isna().any(axis=None)
    assert len(maturing_frame(found[0], fits_of(stack, "recent"), "orders")) == len(frame) - 1


# Bad input


def test_a_short_window_is_its_own_interim() -> None:
    stack = planted(61, customers=1_000, layout=layout_with(after=3))
    frame = maturing_frame(studied(stack)[0], None, "orders")
    assert (len(frame), tuple(frame.columns)) == (0, COLUMNS)


def test_a_cohort_that_cannot_be_told_is_left_out(stack: ArrayStack) -> None:
    """Nobody contacted in the second cohort; in the third nobody bought after."""
    rows = stack.rows()
    first = stack.layout.first.number
    second, third = (rows["month"].between(first + 3 * k, first + 3 * k + 2) for k in (1, 2))
    none = {name: np.where(third, 0.0, rows[name]) for name in window("orders", 1, 6)}
    frame = maturing_frame(studied(changed(stack, arm=np.where(second, 0, rows["arm"]), **none))[0], None, "orders")
    assert frame["cohort_from"].tolist() == ["2023-07", "2024-04", "2024-07", "2024-10"]
    assert not frame.isna().any(axis=None)


def test_a_cohort_of_whom_three_months_say_nothing_is_left_out(stack: ArrayStack) -> None:
    rows = stack.rows()
    none = {name: np.where(rows["arm"] == 1, 0.0, rows[name]) for name in window("orders", 1, 3)}
    assert maturing_frame(studied(changed(stack, **none))[0], None, "orders").empty


def test_customers_who_all_do_the_same_make_no_cohort(stack: ArrayStack) -> None:
    same = changed(stack, **dict.fromkeys(stack.layout.measures, 1.0))
    assert maturing_frame(studied(same)[0], None, "orders").empty
