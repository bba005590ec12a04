"""Many contrasts, few scans: each estimate, error and count against the road of rows, and the raw change by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.cells import Cells, Flags, Influences, Ints, Linear
from analysis.inference.panel_effects import RatioDid, count_weights, ratio_did
from analysis.studies.fits import ALONE, Fits, joint_covariance
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.strata import Strata, choose_strata
from tests.studies.planted_stacks import by_hand, changed, fits_of, layout_with, planted, study_cells

BEFORE, AFTER = window("orders", -6, -1), window("orders", 1, 6)
WINDOWS: dict[str, Any] = {"after": AFTER, "before": BEFORE}
UNIT = "orders per customer"


class Counting(ArrayStack):
    """A stack that counts its scans."""

    scans = 0

    def influences(
        self, cells: Cells, linears: Sequence[Linear], *, where: str = "study", joint: bool = True
    ) -> Influences:
        self.scans += 1
        return super().influences(cells, linears, where=where, joint=joint)

    def customers(self, cells: Cells, masks: Flags, *, where: str = "study") -> Ints:
        self.scans += 1
        return super().customers(cells, masks, where=where)


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    return planted(2, customers=3_000, layout=layout_with(outcomes=("orders", "issues")))


def chosen(fits: Fits, *, part: Flags | None = None, after_only: bool = False) -> Strata:
    return choose_strata(fits.cells, fits.stack.layout, part=part, after_only=after_only)


def on_rows(fits: Fits, strata: Strata, *, after: Sequence[str] = AFTER, before: Sequence[str] = BEFORE) -> RatioDid:
    """The same by the road of rows; without anything before, after the contact only."""
    rows = fits.rows[strata.part[fits.rows["cell"]]]
    stratum, arm = strata.code[rows["cell"]], rows["arm"].to_numpy() == 1
    return ratio_did(
        name="orders",
        unit=UNIT,
        before=rows[list(before)].sum(axis=1) if before else np.ones(len(rows)),
        after=rows[list(after)].sum(axis=1),
        contacted=arm,
        month=rows["month"] if before else stratum,
        weight=count_weights(stratum, arm),
        customer=rows["customer"],
    )


@pytest.mark.parametrize("where", ["study", "recent", "future"])
def test_growth_is_that_of_rows(stack: ArrayStack, where: str) -> None:
    """Estimates to 1e-12, errors to 1e-9; the customers behind them exactly."""
    fits = fits_of(stack, where)
    strata = chosen(fits)
    fits.growth("orders", UNIT, **WINDOWS, strata=strata, gap=True)
    fits.settle()
    slow = on_rows(fits, strata)
    for ours, theirs in ((fits.ratio("orders"), slow.ratio), (fits.difference("orders"), slow.difference)):
        assert ours.value == pytest.approx(theirs.value, rel=1e-11)
        assert (ours.low, ours.high, ours.se) == pytest.approx((theirs.low, theirs.high, theirs.se), rel=1e-9)
        assert (ours.n_treated, ours.n_comparison) == (theirs.n_treated, theirs.n_comparison)
        assert (ours.unit, ours.method) == (theirs.unit, theirs.method)
    assert fits.share("orders") == pytest.approx(slow.largest_share, rel=1e-9)
    assert fits.contrast("orders").bias_log == pytest.approx(slow.bias_log, rel=1e-9)


def test_growth_within_a_part_is_that_of_its_rows(stack: ArrayStack) -> None:
    fits = fits_of(stack)
    strata = chosen(fits, part=fits.cells.keys["product"] == 1)
    fits.growth("milk", UNIT, **WINDOWS, strata=strata)
    fits.settle()
    slow = on_rows(fits, strata)
    assert fits.ratio("milk").value == pytest.approx(slow.ratio.value, rel=1e-12)
    assert fits.se("milk") == pytest.approx(slow.ratio.se_log, rel=1e-9)
    assert fits.n_comparison("milk") == slow.ratio.n_comparison


def test_after_the_contact_only_is_that_of_rows(stack: ArrayStack) -> None:
    fits = fits_of(stack)
    strata = chosen(fits, after_only=True)
    after = window("issues", 1, 6)
    fits.after("issues", "issues per customer", after=after, strata=strata, gap=True)
    fits.settle()
    slow = on_rows(fits, strata, after=after, before=())
    assert fits.ratio("issues").value == pytest.approx(slow.ratio.value, rel=1e-12)
    assert fits.se("issues") == pytest.approx(slow.ratio.se_log, rel=1e-9)
    assert fits.difference("issues").se == pytest.approx(slow.difference.se, rel=1e-9)


def test_a_gap_of_means_by_hand_and_of_changes() -> None:
    """Contacted 3 and 5 after (1 and 1 before), others 2, 2, 5 (0, 2, 1): means 4 and 3, changes 3 and 2."""
    layout = layout_with()
    rows = [{"arm": 1, "orders_p1": y, "orders_m1": x} for y, x in ((3, 1), (5, 1))]
    rows += [{"arm": 0, "orders_p1": y, "orders_m1": x} for y, x in ((2, 0), (2, 2), (5, 1))]
    fits = fits_of(by_hand(layout, rows))
    strata = chosen(fits)
    level = fits.mean_gap("level", UNIT, after=("orders_p1",), strata=strata)
    change = fits.mean_gap("change", UNIT, after=("orders_p1",), before=("orders_m1",), strata=strata)
    fits.settle()
    assert (level.value, change.value) == (1.0, 1.0)
    # Each row's distance from its group's mean, over the group's size, squared and added: 1/4+1/4, (1+1+4)/9.
    assert fits.se("level") == pytest.approx(math.sqrt(0.5 + 6 / 9))
    # Changes 2 and 4 about 3; 2, 0 and 4 about 2: 1/4 + 1/4 + (0 + 4 + 4) / 9.
    assert fits.se("change") == pytest.approx(math.sqrt(0.5 + 8 / 9))
    told = fits.difference("change")
    assert (told.value, told.n_treated, told.n_comparison, told.scale) == (1.0, 2, 3, "difference")


def test_other_cells_may_stand_for_the_contacted(stack: ArrayStack) -> None:
    """Milk against bread among comparison rows: as if the product were the arm and nobody had been contacted."""
    fits = fits_of(stack)
    cells = fits.cells
    code = np.unique(cells.keys["month"], return_inverse=True)[1]
    part = cells.keys["arm"] == 0
    strata = Strata("", 0, ("month",), code, np.ones(len(cells)), 0, 0, part)
    fits.growth("milk", UNIT, **WINDOWS, strata=strata, arm=np.where(part, cells.keys["product"], -1))
    fits.settle()
    rows = stack.rows().query("arm == 0")
    other = fits_of(ArrayStack(rows.assign(arm=rows["product"]), stack.layout))
    month = np.unique(other.cells.keys["month"], return_inverse=True)[1]
    nobody = np.ones(len(month), dtype=bool)
    slow = on_rows(other, Strata("", 0, ("month",), month, np.ones(len(month)), 0, 0, nobody))
    assert fits.contrast("milk").ratio == pytest.approx(slow.ratio.value, rel=1e-12)
    assert fits.se("milk") == pytest.approx(slow.ratio.se_log, rel=1e-9)
    assert fits.n_comparison("milk") == slow.ratio.n_comparison


def test_a_family_keeps_its_covariance(stack: ArrayStack) -> None:
    """Halves of the window: the ratio of the whole is their mean, weighted by what was expected of each, and so is
    its influence; the covariance of the halves gives the error of the whole."""
    fits = fits_of(stack)
    strata = chosen(fits)
    for key, months in (("soon", (1, 3)), ("late", (4, 6)), ("whole", (1, 6))):
        fits.growth(key, UNIT, after=window("orders", *months), before=BEFORE, strata=strata, family="halves")
    fits.settle()
    soon, late, whole = (fits.contrast(key) for key in ("soon", "late", "whole"))
    assert soon.total + late.total == whole.total
    assert soon.expected + late.expected == pytest.approx(whole.expected, rel=1e-12)
    weight = np.array([soon.total, late.total]) / whole.total
    assert soon.ratio * soon.expected + late.ratio * late.expected == pytest.approx(whole.total)
    covariance = fits.covariance(["soon", "late", "whole"])
    assert np.sqrt(np.diag(covariance)) == pytest.approx([fits.se(key) for key in ("soon", "late", "whole")])
    assert covariance[0, 1] > 0, "the same customers, the same windows before"
    share = np.array([soon.expected, late.expected]) / whole.expected
    near = weight @ covariance[:2, :2] @ weight, share @ covariance[:2, :2] @ share
    assert covariance[2, 2] == pytest.approx(np.mean(near), rel=0.02)
    found = joint_covariance(fits, {"a/late": "late", "a/none": "none", "a/soon": "soon"})
    assert found["ids"] == ["a/late", "a/soon"]
    assert found["matrix"] == fits.covariance(["late", "soon"]).tolist()
    assert joint_covariance(fits, {"a/none": "none"}) == {"ids": [], "matrix": []}


def test_contrasts_of_many_take_as_many_scans_as_there_are_families(stack: ArrayStack) -> None:
    counting = Counting(stack.rows(), stack.layout)
    fits = fits_of(counting)
    strata = chosen(fits)
    for month in range(1, 7):
        fits.growth(f"alone {month}", UNIT, after=window("orders", 1, month), before=BEFORE, strata=strata, gap=True)
        fits.growth(f"joint {month}", UNIT, after=window("orders", 1, month), before=BEFORE, strata=strata, family="x")
    fits.settle()
    assert counting.scans == 3, "alone, together, and who is behind them"
    assert fits.se("alone 3") == pytest.approx(fits.se("joint 3"), rel=1e-12)


# The raw change


def test_the_own_change_by_hand() -> None:
    """Contacted customers had 2 + 4 before and 3 + 6 after: 1.5, and 0.75 a month where two months before stand
    against one after. Influences 3/9 - 2/6 = 0 and 6/9 - 4/6 = 0: both changed alike, and the error is nought."""
    layout = layout_with()
    rows = [{"arm": 1, "orders_m1": 2, "orders_p1": 3}, {"arm": 1, "orders_m1": 4, "orders_p1": 6}]
    fits = fits_of(by_hand(layout, [*rows, {"arm": 0, "orders_p1": 50}]))
    everybody = np.ones(len(fits.cells), dtype=bool)
    windows: dict[str, Any] = {"after": ("orders_p1",), "before": ("orders_m1",), "part": everybody}
    assert fits.own_change("a", months=1.0, **windows) == 1.5
    assert fits.own_change("b", months=0.5, **windows) == 0.75
    fits.settle()
    assert fits.se("a") == pytest.approx(0, abs=1e-15)
    assert fits.own_change("c", months=1.0, after=("orders_p2",), before=("orders_m1",), part=everybody) == 0.0
    assert fits.own_change("d", months=1.0, after=("orders_p1",), before=("orders_m2",), part=everybody) == 0.0
    assert fits.own_change("e", months=1.0, **(windows | {"part": ~everybody})) == 0.0


def test_the_error_of_the_own_change_is_that_of_a_ratio_of_paired_means(stack: ArrayStack) -> None:
    fits = fits_of(stack)
    strata = chosen(fits)
    found = fits.own_change("naive", after=AFTER, before=BEFORE, months=1.0, part=strata.part)
    fits.settle()
    rows = fits.rows.query("arm == 1")
    after, before = rows[list(AFTER)].sum(axis=1), rows[list(BEFORE)].sum(axis=1)
    assert found == pytest.approx(after.sum() / before.sum(), rel=1e-12)
    spread = pd.concat([after / after.mean(), before / before.mean()], axis=1).cov(ddof=0).to_numpy()
    variance = (spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]) / len(rows)
    assert fits.se("naive") == pytest.approx(math.sqrt(variance), rel=1e-9)


# Bad input


def test_a_name_is_given_once(stack: ArrayStack) -> None:
    fits = fits_of(stack)
    strata = chosen(fits)
    fits.growth("orders", UNIT, **WINDOWS, strata=strata)
    with pytest.raises(ValueError, match="two contrasts called `orders`"):
        fits.growth("orders", UNIT, **WINDOWS, strata=strata)


def test_what_cannot_be_told_is_refused_by_its_name_and_not_held(stack: ArrayStack) -> None:
    none = changed(stack, **dict.fromkeys(AFTER, 0.0))
    fits = fits_of(none)
    with pytest.raises(DesignError, match="`orders`: contacted customers have 0 after"):
        fits.growth("north orders", UNIT, **WINDOWS, strata=chosen(fits), name="orders")
    assert not fits.holds("north orders")
    fits.settle()
    with pytest.raises(KeyError):
        fits.se("north orders")


def test_what_is_gathered_later_is_settled_then_and_the_rest_stays(stack: ArrayStack) -> None:
    """In two steps, with a family and with none, as in one; comparison customers of both are counted."""

    def gathered(fits: Fits, name: str, strata: Strata) -> None:
        fits.growth(name, UNIT, **WINDOWS, strata=strata, family=name, gap=True)
        fits.growth(f"{name} alone", UNIT, **WINDOWS, strata=strata)

    once, twice = fits_of(stack), fits_of(stack)
    parts = {"all": chosen(once), "milk": chosen(once, part=once.cells.keys["product"] == 1)}
    for name, strata in parts.items():
        gathered(once, name, strata)
        gathered(twice, name, strata)
        twice.settle()
    once.settle()
    for name in parts:
        assert (twice.ratio(name), twice.difference(name)) == (once.ratio(name), once.difference(name))
        assert twice.ratio(f"{name} alone") == once.ratio(f"{name} alone")
        assert twice.covariance([name]).tolist() == once.covariance([name]).tolist()
    assert twice.n_comparison("milk") < twice.n_comparison("all")
    with pytest.raises(ValueError, match="`late` comes too late: the errors of `all` are made together"):
        twice.growth("late", UNIT, **WINDOWS, strata=parts["all"], family="all")


def test_nothing_gathered_settles_to_nothing(stack: ArrayStack) -> None:
    fits = Fits(stack, study_cells(stack))
    fits.settle()
    assert not fits.holds("orders")


def test_families_that_are_not_whole_yet_are_settled_later(stack: ArrayStack) -> None:
    """What comes of them is what settling all at once gives; who comes too late to a family is refused."""
    fits, at_once = fits_of(stack), fits_of(stack)
    strata = chosen(fits)
    for one in (fits, at_once):
        one.growth("orders", UNIT, **WINDOWS, strata=strata, family="effects")
        one.growth("event", UNIT, **WINDOWS, strata=strata, family="event")
        if one is fits:
            fits.settle(open_still=("effects", ALONE))
        one.growth("revenue", UNIT, **WINDOWS, strata=strata, family="effects")
        one.growth("alone", UNIT, **WINDOWS, strata=strata)
    with pytest.raises(ValueError, match="comes too late"):
        fits.growth("late", UNIT, **WINDOWS, strata=strata, family="event")
    fits.settle()
    at_once.settle()
    names = ("orders", "event", "revenue", "alone")
    assert [fits.ratio(name) for name in names] == [at_once.ratio(name) for name in names]
    assert (fits.covariance(["orders", "revenue"]) == at_once.covariance(["orders", "revenue"])).all()
