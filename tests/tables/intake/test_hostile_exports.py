"""Broken and hostile exports through `touchstone intake`: the right typed value, or a refusal that says what to do.

All cases of `hostile_files` are laid down here and taken in by one process of their own, which tells what became of
each and the most memory it held. No refusal shows a traceback, a word of a cell, or takes more than 300 MiB.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from analysis.foundation.errors import InputError
from tests.tables.intake.conftest import OCTOBER, Desk
from tests.tables.intake.hostile_files import CASES, GOOD, HEADER, LAID, SECRET, lay_down

PROJECT = Path(__file__).parents[3]
MOST = 300 << 20

Outcomes = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Outcomes:
    """What became of each case, by its name."""
    folder, keys = tmp_path_factory.mktemp("hostile"), tmp_path_factory.mktemp("keys")
    keys.chmod(0o700)
    for number, case in enumerate(CASES.values()):
        lay_down(case, folder / str(number))
    run = subprocess.run(
        [sys.executable, "-m", "tests.tables.intake.hostile_intake", str(folder)],
        cwd=PROJECT,
        env={**os.environ, "TOUCHSTONE_KEY_FILE": str(keys / "pseudonym.key")},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    names = list(CASES)
    told = [json.loads(line) for line in run.stdout.splitlines()]
    return {names[int(one["case"])]: one for one in told}


def test_there_are_sixty_of_them_and_each_was_tried(outcomes: Outcomes) -> None:
    assert len(CASES) >= 60
    assert set(outcomes) == set(CASES)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.rule is not None])
def test_it_is_refused_by_file_row_column_rule_and_remedy(outcomes: Outcomes, name: str) -> None:
    case, found = CASES[name], outcomes[name]
    faults = [fault for fault in found["faults"] if fault["rule"] == case.rule]
    assert faults, (found["faults"], found["told"])
    (fault,) = faults
    assert fault["where"].startswith(case.where)
    assert fault["column"] == case.column
    assert case.first is None or fault["first"] == case.first
    assert case.remedy in fault["remedy"]
    assert fault["remedy"].endswith((".", "?"))
    assert found["status"] == 2
    assert "Traceback" not in found["told"]
    assert SECRET not in found["told"]
    assert fault["remedy"] in found["told"]
    assert not [path for path in found["left"] if path not in LAID and not path.startswith(".")], "nothing was written"


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.rule is None])
def test_it_gives_the_right_typed_values(outcomes: Outcomes, name: str) -> None:
    case, found = CASES[name], outcomes[name]
    assert not found["bug"]
    assert found["status"] == 0, found["told"]
    rows = sorted(found["rows"], key=lambda one: str(one["order_id"]))
    assert len(rows) == (case.count if case.rows is None else len(case.rows))
    for row, wanted in zip(rows, case.rows or (), strict=False):
        assert {name: _typed(row[name], cell) for name, cell in wanted.items()} == wanted
    assert case.said in found["said"]
    assert SECRET not in found["told"]


def _typed(cell: str, like: object) -> object:
    """A cell as it was told, in the type it has to have."""
    if isinstance(like, datetime):
        return datetime.fromisoformat(cell)
    return Decimal(cell) if isinstance(like, Decimal) else cell


def test_no_case_takes_more_memory_than_a_refusal_may(outcomes: Outcomes) -> None:
    assert not {name: one["above"] >> 20 for name, one in outcomes.items() if one["above"] > MOST}


def test_nothing_is_a_bug(outcomes: Outcomes) -> None:
    assert not {name: one["bug"] for name, one in outcomes.items() if one["bug"]}


def test_a_file_that_may_not_be_read(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.export("orders", HEADER, GOOD)
    monkeypatch.setattr(os, "access", lambda path, how: False)
    with pytest.raises(InputError) as refused:
        desk.take(OCTOBER)
    (fault,) = refused.value.faults
    assert (fault.where, fault.rule, fault.remedy) == ("orders.csv", "unreadable_file", "Ask its owner for access.")


def test_the_cases_are_told_apart() -> None:
    """A case has either a fault or values."""
    assert all((case.rule is None) != (case.rows is None and case.count is None) for case in CASES.values())
