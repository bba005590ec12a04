"""Complaints to positives before and after the programme's start, counted by eye."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pandas as pd

from analysis.foundation.calendar import Month, months_between
from analysis.metrics.programme import before_after_programme
from analysis.tables.load import Tables

MONTHS = months_between(Month.of("2026-01"), Month.of("2026-06"))


def log(*rows: tuple[str, str, str | None, str | None], change_id: str = "CH") -> pd.DataFrame:
    """Entries: effective from, kind, scope, recorded at."""
    frame = pd.DataFrame(rows, columns=["effective_from", "kind", "scope", "recorded_at"])
    frame["change_id"] = [f"{change_id}{n}" for n in range(len(rows))]
    frame["description"] = [f"What happened {n}" for n in range(len(rows))]
    return frame


def kinds(*rows: tuple[str, str, int]) -> pd.DataFrame:
    """Mentions of a day and kind, so many times."""
    each = [(day, kind) for day, kind, number in rows for _ in range(number)]
    frame = pd.DataFrame(each, columns=["posted_at", "kind"])
    return frame.assign(mention_id=[f"m{n}" for n in range(len(frame))], platform="twitter")


def test_complaints_to_positives_before_and_after_the_programme(opened: Callable[..., Tables]) -> None:
    """January: 6 to 2, February: 3 to 1, then the start in mid-March: 9 to 3 before. April: 2 to 4, May: 1 to 2: 3 to 6
    after. March belongs to neither, June lies beyond the report."""
    tables = opened(
        mentions=kinds(
            ("2026-01-05T00:00:00", "complaint", 6),
            ("2026-01-06T00:00:00", "positive", 2),
            ("2026-02-05T00:00:00", "complaint", 3),
            ("2026-02-06T00:00:00", "positive", 1),
            ("2026-03-05T00:00:00", "complaint", 50),
            ("2026-04-05T00:00:00", "complaint", 2),
            ("2026-04-06T00:00:00", "positive", 4),
            ("2026-05-05T00:00:00", "complaint", 1),
            ("2026-05-06T00:00:00", "positive", 2),
            ("2026-06-06T00:00:00", "complaint", 70),
        ),
        changes=log(
            ("2026-03-15T00:00:00", "programme", "all", None), ("2026-05-01T00:00:00", "programme", "all", None)
        ),
    )
    found = before_after_programme(tables, months=months_between(Month.of("2026-04"), Month.of("2026-05")), zone="UTC")
    assert (found.before.numerator, found.before.denominator, found.before.value) == (9, 3, 3.0)
    assert (found.after.numerator, found.after.denominator, found.after.value) == (3, 6, 0.5)
    assert (found.before.period, found.after.period) == ("2026-01/2026-02", "2026-04/2026-05")
    assert [row.period for row in found.months] == ["2026-01", "2026-02", "2026-04", "2026-05"]
    assert sum(row.numerator or 0 for row in found.months[:2]) == found.before.numerator
    assert (found.started_on, found.change_id) == (date(2026, 3, 15), "CH0")
    assert "not an effect" in found.words
    assert [row["segment"] for row in found.to_parts()["metrics"]] == [{"programme": "before"}, {"programme": "after"}]
    assert found.to_frame()["complaints_per_positive"].tolist() == [3.0, 0.5]


def test_a_month_that_begins_with_the_programme_is_after_it(opened: Callable[..., Tables]) -> None:
    tables = opened(
        mentions=kinds(("2026-01-05T00:00:00", "complaint", 6), ("2026-02-05T00:00:00", "positive", 2)),
        changes=log(("2026-02-01T00:00:00", "programme", "all", None)),
    )
    found = before_after_programme(tables, months=months_between(Month.of("2026-01"), Month.of("2026-02")), zone="UTC")
    assert (found.before.period, found.after.period) == ("2026-01", "2026-02")
    assert (found.before.value, found.before.reason) == (None, "no positive mention in these months")
    assert found.after.value == 0


def test_what_the_comparison_lacks_is_said(opened: Callable[..., Tables]) -> None:
    some = kinds(("2026-02-05T00:00:00", "complaint", 6))
    programme = log(("2026-02-01T00:00:00", "programme", "all", None))
    cases = {
        "table `changes`": opened(mentions=some),
        "column `kind` of `mentions`": opened(mentions=some.drop(columns="kind"), changes=programme),
        "table `mentions`": opened(changes=programme),
        "the change log has no entry of kind `programme`": opened(
            mentions=some, changes=log(("2026-04-06T08:00:00", "incident", "tv", None))
        ),
    }
    for reason, tables in cases.items():
        found = before_after_programme(tables, months=MONTHS, zone="UTC")
        assert (found.before.reason, found.after.reason) == (reason, reason)
    early = before_after_programme(opened(mentions=some, changes=programme), months=MONTHS, zone="UTC")
    assert early.before.reason == "no whole month of mentions lies before the start of the programme"
