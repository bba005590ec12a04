"""Month by month around the index issue: laws of the leads, planted drifts and effects, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from analysis.inference.panel_effects import RatioDid, count_weights, ratio_did
from analysis.studies.event_study import (
    add_event_study,
    event_frame,
    event_months,
    key_of,
    leads_of,
    log_ratios,
    pre_trend,
    try_event_study,
)
from analysis.studies.fits import Fits
from analysis.studies.stack import lag, window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.strata import Strata, choose_strata
from tests.studies.planted_stacks import by_hand, changed, fits_of, layout_with, planted, with_effect

LEADS, AFTER = [-6, -5, -4, -3, -2], [1, 2, 3, 4, 5, 6]


def studied(stack: ArrayStack, **options: Any) -> tuple[Fits, Strata]:
    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    add_event_study(fits, "orders", strata, **options)
    fits.settle()
    return fits, strata


@pytest.fixture(scope="module")
def plain() -> ArrayStack:
    return planted(3)


@pytest.fixture(scope="module")
def found(plain: ArrayStack) -> tuple[Fits, Strata]:
    return studied(plain)


# By hand


def test_ratios_and_drift_by_hand() -> None:
    """One month, one stratum. Contacted: 2 1 2 2 3 in the leads (10), 4 in the first month after; others (two, each
    counted 1/2): 4 4 4 4 4 (20), and 6. Growth of a lead is 4/20, so that 2 are expected: 1, 1/2, 1, 1, 3/2. After:
    10 * 6/20 = 3 are expected, 4 came. Drift: late leads (-3, -2) over early ones: 5 / (5 * 8/12) = 3/2."""
    contacted = dict(zip([lag("orders", k) for k in (*LEADS, 1)], [2, 1, 2, 2, 3, 4], strict=True))
    other = dict(zip([lag("orders", k) for k in (*LEADS, 1)], [2, 2, 2, 2, 2, 3], strict=True))
    rows = [{"arm": 1, **contacted}, {"arm": 0, **other}, {"arm": 0, **other}]
    fits = fits_of(by_hand(layout_with(), rows))
    reason = try_event_study(fits, "orders", choose_strata(fits.cells, fits.stack.layout), only_leads=True)
    assert reason is None
    ratios = [fits.contrast(key_of("", "orders", month)).ratio for month in LEADS]
    assert ratios == pytest.approx([1, 0.5, 1, 1, 1.5])
    assert fits.contrast("drift orders").ratio == pytest.approx(1.5)
    fits.growth("1", "", after=("orders_p1",), before=window("orders", -6, -2), strata=_one(fits))
    assert fits.contrast("1").ratio == pytest.approx(4 / 3)


def _one(fits: Fits) -> Strata:
    return choose_strata(fits.cells, fits.stack.layout)


def test_which_months_are_what(found: tuple[Fits, Strata]) -> None:
    frame = event_frame(found[0], "orders")
    assert frame["month"].tolist() == event_months(6, 6) == list(range(-6, 7))
    assert frame["part"].tolist() == ["lead"] * 5 + ["dip", "index"] + ["after"] * 6
    assert (frame["low"] < frame["ratio"]).all()
    assert (frame["ratio"] < frame["high"]).all()
    assert leads_of(4) == [-4, -3, -2]


# Against the road of rows


def on_rows(fits: Fits, strata: Strata, month: int) -> RatioDid:
    rows = fits.rows
    stratum, arm = strata.code[rows["cell"]], rows["arm"].to_numpy() == 1
    return ratio_did(
        name="orders",
        unit="orders per customer",
        before=rows[list(window("orders", -6, -2))].sum(axis=1),
        after=rows[lag("orders", month)],
        contacted=arm,
        month=rows["month"],
        weight=count_weights(stratum, arm),
        customer=rows["customer"],
    )


def test_ratios_and_their_covariance_are_those_of_rows(found: tuple[Fits, Strata]) -> None:
    fits, strata = found
    months, logs, covariance = log_ratios(fits, "orders")
    assert months == LEADS + AFTER
    slow = [on_rows(fits, strata, month) for month in months]
    assert logs == pytest.approx([np.log(one.ratio.value) for one in slow], abs=1e-12)
    moved = np.array([one.influence for one in slow])
    assert covariance == pytest.approx(moved @ moved.T, rel=1e-9, abs=1e-15)
    frame = event_frame(fits, "orders").set_index("month")
    assert frame.loc[3, ["low", "high"]].tolist() == pytest.approx([slow[7].ratio.low, slow[7].ratio.high], rel=1e-9)


def test_the_joint_test_does_not_depend_on_how_leads_are_set_against_each_other(found: tuple[Fits, Strata]) -> None:
    """Neighbours, or every lead against the mean of all with a generalised inverse: the same statistic."""
    from scipy import stats

    fits, _ = found
    trend = pre_trend(fits, "orders")
    assert trend is not None
    _, logs, covariance = log_ratios(fits, "orders")
    centre = np.eye(5) - 1 / 5
    spread = centre @ covariance[:5, :5] @ centre.T
    wald = centre @ logs[:5] @ np.linalg.pinv(spread, rcond=1e-10) @ centre @ logs[:5]
    assert trend.wald == pytest.approx(wald, rel=1e-6)
    assert trend.p_joint == pytest.approx(stats.chi2.sf(wald, 4), rel=1e-6)
    assert trend.degrees == 4
    assert trend.detectable == pytest.approx(2.8 * trend.se_log)
    assert trend.low < trend.drift < trend.high


# Laws


def test_leads_have_a_mean_of_one(found: tuple[Fits, Strata]) -> None:
    """By construction: weighted by what was expected of each, since expected and done both add up to the leads."""
    contrasts = [found[0].contrast(key_of("", "orders", month)) for month in LEADS]
    expected = np.array([one.expected for one in contrasts])
    assert np.average([one.ratio for one in contrasts], weights=expected) == pytest.approx(1, abs=1e-12)


def test_a_constant_effect_moves_every_month_after_alike_and_no_other(
    plain: ArrayStack, found: tuple[Fits, Strata]
) -> None:
    frame, more = event_frame(found[0], "orders"), event_frame(studied(with_effect(plain, 1.25))[0], "orders")
    factor = np.where(frame["part"] == "after", 1.25, 1.0)
    for column in ("ratio", "low", "high"):
        assert more[column].to_numpy() == pytest.approx(frame[column].to_numpy() * factor, rel=1e-12)


def test_what_is_done_after_does_not_touch_the_test_before(plain: ArrayStack, found: tuple[Fits, Strata]) -> None:
    other = studied(with_effect(plain, 3.0))[0]
    assert pre_trend(other, "orders") == pre_trend(found[0], "orders")
    leads = studied(plain, only_leads=True)[0]
    ours, theirs = pre_trend(leads, "orders"), pre_trend(found[0], "orders")
    assert ours is not None
    assert theirs is not None
    assert ours.wald == pytest.approx(theirs.wald, rel=1e-9)
    assert event_frame(leads, "orders")["month"].tolist() == LEADS


def test_units_do_not_matter(plain: ArrayStack, found: tuple[Fits, Strata]) -> None:
    rows = plain.rows()
    names = [name for name in rows if name.startswith("orders")]
    cents = studied(changed(plain, **{name: 100 * rows[name] for name in names}))[0]
    ours, theirs = pre_trend(found[0], "orders"), pre_trend(cents, "orders")
    assert ours is not None
    assert theirs is not None
    assert (theirs.wald, theirs.drift, theirs.se_log) == pytest.approx((ours.wald, ours.drift, ours.se_log), rel=1e-9)


# Planted truths


def test_a_planted_drift_is_given_back_and_seen() -> None:
    """0.05 a month: late leads lie 2.5 months after early ones, so that the drift is exp(0.125)."""
    trend = pre_trend(studied(planted(4, drift=0.05))[0], "orders")
    assert trend is not None
    assert trend.p_joint < 0.01
    assert trend.low > 1
    assert abs(np.log(trend.drift) - 0.125) < 3 * trend.se_log
    frame = event_frame(studied(planted(5, drift=0.05))[0], "orders")
    assert np.polyfit(frame["month"], np.log(frame["ratio"]), 1)[0] == pytest.approx(0.05, abs=0.01)


def test_a_single_month_out_of_line_is_seen_by_the_joint_test() -> None:
    """A fifth less in month -4 alone, the middle of the leads: no drift to speak of, but not a path either."""
    stack = planted(6)
    rows = stack.rows()
    trend = pre_trend(
        studied(changed(stack, orders_m4=rows["orders_m4"] * np.where(rows["arm"] == 1, 0.8, 1)))[0], "orders"
    )
    assert trend is not None
    assert trend.p_joint < 0.001


def test_sound_companies_pass_as_often_as_the_level_says() -> None:
    """120 companies of 1,500 customers without drift: 5 % of joint tests and of drifts below 0.05, give or take 3
    binomial errors (2 %), and the drift about 1."""
    joint, apart = [], []
    for seed in range(120):
        trend = pre_trend(studied(planted(1_000 + seed, customers=1_500), only_leads=True)[0], "orders")
        assert trend is not None
        joint.append(trend.p_joint)
        apart.append(np.log(trend.drift) / trend.se_log)
    assert np.mean(np.array(joint) < 0.05) <= 0.05 + 3 * 0.02
    assert 0.35 < np.mean(joint) < 0.65
    assert np.mean(np.abs(apart) > 1.96) <= 0.05 + 3 * 0.02
    assert abs(np.mean(apart)) < 3 / np.sqrt(120)


# Bad input


@pytest.mark.parametrize("before", [1, 2, 3])
def test_too_few_leads_give_no_test_and_no_frame(before: int) -> None:
    fits, _ = studied(planted(7, customers=1_000, layout=layout_with(before=before)))
    assert leads_of(before) == []
    assert pre_trend(fits, "orders") is None
    assert event_frame(fits, "orders").empty
    assert list(event_frame(fits, "orders").columns) == ["outcome", "month", "ratio", "low", "high", "part"]
    assert log_ratios(fits, "orders")[0] == []


@pytest.mark.parametrize("only", ["everybody", "contacted"])
def test_a_lead_without_anything_gives_a_reason_and_no_test(plain: ArrayStack, only: str) -> None:
    rows = plain.rows()
    none = np.where((rows["arm"] == 1) | (only == "everybody"), 0.0, rows["orders_m4"])
    fits = fits_of(changed(plain, orders_m4=none))
    reason = try_event_study(fits, "orders", choose_strata(fits.cells, plain.layout))
    assert reason is not None
    assert "a ratio needs both above zero" in reason
    fits.settle()
    assert pre_trend(fits, "orders") is None
    assert log_ratios(fits, "orders")[0] == []


def test_a_month_after_without_anything_leaves_the_test_before_as_it_is(plain: ArrayStack) -> None:
    rows = plain.rows()
    fits = fits_of(changed(plain, orders_p2=np.where(rows["arm"] == 1, 0.0, rows["orders_p2"])))
    try_event_study(fits, "orders", choose_strata(fits.cells, plain.layout))
    fits.settle()
    assert pre_trend(fits, "orders") is not None


@pytest.mark.parametrize("constant", [1.0, 0.7, 9.99])
def test_customers_who_all_do_the_same_give_no_test(plain: ArrayStack, constant: float) -> None:
    fits, _ = studied(changed(plain, **dict.fromkeys(plain.layout.measures, constant)))
    assert pre_trend(fits, "orders") is None
    assert not event_frame(fits, "orders").isna().any(axis=None)
