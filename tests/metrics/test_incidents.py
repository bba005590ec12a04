"""Incidents put into small companies: their days, size, customers, issues, cost and entry of the change log."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.metrics.incident_facts import change_log, explanation
from analysis.metrics.incidents import incidents
from analysis.synthetic.make import make_world
from analysis.tables.load import Source, Tables, open_tables, prepare

FIRST, LAST = date(2026, 1, 1), date(2026, 6, 30)
MONTHS = months_between(Month.of("2026-01"), Month.of("2026-06"))


def posted(
    counts: dict[str, dict[date, int]], *, usual: dict[str, int], people: int = 1_000, hour: int = 12
) -> pd.DataFrame:
    """Mentions: `usual` a day for each product, on the days named `counts` instead; everybody writes in turn."""
    rows = []
    for place in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=place)
        for product, number in usual.items():
            rows += [(day, product)] * counts.get(product, {}).get(day, number)
    return pd.DataFrame(
        {
            "mention_id": [f"m{n}" for n in range(len(rows))],
            "posted_at": [f"{day}T{hour:02}:00:00" for day, _ in rows],
            "platform": "twitter",
            "product": [product for _, product in rows],
            "customer_id": [f"c{n % people}" for n in range(len(rows))],
            "author_id": [f"a{n % (2 * people)}" for n in range(len(rows))],
        }
    )


def opened_issues(usual: int, extra: dict[date, int], *, cost: float | None = 5.0, people: int = 900) -> pd.DataFrame:
    rows = []
    for place in range((LAST - FIRST).days + 1):
        day = FIRST + timedelta(days=place)
        rows += [day] * (usual + extra.get(day, 0))
    frame = pd.DataFrame({"issue_id": [f"i{n}" for n in range(len(rows))]})
    frame["customer_id"] = [f"c{n % people}" for n in range(len(rows))]
    frame["opened_at"] = [f"{day}T09:00:00" for day in rows]
    frame["channel"] = "phone"
    frame["product"] = "tv"
    if cost is not None:
        frame["cost"], frame["currency"] = cost, "EUR"
    return frame


def log(*rows: tuple[str, str, str | None, str | None], change_id: str = "CH") -> pd.DataFrame:
    """Entries: effective from, kind, scope, recorded at."""
    frame = pd.DataFrame(rows, columns=["effective_from", "kind", "scope", "recorded_at"])
    frame["change_id"] = [f"{change_id}{n}" for n in range(len(rows))]
    frame["description"] = [f"What happened {n}" for n in range(len(rows))]
    return frame


SPIKE = {date(2026, 4, 7): 60, date(2026, 4, 8): 80}
OUTAGE = ("2026-04-06T08:00:00", "incident", "tv", "2026-04-20T08:00:00")


def test_by_hand(opened: Callable[..., Tables]) -> None:
    """TV has 20 mentions a day, but 60 and 80 on two days: 140, expected 40, 100 above. 10 issues a day, 25 and 30
    then: 35 above expected, at 5 EUR each 175 EUR. The outage of the day before explains it, written two weeks on."""
    tables = opened(
        mentions=posted({"tv": SPIKE}, usual={"tv": 20, "mobile": 10}),
        issues=opened_issues(10, {date(2026, 4, 7): 15, date(2026, 4, 8): 20}),
        changes=log(("2026-02-01T00:00:00", "campaign", "all", None), OUTAGE),
    )
    found = incidents(tables, months=MONTHS, zone="UTC")
    (one,) = found.incidents
    row = one.to_dict()
    assert (row["from"], row["to"], row["product"], row["products"]) == ("2026-04-07", "2026-04-08", "tv", ["tv"])
    assert row["mentions"] == 140
    assert row["expected"] == pytest.approx(40, abs=0.2)
    assert row["above"] == pytest.approx(100, abs=0.2)
    assert row["low"] < row["above"] < row["high"]
    assert (row["customers"], row["authors"]) == (140, 140)
    assert row["issues_above"] == pytest.approx(35, abs=0.2)
    assert row["cost"] == pytest.approx(175, abs=1)
    assert row["cost_low"] < row["cost"] < row["cost_high"]
    assert (row["currency"], row["cost_source"]) == ("EUR", "cost of the issues")
    assert row["explained_by"]["change_id"] == "CH1"
    assert row["explanation"] == "incident: What happened 1 (written afterwards)"
    assert row["reasons"] == {}
    assert (found.missing, found.reason) == ({}, None)
    assert list(found.daily.loc[found.daily["flagged"], "day"]) == [date(2026, 4, 7), date(2026, 4, 8)]
    assert found.daily["observed"].sum() == 181 * 30 + 100
    assert json.loads(json.dumps(found.to_parts()))["incidents"] == [row]
    assert found.to_frame()["product"].tolist() == ["tv"]


def test_a_spike_that_drowns_in_the_total_is_found_and_one_of_the_total_is_not_told_twice(
    opened: Callable[..., Tables],
) -> None:
    """TV has 5 a day among 400 of mobile, then 25 on one day: nothing in 400 with their scatter. Mobile's own 1,200 on
    another day stand in the total too, and are told once."""
    rng = np.random.default_rng(1)
    noisy = {FIRST + timedelta(days=place): int(number) for place, number in enumerate(rng.poisson(400, size=181))}
    noisy[date(2026, 5, 5)] = 1_200
    found = incidents(
        opened(mentions=posted({"tv": {date(2026, 3, 3): 25}, "mobile": noisy}, usual={"tv": 5, "mobile": 400})),
        months=MONTHS,
        zone="UTC",
    )
    told = [(one.product, one.first) for one in found.incidents]
    assert told == [("tv", date(2026, 3, 3)), ("mobile", date(2026, 5, 5))]


def test_a_spike_of_all_products_is_one_of_the_total(opened: Callable[..., Tables]) -> None:
    day = date(2026, 4, 7)
    usual = {"tv": 20, "mobile": 20, "broadband": 20}
    found = incidents(
        opened(mentions=posted({name: {day: 70} for name in usual}, usual=usual), changes=log(OUTAGE)),
        months=MONTHS,
        zone="UTC",
    )
    (one,) = found.incidents
    assert (one.product, one.products, one.mentions.observed) == (None, ("broadband", "mobile", "tv"), 210)
    assert one.to_dict()["product"] == "all"
    assert one.explanation.startswith("incident: ")


def test_fewer_than_ten_customers_are_not_told(opened: Callable[..., Tables]) -> None:
    """Nine customers behind 140 mentions and all issues: no number of them, nor of their issues and cost."""
    found = incidents(
        opened(
            mentions=posted({"tv": SPIKE}, usual={"tv": 20}, people=9),
            issues=opened_issues(10, SPIKE, people=9),
            changes=log(OUTAGE),
        ),
        months=MONTHS,
        zone="UTC",
    )
    row = found.incidents[0].to_dict()
    assert (row["customers"], row["authors"], row["issues_above"], row["cost"]) == (None, 18, None, None)
    assert row["reasons"] == dict.fromkeys(("customers", "issues", "cost"), "fewer than 10")
    assert row["product"] == "all", "a single product is the total"


def test_cost_comes_from_unit_costs_where_issues_carry_none(opened: Callable[..., Tables]) -> None:
    """60 + 80 issues above expected, at the marginal 8 EUR that hold since April."""
    rates = pd.DataFrame(
        [("2026-01-01", 3, "issue"), ("2026-04-01", 8, "issue"), ("2026-04-01", 99, "contact")],
        columns=["effective_from", "marginal", "per"],
    ).assign(channel="phone", currency="EUR", source="ledger")
    mentions, issues = posted({"tv": SPIKE}, usual={"tv": 20}), opened_issues(10, SPIKE, cost=None)
    (one,) = incidents(opened(mentions=mentions, issues=issues, unit_costs=rates), months=MONTHS, zone="UTC").incidents
    assert one.impact.cost is not None
    assert one.impact.cost[0] == pytest.approx(140 * 8, abs=10)
    assert one.impact.cost_source == "unit costs of one more issue"
    (bare,) = incidents(opened(mentions=mentions, issues=issues), months=MONTHS, zone="UTC").incidents
    assert bare.impact.cost is None
    assert bare.impact.reasons["cost"] == "issues without a cost, and no table `unit_costs`"
    other = rates.assign(channel="email")
    (partly,) = incidents(
        opened(mentions=mentions, issues=issues, unit_costs=other), months=MONTHS, zone="UTC"
    ).incidents
    assert partly.impact.reasons["cost"].startswith("issues without a cost, on a channel without a unit cost")


def test_days_are_those_of_the_zone(opened: Callable[..., Tables]) -> None:
    """23:30 UTC on 7 April is 8 April in London's summer."""
    mentions = posted({"tv": {date(2026, 4, 7): 90}}, usual={"tv": 20})
    mentions["posted_at"] = mentions["posted_at"].str.replace("T12:00:00", "T23:30:00Z")
    tables = opened(mentions=mentions)
    assert incidents(tables, months=MONTHS, zone="Europe/London").incidents[0].first == date(2026, 4, 8)
    assert incidents(tables, months=MONTHS, zone="UTC").incidents[0].first == date(2026, 4, 7)


