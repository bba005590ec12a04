"""A signature says who stands behind which bytes, holds or is found not to, and is written whole and for good."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.foundation.errors import ClosedMeanwhile, InputError, LedgerBroken, ParamsError, UnknownName
from analysis.ledger.entry import chained
from analysis.ledger.signature import ROLES, Signature, Standing, name_given, note_given, role_named
from analysis.ledger.signatures import FOLDER, Signatures, read_signatures, verify_signatures
from analysis.ledger.store import Ledger, verify
from tests.ledger.dying import DYING

ONE, OTHER = "sha256:" + 64 * "1", "sha256:" + 64 * "2"
MADE = """
import os, sys
from datetime import datetime
from pathlib import Path
from analysis.ledger.signature import Signature
from analysis.ledger.signatures import Signatures


def signature(name="Ada", role="reviewer", results="sha256:" + 64 * "1"):
    return Signature(
        number=0, family="care", study="care-2026q3", run="abc", results=results, known_at="2026-10-06T00:00:00Z",
        period={"start": "2026-07-01", "end": "2026-10-01", "timezone": "UTC"}, role=role, name=name, note="",
        signed_at=datetime(2026, 10, 7, 9, 30, 12), closes=(0, ""),
    )
"""
KILLED = (
    MADE
    + """
root, before = Path(sys.argv[1]), int(sys.argv[2])
"""
    + DYING
    + """
status, deadly = 9, 0
while status:
    deadly += 1
    record = Signatures.open(root / str(deadly) / "care")
    for n in range(before):
        record = record.append(signature(f"Signer {n}"))
    child = os.fork()
    if not child:
        die_at(deadly)
        record.append(signature())
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
print(deadly)
"""
)
RACED = (
    MADE
    + """
from analysis.foundation.errors import ClosedMeanwhile

folder, go, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
lost = 0
for n in range(8):
    record = Signatures.open(folder)
    (go / f"{n}-{name}").touch()
    while len(list(go.glob(f"{n}-*"))) < 2:
        pass
    while True:
        try:
            record.append(signature(f"{name} {n}"))
            break
        except ClosedMeanwhile:
            lost += 1
            record = Signatures.open(folder)
