"""A close is written whole, alone and for good, however it ends: killed at every step, or raced by another."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.foundation.errors import ClosedMeanwhile, InputError
from analysis.ledger import placing
from analysis.ledger.store import Ledger, family_name, verify
from analysis.runner.params_model import Params
from tests.ledger.dying import DYING

CLOSES = """
import os, sys
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from analysis.foundation.calendar import Month
from analysis.foundation.errors import ClosedMeanwhile
from analysis.ledger.close import close_month
from analysis.ledger.store import Ledger
from analysis.metrics.figure import Metric, MetricsResult


def figures(month, late):
    months = [Month.of("2026-07").plus(n) for n in range(Month.of(month).number - Month.of("2026-07").number + 1)]
    values = {str(one): 1000 + late * (months[-1].number - one.number) for one in months}
    rows = [
        Metric(id="mentions", version=1, basis="action", period=period, value=value, numerator=value, unit="mentions")
        for period, value in values.items()
    ]
    return MetricsResult(tuple(rows), MappingProxyType({}), "2026q3")


def close(ledger, month, **given):
    over = datetime.combine(Month.of(month).plus(1).first_day, datetime.min.time()) + timedelta(days=5)
    return close_month(
        ledger, figures(month, 5), month=Month.of(month), known_at=over, over_from=over,
        inputs={"mentions": "sha256:m"}, params="sha256:p", code="sha256:c", **given
    )
"""

KILLED = (
    CLOSES
    + """
root, month, before = Path(sys.argv[1]), sys.argv[2], sys.argv[3:]
"""
    + DYING
    + """
status, deadly = 9, 0
while status:
    deadly += 1
    ledger = Ledger.open(root / str(deadly) / "care")
    for one in before:
        ledger = ledger.append(close(ledger, one))
    closing = close(ledger, month)
    child = os.fork()
    if not child:
        die_at(deadly)
        ledger.append(closing)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
print(deadly)
"""
)

RACED = (
    CLOSES
    + """
folder, go = Path(sys.argv[1]), Path(sys.argv[2])
won = []
for month in ("2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12"):
    while True:
        ledger = Ledger.open(folder)
        if Month.of(month) in ledger.months:
            break
        closing = close(ledger, month)
        (go / f"{month}-{os.getpid()}").touch()
        while len(list(go.glob(f"{month}-*"))) < 2:
            pass
        try:
            ledger.append(closing)
            won.append(month)
        except ClosedMeanwhile as error:
            assert "another close was written meanwhile" in str(error)
