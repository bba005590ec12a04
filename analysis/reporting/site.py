"""Which reports are there, and what did each of them find? The index page beside them.

Reads each report's manifest and results; how it stands is told by who knows the signatures. A folder that holds no
finished report, or one that cannot be read, is passed over, so that one broken report never hides the others. Making
reports is left to the runner.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
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
from analysis.reporting.wording import Words, evidence_in_words, words

INDEX = "index.html"
_MANIFEST, _RESULTS = "manifest.json", "results.json"
_ORDER = (
    "metrics", "month_close", "before_after", "service_effect", "adoption", "change_log", "ab_segments", "roi_case",
    "summary",
)  # fmt: skip
_FRONT = "summary"  # the notebook that the report opens with
_TITLE = re.compile(r"<title>([^<]*?)(?: – [^<]*)?</title>")
StandingOf = Callable[[Path], Standing]
"""How the report in a folder stands."""

_LARGEST = 200 * 2**20  # bytes; no results file of ours comes near


@dataclass(frozen=True, slots=True)
class Entry:
    """One report on the index: what it is about, what it found, where its parts lie."""

    study: str
    period: str
    state: str
    standing: Markup
    headline: str
    evidence: str
    address: str
    links: tuple[tuple[str, str], ...]


def _all_drafts(report: Path) -> Standing:
    return DRAFT


def write_index(reports: Path, *, standing: StandingOf = _all_drafts, locale: str = "en_GB") -> Path:
    """Write `index.html` beside the reports, in one step.

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
    page = environment().get_template("index.html.j2").render(shell=shell(), reports=listed)
    target = reports / INDEX
    write_atomically(target, page.encode())
    return target


def entries(reports: Path, *, standing: StandingOf = _all_drafts, locale: str = "en_GB") -> list[Entry]:
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


def _entry(folder: Path, results: Mapping[str, Any], standing: StandingOf, locale: str) -> Entry | None:
    say = words(locale)
    try:
        head = headline(results)
        quiet = head is None and not step_rows(results)
        said = "This report counts and claims no effect." if quiet else answer_in_words(results, say)
        return Entry(
            study=plain(results["study"], 120),
            period=_period(results.get("period"), say),
            state=status_in_words(results),
            standing=standing_line(standing(folder), locale=locale),
            headline=said,
            evidence="" if head is None else evidence_in_words(head),
            address=_address(folder, INDEX if (folder / INDEX).is_file() else _RESULTS),
            links=tuple(_links(folder)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None  # not a results file of ours, whatever it is called


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


def _links(folder: Path) -> list[tuple[str, str]]:
    pages = sorted((page.stem for page in folder.glob("*.html") if page.name != INDEX), key=_place)
    links = [(_title(folder / f"{page}.html"), _address(folder, f"{page}.html")) for page in pages]
    links.append(("Results", _address(folder, _RESULTS)))
    books = sorted((book.stem for book in (folder / "notebooks").glob("*.ipynb")), key=_place)
    return links + [
        (f"Notebook: {_shown_by(folder, book)}", _address(folder, f"notebooks/{book}.ipynb")) for book in books
    ]


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
