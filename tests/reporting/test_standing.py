"""How the month stands, in short: targets, incidents nobody explained, closed months, and what may still change."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from analysis.foundation.provenance import rounded
from analysis.reporting.naming import forbidden_words
from analysis.reporting.standing import closed_months, incidents, still_open, targets
from analysis.reporting.summary import status_in_words, summary
from analysis.reporting.wording import Words

SAY = Words("en_GB")


def said(lines):
    return [line.replace("\xa0", " ") for line in lines]


@pytest.fixture(scope="module")
def results(made):
    found = {**made.results(), **made.counted().to_parts(), **made.month_close().to_parts()}
    return json.loads(json.dumps(rounded(found)))


def test_targets_are_counted_and_the_missed_ones_named(made):
    assert said(targets(made.scorecard().to_parts(), SAY)) == [
        "1 of 2 targets met in September 2026, provisionally.",
        "Missed: Response rate (by the month it began), 60.0 %; the target is 65.0 % or more.",
        "The team's own index, of parts shown on the scorecard: 94 of 100.",
    ]
    one = made.scorecard(scores=made.scorecard().scores[1:2], index=None)
    assert said(targets(one.to_parts(), SAY)) == ["The one target is met in September 2026, provisionally."]
    none = made.scorecard(scores=made.scorecard().scores[2:], index=None)
    assert said(targets(none.to_parts(), SAY)) == [
        "No figure of September 2026 has a target that it could meet or miss."
    ]
    assert said(targets({"scorecard": []}, SAY)) == []


def test_only_unexplained_incidents_are_told_one_by_one(made):
    found = made.incidents().to_parts()
    assert said(incidents(found, SAY)) == [
        "Unexplained: 5 to 6 August 2026 (all, above all broadband), 49 mentions where about 13 were expected.",
        "1 incident has an explanation in the change log.",
    ]
    many = made.incidents(*(made.incident(f"2026-08-1{n}", f"2026-08-1{n}") for n in range(5))).to_parts()
    assert len(said(incidents(many, SAY))) == 5  # the page folds a long list, nothing is left out here
    assert said(incidents({"incidents": []}, SAY)) == said(incidents({}, SAY)) == []


def test_closed_months_and_their_restatements_are_told(made, results):
    lines = said(closed_months(results, SAY))
    assert lines[0] == "July 2025 to August 2026: closed."
    assert lines[1] == "Mentions, June 2026: reported as 200, now 160 (−20.0 %), restated: a file was loaded twice."
    assert lines[2].startswith("Mentions by kind, ")
    assert len(lines) == 1 + len(results["close"]["notices"])
    trial = {"metrics": [], **made.month_close(standing="trial").to_parts()}
    assert said(closed_months(trial, SAY))[0] == (
        "August 2026 is over and not closed yet: its close was tried out, nothing was written."
    )
    assert said(closed_months({"metrics": [], "close": None}, SAY)) == []


def test_what_may_still_change_is_told_apart_by_month_and_figure(made):
    rows = [made.metric("mentions", "2026-08", 5), made.metric("mentions", "2026-09", 5, state="provisional")]
    rows.append(made.metric("link_clicks", "2026-08", 5, basis="post", unit="clicks", state="provisional"))
    rows.append(made.metric("mentions_by_kind_estimated", "2026-08", 5.5, state="estimated", segment={"kind": "a"}))
    assert said(still_open({"metrics": rows}, SAY)) == [
        "Counted figures of September 2026: the month is not closed and may still change.",
        "In closed months these may still change: Link clicks (by the month it began).",
    ]
    fresh = [replace(row, state="provisional") for row in rows[:2]]
    assert said(still_open({"metrics": fresh}, SAY)) == [
        "Counted figures of all months: the months are not closed and may still change."
    ]
    assert said(still_open({"metrics": rows[:1]}, SAY)) == []
    assert said(still_open({"metrics": []}, SAY)) == ["No figure was counted by month."]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        (("provisional",), "provisional"),
        (("provisional", "estimated"), "provisional"),
        (("locked",), "closed"),
        (("locked", "estimated"), "closed"),
        (("locked", "provisional"), "partly provisional"),
        (("adjusted", "provisional", "restated"), "partly provisional"),
        (("locked", "adjusted"), "closed, some figures later adjusted"),
        (("adjusted", "restated", "locked"), "closed, some figures later adjusted or restated"),
        (("estimated",), "estimated"),
        ((), ""),
    ],
)
def test_the_status_is_right_for_every_mixture_of_states(made, states, words):
    rows = [made.metric("mentions", "2026-08", 5, state=state).to_dict() for state in states]
    assert status_in_words({"metrics": rows}) == words
    whole = made.metric("mentions", "2026-07/2026-08", 5, state="provisional").to_dict()
    assert status_in_words({"metrics": [*rows, whole]}) == (words or "provisional")  # months speak for themselves


def test_the_summary_keeps_these_short_and_plain(results):
    told = summary(results)
    headings = [title for title, _ in told.sections()]
    kept = [title for title in headings if title in ("Where targets stand", "Days that stood out", "What is closed")]
    assert kept == ["Where targets stand", "Days that stood out", "What is closed"]
    html = told._repr_html_()
    assert "<script" not in html
    assert not forbidden_words(str(told))


def test_a_report_without_these_has_no_empty_lists(made):
    headings = [title for title, _ in summary({"metrics": [], "effects": [], "roi": None}).sections()]
    assert headings == ["What is provisional", "What could be wrong", "What is missing"]
