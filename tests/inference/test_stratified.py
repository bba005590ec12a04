"""Arms within strata: figures of regressions and by hand, laws, coverage at uneven odds, data that cannot answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import statsmodels.api as sm

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import adjusted_difference, adjusted_ratio
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments
from analysis.inference.ratio_metric import ratio_metric_difference, ratio_metric_ratio
from analysis.inference.stratified import stratified_difference, stratified_ratio
from analysis.inference.stratified_means import Stratum, stratified_means

COLUMNS = ("spend", "visits", "spend_before", "visits_before", "age")
near = lambda value: pytest.approx(value, rel=1e-9, abs=1e-11)  # noqa: E731


class Drawn:
    """Customers of some strata as arrays, and as strata."""

    def __init__(self, seed: int, sizes: tuple[int, ...] = (300, 500, 200), odds=(0.2, 0.5, 0.8), lift=0.5) -> None:
        rng = np.random.default_rng(seed)
        self.stratum = np.repeat(np.arange(len(sizes)), sizes)
        n = len(self.stratum)
        self.arm = rng.random(n) < np.array(odds)[self.stratum]
        taste = rng.gamma(2.0, 1.0, n) + 2.0 * self.stratum
        before, now = rng.poisson(3 * taste), rng.poisson(3 * taste) + 1
        self.rows = {
            "spend": np.round(4 * taste + rng.normal(0, 2, n) + lift * self.arm * (1 + self.stratum), 2),
            "visits": now,
            "spend_before": np.round(4 * taste + rng.normal(0, 2, n), 2),
            "visits_before": before + 1,
            "age": rng.integers(20, 60, n),
        }

    def moments(self, which: np.ndarray) -> Moments:
        table = np.column_stack([self.rows[name] for name in COLUMNS])
        return Moments.from_rows(COLUMNS, table[which].tolist())

    @property
    def strata(self) -> list[Stratum]:
        found = []
        for place in np.unique(self.stratum):
            here = self.stratum == place
            one, other = self.moments(here & self.arm), self.moments(here & ~self.arm)
            found.append(Stratum(treated=one, comparison=other, population=int(here.sum())))
        return found

    def saturated(self, y: np.ndarray) -> tuple[float, float]:
        """Lin's regression on arm, strata less their shares, and both crossed; errors HC2."""
        dummies = (self.stratum[:, None] == np.unique(self.stratum)[1:]).astype(float)
        centred, arm = dummies - dummies.mean(axis=0), self.arm.astype(float)
        design = np.column_stack([np.ones(len(y)), arm, centred, centred * arm[:, None]])
        fit = sm.OLS(y, design).fit(cov_type="HC2")
        return float(fit.params[1]), float(fit.bse[1])


DRAWN = Drawn(1)


def test_plain_differences_are_those_of_statsmodels_saturated_regression() -> None:
    found = stratified_difference(DRAWN.strata, ("spend", None), unit="EUR")
    assert (found.value, found.se) == tuple(map(near, DRAWN.saturated(DRAWN.rows["spend"])))
    assert found.n_treated + found.n_comparison == 1_000


def test_adjusted_differences_are_those_of_the_regression_of_what_the_slopes_leave() -> None:
    """The slopes by hand: least squares within strata, each weighted by w² (1/n1 + 1/n0)."""
    names = ("spend_before", "age")
    found = stratified_means(DRAWN.strata, ("spend", None), covariates=[(name, None) for name in names])
    together, towards = np.zeros((2, 2)), np.zeros(2)
    for place in range(3):
        here = DRAWN.stratum == place
        n = [int((here & side).sum()) for side in (DRAWN.arm, ~DRAWN.arm)]
        both = np.cov(np.column_stack([DRAWN.rows[name][here] for name in (*names, "spend")]).T)
        counts = here.mean() ** 2 * (1 / n[0] + 1 / n[1])
        together, towards = together + counts * both[:2, :2], towards + counts * both[:2, 2]
    slopes = np.linalg.solve(together, towards)
    assert found.slopes == tuple(map(near, slopes))
    taken = slopes @ np.array([DRAWN.rows[name] for name in names])
    value, error = DRAWN.saturated(DRAWN.rows["spend"] - taken)
    told = stratified_difference(DRAWN.strata, ("spend", None), covariates=[(name, None) for name in names], unit="EUR")
    assert (told.value, told.se) == (near(value), near(error))
    assert found.variance_kept < 0.5


