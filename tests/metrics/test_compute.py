"""What is counted, on the real tweets and on a few mentions that can be counted by eye."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from analysis.foundation.calendar import Month, Period, months_between
from analysis.foundation.errors import UnknownName
from analysis.metrics.catalogue import definition, definitions
from analysis.metrics.compute import _COUNTS, MetricsResult, care_metrics
from analysis.tables.load import Source, open_tables, prepare

Q3 = Period.of("2026q3", "UTC").months()


def counted(folder: Path, months=Q3, zone: str = "UTC") -> MetricsResult:
    with open_tables(prepare([Source(folder)], cache=folder.parent / "cache", zone=zone)) as tables:
        return care_metrics(tables, months=months, zone=zone)


def mentions(tmp_path: Path, *rows: dict) -> Path:
    folder = tmp_path / "company"
    folder.mkdir()
    base = {"platform": "twitter", "in_reply_to": None, "kind": None, "actionable": None, "first_reply_at": None}
    frame = pd.DataFrame([{"mention_id": f"m{n}", **base, **row} for n, row in enumerate(rows)])
    frame.to_csv(folder / "mentions.csv", index=False)
    return folder


def value(result: MetricsResult, metric: str, period: str = "2026q3", **segment: str):
    (row,) = [row for row in result.metrics if (row.id, row.period, dict(row.segment)) == (metric, period, segment)]
    return row


def test_every_metric_of_the_catalogue_is_counted_and_no_other() -> None:
    assert set(_COUNTS) == set(definitions())


def test_an_unknown_metric_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownName, match="response_rate"):
        definition("respons_rate")


def test_the_real_tweets(real_data: Path, tmp_path: Path) -> None:
    """1,285 first inbound tweets of conversations, 1,154 answered, median first reply of the answered 11.99 minutes.

    Counting choices: a mention is an inbound tweet; it opens a conversation when it replies to nothing; its first reply
    is the earliest outbound tweet that names it; a month is one of UTC, and all months that hold a tweet are counted.
    """
    source = Source(real_data / "twcs", map="twcs")
    with open_tables(prepare([source], cache=tmp_path, zone="UTC")) as tables:
        bounds = tables.engine.query("select min(posted_at) as low, max(posted_at) as high from mentions").to_pylist()[
            0
        ]
        months = months_between(Month.of(bounds["low"].date()), Month.of(bounds["high"].date()))
        found = care_metrics(tables, months=months, zone="UTC")
    (rate,) = found.of("response_rate", whole=True)
    assert (rate.numerator, rate.denominator) == (1154, 1285)
    (answered,) = found.of("first_response_time_median_answered", whole=True)
    assert f"{answered.value / 60:.2f}" == "11.99"
    (everyone,) = found.of("first_response_time_median", whole=True)
    assert everyone.value > answered.value, "those never answered are waiting still"
    assert sum(row.value for row in found.of("mentions")) == found.of("mentions", whole=True)[0].value


def test_the_answer_is_credited_to_the_month_of_the_question(tmp_path: Path) -> None:
    """Asked on the last of July, answered in August: July's response rate is 1, August has no opening mention."""
    found = counted(mentions(tmp_path, {"posted_at": "2026-07-31T23:00:00", "first_reply_at": "2026-08-01T01:00:00"}))
    assert value(found, "response_rate", "2026-07").value == 1
    august = value(found, "response_rate", "2026-08")
    assert (august.value, august.reason) == (None, "no opening mention in the period")


def test_months_begin_in_the_reporting_zone(tmp_path: Path) -> None:
    folder = mentions(tmp_path, {"posted_at": "2026-07-31T23:30:00Z"})
    assert value(counted(folder, zone="Europe/London"), "mentions", "2026-08").value == 1
    assert value(counted(folder, zone="UTC"), "mentions", "2026-07").value == 1


