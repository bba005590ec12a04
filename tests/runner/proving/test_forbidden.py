"""The wrong estimators do what they say, by hand, and the default one written on rows is that of the study."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.runner.proving.forbidden import (
    FORBIDDEN,
    additive_did,
    before_after,
    default_on_rows,
    issues_before_after,
    prior_order_strata,
    user_gap,
)
from analysis.runner.proving.hazards import HAZARDS
from analysis.runner.proving.worlds import company_of, plan_of, study_rows
from analysis.studies.channel import channel_on
from analysis.studies.stack import Layout

MONTH = Month.of("2025-01")
LAYOUT = Layout(begin=MONTH, end=MONTH, first=MONTH, last=MONTH, before=1, after=1, outcomes=("orders", "issues"))


def rows_of(arm: list[int], before: list[int], after: list[int], **more: list[int]) -> pd.DataFrame:
    n = len(arm)
    keys = {name: [0] * n for name in ("month", "product", "recent", "lately", "observed", "stratum")}
    return pd.DataFrame({"customer": range(n), "arm": arm, **keys, "orders_m1": before, "orders_p1": after} | more)


def test_additive_did_by_hand() -> None:
    """Contacted go from 10 to 12, the others from 4 to 5: 10 + 1 expected by the sum, 12.5 by the growth."""
    rows = rows_of([1, 1, 0, 0], [4, 6, 1, 3], [5, 7, 2, 3])
    assert additive_did(rows, LAYOUT).value == pytest.approx(12 / 11)
    assert default_on_rows(rows, LAYOUT).value == pytest.approx(12 / 12.5)


def test_strata_on_prior_orders_by_hand() -> None:
    """Of those with 4 before the others keep 2, of those with 0 nobody has anything to carry forward and all go."""
    rows = rows_of([1, 0, 1, 0], [4, 4, 0, 0], [3, 2, 5, 1])
    assert prior_order_strata(rows, LAYOUT).value == pytest.approx(3 / 2)


def test_raw_figures_by_hand() -> None:
    rows = rows_of([1, 1, 0], [4, 6, 9], [5, 3, 9], issues_m1=[1, 0, 0], issues_0=[1, 1, 1], issues_p1=[1, 0, 5])
    assert before_after(rows, LAYOUT).value == pytest.approx(8 / 10)
    assert issues_before_after(rows, LAYOUT).value == pytest.approx(1 / 2)
    gap = user_gap(np.array([4.0, 2.0, 1.0, 1.0]), np.array([True, True, False, False]))
    assert gap.value == 3.0
    assert gap.se_log == pytest.approx(np.sqrt(2 * (1 / 3 / 2) ** 2))


@pytest.fixture(scope="module")
def company():
    return company_of(HAZARDS["none"], 7, 8_000)


def test_the_default_on_rows_is_the_estimate_of_the_study(company) -> None:
    (effect,) = channel_on(company.stack, plan_of(HAZARDS["none"])).of("orders")
    mine = default_on_rows(study_rows(company.stack), company.stack.layout)
    assert effect.estimate is not None
    assert mine.value == pytest.approx(effect.estimate.value, rel=1e-10)
    assert mine.se_log == pytest.approx(effect.estimate.se_log, rel=1e-9)


@pytest.mark.parametrize("name", FORBIDDEN)
def test_each_gives_an_interval_and_leaves_the_rows_alone(company, name) -> None:
    rows = study_rows(company.stack)
    held = rows.copy()
    estimand, estimator = FORBIDDEN[name]
    found = estimator(rows, company.stack.layout)
    assert found.name in estimand
    assert found.low < found.value < found.high
    pd.testing.assert_frame_equal(rows, held)
    mixed = estimator(rows.sample(frac=1, random_state=1).reset_index(drop=True), company.stack.layout)
    assert mixed.value == pytest.approx(found.value, rel=1e-10)
    assert mixed.se_log == pytest.approx(found.se_log, rel=1e-9)
