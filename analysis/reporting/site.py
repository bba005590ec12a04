"""Which reports are there, and what did each of them find? The index page beside them.

Reports of one family stand together, the latest first and in full, earlier ones in short. Reads each report's manifest
and results; how it stands is told by who knows the signatures. A folder that holds no finished report, or one that
cannot be read, is passed over, so that one broken report never hides the others. Making reports is left to the runner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

from markupsafe import Markup

from analysis.foundation.provenance import write_atomically
from analysis.ledger.signature import DRAFT, Standing
from analysis.reporting.changes import step_rows
from analysis.reporting.formats import plain
from analysis.reporting.naming import humanised
from analysis.reporting.shell import environment, shell
from analysis.reporting.signed import standing_line
from analysis.reporting.summary import answer_in_words, headline, status_in_words
from analysis.reporting.summary.lists import after_the_mark, grade_mark
from analysis.reporting.wording import Words, evidence_in_words, words

INDEX = "index.html"
_MANIFEST, _RESULTS, _PARAMS = "manifest.json", "results.json", "params.json"
_ORDER = (
    "metrics", "month_close", "before_after", "service_effect", "adoption", "change_log", "ab_segments", "effort",
    "design_sheet", "loyalty_hypotheses", "roi_case", "summary",
)  # fmt: skip
_FRONT = "summary"  # the notebook that the report opens with
_TITLE = re.compile(r"<title>([^<]*?)(?: – [^<]*)?</title>")
StandingOf = Callable[[Path], Standing]
"""How the report in a folder stands."""

_LARGEST = 200 * 2**20  # bytes; no results file of ours comes near


_PERIOD = re.compile(r"(?:^|[-_.])(?:19|20)\d\d(?:[-_.]?(?:q[1-4]|0[1-9]|1[0-2]))?$", re.IGNORECASE)
"""How a study's name ends that carries its period: what stands before it is the family."""
_DOCUMENTS = (
    ("Report as PDF", "report.pdf"),
    ("Workbook of the case", "case.xlsx"),
    ("Slides of the case", "case.pptx"),
    ("Tables as CSV and Parquet", "tables/README.txt"),
    ("Results for programs", _RESULTS),
)
SHOWN_EARLIER = 3
"""Earlier reports of a family that stand open; the others are folded away."""

Links = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One report on the index: what it is about, what it found, where its parts lie.

    `documents`, `pages` and `notebooks` are (label, address); `mark` is the visible mark of the answer's grade, empty
    where no effect is claimed.
    """

    study: str
    family: str
    period: str
    state: str
    standing: Markup
    headline: str
    mark: Markup
    evidence: str
    address: str
    documents: Links
    pages: Links
    notebooks: Links


@dataclass(frozen=True, slots=True)
class Family:
    """The reports of one family: the latest, a few earlier ones, and the earlier ones that are folded away."""

    name: str
    latest: Entry
    earlier: tuple[Entry, ...]
    older: tuple[Entry, ...]


def _all_drafts(report: Path) -> Standing:
    return DRAFT


def write_index(reports: Path, *, standing: StandingOf = _all_drafts, locale: str | None = None) -> Path:
    """Write `index.html` beside the reports, in one step; each report in its own locale, unless one is named.

    Parameters
    ----------
    reports : Path
        The folder that holds the reports, one folder or link each.
    standing : callable of Path, optional
        How a report stands; without it, all are drafts.

    Returns
    -------
    Path
        The page written.
    """
    listed = entries(reports, standing=standing, locale=locale)
    families = in_families(listed)
    page = environment().get_template("index.html.j2").render(shell=shell(), families=families)
    target = reports / INDEX
    write_atomically(target, page.encode())
    return target


def entries(reports: Path, *, standing: StandingOf = _all_drafts, locale: str | None = None) -> list[Entry]:
    """The finished reports of a folder, the latest period first, then by name."""
    found = []
    for folder in sorted(reports.iterdir()) if reports.is_dir() else []:
        if not folder.name.startswith(".") and folder.is_dir():
            results = _json(folder / _RESULTS) if _json(folder / _MANIFEST) else None
            entry = None if results is None else _entry(folder, results, standing, locale)
            if entry is not None:
                found.append((str((results or {}).get("known_at") or ""), entry))
    found.sort(key=lambda pair: pair[1].study)
    found.sort(key=lambda pair: pair[0], reverse=True)
    return [entry for _, entry in found]


def in_families(listed: Sequence[Entry]) -> list[Family]:
    """Reports by family, in the order of each family's latest; within one the order stays."""
    found: dict[str, list[Entry]] = {}
    for entry in listed:
        found.setdefault(entry.family, []).append(entry)
    return [
        Family(name, latest, tuple(others[:SHOWN_EARLIER]), tuple(others[SHOWN_EARLIER:]))
        for name, (latest, *others) in found.items()
    ]


