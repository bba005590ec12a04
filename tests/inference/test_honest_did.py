"""Robust sets for event studies: published answers, cases by hand, laws, coverage."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import brentq
from scipy.stats import ncx2, norm

from analysis.foundation.errors import DesignError
from analysis.inference.estimate import Bounds
from analysis.inference.honest_arp import conditional_set
from analysis.inference.honest_did import breakdown, rebased, relative_magnitude_bounds, smoothness_bounds
from analysis.inference.honest_flci import bending_reach, folded_normal_quantile, shortest_interval
from tests.inference.honest_studies import (
    GAPPED,
    MEAN,
    OURS,
    STUDIES,
    Floats,
    like_ours,
    numbers,
    weights_named,
)

# Reference values


@pytest.mark.parametrize("study", ["benzarti_carloni", "medicaid"])
@pytest.mark.parametrize(("kind", "tolerance"), [("smoothness", 3e-6), ("relative_magnitudes", 1e-3)])
@pytest.mark.parametrize("name", ["first", "mean"])
def test_another_package_says_the_same(study: str, kind: str, tolerance: float, name: str) -> None:
    """Tolerances: Clarabel's for the first; grid and 1,000 simulated draws (theirs) for the second. See the README."""
    beta, covariance, n_pre = numbers(study)
    weights = weights_named(name, len(beta) - n_pre)
    for m, (low, high) in STUDIES[study]["moderndid"][kind][name].items():
        found = OURS[kind](beta, covariance, n_pre, weights, float(m))
        assert found.low == pytest.approx(low, abs=tolerance), m
        assert found.high == pytest.approx(high, abs=tolerance), m


@pytest.mark.parametrize("kind", ["smoothness", "relative_magnitudes"])
def test_the_published_tables(kind: str) -> None:
    """The R package's page prints three digits, after simulations and a grid of its own."""
    beta, covariance, n_pre = numbers("medicaid")
    tables = STUDIES["medicaid"]["published"][kind]
    for name, table in tables.items():
        for m, (low, high) in table.items():
            found = OURS[kind](beta, covariance, n_pre, weights_named(name, 2), float(m))
            assert found.low == pytest.approx(low, abs=1e-3), (name, m)
            assert found.high == pytest.approx(high, abs=1e-3), (name, m)


def test_the_published_breakdown_values() -> None:
    """ "The breakdown value is about 2", and about 0.03 for smoothness, says the page. Its table is finer."""
    beta, covariance, n_pre = numbers("medicaid")
    ratio = breakdown(lambda m: relative_magnitude_bounds(beta, covariance, n_pre, [1, 0], m))
    bend = breakdown(lambda m: smoothness_bounds(beta, covariance, n_pre, [1, 0], m))
    assert ratio is not None
    assert bend is not None
    assert 1.85 < ratio < 2.0  # the lower end is 0.0082 at 1.5 and -0.0009 at 2
    assert 0.02 < bend < 0.03


# By hand


def test_one_lead_and_one_month_after_by_hand() -> None:
    """The lead lies 0.2 below the reference, so the line goes on to +0.2 in the month after: 0.5 - 0.2 = 0.3.

    Its error is the root of 0.01 + 0.01. A bend of 0.1 in the reference month moves it by 0.1.
    """
    se = math.sqrt(0.02)
    straight = smoothness_bounds([-0.2, 0.5], 0.01 * np.eye(2), 1, [1.0], 0.0)
    assert (straight.low, straight.high) == pytest.approx((0.3 - 1.959964 * se, 0.3 + 1.959964 * se), abs=1e-7)
    bent = smoothness_bounds([-0.2, 0.5], 0.01 * np.eye(2), 1, [1.0], 0.1)
    half = se * math.sqrt(ncx2.ppf(0.95, 1, (0.1 / se) ** 2))  # |N(b, 1)|² is a non-central chi-square
    assert (bent.low, bent.high) == pytest.approx((0.3 - half, 0.3 + half), abs=1e-9)


