"""Who enters the stack and with which numbers, by cases that can be checked by eye; and two roads that must agree."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.inference.cells import Linear
from analysis.studies.sample import IndexRules
from analysis.studies.soundness import unusable_cost, unusable_retained
from analysis.studies.stack import PARTS, Stack, window
from analysis.studies.stack_arrays import ArrayStack
from analysis.studies.stack_sql import OUTCOMES, EngineStack, engine_stack
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

RULES = IndexRules(before_months=2, after_months=2)
MONTHS = [f"2025-{month:02d}" for month in range(1, 9)]
LONG = [f"{year}-{month:02d}" for year in (2024, 2025) for month in range(1, 13)]
EVER = "2020-01-01T00:00:00"


def everyday(customers: Sequence[str], months: Sequence[str] = MONTHS, days: Sequence[int] = (1, 28)) -> pd.DataFrame:
    """Orders of every customer on the first and the 28th of every month, 10 EUR each."""
    rows = [
        (f"o-{customer}-{month}-{day}", customer, f"{month}-{day:02d}T12:00:00", "10.00", "EUR")
        for customer in customers
        for month in months
        for day in days
    ]
    return pd.DataFrame(rows, columns=["order_id", "customer_id", "ordered_at", "revenue", "currency"])


def issues(*rows: tuple[str, str, str], months: Sequence[str] = MONTHS, filler: bool = True) -> pd.DataFrame:
    """(customer, time, channel); a filler customer has an issue by phone at both ends, so that the span is whole."""
    given = list(rows)
    if filler:
        given += [("filler", f"{months[0]}-01T08:00:00", "phone"), ("filler", f"{months[-1]}-30T08:00:00", "phone")]
    return pd.DataFrame(
        [(f"i{number}", *row) for number, row in enumerate(given)],
        columns=["issue_id", "customer_id", "opened_at", "channel"],
    )


def customers(*names: str, **columns: Sequence[Any]) -> pd.DataFrame:
    """Customers of many years."""
    return pd.DataFrame({"customer_id": names, "joined_at": [EVER] * len(names), **columns})


def stack_of(
    company: Any,
    tables: dict[str, pd.DataFrame],
    rules: IndexRules = RULES,
    attributes: Sequence[str] = (),
    outcomes: Sequence[str] = ("orders",),
) -> EngineStack:
    return engine_stack(company(**tables), rules, outcomes=outcomes, attributes=attributes)


def seen(stack: Stack, *columns: str, study: bool = True) -> list[tuple[Any, ...]]:
    """Month and columns of the rows whose after-window is over, in order; of all with `study=False`."""
    rows = stack.rows()
    rows = rows[rows["study"] == 1] if study else rows
    found = rows[list(columns)].itertuples(index=False, name=None)
    return [(str(Month(month)), *row) for month, row in zip(rows["month"], found, strict=True)]


def number(month: str) -> int:
    return Month.of(month).number


def test_the_first_issue_of_the_month_decides_the_arm(company: Any) -> None:
    """`a` goes to social first; `b` by phone and then to social in the same month: comparison in that month, and
    never contacted later, because the first social contact is behind it."""
    tables = {
        "orders": everyday(["a", "b", "filler"]),
        "issues": issues(
            ("a", "2025-04-03T10:00:00", "social"),
            ("a", "2025-04-20T10:00:00", "phone"),
            ("b", "2025-04-03T10:00:00", "phone"),
            ("b", "2025-04-09T10:00:00", "social"),
            ("b", "2025-05-09T10:00:00", "social"),
        ),
    }
    assert seen(stack_of(company, tables), "arm") == [("2025-04", 1), ("2025-04", 0)]


def test_issues_of_the_same_second_are_taken_in_the_order_of_their_ids(company: Any) -> None:
    tables = {
        "orders": everyday(["a", "b", "filler"]),
        "issues": issues(
            ("a", "2025-04-03T10:00:00", "phone"),
            ("a", "2025-04-03T10:00:00", "social"),
            ("b", "2025-04-03T10:00:00", "social"),
            ("b", "2025-04-03T10:00:00", "phone"),
        ),
    }
    assert seen(stack_of(company, tables), "arm") == [("2025-04", 0), ("2025-04", 1)]


def test_a_comparison_customer_may_come_again_and_be_contacted_later(company: Any) -> None:
    tables = {
        "orders": everyday(["a", "filler"]),
        "customers": customers("a", "filler"),
        "issues": issues(
            ("a", "2025-03-03T10:00:00", "phone"),
            ("a", "2025-04-03T10:00:00", "email"),
            ("a", "2025-05-03T10:00:00", "social"),
            ("a", "2025-06-03T10:00:00", "phone"),
        ),
    }
    assert seen(stack_of(company, tables), "arm", "recent", "lately", "earlier") == [
        ("2025-03", 0, 0, 0, 0),
        ("2025-04", 0, 1, 1, 1),
        ("2025-05", 1, 2, 1, 2),
    ]


def test_history_counts_issues_of_six_and_of_three_months_and_all_up_to_four(company: Any) -> None:
    """Index month September 2024. Issues 8 months before (2), 6 months before (1), 4 months before (1); a second one
    inside the index month is no history. In March 2025 all five lie behind: 4 or more."""
    tables = {
        "orders": everyday(["a", "b", "filler"], LONG),
        "customers": customers("a", "b", "filler"),
        "issues": issues(
            ("a", "2024-01-03T10:00:00", "phone"),
            ("a", "2024-01-04T10:00:00", "phone"),
            ("a", "2024-03-31T23:00:00", "phone"),
            ("a", "2024-05-01T00:00:00", "phone"),
            ("a", "2024-09-03T10:00:00", "phone"),
            ("a", "2024-09-04T10:00:00", "phone"),
            ("a", "2025-03-01T10:00:00", "phone"),
            ("b", "2024-09-03T10:00:00", "social"),
            months=LONG,
        ),
    }
    found = {month: row for month, *row in seen(stack_of(company, tables), "customer", "recent", "lately", "earlier")}
    assert found["2024-05"] == [0, 2, 1, 3]
    assert found["2025-03"] == [0, 2, 0, 4]
    rows = stack_of(company, tables).rows()
    september = rows[(rows["month"] == number("2024-09")) & (rows["arm"] == 0)]
    assert september[["recent", "lately", "earlier"]].values.tolist() == [[2, 0, 4]]


def test_a_social_message_before_the_issue_is_a_contact_and_the_one_that_opens_it_is_not(company: Any) -> None:
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
    tables = {
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
    }
    stack = stack_of(company, tables)
    assert [arm for _, arm in seen(stack, "arm")].count(1) == 2
    assert stack.account["contacted"] == 2


def test_a_message_just_before_an_issue_by_phone_is_a_contact(company: Any) -> None:
    """Messages without an issue id. `a` wrote two hours before phoning: no comparison row, in no later month either.
    `b` wrote two hours before an issue on social: contacted. `c` wrote two hours after phoning: compared."""
    written = [("a", "08:00"), ("b", "08:00"), ("c", "12:00")]
    tables = {
        "orders": everyday(["a", "b", "c", "filler"]),
        "customers": customers("a", "b", "c", "filler"),
        "touchpoints": pd.DataFrame(
            [(f"t{name}", name, f"2025-04-03T{at}:00", "social", "inbound") for name, at in written],
            columns=["touchpoint_id", "customer_id", "occurred_at", "channel", "direction"],
        ),
        "issues": issues(
            ("a", "2025-04-03T10:00:00", "phone"),
            ("a", "2025-05-03T10:00:00", "phone"),
            ("b", "2025-04-03T10:00:00", "social"),
            ("c", "2025-04-03T10:00:00", "phone"),
        ),
    }
    assert seen(stack_of(company, tables), "customer", "arm") == [("2025-04", 0, 1), ("2025-04", 1, 0)]
    tables["touchpoints"] = tables["touchpoints"][1:]
    assert seen(stack_of(company, tables), "arm") == [("2025-04", 0), ("2025-05", 0), ("2025-04", 1), ("2025-04", 0)]


def test_issues_before_the_data_count_as_earlier_ones(company: Any) -> None:
    """Orders begin in January 2025. `a` had issues four and six months before March, `b` eight months before, and
    `c` none; `d` used social before the data."""
    tables = {
        "orders": everyday([*"abcd", "filler"]),
        "customers": customers(*"abcd", "filler"),
        "issues": issues(
            ("a", "2024-09-03T10:00:00", "phone"),
            ("a", "2024-11-03T10:00:00", "phone"),
            ("b", "2024-07-03T10:00:00", "phone"),
            ("d", "2024-07-03T10:00:00", "social"),
            *((name, "2025-03-03T10:00:00", "social" if name == "c" else "phone") for name in "abcd"),
        ),
    }
    stack = stack_of(company, tables, outcomes=["issues"])
    assert seen(stack, "recent", "lately", "earlier") == [
        ("2025-03", 2, 0, 2), ("2025-03", 0, 0, 1), ("2025-03", 0, 0, 0)
    ]  # fmt: skip
    assert not stack.rows()[list(window("issues", -6, -1))].to_numpy().any()


def test_the_account_adds_up(company: Any) -> None:
    """Customers with a social issue, one for each way not to be contacted: `short` joined in March, `joins` after
    the data; `early` was on social before two months of data had passed, `before` before the data; `late` in July,
    `after` after the data; `second` phoned first in the month; `wrote` a message in March; `nobody` has no date of
    joining and no order. `a` and `b` are contacted, `b` again in May."""
    names = ["short", "joins", "early", "before", "late", "after", "second", "wrote", "nobody", "a", "b", "filler"]
    starts = {"short": "2025-03-10T00:00:00", "joins": "2025-12-01T00:00:00", "nobody": None}
    joined = [starts.get(name, EVER) for name in names]
    tables = {
        "orders": everyday([name for name in names if name != "nobody"]),
        "customers": pd.DataFrame({"customer_id": names, "joined_at": joined}),
        "touchpoints": pd.DataFrame(
            [("t1", "wrote", "2025-03-03T10:00:00", "social", "inbound")],
            columns=["touchpoint_id", "customer_id", "occurred_at", "channel", "direction"],
        ),
        "issues": issues(
            *(
                (name, "2025-04-03T10:00:00", "social")
                for name in ("short", "joins", "second", "wrote", "nobody", "a", "b")
            ),
            ("early", "2025-02-03T10:00:00", "social"),
            ("before", "2024-12-03T10:00:00", "social"),
            ("before", "2025-04-03T10:00:00", "social"),
            ("late", "2025-07-03T10:00:00", "social"),
            ("after", "2025-09-03T10:00:00", "social"),
            ("second", "2025-04-02T10:00:00", "phone"),
            ("b", "2025-05-03T10:00:00", "social"),
            ("filler", "2025-04-03T10:00:00", "phone"),
        ),
    }
    account = stack_of(company, tables).account
    reasons = {
        "left_out_history_too_short_before": 4,
        "left_out_window_not_over": 2,
        "left_out_social_not_the_first_issue_of_its_month": 1,
        "left_out_social_message_before": 1,
        "left_out_start_unknown": 1,
    }
    assert {name: account[name] for name in account if name.startswith("left_out")} == reasons
    assert account["contacted"] == 2
    assert account["customers_with_a_social_issue"] == 11 == sum(reasons.values()) + account["contacted"]


def often(counts: dict[str, int]) -> pd.DataFrame:
    """So many issues by phone in each month, one of `a` on social in April."""
    rows = [
        ("filler", f"{month}-{1 + place * 27 // max(count - 1, 1):02d}T10:00:00", "phone")
        for month, count in counts.items()
        for place in range(count)
    ]
    return issues(("a", "2025-04-03T10:00:00", "social"), *rows, filler=False)


def test_a_month_without_issues_is_a_hole_where_months_have_many(company: Any) -> None:
    """20 issues a month and none in June: refused, by its name. With 19 it may be chance."""
    orders = everyday(["a", "filler"])
    counts = {month: 0 if month == "2025-06" else 20 for month in MONTHS}
    with pytest.raises(DesignError, match="`issues` holds no issue of a known customer at all in 2025-06, between"):
        stack_of(company, {"orders": orders, "issues": often(counts)})
    fewer = {month: min(count, 19) for month, count in counts.items()}
    assert len(seen(stack_of(company, {"orders": orders, "issues": often(fewer)}), "arm")) > 1
    touchpoints = often(counts).set_axis(["touchpoint_id", "customer_id", "occurred_at", "channel"], axis=1)
    touchpoints["direction"] = "inbound"
    with pytest.raises(DesignError, match=r"`touchpoints` holds no inbound contact .* in 2025-06"):
        stack_of(company, {"orders": orders, "touchpoints": touchpoints})


def test_first_months_with_next_to_no_issues_are_left_out_and_the_account_says_so(company: Any) -> None:
    counts = {month: 1 if month == "2025-01" else 20 for month in MONTHS}
    stack = stack_of(company, {"orders": everyday(["a", "filler"]), "issues": often(counts)})
    assert str(stack.layout.begin) == "2025-02"
    assert stack.account["first_months_left_out_for_few_issues"] == 1
    counts["2025-01"] = 2
    stack = stack_of(company, {"orders": everyday(["a", "filler"]), "issues": often(counts)})
    assert str(stack.layout.begin) == "2025-01"
    assert "first_months_left_out_for_few_issues" not in stack.account


def test_windows_leave_the_index_month_out_and_keep_zeros(company: Any) -> None:
    orders = pd.concat([everyday(["filler"]), everyday(["a"], months=["2025-02", "2025-04", "2025-06"])])
    tables = {
        "orders": orders,
        "customers": customers("a", "filler"),
        "issues": issues(("a", "2025-04-03T10:00:00", "social"), ("filler", "2025-04-03T10:00:00", "phone")),
    }
    stack = stack_of(company, tables, outcomes=("revenue", "repurchased"))
    rows = stack.rows()
    contacted = rows[rows["arm"] == 1]
    assert contacted[list(window("orders", -6, 2))].values.tolist() == [[0, 0, 0, 0, 2, 0, 2, 0, 2]]
    assert contacted[list(window("revenue", -2, 2))].values.tolist() == [[20, 0, 20, 0, 20]]
    assert contacted[["repurchased_before", "repurchased_after"]].values.tolist() == [[1, 1]]
    assert rows.loc[rows["arm"] == 0, list(window("orders", -2, -1))].values.tolist() == [[2, 2]]


def test_windows_must_lie_inside_a_customers_tenure(company: Any) -> None:
    """`late` joined in March, so that April has no two whole months before it; June has."""
    tables = {
        "orders": everyday(["late", "filler"]),
        "customers": pd.DataFrame({"customer_id": ["late", "filler"], "joined_at": ["2025-03-10T00:00:00", EVER]}),
        "issues": issues(
            ("late", "2025-04-03T10:00:00", "phone"),
            ("late", "2025-06-03T10:00:00", "social"),
            ("filler", "2025-04-03T10:00:00", "phone"),
            ("filler", "2025-06-03T10:00:00", "phone"),
        ),
    }
    assert sorted(seen(stack_of(company, tables), "arm", "observed")) == [
        ("2025-04", 0, 3),
        ("2025-06", 0, 5),
        ("2025-06", 1, 2),
    ]


def test_windows_that_run_past_the_data_say_what_to_wait_for(company: Any) -> None:
    tables = {"orders": everyday(["a", "filler"]), "issues": issues(("a", "2025-04-03T10:00:00", "social"))}
    with pytest.raises(TooSoon, match="need data to the end of 2026-01"):
        stack_of(company, tables, IndexRules(before_months=6, after_months=6))


def test_windows_that_do_not_fit_name_the_setting_that_binds(company: Any) -> None:
    """Eight months of data: the period's end, the look-back, or both windows stand in the way."""
    tables = {"orders": everyday(["a", "filler"]), "issues": issues(("a", "2025-04-03T10:00:00", "social"))}
    until = Month.of("2025-04")
    with pytest.raises(
        DesignError, match=r"the period ends with 2025-04.* end of 2025-05: move `period.end`\.$"
    ) as told:
        stack_of(company, tables, IndexRules(before_months=2, after_months=2, until=until))
    assert not isinstance(told.value, TooSoon)
    back = r"12 months before \(`index.look_back_days` is 360\).*wait for them, or set a shorter `index.look_back_days`"
    with pytest.raises(TooSoon, match=back):
        stack_of(company, tables, IndexRules(before_months=2, after_months=2, look_back_days=360))
    with pytest.raises(TooSoon, match=r"wait for them and move `period.end`, or set shorter windows under `index`\.$"):
        stack_of(company, tables, IndexRules(before_months=6, after_months=6, until=until))


