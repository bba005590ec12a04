"""Who enters the stack, by cases that can be checked by eye."""

from __future__ import annotations

import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.sample import IndexRules, build_stack, span_of_data

RULES = IndexRules(before_months=2, after_months=2)
MONTHS = [f"2025-{month:02d}" for month in range(1, 9)]


def everyday(customers: list[str], months=MONTHS, days=(1, 28)) -> pd.DataFrame:
    """Orders of every customer on the first and the 28th of every month, 10 EUR each."""
    rows = [
        (f"o-{customer}-{month}-{day}", customer, f"{month}-{day:02d}T12:00:00", "10.00", "EUR")
        for customer in customers
        for month in months
        for day in days
    ]
    return pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "revenue", "currency"])


def issues(*rows: tuple[str, str, str], filler: bool = True) -> pd.DataFrame:
    """(customer, time, channel); a filler customer has an issue by phone at both ends, so that the span is whole."""
    given = list(rows)
    if filler:
        given += [("filler", "2025-01-01T08:00:00", "phone"), ("filler", "2025-08-30T08:00:00", "phone")]
    return pd.DataFrame(
        [(f"i{number}", *row) for number, row in enumerate(given)],
        columns=["issue_id", "customer_id", "opened_at", "channel"],
    )


def stack_of(company, tables, rules=RULES, attributes=()):
    return build_stack(company(**tables), rules, outcomes=["orders"], attributes=list(attributes))


def test_the_first_issue_of_the_month_decides_the_arm(company) -> None:
    """`a` goes to social first; `b` by phone and then to social in the same month: comparison in that month, and
    never contacted later, because the first social contact is behind it."""
    stack = stack_of(
        company,
        {
            "orders": everyday(["a", "b", "filler"]),
            "issues": issues(
                ("a", "2025-04-03T10:00:00", "social"),
                ("a", "2025-04-20T10:00:00", "phone"),
                ("b", "2025-04-03T10:00:00", "phone"),
                ("b", "2025-04-09T10:00:00", "social"),
                ("b", "2025-05-09T10:00:00", "social"),
            ),
        },
    )
    assert stack.rows["contacted"].tolist() == [True, False]
    assert stack.rows["month"].tolist() == [Month.of("2025-04").number] * 2


def test_a_comparison_customer_may_come_again_and_be_contacted_later(company) -> None:
    stack = stack_of(
        company,
        {
            "orders": everyday(["a", "filler"]),
            "customers": pd.DataFrame({"customer_id": ["a", "filler"], "joined_at": ["2024-01-01T00:00:00"] * 2}),
            "issues": issues(
                ("a", "2025-03-03T10:00:00", "phone"),
                ("a", "2025-04-03T10:00:00", "email"),
                ("a", "2025-05-03T10:00:00", "social"),
                ("a", "2025-06-03T10:00:00", "phone"),
            ),
        },
    )
    months = [str(Month(number)) for number in stack.rows["month"]]
    assert list(zip(months, stack.rows["contacted"], strict=True)) == [
        ("2025-03", False),
        ("2025-04", False),
        ("2025-05", True),
    ]
    assert stack.rows["recent"].tolist() == [0, 1, 2]
    assert stack.rows["lately"].tolist() == [False, True, True]


def test_a_social_message_before_the_issue_is_a_contact_and_the_one_that_opens_it_is_not(company) -> None:
    """`a`'s issue was opened by its own message (same issue id): contacted. `b` had written of something else a month
    before: no longer new. `c` followed up an issue by phone on social: not new either. `d`'s message has no issue id
    and came an hour before the issue: it may have opened it, so `d` is contacted."""
    touchpoints = pd.DataFrame(
        [
            ("t1", "a", "2025-04-03T09:59:00", "social", "inbound", "i0"),
            ("t2", "b", "2025-03-01T09:00:00", "social", "inbound", None),
            ("t3", "c", "2025-03-05T09:00:00", "social", "inbound", "i2"),
            ("t4", "d", "2025-04-03T09:00:00", "social", "inbound", None),
        ],
        columns=["touchpoint_id", "customer_id", "occurred_at", "channel", "direction", "issue_id"],
    )
    stack = stack_of(
        company,
        {
            "orders": everyday(["a", "b", "c", "d", "filler"]),
            "touchpoints": touchpoints,
            "issues": issues(
                ("a", "2025-04-03T10:00:00", "social"),
                ("b", "2025-04-03T10:00:00", "social"),
                ("c", "2025-03-04T10:00:00", "phone"),
                ("c", "2025-04-03T10:00:00", "social"),
                ("d", "2025-04-03T10:00:00", "social"),
                ("filler", "2025-04-05T08:00:00", "phone"),
            ),
        },
    )
    assert stack.rows["contacted"].sum() == 2
    assert stack.account["contacted"] == 2


