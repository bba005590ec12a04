"""What was closed stays as it was: every change of the files is noticed, and the first entry it touches is named."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError, LedgerBroken
from analysis.ledger.entry import chained, genesis, hash_of
from analysis.ledger.numbered import RESTORE
from analysis.ledger.store import Ledger, verify


def lines(folder: Path, number: int) -> list[bytes]:
    return (folder / f"{number:04d}.jsonl").read_bytes().splitlines(keepends=True)


def write(folder: Path, number: int, content: list[bytes]) -> None:
    (folder / f"{number:04d}.jsonl").write_bytes(b"".join(content))


def fault_of(folder: Path) -> str:
    verdict = verify(folder)
    assert verdict.fault is not None
    assert not verdict.holds
    with pytest.raises(LedgerBroken) as error:
        Ledger.open(folder)
    assert error.value.exit_status == 4
    assert error.value.faults == (verdict.fault,)
    said = str(verdict.fault)
    assert said.endswith(RESTORE)
    return said.removesuffix(f". {RESTORE}")


def test_a_sound_ledger_holds_and_is_read_as_it_was_written(three: Ledger) -> None:
    verdict = verify(three.folder)
    assert verdict.holds
    assert (verdict.closes, verdict.entries, verdict.head) == (3, 1 + 4 + 1 + 4 + 3 + 1 + 4, three.head)
    assert str(verdict) == f"The ledger of `care` holds: 18 entries in 3 closes, up to {three.head[:12]}."
    assert Ledger.open(three.folder) == three
    assert len(three.entries) == 18
    assert len(three.figures) == 15


def test_each_hash_is_that_of_the_line_without_it_in_any_tool(three: Ledger) -> None:
    previous = genesis("care")
    for number in (1, 2, 3):
        for line in lines(three.folder, number):
            content = json.loads(line)
            assert content["previous"] == previous
            previous = content.pop("hash")
            assert hash_of(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()) == previous


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_a_folder_without_closes_is_an_empty_ledger(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    assert str(verify(tmp_path / folder)) == "The ledger is empty."
    ledger = Ledger.open(tmp_path / folder)
    assert (ledger.closes, ledger.months, ledger.family) == ((), (), folder)


def test_a_file_is_no_ledger(tmp_path: Path) -> None:
    (tmp_path / "care").write_text("")
    with pytest.raises(InputError, match=r"is a file, where a folder is needed\. Name the folder of the ledger\."):
        verify(tmp_path / "care")


def test_an_edited_value_is_named(three: Ledger) -> None:
    content = lines(three.folder, 2)
    content[2] = content[2].replace(b'"value": 703', b'"value": 713').replace(b'"change": 3', b'"change": 13')
    write(three.folder, 2, content)
    assert fault_of(three.folder) == (
        "0002.jsonl, line 3: `mentions_by_kind` of 2026-07, kind inquiry (close 2) was changed after it was written: "
        "its hash is another"
    )
    assert str(verify(three.folder)).startswith("The ledger does not hold. 0002.jsonl, line 3: ")


def test_any_byte_that_changes_is_noticed(three: Ledger) -> None:
    """Each byte of a close in turn, one bit turned: no change goes unseen."""
    path = three.folder / "0002.jsonl"
    sound = path.read_bytes()
    for place in range(0, len(sound), 7):
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1]) + sound[place + 1 :])
        assert not verify(three.folder).holds, f"byte {place}"
    path.write_bytes(sound)
    assert verify(three.folder).holds


@pytest.mark.parametrize("cut", [1, 2, 100, 400])
def test_a_torn_file_is_named_with_its_metric_where_it_can_be_read(three: Ledger, cut: int) -> None:
    path = three.folder / "0003.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    said = fault_of(three.folder)
    assert said.startswith("0003.jsonl, line 5: is torn: the file ends in the middle of an entry")
    assert said.endswith("`response_rate`") == (cut < 400)


def test_a_torn_file_at_every_byte(three: Ledger) -> None:
    path = three.folder / "0003.jsonl"
    whole = path.read_bytes()
    for size in range(0, len(whole), 11):
        path.write_bytes(whole[:size])
        assert not verify(three.folder).holds, f"{size} bytes"


def test_a_line_taken_out_is_noticed_at_the_next(three: Ledger) -> None:
    content = lines(three.folder, 1)
    write(three.folder, 1, content[:2] + content[3:])
    assert fault_of(three.folder) == (
        "0001.jsonl, line 3: `mentions_by_kind` of 2026-07, one kind (close 1) does not follow the entry before it: "
        "one was removed, added, moved or replaced"
    )


def test_the_last_lines_taken_out_are_noticed(three: Ledger) -> None:
    write(three.folder, 3, lines(three.folder, 3)[:3])
    assert fault_of(three.folder) == (
        "0003.jsonl, line 4: the close of 2026-09 has 4 figures, and the last 2 of them are missing"
    )


def test_swapped_lines_are_noticed(three: Ledger) -> None:
    content = lines(three.folder, 1)
    write(three.folder, 1, [content[0], content[2], content[1], *content[3:]])
    assert fault_of(three.folder).startswith(
        "0001.jsonl, line 2: `mentions_by_kind` of 2026-07, kind inquiry (close 1) does"
    )


def test_swapped_files_are_noticed(three: Ledger) -> None:
    first, second = lines(three.folder, 1), lines(three.folder, 2)
    write(three.folder, 1, second)
    write(three.folder, 2, first)
    assert fault_of(three.folder) == (
        "0001.jsonl, line 1: the first entry of close 2, of 2026-08, does not follow the entry before it: "
        "one was removed, added, moved or replaced"
    )


@pytest.mark.parametrize(("number", "teller"), [(1, "0002.jsonl"), (2, "0003.jsonl"), (3, "head.json")])
def test_a_file_taken_away_is_noticed_the_last_one_too(three: Ledger, number: int, teller: str) -> None:
    (three.folder / f"{number:04d}.jsonl").unlink()
    assert fault_of(three.folder) == f"{number:04d}.jsonl: is missing, though {teller} follows it"


def test_a_head_taken_away_is_noticed(three: Ledger) -> None:
    (three.folder / "head.json").unlink()
    assert fault_of(three.folder) == "head.json: is missing, though there are closes"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"closes": "3", "head": "x"}', '{"closes": true, "head": "x"}'])
def test_a_head_that_cannot_be_read_is_noticed(three: Ledger, content: str) -> None:
    (three.folder / "head.json").write_text(content)
    assert fault_of(three.folder) == "head.json: cannot be read"


def test_a_last_close_written_anew_does_not_end_as_the_head_says(three: Ledger, close: Callable, row: Callable) -> None:
    head = (three.folder / "head.json").read_bytes()
    for name in ("0003.jsonl", "head.json"):
        (three.folder / name).unlink()
    (three.folder / "head.json").write_text(json.dumps({"closes": 2, "head": three.closes[1].head}))
    shorter = Ledger.open(three.folder)
    shorter.append(close(shorter, "2026-09", row("mentions", "2026-09", 2000)))
    (three.folder / "head.json").write_bytes(head)
    assert fault_of(three.folder) == "0003.jsonl: does not end as head.json says: the close was replaced"


def test_an_appended_line_is_noticed_even_if_it_is_chained(three: Ledger) -> None:
    content = lines(three.folder, 3)
    write(three.folder, 3, [*content, content[-1]])
    assert "0003.jsonl, line 6: `response_rate` of 2026-09 (close 3), by month" not in fault_of(three.folder)
    assert "line 6: `response_rate` of 2026-09" in fault_of(three.folder)
    assert fault_of(three.folder).endswith("one was removed, added, moved or replaced")
    added = {key: value for key, value in json.loads(content[-1]).items() if key not in ("hash", "previous")}
    ((_, line),) = chained([added | {"metric": "csat"}], three.head)
    write(three.folder, 3, [*content, line + b"\n"])
    assert "line 6: `csat` of 2026-09" in fault_of(three.folder)
    assert fault_of(three.folder).endswith("(close 3) was added: the close has 4 figures")


def test_an_appended_copy_of_a_close_is_noticed(three: Ledger) -> None:
    write(three.folder, 4, lines(three.folder, 3))
    assert fault_of(three.folder).startswith(
        "0004.jsonl, line 1: the first entry of close 3, of 2026-09, does not follow"
    )


def test_a_chain_forged_whole_still_has_to_make_sense(three: Ledger) -> None:
    """Hashes made anew from the changed line on: the change is then seen in what the adjustment says of before."""
    head, content = genesis("care"), lines(three.folder, 1)
    changed = [json.loads(line) for line in content]
    changed[1]["value"] = 5000
    bare = [{key: value for key, value in line.items() if key not in ("hash", "previous")} for line in changed]
    forged = list(chained(bare, head))
    write(three.folder, 1, [line + b"\n" for _, line in forged])
    second = [json.loads(line) for line in lines(three.folder, 2)]
    bare = [{key: value for key, value in line.items() if key not in ("hash", "previous")} for line in second]
    write(three.folder, 2, [line + b"\n" for _, line in chained(bare, forged[-1][0])])
    assert fault_of(three.folder) == (
        "0002.jsonl, line 2: `mentions` of 2026-07 (close 2) changes another value than the one that was held"
    )


def test_converted_line_ends_are_named_as_such(three: Ledger) -> None:
    path = three.folder / "0001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert fault_of(three.folder) == (
        "0001.jsonl, line 1: ends as lines do on Windows: something has converted its line ends"
    )


def test_a_conflict_of_two_branches_is_no_entry(three: Ledger) -> None:
    content = lines(three.folder, 3)
    write(three.folder, 3, [*content[:2], b"<<<<<<< HEAD\n", *content[2:]])
    assert fault_of(three.folder) == "0003.jsonl, line 3: is no entry: it cannot be read as one"


def test_an_empty_file_and_a_strange_one_are_noticed(three: Ledger) -> None:
    write(three.folder, 4, [])
    assert fault_of(three.folder) == "0004.jsonl: is empty"
    (three.folder / "0004.jsonl").rename(three.folder / "0003 (copy).jsonl")
    assert fault_of(three.folder) == "0003 (copy).jsonl: is no close of this ledger"


def test_the_ledger_of_another_family_is_not_taken_for_ones_own(three: Ledger) -> None:
    assert verify(three.folder, "care").holds
    fault = verify(three.folder, "sales").fault
    assert fault is not None
    assert str(fault).startswith("0001.jsonl, line 1: is of the ledger of `care`, not of `sales`.")
    moved = three.folder.rename(three.folder.parent / "sales")
    assert Ledger.open(moved).family == "care"
    assert str(verify(moved)).startswith("The ledger of `care` holds: "), "whatever its folder is called"


@pytest.mark.parametrize("line", [b"[" * 100_000, b'{"hash": "x", "a": ' + b'{"a": ' * 100_000, b"9" * 100_000])
def test_a_line_nested_without_end_does_not_hold(three: Ledger, line: bytes) -> None:
    content = lines(three.folder, 3)
    for place in (0, 2):
        write(three.folder, 3, [*content[:place], line + b"\n", *content[place + 1 :]])
        assert fault_of(three.folder) == f"0003.jsonl, line {place + 1}: is no entry: it cannot be read as one"
    write(three.folder, 3, content)
    (three.folder / "head.json").write_bytes(line)
    assert fault_of(three.folder) == "head.json: cannot be read"


def test_numbers_without_end_and_nested_names_are_no_entry(three: Ledger) -> None:
    content = lines(three.folder, 3)
    write(three.folder, 3, [content[0].replace(b'"number": 3', b'"number": Infinity'), *content[1:]])
    assert fault_of(three.folder).endswith("line 1: is no entry of a ledger in the place it has")
    nested = b'"metric": ' + b"[" * 900 + b"]" * 900
    write(three.folder, 3, [content[0], content[1].replace(b'"metric": "mentions"', nested), *content[2:]])
    assert fault_of(three.folder).startswith("0003.jsonl, line 2: ")


@pytest.mark.parametrize("above", [False, True])
def test_a_link_to_nothing_is_no_empty_ledger(tmp_path: Path, above: bool) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "gone", target_is_directory=True)
    folder = link / "care" if above else link
    for read in (verify, Ledger.open):
        with pytest.raises(InputError, match=r"link: is a link to what is not there, .*\. Mend the link\.") as error:
            read(folder)
        assert error.value.faults[0].rule == "broken_link"
    (tmp_path / "gone").mkdir()
    assert str(verify(folder)) == "The ledger is empty."


def test_files_that_are_no_close_are_left_alone(three: Ledger) -> None:
    (three.folder / ".gitkeep").write_text("")
    (three.folder / "README.md").write_text("What this folder is.")
    (three.folder / ".0004.0123456789abcdef.part").write_text("half a clo")
    assert verify(three.folder).holds
