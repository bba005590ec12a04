"""Health before results: each check passes and fails where it should, in words; what cannot apply is left out."""

from __future__ import annotations

import pytest

from analysis.reporting.naming import forbidden_words
from analysis.reporting.sanitise import sanitised
from analysis.reporting.summary import health
from analysis.reporting.summary.health import MOST_AT_FAULT, health_html
from analysis.reporting.wording import Words

SAY = Words("en_GB")
PERIOD = {"start": "2026-07-01", "end": "2026-10-01", "timezone": "Europe/London"}


def found(results):
    return {one.asked: (one.verdict, one.said.replace("\xa0", " ")) for one in health(results, SAY)}


def only(results):
    [told] = found({"effects": [], "metrics": [], **results}).values()
    return told


def test_failed_checks_stand_first_and_verdicts_are_words(made):
    told = health(made.results(), SAY)
    assert [one.verdict for one in told] == sorted(
        (one.verdict for one in told), key=("failed", "not_run", "cannot_be_known", "passed").index
    )
    html = health_html(told)
    assert html.count("<li>") == len(told)
    assert "✗ failed</strong>" in html
    assert "✓ passed</strong>" in html
    assert sanitised(html) == html
    assert not forbidden_words(" ".join(str(one) for one in told))


def test_the_checks_behind_the_answer_are_counted_and_those_not_passed_named(made):
    """Three gates: one passed, one failed, one not run; the fourth check decides nothing."""
    assert found(made.results())["The comparison behind the answer"] == (
        "failed",
        "1 of the 3 checks that decide its grade passed. “Both groups moved alike before the contact” failed. "
        "“Customers who turn to social only later did as the others did until then” could not be run.",
    )
    results = made.results()
    for row in results["effects"]:
        row["checks"] = [{**one, "verdict": "passed"} for one in row["checks"]]
    assert found(results)["The comparison behind the answer"] == (
        "passed",
        "All 3 checks that decide its grade passed.",
    )


def test_the_sizes_of_groups_are_told_with_what_chance_alone_does(made):
    check = {
        "name": "sample_ratio", "verdict": "failed", "gate": True, "p_value": 0.00002,
        "detail": "Customers per arm: control 20,055, invited 18,945; p = 2e-05 against the shares stated, below 0.001 "
        "fails.",
    }  # fmt: skip
    row = {**made.effect("orders", 1.1, 1.0, 1.2).to_dict(), "checks": [check]}
    assert found({"effects": [row], "metrics": []})["The groups have the sizes that were planned"] == (
        "failed",
        "Customers per arm: control 20,055, invited 18,945; chance alone sets them this far apart in under 1 % of "
        "draws, and fewer than 0.1 % counts as a fault.",
    )


@pytest.mark.parametrize(("bad", "verdict"), [(0, "passed"), (10, "passed"), (11, "failed")])
def test_rows_at_fault_fail_from_a_share_on_and_cancelled_ones_do_not(bad, verdict):
    """Of 1,000 orders, 50 cancelled by the table's own rule and `bad` set aside: one in a hundred may be."""
    aside = {"cancelled": 50} | ({"no_customer": bad} if bad else {})
    rows = {"orders": {"read": 1000, "kept": 950 - bad, "set_aside": aside}, "issues": {"read": 5, "kept": 5}}
    assert MOST_AT_FAULT == 0.01
    told, said = only({"rows": rows})
    assert told == verdict
    assert said.startswith("2 tables were read; ")
    assert said.endswith("Not counted, by the rules of the tables: 50 of 1,000 rows of orders (cancelled).")
    assert ("no row was left out for a fault" in said) == (bad == 0)
    if bad:
        assert f"{bad} of 1,000 rows of orders (no_customer)" in said


@pytest.mark.parametrize(
    ("known", "verdict", "day"),
    [
        ("2026-09-30T23:00:00Z", "passed", "1 October 2026"),  # midnight in London
        ("2026-09-30T22:59:00Z", "failed", "30 September 2026"),
        ("2027-01-04T08:00:00Z", "passed", "4 January 2027"),
    ],
)
def test_tables_are_fresh_if_they_reach_the_end_of_the_period_in_its_own_time_zone(known, verdict, day):
    assert only({"period": PERIOD, "known_at": known}) == (
        verdict,
        f"They stand as they were known on {day}; the period ends with 30 September 2026."
        + (" Its end is not in them." if verdict == "failed" else ""),
    )


def test_a_window_that_is_not_over_fails(made):
    row = made.effect("orders", 1.1, 1.05, 1.2, checks=()).to_dict()
    asked = "The whole window was seen"
    assert found({"effects": [row], "metrics": []})[asked] == (
        "passed",
        "All customers of July 2025 to March 2026 behind the answer were followed for 6 months.",
    )
    assert found({"effects": [{**row, "maturity": "interim"}], "metrics": []})[asked][0] == "failed"


def test_the_books_are_compared_or_said_not_to_be(made):
    assert "Cost agrees with the books" not in found(made.results())  # a case of an older version holds no claim
    assert found({"effects": [], "metrics": [], "roi": None}) == {}


def test_false_alarms_are_told_only_where_there_are_too_many():
    assert found({"effects": [], "coverage": {"a_a": [{"too_many": False}]}}) == {}
    assert only({"coverage": {"a_a": [{"too_many": True}, {"too_many": False}]}})[0] == "failed"


@pytest.mark.parametrize(
    "results",
    [
        {},
        {"period": {"start": "x", "end": "y", "timezone": "z"}, "known_at": "never"},
        {
            "period": {"start": "2026-07-01", "end": "2026-10-01", "timezone": "No/Where"},
            "known_at": "2026-10-01T00:00Z",
        },
        {"period": None, "known_at": None, "rows": {}, "coverage": {}},
    ],
)
def test_what_cannot_be_told_is_left_out(results):
    assert health({"effects": [], "metrics": [], **results}, SAY) == ()


def test_text_of_the_data_stays_text(made):
    rows = {made.HOSTILE: {"read": 10, "kept": 5, "set_aside": {made.HOSTILE: 5}}}
    html = health_html(health({"effects": [], "metrics": [], "rows": rows}, SAY))
    assert "<script" not in html
    assert sanitised(html) == html