def test_windows_leave_the_index_month_out_and_keep_zeros(company) -> None:
    orders = pd.concat([everyday(["filler"]), everyday(["a"], months=["2025-02", "2025-04", "2025-06"])])
    stack = stack_of(
        company,
        {
            "orders": orders,
            "customers": pd.DataFrame({"customer_id": ["a", "filler"], "joined_at": ["2024-01-01T00:00:00"] * 2}),
            "issues": issues(("a", "2025-04-03T10:00:00", "social"), ("filler", "2025-04-03T10:00:00", "phone")),
        },
    )
    contacted = stack.rows["contacted"].to_numpy()
    assert stack.monthly["orders"][contacted].tolist() == [[2, 0, 2, 0, 2]]
    assert stack.before("orders")[contacted].tolist() == [2]
    assert stack.after("orders")[contacted].tolist() == [2]
    assert stack.before("orders")[~contacted].tolist() == [4]


def test_windows_must_lie_inside_a_customers_tenure(company) -> None:
    """`late` joined in March, so that April has no two whole months before it; June has."""
    stack = stack_of(
        company,
        {
            "orders": everyday(["late", "filler"]),
            "customers": pd.DataFrame(
                {"customer_id": ["late", "filler"], "joined_at": ["2025-03-10T00:00:00", "2024-01-01T00:00:00"]}
            ),
            "issues": issues(
                ("late", "2025-04-03T10:00:00", "phone"),
                ("late", "2025-06-03T10:00:00", "social"),
                ("filler", "2025-04-03T10:00:00", "phone"),
                ("filler", "2025-06-03T10:00:00", "phone"),
            ),
        },
    )
    seen = [
        (str(Month(month)), contacted)
        for month, contacted in zip(stack.rows["month"], stack.rows["contacted"], strict=True)
    ]
    assert sorted(seen) == [("2025-04", False), ("2025-06", False), ("2025-06", True)]
    assert stack.rows.loc[stack.rows["contacted"], "observed"].tolist() == [2]


def test_a_month_with_fewer_than_25_covered_days_is_no_month_of_data(company) -> None:
    orders = everyday(["a"], days=(1, 28))
    tables = company(orders=orders, issues=issues(("a", "2025-04-03T10:00:00", "social"), filler=False))
    with pytest.raises(DesignError, match="no complete month in common"):
        span_of_data(tables, "UTC")
    late = issues(("a", "2025-01-09T08:00:00", "phone"), ("a", "2025-08-20T08:00:00", "phone"), filler=False)
    first, last = span_of_data(company(orders=orders, issues=late), "UTC")
    assert (str(first), str(last)) == ("2025-02", "2025-07")


def test_windows_that_run_past_the_data_say_what_to_wait_for(company) -> None:
    tables = {"orders": everyday(["a", "filler"]), "issues": issues(("a", "2025-04-03T10:00:00", "social"))}
    with pytest.raises(TooSoon, match="need data to the end of 2026-01"):
        stack_of(company, tables, IndexRules(before_months=6, after_months=6))


def test_nobody_contacted_is_said_so(company) -> None:
    tables = {"orders": everyday(["a", "filler"]), "issues": issues(("a", "2025-04-03T10:00:00", "phone"))}
    with pytest.raises(DesignError, match="no customer whose first social contact"):
        stack_of(company, tables)


def test_touchpoints_stand_in_for_issues(company) -> None:
    touchpoints = pd.DataFrame(
        [
            ("t1", "a", "2025-04-03T09:00:00", "social", "inbound"),
            ("t2", "b", "2025-04-03T09:00:00", "phone", "inbound"),
            ("t3", "b", "2025-04-04T09:00:00", "social", "outbound"),
            ("t4", "filler", "2025-01-01T09:00:00", "phone", "inbound"),
            ("t5", "filler", "2025-08-30T09:00:00", "phone", "inbound"),
        ],
        columns=["touchpoint_id", "customer_id", "occurred_at", "channel", "direction"],
    )
    stack = stack_of(company, {"orders": everyday(["a", "b", "filler"]), "touchpoints": touchpoints})
    assert sorted(stack.rows["contacted"]) == [False, True]


def test_months_begin_in_the_reporting_zone(company) -> None:
    """23:30 UTC on the last of April is already May in London."""
    rules = IndexRules(before_months=2, after_months=2, zone="Europe/London")
    stack = stack_of(
        company,
        {
            "orders": everyday(["a", "filler"]),
            "issues": issues(("a", "2025-04-30T23:30:00", "social"), ("filler", "2025-05-03T10:00:00", "phone")),
        },
        rules,
    )
    assert [str(Month(number)) for number in stack.rows["month"]] == ["2025-05", "2025-05"]


def test_an_attribute_called_like_a_column_of_ours_cannot_be_taken_for_it(company) -> None:
    customers = pd.DataFrame(
        {
            "customer_id": ["a", "filler"],
            "joined_at": ["2024-01-01T00:00:00"] * 2,
            "month": ["x", "y"],
            'q"; --': ["1", "2"],
        }
    )
    stack = stack_of(
        company,
        {
            "orders": everyday(["a", "filler"]),
            "customers": customers,
            "issues": issues(("a", "2025-04-03T10:00:00", "social"), ("filler", "2025-04-03T10:00:00", "phone")),
        },
        attributes=["month", 'q"; --'],
    )
    assert sorted(stack.rows["attribute: month"]) == ["x", "y"]
    assert sorted(stack.rows['attribute: q"; --']) == ["1", "2"]
