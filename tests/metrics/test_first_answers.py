"""The curve of waiting: by hand, against statsmodels' error, against the figures of the months, and its laws."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm
from statsmodels.duration.survfunc import SurvfuncRight

from analysis.foundation.calendar import Month
from analysis.inference.survival import aalen_johansen
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.first_answers import TIMES, FirstAnswers, Still, Waits, first_answers, still_waiting

START = datetime(2026, 7, 1, 10)
JULY = (Month.of("2026-07"),)


def mentions(*rows: tuple) -> pd.DataFrame:
    """Platform, seconds until the answer (None: none), seconds until it was closed, and when it was posted."""

    def at(seconds, posted):
        return None if seconds is None else (START + timedelta(seconds=posted + seconds)).isoformat()

    return pd.DataFrame([
        {"mention_id": f"m{n}", "platform": platform, "kind": "inquiry", "posted_at": at(0, posted),
         "first_reply_at": at(answer, posted), "resolved_at": at(closed, posted), "known_at": at(0, 90_000)}
        for n, (platform, answer, closed, posted) in enumerate(rows)
    ])  # fmt: skip


def found(opened, *rows, **rules) -> FirstAnswers:
    tables = opened(mentions=mentions(*rows))
    return first_answers(tables, months=JULY, zone="UTC", rules=Rules(**rules))


def test_a_curve_by_hand(opened):
    """Answered after 1, 10 and 60 minutes, one closed without an answer after 30, one open for 25 hours.

    Of five, four wait after 1 minute and three after 10 (0.8, 0.6). At 30 minutes one is gone without an answer: it
    stays on the curve. At 60 minutes one of the two left is answered and stands for half of 2/5: 0.6 - 0.2 = 0.4; and
    there it stays. Half have an answer after an hour.
    """
    rows = [("x", 60, None, 0), ("x", 600, None, 0), ("x", 3600, None, 0), ("x", None, 1800, 0), ("x", None, None, 0)]
    (whole,) = found(opened, *rows).groups
    shares = {point.seconds: round(point.share, 10) for point in whole.curve}
    assert [shares[at] for at in (60, 600, 1800, 2700, 3600, 86_400)] == [0.8, 0.6, 0.6, 0.6, 0.4, 0.4]
    assert [whole.after(at).waiting for at in (60, 600, 1800, 3600)] == [4, 3, 2, 1]
    assert (whole.mentions, whole.answered, whole.closed, whole.open, whole.median) == (5, 3, 1, 1, 3600.0)
    assert max(shares) == 86_400, "nobody was followed for longer than 25 hours"


def test_the_band_is_that_of_greenwood_on_the_log_log_scale(opened):
    """Where nobody is closed without an answer the curve is Kaplan and Meier's, and statsmodels knows its error."""
    rng = np.random.default_rng(5)
    times = np.round(rng.exponential(2000, 200))
    seen = times < 5000
    waited = np.where(seen, times, 5000)
    curve = aalen_johansen(waited, np.ones(200, dtype=int), seen.astype(int))
    other = SurvfuncRight(waited, seen.astype(int))
    for at in (300, 1200, 4000):
        place = np.searchsorted(other.surv_times, at, side="right") - 1
        share, se = other.surv_prob[place], other.surv_prob_se[place]
        reach = norm.ppf(0.975) * se / (share * -np.log(share))
        expected = (share, share ** np.exp(reach), share ** np.exp(-reach))
        assert still_waiting(curve, [at])[0] == pytest.approx(expected, rel=1e-9)