def test_one_stratum_gives_the_figures_that_know_no_strata() -> None:
    one = Drawn(2, sizes=(400,), odds=(0.4,))
    (stratum,) = one.strata
    pair = (stratum.treated, stratum.comparison)
    earlier = ("spend_before", "visits_before")
    before = [("spend_before", None), ("age", None)]
    cases: list[tuple[Estimate, Estimate]] = [
        (
            stratified_difference([stratum], ("spend", None), unit="EUR"),
            adjusted_difference(*pair, "spend", covariates=[], unit="EUR"),
        ),
        (
            stratified_difference([stratum], ("spend", None), covariates=before, unit="EUR"),
            adjusted_difference(*pair, "spend", covariates=["spend_before", "age"], unit="EUR"),
        ),
        (
            stratified_ratio([stratum], ("spend", None), covariates=before),
            adjusted_ratio(*pair, "spend", covariates=["spend_before", "age"]),
        ),
        (
            stratified_difference([stratum], ("spend", "visits"), unit="EUR"),
            ratio_metric_difference(*pair, "spend", "visits", unit="EUR"),
        ),
        (
            stratified_difference([stratum], ("spend", "visits"), covariates=[earlier], unit="EUR"),
            ratio_metric_difference(*pair, "spend", "visits", covariates=earlier, unit="EUR"),
        ),
        (
            stratified_ratio([stratum], ("spend", "visits"), covariates=[earlier]),
            ratio_metric_ratio(*pair, "spend", "visits", covariates=earlier),
        ),
    ]
    for within, pooled in cases:
        for number in ("value", "low", "high", "se"):
            assert getattr(within, number) == near(getattr(pooled, number)), (pooled.method, number)


def test_by_hand() -> None:
    """Strata of shares 3/4 and 1/4; differences 2 and −2; variances 2/2 + 2/2 and 8/2 + 0.

    The answer is 0.75 · 2 − 0.25 · 2 = 1, its variance (9/16) · 2 + (1/16) · 4 = 1.375.
    """
    arm = lambda *values: Moments.from_rows(("x",), [[value] for value in values])  # noqa: E731
    strata = [
        Stratum(treated=arm(4, 6), comparison=arm(2, 4), population=12),
        Stratum(treated=arm(0, 4), comparison=arm(4, 4), population=4),
    ]
    found = stratified_means(strata, ("x", None))
    assert found.difference == pytest.approx(1.0)
    assert found.treated.variance + found.comparison.variance == pytest.approx(1.375)
    assert (found.treated.value, found.comparison.value) == (pytest.approx(4.25), pytest.approx(3.25))


def test_pooled_has_the_wrong_sign_where_the_odds_differ() -> None:
    drawn = Drawn(3, lift=-1.0)
    one, other = drawn.moments(drawn.arm), drawn.moments(~drawn.arm)
    pooled = adjusted_difference(one, other, "spend", covariates=[], unit="EUR")
    within = stratified_difference(drawn.strata, ("spend", None), unit="EUR")
    truth = -1.0 * (1 + drawn.stratum).mean()
    assert pooled.low > 0 > within.high
    assert within.low <= truth <= within.high


def test_laws() -> None:
    """Swapped arms turn the sign; the order of strata and splitting the unit change nothing that matters."""
    figure, before = ("spend", None), [("spend_before", None)]
    found = stratified_difference(DRAWN.strata, figure, covariates=before, unit="EUR")
    turned = [
        Stratum(treated=one.comparison, comparison=one.treated, population=one.population) for one in DRAWN.strata
    ]
    swapped = stratified_difference(turned, figure, covariates=before, unit="EUR")
    assert (swapped.value, swapped.se) == (near(-found.value), near(found.se))
    ratio = stratified_ratio(DRAWN.strata, figure)
    assert stratified_ratio(turned, figure).value == near(1 / ratio.value)
    back = stratified_difference(DRAWN.strata[::-1], figure, covariates=before, unit="EUR")
    assert (back.value, back.se) == (near(found.value), near(found.se))
    assert ratio.low < ratio.value < ratio.high


