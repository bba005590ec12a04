"""What the tests share: the real data, their order, and the rule that under REQUIRE_ALL nothing may be skipped."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest

from analysis.runner import printing

PROJECT = Path(__file__).parent.parent
collect_ignore_glob = ["golden/*"]
"""What made the golden files stands beside them as text; it needs packages that are none of ours."""

LONG = (
    "notebooks/test_demo.py",
    "runner/test_compute.py",
    "runner/proving/test_known_truth.py",
    "runner/proving/test_known_truth_designs.py",
    "runner/proving/test_experiment_worlds.py",
    "runner/proving/test_observational_worlds.py",
    "notebooks/test_same_bytes.py",
    "notebooks/test_demo_in_a_browser.py",
    "browser/test_hostile_company.py",
    "runner/proving/test_money_worlds.py",
    "runner/proving/test_segment_worlds.py",
    "notebooks/test_demo_numbers.py",
    "setup/test_tutorial.py",
    "notebooks/test_small_company.py",
    "tables/intake/test_hostile_exports.py",
    "runner/test_shipped_studies.py",
    "runner/test_run.py",
    "studies/test_adoption.py",
    "studies/test_service.py",
)
"""The files that take longest, in the order in which they are begun: none is left to one processor at the end, and the
demo's report, which three of them read, is there when the second one asks for it."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files come first; the rest stays in its order."""
    places = {PROJECT / "tests" / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data: TOUCHSTONE_DATA, else `../shared/data` beside the project."""
    folder = Path(os.environ.get("TOUCHSTONE_DATA", PROJECT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"the real data are not at {folder}; TOUCHSTONE_DATA names their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def key_of_the_tests(tmp_path_factory: pytest.TempPathFactory) -> Generator[None, None, None]:
    """No test makes or reads the user's own key of pseudonyms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOUCHSTONE_KEY_FILE", str(tmp_path_factory.mktemp("key") / "pseudonym.key"))
        yield


class NothingPrinted:
    """As much of a press as reports need that are made without a PDF, and say nothing of it."""

    lack = ""

    def stop(self) -> None:
        return


@pytest.fixture(scope="session", autouse=True)
def no_press() -> Generator[None, None, None]:
    """Reports made in the tests' own process have no PDF, which takes seconds: `printing_reports` has it made."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.runner.printing.Press", NothingPrinted)
        yield


_PRESS = printing.Press


@pytest.fixture
def printing_reports(monkeypatch: pytest.MonkeyPatch) -> None:
    """Within this test, reports are printed, too."""
    monkeypatch.setattr("analysis.runner.printing.Press", _PRESS)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Under REQUIRE_ALL=1 a module that skips itself, say for want of a package, is a failure, too."""
    report = yield
    if report.skipped and os.environ.get("REQUIRE_ALL") == "1":
        report.outcome = "failed"
        report.longrepr = f"{collector.nodeid} skipped, though REQUIRE_ALL=1: {report.longrepr}"
    return report


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