def test_relative_magnitudes_by_hand() -> None:
    """One lead at -1 and one month after at 2, independent, errors 0.1 each; M = 1.

    The drift rose by 1, ten errors from 0, so only that sign matters. Too-small and too-large values are judged by
    (±(2 - value) - 1) / sqrt(0.02), which are independent: the least-favourable value c has Phi(c)² = 0.995. Beyond the
    first stage the size left is 0.045 / 0.995, below c: the end has 1 - Phi(t) = 1 - Phi(c) + 0.045 / 0.995 Phi(c).
    """
    c = norm.isf(1 - math.sqrt(0.995))
    t = norm.isf(norm.sf(c) + 0.045 / 0.995 * norm.cdf(c))
    reach = 1 + math.sqrt(0.02) * t
    found = relative_magnitude_bounds([-1.0, 2.0], 0.01 * np.eye(2), 1, [1.0], 1.0)
    assert (found.low, found.high) == pytest.approx((2 - reach, 2 + reach), abs=1e-8)


def test_a_straight_line_is_extrapolated_by_least_squares() -> None:
    """With M = 0 the best estimate is generalised least squares of one slope on leads and months after together."""
    beta, covariance, n_pre = numbers("benzarti_carloni")
    months = np.array([-4, -3, -2, -1, 1, 2, 3, 4.0])
    design = np.zeros((8, 5))  # slope, and an effect of its own for each month after
    design[:, 0] = months
    design[4:, 1:] = np.eye(4)
    bread = np.linalg.inv(design.T @ np.linalg.solve(covariance, design))
    effects = bread @ design.T @ np.linalg.solve(covariance, beta)
    weights = np.array([0, 0.25, 0.25, 0.25, 0.25])
    half = norm.isf(0.025) * math.sqrt(weights @ bread @ weights)
    found = smoothness_bounds(beta, covariance, n_pre, np.full(4, 0.25), 0.0)
    assert (found.low, found.high) == pytest.approx((weights @ effects - half, weights @ effects + half), abs=1e-12)


