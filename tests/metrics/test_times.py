"""Times to an answer and to a solution: by hand, against published figures, and with the waiting waiting."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.calendar import Month
from analysis.inference.survival import kaplan_meier
from analysis.metrics.catalogue import definition
from analysis.metrics.counter import Counter, Rules
from analysis.metrics.families import times
from analysis.metrics.families.times import fastest_mean
from analysis.tables.load import Source, open_tables, prepare

START = datetime(2026, 7, 1, 10)
JULY = (Month.of("2026-07"),)


def after(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).isoformat()


def answered(*waits: float, **more) -> list[dict]:
    return [{"posted_at": after(0), "first_reply_at": after(wait), **more} for wait in waits]


def known(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def test_the_waiting_count_as_waiting(company, one) -> None:
    """Answered after 60, 120 and 180 s, one waiting since two hours before: three of four are answered, the curve is
    flat at one half from 120 to 180 s, its middle is 150 s; the answered alone say 120 s."""
    company.table("mentions", *answered(60, 120, 180), {"posted_at": after(-7200)}, platform="x")
    found = company.counted()
    flattering = one(found, "first_response_time_median_answered")
    assert (flattering.value, flattering.numerator, flattering.denominator) == (120, 3, 4)
    assert one(found, "first_response_time_median").value == 150
    p90 = one(found, "first_response_time_p90")
    assert (p90.value, p90.numerator, p90.denominator) == (None, 3, 4)
    assert p90.reason == "not reached: only 3 of 4 opening mentions have an answer"


def test_closed_without_an_answer_competes(company, one) -> None:
    """Answered after 1, 3 and 5 minutes, resolved without an answer after 2, still open after 4 minutes.

    Of five, 1/5 is answered at 1; at 2 one of the four left is gone for good, 3/5 wait; at 3 one of those three is
    answered: 1/5 more; at 4 one is lost from sight; at 5 the one left is answered, and stands for 2/5: 0.2, 0.4, 0.8.
    The median is 5 minutes. Were the resolved one thought to be waiting, half would be answered by minute 5 too, but
    nine in ten as well, for the curve would end at 1.
    """
    company.table(
        "mentions",
        *answered(60, 180, 300),
        {"posted_at": after(0), "resolved_at": after(120)},
        {"posted_at": after(60)},
        platform="x",
    )
    found = company.counted(known_at=known(300))
    assert one(found, "first_response_time_median").value == 300
    p90 = one(found, "first_response_time_p90")
    assert (p90.value, p90.reason) == (None, "not reached: only 3 of 5 opening mentions have an answer")
    as_if_waiting = kaplan_meier([60, 120, 180, 240, 300], [1] * 5, [True, False, True, False, True])
    assert as_if_waiting.quantile(0.9) == 300


def test_people_and_bots_apart(company, one) -> None:
    """Bots answer three at once, people one after an hour, one reply is of nobody named: half of all have an answer
    after 10 s, half have it from a bot at the third, and people never reach half."""
    company.table(
        "mentions",
        *answered(5, 10, 10, replied_by="bot"),
        *answered(3600, replied_by="human"),
        *answered(7200),
        {"posted_at": after(0)},
        platform="x",
    )
    found = company.counted(known_at=known(86_400))
    both, bot, human = (
        one(found, "first_response_time_median", **segment)
        for segment in ({}, {"replied_by": "bot"}, {"replied_by": "human"})
    )
    assert (both.value, both.numerator, both.denominator) == ((10 + 3600) / 2, 5, 6)
    assert (bot.value, bot.numerator, bot.denominator) == (10, 3, 6)
    assert (human.value, human.numerator) == (None, 1)
    assert human.reason == "not reached: only 1 of 6 opening mentions have an answer from a human"


def test_who_replied_is_asked_only_where_it_is_said(company) -> None:
    found = company.table("mentions", *answered(60), platform="x").counted()
    assert {tuple(row.segment) for row in found.of("first_response_time_median")} == {()}


def test_published_waits(company, one) -> None:
    """Fanpage Karma's five: .17, .75, 2, 20 and .88 hours have the median .88 and the mean 4.76."""
    company.table("mentions", *answered(*(hours * 3600 for hours in (0.17, 0.75, 2, 20, 0.88))), platform="x")
    found = company.counted()
    assert one(found, "first_response_time_median_answered").value / 3600 == pytest.approx(0.88)
    assert one(found, "first_response_time_median").value / 3600 == pytest.approx(0.88)
    mean = one(found, "first_response_time_mean_answered")
    assert mean.value / 3600 == pytest.approx(4.76)
    assert (mean.numerator, mean.denominator) == (85_680, 5), "seconds, and answers: what a longer period adds up"


