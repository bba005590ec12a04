"""The report of the demo company, as `make study` makes it: once, for all files of tests that read it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.made_once import made_once

ROOT = Path(__file__).resolve().parents[2]
TOUCHSTONE = str(Path(sys.executable).parent / "touchstone")
OVERHEARD = ROOT / "tests" / "tracing" / "overheard"


def called(*arguments: str, cwd: Path, **variables: str) -> None:
    environment = {**os.environ, **variables}
    done = subprocess.run(
        [TOUCHSTONE, *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def make_demo(place: Path) -> None:
    """The demo is run with the project's parameters, notebooks and promises; what its pages were given is overheard."""
    for folder in ("params", "notebooks"):
        (place / folder).symlink_to(ROOT / folder)
    (place / "reports").mkdir()
    (place / "reports" / "register").symlink_to(ROOT / "reports" / "register")
    called("make-world", "data/demo", "--world", "demo", "--seed", "3", "--customers", "40000", cwd=place)
    (place / "mine.yaml").write_text((ROOT / "params" / "demo.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    (place / "heard").mkdir()
    called("run", "mine.yaml", cwd=place, OVERHEARD=str(place / "heard"), PYTHONPATH=str(OVERHEARD))


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place in which the demo has been run. It is only read."""
    return made_once(tmp_path_factory, "demo", make_demo)


@pytest.fixture(scope="session")
def results(home: Path) -> dict[str, Any]:
    return json.loads((home / "reports" / "demo" / "results.json").read_text(encoding="utf-8"))