def test_a_month_is_judged_by_the_days_before_it_and_never_by_those_after(opened: Callable[..., Tables]) -> None:
    mentions = posted({"tv": SPIKE}, usual={"tv": 20})
    april = months_between(Month.of("2026-04"), Month.of("2026-04"))
    all_known = incidents(opened(mentions=mentions), months=april, zone="UTC")
    then = incidents(opened(mentions=mentions[mentions["posted_at"] < "2026-05"]), months=april, zone="UTC")
    assert all_known.to_parts() == then.to_parts()
    assert len(all_known.incidents) == 1
    assert len(all_known.daily) == 30
    may = months_between(Month.of("2026-05"), Month.of("2026-06"))
    assert incidents(opened(mentions=mentions), months=may, zone="UTC").incidents == ()


def test_the_order_of_rows_does_not_matter(opened: Callable[..., Tables]) -> None:
    mentions = posted({"tv": SPIKE, "mobile": {date(2026, 2, 2): 55}}, usual={"tv": 20, "mobile": 15})
    issues = opened_issues(10, SPIKE)
    one, other = (
        incidents(opened(mentions=rows, issues=cases), months=MONTHS, zone="UTC")
        for rows, cases in ((mentions, issues), (mentions[::-1], issues[::-1]))
    )
    assert one.to_parts() == other.to_parts()
    pd.testing.assert_frame_equal(one.daily, other.daily)