def test_only_opening_mentions_that_need_an_answer_count_for_the_response(tmp_path: Path) -> None:
    found = counted(
        mentions(
            tmp_path,
            {"posted_at": "2026-07-01T10:00:00", "first_reply_at": "2026-07-01T10:01:00"},
            {"posted_at": "2026-07-01T10:02:00", "in_reply_to": "m0"},
            {"posted_at": "2026-07-02T10:00:00", "actionable": "false"},
            {"posted_at": "2026-07-03T10:00:00", "actionable": "true"},
        )
    )
    rate = value(found, "response_rate")
    assert (rate.numerator, rate.denominator, rate.value) == (1, 2, 0.5)
    assert value(found, "mentions").value == 4


def test_the_waiting_count_as_waiting(tmp_path: Path) -> None:
    """Answered after 60, 120 and 180 s, one still waiting at the last reply seen, two hours on: a third of four is past
    its median at 120 to 180 s, the middle of the flat part is 150 s; the answered alone say 120 s."""
    found = counted(
        mentions(
            tmp_path,
            *(
                {"posted_at": "2026-07-01T10:00:00", "first_reply_at": f"2026-07-01T10:0{minutes}:00"}
                for minutes in (1, 2, 3)
            ),
            {"posted_at": "2026-07-01T08:00:00"},
        )
    )
    assert value(found, "first_response_time_median_answered").value == 120
    assert value(found, "first_response_time_median").value == 150
    p90 = value(found, "first_response_time_p90")
    assert p90.value is None
    assert p90.reason == "not reached: only 3 of 4 opening mentions have an answer"


def test_kinds_are_counted_apart_and_never_guessed(tmp_path: Path) -> None:
    kinds = ["complaint", "complaint", "positive", None]
    found = counted(mentions(tmp_path, *({"posted_at": "2026-07-01T10:00:00", "kind": kind} for kind in kinds)))
    assert value(found, "mentions_by_kind", kind="complaint").value == 2
    assert value(found, "mentions_by_kind", kind="unknown").value == 1
    august = value(found, "mentions_by_kind", "2026-08", kind="positive")
    assert (august.value, august.reason) == (None, "`mentions` holds nothing of this month or beyond it")
    assert value(found, "complaints_per_positive").value == 2
    assert value(found, "complaints_per_positive", "2026-09").value is None


def test_a_month_between_others_without_a_mention_is_a_zero(tmp_path: Path) -> None:
    found = counted(mentions(tmp_path, {"posted_at": "2026-07-01T10:00:00"}, {"posted_at": "2026-09-30T10:00:00"}))
    assert value(found, "mentions", "2026-08").value == 0


def test_what_is_missing_is_named_and_the_rest_is_counted(tmp_path: Path) -> None:
    found = counted(mentions(tmp_path, {"posted_at": "2026-07-01T10:00:00"}))
    assert found.missing["issues_raised"] == "table `issues`"
    assert "mentions" not in found.missing


def test_orders_are_counted_without_the_cancelled(tmp_path: Path) -> None:
    folder = tmp_path / "company"
    folder.mkdir()
    rows = [("a", "2026-07-01", 10, None), ("a", "2026-08-01", 20, None), ("b", "2026-07-05", 30, None)]
    rows += [("b", "2026-07-06", 99, "2026-07-07T00:00:00")]
    orders = pd.DataFrame(rows, columns=["customer_id", "ordered_at", "revenue", "cancelled_at"])
    orders["ordered_at"] += "T09:00:00"
    orders.assign(order_id=range(4), currency="EUR").to_csv(folder / "orders.csv", index=False)
    found = counted(folder)
    assert value(found, "orders_placed").value == 3
    assert value(found, "average_order_value").value == 20
    repeat = value(found, "repeat_purchase_rate")
    assert (repeat.numerator, repeat.denominator) == (1, 2)


def test_a_hostile_platform_stays_text(tmp_path: Path) -> None:
    hostile = "'; drop table mentions; -- <script>"
    found = counted(mentions(tmp_path, {"posted_at": "2026-07-01T10:00:00", "platform": hostile}))
    assert value(found, "mentions_by_platform", platform=hostile).value == 1