def test_nobody_contacted_is_said_so_and_so_is_nobody_to_compare(company: Any) -> None:
    tables = {"orders": everyday(["a", "filler"]), "issues": issues(("a", "2025-04-03T10:00:00", "phone"))}
    with pytest.raises(DesignError, match="no customer whose first social contact"):
        stack_of(company, tables)
    tables["issues"] = issues(("a", "2025-04-03T10:00:00", "social"))
    with pytest.raises(DesignError, match="no comparison customer"):
        stack_of(company, tables)


def test_a_month_without_orders_is_a_hole_unless_only_the_studied_bought_nothing(company: Any) -> None:
    """Nobody bought in May: refused. Where only a customer without an issue did, the month is no hole."""
    months = [month for month in MONTHS if month != "2025-05"]
    tables = {
        "orders": everyday(["a", "filler"], months),
        "issues": issues(("a", "2025-04-03T10:00:00", "social"), ("filler", "2025-04-03T10:00:00", "phone")),
    }
    with pytest.raises(DesignError, match="no order at all in 2025-05"):
        stack_of(company, tables)
    tables["orders"] = pd.concat([tables["orders"], everyday(["stranger"], ["2025-05"])])
    assert len(seen(stack_of(company, tables))) == 2


def test_an_outcome_nobody_knows_is_refused_by_name(company: Any) -> None:
    tables = {"orders": everyday(["a", "filler"]), "issues": issues(("a", "2025-04-03T10:00:00", "social"))}
    with pytest.raises(DesignError, match="No stack holds happiness"):
        stack_of(company, tables, outcomes=("orders", "happiness"))


