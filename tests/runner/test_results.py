"""Parts become one `results.json`: every top key, one order, the same bytes whatever ran first."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.provenance import canonical_json
from analysis.runner.results import LISTS, TOP_KEYS, merged, part_path, read_part, read_parts, skipped, write_part

EFFECTS = [
    {
        "design": design,
        "estimand": "channel_effect",
        "outcome": outcome,
        "segment": segment,
        "scale": "ratio",
        "value": 1.0,
    }
    for design in ("ab_randomised", "before_after")
    for outcome in ("margin", "orders")
    for segment in ({}, {"region": "north"}, {"region": "south"})
]


def test_all_top_keys_are_there_even_if_nothing_ran() -> None:
    found = merged({}, {})
    assert set(found) == set(TOP_KEYS)
    assert found["schema"] == "touchstone.results/1"
    assert all(found[key] == [] for key in LISTS)
    assert found["roi"] is None
    assert found["effect_covariance"] == {"ids": [], "matrix": []}
    assert found["coverage"] == {"skipped": []}
    assert found["previous"] is None


def test_the_order_of_rows_and_steps_does_not_matter() -> None:
    shuffled = EFFECTS.copy()
    random.Random(3).shuffle(shuffled)
    one = merged({"study": "a"}, {"x": {"effects": EFFECTS[:5]}, "y": {"effects": EFFECTS[5:]}})
    other = merged({"study": "a"}, {"z": {"effects": shuffled[4:]}, "b": {"effects": shuffled[:4]}})
    assert canonical_json(one) == canonical_json(other)
    assert one["effects"] == EFFECTS, "designs, then outcomes, all customers before a segment"


def test_equal_names_are_told_apart_by_the_rest_of_the_row() -> None:
    rows = [{"id": "mentions", "segment": {}, "value": value} for value in (3, 1, 2)]
    assert [row["value"] for row in merged({}, {"m": {"metrics": rows}})["metrics"]] == [1, 2, 3]


def test_what_is_skipped_adds_up_and_notes_stay_with_their_step() -> None:
    base = {"coverage": {"skipped": [skipped("roi_case", (), "needs more")], "without_effect": ["`hypotheses`: no"]}}
    parts: dict[str, Any] = {
        "metrics": {"coverage": {"metrics_missing": {"backlog": "table `issues`"}, "notes": {"metrics": ["one"]}}},
        "before_after": {"coverage": {"skipped": [skipped("before_after", ["orders"], "none")]}},
        "ab_segments": {"coverage": {"notes": {"ab_segments": ["two"]}}},
    }
    coverage = merged(base, parts)["coverage"]
    assert [one["step"] for one in coverage["skipped"]] == ["before_after", "roi_case"]
    assert coverage["skipped"][0] == {"step": "before_after", "missing": ["orders"], "reason": "none"}
    assert coverage["notes"] == {"metrics": ["one"], "ab_segments": ["two"]}
    assert coverage["metrics_missing"] == {"backlog": "table `issues`"}
    assert base["coverage"]["skipped"] == [skipped("roi_case", (), "needs more")], "what came in is unchanged"


def test_an_unknown_key_and_a_key_given_twice_are_refused() -> None:
    with pytest.raises(ValueError, match="The part of `metrics` holds `metric`, which no part of results holds"):
        merged({}, {"metrics": {"metric": []}})
    with pytest.raises(ValueError, match="`roi` was given by `a` and by `b`"):
        merged({}, {"a": {"roi": {}}, "b": {"roi": {}}})
    with pytest.raises(ValueError, match=r"`coverage\.sample` was given twice, the second time by `b`"):
        merged({}, {"a": {"coverage": {"sample": {"n": 1}}}, "b": {"coverage": {"sample": {"n": 2}}}})


def test_no_number_that_is_not_finite_gets_in() -> None:
    with pytest.raises(ValueError, match="no NaN"):
        merged({}, {"m": {"metrics": [{"id": "x", "value": float("nan")}]}})


def test_a_part_is_read_as_it_was_written_or_not_at_all(tmp_path: Path) -> None:
    write_part(tmp_path, "metrics", {"metrics": [{"id": "a", "value": 0.1 + 0.2}]})
    assert read_part(tmp_path, "metrics") == {"metrics": [{"id": "a", "value": 0.3}]}
    assert read_part(tmp_path, "before_after") is None
    part_path(tmp_path, "before_after").write_text('{"effects": [')
    part_path(tmp_path, "roi_case").write_text("[]")
    assert set(read_parts(tmp_path, ["metrics", "before_after", "roi_case"])) == {"metrics"}
