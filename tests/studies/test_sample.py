"""Which months do the data cover? By cases that can be checked by eye. Who enters the stack: `test_stack_sql`."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.sample import IndexRules, Span, find_span, span_of_data
from analysis.tables.load import Tables

MONTHS = [f"2025-{month:02d}" for month in range(1, 9)]


def made(company: Any, counts: dict[str, int], months: list[str] = MONTHS, **columns: Any) -> Tables:
    """Two orders and so many issues in each month, spread from its first day to its 28th."""
    orders = [
        (f"{month}-{day}", "a", f"{month}-{day:02d}T12:00:00", "10", "EUR") for month in months for day in (1, 28)
    ]
    issues = [
        (f"i{month}-{place}", f"{month}-{1 + place * 27 // max(count - 1, 1):02d}T08:00:00")
        for month, count in counts.items()
        for place in range(count)
    ]
    return company(
        orders=pd.DataFrame(orders, columns=["order_id", "customer_id", "ordered_at", "revenue", "currency"]),
        issues=pd.DataFrame(issues, columns=["issue_id", "opened_at"]).assign(
            **{"customer_id": "a", "channel": "phone", **columns}
        ),
    )


def months_of(span: Span) -> tuple[str, str, int, list[str]]:
    return str(span.first), str(span.last), span.thin, [str(month) for month in span.holes]


@pytest.mark.parametrize(("days", "months"), [(0, 6), (180, 6), (181, 7), (400, 14)])
def test_customers_are_observed_for_the_longer_of_window_and_look_back(days: int, months: int) -> None:
    assert IndexRules(look_back_days=days).observed_before == months


def test_a_month_with_fewer_than_25_covered_days_is_no_month_of_data(company: Any) -> None:
    tables = made(company, {"2025-04": 1})
    with pytest.raises(DesignError, match="no complete month in common"):
        span_of_data(tables, "UTC")
    late = made(company, {"2025-01": 1, "2025-08": 1}, opened_at=["2025-01-09T08:00:00", "2025-08-20T08:00:00"])
    first, last = span_of_data(late, "UTC")
    assert (str(first), str(last)) == ("2025-02", "2025-07")


def test_a_stray_early_issue_starts_no_span(company: Any) -> None:
    """One issue in January 2024 and 30 a month from January 2025: eleven empty months are no months of data."""
    months = [f"2024-{month:02d}" for month in range(1, 13)] + MONTHS
    span = find_span(made(company, {"2024-01": 1} | dict.fromkeys(MONTHS, 30), months), "UTC")
    assert months_of(span) == ("2025-01", "2025-08", 12, [])
    span.must_hold_every_month()


@pytest.mark.parametrize(("first", "begin"), [(2, "2025-02"), (3, "2025-01")])
def test_the_first_month_has_a_tenth_of_the_median_months_issues(company: Any, first: int, begin: str) -> None:
    counts = {month: 30 + place for place, month in enumerate(MONTHS[:-1], start=-3)} | {
        "2025-08": 30,
        "2025-01": first,
    }
    assert str(find_span(made(company, counts), "UTC").first) == begin


def test_a_month_without_issues_is_a_hole_and_one_with_few_is_not(company: Any) -> None:
    counts = dict.fromkeys(MONTHS, 20) | {"2025-03": 0, "2025-05": 1, "2025-06": 0}
    span = find_span(made(company, counts), "UTC")
    assert months_of(span) == ("2025-01", "2025-08", 0, ["2025-03", "2025-06"])
    with pytest.raises(DesignError, match="no issue of a known customer at all in 2025-03, 2025-06, between months"):
        span.must_hold_every_month()


def test_a_small_company_may_have_months_without_issues(company: Any) -> None:
    counts = dict.fromkeys(MONTHS, 19) | {"2025-01": 1, "2025-05": 0}
    span = find_span(made(company, counts), "UTC")
    assert months_of(span) == ("2025-01", "2025-08", 0, [])
    span.must_hold_every_month()


def test_issues_of_unknown_customers_fill_no_hole(company: Any) -> None:
    counts = dict.fromkeys(MONTHS, 20)
    whose = [None if month == "2025-05" else "a" for month in MONTHS for _ in range(20)]
    assert months_of(find_span(made(company, counts, customer_id=whose), "UTC"))[-1] == ["2025-05"]


def test_the_period_ends_the_span_and_holes_after_it_do_not_matter(company: Any) -> None:
    tables = made(company, dict.fromkeys(MONTHS, 20) | {"2025-07": 0})
    span = find_span(tables, "UTC", Month.of("2025-06"))
    assert (*months_of(span), str(span.held)) == ("2025-01", "2025-06", 0, [], "2025-08")
    assert str(find_span(tables, "UTC", Month.of("2027-01")).last) == "2025-08"
    with pytest.raises(
        DesignError, match=r"2025-01 to 2025-08 in common, and the period ends with 2024-12.*`period.end`"
    ):
        find_span(tables, "UTC", Month.of("2024-12"))


def test_windows_fit_or_name_what_stands_in_the_way() -> None:
    span = Span(Month.of("2025-01"), Month.of("2025-06"), Month.of("2025-08"), 0, (), "issues")
    span.must_fit(IndexRules(before_months=3, after_months=2))
    with pytest.raises(DesignError, match=r"need data to the end of 2025-07: move `period.end`\.$"):
        span.must_fit(IndexRules(before_months=3, after_months=3))
    with pytest.raises(DesignError, match=r"`period.end`, or set a shorter `index.look_back_days`"):
        span.must_fit(IndexRules(before_months=3, after_months=2, look_back_days=150))
    with pytest.raises(TooSoon, match=r"wait for them and move `period.end`, or set shorter windows"):
        span.must_fit(IndexRules())
