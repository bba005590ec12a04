"""Mentions, answers, resolutions and chances: on the real tweets, on published counts, and on a few rows by eye."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest

from analysis.foundation.calendar import Month, months_between
from analysis.metrics.compute import care_metrics
from analysis.metrics.counter import Rules
from analysis.tables.load import Source, open_tables, prepare

AT = "2026-07-01T10:00:00"


def test_the_real_tweets(real_data: Path, tmp_path: Path) -> None:
    """1,285 first inbound tweets of conversations, 1,154 answered, median first reply of the answered 11.99 minutes.

    Counting choices that reach these figures:

    - A mention is an inbound tweet of the file, by its `inbound` column; the brands' own tweets are none.
    - It opens a conversation when it answers nothing, by `in_response_to_tweet_id`. One that answers a tweet which is
      not in the file does not open one. An author may open many.
    - No tweet is marked as needing no answer, so every opening tweet counts, praise and chatter too.
    - It is answered when an outbound tweet of the file, of whatever brand, names it as the one it answers; the reply
      that comes first counts. A brand's later tweet in the same conversation that answers another tweet does not.
    - Whether a person or a bot replied is not said; all replies count.
    - The wait is from the one `created_at` to the other, in whole seconds, nights and weekends included; the median
      of the answered is the middle of the 1,154 waits (of an even number, the mean of the middle two). No reply is
      dated before its tweet.
    - Those never answered wait until the last time in the file, for the median of everyone.
    - Months are of UTC, and all that hold a tweet are counted: the figures are those of the whole file.
    """
    with open_tables(prepare([Source(real_data / "twcs", map="twcs")], cache=tmp_path, zone="UTC")) as tables:
        (bounds,) = tables.engine.query(
            "select min(posted_at) as low, max(posted_at) as high from mentions"
        ).to_pylist()
        months = months_between(Month.of(bounds["low"].date()), Month.of(bounds["high"].date()))
        found = care_metrics(tables, months=months, zone="UTC")
    given, rate = found.of("response_rate", whole=True)
    assert (rate.basis, rate.numerator, rate.denominator) == ("post", 1154, 1285)
    assert (given.basis, given.numerator) == ("action", 1154), "over the whole file both bases meet"
    (answered,) = found.of("first_response_time_median_answered", whole=True)
    assert f"{answered.value / 60:.2f}" == "11.99"
    assert (answered.numerator, answered.denominator, answered.note) == (1154, 1285, None)
    (everyone,) = [row for row in found.of("first_response_time_median", whole=True) if not row.segment]
    assert f"{everyone.value / 60:.2f}" == "15.42", "as statsmodels has it of the same waits"
    assert sum(row.value for row in found.of("mentions")) == found.of("mentions", whole=True)[0].value


def test_the_response_rate_that_was_published(tmp_path: Path, one) -> None:
    """Facebook pages, March to May 2012: 477,478 of 1,574,775 questions answered, 30.32 %; 1,097,297 were not."""
    import duckdb

    folder = tmp_path / "company"
    folder.mkdir()
    with duckdb.connect() as made:
        made.execute(
            "copy (select 'q' || n as mention_id, timestamp '2012-03-01' + to_seconds(n * 5) as posted_at, "
            "'facebook' as platform, case when n < 477478 then timestamp '2012-03-01' + to_seconds(n * 5 + 600) end "
            f"as first_reply_at from range(1574775) as t(n)) to '{folder}/mentions.parquet' (format parquet)"
        )
    months = months_between(Month.of("2012-03"), Month.of("2012-05"))
    with open_tables(prepare([Source(folder)], cache=tmp_path / "cache", zone="UTC")) as tables:
        found = care_metrics(tables, months=months, zone="UTC")
    rate = one(found, "response_rate", "2012-03/2012-05", basis="post")
    assert (rate.numerator, rate.denominator) == (477_478, 1_574_775)
    assert f"{rate.value:.2%}" == "30.32%"
    assert rate.denominator - rate.numerator == 1_097_297


def test_the_answer_is_credited_to_the_month_of_the_question_or_of_the_answer(company, one) -> None:
    """One asked on the last of July and was answered in August; one asked and was answered in August. Of July's one
    question one is answered, none in July; of August's one is answered, and August gave two answers."""
    company.table(
        "mentions",
        {"posted_at": "2026-07-31T23:00:00", "first_reply_at": "2026-08-01T01:00:00"},
        {"posted_at": "2026-08-05T10:00:00", "first_reply_at": "2026-08-05T11:00:00"},
        platform="x",
    )
    found = company.counted()
    july, july_given = (one(found, "response_rate", "2026-07", basis=basis) for basis in ("post", "action"))
    assert (july.value, july_given.value, july_given.numerator) == (1, 0, 0)
    august, august_given = (one(found, "response_rate", "2026-08", basis=basis) for basis in ("post", "action"))
    assert (august.value, august_given.value, august_given.numerator) == (1, 2, 2), "the action form may pass 100 %"
    september = one(found, "response_rate", "2026-09", basis="post")
    assert (september.value, september.reason) == (None, "no opening mention in the period")
    assert one(found, "response_rate", basis="post").value == one(found, "response_rate", basis="action").value == 1


