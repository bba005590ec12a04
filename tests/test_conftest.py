"""Under REQUIRE_ALL nothing may be skipped: no test, no fixture, and no whole module for want of a package."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
SKIPS = {
    "a test": "import pytest\ndef test_it(): pytest.skip('not today')\n",
    "a fixture": "import pytest\n@pytest.fixture\ndef it(): pytest.skip('not today')\ndef test_it(it): pass\n",
    "a package": "import pytest\npytest.importorskip('no_such_package')\ndef test_it(): pass\n",
    "a module": "import pytest\npytest.skip('not today', allow_module_level=True)\n",
}


@pytest.mark.parametrize("what", SKIPS)
@pytest.mark.parametrize("required", [True, False])
def test_what_is_skipped_fails_where_everything_is_required(what: str, required: bool, tmp_path: Path) -> None:
    (tmp_path / "test_skips.py").write_text(SKIPS[what], encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    given = {name: value for name, value in os.environ.items() if name not in ("REQUIRE_ALL", "PYTEST_ADDOPTS")}
    given |= {"REQUIRE_ALL": "1"} if required else {}
    told = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider", "--rootdir", tmp_path,
         "-c", tmp_path / "pytest.ini", tmp_path],
        cwd=PROJECT, env=given, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if required:
        assert told.returncode in (1, 2), told.stdout + told.stderr
        assert "though REQUIRE_ALL=1" in told.stdout
    else:
        assert told.returncode in (0, 5), told.stdout + told.stderr
        assert "1 skipped" in told.stdout