def test_how_far_a_bend_reaches_over_the_gap() -> None:
    """Reference -2; a bend of 1 in month 0 (two months later) moves +1 by 1 and +3 by 3; one in -3 moves -5 by 2."""
    offsets = np.array(GAPPED) + 2
    reach = bending_reach(offsets)
    bends = list(range(-3, 8))  # months -5 to 5
    assert reach.shape == (10, len(bends))
    np.testing.assert_array_equal(reach[:, bends.index(2)], [0, 0, 0, 0, 1, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(reach[:, bends.index(-1)], [3, 2, 1, 0, 0, 0, 0, 0, 0, 0])


@pytest.mark.parametrize("mean", [0.0, 0.3, 2.0, 30.0])
def test_the_folded_normal_quantile(mean: float) -> None:
    value = folded_normal_quantile(0.95, mean)
    assert norm.cdf(value - mean) - norm.cdf(-value - mean) == pytest.approx(0.95, abs=1e-12)


# The shortest interval is the shortest, and covers exactly at the worst drift


@pytest.mark.parametrize("m", [0.001, 0.003, 0.01, 0.1])
@pytest.mark.parametrize("periods", [GAPPED, (-9, -6, -4, -3, 1, 2, 3, 4, 5, 6)])
def test_no_other_linear_estimate_has_a_shorter_interval(m: float, periods: tuple[int, ...]) -> None:
    """2,000 weights near and far; each of them has an interval at least as long. Leads need not be neighbours."""
    random = np.random.default_rng(5)
    covariance, offsets = like_ours(), np.array(periods) + 2
    best = shortest_interval(covariance, offsets, 4, MEAN, m, 0.95)
    reach = bending_reach(offsets)
    assert best.bias == pytest.approx(m * np.abs(reach.T @ best.weights).sum())
    leads = offsets[:4].astype(float)
    for size in np.geomspace(1e-4, 3, 2000):
        step = random.normal(size=4)
        step -= leads * (step @ leads) / (leads @ leads)
        other = best.weights + size * np.concatenate([step, np.zeros(6)])
        se = math.sqrt(other @ covariance @ other)
        bias = m * float(np.abs(reach.T @ other).sum())
        assert norm.cdf((best.half_length - bias) / se) - norm.cdf((-best.half_length - bias) / se) < 0.95 + 1e-9


def test_at_the_worst_drift_the_interval_covers_exactly_as_often_as_it_says() -> None:
    """The drift that bends by M in the bad direction everywhere: the coverage is 95 %, by the normal distribution."""
    covariance, offsets = like_ours(), np.array(GAPPED) + 2
    found = shortest_interval(covariance, offsets, 4, MEAN, 0.004, 0.95)
    reach = bending_reach(offsets)
    drift = reach @ (0.004 * np.sign(reach.T @ found.weights)) + 0.3 * offsets  # any slope
    bias = float(found.weights @ drift)
    assert bias == pytest.approx(found.bias)
    inside = norm.cdf((found.half_length - bias) / found.se) - norm.cdf((-found.half_length - bias) / found.se)
    assert inside == pytest.approx(0.95, abs=1e-10)


# Coverage


def least_covered(n: int) -> float:
    """One-sided acceptance at 1 %: fewer than this of n intervals would be surprising at 95 %."""
    return 0.95 - 2.326 * math.sqrt(0.95 * 0.05 / n)


def covered(found: Bounds, truth: float) -> bool:
    return found.low <= truth <= found.high


def test_coverage_with_a_planted_drift() -> None:
    """200 draws a drift; both drifts lie at the edge of what the sets allow. The plain interval fails beside them.

    The first changes by 0.02 a month in the leads and half as fast afterwards, all in the direction of the effect. The
    second bends by 0.004 a month from -2 on.
    """
    random = np.random.default_rng(20261122)
    covariance, months = like_ours(0.02), np.array(GAPPED) + 2.0
    relative = np.where(months < 0, 0.02 * months, 0.01 * months)
    bending = 0.01 * months + np.where(months > 0, 0.004 * months * (months - 1) / 2, 0)
    effect, n = 0.05, 200
    plain = norm.isf(0.025) * math.sqrt(MEAN @ covariance[4:, 4:] @ MEAN)
    hits = {"relative": 0, "bending": 0, "plain": 0}
    for noise in random.multivariate_normal(np.zeros(10), covariance, size=n):
        beta = noise + np.where(months > 0, effect, 0.0)
        first = relative_magnitude_bounds(beta + relative, covariance, 4, MEAN, 0.5, periods=GAPPED, reference=-2)
        second = smoothness_bounds(beta + bending, covariance, 4, MEAN, 0.004, periods=GAPPED, reference=-2)
        hits["relative"] += covered(first, effect)
        hits["bending"] += covered(second, effect)
        hits["plain"] += abs(float(MEAN @ (beta + relative)[4:]) - effect) <= plain
    assert hits["relative"] / n >= least_covered(n)
    assert hits["bending"] / n >= least_covered(n)
    assert hits["plain"] / n < 0.7


def test_coverage_is_exact_where_the_largest_change_is_beyond_doubt() -> None:
    """One jump of the drift, 35 errors high, and the worst drift afterwards: 200 sets cover 91.4 to 98.6 % of the time,
    so that a set that is merely too wide fails as well."""
    random = np.random.default_rng(8)
    covariance, months, n = like_ours(0.02), np.array(GAPPED) + 2.0, 200
    drift = np.where(months < 0, -1.0, 0.5 * months)
    hits = 0
    for noise in random.multivariate_normal(np.zeros(10), covariance, size=n):
        found = relative_magnitude_bounds(noise + drift, covariance, 4, MEAN, 0.5, periods=GAPPED, reference=-2)
        hits += covered(found, 0.0)
    assert least_covered(n) <= hits / n <= 1.9 - least_covered(n)


def relative_to_the_mean_of_leads(treated: Floats, comparison: Floats) -> tuple[Floats, Floats]:
    """Log ratios of an event study of counts (leads -6 to -2, then 1 to 6) against all leads together; delta method."""
    lead = np.array([True] * 5 + [False] * 6)
    ratio = (treated / treated[lead].mean()) / (comparison / comparison[lead].mean())
    jacobian = np.zeros((11, 22))
    for place, (counts, sign) in enumerate(((treated, 1.0), (comparison, -1.0))):
        part = np.diag(1 / counts) - lead / counts[lead].sum()
        jacobian[:, 11 * place : 11 * place + 11] = sign * part
    return np.log(ratio), jacobian @ np.diag(np.concatenate([treated, comparison])) @ jacobian.T


def test_leads_against_their_mean_are_rebased_on_one_lead() -> None:
    """Poisson counts with a drift and an effect: the rebased coefficients and their covariance are those of an event
    study against month -2, to rounding; the sets are the same whichever lead is the reference; and they cover."""
    random = np.random.default_rng(4)
    months = np.array([-6, -5, -4, -3, -2, 1, 2, 3, 4, 5, 6])
    drift = np.where(months < 0, 0.012, 0.006) * (months + 2)
    effect, n, hits = 0.08, 200, {"relative": 0, "smooth": 0}
    for draw in range(n):
        treated = random.poisson(4000 * np.exp(drift + np.where(months > 0, effect, 0))).astype(float)
        comparison = random.poisson(np.full(11, 9000.0)).astype(float)
        beta, covariance = relative_to_the_mean_of_leads(treated, comparison)
        based, spread = rebased(beta, covariance, reference=4)
        relative = relative_magnitude_bounds(based, spread, 4, MEAN, 0.5, periods=GAPPED, reference=-2)
        smooth = smoothness_bounds(based, spread, 4, MEAN, 0.006, periods=GAPPED, reference=-2)
        hits["relative"] += covered(relative, effect)
        hits["smooth"] += covered(smooth, effect)
        if draw == 0:
            direct = np.log(treated / treated[4]) - np.log(comparison / comparison[4])
            inverse = 1 / treated + 1 / comparison
            np.testing.assert_allclose(based, np.delete(direct, 4), atol=1e-12)
            np.testing.assert_allclose(spread, np.diag(np.delete(inverse, 4)) + inverse[4], atol=1e-15)
            for other in range(4):
                again, its = rebased(beta, covariance, reference=other)
                periods, month = np.delete(months, other).tolist(), int(months[other])
                for one, same in (
                    (relative, relative_magnitude_bounds(again, its, 4, MEAN, 0.5, periods=periods, reference=month)),
                    (smooth, smoothness_bounds(again, its, 4, MEAN, 0.006, periods=periods, reference=month)),
                ):
                    assert (same.low, same.high) == pytest.approx((one.low, one.high), abs=1e-9), other
    assert hits["relative"] / n >= least_covered(n)
    assert hits["smooth"] / n >= least_covered(n)


def test_coefficients_against_their_own_mean_are_refused_until_they_are_rebased() -> None:
    """Five leads whose mean is 0 by construction: one follows from the others."""
    centred = np.eye(11) - np.outer(np.ones(11), [0.2] * 5 + [0.0] * 6)
    covariance = centred @ (0.01 * np.eye(11)) @ centred.T
    months = [-6, -5, -4, -3, -2, 1, 2, 3, 4, 5, 6]
    with pytest.raises(DesignError, match=r"relative to the mean of the leads.*`rebased`"):
        smoothness_bounds(np.zeros(11), covariance, 5, MEAN, 0.0, periods=months, reference=-1)
    based, spread = rebased(np.zeros(11), covariance, reference=4)
    np.testing.assert_allclose(spread, 0.01 * (np.eye(10) + 1), atol=1e-15)
    assert smoothness_bounds(based, spread, 4, MEAN, 0.0, periods=GAPPED, reference=-2).high > 0


# Laws


@pytest.mark.parametrize("kind", ["smoothness", "relative_magnitudes"])
@pytest.mark.parametrize("study", ["benzarti_carloni", "medicaid"])
def test_laws(kind: str, study: str) -> None:
    beta, covariance, n_pre = numbers(study)
    weights, bounds = weights_named("mean", len(beta) - n_pre), OURS[kind]
    found = bounds(beta, covariance, n_pre, weights, 0.5)
    larger = bounds(1000 * beta, 1e6 * covariance, n_pre, weights, 0.5 if kind == "relative_magnitudes" else 500.0)
    assert (larger.low, larger.high) == pytest.approx((1000 * found.low, 1000 * found.high), rel=1e-7)
    turned = bounds(-beta, covariance, n_pre, weights, 0.5)
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low), rel=1e-7)
    twice = bounds(beta, covariance, n_pre, 2 * weights, 0.5)
    assert (twice.low, twice.high) == pytest.approx((2 * found.low, 2 * found.high), rel=1e-7)
    surer = bounds(beta, covariance, n_pre, weights, 0.5, 0.99)
    assert surer.low < found.low
    assert surer.high > found.high
    assert bounds(beta, covariance, n_pre, weights, 0.5) == found


