"""What was declared stays what it was: bytes, hash, what it covers, and what gives a change away."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from analysis.foundation.errors import DesignError, ParamsError
from analysis.foundation.provenance import canonical_json, fingerprint_of_bytes
from analysis.studies.planning.declaration import Declaration

FULL = Declaration(
    name="care_invitation",
    outcomes=("orders", "order_value"),
    primary="orders",
    hypotheses=({"name": "more", "statement": "Invited customers buy more.", "outcome": "orders"},),
    segments=("region", "product"),
    guardrails={"csat": {"margin": 0.1, "worse": "lower"}},
    treated=("invited",),
    sizes={"invited": 10_000, "control": 10_000},
    smallest_effects={"orders": 0.05},
    stopping="always_valid",
    looks=(500, 10_000),
    declared_on=date(2026, 4, 20),
)


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    noted = FULL.write(tmp_path / "declared.json")
    found = Declaration.read(tmp_path / "declared.json", expected=noted)
    assert found == FULL
    assert found.sha256 == noted
    assert Declaration.read(tmp_path / "declared.json", expected=noted.removeprefix("sha256:")) == FULL
    assert FULL.write(tmp_path / "declared.json") == noted  # the same again is no change


def test_the_hash_is_of_the_content_by_hand() -> None:
    """Without its `sha256`, the file is what is hashed, in canonical form."""
    content = json.loads(FULL.to_bytes())
    stated = content.pop("sha256")
    assert stated == fingerprint_of_bytes(canonical_json(content)) == FULL.sha256
    assert content["schema"] == "touchstone.declaration/1"
    assert content["declared_on"] == "2026-04-20"


def test_the_order_of_writing_changes_nothing() -> None:
    one = Declaration(name="t", outcomes=("a",), primary="a", sizes={"x": 1, "y": 2})
    other = Declaration(sizes={"y": 2, "x": 1}, primary="a", outcomes=("a",), name="t")
    assert one.to_bytes() == other.to_bytes()


@pytest.mark.parametrize(
    ("outcome", "segment", "covered"),
    [
        ("orders", {}, True),
        ("orders", None, True),
        ("order_value", {"region": "north"}, True),
        ("orders", "product", True),
        ("csat", {}, True),
        ("revenue", {}, False),
        ("orders", {"spend_band": "high"}, False),
        ("orders", {"region": "north", "product": "tv"}, False),
    ],
)
def test_what_is_covered(outcome: str, segment, covered: bool) -> None:
    assert FULL.covers(outcome, segment) is covered


def test_any_changed_byte_of_the_content_is_found_out(tmp_path: Path) -> None:
    path = tmp_path / "declared.json"
    FULL.write(path)
    text = path.read_text()
    for old, new in (('"orders": 0.05', '"orders": 0.01'), ("buy more", "buy less"), ('"region"', '"regien"'),
                     ("10000", "10001"), ("2026-04-20", "2026-04-21"), ('"fixed"', '"fixed"')):  # fmt: skip
        changed = text.replace(old, new)
        if changed == text:
            continue
        path.write_text(changed)
        with pytest.raises(ParamsError, match="changed after it was written"):
            Declaration.read(path)


def test_a_forger_who_renews_the_hash_is_given_away_by_the_one_noted(tmp_path: Path) -> None:
    path = tmp_path / "declared.json"
    noted = FULL.write(path)
    forged = json.loads(path.read_bytes())
    forged["outcomes"].append("revenue")
    forged.pop("sha256")
    forged["sha256"] = fingerprint_of_bytes(canonical_json(forged))
    path.write_bytes(canonical_json(forged))
    assert Declaration.read(path).covers("revenue")
    with pytest.raises(ParamsError, match="as noted"):
        Declaration.read(path, expected=noted)


def test_what_was_declared_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "declared.json"
    FULL.write(path)
    with pytest.raises(DesignError, match="not overwritten"):
        Declaration(name="t", outcomes=("a",), primary="a").write(path)
    assert Declaration.read(path) == FULL


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"[]", "is no `touchstone"),
        (b'{"schema": "touchstone.declaration/1", "outcoms": []}', "Did you mean `outcomes`"),
        (b'{"schema": "touchstone.declaration/1"}', "changed after"),
    ],
)
def test_no_declaration(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "declared.json"
    path.write_bytes(content)
    with pytest.raises(ParamsError, match=words):
        Declaration.read(path)
    with pytest.raises(ParamsError, match="cannot be read"):
        Declaration.read(tmp_path / "absent.json")


def test_a_part_that_is_missing(tmp_path: Path) -> None:
    content = {"schema": "touchstone.declaration/1", "name": "t"}
    path = tmp_path / "declared.json"
    path.write_bytes(canonical_json({**content, "sha256": fingerprint_of_bytes(canonical_json(content))}))
    with pytest.raises(ParamsError, match="lacks a part"):
        Declaration.read(path)


@pytest.mark.parametrize(
    "changed",
    [
        {"declared_on": "some day"},
        {"declared_on": 20260420},
        {"outcomes": "orders"},
        {"outcomes": [["orders"]]},
        {"segments": "region"},
        {"treated": 5},
        {"sizes": {"invited": "many"}},
        {"sizes": [1, 2]},
        {"sizes": {"invited": True}},
        {"hypotheses": ["more"]},
        {"hypotheses": {"name": "more"}},
        {"guardrails": {"csat": 0.1}},
        {"looks": "ab"},
        {"looks": [500.5, 1000]},
        {"level": "0.95"},
        {"level": float("nan")},
        {"window_days": "90"},
        {"window_days": 0},
        {"window_days": -90},
        {"name": 7},
        {"primary": ["orders"]},
        {"smallest_effects": {"orders": True}},
    ],
)
def test_a_file_of_the_right_hash_and_the_wrong_values_is_refused_in_words(tmp_path: Path, changed) -> None:
    """Whoever writes the hash anew can put anything into a file; it must not come out as a fault of ours."""
    path = tmp_path / "declared.json"
    content = {"schema": "touchstone.declaration/1", **FULL.to_dict(), **changed}
    path.write_bytes(json.dumps({**content, "sha256": _hash_of(content)}).encode())
    with pytest.raises((ParamsError, DesignError), match=r"declar"):
        Declaration.read(path)


def _hash_of(content: dict[str, object]) -> str:
    try:
        return fingerprint_of_bytes(canonical_json(content))
    except ValueError:  # what is not a number has no canonical form
        return "sha256:0"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"primary": "b"}, "not among the outcomes"),
        ({"hypotheses": ({"name": "h"},)}, "name and a statement"),
        ({"hypotheses": ({"name": "h", "statement": "s"},) * 2}, "share a name"),
        ({"guardrails": {"csat": {"margin": 0, "worse": "lower"}}}, "needs a margin above 0"),
        ({"guardrails": {"csat": {"margin": 1, "worse": "sideways"}}}, "`higher` or `lower`"),
        ({"guardrails": {"csat": {"margin": 1}}}, "guardrail `csat`"),
        ({"treated": ("control",)}, "at once"),
        ({"sizes": {"control": 0}}, "above 0"),
        ({"smallest_effects": {"a": 0.0}}, "other than 0"),
        ({"smallest_effects": {"a": float("nan")}}, "other than 0"),
        ({"stopping": "whenever"}, "not `whenever`"),
        ({"stopping": "always_valid"}, "only there"),
        ({"looks": (1000, 2000)}, "only there"),
        ({"stopping": "always_valid", "looks": (2000, 1000)}, "before the last"),
        ({"level": 1.0}, "between 0 and 1"),
    ],
)
def test_what_does_not_hold_together(given: dict, words: str) -> None:
    with pytest.raises(DesignError, match=words):
        Declaration(**{"name": "t", "outcomes": ("a",), "primary": "a", **given})