def test_touchpoints_stand_in_for_issues(company: Any) -> None:
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
    assert seen(stack, "arm") == [("2025-04", 1), ("2025-04", 0)]


def test_months_begin_in_the_reporting_zone(company: Any) -> None:
    """23:30 UTC on the last of April is already May in London."""
    rules = IndexRules(before_months=2, after_months=2, zone="Europe/London")
    tables = {
        "orders": everyday(["a", "filler"]),
        "issues": issues(("a", "2025-04-30T23:30:00", "social"), ("filler", "2025-05-03T10:00:00", "phone")),
    }
    assert [month for month, *_ in seen(stack_of(company, tables, rules))] == ["2025-05", "2025-05"]


def test_attributes_are_codes_in_the_order_of_their_text_and_cannot_be_taken_for_a_column_of_ours(company: Any) -> None:
    """`b` has no colour: -1. Products are coded the same way; an issue's own comes before its customer's."""
    tables = {
        "orders": everyday(["a", "b", "filler"]),
        "customers": customers(
            "a", "b", "filler", month=["zinc", None, "amber"], **{'q"; --': ["1", "2", "3"]}, product=["tv", None, "tv"]
        ),
        "issues": issues(
            ("a", "2025-04-03T10:00:00", "social"),
            ("b", "2025-04-03T10:00:00", "phone"),
            ("filler", "2025-04-03T10:00:00", "phone"),
        ).assign(product=[None, None, "mobile", None, None]),
    }
    stack = stack_of(company, tables, attributes=["month", 'q"; --'])
    assert stack.layout.labels == {"product": ("", "mobile", "tv"), "a0": ("amber", "zinc"), "a1": ("1", "2", "3")}
    assert seen(stack, "a0", "a1", "product") == [("2025-04", 1, 0, 2), ("2025-04", -1, 1, 0), ("2025-04", 0, 2, 1)]


