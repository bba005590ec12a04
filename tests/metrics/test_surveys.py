"""Scores of surveys, counted by eye: each scale its own way up, and never a score that is not on it."""

from __future__ import annotations

from datetime import datetime

import pytest

from analysis.metrics.catalogue import definition
from analysis.metrics.families.surveys import SCALES

ASKED, ANSWERED = "2026-07-30T10:00:00", "2026-08-02T10:00:00"
K = datetime(2026, 10, 1)


def given(*scores: float | None, instrument: str, **more) -> list[dict]:
    row = {"asked_at": ASKED, "answered_at": ANSWERED, **more}
    return [{"instrument": instrument, "score": score, **row} for score in scores]


def silent(n: int, instrument: str) -> list[dict]:
    return [{"instrument": instrument, "asked_at": ASKED}] * n


def test_satisfaction(company, one) -> None:
    """5, 4, 3, 1: two of four are satisfied, the mean is 13/4; ten were asked in July, and none of them in August."""
    company.table("surveys", *given(5, 4, 3, 1, instrument="csat"), *silent(6, "csat"))
    found = company.counted(known_at=K)
    share, mean = (one(found, metric, "2026-08") for metric in ("csat", "csat_mean"))
    assert (share.numerator, share.denominator, share.value) == (2, 4, 0.5)
    assert (mean.numerator, mean.denominator, mean.value) == (13, 4, 3.25)
    assert one(found, "csat").note == "4 of 10 asked in the period answered"
    assert share.note is None, "nobody was asked in August"
    july = one(found, "csat", "2026-07")
    assert (july.value, july.reason, july.note) == (
        None, "no answer in the period", "4 of 10 asked in the period answered",
    )  # fmt: skip


def test_scores_belong_to_the_month_of_the_answer_and_the_response_to_that_of_the_question(company, one) -> None:
    company.table("surveys", *given(5, instrument="csat"), *silent(3, "csat"), *given(9, instrument="nps"))
    found = company.counted(known_at=K)
    asked = one(found, "survey_response_rate", "2026-07", instrument="csat")
    assert (asked.numerator, asked.denominator, asked.value, asked.basis) == (1, 4, 0.25, "post")
    assert one(found, "survey_response_rate", "2026-07", instrument="nps").value == 1
    nobody = one(found, "survey_response_rate", "2026-08", instrument="csat")
    assert (nobody.value, nobody.reason) == (None, "nobody was asked in the period")
    assert one(found, "csat", "2026-08").basis == "action"


def test_promoters_less_detractors(company, one) -> None:
    """10, 9, 9, 8, 7, 6, 0: three promoters, two detractors of seven."""
    company.table("surveys", *given(10, 9, 9, 8, 7, 6, 0, instrument="nps"))
    score = one(company.counted(known_at=K), "nps", "2026-08")
    assert (score.numerator, score.denominator, score.unit) == (1, 7, "points")
    assert score.value == pytest.approx(100 / 7)
    assert score.note == "3 promoters, 2 passives, 2 detractors"


@pytest.mark.parametrize(("scores", "value"), [((9, 10), 100), ((0, 6), -100), ((7, 8), 0), ((10, 0), 0)])
def test_the_score_runs_from_minus_to_plus_one_hundred(company, one, scores, value) -> None:
    company.table("surveys", *given(*scores, instrument="nps"))
    assert one(company.counted(known_at=K), "nps", "2026-08").value == value


def test_the_two_effort_scales_run_opposite_ways(company, one) -> None:
    """Easy for all: 1, 1, 2 of the first scale, 7, 7, 6 of the second; one found both hard."""
    company.table("surveys", *given(1, 1, 2, 5, instrument="ces1"), *given(7, 7, 6, 1, instrument="ces2"))
    found = company.counted(known_at=K)
    mean, low, easy = (
        one(found, metric, "2026-08") for metric in ("customer_effort_1", "customer_effort_1_low", "customer_effort_2")
    )
    assert (mean.numerator, mean.denominator, mean.value) == (9, 4, 2.25)
    assert (low.numerator, low.value) == (easy.numerator, easy.value) == (3, 0.75)
    directions = {row.id: definition(row.id).direction for row in (mean, low, easy)}
    assert directions == {
        "customer_effort_1": "lower",
        "customer_effort_1_low": "higher",
        "customer_effort_2": "higher",
    }


@pytest.mark.parametrize(
    ("instrument", "metric", "score"),
    [("csat", "csat", 6), ("csat", "csat_mean", 0), ("nps", "nps", 11), ("ces1", "customer_effort_1", 7),
     ("ces2", "customer_effort_2", 8), ("csat", "csat", 4.5), ("nps", "nps", -1)],
)  # fmt: skip
def test_a_score_off_its_scale_takes_the_figure_away(company, one, instrument, metric, score) -> None:
    """An export that mixes scales says nothing true about either; the other months keep theirs."""
    company.table("surveys", *given(3, 4, score, instrument=instrument),
                  *given(3, instrument=instrument, answered_at="2026-09-02T10:00:00"))  # fmt: skip
    found = company.counted(known_at=K)
    low, high = SCALES[instrument][0], SCALES[instrument][-1]
    refused = one(found, metric, "2026-08")
    assert refused.value is None
    assert refused.reason == f"1 of 3 scores are no whole point of the scale {low} to {high}"
    assert one(found, metric).value is None
    assert one(found, metric, "2026-09").value is not None


def test_answers_without_a_score_or_a_time_are_said(company, one) -> None:
    company.table("surveys", *given(5, None, instrument="csat"), *given(1, instrument="csat", answered_at=None))
    score = one(company.counted(known_at=K), "csat")
    assert (score.numerator, score.denominator) == (1, 1)
    assert score.note == (
        "2 of 3 asked in the period answered; 1 answered without a score; "
        "1 with a score and no time of answer, not counted"
    )


def test_months_are_put_together_by_their_two_numbers(company, one) -> None:
    company.table(
        "surveys",
        *given(5, 4, 1, instrument="csat"),
        *given(5, instrument="csat", answered_at="2026-09-02T10:00:00"),
    )
    found = company.counted(known_at=K)
    months = [row for row in found.of("csat") if row.value is not None]
    whole = one(found, "csat")
    assert whole.value == sum(row.numerator for row in months) / sum(row.denominator for row in months) == 0.75


def test_without_surveys_it_is_said(company) -> None:
    found = company.table("mentions", {"posted_at": ASKED, "platform": "x"}).counted()
    assert found.missing["nps"] == "table `surveys`"
    company.table("surveys", *silent(2, "csat"))
    assert company.counted().missing["csat"] == "column `answered_at` of `surveys`"


def test_what_is_known_later_is_not_counted_yet(company, one) -> None:
    company.table("surveys", *given(5, instrument="csat", known_at="2026-08-20T00:00:00"),
                  *given(1, instrument="csat", known_at="2026-09-20T00:00:00"))  # fmt: skip
    assert one(company.counted(known_at=datetime(2026, 9, 1)), "csat", "2026-08").value == 1
    assert one(company.counted(known_at=K), "csat", "2026-08").value == 0.5