@pytest.mark.parametrize("kind", ["smoothness", "relative_magnitudes"])
def test_sets_grow_with_what_is_allowed(kind: str) -> None:
    beta, covariance, n_pre = numbers("benzarti_carloni")
    allowed = [0, 1e-4, 0.01, 0.02, 0.1, 0.3] if kind == "smoothness" else [0, 0.1, 0.3, 0.6, 1, 2]
    found = [OURS[kind](beta, covariance, n_pre, [0.25] * 4, m) for m in allowed]
    widths = [one.high - one.low for one in found]
    assert widths == sorted(widths)
    assert len(set(widths)) == len(widths)
    if kind == "relative_magnitudes":
        assert [one.low for one in found] == sorted((one.low for one in found), reverse=True)
        assert [one.high for one in found] == sorted(one.high for one in found)


@pytest.mark.parametrize("level", [0.9, 0.95])
def test_a_drift_that_stands_still_leaves_the_plain_interval(level: float) -> None:
    """First stage and conditional test together spend exactly 1 - level when nothing else is in play."""
    beta, covariance, n_pre = numbers("medicaid")
    half = norm.ppf((1 + level) / 2) * math.sqrt(covariance[5, 5])
    found = relative_magnitude_bounds(beta, covariance, n_pre, [1, 0], 0.0, level)
    assert (found.low, found.high) == pytest.approx((beta[5] - half, beta[5] + half), abs=1e-8)


