"""Figures by fiscal periods: the same days give the same figures, and a civil calendar as a table changes none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from analysis.foundation.calendar import Month, Period, months_between
from analysis.foundation.fiscal import FiscalCalendar, FiscalPeriod
from analysis.foundation.schedule import Schedule, Timetable, hours_of
from analysis.ledger.scorecard import scorecard
from analysis.metrics.bases import activity
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.metrics.figure import Metric
from analysis.metrics.triangle import Triangle
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, open_tables, prepare
from analysis.tables.opened import Tables
from tests.foundation.test_fiscal import LONG, USUAL, in_weeks

ZONE = "America/New_York"
RETAIL = FiscalCalendar(tuple(in_weeks(date(2024, 2, 4), (2024, USUAL), (2025, LONG), (2026, USUAL))))
CIVIL = FiscalCalendar(
    tuple(
        FiscalPeriod(f"{day.year}-P{day.month:02d}", day, month.last_day, (day.month + 2) // 3, day.year)
        for month in months_between(Month.of("2024-01"), Month.of("2027-12"))
        for day in [month.first_day]
    )
)
RULES = Rules(schedule=Schedule((Timetable(timezone=ZONE, hours={"mon": hours_of("09:00-17:00")}),)))


@dataclass(frozen=True)
class World:
    folder: Path
    tables: Tables


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    place = tmp_path_factory.mktemp("fiscal")
    make_world(place / "company", world="demo", seed=5, customers=300)
    with open_tables(prepare([Source(place / "company")], cache=place / "cache", zone=ZONE)) as tables:
        yield World(place / "company", tables)


def plain(row: Metric) -> Metric:
    """The row with civil labels, and without the words that name them."""
    return replace(row, period=row.period.replace("-P", "-"), note=None, reason=None if row.reason is None else "none")


def test_a_civil_calendar_written_as_a_table_changes_no_digit(world: World) -> None:
    """All metrics, twelve months and their whole, among them one that the tables do not reach."""
    civil = months_between(Month.of("2025-12"), Month.of("2026-11"))
    fiscal = [Month.of(f"{str(month)[:4]}-P{str(month)[5:]}", CIVIL) for month in civil]
    first = care_metrics(world.tables, months=civil, zone=ZONE, rules=RULES)
    second = care_metrics(world.tables, months=fiscal, zone=ZONE, rules=RULES)
    assert not first.missing
    assert second.whole == "2025-P12/2026-P11"
    assert list(map(plain, second.metrics)) == list(map(plain, first.metrics))
    card = scorecard(first.metrics, month=Month.of("2026-09")).scores
    same = scorecard(second.metrics, month=Month.of("2026-P09", CIVIL)).scores
    assert any(score.previous is not None for score in card)
    for mine, theirs in zip(same, card, strict=True):
        assert (mine.metric, mine.value, mine.attainment) == (theirs.metric, theirs.value, theirs.attainment)
        assert [point.value for point in mine.trend] == [point.value for point in theirs.trend]
        assert (mine.previous and mine.previous.value) == (theirs.previous and theirs.previous.value)


def test_sums_over_fiscal_periods_are_sums_over_the_same_days(world: World) -> None:
    """A quarter of 4, 4 and 6 weeks that ends a 53-week year, counted by pandas from the local days."""
    months = Period.of("2025q4", ZONE, RETAIL).months()
    assert [(one.last_day - one.first_day).days + 1 for one in months] == [28, 28, 42]
    found = care_metrics(world.tables, months=months, zone=ZONE)
    for name, table, time in [
        ("mentions", "mentions", "posted_at"), ("issues_raised", "issues", "opened_at"),
        ("touchpoints", "touchpoints", "occurred_at"),
    ]:  # fmt: skip
        times = pd.to_datetime(pd.read_parquet(world.folder / f"{table}.parquet")[time], utc=True)
        days = times.dt.tz_convert(ZONE).dt.tz_localize(None).dt.floor("D")
        rows = {row.period: row.value for row in found.metrics if row.id == name}
        for month in months:
            here = days.between(pd.Timestamp(month.first_day), pd.Timestamp(month.last_day)).sum()
            assert rows[str(month)] == here > 0
        assert rows[found.whole] == sum(rows[str(month)] for month in months)


def test_two_bases_hang_together_by_fiscal_periods(world: World) -> None:
    months = Period.of("2025", ZONE, RETAIL).months()
    found = activity(world.tables, months, ZONE)
    triangle = Triangle.of(found, "click")
    for month in months:
        assert triangle.diagonal(month) + triangle.outside(month) == found.quantity("action", month, "click")
        assert triangle.row(month) == found.quantity("post", month, "click")


def test_thirteen_periods_a_year_are_compared_with_the_one_thirteen_before() -> None:
    thirteen = FiscalCalendar(tuple(in_weeks(date(2025, 1, 5), (2025, [4] * 13), (2026, [4] * 12 + [5]))))
    name = "complaints_per_positive"
    rows = [
        Metric(id=name, version=1, basis="action", period=one.label, value=float(place), unit="ratio")
        for place, one in enumerate(thirteen.periods)
    ]
    (score,) = scorecard(rows, month=Month.of("2026-P02", thirteen), targets={name: 1.0}).scores
    assert score.previous is not None
    assert score.year_ago is not None
    assert (score.value, score.previous.value, score.year_ago.period) == (14.0, 13.0, "2025-P02")
    (early,) = scorecard(rows, month=Month.of("2025-P01", thirteen), targets={name: 1.0}).scores
    assert (early.previous, early.year_ago) == (None, None), "what the table does not reach is not known"
    assert thirteen.periods[-1].last_day == date(2025, 1, 5) + timedelta(weeks=105) - timedelta(days=1)
