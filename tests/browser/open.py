"""What does a browser find wrong with a page? On a phone, on a laptop, on paper, for a screen reader, by keyboard.

The single door to this folder for tests of whole reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.access import faults_of_access, faults_of_keyboard, faults_without_style
from tests.browser.layout import faults_of_layout
from tests.browser.window import LAPTOP, PAPER, PHONE, QUIET, chromium, window


class Looks:
    """A browser that looks at pages."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser

    def faults(self, file: Path) -> list[str]:
        """Everything wrong with a page, each with the size of the window."""
        return [*self.laid_out(file), *self.reached(file)]

    def laid_out(self, file: Path) -> list[str]:
        """What does not fit, overlaps or is cut off, what the page does that none may do, at each of three widths."""
        faults = []
        for name, size, printed in (("phone", PHONE, False), ("laptop", LAPTOP, False), ("paper", PAPER, True)):
            with window(self.browser, size, printed=printed) as watched:
                watched.open(file)
                faults += [f"{file.name}, {name}: {one}" for one in faults_of_layout(watched.page)]
                faults += [f"{file.name}, {name}: {one}" for one in watched.misdeeds()]
        return faults

    def reached(self, file: Path) -> list[str]:
        """What a screen reader, a keyboard or a browser without our style would stumble over."""
        with window(self.browser, LAPTOP) as watched:
            watched.open(file)
            faults = faults_of_access(watched.page) + faults_of_keyboard(watched.page)
            faults += faults_without_style(watched.page) + watched.said
            return [f"{file.name}: {one}" for one in faults]

    def words(self, file: Path) -> str:
        """What a page says, its folds open."""
        with window(self.browser, LAPTOP) as watched:
            watched.open(file)
            watched.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            alternatives = watched.page.evaluate("[...document.images].map(one => one.alt).join(' ')")
            return str(watched.page.inner_text("body") + " " + alternatives)


@contextmanager
def launched() -> Iterator[Looks]:
    """The system's Chromium, without a sandbox of its own, since test machines often run as root."""
    found = chromium()
    if found is None:
        pytest.skip("No Chromium was found (Debian's package `chromium`); it shows how pages are laid out.")
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=found, args=[*QUIET, "--no-sandbox"])
        try:
            yield Looks(browser)
        finally:
            browser.close()