def test_the_gate_of_future_contacts_takes_customers_whose_next_issue_is_four_months_later(company: Any) -> None:
    """After an issue by phone in February 2025: `a`'s next is on social four months on (2), `b`'s by phone (1), `c`'s
    three months on (0), `d` has none (0), `e` has another in the same month (0), `f` writes on social in between (0).
    `g`'s index issue went to social itself (0)."""
    index = "2025-02-03T10:00:00"
    tables = {
        "orders": everyday([*"abcdefg", "filler"]),
        "customers": customers(*"abcdefg", "filler"),
        "issues": issues(
            *((name, index, "phone") for name in "abcdef"),
            ("g", index, "social"),
            ("a", "2025-06-01T10:00:00", "social"),
            ("b", "2025-06-01T10:00:00", "phone"),
            ("c", "2025-05-31T10:00:00", "social"),
            ("e", "2025-02-09T10:00:00", "phone"),
            ("e", "2025-07-09T10:00:00", "social"),
            ("f", "2025-07-09T10:00:00", "social"),
            ("g", "2025-07-09T10:00:00", "phone"),
        ),
        "touchpoints": pd.DataFrame(
            [("t1", "f", "2025-04-01T10:00:00", "social", "inbound")],
            columns=["touchpoint_id", "customer_id", "occurred_at", "channel", "direction"],
        ),
    }
    stack = stack_of(company, tables, IndexRules(before_months=1, after_months=3))
    rows = stack.rows()
    february = rows[rows["month"] == number("2025-02")]
    assert february["future"].tolist() == [2, 1, 0, 0, 0, 0, 0]
    cells = stack.cells(("arm",), where="future", measures=["orders_p1"])
    assert (cells.keys["arm"].tolist(), cells.n.tolist(), cells.sums["orders_p1"].tolist()) == ([0, 1], [1, 1], [2, 2])


