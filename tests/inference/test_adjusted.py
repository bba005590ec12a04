"""CUPED: the same numbers as other packages, coverage on known truth, laws, and data that cannot answer."""

from __future__ import annotations

import json
import math
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.adjusted import adjusted_difference, adjusted_means, adjusted_p, adjusted_ratio
from analysis.inference.compare import difference_in_means, ratio_of_means
from analysis.inference.estimate import Estimate
from analysis.inference.moments import Moments

REFERENCE = json.loads((Path(__file__).parents[1] / "golden/tea_tasting/reference.json").read_text(encoding="utf-8"))
COLUMNS = tuple(name for name in REFERENCE["rows"] if name != "arm")
SIDES = ("two-sided", "greater", "less")
near = lambda value: pytest.approx(value, rel=1e-9)  # noqa: E731


def arm(name: str) -> Moments:
    rows = zip(REFERENCE["rows"]["arm"], *(REFERENCE["rows"][column] for column in COLUMNS), strict=True)
    return Moments.from_rows(COLUMNS, [row[1:] for row in rows if row[0] == name])


TREATED, COMPARISON = arm("invited"), arm("control")


def check_against_tea_tasting(difference: Estimate, ratio: Estimate, p: float, answer: dict, side: str) -> None:
    """Everything that tea-tasting says of two means."""
    assert difference.value == near(answer["effect_size"])
    assert (difference.low, difference.high) == (
        near(answer["effect_size_ci_lower"]),
        near(answer["effect_size_ci_upper"]),
    )
    assert p == near(answer["pvalue"])
    assert difference.value / difference.se == near(answer["statistic"])
    assert ratio.value - 1 == near(answer["rel_effect_size"])
    assert ratio.low - 1 == (-1 if side == "less" else near(answer["rel_effect_size_ci_lower"]))
    assert ratio.high - 1 == near(answer["rel_effect_size_ci_upper"])


@pytest.mark.parametrize("side", SIDES)
@pytest.mark.parametrize(
    ("name", "measure", "covariates"),
    [("spend", "spend", []), ("visit", "visit", []), ("spend, cuped", "spend", ["spend_before"])],
)
def test_the_same_as_tea_tasting(name, measure, covariates, side) -> None:
    two = (TREATED, COMPARISON, measure)
    difference = adjusted_difference(*two, covariates=covariates, unit="EUR", alternative=side)
    ratio = adjusted_ratio(*two, covariates=covariates, alternative=side)
    p = adjusted_p(*two, covariates=covariates, alternative=side)
    check_against_tea_tasting(difference, ratio, p, REFERENCE["tea_tasting"][side][name], side)


@pytest.mark.parametrize(
    ("name", "covariates"), [("spend", []), ("spend, cuped on three", ["spend_before", "orders_before", "age"])]
)
def test_the_same_as_statsmodels(name, covariates) -> None:
    answer = REFERENCE["statsmodels"][name]
    found = adjusted_difference(TREATED, COMPARISON, "spend", covariates=covariates, unit="EUR")
    assert (found.value, found.se) == (near(answer["value"]), near(answer["se"]))
    assert (found.low, found.high) == (near(answer["low"]), near(answer["high"]))
    assert adjusted_p(TREATED, COMPARISON, "spend", covariates=covariates) == near(answer["p"])


@pytest.mark.parametrize("side", SIDES)
def test_the_same_as_scipy(side) -> None:
    answer = REFERENCE["scipy"][side]
    found = adjusted_difference(TREATED, COMPARISON, "spend", covariates=[], unit="EUR", alternative=side)
    assert (found.low, found.high) == (near(float(answer["low"])), near(float(answer["high"])))
    assert adjusted_p(TREATED, COMPARISON, "spend", covariates=[], alternative=side) == near(answer["p"])


def test_shares_as_statsmodels_compares_them_but_for_its_divisor() -> None:
    found = adjusted_difference(TREATED, COMPARISON, "visit", covariates=[], unit="share")
    answer = REFERENCE["statsmodels"]["visit, wald"]
    assert found.value == near((answer["low"] + answer["high"]) / 2)
    variance = sum(group.variance("visit") * (group.n - 1) / group.n**2 for group in (TREATED, COMPARISON))
    assert 1.959963984540054 * math.sqrt(variance) == near((answer["high"] - answer["low"]) / 2)


