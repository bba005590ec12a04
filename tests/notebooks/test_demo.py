"""The main job, front to back, as `make study` does it: the demo company, its report, its truth. About 60 seconds."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
TOP_KEYS = {
    "schema", "study", "period", "known_at", "provenance", "rows", "metrics", "effects", "roi", "effect_covariance",
    "bounds", "scorecard", "incidents", "coverage", "hypotheses", "promises", "power", "close", "stories", "previous",
    "behind",
}  # fmt: skip


def key(row: dict[str, Any]) -> tuple[str, ...]:
    names = ("design", "estimand", "treated", "comparison", "outcome", "scale")
    return (*(row[name] for name in names), json.dumps(row["segment"], sort_keys=True))


def test_the_results_are_those_of_the_contract(results) -> None:
    assert set(results) == TOP_KEYS
    assert results["schema"] == "touchstone.results/1"
    assert results["period"] == {"start": "2023-10-01", "end": "2026-10-01", "timezone": "Europe/London"}
    for account in results["rows"].values():
        assert account["read"] == account["kept"] + sum(account["set_aside"].values())
    assert all(row["value"] is not None or row["reason"] for row in [*results["effects"], *results["metrics"]])


def test_every_interval_over_all_customers_holds_the_truth_and_nine_in_ten_of_all(home, results) -> None:
    truth = json.loads((home / "data" / "demo" / "truth.json").read_text(encoding="utf-8"))
    truths = {key(row): row["value"] for row in truth["effects"]}
    told = [
        row for row in results["effects"] if not row["estimand"].startswith("naive_") and row["maturity"] == "mature"
    ]
    known = [
        row
        for row in told
        if row["design"] == "before_after" or (row["estimand"] == "experiment_effect" and key(row) in truths)
    ]
    rows = [
        row for row in known if row["outcome"] not in ("repurchased", "retained") or row["design"] != "before_after"
    ]
    held = {key(row): row["low"] <= truths[key(row)] <= row["high"] for row in rows}
    whole = [held[key(row)] for row in rows if not row["segment"]]
    assert (len(whole), len(held)) == (16, 128), "docs/worlds.md says so"
    assert all(whole)
    assert sum(held.values()) >= 0.9 * len(held)


def test_where_the_demo_has_no_effect_of_a_reply_in_time_none_is_claimed(results) -> None:
    """docs/worlds.md: nothing that a customer does depends on when a reply came."""
    told = [row for row in results["effects"] if row["estimand"] == "service_effect" and not row["segment"]]
    assert {row["outcome"] for row in told} >= {"orders", "revenue", "margin", "issues"}
    assert all(row["low"] <= {"ratio": 1.0, "difference": 0.0}[row["scale"]] <= row["high"] for row in told)


def test_what_the_programme_changed_is_found_and_the_two_changes_of_its_day_are_named_together(results) -> None:
    """docs/worlds.md: on 3 March 2025 replies come in half the time, and half as many contacts stay unanswered."""
    told = {
        row["outcome"]: row
        for row in results["effects"]
        if (row["estimand"], row["treated"]) == ("level_change", "CH002")
    }
    assert told["response_rate"]["low"] > 0.03
    assert "CH003" in told["response_rate"]["claim"]
    assert {row["grade"] for row in told.values()} <= {"C", "D"}


def test_the_readme_tells_the_figures_of_this_demo(home, results) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = [row for row in results["effects"] if (row["design"], row["outcome"]) == ("before_after", "orders")]
    naive = {row["estimand"]: row["value"] for row in rows}
    truth = json.loads((home / "data" / "demo" / "truth.json").read_text(encoding="utf-8"))["effects"]
    [true] = [row["value"] for row in truth if key(row)[4:] == ("orders", "ratio", "{}")]
    assert f"known ({true - 1:.0%} more orders".replace("%", " %") in readme
    assert f"bought {naive['naive_user_gap'] - 1:.0%} more than others".replace("%", " %") in readme
    assert f"bought {1 - naive['naive_before_after']:.0%} less than before".replace("%", " %") in " ".join(
        readme.split()
    )


def test_money_follows_from_the_margin_that_was_measured(results) -> None:
    asked = ("channel_effect", "margin", "difference", "{}", "mature")
    [margin] = [row for row in results["effects"] if (key(row)[1], *key(row)[4:], row["maturity"]) == asked]
    lines = {one["id"]: one for one in results["roi"]["benefits"]}
    benefit = lines["repurchase"]
    assert benefit["gain_per_contact"] == margin["value"]
    assert benefit["grade"] == margin["grade"]
    npv = results["roi"]["npv"]
    assert npv["p5"] < npv["p50"] < npv["p95"]
    assert {"issues_avoided", "channel_shift", "cancel_save", "new_sale", "repurchase_beyond"} <= set(lines)
    assert results["roi"]["ledger"]["tied_out"]
    assert not results["roi"]["evidence"]["past_cap"]


def test_of_the_two_promises_one_is_kept_and_one_is_not(home, results) -> None:
    """reports/register/demo: what came is read from the months that the demo closes, April to June 2026."""
    found = {row["id"]: row for row in results["promises"]}
    assert {name: row["status"] for name, row in found.items()} == {
        "cheaper-contacts": "kept", "fewer-repeat-contacts": "below",
    }  # fmt: skip
    for row in found.values():
        assert row["approved_at"] < row["launch"]
        done = row["to_date"]
        assert (done["first"], done["last"]) == ("2026q2", "2026q2")
        split = done["variance"]
        parts = sum(split[name] for name in ("timing", "volume", "rate", "price", "definition"))
        assert split["promised"] + parts == pytest.approx(split["achieved"], abs=0.005)
    summary = (home / "reports" / "demo" / "index.html").read_text(encoding="utf-8")
    assert "Fewer customers have to write again within a week" in summary
    assert "A contact costs less" not in summary


def test_pages_carry_a_strict_policy_alternative_texts_and_no_address(home) -> None:
    pages = sorted((home / "reports" / "demo").glob("*.html"))
    assert {page.stem for page in pages} == {
        "index", "metrics", "month_close", "before_after", "service_effect", "adoption", "change_log", "ab_segments",
        "effort", "design_sheet", "loyalty_hypotheses", "roi_case",
    }  # fmt: skip
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert "default-src 'none'" in html.unescape(text)
        assert "<script" not in text
        assert not re.search(r"""(?:src|href)=["']?(?:https?:)?//""", text)
        assert all(re.search(r'alt="[^"]{20,}"', image) for image in re.findall(r"<img\b[^>]*>", text))
    assert (home / "reports" / "index.html").is_file()