def test_the_fastest_nine_tenths(company, one) -> None:
    """Facebook's mean: of ten replies after 1 to 10 minutes the slowest is left out, the mean of 1 to 9 is 5."""
    found = company.table("mentions", *answered(*(60 * n for n in range(1, 11))), platform="x").counted()
    assert one(found, "first_response_time_fastest_90_mean").value == 300


@given(st.lists(st.integers(0, 1000), min_size=1, max_size=50), st.randoms())
def test_the_fastest_are_those_of_the_sorted_list(waits, random) -> None:
    kept = sorted(waits)[: max(1, len(waits) * 9 // 10)]
    distinct, n = np.unique(waits, return_counts=True)
    order = list(range(len(distinct)))
    random.shuffle(order)
    assert fastest_mean(distinct[order].astype(float), n[order]) == pytest.approx(sum(kept) / len(kept))


def test_a_reply_before_its_mention_is_an_answer_without_a_time(company, one) -> None:
    found = company.table("mentions", *answered(-60, 120), platform="x").counted(known_at=known(7200))
    median = one(found, "first_response_time_median")
    assert (median.value, median.numerator, median.denominator) == (120, 2, 2)
    assert median.note == "1 ended before it began, by the times given: counted, not timed"
    rate = one(found, "response_rate", basis="post")
    assert (rate.numerator, rate.denominator) == (2, 2)
    assert one(found, "sla_attainment").denominator == 1
    only = company.table("mentions", *answered(-60), platform="x").counted()
    for metric in ("first_response_time_median", "first_response_time_median_answered"):
        assert one(only, metric).value is None
        assert one(only, metric).reason.endswith("whose time is known")


def test_the_promised_time(company, one) -> None:
    """An hour is promised. Answered within: two; late: one; open for an hour: one; closed without an answer: one.
    Posted half an hour ago, answered or not: not judged yet."""
    company.table(
        "mentions",
        *answered(60, 3600, 3601),
        {"posted_at": after(0)},
        {"posted_at": after(0), "resolved_at": after(30)},
        {"posted_at": after(5400), "first_reply_at": after(5410)},
        {"posted_at": after(5400)},
        platform="x",
    )
    kept = one(company.counted(known_at=known(7200)), "sla_attainment")
    assert (kept.numerator, kept.denominator, kept.value) == (2, 5, 0.4)
    assert kept.note == "promised: an answer within 60 minutes; 2 too recent to be judged"
    strict = one(company.counted(known_at=known(7200), rules=Rules(sla_seconds=60)), "sla_attainment")
    assert (strict.numerator, strict.denominator) == (2, 7)
    assert strict.note == "promised: an answer within 60 seconds"
    nobody = one(company.counted(known_at=known(7200)), "sla_attainment", "2026-09")
    assert (nobody.value, nobody.reason) == (None, "no opening mention whose promised time has passed")


def test_issues_wait_for_an_answer_and_for_a_close(company, one) -> None:
    """Closed after 1, 2 and 4 hours; one closed after 1 hour and opened again after 3: it waits still; one opened
    again after 1 hour counts by its last close, after 5. Of five, at risk 5, 4, 3, 2 at 1, 2, 4 and 5 hours."""
    hour = 3600
    company.table(
        "issues",
        {"closed_at": after(hour), "first_reply_at": after(60)},
        {"closed_at": after(2 * hour), "first_reply_at": after(120)},
        {"closed_at": after(4 * hour)},
        {"closed_at": after(hour), "reopened_at": after(3 * hour)},
        {"closed_at": after(5 * hour), "reopened_at": after(hour), "first_reply_at": after(90)},
        opened_at=after(0),
        channel="email",
    )
    found = company.counted(known_at=known(10 * hour))
    median = one(found, "time_to_resolution_median")
    assert (median.value, median.numerator, median.denominator) == (4 * hour, 4, 5)
    p90 = one(found, "time_to_resolution_p90")
    assert (p90.value, p90.reason) == (None, "not reached: only 4 of 5 issues are resolved")
    flattering = one(found, "time_to_resolution_median_resolved")
    assert (flattering.value, flattering.numerator, flattering.denominator) == (3 * hour, 4, 5)
    reply = one(found, "issue_first_response_time_median")
    assert (reply.value, reply.numerator, reply.denominator) == (120, 3, 5)
    p90 = one(found, "issue_first_response_time_p90")
    assert p90.reason == "not reached: only 3 of 5 issues have an answer"


def test_a_month_without_cases_has_no_time(company, one) -> None:
    found = company.table("mentions", *answered(60), platform="x").counted()
    august = one(found, "first_response_time_median", "2026-08")
    assert (august.value, august.reason) == (None, "no opening mention in the period")
    only = one(found, "first_response_time_median_answered", "2026-08")
    assert (only.value, only.reason) == (None, "no answered opening mention in the period")
    assert one(found, "first_response_time_mean_answered", "2026-08").value is None


@pytest.fixture
def many(company):
    """Two thousand mentions of three months: answered, open, resolved, by whom it may be."""
    rng = np.random.default_rng(8)
    n = 2000
    posted = pd.Timestamp("2026-07-01") + pd.to_timedelta(rng.integers(0, 92 * 86_400, n), unit="s")
    ended = posted + pd.to_timedelta(rng.exponential(20_000, n).astype(int), unit="s")
    way = rng.integers(0, 4, n)
    frame = pd.DataFrame({
        "posted_at": posted.strftime("%Y-%m-%dT%H:%M:%S"),
        "first_reply_at": pd.Series(ended.strftime("%Y-%m-%dT%H:%M:%S")).where(way <= 1),
        "replied_by": np.where(way == 0, "human", np.where(way == 1, "bot", None)),
        "resolved_at": pd.Series(ended.strftime("%Y-%m-%dT%H:%M:%S")).where(way == 2),
    })  # fmt: skip
    return company, frame.astype(object).where(frame.notna(), None).to_dict("records")


def test_the_order_of_rows_does_not_matter_and_counts_agree_with_the_response_rate(many, one) -> None:
    company, rows = many
    found = company.table("mentions", *rows, platform="x").counted()
    again = company.table("mentions", *rows[::-1], platform="x").counted()
    assert found.metrics == again.metrics
    for period in ("2026-07", "2026-08", "2026-09", "2026q3"):
        rate = one(found, "response_rate", period, basis="post")
        both, human, bot = (
            one(found, "first_response_time_median", period, **segment)
            for segment in ({}, {"replied_by": "human"}, {"replied_by": "bot"})
        )
        assert (both.numerator, both.denominator) == (rate.numerator, rate.denominator)
        assert human.numerator + bot.numerator == both.numerator
        assert human.denominator == bot.denominator == both.denominator


def test_the_curves_of_people_and_of_bots_add_up(many) -> None:
    """To whom an answer came by each time: from a person, from a bot, and from either."""
    company, rows = many
    company.table("mentions", *rows, platform="x")
    prepared = prepare([Source(company.folder)], cache=company.folder.parent / "cache", zone="UTC")
    with open_tables(prepared) as tables:
        cases = times._cases(Counter(tables, JULY, "UTC"), times.MENTIONS, None)
    both, human, bot = (cases.curve(ways) for ways in (times.ANSWERED, (times.BY_HUMAN,), (times.BY_BOT,)))
    np.testing.assert_allclose(human.incidence + bot.incidence, both.incidence, atol=1e-12)
    np.testing.assert_allclose(both.incidence + both.competing + both.waiting, 1, atol=1e-12)


def test_all_times_of_a_kind_take_one_scan(many) -> None:
    company, rows = many
    company.table("mentions", *rows, platform="x")
    prepared = prepare([Source(company.folder)], cache=company.folder.parent / "cache", zone="UTC")
    with open_tables(prepared) as tables:
        asked = []
        query = tables.engine.query
        tables.engine.query = lambda sql, parameters=(): asked.append(sql) or query(sql, parameters)
        count = Counter(tables, JULY, "UTC")
        for name, rows_of in times.COUNTS.items():
            if "issue" not in name and "resolution" not in name:
                assert list(rows_of(count, definition(name)))
    assert len(asked) == 1
