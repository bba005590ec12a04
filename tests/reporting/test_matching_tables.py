"""Tables of matched contacts, and how the summary says it: beside the money where totals are for matched ones only."""

from __future__ import annotations

import pytest

from analysis.foundation.errors import DesignError
from analysis.metrics.matching_result import Doubles, Likeness, MatchCoverage, Share, TableMatch
from analysis.reporting import tables
from analysis.reporting.summary import summary


def likeness(name, matched, unmatched, difference, unit="share"):
    return Likeness(
        name=name,
        unit=unit,
        matched=matched,
        unmatched=unmatched,
        of_matched=700,
        of_unmatched=300,
        difference=difference,
    )


def coverage(claim_from=0.8):
    table = TableMatch(
        table="touchpoints",
        about="contacts on social",
        contacts=1000,
        matched=700,
        strangers=12,
        by=(
            Share(contacts=600, matched=500, platform="x", month="2026-08"),
            Share(contacts=600, matched=500, platform="x"),
            Share(contacts=None, matched=None, platform="<b>f</b>"),
            Share(contacts=1000, matched=700, month="2026-08"),
        ),
        likeness=(
            likeness("answered", 0.5, 0.4, 0.202),
            likeness("first_reply", 600.0, 900.0, -0.05, "seconds"),
            likeness("complaint", None, 1.0, None),
        ),
    )
    return MatchCoverage(
        claim_from=claim_from,
        tables=(table,),
        doubles=(Doubles(name="names of a customer in one source", one=90, several=10),),
    )


def plain(text):
    return str(text).replace("\xa0", " ")


@pytest.mark.parametrize(
    "taken", [lambda one: one, lambda one: one.to_parts(), lambda one: one.to_parts()["coverage"]["matching"]]
)
def test_shares_by_platform_and_month(taken):
    table = tables.matching(taken(coverage()))
    rows = [[plain(cell) for cell in row] for row in table.cells.to_numpy().tolist()]
    assert rows == [
        ["In all", "Contacts on social", "1,000", "700", "70.0 %"],
        ["Platform", "x", "600", "500", "83.3 %"],
        ["Platform", "<b>f</b>", "fewer than 10, or hidden", "–", "–"],
        ["Month", "August 2026", "1,000", "700", "70.0 %"],
    ]
    assert "<b>" not in table.html
    notes = [plain(note) for note in table.notes]
    assert notes[0] == (
        "70.0 % of 1,000 contacts on social are matched to a customer, fewer than the 80 % asked for. Totals hold for "
        "matched customers only, and nothing is claimed for the others."
    )
    assert notes[1].startswith("12 contacts on social name a customer whom the table of customers does not have")
    assert notes[2] == "Several names of a customer in one source: 10 times; one: 90 times."


def test_matched_and_unmatched():
    table = tables.matched_and_unmatched(coverage())
    rows = [[plain(cell) for cell in row[1:]] for row in table.cells.to_numpy().tolist()]
    assert rows[0] == ["Answered", "50.0 % (of 700)", "40.0 % (of 300)", "0.20 (different)"]
    assert rows[1][0] == "First reply, median"
    assert not rows[1][3].endswith("(different)")
    assert rows[2] == ["Complaint", "–", "100.0 % (of 300)", "–"]


def test_nothing_to_show_says_so():
    none = MatchCoverage(claim_from=0.8, reason="there is no table with social contacts")
    for table in (tables.matching(none), tables.matched_and_unmatched(none)):
        assert table.cells.empty
        assert "there is no table with social contacts" in table.notes[0]
    with pytest.raises(DesignError):
        tables.matching({"coverage": {}})


def test_the_summary_says_for_whom_totals_hold():
    roi = {
        "currency": "EUR",
        "years": 3,
        "npv": {"p5": 1.0, "p50": 2.0, "p95": 3.0},
        "probability_npv_positive": 0.9,
        "payback_months": {"p5": 1.0, "p50": 2.0, "p95": 3.0},
        "npv_share_by_grade": {"B": 1.0},
    }
    results = {"effects": [], "metrics": [], "roi": roi}
    below = summary({**results, **coverage().to_parts()})
    money = next(figure for figure in below.figures if figure.label.startswith("Net present value"))
    assert money.evidence.endswith("for matched customers only")
    assert "Totals hold for matched customers only" in str(below)
    enough = summary({**results, **coverage(0.7).to_parts()})
    assert "matched customers only" not in str(enough)
    assert "not scaled up" in str(enough)
    assert "matched" not in str(summary(results))