@pytest.mark.parametrize("grid", [11, 51, 1001])
def test_the_grid_does_not_matter(grid: int) -> None:
    beta, covariance, n_pre = numbers("benzarti_carloni")
    usual = relative_magnitude_bounds(beta, covariance, n_pre, [0.25] * 4, 0.5)
    found = relative_magnitude_bounds(beta, covariance, n_pre, [0.25] * 4, 0.5, grid=grid)
    assert (found.low, found.high) == pytest.approx((usual.low, usual.high), abs=1e-8)


def test_the_estimate_is_always_in_the_relative_magnitude_set() -> None:
    random = np.random.default_rng(9)
    for _ in range(40):
        spread = random.normal(size=(7, 7))
        beta, covariance = random.normal(size=7), spread @ spread.T / 20 + 0.01 * np.eye(7)
        weights = random.normal(size=4)
        low, high = conditional_set(beta, covariance, np.array([-3, -2, -1, 1, 2, 3, 4]), 3, weights, 1.0, 0.95, 51)
        assert low < float(weights @ beta[3:]) < high


def test_the_breakdown_value_is_where_the_set_reaches_no_effect() -> None:
    beta, covariance, n_pre = numbers("benzarti_carloni")
    for bounds in (smoothness_bounds, relative_magnitude_bounds):
        found = breakdown(lambda m, bounds=bounds: bounds(beta, covariance, n_pre, [1, 0, 0, 0], m))  # type: ignore[misc]
        assert found is not None
        exact = brentq(lambda m, bounds=bounds: bounds(beta, covariance, n_pre, [1, 0, 0, 0], m).low, 0.01, 5)  # type: ignore[misc]
        assert found == pytest.approx(exact, rel=1.1e-4)
        assert found <= exact
        assert breakdown(lambda m, bounds=bounds: bounds(0 * beta, covariance, n_pre, [1, 0, 0, 0], m)) is None  # type: ignore[misc]


def test_a_breakdown_value_that_does_not_exist() -> None:
    fixed = Bounds(name="orders", low=1.0, high=2.0, unit="log ratio", assumes="nothing drifts")
    assert breakdown(lambda _: fixed) == math.inf
    assert breakdown(lambda m: Bounds(name="a", low=1 - 1e6 * m, high=2.0, unit="b", assumes="c")) == pytest.approx(
        1e-6, rel=1e-3
    )


