"""Clear on one scale alone is not clear: by hand, the laws, and how often it errs far in the tail."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import special, stats

from analysis.inference.arm_mean import ArmMean, difference_of, ratio_of
from analysis.inference.both_scales import fewest_degrees, least_clear_p
from analysis.inference.compare import ratio_estimate
from analysis.inference.estimate import Estimate
from analysis.inference.multiplicity import wald_p

Pair = tuple[Estimate, Estimate]
ARMS = st.tuples(st.integers(1, 400), st.floats(0.01, 4), st.integers(50, 900))


def pair(one: ArmMean, other: ArmMean, unit: str = "orders per customer") -> Pair:
    """The difference and the ratio of two means."""
    return (
        difference_of(one, other, name="orders", unit=unit, method=""),
        ratio_of(one, other, name="orders", method=""),
    )


def of_share(yes: int, n: int) -> ArmMean:
    share = Fraction(yes, n)
    return ArmMean(share, float(share * (1 - share) / (n - 1)), n)


def test_by_hand() -> None:
    """Means 1 and 2, errors 0.4 and 0.2: 2.236 errors apart; log 2 is 1.690 errors of √(0.16 + 0.01) off.

    Degrees of freedom: of the difference 0.2² / (0.16² / 49 + 0.04² / 149) = 75.0, of the logarithms
    0.17² / (0.16² / 49 + 0.01² / 149) = 55.2, the fewer, which count for both.
    """
    difference, ratio = pair(ArmMean(Fraction(1), 0.16, 50), ArmMean(Fraction(2), 0.04, 150))
    assert fewest_degrees(difference, ratio) == pytest.approx(55.2457, abs=1e-3)
    assert wald_p(difference) == pytest.approx(2 * stats.t.sf(1 / math.sqrt(0.2), 75.0314), abs=1e-6)
    expected = 2 * stats.t.sf(math.log(2) / math.sqrt(0.17), fewest_degrees(ratio))
    assert least_clear_p(difference, ratio) == pytest.approx(expected, abs=1e-9)
    assert least_clear_p(ratio, difference) == least_clear_p(difference, ratio)


def test_a_normal_ratio_is_read_with_the_degrees_of_the_difference() -> None:
    difference, ratio = pair(ArmMean(Fraction(1), 0.16, 50), ArmMean(Fraction(2), 0.04, 150))
    normal = ratio_estimate("orders", 0.5, math.sqrt(0.17), n_treated=50, n_comparison=150, method="")
    assert wald_p(normal) == pytest.approx(2 * special.ndtr(-math.log(2) / math.sqrt(0.17)))
    expected = 2 * special.stdtr(fewest_degrees(difference), -math.log(2) / math.sqrt(0.17))
    assert least_clear_p(difference, normal) == pytest.approx(expected, abs=1e-9)
    assert least_clear_p(difference, ratio) > least_clear_p(difference, normal) > wald_p(normal)


def test_alone_it_is_the_p_value_of_its_interval() -> None:
    difference, ratio = pair(ArmMean(Fraction(1), 0.16, 50), ArmMean(Fraction(2), 0.04, 150))
    nothing = replace(ratio, low=0.0, high=math.inf)
    assert least_clear_p(difference) == least_clear_p(difference, nothing) == wald_p(difference)


@settings(max_examples=60, deadline=None)
@given(ARMS, ARMS)
def test_laws(one, other) -> None:
    """Never clearer than on its own scale; arms change places, and the unit changes, without a change."""
    arms = [ArmMean(Fraction(mean, 100), spread * mean / 100 / n, n) for mean, spread, n in (one, other)]
    difference, ratio = pair(*arms)
    p_value = least_clear_p(difference, ratio)
    assert max(wald_p(difference), wald_p(ratio)) - 1e-9 <= p_value <= 1
    # 1e-6: degrees of freedom are read back from an interval
    assert least_clear_p(*pair(*arms[::-1])) == pytest.approx(p_value, abs=1e-6)
    larger = [replace(arm, value=arm.value * 100, variance=arm.variance * 1e4) for arm in arms]
    assert least_clear_p(*pair(*larger)) == pytest.approx(p_value, abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(11, 49), st.integers(11, 189))
def test_yes_is_judged_as_no(yes, other) -> None:
    here = pair(of_share(yes, 60), of_share(other, 200), unit="share per customer")
    there = pair(of_share(60 - yes, 60), of_share(200 - other, 200), unit="share per customer")
    assert least_clear_p(*here) == pytest.approx(least_clear_p(*there), abs=1e-6)


def test_a_common_share_is_judged_by_those_without() -> None:
    """55 of 60 against 420 of 600: of those without 5 against 180, the logarithm of 3.6 is 2.95 errors off."""
    difference, ratio = pair(of_share(55, 60), of_share(420, 600), unit="share per customer")
    error = math.sqrt(55 / 60 / (5 / 60) / 59 + 0.7 / 0.3 / 599)
    relative = 55 / 5 / 59, 0.7 / 0.3 / 599
    freedom = sum(relative) ** 2 / (relative[0] ** 2 / 59 + relative[1] ** 2 / 599)
    expected = 2 * special.stdtr(min(freedom, fewest_degrees(difference)), -math.log(3.6) / error)
    assert least_clear_p(difference, ratio) == pytest.approx(expected, abs=1e-9)
    assert expected > 10 * max(wald_p(difference), wald_p(ratio))
    plain = replace(difference, unit="orders per customer")
    assert least_clear_p(plain, ratio) < expected / 10


def test_one_scale_twice_is_refused() -> None:
    difference, _ = pair(ArmMean(Fraction(1), 0.16, 50), ArmMean(Fraction(2), 0.04, 150))
    with pytest.raises(ValueError, match="two estimates on the scale `difference`"):
        least_clear_p(difference, difference)


DRAWS = 40_000
AT = 0.002
"""As far in the tail as 40,000 tests can tell: one Monte Carlo error of the share is 11 % of it."""


@pytest.mark.parametrize(("kind", "most"), [("orders", 1.0), ("uneven", 1.0), ("common", 0.5), ("buyers", 1.2)])
def test_small_uneven_groups_do_not_err_far_in_the_tail(kind: str, most: float) -> None:
    """60 against 300 without an effect: at most so many times as often as promised, where Welch alone errs more often.

    `uneven` buyers are negative binomial; of `buyers` a quarter spends, lognormally.
    """
    rng = np.random.default_rng(29)
    sizes = (60, 300)
    draw = {
        "orders": lambda shape: rng.poisson(0.8, shape),
        "uneven": lambda shape: rng.negative_binomial(2, 2 / 2.8, shape),
        "common": lambda shape: rng.random(shape, dtype=np.float32) < 0.8,
        "buyers": lambda shape: (rng.random(shape) < 0.25) * np.exp(0.6 * rng.standard_normal(shape)),
    }[kind]
    parts = [_means(draw, n) for n in sizes]
    (one, v_one), (other, v_other) = parts
    apart = np.abs(one - other) / np.sqrt(v_one + v_other)
    freedom = (v_one + v_other) ** 2 / (v_one**2 / 59 + v_other**2 / 299)
    doubtful = np.flatnonzero(2 * special.stdtr(freedom, -apart) < AT)  # no other can be below it
    unit = "share per customer" if kind == "common" else "orders per customer"
    judged = 0
    for at in doubtful:
        arms = [
            ArmMean(Fraction(float(mean[at])), float(spread[at]), n)
            for (mean, spread), n in zip(parts, sizes, strict=True)
        ]
        judged += least_clear_p(*pair(*arms, unit=unit)) < AT
    assert judged / DRAWS < most * AT
    assert len(doubtful) / DRAWS > 1.5 * AT


def _means(draw, n: int) -> tuple[np.ndarray, np.ndarray]:
    found = [draw((DRAWS // 8, n)).astype(np.float32) for _ in range(8)]
    mean = np.concatenate([rows.mean(axis=1, dtype=np.float64) for rows in found])
    return mean, np.concatenate([rows.var(axis=1, ddof=1, dtype=np.float64) for rows in found]) / n