def _entry(folder: Path, results: Mapping[str, Any], standing: StandingOf, locale: str | None) -> Entry | None:
    say = words(locale or _locale_of(folder))
    try:
        head = headline(results)
        quiet = head is None and not step_rows(results)
        said = "This report counts and claims no effect." if quiet else answer_in_words(results, say)
        claimed = None if head is None or head["value"] is None else str(head["grade"])
        evidence = "" if head is None else evidence_in_words(head, say)
        study = plain(results["study"], 120)
        return Entry(
            study=study,
            family=_PERIOD.sub("", study) or "study",
            period=_period(results.get("period"), say),
            state=status_in_words(results),
            standing=standing_line(standing(folder), locale=say.locale),
            headline=said,
            mark=Markup(grade_mark(claimed) if claimed else ""),  # noqa: S704  # our own, of one letter
            evidence=after_the_mark(evidence, claimed) if claimed else evidence,
            address=_address(folder, INDEX if (folder / INDEX).is_file() else _RESULTS),
            documents=tuple((label, _address(folder, file)) for label, file in _DOCUMENTS if (folder / file).is_file()),
            pages=tuple(_pages(folder)),
            notebooks=tuple(_notebooks(folder)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # not a results file of ours, whatever it is called


def _locale_of(folder: Path) -> str | None:
    """The locale that a report is written in, by its own parameters."""
    report = (_json(folder / _PARAMS) or {}).get("report")
    locale = report.get("locale") if isinstance(report, Mapping) else None
    return str(locale) if locale else None


def _json(path: Path) -> dict[str, Any] | None:
    try:
        if path.stat().st_size > _LARGEST:
            return None
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def _period(period: Any, say: Words) -> str:
    """The days a report covers: both the first and the last one."""
    if not isinstance(period, Mapping):
        return ""
    try:
        first, end = date.fromisoformat(period["start"]), date.fromisoformat(period["end"])
    except (KeyError, TypeError, ValueError):
        return ""
    return f"{say.day(first)} to {say.day(end - timedelta(days=1))} ({plain(period.get('timezone', 'UTC'), 60)})"


def _pages(folder: Path) -> Iterator[tuple[str, str]]:
    for page in sorted((page.stem for page in folder.glob("*.html") if page.name != INDEX), key=_place):
        yield _title(folder / f"{page}.html"), _address(folder, f"{page}.html")


def _notebooks(folder: Path) -> Iterator[tuple[str, str]]:
    for book in sorted((book.stem for book in (folder / "notebooks").glob("*.ipynb")), key=_place):
        yield _shown_by(folder, book), _address(folder, f"notebooks/{book}.ipynb")


def _shown_by(folder: Path, book: str) -> str:
    """The title of the page that shows a notebook."""
    page = folder / (INDEX if book == _FRONT else f"{book}.html")
    return _title(page) if page.is_file() else humanised(book, 60)


def _title(page: Path) -> str:
    """The title a page of ours gives itself, else its name."""
    with page.open(encoding="utf-8", errors="replace") as file:
        found = _TITLE.search(file.read(4000))
    return plain(unescape(found[1]), 80) if found else humanised(page.stem, 60)


def _place(name: str) -> tuple[int, str]:
    return (_ORDER.index(name) if name in _ORDER else len(_ORDER)), name


def _address(folder: Path, file: str) -> str:
    return quote(f"{folder.name}/{file}")