print(lost)
"""
)
namespace: dict = {}
exec(MADE, namespace)
signature: Callable[..., Signature] = namespace["signature"]


@pytest.fixture
def record(tmp_path: Path) -> Signatures:
    """A reviewer and an approver of one report, and a reviewer of another."""
    found = Signatures.open(tmp_path / "care")
    for one in (signature("Ada"), signature("Björn Ødegård", "approver"), signature("Ada", results=OTHER)):
        found = found.append(one)
    return found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_signature_comes_back_as_it_was_given(record: Signatures) -> None:
    again = Signatures.open(record.ledger, "care")
    assert again == record
    assert [one.number for one in again.signatures] == [1, 2, 3]
    assert again.signatures[1].name == "Björn Ødegård"
    assert again.signatures[0].signed_at == datetime(2026, 10, 7, 9, 30, 12)
    line = json.loads((record.ledger / FOLDER / "0002.jsonl").read_bytes())
    assert line["previous"] == again.signatures[0].head
    assert line["signed_at"] == "2026-10-07T09:30:12Z"
    assert set(line) == {
        "closes", "entry", "family", "hash", "known_at", "name", "note", "number", "period", "previous", "results",
        "role", "run", "schema", "signed_at", "study",
    }  # fmt: skip
    assert str(verify_signatures(record.ledger)).startswith("The record of signatures holds: 3 signatures, up to ")


def test_how_results_stand(record: Signatures) -> None:
    """Ada reviewed and Björn approved the first results; Ada reviewed the second; of third nobody said anything."""
    assert record.standing(ONE).word == "Signed"
    assert [one.name for one in record.standing(ONE).signatures] == ["Ada", "Björn Ødegård"]
    assert record.standing(OTHER).word == "Reviewed"
    assert record.standing("sha256:" + 64 * "3").word == "Draft"
    assert set(ROLES.values()) == {"Reviewed", "Signed"}
    assert Standing().to_dict() == {"word": "Draft", "signatures": []}


def test_the_same_name_signs_once_and_in_one_role(record: Signatures) -> None:
    assert record.given(signature("  ADA")) is None, "a name as it is written has no space before it"
    assert record.given(signature("aDA")) == record.signatures[0]
    assert record.given(signature("Åda")) is None
    assert record.given(replace(signature("BJO\u0308RN ØDEGÅRD"), role="approver")) == record.signatures[1]
    with pytest.raises(InputError, match="has signed these results as reviewer, so not as approver too"):
        record.given(signature("Ada", "approver"))
    assert record.given(signature("Ada", "approver", "sha256:" + 64 * "3")) is None


def test_closed_months_and_signatures_lie_side_by_side(three: Ledger) -> None:
    """Signatures name the last close of their time; the closes do not see them, and a replaced close is noticed."""
    before = contents(three.folder)
    record = Signatures.open(three.folder).append(signature())
    assert record.signatures[0].closes == (len(three.closes), three.head)
    assert contents_of_files(three.folder) == before
    assert verify(three.folder).holds
    assert Ledger.open(three.folder) == three
    assert verify_signatures(three.folder).holds
    (three.folder / f"{len(three.closes):04d}.jsonl").unlink()
    fault = verify_signatures(three.folder).fault
    assert fault is not None
    assert fault.rule == "closes_changed"


def contents_of_files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def test_every_changed_byte_is_found(record: Signatures) -> None:
    """Each byte of the second, and some of the others, replaced by its neighbour: the one changed is named."""
    for number in (1, 2, 3):
        path = record.ledger / FOLDER / f"{number:04d}.jsonl"
        whole = path.read_bytes()
        for place in range(0, len(whole), 1 if number == 2 else 23):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
            signatures, fault = read_signatures(record.ledger, "care")
            assert fault is not None, (number, place)
            assert f"{FOLDER}/{number:04d}.jsonl" in fault.where, (number, place, fault)
            assert len(signatures) == number - 1
        path.write_bytes(whole)
    assert verify_signatures(record.ledger, "care").holds


@pytest.mark.parametrize(
    ("spoil", "rule"),
    [
        (lambda folder: (folder / "0002.jsonl").unlink(), "signature_missing"),
        (lambda folder: (folder / "0003.jsonl").unlink(), "signature_missing"),
        (lambda folder: (folder / "head.json").unlink(), "head_missing"),
        (lambda folder: (folder / "head.json").write_text("{"), "head_unreadable"),
        (lambda folder: (folder / "0002.jsonl").write_bytes(b""), "lines"),
        (lambda folder: (folder / "0002.jsonl").write_bytes(2 * (folder / "0002.jsonl").read_bytes()), "lines"),
        (lambda folder: (folder / "0002.jsonl").write_bytes((folder / "0002.jsonl").read_bytes()[:-40]), "torn"),
        (lambda folder: (folder / "0002.jsonl").write_bytes((folder / "0003.jsonl").read_bytes()), "chain_broken"),
        (lambda folder: (folder / "signature.jsonl").write_text("{}"), "foreign_file"),
        (lambda folder: (folder / "0002.jsonl").write_text('{"hash": "x"}\n'), "no_entry"),
        (lambda folder: (folder / "0002.jsonl").write_text("[" * 100_000 + "\n"), "no_entry"),
    ],
)
def test_what_is_wrong_is_named(record: Signatures, spoil: Callable[[Path], None], rule: str) -> None:
    spoil(record.ledger / FOLDER)
    with pytest.raises(LedgerBroken, match="The record of signatures does not hold") as found:
        Signatures.open(record.ledger, "care")
    assert found.value.faults[0].rule == rule
    assert "Take the folder back from version control" in str(found.value)
    assert found.value.exit_status == 4


def test_the_place_of_a_signature_that_is_gone_is_not_taken(record: Signatures) -> None:
    (record.ledger / FOLDER / "0003.jsonl").unlink()
    with pytest.raises(ClosedMeanwhile):
        replace(record, signatures=record.signatures[:2]).append(signature("Eve"))
    assert not (record.ledger / FOLDER / "0003.jsonl").exists()


def test_a_rewritten_last_signature_is_found(record: Signatures) -> None:
    """The last is rebuilt with another name, its own hash right: `head.json` still knows the one that was written."""
    forged = replace(record.signatures[2], name="Eve")
    ((_, line),) = chained([forged.to_dict()], record.signatures[1].head)
    (record.ledger / FOLDER / "0003.jsonl").write_bytes(line + b"\n")
    fault = verify_signatures(record.ledger).fault
    assert fault is not None
    assert (fault.where, fault.rule) == (f"{FOLDER}/0003.jsonl", "signature_replaced")


def test_a_record_of_another_family_is_refused(record: Signatures) -> None:
    with pytest.raises(LedgerBroken, match="is of the ledger of `care`, not of `demo`"):
        Signatures.open(record.ledger, "demo")


@pytest.mark.parametrize("before", [0, 2])
def test_a_signature_killed_at_any_step_leaves_the_old_record_or_the_new(tmp_path: Path, before: int) -> None:
    wanted = Signatures.open(tmp_path / "wanted" / "care")
    for name in (*(f"Signer {n}" for n in range(before)), "Ada", "Zoe"):
        wanted = wanted.append(signature(name))
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, str(before)], check=True, capture_output=True, text=True
    )
    steps, new = int(done.stdout), []
    for deadly in range(1, steps + 1):
        folder = tmp_path / f"{deadly}" / "care"
        assert verify_signatures(folder).holds
        found = Signatures.open(folder, "care")
        new.append(len(found.signatures) > before)
        if not new[-1]:
            found = found.append(signature("Ada"))
        found.append(signature("Zoe"))
        assert contents(folder / FOLDER) == contents(wanted.ledger / FOLDER), f"killed at call {deadly}"
    assert new == sorted(new)
    assert min(new.count(False), new.count(True)) > 5, "it was killed at several steps before and after its place"


def test_of_two_at_once_one_is_written_and_the_other_told(tmp_path: Path) -> None:
    (tmp_path / "go").mkdir()
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACED, tmp_path / "care", tmp_path / "go", name], stdout=subprocess.PIPE, text=True
        )
        for name in ("Ada", "Zoe")
    ]
    lost = [int(racer.communicate(timeout=60)[0]) for racer in racers]
    assert [racer.returncode for racer in racers] == [0, 0]
    found = Signatures.open(tmp_path / "care", "care")
    assert sorted(one.name for one in found.signatures) == sorted(
        f"{who} {n}" for who in ("Ada", "Zoe") for n in range(8)
    )
    assert sum(lost) >= 1, "they did meet"
    assert set(contents(tmp_path / "care" / FOLDER)) == {"head.json", *(f"{n:04d}.jsonl" for n in range(1, 17))}


def test_a_record_that_was_added_to_is_not_overwritten(record: Signatures) -> None:
    older = replace(record, signatures=record.signatures[:2])
    with pytest.raises(ClosedMeanwhile, match="another signature was written meanwhile, and nothing by this one"):
        older.append(signature("Eve"))
    assert Signatures.open(record.ledger) == record


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    record = Signatures.open(tmp_path / "ledger" / "care")
    (tmp_path / "ledger").write_text("")
    with pytest.raises(InputError, match="cannot be written to"):
        record.append(signature())


@pytest.mark.parametrize(
    "name",
    ["", " ", "...", "12", "a\nb", "a\rb", "a\tb\x00", "a\u202eb", "\u2066a", "a\u200bb", "\ufeffa", "a\u2028b",
     "a\ud800", "\x1b[31mred", "\u3164\u3164", "a\ufe0f", "x" * 81, "\ue000a"],
)  # fmt: skip
def test_names_that_cannot_be_seen_or_steer_text_are_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(ParamsError) as found:
        name_given(name)
    assert not name.strip() or name not in str(found.value)
    with pytest.raises(UnknownName) as unknown:
        role_named(name)
    assert str(unknown.value).isprintable() or "\n" in str(unknown.value)
    assert not any(sign in str(unknown.value) for sign in "\u202e\x1b\x00\u2066\u200b\ud800")


@pytest.mark.parametrize(
    "name", ["\u0410da", "Ad\u0430 Okafor", "Zo\u0435", "\u039fkafor", "Jean-P\u0430ul", "\u0405mith O\u2019Neil"]
)
def test_names_that_look_like_others_are_refused(name: str) -> None:
    with pytest.raises(ParamsError, match="mixes letters of different scripts within one word") as found:
        name_given(name)
    assert name not in str(found.value)


@pytest.mark.parametrize(
    "name",
    [
        "Ada Okafor", "\u0410\u0434\u0430 Smith", "\u0411\u0430\u0448\u0430", "O\u02bcNeil",
        "Núñez-Ødegård", "Nguyễn Thị", "Mª José",
        "\u5c71\u7530\u306e\u308a\u5b50", "\u30ab\u30fc\u30eb", "\uae40\uc601\ud76c", "\u0645\u0631\u064a\u0645",
        "\u0905\u0928\u0940\u0924\u093e", "\ufb01ona",
    ],
)  # fmt: skip
def test_names_of_any_one_script_are_taken(name: str) -> None:
    assert name_given(name) == name


def test_results_stand_by_the_pages_that_were_signed(tmp_path: Path) -> None:
    """Ada of the first pages, Zoe of the second, Björn as earlier versions did, of none: each holds for its own."""
    first, second = {"index.html": ONE}, {"index.html": OTHER}
    record = Signatures.open(tmp_path / "care")
    for one in (
        replace(signature("Ada"), pages=first),
        replace(signature("Zoe", "approver"), pages=second),
        replace(signature("Björn"), lost=("gone",)),
    ):
        record = record.append(one)
    assert Signatures.open(record.ledger) == record
    names = {
        word: ([one.name for one in found.signatures], [one.name for one in found.of_results])
        for word, found in {"1": record.standing(ONE, first), "2": record.standing(ONE, second)}.items()
    }
    assert names == {"1": (["Ada", "Björn"], ["Zoe"]), "2": (["Zoe", "Björn"], ["Ada"])}
    assert record.standing(ONE, {}).word == "Reviewed", "Björn alone"
    assert record.given(replace(signature("Ada"), pages=first)) == record.signatures[0]
    assert record.given(replace(signature("Ada"), pages=second)) is None
    assert record.given(replace(signature("Ada"), pages=first, lost=("x",))) is None
    with pytest.raises(InputError, match="Two roles are two people"):
        record.given(replace(signature("Ada", "approver"), pages=second))
    heads = [one.head for one in record.signatures]
    assert record.lost([*heads, "gone", "another"]) == ["another"]


@pytest.mark.parametrize(
    "given", [{"pages": []}, {"pages": {"a": "x"}}, {"pages": {"a": 1}}, {"lost": "x"}, {"lost": [1]}]
)
def test_a_line_with_other_pages_than_hashes_is_no_signature(given: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        Signature.from_dict({**signature().to_dict(), "hash": "x", **given})


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=100))
def test_whatever_is_given_is_kept_as_it_reads_or_refused(text: str) -> None:
    try:
        name = name_given(text)
    except ParamsError:
        return
    assert name_given(name) == name
    assert name.isprintable()
    assert len(name) <= 80
    one = signature(name)
    ((_, line),) = chained([one.to_dict()], "before")
    assert Signature.from_dict(json.loads(line)).name == name


def test_notes_are_one_line_or_none() -> None:
    assert note_given("") == ""
    assert note_given("Checked <b>all</b> of “it” & more") == "Checked <b>all</b> of “it” & more"
    for note in ("two\nlines", "x" * 301, "\u202egnp.exe"):
        with pytest.raises(ParamsError, match="--note"):
            note_given(note)


def test_roles_that_do_not_exist_are_refused_with_those_that_do() -> None:
    assert role_named(" Approver ") == "approver"
    with pytest.raises(UnknownName, match="There are: `approver`, `reviewer`"):
        role_named("boss")
    with pytest.raises(UnknownName, match="Did you mean `approver`"):
        role_named("aprover")


def test_no_name_of_the_system_is_written(record: Signatures) -> None:
    """The signer's own words are all that is written of a person."""
    line = (record.ledger / FOLDER / "0001.jsonl").read_text()
    assert os.path.expanduser("~") not in line
    assert os.uname().nodename not in line
