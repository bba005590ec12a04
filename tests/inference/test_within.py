"""The plain comparison within categories: by hand, its laws, and what is left out. Other packages: test_instrument."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.inference.instrument import instrumented
from analysis.inference.within import adjusted, columns_within

NAMED = {"name": "orders", "unit": "orders per customer"}


def test_by_hand():
    """Two hours of two rows each, in which the treated have 1 and 3 more: 2 on the mean.

    Left of the treatment is ± 1/2, of the outcome ± 1/2 and ± 3/2, of the fit's errors ± 1/2. Clusters are the hours:
    their scores are -1/2 and 1/2, so that the variance is 2 · (4 - 1) / (4 - 3) · (1/4 + 1/4) = 3, and t has 1 degree.
    """
    found = adjusted([1, 2, 5, 8], [0, 1, 0, 1], absorb=[[0, 0, 1, 1]], covariates=None, cluster=[7, 7, 9, 9], **NAMED)
    assert found.value == pytest.approx(2.0)
    assert found.se == pytest.approx(math.sqrt(3))
    assert found.high == pytest.approx(2 + 12.706204736 * math.sqrt(3))
    assert (found.n_treated, found.n_comparison) == (2, 2)


def sample(seed=1, n=400):
    rng = np.random.default_rng(seed)
    hour, day = rng.integers(0, 12, n), rng.integers(0, 60, n)
    covariate = rng.normal(size=n)
    treated = (rng.normal(size=n) + 0.4 * covariate + 0.2 * hour > 1).astype(float)
    outcome = 0.5 * treated + covariate + 0.3 * hour + rng.normal(size=60)[day] + rng.normal(size=n)
    return outcome, treated, {"absorb": [hour], "covariates": covariate, "cluster": day}


def test_a_treatment_that_is_its_own_instrument_is_the_plain_comparison():
    outcome, treated, given = sample()
    plain = adjusted(outcome, treated, **given, **NAMED)
    found = instrumented(outcome, treated, treated, **given, **NAMED)
    assert (found.effect.value, found.effect.se) == pytest.approx((plain.value, plain.se))
    assert found.partial_r2 == pytest.approx(1.0)


def test_swapping_groups_scaling_and_shifting():
    outcome, treated, given = sample()
    plain = adjusted(outcome, treated, **given, **NAMED)
    swapped = adjusted(outcome, 1 - treated, **given, **NAMED)
    assert (swapped.low, swapped.high) == pytest.approx((-plain.high, -plain.low))
    scaled = adjusted(10 * outcome - 4, treated, **given, **NAMED)
    assert (scaled.low, scaled.high) == pytest.approx((10 * plain.low, 10 * plain.high))
    moved = adjusted(outcome + 3.0 * given["absorb"][0] - 2 * given["covariates"], treated, **given, **NAMED)
    assert (moved.value, moved.se) == pytest.approx((plain.value, plain.se))


def test_a_covariate_far_from_nought_still_counts():
    """Seconds since 1970 differ in the ninth digit only, and are no constant."""
    outcome, treated, given = sample()
    far = given["covariates"] + 1.7e9
    found = adjusted(outcome, treated, **{**given, "covariates": far}, **NAMED)
    assert found.value == pytest.approx(adjusted(outcome, treated, **given, **NAMED).value, rel=1e-5)


def test_what_a_covariate_repeats_is_left_out_and_counted():
    outcome, treated, given = sample()
    severity = given["covariates"]
    many = np.column_stack([severity, 2 * severity + 1, np.ones(400), given["absorb"][0], severity**2])
    table = columns_within(given["absorb"], many, given["cluster"], outcome=outcome, treatment=treated)
    assert dict(table.dropped) == {"collinear_covariates": 3, "singleton_rows": 0}
    assert table.absorbed == 12 + 2
    assert table.n == 400
    for label in ("outcome", "treatment"):
        assert np.abs(table.left[label][:, 0] @ severity) < 1e-8
        assert np.abs(np.bincount(given["absorb"][0], weights=table.left[label][:, 0])).max() < 1e-8


def test_a_treatment_that_the_categories_decide_is_refused():
    outcome, _, given = sample()
    with pytest.raises(DesignError, match="The treatment does not vary within the 1 sets of categories"):
        adjusted(outcome, given["absorb"][0] > 5, **given, **NAMED)


def test_too_few_rows_are_refused():
    with pytest.raises(DesignError, match="4 rows in 4 clusters are too few for 3 categories"):
        adjusted(
            [1, 2, 3, 5], [0, 1, 1, 0], absorb=[[0, 0, 1, 1], [0, 1, 0, 1]], covariates=None, cluster=range(4), **NAMED
        )