def test_an_answer_counts_once_it_is_known(company, one) -> None:
    """Asked on 31 July, known the next day, answered on 2 August; another mention was known in September."""
    company.table(
        "mentions",
        {
            "posted_at": "2026-07-31T12:00:00",
            "first_reply_at": "2026-08-02T12:00:00",
            "known_at": "2026-08-01T00:00:00",
        },
        {"posted_at": "2026-09-01T12:00:00", "known_at": "2026-09-01T12:00:00"},
        platform="x",
    )
    rates = [
        one(company.counted(known_at=datetime(2026, 8, day)), "response_rate", "2026-07", basis="post").value
        for day in (1, 2, 3)
    ]
    assert rates == [0, 0, 1]


def test_only_opening_mentions_that_need_an_answer_count_for_the_response(company, one) -> None:
    company.table(
        "mentions",
        {"posted_at": AT, "first_reply_at": "2026-07-01T10:01:00"},
        {"posted_at": "2026-07-01T10:02:00", "in_reply_to": "m0", "first_reply_at": "2026-07-01T10:05:00"},
        {"posted_at": "2026-07-02T10:00:00", "actionable": "false"},
        {"posted_at": "2026-07-03T10:00:00", "actionable": "true"},
        platform="x",
    )
    found = company.counted()
    for basis in ("post", "action"):
        rate = one(found, "response_rate", basis=basis)
        assert (rate.numerator, rate.denominator, rate.value) == (1, 2, 0.5)
    assert one(found, "mentions").value == 4


def test_kinds_products_and_flags_are_counted_apart_and_never_guessed(company, one) -> None:
    company.table(
        "mentions",
        {"kind": "complaint", "product": "mobile"},
        {"kind": "complaint", "product": "mobile", "sales_flag": "cancel_save"},
        {"kind": "positive", "product": "fibre"},
        {"kind": "other"},
        {},
        posted_at=AT,
        platform="x",
    )
    found = company.counted()
    kinds = {row.segment["kind"]: row.value for row in found.of("mentions_by_kind", whole=True)}
    assert kinds == {"complaint": 2, "positive": 1, "other": 1, "unknown": 1}
    products = {row.segment["product"]: row.value for row in found.of("mentions_by_product", whole=True)}
    assert products == {"mobile": 2, "fibre": 1, "unknown": 2}
    assert sum(kinds.values()) == sum(products.values()) == one(found, "mentions").value == 5
    flags = {row.segment["sales_flag"]: row.value for row in found.of("sales_mentions", whole=True)}
    assert flags == {"new_sale": 0, "cancel_save": 1}
    august = one(found, "mentions_by_kind", "2026-08", kind="positive")
    assert (august.value, august.reason) == (None, "`mentions` holds nothing of this month or beyond it")
    assert one(found, "sales_mentions", "2026-08", sales_flag="new_sale").value is None
    assert one(found, "complaints_per_positive").value == 2
    assert one(found, "complaints_per_positive", "2026-08").value is None