def test_what_is_given_is_not_changed_and_the_result_says_what_it_assumes() -> None:
    beta, covariance, n_pre = numbers("medicaid")
    kept = beta.copy(), covariance.copy()
    found = relative_magnitude_bounds(beta, covariance, n_pre, [0.5, 0.5], 0.5, name="orders", unit="log ratio")
    rebased(beta, covariance, 2)
    assert found.assumes == (
        "the drift between the groups changes, in a month, by at most 0.5 times its largest change before the contact"
    )
    assert (found.name, found.unit) == ("orders", "log ratio")
    smooth = smoothness_bounds(beta, covariance, n_pre, [0.5, 0.5], 0.01)
    assert smooth.assumes == "the drift between the groups bends by at most 0.01 (log ratio) from one month to the next"
    assert smoothness_bounds(beta, covariance, n_pre, [0.5, 0.5], 0).assumes.endswith("goes on in a straight line")
    np.testing.assert_array_equal(beta, kept[0])
    np.testing.assert_array_equal(covariance, kept[1])


# Bad input


@pytest.mark.parametrize("bounds", [smoothness_bounds, relative_magnitude_bounds])
@pytest.mark.parametrize(
    ("changed", "error", "words"),
    [
        ({"beta": [0.1, 0.2]}, ValueError, "n × n covariances"),
        ({"beta": [0.1, math.nan, 0.3]}, ValueError, "not a number"),
        ({"covariance": [[1, 0.5, 0], [0, 1, 0], [0, 0, 1]]}, ValueError, "both sides of its diagonal"),
        ({"covariance": np.zeros((3, 3))}, DesignError, "singular"),
        ({"covariance": np.ones((3, 3))}, DesignError, "`rebased`"),
        ({"covariance": np.diag([1.0, 1.0, -1.0])}, DesignError, "singular"),
        ({"n_pre": 0}, ValueError, "1 to 2 can be leads, not 0"),
        ({"n_pre": 3}, ValueError, "1 to 2 can be leads, not 3"),
        ({"weights": [1.0, 0.0]}, ValueError, "each of the 1 later"),
        ({"weights": [0.0]}, ValueError, "not all 0"),
        ({"m": -0.1}, ValueError, "from 0 on"),
        ({"m": math.nan}, ValueError, "from 0 on"),
        ({"level": 1.0}, ValueError, "level"),
        ({"periods": [-2, -2, 1]}, ValueError, "ascending"),
        ({"periods": [-2, -1]}, ValueError, "3 months"),
        ({"reference": 1}, ValueError, "not 1"),
        ({"reference": 4}, ValueError, "before 1"),
    ],
)
def test_bad_input(bounds: object, changed: dict[str, object], error: type[Exception], words: str) -> None:
    given: dict[str, object] = {
        "beta": [0.1, 0.2, 0.3],
        "covariance": np.eye(3),
        "n_pre": 2,
        "weights": [1.0],
        "m": 0.1,
    }
    given |= changed
    first = [given.pop(name) for name in ("beta", "covariance", "n_pre", "weights", "m")]
    with pytest.raises(error, match=words):
        bounds(*first, **given)  # type: ignore[operator]


def test_more_than_eight_leads_are_refused() -> None:
    with pytest.raises(DesignError, match=r"9 leads were given.*Give the last 8"):
        smoothness_bounds(np.zeros(10), np.eye(10), 9, [1.0], 0.1)
    assert relative_magnitude_bounds(np.zeros(9), np.eye(9), 8, [1.0], 0.5).low < 0


def test_rebasing_needs_a_place_that_exists() -> None:
    for place in (-1, 3):
        with pytest.raises(ValueError, match="counted from 0"):
            rebased([1.0, 2.0, 3.0], np.eye(3), place)


def test_a_grid_too_coarse_is_refused() -> None:
    with pytest.raises(ValueError, match="too coarse"):
        relative_magnitude_bounds([0.1, 0.2, 0.3], np.eye(3), 2, [1.0], 0.5, grid=5)
