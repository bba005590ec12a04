"""Who is a row of the service study: by hand, and from arrays, from the engine and from slow loops over one company."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.calendar import Month
from analysis.studies.service.clock import NOWHERE, LocalClock
from analysis.studies.service.incidents import episodes_of
from analysis.studies.service.plan import BAND_NAMES, ServicePlan
from analysis.studies.service.rows import ServiceEvents, service_rows
from analysis.studies.service.rows_sql import engine_service_rows
from analysis.studies.service.table import LEFT_OUT, NEVER, UNKNOWN, ServiceRows
from analysis.tables.load import Tables

ZONE = "Europe/London"
BEGIN, END = Month.of("2025-01"), Month.of("2025-12")
PLAN = ServicePlan(before_months=2, after_months=2, zone=ZONE, outcomes=("orders", "revenue", "margin", "issues"))
PRODUCTS = ("bread", "milk", "tea")
EPOCH = datetime(1970, 1, 1)


def micros(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(microseconds=1)


def random_company(seed: int, people: int = 160) -> dict[str, pd.DataFrame]:
    """A year of a small company with everything that exports get wrong: bots, gaps, strangers, ties."""
    rng = np.random.default_rng(seed)
    start, days = datetime(2025, 1, 1), 365

    def moments(n: int) -> list[datetime]:
        return [start + timedelta(seconds=int(second)) for second in rng.integers(0, days * 86_400, n)]

    customers = [f"{place:04d}" for place in range(people)]
    frames: dict[str, pd.DataFrame] = {}
    joined = [
        None if draw < 0.05 else start + timedelta(days=int(days * draw)) if draw < 0.3 else datetime(2024, 6, 1)
        for draw in rng.random(people)
    ]
    frames["customers"] = pd.DataFrame(
        {"customer_id": customers, "joined_at": joined, "region": rng.choice(["east", "west"], people)}
    ).iloc[: people - 4]
    n = people * 5
    opened = sorted([*moments(n - 40), *[datetime(2025, 6, 10, 9, 0, 0)] * 40])
    issues = pd.DataFrame(
        {
            "issue_id": [f"i{place}" for place in range(n)],
            "customer_id": rng.choice([*customers, None], n),
            "opened_at": opened,
            "channel": rng.choice(["social", "email"], n, p=[0.6, 0.4]),
            "product": rng.choice([*PRODUCTS, None], n, p=[0.4, 0.3, 0.2, 0.1]),
            "severity": rng.choice([1, 2, 3], n),
            "first_reply_at": None,
        }
    )
    rows: list[dict[str, Any]] = []
    for issue in issues.to_dict("records"):
        if rng.random() < 0.1:
            continue  # an issue without any touchpoint
        for place in range(1 + int(rng.random() < 0.3)):
            at = issue["opened_at"] + timedelta(seconds=int(rng.integers(0, 7_200)) * place)
            draw = rng.random()
            wait = int(rng.exponential(6_000)) if draw < 0.93 else -60
            rows.append(
                {
                    "customer_id": issue["customer_id"],
                    "occurred_at": at,
                    "channel": issue["channel"],
                    "direction": "inbound" if rng.random() < 0.95 else "outbound",
                    "issue_id": issue["issue_id"] if rng.random() < 0.9 else None,
                    "first_reply_at": at + timedelta(seconds=wait) if rng.random() < 0.8 else None,
                    "replied_by": rng.choice(["human", "bot", None], p=[0.7, 0.2, 0.1]),
                }
            )
    frames["issues"] = issues
    touchpoints = pd.DataFrame(rows)
    touchpoints.insert(0, "touchpoint_id", [f"t{place:06d}" for place in range(len(rows))])
    touchpoints.loc[touchpoints["first_reply_at"].isna(), "replied_by"] = None
    frames["touchpoints"] = touchpoints
    m = people * 30
    cents = rng.integers(100, 20_000, m)
    frames["orders"] = pd.DataFrame(
        {
            "order_id": [f"o{place}" for place in range(m)],
            "customer_id": rng.choice(customers, m),
            "ordered_at": moments(m),
            "revenue": [f"{value / 100:.2f}" for value in cents],
            "margin": [f"{value / 300:.6f}" for value in cents],
            "currency": "EUR",
        }
    )
    return frames


def contacts_of(frames: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """All inbound contacts on social, as the study defines them, one row each."""
    issues, touchpoints = frames["issues"], frames["touchpoints"]
    social = touchpoints[(touchpoints["channel"] == "social") & (touchpoints["direction"] == "inbound")]
    lonely = issues[(issues["channel"] == "social") & ~issues["issue_id"].isin(social["issue_id"].dropna())]
    both = pd.concat(
        [
            social.assign(contact_id="t:" + social["touchpoint_id"], at=social["occurred_at"]),
            lonely.assign(contact_id="i:" + lonely["issue_id"], at=lonely["opened_at"], replied_by=None),
        ]
    )
    product = both["issue_id"].map(issues.set_index("issue_id")["product"])
    severity = both["issue_id"].map(issues.set_index("issue_id")["severity"])
    columns = ["contact_id", "customer_id", "issue_id", "at", "first_reply_at", "replied_by"]
    return both[columns].assign(product=product, severity=severity).sort_values(["at", "contact_id"]).reset_index()


def events_of(frames: dict[str, pd.DataFrame]) -> tuple[ServiceEvents, list[str]]:
    """The company as arrays, and whose position each customer has."""
    contacts, issues = contacts_of(frames), frames["issues"]
    known = issues[issues["customer_id"].notna()]
    people = sorted({*contacts["customer_id"].dropna(), *known["customer_id"], *frames["orders"]["customer_id"]})
    place = {customer: code for code, customer in enumerate(people)}
    issue_place = {issue: code for code, issue in enumerate(known["issue_id"])}
    joined = joined_of(frames)
    region = dict(zip(frames["customers"]["customer_id"], frames["customers"]["region"], strict=True))
    begins = datetime(2025, 1, 1)

    def first_month(customer: str) -> int:
        moment = joined.get(customer)
        if moment is None or pd.isna(moment):
            return NEVER
        return BEGIN.number if moment <= begins else local(moment).year * 12 + local(moment).month - 1970 * 12

    orders = {name: np.zeros((len(people), 12), dtype=np.int64) for name in ("orders", "revenue", "margin")}
    for row in frames["orders"].to_dict("records"):
        month = local(row["ordered_at"]).month - 1
        if local(row["ordered_at"]).year == 2025:
            orders["orders"][place[row["customer_id"]], month] += 1
            for name in ("revenue", "margin"):
                orders[name][place[row["customer_id"]], month] += round(float(row[name]) * 1e6)
    replied = [NEVER if pd.isna(moment) else micros(moment) for moment in contacts["first_reply_at"]]
    human = [
        reply for reply, who in zip(replied, contacts["replied_by"], strict=True) if reply != NEVER and who != "bot"
    ]
    # an issue of a stranger keeps its contacts together too
    strangers = {
        issue: len(issue_place) + n for n, issue in enumerate(issues["issue_id"][issues["customer_id"].isna()])
    }
    return ServiceEvents(
        origin=BEGIN,
        first_month=np.array([first_month(customer) for customer in people]),
        monthly=orders,
        contact_customer=np.array([place.get(one, UNKNOWN) for one in contacts["customer_id"]]),
        contact_at=np.array([micros(moment) for moment in contacts["at"]]),
        contact_product=np.array([UNKNOWN if pd.isna(one) else PRODUCTS.index(one) for one in contacts["product"]]),
        contact_issue=np.array([{**issue_place, **strangers}.get(one, UNKNOWN) for one in contacts["issue_id"]]),
        contact_reply=np.array(replied),
        contact_bot=np.array([who == "bot" for who in contacts["replied_by"]]),
        issue_customer=np.array([place[one] for one in known["customer_id"]]),
        issue_at=np.array([micros(moment) for moment in known["opened_at"]]),
        issue_severity=known["severity"].to_numpy(),
        seen_until=max([*human, *(micros(moment) for moment in contacts["at"])]),
        attributes={"region": np.array([["east", "west"].index(region[c]) if c in region else -1 for c in people])},
        labels={"product": PRODUCTS, "region": ("east", "west")},
        currency="EUR",
    ), people


def joined_of(frames: dict[str, pd.DataFrame]) -> dict[str, Any]:
    """When each customer in the table joined; where the source does not say, the first order stands in."""
    first = frames["orders"].groupby("customer_id")["ordered_at"].min()
    people = frames["customers"].set_index("customer_id")["joined_at"]
    return people.fillna(people.index.to_series().map(first)).to_dict()


def local(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(ZoneInfo(ZONE))


def months(moments: pd.Series) -> np.ndarray[Any, Any]:
    return np.array([local(moment).month for moment in moments], dtype=np.int64)


def same(one: ServiceRows, other: ServiceRows) -> None:
    assert dict(one.account) == dict(other.account)
    for name in ("waited", "bot", "month", "day", "hour", "hour_of_week", "product", "severity", "load", "episode"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for name in ("surge", "recent", "earlier", "observed", "incident"):
        assert np.array_equal(getattr(one, name), getattr(other, name)), name
    for side in ("before", "after", "attributes"):
        held, expected = getattr(one, side), getattr(other, side)
        assert set(held) == set(expected)
        assert all(np.array_equal(held[name], expected[name]) for name in held), side
    assert (one.products, one.severity_known, one.currency) == (other.products, other.severity_known, other.currency)
    assert dict(one.labels) == dict(other.labels)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engine_and_the_arrays_find_the_same_rows(company: Callable[..., Tables], seed: int) -> None:
    """Every whole number of every row, from SQL and from numpy, on a company with bots, strangers, gaps and ties."""
    frames = random_company(seed)
    tables = company(**frames)
    found = engine_service_rows(tables, PLAN, outcomes=PLAN.outcomes, attributes=("region",))
    events, _ = events_of(frames)
    expected = service_rows(events, PLAN, BEGIN, END)
    assert len(found) > 40
    assert found.bot.any()
    assert (found.product == UNKNOWN).any()
    assert found.account["left_out_reply_before_the_contact"] > 0
    assert found.account["left_out_start_unknown"] > 0
    same(found, expected)


def test_slow_loops_over_the_frames_say_the_same(company: Callable[..., Tables]) -> None:
    """The definition, word by word, for every row: its reply, its queue, its earlier issues, its windows."""
    frames = random_company(3, people=120)
    tables = company(**frames)
    rows = engine_service_rows(tables, PLAN, outcomes=PLAN.outcomes)
    contacts, issues, orders = contacts_of(frames), frames["issues"], frames["orders"]
    joined = joined_of(frames)
    seen = 0
    firsts = contacts[contacts["customer_id"].notna()].drop_duplicates("customer_id").sort_values("customer_id")
    for first in firsts.to_dict("records"):
        start = joined.get(first["customer_id"])
        month = local(first["at"]).month
        if start is None or pd.isna(start):
            continue
        begun = 1 if start <= datetime(2025, 1, 1) else local(start).month + 1
        together = contacts[contacts["issue_id"] == first["issue_id"]] if first["issue_id"] else contacts.iloc[:0]
        together = contacts[contacts["contact_id"] == first["contact_id"]] if together.empty else together
        replies = together[together["first_reply_at"].notna()]
        human = replies[replies["replied_by"] != "bot"]["first_reply_at"].min()
        if month - begun < 2 or not 3 <= month <= 10 or (not pd.isna(human) and human < first["at"]):
            continue
        waited = NEVER if pd.isna(human) else micros(human) - micros(first["at"])
        hour_before = contacts[(contacts["at"] >= first["at"] - timedelta(hours=1)) & (contacts["at"] < first["at"])]
        others = hour_before[hour_before["product"].notna() & (hour_before["product"] != first["product"])]
        load = UNKNOWN if pd.isna(first["product"]) else len(others)
        own = issues[issues["customer_id"] == first["customer_id"]]
        prior = own[(own["opened_at"] < first["at"]) & (own["issue_id"] != first["issue_id"])]
        issue_lag = months(own["opened_at"]) - month
        bought = orders[orders["customer_id"] == first["customer_id"]]
        lag = months(bought["ordered_at"]) - month
        assert rows.waited[seen] == waited
        assert rows.bot[seen] == (pd.isna(human) and (replies["replied_by"] == "bot").any())
        assert rows.load[seen] == load
        assert rows.month[seen] == BEGIN.number + month - 1
        assert rows.hour[seen] == local(first["at"]).hour
        assert rows.hour_of_week[seen] == local(first["at"]).weekday() * 24 + local(first["at"]).hour
        assert rows.earlier[seen] == min(len(prior), 4)
        lately = months(prior["opened_at"]) >= month - 6
        assert rows.recent[seen] == min(int(lately.sum()), 2)
        assert rows.observed[seen] == month - begun
        assert rows.after["orders"][seen] == int(((lag >= 1) & (lag <= 2)).sum())
        assert rows.before["orders"][seen] == int(((lag >= -2) & (lag <= -1)).sum())
        after = bought[(lag >= 1) & (lag <= 2)]["revenue"].astype(float).sum()
        assert rows.values("revenue")[seen] == pytest.approx(after, abs=1e-9)
        assert rows.after["issues"][seen] == int(((issue_lag >= 1) & (issue_lag <= 2)).sum())
        assert rows.before["issues"][seen] == int(((issue_lag >= -2) & (issue_lag <= -1)).sum())
        seen += 1
    assert seen == len(rows) > 30
    assert rows.account["rows"] + sum(rows.account[name] for name in LEFT_OUT) == len(firsts)


def one_customer(**changes: Any) -> ServiceEvents:
    """One customer who writes about milk on 10 June at noon, after two others wrote about bread and one about milk."""
    noon = micros(datetime(2025, 6, 10, 11))
    minute = 60_000_000
    events = ServiceEvents(
        origin=BEGIN,
        first_month=np.array([BEGIN.number]),
        monthly={"orders": np.arange(12, dtype=np.int64)[None]},
        contact_customer=np.array([0, -1, -1, -1, -1, -1]),
        contact_at=noon + minute * np.array([0, -60, -1, -30, -61, 0]),
        contact_product=np.array([1, 0, 0, 1, 0, 0]),
        contact_issue=np.array([0, -1, -1, -1, -1, -1]),
        contact_reply=np.array([noon + 20 * minute, *[NEVER] * 5]),
        contact_bot=np.zeros(6, dtype=bool),
        issue_customer=np.array([0]),
        issue_at=np.array([noon]),
        issue_severity=np.array([3]),
        seen_until=micros(datetime(2025, 12, 31)),
        labels={"product": PRODUCTS},
    )
    return replace(events, **changes)


BY_HAND = replace(PLAN, outcomes=("orders", "issues"))


def test_a_row_by_hand() -> None:
    """Two contacts about bread lie in [11:00, 12:00); the one of 10:59, that of the same instant and milk do not.

    Orders are 0 in January, 1 in February, and so on: April and May hold 3 + 4, July and August 6 + 7.
    """
    rows = service_rows(one_customer(), BY_HAND, BEGIN, END)
    assert rows.load.tolist() == [2]
    assert rows.before["orders"].tolist() == [7]
    assert rows.after["orders"].tolist() == [13]
    assert rows.severity.tolist() == [3]
    assert rows.hour.tolist() == [12], "British Summer Time"
    assert rows.hour_of_week.tolist() == [24 + 12], "a Tuesday"
    assert (rows.earlier.tolist(), rows.recent.tolist(), rows.observed.tolist()) == ([0], [0], [5])
    assert rows.in_time(1_200).tolist() == [True], "the end of the target belongs to it"
    assert rows.in_time(1_199).tolist() == [False]
    assert [BAND_NAMES[place] for place in rows.band()] == ["15 minutes to 1 hour"]


@pytest.mark.parametrize(
    ("seconds", "band"),
    [(0, 0), (900, 0), (901, 1), (3_600, 1), (14_400, 2), (86_400, 3), (86_401, 4)],
)
def test_the_upper_end_of_a_band_belongs_to_it(seconds: int, band: int) -> None:
    noon = micros(datetime(2025, 6, 10, 11))
    reply = np.array([noon + seconds * 1_000_000, *[NEVER] * 5])
    assert service_rows(one_customer(contact_reply=reply), BY_HAND, BEGIN, END).band().tolist() == [band]


def test_who_never_had_an_answer_and_whom_only_a_bot_answered_are_told_apart() -> None:
    nobody = service_rows(one_customer(contact_reply=np.full(6, NEVER)), BY_HAND, BEGIN, END)
    bot = service_rows(one_customer(contact_bot=np.array([True] + [False] * 5)), BY_HAND, BEGIN, END)
    assert [BAND_NAMES[place] for place in nobody.band()] == ["never"]
    assert [BAND_NAMES[place] for place in bot.band()] == ["only a bot, as far as is known"]
    assert bot.account["told_apart_only_a_bot_replied"] == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"first_month": np.array([NEVER])}, "left_out_start_unknown"),
        ({"first_month": np.array([BEGIN.number + 4])}, "left_out_history_too_short_before"),
        ({"seen_until": micros(datetime(2025, 6, 11, 10, 59))}, "left_out_reply_not_yet_known"),
        ({"contact_reply": np.full(6, 0)}, "left_out_reply_before_the_contact"),
    ],
)
def test_who_is_left_out_is_counted_by_reason(changes: dict[str, Any], reason: str) -> None:
    """Replies may still come for a day: who wrote on the last day is left out, answered or not."""
    rows = service_rows(one_customer(**changes), BY_HAND, BEGIN, END)
    assert len(rows) == 0
    assert rows.account[reason] == 1
    assert sum(rows.account[name] for name in LEFT_OUT) == rows.account["customers_with_a_social_contact"]


@pytest.mark.parametrize(("begin", "end"), [("2025-05", "2025-12"), ("2025-01", "2025-07")])
def test_windows_must_lie_inside_the_data(begin: str, end: str) -> None:
    rows = service_rows(one_customer(), BY_HAND, Month.of(begin), Month.of(end))
    assert len(rows) == 0


@cache
def long_clock(zone: str) -> LocalClock:
    return LocalClock.of(zone, Month.of("1990-01"), Month.of("2035-12"))


@settings(max_examples=60, deadline=None)
@given(
    st.integers(725_000_000, 2_000_000_000),
    st.sampled_from(["UTC", "Europe/London", "Asia/Kolkata", "Australia/Lord_Howe"]),
)
def test_the_local_clock_is_that_of_zoneinfo(second: int, zone: str) -> None:
    clock = long_clock(zone)
    at = np.array([second * 1_000_000])
    moment = datetime.fromtimestamp(second, ZoneInfo(zone))
    assert int(clock.hours(at)[0]) == moment.hour
    assert int(clock.days(at)[0]) == (moment.date() - EPOCH.date()).days
    assert int(clock.months(at)[0]) == moment.year * 12 + moment.month - 1 - 1970 * 12


def test_an_instant_outside_the_months_is_nowhere() -> None:
    clock = LocalClock.of("UTC", BEGIN, BEGIN)
    outside = [micros(datetime(2024, 12, 31, 23, 59)), micros(datetime(2025, 2, 1))]
    assert clock.months(np.array(outside)).tolist() == [NOWHERE, NOWHERE]


def test_incidents_are_numbered_by_product_and_need_eight_weeks() -> None:
    daily = np.full((2, 120), 30)
    daily[0, 20:22], daily[0, 70] = 90, 80
    found = episodes_of(daily, weekday=2)
    assert found[0, 20:22].tolist() == [1, 1]
    assert found[0, 70] == 2
    assert found[1].max() == 0
    assert episodes_of(daily[:, :50], weekday=2).max() == 0
