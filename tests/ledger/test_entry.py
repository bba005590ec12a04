"""The bytes of a small ledger, and what one line says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.ledger.entry import CloseEntry, FigureEntry, Key, same
from analysis.ledger.store import Ledger

GOLDEN = Path(__file__).parent.parent / "golden" / "ledger"


@pytest.fixture
def release(monkeypatch: pytest.MonkeyPatch) -> None:
    """The release stands in each close; here that of the files."""
    monkeypatch.setattr("analysis.ledger.close.__version__", "0.1.0")


@pytest.mark.usefixtures("release")
def test_the_bytes_of_a_small_ledger(three: Ledger, close: Callable, row: Callable) -> None:
    """Three months, late news, a restatement and a new definition: the files under `golden/ledger`, byte for byte.

    They were written by this package, so they say nothing about whether it is right (the hashes are computed anew in
    `test_chain`, the figures by hand in `test_close`): they say that what is written today will be written the same,
    and read, tomorrow.
    """
    rows = [row("mentions", "2026-09", 880), row("mentions_by_kind", "2026-09", 600, segment={"kind": "inquiry"})]
    ledger = three.append(close(three, "2026-09", *rows, restate_reason="one file was loaded twice"))
    rows = [row("mentions", month, 2000.5, version=2) for month in ("2026-07", "2026-08", "2026-09", "2026-10")]
    ledger = ledger.append(
        close(ledger, "2026-10", *rows, row("mentions_by_kind", "2026-10", 3, segment={"kind": "é\u2028"}))
    )
    for name in ("0001.jsonl", "0002.jsonl", "0003.jsonl", "0004.jsonl", "0005.jsonl", "head.json"):
        assert (ledger.folder / name).read_bytes() == (GOLDEN / name).read_bytes(), name
    assert Ledger.open(GOLDEN).closes == ledger.closes


def test_entries_come_back_from_their_lines(three: Ledger) -> None:
    for close in three.closes:
        assert CloseEntry.from_dict(json.loads(json.dumps(close.entry.to_dict()))) == close.entry
        for figure in close.figures:
            assert FigureEntry.from_dict(json.loads(json.dumps(figure.to_dict())), close.entry.known_at) == figure


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1, 1.0, True),
        (0, 0.0, True),
        (0, 1e-300, False),
        (1e15, 1e15 + 1, True),
        (10**11, 10**11 + 1, False),
        (None, 0, False),
    ],
)
def test_numbers_are_the_same_to_twelve_digits(one: float | None, other: float | None, expected: bool) -> None:
    assert same(one, other) == expected == same(other, one)


def test_a_key_is_named_without_the_words_of_its_segment() -> None:
    key = Key("response_rate", 1, "post", (("platform", "made up"),), "2026-07")
    assert str(key) == "`response_rate` of 2026-07, by platform, by month of the post"