def test_a_peers_one_sided_interval_leaves_out_its_own_estimate_and_ours_cannot_be_built_so() -> None:
    answer = REFERENCE["gbstats"]["OneSidedTreatmentLesserTTest"]
    low, high = (float(end) for end in answer["ci"])
    assert high < answer["expected"]
    ours = adjusted_difference(TREATED, COMPARISON, "spend", covariates=[], unit="EUR", alternative="less")
    assert ours.value == near(answer["expected"])
    assert (ours.low, ours.high) == (-math.inf, near(2 * answer["expected"] - high))
    with pytest.raises(ValueError, match="does not contain its own estimate"):
        Estimate(
            name="spend", value=answer["expected"], low=low, high=high, level=0.95, se=1.0, scale="difference",
            unit="EUR", n_treated=320, n_comparison=280, method="as the peer has it",
        )  # fmt: skip
    with pytest.raises(ValueError, match=r"between 0\.5 and 1"):
        adjusted_difference(TREATED, COMPARISON, "spend", covariates=[], unit="EUR", level=0.4, alternative="less")


def test_without_covariates_it_is_the_plain_comparison() -> None:
    found = adjusted_difference(TREATED, COMPARISON, "spend", covariates=[], unit="EUR")
    plain = difference_in_means(TREATED, COMPARISON, "spend", unit="EUR")
    assert found.method == plain.method
    assert (found.value, found.se, found.low, found.high) == (
        near(plain.value), near(plain.se), near(plain.low), near(plain.high)
    )  # fmt: skip
    ratio, plain_ratio = (
        adjusted_ratio(TREATED, COMPARISON, "spend", covariates=[]),
        ratio_of_means(TREATED, COMPARISON, "spend"),
    )
    assert (ratio.value, ratio.se_log) == (near(plain_ratio.value), near(plain_ratio.se_log))


def test_by_hand() -> None:
    """y is 1 + x among the treated and x among the others, plus a coin of ±1 that x does not know."""
    treated = Moments.from_rows(("y", "x"), [[1 + x + e, x] for x in (0, 4) for e in (-1, 1)] * 10)
    comparison = Moments.from_rows(("y", "x"), [[x + e, x] for x in (0, 4) for e in (-1, 1)] * 10)
    found = adjusted_means(treated, comparison, "y", covariates=["x"])
    assert found.slopes == (1.0,)
    assert (found.treated.value, found.comparison.value) == (3, 2)
    assert found.treated.variance == near(40 / 39 / 40)
    assert found.variance_kept == near(0.2)  # variance of y is 5, of which x holds 4


@pytest.mark.parametrize("offset", [0, 10**4, 10**6, 10**8, 1_700_000_000])
def test_a_large_offset_costs_no_digit(offset) -> None:
    def moved(name: str) -> Moments:
        rows = REFERENCE["rows"]
        kept = [
            [Decimal(str(y)) + offset, Decimal(str(x)) + offset]
            for group, y, x in zip(rows["arm"], rows["spend"], rows["spend_before"], strict=True)
            if group == name
        ]
        return Moments.from_rows(("spend", "before"), kept)

    found = adjusted_difference(moved("invited"), moved("control"), "spend", covariates=["before"], unit="EUR")
    answer = REFERENCE["tea_tasting"]["two-sided"]["spend, cuped"]
    assert found.value == near(answer["effect_size"])
    assert found.se == near(answer["effect_size"] / answer["statistic"])


def test_swapping_the_arms_flips_the_sign_and_a_unit_scales() -> None:
    one = adjusted_difference(TREATED, COMPARISON, "spend", covariates=["spend_before"], unit="EUR")
    other = adjusted_difference(COMPARISON, TREATED, "spend", covariates=["spend_before"], unit="EUR")
    assert (one.value, one.low, one.high) == (near(-other.value), near(-other.high), near(-other.low))
    up = adjusted_ratio(TREATED, COMPARISON, "spend", covariates=["spend_before"])
    down = adjusted_ratio(COMPARISON, TREATED, "spend", covariates=["spend_before"])
    assert (up.value, up.low, up.high) == (near(1 / down.value), near(1 / down.high), near(1 / down.low))


