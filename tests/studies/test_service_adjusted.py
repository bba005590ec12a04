"""The comparison without luck: by hand, its cells, its errors, and the raw difference beside it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from analysis.foundation.errors import DesignError
from analysis.inference.cells import groups_of
from analysis.studies.service.adjusted import adjusted, overlap, raw, reply_not_by_chance, service_strata
from analysis.studies.service.table import MICRO, ServiceRows
from tests.studies.planted_service import FIRST, planted, rows_with

TARGET = 3_600
LATE = 7_200 * 1_000_000
SOON = 60 * 1_000_000


def test_the_ratio_by_hand() -> None:
    """One month, one cell. Answered in time: 10 orders before, 12 after; the others grew from 5 to 4, by 0.8.

    Expected of the first 10 x 0.8 = 8, so the ratio is 12 / 8 = 1.5 and the difference (12 - 8) / 2 = 2.
    """
    rows = rows_with(
        4,
        waited=[SOON, SOON, LATE, LATE],
        day=[1, 2, 3, 4],
        before={"orders": [4, 6, 2, 3]},
        after={"orders": [5, 7, 3, 1]},
    )
    in_time = rows.in_time(TARGET)
    ratio, difference = adjusted(rows, in_time, "orders", service_strata(rows, in_time), 0.95)
    assert ratio.value == pytest.approx(1.5)
    assert difference.value == pytest.approx(2.0)
    assert (ratio.n_treated, ratio.n_comparison, ratio.scale) == (2, 2, "ratio")
    assert difference.unit == "orders per customer"


def test_issues_are_compared_after_the_contact_within_cells_by_hand() -> None:
    """Without an earlier issue 1 against 2 a head, with one 3 against 2: expected 2 + 2, had 1 + 3, no effect."""
    rows = rows_with(
        4,
        waited=[SOON, LATE, SOON, LATE],
        earlier=[0, 0, 1, 1],
        before={"issues": [9, 0, 0, 9]},
        after={"issues": [1, 2, 3, 2]},
    )
    in_time = rows.in_time(TARGET)
    strata = service_strata(rows, in_time, after_only=True)
    assert "all earlier issues" in strata.description
    ratio, difference = adjusted(rows, in_time, "issues", strata, 0.95)
    assert (ratio.value, difference.value) == (pytest.approx(1.0), pytest.approx(0.0))


def test_cells_are_made_coarser_until_nearly_all_have_somebody() -> None:
    """Of 100 answered in time 3 are of a product that nobody else waited for: 3 % are too many, so products merge."""
    n = 200
    waited = np.where(np.arange(n) < 100, SOON, LATE)
    product = np.where(np.arange(n) < 3, 2, 0)
    rows = rows_with(n, waited=waited, product=product)
    strata = service_strata(rows, rows.in_time(TARGET))
    assert ", product," not in strata.description
    assert strata.unmatched == 0
    few = service_strata(replace(rows, product=np.where(np.arange(n) < 2, 2, 0)), rows.in_time(TARGET))
    assert ", product," in few.description
    assert (few.unmatched, overlap(few).verdict) == (2, "passed")


def test_an_incident_of_the_own_product_is_a_cell_of_its_own_by_hand() -> None:
    """Nobody gains by an answer; an incident halves buying, and makes three of four wait instead of one of three.

    Within incident and none: growth (2 x 4 + 1/3 x 6) / (2 x 4 + 1/3 x 12) = 10 / 12, expected 12 x 10 / 12 = 10, as it
    was. Without telling them apart 12 x 10 / 16 = 7.5 would be expected, and a third more be found for nothing.
    """
    rows = rows_with(
        7,
        waited=[SOON, SOON, LATE, SOON, LATE, LATE, LATE],
        episode=[0, 0, 0, 1, 1, 1, 1],
        day=list(range(7)),
        before={"orders": [4] * 7},
        after={"orders": [4, 4, 4, 2, 2, 2, 2]},
    )
    in_time = rows.in_time(TARGET)
    strata = service_strata(rows, in_time)
    assert "incident of the own product (which one, or none)" in strata.description
    assert adjusted(rows, in_time, "orders", strata, 0.95)[0].value == pytest.approx(1.0)
    blind = replace(rows, episode=np.zeros(7, dtype=np.int64))
    assert adjusted(blind, in_time, "orders", service_strata(blind, in_time), 0.95)[0].value == pytest.approx(4 / 3)


def test_one_product_s_incident_is_not_anothers() -> None:
    rows = rows_with(6, product=[0, 0, 1, 1, 2, -1], episode=[0, 1, 1, 1, 2, 0])
    assert rows.in_incident.tolist() == [False, True, True, True, True, False]
    assert rows.incident[[0, 5]].tolist() == [0, 0], "no incident, and no known product: one code"
    assert rows.incident[2] == rows.incident[3]
    assert len(set(rows.incident.tolist())) == 4


def test_night_is_the_first_two_parts_of_the_day() -> None:
    rows = rows_with(24, hour=np.arange(24))
    assert np.flatnonzero(rows.night).tolist() == [0, 1, 2, 3, 4, 5, 6, 23]


@pytest.mark.parametrize("after_only", [False, True])
def test_severity_and_incidents_outlast_the_hour_and_the_product(after_only: bool) -> None:
    """Whoever waited wrote at another hour: hours are given up, what delays an answer and lowers buying is kept.

    With 3 of 100 in incidents in which nobody waited, those too are given up.
    """
    n = 200
    soon = np.arange(n) < 100
    severity, episode = 1 + np.arange(n) % 2, (np.arange(n) % 10 == 0).astype(np.int64)
    rows = rows_with(
        n,
        waited=np.where(soon, SOON, LATE),
        hour=np.where(soon, 9, 2),
        severity=severity,
        product=np.where(soon, 0, 1),
        episode=episode,
    )
    strata = service_strata(rows, rows.in_time(TARGET), after_only=after_only)
    assert "recorded severity" in strata.description
    assert "whether the own product has an incident" in strata.description
    assert "o'clock" not in strata.description
    assert strata.unmatched == 0
    alone = replace(rows, severity=np.ones(n, dtype=np.int64), episode=(np.arange(n) < 3).astype(np.int64))
    coarser = service_strata(alone, alone.in_time(TARGET), after_only=after_only)
    assert "incident" not in coarser.description
    assert ("all earlier issues" in coarser.description) == after_only


def test_what_delays_an_answer_and_lowers_buying_is_no_effect_of_it() -> None:
    """Grave problems and incidents wait, and buy less; the answer does nothing: 40 companies.

    Beside it what went wrong once: cells of months and hours, without severity and incidents.
    """
    off, hours_off = [], []
    for seed in range(40):
        rows = troubled(seed)
        in_time = rows.in_time(TARGET)
        strata = service_strata(rows, in_time)
        assert "recorded severity" in strata.description
        assert "incident" in strata.description
        _, difference = adjusted(rows, in_time, "orders", strata, 0.95)
        off.append(difference.value / difference.se)
        hours = replace(strata, code=groups_of([rows.month, rows.part_of_day]))
        _, found = adjusted(rows, in_time, "orders", hours, 0.95)
        hours_off.append(found.value / found.se)
    assert np.mean(hours_off) > 1
    assert abs(np.mean(off)) < 2.5 / np.sqrt(len(off)), "no bias that 40 companies could show"


def troubled(seed: int, n: int = 6_000) -> ServiceRows:
    """A well-staffed desk: a tenth waits, of grave problems and in incidents more; both lower buying by 15 %."""
    rng = np.random.default_rng(seed)
    day = np.sort(rng.integers(0, 120, n))
    product, severity = rng.integers(0, 3, n), 1 + rng.integers(0, 2, n)
    episode = np.where(day % 30 < 4, 1 + day // 30, 0) * (product == day // 30 % 3)
    trouble = (severity == 2).astype(float) + (episode > 0)
    late = rng.random(n) < 0.05 + 0.1 * trouble
    taste = rng.gamma(2.0, 1.0, n)
    return rows_with(
        n,
        waited=np.where(late, LATE, SOON),
        day=day,
        month=FIRST.number + day // 30,
        hour=rng.integers(0, 24, n),
        product=product,
        severity=severity,
        episode=episode,
        before={"orders": rng.poisson(2 * taste)},
        after={"orders": rng.poisson(2 * taste * 0.85**trouble)},
    )


def test_months_with_one_kind_of_customers_only_fail_the_overlap() -> None:
    n = 100
    month = FIRST.number + (np.arange(n) >= 90)
    rows = rows_with(n, waited=np.where(np.arange(n) % 2, SOON, np.where(np.arange(n) >= 90, SOON, LATE)), month=month)
    check = overlap(service_strata(rows, rows.in_time(TARGET)))
    assert check.verdict == "failed"
    assert "10 of 55 customers" in check.detail


def test_errors_allow_for_days_that_go_together() -> None:
    """Every customer twice, on one day: the estimate stays, and so does the error that counting rows would halve."""
    rows = planted(1, n=2_000)
    twice = rows.where(np.arange(len(rows)).repeat(2))
    found = []
    for one in (rows, twice):
        in_time = one.in_time(TARGET)
        found.append(adjusted(one, in_time, "orders", service_strata(one, in_time), 0.95)[0])
    assert found[1].value == pytest.approx(found[0].value)
    assert found[1].se_log == pytest.approx(found[0].se_log)


def test_it_gives_back_a_planted_effect_and_covers_it() -> None:
    held = []
    for seed in range(40):
        rows = planted(seed, n=3_000, effect=0.2)
        in_time = rows.in_time(TARGET)
        ratio, _ = adjusted(rows, in_time, "orders", service_strata(rows, in_time), 0.95)
        held.append(ratio.low <= 1.2 <= ratio.high)
    assert np.mean(held) >= 0.85


def test_the_order_of_rows_does_not_matter_and_the_unit_scales() -> None:
    rows = planted(3, n=3_000)
    rows = replace(
        rows,
        before={**rows.before, "revenue": rows.before["orders"] * MICRO},
        after={**rows.after, "revenue": rows.after["orders"] * MICRO},
    )
    other = rows.where(np.random.default_rng(1).permutation(len(rows)))
    results = []
    for one in (rows, other):
        in_time = one.in_time(TARGET)
        results.append(adjusted(one, in_time, "revenue", service_strata(one, in_time), 0.95)[1])
    assert results[0].value == pytest.approx(results[1].value, rel=1e-12)
    assert results[0].unit == "EUR per customer"


def test_the_raw_difference_is_welchs() -> None:
    rows = planted(5, n=2_000, effect=0.2)
    in_time = rows.in_time(TARGET)
    found = raw(rows, in_time, "orders", 0.95)
    values = rows.values("orders")
    expected = stats.ttest_ind(values[in_time], values[~in_time], equal_var=False).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(expected.low), pytest.approx(expected.high))


def test_swapping_the_groups_turns_the_raw_difference() -> None:
    rows = planted(5, n=2_000)
    in_time = rows.in_time(TARGET)
    assert raw(rows, ~in_time, "orders", 0.95).value == pytest.approx(-raw(rows, in_time, "orders", 0.95).value)


def test_nothing_bought_is_refused() -> None:
    rows = rows_with(4, waited=[SOON, SOON, LATE, LATE])
    in_time = rows.in_time(TARGET)
    with pytest.raises(DesignError, match="a ratio needs both above zero"):
        adjusted(rows, in_time, "orders", service_strata(rows, in_time), 0.95)


def test_the_cap_is_a_gate_that_was_not_run() -> None:
    check = reply_not_by_chance()
    assert (check.gate, check.verdict) == (True, "not_run")