def test_an_issue_outside_the_data_is_nobodys_next_issue(company: Any) -> None:
    tables = {
        "orders": everyday(["a", "b", "filler"]),
        "customers": customers("a", "b", "filler"),
        "issues": issues(
            ("a", "2025-02-03T10:00:00", "phone"),
            ("b", "2025-02-03T10:00:00", "social"),
            ("a", "2025-08-02T10:00:00", "social"),
        ),
    }
    rules = IndexRules(before_months=1, after_months=2, until=Month.of("2025-07"))
    assert stack_of(company, tables, rules).rows()["future"].tolist() == [0, 0]
    rules = IndexRules(before_months=1, after_months=2)
    assert stack_of(company, tables, rules).rows()["future"].tolist() == [2, 0]


def test_rows_of_whom_only_three_months_are_over_are_not_in_the_study(company: Any) -> None:
    """Data to August, five months after: March is the last mature month, May the last with three months."""
    tables = {
        "orders": everyday(["a", "b", "filler"]),
        "customers": customers("a", "b", "filler"),
        "issues": issues(
            ("a", "2025-03-03T10:00:00", "social"),
            ("b", "2025-03-03T10:00:00", "phone"),
            ("b", "2025-05-03T10:00:00", "phone"),
            ("b", "2025-06-03T10:00:00", "phone"),
        ),
    }
    stack = stack_of(company, tables, IndexRules(before_months=2, after_months=5))
    assert seen(stack, "arm", "study", study=False) == [("2025-03", 1, 1), ("2025-03", 0, 1), ("2025-05", 0, 0)]
    assert [stack.cells((), where=part).n.tolist() for part in PARTS] == [[2], [1], [3], []]


def test_the_early_window_ends_seven_months_before(company: Any) -> None:
    """Index month March 2025, before-window of two months: early is July and August 2024, months -8 and -7."""
    orders = pd.concat([everyday(["filler"], LONG), everyday(["a"], ["2024-06", "2024-07", "2024-08", "2024-09"], [5])])
    orders.loc[orders["customer_id"] == "a", "revenue"] = ["1.00", "2.00", "3.50", "7.25"]
    tables = {
        "orders": orders,
        "customers": customers("a", "filler"),
        "issues": issues(
            ("a", "2025-03-03T10:00:00", "social"), ("filler", "2025-03-03T10:00:00", "phone"), months=LONG
        ),
    }
    rows = stack_of(company, tables, outcomes=("revenue",)).rows()
    assert rows.loc[rows["arm"] == 1, ["orders_early", "revenue_early", "revenue_m6"]].values.tolist() == [
        [2, 5.5, 7.25]
    ]


def test_refunds_and_many_digits_are_held_exactly(company: Any) -> None:
    """-3.123456 in one month, 250,000,000.01 and 0.1 in another: too large for a double with six digits to be taken
    on trust, and below nought."""
    orders = everyday(["a", "filler"])
    months = orders["ordered_at"].str.slice(0, 7)
    own = orders["customer_id"] == "a"
    orders.loc[own & (months == "2025-03"), "revenue"] = ["-3.123456", "0"]
    orders.loc[own & (months == "2025-05"), "revenue"] = ["250000000.01", "0.1"]
    tables = {
        "orders": orders,
        "issues": issues(("a", "2025-04-03T10:00:00", "social"), ("filler", "2025-04-03T10:00:00", "phone")),
    }
    stack = stack_of(company, tables, outcomes=("revenue",))
    rows = stack.rows()
    assert rows.loc[rows["arm"] == 1, list(window("revenue", -1, 1))].values.tolist() == [[-3.123456, 20, 250000000.11]]
    product = (("revenue_m1",), ("revenue_p1",))
    cells = stack.cells(("arm",), measures=["revenue_m1"], products=[product])
    assert cells.sums["revenue_m1"].tolist() == [20, -3.123456]
    assert cells.products[product].tolist() == pytest.approx([400, -3.123456 * 250000000.11], rel=1e-15)