def test_a_hostile_platform_stays_text(company, one) -> None:
    hostile = "'; drop table mentions; -- <script>"
    found = company.table("mentions", {"posted_at": AT, "platform": hostile}).counted()
    assert one(found, "mentions_by_platform", platform=hostile).value == 1


def test_months_begin_in_the_reporting_zone(company, one) -> None:
    company.table("mentions", {"posted_at": "2026-07-31T23:30:00Z", "platform": "x"})
    assert one(company.counted(zone="Europe/London"), "mentions", "2026-08").value == 1
    assert one(company.counted(zone="UTC"), "mentions", "2026-07").value == 1


def test_resolved_by_us_on_both_bases(company, one) -> None:
    """July: three mentions, one of them resolved by us in July, one in August, one by the community. August: one
    mention, and the one of July resolved: 1 of 1. September: nobody wrote, one of August's was resolved."""
    company.table(
        "mentions",
        {"posted_at": AT, "resolved_at": "2026-07-02T10:00:00", "resolved_by": "us"},
        {"posted_at": AT, "resolved_at": "2026-08-02T10:00:00", "resolved_by": "us"},
        {"posted_at": AT, "resolved_at": "2026-07-03T10:00:00", "resolved_by": "community"},
        {"posted_at": "2026-08-20T10:00:00", "resolved_at": "2026-09-01T10:00:00", "resolved_by": "us"},
        {"posted_at": "2026-08-21T10:00:00", "resolved_at": "2026-08-22T10:00:00"},
        platform="x",
    )
    found = company.counted()
    assert [row.value for row in found.of("resolved_by_us")] == [1, 1, 1]
    shares = found.of("resolved_by_us_share")
    of = {(row.basis, row.period): (row.numerator, row.denominator) for row in shares}
    assert of["post", "2026-07"] == (2, 3)
    assert of["action", "2026-07"] == (1, 3)
    assert of["post", "2026-08"] == (1, 2)
    assert of["action", "2026-08"] == (1, 2)
    september = one(found, "resolved_by_us_share", "2026-09", basis="action")
    assert (september.value, september.numerator, september.reason) == (None, 1, "no mention in the period")
    bases = [one(found, "resolved_by_us_share", basis=basis).value for basis in ("post", "action")]
    assert bases == [3 / 5, 3 / 5]


def test_a_chance_is_worth_its_value_once(company, one) -> None:
    """One author speaks of one purchase three times (80, 100, no value), another in the same conversation once (50)."""
    company.table(
        "mentions",
        {"author_id": "a", "potential_value": 80, "posted_at": "2026-07-31T10:00:00"},
        {"author_id": "a", "potential_value": 100, "posted_at": "2026-08-01T10:00:00"},
        {"author_id": "a", "posted_at": "2026-08-02T10:00:00"},
        {"author_id": "b", "potential_value": 50, "posted_at": "2026-08-03T10:00:00"},
        {"author_id": "b", "posted_at": "2026-08-04T10:00:00", "conversation_id": None},
        {"author_id": "c", "posted_at": "2026-08-04T10:00:00", "sales_flag": "cancel_save"},
        platform="x",
        conversation_id="k",
        sales_flag="new_sale",
    )
    found = company.counted()
    july, august = (
        one(found, "sales_potential_value", month, sales_flag="new_sale") for month in ("2026-07", "2026-08")
    )
    assert (july.value, july.note) == (100, None)
    assert (august.value, august.note) == (50, "1 of 2 carry no value and add nothing")
    saves = one(found, "sales_potential_value", "2026-08", sales_flag="cancel_save")
    assert (saves.value, saves.reason) == (None, "no value is given for any of 1")
    assert one(found, "sales_potential_value", "2026-07", sales_flag="cancel_save").value == 0
    assert one(found, "sales_mentions", "2026-08", sales_flag="new_sale").value == 4, "mentions are counted each"