print(" ".join(won))
"""
)

namespace: dict = {}
exec(CLOSES, namespace)
close = namespace["close"]


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def undisturbed(folder: Path, *months: str) -> Ledger:
    ledger = Ledger.open(folder, "care")
    for month in months:
        ledger = ledger.append(close(ledger, month))
    return ledger


@pytest.mark.parametrize("before", [(), ("2026-07", "2026-08")])
def test_a_close_killed_at_any_step_leaves_the_old_ledger_or_the_new(tmp_path: Path, before: tuple[str, ...]) -> None:
    """Killed at the 1st, 2nd, ... call that changes a file, until it lives; each time it is rerun, and the month after
    it closed. The bytes are those of a ledger that nothing disturbed, with nothing left over."""
    month, after = ("2026-09", "2026-10") if before else ("2026-07", "2026-08")
    old = undisturbed(tmp_path / "old" / "care", *before).head
    new = undisturbed(tmp_path / "new" / "care", *before, month).head
    wanted = contents(undisturbed(tmp_path / "wanted" / "care", *before, month, after).folder)
    done = subprocess.run(
        [sys.executable, "-c", KILLED, tmp_path, month, *before], check=True, capture_output=True, text=True
    )
    steps = int(done.stdout)
    heads = []
    for deadly in range(1, steps + 1):
        folder = tmp_path / f"{deadly}" / "care"
        assert verify(folder).holds
        found = Ledger.open(folder, "care")
        heads.append(found.head)
        found = found.append(close(found, month))
        found.append(close(found, after))
        assert contents(folder) == wanted, f"killed at call {deadly}"
    linked = heads.index(new)
    assert heads == [old] * linked + [new] * (steps - linked)
    assert linked > 5, "it was killed at several steps before it took its place"
    assert steps - linked > 5, "and after"


def test_of_two_closes_at_once_one_is_written_and_the_other_told(tmp_path: Path) -> None:
    """Six months, two processes that start each append together: one wins each, and nothing is lost or left."""
    wanted = contents(
        undisturbed(tmp_path / "a" / "care", "2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12").folder
    )
    for attempt in range(3):
        folder, go = tmp_path / f"{attempt}" / "care", tmp_path / f"go{attempt}"
        go.mkdir()
        racers = [
            subprocess.Popen([sys.executable, "-c", RACED, folder, go], stdout=subprocess.PIPE, text=True)
            for _ in range(2)
        ]
        won = [racer.communicate(timeout=60)[0].split() for racer in racers]
        assert [racer.returncode for racer in racers] == [0, 0]
        assert sorted(won[0] + won[1]) == ["2026-07", "2026-08", "2026-09", "2026-10", "2026-11", "2026-12"]
        assert contents(folder) == wanted


def test_another_close_is_refused_even_of_another_month(tmp_path: Path) -> None:
    """One corrects July while the other closes August: both would be the second close, and only one can be."""
    first = undisturbed(tmp_path / "care", "2026-07")
    corrected = close(first, "2026-07")
    assert corrected.already
    second = first.append(close(first, "2026-08"))
    stale = close(first, "2026-08", restate_reason="a file was loaded twice")
    with pytest.raises(
        ClosedMeanwhile, match="another close was written meanwhile, and nothing by this one: run it again"
    ):
        first.append(stale)
    with pytest.raises(ClosedMeanwhile):
        second.append(stale)
    assert Ledger.open(tmp_path / "care") == second
    assert ClosedMeanwhile.exit_status == 3


def test_a_ledger_that_was_replaced_meanwhile_is_not_added_to(tmp_path: Path) -> None:
    ledger = undisturbed(tmp_path / "care", "2026-07")
    (ledger.folder / "0001.jsonl").write_bytes((ledger.folder / "0001.jsonl").read_bytes().replace(b"1000", b"2000"))
    (ledger.folder / "0001.jsonl").unlink()
    with pytest.raises(ClosedMeanwhile):
        ledger.append(close(ledger, "2026-08"))
    assert not (ledger.folder / "0002.jsonl").exists()


@pytest.mark.parametrize("number", [errno.EPERM, errno.EOPNOTSUPP])
def test_where_there_are_no_links_a_lock_keeps_names_from_being_taken_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refused(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "link", refused)
    ledger = undisturbed(tmp_path / "care", "2026-07", "2026-08")
    assert verify(tmp_path / "care").holds
    taken = placing.stage(tmp_path / "care", ".0002", b"another close")
    with pytest.raises(FileExistsError):
        placing.put(taken, tmp_path / "care" / "0002.jsonl")
    taken.unlink()
    monkeypatch.undo()
    plain = undisturbed(tmp_path / "plain" / "care", "2026-07", "2026-08")
    assert contents(ledger.folder) == contents(plain.folder) | {".lock": b""}


def test_other_faults_of_the_system_are_told_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = undisturbed(tmp_path / "care", "2026-07")
    closing, before = close(ledger, "2026-08"), contents(ledger.folder)

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(InputError, match=r"cannot be written to \(No space left on device\)\. Name another folder"):
        ledger.append(closing)
    monkeypatch.undo()
    assert contents(ledger.folder) == before


@pytest.mark.parametrize("fails", ["replace", "unlink", "fsync", "open"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.ENOENT])
def test_a_close_that_took_its_place_is_done_whatever_fails_after_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str, number: int
) -> None:
    """From the link on, every such call fails: `head.json` lags, the close stands, and the next one heals it."""
    ledger = undisturbed(tmp_path / "care", "2026-07")
    link = os.link

    def failed(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    def linked(*given: object) -> None:
        link(*given)
        if (fails, number) != ("replace", errno.ENOENT):  # that one is how a close further on shows, and is tried again
            monkeypatch.setattr(os, fails, failed)

    monkeypatch.setattr(os, "link", linked)
    done = ledger.append(close(ledger, "2026-08"))
    monkeypatch.undo()
    assert [str(month) for month in done.months] == ["2026-07", "2026-08"]
    assert verify(tmp_path / "care").holds
    assert Ledger.open(tmp_path / "care") == done
    done.append(close(done, "2026-09"))
    plain = undisturbed(tmp_path / "plain" / "care", "2026-07", "2026-08", "2026-09")
    assert contents(done.folder) == contents(plain.folder)


def test_a_head_that_lags_and_cannot_be_mended_fails_no_close_that_is_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = undisturbed(tmp_path / "care", "2026-07").folder / "head.json"
    lagging = head.read_bytes()
    ledger = undisturbed(tmp_path / "care", "2026-08")
    wanted = head.read_bytes()
    head.write_bytes(lagging)
    again = close(ledger, "2026-08")
    assert again.already

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    assert ledger.append(again) is ledger
    monkeypatch.undo()
    assert head.read_bytes() == lagging
    assert ledger.append(again) is ledger
    assert head.read_bytes() == wanted


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path / "reports" / "care")
    (tmp_path / "reports").write_text("")
    with pytest.raises(InputError, match="cannot be written to"):
        ledger.append(close(ledger, "2026-07"))


def test_a_family_is_named_as_a_study_is(empty: Ledger) -> None:
    names = [
        "care",
        "care-2026.v2",
        "a" * 100,
        "a" * 101,
        "",
        ".care",
        "care.",
        "con",
        "LPT1.old",
        "a/b",
        "a b",
        "é",
        "..",
    ]

    def allowed(name: str) -> bool:
        try:
            return family_name(name) == name
        except InputError:
            return False

    def study(name: str) -> bool:
        try:
            return bool(Params.model_validate({"study": name, "data": {"folder": "."}}))
        except ValueError:
            return False

    assert [allowed(name) for name in names] == [study(name) for name in names]
    with pytest.raises(InputError, match=r"`a/b` is no name for a family of studies\. Use 1 to 100 letters"):
        Ledger.open(empty.folder, "a/b")


def test_a_closing_with_nothing_to_write_changes_no_byte(three: Ledger, close: Callable, row: Callable) -> None:
    before = contents(three.folder)
    again = close(three, "2026-09", row("mentions", "2026-09", 900))
    assert again.already
    assert three.append(again) is three
    assert contents(three.folder) == before