def test_issues_are_counted_around_the_index_month(company: Any) -> None:
    tables = {
        "orders": everyday(["a", "filler"]),
        "customers": customers("a", "filler"),
        "issues": issues(
            ("a", "2025-02-03T10:00:00", "phone"),
            ("a", "2025-04-03T10:00:00", "phone"),
            ("a", "2025-04-05T10:00:00", "phone"),
            ("a", "2025-06-05T10:00:00", "phone"),
            ("filler", "2025-05-03T10:00:00", "social"),
        ),
    }
    rows = stack_of(company, tables, outcomes=("issues",)).rows()
    april = rows[rows["month"] == number("2025-04")]
    assert april[list(window("issues", -3, 2))].values.tolist() == [[0, 1, 0, 2, 0, 1]]


def costly(costs: list[str | None]) -> dict[str, pd.DataFrame]:
    """`a` on social in April and by phone in April, May, June and July; `filler` by phone in April."""
    given = issues(
        ("a", "2025-04-03T10:00:00", "social"),
        ("a", "2025-04-20T10:00:00", "phone"),
        ("a", "2025-05-31T10:00:00", "phone"),
        ("a", "2025-06-01T10:00:00", "phone"),
        ("a", "2025-07-01T10:00:00", "phone"),
        ("filler", "2025-04-03T10:00:00", "phone"),
    )
    return {
        "orders": everyday(["a", "filler"]),
        "customers": customers("a", "filler"),
        "issues": given.assign(cost=costs, currency=[None if cost is None else "EUR" for cost in costs]),
    }


COSTS = ("support_cost", "index_issue_cost")


def test_costs_are_those_of_the_index_issue_and_of_later_months(company: Any) -> None:
    tables = costly(["1.50", "20", "4.25", "5", "60", "7", "8", "9"])
    stack = stack_of(company, tables, outcomes=COSTS)
    assert seen(stack, "arm", "index_issue_cost", "support_cost_after") == [
        ("2025-04", 1, 1.5, 9.25),
        ("2025-04", 0, 7, 0),
    ]
    assert unusable_cost(company(**tables), "UTC") is None


def test_an_issue_without_a_cost_takes_the_unit_cost_in_force_on_its_local_day(company: Any) -> None:
    """Phone costs 3 from January and 4 from 1 June: an issue at 23:30 UTC on 31 May is of June in London."""
    tables = costly([None, "20", "4.25", "5", "60", None, "8", "9"])
    tables["issues"].loc[2, ["opened_at", "cost", "currency"]] = ["2025-05-31T23:30:00", None, None]
    prices = [("phone", "2025-01-01", "3"), ("phone", "2025-06-01", "4"), ("social", "2025-01-01", "1.25")]
    tables["unit_costs"] = pd.DataFrame(
        [(channel, "issue", day, cost, "EUR", "ledger") for channel, day, cost in prices]
        + [("phone", "contact", "2025-01-01", "99", "EUR", "ledger")],
        columns=["channel", "per", "effective_from", "marginal", "currency", "source"],
    )
    opened = company(**tables)
    stack = engine_stack(opened, RULES, outcomes=COSTS)
    assert seen(stack, "arm", "index_issue_cost", "support_cost_after") == [
        ("2025-04", 1, 1.25, 8),
        ("2025-04", 0, 3, 0),
    ]
    london = IndexRules(before_months=2, after_months=2, zone="Europe/London")
    stack = engine_stack(opened, london, outcomes=COSTS)
    assert [cost for *_, cost in seen(stack, "support_cost_after")] == [9, 0]
    assert unusable_cost(opened, "UTC") is None


def test_a_missing_cost_is_not_a_cost_of_nought(company: Any) -> None:
    tables = costly([None, "20", "4.25", "5", "60", "7", "8", "9"])
    assert "1 of 8 issues have no cost" in str(unusable_cost(company(**tables), "UTC"))
    with pytest.raises(DesignError, match="1 of 8 issues of the customers studied have no cost"):
        stack_of(company, tables, outcomes=COSTS)


def test_costs_in_two_currencies_have_no_sum(company: Any) -> None:
    tables = costly([None, "20", "4.25", "5", "60", "7", "8", "9"])
    tables["unit_costs"] = pd.DataFrame(
        [("social", "issue", "2025-01-01", "1.25", "GBP", "ledger")],
        columns=["channel", "per", "effective_from", "marginal", "currency", "source"],
    )
    assert "EUR and GBP" in str(unusable_cost(company(**tables), "UTC"))


def test_costs_in_another_currency_than_orders_are_not_told_in_that_of_orders(company: Any) -> None:
    tables = costly(["1", "20", "4.25", "5", "60", "7", "8", "9"])
    assert unusable_cost(company(**tables), "UTC") is None
    tables["issues"] = tables["issues"].assign(currency="GBP")
    assert "costs are in GBP and orders in EUR" in str(unusable_cost(company(**tables), "UTC"))


