"""The report says either every fault, or what is there, what is not, and what that takes away."""

from __future__ import annotations

import json
from pathlib import Path

from analysis.tables.load import Source
from analysis.tables.validate import NEEDS, out_of_reach, validate

HEADER = "order_id,ordered_at,revenue,currency,cancelled_at"


def test_a_sound_folder(tmp_path: Path) -> None:
    rows = "1,2026-01-05T09:00Z,5,EUR,\n2,2026-02-05T09:00Z,5,EUR,2026-02-06T00:00Z\n"
    (tmp_path / "orders.csv").write_text(
        f"{HEADER},sh\x1bop\n{rows.replace(chr(10), ',x' + chr(10))}", encoding="utf-8"
    )
    (tmp_path / "truth.json").write_text("{}", encoding="utf-8")
    report = validate([Source(tmp_path)], cache=tmp_path / ".cache")
    assert report.sound
    said = json.loads(json.dumps(report.to_dict()))
    orders = said["tables"]["orders"]
    assert orders["rows"] == {"read": 2, "kept": 1, "set_aside": {"cancelled": 1}}
    assert orders["columns"] == HEADER.split(",")
    assert orders["further_columns"] == ["sh\x1bop"]
    assert orders["missing_optional"] == ["customer_id", "margin", "product", "known_at"]
    assert (orders["files"], orders["first"]) == (["orders.csv"], "2026-01-05T09:00:00")
    assert said["known_at_assumed"] is True
    lines = report.lines()
    assert lines[0] == "No fault was found."
    assert lines[1] == "orders: 2 rows read, 1 kept, 1 set aside (cancelled); 2026-01-05 to 2026-01-05"
    assert "    further columns: sh?op" in lines, "nothing in a file can steer a terminal"
    assert any(line.startswith("No table by its name") for line in lines)
    assert "Cannot be studied: care metrics of mentions. It needs `mentions`." in lines


def test_a_folder_with_faults(tmp_path: Path) -> None:
    (tmp_path / "orders.csv").write_text(
        f"{HEADER}\n1,yesterday,5,EUR,\n1,2026-01-05T09:00Z,x,EUR,\n", encoding="utf-8"
    )
    report = validate([Source(tmp_path)], cache=tmp_path / ".cache")
    assert not report.sound
    said = json.loads(json.dumps(report.to_dict()))
    assert [fault["rule"] for fault in said["faults"]] == ["not_a_time", "not_a_number", "duplicate_key"]
    assert (said["tables"], said["cannot_run"]) == ({}, [])
    assert report.lines()[0] == "3 faults were found."
    assert report.lines()[1].startswith(
        "  - orders.csv, column `ordered_at`: cells are not a time (1 of 2 rows; first: line 2)"
    )


def test_what_is_missing_is_named_study_by_study() -> None:
    assert set(out_of_reach([])) == set(NEEDS)
    assert out_of_reach(["orders", "touchpoints"]).keys().isdisjoint({"purchases before and after a social contact"})
    assert out_of_reach(["assignments"])["randomised studies"].startswith("`outcomes` or ")
    everything = [name for groups in NEEDS.values() for group in groups for name in group]
    assert out_of_reach(everything) == {}
