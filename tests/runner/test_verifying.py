"""The register of promises is verified with the records of closed months: each file sound, none changed since."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analysis.foundation.errors import InputError
from analysis.runner.verifying import VerifiedPromises, verified

REGISTER = Path(__file__).parents[2] / "reports" / "register" / "demo"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A place with the promises of the demo study."""
    shutil.copytree(REGISTER, tmp_path / "reports" / "register" / "demo")
    return tmp_path


def only(found: list[object]) -> VerifiedPromises:
    (one,) = found
    assert isinstance(one, VerifiedPromises)
    return one


@pytest.mark.parametrize("named", [None, Path("reports/register/demo")])
def test_promises_that_are_as_they_were_approved_hold(home: Path, named: Path | None) -> None:
    one = only(verified(named, home))
    assert one.holds
    assert (one.count, one.approved) == (2, 2)
    assert str(one).endswith("register/demo: 2 promises, 2 approved and unchanged since.")


def test_a_promise_changed_after_its_approval_does_not_hold(home: Path) -> None:
    file = sorted((home / "reports" / "register" / "demo").glob("*.yaml"))[0]
    text = file.read_text(encoding="utf-8")
    assert "owner: " in text
    file.write_text(text.replace("owner: ", "owner: not ", 1), encoding="utf-8")
    one = only(verified(None, home))
    assert not one.holds
    assert one.to_dict()["faults"] == list(one.faults)
    assert file.name in str(one)


def test_a_file_that_is_no_promise_does_not_hold(home: Path) -> None:
    (home / "reports" / "register" / "demo" / "notes.txt").write_text("not one")
    one = only(verified(None, home))
    assert "notes.txt" in str(one)
    assert "is no promise" in str(one)


def test_without_anything_it_says_so(tmp_path: Path) -> None:
    (tmp_path / "reports" / "register" / "empty").mkdir(parents=True)
    with pytest.raises(InputError, match="there are no closed months"):
        verified(None, tmp_path)