def test_where_there_are_no_issues_costs_are_those_of_touchpoints(company: Any) -> None:
    """`a`'s issue took two contacts, one answered by us: 1 + 2. In May one contact more: 4."""
    touchpoints = pd.DataFrame(
        [
            ("t1", "a", "2025-04-03T09:00:00", "social", "inbound", "i1", "1"),
            ("t2", "a", "2025-04-04T09:00:00", "social", "outbound", "i1", "2"),
            ("t3", "a", "2025-05-04T09:00:00", "phone", "inbound", None, "4"),
            ("t4", "b", "2025-04-03T09:00:00", "phone", "inbound", None, "8"),
            ("t5", "filler", "2025-01-01T09:00:00", "phone", "inbound", None, "16"),
            ("t6", "filler", "2025-08-30T09:00:00", "phone", "inbound", None, "32"),
        ],
        columns=["touchpoint_id", "customer_id", "occurred_at", "channel", "direction", "issue_id", "cost"],
    ).assign(currency="EUR")
    tables = {"orders": everyday(["a", "b", "filler"]), "touchpoints": touchpoints}
    found = seen(stack_of(company, tables, outcomes=COSTS), "arm", "index_issue_cost", "support_cost_after")
    assert found[0] == ("2025-04", 1, 3, 4)
    assert ("2025-04", 0, 8, 0) in found


def test_who_holds_a_running_subscription_before_and_after(company: Any) -> None:
    """Index month April, two months after: 1 April and 1 July count, months as London has them.

    `a`'s ended on 10 May: before, not after. `b`'s moved to a new one on 5 May: both. `c`'s began on 1 April at
    midnight: not before, but after. `d`'s ended at 23:00 UTC on 30 June, the instant London's July begins: both.
    `e` never had one."""
    names = [*"abcde", "filler"]
    held = [
        ("a", "2024-01-01T00:00:00", "2025-05-10T00:00:00", "cancelled"),
        ("b", "2024-01-01T00:00:00", "2025-05-05T00:00:00", "moved"),
        ("b", "2025-05-05T00:00:00", None, None),
        ("c", "2025-03-31T23:00:00", None, None),
        ("d", "2025-02-01T00:00:00", "2025-06-30T23:00:00", "lapsed"),
    ]
    tables = {
        "orders": everyday(names),
        "customers": customers(*names),
        "issues": issues(*((name, "2025-04-03T10:00:00", "phone" if name > "a" else "social") for name in "abcde")),
        "subscriptions": pd.DataFrame(
            [(f"s{place}", *row) for place, row in enumerate(held)],
            columns=["subscription_id", "customer_id", "started_at", "ended_at", "end_kind"],
        ),
    }
    london = IndexRules(before_months=2, after_months=2, zone="Europe/London")
    opened = company(**tables)
    stack = engine_stack(opened, london, outcomes=["retained"])
    assert seen(stack, "retained_before", "retained_after") == [
        ("2025-04", 1, 0), ("2025-04", 1, 1), ("2025-04", 0, 1), ("2025-04", 1, 1), ("2025-04", 0, 0)
    ]  # fmt: skip
    assert unusable_retained(opened) is None
    del tables["subscriptions"]
    assert "no table `subscriptions`" in str(unusable_retained(company(**tables)))


def test_two_stacks_of_one_company_stand_beside_each_other(company: Any) -> None:
    tables = company(
        orders=everyday(["a", "filler"]),
        issues=issues(("a", "2025-04-03T10:00:00", "social"), ("filler", "2025-04-05T10:00:00", "phone")),
    )
    one = engine_stack(tables, RULES, outcomes=["orders"])
    before = one.rows()
    other = engine_stack(tables, IndexRules(before_months=1, after_months=3), outcomes=["issues"])
    pd.testing.assert_frame_equal(one.rows(), before)
    assert (one.layout.after, other.layout.after) == (2, 3)
    kept = "select table_name as name from duckdb_tables()"
    assert len(tables.engine.query(kept)) == 0


def test_a_stack_that_is_refused_leaves_nothing_behind(company: Any) -> None:
    tables = company(orders=everyday(["a", "filler"]), issues=issues(("a", "2025-04-03T10:00:00", "phone")))
    with pytest.raises(DesignError):
        engine_stack(tables, RULES, outcomes=["orders"])
    assert len(tables.engine.query("select table_name as name from duckdb_tables()")) == 0


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    home: Path = tmp_path_factory.mktemp("demo")
    make_world(home / "world", world="demo", seed=11, customers=4_000)
    with open_tables(prepare([Source(home / "world")], cache=home / "cache", zone="Europe/London")) as tables:
        yield tables


@pytest.fixture(scope="module")
def roads(demo: Tables) -> tuple[EngineStack, ArrayStack]:
    """The stack in the engine, and its rows in arrays."""
    stack = engine_stack(demo, IndexRules(zone="Europe/London"), outcomes=OUTCOMES, attributes=("region",))
    return stack, ArrayStack(stack.rows(), stack.layout)


KEYS = ("arm", "month", "product", "recent", "lately", "observed", "a0")
PRODUCTS = (
    (window("orders", -6, -1), window("orders", 1, 6)),
    (window("revenue", -6, -1), window("revenue", -6, -1)),
    (("margin_0",), ("support_cost_after",)),
    (("issues_p1",), ()),
)


def linears(n: int, seed: int = 3) -> list[Linear]:
    rng = np.random.default_rng(seed)
    measures = (
        (window("revenue", -6, -1), window("revenue", 1, 6)),
        (window("orders", 1, 3), ()),
        (),
        (("issues_0",),),
    )
    return [
        Linear(f"l{place}", chosen, rng.normal(size=(n, len(chosen) + 1)) * 10.0 ** rng.integers(-6, 6))
        for place, chosen in enumerate(measures)
    ]


