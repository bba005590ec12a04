"""Under REQUIRE_ALL nothing may be skipped: no test, no fixture, and no whole module for want of a package.

And the files that take longest are begun first.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import LONG, pytest_collection_modifyitems

PROJECT = Path(__file__).parent.parent
SKIPS = {
    "a test": "import pytest\ndef test_it(): pytest.skip('not today')\n",
    "a fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('not today')\ndef test_it(it): pass\n",
    "a package": "import pytest\npytest.importorskip('no_such_package')\ndef test_it(): pass\n",
    "a module": "import pytest\npytest.skip('not today', allow_module_level=True)\n",
}


@pytest.fixture(scope="module", params=[True, False], ids=["required", "not required"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, int, str]:
    """Whether everything was required, how pytest ended over all that skip, and what it said of each in a line."""
    folder, required = tmp_path_factory.mktemp("skips"), bool(request.param)
    for what, text in SKIPS.items():
        (folder / file_of(what)).write_text(text, encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    given = {name: value for name, value in os.environ.items() if name not in ("REQUIRE_ALL", "PYTEST_ADDOPTS")}
    given |= {"REQUIRE_ALL": "1", "COLUMNS": "400"} if required else {"COLUMNS": "400"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-ra", "--no-fold-skipped", "--continue-on-collection-errors",
         "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", folder, "-c", folder / "pytest.ini", folder],
        cwd=PROJECT, env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return required, done.returncode, done.stdout + done.stderr


def file_of(what: str) -> str:
    return f"test_{what.replace(' ', '_')}.py"


@pytest.mark.parametrize("what", SKIPS)
def test_what_is_skipped_fails_where_everything_is_required(told: tuple[bool, int, str], what: str) -> None:
    required, status, said = told
    lines = [line for line in said.splitlines() if file_of(what) in line]
    ended = [line for line in lines if line.startswith(("FAILED", "ERROR ", "SKIPPED", "PASSED"))]
    assert len(ended) == 1, said
    if required:
        assert status == 1, said
        assert ended[0].startswith(("FAILED", "ERROR ")), said
        assert said.count("though REQUIRE_ALL=1") >= len(SKIPS), said
    else:
        assert status == 0, said
        assert ended[0].startswith("SKIPPED"), said
        assert f"{len(SKIPS)} skipped" in said


class Item:
    """As much of a test as its place in the order needs."""

    def __init__(self, path: str) -> None:
        self.path = PROJECT / "tests" / path


def test_long_files_come_first_and_the_rest_stays_in_its_order() -> None:
    others = ["tables/test_load.py", "browser/test_looks.py"]
    items = [Item(path) for path in (others[0], *reversed(LONG), others[1])]
    pytest_collection_modifyitems(items)  # type: ignore[arg-type]
    assert [item.path for item in items] == [Item(path).path for path in (*LONG, *others)]
    assert [name for name in LONG if not (PROJECT / "tests" / name).is_file()] == []


def test_the_makefile_keeps_that_order() -> None:
    """Without the option, files with many tests would come first."""
    assert "--dist loadfile --no-loadscope-reorder" in (PROJECT / "Makefile").read_text(encoding="utf-8")
