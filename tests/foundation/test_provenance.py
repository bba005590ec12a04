"""Fingerprints and canonical JSON: the same content gives the same bytes, anything else gives others."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.foundation.provenance import canonical_json, fingerprint, rounded, write_atomically

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5) | st.floats(-1e9, 1e9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=5), PLAIN, max_size=5), st.randoms())
def test_the_order_of_keys_changes_no_byte(value, random) -> None:
    keys = list(value)
    random.shuffle(keys)
    assert canonical_json({key: value[key] for key in keys}) == canonical_json(value)


@given(PLAIN)
def test_writing_what_was_read_changes_no_byte(value) -> None:
    once = canonical_json(value)
    assert canonical_json(json.loads(once)) == once


def test_digits_beyond_the_twelfth_do_not_matter() -> None:
    assert canonical_json([0.1 + 0.2, np.float64(1 / 3), np.int64(7)]) == canonical_json([0.3, 0.333333333333, 7])


@pytest.mark.parametrize("number", [float("nan"), float("inf"), np.float64("-inf")])
def test_results_hold_no_nan_and_no_infinity(number) -> None:
    with pytest.raises(ValueError, match="null and a reason"):
        rounded({"a": [number]})


def test_what_is_not_plain_is_refused() -> None:
    with pytest.raises(TypeError, match="plain values"):
        rounded(object())


def test_a_folder_is_known_by_names_and_contents_whatever_lies_hidden_in_it(tmp_path) -> None:
    for folder in ("one", "other"):
        (tmp_path / folder / "deep").mkdir(parents=True)
        (tmp_path / folder / "b.csv").write_text("1")
        (tmp_path / folder / "deep" / "a.csv").write_text("2")
    (tmp_path / "other" / ".DS_Store").write_text("x")
    assert fingerprint(tmp_path / "one") == fingerprint(tmp_path / "other")
    (tmp_path / "other" / "b.csv").rename(tmp_path / "other" / "c.csv")
    assert fingerprint(tmp_path / "one") != fingerprint(tmp_path / "other")


def test_a_write_that_fails_leaves_what_was_there(tmp_path, monkeypatch) -> None:
    path = tmp_path / "results.json"
    write_atomically(path, b"old")
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["results.json"]
