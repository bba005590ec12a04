"""What is read off a line with a step: p-values in step with intervals, incidents apart, and further terms."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.foundation.errors import DesignError
from analysis.inference.averaged_t import averaged_below, averaged_quantile
from analysis.inference.interrupted import interrupted


def fitted(values, at=18, **given):
    return interrupted(values, at=at, unit="hours", name="first reply", **given)


def noisy(seed=1, level=0.0, n=36):
    return 20 + np.random.default_rng(seed).normal(0, 1, n) + level * (np.arange(n) >= 18)


def test_a_p_value_is_what_its_interval_says():
    """The end of the interval of 1 - p lies at nought, whichever side the estimate is on."""
    for seed, level in ((1, 1.0), (2, -2.0), (3, 0.0)):
        found = fitted(noisy(seed, level))
        for term in ("level", "slope", "trend"):
            p = found.p_value(term)
            low, high = found.fit.interval(np.eye(len(found.terms))[found.terms.index(term)], 1 - p)
            assert min(abs(low[0]), abs(high[0])) < 1e-7
    with pytest.raises(DesignError, match="no term `ramp`"):
        found.p_value("ramp")


def test_an_average_of_t_by_hand():
    """Half of t with 5 degrees around 0, half around 2 with twice the spread: the part below 1."""
    by_hand = (stats.t.cdf(1, 5) + stats.t.cdf(-0.5, 5)) / 2
    assert averaged_below([[0.5, 0.5]], [[0.0, 2.0]], [[1.0, 2.0]], 5, 1.0)[0] == pytest.approx(by_hand, abs=1e-12)
    there = averaged_quantile([[0.5, 0.5]], [[0.0, 2.0]], [[1.0, 2.0]], 5, by_hand)[0]
    assert there == pytest.approx(1.0, abs=1e-9)


def test_an_incident_stands_in_the_residuals_and_in_no_line():
    values = noisy()
    values[25] += 50
    found = fitted(values, pulses=[25])
    near = np.delete(np.arange(20, 31), 5)
    assert found.fitted[25] == pytest.approx(found.fitted[near].mean(), abs=1)
    assert found.residuals[25] == pytest.approx(50, abs=4)
    low, high = found.path()
    assert low[25] < found.without[25] < high[25] < low[25] + 10


def test_a_further_term_is_in_both_lines_and_takes_its_step():
    """The figure is counted 30 higher from point 9 on, which is no effect of the change at 18."""
    values = noisy() + 30 * (np.arange(36) >= 9)
    found = fitted(values, also={"step_9": (np.arange(36) >= 9).astype(float)})
    assert found.terms[-1] == "step_9"
    assert found.coefficients["step_9"] == pytest.approx(30, abs=2)
    assert found.without[20] - found.without[8] == pytest.approx(30, abs=3)
    assert found.estimate("level").low < 0 < found.estimate("level").high
    with pytest.raises(DesignError, match="`step` needs a number for each of the 36 points"):
        fitted(values, also={"step": [1.0, 2.0]})