def test_new_sales_matched_to_orders(company, one) -> None:
    """Chances of 1 July: a orders on day 10, b after 30 days exactly (just in time), f a second later (too late), c
    before the mention, d never, one of nobody known. e's chance of 20 August is not followed for 30 days: orders are
    known to the end of August."""
    flagged = [{"customer_id": customer, "posted_at": AT} for customer in ("a", "b", "c", "d", "f", None)]
    company.table("mentions", *flagged, {"customer_id": "e", "posted_at": "2026-08-20T10:00:00"}, platform="x",
                  sales_flag="new_sale")  # fmt: skip
    company.table(
        "orders",
        {"customer_id": "a", "ordered_at": "2026-07-11T10:00:00"},
        {"customer_id": "b", "ordered_at": "2026-07-31T10:00:00"},
        {"customer_id": "f", "ordered_at": "2026-07-31T10:00:01"},
        {"customer_id": "c", "ordered_at": "2026-06-30T10:00:00"},
        {"customer_id": "e", "ordered_at": "2026-08-21T10:00:00"},
        revenue=10,
        currency="EUR",
    )
    company.table("issues", {"opened_at": "2026-10-20T10:00:00", "channel": "email"})
    found = company.counted()
    july, august = (one(found, "new_sales_matched_30d", month) for month in ("2026-07", "2026-08"))
    assert (july.numerator, july.denominator, july.mature) == (2, 5, True)
    assert july.note == "not counted: 1 of no known customer"
    assert (august.value, august.mature) == (None, False)
    assert august.reason == "no chance of a known customer has been followed for 30 days"
    assert august.note == "not counted: 1 not followed for 30 days"
    wider = company.counted(rules=Rules(windows={"new_sales_matched_30d": 31}))
    assert one(wider, "new_sales_matched_31d", "2026-07").numerator == 3


def test_cancel_saves_held(company, one) -> None:
    """On 1 July a and b speak of leaving; a still runs 90 days on, b ended on day 60. c changed to a new subscription
    and is held; d had ended before. The chance of 20 July needs until 18 October."""
    flagged = [{"customer_id": customer, "posted_at": AT} for customer in ("a", "b", "c", "d", None)]
    company.table("mentions", *flagged, {"customer_id": "a", "posted_at": "2026-07-20T10:00:00"}, platform="x",
                  sales_flag="cancel_save")  # fmt: skip
    company.table(
        "subscriptions",
        {"customer_id": "a"},
        {"customer_id": "b", "ended_at": "2026-08-30T10:00:00", "end_kind": "cancelled"},
        {"customer_id": "c", "ended_at": "2026-07-15T10:00:00", "end_kind": "moved"},
        {"customer_id": "c", "started_at": "2026-07-15T10:00:00"},
        {"customer_id": "d", "ended_at": "2026-05-01T10:00:00", "end_kind": "cancelled"},
        started_at="2025-01-01T00:00:00",
    )
    found = company.counted(known_at=datetime(2026, 10, 10))
    july = one(found, "cancel_saves_held_90d", "2026-07")
    assert (july.numerator, july.denominator, july.mature) == (2, 3, False)
    assert july.note == (
        "not counted: 1 of no known customer, 1 without a subscription at the time, 1 not followed for 90 days"
    )
    later = one(company.counted(known_at=datetime(2026, 11, 10)), "cancel_saves_held_90d", "2026-07")
    assert (later.numerator, later.denominator, later.mature) == (3, 4, True)


def test_without_orders_or_subscriptions_a_chance_stays_potential(company) -> None:
    company.table("mentions", {"posted_at": AT, "sales_flag": "new_sale", "customer_id": "a"}, platform="x")
    found = company.counted()
    assert found.missing["new_sales_matched_30d"] == "table `orders`"
    assert found.missing["cancel_saves_held_90d"] == "table `subscriptions`"
    assert found.missing["resolved_by_us"] == "column `resolved_at` of `mentions`"


@pytest.mark.parametrize("metric", ["mentions", "mentions_by_platform", "resolved_by_us"])
def test_months_add_up_to_the_whole(company, metric) -> None:
    company.table(
        "mentions",
        *({"posted_at": f"2026-0{month}-1{day}T10:00:00", "resolved_at": f"2026-09-2{day}T10:00:00"}
          for month in (7, 8, 9) for day in range(month % 4 + 1)),
        platform="x",
        resolved_by="us",
    )  # fmt: skip
    found = company.counted()
    (whole,) = found.of(metric, whole=True)
    assert sum(row.value for row in found.of(metric)) == whole.value == 7
