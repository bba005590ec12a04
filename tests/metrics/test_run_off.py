"""Actual and expected of an immature month: by hand, on a made-up company, and refusals."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType

import numpy as np
import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.foundation.errors import DesignError
from analysis.metrics.bases import Activity, Cell
from analysis.metrics.local_months import LocalMonths
from analysis.metrics.run_off import MonthsRunOff, run_off
from analysis.tables.engine import Dialect

FIRST = Month.of("2026-01")


def made(rows: list[list[int]], refusals: dict[str, str] | None = None) -> Activity:
    """Clicks by month of the post and age, from January 2026 on."""
    months = months_between(FIRST, FIRST.plus(len(rows) - 1))
    cells = tuple(
        Cell("click", "x", months[place].number + age, months[place].number, "post", n, abs(n), 0, 0)
        for place, row in enumerate(rows)
        for age, n in enumerate(row)
    )
    return Activity(LocalMonths(months, "UTC", Dialect()), cells, refusals=MappingProxyType(refusals or {}))


OVER = datetime(2026, 5, 1)
ROWS = [[100, 50, 15, 0], [110, 55, 17], [90, 40], [120]]


def test_by_hand() -> None:
    """Months grow from 300 to 445 in the second month and from 315 to 347 in the third, and then no more: April's 120
    become 120 x 445/300 x 347/315 = 196.08."""
    found = run_off(made(ROWS), "click", OVER)
    april = found.months[-1]
    assert april.actual == 120
    assert april.final == pytest.approx(120 * 445 / 300 * 347 / 315)
    assert april.low < april.expected < april.high
    assert (found.months[0].expected, found.months[0].finished) == (0, True)
    assert found.total_expected == pytest.approx(sum(row.expected for row in found.months))
    assert found.state == "estimated"
    assert set(found.to_frame()["state"]) == {"estimated"}
    assert str(found.months[0]) == "posts of 2026-01: 165"
    assert str(april).startswith("posts of 2026-04: 120 and an estimated 76 (")


def test_a_month_that_is_not_over_is_left_out() -> None:
    rows = [[100, 50, 15, 0, 0], [110, 55, 17, 0], [90, 40, 9], [120, 60], [3]]
    found = run_off(made(rows), "click", datetime(2026, 5, 10))
    assert [str(row.month) for row in found.months] == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert found.months[-1].actual == 120, "May's actions belong to no whole month yet"


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        (ROWS[:3], "from 3 months that are over"),
        ([[0, 5, 1, 0], *ROWS[1:]], "run-off of `click` cannot be told.*zero or less"),
        ([[100, -10, -10, -10], [100, -10, -10], [100, -10], [100]], "more is taken back than comes"),
    ],
)
def test_what_cannot_be_told_is_refused(rows: list[list[int]], words: str) -> None:
    with pytest.raises(DesignError, match=words):
        run_off(made(rows), "click", OVER)


def test_a_source_that_counts_by_posts_alone_has_no_triangle() -> None:
    with pytest.raises(DesignError, match="is not told"):
        run_off(made(ROWS, {"action": "when people acted is not told."}), "click", OVER)


def test_actions_before_their_post_make_ages_untrustworthy() -> None:
    activity = made(ROWS)
    wrong = Cell("click", "x", FIRST.number, FIRST.number + 1, "post", 1, 1, 0, 0)
    with pytest.raises(DesignError, match="before their posts of 2026-02"):
        run_off(Activity(activity.local, (*activity.cells, wrong)), "click", OVER)


def test_an_interval_that_leaves_its_estimate_out_cannot_be_built() -> None:
    with pytest.raises(ValueError, match="does not hold its estimate"):
        MonthsRunOff(month=FIRST, actual=1, expected=5.0, low=6.0, high=7.0, finished=False)


def test_the_run_off_comes_about() -> None:
    """Made-up posts of known growth, 18 months, counts of the Poisson law around a common pattern: over 60 worlds the
    95 % interval of the newest month holds what came in 88 to 100 %."""
    random = np.random.default_rng(7)
    pattern = np.array([0.6, 0.2, 0.08, 0.05, 0.03, 0.02, 0.01, 0.006, 0.004])
    n, inside = len(pattern), 0
    for _ in range(60):
        full = random.poisson(3_000 * random.uniform(0.7, 1.3, n)[:, None] * pattern)
        rows = [list(map(int, row[: n - place])) for place, row in enumerate(full)]
        newest = run_off(made(rows), "click", datetime(2030, 1, 1)).months[-1]
        inside += newest.low <= full[-1, 1:].sum() <= newest.high
    assert 0.88 <= inside / 60 <= 1.0