def test_a_covariate_that_says_nothing_within_strata_changes_nothing() -> None:
    """What is the same for everybody of a stratum has been taken out by the strata."""
    drawn = Drawn(4)
    drawn.rows["age"] = 10 * drawn.stratum
    plain = stratified_means(drawn.strata, ("spend", None))
    found = stratified_means(drawn.strata, ("spend", None), covariates=[("age", None)])
    assert found.slopes == (0.0,)
    assert (found.difference, found.variance_kept) == (plain.difference, 1.0)


def test_intervals_hold_the_truth_at_uneven_odds() -> None:
    """500 draws of skewed outcomes, strata of 24 to 90 customers and odds of 1 in 5 to 4 in 5: 95 % ± 3 errors."""
    rng, held, adjusted = np.random.default_rng(7), 0, 0
    sizes, odds, level = (90, 40, 24), (0.2, 0.5, 0.8), np.array([1.0, 3.0, 6.0])
    stratum = np.repeat(np.arange(3), sizes)
    truth = float((0.3 * (1 + np.arange(3)) * np.array(sizes)).sum() / sum(sizes))
    for _ in range(500):
        treated = np.concatenate([rng.permutation(n) < round(p * n) for n, p in zip(sizes, odds, strict=True)])
        taste = rng.gamma(2.0, 0.5, len(stratum))
        before = rng.poisson(4 * level[stratum] * taste)
        now = rng.poisson(4 * level[stratum] * taste) + 0.3 * (1 + stratum) * treated
        strata = []
        for place in range(3):
            cells = [
                Moments.from_rows(("y", "x"), np.column_stack([now, before])[(stratum == place) & side].tolist())
                for side in (treated, ~treated)
            ]
            strata.append(Stratum(treated=cells[0], comparison=cells[1], population=sizes[place]))
        one = stratified_difference(strata, ("y", None), unit="visits")
        two = stratified_difference(strata, ("y", None), covariates=[("x", None)], unit="visits")
        held += one.low <= truth <= one.high
        adjusted += two.low <= truth <= two.high
    band = 3 * math.sqrt(0.95 * 0.05 / 500)
    assert abs(held / 500 - 0.95) <= band, held / 500
    assert abs(adjusted / 500 - 0.95) <= band, adjusted / 500


def test_what_cannot_be_answered_is_refused() -> None:
    arm = lambda *values: Moments.from_rows(("x", "z", "nil"), [[value, value % 3, 0] for value in values])  # noqa: E731
    stratum = Stratum(treated=arm(1, 2, 5), comparison=arm(3, 4, 8), population=6)
    with pytest.raises(ValueError, match="two customers of each arm"):
        Stratum(treated=arm(1), comparison=arm(3, 4), population=3)
    with pytest.raises(ValueError, match="customers of both its arms"):
        Stratum(treated=arm(1, 2), comparison=arm(3, 4), population=3)
    with pytest.raises(ValueError, match="no stratum"):
        stratified_means([], ("x", None))
    with pytest.raises(DesignError, match="needs 20 customers for each"):
        stratified_means([stratum], ("x", None), covariates=[("z", None)])
    with pytest.raises(DesignError, match="mean of it above zero"):
        stratified_means([stratum], ("x", "nil"))
    with pytest.raises(DesignError, match="is known to ±"):
        stratified_means([stratum], ("z", "x"))
    with pytest.raises(DesignError, match="needs figures above zero"):
        stratified_ratio([stratum], ("nil", None))
    still = Stratum(treated=arm(3, 3), comparison=arm(3, 3), population=4)
    told = stratified_difference([still, still], ("x", None), unit="x")
    assert (told.value, told.low, told.high, told.se) == (0.0, 0.0, 0.0, 0.0)