def test_it_says_what_the_figures_of_the_period_say(opened):
    rows = [("x" if n % 3 else "y", 50 * (n + 1) if n % 4 else None, None, 100 * n) for n in range(40)]
    tables = opened(mentions=mentions(*rows))
    whole, *platforms = first_answers(tables, months=JULY, zone="UTC").groups
    figures = care_metrics(tables, months=JULY, zone="UTC", only=["first_response_time_median"])
    (median,) = figures.of("first_response_time_median", whole=True)
    assert (whole.median, whole.answered, whole.mentions) == (median.value, median.numerator, median.denominator)
    assert whole.median_low <= whole.median <= whole.median_high
    assert [one.segment for one in platforms] == [{"platform": "x"}, {"platform": "y"}]
    for name in ("mentions", "answered", "open"):
        assert sum(getattr(one, name) for one in platforms) == getattr(whole, name)


def test_the_four_largest_platforms_have_a_line_and_the_rest_is_counted(opened):
    sizes = {"a": 5, "b": 4, "c": 3, "d": 2, "e": 1}
    rows = [(name, 60, None, 0) for name, n in sizes.items() for _ in range(n)]
    result = found(opened, *rows)
    assert [one.segment.get("platform") for one in result.groups] == [None, "a", "b", "c", "d"]
    assert result.others == 1


def test_one_platform_has_no_line_of_its_own(opened):
    assert len(found(opened, ("x", 60, None, 0), ("x", 90, None, 0)).groups) == 1


def test_what_ended_before_it_began_is_on_no_curve(opened):
    result = found(opened, ("x", 60, None, 0), ("x", -60, None, 7200))
    assert (result.untimed, result.groups[0].mentions) == (1, 1)


def test_the_promised_time_is_always_read_off(opened):
    result = found(opened, ("x", 60, None, 0), ("x", None, None, 0), sla_seconds=1234)
    assert result.groups[0].after(1234).share == 0.5
    assert result.promised == 1234 not in TIMES


def test_without_answers_or_mentions_the_reason_is_given(opened):
    orders = pd.DataFrame({"order_id": ["o"], "customer_id": ["c"], "ordered_at": ["2026-07-01T00:00:00"],
                           "revenue": [1.0], "currency": ["EUR"]})  # fmt: skip
    nothing = first_answers(opened(orders=orders), months=JULY, zone="UTC")
    assert (nothing.groups, nothing.reason) == ((), "table `mentions`")
    frame = mentions(("x", 60, None, 0)).drop(columns="first_reply_at")
    assert (
        first_answers(opened(mentions=frame), months=JULY, zone="UTC").reason == "column `first_reply_at` of `mentions`"
    )
    august = first_answers(opened(mentions=mentions(("x", 60, None, 0))), months=(Month.of("2026-08"),), zone="UTC")
    assert august.reason == "no opening mention in the period whose time is known"
    assert august.to_parts()["coverage"]["first_answers"]["groups"] == []


@given(
    seconds=st.lists(st.integers(0, 700_000), min_size=1, max_size=30),
    endings=st.lists(st.sampled_from([0, 1, 1, 2]), min_size=30, max_size=30),
)
def test_curves_fall_and_hold_their_shares(seconds, endings):
    curve = aalen_johansen(seconds, np.ones(len(seconds), dtype=int), endings[: len(seconds)])
    points = still_waiting(curve, TIMES)
    shares = [share for share, _, _ in points]
    assert shares == sorted(shares, reverse=True)
    assert all(0 <= low <= share <= high <= 1 for share, low, high in points)


def test_a_share_outside_its_interval_and_parts_that_do_not_add_up_are_refused():
    with pytest.raises(ValueError, match="does not hold"):
        Still(60, 0.5, 0.6, 0.7, 3)
    with pytest.raises(ValueError, match="do not add up"):
        Waits(mentions=3, answered=1, closed=1, open=0, median=None, median_low=None, median_high=None, curve=())


def test_parts_and_frame_hold_the_same(opened):
    result = found(opened, ("x", 60, None, 0), ("y", 90, None, 0))
    part, frame = result.to_dict(), result.to_frame()
    points = [point for group in part["groups"] for point in group["curve"]]
    assert list(frame["share"]) == [point["share"] for point in points]
    assert list(dict.fromkeys(frame["platform"])) == ["", "x", "y"]
