"""What the tests share: the real data, where they lie, and the rule that under REQUIRE_ALL nothing may be skipped."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data: TOUCHSTONE_DATA, else `../shared/data` beside the project."""
    folder = Path(os.environ.get("TOUCHSTONE_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real data are not at {folder}; TOUCHSTONE_DATA names their folder")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Under REQUIRE_ALL=1 a skipped test is a failed one: it says what was not tried."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL") == "1" and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, though REQUIRE_ALL=1: {call.excinfo.value if call.excinfo else ''}"
    return report