def test_a_covariate_that_repeats_another_or_does_not_vary_changes_nothing() -> None:
    rows = {
        name: [
            [y, x, 2 * x + 1, 7]
            for group, y, x in zip(*(REFERENCE["rows"][c] for c in ("arm", "spend", "age")), strict=True)
            if group == name
        ]
        for name in ("invited", "control")
    }
    arms = [Moments.from_rows(("y", "x", "again", "still"), rows[name]) for name in ("invited", "control")]
    one = adjusted_difference(*arms, "y", covariates=["x"], unit="EUR")
    more = adjusted_difference(*arms, "y", covariates=["x", "again", "still"], unit="EUR")
    assert (one.value, one.se) == (near(more.value), near(more.se))
    assert adjusted_means(*arms, "y", covariates=["still"]).variance_kept == 1.0


def test_what_cannot_be_adjusted_is_refused() -> None:
    small = Moments.from_rows(("y", "x"), [[i % 3, i % 5] for i in range(19)])
    with pytest.raises(DesignError, match="19 customers for 1 covariates of `y`"):
        adjusted_difference(small, COMPARISON_LIKE, "y", covariates=["x"], unit="EUR")
    with pytest.raises(ValueError, match="other columns, each once"):
        adjusted_difference(TREATED, COMPARISON, "spend", covariates=["spend"], unit="EUR")
    below = Moments.from_rows(("y", "x"), [[-1 - i % 3, i % 5] for i in range(40)])
    with pytest.raises(DesignError, match="means above zero"):
        adjusted_ratio(below, COMPARISON_LIKE, "y", covariates=[])


COMPARISON_LIKE = Moments.from_rows(("y", "x"), [[i % 3, i % 5] for i in range(40)])


def _two_arms(rng: np.random.Generator, n: int, lift: float) -> tuple[Moments, Moments]:
    """Skewed spending that the time before foretells, in whole units so that exact sums are quick."""
    arms = []
    for extra, size in ((lift, n), (0.0, n + n // 2)):
        taste = rng.gamma(2.0, 10.0, size)
        before, after = rng.poisson(taste), rng.poisson(taste * (1 + extra))
        counts = np.column_stack([after, before])
        totals = [Decimal(int(total)) for total in counts.sum(axis=0)]
        squares = [Decimal(int((counts[:, i] * counts[:, j]).sum())) for i, j in ((0, 0), (0, 1), (1, 1))]
        arms.append(Moments(("after", "before"), size, tuple(totals), tuple(squares)))
    return arms[0], arms[1]


def test_known_truth_is_covered_and_the_interval_is_narrower() -> None:
    """600 experiments of 200 against 300 customers: mean effect 2 of 20, ratio 1.1."""
    rng = np.random.default_rng(7)
    worlds, difference, ratio, false_alarm, narrower = 600, 0, 0, 0, []
    for _ in range(worlds):
        arms = _two_arms(rng, 200, 0.1)
        found = adjusted_difference(*arms, "after", covariates=["before"], unit="orders")
        plain = difference_in_means(*arms, "after", unit="orders")
        difference += found.low <= 2.0 <= found.high
        relative = adjusted_ratio(*arms, "after", covariates=["before"])
        ratio += relative.low <= 1.1 <= relative.high
        false_alarm += adjusted_p(*_two_arms(rng, 200, 0.0), "after", covariates=["before"]) < 0.05
        narrower.append(found.se / plain.se)
    band = 2.58 * math.sqrt(0.0475 / worlds)
    assert abs(difference / worlds - 0.95) < band
    assert abs(ratio / worlds - 0.95) < band
    assert abs(false_alarm / worlds - 0.05) < band
    assert np.median(narrower) < 0.5  # correlation 0.91: the error falls to 0.42


def test_what_the_covariate_says_wholly_leaves_exactly_nothing_however_small_it_is() -> None:
    rng = np.random.default_rng(7)
    met = 0
    for scale in (1e-8, 1e-6, 1.0, 1e6):
        for _ in range(40):
            arms = [np.round(rng.normal(50, 9, 60)) * scale for _ in range(2)]
            both = [Moments.from_rows(("y", "x"), [[value, value] for value in arm.tolist()]) for arm in arms]
            found = adjusted_means(*both, "y", covariates=["x"])
            if found.slopes == (1.0,):
                met += 1
                assert (found.treated.variance, found.comparison.variance) == (0.0, 0.0)
    assert met > 40