@pytest.mark.parametrize("part", PARTS)
def test_both_roads_count_the_same_cells(roads: tuple[EngineStack, ArrayStack], part: str) -> None:
    """Sums are whole numbers: the only difference is how the arrays round on the way, 1e-12 of the size."""
    found, expected = (
        stack.cells(KEYS, where=part, measures=stack.layout.measures, products=PRODUCTS) for stack in roads
    )
    assert all(np.array_equal(found.keys[name], expected.keys[name]) for name in KEYS)
    assert np.array_equal(found.n, expected.n)
    assert set(found.sums) == set(expected.sums) == set(roads[0].layout.measures)
    for name, values in expected.sums.items():
        assert np.allclose(found.sums[name], values, rtol=1e-12, atol=1e-9), name
    for one, values in expected.products.items():
        assert np.allclose(found.products[one], values, rtol=1e-12, atol=1e-9), one


@pytest.mark.parametrize("joint", [True, False])
@pytest.mark.parametrize("part", PARTS)
def test_both_roads_find_the_same_influences(roads: tuple[EngineStack, ArrayStack], part: str, joint: bool) -> None:
    stack, arrays = roads
    cells = stack.cells(KEYS, where=part)
    asked = linears(len(cells))
    found = stack.influences(cells, asked, where=part, joint=joint)
    expected = arrays.influences(arrays.cells(KEYS, where=part), asked, where=part, joint=joint)
    size = np.sqrt(np.outer(np.diag(expected.covariance), np.diag(expected.covariance)))
    assert found.names == expected.names
    assert np.abs(found.covariance - expected.covariance).max() > 0 or not joint
    assert (np.abs(found.covariance - expected.covariance) <= 1e-12 * size).all()
    assert np.array_equal(found.covariance, found.covariance.T)
    assert np.allclose(found.largest, expected.largest, rtol=1e-11, atol=0)


@pytest.mark.parametrize("part", PARTS)
def test_both_roads_count_the_same_customers(roads: tuple[EngineStack, ArrayStack], part: str) -> None:
    stack, arrays = roads
    cells = stack.cells(KEYS, where=part)
    masks = np.random.default_rng(5).random((5, len(cells))) < np.array([[0.0], [0.01], [0.3], [0.9], [1.0]])
    found = stack.customers(cells, masks, where=part)
    assert np.array_equal(found, arrays.customers(arrays.cells(KEYS, where=part), masks, where=part))
    assert found[0] == 0
    rows = stack.rows()
    inside = {"study": rows["study"] == 1, "future": rows["future"] > 0, "main": rows["month"] > 0}
    inside["recent"] = rows["study"] == 0
    assert found[-1] == rows.loc[inside[part], "customer"].nunique()


def test_rows_of_no_cell_add_nothing(roads: tuple[EngineStack, ArrayStack]) -> None:
    """Half of the cells, in another order, against all cells with weights of nought in the other half."""
    stack, _ = roads
    cells = stack.cells(KEYS)
    (asked, *_) = linears(len(cells))
    chosen = np.random.default_rng(1).permutation(len(cells))[: len(cells) // 2]
    some = type(cells)({name: key[chosen] for name, key in cells.keys.items()}, cells.n[chosen], {})
    inside = np.zeros((len(cells), 1))
    inside[chosen] = 1.0
    whole = stack.influences(cells, [Linear("w", asked.measures, asked.weights * inside)])
    part = stack.influences(some, [Linear("w", asked.measures, asked.weights[chosen])])
    assert part.covariance == pytest.approx(whole.covariance, rel=1e-13)
    assert stack.customers(some, np.ones((1, len(some)), dtype=bool)) == stack.customers(cells, inside.T > 0)


def test_the_same_answer_comes_from_another_stack_of_the_same_company(
    demo: Tables, roads: tuple[EngineStack, ArrayStack]
) -> None:
    """To the last digit."""
    again = engine_stack(demo, IndexRules(zone="Europe/London"), outcomes=OUTCOMES, attributes=("region",))
    pd.testing.assert_frame_equal(again.rows(), roads[0].rows(), check_exact=True)
    one, other = (
        stack.influences(cells, linears(len(cells))) for stack, cells in ((s, s.cells(KEYS)) for s in (again, roads[0]))
    )
    assert np.array_equal(one.covariance, other.covariance)
    again.forget()


def test_only_what_the_outcomes_need_is_held(demo: Tables) -> None:
    stack = engine_stack(demo, IndexRules(zone="Europe/London"), outcomes=["retained"])
    columns = set(stack.rows().columns)
    stack.forget()
    assert {"orders_m6", "orders_early", "retained_after"} <= columns
    assert not any(
        name.startswith(("revenue", "margin", "issues", "support", "index", "repurchased")) for name in columns
    )


def test_a_part_or_a_unit_that_does_not_exist_is_refused(roads: tuple[EngineStack, ArrayStack]) -> None:
    stack, _ = roads
    with pytest.raises(ValueError, match="no rows called `later`"):
        stack.cells(("arm",), where="later")
    with pytest.raises(ValueError, match="not in one unit"):
        stack.cells(("arm",), products=[(("orders_p1", "revenue_p1"), ())])
