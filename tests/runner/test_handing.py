"""A value goes from a notebook to its own run and to no other, whole, once; or not at all."""

from __future__ import annotations

import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import pytest

from analysis.runner.handing import Handing, leave


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Handing:
    """A run of whose kernels this process is one."""
    made = Handing()
    for name, value in made.environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    return made


def test_a_value_arrives_as_it_was_and_once(run: Handing, tmp_path: Path) -> None:
    leave({"draws": np.arange(3.0), "fixed": MappingProxyType({"a": MappingProxyType({"b": 1})})})
    (file,) = tmp_path.iterdir()
    assert file.stat().st_mode & 0o077 == 0, "nobody else may read it"
    found = run.take(tmp_path)
    assert found["draws"].tolist() == [0.0, 1.0, 2.0]
    assert found["fixed"]["a"]["b"] == 1
    with pytest.raises(TypeError):
        found["fixed"]["a"]["b"] = 2
    assert list(tmp_path.iterdir()) == []
    assert run.take(tmp_path) is None


class Harmful:
    """What would run when it is opened."""

    ran: ClassVar[list[str]] = []

    def __reduce__(self) -> Any:
        return Harmful.ran.append, ("opened",)


def test_what_another_run_or_anybody_else_left_is_not_opened(run: Handing, tmp_path: Path) -> None:
    leave(Harmful())
    (file,) = tmp_path.iterdir()
    content = file.read_bytes()
    assert Handing().take(tmp_path) is None
    for changed in (b"", content[:10], content[:-1], content[:-1] + b"x", b"x" + content[1:]):
        file.write_bytes(changed)
        assert run.take(tmp_path) is None
    assert Harmful.ran == []


class Refusing:
    """What cannot be written down."""

    def __reduce__(self) -> Any:
        raise ValueError("no")


def test_what_cannot_be_written_down_is_not_left_nor_what_was_left_before(run: Handing, tmp_path: Path) -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    for value in ({"own": lambda: 1}, Refusing(), deep):
        leave("before")
        leave(value)
        assert run.take(tmp_path) is None


def test_what_only_its_notebook_knows_is_not_taken(
    run: Handing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = type("Own", (), {"__module__": "__main__"})
    with monkeypatch.context() as notebook:
        notebook.setattr(sys.modules["__main__"], "Own", own, raising=False)
        leave(own())
    assert list(tmp_path.iterdir()), "it could be written down"
    assert run.take(tmp_path) is None


def test_a_full_disk_takes_nothing_from_the_notebook(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in Handing().environment(tmp_path / "gone").items():
        monkeypatch.setenv(name, value)
    leave(1)


def test_without_a_run_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Handing().environment(tmp_path):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    leave(1)
    assert list(tmp_path.iterdir()) == []
