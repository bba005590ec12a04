"""The checks beside an effect: each by hand, each on a fault it must see and a company it must let pass."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from analysis.inference.estimate import Estimate
from analysis.studies import channel_checks as checks_of
from analysis.studies.fits import Fits
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.strata import Strata, choose_strata, strata_of
from tests.studies.planted_stacks import by_hand, changed, fits_of, layout_with, planted, study_cells, with_effect

BEFORE, AFTER = window("orders", -6, -1), window("orders", 1, 6)
WINDOWS: dict[str, Any] = {"after": AFTER, "before": BEFORE}
UNIT = "orders per customer"
LAYOUT = layout_with(attributes=("region",))


@pytest.fixture(scope="module")
def plain() -> ArrayStack:
    return planted(40, layout=layout_with(outcomes=("orders", "issues"), attributes=("region",)))


def growth(stack: ArrayStack) -> tuple[Fits, Strata]:
    """The effect on orders, gathered."""
    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    fits.growth("orders", UNIT, **WINDOWS, strata=strata, gap=True, family="x")
    return fits, strata


# Thin months


def test_purchases_a_month_by_hand() -> None:
    """Two months with contacted customers, in which others bought 150 and 40 before: 95 a month is too few.

    A month without contacted customers does not count, nor what these bought.
    """
    first = LAYOUT.first.number
    rows: list[dict[str, Any]] = []
    for month, bought in ((first, 150), (first + 1, 40)):
        rows += [{"month": month, "arm": 1, "orders_m1": 500}, {"month": month, "arm": 0, "orders_m2": bought}]
    rows.append({"month": first + 2, "arm": 0, "orders_m1": 999})
    for more, said in ((0, "a month holds 95.0 purchases"), (10, None)):
        given = [*rows[:3], {**rows[3], "orders_m3": more}, rows[4]]
        cells = study_cells(by_hand(LAYOUT, given))
        told = checks_of.too_thin(cells, choose_strata(cells, LAYOUT), 6)
        assert (told is None) == (said is None)
        assert said is None or said in str(told)
    nobody = study_cells(by_hand(LAYOUT, rows[-1:]))
    assert "holds 0.0 purchases" in str(checks_of.too_thin(nobody, choose_strata(nobody, LAYOUT), 6))


@pytest.mark.parametrize(
    ("bias", "se", "verdict", "said"),
    [
        (-0.004, 0.02, "passed", "0.20 of its"),
        (0.0044, 0.02, "failed", "0.22 of its"),
        (0.01, 0.02, "failed", "0.50 of its"),
        (0.0, 0.02, "passed", "0.00 of its"),
        (0.01, 0.0, "failed", "inf of its"),
    ],
)
def test_the_bias_of_thin_months_in_errors(bias: float, se: float, verdict: str, said: str) -> None:
    check = checks_of.thin_months(bias, se)
    assert (check.verdict, check.gate) == (verdict, True)
    assert said in check.detail


# Months of failure


def failing(**rows: int) -> ArrayStack:
    """Bread has 40 issues in each of nine months, but in the month named by its place so many as said."""
    first, made = LAYOUT.first.number, []
    for place in range(9):
        for product, usual in ((0, rows.get(f"m{place}", 40)), (1, 40)):
            for number in range(usual):
                bought = {"orders_m1": 4, "orders_p1": 4 + number % 3}
                made.append({"month": first + place, "product": product, "arm": number % 2, **bought})
    return by_hand(LAYOUT, made)


def test_months_of_failure_by_hand() -> None:
    """40 is usual: 1.5 times is 60, five Poisson deviations are 40 + 5 * 6.3 = 71.6. 72 is a failure, 71 is none."""
    for issues, struck in ((60, 0), (71, 0), (72, 1), (200, 1)):
        fits = fits_of(failing(m3=issues))
        found = checks_of.months_of_failure(fits)
        keys = fits.cells.keys
        assert np.array_equal(found, (keys["month"] == LAYOUT.first.number + 3) & (keys["product"] == 0) & (struck > 0))


def test_without_failures_on_what_failures_carried() -> None:
    """In the month of failure contacted customers buy four times as much: the effect is of that month alone."""
    stack = failing(m3=400)
    rows = stack.rows()
    lifted = np.where((rows["month"] == LAYOUT.first.number + 3) & (rows["arm"] == 1), 4, 1)
    for times, verdict in ((1, "passed"), (lifted, "failed")):
        fits, strata = growth(changed(stack, orders_p1=rows["orders_p1"] * times))
        struck = checks_of.months_of_failure(fits)
        checks_of.add_without_failures(fits, "orders", UNIT, AFTER, BEFORE, strata, struck)
        fits.settle()
        check = checks_of.without_failures(fits, "orders", struck)
        assert check.verdict == verdict, check.detail
        assert check.detail.startswith("Without the 1 month in which a product had more than 1.5 times its usual")
        assert check.value == fits.contrast("orders without failures").ratio
        assert check.low is not None
        assert check.high is not None
        assert math.log(check.high / check.low) == pytest.approx(2 * 1.959964 * fits.se("orders without failures"))
        assert not check.gate


def test_without_failures_where_there_are_none_or_nothing_else(plain: ArrayStack) -> None:
    fits, strata = growth(plain)
    nobody, everybody = np.zeros(len(fits.cells), dtype=bool), np.ones(len(fits.cells), dtype=bool)
    checks_of.add_without_failures(fits, "orders", UNIT, AFTER, BEFORE, strata, nobody)
    assert not fits.holds("orders without failures")
    assert checks_of.without_failures(fits, "orders", nobody).verdict == "not_applicable"
    checks_of.add_without_failures(fits, "orders", UNIT, AFTER, BEFORE, strata, everybody)
    check = checks_of.without_failures(fits, "orders", everybody)
    assert (check.verdict, check.value) == ("not_run", None)
    assert check.detail == "Without months of failure too few customers remain."


# One left out


def test_leave_one_out_by_hand() -> None:
    """Three months, contacted 8, 8, 16 after and all else 8: 32/24 = 4/3; without the third month 1, farthest away."""
    first = LAYOUT.first.number
    rows = [
        {"month": first + k, "arm": arm, "orders_m1": 8, "orders_p1": 16 if (k, arm) == (2, 1) else 8, "customer": k}
        for k in range(3)
        for arm in (1, 0)
    ]
    fits, strata = growth(by_hand(LAYOUT, rows))
    fits.settle()
    check = checks_of.leave_one_out(fits, "orders", checks_of.left_out(fits, "orders", AFTER, BEFORE, strata))
    assert check.value == pytest.approx(1.0)
    assert "Leaving out an index month moves the ratio by -25.0 % at most" in check.detail


def test_leave_one_out_sees_a_month_that_carries_it_and_passes_others(plain: ArrayStack) -> None:
    rows = plain.rows()
    month = plain.layout.first.number + 4
    lifted = np.where((rows["month"] == month) & (rows["arm"] == 1), 6.0, 1.0)
    carried = changed(plain, **{name: rows[name] * lifted for name in AFTER})
    for stack, verdict in ((plain, "passed"), (with_effect(plain, 1.5), "passed"), (carried, "failed")):
        fits, strata = growth(stack)
        fits.settle()
        check = checks_of.leave_one_out(fits, "orders", checks_of.left_out(fits, "orders", AFTER, BEFORE, strata))
        assert check.verdict == verdict, check.detail
    assert check.value is not None
    part = strata.part & (fits.cells.keys["month"] != month)
    rest = fits.growth("rest", UNIT, **WINDOWS, strata=replace(strata, part=part))
    assert check.value == pytest.approx(rest.ratio, rel=1e-9)


def test_leave_one_out_of_too_few(plain: ArrayStack) -> None:
    rows = [
        {"arm": arm, "orders_m1": 8, "orders_p1": 8, "month": LAYOUT.first.number + k} for arm in (0, 1) for k in (0, 1)
    ]
    fits, strata = growth(by_hand(LAYOUT, rows))
    fits.settle()
    assert (
        checks_of.leave_one_out(fits, "orders", checks_of.left_out(fits, "orders", AFTER, BEFORE, strata)).verdict
        == "not_applicable"
    )


# The other scale


def test_the_additive_scale_by_hand() -> None:
    """Contacted 8 to 12, others 4 to 6: both grow by half, a ratio of 1; in units 4 against 2, a difference of 2."""
    rows = [{"arm": 1, "orders_m1": 8, "orders_p1": 12}, {"arm": 0, "orders_m1": 4, "orders_p1": 6}] * 30
    rows = [{**row, "orders_p2": place % 2} for place, row in enumerate(rows[::2] * 2 + rows[1::2] * 2)]
    fits, strata = growth(by_hand(LAYOUT, rows))
    fits.mean_gap("additive", UNIT, **WINDOWS, strata=strata)
    fits.settle()
    check = checks_of.additive(fits, "orders", "additive")
    assert check.value == pytest.approx(2.0)
    assert (check.verdict, check.gate) == ("failed", False)
    assert "would be 2 instead of" in check.detail
    assert checks_of.additive(fits, "orders", "nothing").verdict == "not_run"


def test_the_additive_scale_agrees_where_levels_are_alike() -> None:
    draw = np.random.default_rng(1)
    rows = [
        {"arm": k % 2, "orders_m1": draw.poisson(6), "orders_p1": draw.poisson(9 * (1 + 0.2 * (k % 2)))}
        for k in range(2_000)
    ]
    fits, strata = growth(by_hand(LAYOUT, rows))
    fits.mean_gap("additive", UNIT, **WINDOWS, strata=strata)
    fits.settle()
    check = checks_of.additive(fits, "orders", "additive")
    assert check.verdict == "passed"
    assert check.value == pytest.approx(1.8, abs=0.5)


# First issues


@pytest.mark.parametrize(("times", "verdict"), [(1.0, "passed"), (3.0, "failed")])
def test_first_issues_against_all(plain: ArrayStack, times: float, verdict: str) -> None:
    """Contacted customers without earlier issues raise three times as many later: the two ratios part."""
    rows = plain.rows()
    lifted = np.where((rows["arm"] == 1) & (rows["earlier"] == 0), times, 1.0)
    after = window("issues", 1, 6)
    fits = fits_of(changed(plain, **{name: rows[name] * lifted for name in after}))
    every = choose_strata(fits.cells, plain.layout, after_only=True)
    first = choose_strata(fits.cells, plain.layout, part=fits.cells.keys["earlier"] == 0, after_only=True)
    fits.after("issues", "x", after=after, strata=every, family="x")
    fits.after("first", "x", after=after, strata=first, family="x")
    fits.settle()
    check = checks_of.first_issues(fits, "issues", "first")
    assert check.verdict == verdict, check.detail
    assert check.value == fits.contrast("first").ratio
    assert f"the ratio is {check.value:.3f} instead of {fits.contrast('issues').ratio:.3f}" in check.detail
    assert checks_of.first_issues(fits, "issues", "nobody").verdict == "not_run"


# Neighbours


def exposed_rows(*shares: tuple[int, int, int], month: int = 0) -> list[dict[str, Any]]:
    """Rows of one month from (region, contacted, others)."""
    return [
        {"month": LAYOUT.first.number + month, "a0": region, "arm": arm}
        for region, contacted, others in shares
        for arm in [1] * contacted + [0] * others
    ]


def test_exposed_neighbourhoods_by_hand() -> None:
    """Shares of social 1/2, 1/4, 0 in one month: the median is 1/4, so east is above it, north and south are not. In
    the next month south alone is there: nobody is above its own median."""
    rows = exposed_rows((0, 2, 2), (1, 1, 3), (2, 0, 4)) + exposed_rows((2, 3, 3), month=1)
    fits = fits_of(by_hand(LAYOUT, rows))
    more, less = checks_of.exposed(fits, "a0")
    keys = fits.cells.keys
    first, comparison = keys["month"] == LAYOUT.first.number, keys["arm"] == 0
    assert np.array_equal(more, comparison & first & (keys["a0"] == 0))
    assert np.array_equal(less, comparison & ~more)


def spill(stack: ArrayStack) -> Any:
    fits, strata = growth(stack)
    more, less = checks_of.exposed(fits, "a0")
    alike = strata_of(fits.cells, ("month", "product", "recent", "lately"))
    around = Strata("", 0, (), alike, strata.weight, 0, 0, strata.part & (more | less))
    fits.growth("spill", UNIT, **WINDOWS, strata=around, arm=np.where(more, 1, np.where(less, 0, -1)))
    fits.settle()
    return checks_of.spill_over(fits, "spill"), fits


def test_spill_over_is_seen_and_a_sound_company_passes(plain: ArrayStack) -> None:
    check, fits = spill(plain)
    assert check.verdict == "passed", check.detail
    more, _ = checks_of.exposed(fits, "a0")
    rows, cell = plain.rows(), fits.rows["cell"].to_numpy()
    lifted = np.ones(len(rows))
    lifted[(rows["study"] == 1).to_numpy()] = np.where(more[cell], 1.3, 1.0)
    check, _ = spill(changed(plain, **{name: rows[name] * lifted for name in AFTER}))
    assert check.verdict == "failed"
    assert check.low is not None
    assert check.high is not None
    assert check.low < 1.3 < check.high
    assert check.low < check.value < check.high


def test_without_neighbourhoods_nothing_spills(plain: ArrayStack) -> None:
    fits, _ = growth(plain)
    check = checks_of.spill_over(fits, "spill")
    assert (check.verdict, check.value) == ("not_applicable", None)
    assert "no attribute of customers" in check.detail


# One customer


def test_nobody_is_drawn_again_where_nobody_matters(plain: ArrayStack) -> None:
    fits, strata = growth(plain)
    fits.settle()
    assert fits.share("orders") < 0.05
    assert checks_of.drawn_again(fits, "orders", AFTER, BEFORE, strata) is None
    assert "rows" not in vars(fits), "no row was fetched"


def test_draws_that_give_no_interval_are_left_out() -> None:
    """Three customers of whom one has nearly all: many draws have nobody to compare, and nothing is said."""
    rows = [{"arm": 1, "orders_m1": 1, "orders_p1": 50}, {"arm": 0, "orders_m1": 1, "orders_p1": 1}]
    fits, strata = growth(by_hand(LAYOUT, [*rows, {"arm": 0, "orders_m1": 2, "orders_p1": 1}]))
    fits.settle()
    assert fits.share("orders") > 0.05
    assert checks_of.drawn_again(fits, "orders", AFTER, BEFORE, strata) is None
    assert checks_of.single_customer(fits.share("orders")).verdict == "failed"


# Verdicts at their edges, on figures given


class Given:
    """Figures in the place of fits."""

    level = 0.95

    def __init__(self, ratios: dict[str, float], covariance: Any, gaps: dict[str, Estimate] | None = None) -> None:
        self.ratios, self.spread, self.gaps = ratios, np.array(covariance), gaps or {}

    def holds(self, key: str) -> bool:
        return key in self.ratios or key in self.gaps

    def contrast(self, key: str) -> Any:
        return SimpleNamespace(ratio=self.ratios[key])

    def covariance(self, keys: list[str]) -> Any:
        return self.spread

    def se(self, key: str) -> float:
        place = list(self.ratios).index(key)
        return math.sqrt(self.spread[place, place])

    def difference(self, key: str) -> Estimate:
        return self.gaps[key]


@pytest.mark.parametrize(("apart", "verdict"), [(0.079, "passed"), (0.081, "failed"), (-0.081, "failed")])
def test_fewer_rows_may_move_a_ratio_by_two_errors_of_the_rest(apart: float, verdict: str) -> None:
    """Errors 0.03 and 0.05: their difference has 0.04, for the rows left are among those of the whole."""
    ratios = {"orders": 1.1, "orders without failures": 1.1 * math.exp(apart)}
    fits: Any = Given(ratios, [[0.0009, 0], [0, 0.0025]])
    fits.cells = SimpleNamespace(keys={"month": np.array([700])})
    assert checks_of.without_failures(fits, "orders", np.array([True])).verdict == verdict


def test_ratios_within_one_in_a_hundred_are_the_same_however_sure() -> None:
    for apart, verdict in ((0.0099, "passed"), (0.0101, "failed")):
        ratios = {"orders": 1.1, "orders without failures": 1.1 * math.exp(apart)}
        fits: Any = Given(ratios, [[0.0009, 0], [0, 0.0009]])
        fits.cells = SimpleNamespace(keys={"month": np.array([700])})
        assert checks_of.without_failures(fits, "orders", np.array([True])).verdict == verdict


@pytest.mark.parametrize(("apart", "verdict"), [(0.09, "passed"), (0.11, "failed"), (-0.11, "failed")])
def test_first_issues_are_judged_by_the_error_of_their_difference(apart: float, verdict: str) -> None:
    """Variances 0.01 and 0.0125, covariance 0.01: the difference has 0.0025, an error of 0.05."""
    fits: Any = Given({"issues": 1.1, "first": 1.1 * math.exp(apart)}, [[0.01, 0.01], [0.01, 0.0125]])
    assert checks_of.first_issues(fits, "issues", "first").verdict == verdict


def test_the_other_scale_must_hold_ours() -> None:
    """0.5 lies in 0.3 +- 0.3; the other way round it would not: 0.3 does not lie in 0.5 +- 0.1."""

    def gap(value: float, half: float) -> Estimate:
        shared: dict[str, Any] = {"level": 0.95, "scale": "difference", "unit": UNIT, "method": "", "n_treated": 1}
        return Estimate(
            name="orders", value=value, low=value - half, high=value + half, se=half / 2, n_comparison=1, **shared
        )

    for ours, theirs, verdict in ((gap(0.5, 0.1), gap(0.3, 0.3), "passed"), (gap(0.3, 0.3), gap(0.5, 0.1), "failed")):
        fits: Any = Given({}, [], {"orders": ours, "additive": theirs})
        check = checks_of.additive(fits, "orders", "additive")
        assert (check.verdict, check.value, check.low, check.high) == (verdict, theirs.value, theirs.low, theirs.high)
