"""The summary's list of promises that are not kept: from results alone, in plain words, and left out where all are."""

from __future__ import annotations

from typing import Any

from analysis.reporting.promised import not_kept
from analysis.reporting.summary import summary
from analysis.reporting.summary.lists import MOST_SHOWN
from analysis.reporting.wording import words

LEADING: dict[str, Any] = {
    "metric": "response_rate", "version": 1, "segment": {}, "unit": "share", "at_least": 0.7, "at_most": None,
    "by": "2026-08-31", "verdict": "breached", "value": 0.6, "month": "2026-08", "detail": "",
}  # fmt: skip
ROW: dict[str, Any] = {
    "id": "cheaper-issues", "description": "Issues that cost less.", "owner": "Ada Okafor", "unit": "EUR",
    "status": "below", "leading": [LEADING],
    "to_date": {"first": "2026-07", "last": "2026q3", "periods": 3, "low": 5000.0, "high": 9000.0,
                "variance": {"promised": 6000.0, "achieved": 2661.4}},
}  # fmt: skip


def said(*rows: dict[str, Any]) -> list[str]:
    return [text.replace("\xa0", " ") for text in not_kept({"promises": list(rows)}, words())]


def test_what_is_not_kept_in_words() -> None:
    assert said(ROW) == [
        "“Issues that cost less” (Ada Okafor): €2,661 came up to September 2026, where €6,000 were promised and €5,000 "
        "at the least.",
        "“Issues that cost less” (Ada Okafor): Response rate is 60.0 % in August 2026; it was to be at least "
        "70.0 % by 31 August 2026.",
    ]


def test_what_is_kept_is_not_listed() -> None:
    kept = [LEADING | {"verdict": verdict} for verdict in ("kept", "not due", "not known")]
    assert said(ROW | {"status": "kept", "leading": kept}) == []
    assert said(ROW | {"status": "draft", "to_date": None, "leading": []}) == []
    assert said(ROW | {"status": "above", "leading": []}) == []


def test_other_units_and_ceilings() -> None:
    slow = LEADING | {"metric": "first_response_time_median", "unit": "seconds", "at_least": None, "at_most": 3600.0,
                      "value": 7200.0}  # fmt: skip
    first, second = said(ROW | {"unit": "issues", "leading": [slow]})
    assert "2,661 issues came" in first
    assert "2 h 00 min in August 2026; it was to be at most 1 h 00 min by" in second


def test_a_long_list_is_folded_and_nothing_is_lost() -> None:
    rows = [ROW | {"leading": [], "description": f"Promise {n}"} for n in range(MOST_SHOWN + 3)]
    page = summary({"effects": [], "metrics": [], "roi": None, "promises": rows})._repr_html_()
    assert "<summary>… and 3 more</summary>" in page
    assert all(f"“Promise {n}”" in page for n in range(MOST_SHOWN + 3))


def test_text_of_a_promise_stays_text() -> None:
    results = {"effects": [], "metrics": [], "roi": None, "promises": [ROW | {"owner": "<script>alert(1)</script>"}]}
    page = summary(results)._repr_html_()
    assert "Promises that are not kept" in page
    assert "<script>" not in page


def test_the_summary_leaves_the_list_out_where_all_is_kept() -> None:
    assert "Promises" not in str(summary({"effects": [], "metrics": [], "roi": None, "promises": []}))
