"""What several files of tests share is made once, whole, for all processes of a run."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.made_once import made_once


class Factory:
    """As much of pytest's own as is asked for."""

    def __init__(self, base: Path) -> None:
        self.base = base

    def getbasetemp(self) -> Path:
        return self.base


@pytest.fixture
def factories(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Factory]:
    """Those of two workers of one run."""
    monkeypatch.setenv("PYTEST_XDIST_WORKER", "gw0")
    for worker in ("gw0", "gw1"):
        (tmp_path / worker).mkdir()
    return [Factory(tmp_path / worker) for worker in ("gw0", "gw1")]


def test_two_workers_that_ask_at_once_get_one_folder_made_once(factories) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "file").write_text("whole", encoding="utf-8")

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.map(lambda factory: made_once(factory, "demo", make), factories)
    assert one == other == made[0]
    assert len(made) == 1
    assert (one / "file").read_text(encoding="utf-8") == "whole"
    assert made_once(factories[0], "another", make) != one


def test_what_was_left_half_made_is_made_anew(factories) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise RuntimeError("no room")

    with pytest.raises(RuntimeError, match="no room"):
        made_once(factories[0], "demo", fail)
    place = made_once(factories[1], "demo", lambda folder: (folder / "whole").touch())
    assert [path.name for path in place.iterdir()] == ["whole"]


def test_without_workers_it_lies_in_the_run_s_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    assert made_once(Factory(tmp_path), "demo", lambda folder: None).parent == tmp_path
