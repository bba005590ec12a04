"""What is left of an effect if a drift went on: planted drifts and effects, laws, and what gives no set at all.

The sets themselves are tested against reference values in `tests/inference/test_honest_did.py`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from analysis.inference.estimate import Bounds
from analysis.inference.honest_did import rebased, relative_magnitude_bounds, smoothness_bounds
from analysis.studies.event_study import log_ratios, try_event_study
from analysis.studies.fits import Fits
from analysis.studies.robust import robust_bounds
from analysis.studies.stack import window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.strata import choose_strata
from tests.studies.planted_stacks import changed, fits_of, layout_with, planted, with_effect


def studied(stack: ArrayStack) -> Fits:
    fits = fits_of(stack)
    strata = choose_strata(fits.cells, stack.layout)
    try_event_study(fits, "orders", strata)
    before, after = (window("orders", *span) for span in ((-stack.layout.before, -1), (1, stack.layout.after)))
    fits.growth("orders", "x", after=after, before=before, strata=strata)
    fits.settle()
    return fits


def bounds_of(stack: ArrayStack) -> tuple[Bounds, ...]:
    return robust_bounds(studied(stack), "orders")


@pytest.fixture(scope="module")
def stack() -> ArrayStack:
    return planted(80)


@pytest.fixture(scope="module")
def found(stack: ArrayStack) -> tuple[Bounds, ...]:
    return bounds_of(stack)


def test_three_sets_told_as_ratios_each_wider_than_the_last(found: tuple[Bounds, ...]) -> None:
    assert [one.assumes for one in found] == [
        "the drift between the groups goes on in a straight line",
        "the drift between the groups changes, in a month, by at most 0.5 times its largest change before the contact",
        "the drift between the groups changes, in a month, by at most 1 times its largest change before the contact",
    ]
    assert {(one.name, one.unit) for one in found} == {("orders", "ratio")}
    _, half, whole = found
    assert whole.low < half.low < 1 < half.high < whole.high


def test_they_are_sets_about_the_mean_month_after_against_the_last_lead(
    stack: ArrayStack, found: tuple[Bounds, ...]
) -> None:
    """Five leads, the last of which is the reference: four coefficients before, six after, weighted alike."""
    months, logs, covariance = log_ratios(studied(stack), "orders")
    beta, spread = rebased(logs, covariance, 4)
    assert months[4] == -2
    assert beta == pytest.approx(np.delete(logs, 4) - logs[4])
    weights = np.full(6, 1 / 6)
    when: dict[str, Any] = {
        "periods": [-6, -5, -4, -3, 1, 2, 3, 4, 5, 6],
        "reference": -2,
    }  # the dip and the index month lie between
    line = smoothness_bounds(beta, spread, 4, m=0.0, weights=weights, **when)
    bent = relative_magnitude_bounds(beta, spread, 4, mbar=1.0, weights=weights, **when)
    assert (found[0].low, found[0].high) == pytest.approx((math.exp(line.low), math.exp(line.high)), rel=1e-9)
    assert (found[2].low, found[2].high) == pytest.approx((math.exp(bent.low), math.exp(bent.high)), rel=1e-9)


def test_an_effect_shifts_every_set_by_its_factor(stack: ArrayStack, found: tuple[Bounds, ...]) -> None:
    """A constant effect adds its logarithm to every month after; sets are found on a grid, hence 1 %."""
    for one, other in zip(found, bounds_of(with_effect(stack, 1.3)), strict=True):
        assert (other.low, other.high) == pytest.approx((1.3 * one.low, 1.3 * one.high), rel=0.01)


def test_a_straight_drift_is_taken_off() -> None:
    """0.04 a month beside an effect of 1.2: the effect's own interval is far off, the set under a straight line holds
    it, and lies wholly above 1 in most of eight companies."""
    held, clear = 0, 0
    for seed in range(8):
        fits = studied(planted(800 + seed, drift=0.04, effect=1.2))
        assert fits.ratio("orders").low > 1.3
        line = robust_bounds(fits, "orders")[0]
        held += line.low <= 1.2 <= line.high
        clear += line.low > 1
    assert held >= 7
    assert clear >= 4


def test_sound_companies_are_held_by_every_set() -> None:
    """Ten companies without effect or drift: each set holds 1 in nine or more."""
    held = np.array([[one.low <= 1 <= one.high for one in bounds_of(planted(900 + seed))] for seed in range(10)])
    assert (held.sum(axis=0) >= 9).all()


def test_the_same_rows_give_the_same_digits(stack: ArrayStack, found: tuple[Bounds, ...]) -> None:
    assert bounds_of(stack) == found


# Nothing to tell


@pytest.mark.parametrize("before", [2, 3, 11, 12])
def test_too_few_leads_or_too_many_give_no_set(before: int) -> None:
    assert bounds_of(planted(81, customers=2_000, layout=layout_with(before=before))) == ()


@pytest.mark.parametrize("constant", [1.0, 0.7, 9.99])
def test_customers_who_all_do_the_same_give_no_set(stack: ArrayStack, constant: float) -> None:
    assert bounds_of(changed(stack, **dict.fromkeys(stack.layout.measures, constant))) == ()


def test_a_month_that_has_no_ratio_gives_no_set(stack: ArrayStack) -> None:
    assert bounds_of(changed(stack, orders_p4=0.0)) == ()
