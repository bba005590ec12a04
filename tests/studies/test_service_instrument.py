"""The luck of the queue: what is taken out, what it finds, and what no wait explains."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.foundation.errors import DesignError
from analysis.studies.service.instrument import beyond_the_wait, by_queue, categories, must_have_a_queue
from analysis.studies.service.table import UNKNOWN, ServiceRows
from tests.studies.planted_service import planted, rows_with

TARGET = 3_600


def found_in(rows: ServiceRows):
    return by_queue(rows, TARGET, rows.values("orders"), name="orders", unit="orders", covariates=None, level=0.95)


def test_hours_of_the_week_are_kept_apart_by_month_and_incidents_by_product() -> None:
    rows = rows_with(
        6,
        hour_of_week=[9, 9, 10, 9, 9, 9],
        month=[1, 2, 1, 1, 1, 1],
        product=[0, 0, 0, 1, 0, 0],
        episode=[0, 0, 0, 1, 1, 2],
    )
    week, product, incident = categories(rows)
    assert len(set(week.tolist())) == 3
    assert len(set(product.tolist())) == 3
    assert len(set(incident.tolist())) == 4, "both products' first incidents, the second one, and ordinary days"
    assert incident[0] == incident[1] == incident[2]


def test_it_gives_back_a_planted_effect_where_an_unrecorded_gravity_misleads() -> None:
    """Orders times 1.3 with an effect, a gravity that delays and lowers: about 0.3 x 2 more; the raw gap says more."""
    values = [found_in(planted(seed, effect=0.3, hidden=1.0)).effect for seed in range(6)]
    raw = [
        rows.values("orders")[rows.in_time(TARGET)].mean() - rows.values("orders")[~rows.in_time(TARGET)].mean()
        for rows in (planted(seed, effect=0.3, hidden=1.0) for seed in range(6))
    ]
    assert np.mean([one.value for one in values]) == pytest.approx(0.62, abs=0.15)
    assert sum(one.low <= 0.62 <= one.high for one in values) >= 5
    assert np.mean(raw) > 0.9


def test_what_goes_beyond_the_wait_is_two_stage_least_squares_with_both_regressors() -> None:
    """The second road: dummies for all categories, plain matrices; and 0 where the queue works by the wait alone."""
    rows = planted(3, n=1_500, surge_buys=-0.4, days=56)
    found = beyond_the_wait(rows, TARGET, rows.values("orders"), None)
    kept = np.ones(len(rows), dtype=bool)
    for code in categories(rows):
        kept &= np.bincount(code)[code] > 1
    part = rows.where(kept)
    dummies = np.column_stack([np.eye(int(code.max()) + 1)[code] for code in categories(part)])

    def left(column: np.ndarray) -> np.ndarray:
        return column - dummies @ np.linalg.lstsq(dummies, column, rcond=None)[0]

    y, d, z, o = (
        left(column.astype(float)) for column in (part.values("orders"), part.in_time(TARGET), part.load, part.surge)
    )
    instruments, regressors = np.column_stack([z, o]), np.column_stack([d, o])
    slopes = np.linalg.solve(instruments.T @ regressors, instruments.T @ y)
    assert found.value == pytest.approx(slopes[1], rel=1e-6)
    day = np.unique(part.day, return_inverse=True)[1]
    scores = instruments * (y - regressors @ slopes)[:, None]
    sums = np.column_stack([np.bincount(day, weights=column) for column in scores.T])
    bread = np.linalg.inv(instruments.T @ regressors)
    covariance = bread @ (sums.T @ sums) @ bread.T
    assert found.se == pytest.approx(np.sqrt(covariance[1, 1]), rel=0.35), "but for the factor of few clusters"
    assert found.se > np.sqrt(covariance[1, 1])


def test_it_is_nothing_in_19_of_20_sound_desks() -> None:
    found = [beyond_the_wait(rows, TARGET, rows.values("orders"), None) for rows in map(planted, range(30))]
    assert sum(one.p_value < 0.05 for one in found) <= 5
    z = np.array([one.value / one.se for one in found])
    assert abs(z.mean()) < 0.5
    assert 0.7 < z.std() < 1.35


def test_the_unit_of_the_outcome_scales_the_answer() -> None:
    rows = planted(2)
    one = beyond_the_wait(rows, TARGET, rows.values("orders"), None)
    ten = beyond_the_wait(rows, TARGET, rows.values("orders") * 10, None)
    assert (ten.value, ten.se) == (pytest.approx(one.value * 10, rel=1e-9), pytest.approx(one.se * 10, rel=1e-9))
    assert ten.p_value == pytest.approx(one.p_value, rel=1e-6)


def test_a_load_that_is_long_on_days_of_incidents_only_tells_nothing_apart() -> None:
    rows = planted(2)
    alike = replace(rows, load=rows.surge.astype(np.int64) * 5)
    with pytest.raises(DesignError, match="cannot be told apart"):
        beyond_the_wait(alike, TARGET, rows.values("orders"), None)


def test_no_queue_is_said() -> None:
    with pytest.raises(DesignError, match="All contacts on social are about one product"):
        must_have_a_queue(rows_with(5, products=1))
    with pytest.raises(DesignError, match="not known which product"):
        must_have_a_queue(rows_with(5, product=[UNKNOWN] * 5, products=0))
    must_have_a_queue(rows_with(5))
