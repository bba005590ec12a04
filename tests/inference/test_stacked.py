"""Effects made of cells: by hand, against the road of rows and statsmodels, planted truths, laws, and refusals.

Influences are tested against numerical derivatives in `test_stacked_influence`, what has no before in
`test_stacked_means`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.cells import groups_of
from analysis.inference.panel_effects import count_weights
from analysis.inference.stacked import (
    cell_weights,
    stacked_difference,
    stacked_ratio,
)
from tests.inference.stacked_cells import Rows, after_only, difference, hand, ratio

# Weights


def test_weights_by_hand() -> None:
    """Stratum 0: 3 contacted in two cells, 6 others: 1/2 each. Stratum 1: nobody contacted. Stratum 2: only they."""
    weight = cell_weights(np.array([1, 2, 6, 5, 4]), np.array([1, 1, 0, 0, 1]), np.array([0, 0, 0, 1, 2]))
    assert weight.tolist() == [1.0, 1.0, 0.5, 0.0, 0.0]


def test_weights_are_those_of_rows() -> None:
    rows = Rows.drawn(1)
    cells = rows.cells()
    place = groups_of([rows.month, rows.layer, rows.arm])
    found = cell_weights(cells["n"], cells["arm"], cells["stratum"])
    assert found[place] == pytest.approx(count_weights(rows.stratum, rows.arm == 1), rel=1e-15)


def test_weighted_comparison_rows_have_the_mix_of_the_contacted() -> None:
    cells = Rows.drawn(2).cells()
    mass = cells["n"] * cell_weights(cells["n"], cells["arm"], cells["stratum"])
    sides = [np.bincount(cells["stratum"], weights=mass * (cells["arm"] == side)) for side in (0, 1)]
    assert sides[0] == pytest.approx(sides[1], rel=1e-14)


def test_empty_cells_make_nobody_comparable() -> None:
    assert cell_weights(np.array([0, 3]), np.array([1, 0]), np.array([0, 0])).tolist() == [0.0, 0.0]
    assert cell_weights(np.array([3, 0]), np.array([1, 0]), np.array([0, 0])).tolist() == [0.0, 0.0]


# The ratio of growth


def test_the_ratio_by_hand() -> None:
    """15 done, 14 expected (see `hand`): a ratio of 15/14, 1/4 more for each of four customers."""
    found = ratio(**hand())
    assert (found.total, found.expected, found.n_treated) == (15.0, pytest.approx(14.0), 4)
    assert found.ratio == pytest.approx(15 / 14)
    assert found.gap == pytest.approx(0.25)
    assert found.used.all()


def test_the_influence_by_hand() -> None:
    """A contacted row of month 0 moves log(15/14) by 1/15 for each unit after, by -(5/4)/14 for each unit before.

    A comparison row of stratum 0 has half of 8/8 of the expected: -(1/2)/14 after, +(1/2)(5/4)/14 before.
    """
    weights = ratio(**hand()).log_weights
    assert weights[0] == pytest.approx([1 / 15, -1.25 / 14, 0])
    assert weights[1] == pytest.approx([-0.5 / 14, 0.625 / 14, 0])


def test_a_stratum_with_one_arm_is_left_out() -> None:
    """One contacted customer more in month 1, whom nobody is like, changes nothing."""
    more = {"n": 1, "before": 99.0, "after": 99.0, "arm": 1, "group": 1, "stratum": 3}
    given = {name: np.append(values, more[name]) for name, values in hand().items()}
    found = ratio(**given)
    assert (found.total, found.expected, found.n_treated) == (15.0, pytest.approx(14.0), 4)
    assert found.used.tolist() == [True] * 6 + [False]
    assert (found.log_weights[-1] == 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_cells_and_rows_agree(seed: int) -> None:
    """Estimate to 1e-12, error to 1e-9: the same sums in another order."""
    rows = Rows.drawn(seed)
    found, slow = ratio(**rows.cells(products=True)), rows.on_rows()
    assert found.ratio == pytest.approx(slow.ratio.value, rel=1e-12)
    assert found.gap == pytest.approx(slow.difference.value, rel=1e-12)
    assert found.bias_log == pytest.approx(slow.bias_log, rel=1e-9)
    se_log, se_gap = rows.errors(found)
    assert se_log == pytest.approx(slow.ratio.se_log, rel=1e-9)
    assert se_gap == pytest.approx(slow.difference.se, rel=1e-9)
    ours = found.ratio_estimate(se_log, n_comparison=slow.ratio.n_comparison, level=0.95)
    assert (ours.low, ours.high) == pytest.approx((slow.ratio.low, slow.ratio.high), rel=1e-9)
    gap = found.gap_estimate(se_gap, n_comparison=1, level=0.95)
    assert (gap.low, gap.high) == pytest.approx((slow.difference.low, slow.difference.high), rel=1e-9)
    assert gap.unit == "orders per customer"
    assert gap.method.endswith("on the difference scale")


def poisson(rows: Rows) -> tuple[float, float]:
    """Pseudo-maximum likelihood with a level for each arm and month and a growth for each month: log ratio, error."""
    import statsmodels.api as sm

    n, size = len(rows.arm), int(rows.month.max()) + 1
    frame = np.zeros((2 * n, 3 * size + 1))
    both = np.arange(n)
    for late, offset in enumerate((0, n)):
        frame[offset + both, 2 * rows.month + rows.arm] = 1.0
        if late:
            frame[offset + both, 2 * size + rows.month] = 1.0
            frame[offset + both, -1] = rows.arm
    weight = np.tile(count_weights(rows.stratum, rows.arm == 1), 2)
    bought = np.concatenate([rows.before, rows.after])
    fit = sm.GLM(bought, frame, family=sm.families.Poisson(), var_weights=weight).fit(tol=1e-12)
    mean = np.asarray(fit.fittedvalues)
    bread = np.linalg.inv(frame.T @ (frame * (weight * mean)[:, None]))
    moved = np.bincount(np.tile(rows.customer, 2), weights=weight * (bought - mean) * (frame @ bread[:, -1]))
    return float(fit.params[-1]), math.sqrt(float(moved @ moved))


def test_poisson_regression_in_one_month_is_the_same_to_the_digit() -> None:
    """With one month both are ratios of the same four weighted sums, and so are their errors."""
    rows = Rows.drawn(3, months=1)
    found = ratio(**rows.cells())
    log_ratio, error = poisson(rows)
    assert math.log(found.ratio) == pytest.approx(log_ratio, abs=1e-9)
    assert rows.errors(found)[0] == pytest.approx(error, rel=1e-6)


def test_poisson_regression_in_several_months_is_nearly_the_same() -> None:
    """Months are pooled by other weights: the estimates differ by less than half an error, the errors by 5 %."""
    rows = Rows.drawn(4, effect=1.15)
    found = ratio(**rows.cells())
    log_ratio, error = poisson(rows)
    assert abs(math.log(found.ratio) - log_ratio) < 0.5 * error
    assert rows.errors(found)[0] == pytest.approx(error, rel=0.05)


@pytest.mark.parametrize("effect", [0.8, 1.0, 1.3])
def test_intervals_hold_planted_effects(effect: float) -> None:
    """800 small companies: the share of 95 % intervals that hold the truth lies within three of its errors (0.0077) of
    0.95, and the mean, small-sample bias taken off, within three of its own."""
    logs, held = [], 0
    for seed in range(800):
        rows = Rows.drawn(seed, n=1_200, effect=effect)
        found = ratio(**rows.cells(products=True))
        apart, error = math.log(found.ratio / effect), rows.errors(found)[0]
        logs.append(apart - found.bias_log)
        held += abs(apart) <= 1.96 * error
    assert abs(held / 800 - 0.95) < 3 * 0.0077
    assert abs(np.mean(logs)) < 3 * np.std(logs, ddof=1) / math.sqrt(800)


def test_an_effect_multiplies_the_ratio_exactly() -> None:
    cells = Rows.drawn(5).cells()
    plain = ratio(**cells)
    more = ratio(**(cells | {"after": np.where(cells["arm"] == 1, 1.25, 1.0) * cells["after"]}))
    assert more.ratio == pytest.approx(1.25 * plain.ratio, rel=1e-13)
    assert more.expected == pytest.approx(plain.expected, rel=1e-13)


def test_growth_of_everybody_is_no_effect() -> None:
    """Months that differ in growth, groups that differ in level, strata of any size: where all grow alike it is 1."""
    cells = Rows.drawn(6).cells()
    growth = np.array([0.5, 1.0, 2.0, 0.1])[cells["group"]]
    found = ratio(**(cells | {"after": cells["before"] * growth}))
    assert found.ratio == pytest.approx(1, abs=1e-13)
    assert found.gap == pytest.approx(0, abs=1e-12)


def test_other_arms_turn_the_ratio_over() -> None:
    """With one month and one stratum."""
    given = {"n": np.array([3, 5]), "before": np.array([6.0, 4.0]), "after": np.array([9.0, 8.0])}
    same = {"group": np.zeros(2, dtype=int), "stratum": np.zeros(2, dtype=int)}
    one, other = (ratio(**given, arm=np.array(arm), **same) for arm in ([1, 0], [0, 1]))
    assert one.ratio * other.ratio == pytest.approx(1, rel=1e-14)
    assert np.abs(one.log_weights + other.log_weights).max() < 1e-15


def test_units_scale_the_difference_and_leave_the_ratio() -> None:
    rows = Rows.drawn(7)
    cells = rows.cells(products=True)
    cents = replace(rows, before=100 * rows.before, after=100 * rows.after)
    plain, scaled = ratio(**cells), ratio(**cents.cells(products=True))
    assert scaled.ratio == pytest.approx(plain.ratio, rel=1e-13)
    assert scaled.gap == pytest.approx(100 * plain.gap, rel=1e-10)
    assert scaled.bias_log == pytest.approx(plain.bias_log, rel=1e-9)
    assert cents.errors(scaled)[0] == pytest.approx(rows.errors(plain)[0], rel=1e-12)
    assert cents.errors(scaled)[1] == pytest.approx(100 * rows.errors(plain)[1], rel=1e-12)


def test_neither_the_order_of_cells_nor_their_names_matter() -> None:
    cells = Rows.drawn(8).cells()
    plain = ratio(**cells)
    order = np.random.default_rng(1).permutation(len(cells["n"]))
    moved = {name: values[order] for name, values in cells.items()}
    moved["group"], moved["stratum"] = 7 * moved["group"] - 700, moved["stratum"] + 5
    found = ratio(**moved)
    assert found.ratio == pytest.approx(plain.ratio, rel=1e-13)
    assert found.log_weights == pytest.approx(plain.log_weights[order], rel=1e-12, abs=1e-15)


def test_cells_split_finer_give_the_same() -> None:
    rows = Rows.drawn(9)
    coarse, fine = (ratio(**rows.cells(*finer, products=True)) for finer in ((), (np.arange(len(rows.arm)) % 5,)))
    assert len(fine.used) > 4 * len(coarse.used)
    for name in ("ratio", "gap", "total", "expected", "bias_log", "n_treated"):
        assert getattr(fine, name) == pytest.approx(getattr(coarse, name), rel=1e-12)


def test_parts_add_up_to_the_whole() -> None:
    """Index months share nothing, so that what was done, and expected, adds up over them; a part is its cells alone."""
    cells = Rows.drawn(10).cells()
    whole = ratio(**cells)
    parts = [ratio(**cells, part=cells["group"] == month) for month in range(4)]
    assert sum(part.total for part in parts) == whole.total
    assert sum(part.expected for part in parts) == pytest.approx(whole.expected, rel=1e-13)
    assert sum(part.n_treated for part in parts) == whole.n_treated
    alone = cells["group"] == 2
    same = ratio(**{name: values[alone] for name, values in cells.items()})
    assert (same.ratio, same.n_treated) == (pytest.approx(parts[2].ratio), parts[2].n_treated)
    assert (parts[2].log_weights[~alone] == 0).all()
    assert not parts[2].used[~alone].any()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_part_that_cuts_through_strata_has_weights_of_its_own(seed: int) -> None:
    """Strata are judged within the part: the same as its cells alone, for all three estimators."""
    rows = Rows.drawn(30)
    cells = rows.cells(np.arange(len(rows.arm)) % 5)
    part = np.random.default_rng(seed).random(len(cells["n"])) < 0.5
    alone = {name: values[part] for name, values in cells.items()}
    for estimator in (ratio, after_only):
        inside, same = estimator(**cells, part=part), estimator(**alone)
        assert inside.ratio == pytest.approx(same.ratio, rel=1e-12)
        assert inside.log_weights[part] == pytest.approx(same.log_weights, rel=1e-12, abs=1e-15)
    assert difference(**cells, part=part).value == pytest.approx(difference(**alone).value, rel=1e-12)


def test_cells_of_neither_side_do_not_count() -> None:
    """An arm of -1 stands for nobody: the same as those cells left out."""
    cells = Rows.drawn(11).cells()
    aside = np.arange(len(cells["n"])) % 5 == 0
    found = ratio(**(cells | {"arm": np.where(aside, -1, cells["arm"])}))
    rest = ratio(**{name: values[~aside] for name, values in cells.items()})
    assert found.ratio == pytest.approx(rest.ratio, rel=1e-13)


def test_what_was_given_is_not_changed() -> None:
    cells = Rows.drawn(12).cells()
    kept = {name: values.copy() for name, values in cells.items()}
    ratio(**cells, part=cells["group"] > 0)
    assert all(np.array_equal(cells[name], kept[name]) for name in cells)


# Refusals


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"arm": np.ones(6, dtype=int)}, "no contacted customer has anybody to be compared with"),
        ({"arm": np.zeros(6, dtype=int)}, "no contacted customer has anybody to be compared with"),
        ({"stratum": np.arange(6)}, "no contacted customer has anybody to be compared with"),
        ({"n": np.zeros(6, dtype=int)}, "no contacted customer has anybody to be compared with"),
        ({"part": np.zeros(6, dtype=bool)}, "no contacted customer has anybody to be compared with"),
        ({"before": np.array([6.0, 8.0, 2.0, 4.0, 3.0, 0.0])}, "in 1 of 2 index months comparison customers had noth"),
        ({"before": np.array([6.0, 0.0, 2.0, 0.0, 3.0, 0.0])}, "in 2 of 2 index months .* longer before-window"),
        ({"before": np.array([6.0, 8.0, 2.0, 4.0, 3.0, -6.0])}, "in 1 of 2 index months"),
        ({"before": np.zeros(6)}, "have 15 after the contact and 0 were expected"),
        ({"before": np.array([0.0, 8.0, 0.0, 4.0, 0.0, 6.0])}, "have 15 after the contact and 0 were expected"),
        ({"after": np.zeros(6)}, "have 0 after the contact and 0 were expected"),
        ({"after": np.array([9.0, 0.0, 1.0, 0.0, 5.0, 0.0])}, "have 15 after the contact and 0 were expected"),
        ({"after": np.array([0.0, 8.0, 0.0, 6.0, 0.0, 8.0])}, "have 0 after .* Use a longer window"),
        ({"after": np.array([-9.0, 8.0, 1.0, 6.0, 5.0, 8.0])}, "a ratio needs both above zero"),
    ],
)
def test_what_has_no_ratio_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(DesignError, match=said):
        ratio(**hand(**changes))


def test_no_cells_at_all_are_refused() -> None:
    nothing = {name: values[:0] for name, values in hand().items()}
    with pytest.raises(DesignError, match="no contacted customer"):
        ratio(**nothing)
    with pytest.raises(DesignError, match="no contacted customer"):
        stacked_difference(
            "x", "x", n=nothing["n"], values=nothing["after"], arm=nothing["arm"], stratum=nothing["stratum"]
        )


def test_a_month_in_which_nobody_contacted_bought_needs_no_growth() -> None:
    """In month 1 neither side had anything before: it adds what was done, and nothing expected."""
    found = ratio(**hand(before=np.array([6.0, 8.0, 2.0, 4.0, 0.0, 0.0])))
    assert (found.total, found.expected) == (15.0, pytest.approx(10.0))
    assert np.isfinite(found.log_weights).all()


def test_cells_that_are_left_out_change_nothing_and_weigh_nothing() -> None:
    """Some cells of all, against the same cells alone; products of the others are not even numbers."""
    rows = Rows.drawn(4)
    cells = rows.cells(products=True)
    part = np.arange(len(cells["n"])) % 5 > 0
    squares, crossed = (np.where(part, product, np.nan) for product in cells["products"])
    some = stacked_ratio("orders", "", **cells | {"products": (squares, crossed)}, part=part)
    alone = {name: column[part] for name, column in cells.items() if name != "products"}
    few = stacked_ratio("orders", "", **alone, products=(squares[part], crossed[part]))
    told = [(one.total, one.expected, one.n_treated, one.bias_log, one.ratio, one.gap) for one in (some, few)]
    assert told[0] == told[1]
    for name in ("log_weights", "gap_weights", "used", "treated"):
        assert (getattr(some, name)[part] == getattr(few, name)).all()
        assert not getattr(some, name)[~part].any()
