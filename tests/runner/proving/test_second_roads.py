"""Poisson regression and bootstrap: by hand where the answer is known, beside the default estimator where it is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.runner.proving.forbidden import default_on_rows
from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.second_roads import bootstrap_logs, customer_weights, poisson_effect
from analysis.runner.proving.worlds import company_of, study_rows


@pytest.fixture(scope="module")
def study():
    company = company_of(HAZARDS["effect"], 11, 12_000)
    return study_rows(company.stack), company.stack.layout


def test_within_one_month_the_regression_is_the_ratio_of_ratios(study) -> None:
    """A saturated Poisson model gives back its means: with one index month both estimators are the same number."""
    rows, layout = study
    month = rows["month"].mode()[0]
    rows = rows[rows["month"] == month].reset_index(drop=True)
    poisson, default = poisson_effect(rows, layout), default_on_rows(rows, layout)
    assert poisson.value == pytest.approx(default.value, rel=1e-6)
    assert poisson.se_log == pytest.approx(default.se_log, rel=1e-5)


def test_over_all_months_both_roads_lie_near_the_default(study) -> None:
    rows, layout = study
    default, poisson = default_on_rows(rows, layout), poisson_effect(rows, layout)
    assert default.se_log is not None
    assert abs(math.log(poisson.value / default.value)) < 0.5 * default.se_log
    drawn = bootstrap_logs(rows, layout)
    assert len(drawn) == 500
    assert drawn.mean() == pytest.approx(math.log(default.value), abs=0.3 * default.se_log)
    assert drawn.std(ddof=1) == pytest.approx(default.se_log, rel=0.12)  # 500 draws: 3 %, a small company: some more
    np.testing.assert_array_equal(drawn, bootstrap_logs(rows, layout))


def test_weights_are_poisson_and_belong_to_the_customer() -> None:
    weights = customer_weights(np.arange(2_000), np.arange(50))
    shares = [(weights == count).mean() for count in range(4)]
    assert shares == pytest.approx([math.exp(-1), math.exp(-1), math.exp(-1) / 2, math.exp(-1) / 6], abs=0.006)
    assert abs(np.corrcoef(weights[0], weights[1])[0, 1]) < 0.1
    assert abs(np.corrcoef(weights[:, 0], weights[:, 1])[0, 1]) < 0.5
    np.testing.assert_array_equal(customer_weights(np.array([7, 3]), np.arange(50)), weights[:, [7, 3]])
