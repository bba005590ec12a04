"""Rows of the service study from tables that lack something: counted, or refused with the remedy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month
from analysis.foundation.errors import DesignError, TooSoon
from analysis.studies.service.plan import ServicePlan
from analysis.studies.service.rows_sql import engine_service_rows
from analysis.studies.service.study import service_effect
from analysis.studies.service.table import NEVER, UNKNOWN
from analysis.tables.load import Tables

Company = Callable[..., Tables]
PLAN = ServicePlan(before_months=2, after_months=2, outcomes=("orders", "issues"))


def frames(months: int = 8, a_day: int = 4, people: int = 900) -> dict[str, pd.DataFrame]:
    """Orders, issues and contacts on every day of some months of 2025; each contact answered after 30 or 90 minutes."""
    start = datetime(2025, 1, 1)
    end = datetime(2025 + months // 12, months % 12 + 1, 1)
    days = [start + timedelta(days=day) for day in range((end - start).days)]
    at = [
        day + timedelta(hours=9 + place, minutes=7 * (index % 8))
        for index, day in enumerate(days)
        for place in range(a_day)
    ]
    n = len(at)
    who = [f"c{place % people:03d}" for place in range(n)]
    product = ["milk" if place % 3 else "tea" for place in range(n)]
    wait = [timedelta(minutes=30 if place % 2 else 90) for place in range(n)]
    issues = pd.DataFrame(
        {
            "issue_id": [f"i{place}" for place in range(n)],
            "customer_id": who,
            "opened_at": at,
            "channel": "social",
            "product": product,
        }
    )
    touchpoints = pd.DataFrame(
        {
            "touchpoint_id": [f"t{place}" for place in range(n)],
            "customer_id": who,
            "occurred_at": at,
            "channel": "social",
            "direction": "inbound",
            "issue_id": issues["issue_id"],
            "first_reply_at": [moment + later for moment, later in zip(at, wait, strict=True)],
        }
    )
    orders = pd.DataFrame(
        {
            "order_id": [f"o{place}" for place in range(3 * n)],
            "customer_id": [f"c{place % people:03d}" for place in range(3 * n)],
            "ordered_at": [at[place // 3] + timedelta(minutes=place % 3) for place in range(3 * n)],
            "revenue": "10.00",
            "currency": "EUR",
        }
    )
    customers = pd.DataFrame({"customer_id": [f"c{place:03d}" for place in range(people)], "joined_at": "2024-01-01"})
    return {"orders": orders, "issues": issues, "touchpoints": touchpoints, "customers": customers}


def rows_of(tables: Tables, plan: ServicePlan = PLAN):
    return engine_service_rows(tables, plan, outcomes=plan.outcomes)


def test_issues_that_say_when_they_were_answered_serve_where_there_are_no_touchpoints(company: Company) -> None:
    given = frames()
    whole = rows_of(company(**given))
    issues = given["issues"].assign(first_reply_at=given["touchpoints"]["first_reply_at"])
    alone = rows_of(company(orders=given["orders"], issues=issues, customers=given["customers"]))
    assert len(alone) == len(whole) > 50
    assert np.array_equal(alone.waited, whole.waited)
    assert np.array_equal(alone.load, whole.load)


def test_touchpoints_alone_know_no_product_and_so_no_queue(company: Company) -> None:
    given = frames()
    del given["issues"]
    rows = rows_of(company(**given))
    assert len(rows) > 50
    assert set(rows.product.tolist()) == {UNKNOWN}
    assert set(rows.load.tolist()) == {UNKNOWN}
    assert rows.products == 0
    assert not rows.severity_known
    result = service_effect(company(**given), PLAN)
    (effect, *_) = result.of("orders")
    assert effect.grade == "C"
    assert "not known which product" in effect.checks[0].detail
    assert any("product is not known" in note for note in result.notes)


def test_the_customers_product_stands_in_for_that_of_the_issue(company: Company) -> None:
    given = frames()
    given["issues"] = given["issues"].drop(columns="product")
    given["customers"]["product"] = ["milk" if place % 2 else "tea" for place in range(len(given["customers"]))]
    rows = rows_of(company(**given))
    assert rows.labels["product"] == ("milk", "tea")
    assert (rows.product != UNKNOWN).all()


def test_without_customers_the_first_thing_seen_is_the_start(company: Company) -> None:
    given = frames()
    del given["customers"]
    rows = rows_of(company(**given))
    assert len(rows) > 0
    assert rows.account["left_out_start_unknown"] == 0


def test_a_bot_is_no_human_and_a_later_human_of_the_same_issue_counts(company: Company) -> None:
    """A bot answers at once; in every fourth issue the customer writes again, and a human answers after three hours."""
    given = frames()
    first = given["touchpoints"].assign(replied_by="bot")
    again = first.iloc[::4].assign(replied_by="human")
    again["touchpoint_id"] = "z" + again["touchpoint_id"]
    again["first_reply_at"] = again["occurred_at"] + timedelta(hours=3)
    again["occurred_at"] += timedelta(hours=2)
    given["touchpoints"] = pd.concat([first, again])
    rows = rows_of(company(**given))
    answered = rows.waited != NEVER
    assert 0.2 < answered.mean() < 0.3
    assert set(rows.waited[answered].tolist()) == {3 * 3_600 * 1_000_000}
    assert np.array_equal(rows.bot, ~answered)


def test_no_column_of_replies_is_refused(company: Company) -> None:
    given = frames()
    given["touchpoints"] = given["touchpoints"].drop(columns="first_reply_at")
    with pytest.raises(DesignError, match="neither `touchpoints` nor `issues` has a column `first_reply_at`"):
        rows_of(company(**given))


def test_no_reply_at_all_is_refused(company: Company) -> None:
    given = frames()
    given["touchpoints"]["first_reply_at"] = None
    with pytest.raises(DesignError, match=r"None of 9\d\d contacts on social has a reply by a human"):
        rows_of(company(**given))


def test_windows_past_the_data_say_when_they_will_fit(company: Company) -> None:
    tables = company(**frames(months=8))
    with pytest.raises(TooSoon, match="need data to the end of 2025-11: wait for them, or set shorter windows"):
        rows_of(tables, replace(PLAN, after_months=8))
    with pytest.raises(DesignError, match=r"move `period\.end`"):
        rows_of(tables, replace(PLAN, until=Month.of("2025-04")))


def test_a_month_without_contacts_or_orders_is_a_hole(company: Company) -> None:
    given = frames()
    touched = pd.to_datetime(given["touchpoints"]["occurred_at"]).dt.month
    hole = {
        **given,
        "touchpoints": given["touchpoints"][touched != 4],
        "issues": given["issues"].assign(channel="email"),
    }
    with pytest.raises(DesignError, match="no contact on social at all in 2025-04"):
        rows_of(company(**hole))
    bought = pd.to_datetime(given["orders"]["ordered_at"]).dt.month
    with pytest.raises(DesignError, match="`orders` holds no order at all in 2025-04"):
        rows_of(company(**{**given, "orders": given["orders"][bought != 4]}))


def test_months_before_contacts_were_recorded_do_not_make_anybody_new(company: Company) -> None:
    """Contacts are recorded since March: with two months before, the first index month is May."""
    given = frames()
    touched = pd.to_datetime(given["touchpoints"]["occurred_at"]).dt.month
    given["touchpoints"] = given["touchpoints"][touched >= 3]
    given["issues"]["channel"] = "email"
    rows = rows_of(company(**given))
    assert Month(int(rows.month.min())) == Month.of("2025-05")


def test_nobody_on_social_is_refused(company: Company) -> None:
    given = frames()
    for name in ("issues", "touchpoints"):
        given[name]["channel"] = "email"
    with pytest.raises(DesignError, match="No customer ever wrote on social"):
        rows_of(company(**given))


def test_segments_and_outcomes_that_cannot_be_told_are_named(company: Company) -> None:
    given = frames()
    given["customers"]["region"] = ["east" if place % 2 else "west" for place in range(900)]
    plan = replace(PLAN, outcomes=("orders", "margin", "retained"), segments=("region", "taste"))
    result = service_effect(company(**given), plan)
    assert {effect.outcome for effect in result.effects} == {"orders"}
    said = " ".join(result.notes)
    assert "`margin` was left out: `orders` has no column `margin`" in said
    assert "`retained` was left out" in said
    assert "Segment `taste` was skipped" in said
    with pytest.raises(DesignError, match="None of the outcomes asked for"):
        service_effect(company(**given), replace(PLAN, outcomes=("margin",)))


def test_the_order_of_rows_in_a_file_does_not_matter(company: Company) -> None:
    given = frames()
    shuffled = {name: frame.sample(frac=1, random_state=3) for name, frame in given.items()}
    one, other = rows_of(company(**given)), rows_of(company(**shuffled))
    assert np.array_equal(one.load, other.load)
    assert np.array_equal(one.waited, other.waited)
    assert np.array_equal(one.after["orders"], other.after["orders"])


def test_where_no_touchpoint_says_when_the_issue_does(company: Company) -> None:
    """Half of the touchpoints come from a source without replies; their issues were answered after two hours."""
    given = frames()
    n = len(given["issues"])
    lost = np.arange(n) % 2 == 0
    at = given["touchpoints"]["occurred_at"]
    given["touchpoints"].loc[lost, "first_reply_at"] = None
    given["issues"]["first_reply_at"] = (at + timedelta(hours=2)).where(lost)
    rows = rows_of(company(**given))
    assert not (rows.waited == NEVER).any()
    assert set(rows.waited.tolist()) == {30 * 60 * 1_000_000, 2 * 3_600 * 1_000_000}


def test_the_issue_does_not_speak_for_a_bot_or_for_another_channel(company: Company) -> None:
    given = frames()
    at = given["touchpoints"]["occurred_at"]
    given["issues"]["first_reply_at"] = at + timedelta(minutes=1)
    bots = given["touchpoints"].assign(replied_by="bot")
    rows = rows_of(company(**{**given, "touchpoints": pd.concat([bots, _human(given)])}))
    assert (rows.waited == NEVER).sum() == rows.bot.sum() > 50
    silent = given["touchpoints"].assign(first_reply_at=None)
    silent.loc[0, "first_reply_at"] = at[0] + timedelta(hours=1)
    with pytest.raises(DesignError, match="can be followed"):  # opened by e-mail, and answered there
        service_effect(
            company(**{**given, "touchpoints": silent, "issues": given["issues"].assign(channel="email")}), PLAN
        )


def _human(given: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """One contact of a stranger, answered by a human."""
    one = given["touchpoints"].head(1).assign(touchpoint_id="z", customer_id=None, issue_id=None)
    return one.assign(replied_by="human")


def test_a_contact_without_a_customer_is_that_of_its_issue(company: Company) -> None:
    """Read as nobody's, it would hide that the customer had written before."""
    given = frames()
    whole = rows_of(company(**given))
    given["touchpoints"].loc[np.arange(len(given["touchpoints"])) % 3 == 0, "customer_id"] = None
    rows = rows_of(company(**given))
    assert np.array_equal(rows.day, whole.day)
    assert np.array_equal(rows.load, whole.load)


def test_months_in_which_replies_were_not_recorded_are_left_out(company: Company) -> None:
    """Read as they are, everybody who wrote in March would have waited in vain."""
    given = frames()
    march = pd.to_datetime(given["touchpoints"]["occurred_at"]).dt.month == 3
    given["touchpoints"].loc[march, "first_reply_at"] = None
    rows = rows_of(company(**given))
    assert rows.account["left_out_replies_not_recorded"] == 31 * 4
    assert Month.of("2025-03").number not in rows.month
    assert not (rows.waited == NEVER).any()
    result = service_effect(company(**given), PLAN)
    assert any("124 customers wrote in months in which not one" in note for note in result.notes)


def test_a_longer_look_back_makes_sure_that_the_contact_was_the_first(company: Company) -> None:
    tables = company(**frames())
    rows = rows_of(tables, replace(PLAN, look_back_days=90))
    assert Month(int(rows.month.min())) == Month.of("2025-04")
    assert rows.observed.min() >= 3
    with pytest.raises(DesignError, match="Nobody can be observed for -1 days"):
        replace(PLAN, look_back_days=-1)
    with pytest.raises(TooSoon, match=r"index\.look_back_days"):
        rows_of(tables, replace(PLAN, look_back_days=300))
