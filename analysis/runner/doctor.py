"""What is missing on this machine, and what is lost without it? Looks, and changes nothing."""

from __future__ import annotations

import re
import shutil
import socket
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib import metadata
from pathlib import Path

import psutil
from packaging.requirements import Requirement
from packaging.version import Version

from analysis.runner.shipped import PACKAGE, shipped

DISTRIBUTION = "touchstone-study"
LEAST_PYTHON = (3, 11)
LEAST_MEMORY_GB = 4
LEAST_DISK_GB = 2
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: whether it is there, what was found, what is lost without it, whether one can go on."""

    name: str
    fine: bool
    found: str
    lost: str
    needed: bool = True

    def __str__(self) -> str:
        mark = "ok     " if self.fine else "MISSING" if self.needed else "absent "
        return f"{mark} {self.name}: {self.found}" + ("" if self.fine else f". {self.lost}")

    def to_dict(self) -> dict[str, object]:
        return asdict(self)


def examine(folder: Path) -> tuple[Finding, ...]:
    """Everything a study in `folder` needs, or would be nicer with."""
    return tuple(_findings(folder))


def _findings(folder: Path) -> Iterator[Finding]:
    found = ".".join(str(part) for part in sys.version_info[:3])
    yield Finding("Python", sys.version_info >= LEAST_PYTHON, found, "Nothing runs below 3.11.")
    yield from _packages()
    yield _tested_versions()
    for name, lost in (("notebooks", "No report can be made."), ("params", "The shipped studies cannot be run.")):
        there = shipped(name)
        yield Finding(f"Shipped {name}", there.is_dir(), str(there), lost)
    yield _writable(folder)
    yield _links(folder)
    yield _port()
    memory = psutil.virtual_memory().total / 2**30
    lost = f"Below {LEAST_MEMORY_GB} GB, set `data: engine: memory_limit`; large tables will spill to disk."
    yield Finding("Memory", memory >= LEAST_MEMORY_GB, f"{memory:.1f} GB", lost, needed=False)
    disk = shutil.disk_usage(_nearest(folder)).free / 2**30
    lost = "Tables are kept as Parquet beside the reports; large ones will not fit."
    yield Finding("Free disk", disk >= LEAST_DISK_GB, f"{disk:.1f} GB", lost, needed=False)
    jupyter = shutil.which("jupyter-lab", path=str(Path(sys.executable).parent)) or shutil.which("jupyter-lab")
    lost = "Notebooks run without it, but cannot be opened and changed in JupyterLab."
    yield Finding("JupyterLab", jupyter is not None, jupyter or "not found", lost, needed=False)
    yield _pdf()
    browser = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    lost = "Reports open in any browser; only the tests that look at pages need this one."
    yield Finding("Chromium", browser is not None, browser or "not found", lost, needed=False)


def _requirements() -> list[Requirement]:
    """What the package says it needs: from the checkout, else from what was installed."""
    project = PACKAGE.parent / "pyproject.toml"
    if project.is_file():
        declared = tomllib.loads(project.read_text(encoding="utf-8")).get("project", {})
        if declared.get("name") == DISTRIBUTION:
            return [Requirement(text) for text in declared["dependencies"]]
    try:
        texts = metadata.requires(DISTRIBUTION) or []
    except metadata.PackageNotFoundError:
        return []
    found = [Requirement(text) for text in texts]
    return [one for one in found if one.marker is None or one.marker.evaluate({"extra": ""})]


def _packages() -> Iterator[Finding]:
    requirements = _requirements()
    if not requirements:
        yield Finding("Packages", False, "the list of packages needed was not found", "Install the package again.")
        return
    wrong = []
    for one in requirements:
        installed = _installed(one.name)
        if installed is None or not one.specifier.contains(installed, prereleases=True):
            wrong.append(f"{one.name} {one.specifier} ({installed or 'not installed'})")
    said = "; ".join(wrong) if wrong else f"all {len(requirements)} as needed"
    yield Finding("Packages", not wrong, said, "Run `make env`, or install the package again.")


def _tested_versions() -> Finding:
    lock = PACKAGE.parent / "requirements.lock"
    if not lock.is_file():
        return Finding("Tested versions", True, "no lock file here to compare with", "", needed=False)
    pinned: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", lock.read_text(encoding="utf-8"), re.MULTILINE):
        pinned.setdefault(name, set()).add(version)
    other = []
    for one in _requirements():
        installed, tested = _installed(one.name), pinned.get(one.name, set())
        if installed is not None and tested and not any(Version(installed) == Version(version) for version in tested):
            other.append(f"{one.name} {installed} (tested: {', '.join(sorted(tested))})")
    said = "; ".join(other) if other else "as in requirements.lock"
    return Finding("Tested versions", not other, said, "Numbers may differ in their last digits.", needed=False)


def _installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _pdf() -> Finding:
    """Whether reports can be printed: the packages of the extra `pdf`, and pango, a library of the system."""
    from analysis.reporting.pdf import lack

    missing = lack()
    lost = (
        "Reports are made without report.pdf; all else is the same. Install the package with its extra `pdf`, and "
        "pango: `apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`, or `brew install pango`."
    )
    found = f"WeasyPrint {_installed('weasyprint')}" if missing is None else missing
    if missing is None and _installed("pypdfium2") is None:
        lost = "PDFs are made, but `touchstone share` cannot search them for people, and says so. Install pypdfium2."
        return Finding("PDF", False, "pypdfium2 is not installed", lost, needed=False)
    return Finding("PDF", missing is None, found, lost, needed=False)


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that exists."""
    return next(one for one in (folder, *folder.parents) if one.is_dir())


def _writable(folder: Path) -> Finding:
    there = _nearest(folder)
    try:
        with tempfile.TemporaryFile(dir=there):
            fine = True
    except OSError:
        fine = False
    lost = "Reports cannot be written here: give `--out`, or work in a folder of your own."
    return Finding("Folder for reports", fine, f"{folder} ({'can' if fine else 'cannot'} be written)", lost)


def _links(folder: Path) -> Finding:
    if sys.platform == "win32":
        return Finding("Links", True, "directory junctions are used on Windows", "", needed=False)
    try:
        with tempfile.TemporaryDirectory(dir=_nearest(folder), prefix=".touchstone-") as scratch:
            (Path(scratch) / "link").symlink_to(scratch)
        return Finding("Links", True, "can be made", "")
    except OSError:
        return Finding("Links", False, "cannot be made", "Reports are published by a link: use another folder.")


def _port() -> Finding:
    try:
        with socket.socket() as one:
            one.bind(("127.0.0.1", 0))
        return Finding("Local connections", True, "can be made", "")
    except OSError:
        return Finding("Local connections", False, "cannot be made", "Notebooks talk to their kernels by local TCP.")