def test_too_few_days_are_said(opened: Callable[..., Tables]) -> None:
    found = incidents(
        opened(mentions=posted({"tv": SPIKE}, usual={"tv": 20})),
        months=months_between(Month.of("2026-01"), Month.of("2026-01")),
        zone="UTC",
    )
    assert found.incidents == ()
    assert found.reason is not None
    assert found.reason.startswith("31 days are too few")
    assert found.daily["observed"].tolist() == [20] * 31
    assert found.daily["expected"].isna().all()


def test_what_is_missing_is_named(opened: Callable[..., Tables]) -> None:
    bare = posted({"tv": SPIKE}, usual={"tv": 20}).drop(columns=["product", "customer_id", "author_id"])
    found = incidents(opened(mentions=bare), months=MONTHS, zone="UTC")
    assert found.missing == {
        "products": "column `product` of `mentions`",
        "customers": "column `customer_id` of `mentions`",
        "authors": "column `author_id` of `mentions`",
        "issues": "table `issues`",
        "explanations": "table `changes`",
    }
    row = found.incidents[0].to_dict()
    assert row["explanation"] == "unexplained"
    assert row["reasons"]["customers"] == "column `customer_id` of `mentions`"
    nothing = incidents(opened(issues=opened_issues(10, {})), months=MONTHS, zone="UTC")
    assert (nothing.reason, nothing.to_parts()) == ("table `mentions`", {"incidents": []})


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([("2026-04-04T00:00:00", "price", "all", None)], "CH0"),
        ([("2026-04-03T00:00:00", "price", "all", None)], None),
        ([("2026-04-09T00:00:00", "incident", "tv", None)], None),
        ([("2026-04-08T23:00:00", "other", None, None)], "CH0"),
        ([("2026-04-07T00:00:00", "incident", "mobile", None)], None),
        ([("2026-04-07T00:00:00", "incident", "Mobile and TV", None)], "CH0"),
        ([("2026-04-07T00:00:00", "incident", "tvs", None)], "CH0"),
        ([("2026-04-07T00:00:00", "campaign", "tv", None), ("2026-04-05T00:00:00", "incident", "tv", None)], "CH1"),
        ([("2026-04-05T00:00:00", "campaign", "tv", None), ("2026-04-06T00:00:00", "product", "tv", None)], "CH1"),
    ],
    ids=["three days before", "four", "after", "last day", "other product", "both", "no product", "kind", "nearest"],
)
def test_which_entry_explains(
    opened: Callable[..., Tables], entries: list[tuple[str, str, str | None, str | None]], expected: str | None
) -> None:
    found = explanation(
        change_log(opened(changes=log(*entries))),
        touched=("tv",),
        products=("tv", "mobile"),
        first=date(2026, 4, 7),
        last=date(2026, 4, 8),
        zone="UTC",
    )
    assert (found.change_id if found else None) == expected


@pytest.mark.parametrize(
    ("recorded", "written"),
    [("2026-04-06", "before"), ("2026-04-08", "during"), ("2026-04-09", "afterwards"), (None, "unknown")],
)
def test_when_an_entry_was_written(opened: Callable[..., Tables], recorded: str | None, written: str) -> None:
    at = f"{recorded}T10:00:00" if recorded else None
    tables = opened(
        changes=log(
            ("2026-04-06T00:00:00", "incident", "tv", at),
            ("2026-01-01T00:00:00", "price", "all", "2026-01-01T00:00:00"),
        )
    )
    found = explanation(
        change_log(tables), touched=("tv",), products=("tv",), first=date(2026, 4, 7), last=date(2026, 4, 8), zone="UTC"
    )
    assert found is not None
    assert found.written == written


def test_the_outage_of_a_made_up_company_is_found_with_its_entry(tmp_path: Path) -> None:
    """World `demo`: broadband's issues multiply in November 2025, the 26th month, for the whole month."""
    make_world(tmp_path / "demo", world="demo", seed=11, customers=20_000)
    with open_tables(prepare([Source(tmp_path / "demo")], cache=tmp_path / "cache", zone="Europe/London")) as tables:
        found = incidents(tables, months=months_between(Month.of("2025-04"), Month.of("2026-03")), zone="Europe/London")
    outage = [one for one in found.incidents if one.product == "broadband" and one.explained_by]
    assert {one.explained_by.kind for one in outage if one.explained_by} == {"incident"}
    days = sum((one.last - one.first).days + 1 for one in outage)
    assert days >= 15
    assert all(date(2025, 10, 30) <= one.first and one.last <= date(2025, 12, 2) for one in outage)
