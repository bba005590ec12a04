"""Means by reply time and by hour: by hand, against statsmodels, and by their laws."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.inference.suppression import FEWEST
from analysis.studies.service.bands import adjusted_means, bands_frame, hours_frame
from analysis.studies.service.plan import BAND_NAMES, ServicePlan
from analysis.studies.service.table import NEVER
from tests.studies.planted_service import planted, rows_with

PLAN = ServicePlan(outcomes=("orders",))
MINUTE = 60_000_000


def test_means_by_hand() -> None:
    """Two strata; within the first, group 1 lies 2 above group 0, within the second 2 too: adjusted they differ by 2.

    Raw, group 1 (mostly in the low stratum) lies below. Overall mean (1 + 3 + 3 + 11 + 11 + 13) / 6 = 7; shares 1/2
    each, so the adjusted means are 7 - 1 and 7 + 1.
    """
    values = np.array([1.0, 3.0, 3.0, 11.0, 11.0, 13.0])
    group = np.array([0, 1, 1, 0, 0, 1])
    stratum = np.array([0, 0, 0, 1, 1, 1])
    mean, low, high = adjusted_means(values, group, 2, stratum, np.arange(6), 0.95)
    assert mean.round(10).tolist() == [6.0, 8.0]
    assert (low <= mean).all()
    assert (mean <= high).all()
    raw, _, _ = adjusted_means(values, group, 2, np.zeros(6, dtype=int), np.arange(6), 0.95)
    assert raw.round(10).tolist() == [pytest.approx(23 / 3), pytest.approx(19 / 3)]


def test_raw_means_and_errors_are_those_of_a_clustered_regression() -> None:
    """The second road: statsmodels, a dummy for each group, errors clustered by day (with its factor taken out)."""
    import statsmodels.api as sm

    rng = np.random.default_rng(4)
    n, days = 800, 40
    group, day = rng.integers(0, 4, n), rng.integers(0, days, n)
    values = rng.poisson(1 + group) + rng.standard_normal(days)[day]
    mean, low, high = adjusted_means(values, group, 4, np.zeros(n, dtype=int), day, 0.95)
    fit = sm.OLS(values, np.eye(4)[group]).fit(cov_type="cluster", cov_kwds={"groups": day})
    ours = (high - low) / 2 / 1.959963984540054 / np.sqrt((n - 1) / (n - 4))
    theirs = fit.bse / np.sqrt((n - 1) / (n - 4)) / np.sqrt((n - 1) / (n - 4))
    assert mean == pytest.approx(fit.params, rel=1e-10)
    assert ours == pytest.approx(theirs, rel=1e-8)


def test_adjusted_differences_are_those_of_a_regression_with_strata() -> None:
    import statsmodels.api as sm

    rng = np.random.default_rng(5)
    n = 900
    stratum = rng.integers(0, 30, n)
    group = (rng.random(n) < 0.2 + 0.6 * (stratum > 15)).astype(int) + (rng.random(n) < 0.3)
    values = rng.poisson(1 + stratum / 10 + group)
    mean, low, high = adjusted_means(values.astype(float), group, 3, stratum, np.arange(n), 0.95)
    design = np.column_stack([np.eye(30)[stratum], np.eye(3)[group][:, 1:]])
    fit = sm.OLS(values, design).fit()
    assert mean[1:] - mean[0] == pytest.approx(fit.params[30:], rel=1e-9)
    assert values.mean() == pytest.approx(np.bincount(group) / n @ mean, rel=1e-12), "shares of the means add up"
    assert (low < mean).all()
    assert (high > mean).all()


def test_intervals_cover_the_mean_of_a_band() -> None:
    """400 draws with common shocks of days: 95 % intervals hold the truth in 92 to 98 % of them."""
    rng = np.random.default_rng(6)
    held = []
    for _ in range(400):
        day = rng.integers(0, 60, 400)
        values = 2.0 + 0.5 * rng.standard_normal(60)[day] + rng.standard_normal(400)
        _, low, high = adjusted_means(values, rng.integers(0, 2, 400), 2, np.zeros(400, dtype=int), day, 0.95)
        held.append(low[0] <= 2.0 <= high[0])
    assert 0.92 <= np.mean(held) <= 0.98


def test_a_group_without_rows_or_without_a_link_to_the_others_has_no_mean() -> None:
    """Groups 0 and 1 share a stratum, 1 and 2 another, 3 none: 3 cannot be laid beside them, 0 and 2 can."""
    chain = np.array([0, 1, 1, 2, 3])
    mean, _, _ = adjusted_means(
        np.array([1.0, 2.0, 5.0, 7.0, 9.0]), chain, 4, np.array([0, 0, 1, 1, 2]), np.arange(5), 0.95
    )
    assert np.isnan(mean).tolist() == [False, False, False, True]
    assert (mean[1] - mean[0], mean[2] - mean[1]) == (pytest.approx(1.0), pytest.approx(2.0))
    values, group = np.array([1.0, 2.0, 3.0, 4.0]), np.array([0, 0, 1, 1])
    mean, _, _ = adjusted_means(values, group, 3, np.zeros(4, dtype=int), np.arange(4), 0.95)
    assert np.isnan(mean).tolist() == [False, False, True]


def test_bands_say_how_many_and_do_not_show_the_few() -> None:
    waits = [10 * MINUTE] * 12 + [30 * MINUTE] * 9 + [NEVER] * 11
    orders = np.arange(32)
    rows = rows_with(
        32,
        waited=waits,
        day=list(range(32)),
        after={"orders": orders},
        before={"orders": orders * 2},
        bot=np.array([False] * 31 + [True]),
    )
    frame = bands_frame(rows, PLAN).set_index("band")
    assert tuple(frame.index) == BAND_NAMES
    assert frame["n"].tolist() == [12, 9, 0, 0, 0, 10, 1]
    assert frame["share"].sum() == pytest.approx(1.0)
    assert frame.loc["within 15 minutes", "mean"] == pytest.approx(5.5)
    assert frame.loc["within 15 minutes", "before"] == pytest.approx(11.0)
    assert frame.loc["never", "mean"] == pytest.approx(25.5)
    assert frame["mean"].isna().tolist() == [n < FEWEST for n in frame["n"]]
    assert set(frame["grade"]) == {"D"}
    assert set(frame["unit"]) == {"orders per customer"}


def test_hours_say_who_is_answered_when() -> None:
    rows = planted(1)
    frame = hours_frame(rows, PLAN).set_index("hour")
    assert frame["n"].sum() == len(rows)
    assert frame.loc[3, "n"] == 0
    assert np.isnan(frame.loc[3, "in_time"])
    at_nine = rows.in_time(3_600)[rows.hour == 9]
    assert frame.loc[9, "in_time"] == pytest.approx(at_nine.mean())
    assert frame.loc[9, "in_time_low"] < frame.loc[9, "in_time"] < frame.loc[9, "in_time_high"]
    assert frame.loc[9, "mean"] == pytest.approx(rows.values("orders")[rows.hour == 9].mean())


def test_a_share_of_none_still_has_an_interval() -> None:
    """Wilson's interval of 0 of 20 reaches to 0.161; 20 rows of one day are worth no more than they show."""
    rows = rows_with(20, waited=np.full(20, NEVER), day=np.arange(20), hour=np.full(20, 2))
    frame = hours_frame(rows, PLAN).set_index("hour")
    assert frame.loc[2, "in_time"] == 0.0
    assert frame.loc[2, "in_time_low"] == 0.0
    assert frame.loc[2, "in_time_high"] == pytest.approx(0.1611, abs=1e-4)


def test_shares_allow_for_days_that_go_together() -> None:
    rows = planted(1, n=3_000)
    twice = rows.where(np.arange(len(rows)).repeat(2))
    one, two = (hours_frame(each, PLAN).set_index("hour").loc[9] for each in (rows, twice))
    assert two["in_time"] == pytest.approx(one["in_time"])
    assert two["in_time_high"] - two["in_time_low"] == pytest.approx(one["in_time_high"] - one["in_time_low"], rel=0.25)
