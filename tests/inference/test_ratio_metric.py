"""Ratios of two sums: the same numbers as another package, coverage on known truth, and denominators that fail."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import adjusted_difference
from analysis.inference.moments import Moments
from analysis.inference.ratio_metric import ratio_means, ratio_metric_difference, ratio_metric_p, ratio_metric_ratio
from tests.inference.test_adjusted import COMPARISON, REFERENCE, SIDES, TREATED, check_against_tea_tasting

TWO = (TREATED, COMPARISON, "orders", "sessions")


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("name", "covariates"),
    [
        ("orders per session", None),
        ("orders per session, cuped", ("orders_before", "sessions_before")),
        ("orders per session, cuped on age", ("age", None)),
    ],
)
def test_the_same_as_tea_tasting(name, covariates, side) -> None:
    difference = ratio_metric_difference(*TWO, covariates=covariates, unit="orders per session", alternative=side)
    ratio = ratio_metric_ratio(*TWO, covariates=covariates, alternative=side)
    p = ratio_metric_p(*TWO, covariates=covariates, alternative=side)
    check_against_tea_tasting(difference, ratio, p, REFERENCE["tea_tasting"][side][name], side)


def test_a_denominator_of_one_gives_the_difference_of_means() -> None:
    def counted(name: str) -> Moments:
        rows = zip(*(REFERENCE["rows"][column] for column in ("arm", "spend", "spend_before")), strict=True)
        return Moments.from_rows(("spend", "before", "one"), [(y, x, 1) for group, y, x in rows if group == name])

    arms = counted("invited"), counted("control")
    for covariate in (None, ("before", "one")):
        ratio = ratio_metric_difference(*arms, "spend", "one", covariates=covariate, unit="EUR")
        mean = adjusted_difference(*arms, "spend", covariates=[covariate[0]] if covariate else [], unit="EUR")
        assert (ratio.value, ratio.se, ratio.low) == tuple(
            pytest.approx(number, rel=1e-12) for number in (mean.value, mean.se, mean.low)
        )


def test_by_hand() -> None:
    """Ratio 0.5 in both; residuals n − 0.5 d are ±0.5 in equal numbers among the treated and 0 among the others."""
    treated = Moments.from_rows(("n", "d"), [[1, 1], [1, 3]] * 20)
    comparison = Moments.from_rows(("n", "d"), [[1, 2], [2, 4]] * 20)
    found = ratio_means(treated, comparison, "n", "d")
    assert (found.treated.value, found.comparison.value) == (Decimal("0.5"), Decimal("0.5"))
    assert found.treated.variance == pytest.approx(0.25 * 40 / 39 / 2**2 / 40, rel=1e-12)
    assert found.comparison.variance == 0


def test_swapping_the_arms_flips_the_sign() -> None:
    one = ratio_metric_difference(*TWO, unit="orders per session")
    other = ratio_metric_difference(COMPARISON, TREATED, "orders", "sessions", unit="orders per session")
    assert (one.value, one.low) == (pytest.approx(-other.value), pytest.approx(-other.high))
    assert one.name == "orders per sessions"


def test_denominators_that_cannot_carry_a_ratio_are_refused() -> None:
    rare = Moments.from_rows(("n", "d"), [[0, 0]] * 95 + [[1, 1]] * 5)
    none = Moments.from_rows(("n", "d"), [[1, 0]] * 50)
    with pytest.raises(DesignError, match="known to ±44 %"):
        ratio_metric_difference(rare, rare, "n", "d", unit="n per d")
    with pytest.raises(DesignError, match="mean of it above zero"):
        ratio_metric_difference(none, none, "n", "d", unit="n per d")
    few = Moments.from_rows(("n", "d", "x"), [[i % 2, 5, i % 3] for i in range(19)])
    with pytest.raises(DesignError, match="19 customers"):
        ratio_metric_difference(few, few, "n", "d", covariates=("x", None), unit="n per d")


def _arm(rng: np.random.Generator, n: int, rate: float) -> Moments:
    """Customers of unlike taste and unlike numbers of sessions: sessions are no independent trials."""
    taste, share = rng.gamma(2.0, 1.0, n), rng.beta(2, 5, n)
    counts = []
    for factor in (rate, 1.0):
        sessions = 1 + rng.poisson(3 * taste)
        counts += [rng.binomial(sessions, 0.9 * share * factor), sessions]
    columns = np.array(counts)
    squares = [Decimal(int((columns[i] * columns[j]).sum())) for i in range(4) for j in range(i, 4)]
    names = ("orders", "sessions", "orders_before", "sessions_before")
    return Moments(names, n, tuple(Decimal(int(total)) for total in columns.sum(axis=1)), tuple(squares))


def test_known_truth_is_covered_with_and_without_the_earlier_ratio() -> None:
    """500 experiments: orders a session 0.9 · 2/7 · 1.1 against 0.9 · 2/7, whatever the sessions."""
    rng = np.random.default_rng(11)
    truth, worlds, inside, narrower = 0.9 * 2 / 7 * 0.1, 500, [0, 0, 0], []
    for _ in range(worlds):
        arms = _arm(rng, 300, 1.1), _arm(rng, 400, 1.0)
        plain = ratio_metric_difference(*arms, "orders", "sessions", unit="orders per session")
        earlier = ("orders_before", "sessions_before")
        found = ratio_metric_difference(*arms, "orders", "sessions", covariates=earlier, unit="orders per session")
        relative = ratio_metric_ratio(*arms, "orders", "sessions", covariates=earlier)
        inside[0] += plain.low <= truth <= plain.high
        inside[1] += found.low <= truth <= found.high
        inside[2] += relative.low <= 1.1 <= relative.high
        narrower.append(found.se / plain.se)
    for count in inside:
        assert abs(count / worlds - 0.95) < 2.58 * math.sqrt(0.0475 / worlds)
    assert np.median(narrower) < 0.95
