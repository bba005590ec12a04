"""The effect on the treated: by hand, against DoubleML, and right where one of the two models is wrong."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.att import att, att_by_odds, carried_forward
from analysis.inference.doubly_robust import cross_fitted_att
from analysis.inference.propensity import deal_folds

GOLDEN = Path(__file__).parent.parent / "golden" / "observational" / "doubleml.json"


def test_doubleml_from_the_same_folds_and_models() -> None:
    """Same scores and expectations, unnormalised: estimate and error to rounding. DoubleML divides by n, not n - 1."""
    given = json.loads(GOLDEN.read_text(encoding="utf-8"))
    n = len(given["outcome"])
    found = att(given["outcome"], given["treated"], given["scores"], given["expected"], normalised=False)
    assert found.value == pytest.approx(given["coefficient"], rel=1e-12)
    assert found.se * np.sqrt((n - 1) / n) == pytest.approx(given["se"], rel=1e-12)


def test_by_hand() -> None:
    """Two treated: 5 and 7 where 3 and 4 were expected, 2.5 above. Odds 1 and 3, beyond by 1 and -1: (1 - 3) / 4.

    Expected without: 3.5 - 0.5 = 3, so the effect is 3. Influences, times the share 1/2 of the treated:
    treated 5 - 6 - (3 - 3.5) and 7 - 6 - (4 - 3.5), that is -0.5 and 0.5; comparison -1 (1 + 0.5) and -3 (-1 + 0.5)
    over the mean weight 1. Doubled for the treated: -1, 1, -1.5, 1.5; variance 6.5 / 4 / 3.
    """
    found = att([5, 7, 4, 3], [True, True, False, False], [0.5, 0.5, 0.5, 0.75], [3, 4, 3, 4])
    assert (found.observed, found.expected, found.value) == (6.0, 3.0, 3.0)
    assert (found.of_observed - found.of_expected).tolist() == [-1.0, 1.0, -1.5, 1.5]
    assert found.se == pytest.approx(np.sqrt(6.5 * 4 / 3) / 4)


def test_a_customer_is_one_however_many_rows() -> None:
    """Rows doubled, each customer twice: the error of the undoubled rows."""
    rng = np.random.default_rng(4)
    y, arm, score, m = rng.normal(size=80), np.arange(80) < 30, rng.uniform(0.1, 0.6, 80), rng.normal(size=80)
    once = att(y, arm, score, m)
    twice = att(*(np.repeat(one, 2) for one in (y, arm, score, m)), customer=np.repeat(np.arange(80), 2))
    assert twice.value == pytest.approx(once.value, rel=1e-12)
    assert twice.se == pytest.approx(once.se, rel=1e-12)
    estimate = twice.difference("y", unit="points")
    assert (estimate.n_treated, estimate.n_comparison) == (30, 50)


def test_laws_of_units_and_order() -> None:
    rng = np.random.default_rng(5)
    x, arm = rng.normal(size=(300, 2)), rng.random(300) < 0.4
    y = x[:, 0] + arm + rng.normal(size=300) + 9
    fold = deal_folds(arm, 3, 0)
    (found, _), (scaled, _) = (cross_fitted_att({"y": one}, x, arm, [fold]) for one in (y, 3 * y))
    assert scaled["y"].value == pytest.approx(3 * found["y"].value)
    assert scaled["y"].se_log == pytest.approx(found["y"].se_log)
    order = rng.permutation(300)
    (shuffled, _) = cross_fitted_att({"y": y[order]}, x[order], arm[order], [fold[order]])
    assert shuffled["y"].value == pytest.approx(found["y"].value, rel=1e-9)
    ratio = found["y"].ratio("y")
    assert ratio.value == pytest.approx(found["y"].observed / found["y"].expected)
    assert ratio.low < ratio.value < ratio.high


@pytest.mark.parametrize("wrong", ["expectation", "propensity"])
def test_one_of_the_two_models_is_enough(wrong: str) -> None:
    """The true one beside one that knows nothing: the effect of 2 within three errors; with both wrong it is missed."""
    rng = np.random.default_rng(6)
    n = 20_000
    x = rng.standard_normal(n)
    chance = 1 / (1 + np.exp(-x))
    arm = rng.random(n) < chance
    y = 3 * x + 2 * arm + rng.standard_normal(n)
    score = np.full(n, arm.mean()) if wrong == "propensity" else chance
    m = np.zeros(n) if wrong == "expectation" else 3 * x
    found = att(y, arm, score, m)
    assert abs(found.value - 2) < 3 * found.se < 0.3
    neither = att(y, arm, np.full(n, arm.mean()), np.zeros(n))
    assert abs(neither.value - 2) > 10 * neither.se


def test_growth_takes_out_a_level() -> None:
    """Users always have twice as much, and nothing was done: levels differ by a factor of 2, growth does not."""
    rng = np.random.default_rng(7)
    n = 20_000
    arm, x = rng.random(n) < 0.4, rng.standard_normal((n, 1))
    mean = np.exp(0.3 * x[:, 0]) * np.where(arm, 2.0, 1.0)
    before, after = rng.poisson(mean).astype(float), rng.poisson(1.3 * mean).astype(float)
    found, _ = cross_fitted_att({"before": before, "after": after}, x, arm, [deal_folds(arm, 5, 0)])
    assert found["after"].observed / found["after"].expected > 1.8
    grown = carried_forward(found["after"], found["before"])
    assert abs(np.log(grown.observed / grown.expected)) < 3 * grown.se_log < 0.1
    assert grown.se_log == pytest.approx(
        np.sqrt(found["after"].se_log ** 2 + found["before"].se_log ** 2), rel=0.15
    )  # windows are independent here but for the covariate


def test_what_is_refused() -> None:
    arm = np.arange(40) < 20
    with pytest.raises(DesignError, match="`y` is missing in 1 of 40 rows"):
        cross_fitted_att({"y": np.where(np.arange(40) == 3, np.nan, 1.0)}, np.zeros((40, 1)), arm, [arm.astype(int)])
    with pytest.raises(ValueError, match="one dealing"):
        cross_fitted_att({"y": np.ones(40)}, np.zeros((40, 1)), arm, [])
    with pytest.raises(DesignError, match="None of 2 comparison rows is like the treated"):
        att_by_odds([1.0, 2.0, 3.0], [True, False, False], [0.0] * 3, [0.0] * 3)
    nothing = att([0.0, 0.0, 0.0], [True, False, False], [0.5] * 3, [0.0] * 3)
    with pytest.raises(ValueError, match="above zero"):
        nothing.ratio("y")
    with pytest.raises(DesignError, match="Growth needs means above zero"):
        carried_forward(nothing, nothing)
