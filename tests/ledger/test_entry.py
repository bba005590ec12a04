"""The bytes of a small ledger, and what one line says."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.ledger.entry import CloseEntry, FigureEntry, Key, chained, genesis, hash_of, same, unsealed
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


@pytest.mark.parametrize(
    ("segment", "said"),
    [
        ({"kind": "complaint"}, ", kind complaint"),
        ({"kind": "unknown"}, ", kind unknown"),
        ({"kind": "made up"}, ", one kind"),
        ({"channel": "self_service"}, ", channel self_service"),
        ({"instrument": "ces2"}, ", instrument ces2"),
        ({"replied_by": "bot"}, ", replied_by bot"),
        ({"sales_flag": "new_sale"}, ", sales_flag new_sale"),
        ({"platform": "complaint"}, ", one platform"),
        ({"product": "unknown"}, ", one product"),
        ({"brand": "made up", "kind": "other"}, ", one brand, kind other"),
        ({}, ""),
    ],
)
def test_a_part_is_named_by_words_of_the_contract_and_never_by_data(segment: dict[str, str], said: str) -> None:
    key = Key("response_rate", 1, "post", tuple(sorted(segment.items())), "2026-07")
    assert str(key) == f"`response_rate` of 2026-07{said}, by month of the post"


UNSEEN = "\x7f\x85\x00\n\u200b\u202e\u2028\u2029\ufeff\U000e0041\ud800"


def test_signs_that_cannot_be_seen_are_escaped_and_letters_are_not() -> None:
    text = f"Größe 日本 é😀\u00a0{UNSEEN}"
    ((seal, line),) = chained([{"reason": text, "a": 1}], "x")
    shown = line.decode()
    assert "Größe 日本 é😀\u00a0" in shown
    assert not [sign for sign in shown if unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Zl", "Zp")]
    escaped = r"\u007f\u0085\u0000\n\u200b\u202e\u2028\u2029\ufeff\udb40\udc41\ud800"
    assert escaped in shown
    assert json.loads(line)["reason"] == text
    bare = unsealed(line, seal)
    assert bare is not None
    assert hash_of(bare) == seal


def test_unseen_signs_come_back_from_the_ledger(empty: Ledger, close: Callable, row: Callable) -> None:
    rows = [row("mentions_by_platform", "2026-07", 3, segment={"platform": UNSEEN})]
    ledger = empty.append(close(empty, "2026-07", *rows))
    assert (ledger.folder / "0001.jsonl").read_bytes().isascii()
    assert Ledger.open(ledger.folder) == ledger


def test_lines_that_were_written_without_escapes_still_hold(empty: Ledger, close: Callable, row: Callable) -> None:
    closing = close(empty, "2026-07", row("mentions_by_platform", "2026-07", 3, segment={"platform": "é\u2028"}))
    head, written = genesis("care"), b""
    for one in (closing.entry, *closing.figures):
        content = {**one.to_dict(), "previous": head}
        head = hash_of(json.dumps(content, sort_keys=True, ensure_ascii=False).encode())
        written += json.dumps({**content, "hash": head}, sort_keys=True, ensure_ascii=False).encode() + b"\n"
    empty.folder.mkdir()
    (empty.folder / "0001.jsonl").write_bytes(written)
    (empty.folder / "head.json").write_text(json.dumps({"closes": 1, "head": head}))
    assert "\u2028".encode() in written
    assert Ledger.open(empty.folder).figures == closing.figures
